"""The panel itself: who is severe, how much of one mind it is, how far its marks lie apart, and what gaps do.

Sources: ICC(2,1) of P. E. Shrout and J. L. Fleiss, Intraclass correlations, 1979; Krippendorff's alpha as in
`paritrana.core.agreement`.
"""

from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from math import sqrt
from typing import Final

import numpy as np

from paritrana.core.agreement import alpha
from paritrana.core.diagnostics.grid import LARGEST, Grid, Numbers, Truth, Whole, cents, shared_ranks
from paritrana.core.rubric import Source

FEWEST: Final = 3  # shared candidates below which nothing is said of an assessor
# Student's t for 90 % between both ends, by degrees of freedom from 1; the normal curve with its first correction then.
STUDENT: Final = (
    6.314, 2.920, 2.353, 2.132, 2.015, 1.943, 1.895, 1.860, 1.833, 1.812, 1.796, 1.782, 1.771, 1.761, 1.753, 1.746,
    1.740, 1.734, 1.729, 1.725, 1.721, 1.717, 1.714, 1.711, 1.708, 1.706, 1.703, 1.701, 1.699, 1.697,
)  # fmt: skip


@dataclass(frozen=True)
class Severity:
    """How far an assessor's marks lie from the panel's mean, in units of the scale; below zero is severe.

    `shared` counts the candidates whom the assessor and at least one other marked on the same indicator. With fewer
    than three nothing else is said. `low` and `high` are the 90 % interval over these candidates.
    """

    assessor: str
    shared: int
    mean: float | None = None
    low: float | None = None
    high: float | None = None


def severities(grid: Grid) -> tuple[Severity, ...]:
    """Every assessor, by code. The marks are those that were given, before any cap.

    The deviation from the mean of all marks of an indicator is averaged for each candidate, then over candidates.
    """
    count = grid.seen.sum(axis=2, keepdims=True)
    mean = np.where(grid.seen, grid.raw, 0).sum(axis=2, keepdims=True) / np.maximum(count, 1)
    shared = grid.seen & (count > 1)
    away = np.where(shared, grid.raw - mean, 0.0) * float(grid.rubric.scale.step)
    marked = shared.sum(axis=1)
    by_candidate = away.sum(axis=1) / np.maximum(marked, 1)
    found = []
    for no, code in enumerate(grid.assessors):
        each = by_candidate[marked[:, no] > 0, no]
        if len(each) < FEWEST:
            found.append(Severity(code, len(each)))
            continue
        middle = float(each.mean())
        reach = _student(len(each) - 1) * float(each.std(ddof=1)) / sqrt(len(each))
        found.append(Severity(code, len(each), middle, middle - reach, middle + reach))
    return tuple(found)


def _student(freedom: int) -> float:
    return STUDENT[freedom - 1] if freedom <= len(STUDENT) else 1.64485 + 1.5238 / freedom


@dataclass(frozen=True)
class Agreement:
    """How much of one mind the panel is: 1 is full agreement; None where there is nothing to compare.

    `icc` is ICC(2,1) of the points that single assessors would give, over `complete` candidates whom all of them
    marked on every indicator that counts; `alpha` is Krippendorff's for interval data, over every candidate and
    indicator that at least two marked.
    """

    icc: float | None
    complete: int
    alpha: float | None
    units: int


def agreement(grid: Grid) -> Agreement:
    """The agreement of those who gave any mark, on the marks as they were given."""
    count = grid.seen.sum(axis=2)
    several = count > 1
    given = np.where(grid.seen, grid.raw, 0).astype(object)
    sums, squares = given.sum(axis=2)[several], (given * given).sum(axis=2)[several]
    measure = alpha(zip(count[several].tolist(), sums.tolist(), squares.tolist(), strict=True))
    single, complete = _icc(grid)
    return Agreement(single, complete, None if measure is None else float(measure), int(several.sum()))


def _icc(grid: Grid) -> tuple[float | None, int]:
    if not grid.candidates or not grid.panel:
        return None, 0
    seats = grid.seen.any(axis=(0, 1))
    columns = [no for no, one in enumerate(grid.rubric.indicators) if one.source == Source.PANEL]
    weights = grid.acting[:, columns]
    whole = (grid.seen[:, :, seats] | (weights == 0)[:, :, None]).all(axis=(1, 2))
    given = np.where(grid.seen, grid.raw, 0)[whole][:, :, seats]
    rows, judges = given.shape[0], given.shape[2]
    if rows < 2 or judges < 2:
        return None, rows
    points = (given * weights[whole][:, :, None]).sum(axis=1) / grid.rubric.scale.steps
    return icc(points), rows


def icc(points: Numbers) -> float | None:
    """ICC(2,1) of a table [candidate, assessor] without gaps: one assessor, random panels, absolute agreement."""
    rows, judges = points.shape
    middle = points.mean()
    between = judges * ((points.mean(axis=1) - middle) ** 2).sum() / (rows - 1)
    across = rows * ((points.mean(axis=0) - middle) ** 2).sum() / (judges - 1)
    whole = ((points - middle) ** 2).sum()
    rest = (whole - between * (rows - 1) - across * (judges - 1)) / ((rows - 1) * (judges - 1))
    below = between + (judges - 1) * rest + judges * (across - rest) / rows
    if abs(below) < 1e-12:
        return None
    return float((between - rest) / below)


def uneven(grid: Grid) -> tuple[str, ...]:
    """The candidates with an indicator whose marks come from other assessors than for most of the others.

    Empty when everybody was marked by the same assessors; a single abstention counts.
    """
    odd: set[str] = set()
    for column, indicator in enumerate(grid.panel):
        panels: dict[bytes, list[str]] = {}
        for no, code in enumerate(grid.candidates):
            if indicator not in grid.excused[code]:
                panels.setdefault(grid.seen[no, column].tobytes(), []).append(code)
        most = max(panels.values(), key=lambda codes: (len(codes), sorted(codes)), default=[])
        odd.update(code for codes in panels.values() if codes is not most for code in codes)
    return tuple(code for code in grid.candidates if code in odd)


@dataclass(frozen=True)
class Fitted:
    """By candidate: the total it would have, were everybody marked by everybody, the rank, and what that changes."""

    totals: tuple[float, ...]
    ranks: tuple[int, ...]
    changes: tuple[float, ...]


def additive_fit(grid: Grid) -> Fitted | None:
    """Each mark as candidate + assessor, fitted by least squares for each indicator, in the order of the candidates.

    A candidate's value is its own part with the mean severity of all assessors who marked the indicator. None where
    panels are even, since the plain mean is the same then, and where some candidates share no chain of assessors with
    others, since nothing compares them.
    """
    if not uneven(grid):
        return None
    shares = grid.shares.copy()
    columns = {one.code: no for no, one in enumerate(grid.rubric.indicators)}
    for column, indicator in enumerate(grid.panel):
        seen = grid.seen[:, column, :]
        effects = _severity_effects(np.where(seen, grid.values[:, column, :], 0).astype(np.float64), seen)
        if effects is None:
            return None
        count = seen.sum(axis=1)
        free = np.where(seen, grid.values[:, column, :] - effects, 0.0).sum(axis=1) / np.maximum(count, 1)
        fitted = free / grid.rubric.scale.steps
        shares[:, columns[indicator]] = np.where(count > 0, fitted, shares[:, columns[indicator]])
    totals = (grid.acting * shares).sum(axis=1)
    plain = (grid.acting * grid.shares).sum(axis=1)
    ranks = shared_ranks(cents(totals)[None, :])[0]
    return Fitted(*(tuple(one.tolist()) for one in (totals, ranks, totals - plain)))


def _severity_effects(values: Numbers, seen: Truth) -> Numbers | None:
    """The part of each assessor, 0 in the mean over those who marked; None where they cannot be compared."""
    active = seen.any(axis=0)
    effects = np.zeros(seen.shape[1])
    there = seen[:, active].astype(np.float64)
    if there.shape[1] < 2:
        return effects
    count = np.maximum(there.sum(axis=1), 1)
    given = values[:, active]
    # The candidates' parts are eliminated: what is left are as many equations as assessors, of one rank less.
    matrix = np.diag(there.sum(axis=0)) - (there / count[:, None]).T @ there
    side = given.sum(axis=0) - there.T @ (given.sum(axis=1) / count)
    if np.linalg.matrix_rank(matrix, hermitian=True) < there.shape[1] - 1:
        return None
    found = np.linalg.lstsq(matrix, side, rcond=None)[0]
    effects[active] = found - found.mean()
    return effects


def spreads(grid: Grid) -> tuple[tuple[float | None, ...], ...]:
    """How far the marks of each indicator lie apart, by candidate; None without a mark."""
    step = float(grid.rubric.scale.step)
    low, high, marked = _ends(grid)
    return tuple(
        tuple(float(width) * step if one else None for width, one in zip(widths, there, strict=True))
        for widths, there in zip((high - low).tolist(), marked.tolist(), strict=True)
    )


def too_wide(grid: Grid, limit: Decimal) -> tuple[tuple[int, int], ...]:
    """Whose highest mark lies more than `limit` above the lowest, exactly: the places of candidate and indicator."""
    steps = Fraction(limit) / Fraction(grid.rubric.scale.step)
    low, high, marked = _ends(grid)
    found = np.argwhere(marked & ((high - low) * steps.denominator > steps.numerator))
    return tuple((row, column) for row, column in found.tolist())


def _ends(grid: Grid) -> tuple[Whole, Whole, Truth]:
    """The lowest and highest mark of each indicator of each candidate in steps, 0 without a mark, and who has any."""
    marked = grid.seen.sum(axis=2) > 0
    high = np.where(grid.seen, grid.raw, 0).max(axis=2, initial=0)
    low = np.where(grid.seen, grid.raw, LARGEST).min(axis=2, initial=LARGEST)
    return np.where(marked, low, 0), high, marked
