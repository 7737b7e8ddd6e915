"""Sending, taking back and amending: every sending is a revision that never changes."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from paritrana.audit import service as audit
from paritrana.core.errors import ParitranaError, WrongState
from paritrana.core.evidence import KINDS
from paritrana.core.lifecycle import State
from paritrana.core.policy import Actor
from paritrana.core.words import N_
from paritrana.cycles.queries import rubric_of, state_at
from paritrana.cycles.service import intake_of
from paritrana.database import canonical, db, random_ref
from paritrana.nominations import queries
from paritrana.nominations.models import Nomination, NominationRevision
from paritrana.nominations.rows import Blocker, blockers, kinds_asked
from paritrana.nominations.service.assessing import assessments_sent
from paritrana.nominations.service.evidence import clean_data, saved_in, store_evidence, with_figures
from paritrana.nominations.service.writing import AMENDABLE, UnknownKind, check_open, closed, lock


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


def what_blocks(nomination: Nomination) -> list[Blocker]:
    """What keeps a nomination from being sent now (a fixed number of statements)."""
    return blockers(
        rubric_of(nomination.category),
        queries.evidence_of(nomination),
        queries.attachments_of(nomination),
        queries.statements_of(nomination),
        election_held=nomination.category.cycle.election_held,
        announced=[one.kind for one in queries.open_declarations(nomination)],
    )


def submit(nomination: Nomination, *, actor: Actor, at: datetime) -> NominationRevision:
    """Send a draft: an immutable revision with its receipt number; the caller commits.

    Raises `EntryClosed`, `NominationSent`, `NotComplete`.
    """
    lock(nomination, at)
    check_open(nomination, at)
    found = what_blocks(nomination)
    if found:
        raise NotComplete(found)
    return send(nomination, actor=actor, at=at)


def send(nomination: Nomination, *, actor: Actor, at: datetime) -> NominationRevision:
    """Make a draft a sent nomination, whatever it lacks; who calls has asked that. The caller commits."""
    revision = _revise(nomination, actor=actor, at=at)
    nomination.state = "submitted"
    nomination.version += 1
    audit.record(
        intake_of(nomination.category), "nomination.submitted", actor, at=at, object_ref=nomination.ref,
        revision=revision.no, receipt=revision.receipt_no, digest=revision.digest,
    )  # fmt: skip
    db.session.flush()
    return revision


def take_back(nomination: Nomination, *, actor: Actor, at: datetime) -> None:
    """Take a sent nomination back before the deadline to correct it; its revision stays. The caller commits.

    Raises `EntryClosed`, `NominationNotSent`.
    """
    lock(nomination, at)
    if nomination.state != "submitted":
        raise NominationNotSent
    if state_at(nomination.category, at) is not State.OPEN:
        raise closed(nomination)
    nomination.state = "draft"
    nomination.version += 1
    audit.record(
        intake_of(nomination.category), "nomination.taken_back", actor, at=at, object_ref=nomination.ref,
        revision=nomination.revision_no,
    )  # fmt: skip
    db.session.flush()


def amend(
    nomination: Nomination,
    changes: Mapping[str, Mapping[str, Any]],
    note: str,
    *,
    still_asked: bool = False,
    actor: Actor,
    at: datetime,
) -> NominationRevision:
    """Answer a change request: set these figures (kind to figure to stored value) and send the next revision.

    A returned nomination becomes resubmitted, unless other requests are `still_asked`; a shortlisted one stays what it
    is. Which figures were asked for is known to the verification, which calls this; the caller commits. Raises
    `WrongState`, `UnknownKind`, `UnfitEvidence`.
    """
    lock(nomination, at)
    if nomination.state not in AMENDABLE:
        raise WrongState
    asked = kinds_asked(rubric_of(nomination.category))
    items = queries.evidence_of(nomination)
    for kind, figures in changes.items():
        if kind not in asked or kind not in KINDS:
            raise UnknownKind
        item = items.get(kind)
        before = saved_in(item)
        data = clean_data(kind, with_figures(kind, before.data, figures))
        store_evidence(nomination, kind, item, replace(before, data=data), actor=actor, at=at)
    revision = _revise(nomination, actor=actor, at=at, note=note.strip())
    if nomination.state == "returned" and not still_asked:
        nomination.state = "resubmitted"
    nomination.version += 1
    audit.record(
        intake_of(nomination.category), "nomination.amended", actor, at=at, object_ref=nomination.ref,
        revision=revision.no, receipt=revision.receipt_no, digest=revision.digest, note=note.strip() or None,
        changes={kind: dict(figures) for kind, figures in changes.items() if figures}, after=nomination.state,
    )  # fmt: skip
    db.session.flush()
    return revision


def send_arrived(nomination: Nomination, document: int, *, actor: Actor, at: datetime) -> NominationRevision:
    """Send the next revision, with a document that was announced before the sending and has arrived now.

    The caller has locked the nomination, and commits.
    """
    revision = _revise(nomination, actor=actor, at=at)
    nomination.version += 1
    audit.record(
        intake_of(nomination.category), "nomination.amended", actor, at=at, object_ref=nomination.ref,
        revision=revision.no, receipt=revision.receipt_no, digest=revision.digest, document=document,
        after=nomination.state,
    )  # fmt: skip
    db.session.flush()
    return revision


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
        submitted_by=actor.account_id,
        submitted_by_name=actor.name,
    )
    db.session.add(revision)
    db.session.flush()
    return revision


def _content(nomination: Nomination) -> dict[str, Any]:
    return assessments_sent(nomination) | {
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
                **({"reused_year": one.reused_year} if one.reused_year is not None else {}),
            }
            for one in queries.attachments_of(nomination)
        ],
    }
