"""Diagnostics: advice beside a ranking, held against the exact ranking and against plainer programs."""

import hashlib
import json
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from paritrana.core.agreement import agreement as exact_agreement
from paritrana.core.diagnostics import DRAWS, Diagnostics, diagnose
from paritrana.core.diagnostics.alternatives import EQUAL
from paritrana.core.diagnostics.grid import Grid
from paritrana.core.diagnostics.panel import icc
from paritrana.core.ranking import Candidate, Cap, Computed, Contest, Decision, Mark, NotApplicable, rank
from paritrana.core.rubric import Aspect, PanelAggregate, Rubric
from tests.core.contests import TEN, contest, contests, panel_rubric, sheets

LIMIT = Decimal("2.5")


def advice(judged: Contest, seed: str = "seed", draws: int = 40, **more: Any) -> Diagnostics:
    return diagnose(judged, seed, spread_limit=LIMIT, draws=draws, **more)


def of_ranked(judged: Contest) -> Contest:
    """The contest of those who are ranked, with all that belongs to them."""
    ranked = {row.candidate for row in rank(judged) if row.rank is not None}

    def kept(rows: Any) -> Any:
        return tuple(row for row in rows if row.candidate in ranked)

    return replace(
        judged,
        candidates=tuple(one for one in judged.candidates if one.code in ranked),
        marks=kept(judged.marks),
        computed=kept(judged.computed),
        caps=kept(judged.caps),
        not_applicable=kept(judged.not_applicable),
        decisions=tuple(one for one in judged.decisions if set(one.order) <= ranked),
    )


def with_rubric(judged: Contest, rubric: Rubric) -> Contest:
    return replace(judged, rubric=rubric)


def panel_of(*rows: Any, weights: tuple[int, ...] = (100,), **more: Any) -> Contest:
    """Candidates A, B, C, … with one tuple of sheets each."""
    marks = tuple(mark for code, given in zip("ABCDEFGH", rows, strict=False) for mark in sheets(code, *given))
    return contest(panel_rubric(weights, **more.pop("rubric", {})), marks, **more)


# --- without one assessor --------------------------------------------------------------------------------------------


@given(contests())
def test_the_ranks_without_an_assessor_are_those_of_the_bundle_without_that_assessor(judged: Contest) -> None:
    found = advice(judged)
    ranked = of_ranked(judged)
    smaller = replace(ranked.rubric, quorum=max(1, ranked.rubric.quorum - 1))
    for one in found.without:
        fewer = replace(
            ranked,
            rubric=smaller,
            marks=tuple(mark for mark in ranked.marks if mark.assessor != one.assessor),
            assessors=tuple(code for code in ranked.assessors if code != one.assessor),
        )
        exact = rank(fewer)
        assert [exact[code].rank for code in found.candidates] == list(one.ranks)
    marked = {mark.assessor for mark in ranked.marks if mark.value is not None}
    excused = {(one.candidate, one.indicator) for one in ranked.not_applicable}
    counting = {m.assessor for m in ranked.marks if m.value is not None and (m.candidate, m.indicator) not in excused}
    assert {one.assessor for one in found.without} == counting <= marked


def test_a_winner_by_one_assessor_is_told() -> None:
    judged = panel_of(((90,), (70,), (70,)), ((75,), (75,), (75,)))
    found = advice(judged)
    assert found.decisive == ("J1",)
    assert [one.ranks for one in found.without] == [(2, 1), (1, 2), (1, 2)]
    assert advice(panel_of(((90,), (90,), (90,)), ((75,), (75,), (75,)))).decisive == ()


def test_without_the_only_assessor_nobody_has_a_rank() -> None:
    found = advice(panel_of(((90,),), ((75,),)))
    assert found.without[0].ranks == (None, None)
    assert found.decisive == ("J1",)


def test_a_tie_without_an_assessor_is_broken_by_the_chain_and_by_decisions() -> None:
    judged = panel_of(
        ((80, 70), (90, 90)), ((70, 80), (80, 90)), weights=(50, 50), rubric={"tie_break": ("indicator:I2", "decision")}
    )
    assert {one.assessor: one.ranks for one in advice(judged).without}["J2"] == (2, 1)
    alike = panel_of(((80,), (90,)), ((80,), (80,)), rubric={"tie_break": ("decision",)})
    decided = replace(alike, decisions=(Decision(("B", "A"), "pleno"),))
    assert {one.assessor: one.ranks for one in advice(decided).without} == {"J1": (1, 2), "J2": (2, 1)}


# --- weights ---------------------------------------------------------------------------------------------------------


def moved(rubric: Rubric, code: str, weight: Decimal) -> tuple[Rubric, Fraction]:
    """The rubric with one weight moved and the others in proportion, and by what all weights are multiplied."""
    old = rubric.by_code[code].weight
    return replace(
        rubric,
        total=rubric.total * (rubric.total - old),
        indicators=tuple(
            replace(
                one,
                weight=weight * (rubric.total - old) if one.code == code else one.weight * (rubric.total - weight),
            )
            for one in rubric.indicators
        ),
    ), Fraction(rubric.total - old)


def leads(judged: Contest, code: str, weight: Decimal, first: list[str]) -> dict[str, Fraction]:
    """By exact totals of the core: how far the first is before each rival when a weight is moved."""
    rubric, factor = moved(judged.rubric, code, weight)
    result = rank(with_rubric(judged, rubric))

    def exact(candidate: str) -> Fraction:
        found = result[candidate].total_exact
        assert found is not None
        return found / factor

    return {
        one.code: min(exact(leader) for leader in first) - exact(one.code)
        for one in judged.candidates
        if one.code not in first
    }


@given(contests())
def test_the_borders_of_a_weight_hold_on_both_sides(judged: Contest) -> None:
    ranked = of_ranked(judged)
    result = rank(ranked)
    first = [row.candidate for row in result if row.rank == 1]
    found = advice(judged)
    assume(found.weights and len(ranked.rubric.indicators) > 1)
    now = leads(ranked, found.weights[0].indicator, Decimal(str(found.weights[0].weight)), first)
    noise = Fraction(1, 10**7)
    for one in found.weights:
        assert 0 <= one.low <= one.weight <= one.high <= float(ranked.rubric.total)
        step = Decimal("0.0001")
        for border, beyond, way in ((one.low, one.below, -1), (one.high, one.above, 1)):
            at = Decimal(border).quantize(Decimal("0.0000001"))
            inside, outside = at - way * step, at + way * step
            if way * (inside - Decimal(str(one.weight))) > 0:
                for rival, lead in leads(ranked, one.indicator, inside, first).items():
                    assert lead >= min(now[rival], Fraction(0)) - noise
            if beyond is None:
                assert border in (0.0, float(ranked.rubric.total))
            elif 0 < outside < ranked.rubric.total:
                assert leads(ranked, one.indicator, outside, first)[beyond] < min(now[beyond], Fraction(0)) + noise


def test_the_borders_of_two_candidates_are_where_their_totals_meet() -> None:
    # A leads in I1 by 20, B in I2 by 10: with a weight t of I1 A is before B while 20 t > 10 (100 - t).
    first, _second = advice(panel_of(((80, 60),), ((60, 70),), weights=(50, 50))).weights
    assert (first.low, first.below, first.high, first.above) == (pytest.approx(100 / 3), "B", 100, None)


def test_a_weight_beside_an_indicator_that_is_not_applicable_has_its_exact_border() -> None:
    # I3 is not applicable to B, so that its weight goes to I2; A and B differ in I1 and I2.
    judged = panel_of(((90, 40, 40),), ((60, 60, ...),), weights=(50, 30, 20), rubric={
        "aspects": (Aspect("A", ""), Aspect("B", "")),
    })  # fmt: skip
    rubric = judged.rubric
    apart = replace(rubric, indicators=(replace(rubric.indicators[0], aspect="B"), *rubric.indicators[1:]))
    judged = replace(judged, rubric=apart, not_applicable=(NotApplicable("B", "I3", "no election"),))
    found = {one.indicator: one for one in advice(judged).weights}
    # B has 60 whatever the weights are; A has 40 and half the weight of I1.
    assert (found["I1"].low, found["I1"].below) == (pytest.approx(40), "B")
    assert (found["I2"].high, found["I3"].high) == (pytest.approx(44), pytest.approx(36))


def test_two_with_the_same_marks_are_alike_whatever_the_weights_are() -> None:
    # The plenary put A first, so that B stands behind it without a lead in any indicator.
    for marks in ((80, 60, 40), (80, 60, ...)):
        excused = tuple(NotApplicable(code, "I3", "no election") for code in "AB" if ... in marks)
        judged = panel_of(
            (marks,), (marks,), weights=(50, 30, 20), rubric={"tie_break": ("decision",)},
            decisions=(Decision(("A", "B"), "pleno"),), not_applicable=excused,
        )  # fmt: skip
        found = [(one.low, one.below, one.high, one.above) for one in advice(judged).weights]
        assert found == [(0, None, 100, None)] * 3


def test_whoever_only_a_rule_keeps_behind_leaves_no_room_on_one_side() -> None:
    judged = panel_of(((80, 60),), ((60, 80),), weights=(50, 50), rubric={"tie_break": ("indicator:I1",)})
    first, second = advice(judged).weights
    assert (first.low, first.high) == (50, 100)
    assert (second.low, second.high) == (0, 50)


def test_one_indicator_or_one_candidate_leaves_no_weight_to_move() -> None:
    (only,) = advice(panel_of(((80,),), ((60,),))).weights
    assert (only.low, only.high) == (100, 100)
    assert advice(panel_of(((80,),))).weights == ()


# --- other rubrics ---------------------------------------------------------------------------------------------------


@given(contests(), st.data())
def test_the_ranks_under_another_rubric_are_those_of_a_ranking_with_it(judged: Contest, data: st.DataObject) -> None:
    weights = data.draw(st.lists(st.sampled_from([1, 2, 7]), min_size=5, max_size=5))
    aggregate = data.draw(st.sampled_from(PanelAggregate))
    rubric = judged.rubric
    indicators = tuple(
        replace(one, weight=Decimal(weight)) for one, weight in zip(reversed(rubric.indicators), weights, strict=False)
    )
    other = replace(
        rubric,
        code="other",
        version=1,
        quorum=1,
        panel_aggregate=aggregate,
        total=sum((one.weight for one in indicators), Decimal(0)),
        indicators=indicators,
    )
    found = advice(judged, presets=(other,))
    exact = rank(with_rubric(of_ranked(judged), other))
    (one,) = (one for one in found.presets if one.code == "other")
    assert one.fits
    assert list(one.ranks) == [exact[code].rank for code in found.candidates]


def test_a_rubric_that_does_not_fit_says_why() -> None:
    judged = panel_of(((80, 60),), ((60, 80),), weights=(60, 40))
    other = replace(panel_rubric([50, 50, 50], scale=TEN), code="other")
    equal, found = advice(judged, presets=(other,)).presets
    assert (equal.code, equal.ranks) == (EQUAL, (1, 1))
    assert (found.fits, found.ranks, found.unknown, found.missing, found.scale) == (False, (), ("I3",), (), True)
    assert [one.code for one in advice(panel_of(((80, 60),), weights=(50, 50))).presets] == []


# --- chance ----------------------------------------------------------------------------------------------------------


def plain_chances(judged: Contest, seed: str, draws: int) -> dict[str, list[int]]:
    """The rank of each candidate in each draw, by a program without any cleverness; every value is given."""
    assessors = sorted(judged.assessors)
    raw = hashlib.shake_256(seed.encode()).digest(4 * draws * len(assessors))
    numbers = [int.from_bytes(raw[at : at + 4], "big") for at in range(0, len(raw), 4)]
    marks = {(one.candidate, one.indicator, one.assessor): one.value for one in judged.marks}
    rubric, found = judged.rubric, {one.code: [] for one in judged.candidates}
    for draw in range(draws):
        seats = [
            assessors[one * len(assessors) >> 32]
            for one in numbers[draw * len(assessors) : (draw + 1) * len(assessors)]
        ]
        totals = {}
        for candidate in found:
            total = Fraction(0)
            for one in rubric.indicators:
                values = sorted(
                    Fraction(value) for seat in seats if (value := marks.get((candidate, one.code, seat))) is not None
                )
                if rubric.panel_aggregate == PanelAggregate.TRIMMED_MEAN:
                    values = values[1:-1] if len(values) > 2 else []
                values = values or [Fraction(judged_value(judged, candidate, one.code))]
                total += Fraction(one.weight) * sum(values) / len(values) / 100
            totals[candidate] = (200 * total + 1) // 2
        for candidate in found:
            found[candidate].append(1 + sum(other > totals[candidate] for other in totals.values()))
    return found


def judged_value(judged: Contest, candidate: str, indicator: str) -> Fraction:
    points = rank(judged)[candidate].points[indicator]
    return points * 100 / Fraction(judged.rubric.by_code[indicator].weight)


@pytest.mark.parametrize("aggregate", PanelAggregate)
def test_the_chances_are_those_of_a_plainer_program(aggregate: PanelAggregate) -> None:
    judged = panel_of(
        ((80, 71), (75, 64), (90, None), (66, 81)),
        ((82, 70), (79, 66), (70, 77), (71, 76)),
        ((81, 69), (None, 70), (77, 70), (74, 76)),
        weights=(60, 40), rubric={"panel_aggregate": aggregate},
    )  # fmt: skip
    found = advice(judged, "digest of a run", 200)
    plain = plain_chances(judged, "digest of a run", 200)
    for no, code in enumerate(found.candidates):
        ordered = sorted(plain[code])
        assert found.chances.first[no] == plain[code].count(1)
        assert (found.chances.best[no], found.chances.worst[no]) == (ordered[9], ordered[190])
    assert len({*found.chances.first}) > 1


def test_the_seed_decides_and_nothing_else() -> None:
    judged = panel_of(((80,), (70,), (90,)), ((82,), (69,), (88,)))
    assert advice(judged, "a") == advice(judged, "a")
    assert advice(judged, "a", DRAWS).chances != advice(judged, "b", DRAWS).chances


def test_whoever_everybody_prefers_is_always_first() -> None:
    found = advice(panel_of(((90,), (80,)), ((70,), (60,))), draws=100)
    assert (found.chances.first, found.chances.best, found.chances.worst) == ((100, 0), (1, 2), (1, 2))


# --- the panel -------------------------------------------------------------------------------------------------------


def test_the_agreement_of_the_published_example_comes_out() -> None:
    rows = np.array([(9, 2, 5, 8), (6, 1, 3, 2), (8, 4, 6, 8), (7, 1, 2, 6), (10, 5, 6, 9), (6, 2, 4, 7)], float)
    assert icc(rows) == pytest.approx(0.29, abs=0.005)  # Shrout and Fleiss 1979, table 4
    judged = panel_of(*([(mark,) for mark in row] for row in rows.astype(int).tolist()), rubric={"scale": TEN})
    found = advice(judged).agreement
    assert (found.icc, found.complete, found.units) == (pytest.approx(icc(rows)), 6, 6)
    assert icc(np.full((3, 3), 7.0)) is None


@given(contests())
def test_alpha_is_the_exact_one(judged: Contest) -> None:
    ranked = of_ranked(judged)
    excused = {(one.candidate, one.indicator) for one in ranked.not_applicable}
    marks: dict[str, dict[str, Decimal]] = {}
    for one in ranked.marks:
        if one.value is not None and (one.candidate, one.indicator) not in excused:
            marks.setdefault(one.assessor, {})[f"{one.candidate} {one.indicator}"] = one.value
    exact = exact_agreement(marks)
    found = advice(judged).agreement.alpha
    assert found == (None if exact is None else pytest.approx(float(exact)))


def test_severity_is_told_from_three_shared_candidates_on() -> None:
    rows = [((70 + no,), (72 + no,), (68 + no,)) for no in range(3)]
    found = {one.assessor: one for one in advice(panel_of(*rows)).severities}
    assert [found[code].mean for code in ("J1", "J2", "J3")] == pytest.approx([0, 2, -2])
    assert (found["J2"].low, found["J2"].high) == (pytest.approx(2), pytest.approx(2))
    few = advice(panel_of(*rows[:2])).severities
    assert {(one.shared, one.mean, one.low, one.high) for one in few} == {(2, None, None, None)}


def test_the_interval_of_severity_is_students() -> None:
    # J1 lies 1, 2 and 3 above J2, so 0.5, 1 and 1.5 above the mean: 1 ± 2.920 * 0.5 / √3.
    found = advice(panel_of(((71,), (70,)), ((72,), (70,)), ((73,), (70,)))).severities[0]
    reach = 2.920 * 0.5 / 3**0.5
    assert (found.mean, found.low, found.high) == pytest.approx((1, 1 - reach, 1 + reach))


def test_marks_above_a_cap_count_as_given_for_severity_and_as_the_cap_for_ranks() -> None:
    rows = [((70,), (90,)) for _ in range(3)]
    judged = panel_of(*rows)
    low = replace(judged, caps=tuple(Cap(code, "I1", Decimal(70), "deputy") for code in "ABC"))
    assert advice(low).severities == advice(judged).severities
    assert [one.ranks for one in advice(low).without] == [(1, 1, 1), (1, 1, 1)]


def test_an_uneven_panel_is_flagged_and_the_additive_fit_puts_the_best_first() -> None:
    marks = sheets("A", (70,), (72,), (62,)) + sheets("B", (70,), (72,)) + sheets("C", (71,), (73,), (63,))
    judged = contest(panel_rubric([100]), (*marks, Mark("B", "I1", "J3", None, "recused")))
    found = advice(judged)
    assert found.candidates == ("B", "C", "A")
    assert found.uneven == ("B",)
    assert found.fitted is not None
    assert found.fitted.ranks == (2, 1, 2)
    assert found.fitted.totals == pytest.approx((68, 69, 68))
    assert found.fitted.changes == pytest.approx((-3, 0, 0))


@given(contests())
def test_the_additive_fit_is_that_of_least_squares(judged: Contest) -> None:
    found = advice(judged)
    if found.fitted is None:
        assert not found.uneven or len(found.candidates) > 1
        return
    ranked, result = of_ranked(judged), rank(judged)
    scale = ranked.rubric.scale
    caps = {(one.candidate, one.indicator): one.value for one in ranked.caps}
    for no, code in enumerate(found.candidates):
        total = 0.0
        excused = {one.indicator for one in ranked.not_applicable if one.candidate == code}
        family = ranked.rubric.by_aspect
        for one in ranked.rubric.indicators:
            if one.code in excused:
                continue
            if one.source == "computed":
                total += float(result[code].points[one.code])
                continue
            marks = [
                (m.candidate, m.assessor, float(min(m.value, caps.get((m.candidate, m.indicator), m.value))))
                for m in ranked.marks
                if m.indicator == one.code
                and m.value is not None
                and not any(e.candidate == m.candidate and e.indicator == one.code for e in ranked.not_applicable)
            ]
            names = sorted({candidate for candidate, _who, _value in marks})
            people = sorted({who for _candidate, who, _value in marks})
            rows = np.zeros((len(marks) + 1, len(names) + len(people)))
            for at, (candidate, who, _value) in enumerate(marks):
                rows[at, names.index(candidate)] = rows[at, len(names) + people.index(who)] = 1
            rows[-1, len(names) :] = 1  # the assessors' parts add up to 0
            fitted = np.linalg.lstsq(rows, np.array([*(value for *_, value in marks), 0.0]), rcond=None)[0]
            left = sum(other.weight for other in family[one.aspect] if other.code not in excused)
            weight = float(one.weight * sum(other.weight for other in family[one.aspect]) / left)
            total += weight * (fitted[names.index(code)] - float(scale.low)) / float(scale.high - scale.low)
        assert found.fitted.totals[no] == pytest.approx(total, abs=1e-6)


def test_candidates_that_share_no_assessor_are_not_compared() -> None:
    marks = (Mark("A", "I1", "J1", Decimal(80)), Mark("B", "I1", "J2", Decimal(70)))
    found = advice(contest(panel_rubric([100]), marks))
    assert found.uneven
    assert found.fitted is None


def test_an_indicator_that_one_assessor_marked_is_taken_as_it_is() -> None:
    found = advice(panel_of(((80, 70), (60, ...)), ((70, 70), (60, ...)), ((70, 90),), weights=(50, 50)))
    assert found.fitted is not None
    # In I1 the first assessor gives 15 more than the second, so C has 62.5 there; I2 has one assessor for everybody.
    assert found.candidates == ("C", "A", "B")
    assert found.fitted.totals == pytest.approx((76.25, 70, 67.5))


def test_marks_that_lie_apart_by_more_than_the_limit_are_listed() -> None:
    judged = panel_of(((7.5, 7), (5, 9.51)), weights=(50, 50), rubric={"scale": TEN})
    found = advice(judged)
    assert found.spreads == ((2.5, pytest.approx(2.51)),)
    assert found.wide == ((0, 1),)


@given(contests())
def test_the_points_are_the_exact_ones(judged: Contest) -> None:
    result = rank(judged)
    grid = Grid(judged, result)
    earned, part, complete = grid.points(judged.rubric)
    for no, code in enumerate(grid.candidates):
        points = {
            one.code: Fraction(int(earned[no, place]), part) for place, one in enumerate(judged.rubric.indicators)
        }
        assert {one: points.pop(one) for one in result[code].points} == result[code].points
        assert set(points.values()) <= {0}
    assert complete.all()


# --- all of it -------------------------------------------------------------------------------------------------------


@given(contests(), st.randoms())
def test_the_order_of_the_rows_means_nothing(judged: Contest, random: Any) -> None:
    def turned(rows: tuple[Any, ...]) -> tuple[Any, ...]:
        return tuple(random.sample(rows, len(rows)))

    names = ("assessors", "candidates", "marks", "computed", "caps", "not_applicable", "decisions")
    other = replace(judged, **{name: turned(getattr(judged, name)) for name in names})
    mine, theirs = (json.dumps(advice(one).as_dict(), allow_nan=False) for one in (judged, other))
    assert mine == theirs


def test_a_contest_without_a_ranked_candidate_gives_nothing_to_say() -> None:
    empty = contest(panel_rubric([100]), (), candidates=(Candidate("A", "A"),), assessors=("J1",))
    found = advice(empty)
    assert (found.candidates, found.without, found.weights, found.decisive) == ((), (), (), ())
    assert found.agreement.alpha is None
    assert json.loads(json.dumps(found.as_dict()))["spreads"] == []


def test_computed_values_alone_never_change_by_chance() -> None:
    plain = panel_rubric([60, 40], scale=TEN)
    rubric = replace(plain, indicators=tuple(replace(one, source="computed") for one in plain.indicators))
    values = tuple(Computed(code, one, Decimal(no)) for no, code in enumerate("AB") for one in ("I1", "I2"))
    judged = contest(rubric, (), candidates=(Candidate("A", "A"), Candidate("B", "B")), computed=values)
    found = advice(judged)
    assert (found.chances.first, found.chances.best) == ((40, 0), (1, 2))
    assert (found.without, found.agreement.units) == ((), 0)
