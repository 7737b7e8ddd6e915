"""The kind `vulnerable_workers`: a target, and lines of people, months, money and decree."""

from collections.abc import Mapping

from paritrana.core.coverage import percent
from paritrana.core.evidence.checks import (
    ArithmeticLine,
    Check,
    CheckContext,
    date_in_period,
    named,
    parts_equal_total,
    product_line,
    protected_within_target,
    source_year_known,
)
from paritrana.core.evidence.choices import FUNDING_SOURCES, PACKAGES, VULNERABLE_GROUPS
from paritrana.core.evidence.specs import FieldSpec, KindSpec, LineSpec, Stored, source_and_year
from paritrana.core.evidence.stored import Values, day, fields_of, lines_of, number, pair, text
from paritrana.core.evidence.subsidies import line_checks, line_figures, line_product
from paritrana.core.quantities import Count, Label, Percent, Quantity
from paritrana.core.words import N_

GROUP = N_("Group of workers")
TARGET = N_("Target of the region")
TOTAL = N_("Protected people in total, as printed")

# Regional budgets, and the shares of state revenue that pass through them, pay as APBN/APBD. Other givers have no rate
# of their own.
PAYER_OF_SOURCE: Mapping[str, str] = {
    "apbd_regency": "apbn_apbd",
    "apbd_province": "apbn_apbd",
    "dbhcht": "apbn_apbd",
    "dbh_sawit": "apbn_apbd",
    "apbdes": "any",
    "csr": "any",
    "zakat": "any",
    "other": "any",
}


def checks(data: Stored, context: CheckContext) -> list[Check]:
    """Everything to say about one item: line after line, then the whole."""
    fields, lines = fields_of(data), lines_of(data)
    found: list[Check | None] = []
    for line in lines:
        label = _label(line)
        found += line_checks(line, _package(line), _payer(line, context), context, label)
        decree = day(line, "decree_date")
        if decree is not None:
            figures = line_figures(line, "decree_date")
            found.append(date_in_period(decree, context.period_start, context.period_end, figures, label))
    target = number(fields, "target.people")
    people = [number(line, "people") for line in lines]
    known = [value for value in people if value is not None]
    if target is not None and known and len(known) == len(people):
        figures = ("target.people", *(figure for line in lines for figure in line_figures(line, "people")))
        found.append(protected_within_target(sum(known), target, figures, Label(TARGET)))
    total = number(fields, "total.people")
    if total is not None and known and len(known) == len(people):
        figures = ("total.people", *(figure for line in lines for figure in line_figures(line, "people")))
        found.append(parts_equal_total(known, total, figures, Label(TOTAL)))
    found.append(_person_months(lines, target))
    year = number(fields, "target.year")
    if year is not None:
        found.append(source_year_known(year, context.period_end, ("target.year",), Label(TARGET)))
    return [check for check in found if check is not None]


def arithmetic(data: Stored, context: CheckContext) -> list[ArithmeticLine]:
    """The amount of each line: people × months × rate."""
    found = []
    for line in lines_of(data):
        product = line_product(line, _package(line), _payer(line, context), context)
        if product is not None:
            figures = line_figures(line, "amount", "people", "months")
            found.append(product_line(_label(line), product, figures))
    return found


def _person_months(lines: list[Values], target: int | None) -> Check | None:
    """Paid person-months as a share of a whole year for the whole target."""
    pairs = [both for both in (pair(line, "people", "months") for line in lines) if both is not None]
    share = percent(sum(people * months for people, months in pairs), 12 * target) if target else None
    if share is None or not pairs:
        return None
    message = N_("%(months)s person-months are %(percent)s of a whole year for the whole target.")
    paid = Count(sum(people * months for people, months in pairs))
    params: dict[str, Quantity] = {"months": paid, "percent": Percent(share)}
    return Check("person_months", "info", message, params, ("target.people",), Label(TARGET))


def _label(line: Values) -> Quantity:
    return named(text(line, "group"), dict(VULNERABLE_GROUPS), GROUP)


def _package(line: Values) -> str:
    return text(line, "package") or "jkk_jkm"


def _payer(line: Values, context: CheckContext) -> str:
    return PAYER_OF_SOURCE.get(text(line, "funding_source"), context.payer)


def _spec() -> KindSpec:
    target = N_("Target of the region")
    return KindSpec(
        "vulnerable_workers",
        N_("Protected vulnerable workers"),
        N_("Shows for how many vulnerable workers contributions were paid, and for how many months."),
        (
            FieldSpec("target.people", N_("Target vulnerable workers"), "people", counted=True, group=target),
            *source_and_year("target", target),
            FieldSpec(
                "total.people",
                N_("Protected people in total, as printed"),
                "people",
                required=False,
                hint=N_("Type the total from the document; the form adds up the rows itself."),
                counted=True,
                group=N_("Totals as printed"),
            ),
        ),
        LineSpec(
            "groups",
            N_("Group of workers"),
            (
                FieldSpec("group", N_("Group"), "choice", choices=VULNERABLE_GROUPS),
                FieldSpec("people", N_("People"), "people", counted=True),
                FieldSpec("months", N_("Months paid"), "months", counted=True),
                FieldSpec("amount", N_("Amount in the budget document"), "rupiah", counted=True),
                FieldSpec(
                    "package",
                    N_("Programmes paid"),
                    "choice",
                    required=False,
                    choices=PACKAGES,
                    default="jkk_jkm",
                ),
                FieldSpec("funding_source", N_("Source of the money"), "choice", choices=FUNDING_SOURCES),
                FieldSpec("decree_number", N_("Number of the decree"), "text"),
                FieldSpec("decree_date", N_("Date of the decree"), "date", counted=True),
            ),
        ),
    )


SPEC = _spec()
