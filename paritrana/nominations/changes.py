"""What changed from one sent revision to another, field by field: claimed values, notes, statements and documents.

Nothing here touches the database or the clock. A revision's content has the shape that `service.sending` gives it.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from typing import Any

from paritrana.core.evidence import KINDS, FieldSpec, line_key_of
from paritrana.core.evidence.stored import entries
from paritrana.core.quantities import Amount, Count, Day, Label, Months, People, Quantity, Text, Year
from paritrana.core.words import N_

Value = int | str | None

NOTE, EXPLANATION = N_("Note of the nominee"), N_("Explanation of the nominee")
ANSWERS: Mapping[str, str] = {"yes": N_("Yes"), "no": N_("No")}


@dataclass(frozen=True)
class Change:
    """One field before and after; None where nothing stood. `heading` names its group or its line."""

    label: str  # message id
    heading: Quantity | None
    before: Quantity | None
    after: Quantity | None


@dataclass(frozen=True)
class KindChanges:
    """What changed under one kind of evidence."""

    kind: str
    fields: Sequence[Change]
    added: Sequence[Mapping[str, Any]]  # documents as the revision names them
    removed: Sequence[Mapping[str, Any]]


@dataclass(frozen=True)
class Changes:
    """Everything that changed: by kind of evidence in the order given, and by gate."""

    kinds: Sequence[KindChanges]
    gates: Mapping[str, Sequence[Change]]

    @property
    def nothing(self) -> bool:
        """Whether the two revisions say the same."""
        return not self.kinds and not self.gates


def changes_between(
    before: Mapping[str, Any], after: Mapping[str, Any], kinds: Sequence[str], *, election_held: bool
) -> Changes:
    """Compare the contents of two revisions. `kinds` are the kinds of evidence the rubric asks for, in its order."""
    found = []
    for kind in kinds:
        one, other = (content["evidence"].get(kind, {}) for content in (before, after))
        fields = [*_fields(kind, one, other, election_held=election_held), *_words(one, other)]
        there, now = (_documents(content, kind) for content in (before, after))
        added = [document for no, document in now.items() if no not in there]
        removed = [document for no, document in there.items() if no not in now]
        if fields or added or removed:
            found.append(KindChanges(kind, fields, added, removed))
    gates = {}
    for gate in dict.fromkeys([*before["gates"], *after["gates"]]):
        changed = list(_gate(before["gates"].get(gate, {}), after["gates"].get(gate, {})))
        if changed:
            gates[gate] = changed
    return Changes(found, gates)


def _documents(content: Mapping[str, Any], kind: str) -> dict[int, Mapping[str, Any]]:
    return {document["no"]: document for document in content["attachments"] if document["kind"] == kind}


def _fields(kind: str, one: Mapping[str, Any], other: Mapping[str, Any], *, election_held: bool) -> Iterator[Change]:
    if kind not in KINDS:
        return
    spec = KINDS[kind]
    before, after = (
        {
            key: (field, value)
            for key, field, value in entries(spec, said.get("data") or {}, election_held=election_held)
        }
        for said in (one, other)
    )
    names = _lines(kind, one) | _lines(kind, other)
    for key in dict.fromkeys([*before, *after]):
        field = (after.get(key) or before[key])[0]
        was, is_ = (values[key][1] if key in values else None for values in (before, after))
        if was != is_:
            line = line_key_of(key)
            heading = names.get(line) if line is not None else Label(field.group) if field.group else None
            yield Change(field.label, heading, written(field, was), written(field, is_))


def _lines(kind: str, said: Mapping[str, Any]) -> dict[str, Quantity]:
    """What each line is called: its first field, in words."""
    spec = KINDS[kind].lines
    lines = (said.get("data") or {}).get("lines") or []
    if spec is None:
        return {}
    return {line["key"]: written(spec.fields[0], line.get(spec.fields[0].key)) or Label(spec.title) for line in lines}


def _words(one: Mapping[str, Any], other: Mapping[str, Any]) -> Iterator[Change]:
    for label, key in ((NOTE, "note"), (EXPLANATION, "explanation")):
        was, is_ = one.get(key, ""), other.get(key, "")
        if was != is_:
            yield Change(label, None, Text(was) if was else None, Text(is_) if is_ else None)


def _gate(one: Mapping[str, Any], other: Mapping[str, Any]) -> Iterator[Change]:
    was, is_ = one.get("answer", ""), other.get("answer", "")
    if was != is_:
        yield Change(N_("Answer"), None, *(Label(ANSWERS[each]) if each else None for each in (was, is_)))
    yield from _words({"note": one.get("note", "")}, {"note": other.get("note", "")})


def written(field: FieldSpec, value: Value) -> Quantity | None:
    """A stored value with its unit, a choice in its words; None where there is none."""
    if value is None or value == "":
        return None
    if isinstance(value, str):
        if field.kind == "date":
            return Day(date.fromisoformat(value))
        words = dict(field.choices)
        return Label(words[value]) if value in words else Text(value)
    match field.kind:
        case "people":
            return People(value)
        case "rupiah":
            return Amount(value)
        case "months":
            return Months(Fraction(value))
        case "year":
            return Year(value)
    return Count(value)
