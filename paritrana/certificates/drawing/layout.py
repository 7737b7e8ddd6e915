"""How the words of a certificate fit their paper: sizes, lines, and heights that give way before a name does."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import lru_cache
from typing import Final

from babel.dates import format_date

from paritrana.certificates.drawing.designs import GREY, INK, Plan
from paritrana.certificates.drawing.ink import Colour
from paritrana.core.certificates import MOST_SIGNATORIES, TEXTS, Facts, Template, fill
from paritrana.paper import (
    BOLD,
    ITALIC,
    LIGHT,
    MEDIUM,
    MM,
    NAME_SPOTS,
    REGULAR,
    SMALLEST,
    Fitted,
    TooLong,
    broken_evenly,
    check_printable,
    fit,
    in_order,
    width,
)

LOCALES: Final = {"id": "id_ID", "en": "en_GB"}
CAPITAL: Final = 0.72  # height of a capital letter, in sizes
SPACED: Final = 0.13  # between the letters of a heading in capitals, in sizes
SCALES: Final = ((1.0, 0.7), (0.95, 0.65), (0.9, 0.6), (0.85, 0.55), (SMALLEST, 0.45))
"""How texts give way when height is short: their size, and how tight the gaps between them become before the next."""

WIDE: Final = 1.5  # how far the gaps grow
SPACE_TO_SIGN: Final = 13.5 * MM
DATE, DATE_GAP = 4.2 * MM, 4 * MM
COLUMN: Final = 62 * MM  # of a signatory at most
COLUMN_GAP: Final = 4 * MM


@dataclass(frozen=True)
class Style:
    """How a text of a template is set: the second language is smaller and leaning."""

    face: str
    size: float
    lines: int
    gap: float  # above it, in points
    accent: str = ""  # a colour of the palette; else grey
    leading: float = 1.3


@dataclass(frozen=True)
class Place:
    """A text as it stands on the paper. `percent` is its size beside the full size of its place."""

    name: str
    text: str
    lines: tuple[str, ...]
    percent: int


@dataclass(frozen=True)
class Block:
    """A text that is laid: its lines, its size, and the gap above it."""

    name: str
    language: str
    lines: tuple[str, ...]
    face: str
    size: float
    full: float
    gap: float
    leading: float
    accent: str
    spaced: float = 0.0  # between two letters, in sizes

    @property
    def height(self) -> float:
        """From the top of its capitals to its last base line."""
        return self.size * (CAPITAL + (len(self.lines) - 1) * self.leading)

    def scaled(self, scale: float) -> "Block":
        """The same, smaller, and never smaller than a text may be."""
        return replace(self, size=max(self.size * scale, self.full * SMALLEST))

    @property
    def place(self) -> Place:
        """What the check of the fields says of it."""
        return Place(self.name, " ".join(self.lines), self.lines, round(100 * self.size / self.full))


@dataclass(frozen=True)
class Signed:
    """The place of one signatory, from top to bottom."""

    office: Fitted
    second: Fitted | None
    name: Fitted | None
    image: str


@dataclass(frozen=True)
class Foot:
    """What stands below the texts: place and date, and the signatories in columns of one width."""

    dates: tuple[tuple[str, str, str, float], ...]  # language, words, face, size; one beside the other
    columns: tuple[Signed, ...]
    column: float
    offices: float  # height of what stands above the space to sign
    names: float  # and of what stands below it

    @property
    def height(self) -> float:
        """The whole height."""
        return DATE + DATE_GAP + (self.offices + SPACE_TO_SIGN + self.names if self.columns else 0)


MAIN: Final[Mapping[str, Style]] = {
    "heading": Style(LIGHT, 29, 2, 6.5 * MM, "deep", 1.15),
    "above": Style(REGULAR, 11.5, 2, 6.5 * MM),
    "recipient": Style(BOLD, 0, 3, 6 * MM, "ink", 1.16),
    "between": Style(REGULAR, 11.5, 2, 10.5 * MM),
    "title": Style(BOLD, 23, 2, 5.5 * MM, "gold", 1.15),
    "body": Style(REGULAR, 11, 4, 5.5 * MM, "ink", 1.4),
    "closing": Style(REGULAR, 10, 3, 5 * MM, "", 1.4),
}
SECOND: Final[Mapping[str, Style]] = {
    "heading": Style(ITALIC, 13, 2, 3 * MM, "bright"),
    "above": Style(ITALIC, 9.5, 2, 2 * MM),
    "between": Style(ITALIC, 9.5, 2, 2 * MM),
    "title": Style(ITALIC, 12.5, 2, 3 * MM, "bright"),
    "body": Style(ITALIC, 9, 4, 3.4 * MM, "", 1.35),
    "closing": Style(ITALIC, 8.5, 3, 2 * MM, "", 1.35),
}
NARROW: Final = ("body", "closing")  # texts that may stand beside the code, and whose long lines would be hard to read
OF_LINES: Final = (1.0, 0.92, 0.84)  # how large a name is on one line, two and three
SMALLER: Final = {"heading": 0.83, "title": 0.87}  # on narrow paper


def blocks(template: Template, plan: Plan, facts: Facts, narrow: float) -> tuple[Block, ...]:
    """The texts of a paper in their full size or as small as their width asks. Raises `NotPrintable`, `TooLong`.

    `narrow` is the width of the running texts at the end.
    """
    found: list[Block] = []
    for name in (*TEXTS[:2], "recipient", *TEXTS[2:]):
        if name == "recipient":
            found.append(_name(template, facts))
            continue
        for language in template.languages:
            words = fill(template.texts[name].of(language), facts, language, day=day_of(facts, language))
            if words:
                second = language != template.languages[0]
                room = narrow if name in NARROW else plan.right - plan.left
                found.append(_text(name, words, language, room, template.paper, second=second))
    return tuple(found)


def day_of(facts: Facts, language: str) -> str:
    """The day of issue in words."""
    return _day(facts.issued_on, language)


@lru_cache(maxsize=64)
def _day(day: date, language: str) -> str:
    return format_date(day, "d MMMM y", locale=LOCALES[language])


def _name(template: Template, facts: Facts) -> Block:
    spot, style = NAME_SPOTS[template.paper], MAIN["recipient"]
    laid = fit(facts.recipient, spot.face, spot.size, spot.room, spot.lines)
    size = min(laid.size, spot.size * OF_LINES[len(laid.lines) - 1])
    return Block("recipient", "", laid.lines, spot.face, size, spot.size, style.gap, style.leading, style.accent)


def _text(name: str, words: str, language: str, room: float, paper: str, *, second: bool) -> Block:
    style = (SECOND if second else MAIN)[name]
    full = style.size * (SMALLER.get(name, 1) if paper == "portrait" else 1)
    spaced = SPACED if name == "heading" and not second and words.isupper() else 0.0
    if spaced:
        room /= 1 + SPACED / (width(words, style.face, 1) / len(words))
    laid = lay(words, style.face, full, room, style.lines)
    return Block(name if not second else f"{name}, {language}", language, laid.lines, style.face, laid.size, full,
                 style.gap, style.leading, style.accent, spaced)  # fmt: skip


@lru_cache(maxsize=512)  # most texts of a paper are the same on the next one
def lay(words: str, face: str, size: float, room: float, most: int) -> Fitted:
    """A running text on as few lines as it needs in its full size, else on all its lines and smaller."""
    words = in_order(words)
    check_printable(words, face)
    for count in range(1, most + 1):
        lines = broken_evenly(words, face, count)
        if max(width(line, face, size) for line in lines) <= room:
            return Fitted(lines, size)
    return fit(words, face, size, room, most)


def foot(template: Template, facts: Facts, room: float) -> Foot:
    """What stands below the texts, `room` points wide. Raises `NotPrintable`, `TooLong`."""
    first, *others = template.languages
    place = f"{template.place}, " if template.place else ""
    dates = [(first, f"{place}{day_of(facts, first)}", MEDIUM, 10.0)]
    dates += [(language, f"  ·  {day_of(facts, language)}", ITALIC, 8.5) for language in others]
    for _language, words, face, _size in dates:
        check_printable(words, face)
    count = len(template.signatories)
    column = min(COLUMN, (room - (count - 1) * COLUMN_GAP) / count) if count else 0.0
    size = 0.88 if count == MOST_SIGNATORIES else 1.0
    columns = []
    for one in template.signatories:
        office = lay(one.office.of(first), MEDIUM, 10 * size, column, 3)
        second = lay(one.office.of(others[0]), ITALIC, 8.5 * size, column, 3) if others else None
        name = lay(one.name, BOLD, 10.5 * size, column, 3) if one.name else None
        columns.append(Signed(office, second, name, one.image))
    offices = max((_height(one.office) + (_height(one.second) if one.second else 0) for one in columns), default=0)
    names = max((_height(one.name) if one.name else 0 for one in columns), default=0) + 1.2 * MM
    return Foot(tuple(dates), tuple(columns), column, offices, names)


def _height(laid: Fitted) -> float:
    return len(laid.lines) * laid.size * 1.22


def stacked(found: Sequence[Block], room: float, head: float) -> tuple[tuple[Block, ...], float, float, float]:
    """The texts in one size that fits the height: the texts, their scale, by how much their gaps grow, and what
    is left.

    `head` is the height of the logos, above which nothing stands. Gaps and sizes give way together, texts and logos to
    no less than 80 %. Raises `TooLong`, with the name when it is the name that takes many lines.
    """
    gaps = sum(block.gap for block in found) - (0 if head else found[0].gap)
    for scale, tight in SCALES:
        scaled = tuple(block.scaled(scale) for block in found)
        left = room - head * scale - sum(block.height for block in scaled)
        if left >= gaps * tight:
            stretch = min(left / gaps, WIDE)
            return scaled, scale, stretch, left - gaps * stretch
    name = next(block for block in found if block.name == "recipient")
    longest = max(found, key=lambda block: len(" ".join(block.lines)))
    raise TooLong(text=(name if len(name.lines) > 1 else longest).place.text[:80])


def ink_of(accent: str, colours: object, gold: Colour) -> Colour:
    """The colour of a text by its name."""
    if accent == "gold":
        return gold
    if accent == "ink":
        return INK
    return getattr(colours, accent) if accent else GREY
