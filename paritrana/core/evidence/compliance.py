"""The kind `compliance`: how an employer registers its workers and pays, for firms and for small businesses."""

from fractions import Fraction

from paritrana.core.coverage import percent
from paritrana.core.evidence import payments
from paritrana.core.evidence.checks import ArithmeticLine, Check, CheckContext, Term, count_within
from paritrana.core.evidence.choices import ENTERPRISE, PROGRAMMES, SMALL, YES_NO
from paritrana.core.evidence.specs import FieldSpec, KindSpec, Stored
from paritrana.core.evidence.stored import Values, fields_of, number, pair, text
from paritrana.core.quantities import Count, Label, Months, People, Percent, Quantity
from paritrana.core.words import N_

WORKERS = N_("Workers on 31 December")
PAYMENTS = N_("Payment of contributions")
FOLLOWS = N_("Left empty, it is counted from the twelve months once all of them are filled in.")
JOINED = N_("Programmes joined")
VENDORS = N_("Vendors and outsourcing")
SAFETY = N_("Sanctions, safety, return to work")
AWARENESS = N_("Awareness of the owner")

# (part, message when it is more than all workers, message otherwise)
WORKER_PARTS = (
    (
        "registered",
        N_("Registered (%(a)s) is more than all workers (%(b)s). Check both."),
        N_("Registered: %(a)s of %(b)s = %(percent)s"),
    ),
    (
        "wage_matched",
        N_("Wages reported as paid (%(a)s) are more than all workers (%(b)s). Check both."),
        N_("Wage reported as paid: %(a)s of %(b)s = %(percent)s"),
    ),
    (
        "digital_account",
        N_("Digital accounts (%(a)s) are more than all workers (%(b)s). Check both."),
        N_("Digital account: %(a)s of %(b)s = %(percent)s"),
    ),
)

# The yes-or-no questions of the small-business rubric, in its order.
AWARENESS_CHECKS = (
    ("informs_staff", N_("Are the workers informed of their protection?")),
    ("since_hiring", N_("Are workers registered from the day they start?")),
    ("safety_basics", N_("Is basic safety at work applied?")),
    ("posts_claim_flow", N_("Are the card and the steps of a claim posted at the workplace?")),
    ("membership_3_years", N_("Is the business a member for three years or more?")),
)


def checks(data: Stored, context: CheckContext) -> list[Check]:
    """Everything to say about one item: workers, registration in part, payments, arrears, vendors, sanction."""
    fields = fields_of(data)
    found: list[Check | None] = []
    for part, over, within in WORKER_PARTS:
        keys = (f"workers.{part}", "workers.total")
        both = pair(fields, *keys)
        if both is not None:
            found.append(count_within(*both, keys, Label(WORKERS), code=part, over=over, within=within))
    found += [_partial(fields), _on_time(fields), _arrears(fields), *payments.checks(fields)]
    found += [_vendors(fields), _sanction(fields)]
    return [check for check in found if check is not None]


def arithmetic(data: Stored, _context: CheckContext) -> list[ArithmeticLine]:
    """The shares of the workers, and of the vendors that were verified."""
    fields = fields_of(data)
    found = []
    names = ((f"workers.{part}", "workers.total", label) for part, label in PART_NAMES.items())
    for key, whole, label in (*names, ("vendors.verified", "vendors.total", N_("Vendors verified"))):
        both = pair(fields, key, whole)
        share = percent(*both) if both is not None else None
        if both is not None and share is not None:
            unit = People if whole == "workers.total" else Count
            terms = (Term("", unit(both[0])), Term("÷", unit(both[1])))
            found.append(ArithmeticLine(Label(label), terms, Percent(share), (key, whole)))
    return found + payments.arithmetic(fields)


def followed(data: Stored) -> dict[str, int]:
    """Figures that follow from others and were left empty: the totals of twelve whole months."""
    return dict(payments.followed(fields_of(data)))


PART_NAMES = {
    "registered": N_("Registered workers"),
    "wage_matched": N_("Workers whose wage is reported as paid"),
    "digital_account": N_("Workers with an active digital account"),
}


def registration_in_part(registered: int, matched: int | None, total: int) -> Check | None:
    """Fewer registered workers or reported wages than there are: registration in part fails the gate."""
    missing = total - min(registered, total if matched is None else matched)
    if missing <= 0:
        return None
    message = N_("%(n)s workers are not registered or not with their full wage. Registration in part fails the gate.")
    figures = ("workers.registered", "workers.wage_matched", "workers.total")
    return Check("partial", "ask", message, {"n": People(missing)}, figures, Label(WORKERS))


def _partial(fields: Values) -> Check | None:
    both = pair(fields, "workers.registered", "workers.total")
    return None if both is None else registration_in_part(both[0], number(fields, "workers.wage_matched"), both[1])


def _on_time(fields: Values) -> Check | None:
    on_time = number(fields, "payments.months_on_time")
    if on_time is None or on_time <= 12:
        return None
    message = N_("%(months)s months are more than the 12 of the period. Explain it or correct the figure.")
    params: dict[str, Quantity] = {"months": Months(Fraction(on_time))}
    return Check("months", "ask", message, params, ("payments.months_on_time",), Label(PAYMENTS))


def _arrears(fields: Values) -> Check | None:
    """Months of arrears and months on time fit into one year together."""
    both = pair(fields, "payments.arrears_months", "payments.months_on_time")
    if both is None or not both[0]:
        return None
    keys = ("payments.arrears_months", "payments.months_on_time")
    params: dict[str, Quantity] = {"a": Count(both[0]), "b": Count(both[1])}
    if sum(both) > 12:
        message = N_("%(a)s months of arrears and %(b)s months on time are more than 12 together. Check both.")
        return Check("arrears", "ask", message, params, keys, Label(PAYMENTS))
    return Check("arrears", "info", N_("%(a)s months of arrears"), {"a": Count(both[0])}, keys, Label(PAYMENTS))


def _vendors(fields: Values) -> Check | None:
    keys = ("vendors.verified", "vendors.total")
    both = pair(fields, *keys)
    if both is None:
        return None
    over = N_("Vendors verified (%(a)s) are more than there are (%(b)s). Check both.")
    within = N_("Vendors verified: %(a)s of %(b)s = %(percent)s")
    return count_within(*both, keys, Label(VENDORS), code="vendors", over=over, within=within)


def _sanction(fields: Values) -> Check | None:
    if text(fields, "sanction") != "yes":
        return None
    message = N_("A sanction is in force. It fails the gate; explain since when and why.")
    return Check("sanction", "ask", message, {}, ("sanction",), Label(SAFETY))


def _answer(key: str, label: str, group: str, of: frozenset[str] = frozenset()) -> FieldSpec:
    return FieldSpec(key, label, "choice", choices=YES_NO, counted=True, group=group, asked_of=of)


def _spec() -> KindSpec:
    firm, small = frozenset({ENTERPRISE}), frozenset({SMALL})
    return KindSpec(
        "compliance",
        N_("Compliance of the employer"),
        N_("Shows that all workers are registered with their full wage, and that contributions are paid in time."),
        (
            FieldSpec("workers.total", N_("All workers"), "people", counted=True, group=WORKERS),
            FieldSpec("workers.registered", PART_NAMES["registered"], "people", counted=True, group=WORKERS),
            FieldSpec(
                "workers.wage_matched",
                PART_NAMES["wage_matched"],
                "people",
                counted=True,
                group=WORKERS,
                asked_of=firm,
            ),
            FieldSpec(
                "workers.digital_account",
                PART_NAMES["digital_account"],
                "people",
                counted=True,
                group=WORKERS,
                asked_of=firm,
            ),
            *(_answer(f"programmes.{code}", name, JOINED) for code, name in PROGRAMMES.items()),
            *payments.specs(),
            FieldSpec(
                payments.ON_TIME, N_("Months paid on time"), "months", counted=True, group=PAYMENTS, hint=FOLLOWS
            ),
            FieldSpec(
                payments.ARREARS,
                N_("Months of arrears at the end"),
                "months",
                counted=True,
                group=PAYMENTS,
                hint=FOLLOWS,
            ),
            FieldSpec(
                "payments.arrears_amount",
                N_("Amount of the arrears"),
                "rupiah",
                required=False,
                counted=True,
                group=PAYMENTS,
            ),
            FieldSpec("vendors.total", N_("Vendors"), "count", counted=True, group=VENDORS, asked_of=firm),
            FieldSpec("vendors.verified", N_("Vendors verified"), "count", counted=True, group=VENDORS, asked_of=firm),
            _answer("vendors.contract_clause", N_("Do contracts carry a clause on registration?"), VENDORS, firm),
            _answer("sanction", N_("Is a sanction in force?"), SAFETY),
            _answer("safety_certificate", N_("Is there a certificate of safety at work (SMK3)?"), SAFETY, firm),
            _answer("return_to_work", N_("Are injured workers taken back (Return to Work)?"), SAFETY, firm),
            *(_answer(f"awareness.{code}", label, AWARENESS, small) for code, label in AWARENESS_CHECKS),
        ),
    )


SPEC = _spec()
