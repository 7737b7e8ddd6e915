"""The plausibility rules for published figures: what a printed number should be by the others printed beside it.

`judge` answers with the expected value, the difference and whether they agree. "Not consistent" says that the numbers
do not fit the rule, not that anyone did wrong. Percents and months are expected with two decimals, as they are printed.
Source: `seed/plausibility_cases.csv` and the notes on it.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from typing import Any

from paritrana.core.contributions import expected_amount, implied_months
from paritrana.core.coverage import growth_percent, percent
from paritrana.core.errors import BadInput
from paritrana.core.quantities import exact, whole
from paritrana.core.rounding import quantise
from paritrana.core.words import N_

WEEKDAYS = ("Senin", "Selasa", "Rabu", "Kamis", "Jumat", "Sabtu", "Minggu")

# Twelve months of the largest flat package (JKK, JKM and JHT at the lowest income): more per person is a wrong unit.
MAX_PER_PERSON_AND_YEAR = 12 * 36_800

Inputs = Mapping[str, Any]


class UnknownRule(BadInput):
    """A case names a rule that does not exist. Params: `rule`."""

    code = "unknown_rule"
    message = N_("There is no plausibility rule called %(rule)s.")


class UnfitInputs(BadInput):
    """The inputs of a case do not serve its rule: a key is missing, or a divisor is zero. Params: `rule`."""

    code = "unfit_inputs"
    message = N_("The inputs do not fit the plausibility rule %(rule)s.")


@dataclass(frozen=True)
class Verdict:
    """The value by the rule, published minus expected (for weekdays 1 where they differ), and whether they agree."""

    expected: Fraction | str
    difference: Fraction
    consistent: bool


def judge(rule: str, inputs: Inputs, tolerance: object = 0) -> Verdict:
    """Judge one case. Numbers are ints, Decimals or decimal strings; `tolerance` is the largest difference that agrees.

    Raises `UnknownRule`, `UnfitInputs`, and `NotExact` for a float.
    """
    if rule not in RULES:
        raise UnknownRule(rule=rule)
    try:
        return RULES[rule](inputs, exact(tolerance))
    except (KeyError, ZeroDivisionError, TypeError, IndexError, ValueError):
        raise UnfitInputs(rule=rule) from None


def budget_product(inputs: Inputs, tolerance: Fraction) -> Verdict:
    """people × rate × months is the amount."""
    return _compare(inputs["amount_idr"], _product(inputs), tolerance)


def at_least(inputs: Inputs, tolerance: Fraction) -> Verdict:
    """people × rate × months reaches the stated lower bound."""
    product = _product(inputs)
    short = exact(inputs["lower_bound_idr"]) - product
    return Verdict(Fraction(product), short, short <= tolerance)


def whole_months(inputs: Inputs, tolerance: Fraction) -> Verdict:
    """amount / (people × rate) is a whole number of months; the nearest one is taken as the published value."""
    months = implied_months(_whole(inputs["amount_idr"]), _whole(inputs["people"]), exact(inputs["rate_idr"]))
    return _compare(whole(months), _hundredths(months), tolerance)


def sum_of_parts(inputs: Inputs, tolerance: Fraction) -> Verdict:
    """The parts add up to the total."""
    return _compare(inputs["total"], sum(map(exact, inputs["parts"])), tolerance)


def percent_of(inputs: Inputs, tolerance: Fraction) -> Verdict:
    """100 × count / denominator is the percent."""
    share = percent(exact(inputs["count"]), exact(inputs["denominator"]))
    return _compare(inputs["percent"], _hundredths(share), tolerance)


def growth(inputs: Inputs, tolerance: Fraction) -> Verdict:
    """100 × (new − old) / old is the percent."""
    return _compare(
        inputs["percent"], _hundredths(growth_percent(exact(inputs["old"]), exact(inputs["new"]))), tolerance
    )


def difference_of(inputs: Inputs, tolerance: Fraction) -> Verdict:
    """minuend − subtrahend is the published value."""
    return _compare(inputs["published"], exact(inputs["minuend"]) - exact(inputs["subtrahend"]), tolerance)


def coverage_from_segments(inputs: Inputs, tolerance: Fraction) -> Verdict:
    """The total percent follows from the counts and the percents of the segments, which imply their denominators."""
    counts = [exact(segment["count"]) for segment in inputs["segments"]]
    workers = sum(
        100 * count / exact(segment["percent"]) for count, segment in zip(counts, inputs["segments"], strict=True)
    )
    return _compare(inputs["percent"], _hundredths(percent(sum(counts, Fraction(0)), Fraction(workers))), tolerance)


def weekday(inputs: Inputs, _tolerance: Fraction) -> Verdict:
    """The printed Indonesian weekday is the weekday of the date."""
    expected = WEEKDAYS[date.fromisoformat(inputs["date"]).weekday()]
    same = expected == inputs["weekday"]
    return Verdict(expected, Fraction(0 if same else 1), same)


def same_value(inputs: Inputs, tolerance: Fraction) -> Verdict:
    """Two values printed for one thing agree."""
    first, second = inputs["values"]
    return _compare(second, first, tolerance)


def period_lock(inputs: Inputs, tolerance: Fraction) -> Verdict:
    """A figure belongs to the assessment year."""
    return _compare(inputs["figure_year"], inputs["assessment_year"], tolerance)


def amount_per_person_max(inputs: Inputs, tolerance: Fraction) -> Verdict:
    """The amount per person, in whole rupiah, stays within the bound."""
    bound = exact(inputs.get("max_idr_per_person", MAX_PER_PERSON_AND_YEAR))
    excess = whole(exact(inputs["amount_idr"]) / exact(inputs["people"])) - bound
    return Verdict(bound, excess, excess <= tolerance)


RULES: Mapping[str, Callable[[Inputs, Fraction], Verdict]] = {
    "budget_product": budget_product,
    "whole_months": whole_months,
    "sum_of_parts": sum_of_parts,
    "percent_of": percent_of,
    "growth_percent": growth,
    "difference_of": difference_of,
    "coverage_from_segments": coverage_from_segments,
    "weekday": weekday,
    "same_value": same_value,
    "period_lock": period_lock,
    "amount_per_person_max": amount_per_person_max,
    "at_least": at_least,
}


def _compare(published: object, expected: object, tolerance: Fraction) -> Verdict:
    value = exact(expected)
    difference = exact(published) - value
    return Verdict(value, difference, abs(difference) <= tolerance)


def _product(inputs: Inputs) -> int:
    return expected_amount(_whole(inputs["people"]), exact(inputs["rate_idr"]), _whole(inputs["months"]))


def _whole(value: object) -> int:
    number = exact(value)
    if number.denominator != 1:
        raise ValueError("people, months and amounts are whole numbers")
    return number.numerator


def _hundredths(value: Fraction | None) -> Fraction:
    if value is None:
        raise ZeroDivisionError
    return quantise(value)
