"""Trying a rubric out before anybody is judged by it: one candidate by hand, or a whole contest that never was.

Every total comes from the same functions as a ranking; nothing here enters one.
"""

import random
from collections.abc import Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from fractions import Fraction
from typing import Final

from paritrana.core.ranking import Candidate, Category, Computed, Contest, Cycle, Mark
from paritrana.core.rounding import quantise
from paritrana.core.rubric import Rubric, Source
from paritrana.core.scoring import points

MOST_CANDIDATES: Final = 50
HIGHEST_SEED: Final = 999_999_999


@dataclass(frozen=True)
class Tried:
    """What typed values earn: exact points by indicator, the quantised total, and the most these indicators give."""

    points: Mapping[str, Fraction]
    total: Fraction
    most: Fraction


def try_out(rubric: Rubric, values: Mapping[str, Decimal]) -> Tried:
    """The points of one candidate's values, of any source. Raises `OffScale`; an indicator without a value adds 0."""
    earned = {
        one.code: points(values[one.code], rubric.weights[one.code], rubric.scale)
        for one in rubric.indicators
        if one.code in values
    }
    most = sum((rubric.weights[code] for code in earned), Fraction(0))
    return Tried(earned, quantise(sum(earned.values(), Fraction(0))), most)


def random_contest(rubric: Rubric, *, seed: int, candidates: int, assessors: int) -> Contest:
    """A contest of candidates that do not exist, with values drawn on the scale: the same seed gives the same one.

    Each candidate has a strength and each value lies around it, so that the ranking is one and not mere noise.
    """
    draw = random.Random(seed)  # noqa: S311 - a draw to look at, nothing depends on it
    scale, steps = rubric.scale, rubric.scale.steps

    def value(strength: int) -> Decimal:
        step = max(0, min(steps, strength + draw.randint(-(steps // 5), steps // 5)))
        return scale.low + step * scale.step

    people = [Candidate(f"{no:02d}", f"{no:02d}") for no in range(1, candidates + 1)]
    judges = tuple(f"J{no}" for no in range(1, assessors + 1))
    marks, computed = [], []
    for candidate in people:
        strength = draw.randint(steps // 4, steps)
        for one in rubric.indicators:
            if one.source == Source.COMPUTED:
                computed.append(Computed(candidate.code, one.code, value(strength)))
            else:
                marks += [Mark(candidate.code, one.code, judge, value(strength)) for judge in judges]
    return Contest(
        cycle=Cycle("trial", 2000, "", "", ""),
        category=Category("trial", ""),
        rubric=rubric,
        assessors=judges,
        candidates=tuple(people),
        marks=tuple(marks),
        computed=tuple(computed),
    )


def fits(rubric: Rubric, other: Rubric) -> bool:
    """Whether what was scored by `other` can be ranked by `rubric`: the same indicators from the same sources."""
    mine = {(one.code, one.source) for one in rubric.indicators}
    return mine == {(one.code, one.source) for one in other.indicators}


def by_another(contest: Contest, rubric: Rubric) -> Contest:
    """The same contest judged by another rubric that fits. Raises `BadContest` where the values are off its scale.

    Plenary decisions stay out: they were about ties that may be gone. So do gates that `rubric` does not have.
    """
    gates = {gate.code for gate in rubric.gates}
    candidates = tuple(
        replace(one, failed_gates=tuple(gate for gate in one.failed_gates if gate in gates))
        for one in contest.candidates
    )
    return replace(contest, rubric=rubric, candidates=candidates, decisions=())
