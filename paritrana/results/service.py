"""Changes of results: a run is computed, and two people seal it; titles follow from ranks and decisions."""

import gc
import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from paritrana.audit import service as audit
from paritrana.core.bundle import build, dump
from paritrana.core.errors import ParitranaError, WrongState
from paritrana.core.lifecycle import State
from paritrana.core.policy import Actor
from paritrana.core.ranking import METHOD, Result, rank
from paritrana.core.words import N_
from paritrana.cycles.models import Category, Proposal
from paritrana.cycles.queries import waiting_proposal
from paritrana.cycles.service import (
    ProposalVoid,
    confirm,
    propose,
    refuse_rehearsal,
    set_state,
    store_due_moves,
    void_proposals,
)
from paritrana.database import db, random_ref
from paritrana.results import queries
from paritrana.results.models import Award, ResultRun, Seal
from paritrana.results.plenary.closing import refuse_unfinished
from paritrana.results.plenary.models import Decision
from paritrana.results.plenary.queries import DECIDE_ACT, decisions_in_force
from paritrana.results.plenary.titles import Rows, titles_of
from paritrana.results.queries import SEAL_ACT, Inputs
from paritrana.results.workbench.service import acknowledge, keep_diagnostics, refuse_unacknowledged


class NoRun(ParitranaError):
    """There is nothing to seal yet."""

    code = "no_run"
    message = N_("There is no run yet. Calculate a run first.")


class RunMoved(ParitranaError):
    """The run on the page is not the newest one, or its inputs have changed since."""

    code = "run_moved"
    message = N_("The ranking on your page is no longer the newest. Look at the new one, or calculate a new run.")


class AlreadySealed(ParitranaError):
    """A sealed result is final."""

    code = "already_sealed"
    message = N_("The result of this category is sealed.")


@contextmanager
def _without_collection() -> Iterator[None]:
    """Keep Python from searching for reference cycles meanwhile.

    A ranking makes a million objects and no cycle; each search walks through all of them and finds nothing.
    """
    searching = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if searching:
            gc.enable()


@_without_collection()
def build_run(category: Category, *, actor: Actor, at: datetime, state: State = State.PLENARY) -> ResultRun:
    """Compute the ranking of a category from what is submitted now and store it whole; the caller commits.

    A waiting proposal to seal an earlier run is void, and so are decisions proposed about one. Raises `WrongState`
    before and after the plenary, `BadContest` when the inputs contradict each other.
    """
    audit.lock_stream(audit.judging(category.cycle.code))
    db.session.refresh(category, with_for_update={"of": Category})
    store_due_moves(category, at=at)
    if category.stored_state is not state:
        raise WrongState
    given = queries.inputs(category)
    no = queries.last_run_no(category) + 1
    inputs_digest = queries.inputs_digest(category)
    result = rank(given.contest)
    raw = _bundle(
        given,
        result,
        {
            "run": str(no),
            "built_at": at.isoformat(),
            "rubric_digest": given.rubric.digest,
            "inputs_digest": inputs_digest,
            "sheets_digest": given.sheets_digest,
            **given.digests,
            **given.set_values,
            **given.scored_again,
            **given.reopened,
        },
    )
    run = ResultRun(
        ref=random_ref("R"),
        category=category,
        no=no,
        method=METHOD,
        bundle=raw,
        digest=sha256(raw),
        inputs_digest=inputs_digest,
        rubric_digest=given.rubric.digest,
        sheets_in=given.sheets_in,
        sheets_due=given.sheets_due,
        built_at=at,
        built_by=actor.user_id,
        built_by_name=actor.name,
    )
    db.session.add(run)
    db.session.flush()
    keep_diagnostics(run, given.contest, result, given.rubric)
    void_proposals(category, SEAL_ACT, at=at)
    void_proposals(category, DECIDE_ACT, at=at)
    audit.record(
        audit.judging(category.cycle.code),
        "run.built",
        actor,
        at=at,
        object_ref=run.ref,
        category=category.slug,
        no=no,
        digest=run.digest,
        inputs_digest=inputs_digest,
        sheets_in=run.sheets_in,
        sheets_due=run.sheets_due,
    )
    return run


def _lock_inputs(category: Category) -> None:
    """Keep everybody from changing a finding, a seat or a mark of the cycle until this transaction ends.

    Every writing act locks the head of its stream first; the order here is the order of a move from one to the other.
    """
    audit.lock_stream(audit.intake(category.cycle.code))
    audit.lock_stream(audit.judging(category.cycle.code))


def _bundle(given: Inputs, result: Result, provenance: Mapping[str, str]) -> bytes:
    return dump(build(given.contest, result, provenance))


def sha256(raw: bytes) -> str:
    """The digest of a bundle."""
    return hashlib.sha256(raw).hexdigest()


def stands(proposal: Proposal, run: ResultRun | None, inputs_digest: str) -> bool:
    """Whether a proposal to seal still names the newest run, and the run its present inputs."""
    return run is not None and proposal.payload["digest"] == run.digest and run.inputs_digest == inputs_digest


def acknowledge_warning(
    run: ResultRun, digest: str, code: str, found: str, reason: str, *, actor: Actor, at: datetime
) -> None:
    """The chair acknowledges a warning about the run on the page; the caller commits.

    Raises `RunMoved` when the page showed another run, and what `workbench.service.acknowledge` raises.
    """
    if run.digest != digest:
        raise RunMoved
    acknowledge(run, code, int(found) if found.isascii() and found.isdigit() else 0, reason, actor=actor, at=at)


def propose_seal(category: Category, digest: str, *, actor: Actor, at: datetime) -> Proposal:
    """The chair proposes to seal the run with `digest`; the caller commits.

    Raises `NoRun`, `RunMoved`, `DecisionWaits`, `PlenaryStillOpen`, `WarningsOpen`, `RehearsalHasNoResult`.
    """
    refuse_rehearsal(category)
    audit.lock_stream(audit.judging(category.cycle.code))
    db.session.refresh(category, with_for_update={"of": Category})
    if category.stored_state is not State.PLENARY:
        raise AlreadySealed if category.stored_state > State.PLENARY else WrongState
    run = queries.latest_run(category)
    if run is None:
        raise NoRun
    inputs_digest = queries.inputs_digest(category)
    if run.digest != digest or run.inputs_digest != inputs_digest:
        raise RunMoved
    refuse_unfinished(category)
    refuse_unacknowledged(category, run)
    waiting = waiting_proposal(category, SEAL_ACT)
    if waiting is not None and not stands(waiting, run, inputs_digest):
        void_proposals(category, SEAL_ACT, at=at)
    payload = {
        "run": run.ref, "digest": run.digest, "inputs_digest": run.inputs_digest,
        "decisions": [one.ref for one in decisions_in_force(category)],
    }  # fmt: skip
    return propose(SEAL_ACT, category, payload=payload, reason=None, actor=actor, at=at)


@_without_collection()
def confirm_seal(proposal: Proposal, digest: str, *, actor: Actor, at: datetime) -> Seal:
    """An organiser confirms exactly what the chair proposed: the seal, the titles and the state; the caller commits.

    The ranking is computed once more and must come out byte for byte the same. Raises `SamePerson`, `ProposalVoid`
    when the run is not the newest, its inputs or the decisions of the plenary have moved, or `digest` is not the
    proposal's, `DecisionWaits`, `PlenaryStillOpen`.
    """
    category = proposal.category
    _lock_inputs(category)
    payload = confirm(proposal, digest, actor=actor, at=at)
    set_state(category, State.SEALED, expected=State.PLENARY, actor=actor, at=at)
    run = queries.latest_run(category)
    if run is None or not stands(proposal, run, queries.inputs_digest(category)) or payload["run"] != run.ref:
        raise ProposalVoid
    refuse_unfinished(category)
    decisions = decisions_in_force(category)
    if payload["decisions"] != [one.ref for one in decisions]:
        raise ProposalVoid
    stored = json.loads(run.bundle)
    given = queries.inputs(category)
    if _bundle(given, rank(given.contest), stored["provenance"]) != run.bundle:
        raise ProposalVoid
    seal = Seal(
        category=category,
        run=run,
        digest=run.digest,
        sealed_at=at,
        sealed_by=proposal.proposer_id,
        second_by=actor.user_id,
    )
    db.session.add(seal)
    awards = _awards(category, stored["result"], decisions)
    db.session.add_all(awards)
    db.session.flush()
    audit.record(
        audit.judging(category.cycle.code),
        "results.sealed",
        actor,
        at=at,
        object_ref=run.ref,
        category=category.slug,
        run=run.no,
        digest=run.digest,
        proposal=proposal.ref,
        awards=told(awards),
    )
    return seal


def told(awards: Iterable[Any]) -> list[dict[str, Any]]:
    """What an event says of the titles, in the order of the holders' codes; each award with its nomination."""
    return sorted(
        (
            {"candidate": one.nomination.candidate_code, "rank": one.rank, "tied": one.tied, "title_id": one.title_id,
             "title_en": one.title_en}
            for one in awards
        ),
        key=lambda one: str(one["candidate"]),
    )  # fmt: skip


def _awards(category: Category, rows: Rows, decisions: Iterable[Decision]) -> list[Award]:
    """The titles by rank and by what the plenary decided; see `titles_of`."""
    nominations = queries.nominations_by_code(category)
    return [
        Award(
            category=category, nomination_id=nominations[one.candidate], rank=one.rank, tied=one.tied,
            title_id=one.title_id, title_en=one.title_en,
        )
        for one in titles_of(category, rows, decisions, nominations).holders
    ]  # fmt: skip


def void_moved_seal(category: Category, *, at: datetime) -> bool:
    """Void the waiting proposal to seal when what it names has moved; the caller commits. Tells whether it was."""
    waiting = waiting_proposal(category, SEAL_ACT)
    if waiting is None or stands(waiting, queries.latest_run(category), queries.inputs_digest(category)):
        return False
    void_proposals(category, SEAL_ACT, at=at)
    return True
