"""What the results room wants of a person: to calculate, to confirm a decision of the plenary, to seal."""

from collections.abc import Sequence
from datetime import datetime

from paritrana.core.lifecycle import State
from paritrana.core.policy import Actor, Role
from paritrana.core.words import N_
from paritrana.cycles.models import Category, Proposal
from paritrana.cycles.queries import led_by
from paritrana.cycles.tasks import Task
from paritrana.results.plenary.queries import waiting_for_second
from paritrana.results.queries import SEAL_ACT


def tasks(actor: Actor, at: datetime) -> Sequence[Task]:
    """The rows of this room (at most three statements)."""
    found = [_decision(proposal.category) for proposal in waiting_for_second(actor)]
    for category, proposal in led_by(actor, State.PLENARY, SEAL_ACT, by=Category.plenary_until):
        if category.id in actor.chairs:
            found.append(_task(category, Role.CHAIR, proposal, of_others=proposal is not None))
        elif proposal is not None and proposal.proposer_person_id != actor.person_id:
            found.append(_task(category, Role.ORGANISER, proposal, of_others=False))
    return found


def _decision(category: Category) -> Task:
    return Task(
        message=N_("Look at a decision of the plenary and confirm it: %(category)s"),
        params={"category": category},
        endpoint="plenary.plenary",
        values={"cycle": category.cycle.code, "cat": category.slug},
        cycle=category.cycle,
        role=Role.ASSESSOR,
        due=category.plenary_until,
    )


def _task(category: Category, role: Role, proposal: Proposal | None, *, of_others: bool) -> Task:
    if role is Role.ORGANISER:
        message = N_("Confirm the seal of the result: %(category)s")
    elif proposal is not None:
        message = N_("An organiser must confirm the seal of the result: %(category)s")
    else:
        message = N_("Calculate the ranking and propose its seal: %(category)s")
    return Task(
        message=message,
        params={"category": category},
        endpoint="results.ranking",
        values={"cycle": category.cycle.code, "cat": category.slug},
        cycle=category.cycle,
        role=role,
        due=category.plenary_until,
        waiting_for_others=of_others,
    )
