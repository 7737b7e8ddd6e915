"""Asking for jobs, and what workers write about them.

Every change of a worker is one conditional UPDATE that names the lease, so that two workers never carry out the same
job at once and a worker that was thought dead changes nothing. Functions flush; the caller commits.
"""

import secrets
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, delete, insert, null, select, update

from paritrana.core.errors import ParitranaError
from paritrana.core.policy import Actor
from paritrana.core.words import N_
from paritrana.database import db, insert_unless_there, random_ref, rows_changed
from paritrana.jobs import queries
from paritrana.jobs.kinds import Kind, Kinds, Said
from paritrana.jobs.models import OPEN, Job, Worker
from paritrana.jobs.queue import Queue, send_after_commit

MOST_ATTEMPTS = 3
KEPT = timedelta(days=90)  # an ended job stays in the list for so long
WORKER_FORGOTTEN = timedelta(days=1)

GAVE_UP = N_("The worker ended %(attempts)s times while it did this. Its log tells more under %(ref)s.")


class JobMoved(ParitranaError):
    """The job is in another state by now."""

    code = "job_moved"
    message = N_("This job is in another state by now. Look at it again.")


class AlreadyOpen(ParitranaError):
    """A job of this kind already waits or runs."""

    code = "job_already_open"
    message = N_("A job of this kind already waits or runs.")


@dataclass(frozen=True, slots=True)
class Claim:
    """A job that this worker may carry out now, as it stood when it was claimed."""

    lease: str
    ref: str
    kind: str
    arguments: Mapping[str, Any]
    asked_by_id: int | None
    attempts: int


# Asking ---------------------------------------------------------------------------------------------------------------


def enqueue(queue: Queue, kind: Kind, arguments: Mapping[str, Any] | None = None, *, actor: Actor, at: datetime) -> str:
    """Store a job in the present transaction and give its reference; a worker is woken after the commit."""
    ref = random_ref("J")
    db.session.execute(insert(Job).values(**row(kind, ref, arguments or {}, at), asked_by_id=actor.user_id))
    send_after_commit(queue, ref)
    return ref


def enqueue_alone(queue: Queue, kind: Kind, *, actor: Actor, at: datetime) -> str:
    """The same, where no job of this kind waits or runs. Raises `AlreadyOpen`."""
    if kind.name in queries.open_kinds():
        raise AlreadyOpen
    return enqueue(queue, kind, actor=actor, at=at)


def row(kind: Kind, ref: str, arguments: Mapping[str, Any], at: datetime) -> dict[str, Any]:
    """The columns of a job that waits from now on."""
    return {
        "ref": ref,
        "kind": kind.name,
        "arguments": dict(arguments),
        "state": "queued",
        "done": 0,
        "attempts": 0,
        "cancel_asked": False,
        "result": null(),
        "problem": null(),
        "created_at": at,
        "queued_at": at,
    }


def retry(queue: Queue, job: Job, *, at: datetime) -> None:
    """Put a failed or cancelled job back into the queue, its attempts counted anew. Raises `JobMoved`."""
    fresh = _row_of_a_start(at) | {"attempts": 0, "cancel_asked": False, "done": 0, "total": None, "started_at": None}
    if not _change(Job.id == job.id, Job.state.in_(("failed", "cancelled")), values=fresh):
        raise JobMoved
    send_after_commit(queue, job.ref)


def cancel(job: Job, *, at: datetime) -> None:
    """End a job that waits, or ask the worker that runs it to end it. Raises `JobMoved`."""
    ended = {"state": "cancelled", "ended_at": at, "cancel_asked": True}
    if _change(Job.id == job.id, Job.state == "queued", values=ended):
        return
    if not _change(Job.id == job.id, Job.state == "running", values={"cancel_asked": True}):
        raise JobMoved


# What workers write ---------------------------------------------------------------------------------------------------


def stopped(kinds: Kinds, ref: str) -> bool:
    """Whether a job has to wait because nothing is stored at the moment; it stays in the queue."""
    if kinds.halted() is None:
        return False
    kind = kinds.find(db.session.scalar(select(Job.kind).where(Job.ref == ref)) or "")
    return kind is None or not kind.while_halted


def claim(ref: str, worker: str, *, at: datetime, lease: timedelta) -> Claim | None:
    """Take a job that waits; None where another worker was quicker, or it no longer waits."""
    mine = f"{worker}/{secrets.token_hex(4)}"
    values = {
        "state": "running",
        "leased_by": mine,
        "lease_until": at + lease,
        "attempts": Job.attempts + 1,
        "started_at": at,
        "done": 0,
        "total": None,
    }
    if not _change(Job.ref == ref, Job.state == "queued", values=values):
        return None
    row = db.session.execute(
        select(Job.ref, Job.kind, Job.arguments, Job.asked_by_id, Job.attempts).where(Job.leased_by == mine)
    ).one()
    return Claim(mine, *row)


def renew(leases: Collection[str], *, until: datetime) -> frozenset[str]:
    """Renew leases; gives those of them that still hold."""
    if not leases:
        return frozenset()
    _change(Job.leased_by.in_(leases), values={"lease_until": until})
    return frozenset(db.session.scalars(select(Job.leased_by).where(Job.leased_by.in_(leases))))


def note_progress(connection: Connection, lease: str, *, done: int, total: int | None, until: datetime) -> bool | None:
    """Note how far a job is and renew its lease, on a connection apart from the job's own transaction.

    Whether its end was asked for; None where the lease no longer holds.
    """
    mine = update(Job).where(Job.leased_by == lease).values(done=done, total=total, lease_until=until)
    return connection.execute(mine.returning(Job.cancel_asked)).scalar_one_or_none()


def finish(lease: str, *, at: datetime, done: int, total: int | None, result: Said) -> bool:
    """Note that a job is done; whether the lease still held."""
    values = {"done": done, "total": total, "result": result.stored()}
    return _change(Job.leased_by == lease, values=_ended("done", at) | values)


def fail(lease: str, *, at: datetime, problem: Said) -> bool:
    """Note that a job failed, and why; whether the lease still held."""
    return _change(Job.leased_by == lease, values=_ended("failed", at) | {"problem": problem.stored()})


def end_cancelled(lease: str, *, at: datetime) -> bool:
    """Note that a job has ended because that was asked; whether the lease still held."""
    return _change(Job.leased_by == lease, values=_ended("cancelled", at))


def hand_back(lease: str, *, at: datetime) -> bool:
    """Put a job back into the queue without counting the attempt; whether the lease still held."""
    return _change(Job.leased_by == lease, values=_row_of_a_start(at) | {"attempts": Job.attempts - 1})


def _ended(state: str, at: datetime) -> dict[str, Any]:
    return {"state": state, "ended_at": at, "leased_by": None, "lease_until": None}


def _row_of_a_start(at: datetime) -> dict[str, Any]:
    return {
        "state": "queued",
        "queued_at": at,
        "ended_at": None,
        "leased_by": None,
        "lease_until": None,
        "result": null(),
        "problem": null(),
    }


def _change(*where: ColumnElement[bool], values: Mapping[str, Any]) -> bool:
    """Change the jobs that meet every condition; whether there was one."""
    statement = update(Job).where(*where).values(**values).execution_options(synchronize_session=False)
    changed = rows_changed(statement)
    db.session.expire_all()
    return changed > 0


# Keeping order --------------------------------------------------------------------------------------------------------


def sweep(*, at: datetime) -> list[str]:
    """Deal with jobs whose worker is not heard of any more; gives those that wait again, to be woken.

    They go back into the queue, or end as cancelled where that was asked, or as failed after too many attempts.
    """
    lapsed = select(Job.id, Job.ref, Job.leased_by, Job.attempts, Job.cancel_asked).where(
        Job.state == "running", Job.lease_until < at
    )
    again = []
    for row in db.session.execute(lapsed.order_by(Job.queued_at, Job.id)).all():
        if row.cancel_asked:
            values = _ended("cancelled", at)
        elif row.attempts >= MOST_ATTEMPTS:
            problem = Said(GAVE_UP, {"attempts": row.attempts, "ref": row.ref})
            values = _ended("failed", at) | {"problem": problem.stored()}
        else:
            values = _row_of_a_start(at)
        # Named once more with its moment: a worker that was only slow may have renewed its lease meanwhile.
        if _change(Job.leased_by == row.leased_by, Job.lease_until < at, values=values) and values["state"] == "queued":
            again.append(row.ref)
    return again


def plan(kinds: Kinds, *, at: datetime) -> list[str]:
    """Make the regular jobs whose turn has come; gives their references, to be woken.

    However many workers plan, each turn gets one job, and none while an earlier one of its kind waits or runs.
    """
    halted = kinds.halted() is not None
    regular = [kind for kind in kinds if kind.slot is not None and (kind.while_halted or not halted)]
    turns = {f"{kind.name}@{kind.slot(at)}": kind for kind in regular if kind.slot is not None}
    busy, known = queries.open_kinds(), queries.known_slots(list(turns))
    planned = []
    for slot, kind in turns.items():
        if slot in known or kind.name in busy or not kind.wanted(at):
            continue
        ref = random_ref("J")
        db.session.execute(insert_unless_there(Job, **row(kind, ref, {}, at), slot=slot))
        planned.append(ref)
    # Another worker may have been quicker for some of them.
    return list(db.session.scalars(select(Job.ref).where(Job.ref.in_(planned)).order_by(Job.id))) if planned else []


def note_worker(name: str, *, host: str, threads: int, at: datetime) -> None:
    """Note that a worker is there."""
    if rows_changed(update(Worker).where(Worker.name == name).values(seen_at=at)) == 0:
        db.session.execute(insert(Worker).values(name=name, host=host, threads=threads, started_at=at, seen_at=at))
    db.session.execute(delete(Worker).where(Worker.seen_at < at - WORKER_FORGOTTEN))


def forget_worker(name: str) -> None:
    """Note that a worker has ended."""
    db.session.execute(delete(Worker).where(Worker.name == name))


def forget_old(*, at: datetime) -> int:
    """Remove jobs that ended long ago, but the last ones of each kind; gives how many."""
    kept = [job.id for job in queries.last_ended().values()]
    return rows_changed(delete(Job).where(Job.state.not_in(OPEN), Job.ended_at < at - KEPT, Job.id.not_in(kept)))


def wake(queue: Queue, refs: Sequence[str]) -> None:
    """Wake a worker for each of these jobs after the commit of the present transaction."""
    for ref in refs:
        send_after_commit(queue, ref)
