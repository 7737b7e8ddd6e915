"""Nobody came: proposed after the waiting time with a reason, confirmed by the chair. Drop-outs of a connection.

A candidate that does not come is not out: its session is closed, every indicator of the interview counts 0, and the
panel still sends its sheets, so that the quorum holds.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import select

from paritrana.audit import service as audit
from paritrana.core.errors import BadInput, ParitranaError
from paritrana.core.policy import Actor
from paritrana.core.timing import TimerAct
from paritrana.core.words import N_
from paritrana.cycles.models import Proposal
from paritrana.cycles.queries import rubric_of
from paritrana.cycles.service import confirm, propose
from paritrana.database import db
from paritrana.interviews import clock, queries
from paritrana.interviews.models import Dropout, InterviewSession
from paritrana.interviews.service import SessionMoved, finish, record_attendance

NO_SHOW_ACT: Final = "confirm_no_show"


class StillWaiting(ParitranaError):
    """The waiting time is not over. Params: `minutes`."""

    code = "still_waiting"
    message = N_("The waiting time is not over: %(minutes)s more minutes. Then propose it.")


class SomebodyCame(ParitranaError):
    """Who presented is recorded, or the slot is closed, so that nobody can have stayed away."""

    code = "somebody_came"
    message = N_("For this slot it is recorded who presented, or it is closed.")


class ImplausibleDropout(BadInput):
    """A connection that came back before it was gone, or time that no interview gives back."""

    code = "implausible_dropout"
    message = N_("A drop-out ends after it began and within the day, and gives back 0 to 60 minutes.")


def waits_until(session: InterviewSession) -> datetime:
    """From when on nobody need wait for the candidate of a slot any longer."""
    return session.planned_at + clock.plan_of(session.category).waiting


def propose_no_show(session: InterviewSession, reason: str, *, expected: int, actor: Actor, at: datetime) -> Proposal:
    """Propose to the chair that nobody came; the caller commits.

    Raises `StillWaiting`, `SomebodyCame`, `StaleVersion`, `MissingReason`, `ProposalWaiting`.
    """
    audit.lock_stream(audit.judging(session.category.cycle.code))
    _check(session, expected, at)
    proposal = propose(
        NO_SHOW_ACT, session.category, subject_ref=session.ref, payload={"session": session.ref, "version": expected},
        reason=reason, needs_reason=True, actor=actor, at=at,
    )  # fmt: skip
    clock.touch_board(session.day)
    return proposal


def confirm_no_show(proposal: Proposal, digest: str, *, actor: Actor, at: datetime) -> None:
    """Confirm as the chair that nobody came: the session closes, and the cap 0 holds. The caller commits.

    Raises `SamePerson`, `ProposalVoid`, `SomebodyCame`, `StaleVersion`.
    """
    session = next(one for one in queries.sessions_of(proposal.category) if one.ref == proposal.subject_ref)
    audit.lock_stream(audit.judging(session.category.cycle.code))
    payload = confirm(proposal, digest, actor=actor, at=at)
    _check(session, payload["version"], at)
    first, others = queries.asked_of(rubric_of(session.category))
    record_attendance(
        session,
        {
            "presenter_rank": first.absent if first else queries.ABSENT,
            "other_ranks": {code: ladder.absent for code, ladder in others.items()},
            "position": "-",
            "acting": False,
            "mode": session.mode,
            "arrived_at": at,
            "identity_seen": False,
            "mandate_letter": False,
            "note": proposal.reason or "",
            "no_show": True,
        },
        expected=0,
        actor=actor,
        at=at,
        confirmed=True,
    )
    clock.stop(session, actor=actor, at=at)
    session.opened_at = session.opened_at or at
    finish(session, actor=actor, at=at)


def _check(session: InterviewSession, expected: int, at: datetime) -> None:
    db.session.refresh(session, with_for_update={"of": InterviewSession})
    if session.attendance is not None or session.state == "closed":
        raise SomebodyCame
    if session.version != expected:
        raise SessionMoved
    left = waits_until(session) - at
    if left > timedelta(0):
        raise StillWaiting(minutes=-(-int(left.total_seconds()) // 60))


def dropouts_of(session: InterviewSession) -> Sequence[Dropout]:
    """The drop-outs of a slot, in order (one statement)."""
    return db.session.scalars(select(Dropout).where(Dropout.session_id == session.id).order_by(Dropout.no)).all()


def note_dropout(
    session: InterviewSession, gone_at: datetime, back_at: datetime, given_minutes: int, *, expected: int,
    actor: Actor, at: datetime,
) -> Dropout:  # fmt: skip
    """Note that the candidate's connection was gone, and give time back on the clock; the caller commits.

    `expected` is how many were noted when the page was shown. Raises `ImplausibleDropout`, `SessionMoved`, and
    `TimerRefused` or `ClockNeedsSession` where time is given back to a clock that does not run any more.
    """
    if not (gone_at < back_at <= gone_at + timedelta(hours=12) and 0 <= given_minutes <= 60):
        raise ImplausibleDropout
    audit.lock_stream(audit.judging(session.category.cycle.code))
    known = dropouts_of(session)
    if len(known) != expected:
        raise SessionMoved
    dropout = Dropout(
        session_id=session.id, no=expected + 1, gone_at=gone_at, back_at=back_at, given_minutes=given_minutes,
        by_name=actor.name, noted_at=at,
    )  # fmt: skip
    db.session.add(dropout)
    db.session.flush()
    audit.record(
        audit.judging(session.category.cycle.code), "dropout.noted", actor, at=at, object_ref=session.ref,
        no=dropout.no, gone_at=gone_at, back_at=back_at, given_minutes=given_minutes, by_name=actor.name,
    )  # fmt: skip
    if given_minutes:
        clock.work(
            session, TimerAct.EXTEND, expected=len(clock.entries_of(session)), extra=timedelta(minutes=given_minutes),
            actor=actor, at=at,
        )  # fmt: skip
    clock.touch_board(session.day)
    return dropout
