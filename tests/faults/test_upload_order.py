"""Bytes, name, row, answer: in this order, as the system calls of the running server show."""

import hashlib
import random
import re
import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.faults.ground import SizeLimit
from tests.faults.scene import NOMINEE, Scene
from tests.faults.server import Server, Visitor
from tests.nominations.pages import paper

SEED = 20261122
CALLS = "openat,write,pwrite64,pwritev,fsync,fdatasync,rename,renameat,renameat2,sendto,sendmsg,writev"
STEPS = ("bytes written", "bytes on the disk", "in its place", "name on the disk", "row on the disk", "answered")


def calls_of(trace: Path) -> list[str]:
    """The system calls in the order in which they ended, each with what it was given."""
    begun: dict[str, str] = {}
    found = []
    for line in trace.read_text(encoding="utf-8", errors="replace").splitlines():
        process, _, said = line.partition(" ")
        said = said.strip()
        if said.endswith("<unfinished ...>"):
            begun[process] = said.removesuffix("<unfinished ...>")
        elif resumed := re.match(r"<\.\.\. \w+ resumed>(.*)", said):
            found.append(begun.pop(process, "") + resumed[1])
        else:
            found.append(said)
    return found


def places_of(calls: list[str], sha256: str) -> list[int]:
    """Where each of `STEPS` stands among the calls, -1 for one that is missing."""

    def last(pattern: str, after: int = 0, before: int | None = None) -> int:
        there = [no for no, call in enumerate(calls[:before]) if no >= after and re.match(pattern, call)]
        return there[-1] if there else -1

    moved = last(rf'rename\w*\(.*"[^"]*/objects/[^"]*/{sha256}"')
    incoming = re.search(r'"[^"]*/incoming/([^"/]+)"', calls[moved]) if moved >= 0 else None
    name = re.escape(incoming[1]) if incoming else "nothing"
    written = last(rf"write\(\d+<[^>]*/incoming/{name}>", before=moved)
    synced = last(rf"fsync\(\d+<[^>]*/incoming/{name}>\)\s+= 0", before=moved)
    folder = last(rf"fsync\(\d+<[^>]*/objects/[^>]*/{sha256[:2]}>\)\s+= 0")
    answered = last(r"(?:sendto|write|sendmsg|writev)\(\d+<(?:socket|TCP).*HTTP/1\.1 303")
    row = last(r"(?:fsync|fdatasync)\(\d+<[^>]*paritrana\.db-wal>\)\s+= 0", before=answered)
    return [written, synced, moved, folder, row, answered]


@pytest.fixture
def traced(prepared: tuple[Path, Scene], tmp_path: Path) -> Iterator[Callable[[str], tuple[Server, Path]]]:
    """Serves the scene by one of the servers, its system calls written down."""
    started: list[tuple[Server, SizeLimit]] = []

    def start(module: str) -> tuple[Server, Path]:
        ground = SizeLimit()
        shutil.copyfile(prepared[0], ground.seen("instance") / "paritrana.db")
        server = Server(ground, command=("-m", f"tests.faults.{module}"))
        trace = tmp_path / f"{module}.trace"
        tracer = [
            "strace",
            "-D",
            "-f",
            "--seccomp-bpf",
            "-qq",
            "-y",
            "-s",
            "300",
            "-e",
            f"trace={CALLS}",
            "-e",
            "signal=none",
        ]
        server.command = [*tracer, "-o", str(trace), *server.command]
        started.append((server, ground))
        return server.start(), trace

    yield start
    for server, ground in started:
        server.stop()
        ground.close()


def kept_in_order(server: Server, trace: Path, scene: Scene) -> bool:
    """Upload one document and look at the order of the calls it caused."""
    content = paper(random.Random(SEED).randbytes(40_000).hex().encode())
    sha256 = hashlib.sha256(content).hexdigest()
    nominee = Visitor(server.port).sign_in(NOMINEE)
    answer = nominee.post(
        f"/nominations/{scene.draft}/documents", {"kind": scene.kind}, [("files", "bukti.pdf", content)]
    )
    assert answer.status == 303, answer.text
    until, places = time.monotonic() + 20, [-1]
    while -1 in places and time.monotonic() < until:  # the one who writes it down comes after
        places = places_of(calls_of(trace), sha256)
        if places[-1] >= 0 and places[2] >= 0:
            break
        time.sleep(0.1)
    return -1 not in places and places == sorted(places)


@pytest.mark.timeout(300)
def test_a_file_is_answered_for_after_its_bytes_its_name_and_its_row_are_on_the_disk(
    traced: Callable[[str], tuple[Server, Path]], scene: Scene, figures_of: Callable[..., None]
) -> None:
    begun = time.perf_counter()
    in_order = kept_in_order(*traced("warm"), scene)
    hasty = kept_in_order(*traced("hasty"), scene)
    figures_of(
        "upload order", promises=["P09"], uploads=1, steps=len(STEPS), in_order=in_order, seed=SEED,
        seconds=round(time.perf_counter() - begun, 1), control=not hasty,
    )  # fmt: skip
    assert in_order
    assert not hasty
