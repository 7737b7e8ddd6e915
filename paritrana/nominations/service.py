"""Changes of nominations: filling, documents, sending, taking back, and every later move.

`at` is always the cycle's time. A nominee's writing is refused when the category is closed, whatever the page said when
it was opened. Every act locks the cycle's intake stream first, so that two people never write past each other.
"""

import hashlib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

from paritrana.audit import service as audit
from paritrana.core.errors import BadInput, NotFound, ParitranaError, StaleVersion, WrongState
from paritrana.core.evidence import KINDS, FieldSpec
from paritrana.core.evidence.specs import NUMBERS, line_key_of
from paritrana.core.lifecycle import State, effective_state, moves_due
from paritrana.core.policy import Actor
from paritrana.core.quantities import Label
from paritrana.core.words import N_
from paritrana.cycles.models import Category, RubricVersion
from paritrana.cycles.queries import rubric_of
from paritrana.cycles.service import store_due_moves
from paritrana.database import canonical, db, random_ref
from paritrana.files.models import Blob
from paritrana.nominations import queries
from paritrana.nominations.models import (
    Attachment,
    EvidenceItem,
    GateStatement,
    Nomination,
    NominationRevision,
)
from paritrana.nominations.rows import Blocker, blockers, evidence_rows, kinds_asked, reasons_of, requirements_of
from paritrana.reference.models import Organisation

__all__ = [
    "amend", "attach", "check_fits", "create_nomination", "evidence_rows", "fits", "remove_attachment", "save_evidence",
    "set_nomination_state", "state_gate", "state_gates", "submit", "take_back", "what_blocks", "withdraw",
]  # fmt: skip

# Limits of one nomination, decided in docs/security (files).
MAX_FILES = 60
MAX_BYTES = 750 * 1024 * 1024
MAX_LINES = 1000  # more villages than any regency of the country has
MAX_NUMBER = 10**15
MAX_TEXT = 2000

# Which organisation fits which kind of category: kind of organisation, then region kinds or size classes.
FITTING: Mapping[str, tuple[str, frozenset[str]]] = {
    "regency_city": ("local_government", frozenset({"regency", "city"})),
    "province": ("local_government", frozenset({"province"})),
    "enterprise_large_medium": ("enterprise", frozenset({"large", "medium"})),
    "small_micro": ("small_micro", frozenset()),
    "village": ("village", frozenset()),
}

# The steps of a nomination after it was sent; the room that takes one checks its own condition.
STEPS: Mapping[str, frozenset[str]] = {
    "draft": frozenset({"submitted", "withdrawn"}),
    "submitted": frozenset({"draft", "returned", "verified", "withdrawn"}),
    "returned": frozenset({"resubmitted", "withdrawn"}),
    "resubmitted": frozenset({"returned", "verified", "withdrawn"}),
    "verified": frozenset({"returned", "shortlisted", "not_shortlisted", "withdrawn"}),
    "shortlisted": frozenset({"interviewed", "no_show", "withdrawn"}),
    "interviewed": frozenset({"withdrawn"}),
    "no_show": frozenset({"interviewed", "withdrawn"}),
    "not_shortlisted": frozenset({"withdrawn"}),
    "withdrawn": frozenset(),
}

# States in which an open change request lets the nominee add documents and amend figures.
AMENDABLE = frozenset({"returned", "shortlisted", "interviewed", "no_show"})


class NotFitting(ParitranaError):
    """The organisation does not belong in this category."""

    code = "organisation_does_not_fit"
    status = 422
    message = N_("%(name)s does not belong in this category. Choose another category or organisation.")


class AlreadyNominated(ParitranaError):
    """The organisation already has a nomination in this category. Params: `name`, `number`."""

    code = "already_nominated"
    message = N_("%(name)s already has nomination %(number)s in this category. Open that one.")


class EntryClosed(ParitranaError):
    """A nominee's entry came after the deadline. Params: `time` (the deadline), `time2` (the last entry kept)."""

    code = "entry_closed"
    message = N_("Entry closed %(time)s. Last saved entry: %(time2)s.")


class NothingSavedYet(ParitranaError):
    """A nominee's entry came after the deadline, and nothing had been saved before. Params: `time`."""

    code = "entry_closed"
    message = N_("Entry closed %(time)s. No entry was saved before.")


class NominationSent(ParitranaError):
    """A sent nomination is not edited; it is taken back first, or amended on request."""

    code = "nomination_sent"
    message = N_("The nomination is already sent. Take it back to correct it.")


class NominationNotSent(ParitranaError):
    """There is nothing to take back."""

    code = "nomination_not_sent"
    message = N_("Only a sent nomination that nobody has worked on can be taken back.")


class NotComplete(ParitranaError):
    """Something still keeps the nomination from being sent. `blockers` name it. Params: `n`."""

    code = "nomination_not_complete"
    status = 422
    message = N_("The nomination cannot be sent yet. Things that block sending: %(n)s.")

    def __init__(self, found: Sequence[Blocker]) -> None:
        super().__init__(n=len(found))
        self.blockers = tuple(found)


class UnknownKind(NotFound):
    """The rubric of this category does not ask for this kind of evidence."""

    code = "unknown_kind"


class UnfitEvidence(BadInput):
    """Evidence does not have the form of its kind. Params: `field`."""

    code = "unfit_evidence"
    message = N_("The entry %(field)s cannot be stored. Check it and save again.")


class TooManyFiles(ParitranaError):
    """The nomination holds as many files as it may. Params: `used`, `limit`."""

    code = "too_many_files"
    message = N_("The nomination already has %(used)s of at most %(limit)s files. Remove one first.")


class TooManyBytes(ParitranaError):
    """The files of the nomination would be larger than they may together. Params: `used`, `limit` (megabytes)."""

    code = "too_many_bytes"
    status = 413
    message = N_("The files of this nomination would take %(used)s MB of at most %(limit)s MB. Reduce or remove one.")


@dataclass(frozen=True)
class Saved:
    """What a nominee said under one kind, as it is kept and told."""

    data: Mapping[str, Any]
    note: str
    explanation_reason: str
    explanation: str
    completed: bool


def fits(category: Category, organisation: Organisation) -> bool:
    """Whether the kind, size and region of an organisation belong in a category of its cycle."""
    kind, among = FITTING.get(category.kind, ("", frozenset()))
    if organisation.kind != kind or (organisation.fictitious and not category.cycle.simulated):
        return False
    region, cycle = organisation.region, category.cycle
    marker = region.kind if kind == "local_government" else organisation.size_class
    if among and marker not in among:
        return False
    return cycle.tier == "national" or cycle.region_code in {region.code, region.parent_code}


def check_fits(category: Category, organisation: Organisation) -> None:
    """Refuse an organisation that does not belong in a category with `NotFitting`."""
    if not fits(category, organisation):
        raise NotFitting(name=organisation.name)


def create_nomination(category: Category, organisation: Organisation, *, actor: Actor, at: datetime) -> Nomination:
    """Open a draft for an organisation in an open category; the caller commits.

    Raises `WrongState` when the category is not open, `NotFitting`, `AlreadyNominated`.
    """
    audit.lock_stream(_stream(category))
    if _state(category, at) is not State.OPEN:
        raise WrongState
    check_fits(category, organisation)
    there = queries.find_nomination(category, organisation)
    if there is not None:
        raise AlreadyNominated(name=organisation.name, number=there.ref)
    nomination = Nomination(
        ref=random_ref("N"),
        category=category,
        organisation=organisation,
        candidate_code=organisation.region_code if organisation.kind == "local_government" else random_ref("K"),
        created_at=at,
        created_by=_account(actor),
    )
    db.session.add(nomination)
    db.session.flush()
    audit.record(
        _stream(category), "nomination.created", actor, at=at, object_ref=nomination.ref,
        category=category.slug, organisation=organisation.ref, candidate_code=nomination.candidate_code,
    )  # fmt: skip
    return nomination


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
    actor: Actor,
    at: datetime,
) -> EvidenceItem:
    """Save what a nomination says under one kind; the caller commits.

    `data` is the whole of it, `{"fields": {...}, "lines": [...]}` in the stored form of `core.evidence`; `expected` is
    the version the writer saw, 0 where nothing was saved yet. Raises `EntryClosed`, `NominationSent`, `UnknownKind`,
    `UnfitEvidence`, `StaleVersion`.
    """
    rubric = _open_for_writing(nomination, at)
    if kind not in kinds_asked(rubric):
        raise UnknownKind
    known = {code for code, _words in reasons_of(kind)}
    if explanation_reason and explanation_reason not in known:
        raise UnfitEvidence(field=explanation_reason)
    clean = clean_data(kind, data) if kind in KINDS else {}
    item = queries.evidence_of(nomination).get(kind)
    if (item.version if item is not None else 0) != expected:
        raise _stale(item, at)
    saved = Saved(clean, note[:MAX_TEXT], explanation_reason, explanation[:MAX_TEXT], completed)
    return _store(nomination, kind, item, saved, actor=actor, at=at)


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
    rubric = _open_for_writing(nomination, at)
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
            _stream(nomination.category), "gate.stated", actor, at=at, object_ref=nomination.ref,
            gate=gate, answer=answer, note=statement.note, version=statement.version,
        )  # fmt: skip
        stored.append(statement)
    db.session.flush()
    return stored


def attach(
    nomination: Nomination,
    kind: str,
    blob: Blob,
    name: str,
    *,
    requirement: str = "",
    actor: Actor,
    at: datetime,
) -> Attachment:
    """Put a stored blob under one kind of evidence; the caller commits.

    The same bytes in the same place are not attached twice: the first attachment comes back. Raises `EntryClosed`,
    `NominationSent`, `UnknownKind`, `TooManyFiles`, `TooManyBytes`.
    """
    _lock(nomination, at)
    rubric = rubric_of(nomination.category)
    _check_open(nomination, at, also=AMENDABLE)
    if kind not in kinds_asked(rubric):
        raise UnknownKind
    if requirement and requirement not in {document["code"] for document in requirements_of(rubric, kind)}:
        raise UnfitEvidence(field=requirement)
    there = queries.attachments_of(nomination)
    for one in there:
        if (one.kind, one.requirement, one.blob_id) == (kind, requirement, blob.id):
            return one
    if len(there) >= MAX_FILES:
        raise TooManyFiles(used=len(there), limit=MAX_FILES)
    total = sum(one.blob.size for one in there) + blob.size
    if total > MAX_BYTES:
        raise TooManyBytes(used=-(-total // 1024**2), limit=MAX_BYTES // 1024**2)
    attachment = Attachment(
        nomination=nomination,
        no=queries.last_document_no(nomination) + 1,
        kind=kind,
        requirement=requirement,
        blob=blob,
        name=name,
        uploaded_at=at,
        uploaded_by=_account(actor),
        uploaded_by_name=actor.name,
    )
    db.session.add(attachment)
    db.session.flush()
    audit.record(
        _stream(nomination.category), "file.received", actor, at=at, object_ref=nomination.ref, document=attachment.no,
        evidence=kind, requirement=requirement or None, name=name, sha256=blob.sha256, size=blob.size,
    )  # fmt: skip
    return attachment


def remove_attachment(attachment: Attachment, *, actor: Actor, at: datetime) -> None:
    """Take a document out of the draft; its row and bytes stay for revisions that name it. The caller commits.

    Raises `EntryClosed`, `NominationSent`.
    """
    nomination = attachment.nomination
    _lock(nomination, at)
    _check_open(nomination, at)
    db.session.refresh(attachment, ["removed_at", "version"])
    if attachment.removed_at is not None:
        return
    attachment.removed_at = at
    attachment.version += 1
    audit.record(
        _stream(nomination.category), "file.removed", actor, at=at, object_ref=nomination.ref, document=attachment.no
    )
    db.session.flush()


def what_blocks(nomination: Nomination) -> list[Blocker]:
    """What keeps a nomination from being sent now (a fixed number of statements)."""
    return blockers(
        rubric_of(nomination.category),
        queries.evidence_of(nomination),
        queries.attachments_of(nomination),
        queries.statements_of(nomination),
        election_held=nomination.category.cycle.election_held,
    )


def submit(nomination: Nomination, *, actor: Actor, at: datetime) -> NominationRevision:
    """Send a draft: an immutable revision with its receipt number; the caller commits.

    Raises `EntryClosed`, `NominationSent`, `NotComplete`.
    """
    _lock(nomination, at)
    _check_open(nomination, at)
    found = what_blocks(nomination)
    if found:
        raise NotComplete(found)
    revision = _revise(nomination, actor=actor, at=at)
    nomination.state = "submitted"
    nomination.version += 1
    audit.record(
        _stream(nomination.category), "nomination.submitted", actor, at=at, object_ref=nomination.ref,
        revision=revision.no, receipt=revision.receipt_no, digest=revision.digest,
    )  # fmt: skip
    db.session.flush()
    return revision


def take_back(nomination: Nomination, *, actor: Actor, at: datetime) -> None:
    """Take a sent nomination back before the deadline to correct it; its revision stays. The caller commits.

    Raises `EntryClosed`, `NominationNotSent`.
    """
    _lock(nomination, at)
    if nomination.state != "submitted":
        raise NominationNotSent
    if _state(nomination.category, at) is not State.OPEN:
        raise _closed(nomination)
    nomination.state = "draft"
    nomination.version += 1
    audit.record(
        _stream(nomination.category), "nomination.taken_back", actor, at=at, object_ref=nomination.ref,
        revision=nomination.revision_no,
    )  # fmt: skip
    db.session.flush()


def withdraw(nomination: Nomination, reason: str, *, actor: Actor, at: datetime) -> None:
    """Leave the competition for good, before the seal; the caller commits. Raises `WrongState`."""
    if not State.OPEN <= _state(nomination.category, at) <= State.PLENARY:
        raise WrongState
    expected = {state for state, steps in STEPS.items() if "withdrawn" in steps}
    set_nomination_state(nomination, "withdrawn", expected=expected, reason=reason, actor=actor, at=at)


def set_nomination_state(
    nomination: Nomination,
    state: str,
    *,
    expected: Collection[str],
    reason: str | None,
    actor: Actor,
    at: datetime,
) -> None:
    """Move a nomination to `state`; the room that calls has checked its own condition, and the caller commits.

    Raises `WrongState` when it is in none of the `expected` states any more, or the step does not exist.
    """
    _lock(nomination, at)
    before = nomination.state
    if before not in expected or state not in STEPS[before]:
        raise WrongState
    nomination.state = state
    nomination.state_reason = (reason or "").strip() or None
    nomination.version += 1
    audit.record(
        _stream(nomination.category), "nomination.moved", actor, at=at, object_ref=nomination.ref,
        before=before, after=state, reason=nomination.state_reason,
    )  # fmt: skip
    db.session.flush()


def amend(
    nomination: Nomination,
    changes: Mapping[str, Mapping[str, Any]],
    note: str,
    *,
    actor: Actor,
    at: datetime,
) -> NominationRevision:
    """Answer a change request: set these figures (kind to figure to stored value) and send the next revision.

    A returned nomination becomes resubmitted, a shortlisted one stays what it is. Which figures were asked for is known
    to the verification, which calls this; the caller commits. Raises `WrongState`, `UnknownKind`, `UnfitEvidence`.
    """
    _lock(nomination, at)
    if nomination.state not in AMENDABLE:
        raise WrongState
    asked = kinds_asked(rubric_of(nomination.category))
    items = queries.evidence_of(nomination)
    for kind, figures in changes.items():
        if kind not in asked or kind not in KINDS:
            raise UnknownKind
        item = items.get(kind)
        before = _saved(item)
        data = clean_data(kind, _with_figures(kind, before.data, figures))
        _store(nomination, kind, item, replace(before, data=data), actor=actor, at=at)
    revision = _revise(nomination, actor=actor, at=at, note=note.strip())
    if nomination.state == "returned":
        nomination.state = "resubmitted"
    nomination.version += 1
    audit.record(
        _stream(nomination.category), "nomination.amended", actor, at=at, object_ref=nomination.ref,
        revision=revision.no, receipt=revision.receipt_no, digest=revision.digest, note=note.strip() or None,
        changes={kind: dict(figures) for kind, figures in changes.items() if figures}, after=nomination.state,
    )  # fmt: skip
    db.session.flush()
    return revision


def clean_data(kind: str, data: Mapping[str, Any]) -> dict[str, Any]:
    """Typed evidence in its stored form: known keys only, blanks left out, lines with a key of their own.

    Raises `UnfitEvidence` for a value that is no value of its field, or for more lines than a form may hold.
    """
    spec = KINDS[kind]
    fields = data.get("fields") or {}
    clean: dict[str, Any] = {"fields": _clean_fields(spec.fields, fields)}
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
    elif (
        isinstance(value, str)
        and len(value) <= MAX_TEXT
        and (spec.kind != "choice" or value in {code for code, _words in spec.choices})
    ):
        return value
    raise UnfitEvidence(field=spec.key)


def _is_date(text: str) -> bool:
    try:
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False


def _with_figures(kind: str, data: Mapping[str, Any], figures: Mapping[str, Any]) -> dict[str, Any]:
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


def _saved(item: EvidenceItem | None) -> Saved:
    if item is None:
        return Saved({}, "", "", "", False)
    return Saved(item.data, item.note, item.explanation_reason, item.explanation, item.completed)


def _store(
    nomination: Nomination, kind: str, item: EvidenceItem | None, saved: Saved, *, actor: Actor, at: datetime
) -> EvidenceItem:
    if item is None:
        item = EvidenceItem(nomination=nomination, kind=kind, version=0)
        db.session.add(item)
    item.data = dict(saved.data)
    item.note, item.completed = saved.note, saved.completed
    item.explanation_reason, item.explanation = saved.explanation_reason, saved.explanation
    item.changed_at, item.changed_by_name = at, actor.name
    item.version += 1
    audit.record(
        _stream(nomination.category), "evidence.saved", actor, at=at, object_ref=nomination.ref, evidence=kind,
        data=_for_audit(item.data), note=item.note, explanation_reason=item.explanation_reason,
        explanation=item.explanation, completed=item.completed, version=item.version,
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


def _revise(nomination: Nomination, *, actor: Actor, at: datetime, note: str = "") -> NominationRevision:
    content = _content(nomination)
    if note:
        content["note"] = note
    nomination.revision_no += 1
    revision = NominationRevision(
        nomination=nomination,
        no=nomination.revision_no,
        receipt_no=random_ref("R", 3),
        content=content,
        digest=hashlib.sha256(canonical(content)).hexdigest(),
        submitted_at=at,
        submitted_by=_account(actor),
        submitted_by_name=actor.name,
    )
    db.session.add(revision)
    db.session.flush()
    return revision


def _content(nomination: Nomination) -> dict[str, Any]:
    return {
        "evidence": {
            kind: {
                "data": item.data,
                "note": item.note,
                "explanation_reason": item.explanation_reason,
                "explanation": item.explanation,
                "completed": item.completed,
            }
            for kind, item in queries.evidence_of(nomination).items()
        },
        "gates": {
            gate: {"answer": statement.answer, "note": statement.note}
            for gate, statement in queries.statements_of(nomination).items()
        },
        "attachments": [
            {
                "no": one.no,
                "kind": one.kind,
                "requirement": one.requirement,
                "name": one.name,
                "sha256": one.blob.sha256,
                "size": one.blob.size,
                "media_type": one.blob.media_type,
            }
            for one in queries.attachments_of(nomination)
        ],
    }


def _open_for_writing(nomination: Nomination, at: datetime) -> RubricVersion:
    _lock(nomination, at)
    _check_open(nomination, at)
    return rubric_of(nomination.category)


def _check_open(nomination: Nomination, at: datetime, *, also: Collection[str] = ()) -> None:
    """Refuse a nominee's writing unless the category is open and the nomination a draft, or is in a state of `also`."""
    state = _state(nomination.category, at)
    if also and nomination.state in also and state in {State.VERIFICATION, State.INTERVIEW}:
        return
    if state is not State.OPEN:
        raise _closed(nomination)
    if nomination.state != "draft":
        raise NominationSent


def _closed(nomination: Nomination) -> ParitranaError:
    closes_at = nomination.category.closes_at
    if closes_at is None:
        return WrongState()
    last = max((item.changed_at for item in queries.evidence_of(nomination).values()), default=None)
    return EntryClosed(time=closes_at, time2=last) if last is not None else NothingSavedYet(time=closes_at)


def _stale(item: EvidenceItem | None, at: datetime) -> StaleVersion:
    if item is None:
        return StaleVersion(who=Label(N_("Somebody")), time=at)
    return StaleVersion(who=item.changed_by_name, time=item.changed_at)


def _lock(nomination: Nomination, at: datetime) -> None:
    """Take the intake stream for this transaction, store what the clock has moved, and read the nomination afresh."""
    category = nomination.category
    if moves_due(category.stored_state, closes_at=category.closes_at, grace_ends_at=category.grace_ends_at, now=at):
        db.session.refresh(category, with_for_update={"of": Category})
        store_due_moves(category, at=at)
    audit.lock_stream(_stream(category))
    db.session.refresh(nomination, ["state", "state_reason", "revision_no", "version"])


def _state(category: Category, at: datetime) -> State:
    return effective_state(
        category.stored_state, closes_at=category.closes_at, grace_ends_at=category.grace_ends_at, now=at
    )


def _stream(category: Category) -> str:
    return audit.intake(category.cycle.code)


def _account(actor: Actor) -> int:
    if actor.user_id is None:
        raise WrongState
    return actor.user_id
