"""Kill -9 at random moments: what was answered «saved» is there afterwards, whole, and nothing is there by half."""

import hashlib
import json
import random
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.client import HTTPException
from pathlib import Path

import pytest

from tests.conftest import Workshop, release
from tests.faults.ground import Ground, SizeLimit
from tests.faults.scene import ASSESSOR, ASSESSORS, NOMINEE, Scene, build
from tests.faults.server import Server, Visitor
from tests.nominations.pages import PDF, paper
from tests.sheets.desks import DESK

SEED = 20261121
SLOW = pytest.mark.slow
# Kills during saves of marks, and while documents come in; together 500 in `make test-slow`.
KILLS = [
    ("sqlite", 4),
    pytest.param("postgresql", 4, marks=SLOW),
    pytest.param("sqlite", 350, marks=SLOW),
    pytest.param("postgresql", 100, marks=SLOW),
]
# Every run has documents of its own.
DOCUMENT_KILLS = [pytest.param(SEED + no, 20, marks=SLOW) for no in range(1, 6)]
EVERY_ALL = 12  # one kill in so many ends every process of the server, the others the one that answers
CONTROL_KILLS = 5
DOCUMENTS = 55  # a nomination takes 60
WARM, EARLY, FORGETFUL = (("-m", f"tests.faults.{name}") for name in ("warm", "early", "lying"))
# What `paritrana check` says of the scene itself, whose seats and documents were put there by hand.
OF_THE_SCENE = ("deadline.event_differs", "seat.without_event", "blob.missing  0000000001/00/00000", "Broken rules: ")


@dataclass
class Journal:
    """What the server acknowledged, kept by those who were told."""

    marks: list[tuple[str, str, int, str]] = field(default_factory=list)  # sheet, indicator, version, value
    documents: dict[str, str] = field(default_factory=dict)  # name to hash
    tried: set[str] = field(default_factory=set)  # hashes of everything sent
    surprises: list[str] = field(default_factory=list)  # answers that nobody should get
    cut: int = 0  # saves that were sent and never answered: the kill came during them, or before they were taken up
    over: threading.Event = field(default_factory=threading.Event)


def keep_marking(visitor: Visitor, sheet: str, journal: Journal) -> None:
    """Save mark after mark; where an answer is missing, ask what is stored, as the page does."""
    versions = dict.fromkeys(DESK, 0)
    number = 0
    while not journal.over.is_set():
        number += 1
        indicator = DESK[number % len(DESK)]
        value = f"{number % 10}.{number % 90 + 10}"
        try:
            answer = visitor.save(sheet, indicator, value, version=versions[indicator], panel_note=f"no {number}")
            if answer.status == 200:
                versions[indicator] += 1
                journal.marks.append((sheet, indicator, versions[indicator], value))
                continue
            if answer.status not in {409, 503}:
                journal.surprises.append(f"{answer.status} {answer.text}")
            told = visitor.get(f"/api/v1/sheets/{sheet}", Accept="application/json").json["marks"]
            versions = {code: told[code]["version"] for code in DESK}
        except ConnectionRefusedError:
            time.sleep(0.01)
        except (OSError, HTTPException, KeyError):
            journal.cut += 1


def keep_uploading(visitor: Visitor, scene: Scene, journal: Journal, chance: random.Random, pause: float) -> None:
    """Send document after document, each with other bytes."""
    number = 0
    while not journal.over.is_set() and len(journal.tried) < DOCUMENTS:
        number += 1
        name, content = f"bukti {number}.pdf", paper(chance.randbytes(chance.randrange(500, 450_000)).hex().encode())
        digest = hashlib.sha256(content).hexdigest()
        journal.tried.add(digest)
        try:
            answer = visitor.post(
                f"/nominations/{scene.draft}/documents", {"kind": scene.kind}, [("files", name, content)]
            )
            if answer.status == 303:
                journal.documents[name] = digest
            else:
                journal.surprises.append(f"{answer.status} {answer.text}")
        except ConnectionRefusedError:
            journal.tried.discard(digest)  # nobody was there to take it
        except (OSError, HTTPException):
            pass
        journal.over.wait(pause)


@dataclass
class Verdict:
    """What is missing of what was acknowledged, and what is there by half."""

    lost: list[object]
    half: list[object]


def judge(server: Server, journal: Journal) -> Verdict:
    """Compare the journal with the tables, the tables with each other, and the documents with their bytes."""
    revisions = {
        (sheet, indicator, version): value
        for sheet, indicator, version, value in server.rows(
            "SELECT s.ref, m.indicator, r.version, r.value FROM mark_revision r JOIN mark m ON m.id = r.mark_id"
            " JOIN sheet s ON s.id = m.sheet_id"
        )
    }
    now = server.rows("SELECT s.ref, m.indicator, m.version, m.value FROM mark m JOIN sheet s ON s.id = m.sheet_id")
    events = server.rows(
        "SELECT e.object_ref, b.body FROM event e JOIN event_body b ON b.stream = e.stream AND b.seq = e.seq"
        " WHERE e.kind = 'mark.saved'"
    )
    told = [(sheet, json.loads(body)["values"]) for sheet, body in events]
    chained = {(sheet, one["indicator"], int(one["version"])): one["value"] for sheet, one in told}
    lost: list[object] = [
        one for one in journal.marks if revisions.get(one[:3]) is None or float(revisions[one[:3]]) != float(one[3])
    ]
    half: list[object] = list(revisions.keys() ^ chained.keys())
    half += [key for key in revisions.keys() & chained.keys() if float(revisions[key]) != float(chained[key])]
    half += [
        row for row in now
        if revisions.get((row[0], row[1], row[2])) != row[3] or (row[0], row[1], row[2] + 1) in revisions
    ]  # fmt: skip
    half += [key for key in revisions if key[2] > 1 and (key[0], key[1], key[2] - 1) not in revisions]

    attached = server.rows(
        "SELECT a.name, a.no, b.organisation_id, b.sha256, b.size FROM attachment a JOIN blob b ON b.id = a.blob_id"
        " WHERE a.name LIKE 'bukti %'"
    )
    names = {name: sha256 for name, _no, _organisation, sha256, _size in attached}
    lost += [name for name, sha256 in journal.documents.items() if names.get(name) != sha256]
    root = server.ground.seen("blobs")
    for name, _no, organisation, sha256, size in attached:
        path = root / "objects" / str(organisation) / sha256[:2] / sha256
        content = path.read_bytes() if path.exists() else b""
        if len(content) != size or hashlib.sha256(content).hexdigest() != sha256:
            half.append(name)
    for path in (root / "objects").rglob("*"):  # bytes without a row are harmless, but they are whole
        if path.is_file() and hashlib.sha256(path.read_bytes()).hexdigest() != path.name:
            half.append(path.name)
    return Verdict(lost, half)


def mark_together(server: Server, scene: Scene, journal: Journal) -> list[threading.Thread]:
    """Three assessors mark at once, until the journal is over."""
    people = [(Visitor(server.port).sign_in(name), scene.sheets[name]) for name in ASSESSORS]
    hands = [threading.Thread(target=keep_marking, args=(*one, journal), daemon=True) for one in people]
    for hand in hands:
        hand.start()
    return hands


def upload(server: Server, scene: Scene, journal: Journal, chance: random.Random) -> list[threading.Thread]:
    """A nominee uploads, until the journal is over."""
    nominee = Visitor(server.port).sign_in(NOMINEE)
    hand = threading.Thread(target=keep_uploading, args=(nominee, scene, journal, chance, 0.02), daemon=True)
    hand.start()
    return [hand]


def kill_again_and_again(
    server: Server, kills: int, chance: random.Random, *, progress: Callable[[], int], within: float
) -> None:
    """Kill at random moments, each time after the server got to work again; a slow machine gets more time for that."""
    for number in range(1, kills + 1):
        before, until = progress(), time.monotonic() + 10
        while progress() == before and time.monotonic() < until:
            time.sleep(0.005)
        time.sleep(chance.uniform(0, within))
        if number % EVERY_ALL == 0:
            server.kill()
            server.start()
        else:
            server.kill_worker()
            server.wait_until_ready()


def end(journal: Journal, hands: list[threading.Thread]) -> None:
    journal.over.set()
    for hand in hands:
        hand.join(timeout=60)


def broken_rules(server: Server) -> list[str]:
    """What `paritrana check` finds that the scene did not bring."""
    checked = subprocess.run(
        [sys.executable, "-m", "paritrana", "check"],
        env=server.environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert checked.returncode in {0, 1}, checked.stderr
    return [line for line in checked.stdout.splitlines() if not line.startswith(OF_THE_SCENE)]


Serve = Callable[[tuple[str, ...]], Server]


@pytest.fixture
def serve_scene(prepared: tuple[Path, Scene]) -> Iterator[Serve]:
    """Serves the scene on SQLite, each time on a ground of its own."""
    grounds: list[Ground] = []
    servers: list[Server] = []

    def start(command: tuple[str, ...]) -> Server:
        grounds.append(SizeLimit())
        shutil.copyfile(prepared[0], grounds[-1].seen("instance") / "paritrana.db")
        servers.append(Server(grounds[-1], command=command))
        return servers[-1].start()

    yield start
    for server in servers:
        server.stop()
    for ground in grounds:
        ground.close()


@pytest.fixture
def serve_on(
    engine_name: str, workshop: Workshop, scene: Scene, serve_scene: Serve
) -> Iterator[Callable[[tuple[str, ...]], tuple[Server, Scene]]]:
    """Serves the scene on an engine, together with the references that stand in its database."""
    ground = SizeLimit()
    servers: list[Server] = []

    def start(command: tuple[str, ...]) -> tuple[Server, Scene]:
        if engine_name == "sqlite":
            return serve_scene(command), scene
        name = f"kill{len(servers)}"
        address = workshop.engine(engine_name).fresh(name)
        app = workshop.build(address, workshop.folder / name)
        with app.app_context():
            there = build()
        release(app)
        servers.append(Server(ground, command=command, database_url=address))
        return servers[-1].start(), there

    yield start
    for server in servers:
        server.stop()
        workshop.engine(engine_name).drop(f"kill{servers.index(server)}")
    ground.close()


@pytest.mark.timeout(3600)
@pytest.mark.parametrize(("engine_name", "kills"), KILLS)
def test_every_mark_that_was_acknowledged_survives_kill_9(engine_name, kills, serve_on, figures_of):
    begun, chance = time.perf_counter(), random.Random(SEED)
    server, scene = serve_on(WARM)
    journal = Journal()
    hands = mark_together(server, scene, journal)
    try:
        kill_again_and_again(server, kills, chance, progress=lambda: len(journal.marks), within=0.08)
    finally:
        end(journal, hands)
    verdict = judge(server, journal)
    # The work goes on, and the chain of events, the versions and the marks still tell the same.
    assessor = Visitor(server.port).sign_in(ASSESSOR)
    assert assessor.save(scene.sheets[ASSESSOR], "D1", "9,5", version=stored_version(server, scene)).status == 200
    server.stop()
    broken = broken_rules(server)
    seconds = round(time.perf_counter() - begun, 1)
    kept, lost = losses_are_seen(*serve_on(EARLY), chance)
    figures_of(
        "kill", promises=["P08"], engine=engine_name, kills=kills, whole_server=kills // EVERY_ALL,
        acknowledged=len(journal.marks), cut=journal.cut, lost=len(verdict.lost), half=len(verdict.half),
        broken_rules=len(broken), lost_by_a_hasty_server=lost, seed=SEED, seconds=seconds,
        control=kept == 0 and lost > 0,
    )  # fmt: skip
    assert journal.surprises == []
    assert verdict == Verdict([], [])
    assert broken == []
    assert (kept, lost > 0) == (0, True)
    assert len(journal.marks) >= kills
    assert journal.cut >= kills // 2


def losses_are_seen(server: Server, scene: Scene, chance: random.Random) -> tuple[int, int]:
    """The negative control: a server that says «saved» a moment too early is caught by the kills, and by them alone.

    Gives how many acknowledged marks are missing before it is killed for the first time, and afterwards.
    """
    found = []
    for kills in (0, CONTROL_KILLS):
        journal = Journal()
        hands = mark_together(server, scene, journal)
        try:
            kill_again_and_again(server, kills, chance, progress=lambda: len(journal.marks), within=0.08)  # noqa: B023
            until = time.monotonic() + 20
            while len(journal.marks) < 30 and time.monotonic() < until:
                time.sleep(0.02)
        finally:
            end(journal, hands)
        until = time.monotonic() + 20
        while (lost := judge(server, journal).lost) and not kills and time.monotonic() < until:
            time.sleep(0.1)  # what it does late is done after a moment
        found.append(len(lost))
    return found[0], found[1]


@pytest.mark.timeout(3600)
@pytest.mark.parametrize(("seed", "kills"), DOCUMENT_KILLS)
def test_every_document_that_was_acknowledged_survives_kill_9_whole(seed, kills, serve_scene, scene, figures_of):
    begun, chance = time.perf_counter(), random.Random(seed)
    server = serve_scene(WARM)
    journal = Journal()
    hands = upload(server, scene, journal, chance)
    try:
        kill_again_and_again(server, kills, chance, progress=lambda: len(journal.tried), within=0.4)
    finally:
        end(journal, hands)
    verdict = judge(server, journal)
    incoming = server.ground.seen("blobs") / "incoming"
    (incoming / ("0" * 32)).write_bytes(PDF[:9])  # what a kill in the middle of a file leaves behind, for certain
    leftovers = [path.name for path in incoming.iterdir()]

    # What is handed out is whole, and what is left on the way in stands in nobody's way.
    nominee = Visitor(server.port).sign_in(NOMINEE)
    for (no,) in server.rows("SELECT no FROM attachment WHERE name LIKE 'bukti %'"):
        served = nominee.get(f"/nominations/{scene.draft}/documents/{no}/file")
        assert served.status == 200
        assert hashlib.sha256(served.body).hexdigest() in journal.tried
    for name in leftovers:
        assert nominee.get(f"/nominations/{scene.draft}/documents/{name}/file").status == 404
    server.stop()
    broken = broken_rules(server)

    forgetful, told = serve_scene(FORGETFUL), Journal()
    hands = upload(forgetful, scene, told, chance)
    until = time.monotonic() + 20
    while len(told.documents) < 4 and time.monotonic() < until:
        time.sleep(0.05)
    end(told, hands)
    control = judge(forgetful, told).lost
    figures_of(
        "kill", promises=["P08", "P09"], kills=kills, acknowledged=len(journal.documents), sent=len(journal.tried),
        lost=len(verdict.lost), half=len(verdict.half), left_in_incoming=len(leftovers) - 1, broken_rules=len(broken),
        lost_by_a_lying_server=len(control), seed=seed, seconds=round(time.perf_counter() - begun, 1),
        control=bool(control),
    )  # fmt: skip
    assert journal.surprises == []
    assert verdict == Verdict([], [])
    assert broken == []
    assert control
    assert len(journal.documents) > kills // 4


def stored_version(server: Server, scene: Scene) -> int:
    rows = server.rows(
        "SELECT m.version FROM mark m JOIN sheet s ON s.id = m.sheet_id WHERE s.ref = ? AND m.indicator = 'D1'",
        scene.sheets[ASSESSOR],
    )
    return int(rows[0][0]) if rows else 0
