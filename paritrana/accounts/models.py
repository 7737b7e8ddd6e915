"""People, what they were granted, how they are signed in, and what they already sent once."""

from datetime import datetime
from typing import Any

from flask_security import RoleMixin, UserMixin
from sqlalchemy import CheckConstraint, Column, ForeignKey, Index, Integer, Table, UniqueConstraint, false
from sqlalchemy.orm import Mapped, mapped_column, relationship

from paritrana.database import Base


class Person(Base):
    """A human being. Two-person rules compare persons, not accounts."""

    __tablename__ = "person"

    id: Mapped[int] = mapped_column(primary_key=True)
    staff_number: Mapped[str | None] = mapped_column(unique=True)
    fictitious: Mapped[bool] = mapped_column(default=False)


# Flask-Security asks for a role table; it stays empty, because grants are scoped and live in `role_grant`.
account_role = Table(
    "account_role",
    Base.metadata,
    Column("account_id", Integer, ForeignKey("account.id"), primary_key=True),
    Column("role_id", Integer, ForeignKey("security_role.id"), primary_key=True),
)


class SecurityRole(Base, RoleMixin):
    """Required by Flask-Security and always empty."""

    __tablename__ = "security_role"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(unique=True)


class Account(Base, UserMixin):
    """A way for a person to sign in. `fs_uniquifier` changes when every session of the account must end."""

    __tablename__ = "account"

    id: Mapped[int] = mapped_column(primary_key=True)
    ref: Mapped[str] = mapped_column(unique=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"), index=True)
    email: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    position: Mapped[str] = mapped_column(default="")
    office_region_code: Mapped[str | None] = mapped_column(ForeignKey("region.code"))  # for structural conflicts
    password: Mapped[str | None]
    active: Mapped[bool] = mapped_column(default=True)
    fs_uniquifier: Mapped[str] = mapped_column(unique=True)
    created_at: Mapped[datetime]
    version: Mapped[int] = mapped_column(default=1)

    person: Mapped[Person] = relationship()
    roles: Mapped[list[SecurityRole]] = relationship(secondary=account_role, lazy="select")  # type: ignore[assignment]
    grants: Mapped[list["RoleGrant"]] = relationship(back_populates="account", foreign_keys="RoleGrant.account_id")


class RoleGrant(Base):
    """What an account may be: nominee of an organisation; verifier, organiser or auditor of a cycle; administrator.

    Assessor, chair and deputy follow from seats and are not granted here.
    """

    __tablename__ = "role_grant"
    __table_args__ = (
        CheckConstraint("role IN ('nominee', 'verifier', 'organiser', 'auditor', 'administrator')", name="role_known"),
        CheckConstraint("(role = 'nominee') = (organisation_id IS NOT NULL)", name="nominee_of_organisation"),
        CheckConstraint(
            "(role IN ('verifier', 'organiser', 'auditor')) = (cycle_id IS NOT NULL)", name="officer_of_cycle"
        ),
        Index("ix_role_grant_account_id", "account_id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"))
    role: Mapped[str]
    organisation_id: Mapped[int | None] = mapped_column(ForeignKey("organisation.id"))
    cycle_id: Mapped[int | None] = mapped_column(ForeignKey("cycle.id"))
    granted_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]

    account: Mapped[Account] = relationship(back_populates="grants", foreign_keys=[account_id])


class SignInSession(Base):
    """One server-side session. The cookie holds a random token, the row its hash."""

    __tablename__ = "sign_in_session"

    id: Mapped[int] = mapped_column(primary_key=True)
    token_hash: Mapped[str] = mapped_column(unique=True)
    account_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"), index=True)
    officer: Mapped[bool] = mapped_column(default=False)  # officers idle out sooner
    data: Mapped[dict[str, Any]]
    created_at: Mapped[datetime]
    last_seen_at: Mapped[datetime]
    expires_at: Mapped[datetime] = mapped_column(index=True)  # absolute; idling is measured from `last_seen_at`


class Device(Base):
    """A browser that was prepared to score without a network: the public key by which it signs what it hands over.

    The private key never leaves the browser and is wiped at sign-out, which ends the row. Only that end is ever added:
    `signed_out` when its owner left on that very browser, where the key is gone; what it signed came before.
    """

    __tablename__ = "device"
    __table_args__ = (CheckConstraint("revoked_at IS NULL OR revoked_at >= registered_at", name="revoked_afterwards"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    ref: Mapped[str] = mapped_column(unique=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"), index=True)
    public_key: Mapped[str] = mapped_column(unique=True)  # P-256, SubjectPublicKeyInfo (DER) as base64
    browser_key: Mapped[str | None]  # keyed hash of the known-device cookie: which browser signs out
    registered_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]
    signed_out: Mapped[bool] = mapped_column(default=False, server_default=false())

    account: Mapped[Account] = relationship()


class SignInFailure(Base):
    """A failed sign-in, kept to slow guessing down. The e-mail and source are stored as keyed hashes.

    `forgiven` rows came before a success of the account: they no longer count as failures in a row, but still count
    against their source.
    """

    __tablename__ = "sign_in_failure"
    __table_args__ = (
        Index("ix_sign_in_failure_account_source", "account_key", "source_key", "at"),
        Index("ix_sign_in_failure_source", "source_key", "at"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    account_key: Mapped[str]
    source_key: Mapped[str]
    forgiven: Mapped[bool] = mapped_column(default=False)
    at: Mapped[datetime]


class SentOnce(Base):
    """An act that came with an idempotency key, with the answer it got: a repeat gets the same answer.

    The row is committed together with the act; `status` is 0 until the answer was noted in a second step.
    """

    __tablename__ = "sent_once"
    __table_args__ = (UniqueConstraint("account_id", "key"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"))
    key: Mapped[str]
    request_digest: Mapped[str]
    status: Mapped[int]
    headers: Mapped[dict[str, Any]]
    body: Mapped[bytes]
    at: Mapped[datetime]
