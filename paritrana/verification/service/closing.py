"""The close of a verification, by two people."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from paritrana.audit import service as audit
from paritrana.core.errors import MissingReason, ParitranaError, SamePerson, WrongState
from paritrana.core.policy import Actor
from paritrana.core.words import N_
from paritrana.cycles.service import intake_of
from paritrana.database import db
from paritrana.nominations.models import Nomination
from paritrana.nominations.service import set_nomination_state
from paritrana.panels.queries import has_declared
from paritrana.verification import queries
from paritrana.verification.models import Verification
from paritrana.verification.service.writing import MAX_TEXT, NotDeclared, begin, lock, stale


@dataclass(frozen=True)
class Blocker:
    """Why a verification cannot be closed yet: a sentence, and the item that mends it where there is one."""

    message: str
    params: Mapping[str, Any]
    kind: str = ""


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


def close_blockers(case: queries.Case, *, decided: bool) -> list[Blocker]:
    """What keeps a verification from closing; with `decided` also the gates that the chair has not decided."""
    found = []
    for item in case.items:
        if item.open:
            found.append(Blocker(N_("%(title)s: %(n)s figures without a verdict."), {"n": item.open}, item.kind))
    for request in case.requests:
        if request.state == "open":
            found.append(Blocker(N_("Change request %(no)s is not answered yet."), {"no": request.no}))
    for override in case.verification.overrides if case.verification is not None else []:
        if override.state == "proposed":
            message = N_("A value for indicator %(code)s waits for a second person.")
            found.append(Blocker(message, {"code": override.indicator}))
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
    verification = begin(nomination, at)
    if not has_declared(actor.account_id, nomination.id):
        raise NotDeclared
    if nomination.state not in {"submitted", "resubmitted", *queries.AFTER_SHORTLIST}:
        raise WrongState
    if verification.version != expected:
        raise stale(verification)
    found = close_blockers(queries.case_of(nomination), decided=False)
    if found:
        raise NotReadyToClose(found)
    verification.state = "proposed"
    verification.proposed_by, verification.proposed_person_id = actor.account_id, actor.person_id
    verification.proposed_at = at
    verification.version += 1
    audit.record(
        intake_of(nomination.category), "verification.close_proposed", actor, at=at, object_ref=nomination.ref,
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
        intake_of(nomination.category), "verification.close_returned", actor, at=at, object_ref=nomination.ref,
        note=verification.return_note, version=verification.version,
    )  # fmt: skip
    db.session.flush()
    return verification


def close(nomination: Nomination, *, expected: int, actor: Actor, at: datetime) -> Verification:
    """Close a verification as the second person: the nomination is verified; the caller commits.

    Raises `CloseNotProposed`, `SamePerson`, `NotDeclared`, `NotReadyToClose`, `StaleVersion`.
    """
    verification = _proposed(nomination, expected, actor)
    if not has_declared(actor.account_id, nomination.id):
        raise NotDeclared
    found = close_blockers(queries.case_of(nomination), decided=True)
    if found:
        raise NotReadyToClose(found)
    verification.state = "closed"
    verification.closed_by, verification.closed_person_id = actor.account_id, actor.person_id
    verification.closed_at, verification.return_note = at, ""
    verification.version += 1
    audit.record(
        intake_of(nomination.category), "verification.closed", actor, at=at, object_ref=nomination.ref,
        revision=verification.revision_no, first=verification.proposed_person_id, version=verification.version,
    )  # fmt: skip
    db.session.flush()
    if nomination.state not in queries.AFTER_SHORTLIST:
        set_nomination_state(
            nomination, "verified", expected=("submitted", "resubmitted"), reason=None, actor=actor, at=at
        )
    return verification


def _proposed(nomination: Nomination, expected: int, actor: Actor) -> Verification:
    verification = lock(nomination)
    if verification is None or verification.state != "proposed":
        raise CloseNotProposed
    if verification.version != expected:
        raise stale(verification)
    if actor.person_id is None or actor.person_id == verification.proposed_person_id:
        raise SamePerson
    return verification
