"""The kind `development_target`: the coverage target in the region's own plan, and the path towards it."""

from fractions import Fraction
from itertools import pairwise

from paritrana.core.evidence.checks import ArithmeticLine, Check, CheckContext, Term
from paritrana.core.evidence.choices import PLANS
from paritrana.core.evidence.specs import FieldSpec, KindSpec, LineSpec, Stored
from paritrana.core.evidence.stored import Values, fields_of, lines_of, number, share
from paritrana.core.evidence.subsidies import line_figures
from paritrana.core.quantities import Label, Percent, Points, Quantity, Year, exact
from paritrana.core.words import N_

PLAN = N_("Target in the plan")
YEARLY = N_("Target of one year")
PATH = N_("Path from base to target")


def checks(data: Stored, context: CheckContext) -> list[Check]:
    """Everything to say about one item: the order of the years, the path, and the national target."""
    fields = fields_of(data)
    base, target = _point(fields, "base"), _point(fields, "target")
    found: list[Check | None] = []
    if base is not None and target is not None:
        found.append(years_in_order(base[0], target[0]))
    path = path_of(data)
    if len(path) > 1:
        found.append(path_rises(path))
    if target is not None:
        found.append(reaches_national(target, context))
    return [check for check in found if check is not None]


def arithmetic(data: Stored, _context: CheckContext) -> list[ArithmeticLine]:
    """The rise from the base to the target in percentage points."""
    fields = fields_of(data)
    base, target = _point(fields, "base"), _point(fields, "target")
    if base is None or target is None:
        return []
    terms = (Term("", Percent(target[1])), Term("−", Percent(base[1])))
    figures = ("target.value", "base.value")
    return [ArithmeticLine(Label(PATH), terms, Points(target[1] - base[1]), figures)]


def years_in_order(base: int, target: int) -> Check | None:
    """The target lies after the base year."""
    if base < target:
        return None
    message = N_("The target year %(target)s is not after the base year %(base)s. Check both.")
    params: dict[str, Quantity] = {"base": Year(base), "target": Year(target)}
    return Check("years", "ask", message, params, ("base.year", "target.year"), Label(PLAN))


def path_rises(path: list[tuple[int, Fraction, str]]) -> Check:
    """The values never fall from one year to the next. `path`: year, percent, figure key, in the order of years."""
    for (_, before, _), (year, now, figure) in pairwise(path):
        if now < before:
            message = N_("The path falls to %(value)s in %(year)s, from %(before)s. Explain it or correct the figure.")
            params: dict[str, Quantity] = {"value": Percent(now), "year": Year(year), "before": Percent(before)}
            return Check("path", "ask", message, params, (figure,), Label(PATH))
    params = {"a": Percent(path[0][1]), "b": Percent(path[-1][1])}
    return Check("path", "ok", N_("The path never falls: %(a)s to %(b)s"), params, (path[-1][2],), Label(PATH))


def reaches_national(target: tuple[int, Fraction], context: CheckContext) -> Check | None:
    """The target equals or exceeds the national one of the same year, where the cycle's set has one."""
    year, value = target
    if year not in context.targets:
        return None
    national = exact(context.targets[year])
    params: dict[str, Quantity] = {"a": Percent(value), "b": Percent(national), "year": Year(year)}
    if value < national:
        message = N_(
            "%(a)s for %(year)s is below the national target of %(b)s (%(points)s). Explain it or correct the figure."
        )
        return Check(
            "national", "ask", message, params | {"points": Points(value - national)}, ("target.value",), Label(PLAN)
        )
    message = N_("%(a)s for %(year)s reaches the national target of %(b)s.")
    return Check("national", "ok", message, params, ("target.value",), Label(PLAN))


def _point(fields: Values, name: str) -> tuple[int, Fraction] | None:
    year, value = number(fields, f"{name}.year"), share(fields, f"{name}.value")
    return None if year is None or value is None else (year, value)


def path_of(data: Stored) -> list[tuple[int, Fraction, str]]:
    """Base, yearly values and target in the order of their years: year, percent, figure key."""
    fields = fields_of(data)
    points = []
    for name in ("base", "target"):
        point = _point(fields, name)
        if point is not None:
            points.append((*point, f"{name}.value"))
    for line in lines_of(data):
        year, value = number(line, "year"), share(line, "value")
        if year is not None and value is not None:
            points.append((year, value, line_figures(line, "value")[0]))
    return sorted(points)


def _spec() -> KindSpec:
    hint = N_("Percent of workers covered, such as 52.15.")
    return KindSpec(
        "development_target",
        N_("Target in the development plan"),
        N_("Shows that the coverage of workers is a target of the region's own plan."),
        (
            FieldSpec("plan", N_("Development plan"), "choice", choices=PLANS, group=PLAN),
            FieldSpec("document", N_("Title of the document"), "text", group=PLAN),
            FieldSpec("indicator", N_("Name of the indicator"), "text", group=PLAN),
            FieldSpec("page", N_("Page of the plan"), "count", group=PLAN),
            FieldSpec("base.year", N_("Base year"), "year", counted=True, group=PLAN),
            FieldSpec("base.value", N_("Value of the base year"), "percent", hint=hint, counted=True, group=PLAN),
            FieldSpec("target.year", N_("Target year"), "year", counted=True, group=PLAN),
            FieldSpec("target.value", N_("Value of the target year"), "percent", hint=hint, counted=True, group=PLAN),
        ),
        LineSpec(
            "years",
            YEARLY,
            (
                FieldSpec("year", N_("Year"), "year"),
                FieldSpec("value", N_("Target of the year"), "percent", hint=hint, counted=True),
            ),
        ),
    )


SPEC = _spec()
