"""Figures about rankings as SVG, made on the server: the same numbers give the same bytes.

As in `paritrana.web.charts`: presentation attributes only, a title that says the finding, a description, and nothing
that only a colour tells. Every figure stands beside a table with the same numbers.
"""

from collections.abc import Iterable

from markupsafe import Markup, escape

WIDTH = 720
LABELS, LETTERS = 236, 25  # what the names of the rows take at the left, and how much of a name fits
INK, SECOND, PALE = "#0067A5", "#C25400", "#BBD3EE"


def svg(name: str, title: str, description: str, height: float, pieces: Iterable[str], width: float = WIDTH) -> Markup:
    """A whole picture; `name` makes ids unique on a page. Every text in `pieces` is escaped by its maker."""
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:g} {height:g}" role="img" '
        f'aria-labelledby="{name}-title {name}-desc" font-size="14">'
        f'<title id="{name}-title">{escape(title)}</title><desc id="{name}-desc">{escape(description)}</desc>'
    )
    return Markup("".join([head, *pieces, "</svg>"]))  # noqa: S704 - every text in it is escaped


def text(x: float, y: float, said: str, *, anchor: str = "start", weight: int = 400, size: int = 14) -> str:
    """One line of text."""
    bold = f' font-weight="{weight}"' if weight != 400 else ""
    small = f' font-size="{size}"' if size != 14 else ""
    return (
        f'<text x="{x:.2f}" y="{y:.2f}" text-anchor="{anchor}"{bold}{small} fill="currentColor">{escape(said)}</text>'
    )


def label(x: float, y: float, said: str) -> str:
    """The name of a row at the left, cut where it does not fit."""
    return text(x, y, said if len(said) <= LETTERS else said[: LETTERS - 1].rstrip() + "…", anchor="end")


def line(path: str, *, colour: str = "currentColor", width: float = 1.5, dash: str = "", opacity: float = 1) -> str:
    """A path without an area."""
    dashes = f' stroke-dasharray="{dash}"' if dash else ""
    faint = f' stroke-opacity="{opacity:g}"' if opacity != 1 else ""
    return f'<path d="{path}" fill="none" stroke="{colour}" stroke-width="{width:g}"{dashes}{faint}/>'


def shape(kind: str, x: float, y: float, size: float = 6) -> str:
    """A point: `disc`, `ring`, `square` (hollow) or `diamond`."""
    if kind == "disc":
        return f'<circle cx="{x:.2f}" cy="{y:.2f}" r="{size:g}" fill="{INK}"/>'
    if kind == "ring":
        return f'<circle cx="{x:.2f}" cy="{y:.2f}" r="{size - 1:g}" fill="#FFFFFF" stroke="{INK}" stroke-width="2.5"/>'
    if kind == "square":
        side = 2 * size - 2
        return (
            f'<rect x="{x - size + 1:.2f}" y="{y - size + 1:.2f}" width="{side:g}" height="{side:g}" fill="#FFFFFF" '
            f'stroke="{SECOND}" stroke-width="2.5"/>'
        )
    half = f"{size + 1:g}"
    return f'<path d="M{x:.2f} {y - size - 1:.2f}l{half} {half}l-{half} {half}l-{half} -{half}z" fill="{SECOND}"/>'
