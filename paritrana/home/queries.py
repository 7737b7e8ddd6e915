"""Reads that gather from several rooms: what waits for a person, and how far the categories of a cycle are.

The rooms with tasks stand in one list. Times of tasks are on the clock of their cycle, so rows of several cycles are
put in order by the time that is left.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import func, or_, select

from paritrana.certificates import tasks as certificates
from paritrana.certificates.editor import tasks as spellings
from paritrana.core.lifecycle import State
from paritrana.core.policy import Actor
from paritrana.cycles import tasks as cycles
from paritrana.cycles.models import Category, Cycle
from paritrana.cycles.queries import all_categories, cycle_time, state_now
from paritrana.cycles.tasks import Task
from paritrana.database import db
from paritrana.interviews import tasks as interviews
from paritrana.interviews.models import InterviewSession
from paritrana.nominations import tasks as nominations
from paritrana.nominations.models import Nomination
from paritrana.nominations.queries import CANDIDATE_STATES
from paritrana.operations import tasks as operations
from paritrana.panels import tasks as panels
from paritrana.publication import tasks as publication
from paritrana.results import tasks as results
from paritrana.sheets import tasks as sheets
from paritrana.verification import tasks as verification
from paritrana.verification.models import ChangeRequest, Verification
from paritrana.verification.queries import IN_VERIFICATION

ROOMS = (
    cycles, nominations, panels, verification, interviews, sheets, results, publication, spellings, certificates,
    operations,
)  # fmt: skip

FINISHED_FOR = timedelta(days=7)

# The stage that follows, and the field of `Category` that says when it is planned to begin.
NEXT_STAGE: Mapping[State, tuple[State, str]] = {
    State.DRAFT: (State.OPEN, "opens_at"),
    State.OPEN: (State.CLOSED, "closes_at"),
    State.CLOSED: (State.VERIFICATION, "grace_ends_at"),
    State.VERIFICATION: (State.INTERVIEW, "verification_until"),
    State.INTERVIEW: (State.SCORING, "interviews_until"),
    State.SCORING: (State.PLENARY, "scoring_until"),
    State.PLENARY: (State.SEALED, "plenary_until"),
    State.SEALED: (State.PUBLISHED, "publication_planned"),
}


@dataclass(frozen=True)
class Row:
    """A task with the moment on its cycle's clock at which it is looked at."""

    task: Task
    now: datetime

    @property
    def left(self) -> timedelta | None:
        """How long until it is due; negative when it is overdue, None without a date."""
        return None if self.task.due is None else self.task.due - self.now

    @property
    def overdue(self) -> bool:
        """Whether its date has passed."""
        return self.left is not None and self.left < timedelta(0)


@dataclass(frozen=True)
class Gathered:
    """The three lists of the first page."""

    mine: Sequence[Row]
    of_others: Sequence[Row]
    finished: Sequence[Row]


def gather(actor: Actor, at: datetime) -> Gathered:
    """All rows of a person at the system's moment `at`: soonest first, the newest first among the finished ones.

    A number of statements that does not depend on how much there is.
    """
    rows = [
        Row(task, at if task.cycle is None else cycle_time(task.cycle, at))
        for room in ROOMS
        for task in room.tasks(actor, at)
    ]
    open_rows = sorted((row for row in rows if row.task.done_at is None), key=_soonest)
    finished = [
        row for row in rows if row.task.done_at is not None and row.now - row.task.done_at <= FINISHED_FOR
    ]  # fmt: skip
    return Gathered(
        [row for row in open_rows if not row.task.waiting_for_others],
        [row for row in open_rows if row.task.waiting_for_others],
        sorted(finished, key=lambda row: row.now - (row.task.done_at or row.now)),
    )


def _soonest(row: Row) -> tuple[bool, timedelta]:
    return row.left is None, row.left or timedelta(0)


def run_by(actor: Actor) -> Sequence[tuple[str, str, str]]:
    """Code and both titles of the cycles that a person organises or chairs, by code (at most one statement)."""
    if not actor.organises and not actor.chairs:
        return []
    rows = db.session.execute(
        select(Cycle.code, Cycle.title_id, Cycle.title_en)
        .join(Category, Category.cycle_id == Cycle.id)
        .where(or_(Cycle.id.in_(actor.organises), Category.id.in_(actor.chairs)))
        .distinct()
        .order_by(Cycle.code)
    )
    return [(code, title_id, title_en) for code, title_id, title_en in rows]


def audited_by(actor: Actor) -> Sequence[tuple[str, str, str]]:
    """Code and both titles of the cycles whose figures an auditor may read, by code (at most one statement)."""
    if not actor.audits:
        return []
    rows = db.session.execute(
        select(Cycle.code, Cycle.title_id, Cycle.title_en)
        .join(Category, Category.cycle_id == Cycle.id)
        .where(Cycle.id.in_(actor.audits), Category.state >= int(State.OPEN))
        .distinct()
        .order_by(Cycle.code)
    )
    return [(code, title_id, title_en) for code, title_id, title_en in rows]


@dataclass(frozen=True)
class Ahead:
    """The stage that begins next, somewhere among a person's categories."""

    category: Category
    stage: State
    begins: datetime


def next_stage(actor: Actor, at: datetime) -> Ahead | None:
    """The stage that is planned to begin soonest in a category this person has to do with (at most two statements)."""
    of_cycles = actor.organises | actor.verifies | actor.audits
    own = _nominated_in(actor.organisations)
    ahead = [
        (ahead.begins - cycle_time(category.cycle, at), ahead)
        for category in all_categories()
        if category.cycle_id in of_cycles or category.id in actor.seats or category.id in own
        if (ahead := stage_after(category, at)) is not None
    ]
    to_come = [pair for pair in ahead if pair[0] > timedelta(0)]
    return min(to_come, key=lambda pair: pair[0])[1] if to_come else None


def stage_after(category: Category, at: datetime) -> Ahead | None:
    """The stage after the present one with the time it is planned to begin; None where no time is set."""
    stage, name = NEXT_STAGE.get(state_now(category, at), (None, ""))
    begins: datetime | None = getattr(category, name) if name else None
    return None if stage is None or begins is None else Ahead(category, stage, begins)


def _nominated_in(organisations: Collection[int]) -> frozenset[int]:
    if not organisations:
        return frozenset()
    return frozenset(
        db.session.scalars(select(Nomination.category_id).where(Nomination.organisation_id.in_(organisations)))
    )


@dataclass(frozen=True)
class Counts:
    """How many things of a category are in which state."""

    nominations: Mapping[str, int] = field(default_factory=dict)
    sessions: Mapping[str, int] = field(default_factory=dict)  # of the present attempt
    to_close: int = 0  # verifications that wait for their second person
    asked: int = 0  # candidates of the interviews whom a change request still asks

    def nominated(self, *states: str) -> int:
        """How many nominations are in one of these states."""
        return sum(self.nominations.get(state, 0) for state in states)


def counts_of(categories: Sequence[Category]) -> Mapping[int, Counts]:
    """The counts of these categories by id (four statements)."""
    ids = [category.id for category in categories]
    nominations = db.session.execute(
        select(Nomination.category_id, Nomination.state, func.count())
        .where(Nomination.category_id.in_(ids))
        .group_by(Nomination.category_id, Nomination.state)
    ).all()
    sessions = db.session.execute(
        select(InterviewSession.category_id, InterviewSession.state, func.count())
        .join(Category, Category.id == InterviewSession.category_id)
        .where(InterviewSession.category_id.in_(ids), InterviewSession.attempt == Category.attempt)
        .group_by(InterviewSession.category_id, InterviewSession.state)
    ).all()
    proposed = db.session.execute(
        select(Nomination.category_id, func.count())
        .join(Verification, Verification.nomination_id == Nomination.id)
        .where(
            Nomination.category_id.in_(ids), Nomination.state.in_(IN_VERIFICATION), Verification.state == "proposed"
        )
        .group_by(Nomination.category_id)
    ).all()  # fmt: skip
    requested = db.session.execute(
        select(Nomination.category_id, func.count(Nomination.id.distinct()))
        .join(Verification, Verification.nomination_id == Nomination.id)
        .join(ChangeRequest, ChangeRequest.verification_id == Verification.id)
        .where(
            Nomination.category_id.in_(ids), Nomination.state.in_(CANDIDATE_STATES), ChangeRequest.state == "open"
        )
        .group_by(Nomination.category_id)
    ).all()  # fmt: skip
    to_close = {row[0]: row[1] for row in proposed}
    asked = {row[0]: row[1] for row in requested}
    return {
        number: Counts(
            {state: count for category_id, state, count in nominations if category_id == number},
            {state: count for category_id, state, count in sessions if category_id == number},
            to_close.get(number, 0),
            asked.get(number, 0),
        )
        for number in ids
    }
