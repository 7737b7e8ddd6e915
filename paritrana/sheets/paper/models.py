"""What two people typed from the paper of one assessor, where they differ, and the chair's word. It only grows."""

from datetime import datetime
from typing import Any, cast

from sqlalchemy import CheckConstraint, ForeignKey, Table, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from paritrana.accounts.models import Account
from paritrana.audit.triggers import attach
from paritrana.cycles.models import Category
from paritrana.database import Base
from paritrana.files.models import Blob
from paritrana.nominations.models import Nomination
from paritrana.scopes import Tenancy
from paritrana.sheets.models import Sheet


class PaperEntry(Base):
    """One of the two times that the paper of a sheet was typed, each by another person."""

    __tablename__ = "paper_entry"
    __tenancy__ = Tenancy(office="sheet_id")
    __table_args__ = (
        UniqueConstraint("sheet_id", "no"),
        UniqueConstraint("sheet_id", "person_id"),
        CheckConstraint("no IN (1, 2)", name="no_known"),
        CheckConstraint("(blob_id IS NULL) = (scan_name = '')", name="scan_named"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    sheet_id: Mapped[int] = mapped_column(ForeignKey("sheet.id"))
    no: Mapped[int]
    leaves: Mapped[list[Any]]  # [{indicator, value} or {indicator, abstain_note}] in rubric order; an empty one is out
    signed: Mapped[bool]  # whether the assessor's signature stands on the paper
    blob_id: Mapped[int | None] = mapped_column(ForeignKey("blob.id"))  # the scan
    scan_name: Mapped[str] = mapped_column(default="")
    entered_by: Mapped[int] = mapped_column(ForeignKey("account.id"))
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    entered_at: Mapped[datetime]

    sheet: Mapped[Sheet] = relationship()
    enterer: Mapped[Account] = relationship()
    blob: Mapped[Blob | None] = relationship()


class PaperLeaf(Base):
    """An indicator about which the two entries differ, or both differ from a mark that the assessor has typed."""

    __tablename__ = "paper_leaf"
    __tenancy__ = Tenancy(office="sheet_id")
    __table_args__ = (
        UniqueConstraint("sheet_id", "indicator"),
        CheckConstraint("cause IN ('entries', 'device')", name="cause_known"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    ref: Mapped[str] = mapped_column(unique=True)
    sheet_id: Mapped[int] = mapped_column(ForeignKey("sheet.id"))
    indicator: Mapped[str]
    cause: Mapped[str]
    at: Mapped[datetime]

    sheet: Mapped[Sheet] = relationship()
    decision: Mapped["PaperDecision | None"] = relationship(back_populates="leaf")

    @property
    def category(self) -> Category:
        """The category of its sheet."""
        return self.sheet.category

    @property
    def nomination(self) -> Nomination:
        """The candidate of its sheet."""
        return self.sheet.nomination


class PaperDecision(Base):
    """Which reading of a leaf counts, as the chair decided with a reason: an entry, or the mark as it stands."""

    __tablename__ = "paper_decision"
    __tenancy__ = Tenancy(office="leaf_id")
    __table_args__ = (
        UniqueConstraint("leaf_id"),
        CheckConstraint("chosen IN ('first', 'second', 'kept')", name="chosen_known"),
        CheckConstraint("reason <> ''", name="reasoned"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    leaf_id: Mapped[int] = mapped_column(ForeignKey("paper_leaf.id"))
    chosen: Mapped[str]
    reason: Mapped[str]
    decided_by: Mapped[int] = mapped_column(ForeignKey("account.id"))
    decided_at: Mapped[datetime]

    leaf: Mapped[PaperLeaf] = relationship(back_populates="decision")
    decider: Mapped[Account] = relationship()


for _grown in (PaperEntry, PaperLeaf, PaperDecision):
    attach(cast(Table, _grown.__table__))
