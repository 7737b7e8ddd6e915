"""The certificate as paper: A4 landscape, drawn by the program from the facts of the register and nothing else.

Its words are Indonesian whatever language the reader's page has: it is an official document, and the same facts give
the same bytes for ever.
"""

from dataclasses import dataclass
from datetime import date
from math import cos, pi, sin
from typing import TYPE_CHECKING

from babel.dates import format_date

from paritrana.core.codes import shown
from paritrana.paper import BLACK, BOLD, ITALIC, LIGHT, MEDIUM, MM, REGULAR, Document, Fitted, fit, new_document, width

if TYPE_CHECKING:
    from reportlab.pdfgen.canvas import Canvas

BLUE, BRIGHT_BLUE, PALE_BLUE = (0.078, 0.227, 0.42), (0.106, 0.294, 0.541), (0.878, 0.914, 0.957)
GOLD, SOFT_GOLD, PALE_GOLD = (0.604, 0.416, 0.02), (0.788, 0.62, 0.243), (0.949, 0.913, 0.827)
INK, GREY = (0.102, 0.122, 0.169), (0.29, 0.325, 0.396)
WARNING = (0.659, 0.125, 0.102)

QR_SIDE = 34 * MM  # with its quiet zone; the code itself is wider than 25 mm
TEXT_ROOM = 222 * MM
SUPPORT_ROOM = 200 * MM


@dataclass(frozen=True)
class Face:
    """What a certificate says. `address` is the page that verifies it; `code` has no dashes."""

    recipient: str
    title: str
    category: str
    cycle: str
    assessment_year: int
    edition: str
    decree: str | None
    issued_on: date
    code: str
    address: str
    operator: str
    simulated: bool


@dataclass(frozen=True)
class Layout:
    """The texts of a certificate in the sizes in which they fit."""

    cycle: Fitted
    recipient: Fitted
    title: Fitted
    category: Fitted
    reason: Fitted


def lay_out(face: Face) -> Layout:
    """Fit every text that comes from data. Raises `NotPrintable` and `TooLong`, which name the text."""
    period = f"tahun penilaian {face.assessment_year}, edisi {face.edition}"
    reason = f"{period}, berdasarkan {face.decree}" if face.decree else period
    return Layout(
        cycle=fit(face.cycle, BOLD, 15, TEXT_ROOM),
        recipient=fit(face.recipient, BLACK, 31, TEXT_ROOM),
        title=fit(face.title, BOLD, 25, SUPPORT_ROOM),
        category=fit(f"Kategori {face.category}", MEDIUM, 14, SUPPORT_ROOM),
        reason=fit(reason, REGULAR, 11.5, SUPPORT_ROOM),
    )


def draw(face: Face) -> bytes:
    """The certificate as a PDF of one page, the same bytes for the same facts. Raises `NotPrintable`, `TooLong`."""
    texts = lay_out(face)
    document = new_document(
        title=f"Piagam {face.recipient}: {face.title}, {face.cycle}",
        subject=f"Kategori {face.category}, tahun penilaian {face.assessment_year}. Kode {shown(face.code)}",
        author=face.operator,
        language="id-ID",
    )
    _ground(document)
    _frame(document)
    if face.simulated:
        _across(document, "SIMULASI")
    _words(document, texts)
    _foot(document, face)
    return document.finish()


def _ground(document: Document) -> None:
    """Fine lines behind the text, too pale to disturb it and too many to copy by hand."""
    canvas = document.canvas
    canvas.setLineWidth(0.3)
    centre, height = document.width / 2, document.height / 2
    canvas.setStrokeColorRGB(*PALE_GOLD)
    for turn in range(14):
        _rosette(canvas, centre, height, 92 * MM, 52 * MM, waves=12, depth=0.16, turn=turn * 2 * pi / 12 / 14)
    canvas.setStrokeColorRGB(*PALE_BLUE)
    for turn in range(10):
        _rosette(canvas, centre, height, 62 * MM, 33 * MM, waves=18, depth=0.22, turn=turn * 2 * pi / 18 / 10)
    canvas.setStrokeColorRGB(*PALE_GOLD)
    for turn in range(8):
        _rosette(canvas, centre, height, 33 * MM, 16 * MM, waves=10, depth=0.4, turn=turn * 2 * pi / 10 / 8)


def _rosette(
    canvas: "Canvas", x: float, y: float, wide: float, high: float, *, waves: int, depth: float, turn: float
) -> None:
    path = canvas.beginPath()
    steps = waves * 16
    for step in range(steps + 1):
        angle = 2 * pi * step / steps
        reach = 1 + depth * sin(waves * (angle + turn))
        point = (round(x + wide * reach * cos(angle), 2), round(y + high * reach * sin(angle), 2))
        (path.lineTo if step else path.moveTo)(*point)
    canvas.drawPath(path, stroke=1, fill=0)


def _frame(document: Document) -> None:
    """A blue band with interlaced golden waves between two rules, a rosette in every corner."""
    canvas, wide, high = document.canvas, document.width, document.height
    outer, band = 9 * MM, 7.5 * MM
    inner = outer + band
    canvas.setFillColorRGB(*BLUE)
    canvas.rect(outer, outer, wide - 2 * outer, high - 2 * outer, stroke=0, fill=1)
    canvas.setFillColorRGB(1, 1, 1)
    canvas.rect(inner, inner, wide - 2 * inner, high - 2 * inner, stroke=0, fill=1)
    canvas.saveState()
    hole = canvas.beginPath()
    hole.rect(inner, inner, wide - 2 * inner, high - 2 * inner)
    canvas.clipPath(hole, stroke=0, fill=0)
    _ground(document)
    canvas.restoreState()

    middle = outer + band / 2
    canvas.setStrokeColorRGB(*SOFT_GOLD)
    canvas.setLineWidth(0.45)
    for shift in range(4):
        for along, side in ((wide, middle), (wide, high - middle)):
            _wave(canvas, middle, along - middle, side, band * 0.3, shift * pi / 4, across=False)
        for along, side in ((high, middle), (high, wide - middle)):
            _wave(canvas, middle, along - middle, side, band * 0.3, shift * pi / 4, across=True)
    canvas.setStrokeColorRGB(*SOFT_GOLD)
    for edge, line in ((outer - 1.6 * MM, 0.8), (inner + 1.8 * MM, 1.1), (inner + 2.9 * MM, 0.35)):
        canvas.setLineWidth(line)
        canvas.rect(edge, edge, wide - 2 * edge, high - 2 * edge, stroke=1, fill=0)
    for x in (middle, wide - middle):
        for y in (middle, high - middle):
            _corner(canvas, x, y, band)


def _wave(canvas: "Canvas", start: float, end: float, side: float, swing: float, shift: float, *, across: bool) -> None:
    """A sine line along one side of the frame; whole waves, so that the corners meet."""
    waves = round((end - start) / (9 * MM))
    steps = waves * 14
    path = canvas.beginPath()
    for step in range(steps + 1):
        along = start + (end - start) * step / steps
        aside = side + swing * sin(2 * pi * waves * step / steps + shift)
        point = (aside, along) if across else (along, aside)
        (path.lineTo if step else path.moveTo)(round(point[0], 2), round(point[1], 2))
    canvas.drawPath(path, stroke=1, fill=0)


def _corner(canvas: "Canvas", x: float, y: float, band: float) -> None:
    canvas.setFillColorRGB(*BLUE)
    canvas.setStrokeColorRGB(*SOFT_GOLD)
    canvas.setLineWidth(0.8)
    canvas.circle(x, y, band * 0.78, stroke=1, fill=1)
    canvas.setLineWidth(0.4)
    for turn in range(5):
        _rosette(canvas, x, y, band * 0.5, band * 0.5, waves=8, depth=0.24, turn=turn * 2 * pi / 40)
    canvas.setFillColorRGB(*SOFT_GOLD)
    canvas.circle(x, y, band * 0.12, stroke=0, fill=1)


def _words(document: Document, texts: Layout) -> None:
    canvas, centre = document.canvas, document.width / 2
    _emblem(document, centre, document.height - 36.5 * MM, 8.6 * MM)
    canvas.setFillColorRGB(*BLUE)
    document.spaced("PIAGAM PENGHARGAAN", centre, document.height - 60 * MM, LIGHT, 31, 5.5)
    canvas.setFillColorRGB(*GOLD)
    document.centred(texts.cycle.lines, centre, document.height - 69 * MM, BOLD, texts.cycle.size)

    two = len(texts.recipient.lines) > 1
    canvas.setFillColorRGB(*GREY)
    document.centred("diberikan kepada", centre, document.height - (79 if two else 82.5) * MM, ITALIC, 12.5)
    canvas.setFillColorRGB(*INK)
    first = document.height - (91 if two else 97) * MM
    document.centred(texts.recipient.lines, centre, first, BLACK, texts.recipient.size)
    below = document.height - 104.5 * MM - (4 * MM if two else 0)
    reach = max(width(line, BLACK, texts.recipient.size) for line in texts.recipient.lines) / 2 + 6 * MM
    _rule(document, centre, below, max(reach, 60 * MM))

    canvas.setFillColorRGB(*GREY)
    document.centred("sebagai", centre, document.height - 112 * MM - (3.2 * MM if two else 0), ITALIC, 12.5)
    canvas.setFillColorRGB(*GOLD)
    y = document.height - (124 if len(texts.title.lines) == 1 else 122) * MM - (2 * MM if two else 0)
    document.centred(texts.title.lines, centre, y, BOLD, texts.title.size)
    y -= (8.5 if len(texts.title.lines) == 1 else 18) * MM
    canvas.setFillColorRGB(*INK)
    document.centred(texts.category.lines, centre, y, MEDIUM, texts.category.size)
    y -= 6.4 * MM * len(texts.category.lines)
    canvas.setFillColorRGB(*GREY)
    document.centred(texts.reason.lines, centre, y, REGULAR, texts.reason.size, leading=1.35)


def _rule(document: Document, x: float, y: float, reach: float) -> None:
    canvas = document.canvas
    canvas.setStrokeColorRGB(*SOFT_GOLD)
    canvas.setFillColorRGB(*SOFT_GOLD)
    canvas.setLineWidth(0.9)
    gap = 4 * MM
    canvas.line(x - reach, y, x - gap, y)
    canvas.line(x + gap, y, x + reach, y)
    diamond = canvas.beginPath()
    side = 1.5 * MM
    diamond.moveTo(x, y + side)
    for dx, dy in ((side, 0), (0, -side), (-side, 0)):
        diamond.lineTo(x + dx, y + dy)
    diamond.close()
    canvas.drawPath(diamond, stroke=0, fill=1)


def _emblem(document: Document, x: float, y: float, size: float) -> None:
    """The shield of the award in a ring of rays."""
    canvas = document.canvas
    canvas.setStrokeColorRGB(*SOFT_GOLD)
    canvas.setLineWidth(0.6)
    for ray in range(48):
        angle = 2 * pi * ray / 48
        near, far = size * 1.28, size * (1.62 if ray % 2 else 1.46)
        canvas.line(x + near * cos(angle), y + near * sin(angle), x + far * cos(angle), y + far * sin(angle))
    canvas.setLineWidth(1.1)
    canvas.circle(x, y, size * 1.2, stroke=1, fill=0)
    canvas.setFillColorRGB(*BLUE)
    canvas.drawPath(_shield(canvas, x, y, size * 0.86), stroke=0, fill=1)
    canvas.setStrokeColorRGB(*SOFT_GOLD)
    canvas.setLineWidth(0.9)
    canvas.drawPath(_shield(canvas, x, y + size * 0.01, size * 0.7), stroke=1, fill=0)
    canvas.setLineWidth(2.3)
    canvas.setLineCap(1)
    canvas.setLineJoin(1)
    tick = canvas.beginPath()
    tick.moveTo(x - size * 0.3, y + size * 0.02)
    tick.lineTo(x - size * 0.07, y - size * 0.22)
    tick.lineTo(x + size * 0.34, y + size * 0.26)
    canvas.drawPath(tick, stroke=1, fill=0)
    canvas.setLineCap(0)
    canvas.setLineJoin(0)


def _shield(canvas: "Canvas", x: float, y: float, size: float) -> object:
    path = canvas.beginPath()
    path.moveTo(x, y + size)
    path.lineTo(x + size * 0.82, y + size * 0.72)
    path.lineTo(x + size * 0.82, y + size * 0.08)
    path.curveTo(x + size * 0.82, y - size * 0.5, x + size * 0.45, y - size * 0.84, x, y - size * 1.02)
    path.curveTo(x - size * 0.45, y - size * 0.84, x - size * 0.82, y - size * 0.5, x - size * 0.82, y + size * 0.08)
    path.lineTo(x - size * 0.82, y + size * 0.72)
    path.close()
    return path


def _foot(document: Document, face: Face) -> None:
    """Left the code that anybody can check, right the places for two signatures."""
    canvas = document.canvas
    left, bottom = 26 * MM, 24.5 * MM
    document.qr(face.address, left, bottom + 4.5 * MM, QR_SIDE)
    canvas.setStrokeColorRGB(*SOFT_GOLD)
    canvas.setLineWidth(0.5)
    canvas.rect(left, bottom + 4.5 * MM, QR_SIDE, QR_SIDE, stroke=1, fill=0)
    canvas.setFillColorRGB(*INK)
    document.centred(shown(face.code), left + QR_SIDE / 2, bottom, BOLD, 8.8)

    beside = left + QR_SIDE + 4.5 * MM
    host = face.address.split("://", 1)[-1].split("/", 1)[0]
    canvas.setFillColorRGB(*GREY)
    for place, (line, face_of_line) in enumerate(
        (("Periksa keaslian piagam ini:", BOLD), ("pindai kode, atau ketik", REGULAR), (f"{host}/verify", REGULAR),
         ("lalu cocokkan isinya.", REGULAR))
    ):  # fmt: skip
        canvas.setFont(face_of_line, 8.6)
        canvas.drawString(beside, bottom + 22 * MM - place * 4.4 * MM, line)

    issued = f"Ditetapkan pada {format_date(face.issued_on, 'd MMMM y', locale='id_ID')}"
    right = document.width - 26 * MM
    canvas.setFillColorRGB(*INK)
    column, gap = 54 * MM, 7 * MM
    middle = right - column - gap / 2
    document.centred(issued, middle, bottom + 32 * MM, MEDIUM, 10)
    for no, role in enumerate(("Ketua Panel", "Penyelenggara")):
        start = right - (2 - no) * column - (1 - no) * gap
        canvas.setFillColorRGB(*GREY)
        document.centred(role, start + column / 2, bottom + 26 * MM, REGULAR, 10)
        canvas.setStrokeColorRGB(*GREY)
        canvas.setLineWidth(0.6)
        canvas.line(start, bottom + 4.5 * MM, start + column, bottom + 4.5 * MM)
        document.centred("nama dan tanda tangan", start + column / 2, bottom, ITALIC, 8.6)


def _across(document: Document, word: str) -> None:
    """One word over the whole page, so that training paper is never taken for an award."""
    canvas = document.canvas
    canvas.saveState()
    canvas.translate(document.width / 2, document.height / 2)
    canvas.rotate(28)
    canvas.setFillColorRGB(*WARNING)
    canvas.setFillAlpha(0.2)
    size = 150
    canvas.setFont(BLACK, size)
    canvas.drawCentredString(0, -size * 0.36, word)
    canvas.restoreState()
    canvas.setFillColorRGB(*WARNING)
    document.centred("SIMULASI: data latihan, bukan hasil", document.width / 2, 20.6 * MM, BOLD, 9)
