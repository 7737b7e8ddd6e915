"""Interviews as calendars: the file of one slot, and the feed of everything a person attends.

The identity of an event never changes, its SEQUENCE rises with the version of the slot, and a slot that is taken out,
or whose candidate withdrew, stays as cancelled. The place stands in the file, so it is only for those admitted: the
candidate's own people, the panel without those who stepped back, and the organisers.
"""

import hashlib
import secrets
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, delete, insert, not_, or_, select
from sqlalchemy.orm import joinedload

from paritrana.core.errors import NotFound
from paritrana.core.policy import Actor
from paritrana.core.words import N_
from paritrana.cycles.models import Category
from paritrana.database import db
from paritrana.interviews.models import CalendarFeed, InterviewDay, InterviewSession, RemovedSlot
from paritrana.interviews.notices import slot_path
from paritrana.nominations.models import Nomination
from paritrana.nominations.queries import CANDIDATE_STATES
from paritrana.outbox.texts import filled, translated
from paritrana.panels.queries import conflict_clause

if TYPE_CHECKING:
    from icalendar import Event

ALARMS: Final = (timedelta(days=-1), timedelta(minutes=-30))


def calendar_of(
    sessions: Iterable[InterviewSession],
    removed: Iterable[RemovedSlot],
    *,
    base_url: str,
    language: str,
    at: datetime,
) -> bytes:
    """The slots as an iCalendar file with the time zones they are in; `at` is the moment it is written."""
    from icalendar import Calendar

    calendar = Calendar()
    calendar.add("prodid", "-//Paritrana//Interviews//ID")
    calendar.add("version", "2.0")
    calendar.add("method", "PUBLISH")
    calendar.add("x-wr-calname", translated(N_("Interviews of the Paritrana Award"), language))
    for session in sessions:
        gone = session.nomination.state not in CANDIDATE_STATES
        calendar.add_component(_event(session, gone=gone, base_url=base_url, language=language, at=at))
    for slot in removed:
        calendar.add_component(_event(slot, gone=True, base_url=base_url, language=language, at=at))
    calendar.add_missing_timezones()
    return bytes(calendar.to_ical())


def _event(slot: InterviewSession | RemovedSlot, *, gone: bool, base_url: str, language: str, at: datetime) -> "Event":
    from icalendar import Alarm, Event

    cycle = slot.day.cycle
    begins = slot.planned_at.astimezone(ZoneInfo(cycle.timezone))
    params = {"name": slot.nomination.organisation.name}
    event = Event()
    event.add("uid", f"{slot.ref}@{urlsplit(base_url).hostname}")
    event.add("sequence", slot.version + (isinstance(slot, InterviewSession) and gone))
    event.add("dtstamp", at)
    event.add("dtstart", begins)
    event.add("dtend", begins + timedelta(minutes=slot.minutes))
    event.add("summary", filled(N_("Interview: %(name)s"), params, language, cycle.timezone))
    category = slot.category.title_id if language == "id" else slot.category.title_en
    event.add("description", f"{cycle.title_id if language == 'id' else cycle.title_en}, {category}")
    event.add("status", "CANCELLED" if gone else "CONFIRMED")
    if gone or isinstance(slot, RemovedSlot):
        return event
    event.add("location", slot.room)
    event.add("url", f"{base_url}{slot_path(slot)}")
    for before in ALARMS:
        alarm = Alarm()
        alarm.add("action", "DISPLAY")
        alarm.add("description", filled(N_("Interview: %(name)s"), params, language, cycle.timezone))
        alarm.add("trigger", before)
        event.add_component(alarm)
    return event


# The feed of a person -------------------------------------------------------------------------------------------------


def slots_for(actor: Actor) -> tuple[Sequence[InterviewSession], Sequence[RemovedSlot]]:
    """The slots a person attends now: of the own organisation, of the panel without conflicts, of the own cycles.

    Slots of earlier attempts are left out. Two statements.
    """
    sessions = db.session.scalars(
        select(InterviewSession)
        .join(InterviewSession.day)
        .join(InterviewSession.category)
        .join(InterviewSession.nomination)
        .where(InterviewSession.attempt == Category.attempt, _attends(actor))
        .options(
            joinedload(InterviewSession.day, innerjoin=True).joinedload(InterviewDay.cycle, innerjoin=True),
            joinedload(InterviewSession.category, innerjoin=True),
            joinedload(InterviewSession.nomination, innerjoin=True).joinedload(Nomination.organisation, innerjoin=True),
        )
        .order_by(InterviewSession.planned_at, InterviewSession.id)
    ).all()
    removed = db.session.scalars(
        select(RemovedSlot)
        .join(RemovedSlot.day)
        .join(RemovedSlot.category)
        .join(RemovedSlot.nomination)
        .where(RemovedSlot.attempt == Category.attempt, _attends(actor))
        .options(
            joinedload(RemovedSlot.day, innerjoin=True).joinedload(InterviewDay.cycle, innerjoin=True),
            joinedload(RemovedSlot.category, innerjoin=True),
            joinedload(RemovedSlot.nomination, innerjoin=True).joinedload(Nomination.organisation, innerjoin=True),
        )
        .order_by(RemovedSlot.planned_at, RemovedSlot.id)
    ).all()
    return sessions, removed


def _attends(actor: Actor) -> ColumnElement[bool]:
    judged = Nomination.category_id.in_(actor.seats) & not_(conflict_clause(actor))
    return or_(Nomination.organisation_id.in_(actor.organisations), judged, InterviewDay.cycle_id.in_(actor.organises))


def make_feed(actor: Actor, *, at: datetime) -> str:
    """A new address for a person's calendar, which is told once; an earlier one ends. The caller commits."""
    token = secrets.token_urlsafe(24)
    end_feed(actor)
    db.session.execute(insert(CalendarFeed).values(account_id=actor.account_id, token_hash=_hash(token), made_at=at))
    return token


def end_feed(actor: Actor) -> None:
    """End the address of a person's calendar, where there is one; the caller commits."""
    db.session.execute(delete(CalendarFeed).where(CalendarFeed.account_id == actor.account_id))


def find_feed(actor: Actor) -> CalendarFeed | None:
    """The feed of a person, where there is one."""
    return db.session.scalar(select(CalendarFeed).where(CalendarFeed.account_id == actor.account_id))


def holder_of(token: str) -> int:
    """The account whose calendar has this address. Raises `NotFound`."""
    found = db.session.scalar(select(CalendarFeed.account_id).where(CalendarFeed.token_hash == _hash(token)))
    if found is None:
        raise NotFound
    return found


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
