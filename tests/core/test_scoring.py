"""Points are exact, marks are limited by their cap, and weight stays inside its aspect."""

from dataclasses import replace
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from paritrana.core.rubric import Aspect, PanelAggregate, Rubric, Scale, Source
from paritrana.core.scoring import (
    NotOnSheet,
    OffScale,
    effective_weights,
    panel_score,
    points,
    sheet_points,
    steps_above,
    subtotal,
)
from tests.core.contests import TEN, panel_rubric

MEAN, TRIMMED = PanelAggregate.MEAN, PanelAggregate.TRIMMED_MEAN


def two_aspects() -> Rubric:
    """I1 and I2 (30 and 10 points) in aspect A, I3 (60 points, computed) in aspect B; C is empty."""
    rubric = panel_rubric([30, 10, 60], scale=TEN)
    third = replace(rubric.indicators[2], aspect="B", source=Source.COMPUTED)
    aspects = (Aspect("A", ""), Aspect("B", ""), Aspect("C", ""))
    return replace(rubric, indicators=(*rubric.indicators[:2], third), aspects=aspects)


def marks(*values: str) -> list[Decimal]:
    return [Decimal(value) for value in values]


def test_points_are_the_weight_times_the_share_of_the_scale() -> None:
    assert points(Decimal("7.75"), Fraction(10), TEN) == Fraction(31, 4)
    assert points(Fraction(20, 3), Fraction(20), TEN) == Fraction(40, 3)
    assert points(Decimal(0), Fraction(20), Scale(Decimal(-10), Decimal(30), Decimal(1))) == 5


@pytest.mark.parametrize("value", ["-0.01", "10.01"])
def test_a_value_outside_the_scale_is_refused_and_never_clipped(value: str) -> None:
    with pytest.raises(OffScale) as refusal:
        points(Decimal(value), Fraction(10), TEN)
    assert refusal.value.params == {"value": value, "scale": "0 to 10 in steps of 0.01"}


def test_a_mark_between_two_steps_is_refused() -> None:
    assert steps_above(Decimal("7.750"), TEN) == 775
    with pytest.raises(OffScale):
        steps_above(Decimal("7.755"), TEN)


def test_the_mean_takes_every_mark_and_the_trimmed_mean_drops_one_at_each_end() -> None:
    assert panel_score(marks("7", "8", "8"), TEN, MEAN) == Fraction(23, 3)
    assert panel_score(marks("0", "7", "8", "8"), TEN, TRIMMED) == Fraction(15, 2)
    assert panel_score(marks("8", "8", "8"), TEN, TRIMMED) == 8
    assert panel_score(marks("-1", "1"), Scale(Decimal(-1), Decimal(1), Decimal("0.5")), MEAN) == 0


def test_the_weight_of_an_indicator_that_is_not_applicable_goes_to_its_aspect() -> None:
    rubric = two_aspects()
    assert effective_weights(rubric) == {"I1": 30, "I2": 10, "I3": 60}
    assert effective_weights(rubric, {"I2"}) == {"I1": 40, "I3": 60}
    assert effective_weights(rubric, {"I3"}) == {"I1": 30, "I2": 10}


@given(st.sets(st.sampled_from(["I1", "I2", "I3", "I4"])))
def test_spreading_keeps_the_sum_of_the_weights(excused: set[str]) -> None:
    assume(len(excused) < 4)
    assert sum(effective_weights(panel_rubric([1, 2, 3, 4]), excused).values()) == 10


def test_a_subtotal_adds_the_quantised_points_of_the_indicators_it_names() -> None:
    rubric = two_aspects()
    earned = {"I1": Fraction(40, 3), "I3": Fraction(2)}
    assert subtotal(earned, "stage:desk", rubric) == Fraction("15.33")
    assert subtotal(earned, "aspect:A", rubric) == Fraction("13.33")
    assert subtotal(earned, "aspect:C", rubric) == 0
    assert subtotal(earned, "indicator:I2", rubric) == 0
    assert subtotal(earned, "source:computed", rubric) == 2


def test_a_sheet_counts_only_what_has_a_value() -> None:
    rubric = panel_rubric([10, 20, 30], scale=TEN)
    assert sheet_points(rubric, {}) == (0, 0)
    assert sheet_points(rubric, {"I1": Decimal("7.75"), "I2": None}) == (Fraction(31, 4), 10)
    assert sheet_points(rubric, {"I1": Decimal(0), "I3": Decimal(10)}) == (30, 40)


def test_a_sheet_obeys_the_cap_and_the_spreading_of_the_candidate() -> None:
    rubric = panel_rubric([10, 20, 30], scale=TEN)
    sheet = {"I1": Decimal(10), "I3": Decimal(10)}
    assert sheet_points(rubric, sheet, caps={"I3": Decimal(8), "I2": Decimal(1)}) == (34, 40)
    assert sheet_points(rubric, sheet, not_applicable={"I1"}) == (36, 36)


def test_a_sheet_ignores_the_quorum_and_the_trimming() -> None:
    rubric = panel_rubric([10], scale=TEN, quorum=9, panel_aggregate=TRIMMED)
    assert sheet_points(rubric, {"I1": Decimal(5)}) == (5, 10)


@pytest.mark.parametrize("code", ["I3", "I9"])
def test_a_sheet_has_only_indicators_that_assessors_mark(code: str) -> None:
    with pytest.raises(NotOnSheet):
        sheet_points(two_aspects(), {code: Decimal(1)})


def test_a_sheet_with_a_value_off_the_scale_is_refused() -> None:
    with pytest.raises(OffScale):
        sheet_points(panel_rubric([10], scale=TEN), {"I1": Decimal(11)})
