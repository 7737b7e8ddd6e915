"""Exact reading of numbers, and the rounding to whole rupiah."""

from decimal import Decimal
from fractions import Fraction

import pytest

from paritrana.core.quantities import NotExact, exact, whole


def test_numbers_written_exactly_are_read_exactly():
    assert exact("0.24") == exact(Decimal("0.24")) == exact(Fraction(6, 25)) == Fraction(24, 100)
    assert exact(12) == 12


@pytest.mark.parametrize("value", [0.3, True, None, "12,5", "", "NaN", Decimal("Infinity")])
def test_a_float_and_whatever_is_no_number_are_refused(value):
    with pytest.raises(NotExact):
        exact(value)


def test_rupiah_are_rounded_half_up():
    assert [whole(Fraction(n, 2)) for n in (1, 2, 3, 5)] == [1, 1, 2, 3]
    assert whole(Fraction(49, 100)) == 0
