"""What a nominee may learn: exact values, the middle and the best of the category, the next level and what it adds."""

from dataclasses import replace
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paritrana.core.feedback import Level, chances, compared, feedback, median, strengths
from paritrana.core.ranking import Cap, Computed, NotApplicable, rank
from paritrana.core.rubric import Indicator, PanelAggregate, Source
from tests.core.contests import HUNDRED, TEN, contest, panel_rubric, sheets

LEVELS = tuple(Level(Decimal(score), {"id": f"tingkat {score}", "en": f"level {score}"}) for score in (0, 4, 7, 10))
BOTH = {"I1": LEVELS, "I2": LEVELS}


def lines_of(given_contest, candidate, levels=BOTH):
    ranked = [row.candidate for row in rank(given_contest) if row.rank is not None]
    return {one.indicator: one for one in feedback(compared(given_contest, ranked), candidate, levels)}


def two(**rows):
    """A has the panel values 5.50 and 7, B 8 and 7; the weights are 60 and 40."""
    rubric = panel_rubric([60, 40], TEN, **rows.pop("rubric", {}))
    marks = (*sheets("A", (5, 7), (6, 7)), *sheets("B", (8, 7), (8, 7)))
    return contest(rubric, marks, **rows)


def test_the_next_level_and_its_points_are_exact():
    line = lines_of(two(), "A")["I1"]
    assert line.value == Fraction(11, 2)
    assert line.earned == Fraction(33)
    assert line.reached == LEVELS[1]
    assert line.step is not None
    assert line.step.level == LEVELS[2]
    assert line.step.gain == Fraction(9)  # 60 * 7/10 - 33


def test_a_value_on_a_level_has_reached_it_and_the_step_is_the_one_above():
    line = lines_of(two(), "A")["I2"]
    assert line.reached == LEVELS[2]
    assert line.step is not None
    assert line.step.level == LEVELS[3]
    assert line.step.gain == Fraction(12)


def test_at_the_top_there_is_no_step():
    top = contest(panel_rubric([100], TEN), sheets("A", (10,)))
    line = lines_of(top, "A")["I1"]
    assert line.reached == LEVELS[3]
    assert line.step is None
    assert chances([line]) == []


def test_without_levels_nothing_is_invented():
    line = lines_of(two(), "A", {})["I1"]
    assert line.reached is None
    assert line.step is None


def test_median_and_best_are_those_of_the_ranked_with_everybody_who_is_best():
    lines = lines_of(two(), "A")
    assert lines["I1"].median == Fraction(27, 4)
    assert lines["I1"].best == Fraction(8)
    assert lines["I1"].holders == ("B",)
    assert lines["I1"].lead == Fraction(-15, 2)  # 60 * (5.50 - 6.75) / 10
    assert lines["I2"].holders == ("A", "B")
    assert lines["I2"].is_best
    assert not lines["I1"].is_best


def test_who_is_not_ranked_has_values_and_counts_in_nobodys_median():
    field = compared(two(), ["B"])
    lines = {one.indicator: one for one in feedback(field, "A", BOTH)}
    assert lines["I1"].value == Fraction(11, 2)
    assert lines["I1"].median == lines["I1"].best == Fraction(8)
    assert field.ranked == 1


def test_when_nobody_is_ranked_nothing_is_compared():
    lines = feedback(compared(two(), []), "A", BOTH)
    assert [one.median for one in lines] == [None, None]
    assert not any(one.is_best or one.above_median for one in lines)
    assert strengths(lines) == []


def test_marks_count_up_to_the_cap_and_a_level_above_it_is_held_back():
    capped = two(caps=(Cap("B", "I1", Decimal(6), "deputy"),))
    line = lines_of(capped, "B")["I1"]
    assert line.value == Fraction(6)
    assert line.cap == Decimal(6)
    assert line.held_back
    assert not lines_of(two(caps=(Cap("B", "I1", Decimal(10), "head"),)), "B")["I1"].held_back
    assert lines_of(two(caps=(Cap("B", "I1", Decimal(10), "head"),)), "B")["I1"].cap is None


def test_an_indicator_that_is_not_applicable_has_no_line_and_its_weight_acts_elsewhere():
    lines = lines_of(two(not_applicable=(NotApplicable("A", "I2", "tidak ada"),)), "A")
    assert list(lines) == ["I1"]
    assert lines["I1"].weight == Fraction(100)
    assert lines["I1"].earned == Fraction(55)


def test_a_computed_value_that_is_not_applicable_stands_nowhere():
    rubric = panel_rubric([60], HUNDRED)
    computed = Indicator("C1", "", "desk", "A", Decimal(40), Source.COMPUTED)
    rubric = replace(rubric, indicators=(*rubric.indicators, computed), total=Decimal(100))
    excused = NotApplicable("A", "C1", "tidak ada")
    values = (Computed("A", "C1", Decimal(25)),)
    lines = lines_of(contest(rubric, sheets("A", (50,)), computed=values, not_applicable=(excused,)), "A", {})
    assert list(lines) == ["I1"]


def test_too_few_marks_give_no_value():
    line = lines_of(two(rubric={"quorum": 3}), "A")["I1"]
    assert line.value is None
    assert line.earned is None
    assert line.step is None


def test_a_trimmed_mean_is_the_one_of_the_ranking():
    rubric = panel_rubric([100], TEN, panel_aggregate=PanelAggregate.TRIMMED_MEAN, quorum=3)
    lines = lines_of(contest(rubric, sheets("A", (1,), (5,), (6,), (10,))), "A")
    assert lines["I1"].value == Fraction(11, 2)


def test_a_computed_value_stands_beside_its_levels_like_a_judged_one():
    rubric = panel_rubric([60], HUNDRED)
    computed = Indicator("C1", "", "desk", "A", Decimal(40), Source.COMPUTED)
    rubric = replace(rubric, indicators=(*rubric.indicators, computed), total=Decimal(100))
    given_contest = contest(rubric, sheets("A", (50,)), computed=(Computed("A", "C1", Decimal("25.5")),))
    levels = {"C1": (Level(Decimal(0), {}), Level(Decimal(100), {}))}
    line = lines_of(given_contest, "A", levels)["C1"]
    assert line.earned == Fraction(51, 5)
    assert line.step is not None
    assert line.step.gain == Fraction(149, 5)


def test_strengths_and_chances_stand_by_what_they_weigh():
    given_contest = contest(
        panel_rubric([50, 30, 20], TEN),
        (*sheets("A", (9, 9, 2)), *sheets("B", (5, 3, 6)), *sheets("C", (5, 3, 6))),
    )
    lines = list(lines_of(given_contest, "A", dict.fromkeys(("I1", "I2", "I3"), LEVELS)).values())
    assert [one.indicator for one in strengths(lines)] == ["I1", "I2"]
    # 20 * (4 - 2) / 10 = 4; 50 * (10 - 9) / 10 = 5; 30 * 1 / 10 = 3
    assert [(one.indicator, one.step.gain) for one in chances(lines) if one.step] == [
        ("I1", Fraction(5)), ("I3", Fraction(4)), ("I2", Fraction(3)),
    ]  # fmt: skip


@given(st.lists(st.fractions(min_value=0, max_value=10), min_size=1, max_size=9))
def test_half_of_the_values_lie_on_either_side_of_the_median(values):
    middle = median(values)
    assert 2 * sum(one <= middle for one in values) >= len(values)
    assert 2 * sum(one >= middle for one in values) >= len(values)


@given(st.lists(st.decimals(0, 10, places=2), min_size=2, max_size=6))
def test_points_of_the_feedback_are_the_points_of_the_ranking(values):
    given_contest = contest(panel_rubric([100], TEN), sheets("A", *([one] for one in values)))
    row = next(iter(rank(given_contest)))
    line = lines_of(given_contest, "A")["I1"]
    assert line.earned == row.points["I1"]
    if line.step is not None:
        assert line.step.gain > 0
        assert line.earned + line.step.gain == line.weight * Fraction(line.step.level.score) / 10


def test_a_best_value_that_all_share_is_a_strength_only_on_the_highest_level():
    alike = contest(panel_rubric([60, 40], TEN), (*sheets("A", (5, 10)), *sheets("B", (5, 10))))
    lines = list(lines_of(alike, "A").values())
    assert all(one.is_best for one in lines)
    assert [one.indicator for one in strengths(lines)] == ["I2"]


def test_levels_need_not_begin_at_the_lowest_value():
    with_gap = {"I1": LEVELS[2:], "I2": LEVELS}
    assert lines_of(two(), "A", with_gap)["I1"].reached is None


def test_who_is_no_candidate_has_no_feedback():
    with pytest.raises(KeyError):
        feedback(compared(two(), ["A"]), "X", BOTH)
