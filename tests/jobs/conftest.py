"""A desk with jobs of the tests' own: kinds that count, fail, or wait, and a queue on a file of the test."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import select

from paritrana.accounts.queries import load_actor
from paritrana.core.errors import SamePerson
from paritrana.core.policy import Actor
from paritrana.database import db
from paritrana.jobs import service
from paritrana.jobs.kinds import SYSTEM, Kind, Kinds, Progress, Run, Said, every
from paritrana.jobs.models import Job
from paritrana.jobs.queue import Queue
from paritrana.jobs.worker import Desk, perform

LEASE = timedelta(seconds=60)


class Office:
    """What a test does with jobs, in its own process and with its own clock."""

    def __init__(self, app: Flask, queue: Queue) -> None:
        self.app, self.queue = app, queue
        self.done: list[str] = []  # the effects of the jobs that ran, in order
        self.during: Callable[[], None] = lambda: None  # called in the middle of the job `count`
        self.wanted = False  # whether the regular kind wants its turn
        self.kinds = Kinds(lambda account_id: load_actor(account_id, fresh=False))
        self.kinds.register(
            Kind("count", "Count", self._count, by_hand=True),
            Kind("refuse", "Refuse", self._refuse),
            Kind("break", "Break", self._break),
            Kind("greedy", "Greedy", self._greedy),
            Kind("hourly", "Hourly", self._count, slot=every(60), wanted=lambda at: self.wanted),
        )

    @property
    def now(self):
        """The moment of the test's clock."""
        return self.app.extensions["clock"].now()

    def ask(self, kind: str = "count", *, actor: Actor = SYSTEM, **arguments: object) -> str:
        """Ask for a job and commit."""
        found = self.kinds.find(kind)
        assert found is not None
        ref = service.enqueue(self.queue, found, arguments, actor=actor, at=self.now)
        db.session.commit()
        return ref

    def perform(self, ref: str, desk: Desk | None = None) -> Job:
        """Carry a job out here; gives it as it stands afterwards."""
        db.session.rollback()
        perform(self.app, ref, desk or Desk("here", LEASE))
        return self.job(ref)

    def job(self, ref: str) -> Job:
        """A job as it stands now."""
        db.session.rollback()
        return db.session.scalars(select(Job).where(Job.ref == ref).execution_options(populate_existing=True)).one()

    def _count(self, run: Run, progress: Progress) -> Said:
        progress(1, 3)
        self.during()
        progress(2, 3)
        self.done.append(run.ref)
        progress(3, 3)
        return Said("%(count)s things were counted.", {"count": 3})

    def _refuse(self, run: Run, progress: Progress) -> Said:
        raise SamePerson

    def _break(self, run: Run, progress: Progress) -> Said:
        raise ValueError("the secret inside of things")

    def _greedy(self, run: Run, progress: Progress) -> Said:
        db.session.scalar(select(Job.id).limit(1))
        progress(1, 2)
        return Said("never")


@pytest.fixture
def office(app: Flask, db_session, tmp_path: Path):
    """Jobs of the tests' own on the test's database; the application's kinds come back afterwards."""
    before = app.extensions["queue"], app.extensions["jobs"]
    made = Office(app, Queue(f"sqlite:///{tmp_path / 'queue.db'}"))
    app.extensions["queue"], app.extensions["jobs"] = made.queue, made.kinds
    yield made
    app.extensions["queue"], app.extensions["jobs"] = before
