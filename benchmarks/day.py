"""An interview day as it is lived: nine assessors mark, a hundred people look at the board, one server on two cores.

Run it as `python -m benchmarks --only day`. It serves a day with `paritrana serve`, the server and its worker as an
office runs them, on SQLite, on the disk of the machine. Every assessor marks the indicators of the candidates, one
after the other, spread over the whole time; every viewer asks for the board every two seconds with the tag of the last
answer. What it prints are JSON lines:

* `empty route of the day`: the same PUT against a server of the same kind that holds one route of Flask, nobody else;
* `save alone`: the same saves one after the other, before anybody else comes; `ratio` is beside the empty route;
* `save`: one mark while everybody is there, as its assessor waits for it;
* `board`: one look at the board at the same time; `unchanged` is the share that was answered with 304.

No request is left out where the machine is slow: everything is then later, and `took_s` longer than the day was to be.
An answer with another status than 200 or 304, and one that did not come, is an error; the program ends with 1 then.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Any

from sqlalchemy import insert

from benchmarks.files import PATIENCE, Client, Place, answers, tell, wait_for
from benchmarks.world import candidates_of, rubric_with
from paritrana.clock import SystemClock
from paritrana.core.lifecycle import State
from paritrana.cycles.queries import cycle_time
from paritrana.database import db, random_ref
from paritrana.interviews.models import InterviewSession
from paritrana.interviews.service import plan_day
from paritrana.nominations.models import Nomination
from paritrana.panels.models import Declaration
from paritrana.sheets.models import Sheet
from tests.conftest import Workshop, release
from tests.factories import world
from tests.faults.server import free_port

ASSESSORS = ("chair", "deputy", *(f"assessor-{no}" for no in range(3, 10)))
OPERATORS = ("organiser-1", "organiser-2", "auditor")
EVERY = 2.0  # seconds between two looks of a viewer
BARE = """
import sys
from flask import Flask, request
app = Flask("bare")
app.add_url_rule("/mark", view_func=lambda: {"value": request.get_json()["value"]}, methods=["PUT"])
app.add_url_rule("/static/favicon.svg", "favicon", view_func=lambda: "", methods=["GET"])
from gunicorn.app.base import BaseApplication
class Bare(BaseApplication):
    def load_config(self):
        for name, value in {"bind": f"127.0.0.1:{sys.argv[1]}", "worker_class": "gthread", "threads": 8}.items():
            self.cfg.set(name, value)
    def load(self):
        return app
Bare().run()
"""


@dataclass
class Times:
    """Seconds of each request of a kind, from all threads, and what went wrong."""

    seconds: list[float] = field(default_factory=list)
    unchanged: int = 0
    errors: list[str] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def of(self, request: Callable[[], int]) -> None:
        """Do a request and note how long it took."""
        start = time.perf_counter()
        try:
            status = request()
        except (AssertionError, OSError, HTTPException) as fault:
            with self.lock:
                self.errors.append(repr(fault)[:200])
            return
        with self.lock:
            self.seconds.append(time.perf_counter() - start)
            self.unchanged += status == 304

    def figures(self) -> dict[str, Any]:
        """How many, and the times below which half and 95 of a hundred stay, in milliseconds."""
        ordered = sorted(self.seconds) or [0.0]
        return {
            "requests": len(self.seconds),
            "p50_ms": round(statistics.median(ordered) * 1000, 2),
            "p95_ms": round(ordered[min(len(ordered) - 1, int(len(ordered) * 0.95))] * 1000, 2),
            "max_ms": round(ordered[-1] * 1000, 2),
            "errors": len(self.errors),
        }


class Person(Client):
    """A signed-in person with a device of their own."""

    tag = ""

    def look(self, path: str) -> int:
        """One look at the board."""
        try:
            self.line.request("GET", path, headers={
                "Accept": "text/html", "If-None-Match": self.tag, "Cookie": self._cookie(),
            })  # fmt: skip
            answer = self.line.getresponse()
            answer.read()
        finally:
            self.line.close()
        assert answer.status in (200, 304), answer.status
        self.tag = answer.headers.get("ETag", "")
        return answer.status

    def mark(self, ref: str, indicator: str, value: str) -> int:
        """Save one mark that was empty before."""
        try:
            self.ask(
                "PUT", f"/api/v1/sheets/{ref}/marks/{indicator}", json.dumps({"value": value}).encode(), 200,
                Content_Type="application/json", If_Match='"0"', Idempotency_Key=random_ref("K", 5),
                X_CSRFToken=self.token,
            )  # fmt: skip
        finally:
            self.line.close()
        return 200

    def _cookie(self) -> str:
        return "; ".join(f"{name}={value}" for name, value in self.cookies.items())


@dataclass(frozen=True)
class Day:
    """What the day holds: the address of its board, the indicators, and the sheets of each assessor."""

    board: str
    indicators: Sequence[str]
    sheets: dict[str, list[str]]


def fill(candidates: int, indicators: int) -> Day:
    """A day on which every session is open and every sheet is empty."""
    here = world(state=State.INTERVIEW, kind="real", now=SystemClock().now())
    category = here.category
    rubric = rubric_with(indicators)
    category.rubric_version_id = rubric.id
    codes = [one.code for one in rubric.indicators if one.source == "panel"]
    nominations = candidates_of(here, category.id, "kabkota", candidates)
    db.session.query(Nomination).filter(Nomination.id.in_(nominations)).update({"state": "shortlisted"})
    at = cycle_time(here.cycle, here.now)
    day = plan_day(here.cycle, at.date(), actor=here.actor("organiser-1"), at=at)
    sheets: dict[str, list[str]] = {name: [] for name in ASSESSORS}
    for no, one in enumerate(nominations, start=1):
        db.session.execute(
            insert(InterviewSession).values(
                ref=random_ref("S"), day_id=day.id, no=no, category_id=category.id, nomination_id=one, attempt=1,
                planned_at=at + timedelta(minutes=20 * no), minutes=20, mode="in_person", room="Aula", state="open",
                opened_at=at, version=2,
            )
        )  # fmt: skip
        for name in ASSESSORS:
            account = here.accounts[name].id
            ref = random_ref("L")
            db.session.execute(insert(Declaration).values(account_id=account, nomination_id=one, conflict=False, at=at))
            db.session.execute(
                insert(Sheet).values(
                    ref=ref, category_id=category.id, nomination_id=one, assessor_id=account, attempt=1,
                    revision_no=1, opened_at=at, version=1,
                )
            )  # fmt: skip
            sheets[name].append(ref)
    db.session.commit()
    return Day(f"/api/v1/interviews/{day.code}/board?lang=id", codes, sheets)


def live(day: Day, assessors: Sequence[Person], viewers: Sequence[Person], seconds: float) -> tuple[Times, Times]:
    """Everybody at once for so many seconds; gives the times of saves and of looks."""
    saves, looks, begin = Times(), Times(), time.monotonic() + 0.5

    def score(person: Person, name: str) -> None:
        leaves = [(ref, code) for ref in day.sheets[name] for code in day.indicators][1:]  # the first was saved alone
        pause = max(EVERY, seconds / len(leaves))
        for no, (ref, code) in enumerate(leaves):
            if not _wait(begin + pause * (no + ASSESSORS.index(name) / len(ASSESSORS)), begin + seconds):
                return
            saves.of(lambda ref=ref, code=code: person.mark(ref, code, "7,5"))  # type: ignore[misc]

    def watch(person: Person, no: int) -> None:
        turn = 0
        while _wait(begin + EVERY * (turn + no / len(viewers)), begin + seconds):
            looks.of(lambda: person.look(day.board))
            turn += 1

    threads = [
        *(threading.Thread(target=score, args=pair) for pair in zip(assessors, ASSESSORS, strict=True)),
        *(threading.Thread(target=watch, args=(one, no)) for no, one in enumerate(viewers)),
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return saves, looks


def _wait(until: float, end: float) -> bool:
    """Wait for a moment; False where it lies behind the end."""
    if until >= end:
        return False
    time.sleep(max(0.0, until - time.monotonic()))
    return True


def measure_empty(folder: Path, rounds: int) -> Times:
    """The same request against one route of Flask on a server of the same kind."""
    port, times = free_port(), Times()
    with (folder / "bare.txt").open("w", encoding="utf-8") as log:
        process = subprocess.Popen(
            [sys.executable, "-c", BARE, str(port)],
            stdout=subprocess.DEVNULL,
            stderr=log,
            env=os.environ | {"TMPDIR": str(folder)},
        )
    try:
        wait_for(lambda: answers(port))
        person = Person.__new__(Person)
        person.line, person.cookies, person.token = HTTPConnection("127.0.0.1", port, timeout=PATIENCE), {}, ""
        body = json.dumps({"value": "7,5"}).encode()

        def once() -> int:
            person.ask("PUT", "/mark", body, 200, Content_Type="application/json")
            person.line.close()
            return 200

        for _round in range(rounds):
            times.of(once)
    finally:
        process.terminate()
        process.wait()
    return times


def main() -> None:
    """Measure and print; ends with 1 where a request went wrong."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--seconds", type=float, default=300.0)
    options.add_argument("--viewers", type=int, default=100)
    options.add_argument("--candidates", type=int, default=12)
    options.add_argument("--indicators", type=int, default=12)
    chosen = options.parse_args()
    with tempfile.TemporaryDirectory(prefix="paritrana-day-") as name:
        folder, port = Path(name), free_port()
        shop = Workshop(folder)
        app = shop.build(shop.engine("sqlite").fresh("day"), folder / "instance")
        address = app.extensions["settings"].database_url
        with app.app_context():
            day = fill(chosen.candidates, chosen.indicators)
        release(app)
        empty = measure_empty(folder, 200)
        tell("empty route of the day", **empty.figures())
        with Place(folder, address, port).running("serve", "--port", str(port)):
            wait_for(lambda: answers(port))
            assessors = [Person(port, one) for one in ASSESSORS]
            everybody = (*OPERATORS, *ASSESSORS)
            viewers = [Person(port, everybody[no % len(everybody)]) for no in range(chosen.viewers)]
            alone = Times()
            for person, one in zip(assessors, ASSESSORS, strict=True):
                alone.of(lambda person=person, one=one: person.mark(day.sheets[one][0], day.indicators[0], "7,5"))  # type: ignore[misc]
            floor = empty.figures()["p50_ms"]
            tell("save alone", **alone.figures(), ratio=round(alone.figures()["p50_ms"] / floor, 1))
            begun = time.monotonic()
            saves, looks = live(day, assessors, viewers, chosen.seconds)
            took = round(time.monotonic() - begun, 1)
        shop.stop()
    about = {"assessors": len(ASSESSORS), "viewers": chosen.viewers, "seconds": chosen.seconds, "took_s": took}
    tell("save", **about, **saves.figures(), ratio=round(saves.figures()["p50_ms"] / floor, 1))
    share = round(looks.unchanged / len(looks.seconds), 3) if looks.seconds else 0
    tell("board", **about, **looks.figures(), unchanged=share)
    for fault in sorted({*alone.errors, *saves.errors, *looks.errors})[:10]:
        print(fault, file=sys.stderr)
    if alone.errors or saves.errors or looks.errors:
        raise SystemExit(1)


if __name__ == "__main__":
    main()
