"""Kill -9 at every step of publishing, while readers ask for every public address: the old or the new, never a mixture.

Everybody who has seen the new anywhere sees the new everywhere from then on, and what was cut off left nothing behind.
"""

import re
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from http.client import HTTPException
from pathlib import Path

import pytest

from paritrana.clock import SystemClock
from tests.conftest import Workshop, release
from tests.factories_results import contest_now
from tests.faults.dying import STEP_FILE
from tests.faults.ground import SizeLimit
from tests.faults.server import Server, Visitor

DYING = ("-m", "tests.faults.dying")
CYCLE, OFFICE = "/cycles/contoh-2025", "/manage/contoh-2025/publication"
RESULT = f"{CYCLE}/results/kabkota"
PUBLIC = ("/", CYCLE, f"{CYCLE}/method", RESULT, f"{RESULT}.json", f"{RESULT}/99.01", "/notices")
READERS = 4
MOST_STEPS = 60
# What differs from one answer to the next although nothing was published: tokens, keys and the minute of printing.
CHANGING = re.compile(rb'name="(csrf_token|idempotency_key)" value="[^"]*"|data-printed="[^"]*"|\d\d[.:]\d\d WITA')


def told(answer) -> tuple[int, bytes]:
    """What an answer says, without what changes from one to the next."""
    return answer.status, CHANGING.sub(b"", answer.body)


@dataclass
class Seen:
    """What the readers saw: each address with its saying, and when the question began and the answer was there."""

    rows: list[tuple[float, float, str, tuple[int, bytes]]] = field(default_factory=list)
    over: threading.Event = field(default_factory=threading.Event)


def keep_reading(port: int, seen: Seen, first: int) -> None:
    """Ask for one public address after the other, as a stranger."""
    reader, number = Visitor(port), first
    while not seen.over.is_set():
        number += 1
        address = PUBLIC[number % len(PUBLIC)]
        begun = time.monotonic()
        try:
            saying = told(reader.get(address))
        except (OSError, HTTPException):
            time.sleep(0.01)  # nobody was there, or the line broke
            continue
        seen.rows.append((begun, time.monotonic(), address, saying))


def mixed(seen: Seen, before: dict[str, tuple[int, bytes]], after: dict[str, tuple[int, bytes]]) -> list[object]:
    """Sayings that are neither the old nor the new, and old ones asked for when the new was known somewhere."""
    wrong: list[object] = [row for row in seen.rows if row[3] not in (before[row[2]], after[row[2]])]
    changed = {address for address in PUBLIC if before[address] != after[address]}
    news = [end for _begin, end, address, saying in seen.rows if address in changed and saying == after[address]]
    known = min(news, default=None)
    if known is not None:
        wrong += [
            (address, "old after the new was seen")
            for begun, _end, address, saying in seen.rows
            if begun > known and address in changed and saying == before[address]
        ]
    return wrong


@dataclass
class Stage:
    """A server with a sealed result, and what it takes to let it die at a step."""

    server: Server
    step_file: Path

    def sayings(self) -> dict[str, tuple[int, bytes]]:
        """What every public address says now."""
        reader = Visitor(self.server.port)
        return {address: told(reader.get(address)) for address in PUBLIC}

    def form(self, visitor: Visitor, action: str) -> tuple[str, dict[str, str]]:
        """Address and fields of the first form of the office's page whose address matches `action`."""
        page = visitor.get(OFFICE).text
        for found in re.finditer(r'<form method="post" action="([^"]+)".*?</form>', page, re.DOTALL):
            if re.fullmatch(action, found[1]):
                names = re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', found[0])
                return found[1], {name: value for name, value in names if name not in ("csrf_token", "idempotency_key")}
        raise AssertionError(page)

    def press(self, visitor: Visitor, action: str, step: int) -> int | None:
        """Press a button of a server that dies at a step of it; the status, or None where it died."""
        address, fields = self.form(visitor, action)
        self.step_file.write_text(str(step))
        try:
            return visitor.post(address, fields).status
        except (OSError, HTTPException):
            return None
        finally:
            self.step_file.unlink()
            self.server.wait_until_ready()

    def counted(self, *tables: str) -> list[int]:
        """How many rows these tables have."""
        return [int(self.server.rows(f"SELECT count(*) FROM {table}")[0][0]) for table in tables]


def broken_rules(server: Server) -> list[str]:
    """What `paritrana check` finds about publications, their proposals and the chain."""
    checked = subprocess.run(
        [sys.executable, "-m", "paritrana", "check"],
        env=server.environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert checked.returncode in {0, 1}, checked.stderr
    about = ("publication.", "recall.", "proposal.", "chain.", "category.", "certificate.", "award.")
    return [line for line in checked.stdout.splitlines() if line.startswith(about)]


@pytest.fixture
def stage(engine_name: str, workshop: Workshop, tmp_path: Path) -> Iterator[Callable[[], Stage]]:
    """A server on an engine whose database holds a sealed result."""
    ground, address = SizeLimit(), workshop.engine(engine_name).fresh("publish")
    app = workshop.build(address, workshop.folder / "publish")
    with app.app_context():
        contest_now(3, SystemClock().now() - timedelta(days=1))
    release(app)
    where = {"database_url": address}
    if engine_name == "sqlite":  # the server's own file
        where = {}
        shutil.copyfile(address.removeprefix("sqlite:///"), ground.seen("instance") / "paritrana.db")
    step_file = tmp_path / "step"
    server = Server(ground, command=DYING, **where)
    server.environment[STEP_FILE] = str(step_file)
    yield lambda: Stage(server.start(), step_file)
    server.stop()
    workshop.engine(engine_name).drop("publish")
    ground.close()


def until_done(stage: Stage, visitor: Visitor, action: str, untouched: Callable[[], object]) -> tuple[int, int]:
    """Press a button, each time dying one step later, until it is answered: the deaths, and the step that was lived.

    After each death nothing is there, or everything: `untouched` gives the same as before, or the button is gone.
    """
    before = untouched()
    for step in range(1, MOST_STEPS):
        status = stage.press(visitor, action, step)
        if status is not None:
            assert status == 303, status
            return step - 1, step
        if untouched() != before:  # it died after the commit, and the answer was lost
            return step, step
    raise AssertionError("it never got through")


@pytest.mark.timeout(300)
@pytest.mark.parametrize("engine_name", ["postgresql", "sqlite"])
def test_a_publication_that_is_killed_at_any_step_is_wholly_there_or_not_at_all(engine_name, stage, figures_of):
    begun = time.perf_counter()
    here = stage()
    organiser, chair = (Visitor(here.server.port).sign_in(name) for name in ("organiser-1", "chair"))
    before, seen = here.sayings(), Seen()
    assert here.sayings() == before  # what is compared holds still
    readers = [
        threading.Thread(target=keep_reading, args=(here.server.port, seen, no), daemon=True) for no in range(READERS)
    ]
    for reader in readers:
        reader.start()
    try:
        asked, _ = until_done(here, organiser, rf"{OFFICE}/kabkota", lambda: here.counted("proposal"))
        nothing = ("publication", "proposal", "event")
        deaths, last = until_done(here, chair, rf"{OFFICE}/kabkota/P-[0-9A-Z-]+", lambda: here.counted(*nothing))
        until = time.monotonic() + 1
        while time.monotonic() < until:
            time.sleep(0.05)
    finally:
        seen.over.set()
        for reader in readers:
            reader.join(timeout=60)
    after = here.sayings()
    wrong = mixed(seen, before, after)
    here.server.stop()
    broken = broken_rules(here.server)
    figures_of(
        "publish_kill", promises=["P05"], engine=engine_name, points=asked + deaths, polls=len(seen.rows),
        mixed=len(wrong), broken_rules=len(broken), seconds=round(time.perf_counter() - begun, 1),
    )  # fmt: skip
    assert wrong == []
    assert broken == []
    assert after[f"{RESULT}.json"][0] == 200
    assert before[f"{RESULT}.json"][0] == 404
    assert asked >= 4
    assert deaths >= 8
    assert len(seen.rows) > 20
    assert last < MOST_STEPS
