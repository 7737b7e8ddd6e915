"""The tables of the chain: what happened, what it says, and where each stream ends."""

import json
from datetime import datetime
from typing import Any, cast

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Table, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from paritrana.audit.triggers import attach
from paritrana.core.chain import HASH_BYTES, SALT_BYTES
from paritrana.database import Base

# The one change of a body that is let through: both halves go, once, and the reason stays.
ERASURE = (
    "NEW.stream = OLD.stream AND NEW.seq = OLD.seq AND NEW.salt IS NULL AND NEW.body IS NULL "
    "AND OLD.erased_at IS NULL AND NEW.erased_at IS NOT NULL AND NEW.erased_reason IS NOT NULL"
)


class Event(Base):
    """Something that happened, in its place in a stream. Rows are added and never changed."""

    __tablename__ = "event"
    __table_args__ = (
        UniqueConstraint("stream", "leaf"),
        CheckConstraint("seq > 0", name="seq_positive"),
        CheckConstraint(f"length(commitment) = {HASH_BYTES}", name="commitment_length"),
        CheckConstraint(f"length(prev) = {HASH_BYTES}", name="prev_length"),
        CheckConstraint(f"length(leaf) = {HASH_BYTES}", name="leaf_length"),
    )

    stream: Mapped[str] = mapped_column(primary_key=True)
    seq: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    kind: Mapped[str]  # the room's word and the act: `mark.saved`
    at_utc: Mapped[str]  # the text that is hashed, `2026-11-21T03:00:00.123456Z`
    object_ref: Mapped[str] = mapped_column(index=True)
    commitment: Mapped[bytes]
    prev: Mapped[bytes]
    leaf: Mapped[bytes]

    content: Mapped["EventBody"] = relationship(back_populates="event")


class EventBody(Base):
    """What an event says: who, and the new values. It can be erased once; the commitment in the event stays."""

    __tablename__ = "event_body"
    __table_args__ = (
        ForeignKeyConstraint(["stream", "seq"], ["event.stream", "event.seq"]),
        CheckConstraint(f"salt IS NULL OR length(salt) = {SALT_BYTES}", name="salt_length"),
        CheckConstraint("(salt IS NULL) = (body IS NULL)", name="salt_with_body"),
        CheckConstraint("(body IS NULL) = (erased_at IS NOT NULL)", name="erased_or_whole"),
        CheckConstraint("(erased_at IS NULL) = (erased_reason IS NULL)", name="erased_with_reason"),
    )

    stream: Mapped[str] = mapped_column(primary_key=True)
    seq: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    salt: Mapped[bytes | None]
    body: Mapped[bytes | None]
    erased_at: Mapped[datetime | None]
    erased_reason: Mapped[str | None]

    event: Mapped[Event] = relationship(back_populates="content")

    @property
    def document(self) -> dict[str, Any] | None:
        """What was recorded: `actor`, `role` where there is one, and `values`; None once it is erased."""
        return None if self.body is None else cast("dict[str, Any]", json.loads(self.body))


class StreamHead(Base):
    """Where a stream ends. It is locked first in every transaction that writes into the stream."""

    __tablename__ = "stream_head"
    __table_args__ = (
        CheckConstraint("seq >= 0", name="seq_counted"),
        CheckConstraint(f"length(leaf) = {HASH_BYTES}", name="leaf_length"),
    )

    stream: Mapped[str] = mapped_column(primary_key=True)
    seq: Mapped[int]
    leaf: Mapped[bytes]
    at_utc: Mapped[str]  # of the last event; empty before the first


attach(cast(Table, Event.__table__))
attach(cast(Table, EventBody.__table__), unless=ERASURE)
