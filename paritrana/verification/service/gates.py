"""Conditions, and whether an indicator applies: a verifier proposes, the chair decides."""

from datetime import datetime

from paritrana.audit import service as audit
from paritrana.core.errors import BadInput, MissingReason, NotFound, ParitranaError, SamePerson, StaleVersion
from paritrana.core.policy import Actor
from paritrana.core.words import N_
from paritrana.cycles.queries import rubric_of
from paritrana.cycles.service import intake_of
from paritrana.database import db
from paritrana.nominations.models import Nomination
from paritrana.panels.queries import has_declared
from paritrana.verification.models import GateFinding, Verification
from paritrana.verification.service.writing import MAX_TEXT, NotDeclared, VerificationLocked, begin, lock

GATE_ANSWERS = {"gate": ("pass", "fail"), "not_applicable": ("applies", "not_applicable")}


class GateNotProposed(ParitranaError):
    """The chair decides on what a verifier proposed."""

    code = "gate_not_proposed"
    message = N_("A verifier must propose this first.")


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
    verification = begin(nomination, at)
    if not has_declared(actor.account_id, nomination.id):
        raise NotDeclared
    _check_code(nomination, subject, code)
    there = _gate_of(verification, subject, code)
    if (there.version if there is not None else 0) != expected:
        raise _gate_stale(there, at)
    if there is None:
        there = GateFinding(verification=verification, subject=subject, gate=code, version=0)
        db.session.add(there)
    there.proposed, there.proposed_reason = proposed, reason.strip()[:MAX_TEXT]
    there.proposed_by, there.proposed_by_name, there.proposed_at = actor.account_id, actor.name, at
    there.decided, there.decided_reason = None, ""
    there.decided_by, there.decided_by_name, there.decided_at = None, None, None
    there.version += 1
    audit.record(
        intake_of(nomination.category), "gate.proposed", actor, at=at, object_ref=nomination.ref, subject=subject,
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
    verification = lock(nomination)
    if not has_declared(actor.account_id, nomination.id):
        raise NotDeclared
    there = _gate_of(verification, subject, code) if verification is not None else None
    if verification is None or there is None:
        raise GateNotProposed
    if verification.state == "closed" and there.decided is not None:
        raise VerificationLocked
    if there.version != expected:
        raise _gate_stale(there, at)
    if there.proposed_by == actor.account_id:
        raise SamePerson
    there.decided, there.decided_reason = decided, reason.strip()[:MAX_TEXT]
    there.decided_by, there.decided_by_name, there.decided_at = actor.account_id, actor.name, at
    there.version += 1
    audit.record(
        intake_of(nomination.category), "gate.decided", actor, at=at, object_ref=nomination.ref, subject=subject,
        gate=code, proposed=there.proposed, proposed_reason=there.proposed_reason, decided=decided,
        reason=there.decided_reason, version=there.version,
    )  # fmt: skip
    db.session.flush()
    return there


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
