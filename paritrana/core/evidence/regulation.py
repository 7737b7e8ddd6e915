"""The kind `regulation`: the rules of a region or village that protect workers, each with its three checks."""

from datetime import date

from paritrana.core.coverage import percent
from paritrana.core.evidence.checks import ArithmeticLine, Check, CheckContext, Term, count_within, typed
from paritrana.core.evidence.choices import PROVINCE, REGULATION_STATES, REGULATION_TYPES, YES_NO
from paritrana.core.evidence.specs import FieldSpec, KindSpec, LineSpec, Stored
from paritrana.core.evidence.stored import Values, day, fields_of, lines_of, pair, text
from paritrana.core.evidence.subsidies import line_figures
from paritrana.core.quantities import Count, Day, Label, Percent, Quantity, Text, Year
from paritrana.core.words import N_

RULE = N_("Regulation")
UNITS = N_("Regencies and cities of the province")
# (code, question, where it stands)
CONTENT = (
    ("general_obligation", N_("Does it oblige all employers?"), N_("Article and page of the general obligation")),
    ("named_groups", N_("Does it name groups to be protected?"), N_("Article and page of the named groups")),
    ("budget_clause", N_("Does it provide a budget?"), N_("Article and page of the budget clause")),
)


def checks(data: Stored, context: CheckContext) -> list[Check]:
    """Everything to say about one item: rule after rule, then what is named twice, then the units of a province."""
    fields, lines = fields_of(data), lines_of(data)
    found: list[Check | None] = []
    for line in lines:
        found += [_result(line), _dated(line, context), _content(line)]
    found += named_twice(lines)
    both = pair(fields, "units.with_regulation", "units.total")
    if both is not None and context.candidate == PROVINCE:
        over = N_("Regencies and cities with a rule (%(a)s) are more than there are (%(b)s). Check both.")
        within = N_("With a rule: %(a)s of %(b)s = %(percent)s")
        keys = ("units.with_regulation", "units.total")
        found.append(count_within(*both, keys, Label(UNITS), code="units", over=over, within=within))
    return [check for check in found if check is not None]


def arithmetic(data: Stored, context: CheckContext) -> list[ArithmeticLine]:
    """Of a province: the share of regencies and cities with a rule."""
    both = pair(fields_of(data), "units.with_regulation", "units.total")
    share = percent(*both) if both is not None and context.candidate == PROVINCE else None
    if both is None or share is None:
        return []
    terms = (Term("", Count(both[0])), Term("÷", Count(both[1])))
    return [ArithmeticLine(Label(UNITS), terms, Percent(share), ("units.with_regulation", "units.total"))]


def draft_is_no_result(state: str, figures: tuple[str, ...], about: Quantity) -> Check | None:
    """A rule counts when it is enacted; a draft, also one on the legislative programme, is a plan."""
    if state in ("draft", "propemperda"):
        message = N_("A draft is a plan and does not count as a result of the period.")
        return Check("draft", "ask", message, {}, figures, about)
    return None


def in_force(enacted: date, context: CheckContext, figures: tuple[str, ...], about: Quantity) -> Check:
    """An enacted rule is in force at some time of the period: it is enacted by the end of it."""
    params: dict[str, Quantity] = {"date": Day(enacted), "year": Year(context.period_end.year)}
    if enacted > context.period_end:
        message = N_("Enacted on %(date)s, after the end of the period. It does not count for %(year)s.")
        return Check("in_force", "ask", message, params, figures, about)
    return Check("in_force", "ok", N_("In force since %(date)s."), {"date": Day(enacted)}, figures, about)


def named_twice(lines: list[Values]) -> list[Check]:
    """A rule of the same type, number and year that an earlier line already has."""
    seen: set[tuple[str, str, int | None]] = set()
    found = []
    for line in lines:
        number = "".join(text(line, "number").casefold().split())
        enacted = day(line, "enacted_on")
        name = (text(line, "type"), number, enacted.year if enacted else None)
        if number and name in seen:
            message = N_("%(name)s is listed twice. Explain it or remove one line.")
            params: dict[str, Quantity] = {"name": Text(text(line, "number"))}
            found.append(Check("twice", "ask", message, params, line_figures(line, "number"), _label(line)))
        seen.add(name)
    return found


def _result(line: Values) -> Check | None:
    return draft_is_no_result(text(line, "state"), line_figures(line, "state"), _label(line))


def _dated(line: Values, context: CheckContext) -> Check | None:
    enacted, figures = day(line, "enacted_on"), line_figures(line, "enacted_on")
    if text(line, "state") != "enacted":
        return None
    if enacted is None:
        message = N_("An enacted rule has a date. Fill it in.")
        return Check("date", "ask", message, {}, figures, _label(line))
    return in_force(enacted, context, figures, _label(line))


def _content(line: Values) -> Check | None:
    """How many of the three things that give a rule force stand in it."""
    codes = [code for code, _question, _place in CONTENT]
    answers = [text(line, code) for code in codes]
    if not all(answers):
        return None
    met = sum(1 for answer in answers if answer == "yes")
    message = N_("%(n)s of %(total)s: general obligation, named groups, budget clause")
    params: dict[str, Quantity] = {"n": Count(met), "total": Count(len(CONTENT))}
    return Check("content", "info", message, params, line_figures(line, *codes), _label(line))


def _label(line: Values) -> Quantity:
    return typed(text(line, "title") or text(line, "number"), RULE)


def _content_fields(code: str, question: str, place: str) -> tuple[FieldSpec, FieldSpec]:
    """Yes or no to one of the three things, and the article and page it stands on."""
    return (
        FieldSpec(code, question, "choice", choices=YES_NO, counted=True),
        FieldSpec(f"{code}_at", place, "text", required=False),
    )


def _spec() -> KindSpec:
    of = frozenset({PROVINCE})
    return KindSpec(
        "regulation",
        N_("Regulations"),
        N_("Shows which rules oblige to protect workers, since when, and how far they reach."),
        (
            FieldSpec("units.total", N_("Regencies and cities"), "count", counted=True, group=UNITS, asked_of=of),
            FieldSpec(
                "units.with_regulation",
                N_("Regencies and cities with a rule of their own"),
                "count",
                counted=True,
                group=UNITS,
                asked_of=of,
            ),
        ),
        LineSpec(
            "rules",
            RULE,
            (
                FieldSpec("type", N_("Type"), "choice", choices=REGULATION_TYPES),
                FieldSpec("number", N_("Number"), "text", required=False),
                FieldSpec("title", N_("About"), "text"),
                FieldSpec("state", N_("State"), "choice", choices=REGULATION_STATES),
                FieldSpec("enacted_on", N_("Date of enactment"), "date", required=False, counted=True),
                *(field for code, question, place in CONTENT for field in _content_fields(code, question, place)),
            ),
        ),
    )


SPEC = _spec()
