"""How much ranks owe to who sits on the panel: panels of the same size are drawn from the assessors, with repeats.

The draws come from a published seed by SHAKE-256, not from the generator of a library, so that anybody can repeat them.
"""

import hashlib
from dataclasses import dataclass
from math import ceil, floor
from typing import Final

import numpy as np
import numpy.typing as npt

from paritrana.core.diagnostics.grid import MINIMUM, Grid, Numbers, cents, shared_ranks
from paritrana.core.rubric import PanelAggregate, Source

DRAWS: Final = 2000
OUTSIDE: Final = 0.05  # of the draws on either side of the interval
_AT_ONCE = 2_000_000  # numbers in one piece of the work


@dataclass(frozen=True)
class Chances:
    """By candidate: in how many draws it was first, and its best and worst rank in the middle 90 % of them."""

    first: tuple[int, ...]
    best: tuple[int, ...]
    worst: tuple[int, ...]


def panels(seed: str, draws: int, size: int) -> npt.NDArray[np.int64]:
    """How often each of `size` assessors sits in each drawn panel, [draw, assessor].

    The output of SHAKE-256 over the seed is read in pieces of four bytes, as whole numbers u, highest byte first. Each
    draw takes `size` of them in turn; each gives the seat floor(u * size / 2**32) of the assessors by their codes.
    """
    raw = hashlib.shake_256(seed.encode()).digest(4 * draws * size)
    seats = (np.frombuffer(raw, ">u4").astype(np.int64) * size) >> 32
    counts = np.zeros((draws, size), np.int64)
    np.add.at(counts, (np.repeat(np.arange(draws), size), seats), 1)
    return counts


def chances(grid: Grid, seed: str, draws: int) -> Chances:
    """The chances of the ranked candidates, in their order; equal totals share a rank.

    Where nobody of a drawn panel has a value for an indicator of a candidate (or fewer than the three of a trimmed
    mean), the value of the whole panel stands in its place.
    """
    marked = [no for no in range(len(grid.assessors)) if grid.seen[:, :, no].any()]
    if not grid.candidates or not marked:
        ranks = tuple(row.rank or 0 for row in grid.rows)
        return Chances(tuple(draws if one == 1 else 0 for one in ranks), ranks, ranks)
    ranks_drawn = shared_ranks(cents(_totals(grid, panels(seed, draws, len(marked)), marked)))
    low, high = floor(OUTSIDE * (draws - 1)), ceil((1 - OUTSIDE) * (draws - 1))
    ordered = np.partition(np.ascontiguousarray(ranks_drawn.T, np.int32), (low, high), axis=1)
    return Chances(
        *(tuple(one.tolist()) for one in ((ranks_drawn == 1).sum(axis=0), ordered[:, low], ordered[:, high]))
    )


def _totals(grid: Grid, drawn: npt.NDArray[np.int64], marked: list[int]) -> Numbers:
    """The total of each candidate in each draw, [draw, candidate]."""
    panel = np.array([one.source == Source.PANEL for one in grid.rubric.indicators], np.bool_)
    weights, whole = grid.acting[:, panel], grid.shares[:, panel]
    seen = grid.seen[:, :, marked]
    values = np.where(seen, grid.values[:, :, marked], 0) / float(grid.rubric.scale.steps)
    trimmed = grid.rubric.panel_aggregate == PanelAggregate.TRIMMED_MEAN
    # Where everybody gave a mark, a mean is a sum over seats: these indicators need no division in any draw.
    even = seen.all(axis=2) & (not trimmed)
    fixed = (grid.acting * grid.shares)[:, ~panel].sum(axis=1)
    by_seat = (values * (weights * even)[:, :, None]).sum(axis=1) / drawn.sum(axis=1)[0]
    found: Numbers = fixed + _over_seats(drawn.astype(np.float64), by_seat.T)
    rows, columns = np.nonzero(~even & (weights > 0))
    if not len(rows):
        return found
    flat, there = values[rows, columns].T, seen[rows, columns].T.astype(np.float64)
    fallback, weight = whole[rows, columns], weights[rows, columns]
    starts = np.flatnonzero(np.diff(rows, prepend=-1))
    pace = max(1, _AT_ONCE // len(rows))
    for start in range(0, len(drawn), pace):
        seats = drawn[start : start + pace].astype(np.float64)
        total, count = _over_seats(seats, flat), _over_seats(seats, there)
        if trimmed:
            highest, lowest = _extremes(seats, flat, there)
            enough = count >= MINIMUM[PanelAggregate.TRIMMED_MEAN]
            total, count = np.where(enough, total - highest - lowest, 0), np.where(enough, count - 2, 0)
        points = np.where(count > 0, total / np.maximum(count, 1), fallback) * weight
        found[start : start + pace, rows[starts]] += np.add.reduceat(points, starts, axis=1)
    return found


def _over_seats(seats: Numbers, cells: Numbers) -> Numbers:
    """The sum of each cell over the seats of each draw: a product of matrices, added seat by seat.

    A library for matrices would add in another order on another machine, and its threads only wait for each other here.
    """
    summed: Numbers = np.einsum("ds,sc->dc", seats, cells)
    return summed


def _extremes(panel: Numbers, values: Numbers, there: Numbers) -> tuple[Numbers, Numbers]:
    """The highest and the lowest value of each cell among those who sit in each draw."""
    shape = len(panel), values.shape[1]
    highest, lowest = np.full(shape, -np.inf), np.full(shape, np.inf)
    for no in range(panel.shape[1]):
        sits = (panel[:, no, None] > 0) & (there[no] > 0)
        np.maximum(highest, np.where(sits, values[no], -np.inf), out=highest)
        np.minimum(lowest, np.where(sits, values[no], np.inf), out=lowest)
    return np.where(np.isfinite(highest), highest, 0), np.where(np.isfinite(lowest), lowest, 0)
