"""The kind `non_asn_protection`: fixed groups of a region or a village, each with people, months and budget."""

from collections.abc import Callable
from dataclasses import replace
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
from paritrana.core.evidence.choices import ELECTION_GROUPS, GROUPS_OF, NON_ASN_GROUPS, WORKER_GROUPS
from paritrana.core.evidence.specs import FieldSpec, KindSpec, Stored
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
        left_out = sorted(group for group in ELECTION_GROUPS if context.candidate in GROUPS_OF[group])
        found += [Check("election", "info", message, about=Label(NON_ASN_GROUPS[group])) for group in left_out]
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
    """The groups of this candidate and cycle: election officials only where an election was held."""
    return [
        group
        for group in NON_ASN_GROUPS
        if context.candidate in GROUPS_OF[group] and (context.election_held or group not in ELECTION_GROUPS)
    ]


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


def _group(code: str) -> tuple[FieldSpec, ...]:
    fields = (
        FieldSpec("target", N_("People in this group"), "people", counted=True),
        FieldSpec("covered", N_("Protected people"), "people", counted=True),
        FieldSpec("months", N_("Months paid"), "months", counted=True),
        FieldSpec("worker_group", N_("Registered as"), "choice", choices=WORKER_GROUPS),
        FieldSpec(
            "average_wage",
            N_("Average reported wage per month"),
            "rupiah",
            required=False,
            hint=N_("Only for wage workers (PU)."),
            counted=True,
        ),
        FieldSpec("budget", N_("Budget for the contributions"), "rupiah", counted=True),
    )
    group, election = NON_ASN_GROUPS[code], code in ELECTION_GROUPS
    return tuple(
        replace(field, key=f"{code}.{field.key}", group=group, election_only=election, asked_of=GROUPS_OF[code])
        for field in fields
    )


def _spec() -> KindSpec:
    return KindSpec(
        "non_asn_protection",
        N_("Protection of staff who are not civil servants"),
        N_("Shows how many people in the service of the region and its villages are protected."),
        tuple(field for code in NON_ASN_GROUPS for field in _group(code)),
    )


SPEC = _spec()
