"""Pictures of figures as SVG, made on the server: the same numbers give the same bytes.

Only presentation attributes, no styles: the content security policy allows none. Every part has its pattern and its
number, so that a picture reads without colour, and is named by one sentence.
"""

from collections.abc import Sequence

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
