"""People, what they were granted, how they are signed in, and what they already sent once."""

from datetime import datetime
from typing import Any

from flask_security import RoleMixin, UserMixin
from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    Table,
    UniqueConstraint,
    false,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column, relationship

from paritrana.database import Base


class Person(Base):
    """A human being. Two-person rules compare persons, not accounts.

    Who has no staff number is told apart by a keyed hash of the national identity number; the number is kept nowhere.
    """

    __tablename__ = "person"
    __table_args__ = (Index("uq_person_identity", "identity_key", "identity_hash", unique=True),)

    id: Mapped[int] = mapped_column(primary_key=True)
    staff_number: Mapped[str | None] = mapped_column(unique=True)
    fictitious: Mapped[bool] = mapped_column(default=False)
    identity_hash: Mapped[str | None]  # HMAC-SHA-256
    identity_key: Mapped[str | None]  # name of the key it was made with


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
    password_set_at: Mapped[datetime | None]  # none: before this was kept
    active: Mapped[bool] = mapped_column(default=True)
    language: Mapped[str | None]  # of the pages, set on each browser at sign-in; none: as the browser was left
    last_sign_in_at: Mapped[datetime | None]
    fs_uniquifier: Mapped[str] = mapped_column(unique=True)
    created_at: Mapped[datetime]
    version: Mapped[int] = mapped_column(default=1)

    person: Mapped[Person] = relationship()
    roles: Mapped[list[SecurityRole]] = relationship(secondary=account_role, lazy="select")  # type: ignore[assignment]
    grants: Mapped[list["RoleGrant"]] = relationship(back_populates="account", foreign_keys="RoleGrant.account_id")


class RoleGrant(Base):
    """What an account may be: nominee of an organisation; verifier, organiser or auditor of a cycle; administrator.

    Assessor, chair and deputy follow from seats and are not granted here. `until` ends a delegation by itself: who
    stands in for `stands_in_for` does so by the decree named.
    """

    __tablename__ = "role_grant"
    __table_args__ = (
        CheckConstraint("role IN ('nominee', 'verifier', 'organiser', 'auditor', 'administrator')", name="role_known"),
        CheckConstraint("(role = 'nominee') = (organisation_id IS NOT NULL)", name="nominee_of_organisation"),
        CheckConstraint(
            "(role IN ('verifier', 'organiser', 'auditor')) = (cycle_id IS NOT NULL)", name="officer_of_cycle"
        ),
        CheckConstraint("until IS NULL OR until > granted_at", name="until_afterwards"),
        CheckConstraint("stands_in_for_id IS NULL OR until IS NOT NULL", name="stand_in_ends"),
        Index("ix_role_grant_account_id", "account_id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"))
    role: Mapped[str]
    organisation_id: Mapped[int | None] = mapped_column(ForeignKey("organisation.id"))
    cycle_id: Mapped[int | None] = mapped_column(ForeignKey("cycle.id"))
    granted_at: Mapped[datetime]
    until: Mapped[datetime | None]
    decree: Mapped[str] = mapped_column(default="", server_default="")
    stands_in_for_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    ended_at: Mapped[datetime | None]

    account: Mapped[Account] = relationship(back_populates="grants", foreign_keys=[account_id])
    stands_in_for: Mapped[Account | None] = relationship(foreign_keys=[stands_in_for_id])


class SignInSession(Base):
    """One server-side session. The cookie holds a random token, the row its hash.

    `pending` is a session between the password and the second factor: it opens nothing but that step.
    """

    __tablename__ = "sign_in_session"

    id: Mapped[int] = mapped_column(primary_key=True)
    ref: Mapped[str] = mapped_column(unique=True)
    token_hash: Mapped[str] = mapped_column(unique=True)
    account_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"), index=True)
    pending: Mapped[bool] = mapped_column(default=False, server_default=false())
    officer: Mapped[bool] = mapped_column(default=False)  # officers idle out sooner
    browser: Mapped[str] = mapped_column(default="", server_default="")  # "Firefox, Windows"
    source: Mapped[str] = mapped_column(default="", server_default="")  # network address it was begun from
    began_at: Mapped[datetime | None]  # sign-in; `created_at` is of the present token
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


class SecondFactor(Base):
    """What a person has besides the password: an app that makes codes, or a passkey.

    The secret of an app is encrypted with a key that lies outside the database and is wiped when the factor is removed.
    `fingerprint` is the SHA-256 of the secret or of the public key, so that an exchanged one is found. `last_counter`
    is the time step of the last code that was taken: a code works once. `last_challenge` does the same for a passkey.
    """

    __tablename__ = "second_factor"
    __table_args__ = (
        CheckConstraint("kind IN ('app', 'passkey')", name="kind_known"),
        CheckConstraint("kind <> 'app' OR (secret IS NULL) = (removed_at IS NOT NULL)", name="secret_wiped"),
        CheckConstraint("(kind = 'passkey') = (credential_id IS NOT NULL)", name="passkey_has_credential"),
        CheckConstraint("(kind = 'passkey') = (public_key IS NOT NULL)", name="passkey_has_key"),
        CheckConstraint("removed_at IS NULL OR removed_at >= added_at", name="removed_afterwards"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    ref: Mapped[str] = mapped_column(unique=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"), index=True)
    kind: Mapped[str]
    name: Mapped[str]
    secret: Mapped[str | None]
    fingerprint: Mapped[str]
    last_counter: Mapped[int | None]
    credential_id: Mapped[str | None] = mapped_column(unique=True)  # base64url
    public_key: Mapped[str | None]  # COSE as base64url
    sign_count: Mapped[int] = mapped_column(BigInteger, default=0)  # 32 bits without a sign
    last_challenge: Mapped[str | None]
    added_at: Mapped[datetime]
    last_used_at: Mapped[datetime | None]
    removed_at: Mapped[datetime | None]

    account: Mapped[Account] = relationship()


class RecoverySet(Base):
    """Ten codes for the day on which every second factor is lost, shown once. Only the newest set is good.

    `hashes` are Argon2id in the order shown, each with the four signs by which a typed code finds its hash; `used`
    names the codes that were taken by their place.
    """

    __tablename__ = "recovery_set"

    id: Mapped[int] = mapped_column(primary_key=True)
    ref: Mapped[str] = mapped_column(unique=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"), index=True)
    hashes: Mapped[list[Any]]
    used: Mapped[list[Any]]
    made_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]

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


class StaffRequest(Base):
    """The first half of an act about people, keys or the machine, which a second person confirms or declines.

    `given` is what is carried out then, exactly as it was asked for; `cycle_id` names the cycle whose officers may be
    the second person, where the act belongs to one. What nobody decides on in time can no longer be confirmed.
    """

    __tablename__ = "staff_request"
    __table_args__ = (
        CheckConstraint("state IN ('waiting', 'confirmed', 'declined', 'withdrawn')", name="state_known"),
        CheckConstraint("state <> 'confirmed' OR decided_person_id <> asked_person_id", name="two_people"),
        CheckConstraint("(state = 'waiting') = (decided_at IS NULL)", name="decided_has_time"),
        CheckConstraint("(decided_at IS NULL) = (decided_person_id IS NULL)", name="decided_has_person"),
        Index(
            "uq_staff_request_waiting", "kind", "subject_ref", unique=True,
            sqlite_where=text("state = 'waiting'"), postgresql_where=text("state = 'waiting'"),
        ),
    )  # fmt: skip

    id: Mapped[int] = mapped_column(primary_key=True)
    ref: Mapped[str] = mapped_column(unique=True)
    kind: Mapped[str]
    subject_ref: Mapped[str]
    cycle_id: Mapped[int | None] = mapped_column(ForeignKey("cycle.id"))
    given: Mapped[dict[str, Any]]
    reason: Mapped[str]
    asked_by_id: Mapped[int] = mapped_column(ForeignKey("account.id"))
    asked_person_id: Mapped[int]
    asked_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    state: Mapped[str] = mapped_column(default="waiting", index=True)
    decided_by_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    decided_person_id: Mapped[int | None]
    decided_at: Mapped[datetime | None]

    asked_by: Mapped[Account] = relationship(foreign_keys=[asked_by_id])
    decided_by: Mapped[Account | None] = relationship(foreign_keys=[decided_by_id])


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
