"""What people change about their own account, and where they are signed in."""

from datetime import datetime

from sqlalchemy import delete, select

from paritrana.accounts import queries
from paritrana.accounts.models import Account, SignInSession
from paritrana.accounts.service import NameMissing
from paritrana.audit import service as audit
from paritrana.core.errors import NotFound, StaleVersion
from paritrana.core.policy import Actor
from paritrana.database import db, rows_changed


def change_profile(
    account: Account, *, name: str, position: str, language: str | None, expected: int, actor: Actor, at: datetime
) -> None:
    """Keep the name and position that are shown and the language; the caller commits.

    `expected` is the version that the form was made from. Raises `NameMissing`, `StaleVersion`.
    """
    if not name.strip():
        raise NameMissing
    audit.lock_stream(audit.SYSTEM)
    db.session.refresh(account)
    if account.version != expected:
        raise StaleVersion(who=account.name, time="")
    account.name, account.position, account.language = name.strip(), position.strip(), language
    account.version += 1
    db.session.flush()
    audit.record(
        audit.SYSTEM, "account.profile_changed", actor, at=at, object_ref=account.ref, name=account.name,
        position=account.position, language=account.language,
    )  # fmt: skip


def get_session(account_id: int, ref: str, at: datetime) -> SignInSession:
    """A session in which this account is signed in now. Raises `NotFound`, also for somebody else's."""
    found = next((one for one in queries.sessions_of(account_id, at) if one.ref == ref), None)
    if found is None:
        raise NotFound(ref)
    return found


def end_session(session: SignInSession) -> None:
    """End one session at once; the caller commits."""
    db.session.execute(delete(SignInSession).where(SignInSession.id == session.id))


def end_others(account_id: int, but: str) -> int:
    """End every session of an account but the one with this reference; gives how many. The caller commits."""
    return rows_changed(delete(SignInSession).where(SignInSession.account_id == account_id, SignInSession.ref != but))


def account_of(actor: Actor) -> Account:
    """The account of the person at the door."""
    return db.session.scalars(select(Account).where(Account.id == actor.account_id)).one()
