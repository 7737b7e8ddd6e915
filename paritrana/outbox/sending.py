"""The job that hands waiting messages to the mail server, each at most once.

A message is taken with a lease before anything is said to the server. What the server did not take for certain is
tried again later, at growing distances. Where the connection broke after the server had the whole message, nobody
knows whether it was delivered: such a message is not tried again by itself, an organiser decides.

At night only messages that wake leave. What a person wants daily is joined into one mail in the morning.
"""

import secrets
import smtplib
import ssl
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import structlog
from sqlalchemy import ColumnElement, insert, or_, select, update
from sqlalchemy.orm import joinedload

from paritrana.config import Settings
from paritrana.core.policy import ANYBODY, Actor
from paritrana.core.words import N_
from paritrana.cycles.models import Cycle
from paritrana.database import db, random_ref, rows_changed
from paritrana.jobs.kinds import Kind, Progress, Run, Said, every
from paritrana.outbox import queries
from paritrana.outbox.choosing import HOME_ZONE, next_morning, quiet_until
from paritrana.outbox.kinds import Notices
from paritrana.outbox.models import Message, MessageAttempt
from paritrana.outbox.texts import mail, one_line, summary

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
    put_off(run.now())
    db.session.commit()
    desk = _Desk(Post(settings), settings, notices, actor_of, run)
    sent = done = 0
    try:
        while True:
            groups = _next_groups(run.now())
            if not groups:
                break
            for group in groups:
                progress(done, None)
                sent += desk.send(group)
                done += 1
    except Unreachable as fault:
        log.warning("mail_server_unreachable", reason=str(fault))
        return Said(N_("The mail server did not answer. Sent before: %(count)s. The rest waits."), {"count": sent})
    finally:
        desk.post.close()
    return Said(N_("Messages sent: %(count)s."), {"count": sent})


def put_off(at: datetime) -> None:
    """Give what waits its moment: the summary's morning, or the end of the night. The caller commits."""
    zones = {HOME_ZONE, *db.session.scalars(select(Cycle.timezone).distinct())}
    for zone in sorted(zones):
        there: ColumnElement[bool] = Message.cycle_id.in_(select(Cycle.id).where(Cycle.timezone == zone))
        if zone == HOME_ZONE:
            there = or_(there, Message.cycle_id.is_(None))
        _wait(there & (Message.state == "queued") & Message.daily & Message.due_at.is_(None), next_morning(at, zone))
        night = quiet_until(at, zone)
        if night is not None:
            _wait(there & queries.waiting(at) & ~Message.wakes, night)


def _wait(which: ColumnElement[bool], until: datetime) -> None:
    db.session.execute(update(Message).where(which).values(due_at=until).execution_options(synchronize_session=False))


def _next_groups(at: datetime) -> list[tuple[int, ...]]:
    """The next messages whose moment has come: each alone, or all of one person that the summary joins."""
    rows = db.session.execute(
        select(Message.id, Message.account_id, Message.daily)
        .where(queries.waiting(at))
        .order_by(Message.id)
        .limit(BATCH)
    ).all()
    db.session.rollback()
    joined: dict[int, list[int]] = {}
    for row in rows:
        if row.daily:
            joined.setdefault(row.account_id, []).append(row.id)
    return [*((row.id,) for row in rows if not row.daily), *(tuple(ids) for ids in joined.values())]


@dataclass(frozen=True)
class _Desk:
    """What one run of the job works with."""

    post: Post
    settings: Settings
    notices: Notices
    actor_of: Callable[[int], Actor | None]
    run: Run

    def send(self, ids: Sequence[int]) -> int:
        """Take messages of one recipient, ask for rights, hand them over as one mail; how many were sent."""
        at, lease = self.run.now(), f"{self.run.ref}/{secrets.token_hex(4)}"
        taken = (
            update(Message)
            .where(Message.id.in_(ids), queries.waiting(at))
            .values(state="sending", leased_by=lease, lease_until=at + LEASE)
            .execution_options(synchronize_session=False)
        )
        mine = rows_changed(taken)
        db.session.commit()
        if not mine:
            return 0
        db.session.expire_all()
        messages = db.session.scalars(
            select(Message).where(Message.leased_by == lease).order_by(Message.id).options(joinedload(Message.account))
        ).all()
        told = [(one, path) for one in messages if (path := self._path(one, lease)) is not None]
        if not told:
            db.session.commit()
            return 0
        numbers = {one.id: one.attempts + 1 for one, _path in told}
        address = told[0][0].recipient_address
        try:
            made = self._mail(told, address, at)
            address.encode("ascii")
        except ValueError:
            for message_id in numbers:
                _end(message_id, lease, "failed", NO_ADDRESS)
            db.session.commit()
            return 0
        db.session.commit()
        try:
            answer = self.post.hand_over(made, sender=self.settings.mail_from, address=address)
        except Unreachable:
            _note(numbers, lease, address, Answer("later", "unreachable"), self.run.now())
            raise
        _note(numbers, lease, address, answer, self.run.now())
        return len(told) if answer.outcome == "accepted" else 0

    def _path(self, message: Message, lease: str) -> str | None:
        """The path that a message leads to, with its secret where it has one; one whose right is gone is ended."""
        actor = ANYBODY if message.account_id is None else self.actor_of(message.account_id)
        path = None
        if actor is not None and message.about in queries.may_have(actor, self.notices, message.kind, {message.about}):
            notice = self.notices.find(message.kind)
            assert notice is not None  # noqa: S101 - nobody may have a message of an unknown kind
            path = message.path if notice.link is None else notice.link(message.about)
        if path is None:
            _end(message.id, lease, "cancelled", RIGHT_GONE)
        return path

    def _mail(self, told: Sequence[tuple[Message, str]], address: str, at: datetime) -> bytes:
        first, path = told[0]
        ref, subject, text_id, text_en = first.ref, first.subject, first.text_id, first.text_en
        if len(told) > 1:
            ref, path = random_ref("M"), "/home/messages"
            subject, text_id, text_en = summary([(one.subject, one.text_id, one.text_en) for one, _path in told])
        made = mail(
            ref=ref, subject=subject, text_id=text_id, text_en=text_en, path=path, name=first.recipient,
            address=address, sender=self.settings.mail_from, sender_name=self.settings.operator_name,
            base_url=self.settings.base_url, at=at,
        )  # fmt: skip
        return made.as_bytes()


def _note(numbers: Mapping[int, int], lease: str, address: str, answer: Answer, at: datetime) -> None:
    """Note what came of one mail for each message in it, given with the number of its attempt."""
    for message_id, number in numbers.items():
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
