"""A receipt as paper: A4 portrait, with the whole signed text in its QR code: the paper itself can be checked."""

from collections.abc import Sequence
from dataclasses import dataclass

from paritrana.paper import BOLD, MEDIUM, MM, REGULAR, fonts, new_document, width

INK, GREY, RULE = (0.102, 0.122, 0.169), (0.29, 0.325, 0.396), (0.788, 0.62, 0.243)
WARNING = (0.659, 0.125, 0.102)
MARGIN = 20 * MM
LABELS = 48 * MM
QR_SIDE = 66 * MM
SIZE, LEADING = 10.5, 15.0  # points


@dataclass(frozen=True)
class ReceiptPaper:
    """The words of a receipt. `signed` goes into the QR code; `band` stands over a rehearsal's paper, else empty."""

    title: str
    heading: str
    rows: Sequence[tuple[str, str]]
    signed: str
    notes: Sequence[str]
    operator: str
    language: str
    band: str = ""


def draw(paper: ReceiptPaper) -> bytes:
    """The receipt as a PDF of one page. A sign that the font lacks is drawn as "?"; the page shows it."""
    document = new_document(
        title=paper.title, subject=paper.heading, author=paper.operator, language=paper.language, landscape=False
    )
    canvas, right = document.canvas, document.width - MARGIN
    y = document.height - MARGIN
    if paper.band:
        canvas.setFillColorRGB(*WARNING)
        document.centred(printable(paper.band), document.width / 2, y, BOLD, 10)
        y -= 8 * MM
    canvas.setFillColorRGB(*GREY)
    y = _lines(document.canvas, broken(paper.heading, MEDIUM, 12, right - MARGIN), MARGIN, y - 4 * MM, MEDIUM, 12)
    canvas.setFillColorRGB(*INK)
    y = _lines(document.canvas, broken(paper.title, BOLD, 20, right - MARGIN), MARGIN, y - 3 * MM, BOLD, 20)
    canvas.setStrokeColorRGB(*RULE)
    canvas.setLineWidth(1.2)
    canvas.line(MARGIN, y + 4 * MM, right, y + 4 * MM)
    y -= 4 * MM
    for label, value in paper.rows:
        canvas.setFillColorRGB(*GREY)
        below = _lines(canvas, broken(label, REGULAR, SIZE, LABELS - 4 * MM), MARGIN, y, REGULAR, SIZE)
        canvas.setFillColorRGB(*INK)
        end = _lines(canvas, broken(value, MEDIUM, SIZE, right - MARGIN - LABELS), MARGIN + LABELS, y, MEDIUM, SIZE)
        y = min(below, end) - 2 * MM
    bottom = MARGIN + 6 * MM
    document.qr(paper.signed, MARGIN - 4 * MM, bottom, QR_SIDE)
    canvas.setFillColorRGB(*GREY)
    beside, top = MARGIN + QR_SIDE + 4 * MM, bottom + QR_SIDE - 9 * MM
    for note in paper.notes:
        top = _lines(canvas, broken(note, REGULAR, 9.5, right - beside), beside, top, REGULAR, 9.5) - 2.5 * MM
    canvas.setFillColorRGB(*GREY)
    _lines(canvas, broken(paper.operator, REGULAR, 9, right - MARGIN), MARGIN, MARGIN - 2 * MM, REGULAR, 9)
    return document.finish()


def printable(text: str) -> str:
    """The text with "?" for every sign that the embedded font lacks, in one line."""
    known = fonts()[REGULAR].face.charToGlyph
    return "".join(sign if ord(sign) in known else "?" for sign in " ".join(text.split()))


def broken(text: str, face: str, size: float, room: float) -> list[str]:
    """The printable text in lines of at most `room` points, broken at blanks, and inside of words too long for one."""
    lines, line = [], ""
    for word in printable(text).split(" "):
        longer = f"{line} {word}" if line else word
        if width(longer, face, size) <= room:
            line = longer
            continue
        if line:
            lines.append(line)
        while width(word, face, size) > room:
            fits = next(end for end in range(len(word) - 1, 0, -1) if width(word[:end], face, size) <= room)
            lines.append(word[:fits])
            word = word[fits:]
        line = word
    return [*lines, line]


def _lines(canvas: object, lines: Sequence[str], x: float, y: float, face: str, size: float) -> float:
    """Draw lines downwards from the base line `y`; gives the base line below them."""
    canvas.setFont(face, size)  # type: ignore[attr-defined]
    for line in lines:
        canvas.drawString(x, y, line)  # type: ignore[attr-defined]
        y -= size * LEADING / SIZE
    return y
