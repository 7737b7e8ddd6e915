"""Numbers with their unit, so that a page knows how to write them, and the exact reading of numbers.

A sentence of the core carries its values in these wrappers; the web layer writes them in the language of the reader
("Rp3.024.000.000", "3,89", "+3,2 poin persentase"). `signed` asks for a plus sign before a positive number.
"""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from fractions import Fraction
from functools import lru_cache

from paritrana.core.errors import BadInput
from paritrana.core.rounding import to_step
from paritrana.core.words import N_


class NotExact(BadInput):
    """A number came as a float or as something that is no number. Params: `value`."""

    code = "not_exact"
    message = N_("%(value)s is not an exact number. Write it as text or as a whole number.")


@dataclass(frozen=True)
class Amount:
    """Whole rupiah."""

    value: int
    signed: bool = False


@dataclass(frozen=True)
class People:
    """A number of people."""

    value: int
    signed: bool = False


@dataclass(frozen=True)
class Count:
    """A number of things that are not people: villages, permits, person-months, rows."""

    value: int
    signed: bool = False


@dataclass(frozen=True)
class Percent:
    """A percentage, 0 to 100, exact; also a relative growth when `signed`."""

    value: Fraction
    signed: bool = False


@dataclass(frozen=True)
class Decimals:
    """A plain number with as many decimals as it was given, of a unit that the words beside it name."""

    value: Fraction
    signed: bool = False


@dataclass(frozen=True)
class Points:
    """A difference of two percentages, in percentage points, always written with its sign and never with "%"."""

    value: Fraction


@dataclass(frozen=True)
class Months:
    """Months, exact; 3.89 months is `Fraction(5440, 1400)` or the like."""

    value: Fraction


@dataclass(frozen=True)
class Score:
    """A value on the scale of the rubric, written with two decimals."""

    value: Fraction


@dataclass(frozen=True)
class Year:
    """A calendar year, written without a thousands separator."""

    value: int


@dataclass(frozen=True)
class FileSize:
    """The size of a file in bytes, written in megabytes or kilobytes."""

    value: int


@dataclass(frozen=True)
class Day:
    """A calendar date."""

    value: date


@dataclass(frozen=True)
class Text:
    """Words that a person typed; shown as they are, escaped, never translated."""

    value: str


@dataclass(frozen=True)
class Label:
    """A message id; shown translated."""

    value: str


Quantity = Amount | People | Count | Percent | Decimals | Points | Months | Score | Year | FileSize | Day | Text | Label


def exact(value: object) -> Fraction:
    """Read an int, a decimal string, a Decimal or a Fraction exactly.

    Raises `NotExact` for a float, a bool and whatever is not a finite number: a float has lost what was written.
    """
    if isinstance(value, bool) or not isinstance(value, int | str | Decimal | Fraction):
        raise NotExact(value=repr(value))
    if isinstance(value, str):
        return _exact_text(value)
    if isinstance(value, Decimal) and not value.is_finite():
        raise NotExact(value=str(value))
    return Fraction(value)


@lru_cache(maxsize=4096)  # the same parameters and targets are read for every candidate
def _exact_text(text: str) -> Fraction:
    try:
        return exact(Decimal(text))
    except InvalidOperation:
        raise NotExact(value=repr(text)) from None


def whole(value: Fraction) -> int:
    """The nearest whole number, half up."""
    return to_step(value, Fraction(1)).numerator
