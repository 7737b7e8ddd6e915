"""What the lines of `vulnerable_workers` and `village_allocation` share: a flat package paid for people and months."""

from datetime import date

from paritrana.core.contributions import NoRate, find_rate, per_month
from paritrana.core.evidence.checks import (
    Check,
    CheckContext,
    Product,
    amount_in_whole_months,
    amount_matches,
    amount_per_person,
    months_within_year,
    product_of,
)
from paritrana.core.evidence.specs import line_figure
from paritrana.core.evidence.stored import Values, line_key, number, pair
from paritrana.core.quantities import Quantity, whole


def line_figures(line: Values, *names: str) -> tuple[str, ...]:
    """The figure keys of these fields of a line."""
    return tuple(line_figure(line_key(line), name) for name in names)


def line_product(line: Values, package: str, payer: str, context: CheckContext) -> Product | None:
    """people × rate × months of a line, or None while something is missing or no rate is known."""
    people, months, stated = (number(line, name) for name in ("people", "months", "amount"))
    try:
        return product_of(
            people, months, stated, lambda on: _monthly(context, package, payer, on), context.period_start
        )
    except NoRate:
        return None


def line_checks(line: Values, package: str, payer: str, context: CheckContext, about: Quantity) -> list[Check | None]:
    """The amount by the rate, or its whole months where none are stated; the months; the amount per person."""
    found: list[Check | None] = []
    product = line_product(line, package, payer, context)
    if product is not None:
        found.append(amount_matches(product, line_figures(line, "amount", "people", "months"), about))
    months = number(line, "months")
    if months is not None:
        found.append(months_within_year(months, line_figures(line, "months"), about))
    both = pair(line, "amount", "people")
    if both is None:
        return found
    figures = line_figures(line, "amount", "people")
    found.append(amount_per_person(*both, context.max_per_person_and_year, figures, about))
    if months is None:
        try:
            rate = _monthly(context, package, payer, context.period_start)
        except NoRate:
            return found
        found.append(amount_in_whole_months(*both, rate, context.whole_months_tolerance, figures, about))
    return found


def _monthly(context: CheckContext, package: str, payer: str, on: date) -> int:
    return whole(per_month(find_rate(context.rates, package, "bpu", on, payer)))
