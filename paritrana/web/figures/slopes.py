"""Ranks in several orders side by side, the same candidate joined by a line."""

from collections.abc import Sequence

from markupsafe import Markup

from paritrana.web.charts import STROKES
from paritrana.web.figures import LABELS, WIDTH, label, line, svg, text

ROW, HEAD = 30, 48


def slope_lines(
    name: str,
    title: str,
    description: str,
    columns: Sequence[str],
    rows: Sequence[tuple[str, Sequence[int | None]]],
) -> Markup:
    """Rows of (name, rank in each column); the first column is the order that the names stand in.

    Ranks that are shared stand beside each other on the same height; who has no rank in a column has no point there.
    """
    deepest = max((one for _name, ranks in rows for one in ranks if one is not None), default=1)
    right = WIDTH - 60
    gap = (right - LABELS) / max(len(columns) - 1, 1)

    def down(rank: int) -> float:
        return HEAD + ROW * (rank - 0.5)

    pieces = [
        text(LABELS + gap * no, 20, one, anchor="start" if no == 0 else "end" if no == len(columns) - 1 else "middle")
        for no, one in enumerate(columns)
    ]
    shared: dict[tuple[int, int], int] = {}
    heights: dict[int, int] = {}
    for place, (named, ranks) in enumerate(rows):
        colour, dash = STROKES[place % len(STROKES)]
        spots: list[tuple[float, float, int]] = []
        for no, rank in enumerate(ranks):
            if rank is None:
                continue
            before = shared.get((no, rank), 0)
            shared[no, rank] = before + 1
            spots.append((LABELS + gap * no + before * 26, down(rank), rank))
        if len(spots) > 1:
            way = "L".join(f"{x:.2f} {y:.2f}" for x, y, _rank in spots)
            pieces.append(line(f"M{way}", colour=colour, width=2, dash=dash))
        pieces += [_point(x, y, rank, colour) for x, y, rank in spots]
        first = ranks[0]
        if first is not None:
            again = heights.get(first, 0)
            heights[first] = again + 1
            pieces.append(label(LABELS - 20, down(first) + 5 + again * 15, named))
    return svg(name, title, description, HEAD + ROW * deepest + 10, pieces)


def _point(x: float, y: float, rank: int, colour: str) -> str:
    return f'<circle cx="{x:.2f}" cy="{y:.2f}" r="11" fill="#FFFFFF" stroke="{colour}" stroke-width="2"/>' + text(
        x, y + 4.5, str(rank), anchor="middle", size=12, weight=600
    )
