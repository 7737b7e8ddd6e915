"""Interview days, their slots, the clock of a slot, who presented, and who is connected."""

import secrets
from datetime import date, datetime
from typing import Any, cast

from sqlalchemy import CheckConstraint, ForeignKey, Table, UniqueConstraint, false
from sqlalchemy.orm import Mapped, mapped_column, relationship

from paritrana.audit.triggers import attach
from paritrana.cycles.models import Category, Cycle
from paritrana.database import Base, Document
from paritrana.nominations.models import Nomination
from paritrana.scopes import Tenancy


class InterviewDay(Base):
    """A day on which candidates of a cycle are heard; its code, such as `ntb-2024-1`, stands in addresses."""

    __tablename__ = "interview_day"
    __table_args__ = (UniqueConstraint("cycle_id", "no"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(unique=True)
    cycle_id: Mapped[int] = mapped_column(ForeignKey("cycle.id"))
    no: Mapped[int]
    on: Mapped[date]
    # Raised by every act that changes what the board of the day shows; it is the tag of the board, and nothing else. It
    # begins anywhere, so that what a process keeps of one day is never taken for another.
    board_version: Mapped[int] = mapped_column(default=lambda: secrets.randbelow(2**30), server_default="0")
    left_no: Mapped[int] = mapped_column(default=0, server_default="0")  # highest of the slots that went to other days
    display_code: Mapped[str | None]  # opens the screen of the hall on this day; a new one takes its place

    cycle: Mapped[Cycle] = relationship()


class InterviewSession(Base):
    """The slot of one candidate: planned, opened for marking, closed."""

    __tablename__ = "interview_session"
    __tenancy__ = Tenancy(office="category_id", nominee="nomination_id")
    __table_args__ = (
        UniqueConstraint("day_id", "no"),
        UniqueConstraint("nomination_id", "attempt"),
        CheckConstraint("state IN ('planned', 'open', 'closed')", name="state_known"),
        CheckConstraint("minutes BETWEEN 5 AND 240", name="minutes_plausible"),
        CheckConstraint("mode IN ('in_person', 'online')", name="mode_known"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    ref: Mapped[str] = mapped_column(unique=True)
    day_id: Mapped[int] = mapped_column(ForeignKey("interview_day.id"))
    no: Mapped[int]
    category_id: Mapped[int] = mapped_column(ForeignKey("category.id"), index=True)
    nomination_id: Mapped[int] = mapped_column(ForeignKey("nomination.id"))
    attempt: Mapped[int] = mapped_column(default=1)
    planned_at: Mapped[datetime]
    minutes: Mapped[int]
    mode: Mapped[str] = mapped_column(default="in_person")
    room: Mapped[str] = mapped_column(default="")  # a room, or a link for those admitted
    state: Mapped[str] = mapped_column(default="planned")
    confirm_by: Mapped[datetime | None]  # until when the candidate confirms or asks to move; none: until it begins
    moved_at: Mapped[datetime | None]
    moved_reason: Mapped[str] = mapped_column(default="", server_default="")
    opened_at: Mapped[datetime | None]
    closed_at: Mapped[datetime | None]
    version: Mapped[int] = mapped_column(default=1)

    day: Mapped[InterviewDay] = relationship()
    category: Mapped[Category] = relationship()
    nomination: Mapped[Nomination] = relationship()
    attendance: Mapped["Attendance | None"] = relationship(back_populates="session")
    answer: Mapped["SlotAnswer | None"] = relationship(back_populates="session")


class Attendance(Base):
    """Who presented, as seen by the secretariat. The rank sets the cap by the ladder of the rubric.

    Nobody came where `no_show` is set, as two people confirmed: then every indicator of the interview counts 0.
    """

    __tablename__ = "attendance"
    __tenancy__ = Tenancy(office="session_id", nominee="session_id")
    __table_args__ = (
        UniqueConstraint("session_id"),
        CheckConstraint("mode IN ('in_person', 'online')", name="mode_known"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    session_id: Mapped[int] = mapped_column(ForeignKey("interview_session.id"))
    presenter_rank: Mapped[str]  # code of the ladder in the rubric
    # The rank on the ladder of another indicator, by its code, where that ladder names other ranks.
    other_ranks: Mapped[dict[str, Any]] = mapped_column(Document, default=dict, server_default="{}")
    no_show: Mapped[bool] = mapped_column(default=False, server_default=false())
    position: Mapped[str]  # the office as said, without a private name
    acting: Mapped[bool] = mapped_column(default=False)
    mode: Mapped[str]
    arrived_at: Mapped[datetime]  # of a no-show: until when was waited
    identity_seen: Mapped[bool]
    camera_seen: Mapped[bool] = mapped_column(default=False, server_default=false())
    mandate_letter: Mapped[bool]
    note: Mapped[str] = mapped_column(default="")
    recorded_by: Mapped[int] = mapped_column(ForeignKey("account.id"))
    recorded_by_name: Mapped[str]
    recorded_at: Mapped[datetime]
    version: Mapped[int] = mapped_column(default=1)

    session: Mapped[InterviewSession] = relationship(back_populates="attendance")


class TimerEntry(Base):
    """One thing that an operator did to the clock of a slot. The table only grows; the clock is read from it."""

    __tablename__ = "timer_event"
    __tenancy__ = Tenancy(office="session_id")
    __table_args__ = (
        UniqueConstraint("session_id", "no"),
        CheckConstraint("act IN ('start', 'pause', 'resume', 'next', 'extend', 'end')", name="act_known"),
        CheckConstraint("act <> 'pause' OR reason <> ''", name="pause_reasoned"),
        CheckConstraint("(act = 'extend') = (extra_seconds > 0)", name="extension_has_length"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    session_id: Mapped[int] = mapped_column(ForeignKey("interview_session.id"))
    no: Mapped[int]  # counts inside the slot
    act: Mapped[str]
    at: Mapped[datetime]  # on the cycle's clock
    extra_seconds: Mapped[int] = mapped_column(default=0)
    reason: Mapped[str] = mapped_column(default="")
    by_name: Mapped[str]


class Dropout(Base):
    """A candidate's connection was gone from one moment to another, and how much time was given back. Only grows."""

    __tablename__ = "dropout"
    __tenancy__ = Tenancy(office="session_id")
    __table_args__ = (
        UniqueConstraint("session_id", "no"),
        CheckConstraint("gone_at < back_at", name="ends_after_it_began"),
        CheckConstraint("given_minutes BETWEEN 0 AND 60", name="given_plausible"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    session_id: Mapped[int] = mapped_column(ForeignKey("interview_session.id"))
    no: Mapped[int]
    gone_at: Mapped[datetime]
    back_at: Mapped[datetime]
    given_minutes: Mapped[int]
    by_name: Mapped[str]
    noted_at: Mapped[datetime]


class Presence(Base):
    """When the score sheet of an assessor was last heard of on an interview day, and how much waits on the device.

    Moments are of the system's clock. Nothing is decided by it, and it is no record: each row is written over.
    """

    __tablename__ = "presence"

    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"), primary_key=True)
    day_id: Mapped[int] = mapped_column(ForeignKey("interview_day.id"), primary_key=True)
    seen_at: Mapped[datetime]
    waiting: Mapped[int] = mapped_column(default=0)


attach(cast(Table, TimerEntry.__table__))

attach(cast(Table, Dropout.__table__))


class SlotAnswer(Base):
    """What the candidate says to a slot as it is planned now: confirmed, or another time is asked for and answered."""

    __tablename__ = "slot_answer"
    __tenancy__ = Tenancy(office="session_id", nominee="session_id")
    __table_args__ = (
        UniqueConstraint("session_id"),
        CheckConstraint("answer IN ('confirmed', 'move_asked')", name="answer_known"),
        CheckConstraint("answer <> 'move_asked' OR note <> ''", name="wish_reasoned"),
        CheckConstraint("kept_reason = '' OR answer = 'move_asked'", name="only_wishes_are_declined"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    session_id: Mapped[int] = mapped_column(ForeignKey("interview_session.id"))
    answer: Mapped[str]
    note: Mapped[str] = mapped_column(default="")
    answered_at: Mapped[datetime]
    answered_by: Mapped[int] = mapped_column(ForeignKey("account.id"))
    answered_by_name: Mapped[str]
    kept_reason: Mapped[str] = mapped_column(default="")  # why an organiser keeps the time all the same

    session: Mapped[InterviewSession] = relationship(back_populates="answer")


class PlanDrawn(Base):
    """One drawing up of slots: the order of the candidates, and the published seed it was drawn from. It only grows."""

    __tablename__ = "plan_drawn"
    __tenancy__ = Tenancy(office="category_id")
    __table_args__ = (
        CheckConstraint("how IN ('drawn', 'by_hand')", name="how_known"),
        CheckConstraint("(how = 'drawn') = (seed <> '')", name="drawn_has_seed"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    ref: Mapped[str] = mapped_column(unique=True)
    category_id: Mapped[int] = mapped_column(ForeignKey("category.id"), index=True)
    attempt: Mapped[int]
    how: Mapped[str]
    seed: Mapped[str] = mapped_column(default="")
    order: Mapped[list[Any]]  # references of the nominations
    at: Mapped[datetime]

    category: Mapped[Category] = relationship()


class RemovedSlot(Base):
    """A slot that was taken out of the schedule, kept so that calendars show it as cancelled. It only grows."""

    __tablename__ = "removed_slot"
    __tenancy__ = Tenancy(office="category_id", nominee="nomination_id")

    id: Mapped[int] = mapped_column(primary_key=True)
    ref: Mapped[str] = mapped_column(unique=True)
    day_id: Mapped[int] = mapped_column(ForeignKey("interview_day.id"))
    no: Mapped[int]
    category_id: Mapped[int] = mapped_column(ForeignKey("category.id"), index=True)
    nomination_id: Mapped[int] = mapped_column(ForeignKey("nomination.id"), index=True)
    attempt: Mapped[int]
    planned_at: Mapped[datetime]
    minutes: Mapped[int]
    version: Mapped[int]  # above every version the slot had
    reason: Mapped[str]
    removed_at: Mapped[datetime]

    day: Mapped[InterviewDay] = relationship()
    category: Mapped[Category] = relationship()
    nomination: Mapped[Nomination] = relationship()


class CalendarFeed(Base):
    """The address of a person's own calendar. The row holds only the hash of what makes the address secret."""

    __tablename__ = "calendar_feed"

    id: Mapped[int] = mapped_column(primary_key=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"), unique=True)
    token_hash: Mapped[str] = mapped_column(unique=True)
    made_at: Mapped[datetime]


for _table in (PlanDrawn, RemovedSlot):
    attach(cast(Table, _table.__table__))
