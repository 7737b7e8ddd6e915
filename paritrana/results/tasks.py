"""What the results room wants of a person: to calculate and propose the seal, or to confirm it."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import or_, select
from sqlalchemy.orm import joinedload

from paritrana.core.lifecycle import State
from paritrana.core.policy import Actor, Role
from paritrana.core.words import N_
from paritrana.cycles.models import Category, Proposal
from paritrana.cycles.queries import waiting_proposals
from paritrana.cycles.tasks import Task
from paritrana.database import db
from paritrana.results.queries import SEAL_ACT


def tasks(actor: Actor, at: datetime) -> Sequence[Task]:
    """The rows of this room (at most two statements)."""
    chaired = {seat.category_id for seat in actor.seats.values() if seat.role == "chair" or seat.acting}
    if not chaired and not actor.organises:
        return []
    categories = db.session.scalars(
        select(Category)
        .where(
            Category.state == int(State.PLENARY),
            or_(Category.id.in_(chaired), Category.cycle_id.in_(actor.organises)),
        )
        .options(joinedload(Category.cycle, innerjoin=True))
        .order_by(Category.plenary_until, Category.id)
    ).all()
    if not categories:
        return []
    waiting = {
        one.category_id: one
        for one in waiting_proposals([category.id for category in categories])
        if one.act == SEAL_ACT
    }
    found = []
    for category in categories:
        proposal = waiting.get(category.id)
        if category.id in chaired:
            found.append(_task(category, Role.CHAIR, proposal, of_others=proposal is not None))
        elif proposal is not None and proposal.proposer_person_id != actor.person_id:
            found.append(_task(category, Role.ORGANISER, proposal, of_others=False))
    return found


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
