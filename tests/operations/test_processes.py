"""`paritrana serve` with its worker, as processes: a worker that dies comes back, and nobody outlives the command."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.request import ProxyHandler, build_opener

import pytest
from sqlalchemy import create_engine, text

from tests.conftest import Workshop

ROOT = Path(__file__).parents[2]
PARITRANA = [sys.executable, "-m", "paritrana"]
OPENER = build_opener(ProxyHandler({}))


def wait_for(true: Callable[[], bool], seconds: float = 60) -> None:
    """Wait until something is so."""
    until = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < until, "it did not come true in time"
        time.sleep(0.1)


def alive(number: int) -> bool:
    """Whether a process of this number runs; one that has ended and was not asked about is none."""
    try:
        state = Path(f"/proc/{number}/stat").read_text(encoding="ascii").rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"


def descendants(number: int) -> dict[int, str]:
    """Every process below one, with its command line."""
    found: dict[int, str] = {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            parent = int((folder / "stat").read_text(encoding="ascii").rpartition(")")[2].split()[1])
            command = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode()
        except OSError:
            continue
        found[int(folder.name)] = f"{parent} {command}"
    below, wave = {}, {number}
    while wave:
        wave = {one for one, told in found.items() if int(told.split(" ", 1)[0]) in wave}
        below |= {one: found[one].split(" ", 1)[1] for one in wave}
    return below


class Served:
    """A started `paritrana serve` on a folder."""

    def __init__(self, instance: Path, database: str, *options: str) -> None:
        kept = {name: value for name, value in os.environ.items() if not name.startswith("PARITRANA_")}
        self.environment = kept | {
            "PARITRANA_INSTANCE": str(instance), "PARITRANA_DATABASE_URL": database, "PYTHONPATH": str(ROOT),
        }  # fmt: skip
        self.engine = create_engine(database)
        self.log = instance / "log.txt"
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        with self.log.open("w", encoding="utf-8") as log:
            self.process = subprocess.Popen(
                [*PARITRANA, "serve", "--port", str(self.port), *options],
                env=self.environment,
                stdout=log,
                stderr=log,
            )
        wait_for(self.answers)

    def answers(self) -> bool:
        """Whether the pages are there."""
        assert self.process.poll() is None, self.log.read_text(encoding="utf-8")
        try:
            with OPENER.open(f"http://127.0.0.1:{self.port}/healthz", timeout=5) as answer:
                return bool(answer.status == 200)
        except OSError:
            return False

    @property
    def listening(self) -> bool:
        """Whether anybody still listens on its port."""
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

    def workers(self) -> list[str]:
        """The names of the workers that were seen."""
        with self.engine.connect() as connection:
            return list(connection.scalars(text("SELECT name FROM worker ORDER BY started_at")))

    def below(self, command: str) -> list[int]:
        """The processes that run this command."""
        return [number for number, told in descendants(self.process.pid).items() if f"paritrana {command}" in told]


@pytest.fixture
def served(tmp_path: Path, workshop: Workshop) -> Iterator[Callable[..., Served]]:
    engine = workshop.engine("sqlite")
    started: list[Served] = []

    def begin(*options: str) -> Served:
        started.append(Served(tmp_path, engine.fresh("served"), *options))
        return started[-1]

    yield begin
    for one in started:
        one.process.kill()
        one.process.wait()
        one.engine.dispose()
    engine.drop("served")


@pytest.mark.timeout(180)
def test_a_worker_that_dies_comes_back_and_all_end_when_the_command_is_killed(served):
    command = served()
    wait_for(lambda: len(command.workers()) == 1)
    (worker,) = command.below("worker")
    os.kill(worker, signal.SIGKILL)
    wait_for(lambda: len(command.workers()) == 2)
    family = descendants(command.process.pid)
    assert len(family) >= 3  # the server, its process for the pages, the worker
    command.process.kill()
    command.process.wait()
    wait_for(lambda: not any(map(alive, family)))
    assert not command.listening


@pytest.mark.timeout(180)
@pytest.mark.slow
def test_a_worker_may_be_a_command_of_its_own_and_leaves_cleanly(served):
    command = served("--no-worker")
    assert command.below("worker") == []
    alone = subprocess.Popen(
        [*PARITRANA, "worker", "--threads", "1"], env=command.environment, stderr=subprocess.DEVNULL
    )
    try:
        wait_for(lambda: len(command.workers()) == 1)
    finally:
        alone.terminate()
        assert alone.wait(timeout=60) == 0
    assert command.workers() == []
    family = descendants(command.process.pid)
    command.process.terminate()
    assert command.process.wait(timeout=60) == 0
    wait_for(lambda: not any(map(alive, family)))
    with command.engine.connect() as connection:
        ended = connection.execute(text("SELECT kind, state FROM job WHERE state IN ('done', 'failed')")).all()
    assert {state for _kind, state in ended} <= {"done"}


@pytest.mark.timeout(120)
@pytest.mark.slow
def test_the_command_ends_when_its_server_dies(served):
    command = served()
    wait_for(lambda: len(command.below("worker")) == 1)
    family = descendants(command.process.pid)
    (server,) = [number for number in command.below("serve") if os.getsid(number) == number]
    os.kill(server, signal.SIGKILL)
    assert command.process.wait(timeout=60) != 0
    wait_for(lambda: not any(map(alive, family)))


def test_a_worker_wants_an_upgraded_database(tmp_path):
    answer = subprocess.run(
        [*PARITRANA, "worker"],
        env=os.environ | {"PARITRANA_INSTANCE": str(tmp_path)},
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert answer.returncode == 1
    assert answer.stderr.strip().endswith("Run: paritrana upgrade")
