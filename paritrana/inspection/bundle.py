"""The exported history of a cycle: one file that `verify_audit.py`, which lies in it, checks without this application.

manifest.json        format, host, cycle, when and for whom; how each stream ends; the digest of every other file
events.jsonl         every event of the streams, with its text where the reader may have it
checkpoints.jsonl    the signed notes
keys.json            the public keys that sign them
tables/*.jsonl       the tables as they stand, to be held against the events
published/*.json     the open bundles of published results (`verify-ranking` recomputes each)
verify_audit.py      the program that checks all of this
"""

import base64
import hashlib
import json
import zipfile
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import IO, Any, Final

from sqlalchemy import and_, select, type_coerce
from sqlalchemy.types import NullType

from paritrana.audit import service as audit
from paritrana.audit.checkpoints import ADOPTED, Checkpoint, Office
from paritrana.audit.invariants import stream
from paritrana.audit.models import Event, EventBody, StreamHead
from paritrana.core.chain import START, moment, plain
from paritrana.core.invariants import Stored
from paritrana.cycles.models import Category, Cycle, Proposal
from paritrana.database import db
from paritrana.inspection import tables
from paritrana.nominations.models import Nomination
from paritrana.results.models import ResultRun
from paritrana.results.plenary.models import Plenary
from paritrana.scopes import everybody
from paritrana.sheets.models import Sheet

FORMAT: Final = "paritrana-audit/1"
PROGRAM: Final = Path(__file__).with_name("verify_audit.py")
EARLIEST: Final = (1980, 1, 1, 0, 0, 0)  # what a ZIP file says of the age of its members: the same for every export

OPEN_KINDS: Final = frozenset(
    {
        "category.added", "category.set_up", "category.moved", "category.rubric_chosen", "deadline.extended",
        "rubric.frozen", "result.published", "result.corrected", "result.imported", "restore.adopted",
        "clock.advanced", "clock.held",
    }
)  # fmt: skip
"""The kinds of events whose text anybody may read once every category of the cycle is published."""


@dataclass(frozen=True)
class Reader:
    """Who reads, and which texts: all of them, those of some objects, or those of open kinds. `tables` go along."""

    name: str
    tables: tuple[str, ...]
    everything: bool = False
    objects: frozenset[str] = field(default_factory=frozenset)
    slug: str | None = None

    def may_read(self, kind: str, object_ref: str) -> bool:
        """Whether the reader gets the text of this event."""
        whole = self.slug is None and kind in OPEN_KINDS
        return self.everything or whole or object_ref in self.objects or kind == ADOPTED


AUDITOR: Final = Reader("auditor", tuple(tables.TABLES), everything=True)
PUBLIC: Final = Reader("public", tables.OPEN_TABLES)


def reader_of(category: Category, name: str) -> Reader:
    """A reader of one category: the texts of everything in it, and the tables."""
    return Reader(name, tuple(tables.TABLES), objects=frozenset(_objects_of(category)), slug=category.slug)


def _objects_of(category: Category) -> Iterator[str]:
    ref = f"{category.cycle.code}/{category.slug}"
    yield ref
    yield from db.session.scalars(select(Nomination.ref).where(Nomination.category_id == category.id))
    yield from db.session.scalars(
        select(Sheet.ref)
        .join(Nomination, Nomination.id == Sheet.nomination_id)
        .where(Nomination.category_id == category.id)
    )
    yield from db.session.scalars(select(Proposal.ref).where(Proposal.category_id == category.id))
    yield from db.session.scalars(select(ResultRun.ref).where(ResultRun.category_id == category.id))
    yield from db.session.scalars(select(Plenary.ref).where(Plenary.category_id == category.id))
    for row in tables.seats(category.cycle, category.slug):
        yield row.ref
    for row in tables.decisions(category.cycle, category.slug):
        yield row.ref


@everybody("a bundle holds what its reader may see; that is decided body by body")
def write(file: IO[bytes], cycle: Cycle, reader: Reader, office: Office, *, at: datetime) -> None:
    """Write the bundle of a cycle, read as it stands at one moment; the caller began the transaction."""
    streams = [audit.intake(cycle.code), audit.judging(cycle.code)]
    heads = {
        row.stream: {"size": row.seq, "leaf": _hex(row.leaf)}
        for row in db.session.execute(
            select(StreamHead.stream, type_coerce(StreamHead.seq, NullType()).label("seq"),
                   type_coerce(StreamHead.leaf, NullType()).label("leaf"))
            .where(StreamHead.stream.in_(streams)).order_by(StreamHead.stream)
        )
    }  # fmt: skip
    digests: dict[str, str] = {}
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as archive:

        def add(name: str, parts: Iterator[bytes]) -> None:
            digest = hashlib.sha256()
            member = zipfile.ZipInfo(name, EARLIEST)
            member.compress_type = zipfile.ZIP_DEFLATED
            member.external_attr = 0o644 << 16
            with archive.open(member, "w", force_zip64=True) as out:
                for part in parts:
                    digest.update(part)
                    out.write(part)
            digests[name] = digest.hexdigest()

        add("events.jsonl", (_line(one) for one in _events(streams, reader)))
        add("checkpoints.jsonl", (_line(one) for one in _checkpoints(streams)))
        add("keys.json", iter([_line(keys_document(office))]))
        for name in reader.tables:
            add(f"tables/{name}.jsonl", (_line(_row(one)) for one in tables.TABLES[name](cycle, reader.slug)))
        for name, content in tables.published(cycle) if reader.slug is None else ():
            add(f"published/{name}", iter([content]))
        add("verify_audit.py", iter([PROGRAM.read_bytes()]))
        manifest = {
            "format": FORMAT, "host": office.host, "cycle": cycle.code, "made_at": moment(at), "reader": reader.name,
            "bodies": "all" if reader.everything else "some", "category": reader.slug, "tables": list(reader.tables),
            "streams": {name: heads.get(name, {"size": 0, "leaf": START.hex()}) for name in streams},
            "files": dict(sorted(digests.items())),
        }  # fmt: skip
        text = json.dumps(manifest, ensure_ascii=False, indent=1, sort_keys=True) + "\n"
        archive.writestr(zipfile.ZipInfo("manifest.json", EARLIEST), text.encode())


def keys_document(office: Office) -> dict[str, Any]:
    """The public keys of checkpoints as they are published."""
    return {
        "keys": [
            {"name": name, "public": base64.b64encode(public).decode()}
            for (name, _hash), public in sorted(office.public().items())
        ]
    }


def event_document(row: Any, *, revealed: bool) -> dict[str, Any]:
    """One event as a bundle carries it."""
    document: dict[str, Any] = {
        "stream": row.stream, "seq": row.seq, "kind": row.kind, "at_utc": row.at_utc, "object_ref": row.object_ref,
        "commit": _hex(row.commitment), "prev": _hex(row.prev), "leaf": _hex(row.leaf),
    }  # fmt: skip
    if row.erased_at is not None:
        document["erased"] = True
    if revealed and row.body is not None:
        document["salt"] = _hex(row.salt)
        try:
            document["body"] = row.body.decode() if isinstance(row.body, bytes) else str(row.body)
        except UnicodeDecodeError:  # tampered with
            document["body_hex"] = row.body.hex()
    return document


def events_statement(*streams: str) -> Any:
    """The events of streams with their bodies, in order; values are read raw, since they may be tampered with."""
    names = ("stream", "seq", "kind", "at_utc", "object_ref", "commitment", "prev", "leaf")
    raw = [type_coerce(getattr(Event, name), NullType()).label(name) for name in names]
    bodies = [type_coerce(getattr(EventBody, name), NullType()).label(name) for name in ("salt", "body")]
    return (
        select(*raw, *bodies, EventBody.erased_at)
        .join(EventBody, and_(EventBody.stream == Event.stream, EventBody.seq == Event.seq), isouter=True)
        .where(Event.stream.in_(streams))
        .order_by(Event.stream, Event.seq)
    )


def _events(streams: Collection[str], reader: Reader) -> Iterator[dict[str, Any]]:
    for row in stream(events_statement(*streams)):
        yield event_document(row, revealed=reader.may_read(str(row.kind), str(row.object_ref)))


def _checkpoints(streams: Collection[str]) -> Iterator[dict[str, Any]]:
    wanted = select(Checkpoint).where(Checkpoint.stream.in_(streams)).order_by(Checkpoint.stream, Checkpoint.size)
    for one in db.session.scalars(wanted):
        yield {"stream": one.stream, "size": one.size, "at": moment(one.at), "note": one.note}


def _row(one: Stored) -> dict[str, Any]:
    part = one.part if isinstance(one.part, tuple) else (one.part,)
    return {"ref": one.ref, "part": list(part), "values": {name: plain(value) for name, value in one.values.items()}}


def _line(document: dict[str, Any]) -> bytes:
    return json.dumps(document, ensure_ascii=False, sort_keys=True).encode("utf-8", "surrogatepass") + b"\n"


def _hex(value: Any) -> str:
    return value.hex() if isinstance(value, bytes) else str(value)
