"""Checks and sums of `non_asn_protection`: four fixed groups, each with people, months and budget."""

from collections.abc import Callable
from datetime import date

from paritrana.core.contributions import NoRate, find_rate, per_month, wage_worker_monthly
from paritrana.core.evidence.checks import (
    ArithmeticLine,
    Check,
    CheckContext,
    Product,
    amount_matches,
    months_within_year,
    product_line,
    product_of,
    protected_within_target,
)
from paritrana.core.evidence.kinds import ELECTION_GROUPS, NON_ASN_GROUPS
from paritrana.core.evidence.specs import Stored
from paritrana.core.evidence.stored import Values, fields_of, number, pair, text
from paritrana.core.quantities import Label, whole
from paritrana.core.words import N_


def checks(data: Stored, context: CheckContext) -> list[Check]:
    """Everything to say about one item: group after group."""
    fields = fields_of(data)
    found: list[Check | None] = []
    for group in asked_groups(context):
        label = Label(NON_ASN_GROUPS[group])
        both = pair(fields, f"{group}.covered", f"{group}.target")
        if both is not None:
            found.append(protected_within_target(*both, (f"{group}.covered", f"{group}.target"), label))
        months = number(fields, f"{group}.months")
        if months is not None:
            found.append(months_within_year(months, (f"{group}.months",), label))
        product = _product(fields, group, context)
        if product is not None:
            found.append(amount_matches(product, _figures(group), label))
    if not context.election_held:
        message = N_("There was no election in the period. This group does not count.")
        found += [Check("election", "info", message, about=Label(NON_ASN_GROUPS[g])) for g in sorted(ELECTION_GROUPS)]
    return [check for check in found if check is not None]


def arithmetic(data: Stored, context: CheckContext) -> list[ArithmeticLine]:
    """The budget of each group: people × months × rate."""
    lines = []
    for group in asked_groups(context):
        product = _product(fields_of(data), group, context)
        if product is not None:
            lines.append(product_line(Label(NON_ASN_GROUPS[group]), product, _figures(group)))
    return lines


def asked_groups(context: CheckContext) -> list[str]:
    """The groups of this cycle: election officials only where an election was held."""
    return [group for group in NON_ASN_GROUPS if context.election_held or group not in ELECTION_GROUPS]


def _figures(group: str) -> tuple[str, ...]:
    return (f"{group}.budget", f"{group}.covered", f"{group}.months")


def _product(fields: Values, group: str, context: CheckContext) -> Product | None:
    monthly = _monthly(fields, group, context)
    if monthly is None:
        return None
    people, months, stated = (number(fields, f"{group}.{name}") for name in ("covered", "months", "budget"))
    try:
        return product_of(people, months, stated, monthly, context.period_start)
    except NoRate:
        return None


def _monthly(fields: Values, group: str, context: CheckContext) -> Callable[[date], int] | None:
    """Rupiah per person and month by the worker group: percent of the wage (PU), or the flat package (BPU)."""
    chosen = text(fields, f"{group}.worker_group")
    if chosen == "bpu":
        return lambda on: whole(per_month(find_rate(context.rates, "jkk_jkm", "bpu", on, context.payer)))
    wage = number(fields, f"{group}.average_wage")
    if chosen == "pu" and wage is not None:
        return lambda on: wage_worker_monthly(context.rates, wage, on, risk_class=context.risk_class)
    return None
