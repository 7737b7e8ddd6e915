"""Carrying out jobs: one attempt at one job, and the process that waits for wake-up calls with some threads.

A thread of its own keeps order in that process: it renews the leases of what runs here, notes that the worker is
there, deals with jobs of workers that are gone, and plans the regular ones. So a job is given to another worker only
when this whole process is no longer heard of.
"""

import logging
import os
import secrets
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from types import FrameType
from typing import TYPE_CHECKING, Final

import structlog

from paritrana.clock import Clock
from paritrana.config import Settings
from paritrana.core.errors import ParitranaError
from paritrana.core.policy import Actor, decide
from paritrana.core.words import N_
from paritrana.database import db, is_writing, set_writing
from paritrana.jobs import queries, service
from paritrana.jobs.kinds import SYSTEM, Cancelled, HandedBack, Kind, Kinds, LeaseLost, RightLost, Run, Said
from paritrana.jobs.queue import Queue
from paritrana.jobs.service import Claim
from paritrana.scopes import everybody

if TYPE_CHECKING:
    from flask import Flask

log = structlog.get_logger("paritrana.jobs")

STORED_EVERY: Final = 1.0  # seconds between two progress counts in the table
LONGEST_TICK: Final = timedelta(seconds=20)
END_SECONDS: Final = 10  # for jobs to end or to be handed back when the worker is told to end
IDLE_SECONDS: Final = 1.0  # at most, between two looks into a queue that is a file

FAULT = N_("A fault ended this job. The log of the worker tells more under %(ref)s.")


class UnknownKind(ParitranaError):
    """A job of a kind that this version does not know."""

    code = "unknown_kind"
    message = N_("This version of the program does not know this kind of job.")


class ProgressInsideTransaction(RuntimeError):
    """A job told its progress while it held a writing transaction: what it wrote could not be stored beside it."""


@dataclass
class Desk:
    """What the threads of one worker share: its name, how long its leases are, what it holds, and whether it ends."""

    name: str
    lease: timedelta
    ends: threading.Event = field(default_factory=threading.Event)
    held: set[str] = field(default_factory=set)  # leases of the jobs that run here
    lost: set[str] = field(default_factory=set)  # those of them that were given to another worker

    @property
    def tick(self) -> timedelta:
        """The time between two looks of the keeper of order: a lease lasts three of them."""
        return min(LONGEST_TICK, self.lease / 3)


# One attempt ----------------------------------------------------------------------------------------------------------


def perform(app: "Flask", ref: str, desk: Desk) -> None:
    """Carry out the job `ref` if it still waits, and note how it ended. Never raises what the job raises."""
    reason = "a job works for the whole house; the right of who asked for it is looked up before it runs"
    with app.app_context(), structlog.contextvars.bound_contextvars(job=ref), everybody(reason):
        set_writing(True)
        clock: Clock = app.extensions["clock"]
        if service.stopped(app.extensions["jobs"], ref):
            db.session.remove()
            return
        claim = service.claim(ref, desk.name, at=clock.now(), lease=desk.lease)
        db.session.commit()
        if claim is None:
            return
        desk.held.add(claim.lease)
        log.info("job_begins", kind=claim.kind, attempt=claim.attempts)
        began = time.monotonic()
        try:
            _attempt(app, claim, desk, clock)
        finally:
            desk.held.discard(claim.lease)
            desk.lost.discard(claim.lease)
            db.session.remove()
            log.info("job_left", kind=claim.kind, seconds=round(time.monotonic() - began, 1))


def _attempt(app: "Flask", claim: Claim, desk: Desk, clock: Clock) -> None:
    progress = _Progress(claim.lease, desk, clock)
    problem: Said | None = None
    try:
        said = _call(app, claim, progress, clock)
    except Cancelled:
        db.session.rollback()
        log.info("job_cancelled")
        service.end_cancelled(claim.lease, at=clock.now())
    except HandedBack:
        db.session.rollback()
        log.info("job_handed_back")
        service.hand_back(claim.lease, at=clock.now())
    except LeaseLost:
        db.session.rollback()
        log.warning("job_lease_lost")
        return
    except ParitranaError as refusal:
        problem = Said(refusal.message, refusal.params)
        log.warning("job_refused", code=refusal.code)
    except Exception:
        problem = Said(FAULT, {"ref": claim.ref})
        log.exception("job_fault")
    else:
        db.session.rollback()  # what a job has not committed was not meant to stay
        service.finish(claim.lease, at=clock.now(), done=progress.done, total=progress.total, result=said)
    if problem is not None:
        db.session.rollback()
        service.fail(claim.lease, at=clock.now(), problem=problem)
    db.session.commit()


def _call(app: "Flask", claim: Claim, progress: "_Progress", clock: Clock) -> Said:
    kinds: Kinds = app.extensions["jobs"]
    kind = kinds.find(claim.kind)
    if kind is None:
        raise UnknownKind
    actor = SYSTEM if claim.asked_by_id is None else kinds.actor_of(claim.asked_by_id)
    if actor is None or (actor is not SYSTEM and not _may(actor, kind)):
        raise RightLost
    db.session.rollback()
    settings: Settings = app.extensions["settings"]
    run = Run(claim.ref, claim.kind, dict(claim.arguments), actor, settings, clock.now)
    return kind.function(run, progress)


def _may(actor: Actor, kind: Kind) -> bool:
    return decide(actor, kind.act, lambda role, guard: True).allowed


class _Progress:
    """The progress of one attempt; see `kinds.Progress`."""

    def __init__(self, lease: str, desk: Desk, clock: Clock) -> None:
        self.lease, self.desk, self.clock = lease, desk, clock
        self.done, self.total = 0, None  # type: int, int | None
        self._stored = float("-inf")

    def __call__(self, done: int, total: int | None = None) -> None:
        self.done, self.total = done, total
        if self.desk.ends.is_set():
            raise HandedBack
        if self.lease in self.desk.lost:
            raise LeaseLost
        if time.monotonic() - self._stored < STORED_EVERY:
            return
        if db.session().in_transaction() and is_writing():
            raise ProgressInsideTransaction("commit before telling the progress")
        self._stored = time.monotonic()
        # On a connection of its own: what the job reads meanwhile goes on.
        until = self.clock.now() + self.desk.lease
        with db.engine.begin() as connection:
            cancel_asked = service.note_progress(connection, self.lease, done=done, total=total, until=until)
        if cancel_asked is None:
            raise LeaseLost
        if cancel_asked:
            raise Cancelled


# The keeper of order --------------------------------------------------------------------------------------------------


def keep_order(app: "Flask", desk: Desk, *, threads: int = 1) -> None:
    """One look of the keeper: renew, be seen, sweep, plan, and wake what waits without a call."""
    queue: Queue = app.extensions["queue"]
    with app.app_context(), everybody("what is due is looked for in every cycle, and nothing else"):
        set_writing(True)
        at: datetime = app.extensions["clock"].now()
        held = frozenset(desk.held)
        still = service.renew(held, until=at + desk.lease)
        service.note_worker(desk.name, host=socket.gethostname(), threads=threads, at=at)
        woken = service.sweep(at=at) + service.plan(app.extensions["jobs"], at=at)
        service.wake(queue, woken)
        halted = app.extensions["jobs"].halted() is not None  # what waits is called again when that time is over
        waiting = [] if halted else [ref for ref in queries.queued_before(at - desk.tick) if ref not in woken]
        db.session.commit()
        desk.lost |= (held - still) & desk.held
        if waiting and queue.size() == 0:  # their calls were lost, with Redis emptied or the file removed
            log.warning("calls_were_lost", jobs=len(waiting))
            queue.send(waiting)


class _Keeper(threading.Thread):
    def __init__(self, app: "Flask", desk: Desk, *, threads: int) -> None:
        super().__init__(name="keeper", daemon=True)
        self.app, self.desk, self.threads = app, desk, threads

    def run(self) -> None:
        while True:
            try:
                keep_order(self.app, self.desk, threads=self.threads)
            except Exception as fault:  # the database or the queue is away; the next look may find it again
                log.error("order_not_kept", reason=type(fault).__name__)
            if self.desk.ends.wait(self.desk.tick.total_seconds()):
                return


# The process ----------------------------------------------------------------------------------------------------------


def work(app: "Flask", *, threads: int) -> None:
    """Carry out jobs with so many threads until SIGTERM or SIGINT; then jobs end or are handed back."""
    settings: Settings = app.extensions["settings"]
    name = f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(2)}"
    desk = Desk(name, timedelta(seconds=settings.job_lease_seconds))
    queue: Queue = app.extensions["queue"]
    _log_of_huey()
    with _told_to_end(desk.ends):
        log.info("worker_begins", worker=name, threads=threads)
        keeper = _Keeper(app, desk, threads=threads)
        keeper.start()
        while not desk.ends.is_set():
            _consume(queue, lambda ref: perform(app, ref, desk), desk.ends, threads=threads)
        keeper.join(END_SECONDS)
        _leave(app, desk)
        log.info("worker_ends", worker=name)


@contextmanager
def _told_to_end(ends: threading.Event) -> Iterator[None]:
    def on_signal(_number: int, _frame: FrameType | None) -> None:
        ends.set()

    before = {number: signal.signal(number, on_signal) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _consume(queue: Queue, perform: Callable[[str], None], ends: threading.Event, *, threads: int) -> None:
    """Listen until the worker ends, or until the queue's file is another one than it was."""
    from huey.consumer import Consumer

    class Listener(Consumer):  # type: ignore[misc]
        def _set_signal_handlers(self) -> None:
            """Signals are this module's own matter."""

    huey = queue.huey(perform)
    listener = Listener(
        huey, workers=threads, periodic=False, max_delay=IDLE_SECONDS, scheduler_interval=60,
        shutdown_timeout=END_SECONDS,
    )  # fmt: skip
    listener.start()
    file = _number_of(queue)
    while not ends.wait(0.5):
        if _number_of(queue) != file:
            log.warning("queue_file_replaced")
            break
        if not all(thread.is_alive() for _worker, thread in listener.worker_threads):
            listener.check_worker_health()
    listener.stop(graceful=True)
    huey.storage.close()


def _number_of(queue: Queue) -> int | None:
    """The number of the queue's file on its disk; None where it is gone, or where there is none."""
    if queue.file is None:
        return None
    try:
        return queue.file.stat().st_ino
    except OSError:
        return None


def _leave(app: "Flask", desk: Desk) -> None:
    """Hand back what did not end in time, and say that this worker is gone."""
    try:
        with app.app_context():
            set_writing(True)
            for lease in tuple(desk.held):
                service.hand_back(lease, at=app.extensions["clock"].now())
            service.forget_worker(desk.name)
            db.session.commit()
    except Exception as fault:  # then the leases run out, and another worker finds the jobs
        log.error("worker_left_without_a_word", reason=type(fault).__name__)


class _ToOurLog(logging.Handler):
    """Huey's own remarks as lines of ours, without traces."""

    def emit(self, record: logging.LogRecord) -> None:
        cause = record.exc_info[1] if record.exc_info else None
        reason = None if cause is None else type(cause).__name__
        log.log(record.levelno, "huey", said=record.getMessage(), reason=reason)


def _log_of_huey() -> None:
    logger = logging.getLogger("huey")
    logger.handlers = [_ToOurLog()]
    logger.propagate = False
