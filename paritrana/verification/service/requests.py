"""Change requests and their answers."""

from collections.abc import Collection, Mapping
from datetime import datetime

from paritrana.audit import service as audit
from paritrana.core.errors import BadInput, MissingReason, ParitranaError, StaleVersion, WrongState
from paritrana.core.evidence import KINDS
from paritrana.core.policy import Actor
from paritrana.core.words import N_
from paritrana.cycles.service import intake_of, wait_at
from paritrana.database import db
from paritrana.nominations.models import Nomination, NominationRevision
from paritrana.nominations.service import amend, set_nomination_state
from paritrana.panels.queries import has_declared
from paritrana.verification import queries
from paritrana.verification.figures import DOCUMENTS, Value, to_text
from paritrana.verification.models import ChangeRequest
from paritrana.verification.service.overrides import void_asked
from paritrana.verification.service.writing import MAX_TEXT, NotDeclared, RowRefused, begin


class RequestOpen(ParitranaError):
    """One open question for each figure: the nominee answers it first. Params: `no`."""

    code = "request_open"
    message = N_("Change request %(no)s on one of these figures is open. Wait for the answer, or end it first.")


class ClaimWaits(BadInput):
    """A request asks about a figure whose claim no verifier has seen yet."""

    code = "claim_waits"
    message = N_("Save what you found for these figures first. Then the claim is shown, and you can ask about it.")


class RequestEmpty(BadInput):
    """A request that asks about nothing."""

    code = "request_empty"
    message = N_("Choose at least one figure.")


class DueTooEarly(BadInput):
    """A request that is due before it is sent."""

    code = "due_too_early"
    message = N_("The due date must lie in the future.")


class RequestLate(ParitranaError):
    """The answer comes after the due time."""

    code = "request_late"
    message = N_("The due date of this request has passed. Ask the organiser of the cycle.")


class AnswerMissing(BadInput):
    """A figure of the request was left without answer."""

    code = "answer_missing"
    message = N_("Enter the new figure, or say why your figure is right.")


def ask_changes(
    nomination: Nomination,
    figures: Collection[tuple[str, str]],
    question: str,
    due_at: datetime,
    *,
    actor: Actor,
    at: datetime,
) -> ChangeRequest:
    """Ask the nominee about some figures (kind, figure key) until `due_at`; the caller commits.

    A value that two people set for an indicator computed from these figures is void: the answer may move it.

    Before the shortlist the nomination goes back as returned; after it, it stays what it is and only these figures
    open. Figures with different due dates are asked about in different requests, which may be open at the same time; a
    figure that was answered may be asked about again.

    Raises `NotDeclared`, `RequestOpen`, `RequestEmpty`, `MissingReason` (no question), `DueTooEarly`, `WrongState`.
    """
    if not question.strip():
        raise MissingReason
    audit.lock_stream(intake_of(nomination.category))
    db.session.refresh(nomination.category, ["state"])  # the scoring, in which nobody could answer, may have begun
    verification = begin(nomination, at, reopen=True)
    if not has_declared(actor.account_id, nomination.id):
        raise NotDeclared
    wanted = set(figures)
    for one in verification.requests:
        if one.state == "open" and wanted & {(item["kind"], item["figure"]) for item in one.items}:
            raise RequestOpen(no=one.no)
    if due_at <= at:
        raise DueTooEarly
    rows = [row for item in queries.case_of(nomination).items for row in item.rows]
    chosen = [row for row in rows if (row.figure.kind, row.figure.key) in wanted]
    if any(row.unseen for row in chosen):
        raise ClaimWaits
    if not chosen or len(chosen) != len(wanted):
        raise RequestEmpty
    request = ChangeRequest(
        verification=verification,
        no=len(verification.requests) + 1,
        question=question.strip()[:MAX_TEXT],
        items=[
            {
                "kind": row.figure.kind,
                "figure": row.figure.key,
                "claimed": to_text(row.figure.claimed),
                "found": row.finding.found if row.finding is not None else None,
            }
            for row in chosen
        ],
        due_at=due_at,
        asked_by=actor.account_id,
        asked_by_name=actor.name,
        asked_at=at,
    )
    db.session.add(request)
    wait_at(nomination.category.cycle, due_at)
    verification.version += 1
    audit.record(
        intake_of(nomination.category), "request.asked", actor, at=at, object_ref=nomination.ref, request=request.no,
        question=request.question, due=due_at, figures=[f"{one['kind']}/{one['figure']}" for one in request.items],
    )  # fmt: skip
    db.session.flush()
    void_asked(verification, {one["kind"] for one in request.items}, request.no, actor=actor, at=at)
    if nomination.state in {"submitted", "resubmitted", "verified"}:
        set_nomination_state(
            nomination, "returned", expected=("submitted", "resubmitted", "verified"), reason=None, actor=actor, at=at
        )
    return request


def answer_request(
    request: ChangeRequest,
    values: Mapping[str, Value],
    reasons: Mapping[str, str],
    note: str,
    *,
    expected: int,
    actor: Actor,
    at: datetime,
) -> NominationRevision:
    """Answer a change request: new figures (`kind/figure` to stored value), or why the old ones are right.

    The answer is sent as the next revision; findings on figures that changed are open again. The caller commits.
    Raises `RequestLate`, `WrongState` (answered or ended), `StaleVersion`, `AnswerMissing`, and what `amend` refuses.
    """
    nomination = request.nomination
    audit.lock_stream(intake_of(nomination.category))
    db.session.refresh(request)
    if request.state != "open":
        raise WrongState
    if request.version != expected:
        raise StaleVersion(who=N_("Somebody"), time=at)
    if at > request.due_at:
        raise RequestLate
    names = [f"{item['kind']}/{item['figure']}" for item in request.items]
    for name in names:
        if values.get(name) is None and not reasons.get(name, "").strip():
            raise RowRefused(name, AnswerMissing())
    changes: dict[str, dict[str, Value]] = {}
    for item, name in zip(request.items, names, strict=True):
        value = values.get(name)
        if value is not None and item["kind"] in KINDS:
            changes.setdefault(item["kind"], {})[item["figure"]] = value
    request.state = "answered"
    request.answer = {
        "text": note.strip()[:MAX_TEXT],
        "values": {name: to_text(value) for name, value in values.items() if name in names and value is not None},
        "reasons": {name: text.strip()[:MAX_TEXT] for name, text in reasons.items() if name in names and text.strip()},
    }
    request.answered_by, request.answered_at = actor.account_id, at
    request.version += 1
    audit.record(
        intake_of(nomination.category), "request.answered", actor, at=at, object_ref=nomination.ref, request=request.no,
        values=request.answer["values"], reasons=request.answer["reasons"], note=request.answer["text"] or None,
    )  # fmt: skip
    db.session.flush()
    revision = amend(nomination, changes, note, still_asked=_others(request), actor=actor, at=at)
    _reopen_changed(request, changes, revision, actor=actor, at=at)
    return revision


def _others(request: ChangeRequest) -> bool:
    """Whether the nomination has other requests that wait for an answer."""
    return any(one.state == "open" for one in queries.open_requests(request.nomination) if one.id != request.id)


def _reopen_changed(
    request: ChangeRequest,
    changes: Mapping[str, Mapping[str, Value]],
    revision: NominationRevision,
    *,
    actor: Actor,
    at: datetime,
) -> None:
    """Take back the findings on what changed: the figures, and the documents of a row that was asked about."""
    verification = request.verification
    verification.revision_no = revision.no
    verification.version += 1
    asked = {(item["kind"], item["figure"]) for item in request.items if item["figure"] == DOCUMENTS}
    changed = {(kind, figure) for kind, figures in changes.items() for figure in figures} | asked
    for finding in list(verification.findings):
        if (finding.kind, finding.figure) not in changed:
            continue
        verification.findings.remove(finding)
        db.session.delete(finding)
        audit.record(
            intake_of(verification.category), "finding.reopened", actor, at=at,
            object_ref=verification.nomination.ref, evidence=finding.kind, figure=finding.figure, revision=revision.no,
        )  # fmt: skip
    db.session.flush()


def end_request(request: ChangeRequest, reason: str, *, expected: int, actor: Actor, at: datetime) -> None:
    """End a request without an answer, as when the nominee lets it pass; the caller commits.

    The nomination goes on with the figures it had. Raises `MissingReason`, `WrongState`, `StaleVersion`.
    """
    if not reason.strip():
        raise MissingReason
    nomination = request.nomination
    audit.lock_stream(intake_of(nomination.category))
    db.session.refresh(request)
    if request.state != "open":
        raise WrongState
    if request.version != expected:
        raise StaleVersion(who=N_("Somebody"), time=at)
    request.state = "answered"
    request.answer = {"text": reason.strip()[:MAX_TEXT], "values": {}, "reasons": {}, "ended": True}
    request.answered_by, request.answered_at = actor.account_id, at
    request.version += 1
    audit.record(
        intake_of(nomination.category), "request.ended", actor, at=at, object_ref=nomination.ref, request=request.no,
        reason=request.answer["text"],
    )  # fmt: skip
    db.session.flush()
    if nomination.state == "returned" and not _others(request):
        set_nomination_state(nomination, "resubmitted", expected=("returned",), reason=None, actor=actor, at=at)
