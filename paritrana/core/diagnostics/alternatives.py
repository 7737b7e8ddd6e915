"""What the ranks would be without an assessor, under other weights, and under other rubrics."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
from numpy.polynomial import Polynomial

from paritrana.core.diagnostics.grid import Grid
from paritrana.core.rubric import Rubric

NOISE = 1e-9  # what floats may be wrong by, as a part of the rubric's total
NEAR = 1e-7  # within which a root of a polynomial is the weight itself
EQUAL = "equal-weights"


@dataclass(frozen=True)
class Without:
    """The ranks without one assessor, in the order of the candidates; None where too few marks are left.

    Only the ranked candidates take part, and the quorum is one less, as the panel is.
    """

    assessor: str
    ranks: tuple[int | None, ...]


def without_each(grid: Grid) -> tuple[Without, ...]:
    """The ranks without each assessor who gave a ranked candidate any value."""
    return tuple(
        Without(code, tuple(grid.ranks(grid.rubric, no)))
        for no, code in enumerate(grid.assessors)
        if grid.seen[:, :, no].any()
    )


@dataclass(frozen=True)
class WeightRange:
    """From which to which weight an indicator may move, the others in proportion, until rank 1 changes.

    In points of the rubric's total. `below` and `above` name who comes first beyond each border; None where there is
    no border before 0 or the total. Ties of totals are not broken here: a border lies where exact totals are equal.
    """

    indicator: str
    weight: float
    low: float
    high: float
    below: str | None
    above: str | None


def weight_ranges(grid: Grid) -> tuple[WeightRange, ...]:
    """The range of each weight, in the rubric's order; empty without two ranked candidates.

    Whoever shares the first rank must stay before everybody else. A rival that the tie rules alone keep behind counts
    as behind for as long as its exact total does not gain on the first.
    """
    rubric, first = grid.rubric, grid.first
    leaders = [no for no, code in enumerate(grid.candidates) if code in first]
    rivals = np.array([no for no, code in enumerate(grid.candidates) if code not in first], np.int64)
    if not leaders or not rivals.size:
        return ()
    total = float(rubric.total)
    earned, part, _complete = grid.points(rubric)
    exact = earned.sum(axis=1)
    found = []
    for column, one in enumerate(rubric.indicators):
        weight = float(one.weight)
        low, high, below, above = 0.0, total, None, None
        family = {other.code for other in rubric.by_aspect[one.aspect]}
        bent = np.array([bool(grid.excused[code] & family) for code in grid.candidates], np.bool_)
        for leader in leaders:
            if len(rubric.indicators) == 1:
                low = high = weight
                break
            ahead = np.array([float((exact[leader] - exact[no]) / part) for no in rivals])
            # A rival that is before the leader by less than the quantum stays behind while it does not gain.
            floor = np.minimum(ahead, 0.0)
            straight = ~bent[rivals] & ~bent[leader]
            x = grid.shares[:, column]
            gain = x[leader] - x[rivals]
            slope = gain - (ahead - weight * gain) / (total - weight)
            with np.errstate(divide="ignore", invalid="ignore"):
                border = np.where(np.abs(slope) > NOISE, weight + (floor - ahead) / slope, np.inf)
            falls_above, falls_below = straight & (slope < -NOISE), straight & (slope > NOISE)
            if falls_above.any():
                at = int(np.argmin(np.where(falls_above, border, np.inf)))
                if border[at] < high:
                    high, above = float(border[at]), grid.candidates[rivals[at]]
            if falls_below.any():
                at = int(np.argmax(np.where(falls_below, border, -np.inf)))
                if border[at] > low:
                    low, below = float(border[at]), grid.candidates[rivals[at]]
            for no, limit in zip(rivals[~straight], floor[~straight], strict=True):
                left, right = _borders(grid, column, leader, int(no), float(limit))
                if left > low:
                    low, below = left, grid.candidates[no]
                if right < high:
                    high, above = right, grid.candidates[no]
        found.append(WeightRange(one.code, weight, min(low, weight), max(high, weight), below, above))
    return tuple(found)


def _borders(grid: Grid, column: int, leader: int, rival: int, floor: float) -> tuple[float, float]:
    """The borders of one weight against one rival where an indicator of its aspect is not applicable to either.

    There the weight that acts is the aspect's weight over its applicable part, both of which move: the difference of
    the two totals is a quotient of polynomials in the weight, whose numerator changes its sign at the borders.
    """
    total, weight = float(grid.rubric.total), float(grid.rubric.indicators[column].weight)
    mine, theirs = _aspect(grid, column, leader), _aspect(grid, column, rival)
    if mine[0] == theirs[0]:  # what both are divided by adds no border, and its roots would blur the others
        difference = (mine[2] - theirs[2] - floor) * mine[0] + mine[1] - theirs[1]
    else:
        difference = (mine[2] - theirs[2] - floor) * mine[0] * theirs[0] + mine[1] * theirs[0] - theirs[1] * mine[0]
    # A leading term that is nothing but noise has roots of its own, which would blur the others.
    sizes = np.abs(difference.coef) * total ** np.arange(difference.coef.size)
    if sizes.max() < NOISE * total * mine[0](weight) * theirs[0](weight):
        return 0.0, total  # the two are alike whatever the weight is
    degree = int(np.flatnonzero(sizes >= NOISE * sizes.max())[-1])
    difference = difference.truncate(degree + 1)
    found: list[complex] = difference.roots().tolist()
    roots = sorted(one.real for one in found if abs(one.imag) < NEAR * total and 0 < one.real < total)
    low, high = 0.0, total
    above = [weight, *(one for one in roots if one > weight + NEAR * total), total]
    for start, end in pairwise(above):
        if difference((start + end) / 2) < 0:
            high = start
            break
    under = [weight, *(one for one in reversed(roots) if one < weight - NEAR * total), 0.0]
    for start, end in pairwise(under):
        if difference((start + end) / 2) < 0:
            low = start
            break
    return low, high


def _aspect(grid: Grid, column: int, candidate: int) -> tuple[Polynomial, Polynomial, Polynomial]:
    """As polynomials of one weight: the applicable weight of its aspect, aspect weight * points there, other points."""
    rubric, total = grid.rubric, float(grid.rubric.total)
    moved = rubric.indicators[column]
    weight = float(moved.weight)
    mine = Polynomial([0.0, 1.0])
    rest = Polynomial([total, -1.0]) / (total - weight)  # by what every other weight is multiplied
    excused = grid.excused[grid.candidates[candidate]]
    # Without the moved indicator all that is applicable moves alike, which leaves the quotient as it is.
    alike = Polynomial([1.0]) if moved.code in excused else rest
    whole, applicable, inside, outside = mine, Polynomial([0.0]), Polynomial([0.0]), 0.0
    for no, one in enumerate(rubric.indicators):
        share = grid.shares[candidate, no]
        if one.aspect != moved.aspect:
            outside += float(grid.acting[candidate, no]) * share
            continue
        if no != column:
            whole = whole + rest * float(one.weight)
        if one.code not in excused:
            now = mine if no == column else alike * float(one.weight)
            applicable, inside = applicable + now, inside + now * share
    return applicable, whole * inside, rest * outside


@dataclass(frozen=True)
class Preset:
    """The ranks under another rubric, in the order of the candidates; none where it does not fit the marks.

    `missing` are indicators of the contest that the other rubric lacks, `unknown` the reverse, `differing` those with
    another source; `scale` tells whether the scales differ.
    """

    code: str
    version: int
    fits: bool
    ranks: tuple[int | None, ...]
    missing: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()
    differing: tuple[str, ...] = ()
    scale: bool = False


def under_presets(grid: Grid, presets: Sequence[Rubric]) -> tuple[Preset, ...]:
    """The ranks under each other rubric by code and version, after those under equal weights.

    As in a ranking of its own, tie rules and aggregate are the other rubric's; its gates and its quorum are left out,
    because who is ranked is settled.
    """
    found = []
    for other in (*equal_weights(grid.rubric), *sorted(presets, key=lambda one: (one.code, one.version))):
        mine, theirs = grid.rubric.by_code, other.by_code
        missing = tuple(code for code in mine if code not in theirs)
        unknown = tuple(code for code in theirs if code not in mine)
        differing = tuple(code for code in mine if code in theirs and mine[code].source != theirs[code].source)
        scale = other.scale != grid.rubric.scale
        fits = not (missing or unknown or differing or scale)
        ranks = tuple(grid.ranks(other)) if fits else ()
        found.append(Preset(other.code, other.version, fits, ranks, missing, unknown, differing, scale))
    return tuple(found)


def equal_weights(rubric: Rubric) -> tuple[Rubric, ...]:
    """The rubric with equal weights, so large that the quantum is finer than its own; none where they are equal."""
    if len({one.weight for one in rubric.indicators}) < 2:
        return ()
    return (
        replace(
            rubric,
            code=EQUAL,
            version=1,
            total=rubric.total * len(rubric.indicators),
            indicators=tuple(replace(one, weight=rubric.total) for one in rubric.indicators),
        ),
    )
