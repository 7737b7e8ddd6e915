"""Copies of an installation in a folder of their own, and putting one back on an empty place.

    FOLDER/objects/…                       every stored file once, under the name of its hash
    FOLDER/snapshots/20261122T010000Z/     the database of one moment, the list of its files, and the manifest

The manifest names every part by its hash, the keys in use by their ids, and the end of every stream of events; the key
`backup` signs it. Keys are never copied: whoever restores brings them, and without the right ones nothing is restored.
"""

import hashlib
import json
import os
import shutil
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

from sqlalchemy import create_engine, make_url, select, text

from paritrana.audit.models import Event, StreamHead
from paritrana.config import Settings
from paritrana.database import db
from paritrana.signing import CHECKPOINT, RECEIPT, KeyMissing, NotSigned, make_key, public_keys, signing_key, verify

FORMAT: Final = "paritrana-backup/1"
BACKUP: Final = "backup"  # the purpose of the key that signs manifests
NEEDED: Final = (RECEIPT, CHECKPOINT, "totp")  # without these a restored installation could not go on
KEPT: Final = ((timedelta(hours=2), ""), (timedelta(days=2), "%Y%m%d%H"), (timedelta(days=35), "%Y%m%d"))
CHUNK: Final = 1024 * 1024
STAMP: Final = "%Y%m%dT%H%M%SZ"


class BackupFault(Exception):
    """A backup cannot be made or put back; the message is one sentence for the operator."""


@dataclass(frozen=True)
class Snapshot:
    """One copy: where it lies, of which moment it is, and how much it holds."""

    folder: Path
    at: datetime
    files: int
    bytes: int
    damaged: tuple[str, ...] = ()  # stored files that are not what they were, and so are not in it


# Making one -----------------------------------------------------------------------------------------------------------


def back_up(settings: Settings, folder: Path, *, at: datetime, revision: str) -> Snapshot:
    """Copy the database as it stands and every file that `folder` does not have yet. Raises `BackupFault`, `OSError`.

    The database comes first: whatever it names was stored before, so every file of the copy is there when it is whole.
    `at` is the machine's moment, `revision` the structure of the database.
    """
    keys = settings.instance_path / "keys"
    make_key(keys, BACKUP)
    place = folder / "snapshots" / at.astimezone(UTC).strftime(STAMP)
    place.mkdir(mode=0o700, parents=True, exist_ok=False)
    heads = {row.stream: [row.seq, row.leaf.hex()] for row in db.session.execute(select(StreamHead.__table__)).all()}
    db.session.rollback()
    database = _copy_database(settings.database_url, place)
    damaged: list[str] = []
    listed = sorted(_copy_files(settings.blob_path / "objects", folder / "objects", damaged))
    (place / "files.txt").write_text("".join(f"{size} {name}\n" for name, size in listed), encoding="utf-8")
    document: dict[str, Any] = {
        "format": FORMAT,
        "at": at.astimezone(UTC).isoformat(),
        "revision": revision,
        "database": {"file": database.name, "sha256": _sha256(database), "size": database.stat().st_size},
        "files": {"count": len(listed), "bytes": sum(size for _name, size in listed),
                  "sha256": _sha256(place / "files.txt")},
        "keys": {purpose: ids for purpose in NEEDED if (ids := _ids(keys, purpose))},
        "heads": heads,
        "damaged": damaged,
    }  # fmt: skip
    signed = signing_key(keys, BACKUP).sign(document)
    part = place / ".manifest"
    part.write_text(json.dumps(signed, indent=1, sort_keys=True), encoding="utf-8")
    _settle(part, database, place / "files.txt")
    part.rename(place / "manifest.json")  # a folder without it was never finished
    return Snapshot(place, at, len(listed), document["files"]["bytes"] + document["database"]["size"], tuple(damaged))


def _copy_database(url: str, place: Path) -> Path:
    if url.startswith("sqlite"):
        target = place / "database.sqlite"
        with (
            closing(sqlite3.connect(make_url(url).database or "")) as source,
            closing(sqlite3.connect(target)) as copy,
        ):
            source.backup(copy)
        target.chmod(0o600)
        return target
    target = place / "database.dump"
    _run("pg_dump", url, "--format=custom", "--no-owner", f"--file={target}")
    target.chmod(0o600)
    return target


def _run(program: str, url: str, *words: str) -> None:
    """Run a program of PostgreSQL; the password goes through the environment, which others cannot read."""
    path = shutil.which(program)
    if path is None:
        raise BackupFault(f"The program {program} is missing. It comes with the client of PostgreSQL.")
    found = make_url(url)
    environment = {**os.environ, "PGPASSWORD": found.password or ""}
    query = "&".join(f"{name}={value}" for name, value in found.query.items())
    plain = found.set(password=None, drivername="postgresql", query={}).render_as_string()
    address = f"{plain}?{query}" if query else plain
    done = subprocess.run(  # noqa: S603 - our own words, no shell
        [path, *words, f"--dbname={address}"], env=environment, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise BackupFault(f"{program} failed: {(done.stderr.strip() or 'without a word').splitlines()[0]}")


def _copy_files(source: Path, target: Path, damaged: list[str]) -> Iterator[tuple[str, int]]:
    """Copy what is missing; gives every file that the copy has. One whose bytes are not those of its name stays out."""
    for path in sorted(source.rglob("*")) if source.is_dir() else ():
        if not path.is_file():
            continue
        name, size = path.relative_to(source).as_posix(), path.stat().st_size
        copy = target / name
        if not (copy.exists() and copy.stat().st_size == size):
            copy.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            part = copy.with_name(f".{copy.name}")
            if _copy(path, part) != path.name:
                part.unlink()
                damaged.append(name)
                continue
            _settle(part)
            part.rename(copy)
        yield name, size


def _copy(source: Path, target: Path) -> str:
    """Copy a file; gives the SHA-256 of what was copied."""
    digest = hashlib.sha256()
    with source.open("rb") as reader, target.open("wb") as writer:
        while block := reader.read(CHUNK):
            digest.update(block)
            writer.write(block)
    target.chmod(0o600)
    return digest.hexdigest()


def _settle(*files: Path) -> None:
    for path in files:
        handle = os.open(path, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _ids(keys: Path, purpose: str) -> list[str]:
    try:
        return sorted(public_keys(keys, purpose))
    except KeyMissing:
        return []


# Looking --------------------------------------------------------------------------------------------------------------


def snapshots(folder: Path) -> list[Snapshot]:
    """The finished copies in a folder, the newest first; their signatures are not looked at."""
    found = []
    for path in folder.glob("snapshots/*/manifest.json"):
        try:
            document = json.loads(path.read_text(encoding="utf-8"))
            count, size = document["files"]["count"], document["files"]["bytes"] + document["database"]["size"]
            damaged = tuple(document["damaged"])
            found.append(Snapshot(path.parent, datetime.fromisoformat(document["at"]), count, size, damaged))
        except (OSError, ValueError, KeyError, TypeError):
            continue
    return sorted(found, key=lambda one: one.at, reverse=True)


def thin_out(folder: Path, *, at: datetime) -> int:
    """Remove copies that a later one of the same hour or day stands for, and those older than 35 days; how many."""
    kept: set[str] = set()
    removed = 0
    for one in snapshots(folder):
        age = at - one.at
        pattern = next((pattern for most, pattern in KEPT if age <= most), None)
        slot = one.at.strftime(pattern) if pattern else one.folder.name
        if pattern is not None and slot not in kept:
            kept.add(slot)
            continue
        shutil.rmtree(one.folder)
        removed += 1
    if removed:
        _drop_files(folder)
    return removed


def _drop_files(folder: Path) -> None:
    """Remove the copies of files that no copy of the database names any more: what was destroyed goes here, too."""
    named = {
        line.partition(" ")[2]
        for one in snapshots(folder)
        for line in (one.folder / "files.txt").read_text(encoding="utf-8").splitlines()
    }
    for path in (folder / "objects").rglob("*"):
        if path.is_file() and path.relative_to(folder / "objects").as_posix() not in named:
            path.unlink()


# Putting one back -----------------------------------------------------------------------------------------------------


def read_manifest(snapshot: Path, keys: Path) -> dict[str, Any]:
    """The manifest of a copy, signed by a key of this installation. Raises `BackupFault`."""
    try:
        document: dict[str, Any] = json.loads((snapshot / "manifest.json").read_text(encoding="utf-8"))
        key_id, known = str(document["key"]), document["format"] == FORMAT
    except (OSError, ValueError, KeyError, TypeError):
        raise BackupFault(f"{snapshot.name} has no manifest that can be read.") from None
    if not known:
        raise BackupFault(f"{snapshot.name} was made by another version of the program.")
    try:
        known_keys = public_keys(keys, BACKUP)
    except KeyMissing:
        known_keys = {}
    if key_id not in known_keys:
        raise BackupFault(f"The key {key_id} that signed {snapshot.name} is not in {keys}.")
    try:
        verify(document, known_keys)
    except NotSigned:
        raise BackupFault(f"The manifest of {snapshot.name} was changed after it was signed.") from None
    for purpose, ids in document["keys"].items():
        for missing in sorted(set(ids) - set(_ids(keys, purpose))):
            raise BackupFault(f"The key {missing} of the purpose {purpose} is not in {keys}. Bring it first.")
    return document


def restore(settings: Settings, snapshot: Path) -> dict[str, Any]:
    """Put a copy back where neither database nor files are; gives its manifest. Raises `BackupFault`, `OSError`.

    Every part is compared with the signed manifest before and while it is put in its place.
    """
    document = read_manifest(snapshot, settings.instance_path / "keys")
    objects, target = snapshot.parents[1] / "objects", settings.blob_path / "objects"
    if target.exists() and any(target.iterdir()):
        raise BackupFault(f"The folder {target} is not empty. Restore into an empty place.")
    database = snapshot / document["database"]["file"]
    for path, digest in ((database, document["database"]["sha256"]),
                         (snapshot / "files.txt", document["files"]["sha256"])):  # fmt: skip
        if not path.is_file() or _sha256(path) != digest:
            raise BackupFault(f"{path.name} of {snapshot.name} is missing or changed.")
    _place_database(settings.database_url, database)
    for line in (snapshot / "files.txt").read_text(encoding="utf-8").splitlines():
        name = line.partition(" ")[2]
        copy = target / name
        copy.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not (objects / name).is_file() or _copy(objects / name, copy) != copy.name:
            raise BackupFault(f"The file {name} of the copy is missing or changed.")
        _settle(copy)
    return document


def _place_database(url: str, copy: Path) -> None:
    if url.startswith("sqlite") != (copy.suffix == ".sqlite"):
        raise BackupFault("The copy is of another kind of database than the setting database_url names.")
    if url.startswith("sqlite"):
        target = Path(make_url(url).database or "")
        if target.exists() and target.stat().st_size:
            raise BackupFault(f"The database {target} is there already. Restore into an empty place.")
        shutil.copyfile(copy, target)
        target.chmod(0o600)
        _settle(target)
        return
    engine = create_engine(url)
    try:
        with engine.connect() as connection:
            tables = "SELECT count(*) FROM information_schema.tables WHERE table_schema = 'public'"
            if connection.execute(text(tables)).scalar():
                raise BackupFault("The database is not empty. Restore into an empty one.")
    finally:
        engine.dispose()
    target_words = ("--no-owner", "--exit-on-error", "--single-transaction")
    _run("pg_restore", url, *target_words, str(copy))


def lost_events(document: dict[str, Any]) -> list[str]:
    """The streams of the manifest whose restored record does not reach or does not hold what was signed."""
    lost = []
    for stream, (seq, leaf) in sorted(document["heads"].items()):
        found = db.session.scalar(select(Event.leaf).where(Event.stream == stream, Event.seq == seq)) if seq else b""
        if seq and (found is None or found.hex() != leaf):
            lost.append(stream)
    return lost
