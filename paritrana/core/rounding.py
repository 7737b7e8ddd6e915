"""The only roundings of the house, both half up, and the written form of exact numbers.

Source: docs/method.md, section 1.
"""

import re
from decimal import Decimal
from fractions import Fraction
from math import floor
from typing import Final

from paritrana.core.errors import BadInput
from paritrana.core.words import N_

QUANTUM: Final = Fraction(1, 100)
LONGEST_DECIMAL: Final = 32

_DECIMAL = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?")
_HALF = Fraction(1, 2)


class BadDecimal(BadInput):
    """A text that is no canonical decimal number. Params: `text`."""

    code = "bad_decimal"
    message = N_("“%(text)s” is not a decimal number such as 7.75.")


def to_step(value: Fraction, step: Fraction, origin: Fraction = Fraction(0)) -> Fraction:
    """The multiple of `step`, counted from `origin`, that is nearest to `value`; a value half way goes up."""
    return origin + step * floor((value - origin) / step + _HALF)


def quantise(value: Fraction) -> Fraction:
    """`value` to the quantum of 0.01, half up: what is shown is what is ranked (82.345 becomes 82.35)."""
    return to_step(value, QUANTUM)


def decimal_string(value: Fraction, decimals: int) -> str:
    """`value` with exactly `decimals` decimals and a point, half up: 3/2 with two decimals is `1.50`."""
    sign, digits, _ = Decimal(floor(value * 10**decimals + _HALF)).as_tuple()
    return f"{Decimal((sign, digits, -decimals)):f}"


def fraction_string(value: Fraction) -> str:
    """`value` in lowest terms as `p/q`: 76 is `76/1`, 40/3 is `40/3`.

    The digits come from `Decimal`, because the interpreter refuses to write whole numbers of more than 4,300 digits.
    """
    return f"{Decimal(value.numerator):f}/{Decimal(value.denominator):f}"


def parse_decimal(text: str) -> Decimal:
    """The number that a canonical decimal text stands for, its trailing zeros kept.

    Canonical is `-?(0|[1-9][0-9]*)(.[0-9]+)?` in ASCII, at most 32 characters, and no zero with a minus sign.
    Raises `BadDecimal`.
    """
    if len(text) <= LONGEST_DECIMAL and _DECIMAL.fullmatch(text):
        number = Decimal(text)
        if number or not text.startswith("-"):
            return number
    raise BadDecimal(text=text)


def decimal_text(number: Decimal) -> str:
    """The canonical text of `number`, its trailing zeros kept: the inverse of `parse_decimal`."""
    return f"{number if number else number.copy_abs():f}"
