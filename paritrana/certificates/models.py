"""Certificates and the register they stand in."""

from datetime import datetime
from typing import cast

from sqlalchemy import CheckConstraint, ForeignKey, Table, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from paritrana.audit.triggers import run_after_create
from paritrana.cycles import rehearsals
from paritrana.cycles.models import Category, Cycle
from paritrana.database import Base
from paritrana.results.models import Award


class Certificate(Base):
    """A certificate as printed. Its facts are copied in, so that the paper and the page can be compared for ever."""

    __tablename__ = "certificate"
    __table_args__ = (
        UniqueConstraint("cycle_id", "register_no"),
        UniqueConstraint("award_id", "version_no"),
        CheckConstraint("status IN ('valid', 'replaced', 'revoked')", name="status_known"),
        CheckConstraint("register_no >= 1", name="register_no_positive"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(unique=True)  # 16 Crockford characters without dashes, the last one a check
    cycle_id: Mapped[int] = mapped_column(ForeignKey("cycle.id"))
    category_id: Mapped[int] = mapped_column(ForeignKey("category.id"))
    register_no: Mapped[int]  # gapless in the cycle; never in an address
    award_id: Mapped[int] = mapped_column(ForeignKey("award.id"))
    version_no: Mapped[int] = mapped_column(default=1)
    recipient: Mapped[str]
    title_id: Mapped[str]
    title_en: Mapped[str]
    rank: Mapped[int]
    status: Mapped[str] = mapped_column(default="valid")
    status_reason: Mapped[str] = mapped_column(default="")
    status_at: Mapped[datetime | None]
    ranking_digest: Mapped[str]  # of the sealed bundle
    issued_at: Mapped[datetime]
    issued_by: Mapped[int] = mapped_column(ForeignKey("account.id"))
    version: Mapped[int] = mapped_column(default=1)

    cycle: Mapped[Cycle] = relationship()
    category: Mapped[Category] = relationship()
    award: Mapped[Award] = relationship()


run_after_create(cast(Table, Certificate.__table__), rehearsals.without_rehearsals("certificate"))


class Register(Base):
    """The next free register number of a cycle; its row is locked while certificates are issued."""

    __tablename__ = "register"
    __table_args__ = (CheckConstraint("next_no >= 1", name="next_no_positive"),)

    cycle_id: Mapped[int] = mapped_column(ForeignKey("cycle.id"), primary_key=True)
    next_no: Mapped[int]
