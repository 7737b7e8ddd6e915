"""What the count of a list came to, in words, for the nominee's page and the verifier's."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from flask_babel import gettext as _

from paritrana.core.evidence import KINDS
from paritrana.core.evidence.beneficiary_list import REASONS
from paritrana.nominations.namelists import columns
from paritrana.nominations.namelists.models import NameList
from paritrana.nominations.namelists.service import KIND

# What the check counts, as the figures of the evidence that claim the same.
FIGURES: Mapping[str, str] = {
    "records.submitted": "submitted",
    "records.valid": "valid",
    **{key: key.removeprefix("records.") for key in REASONS},
}


@dataclass(frozen=True)
class Line:
    """One count beside the figure that is claimed; None where nothing is filled in."""

    label: str
    counted: int
    claimed: int | None


@dataclass(frozen=True)
class Group:
    """What one column of the list came to: its title, its groups with two counts each, and all others together."""

    title: str
    rows: list[tuple[str, int, int]]
    others: tuple[int, int]


def counts_of(counts: Mapping[str, Any]) -> dict[str, int]:
    """The counts of a list by the names in `FIGURES`."""
    return {"submitted": counts["submitted"], "valid": counts["valid"], **counts["reasons"]}


def lines_beside(one: NameList | None, claimed: Mapping[str, Any]) -> list[Line]:
    """Every count of a checked list with the figure claimed for the same; none without a list."""
    if one is None or one.counts is None:
        return []
    counts = counts_of(one.counts)
    found = []
    for key, name in FIGURES.items():
        spec = KINDS[KIND].field(key)
        assert spec is not None  # noqa: S101 - the kind has these figures
        value = claimed.get(key)
        found.append(Line(_(spec.label), counts[name], value if isinstance(value, int) else None))
    return found


def groups_of(one: NameList | None) -> list[Group]:
    """What the columns of a checked list came to."""
    if one is None or one.counts is None:
        return []
    found = []
    for column in columns.GROUPS:
        said = one.counts["groups"].get(column)
        if said is not None:
            words = columns.CODE_WORDS.get(column, {})
            rows = [(_(words[name]) if name in words else name, all_, valid) for name, all_, valid in said["named"]]
            found.append(Group(_(columns.TITLES[column]), rows, (said["others"][0], said["others"][1])))
    return found
