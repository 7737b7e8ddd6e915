"""Every benchmark, one process after the other: `python -m benchmarks [--only day] [--table docs/benchmarks.md]`.

It prints the JSON lines as they come; with `--table` the figures are also written into that document, where those of
the benchmarks that `--only` leaves out stay as they are.
"""

import argparse
import subprocess
import sys
from pathlib import Path

from benchmarks import table

ROOT = Path(__file__).resolve().parent.parent


def main() -> None:
    """Run what is asked for, print, and write the table."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument(
        "--only", default=",".join(table.HEADINGS), help="some of the benchmarks, separated by commas: %(default)s"
    )
    options.add_argument("--engines", default="sqlite,postgresql", help="separated by commas")
    options.add_argument("--candidates", default="500,5000", help="sizes of the category, separated by commas")
    options.add_argument("--rounds", type=int, default=9)
    options.add_argument("--patience", type=float, default=3.0, help="seconds after which no further round begins")
    options.add_argument("--bundle", type=int, default=1000, help="candidates of the bundle and of the result run")
    options.add_argument("--files", type=int, default=100, help="documents that come in")
    options.add_argument("--megabytes", type=float, default=5.0, help="of each document")
    options.add_argument("--pages", type=int, default=50, help="of the document that the worker draws")
    options.add_argument("--seconds", type=float, default=300.0, help="of the interview day")
    options.add_argument("--viewers", type=int, default=100, help="of the board of that day")
    options.add_argument("--papers", type=int, default=60, help="certificates drawn in a round")
    options.add_argument("--many", type=int, default=500, help="certificates drawn in one process")
    options.add_argument("--table", type=Path, help="document between whose markers the figures are written")
    chosen = options.parse_args()
    only = set(chosen.only.split(","))
    if unknown := only - set(table.HEADINGS):
        options.error(f"--only knows {', '.join(table.HEADINGS)}, not {', '.join(sorted(unknown))}")
    lines: list[table.Line] = []
    if "ranking" in only:
        lines += run("ranking", "--candidates", str(chosen.bundle))
        lines += run("ranking_run", "--candidates", str(chosen.bundle))
    if "files" in only:
        documents = "--files", str(chosen.files), "--megabytes", str(chosen.megabytes), "--pages", str(chosen.pages)
        lines += run("files", *documents)
    if "day" in only:
        lines += run("day", "--seconds", str(chosen.seconds), "--viewers", str(chosen.viewers))
    for size in chosen.candidates.split(",") if "pages" in only else ():
        for engine in chosen.engines.split(","):
            limits = "--rounds", str(chosen.rounds), "--patience", str(chosen.patience)
            lines += run("pages", "--engine", engine, "--candidates", size, *limits)
    if "certificates" in only:
        lines += run("certificates", "--papers", str(chosen.papers), "--many", str(chosen.many))
        lines += run("certificate_batch", "--many", str(chosen.many))
    if chosen.table is not None:
        table.write(lines, chosen.table, only)


def run(script: str, *arguments: str) -> list[table.Line]:
    """One benchmark in a process of its own; its lines are printed as they come."""
    found: list[table.Line] = []
    command = [sys.executable, "-m", f"benchmarks.{script}", *arguments]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        for line in process.stdout:
            print(line, end="", flush=True)
            found += table.read(line)
    if process.returncode:
        raise SystemExit(process.returncode)
    return found


if __name__ == "__main__":
    main()
