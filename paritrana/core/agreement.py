"""How severe and how much of one mind assessors are on an example, in exact fractions. Advice, never the ranking.

Source: docs/method.md, section 2. Agreement is Krippendorff's alpha for interval data (K. Krippendorff, Content
Analysis, chapter 12).
"""

from collections.abc import Iterable, Mapping
from decimal import Decimal
from fractions import Fraction

from paritrana.core.words import N_

NEEDED = 3  # with fewer assessors a measure says nothing

Marks = Mapping[str, Mapping[str, Decimal]]  # assessor, indicator

HIGH, MODERATE = Fraction(4, 5), Fraction(2, 3)


def enough(marks: Marks) -> bool:
    """Whether enough assessors have marked for a measure to say something."""
    return sum(1 for given in marks.values() if given) >= NEEDED


def severity(marks: Marks) -> dict[str, Fraction]:
    """The mean deviation of each assessor from the panel's mean, in units of the scale; negative is severe.

    An indicator that only one assessor marked says nothing and is left out, as is an assessor without any other.
    """
    units = _units(marks)
    means = {unit: sum(values, Fraction(0)) / len(values) for unit, values in units.items()}
    found = {}
    for assessor, given in marks.items():
        away = [Fraction(value) - means[unit] for unit, value in given.items() if unit in means]
        if away:
            found[assessor] = sum(away, Fraction(0)) / len(away)
    return found


def agreement(marks: Marks) -> Fraction | None:
    """Krippendorff's alpha: 1 is of one mind, 0 is what chance gives; None where nothing can be compared."""
    return alpha((len(one), sum(one), sum(value * value for value in one)) for one in _units(marks).values())


def alpha(units: Iterable[tuple[int, Fraction | int, Fraction | int]]) -> Fraction | None:
    """Krippendorff's alpha of units, each told by the number, the sum and the sum of the squares of its values.

    A unit has at least two values; None where there is no unit. Alpha is the same in any unit of measure, so that
    whole steps of a scale may stand for marks.
    """
    every, total, squares = 0, Fraction(0), Fraction(0)
    apart: dict[int, Fraction | int] = {}  # by the number of values: the squared differences inside the units, in full
    for number, added, squared in units:
        every, total, squares = every + number, total + added, squares + squared
        apart[number] = apart.get(number, 0) + number * squared - added * added
    if not every:
        return None
    expected = Fraction(every * squares - total * total) / (every * (every - 1))
    if not expected:
        return Fraction(1)
    observed = sum((Fraction(found) / (number - 1) for number, found in apart.items()), Fraction(0)) / every
    return 1 - observed / expected


def in_words(measure: Fraction | float) -> str:
    """What an alpha means, as a message id; the limits are Krippendorff's 0.8 and 2/3."""
    if measure >= HIGH:
        return N_("high agreement")
    return N_("moderate agreement") if measure >= MODERATE else N_("low agreement")


def _units(marks: Marks) -> dict[str, list[Fraction]]:
    """The values of each indicator that at least two assessors marked."""
    units: dict[str, list[Fraction]] = {}
    for given in marks.values():
        for unit, value in given.items():
            units.setdefault(unit, []).append(Fraction(value))
    return {unit: values for unit, values in units.items() if len(values) > 1}
