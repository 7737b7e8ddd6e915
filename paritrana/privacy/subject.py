"""One person's data as a package: what is stored about somebody, for that person alone."""

import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import Result, select

from paritrana import securitylog
from paritrana.accounts.models import Account, Device, RoleGrant, SignInSession
from paritrana.audit.models import Event, EventBody
from paritrana.config import Settings
from paritrana.cycles.models import Category, Cycle
from paritrana.database import db
from paritrana.nominations.models import Attachment, Nomination
from paritrana.outbox.models import Message
from paritrana.panels.models import Declaration, Recusal, Seat
from paritrana.privacy import queries
from paritrana.reference.models import Organisation
from paritrana.scopes import everybody

LOOKS: Final = timedelta(days=90)  # how far back the lines of the security log go into the package
MOST_LINES: Final = 20_000
BATCH: Final = 1000


@everybody("what is stored of one person is gathered from every cycle, for that person")
def package(account: Account, settings: Settings, at: datetime) -> dict[str, Any]:
    """Everything that is stored about a person, in plain words of English; no secret, no value of another's act.

    Of an act of the person it says what, when and on what, not the marks: those stand on the sheets.
    """
    accounts = queries.accounts_of(account.person_id)
    ids = [one.id for one in accounts]
    return {
        "format": "paritrana-personal-data/1",
        "made_at": at.isoformat(),
        "accounts": [_account(one) for one in accounts],
        "person": {
            "staff_number": account.person.staff_number,
            "identity_number": "a keyed hash only" if account.person.identity_hash else "not stored",
        },
        "roles": [_role(*row) for row in _roles(ids)],
        "seats": [
            {"cycle": code, "category": slug, "role": seat.role, "code": seat.code, "ended_at": _text(seat.ended_at)}
            for seat, slug, code in _seats(ids)
        ],
        "declarations": len(db.session.scalars(select(Declaration.id).where(Declaration.account_id.in_(ids))).all()),
        "recusals": [
            {"reason": one.reason}
            for one in db.session.scalars(select(Recusal).where(Recusal.account_id.in_(ids)).order_by(Recusal.id))
        ],
        "sessions": [
            {"began": _text(one.created_at), "last_seen": _text(one.last_seen_at), "ends": _text(one.expires_at)}
            for one in db.session.scalars(select(SignInSession).where(SignInSession.account_id.in_(ids)))
        ],
        "devices": [
            {"device": one.ref, "registered": _text(one.registered_at), "ended": _text(one.revoked_at)}
            for one in db.session.scalars(select(Device).where(Device.account_id.in_(ids)).order_by(Device.id))
        ],
        "files": [
            {"nomination": ref, "document": no, "name": name, "uploaded_at": _text(uploaded)}
            for ref, no, name, uploaded in db.session.execute(
                select(Nomination.ref, Attachment.no, Attachment.name, Attachment.uploaded_at)
                .join(Nomination, Nomination.id == Attachment.nomination_id)
                .where(Attachment.uploaded_by.in_(ids))
                .order_by(Attachment.id)
            )
        ],
        "messages": [
            {"subject": one.subject, "state": one.state, "sent_at": _text(one.sent_at)}
            for one in db.session.scalars(select(Message).where(Message.account_id.in_(ids)).order_by(Message.id))
        ],
        "acts": list(_acts({one.ref for one in accounts})),
        "security_log": list(_lines({one.ref for one in accounts}, settings, at)),
    }


def _text(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat()


def _account(one: Account) -> dict[str, Any]:
    return {
        "account": one.ref, "email": one.email, "name": one.name, "position": one.position, "active": one.active,
        "office_region": one.office_region_code, "created_at": _text(one.created_at),
        "password": "stored as a hash" if one.password else "none",
    }  # fmt: skip


def _roles(ids: list[int]) -> Result[RoleGrant, str | None, str | None]:
    return db.session.execute(
        select(RoleGrant, Organisation.name, Cycle.code)
        .outerjoin(Organisation, Organisation.id == RoleGrant.organisation_id)
        .outerjoin(Cycle, Cycle.id == RoleGrant.cycle_id)
        .where(RoleGrant.account_id.in_(ids))
        .order_by(RoleGrant.id)
    )


def _role(grant: RoleGrant, organisation: str | None, code: str | None) -> dict[str, Any]:
    return {
        "role": grant.role, "organisation": organisation, "cycle": code, "granted_at": _text(grant.granted_at),
        "ended_at": _text(grant.ended_at),
    }  # fmt: skip


def _seats(ids: list[int]) -> Result[Seat, str, str]:
    return db.session.execute(
        select(Seat, Category.slug, Cycle.code)
        .join(Category, Category.id == Seat.category_id)
        .join(Cycle, Cycle.id == Category.cycle_id)
        .where(Seat.account_id.in_(ids))
        .order_by(Seat.id)
    )


def _acts(refs: set[str]) -> Iterator[dict[str, Any]]:
    """What the person did, by the events that say so."""
    statement = (
        select(Event.stream, Event.seq, Event.kind, Event.at_utc, Event.object_ref, EventBody.body)
        .join(EventBody, (EventBody.stream == Event.stream) & (EventBody.seq == Event.seq))
        .where(EventBody.body.is_not(None))
        .order_by(Event.stream, Event.seq)
    )
    needles = [ref.encode() for ref in refs]
    for row in db.session.execute(statement, execution_options={"yield_per": BATCH}):
        body = row.body or b""
        if any(needle in body for needle in needles) and json.loads(body).get("actor") in refs:
            yield {"stream": row.stream, "no": row.seq, "kind": row.kind, "at": row.at_utc, "object": row.object_ref}


def _lines(refs: set[str], settings: Settings, at: datetime) -> Iterator[dict[str, Any]]:
    count = 0
    for line in securitylog.read(settings.security_log, at - LOOKS, at):
        if line.get("account") in refs and count < MOST_LINES:
            count += 1
            yield {name: line.get(name) for name in ("time", "event", "act", "object", "result", "source")}
