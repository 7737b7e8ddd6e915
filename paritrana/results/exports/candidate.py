"""What the page of one candidate says of its marks: which count, which do not and why, and the value of the panel."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Any

from flask_babel import gettext

from paritrana.core.rubric import PanelAggregate, Rubric
from paritrana.core.scoring import panel_score
from paritrana.results import words
from paritrana.results.exports.queries import Late
from paritrana.results.exports.rows import SheetRow
from paritrana.results.table import two_decimals
from paritrana.web.template_filters import decimal2

Described = Mapping[str, Any]


def _(message: str, **params: Any) -> str:
    return str(gettext(message, **params))


@dataclass(frozen=True)
class PanelRow:
    """One judged indicator: the marks by assessor in the order of the columns, and what follows from them."""

    indicator: str
    cells: Sequence[str]
    value: str | None  # of the panel, with two decimals; None where too few marks count
    applicable: bool


def panel_rows(
    rubric: Rubric,
    codes: Sequence[str],
    sheets: Sequence[SheetRow],
    caps: Mapping[str, Decimal],
    excused: Mapping[str, str],
) -> list[PanelRow]:
    """The marks of one candidate by indicator, with the value of the panel as the ranking reads them."""
    found = []
    for code in codes:
        given = [(one.assessor, one.marks[code].value) for one in sheets if code in one.marks]
        values = {assessor: value for assessor, value in given if value is not None}
        dropped = _dropped(rubric, values)
        cells = [_cell(one, code, caps.get(code), dropped.get(one.assessor)) for one in sheets]
        value = None if code in excused else panel_value(rubric, list(values.values()), caps.get(code))
        found.append(PanelRow(code, cells, None if value is None else two_decimals(value), code not in excused))
    return found


def panel_value(rubric: Rubric, marks: Sequence[Decimal], cap: Decimal | None) -> Fraction | None:
    """The panel's value of one indicator on the scale, exact; None where fewer marks count than the rubric needs."""
    if len(marks) < rubric.needed:
        return None
    return panel_score([one if cap is None else min(one, cap) for one in marks], rubric.scale, rubric.panel_aggregate)


def _dropped(rubric: Rubric, values: Mapping[str, Decimal]) -> dict[str, str]:
    """Whose mark a trimmed mean leaves out; of equal ones the first by code stands for all."""
    if rubric.panel_aggregate != PanelAggregate.TRIMMED_MEAN or len(values) < rubric.needed:
        return {}
    lowest = min(sorted(values), key=lambda code: values[code])
    highest = max(sorted(set(values) - {lowest}), key=lambda code: values[code])
    return {lowest: _("lowest, dropped"), highest: _("highest, dropped")}


def _cell(sheet: SheetRow, code: str, cap: Decimal | None, dropped: str | None) -> str:
    mark = sheet.marks.get(code)
    if mark is None:
        return "–"
    if mark.value is None:
        return words.value_words(mark.reason)
    said = decimal2(mark.value)
    if cap is not None and mark.value > cap:
        said = _("%(mark)s, counts as %(cap)s", mark=said, cap=decimal2(cap))
    return said if dropped is None else f"{said} ({dropped})"


def left_out(
    rubric: Described, counted_round: int, sheets: Sequence[SheetRow], open_sheets: Sequence[str], late: Sequence[Late]
) -> list[str]:
    """Which marks of a candidate do not count, and why, a sentence each."""
    found = []
    for one in sheets:
        if one.recused:
            found.append(_("Everything of %(assessor)s: recused from this candidate.", assessor=one.assessor))
        for mark in one.uncounted if not one.recused else ():
            value = words.value_words(mark.reason if mark.value is None else format(mark.value, "f"))
            told = {
                "assessor": mark.assessor, "value": value,
                "indicator": words.indicator_title(rubric, mark.indicator),
            }  # fmt: skip
            found.append(
                _("%(assessor)s, %(indicator)s: %(value)s of the first scoring, replaced by the second.", **told)
                if counted_round > mark.round
                else _("%(assessor)s, %(indicator)s: %(value)s of the second scoring; the first counts.", **told)
            )
    found += [_("Everything of %(assessor)s: the sheet is not submitted.", assessor=code) for code in open_sheets]
    return [*found, *(_late(rubric, one) for one in late)]


def _late(rubric: Described, one: Late) -> str:
    told = {
        "assessor": one.assessor,
        "indicator": words.indicator_title(rubric, one.indicator),
        "value": "–" if one.value is None else decimal2(one.value),
    }
    if not one.reason:
        return _("%(assessor)s, %(indicator)s: %(value)s came after the lock; the chair has not decided.", **told)
    return _(
        "%(assessor)s, %(indicator)s: %(value)s came after the lock and was not admitted: %(reason)s",
        reason=one.reason, **told,
    )  # fmt: skip
