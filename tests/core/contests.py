"""Contests to test with: a plain one to vary, random ones, and a second program that ranks without any cleverness."""

from collections.abc import Iterable
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction
from typing import Any

from hypothesis import strategies as st

from paritrana.core.ranking import (
    Candidate,
    Cap,
    Category,
    Computed,
    Contest,
    Cycle,
    Decision,
    Mark,
    NotApplicable,
)
from paritrana.core.rubric import Aspect, Gate, Indicator, PanelAggregate, Rubric, Scale, Source, Stage

CYCLE = Cycle("test", 2026, "2026", "province", "52")
CATEGORY = Category("kabkota", "Pemerintah kabupaten/kota")
HUNDRED = Scale(Decimal(0), Decimal(100), Decimal("0.01"))
TEN = Scale(Decimal(0), Decimal(10), Decimal("0.01"))


def panel_rubric(weights: Iterable[int], scale: Scale = HUNDRED, **changes: Any) -> Rubric:
    """A rubric with panel indicators I1, I2, … in one aspect and one stage, quorum 1."""
    indicators = tuple(
        Indicator(f"I{place}", "", "desk", "A", Decimal(weight), Source.PANEL)
        for place, weight in enumerate(weights, 1)
    )
    plain = Rubric(
        code="test",
        version=1,
        total=sum((one.weight for one in indicators), Decimal(0)),
        quorum=1,
        panel_aggregate=PanelAggregate.MEAN,
        scale=scale,
        stages=(Stage("desk", "Berkas"),),
        aspects=(Aspect("A", "Regulasi"),),
        indicators=indicators,
    )
    return replace(plain, **changes)


def sheets(candidate: str, *rows: Iterable[object]) -> tuple[Mark, ...]:
    """The marks of one candidate: one row for each assessor J1, J2, …, one value for each indicator.

    None is an abstention, and a missing mark is `...`.
    """
    return tuple(
        Mark(candidate, f"I{column}", f"J{row}", None, "abstained")
        if value is None
        else Mark(candidate, f"I{column}", f"J{row}", Decimal(str(value)))
        for row, values in enumerate(rows, 1)
        for column, value in enumerate(values, 1)
        if value is not ...
    )


def contest(rubric: Rubric, marks: Iterable[Mark], **rows: Any) -> Contest:
    """A contest of everybody who has a mark; further rows and other candidates by keyword."""
    kept = tuple(marks)
    rows.setdefault("candidates", tuple(Candidate(code, code) for code in sorted({one.candidate for one in kept})))
    rows.setdefault("assessors", tuple(sorted({one.assessor for one in kept})))
    return Contest(cycle=CYCLE, category=CATEGORY, rubric=rubric, marks=kept, **rows)


SCALES = st.sampled_from(
    [
        Scale(Decimal(0), Decimal(10), Decimal("2.5")),
        Scale(Decimal("-1"), Decimal("1"), Decimal("0.25")),
        Scale(Decimal("1"), Decimal("4"), Decimal("0.3")),
        TEN,
    ]
)


@st.composite
def rubrics(draw: st.DrawFn) -> Rubric:
    """Rubrics of up to five indicators in three aspects, one of which may be empty, with any chain of tie-breaks."""
    count = draw(st.integers(1, 5))
    weights = draw(st.sampled_from([[Decimal(5)], [Decimal("0.5"), Decimal(1), Decimal(3), Decimal("7.25")]]))
    indicators = tuple(
        Indicator(
            f"I{place}",
            "",
            draw(st.sampled_from(["desk", "interview"])),
            draw(st.sampled_from("ABC")),
            draw(st.sampled_from(weights)),
            draw(st.sampled_from(Source)),
        )
        for place in range(count)
    )
    elements = ["source:computed", "decision", "stage:desk", "stage:interview", "aspect:A", "aspect:B", "indicator:I0"]
    return Rubric(
        code="random",
        version=draw(st.integers(1, 9)),
        total=sum((one.weight for one in indicators), Decimal(0)),
        quorum=draw(st.sampled_from([1, 1, 2])),
        panel_aggregate=draw(st.sampled_from([PanelAggregate.MEAN] * 2 + [PanelAggregate.TRIMMED_MEAN])),
        scale=draw(SCALES),
        stages=(Stage("desk", "Berkas"), Stage("interview", "")),
        aspects=(Aspect("A", "a"), Aspect("B", "b"), Aspect("C", "c")),
        indicators=indicators,
        gates=(Gate("period", "Dalam periode"), Gate("all-programmes", "Program wajib lengkap")),
        tie_break=tuple(draw(st.lists(st.sampled_from(elements), unique=True, max_size=4))),
    )


@st.composite
def contests(draw: st.DrawFn) -> Contest:
    """Contests of up to five candidates with gaps, caps, gates and decisions; few values, so ties are common."""
    rubric = draw(rubrics())
    scale = rubric.scale
    few, many = st.sampled_from([0, scale.steps]), st.integers(0, scale.steps)
    steps = draw(st.sampled_from([few, many]))
    values = steps.map(lambda above: scale.low + above * scale.step)
    codes = [f"52.{place}" for place in range(1, draw(st.integers(0, 5)) + 1)]
    assessors = tuple(f"J{place}" for place in range(1, draw(st.integers(1, 4)) + 1))
    kinds = st.sampled_from(["marked"] * 17 + ["abstained", "recused", "unmarked"])
    often = st.sampled_from([True] * 9 + [False])
    seldom = st.sampled_from([False] * 9 + [True])
    marks, computed, caps, excused = [], [], [], []
    for code in codes:
        for one in rubric.indicators:
            if draw(seldom):
                excused.append(NotApplicable(code, one.code, "tidak ada pemilu"))
            if one.source is Source.COMPUTED:
                if draw(often):
                    computed.append(Computed(code, one.code, draw(values)))
                continue
            if draw(seldom):
                caps.append(Cap(code, one.code, draw(values), "dihadiri Wakil Bupati"))
            for assessor in assessors:
                kind = draw(kinds)
                if kind == "marked":
                    marks.append(Mark(code, one.code, assessor, draw(values)))
                elif kind != "unmarked":
                    marks.append(Mark(code, one.code, assessor, None, kind))
    gates = st.lists(st.sampled_from(["period", "all-programmes"]), unique=True, max_size=2)
    orders = st.permutations(codes).flatmap(
        lambda order: st.integers(2, len(order)).map(lambda size: tuple(order[:size]))
    )
    decided = draw(st.lists(orders, max_size=3, unique_by=frozenset)) if len(codes) > 1 else []
    return Contest(
        cycle=CYCLE,
        category=CATEGORY,
        rubric=rubric,
        assessors=assessors,
        candidates=tuple(
            Candidate(code, f"Kandidat {code}", tuple(draw(gates)) if draw(seldom) else ()) for code in codes
        ),
        marks=tuple(marks),
        computed=tuple(computed),
        caps=tuple(caps),
        not_applicable=tuple(excused),
        decisions=tuple(Decision(order, "pleno 6 lawan 3") for order in decided),
    )


# --- a second program ------------------------------------------------------------------------------------------------


def _two_decimals(value: Fraction) -> Fraction:
    return Fraction((200 * value + 1) // 2, 100)


def second_ranking(contest: Contest) -> list[dict[str, Any]]:
    """The result array, straight from the words of the method: fractions all the way and a search for every number."""
    rows, total, points = [], {}, {}
    for candidate in contest.candidates:
        state, reasons, earned = _second_candidate(contest, candidate)
        if state == "ranked":
            points[candidate.code] = earned
            total[candidate.code] = sum(earned.values(), Fraction(0))
        else:
            rows.append(
                {
                    "candidate": candidate.code,
                    "state": state,
                    "rank": None,
                    "tied": False,
                    "tie_broken_by": None,
                    "total": None,
                    "total_exact": None,
                    "reasons": reasons,
                    "points": {},
                }
            )
    rows.sort(key=lambda row: (["below_quorum", "incomplete", "ineligible"].index(row["state"]), row["candidate"]))
    # The key of a candidate grows by one number for each element; equal keys share a place.
    key = {code: [_two_decimals(total[code])] for code in total}
    shared = {code: sum(key[other] == key[code] for other in key) > 1 for code in key}
    breaker: dict[str, str] = {}
    for element in contest.rubric.tie_break:
        longer = {}
        for code in key:
            tied = {other for other in key if key[other] == key[code]}
            longer[code] = key[code] + [_second_element(contest, element, code, points[code], tied)]
        key = longer
        for code in key:
            if shared[code] and code not in breaker and sum(key[other] == key[code] for other in key) == 1:
                breaker[code] = element
    ranked = [
        {
            "candidate": code,
            "state": "ranked",
            "rank": 1 + sum(key[other] > key[code] for other in key),
            "tied": sum(key[other] == key[code] for other in key) > 1,
            "tie_broken_by": breaker.get(code),
            "total": f"{int(key[code][0] * 100) // 100}.{int(key[code][0] * 100) % 100:02d}",
            "total_exact": f"{total[code].numerator}/{total[code].denominator}",
            "reasons": [],
            "points": {name: f"{part.numerator}/{part.denominator}" for name, part in points[code].items()},
        }
        for code in key
    ]
    return sorted(ranked, key=lambda row: (row["rank"], row["candidate"])) + rows


def _second_element(contest: Contest, element: str, code: str, points: dict[str, Fraction], tied: set[str]) -> Fraction:
    if element == "decision":
        for decision in contest.decisions:
            if set(decision.order) == tied:
                return Fraction(-decision.order.index(code))
        return Fraction(0)
    kind, _, name = element.partition(":")
    return _two_decimals(
        sum((points.get(one.code, Fraction(0)) for one in contest.rubric.indicators if
             (kind == "source" and one.source == name)
             or (kind == "stage" and one.stage == name)
             or (kind == "aspect" and one.aspect == name)
             or (kind == "indicator" and one.code == name)), Fraction(0))
    )  # fmt: skip


def _second_candidate(contest: Contest, candidate: Candidate) -> tuple[str, list[dict[str, Any]], dict[str, Fraction]]:
    rubric, code = contest.rubric, candidate.code
    excused = {row.indicator for row in contest.not_applicable if row.candidate == code}
    computed = {row.indicator: Fraction(row.value) for row in contest.computed if row.candidate == code}
    caps = {row.indicator: Fraction(row.value) for row in contest.caps if row.candidate == code}
    gates = [{"kind": "gate", "gate": gate.code} for gate in rubric.gates if gate.code in candidate.failed_gates]
    gaps, short, points = [], [], {}
    low, high = Fraction(rubric.scale.low), Fraction(rubric.scale.high)
    trimmed = rubric.panel_aggregate == "trimmed_mean"
    needed = max(rubric.quorum, 3) if trimmed else rubric.quorum
    for one in rubric.indicators:
        if one.code in excused:
            continue
        if one.source == "computed":
            if one.code not in computed:
                gaps.append({"kind": "missing_computed", "indicator": one.code})
                continue
            value = computed[one.code]
        else:
            marks = sorted(
                min(Fraction(mark.value), caps.get(one.code, high))
                for mark in contest.marks
                if mark.candidate == code and mark.indicator == one.code and mark.value is not None
            )
            if len(marks) < needed:
                short.append({"kind": "below_quorum", "indicator": one.code, "found": len(marks), "needed": needed})
                continue
            if trimmed:
                marks = marks[1:-1]
            value = sum(marks, Fraction(0)) / len(marks)
        family = [other for other in rubric.indicators if other.aspect == one.aspect]
        whole = sum(Fraction(other.weight) for other in family)
        left = sum(Fraction(other.weight) for other in family if other.code not in excused)
        points[one.code] = Fraction(one.weight) * whole / left * (value - low) / (high - low)
    for aspect in rubric.aspects:
        family = [other for other in rubric.indicators if other.aspect == aspect.code]
        if family and all(other.code in excused for other in family):
            gaps.append({"kind": "aspect_not_applicable", "aspect": aspect.code})
    for state, reasons in (("ineligible", gates), ("incomplete", gaps), ("below_quorum", short)):
        if reasons:
            return state, reasons, {}
    return "ranked", [], points
