"""What one kind of evidence asks for: forms, verification rows and checks all derive from these specifications.

A figure has a flat key: `pu.participants` for a single field, `lines.<line key>.<field>` for a field of a repeated
line. Keys are stored with claims and findings, so they never change their meaning.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

from paritrana.core.evidence.choices import REGENCY
from paritrana.core.words import N_

FieldKind = Literal[
    "people", "count", "rupiah", "months", "percent", "decimal", "date", "text", "words", "choice", "year"
]  # `words`: a text of several lines

# Kinds stored as whole numbers; the others are stored as text: a date in ISO form, a percent or another number with
# decimals in canonical form ("52.15").
NUMBERS = frozenset({"people", "count", "rupiah", "months", "year"})
DECIMALS = frozenset({"percent", "decimal"})


@dataclass(frozen=True)
class FieldSpec:
    """One field of a form. `label`, `group`, `hint` and the words of `choices` are message ids.

    `counted` figures get a row of their own in the verification: claimed, found, difference. A `group` is the heading
    under which neighbouring fields stand together. `election_only` fields are asked where the cycle held an election,
    those with `asked_of` only of these candidates (codes of a rubric's category; empty: of all). A text of several
    lines has at most `most_words` words, None for no limit of its own.
    """

    key: str
    label: str
    kind: FieldKind
    required: bool = True
    hint: str = ""
    choices: tuple[tuple[str, str], ...] = ()
    counted: bool = False
    group: str = ""
    election_only: bool = False
    default: str = ""
    asked_of: frozenset[str] = frozenset()
    most_words: int | None = None


@dataclass(frozen=True)
class LineSpec:
    """The repeated lines of a kind, such as groups of workers or villages; `title` names one line."""

    key: str
    title: str
    fields: tuple[FieldSpec, ...]
    max_per_page: int = 12

    def field(self, key: str) -> FieldSpec | None:
        """The field with this key inside a line, or None."""
        return self._by_key.get(key)

    @cached_property
    def _by_key(self) -> dict[str, FieldSpec]:
        return {field.key: field for field in self.fields}


@dataclass(frozen=True)
class KindSpec:
    """One kind of evidence: its title, what it proves, its single fields and its lines."""

    kind: str
    title: str
    purpose: str
    fields: tuple[FieldSpec, ...]
    lines: LineSpec | None = None

    def asked(self, *, election_held: bool, candidate: str = REGENCY) -> tuple[FieldSpec, ...]:
        """The single fields that this cycle asks of this candidate (the code of the rubric's category)."""
        return tuple(
            field
            for field in self.fields
            if (election_held or not field.election_only) and (not field.asked_of or candidate in field.asked_of)
        )

    def field(self, figure: str) -> FieldSpec | None:
        """The field behind a figure key, also behind `lines.<line key>.<field>`; None for an unknown key."""
        if figure.startswith("lines.") and figure.count(".") == 2:
            return self.lines.field(figure.rsplit(".", 1)[1]) if self.lines is not None else None
        return self._by_key.get(figure)

    @cached_property
    def _by_key(self) -> dict[str, FieldSpec]:
        return {field.key: field for field in self.fields}


def line_figure(line_key: str, field_key: str) -> str:
    """The figure key of a field inside a line."""
    return f"lines.{line_key}.{field_key}"


def line_key_of(figure: str) -> str | None:
    """The key of the line a figure stands in, or None for a single field."""
    parts = figure.split(".")
    return parts[1] if len(parts) == 3 and parts[0] == "lines" else None


Stored = Mapping[str, object]


def source_and_year(prefix: str, group: str, asked_of: frozenset[str] = frozenset()) -> tuple[FieldSpec, FieldSpec]:
    """Where a figure comes from and of which year it is: `<prefix>.source`, `<prefix>.year`."""
    return (
        FieldSpec(f"{prefix}.source", N_("Source of the figure"), "text", group=group, asked_of=asked_of),
        FieldSpec(f"{prefix}.year", N_("Year of the source"), "year", group=group, asked_of=asked_of),
    )
