"""Pictures of figures as SVG, made on the server: the same numbers give the same bytes.

Only presentation attributes, no styles: the content security policy allows none. Every part has its pattern and its
number, so that a picture reads without colour, and is named by one sentence.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from markupsafe import Markup, escape

WIDTH = 720
LABELS, LETTERS = 236, 28  # what the names of the rows take at the left, and how much of a name fits
LETTER = 8  # a generous width of one letter at the size of the text
BAR, GAP = 26, 14
NARROW, ROW = 320, 84  # the width of a picture for a phone, and what one of its bars takes
LEGEND, LEGEND_ROW = 3, 26  # entries in a row of the legend, and its height

# One after the other: the colour and the pattern of a part. Contrasts stand in the design of the pages.
PARTS = (
    ("#0067A5", ""),
    ("#C25400", "M0 8L8 0"),
    ("#93348F", "M0 4H8"),
    ("#8A6A00", "M4 0V8"),
    ("#5F6878", "M0 0L8 8M0 8L8 0"),
)


def stacked_bars(
    name: str, title: str, description: str, parts: Sequence[str], rows: Sequence[tuple[str, Sequence[tuple[int, str]]]]
) -> Markup:
    """Horizontal bars from zero, each of several parts, with a legend.

    `rows` are (label, [(number, number as written) for every part]); `name` makes ids unique on a page.
    """
    most = max((sum(number for number, _text in values) for _label, values in rows), default=0) or 1
    written = [" · ".join(text for _number, text in values) for _label, values in rows]
    space = WIDTH - LABELS - 16 - LETTER * max(map(len, written), default=0)
    top = 12 + LEGEND_ROW * -(-len(parts) // LEGEND)
    height = top + len(rows) * (BAR + GAP)
    pieces = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" role="img" '
        f'aria-labelledby="{name}-title {name}-desc" font-size="14">',
        f'<title id="{name}-title">{escape(title)}</title><desc id="{name}-desc">{escape(description)}</desc><defs>',
        *(_pattern(name, number) for number in range(len(parts))),
        "</defs>",
    ]
    for number, label in enumerate(parts):
        across, down = number % LEGEND * (WIDTH // LEGEND), number // LEGEND * LEGEND_ROW
        pieces.append(
            f'<rect x="{across}" y="{down + 2}" width="18" height="16" fill="url(#{name}-{number})"/>'
            f'<text x="{across + 26}" y="{down + 15}" fill="currentColor">{escape(label)}</text>'
        )
    for place, (label, values) in enumerate(rows):
        y = top + place * (BAR + GAP)
        pieces.append(
            f'<text x="{LABELS - 12}" y="{y + 18}" text-anchor="end" fill="currentColor">{escape(_short(label))}</text>'
        )
        x = float(LABELS)
        for number, (count, _text) in enumerate(values):
            width = max(space, LABELS) * count / most
            if count:
                pieces.append(
                    f'<rect x="{x:.2f}" y="{y}" width="{width:.2f}" height="{BAR}" fill="url(#{name}-{number})"/>'
                )
            x += width
        pieces.append(f'<text x="{x + 10:.2f}" y="{y + 18}" fill="currentColor">{escape(written[place])}</text>')
    pieces.append("</svg>")
    return Markup("".join(pieces))  # noqa: S704 - every text in it is escaped above


def share_bars(
    name: str, title: str, description: str, parts: Sequence[str], rows: Sequence[tuple[str, Sequence[tuple[int, str]]]]
) -> Markup:
    """Few bars of the same parts for a narrow screen: the label above each bar and the numbers below it.

    The arguments are those of `stacked_bars`; a bar as long as the longest row fills the width.
    """
    most = max((sum(number for number, _text in values) for _label, values in rows), default=0) or 1
    top = 8 + LEGEND_ROW * len(parts)
    pieces = [
        f'<svg xmlns="http://www.w3.org/2000/svg" class="p-narrow" viewBox="0 0 {NARROW} {top + len(rows) * ROW}" '
        f'role="img" aria-labelledby="{name}-title {name}-desc" font-size="14">',
        f'<title id="{name}-title">{escape(title)}</title><desc id="{name}-desc">{escape(description)}</desc><defs>',
        *(_pattern(name, number) for number in range(len(parts))),
        "</defs>",
    ]
    for number, label in enumerate(parts):
        pieces.append(
            f'<rect x="0" y="{number * LEGEND_ROW + 2}" width="18" height="16" fill="url(#{name}-{number})"/>'
            f'<text x="26" y="{number * LEGEND_ROW + 15}" fill="currentColor">{escape(label)}</text>'
        )
    for place, (label, values) in enumerate(rows):
        y, x = top + place * ROW, 0.0
        written = " · ".join(text for _number, text in values)
        pieces.append(f'<text x="0" y="{y + 14}" font-weight="600" fill="currentColor">{escape(label)}</text>')
        for number, (count, _text) in enumerate(values):
            width = NARROW * count / most
            if count:
                pieces.append(
                    f'<rect x="{x:.2f}" y="{y + 22}" width="{width:.2f}" height="{BAR}" fill="url(#{name}-{number})"/>'
                )
            x += width
        pieces.append(f'<text x="0" y="{y + 66}" fill="currentColor">{escape(written)}</text>')
    pieces.append("</svg>")
    return Markup("".join(pieces))  # noqa: S704 - every text in it is escaped above


def _pattern(name: str, number: int) -> str:
    colour, path = PARTS[number % len(PARTS)]
    lines = f'<path d="{path}" stroke="#FFFFFF" stroke-width="1.5" fill="none"/>' if path else ""
    return (
        f'<pattern id="{name}-{number}" width="8" height="8" patternUnits="userSpaceOnUse">'
        f'<rect width="8" height="8" fill="{colour}"/>{lines}</pattern>'
    )


def _short(label: str) -> str:
    return label if len(label) <= LETTERS else label[: LETTERS - 1].rstrip() + "…"


@dataclass(frozen=True)
class Line:
    """One line of a picture of years: its label and (year, percent 0 to 100, percent as written) in order of years."""

    label: str
    points: Sequence[tuple[int, Fraction, str]]


ACROSS, LINES = 440, 280  # width of the picture of years, and its height without the legend
IN_A_ROW = 2  # entries in a row of its legend
# One after the other: colour, dashes and the shape of the points, which differ so that lines read without colour.
STROKES = (("#0067A5", ""), ("#C25400", "2 5"), ("#5F6878", "10 6"))
ABOVE, BELOW = -12, 22  # where the numbers of the first line stand, and those of the others


def year_lines(name: str, title: str, description: str, lines: Sequence[Line]) -> Markup:
    """Lines over years from 0 to 100 %, each with its own shape of points and its numbers, and a legend.

    `name` makes ids unique on a page. At most three lines; a year without a number has no point.
    """
    years = sorted({year for line in lines for year, _value, _text in line.points})
    first, span = (years[0], max(1, years[-1] - years[0])) if years else (0, 1)
    top = 12 + LEGEND_ROW * -(-len(lines) // IN_A_ROW) + 16
    left, right, bottom = 48, ACROSS - 8, top + LINES - 56

    def across(year: int) -> float:
        return left + 28 + (right - left - 56) * (year - first) / span

    def down(value: Fraction) -> float:
        return float(bottom - (bottom - top) * value / 100)

    pieces = [
        f'<svg xmlns="http://www.w3.org/2000/svg" class="p-years" viewBox="0 0 {ACROSS} {top + LINES - 20}" role="img" '
        f'aria-labelledby="{name}-title {name}-desc" font-size="14">'
        f'<title id="{name}-title">{escape(title)}</title><desc id="{name}-desc">{escape(description)}</desc>'
    ]
    for share in (0, 25, 50, 75, 100):
        y = down(Fraction(share))
        pieces.append(
            f'<path d="M{left} {y:.2f}H{right}" stroke="currentColor" stroke-opacity="0.25" fill="none"/>'
            f'<text x="{left - 8}" y="{y + 5:.2f}" text-anchor="end" fill="currentColor">{share}%</text>'
        )
    pieces += [
        f'<text x="{across(year):.2f}" y="{bottom + 26}" text-anchor="middle" fill="currentColor">{year}</text>'
        for year in years
    ]
    for place, line in enumerate(lines):
        colour, dashes = STROKES[place % len(STROKES)]
        dash = f' stroke-dasharray="{dashes}"' if dashes else ""
        along, at = place % IN_A_ROW * (ACROSS // IN_A_ROW), place // IN_A_ROW * LEGEND_ROW + 11
        pieces.append(
            f'<path d="M{along} {at}H{along + 36}" stroke="{colour}" stroke-width="3" fill="none"{dash}/>'
            + _point(place, along + 18, at, colour)
            + f'<text x="{along + 46}" y="{at + 5}" fill="currentColor">{escape(line.label)}</text>'
        )
        spots = [(across(year), down(value), text) for year, value, text in line.points]
        way = "L".join(f"{x:.2f} {y:.2f}" for x, y, _text in spots)
        if way:
            pieces.append(f'<path d="M{way}" stroke="{colour}" stroke-width="3" fill="none"{dash}/>')
        for x, y, text in spots:
            pieces.append(
                _point(place, x, y, colour)
                + f'<text x="{x:.2f}" y="{y + (BELOW if place else ABOVE):.2f}" text-anchor="middle" '
                f'fill="currentColor">{escape(text)}</text>'
            )
    pieces.append("</svg>")
    return Markup("".join(pieces))  # noqa: S704 - every text in it is escaped above


def _point(place: int, x: float, y: float, colour: str) -> str:
    """The point of a line: a disc, a hollow square, a triangle."""
    if place % len(STROKES) == 0:
        return f'<circle cx="{x:.2f}" cy="{y:.2f}" r="6" fill="{colour}"/>'
    if place % len(STROKES) == 1:
        return (
            f'<rect x="{x - 5:.2f}" y="{y - 5:.2f}" width="10" height="10" fill="#FFFFFF" stroke="{colour}" '
            'stroke-width="3"/>'
        )
    return f'<path d="M{x:.2f} {y - 7:.2f}l7 12h-14z" fill="{colour}"/>'


@dataclass(frozen=True)
class Dot:
    """One mark in a strip: its value in the units of the scale, its letter, and whether it is the reader's own."""

    value: Fraction
    letter: str
    own: bool = False


STRIP, RADIUS = 360, 11  # width of a strip of dots, and the size of one dot
STRIP_LABEL, STRIP_AXIS = 24, 34  # above the dots of a row, and below them for its axis


def dot_strip(
    name: str,
    title: str,
    description: str,
    scale: tuple[Fraction, Fraction],
    steps: Sequence[tuple[Fraction, str]],
    rows: Sequence[tuple[str, Sequence[Dot]]],
) -> Markup:
    """Rows of marks along a scale, each mark a disc with its letter; marks that would overlap stand on each other.

    `scale` is (lowest, highest), `steps` are the values written under each axis, `rows` are (label, dots). The
    reader's own disc is white with a ring around it, so that it is told without colour. `name` makes ids unique.
    """
    low, high = scale
    left, right = 22, STRIP - 22

    def across(value: Fraction) -> float:
        return float(left + (right - left) * (value - low) / (high - low))

    pieces: list[str] = []
    y = 0
    for label, dots in rows:
        placed, floors = _stacked([(across(one.value), one) for one in sorted(dots, key=_by_value)])
        base = y + STRIP_LABEL + floors * (2 * RADIUS + 3)
        pieces.append(
            f'<text x="0" y="{y + 15}" font-weight="600" fill="currentColor">{escape(label)}</text>'
            f'<path d="M{left} {base + 4}H{right}" stroke="currentColor" fill="none"/>'
        )
        for value, written in steps:
            x = across(value)
            pieces.append(
                f'<path d="M{x:.2f} {base + 4}v5" stroke="currentColor" fill="none"/><text x="{x:.2f}" '
                f'y="{base + 24}" text-anchor="middle" fill="currentColor">{escape(written)}</text>'
            )
        pieces += [_disc(x, base - RADIUS - 1 - floor * (2 * RADIUS + 3), one) for x, floor, one in placed]
        y = base + STRIP_AXIS
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" class="p-narrow" viewBox="0 0 {STRIP} {y}" role="img" '
        f'aria-labelledby="{name}-title {name}-desc" font-size="14">'
        f'<title id="{name}-title">{escape(title)}</title><desc id="{name}-desc">{escape(description)}</desc>'
    )
    return Markup("".join([head, *pieces, "</svg>"]))  # noqa: S704 - every text in it is escaped above


def _by_value(dot: Dot) -> tuple[Fraction, str]:
    return dot.value, dot.letter


def _stacked(dots: Sequence[tuple[float, Dot]]) -> tuple[list[tuple[float, int, Dot]], int]:
    """Each dot with the lowest floor on which it touches none before it, and how many floors there are."""
    ends: list[float] = []  # the right-most dot of each floor so far
    placed = []
    for x, dot in dots:
        floor = next((no for no, end in enumerate(ends) if x - end >= 2 * RADIUS + 2), len(ends))
        ends[floor : floor + 1] = [x]
        placed.append((x, floor, dot))
    return placed, max(1, len(ends))


def _disc(x: float, y: float, dot: Dot) -> str:
    fill, ink = ("#FFFFFF", "#0067A5") if dot.own else ("#0067A5", "#FFFFFF")
    ring = f'<circle cx="{x:.2f}" cy="{y}" r="{RADIUS + 2}" fill="none" stroke="#0067A5" stroke-width="1.5"/>'
    return (
        f'<circle cx="{x:.2f}" cy="{y}" r="{RADIUS - 1}" fill="{fill}" stroke="#0067A5" stroke-width="2.5"/>'
        f'{ring if dot.own else ""}<text x="{x:.2f}" y="{y + 4}" text-anchor="middle" font-size="12" '
        f'font-weight="600" fill="{ink}">{escape(dot.letter)}</text>'
    )
