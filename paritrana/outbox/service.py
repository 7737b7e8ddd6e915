"""Changes of messages: posting, releasing, repeating, cancelling. Sending is the job in `sending.py`."""

from collections.abc import Mapping
from datetime import datetime, timedelta
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
from paritrana.outbox.choosing import HOME_ZONE
from paritrana.outbox.kinds import Address, Notice
from paritrana.outbox.models import MailChoice, Message
from paritrana.outbox.texts import filled, subject_of
from paritrana.scopes import everybody

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
    to: Account | Address | int,
    cause: str,
    params: Mapping[str, Any],
    *,
    cycle: Cycle | None = None,
    path: str,
    about: str = "",
    at: datetime,
    due_at: datetime | None = None,
    wakes: bool = False,
) -> bool:
    """Write a message in the present transaction; a repeated cause writes nothing. The caller commits.

    It goes to an account, given by itself or its number, or to an address that has none. `cause` names what happened,
    once per recipient. `params` fill the notice's texts: texts (cut to one line of 120 characters), numbers, days,
    moments, or a text in both languages as `{"id": …, "en": …}`. `path` is the page it leads to; where the notice has a
    `link`, what stands on pages in its place. `about` is the reference of the thing that `notice.still` and
    `notice.link` ask for. `at` is the cycle's moment, or the machine's where there is no cycle.

    False where nothing was written: the cause was told before, or the address got as many messages of such kinds
    within the last hour as it may (`notice.per_hour`).
    """
    account_id = None if isinstance(to, Address) else to if isinstance(to, int) else to.id
    written_at = at if cycle is None else at - timedelta(seconds=cycle.offset_seconds - cycle.held_seconds)
    if notice.per_hour is not None and _too_many(to, account_id, notice.per_hour, written_at):
        return False
    zone = HOME_ZONE if cycle is None else cycle.timezone
    texts = {
        language: "\n\n".join(filled(part, params, language, zone) for part in (*notice.body, notice.why))
        for language in ("id", "en")
    }
    told = filled(notice.subject, params, "id", zone)
    subject = (
        subject_of("PARITRANA", told, simulated=False)
        if cycle is None
        else subject_of(cycle.code, told, simulated=cycle.simulated, rehearsal=cycle.rehearsal)
    )
    way = None if notice.fixed or account_id is None else queries.choice_of(account_id, notice.name)
    ref = random_ref("M")
    db.session.execute(
        insert_unless_there(
            Message, ref=ref, kind=notice.name, cycle_id=None if cycle is None else cycle.id, account_id=account_id,
            to_name=to.name if isinstance(to, Address) else None,
            to_address=to.email if isinstance(to, Address) else None,
            cause=cause, about=about, subject=subject, text_id=texts["id"], text_en=texts["en"], path=path,
            state="held" if notice.held else "queued", due_at=due_at,
            daily=not notice.fixed and (notice.daily if way is None else way == "daily"),
            wakes=wakes or notice.wakes, limited=notice.per_hour is not None, attempts=0, problem="", created_at=at,
            written_at=written_at,
        )
    )  # fmt: skip
    with everybody("whether the statement above wrote its row"):
        return queries.is_there(ref) if notice.per_hour is not None else True


def _too_many(to: Account | Address | int, account_id: int | None, most: int, at: datetime) -> bool:
    """Whether an address got its number of such messages within the last hour, whatever sent them."""
    audit.lock_stream(audit.SYSTEM)  # so that two of them do not count past each other
    with everybody("the messages to one address are counted, whoever asks for one more; only the number is used"):
        address = to.email if isinstance(to, Address) else queries.address_of(account_id) if account_id else ""
        return queries.limited_since(address, at - timedelta(hours=1)) >= most


def choose(account_id: int, kinds: Mapping[str, bool]) -> None:
    """Keep how a person wants messages: by the name of a kind, whether in the summary. The caller commits."""
    for kind, daily in kinds.items():
        way = "daily" if daily else "at_once"
        changed = update(MailChoice).where(MailChoice.account_id == account_id, MailChoice.kind == kind)
        if rows_changed(changed.values(way=way)) == 0:
            db.session.execute(insert_unless_there(MailChoice, account_id=account_id, kind=kind, way=way))


def _stream(message: Message) -> str:
    """Where what an officer does with a message is recorded."""
    return audit.SYSTEM if message.cycle is None else audit.judging(message.cycle.code)


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
    stream = _stream(message)
    audit.lock_stream(stream)
    db.session.refresh(message)
    if message.state not in {"sent", "failed", "cancelled"}:
        raise MessageMoved
    root = message.cause.partition("#")[0]
    to = (
        Message.to_address == message.to_address
        if message.account_id is None
        else Message.account_id == message.account_id
    )
    same = to & ((Message.cause == root) | Message.cause.startswith(f"{root}#"))
    times = db.session.scalar(select(func.count()).select_from(Message).where(same)) or 0
    waiting = db.session.scalar(select(Message.id).where(same, Message.state.in_(("held", "queued", "sending"))))
    if waiting is not None:
        raise MessageMoved
    copied = (
        "kind", "cycle_id", "account_id", "to_name", "to_address", "about", "subject", "text_id", "text_en", "path",
        "wakes", "limited",
    )  # fmt: skip
    again = Message(
        ref=random_ref("M"), cause=f"{root}#{times + 1}", state="queued", created_at=at, written_at=at,
        **{name: getattr(message, name) for name in copied},
    )  # fmt: skip
    db.session.add(again)
    db.session.flush()
    audit.record(stream, "message.repeated", actor, at=at, object_ref=again.ref, of=message.ref)
    return again


def cancel(message: Message, *, actor: Actor, at: datetime) -> None:
    """Keep a message that has not left from leaving; the caller commits. Raises `MessageMoved`."""
    stream = _stream(message)
    audit.lock_stream(stream)
    stopped = (
        update(Message)
        .where(Message.id == message.id, Message.state.in_(("held", "queued")))
        .values(state="cancelled", problem=HELD_BACK)
        .execution_options(synchronize_session="fetch")
    )
    if not rows_changed(stopped):
        raise MessageMoved
    audit.record(stream, "message.cancelled", actor, at=at, object_ref=message.ref)
