"""The twelve months of an employer's contributions: paid in time, late or not at all, and on which day.

Nobody is bound to fill in the months; where they are filled in, the totals on paper and the months must agree.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from paritrana.core.evidence.checks import ArithmeticLine, Check, Term
from paritrana.core.evidence.specs import FieldSpec
from paritrana.core.evidence.stored import Values, day, number, text
from paritrana.core.quantities import Count, Label
from paritrana.core.words import N_

MONTHS = N_("Payments of the twelve months")
STATES = (("in_time", N_("Paid in time")), ("late", N_("Paid late")), ("unpaid", N_("Not paid")))
ON_TIME, ARREARS = "payments.months_on_time", "payments.arrears_months"

# Month by month: the payment, and the day of it.
LABELS = (
    (N_("Payment for January"), N_("Day of payment for January")),
    (N_("Payment for February"), N_("Day of payment for February")),
    (N_("Payment for March"), N_("Day of payment for March")),
    (N_("Payment for April"), N_("Day of payment for April")),
    (N_("Payment for May"), N_("Day of payment for May")),
    (N_("Payment for June"), N_("Day of payment for June")),
    (N_("Payment for July"), N_("Day of payment for July")),
    (N_("Payment for August"), N_("Day of payment for August")),
    (N_("Payment for September"), N_("Day of payment for September")),
    (N_("Payment for October"), N_("Day of payment for October")),
    (N_("Payment for November"), N_("Day of payment for November")),
    (N_("Payment for December"), N_("Day of payment for December")),
)
KEYS = tuple((f"payments.month_{no:02}", f"payments.month_{no:02}_day") for no in range(1, 13))


@dataclass(frozen=True)
class Totals:
    """How many months were paid in time, late or not, and how many say nothing; together twelve."""

    in_time: int
    late: int
    unpaid: int
    blank: int

    @property
    def whole(self) -> bool:
        """Whether every month says something."""
        return not self.blank


def totals(fields: Values) -> Totals:
    """The months counted by what they say."""
    said = [text(fields, key) for key, _day in KEYS]
    in_time, late, unpaid = (said.count(code) for code, _words in STATES)
    return Totals(in_time, late, unpaid, len(said) - in_time - late - unpaid)


def followed(fields: Values) -> Mapping[str, int]:
    """The totals that follow from twelve whole months, for those that were left empty."""
    found = totals(fields)
    if not found.whole:
        return {}
    derived = {ON_TIME: found.in_time, ARREARS: found.unpaid}
    return {key: value for key, value in derived.items() if number(fields, key) is None}


def checks(fields: Values) -> list[Check]:
    """The months against the printed totals, open months, and days that do not fit; nothing where no month speaks."""
    found, about = totals(fields), Label(MONTHS)
    keys = tuple(key for key, _day in KEYS)
    if found.blank == len(KEYS):
        return []
    said: list[Check] = []
    if found.blank:
        message = N_("%(n)s of the twelve months have no entry. Fill them in or explain why they are open.")
        said.append(Check("months_blank", "ask", message, {"n": Count(found.blank)}, keys, about))
    pairs = (
        (ON_TIME, found.in_time, N_("Months paid on time: %(a)s as printed, %(b)s by the months. Check both.")),
        (ARREARS, found.unpaid, N_("Months of arrears: %(a)s as printed, %(b)s by the months. Check both.")),
    )
    for key, counted, message in pairs:
        printed = number(fields, key)
        # Of months that are not all filled in, only more than the total is known to differ.
        if printed is not None and (printed != counted if found.whole else printed < counted):
            params = {"a": Count(printed), "b": Count(counted)}
            said.append(Check("months_total", "ask", message, params, (key, *keys), about))
    paid = [(state, on) for state, on in KEYS if text(fields, state) in {"in_time", "late"}]
    undated = tuple(on for _state, on in paid if day(fields, on) is None)
    if undated:
        message = N_("Paid months without a day of payment: %(n)s")
        said.append(Check("months_undated", "info", message, {"n": Count(len(undated))}, undated, about))
    strange = tuple(on for state, on in KEYS if text(fields, state) in {"unpaid", ""} and day(fields, on) is not None)
    if strange:
        message = N_("Months with a day of payment that are not called paid: %(n)s. Check both.")
        said.append(Check("months_strange", "ask", message, {"n": Count(len(strange))}, strange, about))
    if found.whole and not any(check.severity == "ask" for check in said):
        params = {"a": Count(found.in_time), "b": Count(found.late), "c": Count(found.unpaid)}
        message = N_("In time %(a)s, late %(b)s, not paid %(c)s; the totals agree.")
        said.append(Check("months_agree", "ok", message, params, keys, about))
    return said


def arithmetic(fields: Values) -> list[ArithmeticLine]:
    """In time + late + not paid, once every month says something."""
    found = totals(fields)
    if not found.whole:
        return []
    terms = (Term("", Count(found.in_time)), Term("+", Count(found.late)), Term("+", Count(found.unpaid)))
    return [ArithmeticLine(Label(MONTHS), terms, Count(len(KEYS)), tuple(key for key, _day in KEYS))]


def specs() -> tuple[FieldSpec, ...]:
    """The payment and its day, month by month."""
    found: list[FieldSpec] = []
    for (state, on), (label, label_of_day) in zip(KEYS, LABELS, strict=True):
        found.append(FieldSpec(state, label, "choice", required=False, choices=STATES, group=MONTHS))
        found.append(FieldSpec(on, label_of_day, "date", required=False, group=MONTHS))
    return tuple(found)
