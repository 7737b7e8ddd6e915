"""Reads of score sheets and marks, of the candidates an assessor may meet, and of what the sheet of one asks for."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from sqlalchemy import ColumnElement, Select, and_, exists, func, not_, or_, select
from sqlalchemy.orm import aliased, contains_eager, joinedload, selectinload

from paritrana.accounts.models import Account
from paritrana.core.consolidation import FIRST, SECOND
from paritrana.core.errors import NotFound, ParitranaError
from paritrana.core.lifecycle import State
from paritrana.core.policy import Actor
from paritrana.core.words import N_
from paritrana.cycles.models import Category, Cycle, Indicator, RubricVersion
from paritrana.database import db
from paritrana.interviews.models import Attendance, InterviewDay, InterviewSession
from paritrana.interviews.queries import Cap, cap_on
from paritrana.nominations.models import Nomination
from paritrana.nominations.queries import CANDIDATE_STATES, nominations_of
from paritrana.nominations.rows import kinds_of
from paritrana.panels import structure
from paritrana.panels.models import JUDGING, Recusal, Seat, not_waived
from paritrana.panels.queries import conflict_clause, conflicts_in, declared_by, seats_in
from paritrana.reference.models import Organisation
from paritrana.scopes import everybody
from paritrana.sheets.models import Mark, Sheet
from paritrana.verification.models import ChangeRequest, GateFinding, Verification
from paritrana.verification.values import not_applicable

INTERVIEW_STAGE = "interview"
# While a category stands in one of these, its sheets can be marked.
MARKED_IN = (State.INTERVIEW, State.SCORING)
# From the first mark until the publication an assessor reads the own sheet.
READ_IN = (State.INTERVIEW, State.SCORING, State.PLENARY, State.SEALED, State.PUBLISHED)


class SeatOver(ParitranaError):
    """The seat of the assessor has ended: what was submitted counts, what was open is closed and does not."""

    code = "seat_over"
    message = N_(
        "Your seat in this panel has ended. Sheets you submitted count; one that was open is closed, stays on record, "
        "and does not count. Marks that wait on this device stay on it: save a copy and tell the chair."
    )


# One sheet ------------------------------------------------------------------------------------------------------------


def get_sheet(ref: str) -> Sheet:
    """The sheet with this reference, its nomination, category, cycle and rubric loaded (one statement).

    Raises `NotFound`.
    """
    return _one_sheet(Sheet.ref == ref)


def get_own_sheet(ref: str, actor: Actor) -> Sheet:
    """The same for its assessor only, and only while nothing stands between assessor and candidate (one statement).

    Raises `NotFound`, and `SeatOver` for an assessor without a seat by now.
    """
    with everybody("an assessor meets the own sheets also after the seat has ended, to be told so"):
        found = _one_sheet(Sheet.ref == ref, own_clause(actor, of_one=True))
    if found.unseated:
        raise SeatOver
    return found


def own_clause(actor: Actor, *, of_one: bool = False) -> ColumnElement[bool]:
    """The sheets of an actor from which nothing separates it, for lists of sheets with their candidates.

    A statement that finds its sheet by a key asks for `of_one`.
    """
    return and_(Sheet.assessor_id == actor.user_id, not_(withdrawn()), not_(conflict_clause(actor, of_one=of_one)))


def withdrawn() -> ColumnElement[bool]:
    """`Sheet.withdrawn` for lists of sheets."""
    recused = exists().where(
        Recusal.account_id == Sheet.assessor_id, Recusal.nomination_id == Sheet.nomination_id, not_waived()
    )
    return or_(Sheet.withdrawn_at.is_not(None), recused)


def by_cycle(counts: Select[int, int]) -> Sequence[tuple[Cycle, int]]:
    """A count of things of the categories by their cycle, in the order of the codes (at most two statements).

    `counts` selects the cycle of the category and the count; it is grouped here.
    """
    found = {row[0]: row[1] for row in db.session.execute(counts.group_by(Category.cycle_id))}
    cycles = db.session.scalars(select(Cycle).where(Cycle.id.in_(found)).order_by(Cycle.code)).all() if found else ()
    return [(cycle, found[cycle.id]) for cycle in cycles]


def _one_sheet(*conditions: ColumnElement[bool]) -> Sheet:
    nomination = contains_eager(Sheet.nomination)
    category = joinedload(Sheet.category, innerjoin=True)
    found = (
        db.session.scalars(
            select(Sheet)
            .join(Sheet.nomination)
            .where(*conditions)
            .options(
                nomination,
                nomination.joinedload(Nomination.organisation, innerjoin=True),
                category,
                category.joinedload(Category.cycle, innerjoin=True),
                category.joinedload(Category.rubric).joinedload(RubricVersion.indicators),
            )
        )
        .unique()
        .one_or_none()
    )
    if found is None:
        raise NotFound
    return found


def get_candidate(ref: str, actor: Actor) -> Nomination:
    """A candidate that this assessor may meet, with category, cycle, rubric and organisation (one statement).

    Who is in conflict gets the answer of a candidate that is not there. Raises `NotFound`, and `SeatOver` for somebody
    who began a sheet and has no seat by now.
    """
    category = joinedload(Nomination.category, innerjoin=True)
    found = (
        db.session.scalars(
            select(Nomination)
            .where(
                Nomination.ref == ref,
                Nomination.state.in_(CANDIDATE_STATES),
                Nomination.category_id.in_(actor.seats),
                not_(conflict_clause(actor, of_one=True)),
            )
            .options(
                joinedload(Nomination.organisation, innerjoin=True),
                category,
                category.joinedload(Category.cycle, innerjoin=True),
                category.joinedload(Category.rubric).joinedload(RubricVersion.indicators),
            )
        )
        .unique()
        .one_or_none()
    )
    if found is None:
        _refuse_without_seat(ref, actor)
        raise NotFound
    return found


def _refuse_without_seat(ref: str, actor: Actor) -> None:
    """Raises `SeatOver` where the actor began a sheet of a candidate and has no seat by now."""
    begun = (
        exists().where(Sheet.nomination_id == Nomination.id, Sheet.unseated, own_clause(actor)).correlate(Nomination)
    )
    with everybody("whether an assessor began a sheet of a candidate before the seat ended"):
        left = db.session.scalar(select(Nomination.id).where(Nomination.ref == ref, begun))
    if left is not None:
        raise SeatOver


def find_sheet(nomination_id: int, assessor_id: int, attempt: int) -> Sheet | None:
    """The sheet of an assessor for a candidate in one attempt, with its marks (at most two statements)."""
    return db.session.scalar(
        select(Sheet)
        .where(Sheet.nomination_id == nomination_id, Sheet.assessor_id == assessor_id, Sheet.attempt == attempt)
        .options(selectinload(Sheet.marks))
    )


def fresh(sheet: Sheet) -> Sheet:
    """The sheet with its marks and the state of its category as they stand now (one statement)."""
    around = (sheet.nomination, sheet.category.cycle, sheet.category.rubric)
    found = (
        db.session.scalars(
            select(Sheet)
            .where(Sheet.id == sheet.id)
            .options(joinedload(Sheet.marks), joinedload(Sheet.category, innerjoin=True))
            .execution_options(populate_existing=True)
        )
        .unique()
        .one()
    )
    # Reading afresh forgets what was loaded around the sheet. It is found again in the session while it is held here.
    assert around == (found.nomination, found.category.cycle, found.category.rubric)  # noqa: S101
    return found


def mark_of(sheet: Sheet, indicator: str) -> Mark | None:
    """What the sheet says about one indicator, from its loaded marks."""
    return marks_of(sheet).get(indicator)


def marks_of(sheet: Sheet) -> Mapping[str, Mark]:
    """The loaded marks of a sheet by indicator: those of the sheet itself, before a consolidation."""
    return {one.indicator: one for one in sheet.marks if one.round == FIRST}


def second_marks_of(sheet: Sheet) -> Mapping[str, Mark]:
    """The loaded marks that were given again in a consolidation, by indicator."""
    return {one.indicator: one for one in sheet.marks if one.round == SECOND}


def counting_marks_of(sheet: Sheet, rubric: RubricVersion) -> Mapping[str, Mark]:
    """The loaded marks of a sheet that a ranking reads: of each indicator the last round that the rubric counts."""
    again = second_marks_of(sheet) if rubric.counted_round == SECOND else {}
    return {**marks_of(sheet), **again}


# What the candidate sets ----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Circumstances:
    """What about a candidate decides which indicators may be marked, and how high."""

    session_state: str | None  # planned, open, closed; None without a slot
    presenter_rank: str | None  # code of the ladder
    other_ranks: Mapping[str, str] = field(default_factory=dict)  # on ladders with ranks of their own, by indicator
    no_show: bool = False  # nobody came: the interview counts 0
    excused: Mapping[str, str] = field(default_factory=dict)  # not applicable, with the chair's reason
    requests: Mapping[str, int] = field(default_factory=dict)  # kinds of evidence asked about, with the open request

    @property
    def interview_open(self) -> bool:
        """Whether the indicators of the interview may be marked."""
        return self.session_state in ("open", "closed")

    def cap(self, indicator: Indicator) -> Cap | None:
        """The cap that attendance sets on an indicator, where it sets one."""
        return cap_on(indicator, self.presenter_rank, self.other_ranks, no_show=self.no_show)

    def caps(self, rubric: RubricVersion) -> Mapping[str, Decimal]:
        """Every cap by indicator."""
        found = ((one.code, self.cap(one)) for one in rubric.indicators)
        return {code: cap.value for code, cap in found if cap is not None}

    def opened(self, indicator: Indicator) -> bool:
        """Whether the stage of an indicator has come: the file at once, the interview with its session."""
        return indicator.stage != INTERVIEW_STAGE or self.interview_open

    def request(self, indicator: Indicator) -> int | None:
        """The number of an open change request on the evidence of an indicator, which no mark may rest on yet."""
        return next((self.requests[kind] for kind in kinds_of(indicator) if kind in self.requests), None)


def circumstances(nomination: Nomination) -> Circumstances:
    """Session, presenter, excused indicators and open requests of a candidate, in this attempt (one statement)."""
    rows = db.session.execute(
        select(
            InterviewSession.state,
            Attendance.presenter_rank,
            Attendance.other_ranks,
            Attendance.no_show,
            GateFinding.gate,
            GateFinding.decided_reason,
            ChangeRequest.no,
            ChangeRequest.items,
        )
        .select_from(Nomination)
        .join(Category, Category.id == Nomination.category_id)
        .outerjoin(
            InterviewSession,
            and_(InterviewSession.nomination_id == Nomination.id, InterviewSession.attempt == Category.attempt),
        )
        .outerjoin(Attendance, Attendance.session_id == InterviewSession.id)
        .outerjoin(Verification, Verification.nomination_id == Nomination.id)
        .outerjoin(
            GateFinding,
            and_(
                GateFinding.verification_id == Verification.id,
                GateFinding.subject == "not_applicable",
                GateFinding.decided == "not_applicable",
            ),
        )
        .outerjoin(ChangeRequest, and_(ChangeRequest.verification_id == Verification.id, ChangeRequest.state == "open"))
        .where(Nomination.id == nomination.id)
        .order_by(ChangeRequest.no)
    ).all()
    excused: dict[str, str] = {}
    requests: dict[str, int] = {}
    for *_attended, gate, reason, no, items in rows:
        if gate:
            excused[gate] = reason
        for item in items or ():
            requests.setdefault(item["kind"], no)
    if not rows:
        return Circumstances(None, None)
    state, rank, others, no_show, *_more = rows[0]
    return Circumstances(state, rank, others or {}, bool(no_show), excused, requests)


def judged(rubric: RubricVersion) -> list[Indicator]:
    """The indicators that assessors mark, in rubric order."""
    return [one for one in rubric.indicators if one.source == "panel"]


def blanks(sheet: Sheet, rubric: RubricVersion, where: Circumstances) -> list[Indicator]:
    """The applicable indicators without a mark and without an abstention."""
    marks = marks_of(sheet)
    return [
        one
        for one in judged(rubric)
        if one.code not in where.excused and (one.code not in marks or not is_said(marks[one.code]))
    ]


def is_said(mark: Mark) -> bool:
    """Whether a mark says something: a value, or an abstention. Zero is a value."""
    return mark.value is not None or mark.reason is not None


# Many sheets ----------------------------------------------------------------------------------------------------------


def sheets_of(category: Category, attempt: int | None = None) -> Sequence[Sheet]:
    """The sheets of a category in an attempt (by default the present one) with their marks, in the order they were
    opened (two statements).
    """
    return db.session.scalars(
        select(Sheet)
        .where(Sheet.category_id == category.id, Sheet.attempt == (attempt or category.attempt))
        .options(selectinload(Sheet.marks))
        .order_by(Sheet.id)
    ).all()


def due_pairs(category: Category) -> list[tuple[Seat, Nomination]]:
    """Every seat with every candidate it may meet: each pair owes a sheet (four statements)."""
    conflicts = conflicts_in(category)
    seats, candidates = seats_in(category), nominations_of(category, CANDIDATE_STATES)
    return [
        (seat, nomination)
        for nomination in candidates
        for seat in seats
        if (seat.account_id, nomination.id) not in conflicts
    ]


def missing_sheets(category: Category) -> list[tuple[Seat, Nomination]]:
    """The pairs whose sheet is not submitted, by candidate and seat (five statements)."""
    rows = db.session.execute(
        select(Sheet.assessor_id, Sheet.nomination_id).where(
            Sheet.category_id == category.id,
            Sheet.attempt == category.attempt,
            Sheet.submitted_at.is_not(None),
            Sheet.withdrawn_at.is_(None),
        )
    ).all()
    there = {(row.assessor_id, row.nomination_id) for row in rows}
    return [pair for pair in due_pairs(category) if (pair[0].account_id, pair[1].id) not in there]


def concerns(pairs: Sequence[tuple[Seat, Nomination]], actor: Actor) -> bool:
    """Whether one of these candidates is in conflict with the actor, who then is told none of them (one statement)."""
    return in_conflict([nomination for _seat, nomination in pairs], actor)


def in_conflict(nominations: Collection[Nomination], actor: Actor) -> bool:
    """Whether one of these candidates is in conflict with the actor (at most one statement)."""
    ids = [one.id for one in nominations]
    if not ids:
        return False
    concerned = select(Nomination.id).where(Nomination.id.in_(ids), conflict_clause(actor))
    return bool(db.session.scalar(select(concerned.exists())))


def counts_for(nomination: Nomination) -> tuple[int, int]:
    """How many sheets of a candidate are submitted, and how many are due (four statements)."""
    category = nomination.category
    conflicts = conflicts_in(category)
    due = {seat.account_id for seat in seats_in(category) if (seat.account_id, nomination.id) not in conflicts}
    submitted = db.session.scalar(
        select(func.count())
        .select_from(Sheet)
        .where(
            Sheet.nomination_id == nomination.id,
            Sheet.attempt == category.attempt,
            Sheet.submitted_at.is_not(None),
            Sheet.withdrawn_at.is_(None),
            Sheet.assessor_id.in_(due),
        )
    )
    return submitted or 0, len(due)


def all_in_for(nomination: Nomination) -> bool:
    """Whether every sheet that is due of a candidate is submitted (four statements)."""
    submitted, due = counts_for(nomination)
    return submitted >= due


def all_in(category: Category) -> bool:
    """Whether every sheet that is due is submitted (five statements)."""
    return not missing_sheets(category)


def all_in_clause() -> ColumnElement[bool]:
    """`all_in` of the category of each nomination of a list."""
    candidate, office = aliased(Nomination), aliased(Account)
    owing = (
        select(candidate.id)
        .join(Category, Category.id == candidate.category_id)
        .join(
            Seat,
            and_(Seat.category_id == candidate.category_id, Seat.ended_at.is_(None), Seat.role.in_(JUDGING)),
        )
        .join(office, office.id == Seat.account_id)
        .where(
            candidate.category_id == Nomination.category_id,
            candidate.state.in_(CANDIDATE_STATES),
            not_(or_(*structure.ways(office.person_id, judging=True, narrowed=lambda one: one.id == candidate.id))),
            not_(exists().where(Recusal.account_id == office.id, Recusal.nomination_id == candidate.id, not_waived())),
            not_(_locked(Sheet.assessor_id == office.id, Sheet.nomination_id == candidate.id)),
        )
    )
    return not_(owing.correlate(Nomination).exists())


def locked_by(account_id: int | None) -> ColumnElement[bool]:
    """Whether the sheet that an account has of each nomination of a list, in the present attempt, is submitted."""
    present = Category.id == Nomination.category_id
    return _locked(Sheet.assessor_id == account_id, Sheet.nomination_id == Nomination.id, present)


def _locked(*conditions: ColumnElement[bool]) -> ColumnElement[bool]:
    return exists().where(
        *conditions, Sheet.attempt == Category.attempt, Sheet.submitted_at.is_not(None), not_(withdrawn())
    )


def my_sheets(actor: Actor) -> Sequence[Sheet]:
    """The sheets of an assessor with marks and candidates, in the order they were opened (two statements)."""
    return db.session.scalars(
        select(Sheet)
        .where(Sheet.assessor_id == actor.user_id)
        .options(
            selectinload(Sheet.marks),
            joinedload(Sheet.nomination, innerjoin=True).joinedload(Nomination.organisation, innerjoin=True),
        )
        .order_by(Sheet.id)
    ).all()


# The list of an assessor ----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Desk:
    """One candidate as its assessor sees it in the list: the slot, and how far the own sheet is."""

    nomination: Nomination
    session: InterviewSession | None
    sheet: Sheet | None
    declared: bool
    said: int  # indicators with a mark or an abstention
    to_say: int  # indicators that apply to the candidate
    waiting: int  # of these, the ones whose stage has not come

    @property
    def category(self) -> Category:
        """The category of the candidate."""
        return self.nomination.category

    @property
    def submitted(self) -> bool:
        """Whether the own sheet is locked."""
        return self.sheet is not None and self.sheet.submitted_at is not None

    @property
    def due(self) -> datetime | None:
        """The time of the slot, or else the planned end of scoring."""
        return self.session.planned_at if self.session is not None else self.category.scoring_until


def my_desks(actor: Actor) -> Sequence[Desk]:
    """The candidates that an assessor may meet, in the order of the day (at most seven statements).

    Whoever is in conflict does not see that there is such a candidate.
    """
    if not actor.seats:
        return []
    nominations = db.session.scalars(
        select(Nomination)
        .join(Nomination.category)
        .join(Category.cycle)
        .join(Nomination.organisation)
        .where(
            Nomination.category_id.in_(actor.seats),
            Nomination.state.in_(CANDIDATE_STATES),
            Category.state.in_([int(state) for state in READ_IN]),
            not_(conflict_clause(actor)),
        )
        .options(
            contains_eager(Nomination.organisation),
            contains_eager(Nomination.category).contains_eager(Category.cycle),
        )
        .order_by(Cycle.assessment_year.desc(), Cycle.code, Category.position, Organisation.name, Nomination.id)
    ).all()
    if not nominations:
        return []
    ids = [one.id for one in nominations]
    sheets = {
        (one.nomination_id, one.attempt): one
        for one in db.session.scalars(
            select(Sheet)
            .where(Sheet.assessor_id == actor.user_id, Sheet.nomination_id.in_(ids), not_(withdrawn()))
            .options(selectinload(Sheet.marks))
        )
    }
    declared = set(
        db.session.scalars(
            select(Nomination.id).where(Nomination.id.in_(ids), Nomination.id.in_(declared_by(actor.user_id)))
        )
    )
    sessions = _sessions_by_candidate(ids)
    asked = _judged_by_rubric({one.category.rubric_version_id for one in nominations})
    excused = not_applicable(ids)
    desks = [
        _desk(
            one,
            sessions.get((one.id, one.category.attempt)),
            sheets.get((one.id, one.category.attempt)),
            one.id in declared,
            asked.get(one.category.rubric_version_id or 0, []),
            excused[one.id],
        )
        for one in nominations
    ]
    return sorted(desks, key=_in_order_of_the_day)


def _desk(
    nomination: Nomination,
    session: InterviewSession | None,
    sheet: Sheet | None,
    declared: bool,
    asked: Sequence[tuple[str, str]],
    excused: Mapping[str, str],
) -> Desk:
    marks = marks_of(sheet) if sheet is not None else {}
    applicable = [(code, stage) for code, stage in asked if code not in excused]
    closed = session is None or session.state == "planned"
    return Desk(
        nomination=nomination,
        session=session,
        sheet=sheet,
        declared=declared,
        said=sum(1 for code, _stage in applicable if code in marks and is_said(marks[code])),
        to_say=len(applicable),
        waiting=sum(1 for _code, stage in applicable if stage == INTERVIEW_STAGE and closed),
    )


def _in_order_of_the_day(desk: Desk) -> tuple[int, str, int, bool, float]:
    category = desk.category
    planned = desk.session.planned_at.timestamp() if desk.session is not None else 0.0
    return -category.cycle.assessment_year, category.cycle.code, category.position, desk.session is None, planned


def _sessions_by_candidate(ids: Collection[int]) -> dict[tuple[int, int], InterviewSession]:
    found = db.session.scalars(
        select(InterviewSession)
        .join(InterviewSession.day)
        .where(InterviewSession.nomination_id.in_(ids))
        .options(contains_eager(InterviewSession.day))
        .order_by(InterviewDay.on, InterviewSession.no)
    )
    return {(one.nomination_id, one.attempt): one for one in found}


def _judged_by_rubric(ids: Collection[int | None]) -> dict[int, list[tuple[str, str]]]:
    rows = db.session.execute(
        select(Indicator.rubric_version_id, Indicator.code, Indicator.stage)
        .where(Indicator.rubric_version_id.in_(ids), Indicator.source == "panel")
        .order_by(Indicator.position)
    )
    found: dict[int, list[tuple[str, str]]] = {}
    for rubric_id, code, stage in rows:
        found.setdefault(rubric_id, []).append((code, stage))
    return found


def to_close(actor: Actor) -> Sequence[Category]:
    """The categories in scoring that an actor leads, by planned end (one statement)."""
    return db.session.scalars(
        select(Category)
        .where(Category.id.in_(actor.chairs), Category.state == int(State.SCORING))
        .options(joinedload(Category.cycle, innerjoin=True))
        .order_by(Category.scoring_until, Category.id)
    ).all()
