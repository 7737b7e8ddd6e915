"""A worker in the test's own process: it listens until it is told to end, and finds a queue that was made anew."""

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from sqlalchemy import select

from paritrana.core.errors import NotFound
from paritrana.database import db
from paritrana.jobs import queries
from paritrana.jobs.models import Job, Worker
from paritrana.jobs.worker import Desk, keep_order, work
from tests.jobs.conftest import LEASE


@contextmanager
def meanwhile(what: Callable[[], None]) -> Iterator[None]:
    """Do something in another thread while the worker listens in this one, and tell the worker to end after it."""

    def act() -> None:
        try:
            what()
        finally:
            os.kill(os.getpid(), signal.SIGTERM)

    thread = threading.Thread(target=act)
    thread.start()
    try:
        yield
    finally:
        thread.join()


def until(true: Callable[[], bool]) -> None:
    """Wait until something is so, at most twenty seconds."""
    limit = time.monotonic() + 20
    while not true() and time.monotonic() < limit:
        time.sleep(0.02)


def test_it_works_until_it_is_told_to_end_and_is_gone_then(office, capsys):
    before = [signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)]
    first = office.ask()
    late: list[str] = []

    def look() -> None:
        until(lambda: office.done == [first])
        office.queue.file.unlink()  # whoever sends next makes another file
        until(lambda: "queue_file_replaced" in capsys.readouterr().err)
        with office.app.app_context():
            late.append(office.ask())
            db.session.remove()
        until(lambda: len(office.done) == 2)

    with meanwhile(look):
        work(office.app, threads=1)
    assert office.done == [first, *late]
    assert len(late) == 1
    assert [office.job(ref).state for ref in office.done] == ["done", "done"]
    assert db.session.scalars(select(Worker)).all() == []
    assert [signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)] == before


def test_a_job_whose_lease_went_to_another_stops_when_it_tells_its_progress(office, monkeypatch, capsys):
    monkeypatch.setattr("paritrana.jobs.worker.STORED_EVERY", 0.0)  # the steps of the tests are short
    ref = office.ask()

    def lose() -> None:
        office.app.extensions["clock"].advance(seconds=LEASE.total_seconds() + 1)
        keep_order(office.app, Desk("other", LEASE))

    office.during = lose
    assert (office.perform(ref).state, office.done) == ("queued", [])
    assert "job_lease_lost" in capsys.readouterr().err


def test_a_job_that_never_was_is_not_found(office):
    with pytest.raises(NotFound):
        queries.get_job("J-0000-0000")
    assert db.session.scalars(select(Job)).all() == []
