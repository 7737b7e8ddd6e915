"""How firm a ranking stands: advice for those who decide, never a part of the ranking. Floats are allowed here alone.

Everything is computed from one contest, the inputs of an open bundle, and comes out the same for the same contest and
seed, whatever the order of its rows. Whoever only ranks never loads this package, and with it numpy.
Source: docs/method.md, section 8.
"""

from collections.abc import Sequence
from dataclasses import dataclass, fields, is_dataclass
from decimal import Decimal
from typing import Any, Final

from paritrana.core.diagnostics.alternatives import (
    Preset,
    WeightRange,
    Without,
    under_presets,
    weight_ranges,
    without_each,
)
from paritrana.core.diagnostics.chance import DRAWS, Chances, chances
from paritrana.core.diagnostics.grid import Grid
from paritrana.core.diagnostics.panel import (
    Agreement,
    Fitted,
    Severity,
    additive_fit,
    agreement,
    severities,
    spreads,
    too_wide,
    uneven,
)
from paritrana.core.ranking import Contest, Result, rank
from paritrana.core.rubric import Rubric

VERSION: Final = "diagnostics-1"
"""The name of what is computed here; a stored answer of another version is computed anew."""

__all__ = [
    "DRAWS",
    "VERSION",
    "Agreement",
    "Chances",
    "Diagnostics",
    "Fitted",
    "Preset",
    "Severity",
    "WeightRange",
    "Without",
    "diagnose",
]


@dataclass(frozen=True)
class Diagnostics:
    """All of it, for the ranked candidates of one contest, in the order of their ranks and codes.

    `spreads` holds, by candidate and then in the order of `judged`, how far the marks of an indicator lie apart in
    the units of the scale; None without a mark.
    """

    version: str
    seed: str
    draws: int
    candidates: tuple[str, ...]
    judged: tuple[str, ...]
    ranks: tuple[int, ...]
    chances: Chances
    without: tuple[Without, ...]
    decisive: tuple[str, ...]  # the assessors without whom another candidate would be first
    weights: tuple[WeightRange, ...]
    presets: tuple[Preset, ...]
    severities: tuple[Severity, ...]
    agreement: Agreement
    uneven: tuple[str, ...]  # candidates that were not marked by the same assessors as most others
    fitted: Fitted | None  # beside the mean where panels are uneven and can be compared
    spread_limit: float
    spreads: tuple[tuple[float | None, ...], ...]
    wide: tuple[tuple[int, int], ...]  # places of candidate and indicator in `candidates` and `judged`

    def as_dict(self) -> dict[str, Any]:
        """Plain values for JSON; numbers are rounded to six decimals, so that every machine writes the same text."""
        found: dict[str, Any] = _plain(self)
        return found


def _plain(value: Any) -> Any:
    if isinstance(value, float):
        return round(value, 6) + 0.0  # no minus zero
    if isinstance(value, tuple):
        return [_plain(one) for one in value]
    if is_dataclass(value):
        return {one.name: _plain(getattr(value, one.name)) for one in fields(value)}
    return value


def diagnose(
    contest: Contest,
    seed: str,
    *,
    spread_limit: Decimal,
    presets: Sequence[Rubric] = (),
    result: Result | None = None,
    draws: int = DRAWS,
) -> Diagnostics:
    """Compute everything for one contest; `result` is its ranking where it is known already.

    `seed` is any text, for a run its digest. `spread_limit` is the rubric's `consolidation_spread`, in the units of
    the scale. `presets` are other rubrics to compare with.
    """
    grid = Grid(contest, result or rank(contest))
    found = without_each(grid)
    first = grid.first
    return Diagnostics(
        version=VERSION,
        seed=seed,
        draws=draws,
        candidates=grid.candidates,
        judged=tuple(grid.panel),
        ranks=tuple(row.rank or 0 for row in grid.rows),
        chances=chances(grid, seed, draws),
        without=found,
        decisive=tuple(
            one.assessor
            for one in found
            if {code for code, place in zip(grid.candidates, one.ranks, strict=True) if place == 1} != first
        ),
        weights=weight_ranges(grid),
        presets=under_presets(grid, presets),
        severities=severities(grid),
        agreement=agreement(grid),
        uneven=uneven(grid),
        fitted=additive_fit(grid),
        spread_limit=float(spread_limit),
        spreads=spreads(grid),
        wide=too_wide(grid, spread_limit),
    )
