"""A stored ranking as rows to show: every figure is taken from the bundle or from the core, none is added here."""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Any

from paritrana.core.rounding import decimal_string, quantise
from paritrana.core.rubric import Rubric
from paritrana.core.scoring import effective_weights, subtotal
from paritrana.cycles.models import RubricVersion
from paritrana.cycles.queries import core_rubric
from paritrana.results.models import ResultRun
from paritrana.results.queries import SET_VALUE

Json = dict[str, Any]


@dataclass(frozen=True)
class Standing:
    """One candidate of a ranking. Numbers are texts with two decimals; one that is not ranked has none."""

    candidate: str
    name: str
    state: str
    rank: int | None
    tied: bool
    broken_by: str | None
    total: str | None
    stages: Mapping[str, str]
    aspects: Mapping[str, str]
    points: Mapping[str, str]
    assessors: int  # how many gave it at least one value
    reasons: Sequence[Mapping[str, Any]]
    caps: Sequence[Mapping[str, str]]
    not_applicable: Sequence[Mapping[str, str]]
    set_values: Sequence[Mapping[str, str]]  # computed indicators whose value two people set, with the reason
    weights: Mapping[str, str]  # effective ones, where an indicator that is not applicable moved any


class Ranking:
    """A bundle opened for reading: its rows in their order, each worked out when it is first shown."""

    def __init__(self, raw: bytes, rubric: Rubric) -> None:
        data: Json = json.loads(raw)
        self.rubric = rubric
        self.rows: list[Json] = data["result"]  # ranked ones by rank, then the others by state
        self.assessors = len(data["assessors"])
        self.marks = len(data["marks"])
        self._names = {one["code"]: one["name"] for one in data["candidates"]}
        self._judges = Counter(
            candidate
            for candidate, _assessor in {
                (mark["candidate"], mark["assessor"]) for mark in data["marks"] if mark["value"] is not None
            }
        )
        self._set = set_values_in(data.get("provenance") or {})
        self._caps, self._excused = (_by_candidate(data.get(name, [])) for name in ("caps", "not_applicable"))
        self._standings: dict[str, Standing] = {}

    @property
    def names(self) -> Mapping[str, str]:
        """The names of the candidates by their codes."""
        return self._names

    def name(self, candidate: str) -> str:
        """The name of a candidate by its code."""
        return str(self._names[candidate])

    def count(self, *states: str) -> int:
        """How many candidates are in one of these states."""
        return sum(1 for row in self.rows if row["state"] in states)

    def standings(self, rows: Sequence[Json] | None = None) -> list[Standing]:
        """The rows as they are shown; `rows` is a part of `self.rows`, by default all."""
        return [self._known(row) for row in (self.rows if rows is None else rows)]

    def _known(self, row: Json) -> Standing:
        code = row["candidate"]
        if code not in self._standings:
            self._standings[code] = self._standing(
                row, self._judges[code], self._caps.get(code, []), self._excused.get(code, [])
            )
        return self._standings[code]

    def _standing(self, row: Json, judges: int, caps: list[Json], excused: list[Json]) -> Standing:
        earned = {code: _fraction(text) for code, text in row["points"].items()}
        ranked = row["rank"] is not None
        moved = {one["indicator"] for one in excused}
        return Standing(
            candidate=row["candidate"],
            name=self._names[row["candidate"]],
            state=row["state"],
            rank=row["rank"],
            tied=row["tied"],
            broken_by=row["tie_broken_by"],
            total=row["total"],
            stages={one.code: self._subtotal(earned, f"stage:{one.code}") for one in self.rubric.stages}
            if ranked
            else {},
            aspects={one.code: self._subtotal(earned, f"aspect:{one.code}") for one in self.rubric.aspects}
            if ranked
            else {},
            points={code: two_decimals(part) for code, part in earned.items()},
            assessors=judges,
            reasons=row["reasons"],
            caps=[one for one in caps if Decimal(one["value"]) < self.rubric.scale.high],  # others limit nothing
            not_applicable=excused,
            set_values=self._set.get(row["candidate"], []),
            weights={code: two_decimals(weight) for code, weight in effective_weights(self.rubric, moved).items()}
            if moved and ranked
            else {},
        )

    def _subtotal(self, earned: Mapping[str, Fraction], element: str) -> str:
        return decimal_string(subtotal(earned, element, self.rubric), 2)


def set_values_in(provenance: Mapping[str, str]) -> dict[str, list[Json]]:
    """What the provenance of a bundle tells of values that were set, not computed, by candidate and indicator.

    `{indicator, computed, set, reason, first, second}` each; a text that says something else is passed over.
    """
    found: dict[str, list[Json]] = {}
    for key in sorted(provenance):
        if not key.startswith(SET_VALUE):
            continue
        candidate, _sep, indicator = key.removeprefix(SET_VALUE).partition(":")
        try:
            said = json.loads(provenance[key])
        except ValueError:
            continue
        if isinstance(said, dict) and {"computed", "set", "reason"} <= set(said):
            found.setdefault(candidate, []).append({"indicator": indicator, **said})
    return found


def two_decimals(value: Fraction) -> str:
    """Points as they are shown: `7.75`."""
    return decimal_string(quantise(value), 2)


def shown_points(text: str | None) -> str:
    """Exact points of a bundle, such as "31/4", as text with two decimals; "–" for nothing."""
    return "–" if text is None else two_decimals(_fraction(text))


def _fraction(text: str) -> Fraction:
    upper, _, lower = text.partition("/")
    return Fraction(int(upper), int(lower))


def _by_candidate(rows: Sequence[Json]) -> dict[str, list[Json]]:
    found: dict[str, list[Json]] = {}
    for row in rows:
        found.setdefault(row["candidate"], []).append(row)
    return found


KEPT = 4  # rankings per process: about 3 kB for each candidate, some ten times that while one is opened
_opened: dict[tuple[str, str], Ranking] = {}


def open_run(run: ResultRun, rubric: RubricVersion) -> Ranking:
    """The ranking of a run. The last ones opened are kept, because a run never changes: its digest names it."""
    key = run.digest, rubric.digest
    found = _opened.pop(key, None) or Ranking(run.bundle, core_rubric(rubric))
    _opened[key] = found
    for oldest in list(_opened)[:-KEPT]:
        _opened.pop(oldest, None)
    return found


def described(rubric: RubricVersion) -> Json:
    """What a page says of a rubric, in both languages and without the database: kept with what is published."""

    def titled(part: Any) -> Json:
        return {name: part[name] for name in ("code", "title_id", "title_en")}

    return {
        "code": rubric.code,
        "version": rubric.version,
        "title_id": rubric.title_id,
        "title_en": rubric.title_en,
        "digest": rubric.digest,
        "total": format(rubric.total, "f"),
        "scale": [format(value, "f") for value in (rubric.scale_min, rubric.scale_max, rubric.scale_step)],
        "quorum": rubric.quorum,
        "panel_size": rubric.panel_size,
        "panel_aggregate": rubric.panel_aggregate,
        "stages": [titled(one) for one in rubric.stages],
        "aspects": [titled(one) for one in rubric.aspects],
        "gates": [titled(one) for one in rubric.gates],
        "tie_break": list(rubric.tie_break),
        "indicators": [
            {
                "code": one.code,
                "title_id": one.title_id,
                "title_en": one.title_en,
                "stage": one.stage,
                "aspect": one.aspect,
                "weight": format(one.weight, "f"),
                "source": one.source,
            }
            for one in rubric.indicators
        ],
    }
