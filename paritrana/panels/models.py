"""Who sits in the panel of a category, what they declared, and from which candidates they stepped back."""

from datetime import datetime
from typing import cast

from sqlalchemy import CheckConstraint, ColumnElement, ForeignKey, Index, Table, UniqueConstraint, exists, not_, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from paritrana.accounts.models import Account
from paritrana.audit.triggers import attach
from paritrana.cycles.models import Category
from paritrana.database import Base
from paritrana.nominations.models import Nomination
from paritrana.scopes import Tenancy

# The places whose holders mark: only these make an assessor, owe sheets and stand in a bundle.
JUDGING = ("chair", "deputy", "member")


class Seat(Base):
    """One place in the panel of a category. Chair and deputy sit and mark like the other members.

    A secretary and substitutes have a place, but do not mark: see `JUDGING`.
    """

    __tablename__ = "seat"
    __tenancy__ = Tenancy(office="category_id", person="account_id", published=True)
    __table_args__ = (
        UniqueConstraint("category_id", "account_id"),
        UniqueConstraint("category_id", "code"),
        CheckConstraint("role IN ('chair', 'deputy', 'member', 'secretary', 'substitute')", name="role_known"),
        Index(
            "uq_seat_one_head", "category_id", "role", unique=True,
            sqlite_where=text("role NOT IN ('member', 'substitute') AND ended_at IS NULL"),
            postgresql_where=text("role NOT IN ('member', 'substitute') AND ended_at IS NULL"),
        ),
    )  # fmt: skip

    id: Mapped[int] = mapped_column(primary_key=True)
    category_id: Mapped[int] = mapped_column(ForeignKey("category.id"))
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"), index=True)
    role: Mapped[str]
    constituency: Mapped[str] = mapped_column(default="")  # the body the person was seated for
    code: Mapped[str]  # J1, J2, …: drawn at random per category; in the open bundle for places that mark
    decree_number: Mapped[str]
    seated_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    ended_reason: Mapped[str | None]
    version: Mapped[int] = mapped_column(default=1)

    category: Mapped[Category] = relationship()
    account: Mapped[Account] = relationship()


class Declaration(Base):
    """What an officer declared about one candidate before opening its sheet or nomination."""

    __tablename__ = "declaration"
    __tenancy__ = Tenancy(office="nomination_id", person="account_id")
    __table_args__ = (UniqueConstraint("account_id", "nomination_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"))
    nomination_id: Mapped[int] = mapped_column(ForeignKey("nomination.id"), index=True)
    conflict: Mapped[bool]
    at: Mapped[datetime]


class Recusal(Base):
    """An officer is out for one candidate: structurally, by own declaration, or found late. It only grows.

    A recusal that was waived stands no more; what comes up afterwards is another one, with the next number.
    """

    __tablename__ = "recusal"
    __tenancy__ = Tenancy(office="category_id", person="account_id", published=True)
    __table_args__ = (
        UniqueConstraint("account_id", "nomination_id", "no"),
        CheckConstraint("no >= 1", name="no_positive"),
        CheckConstraint("kind IN ('region', 'employer', 'nominee', 'supplier', 'declared')", name="kind_known"),
        CheckConstraint("basis IN ('', 'kin', 'business', 'statement', 'other')", name="basis_known"),
        CheckConstraint("kind = 'declared' OR basis = ''", name="basis_of_declared"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"))
    nomination_id: Mapped[int] = mapped_column(ForeignKey("nomination.id"), index=True)
    category_id: Mapped[int] = mapped_column(ForeignKey("category.id"), index=True)
    no: Mapped[int] = mapped_column(default=1)
    kind: Mapped[str]
    basis: Mapped[str] = mapped_column(default="")  # of a declared conflict: what kind of tie it is
    reason: Mapped[str] = mapped_column(default="")
    at: Mapped[datetime]
    recorded_by: Mapped[int | None] = mapped_column(ForeignKey("account.id"))  # the chair, who found it; else nobody

    nomination: Mapped[Nomination] = relationship()
    account: Mapped[Account] = relationship(foreign_keys=[account_id])
    recorder: Mapped[Account | None] = relationship(foreign_keys=[recorded_by])
    waiver: Mapped["Waiver | None"] = relationship(back_populates="recusal")


class Waiver(Base):
    """Chair and organiser let an officer judge in spite of a declared conflict; the reason is public. It only grows."""

    __tablename__ = "waiver"
    __tenancy__ = Tenancy(office="recusal_id", published=True)
    __table_args__ = (CheckConstraint("reason <> ''", name="reasoned"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    recusal_id: Mapped[int] = mapped_column(ForeignKey("recusal.id"), unique=True)
    reason: Mapped[str]
    proposal_ref: Mapped[str] = mapped_column(unique=True)
    at: Mapped[datetime]

    recusal: Mapped[Recusal] = relationship(back_populates="waiver")


def not_waived() -> ColumnElement[bool]:
    """For statements about recusals: the recusal stands."""
    return not_(exists().where(Waiver.recusal_id == Recusal.id).correlate_except(Waiver))


attach(cast(Table, Recusal.__table__))

attach(cast(Table, Waiver.__table__))

attach(cast(Table, Declaration.__table__))
