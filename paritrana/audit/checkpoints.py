"""Checkpoints of the streams: when one is due, how it is signed, and what is kept of it outside the database.

A checkpoint is signed over every change of a stage, every submitted sheet and every publication, and once an hour
while events arrive. Before it signs, the office holds the stream against the notes it has kept outside the database:
in the folder of keys, and in a second folder where the settings name one. A stream that does not continue the last of
them is not signed: its database was changed or rolled back. (`core/checkpoints.py` tells what a note is.)
"""

import json
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final, cast
from urllib.parse import quote, unquote, urlsplit

from sqlalchemy import CheckConstraint, Table, and_, func, select, type_coerce
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.types import NullType

from paritrana.audit.models import Event, EventBody, StreamHead
from paritrana.audit.triggers import attach
from paritrana.config import Settings
from paritrana.core.chain import HASH_BYTES, START, NotCanonical, leaf
from paritrana.core.checkpoints import NotANote, Note, key_hash, note_body, read_note, roots, written_note
from paritrana.core.errors import ParitranaError
from paritrana.core.words import N_
from paritrana.database import Base, db
from paritrana.signing import CHECKPOINT, public_keys, signing_key

HOURLY: Final = timedelta(hours=1)
SIGNED_AT_ONCE: Final = (
    "category.moved", "category.restarted", "sheet.submitted", "sheet.late_admitted", "results.sealed",
    "result.published", "result.corrected", "result.imported", "result.recalled", "restore.adopted",
)  # fmt: skip
"""The kinds of events over which a checkpoint of their own is signed."""

ADOPTED: Final = "restore.adopted"
SUFFIX: Final = ".notes"


class Checkpoint(Base):
    """A signed note over the first `size` events of a stream. Rows are added and never changed."""

    __tablename__ = "checkpoint"
    __table_args__ = (
        CheckConstraint("size > 0", name="size_positive"),
        CheckConstraint(f"length(root) = {HASH_BYTES}", name="root_length"),
    )

    stream: Mapped[str] = mapped_column(primary_key=True)
    size: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    root: Mapped[bytes]
    note: Mapped[str]
    at: Mapped[datetime]  # by the machine's clock
    key_id: Mapped[str]


attach(cast(Table, Checkpoint.__table__))


class Diverged(ParitranaError):
    """A stream does not continue what was kept of it outside the database. Params: `stream`, `why`."""

    code = "chain_diverged"
    status = 503
    message = N_("The record %(stream)s does not continue what was kept of it elsewhere: %(why)s")


class NotKept(ParitranaError):
    """A folder of kept notes cannot be read or written, so nothing is signed. Params: `why`."""

    code = "notes_not_kept"
    status = 503
    message = N_("The checkpoints kept outside the database cannot be reached: %(why)s.")


@dataclass(frozen=True, slots=True)
class Office:
    """Where checkpoints are signed and kept: the host they name, the folder of keys, the folders of notes."""

    host: str
    keys: Path
    folders: tuple[Path, ...]

    @classmethod
    def of(cls, settings: Settings) -> "Office":
        """The office of this installation."""
        keys = settings.instance_path / "keys"
        folders = (keys / "checkpoints", *([settings.checkpoint_copy] if settings.checkpoint_copy else []))
        return cls(urlsplit(settings.base_url).hostname or "", keys, folders)

    def public(self) -> dict[tuple[str, bytes], bytes]:
        """The public keys by the name and the four bytes with which notes name them. Raises `KeyMissing`."""
        names = {self.host, *db.session.scalars(select(Checkpoint.key_id).distinct()).all()}
        return {
            (name, key_hash(name, public)): public
            for public in public_keys(self.keys, CHECKPOINT).values()
            for name in sorted({name.partition(" ")[0] for name in names})
        }

    def note(self, stream: str, size: int, root: bytes) -> str:
        """The signed note over the first `size` events of a stream, the same every time. Raises `KeyMissing`."""
        key = signing_key(self.keys, CHECKPOINT)
        body = note_body(f"{self.host}/{stream}", size, root)
        return written_note(body, self.host, key.public, key.signature(body))

    def kept(self, stream: str) -> list[list[str]]:
        """The notes of a stream, oldest first, in each folder. Raises `NotKept`."""
        return [_read(folder / _file(stream)) for folder in self.folders]

    def keep(self, stream: str, notes: Sequence[str]) -> None:
        """Add notes in every folder, whole and lasting; one that lacks earlier ones gets them. Raises `NotKept`."""
        known = max(self.kept(stream), key=len)
        for folder in self.folders:
            _write(folder / _file(stream), list(dict.fromkeys([*_read(folder / _file(stream)), *known, *notes])))

    def streams(self) -> set[str]:
        """The streams of which notes were kept, also those that the database does not know."""
        return {
            unquote(path.name.removesuffix(SUFFIX)) for folder in self.folders for path in folder.glob(f"*{SUFFIX}")
        }


def _file(stream: str) -> str:
    return quote(stream, safe="") + SUFFIX


def _read(path: Path) -> list[str]:
    try:
        text = path.read_text(encoding="utf-8") if path.exists() else ""
    except (OSError, UnicodeDecodeError) as fault:
        raise NotKept(why=getattr(fault, "strerror", None) or "they cannot be read") from fault
    lines = text.split("\n")
    # Six lines a note and a blank one between; what a crash left half is no note.
    return ["\n".join([*lines[at : at + 5], ""]) for at in range(0, len(lines) - 6, 6)]


def _write(path: Path, notes: Sequence[str]) -> None:
    whole = "".join(f"{note}\n" for note in notes)
    fresh = path.with_name(f".{path.name}")
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with fresh.open("w", encoding="utf-8") as file:
            file.write(whole)
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(path)
        handle = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
    except OSError as fault:
        raise NotKept(why=fault.strerror) from fault


# What is due ----------------------------------------------------------------------------------------------------------


def due(at: datetime) -> dict[str, list[int]]:
    """The sizes at which each stream is to be signed now, in ascending order (two statements and one a stream)."""
    last = select(Checkpoint.stream, func.max(Checkpoint.size).label("size"), func.max(Checkpoint.at).label("at"))
    last_of = last.group_by(Checkpoint.stream).subquery()
    rows = db.session.execute(
        select(StreamHead.stream, StreamHead.seq, func.coalesce(last_of.c.size, 0).label("size"), last_of.c.at)
        .outerjoin(last_of, last_of.c.stream == StreamHead.stream)
        .where(StreamHead.seq > func.coalesce(last_of.c.size, 0))
        .order_by(StreamHead.stream)
    ).all()
    found = {}
    for row in rows:
        sizes = set(
            db.session.scalars(
                select(Event.seq).where(
                    Event.stream == row.stream, Event.seq > row.size, Event.seq <= row.seq,
                    Event.kind.in_(SIGNED_AT_ONCE),
                )
            )
        )  # fmt: skip
        if row.at is None or row.at <= at - HOURLY:
            sizes.add(row.seq)
        if sizes:
            found[row.stream] = sorted(sizes)
    return found


# Signing --------------------------------------------------------------------------------------------------------------


def sign(office: Office, stream: str, sizes: Sequence[int], *, at: datetime) -> list[Checkpoint]:
    """Sign a stream at these sizes and keep the notes; the caller commits.

    Raises `Diverged` where the stream does not continue what was kept, `KeyMissing`, `NotKept`.
    """
    key = signing_key(office.keys, CHECKPOINT)
    leaves = compare(office, stream)
    last = db.session.scalar(select(func.max(Checkpoint.size)).where(Checkpoint.stream == stream)) or 0
    _look_at_new(stream, last)
    signed = []
    for size, root in sorted(roots(leaves, set(sizes)).items()):
        note = office.note(stream, size, root)
        signed.append(
            Checkpoint(stream=stream, size=size, root=root, note=note, at=at, key_id=f"{office.host} {key.id}")
        )
    # Outside first: what the database says was signed is then always kept, whatever ends this process meanwhile.
    office.keep(stream, [one.note for one in signed])
    db.session.add_all(signed)
    db.session.flush()
    return signed


def compare(office: Office, stream: str) -> list[bytes]:
    """Hold a stream against every note kept of it and every checkpoint in the database; gives its leaves.

    Raises `Diverged`, `KeyMissing`, `NotKept`.
    """
    leaves = leaves_of(stream)
    stored = checkpoints_of(stream)
    kept = office.kept(stream)
    notes = [_note_of(stream, text) for folder in kept for text in folder]
    if stored and not any(kept):
        raise Diverged(stream=stream, why="the kept notes are gone.")
    wrong = not_continued(leaves, [*notes, *(_note_of(stream, one.note) for one in stored)], office.public())
    lost = {(note.size, note.root) for note in lost_notes(stream)} if wrong else set()
    for note, why in wrong:
        if (note.size, note.root) not in lost:
            raise Diverged(stream=stream, why=why)
    for one in stored:
        note = read_note(one.note)
        if (note.size, note.root) != (one.size, one.root):
            raise Diverged(stream=stream, why=f"the row of the checkpoint over {one.size} events is not its note.")
    return leaves


def lost_notes(stream: str) -> list[Note]:
    """The notes whose history two people gave up when they adopted a restore, as the events in the stream name them."""
    bodies = db.session.scalars(
        select(EventBody.body)
        .join(Event, and_(Event.stream == EventBody.stream, Event.seq == EventBody.seq))
        .where(Event.stream == stream, Event.kind == ADOPTED)
        .order_by(Event.seq)
    )
    return [read_note(note) for body in bodies if body is not None for note in json.loads(body)["values"]["notes"]]


def _note_of(stream: str, text: str) -> Note:
    try:
        note = read_note(text)
    except NotANote as fault:
        raise Diverged(stream=stream, why=f"a kept note cannot be read: {fault}") from None
    if note.origin.partition("/")[2] != stream:
        raise Diverged(stream=stream, why="a kept note is of another stream.")
    return note


def not_continued(
    leaves: Sequence[bytes], notes: Iterable[Note], keys: Mapping[tuple[str, bytes], bytes]
) -> list[tuple[Note, str]]:
    """The notes that these leaves do not continue, or that no key of ours has signed, each with a sentence."""
    notes = list(notes)
    found = roots(leaves, {note.size for note in notes})
    wrong = []
    for note in notes:
        if not is_signed(note, keys):
            wrong.append((note, f"no key of this installation has signed the checkpoint over {note.size} events."))
        elif note.size > len(leaves):
            wrong.append((note, f"a checkpoint is over {note.size} events, and there are {len(leaves)}."))
        elif found[note.size] != note.root:
            wrong.append((note, f"the first {note.size} events are not the ones that were signed."))
    return wrong


def is_signed(note: Note, keys: Mapping[tuple[str, bytes], bytes]) -> bool:
    """Whether one of these keys signed the note."""
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    public = keys.get((note.name, note.key_hash))
    if public is None:
        return False
    try:
        Ed25519PublicKey.from_public_bytes(public).verify(note.signature, note.signed)
    except InvalidSignature:
        return False
    return True


def _look_at_new(stream: str, last: int) -> None:
    """Raise `Diverged` unless each event since the last checkpoint follows the one before; older ones are under it."""
    names = ("stream", "seq", "kind", "at_utc", "object_ref", "commitment", "prev", "leaf")
    rows: list[Any] = list(
        db.session.execute(
            select(*(type_coerce(getattr(Event, name), NullType()).label(name) for name in names))
            .where(Event.stream == stream, Event.seq >= last)
            .order_by(Event.seq)
        )
    )
    before: Any = rows.pop(0) if last and rows else None
    for row in rows:
        follows = (row.seq, row.prev) == ((1, START) if before is None else (before.seq + 1, before.leaf))
        if not follows or not _fits(row):
            raise Diverged(stream=stream, why=f"event {row.seq} does not follow the one before it.")
        before = row


def _fits(row: Any) -> bool:
    try:
        return bool(leaf(**{name: value for name, value in row._asdict().items() if name != "leaf"}) == row.leaf)
    except NotCanonical:
        return False


# Reading --------------------------------------------------------------------------------------------------------------


def leaves_of(stream: str) -> list[bytes]:
    """The leaves of a stream in the order of their numbers; one that is no hash stands as an empty one."""
    rows: Iterable[Any] = db.session.scalars(
        select(type_coerce(Event.leaf, NullType())).where(Event.stream == stream).order_by(Event.seq)
    )
    return [found if type(found) is bytes else b"" for found in rows]


def checkpoints_of(stream: str) -> Sequence[Checkpoint]:
    """The checkpoints of a stream, oldest first."""
    return db.session.scalars(select(Checkpoint).where(Checkpoint.stream == stream).order_by(Checkpoint.size)).all()


def newest(stream: str) -> Checkpoint | None:
    """The last checkpoint of a stream, if there is one."""
    wanted = select(Checkpoint).where(Checkpoint.stream == stream).order_by(Checkpoint.size.desc()).limit(1)
    return db.session.scalars(wanted).one_or_none()


def signed_streams() -> set[str]:
    """The streams with a checkpoint in the database."""
    return set(db.session.scalars(select(Checkpoint.stream).distinct()))
