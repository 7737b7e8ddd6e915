"""Checks and sums of `coverage`: four segments, two years, and the totals as printed."""

from paritrana.core.coverage import SEGMENTS, Segment, coverage_of, percent
from paritrana.core.evidence.checks import (
    ArithmeticLine,
    Check,
    CheckContext,
    Term,
    coverage_growth,
    denominator_frozen,
    participants_jump,
    parts_equal_total,
    protected_within_target,
    source_year_known,
)
from paritrana.core.evidence.kinds import SEGMENT_NAMES
from paritrana.core.evidence.specs import Stored
from paritrana.core.evidence.stored import Values, fields_of, number, numbers, pair
from paritrana.core.quantities import Label, People, Percent
from paritrana.core.words import N_

TOTAL = N_("Total")
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


def _percent_lines(fields: Values) -> list[ArithmeticLine]:
    lines = []
    for code, label in _places():
        keys = (f"{code}.participants", f"{code}.target")
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
