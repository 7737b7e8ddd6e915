"""Reads of messages."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, Select, exists, func, or_, select
from sqlalchemy.orm import joinedload

from paritrana.accounts.models import Account
from paritrana.core.errors import NotFound
from paritrana.core.policy import Actor
from paritrana.cycles.models import Cycle
from paritrana.database import db
from paritrana.outbox.kinds import Notices
from paritrana.outbox.models import STATES, MailChoice, Message, MessageAttempt
from paritrana.scopes import everybody


def get_message(cycle: Cycle, ref: str) -> Message:
    """A message of a cycle with its recipient. Raises `NotFound`."""
    found = db.session.scalar(
        select(Message).where(Message.cycle_id == cycle.id, Message.ref == ref).options(joinedload(Message.account))
    )
    if found is None:
        raise NotFound
    return found


def get_house_message(message: str) -> Message:
    """A message that belongs to no cycle, with its recipient. Raises `NotFound`."""
    found = db.session.scalar(
        select(Message).where(Message.cycle_id.is_(None), Message.ref == message).options(joinedload(Message.account))
    )
    if found is None:
        raise NotFound(message)
    return found


def is_there(ref: str) -> bool:
    """Whether a message of this reference was written."""
    with everybody("whoever wrote a message learns that it is there"):
        return bool(db.session.scalar(select(exists().where(Message.ref == ref))))


def choice_of(account_id: int, kind: str) -> str | None:
    """How a person wants the messages of a kind; None where nothing was chosen."""
    return db.session.scalar(select(MailChoice.way).where(MailChoice.account_id == account_id, MailChoice.kind == kind))


def choices_of(account_id: int) -> Mapping[str, str]:
    """Every choice of a person, by kind (one statement)."""
    rows = db.session.execute(select(MailChoice.kind, MailChoice.way).where(MailChoice.account_id == account_id))
    return {one.kind: one.way for one in rows}


def address_of(account_id: int) -> str:
    """The address of an account."""
    return db.session.scalar(select(Account.email).where(Account.id == account_id)) or ""


def limited_since(address: str, moment: datetime) -> int:
    """How many messages of kinds with a limit were written to an address since `moment`."""
    to = func.lower(func.coalesce(Message.to_address, Account.email))
    lately = (
        select(func.count())
        .select_from(Message)
        .outerjoin(Account, Account.id == Message.account_id)
        .where(Message.limited, Message.written_at > moment, to == address.lower())
    )
    with everybody("an address gets a number of messages, whoever wrote them; only the number is told"):
        return db.session.scalar(lately) or 0


def messages_of(
    cycle: Cycle | None, state: str | None, kind: str | None, *, offset: int, limit: int
) -> Sequence[Message]:
    """One page of a cycle's messages with their recipients, the newest first (one statement)."""
    return db.session.scalars(
        select(Message)
        .where(*_wanted(cycle, state, kind))
        .options(joinedload(Message.account))
        .order_by(Message.id.desc())
        .offset(offset)
        .limit(limit)
    ).all()


def count_of(cycle: Cycle | None, state: str | None, kind: str | None) -> int:
    """How many messages such a list has."""
    return db.session.scalar(select(func.count()).select_from(Message).where(*_wanted(cycle, state, kind))) or 0


def _of(cycle: Cycle | None) -> ColumnElement[bool]:
    return Message.cycle_id.is_(None) if cycle is None else Message.cycle_id == cycle.id


def _wanted(cycle: Cycle | None, state: str | None, kind: str | None) -> list[ColumnElement[bool]]:
    wanted = [_of(cycle)]
    if state is not None:
        wanted.append(Message.state == state)
    if kind is not None:
        wanted.append(Message.kind == kind)
    return wanted


def counts(cycle: Cycle | None) -> Mapping[tuple[str, str], int]:
    """How many messages of which kind are in which state (one statement)."""
    rows = db.session.execute(
        select(Message.kind, Message.state, func.count()).where(_of(cycle)).group_by(Message.kind, Message.state)
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
        .options(joinedload(Message.cycle))
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
