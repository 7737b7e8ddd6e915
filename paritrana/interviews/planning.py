"""The planning of interviews: orders drawn or given, slots laid out, moved, put into another order and taken out.

Every change is checked against all slots of the cycle before anything is stored: a room, an assessor and a candidate
are in one place at a time.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import delete, update

from paritrana.audit import service as audit
from paritrana.core.errors import MissingReason, ParitranaError, WrongState
from paritrana.core.planning import Clash, Needs, Slot, Window, clashes, draw_order, lay_out
from paritrana.core.policy import Actor
from paritrana.core.words import N_
from paritrana.cycles.models import Category, Cycle
from paritrana.database import db, random_ref
from paritrana.interviews import queries
from paritrana.interviews.models import InterviewDay, InterviewSession, PlanDrawn, RemovedSlot, SlotAnswer
from paritrana.interviews.notices import tell_cancelled, tell_kept, tell_moved
from paritrana.interviews.service import SessionMoved, SessionNotPlanned, store_slot, touch_board
from paritrana.nominations.models import Nomination
from paritrana.nominations.queries import CANDIDATE_STATES, nominations_of
from paritrana.panels.queries import conflicts_in, seats_in


class PlanClashes(ParitranaError):
    """Slots take the same room, assessor or candidate from each other. Params: `names`. `found` are the clashes."""

    code = "plan_clashes"
    message = N_("Nothing is saved: there are clashes with %(names)s. Choose another time or room.")

    def __init__(self, found: Sequence[Clash], names: str) -> None:
        super().__init__(names=names)
        self.found = found


class NobodyToPlan(ParitranaError):
    """Every candidate has a slot."""

    code = "nobody_to_plan"
    message = N_("Every candidate has a slot already.")


class AnswerTooLate(ParitranaError):
    """The candidate answers after the deadline, or after the interview has begun."""

    code = "answer_too_late"
    message = N_("The time to answer is over. Speak to the organiser.")


@dataclass(frozen=True)
class Wanted:
    """What an organiser asks for: rooms on days from `begins` to `ends`, and how the candidates are put in order."""

    days: Sequence[InterviewDay]
    rooms: Sequence[str]
    begins: time
    ends: time
    minutes: int
    buffer: int  # minutes
    mode: str
    seed: str  # empty: in the order of the candidates' codes
    confirm_by: datetime | None


@dataclass(frozen=True)
class Place:
    """Where and when a slot is to be."""

    day: InterviewDay
    planned_at: datetime
    minutes: int
    mode: str
    room: str


@dataclass(frozen=True)
class Drawn:
    """A plan that is not stored: the candidates in their order, each with its slot."""

    rows: Sequence[tuple[Nomination, Slot, InterviewDay]]


# Laying out -----------------------------------------------------------------------------------------------------------


def preview_plan(category: Category, wanted: Wanted) -> Drawn:
    """The slots that would be made for every candidate without one. Stores nothing.

    Raises `NobodyToPlan`, `NotEnoughTime`.
    """
    have = {one.nomination_id for one in queries.sessions_of(category)}
    candidates = {one.ref: one for one in nominations_of(category, CANDIDATE_STATES) if one.id not in have}
    if not candidates:
        raise NobodyToPlan
    if wanted.seed:
        order = draw_order(candidates, wanted.seed)
    else:
        order = sorted(candidates, key=lambda ref: (candidates[ref].candidate_code, ref))
    zone = ZoneInfo(category.cycle.timezone)
    windows = [
        Window(
            day.code, room, datetime.combine(day.on, wanted.begins, zone), datetime.combine(day.on, wanted.ends, zone)
        )
        for day in sorted(wanted.days, key=lambda one: one.on)
        for room in wanted.rooms
    ]
    panel = _panel(category)
    needs = {ref: Needs(panel(one), frozenset({one.organisation.ref})) for ref, one in candidates.items()}
    slots = lay_out(
        order, windows, timedelta(minutes=wanted.minutes), timedelta(minutes=wanted.buffer), needs=needs,
        taken=slots_of(category.cycle),
    )  # fmt: skip
    days = {day.code: day for day in wanted.days}
    return Drawn([(candidates[slot.ref], slot, days[slot.day]) for slot in slots])


def save_plan(category: Category, wanted: Wanted, *, actor: Actor, at: datetime) -> PlanDrawn:
    """Make these slots and keep how their order came about; the caller commits. Raises what `preview_plan` does."""
    audit.lock_stream(audit.judging(category.cycle.code))
    drawn = preview_plan(category, wanted)
    plan = PlanDrawn(
        ref=random_ref("D"),
        category=category,
        attempt=category.attempt,
        how="drawn" if wanted.seed else "by_hand",
        seed=wanted.seed,
        order=[nomination.ref for nomination, _slot, _day in drawn.rows],
        at=at,
    )
    db.session.add(plan)
    db.session.flush()
    audit.record(
        audit.judging(category.cycle.code), "plan.drawn", actor, at=at, object_ref=plan.ref,
        category=category.slug, attempt=plan.attempt, how=plan.how, seed=plan.seed, order=plan.order,
    )  # fmt: skip
    last = {day.id: queries.last_no(day) for day in wanted.days}
    for nomination, slot, day in sorted(drawn.rows, key=lambda row: (row[1].begins, row[1].room)):
        last[day.id] += 1
        store_slot(
            nomination, day, slot.begins, wanted.minutes, no=last[day.id], mode=wanted.mode, room=slot.room,
            confirm_by=wanted.confirm_by, actor=actor, at=at,
        )  # fmt: skip
    touch_board(category)
    return plan


def _panel(category: Category) -> Callable[[Nomination], frozenset[str]]:
    """Tells who of the panel hears a candidate: everybody who marks and is in no conflict (four statements)."""
    seats, conflicts = seats_in(category), conflicts_in(category)

    def panel(nomination: Nomination) -> frozenset[str]:
        return frozenset(seat.account.ref for seat in seats if (seat.account_id, nomination.id) not in conflicts)

    return panel


def slots_of(cycle: Cycle) -> list[Slot]:
    """Every slot of the present attempts of a cycle with whom it needs."""
    panels = {category.id: _panel(category) for category in cycle.categories}
    return [
        Slot(
            one.ref,
            one.day.code,
            one.room,
            one.planned_at,
            timedelta(minutes=one.minutes),
            panels[one.category_id](one.nomination),
            frozenset({one.nomination.organisation.ref}),
        )
        for one in queries.sessions_of_cycle(cycle)
        if one.attempt == one.category.attempt and one.nomination.state in CANDIDATE_STATES
    ]


# Moving ---------------------------------------------------------------------------------------------------------------


def clashes_with(cycle: Cycle, places: Mapping[str, Place]) -> list[Clash]:
    """The clashes there would be with some slots, by reference, at new places. Stores nothing."""
    moved = []
    for slot in slots_of(cycle):
        place = places.get(slot.ref)
        if place is not None:
            slot = replace(
                slot, day=place.day.code, room=place.room, begins=place.planned_at,
                length=timedelta(minutes=place.minutes),
            )  # fmt: skip
        moved.append(slot)
    return [one for one in clashes(moved) if one.first in places or one.second in places]


def move(session: InterviewSession, place: Place, reason: str, *, expected: int, actor: Actor, at: datetime) -> None:
    """Move a planned slot; the candidate confirms anew. The caller commits.

    Raises `MissingReason`, `SessionNotPlanned`, `SessionMoved`, `PlanClashes`.
    """
    audit.lock_stream(audit.judging(session.category.cycle.code))
    _check(session, expected)
    if not reason.strip():
        raise MissingReason
    _refuse_clashes(session.category.cycle, {session.ref: place})
    _move(session, place, reason.strip(), actor=actor, at=at)


def reorder(category: Category, refs: Sequence[str], reason: str, *, actor: Actor, at: datetime) -> int:
    """Put the planned slots of a category into another order; times and rooms stay, candidates change places.

    `refs` names every planned slot once, in the new order. Gives how many moved; the caller commits. Raises
    `MissingReason`, `SessionMoved` where the slots are others by now, `PlanClashes`.
    """
    audit.lock_stream(audit.judging(category.cycle.code))
    sessions = planned_in_order(category)
    by_ref = {one.ref: one for one in sessions}
    if sorted(refs) != sorted(by_ref):
        raise SessionMoved
    if not reason.strip():
        raise MissingReason
    places = {
        ref: Place(there.day, there.planned_at, by_ref[ref].minutes, by_ref[ref].mode, there.room)
        for ref, there in zip(refs, sessions, strict=True)
        if by_ref[ref] is not there
    }
    _refuse_clashes(category.cycle, places)
    for ref, place in places.items():
        _move(by_ref[ref], place, reason.strip(), actor=actor, at=at)
    return len(places)


def planned_in_order(category: Category) -> list[InterviewSession]:
    """The slots of a category that can still change places, by time."""
    return [one for one in queries.sessions_of(category) if one.state == "planned"]


def remove(session: InterviewSession, reason: str, *, expected: int, actor: Actor, at: datetime) -> None:
    """Take a planned slot out of the schedule; the candidate is without one then. The caller commits.

    Raises `MissingReason`, `SessionNotPlanned`, `SessionMoved`.
    """
    audit.lock_stream(audit.judging(session.category.cycle.code))
    _check(session, expected)
    if not reason.strip():
        raise MissingReason
    if session.attendance is not None:
        raise SessionNotPlanned
    touch_board(session.day)
    tell_cancelled(session, reason.strip(), at=at)
    copied = ("ref", "day_id", "no", "category_id", "nomination_id", "attempt", "planned_at", "minutes")
    db.session.add(
        RemovedSlot(
            **{name: getattr(session, name) for name in copied},
            version=session.version + 1,
            reason=reason.strip(),
            removed_at=at,
        )
    )
    audit.record(
        audit.judging(session.category.cycle.code), "session.removed", actor, at=at, object_ref=session.ref,
        nomination=session.nomination.ref, reason=reason.strip(), planned_at=session.planned_at,
        minutes=session.minutes, version=session.version + 1,
    )  # fmt: skip
    db.session.execute(delete(SlotAnswer).where(SlotAnswer.session_id == session.id))
    db.session.expire(session, ["answer"])
    db.session.delete(session)
    db.session.flush()


def _check(session: InterviewSession, expected: int) -> None:
    db.session.refresh(session, with_for_update={"of": InterviewSession})
    if session.version != expected:
        raise SessionMoved
    if session.state != "planned":
        raise SessionNotPlanned


def _refuse_clashes(cycle: Cycle, places: Mapping[str, Place]) -> None:
    found = clashes_with(cycle, places)
    if found:
        names = {one.ref: one.nomination.organisation.name for one in queries.sessions_of_cycle(cycle)}
        others = dict.fromkeys(
            names[ref] for clash in found for ref in (clash.first, clash.second) if len(places) > 1 or ref not in places
        )
        raise PlanClashes(found, ", ".join(others))


def _move(session: InterviewSession, place: Place, reason: str, *, actor: Actor, at: datetime) -> None:
    before = session.planned_at
    touch_board(session.day)
    touch_board(place.day)
    if place.day.id != session.day_id:
        no = queries.last_no(place.day) + 1
        left = update(InterviewDay).where(InterviewDay.id == session.day_id, InterviewDay.left_no < session.no)
        db.session.execute(left.values(left_no=session.no))
        session.day, session.no = place.day, no  # together: the number may be another slot's on the day it leaves
    session.planned_at, session.minutes = place.planned_at, place.minutes
    session.mode, session.room = place.mode, place.room.strip()
    session.moved_at, session.moved_reason = at, reason
    session.version += 1
    db.session.execute(delete(SlotAnswer).where(SlotAnswer.session_id == session.id))
    db.session.expire(session, ["answer"])
    db.session.flush()
    audit.record(
        audit.judging(session.category.cycle.code), "session.moved", actor, at=at, object_ref=session.ref,
        nomination=session.nomination.ref, day=place.day.code, no=session.no, planned_at=place.planned_at,
        minutes=place.minutes, mode=place.mode, room=session.room, confirm_by=session.confirm_by, moved_at=at,
        moved_reason=reason,
    )  # fmt: skip
    tell_moved(session, before, reason, at=at)


# Answers of candidates ------------------------------------------------------------------------------------------------


def open_to_answer(session: InterviewSession, at: datetime) -> bool:
    """Whether the candidate may still confirm or ask for another time."""
    return session.state == "planned" and at <= (session.confirm_by or session.planned_at)


def answer_slot(
    session: InterviewSession, answer: str, note: str, *, expected: int, actor: Actor, at: datetime
) -> SlotAnswer:
    """The candidate confirms the slot, or asks for another time with a reason; a later answer replaces an earlier one.

    The caller commits. Raises `SessionNotPlanned`, `SessionMoved`, `AnswerTooLate`, `MissingReason`.
    """
    audit.lock_stream(audit.judging(session.category.cycle.code))
    _check(session, expected)
    if not open_to_answer(session, at):
        raise AnswerTooLate
    note = note.strip() if answer == "move_asked" else ""
    if answer == "move_asked" and not note:
        raise MissingReason
    given = session.answer or SlotAnswer(session=session)
    given.answer, given.note, given.kept_reason = answer, note, ""
    given.answered_at, given.answered_by, given.answered_by_name = at, actor.account_id, actor.name
    db.session.add(given)
    return _told(given, "slot.answered", actor, at)


def keep_slot(session: InterviewSession, reason: str, *, expected: int, actor: Actor, at: datetime) -> SlotAnswer:
    """An organiser keeps the time although the candidate asked for another one, and says why; the caller commits.

    Raises `WrongState` where nothing was asked, `MissingReason`, `SessionNotPlanned`, `SessionMoved`.
    """
    audit.lock_stream(audit.judging(session.category.cycle.code))
    _check(session, expected)
    given = session.answer
    if given is None or given.answer != "move_asked":
        raise WrongState
    if not reason.strip():
        raise MissingReason
    given.kept_reason = reason.strip()
    tell_kept(session, given.kept_reason, at=at)
    return _told(given, "slot.kept", actor, at)


def _told(given: SlotAnswer, kind: str, actor: Actor, at: datetime) -> SlotAnswer:
    db.session.flush()
    session = given.session
    audit.record(
        audit.judging(session.category.cycle.code), kind, actor, at=at, object_ref=session.ref,
        nomination=session.nomination.ref, answer=given.answer, note=given.note, kept_reason=given.kept_reason,
        answered_at=given.answered_at, answered_by_name=given.answered_by_name,
    )  # fmt: skip
    return given
