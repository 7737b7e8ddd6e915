"""Lines over time from 0 to 100 %, several of them, each with its own marker and dash, and a target as a dashed line.

A gap stays a gap: only neighbours that may be compared are joined.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from markupsafe import Markup

from paritrana.web.figures import WIDTH, line, svg, text

HEIGHT, LEFT, RIGHT, LEGEND = 300, 52, 116, 26
# One after the other: colour, dashes. Each line has its marker, too.
STROKES = (
    ("#0067A5", ""), ("#C25400", "8 4"), ("#00795A", "2 4"), ("#93348F", "12 4 2 4"), ("#5F6878", "5 3"),
)  # fmt: skip


@dataclass(frozen=True)
class Spot:
    """One figure: when, how much, as written, and whether it may be joined to the one before it."""

    on: date
    percent: float
    said: str
    joined: bool = True


@dataclass(frozen=True)
class Trend:
    """One line: its label and its figures in order of time."""

    label: str
    spots: Sequence[Spot]


def trend_lines(
    name: str, title: str, description: str, lines: Sequence[Trend], target: tuple[float, str] | None = None
) -> Markup:
    """The picture; `target` is a percent and its words. At most as many lines as there are `STROKES`."""
    days = [spot.on for one in lines for spot in one.spots]
    first, last = min(days), max(days)
    span = max((last - first).days, 1)
    top = 16 + LEGEND * -(-len(lines) // 3)
    bottom, right = top + HEIGHT - 60, WIDTH - RIGHT

    def across(on: date) -> float:
        return LEFT + 24 + (right - LEFT - 48) * ((on - first).days / span if last > first else 0.5)

    def down(percent: float) -> float:
        return bottom - (bottom - top) * min(max(percent, 0), 100) / 100

    pieces = [
        line(f"M{LEFT} {down(share):.2f}H{right}", width=1, opacity=0.25)
        + text(LEFT - 8, down(share) + 5, f"{share}%", anchor="end")
        for share in (0, 25, 50, 75, 100)
    ]
    pieces += [
        text(across(date(year, 12, 31) if year < last.year else last), bottom + 24, str(year), anchor="middle")
        for year in sorted({one.year for one in days})
    ]
    if target is not None:
        y = down(target[0])
        pieces.append(line(f"M{LEFT} {y:.2f}H{right}", width=2, dash="10 6") + text(right + 8, y + 5, target[1]))
    ends: list[tuple[float, str]] = []
    for no, one in enumerate(lines):
        colour, dash = STROKES[no]
        x, y = no % 3 * (WIDTH / 3), no // 3 * LEGEND + 10
        pieces.append(line(f"M{x:.2f} {y}h34", colour=colour, width=3, dash=dash) + _marker(no, x + 17, y, colour))
        pieces.append(text(x + 44, y + 5, one.label))
        for place, spot in enumerate(one.spots):
            here = across(spot.on), down(spot.percent)
            if place and spot.joined:
                before = one.spots[place - 1]
                way = f"M{across(before.on):.2f} {down(before.percent):.2f}L{here[0]:.2f} {here[1]:.2f}"
                pieces.append(line(way, colour=colour, width=3, dash=dash))
            pieces.append(_marker(no, *here, colour))
        if one.spots:
            ends.append((down(one.spots[-1].percent), f"{one.label} {one.spots[-1].said}"))
    pieces += [
        text(right + 8, y, said, size=13) for y, said in _apart(ends, [] if target is None else [down(target[0]) + 5])
    ]
    return svg(name, title, description, bottom + 36, pieces)


def _apart(ends: Sequence[tuple[float, str]], taken: Sequence[float]) -> list[tuple[float, str]]:
    """The labels at the ends of the lines, from top to bottom, none nearer than a line of text to another."""
    placed: list[tuple[float, str]] = []
    for y, said in sorted(ends):
        at = y + 5
        while any(abs(at - other) < 17 for other in [*taken, *(one for one, _said in placed)]):
            at += 1
        placed.append((at, said))
    return placed


def _marker(no: int, x: float, y: float, colour: str) -> str:
    """A disc, a hollow square, a triangle, a diamond, a hollow disc."""
    kind = no % len(STROKES)
    if kind == 0:
        return f'<circle cx="{x:.2f}" cy="{y:.2f}" r="6" fill="{colour}"/>'
    hollow = f'fill="#FFFFFF" stroke="{colour}" stroke-width="2.5"'
    if kind == 1:
        return f'<rect x="{x - 5:.2f}" y="{y - 5:.2f}" width="10" height="10" {hollow}/>'
    if kind == 2:
        return f'<path d="M{x:.2f} {y - 7:.2f}l7 12h-14z" fill="{colour}"/>'
    if kind == 3:
        return f'<path d="M{x:.2f} {y - 7:.2f}l7 7l-7 7l-7 -7z" {hollow}/>'
    return f'<circle cx="{x:.2f}" cy="{y:.2f}" r="5.5" {hollow}/>'
