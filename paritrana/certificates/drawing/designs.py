"""The designs that the program draws: what lies under the words, and where the words may stand.

`guilloche` has fine interlaced lines like a banknote, `laurel` a garland of leaves on warm paper, `modern` is quiet,
with a band at the left and much white. Everything is drawn from formulas, so that it is sharp in any size.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import cos, pi, sin
from typing import Final

from paritrana.certificates.drawing.file import Objects, dictionary, stream
from paritrana.certificates.drawing.ink import Colour, Ink, curve
from paritrana.paper import MM

A4: Final = (297 * MM, 210 * MM)
RESERVED: Final = 52.5 * MM  # what the layout keeps free for the code with its quiet zone
GOLD: Final[Colour] = (0.604, 0.416, 0.02)
SOFT_GOLD: Final[Colour] = (0.788, 0.62, 0.243)
PALE_GOLD: Final[Colour] = (0.945, 0.905, 0.812)
INK: Final[Colour] = (0.102, 0.122, 0.169)
GREY: Final[Colour] = (0.29, 0.325, 0.396)
WHITE: Final[Colour] = (1, 1, 1)
IVORY: Final[Colour] = (0.996, 0.988, 0.962)
WARNING: Final[Colour] = (0.659, 0.125, 0.102)
PALE_WARNING: Final[Colour] = (0.957, 0.812, 0.8)


@dataclass(frozen=True)
class Colours:
    """The colours of a palette, from dark to pale."""

    deep: Colour
    bright: Colour
    soft: Colour
    pale: Colour


PALETTES: Final[Mapping[str, Colours]] = {
    "blue": Colours((0.063, 0.196, 0.376), (0.106, 0.294, 0.541), (0.56, 0.67, 0.82), (0.868, 0.906, 0.953)),
    "green": Colours((0.035, 0.247, 0.184), (0.063, 0.396, 0.29), (0.51, 0.70, 0.62), (0.855, 0.929, 0.894)),
    "maroon": Colours((0.341, 0.063, 0.11), (0.51, 0.122, 0.169), (0.79, 0.56, 0.58), (0.957, 0.89, 0.89)),
}


@dataclass(frozen=True)
class Plan:
    """Where the words stand on a paper, in points: the box that is free for them and how they lie in it."""

    width: float
    height: float
    left: float
    bottom: float
    right: float
    top: float
    centred: bool
    stacked: bool
    """Whether the code stands below the signatures instead of beside them."""

    @property
    def narrow(self) -> float:
        """The width of a text that may stand beside the code."""
        room = self.right - self.left
        return room if self.stacked else room - (2 if self.centred else 1) * (RESERVED + 3 * MM)


class Ground:
    """The drawing of a design under way: its ink, and tiles that are drawn once and laid many times."""

    def __init__(self, plan: Plan, colours: Colours, objects: Objects) -> None:
        self.plan, self.colours, self.ink = plan, colours, Ink()
        self._objects = objects
        self._tiles: dict[str, str] = {}

    def tile(self, ink: Ink, reach: float) -> str:
        """Keep a drawing that stays within `reach` points of its middle; gives the operator that lays it."""
        name = f"T{len(self._tiles)}"
        edges = f"[{-reach:.2f} {-reach:.2f} {reach:.2f} {reach:.2f}]"
        self._tiles[name] = self._objects.add(stream(ink.bytes(), _form(edges)))
        return f"/{name} Do"

    def finish(self) -> str:
        """The reference to the whole drawing."""
        edges = f"[0 0 {self.plan.width:.2f} {self.plan.height:.2f}]"
        resources = dictionary({"XObject": dictionary(self._tiles)}) if self._tiles else "<<>>"
        return self._objects.add(stream(self.ink.bytes(), _form(edges) | {"Resources": resources}))


def plan_of(design: str, paper: str) -> Plan:
    """Where the words stand on a paper of a design."""
    wide, high = A4 if paper == "landscape" else A4[::-1]
    left, bottom, right, top = BOXES[design, paper]
    return Plan(
        wide, high, left * MM, bottom * MM, wide - right * MM, high - top * MM, centred=design != "modern",
        stacked=paper == "portrait",
    )  # fmt: skip


BOXES: Final[Mapping[tuple[str, str], tuple[float, float, float, float]]] = {
    ("guilloche", "landscape"): (27, 24.5, 27, 23.5),
    ("guilloche", "portrait"): (26, 27, 26, 28),
    ("laurel", "landscape"): (27, 24.5, 27, 23.5),
    ("laurel", "portrait"): (26, 27, 26, 28),
    ("modern", "landscape"): (46, 17, 20, 17),
    ("modern", "portrait"): (34, 20, 18, 24),
}  # left, bottom, right, top, in millimetres


# Guilloche ------------------------------------------------------------------------------------------------------------


def _guilloche(ground: Ground) -> None:
    ink, plan, colours = ground.ink, ground.plan, ground.colours
    wide, high = plan.width, plan.height
    outer, band = 8 * MM, 9 * MM
    inner, middle = outer + band, outer + band / 2
    with ink.inside(inner, inner, wide - 2 * inner, high - 2 * inner):
        _veil(ground)
    ink.fill(colours.deep)
    ink(
        f"{outer:.2f} {outer:.2f} {wide - 2 * outer:.2f} {high - 2 * outer:.2f} re "
        f"{inner:.2f} {inner:.2f} {wide - 2 * inner:.2f} {high - 2 * inner:.2f} re f*"
    )
    for length, sides in ((wide - 2 * middle, 0), (high - 2 * middle, 1)):
        waves = round(length / (24 * MM))
        lay = ground.tile(_braid(length / waves, band, colours), 14 * MM)
        for far in (0, 1):
            for no in range(waves):
                along = middle + length / waves * (no + 0.5)
                aside = (high, wide)[sides] - middle if far else middle
                x, y = (aside, along) if sides else (along, aside)
                with ink.moved(x, y, pi / 2 if sides else 0):
                    ink(lay)
    for edge, thickness, colour in (
        (outer - 1.5 * MM, 0.7, SOFT_GOLD), (outer - 0.75 * MM, 0.25, SOFT_GOLD), (inner + 0.75 * MM, 0.25, SOFT_GOLD),
        (inner + 1.6 * MM, 0.9, SOFT_GOLD), (inner + 2.5 * MM, 0.25, colours.bright),
    ):  # fmt: skip
        ink.line(colour, thickness)
        ink.frame(edge, edge, wide - 2 * edge, high - 2 * edge)
    lay = ground.tile(_rosette_of_corner(8.2 * MM, colours), 9 * MM)
    for x in (middle, wide - middle):
        for y in (middle, high - middle):
            with ink.moved(x, y):
                ink(lay)


def _veil(ground: Ground) -> None:
    """Wide rosettes behind the words, too pale to disturb them and too many lines to copy by hand."""
    ink, plan, pale = ground.ink, ground.plan, ground.colours.pale
    for colour, tall, broad, lines, waves, depth in (
        (PALE_GOLD, 84, 126, 30, 16, 0.11), (pale, 66, 98, 26, 20, 0.13), (PALE_GOLD, 47, 68, 22, 14, 0.2),
        (pale, 28, 41, 18, 12, 0.3), (PALE_GOLD, 12, 19, 12, 8, 0.5),
    ):  # fmt: skip
        # One line is kept and laid many times: round, then made oval by the scale.
        strand = Ink()
        strand.line(colour, 0.24 / (tall * MM))
        strand(curve(_rosette(1, waves, depth), 0, 2 * pi, waves * 5, digits=4) + " s")
        lay = ground.tile(strand, 1.5)
        across, along = (broad, tall) if plan.width > plan.height else (tall, broad)
        with ink.apart():
            ink(f"{across * MM:.2f} 0 0 {along * MM:.2f} {plan.width / 2:.2f} {plan.height / 2:.2f} cm")
            for no in range(lines):
                with ink.moved(0, 0, 2 * pi / waves * no / lines):
                    ink(lay)


def _rosette(radius: float, waves: int, depth: float, turn: float = 0.0) -> Callable[[float], tuple[float, float]]:
    def point(angle: float) -> tuple[float, float]:
        wave = waves * (angle + turn)
        reach = radius * (1 + depth * sin(wave) + depth / 3 * sin(2 * wave))
        return reach * cos(angle), reach * sin(angle)

    return point


def _braid(length: float, band: float, colours: Colours) -> Ink:
    """One wave of the interlaced ribbons in the frame; it begins and ends alike, so that waves join."""
    ink = Ink()

    def strand(swing: float, shift: float, beats: int) -> Callable[[float], tuple[float, float]]:
        def point(angle: float) -> tuple[float, float]:
            return (angle / (2 * pi) - 0.5) * length, swing * band * sin(beats * angle + shift)

        return point

    for colour, thickness, swing, beats, ribbons, lines, spread in (
        (colours.bright, 0.2, 0.43, 3, 2, 6, 1.2), (colours.soft, 0.16, 0.25, 2, 2, 5, 0.9),
        (SOFT_GOLD, 0.24, 0.39, 1, 3, 6, 0.66),
    ):  # fmt: skip
        ink.line(colour, thickness)
        for ribbon in range(ribbons):
            for no in range(lines):
                shift = 2 * pi * ribbon / ribbons + spread * no / (lines - 1)
                ink(curve(strand(swing, shift, beats), 0, 2 * pi, 8 * beats) + " S")
    return ink


def _rosette_of_corner(reach: float, colours: Colours) -> Ink:
    ink = Ink()
    ink.fill(colours.deep)
    ink.line(SOFT_GOLD, 0.8)
    ink.circle(0, 0, reach, "B")
    ink.line(SOFT_GOLD, 0.25)
    ink.circle(0, 0, reach * 0.94, "S")
    for colour, part, waves, depth, lines in (
        (colours.soft, 0.72, 12, 0.2, 5), (SOFT_GOLD, 0.55, 8, 0.36, 6), (SOFT_GOLD, 0.2, 6, 0.4, 3),
    ):  # fmt: skip
        ink.line(colour, 0.22)
        for no in range(lines):
            turn = 2 * pi / waves * no / lines
            ink(curve(_rosette(reach * part, waves, depth, turn), 0, 2 * pi, waves * 5) + " s")
    ink.fill(SOFT_GOLD)
    ink.circle(0, 0, reach * 0.07, "f")
    return ink


# Laurel ---------------------------------------------------------------------------------------------------------------


def _laurel(ground: Ground) -> None:
    ink, plan, colours = ground.ink, ground.plan, ground.colours
    wide, high = plan.width, plan.height
    outer, inner = 8.5 * MM, 18.5 * MM
    middle = (outer + inner) / 2
    ink.fill(IVORY)
    ink.area(outer, outer, wide - 2 * outer, high - 2 * outer)
    _great_wreath(ground)
    for edge, thickness, colour in (
        (outer, 1.6, colours.deep), (outer + 1.1 * MM, 0.35, SOFT_GOLD), (inner - 1.1 * MM, 0.35, SOFT_GOLD),
        (inner, 0.9, colours.deep), (inner + 1.2 * MM, 0.3, SOFT_GOLD),
    ):  # fmt: skip
        ink.line(colour, thickness)
        ink.frame(edge, edge, wide - 2 * edge, high - 2 * edge)
    pair = ground.tile(_pair(6.6 * MM, 2.6 * MM, SOFT_GOLD, colours.bright), 8 * MM)
    flower = ground.tile(_flower(4.6 * MM, colours), 6 * MM)
    clear = 8 * MM  # around the corners and the middles
    for length, sides in ((wide - 2 * middle, 0), (high - 2 * middle, 1)):
        run = length / 2 - 2 * clear + 1.2 * MM
        count = round(run / (5.2 * MM))
        for far in (0, 1):
            aside = (high, wide)[sides] - middle if far else middle
            for half in (1, -1):  # both branches grow towards the middle of their side
                start = middle + (length if half < 0 else 0)
                for no in range(count):
                    along = start + half * (clear - 0.6 * MM + run * (no + 0.5) / count)
                    x, y = (aside, along) if sides else (along, aside)
                    with ink.moved(x, y, (pi / 2 if sides else 0) + (pi if half < 0 else 0)):
                        ink(pair)
            along = middle + length / 2
            with ink.moved(*((aside, along) if sides else (along, aside)), scale=0.72):
                ink(flower)
    for x in (middle, wide - middle):
        for y in (middle, high - middle):
            with ink.moved(x, y):
                ink(flower)


def _oval(x: float, y: float, wide: float, high: float) -> Callable[[float], tuple[float, float]]:
    """Points around a middle by their angle."""
    return lambda angle: (x + wide * cos(angle), y + high * sin(angle))


def _great_wreath(ground: Ground) -> None:
    """A wreath behind the words, open at the top."""
    ink, plan = ground.ink, ground.plan
    reach = 66 * MM
    shade = (0.975, 0.949, 0.882)
    leaf = ground.tile(_leaf(19 * MM, 6.2 * MM, shade), 20 * MM)
    x, y = plan.width / 2, plan.height / 2 + 2 * MM
    ink.line(shade, 1.6)
    for side in (1, -1):
        ink(curve(_oval(x, y, side * reach, reach), -pi / 2, pi * 0.36, 12) + " S")
        for no in range(15):
            angle = -pi / 2 + 0.16 + no * (pi * 0.86 - 0.16) / 14
            at = x + side * reach * cos(angle), y + reach * sin(angle)
            ahead = angle + pi / 2 if side > 0 else pi / 2 - angle
            for lean in (0.55, -0.55):
                with ink.moved(*at, ahead + lean, 1 - 0.025 * no):
                    ink(leaf)


def _leaf(length: float, breadth: float, colour: Colour) -> Ink:
    ink = Ink()
    ink.fill(colour)
    ink(_leaf_path(length, breadth) + " f")
    return ink


def _leaf_path(length: float, breadth: float) -> str:
    return (
        f"0 0 m {length * 0.25:.2f} {breadth * 0.72:.2f} {length * 0.7:.2f} {breadth * 0.6:.2f} {length:.2f} 0 c "
        f"{length * 0.7:.2f} {-breadth * 0.6:.2f} {length * 0.25:.2f} {-breadth * 0.72:.2f} 0 0 c h"
    )


def _pair(length: float, breadth: float, gold: Colour, colour: Colour) -> Ink:
    """Two leaves on a piece of their branch, which runs to the right."""
    ink = Ink()
    ink.line(gold, 0.7)
    ink(f"{-length * 0.5:.2f} 0 m {length * 0.42:.2f} 0 l S")
    for lean, fill in ((0.62, colour), (-0.62, colour)):
        with ink.moved(-length * 0.32, 0, lean):
            ink.fill(fill)
            ink(_leaf_path(length, breadth) + " f")
            ink.line(IVORY, 0.3)
            ink(f"{length * 0.12:.2f} 0 m {length * 0.86:.2f} 0 l S")
    ink.fill(gold)
    ink.circle(length * 0.4, 0, 0.55 * MM, "f")
    return ink


def _flower(reach: float, colours: Colours) -> Ink:
    ink = Ink()
    for fill, part, turn in ((colours.bright, 1.0, pi / 8), (SOFT_GOLD, 0.86, 0.0)):
        for no in range(8):
            with ink.moved(0, 0, turn + no * pi / 4):
                ink.fill(fill)
                ink.line(IVORY, 0.3)
                ink(_leaf_path(reach * part, reach * 0.42) + " B")
    ink.fill(IVORY)
    ink.line(SOFT_GOLD, 0.8)
    ink.circle(0, 0, reach * 0.2, "B")
    return ink


# Modern ---------------------------------------------------------------------------------------------------------------


def _modern(ground: Ground) -> None:
    ink, plan, colours = ground.ink, ground.plan, ground.colours
    wide, high = plan.width, plan.height
    band = plan.left - 18 * MM if plan.width > plan.height else plan.left - 14 * MM
    with ink.inside(band, 0, wide - band, high):
        for no in range(16):
            ink.line(colours.pale, 0.35)
            ink.circle(wide + 6 * MM, high + 6 * MM, (18 + no * 3.2) * MM, "S")
    ink.fill(colours.deep)
    ink.area(0, 0, band, high)
    with ink.inside(0, 0, band, high):
        waves = high / (46 * MM)
        for no in range(34):
            ink.line(colours.bright if no % 2 else _between(colours.deep, colours.soft), 0.2)
            shift = 2 * pi * no / 34

            def point(part: float, shift: float = shift) -> tuple[float, float]:
                angle = 2 * pi * waves * part
                return band * (0.5 + 0.36 * sin(angle + shift) + 0.16 * sin(angle / 2 + 2 * shift)), high * part

            ink(curve(point, 0, 1, 40) + " S")
    ink.fill(SOFT_GOLD)
    ink.area(band, 0, 1.3 * MM, high)
    ink.fill(colours.bright)
    ink.area(band + 2.1 * MM, 0, 0.5 * MM, high)


DRAWN: Final[Mapping[str, Callable[[Ground], None]]] = {
    "guilloche": _guilloche,
    "laurel": _laurel,
    "modern": _modern,
}


# What stands between the words ----------------------------------------------------------------------------------------


def emblem(ink: Ink, design: str, colours: Colours, x: float, y: float, size: float) -> None:
    """The mark of the award where there is no logo: a shield in rays, in a wreath, or alone. `y` is its middle."""
    if design == "guilloche":
        ink.line(SOFT_GOLD, 0.45)
        for ray in range(72):
            angle = 2 * pi * ray / 72
            near, far = size * 0.77, size * (1 if ray % 2 else 0.9)
            ink.stroke((x + near * cos(angle), y + near * sin(angle)), (x + far * cos(angle), y + far * sin(angle)))
        ink.line(SOFT_GOLD, 0.9)
        ink.circle(x, y, size * 0.73, "S")
        _shield(ink, colours, x, y, size * 0.52)
    elif design == "laurel":
        for side in (1, -1):
            for no in range(9):
                angle = -pi / 2 + 0.2 + no * pi * 0.8 / 9
                ahead = angle + pi / 2 if side > 0 else pi / 2 - angle
                for lean in (0.5, -0.5):
                    at = x + side * size * 0.8 * cos(angle), y + size * 0.8 * sin(angle)
                    with ink.moved(*at, ahead + lean):
                        ink.fill(SOFT_GOLD if lean > 0 else colours.bright)
                        ink(_leaf_path(size * 0.34, size * 0.13) + " f")
        _shield(ink, colours, x, y + size * 0.06, size * 0.52)
    else:
        _shield(ink, colours, x, y, size * 0.9)


def _shield(ink: Ink, colours: Colours, x: float, y: float, size: float) -> None:
    with ink.moved(x, y):
        ink.fill(colours.deep)
        ink(_shield_path(size) + " f")
        ink.line(SOFT_GOLD, size * 0.07)
        ink(_shield_path(size * 0.82) + " S")
        ink("1 J 1 j")
        ink.line(SOFT_GOLD, size * 0.2)
        ink.stroke((-size * 0.34, size * 0.02), (-size * 0.08, -size * 0.26), (size * 0.4, size * 0.3))


def _shield_path(size: float) -> str:
    side, low = size * 0.82, size * 0.08
    return (
        f"0 {size:.2f} m {side:.2f} {size * 0.72:.2f} l {side:.2f} {low:.2f} l "
        f"{side:.2f} {-size * 0.5:.2f} {size * 0.45:.2f} {-size * 0.84:.2f} 0 {-size * 1.02:.2f} c "
        f"{-size * 0.45:.2f} {-size * 0.84:.2f} {-side:.2f} {-size * 0.5:.2f} {-side:.2f} {low:.2f} c "
        f"{-side:.2f} {size * 0.72:.2f} l h"
    )


def rule(ink: Ink, plan: Plan, x: float, y: float, reach: float) -> None:
    """The line under the name: with a diamond in its middle, or a short heavy one at the left."""
    ink.fill(SOFT_GOLD)
    if not plan.centred:
        ink.area(x, y - 0.6, 24 * MM, 1.4)
        return
    ink.line(SOFT_GOLD, 0.7)
    gap, side = 3.6 * MM, 1.25 * MM
    ink.stroke((x - reach, y), (x - gap, y))
    ink.stroke((x + gap, y), (x + reach, y))
    ink.shape([(x, y + side), (x + side, y), (x, y - side), (x - side, y)])


def _between(one: Colour, other: Colour) -> Colour:
    return ((one[0] + other[0]) / 2, (one[1] + other[1]) / 2, (one[2] + other[2]) / 2)


def _form(edges: str) -> dict[str, object]:
    return {"Type": "/XObject", "Subtype": "/Form", "BBox": edges}
