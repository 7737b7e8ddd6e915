"""What must hold in the chain, and the events as the rooms' invariants read them."""

import json
from collections.abc import Iterator
from typing import Any

from sqlalchemy import ColumnElement, and_, collate, or_, select, text, type_coerce
from sqlalchemy.types import NullType

from paritrana.audit import halt
from paritrana.audit.models import Event, EventBody
from paritrana.audit.queries import first_broken_link
from paritrana.audit.triggers import GUARDED, append_only
from paritrana.core.invariants import Broken, Check, Stored, Told, latest, replay, replayed
from paritrana.database import db

BATCH = 500


def in_order(column: Any) -> ColumnElement[str]:
    """A column of texts in the order of their code points, as Python compares them, on both engines."""
    return collate(column, "C" if _dialect() == "postgresql" else "BINARY")


def stream(statement: Any) -> Iterator[Any]:
    """The rows of a statement, read in batches; closed at the end, also of a reader that stops early."""
    result = db.session.execute(statement, execution_options={"yield_per": BATCH})
    try:
        yield from result
    finally:
        result.close()


def told(*kinds: str, like: str | None = None) -> Iterator[Told]:
    """The events of these kinds, by the object they name, then in time (one statement, read in batches).

    `like` adds every event whose object has such a reference. The intake stream of a cycle comes before its judging
    stream, as it does in time.
    """
    wanted = Event.kind.in_(kinds) if like is None else or_(Event.kind.in_(kinds), Event.object_ref.like(like))
    statement = (
        select(Event.object_ref, Event.kind, type_coerce(EventBody.body, NullType()))
        .join(EventBody, and_(EventBody.stream == Event.stream, EventBody.seq == Event.seq), isouter=True)
        .where(wanted)
        .order_by(in_order(Event.object_ref), Event.stream, Event.seq)
    )
    for ref, kind, body in stream(statement):
        try:
            document = json.loads(body)
            yield Told(ref, kind, str(document["actor"]), dict(document["values"]))
        except (TypeError, ValueError, KeyError):  # erased, or tampered with: the chain tells that
            yield Told(ref, kind, "", {}, silent=True)


def _chain() -> Iterator[Broken]:
    broken = first_broken_link()
    if broken is not None:
        yield Broken("chain.broken", f"{broken.stream} {broken.seq}", broken.sentence)


def _triggers() -> Iterator[Broken]:
    for table, unless in sorted(GUARDED.items()):
        for statement in append_only(table, unless=unless)[_dialect()]:
            words = statement.split()
            if words[:2] == ["CREATE", "TRIGGER"] and not _stands(words[2], table, statement):
                yield Broken(
                    "trigger.missing", words[2], f"The trigger that lets {table} only grow is gone or changed."
                )


def _stands(name: str, table: str, statement: str) -> bool:
    if _dialect() == "sqlite":
        found = text("SELECT sql FROM sqlite_master WHERE type = 'trigger' AND name = :name AND tbl_name = :table")
        return bool(db.session.scalar(found, {"name": name, "table": table}) == statement)
    found = text(
        "SELECT tgenabled FROM pg_trigger WHERE tgname = :name AND tgrelid = CAST(:table AS regclass)"
        " AND tgfoid = CAST('refuse_change' AS regproc)"
    )
    return db.session.scalar(found, {"name": name, "table": table}) in ("O", "A")


def _foreign_keys() -> Iterator[Broken]:
    """PostgreSQL itself never lets go of a foreign key; SQLite does for whoever does not ask for them."""
    if _dialect() != "sqlite":
        return
    for table, row, parent, _number in db.session.execute(text("PRAGMA foreign_key_check")):
        yield Broken("foreign_key.broken", f"{table} {row}", f"The row refers to a row of {parent} that is not there.")


def _halts() -> Iterator[Broken]:
    statement = select(halt.Halt).order_by(in_order(halt.Halt.ref))
    rows = (Stored(one.ref, (), halt.told_of(one)) for one in db.session.scalars(statement))
    yield from replay("halt", "read-only time", told("halt.begun", "halt.lifted"), rows, latest())


def _dialect() -> str:
    return db.session.get_bind().dialect.name


CHECKS = (
    Check({"chain.broken": "The chain of events of every stream is whole."}, _chain),
    Check(replayed("halt", "read-only time"), _halts),
    Check({"trigger.missing": "Every table that only grows has its triggers, unchanged."}, _triggers),
    Check({"foreign_key.broken": "Every reference between tables leads to a row."}, _foreign_keys),
)
