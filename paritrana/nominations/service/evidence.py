"""What a nomination says: typed evidence and the statements on conditions."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from paritrana.audit import service as audit
from paritrana.core.errors import NotFound, StaleVersion
from paritrana.core.evidence import KINDS, FieldSpec, followed
from paritrana.core.evidence.specs import DECIMALS, NUMBERS, line_key_of
from paritrana.core.policy import Actor
from paritrana.core.quantities import Count, Label
from paritrana.core.rounding import BadDecimal, parse_decimal
from paritrana.core.wordcount import count_words
from paritrana.core.words import N_
from paritrana.cycles.service import intake_of
from paritrana.database import db
from paritrana.nominations import queries
from paritrana.nominations.copied import still_copied
from paritrana.nominations.models import EvidenceItem, GateStatement, Nomination
from paritrana.nominations.rows import kinds_asked, reasons_of
from paritrana.nominations.service.writing import MAX_TEXT, TooManyWords, UnfitEvidence, UnknownKind, open_for_writing

MAX_LINES = 1000  # more villages than any regency of the country has
MAX_NUMBER = 10**15
MOST_PERCENT = 100
SIGNS_PER_WORD = 20  # a limit for the storage; whoever keeps to the words does not meet it


@dataclass(frozen=True)
class Saved:
    """What a nominee said under one kind, as it is kept and told."""

    data: Mapping[str, Any]
    note: str
    explanation_reason: str
    explanation: str
    completed: bool
    copied: Mapping[str, Any] | None = None  # figures that still stand as a copy of an earlier year


def save_evidence(
    nomination: Nomination,
    kind: str,
    data: Mapping[str, Any],
    *,
    note: str,
    explanation_reason: str,
    explanation: str,
    completed: bool,
    expected: int,
    seen: Collection[str] | None = None,
    actor: Actor,
    at: datetime,
) -> EvidenceItem:
    """Save what a nomination says under one kind; the caller commits.

    `data` is the whole of it, `{"fields": {...}, "lines": [...]}` in the stored form of `core.evidence`; `expected` is
    the version the writer saw, 0 where nothing was saved yet. `seen` are the figures that stood before the writer, None
    for all: a copied figure that was not seen keeps its mark. Raises `EntryClosed`, `NominationSent`, `UnknownKind`,
    `UnfitEvidence`, `StaleVersion`.
    """
    rubric = open_for_writing(nomination, at)
    if kind not in kinds_asked(rubric):
        raise UnknownKind
    known = {code for code, _words in reasons_of(kind)}
    if explanation_reason and explanation_reason not in known:
        raise UnfitEvidence(field=explanation_reason)
    clean = clean_data(kind, data) if kind in KINDS else {}
    item = queries.evidence_of(nomination).get(kind)
    if (item.version if item is not None else 0) != expected:
        raise _stale(item, at)
    saved = Saved(clean, note[:MAX_TEXT], explanation_reason, explanation[:MAX_TEXT], completed,
                  still_copied(item, clean, seen))  # fmt: skip
    return store_evidence(nomination, kind, item, saved, actor=actor, at=at)


def state_gate(
    nomination: Nomination, gate: str, answer: str, note: str, *, expected: int, actor: Actor, at: datetime
) -> GateStatement:
    """Say `yes` or `no` (or nothing, "") to one gate; the caller commits.

    Raises `EntryClosed`, `NominationSent`, `NotFound` for a gate the rubric does not have, `StaleVersion`.
    """
    return state_gates(nomination, {gate: (answer, note, expected)}, actor=actor, at=at)[0]


def state_gates(
    nomination: Nomination, answers: Mapping[str, tuple[str, str, int]], *, actor: Actor, at: datetime
) -> list[GateStatement]:
    """State several gates at once: gate to (answer, note, version seen); unchanged ones are left alone.

    Raises like `state_gate`; nothing is stored unless all may be.
    """
    rubric = open_for_writing(nomination, at)
    codes = {gate["code"] for gate in rubric.gates}
    if not answers.keys() <= codes:
        raise NotFound
    statements = queries.statements_of(nomination)
    for gate, (answer, _note, expected) in answers.items():
        if answer not in {"", "yes", "no"}:
            raise UnfitEvidence(field=gate)
        there = statements.get(gate)
        if (there.version if there is not None else 0) != expected:
            raise StaleVersion(who=Label(N_("Somebody")), time=at)
    stored = []
    for gate, (answer, note, _expected) in answers.items():
        statement = statements.get(gate)
        if statement is None:
            statement = GateStatement(nomination=nomination, gate=gate, version=0)
            db.session.add(statement)
        elif (statement.answer, statement.note) == (answer, note):
            stored.append(statement)
            continue
        statement.answer, statement.note = answer, note[:MAX_TEXT]
        statement.version += 1
        audit.record(
            intake_of(nomination.category), "gate.stated", actor, at=at, object_ref=nomination.ref,
            gate=gate, answer=answer, note=statement.note, version=statement.version,
        )  # fmt: skip
        stored.append(statement)
    db.session.flush()
    return stored


def clean_data(kind: str, data: Mapping[str, Any]) -> dict[str, Any]:
    """Typed evidence in its stored form: known keys only, blanks left out, lines with a key of their own.

    Figures that were left empty and follow from other entries are filled in.

    Raises `UnfitEvidence` for a value that is no value of its field, or for more lines than a form may hold,
    `TooManyWords`.
    """
    spec = KINDS[kind]
    fields = data.get("fields") or {}
    clean: dict[str, Any] = {"fields": _clean_fields(spec.fields, fields)}
    clean["fields"] |= followed(kind, clean)
    if spec.lines is None:
        return clean
    lines = data.get("lines") or []
    keys = [line.get("key") if isinstance(line, Mapping) else None for line in lines]
    if len(lines) > MAX_LINES or not all(_is_line_key(key) for key in keys) or len(set(keys)) != len(keys):
        raise UnfitEvidence(field=spec.lines.key)
    clean["lines"] = [
        {"key": key, **_clean_fields(spec.lines.fields, line)} for key, line in zip(keys, lines, strict=True)
    ]
    return clean


def _is_line_key(key: Any) -> bool:
    return isinstance(key, str) and key.isascii() and key.isalnum() and len(key) <= 16


def _clean_fields(specs: Sequence[FieldSpec], values: Mapping[str, Any]) -> dict[str, Any]:
    clean = {}
    for spec in specs:
        value = values.get(spec.key)
        if value is None or value == "":
            continue
        clean[spec.key] = _clean_value(spec, value)
    return clean


def _clean_value(spec: FieldSpec, value: Any) -> int | str:
    if spec.kind in NUMBERS:
        if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < MAX_NUMBER:
            return value
    elif spec.kind == "date":
        if isinstance(value, date):
            return value.isoformat()
        if isinstance(value, str) and _is_date(value):
            return value
    elif spec.kind in DECIMALS:
        if isinstance(value, str) and _is_decimal(value, MOST_PERCENT if spec.kind == "percent" else MAX_NUMBER):
            return value
    elif isinstance(value, str) and spec.most_words is not None and len(value) <= most_signs(spec):
        count = count_words(value)
        if count <= spec.most_words:
            return value
        raise TooManyWords(field=Label(spec.label), count=Count(count), limit=Count(spec.most_words))
    elif (
        isinstance(value, str)
        and len(value) <= MAX_TEXT
        and (spec.kind != "choice" or value in {code for code, _words in spec.choices})
    ):
        return value
    raise UnfitEvidence(field=spec.key)


def most_signs(spec: FieldSpec) -> int:
    """How many characters a text may have: room for the longest words where words are counted."""
    return MAX_TEXT if spec.most_words is None else SIGNS_PER_WORD * spec.most_words


def _is_date(text: str) -> bool:
    try:
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False


def _is_decimal(text: str, most: int) -> bool:
    """Whether it is a number of at most two decimals in canonical form, from 0 to `most`."""
    try:
        number = parse_decimal(text)
    except BadDecimal:
        return False
    plain = format(number.normalize(), "f")
    return 0 <= number <= most and text == plain and len(plain.partition(".")[2]) <= 2


def with_figures(kind: str, data: Mapping[str, Any], figures: Mapping[str, Any]) -> dict[str, Any]:
    """Stored evidence with some figures set anew. Raises `UnfitEvidence` for a figure or line that is not there."""
    fields = dict(data.get("fields") or {})
    lines = {line["key"]: dict(line) for line in data.get("lines") or []}
    for figure, value in figures.items():
        key = line_key_of(figure)
        if KINDS[kind].field(figure) is None or (key is not None and key not in lines):
            raise UnfitEvidence(field=figure)
        if key is None:
            fields[figure] = value
        else:
            lines[key][figure.rsplit(".", 1)[1]] = value
    return {"fields": fields, "lines": list(lines.values())}


def saved_in(item: EvidenceItem | None) -> Saved:
    """What was saved under a kind; nothing, where nothing was."""
    if item is None:
        return Saved({}, "", "", "", False)
    return Saved(item.data, item.note, item.explanation_reason, item.explanation, item.completed, item.copied)


def store_evidence(
    nomination: Nomination, kind: str, item: EvidenceItem | None, saved: Saved, *, actor: Actor, at: datetime
) -> EvidenceItem:
    """Keep what was said under a kind as its next version, and record it."""
    if item is None:
        item = EvidenceItem(nomination=nomination, kind=kind, version=0)
        db.session.add(item)
    item.data = dict(saved.data)
    item.note, item.completed = saved.note, saved.completed
    item.explanation_reason, item.explanation = saved.explanation_reason, saved.explanation
    item.copied = dict(saved.copied) if saved.copied else None
    item.changed_at, item.changed_by_name = at, actor.name
    item.version += 1
    audit.record(
        intake_of(nomination.category), "evidence.saved", actor, at=at, object_ref=nomination.ref, evidence=kind,
        data=_for_audit(item.data), note=item.note, explanation_reason=item.explanation_reason,
        explanation=item.explanation, completed=item.completed, copied=item.copied, version=item.version,
    )  # fmt: skip
    db.session.flush()
    return item


def _for_audit(data: Any) -> Any:
    """The data without what is not filled in: an event leaves blanks out."""
    if isinstance(data, Mapping):
        return {key: _for_audit(value) for key, value in data.items() if value is not None}
    if isinstance(data, list):
        return [_for_audit(value) for value in data]
    return data


def _stale(item: EvidenceItem | None, at: datetime) -> StaleVersion:
    if item is None:
        return StaleVersion(who=Label(N_("Somebody")), time=at)
    return StaleVersion(who=item.changed_by_name, time=item.changed_at)
