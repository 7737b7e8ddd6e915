"""The tables of personal data: the rules of keeping, what was destroyed under them, and whose data was erased."""

from datetime import datetime
from typing import Any, cast

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Table, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from paritrana.audit.triggers import attach
from paritrana.database import Base


class RetentionRule(Base):
    """One version of how long one kind of data is kept and on what legal basis. Version 0 is delivered in the code."""

    __tablename__ = "retention_rule"
    __table_args__ = (
        UniqueConstraint("kind", "version"),
        CheckConstraint("version >= 1", name="version_positive"),
        CheckConstraint("days >= 1", name="days_positive"),
        CheckConstraint("basis <> ''", name="has_basis"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str]
    version: Mapped[int]
    days: Mapped[int]
    basis: Mapped[str]  # the legal basis, as two people wrote and confirmed it
    set_at: Mapped[datetime]
    request_ref: Mapped[str] = mapped_column(ForeignKey("staff_request.ref"), unique=True)


class Destruction(Base):
    """What was destroyed of one kind, in whose name and under which rule. The table only grows.

    `items` names every thing by its reference and, of files, its SHA-256 and size; no name and no content.
    """

    __tablename__ = "destruction"
    __table_args__ = (
        UniqueConstraint("request_ref", "kind"),
        CheckConstraint("count >= 1", name="count_positive"),
        CheckConstraint("bytes >= 0", name="bytes_not_negative"),
        CheckConstraint("length(digest) = 64", name="digest_length"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    ref: Mapped[str] = mapped_column(unique=True)
    request_ref: Mapped[str] = mapped_column(ForeignKey("staff_request.ref"))
    kind: Mapped[str]
    rule_version: Mapped[int]
    days: Mapped[int]
    basis: Mapped[str]
    destroyed_at: Mapped[datetime]
    count: Mapped[int]
    bytes: Mapped[int] = mapped_column(BigInteger)
    items: Mapped[list[Any]]
    digest: Mapped[str]  # SHA-256 of the canonical list


class Erasure(Base):
    """The erasure of one person's data on request: what went, and what stays and why. The table only grows."""

    __tablename__ = "erasure"
    __table_args__ = (CheckConstraint("reason <> ''", name="has_reason"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    ref: Mapped[str] = mapped_column(unique=True)
    request_ref: Mapped[str] = mapped_column(ForeignKey("staff_request.ref"), unique=True)
    account_ref: Mapped[str]
    reason: Mapped[str]
    erased_at: Mapped[datetime]
    erased: Mapped[dict[str, Any]]  # table and column -> how many values
    kept: Mapped[dict[str, Any]]  # table and column -> how many values stay, in records that the law keeps


attach(cast(Table, Destruction.__table__))
attach(cast(Table, Erasure.__table__))
