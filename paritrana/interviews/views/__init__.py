"""The pages of interviews: the schedule of a cycle, the slot of a candidate, and who presented."""

from paritrana.interviews.views import attendance, schedule, slots
from paritrana.interviews.views.frame import bp

__all__ = ["attendance", "bp", "schedule", "slots"]
