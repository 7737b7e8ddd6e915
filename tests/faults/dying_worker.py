"""A worker that ends itself, as kill -9 would, at a step of what a job writes, or is killed at a random moment.

Each step is tried, or every third. A step is a statement that changes something, the commit, and the moment after it.
The application is built once; each attempt at the job is a process of its own, which carries the job out as workers do.
After each death the job is dealt with as the other workers would deal with it, and one that has died too often is
resumed as an organiser would.
Run as `python -m tests.faults.dying_worker BATCH each|third|SEED:SECONDS`; says how often it died, and each state seen.
"""

import json
import os
import random
import signal
import sys
import time
from datetime import timedelta
from typing import Any

from flask import Flask
from sqlalchemy import event, func, select

from paritrana.accounts.models import Account
from paritrana.accounts.queries import load_actor
from paritrana.certificates import batches, queries
from paritrana.certificates.models import Certificate, CertificateBatch, CertificatePaper, Register
from paritrana.cli import make_app
from paritrana.config import load_settings
from paritrana.database import db, set_writing
from paritrana.jobs import service as jobs
from paritrana.jobs.worker import Desk, perform
from paritrana.panels.queries import seats_of

WRITES = ("INSERT", "UPDATE", "DELETE")
LEASE = timedelta(seconds=30)
MOST_DEATHS = 600


def count_steps(app: Flask, last: int) -> None:
    """Have this process end at its step `last`."""
    left = [last]

    def step() -> None:
        left[0] -= 1
        if left[0] == 0:
            os.kill(os.getpid(), signal.SIGKILL)

    def statement(_connection: Any, _cursor: Any, words: str, *_rest: Any) -> None:
        if words.lstrip().upper().startswith(WRITES):
            step()

    with app.app_context():
        event.listen(db.engine, "before_cursor_execute", statement)
        event.listen(db.engine, "commit", lambda _connection: step())
        event.listen(db.session, "after_commit", lambda _session: step())


def attempt(app: Flask, job: str, last: int | None, seconds: float | None) -> bool:
    """One process that carries the job out; whether it lived to its end."""
    with app.app_context():
        db.engine.dispose()  # no process shares a connection with another
    child = os.fork()
    if child == 0:
        try:
            if last is not None:
                count_steps(app, last)
            perform(app, job, Desk("dying", LEASE))
        finally:
            os._exit(0)
    if seconds is not None:
        time.sleep(seconds)
        os.kill(child, signal.SIGKILL)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


def deal_with(app: Flask, ref: str) -> tuple[str, bool, list[int]]:
    """Put the job of a batch back as others would: its reference, whether all is done, and what stands in the tables.

    The numbers are certificates, papers, the next register number less one, and items with their certificate.
    """
    with app.app_context():
        set_writing(True)
        at = app.extensions["clock"].now()
        jobs.sweep(at=at + 2 * LEASE)
        batch = queries.find_batch(ref)
        job = queries.job_of(batch)
        assert job is not None
        total, issued, _troubled = queries.batch_counts(batch)
        seen = [
            db.session.scalar(select(func.count()).select_from(Certificate)) or 0,
            db.session.scalar(select(func.count()).select_from(CertificatePaper)) or 0,
            (db.session.scalar(select(Register.next_no)) or 1) - 1,
            issued,
        ]
        if job.state in {"failed", "cancelled"} and issued < total:
            account = db.session.scalar(select(Account.id).where(Account.id == batch.asked_by)) or 0
            actor = load_actor(account, fresh=False, seats_of=seats_of)
            assert actor is not None
            kind = app.extensions["jobs"].find(batches.NAME)
            batches.resume(batch, queue=app.extensions["queue"], kind=kind, actor=actor, at=at, machine_at=at)
        db.session.commit()
        found = db.session.scalars(select(CertificateBatch.job_ref).where(CertificateBatch.ref == ref)).one()
        state = job.state
        db.session.remove()
        return found, state in {"done", "failed"} and issued == total, seen


def main() -> None:
    """Carry a batch out, dying again and again."""
    ref, how = sys.argv[1:]
    app = make_app(load_settings())
    seed, _, most = how.partition(":")
    chance = random.Random(int(seed)) if most else None
    stride = 3 if how == "third" else 1
    deaths, done, seen = 0, False, []
    for turn in range(1, MOST_DEATHS):
        job, done, stands = deal_with(app, ref)
        seen.append(stands)
        if done:
            break
        # The time grows, so that a busy machine gets through as well.
        seconds = None if chance is None else chance.uniform(0.0, float(most)) + turn * 0.2
        lived = attempt(app, job, turn * stride if chance is None else None, seconds)
        deaths += not lived
    print(json.dumps({"deaths": deaths, "done": done, "seen": seen}))  # noqa: T201 - the test reads it


if __name__ == "__main__":
    main()
