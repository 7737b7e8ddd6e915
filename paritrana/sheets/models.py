"""Score sheets: one per assessor, candidate and attempt, with marks that keep every earlier value."""

from datetime import datetime
from decimal import Decimal
from typing import Any, cast

from sqlalchemy import CheckConstraint, ForeignKey, Table, UniqueConstraint, exists
from sqlalchemy.orm import Mapped, column_property, mapped_column, relationship

from paritrana.accounts.models import Account
from paritrana.audit.triggers import attach
from paritrana.cycles.models import Category
from paritrana.database import Base
from paritrana.nominations.models import Nomination
from paritrana.panels.models import JUDGING, Recusal, Seat, not_waived
from paritrana.scopes import Tenancy


class Sheet(Base):
    """What one assessor says about one candidate. Locked by submission, the end of scoring or of the seat."""

    __tablename__ = "sheet"
    __tenancy__ = Tenancy(office="category_id", person="assessor_id", published=True)
    __table_args__ = (
        UniqueConstraint("assessor_id", "nomination_id", "attempt"),
        CheckConstraint("attempt >= 1", name="attempt_positive"),
        CheckConstraint("(submitted_at IS NULL) = (digest IS NULL)", name="submitted_has_digest"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    ref: Mapped[str] = mapped_column(unique=True)
    category_id: Mapped[int] = mapped_column(ForeignKey("category.id"), index=True)
    nomination_id: Mapped[int] = mapped_column(ForeignKey("nomination.id"), index=True)
    assessor_id: Mapped[int] = mapped_column(ForeignKey("account.id"))
    attempt: Mapped[int] = mapped_column(default=1)
    revision_no: Mapped[int]  # the revision of the nomination that it judges
    opened_at: Mapped[datetime]
    submitted_at: Mapped[datetime | None]
    receipt_no: Mapped[str | None] = mapped_column(unique=True)
    digest: Mapped[str | None]
    withdrawn_at: Mapped[datetime | None]  # when its assessor stepped back on the sheet itself
    # A recusal that was recorded on another page takes the sheet out just as well; both are asked by `withdrawn`.
    recused: Mapped[bool] = column_property(
        exists()
        .where(Recusal.account_id == assessor_id, Recusal.nomination_id == nomination_id, not_waived())
        .correlate_except(Recusal)
    )
    # A seat ends on another page; the sheet that was open then is closed with it.
    unseated: Mapped[bool] = column_property(
        ~exists()
        .where(
            Seat.account_id == assessor_id,
            Seat.category_id == category_id,
            Seat.ended_at.is_(None),
            Seat.role.in_(JUDGING),
        )
        .correlate_except(Seat)
    )
    version: Mapped[int] = mapped_column(default=1)

    category: Mapped[Category] = relationship()
    nomination: Mapped[Nomination] = relationship()
    assessor: Mapped[Account] = relationship()
    marks: Mapped[list["Mark"]] = relationship(back_populates="sheet", order_by="Mark.id")

    @property
    def withdrawn(self) -> bool:
        """Whether its assessor has stepped back from the candidate: kept on record, out of the result."""
        return self.withdrawn_at is not None or self.recused


class Mark(Base):
    """What one sheet says about one indicator now. Every earlier value stands in `MarkRevision`, which only grows."""

    __tablename__ = "mark"
    __tenancy__ = Tenancy(office="sheet_id", published=True)
    __table_args__ = (
        UniqueConstraint("sheet_id", "indicator", "round"),
        CheckConstraint("value IS NULL OR reason IS NULL", name="value_or_reason"),
        CheckConstraint("reason IS NULL OR reason IN ('abstained', 'recused')", name="reason_known"),
        CheckConstraint("reason IS NULL OR reason <> 'abstained' OR abstain_note <> ''", name="abstention_reasoned"),
        CheckConstraint("round IN (1, 2)", name="round_known"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    sheet_id: Mapped[int] = mapped_column(ForeignKey("sheet.id"))
    indicator: Mapped[str]
    round: Mapped[int] = mapped_column(default=1)
    value: Mapped[Decimal | None]
    reason: Mapped[str | None]  # why there is no value; both empty means unmarked again
    abstain_note: Mapped[str] = mapped_column(default="")
    panel_note: Mapped[str] = mapped_column(default="")
    feedback: Mapped[str] = mapped_column(default="")
    source: Mapped[str | None]  # `paper` where two people copied it from there; none: typed by its assessor
    saved_at: Mapped[datetime]
    version: Mapped[int] = mapped_column(default=1)

    sheet: Mapped[Sheet] = relationship(back_populates="marks")


class MarkRevision(Base):
    """One saved state of a mark. The table only grows."""

    __tablename__ = "mark_revision"
    __tenancy__ = Tenancy(office="mark_id")
    __table_args__ = (UniqueConstraint("mark_id", "version"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    mark_id: Mapped[int] = mapped_column(ForeignKey("mark.id"))
    version: Mapped[int]
    value: Mapped[Decimal | None]
    reason: Mapped[str | None]
    abstain_note: Mapped[str]
    panel_note: Mapped[str]
    feedback: Mapped[str]
    source: Mapped[str | None]
    saved_by: Mapped[int] = mapped_column(ForeignKey("account.id"))
    saved_at: Mapped[datetime]


class MissingSheet(Base):
    """Why a sheet was not in when scoring was closed, as the chair stated."""

    __tablename__ = "missing_sheet"
    __tenancy__ = Tenancy(office="nomination_id")
    __table_args__ = (
        UniqueConstraint("nomination_id", "assessor_id", "attempt"),
        CheckConstraint("reason <> ''", name="reasoned"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    nomination_id: Mapped[int] = mapped_column(ForeignKey("nomination.id"))
    assessor_id: Mapped[int] = mapped_column(ForeignKey("account.id"))
    attempt: Mapped[int]
    reason: Mapped[str]
    stated_by: Mapped[int] = mapped_column(ForeignKey("account.id"))
    stated_at: Mapped[datetime]


class Calibration(Base):
    """An example that the panel scores before the day, to see how severe and how much of one mind it is.

    It is no nomination and has no sheets, so that no result, count or file can ever meet it.
    """

    __tablename__ = "calibration"
    __tenancy__ = Tenancy(office="category_id")
    __table_args__ = (
        CheckConstraint("title <> ''", name="named"),
        CheckConstraint("(closed_at IS NULL) = (closed_by IS NULL)", name="closed_by_somebody"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    ref: Mapped[str] = mapped_column(unique=True)
    category_id: Mapped[int] = mapped_column(ForeignKey("category.id"), index=True)
    title: Mapped[str]
    described: Mapped[str]
    opened_at: Mapped[datetime]
    opened_by: Mapped[int] = mapped_column(ForeignKey("account.id"))
    closed_at: Mapped[datetime | None]
    closed_by: Mapped[int | None] = mapped_column(ForeignKey("account.id"))

    category: Mapped[Category] = relationship()


class CalibrationMark(Base):
    """What one assessor says about one indicator of an example; the events keep every earlier value."""

    __tablename__ = "calibration_mark"
    __tenancy__ = Tenancy(office="calibration_id", person="account_id")
    __table_args__ = (UniqueConstraint("calibration_id", "account_id", "indicator"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    calibration_id: Mapped[int] = mapped_column(ForeignKey("calibration.id"))
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"), index=True)
    indicator: Mapped[str]
    value: Mapped[Decimal]
    saved_at: Mapped[datetime]


class Consolidation(Base):
    """A second scoring of the indicators of one candidate on which the panel lay far apart, after a discussion.

    The marks of it are `Mark` rows of round 2; those of round 1 stay. The rubric says which count.
    """

    __tablename__ = "consolidation"
    __tenancy__ = Tenancy(office="category_id")
    __table_args__ = (
        UniqueConstraint("nomination_id", "attempt"),
        CheckConstraint("attempt >= 1", name="attempt_positive"),
        CheckConstraint("opened_reason <> ''", name="opened_with_reason"),
        CheckConstraint("(closed_at IS NULL) = (closed_by IS NULL)", name="closed_by_somebody"),
        CheckConstraint("(closed_at IS NULL) = (closed_reason IS NULL)", name="closed_with_reason"),
        CheckConstraint("closed_reason IS NULL OR closed_reason <> ''", name="closing_reason_said"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    ref: Mapped[str] = mapped_column(unique=True)
    category_id: Mapped[int] = mapped_column(ForeignKey("category.id"), index=True)
    nomination_id: Mapped[int] = mapped_column(ForeignKey("nomination.id"))
    attempt: Mapped[int]
    indicators: Mapped[list[Any]]  # [{code, low, high}] as they stood when it was opened
    opened_at: Mapped[datetime]
    opened_by: Mapped[int] = mapped_column(ForeignKey("account.id"))
    opened_reason: Mapped[str]
    closed_at: Mapped[datetime | None]
    closed_by: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    closed_reason: Mapped[str | None]

    category: Mapped[Category] = relationship()
    nomination: Mapped[Nomination] = relationship()

    @property
    def codes(self) -> list[str]:
        """The indicators that are scored again, in rubric order."""
        return [one["code"] for one in self.indicators]


attach(cast(Table, MarkRevision.__table__))
