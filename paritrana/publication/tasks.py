"""What the publication room wants of a person: to ask for the publication of a sealed result, or to confirm it."""

from collections.abc import Sequence
from datetime import datetime

from paritrana.core.lifecycle import State
from paritrana.core.policy import Actor, Role
from paritrana.core.words import N_
from paritrana.cycles.models import Category
from paritrana.cycles.queries import led_by
from paritrana.cycles.tasks import Task
from paritrana.publication.feedback import tasks as feedback
from paritrana.publication.objections import tasks as objections
from paritrana.publication.queries import PUBLISH_ACT


def tasks(actor: Actor, at: datetime) -> Sequence[Task]:
    """The rows of this room (at most four statements)."""
    found = []
    for category, proposal in led_by(actor, State.SEALED, PUBLISH_ACT, by=Category.publication_planned):
        if category.cycle_id in actor.organises:
            asked = proposal is not None
            message = (
                N_("The chair must confirm the publication: %(category)s")
                if asked
                else N_("Request the publication of the result: %(category)s")
            )
            found.append(_task(category, message, Role.ORGANISER, of_others=asked))
        elif proposal is not None and proposal.proposer_person_id != actor.person_id:
            found.append(_task(category, N_("Confirm the publication: %(category)s"), Role.CHAIR, of_others=False))
    return [*found, *objections.tasks(actor), *feedback.tasks(actor, at)]


def _task(category: Category, message: str, role: Role, *, of_others: bool) -> Task:
    return Task(
        message=message,
        params={"category": category},
        endpoint="publishing.publication",
        values={"cycle": category.cycle.code},
        cycle=category.cycle,
        role=role,
        due=category.publication_planned,
        waiting_for_others=of_others,
    )
