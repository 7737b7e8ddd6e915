"""Totals as bars of many parts in groups: each part is named on the bar where its name fits."""

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup, escape

from paritrana.web.charts import PARTS
from paritrana.web.figures import LABELS, WIDTH, label, svg, text

ROW, BAR, LEGEND, ACROSS = 36, 24, 26, 2


@dataclass(frozen=True)
class Piece:
    """A part of a bar: its short name, the place of its group in the legend, and its size."""

    name: str
    group: int
    size: float


def grouped_bars(
    name: str,
    title: str,
    description: str,
    groups: Sequence[str],
    rows: Sequence[tuple[str, Sequence[Piece], str]],
    whole: float,
) -> Markup:
    """Rows of (name, parts, total as written); `whole` is what fills the width."""
    end = 8 * max((len(said) for _name, _parts, said in rows), default=0) + 12
    space = WIDTH - LABELS - end
    top = LEGEND * -(-len(groups) // ACROSS) + 8
    pieces = ["<defs>", *(_pattern(name, no) for no in range(len(groups))), "</defs>"]
    for no, words in enumerate(groups):
        x, y = no % ACROSS * (WIDTH / ACROSS), no // ACROSS * LEGEND
        pieces.append(
            f'<rect x="{x:g}" y="{y + 2}" width="18" height="16" fill="url(#{name}-{no})"/>'
            + text(x + 26, y + 15, words)
        )
    for place, (named, parts, said) in enumerate(rows):
        y, x = top + ROW * place, float(LABELS)
        pieces.append(label(LABELS - 12, y + 17, named))
        for part in parts:
            width = space * part.size / (whole or 1)
            pieces.append(
                f'<rect x="{x:.2f}" y="{y}" width="{width:.2f}" height="{BAR}" fill="url(#{name}-{part.group})" '
                'stroke="#FFFFFF"/>'
            )
            if width > 9 * len(part.name) + 4:
                middle = x + width / 2
                room = 8.5 * len(part.name) + 2
                pieces.append(
                    f'<rect x="{middle - room / 2:.2f}" y="{y + 4}" width="{room:.2f}" height="16" fill="#FFFFFF"/>'
                    f'<text x="{middle:.2f}" y="{y + 16.5}" text-anchor="middle" font-size="12" fill="#1A1F2B">'
                    f"{escape(part.name)}</text>"
                )
            x += width
        pieces.append(text(WIDTH - 4, y + 17, said, anchor="end", weight=600))
    return svg(name, title, description, top + ROW * len(rows), pieces)


def _pattern(name: str, number: int) -> str:
    colour, path = PARTS[number % len(PARTS)]
    lines = f'<path d="{path}" stroke="#FFFFFF" stroke-width="1.5" fill="none"/>' if path else ""
    return (
        f'<pattern id="{name}-{number}" width="8" height="8" patternUnits="userSpaceOnUse">'
        f'<rect width="8" height="8" fill="{colour}"/>{lines}</pattern>'
    )
