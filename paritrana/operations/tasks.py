"""What the machine wants of an administrator: to look at jobs that failed."""

from collections.abc import Sequence
from datetime import datetime

from paritrana.core.policy import Actor, Role
from paritrana.core.words import N_
from paritrana.cycles.tasks import Task
from paritrana.jobs.queries import counts


def tasks(actor: Actor, at: datetime) -> Sequence[Task]:
    """The rows of this room (one statement)."""
    if not actor.administrator:
        return []
    failed = counts()["failed"]
    if not failed:
        return []
    return [
        Task(
            message=N_("Look at the failed jobs: %(count)s"),
            params={"count": failed},
            endpoint="operations.jobs",
            values={"state": "failed"},
            cycle=None,
            role=Role.ADMINISTRATOR,
        )
    ]
