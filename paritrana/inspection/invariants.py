"""What must hold of checkpoints: each is its own note, and the stream still begins with the events it signs."""

from collections.abc import Iterator

from sqlalchemy import select

from paritrana.audit.checkpoints import checkpoints_of, leaves_of, lost_notes, signed_streams
from paritrana.audit.invariants import in_order, stream, told
from paritrana.core.checkpoints import NotANote, read_note, roots
from paritrana.core.invariants import Broken, Check, Found, Stored, Told, replay, replayed
from paritrana.inspection.models import Witness


def _checkpoints() -> Iterator[Broken]:
    for name in sorted(signed_streams()):
        rows = checkpoints_of(name)
        found = roots(leaves_of(name), {row.size for row in rows})
        lost = {(note.size, note.root) for note in lost_notes(name)}
        for row in rows:
            where = f"{name} {row.size}"
            try:
                note = read_note(row.note)
            except NotANote as fault:
                yield Broken("checkpoint.note", where, str(fault))
                continue
            if (note.size, note.root) != (row.size, row.root) or note.origin.partition("/")[2] != name:
                yield Broken("checkpoint.note", where, "The note of this checkpoint says something else than its row.")
            elif found.get(row.size) != row.root and (row.size, row.root) not in lost:
                yield Broken("checkpoint.root", where, "The stream does not begin with the events that were signed.")


def _witnesses() -> Iterator[Broken]:
    statement = select(Witness.ref, Witness.label, Witness.address, Witness.ended_at).order_by(in_order(Witness.ref))
    rows = (
        Stored(row.ref, (), {"label": row.label, "address": row.address, "ended_at": row.ended_at})
        for row in stream(statement)
    )
    yield from replay("witness", "witness", told("witness.added", "witness.ended"), rows, _witness)


def _witness(now: Found, event: Told) -> None:
    now[()] = dict(event.values)


CHECKS = (
    Check(
        {
            "checkpoint.note": "The row of every checkpoint says what its signed note says.",
            "checkpoint.root": "Every stream begins with the events that its checkpoints sign.",
        },
        _checkpoints,
    ),
    Check(replayed("witness", "witness"), _witnesses),
)
