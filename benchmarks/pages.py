"""How long the heavy pages take on a large category, beside an empty route and beside one raw SQL aggregate.

Run it as `python -m benchmarks.pages`. It prints JSON lines, one for each measure: the best and the median of its
rounds in milliseconds, SQL statements (without BEGIN and COMMIT), bytes of the answer, and by how many kilobytes the
process grows at most where that is asked for. Every floor is measured in the same process: `empty route` is a view
that does nothing behind the same door, `raw SQL` one aggregate over all marks of the category, and `raw SQL and the
same rows` that aggregate and the page's own template with everything it shows at hand.
"""

import argparse
import json
import logging
import os
import platform
import re
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import structlog
from flask import Flask, render_template, template_rendered
from flask.testing import FlaskClient
from sqlalchemy import event, text, update

from benchmarks import world
from benchmarks.world import LARGE, OPEN, SMALL, Size
from paritrana.clock import SetClock
from paritrana.core.lifecycle import State
from paritrana.core.policy import Act
from paritrana.cycles.models import Category
from paritrana.database import db
from paritrana.results import table
from paritrana.results.workbench import queries as workbench
from paritrana.web.access import allowed
from tests.conftest import Workshop
from tests.factories import NOW, sign_in

RANKING = f"/manage/contoh-2025/ranking/{LARGE}"
LEAF = "A1.1"
LARGE_ONE = 200_000  # marks from which on what takes seconds is done once
# What a page's own view hands to its template; the rest comes from the request in which it is shown.
NOT_KEPT = {"g", "request", "session", "current_user"}
AGGREGATE = text(
    "SELECT sheet.nomination_id, mark.indicator, count(mark.value), avg(CAST(mark.value AS FLOAT)) FROM mark "
    "JOIN sheet ON sheet.id = mark.sheet_id JOIN category ON category.id = sheet.category_id "
    "WHERE category.slug = :slug AND sheet.submitted_at IS NOT NULL GROUP BY sheet.nomination_id, mark.indicator"
)
MARKS = text(
    "SELECT sheet.nomination_id, mark.indicator, CAST(mark.value AS FLOAT) FROM mark "
    "JOIN sheet ON sheet.id = mark.sheet_id JOIN category ON category.id = sheet.category_id "
    "WHERE category.slug = :slug AND sheet.submitted_at IS NOT NULL AND mark.value IS NOT NULL"
)
OPEN_SHEET = text(
    "SELECT sheet.ref FROM sheet JOIN category ON category.id = sheet.category_id "
    "WHERE category.slug = :slug AND sheet.submitted_at IS NULL"
)


class Bench:
    """One world on one engine, measured from the first line to the last."""

    def __init__(self, app: Flask, engine: str, size: Size, rounds: int, patience: float) -> None:
        self.app = app
        self.about = {"engine": engine, "candidates": size.candidates, "marks": size.marks}
        self.rounds = rounds
        self.patience = patience
        self.sent: list[str] = []
        with app.app_context():
            event.listen(db.engine, "before_cursor_execute", self._note)

    def _note(self, connection: Any, cursor: Any, statement: str, *rest: Any) -> None:
        if not statement.startswith("BEGIN"):
            self.sent.append(statement)

    def measure(self, name: str, act: Callable[[], int], *, rounds: int | None = None, **more: Any) -> float:
        """Do `act` several times and print its line; `act` gives the bytes of its answer. Tells the best time, ms.

        One round goes unmeasured before: it compiles templates and statements.
        """
        times: list[float] = []
        wanted, began = rounds or self.rounds, time.perf_counter()
        size = act()
        while len(times) < wanted and (not times or time.perf_counter() - began < self.patience):
            self.sent.clear()
            start = time.perf_counter()
            size = act()
            times.append(time.perf_counter() - start)
        best, median = min(times) * 1000, statistics.median(times) * 1000
        line = {"rounds": len(times), "best_ms": round(best, 2), "median_ms": round(median, 2)}
        print(json.dumps({"measure": name, **self.about, **line, "statements": len(self.sent), "bytes": size, **more}))
        sys.stdout.flush()
        return best

    def alone(self, act: Callable[[], int]) -> dict[str, Any]:
        """Do `act` once in a fresh copy of this process: seconds, statements, bytes, and the growth of the copy.

        `memory_kb` is by how many kilobytes the copy grows at most; None where the system does not tell.
        """
        reading, writing = os.pipe()
        child = os.fork()
        if child == 0:
            try:
                with self.app.app_context():
                    db.engine.dispose(close=False)  # the parent goes on using its connections
                before = _memory("VmRSS") if _forget_peak() else None
                self.sent.clear()
                start = time.perf_counter()
                size = act()
                seconds, peak = time.perf_counter() - start, _memory("VmHWM")
                memory = None if before is None or peak is None else max(peak - before, 0)
                told = {"seconds": seconds, "statements": len(self.sent), "bytes": size, "memory_kb": memory}
                os.write(writing, json.dumps(told).encode())
            finally:
                os._exit(0)
        os.close(writing)
        os.waitpid(child, 0)
        with os.fdopen(reading) as answer:
            found: dict[str, Any] = json.loads(answer.read())
        return found

    def heavy(self, name: str, act: Callable[[], int], **more: Any) -> None:
        """Measure what takes seconds: its memory in a copy of the process, and on a large category its time as well."""
        alone = self.alone(act)
        if self.about["marks"] <= LARGE_ONE:
            self.measure(name, act, rounds=min(3, self.rounds), memory_kb=alone["memory_kb"], **more)
            return
        once = round(alone.pop("seconds") * 1000, 2)
        print(
            json.dumps(
                {"measure": name, **self.about, "rounds": 1, "best_ms": once, "median_ms": once, **alone, **more}
            )
        )
        sys.stdout.flush()


def _forget_peak() -> bool:
    """Set the highest memory this process has had to what it has now; only Linux can."""
    try:
        Path("/proc/self/clear_refs").write_text("5", encoding="ascii")
    except OSError:
        return False
    return True


def _memory(name: str) -> int | None:
    """A line of the process's memory figures, in kilobytes."""
    try:
        found = re.search(rf"^{name}:\s+(\d+) kB", Path("/proc/self/status").read_text(encoding="ascii"), re.MULTILINE)
    except OSError:
        return None
    return int(found[1]) if found else None


def fetch(client: FlaskClient, address: str) -> Callable[[], int]:
    """A request that must succeed; it gives the number of bytes."""

    def act() -> int:
        size = 0
        with client.get(address) as answer:
            for piece in answer.iter_encoded():
                size += len(piece)
        assert answer.status_code == 200, (address, answer.status_code)
        return size

    return act


class Saver:
    """Saves one mark again and again, each time with another value."""

    def __init__(self, client: FlaskClient, address: str, token: str) -> None:
        self.client, self.address, self.token = client, address, token
        self.version = 0

    def __call__(self) -> int:
        """Send the next value; gives the number of bytes of the answer."""
        answer = self.client.put(
            self.address,
            json={"value": "7.25" if self.version % 2 else "8.50"},
            headers={
                "If-Match": f'"{self.version}"', "Idempotency-Key": f"benchmark-{os.getpid()}-{self.version}",
                "X-CSRFToken": self.token, "Sec-Fetch-Site": "same-origin",
            },
        )  # fmt: skip
        assert answer.status_code == 200, answer.get_data(as_text=True)
        self.version += 1
        return len(answer.get_data())


class Runner:
    """Presses the button for a new run again and again."""

    def __init__(self, client: FlaskClient, address: str, token: str) -> None:
        self.client, self.address, self.token = client, address, token
        self.category = address.rpartition("/")[2]
        self.pressed = 0

    def __call__(self) -> int:
        """Calculate and store a run; gives the number of bytes of the answer."""
        self.pressed += 1
        answer = self.client.post(
            f"{self.address}/runs",
            data={"csrf_token": self.token, "idempotency_key": f"run-{self.category}-{os.getpid()}-{self.pressed}"},
            headers={"Sec-Fetch-Site": "same-origin"},
        )
        assert answer.status_code == 303, answer.get_data(as_text=True)
        return len(answer.get_data())


def signed_in(app: Flask, name: str) -> tuple[FlaskClient, str]:
    """A browser of a person of the world, and its token against forged requests."""
    client = app.test_client()
    sign_in(client, name)
    found = re.search(r'name="csrf_token" value="([^"]+)"', client.get("/home").get_data(as_text=True))
    assert found is not None
    return client, found[1]


def add_floors(app: Flask) -> dict[str, Any]:
    """Two routes of the benchmark's own; the second shows the ranking page from what the returned store keeps."""
    kept: dict[str, Any] = {}

    def empty() -> str:
        return ""

    def same_rows() -> str:
        db.session.execute(AGGREGATE, {"slug": LARGE}).all()
        return render_template("results/ranking.html", **kept)

    app.add_url_rule("/benchmark/empty", "benchmark_empty", allowed(Act.HOME)(empty))
    app.add_url_rule("/benchmark/same-rows", "benchmark_same_rows", allowed(Act.HOME)(same_rows))
    return kept


@contextmanager
def keeping(app: Flask, kept: dict[str, Any]) -> Iterator[None]:
    """Keep what the ranking page is made from."""

    def keep(sender: Flask, template: Any, context: dict[str, Any], **rest: Any) -> None:
        if template.name == "results/ranking.html":
            kept.update({name: value for name, value in context.items() if name not in NOT_KEPT})

    with template_rendered.connected_to(keep, app):
        yield


def set_state(app: Flask, state: State) -> None:
    """Move both categories."""
    with app.app_context():
        db.session.execute(update(Category).values(state=int(state)))
        db.session.commit()


def measure_all(bench: Bench) -> None:
    """Every measure of one world, in the order of the award: sheets first, then the ranking."""
    app = bench.app
    kept = add_floors(app)
    with app.app_context():
        began = time.perf_counter()
        world.fill(Size(bench.about["candidates"], bench.about["indicators"]))
        filled = time.perf_counter() - began
        ref = db.session.scalar(OPEN_SHEET, {"slug": LARGE})
        last = f"N-{LARGE[0].upper()}{bench.about['candidates']:05d}"
    print(json.dumps({"measure": "fill", **bench.about, "seconds": round(filled, 1)}))

    assessor, token = signed_in(app, OPEN)
    empty = bench.measure("empty route", fetch(assessor, "/benchmark/empty"))
    for name, address in (("sheet, page", f"/assessments/{last}/sheet"), ("sheet, JSON", f"/api/v1/sheets/{ref}")):
        bench.measure(name, fetch(assessor, address), empty_ms=round(empty, 2))
    saver = Saver(assessor, f"/api/v1/sheets/{ref}/marks/{LEAF}", token)
    bench.measure("save one mark", saver, rounds=3 * bench.rounds, empty_ms=round(empty, 2))

    set_state(app, State.PLENARY)
    organiser, token = signed_in(app, "organiser-1")
    small = f"/manage/contoh-2025/ranking/{SMALL}"
    Runner(organiser, small, token)()
    for address in (small, f"{small}/marks.csv", f"{small}/marks.json"):  # so that only the size tells in the memory
        fetch(organiser, address)()
    raw = bench.measure("raw SQL", lambda: raw_sql(app))
    plain = bench.measure("numpy alone", lambda: numpy_alone(app))
    floors = {"empty_ms": round(empty, 2), "raw_ms": round(raw, 2), "numpy_ms": round(plain, 2)}
    run = Runner(organiser, RANKING, token)
    bench.heavy("new run", run, **floors)

    page = fetch(organiser, RANKING)
    files = {name: fetch(organiser, f"{RANKING}/marks.{name.lower()}") for name in ("CSV", "JSON")}
    memory = bench.alone(page)["memory_kb"]
    with keeping(app, kept):
        page()
    floor = bench.measure("raw SQL and the same rows", fetch(organiser, "/benchmark/same-rows"))
    bench.measure("ranking page", page, floor_ms=round(floor, 2), **floors)
    bench.measure(
        "ranking page, first view", lambda: forget_runs() or page(), floor_ms=round(floor, 2), **floors,
        memory_kb=memory,
    )  # fmt: skip
    for name, act in files.items():
        bench.heavy(f"all marks, {name}", act, **floors)


def raw_sql(app: Flask) -> int:
    """The aggregate alone, with its rows fetched."""
    with app.app_context():
        return len(db.session.execute(AGGREGATE, {"slug": LARGE}).all())


def numpy_alone(app: Flask) -> int:
    """All marks read by one statement, their means by numpy, and the candidates in the order of the sums."""
    with app.app_context():
        rows = db.session.execute(MARKS, {"slug": LARGE}).all()
    candidates, at = np.unique([row[0] for row in rows], return_inverse=True)
    indicators, along = np.unique([row[1] for row in rows], return_inverse=True)
    cells = at * len(indicators) + along
    count = np.bincount(cells, minlength=len(candidates) * len(indicators))
    total = np.bincount(cells, [row[2] for row in rows], len(count))
    means = (total / np.maximum(count, 1)).reshape(len(candidates), len(indicators))
    return len(np.argsort(-means.sum(axis=1)))


def forget_runs() -> None:
    """Let the next page open its run anew, as in a process that has just begun."""
    table._opened.clear()
    workbench._kept.clear()


def versions(app: Flask) -> dict[str, str]:
    """What the figures were measured with."""
    with app.app_context():
        info = db.engine.dialect.server_version_info if db.session.connection() else ()
    return {
        "python": platform.python_version(),
        "database": ".".join(map(str, info or ())),
    }


def main() -> None:
    """Measure and print."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--engine", choices=("sqlite", "postgresql"), default="sqlite")
    options.add_argument("--candidates", type=int, default=500)
    options.add_argument("--indicators", type=int, default=14, help="marked by the panel, 8 or more")
    options.add_argument("--rounds", type=int, default=9)
    options.add_argument("--patience", type=float, default=4.0, help="seconds after which no further round begins")
    chosen = options.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        shop = Workshop(Path(folder))
        try:
            app = shop.app(chosen.engine)
            app.extensions["clock"] = SetClock(NOW)
            logging.disable(logging.INFO)
            structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
            size = Size(chosen.candidates, chosen.indicators)
            bench = Bench(app, chosen.engine, size, chosen.rounds, chosen.patience)
            bench.about["indicators"] = size.indicators
            print(json.dumps({"measure": "machine", **bench.about, "cores": os.cpu_count(), **versions(app)}))
            measure_all(bench)
        finally:
            shop.stop()


if __name__ == "__main__":
    main()
