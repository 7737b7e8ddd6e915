"""The checks that the kinds share. Each explains itself in one sentence and never blocks: `ask` wants an explanation.

Every function takes plain values and gives a `Check`, or None where there is nothing to say; the module of a kind calls
it only when the numbers it needs are there.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from fractions import Fraction
from typing import Literal

from paritrana.core.contributions import (
    Rate,
    Stretch,
    budget,
    implied_months,
    implied_months_of,
    per_person_month,
    stretches,
)
from paritrana.core.coverage import growth_percent, percent
from paritrana.core.evidence.choices import REGENCY
from paritrana.core.evidence.plausibility import MAX_PER_PERSON_AND_YEAR
from paritrana.core.evidence.specs import Stored
from paritrana.core.quantities import (
    Amount,
    Count,
    Day,
    Label,
    Months,
    People,
    Percent,
    Points,
    Quantity,
    Text,
    Year,
    whole,
)
from paritrana.core.words import N_

Severity = Literal["ok", "ask", "info"]

# More months than this are a typing error; the checks do not multiply them out.
MOST_MONTHS = 120


@dataclass(frozen=True)
class Check:
    """What a check says: a code, how grave it is, a message id with typed values, and the figures it speaks of."""

    code: str
    severity: Severity
    message: str
    params: Mapping[str, Quantity] = field(default_factory=dict)
    figures: tuple[str, ...] = ()
    about: Quantity | None = None

    @property
    def ref(self) -> str:
        """A stable name of this check inside one item of evidence; the nominee's explanation is kept under it."""
        return f"{self.code}:{self.figures[0]}" if self.figures else self.code


@dataclass(frozen=True)
class CheckContext:
    """What the checks must know beside the evidence. Numbers that are policy come from the cycle's data.

    `candidate`: the code of the rubric's category. `others`: the same nomination's items of other kinds, for what must
    not count twice. `targets`: the national coverage target in percent by year, of the cycle's instrument.
    `rates`: the cycle's rate table. `payer`: who pays where the evidence does not say (`apbn_apbd`: a state or regional
    budget; PP 50/2025 gives its discount to self-payers only). `village_count_of_region`: known number of villages, or
    None. `norm_per_village`: how many vulnerable workers a village should protect, or None where nobody set it; it is
    taken for the nomination's region out of `village_norms`, by region code. `jump_share`: a change above one half
    asks for a note (the design, section 4). `whole_months_tolerance`: 0.02 months (`seed/plausibility_cases.csv`).
    `risk_class`: of staff who are not civil servants, office work. `max_per_person_and_year`: rupiah, 12 × 36,800 (the
    largest flat package; the notes on `plausibility_cases.csv`).
    """

    period_start: date
    period_end: date
    election_held: bool
    rates: tuple[Rate, ...]
    candidate: str = REGENCY
    others: Mapping[str, Stored] = field(default_factory=dict, hash=False)
    targets: Mapping[int, str] = field(default_factory=dict, hash=False)
    payer: str = "apbn_apbd"
    village_count_of_region: int | None = None
    norm_per_village: int | None = None
    village_norms: Mapping[str, int] = field(default_factory=dict, hash=False)
    jump_share: Fraction = Fraction(1, 2)
    whole_months_tolerance: Fraction = Fraction(2, 100)
    risk_class: str = "very_low"
    max_per_person_and_year: int = MAX_PER_PERSON_AND_YEAR


@dataclass(frozen=True)
class Term:
    """One term of a written sum, with the sign before it: none, `×`, `÷`, `+` or `−`."""

    sign: str
    quantity: Quantity


@dataclass(frozen=True)
class ArithmeticLine:
    """One sum as people write it: label, terms, computed value, stated value, difference (stated minus computed).

    `people`, `months` and `rate` are filled for products of contributions; `rate` is None where it changes inside the
    year, the terms then name each rate.
    """

    label: Quantity
    terms: tuple[Term, ...]
    computed: Quantity
    figures: tuple[str, ...]
    people: People | None = None
    months: Months | None = None
    rate: Amount | None = None
    stated: Quantity | None = None
    difference: Quantity | None = None
    relative: Percent | None = None
    implied_months: Months | None = None
    per_person_month: Amount | None = None


@dataclass(frozen=True)
class Product:
    """people × rate × months beside the stated amount (rupiah, None when not stated)."""

    people: int
    months: int
    parts: tuple[Stretch, ...]
    stated: int | None

    @property
    def computed(self) -> int:
        """The sum by the rates, in rupiah."""
        return budget(self.people, self.parts)

    @property
    def rate(self) -> int | None:
        """Rupiah per person and month, None where it changes inside the year or no month is counted."""
        return self.parts[0].monthly if len(self.parts) == 1 else None

    @property
    def implied(self) -> Fraction | None:
        """The months that the stated amount pays for, None where nothing implies them."""
        if self.stated is None or not self.people or not all(part.monthly for part in self.parts) or not self.parts:
            return None
        return implied_months_of(self.stated, self.people, self.parts)

    @property
    def relative(self) -> Fraction | None:
        """The difference in percent of the computed sum, None where that is zero or nothing is stated."""
        return None if self.stated is None else growth_percent(self.computed, self.stated)


def product_of(
    people: int | None, months: int | None, stated: int | None, monthly: Callable[[date], int], start: date
) -> Product | None:
    """The product from the month of `start` on, or None while people or months are missing or far off."""
    if people is None or months is None or months > MOST_MONTHS:
        return None
    return Product(people, months, stretches(monthly, start, months), stated)


def product_line(label: Quantity, product: Product, figures: tuple[str, ...]) -> ArithmeticLine:
    """The written sum of a product."""
    people = People(product.people)
    terms = [Term("", people), Term("×", Months(Fraction(product.months)))]
    if product.rate is not None:
        terms.append(Term("×", Amount(product.rate)))
    else:
        terms = [term for part in product.parts for term in _stretch_terms(people, part)]
        terms[:1] = [Term("", people)]
    stated, relative, implied = product.stated, product.relative, product.implied
    paid_for = product.people * product.months
    return ArithmeticLine(
        label=label,
        terms=tuple(terms),
        computed=Amount(product.computed),
        figures=figures,
        people=people,
        months=Months(Fraction(product.months)),
        rate=None if product.rate is None else Amount(product.rate),
        stated=None if stated is None else Amount(stated),
        difference=None if stated is None else Amount(stated - product.computed, signed=True),
        relative=None if relative is None else Percent(relative, signed=True),
        implied_months=None if implied is None else Months(implied),
        per_person_month=None
        if stated is None or not paid_for
        else Amount(per_person_month(stated, product.people, product.months)),
    )


def amount_matches(product: Product, figures: tuple[str, ...], about: Quantity) -> Check | None:
    """people × rate × months is the stated amount; otherwise the difference, its percent and the implied months."""
    if product.stated is None:
        return None
    stated, computed = Amount(product.stated), product.computed
    params: dict[str, Quantity] = {
        "people": People(product.people),
        "months": Months(Fraction(product.months)),
        "amount": stated,
    }
    if product.stated == computed:
        if product.rate is None:
            message = N_("Matches: %(people)s, %(months)s months, each at its own rate = %(amount)s")
            return Check("product", "ok", message, params, figures, about)
        message = N_("Matches: %(people)s × %(rate)s × %(months)s = %(amount)s")
        return Check("product", "ok", message, params | {"rate": Amount(product.rate)}, figures, about)
    relative, implied = product.relative, product.implied
    if relative is None or implied is None:
        message = N_("The amount is %(amount)s, but people, months or wage are 0. Explain it or correct the figure.")
        return Check("product", "ask", message, {"amount": stated}, figures, about)
    message = N_("Difference %(diff)s (%(percent)s). Equals %(months)s months. Explain it or correct the figure.")
    params = {
        "diff": Amount(product.stated - computed, signed=True),
        "percent": Percent(relative, signed=True),
        "months": Months(implied),
    }
    return Check("product", "ask", message, params, figures, about)


def amount_in_whole_months(
    amount: int, people: int, monthly: int, tolerance: Fraction, figures: tuple[str, ...], about: Quantity
) -> Check | None:
    """Where no months are stated, the amount pays for a whole number of months."""
    if people * monthly == 0:
        return None
    months = implied_months(amount, people, monthly)
    if abs(months - whole(months)) <= tolerance:
        message = N_("The amount equals %(months)s months.")
        return Check("whole_months", "info", message, {"months": Months(months)}, figures, about)
    message = N_("The amount equals %(months)s months, not a whole number. Explain it or correct the figure.")
    return Check("whole_months", "ask", message, {"months": Months(months)}, figures, about)


def months_within_year(months: int, figures: tuple[str, ...], about: Quantity) -> Check | None:
    """A period of one year pays for 12 months at most."""
    if months <= 12:
        return None
    message = N_("%(months)s months are more than the 12 of the period. Explain it or correct the figure.")
    return Check("months", "ask", message, {"months": Months(Fraction(months))}, figures, about)


def amount_per_person(amount: int, people: int, most: int, figures: tuple[str, ...], about: Quantity) -> Check | None:
    """The amount per person stays below a year of the largest package; more is mostly a wrong unit."""
    if not people or amount <= most * people:
        return None
    message = N_("%(amount)s is %(each)s per person, more than %(most)s for a whole year. Check the unit.")
    params = {"amount": Amount(amount), "each": Amount(whole(Fraction(amount, people))), "most": Amount(most)}
    return Check("unit", "ask", message, params, figures, about)


def protected_within_target(protected: int, target: int, figures: tuple[str, ...], about: Quantity) -> Check:
    """Protected people are not more than the target; otherwise both ask to be checked."""
    if protected > target:
        message = N_("Protected (%(a)s) is more than the target (%(b)s). Check both.")
        return Check("over_target", "ask", message, {"a": People(protected), "b": People(target)}, figures, about)
    share = percent(protected, target)
    params: dict[str, Quantity] = {"a": People(protected), "b": People(target)}
    if share is None:
        return Check("over_target", "info", N_("There are no target workers; this does not count."), {}, figures, about)
    message = N_("Protected: %(a)s of %(b)s = %(percent)s")
    return Check("over_target", "ok", message, params | {"percent": Percent(share)}, figures, about)


def parts_equal_total(parts: Sequence[int], total: int, figures: tuple[str, ...], about: Quantity) -> Check:
    """The parts add up to the total as printed."""
    added = sum(parts)
    if added == total:
        message = N_("The parts and the total agree: %(total)s")
        return Check("total", "ok", message, {"total": People(total)}, figures, about)
    message = N_(
        "The parts add up to %(sum)s, the total says %(total)s. Difference %(diff)s. Explain it or correct the figure."
    )
    params = {"sum": People(added), "total": People(total), "diff": People(total - added, signed=True)}
    return Check("total", "ask", message, params, figures, about)


def denominator_frozen(new: int, old: int, figures: tuple[str, ...], about: Quantity) -> Check:
    """The target workers are the same in both years; otherwise growth would come out of the denominator."""
    if new == old:
        message = N_("Both years use the same target workers: %(target)s")
        return Check("denominator", "ok", message, {"target": People(new)}, figures, about)
    message = N_(
        "The target workers differ: %(old)s the year before, %(new)s now (%(diff)s)."
        " Growth is not calculated until the denominators are the same. Explain it or correct the figure."
    )
    params: dict[str, Quantity] = {"old": People(old), "new": People(new), "diff": People(new - old, signed=True)}
    return Check("denominator", "ask", message, params, figures, about)


def participants_jump(old: int, new: int, share: Fraction, figures: tuple[str, ...], about: Quantity) -> Check | None:
    """A change of more than `share` in one year, up or down, asks for a note."""
    if abs(new - old) <= share * old:
        return None
    relative = growth_percent(old, new)
    params: dict[str, Quantity] = {"old": People(old), "new": People(new)}
    if relative is None:
        message = N_("The number went from %(old)s to %(new)s in one year. Explain the jump.")
        return Check("jump", "ask", message, params, figures, about)
    message = N_("The number went from %(old)s to %(new)s in one year (%(percent)s). Explain the jump.")
    return Check("jump", "ask", message, params | {"percent": Percent(relative, signed=True)}, figures, about)


def coverage_growth(points: Fraction, relative: Fraction | None, figures: tuple[str, ...], about: Quantity) -> Check:
    """The rise of coverage in percentage points, and the relative growth where there was something before."""
    if relative is None:
        message = N_("Growth of coverage: %(points)s")
        return Check("growth", "info", message, {"points": Points(points)}, figures, about)
    message = N_("Growth of coverage: %(points)s, relative growth %(percent)s")
    params: dict[str, Quantity] = {"points": Points(points), "percent": Percent(relative, signed=True)}
    return Check("growth", "info", message, params, figures, about)


def date_in_period(day: date, start: date, end: date, figures: tuple[str, ...], about: Quantity) -> Check:
    """A date lies inside the assessment year."""
    if start <= day <= end:
        return Check("period", "ok", N_("%(date)s lies in the period."), {"date": Day(day)}, figures, about)
    message = N_("%(date)s is outside 1 January–31 December %(year)s. It does not count for that year.")
    return Check("period", "ask", message, {"date": Day(day), "year": Year(end.year)}, figures, about)


def source_year_known(year: int, end: date, figures: tuple[str, ...], about: Quantity) -> Check | None:
    """The source of a target is not younger than the assessment year."""
    if year <= end.year:
        return None
    message = N_("The source is from %(year)s, after the assessment year %(end)s. Explain it or correct the figure.")
    return Check("source_year", "ask", message, {"year": Year(year), "end": Year(end.year)}, figures, about)


def count_within(
    part: int, of: int, figures: tuple[str, ...], about: Quantity, *, code: str, over: str, within: str
) -> Check:
    """A count is not more than the count it is a part of. `over` and `within` are message ids."""
    params: dict[str, Quantity] = {"a": Count(part), "b": Count(of)}
    if part > of:
        return Check(code, "ask", over, params, figures, about)
    share = percent(part, of)
    if share is None:
        return Check(code, "info", N_("Nothing was counted here."), {}, figures, about)
    return Check(code, "ok", within, params | {"percent": Percent(share)}, figures, about)


def _stretch_terms(people: People, part: Stretch) -> tuple[Term, Term, Term]:
    return Term("+", people), Term("×", Months(Fraction(part.months))), Term("×", Amount(part.monthly))


def named(name: str, words: dict[str, str], otherwise: str) -> Quantity:
    """The label of a chosen group, or the general word while none is chosen."""
    return Label(words.get(name, otherwise))


def typed(name: str, otherwise: str) -> Quantity:
    """The name a person typed, or the general word while none is typed."""
    return Text(name) if name else Label(otherwise)
