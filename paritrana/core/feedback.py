"""What a nominee can learn from a published result: its values beside those of its category, and the next levels.

Everything follows from the open bundle and the levels of the rubric, exactly; nothing is guessed.
Source: docs/method.md, sections 3 and 4.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from paritrana.core.ranking import Contest
from paritrana.core.rubric import Rubric, Source
from paritrana.core.scoring import capped, effective_weights, panel_share, points


@dataclass(frozen=True)
class Level:
    """One described level of an indicator: its value on the scale and its words by language."""

    score: Decimal
    words: Mapping[str, str]


@dataclass(frozen=True)
class Step:
    """The next level above a value, and the points that reaching it would have added."""

    level: Level
    gain: Fraction


@dataclass(frozen=True)
class Line:
    """What came out for one indicator of one candidate.

    `value` is on the scale and `earned` in points; None where a computed value is missing, or where fewer marks count
    than the rubric needs. `reached` is the highest level at or below the value, `step` the next one above it; None at
    the top. `cap` is the highest mark that counted, where attendance set one below the end of the scale. `median` and
    `best` are those of the ranked candidates, `holders` are who has the best value.
    """

    indicator: str
    weight: Fraction
    value: Fraction | None
    earned: Fraction | None
    reached: Level | None
    step: Step | None
    cap: Decimal | None
    median: Fraction | None
    best: Fraction | None
    holders: tuple[str, ...]
    lead: Fraction | None  # how many points the value lies above the median, below it with a minus sign

    @property
    def is_best(self) -> bool:
        """Whether nobody in the category has a higher value."""
        return self.value is not None and self.best is not None and self.value >= self.best

    @property
    def above_median(self) -> bool:
        """Whether the value lies above the middle of the category."""
        return self.lead is not None and self.lead > 0

    @property
    def at_top(self) -> bool:
        """Whether the value has reached the highest described level."""
        return self.reached is not None and self.step is None

    @property
    def held_back(self) -> bool:
        """Whether the next level lies above what marks could count, because attendance set a cap."""
        return self.cap is not None and self.step is not None and self.step.level.score > self.cap


Values = Mapping[str, Fraction]


@dataclass(frozen=True)
class Compared:
    """The values of every candidate of a contest by indicator, and what they look like among the ranked ones."""

    contest: Contest
    values: Mapping[str, Values]
    median: Values
    best: Values
    holders: Mapping[str, tuple[str, ...]]
    ranked: int


def compared(contest: Contest, ranked: Collection[str]) -> Compared:
    """Every value of every candidate; median and best of each indicator are those of the candidates in `ranked`."""
    values = _values(contest)
    known: dict[str, list[tuple[Fraction, str]]] = {one.code: [] for one in contest.rubric.indicators}
    for code in ranked:
        for indicator, value in values[code].items():
            known[indicator].append((value, code))
    best = {code: max(rows)[0] for code, rows in known.items() if rows}
    return Compared(
        contest=contest,
        values=values,
        median={code: median([value for value, _code in rows]) for code, rows in known.items() if rows},
        best=best,
        holders={code: tuple(sorted(one for value, one in known[code] if value == top)) for code, top in best.items()},
        ranked=len(ranked),
    )


def median(values: Sequence[Fraction]) -> Fraction:
    """The middle value, of an even number the mean of the two in the middle; `values` are at least one."""
    ordered, half = sorted(values), len(values) // 2
    return ordered[half] if len(ordered) % 2 else (ordered[half - 1] + ordered[half]) / 2


def feedback(field: Compared, candidate: str, levels: Mapping[str, Sequence[Level]]) -> tuple[Line, ...]:
    """What came out for each applicable indicator of a candidate, in the order of the rubric.

    `levels` are those of each indicator, rising. A candidate without a rank has its values all the same.
    """
    rubric, mine = field.contest.rubric, field.values[candidate]
    excused = {one.indicator for one in field.contest.not_applicable if one.candidate == candidate}
    caps = {one.indicator: one.value for one in field.contest.caps if one.candidate == candidate}
    weights = effective_weights(rubric, excused)
    return tuple(
        _line(field, code, weight, mine.get(code), levels.get(code, ()), caps.get(code))
        for code, weight in weights.items()
    )


def _line(
    field: Compared, code: str, weight: Fraction, value: Fraction | None, levels: Sequence[Level], cap: Decimal | None
) -> Line:
    scale = field.contest.rubric.scale
    earned = None if value is None else points(value, weight, scale)
    middle = field.median.get(code)
    reached, step = None, None
    if value is not None and earned is not None:
        reached = next((one for one in reversed(levels) if one.score <= value), None)
        higher = next((one for one in levels if one.score > value), None)
        step = None if higher is None else Step(higher, points(higher.score, weight, scale) - earned)
    return Line(
        indicator=code,
        weight=weight,
        value=value,
        earned=earned,
        reached=reached,
        step=step,
        cap=cap if cap is not None and cap < scale.high else None,
        median=middle,
        best=field.best.get(code),
        holders=field.holders.get(code, ()),
        lead=None if earned is None or middle is None else earned - points(middle, weight, scale),
    )


def _values(contest: Contest) -> dict[str, Values]:
    """The value of each applicable indicator of each candidate on the scale, exact, as the ranking reads it."""
    rubric = contest.rubric
    excused = {(one.candidate, one.indicator) for one in contest.not_applicable}
    caps = {(one.candidate, one.indicator): one.value for one in contest.caps}
    found: dict[str, dict[str, Fraction]] = {one.code: {} for one in contest.candidates}
    for row in contest.computed:
        if (row.candidate, row.indicator) not in excused:
            found[row.candidate][row.indicator] = Fraction(row.value)
    panel = [one.code for one in rubric.indicators if one.source == Source.PANEL]
    for candidate, marks in contest.grid.items():
        for code in panel:
            if (candidate, code) not in excused and len(marks[code]) >= rubric.needed:
                found[candidate][code] = _panel_value(rubric, marks[code], caps.get((candidate, code)))
    return dict(found)


def _panel_value(rubric: Rubric, marks: Sequence[int], cap: Decimal | None) -> Fraction:
    counted = capped(marks, cap, rubric.scale)
    return Fraction(rubric.scale.low) + panel_share(counted, rubric.scale, rubric.panel_aggregate) * rubric.scale.length


def strengths(lines: Sequence[Line]) -> list[Line]:
    """The indicators above the median or on the highest level, the furthest above the median in points first.

    A best value that half of the category shares is no strength.
    """
    return sorted((one for one in lines if one.above_median or one.at_top), key=_lead, reverse=True)


def chances(lines: Sequence[Line]) -> list[Line]:
    """The indicators with a level above the value, the one that would have added most points first."""
    return sorted((one for one in lines if one.step is not None), key=_gain, reverse=True)


def _lead(one: Line) -> Fraction:
    return Fraction(0) if one.lead is None else one.lead


def _gain(one: Line) -> Fraction:
    return Fraction(0) if one.step is None else one.step.gain
