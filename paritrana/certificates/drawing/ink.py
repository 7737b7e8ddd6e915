"""What is drawn on a page, as the operators of a content stream. All lengths are points, from the lower left corner."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from math import cos, sin
from typing import Final

from paritrana.certificates.drawing.file import dictionary, text

Colour = tuple[float, float, float]  # red, green, blue, from 0 to 1
Point = tuple[float, float]
ROUND: Final = 0.5523  # how far the handles of a quarter of a circle reach


class Ink:
    """A content stream under way."""

    def __init__(self) -> None:
        self._operators: list[str] = []

    def __call__(self, operators: str) -> None:
        """Draw with operators that are written already."""
        self._operators.append(operators)

    def bytes(self) -> bytes:
        """The stream."""
        return "\n".join(self._operators).encode()

    @contextmanager
    def apart(self) -> Iterator[None]:
        """What is set inside holds inside only."""
        self("q")
        yield
        self("Q")

    @contextmanager
    def moved(self, x: float, y: float, turn: float = 0.0, scale: float = 1.0) -> Iterator[None]:
        """Draw around another point, turned by an angle in radians."""
        across, along = cos(turn) * scale, sin(turn) * scale
        with self.apart():
            self(f"{across:.5f} {along:.5f} {-along:.5f} {across:.5f} {x:.3f} {y:.3f} cm")
            yield

    @contextmanager
    def inside(self, x: float, y: float, wide: float, high: float) -> Iterator[None]:
        """Draw nothing outside of a rectangle."""
        with self.apart():
            self(f"{x:.2f} {y:.2f} {wide:.2f} {high:.2f} re W n")
            yield

    def fill(self, colour: Colour) -> None:
        """The colour of areas and letters."""
        self(f"{_written(colour)} rg")

    def line(self, colour: Colour, thickness: float) -> None:
        """The colour and the thickness of lines."""
        self(f"{_written(colour)} RG {thickness:.5g} w")

    def area(self, x: float, y: float, wide: float, high: float) -> None:
        """A filled rectangle."""
        self(f"{x:.2f} {y:.2f} {wide:.2f} {high:.2f} re f")

    def frame(self, x: float, y: float, wide: float, high: float) -> None:
        """The outline of a rectangle."""
        self(f"{x:.2f} {y:.2f} {wide:.2f} {high:.2f} re S")

    def stroke(self, *points: Point) -> None:
        """A line through points."""
        self(f"{polygon(points)} S")

    def shape(self, points: Sequence[Point]) -> None:
        """A filled polygon."""
        self(f"{polygon(points)} h f")

    def circle(self, x: float, y: float, radius: float, paint: str) -> None:
        """A circle, painted with an operator: `S` its line, `f` its area, `B` both."""
        reach = radius * ROUND
        self(
            f"{x + radius:.2f} {y:.2f} m "
            f"{x + radius:.2f} {y + reach:.2f} {x + reach:.2f} {y + radius:.2f} {x:.2f} {y + radius:.2f} c "
            f"{x - reach:.2f} {y + radius:.2f} {x - radius:.2f} {y + reach:.2f} {x - radius:.2f} {y:.2f} c "
            f"{x - radius:.2f} {y - reach:.2f} {x - reach:.2f} {y - radius:.2f} {x:.2f} {y - radius:.2f} c "
            f"{x + reach:.2f} {y - radius:.2f} {x + radius:.2f} {y - reach:.2f} {x + radius:.2f} {y:.2f} c {paint}"
        )

    @contextmanager
    def tagged(self, tag: str, number: int, words: str = "") -> Iterator[None]:
        """What is drawn inside is a part of the text, known by its number.

        `words` are what a reader takes from it, who else would guess the blanks between signs from their distances.
        """
        about = {"MCID": number} | ({"ActualText": text(words)} if words else {})
        self(f"/{tag} {dictionary(about)} BDC")
        yield
        self("EMC")

    @contextmanager
    def ornament(self) -> Iterator[None]:
        """What is drawn inside is no part of the text."""
        self("/Artifact BMC")
        yield
        self("EMC")


def polygon(points: Sequence[Point]) -> str:
    """A path through points, without its end."""
    (x, y), *rest = points
    return " ".join([f"{x:.2f} {y:.2f} m", *(f"{x:.2f} {y:.2f} l" for x, y in rest)])


def curve(point: Callable[[float], Point], start: float, end: float, pieces: int, digits: int = 2) -> str:
    """A smooth path along a function, in pieces of Bézier curves that have its slope at both their ends."""
    step = (end - start) / pieces
    tiny = step * 1e-4

    def slope(at: float) -> Point:
        (x0, y0), (x1, y1) = point(at - tiny), point(at + tiny)
        return (x1 - x0) / (2 * tiny), (y1 - y0) / (2 * tiny)

    def written(*values: float) -> str:
        return " ".join(f"{value:.{digits}f}" for value in values)

    x, y = point(start)
    dx, dy = slope(start)
    parts = [f"{written(x, y)} m"]
    third = step / 3
    for no in range(1, pieces + 1):
        x1, y1 = point(start + no * step)
        dx1, dy1 = slope(start + no * step)
        ends = written(x + dx * third, y + dy * third, x1 - dx1 * third, y1 - dy1 * third, x1, y1)
        parts.append(f"{ends} c")
        x, y, dx, dy = x1, y1, dx1, dy1
    return " ".join(parts)


def _written(colour: Colour) -> str:
    return " ".join(f"{part:.3f}" for part in colour)
