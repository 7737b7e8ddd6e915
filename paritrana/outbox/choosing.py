"""When a message leaves: at once, in the morning's summary, or after the night."""

from datetime import datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

HOME_ZONE: Final = "Asia/Jakarta"  # of messages that belong to no cycle
MORNING: Final = time(7)  # when the summary is made
QUIET: Final = (time(20), time(6))  # nothing but what wakes leaves in between


def next_morning(at: datetime, zone: str) -> datetime:
    """The next 07.00 on the clocks of `zone` after `at`."""
    return _next(at, zone, MORNING)


def quiet_until(at: datetime, zone: str) -> datetime | None:
    """The end of the night in `zone` where `at` lies in it, else None."""
    wall = at.astimezone(ZoneInfo(zone)).time()
    begins, ends = QUIET
    return _next(at, zone, ends) if wall >= begins or wall < ends else None


def _next(at: datetime, zone: str, wall: time) -> datetime:
    local = at.astimezone(ZoneInfo(zone))
    found = local.replace(hour=wall.hour, minute=wall.minute, second=0, microsecond=0)
    return found if found > local else found + timedelta(days=1)
