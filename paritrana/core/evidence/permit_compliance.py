"""The kind `permit_compliance`: permits, tenders and payments that depend on registration."""

from datetime import date

from paritrana.core.coverage import percent
from paritrana.core.evidence.checks import ArithmeticLine, Check, CheckContext, Term, count_within, date_in_period
from paritrana.core.evidence.choices import PROCEDURES, YES_NO
from paritrana.core.evidence.specs import FieldSpec, KindSpec, Stored
from paritrana.core.evidence.stored import day, fields_of, pair
from paritrana.core.quantities import Count, Day, Label, Percent
from paritrana.core.words import N_

COUNTING = N_("Rules and counting")

# (part, of, message when the part is larger, message otherwise)
PAIRS = (
    (
        "checked",
        "issued",
        N_("Checked (%(a)s) is more than issued (%(b)s). Check both."),
        N_("Checked: %(a)s of %(b)s = %(percent)s"),
    ),
    (
        "refused",
        "checked",
        N_("Refused (%(a)s) is more than checked (%(b)s). Check both."),
        N_("Refused: %(a)s of %(b)s = %(percent)s"),
    ),
    (
        "followed_up",
        "checked",
        N_("Followed up (%(a)s) is more than checked (%(b)s). Check both."),
        N_("Followed up: %(a)s of %(b)s = %(percent)s"),
    ),
)


def checks(data: Stored, context: CheckContext) -> list[Check]:
    """Everything to say about one item: each procedure, then the dates."""
    fields = fields_of(data)
    found = []
    for procedure, label in PROCEDURES.items():
        for part, of, over, within in PAIRS:
            keys = (f"{procedure}.{part}", f"{procedure}.{of}")
            both = pair(fields, *keys)
            if both is not None:
                found.append(count_within(*both, keys, Label(label), code=part, over=over, within=within))
    counting, procedure_since = day(fields, "counting_from"), day(fields, "sop_in_force_since")
    if counting is not None:
        found.append(
            date_in_period(counting, context.period_start, context.period_end, ("counting_from",), Label(COUNTING))
        )
        if procedure_since is not None:
            found.append(procedure_before_counting(procedure_since, counting))
    return found


def arithmetic(data: Stored, _context: CheckContext) -> list[ArithmeticLine]:
    """The share checked of each procedure."""
    fields = fields_of(data)
    lines = []
    for procedure, label in PROCEDURES.items():
        keys = (f"{procedure}.checked", f"{procedure}.issued")
        both = pair(fields, *keys)
        share = None if both is None else percent(*both)
        if both is not None and share is not None:
            terms = (Term("", Count(both[0])), Term("÷", Count(both[1])))
            lines.append(ArithmeticLine(Label(label), terms, Percent(share), keys))
    return lines


def procedure_before_counting(since: date, counting: date) -> Check:
    """The written procedure is in force before the count starts; what was counted earlier did not follow from it."""
    figures = ("sop_in_force_since", "counting_from")
    params = {"since": Day(since), "counting": Day(counting)}
    if since <= counting:
        message = N_("The procedure is in force since %(since)s, before the count starts on %(counting)s.")
        return Check("procedure", "ok", message, params, figures, Label(COUNTING))
    message = N_(
        "The count starts on %(counting)s, before the procedure is in force (%(since)s)."
        " Explain it or correct the figure."
    )
    return Check("procedure", "ask", message, params, figures, Label(COUNTING))


def _procedure(code: str) -> tuple[FieldSpec, ...]:
    group = PROCEDURES[code]
    return (
        FieldSpec(f"{code}.issued", N_("Issued"), "count", counted=True, group=group),
        FieldSpec(f"{code}.checked", N_("Checked for registration"), "count", counted=True, group=group),
        FieldSpec(f"{code}.refused", N_("Refused for lack of registration"), "count", counted=True, group=group),
        FieldSpec(f"{code}.followed_up", N_("Followed up afterwards"), "count", counted=True, group=group),
    )


def _spec() -> KindSpec:
    rules = N_("Rules and counting")
    return KindSpec(
        "permit_compliance",
        N_("Compliance through permits, tenders and payments"),
        N_("Shows how far permits, tenders and payments depend on registered workers."),
        (
            *(field for code in PROCEDURES for field in _procedure(code)),
            FieldSpec("counting_from", N_("Counted from"), "date", counted=True, group=rules),
            FieldSpec(
                "sop_in_force_since",
                N_("Written procedure in force since"),
                "date",
                required=False,
                hint=N_("Leave empty when there is no written procedure."),
                counted=True,
                group=rules,
            ),
            FieldSpec(
                "contract_clause",
                N_("Do construction contracts carry a clause on registration?"),
                "choice",
                choices=YES_NO,
                group=rules,
            ),
        ),
    )


SPEC = _spec()
