"""What an administrator does with jobs, each act with its event in the stream of the system."""

from datetime import datetime

from paritrana.audit import service as audit
from paritrana.core.errors import NotFound
from paritrana.core.policy import Actor
from paritrana.jobs import service as jobs
from paritrana.jobs.kinds import Kind, Kinds
from paritrana.jobs.models import Job
from paritrana.jobs.queue import Queue


def start_job(queue: Queue, kind: Kind, *, actor: Actor, at: datetime) -> str:
    """Ask for a job of a kind that may be started by hand; the caller commits.

    Raises `AlreadyOpen` while another one waits or runs.
    """
    audit.lock_stream(audit.SYSTEM)
    ref = jobs.enqueue_alone(queue, kind, actor=actor, at=at)
    audit.record(audit.SYSTEM, "job.asked", actor, at=at, object_ref=ref, kind=kind.name)
    return ref


def retry_job(queue: Queue, job: Job, *, actor: Actor, at: datetime) -> None:
    """Put a failed or cancelled job back into the queue; the caller commits. Raises `JobMoved`."""
    audit.lock_stream(audit.SYSTEM)
    ref, kind = job.ref, job.kind
    jobs.retry(queue, job, at=at)
    audit.record(audit.SYSTEM, "job.retried", actor, at=at, object_ref=ref, kind=kind)


def cancel_job(job: Job, *, actor: Actor, at: datetime) -> None:
    """End a waiting job, or ask its worker to end it; the caller commits. Raises `JobMoved`."""
    audit.lock_stream(audit.SYSTEM)
    ref, kind = job.ref, job.kind
    jobs.cancel(job, at=at)
    audit.record(audit.SYSTEM, "job.cancelled", actor, at=at, object_ref=ref, kind=kind)


def kind_by_hand(kinds: Kinds, name: str) -> Kind:
    """The kind of this name that may be started by hand. Raises `NotFound`."""
    kind = kinds.find(name)
    if kind is None or not kind.by_hand:
        raise NotFound
    return kind
