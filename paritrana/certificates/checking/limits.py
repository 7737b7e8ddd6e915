"""How often one source may ask: counted beside the question, in a short transaction of its own.

A network address counts by itself, an IPv6 one by its /64; a person who is signed in counts alone, wherever that is.
Whoever brings the signed text of a real code knows that code already and is not counted at all: many people behind one
address may scan papers at once. Where the count cannot be stored, the question is answered: codes have 75 random bits,
and a register on a full disk must still answer.
"""

from contextvars import copy_context
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final

import structlog
from sqlalchemy import case, delete, select
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.exc import SQLAlchemyError

from paritrana.certificates.checking.models import VerifyAttempt
from paritrana.core.errors import ParitranaError
from paritrana.core.words import N_
from paritrana.database import db, set_writing

log = structlog.get_logger("security")

WINDOW: Final = timedelta(minutes=10)
KEPT: Final = timedelta(days=1)


class Asked(StrEnum):
    """What is counted."""

    LOOK = "look"  # a whole code, typed
    GUESS = "guess"  # a whole code that no published certificate has
    FILE = "file"


MOST: Final = {Asked.LOOK: 300, Asked.GUESS: 30, Asked.FILE: 20}


class TooManyChecks(ParitranaError):
    """One source asked too often in the window. Params: `minutes`."""

    code = "too_many_checks"
    status = 429
    message = N_("There were too many checks from your connection. Wait %(minutes)s minutes, then try again.")


def enter(source: str, kind: Asked, at: datetime) -> None:
    """Count a question before it is answered. Raises `TooManyChecks`, also after too many guesses."""
    counted = _beside(_count, source, kind, at)
    if counted is None:
        return
    _refuse(kind, counted, at)
    guessed = _beside(_guesses, source, at)
    if guessed is not None and guessed[0] >= MOST[Asked.GUESS]:
        raise TooManyChecks(minutes=_minutes(guessed[1], at))


def note_guess(source: str, at: datetime) -> None:
    """Count a whole code that was not found. The request's own transaction is over before."""
    db.session.rollback()
    _beside(_count, source, Asked.GUESS, at)


def _refuse(kind: Asked, counted: tuple[int, datetime], at: datetime) -> None:
    count, began = counted
    if count > MOST[kind]:
        log.warning("check_refused", kind=kind.value)
        raise TooManyChecks(minutes=_minutes(began, at))


def _minutes(began: datetime, at: datetime) -> int:
    """Whole minutes until the window that began then is over, at least one."""
    return max(1, -(-int((began + WINDOW - at).total_seconds()) // 60))


def _beside(work: Any, *arguments: Any) -> tuple[int, datetime] | None:
    """Do a short piece of work in a transaction of its own; None where the database cannot."""
    try:
        found: tuple[int, datetime] | None = copy_context().run(_now, work, arguments)
    except SQLAlchemyError as error:
        log.error("check_not_counted", cause=type(error).__name__)
        return None
    return found


def _now(work: Any, arguments: tuple[Any, ...]) -> tuple[int, datetime] | None:
    set_writing(True)  # in this copy of the context only
    with db.engine.begin() as connection:
        found: tuple[int, datetime] | None = work(connection, *arguments)
        return found


def _count(connection: Any, source: str, kind: Asked, at: datetime) -> tuple[int, datetime]:
    insert = postgresql_insert if connection.dialect.name == "postgresql" else sqlite_insert
    over = VerifyAttempt.began_at <= at - WINDOW
    row = connection.execute(
        insert(VerifyAttempt)
        .values(source_key=source, kind=kind.value, began_at=at, count=1)
        .on_conflict_do_update(
            index_elements=["source_key", "kind"],
            set_={
                "count": case((over, 1), else_=VerifyAttempt.count + 1),
                "began_at": case((over, at), else_=VerifyAttempt.began_at),
            },
        )
        .returning(VerifyAttempt.count, VerifyAttempt.began_at)
    ).one()
    if row.count == 1:
        # After the row above, so that nobody who holds a row waits for another one.
        old = select(VerifyAttempt.id).where(VerifyAttempt.began_at < at - KEPT).with_for_update(skip_locked=True)
        connection.execute(delete(VerifyAttempt).where(VerifyAttempt.id.in_(old)))
    return row.count, row.began_at


def _guesses(connection: Any, source: str, at: datetime) -> tuple[int, datetime] | None:
    row = connection.execute(
        select(VerifyAttempt.count, VerifyAttempt.began_at).where(
            VerifyAttempt.source_key == source,
            VerifyAttempt.kind == Asked.GUESS.value,
            VerifyAttempt.began_at > at - WINDOW,
        )
    ).one_or_none()
    return None if row is None else (row.count, row.began_at)
