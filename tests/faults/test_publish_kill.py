"""Kill -9 at every step of publishing and correcting, while readers ask for every public address.

They see the old or the new, never a mixture.

Everybody who has seen the new anywhere sees the new everywhere from then on, and what was cut off left nothing behind.
"""

import re
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from http.client import HTTPException
from pathlib import Path

import pytest

from paritrana.clock import SystemClock
from tests.conftest import Workshop, release
from tests.factories_results import contest_now, fail_gate, nominations
from tests.faults.dying import STEP_FILE
from tests.faults.ground import SizeLimit
from tests.faults.server import Server, Visitor

DYING = ("-m", "tests.faults.dying")
CYCLE, OFFICE = "/cycles/contoh-2025", "/manage/contoh-2025/publication"
RESULT = f"{CYCLE}/results/kabkota"
PUBLIC = (
    "/", CYCLE, f"{CYCLE}/method", f"{CYCLE}/results", RESULT, f"{RESULT}.json", f"{RESULT}.csv", f"{RESULT}/99.01",
    f"{RESULT}/versions", "/notices", "/cycles", "/data/publications.atom", "/api/v1/results/contoh-2025/kabkota",
)  # fmt: skip
READERS = 3
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
    stride: int = 1

    def sayings(self) -> dict[str, tuple[int, bytes]]:
        """What every public address says now."""
        reader = Visitor(self.server.port)
        return {address: told(reader.get(address)) for address in PUBLIC}

    def form(self, visitor: Visitor, action: str, at: str) -> tuple[str, dict[str, str]]:
        """Address and hidden fields of the first form of a page whose address matches `action`."""
        page = visitor.get(at).text
        for found in re.finditer(r'<form method="post" action="([^"]+)".*?</form>', page, re.DOTALL):
            if re.fullmatch(action, found[1]):
                hidden = [one for one in re.findall(r"<input[^>]*>", found[0]) if 'type="hidden"' in one]
                fields = {_attribute(one, "name"): _attribute(one, "value") for one in hidden}
                return found[1], {name: fields[name] for name in fields.keys() - {"csrf_token", "idempotency_key"}}
        raise AssertionError(page)

    def press(self, visitor: Visitor, action: str, step: int, *, at: str, more: Mapping[str, str]) -> int | None:
        """Press a button of a server that dies at a step of it; the status, or None where it died."""
        address, fields = self.form(visitor, action, at)
        self.step_file.write_text(str(step))
        try:
            return visitor.post(address, {**fields, **more}).status
        except (OSError, HTTPException):
            return None
        finally:
            self.step_file.unlink()
            self.server.wait_until_ready()

    def counted(self, *tables: str) -> list[int]:
        """How many rows these tables have."""
        return [int(self.server.rows(f"SELECT count(*) FROM {table}")[0][0]) for table in tables]


def _attribute(tag: str, name: str) -> str:
    found = re.search(rf'{name}="([^"]*)"', tag)
    return "" if found is None else found[1]


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
    about = (
        "look.",
        "publication.",
        "recall.",
        "correction.",
        "proposal.",
        "chain.",
        "category.",
        "certificate.",
        "award.",
    )
    return [line for line in checked.stdout.splitlines() if line.startswith(about)]


@pytest.fixture
def stage(engine_name: str, workshop: Workshop, tmp_path: Path) -> Iterator[Callable[[], Stage]]:
    """A server on an engine whose database holds a sealed result."""
    ground, address = SizeLimit(), workshop.engine(engine_name).fresh("publish")
    app = workshop.build(address, workshop.folder / "publish")
    with app.app_context():
        contest = contest_now(3, SystemClock().now() - timedelta(days=1))
        fail_gate(contest, nominations(contest)[0])  # what the correction is about
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


NOTHING = ("publication", "proposal", "event")


def until_done(
    stage: Stage,
    visitor: Visitor,
    action: str,
    stored: Callable[[], object],
    *,
    at: str = OFFICE,
    more: Mapping[str, str] | None = None,
) -> int:
    """Press a button, each time dying a stride of steps later, until it is answered: how often the server died.

    After each death nothing is there, or everything: `stored` gives the same as before, or the act is done.
    """
    before = stored()
    for deaths, step in enumerate(range(1, MOST_STEPS, stage.stride)):
        status = stage.press(visitor, action, step, at=at, more=more or {})
        if status is not None:
            assert status == 303, status
            return deaths
        if stored() != before:  # it died after the commit, and the answer was lost
            return deaths + 1
    raise AssertionError("it never got through")


@contextmanager
def read_meanwhile(here: Stage) -> Iterator[Seen]:
    """Strangers who read every public address all the time."""
    seen = Seen()
    readers = [
        threading.Thread(target=keep_reading, args=(here.server.port, seen, no), daemon=True) for no in range(READERS)
    ]
    for reader in readers:
        reader.start()
    try:
        yield seen
        time.sleep(0.5)  # everybody sees the end
    finally:
        seen.over.set()
        for reader in readers:
            reader.join(timeout=60)


@pytest.mark.timeout(600)  # some sixty deaths, of which each takes seconds on a busy machine
@pytest.mark.parametrize(
    ("engine_name", "acts", "stride"),
    [
        pytest.param("sqlite", 1, 12, marks=pytest.mark.slow),
        pytest.param("sqlite", 2, 1, marks=pytest.mark.slow),
        pytest.param("postgresql", 2, 1, marks=pytest.mark.slow),
    ],
)
def test_a_publication_that_is_killed_at_any_step_is_wholly_there_or_not_at_all(
    engine_name, acts, stride, stage, figures_of
):
    """The same for the correction that follows it: request, publication, request, correction."""
    begun = time.perf_counter()
    here = stage()
    here.stride = stride
    organiser, chair = (Visitor(here.server.port).sign_in(name) for name in ("organiser-1", "chair"))
    points, polls, wrong = [], 0, []
    for act in (publish, correct)[:acts]:
        before = here.sayings()
        assert here.sayings() == before  # what is compared holds still
        with read_meanwhile(here) as seen:
            points.append(act(here, organiser, chair))
        after = here.sayings()
        assert after[f"{RESULT}.json"] != before[f"{RESULT}.json"]
        polls += len(seen.rows)
        wrong += mixed(seen, before, after)
        if act is publish:  # another act, which adds to the pages of those who hold a title
            assert organiser.post("/manage/contoh-2025/certificates/kabkota", {}).status == 303
    here.server.stop()
    broken = broken_rules(here.server)
    figures_of(
        "publish_kill", promises=["P05"], engine=engine_name, points=points,
        polls=polls, mixed=len(wrong), broken_rules=len(broken), seconds=round(time.perf_counter() - begun, 1),
    )  # fmt: skip
    assert wrong == []
    assert broken == []
    assert min(points) >= 12 // stride
    assert polls > 40


def publish(here: Stage, organiser: Visitor, chair: Visitor) -> int:
    """Two people publish; gives at how many steps the server died."""
    asked = until_done(here, organiser, rf"{OFFICE}/kabkota", lambda: here.counted("proposal"))
    deaths = until_done(here, chair, rf"{OFFICE}/kabkota/P-[0-9A-Z-]+", lambda: here.counted(*NOTHING))
    return asked + deaths


def correct(here: Stage, organiser: Visitor, chair: Visitor) -> int:
    """A new run, then two people correct, and certificates end; gives at how many steps the server died."""
    page = f"{OFFICE}/kabkota/correction"
    said = {"reason": "Angka diperbaiki."}
    run = until_done(here, organiser, f"{page}/run", lambda: here.counted("result_run", "event"), at=page)
    asked = until_done(here, organiser, page, lambda: here.counted("proposal"), at=page, more=said)
    tables = (*NOTHING, "correction", "award WHERE ended_at IS NULL", "certificate WHERE status = 'valid'")
    deaths = until_done(here, chair, rf"{page}/P-[0-9A-Z-]+", lambda: here.counted(*tables))
    assert here.counted("certificate WHERE status = 'revoked'") == [1]
    return run + asked + deaths
