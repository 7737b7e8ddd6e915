"""Copies of queues that devices signed, what became of each of their marks, and versions that were set aside.

These tables only grow.
"""

from datetime import datetime
from decimal import Decimal
from typing import cast

from sqlalchemy import CheckConstraint, ForeignKey, Table, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from paritrana.accounts.models import Account, Device
from paritrana.audit.triggers import attach
from paritrana.cycles.models import Cycle
from paritrana.database import Base
from paritrana.scopes import Tenancy
from paritrana.sheets.models import Sheet


class QueueCopy(Base):
    """A file in which a device handed over what waited on it, byte by byte, with its digest."""

    __tablename__ = "queue_copy"
    __tenancy__ = Tenancy(office="cycle_id")
    __table_args__ = (UniqueConstraint("cycle_id", "digest"), CheckConstraint("size >= 1", name="size_positive"))

    id: Mapped[int] = mapped_column(primary_key=True)
    ref: Mapped[str] = mapped_column(unique=True)
    cycle_id: Mapped[int] = mapped_column(ForeignKey("cycle.id"))
    device_id: Mapped[int] = mapped_column(ForeignKey("device.id"))
    digest: Mapped[str]  # SHA-256 of `content`
    size: Mapped[int]  # bytes
    content: Mapped[bytes]
    made_at: Mapped[str]  # what the device's clock said: shown, never decided on
    received_at: Mapped[datetime]
    received_by: Mapped[int] = mapped_column(ForeignKey("account.id"))

    cycle: Mapped[Cycle] = relationship()
    device: Mapped[Device] = relationship()
    receiver: Mapped[Account] = relationship()


class QueueCopyEntry(Base):
    """What became of one mark of a copy. A refused one may be tried again: its last row holds."""

    __tablename__ = "queue_copy_entry"
    __tenancy__ = Tenancy(office="copy_id")
    __table_args__ = (
        CheckConstraint("outcome IN ('taken', 'same', 'held', 'late', 'refused')", name="outcome_known"),
        CheckConstraint("(outcome = 'refused') = (why <> '')", name="refusal_reasoned"),
        CheckConstraint("base >= 0", name="base_counted"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    ref: Mapped[str] = mapped_column(unique=True)
    copy_id: Mapped[int] = mapped_column(ForeignKey("queue_copy.id"), index=True)
    sheet_id: Mapped[int] = mapped_column(ForeignKey("sheet.id"), index=True)
    indicator: Mapped[str]
    base: Mapped[int]  # the version of the mark that the device had seen
    device_at: Mapped[str]
    typed: Mapped[str]  # the mark as it was typed
    value: Mapped[Decimal | None]  # the same as a number, where it is one
    abstain_note: Mapped[str]
    panel_note: Mapped[str]
    feedback: Mapped[str]
    outcome: Mapped[str]
    why: Mapped[str] = mapped_column(default="")  # the code of a refusal
    settled_at: Mapped[datetime]
    settled_by: Mapped[int] = mapped_column(ForeignKey("account.id"))

    copy: Mapped[QueueCopy] = relationship()
    sheet: Mapped[Sheet] = relationship()


class MarkSetAside(Base):
    """One of two versions of a mark that its assessor weighed: what was said elsewhere, and which one was chosen.

    The other version is the revision `against` of the mark, so that both stay on record.
    """

    __tablename__ = "mark_set_aside"
    __tenancy__ = Tenancy(office="sheet_id")
    __table_args__ = (
        UniqueConstraint("entry_id"),
        CheckConstraint("chosen IN ('mine', 'theirs')", name="chosen_known"),
        CheckConstraint("base >= 0 AND against >= 0", name="versions_counted"),
        CheckConstraint("value IS NULL OR reason IS NULL", name="value_or_reason"),
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
    base: Mapped[int]
    against: Mapped[int]  # the version of the server that was shown beside it
    chosen: Mapped[str]  # mine: what the device or the file says; theirs: what the server had
    device_at: Mapped[str]
    received_at: Mapped[datetime]
    received_by: Mapped[int] = mapped_column(ForeignKey("account.id"))
    entry_id: Mapped[int | None] = mapped_column(ForeignKey("queue_copy_entry.id"))

    sheet: Mapped[Sheet] = relationship()


for _grown in (QueueCopy, QueueCopyEntry, MarkSetAside):
    attach(cast(Table, _grown.__table__))
