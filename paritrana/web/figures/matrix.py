"""A matrix of numbers: rows by columns, a number in each cell, some cells with a border."""

from collections.abc import Sequence

from markupsafe import Markup

from paritrana.web.figures import INK, LABELS, PALE, WIDTH, label, svg, text

ROW, HEAD, NARROW, BROAD = 30, 30, 44, 72


def number_matrix(
    name: str,
    title: str,
    description: str,
    columns: Sequence[str],
    rows: Sequence[tuple[str, Sequence[tuple[str, bool]]]],
) -> Markup:
    """Rows of (name, [(number as written, whether its cell has a border)]); the picture grows with the columns."""
    wide = max(NARROW, min(BROAD, (WIDTH - LABELS) / max(len(columns), 1)))
    pieces = [text(LABELS + wide * (no + 0.5), 18, one, anchor="middle", weight=600) for no, one in enumerate(columns)]
    for place, (named, cells) in enumerate(rows):
        y = HEAD + ROW * place
        pieces.append(label(LABELS - 12, y + 20, named))
        for no, (said, bordered) in enumerate(cells):
            x = LABELS + wide * no
            if bordered:
                pieces.append(
                    f'<rect x="{x + 3:.2f}" y="{y + 3}" width="{wide - 6:.2f}" height="{ROW - 6}" fill="{PALE}" '
                    f'stroke="{INK}" stroke-width="2"/>'
                )
            pieces.append(text(x + wide / 2, y + 20, said, anchor="middle", weight=700 if bordered else 400))
    return svg(name, title, description, HEAD + ROW * len(rows) + 6, pieces, max(WIDTH, LABELS + wide * len(columns)))
