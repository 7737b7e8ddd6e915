"""Objections: filed inside the window with a reason, answered with a reason; a granted one changes what was found."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from paritrana.audit import service as audit
from paritrana.core.errors import BadInput, MissingReason, NotFound, ParitranaError, WrongState
from paritrana.core.lifecycle import State
from paritrana.core.policy import Actor
from paritrana.core.words import N_
from paritrana.cycles.models import Category, Proposal
from paritrana.cycles.queries import cycle_time
from paritrana.cycles.service import ProposalVoid, confirm, propose, store_due_moves
from paritrana.database import db, random_ref
from paritrana.files.models import Blob
from paritrana.nominations.models import Nomination
from paritrana.publication.objections import queries
from paritrana.publication.objections.models import ANSWERS, FINDING, GRANTED, OPEN, Objection, ObjectionFile
from paritrana.publication.objections.queries import ANSWER_ACT, Target
from paritrana.verification.figures import Value, to_text
from paritrana.verification.service.objected import change_finding, change_gate

MAX_FILES = 5
MAX_TEXT = 2000


class WindowClosed(ParitranaError):
    """An objection came after the window. Params: `time`, its last second."""

    code = "objection_window_closed"
    message = N_("The time for objections ended on %(time)s. What was filed by then is answered.")


class NoWindow(ParitranaError):
    """Nobody can object to this result."""

    code = "no_objection_window"
    message = N_("This result was published without a time for objections.")


class AlreadyObjected(ParitranaError):
    """The same finding is objected to already, and the answer is still to come."""

    code = "already_objected"
    message = N_("You have already objected to this. The answer is still to come.")


class AlreadyAnswered(ParitranaError):
    """An answer stands."""

    code = "already_answered"
    message = N_("This objection is already answered.")


class TooManyFiles(BadInput):
    """More files than an objection takes. Params: `limit`."""

    code = "too_many_objection_files"
    message = N_("Choose at most %(limit)s files.")


class BecomesMissing(BadInput):
    """A granted objection says what is found from now on."""

    code = "becomes_missing"
    message = N_("Write the figure that holds from now on.")


@dataclass(frozen=True)
class Answer:
    """What is answered: granted or refused, why, and for a granted one the figure that holds from now on."""

    state: str
    reason: str
    found: Value = None


def file_objection(
    nomination: Nomination,
    target: Target,
    reason: str,
    files: Sequence[tuple[Blob, str]],
    *,
    actor: Actor,
    at: datetime,
) -> Objection:
    """File an objection with its evidence, as the nominee; `at` is the system's moment; the caller commits.

    Raises `NoWindow`, `WindowClosed`, `MissingReason`, `AlreadyObjected`, `TooManyFiles`, `WrongState`.
    """
    if not reason.strip():
        raise MissingReason
    if len(files) > MAX_FILES:
        raise TooManyFiles(limit=MAX_FILES)
    category = nomination.category
    moment = cycle_time(category.cycle, at)
    audit.lock_stream(audit.judging(category.cycle.code))
    _refresh(category, moment)
    until = queries.window_of(category, at)
    if until is None:
        raise NoWindow
    if moment > until:
        raise WindowClosed(time=until)
    if any((one.subject, one.kind, one.code) == (target.subject, target.kind, target.code) and one.state == OPEN
           for one in queries.objections_of(nomination)):  # fmt: skip
        raise AlreadyObjected
    objection = Objection(
        ref=random_ref("K"), nomination=nomination, subject=target.subject, kind=target.kind, code=target.code,
        stood=target.stood, reason=reason.strip(), filed_by=actor.account_id, filed_by_name=actor.name,
        filed_at=moment, state=OPEN, version=1,
    )  # fmt: skip
    objection.files = [ObjectionFile(no=no, blob=blob, name=name) for no, (blob, name) in enumerate(files, start=1)]
    db.session.add(objection)
    db.session.flush()
    audit.record(
        audit.judging(category.cycle.code), "objection.filed", actor, at=moment, object_ref=objection.ref,
        **_told(objection), files=_told_files(objection),
    )  # fmt: skip
    return objection


def answer_objection(objection: Objection, answer: Answer, *, actor: Actor, at: datetime) -> Objection:
    """Answer as the chair; a granted objection changes what was found; `at` is the cycle's time; the caller commits.

    What is public changes only by a correction. Raises `AlreadyAnswered`, `MissingReason`, `BecomesMissing`.
    """
    _lock(objection, at)
    check_answer(objection, answer)
    _answer(objection, answer, actor=actor, at=at, proposal=None)
    return objection


def propose_answer(objection: Objection, answer: Answer, *, actor: Actor, at: datetime) -> Proposal:
    """Propose an answer to the chair, as an organiser; the caller commits. Raises as `answer_objection`."""
    _lock(objection, at)
    check_answer(objection, answer)
    return propose(
        ANSWER_ACT, objection.category, subject_ref=objection.ref, payload=_payload(objection, answer),
        reason=answer.reason, actor=actor, at=at, needs_reason=True,
    )  # fmt: skip


def confirm_answer(proposal: Proposal, digest: str, *, actor: Actor, at: datetime) -> Objection:
    """Confirm as the chair what an organiser proposed; the caller commits. Raises `SamePerson`, `ProposalVoid`."""
    objection = queries.get_objection(proposal.category.cycle.code, proposal.subject_ref)
    _lock(objection, at)
    payload = confirm(proposal, digest, actor=actor, at=at)
    found = payload["found"]
    answer = Answer(payload["state"], payload["reason"], _value(found))
    if objection.state != OPEN or dict(payload) != _payload(objection, answer):
        raise ProposalVoid
    _answer(objection, answer, actor=actor, at=at, proposal=proposal)
    return objection


def check_answer(objection: Objection, answer: Answer) -> None:
    """Refuse an answer that cannot stand."""
    if objection.state != OPEN:
        raise AlreadyAnswered
    if answer.state not in ANSWERS:
        raise BadInput(answer.state)
    if not answer.reason.strip():
        raise MissingReason
    if answer.state == GRANTED and objection.subject == FINDING and answer.found is None:
        raise BecomesMissing


def _answer(objection: Objection, answer: Answer, *, actor: Actor, at: datetime, proposal: Proposal | None) -> None:
    reason, nomination = answer.reason.strip(), objection.nomination
    if answer.state == GRANTED and objection.subject == FINDING:
        change_finding(nomination, objection.kind, objection.code, answer.found, reason, actor=actor, at=at)
        objection.becomes = to_text(answer.found)
    elif answer.state == GRANTED:
        change_gate(nomination, objection.code, "pass", reason, actor=actor, at=at)
        objection.becomes = "pass"
    objection.state, objection.answer = answer.state, reason
    objection.answered_by, objection.answered_by_name, objection.answered_at = actor.account_id, actor.name, at
    objection.version += 1
    db.session.flush()
    audit.record(
        audit.judging(objection.category.cycle.code), "objection.answered", actor, at=at, object_ref=objection.ref,
        **_told(objection), proposal=None if proposal is None else proposal.ref,
    )  # fmt: skip


def _told_files(objection: Objection) -> list[dict[str, Any]]:
    return [{"no": one.no, "name": one.name, "sha256": one.blob.sha256} for one in objection.files]


def _told(objection: Objection) -> dict[str, Any]:
    """What the events of an objection say of it, complete each time."""
    return {
        "nomination": objection.nomination.ref, "about": objection.subject, "evidence": objection.kind or None,
        "code": objection.code, "stood": objection.stood, "reason": objection.reason, "state": objection.state,
        "answer": objection.answer or None, "becomes": objection.becomes, "version": objection.version,
    }  # fmt: skip


def _payload(objection: Objection, answer: Answer) -> dict[str, Any]:
    return {
        "objection": objection.ref, "version": objection.version, "state": answer.state,
        "reason": answer.reason.strip(), "found": answer.found,
    }  # fmt: skip


def _value(found: Any) -> Value:
    return found if isinstance(found, int | str) else None


def _lock(objection: Objection, at: datetime) -> None:
    """The streams in the order of a move from one to the other, then the objection as it stands now."""
    category = objection.category
    audit.lock_stream(audit.intake(category.cycle.code))
    audit.lock_stream(audit.judging(category.cycle.code))
    _refresh(category, at)
    db.session.refresh(objection, with_for_update={"of": Objection})
    if objection.state != OPEN:
        raise AlreadyAnswered


def _refresh(category: Category, at: datetime) -> None:
    db.session.refresh(category, with_for_update={"of": Category})
    store_due_moves(category, at=at)
    if category.stored_state is not State.PUBLISHED:
        raise WrongState


def find_target(nomination: Nomination, key: str) -> Target:
    """What a form named. Raises `NotFound`."""
    found = next((one for one in queries.targets_of(nomination) if one.key == key), None)
    if found is None:
        raise NotFound
    return found
