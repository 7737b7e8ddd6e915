"""The one place that reads the machine's clock; everything else is handed a moment."""

import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Final, Protocol

import structlog

log = structlog.get_logger("security")

STEP: Final = timedelta(seconds=1)  # how far the machine's clock may step back before that is an alarm


class Clock(Protocol):
    """Tells the moment. Tests and seeding hand over their own."""

    def now(self) -> datetime:
        """The present moment, aware, in UTC."""
        ...


def _machine() -> datetime:
    return datetime.now(UTC)


class SystemClock:
    """The machine's clock, which never runs backwards within one process. `machine` tells the machine's own time."""

    def __init__(self, machine: Callable[[], datetime] = _machine) -> None:
        self._machine = machine
        self._lock = threading.Lock()
        self._last = datetime(1970, 1, 1, tzinfo=UTC)
        self._alarmed = False

    def now(self) -> datetime:
        """The present moment in UTC; waits on the last moment told when the machine's clock steps back.

        A step of more than a second is told in the security log, once until the machine has caught up.
        """
        with self._lock:
            told = self._machine()
            behind = self._last - told
            if behind <= timedelta(0):
                self._last, self._alarmed = told, False
            elif behind > STEP and not self._alarmed:
                self._alarmed = True
                log.error("clock_stepped_back", seconds=round(behind.total_seconds(), 3))
            return self._last


class SetClock:
    """A clock that stands still until it is moved: for seeding a past and for tests."""

    def __init__(self, moment: datetime) -> None:
        self.moment = moment

    def now(self) -> datetime:
        """The moment it was set to."""
        return self.moment

    def set(self, moment: datetime) -> None:
        """Stand at `moment`."""
        self.moment = moment

    def advance(self, **parts: float) -> datetime:
        """Move on by a timedelta of `parts` (days, hours, minutes, seconds) and tell the new moment."""
        self.moment += timedelta(**parts)
        return self.moment
