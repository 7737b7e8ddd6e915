"""Taking in a file: name, size, content, then the bytes on disk, then the row."""

from dataclasses import dataclass
from datetime import datetime

from paritrana.core import filetypes
from paritrana.core.filechecks import CheckLate
from paritrana.core.filetypes import BY_MEDIA_TYPE, FileContentRefused, FileKind
from paritrana.database import db, insert_unless_there
from paritrana.files import queries
from paritrana.files.models import Blob
from paritrana.files.sandbox import SECONDS, look_at
from paritrana.files.signatures import kind_by_content
from paritrana.files.store import BlobStore, Readable, Received


@dataclass(frozen=True, slots=True)
class Kept:
    """A file whose bytes are in their place and whose row is still to be made by `row_of`."""

    organisation_id: int
    sha256: str  # 64 hexadecimal digits
    size: int  # bytes
    media_type: str
    name: str  # as it is shown


def store_upload(
    stream: Readable,
    *,
    filename: str | None,
    organisation_id: int,
    at: datetime,
    store: BlobStore,
    max_bytes: int,
    declared_type: str | None = None,
    declared_size: int | None = None,
    ours: bool = False,
) -> tuple[Blob, str]:
    """Keep an uploaded file for an organisation; gives its row and the name to show. The caller commits.

    See `keep_upload`; the same bytes of the same organisation give the same row.
    """
    kept = keep_upload(
        stream, filename=filename, organisation_id=organisation_id, store=store, max_bytes=max_bytes,
        declared_type=declared_type, declared_size=declared_size, ours=ours,
    )  # fmt: skip
    return row_of(kept, at=at), kept.name


def keep_upload(
    stream: Readable,
    *,
    filename: str | None,
    organisation_id: int,
    store: BlobStore,
    max_bytes: int,
    declared_type: str | None = None,
    declared_size: int | None = None,
    ours: bool = False,
    seconds: float = SECONDS,
) -> Kept:
    """Take in an uploaded file and look at it, without a word to the database: nothing is locked meanwhile.

    `max_bytes` is the installation's limit, `declared_type` and `declared_size` are what the browser says, where it
    says something. A file that this program has just drawn itself (`ours`) is not looked at in a process of its own;
    others are for at most so many `seconds`. Raises a subclass of `BadFile` for what the file is, `CheckLate`,
    `StoreFull` or `StoreFault` for what happens to it; no bytes are left then.
    """
    name = filetypes.display_name(filename)
    kind = filetypes.kind_by_name(name)
    said = BY_MEDIA_TYPE.get((declared_type or "").partition(";")[0].strip().lower(), kind)
    received = store.receive(
        stream,
        limit=min(kind.limit, max_bytes),
        organisation_id=organisation_id,
        name=name,
        declared_size=declared_size,
    )
    if said is not kind:
        store.discard(received)
        raise FileContentRefused(name=name, kind=kind.word)
    return _admit(received, kind, store=store, ours=ours, seconds=seconds)


def store_parts(
    part: str,
    *,
    name: str,
    sha256: str,
    size: int,
    organisation_id: int,
    at: datetime,
    store: BlobStore,
    seconds: float = SECONDS,
) -> Blob:
    """Keep an announced file whose parts are all here; gives its row. The caller commits. See `store_upload`.

    Where the machine is too busy to look at it within so many seconds, `CheckLate` is raised and the parts stay, to be
    looked at again. Raises `UploadCut`, `BytesDiffer`, another subclass of `BadFile` for what the file is,
    `StoreFull`, `StoreFault`.
    """
    kind = filetypes.kind_by_name(name)
    received = store.join(part, organisation_id=organisation_id, sha256=sha256, size=size, name=name)
    return row_of(_admit(received, kind, store=store, seconds=seconds, announced=True), at=at)


def _admit(
    received: Received,
    kind: FileKind,
    *,
    store: BlobStore,
    ours: bool = False,
    seconds: float = SECONDS,
    announced: bool = False,
) -> Kept:
    """Look at the content, then put the file in its place. What was announced stays where time is short for a look."""
    try:
        if kind_by_content(received.file) is not kind:
            raise FileContentRefused(name=received.name, kind=kind.word)
        if not ours:
            look_at(received.file, kind, name=received.name, seconds=seconds, announced=announced)
    except CheckLate:
        if announced:
            received.file.close()
        else:
            store.discard(received)
        raise
    except BaseException:
        store.discard(received)
        raise
    store.keep(received)
    return Kept(received.organisation_id, received.sha256, received.size, kind.media_type, received.name)


def row_of(kept: Kept, *, at: datetime) -> Blob:
    """The row of the kept bytes, made when there is none; two uploads of the same bytes may race for it."""
    db.session.execute(
        insert_unless_there(
            Blob, organisation_id=kept.organisation_id, sha256=kept.sha256, size=kept.size,
            media_type=kept.media_type, created_at=at,
        )
    )  # fmt: skip
    blob = queries.find_blob(kept.organisation_id, kept.sha256)
    assert blob is not None  # noqa: S101 - it was made just now, here or by the upload this one waited for
    if blob.destroyed_at is not None:  # it comes in anew, for a time of its own
        blob.destroyed_at, blob.created_at = None, at
    return blob
