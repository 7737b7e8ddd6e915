"""Reads of interview days, slots and attendance, and the caps that follow from who presented."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from sqlalchemy import Select, select
from sqlalchemy.orm import joinedload

from paritrana.core.errors import NotFound
from paritrana.cycles.models import Category, Cycle, RubricVersion
from paritrana.database import db
from paritrana.interviews.models import Attendance, InterviewDay, InterviewSession
from paritrana.nominations.models import Nomination


@dataclass(frozen=True)
class Cap:
    """The highest mark that counts for an indicator of one candidate, and why."""

    value: Decimal
    reason: str  # in Indonesian, as the rubric names the presenter's rank
    reason_en: str


def get_day(day: str) -> InterviewDay:
    """The interview day with this code, its cycle loaded (one statement). Raises `NotFound`."""
    found = db.session.scalar(
        select(InterviewDay).where(InterviewDay.code == day).options(joinedload(InterviewDay.cycle))
    )
    if found is None:
        raise NotFound
    return found


def get_session(day: str, no: int) -> InterviewSession:
    """Slot `no` of the day with code `day`, with candidate and attendance (one statement). Raises `NotFound`."""
    found = db.session.scalar(_sessions().where(InterviewDay.code == day, InterviewSession.no == no))
    if found is None:
        raise NotFound
    return found


def _sessions() -> Select[InterviewSession]:
    return (
        select(InterviewSession)
        .join(InterviewSession.day)
        .options(
            joinedload(InterviewSession.day).joinedload(InterviewDay.cycle),
            joinedload(InterviewSession.category).joinedload(Category.cycle),
            joinedload(InterviewSession.nomination).joinedload(Nomination.organisation),
            joinedload(InterviewSession.nomination).joinedload(Nomination.category),
            joinedload(InterviewSession.attendance),
        )
        .order_by(InterviewDay.on, InterviewSession.planned_at, InterviewSession.no)
    )


def sessions_of(category: Category) -> Sequence[InterviewSession]:
    """The slots of a category's present attempt in the order of the days (one statement)."""
    return db.session.scalars(
        _sessions().where(InterviewSession.category_id == category.id, InterviewSession.attempt == category.attempt)
    ).all()


def sessions_of_cycle(cycle: Cycle) -> Sequence[InterviewSession]:
    """The slots of every category of a cycle, by time (one statement)."""
    return db.session.scalars(_sessions().where(InterviewDay.cycle_id == cycle.id)).all()


def session_of(nomination: Nomination) -> InterviewSession | None:
    """The slot of a candidate in the present attempt, where it has one (one statement)."""
    found: InterviewSession | None = db.session.scalar(
        _sessions().where(
            InterviewSession.nomination_id == nomination.id, InterviewSession.attempt == nomination.category.attempt
        )
    )
    return found


def days_of(cycle: Cycle) -> Sequence[InterviewDay]:
    """The interview days of a cycle, in order (one statement)."""
    return db.session.scalars(
        select(InterviewDay).where(InterviewDay.cycle_id == cycle.id).order_by(InterviewDay.no)
    ).all()


def caps_for(rubric: RubricVersion, nominations: Sequence[Nomination]) -> Mapping[tuple[int, str], Cap]:
    """The caps that attendance sets, by nomination and indicator, from the ladders of the rubric (one statement).

    An indicator without a ladder has no cap; neither has a candidate whose presenter is not recorded.
    """
    ladders = {one.code: {step["code"]: step for step in one.caps} for one in rubric.indicators if one.caps}
    if not ladders or not nominations:
        return {}
    attempts = {one.id: one.category.attempt for one in nominations}
    rows = db.session.execute(
        select(InterviewSession.nomination_id, InterviewSession.attempt, Attendance.presenter_rank)
        .join(Attendance, Attendance.session_id == InterviewSession.id)
        .where(InterviewSession.nomination_id.in_(attempts))
    ).all()
    return {
        (nomination_id, code): _cap(ladder[rank])
        for nomination_id, attempt, rank in rows
        if attempts[nomination_id] == attempt
        for code, ladder in ladders.items()
        if rank in ladder
    }


def _cap(step: Mapping[str, str]) -> Cap:
    return Cap(Decimal(step["cap"]), step["id"], step["en"])


def ladder_of(rubric: RubricVersion) -> Sequence[Mapping[str, str]]:
    """The ranks of presenters that the rubric knows, from the highest: `[{code, cap, id, en}]`; the first ladder."""
    return next((one.caps for one in rubric.indicators if one.caps), [])
