"""Reading one stored item of evidence: `{"fields": {key: value}, "lines": [{"key": "a1b2", field: value}]}`.

Numbers are stored as whole numbers, dates as ISO text, what is not filled in as null. Reading never raises: whatever
has another form counts as not filled in, because a check must be able to look at a half-filled draft.
"""

from collections.abc import Mapping
from datetime import date

from paritrana.core.evidence.specs import NUMBERS, FieldSpec, KindSpec, Stored, line_figure

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
    return text(values, field.key) or None


def entries(spec: KindSpec, data: Stored, *, election_held: bool) -> list[tuple[str, FieldSpec, int | str | None]]:
    """Every asked field of an item with its figure key and value: the single fields, then line after line."""
    fields = fields_of(data)
    found = [(field.key, field, value_of(fields, field)) for field in spec.asked(election_held=election_held)]
    for line in lines_of(data) if spec.lines is not None else []:
        for field in spec.lines.fields if spec.lines is not None else ():
            found.append((line_figure(line_key(line), field.key), field, value_of(line, field)))
    return found
