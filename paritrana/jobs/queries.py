"""Reads of jobs and workers."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

from sqlalchemy import func, select

from paritrana.core.errors import NotFound
from paritrana.database import db
from paritrana.jobs.models import OPEN, STATES, Job, Worker


def get_job(job: str) -> Job:
    """The job with this reference. Raises `NotFound`."""
    found = db.session.scalar(select(Job).where(Job.ref == job))
    if found is None:
        raise NotFound
    return found


def counts() -> Mapping[str, int]:
    """How many jobs are in which state (one statement)."""
    rows = db.session.execute(select(Job.state, func.count()).group_by(Job.state)).all()
    return dict.fromkeys(STATES, 0) | {row[0]: row[1] for row in rows}


def last_ended() -> Mapping[str, Job]:
    """The job that ended last, by kind (one statement)."""
    ended = select(Job.kind, func.max(Job.ended_at).label("at")).where(Job.ended_at.is_not(None))
    last = ended.group_by(Job.kind).subquery()
    rows = db.session.scalars(
        select(Job).join(last, (Job.kind == last.c.kind) & (Job.ended_at == last.c.at)).order_by(Job.id)
    )
    return {job.kind: job for job in rows}


def open_kinds() -> frozenset[str]:
    """The kinds of which a job waits or runs."""
    return frozenset(db.session.scalars(select(Job.kind).where(Job.state.in_(OPEN)).distinct()))


def known_slots(slots: Collection[str]) -> frozenset[str]:
    """Which of these turns already have their job."""
    return frozenset(db.session.scalars(select(Job.slot).where(Job.slot.in_(slots))))


def queued_before(moment: datetime) -> Sequence[str]:
    """References of the jobs that have waited since before `moment`, oldest first."""
    return db.session.scalars(
        select(Job.ref).where(Job.state == "queued", Job.queued_at < moment).order_by(Job.queued_at, Job.id)
    ).all()


def workers() -> Sequence[Worker]:
    """Every worker that has not ended cleanly, the one seen last first."""
    return db.session.scalars(select(Worker).order_by(Worker.seen_at.desc(), Worker.name)).all()
