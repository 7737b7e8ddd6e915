"""All papers in one file for the printer: each page on a larger sheet, with bleed, crop marks and its number.

What many papers share, such as fonts and borders, stands in the file once: parts are told by their bytes. The memory
therefore holds the shared parts and the few kilobytes that are a paper's own. The file carries no signature.
"""

import hashlib
import io
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, BinaryIO, Final

import pikepdf
from pikepdf import Array, Dictionary, Name, Object, Stream

from paritrana.certificates.register.queries import Sheet
from paritrana.core.codes import shown
from paritrana.paper import MM, REGULAR, fonts

BLEED: Final = 3 * MM  # beyond the edge that is cut
MARK: Final = 5 * MM  # length of a crop mark
AROUND: Final = BLEED + MARK + 2 * MM  # from the edge that is cut to the edge of the sheet
NOTE: Final = 6.5  # points
_NOT_OF_A_PAGE: Final = frozenset({"/Parent", "/StructParents", "/StructParent", "/P", "/Metadata"})


@dataclass(frozen=True)
class _Leaf:
    """One page of a paper as a form in the new file."""

    form: Object
    wide: float
    high: float
    note: str


class _Parts:
    """The objects of the new file by what they say, so that the same part is written once."""

    def __init__(self, target: pikepdf.Pdf) -> None:
        self.target = target
        self._known: dict[bytes, Object] = {}

    def take(self, found: Any, copied: dict[tuple[int, int], Object]) -> Any:
        """A copy of an object of another file; `copied` are the objects of that file that were taken before."""
        if not isinstance(found, Object):
            return found
        place = found.objgen
        if place[0] and place in copied:
            return copied[place]
        if isinstance(found, Stream) or found._type_code == pikepdf.ObjectType.stream:
            made = self._stream(found, copied)
        elif isinstance(found, Dictionary) or found._type_code == pikepdf.ObjectType.dictionary:
            made = Dictionary(self._entries(found, copied))
            made = self._once(made.unparse(), made) if place[0] else made
        elif isinstance(found, Array) or found._type_code == pikepdf.ObjectType.array:
            made = Array([self.take(one, copied) for one in found.as_list()])
            made = self._once(made.unparse(), made) if place[0] else made
        else:
            return Object.parse(found.unparse())
        if place[0]:
            copied[place] = made
        return made

    def _entries(self, found: Object, copied: dict[tuple[int, int], Object]) -> dict[str, Any]:
        return {
            name: self.take(found[name], copied)
            for name in sorted(found.keys())
            if name not in _NOT_OF_A_PAGE and name != "/Length"
        }

    def _stream(self, found: Object, copied: dict[tuple[int, int], Object]) -> Object:
        entries, raw = Dictionary(self._entries(found, copied)), bytes(found.read_raw_bytes())
        if Name.Filter not in entries:
            raw, entries[Name.Filter] = zlib.compress(raw), Name.FlateDecode
        said = b"stream" + entries.unparse() + hashlib.sha256(raw).digest()
        if (known := self._known.get(said)) is not None:
            return known
        made = Stream(self.target, raw)
        for name, value in entries.items():
            made[name] = value
        self._known[said] = made
        return made

    def _once(self, said: bytes, made: Object) -> Object:
        known = self._known.get(said)
        if known is None:
            known = self._known[said] = self.target.make_indirect(made)
        return known


def write_merged(file: BinaryIO, papers: Iterable[tuple[Sheet, bytes]], *, note: str, title: str) -> int:
    """Write the file for the printer; tells how many sheets it has. The same papers give the same bytes.

    `note` stands at the foot of each sheet, outside of what is cut, after the number and the code.
    """
    with pikepdf.new() as target:
        parts = _Parts(target)
        leaves = [leaf for sheet, content in papers for leaf in _leaves(parts, sheet, content, note)]
        with pikepdf.open(io.BytesIO(_notes(leaves, title))) as notes:
            copied: dict[tuple[int, int], Object] = {}
            for leaf, page in zip(leaves, notes.pages, strict=True):
                _put(target, parts, leaf, page, copied)
        target.docinfo[Name.Title] = pikepdf.String(title)
        target.docinfo[Name.Creator] = pikepdf.String("Paritrana")
        target.Root[Name.ViewerPreferences] = Dictionary(DisplayDocTitle=True)
        target.save(file, deterministic_id=True, object_stream_mode=pikepdf.ObjectStreamMode.generate)
        return len(leaves)


def _leaves(parts: _Parts, sheet: Sheet, content: bytes, note: str) -> list[_Leaf]:
    said = f"{sheet.register_no} · {shown(sheet.code)} · {note}"
    with pikepdf.open(io.BytesIO(content)) as paper:
        copied: dict[tuple[int, int], Object] = {}
        found = []
        for page in paper.pages:
            left, low, right, high = (float(one) for one in page.mediabox.as_list())
            form = parts.take(page.as_form_xobject(), copied)
            found.append(_Leaf(form, right - left, high - low, said))
        return found


def _put(
    target: pikepdf.Pdf, parts: _Parts, leaf: _Leaf, notes: pikepdf.Page, copied: dict[tuple[int, int], Object]
) -> None:
    """One sheet: the page a little larger in the bleed alone, the page itself, and the marks with the note."""
    wide, high = leaf.wide, leaf.high
    trim = (AROUND, AROUND, wide, high)
    bleed = (AROUND - BLEED, AROUND - BLEED, wide + 2 * BLEED, high + 2 * BLEED)
    across, up = bleed[2] / wide, bleed[3] / high
    said = (
        f"q {_box(bleed)} re {_box(trim)} re W* n "
        f"{across:.5f} 0 0 {up:.5f} {bleed[0]:.3f} {bleed[1]:.3f} cm /Paper Do Q\n"
        f"q {_box(trim)} re W n 1 0 0 1 {AROUND:.3f} {AROUND:.3f} cm /Paper Do Q\n"
        f"/Notes Do\n"
    )
    page = Dictionary(
        Type=Name.Page,
        MediaBox=Array([0, 0, round(wide + 2 * AROUND, 3), round(high + 2 * AROUND, 3)]),
        BleedBox=_corners(bleed),
        TrimBox=_corners(trim),
        Resources=Dictionary(
            XObject=Dictionary(Paper=leaf.form, Notes=parts.take(notes.as_form_xobject(), copied)),
        ),
        Contents=Stream(target, said.encode()),
    )
    target.pages.append(pikepdf.Page(target.make_indirect(page)))


def _box(box: Sequence[float]) -> str:
    return " ".join(f"{one:.3f}" for one in box)


def _corners(box: Sequence[float]) -> Array:
    x, y, wide, high = box
    return Array([round(x, 3), round(y, 3), round(x + wide, 3), round(y + high, 3)])


def _notes(leaves: Sequence[_Leaf], title: str) -> bytes:
    """The sheets without their papers: crop marks, and the note at the foot."""
    from reportlab.pdfgen.canvas import Canvas

    fonts()
    file = io.BytesIO()
    canvas = Canvas(file, invariant=1, pageCompression=1, initialFontName=REGULAR)  # type: ignore[arg-type]  # the stub is wrong
    canvas.setTitle(title)
    for leaf in leaves:
        canvas.setPageSize((leaf.wide + 2 * AROUND, leaf.high + 2 * AROUND))
        canvas.setLineWidth(0.25)
        for x, outwards in ((AROUND, -1), (AROUND + leaf.wide, 1)):
            for y, upwards in ((AROUND, -1), (AROUND + leaf.high, 1)):
                canvas.line(x + outwards * BLEED, y, x + outwards * (BLEED + MARK), y)
                canvas.line(x, y + upwards * BLEED, x, y + upwards * (BLEED + MARK))
        canvas.setFont(REGULAR, NOTE)
        canvas.drawString(AROUND + 4 * MM, (AROUND - BLEED - NOTE) / 2, leaf.note)
        canvas.showPage()
    canvas.save()
    return file.getvalue()
