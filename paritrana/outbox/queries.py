"""Reads of messages."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, Select, exists, func, or_, select
from sqlalchemy.orm import joinedload

from paritrana.core.errors import NotFound
from paritrana.core.policy import Actor
from paritrana.cycles.models import Cycle
from paritrana.database import db
from paritrana.outbox.kinds import Notices
from paritrana.outbox.models import STATES, Message, MessageAttempt


def get_message(cycle: Cycle, ref: str) -> Message:
    """A message of a cycle with its recipient. Raises `NotFound`."""
    found = db.session.scalar(
        select(Message)
        .where(Message.cycle_id == cycle.id, Message.ref == ref)
        .options(joinedload(Message.account, innerjoin=True))
    )
    if found is None:
        raise NotFound
    return found


def messages_of(cycle: Cycle, state: str | None, kind: str | None, *, offset: int, limit: int) -> Sequence[Message]:
    """One page of a cycle's messages with their recipients, the newest first (one statement)."""
    return db.session.scalars(
        select(Message)
        .where(*_wanted(cycle, state, kind))
        .options(joinedload(Message.account, innerjoin=True))
        .order_by(Message.id.desc())
        .offset(offset)
        .limit(limit)
    ).all()


def count_of(cycle: Cycle, state: str | None, kind: str | None) -> int:
    """How many messages such a list has."""
    return db.session.scalar(select(func.count()).select_from(Message).where(*_wanted(cycle, state, kind))) or 0


def _wanted(cycle: Cycle, state: str | None, kind: str | None) -> list[ColumnElement[bool]]:
    wanted = [Message.cycle_id == cycle.id]
    if state is not None:
        wanted.append(Message.state == state)
    if kind is not None:
        wanted.append(Message.kind == kind)
    return wanted


def counts(cycle: Cycle) -> Mapping[tuple[str, str], int]:
    """How many messages of which kind are in which state (one statement)."""
    rows = db.session.execute(
        select(Message.kind, Message.state, func.count())
        .where(Message.cycle_id == cycle.id)
        .group_by(Message.kind, Message.state)
    )
    return {(kind, state): number for kind, state, number in rows}


def by_state(numbers: Mapping[tuple[str, str], int]) -> Mapping[str, int]:
    """The same by state alone."""
    return {state: sum(n for (_kind, one), n in numbers.items() if one == state) for state in STATES}


def attempts_at(message: Message) -> Sequence[MessageAttempt]:
    """What was tried with a message, oldest first."""
    return db.session.scalars(
        select(MessageAttempt).where(MessageAttempt.message_id == message.id).order_by(MessageAttempt.no)
    ).all()


def held_of(cycle: Cycle, kind: str) -> Select[int]:
    """The ids of the messages of a kind that wait for their release."""
    return select(Message.id).where(Message.cycle_id == cycle.id, Message.kind == kind, Message.state == "held")


def waiting(at: datetime) -> ColumnElement[bool]:
    """Messages whose moment has come."""
    return (Message.state == "queued") & or_(Message.due_at.is_(None), Message.due_at <= at)


def something_waits(at: datetime) -> bool:
    """Whether a message could be sent now, or one was left by a worker that is gone."""
    left = (Message.state == "sending") & (Message.lease_until < at)
    return bool(db.session.scalar(select(exists().where(or_(waiting(at), left)))))


def own_messages(actor: Actor, notices: Notices, *, limit: int = 200) -> list[Message]:
    """The newest messages of a person that were not held back, without those whose right is gone.

    One statement for the messages, and those of the guard of each kind among them.
    """
    rows = db.session.scalars(
        select(Message)
        .where(Message.account_id == actor.user_id, Message.state.not_in(("held", "cancelled")))
        .options(joinedload(Message.cycle, innerjoin=True))
        .order_by(Message.id.desc())
        .limit(limit)
    ).all()
    return _still(actor, notices, rows)


def _still(actor: Actor, notices: Notices, rows: Collection[Message]) -> list[Message]:
    abouts: dict[str, set[str]] = {}
    for row in rows:
        abouts.setdefault(row.kind, set()).add(row.about)
    allowed = {kind: may_have(actor, notices, kind, those) for kind, those in abouts.items()}
    return [row for row in rows if row.about in allowed[row.kind]]


def may_have(actor: Actor, notices: Notices, kind: str, abouts: Collection[str]) -> frozenset[str]:
    """Of the things messages of a kind tell of, those this person may still be told of; none of an unknown kind."""
    notice = notices.find(kind)
    return frozenset() if notice is None else notice.still(actor, abouts)
