"""What keeps the stored files in order: damaged ones are held back, and what no row names is removed."""

from collections.abc import Collection
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Final

from sqlalchemy import select

from paritrana.audit import service as audit
from paritrana.core.words import N_
from paritrana.database import db
from paritrana.files.invariants import SPARED, kept_files
from paritrana.files.models import Blob
from paritrana.files.previews.models import Preview
from paritrana.files.store import BlobStore
from paritrana.jobs.kinds import Kind, Progress, Run, Said, nightly

PAGE: Final = 500  # files asked for at once


def note_state(blob_id: int, *, damaged: bool, actor: audit.Actor, at: datetime) -> bool:
    """Hold a file back whose bytes are not its own, or release it when they are again; the caller commits.

    A file that is held back is not handed out. Gives whether something changed.
    """
    audit.lock_stream(audit.SYSTEM)
    blob = db.session.get_one(Blob, blob_id, with_for_update=True, populate_existing=True)
    if (blob.damaged_at is not None) == damaged:
        return False
    blob.damaged_at = at if damaged else None
    audit.record(
        audit.SYSTEM, "file.held_back" if damaged else "file.released", actor, at=at,
        object_ref=f"{blob.organisation_id}/{blob.sha256}",
    )  # fmt: skip
    return True


def remove_orphans(run: Run, progress: Progress) -> Said:
    """Remove the kept files that no row has named for 48 hours: of uploads, photos and pictures that were refused in
    the end, after their bytes were kept."""
    store, before = BlobStore(run.settings.blob_path), run.now() - SPARED
    removed = 0
    old: list[tuple[int, str]] = []
    for done, (where, path) in enumerate(kept_files(store.root / "objects")):
        progress(done)
        organisation, _part, sha256 = where.split("/")
        if organisation.isdigit() and _is_older(path, before):
            old.append((int(organisation), sha256))
        if len(old) >= PAGE:
            removed += _remove(old, store, before)
            old = []
    removed += _remove(old, store, before)
    return Said(N_("Files that nothing named, removed: %(count)s."), {"count": removed})


def _remove(old: Collection[tuple[int, str]], store: BlobStore, before: datetime) -> int:
    hashes = {sha256 for _organisation, sha256 in old}
    originals = select(Blob.organisation_id, Blob.sha256).where(Blob.sha256.in_(hashes), Blob.destroyed_at.is_(None))
    drawn = select(Blob.organisation_id, Preview.sha256).join(Preview, Preview.blob_id == Blob.id)
    named = {tuple(row) for row in db.session.execute(originals.union(drawn.where(Preview.sha256.in_(hashes))))}
    db.session.rollback()
    return sum(store.drop_orphan(*one, before=before) for one in old if one not in named)


def _is_older(path: Path, before: datetime) -> bool:
    with suppress(FileNotFoundError):
        return path.stat().st_mtime < before.timestamp()
    return False


REMOVE_ORPHANS: Final = Kind(
    "remove_orphans", N_("Remove files that nothing names"), remove_orphans, by_hand=True, slot=nightly(17)
)
