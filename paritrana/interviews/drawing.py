"""The minutes of an interview day as paper: A4 portrait, as many pages as the day needs, numbered."""

from collections.abc import Sequence
from dataclasses import dataclass

from paritrana.nominations.drawing import GREY, INK, MARGIN, RULE, WARNING, broken, printable
from paritrana.paper import BOLD, MEDIUM, MM, REGULAR, Document, new_document

LABELS = 46 * MM
SIZE, LEADING = 10.0, 14.0  # points
FOOT = MARGIN + 8 * MM


@dataclass(frozen=True)
class Section:
    """A heading with its lines: a label and what it says, or a sentence where the label is empty."""

    heading: str
    rows: Sequence[tuple[str, str]]


@dataclass(frozen=True)
class MinutesPaper:
    """The words of the minutes. `band` stands over a rehearsal's paper, else empty; `page` has a place for a number."""

    title: str
    heading: str
    sections: Sequence[Section]
    signatures: Sequence[str]
    foot: str
    page: str
    operator: str
    language: str
    band: str = ""


class _Sheet:
    def __init__(self, paper: MinutesPaper) -> None:
        self.paper = paper
        self.document: Document = new_document(
            title=paper.title, subject=paper.heading, author=paper.operator, language=paper.language, landscape=False
        )
        self.right = self.document.width - MARGIN
        self.no = 0
        self.y = 0.0
        self.turn()

    def turn(self) -> None:
        """Begin a page, with the band above and the number below."""
        canvas = self.document.canvas
        if self.no:
            canvas.showPage()
        self.no += 1
        self.y = self.document.height - MARGIN
        if self.paper.band:
            canvas.setFillColorRGB(*WARNING)
            self.document.centred(printable(self.paper.band), self.document.width / 2, self.y, BOLD, 10)
            self.y -= 8 * MM
        canvas.setFillColorRGB(*GREY)
        canvas.setFont(REGULAR, 8.5)
        canvas.drawString(MARGIN, MARGIN - 4 * MM, printable(self.paper.foot))
        canvas.drawRightString(self.right, MARGIN - 4 * MM, printable(self.paper.page.replace("{}", str(self.no))))

    def lines(self, lines: Sequence[str], x: float, face: str, size: float, ink: tuple[float, float, float]) -> None:
        """Draw lines downwards, on a new page where this one is full."""
        for line in lines:
            if self.y < FOOT:
                self.turn()
            self.document.canvas.setFillColorRGB(*ink)
            self.document.canvas.setFont(face, size)
            self.document.canvas.drawString(x, self.y, line)
            self.y -= size * LEADING / SIZE

    def keep(self, room: float) -> None:
        """Turn the page where less than so many points are left on it."""
        if self.y - room < FOOT:
            self.turn()

    def row(self, label: str, text: str) -> None:
        """A label with what it says beside it, never cut between the two."""
        if not label:
            self.lines(broken(text, REGULAR, SIZE, self.right - MARGIN), MARGIN, REGULAR, SIZE, INK)
            return
        said = broken(text, MEDIUM, SIZE, self.right - MARGIN - LABELS)
        names = broken(label, REGULAR, SIZE, LABELS - 4 * MM)
        self.keep(max(len(said), len(names)) * LEADING)
        top = self.y
        self.lines(names, MARGIN, REGULAR, SIZE, GREY)
        below, self.y = self.y, top
        self.lines(said, MARGIN + LABELS, MEDIUM, SIZE, INK)
        self.y = min(self.y, below)


def draw(paper: MinutesPaper) -> bytes:
    """The minutes as a PDF. A sign that the font lacks is drawn as "?"."""
    sheet = _Sheet(paper)
    canvas = sheet.document.canvas
    sheet.y -= 2 * MM
    sheet.lines(broken(paper.heading, MEDIUM, 12, sheet.right - MARGIN), MARGIN, MEDIUM, 12, GREY)
    sheet.y -= 2 * MM
    sheet.lines(broken(paper.title, BOLD, 18, sheet.right - MARGIN), MARGIN, BOLD, 18, INK)
    canvas.setStrokeColorRGB(*RULE)
    canvas.setLineWidth(1.2)
    canvas.line(MARGIN, sheet.y + 3 * MM, sheet.right, sheet.y + 3 * MM)
    sheet.y -= 3 * MM
    for section in paper.sections:
        sheet.keep(4 * LEADING)
        sheet.y -= 2 * MM
        sheet.lines(broken(section.heading, BOLD, 11.5, sheet.right - MARGIN), MARGIN, BOLD, 11.5, INK)
        for label, text in section.rows:
            sheet.row(label, text)
    sheet.keep(len(paper.signatures) * 18 * MM)
    for name in paper.signatures:
        sheet.y -= 14 * MM
        canvas.setStrokeColorRGB(*GREY)
        canvas.line(MARGIN, sheet.y + 4 * MM, MARGIN + 70 * MM, sheet.y + 4 * MM)
        sheet.lines([printable(name)], MARGIN, REGULAR, SIZE, GREY)
    return sheet.document.finish()
