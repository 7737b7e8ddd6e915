"""The database: one typed base, column types that keep figures exact, and the settings of both engines."""

import json
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import JSON, DateTime, Engine, Executable, Integer, LargeBinary, MetaData, Text, TypeDecorator, event
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.engine import Connection, CursorResult, Dialect
from sqlalchemy.exc import DisconnectionError
from sqlalchemy.orm import DeclarativeBase, registry
from sqlalchemy.pool import ConnectionPoolEntry, PoolProxiedConnection

from paritrana.scopes import Keeper

# Letters and digits without the ones that are confused when read aloud or copied by hand (Crockford's base 32).
ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


class ExactDecimal(TypeDecorator[Decimal]):
    """A decimal kept as the text it was given, so that neither engine turns it into a float."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Decimal | None, dialect: Dialect) -> str | None:
        """The plain decimal text, without an exponent."""
        return None if value is None else format(value, "f")

    def process_result_value(self, value: Any | None, dialect: Dialect) -> Decimal | None:
        """The same decimal again."""
        return None if value is None else Decimal(value)


class UtcDateTime(TypeDecorator[datetime]):
    """An aware moment in UTC, with microseconds; a naive one is refused."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """The moment in UTC, naive only where the engine keeps no zone."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a moment without a time zone cannot be stored")
        value = value.astimezone(UTC)
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """The moment, aware and in UTC."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Document(TypeDecorator[Any]):
    """A JSON document of texts, whole numbers, lists and objects; a float is refused on the way in."""

    impl = JSON
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> Any:
        """`jsonb` on PostgreSQL, JSON text elsewhere."""
        return dialect.type_descriptor(JSONB() if dialect.name == "postgresql" else JSON())

    def process_bind_param(self, value: Any, dialect: Dialect) -> Any:
        """The document unchanged, after a look for floats."""
        _refuse_floats(value)
        return value


def _refuse_floats(value: Any) -> None:
    if isinstance(value, float):
        raise TypeError("a float in a stored document would not stay exact; store a text")
    if isinstance(value, dict):
        for item in value.values():
            _refuse_floats(item)
    elif isinstance(value, list | tuple):
        for item in value:
            _refuse_floats(item)


mapper_registry = registry(
    type_annotation_map={
        Decimal: ExactDecimal(),
        datetime: UtcDateTime(),
        dict[str, Any]: Document(),
        list[Any]: Document(),
        str: Text(),
        bytes: LargeBinary(),
        int: Integer(),
    },
    metadata=MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
            "pk": "pk_%(table_name)s",
        }
    ),
)


class Base(DeclarativeBase):
    """The base of every table of the project."""

    registry = mapper_registry


db = SQLAlchemy(model_class=Base, disable_autonaming=True)

# Every statement about a table of tenants is kept inside the scope in force, or refused where there is none.
KEEPER = Keeper(mapper_registry)
event.listen(db.session, "do_orm_execute", KEEPER)

# Whether the transaction that opens next will write. SQLite then takes its write lock at once (BEGIN IMMEDIATE), so
# that two writers queue instead of one failing half-way; a reader never waits for a writer.
_writing: ContextVar[bool] = ContextVar("writing", default=True)


def set_writing(writing: bool) -> None:
    """Say whether transactions opened from here on in this context write (unsafe requests, commands) or only read."""
    _writing.set(writing)


def is_writing() -> bool:
    """Whether a transaction that opens now would be one that writes."""
    return _writing.get()


@contextmanager
def reading() -> Iterator[None]:
    """Open only reading transactions inside the block."""
    token = _writing.set(False)
    try:
        yield
    finally:
        _writing.reset(token)


def engine_options(url: str) -> dict[str, Any]:
    """Options of the engine behind `url` (decision: one transaction mode, checked connections).

    What a statement was sent with stands in no message of a fault: the log would repeat names and whatever was typed.
    """
    if url.startswith("sqlite"):
        return {"connect_args": {"timeout": 30, "check_same_thread": False}, "hide_parameters": True}
    return {
        "pool_pre_ping": True, "pool_size": 5, "max_overflow": 5, "isolation_level": "READ COMMITTED",
        "hide_parameters": True,
    }  # fmt: skip


def prepare_engine(engine: Engine) -> None:
    """Set up every connection of an engine, so that what is committed is on the disk."""
    if engine.dialect.name != "sqlite":
        event.listen(engine, "connect", _on_postgresql_connect)
        event.listen(engine, "begin", _on_postgresql_begin)
        return
    event.listen(engine, "connect", _on_sqlite_connect)
    event.listen(engine, "begin", _on_sqlite_begin)
    event.listen(engine, "checkout", _on_sqlite_checkout)


def _on_postgresql_connect(connection: Any, _entry: ConnectionPoolEntry) -> None:
    # A server that is set up to confirm before it writes would lose what was answered as saved. Stronger settings stay.
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') = 'off'"
        )
    connection.commit()


def _on_postgresql_begin(connection: Connection) -> None:
    # What only reads sees one moment of the database, as on SQLite: no page is half before a publication, half after.
    if not _writing.get():
        cursor = connection.connection.cursor()
        cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        cursor.close()


# `recursive_triggers` has REPLACE run the DELETE triggers that guard tables which only grow.
PRAGMAS = ("journal_mode=WAL", "foreign_keys=ON", "synchronous=FULL", "busy_timeout=30000", "recursive_triggers=ON")


READ_ONLY = "read_only_file"  # in the notes of a connection: the file, where it could only be read


def _on_sqlite_connect(connection: Any, entry: ConnectionPoolEntry) -> None:
    connection.isolation_level = None  # the driver's own late BEGIN would leave reads outside the transaction
    cursor = connection.cursor()
    for pragma in PRAGMAS:
        cursor.execute(f"PRAGMA {pragma}")
    file = cursor.execute("PRAGMA database_list").fetchone()[2]
    cursor.close()
    if file and not os.access(file, os.W_OK):
        entry.info[READ_ONLY] = file


def _on_sqlite_checkout(_connection: Any, entry: ConnectionPoolEntry, _proxy: PoolProxiedConnection) -> None:
    # A connection that was opened on a read-only disk never writes, not even when the disk lets it again: a new one
    # takes its place then. Other connections stay whatever happens: on a full disk a new one could not even read.
    file = entry.info.get(READ_ONLY)
    if file is not None and os.access(file, os.W_OK):
        raise DisconnectionError("the file of the database can be written again")


def _on_sqlite_begin(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN IMMEDIATE" if _writing.get() else "BEGIN")


def insert_unless_there(model: type[Base], **values: Any) -> Executable:
    """An INSERT that does nothing when a unique row already stands there; two transactions may race for it safely."""
    postgresql = db.session.get_bind(model.__mapper__).dialect.name == "postgresql"
    insert = postgresql_insert if postgresql else sqlite_insert
    return insert(model).values(**values).on_conflict_do_nothing()


def rows_changed(statement: Executable) -> int:
    """Execute an UPDATE or DELETE; gives how many rows it touched."""
    done: CursorResult[Any] = db.session.execute(statement)  # type: ignore[assignment]
    return done.rowcount


def random_ref(prefix: str, groups: int = 2) -> str:
    """A random public reference such as `N-7QK4-2M9X`: `groups` groups of four letters and digits, 20 bits each."""
    drawn = ("".join(secrets.choice(ALPHABET) for _ in range(4)) for _ in range(groups))
    return "-".join([prefix, *drawn])


def canonical(value: Any) -> bytes:
    """Canonical bytes of a document for digests: UTF-8 JSON, sorted keys, no blanks, no float."""
    _refuse_floats(value)
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False).encode()
