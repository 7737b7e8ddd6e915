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
    display_code: Mapped[str | None]  # opens the screen of the hall on this day; a new one takes its place

    cycle: Mapped[Cycle] = relationship()


class InterviewSession(Base):
    """The slot of one candidate: planned, opened for marking, closed."""

    __tablename__ = "interview_session"
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
    category_id: Mapped[int] = mapped_column(ForeignKey("category.id"))
    nomination_id: Mapped[int] = mapped_column(ForeignKey("nomination.id"))
    attempt: Mapped[int] = mapped_column(default=1)
    planned_at: Mapped[datetime]
    minutes: Mapped[int]
    mode: Mapped[str] = mapped_column(default="in_person")
    room: Mapped[str] = mapped_column(default="")  # a room, or a link for those admitted
    state: Mapped[str] = mapped_column(default="planned")
    opened_at: Mapped[datetime | None]
    closed_at: Mapped[datetime | None]
    version: Mapped[int] = mapped_column(default=1)

    day: Mapped[InterviewDay] = relationship()
    category: Mapped[Category] = relationship()
    nomination: Mapped[Nomination] = relationship()
    attendance: Mapped["Attendance | None"] = relationship(back_populates="session")


class Attendance(Base):
    """Who presented, as seen by the secretariat. The rank sets the cap by the ladder of the rubric.

    Nobody came where `no_show` is set, as two people confirmed: then every indicator of the interview counts 0.
    """

    __tablename__ = "attendance"
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
