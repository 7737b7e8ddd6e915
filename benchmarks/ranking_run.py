"""How long a result run takes, diagnostics included, and what its workbench page costs each role, beside two floors.

Run it as `python -m benchmarks.ranking_run`. It prints JSON lines. Times are in milliseconds, the best of the rounds,
by the clock on the wall and by the clock of the processor: on a busy machine the second tells more. The floors are
those of `benchmarks.pages`, measured in the same process: one raw SQL aggregate over all marks, and all marks read and
ranked by numpy alone.
"""

import argparse
import json
import logging
import platform
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

import structlog
from flask import Flask
from sqlalchemy import event

from benchmarks import world
from benchmarks.pages import RANKING, Runner, fetch, forget_runs, numpy_alone, raw_sql, set_state, signed_in
from benchmarks.world import ASSESSORS, Size
from paritrana.clock import SetClock
from paritrana.core.lifecycle import State
from paritrana.database import db
from tests.conftest import Workshop
from tests.factories import NOW

ROLES = ("organiser-1", "chair", "assessor-3", "auditor")
QUIET = ("BEGIN", "COMMIT", "ROLLBACK")


class Meter:
    """Measures acts on one application: times and statements."""

    def __init__(self, app: Flask, about: dict[str, Any], rounds: int) -> None:
        self.about, self.rounds = about, rounds
        self.sent: list[str] = []
        with app.app_context():
            event.listen(db.engine, "before_cursor_execute", self._note)

    def _note(self, connection: Any, cursor: Any, statement: str, *rest: Any) -> None:
        if not statement.startswith(QUIET):
            self.sent.append(statement)

    def measure(
        self,
        name: str,
        act: Callable[[], int],
        before: Callable[[], None] | None = None,
        floors: Mapping[str, Mapping[str, Any]] = MappingProxyType({}),
    ) -> dict[str, Any]:
        """Do `act` several times, each after `before`, and print its line with the ratios to the floors."""
        wall, cpu = [], []
        act()
        for _round in range(self.rounds):
            if before is not None:
                before()
            self.sent.clear()
            start, used = time.perf_counter(), time.process_time()
            act()
            wall.append(time.perf_counter() - start)
            cpu.append(time.process_time() - used)
        line = {
            "measure": name, **self.about, "wall_ms": round(min(wall) * 1000, 1), "cpu_ms": round(min(cpu) * 1000, 1),
            "statements": len(self.sent),
        }  # fmt: skip
        for floor, said in floors.items():
            line[f"x_{floor}"] = round(line["cpu_ms"] / said["cpu_ms"], 2)
        print(json.dumps(line))
        sys.stdout.flush()
        return line


def measure_all(app: Flask, size: Size, rounds: int) -> None:
    """The floors, the run, and the page for each role: as in a process that has just begun, and again."""
    with app.app_context():
        world.fill(size)
    set_state(app, State.PLENARY)
    about = {"candidates": size.candidates, "assessors": ASSESSORS, "indicators": size.indicators, "marks": size.marks}
    meter = Meter(app, {**about, "python": platform.python_version()}, rounds)
    floors = {
        "raw": meter.measure("raw SQL of the run", lambda: raw_sql(app)),
        "numpy": meter.measure("numpy of the run", lambda: numpy_alone(app)),
    }
    organiser, token = signed_in(app, "organiser-1")
    meter.measure("result run", Runner(organiser, RANKING, token), floors=floors)
    for name in ROLES:
        page = fetch(signed_in(app, name)[0], f"{RANKING}?reason=uji")
        role = name.partition("-")[0]
        meter.measure(f"workbench, first view: {role}", page, forget_runs, floors)
        meter.measure(f"workbench: {role}", page, floors=floors)


def main() -> None:
    """Measure and print."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--engine", choices=("sqlite", "postgresql"), default="sqlite")
    options.add_argument("--candidates", type=int, default=1000)
    options.add_argument("--indicators", type=int, default=14, help="marked by the panel, 8 or more")
    options.add_argument("--rounds", type=int, default=3)
    chosen = options.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        shop = Workshop(Path(folder))
        try:
            app = shop.app(chosen.engine)
            app.extensions["clock"] = SetClock(NOW)
            logging.disable(logging.INFO)
            structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
            measure_all(app, Size(chosen.candidates, chosen.indicators), chosen.rounds)
        finally:
            shop.stop()


if __name__ == "__main__":
    main()
