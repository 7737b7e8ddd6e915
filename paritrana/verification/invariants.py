"""What must hold of verifications: findings, conditions, the close by two people, and the revisions they judge."""

from collections.abc import Iterator
from typing import Any, Final

from sqlalchemy import and_, exists, select
from sqlalchemy.orm import aliased

from paritrana.accounts.models import Account
from paritrana.audit.invariants import in_order, stream, told
from paritrana.core.invariants import Broken, Check, Found, Stored, Told, latest, replay, replayed
from paritrana.cycles.models import Cycle
from paritrana.files.models import Blob
from paritrana.nominations.models import Attachment, Nomination, NominationRevision
from paritrana.verification.models import (
    ChangeRequest,
    FieldVisit,
    FieldVisitPhoto,
    Finding,
    GateFinding,
    Override,
    Verification,
)
from paritrana.verification.queries import CLAIMS_WAIT

# How far a verification is after each of these events.
STEPS: Final = {
    "verification.close_proposed": "proposed",
    "verification.close_returned": "open",
    "verification.closed": "closed",
    "request.asked": "open",
}


def _of_verification(model: Any, *columns: Any) -> Any:
    return (
        select(Nomination.ref.label("ref"), *columns)
        .select_from(model)
        .join(Verification, Verification.id == model.verification_id)
        .join(Nomination, Nomination.id == Verification.nomination_id)
        .order_by(in_order(Nomination.ref))
    )


def _findings() -> Iterator[Broken]:
    statement = _of_verification(
        Finding, Finding.kind, Finding.figure, Finding.claimed, Finding.found, Finding.verdict, Finding.document_no,
        Finding.page, Finding.note, Finding.revision_no, Finding.version, Finding.unseen,
    )  # fmt: skip
    rows = (
        Stored(
            row.ref, (row.kind, row.figure),
            {"claimed": row.claimed, "found": row.found, "verdict": row.verdict, "document": row.document_no,
             "page": row.page or None, "note": row.note or None, "revision": row.revision_no, "version": row.version,
             "unseen": row.unseen},
        )
        for row in stream(statement)
    )  # fmt: skip
    yield from replay("finding", "finding", told("finding.recorded", "finding.reopened"), rows, _finding)


def _finding(now: Found, event: Told) -> None:
    part = (event.values["evidence"], event.values["figure"])
    if event.kind == "finding.reopened":
        now.pop(part, None)
    else:
        now[part] = dict(event.values)


def _gates() -> Iterator[Broken]:
    gate = GateFinding
    statement = _of_verification(
        gate, gate.subject, gate.gate, gate.proposed, gate.proposed_reason, gate.decided, gate.decided_reason,
        gate.version,
    )  # fmt: skip
    rows = (
        Stored(
            row.ref, (row.subject, row.gate),
            {"proposed": row.proposed, "proposed_reason": row.proposed_reason, "decided": row.decided,
             "decided_reason": row.decided_reason or None, "version": row.version},
        )
        for row in stream(statement)
    )  # fmt: skip
    yield from replay("decision", "decision on a condition", told("gate.proposed", "gate.decided"), rows, _gate)


def _gate(now: Found, event: Told) -> None:
    said = dict(event.values)
    reason = said.pop("reason", None)
    said["proposed_reason" if event.kind == "gate.proposed" else "decided_reason"] = reason
    now[said["subject"], said["gate"]] = said


def _requests() -> Iterator[Broken]:
    asked = ChangeRequest
    statement = _of_verification(
        asked, asked.no, asked.question, asked.due_at, asked.items, asked.state, asked.answer, asked.asked_at,
        asked.answered_at,
    )  # fmt: skip
    rows = (
        Stored(
            row.ref, row.no,
            {"question": row.question, "due": row.due_at, "state": row.state,
             "figures": [f"{one['kind']}/{one['figure']}" for one in row.items],
             **({} if row.answer is None else
                {"values": row.answer["values"], "reasons": row.answer["reasons"], "note": row.answer["text"] or None,
                 "ended": bool(row.answer.get("ended"))})},
        )
        for row in stream(statement)
    )  # fmt: skip
    yield from replay(
        "request", "change request", told("request.asked", "request.answered", "request.ended"), rows, _request
    )


def _request(now: Found, event: Told) -> None:
    said = dict(event.values)
    no = said.pop("request")
    if event.kind == "request.asked":
        now[no] = {**said, "state": "open"}
    elif event.kind == "request.answered":
        now[no] = {**now.get(no, {}), **said, "state": "answered", "ended": False}
    else:
        answer = {"values": {}, "reasons": {}, "note": said["reason"], "ended": True}
        now[no] = {**now.get(no, {}), **answer, "state": "answered"}


def _states() -> Iterator[Broken]:
    rows = (
        Stored(row.ref, "", {"state": row.state})
        for row in stream(
            select(Nomination.ref, Verification.state)
            .select_from(Verification)
            .join(Nomination, Nomination.id == Verification.nomination_id)
            .order_by(in_order(Nomination.ref))
        )
    )
    yield from replay("verification", "verification", told(*STEPS, *BEGUN), rows, _state)


# Whichever comes first makes the verification.
BEGUN: Final = ("verification.taken", "finding.recorded", "gate.proposed", "visit.recorded")


def _state(now: Found, event: Told) -> None:
    before = now.get("", {"state": "open"})
    now[""] = {"state": STEPS.get(event.kind, before["state"])}


def _overrides() -> Iterator[Broken]:
    one = Override
    statement = _of_verification(
        one, one.no, one.indicator, one.computed, one.value, one.reason, one.state, one.first_person_id,
        one.second_person_id, one.note, one.request_no, one.version,
    )  # fmt: skip
    rows = (
        Stored(
            row.ref, row.no,
            {"indicator": row.indicator, "computed": row.computed, "value": row.value, "reason": row.reason,
             "state": row.state, "first": row.first_person_id, "second": row.second_person_id,
             "note": row.note or None, "request": row.request_no, "version": row.version},
        )
        for row in stream(statement)
    )  # fmt: skip
    yield from replay("override", "set value", told(*(f"override.{step}" for step in OVERRIDE_STEPS)), rows, _override)


# What may happen to a value that somebody proposes to set.
OVERRIDE_STEPS: Final = ("proposed", "confirmed", "refused", "withdrawn", "replaced", "voided")


def _override(now: Found, event: Told) -> None:
    said = dict(event.values)
    now[said.pop("no")] = said


def _set_by_two() -> Iterator[Broken]:
    """The persons are those of the accounts, and two."""
    first, second = aliased(Account), aliased(Account)
    statement = (
        _of_verification(
            Override, Override.no, Override.first_person_id, Override.second_person_id,
            first.person_id.label("first"), second.person_id.label("second"),
        )
        .join(first, first.id == Override.first_by)
        .join(second, second.id == Override.second_by, isouter=True)
        .where(Override.state.in_(("confirmed", "replaced")))
    )  # fmt: skip
    for row in stream(statement):
        persons = (row.first, row.second)
        if None in persons or row.first == row.second or persons != (row.first_person_id, row.second_person_id):
            yield Broken(
                "override.two_persons", f"{row.ref} {row.no}", "The value was not confirmed by a second person."
            )


def _revisions() -> Iterator[Broken]:
    there = exists().where(
        NominationRevision.nomination_id == Verification.nomination_id,
        NominationRevision.no == Finding.revision_no,
    )
    for row in stream(_of_verification(Finding, Finding.kind, Finding.figure, Finding.revision_no).where(~there)):
        where = f"{row.ref} {row.kind} {row.figure}"
        yield Broken("finding.revision", where, f"The finding judges revision {row.revision_no}, which is not there.")


def _documents() -> Iterator[Broken]:
    there = exists().where(Attachment.nomination_id == Verification.nomination_id, Attachment.no == Finding.document_no)
    statement = _of_verification(Finding, Finding.kind, Finding.figure, Finding.document_no)
    for row in stream(statement.where(and_(Finding.document_no.is_not(None), ~there))):
        where = f"{row.ref} {row.kind} {row.figure}"
        yield Broken("finding.document", where, f"The finding names document {row.document_no}, which is not there.")


def _claims_wait() -> Iterator[Broken]:
    """Every cycle hides the claims of those categories that the last event about each one names."""
    said = {(event.ref, event.values["category"]): bool(event.values["hidden"]) for event in told("claims.set")}
    for row in stream(select(Cycle.code, Cycle.settings).order_by(Cycle.code)):
        hidden = set((row.settings or {}).get(CLAIMS_WAIT, ()))
        if hidden != {slug for (code, slug), wait in said.items() if code == row.code and wait}:
            yield Broken("claims.set", row.code, "No event tells which categories hide claims from verifiers.")


def _closed() -> Iterator[Broken]:
    first, second = aliased(Account), aliased(Account)
    statement = (
        select(
            Nomination.ref, Verification.proposed_person_id, Verification.closed_person_id,
            first.person_id.label("first"), second.person_id.label("second"),
        )
        .select_from(Verification)
        .join(Nomination, Nomination.id == Verification.nomination_id)
        .join(first, first.id == Verification.proposed_by, isouter=True)
        .join(second, second.id == Verification.closed_by, isouter=True)
        .where(Verification.state == "closed")
        .order_by(Nomination.ref)
    )  # fmt: skip
    for row in stream(statement):
        persons = (row.first, row.second)
        if None in persons or row.first == row.second or persons != (row.proposed_person_id, row.closed_person_id):
            yield Broken("verification.two_persons", row.ref, "The verification was not closed by a second person.")


def _visits() -> Iterator[Broken]:
    visit = FieldVisit
    statement = _of_verification(
        visit, visit.no, visit.corrects_no, visit.place, visit.visited_on, visit.offices, visit.seen,
        Account.ref.label("by"),
    ).join(Account, Account.id == visit.recorded_by)  # fmt: skip
    rows = (
        Stored(
            row.ref, (row.no,),
            {"corrects": row.corrects_no, "place": row.place, "on": row.visited_on, "offices": row.offices,
             "seen": row.seen, "actor": row.by},
        )
        for row in stream(statement)
    )  # fmt: skip
    yield from replay("visit", "field visit", told("visit.recorded"), rows, latest("visit"))


def _visit_photos() -> Iterator[Broken]:
    photo = FieldVisitPhoto
    statement = (
        select(
            Nomination.ref.label("ref"), FieldVisit.no.label("visit"), photo.no, photo.name, photo.shows, Blob.sha256,
            Blob.size, Account.ref.label("by"),
        )
        .select_from(photo)
        .join(Blob, Blob.id == photo.blob_id)
        .join(Account, Account.id == photo.added_by)
        .join(FieldVisit, FieldVisit.id == photo.visit_id)
        .join(Verification, Verification.id == FieldVisit.verification_id)
        .join(Nomination, Nomination.id == Verification.nomination_id)
        .order_by(in_order(Nomination.ref))
    )  # fmt: skip
    rows = (
        Stored(
            row.ref, (row.visit, row.no),
            {"name": row.name, "shows": row.shows, "sha256": row.sha256, "size": row.size, "actor": row.by},
        )
        for row in stream(statement)
    )  # fmt: skip
    yield from replay(
        "visit_photo", "photo of a field visit", told("visit.photo_added"), rows, latest("visit", "photo")
    )


def _visit_tenants() -> Iterator[Broken]:
    statement = (
        select(Nomination.ref, FieldVisit.no.label("visit"), FieldVisitPhoto.no)
        .select_from(FieldVisitPhoto)
        .join(Blob, Blob.id == FieldVisitPhoto.blob_id)
        .join(FieldVisit, FieldVisit.id == FieldVisitPhoto.visit_id)
        .join(Verification, Verification.id == FieldVisit.verification_id)
        .join(Nomination, Nomination.id == Verification.nomination_id)
        .where(Blob.organisation_id != Nomination.organisation_id)
        .order_by(Nomination.ref, FieldVisit.no, FieldVisitPhoto.no)
    )
    for row in stream(statement):
        where = f"{row.ref} {row.visit} {row.no}"
        yield Broken("visit_photo.tenant", where, "The photo lies in the folder of another organisation.")


CHECKS = (
    Check({"claims.set": "An event tells of every category whether verifiers see its claims at once."}, _claims_wait),
    Check(replayed("finding", "finding"), _findings),
    Check(replayed("decision", "decision on a condition"), _gates),
    Check(replayed("request", "change request"), _requests),
    Check(replayed("verification", "verification"), _states),
    Check(replayed("override", "set value"), _overrides),
    Check({"override.two_persons": "Two different persons set a value in place of a computed one."}, _set_by_two),
    Check({"finding.revision": "Every finding judges a revision that was sent."}, _revisions),
    Check({"finding.document": "Every document that a finding names is a document of the nomination."}, _documents),
    Check(replayed("visit", "field visit"), _visits),
    Check(replayed("visit_photo", "photo of a field visit"), _visit_photos),
    Check(
        {"visit_photo.tenant": "Photos of a visit lie in the folder of the candidate's organisation."}, _visit_tenants
    ),
    Check({"verification.two_persons": "Two different persons close a verification."}, _closed),
)
