"""Interview days, their slots, and who presented."""

from datetime import date, datetime

from sqlalchemy import CheckConstraint, ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from paritrana.cycles.models import Category, Cycle
from paritrana.database import Base
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
    """Who presented, as seen by the secretariat. The rank sets the cap by the ladder of the rubric."""

    __tablename__ = "attendance"
    __table_args__ = (
        UniqueConstraint("session_id"),
        CheckConstraint("mode IN ('in_person', 'online')", name="mode_known"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    session_id: Mapped[int] = mapped_column(ForeignKey("interview_session.id"))
    presenter_rank: Mapped[str]  # code of the ladder in the rubric
    position: Mapped[str]  # the office as said, without a private name
    acting: Mapped[bool] = mapped_column(default=False)
    mode: Mapped[str]
    arrived_at: Mapped[datetime]
    identity_seen: Mapped[bool]
    mandate_letter: Mapped[bool]
    note: Mapped[str] = mapped_column(default="")
    recorded_by: Mapped[int] = mapped_column(ForeignKey("account.id"))
    recorded_by_name: Mapped[str]
    recorded_at: Mapped[datetime]
    version: Mapped[int] = mapped_column(default=1)

    session: Mapped[InterviewSession] = relationship(back_populates="attendance")
