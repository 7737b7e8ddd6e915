"""The certificate as paper: one page, drawn from a template and the facts of one certificate.

The same template, facts and proof give the same bytes for ever. What all papers of a template share is made once.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

from paritrana.certificates.drawing.designs import (
    DRAWN,
    GOLD,
    GREY,
    INK,
    PALE_WARNING,
    PALETTES,
    RESERVED,
    SOFT_GOLD,
    WARNING,
    WHITE,
    Ground,
    Plan,
    emblem,
    plan_of,
    rule,
)
from paritrana.certificates.drawing.file import Objects, Stem, dictionary, stream, text
from paritrana.certificates.drawing.ink import Colour, Ink
from paritrana.certificates.drawing.layout import (
    CAPITAL,
    COLUMN_GAP,
    DATE,
    MAIN,
    SPACE_TO_SIGN,
    Block,
    Foot,
    Place,
    blocks,
    foot,
    ink_of,
    stacked,
)
from paritrana.certificates.drawing.letters import USUAL, Case, Letters
from paritrana.certificates.drawing.metadata import About, info, output_intent, xmp
from paritrana.certificates.drawing.pictures import GROUND_SHARP, Picture
from paritrana.core.certificates import Facts, Template
from paritrana.core.codes import shown
from paritrana.paper import BOLD, ITALIC, LIGHT, MEDIUM, MM, QUIET, REGULAR, TooLong, dark_runs, dots, width

USED: Final = (REGULAR, MEDIUM, BOLD, ITALIC, LIGHT)
LOGO: Final = (44 * MM, 15 * MM)  # room of a logo
WIDEST: Final = 196 * MM  # of a running text; longer lines are hard to read
LOGO_GAP: Final = 6 * MM
SIGNATURE: Final = (50 * MM, SPACE_TO_SIGN)  # room of a picture of a signature
EMBLEM: Final = 7.6 * MM  # half of its height
MODULE, SMALLEST_MODULE = 0.7 * MM, 0.5 * MM  # sides of a dot of the code: aimed at, and at least
CODE_SIDE: Final = 25 * MM  # of the code without its quiet zone, at least
CODE_ROOM: Final = 46.5 * MM  # and what it may take before its dots become smaller than aimed at
UNDER: Final = 4.6 * MM  # for the code in letters below it
MASK: Final = 2  # of the pattern of dots; comparing all eight takes longer than everything else on the paper
BESIDE: Final = 37 * MM  # room for the words beside the code
FINGERPRINT: Final = 20  # digits of the fingerprint that are printed
TAG_LANGUAGES: Final = {"id": "id-ID", "en": "en-GB"}
CHECK: Final = {
    "id": ("Periksa keaslian", "Pindai kode ini, atau buka", "lalu ketik kode di bawahnya.", "Sidik jari kunci:"),
    "en": ("Check this document", "Scan this code, or open", "and type the code below it.", "Key fingerprint:"),
}


@dataclass(frozen=True)
class Proof:
    """What makes a paper checkable. `address` is the whole text of the QR code, `payload` the signed facts.

    `host` is where the check page lies, `fingerprint` that of the signing key in hexadecimal, `operator` who issues.
    """

    code: str
    address: str
    payload: str
    host: str
    fingerprint: str
    operator: str


class Drawer:
    """Draws the papers of one template; keeps what they share, and nothing of a single paper."""

    def __init__(self, template: Template, images: Mapping[str, bytes]) -> None:
        """`images` has every picture of the template under its SHA-256."""
        self.template = template
        self.plan = plan_of(template.design, template.paper)
        self.colours = PALETTES[template.colours]
        shared = Objects()
        self._letters = {face: Letters(face, USUAL, shared) for face in USED}
        self._intent = output_intent(shared)
        logos = {one.image for one in template.logos}
        self._pictures = {
            digest: Picture(images[digest], *(LOGO if digest in logos else SIGNATURE), shared)
            for digest in sorted(template.images - {template.background})
        }
        if template.background:
            self._ground = self._background(images[template.background], shared)
        else:
            ground = Ground(self.plan, self.colours, shared)
            DRAWN[template.design](ground)
            self._ground = ground.finish()
        self._stem = Stem(shared)

    def look(self, facts: Facts) -> tuple[Place, ...]:
        """How each text of a paper fits. Raises `NotPrintable` and `TooLong`, which name the text."""
        return tuple(block.place for block in self._laid(facts).blocks)

    def draw(self, facts: Facts, proof: Proof) -> bytes:
        """The paper as a PDF of one page, the same bytes every time. Raises `NotPrintable`, `TooLong`."""
        laid = self._laid(facts)
        return _Page(self, laid, facts, proof).finish()

    def _background(self, content: bytes, shared: Objects) -> str:
        """A picture that covers the whole paper, in its own shape, its middle in the middle."""
        plan, ink = self.plan, Ink()
        picture = Picture(content, plan.width * 1.2, plan.height * 1.2, shared, dpi=GROUND_SHARP)
        wide, high = picture.over(plan.width, plan.height)
        with ink.inside(0, 0, plan.width, plan.height):
            ink(f"{wide:.2f} 0 0 {high:.2f} {(plan.width - wide) / 2:.2f} {(plan.height - high) / 2:.2f} cm /P Do")
        about = {
            "Type": "/XObject", "Subtype": "/Form", "BBox": f"[0 0 {plan.width:.2f} {plan.height:.2f}]",
            "Resources": dictionary({"XObject": dictionary({"P": picture.reference})}),
        }  # fmt: skip
        return shared.add(stream(ink.bytes(), about))

    def _laid(self, facts: Facts) -> "_Laid":
        """The whole layout of a paper; it does not depend on how large the code comes out."""
        plan = self.plan
        beside = 0.0 if plan.stacked else RESERVED + BESIDE
        below = foot(self.template, facts, plan.right - plan.left - beside)
        head = LOGO[1] if self.template.logos else 2 * EMBLEM
        code = RESERVED + UNDER
        if plan.stacked:
            return self._fitted(facts, below, head, below.height + 8 * MM + code, plan.right - plan.left)
        # Either the last texts are narrow and stand beside the code, or all of them stand above it.
        ways: list[_Laid] = []
        for lower, room in ((max(below.height, 36 * MM), plan.narrow), (max(below.height, code), WIDEST)):
            try:
                laid = self._fitted(facts, below, head, lower, room)
            except TooLong as refusal:
                refused = refusal
                continue
            if lower >= code or laid.is_clear_of(plan, plan.bottom + code):
                ways.append(laid)
        if not ways:
            raise refused
        return max(ways, key=lambda laid: (laid.scale, laid.stretch))

    def _fitted(self, facts: Facts, below: Foot, head: float, lower: float, room: float) -> "_Laid":
        """The texts above `lower` points of the foot, running texts in `room`. Raises `NotPrintable`, `TooLong`."""
        found = blocks(self.template, self.plan, facts, room)
        texts, scale, stretch, left = stacked(found, self.plan.top - self.plan.bottom - lower - 6 * MM, head)
        return _Laid(texts, below, head * scale, scale, stretch, self.plan.top - left * 0.42)


@dataclass(frozen=True)
class _Laid:
    """Where everything stands: the texts from `top` downwards, with their gaps stretched."""

    blocks: tuple[Block, ...]
    foot: Foot
    head: float
    scale: float
    stretch: float
    top: float

    def lines(self) -> Iterator[tuple[Block, float]]:
        """The texts with their first base lines."""
        y = self.top - self.head
        for no, block in enumerate(self.blocks):
            y -= (block.gap * self.stretch if no or self.head else 0) + block.size * CAPITAL
            yield block, y
            y -= block.size * (len(block.lines) - 1) * block.leading

    def is_clear_of(self, plan: Plan, height: float) -> bool:
        """Whether no text comes too near to the code, which reaches up to `height`."""
        return all(
            max(width(line, block.face, block.size) for line in block.lines) <= plan.narrow + 0.01
            for block, y in self.lines()
            if y - (len(block.lines) - 1) * block.size * block.leading < height + 2 * MM
        )


class _Page:
    """One paper under way: its ink, and the tree of what the ink means."""

    def __init__(self, drawer: Drawer, laid: _Laid, facts: Facts, proof: Proof) -> None:
        self.drawer, self.template, self.plan = drawer, drawer.template, drawer.plan
        self.laid, self.facts, self.proof = laid, facts, proof
        self.ink, self.own = Ink(), Objects(drawer._stem.next)
        self.case = Case(drawer._letters, self.own)
        self.language = self.template.languages[0]
        self.axis = (self.plan.left + self.plan.right) / 2 if self.plan.centred else self.plan.left
        self.root, self.document, self.page = self.own.keep(), self.own.keep(), self.own.keep()
        self.elements: list[str] = []

    def finish(self) -> bytes:
        """Draw everything and put the file together."""
        with self.ink.ornament():
            self.ink("/Ground Do")
            if self.facts.simulated:
                self._across()
        self._expect()
        self._head()
        self._texts()
        self._foot()
        self._code()
        return self._file()

    # The file and its tree

    def _file(self) -> bytes:
        own, facts, proof, drawer = self.own, self.facts, self.proof, self.drawer
        main, title = facts.recipient, facts.title.of(self.language)
        operator = "".join(sign if sign.isprintable() else " " for sign in proof.operator)
        language = TAG_LANGUAGES[self.language]
        about = About(
            title=": ".join(part for part in (main, title) if part),
            subject=f"{facts.cycle.of(self.language)}. {shown(facts.code)}",
            author=operator,
            day=facts.issued_on,
            language=language,
        )
        known = {"code": facts.code, "payload": proof.payload, "bundle": facts.bundle}
        metadata = own.add(xmp(about, known))
        pictures = {f"I{digest[:16]}": picture.reference for digest, picture in drawer._pictures.items()}
        resources = {
            "Font": dictionary(self.case.resources()),
            "XObject": dictionary({"Ground": drawer._ground} | pictures),
        }
        own.put(
            self.page,
            dictionary(
                {
                    "Type": "/Page",
                    "Parent": (pages := own.keep()),
                    "MediaBox": f"[0 0 {self.plan.width:.2f} {self.plan.height:.2f}]",
                    "Resources": dictionary(resources),
                    "Contents": own.add(stream(self.ink.bytes())),
                    "StructParents": 0,
                    "Tabs": "/S",
                }
            ),
        )
        own.put(pages, dictionary({"Type": "/Pages", "Kids": f"[{self.page}]", "Count": 1}))
        kids = f"[{' '.join(self.elements)}]"
        own.put(self.document, dictionary({"Type": "/StructElem", "S": "/Document", "P": self.root, "K": kids}))
        tree = {
            "Type": "/StructTreeRoot", "K": f"[{self.document}]", "ParentTree": f"<</Nums[0 {kids}]>>",
            "ParentTreeNextKey": 1,
        }  # fmt: skip
        own.put(self.root, dictionary(tree))
        catalog = own.add(
            dictionary(
                {
                    "Type": "/Catalog",
                    "Pages": pages,
                    "Metadata": metadata,
                    "OutputIntents": f"[{drawer._intent}]",
                    "Lang": f"({language})",
                    "MarkInfo": "<</Marked true>>",
                    "StructTreeRoot": self.root,
                    "ViewerPreferences": "<</DisplayDocTitle true>>",
                }
            )
        )
        return drawer._stem.finish(own, root=catalog, info=own.add(info(about)))

    @contextmanager
    def _part(
        self, tag: str, language: str = "", words: str = "", picture: tuple[str, tuple[float, ...]] | None = None
    ) -> Iterator[None]:
        """What is drawn inside is one part of the text; a picture comes with its words and its edges."""
        number = len(self.elements)
        about = {"Type": "/StructElem", "S": f"/{tag}", "P": self.document, "Pg": self.page, "K": number}
        if language and language != self.language:
            about["Lang"] = f"({TAG_LANGUAGES[language]})"
        if picture is not None:
            spoken, edges = picture
            box = " ".join(f"{edge:.2f}" for edge in edges)
            about |= {"Alt": text(spoken), "A": f"<</O /Layout/BBox[{box}]/Placement /Block>>"}
        self.elements.append(self.own.add(dictionary(about)))
        with self.ink.tagged(tag, number, words):
            yield

    # What is drawn

    def _expect(self) -> None:
        """Embed the signs that the shared letters lack."""
        said: dict[str, list[str]] = {face: [] for face in USED}
        for block in self.laid.blocks:
            said[block.face] += block.lines
        for _language, words, face, _size in self.laid.foot.dates:
            said[face].append(words)
        for one in self.laid.foot.columns:
            for face, laid in ((MEDIUM, one.office), (ITALIC, one.second), (BOLD, one.name)):
                said[face] += laid.lines if laid else ()
        for face, lines in said.items():
            self.case.expect(face, "".join(lines))

    def _write(
        self,
        words: str,
        x: float,
        y: float,
        face: str,
        size: float,
        colour: Colour,
        *,
        at: float = 0.0,
        spaced: float = 0.0,
    ) -> None:
        """One line of words. `at` says which part of its width lies left of `x`: 0 none, 0.5 half, 1 all."""
        gap = spaced * size
        wide = width(words, face, size) + gap * (len(words) - 1)
        self.ink.fill(colour)
        runs = [f"/{font} {size:.2f} Tf <{codes}> Tj" for font, codes in self.case.runs(face, words)]
        space = f"{gap:.3f} Tc " if gap else ""
        self.ink(f"BT {space}{x - wide * at:.2f} {y:.2f} Td {' '.join(runs)}{' 0 Tc' if gap else ''} ET")

    def _place(self, digest: str, room: tuple[float, float], x: float, y: float, at: float, words: str) -> None:
        """A picture of the template with its lower edge at `y`."""
        wide, high = self.drawer._pictures[digest].within(*room)
        left = x - wide * at
        with self._part("Figure", picture=(words, (left, y, left + wide, y + high))), self.ink.apart():
            self.ink(f"{wide:.2f} 0 0 {high:.2f} {left:.2f} {y:.2f} cm /I{digest[:16]} Do")

    def _head(self) -> None:
        """The logos, or the mark of the award where there are none."""
        plan, top, scale = self.plan, self.laid.top, self.laid.scale
        room, size = (LOGO[0] * scale, LOGO[1] * scale), EMBLEM * scale
        if not self.template.logos:
            x = self.axis if plan.centred else plan.left + size * 0.74
            with self.ink.ornament():
                emblem(self.ink, self.template.design, self.drawer.colours, x, top - size, size)
            return
        for place, at in (("left", 0.0), ("centre", 0.5), ("right", 1.0)):
            here = [one.image for one in self.template.logos if one.place == place]
            wides = [self.drawer._pictures[digest].within(*room)[0] for digest in here]
            x = plan.left + (plan.right - plan.left) * at - (sum(wides) + LOGO_GAP * (len(here) - 1)) * at
            for digest, wide in zip(here, wides, strict=True):
                high = self.drawer._pictures[digest].within(*room)[1]
                self._place(digest, room, x, top - room[1] / 2 - high / 2, 0, "Logo")
                x += wide + LOGO_GAP

    def _texts(self) -> None:
        at = 0.5 if self.plan.centred else 0.0
        for block, first in self.laid.lines():
            colour = ink_of(block.accent, self.drawer.colours, GOLD)
            exact = block.place.text if block.name == "recipient" else ""
            with self._part("H1" if block.name == "heading" else "P", block.language, exact):
                for no, line in enumerate(block.lines):
                    y = first - no * block.size * block.leading
                    self._write(line, self.axis, y, block.face, block.size, colour, at=at, spaced=block.spaced)
            if block.name == "recipient":
                last = first - (len(block.lines) - 1) * block.size * block.leading
                widest = max(width(line, block.face, block.size) for line in block.lines)
                reach = min(max(widest / 2 + 4 * MM, 46 * MM), (self.plan.right - self.plan.left) / 2)
                below = 0.22 * block.size  # what hangs under the base line
                gap = MAIN["between"].gap * self.laid.stretch - below
                with self.ink.ornament():
                    rule(self.ink, self.plan, self.axis, last - below - gap * 0.42, reach)

    def _foot(self) -> None:
        """Place, date and signatories: at the right beside the code, or across the paper above it."""
        plan, below = self.plan, self.laid.foot
        count = len(below.columns)
        whole = count * below.column + max(count - 1, 0) * COLUMN_GAP if count else 70 * MM
        bottom = plan.bottom + (RESERVED + UNDER + 8 * MM if plan.stacked else 0)
        left = (
            plan.left
            if not plan.centred
            else (plan.left + plan.right - whole) / 2
            if plan.stacked
            else plan.right - whole
        )
        at = 0.5 if plan.centred else 0.0
        y = bottom + below.height
        x = left + whole * at
        whole_line = sum(width(words, face, size) for _language, words, face, size in below.dates)
        x -= whole_line * at
        for language, words, face, size in below.dates:
            with self._part("P", language):
                self._write(words, x, y - DATE, face, size, GREY if face == ITALIC else INK)
            x += width(words, face, size)
        top = bottom + below.names + SPACE_TO_SIGN + below.offices
        for no, one in enumerate(below.columns):
            start = left + no * (below.column + COLUMN_GAP)
            x = start + below.column * at
            y = top
            for laid, face, colour, language in (
                (one.office, MEDIUM, INK, self.language),
                (one.second, ITALIC, GREY, "en"),
            ):
                if laid is None:
                    continue
                with self._part("P", language):
                    for line in laid.lines:
                        y -= laid.size * 1.22
                        self._write(line, x, y + laid.size * 0.25, face, laid.size, colour, at=at)
            lower = bottom + below.names
            if one.image:
                self._place(
                    one.image,
                    (min(below.column, SIGNATURE[0]), SPACE_TO_SIGN - 2 * MM),
                    x,
                    lower + 1 * MM,
                    at,
                    f"Tanda tangan {one.name}".strip(),
                )
            with self.ink.ornament():
                self.ink.line(GREY, 0.5)
                self.ink.stroke((start + 2 * MM * at, lower), (start + below.column - 2 * MM * at, lower))
            if one.name:
                with self._part("P"):
                    for line_no, line in enumerate(one.name.lines):
                        y = lower - 0.9 * MM - one.name.size * (0.82 + 1.22 * line_no)
                        self._write(line, x, y, BOLD, one.name.size, INK, at=at)

    def _code(self) -> None:
        """The QR code on white with its code in letters below, and beside it how to check."""
        plan, proof, ink = self.plan, self.proof, self.ink
        matrix, unit = _dots(proof.address)
        side = (len(matrix) + 2 * QUIET) * unit
        rightmost = not plan.centred and not plan.stacked
        x, y = (plan.right - side if rightmost else plan.left), plan.bottom + UNDER
        words = f"QR: {proof.host}, {shown(proof.code)}"
        with self._part("Figure", picture=(words, (x, y, x + side, y + side))):
            ink.fill(WHITE)
            ink.area(x, y, side, side)
            with ink.apart():
                ink(f"0 g {unit:.5f} 0 0 {-unit:.5f} {x + QUIET * unit:.3f} {y + side - QUIET * unit:.3f} cm")
                ink(" ".join(f"{start} {row} {count} 1 re" for row, start, count in dark_runs(matrix)) + " f")
        with ink.ornament():
            ink.line(SOFT_GOLD, 0.4)
            ink.frame(x, y, side, side)
        with self._part("P"):
            size = min(9.5, side / width(shown(proof.code), BOLD, 1))
            self._write(shown(proof.code), x + side / 2, plan.bottom, BOLD, size, INK, at=0.5)
        beside = x - 3 * MM if rightmost else x + side + 3 * MM
        room = plan.right - beside if plan.stacked else BESIDE - 2 * MM
        lines = self._how(room)
        y = plan.bottom + UNDER + 1.2 * MM + sum(step for *_line, step in lines[1:])
        for no, (language, said, face, size, step) in enumerate(lines):
            y -= step if no else 0
            with self._part("P", language):
                self._write(said, beside, y, face, size, INK if face == BOLD else GREY, at=1.0 if rightmost else 0.0)

    def _how(self, room: float) -> list[tuple[str, str, str, float, float]]:
        """How to check the paper: language, words, face, size, and the step down to the line."""
        found: list[tuple[str, str, str, float, float]] = []
        for no, language in enumerate(self.template.languages):
            head, scan, typed, key = CHECK[language]
            face, size = (ITALIC, 7.2) if no else (REGULAR, 8.2)
            heavy = ITALIC if no else BOLD
            gap = 4.6 * MM if no else 3.6 * MM
            found.append((language, head, heavy, size + (0 if no else 0.8), gap))
            found.append((language, scan, face, size, 3.4 * MM))
            if not no:
                found += [
                    (language, part, MEDIUM, size, 3.5 * MM) for part in _address(self.proof.host, MEDIUM, size, room)
                ]
            found.append((language, typed, face, size, 3.4 * MM))
            if not no and self.proof.fingerprint:
                print_ = self.proof.fingerprint[:FINGERPRINT].upper()
                groups = " ".join(print_[place : place + 4] for place in range(0, len(print_), 4))
                found.append((language, key, face, size, 4.4 * MM))
                found.append((language, groups, MEDIUM, size, 3.5 * MM))
        return [
            (language, said, face, size * min(1, room / width(said, face, size)), step)
            for language, said, face, size, step in found
        ]

    def _across(self) -> None:
        """One word over the whole paper, under its texts, so that training paper is never taken for an award."""
        plan, ink = self.plan, self.ink
        with ink.moved(plan.width / 2, plan.height / 2, 0.49 if plan.width > plan.height else 0.95):
            self._write("SIMULASI", 0, -54, BOLD, 150, PALE_WARNING, at=0.5)
        self._write(
            "SIMULASI: data latihan, bukan hasil",
            self.axis,
            plan.bottom - 3.2 * MM,
            BOLD,
            8.5,
            WARNING,
            at=0.5 if plan.centred else 0.0,
        )


def _address(host: str, face: str, size: float, room: float) -> list[str]:
    """Where the check page lies, on one line or two."""
    whole = f"{host}/verify"
    return [whole] if width(whole, face, size) * 0.85 <= room else [host, "/verify"]


def _dots(content: str) -> tuple[list[bytes], float]:
    """The dots of a code and the side of one in points: more dots for safety where they stay large enough."""
    for error in ("m", "l"):
        matrix = dots(content, error=error, mask=MASK)
        if len(matrix) * MODULE <= CODE_ROOM:
            break
    count = len(matrix)
    return matrix, max(SMALLEST_MODULE, min(MODULE, CODE_ROOM / count), CODE_SIDE / count)
