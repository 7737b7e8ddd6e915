"""Rows along one axis: a bar from the lowest to the highest value, points on it, and a line that all rows share."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from markupsafe import Markup

from paritrana.web.figures import INK, LABELS, PALE, SECOND, WIDTH, label, line, shape, svg, text

ROW, TOP, LEGEND = 30, 34, 26


@dataclass(frozen=True)
class Axis:
    """From where to where, and the values that are written along it."""

    low: float
    high: float
    ticks: Sequence[tuple[float, str]]


@dataclass(frozen=True)
class RangeRow:
    """One row: its name, the ends of its bar, its points as (value, shape), and what is written at its end."""

    name: str
    ends: tuple[float, float] | None
    points: Sequence[tuple[float, str]]
    said: str = ""


@dataclass(frozen=True)
class Legend:
    """What the shapes mean, each with its words; `bar` for the bar, `line` for the shared line."""

    entries: Sequence[tuple[str, str]] = field(default=())


def range_rows(
    name: str,
    title: str,
    description: str,
    axis: Axis,
    rows: Sequence[RangeRow],
    legend: Legend,
    *,
    mark: float | None = None,
) -> Markup:
    """The picture; `mark` is where the line goes that all rows share. A value outside the axis stands at its end."""
    end = 8 * max((len(one.said) for one in rows), default=0)
    left, right = LABELS, WIDTH - 24 - end
    span = (axis.high - axis.low) or 1

    def across(value: float) -> float:
        return left + (right - left) * (min(max(value, axis.low), axis.high) - axis.low) / span

    top = LEGEND * -(-len(legend.entries) // 2) + TOP
    bottom = top + ROW * len(rows)
    pieces = []
    for no, (kind, words) in enumerate(legend.entries):
        x, y = no % 2 * (WIDTH / 2) + 14, no // 2 * LEGEND + 10
        pieces.append(_key(kind, x, y) + text(x + 20, y + 5, words))
    for value, said in axis.ticks:
        x = across(value)
        pieces.append(line(f"M{x:.2f} {top - 6}V{bottom}", width=1, opacity=0.25))
        pieces.append(text(x, top - 12, said, anchor="middle", size=13))
    if mark is not None:
        pieces.append(line(f"M{across(mark):.2f} {top - 6}V{bottom}", colour=SECOND, width=2, dash="6 4"))
    for no, row in enumerate(rows):
        middle = top + ROW * no + ROW / 2
        pieces.append(label(LABELS - 12, middle + 5, row.name))
        if row.ends is not None:
            start, stop = across(row.ends[0]), across(row.ends[1])
            pieces.append(
                f'<rect x="{start - 3:.2f}" y="{middle - 7:.2f}" width="{max(stop - start, 0) + 6:.2f}" height="14" '
                f'fill="{PALE}" stroke="{INK}"/>'
            )
        pieces += [shape(kind, across(value), middle, 5.5) for value, kind in row.points]
        if row.said:
            pieces.append(text(WIDTH - 4, middle + 5, row.said, anchor="end"))
    return svg(name, title, description, bottom + 8, pieces)


def _key(kind: str, x: float, y: float) -> str:
    if kind == "bar":
        return f'<rect x="{x - 12:.2f}" y="{y - 7:.2f}" width="24" height="14" fill="{PALE}" stroke="{INK}"/>'
    if kind == "line":
        return line(f"M{x - 12:.2f} {y:.2f}h24", colour=SECOND, width=2, dash="6 4")
    return shape(kind, x, y, 5.5)
