"""Reads of what is kept, destroyed and erased."""

from collections.abc import Mapping, Sequence

from sqlalchemy import select

from paritrana.accounts.models import Account, StaffRequest
from paritrana.core.errors import NotFound
from paritrana.database import db
from paritrana.privacy.models import Destruction, Erasure, RetentionRule


def newest_rules() -> Mapping[str, RetentionRule]:
    """The newest stored rule of each kind that has one (one statement)."""
    rows = db.session.scalars(select(RetentionRule).order_by(RetentionRule.kind, RetentionRule.version))
    return {row.kind: row for row in rows}


def destructions(limit: int = 50) -> Sequence[Destruction]:
    """The records of what was destroyed, newest first (one statement)."""
    return db.session.scalars(select(Destruction).order_by(Destruction.id.desc()).limit(limit)).all()


def erasures(limit: int = 50) -> Sequence[Erasure]:
    """The records of erased people, newest first (one statement)."""
    return db.session.scalars(select(Erasure).order_by(Erasure.id.desc()).limit(limit)).all()


def get_destruction(destruction: str) -> Destruction:
    """The record of a destruction by its reference. Raises `NotFound`."""
    found = db.session.scalars(select(Destruction).where(Destruction.ref == destruction)).one_or_none()
    if found is None:
        raise NotFound(destruction)
    return found


def destroyed_of(request_ref: str) -> frozenset[str]:
    """The kinds that were destroyed for a request (one statement)."""
    return frozenset(db.session.scalars(select(Destruction.kind).where(Destruction.request_ref == request_ref)))


def requests_of(kinds: Sequence[str], *, state: str) -> Sequence[StaffRequest]:
    """The requests of two people of these kinds in a state, oldest first (one statement)."""
    return db.session.scalars(
        select(StaffRequest).where(StaffRequest.kind.in_(kinds), StaffRequest.state == state).order_by(StaffRequest.id)
    ).all()


def get_account(account: str) -> Account:
    """An account by its reference. Raises `NotFound`."""
    found = db.session.scalars(select(Account).where(Account.ref == account)).one_or_none()
    if found is None:
        raise NotFound(account)
    return found


def accounts_of(person_id: int) -> Sequence[Account]:
    """Every account of a person (one statement)."""
    return db.session.scalars(select(Account).where(Account.person_id == person_id).order_by(Account.id)).all()
