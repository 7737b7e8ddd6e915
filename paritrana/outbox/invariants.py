"""What must hold of messages and of the attempts at sending them."""

from collections.abc import Iterator

from sqlalchemy import case, func, select

from paritrana.audit.invariants import stream
from paritrana.core.invariants import Broken, Check
from paritrana.outbox.models import Message, MessageAttempt

RULES = {
    "message.attempts": "Every attempt at sending a message is on record, and counted once.",
    "message.sent": "A message counts as sent exactly where the mail server took it.",
}


def _look() -> Iterator[Broken]:
    tried = (
        select(
            MessageAttempt.message_id,
            func.count().label("number"),
            func.max(MessageAttempt.no).label("last"),
            func.sum(case((MessageAttempt.outcome == "accepted", 1), else_=0)).label("accepted"),
        )
        .group_by(MessageAttempt.message_id)
        .subquery()
    )
    rows = stream(
        select(Message.ref, Message.state, Message.attempts, tried.c.number, tried.c.last, tried.c.accepted)
        .outerjoin(tried, tried.c.message_id == Message.id)
        .order_by(Message.ref)
    )
    for row in rows:
        if not row.attempts == (row.number or 0) == (row.last or 0):
            yield Broken(
                "message.attempts", row.ref, f"{row.attempts} attempts are counted, {row.number or 0} are on record."
            )
        if (row.state == "sent") != bool(row.accepted):
            yield Broken("message.sent", row.ref, f"Its state is {row.state}, accepted attempts: {row.accepted or 0}.")


CHECKS = (Check(RULES, _look),)
