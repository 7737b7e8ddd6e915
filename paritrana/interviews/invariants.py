"""What must hold of interviews: the slots, how far they are, their clocks, and who presented."""

from collections.abc import Iterator
from typing import Any, Final

from sqlalchemy import select

from paritrana.audit.invariants import in_order, stream, told
from paritrana.core.invariants import Broken, Check, Found, Stored, Told, latest, replay, replayed
from paritrana.core.planning import draw_order
from paritrana.cycles.models import Category
from paritrana.interviews.models import (
    Attendance,
    Dropout,
    InterviewDay,
    InterviewSession,
    PlanDrawn,
    RemovedSlot,
    SlotAnswer,
    TimerEntry,
)
from paritrana.interviews.queries import PRESENTED
from paritrana.interviews.queries import told as presented
from paritrana.nominations.models import Nomination

STEPS: Final = {"session.planned": "planned", "session.opened": "open", "session.closed": "closed"}
CLOCK: Final = ("no", "act", "extra_seconds", "reason", "by_name")
DROPOUT: Final = ("no", "gone_at", "back_at", "given_minutes", "by_name")
MOVED, REMOVED = "session.moved", "session.removed"
ANSWERED: Final = ("slot.answered", "slot.kept")
ANSWER: Final = ("answer", "note", "kept_reason", "answered_at", "answered_by_name")


def _of_session(*columns: Any) -> Any:
    return (
        select(InterviewSession.ref, Nomination.ref.label("nomination"), *columns)
        .select_from(InterviewSession)
        .join(Nomination, Nomination.id == InterviewSession.nomination_id)
        .order_by(in_order(InterviewSession.ref))
    )


def _sessions() -> Iterator[Broken]:
    one = InterviewSession
    statement = _of_session(
        InterviewDay.code, one.no, one.planned_at, one.minutes, one.mode, one.room, one.state, one.confirm_by,
        one.moved_at, one.moved_reason,
    ).join(InterviewDay, InterviewDay.id == one.day_id)  # fmt: skip
    rows = (
        Stored(
            row.ref, "",
            {"nomination": row.nomination, "day": row.code, "no": row.no, "planned_at": row.planned_at,
             "minutes": row.minutes, "mode": row.mode, "room": row.room, "state": row.state,
             "confirm_by": row.confirm_by, "moved_at": row.moved_at, "moved_reason": row.moved_reason or None},
        )
        for row in stream(statement)
    )  # fmt: skip
    yield from replay("session", "interview session", told(*STEPS, MOVED, REMOVED), rows, _session)


def _session(now: Found, event: Told) -> None:
    if event.kind == REMOVED:
        now.pop("", None)
        return
    before = now.get("", {})
    now[""] = {**before, **event.values, "state": STEPS.get(event.kind) or before.get("state")}


def _left() -> Iterator[Broken]:
    """The highest number of a slot that went from a day to another; a silent event may have told of a higher one."""
    left: dict[str, int] = {}
    slot, place, silent = "", ("", 0), False
    for event in told("session.planned", MOVED):
        day, no = event.values.get("day"), event.values.get("no")
        if not isinstance(day, str) or not isinstance(no, int):  # erased, or tampered with: the chain tells that
            slot, silent = "", True
            continue
        before, place = place if event.ref == slot else ("", 0), (day, no)
        if before[0] not in ("", day):
            left[before[0]] = max(left.get(before[0], 0), before[1])
        slot = event.ref
    for code, kept in stream(select(InterviewDay.code, InterviewDay.left_no).order_by(InterviewDay.id)):
        highest = left.get(code, 0)
        if kept < highest or (kept > highest and not silent):
            yield Broken("session.number_left", code, f"Number {highest} left this day at last, {kept} is kept.")


def _answers() -> Iterator[Broken]:
    statement = _of_session(*(getattr(SlotAnswer, name) for name in ANSWER)).join(
        SlotAnswer, SlotAnswer.session_id == InterviewSession.id
    )
    rows = (Stored(row.ref, (), {name: getattr(row, name) for name in ANSWER}) for row in stream(statement))
    yield from replay("answer", "answer to a slot", told(*ANSWERED, MOVED, REMOVED), rows, _answer)


def _answer(now: Found, event: Told) -> None:
    now.clear()  # whoever moves or removes a slot ends the answer to it
    if event.kind in ANSWERED:
        now[()] = dict(event.values)


def _removed() -> Iterator[Broken]:
    one = RemovedSlot
    statement = (
        select(one.ref, Nomination.ref.label("nomination"), one.planned_at, one.minutes, one.version, one.reason)
        .join(Nomination, Nomination.id == one.nomination_id)
        .order_by(in_order(one.ref))
    )
    rows = (Stored(row.ref, (), {name: value for name, value in row._mapping.items() if name != "ref"})
            for row in stream(statement))  # fmt: skip
    yield from replay("removed_slot", "slot taken out of the schedule", told(REMOVED), rows, latest())


def _plans() -> Iterator[Broken]:
    one = PlanDrawn
    statement = (
        select(one.ref, Category.slug, one.attempt, one.how, one.seed, one.order)
        .join(Category, Category.id == one.category_id)
        .order_by(in_order(one.ref))
    )
    rows = (
        Stored(row.ref, (), {"category": row.slug, "attempt": row.attempt, "how": row.how, "seed": row.seed,
                             "order": row.order})
        for row in stream(statement)
    )  # fmt: skip
    yield from replay("plan", "order of interviews", told("plan.drawn"), rows, latest())


def _orders() -> Iterator[Broken]:
    for row in stream(select(PlanDrawn.ref, PlanDrawn.seed, PlanDrawn.order).where(PlanDrawn.how == "drawn")):
        if list(row.order) != draw_order(row.order, row.seed):
            yield Broken("plan.seed", row.ref, "The seed draws another order than the one that is kept.")


def _attendance() -> Iterator[Broken]:
    statement = _of_session(*(getattr(Attendance, name) for name in (*PRESENTED, "version"))).join(
        Attendance, Attendance.session_id == InterviewSession.id
    )
    rows = (Stored(row.ref, (), {"nomination": row.nomination, **presented(row)}) for row in stream(statement))
    yield from replay("attendance", "record of who presented", told("attendance.recorded"), rows, latest())


def _clocks() -> Iterator[Broken]:
    columns = (getattr(TimerEntry, name) for name in CLOCK)
    statement = _of_session(*columns, TimerEntry.at.label("moment")).join(
        TimerEntry, TimerEntry.session_id == InterviewSession.id
    )
    rows = (
        Stored(row.ref, (row.no,), {"moment": row.moment, **{name: getattr(row, name) for name in CLOCK}})
        for row in stream(statement.order_by(TimerEntry.no))
    )
    yield from replay("timer", "entry of a clock", told("clock.moved"), rows, latest("no"))


def _dropouts() -> Iterator[Broken]:
    statement = _of_session(*(getattr(Dropout, name) for name in DROPOUT)).join(
        Dropout, Dropout.session_id == InterviewSession.id
    )
    rows = (
        Stored(row.ref, (row.no,), {name: getattr(row, name) for name in DROPOUT})
        for row in stream(statement.order_by(Dropout.no))
    )
    yield from replay("dropout", "drop-out of a connection", told("dropout.noted"), rows, latest("no"))


CHECKS = (
    Check(replayed("session", "interview session"), _sessions),
    Check({"session.number_left": "Every day knows the highest number of a slot that went to another day."}, _left),
    Check(replayed("answer", "answer to a slot"), _answers),
    Check(replayed("removed_slot", "slot taken out of the schedule"), _removed),
    Check(replayed("plan", "order of interviews"), _plans),
    Check({"plan.seed": "The order that a seed draws is the one that is kept."}, _orders),
    Check(replayed("attendance", "record of who presented"), _attendance),
    Check(replayed("timer", "entry of a clock"), _clocks),
    Check(replayed("dropout", "drop-out of a connection"), _dropouts),
)
