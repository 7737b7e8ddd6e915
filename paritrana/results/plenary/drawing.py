"""The minutes of the plenary as paper: A4 portrait, with tables, the checkpoint as a code and places to sign."""

from collections.abc import Sequence
from dataclasses import dataclass

from paritrana.interviews.drawing import FOOT, LEADING, MinutesPaper, PaperSheet, Section
from paritrana.nominations.drawing import GREY, INK, MARGIN, broken, printable
from paritrana.paper import BOLD, MEDIUM, MM, REGULAR

CELL = 9.0  # points
GAP = 2.5 * MM  # between two columns
CODE_SIDE = 46 * MM


@dataclass(frozen=True)
class Column:
    """A column: its head, its share of the width, and whether it holds numbers."""

    head: str
    share: float
    number: bool = False


@dataclass(frozen=True)
class Grid:
    """A table under a heading. The first column that holds no number is set in heavier letters."""

    heading: str
    columns: Sequence[Column]
    rows: Sequence[Sequence[str]]


@dataclass(frozen=True)
class Code:
    """What is signed by this installation, as a QR code with notes beside it."""

    heading: str
    content: str
    notes: Sequence[str]


def draw(paper: MinutesPaper, parts: Sequence[Section | Grid | Code]) -> bytes:
    """The minutes as a PDF, the same bytes for the same words. A sign that the font lacks is drawn as "?"."""
    sheet = PaperSheet(paper)
    sheet.head()
    for part in parts:
        if isinstance(part, Section):
            sheet.section(part)
        elif isinstance(part, Grid):
            _grid(sheet, part)
        else:
            _code(sheet, part)
    for name in paper.signatures:
        sheet.keep(18 * MM)
        sheet.signatures([name])
    return sheet.document.finish()


def _grid(sheet: PaperSheet, grid: Grid) -> None:
    room = sheet.right - MARGIN
    shares = sum(one.share for one in grid.columns)
    edges = [MARGIN]
    for one in grid.columns:
        edges.append(edges[-1] + room * one.share / shares)
    sheet.heading(grid.heading)
    _heads(sheet, grid, edges)
    for row in grid.rows:
        cells = [broken(text, REGULAR, CELL, edges[no + 1] - edges[no] - GAP) for no, text in enumerate(row)]
        height = max(map(len, cells)) * CELL * 1.3 + 1.4 * MM
        if sheet.y - height < FOOT:
            sheet.turn()
            _heads(sheet, grid, edges)
        _cells(sheet, grid, edges, cells, face=REGULAR)
        sheet.document.canvas.setLineWidth(0.3)
        sheet.document.canvas.setStrokeColorRGB(*GREY)
        sheet.document.canvas.line(MARGIN, sheet.y + CELL + 0.4 * MM, sheet.right, sheet.y + CELL + 0.4 * MM)


def _heads(sheet: PaperSheet, grid: Grid, edges: Sequence[float]) -> None:
    heads = [broken(one.head, BOLD, CELL - 0.5, edges[no + 1] - edges[no] - GAP) for no, one in enumerate(grid.columns)]
    sheet.keep(max(map(len, heads)) * CELL * 1.3 + LEADING)
    _cells(sheet, grid, edges, heads, face=BOLD)
    canvas = sheet.document.canvas
    canvas.setLineWidth(0.8)
    canvas.setStrokeColorRGB(*INK)
    canvas.line(MARGIN, sheet.y + CELL + 0.4 * MM, sheet.right, sheet.y + CELL + 0.4 * MM)


def _cells(sheet: PaperSheet, grid: Grid, edges: Sequence[float], cells: Sequence[Sequence[str]], *, face: str) -> None:
    canvas, size = sheet.document.canvas, CELL if face == REGULAR else CELL - 0.5
    named = next((no for no, one in enumerate(grid.columns) if not one.number), -1)
    canvas.setFillColorRGB(*INK)
    for no, lines in enumerate(cells):
        canvas.setFont(MEDIUM if face == REGULAR and no == named else face, size)
        for line, text in enumerate(lines):
            y = sheet.y - line * CELL * 1.3
            if grid.columns[no].number:
                canvas.drawRightString(edges[no + 1] - GAP, y, text)
            else:
                canvas.drawString(edges[no], y, text)
    sheet.y -= max(map(len, cells)) * CELL * 1.3 + 1.4 * MM


def _code(sheet: PaperSheet, code: Code) -> None:
    sheet.keep(CODE_SIDE + 4 * LEADING)
    sheet.heading(code.heading)
    top = sheet.y + LEADING
    sheet.document.qr(code.content, MARGIN - 3 * MM, top - CODE_SIDE, CODE_SIDE)
    beside = MARGIN + CODE_SIDE
    sheet.y -= LEADING / 2
    for note in code.notes:
        sheet.lines(broken(printable(note), REGULAR, CELL, sheet.right - beside), beside, REGULAR, CELL, GREY)
        sheet.y -= 1 * MM
    sheet.y = min(sheet.y, top - CODE_SIDE - 2 * MM)
