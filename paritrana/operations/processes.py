"""The processes of one command: the server it serves with, the worker beside it, and the steps before both.

Whatever ends the command ends them: a signal that can be caught is passed on, and when the command is killed the
kernel tells each of them (Linux). A worker that dies is started again; when the server ends, everything ends.
"""

import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from types import FrameType
from typing import Final

import structlog

log = structlog.get_logger("paritrana.processes")

SIGNALS: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
END_SECONDS: Final = 15  # longer than gunicorn gives its threads and a worker its jobs to finish
LOOK_SECONDS: Final = 0.2
FIRST_PAUSE, LONGEST_PAUSE = 1.0, 30.0  # seconds before a worker that died is started again
STEADY_SECONDS: Final = 60.0  # a worker that lived so long starts again after the first pause

_PR_SET_PDEATHSIG: Final = 1


class Family:
    """The processes that work now. Made in the main thread, for it sets what signals do."""

    def __init__(self, environment: Mapping[str, str], *, on_hangup: Callable[["Family"], None] | None = None) -> None:
        self.environment = dict(environment)
        self.members: list[Member] = []
        for number in SIGNALS:
            signal.signal(number, self._on_signal)
        if on_hangup is not None:
            signal.signal(signal.SIGHUP, lambda _number, _frame: on_hangup(self))

    def run(self, *arguments: str) -> int:
        """Run `paritrana ARGUMENTS` silently to its end; gives its exit code."""
        member = self.start(*arguments, silent=True)
        try:
            return member.process.wait()
        finally:
            if member.ended:
                self.members.remove(member)

    def start(self, *arguments: str, silent: bool = False) -> "Member":
        """Start `paritrana ARGUMENTS`, in a group of its own so that Ctrl+C reaches it through this command only."""
        with _signals_wait():
            member = Member(arguments, self.environment, silent=silent)
            self.members.append(member)
        return member

    def watch(self, server: "Member", *kept: "Member") -> int:
        """Start `kept` again whenever they die, until the server ends; gives the server's exit code."""
        while not server.ended:
            for member in kept:
                member.revive()
            time.sleep(LOOK_SECONDS)
        return server.process.wait()

    def end(self) -> None:
        """Ask all to end at once, and end what is left of their groups when they do not in time."""
        for member in self.members:
            if not member.ended:
                member.process.terminate()
        until = time.monotonic() + END_SECONDS
        for member in self.members:
            try:
                member.process.wait(timeout=max(0.1, until - time.monotonic()))
            except subprocess.TimeoutExpired:
                os.killpg(member.process.pid, signal.SIGKILL)
                member.process.wait()

    def _on_signal(self, _number: int, _frame: FrameType | None) -> None:
        # Only leave: waiting for a process here could wait for the very wait that the signal interrupted.
        for number in SIGNALS:
            signal.signal(number, signal.SIG_IGN)
        raise SystemExit(0)


class Member:
    """One process of a family."""

    def __init__(self, arguments: Sequence[str], environment: Mapping[str, str], *, silent: bool) -> None:
        self.arguments, self.environment, self.silent = tuple(arguments), environment, silent
        self.pause = FIRST_PAUSE
        self.died: float | None = None
        self.process = self._begin()

    @property
    def ended(self) -> bool:
        """Whether it has ended."""
        return self.process.poll() is not None

    def revive(self) -> None:
        """Start it again where it has ended, after a pause that grows while it dies at once."""
        if not self.ended:
            return
        moment = time.monotonic()
        if self.died is None:
            self.died = moment
            self.pause = FIRST_PAUSE if moment - self.began > STEADY_SECONDS else min(self.pause * 2, LONGEST_PAUSE)
            log.warning("process_ended", command=self.arguments[0], status=self.process.returncode, pause=self.pause)
        elif moment - self.died >= self.pause:
            self.died = None
            with _signals_wait():
                self.process = self._begin()

    def _begin(self) -> "subprocess.Popen[bytes]":
        self.began = time.monotonic()
        return subprocess.Popen(  # noqa: S603 - our own command
            [sys.executable, "-m", "paritrana", *self.arguments],
            env=self.environment,
            stdout=subprocess.DEVNULL if self.silent else None,
            start_new_session=True,
            preexec_fn=_first_steps(),
        )


@contextmanager
def _signals_wait() -> Iterator[None]:
    """Let signals wait inside the block: one that arrived there could end this command and miss the new process."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _first_steps() -> Callable[[], None]:
    """What a new process does before anything else: signals end it, and so does the end of this one (on Linux)."""
    # Found here: little may be done between fork and exec.
    prctl = ctypes.CDLL(None, use_errno=True).prctl if sys.platform == "linux" else None
    parent = os.getpid()

    def steps() -> None:
        for number in SIGNALS:
            signal.signal(number, signal.SIG_DFL)
        if prctl is not None:
            prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
            if os.getppid() != parent:  # it was killed before the kernel was asked
                os._exit(1)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, SIGNALS)

    return steps
