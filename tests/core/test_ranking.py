"""The ranking: vectors of the method, states, ties, and what must hold for every contest."""

from dataclasses import replace
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from paritrana.core.bundle import build, dump, result_rows
from paritrana.core.ranking import (
    AspectNotApplicable,
    BadContest,
    BelowQuorum,
    Candidate,
    Cap,
    Computed,
    Contest,
    Decision,
    GateFailed,
    Mark,
    MissingComputed,
    NotApplicable,
    State,
    rank,
)
from paritrana.core.rounding import decimal_string
from paritrana.core.rubric import Aspect, Gate, PanelAggregate, Rubric, Source, Stage
from tests.core.contests import TEN, contest, contests, panel_rubric, second_ranking, sheets

TRIMMED = PanelAggregate.TRIMMED_MEAN


def totals(judged: Contest) -> dict[str, str | None]:
    return {row.candidate: None if row.total is None else decimal_string(row.total, 2) for row in rank(judged)}


def ranks(judged: Contest) -> dict[str, int | None]:
    return {row.candidate: row.rank for row in rank(judged)}


# --- vectors ---------------------------------------------------------------------------------------------------------


def test_the_one_public_score_sheet_gives_51_51_of_70() -> None:
    sheet = ("7.75", "5.16", "1.09", "9.00", "9.45", "10.00", "9.06")
    judged = contest(panel_rubric([10] * 7, scale=TEN), sheets("52.03", sheet))
    assert totals(judged) == {"52.03": "51.51"}
    assert rank(judged)["52.03"].total_exact == Fraction(5151, 100)


def test_three_sheets_and_three_weights() -> None:
    judged = contest(
        panel_rubric([40, 35, 25]),
        sheets("A", (80, 70, 90), (85, 60, 75), (70, 75, 80)) + sheets("B", (78, 74, 88), (80, 66, 78), (74, 72, 81)),
    )
    result = rank(judged)
    assert (result["A"].total_exact, result["B"].total_exact) == (Fraction(227, 3), Fraction(305, 4))
    assert totals(judged) == {"B": "76.25", "A": "75.67"}
    assert [row.candidate for row in result] == ["B", "A"]
    assert len(result) == 2


def test_an_abstained_mark_leaves_the_denominator() -> None:
    judged = contest(panel_rubric([50, 30, 20]), sheets("A", (80, 70, 90), (90, None, 60)))
    assert totals(judged) == {"A": "78.50"}


def test_a_juror_recused_for_one_candidate_shifts_its_mean() -> None:
    marks = sheets("A", (70,), (72,), (62,)) + sheets("B", (70,), (72,)) + sheets("C", (71,), (73,), (63,))
    judged = contest(panel_rubric([100]), (*marks, Mark("B", "I1", "J3", None, "recused")))
    assert totals(judged) == {"B": "71.00", "C": "69.00", "A": "68.00"}


def test_82_345_is_82_35() -> None:
    judged = contest(panel_rubric([100]), sheets("A", ("82.34",), ("82.35",)))
    assert rank(judged)["A"].total_exact == Fraction("82.345")
    assert totals(judged) == {"A": "82.35"}


def test_zero_is_a_mark_and_no_mark_is_none() -> None:
    zero = contest(panel_rubric([100]), sheets("A", (80,), (0,)))
    gap = contest(panel_rubric([100]), sheets("A", (80,), (...,)), assessors=("J1", "J2"))
    assert (totals(zero), totals(gap)) == ({"A": "40.00"}, {"A": "80.00"})


# --- states ----------------------------------------------------------------------------------------------------------


def with_everything() -> Contest:
    """One candidate K in a rubric with two gates, a computed indicator I1, panel indicators I2 (alone in B) and I3."""
    rubric = panel_rubric([20, 30, 50], scale=TEN, gates=(Gate("z", ""), Gate("a", "")), quorum=2)
    first = replace(rubric.indicators[0], source=Source.COMPUTED)
    second = replace(rubric.indicators[1], aspect="B")
    rubric = replace(
        rubric,
        indicators=(first, second, rubric.indicators[2]),
        aspects=(Aspect("A", ""), Aspect("B", ""), Aspect("C", "")),
    )
    return contest(rubric, sheets("K", (..., 5, 6), (..., 7, 8)), computed=(Computed("K", "I1", Decimal(10)),))


def test_a_complete_candidate_is_ranked() -> None:
    row = rank(with_everything())["K"]
    assert (row.state, row.rank, row.reasons, row.tied) == (State.RANKED, 1, (), False)
    assert row.points == {"I1": 20, "I2": 18, "I3": 35}
    assert row.total == 73


def test_gates_come_before_gaps_and_gaps_before_the_quorum() -> None:
    judged = with_everything()
    short = replace(judged, marks=judged.marks[1:])
    gaps = replace(short, computed=())
    barred = replace(gaps, candidates=(Candidate("K", "K", ("a", "z")),))
    assert rank(short)["K"].reasons == (BelowQuorum("I2", found=1, needed=2),)
    assert rank(gaps)["K"].reasons == (MissingComputed("I1"),)
    assert rank(barred)["K"].reasons == (GateFailed("z"), GateFailed("a"))
    for one, state in ((short, "below_quorum"), (gaps, "incomplete"), (barred, "ineligible")):
        row = rank(one)["K"]
        assert (row.state, row.rank, row.total, row.total_exact, row.points) == (state, None, None, None, {})


def test_a_whole_aspect_that_is_not_applicable_makes_a_candidate_incomplete() -> None:
    judged = replace(with_everything(), computed=(), not_applicable=(NotApplicable("K", "I2", "no election"),))
    assert rank(judged)["K"].reasons == (MissingComputed("I1"), AspectNotApplicable("B"))


def test_an_indicator_that_is_not_applicable_needs_no_value_and_gives_its_weight_to_its_aspect() -> None:
    judged = with_everything()
    without_value = replace(judged, computed=(), not_applicable=(NotApplicable("K", "I1", "no election"),))
    assert rank(without_value)["K"].points == {"I2": 18, "I3": 49}
    without_marks = replace(
        judged,
        marks=tuple(mark for mark in judged.marks if mark.indicator == "I2"),
        not_applicable=(NotApplicable("K", "I3", "no office"),),
    )
    assert rank(without_marks)["K"].points == {"I1": 70, "I2": 18}


def test_abstentions_and_recusals_do_not_fill_the_quorum() -> None:
    judged = contest(panel_rubric([100], quorum=2), sheets("A", (80,), (None,)))
    assert rank(judged)["A"].reasons == (BelowQuorum("I1", 1, 2),)


def test_the_trimmed_mean_needs_three_values_before_it_drops_two() -> None:
    rubric = panel_rubric([100], panel_aggregate=TRIMMED)
    two, three = sheets("A", (80,), (90,)), sheets("A", (80,), (90,), (0,))
    assert rank(contest(rubric, two))["A"].reasons == (BelowQuorum("I1", 2, 3),)
    assert totals(contest(rubric, three)) == {"A": "80.00"}


def test_a_cap_limits_each_mark_before_the_panel_is_aggregated() -> None:
    judged = contest(
        panel_rubric([100]), sheets("A", (100,), (60,)), caps=(Cap("A", "I1", Decimal(80), "deputy presented"),)
    )
    assert totals(judged) == {"A": "70.00"}


def test_rows_that_are_not_ranked_stand_behind_by_state_and_code() -> None:
    rubric = panel_rubric([100], gates=(Gate("period", ""),))
    names = [("52.9", ("period",)), ("52.10", ("period",)), ("52.3", ()), ("52.2", ()), ("52.1", ())]
    judged = contest(
        rubric,
        sheets("52.1", (50,)) + sheets("52.2", (60,)),
        candidates=tuple(Candidate(code, code, gates) for code, gates in names),
    )
    assert [row.candidate for row in rank(judged)] == ["52.2", "52.1", "52.3", "52.10", "52.9"]


# --- ties ------------------------------------------------------------------------------------------------------------


def two_stages(*chain: str, weights: tuple[int, int] = (50, 50)) -> Rubric:
    rubric = panel_rubric(weights, stages=(Stage("desk", ""), Stage("interview", "")))
    last = replace(rubric.indicators[1], stage="interview")
    return replace(rubric, indicators=(rubric.indicators[0], last), tie_break=chain)


def verdicts(judged: Contest) -> dict[str, tuple[int | None, bool, str | None]]:
    return {row.candidate: (row.rank, row.tied, row.tie_broken_by) for row in rank(judged)}


TIED = sheets("A", (60, 80)) + sheets("B", (80, 60)) + sheets("C", (80, 60)) + sheets("D", (10, 10))


def test_candidates_that_nothing_separates_share_a_rank() -> None:
    leader = sheets("E", (90, 90))
    judged = contest(two_stages(), TIED + leader)
    assert verdicts(judged) == {
        "E": (1, False, None),
        "A": (2, True, None),
        "B": (2, True, None),
        "C": (2, True, None),
        "D": (5, False, None),
    }


def test_each_candidate_names_the_element_that_gave_it_a_place_of_its_own() -> None:
    judged = contest(
        two_stages("source:computed", "stage:interview", "decision"),
        TIED,
        decisions=(Decision(("C", "B"), "vote"), Decision(("A", "B", "C"), "does not apply: A is separated before")),
    )
    assert verdicts(judged) == {
        "A": (1, False, "stage:interview"),
        "C": (2, False, "decision"),
        "B": (3, False, "decision"),
        "D": (4, False, None),
    }


def test_a_decision_about_other_candidates_does_not_apply() -> None:
    judged = contest(two_stages("decision"), TIED, decisions=(Decision(("C", "B"), "vote"),))
    assert verdicts(judged)["B"] == verdicts(judged)["C"] == (1, True, None)


def test_a_decision_does_nothing_where_the_chain_does_not_name_it() -> None:
    judged = contest(two_stages(), TIED, decisions=(Decision(("C", "B", "A"), "vote"),))
    assert verdicts(judged)["A"] == (1, True, None)


def test_totals_are_compared_as_they_are_shown() -> None:
    judged = contest(panel_rubric([100]), sheets("A", (70,), (70,), ("70.01",)) + sheets("B", (70,), (70,), (70,)))
    assert rank(judged)["A"].total_exact > rank(judged)["B"].total_exact
    assert verdicts(judged) == {"A": (1, True, None), "B": (1, True, None)}


def test_subtotals_are_compared_as_they_are_shown() -> None:
    marks = sheets("A", ("50.01", 50), (50, 50), (50, 50)) + sheets("B", (50, 50), (50, 50), (50, 50))
    judged = contest(two_stages("indicator:I1", "aspect:A"), marks)
    assert verdicts(judged) == {"A": (1, True, None), "B": (1, True, None)}


# --- inputs that contradict each other -------------------------------------------------------------------------------


def sound() -> Contest:
    """Candidates A and B, panel indicators I1 and I2, a computed indicator I3, assessor J1."""
    rubric = panel_rubric([10, 20, 30], scale=TEN, gates=(Gate("period", ""),))
    rubric = replace(rubric, indicators=(*rubric.indicators[:2], replace(rubric.indicators[2], source=Source.COMPUTED)))
    return contest(rubric, sheets("A", (1, 2)) + sheets("B", (3, 4)), computed=(Computed("A", "I3", Decimal(5)),))


FIVE = Decimal(5)


@pytest.mark.parametrize(
    ("pointer", "rows"),
    [
        ("/assessors/0", {"assessors": ("J 1",)}),
        ("/assessors/1", {"assessors": ("J1", "J1")}),
        ("/candidates/2/code", {"candidates": (Candidate("A", "a"), Candidate("B", "b"), Candidate("A", "c"))}),
        ("/candidates/0/name", {"candidates": (Candidate("A", " \n"), Candidate("B", "b"))}),
        ("/candidates/0/failed_gates/0", {"candidates": (Candidate("A", "a", ("gone",)), Candidate("B", "b"))}),
        ("/candidates/0/failed_gates/1", {"candidates": (Candidate("A", "a", ("period",) * 2), Candidate("B", "b"))}),
        ("/marks/0/candidate", {"marks": (Mark("C", "I1", "J1", FIVE),)}),
        ("/marks/0/indicator", {"marks": (Mark("A", "I9", "J1", FIVE),)}),
        ("/marks/0/indicator", {"marks": (Mark("A", "I3", "J1", FIVE),)}),
        ("/marks/0/assessor", {"marks": (Mark("A", "I1", "J2", FIVE),)}),
        ("/marks/0/value", {"marks": (Mark("A", "I1", "J1", Decimal("5.001")),)}),
        ("/marks/0/value", {"marks": (Mark("A", "I1", "J1", Decimal(11)),)}),
        ("/marks/0/reason", {"marks": (Mark("A", "I1", "J1", FIVE, "abstained"),)}),
        ("/marks/0/reason", {"marks": (Mark("A", "I1", "J1", None),)}),
        ("/marks/0/reason", {"marks": (Mark("A", "I1", "J1", None, "ill"),)}),
        ("/marks/1", {"marks": (Mark("A", "I1", "J1", FIVE), Mark("A", "I1", "J1", None, "recused"))}),
        ("/computed/0/candidate", {"computed": (Computed("C", "I3", FIVE),)}),
        ("/computed/0/indicator", {"computed": (Computed("A", "I1", FIVE),)}),
        ("/computed/0/value", {"computed": (Computed("A", "I3", Decimal(-1)),)}),
        ("/computed/1", {"computed": (Computed("A", "I3", FIVE), Computed("A", "I3", FIVE))}),
        ("/caps/0/indicator", {"caps": (Cap("A", "I3", FIVE, "deputy"),)}),
        ("/caps/0/value", {"caps": (Cap("A", "I1", Decimal(11), "deputy"),)}),
        ("/caps/0/reason", {"caps": (Cap("A", "I1", FIVE, ""),)}),
        ("/not_applicable/0/indicator", {"not_applicable": (NotApplicable("A", "I9", "none"),)}),
        ("/not_applicable/0/reason", {"not_applicable": (NotApplicable("A", "I1", "\t"),)}),
        ("/not_applicable/1", {"not_applicable": (NotApplicable("A", "I1", "x"), NotApplicable("A", "I1", "y"))}),
        ("/decisions/0/order/1", {"decisions": (Decision(("A", "C"), "vote"),)}),
        ("/decisions/0/order/1", {"decisions": (Decision(("A", "A"), "vote"),)}),
        ("/decisions/0/order", {"decisions": (Decision(("A",), "vote"),)}),
        ("/decisions/0/reason", {"decisions": (Decision(("A", "B"), " "),)}),
        ("/decisions/1/order", {"decisions": (Decision(("A", "B"), "vote"), Decision(("B", "A"), "again"))}),
    ],
)
def test_a_contradiction_is_refused_at_its_place(pointer: str, rows: dict[str, Any]) -> None:
    with pytest.raises(BadContest) as refusal:
        replace(sound(), **rows)
    assert refusal.value.pointer == pointer
    assert refusal.value.params["sentence"].endswith(".")


def test_the_names_of_cycle_and_category_are_checked() -> None:
    judged = sound()
    for pointer, change in (
        ("/cycle/code", {"cycle": replace(judged.cycle, code="")}),
        ("/cycle/assessment_year", {"cycle": replace(judged.cycle, assessment_year=0)}),
        ("/category/code", {"category": replace(judged.category, code="a/b")}),
    ):
        with pytest.raises(BadContest) as refusal:
            replace(judged, **change)
        assert refusal.value.pointer == pointer


def test_a_contest_without_candidates_has_an_empty_result() -> None:
    judged = replace(sound(), candidates=(), marks=(), computed=())
    assert rank(judged).rows == ()


# --- what holds for every contest ------------------------------------------------------------------------------------


@given(contests())
def test_a_second_program_finds_the_same_result(judged: Contest) -> None:
    assert result_rows(rank(judged)) == second_ranking(judged)


@given(contests(), st.randoms(use_true_random=False))
def test_the_order_of_the_input_never_matters(judged: Contest, chance: Any) -> None:
    def mixed(rows: tuple[Any, ...]) -> tuple[Any, ...]:
        return tuple(chance.sample(rows, len(rows)))

    other = replace(
        judged,
        assessors=mixed(judged.assessors),
        candidates=tuple(replace(one, failed_gates=mixed(one.failed_gates)) for one in mixed(judged.candidates)),
        marks=mixed(judged.marks),
        computed=mixed(judged.computed),
        caps=mixed(judged.caps),
        not_applicable=mixed(judged.not_applicable),
        decisions=mixed(judged.decisions),
    )
    assert dump(build(other, rank(other))) == dump(build(judged, rank(judged)))


@given(contests(), st.data())
def test_raising_one_mark_never_lowers_its_candidates_total(judged: Contest, data: st.DataObject) -> None:
    scale = judged.rubric.scale
    given = [place for place, mark in enumerate(judged.marks) if mark.value is not None]
    assume(given)
    place = data.draw(st.sampled_from(given))
    mark = judged.marks[place]
    assert mark.value is not None
    above = int((mark.value - scale.low) / scale.step)
    higher = scale.low + scale.step * data.draw(st.integers(above, scale.steps))
    raised = replace(judged, marks=(*judged.marks[:place], mark._replace(value=higher), *judged.marks[place + 1 :]))
    before, after = rank(judged)[mark.candidate], rank(raised)[mark.candidate]
    assert before.state == after.state
    if before.total is not None and after.total is not None:
        assert after.total >= before.total
        assert after.total_exact is not None
        assert before.total_exact is not None
        assert after.total_exact >= before.total_exact


@given(contests())
def test_a_worse_candidate_added_at_the_end_changes_nobodys_rank(judged: Contest) -> None:
    before = rank(judged)
    worst = min((row.total for row in before if row.total is not None), default=Fraction(1))
    assume(worst > 0)
    rubric = judged.rubric
    more = replace(
        judged,
        assessors=(*judged.assessors, "X1", "X2", "X3"),
        candidates=(*judged.candidates, Candidate("zz", "Kandidat terakhir")),
        marks=judged.marks
        + tuple(
            Mark("zz", one.code, assessor, rubric.scale.low)
            for one in rubric.indicators
            if one.source == "panel"
            for assessor in ("X1", "X2", "X3")
        ),
        computed=judged.computed
        + tuple(Computed("zz", one.code, rubric.scale.low) for one in rubric.indicators if one.source == "computed"),
    )
    after = rank(more)
    assert after["zz"].total == 0
    assert all(after[row.candidate] == row for row in before)


@given(contests())
def test_totals_lie_between_zero_and_the_rubrics_total(judged: Contest) -> None:
    for row in rank(judged):
        if row.total is not None:
            assert 0 <= row.total <= Fraction(judged.rubric.total) + Fraction(1, 200)
            assert row.total_exact == sum(row.points.values())
            assert row.total_exact <= Fraction(judged.rubric.total)
