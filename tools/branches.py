"""How much of the application the tests have run, lines and branches apart: what is mostly lines hides few branches.

    python -m tools.branches 95

Reads the measurement in `.coverage`; exit 1 where less than so many of a hundred branches were taken.
"""

import json
import subprocess
import sys


def main(bar: str) -> int:
    """Print both figures; gives the exit code."""
    said = subprocess.run(
        [sys.executable, "-m", "coverage", "json", "-q", "-o", "-"], capture_output=True, text=True, check=True
    )
    totals = json.loads(said.stdout)["totals"]
    taken, branches = totals["covered_branches"], totals["num_branches"]
    run, lines = totals["covered_lines"], totals["num_statements"]
    print(f"Lines: {run:,} of {lines:,}, {100 * run / lines:.2f} %.")
    print(f"Branches: {taken:,} of {branches:,}, {100 * taken / branches:.2f} %.")
    return 0 if 100 * taken >= int(bar) * branches else 1


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
