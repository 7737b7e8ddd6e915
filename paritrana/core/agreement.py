"""How severe and how much of one mind assessors are on an example, in exact fractions. Advice, never the ranking.

Source: docs/method.md, section 2. Agreement is Krippendorff's alpha for interval data (K. Krippendorff, Content
Analysis, chapter 12).
"""

from collections.abc import Mapping
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
    units = _units(marks)
    every = [value for values in units.values() for value in values]
    if not every:
        return None
    expected = _disagreement(every)
    if not expected:
        return Fraction(1)
    observed = sum((len(values) * _disagreement(values) for values in units.values()), Fraction(0)) / len(every)
    return 1 - observed / expected


def in_words(alpha: Fraction) -> str:
    """What an alpha means, as a message id; the limits are Krippendorff's 0.8 and 2/3."""
    if alpha >= HIGH:
        return N_("high agreement")
    return N_("moderate agreement") if alpha >= MODERATE else N_("low agreement")


def _units(marks: Marks) -> dict[str, list[Fraction]]:
    """The values of each indicator that at least two assessors marked."""
    units: dict[str, list[Fraction]] = {}
    for given in marks.values():
        for unit, value in given.items():
            units.setdefault(unit, []).append(Fraction(value))
    return {unit: values for unit, values in units.items() if len(values) > 1}


def _disagreement(values: list[Fraction]) -> Fraction:
    """The mean squared difference of all pairs, each in both orders."""
    total, squares = sum(values, Fraction(0)), sum((value * value for value in values), Fraction(0))
    count = len(values)
    return 2 * (count * squares - total * total) / (count * (count - 1))
