"""The marks of the ranked candidates as whole numbers in arrays, and exact totals and ranks from them."""

from collections.abc import Mapping
from decimal import Decimal
from fractions import Fraction
from functools import cache, cached_property
from math import lcm
from typing import Any

import numpy as np
import numpy.typing as npt

from paritrana.core.ranking import Contest, Result, Row, Standing, placed
from paritrana.core.rubric import Indicator, PanelAggregate, Rubric, Source
from paritrana.core.scoring import effective_weights, steps_above

Whole = npt.NDArray[Any]  # whole numbers: of the machine where they fit, of Python where they do not
Numbers = npt.NDArray[np.float64]
Truth = npt.NDArray[np.bool_]

LARGEST = 2**62
MINIMUM = {PanelAggregate.MEAN: 1, PanelAggregate.TRIMMED_MEAN: 3}


class Grid:
    """The ranked candidates of a contest in the order of their ranks, with arrays [candidate, indicator, assessor].

    Values are whole steps above the scale's minimum.
    """

    def __init__(self, contest: Contest, result: Result) -> None:
        self.contest = contest
        self.rubric = contest.rubric
        self.rows: list[Row] = [row for row in result if row.rank is not None]
        self.candidates = tuple(row.candidate for row in self.rows)
        self.assessors = tuple(sorted(contest.assessors))
        self.panel = [one.code for one in self.rubric.indicators if one.source == Source.PANEL]
        self.excused: dict[str, set[str]] = {code: set() for code in self.candidates}
        for one in contest.not_applicable:
            if one.candidate in self.excused:
                self.excused[one.candidate].add(one.indicator)
        self.place = {code: no for no, code in enumerate(self.candidates)}
        self.raw, self.seen = self._marks()
        self.values = self._capped()

    @property
    def first(self) -> set[str]:
        """The candidates on rank 1."""
        return {row.candidate for row in self.rows if row.rank == 1}

    def _marks(self) -> tuple[npt.NDArray[np.int64], Truth]:
        shape = len(self.candidates), len(self.panel), len(self.assessors)
        raw, seen = np.zeros(shape, np.int64), np.zeros(shape, np.bool_)
        across = {code: no for no, code in enumerate(self.panel)}
        seats = {code: no for no, code in enumerate(self.assessors)}
        steps: dict[Decimal, int] = {}
        at, found = [], []
        for candidate, indicator, assessor, value, _reason in self.contest.marks:
            row = self.place.get(candidate)
            if row is None or value is None or indicator in self.excused[candidate]:
                continue
            above = steps.get(value)
            if above is None:
                above = steps[value] = steps_above(value, self.rubric.scale)
            at.append((row * shape[1] + across[indicator]) * shape[2] + seats[assessor])
            found.append(above)
        raw.reshape(-1)[at] = found
        seen.reshape(-1)[at] = True
        return raw, seen

    def _capped(self) -> npt.NDArray[np.int64]:
        limited = self.raw.copy()
        across = {code: no for no, code in enumerate(self.panel)}
        for cap in self.contest.caps:
            row = self.place.get(cap.candidate)
            if row is not None:
                cell = limited[row, across[cap.indicator]]
                np.minimum(cell, steps_above(cap.value, self.rubric.scale), out=cell)
        return limited

    @cached_property
    def computed(self) -> Mapping[tuple[str, str], int]:
        """The computed values of the ranked candidates in steps, by candidate and indicator."""
        return {
            (one.candidate, one.indicator): steps_above(one.value, self.rubric.scale)
            for one in self.contest.computed
            if one.candidate in self.place and one.indicator not in self.excused[one.candidate]
        }

    def sums(self, aggregate: PanelAggregate, without: int | None = None) -> tuple[Whole, Whole]:
        """What each panel indicator's marks add up to and by how many they are divided, after any that are dropped.

        `without` is the place of an assessor who is left out. Too few marks give a divisor of 0.
        """
        seen = self.seen
        if without is not None:
            seen = seen.copy()
            seen[:, :, without] = False
        total, count = np.where(seen, self.values, 0).sum(axis=2), seen.sum(axis=2)
        if aggregate == PanelAggregate.TRIMMED_MEAN:
            highest = np.where(seen, self.values, 0).max(axis=2, initial=0)
            lowest = np.where(seen, self.values, LARGEST).min(axis=2, initial=LARGEST)
            enough = count >= MINIMUM[aggregate]
            total = np.where(enough, total - highest - lowest, 0)
            count = np.where(enough, count - 2, 0)
        return total, count

    def weights(self, rubric: Rubric) -> tuple[Whole, int]:
        """The weights that act, [candidate, indicator] in the rubric's order, as whole numbers of a common part."""
        plain = effective_weights(rubric)
        rows = [
            effective_weights(rubric, self.excused[code]) if self.excused[code] else plain for code in self.candidates
        ]
        common = lcm(1, *{one.denominator for row in rows for one in row.values()})
        empty = Fraction(0)
        known: dict[int, list[int]] = {}
        found = []
        for row in rows:
            if id(row) not in known:
                weights = (row.get(one.code, empty) for one in rubric.indicators)
                known[id(row)] = [one.numerator * (common // one.denominator) for one in weights]
            found.append(known[id(row)])
        return np.array(found, dtype=object).reshape(len(rows), len(rubric.indicators)), common

    def points(self, rubric: Rubric, without: int | None = None) -> tuple[Whole, int, Truth]:
        """The exact points [candidate, indicator] as whole numbers of a part, the part, and who has every value.

        `rubric` has the indicators of the contest, perhaps in another order. A candidate that lacks a value has points
        of 0 there.
        """
        weights, common = self.weights(rubric)
        total, count = self.sums(rubric.panel_aggregate, without)
        parts = lcm(1, *(int(one) for one in np.unique(count) if one))
        heaviest = max((int(one) for one in weights.flat), default=0)
        most = 400 * heaviest * parts * self.rubric.scale.steps * max(1, len(self.assessors)) * max(1, weights.shape[1])
        kind: Any = np.int64 if most < LARGEST else object
        shares = np.zeros(weights.shape, dtype=kind)
        factors = (parts // np.maximum(count, 1)).astype(kind)
        panel = np.where(count > 0, total, 0).astype(kind) * factors
        across = {code: no for no, code in enumerate(self.panel)}
        lacking = (count == 0) & ~self._excused_of_panel
        for column, one in enumerate(rubric.indicators):
            if one.source == Source.PANEL:
                shares[:, column] = panel[:, across[one.code]]
            else:
                shares[:, column] = [self.computed.get((code, one.code), 0) * parts for code in self.candidates]
        return weights.astype(kind) * shares, common * parts * self.rubric.scale.steps, ~lacking.any(axis=1)

    @cached_property
    def _excused_of_panel(self) -> Truth:
        """Which panel indicators are not applicable, [candidate, indicator]."""
        found = [[one in self.excused[code] for one in self.panel] for code in self.candidates]
        return np.array(found, np.bool_).reshape(len(self.candidates), len(self.panel))

    def ranks(self, rubric: Rubric, without: int | None = None) -> list[int | None]:
        """The exact ranks, ties broken as the core breaks them; None for a candidate that lacks a value."""
        earned, part, complete = self.points(rubric, without)

        @cache
        def hundredths(element: str) -> list[int]:
            named = [no for no, one in enumerate(rubric.indicators) if _named(one, element)]
            rounded: list[int] = ((200 * earned[:, named].sum(axis=1) + part) // (2 * part)).tolist()
            return rounded

        levels: dict[int, list[str]] = {}
        for code, total, whole in zip(self.candidates, hundredths(""), complete, strict=True):
            if whole:
                levels.setdefault(total, []).append(code)
        places: dict[str, int] = {}
        for total in sorted(levels, reverse=True):
            before, tied = len(places), levels[total]
            if len(tied) == 1:
                places[tied[0]] = before + 1
                continue
            # Only here does the chain for ties say anything.
            rows = placed(
                rubric,
                [Standing(code, _cents(total), _cents(total), {}) for code in tied],
                self.contest.decisions,
                lambda one, element: _cents(hundredths(element)[self.place[one.candidate]]),
            )
            places.update({row.candidate: before + (row.rank or 0) for row in rows})
        return [places.get(code) for code in self.candidates]

    @cached_property
    def shares(self) -> Numbers:
        """What each indicator of the contest earned as a share of the scale (0 to 1), [candidate, indicator]."""
        total, count = self.sums(self.rubric.panel_aggregate)
        panel = total / (np.maximum(count, 1) * float(self.rubric.scale.steps))
        across = {code: no for no, code in enumerate(self.panel)}
        found = np.zeros((len(self.candidates), len(self.rubric.indicators)))
        for column, one in enumerate(self.rubric.indicators):
            if one.source == Source.PANEL:
                found[:, column] = panel[:, across[one.code]]
            else:
                found[:, column] = [
                    self.computed.get((code, one.code), 0) / self.rubric.scale.steps for code in self.candidates
                ]
        return found

    @cached_property
    def acting(self) -> Numbers:
        """The weights that act in points, [candidate, indicator]."""
        weights, common = self.weights(self.rubric)
        return np.array(weights / common, dtype=np.float64).reshape(weights.shape)


def _named(indicator: Indicator, element: str) -> bool:
    """Whether an element of a chain for ties names an indicator; the empty one names all."""
    kind, _sep, code = element.partition(":")
    known = {"source": indicator.source, "stage": indicator.stage, "aspect": indicator.aspect,
             "indicator": indicator.code}  # fmt: skip
    return not element or known[kind] == code


@cache
def _cents(hundredths: int) -> Fraction:
    return Fraction(hundredths, 100)


def shared_ranks(totals: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """The ranks 1, 2, 2, 4 of each row of totals; equal totals share a rank."""
    rows, size = totals.shape
    # Total and place in one number: sorting numbers is several times faster than sorting places by numbers.
    bits = max(1, size.bit_length())
    keys = np.sort(((totals.max(initial=0) - totals) << bits) | np.arange(size), axis=1)
    order, ordered = keys & ((1 << bits) - 1), keys >> bits
    new = np.ones(totals.shape, np.bool_)
    new[:, 1:] = ordered[:, 1:] != ordered[:, :-1]
    places = np.maximum.accumulate(np.where(new, np.arange(1, size + 1), 0), axis=1)
    ranks = np.empty(totals.shape, np.int64)
    ranks[np.arange(rows)[:, None], order] = places
    return ranks


def cents(totals: Numbers) -> npt.NDArray[np.int64]:
    """Totals in hundredths, half up; what only the noise of floats keeps below one half counts as one half."""
    return np.floor(100 * totals + 0.5 + 1e-7).astype(np.int64)
