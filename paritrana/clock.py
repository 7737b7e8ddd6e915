"""The one place that reads the machine's clock; everything else is handed a moment."""

from datetime import UTC, datetime, timedelta
from typing import Protocol


class Clock(Protocol):
    """Tells the moment. Tests and seeding hand over their own."""

    def now(self) -> datetime:
        """The present moment, aware, in UTC."""
        ...


class SystemClock:
    """The machine's clock, which never runs backwards within one process."""

    def __init__(self) -> None:
        self._last = datetime(1970, 1, 1, tzinfo=UTC)

    def now(self) -> datetime:
        """The present moment in UTC; waits on the last moment told when the machine's clock steps back."""
        self._last = max(self._last, datetime.now(UTC))
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
