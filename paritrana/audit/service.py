"""Recording what happened, in the transaction in which it happens."""

import secrets
from datetime import datetime
from typing import Any, Final, Protocol

from paritrana.audit.models import Event, EventBody, StreamHead
from paritrana.core import chain
from paritrana.database import db, insert_unless_there

SYSTEM: Final = "system"  # accounts, roles, configuration, keys, restores
_LOCKED = "audit.locked"  # in the session's notes: the transaction and the heads it has locked


class Actor(Protocol):
    """Whoever acts: anything with a random public reference, or `system`. A `role` is recorded where there is one."""

    @property
    def ref(self) -> str:
        """The public reference."""
        ...


def intake(cycle_code: str) -> str:
    """The stream of a cycle's nominations, files, deadlines and verification."""
    return f"{cycle_code}/intake"


def judging(cycle_code: str) -> str:
    """The stream of a cycle's seats, conflicts, marks, sheets, decisions, seal and publication."""
    return f"{cycle_code}/judging"


def lock_stream(stream: str) -> StreamHead:
    """Lock the head of `stream` until the transaction ends, and make it on first use.

    A writing act calls this before it reads what it decides on, so that acts on one stream follow one another. A
    second call in the same transaction costs no statement.
    """
    locked = _locked_heads()
    if stream in locked:
        return locked[stream]
    head = _head_for_update(stream)
    if head is None:
        db.session.execute(insert_unless_there(StreamHead, stream=stream, seq=0, leaf=chain.START, at_utc=""))
        head = _head_for_update(stream)
        assert head is not None  # noqa: S101 - it was made just now, here or by the writer this one waited for
    locked[stream] = head
    return head


def _head_for_update(stream: str) -> StreamHead | None:
    return db.session.get(StreamHead, stream, with_for_update=True, populate_existing=True)


def _locked_heads() -> dict[str, StreamHead]:
    """The heads this transaction holds. Inside a savepoint nothing is remembered: rolling it back frees its locks."""
    session = db.session()
    if session.in_nested_transaction():
        return {}
    transaction, locked = session.info.get(_LOCKED, (None, {}))
    if transaction is None or transaction is not session.get_transaction():
        if not session.in_transaction():
            session.begin()
        locked = {}
        session.info[_LOCKED] = (session.get_transaction(), locked)
    held: dict[str, StreamHead] = locked
    return held


def record(stream: str, kind: str, actor: Actor, /, *, at: datetime, object_ref: str, **values: Any) -> Event:
    """Append one event to `stream` and flush; the caller commits it together with what it tells of.

    `values` are the new values: decimals, times and codes are written as texts, None is left out. Time never runs
    backwards in a stream: an event that comes with an earlier moment takes the moment of the one before it.
    Raises `NotCanonical` for a value without a canonical form, such as a float.
    """
    body = chain.canon(chain.plain({"actor": actor.ref, "role": getattr(actor, "role", None), "values": values}))
    salt = secrets.token_bytes(chain.SALT_BYTES)
    head = lock_stream(stream)
    header: dict[str, Any] = {
        "stream": stream,
        "seq": head.seq + 1,
        "kind": kind,
        "at_utc": max(chain.moment(at), head.at_utc),
        "object_ref": object_ref,
        "commitment": chain.commitment(salt, body),
        "prev": head.leaf,
    }
    event = Event(**header, leaf=chain.leaf(**header), content=EventBody(salt=salt, body=body))
    db.session.add(event)
    head.seq, head.leaf, head.at_utc = event.seq, event.leaf, event.at_utc
    db.session.flush()
    return event
