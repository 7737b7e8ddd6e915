"""The plenary of a category: its sessions, who was there, and what was decided. Attendance and decisions only grow."""

from datetime import datetime
from typing import Any, Final, cast

from sqlalchemy import CheckConstraint, ForeignKey, Index, Table, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from paritrana.audit.triggers import attach
from paritrana.cycles.models import Category
from paritrana.database import Base
from paritrana.panels.models import Seat
from paritrana.results.models import ResultRun
from paritrana.scopes import Tenancy

ORDER, TITLE, OTHER_WINNER, WITHHOLD, WITHDRAWAL = "order", "title", "other_winner", "withhold", "withdrawal"
KINDS: Final = (ORDER, TITLE, OTHER_WINNER, WITHHOLD, WITHDRAWAL)


class Plenary(Base):
    """One session of the panel about a category. Closed with the number of its signed minutes, it never changes."""

    __tablename__ = "plenary"
    __tenancy__ = Tenancy(office="category_id")
    __table_args__ = (
        UniqueConstraint("category_id", "no"),
        CheckConstraint("no >= 1", name="no_positive"),
        CheckConstraint(
            "(closed_at IS NULL) = (closed_by IS NULL) AND (closed_at IS NULL) = (minutes_number IS NULL)",
            name="closed_with_minutes",
        ),
        Index(
            "uq_plenary_one_open", "category_id", unique=True,
            sqlite_where=text("closed_at IS NULL"), postgresql_where=text("closed_at IS NULL"),
        ),
    )  # fmt: skip

    id: Mapped[int] = mapped_column(primary_key=True)
    ref: Mapped[str] = mapped_column(unique=True)
    category_id: Mapped[int] = mapped_column(ForeignKey("category.id"))
    no: Mapped[int]  # counts inside the category; a later session refers to the one before it
    opened_at: Mapped[datetime]
    opened_by: Mapped[int] = mapped_column(ForeignKey("account.id"))
    opened_by_name: Mapped[str]
    closed_at: Mapped[datetime | None]
    closed_by: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    minutes_number: Mapped[str | None]  # under which the signed minutes are filed

    category: Mapped[Category] = relationship()


class PlenaryAttendance(Base):
    """Whether the holder of a seat is there from a moment on; the last row of a seat holds."""

    __tablename__ = "plenary_attendance"
    __tenancy__ = Tenancy(office="plenary_id")
    __table_args__ = (
        UniqueConstraint("plenary_id", "seat_id", "no"),
        CheckConstraint("no >= 1", name="no_positive"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    plenary_id: Mapped[int] = mapped_column(ForeignKey("plenary.id"))
    seat_id: Mapped[int] = mapped_column(ForeignKey("seat.id"))
    no: Mapped[int]  # counts inside session and seat
    present: Mapped[bool]
    at: Mapped[datetime]

    plenary: Mapped[Plenary] = relationship()
    seat: Mapped[Seat] = relationship()


class Decision(Base):
    """What two people recorded as decided by the plenary. The computed ranking stays; titles are given beside it.

    A decision is taken back by a further one, of kind `withdrawal`, which stands for good.
    """

    __tablename__ = "decision"
    __tenancy__ = Tenancy(office="category_id")
    __table_args__ = (
        UniqueConstraint("category_id", "no"),
        CheckConstraint("kind IN ('order', 'title', 'other_winner', 'withhold', 'withdrawal')", name="kind_known"),
        CheckConstraint("no >= 1", name="no_positive"),
        CheckConstraint("reason <> ''", name="reasoned"),
        CheckConstraint("proposed_by <> confirmed_by", name="two_people"),
        CheckConstraint("present >= quorum AND votes_for > votes_against", name="carried"),
        CheckConstraint(
            "votes_against >= 0 AND votes_abstained >= 0 AND votes_for + votes_against + votes_abstained = present",
            name="votes_of_those_present",
        ),
        CheckConstraint("(kind = 'withdrawal') = (withdraws_id IS NOT NULL)", name="withdrawal_of_one"),
        CheckConstraint("(kind IN ('other_winner', 'withhold')) = (place IS NOT NULL)", name="place_of_a_title"),
        CheckConstraint("(kind IN ('title', 'other_winner', 'withhold')) = (title_id <> '')", name="title_in_words"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    ref: Mapped[str] = mapped_column(unique=True)
    category_id: Mapped[int] = mapped_column(ForeignKey("category.id"))
    plenary_id: Mapped[int] = mapped_column(ForeignKey("plenary.id"))
    run_id: Mapped[int] = mapped_column(ForeignKey("result_run.id"))  # the run that lay on the table
    no: Mapped[int]  # counts inside the category
    kind: Mapped[str]
    withdraws_id: Mapped[int | None] = mapped_column(ForeignKey("decision.id"), unique=True)
    place: Mapped[int | None]  # the rank whose title it is about
    candidates: Mapped[list[Any]]  # codes; of an order the best first
    title_id: Mapped[str] = mapped_column(default="")
    title_en: Mapped[str] = mapped_column(default="")
    reason: Mapped[str]
    votes_for: Mapped[int]
    votes_against: Mapped[int]
    votes_abstained: Mapped[int]
    present: Mapped[int]  # how many were there who may decide
    quorum: Mapped[int]
    basis: Mapped[str]  # SHA-256 over marks, findings and seats as they were: tells whether these have moved since
    proposal_ref: Mapped[str] = mapped_column(unique=True)
    proposed_by: Mapped[int] = mapped_column(ForeignKey("account.id"))
    proposed_by_name: Mapped[str]
    confirmed_by: Mapped[int] = mapped_column(ForeignKey("account.id"))
    confirmed_by_name: Mapped[str]
    decided_at: Mapped[datetime]

    category: Mapped[Category] = relationship()
    plenary: Mapped[Plenary] = relationship()
    run: Mapped[ResultRun] = relationship()
    withdraws: Mapped["Decision | None"] = relationship(remote_side=[id])


attach(cast(Table, PlenaryAttendance.__table__))

attach(cast(Table, Decision.__table__))
