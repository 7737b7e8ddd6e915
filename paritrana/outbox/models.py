"""The messages of the award office, and every attempt at sending one."""

from datetime import datetime
from typing import cast

from sqlalchemy import CheckConstraint, ForeignKey, Index, Table, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from paritrana.accounts.models import Account
from paritrana.audit.triggers import attach
from paritrana.cycles.models import Cycle
from paritrana.database import Base
from paritrana.scopes import Tenancy

STATES = ("held", "queued", "sending", "sent", "failed", "cancelled")
OUTCOMES = ("accepted", "later", "refused", "unknown")


class Message(Base):
    """One message to one account or address, written in the transaction of its cause, which it has at most once.

    `held` waits for an organiser, `queued` for the mail server, `sending` is in the hands of one worker. `about` is the
    reference of the thing it tells of; rights to that thing are asked again before it leaves and when it is read here.
    """

    __tablename__ = "message"
    __tenancy__ = Tenancy(office="cycle_id", person="account_id")
    __table_args__ = (
        UniqueConstraint("account_id", "cause"),
        CheckConstraint("(account_id IS NULL) = (to_address IS NOT NULL)", name="one_recipient"),
        CheckConstraint("(to_address IS NULL) = (to_name IS NULL)", name="address_has_name"),
        Index(
            "uq_message_to_address_cause", "to_address", "cause", unique=True,
            sqlite_where=text("account_id IS NULL"), postgresql_where=text("account_id IS NULL"),
        ),
        Index("ix_message_limited", "written_at", sqlite_where=text("limited"), postgresql_where=text("limited")),
        CheckConstraint("state IN ('held', 'queued', 'sending', 'sent', 'failed', 'cancelled')", name="state_known"),
        CheckConstraint("(state = 'sending') = (leased_by IS NOT NULL)", name="sending_is_leased"),
        CheckConstraint("(leased_by IS NULL) = (lease_until IS NULL)", name="lease_whole"),
        CheckConstraint("(state = 'sent') = (sent_at IS NOT NULL)", name="sent_has_moment"),
        CheckConstraint("state <> 'sent' OR address IS NOT NULL", name="sent_has_address"),
        CheckConstraint("attempts >= 0", name="attempts_counted"),
        CheckConstraint("path LIKE '/%'", name="path_of_this_site"),
        Index("ix_message_state_due_at", "state", "due_at"),
        Index("ix_message_cycle_id_state", "cycle_id", "state"),
        Index("ix_message_about", "about"),
    )  # fmt: skip

    id: Mapped[int] = mapped_column(primary_key=True)
    ref: Mapped[str] = mapped_column(unique=True)
    kind: Mapped[str]
    cycle_id: Mapped[int | None] = mapped_column(ForeignKey("cycle.id"))
    account_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    to_name: Mapped[str | None]  # of a recipient without an account, as is the address
    to_address: Mapped[str | None]
    cause: Mapped[str]
    about: Mapped[str]
    subject: Mapped[str]
    text_id: Mapped[str]
    text_en: Mapped[str]
    path: Mapped[str]
    state: Mapped[str]
    due_at: Mapped[datetime | None]  # by the machine's clock; none: at once
    daily: Mapped[bool] = mapped_column(default=False)  # joined into the summary of a morning
    wakes: Mapped[bool] = mapped_column(default=False)  # leaves at night, too
    limited: Mapped[bool] = mapped_column(default=False)  # counts against the number an address gets within an hour
    address: Mapped[str | None]  # where the last attempt was sent to
    attempts: Mapped[int] = mapped_column(default=0)
    problem: Mapped[str] = mapped_column(default="")  # code of what ended or delays it
    leased_by: Mapped[str | None]
    lease_until: Mapped[datetime | None]
    created_at: Mapped[datetime]  # by the cycle's clock
    written_at: Mapped[datetime]  # by the machine's clock
    sent_at: Mapped[datetime | None]  # by the machine's clock

    account: Mapped[Account | None] = relationship()
    cycle: Mapped[Cycle | None] = relationship()

    @property
    def recipient(self) -> str:
        """The name of whoever it is for."""
        return self.account.name if self.account is not None else self.to_name or ""

    @property
    def recipient_address(self) -> str:
        """Where it goes now."""
        return self.account.email if self.account is not None else self.to_address or ""


class MailChoice(Base):
    """How a person wants the messages of a kind: at once, or joined into the summary of the morning."""

    __tablename__ = "mail_choice"
    __table_args__ = (
        UniqueConstraint("account_id", "kind"),
        CheckConstraint("way IN ('at_once', 'daily')", name="way_known"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"))
    kind: Mapped[str]
    way: Mapped[str]


class MessageAttempt(Base):
    """One attempt at handing a message to the mail server, with what the server answered. The table only grows."""

    __tablename__ = "message_attempt"
    __tenancy__ = Tenancy(office="message_id")
    __table_args__ = (
        UniqueConstraint("message_id", "no"),
        CheckConstraint("outcome IN ('accepted', 'later', 'refused', 'unknown')", name="outcome_known"),
        Index(
            "uq_message_attempt_accepted", "message_id", unique=True,
            sqlite_where=text("outcome = 'accepted'"), postgresql_where=text("outcome = 'accepted'"),
        ),
    )  # fmt: skip

    id: Mapped[int] = mapped_column(primary_key=True)
    message_id: Mapped[int] = mapped_column(ForeignKey("message.id"))
    no: Mapped[int]
    at: Mapped[datetime]
    address: Mapped[str]
    outcome: Mapped[str]
    answer: Mapped[str]  # the server's code and first words, or what went wrong


# The one change of an attempt that is let through: the address goes, and what the server said of it.
ADDRESS_GONE = (
    "NEW.id = OLD.id AND NEW.message_id = OLD.message_id AND NEW.no = OLD.no AND NEW.outcome = OLD.outcome "
    "AND OLD.address <> '' AND NEW.address = '' AND NEW.answer = ''"
)

attach(cast(Table, MessageAttempt.__table__), unless=ADDRESS_GONE)
