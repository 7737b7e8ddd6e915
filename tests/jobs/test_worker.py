"""Workers as the processes they are, on both kinds of queue: killed, told to end, cancelled, and two at a time."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from paritrana.clock import SystemClock
from paritrana.database import db, set_writing
from paritrana.jobs import service
from paritrana.jobs.kinds import SYSTEM
from paritrana.jobs.models import Job, Worker
from paritrana.jobs.queue import Queue
from tests.jobs.hand import register

ROOT = Path(__file__).parents[2]
LEASE = 6  # seconds; shorter, and a busy machine would take a living worker for dead


class Redis:
    """A Redis server of the tests, on a loopback port, which keeps nothing on disk."""

    def __init__(self, folder: Path) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        program = shutil.which("redis-server")
        assert program, "redis-server is not on this machine; run: make system-packages"
        self.process = subprocess.Popen(
            [program, "--port", str(self.port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no",
             "--dir", str(folder)],
            stdout=subprocess.DEVNULL,
        )  # fmt: skip
        self.url = f"redis://127.0.0.1:{self.port}/0"
        wait_for(lambda: Queue(self.url).answers())

    def empty(self) -> None:
        """Lose everything."""
        from redis import Redis as Client

        with Client.from_url(self.url) as client:
            client.flushall()

    def stop(self) -> None:
        """End the server."""
        self.process.kill()
        self.process.wait()


@pytest.fixture(scope="module")
def redis(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Redis]:
    """The server of this module."""
    server = Redis(tmp_path_factory.mktemp("redis"))
    yield server
    server.stop()


class Yard:
    """An installation with its queue, and the workers a test starts in it."""

    def __init__(self, app: Any, url: str, folder: Path) -> None:
        self.app, self.url, self.folder = app, url, folder
        self.marks = folder / "marks.txt"
        self.started: list[subprocess.Popen[str]] = []
        register(app.extensions["jobs"], self.marks)

    def worker(self) -> "subprocess.Popen[str]":
        """A worker of the tests, once it is there."""
        settings = self.app.extensions["settings"]
        kept = {name: value for name, value in os.environ.items() if not name.startswith("PARITRANA_")}
        before = len(self.workers())
        with (self.folder / f"worker{len(self.started)}.log").open("w", encoding="utf-8") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", "tests.jobs.hand", str(self.marks)],
                cwd=ROOT,
                env=kept | {
                    "PARITRANA_INSTANCE": str(settings.instance_path),
                    "PARITRANA_DATABASE_URL": settings.database_url,
                    "PARITRANA_SECRET_KEY": settings.secret_key,
                    "PARITRANA_QUEUE_URL": self.url,
                    "PARITRANA_JOB_LEASE_SECONDS": str(LEASE),
                },
                stderr=log,
                text=True,
            )  # fmt: skip
        self.started.append(process)
        wait_for(lambda: len(self.workers()) > before)
        return process

    def ask(self, kind: str) -> str:
        """Ask for a job, as a request does."""
        with self.app.app_context():
            set_writing(True)
            found = self.app.extensions["jobs"].find(kind)
            ref = service.enqueue(Queue(self.url), found, actor=SYSTEM, at=SystemClock().now())
            db.session.commit()
        return ref

    def change(self, ref: str, act: Callable[[Job], None]) -> None:
        """Do something with a job, as a request does."""
        with self.app.app_context():
            set_writing(True)
            act(db.session.scalars(select(Job).where(Job.ref == ref)).one())
            db.session.commit()

    def job(self, ref: str) -> Job:
        """A job as it stands now."""
        with self.app.app_context():
            set_writing(False)
            found = db.session.scalars(select(Job).where(Job.ref == ref)).one()
            db.session.expunge(found)
            return found

    def workers(self) -> list[str]:
        """The names of the workers that were seen."""
        with self.app.app_context():
            set_writing(False)
            return list(db.session.scalars(select(Worker.name)))

    def told(self, word: str) -> list[str]:
        """The jobs that left this mark, in order."""
        lines = self.marks.read_text(encoding="utf-8").splitlines() if self.marks.exists() else []
        return [line.split()[0] for line in lines if line.endswith(f" {word}")]

    def let_go(self) -> None:
        """Let slow jobs end."""
        self.marks.with_suffix(".go").touch()

    def log(self, number: int = 0) -> str:
        """What a worker has said."""
        return (self.folder / f"worker{number}.log").read_text(encoding="utf-8")


@pytest.fixture
def yard(engine_name: str, make_app: Any, tmp_path: Path, redis: Redis) -> Iterator[Yard]:
    """The two ways to run: everything in files, or PostgreSQL with Redis."""
    folder = tmp_path / "yard"
    folder.mkdir()
    url = redis.url if engine_name == "postgresql" else f"sqlite:///{folder / 'queue.db'}"
    redis.empty()
    made = Yard(make_app(job_lease_seconds=LEASE, queue_url=url), url, folder)
    yield made
    for process in made.started:
        process.kill()
        process.wait()


def wait_for(true: Callable[[], bool], seconds: float = 40) -> None:
    """Wait until something is so."""
    until = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < until, "it did not come true in time"
        time.sleep(0.05)


# A queue in a database and one on a server; `make test` has only the server, where two may ask at once, and the slow
# set asks more of both.
MOSTLY_SERVER = pytest.mark.parametrize(
    "engine_name", [pytest.param("sqlite", marks=pytest.mark.slow), "postgresql"], indirect=True
)


@MOSTLY_SERVER
def test_a_killed_worker_s_job_is_finished_by_another_exactly_once(yard):
    first = yard.worker()
    ref = yard.ask("slow")
    wait_for(lambda: yard.told("began") == [ref])
    first.send_signal(signal.SIGKILL)
    first.wait()
    assert yard.job(ref).state == "running"
    yard.let_go()
    yard.worker()
    wait_for(lambda: yard.job(ref).state == "done")
    assert yard.told("effect") == [ref]
    assert (yard.job(ref).attempts, len(yard.told("began"))) == (2, 2)


@MOSTLY_SERVER
def test_two_workers_share_the_jobs_and_none_is_done_twice(yard):
    yard.worker()
    yard.worker()
    refs = [yard.ask("quick") for _ in range(20)]
    wait_for(lambda: all(yard.job(ref).state == "done" for ref in refs))
    assert sorted(yard.told("effect")) == sorted(refs)
    assert {yard.job(ref).attempts for ref in refs} == {1}


@pytest.mark.slow
def test_a_job_is_cancelled_in_its_middle_tried_again_and_handed_back_by_a_worker_that_ends(yard):
    worker = yard.worker()
    ref = yard.ask("slow")
    wait_for(lambda: yard.told("began") == [ref])
    yard.change(ref, lambda job: service.cancel(job, at=SystemClock().now()))
    wait_for(lambda: yard.job(ref).state == "cancelled")
    yard.change(ref, lambda job: service.retry(Queue(yard.url), job, at=SystemClock().now()))
    wait_for(lambda: yard.told("began") == [ref, ref])
    worker.send_signal(signal.SIGTERM)
    assert worker.wait(timeout=30) == 0
    job = yard.job(ref)
    assert (job.state, job.attempts, yard.told("effect"), yard.workers()) == ("queued", 0, [], [])
    lines = [line for line in yard.log().splitlines() if line]
    assert lines
    assert all(line.startswith("{") for line in lines)


@pytest.mark.slow
def test_calls_that_were_lost_with_the_queue_are_found(yard, redis):
    ref = yard.ask("quick")
    if yard.url == redis.url:
        redis.empty()
    else:
        Queue(yard.url).file.unlink()
    yard.worker()
    wait_for(lambda: yard.job(ref).state == "done")
    assert yard.told("effect") == [ref]
