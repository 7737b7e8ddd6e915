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

from paritrana.database import canonical, db
from paritrana.people.models import AccountLink, Invitation

_TOKEN: Final = re.compile(r"([A-Z](?:-[0-9A-HJKMNP-TV-Z]{4})+)\.([A-Za-z0-9_-]{43})")


def token_of_invitation(secret: str, invitation: Invitation) -> str:
    """The token of an invitation, bound to address, role, organisation or cycle, and its last moment."""
    bound = [invitation.email, invitation.role, invitation.organisation_id or 0, invitation.cycle_id or 0]
    return _token(secret, "invitation", invitation.ref, [*bound, invitation.expires_at.isoformat()])


def token_of_link(secret: str, link: AccountLink) -> str:
    """The token of a link, bound to the address, its last moment and the password of now."""
    account = link.account
    bound = [link.kind, account.ref, link.email, link.expires_at.isoformat(), account.password or ""]
    return _token(secret, "link", link.ref, bound)


def find_invitation(secret: str, token: str, at: datetime) -> Invitation | None:
    """The invitation that a token opens now; None for every other token, whatever is wrong with it."""
    match = _TOKEN.fullmatch(token)
    if match is None:
        return None
    found = db.session.scalars(select(Invitation).where(Invitation.ref == match[1])).one_or_none()
    if found is None or not hmac.compare_digest(token_of_invitation(secret, found), token):
        return None
    return found if found.state == "open" and found.expires_at > at else None


def find_link(secret: str, kind: str, token: str, at: datetime) -> AccountLink | None:
    """The link of a kind that a token opens now; None for every other token, whatever is wrong with it."""
    match = _TOKEN.fullmatch(token)
    if match is None:
        return None
    wanted = select(AccountLink).where(AccountLink.ref == match[1], AccountLink.kind == kind)
    found = db.session.scalars(wanted).one_or_none()
    if found is None or not hmac.compare_digest(token_of_link(secret, found), token):
        return None
    return found if found.state == "open" and found.expires_at > at and found.account.active else None


def _token(secret: str, purpose: str, ref: str, bound: Sequence[object]) -> str:
    text = canonical({"purpose": purpose, "ref": ref, "bound": list(bound)})
    mac = hmac.new(secret.encode(), text, hashlib.sha256).digest()
    return f"{ref}.{base64.urlsafe_b64encode(mac).rstrip(b'=').decode()}"
