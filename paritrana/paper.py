"""What all printed documents share: embedded fonts, the QR code, and text that fits or is refused.

Documents come out byte for byte the same from the same facts. Strings are drawn on the canvas and never parsed, so
that no name can become markup, and no image or address is read from anywhere.
"""

import io
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from paritrana.core.errors import ParitranaError
from paritrana.core.words import N_

if TYPE_CHECKING:
    pass

REGULAR, MEDIUM, BOLD, BLACK, ITALIC, LIGHT = (
    "Lato-Regular", "Lato-Medium", "Lato-Bold", "Lato-Black", "Lato-Italic", "Lato-Light",
)  # fmt: skip
FACES = (REGULAR, MEDIUM, BOLD, BLACK, ITALIC, LIGHT)
MM = 72 / 25.4  # points in a millimetre
QUIET = 4  # modules around a QR code that stay white
SMALLEST = 0.8  # how far a text may shrink before it is broken into two lines


class NotPrintable(ParitranaError):
    """A text holds a character that the embedded font does not have. Params: `text`, `character`."""

    code = "not_printable"
    status = 422
    message = N_("“%(text)s” holds the character %(character)s, which cannot be printed. Correct the name first.")


class TooLong(ParitranaError):
    """A text does not fit its place, even in smaller letters and on two lines. Params: `text`."""

    code = "too_long_to_print"
    status = 422
    message = N_("“%(text)s” does not fit on the certificate, even on two lines. Shorten the name first.")


@dataclass(frozen=True)
class Fitted:
    """A text as it will be drawn: one line or two, in a size in points."""

    lines: tuple[str, ...]
    size: float


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
    """Refuse a text with a character that one of the faces lacks. Raises `NotPrintable`."""
    known = fonts()
    for sign in text:
        if any(ord(sign) not in known[face].face.charToGlyph for face in faces or FACES):
            raise NotPrintable(text=_short(text), character=f"U+{ord(sign):04X}" if not sign.isprintable() else sign)


def width(text: str, face: str, size: float) -> float:
    """How wide a text is in points."""
    fonts()
    from reportlab.pdfbase.pdfmetrics import stringWidth

    return float(stringWidth(text, face, size))


def fit(text: str, face: str, size: float, room: float) -> Fitted:
    """A text on one line, shrunk to no less than 80 %, else on two lines, else refused.

    `room` and `size` are in points. Raises `NotPrintable`, `TooLong`.
    """
    text = " ".join(text.split())
    check_printable(text, face)
    for lines in ((text,), _halves(text, face)):
        widest = max(width(line, face, size) for line in lines)
        if widest <= room:
            return Fitted(lines, size)
        if widest * SMALLEST <= room:
            return Fitted(lines, size * room / widest)
    raise TooLong(text=_short(text))


def _halves(text: str, face: str) -> tuple[str, ...]:
    """The text broken at the blank that makes both lines most alike; a single word stays whole."""
    words = text.split(" ")
    if len(words) == 1:
        return (text,)
    breaks = [(" ".join(words[:place]), " ".join(words[place:])) for place in range(1, len(words))]
    return min(breaks, key=lambda pair: max(width(line, face, 1) for line in pair))


def _short(text: str) -> str:
    return text if len(text) <= 80 else text[:79] + "…"


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

    def spaced(self, text: str, x: float, y: float, face: str, size: float, gap: float) -> None:
        """Draw a line centred on `x` with `gap` points more between its letters."""
        whole = width(text, face, size) + gap * (len(text) - 1)
        line = self.canvas.beginText(x - whole / 2, y)
        line.setFont(face, size)
        line.setCharSpace(gap)
        line.textOut(text)
        line.setCharSpace(0)  # it would hold for every later line of the page
        self.canvas.drawText(line)

    def qr(self, content: str, x: float, y: float, side: float) -> None:
        """Draw a QR code of `content` as rectangles on white; `side` in points includes the quiet zone.

        `x`, `y` is the lower left corner.
        """
        import segno

        matrix = [bytes(row) for row in segno.make(content, error="m", micro=False).matrix]
        count = len(matrix)
        unit = side / (count + 2 * QUIET)
        self.canvas.setFillGray(1)
        self.canvas.rect(x, y, side, side, stroke=0, fill=1)
        self.canvas.setFillGray(0)
        path = self.canvas.beginPath()
        for row, modules in enumerate(matrix):
            start = None
            for column, dark in enumerate([*modules, 0]):
                if dark and start is None:
                    start = column
                elif not dark and start is not None:
                    path.rect(
                        x + (QUIET + start) * unit, y + side - (QUIET + row + 1) * unit, (column - start) * unit, unit
                    )
                    start = None
        self.canvas.drawPath(path, stroke=0, fill=1)

    def finish(self) -> bytes:
        """Close the page and return the document."""
        self.canvas.showPage()
        self.canvas.save()
        return self._file.getvalue()
