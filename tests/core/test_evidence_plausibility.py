"""The rules for published figures, on every case that was found in print."""

import csv
import json
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import pytest

from paritrana.core.evidence.plausibility import RULES, UnfitInputs, UnknownRule, judge
from paritrana.core.quantities import NotExact

FILE = Path(__file__).parents[2] / "seed" / "plausibility_cases.csv"
with FILE.open(encoding="utf-8", newline="") as opened:
    CASES = {row["case_id"]: row for row in csv.DictReader(opened)}


@pytest.mark.parametrize("case_id", CASES)
def test_a_published_case_gets_its_verdict_and_its_difference(case_id):
    row = CASES[case_id]
    inputs = json.loads(row["inputs_json"], parse_float=Decimal)
    verdict = judge(row["rule"], inputs, row["tolerance"] or 0)
    assert ("consistent" if verdict.consistent else "inconsistent") == row["expected_verdict"]
    assert verdict.difference == Fraction(row["difference"])
    if row["rule"] == "weekday":
        assert verdict.expected == row["expected_value"]
    else:
        assert verdict.expected == Fraction(row["expected_value"])


def test_every_rule_has_a_published_case():
    assert {row["rule"] for row in CASES.values()} == set(RULES)


def test_an_unknown_rule_is_refused():
    with pytest.raises(UnknownRule):
        judge("astrology", {})


@pytest.mark.parametrize(
    ("rule", "inputs"),
    [
        ("percent_of", {"count": 1, "denominator": 0, "percent": 1}),
        ("percent_of", {"count": 1}),
        ("whole_months", {"people": 0, "rate_idr": 16_800, "amount_idr": 5}),
        ("budget_product", {"people": "1.5", "rate_idr": 16_800, "months": 12, "amount_idr": 5}),
        ("same_value", {"values": [1]}),
        ("weekday", {"date": "13 Nov", "weekday": "Rabu"}),
    ],
)
def test_inputs_that_do_not_serve_the_rule_are_refused(rule, inputs):
    with pytest.raises(UnfitInputs):
        judge(rule, inputs)


def test_a_float_is_refused_because_it_is_not_what_was_printed():
    with pytest.raises(NotExact):
        judge("sum_of_parts", {"parts": [41.56, 19.51], "total": 61})


def test_the_amount_per_person_has_a_bound_of_one_year_of_the_largest_package():
    assert judge("amount_per_person_max", {"people": 1, "amount_idr": 441_600}).consistent
    assert not judge("amount_per_person_max", {"people": 1, "amount_idr": 441_601}).consistent
