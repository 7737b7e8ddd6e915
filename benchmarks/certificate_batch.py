"""How fast a job issues many certificates from order to register, and by how much its process grows.

Run it as `python -m benchmarks.certificate_batch`. It prints one JSON line: papers for each second by the clock and by
the processor, drawn, signed, stored and recorded, and by how many kB the process had grown at most, and in the end,
since the fortieth paper.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from datetime import timedelta
from pathlib import Path

import flask_migrate

from paritrana.certificates import batches
from paritrana.certificates.queries import batch_counts, find_batch
from paritrana.cli import make_app
from paritrana.config import data_folder, load_settings
from paritrana.core.certificates import Kind
from paritrana.core.lifecycle import State
from paritrana.database import db, set_writing
from paritrana.jobs.kinds import Run
from paritrana.jobs.queries import get_job
from paritrana.publication import service as publication
from paritrana.scopes import everybody
from tests.factories import world
from tests.factories_results import candidates, category_of, marks, seal, steady

WARM = 40  # papers until everything is loaded that papers share


def resident() -> int:
    """The memory of this process in kB."""
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * 4


def prepare(folder: Path, many: int) -> str:
    """A published category with so many ranked candidates, and an order for their certificates; gives the job."""
    app = make_app(load_settings({}, instance_path=folder))
    with app.app_context(), everybody("a benchmark makes its own world"):
        set_writing(True)
        flask_migrate.upgrade(directory=str(data_folder("migrations")))
        here = world(state=State.PLENARY)
        candidates(here, many)
        marks(here, steady)
        db.session.commit()
        sealed = seal(here)
        at = here.now + timedelta(hours=1)
        organiser, category = here.actor("organiser-1"), category_of(here)
        asked = publication.propose_publication(category, sealed.digest, actor=organiser, at=at)
        publication.confirm_publication(asked, asked.digest, actor=here.actor("chair"), at=at)
        at += timedelta(hours=1)
        batch = batches.order(
            here.cycle, [category_of(here)], (Kind.WINNER, Kind.FINALIST), queue=app.extensions["queue"],
            kind=app.extensions["jobs"].find(batches.NAME), actor=organiser, at=at, machine_at=at,
        )  # fmt: skip
        job = batch.job_ref
        db.session.commit()
    return job


def carry_out(folder: Path, ref: str) -> None:
    """Carry the job out in this process and print the figures."""
    app, grown = make_app(load_settings({}, instance_path=folder)), []
    with app.app_context():
        job = get_job(ref)
        batch, account = str(job.arguments["batch"]), job.asked_by_id or 0
        actor, kind = app.extensions["jobs"].actor_of(account), app.extensions["jobs"].find(batches.NAME)
        at = find_batch(batch).asked_at
        db.session.remove()

        def progress(done: int, total: int | None = None) -> None:
            if done >= min(WARM, (total or WARM) // 2):
                grown.append(resident())

        run = Run(ref, kind.name, {"batch": batch}, actor, app.extensions["settings"], lambda: at)
        clock, processor = time.perf_counter(), time.process_time()
        kind.function(run, progress)
        clock, processor = time.perf_counter() - clock, time.process_time() - processor
        total, issued, _troubled = batch_counts(find_batch(batch))
        assert total == issued
    line = {"measure": "one batch", "papers": total, "per_second": round(total / clock, 1),
            "per_second_of_processor": round(total / processor, 1), "grown_kb": grown[-1] - grown[0],
            "spread_kb": max(grown) - min(grown)}  # fmt: skip
    print(json.dumps(line), flush=True)


def main() -> None:
    """Prepare, then measure in a fresh process."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--many", type=int, default=500)
    options.add_argument("--job", nargs=2, metavar=("FOLDER", "JOB"), help=argparse.SUPPRESS)
    chosen = options.parse_args()
    if chosen.job is not None:
        carry_out(Path(chosen.job[0]), chosen.job[1])
        return
    with tempfile.TemporaryDirectory() as folder:
        job = prepare(Path(folder), chosen.many)
        subprocess.run([sys.executable, "-m", "benchmarks.certificate_batch", "--job", folder, job], check=True)


if __name__ == "__main__":
    main()
