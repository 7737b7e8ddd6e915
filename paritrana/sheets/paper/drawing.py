"""Score sheets to print: A4 portrait, with boxes to write in, and at the foot what tells which paper it is."""

from collections.abc import Sequence
from dataclasses import dataclass

from paritrana.nominations.drawing import GREY, INK, RULE, WARNING, broken, printable
from paritrana.paper import BOLD, MEDIUM, MM, REGULAR, Document, new_document

MARGIN = 16 * MM
FIGURE, TICK, HEIGHT = 26 * MM, 7 * MM, 11 * MM  # the boxes of an indicator
SIDE = FIGURE + 10 * MM + TICK + 8 * MM  # what they take on the right
QR_SIDE = 24 * MM
FOOT = MARGIN + QR_SIDE + 2 * MM
SIZE, SMALL, LEADING = 10.0, 8.5, 1.32
MOST_ANCHORS = 3  # lines


@dataclass(frozen=True)
class Row:
    """An indicator: its code and title, the scale, and its anchors in short. `excused`: why nothing is written."""

    code: str
    title: str
    scale: str
    anchors: str
    excused: str = ""


@dataclass(frozen=True)
class SheetPaper:
    """The words of one paper. `address` goes into the QR code; `page` has places for two numbers."""

    title: str
    heading: str
    facts: Sequence[tuple[str, str]]
    how: Sequence[str]
    rows: Sequence[Row]
    signer: str
    ref: str
    foot: Sequence[str]
    address: str
    band: str = ""


@dataclass(frozen=True)
class Words:
    """What stands on every paper in one language."""

    abstains: str
    reason: str
    note: str
    signature: str
    place: str
    page: str  # with {} twice


@dataclass(frozen=True)
class Bundle:
    """Several papers in one file."""

    title: str
    subject: str
    operator: str
    language: str
    words: Words
    papers: Sequence[SheetPaper]


def draw(bundle: Bundle) -> bytes:
    """The papers as a PDF, each beginning on a page of its own; the same bytes every time.

    A sign that the font lacks is drawn as "?"; the pages show it.
    """
    document = new_document(
        title=bundle.title, subject=bundle.subject, author=bundle.operator, language=bundle.language, landscape=False
    )
    first = True
    for paper in bundle.papers:
        pages = _Paper(document, paper, bundle.words).pages()
        for no, rows in enumerate(pages, start=1):
            if not first:
                document.canvas.showPage()
            first = False
            _Page(document, paper, bundle.words).draw(rows, no, len(pages))
    return document.finish()


@dataclass(frozen=True)
class _Laid:
    """An indicator with its lines broken, and the height that it takes."""

    row: Row
    titles: Sequence[str]
    anchors: Sequence[str]
    height: float


class _Paper:
    """Lays out a paper: which indicators stand on which page."""

    def __init__(self, document: Document, paper: SheetPaper, words: Words) -> None:
        self.document, self.paper, self.words = document, paper, words
        self.right = document.width - MARGIN

    def pages(self) -> list[list[_Laid]]:
        """The indicators of each page; the signature stands below the last ones."""
        laid = [self._lay(row) for row in self.paper.rows]
        whole = self.document.height - MARGIN - FOOT
        room = whole - _head(self.document, self.paper, full=True)
        found: list[list[_Laid]] = [[]]
        for one in laid:
            if one.height > room and found[-1]:
                found.append([])
                room = whole - _head(self.document, self.paper, full=False)
            found[-1].append(one)
            room -= one.height
        if room < SIGNATURE:
            found.append([])
        return found

    def _lay(self, row: Row) -> _Laid:
        room = self.right - MARGIN - SIDE
        titles = broken(f"{row.code}  {row.title}", MEDIUM, SIZE, room)
        anchors = broken(row.anchors, REGULAR, SMALL, room) if row.anchors else []
        if len(anchors) > MOST_ANCHORS:
            anchors = [*anchors[: MOST_ANCHORS - 1], anchors[MOST_ANCHORS - 1] + " …"]
        if row.excused:
            anchors = broken(row.excused, REGULAR, SMALL, room)
        text = (len(titles) * SIZE + (len(anchors) + 1) * SMALL) * LEADING
        return _Laid(row, titles, anchors, max(text, HEIGHT + 3 * MM) + (3 * MM if row.excused else 10 * MM))


SIGNATURE = 44 * MM  # the note and the signature


def _head(document: Document, paper: SheetPaper, *, full: bool) -> float:
    """How high the head of a page is."""
    height = 14 * MM if not full else 0.0
    if paper.band:
        height += 6 * MM
    if full:
        room = document.width - 2 * MARGIN
        height += len(broken(paper.heading, MEDIUM, 11, room)) * 11 * LEADING
        height += len(broken(paper.title, BOLD, 17, room)) * 17 * LEADING + 2 * MM
        height += sum(
            len(broken(value, MEDIUM, SIZE, room - 34 * MM)) * SIZE * LEADING for _label, value in paper.facts
        )
        height += sum(len(broken(one, REGULAR, SMALL, room)) for one in paper.how) * SMALL * LEADING + 8 * MM
    return height


class _Page:
    """Draws one page."""

    def __init__(self, document: Document, paper: SheetPaper, words: Words) -> None:
        self.document, self.paper, self.words = document, paper, words
        self.canvas = document.canvas
        self.right = document.width - MARGIN
        self.y = document.height - MARGIN

    def draw(self, rows: Sequence[_Laid], no: int, count: int) -> None:
        """Head, indicators, on the last page the signature, and the foot."""
        self._head(no)
        for one in rows:
            self._indicator(one)
        if no == count:
            self._signature()
        self._foot(no, count)

    def _lines(self, lines: Sequence[str], x: float, face: str, size: float, ink: tuple[float, float, float]) -> None:
        self.canvas.setFillColorRGB(*ink)
        self.canvas.setFont(face, size)
        for line in lines:
            self.y -= size * LEADING
            self.canvas.drawString(x, self.y + size * (LEADING - 1), line)

    def _head(self, no: int) -> None:
        paper, room = self.paper, self.right - MARGIN
        if paper.band:
            self.canvas.setFillColorRGB(*WARNING)
            self.document.centred(printable(paper.band), self.document.width / 2, self.y - 3 * MM, BOLD, 10)
            self.y -= 6 * MM
        if no > 1:
            _label, name = paper.facts[0]
            told = broken(f"{paper.title}: {name}", MEDIUM, SIZE, room)[0]
            self._lines([told], MARGIN, MEDIUM, SIZE, GREY)
            self.y -= 4 * MM
            self._rule()
            return
        self._lines(broken(paper.heading, MEDIUM, 11, room), MARGIN, MEDIUM, 11, GREY)
        self._lines(broken(paper.title, BOLD, 17, room), MARGIN, BOLD, 17, INK)
        self.y -= 2 * MM
        for label, value in paper.facts:
            top = self.y
            self._lines(broken(value, MEDIUM, SIZE, room - 34 * MM), MARGIN + 34 * MM, MEDIUM, SIZE, INK)
            below, self.y = self.y, top
            self._lines(broken(label, REGULAR, SIZE, 32 * MM)[:1], MARGIN, REGULAR, SIZE, GREY)
            self.y = below
        self.y -= 2 * MM
        for text in paper.how:
            self._lines(broken(text, REGULAR, SMALL, room), MARGIN, REGULAR, SMALL, INK)
        self.y -= 3 * MM
        self._rule()

    def _rule(self) -> None:
        self.canvas.setStrokeColorRGB(*RULE)
        self.canvas.setLineWidth(0.8)
        self.canvas.line(MARGIN, self.y, self.right, self.y)
        self.y -= 2 * MM

    def _indicator(self, one: _Laid) -> None:
        top, row = self.y, one.row
        self._lines(one.titles, MARGIN, MEDIUM, SIZE, INK)
        if not row.excused:
            self._lines([row.scale], MARGIN, REGULAR, SMALL, INK)
        self._lines(one.anchors, MARGIN, REGULAR, SMALL, GREY)
        if not row.excused:
            self._boxes(top - 1.5 * MM)
            self._write_line(top - one.height + 4.5 * MM)
        self.y = top - one.height
        self.canvas.setStrokeColorRGB(0.82, 0.84, 0.88)
        self.canvas.setLineWidth(0.5)
        self.canvas.line(MARGIN, self.y + 1.5 * MM, self.right, self.y + 1.5 * MM)

    def _boxes(self, top: float) -> None:
        left = self.right - SIDE + 6 * MM
        self.canvas.setStrokeColorRGB(*INK)
        self.canvas.setLineWidth(1)
        self.canvas.rect(left, top - HEIGHT, FIGURE, HEIGHT)
        x = self.right - TICK
        self.canvas.rect(x, top - (HEIGHT + TICK) / 2, TICK, TICK)
        self.canvas.setFillColorRGB(*INK)
        self.canvas.setFont(MEDIUM, SIZE)
        self.canvas.drawRightString(x - 1.5 * MM, top - HEIGHT / 2 - SIZE * 0.35, printable(self.words.abstains))

    def _write_line(self, y: float) -> None:
        self.canvas.setFillColorRGB(*GREY)
        self.canvas.setFont(REGULAR, SMALL)
        label = printable(self.words.reason)
        self.canvas.drawString(MARGIN, y, label)
        begins = MARGIN + self.canvas.stringWidth(label, REGULAR, SMALL) + 2 * MM
        self._dotted(begins, self.right, y)

    def _dotted(self, left: float, right: float, y: float) -> None:
        self.canvas.setStrokeColorRGB(*GREY)
        self.canvas.setLineWidth(0.5)
        self.canvas.setDash(1, 2)
        self.canvas.line(left, y - 1, right, y - 1)
        self.canvas.setDash()

    def _signature(self) -> None:
        y = self.y - 5 * MM
        self.canvas.setFillColorRGB(*GREY)
        self.canvas.setFont(REGULAR, SMALL)
        label = printable(self.words.note)
        self.canvas.drawString(MARGIN, y, label)
        self._dotted(MARGIN + self.canvas.stringWidth(label, REGULAR, SMALL) + 2 * MM, self.right, y)
        self._dotted(MARGIN, self.right, y - 8 * MM)
        y -= 30 * MM
        middle = MARGIN + (self.right - MARGIN) / 2
        for left, right, text in (
            (MARGIN, middle - 8 * MM, self.words.place),
            (middle + 8 * MM, self.right, self.words.signature),
        ):
            self.canvas.setStrokeColorRGB(*INK)
            self.canvas.setLineWidth(0.7)
            self.canvas.line(left, y, right, y)
            self.canvas.setFillColorRGB(*GREY)
            self.canvas.setFont(REGULAR, SMALL)
            for place, line in enumerate(broken(text, REGULAR, SMALL, right - left)):
                self.canvas.drawString(left, y - (place + 1) * SMALL * LEADING, line)
        self.canvas.setFillColorRGB(*INK)
        self.canvas.setFont(MEDIUM, SIZE)
        self.canvas.drawRightString(self.right, y - SMALL * LEADING, printable(self.paper.signer))

    def _foot(self, no: int, count: int) -> None:
        self.document.qr(self.paper.address, self.right - QR_SIDE, MARGIN - 4 * MM, QR_SIDE)
        y = MARGIN + 10 * MM
        self.canvas.setFillColorRGB(*INK)
        self.canvas.setFont(BOLD, 11)
        self.canvas.drawString(MARGIN, y, printable(self.paper.ref))
        self.canvas.setFillColorRGB(*GREY)
        self.canvas.setFont(REGULAR, SMALL)
        page = self.words.page.replace("{}", str(no), 1).replace("{}", str(count), 1)
        for line in (*self.paper.foot, page):
            y -= SMALL * LEADING
            self.canvas.drawString(MARGIN, y, printable(line))
