"""The kind `coverage`: four segments, two years, and the totals as printed."""

from paritrana.core.coverage import SEGMENTS, Segment, coverage_of, percent
from paritrana.core.evidence.checks import (
    ArithmeticLine,
    Check,
    CheckContext,
    Term,
    count_within,
    coverage_growth,
    denominator_frozen,
    participants_jump,
    parts_equal_total,
    protected_within_target,
    source_year_known,
)
from paritrana.core.evidence.choices import PROVINCE, REGENCY, SEGMENT_NAMES, VILLAGE
from paritrana.core.evidence.specs import FieldSpec, KindSpec, Stored, source_and_year
from paritrana.core.evidence.stored import Values, fields_of, number, numbers, pair
from paritrana.core.quantities import Label, People, Percent
from paritrana.core.words import N_

REGIONS = frozenset({REGENCY, PROVINCE})
TOTAL = N_("Total")
UNITS = N_("Regencies and cities of the province")
RESIDENTS = N_("Working residents of the village")
MEASURES = {
    "participants": N_("Active participants on 31 December"),
    "target": N_("Target workers on 31 December"),
    "participants_prev": N_("Active participants on 31 December of the year before"),
    "target_prev": N_("Target workers on 31 December of the year before"),
}


def checks(data: Stored, context: CheckContext) -> list[Check]:
    """Everything to say about one coverage item."""
    fields = fields_of(data)
    found = [
        *_totals(fields),
        *_shares(fields),
        *_denominators(fields),
        *_jumps(fields, context),
        _growth(fields),
        _source_year(fields, context),
        _units_at_target(fields, context),
        *_residents_covered(fields, context),
    ]
    return [check for check in found if check is not None]


def arithmetic(data: Stored, _context: CheckContext) -> list[ArithmeticLine]:
    """The percent of each segment and of the total, and the sums of the segments beside the printed totals."""
    fields = fields_of(data)
    return [*_percent_lines(fields), *_sum_lines(fields)]


def _places() -> list[tuple[str, str]]:
    return [*((code, SEGMENT_NAMES[code]) for code in SEGMENTS), ("total", TOTAL)]


def _keys(measure: str) -> tuple[str, ...]:
    return tuple(f"{code}.{measure}" for code in SEGMENTS)


def _totals(fields: Values) -> list[Check]:
    found = []
    for measure, label in MEASURES.items():
        key = f"total.{measure}"
        parts, total = numbers(fields, *_keys(measure)), number(fields, key)
        if parts is not None and total is not None:
            found.append(parts_equal_total(parts, total, (key, *_keys(measure)), Label(label)))
    return found


def _shares(fields: Values) -> list[Check]:
    found = []
    for code, label in _places():
        keys = (f"{code}.participants", f"{code}.target")
        both = pair(fields, *keys)
        if both is not None:
            found.append(protected_within_target(*both, keys, Label(label)))
    return found


def _denominators(fields: Values) -> list[Check]:
    found = []
    for code, label in _places():
        keys = (f"{code}.target", f"{code}.target_prev")
        both = pair(fields, *keys)
        if both is not None:
            found.append(denominator_frozen(*both, keys, Label(label)))
    return found


def _jumps(fields: Values, context: CheckContext) -> list[Check | None]:
    found: list[Check | None] = []
    for code, label in _places():
        keys = (f"{code}.participants_prev", f"{code}.participants")
        both = pair(fields, *keys)
        if both is not None:
            found.append(participants_jump(*both, context.jump_share, keys[::-1], Label(label)))
    return found


def _growth(fields: Values) -> Check | None:
    """The growth on the frozen denominator; not before the denominators of both years are the same."""
    rows = [
        numbers(fields, f"{code}.participants", f"{code}.target", f"{code}.participants_prev", f"{code}.target_prev")
        for code in SEGMENTS
    ]
    whole = [row for row in rows if row is not None and row[1] == row[3]]
    coverage = coverage_of(Segment(*row[:3]) for row in whole) if len(whole) == len(rows) else None
    if coverage is None:
        return None
    figures = (*_keys("participants"), *_keys("participants_prev"))
    return coverage_growth(coverage.change, coverage.growth, figures, Label(TOTAL))


def _source_year(fields: Values, context: CheckContext) -> Check | None:
    year = number(fields, "denominator.year")
    label = Label(N_("Source of the target workers"))
    return None if year is None else source_year_known(year, context.period_end, ("denominator.year",), label)


def _units_at_target(fields: Values, context: CheckContext) -> Check | None:
    """No more regencies and cities reach their target than the evidence `regulation` says there are."""
    reached = number(fields, "units.at_target")
    units = number(fields_of(context.others.get("regulation", {})), "units.total")
    if reached is None or units is None or context.candidate != PROVINCE:
        return None
    over = N_("Regencies and cities at their target (%(a)s) are more than there are (%(b)s). Check both.")
    within = N_("At their target: %(a)s of %(b)s = %(percent)s")
    return count_within(reached, units, ("units.at_target",), Label(UNITS), code="units", over=over, within=within)


def _residents_covered(fields: Values, context: CheckContext) -> list[Check | None]:
    """Of a village: no more residents are covered than work, and the source is not younger than the year."""
    if context.candidate != VILLAGE:
        return []
    found: list[Check | None] = []
    keys = ("residents.participants", "residents.working")
    both = pair(fields, *keys)
    if both is not None:
        found.append(protected_within_target(*both, keys, Label(RESIDENTS)))
    year = number(fields, "residents.year")
    if year is not None:
        found.append(source_year_known(year, context.period_end, ("residents.year",), Label(RESIDENTS)))
    return found


def _percent_lines(fields: Values) -> list[ArithmeticLine]:
    lines = []
    places = [(f"{code}.participants", f"{code}.target", label) for code, label in _places()]
    for part, whole, label in [*places, ("residents.participants", "residents.working", RESIDENTS)]:
        keys = (part, whole)
        both = pair(fields, *keys)
        share = None if both is None else percent(*both)
        if both is not None and share is not None:
            terms = (Term("", People(both[0])), Term("÷", People(both[1])))
            lines.append(ArithmeticLine(Label(label), terms, Percent(share), keys))
    return lines


def _sum_lines(fields: Values) -> list[ArithmeticLine]:
    lines = []
    for measure, label in MEASURES.items():
        parts = numbers(fields, *_keys(measure))
        if parts is None:
            continue
        total = number(fields, f"total.{measure}")
        terms = tuple(Term("+" if place else "", People(part)) for place, part in enumerate(parts))
        lines.append(
            ArithmeticLine(
                Label(label),
                terms,
                People(sum(parts)),
                (*_keys(measure), f"total.{measure}"),
                stated=None if total is None else People(total),
                difference=None if total is None else People(total - sum(parts), signed=True),
            )
        )
    return lines


def _segment(code: str) -> tuple[FieldSpec, ...]:
    group = SEGMENT_NAMES[code]
    return (
        FieldSpec(
            f"{code}.participants",
            N_("Active participants on 31 December"),
            "people",
            counted=True,
            group=group,
            asked_of=REGIONS,
        ),
        FieldSpec(
            f"{code}.target", N_("Target workers on 31 December"), "people", counted=True, group=group, asked_of=REGIONS
        ),
        FieldSpec(
            f"{code}.participants_prev",
            N_("Active participants on 31 December of the year before"),
            "people",
            counted=True,
            group=group,
            asked_of=REGIONS,
        ),
        FieldSpec(
            f"{code}.target_prev",
            N_("Target workers on 31 December of the year before"),
            "people",
            counted=True,
            group=group,
            asked_of=REGIONS,
        ),
    )


def _units() -> tuple[FieldSpec, ...]:
    group, of = UNITS, frozenset({PROVINCE})
    return (
        FieldSpec(
            "units.at_target",
            N_("Regencies and cities at or above their target"),
            "count",
            counted=True,
            group=group,
            asked_of=of,
        ),
    )


def _residents() -> tuple[FieldSpec, ...]:
    group, of = RESIDENTS, frozenset({VILLAGE})
    return (
        FieldSpec("residents.working", N_("Working residents"), "people", counted=True, group=group, asked_of=of),
        FieldSpec(
            "residents.participants",
            N_("Active participants among them"),
            "people",
            counted=True,
            group=group,
            asked_of=of,
        ),
        *source_and_year("residents", group, asked_of=of),
    )


def _spec() -> KindSpec:
    total = N_("Totals as printed")
    hint = N_("Type the total from the document; the form adds up the segments itself.")
    return KindSpec(
        "coverage",
        N_("Coverage of workers"),
        N_("Shows how many of the region's workers are protected, and how much that grew in a year."),
        (
            *(field for code in SEGMENTS for field in _segment(code)),
            FieldSpec(
                "total.participants",
                N_("Active participants on 31 December"),
                "people",
                hint=hint,
                counted=True,
                group=total,
                asked_of=REGIONS,
            ),
            FieldSpec(
                "total.target",
                N_("Target workers on 31 December"),
                "people",
                counted=True,
                group=total,
                asked_of=REGIONS,
            ),
            FieldSpec(
                "total.participants_prev",
                N_("Active participants on 31 December of the year before"),
                "people",
                counted=True,
                group=total,
                asked_of=REGIONS,
            ),
            FieldSpec(
                "total.target_prev",
                N_("Target workers on 31 December of the year before"),
                "people",
                counted=True,
                group=total,
                asked_of=REGIONS,
            ),
            *source_and_year("denominator", N_("Source of the target workers"), asked_of=REGIONS),
            *_units(),
            *_residents(),
        ),
    )


SPEC = _spec()
