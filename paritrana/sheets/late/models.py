"""What was submitted, version by version, and what came after the lock. These tables only grow."""

from datetime import datetime
from decimal import Decimal
from typing import Any, cast

from sqlalchemy import CheckConstraint, ForeignKey, Table, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from paritrana.accounts.models import Account
from paritrana.audit.triggers import attach
from paritrana.cycles.models import Category
from paritrana.database import Base
from paritrana.nominations.models import Nomination
from paritrana.scopes import Tenancy
from paritrana.sheets.models import Sheet


class SheetSubmission(Base):
    """One version of a sheet as it counted: submitted by its assessor, or with a late mark that the chair admitted."""

    __tablename__ = "sheet_submission"
    __tenancy__ = Tenancy(office="sheet_id")
    __table_args__ = (
        UniqueConstraint("sheet_id", "version"),
        CheckConstraint("version >= 1", name="version_positive"),
        CheckConstraint("kind IN ('submitted', 'admitted')", name="kind_known"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    sheet_id: Mapped[int] = mapped_column(ForeignKey("sheet.id"))
    version: Mapped[int]
    kind: Mapped[str]
    source: Mapped[str | None]  # `paper` where the assessor signed on paper
    receipt_no: Mapped[str] = mapped_column(unique=True)
    digest: Mapped[str]
    content: Mapped[dict[str, Any]]  # what the digest covers
    submitted_at: Mapped[datetime]
    submitted_by: Mapped[int] = mapped_column(ForeignKey("account.id"))

    sheet: Mapped[Sheet] = relationship()


class LateMark(Base):
    """A mark that reached the server after the lock: kept whatever the device's clock says, and uncounted."""

    __tablename__ = "late_mark"
    __tenancy__ = Tenancy(office="sheet_id")
    __table_args__ = (
        CheckConstraint("value IS NULL OR reason IS NULL", name="value_or_reason"),
        CheckConstraint("reason IS NULL OR reason = 'abstained'", name="reason_known"),
        CheckConstraint("reason IS NULL OR abstain_note <> ''", name="abstention_reasoned"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    ref: Mapped[str] = mapped_column(unique=True)
    sheet_id: Mapped[int] = mapped_column(ForeignKey("sheet.id"), index=True)
    indicator: Mapped[str]
    value: Mapped[Decimal | None]
    reason: Mapped[str | None]
    abstain_note: Mapped[str]
    panel_note: Mapped[str]
    feedback: Mapped[str]
    device_at: Mapped[str]  # what the device's clock said, as it said it: shown, never decided on
    received_at: Mapped[datetime]
    received_by: Mapped[int] = mapped_column(ForeignKey("account.id"))

    sheet: Mapped[Sheet] = relationship()
    receiver: Mapped[Account] = relationship()
    decision: Mapped["LateDecision | None"] = relationship(back_populates="late")

    @property
    def category(self) -> Category:
        """The category of its sheet."""
        return self.sheet.category

    @property
    def nomination(self) -> Nomination:
        """The candidate of its sheet."""
        return self.sheet.nomination


class LateDecision(Base):
    """What the chair decided of a late mark, and why: it counts as the next version of the mark, or stays uncounted."""

    __tablename__ = "late_decision"
    __tenancy__ = Tenancy(office="late_id")
    __table_args__ = (UniqueConstraint("late_id"), CheckConstraint("reason <> ''", name="reasoned"))

    id: Mapped[int] = mapped_column(primary_key=True)
    late_id: Mapped[int] = mapped_column(ForeignKey("late_mark.id"))
    admitted: Mapped[bool]
    reason: Mapped[str]
    decided_by: Mapped[int] = mapped_column(ForeignKey("account.id"))
    decided_at: Mapped[datetime]

    late: Mapped[LateMark] = relationship(back_populates="decision")
    decider: Mapped[Account] = relationship()


for _grown in (SheetSubmission, LateMark, LateDecision):
    attach(cast(Table, _grown.__table__))
