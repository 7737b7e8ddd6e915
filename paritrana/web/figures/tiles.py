"""A tile-grid map: one square of equal size for every region, with its letters and its number.

A tile leads to the page of its region by keyboard as well, so the picture is a group of links and not one image. Its
shades repeat the number that is printed in the tile; a region without a number is hatched and shows a dash.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup, escape

from paritrana.web.figures import WIDTH

PITCH_DOWN, GAP, LEGEND = 58, 4, 34
WIDEST, ROOMY = 120, 100  # the broadest tile, and from which breadth on it has room for a caption
CAPTION = 16  # letters of a caption, and what its line adds to the height
INK, LINE = "#1A1F2B", "#7A8496"
# From little to much: the shade, and the colour in which a text on it is read.
RAMP = (("#E8F0FA", INK), ("#BBD3EE", INK), ("#7FAADB", INK), ("#2F6DB3", "#FFFFFF"), ("#143A6B", "#FFFFFF"))


@dataclass(frozen=True)
class Tile:
    """One region: its place from 0 at the top left, its letters and full name, its number as written, its shade."""

    row: int
    column: int
    letters: str
    name: str
    said: str  # "–" for nothing
    step: int | None  # a place in `RAMP`; None where there is no number
    caption: str = ""  # a name, shown where the tile is broad enough
    address: str | None = None


def tile_map(
    name: str, title: str, description: str, tiles: Sequence[Tile], legend: Sequence[tuple[int | None, str]]
) -> Markup:
    """The map; `legend` says in words what each shade stands for, None being the hatched tile.

    `name` makes ids unique on a page. Tiles of few columns are broad and have room for their captions.
    """
    columns = 1 + max((one.column for one in tiles), default=0)
    rows = 1 + max((one.row for one in tiles), default=0)
    pitch = min(WIDEST, WIDTH / columns)
    down = PITCH_DOWN + (CAPTION if pitch >= ROOMY else 0)
    height = rows * down + LEGEND * -(-len(legend) // 3) + 8
    pieces = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" role="group" '
        f'aria-labelledby="{name}-title" aria-describedby="{name}-desc" font-size="15">'
        f'<title id="{name}-title">{escape(title)}</title><desc id="{name}-desc">{escape(description)}</desc>'
        f'<defs><pattern id="{name}-none" width="8" height="8" patternUnits="userSpaceOnUse">'
        f'<rect width="8" height="8" fill="#FFFFFF"/><path d="M0 8L8 0" stroke="{LINE}" fill="none"/></pattern></defs>'
    ]
    pieces += [_tile(name, one, pitch, down) for one in sorted(tiles, key=lambda one: (one.row, one.column))]
    for no, (step, said) in enumerate(legend):
        x, y = no % 3 * (WIDTH / 3), rows * down + 12 + no // 3 * LEGEND
        pieces.append(
            f'<rect x="{x + 1:.2f}" y="{y}" width="26" height="20" fill="{_fill(name, step)}" stroke="{LINE}"/>'
            f'<text x="{x + 36:.2f}" y="{y + 15}" fill="currentColor">{escape(said)}</text>'
        )
    pieces.append("</svg>")
    return Markup("".join(pieces))  # noqa: S704 - every text in it is escaped above


def _tile(name: str, one: Tile, pitch: float, down: int) -> str:
    x, y, width, height = one.column * pitch, one.row * down, pitch - GAP, down - GAP
    ink = INK if one.step is None else RAMP[one.step][1]
    middle = x + 1 + width / 2
    pieces = [
        f"<title>{escape(one.name)}: {escape(one.said)}</title>"
        f'<rect x="{x + 1:.2f}" y="{y + 1}" width="{width:.2f}" height="{height}" fill="{_fill(name, one.step)}" '
        f'stroke="{LINE}"/>'
    ]
    if one.step is None:  # the hatching stays at the rim, so that the text is read
        pieces.append(
            f'<rect x="{x + 6:.2f}" y="{y + 6}" width="{width - 10:.2f}" height="{height - 10}" fill="#FFFFFF"/>'
        )
    lines = [(23, 15, one.letters), (43, 15, one.said)]
    if pitch >= ROOMY:
        lines = [(19, 12, one.letters), (38, 12, _cut(one.caption)), (60, 15, one.said)]
    pieces += [
        f'<text x="{middle:.2f}" y="{y + at}" text-anchor="middle" font-size="{size}" '
        f'font-weight="{650 if no == 0 else 400}" fill="{ink}">{escape(said)}</text>'
        for no, (at, size, said) in enumerate(lines)
    ]
    drawn = "".join(pieces)
    if one.address is None:
        return f"<g>{drawn}</g>"
    return f'<a href="{escape(one.address)}" aria-label="{escape(one.name)}: {escape(one.said)}">{drawn}</a>'


def _cut(caption: str) -> str:
    return caption if len(caption) <= CAPTION else caption[: CAPTION - 1].rstrip() + "…"


def _fill(name: str, step: int | None) -> str:
    return f"url(#{name}-none)" if step is None else RAMP[step][0]


def steps_of(borders: Sequence[float], value: float) -> int:
    """The shade of a number: how many of the rising `borders` it has reached."""
    return sum(1 for border in borders if value >= border)
