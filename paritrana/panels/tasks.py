"""What the panel room wants of a person: proposals that wait for the chair, and empty places to fill."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import joinedload

from paritrana.core.lifecycle import State
from paritrana.core.policy import Actor, Role
from paritrana.core.words import N_
from paritrana.cycles.models import Category, Proposal
from paritrana.cycles.tasks import Task
from paritrana.database import db
from paritrana.panels import queries


def tasks(actor: Actor, at: datetime) -> Sequence[Task]:
    """The rows of this room, soonest first (at most four statements)."""
    return [*_to_confirm(actor), *_to_waive(actor), *_to_seat(actor)]


def _to_confirm(actor: Actor) -> list[Task]:
    if not actor.chairs:
        return []
    return [
        _confirmation(proposal)
        for proposal in queries.waiting_for_chair(actor.chairs)
        if proposal.proposer_person_id != actor.person_id
    ]


def _confirmation(proposal: Proposal) -> Task:
    category = proposal.category
    opening = proposal.act == queries.OPEN_ACT
    return Task(
        message=(
            N_("Confirm the opening of the category: %(category)s")
            if opening
            else N_("Confirm the change of the panel: %(category)s")
        ),
        params={"category": category},
        endpoint="home.manage" if opening else "panels.panel",
        values={"cycle": category.cycle.code},
        cycle=category.cycle,
        role=Role.CHAIR,
        due=category.opens_at if opening else None,
    )


def _to_waive(actor: Actor) -> list[Task]:
    """Waivers that a chair proposed and that an organiser, who is not the person concerned, confirms."""
    if not actor.organises:
        return []
    return [
        Task(
            message=N_("Confirm the waiver of a conflict: %(category)s"),
            params={"category": proposal.category},
            endpoint="panels.panel",
            values={"cycle": proposal.category.cycle.code},
            cycle=proposal.category.cycle,
            role=Role.ORGANISER,
        )
        for proposal in queries.waivers_waiting(actor.organises)
    ]


def _to_seat(actor: Actor) -> list[Task]:
    if not actor.organises:
        return []
    drafts = db.session.scalars(
        select(Category)
        .where(Category.cycle_id.in_(actor.organises), Category.state == int(State.DRAFT))
        .options(joinedload(Category.cycle, innerjoin=True))
        .order_by(Category.cycle_id, Category.position)
    ).all()
    heads = {one.category.id: one.head for one in queries.panels_of(drafts)} if drafts else {}
    return [
        Task(
            message=N_("Seat a chair and a deputy chair: %(category)s"),
            params={"category": category},
            endpoint="panels.panel",
            values={"cycle": category.cycle.code},
            cycle=category.cycle,
            role=Role.ORGANISER,
            due=category.opens_at,
        )
        for category in drafts
        if heads[category.id].chair is None or heads[category.id].deputy is None
    ]
