"""Many certificates at once: an order names what is to be issued, and a job issues it, a few papers at a time.

Papers are drawn while nothing is locked; a few are stored with their items in one transaction. Whoever carries on
after a worker was killed finds every item either done or untouched.
"""

import hashlib
from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Final

import structlog
from sqlalchemy import insert, null, update

from paritrana.audit import service as audit
from paritrana.certificates import queries
from paritrana.certificates.agreeing import kinds_of
from paritrana.certificates.editor.queries import templates_for
from paritrana.certificates.models import CertificateBatch, CertificateBatchItem
from paritrana.certificates.press import Press
from paritrana.certificates.service import (
    Draft,
    FactsMoved,
    NothingToIssue,
    Plan,
    draw,
    missing_in,
    plan,
    store,
    store_old,
)
from paritrana.certificates.targets import targets_of
from paritrana.certificates.templating import ready_templates
from paritrana.core.certificates import Kind
from paritrana.core.errors import ParitranaError
from paritrana.core.lifecycle import State
from paritrana.core.policy import Act, Actor
from paritrana.core.words import N_
from paritrana.cycles.models import Category, Cycle, Proposal
from paritrana.cycles.queries import cycle_time, state_at
from paritrana.cycles.service import refuse_rehearsal
from paritrana.database import canonical, db, random_ref, reading
from paritrana.jobs import service as jobs
from paritrana.jobs.kinds import Kind as JobKind
from paritrana.jobs.kinds import Progress, RightLost, Run, Said, every
from paritrana.jobs.models import OPEN
from paritrana.jobs.queue import Queue
from paritrana.signing import KeyMissing

log = structlog.get_logger("paritrana.jobs")

TOGETHER: Final = 8  # papers that are stored in one transaction
NAME: Final = "certificates"  # of the kind of job


class BatchRuns(ParitranaError):
    """The batch is being carried out."""

    code = "certificate_batch_runs"
    message = N_("This order is being carried out. Wait until it ends, or stop it first.")


class BatchDone(ParitranaError):
    """Everything that a batch names is issued."""

    code = "certificate_batch_done"
    message = N_("Every certificate of this order is issued.")


# Ordering -------------------------------------------------------------------------------------------------------------


def order(
    cycle: Cycle,
    categories: Sequence[Category],
    kinds: Collection[Kind],
    *,
    queue: Queue,
    kind: JobKind,
    actor: Actor,
    at: datetime,
    machine_at: datetime,
) -> CertificateBatch:
    """Order the certificates of these kinds that are missing in published categories; the caller commits.

    `at` is the cycle's time, `machine_at` the system's. Raises `NothingToIssue`, `RehearsalHasNoResult`.
    """
    for category in categories:
        refuse_rehearsal(category)
    public = [one for one in categories if state_at(one, at) is State.PUBLISHED]
    ready_templates(cycle, kinds, at=at)
    rows = [(one.id, *target.place) for one in public for target in missing_in(one, kinds)]
    return _order(cycle, public, kinds, rows, queue=queue, kind=kind, actor=actor, at=at, machine_at=machine_at)


def order_agreed(
    proposal: Proposal, *, queue: Queue, kind: JobKind, asker: Actor, at: datetime, machine_at: datetime
) -> CertificateBatch:
    """Order what two people agreed on before the publication, in the name of who asked; the caller commits."""
    category = proposal.category
    rows = [(category.id, name, basis) for name, basis, _digest in proposal.payload["list"]]
    return _order(
        category.cycle, [category], kinds_of(proposal), rows, queue=queue, kind=kind, actor=asker, at=at,
        machine_at=machine_at, proposal=proposal,
    )  # fmt: skip


def _order(
    cycle: Cycle,
    categories: Sequence[Category],
    kinds: Collection[Kind],
    rows: Sequence[tuple[int, str, str]],
    *,
    queue: Queue,
    kind: JobKind,
    actor: Actor,
    at: datetime,
    machine_at: datetime,
    proposal: Proposal | None = None,
) -> CertificateBatch:
    if not rows:
        raise NothingToIssue
    audit.lock_stream(audit.judging(cycle.code))
    slugs = {one.id: one.slug for one in categories}
    named = [[slugs[category_id], name, basis] for category_id, name, basis in rows]
    batch = CertificateBatch(
        ref=random_ref("B"), cycle=cycle, kinds=[one.value for one in Kind if one in kinds],
        categories=[one.slug for one in categories], digest=hashlib.sha256(canonical(named)).hexdigest(),
        proposal=proposal, asked_by=actor.account_id, asked_at=at, job_ref="",
    )  # fmt: skip
    batch.job_ref = jobs.enqueue(queue, kind, {"batch": batch.ref}, actor=actor, at=machine_at)
    db.session.add(batch)
    db.session.flush()
    db.session.execute(
        insert(CertificateBatchItem),
        [
            {"batch_id": batch.id, "position": no, "category_id": category_id, "kind": name, "basis": basis}
            for no, (category_id, name, basis) in enumerate(rows, start=1)
        ],
    )
    audit.record(
        audit.judging(cycle.code), "certificate_batch.ordered", actor, at=at, object_ref=batch.ref, kinds=batch.kinds,
        categories=batch.categories, digest=batch.digest, count=len(rows),
        proposal=None if proposal is None else proposal.ref,
    )  # fmt: skip
    return batch


def resume(
    batch: CertificateBatch, *, queue: Queue, kind: JobKind, actor: Actor, at: datetime, machine_at: datetime
) -> None:
    """Go on with what is not issued, also where there was trouble; the caller commits.

    Raises `BatchRuns` while it is carried out, `BatchDone`.
    """
    audit.lock_stream(audit.judging(batch.cycle.code))
    db.session.refresh(batch, with_for_update={"of": CertificateBatch})
    job = queries.job_of(batch)
    if job is not None and job.state in OPEN:
        raise BatchRuns
    every, issued, _troubled = queries.batch_counts(batch)
    if every == issued:
        raise BatchDone
    db.session.execute(
        update(CertificateBatchItem)
        .where(CertificateBatchItem.batch_id == batch.id, CertificateBatchItem.certificate_id.is_(None))
        .values(problem=null())
        .execution_options(synchronize_session=False)
    )
    batch.ended_at = None
    batch.version += 1
    batch.job_ref = jobs.enqueue(queue, kind, {"batch": batch.ref}, actor=actor, at=machine_at)
    audit.record(
        audit.judging(batch.cycle.code), "certificate_batch.resumed", actor, at=at, object_ref=batch.ref,
        left=every - issued,
    )  # fmt: skip


def cancel(batch: CertificateBatch, *, actor: Actor, at: datetime, machine_at: datetime) -> None:
    """Stop a batch after the papers at hand; the caller commits. What is issued stays. Raises `JobMoved`."""
    audit.lock_stream(audit.judging(batch.cycle.code))
    job = queries.job_of(batch)
    if job is None:
        raise jobs.JobMoved
    jobs.cancel(job, at=machine_at)
    audit.record(
        audit.judging(batch.cycle.code), "certificate_batch.stopped", actor, at=at, object_ref=batch.ref
    )  # fmt: skip


# Carrying out ---------------------------------------------------------------------------------------------------------


def kind_of_job(press: Press) -> JobKind:
    """The kind of job that carries batches out."""

    def carry(run: Run, progress: Progress) -> Said:
        return carry_out(run, progress, press=press)

    return JobKind(NAME, N_("Issue certificates"), carry, act=Act.ISSUE_CERTIFICATE)


def carry_out(run: Run, progress: Progress, *, press: Press) -> Said:
    """Issue what a batch names and nobody has issued yet. Raises `RightLost`, `CertificateKeyMissing`."""
    ref = str(run.arguments["batch"])
    with reading():
        batch = queries.find_batch(ref)
        if batch.cycle_id not in run.actor.organises:
            raise RightLost
        number, cycle = batch.id, batch.cycle.code
        total, done, troubled = queries.batch_counts(batch)
        db.session.rollback()
    done += troubled
    while True:
        progress(done, total)
        taken = take(number, run, press)
        if not taken:
            break
        put(number, cycle, taken, run)
        done += len(taken)
    batch = queries.find_batch(ref)
    batch.ended_at = cycle_time(batch.cycle, run.now())
    batch.version += 1
    _every, issued, troubled = queries.batch_counts(batch)
    db.session.commit()
    if troubled:
        return Said(
            N_("Certificates issued: %(count)s. Not issued: %(troubled)s; the page of the order says why."),
            {"count": issued, "troubled": troubled},
        )
    return Said(N_("Certificates issued: %(count)s."), {"count": issued})


def take(batch_id: int, run: Run, press: Press) -> list[tuple[int, int, Draft | ParitranaError]]:
    """Draw the next papers of a batch: number of the item, of its category, and the paper or why there is none."""
    planned: list[tuple[int, int, Plan | ParitranaError]] = []
    with reading():
        items = queries.open_items(batch_id, limit=TOGETHER)
        if not items:
            db.session.rollback()
            return []
        category = db.session.get_one(Category, items[0].category_id)
        at = cycle_time(category.cycle, run.now())
        wanted = {(one.kind, one.basis): one.id for one in items}
        kinds = {Kind(one.kind) for one in items}
        found = {one.place: one for one in targets_of(category, kinds, {one.basis for one in items})}
        for place, number in wanted.items():
            try:
                if place not in found:
                    raise FactsMoved(name=place[1])
                planned.append((number, category.id, plan(category, [found[place]], press=press, at=at)[0]))
            except ParitranaError as refusal:
                planned.append((number, category.id, refusal))
        db.session.rollback()
    return [(number, category_id, _drawn(one, press, at)) for number, category_id, one in planned]


def _drawn(one: Plan | ParitranaError, press: Press, at: datetime) -> Draft | ParitranaError:
    if isinstance(one, ParitranaError):
        return one
    try:
        return draw(one, press=press, at=at)
    except KeyMissing:  # that is nothing of this one paper
        raise
    except ParitranaError as refusal:
        return refusal


def put(batch_id: int, cycle: str, taken: Sequence[tuple[int, int, Draft | ParitranaError]], run: Run) -> None:
    """Store papers and what came of their items in one transaction."""
    audit.lock_stream(audit.judging(cycle))
    batch = db.session.get_one(CertificateBatch, batch_id, with_for_update={"of": CertificateBatch})
    still = {one.id for one in queries.open_items(batch_id, limit=2 * TOGETHER)}
    taken = [one for one in taken if one[0] in still]  # a worker that was only slow may have stored some of them
    outcomes: dict[int, int | ParitranaError] = {
        number: one for number, _category, one in taken if isinstance(one, ParitranaError)
    }
    drafts = [(number, one) for number, _category, one in taken if isinstance(one, Draft)]
    if drafts:
        category = db.session.get_one(Category, taken[0][1])
        try:
            stored = store(
                category, [one for _number, one in drafts], actor=run.actor, at=cycle_time(category.cycle, run.now()),
                proposal=batch.proposal, batch_id=batch_id,
            )  # fmt: skip
        except ParitranaError as refusal:  # of the whole category, such as its state
            outcomes |= {number: refusal for number, _draft in drafts}
        else:
            for (number, _draft), (_same, made) in zip(drafts, stored, strict=True):
                outcomes[number] = made if isinstance(made, ParitranaError) else made.id
    for number, came in outcomes.items():
        item = db.session.get_one(CertificateBatchItem, number)
        if isinstance(came, int):
            item.certificate_id = came
        else:
            item.problem = Said(came.message, came.params).stored()
    db.session.commit()


# Papers of before -----------------------------------------------------------------------------------------------------


def press_kind(press: Press) -> JobKind:
    """The regular job that makes the papers of certificates that were issued before papers were stored."""

    def press_old(run: Run, progress: Progress) -> Said:
        count, last = 0, 0
        while True:
            with reading():
                found = queries.unpressed(1, after=last)
                if not found:
                    db.session.rollback()
                    break
                certificate = found[0]
                last, at = certificate.id, cycle_time(certificate.cycle, run.now())
                templates = templates_for(certificate.cycle)
                version = templates.applying(Kind(certificate.kind), certificate.title_id)
                facts = queries.facts_of(certificate)
                drawer = None if version is None else press.drawer(certificate.cycle, version)
                number = None if version is None else version.id
                db.session.rollback()
            if drawer is None or number is None:
                continue
            try:
                made = press.make(facts, drawer, at=at)
            except KeyMissing:
                raise
            except ParitranaError as refusal:  # a name that no paper carries: its page stays as it is
                log.warning("certificate_not_pressed", certificate=facts.code, code=refusal.code)
                continue
            count += store_old(last, number, made, actor=run.actor, at=at)
            db.session.commit()
            progress(count)
        return Said(N_("Papers made: %(count)s."), {"count": count})

    return JobKind(
        "press_certificates", N_("Make papers of earlier certificates"), press_old, slot=every(10),
        wanted=lambda at: bool(queries.unpressed(1)),
    )  # fmt: skip
