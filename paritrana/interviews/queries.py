"""Reads of interview days, slots and attendance, and the caps that follow from who presented."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from sqlalchemy import Select, func, select
from sqlalchemy.orm import joinedload

from paritrana.core.errors import NotFound
from paritrana.cycles.models import Category, Cycle, Indicator, RubricVersion
from paritrana.database import db
from paritrana.interviews.models import Attendance, InterviewDay, InterviewSession, PlanDrawn, RemovedSlot
from paritrana.nominations.models import Nomination
from paritrana.scopes import everybody

ABSENT: Final = "absent"  # the rank on a ladder that stands for nobody
INTERVIEW_STAGE: Final = "interview"
NOBODY: Final = {"id": "tidak seorang pun (kandidat tidak hadir)", "en": "nobody (the candidate did not come)"}
# What the record of a presenter says.
PRESENTED: Final = (
    "presenter_rank", "other_ranks", "position", "acting", "mode", "arrived_at", "identity_seen", "camera_seen",
    "mandate_letter", "note", "no_show",
)  # fmt: skip


def told(attendance: Any) -> dict[str, Any]:
    """What an event says of an attendance (the record, or a row with its columns); what is not so is left out."""
    unsaid = ("other_ranks", "camera_seen", "no_show")
    given = {name: getattr(attendance, name) for name in (*PRESENTED, "version")}
    return {name: None if name in unsaid and not value else value for name, value in given.items()}


@dataclass(frozen=True)
class Ladder:
    """The ranks of presenters that one or several indicators name alike: `[{code, cap, id, en}]`, from the highest."""

    indicators: tuple[str, ...]
    steps: Sequence[Mapping[str, str]]

    @property
    def codes(self) -> frozenset[str]:
        """The codes of its ranks."""
        return frozenset(step["code"] for step in self.steps)

    @property
    def absent(self) -> str:
        """The rank that stands for nobody, or else its lowest."""
        return ABSENT if ABSENT in self.codes else str(self.steps[-1]["code"])


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


def sessions_of_day(day: InterviewDay) -> Sequence[InterviewSession]:
    """The slots of a day in the present attempt of their categories, by time (one statement)."""
    return db.session.scalars(
        _sessions()
        .join(InterviewSession.category)
        .where(InterviewSession.day_id == day.id, InterviewSession.attempt == Category.attempt)
    ).all()


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
            joinedload(InterviewSession.answer),
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


def last_no(day: InterviewDay) -> int:
    """The highest number that a slot of a day has or had: an address is never given again (three statements)."""
    highest = (
        db.session.scalar(select(func.max(model.no)).where(model.day_id == day.id))
        for model in (InterviewSession, RemovedSlot)
    )
    left = db.session.scalar(select(InterviewDay.left_no).where(InterviewDay.id == day.id))
    return max(no or 0 for no in (left, *highest))


def plans_of(category: Category) -> Sequence[PlanDrawn]:
    """How the order of the present attempt came about, oldest first (one statement)."""
    wanted = select(PlanDrawn).where(PlanDrawn.category_id == category.id, PlanDrawn.attempt == category.attempt)
    with everybody("every candidate may draw the order again, so all of it is told to each"):
        return db.session.scalars(wanted.order_by(PlanDrawn.id)).all()


def caps_for(rubric: RubricVersion, nominations: Sequence[Nomination]) -> Mapping[tuple[int, str], Cap]:
    """The caps that attendance sets, by nomination and indicator, from the ladders of the rubric (one statement).

    An indicator without a ladder has no cap; neither has a candidate whose presenter is not recorded. Where nobody
    came, every indicator of the interview has the cap 0.
    """
    if not nominations:
        return {}
    attempts = {one.id: one.category.attempt for one in nominations}
    rows = db.session.execute(
        select(
            InterviewSession.nomination_id, InterviewSession.attempt, Attendance.presenter_rank,
            Attendance.other_ranks, Attendance.no_show,
        )
        .join(Attendance, Attendance.session_id == InterviewSession.id)
        .where(InterviewSession.nomination_id.in_(attempts))
    ).all()  # fmt: skip
    found = {
        (nomination_id, one.code): cap_on(one, rank, others, no_show=no_show)
        for nomination_id, attempt, rank, others, no_show in rows
        if attempts[nomination_id] == attempt
        for one in rubric.indicators
    }
    return {key: cap for key, cap in found.items() if cap is not None}


def cap_on(indicator: Indicator, rank: str | None, others: Mapping[str, str], *, no_show: bool) -> Cap | None:
    """The highest mark that counts for an indicator, where attendance sets one.

    Where nobody came, every indicator that the panel judges in the interview counts 0. `others` names the rank on the
    ladders that have ranks of their own.
    """
    if no_show and indicator.stage == INTERVIEW_STAGE and indicator.source == "panel":
        return Cap(Decimal(0), NOBODY["id"], NOBODY["en"])
    wanted = others.get(indicator.code, rank)
    step = next((one for one in indicator.caps if one["code"] == wanted), None)
    return None if step is None else _cap(step)


def _cap(step: Mapping[str, str]) -> Cap:
    return Cap(Decimal(step["cap"]), step["id"], step["en"])


def ladder_of(rubric: RubricVersion) -> Sequence[Mapping[str, str]]:
    """The ranks of presenters that the rubric knows, from the highest: `[{code, cap, id, en}]`; the first ladder."""
    return next((one.caps for one in rubric.indicators if one.caps), [])


def ladders_of(rubric: RubricVersion) -> list[Ladder]:
    """The ladders of a rubric, in its order; indicators whose ladders have the same ranks share one."""
    found: dict[tuple[str, ...], tuple[list[str], Sequence[Mapping[str, str]]]] = {}
    for one in rubric.indicators:
        if one.caps:
            found.setdefault(tuple(step["code"] for step in one.caps), ([], one.caps))[0].append(one.code)
    return [Ladder(tuple(codes), steps) for codes, steps in found.values()]


def asked_of(rubric: RubricVersion) -> tuple[Ladder | None, Mapping[str, Ladder]]:
    """The ladder whose rank is the presenter's, and by indicator the ladders that ask for a rank of their own."""
    first, *others = ladders_of(rubric) or [Ladder((), [])]
    return first if first.steps else None, {code: ladder for ladder in others for code in ladder.indicators}


def open_session_of(session: InterviewSession) -> InterviewSession | None:
    """Another session in which the same organisation presents at this moment, where there is one (one statement)."""
    found: InterviewSession | None = db.session.scalar(
        _sessions().where(
            InterviewSession.id != session.id,
            InterviewSession.state == "open",
            InterviewSession.nomination.has(Nomination.organisation_id == session.nomination.organisation_id),
        )
    )
    return found
