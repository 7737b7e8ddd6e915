"""The clock of a slot: what the cycle plans for it, what the operator did, and what it shows.

How long the phases last and how long is waited for a candidate are data of the cycle, per category. What is shown
follows from the events alone (`core/timing.py`), so that every device shows the same.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import select, update

from paritrana.audit import service as audit
from paritrana.core import timing
from paritrana.core.errors import BadInput, MissingReason, ParitranaError, StaleVersion
from paritrana.core.policy import Actor
from paritrana.core.timing import Phase, Reading, TimerAct, TimerEvent, TimerRefused
from paritrana.core.versions import content_version
from paritrana.core.words import N_
from paritrana.cycles.models import Category, Cycle
from paritrana.database import db
from paritrana.interviews.models import InterviewDay, InterviewSession, TimerEntry

SETTING: Final = "interview_clock"  # in the settings of a cycle: by category, minutes of each phase and of waiting
PHASES: Final = ("presentation", "questions")
PHASE_NAMES: Final[Mapping[str, str]] = {"presentation": N_("Presentation"), "questions": N_("Questions")}
DEFAULT: Final[Mapping[str, int]] = {"presentation": 7, "questions": 13, "waiting": 15}
MORE: Final = timedelta(minutes=5)
LONGEST: Final = 120  # minutes


class ClockNeedsSession(ParitranaError):
    """The clock of a slot runs only while its session is open."""

    code = "clock_needs_session"
    message = N_("Open the session first: the clock belongs to an open session.")


class ClockRunning(ParitranaError):
    """The lengths are in use: a clock of this category runs. Params: `no`."""

    code = "clock_running"
    message = N_("The clock of slot %(no)s runs. Change the lengths before or after it.")


class ImplausibleMinutes(BadInput):
    """A length that no interview has. Params: `most`."""

    code = "implausible_minutes"
    message = N_("Write whole minutes from 1 to %(most)s.")


@dataclass(frozen=True)
class Plan:
    """How long the phases of a category last, and how long is waited for a candidate who is not there."""

    phases: tuple[Phase, ...]
    waiting: timedelta


def plan_of(category: Category) -> Plan:
    """The plan of a category; what its cycle does not say is 7 minutes, 13 minutes, and 15 of waiting."""
    minutes = {**DEFAULT, **category.cycle.settings.get(SETTING, {}).get(category.slug, {})}
    return Plan(
        tuple(Phase(code, timedelta(minutes=minutes[code])) for code in PHASES), timedelta(minutes=minutes["waiting"])
    )


def minutes_of(category: Category) -> Mapping[str, int]:
    """The lengths of a category in minutes, by `presentation`, `questions` and `waiting`."""
    chosen = category.cycle.settings.get(SETTING, {}).get(category.slug, {})
    return {name: int(chosen.get(name, usual)) for name, usual in DEFAULT.items()}


def set_plan(
    category: Category, minutes: Mapping[str, int], *, actor: Actor, at: datetime, expected: int | None = None
) -> None:
    """Set the lengths of a category, in minutes, by `presentation`, `questions` and `waiting`; the caller commits.

    `expected` is the version of the lengths that were shown; without one nothing is compared. Raises
    `ImplausibleMinutes`, `StaleVersion`, and `ClockRunning` while a clock of the category runs.
    """
    if not all(1 <= minutes[name] <= LONGEST for name in DEFAULT):
        raise ImplausibleMinutes(most=LONGEST)
    audit.lock_stream(audit.judging(category.cycle.code))
    cycle = category.cycle
    db.session.refresh(cycle, ["settings"], with_for_update={"of": Cycle})
    if expected is not None and expected != content_version(minutes_of(category)):
        raise StaleVersion(who=N_("Somebody"), time=at)
    for session, entries in entries_of_category(category):
        reading = timing.read(plan_of(category).phases, events(entries), at)
        if reading.phase is not None:
            raise ClockRunning(no=session.no)
    chosen = {name: minutes[name] for name in DEFAULT}
    cycle.settings = {**cycle.settings, SETTING: {**cycle.settings.get(SETTING, {}), category.slug: chosen}}
    audit.record(
        audit.judging(cycle.code), "clock.planned", actor, at=at, object_ref=f"{cycle.code}/{category.slug}", **chosen
    )
    db.session.flush()


def entries_of(session: InterviewSession) -> Sequence[TimerEntry]:
    """What was done to the clock of a slot, in order (one statement)."""
    return db.session.scalars(
        select(TimerEntry).where(TimerEntry.session_id == session.id).order_by(TimerEntry.no)
    ).all()


def entries_of_day(day: InterviewDay) -> Mapping[int, Sequence[TimerEntry]]:
    """The same for every slot of a day, by the id of the slot (one statement)."""
    rows = db.session.scalars(
        select(TimerEntry)
        .join(InterviewSession, InterviewSession.id == TimerEntry.session_id)
        .where(InterviewSession.day_id == day.id)
        .order_by(TimerEntry.session_id, TimerEntry.no)
    )
    found: dict[int, list[TimerEntry]] = {}
    for row in rows:
        found.setdefault(row.session_id, []).append(row)
    return found


def entries_of_category(category: Category) -> list[tuple[InterviewSession, Sequence[TimerEntry]]]:
    """The slots of a category whose clock was started, each with what was done to it (one statement)."""
    rows = db.session.execute(
        select(InterviewSession, TimerEntry)
        .join(TimerEntry, TimerEntry.session_id == InterviewSession.id)
        .where(InterviewSession.category_id == category.id)
        .order_by(TimerEntry.session_id, TimerEntry.no)
    ).all()
    found: dict[int, tuple[InterviewSession, list[TimerEntry]]] = {}
    for session, entry in rows:
        found.setdefault(session.id, (session, []))[1].append(entry)
    return list(found.values())


def events(entries: Sequence[TimerEntry]) -> list[TimerEvent]:
    """The entries as the core reads them."""
    return [TimerEvent(TimerAct(one.act), one.at, timedelta(seconds=one.extra_seconds)) for one in entries]


def reading_of(session: InterviewSession, at: datetime) -> Reading:
    """Where the clock of a slot stands at a moment of the cycle's time (one statement)."""
    return timing.read(plan_of(session.category).phases, events(entries_of(session)), at)


def work(
    session: InterviewSession,
    act: TimerAct,
    *,
    expected: int,
    reason: str = "",
    extra: timedelta = MORE,
    actor: Actor,
    at: datetime,
) -> TimerEntry:
    """Do something to the clock of a slot; the caller commits.

    `expected` is how many things had been done when the page was shown. `extra` counts for `EXTEND` alone. Raises
    `ClockNeedsSession`, `MissingReason` for a pause, and `TimerRefused` where the clock has moved on or cannot do this.
    """
    audit.lock_stream(audit.judging(session.category.cycle.code))
    db.session.refresh(session, with_for_update={"of": InterviewSession})
    if session.state != "open":
        raise ClockNeedsSession
    done = entries_of(session)
    if len(done) != expected:
        raise TimerRefused
    if act is TimerAct.PAUSE and not reason.strip():
        raise MissingReason
    timing.check(plan_of(session.category).phases, events(done), act)
    # Time never runs backwards, also where two devices of the server's people do not agree on it.
    at = max(at, done[-1].at) if done else at
    return _record(session, act, len(done) + 1, reason, extra, actor=actor, at=at)


def stop(session: InterviewSession, *, actor: Actor, at: datetime) -> None:
    """End the clock of a slot that is being closed, where it still runs; the caller commits and touches the board."""
    done = entries_of(session)
    reading = timing.read(plan_of(session.category).phases, events(done), max([at, *(one.at for one in done)]))
    if reading.phase is not None:
        _record(session, TimerAct.END, len(done) + 1, "", MORE, actor=actor, at=max(at, done[-1].at))


def _record(
    session: InterviewSession, act: TimerAct, no: int, reason: str, extra: timedelta, *, actor: Actor, at: datetime
) -> TimerEntry:
    said: dict[str, Any] = {
        "act": act.value,
        "extra_seconds": int(extra.total_seconds()) if act is TimerAct.EXTEND else 0,
        "reason": reason.strip(),
    }
    entry = TimerEntry(session_id=session.id, no=no, at=at, by_name=actor.name, **said)
    db.session.add(entry)
    db.session.flush()
    audit.record(
        audit.judging(session.category.cycle.code), "clock.moved", actor, at=at, object_ref=session.ref, no=no,
        moment=at, by_name=actor.name, **said,
    )  # fmt: skip
    touch_board(session.day)
    return entry


def touch_board(of: InterviewDay | Category) -> None:
    """Say that the board of a day, or of every day on which a category is heard, shows something else from now on.

    Every act that changes what a board shows calls this in its transaction (one statement).
    """
    days = (
        InterviewDay.id == of.id
        if isinstance(of, InterviewDay)
        else InterviewDay.id.in_(select(InterviewSession.day_id).where(InterviewSession.category_id == of.id))
    )
    db.session.execute(
        update(InterviewDay)
        .where(days)
        .values(board_version=InterviewDay.board_version + 1)
        .execution_options(synchronize_session=False)
    )
