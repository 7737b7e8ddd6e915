"""The kind `budget`: lines of the budget with ceiling and realisation, and the sources the money came from."""

from paritrana.core.coverage import growth_percent, percent
from paritrana.core.evidence.checks import ArithmeticLine, Check, CheckContext, Term, months_within_year, typed
from paritrana.core.evidence.choices import FUNDING_SOURCES
from paritrana.core.evidence.specs import FieldSpec, KindSpec, LineSpec, Stored
from paritrana.core.evidence.stored import Values, fields_of, lines_of, number, pair, text
from paritrana.core.evidence.subsidies import line_figures
from paritrana.core.quantities import Amount, Label, Percent, Quantity
from paritrana.core.words import N_

LINE = N_("Budget line")
TOTALS = N_("Totals as printed")
SOURCES = N_("Realised by source of the money")
SOURCE_KEYS = tuple(f"sources.{code}" for code, _ in FUNDING_SOURCES)


def checks(data: Stored, context: CheckContext) -> list[Check]:
    """Everything to say about one item: line after line, then the totals, the sources and the year before."""
    fields, lines = fields_of(data), lines_of(data)
    found: list[Check | None] = []
    for line in lines:
        both = pair(line, "realisation", "ceiling")
        if both is not None:
            found.append(realised_within_ceiling(*both, line_figures(line, "realisation", "ceiling"), _label(line)))
    both = pair(fields, "total.realisation", "total.ceiling")
    if both is not None:
        found.append(realised_within_ceiling(*both, ("total.realisation", "total.ceiling"), Label(TOTALS)))
    for name in ("ceiling", "realisation"):
        found.append(_lines_equal_total(lines, fields, name))
    found.append(_sources_equal_total(fields))
    months = number(fields, "total.months_funded")
    if months is not None:
        found.append(months_within_year(months, ("total.months_funded",), Label(TOTALS)))
    both = pair(fields, "total.realisation_prev", "total.realisation")
    if both is not None:
        found.append(continues(*both, context))
    return [check for check in found if check is not None]


def arithmetic(data: Stored, _context: CheckContext) -> list[ArithmeticLine]:
    """The sum of the lines, the sum of the sources, and the share that was realised."""
    fields, lines = fields_of(data), lines_of(data)
    found = []
    for name, label in (("ceiling", N_("Ceiling")), ("realisation", N_("Realisation"))):
        parts = [value for value in (number(line, name) for line in lines) if value is not None]
        if parts:
            figures = (f"total.{name}", *(figure for line in lines for figure in line_figures(line, name)))
            found.append(_sum_line(Label(label), parts, number(fields, f"total.{name}"), figures))
    sources = [value for value in (number(fields, key) for key in SOURCE_KEYS) if value is not None]
    if sources:
        figures = ("total.realisation", *SOURCE_KEYS)
        found.append(_sum_line(Label(SOURCES), sources, number(fields, "total.realisation"), figures))
    both = pair(fields, "total.realisation", "total.ceiling")
    share = percent(*both) if both is not None else None
    if both is not None and share is not None:
        terms = (Term("", Amount(both[0])), Term("÷", Amount(both[1])))
        figures = ("total.realisation", "total.ceiling")
        found.append(ArithmeticLine(Label(N_("Realised share")), terms, Percent(share), figures))
    return found


def realised_within_ceiling(realised: int, ceiling: int, figures: tuple[str, ...], about: Quantity) -> Check:
    """No more is realised than the ceiling allows."""
    params: dict[str, Quantity] = {"a": Amount(realised), "b": Amount(ceiling)}
    if realised > ceiling:
        message = N_("Realisation (%(a)s) is more than the ceiling (%(b)s). Check both.")
        return Check("ceiling", "ask", message, params, figures, about)
    share = percent(realised, ceiling)
    if share is None:
        return Check("ceiling", "info", N_("No money is budgeted here."), {}, figures, about)
    message = N_("Realised: %(a)s of %(b)s = %(percent)s")
    return Check("ceiling", "ok", message, params | {"percent": Percent(share)}, figures, about)


def amounts_equal_total(parts: list[int], total: int, code: str, figures: tuple[str, ...], about: Quantity) -> Check:
    """Amounts add up to the total as printed."""
    added = sum(parts)
    if added == total:
        message = N_("The parts and the total agree: %(total)s")
        return Check(code, "ok", message, {"total": Amount(total)}, figures, about)
    message = N_(
        "The parts add up to %(sum)s, the total says %(total)s. Difference %(diff)s. Explain it or correct the figure."
    )
    params = {"sum": Amount(added), "total": Amount(total), "diff": Amount(total - added, signed=True)}
    return Check(code, "ask", message, params, figures, about)


def continues(before: int, now: int, context: CheckContext) -> Check | None:
    """The money goes on from the year before: an end or a change beyond the limit asks for a note."""
    figures = ("total.realisation_prev", "total.realisation")
    params: dict[str, Quantity] = {"old": Amount(before), "new": Amount(now)}
    relative = growth_percent(before, now)
    if relative is None:
        if not now:
            return None
        message = N_("The first year with a realisation: %(new)s")
        return Check("continuity", "info", message, {"new": Amount(now)}, figures, Label(TOTALS))
    params["percent"] = Percent(relative, signed=True)
    if abs(now - before) > context.jump_share * before:
        message = N_("The realisation went from %(old)s to %(new)s in one year (%(percent)s). Explain the jump.")
        return Check("continuity", "ask", message, params, figures, Label(TOTALS))
    message = N_("The realisation went from %(old)s to %(new)s in one year (%(percent)s).")
    return Check("continuity", "info", message, params, figures, Label(TOTALS))


def _lines_equal_total(lines: list[Values], fields: Values, name: str) -> Check | None:
    parts, total = [number(line, name) for line in lines], number(fields, f"total.{name}")
    known = [part for part in parts if part is not None]
    if total is None or not parts or len(known) < len(parts):
        return None
    figures = (f"total.{name}", *(figure for line in lines for figure in line_figures(line, name)))
    return amounts_equal_total(known, total, "total", figures, Label(TOTALS))


def _sources_equal_total(fields: Values) -> Check | None:
    parts, total = [number(fields, key) for key in SOURCE_KEYS], number(fields, "total.realisation")
    known = [part for part in parts if part is not None]
    if total is None or not known:
        return None
    return amounts_equal_total(known, total, "sources", (*SOURCE_KEYS, "total.realisation"), Label(SOURCES))


def _sum_line(label: Label, parts: list[int], total: int | None, figures: tuple[str, ...]) -> ArithmeticLine:
    terms = tuple(Term("+" if place else "", Amount(part)) for place, part in enumerate(parts))
    difference = None if total is None else Amount(total - sum(parts), signed=True)
    stated = None if total is None else Amount(total)
    return ArithmeticLine(label, terms, Amount(sum(parts)), figures, stated=stated, difference=difference)


def _label(line: Values) -> Quantity:
    return typed(text(line, "name"), LINE)


def _spec() -> KindSpec:
    return KindSpec(
        "budget",
        N_("Budget for protection"),
        N_("Shows how much money is planned and spent on protection, and where it comes from."),
        (
            FieldSpec("total.ceiling", N_("Ceiling"), "rupiah", counted=True, group=TOTALS),
            FieldSpec("total.realisation", N_("Realisation"), "rupiah", counted=True, group=TOTALS),
            FieldSpec(
                "total.realisation_prev", N_("Realisation of the year before"), "rupiah", counted=True, group=TOTALS
            ),
            FieldSpec(
                "total.months_funded",
                N_("Months of protection that the budget pays"),
                "months",
                counted=True,
                group=TOTALS,
            ),
            *(
                FieldSpec(f"sources.{code}", name, "rupiah", required=False, counted=True, group=SOURCES)
                for code, name in FUNDING_SOURCES
            ),
        ),
        LineSpec(
            "lines",
            LINE,
            (
                FieldSpec("name", N_("Name of the budget line"), "text"),
                FieldSpec("ceiling", N_("Ceiling"), "rupiah", counted=True),
                FieldSpec("realisation", N_("Realisation"), "rupiah", counted=True),
            ),
        ),
    )


SPEC = _spec()
