"""Correcting what is public: an organiser asks with a reason, the chair confirms the same digests."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from paritrana.audit import service as audit
from paritrana.certificates.ending import follow_correction
from paritrana.core.errors import ParitranaError, WrongState
from paritrana.core.lifecycle import State
from paritrana.core.policy import Actor
from paritrana.core.words import N_
from paritrana.cycles.models import Category, Proposal
from paritrana.cycles.queries import waiting_proposal
from paritrana.cycles.service import ProposalVoid, confirm, propose, refuse_rehearsal, store_due_moves, void_proposals
from paritrana.database import db
from paritrana.publication import queries
from paritrana.publication.models import Publication
from paritrana.publication.queries import CORRECT_ACT
from paritrana.publication.snapshot import digest_of
from paritrana.results import queries as results
from paritrana.results.corrections.service import correct, holders_of
from paritrana.results.models import ResultRun
from paritrana.results.service import build_run, sha256
from paritrana.results.table import Json


class NothingToCorrect(ParitranaError):
    """The newest run is the one that is public."""

    code = "nothing_to_correct"
    message = N_("There is no newer run than the published one. Calculate a new run first.")


class RunOutdated(ParitranaError):
    """What the newest run was computed from has changed since, or the page showed another run."""

    code = "run_outdated"
    message = N_("What the run was computed from has changed since. Calculate a new run.")


@dataclass(frozen=True)
class Draft:
    """What a correction would publish: the run, its public table, and whether it is computed from what stands now."""

    run: ResultRun
    table: Json
    current: bool


def build_correcting_run(category: Category, *, actor: Actor, at: datetime) -> ResultRun:
    """Compute the ranking of a published category from what is found now; the caller commits.

    Nothing public changes by it. A waiting proposal of an earlier run is void. Raises `WrongState`.
    """
    refuse_rehearsal(category)
    run = build_run(category, actor=actor, at=at, state=State.PUBLISHED)
    void_proposals(category, CORRECT_ACT, at=at)
    return run


def draft_of(category: Category) -> Draft | None:
    """What would be published by a correction, where a run is newer than the one in force."""
    newest, in_force = results.latest_run(category), results.run_in_force(category)
    if newest is None or in_force is None or newest.no <= in_force.no:
        return None
    titles = {
        one.candidate: (one.title_id, one.title_en) for one in holders_of(category, _rows(newest))
    }  # fmt: skip
    table = queries.table_of_run(category, newest, titles, newest.built_at)
    return Draft(newest, table, newest.inputs_digest == results.inputs_digest(category))


def propose_correction(category: Category, digest: str, reason: str, *, actor: Actor, at: datetime) -> Proposal:
    """An organiser asks to publish the run with `digest` in place of what is public; the caller commits.

    Raises `WrongState`, `NothingToCorrect`, `RunOutdated`, `MissingReason`, `ProposalWaiting`.
    """
    refuse_rehearsal(category)
    _lock(category, at)
    draft = draft_of(category)
    if draft is None:
        raise NothingToCorrect
    if draft.run.digest != digest or not draft.current:
        raise RunOutdated
    void_moved_correction(category, at=at)
    return propose(
        CORRECT_ACT, category, payload=_payload(category, draft), reason=reason, actor=actor, at=at, needs_reason=True
    )


def confirm_correction(proposal: Proposal, digest: str, *, actor: Actor, at: datetime) -> Publication:
    """The chair confirms the same run: version, titles, certificates and events together; the caller commits.

    Raises `SamePerson`, and `ProposalVoid` when anything the proposal names has moved.
    """
    category = proposal.category
    _lock(category, at)
    payload = confirm(proposal, digest, actor=actor, at=at)
    draft, before = draft_of(category), queries.newest_version(category)
    if draft is None or before is None or not draft.current or payload != _payload(category, draft):
        raise ProposalVoid
    if sha256(draft.run.bundle) != draft.run.digest:
        raise ProposalVoid
    reason = proposal.reason or ""
    moved = correct(category, draft.run, _rows(draft.run), reason, proposal=proposal, actor=actor, at=at)
    publication = Publication(
        category=category,
        version_no=queries.last_version_no(category) + 1,
        bundle=draft.run.bundle,
        digest=draft.run.digest,
        table=draft.table,
        published_at=at,
        replaces_no=before.version_no,
        reason=reason,
        objections_until=before.objections_until,
        proposed_by=proposal.proposer_id,
        confirmed_by=actor.user_id,
    )
    db.session.add(publication)
    db.session.flush()
    audit.record(
        audit.judging(category.cycle.code), "result.corrected", actor, at=at,
        object_ref=f"{category.cycle.code}/{category.slug}", version=publication.version_no, replaces=before.version_no,
        reason=reason, run=draft.run.ref, digest=publication.digest, table_digest=payload["table_digest"],
        proposal=proposal.ref,
    )  # fmt: skip
    follow_correction(moved, reason, actor=actor, at=at)
    return publication


def void_moved_correction(category: Category, *, at: datetime) -> bool:
    """Void the waiting proposal when what it names has moved; the caller commits. Tells whether it was."""
    waiting = waiting_proposal(category, CORRECT_ACT)
    if waiting is None or stands(waiting, draft_of(category)):
        return False
    void_proposals(category, CORRECT_ACT, at=at)
    return True


def stands(proposal: Proposal, draft: Draft | None) -> bool:
    """Whether a proposal still names the newest run, its table and the version in force."""
    return draft is not None and draft.current and proposal.payload == _payload(proposal.category, draft)


def _payload(category: Category, draft: Draft) -> dict[str, Any]:
    before = queries.newest_version(category)
    return {
        "run": draft.run.ref,
        "digest": draft.run.digest,
        "inputs_digest": draft.run.inputs_digest,
        "table_digest": digest_of(draft.table),
        "replaces": 0 if before is None else before.version_no,
    }


def _lock(category: Category, at: datetime) -> None:
    """Keep everybody from changing what the ranking follows from; the order is that of a move between the streams."""
    audit.lock_stream(audit.intake(category.cycle.code))
    audit.lock_stream(audit.judging(category.cycle.code))
    db.session.refresh(category, with_for_update={"of": Category})
    store_due_moves(category, at=at)
    if category.stored_state is not State.PUBLISHED:
        raise WrongState


def _rows(run: ResultRun) -> Sequence[Mapping[str, Any]]:
    found: Sequence[Mapping[str, Any]] = json.loads(run.bundle)["result"]
    return found
