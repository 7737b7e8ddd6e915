"""What all printed documents share: embedded fonts, the QR code, and text that fits or is refused.

Documents come out byte for byte the same from the same facts. Strings are drawn on the canvas and never parsed, so
that no name can become markup, and no image or address is read from anywhere.
"""

import io
import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import accumulate, pairwise
from pathlib import Path
from typing import Any, Final

from paritrana.core.errors import ParitranaError
from paritrana.core.words import N_

REGULAR, MEDIUM, BOLD, BLACK, ITALIC, LIGHT = (
    "Lato-Regular", "Lato-Medium", "Lato-Bold", "Lato-Black", "Lato-Italic", "Lato-Light",
)  # fmt: skip
FACES = (REGULAR, MEDIUM, BOLD, BLACK, ITALIC, LIGHT)
MM = 72 / 25.4  # points in a millimetre
QUIET = 4  # modules around a QR code that stay white
SMALLEST = 0.8  # how far a text may shrink before it is broken into more lines
_BLANKS: Final = re.compile(r"[ \t\r\n]+")
_DARK: Final = re.compile(b"\x01+")
_HYPHENS: Final = ("-", "\u00ad", "\u2010", "\u2011")


class NotPrintable(ParitranaError):
    """A text holds a character that paper does not give back exactly. Params: `text`, `character`."""

    code = "not_printable"
    status = 422
    message = N_("“%(text)s” holds the character %(character)s, which cannot be printed. Correct the name first.")


class TooLong(ParitranaError):
    """A text does not fit its place, even in smaller letters and on more lines. Params: `text`."""

    code = "too_long_to_print"
    status = 422
    message = N_("“%(text)s” does not fit on the paper, even in smaller letters and on several lines. Shorten it.")


@dataclass(frozen=True)
class Fitted:
    """A text as it will be drawn: its lines, and its size in points."""

    lines: tuple[str, ...]
    size: float


@dataclass(frozen=True)
class Spot:
    """The place of a text: its face, its full size and width in points, and on how many lines it may stand."""

    face: str
    size: float
    room: float
    lines: int


NAME_SPOTS: Final[Mapping[str, Spot]] = {
    "landscape": Spot(BOLD, 30, 222 * MM, 3),
    "portrait": Spot(BOLD, 23, 158 * MM, 3),
}
"""Where the recipient's name stands on a certificate, in every design of the program."""


@cache
def fonts() -> dict[str, Any]:
    """Register the faces once and return them by name. Static cuts only: each has its own PostScript name."""
    import fontpkg_lato
    from reportlab.pdfbase import pdfmetrics
    from reportlab.pdfbase.ttfonts import TTFont

    folder = Path(fontpkg_lato.__file__).parent / "files"
    found = {}
    for face in FACES:
        found[face] = TTFont(face, str(folder / f"{face}.ttf"))
        pdfmetrics.registerFont(found[face])
    return found


def check_printable(text: str, *faces: str) -> None:
    """Refuse a text with a character that paper cannot give back as it was written. Raises `NotPrintable`.

    That is a character that one of the faces lacks, and one that nobody sees, that changes the order of others, that
    stands on top of another, that is no blank and looks like one, or that has another normal form (NFC).
    """
    for sign in text:
        if not _is_printable(sign, faces or FACES):
            seen = (
                sign.isprintable() and not unicodedata.combining(sign) and unicodedata.normalize("NFKC", sign) == sign
            )
            raise NotPrintable(text=_short(text), character=sign if seen else f"U+{ord(sign):04X}")


def check_name(text: str) -> None:
    """Refuse a name that a certificate of some built-in design could not carry exactly; used where names are entered.

    It must be printable, in one line without doubled blanks, and fit its place: shrunk to no less than 80 %, on up to
    three lines. Raises `NotPrintable`, `TooLong`.
    """
    check_printable(text)
    if text != in_order(text):
        raise NotPrintable(text=_short(text), character="U+0020 U+0020")
    if text.endswith(_HYPHENS):  # a reader would join the name with what stands below it
        raise NotPrintable(text=_short(text), character=text[-1])
    for spot in NAME_SPOTS.values():
        fit(text, spot.face, spot.size, spot.room, spot.lines)


def in_order(text: str) -> str:
    """The text with one blank between its words. Other signs that look like blanks stay, and are refused."""
    return _BLANKS.sub(" ", text).strip(" ")


def _is_printable(sign: str, faces: Sequence[str]) -> bool:
    if " " <= sign <= "~":  # most signs, and every face has them
        return True
    known = fonts()
    return (
        unicodedata.category(sign)[0] not in "CMZ"
        and unicodedata.bidirectional(sign) not in {"R", "AL", "AN"}
        and unicodedata.normalize("NFC", sign) == sign
        and not "\ufb00" <= sign <= "\ufb4f"  # joined letters, which readers take apart
        and all(known[face].face.charWidths.get(ord(sign), 0) > 0 for face in faces)
    )


def width(text: str, face: str, size: float) -> float:
    """How wide a text is in points."""
    fonts()
    from reportlab.pdfbase.pdfmetrics import stringWidth

    return float(stringWidth(text, face, size))


def fit(text: str, face: str, size: float, room: float, most: int = 2) -> Fitted:
    """A text on one line, shrunk to no less than 80 %, else on two lines, and so on to `most`, else refused.

    `room` and `size` are in points. Raises `NotPrintable`, `TooLong`.
    """
    text = in_order(text)
    check_printable(text, face)
    for count in range(1, most + 1):
        lines = broken_evenly(text, face, count)
        widest = max(width(line, face, size) for line in lines)
        if widest <= room:
            return Fitted(lines, size)
        if widest * SMALLEST <= room:
            return Fitted(lines, size * room / widest)
    raise TooLong(text=_short(text))


def broken_evenly(text: str, face: str, count: int) -> tuple[str, ...]:
    """The text on `count` lines, broken where the longest is shortest; on fewer where it has fewer places to break.

    It is broken at blanks only, and never after a hyphen, which a reader would take for one that divides a word.
    """
    words = _unbroken(text)
    if min(count, len(words)) == 1:
        return (text,)
    sizes, blank = [width(word, face, 1) for word in words], width(" ", face, 1)
    short, long = max(sizes), sum(sizes) + blank * (len(sizes) - 1)
    for _halving in range(24):
        middle = (short + long) / 2
        short, long = (short, middle) if len(_filled(sizes, blank, middle)) <= count else (middle, long)
    edges = [0, *accumulate(_filled(sizes, blank, long))]
    return tuple(" ".join(words[before:after]) for before, after in pairwise(edges))


def _filled(sizes: Sequence[float], blank: float, room: float) -> list[int]:
    """How many words stand on each line when every line takes as many as it can."""
    found, used = [0], -blank
    for size in sizes:
        if used + blank + size > room and found[-1]:
            found.append(0)
            used = -blank
        found[-1] += 1
        used += blank + size
    return found


def _unbroken(text: str) -> list[str]:
    """The pieces between which a text may be broken."""
    pieces: list[str] = []
    for word in text.split(" "):
        if pieces and pieces[-1].endswith(_HYPHENS):
            pieces[-1] += f" {word}"
        else:
            pieces.append(word)
    return pieces


def _short(text: str) -> str:
    return text if len(text) <= 80 else text[:79] + "…"


def dots(content: str, *, error: str = "m", mask: int | None = None) -> list[bytes]:
    """The rows of a QR code, 1 for a dark dot. A fixed `mask` saves comparing all eight patterns of dots."""
    import segno

    return [bytes(row) for row in segno.make(content, error=error, mask=mask, micro=False).matrix]


def dark_runs(matrix: Sequence[bytes]) -> Iterator[tuple[int, int, int]]:
    """The dark dots of a QR code as runs: row from the top, column at which it starts, how many dots."""
    for row, modules in enumerate(matrix):
        for run in _DARK.finditer(modules):
            yield row, run.start(), run.end() - run.start()


def new_document(*, title: str, subject: str, author: str, language: str, landscape: bool = True) -> "Document":
    """An empty A4 document with its title, and the language of its words for screen readers."""
    return Document(title, subject, author, language, landscape=landscape)


class Document:
    """A PDF of one page under way; `finish` gives its bytes, the same ones every time."""

    def __init__(self, title: str, subject: str, author: str, language: str, *, landscape: bool) -> None:
        from reportlab.lib.pagesizes import A4
        from reportlab.pdfgen.canvas import Canvas

        fonts()
        self._file = io.BytesIO()
        short, long = A4
        self.width, self.height = (long, short) if landscape else (short, long)
        self.canvas: Canvas = Canvas(
            self._file, pagesize=(self.width, self.height), invariant=1, pageCompression=1, lang=language,
            initialFontName=REGULAR,  # type: ignore[arg-type]  # the stub has the wrong type
        )  # fmt: skip
        self.canvas.setTitle(title)
        self.canvas.setSubject(subject)
        self.canvas.setAuthor(author)
        self.canvas.setCreator("Paritrana")
        self.canvas.setViewerPreference("DisplayDocTitle", "true")

    def centred(
        self, text: str | Sequence[str], x: float, y: float, face: str, size: float, leading: float = 1.15
    ) -> None:
        """Draw one or several lines centred on `x`; `y` is the base line of the first."""
        lines = [text] if isinstance(text, str) else text
        self.canvas.setFont(face, size)
        for place, line in enumerate(lines):
            self.canvas.drawCentredString(x, y - place * size * leading, line)

    def qr(self, content: str, x: float, y: float, side: float) -> None:
        """Draw a QR code of `content` as rectangles on white; `side` in points includes the quiet zone.

        `x`, `y` is the lower left corner.
        """
        matrix = dots(content)
        unit = side / (len(matrix) + 2 * QUIET)
        self.canvas.setFillGray(1)
        self.canvas.rect(x, y, side, side, stroke=0, fill=1)
        self.canvas.setFillGray(0)
        path = self.canvas.beginPath()
        for row, start, count in dark_runs(matrix):
            path.rect(x + (QUIET + start) * unit, y + side - (QUIET + row + 1) * unit, count * unit, unit)
        self.canvas.drawPath(path, stroke=0, fill=1)

    def finish(self) -> bytes:
        """Close the page and return the document."""
        self.canvas.showPage()
        self.canvas.save()
        return self._file.getvalue()
