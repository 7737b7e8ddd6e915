"""What the interviews want of a person: slots to plan, the next sessions, corrections to confirm."""

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
from paritrana.interviews.models import InterviewDay, InterviewSession
from paritrana.interviews.service import ATTENDANCE_ACT
from paritrana.nominations.models import Nomination


def tasks(actor: Actor, at: datetime) -> Sequence[Task]:
    """The rows of this room (at most three statements)."""
    return [*_to_run(actor), *_to_plan(actor), *_to_confirm(actor)]


def _to_run(actor: Actor) -> list[Task]:
    if not actor.organises:
        return []
    sessions = db.session.scalars(
        select(InterviewSession)
        .join(InterviewSession.day)
        .join(InterviewSession.category)
        .where(
            InterviewDay.cycle_id.in_(actor.organises),
            InterviewSession.state != "closed",
            InterviewSession.attempt == Category.attempt,
            Category.state == int(State.INTERVIEW),
        )
        .options(
            joinedload(InterviewSession.day).joinedload(InterviewDay.cycle),
            joinedload(InterviewSession.nomination).joinedload(Nomination.organisation),
        )
        .order_by(InterviewSession.planned_at)
        .limit(20)
    )
    return [
        Task(
            message=N_("Hold the interview of %(name)s"),
            params={"name": one.nomination.organisation.name},
            endpoint="interviews.slot",
            values={"day": one.day.code, "no": one.no},
            cycle=one.day.cycle,
            role=Role.ORGANISER,
            due=one.planned_at,
        )
        for one in sessions
    ]


def _to_plan(actor: Actor) -> list[Task]:
    if not actor.organises:
        return []
    planned = select(InterviewSession.id).where(
        InterviewSession.nomination_id == Nomination.id, InterviewSession.attempt == Category.attempt
    )
    categories = db.session.scalars(
        select(Category)
        .join(Nomination, Nomination.category_id == Category.id)
        .where(
            Category.cycle_id.in_(actor.organises),
            Category.state == int(State.INTERVIEW),
            Nomination.state == "shortlisted",
            ~planned.exists(),
        )
        .options(joinedload(Category.cycle))
        .order_by(Category.id)
        .distinct()
    )
    return [
        Task(
            message=N_("Plan the interviews: %(category)s"),
            params={"category": one},
            endpoint="interviews.schedule",
            values={"cycle": one.cycle.code},
            cycle=one.cycle,
            role=Role.ORGANISER,
            due=one.interviews_until,
        )
        for one in categories
    ]


def _to_confirm(actor: Actor) -> list[Task]:
    if not actor.chairs:
        return []
    rows = db.session.execute(
        select(Proposal, InterviewSession)
        .join(InterviewSession, InterviewSession.ref == Proposal.subject_ref)
        .where(
            Proposal.category_id.in_(actor.chairs),
            Proposal.act == ATTENDANCE_ACT,
            Proposal.state == "waiting",
            Proposal.proposer_person_id != actor.person_id,
        )
        .options(
            joinedload(Proposal.category).joinedload(Category.cycle),
            joinedload(InterviewSession.day),
            joinedload(InterviewSession.nomination).joinedload(Nomination.organisation),
        )
        .order_by(Proposal.id)
    ).all()
    return [
        Task(
            message=N_("Confirm the corrected attendance of %(name)s"),
            params={"name": session.nomination.organisation.name},
            endpoint="interviews.slot",
            values={"day": session.day.code, "no": session.no},
            cycle=proposal.category.cycle,
            role=Role.CHAIR,
        )
        for proposal, session in rows
    ]
