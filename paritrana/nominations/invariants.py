"""What must hold of nominations: their way, what they say, their documents and the revisions that were sent."""

import hashlib
from collections.abc import Iterator
from typing import Any, Final

from sqlalchemy import func, select
from sqlalchemy.orm import aliased

from paritrana.audit.invariants import in_order, stream, told
from paritrana.core.invariants import Broken, Check, Found, Stored, Told, latest, replay, replayed
from paritrana.cycles.models import Category, Cycle
from paritrana.database import canonical
from paritrana.files.models import Blob
from paritrana.nominations.models import (
    Attachment,
    EvidenceItem,
    FileDeclaration,
    GateStatement,
    Nomination,
    NominationRevision,
    SelfAssessment,
)
from paritrana.nominations.service import STEPS
from paritrana.reference.models import Organisation

WAY: Final = (
    "nomination.created", "nomination.submitted", "nomination.taken_back", "nomination.moved", "nomination.amended",
)  # fmt: skip
COPIED: Final = "nomination.copied"
SENT: Final = ("nomination.submitted", "nomination.amended")


def _ways() -> Iterator[Broken]:
    source, winner = aliased(Nomination), aliased(Nomination)
    statement = (
        select(
            Nomination.ref, Nomination.state, Nomination.state_reason, Nomination.revision_no,
            Nomination.candidate_code, Category.slug, Organisation.ref.label("organisation"),
            source.ref.label("source"), winner.ref.label("fed_from"),
        )
        .select_from(Nomination)
        .join(source, source.id == Nomination.copied_from_id, isouter=True)
        .join(winner, winner.id == Nomination.fed_from_id, isouter=True)
        .join(Category, Category.id == Nomination.category_id)
        .join(Organisation, Organisation.id == Nomination.organisation_id)
        .order_by(in_order(Nomination.ref))
    )  # fmt: skip
    rows = (
        Stored(
            row.ref, "",
            {"state": row.state, "reason": row.state_reason, "revision": row.revision_no,
             "category": row.slug, "organisation": row.organisation, "candidate_code": row.candidate_code,
             "copied_from": row.source, "fed_from": row.fed_from},
        )
        for row in stream(statement)
    )  # fmt: skip
    yield from replay("nomination", "nomination", told(*WAY, COPIED), rows, _way)


def _way(now: Found, event: Told) -> None:
    if event.kind == "nomination.created":
        now[""] = {**event.values, "state": "draft", "revision": 0}
        return
    kept = now.setdefault("", {})
    if event.kind == COPIED:
        kept["copied_from"] = event.values["source"]
        return
    kept["state"] = _state_after(event, str(kept.get("state", "")))
    if event.kind in SENT:
        kept["revision"] = event.values["revision"]
    elif event.kind == "nomination.moved":
        kept["reason"] = event.values.get("reason")


def _state_after(event: Told, before: str) -> str:
    if event.kind == "nomination.moved" or (event.kind == "nomination.amended" and "after" in event.values):
        return str(event.values["after"])
    return {"nomination.submitted": "submitted", "nomination.taken_back": "draft"}.get(event.kind, before)


def _steps() -> Iterator[Broken]:
    """Each step of a nomination starts where the one before it ended, and is one of those that exist."""
    ref, state = "", ""
    for event in told(*WAY):
        if event.ref != ref:
            ref, state = event.ref, ""
        if event.silent:
            state = ""  # nobody can say where the nomination stood then
            continue
        if event.kind == "nomination.created":
            state = "draft"
            continue
        after = _state_after(event, state)
        before = str(event.values.get("before", state))
        amended = event.kind == "nomination.amended" and before == after
        if state and (before != state or not (amended or after in STEPS.get(before, ()))):
            yield Broken("nomination.step", ref, f"The nomination went from {before} to {after}.")
        state = after


def _copies() -> Iterator[Broken]:
    source, theirs, here, then = aliased(Nomination), aliased(Category), aliased(Cycle), aliased(Cycle)
    statement = (
        select(Nomination.ref, source.ref.label("source"))
        .join(source, source.id == Nomination.copied_from_id)
        .join(Category, Category.id == Nomination.category_id)
        .join(theirs, theirs.id == source.category_id)
        .join(here, here.id == Category.cycle_id)
        .join(then, then.id == theirs.cycle_id)
        .where(
            (source.organisation_id != Nomination.organisation_id)
            | (theirs.kind != Category.kind)
            | (then.kind != here.kind)
            | ((then.assessment_year >= here.assessment_year) & Nomination.fed_from_id.is_distinct_from(source.id))
        )
        .order_by(Nomination.ref)
    )
    for ref, copied in stream(statement):
        yield Broken("nomination.copied_from", ref, f"{copied} is no earlier nomination of the same organisation.")


def _fed() -> Iterator[Broken]:
    """A winner goes on from a published category to the cycle that its own one feeds, as the same organisation."""
    source, theirs, then = aliased(Nomination), aliased(Category), aliased(Cycle)
    statement = (
        select(Nomination.ref, source.ref.label("source"))
        .join(source, source.id == Nomination.fed_from_id)
        .join(Category, Category.id == Nomination.category_id)
        .join(theirs, theirs.id == source.category_id)
        .join(then, then.id == theirs.cycle_id)
        .where(
            (source.organisation_id != Nomination.organisation_id)
            | (theirs.kind != Category.kind)
            | then.feeds_id.is_distinct_from(Category.cycle_id)
        )
        .order_by(Nomination.ref)
    )
    for ref, source_ref in stream(statement):
        yield Broken("nomination.fed_from", ref, f"{source_ref} is no winner of a province that goes on here.")


def _of_nomination(model: Any, *columns: Any) -> Any:
    return (
        select(Nomination.ref.label("ref"), *columns)
        .select_from(model)
        .join(Nomination, Nomination.id == model.nomination_id)
        .order_by(in_order(Nomination.ref))
    )


def _evidence() -> Iterator[Broken]:
    item = EvidenceItem
    statement = _of_nomination(
        item,
        item.kind,
        item.data,
        item.note,
        item.explanation_reason,
        item.explanation,
        item.completed,
        item.copied,
        item.version,
    )
    rows = (
        Stored(
            row.ref, (row.kind,),
            {"data": row.data, "note": row.note, "explanation_reason": row.explanation_reason,
             "explanation": row.explanation, "completed": row.completed, "copied": row.copied,
             "version": row.version},
        )
        for row in stream(statement)
    )  # fmt: skip
    yield from replay("evidence", "evidence", told("evidence.saved"), rows, latest("evidence"))


def _statements() -> Iterator[Broken]:
    said = GateStatement
    rows = (
        Stored(row.ref, (row.gate,), {"answer": row.answer, "note": row.note, "version": row.version})
        for row in stream(_of_nomination(said, said.gate, said.answer, said.note, said.version))
    )
    yield from replay("gate_statement", "statement on a condition", told("gate.stated"), rows, latest("gate"))


def _assessments() -> Iterator[Broken]:
    said = SelfAssessment
    rows = (
        Stored(row.ref, (row.indicator,), {"value": row.value, "note": row.note, "version": row.version})
        for row in stream(_of_nomination(said, said.indicator, said.value, said.note, said.version))
    )
    yield from replay("self_assessment", "self-assessment", told("self_assessment.saved"), rows, latest("indicator"))


def _documents() -> Iterator[Broken]:
    statement = _of_nomination(
        Attachment, Attachment.no, Attachment.kind, Attachment.requirement, Attachment.name,
        Attachment.reused_year, Attachment.removed_at.is_not(None).label("removed"), Blob.sha256, Blob.size,
    ).join(Blob, Blob.id == Attachment.blob_id)  # fmt: skip
    rows = (
        Stored(
            row.ref, row.no,
            {"evidence": row.kind, "requirement": row.requirement or None, "name": row.name, "sha256": row.sha256,
             "size": row.size, "reused_year": row.reused_year, "removed": bool(row.removed)},
        )
        for row in stream(statement)
    )  # fmt: skip
    yield from replay("attachment", "document", told("file.received", "file.removed"), rows, _document)


def _document(now: Found, event: Told) -> None:
    no = event.values["document"]
    if event.kind == "file.received":
        now[no] = {**event.values, "removed": False}
    else:
        now.setdefault(no, {})["removed"] = True


def _declarations() -> Iterator[Broken]:
    one = FileDeclaration
    statement = _of_nomination(
        one, one.ref.label("declaration"), one.kind, one.requirement, one.name, one.sha256, one.size, one.state,
        one.attachment_no,
    )  # fmt: skip
    rows = (
        Stored(
            row.ref, row.declaration,
            {"evidence": row.kind, "requirement": row.requirement or None, "name": row.name, "sha256": row.sha256,
             "size": row.size, "state": row.state, "document": row.attachment_no},
        )
        for row in stream(statement)
    )  # fmt: skip
    events = told("file.declared", "file.received", "file.declaration_ended")
    yield from replay("file_declaration", "announced file", events, rows, _declaration)


def _declaration(now: Found, event: Told) -> None:
    ref = event.values.get("declaration")
    if event.kind == "file.declared":
        now[ref] = {**event.values, "state": "open", "document": None}
    elif ref is not None and event.kind == "file.received":
        now.setdefault(ref, {}).update(state="done", document=event.values["document"])
    elif ref is not None:
        now.setdefault(ref, {})["state"] = "ended"


def _tenants() -> Iterator[Broken]:
    statement = (
        _of_nomination(Attachment, Attachment.no)
        .join(Blob, Blob.id == Attachment.blob_id)
        .where(Blob.organisation_id != Nomination.organisation_id)
    )
    for row in stream(statement):
        yield Broken("attachment.tenant", f"{row.ref} {row.no}", "The bytes belong to another organisation.")


def _sent() -> Iterator[Broken]:
    revision = NominationRevision
    rows = (
        Stored(row.ref, (row.no,), {"receipt": row.receipt_no, "digest": row.digest})
        for row in stream(_of_nomination(revision, revision.no, revision.receipt_no, revision.digest))
    )
    yield from replay("revision", "revision", told(*SENT), rows, latest("revision"))


def _digests() -> Iterator[Broken]:
    revision = NominationRevision
    for row in stream(_of_nomination(revision, revision.no, revision.content, revision.digest)):
        if hashlib.sha256(canonical(row.content)).hexdigest() != row.digest:
            yield Broken("revision.digest", f"{row.ref} {row.no}", "The content does not have the digest of the row.")


def _numbers() -> Iterator[Broken]:
    counted = (
        select(Nomination.ref, Nomination.revision_no)
        .join(NominationRevision, NominationRevision.nomination_id == Nomination.id, isouter=True)
        .group_by(Nomination.id, Nomination.ref, Nomination.revision_no)
        .having(
            (func.count(NominationRevision.id) != Nomination.revision_no)
            | (func.coalesce(func.max(NominationRevision.no), 0) != Nomination.revision_no)
        )
        .order_by(Nomination.ref)
    )
    for ref, last in stream(counted):
        yield Broken("revision.numbers", ref, f"The revisions of the nomination are not numbered from 1 to {last}.")


CHECKS = (
    Check(replayed("nomination", "nomination"), _ways),
    Check({"nomination.step": "Every step of a nomination starts in its state and exists."}, _steps),
    Check(
        {"nomination.copied_from": "A copy comes from an earlier nomination of the same organisation and kind."},
        _copies,
    ),
    Check({"nomination.fed_from": "Only the winner of a province goes on, to the cycle that its own one feeds."}, _fed),
    Check(replayed("evidence", "evidence"), _evidence),
    Check(replayed("gate_statement", "statement on a condition"), _statements),
    Check(replayed("self_assessment", "self-assessment"), _assessments),
    Check(replayed("attachment", "document"), _documents),
    Check(replayed("file_declaration", "announced file"), _declarations),
    Check({"attachment.tenant": "The bytes of every document belong to the organisation that is nominated."}, _tenants),
    Check(replayed("revision", "revision"), _sent),
    Check({"revision.digest": "Every revision that was sent has the digest on its receipt."}, _digests),
    Check({"revision.numbers": "The revisions of a nomination are numbered without a gap up to its last."}, _numbers),
)
