"""Hints that several people may share an account: open sessions far apart at once, or on many devices.

A hint blocks nobody. It stands on the administrator's page and on the owner's.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from ipaddress import ip_address
from typing import Final

from sqlalchemy import select

from paritrana.accounts.models import SignInSession
from paritrana.accounts.session import idle_limit
from paritrana.core.words import N_
from paritrana.database import db

TOGETHER: Final = timedelta(minutes=15)  # sessions used within so short a time are in use at once
MANY_DEVICES: Final = 4

FAR: Final = N_("Open at once in %(n)s networks far from each other")
MANY: Final = N_("Open at once on %(n)s devices")


@dataclass(frozen=True, slots=True)
class Hint:
    """A sentence about an account: a message id and its number."""

    message: str
    n: int


def sessions_of(account_ids: Collection[int], at: datetime) -> Mapping[int, Sequence[SignInSession]]:
    """The sessions of these accounts that are good now, by account, the last used first (one statement)."""
    wanted = select(SignInSession).where(
        SignInSession.account_id.in_(account_ids), SignInSession.pending.is_(False), SignInSession.expires_at > at
    )
    found: dict[int, list[SignInSession]] = {account_id: [] for account_id in account_ids}
    for one in db.session.scalars(wanted.order_by(SignInSession.last_seen_at.desc(), SignInSession.id)):
        if one.account_id is not None and at - one.last_seen_at <= idle_limit(one.officer):
            found[one.account_id].append(one)
    return found


def hints_of(sessions: Iterable[SignInSession], at: datetime) -> list[Hint]:
    """What the open sessions of one account hint at."""
    together = [one for one in sessions if at - one.last_seen_at <= TOGETHER]
    networks = {network_of(one.source) for one in together} - {""}
    devices = {(one.source, one.browser) for one in together}
    hints = []
    if len(networks) > 1:
        hints.append(Hint(FAR, len(networks)))
    if len(devices) >= MANY_DEVICES:
        hints.append(Hint(MANY, len(devices)))
    return hints


def network_of(source: str) -> str:
    """The larger network that an address lies in: /16 of IPv4, /32 of IPv6. Offices and mobile networks stay whole."""
    try:
        found = ip_address(source.partition("/")[0])
    except ValueError:
        return ""
    return ".".join(str(found).split(".")[:2]) if found.version == 4 else found.exploded[:9]
