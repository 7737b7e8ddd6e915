"""What two runs of a category say differently, and what of their inputs did: down to the single mark.

Both are read from their bundles; nothing is computed here. Of totals and ranks the later run says what the earlier did
not; everything else that changed is an input, and so a reason.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from paritrana.results.queries import FINDINGS, REOPENED, SCORED_AGAIN, SET_VALUE, SHEET

Json = Mapping[str, Any]
Pair = tuple[str | None, str | None]  # before and after; None where there was or is nothing


@dataclass(frozen=True)
class Change:
    """One input of a candidate that changed: its kind, of which indicator, by which assessor, before and after.

    Kinds: `mark`, `computed`, `cap`, `not_applicable`, `gate`, `override`, `consolidation`, `reopened`, `finding`,
    `sheet`. The last five come from the provenance; what their texts say is not compared further.
    """

    kind: str
    indicator: str
    assessor: str
    before: str | None
    after: str | None


@dataclass(frozen=True)
class Moved:
    """A candidate of which anything changed: state, rank and total of both runs, points and inputs that differ."""

    candidate: str
    name: str
    state: Pair
    rank: tuple[int | None, int | None]
    total: Pair
    points: Sequence[tuple[str, str | None, str | None]]  # indicator, exact fractions
    inputs: Sequence[Change]


@dataclass(frozen=True)
class Comparison:
    """Everything that differs between two runs; candidates stand by their place in the later one."""

    candidates: Sequence[Moved]
    rubric: Sequence[str]  # keys of the rubric that differ
    assessors: tuple[Sequence[str], Sequence[str]]  # left, and come
    decisions: tuple[Sequence[Json], Sequence[Json]]  # taken back, and taken

    @property
    def same(self) -> bool:
        """Whether nothing that counts differs."""
        return not (self.candidates or self.rubric or any(self.assessors) or any(self.decisions))


def compare(earlier: bytes, later: bytes) -> Comparison:
    """Compare the bundles of two runs of one category."""
    a, b = json.loads(earlier), json.loads(later)
    mine, theirs = ({row["candidate"]: row for row in one["result"]} for one in (a, b))
    names = {one["code"]: one["name"] for one in (*a["candidates"], *b["candidates"])}
    inputs: dict[str, list[Change]] = {}
    for candidate, change in _changes(a, b):
        inputs.setdefault(candidate, []).append(change)
    found = []
    for code in [*theirs, *(code for code in mine if code not in theirs)]:
        before, after = mine.get(code, {}), theirs.get(code, {})
        if before == after and code not in inputs:
            continue
        points = _pairs(before.get("points", {}), after.get("points", {}))
        found.append(
            Moved(
                code,
                names[code],
                (before.get("state"), after.get("state")),
                (before.get("rank"), after.get("rank")),
                (before.get("total"), after.get("total")),
                [(indicator, *pair) for indicator, pair in points],
                inputs.get(code, []),
            )
        )
    return Comparison(
        found,
        [key for key in b["rubric"] if a["rubric"].get(key) != b["rubric"][key]],
        _lost_and_found(a["assessors"], b["assessors"]),
        _lost_and_found(a.get("decisions", []), b.get("decisions", [])),
    )


def _lost_and_found(before: Sequence[Any], after: Sequence[Any]) -> tuple[list[Any], list[Any]]:
    return [one for one in before if one not in after], [one for one in after if one not in before]


def _pairs(before: Mapping[Any, str], after: Mapping[Any, str]) -> Iterator[tuple[Any, Pair]]:
    """What differs between two mappings, in the order of their keys."""
    for key in sorted({*before, *after}):
        pair = before.get(key), after.get(key)
        if pair[0] != pair[1]:
            yield key, pair


def _changes(a: Json, b: Json) -> Iterator[tuple[str, Change]]:
    """Each input that differs, with its candidate: inputs of the arithmetic first, then what the provenance tells."""
    for (candidate, indicator, assessor), pair in _pairs(_marks(a), _marks(b)):
        yield candidate, Change("mark", indicator, assessor, *pair)
    for name, kind, key in (("computed", "computed", "value"), ("caps", "cap", "value"),
                            ("not_applicable", "not_applicable", "reason")):  # fmt: skip
        before, after = (
            {(row["candidate"], row["indicator"]): row[key] for row in one.get(name, [])} for one in (a, b)
        )
        for (candidate, indicator), pair in _pairs(before, after):
            yield candidate, Change(kind, indicator, "", *pair)
    before, after = (
        {(row["code"], gate): gate for row in one["candidates"] for gate in row["failed_gates"]} for one in (a, b)
    )
    for (candidate, gate), pair in _pairs(before, after):
        yield candidate, Change("gate", gate, "", *pair)
    mine, theirs = a.get("provenance") or {}, b.get("provenance") or {}
    for begin, kind in ((SET_VALUE, "override"), (SCORED_AGAIN, "consolidation"), (REOPENED, "reopened"),
                        (FINDINGS, "finding"), (SHEET, "sheet")):  # fmt: skip
        told, tells = ({key: text for key, text in one.items() if key.startswith(begin)} for one in (mine, theirs))
        for key, pair in _pairs(told, tells):
            candidate, _sep, part = key.removeprefix(begin).partition(":")
            of_assessor = kind in ("reopened", "sheet")
            yield candidate, Change(kind, "" if of_assessor else part, part if of_assessor else "", *pair)


def _marks(bundle: Json) -> dict[tuple[str, str, str], str]:
    return {
        (one["candidate"], one["indicator"], one["assessor"]): one["reason"] if one["value"] is None else one["value"]
        for one in bundle["marks"]
    }
