"""The folder that holds the files: every file is there whole under the hash of its content, or not at all.

    <root>/incoming/<random>                              while it comes in at once
    <root>/incoming/<reference of its declaration>        while it comes in parts, over many requests
    <root>/objects/<organisation>/<2 hex>/<sha256>        once it is kept

The hash is an address inside one organisation only: whether another organisation holds the same bytes shows nowhere.
"""

import errno
import hashlib
import os
import re
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from io import BufferedReader
from pathlib import Path
from typing import BinaryIO, Final, Protocol, cast

import structlog

from paritrana.core.errors import ParitranaError
from paritrana.core.filetypes import BadFile, FileEmpty, FileTooLarge, UploadCut
from paritrana.core.words import N_

log = structlog.get_logger("paritrana.files")

BLOCK: Final = 64 * 1024
CHUNK: Final = 1024 * 1024  # bytes of an announced file that come in one request at most
NO_ROOM: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
RESERVE: Final = 50  # one part in so many of the disk stays free: 2 %
_SHA256: Final = re.compile(r"[0-9a-f]{64}")
_PART: Final = re.compile(r"[A-Z0-9-]{5,40}")


class StoreFault(ParitranaError):
    """The folder cannot be written; nothing of the file is kept. Params: `name`."""

    code = "store_fault"
    status = 503
    message = N_("%(name)s is not saved: the file store has a fault. Try again later.")


class StoreFull(StoreFault):
    """There is no room for the file; nothing of the file is kept. Params: `name`."""

    code = "store_full"
    status = 507
    message = N_("%(name)s is not saved: the file store is full. Try again later.")


class StoreReadOnly(StoreFault):
    """The folder may only be read; nothing of the file is kept. Params: `name`."""

    code = "store_read_only"
    message = N_("%(name)s is not saved: the file store can only be read at the moment. Try again later.")


class PartMissing(ParitranaError):
    """A part came that does not join on to those before it. Params: `offset`, the bytes that are here."""

    code = "part_missing"
    message = N_("The part does not continue what is stored. Continue at byte %(offset)s.")


class BytesDiffer(BadFile):
    """The parts together are not the file that was announced; they are thrown away."""

    code = "bytes_differ"
    status = 409
    message = N_("%(name)s changed on its way, or on your device. Choose the file again.")


class DamagedFile(ParitranaError):
    """The stored bytes are gone or no longer have their hash, so they are not served."""

    code = "damaged_file"
    status = 503
    message = N_("This file cannot be shown: its stored copy is damaged. Ask the administrator to restore it.")


class FileDestroyed(ParitranaError):
    """The time for which the file was kept is over: its bytes are gone for good, its hash stays."""

    code = "file_destroyed"
    status = 410
    message = N_("This file was destroyed when its time of keeping ended. Its hash and the record of that stay.")


class Readable(Protocol):
    """Where the bytes of an upload come from."""

    def read(self, size: int, /) -> bytes:
        """At most `size` bytes, none at the end."""
        ...


@dataclass(frozen=True, slots=True)
class Received:
    """A file that came in whole and is not kept yet: `keep` or `discard` it."""

    organisation_id: int
    name: str
    sha256: str  # 64 hexadecimal digits
    size: int  # bytes
    path: Path
    file: BinaryIO  # open, for the look at its content


class Disk:
    """Every call with which the store touches the file system; each may raise `OSError`.

    It is handed to the store, so that a test can stand a failing one in its place.
    """

    def room(self, folder: Path) -> tuple[int, int]:
        """Bytes that are free for this account in the file system of a folder, and bytes it has in all."""
        found = os.statvfs(folder)
        return found.f_bavail * found.f_frsize, found.f_blocks * found.f_frsize

    def is_folder(self, path: Path) -> bool:
        """Whether there is a folder."""
        return path.is_dir()

    def make_folder(self, path: Path) -> None:
        """Make one folder for the owner alone; no fault when it is there."""
        path.mkdir(mode=0o700, exist_ok=True)

    def create(self, path: Path) -> BinaryIO:
        """Make a file that is not there yet, for the owner alone, open for writing and reading."""
        handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        # Without a buffer nothing is left to be written when the file is closed after a fault.
        return os.fdopen(handle, "r+b", buffering=0)

    def extend(self, path: Path) -> BinaryIO:
        """Open a file for writing and reading, made for the owner alone where it is not there yet."""
        return os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600), "r+b", buffering=0)

    def size(self, path: Path) -> int:
        """The bytes of a file."""
        return path.stat().st_size

    def changed_at(self, path: Path) -> float:
        """When a file was kept or last changed, in seconds since 1970."""
        return path.stat().st_mtime

    def open(self, path: Path) -> BufferedReader:
        """Open a file for reading."""
        return path.open("rb")

    def write(self, file: BinaryIO, data: memoryview) -> int:
        """Write the beginning of `data`, or all of it; gives the number of bytes."""
        return file.write(data)

    def sync(self, file: BinaryIO) -> None:
        """Return once the bytes of the file stand on the disk; the file is as old as this moment."""
        os.utime(file.fileno())
        os.fsync(file.fileno())

    def sync_folder(self, folder: Path) -> None:
        """Return once the names in the folder stand on the disk."""
        handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)

    def move(self, path: Path, target: Path) -> None:
        """Give a file another place, over what stands there."""
        path.replace(target)

    def remove(self, path: Path) -> None:
        """Remove a file."""
        path.unlink()


DISK: Final = Disk()


class BlobStore:
    """The store under one folder, which is made when the first file comes."""

    def __init__(self, root: Path, disk: Disk = DISK) -> None:
        self.root = root
        self.disk = disk

    def receive(
        self, stream: Readable, *, limit: int, organisation_id: int, name: str = "", declared_size: int | None = None
    ) -> Received:
        """Take in a file block by block, hashing while writing; nothing is left behind when this fails.

        `limit` and `declared_size` are bytes, `name` is for the sentences. Raises `FileEmpty`, `FileTooLarge` as soon
        as the limit is passed, `UploadCut` when the bytes end early, `StoreFull` and `StoreFault`.
        """
        if declared_size is not None and declared_size > limit:
            raise FileTooLarge(name=name, size=declared_size, limit=limit)
        with _faults(name):
            path, file = self._open_incoming()
        try:
            self._keep_reserve(name)
            digest, size = self._copy(stream, file, limit=limit, name=name, declared_size=declared_size)
            self._keep_reserve(name)
        except BaseException:
            self._drop(path, file)
            raise
        return Received(organisation_id, name, digest, size, path, file)

    def part_size(self, part: str) -> int:
        """How many bytes of a file that comes in parts are here."""
        try:
            return self.disk.size(self._part(part))
        except OSError:
            return 0

    def add_part(self, part: str, offset: int, data: bytes, *, size: int, name: str = "") -> int:
        """Write some bytes of an announced file of `size` bytes at their place; gives how many are here.

        The same bytes may come again. Raises `PartMissing` for a gap before them, `FileTooLarge` for bytes past the
        end, `StoreFull` and `StoreFault`; nothing that was here is lost then.
        """
        if offset + len(data) > size:
            raise FileTooLarge(name=name, size=offset + len(data), limit=size)
        here = self.part_size(part)
        if offset > here:
            raise PartMissing(offset=here)
        with _faults(name):
            path = self._part(part)
            self._make_folder(path.parent)
            self._keep_reserve(name)
            with self.disk.extend(path) as file:
                file.seek(offset)
                self._write(file, data)
        return max(here, offset + len(data))

    def join(self, part: str, *, organisation_id: int, sha256: str, size: int, name: str = "") -> Received:
        """The file whose parts are all here, to `keep` or `discard`, after its whole hash was taken.

        Raises `UploadCut` while bytes are missing, `BytesDiffer` when they are not the announced ones and so are thrown
        away, `StoreFault`.
        """
        here = self.part_size(part)
        if here < size:
            raise UploadCut(name=name, percent=f"{100 * here // size}%")
        path = self._part(part)
        with _faults(name):
            file = self.disk.extend(path)
        received = Received(organisation_id, name, sha256, size, path, file)
        try:
            with _faults(name):
                whole = here == size and hashlib.file_digest(file, "sha256").hexdigest() == sha256  # type: ignore[arg-type]
        except BaseException:
            file.close()
            raise
        if not whole:
            self.discard(received)
            raise BytesDiffer(name=name)
        return received

    def open_part(self, part: str) -> BinaryIO:
        """The bytes of a file that came in parts and is not kept, open at the first and without a buffer, so that
        another process reads on where this one stands. Raises `FileNotFoundError`."""
        return cast("BinaryIO", self.disk.open(self._part(part)).detach())

    def drop_part(self, part: str) -> None:
        """Remove the bytes of a file that does not come any more; harmless when there are none."""
        with suppress(OSError):
            self.disk.remove(self._part(part))

    def keep(self, received: Received) -> None:
        """Put a received file in its place so that it survives a power cut; returns once it does.

        Raises `StoreFull` or `StoreFault`. A failed write to disk is not tried again: the file is discarded.
        """
        target = self._address(received.organisation_id, received.sha256)
        try:
            with _faults(received.name):
                self.disk.sync(received.file)
                self._make_folder(target.parent)
                self.disk.move(
                    received.path, target
                )  # over the same bytes, if they are there: that heals a damaged copy
                # Every folder up to the one that holds the root: one may be new, made here or by another upload that
                # has not got so far yet.
                for folder in target.parents[:5]:
                    self.disk.sync_folder(folder)
        finally:
            self.discard(received)

    def discard(self, received: Received) -> None:
        """Remove what is left of a received file; harmless after `keep`."""
        self._drop(received.path, received.file)

    def open(self, organisation_id: int, sha256: str) -> BinaryIO:
        """The kept file, open at its first byte, after its whole hash was checked. The caller closes it.

        Raises `DamagedFile` when it is missing, unreadable or changed.
        """
        address = self._address(organisation_id, sha256)
        try:
            file = self.disk.open(address)
        except OSError as error:
            raise _damaged(organisation_id, sha256, error.strerror or "unreadable") from None
        try:
            with _closing_on_fault(file):
                whole = hashlib.file_digest(file, "sha256").hexdigest() == sha256
                file.seek(0)
        except OSError as error:
            raise _damaged(organisation_id, sha256, error.strerror or "unreadable") from None
        if not whole:
            file.close()
            raise _damaged(organisation_id, sha256, "hash differs")
        return file

    def drop_orphan(self, organisation_id: int, sha256: str, *, before: datetime) -> bool:
        """Remove a kept file that no row names; False where it is gone, or was kept anew since `before`.

        It is moved aside first, so that what comes in its place meanwhile stays. Raises `StoreFault`.
        """
        address, aside = self._address(organisation_id, sha256), self.root / "incoming" / secrets.token_hex(16)
        with _faults(sha256):
            self._make_folder(aside.parent)
            try:
                self.disk.move(address, aside)
            except FileNotFoundError:
                return False
            if self.disk.changed_at(aside) >= before.timestamp():
                self.disk.move(aside, address)
                return False
            self.disk.remove(aside)
        return True

    def destroy(self, organisation_id: int, sha256: str) -> bool:
        """Remove a kept file whose time is over; False where it is gone already. Raises `StoreFault`."""
        address = self._address(organisation_id, sha256)
        with _faults(sha256):
            try:
                self.disk.remove(address)
            except FileNotFoundError:
                return False
            self.disk.sync_folder(address.parent)
        return True

    def _address(self, organisation_id: int, sha256: str) -> Path:
        if not _SHA256.fullmatch(sha256):
            raise ValueError("an address is 64 hexadecimal digits")
        return self.root / "objects" / f"{organisation_id:d}" / sha256[:2] / sha256

    def _part(self, part: str) -> Path:
        if not _PART.fullmatch(part):
            raise ValueError("a part is named by the reference of its declaration")
        return self.root / "incoming" / part

    def _open_incoming(self) -> tuple[Path, BinaryIO]:
        folder = self.root / "incoming"
        self._make_folder(folder)
        path = folder / secrets.token_hex(16)
        return path, self.disk.create(path)

    def _copy(
        self, stream: Readable, file: BinaryIO, *, limit: int, name: str, declared_size: int | None
    ) -> tuple[str, int]:
        digest, size = hashlib.sha256(), 0
        while block := stream.read(BLOCK):
            size += len(block)
            if size > limit:
                raise FileTooLarge(name=name, size=_whole_size(stream, size, declared_size), limit=limit)
            digest.update(block)
            with _faults(name):
                self._write(file, block)
        if declared_size is not None and size != declared_size:
            raise UploadCut(name=name, percent=f"{min(100 * size // declared_size, 99)}%" if declared_size else "0%")
        if size == 0:
            raise FileEmpty(name=name)
        return digest.hexdigest(), size

    def _keep_reserve(self, name: str) -> None:
        """Refuse a file that would take the last room, which the database may need on the same disk."""
        with _faults(name):
            free, whole = self.disk.room(self.root)
            if free * RESERVE < whole:
                raise OSError(errno.ENOSPC, "the reserve is kept free")

    def _write(self, file: BinaryIO, block: bytes) -> None:
        rest = memoryview(block)
        while rest:
            rest = rest[self.disk.write(file, rest) :]

    def _drop(self, path: Path, file: BinaryIO) -> None:
        with suppress(OSError):  # it is gone already, or the fault that is being told keeps it from going
            file.close()
        with suppress(OSError):
            self.disk.remove(path)

    def _make_folder(self, folder: Path) -> None:
        """Make a folder and those above it that are missing, each for the owner alone."""
        if not self.disk.is_folder(folder):
            self._make_folder(folder.parent)
            self.disk.make_folder(folder)


def _whole_size(stream: Readable, read: int, declared_size: int | None) -> int:
    """How large a file over its limit is, in bytes: as announced, or as the spooled upload says; at least what came."""
    seekable = getattr(stream, "seekable", None)
    if declared_size is None and seekable is not None and seekable():
        declared_size = stream.seek(0, os.SEEK_END)  # type: ignore[attr-defined]
    return max(read, declared_size or 0)


@contextmanager
def _faults(name: str) -> Iterator[None]:
    """Turn a fault of the file system into the refusal a person is told, and tell the operator its cause."""
    try:
        yield
    except OSError as error:
        log.error("store_fault", reason=errno.errorcode.get(error.errno or 0, "unknown"))
        kind = StoreFull if error.errno in NO_ROOM else StoreReadOnly if error.errno == errno.EROFS else StoreFault
        raise kind(name=name) from error


@contextmanager
def _closing_on_fault(file: BinaryIO) -> Iterator[None]:
    try:
        yield
    except BaseException:
        file.close()
        raise


def _damaged(organisation_id: int, sha256: str, reason: str) -> DamagedFile:
    log.error("damaged_file", organisation=organisation_id, sha256=sha256, reason=reason)
    return DamagedFile()
