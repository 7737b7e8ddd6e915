"""What an employer's figures say against a condition of its rubric."""

import pytest

from paritrana.core.gates import against

REQUIRED = ("jkk", "jkm", "jht")


def figures(**fields):
    return {"fields": {name.replace("__", "."): value for name, value in fields.items()}}


def test_a_required_programme_that_is_not_joined_speaks_against_both_conditions_about_programmes():
    data = figures(programmes__jkk="yes", programmes__jkm="no", programmes__jht="no", programmes__jp="no")
    for gate in ("mandatory_programmes", "minimum_programmes"):
        found = against(gate, data, REQUIRED)
        assert found is not None
        assert found.figures == ("programmes.jkm", "programmes.jht")
        assert found.params["programmes"].value == "JKM, JHT"


@pytest.mark.parametrize("data", [figures(programmes__jkk="yes", programmes__jp="no"), figures(), {}])
def test_what_is_joined_not_required_or_not_said_speaks_against_nothing(data):
    assert against("mandatory_programmes", data, REQUIRED) is None


def test_workers_or_wages_that_are_missing_speak_against_a_whole_registration():
    data = figures(workers__registered=90, workers__total=100)
    assert against("no_partial_registration", data, ()) is not None
    assert against("no_partial_registration", figures(workers__registered=100, workers__total=100), ()) is None
    wages = figures(workers__registered=100, workers__wage_matched=99, workers__total=100)
    assert against("no_partial_registration", wages, ()) is not None
    assert against("no_partial_registration", figures(workers__registered=90), ()) is None


@pytest.mark.parametrize(("said", "speaks"), [("yes", True), ("no", False), ("", False)])
def test_a_sanction_in_force_speaks_against_its_condition_alone(said, speaks):
    data = figures(sanction=said)
    assert (against("no_active_sanction", data, ()) is not None) is speaks
    assert against("another_condition", data, ()) is None
