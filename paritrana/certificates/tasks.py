"""What the certificates room wants of a person: to issue what a published result leaves open."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import joinedload

from paritrana.certificates.models import Certificate
from paritrana.core.lifecycle import State
from paritrana.core.policy import Actor, Role
from paritrana.core.words import N_
from paritrana.cycles.models import Category
from paritrana.cycles.queries import public_now
from paritrana.cycles.tasks import Task
from paritrana.database import db
from paritrana.results.models import Award


def tasks(actor: Actor, at: datetime) -> Sequence[Task]:
    """The rows of this room (at most two statements)."""
    if not actor.organises:
        return []
    open_award = (
        select(Award.id)
        .where(
            Award.category_id == Category.id,
            Award.ended_at.is_(None),
            ~select(Certificate.id).where(Certificate.award_id == Award.id, Certificate.status == "valid").exists(),
        )
        .exists()
    )
    categories = db.session.scalars(
        select(Category)
        .where(public_now(at), Category.state < int(State.ARCHIVED), Category.cycle_id.in_(actor.organises), open_award)
        .options(joinedload(Category.cycle, innerjoin=True))
        .order_by(Category.cycle_id, Category.position)
    ).all()
    return [
        Task(
            message=N_("Issue the certificates: %(category)s"),
            params={"category": category},
            endpoint="certificates.certificates",
            values={"cycle": category.cycle.code},
            cycle=category.cycle,
            role=Role.ORGANISER,
        )
        for category in categories
    ]
