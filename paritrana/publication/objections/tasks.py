"""What objections want of a person: the chair and the organisers see those that wait for their answer."""

from collections.abc import Sequence

from paritrana.core.policy import Actor, Role
from paritrana.core.words import N_
from paritrana.cycles.tasks import Task
from paritrana.publication.objections.queries import waiting_for


def tasks(actor: Actor) -> Sequence[Task]:
    """The objections that wait where the person chairs or organises (at most two statements)."""
    return [
        Task(
            message=N_("Answer the objection of %(name)s"),
            params={"name": one.nomination.organisation.name},
            endpoint="objections.objection",
            values={"cycle": one.category.cycle.code, "objection": one.ref},
            cycle=one.category.cycle,
            role=Role.CHAIR if one.category.id in actor.chairs else Role.ORGANISER,
        )
        for one in waiting_for(actor)
    ]
