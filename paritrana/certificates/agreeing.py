"""Issuing before the publication: an organiser names every paper by its digest, and the chair agrees to those alone."""

from collections.abc import Collection
from datetime import datetime
from typing import Any

from paritrana.audit import service as audit
from paritrana.certificates.editor.queries import templates_for
from paritrana.certificates.queries import ISSUE_ACT
from paritrana.certificates.service import NothingToIssue, missing_in
from paritrana.certificates.targets import digest_of
from paritrana.certificates.templating import ready_templates, version_for
from paritrana.core.certificates import Kind
from paritrana.core.errors import WrongState
from paritrana.core.lifecycle import State
from paritrana.core.policy import Actor
from paritrana.cycles.models import Category, Proposal
from paritrana.cycles.queries import waiting_proposal
from paritrana.cycles.service import (
    ProposalVoid,
    confirm,
    propose,
    refuse_rehearsal,
    store_due_moves,
    void_proposals,
)
from paritrana.database import db
from paritrana.results.queries import run_in_force


def propose_issue(category: Category, kinds: Collection[Kind], reason: str, *, actor: Actor, at: datetime) -> Proposal:
    """An organiser asks to issue the missing certificates of these kinds before the publication; the caller commits.

    The proposal names every paper with the digest of what it says. Raises `WrongState` in any other state,
    `NothingToIssue`, `MissingReason`, `ProposalWaiting`, `RehearsalHasNoResult`.
    """
    refuse_rehearsal(category)
    ready_templates(category.cycle, kinds, at=at)
    audit.lock_stream(audit.judging(category.cycle.code))
    db.session.refresh(category, with_for_update={"of": Category})
    store_due_moves(category, at=at)
    if category.stored_state is not State.SEALED:
        raise WrongState
    void_moved_issue(category, at=at)
    payload = issue_payload(category, kinds)
    if not payload["list"]:
        raise NothingToIssue
    return propose(
        ISSUE_ACT, category, payload=payload, reason=reason, actor=actor, at=at, needs_reason=True
    )  # fmt: skip


def issue_payload(category: Category, kinds: Collection[Kind]) -> dict[str, Any]:
    """What a proposal to issue names: the kinds, and each paper with the digest of what stands on it."""
    run, templates = run_in_force(category), templates_for(category.cycle)
    if run is None:
        raise WrongState
    names = sorted(kind.value for kind in kinds)
    return {
        "kinds": names,
        "bundle": run.digest,
        "list": [
            [*one.place, digest_of(one, category, run.digest, version_for(templates, one))]
            for one in missing_in(category, kinds)
        ],
    }


def kinds_of(proposal: Proposal) -> list[Kind]:
    """The kinds that a proposal to issue names."""
    return [kind for kind in Kind if kind.value in proposal.payload.get("kinds", ())]


def issue_stands(proposal: Proposal) -> bool:
    """Whether a proposal still names exactly what is to be issued."""
    return bool(proposal.payload == issue_payload(proposal.category, kinds_of(proposal)))


def confirm_issue(proposal: Proposal, digest: str, *, actor: Actor, at: datetime) -> Proposal:
    """The chair agrees to exactly the papers that were named; the caller orders them, and commits.

    Raises `SamePerson`, `WrongState` after the publication, and `ProposalVoid` when anything has moved.
    """
    category = proposal.category
    audit.lock_stream(audit.judging(category.cycle.code))
    db.session.refresh(category, with_for_update={"of": Category})
    store_due_moves(category, at=at)
    if category.stored_state is not State.SEALED:
        raise WrongState
    if not issue_stands(proposal):
        raise ProposalVoid
    confirm(proposal, digest, actor=actor, at=at)
    return proposal


def void_moved_issue(category: Category, *, at: datetime) -> bool:
    """Void the waiting proposal to issue when what it names has moved; the caller commits. Tells whether it was."""
    waiting = waiting_proposal(category, ISSUE_ACT)
    if waiting is None or issue_stands(waiting):
        return False
    void_proposals(category, ISSUE_ACT, at=at)
    return True
