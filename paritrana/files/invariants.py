"""What must hold between the rows of the stored files and the folder that holds their bytes."""

import hashlib
import os
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

from sqlalchemy import select

from paritrana.audit.invariants import stream, told
from paritrana.core.invariants import Broken, Check, side_by_side
from paritrana.database import db
from paritrana.files.models import Blob
from paritrana.files.previews.models import Preview
from paritrana.files.store import BlobStore

# So long a file may wait for its row: an upload under way, and one whose transaction was undone, are no fault.
SPARED: Final = timedelta(hours=48)

RULES: Final = {
    "blob.missing": "The bytes of every stored file are in the folder of files.",
    "blob.damaged": "The bytes of every stored file have the size and the SHA-256 of its row.",
    "blob.orphan": "No file lies in the folder for more than 48 hours without a row.",
}


HELD: Final = {"blob.held": "A file is held back exactly where the last event about it says so."}


def _held() -> Iterator[Broken]:
    """The rows of damaged files beside the last event of each."""
    rows = db.session.execute(select(Blob.organisation_id, Blob.sha256).where(Blob.damaged_at.is_not(None))).all()
    held = sorted(f"{row.organisation_id}/{row.sha256}" for row in rows)
    events = told("file.held_back", "file.released")
    for where, said, stored in side_by_side(events, held, lambda one: one.ref, lambda one: one):
        if (bool(said) and said[-1].kind == "file.held_back") != bool(stored):
            yield Broken("blob.held", where, "What the file is and what the last event says of it differ.")


CHECKS: Final = (Check(HELD, _held),)


def check_of(store: BlobStore, now: datetime) -> Check:
    """The look at a store; `now` is the machine's moment, since the age of a file is the file system's."""
    return Check(RULES, lambda: _look(store.root, now))


def _look(root: Path, now: datetime) -> Iterator[Broken]:
    drawn = select(Blob.organisation_id, Preview.sha256, Preview.size).join(Preview, Preview.blob_id == Blob.id)
    whole = select(Blob.organisation_id, Blob.sha256, Blob.size).where(Blob.destroyed_at.is_(None))
    every = whole.union(drawn).subquery()
    rows = stream(select(every).order_by(every.c.organisation_id, every.c.sha256))
    before = (now - SPARED).timestamp()
    for where, kept, known in side_by_side(kept_files(root / "objects"), rows, lambda one: one[0], _address):
        if not known:
            yield from _orphan(where, kept[0][1], before)
        elif not kept:
            yield Broken("blob.missing", where, "The file is not in the folder of files.")
        elif not _is_whole(kept[0][1], known[0].size, known[0].sha256):
            yield Broken("blob.damaged", where, "The file in the folder is not the one that was received.")
    for path in _files(root / "incoming"):
        yield from _orphan(f"incoming/{path.name}", path, before)


def _address(row: Any) -> str:
    # Padded, so that the order of the texts is the order of the numbers in the database.
    return f"{row.organisation_id:010d}/{row.sha256[:2]}/{row.sha256}"


def kept_files(objects: Path) -> Iterator[tuple[str, Path]]:
    """Every file below the folder of objects with its padded address, one folder in memory at a time."""
    named = sorted((_padded(path.name), path) for path in _entries(objects))
    for organisation, folder in named:
        for part in _entries(folder):
            for path in _files(part):
                yield f"{organisation}/{part.name}/{path.name}", path


def _padded(name: str) -> str:
    return f"{int(name):010d}" if name.isascii() and name.isdigit() else name


def _entries(folder: Path) -> list[Path]:
    return sorted((path for path in folder.iterdir() if path.is_dir()), key=_name) if folder.is_dir() else []


def _files(folder: Path) -> list[Path]:
    return sorted((path for path in folder.iterdir() if path.is_file()), key=_name) if folder.is_dir() else []


def _name(path: Path) -> str:
    return path.name


def _orphan(where: str, path: Path, before: float) -> Iterator[Broken]:
    try:
        old = os.stat(path).st_mtime < before
    except FileNotFoundError:  # it came in and was put in its place, or discarded, meanwhile
        return
    if old:
        yield Broken("blob.orphan", where, "The file lies in the folder and no row names it.")


def _is_whole(path: Path, size: int, sha256: str) -> bool:
    try:
        with path.open("rb") as file:
            return os.fstat(file.fileno()).st_size == size and hashlib.file_digest(file, "sha256").hexdigest() == sha256
    except OSError:
        return False
