"""The guard of the record: whether everything of a cycle is published."""

from datetime import datetime
from typing import Any

from paritrana.core.lifecycle import State
from paritrana.cycles.models import Category, Cycle
from paritrana.cycles.queries import state_now


def all_public(subject: Any, at: datetime) -> bool:
    """Whether every category of the cycle is published, so that the record of its judging shows nothing too early."""
    cycle = subject.cycle if isinstance(subject, Category) else subject
    if not isinstance(cycle, Cycle):
        return False
    return bool(cycle.categories) and all(state_now(one, at) >= State.PUBLISHED for one in cycle.categories)
