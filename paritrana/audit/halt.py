"""Read-only times: nothing is stored any more until two people have looked, and reading goes on.

    halt.halt(halt.CHAIN, at=now(), detail="ntb-2024/judging 12")      # whoever found the fault; the caller commits
    if halt.halted(): …                                                # the door and the workers ask before they write

A read-only time begins at once, by a finding of the machine or by one administrator, and ends by two people
(`paritrana/operations/readonly.py`). Signing in, and what ends the time, stay possible (`core/policy.py`).
"""

from datetime import datetime
from typing import Any, Final

from sqlalchemy import CheckConstraint, Index, select, text
from sqlalchemy.orm import Mapped, mapped_column

from paritrana.audit import service
from paritrana.core.errors import WrongState
from paritrana.core.words import N_
from paritrana.database import Base, db, random_ref

CHAIN: Final = "chain"
FILES: Final = "files"
BY_HAND: Final = "by_hand"

REASONS: Final = {
    CHAIN: N_("The record of events does not continue what was kept of it elsewhere."),
    FILES: N_("Stored files are missing or changed."),
    BY_HAND: N_("An administrator stopped all changes."),
}


class Halt(Base):
    """A time in which nothing is stored; it stands until two people lifted it, and there is one at a time."""

    __tablename__ = "halt"
    __table_args__ = (
        CheckConstraint("reason IN ('chain', 'files', 'by_hand')", name="reason_known"),
        CheckConstraint("(lifted_at IS NULL) = (lifted_by IS NULL)", name="lifted_whole"),
        CheckConstraint("standing = (lifted_at IS NULL)", name="standing_until_lifted"),
        Index(
            "uq_halt_standing", "standing", unique=True,
            sqlite_where=text("standing"), postgresql_where=text("standing"),
        ),
    )  # fmt: skip

    id: Mapped[int] = mapped_column(primary_key=True)
    ref: Mapped[str] = mapped_column(unique=True)
    reason: Mapped[str]
    detail: Mapped[str]
    begun_at: Mapped[datetime]
    begun_by: Mapped[str]  # the reference of an account, or `system`
    standing: Mapped[bool] = mapped_column(default=True)
    lifted_at: Mapped[datetime | None]
    lifted_by: Mapped[str | None]  # the second of the two; the request names both


class _System:
    ref = "system"


def halted() -> Halt | None:
    """The read-only time that stands now, if one does (one statement)."""
    return db.session.scalars(select(Halt).where(Halt.standing)).one_or_none()


def halt(reason: str, *, at: datetime, detail: str = "", actor: service.Actor | None = None) -> Halt:
    """Begin a read-only time, or give the one that stands; the caller commits. `reason` is a key of `REASONS`."""
    service.lock_stream(service.SYSTEM)
    standing = halted()
    if standing is not None:
        return standing
    actor = actor or _System()
    begun = Halt(
        ref=random_ref("H"), reason=reason, detail=detail, begun_at=at, begun_by=actor.ref, standing=True,
        lifted_at=None, lifted_by=None,
    )  # fmt: skip
    db.session.add(begun)
    db.session.flush()
    service.record(service.SYSTEM, "halt.begun", actor, at=at, object_ref=begun.ref, **told_of(begun))
    return begun


def lift(found: Halt, *, actor: service.Actor, at: datetime) -> None:
    """End a read-only time as the second of two people; the caller commits. Raises `WrongState` where it has ended."""
    service.lock_stream(service.SYSTEM)
    db.session.refresh(found)
    if not found.standing:
        raise WrongState
    found.standing, found.lifted_at, found.lifted_by = False, at, actor.ref
    db.session.flush()
    service.record(service.SYSTEM, "halt.lifted", actor, at=at, object_ref=found.ref, **told_of(found))


def told_of(found: Halt) -> dict[str, Any]:
    """What an event says of a read-only time as it then stands."""
    return {
        "reason": found.reason,
        "detail": found.detail,
        "begun_at": found.begun_at,
        "begun_by": found.begun_by,
        "standing": found.standing,
        "lifted_at": found.lifted_at,
        "lifted_by": found.lifted_by,
    }
