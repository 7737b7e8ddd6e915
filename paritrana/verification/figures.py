"""The figures of a nomination as a verifier judges them: key, words, claimed value, and the arithmetic of differences.

Nothing here touches the database or the clock. A row that takes documents only has one figure, `documents`.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from typing import Any

from paritrana.core.evidence import KINDS, FieldSpec, claims, line_key_of
from paritrana.core.evidence.specs import NUMBERS
from paritrana.core.quantities import (
    Amount,
    Count,
    Day,
    Decimals,
    Label,
    Months,
    People,
    Percent,
    Points,
    Quantity,
    Text,
    Year,
    exact,
)
from paritrana.core.words import N_

DOCUMENTS = "documents"

VERDICTS: Mapping[str, str] = {
    "matches": N_("Matches"),
    "partly": N_("Matches partly"),
    "differs": N_("Does not match"),
    "unverifiable": N_("Cannot be verified"),
    "out_of_period": N_("Outside the period"),
}

# Verdicts after which the figure does not count, whatever was found.
WITHOUT_VALUE = frozenset({"unverifiable", "out_of_period"})

# The shape of the chip beside each verdict.
SHAPES: Mapping[str, str] = {
    "matches": "ok",
    "partly": "attention",
    "differs": "problem",
    "unverifiable": "problem",
    "out_of_period": "problem",
}

Value = int | str | None


@dataclass(frozen=True)
class Figure:
    """One claimed figure. `heading` names its group or its line; `field` is None for the documents of a row."""

    kind: str
    key: str
    field: FieldSpec | None
    heading: Quantity | None
    claimed: Value
    line: str | None = None

    @property
    def label(self) -> Quantity:
        """What the figure is called."""
        return Label(self.field.label if self.field is not None else N_("Documents of this row"))

    @property
    def name(self) -> str:
        """The figure as it stands in a form: kind and key."""
        return f"{self.kind}/{self.key}"


def figures_of(kind: str, data: Mapping[str, Any], *, election_held: bool, candidate: str) -> list[Figure]:
    """The figures of one item, in the order of the form; `candidate` is the code of the rubric's category."""
    if kind not in KINDS:
        return [Figure(kind, DOCUMENTS, None, None, None)]
    found = []
    names = line_names(kind, data)
    for key, value, field in _fields(kind, data, election_held=election_held, candidate=candidate):
        line = line_key_of(key)
        heading: Quantity | None = Label(field.group) if field.group else None
        found.append(Figure(kind, key, field, names.get(line) if line is not None else heading, value, line))
    return found


def figure_keys(kind: str, data: Mapping[str, Any], *, election_held: bool, candidate: str) -> list[str]:
    """The keys of `figures_of`, for whoever needs neither names nor values."""
    if kind not in KINDS:
        return [DOCUMENTS]
    return [key for key, _value, _field in _fields(kind, data, election_held=election_held, candidate=candidate)]


def _fields(
    kind: str, data: Mapping[str, Any], *, election_held: bool, candidate: str
) -> Iterator[tuple[str, Value, FieldSpec]]:
    """The claimed figures of an item that its form knows: key, value and field, in the order of the form."""
    spec = KINDS[kind]
    for key, value in claims(kind, data, election_held=election_held, candidate=candidate).items():
        field = spec.field(key)
        if field is not None:
            yield key, value, field


def line_names(kind: str, data: Mapping[str, Any]) -> dict[str, Quantity]:
    """What each line of an item is called: its first field, in words."""
    spec = KINDS[kind].lines
    names: dict[str, Quantity] = {}
    if spec is None:
        return names
    first = spec.fields[0]
    words = dict(first.choices)
    for line in data.get("lines") or []:
        said = line.get(first.key)
        if said in words:
            names[line["key"]] = Label(words[said])
        else:
            names[line["key"]] = Text(str(said)) if said else Label(spec.title)
    return names


def to_text(value: Value) -> str | None:
    """A figure as a finding keeps it."""
    return None if value is None else str(value)


def from_text(field: FieldSpec | None, text: str | None) -> Value:
    """A kept figure in its stored form again: a whole number, or the ISO text of a date."""
    if text is None or field is None:
        return None
    return int(text) if field.kind in NUMBERS else text


def quantity_of(field: FieldSpec | None, value: Value, *, signed: bool = False) -> Quantity | None:
    """A figure with its unit, None where there is none."""
    if field is None or value is None:
        return None
    if isinstance(value, str):
        return _text_quantity(field, value)
    match field.kind:
        case "people":
            return People(value, signed)
        case "rupiah":
            return Amount(value, signed)
        case "months":
            return Count(value, signed) if signed else Months(Fraction(value))
        case "year":
            return Count(value, signed) if signed else Year(value)
    return Count(value, signed)


def _text_quantity(field: FieldSpec, value: str) -> Quantity:
    match field.kind:
        case "date":
            return Day(date.fromisoformat(value))
        case "percent":
            return Percent(exact(value))
        case "decimal":
            return Decimals(exact(value))
        case "choice":
            return Label(dict(field.choices).get(value, value))
    return Text(value)


def difference(field: FieldSpec | None, claimed: Value, found: Value) -> Quantity | None:
    """Found minus claimed with its sign and unit; days for a date, percentage points for a percentage.

    None where one of them is missing, and for a choice, which has no size.
    """
    if field is None or claimed is None or found is None:
        return None
    if isinstance(claimed, int) and isinstance(found, int):
        return quantity_of(field, found - claimed, signed=True)
    if not isinstance(claimed, str) or not isinstance(found, str):
        return None
    match field.kind:
        case "date":
            return Count((date.fromisoformat(found) - date.fromisoformat(claimed)).days, signed=True)
        case "percent":
            return Points(exact(found) - exact(claimed))
        case "decimal":
            return Decimals(exact(found) - exact(claimed), signed=True)
    return None


def relative_size(claimed: Value, found: Value) -> Fraction:
    """How far apart two figures are, as a share of the claim, for sorting; 0 where they cannot be compared."""
    if not isinstance(claimed, int) or not isinstance(found, int) or claimed == found:
        return Fraction(0)
    return Fraction(abs(found - claimed), max(claimed, 1))
