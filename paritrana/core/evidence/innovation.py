"""The kind `innovation`: what is new, since when it runs, what it changed in numbers, and who took it over."""

from datetime import date, timedelta

from paritrana.core.evidence.checks import ArithmeticLine, Check, CheckContext, Term, typed
from paritrana.core.evidence.specs import FieldSpec, KindSpec, LineSpec, Stored
from paritrana.core.evidence.stored import Values, day, lines_of, number, share, text
from paritrana.core.evidence.subsidies import line_figures
from paritrana.core.quantities import Count, Day, Decimals, Quantity
from paritrana.core.words import N_

INNOVATION = N_("Innovation")


def checks(data: Stored, context: CheckContext) -> list[Check]:
    """Everything to say about one item, innovation after innovation."""
    found: list[Check | None] = []
    for line in lines_of(data):
        start = day(line, "started_on")
        if start is not None:
            found.append(running_time(start, context.period_end, line_figures(line, "started_on"), _label(line)))
        found.append(_effect(line))
        spread = number(line, "replications")
        if spread is not None:
            message = N_("Taken over by %(n)s others")
            figures = line_figures(line, "replications")
            found.append(Check("spread", "info", message, {"n": Count(spread)}, figures, _label(line)))
    return [check for check in found if check is not None]


def arithmetic(data: Stored, _context: CheckContext) -> list[ArithmeticLine]:
    """The change of each measured effect: after − before."""
    found = []
    for line in lines_of(data):
        before, after = share(line, "before"), share(line, "after")
        if before is not None and after is not None:
            terms = (Term("", Decimals(after)), Term("−", Decimals(before)))
            figures = line_figures(line, "after", "before")
            found.append(ArithmeticLine(_label(line), terms, Decimals(after - before, signed=True), figures))
    return found


def running_time(start: date, end: date, figures: tuple[str, ...], about: Quantity) -> Check:
    """How many whole months it ran until the end of the period; one that starts later has no result yet."""
    if start > end:
        message = N_("It starts on %(date)s, after the end of the period. It has no result yet.")
        return Check("running", "ask", message, {"date": Day(start)}, figures, about)
    after = end + timedelta(days=1)
    months = (after.year - start.year) * 12 + after.month - start.month - (after.day < start.day)
    params: dict[str, Quantity] = {"months": Count(months), "date": Day(end)}
    return Check("running", "info", N_("It ran for %(months)s months until %(date)s."), params, figures, about)


def _effect(line: Values) -> Check | None:
    """An effect is measured before and after; without both numbers it is only told."""
    if not text(line, "title"):
        return None
    before, after = share(line, "before"), share(line, "after")
    figures = line_figures(line, "before", "after")
    if before is None or after is None:
        message = N_("The effect has no numbers before and after. Add them or explain why there are none.")
        return Check("effect", "ask", message, {}, figures, _label(line))
    params: dict[str, Quantity] = {"old": Decimals(before), "new": Decimals(after)}
    if before == after:
        message = N_("Before and after are the same (%(new)s). Explain the effect.")
        return Check("effect", "ask", message, params, figures, _label(line))
    return Check("effect", "ok", N_("From %(old)s to %(new)s"), params, figures, _label(line))


def _label(line: Values) -> Quantity:
    return typed(text(line, "title"), INNOVATION)


def _spec() -> KindSpec:
    return KindSpec(
        "innovation",
        N_("Innovation"),
        N_("Shows what is new, how long it runs, and what it changed."),
        (),
        LineSpec(
            "innovations",
            INNOVATION,
            (
                FieldSpec("title", N_("Title of the innovation"), "text"),
                FieldSpec(
                    "problem", N_("Which problem it solves"), "words", hint=N_("At most 300 words."), most_words=300
                ),
                FieldSpec("started_on", N_("Running since"), "date", counted=True),
                FieldSpec("measure", N_("What was measured"), "text", hint=N_("For example: protected fishers.")),
                FieldSpec("unit", N_("Unit"), "text", required=False, hint=N_("For example: people, days, percent.")),
                FieldSpec("before", N_("Before"), "decimal", required=False, counted=True),
                FieldSpec("after", N_("After"), "decimal", required=False, counted=True),
                FieldSpec("replications", N_("Taken over by how many others"), "count", required=False, counted=True),
            ),
            max_per_page=6,
        ),
    )


SPEC = _spec()
