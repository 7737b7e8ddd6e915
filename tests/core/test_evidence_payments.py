"""The twelve months of contributions: counted once, held against the printed totals, and never required."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paritrana.core.evidence import KINDS, arithmetic, blank_figures, claims, followed, payments, run_checks
from paritrana.core.evidence.checks import CheckContext
from paritrana.nominations.months import months_of
from paritrana.nominations.service import UnfitEvidence, clean_data
from tests.nominations.pages import compliance

KIND = "compliance"
CONTEXT = CheckContext(date(2025, 1, 1), date(2025, 12, 31), True, ())


def months(said, *, days=True):
    """Fields of the grid from twelve letters: t in time, l late, u unpaid, anything else open."""
    words = {"t": "in_time", "l": "late", "u": "unpaid"}
    found = {}
    for letter, (state, on) in zip(said, payments.KEYS, strict=True):
        if letter in words:
            found[state] = words[letter]
            if days and letter != "u":
                found[on] = "2025-06-10"
    return found


def found(fields):
    return {check.code: check for check in run_checks(KIND, {"fields": fields}, CONTEXT) if check.code[:7] == "months_"}


def test_evidence_without_months_is_as_valid_as_before():
    data = compliance()
    assert found(data["fields"]) == {}
    assert clean_data(KIND, data)["fields"] == data["fields"]
    assert months_of(KIND, data) == []
    with_months = {"fields": data["fields"] | months("t" * 12)}
    assert blank_figures(KIND, with_months) == blank_figures(KIND, data)
    assert claims(KIND, with_months) == claims(KIND, data)


@given(st.text(alphabet="tlu-", min_size=12, max_size=12))
def test_the_months_are_counted_by_what_they_say(said):
    total = payments.totals(months(said))
    assert (total.in_time, total.late, total.unpaid, total.blank) == tuple(said.count(sign) for sign in "tlu-")
    derived = followed(KIND, {"fields": months(said)})
    if "-" in said:
        assert derived == {}
    else:
        assert derived == {payments.ON_TIME: said.count("t"), payments.ARREARS: said.count("u")}
        # What follows agrees with what it follows from, and nothing is asked.
        assert set(found(months(said) | derived)) == {"months_agree"}


def test_a_printed_total_is_never_replaced_and_one_that_differs_is_asked_about():
    fields = months("ttttttttttlu") | {payments.ON_TIME: 11}
    clean = clean_data(KIND, {"fields": fields})["fields"]
    assert (clean[payments.ON_TIME], clean[payments.ARREARS]) == (11, 1)
    check = found(clean)["months_total"]
    assert check.severity == "ask"
    assert (check.params["a"].value, check.params["b"].value) == (11, 10)
    assert check.figures[0] == payments.ON_TIME
    fields |= {payments.ON_TIME: 10, payments.ARREARS: 0}
    assert found(fields)["months_total"].figures[0] == payments.ARREARS


@pytest.mark.parametrize(
    ("said", "printed", "asked"), [("tttt--------", 12, False), ("tttt--------", 4, False), ("tttt--------", 3, True)]
)
def test_of_open_months_only_what_is_known_to_differ_is_asked_about(said, printed, asked):
    checks = found(months(said) | {payments.ON_TIME: printed, payments.ARREARS: 0})
    assert checks["months_blank"].params["n"].value == 8
    assert ("months_total" in checks) is asked
    assert arithmetic(KIND, {"fields": months(said)}, CONTEXT) == []


def test_days_are_held_against_what_the_months_say():
    undated = found(months("t" * 12, days=False))["months_undated"]
    assert (undated.severity, undated.params["n"].value) == ("info", 12)
    on = payments.KEYS[11][1]
    strange = found(months("tttttttttttu") | {on: "2025-12-10"})["months_strange"]
    assert (strange.severity, strange.figures) == ("ask", (on,))


def test_the_sum_of_whole_months_is_twelve():
    (line,) = [
        one
        for one in arithmetic(KIND, {"fields": months("tttttttllluu")}, CONTEXT)
        if one.figures[0] == payments.KEYS[0][0]
    ]
    assert [term.quantity.value for term in line.terms] == [7, 3, 2]
    assert line.computed.value == 12


def test_a_month_says_one_of_three_things():
    with pytest.raises(UnfitEvidence):
        clean_data(KIND, {"fields": {payments.KEYS[0][0]: "sometimes"}})
    assert [KINDS[KIND].field(key).required for pair in payments.KEYS for key in pair] == [False] * 24
