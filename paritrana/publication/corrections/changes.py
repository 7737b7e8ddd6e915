"""What a correction changes in the public table."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from paritrana.results.table import Json


@dataclass(frozen=True)
class Change:
    """One candidate whose row would change: before and after, None where it has no row."""

    name: str
    before: Mapping[str, Any] | None
    after: Mapping[str, Any] | None


def changes(before: Json, after: Json) -> Sequence[Change]:
    """The candidates whose public row differs between two tables, in the order of the later one."""
    old = {row["candidate"]: row for row in before["rows"]}
    new = {row["candidate"]: row for row in after["rows"]}
    found = [Change(row["name"], old.get(code), row) for code, row in new.items() if old.get(code) != row]
    return found + [Change(row["name"], row, None) for code, row in old.items() if code not in new]
