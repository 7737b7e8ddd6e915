"""Reads around a restart: the sheets that would no longer count, and the proposal that waits."""

from collections.abc import Sequence

from sqlalchemy import not_, select, true
from sqlalchemy.orm import contains_eager, joinedload

from paritrana.core.errors import NotFound
from paritrana.core.policy import Actor
from paritrana.cycles.models import Category, Cycle, Proposal
from paritrana.cycles.queries import RESTART_ACT
from paritrana.database import db
from paritrana.nominations.models import Nomination
from paritrana.panels.queries import conflict_clause
from paritrana.reference.models import Organisation
from paritrana.sheets.models import Sheet


def get_restart_proposal(cycle: str, cat: str, proposal: str) -> Proposal:
    """A proposal to restart a category. Raises `NotFound`."""
    found = db.session.scalar(
        select(Proposal)
        .join(Proposal.category)
        .join(Category.cycle)
        .where(Cycle.code == cycle, Category.slug == cat, Proposal.ref == proposal, Proposal.act == RESTART_ACT)
        .options(joinedload(Proposal.category, innerjoin=True).joinedload(Category.cycle, innerjoin=True))
    )
    if found is None:
        raise NotFound
    return found


def affected(category: Category) -> list[str]:
    """The references of the sheets of the present attempt, in their order (one statement)."""
    return sorted(
        db.session.scalars(select(Sheet.ref).where(Sheet.category_id == category.id, Sheet.attempt == category.attempt))
    )


def affected_shown(category: Category, actor: Actor) -> Sequence[Sheet]:
    """These sheets with candidate and assessor; an officer in conflict does not see those of that candidate.

    An organiser, who does not judge, sees them all (one statement).
    A sheet that was withdrawn from its candidate is among them: it is on record and stays so.
    """
    return db.session.scalars(
        select(Sheet)
        .join(Sheet.nomination)
        .join(Nomination.organisation)
        .where(
            Sheet.category_id == category.id,
            Sheet.attempt == category.attempt,
            true() if category.cycle_id in actor.organises else not_(conflict_clause(actor)),
        )
        .options(
            contains_eager(Sheet.nomination).contains_eager(Nomination.organisation),
            joinedload(Sheet.assessor, innerjoin=True),
        )
        .order_by(Organisation.name, Nomination.id, Sheet.id)
    ).all()
