"""A worker of the tests, as a process: the application's own worker with kinds that take their time.

Started as `python -m tests.jobs.hand MARKS`, with the settings in the environment. Each effect of a job is a line in
the file MARKS: the job, and the step.
"""

import sys
import time
from pathlib import Path

from paritrana.app import create_app
from paritrana.jobs.kinds import Kind, Kinds, Progress, Run, Said
from paritrana.jobs.worker import work

STEPS, STEP_SECONDS = 600, 0.05


def register(kinds: Kinds, marks: Path) -> None:
    """Add the kinds `slow`, which ends when the file beside MARKS is there, and `quick`."""

    def mark(run: Run, word: str) -> None:
        with marks.open("a", encoding="utf-8") as file:
            file.write(f"{run.ref} {word}\n")

    def slow(run: Run, progress: Progress) -> Said:
        mark(run, "began")
        for step in range(STEPS):
            progress(step, STEPS)
            if marks.with_suffix(".go").exists():
                break
            time.sleep(STEP_SECONDS)
        mark(run, "effect")
        return Said("done")

    def quick(run: Run, progress: Progress) -> Said:
        mark(run, "effect")
        return Said("done")

    kinds.register(Kind("slow", "Slow", slow), Kind("quick", "Quick", quick))


if __name__ == "__main__":
    app = create_app()
    register(app.extensions["jobs"], Path(sys.argv[1]))
    work(app, threads=2)
