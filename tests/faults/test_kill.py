"""Kill -9 at random moments: what was answered «saved» is there afterwards, whole, and nothing is there by half."""

import hashlib
import json
import random
import shutil
import subprocess
import sys
import threading
import time
from dataclasses import dataclass, field
from http.client import HTTPException
from pathlib import Path

import pytest

from tests.faults.ground import Ground, SizeLimit
from tests.faults.scene import ASSESSOR, ASSESSORS, NOMINEE, Scene
from tests.faults.server import SERVE_WARM, Server, Visitor
from tests.nominations.pages import PDF, paper
from tests.sheets.desks import DESK

KILLS, EVERY_ALL = 20, 10  # of these, every tenth ends every process of the server, the others the one that answers
DOCUMENTS = 55  # a nomination takes 60
SEED = 20261121
# What `paritrana check` says of the scene itself, whose seats and documents were put there by hand.
OF_THE_SCENE = ("deadline.event_differs", "seat.without_event", "blob.missing  0000000001/00/00000", "Broken rules: ")


@dataclass
class Journal:
    """What the server acknowledged, kept by those who were told."""

    marks: list[tuple[str, str, int, str]] = field(default_factory=list)  # sheet, indicator, version, value
    documents: dict[str, str] = field(default_factory=dict)  # name to hash
    tried: set[str] = field(default_factory=set)  # hashes of everything sent
    surprises: list[str] = field(default_factory=list)  # answers that nobody should get
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
        except (OSError, HTTPException, KeyError):
            time.sleep(0.03)


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


def work(
    server: Server, scene: Scene, journal: Journal, chance: random.Random, *, pause: float
) -> list[threading.Thread]:
    """Three assessors mark and a nominee uploads, until the journal is over."""
    hands = [
        threading.Thread(
            target=keep_marking, args=(Visitor(server.port).sign_in(name), scene.sheets[name], journal), daemon=True
        )
        for name in ASSESSORS
    ]
    nominee = Visitor(server.port).sign_in(NOMINEE)
    hands.append(threading.Thread(target=keep_uploading, args=(nominee, scene, journal, chance, pause), daemon=True))
    for hand in hands:
        hand.start()
    return hands


def wait_for_progress(journal: Journal) -> None:
    """Let the server get to work again, so that the next kill interrupts something; a slow machine gets more time."""
    marks, sent, until = len(journal.marks), len(journal.tried), time.monotonic() + 10
    while time.monotonic() < until and (len(journal.marks) < marks + 2 or len(journal.tried) == sent < DOCUMENTS):
        time.sleep(0.02)


@pytest.fixture
def grounds(prepared: tuple[Path, Scene]):
    """Makes ordinary grounds with the scene on them."""
    made: list[Ground] = []

    def make() -> Ground:
        made.append(SizeLimit())
        shutil.copyfile(prepared[0], made[-1].seen("instance") / "paritrana.db")
        return made[-1]

    yield make
    for one in made:
        one.close()


@pytest.mark.timeout(300)
def test_what_was_acknowledged_survives_kill_9_and_nothing_is_there_by_half(grounds, scene, capsys):
    begun, chance = time.perf_counter(), random.Random(SEED)
    server = Server(grounds(), command=SERVE_WARM).start()
    journal = Journal()
    try:
        hands = work(server, scene, journal, chance, pause=0.15)
        for number in range(1, KILLS + 1):
            wait_for_progress(journal)
            time.sleep(chance.uniform(0, 0.4))
            if number % EVERY_ALL == 0:
                server.kill()
                server.start()
            else:
                server.kill_worker()
                server.wait_until_ready()
        time.sleep(0.3)
        journal.over.set()
        for hand in hands:
            hand.join(timeout=60)
        verdict = judge(server, journal)
        incoming = server.ground.seen("blobs") / "incoming"
        (incoming / ("0" * 32)).write_bytes(PDF[:9])  # what a kill in the middle of a file leaves behind, for certain
        leftovers = [path.name for path in incoming.iterdir()]

        # What is handed out is whole, what is left on the way in stands in nobody's way, and the work goes on.
        nominee, assessor = Visitor(server.port).sign_in(NOMINEE), Visitor(server.port).sign_in(ASSESSOR)
        for (no,) in server.rows("SELECT no FROM attachment WHERE name LIKE 'bukti %'"):
            served = nominee.get(f"/nominations/{scene.draft}/documents/{no}/file")
            assert served.status == 200
            assert hashlib.sha256(served.body).hexdigest() in journal.tried
        for name in leftovers:
            assert nominee.get(f"/nominations/{scene.draft}/documents/{name}/file").status == 404
        assert assessor.save(scene.sheets[ASSESSOR], "D1", "9,5", version=stored_version(server, scene)).status == 200
    finally:
        journal.over.set()
        server.stop()
    checked = subprocess.run(
        [sys.executable, "-m", "paritrana", "check"],
        env=server.environment,
        capture_output=True,
        text=True,
        check=False,
    )
    broken = [line for line in checked.stdout.splitlines() if not line.startswith(OF_THE_SCENE)]

    control = lies_are_seen(grounds(), scene, chance)
    figures = {
        "kind": "kill", "promises": ["P08", "P09"], "kills": KILLS, "whole_server": KILLS // EVERY_ALL,
        "acknowledged_marks": len(journal.marks), "acknowledged_documents": len(journal.documents),
        "sent_documents": len(journal.tried), "lost": len(verdict.lost), "half": len(verdict.half),
        "left_in_incoming": len(leftovers) - 1, "seed": SEED, "seconds": round(time.perf_counter() - begun, 1),
        "control": control,
    }  # fmt: skip
    with capsys.disabled():
        sys.stdout.write(json.dumps(figures) + "\n")
    assert journal.surprises == []
    assert verdict == Verdict([], [])
    assert checked.returncode in {0, 1}, checked.stderr
    assert broken == []
    assert control
    assert len(journal.marks) > 2 * KILLS
    assert len(journal.documents) > KILLS // 4


def stored_version(server: Server, scene: Scene) -> int:
    rows = server.rows(
        "SELECT m.version FROM mark m JOIN sheet s ON s.id = m.sheet_id WHERE s.ref = ? AND m.indicator = 'D1'",
        scene.sheets[ASSESSOR],
    )
    return int(rows[0][0]) if rows else 0


def lies_are_seen(ground: Ground, scene: Scene, chance: random.Random) -> bool:
    """The negative control: of a server that acknowledges without saving, both losses are seen by the same judge."""
    server = Server(ground, command=("-m", "tests.faults.lying")).start()
    journal = Journal()
    try:
        hands = work(server, scene, journal, chance, pause=0.02)
        until = time.monotonic() + 20
        while (len(journal.documents) < 4 or len(journal.marks) < 12) and time.monotonic() < until:
            time.sleep(0.05)
        journal.over.set()
        for hand in hands:
            hand.join(timeout=60)
        lost = judge(server, journal).lost
    finally:
        journal.over.set()
        server.stop()
    return any(isinstance(one, tuple) for one in lost) and any(isinstance(one, str) for one in lost)
