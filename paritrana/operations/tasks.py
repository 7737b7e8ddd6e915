"""What the machine wants of people: to look at jobs that failed, and to decide whether changes go on."""

from collections.abc import Sequence
from datetime import datetime

from paritrana.core.policy import Actor, Role
from paritrana.core.words import N_
from paritrana.cycles.tasks import Task
from paritrana.jobs.queries import counts
from paritrana.operations.stopping import waiting_lift


def tasks(actor: Actor, at: datetime) -> Sequence[Task]:
    """The rows of this room (one statement for administrators, one for auditors)."""
    found = []
    if actor.administrator and (failed := counts()["failed"]):
        found.append(
            Task(
                message=N_("Look at the failed jobs: %(count)s"),
                params={"count": failed},
                endpoint="operations.jobs",
                values={"state": "failed"},
                cycle=None,
                role=Role.ADMINISTRATOR,
            )
        )
    if actor.audits and (lift := waiting_lift()) is not None and lift.expires_at > at:
        found.append(
            Task(
                message=N_("Nothing is stored: decide whether changes go on"),
                params={},
                endpoint="readonly.lift_page",
                values={"lift": lift.ref},
                cycle=None,
                role=Role.AUDITOR,
            )
        )
    return found
