"""Second factors and recovery codes: adding, renaming, removing, using. Every change is an event of `system`.

Using one is no event: it is a line of the security log and a time in the row. A recovery code is gone for good with its
use, so that is an event too.
"""

import hashlib
import secrets
from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from flask_security import hash_password
from flask_security.utils import verify_password
from sqlalchemy import select

from paritrana.accounts.models import Account, RecoverySet, SecondFactor
from paritrana.accounts.one_time import OneTimeCodes
from paritrana.accounts.passkeys import NewPasskey
from paritrana.audit import service as audit
from paritrana.core.codes import ALPHABET, shown
from paritrana.core.errors import BadInput, NotFound, ParitranaError
from paritrana.core.policy import Actor
from paritrana.core.words import N_
from paritrana.database import canonical, db, random_ref

CODES: Final = 10
FINDS, KEEPS = 4, 12  # signs that find the hash of a code, and those that are hashed: 60 random bits
MOST: Final = 10  # second factors of one account
LONGEST_NAME: Final = 60
_READ_AS: Final = str.maketrans("OIL", "011", " -–—\t\u00a0")


class LastFactor(ParitranaError):
    """An officer keeps at least one second factor."""

    code = "last_factor"
    status = 409
    message = N_("This is your last second factor, and your role needs one. Add another first, then remove this one.")


class TooManyFactors(ParitranaError):
    """More second factors than a person can look after. Params: `most`."""

    code = "too_many_factors"
    status = 409
    message = N_("You have %(most)s second factors. Remove one that you no longer use first.")


class FactorTaken(ParitranaError):
    """The passkey belongs to an account already."""

    code = "factor_taken"
    status = 409
    message = N_("This passkey is in use already.")


class FactorName(BadInput):
    """A second factor without a name, or with a very long one. Params: `most`."""

    code = "factor_name"
    message = N_("Give the second factor a name of 1 to %(most)s characters, such as “Phone”.")


def factors_of(account_id: int, kind: str | None = None) -> Sequence[SecondFactor]:
    """The second factors in use of an account, oldest first; with `kind` the apps or the passkeys."""
    mine = select(SecondFactor).where(SecondFactor.account_id == account_id, SecondFactor.removed_at.is_(None))
    if kind is not None:
        mine = mine.where(SecondFactor.kind == kind)
    return db.session.scalars(mine.order_by(SecondFactor.id)).all()


def get_factor(account_id: int, ref: str) -> SecondFactor:
    """A second factor in use of this account. Raises `NotFound`, also for somebody else's."""
    found = db.session.scalars(
        select(SecondFactor).where(
            SecondFactor.ref == ref, SecondFactor.account_id == account_id, SecondFactor.removed_at.is_(None)
        )
    ).one_or_none()
    if found is None:
        raise NotFound(ref)
    return found


def add_app(
    account: Account, secret: str, counter: int, name: str, *, codes: OneTimeCodes, actor: Actor, at: datetime
) -> SecondFactor:
    """Keep the secret of an app; the caller commits.

    `counter` is the time step of the code that showed that the app knows the secret: that code was used with it.
    Raises `FactorName`, `TooManyFactors`.
    """
    factor = SecondFactor(
        kind="app", name=name, secret=secret, fingerprint=codes.fingerprint(secret), last_counter=counter, sign_count=0
    )
    return _add(account, factor, actor, at)


def add_passkey(account: Account, made: NewPasskey, name: str, *, actor: Actor, at: datetime) -> SecondFactor:
    """Keep a new passkey; the caller commits. Raises `FactorName`, `TooManyFactors`, `FactorTaken`."""
    audit.lock_stream(audit.SYSTEM)
    if db.session.scalar(select(SecondFactor.id).where(SecondFactor.credential_id == made.credential_id)) is not None:
        raise FactorTaken
    factor = SecondFactor(
        kind="passkey",
        name=name,
        credential_id=made.credential_id,
        public_key=made.public_key,
        fingerprint=made.fingerprint,
        sign_count=made.sign_count,
    )
    return _add(account, factor, actor, at)


def rename(factor: SecondFactor, name: str, *, actor: Actor, at: datetime) -> None:
    """Give a second factor another name; the caller commits. Raises `FactorName`."""
    factor.name = _checked(name)
    audit.lock_stream(audit.SYSTEM)
    audit.record(audit.SYSTEM, "second_factor.renamed", actor, at=at, object_ref=factor.ref, **told_of(factor))


def remove(factor: SecondFactor, *, needed: bool, actor: Actor, at: datetime) -> None:
    """Take a second factor away and wipe its secret; the caller commits.

    `needed` says that the account may not be without one. Raises `LastFactor`, `NotFound` where it is gone by now.
    """
    audit.lock_stream(audit.SYSTEM)
    db.session.refresh(factor)
    if factor.removed_at is not None:
        raise NotFound(factor.ref)
    if needed and len(factors_of(factor.account_id)) == 1:
        raise LastFactor
    _end(factor, actor, at)


def clear(account: Account, *, actor: Actor, at: datetime) -> int:
    """Take every second factor and recovery code away, for a person who lost them all; gives how many factors.

    The account's sessions end; an officer sets a new one up at the next sign-in. The caller commits, and sees to it
    that two persons asked for this.
    """
    audit.lock_stream(audit.SYSTEM)
    found = factors_of(account.id)
    for factor in found:
        _end(factor, actor, at)
    _end_codes(account, actor, at)
    account.fs_uniquifier = random_ref("F", 8)
    return len(found)


def make_codes(account: Account, *, actor: Actor, at: datetime) -> list[str]:
    """Ten new recovery codes, to be shown this once; the earlier ones are worth nothing. The caller commits."""
    drawn: dict[str, str] = {}
    while len(drawn) < CODES:
        drawn.setdefault(_draw(FINDS), _draw(KEEPS))
    hashes = [{"finds": finds, "hash": hash_password(kept)} for finds, kept in drawn.items()]
    audit.lock_stream(audit.SYSTEM)
    _end_codes(account, actor, at)
    row = RecoverySet(ref=random_ref("RC"), account=account, hashes=hashes, used=[], made_at=at)
    db.session.add(row)
    db.session.flush()
    audit.record(audit.SYSTEM, "recovery_set.made", actor, at=at, object_ref=row.ref, **told_of_set(row))
    return [shown(finds + kept) for finds, kept in drawn.items()]


def codes_left(account_id: int) -> int:
    """How many recovery codes an account still has."""
    row = _set_of(account_id)
    return 0 if row is None else CODES - len(row.used)


def take_code(account: Account, typed: str, *, dummy: str, actor: Actor, at: datetime) -> bool:
    """Whether this is an unused recovery code of the account; it is used then. The caller commits.

    `dummy` is a hash that nothing fits: a code that is none costs the same work.
    """
    signs = typed.upper().translate(_READ_AS)
    row = _set_of(account.id)
    place = next((no for no, one in enumerate(row.hashes) if one["finds"] == signs[:FINDS]), None) if row else None
    hashed = dummy if row is None or place is None else row.hashes[place]["hash"]
    db.session.rollback()  # hashing takes long: no lock is held meanwhile
    right = len(signs) == FINDS + KEEPS and verify_password(signs[FINDS:], hashed)
    if not right or row is None or place is None:
        return False
    audit.lock_stream(audit.SYSTEM)
    db.session.refresh(row)
    if row.ended_at is not None or place in row.used:
        return False
    row.used = [*row.used, place]
    db.session.flush()
    audit.record(audit.SYSTEM, "recovery_set.used", actor, at=at, object_ref=row.ref, **told_of_set(row))
    return True


def looks_like_recovery(typed: str) -> bool:
    """Whether what was typed has the length of a recovery code rather than of an app's code."""
    return len(typed.translate(_READ_AS)) > 8


def told_of(factor: SecondFactor) -> dict[str, Any]:
    """What an event says of a second factor as it stands now; nothing of it helps to sign in."""
    return {
        "account": factor.account.ref,
        "of": factor.kind,
        "name": factor.name,
        "fingerprint": factor.fingerprint,
        "added_at": factor.added_at,
        "removed_at": factor.removed_at,
    }


def told_of_set(row: RecoverySet) -> dict[str, Any]:
    """What an event says of recovery codes as they stand now: a digest of their hashes, and which are used."""
    return {
        "account": row.account.ref,
        "digest": hashlib.sha256(canonical(row.hashes)).hexdigest(),
        "used": row.used,
        "made_at": row.made_at,
        "ended_at": row.ended_at,
    }


def _add(account: Account, factor: SecondFactor, actor: Actor, at: datetime) -> SecondFactor:
    factor.name = _checked(factor.name)
    audit.lock_stream(audit.SYSTEM)
    if len(factors_of(account.id)) >= MOST:
        raise TooManyFactors(most=MOST)
    factor.ref, factor.account, factor.added_at = random_ref("SF"), account, at
    db.session.add(factor)
    db.session.flush()
    audit.record(audit.SYSTEM, "second_factor.added", actor, at=at, object_ref=factor.ref, **told_of(factor))
    return factor


def _end(factor: SecondFactor, actor: Actor, at: datetime) -> None:
    factor.removed_at, factor.secret = at, None
    db.session.flush()
    audit.record(audit.SYSTEM, "second_factor.removed", actor, at=at, object_ref=factor.ref, **told_of(factor))


def _end_codes(account: Account, actor: Actor, at: datetime) -> None:
    row = _set_of(account.id)
    if row is None:
        return
    row.ended_at = at
    db.session.flush()
    audit.record(audit.SYSTEM, "recovery_set.ended", actor, at=at, object_ref=row.ref, **told_of_set(row))


def _set_of(account_id: int) -> RecoverySet | None:
    mine = select(RecoverySet).where(RecoverySet.account_id == account_id, RecoverySet.ended_at.is_(None))
    return db.session.scalars(mine.order_by(RecoverySet.id.desc())).first()


def _checked(name: str) -> str:
    if not 1 <= len(name.strip()) <= LONGEST_NAME:
        raise FactorName(most=LONGEST_NAME)
    return name.strip()


def _draw(signs: int) -> str:
    return "".join(secrets.choice(ALPHABET) for _ in range(signs))
