"""A database that refuses what it is asked, as with a full disk, or in which somebody else was quicker."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import event
from sqlalchemy.exc import OperationalError

from paritrana.database import db


@contextmanager
def failing(beginning: str, code: int = sqlite3.SQLITE_FULL) -> Iterator[None]:
    """Every statement that begins so fails with a code of SQLite; in an open application context."""
    original = sqlite3.OperationalError("a fault of this test")
    original.sqlite_errorcode, original.sqlite_errorname = code, "SQLITE_OF_THIS_TEST"

    def fail(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        if statement.startswith(beginning):
            raise OperationalError(statement, {}, original)

    engine = db.engine
    event.listen(engine, "before_cursor_execute", fail)
    try:
        yield
    finally:
        event.remove(engine, "before_cursor_execute", fail)


@contextmanager
def meanwhile(*statements: str, before: str = "FROM stream_head") -> Iterator[None]:
    """Somebody else changes something just before the first statement that holds `before`, such as a lock.

    It stands in the transaction that is refused then, and goes with it.
    """
    waiting = list(statements)

    def change(_connection: Any, cursor: Any, statement: str, *_rest: Any) -> None:
        if before in statement:
            while waiting:
                cursor.connection.execute(waiting.pop(0))

    engine = db.engine
    event.listen(engine, "before_cursor_execute", change)
    try:
        yield
    finally:
        event.remove(engine, "before_cursor_execute", change)
    assert not waiting
