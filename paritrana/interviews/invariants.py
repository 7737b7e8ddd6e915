"""What must hold of interviews: the slots, how far they are, their clocks, and who presented."""

from collections.abc import Iterator
from typing import Any, Final

from sqlalchemy import select

from paritrana.audit.invariants import in_order, stream, told
from paritrana.core.invariants import Broken, Check, Found, Stored, Told, latest, replay, replayed
from paritrana.interviews.models import Attendance, Dropout, InterviewDay, InterviewSession, TimerEntry
from paritrana.interviews.queries import PRESENTED
from paritrana.interviews.queries import told as presented
from paritrana.nominations.models import Nomination

STEPS: Final = {"session.planned": "planned", "session.opened": "open", "session.closed": "closed"}
CLOCK: Final = ("no", "act", "extra_seconds", "reason", "by_name")
DROPOUT: Final = ("no", "gone_at", "back_at", "given_minutes", "by_name")


def _of_session(*columns: Any) -> Any:
    return (
        select(InterviewSession.ref, Nomination.ref.label("nomination"), *columns)
        .select_from(InterviewSession)
        .join(Nomination, Nomination.id == InterviewSession.nomination_id)
        .order_by(in_order(InterviewSession.ref))
    )


def _sessions() -> Iterator[Broken]:
    one = InterviewSession
    statement = _of_session(InterviewDay.code, one.no, one.planned_at, one.minutes, one.mode, one.room, one.state).join(
        InterviewDay, InterviewDay.id == one.day_id
    )
    rows = (
        Stored(
            row.ref, "",
            {"nomination": row.nomination, "day": row.code, "no": row.no, "planned_at": row.planned_at,
             "minutes": row.minutes, "mode": row.mode, "room": row.room, "state": row.state},
        )
        for row in stream(statement)
    )  # fmt: skip
    yield from replay("session", "interview session", told(*STEPS), rows, _session)


def _session(now: Found, event: Told) -> None:
    now[""] = {**now.get("", {}), **event.values, "state": STEPS[event.kind]}


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
    yield from replay("clock", "entry of a clock", told("clock.moved"), rows, latest("no"))


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
    Check(replayed("attendance", "record of who presented"), _attendance),
    Check(replayed("clock", "entry of a clock"), _clocks),
    Check(replayed("dropout", "drop-out of a connection"), _dropouts),
)
