"""The last hour: many tenants on slow and lossy lines, one who floods, some who dribble on purpose, one who reads all.

The hour is pressed into minutes. What was announced before the deadline is whole in the end, nobody waits long for a
page, and the alarm about bulk reading comes early. Every person has a network address of the own, as outside.
"""

import asyncio
import hashlib
import random
import re
import shutil
import statistics
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from paritrana.clock import SystemClock
from paritrana.files.store import CHUNK
from tests.conftest import Workshop, release
from tests.faults.ground import SizeLimit
from tests.faults.rush_line import Browser, Line, LineCut
from tests.faults.rush_scene import CATEGORY, READER, Crowd, Tenant, build
from tests.faults.server import HOST, Server, Visitor
from tests.nominations.pages import paper

SEED = 20261122
WITH_WORKER = ("-m", "paritrana", "serve", "--port")  # as an installation starts it
PLAIN = ("-m", "tests.faults.rush_plain")
INTERACTIVE = ("page", "announce", "standing")
LOSS = 0.15  # of the parts of a file are cut in the middle
SLOW_SENDERS = 16  # on each of their addresses
CLOSED = {"entry_closed", "wrong_state"}  # what an announcement after the deadline is told
HONEST = 4  # who ask a server without limits


@dataclass(frozen=True, slots=True)
class Plan:
    """How much comes in which time; `lead` and `last` are seconds before the deadline.

    The first tenants begin `lead` before it, the last ones `last` before it, and more and more of them in between.
    """

    tenants: int
    lead: float
    last: float
    sizes: tuple[int, int]  # bytes of a document
    paces: tuple[int, int]  # bytes a second of a line
    slow_addresses: int
    flood: int  # requests that one tenant sends side by side
    reads: int  # documents that one officer opens


SMALL = Plan(12, 10.0, 4.0, (40_000, 240_000), (15_000, 40_000), 1, 6, 151)
WHOLE = Plan(600, 420.0, 10.0, (60_000, 1_500_000), (16_000, 64_000), 5, 24, 220)


@dataclass
class Seen:
    """What became of everybody."""

    times: dict[str, list[float]] = field(default_factory=dict)  # seconds of answers to honest tenants, by kind
    digests: dict[str, str] = field(default_factory=dict)  # of the document of each draft
    after: int = 0  # finished when the deadline had passed
    cuts: int = 0
    refused: list[str] = field(default_factory=list)
    late: Counter[str] = field(default_factory=Counter)  # what was said to announcements after the deadline
    flood: Counter[int] = field(default_factory=Counter)  # statuses
    hung_up: int = 0  # slow senders whose connection was closed
    read: int = 0  # documents
    slowed: int = 0
    over: asyncio.Event = field(default_factory=asyncio.Event)

    def tell(self, kind: str, seconds: float) -> None:
        """An answer to an honest tenant."""
        self.times.setdefault(kind, []).append(seconds)


def address_of(no: int) -> str:
    """A loopback address for everybody; the flood, the slow ones and the officer have other ones."""
    return f"127.{10 + no // 200}.{no % 200}.1"


def content_of(tenant: Tenant, plan: Plan, word: str = "") -> bytes:
    """The document of a tenant, with other bytes than anybody's."""
    chance = random.Random(f"{SEED} {tenant.no} {word}")
    return paper(chance.randbytes(chance.randint(*plan.sizes) // 2).hex().encode())


def said_of(content: bytes, crowd: Crowd) -> dict[str, Any]:
    """Its announcement."""
    digest = hashlib.sha256(content).hexdigest()
    return {"name": "bukti.pdf", "size": len(content), "sha256": digest, "kind": crowd.kind, "requirement": ""}


async def hand_in(tenant: Tenant, crowd: Crowd, plan: Plan, port: int, deadline: float, seen: Seen) -> None:
    """One tenant: the page, the announcement, the parts over a bad line, the receipt; some come back too late."""
    chance = random.Random(f"{SEED} {tenant.no}")
    line = Line(port, address_of(tenant.no), chance, chance.uniform(*plan.paces), LOSS)
    me = Browser(line, tenant.token, told=seen.tell)
    begins = deadline - plan.lead + (plan.lead - plan.last) * chance.random() ** 0.5
    await asyncio.sleep(max(0.0, begins - time.perf_counter()))
    page = await me.open(f"/nominations/{tenant.draft}/evidence/{crowd.page}")
    found = re.search(r'name="csrf_token" value="([^"]+)"', page.text)
    if page.status != 200 or found is None:
        seen.refused.append(f"page {page.status}")
        return
    me.token = found[1]
    base, content = f"/nominations/{tenant.draft}/uploads", content_of(tenant, plan)
    answer = await me.announce(base, said_of(content, crowd))
    if answer.status != 201:
        seen.refused.append(f"announce {answer.status} {answer.text[:200]}")
        return
    seen.digests[tenant.draft] = hashlib.sha256(content).hexdigest()
    address = answer.json["upload"]
    if await me.send(address, content, answer.json["offset"], CHUNK):
        answer = await me.insist("standing", "GET", address, lambda _again: b"")
        answer = await me.insist("complete", "POST", f"{address}/complete", lambda _again: b"")
        if answer.status in {200, 201}:
            seen.after += time.perf_counter() > deadline
            await me.open(answer.json["receipt"])
        else:
            seen.refused.append(f"complete {answer.status} {answer.text[:200]}")
    seen.refused += me.refused
    seen.cuts += line.cuts
    if tenant.no % 10 == 0:
        await asyncio.sleep(max(0.0, deadline + 0.5 - time.perf_counter()))
        late = await me.announce(base, said_of(content_of(tenant, plan, "late"), crowd))
        seen.late[str(late.json.get("code", late.status))] += 1


async def flood(tenant: Tenant, crowd: Crowd, port: int, no: int, seen: Seen) -> None:
    """One of the connections of a tenant who sends as much as goes through."""
    me = Browser(Line(port, "127.66.0.1", random.Random(no)), tenant.token)
    base = f"/nominations/{tenant.draft}"
    while not seen.over.is_set():
        try:
            answer, _seconds = await me.line.ask("GET", f"{base}/evidence/{crowd.page}", me.headers(Accept="text/html"))
            if found := re.search(r'name="csrf_token" value="([^"]+)"', answer.text):
                me.token = found[1]
            seen.flood[answer.status] += 1
            said = said_of(str(me.line.chance.random()).encode(), crowd)
            seen.flood[(await me.announce(f"{base}/uploads", said)).status] += 1
        except (OSError, LineCut, asyncio.IncompleteReadError):
            seen.flood[0] += 1
            await asyncio.sleep(0.1)


async def dribble(port: int, address: str, no: int, over: asyncio.Event, hung_up: Callable[[], None]) -> None:
    """Send a byte a second: of a head that never ends, or of a body."""
    head = f"POST /sign-in HTTP/1.1\r\nHost: {HOST}:{port}\r\nContent-Length: 60000\r\n"
    while not over.is_set():
        try:
            _reader, writer = await asyncio.open_connection(HOST, port, local_addr=(address, 0))
            writer.write((head + ("\r\n" if no % 2 else "X-Slow: ")).encode())
            try:
                while not over.is_set():
                    writer.write(b"a")
                    await writer.drain()
                    await asyncio.sleep(1.0)
            finally:
                writer.transport.abort()
        except OSError:
            hung_up()
            await asyncio.sleep(0.5)


async def read_all(crowd: Crowd, plan: Plan, port: int, seen: Seen) -> None:
    """An officer opens one document after the other, and waits where that is asked for."""
    me = Browser(Line(port, "127.88.0.1", random.Random(SEED)), crowd.reader)
    for address in crowd.documents[: plan.reads]:
        while (answer := await me.open(address)).status == 429:
            seen.slowed += 1
            await asyncio.sleep(float(answer.headers["Retry-After"]))
        assert answer.status == 200, answer.text
        seen.read += 1


async def rush(crowd: Crowd, plan: Plan, port: int, deadline: float) -> Seen:
    """Everybody at once; ends when every tenant has done what there was to do."""
    seen = Seen()
    *honest, abuser = crowd.tenants

    def hung_up() -> None:
        seen.hung_up += 1

    async with asyncio.TaskGroup() as others:
        for no in range(plan.flood):
            others.create_task(flood(abuser, crowd, port, no, seen))
        for no in range(plan.slow_addresses * SLOW_SENDERS):
            address = f"127.77.{no // SLOW_SENDERS}.1"
            others.create_task(dribble(port, address, no, seen.over, hung_up))
        async with asyncio.TaskGroup() as work:
            work.create_task(read_all(crowd, plan, port, seen))
            for tenant in honest:
                work.create_task(hand_in(tenant, crowd, plan, port, deadline, seen))
        seen.over.set()
    return seen


async def unanswered(port: int) -> int:
    """How many of some honest visitors get no sign-in page within seconds while slow ones are there."""
    over = asyncio.Event()
    tasks = [
        asyncio.create_task(dribble(port, "127.77.0.1", no, over, lambda: None)) for no in range(SLOW_SENDERS)
    ]  # fmt: skip
    await asyncio.sleep(1.5)  # until all of them have begun

    async def answered(no: int) -> bool:
        line = Line(port, address_of(no), random.Random(no))
        try:
            async with asyncio.timeout(3.0):
                return (await line.ask("GET", "/sign-in", {"Connection": "close"}))[0].status == 200
        except TimeoutError:
            return False

    found = await asyncio.gather(*(answered(no) for no in range(HONEST)))
    over.set()
    await asyncio.gather(*tasks)
    return found.count(False)


@pytest.fixture
def hour(workshop: Workshop, tmp_path: Path) -> Iterator[Callable[..., tuple[Server, Crowd]]]:
    """Starts a server before which the crowd of a plan stands."""
    started: list[tuple[Server, SizeLimit]] = []

    def start(tenants: int, command: tuple[str, ...] = WITH_WORKER) -> tuple[Server, Crowd]:
        ground, engine = SizeLimit(), workshop.engine("sqlite")
        name = f"rush{len(started)}"
        address = engine.fresh(name)
        app = workshop.build(address, tmp_path / name)
        with app.app_context():
            crowd = build(tenants, ground.seen("blobs"))
        release(app)
        shutil.copyfile(address.removeprefix("sqlite:///"), ground.seen("instance") / "paritrana.db")
        engine.drop(name)
        server = Server(ground, command=command)
        started.append((server, ground))
        return server.start(), crowd

    yield start
    for server, ground in started:
        server.stop()
        ground.close()


def close_in(server: Server, seconds: float) -> float:
    """Put the deadline so many seconds ahead, by the clock of the machine; gives it by the watch of this process."""
    watch, at = time.perf_counter() + seconds, SystemClock().now() + timedelta(seconds=seconds)
    closes, ends = (str((at + more).replace(tzinfo=None)) for more in (timedelta(0), timedelta(hours=6)))
    server.change("UPDATE category SET closes_at = ?, grace_ends_at = ? WHERE slug = ?", closes, ends, CATEGORY)
    return watch


def finished(server: Server, crowd: Crowd, seen: Seen) -> tuple[int, set[str]]:
    """How many documents were announced in time, and the drafts whose document is stored whole."""
    rows = server.rows(
        "SELECT n.ref, b.organisation_id, b.sha256 FROM file_declaration d JOIN nomination n ON n.id = d.nomination_id"
        " JOIN category c ON c.id = n.category_id"
        " LEFT JOIN attachment a ON a.nomination_id = n.id AND a.no = d.attachment_no"
        " LEFT JOIN blob b ON b.id = a.blob_id WHERE c.slug = ? AND d.declared_at <= c.closes_at", CATEGORY,
    )  # fmt: skip
    own = {tenant.draft for tenant in crowd.tenants[:-1]}
    mine = [row for row in rows if row[0] in own]
    objects = server.ground.seen("blobs") / "objects"
    whole = {
        ref for ref, organisation, digest in mine
        if digest is not None and digest == seen.digests.get(ref)
        and hashlib.sha256((objects / str(organisation) / digest[:2] / digest).read_bytes()).hexdigest() == digest
    }  # fmt: skip
    return len(mine), whole


def read_before_alarm(server: Server) -> tuple[int, int]:
    """How many documents were handed out before the first alarm, and how many alarms there were."""
    account = server.rows("SELECT ref FROM account WHERE email = ?", f"{READER}@contoh.test")[0][0]
    events = [
        line for name in ("evidence_viewed", "bulk_reading") for line in server.logged(name)
        if line.get("account") == account
    ]  # fmt: skip
    alarms = [line for line in events if line["event"] == "bulk_reading"]
    first = min((line["time"] for line in alarms), default="")
    return sum(line["event"] == "evidence_viewed" and line["time"] <= first for line in events), len(alarms)


def part_of(times: list[float], percent: int) -> float:
    """The time that so many percent stay under."""
    return round(statistics.quantiles(times, n=100, method="inclusive")[percent - 1], 3)


@pytest.mark.parametrize(
    "plan",
    [
        pytest.param(SMALL, id="small", marks=[pytest.mark.slow, pytest.mark.timeout(300)]),
        pytest.param(WHOLE, id="whole", marks=[pytest.mark.slow, pytest.mark.timeout(3600)]),
    ],
)
def test_in_the_last_hour_everybody_on_a_slow_line_gets_through(
    hour: Callable[..., tuple[Server, Crowd]], plan: Plan, figures_of: Callable[..., None]
) -> None:
    begun = time.perf_counter()
    server, crowd = hour(plan.tenants + 1)  # the last one floods
    assert Visitor(server.port).get("/sign-in").status == 200  # what the first visitor waits for is loaded
    deadline = close_in(server, plan.lead)
    seen = asyncio.run(rush(crowd, plan, server.port, deadline))
    flooded = time.perf_counter() - deadline + plan.lead
    assert seen.refused == []
    declared, whole = finished(server, crowd, seen)
    starved = [tenant.no for tenant in crowd.tenants[:-1] if tenant.draft not in whole]
    asked = [seconds for kind in INTERACTIVE for seconds in seen.times.get(kind, [])]
    faults = {kind: len(times) for kind, times in seen.times.items() if " " in kind}
    read, alarms = read_before_alarm(server)
    server.stop()
    # The controls: a server without such limits leaves honest people waiting, and what is announced late is refused.
    plain, _nobody = hour(1, PLAIN)
    starving = asyncio.run(unanswered(plain.port))
    late = dict(seen.late)
    figures_of(
        "rush", promises=["P14", "P35"], tenants=plan.tenants, lead_s=plan.lead, declared=declared,
        finished_in_grace=len(whole), after_deadline=seen.after, starved=len(starved), lines_cut=seen.cuts,
        answers=len(asked), p95_s=part_of(asked, 95), p99_s=part_of(asked, 99),
        stored_p95_s=part_of(seen.times["complete"], 95), asked_again=faults.get("complete 503", 0),
        flood=seen.flood.total(), flood_s=round(flooded, 1),
        slow_senders=plan.slow_addresses * SLOW_SENDERS, hung_up=seen.hung_up, read_before_alarm=read, alarms=alarms,
        slowed=seen.slowed, late=sum(late.values()), starving_without_limits=starving, seed=SEED,
        seconds=round(time.perf_counter() - begun, 1),
        control=starving == HONEST and bool(late) and set(late) <= CLOSED,
    )  # fmt: skip
    assert {kind for kind in faults if not kind.startswith("complete")} == set()
    assert starved == []
    assert declared == len(whole) == plan.tenants
    assert seen.after > 0
    assert late
    assert set(late) <= CLOSED
    assert (alarms, read <= 200) == (1, True)
    assert seen.slowed > 0
    assert starving == HONEST
    assert part_of(asked, 95) < 1
    assert part_of(asked, 99) < 3
