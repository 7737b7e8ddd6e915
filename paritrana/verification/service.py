"""Changes of verifications: findings, gates, change requests, the close by two people, and the shortlist.

`at` is always the cycle's time. Every act locks the cycle's intake stream first, so that two verifiers never write past
each other. Nothing is half saved: a page of findings is stored whole or refused whole.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from paritrana.audit import service as audit
from paritrana.core.errors import (
    BadInput,
    MissingReason,
    NotFound,
    ParitranaError,
    SamePerson,
    StaleVersion,
    WrongState,
)
from paritrana.core.evidence import KINDS
from paritrana.core.lifecycle import State, effective_state
from paritrana.core.policy import Actor
from paritrana.core.words import N_
from paritrana.cycles import service as cycles
from paritrana.cycles.models import Category, Proposal
from paritrana.cycles.queries import rubric_of
from paritrana.database import db
from paritrana.nominations.models import Nomination, NominationRevision
from paritrana.nominations.queries import nominations_of
from paritrana.nominations.service import amend, set_nomination_state
from paritrana.panels.queries import has_declared
from paritrana.verification import queries
from paritrana.verification.figures import DOCUMENTS, VERDICTS, WITHOUT_VALUE, Figure, Value, to_text
from paritrana.verification.models import ChangeRequest, Finding, GateFinding, Verification

MAX_TEXT = 2000
GATE_ANSWERS = {"gate": ("pass", "fail"), "not_applicable": ("applies", "not_applicable")}


class NotDeclared(ParitranaError):
    """An officer writes about a candidate before saying whether something stands between them."""

    code = "not_declared"
    message = N_("Say first whether anything stands between you and this candidate.")


class VerificationLocked(ParitranaError):
    """The close is proposed or done; findings do not change any more."""

    code = "verification_locked"
    message = N_("The close of this verification is proposed or done. It must be returned before anything changes.")


class RevisionChanged(ParitranaError):
    """The nominee sent a new revision while the page was open. Params: `no`."""

    code = "revision_changed"
    message = N_("Revision %(no)s was sent while this page was open. Load it, then enter your findings again.")


class WaitsForAnswer(ParitranaError):
    """A change request asks about the figure; it is judged when the answer is there."""

    code = "waits_for_answer"
    message = N_("A change request asks about this figure. It is judged when the answer is there.")


class VerdictMissing(BadInput):
    """A finding without a verdict."""

    code = "verdict_missing"
    message = N_("Choose a verdict.")


class FoundMissing(BadInput):
    """A verdict that names another figure came without one."""

    code = "found_missing"
    message = N_("Enter the figure you found.")


class FoundDiffers(BadInput):
    """The verdict says that figures match, but they differ."""

    code = "found_differs"
    message = N_("The figure you found differs from the claim. Choose another verdict.")


class NoteMissing(BadInput):
    """Anything but a match needs the page and a note."""

    code = "note_missing"
    message = N_("Enter the page and a note: they are needed unless the figure matches.")


class RequestOpen(ParitranaError):
    """One request at a time: the nominee answers it first."""

    code = "request_open"
    message = N_("A change request is already open. Wait for the answer, or end that request first.")


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


class NotReadyToClose(ParitranaError):
    """Something is still open in the verification. `blockers` name it. Params: `n`."""

    code = "not_ready_to_close"
    message = N_("The verification cannot be closed yet. Things that block it: %(n)s.")

    def __init__(self, found: "Sequence[Blocker]") -> None:
        super().__init__(n=len(found))
        self.blockers = tuple(found)


class CloseNotProposed(ParitranaError):
    """There is no proposal to close that a second person could confirm or return."""

    code = "close_not_proposed"
    message = N_("The close is not proposed, or was returned in the meantime.")


class NotAllVerified(ParitranaError):
    """A sent nomination is neither verified nor withdrawn. Params: `n`, `names`."""

    code = "not_all_verified"
    message = N_("Nominations that are neither verified nor withdrawn: %(n)s (%(names)s). Finish them first.")


class NobodyShortlisted(BadInput):
    """A shortlist without a candidate."""

    code = "nobody_shortlisted"
    message = N_("Choose at least one nomination for the shortlist.")


class LeftOutWithoutReason(MissingReason):
    """Somebody is left out of the shortlist without a reason. Params: `name`."""

    code = "left_out_without_reason"
    message = N_("Write why %(name)s is not on the shortlist.")


class GateNotProposed(ParitranaError):
    """The chair decides on what a verifier proposed."""

    code = "gate_not_proposed"
    message = N_("A verifier must propose this first.")


@dataclass(frozen=True)
class Blocker:
    """Why a verification cannot be closed yet: a sentence, and the item that mends it where there is one."""

    message: str
    params: Mapping[str, Any]
    kind: str = ""


@dataclass(frozen=True)
class Entry:
    """What a verifier says of one figure. `found` is in the stored form; `expected` is the version seen, 0 for none."""

    figure: str
    found: Value
    verdict: str
    document_no: int | None = None
    page: str = ""
    note: str = ""
    expected: int = 0


class RowRefused(BadInput):
    """One row of a page is refused; `figure` names it and `refusal` says why."""

    code = "row_refused"

    def __init__(self, figure: str, refusal: ParitranaError) -> None:
        super().__init__(**refusal.params)
        self.figure, self.refusal = figure, refusal


class RowsStale(StaleVersion):
    """Rows that somebody else judged meanwhile; `figures` names them."""

    def __init__(self, figures: Sequence[str], *, who: str, time: datetime) -> None:
        super().__init__(who=who, time=time)
        self.figures = tuple(figures)


def take(nomination: Nomination, *, actor: Actor, at: datetime) -> Verification:
    """Put one's name to the verification of a nomination; the caller commits. Raises `VerificationLocked`."""
    verification = _for_writing(nomination, at)
    account_id = _account(actor)
    if verification.taken_by == account_id:
        return verification
    before = verification.taker.ref if verification.taker is not None else None
    verification.taken_by, verification.taken_at = account_id, at
    verification.version += 1
    audit.record(
        _stream(nomination.category), "verification.taken", actor, at=at, object_ref=nomination.ref, before=before,
        after=actor.ref,
    )  # fmt: skip
    db.session.flush()
    return verification


def record_findings(
    nomination: Nomination,
    kind: str,
    entries: Sequence[Entry],
    *,
    revision_no: int,
    actor: Actor,
    at: datetime,
) -> list[Finding]:
    """Store what was found for the figures of one item, all or none; the caller commits.

    `revision_no` is the revision the verifier looked at. Raises `NotDeclared`, `VerificationLocked`,
    `RevisionChanged`, `RowsStale`, `RowRefused`.
    """
    verification = _for_writing(nomination, at)
    if not has_declared(_account(actor), nomination.id):
        raise NotDeclared
    if nomination.revision_no != revision_no:
        raise RevisionChanged(no=nomination.revision_no)
    case = queries.case_of(nomination)
    rows = {row.figure.key: row for row in case.item(kind).rows}
    numbers = {document["no"] for document in case.revision.content["attachments"]}
    _refuse_stale(rows, entries, at)
    stored = []
    for entry in entries:
        if entry.figure not in rows:
            raise NotFound
        row = rows[entry.figure]
        refusal = refusal_of(row.figure, entry)
        if row.asked:
            refusal = WaitsForAnswer()
        if entry.document_no is not None and entry.document_no not in numbers:
            raise NotFound
        if refusal is not None:
            raise RowRefused(entry.figure, refusal)
        stored.append(_store_finding(verification, row, entry, actor=actor, at=at))
    if verification.taken_by is None:
        verification.taken_by, verification.taken_at = _account(actor), at
    verification.version += 1
    db.session.flush()
    return stored


def record_finding(
    nomination: Nomination, kind: str, entry: Entry, *, revision_no: int, actor: Actor, at: datetime
) -> Finding:
    """Store what was found for one figure; see `record_findings`."""
    return record_findings(nomination, kind, [entry], revision_no=revision_no, actor=actor, at=at)[0]


def same_as_claim(
    nomination: Nomination,
    kind: str,
    figure: str,
    *,
    document_no: int | None = None,
    page: str = "",
    expected: int,
    revision_no: int,
    actor: Actor,
    at: datetime,
) -> Finding:
    """Find one figure exactly as claimed; see `record_findings`. Raises `NotFound` for an unknown figure."""
    rows = {row.figure.key: row.figure for row in queries.case_of(nomination).item(kind).rows}
    if figure not in rows:
        raise NotFound
    entry = Entry(figure, rows[figure].claimed, "matches", document_no, page, "", expected)
    return record_finding(nomination, kind, entry, revision_no=revision_no, actor=actor, at=at)


def refusal_of(figure: Figure, entry: Entry) -> ParitranaError | None:
    """Why what was entered for one figure cannot stand, or None. The page asks before it asks the service."""
    if entry.verdict not in VERDICTS:
        return VerdictMissing()
    if entry.verdict == "matches":
        return FoundDiffers() if figure.key != DOCUMENTS and entry.found != figure.claimed else None
    if not entry.note.strip() or not entry.page.strip():
        return NoteMissing()
    if entry.verdict not in WITHOUT_VALUE and figure.key != DOCUMENTS and entry.found is None:
        return FoundMissing()
    return None


def _refuse_stale(rows: Mapping[str, queries.Judged], entries: Sequence[Entry], at: datetime) -> None:
    stale = [
        entry.figure
        for entry in entries
        if entry.figure in rows and _version(rows[entry.figure].finding) != entry.expected
    ]
    if not stale:
        return
    theirs = [finding for finding in (rows[figure].finding for figure in stale) if finding is not None]
    if not theirs:  # a change request or an answer opened the row again
        raise RowsStale(stale, who=N_("Somebody"), time=at)
    latest = max(theirs, key=lambda one: one.found_at)
    raise RowsStale(stale, who=latest.found_by_name, time=latest.found_at)


def _version(finding: Finding | None) -> int:
    return finding.version if finding is not None else 0


def _store_finding(
    verification: Verification, row: queries.Judged, entry: Entry, *, actor: Actor, at: datetime
) -> Finding:
    finding, figure = row.finding, row.figure
    if finding is None:
        finding = Finding(verification=verification, kind=figure.kind, figure=figure.key, version=0)
        db.session.add(finding)
    finding.revision_no = verification.nomination.revision_no
    finding.claimed, finding.found = to_text(figure.claimed), to_text(entry.found)
    finding.verdict = entry.verdict
    finding.document_no, finding.page = entry.document_no, entry.page.strip()[:40]
    finding.note = entry.note.strip()[:MAX_TEXT]
    finding.found_by, finding.found_by_name, finding.found_at = _account(actor), actor.name, at
    finding.version += 1
    audit.record(
        _stream(verification.category), "finding.recorded", actor, at=at, object_ref=verification.nomination.ref,
        evidence=figure.kind, figure=figure.key, claimed=finding.claimed, found=finding.found,
        verdict=finding.verdict, document=finding.document_no, page=finding.page or None, note=finding.note or None,
        revision=finding.revision_no, version=finding.version,
    )  # fmt: skip
    return finding


def propose_gate(
    nomination: Nomination,
    subject: str,
    code: str,
    proposed: str,
    reason: str,
    *,
    expected: int,
    actor: Actor,
    at: datetime,
) -> GateFinding:
    """Propose whether a gate is passed, or whether an indicator applies; the caller commits.

    `subject` is `gate` (`pass`, `fail`) or `not_applicable` (`applies`, `not_applicable`). A new proposal takes back
    what the chair had decided. Raises `MissingReason`, `NotDeclared`, `VerificationLocked`, `StaleVersion`, `NotFound`.
    """
    if not reason.strip():
        raise MissingReason
    if proposed not in GATE_ANSWERS.get(subject, ()):
        raise BadInput(proposed)
    verification = _for_writing(nomination, at)
    if not has_declared(_account(actor), nomination.id):
        raise NotDeclared
    _check_code(nomination, subject, code)
    there = _gate_of(verification, subject, code)
    if (there.version if there is not None else 0) != expected:
        raise _gate_stale(there, at)
    if there is None:
        there = GateFinding(verification=verification, subject=subject, gate=code, version=0)
        db.session.add(there)
    there.proposed, there.proposed_reason = proposed, reason.strip()[:MAX_TEXT]
    there.proposed_by, there.proposed_by_name, there.proposed_at = _account(actor), actor.name, at
    there.decided, there.decided_reason = None, ""
    there.decided_by, there.decided_by_name, there.decided_at = None, None, None
    there.version += 1
    audit.record(
        _stream(nomination.category), "gate.proposed", actor, at=at, object_ref=nomination.ref, subject=subject,
        gate=code, proposed=proposed, reason=there.proposed_reason, version=there.version,
    )  # fmt: skip
    db.session.flush()
    return there


def decide_gate(
    nomination: Nomination,
    subject: str,
    code: str,
    decided: str,
    reason: str,
    *,
    expected: int,
    actor: Actor,
    at: datetime,
) -> GateFinding:
    """Decide as the chair on what a verifier proposed; the caller commits.

    Raises `MissingReason`, `NotDeclared`, `GateNotProposed`, `SamePerson`, `StaleVersion`, `WrongState` (closed in
    the meantime).
    """
    if not reason.strip():
        raise MissingReason
    if decided not in GATE_ANSWERS.get(subject, ()):
        raise BadInput(decided)
    verification = _locked(nomination)
    if not has_declared(_account(actor), nomination.id):
        raise NotDeclared
    there = _gate_of(verification, subject, code) if verification is not None else None
    if verification is None or there is None:
        raise GateNotProposed
    if verification.state == "closed" and there.decided is not None:
        raise VerificationLocked
    if there.version != expected:
        raise _gate_stale(there, at)
    if there.proposed_by == _account(actor):
        raise SamePerson
    there.decided, there.decided_reason = decided, reason.strip()[:MAX_TEXT]
    there.decided_by, there.decided_by_name, there.decided_at = _account(actor), actor.name, at
    there.version += 1
    audit.record(
        _stream(nomination.category), "gate.decided", actor, at=at, object_ref=nomination.ref, subject=subject,
        gate=code, decided=decided, reason=there.decided_reason, version=there.version,
    )  # fmt: skip
    db.session.flush()
    return there


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

    Before the shortlist the nomination goes back as returned; after it, it stays what it is and only these figures
    open. Raises `NotDeclared`, `RequestOpen`, `RequestEmpty`, `MissingReason` (no question), `DueTooEarly`,
    `WrongState`.
    """
    if not question.strip():
        raise MissingReason
    verification = _for_writing(nomination, at, reopen=True)
    if not has_declared(_account(actor), nomination.id):
        raise NotDeclared
    if any(one.state == "open" for one in verification.requests):
        raise RequestOpen
    if due_at <= at:
        raise DueTooEarly
    rows = [row for item in queries.case_of(nomination).items for row in item.rows]
    chosen = [row for row in rows if (row.figure.kind, row.figure.key) in set(figures)]
    if not chosen or len(chosen) != len(set(figures)):
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
        asked_by=_account(actor),
        asked_by_name=actor.name,
        asked_at=at,
    )
    db.session.add(request)
    verification.version += 1
    audit.record(
        _stream(nomination.category), "request.asked", actor, at=at, object_ref=nomination.ref, request=request.no,
        question=request.question, due=due_at, figures=[f"{one['kind']}/{one['figure']}" for one in request.items],
    )  # fmt: skip
    db.session.flush()
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
    audit.lock_stream(_stream(nomination.category))
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
    request.answered_by, request.answered_at = _account(actor), at
    request.version += 1
    audit.record(
        _stream(nomination.category), "request.answered", actor, at=at, object_ref=nomination.ref, request=request.no,
        values=request.answer["values"], reasons=request.answer["reasons"], note=request.answer["text"] or None,
    )  # fmt: skip
    db.session.flush()
    revision = amend(nomination, changes, note, actor=actor, at=at)
    _reopen_changed(request, changes, revision, actor=actor, at=at)
    return revision


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
            _stream(verification.category), "finding.reopened", actor, at=at,
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
    audit.lock_stream(_stream(nomination.category))
    db.session.refresh(request)
    if request.state != "open":
        raise WrongState
    if request.version != expected:
        raise StaleVersion(who=N_("Somebody"), time=at)
    request.state = "answered"
    request.answer = {"text": reason.strip()[:MAX_TEXT], "values": {}, "reasons": {}, "ended": True}
    request.answered_by, request.answered_at = _account(actor), at
    request.version += 1
    audit.record(
        _stream(nomination.category), "request.ended", actor, at=at, object_ref=nomination.ref, request=request.no,
        reason=reason.strip(),
    )  # fmt: skip
    db.session.flush()
    if nomination.state == "returned":
        set_nomination_state(nomination, "resubmitted", expected=("returned",), reason=None, actor=actor, at=at)


def close_blockers(case: queries.Case, *, decided: bool) -> list[Blocker]:
    """What keeps a verification from closing; with `decided` also the gates that the chair has not decided."""
    found = []
    for item in case.items:
        if item.open:
            found.append(Blocker(N_("%(title)s: %(n)s figures without a verdict."), {"n": item.open}, item.kind))
    if case.open_request is not None:
        found.append(Blocker(N_("Change request %(no)s is not answered yet."), {"no": case.open_request.no}))
    gates = case.gates
    for gate in case.rubric.gates:
        there = gates.get(("gate", gate["code"]))
        if there is None:
            found.append(Blocker(N_("A condition has no proposal yet: %(gate)s"), {"gate": gate}))
        elif there.decided is None and decided:
            found.append(Blocker(N_("The chair has not decided on a condition yet: %(gate)s"), {"gate": gate}))
    for (subject, code), there in gates.items():
        if subject == "not_applicable" and there.decided is None and decided:
            message = N_("The chair has not decided yet whether indicator %(code)s applies.")
            found.append(Blocker(message, {"code": code}))
    return found


def propose_close(nomination: Nomination, *, expected: int, actor: Actor, at: datetime) -> Verification:
    """Propose to close a verification, as the first person; the caller commits.

    Raises `NotDeclared`, `NotReadyToClose`, `VerificationLocked`, `StaleVersion`, `WrongState`.
    """
    verification = _for_writing(nomination, at)
    if not has_declared(_account(actor), nomination.id):
        raise NotDeclared
    if nomination.state not in {"submitted", "resubmitted", *queries.AFTER_SHORTLIST}:
        raise WrongState
    if verification.version != expected:
        raise _stale(verification)
    found = close_blockers(queries.case_of(nomination), decided=False)
    if found:
        raise NotReadyToClose(found)
    verification.state = "proposed"
    verification.proposed_by, verification.proposed_person_id = _account(actor), actor.person_id
    verification.proposed_at = at
    verification.version += 1
    audit.record(
        _stream(nomination.category), "verification.close_proposed", actor, at=at, object_ref=nomination.ref,
        revision=verification.revision_no, version=verification.version,
    )  # fmt: skip
    db.session.flush()
    return verification


def return_close(nomination: Nomination, note: str, *, expected: int, actor: Actor, at: datetime) -> Verification:
    """Send a proposed close back to the first person with a note; the caller commits.

    Raises `MissingReason`, `CloseNotProposed`, `SamePerson`, `StaleVersion`.
    """
    if not note.strip():
        raise MissingReason
    verification = _proposed(nomination, expected, actor)
    verification.state = "open"
    verification.return_note = note.strip()[:MAX_TEXT]
    verification.proposed_by, verification.proposed_person_id, verification.proposed_at = None, None, None
    verification.version += 1
    audit.record(
        _stream(nomination.category), "verification.close_returned", actor, at=at, object_ref=nomination.ref,
        note=verification.return_note, version=verification.version,
    )  # fmt: skip
    db.session.flush()
    return verification


def close(nomination: Nomination, *, expected: int, actor: Actor, at: datetime) -> Verification:
    """Close a verification as the second person: the nomination is verified; the caller commits.

    Raises `CloseNotProposed`, `SamePerson`, `NotDeclared`, `NotReadyToClose`, `StaleVersion`.
    """
    verification = _proposed(nomination, expected, actor)
    if not has_declared(_account(actor), nomination.id):
        raise NotDeclared
    found = close_blockers(queries.case_of(nomination), decided=True)
    if found:
        raise NotReadyToClose(found)
    verification.state = "closed"
    verification.closed_by, verification.closed_person_id = _account(actor), actor.person_id
    verification.closed_at, verification.return_note = at, ""
    verification.version += 1
    audit.record(
        _stream(nomination.category), "verification.closed", actor, at=at, object_ref=nomination.ref,
        revision=verification.revision_no, first=verification.proposed_person_id, version=verification.version,
    )  # fmt: skip
    db.session.flush()
    if nomination.state not in queries.AFTER_SHORTLIST:
        set_nomination_state(
            nomination, "verified", expected=("submitted", "resubmitted"), reason=None, actor=actor, at=at
        )
    return verification


def propose_shortlist(
    category: Category,
    chosen: Collection[str],
    left_out: Mapping[str, str],
    reason: str,
    *,
    actor: Actor,
    at: datetime,
) -> Proposal:
    """Propose which verified nominations (by reference) are shortlisted and why the others are not; the caller commits.

    Raises `WrongState`, `NotAllVerified`, `NobodyShortlisted`, `LeftOutWithoutReason`, `MissingReason`,
    `ProposalWaiting`.
    """
    audit.lock_stream(_stream(category))
    verified = _verified(category, at)
    refs = {one.ref for one in verified}
    if not set(chosen) <= refs:
        raise NotFound
    if not chosen:
        raise NobodyShortlisted
    for nomination in verified:
        if nomination.ref not in chosen and not left_out.get(nomination.ref, "").strip():
            raise RowRefused(nomination.ref, LeftOutWithoutReason(name=nomination.organisation.name))
    payload = {
        "shortlisted": sorted(chosen),
        "left_out": {ref: left_out[ref].strip()[:MAX_TEXT] for ref in sorted(refs - set(chosen))},
    }
    return cycles.propose(
        queries.SHORTLIST, category, payload=payload, reason=reason, actor=actor, at=at, needs_reason=True
    )


def confirm_shortlist(proposal: Proposal, digest: str, *, actor: Actor, at: datetime) -> None:
    """Confirm a proposed shortlist as the chair: the nominations move, and the category goes on to the interviews.

    The caller commits. Raises `SamePerson`, `ProposalVoid` when a nomination came or went since, `NotAllVerified`,
    `WrongState`.
    """
    category = proposal.category
    audit.lock_stream(_stream(category))
    verified = {one.ref: one for one in _verified(category, at)}
    chosen, left_out = proposal.payload["shortlisted"], proposal.payload["left_out"]
    if set(verified) != {*chosen, *left_out}:
        raise cycles.ProposalVoid
    cycles.confirm(proposal, digest, actor=actor, at=at)
    for ref in chosen:
        set_nomination_state(verified[ref], "shortlisted", expected=("verified",), reason=None, actor=actor, at=at)
    for ref, why in left_out.items():
        set_nomination_state(verified[ref], "not_shortlisted", expected=("verified",), reason=why, actor=actor, at=at)
    cycles.set_state(category, State.INTERVIEW, expected=State.VERIFICATION, actor=actor, at=at, reason=proposal.reason)


def _verified(category: Category, at: datetime) -> list[Nomination]:
    if _state(category, at) is not State.VERIFICATION:
        raise WrongState
    there = nominations_of(category)
    waiting = [one for one in there if one.state in queries.IN_VERIFICATION]
    if waiting:
        names = [one.organisation.name for one in waiting]
        raise NotAllVerified(n=len(waiting), names=", ".join(names[:5]) + (", …" if len(names) > 5 else ""))
    return [one for one in there if one.state == "verified"]


def _for_writing(nomination: Nomination, at: datetime, *, reopen: bool = False) -> Verification:
    """The verification, locked and begun, while its figures may change; `reopen` opens a closed one again."""
    verification = _locked(nomination)
    in_work = nomination.state in {*queries.IN_VERIFICATION, *queries.AFTER_SHORTLIST, "verified"}
    if not in_work or _state(nomination.category, at) not in {State.VERIFICATION, State.INTERVIEW}:
        raise WrongState
    if verification is None:
        verification = Verification(nomination=nomination, revision_no=nomination.revision_no, version=0)
        db.session.add(verification)
        db.session.flush()
        return verification
    if verification.state != "open":
        if not reopen:
            raise VerificationLocked
        verification.state = "open"
        verification.proposed_by, verification.proposed_person_id, verification.proposed_at = None, None, None
        verification.closed_by, verification.closed_person_id, verification.closed_at = None, None, None
    return verification


def _locked(nomination: Nomination) -> Verification | None:
    audit.lock_stream(_stream(nomination.category))
    db.session.refresh(nomination, ["state", "revision_no", "version"])
    return queries.find_verification(nomination)


def _proposed(nomination: Nomination, expected: int, actor: Actor) -> Verification:
    verification = _locked(nomination)
    if verification is None or verification.state != "proposed":
        raise CloseNotProposed
    if verification.version != expected:
        raise _stale(verification)
    if actor.person_id is None or actor.person_id == verification.proposed_person_id:
        raise SamePerson
    return verification


def _check_code(nomination: Nomination, subject: str, code: str) -> None:
    rubric = rubric_of(nomination.category)
    known = {gate["code"] for gate in rubric.gates} if subject == "gate" else {one.code for one in rubric.indicators}
    if code not in known:
        raise NotFound


def _gate_of(verification: Verification, subject: str, code: str) -> GateFinding | None:
    return next((one for one in verification.gates if (one.subject, one.gate) == (subject, code)), None)


def _gate_stale(there: GateFinding | None, at: datetime) -> StaleVersion:
    if there is None:
        return StaleVersion(who=N_("Somebody"), time=at)
    return StaleVersion(who=there.decided_by_name or there.proposed_by_name, time=there.decided_at or there.proposed_at)


def _stale(verification: Verification) -> StaleVersion:
    latest = max(verification.findings, key=lambda one: one.found_at, default=None)
    if latest is None:
        return StaleVersion(who=N_("Somebody"), time=verification.taken_at or verification.nomination.created_at)
    return StaleVersion(who=latest.found_by_name, time=latest.found_at)


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
