"""What must hold of interviews: the slots, how far they are, and who presented."""

from collections.abc import Iterator
from typing import Any, Final

from sqlalchemy import select

from paritrana.audit.invariants import in_order, stream, told
from paritrana.core.invariants import Broken, Check, Found, Stored, Told, latest, replay, replayed
from paritrana.interviews.models import Attendance, InterviewDay, InterviewSession
from paritrana.nominations.models import Nomination

STEPS: Final = {"session.planned": "planned", "session.opened": "open", "session.closed": "closed"}
PRESENTED: Final = (
    "presenter_rank", "position", "acting", "mode", "arrived_at", "identity_seen", "mandate_letter", "note", "version",
)  # fmt: skip


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
    statement = _of_session(*(getattr(Attendance, name) for name in PRESENTED)).join(
        Attendance, Attendance.session_id == InterviewSession.id
    )
    rows = (
        Stored(row.ref, (), {"nomination": row.nomination, **{name: getattr(row, name) for name in PRESENTED}})
        for row in stream(statement)
    )
    yield from replay("attendance", "record of who presented", told("attendance.recorded"), rows, latest())


CHECKS = (
    Check(replayed("session", "interview session"), _sessions),
    Check(replayed("attendance", "record of who presented"), _attendance),
)
