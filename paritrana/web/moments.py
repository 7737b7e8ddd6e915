"""A moment that somebody types as a day and a time on the clock of a cycle's zone."""

import re
from datetime import date, datetime, time
from zoneinfo import ZoneInfo

_TIME = re.compile(r"([01]?[0-9]|2[0-3])[.:]([0-5][0-9])(?:[.:]([0-5][0-9]))?", re.ASCII)


def is_time(written: str | None) -> bool:
    """Whether this is a time of the day as it is written here: `13.30`, `13:30`, `23.59.59`."""
    return _TIME.fullmatch(written or "") is not None


def moment_of(on: date, written: str | None, zone: str) -> datetime:
    """The moment of a day and a written time in `zone`; midnight where no time can be read."""
    match = _TIME.fullmatch(written or "")
    hours, minutes, seconds = (int(part or 0) for part in match.groups()) if match else (0, 0, 0)
    return datetime.combine(on, time(hours, minutes, seconds), ZoneInfo(zone))
