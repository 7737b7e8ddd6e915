"""Corrections of a published result. A correction is never changed; a further one follows it."""

from datetime import datetime
from typing import cast

from sqlalchemy import CheckConstraint, ForeignKey, Table, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from paritrana.audit.triggers import attach
from paritrana.cycles.models import Category
from paritrana.database import Base
from paritrana.results.models import ResultRun
from paritrana.scopes import Tenancy


class Correction(Base):
    """The run that two people put in the place of the one before, and why."""

    __tablename__ = "correction"
    __tenancy__ = Tenancy(office="category_id", published=True)
    __table_args__ = (
        UniqueConstraint("category_id", "no"),
        CheckConstraint("no >= 1", name="no_positive"),
        CheckConstraint("reason <> ''", name="reasoned"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    category_id: Mapped[int] = mapped_column(ForeignKey("category.id"))
    no: Mapped[int]  # counts inside the category; the last one is in force
    run_id: Mapped[int] = mapped_column(ForeignKey("result_run.id"), unique=True)
    digest: Mapped[str]
    reason: Mapped[str]
    corrected_at: Mapped[datetime]
    proposed_by: Mapped[int] = mapped_column(ForeignKey("account.id"))
    confirmed_by: Mapped[int] = mapped_column(ForeignKey("account.id"))

    category: Mapped[Category] = relationship()
    run: Mapped[ResultRun] = relationship()


attach(cast(Table, Correction.__table__))
