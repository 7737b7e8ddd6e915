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


class PaperSheet:
    """Paper under way: lines and rows downwards, on as many pages as they need."""

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

    def head(self) -> None:
        """The heading and the title with the line below them."""
        canvas = self.document.canvas
        self.y -= 2 * MM
        self.lines(broken(self.paper.heading, MEDIUM, 12, self.right - MARGIN), MARGIN, MEDIUM, 12, GREY)
        self.y -= 2 * MM
        self.lines(broken(self.paper.title, BOLD, 18, self.right - MARGIN), MARGIN, BOLD, 18, INK)
        canvas.setStrokeColorRGB(*RULE)
        canvas.setLineWidth(1.2)
        canvas.line(MARGIN, self.y + 3 * MM, self.right, self.y + 3 * MM)
        self.y -= 3 * MM

    def heading(self, words: str) -> None:
        """The heading of a section, never the last line of a page."""
        self.keep(4 * LEADING)
        self.y -= 2 * MM
        self.lines(broken(words, BOLD, 11.5, self.right - MARGIN), MARGIN, BOLD, 11.5, INK)

    def section(self, section: Section) -> None:
        """A heading with its lines."""
        self.heading(section.heading)
        for label, text in section.rows:
            self.row(label, text)

    def signatures(self, names: Sequence[str]) -> None:
        """A line for every hand, with the name below it."""
        canvas = self.document.canvas
        for name in names:
            self.y -= 14 * MM
            canvas.setStrokeColorRGB(*GREY)
            canvas.line(MARGIN, self.y + 4 * MM, MARGIN + 70 * MM, self.y + 4 * MM)
            self.lines([printable(name)], MARGIN, REGULAR, SIZE, GREY)


def draw(paper: MinutesPaper) -> bytes:
    """The minutes as a PDF. A sign that the font lacks is drawn as "?"."""
    sheet = PaperSheet(paper)
    sheet.head()
    for section in paper.sections:
        sheet.section(section)
    sheet.keep(len(paper.signatures) * 18 * MM)
    sheet.signatures(paper.signatures)
    return sheet.document.finish()
