"""Result runs, the seal, and the titles that follow from ranks."""

from datetime import datetime
from typing import cast

from sqlalchemy import CheckConstraint, ForeignKey, Table, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from paritrana.audit.triggers import attach, run_after_create
from paritrana.cycles import rehearsals
from paritrana.cycles.models import Category
from paritrana.database import Base
from paritrana.nominations.models import Nomination
from paritrana.scopes import Tenancy


class ResultRun(Base):
    """One computation of a category's ranking. The stored bundle is whole; nothing of it is ever edited."""

    __tablename__ = "result_run"
    __tenancy__ = Tenancy(office="category_id", published=True)
    __table_args__ = (UniqueConstraint("category_id", "no"), CheckConstraint("no >= 1", name="no_positive"))

    id: Mapped[int] = mapped_column(primary_key=True)
    ref: Mapped[str] = mapped_column(unique=True)
    category_id: Mapped[int] = mapped_column(ForeignKey("category.id"))
    no: Mapped[int]
    method: Mapped[str]
    bundle: Mapped[bytes]  # the open bundle `paritrana-ranking/1`, byte for byte
    digest: Mapped[str]  # SHA-256 of `bundle`
    inputs_digest: Mapped[str]  # over sheets, findings, caps and gates: tells whether a newer input exists
    rubric_digest: Mapped[str]
    sheets_in: Mapped[int]
    sheets_due: Mapped[int]
    built_at: Mapped[datetime]
    built_by: Mapped[int] = mapped_column(ForeignKey("account.id"))
    built_by_name: Mapped[str]

    category: Mapped[Category] = relationship()


class Seal(Base):
    """The run that two people declared final for a category."""

    __tablename__ = "seal"
    __tenancy__ = Tenancy(office="category_id", published=True)
    __table_args__ = (UniqueConstraint("category_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    category_id: Mapped[int] = mapped_column(ForeignKey("category.id"))
    run_id: Mapped[int] = mapped_column(ForeignKey("result_run.id"))
    digest: Mapped[str]
    sealed_at: Mapped[datetime]
    sealed_by: Mapped[int] = mapped_column(ForeignKey("account.id"))
    second_by: Mapped[int] = mapped_column(ForeignKey("account.id"))

    run: Mapped[ResultRun] = relationship()
    category: Mapped[Category] = relationship()


class Award(Base):
    """A title that a candidate holds after the seal, by its rank and the category's data."""

    __tablename__ = "award"
    __tenancy__ = Tenancy(office="category_id", nominee="nomination_id", published=True)
    __table_args__ = (UniqueConstraint("category_id", "nomination_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    category_id: Mapped[int] = mapped_column(ForeignKey("category.id"))
    nomination_id: Mapped[int] = mapped_column(ForeignKey("nomination.id"), index=True)
    rank: Mapped[int]
    tied: Mapped[bool]
    title_id: Mapped[str]
    title_en: Mapped[str]
    ended_at: Mapped[datetime | None]  # when a correction left the candidate without a title

    nomination: Mapped[Nomination] = relationship()
    category: Mapped[Category] = relationship()


attach(cast(Table, ResultRun.__table__))

attach(cast(Table, Seal.__table__))

run_after_create(cast(Table, Seal.__table__), rehearsals.without_rehearsals("seal"))
run_after_create(cast(Table, Award.__table__), rehearsals.without_rehearsals("award"))
