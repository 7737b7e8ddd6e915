"""Publishing: one person asks, another confirms the same digests, and everything moves in one transaction."""

from collections.abc import Mapping
from datetime import datetime

from paritrana.audit import service as audit
from paritrana.core.bundle import compare, parse
from paritrana.core.errors import BadInput, ParitranaError, WrongState
from paritrana.core.lifecycle import State
from paritrana.core.policy import Actor
from paritrana.core.words import N_
from paritrana.cycles.models import Category, Proposal
from paritrana.cycles.queries import rubric_of, waiting_proposal
from paritrana.cycles.service import ProposalVoid, confirm, propose, refuse_rehearsal, set_state, void_proposals
from paritrana.database import db
from paritrana.publication import queries
from paritrana.publication.models import Publication
from paritrana.publication.queries import PUBLISH_ACT
from paritrana.publication.snapshot import digest_of, snapshot
from paritrana.reference.models import Source
from paritrana.results.queries import seal_of
from paritrana.results.service import sha256


class NotHistorical(ParitranaError):
    """Only a historical cycle takes a result from outside, and only once."""

    code = "not_historical"
    message = N_("Only a historical cycle without a result takes one from outside.")


class BundleDiffers(BadInput):
    """The bundle's result is not the one its own inputs give, or it belongs elsewhere. Params: `difference`."""

    code = "bundle_differs"
    message = N_("This bundle cannot be published. %(difference)s")


def payload_of(category: Category) -> Mapping[str, str]:
    """What a proposal names: run, bundle and public table. Raises `WrongState` without a seal."""
    seal = seal_of(category)
    if seal is None:
        raise WrongState
    return {"run": seal.run.ref, "digest": seal.digest, "table_digest": digest_of(queries.table_of(category, seal))}


def propose_publication(category: Category, digest: str, *, actor: Actor, at: datetime) -> Proposal:
    """An organiser asks to publish the sealed result with `digest`; the caller commits.

    Raises `WrongState` when it is not sealed or already public, `ProposalVoid` when the digest is another one,
    `ProposalWaiting`, `RehearsalHasNoResult`.
    """
    refuse_rehearsal(category)
    audit.lock_stream(audit.judging(category.cycle.code))
    db.session.refresh(category, with_for_update={"of": Category})
    if category.stored_state is not State.SEALED:
        raise WrongState
    payload = payload_of(category)
    if payload["digest"] != digest:
        raise ProposalVoid
    void_moved_publication(category, at=at)
    return propose(PUBLISH_ACT, category, payload=payload, reason=None, actor=actor, at=at)


def confirm_publication(proposal: Proposal, digest: str, *, actor: Actor, at: datetime) -> Publication:
    """The chair confirms exactly what was asked for: snapshot, state and event together; the caller commits.

    Raises `SamePerson`, and `ProposalVoid` when anything the proposal names has moved.
    """
    category = proposal.category
    audit.lock_stream(audit.judging(category.cycle.code))
    payload = confirm(proposal, digest, actor=actor, at=at)
    set_state(category, State.PUBLISHED, expected=State.SEALED, actor=actor, at=at)
    seal = seal_of(category)
    if seal is None or payload != payload_of(category) or sha256(seal.run.bundle) != seal.digest:
        raise ProposalVoid
    table = queries.table_of(category, seal)
    publication = Publication(
        category=category,
        version_no=1,
        bundle=seal.run.bundle,
        digest=seal.digest,
        table=table,
        published_at=at,
        proposed_by=proposal.proposer_id,
        confirmed_by=actor.user_id,
    )
    db.session.add(publication)
    db.session.flush()
    audit.record(
        audit.judging(category.cycle.code),
        "result.published",
        actor,
        at=at,
        object_ref=f"{category.cycle.code}/{category.slug}",
        version=1,
        run=payload["run"],
        digest=publication.digest,
        table_digest=payload["table_digest"],
        proposal=proposal.ref,
    )
    return publication


def void_moved_publication(category: Category, *, at: datetime) -> bool:
    """Void the waiting proposal when what it names has moved; the caller commits. Tells whether it was."""
    waiting = waiting_proposal(category, PUBLISH_ACT)
    if waiting is None or waiting.payload == payload_of(category):
        return False
    void_proposals(category, PUBLISH_ACT, at=at)
    return True


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
    if cycle.kind != "historical" or queries.published_in([category.id]):
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
