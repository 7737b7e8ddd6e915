"""Changes of messages: posting, releasing, repeating, cancelling. Sending is the job in `sending.py`."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import func, select, update

from paritrana.accounts.models import Account
from paritrana.audit import service as audit
from paritrana.core.errors import BadInput, ParitranaError
from paritrana.core.policy import Actor
from paritrana.core.words import N_
from paritrana.cycles.models import Cycle
from paritrana.database import db, insert_unless_there, random_ref, rows_changed
from paritrana.outbox import queries
from paritrana.outbox.kinds import Notice
from paritrana.outbox.models import Message
from paritrana.outbox.texts import filled, subject_of

HELD_BACK = "cancelled_by_hand"
OUTDATED = "outdated"


class CountDiffers(BadInput):
    """The number that was confirmed is not the number of recipients. Params: `n`."""

    code = "count_differs"
    message = N_("The number of recipients is %(n)s now. Look at them, then confirm that number.")


class MessageMoved(ParitranaError):
    """The message is in another state by now."""

    code = "message_moved"
    message = N_("This message is in another state by now. Look at it again.")


def post(
    notice: Notice,
    account: Account | int,
    cause: str,
    params: Mapping[str, Any],
    *,
    cycle: Cycle,
    path: str,
    about: str = "",
    at: datetime,
    due_at: datetime | None = None,
) -> None:
    """Write a message to an account in the present transaction; a repeated cause writes nothing. The caller commits.

    `cause` names what happened, once per account. `params` fill the notice's texts: texts (cut to one line of 120
    characters), numbers, days, moments, or a text in both languages as `{"id": …, "en": …}`. `path` is the page it
    leads to, `about` the reference of the thing whose rights `notice.still` asks.
    """
    account_id = account if isinstance(account, int) else account.id
    zone = cycle.timezone
    texts = {
        language: "\n\n".join(filled(part, params, language, zone) for part in (*notice.body, notice.why))
        for language in ("id", "en")
    }
    subject = subject_of(
        cycle.code, filled(notice.subject, params, "id", zone), simulated=cycle.simulated, rehearsal=cycle.rehearsal
    )
    db.session.execute(
        insert_unless_there(
            Message, ref=random_ref("M"), kind=notice.name, cycle_id=cycle.id, account_id=account_id, cause=cause,
            about=about, subject=subject, text_id=texts["id"], text_en=texts["en"], path=path,
            state="held" if notice.held else "queued", due_at=due_at, attempts=0, problem="", created_at=at,
        )
    )  # fmt: skip


def replace_held(notice: Notice, about: str) -> int:
    """Cancel what waits for its release and is outdated by now; gives how many there were. The caller commits."""
    return rows_changed(
        update(Message)
        .where(Message.kind == notice.name, Message.about == about, Message.state == "held")
        .values(state="cancelled", problem=OUTDATED)
        .execution_options(synchronize_session="fetch")
    )


def withhold(cycle: Cycle) -> int:
    """Cancel everything of a cycle that has not left; gives how much there was. The caller commits."""
    return rows_changed(
        update(Message)
        .where(Message.cycle_id == cycle.id, Message.state.in_(("held", "queued")))
        .values(state="cancelled", problem=OUTDATED)
        .execution_options(synchronize_session="fetch")
    )


def release(cycle: Cycle, notice: Notice, count: int, *, actor: Actor, at: datetime) -> int:
    """Let the held messages of a kind go; the caller commits.

    `count` is the number of recipients that the organiser confirms. Raises `CountDiffers`, `MessageMoved` where none
    is held.
    """
    audit.lock_stream(audit.judging(cycle.code))
    held = queries.held_of(cycle, notice.name)
    number = db.session.scalar(select(func.count()).select_from(held.subquery())) or 0
    if not number:
        raise MessageMoved
    if number != count:
        raise CountDiffers(n=number)
    db.session.execute(
        update(Message)
        .where(Message.id.in_(held))
        .values(state="queued")
        .execution_options(synchronize_session="fetch")
    )
    audit.record(
        audit.judging(cycle.code), "messages.released", actor, at=at, object_ref=cycle.code, of=notice.name,
        count=number,
    )  # fmt: skip
    return number


def send_again(message: Message, *, actor: Actor, at: datetime) -> Message:
    """Write a message that ended once more, to the same person; the caller commits. Raises `MessageMoved`."""
    cycle = message.cycle
    audit.lock_stream(audit.judging(cycle.code))
    db.session.refresh(message)
    if message.state not in {"sent", "failed", "cancelled"}:
        raise MessageMoved
    root = message.cause.partition("#")[0]
    same = (Message.account_id == message.account_id) & ((Message.cause == root) | Message.cause.startswith(f"{root}#"))
    times = db.session.scalar(select(func.count()).select_from(Message).where(same)) or 0
    waiting = db.session.scalar(select(Message.id).where(same, Message.state.in_(("held", "queued", "sending"))))
    if waiting is not None:
        raise MessageMoved
    copied = ("kind", "cycle_id", "account_id", "about", "subject", "text_id", "text_en", "path")
    again = Message(
        ref=random_ref("M"), cause=f"{root}#{times + 1}", state="queued", created_at=at,
        **{name: getattr(message, name) for name in copied},
    )  # fmt: skip
    db.session.add(again)
    db.session.flush()
    audit.record(audit.judging(cycle.code), "message.repeated", actor, at=at, object_ref=again.ref, of=message.ref)
    return again


def cancel(message: Message, *, actor: Actor, at: datetime) -> None:
    """Keep a message that has not left from leaving; the caller commits. Raises `MessageMoved`."""
    audit.lock_stream(audit.judging(message.cycle.code))
    stopped = (
        update(Message)
        .where(Message.id == message.id, Message.state.in_(("held", "queued")))
        .values(state="cancelled", problem=HELD_BACK)
        .execution_options(synchronize_session="fetch")
    )
    if not rows_changed(stopped):
        raise MessageMoved
    audit.record(audit.judging(message.cycle.code), "message.cancelled", actor, at=at, object_ref=message.ref)
