"""Changes of interviews: days, slots, opening and closing of sessions, attendance, and the end of the stage."""

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any

from paritrana.audit import service as audit
from paritrana.core.errors import BadInput, NotFound, ParitranaError, StaleVersion
from paritrana.core.lifecycle import State
from paritrana.core.policy import Actor
from paritrana.core.words import N_
from paritrana.cycles.models import Category, Cycle, Proposal
from paritrana.cycles.queries import rubric_of
from paritrana.cycles.service import confirm, propose, set_state
from paritrana.database import db, random_ref
from paritrana.interviews import clock, queries
from paritrana.interviews.clock import touch_board as touch_board  # the one way to say that a board has changed
from paritrana.interviews.models import Attendance, InterviewDay, InterviewSession
from paritrana.interviews.notices import tell_set
from paritrana.nominations.models import Nomination
from paritrana.nominations.queries import CANDIDATE_STATES, nominations_of
from paritrana.nominations.service import set_nomination_state
from paritrana.verification.threads import names_with_open_requests

ATTENDANCE_ACT = "record_attendance"


class SlotTaken(ParitranaError):
    """Another slot is planned in the same room, or for the same candidate, at that time. Params: `name`, `no`."""

    code = "slot_taken"
    message = N_("At that time %(name)s is planned in the same room (slot %(no)s). Choose another time or room.")


class AlreadyPlanned(ParitranaError):
    """The candidate has a slot."""

    code = "already_planned"
    message = N_("This candidate has a slot already.")


class NotCandidate(ParitranaError):
    """Only a shortlisted nomination is interviewed."""

    code = "not_candidate"
    message = N_("Only a shortlisted nomination gets an interview.")


class SessionNotPlanned(ParitranaError):
    """The session was opened before."""

    code = "session_not_planned"
    message = N_("This session was opened before.")


class SessionNotOpen(ParitranaError):
    """Only an open session can be closed."""

    code = "session_not_open"
    message = N_("This session is not open.")


class SessionMoved(StaleVersion):
    """Somebody else opened, closed or moved the session after the page was shown."""

    message = N_("The session was changed on another page. Look at it again.")


class NoAttendance(ParitranaError):
    """A session is closed without a word on who presented."""

    code = "no_attendance"
    message = N_("Record who presented before the session is closed.")


class UnknownPresenter(BadInput):
    """The presenter's rank is not on the ladder of the rubric."""

    code = "unknown_presenter"
    message = N_("Choose the rank of the presenter from the list.")


class PresenterTaken(ParitranaError):
    """The organisation has another slot at this time, in whatever category. Params: `name`, `no`."""

    code = "presenter_taken"
    message = N_("%(name)s has slot %(no)s at this time already. Choose another time.")


class PresenterBusy(ParitranaError):
    """Another session of the same presenter is open at this moment. Params: `name`, `no`."""

    code = "presenter_busy"
    message = N_("%(name)s presents in slot %(no)s at this moment. Close that session first.")


class AbsentAlone(ParitranaError):
    """That nobody came is for two people to say."""

    code = "absent_alone"
    message = N_("That nobody came is proposed on the page of the slot, and the chair confirms it.")


class NoShowStands(ParitranaError):
    """A confirmed no-show is corrected by two people, once the interviews are over."""

    code = "no_show_stands"
    message = N_("Two people confirmed that nobody came. After the interviews the chair can confirm a correction.")


class SessionsLeft(ParitranaError):
    """Some candidate has no slot or its session is not closed. Params: `names`."""

    code = "sessions_left"
    message = N_("The interviews are not over: %(names)s. Every candidate's session must be closed first.")


def plan_day(cycle: Cycle, on: date, *, actor: Actor, at: datetime) -> InterviewDay:
    """Add an interview day to a cycle; a day that is there already is returned. The caller commits."""
    days = queries.days_of(cycle)
    for day in days:
        if day.on == on:
            return day
    no = max((day.no for day in days), default=0) + 1
    day = InterviewDay(code=f"{cycle.code}-{no}", cycle=cycle, no=no, on=on)
    db.session.add(day)
    db.session.flush()
    audit.record(audit.judging(cycle.code), "day.planned", actor, at=at, object_ref=day.code, on=on)
    return day


def plan_session(
    nomination: Nomination,
    day: InterviewDay,
    planned_at: datetime,
    minutes: int,
    *,
    mode: str,
    room: str,
    actor: Actor,
    at: datetime,
) -> InterviewSession:
    """Give a candidate a slot; the caller commits.

    Raises `NotCandidate`, `AlreadyPlanned`, `SlotTaken`, `PresenterTaken`.
    """
    category = nomination.category
    if nomination.state not in CANDIDATE_STATES:
        raise NotCandidate
    audit.lock_stream(audit.judging(category.cycle.code))
    if queries.session_of(nomination) is not None:
        raise AlreadyPlanned
    _refuse_clash(nomination, day, planned_at, minutes, room)
    return store_slot(
        nomination, day, planned_at, minutes, no=queries.last_no(day) + 1, mode=mode, room=room, actor=actor, at=at
    )


def store_slot(
    nomination: Nomination,
    day: InterviewDay,
    planned_at: datetime,
    minutes: int,
    *,
    no: int,
    mode: str,
    room: str,
    confirm_by: datetime | None = None,
    actor: Actor,
    at: datetime,
) -> InterviewSession:
    """Store a slot that was checked, and write the invitation; the caller commits."""
    category = nomination.category
    session = InterviewSession(
        ref=random_ref("S"),
        day=day,
        no=no,
        category=category,
        nomination=nomination,
        attempt=category.attempt,
        planned_at=planned_at,
        minutes=minutes,
        mode=mode,
        room=room.strip(),
        confirm_by=confirm_by,
    )
    db.session.add(session)
    db.session.flush()
    audit.record(
        audit.judging(category.cycle.code), "session.planned", actor, at=at, object_ref=session.ref,
        nomination=nomination.ref, day=day.code, no=session.no, planned_at=planned_at, minutes=minutes, mode=mode,
        room=session.room, confirm_by=confirm_by,
    )  # fmt: skip
    tell_set(session, at=at)
    touch_board(day)
    return session


def _refuse_clash(nomination: Nomination, day: InterviewDay, planned_at: datetime, minutes: int, room: str) -> None:
    end = planned_at + timedelta(minutes=minutes)
    for other in queries.sessions_of_cycle(day.cycle):
        same_room = other.room.casefold() == room.strip().casefold()
        overlaps = other.planned_at < end and planned_at < other.planned_at + timedelta(minutes=other.minutes)
        if same_room and overlaps:
            raise SlotTaken(name=other.nomination.organisation.name, no=other.no)
        stands = other.attempt == other.category.attempt and other.nomination.state in CANDIDATE_STATES
        if overlaps and stands and other.nomination.organisation_id == nomination.organisation_id:
            raise PresenterTaken(name=other.nomination.organisation.name, no=other.no)


def plan_the_rest(
    category: Category, day: InterviewDay, first_at: datetime, minutes: int, *, mode: str, room: str, actor: Actor,
    at: datetime,
) -> int:  # fmt: skip
    """Give every candidate without a slot the next one, one after the other from `first_at`; tells how many."""
    planned = {one.nomination_id for one in queries.sessions_of(category)}
    left = [one for one in nominations_of(category, CANDIDATE_STATES) if one.id not in planned]
    start = first_at
    for nomination in left:
        plan_session(nomination, day, start, minutes, mode=mode, room=room, actor=actor, at=at)
        start += timedelta(minutes=minutes)
    return len(left)


def open_session(session: InterviewSession, *, expected: int, actor: Actor, at: datetime) -> None:
    """Open a session: from here on its interview indicators may be marked. The caller commits.

    Raises `SessionNotPlanned`, `StaleVersion`, and `PresenterBusy` while another session of the same organisation is
    open.
    """
    audit.lock_stream(audit.judging(session.category.cycle.code))
    _check_version(session, expected)
    if session.state != "planned":
        raise SessionNotPlanned
    other = queries.open_session_of(session)
    if other is not None:
        raise PresenterBusy(name=other.nomination.organisation.name, no=other.no)
    session.state, session.opened_at = "open", at
    session.version += 1
    audit.record(
        audit.judging(session.category.cycle.code), "session.opened", actor, at=at, object_ref=session.ref,
        nomination=session.nomination.ref,
    )  # fmt: skip
    touch_board(session.day)
    db.session.flush()


def close_session(session: InterviewSession, *, expected: int, actor: Actor, at: datetime) -> None:
    """Close an open session; the candidate counts as interviewed, and a clock that runs ends. The caller commits.

    Raises `SessionNotOpen`, `NoAttendance`, `StaleVersion`.
    """
    audit.lock_stream(audit.judging(session.category.cycle.code))
    _check_version(session, expected)
    if session.state != "open":
        raise SessionNotOpen
    if session.attendance is None:
        raise NoAttendance
    clock.stop(session, actor=actor, at=at)
    finish(session, actor=actor, at=at)


def finish(session: InterviewSession, *, actor: Actor, at: datetime) -> None:
    """Close a session whose attendance stands; the caller has looked at it, and commits."""
    session.state, session.closed_at = "closed", at
    session.version += 1
    audit.record(
        audit.judging(session.category.cycle.code), "session.closed", actor, at=at, object_ref=session.ref,
        nomination=session.nomination.ref,
    )  # fmt: skip
    if session.nomination.state == "shortlisted":
        set_nomination_state(
            session.nomination, "interviewed", expected=("shortlisted",), reason=None, actor=actor, at=at
        )
    touch_board(session.day)
    db.session.flush()


def _check_version(row: InterviewSession, expected: int) -> None:
    db.session.refresh(row, with_for_update={"of": type(row)})
    if row.version != expected:
        raise SessionMoved


def record_attendance(
    session: InterviewSession, values: Mapping[str, Any], *, expected: int, actor: Actor, at: datetime,
    confirmed: bool = False,
) -> Attendance:  # fmt: skip
    """Record or correct who presented; the caller commits.

    `values` are the fields of `Attendance`: presenter_rank, position, acting, mode, arrived_at, identity_seen,
    mandate_letter, note, and where they apply camera_seen and other_ranks. `expected` is 0 for the first record.
    `confirmed` says that two people stand behind it: they alone can say that nobody came, or that somebody came after
    all. Raises `UnknownPresenter`, `AbsentAlone`, `NoShowStands`, `StaleVersion`.
    """
    said = {"camera_seen": False, "other_ranks": {}, "no_show": False, **values}
    _check_ranks(session, said)
    if not confirmed and queries.ABSENT in (said["presenter_rank"], *said["other_ranks"].values()):
        raise AbsentAlone
    audit.lock_stream(audit.judging(session.category.cycle.code))
    db.session.refresh(session)
    attendance = session.attendance
    if attendance is None:
        if expected:
            raise StaleVersion(who="", time="")
        attendance = Attendance(session=session, version=0, no_show=False)
        db.session.add(attendance)
    elif attendance.version != expected:
        raise StaleVersion(who=attendance.recorded_by_name, time=attendance.recorded_at)
    if attendance.no_show and not confirmed:
        raise NoShowStands
    if actor.user_id is None:
        raise NotFound
    for name in queries.PRESENTED:
        setattr(attendance, name, said[name])
    attendance.recorded_by, attendance.recorded_by_name, attendance.recorded_at = actor.user_id, actor.name, at
    attendance.version += 1
    db.session.flush()
    audit.record(
        audit.judging(session.category.cycle.code), "attendance.recorded", actor, at=at, object_ref=session.ref,
        nomination=session.nomination.ref, **queries.told(attendance),
    )  # fmt: skip
    touch_board(session.day)
    return attendance


def _check_ranks(session: InterviewSession, said: Mapping[str, Any]) -> None:
    """One rank per ladder of the rubric, each from its own ladder; none without a ladder. Raises `UnknownPresenter`."""
    first, asked = queries.asked_of(rubric_of(session.category))
    given = said["other_ranks"]
    if said["presenter_rank"] not in (first.codes if first else {"", queries.ABSENT}):
        raise UnknownPresenter
    if given.keys() != asked.keys() or any(rank not in asked[code].codes for code, rank in given.items()):
        raise UnknownPresenter


def propose_attendance(
    session: InterviewSession, values: Mapping[str, Any], reason: str, *, expected: int, actor: Actor, at: datetime
) -> Proposal:
    """After the interviews, propose a correction to the chair; the caller commits. Raises `MissingReason`."""
    plain = {**values, "arrived_at": values["arrived_at"].isoformat(), "expected": expected}
    return propose(
        ATTENDANCE_ACT, session.category, subject_ref=session.ref, payload=plain, reason=reason, needs_reason=True,
        actor=actor, at=at,
    )  # fmt: skip


def confirm_attendance(proposal: Proposal, digest: str, *, actor: Actor, at: datetime) -> Attendance:
    """The chair confirms a correction; the caller commits. Raises `SamePerson`, `ProposalVoid`, `StaleVersion`."""
    payload = dict(confirm(proposal, digest, actor=actor, at=at))
    session = next(one for one in queries.sessions_of(proposal.category) if one.ref == proposal.subject_ref)
    expected = payload.pop("expected")
    payload["arrived_at"] = datetime.fromisoformat(payload["arrived_at"])
    return record_attendance(session, payload, expected=expected, actor=actor, at=at, confirmed=True)


class RequestsLeft(ParitranaError):
    """Change requests to candidates are open: nobody could answer or end them in the scoring. Params: `names`."""

    code = "requests_left"
    message = N_("Change requests are open: %(names)s. A verifier ends them, or the nominee answers first.")


def end_interviews(category: Category, *, actor: Actor, at: datetime) -> None:
    """Move a category from interviews to scoring once every candidate's session is closed; the caller commits.

    Raises `SessionsLeft` and `RequestsLeft` naming the candidates, `WrongState`.
    """
    audit.lock_stream(audit.intake(category.cycle.code))
    closed = {one.nomination_id for one in queries.sessions_of(category) if one.state == "closed"}
    left = [one.organisation.name for one in nominations_of(category, CANDIDATE_STATES) if one.id not in closed]
    if left:
        raise SessionsLeft(names=", ".join(left))
    asked = names_with_open_requests(category)
    if asked:
        raise RequestsLeft(names=", ".join(asked))
    set_state(category, State.SCORING, expected=State.INTERVIEW, actor=actor, at=at)
