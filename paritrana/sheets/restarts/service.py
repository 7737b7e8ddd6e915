"""The one step backward: chair and organiser score a category afresh. What was scored stays on record, uncounted."""

from datetime import datetime
from typing import Any

from paritrana.audit import service as audit
from paritrana.core.errors import ParitranaError, WrongState
from paritrana.core.lifecycle import RESTART
from paritrana.core.policy import Actor
from paritrana.core.words import N_
from paritrana.cycles.models import Category, Proposal
from paritrana.cycles.queries import RESTART_ACT, waiting_proposal
from paritrana.cycles.service import ProposalVoid, confirm, propose, restart, void_proposals
from paritrana.database import canonical, db
from paritrana.interviews.service import ATTENDANCE_ACT
from paritrana.sheets.consolidations.closing import close_unfinished
from paritrana.sheets.restarts import queries


class NothingScored(ParitranaError):
    """No sheet has been opened: there is nothing to score afresh."""

    code = "nothing_scored"
    message = N_("No sheet has been opened in this category. There is nothing to score afresh.")


def _payload(category: Category) -> dict[str, Any]:
    return {"attempt": category.attempt, "sheets": queries.affected(category)}


def propose_restart(category: Category, reason: str, *, actor: Actor, at: datetime) -> Proposal:
    """The chair proposes to score a category afresh, naming every sheet that no longer counts; the caller commits.

    Raises `WrongState`, `NothingScored`, `MissingReason`, `ProposalWaiting`.
    """
    audit.lock_stream(audit.judging(category.cycle.code))
    db.session.refresh(category)
    if category.stored_state not in RESTART:
        raise WrongState
    payload = _payload(category)
    if not payload["sheets"]:
        raise NothingScored
    waiting = waiting_proposal(category, RESTART_ACT)
    if waiting is not None and not stands(waiting):
        void_proposals(category, RESTART_ACT, at=at)
    return propose(RESTART_ACT, category, payload=payload, reason=reason, needs_reason=True, actor=actor, at=at)


def stands(proposal: Proposal) -> bool:
    """Whether a proposal still names every sheet that is open now."""
    return canonical(dict(proposal.payload)) == canonical(_payload(proposal.category))


def confirm_restart(proposal: Proposal, digest: str, *, actor: Actor, at: datetime) -> None:
    """An organiser confirms exactly what the chair proposed; the caller commits.

    The category stands in the interviews again, in its next attempt; second scorings and proposed changes of presenters
    end. Raises `SamePerson`, `WrongState`, `ProposalVoid` when a sheet was opened since.
    """
    category = proposal.category
    audit.lock_stream(audit.judging(category.cycle.code))
    reason = proposal.reason or ""
    confirm(proposal, digest, actor=actor, at=at)
    if not stands(proposal):
        raise ProposalVoid
    close_unfinished(category, reason, actor=actor, at=at)
    void_proposals(category, ATTENDANCE_ACT, at=at)
    restart(category, actor=actor, at=at, reason=reason)


def void_moved_restart(category: Category, *, at: datetime) -> bool:
    """Void the waiting proposal when a sheet was opened since; the caller commits. Tells whether it was."""
    waiting = waiting_proposal(category, RESTART_ACT)
    if waiting is None or stands(waiting):
        return False
    void_proposals(category, RESTART_ACT, at=at)
    return True
