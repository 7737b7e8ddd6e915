"""How guessing a password is slowed down: failures are rows, counted per account, source and known device.

An attempt is noted as a failure and committed before the password is looked at, and taken back when it turns out
right. Attempts that run side by side therefore see each other. What is counted belongs to the e-mail address as typed,
so that an address without an account is answered like one with.
"""

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from ipaddress import IPv6Address, ip_address

from sqlalchemy import ColumnElement, Select, and_, delete, select, update

from paritrana.accounts import queries
from paritrana.accounts.models import SignInFailure
from paritrana.core.errors import ParitranaError
from paritrana.core.words import N_
from paritrana.database import db

WINDOW = timedelta(hours=1)
PER_PAIR = 10  # failures of one account from one source in the window; a known device is a source of its own
PER_SOURCE = 15  # failures from one source in the window, over all accounts; not asked of a known device
IN_A_ROW = 100  # failures of one account since its last success; not asked of a known device
KEPT = timedelta(days=90)


class TooManyAttempts(ParitranaError):
    """Too many failed sign-ins in the last hour. Params: `minutes`."""

    code = "too_many_attempts"
    status = 429
    message = N_("There were too many failed attempts. Wait %(minutes)s minutes, then try again.")


class SignInLocked(TooManyAttempts):
    """A hundred failures in a row: guessing from many sources."""

    code = "sign_in_locked"
    message = N_(
        "Sign-in with this address is locked after many failed attempts. Use a device on which you signed in before, "
        "or ask the administrator for a new password."
    )


@dataclass(frozen=True, slots=True)
class Source:
    """Where an attempt comes from, as keyed hashes. `known` is a device on which this account signed in before."""

    account_key: str
    source_key: str
    known: bool


def keyed(secret: str, purpose: str, text: str) -> str:
    """A hash of `text` that only this installation can make; `purpose` keeps the uses of the secret apart."""
    return hmac.new(secret.encode(), f"{purpose}:{text}".encode(), hashlib.sha256).hexdigest()


def source_text(address: str | None) -> str:
    """A network address as a source: an IPv6 one counts by its /64, which one household or office has whole."""
    if not address:
        return "unknown"
    try:
        found = ip_address(address.partition("%")[0])
    except ValueError:
        return "unknown"
    if isinstance(found, IPv6Address):
        mapped = found.ipv4_mapped
        return str(mapped) if mapped else found.exploded[:19]
    return str(found)


def note(source: Source, at: datetime) -> SignInFailure:
    """Count an attempt before its password is looked at; the caller commits at once."""
    row = SignInFailure(account_key=source.account_key, source_key=source.source_key, forgiven=False, at=at)
    db.session.add(row)
    db.session.flush()
    return row


def refuse_too_many(source: Source, at: datetime) -> None:
    """Raise `TooManyAttempts` or `SignInLocked` when the attempt just noted is one too many."""
    since = at - WINDOW
    pair = queries.failures_of_pair(source.account_key, source.source_key, since)
    if len(pair) > PER_PAIR:
        raise TooManyAttempts(minutes=_minutes_until(pair[0], at))
    if source.known:
        return
    if queries.failures_of_source(source.source_key, since) > PER_SOURCE:
        first = queries.first_failure_of_source(source.source_key, since)
        raise TooManyAttempts(minutes=_minutes_until(first or at, at))
    if queries.failures_in_a_row(source.account_key) > IN_A_ROW:
        raise SignInLocked(minutes=60)


def take_back(row_id: int) -> None:
    """Uncount an attempt: it was refused unread, or its password was right; the caller commits."""
    db.session.execute(delete(SignInFailure).where(SignInFailure.id == row_id))


def forgive(account_key: str, at: datetime) -> None:
    """Begin counting an account's failures in a row anew, after a success; old rows go. The caller commits.

    Rows that another sign-in is forgiving at this moment are left to it: two must not wait for each other.
    """
    counted = and_(SignInFailure.account_key == account_key, SignInFailure.forgiven.is_(False))
    old = and_(SignInFailure.forgiven.is_(True), SignInFailure.at < at - KEPT)
    db.session.execute(update(SignInFailure).where(SignInFailure.id.in_(_free(counted))).values(forgiven=True))
    db.session.execute(delete(SignInFailure).where(SignInFailure.id.in_(_free(old))))


def _free(which: ColumnElement[bool]) -> Select[int]:
    return select(SignInFailure.id).where(which).with_for_update(skip_locked=True)


def retry_after(refusal: TooManyAttempts) -> Mapping[str, str]:
    """The header that tells a machine how long to wait."""
    return {"Retry-After": str(int(refusal.params.get("minutes", 60)) * 60)}


def _minutes_until(first: datetime, at: datetime) -> int:
    """Whole minutes until the failure at `first` leaves the window, at least one."""
    seconds = (first + WINDOW - at).total_seconds()
    return max(1, -(-int(seconds) // 60))
