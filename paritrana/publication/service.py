"""Publishing: one person asks, another confirms the same digests, and everything moves in one transaction."""

from datetime import datetime, timedelta
from typing import Any, Final

from paritrana.audit import service as audit
from paritrana.core.bundle import compare, parse
from paritrana.core.errors import BadInput, ParitranaError, WrongState
from paritrana.core.lifecycle import State
from paritrana.core.policy import Actor
from paritrana.core.words import N_
from paritrana.cycles.models import Category, Proposal
from paritrana.cycles.queries import objection_days_in, rubric_of, waiting_proposal
from paritrana.cycles.service import (
    ProposalVoid,
    confirm,
    propose,
    refuse_rehearsal,
    set_state,
    store_due_moves,
    void_proposals,
)
from paritrana.database import db
from paritrana.publication import queries
from paritrana.publication.models import Publication, Recall
from paritrana.publication.queries import PUBLISH_ACT, RECALL_ACT
from paritrana.publication.snapshot import digest_of, snapshot
from paritrana.reference.models import Source
from paritrana.results.queries import seal_of
from paritrana.results.service import sha256


class InstantPassed(ProposalVoid):
    """The instant that a publication was asked for lies behind."""

    code = "instant_passed"
    message = N_("The time for the publication has passed. Choose a later one and request the publication again.")


class NothingScheduled(ParitranaError):
    """No confirmed publication waits for its instant."""

    code = "nothing_scheduled"
    message = N_("No publication waits for its time. What is public stays public.")


CHOSEN: Final = ("publish_at", "objection_days")  # of a proposal: what the organiser chose, and the result does not say


class ObjectionDaysMissing(BadInput):
    """Neither the organiser nor the cycle says for how long nominees may object."""

    code = "objection_days_missing"
    message = N_("Write for how many days nominees may object after the publication; 0 is none.")


class NotHistorical(ParitranaError):
    """Only a historical cycle takes a result from outside, and only once."""

    code = "not_historical"
    message = N_("Only a historical cycle without a result takes one from outside.")


class BundleDiffers(BadInput):
    """The bundle's result is not the one its own inputs give, or it belongs elsewhere. Params: `difference`."""

    code = "bundle_differs"
    message = N_("This bundle cannot be published. %(difference)s")


def payload_of(category: Category) -> dict[str, Any]:
    """What a proposal names: run, bundle and public table. Raises `WrongState` without a seal."""
    seal = seal_of(category)
    if seal is None:
        raise WrongState
    return {"run": seal.run.ref, "digest": seal.digest, "table_digest": digest_of(queries.table_of(category, seal))}


def propose_publication(
    category: Category,
    digest: str,
    *,
    actor: Actor,
    at: datetime,
    publish_at: datetime | None = None,
    objection_days: int | None = None,
) -> Proposal:
    """An organiser asks to publish the sealed result with `digest`, at `publish_at` or once confirmed.

    For `objection_days` from then on nominees may object; None takes the number of the cycle. The caller commits.
    Raises `ObjectionDaysMissing` where the cycle has none, `WrongState` when it is not sealed, already public or set
    down for an instant, `ProposalVoid` when the digest is another one, `InstantPassed`, `ProposalWaiting`,
    `RehearsalHasNoResult`.
    """
    refuse_rehearsal(category)
    days = objection_days_in(category.cycle) if objection_days is None else objection_days
    if days is None:
        raise ObjectionDaysMissing
    audit.lock_stream(audit.judging(category.cycle.code))
    _refresh_sealed(category, at)
    if category.publishes_at is not None:
        raise WrongState
    payload = payload_of(category)
    if payload["digest"] != digest:
        raise ProposalVoid
    if publish_at is not None:
        _refuse_passed(publish_at, at)
        payload["publish_at"] = publish_at.isoformat()
    payload["objection_days"] = days
    void_moved_publication(category, at=at)
    return propose(PUBLISH_ACT, category, payload=payload, reason=None, actor=actor, at=at)


def confirm_publication(proposal: Proposal, digest: str, *, actor: Actor, at: datetime) -> Publication:
    """The chair confirms exactly what was asked for: snapshot, instant, state and event together; the caller commits.

    Without an instant the result is public with this transaction; with one, the clock makes it public. Raises
    `SamePerson`, `InstantPassed`, and `ProposalVoid` when anything the proposal names has moved.
    """
    category = proposal.category
    audit.lock_stream(audit.judging(category.cycle.code))
    payload = confirm(proposal, digest, actor=actor, at=at)
    publish_at = instant_of(proposal)
    if publish_at is None:
        set_state(category, State.PUBLISHED, expected=State.SEALED, actor=actor, at=at)
    else:
        _refuse_passed(publish_at, at)
        _refresh_sealed(category, at)
    seal = seal_of(category)
    if (
        seal is None
        or category.publishes_at is not None
        or not stands(proposal)
        or sha256(seal.run.bundle) != seal.digest
    ):
        raise ProposalVoid
    table = queries.table_of(category, seal)
    publication = Publication(
        category=category,
        version_no=queries.last_version_no(category) + 1,
        bundle=seal.run.bundle,
        digest=seal.digest,
        table=table,
        published_at=publish_at or at,
        objections_until=(publish_at or at) + timedelta(days=objection_days_of(proposal)),
        proposed_by=proposal.proposer_id,
        confirmed_by=actor.user_id,
    )
    category.publishes_at = publication.published_at
    db.session.add(publication)
    db.session.flush()
    audit.record(
        audit.judging(category.cycle.code),
        "result.published",
        actor,
        at=at,
        object_ref=f"{category.cycle.code}/{category.slug}",
        version=publication.version_no,
        run=payload["run"],
        digest=publication.digest,
        table_digest=payload["table_digest"],
        published_at=publication.published_at,
        objections_until=publication.objections_until,
        proposal=proposal.ref,
    )
    return publication


def instant_of(proposal: Proposal) -> datetime | None:
    """The instant that a proposal to publish asks for; none where its confirmation publishes."""
    written = proposal.payload.get("publish_at")
    return None if written is None else datetime.fromisoformat(written)


def objection_days_of(proposal: Proposal) -> int:
    """For how many days nominees may object after the publication that a proposal asks for."""
    return int(proposal.payload.get("objection_days", 0))


def stands(proposal: Proposal) -> bool:
    """Whether a proposal to publish still names the sealed run, its bundle and the public table, and says the days."""
    named = {name: value for name, value in proposal.payload.items() if name not in CHOSEN}
    return "objection_days" in proposal.payload and named == payload_of(proposal.category)


def void_moved_publication(category: Category, *, at: datetime) -> bool:
    """Void the waiting proposal when what it names has moved or passed; the caller commits. Tells whether it was."""
    waiting = waiting_proposal(category, PUBLISH_ACT)
    if waiting is None:
        return False
    publish_at = instant_of(waiting)
    if stands(waiting) and (publish_at is None or publish_at > at):
        return False
    void_proposals(category, PUBLISH_ACT, at=at)
    return True


def propose_recall(category: Category, reason: str, *, actor: Actor, at: datetime) -> Proposal:
    """An organiser asks to take the confirmed publication back before its instant; the caller commits.

    Raises `NothingScheduled`, `MissingReason`, `ProposalWaiting`.
    """
    audit.lock_stream(audit.judging(category.cycle.code))
    publication = _scheduled(category, at)
    return propose(
        RECALL_ACT, category, payload=_recalled(publication, reason), reason=reason, actor=actor, at=at,
        needs_reason=True,
    )  # fmt: skip


def confirm_recall(proposal: Proposal, digest: str, *, actor: Actor, at: datetime) -> Recall:
    """The chair takes the publication back with the organiser, before its instant; the caller commits.

    The result stays sealed and can be published anew. Raises `SamePerson`, `NothingScheduled`, `ProposalVoid`.
    """
    category = proposal.category
    audit.lock_stream(audit.judging(category.cycle.code))
    publication = _scheduled(category, at)
    reason = str(proposal.payload.get("reason", ""))
    if proposal.payload != _recalled(publication, reason):
        raise ProposalVoid
    confirm(proposal, digest, actor=actor, at=at)
    recall = Recall(
        publication=publication,
        reason=reason,
        recalled_at=at,
        proposed_by=proposal.proposer_id,
        confirmed_by=actor.account_id,
    )
    category.publishes_at = None
    category.version += 1
    db.session.add(recall)
    db.session.flush()
    audit.record(
        audit.judging(category.cycle.code),
        "result.recalled",
        actor,
        at=at,
        object_ref=f"{category.cycle.code}/{category.slug}",
        version=publication.version_no,
        reason=reason,
        proposal=proposal.ref,
    )
    return recall


def _recalled(publication: Publication, reason: str) -> dict[str, Any]:
    return {"version": publication.version_no, "digest": publication.digest, "reason": reason.strip()}


def _scheduled(category: Category, at: datetime) -> Publication:
    """The publication whose instant is ahead of the cycle time `at`. Raises `NothingScheduled`."""
    db.session.refresh(category, with_for_update={"of": Category})
    store_due_moves(category, at=at)
    found = queries.scheduled_in(category)
    if found is None:
        raise NothingScheduled
    return found


def _refresh_sealed(category: Category, at: datetime) -> None:
    db.session.refresh(category, with_for_update={"of": Category})
    store_due_moves(category, at=at)
    if category.stored_state is not State.SEALED:
        raise WrongState


def _refuse_passed(publish_at: datetime, at: datetime) -> None:
    if publish_at <= at:
        raise InstantPassed


def import_historical(
    category: Category,
    bundle: bytes,
    source_key: str,
    *,
    actor: Actor,
    at: datetime,
    note: tuple[str, str] | None = None,
) -> Publication:
    """Publish the result of a historical cycle as its source gives it, and archive the category; the caller commits.

    The bundle must recompute to its own result. One event carries it whole with its source. `note` (Indonesian,
    English) says what the source does not tell. Raises `NotHistorical`, `BadBundle`, `BundleDiffers`.
    """
    cycle = category.cycle
    audit.lock_stream(audit.judging(cycle.code))
    if cycle.kind != "historical" or queries.last_version_no(category):
        raise NotHistorical
    opened = parse(bundle)
    found = compare(opened)
    if found:
        raise BundleDiffers(difference=found[0])
    if (opened.contest.cycle.code, opened.contest.category.code) != (cycle.code, category.slug):
        raise BundleDiffers(difference=f"{opened.contest.cycle.code}/{opened.contest.category.code}")
    source = db.session.get(Source, source_key)
    if source is None:
        raise BundleDiffers(difference=source_key)
    table = snapshot(
        category,
        bundle,
        rubric_of(category),
        opened.contest.rubric,
        titles={},
        panel=(),
        facts={
            "decree": cycle.decree,
            "source": {"title": source.title, "publisher": source.publisher, "published": source.published,
                       "url": source.url},
            "note_id": note[0] if note else None,
            "note_en": note[1] if note else None,
        },
    )  # fmt: skip
    publication = Publication(
        category=category,
        version_no=1,
        bundle=bundle,
        digest=sha256(bundle),
        table=table,
        source_key=source_key,
        published_at=at,
    )
    category.state = int(State.ARCHIVED)
    category.version += 1
    db.session.add(publication)
    db.session.flush()
    audit.record(
        audit.judging(cycle.code),
        "result.imported",
        actor,
        at=at,
        object_ref=f"{cycle.code}/{category.slug}",
        version=publication.version_no,
        source=source_key,
        digest=publication.digest,
        table_digest=digest_of(table),
        bundle=bundle.decode(),
        state=int(State.ARCHIVED),
    )
    return publication
