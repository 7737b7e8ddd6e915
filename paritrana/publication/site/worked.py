"""One published total worked out step by step with its own numbers, by the functions that made the ranking."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Any, Final

from paritrana.core.rounding import decimal_string, quantise
from paritrana.core.rubric import Rubric, Source
from paritrana.core.scoring import capped, effective_weights, panel_score, points, steps_above
from paritrana.cycles.models import Category
from paritrana.cycles.queries import core_rubric, rubric_of
from paritrana.publication.models import Publication

KEPT: Final = 32  # examples per process; a publication never changes, so its digest names its example


@dataclass(frozen=True)
class Line:
    """One indicator: its counted marks (none for a computed value), value, weight and points, exact."""

    indicator: str
    marks: Sequence[Decimal]
    cap: Decimal | None
    value: Fraction
    weight: Fraction
    points: Fraction


@dataclass(frozen=True)
class Worked:
    """A candidate's total: its lines in the order of the rubric, their exact sum and the total as published."""

    candidate: str
    name: str
    lines: Sequence[Line]
    exact: Fraction
    total: str


_kept: dict[tuple[str, str], Worked | None] = {}


def worked_example(category: Category, publication: Publication) -> Worked | None:
    """The total of the first candidate that the published table shows; None where it shows nobody."""
    rows = publication.table["rows"]
    if not rows:
        return None
    candidate = rows[0]["candidate"]
    key = publication.digest, candidate
    if key not in _kept:
        for oldest in list(_kept)[: len(_kept) - KEPT + 1]:
            _kept.pop(oldest, None)
        _kept[key] = _worked(json.loads(publication.bundle), core_rubric(rubric_of(category)), candidate)
    return _kept[key]


def _worked(bundle: Mapping[str, Any], rubric: Rubric, candidate: str) -> Worked:
    def own(part: str) -> list[Mapping[str, Any]]:
        return [one for one in bundle.get(part, []) if one["candidate"] == candidate]

    computed = {one["indicator"]: Decimal(one["value"]) for one in own("computed")}
    caps = {one["indicator"]: Decimal(one["value"]) for one in own("caps")}
    marks: dict[str, list[Decimal]] = {}
    for one in own("marks"):
        if one["value"] is not None:
            marks.setdefault(one["indicator"], []).append(Decimal(one["value"]))
    weights = effective_weights(rubric, {one["indicator"] for one in own("not_applicable")})
    lines = [
        _line(rubric, code, weight, marks.get(code, []), caps.get(code), computed.get(code))
        for code, weight in weights.items()
    ]
    exact = sum((one.points for one in lines), Fraction(0))
    name = next(one["name"] for one in bundle["candidates"] if one["code"] == candidate)
    return Worked(candidate, name, lines, exact, decimal_string(quantise(exact), 2))


def _line(
    rubric: Rubric,
    code: str,
    weight: Fraction,
    marks: Sequence[Decimal],
    cap: Decimal | None,
    computed: Decimal | None,
) -> Line:
    if rubric.by_code[code].source == Source.COMPUTED:
        value = Fraction(computed or 0)
        return Line(code, (), None, value, weight, points(value, weight, rubric.scale))
    steps = capped([steps_above(one, rubric.scale) for one in marks], cap, rubric.scale)
    counted = [rubric.scale.low + step * rubric.scale.step for step in steps]
    value = panel_score(counted, rubric.scale, rubric.panel_aggregate)
    limit = cap if cap is not None and cap < rubric.scale.high else None
    return Line(code, counted, limit, value, weight, points(value, weight, rubric.scale))
