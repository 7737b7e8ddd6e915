"""What must hold of copies of queues and of versions that were set aside: whole bytes, and their events."""

import hashlib
from collections.abc import Iterator

from sqlalchemy import select
from sqlalchemy.orm import joinedload

from paritrana.audit.invariants import in_order, stream, told
from paritrana.core.invariants import Broken, Check, Stored, latest, replay, replayed
from paritrana.sheets.imported import service
from paritrana.sheets.imported.models import MarkSetAside, QueueCopy, QueueCopyEntry
from paritrana.sheets.models import Sheet


def _copies() -> Iterator[Broken]:
    statement = select(QueueCopy).options(joinedload(QueueCopy.device)).order_by(in_order(QueueCopy.ref))
    rows = (Stored(row.QueueCopy.ref, (), service.told_of_copy(row.QueueCopy)) for row in stream(statement))
    yield from replay("queue_copy", "copy of a queue", told("queue_copy.received"), rows, latest())


def _whole() -> Iterator[Broken]:
    for row in stream(select(QueueCopy.ref, QueueCopy.digest, QueueCopy.size, QueueCopy.content)):
        if hashlib.sha256(row.content).hexdigest() != row.digest or len(row.content) != row.size:
            yield Broken("queue_copy.digest", row.ref, "The bytes of the copy do not have its digest.")


def _entries() -> Iterator[Broken]:
    statement = (
        select(QueueCopyEntry, QueueCopy.ref.label("copy"), Sheet.ref.label("sheet"))
        .join(QueueCopy, QueueCopy.id == QueueCopyEntry.copy_id)
        .join(Sheet, Sheet.id == QueueCopyEntry.sheet_id)
        .order_by(in_order(QueueCopyEntry.ref))
    )
    rows = (
        Stored(row.QueueCopyEntry.ref, (), service.told_of_entry(row.QueueCopyEntry, row.copy, row.sheet))
        for row in stream(statement)
    )
    yield from replay("queue_entry", "mark of a copy", told("queue_copy.settled"), rows, latest())


def _choices() -> Iterator[Broken]:
    statement = (
        select(MarkSetAside, Sheet.ref.label("sheet"), QueueCopyEntry.ref.label("entry"))
        .join(Sheet, Sheet.id == MarkSetAside.sheet_id)
        .outerjoin(QueueCopyEntry, QueueCopyEntry.id == MarkSetAside.entry_id)
        .order_by(in_order(MarkSetAside.ref))
    )
    rows = (
        Stored(row.MarkSetAside.ref, (), service.told_of_choice(row.MarkSetAside, row.sheet, row.entry))
        for row in stream(statement)
    )
    yield from replay("set_aside", "version that was set aside", told("mark.set_aside"), rows, latest())


CHECKS = (
    Check(replayed("queue_copy", "copy of a queue"), _copies),
    Check({"queue_copy.digest": "Every copy of a queue has the digest of its bytes."}, _whole),
    Check(replayed("queue_entry", "mark of a copy"), _entries),
    Check(replayed("set_aside", "version that was set aside"), _choices),
)
