"""A rubric that exists is consistent."""

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest

from paritrana.core.rubric import Aspect, BadRubric, Gate, PanelAggregate, Rubric, Scale, Stage
from tests.core.contests import panel_rubric


def plain() -> Rubric:
    """Two indicators of 60 and 40 points, two gates and a chain of two elements."""
    return panel_rubric([60, 40], gates=(Gate("a", ""), Gate("b", "")), tie_break=("stage:desk", "decision"))


def scale(low: str = "0", high: str = "10", step: str = "0.5") -> Scale:
    return Scale(Decimal(low), Decimal(high), Decimal(step))


def second(**changes: Any) -> Callable[[Rubric], dict[str, Any]]:
    """A change of the second indicator."""
    return lambda rubric: {"indicators": (rubric.indicators[0], replace(rubric.indicators[1], **changes))}


@pytest.mark.parametrize(
    ("pointer", "change"),
    [
        ("/code", {"code": "no blanks"}),
        ("/code", {"code": "é"}),
        ("/code", {"code": ""}),
        ("/code", {"code": "x" * 65}),
        ("/code", {"code": "x\n"}),
        ("/version", {"version": 0}),
        ("/quantum", {"quantum": "0.010"}),
        ("/quorum", {"quorum": 0}),
        ("/panel_aggregate", {"panel_aggregate": "median"}),
        ("/total", {"total": Decimal(0)}),
        ("/total", {"total": Decimal("NaN")}),
        ("/scale/min", {"scale": scale(low="1E-40")}),
        ("/scale", {"scale": scale(low="10")}),
        ("/scale/step", {"scale": scale(step="0")}),
        ("/scale/step", {"scale": scale(step="-1")}),
        ("/scale/step", {"scale": scale(step="3")}),
        ("/stages/1/code", {"stages": (Stage("desk", ""), Stage("desk", ""))}),
        ("/aspects/1/code", {"aspects": (Aspect("A", ""), Aspect("?", ""))}),
        ("/gates/1/code", {"gates": (Gate("a", ""), Gate("a", ""))}),
        ("/indicators/1/code", second(code="I1")),
        ("/indicators/1/stage", second(stage="interview")),
        ("/indicators/1/aspect", second(aspect="B")),
        ("/indicators/1/source", second(source="juror")),
        ("/indicators/1/weight", second(weight=Decimal(-40))),
        ("/indicators", second(weight=Decimal("40.01"))),
        ("/indicators", {"total": Decimal("100.0000000000000000000000000001")}),
        ("/tie_break/0", {"tie_break": ("source:panel",)}),
        ("/tie_break/0", {"tie_break": ("stage:interview",)}),
        ("/tie_break/1", {"tie_break": ("decision", "decision")}),
    ],
)
def test_a_contradiction_is_refused_at_its_place(pointer: str, change: Any) -> None:
    rubric = plain()
    with pytest.raises(BadRubric) as refusal:
        replace(rubric, **(change(rubric) if callable(change) else change))
    assert refusal.value.pointer == pointer
    assert refusal.value.params["sentence"].endswith(".")


def test_every_kind_of_tie_break_may_stand_in_the_chain() -> None:
    chain = ("source:computed", "stage:desk", "aspect:A", "indicator:I2", "decision")
    assert replace(plain(), tie_break=chain).tie_break == chain


def test_a_rubric_may_have_an_empty_aspect_and_empty_titles() -> None:
    rubric = replace(plain(), aspects=(Aspect("A", ""), Aspect("B", "")))
    assert rubric.by_aspect["B"] == ()
    assert rubric.weights == {"I1": 60, "I2": 40}


def test_two_dropped_values_need_three() -> None:
    trimmed = panel_rubric([1], panel_aggregate=PanelAggregate.TRIMMED_MEAN)
    assert [replace(trimmed, quorum=quorum).needed for quorum in (1, 3, 5)] == [3, 3, 5]
    assert panel_rubric([1], quorum=2).needed == 2


def test_a_scale_counts_its_steps_from_the_minimum() -> None:
    assert scale("-1", "2", "0.25").steps == 12
    assert scale("-1", "2", "0.25").length == Fraction(3)
    assert str(scale("-1.0", "2", "0.25")) == "-1.0 to 2 in steps of 0.25"
