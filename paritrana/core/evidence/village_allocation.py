"""The kind `village_allocation`: how many villages there are, and one line per village that pays."""

from paritrana.core.coverage import percent
from paritrana.core.evidence.checks import ArithmeticLine, Check, CheckContext, product_line, source_year_known, typed
from paritrana.core.evidence.specs import FieldSpec, KindSpec, LineSpec, Stored, source_and_year
from paritrana.core.evidence.stored import Values, fields_of, lines_of, number, text
from paritrana.core.evidence.subsidies import line_checks, line_figures, line_product
from paritrana.core.quantities import Count, Label, People, Percent, Quantity
from paritrana.core.words import N_

VILLAGES = N_("Villages of the region")
VILLAGE = N_("Village")
PACKAGE = "jkk_jkm"
PAYER = "any"  # A village budget is neither APBN nor APBD, and a village is no self-payer.


def checks(data: Stored, context: CheckContext) -> list[Check]:
    """Everything to say about one item: the numbers of villages, then village after village."""
    fields, lines = fields_of(data), lines_of(data)
    found: list[Check | None] = []
    count = number(fields, "villages.count")
    if count is not None:
        if context.village_count_of_region is not None:
            found.append(villages_of_region(count, context.village_count_of_region))
        found.append(villages_listed(len(lines), count))
        if context.norm_per_village is not None:
            found.append(villages_at_norm([number(line, "people") for line in lines], count, context.norm_per_village))
    year = number(fields, "villages.year")
    if year is not None:
        found.append(source_year_known(year, context.period_end, ("villages.year",), Label(VILLAGES)))
    found += named_twice(lines)
    for line in lines:
        found += line_checks(line, PACKAGE, PAYER, context, _label(line))
    return [check for check in found if check is not None]


def arithmetic(data: Stored, context: CheckContext) -> list[ArithmeticLine]:
    """The amount of each village: people × months × rate."""
    found = []
    for line in lines_of(data):
        product = line_product(line, PACKAGE, PAYER, context)
        if product is not None:
            found.append(product_line(_label(line), product, line_figures(line, "amount", "people", "months")))
    return found


def villages_of_region(count: int, known: int) -> Check:
    """The stated number of villages is not more than the region has."""
    params: dict[str, Quantity] = {"a": Count(count), "b": Count(known)}
    figures = ("villages.count",)
    if count > known:
        message = N_("%(a)s villages are more than the %(b)s of the region. Check the number.")
        return Check("villages", "ask", message, params, figures, Label(VILLAGES))
    message = N_("%(a)s villages; the register of the region has %(b)s.")
    return Check("villages", "ok", message, params, figures, Label(VILLAGES))


def villages_listed(rows: int, count: int) -> Check:
    """How many villages are listed and how many are missing; more rows than villages ask to be checked."""
    params: dict[str, Quantity] = {"n": Count(rows), "total": Count(count)}
    figures = ("villages.count",)
    if rows > count:
        message = N_("%(n)s villages are listed, but there are only %(total)s. Check both.")
        return Check("listed", "ask", message, params, figures, Label(VILLAGES))
    if rows == count:
        message = N_("All %(total)s villages are listed.")
        return Check("listed", "ok", message, {"total": Count(count)}, figures, Label(VILLAGES))
    message = N_("%(n)s of %(total)s villages are listed, %(missing)s are missing.")
    return Check("listed", "info", message, params | {"missing": Count(count - rows)}, figures, Label(VILLAGES))


def villages_at_norm(people: list[int | None], count: int, norm: int) -> Check | None:
    """The share of all villages that protect at least `norm` vulnerable workers."""
    reached = sum(1 for number_ in people if number_ is not None and number_ >= norm)
    share = percent(reached, count)
    if share is None:
        return None
    message = N_("%(n)s of %(total)s villages reach %(norm)s protected workers: %(percent)s")
    params: dict[str, Quantity] = {
        "n": Count(reached),
        "total": Count(count),
        "norm": People(norm),
        "percent": Percent(share),
    }
    return Check("norm", "info", message, params, ("villages.count",), Label(VILLAGES))


def named_twice(lines: list[Values]) -> list[Check]:
    """Lines with the name of a village that an earlier line already has; small and capital letters are the same."""
    seen: set[str] = set()
    found = []
    for line in lines:
        name = text(line, "name")
        folded = " ".join(name.casefold().split())
        if folded and folded in seen:
            message = N_("%(name)s is listed twice. Explain it or remove one line.")
            params: dict[str, Quantity] = {"name": typed(name, VILLAGE)}
            found.append(Check("twice", "ask", message, params, line_figures(line, "name"), _label(line)))
        seen.add(folded)
    return found


def _label(line: Values) -> Quantity:
    return typed(text(line, "name"), VILLAGE)


def _spec() -> KindSpec:
    villages = N_("Villages of the region")
    return KindSpec(
        "village_allocation",
        N_("Protection paid by villages"),
        N_("Shows how many villages pay contributions for vulnerable workers, and for how many people."),
        (
            FieldSpec("villages.count", N_("Number of villages"), "count", counted=True, group=villages),
            *source_and_year("villages", villages),
        ),
        LineSpec(
            "villages",
            N_("Village"),
            (
                FieldSpec("name", N_("Name of the village"), "text"),
                FieldSpec("people", N_("Protected vulnerable workers"), "people", counted=True),
                FieldSpec("amount", N_("Amount in the village budget"), "rupiah", counted=True),
                FieldSpec("months", N_("Months paid"), "months", counted=True),
                FieldSpec("apbdes_line", N_("Line of the village budget (APBDes)"), "text", required=False),
                FieldSpec("decree", N_("Decree or village regulation"), "text", required=False),
            ),
        ),
    )


SPEC = _spec()
