"""The ranking of one category: states, totals, ranks and ties, from one consistent set of inputs.

Source: docs/method.md, sections 4 and 5.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction
from functools import cached_property
from math import lcm
from typing import Any, Final, NamedTuple

from paritrana.core.errors import BadInput
from paritrana.core.rounding import quantise
from paritrana.core.rubric import CODE, DECISION, NOT_A_CODE, Rubric, Source
from paritrana.core.scoring import (
    OffScale,
    capped,
    effective_weights,
    panel_share,
    points,
    points_of_share,
    steps_above,
    subtotal,
)
from paritrana.core.words import N_

METHOD: Final = "hitung-1"
ABSTAINED: Final = "abstained"
RECUSED: Final = "recused"

UNKNOWN_CANDIDATE: Final = "The candidates do not include this code."
UNKNOWN_INDICATOR: Final = "The rubric has no indicator with this code."


class BadContest(BadInput):
    """Inputs that contradict each other. `pointer` is a JSON pointer into the open bundle that holds the contest."""

    code = "bad_contest"
    message = N_("The ranking cannot be computed. %(sentence)s")

    def __init__(self, pointer: str, sentence: str) -> None:
        super().__init__(f"{pointer}: {sentence}", pointer=pointer, sentence=sentence)
        self.pointer = pointer
        self.sentence = sentence


class State(StrEnum):
    """What becomes of a candidate. Rows of a result stand in this order."""

    RANKED = "ranked"
    BELOW_QUORUM = "below_quorum"
    INCOMPLETE = "incomplete"
    INELIGIBLE = "ineligible"


# --- what goes in ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Cycle:
    """Which year of the award: `assessment_year` is the year that is judged, `edition_label` the one on the banner."""

    code: str
    assessment_year: int
    edition_label: str
    tier: str
    region: str


@dataclass(frozen=True, slots=True)
class Category:
    """Who competes with whom."""

    code: str
    title: str


@dataclass(frozen=True, slots=True)
class Candidate:
    """A candidate and the codes of the gates it failed."""

    code: str
    name: str
    failed_gates: tuple[str, ...] = ()


class Mark(NamedTuple):
    """One assessor's value for one indicator of one candidate; without one, `reason` is `abstained` or `recused`."""

    candidate: str
    indicator: str
    assessor: str
    value: Decimal | None
    reason: str | None = None


class Computed(NamedTuple):
    """The value of an indicator that a named rule derives, on the scale and its steps."""

    candidate: str
    indicator: str
    value: Decimal


class Cap(NamedTuple):
    """The most that each mark of one indicator counts for one candidate."""

    candidate: str
    indicator: str
    value: Decimal
    reason: str


class NotApplicable(NamedTuple):
    """An indicator that cannot be judged for one candidate; the chair says why."""

    candidate: str
    indicator: str
    reason: str


class Decision(NamedTuple):
    """A recorded plenary decision: the order, best first, of exactly the candidates it names."""

    order: tuple[str, ...]
    reason: str


@dataclass(frozen=True)
class Contest:
    """Everything a ranking is computed from. One that exists is consistent; the order of the rows means nothing.

    Raises `BadContest` when a code is malformed, unknown or repeated, a value is off the scale or its steps, a row
    stands on an indicator of the other source, or a reason is missing.
    """

    cycle: Cycle
    category: Category
    rubric: Rubric
    assessors: tuple[str, ...]
    candidates: tuple[Candidate, ...]
    marks: tuple[Mark, ...]
    computed: tuple[Computed, ...] = ()
    caps: tuple[Cap, ...] = ()
    not_applicable: tuple[NotApplicable, ...] = ()
    decisions: tuple[Decision, ...] = ()
    # The marks that have a value, in steps above the scale's minimum: candidate -> panel indicator -> steps.
    grid: Mapping[str, Mapping[str, list[int]]] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        _check_code(self.cycle.code, "/cycle/code")
        if self.cycle.assessment_year < 1:
            raise BadContest("/cycle/assessment_year", "The assessment year is a whole number from 1 up.")
        _check_code(self.category.code, "/category/code")
        _check_codes(self.assessors, "/assessors", "")
        _check_codes((candidate.code for candidate in self.candidates), "/candidates", "/code")
        self._check_candidates()
        object.__setattr__(self, "grid", self._read_marks())
        self._check_cells("computed", self.computed, {Source.COMPUTED})
        self._check_cells("caps", self.caps, {Source.PANEL})
        self._check_cells("not_applicable", self.not_applicable, {Source.PANEL, Source.COMPUTED})
        self._check_decisions()

    def _check_candidates(self) -> None:
        gates = {gate.code for gate in self.rubric.gates}
        for place, candidate in enumerate(self.candidates):
            at = f"/candidates/{place}"
            if not candidate.name.strip():
                raise BadContest(f"{at}/name", "A candidate has a name.")
            for nth, gate in enumerate(candidate.failed_gates):
                if gate not in gates:
                    raise BadContest(f"{at}/failed_gates/{nth}", "The rubric has no gate with this code.")
                if gate in candidate.failed_gates[:nth]:
                    raise BadContest(f"{at}/failed_gates/{nth}", "This gate is named twice.")

    def _read_marks(self) -> dict[str, dict[str, list[int]]]:
        """Check every mark and sort the values by candidate and indicator; the only pass over the marks."""
        panel = [one.code for one in self.rubric.indicators if one.source == Source.PANEL]
        grid: dict[str, dict[str, list[int]]] = {one.code: {code: [] for code in panel} for one in self.candidates}
        assessors = frozenset(self.assessors)
        seen: set[tuple[str, str, str]] = set()
        steps: dict[Decimal, int] = {}
        for place, (candidate, indicator, assessor, value, reason) in enumerate(self.marks):
            try:
                cell = grid[candidate][indicator]
            except KeyError:
                raise self._misplaced(f"/marks/{place}", candidate, indicator) from None
            if assessor not in assessors:
                raise BadContest(f"/marks/{place}/assessor", "The assessors do not include this code.")
            if value is None:
                if reason != ABSTAINED and reason != RECUSED:
                    raise BadContest(
                        f"/marks/{place}/reason", 'The reason of an empty mark is "abstained" or "recused".'
                    )
            else:
                if reason is not None:
                    raise BadContest(f"/marks/{place}/reason", "A mark that has a value has no reason.")
                above = steps.get(value)
                if above is None:
                    above = steps[value] = self._steps(value, f"/marks/{place}/value")
                cell.append(above)
            seen.add((candidate, indicator, assessor))
        if len(seen) < len(self.marks):
            _refuse_repeat([mark[:3] for mark in self.marks], "/marks", "this candidate, indicator and assessor")
        return grid

    def _check_cells(
        self, name: str, rows: Sequence[Computed | Cap | NotApplicable], sources: Collection[Source]
    ) -> None:
        for place, row in enumerate(rows):
            at = f"/{name}/{place}"
            indicator = self.rubric.by_code.get(row.indicator)
            if row.candidate not in self.grid or indicator is None or indicator.source not in sources:
                raise self._misplaced(at, row.candidate, row.indicator)
            if not isinstance(row, NotApplicable):
                self._steps(row.value, f"{at}/value")
            if not isinstance(row, Computed):
                _check_reason(row.reason, at)
        _refuse_repeat([row[:2] for row in rows], f"/{name}", "this candidate and indicator")

    def _check_decisions(self) -> None:
        sets: set[frozenset[str]] = set()
        for place, decision in enumerate(self.decisions):
            at = f"/decisions/{place}"
            named: set[str] = set()
            for nth, code in enumerate(decision.order):
                if code not in self.grid:
                    raise BadContest(f"{at}/order/{nth}", UNKNOWN_CANDIDATE)
                if code in named:
                    raise BadContest(f"{at}/order/{nth}", "A decision names each candidate once.")
                named.add(code)
            if len(named) < 2:
                raise BadContest(f"{at}/order", "A decision orders two or more candidates.")
            if frozenset(named) in sets:
                raise BadContest(f"{at}/order", "An earlier decision orders the same candidates.")
            sets.add(frozenset(named))
            _check_reason(decision.reason, at)

    def _steps(self, value: Decimal, at: str) -> int:
        try:
            return steps_above(value, self.rubric.scale)
        except OffScale as refusal:
            raise BadContest(at, f"The value is not on the scale of {self.rubric.scale}.") from refusal

    def _misplaced(self, at: str, candidate: str, indicator: str) -> BadContest:
        """What is wrong with a row that stands where no such row may stand."""
        if candidate not in {one.code for one in self.candidates}:
            return BadContest(f"{at}/candidate", UNKNOWN_CANDIDATE)
        if indicator not in self.rubric.by_code:
            return BadContest(f"{at}/indicator", UNKNOWN_INDICATOR)
        source = self.rubric.by_code[indicator].source
        return BadContest(f"{at}/indicator", f'An indicator of the source "{source}" takes no such row.')

    def in_order(self) -> "Contest":
        """The same contest with every row in the order in which the open bundle writes it: by code."""
        ordered: dict[str, Any] = {
            "assessors": tuple(sorted(self.assessors)),
            "candidates": tuple(
                Candidate(one.code, one.name, tuple(sorted(one.failed_gates)))
                for one in sorted(self.candidates, key=lambda one: one.code)
            ),
            "marks": tuple(sorted(self.marks)),
            "computed": tuple(sorted(self.computed)),
            "caps": tuple(sorted(self.caps)),
            "not_applicable": tuple(sorted(self.not_applicable)),
            "decisions": tuple(sorted(self.decisions)),
        }
        if all(getattr(self, name) == rows for name, rows in ordered.items()):
            return self  # what was checked once need not be checked again
        return replace(self, **ordered)


def _check_code(code: str, at: str) -> None:
    if not CODE.fullmatch(code):
        raise BadContest(at, NOT_A_CODE)


def _check_codes(codes: Iterable[str], at: str, key: str) -> None:
    seen: set[str] = set()
    for place, code in enumerate(codes):
        _check_code(code, f"{at}/{place}{key}")
        if code in seen:
            raise BadContest(f"{at}/{place}{key}", "This code is given twice.")
        seen.add(code)


def _check_reason(reason: str, at: str) -> None:
    if not reason.strip():
        raise BadContest(f"{at}/reason", "The reason is not blank.")


def _refuse_repeat(keys: Sequence[tuple[object, ...]], at: str, what: str) -> None:
    seen: set[tuple[object, ...]] = set()
    for place, key in enumerate(keys):
        if key in seen:
            raise BadContest(f"{at}/{place}", f"An earlier row has {what}.")
        seen.add(key)


# --- what comes out --------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class GateFailed:
    """The candidate failed a gate."""

    gate: str


@dataclass(frozen=True, slots=True)
class MissingComputed:
    """The figures do not give a value for a computed indicator."""

    indicator: str


@dataclass(frozen=True, slots=True)
class AspectNotApplicable:
    """No indicator of the aspect is applicable, so its weight has nowhere to go."""

    aspect: str


@dataclass(frozen=True, slots=True)
class BelowQuorum:
    """A panel indicator has `found` values and takes `needed`."""

    indicator: str
    found: int
    needed: int


Reason = GateFailed | MissingComputed | AspectNotApplicable | BelowQuorum


@dataclass(frozen=True, slots=True)
class Row:
    """What the ranking says about one candidate.

    `total` is quantised and decides the rank, `total_exact` is the sum of `points` (applicable indicators, in the
    rubric's order). A candidate that is not ranked has reasons and no number at all.
    """

    candidate: str
    state: State
    rank: int | None = None
    tied: bool = False
    tie_broken_by: str | None = None
    total: Fraction | None = None
    total_exact: Fraction | None = None
    reasons: tuple[Reason, ...] = ()
    points: Mapping[str, Fraction] = field(default_factory=dict)


@dataclass(frozen=True)
class Result:
    """The rows of a ranking: ranked by rank and code, then those below quorum, incomplete and ineligible by code."""

    rows: tuple[Row, ...]

    @cached_property
    def _by_code(self) -> dict[str, Row]:
        return {row.candidate: row for row in self.rows}

    def __getitem__(self, candidate: str) -> Row:
        """The row of one candidate. Raises `KeyError` for an unknown code."""
        return self._by_code[candidate]

    def __iter__(self) -> Iterator[Row]:
        return iter(self.rows)

    def __len__(self) -> int:
        return len(self.rows)


class Standing(NamedTuple):
    """A candidate that will get a rank."""

    candidate: str
    total: Fraction
    total_exact: Fraction
    points: Mapping[str, Fraction]


def rank(contest: Contest) -> Result:
    """Compute the ranking, exact; the same inputs in any order give the same result.

    Source: docs/method.md, sections 3 to 5.
    """
    rubric = contest.rubric
    computed: dict[str, dict[str, Decimal]] = {code: {} for code in contest.grid}
    for value in contest.computed:
        computed[value.candidate][value.indicator] = value.value
    caps: dict[str, dict[str, Decimal]] = {code: {} for code in contest.grid}
    for cap in contest.caps:
        caps[cap.candidate][cap.indicator] = cap.value
    excused: dict[str, set[str]] = {code: set() for code in contest.grid}
    for one in contest.not_applicable:
        excused[one.candidate].add(one.indicator)

    standing: list[Standing] = []
    others: list[Row] = []
    for candidate in contest.candidates:
        code = candidate.code
        state, reasons = _state(rubric, candidate, contest.grid[code], computed[code], excused[code])
        if reasons:
            others.append(Row(code, state, reasons=tuple(reasons)))
        else:
            standing.append(_standing(rubric, code, contest.grid[code], computed[code], caps[code], excused[code]))

    rows = list(placed(rubric, standing, contest.decisions))
    order = list(State)
    rows.extend(sorted(others, key=lambda row: (order.index(row.state), row.candidate)))
    return Result(tuple(rows))


def _state(
    rubric: Rubric,
    candidate: Candidate,
    marks: Mapping[str, Sequence[int]],
    computed: Mapping[str, Decimal],
    excused: Collection[str],
) -> tuple[State, list[Reason]]:
    """The candidate's state and why: the first state in the order of precedence that has a reason."""
    gates: list[Reason] = [GateFailed(gate.code) for gate in rubric.gates if gate.code in candidate.failed_gates]
    if gates:
        return State.INELIGIBLE, gates
    gaps: list[Reason] = [
        MissingComputed(one.code)
        for one in rubric.indicators
        if one.source == Source.COMPUTED and one.code not in excused and one.code not in computed
    ]
    gaps.extend(
        AspectNotApplicable(aspect)
        for aspect, indicators in rubric.by_aspect.items()
        if indicators and all(one.code in excused for one in indicators)
    )
    if gaps:
        return State.INCOMPLETE, gaps
    needed = rubric.needed
    short: list[Reason] = [
        BelowQuorum(one.code, len(marks[one.code]), needed)
        for one in rubric.indicators
        if one.source == Source.PANEL and one.code not in excused and len(marks[one.code]) < needed
    ]
    return (State.BELOW_QUORUM, short) if short else (State.RANKED, [])


def _standing(
    rubric: Rubric,
    code: str,
    marks: Mapping[str, Sequence[int]],
    computed: Mapping[str, Decimal],
    caps: Mapping[str, Decimal],
    excused: Collection[str],
) -> Standing:
    earned: dict[str, Fraction] = {}
    for indicator, weight in effective_weights(rubric, excused).items():
        if indicator in computed:
            earned[indicator] = points(computed[indicator], weight, rubric.scale)
        else:
            counted = capped(marks[indicator], caps.get(indicator), rubric.scale)
            share = panel_share(counted, rubric.scale, rubric.panel_aggregate)
            earned[indicator] = points_of_share(share, weight)
    # One common denominator for the whole sum: adding fractions two by two looks for common factors each time.
    common = lcm(*(part.denominator for part in earned.values()))
    exact = Fraction(sum(part.numerator * (common // part.denominator) for part in earned.values()), common)
    return Standing(code, quantise(exact), exact, earned)


Worth = Callable[[Standing, str], Fraction]


def placed(
    rubric: Rubric, standing: Sequence[Standing], decisions: Sequence[Decision], worth: Worth | None = None
) -> Iterator[Row]:
    """Give the ranks 1, 2, 2, 4 and say what broke each tie.

    `worth` tells the quantised subtotal of a candidate for an element of the chain, by default that of its points; it
    is asked only where a total is shared.
    """
    counted = worth or (lambda one, element: subtotal(one.points, element, rubric))
    orders = {
        frozenset(decision.order): {code: place for place, code in enumerate(decision.order)} for decision in decisions
    }
    rank_now = 1
    for level in _levels(standing, {one.candidate: one.total for one in standing}):
        groups = [level]
        broken_by: dict[str, str] = {}
        for element in rubric.tie_break:
            finer: list[list[Standing]] = []
            for group in groups:
                parts = _split(group, element, counted, orders) if len(group) > 1 else [group]
                if len(group) > 1:
                    broken_by.update((part[0].candidate, element) for part in parts if len(part) == 1)
                finer.extend(parts)
            groups = finer
        for group in groups:
            for one in group:
                yield Row(
                    candidate=one.candidate,
                    state=State.RANKED,
                    rank=rank_now,
                    tied=len(group) > 1,
                    tie_broken_by=broken_by.get(one.candidate),
                    total=one.total,
                    total_exact=one.total_exact,
                    points=one.points,
                )
            rank_now += len(group)


def _split(
    group: list[Standing], element: str, worth: Worth, orders: Mapping[frozenset[str], Mapping[str, int]]
) -> list[list[Standing]]:
    """Part candidates that share a place by one element of the chain, best first."""
    if element != DECISION:
        return _levels(group, {one.candidate: worth(one, element) for one in group})
    places = orders.get(frozenset(one.candidate for one in group))
    if places is None:  # A decision about other candidates, even about some of these, does not apply.
        return [group]
    return [[one] for one in sorted(group, key=lambda one: places[one.candidate])]


def _levels(group: Iterable[Standing], value: Mapping[str, Fraction]) -> list[list[Standing]]:
    """The candidates in groups of equal value, highest first; inside a group by code."""
    levels: dict[Fraction, list[Standing]] = {}
    for one in sorted(group, key=lambda one: one.candidate):
        levels.setdefault(value[one.candidate], []).append(one)
    return [levels[height] for height in sorted(levels, reverse=True)]
