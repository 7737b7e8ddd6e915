import errno
import hashlib
import io
import os
import random
import stat
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paritrana.core.filetypes import FileEmpty, FileTooLarge, UploadCut
from paritrana.core.quantities import FileSize
from paritrana.files.store import (
    BLOCK,
    BlobStore,
    BytesDiffer,
    DamagedFile,
    Disk,
    PartMissing,
    StoreFault,
    StoreFull,
)

CONTENT = random.Random(7).randbytes(3 * BLOCK + 17)
SHA256 = hashlib.sha256(CONTENT).hexdigest()


class Trickle:
    """A line that gives few bytes at a time, cannot go back, and may break."""

    def __init__(self, content, *, step=1000, breaks_at=None):
        self.left, self.step, self.breaks_at, self.read_so_far = content, step, breaks_at, 0

    def read(self, size):
        if self.breaks_at is not None and self.read_so_far >= self.breaks_at:
            raise ConnectionResetError(errno.ECONNRESET, "the line is gone")
        block, self.left = self.left[: min(size, self.step)], self.left[min(size, self.step) :]
        self.read_so_far += len(block)
        return block


@pytest.fixture
def store(tmp_path):
    return BlobStore(tmp_path / "blobs")


def files_in(store):
    return sorted(str(path.relative_to(store.root)) for path in store.root.rglob("*") if path.is_file())


def keep(store, content, organisation_id=7):
    received = store.receive(io.BytesIO(content), limit=10**7, organisation_id=organisation_id)
    store.keep(received)
    return received


def test_a_file_comes_in_hashed_and_private(store):
    received = store.receive(Trickle(CONTENT), limit=len(CONTENT), organisation_id=7, declared_size=len(CONTENT))
    assert (received.sha256, received.size) == (SHA256, len(CONTENT))
    assert received.path.parent == store.root / "incoming"
    assert stat.S_IMODE(received.path.stat().st_mode) == 0o600
    assert received.path.read_bytes() == CONTENT
    store.discard(received)
    assert files_in(store) == []
    store.discard(received)


def test_a_kept_file_stands_under_its_organisation_and_hash(store):
    keep(store, CONTENT)
    assert files_in(store) == [f"objects/7/{SHA256[:2]}/{SHA256}"]
    with store.open(7, SHA256) as file:
        assert file.read() == CONTENT
    for folder in (store.root, *(path for path in store.root.rglob("*") if path.is_dir())):
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_the_same_bytes_stand_once_per_organisation(store):
    for organisation in (7, 8, 7):
        keep(store, CONTENT, organisation)
    assert files_in(store) == [f"objects/{organisation}/{SHA256[:2]}/{SHA256}" for organisation in (7, 8)]


@given(st.binary(min_size=1, max_size=300), st.integers(1, 400))
def test_what_comes_in_goes_out(content, step):
    with tempfile.TemporaryDirectory() as folder:
        store = BlobStore(Path(folder) / "blobs")
        received = store.receive(Trickle(content, step=step), limit=300, organisation_id=1)
        store.keep(received)
        with store.open(1, received.sha256) as file:
            assert file.read() == content


def test_the_limit_itself_is_taken_and_one_byte_more_is_not(store):
    store.discard(store.receive(io.BytesIO(CONTENT), limit=len(CONTENT), organisation_id=7))
    with pytest.raises(FileTooLarge) as refused:
        store.receive(io.BytesIO(CONTENT), limit=len(CONTENT) - 1, organisation_id=7, name="SK.pdf")
    assert refused.value.params == {
        "name": "SK.pdf", "size": FileSize(len(CONTENT)), "limit": FileSize(len(CONTENT) - 1),
    }  # fmt: skip
    assert files_in(store) == []


def test_a_file_over_the_limit_is_refused_while_it_comes_in(store):
    line = Trickle(CONTENT, step=BLOCK)
    with pytest.raises(FileTooLarge) as refused:
        store.receive(line, limit=BLOCK, organisation_id=7)
    assert line.read_so_far == 2 * BLOCK
    assert refused.value.params["size"] == FileSize(2 * BLOCK)
    with pytest.raises(FileTooLarge) as told:
        store.receive(io.BytesIO(CONTENT), limit=BLOCK, organisation_id=7)
    assert told.value.params["size"] == FileSize(len(CONTENT))
    assert files_in(store) == []


def test_a_file_that_says_it_is_too_large_is_not_read(store):
    line = Trickle(CONTENT)
    with pytest.raises(FileTooLarge):
        store.receive(line, limit=100, organisation_id=7, declared_size=101)
    assert line.read_so_far == 0
    assert not store.root.exists()


def test_an_empty_file_is_refused(store):
    with pytest.raises(FileEmpty):
        store.receive(io.BytesIO(b""), limit=100, organisation_id=7, name="SK.pdf", declared_size=0)
    assert files_in(store) == []


@pytest.mark.parametrize(("declared", "percent"), [(2 * len(CONTENT), "50%"), (len(CONTENT) + 1, "99%"), (0, "0%")])
def test_an_upload_of_another_length_than_announced_is_refused(store, declared, percent):
    with pytest.raises(UploadCut) as refused:
        store.receive(io.BytesIO(CONTENT), limit=10**7, organisation_id=7, declared_size=declared)
    assert refused.value.params["percent"] == percent
    assert files_in(store) == []


def test_a_broken_line_leaves_nothing_behind(store):
    with pytest.raises(ConnectionResetError):
        store.receive(Trickle(CONTENT, breaks_at=2 * BLOCK), limit=10**7, organisation_id=7)
    assert files_in(store) == []


# --- Faults of the file system ----------------------------------------------------------------------------------------


SMALL_DISK = """
import io, resource, sys
from pathlib import Path
from paritrana.files.store import BlobStore, StoreFull

root, size = Path(sys.argv[1]), int(sys.argv[2])
resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
try:
    BlobStore(root).receive(io.BytesIO(b"x" * size), limit=10**7, organisation_id=7, name="SK.pdf")
except StoreFull as refused:
    print(refused.status, refused.message % refused.params)
"""


def test_a_full_disk_is_told_as_such_and_nothing_is_left_behind(store):
    done = subprocess.run(
        [sys.executable, "-c", SMALL_DISK, str(store.root), "300000"], capture_output=True, text=True, check=True
    )
    told = done.stdout.splitlines()
    assert told[-1] == "507 SK.pdf is not saved: the file store is full. Try again later."
    assert "store_fault" in told[0]
    assert "SK.pdf" not in told[0]
    assert files_in(store) == []


def test_a_store_that_is_no_folder_is_a_fault(store):
    store.root.write_text("not a folder")
    with pytest.raises(StoreFault) as refused:
        store.receive(io.BytesIO(CONTENT), limit=10**7, organisation_id=7, name="SK.pdf")
    assert not isinstance(refused.value, StoreFull)
    assert refused.value.status == 503


def test_a_file_that_cannot_get_to_its_place_is_not_kept(store):
    received = store.receive(io.BytesIO(CONTENT), limit=10**7, organisation_id=7, name="SK.pdf")
    (store.root / "objects").write_text("in the way")
    with pytest.raises(StoreFault):
        store.keep(received)
    assert files_in(store) == ["objects"]


def test_a_file_is_on_disk_before_it_is_in_its_place_and_its_place_before_the_answer(tmp_path):
    """Traced in the running system: file, then rename, then every folder up to the one that holds the store."""
    script = (
        "import io, os, sys\n"
        "from pathlib import Path\n"
        "steps = []\n"
        "def hook(name, args):\n"
        "    if name == 'os.rename':\n"
        "        steps.append('rename')\n"
        "sync = os.fsync\n"
        "def traced(handle):\n"
        "    steps.append(os.path.relpath(os.readlink(f'/proc/self/fd/{handle}'), sys.argv[1]))\n"
        "    sync(handle)\n"
        "os.fsync = traced\n"
        "sys.addaudithook(hook)\n"
        "from paritrana.files.store import BlobStore\n"
        "store = BlobStore(Path(sys.argv[1]) / 'blobs')\n"
        "received = store.receive(io.BytesIO(b'bytes'), limit=100, organisation_id=7)\n"
        "store.keep(received)\n"
        "print('\\n'.join(steps))\n"
    )
    done = subprocess.run([sys.executable, "-c", script, str(tmp_path)], capture_output=True, text=True, check=True)
    first, *rest = done.stdout.split()
    assert first.startswith("blobs/incoming/")
    place = f"blobs/objects/7/{hashlib.sha256(b'bytes').hexdigest()[:2]}"
    assert rest == ["rename", place, "blobs/objects/7", "blobs/objects", "blobs", "."]


# --- Damage -----------------------------------------------------------------------------------------------------------


def damaged_copy(store, content):
    sha256 = keep(store, CONTENT).sha256
    path = store.root / "objects" / "7" / sha256[:2] / sha256
    path.write_bytes(content)
    return path


@pytest.mark.parametrize("place", [0, BLOCK, len(CONTENT) - 1])
def test_a_flipped_bit_is_found_before_the_first_byte_is_served(store, place):
    flipped = bytearray(CONTENT)
    flipped[place] ^= 1
    damaged_copy(store, flipped)
    with pytest.raises(DamagedFile) as refused:
        store.open(7, SHA256)
    assert refused.value.status == 503


def test_a_lost_an_unreadable_and_a_shortened_file_are_not_served(store):
    path = damaged_copy(store, CONTENT[:-1])
    with pytest.raises(DamagedFile):
        store.open(7, SHA256)
    path.unlink()
    with pytest.raises(DamagedFile):
        store.open(7, SHA256)
    path.symlink_to("/proc/self/mem")  # opens, and fails when it is read
    with pytest.raises(DamagedFile):
        store.open(7, SHA256)


def test_the_same_bytes_sent_again_heal_a_damaged_copy(store):
    damaged_copy(store, b"damaged")
    keep(store, CONTENT)
    with store.open(7, SHA256) as file:
        assert file.read() == CONTENT


@pytest.mark.parametrize("address", ["", "../../etc/passwd", SHA256.upper(), SHA256 + "\n", SHA256[:-1], f"/{SHA256}"])
def test_only_a_hash_is_an_address(store, address):
    with pytest.raises(ValueError, match="64 hexadecimal digits"):
        store.open(7, address)


def test_no_file_stays_open(store):
    before = len(os.listdir("/proc/self/fd"))
    for _ in range(3):
        keep(store, CONTENT)
        with pytest.raises(FileEmpty):
            store.receive(io.BytesIO(b""), limit=1, organisation_id=7)
        damaged_copy(store, b"damaged")
        with pytest.raises(DamagedFile):
            store.open(7, SHA256)
    assert len(os.listdir("/proc/self/fd")) == before


# Files that come in parts


def test_parts_join_to_the_announced_file(store):
    content = bytes(range(256)) * 10
    assert store.part_size("D-0001") == 0
    assert store.add_part("D-0001", 0, content[:1000], size=len(content)) == 1000
    assert store.add_part("D-0001", 500, content[500:1500], size=len(content)) == 1500
    assert store.add_part("D-0001", 0, content[:10], size=len(content)) == 1500
    with pytest.raises(PartMissing) as refused:
        store.add_part("D-0001", 1501, content[1501:], size=len(content))
    assert refused.value.params["offset"] == 1500
    with pytest.raises(FileTooLarge):
        store.add_part("D-0001", 1500, content, size=len(content))
    digest = hashlib.sha256(content).hexdigest()
    with pytest.raises(UploadCut) as cut:
        store.join("D-0001", organisation_id=7, sha256=digest, size=len(content))
    assert cut.value.params["percent"] == "58%"
    store.add_part("D-0001", 1500, content[1500:], size=len(content))
    store.keep(store.join("D-0001", organisation_id=7, sha256=digest, size=len(content)))
    with store.open(7, digest) as file:
        assert file.read() == content
    assert store.part_size("D-0001") == 0


def test_parts_of_another_file_are_thrown_away(store):
    for sha256, size in (("0" * 64, 4), (hashlib.sha256(b"abcd").hexdigest(), 3)):
        store.add_part("D-0001", 0, b"abcd", size=4)
        with pytest.raises(BytesDiffer):
            store.join("D-0001", organisation_id=7, sha256=sha256, size=size)
        assert store.part_size("D-0001") == 0


def test_parts_that_cannot_be_read_back_are_a_fault_and_stay(tmp_path):
    class Unreadable(Disk):
        broken = False

        def extend(self, path):
            file = super().extend(path)
            if self.broken:
                file.close()
                return os.fdopen(os.open(path, os.O_WRONLY), "wb", buffering=0)
            return file

    disk = Unreadable()
    store = BlobStore(tmp_path / "blobs", disk)
    store.add_part("D-0001", 0, b"abcd", size=4)
    disk.broken = True
    with pytest.raises((StoreFault, ValueError)):
        store.join("D-0001", organisation_id=7, sha256="0" * 64, size=4)
    assert store.part_size("D-0001") == 4


def test_parts_are_dropped_and_named_by_their_declaration_alone(store):
    store.add_part("D-0001", 0, b"abcd", size=4)
    for _again in range(2):
        store.drop_part("D-0001")
    assert store.part_size("D-0001") == 0
    for name in ("../x", "", "d-0001", "D-0001/x", "D-0001\n"):
        with pytest.raises(ValueError, match="declaration"):
            store.add_part(name, 0, b"abcd", size=4)


def test_a_file_is_destroyed_once_and_only_where_it_belongs(store):
    own, other = keep(store, CONTENT), keep(store, CONTENT, organisation_id=8)
    assert [store.destroy(7, own.sha256) for _again in range(2)] == [True, False]
    with store.open(8, other.sha256) as file:
        assert file.read() == CONTENT
