"""The kind `csr`: contributions that companies and donors pay for vulnerable workers."""

from paritrana.core.coverage import percent
from paritrana.core.evidence.checks import ArithmeticLine, Check, CheckContext, product_line, typed
from paritrana.core.evidence.choices import CSR_SCHEMES, PACKAGES
from paritrana.core.evidence.specs import FieldSpec, KindSpec, LineSpec, Stored
from paritrana.core.evidence.stored import Values, fields_of, lines_of, number, pair, text
from paritrana.core.evidence.subsidies import line_checks, line_figures, line_product
from paritrana.core.quantities import Amount, Count, Label, People, Percent, Quantity
from paritrana.core.words import N_

DONOR = N_("Donor")
PAYER = "any"  # A donor is neither APBN nor APBD, and no self-payer.


def checks(data: Stored, context: CheckContext) -> list[Check]:
    """Everything to say about one item: donor after donor, then what would count twice."""
    found: list[Check | None] = []
    lines = lines_of(data)
    for line in lines:
        found += line_checks(line, _package(line), PAYER, context, _label(line))
        found.append(counted_twice(line, lines_of(context.others.get("vulnerable_workers", {}))))
    found.append(_person_months(lines))
    found.append(_share_of_own_workers(lines, context))
    return [check for check in found if check is not None]


def arithmetic(data: Stored, context: CheckContext) -> list[ArithmeticLine]:
    """The amount of each donor: people × months × rate."""
    found = []
    for line in lines_of(data):
        product = line_product(line, _package(line), PAYER, context)
        if product is not None:
            found.append(product_line(_label(line), product, line_figures(line, "amount", "people", "months")))
    return found


def counted_twice(line: Values, others: list[Values]) -> Check | None:
    """The same people and months stand among the vulnerable workers whose money came from companies."""
    both = pair(line, "people", "months")
    if both is None:
        return None
    for other in others:
        if text(other, "funding_source") == "csr" and pair(other, "people", "months") == both:
            message = N_(
                "%(people)s for %(months)s months also stand under protected vulnerable workers. Count them once."
            )
            params: dict[str, Quantity] = {"people": People(both[0]), "months": Count(both[1])}
            return Check("counted_twice", "ask", message, params, line_figures(line, "people", "months"), _label(line))
    return None


def _person_months(lines: list[Values]) -> Check | None:
    pairs = [both for both in (pair(line, "people", "months") for line in lines) if both is not None]
    if not pairs:
        return None
    paid = sum(people * months for people, months in pairs)
    amount = sum(number(line, "amount") or 0 for line in lines)
    message = N_("Together: %(months)s person-months, %(amount)s")
    params: dict[str, Quantity] = {"months": Count(paid), "amount": Amount(amount)}
    return Check("together", "info", message, params, (), Label(DONOR))


def _share_of_own_workers(lines: list[Values], context: CheckContext) -> Check | None:
    """Of an employer: the donated person-months as a share of a whole year for its own workers."""
    own = number(fields_of(context.others.get("compliance", {})), "workers.total")
    pairs = [both for both in (pair(line, "people", "months") for line in lines) if both is not None]
    share = percent(sum(people * months for people, months in pairs), 12 * own) if own else None
    if share is None or not pairs:
        return None
    message = N_("That is %(percent)s of a whole year for the own %(people)s workers.")
    params: dict[str, Quantity] = {"percent": Percent(share), "people": People(own or 0)}
    return Check("own_workers", "info", message, params, (), Label(DONOR))


def _package(line: Values) -> str:
    return text(line, "package") or "jkk_jkm"


def _label(line: Values) -> Quantity:
    return typed(text(line, "donor"), DONOR)


def _spec() -> KindSpec:
    return KindSpec(
        "csr",
        N_("Company contributions (CSR)"),
        N_("Shows for whom companies and donors pay contributions, and for how long."),
        (),
        LineSpec(
            "donors",
            DONOR,
            (
                FieldSpec("donor", N_("Donor"), "text"),
                FieldSpec("scheme", N_("Scheme"), "choice", choices=CSR_SCHEMES),
                FieldSpec("people", N_("People"), "people", counted=True),
                FieldSpec("months", N_("Months paid"), "months", counted=True),
                FieldSpec("amount", N_("Amount paid"), "rupiah", counted=True),
                FieldSpec(
                    "package", N_("Programmes paid"), "choice", required=False, choices=PACKAGES, default="jkk_jkm"
                ),
            ),
        ),
    )


SPEC = _spec()
