"""Every invariant of the house, room by room: what `paritrana check`, the tests and a job in the background ask."""

import os
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Final

import structlog
from sqlalchemy import select
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from paritrana.accounts import invariants as accounts
from paritrana.audit import invariants as audit
from paritrana.certificates import invariants as certificates
from paritrana.config import Settings
from paritrana.core.errors import ParitranaError
from paritrana.core.invariants import Broken, Check
from paritrana.cycles import invariants as cycles
from paritrana.cycles.models import Cycle
from paritrana.cycles.setup import invariants as setup
from paritrana.database import db, reading
from paritrana.files import invariants as files
from paritrana.files.previews import invariants as previews
from paritrana.files.store import BlobStore
from paritrana.inspection import invariants as inspection
from paritrana.interviews import invariants as interviews
from paritrana.nominations import invariants as nominations
from paritrana.nominations.namelists import invariants as namelists
from paritrana.outbox import invariants as outbox
from paritrana.panels import invariants as panels
from paritrana.people import invariants as people
from paritrana.privacy import invariants as privacy
from paritrana.publication import invariants as publication
from paritrana.results import invariants as results
from paritrana.sheets import invariants as sheets
from paritrana.signing.signers import CertificateKeyMissing, check_keys
from paritrana.verification import invariants as verification

log = structlog.get_logger("paritrana.operations")

ROOMS: Final = (
    audit, accounts, cycles, setup, files, previews, outbox, nominations, namelists, panels, verification, interviews,
    sheets, results, certificates, publication, people, inspection, privacy,
)  # fmt: skip

INSTALLATION: Final = {
    "setting.real_cycle": "Demonstration mode holds no real cycle.",
    "setting.blob_folder": "The folder of files can be written.",
    "setting.certificate_keys": "Certificates can be signed with the keys that the settings name.",
    "look.failed": "What is stored can be read as what it is.",
}

RULES: Final[Mapping[str, str]] = {
    rule: meaning
    for rules in (
        INSTALLATION,
        *(check.rules for room in ROOMS for check in room.CHECKS),
        files.RULES,
    )
    for rule, meaning in rules.items()
}
"""Every rule by its code, with its meaning in one sentence."""

Progress = Callable[[int, int], None]


def broken_rules(
    settings: Settings,
    *,
    at: datetime,
    with_files: bool = True,
    only: Collection[str] | None = None,
    progress: Progress | None = None,
) -> Iterator[Broken]:
    """Every broken rule of this installation, read as it stands at one moment; nothing is changed.

    `at` is the machine's moment, for the age of files. `with_files` reads every stored file whole. `only` leaves out
    the looks that can name none of these rules; what the others find is told whole. `progress` is told the looks that
    are done and all of them, before the first and after each; whatever it raises ends the reading, and so does closing
    the iterator. It begins and ends a transaction of the session: call it between two of your own.
    """
    checks = [
        check for check in _checks(settings, at, with_files) if only is None or not check.rules.keys().isdisjoint(only)
    ]
    _begin()
    try:
        for done, check in enumerate(checks):
            if progress is not None:
                progress(done, len(checks))
            yield from _looked(check)
            db.session.expunge_all()
        if progress is not None:
            progress(len(checks), len(checks))
    finally:
        db.session.rollback()


def _looked(check: Check) -> Iterator[Broken]:
    """A look that comes to its end whatever is stored: what was tampered with may hold anything."""
    try:
        yield from check.look()
    except DBAPIError:
        raise
    except (
        ParitranaError,
        SQLAlchemyError,
        ArithmeticError,
        AttributeError,
        LookupError,
        TypeError,
        ValueError,
    ) as fault:
        log.error("look_failed", rules=list(check.rules), exc_info=True)
        yield Broken("look.failed", ", ".join(check.rules), f"What is stored cannot be read: {fault!r}.")


def _checks(settings: Settings, at: datetime, with_files: bool) -> Sequence[Check]:
    found = [Check(INSTALLATION, lambda: _installation(settings, at))]
    found.extend(check for room in ROOMS for check in room.CHECKS)
    if with_files:
        found.append(files.check_of(BlobStore(settings.blob_path), at))
    return found


def _begin() -> None:
    """Open a reading transaction in which every statement sees the same moment."""
    db.session.rollback()
    with reading():
        if db.session.get_bind().dialect.name == "postgresql":
            db.session.connection(execution_options={"isolation_level": "REPEATABLE READ"})
        else:
            db.session.connection()


def _installation(settings: Settings, at: datetime) -> Iterator[Broken]:
    if settings.demo:
        for code in db.session.scalars(select(Cycle.code).where(Cycle.kind == "real").order_by(Cycle.code)):
            yield Broken("setting.real_cycle", code, "Demonstration mode refuses a database with a real cycle.")
    if settings.blob_path.exists() and not os.access(settings.blob_path, os.W_OK | os.X_OK):
        yield Broken("setting.blob_folder", str(settings.blob_path), "The folder of files cannot be written.")
    try:
        check_keys(settings, at=at)
    except CertificateKeyMissing as fault:
        yield Broken("setting.certificate_keys", "keys", fault.detail)
