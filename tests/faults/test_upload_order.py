"""Bytes, name, row, answer: in this order, as the system calls of the running server show, and hundreds of deaths."""

import hashlib
import json
import random
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import Workshop, release
from tests.faults.ground import SizeLimit
from tests.faults.scene import NOMINEE, Scene, build
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


def kept_in_order(server: Server, trace: Path, scene: Scene) -> int:
    """Upload one document and look at the calls it caused; gives how many of `STEPS` came, each after those before."""
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
    return next((no for no, place in enumerate(places) if place <= max([-1, *places[:no]])), len(places))


@pytest.mark.timeout(300)
def test_a_file_is_answered_for_after_its_bytes_its_name_and_its_row_are_on_the_disk(
    traced: Callable[[str], tuple[Server, Path]], scene: Scene, figures_of: Callable[..., None]
) -> None:
    begun = time.perf_counter()
    in_order = kept_in_order(*traced("warm"), scene)
    hasty = kept_in_order(*traced("hasty"), scene)
    figures_of(
        "upload order", promises=["P09"], uploads=1, steps=len(STEPS), in_order=in_order, seed=SEED,
        seconds=round(time.perf_counter() - begun, 1), control=hasty < len(STEPS),
    )  # fmt: skip
    assert in_order == len(STEPS)
    assert hasty < len(STEPS)


@dataclass
class Killed:
    """A scene on an engine, in which uploads are killed by `tests.faults.dying_upload`."""

    draft: str
    kind: str
    environment: dict[str, str]

    def run(self, store: str, ways: str, kills: int) -> dict[str, Any]:
        """What was seen of the uploads."""
        done = subprocess.run(
            [
                sys.executable,
                "-m",
                "tests.faults.dying_upload",
                self.draft,
                self.kind,
                store,
                ways,
                str(kills),
                str(SEED),
            ],
            env=self.environment,
            cwd="/",
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr[-5000:]
        seen: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
        assert seen["failed"] == 0, done.stderr[-5000:]
        return seen


@pytest.fixture
def scene_on(engine_name: str, workshop: Workshop, prepared: tuple[Path, Scene]) -> Iterator[Callable[[], Killed]]:
    """Makes the scene on an engine, each time in a database and a store of its own."""
    grounds: list[SizeLimit] = []

    def make() -> Killed:
        grounds.append(SizeLimit())
        there = prepared[1]
        server = Server(grounds[-1], max_nomination_files="1000", max_open_declarations="100")
        if engine_name == "sqlite":
            shutil.copyfile(prepared[0], grounds[-1].seen("instance") / "paritrana.db")
        else:
            name = f"uploads{len(grounds)}"
            address = workshop.engine(engine_name).fresh(name)
            app = workshop.build(address, workshop.folder / name)
            with app.app_context():
                there = build()
            release(app)
            server.environment["PARITRANA_DATABASE_URL"] = address
        return Killed(there.draft, there.kind, server.environment)

    yield make
    for no, ground in enumerate(grounds, start=1):
        ground.close()
        if engine_name != "sqlite":
            workshop.engine(engine_name).drop(f"uploads{no}")


@pytest.mark.slow
@pytest.mark.timeout(3600)
@pytest.mark.parametrize(("engine_name", "kills"), [("sqlite", 500), ("postgresql", 120)])
def test_an_upload_that_is_killed_leaves_no_row_without_its_bytes_and_nothing_that_is_not_tidied_up(
    scene_on: Callable[[], Killed], engine_name: str, kills: int, figures_of: Callable[..., None]
) -> None:
    begun = time.perf_counter()
    seen = scene_on().run("own", "again,form,parts", kills)
    late = scene_on().run("late", "form", 0)  # names a file before its bytes are there
    in_place = scene_on().run("in place", "again", 0)  # writes over the bytes of a file that is named
    steps = seen.pop("steps")
    figures_of(
        "upload order", promises=["P09"], engine=engine_name, **seen, steps_killed_at=sum(steps.values()), seed=SEED,
        seconds=round(time.perf_counter() - begun, 1), dangling_when_late=late["dangling"],
        dangling_in_place=in_place["dangling"], control=late["dangling"] > 0 and in_place["dangling"] > 0,
    )  # fmt: skip
    assert (seen["dangling"], seen["wrong_bytes"], seen["lost"], seen["left"]) == (0, 0, 0, 0)
    assert late["dangling"] > 0
    assert in_place["dangling"] > 0
    assert seen["killed"] >= kills
    assert min(seen["finished"], seen["leftovers"], *steps.values()) > 20
