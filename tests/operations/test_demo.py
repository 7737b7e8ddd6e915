"""`paritrana demo` as the process it is: it gets ready, and whatever ends it ends all of it."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.request import ProxyHandler, build_opener

import pytest

from paritrana.accounts.cast import FILE

LOOPBACK = "127.0.0.1"
OPENER = build_opener(ProxyHandler({}))


class Demonstration:
    """One started `paritrana demo` on a folder."""

    def __init__(self, instance: Path) -> None:
        with socket.socket() as probe:
            probe.bind((LOOPBACK, 0))
            self.port = probe.getsockname()[1]
        environment = {key: value for key, value in os.environ.items() if not key.startswith("PARITRANA_")}
        self.process = subprocess.Popen(
            [sys.executable, "-m", "paritrana", "demo", "--port", str(self.port)],
            env=environment | {"PARITRANA_INSTANCE": str(instance)},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def lines(self, number: int) -> list[str]:
        """The next lines it prints; waits for them."""
        assert self.process.stdout is not None
        found = [self.process.stdout.readline().rstrip("\n") for _ in range(number)]
        if found[-1] == "" and self.process.poll() is not None:
            pytest.fail(self.process.stderr.read() if self.process.stderr else "")
        return found

    def page(self, path: str) -> str:
        """A page as a stranger gets it."""
        with OPENER.open(f"http://{LOOPBACK}:{self.port}{path}", timeout=30) as answer:
            return str(answer.read().decode())

    def end(self, number: signal.Signals) -> int:
        """Send a signal and wait for the end."""
        self.process.send_signal(number)
        _rest, self.complaints = self.process.communicate(timeout=60)
        return self.process.returncode

    @property
    def listening(self) -> bool:
        """Whether anybody still listens on its port."""
        with socket.socket() as probe:
            return probe.connect_ex((LOOPBACK, self.port)) == 0


@pytest.fixture(scope="module")
def instance(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("instance")


@pytest.fixture
def start(instance: Path) -> Iterator[type[Demonstration]]:
    started: list[Demonstration] = []

    def begin() -> Demonstration:
        started.append(Demonstration(instance))
        return started[-1]

    yield begin  # type: ignore[misc]
    for one in started:
        if one.process.poll() is None:
            one.process.kill()
            one.process.communicate()


@pytest.mark.timeout(240)
@pytest.mark.parametrize("again", [False, pytest.param(True, marks=pytest.mark.slow)])
def test_it_gets_ready_ends_whole_and_starts_again_with_the_same_people(start, instance, again):
    first = start()
    told = first.lines(19)
    assert told[0] == f"Paritrana is ready at http://{LOOPBACK}:{first.port} (stop with Ctrl+C)"
    cast = json.loads((instance / FILE).read_text(encoding="utf-8"))
    for line, one in zip(told[1:], cast, strict=True):
        assert one["email"] in line
        assert line.endswith(one["password"])
    assert cast[0]["password"] in first.page("/sign-in")
    log, until = instance / "demo.log", time.monotonic() + 60
    while not log.exists():  # the worker writes that it has begun
        assert time.monotonic() < until
        time.sleep(0.1)
    assert first.end(signal.SIGINT) == 0
    assert not first.listening
    assert '{"' not in first.complaints
    assert {"event", "level"} <= json.loads(log.read_text(encoding="utf-8").splitlines()[0]).keys()
    if not again:
        return

    second = start()
    assert second.lines(19)[1:] == told[1:]
    assert second.end(signal.SIGKILL) == -signal.SIGKILL  # nothing can be passed on; the kernel tells its processes
    until = time.monotonic() + 60
    while second.listening:
        assert time.monotonic() < until
        time.sleep(0.1)


@pytest.mark.timeout(60)
def test_a_signal_while_it_prepares_ends_it_too(tmp_path):
    early = Demonstration(tmp_path)
    while not (tmp_path / "keys" / "secret.key").exists():
        assert early.process.poll() is None
    assert early.end(signal.SIGTERM) in {0, -signal.SIGTERM}
    assert not early.listening
