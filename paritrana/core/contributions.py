"""Contributions: which rate holds on a day, and people × rate × months.

All money is whole rupiah, rates are exact fractions, months are whole in a claim and fractions where they are implied.
Source of the rates and of the look-up: `seed/contribution_rates.csv` and its notes (PP 44/2015, PP 45/2015, PP 46/2015,
PP 50/2025).
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from fractions import Fraction

from paritrana.core.errors import ParitranaError
from paritrana.core.quantities import exact, whole
from paritrana.core.words import N_

MONTHLY = "amount_idr_per_month"
OF_WAGE = "percent_of_wage"

# A group without rates of its own pays the rate of the wider group.
WIDER_GROUP: Mapping[str, str] = {"bpu_transport": "bpu", "bpu_non_transport": "bpu"}


class NoRate(ParitranaError):
    """No rate is known. Params: `programme`, `worker_group`, `payer`, `on` (date)."""

    code = "no_rate"
    message = N_("There is no contribution rate for %(programme)s, %(worker_group)s, paid by %(payer)s, on %(on)s.")


class NotMonthly(ParitranaError):
    """A rate cannot be written in rupiah per person and month: it needs a wage, or it is paid once. Params: `rate`."""

    code = "not_monthly"
    message = N_("Rate %(rate)s cannot be counted per person and month.")


@dataclass(frozen=True)
class Rate:
    """One row of the rate table. Dates are inclusive; an empty end is still valid as far as known.

    `value` is in the unit of `rate_kind`: rupiah a month, percent of the wage, percent of the project, or rupiah once.
    """

    rate_id: str
    programme: str
    worker_group: str
    risk_class: str
    valid_from: date | None
    valid_to: date | None
    payer: str
    rate_kind: str
    value: Fraction
    min_idr: int | None = None
    max_idr: int | None = None
    wage_cap_idr: int | None = None
    date_basis: str = ""
    payer_condition: str = ""
    basis: str = ""
    legal_basis: str = ""
    status: str = ""
    source_key: str = ""
    source: str = ""
    note: str = ""

    def valid_on(self, on: date) -> bool:
        """Whether the rate holds on that day, both ends included."""
        return (self.valid_from is None or self.valid_from <= on) and (self.valid_to is None or on <= self.valid_to)


@dataclass(frozen=True)
class Stretch:
    """Months in a row with one rate: the day they start, how many, and rupiah per person and month."""

    start: date
    months: int
    monthly: int


def read_rate(row: Mapping[str, str]) -> Rate:
    """A `Rate` from a row of `contribution_rates.csv`. Raises KeyError, ValueError or `NotExact` for a bad row."""
    return Rate(
        rate_id=row["rate_id"],
        programme=row["programme"],
        worker_group=row["worker_group"],
        risk_class=row["risk_class"],
        valid_from=_day(row["valid_from"]),
        valid_to=_day(row["valid_to"]),
        payer=row["payer"],
        rate_kind=row["rate_kind"],
        value=exact(row["value"]),
        min_idr=_rupiah(row["min_idr"]),
        max_idr=_rupiah(row["max_idr"]),
        wage_cap_idr=_rupiah(row["wage_cap_idr"]),
        date_basis=row["date_basis"],
        payer_condition=row["payer_condition"],
        basis=row["basis"],
        legal_basis=row["legal_basis"],
        status=row["status"],
        source_key=row["source_key"],
        source=row["source"],
        note=row["note"],
    )


def find_rate(
    rates: Iterable[Rate], programme: str, worker_group: str, on: date, payer: str, *, risk_class: str = ""
) -> Rate:
    """The rate that holds on a day: of the valid rows, the most specific match wins.

    The narrower worker group goes before the wider one (bpu_transport before bpu), then a named payer before `any`; of
    equals the one that came into force last. A row with a risk class serves only that class. Raises `NoRate`.
    """
    groups = [worker_group, *([WIDER_GROUP[worker_group]] if worker_group in WIDER_GROUP else [])]
    payers = [payer, "any"]
    found = [
        rate
        for rate in rates
        if rate.programme == programme
        and rate.worker_group in groups
        and rate.payer in payers
        and rate.risk_class in ("", risk_class)
        and rate.valid_on(on)
    ]
    if not found:
        raise NoRate(programme=programme, worker_group=worker_group, payer=payer, on=on)

    def closeness(rate: Rate) -> tuple[int, int, bool]:
        return groups.index(rate.worker_group), payers.index(rate.payer), not rate.risk_class

    nearest = min(map(closeness, found))
    equals = [rate for rate in found if closeness(rate) == nearest]
    return max(equals, key=lambda rate: (rate.valid_from or date.min, rate.rate_id))


def per_month(rate: Rate, wage: int | None = None) -> Fraction:
    """Rupiah per person and month, exact: the flat amount, or the percent of `wage` (rupiah a month) within its bounds.

    The wage counts up to the rate's wage cap. Raises `NotMonthly` for a rate paid once or on a project's value, and for
    a percent without a wage.
    """
    if rate.rate_kind == MONTHLY:
        return rate.value
    if rate.rate_kind != OF_WAGE or wage is None:
        raise NotMonthly(rate=rate.rate_id)
    counted = wage if rate.wage_cap_idr is None else min(wage, rate.wage_cap_idr)
    due = rate.value * counted / 100
    if rate.min_idr is not None:
        due = max(due, Fraction(rate.min_idr))
    if rate.max_idr is not None:
        due = min(due, Fraction(rate.max_idr))
    return due


def wage_worker_monthly(
    rates: Sequence[Rate],
    wage: int,
    on: date,
    *,
    risk_class: str = "very_low",
    programmes: Sequence[str] = ("jkk", "jkm"),
    payer: str = "employer",
) -> int:
    """What the employer pays for one wage worker (PU) in a month, in rupiah, half up.

    The sum of the percent rates of the programmes on the average reported `wage`. By default work accident at the
    lowest risk, which is office work, and death: the two programmes that regional governments give to staff who are
    not civil servants (domain research, 4.2). Raises `NoRate`.
    """
    found = [find_rate(rates, name, "pu", on, payer, risk_class=risk_class) for name in programmes]
    return whole(sum((per_month(rate, wage) for rate in found), Fraction(0)))


def expected_amount(people: int, rate: Rate | int | Fraction, months: int) -> int:
    """people × rate × months in rupiah, half up. `rate` is a monthly rate, or rupiah per person and month."""
    return whole(people * _monthly(rate) * months)


def implied_months(amount: int, people: int, rate: Rate | int | Fraction) -> Fraction:
    """How many months the amount pays for, exact. Raises ValueError without people or without a rate."""
    a_month = people * _monthly(rate)
    if a_month <= 0:
        raise ValueError("months are implied only by people and a rate above zero")
    return amount / a_month


def per_person_month(amount: int, people: int, months: int) -> int:
    """The amount per person and month in rupiah, half up. Raises ValueError without people or months."""
    if people <= 0 or months <= 0:
        raise ValueError("an amount per person and month needs people and months")
    return whole(Fraction(amount, people * months))


def month_after(start: date, months: int) -> date:
    """The first day of the month that comes `months` after the month of `start`."""
    index = start.year * 12 + start.month - 1 + months
    return date(index // 12, index % 12 + 1, 1)


def stretches(monthly: Callable[[date], int], start: date, months: int) -> tuple[Stretch, ...]:
    """The months from the month of `start` on, grouped by the rate that holds on the first day of each.

    `monthly` gives rupiah per person and month on a day. A table that changes inside the year gives several stretches.
    """
    grouped: list[Stretch] = []
    for number in range(months):
        first = month_after(start, number)
        rupiah = monthly(first)
        if grouped and grouped[-1].monthly == rupiah:
            last = grouped.pop()
            grouped.append(Stretch(last.start, last.months + 1, rupiah))
        else:
            grouped.append(Stretch(first, 1, rupiah))
    return tuple(grouped)


def budget(people: int, months: Sequence[Stretch]) -> int:
    """The sum over the stretches of people × rate × months, in rupiah."""
    return sum(expected_amount(people, part.monthly, part.months) for part in months)


def implied_months_of(amount: int, people: int, months: Sequence[Stretch]) -> Fraction:
    """How many months the amount pays for when each month has its own rate, exact.

    The stretches are used up in order; what is left over is counted at the rate of the last one. Raises ValueError
    without people, without a stretch or with a rate of zero.
    """
    if not months:
        raise ValueError("months are implied only by a rate")
    rest, passed = amount, 0
    for part in months[:-1]:
        cost = expected_amount(people, part.monthly, part.months)
        if rest < cost:
            return passed + implied_months(rest, people, part.monthly)
        rest, passed = rest - cost, passed + part.months
    return passed + implied_months(rest, people, months[-1].monthly)


def _monthly(rate: Rate | int | Fraction) -> Fraction:
    return per_month(rate) if isinstance(rate, Rate) else Fraction(rate)


def _day(text: str) -> date | None:
    return date.fromisoformat(text) if text else None


def _rupiah(text: str) -> int | None:
    return int(text) if text else None
