"""Tokens of invitations and links: derived from the row and a secret outside the database, never stored.

A token is the public reference of the row and a keyed hash over everything it is bound to. Whoever reads the database
cannot make one; whoever changes a row, or a password, makes the token of before worthless.
"""

import base64
import hashlib
import hmac
import re
from collections.abc import Sequence
from datetime import datetime
from typing import Final

from sqlalchemy import select

from paritrana.accounts.models import Account
from paritrana.database import canonical, db
from paritrana.people.models import AccountLink, Invitation

# What a token is bound to. A reference that nothing has costs the same work as one with a wrong token: rows are loaded
# whole only for who has the right one.
_OF_INVITATION: Final = (
    Invitation.email, Invitation.role, Invitation.organisation_id, Invitation.cycle_id, Invitation.expires_at,
)  # fmt: skip
_OF_LINK: Final = AccountLink.kind, Account.ref, AccountLink.email, AccountLink.expires_at, Account.password

_TOKEN: Final = re.compile(r"([A-Z](?:-[0-9A-HJKMNP-TV-Z]{4})+)\.([A-Za-z0-9_-]{43})")


def token_of_invitation(secret: str, invitation: Invitation) -> str:
    """The token of an invitation, bound to address, role, organisation or cycle, and its last moment."""
    bound = (getattr(invitation, column.key) for column in _OF_INVITATION)
    return _invitation_token(secret, invitation.ref, *bound)


def token_of_link(secret: str, link: AccountLink) -> str:
    """The token of a link, bound to the address, its last moment and the password of now."""
    account = link.account
    return _link_token(secret, link.ref, link.kind, account.ref, link.email, link.expires_at, account.password)


def find_invitation(secret: str, token: str, at: datetime) -> Invitation | None:
    """The invitation that a token opens now; None for every other token, whatever is wrong with it."""
    match = _TOKEN.fullmatch(token)
    if match is None:
        return None
    row = db.session.execute(select(*_OF_INVITATION).where(Invitation.ref == match[1])).one_or_none()
    made = _invitation_token(secret, match[1], *("", "", None, None, at) if row is None else row)
    if not hmac.compare_digest(made, token) or row is None:
        return None
    found = db.session.scalars(select(Invitation).where(Invitation.ref == match[1])).one()
    return found if found.state == "open" and found.expires_at > at else None


def find_link(secret: str, kind: str, token: str, at: datetime) -> AccountLink | None:
    """The link of a kind that a token opens now; None for every other token, whatever is wrong with it."""
    match = _TOKEN.fullmatch(token)
    if match is None:
        return None
    wanted = AccountLink.ref == match[1], AccountLink.kind == kind
    row = db.session.execute(select(*_OF_LINK).join(AccountLink.account).where(*wanted)).one_or_none()
    made = _link_token(secret, match[1], *(kind, "", "", at, None) if row is None else row)
    if not hmac.compare_digest(made, token) or row is None:
        return None
    found = db.session.scalars(select(AccountLink).where(*wanted)).one()
    return found if found.state == "open" and found.expires_at > at and found.account.active else None


def _invitation_token(
    secret: str, ref: str, email: str, role: str, organisation_id: int | None, cycle_id: int | None, until: datetime
) -> str:
    return _token(secret, "invitation", ref, [email, role, organisation_id or 0, cycle_id or 0, until.isoformat()])


def _link_token(
    secret: str, ref: str, kind: str, account: str, email: str, until: datetime, password: str | None
) -> str:
    return _token(secret, "link", ref, [kind, account, email, until.isoformat(), password or ""])


def _token(secret: str, purpose: str, ref: str, bound: Sequence[object]) -> str:
    text = canonical({"purpose": purpose, "ref": ref, "bound": list(bound)})
    mac = hmac.new(secret.encode(), text, hashlib.sha256).digest()
    return f"{ref}.{base64.urlsafe_b64encode(mac).rstrip(b'=').decode()}"
