"""The kind `beneficiary_list`: what the check of a list by name found, as counts; the list itself is not kept.

The counts come from the checker of the list (`core.identity`), or are typed where a branch office made the check.
"""

from paritrana.core.coverage import percent
from paritrana.core.evidence.checks import ArithmeticLine, Check, CheckContext, Term, count_within
from paritrana.core.evidence.choices import VILLAGE, YES_NO
from paritrana.core.evidence.specs import FieldSpec, KindSpec, Stored
from paritrana.core.evidence.stored import Values, fields_of, number, pair
from paritrana.core.quantities import Count, Label, Percent, Quantity
from paritrana.core.words import N_

RECORDS = N_("Records of the list")
SERVICES = N_("Services in the village")
REASONS = {
    "records.malformed": N_("Number is not well-formed"),
    "records.elsewhere": N_("Number of another region"),
    "records.implausible": N_("Birth date or age is implausible"),
    "records.twice": N_("Listed twice"),
}
SERVICE_CHECKS = (
    ("perisai", N_("Is there a community agent (Perisai)?")),
    ("outreach", N_("Is there regular outreach?")),
    ("registration_help", N_("Is there help with registration?")),
    ("claim_help", N_("Is there help with claims?")),
)


def checks(data: Stored, _context: CheckContext) -> list[Check]:
    """Everything to say about one item: well-formed records, and the reasons for the others."""
    fields = fields_of(data)
    found: list[Check | None] = []
    keys = ("records.valid", "records.submitted")
    both = pair(fields, *keys)
    if both is not None:
        over = N_("Well-formed (%(a)s) is more than submitted (%(b)s). Check both.")
        within = N_("Well-formed: %(a)s of %(b)s = %(percent)s")
        found.append(count_within(*both, keys, Label(RECORDS), code="valid", over=over, within=within))
    found.append(_reasons_explain(fields))
    return [check for check in found if check is not None]


def arithmetic(data: Stored, _context: CheckContext) -> list[ArithmeticLine]:
    """The share of well-formed records."""
    both = pair(fields_of(data), "records.valid", "records.submitted")
    share = percent(*both) if both is not None else None
    if both is None or share is None:
        return []
    terms = (Term("", Count(both[0])), Term("÷", Count(both[1])))
    return [ArithmeticLine(Label(RECORDS), terms, Percent(share), ("records.valid", "records.submitted"))]


def _reasons_explain(fields: Values) -> Check | None:
    """Every record that is not well-formed has at least one reason."""
    both = pair(fields, "records.valid", "records.submitted")
    reasons = [number(fields, key) for key in REASONS]
    if both is None or all(reason is None for reason in reasons):
        return None
    refused, named = both[1] - both[0], sum(reason or 0 for reason in reasons)
    if named >= refused:
        return None
    message = N_("%(n)s records are not well-formed, but reasons are given for %(named)s. Check both.")
    params: dict[str, Quantity] = {"n": Count(refused), "named": Count(named)}
    return Check("reasons", "ask", message, params, ("records.submitted", *REASONS), Label(RECORDS))


def _spec() -> KindSpec:
    village = frozenset({VILLAGE})
    return KindSpec(
        "beneficiary_list",
        N_("Check of the list of recipients"),
        N_("Shows that the protected people exist once each, without keeping their names."),
        (
            FieldSpec("records.submitted", N_("Submitted records"), "count", counted=True, group=RECORDS),
            FieldSpec("records.valid", N_("Well-formed records"), "count", counted=True, group=RECORDS),
            *(
                FieldSpec(key, label, "count", required=False, counted=True, group=RECORDS)
                for key, label in REASONS.items()
            ),
            *(
                FieldSpec(
                    f"services.{code}",
                    label,
                    "choice",
                    choices=YES_NO,
                    counted=True,
                    group=SERVICES,
                    asked_of=village,
                )
                for code, label in SERVICE_CHECKS
            ),
        ),
    )


SPEC = _spec()
