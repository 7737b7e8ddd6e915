"""Reading the chain: what happened to an object, and whether the whole still holds."""

from collections.abc import Iterator, Sequence
from itertools import chain, groupby

from sqlalchemy import Result, Row, and_, exists, select, type_coerce
from sqlalchemy.orm import joinedload
from sqlalchemy.types import NullType

from paritrana.audit.models import Event, EventBody, StreamHead
from paritrana.core.chain import Broken, Head, Link, first_broken
from paritrana.core.words import N_
from paritrana.database import db

BATCH = 1000


def events_of(object_ref: str) -> Sequence[Event]:
    """What happened to an object, oldest first, with the bodies (one statement)."""
    statement = select(Event).where(Event.object_ref == object_ref).options(joinedload(Event.content))
    return db.session.scalars(statement.order_by(Event.at_utc, Event.stream, Event.seq)).all()


def first_broken_link() -> Broken | None:
    """The first place at which the chain of this database does not hold, or None (two statements, read in batches).

    Each statement compares events and heads as they stood at one moment, so events that arrive meanwhile raise no
    false alarm.
    """
    with _events_by_head() as cursor:
        for _, rows in groupby(cursor, key=lambda row: row.head_stream):
            broken = _broken_in(rows)
            if broken is not None:
                return broken
    orphan = db.session.execute(
        select(Event.stream, Event.seq)
        .where(~exists().where(StreamHead.stream == Event.stream))
        .order_by(Event.stream, Event.seq)
        .limit(1)
    ).first()
    return None if orphan is None else Broken(orphan.stream, orphan.seq, N_("The stream has no head."))


def _events_by_head() -> Result[tuple[object, ...]]:
    """Every head with its events, in order; the caller closes it, since it is a cursor in the database."""
    # Values are read raw: a table that was tampered with may hold a text where a hash belongs.
    columns = [
        *(Event.stream, Event.seq, Event.kind, Event.at_utc, Event.object_ref),
        *(Event.commitment, Event.prev, Event.leaf, EventBody.salt, EventBody.body),
    ]
    raw = [type_coerce(column, NullType()).label(column.key) for column in columns]
    statement = (
        select(
            StreamHead.stream.label("head_stream"),
            type_coerce(StreamHead.seq, NullType()).label("head_seq"),
            type_coerce(StreamHead.leaf, NullType()).label("head_leaf"),
            EventBody.erased_at.is_not(None).label("erased"),
            *raw,
        )
        .join_from(StreamHead, Event, Event.stream == StreamHead.stream, isouter=True)
        .join(EventBody, and_(EventBody.stream == Event.stream, EventBody.seq == Event.seq), isouter=True)
        .order_by(StreamHead.stream, Event.seq)
    )
    return db.session.execute(statement, execution_options={"yield_per": BATCH})


def _broken_in(rows: Iterator[Row[tuple[object, ...]]]) -> Broken | None:
    first = next(rows)
    heads = {first.head_stream: Head(first.head_seq, first.head_leaf)}
    return first_broken(_links(first, rows), heads, whole=True)


def _links(first: Row[tuple[object, ...]], rest: Iterator[Row[tuple[object, ...]]]) -> Iterator[Link]:
    if first.seq is None:  # a head that was locked before anything was recorded
        return
    for row in chain([first], rest):
        yield Link(
            stream=row.stream,
            seq=row.seq,
            kind=row.kind,
            at_utc=row.at_utc,
            object_ref=row.object_ref,
            commitment=row.commitment,
            prev=row.prev,
            leaf=row.leaf,
            salt=row.salt,
            body=row.body,
            erased=row.erased,
        )
