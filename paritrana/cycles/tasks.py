"""What waits for a person: rooms list tasks, the first page gathers them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from paritrana.core.policy import Role
from paritrana.cycles.models import Cycle


@dataclass(frozen=True)
class Task:
    """One row of «What needs you now»: a sentence, where it leads, and until when."""

    message: str  # English message id, such as "Verify %(name)s"
    params: Mapping[str, Any]
    endpoint: str
    values: Mapping[str, Any]
    cycle: Cycle | None  # None: it concerns the installation, not an award
    role: Role  # why it is this person's
    due: datetime | None = None
    waiting_for_others: bool = False
    done_at: datetime | None = None
    hints: tuple[tuple[str, Mapping[str, Any]], ...] = field(default=())
