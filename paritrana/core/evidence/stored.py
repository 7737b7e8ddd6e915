"""Reading one stored item of evidence: `{"fields": {key: value}, "lines": [{"key": "a1b2", field: value}]}`.

Numbers are stored as whole numbers, dates as ISO text, what is not filled in as null. Reading never raises: whatever
has another form counts as not filled in, because a check must be able to look at a half-filled draft.
"""

from collections.abc import Mapping
from datetime import date
from fractions import Fraction

from paritrana.core.evidence.choices import REGENCY
from paritrana.core.evidence.specs import DECIMALS, NUMBERS, FieldSpec, KindSpec, Stored, line_figure
from paritrana.core.rounding import BadDecimal, parse_decimal

Values = Mapping[str, object]


def fields_of(data: Stored) -> Values:
    """The single fields of an item."""
    fields = data.get("fields")
    return fields if isinstance(fields, Mapping) else {}


def lines_of(data: Stored) -> list[Values]:
    """The lines of an item that carry a key, in their order."""
    lines = data.get("lines")
    if not isinstance(lines, list | tuple):
        return []
    return [line for line in lines if isinstance(line, Mapping) and isinstance(line.get("key"), str)]


def line_key(line: Values) -> str:
    """The short key of a line."""
    return str(line["key"])


def number(values: Values, key: str) -> int | None:
    """A whole number of zero or more, or None."""
    value = values.get(key)
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None


def numbers(values: Values, *keys: str) -> tuple[int, ...] | None:
    """The whole numbers at all these keys, or None when one of them is missing."""
    found = [value for value in (number(values, key) for key in keys) if value is not None]
    return tuple(found) if len(found) == len(keys) else None


def pair(values: Values, first: str, second: str) -> tuple[int, int] | None:
    """The whole numbers at two keys, or None when one of them is missing."""
    one, two = number(values, first), number(values, second)
    return None if one is None or two is None else (one, two)


def day(values: Values, key: str) -> date | None:
    """A calendar date, or None."""
    try:
        return date.fromisoformat(text(values, key))
    except ValueError:
        return None


def share(values: Values, key: str) -> Fraction | None:
    """A number with decimals of zero or more, exact, or None."""
    try:
        found = Fraction(parse_decimal(text(values, key)))
    except BadDecimal:
        return None
    return found if found >= 0 else None


def text(values: Values, key: str) -> str:
    """Typed words without spaces around them; empty when there are none."""
    value = values.get(key)
    return value.strip() if isinstance(value, str) else ""


def value_of(values: Values, field: FieldSpec) -> int | str | None:
    """The value of a field in its stored form, None when it is not filled in."""
    if field.kind in NUMBERS:
        return number(values, field.key)
    if field.kind == "date":
        found = day(values, field.key)
        return found.isoformat() if found else None
    if field.kind in DECIMALS and share(values, field.key) is None:
        return None
    return text(values, field.key) or None


def entries(
    spec: KindSpec, data: Stored, *, election_held: bool, candidate: str = REGENCY
) -> list[tuple[str, FieldSpec, int | str | None]]:
    """Every field that is asked of this candidate with its figure key and value: the single ones, then line by line."""
    fields, lines = fields_of(data), spec.lines
    asked = spec.asked(election_held=election_held, candidate=candidate)
    found = [(field.key, field, value_of(fields, field)) for field in asked]
    for line in lines_of(data) if lines is not None else []:
        for field in lines.fields if lines is not None else ():
            found.append((line_figure(line_key(line), field.key), field, value_of(line, field)))
    return found
