"""What can be a job: a function registered under a kind, called with the run and a way to tell its progress.

    def count_things(run: Run, progress: Progress) -> Said:
        for done, page in enumerate(pages):
            service.do(page, actor=run.actor, at=run.now())
            db.session.commit()
            progress(done, len(pages))
        return Said(N_("%(count)s things were counted."), {"count": len(pages)})

A job calls a service, commits for itself, and may be run twice: whoever carried it out before may have died at any
point of it. It holds no writing transaction while it tells its progress.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Protocol

from paritrana.config import Settings
from paritrana.core.errors import ParitranaError
from paritrana.core.policy import Act, Actor
from paritrana.core.words import N_

SYSTEM = Actor(ref="system", name="system")  # in whose name a regular job acts


class Cancelled(Exception):
    """Somebody asked for the end of this job; raised by `progress` and left to go through."""


class HandedBack(Exception):
    """The worker ends; another one will begin this job anew. Raised by `progress`."""


class LeaseLost(Exception):
    """The job was given to another worker, because this one was not heard of. Raised by `progress`."""


class RightLost(ParitranaError):
    """Who asked for the job may no longer do what it does."""

    code = "right_lost"
    status = 403
    message = N_("The person who asked for this no longer has the right to it.")


@dataclass(frozen=True, slots=True)
class Said:
    """A sentence about a job: an English message id and plain values."""

    message: str
    params: Mapping[str, Any] = field(default_factory=dict)

    def stored(self) -> dict[str, Any]:
        """The sentence as it stands in the table: whole numbers and texts only."""
        plain = {name: value if isinstance(value, int | str) else str(value) for name, value in self.params.items()}
        return {"message": self.message, "params": plain}


@dataclass(frozen=True, slots=True)
class Run:
    """One attempt at a job, as its function sees it. `actor` has the rights of this moment."""

    ref: str
    kind: str
    arguments: Mapping[str, Any]
    actor: Actor
    settings: Settings
    now: Callable[[], datetime]


class Progress(Protocol):
    """Tells how far a job is."""

    def __call__(self, done: int, total: int | None = None) -> None:
        """`done` of `total` steps; stored about once a second. Raises `Cancelled`, `HandedBack`, `LeaseLost`."""
        ...


@dataclass(frozen=True)
class Kind:
    """A kind of job.

    `act` is what whoever asks for one must be allowed, when it is asked for and again when it runs. `slot` makes it a
    regular job: it names the turn that a moment falls into, and each turn gets one job, if `wanted` then says yes.
    In a read-only time only kinds `while_halted` go on: what has to be forgotten in time is forgotten then, too.
    """

    name: str
    title: str  # message id
    function: Callable[[Run, Progress], Said]
    act: Act = Act.OPERATE
    by_hand: bool = False
    slot: Callable[[datetime], str] | None = None
    wanted: Callable[[datetime], bool] = lambda at: True
    while_halted: bool = False


class Kinds:
    """The kinds of one application, handed over by its rooms."""

    def __init__(self, actor_of: Callable[[int], Actor | None], halted: Callable[[], object] = lambda: None) -> None:
        self.actor_of = actor_of
        self.halted = halted  # the read-only time that stands, if one does
        self._kinds: dict[str, Kind] = {}

    def register(self, *kinds: Kind) -> None:
        """Add kinds; a name stands for one kind."""
        for kind in kinds:
            if kind.name in self._kinds:
                raise ValueError(f"two kinds of jobs are called {kind.name}")
            self._kinds[kind.name] = kind

    def find(self, name: str) -> Kind | None:
        """The kind of this name; None where a newer or older version of the program knew it."""
        return self._kinds.get(name)

    def __iter__(self) -> Iterator[Kind]:
        return iter(self._kinds.values())


def nightly(hour: int) -> Callable[[datetime], str]:
    """A turn a day, from `hour` o'clock UTC on. A machine that slept then catches up when it is on again."""
    return lambda at: (at - timedelta(hours=hour)).date().isoformat()


def every(minutes: int) -> Callable[[datetime], str]:
    """A turn each so many minutes of the hour."""
    return lambda at: at.replace(minute=at.minute - at.minute % minutes).strftime("%Y-%m-%dT%H:%M")
