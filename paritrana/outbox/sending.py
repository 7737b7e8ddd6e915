"""The job that hands waiting messages to the mail server, each at most once.

A message is taken with a lease before anything is said to the server. What the server did not take for certain is
tried again later, at growing distances. Where the connection broke after the server had the whole message, nobody
knows whether it was delivered: such a message is not tried again by itself, an organiser decides.
"""

import secrets
import smtplib
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import structlog
from sqlalchemy import insert, select, update
from sqlalchemy.orm import joinedload

from paritrana.config import Settings
from paritrana.core.policy import Actor
from paritrana.core.words import N_
from paritrana.database import db, rows_changed
from paritrana.jobs.kinds import Kind, Progress, Run, Said, every
from paritrana.outbox import queries
from paritrana.outbox.kinds import Notices
from paritrana.outbox.models import Message, MessageAttempt
from paritrana.outbox.texts import mail, one_line

log = structlog.get_logger("paritrana.outbox")

LEASE: Final = timedelta(minutes=5)
BACKOFF: Final = (1, 5, 30, 120, 480)  # minutes until the next attempt
SECONDS: Final = 30  # that the server may take for one answer
BATCH: Final = 100

RIGHT_GONE = "right_gone"
NO_ADDRESS = "no_address"
UNKNOWN = "unknown_delivery"
REFUSED = "refused"
GAVE_UP = "gave_up"
LATER = "later"


@dataclass(frozen=True)
class Answer:
    """What came of handing a message over: an outcome of `MessageAttempt`, and the server's words."""

    outcome: str
    words: str


class Unreachable(Exception):
    """No server answers as set up: nothing was handed over, and nothing else could be now."""


class Post:
    """A connection to the mail server, opened at the first message and again where the server closed it."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self._client: smtplib.SMTP | None = None

    def hand_over(self, message: bytes, *, sender: str, address: str) -> Answer:
        """Give one message to the server. Raises `Unreachable`."""
        client = self._connected()
        try:
            for code, words in (client.mail(sender), client.rcpt(address)):
                if code not in {250, 251}:
                    client.rset()
                    return _refused(code, words)
        except (smtplib.SMTPServerDisconnected, OSError) as fault:  # before the message itself: certainly not taken
            self.close()
            return Answer("later", type(fault).__name__)
        try:
            code, words = client.data(message)
        except smtplib.SMTPDataError as refusal:
            client.rset()
            return _refused(refusal.smtp_code, refusal.smtp_error)
        except (smtplib.SMTPException, OSError) as fault:
            self.close()
            return Answer("unknown", type(fault).__name__)
        return Answer("accepted", _words(code, words)) if code == 250 else _refused(code, words)

    def close(self) -> None:
        """End the connection."""
        if self._client is not None:
            self._client.close()
            self._client = None

    def _connected(self) -> smtplib.SMTP:
        if self._client is not None:
            return self._client
        settings = self.settings
        client: smtplib.SMTP | None = None
        try:
            if settings.mail_security == "tls":
                client = smtplib.SMTP_SSL(
                    settings.mail_server, settings.mail_port, timeout=SECONDS, context=ssl.create_default_context()
                )
            else:
                client = smtplib.SMTP(settings.mail_server, settings.mail_port, timeout=SECONDS)
            client.ehlo_or_helo_if_needed()
            if settings.mail_security == "starttls":
                client.starttls(context=ssl.create_default_context())
                client.ehlo_or_helo_if_needed()
            if settings.mail_user:
                client.login(settings.mail_user, settings.mail_password)
        except (smtplib.SMTPException, OSError) as fault:
            if client is not None:
                client.close()
            raise Unreachable(type(fault).__name__) from fault
        self._client = client
        return client


def _refused(code: int, words: bytes | str) -> Answer:
    return Answer("later" if 400 <= code < 500 else "refused", _words(code, words))


def _words(code: int, words: bytes | str) -> str:
    told = words.decode("utf-8", "replace") if isinstance(words, bytes) else words
    return one_line(f"{code} {told}")


def send_mail(settings: Settings, notices: Notices, actor_of: Callable[[int], Actor | None]) -> Kind:
    """The kind of job that sends. `actor_of` loads a recipient with the rights of the moment, None where inactive."""

    def send(run: Run, progress: Progress) -> Said:
        if not settings.mail_server:
            return Said(N_("No mail server is set up: messages stay on the pages."))
        return _send_all(settings, notices, actor_of, run, progress)

    def wanted(at: datetime) -> bool:
        return bool(settings.mail_server) and queries.something_waits(at)

    return Kind("send_mail", N_("Send the messages"), send, by_hand=True, slot=every(1), wanted=wanted)


def _send_all(
    settings: Settings, notices: Notices, actor_of: Callable[[int], Actor | None], run: Run, progress: Progress
) -> Said:
    _forgotten(run.now())
    db.session.commit()
    post, sent, done = Post(settings), 0, 0
    try:
        while True:
            ids = db.session.scalars(
                select(Message.id).where(queries.waiting(run.now())).order_by(Message.id).limit(BATCH)
            ).all()
            db.session.rollback()
            if not ids:
                break
            for message_id in ids:
                progress(done, None)
                sent += _send_one(message_id, post, settings, notices, actor_of, run)
                done += 1
    except Unreachable as fault:
        log.warning("mail_server_unreachable", reason=str(fault))
        return Said(N_("The mail server did not answer. Sent before: %(count)s. The rest waits."), {"count": sent})
    finally:
        post.close()
    return Said(N_("Messages sent: %(count)s."), {"count": sent})


def _send_one(
    message_id: int, post: Post, settings: Settings, notices: Notices, actor_of: Callable[[int], Actor | None],
    run: Run,
) -> bool:  # fmt: skip
    """Take one message, ask for rights, hand it over, note what came of it; whether it was sent."""
    at, lease = run.now(), f"{run.ref}/{secrets.token_hex(4)}"
    taken = (
        update(Message)
        .where(Message.id == message_id, queries.waiting(at))
        .values(state="sending", leased_by=lease, lease_until=at + LEASE)
        .execution_options(synchronize_session=False)
    )
    mine = rows_changed(taken)
    db.session.commit()
    if not mine:
        return False
    db.session.expire_all()
    message = db.session.scalars(
        select(Message).where(Message.id == message_id).options(joinedload(Message.account, innerjoin=True))
    ).one()
    actor = actor_of(message.account_id)
    if actor is None or message.about not in queries.may_have(actor, notices, message.kind, {message.about}):
        _end(message_id, lease, "cancelled", RIGHT_GONE)
        db.session.commit()
        return False
    address, number = message.account.email, message.attempts + 1
    try:
        made = mail(
            ref=message.ref, subject=message.subject, text_id=message.text_id, text_en=message.text_en,
            path=message.path, name=message.account.name, address=address, sender=settings.mail_from,
            sender_name=settings.operator_name, base_url=settings.base_url, at=at,
        ).as_bytes()  # fmt: skip
        address.encode("ascii")
    except ValueError:
        _end(message_id, lease, "failed", NO_ADDRESS)
        db.session.commit()
        return False
    db.session.rollback()
    try:
        answer = post.hand_over(made, sender=settings.mail_from, address=address)
    except Unreachable:
        _note(message_id, lease, number, address, Answer("later", "unreachable"), run.now())
        raise
    _note(message_id, lease, number, address, answer, run.now())
    return answer.outcome == "accepted"


def _note(message_id: int, lease: str, number: int, address: str, answer: Answer, at: datetime) -> None:
    db.session.execute(
        insert(MessageAttempt).values(
            message_id=message_id, no=number, at=at, address=address, outcome=answer.outcome, answer=answer.words
        )
    )
    known = {"attempts": number, "address": address}
    if answer.outcome == "accepted":
        _end(message_id, lease, "sent", "", sent_at=at, **known)
    elif answer.outcome == "later" and number <= len(BACKOFF):
        due = at + timedelta(minutes=BACKOFF[number - 1])
        _end(message_id, lease, "queued", LATER, due_at=due, **known)
    else:
        problem = {"later": GAVE_UP, "refused": REFUSED, "unknown": UNKNOWN}[answer.outcome]
        _end(message_id, lease, "failed", problem, **known)
    db.session.commit()


def _end(message_id: int, lease: str, state: str, problem: str, **values: object) -> None:
    """Give a message up in a new state; nothing where the lease went to another worker."""
    db.session.execute(
        update(Message)
        .where(Message.id == message_id, Message.leased_by == lease)
        .values(state=state, problem=problem, leased_by=None, lease_until=None, **values)
        .execution_options(synchronize_session=False)
    )


def _forgotten(at: datetime) -> None:
    """Messages in the hands of a worker that is gone: whether the server had them, nobody knows."""
    left = db.session.execute(
        select(Message.id, Message.attempts, Message.leased_by).where(
            Message.state == "sending", Message.lease_until < at
        )
    ).all()
    for row in left:
        db.session.execute(
            insert(MessageAttempt).values(
                message_id=row.id, no=row.attempts + 1, at=at, address="", outcome="unknown", answer="worker gone"
            )
        )
        _end(row.id, row.leased_by, "failed", UNKNOWN, attempts=row.attempts + 1)
