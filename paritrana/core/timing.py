"""The clock of an interview slot: phases, pauses and extra minutes, read from the events that were recorded.

The server keeps only what the operator did and when; every device shows what this module makes of it and of the
server's time, so that all show the same. Source: docs/developers.md, the interview day.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from paritrana.core.errors import ParitranaError
from paritrana.core.words import N_

ZERO = timedelta(0)


class TimerAct(StrEnum):
    """What an operator does to the clock of a slot."""

    START = "start"
    PAUSE = "pause"
    RESUME = "resume"
    NEXT = "next"
    EXTEND = "extend"
    END = "end"


class TimerRefused(ParitranaError):
    """The clock is not where this act could be done, for example a pause while it does not run."""

    code = "timer_refused"
    message = N_("The clock of this slot has moved on. Look at it again.")


@dataclass(frozen=True)
class Phase:
    """A part of a slot, such as the presentation, and how long it is planned to last."""

    code: str
    length: timedelta


@dataclass(frozen=True)
class TimerEvent:
    """One thing an operator did; `extra` is the time that `extend` adds."""

    act: TimerAct
    at: datetime
    extra: timedelta = ZERO


@dataclass(frozen=True)
class Reading:
    """Where the clock of a slot stands at one moment.

    `phase` is the index of the phase, None before the start and after the end. `remaining` is negative in overrun.
    `used` holds the time spent in each phase that was begun, pauses left out.
    """

    phase: int | None
    running: bool
    ended: bool
    remaining: timedelta
    used: tuple[timedelta, ...]

    @property
    def overrun(self) -> bool:
        """Whether the phase lasts longer than planned and granted."""
        return self.phase is not None and self.remaining < ZERO


def read(phases: Sequence[Phase], events: Sequence[TimerEvent], now: datetime) -> Reading:
    """Where the clock stands at `now`, from all events in their order.

    An event later than `now` is as if it had not happened. Raises `TimerRefused` for a sequence nobody could have made.
    """
    clock = _Clock(phases)
    for event in events:
        if event.at <= now:
            clock.take(event)
    return clock.read(now)


def check(phases: Sequence[Phase], events: Sequence[TimerEvent], act: TimerAct) -> None:
    """Raise `TimerRefused` where `act` cannot follow these events."""
    clock = _Clock(phases)
    for event in events:
        clock.take(event)
    clock.check(act)


def acts_possible(phases: Sequence[Phase], events: Sequence[TimerEvent]) -> tuple[TimerAct, ...]:
    """What an operator may do next, in the order of the buttons."""
    clock = _Clock(phases)
    for event in events:
        clock.take(event)
    return tuple(act for act in TimerAct if clock.possible(act))


class _Clock:
    def __init__(self, phases: Sequence[Phase]) -> None:
        self.phases = phases
        self.phase: int | None = None
        self.ended = False
        self.since: datetime | None = None  # None while it stands still
        self.used: list[timedelta] = []
        self.granted: list[timedelta] = []

    def possible(self, act: TimerAct) -> bool:
        going = self.phase is not None
        return {
            TimerAct.START: not going and not self.ended,
            TimerAct.PAUSE: going and self.since is not None,
            TimerAct.RESUME: going and self.since is None,
            TimerAct.NEXT: going and (self.phase or 0) + 1 < len(self.phases),
            TimerAct.EXTEND: going,
            TimerAct.END: going,
        }[act]

    def check(self, act: TimerAct) -> None:
        if not self.possible(act):
            raise TimerRefused

    def take(self, event: TimerEvent) -> None:
        self.check(event.act)
        if event.act is TimerAct.EXTEND:
            self.granted[-1] += event.extra
            return
        self._stop(event.at)
        if event.act in (TimerAct.START, TimerAct.NEXT):
            self.phase = 0 if self.phase is None else self.phase + 1
            self.used.append(ZERO)
            self.granted.append(self.phases[self.phase].length)
        if event.act is TimerAct.END:
            self.phase, self.ended = None, True
        elif event.act is not TimerAct.PAUSE:
            self.since = event.at

    def _stop(self, at: datetime) -> None:
        if self.since is not None:
            self.used[-1] += at - self.since
        self.since = None

    def read(self, now: datetime) -> Reading:
        used = list(self.used)
        if self.since is not None:
            used[-1] += now - self.since
        remaining = ZERO if self.phase is None else self.granted[-1] - used[-1]
        return Reading(self.phase, self.since is not None, self.ended, remaining, tuple(used))
