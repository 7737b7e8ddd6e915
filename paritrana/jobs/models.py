"""The tables of the queue. They are the truth; what waits in Huey is only a wake-up call."""

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from paritrana.database import Base

STATES = ("queued", "running", "done", "failed", "cancelled")
OPEN = ("queued", "running")
ENDED = ("done", "failed", "cancelled")

_ALL, _ENDED = (", ".join(f"'{state}'" for state in states) for states in (STATES, ENDED))


class Job(Base):
    """One piece of long work: what was asked, by whom, how far it is, and how it ended.

    `slot` names the turn of a regular job (`tidy@2026-11-21`), so that several workers plan it once. `leased_by` is
    new at every claim: what a worker writes after it lost its lease finds no row.
    """

    __tablename__ = "job"
    __table_args__ = (
        CheckConstraint(f"state IN ({_ALL})", name="state_known"),
        CheckConstraint("(state = 'running') = (leased_by IS NOT NULL)", name="running_is_leased"),
        CheckConstraint("(leased_by IS NULL) = (lease_until IS NULL)", name="lease_whole"),
        CheckConstraint(f"(state IN ({_ENDED})) = (ended_at IS NOT NULL)", name="ended_has_moment"),
        CheckConstraint("(state = 'failed') = (problem IS NOT NULL)", name="failed_has_problem"),
        CheckConstraint("done >= 0 AND total >= 0 AND attempts >= 0", name="counts_positive"),
        Index("ix_job_state_queued_at", "state", "queued_at"),
        Index("ix_job_kind_ended_at", "kind", "ended_at"),
        Index("ix_job_created_at", "created_at"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    ref: Mapped[str] = mapped_column(unique=True)
    kind: Mapped[str]
    arguments: Mapped[dict[str, Any]]
    slot: Mapped[str | None] = mapped_column(unique=True)
    asked_by_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))  # None: the schedule
    state: Mapped[str] = mapped_column(default="queued")
    done: Mapped[int] = mapped_column(default=0)
    total: Mapped[int | None]
    attempts: Mapped[int] = mapped_column(default=0)
    lease_until: Mapped[datetime | None]
    leased_by: Mapped[str | None]
    cancel_asked: Mapped[bool] = mapped_column(default=False)
    result: Mapped[dict[str, Any] | None]  # {"message": English message id, "params": {…}}, as is `problem`
    problem: Mapped[dict[str, Any] | None]
    created_at: Mapped[datetime]
    queued_at: Mapped[datetime]
    started_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]


class Worker(Base):
    """A process that carries out jobs, with the moment it was last seen. The row goes when the process ends cleanly."""

    __tablename__ = "worker"

    name: Mapped[str] = mapped_column(primary_key=True)
    host: Mapped[str]
    threads: Mapped[int]
    started_at: Mapped[datetime]
    seen_at: Mapped[datetime]
