"""Roundings go half up, and decimals have one written form."""

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paritrana.core.rounding import (
    BadDecimal,
    decimal_string,
    decimal_text,
    fraction_string,
    parse_decimal,
    quantise,
    to_step,
)


@pytest.mark.parametrize(
    ("value", "shown"),
    [("82.345", "82.35"), ("82.344999", "82.34"), ("0", "0.00"), ("0.005", "0.01"), ("99.995", "100.00")],
)
def test_a_total_goes_half_up_to_a_hundredth(value: str, shown: str) -> None:
    assert decimal_string(quantise(Fraction(value)), 2) == shown


@given(st.fractions())
def test_a_quantised_value_is_the_nearest_hundredth_and_the_upper_of_two(value: Fraction) -> None:
    assert -Fraction(1, 200) < quantise(value) - value <= Fraction(1, 200)
    assert (quantise(value) * 100).denominator == 1


def test_steps_count_from_their_origin() -> None:
    assert to_step(Fraction("2.6"), Fraction(1), Fraction("0.5")) == Fraction("2.5")
    assert to_step(Fraction(3), Fraction(1), Fraction("0.5")) == Fraction("3.5")
    assert to_step(Fraction("7.126"), Fraction("0.25")) == Fraction("7.25")


def test_a_number_is_written_with_as_many_decimals_as_asked_for() -> None:
    assert decimal_string(Fraction(3, 2), 2) == "1.50"
    assert decimal_string(Fraction(5, 2), 0) == "3"
    assert decimal_string(Fraction(-1, 8), 2) == "-0.12"
    assert decimal_string(Fraction(-1, 1000), 2) == "0.00"
    assert decimal_string(Fraction(10**40 + 1, 2), 1) == "5" + "0" * 39 + ".5"


@given(st.fractions(), st.integers(0, 6))
def test_the_written_number_is_within_half_a_unit_of_the_last_decimal(value: Fraction, decimals: int) -> None:
    assert abs(Fraction(decimal_string(value, decimals)) - value) <= Fraction(1, 2 * 10**decimals)


def test_a_fraction_is_written_in_lowest_terms_however_long_it_is() -> None:
    assert fraction_string(Fraction(76)) == "76/1"
    assert fraction_string(Fraction(80, 6)) == "40/3"
    assert fraction_string(Fraction(10**5000 + 1, 10**5000)).startswith("1000")


@pytest.mark.parametrize("text", ["0", "-1", "7.75", "10.00", "0.000", "-0.5", "1" * 32])
def test_a_canonical_decimal_is_read_and_written_back_unchanged(text: str) -> None:
    number = parse_decimal(text)
    assert Fraction(number) == Fraction(text)
    assert decimal_text(number) == text


@pytest.mark.parametrize(
    "text",
    ["", "-", "+1", "01", "1.", ".5", "1e3", "-0", "-0.00", " 1", "1\n", "1,5", "NaN", "Infinity", "١", "１", "1" * 33],
)
def test_any_other_text_is_refused(text: str) -> None:
    with pytest.raises(BadDecimal) as refusal:
        parse_decimal(text)
    assert refusal.value.params == {"text": text}


@pytest.mark.parametrize(("number", "text"), [("1E+2", "100"), ("-0", "0"), ("-0.00", "0.00"), ("1E-8", "0.00000001")])
def test_every_number_has_a_canonical_text(number: str, text: str) -> None:
    assert decimal_text(Decimal(number)) == text


@given(st.decimals(min_value=-(10**12), max_value=10**12, places=9))
def test_reading_undoes_writing(number: Decimal) -> None:
    assert parse_decimal(decimal_text(number)) == number
