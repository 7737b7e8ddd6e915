"""Telling apart people who have no staff number: a keyed hash of the national identity number, which is kept nowhere.

The key lies in a file of its own, outside the database and its backups; an unkeyed hash would be useless, because the
numbers of a regency can all be tried in a minute. After the key was changed by two people, the older one stays until
everybody has given the number again at a later sign-in; then its file is destroyed.
"""

import hmac
import os
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Final

import structlog
from sqlalchemy import func, select

from paritrana.accounts.models import Person, StaffRequest
from paritrana.accounts.requests import StaffAct
from paritrana.audit import service as audit
from paritrana.config import Settings
from paritrana.core.errors import BadInput, ParitranaError
from paritrana.core.identity import LENGTH
from paritrana.core.policy import Act, Actor
from paritrana.core.words import N_
from paritrana.database import db
from paritrana.signing import make_key, signing_key

PURPOSE: Final = "person"
ROTATE: Final = "rotate_person_key"
_ID: Final = b"paritrana person key id"

log = structlog.get_logger("security")


class IdentityForm(BadInput):
    """What was typed is no identity number."""

    code = "identity_form"
    message = N_("Write the 16 digits of the identity number, without points and blanks.")


class IdentityTaken(ParitranaError):
    """Another person of this installation has this number: one human being with two accounts."""

    code = "identity_taken"
    message = N_("Another account here belongs to this number. Ask the administrator to join them.")


def folder_of(settings: Settings) -> Path:
    """Where the keys lie."""
    return settings.instance_path / "keys"


def id_of(key: bytes) -> str:
    """The name of a key, which tells nothing of it."""
    return hmac.digest(key, _ID, "sha256").hex()[:16]


def keys(settings: Settings) -> Sequence[bytes]:
    """The key in use, made where there is none, then the older ones. Raises `KeyMissing`, `UnsafeKey`, `OSError`."""
    folder = folder_of(settings)
    make_key(folder, PURPOSE)
    older = sorted(path.stem for path in folder.glob(f"{PURPOSE}-*.key"))
    return [signing_key(folder, name).seed for name in (PURPOSE, *older)]


def current_id(settings: Settings) -> str:
    """The name of the key in use."""
    return id_of(keys(settings)[0])


def bind(person: Person, number: str, settings: Settings) -> None:
    """Keep the keyed hash of a person's number, made with the key in use; the caller commits.

    Raises `IdentityForm`, `IdentityTaken`.
    """
    number = "".join(number.split())
    if len(number) != LENGTH or not (number.isascii() and number.isdigit()):
        raise IdentityForm
    every = keys(settings)
    for key in every:
        found = db.session.scalar(
            select(Person.id).where(Person.identity_key == id_of(key), Person.identity_hash == _hash(key, number))
        )
        if found is not None and found != person.id:
            log.warning("identity_twice", object=str(found), result="refused")
            raise IdentityTaken
    person.identity_key, person.identity_hash = id_of(every[0]), _hash(every[0], number)
    db.session.flush()


def _hash(key: bytes, number: str) -> str:
    return hmac.digest(key, number.encode("ascii"), "sha256").hex()


def stale(person: Person, settings: Settings) -> bool:
    """Whether the person's hash was made with an older key, so that the number is asked for again."""
    return person.identity_key is not None and person.identity_key != current_id(settings)


def behind(settings: Settings) -> int:
    """How many people's hashes were made with an older key."""
    now = current_id(settings)
    older = (Person.identity_key.is_not(None), Person.identity_key != now)
    return db.session.scalar(select(func.count()).select_from(Person).where(*older)) or 0


def forget_older(settings: Settings) -> int:
    """Destroy the older keys that nobody's hash needs any more; gives how many. The caller has committed."""
    used = set(db.session.scalars(select(Person.identity_key).distinct()))
    count = 0
    for path in folder_of(settings).glob(f"{PURPOSE}-*.key"):
        if id_of(signing_key(folder_of(settings), path.stem).seed) not in used:
            path.unlink()
            log.warning("key_destroyed", object=path.stem, act=Act.ROTATE_KEY.value)
            count += 1
    return count


def rotation(settings: Settings) -> StaffAct:
    """The act of two people that changes the key of an installation with these folders."""

    def carry_out(request: StaffRequest, actor: Actor, at: datetime) -> None:
        rotate(settings, request, actor=actor, at=at)

    return StaffAct(ROTATE, N_("Change the key of identity numbers"), Act.ROTATE_KEY, carry_out)


def rotate(settings: Settings, request: StaffRequest, *, actor: Actor, at: datetime) -> None:
    """Put the key in use aside and make another; the caller commits.

    The event is written first: where the disk refuses, nothing was changed, and where the commit fails, an older key
    beside a new one does no harm.
    """
    old = current_id(settings)
    audit.record(audit.SYSTEM, "key.rotated", actor, at=at, object_ref=request.ref, purpose=PURPOSE, before=old)
    folder = folder_of(settings)
    os.rename(folder / f"{PURPOSE}.key", folder / f"{PURPOSE}-{old}.key")
    make_key(folder, PURPOSE)
    log.warning("key_rotated", object=PURPOSE, act=Act.ROTATE_KEY.value)
