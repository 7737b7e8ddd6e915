"""Proofs that one event stands in the history that a checkpoint signs, for whoever the event is about."""

from collections.abc import Mapping
from typing import Any, Final

from sqlalchemy import select

from paritrana.audit import checkpoints
from paritrana.audit.checkpoints import Checkpoint, Office
from paritrana.audit.models import Event
from paritrana.core.checkpoints import inclusion_path
from paritrana.core.errors import ParitranaError
from paritrana.core.words import N_
from paritrana.database import db
from paritrana.inspection.bundle import event_document, events_statement, keys_document

FORMAT: Final = "paritrana-inclusion/1"


class NotSignedYet(ParitranaError):
    """No checkpoint is over the event yet."""

    code = "not_signed_yet"
    message = N_("The next checkpoint signs this; it follows within the hour.")


def proof_of(stream: str, kind: str, object_ref: str, office: Office) -> Mapping[str, Any]:
    """The proof of the last event of a kind about an object. Raises `NotSignedYet`, `KeyMissing`."""
    last = select(Event.seq).where(Event.stream == stream, Event.kind == kind, Event.object_ref == object_ref)
    seq = db.session.scalar(last.order_by(Event.seq.desc()).limit(1))
    if seq is None:
        raise NotSignedYet
    over = select(Checkpoint).where(Checkpoint.stream == stream, Checkpoint.size >= seq)
    found = db.session.scalars(over.order_by(Checkpoint.size).limit(1)).one_or_none()
    if found is None:
        raise NotSignedYet
    leaves = checkpoints.leaves_of(stream)[: found.size]
    row = db.session.execute(events_statement(stream).where(Event.seq == seq)).one()
    return {
        "format": FORMAT,
        "event": event_document(row, revealed=True),
        "path": [one.hex() for one in inclusion_path(leaves, seq - 1)],
        "note": found.note,
        **keys_document(office),
    }
