"""What the certificates room wants of a person: to issue what a published result leaves open, and to confirm."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import joinedload

from paritrana.certificates import queries
from paritrana.certificates.models import Certificate
from paritrana.certificates.queries import END_ACT, ISSUE_ACT
from paritrana.core.codes import shown
from paritrana.core.lifecycle import State
from paritrana.core.policy import Actor, Role
from paritrana.core.words import N_
from paritrana.cycles.models import Category
from paritrana.cycles.queries import public_now
from paritrana.cycles.tasks import Task
from paritrana.database import db
from paritrana.results.models import Award


def tasks(actor: Actor, at: datetime) -> Sequence[Task]:
    """The rows of this room (at most four statements)."""
    return [*_asked(actor), *_to_issue(actor, at)]


ASKED: Final = {
    ISSUE_ACT: (
        N_("Confirm the certificates: %(category)s"),
        N_("The certificates wait for the chair: %(category)s"),
    ),
    END_ACT: (
        N_("Confirm the end of certificate %(code)s: %(category)s"),
        N_("The end of certificate %(code)s waits for the chair: %(category)s"),
    ),
}


def _asked(actor: Actor) -> list[Task]:
    """What waits for its second person: certificates before the publication, and the end of one."""
    found = []
    for proposal in queries.asked_of(actor):
        category, code, early = proposal.category, shown(proposal.subject_ref), proposal.act == ISSUE_ACT
        chair = category.id in actor.chairs and proposal.proposer_person_id != actor.person_id
        mine, others = ASKED[proposal.act]
        found.append(
            Task(
                message=mine if chair else others,
                params={"category": category, "code": code},
                endpoint="certificate_office.office" if early else "certificate_register.certificate",
                values={"cycle": category.cycle.code} | ({} if early else {"code": code}),
                cycle=category.cycle,
                role=Role.CHAIR if chair else Role.ORGANISER,
                waiting_for_others=not chair,
            )
        )
    return found


def _to_issue(actor: Actor, at: datetime) -> list[Task]:
    if not actor.organises:
        return []
    open_award = (
        select(Award.id)
        .where(
            Award.category_id == Category.id,
            Award.ended_at.is_(None),
            ~select(Certificate.id)
            .where(Certificate.award_id == Award.id, Certificate.status.in_(("valid", "revoked")))
            .exists(),
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
