"""The pages of interviews: the schedule of a cycle, the board of a day, the slot of a candidate, who presented."""

from paritrana.interviews.views import attendance, board, calendar, clock, minutes, planning, schedule, slots
from paritrana.interviews.views.frame import bp

__all__ = ["attendance", "board", "bp", "calendar", "clock", "minutes", "planning", "schedule", "slots"]
