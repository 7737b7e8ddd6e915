"""What a new result wants of a nominee: to read its feedback."""

from collections.abc import Sequence
from datetime import datetime

from paritrana.core.policy import Actor, Role
from paritrana.core.words import N_
from paritrana.cycles.tasks import Task
from paritrana.publication.feedback.queries import newly_public


def tasks(actor: Actor, at: datetime) -> Sequence[Task]:
    """The nominations whose result has been public for a short while (two statements)."""
    return [
        Task(
            message=N_("Read the feedback on the nomination of %(name)s"),
            params={"name": one.organisation.name},
            endpoint="feedback.feedback",
            values={"ref": one.ref},
            cycle=one.category.cycle,
            role=Role.NOMINEE,
        )
        for one in newly_public(actor.organisations, at)
    ]
