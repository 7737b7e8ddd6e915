"""One JSON line per promise of docs/security/promises.csv, from the figures that a run of the tests printed.

    python -m tools.promises fast .build/figures.jsonl

Without `--report` exit 1 where a kind of test that the table names for this set did not report, a figure misses its
bar, or a negative control did not fail as it must. Figures of one kind that several tests report are added up.
"""

import argparse
import csv
import json
import operator
import re
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

TABLE: Final = Path(__file__).resolve().parent.parent / "docs" / "security" / "promises.csv"
SETS: Final = ("fast", "slow", "release")
_BAR: Final = re.compile(r"(<=|>=|=|<)(?:(-?[0-9]+(?:\.[0-9]+)?)|([a-z_]+))")
_COMPARE: Final = {"<=": operator.le, ">=": operator.ge, "=": operator.eq, "<": operator.lt}
_NOT_ADDED: Final = frozenset({"seed", "slowest_ratio"})
# Of these the worst run counts, however many there were.
_HIGHEST: Final = frozenset(
    {"kinds", "p95_s", "p99_s", "per_victim_hour", "read_before_alarm", "recovery_s", "rpo_s", "rss_growth_mb", "rto_s"}
)


@dataclass(frozen=True)
class Row:
    """A figure that a kind of test has to reach in a set for a promise to count as kept.

    The bar is a comparison with a number or with another figure of the kind: `>=10000`, `=mutants`.
    """

    promise: str
    kind: str
    set: str
    figure: str
    bar: str

    def met_by(self, figures: Mapping[str, Any]) -> bool:
        """Whether the figure reaches the bar; an absent one does not. Raises `ValueError` for a bar of another form."""
        read = _BAR.fullmatch(self.bar)
        if read is None:
            raise ValueError(f"{self.promise} {self.kind}: the bar {self.bar!r} cannot be read")
        value = figures.get(self.figure)
        bar = figures.get(read[3]) if read[3] else float(read[2])
        return _is_number(value) and _is_number(bar) and bool(_COMPARE[read[1]](value, bar))


@dataclass
class Told:
    """What the tests of one kind reported in a run."""

    figures: dict[str, Any] = field(default_factory=dict)
    control: bool = True
    lines: int = 0


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def read_table(path: Path = TABLE) -> list[Row]:
    """The rows of the table, in their order."""
    with path.open(encoding="utf-8", newline="") as file:
        return [Row(**row) for row in csv.DictReader(file)]


def gathered(lines: Iterable[str]) -> dict[str, Told]:
    """The reported figures by kind: numbers added up or the highest of them, of others the last."""
    found: dict[str, Told] = {}
    for line in lines:
        document = json.loads(line)
        told = found.setdefault(document.pop("kind"), Told())
        told.lines += 1
        told.control = told.control and document.pop("control", True) is not False
        document.pop("promises", None)
        for name, value in document.items():
            before = told.figures.get(name)
            if not (_is_number(value) and _is_number(before)) or name in _NOT_ADDED:
                told.figures[name] = value
            else:
                told.figures[name] = max(before, value) if name in _HIGHEST else round(before + value, 3)
    return found


def verdicts(rows: Iterable[Row], told: Mapping[str, Told]) -> Iterator[dict[str, Any]]:
    """One document per promise: its kinds with their figures, whether it is kept, and what is wrong."""
    by_promise: dict[str, list[Row]] = {}
    for row in rows:
        by_promise.setdefault(row.promise, []).append(row)
    for promise, asked in sorted(by_promise.items()):
        kinds: dict[str, Any] = {}
        wrong = []
        for row in asked:
            reported = told.get(row.kind)
            if reported is None:
                wrong.append(f"{row.kind} did not report")
                continue
            kinds[row.kind] = {**reported.figures, "control": reported.control}
            if not row.met_by(reported.figures):
                wrong.append(f"{row.kind}: {row.figure} is {reported.figures.get(row.figure)}, not {row.bar}")
            if not reported.control:
                wrong.append(f"{row.kind}: the negative control did not fail")
        yield {
            "promise": promise, "set": asked[0].set, "kept": not wrong,
            **({"wrong": list(dict.fromkeys(wrong))} if wrong else {}), "kinds": kinds,
        }  # fmt: skip


def main(arguments: list[str] | None = None) -> int:
    """Print the lines; 0 where every promise of the set is kept, or where only a report is asked for."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("set", choices=SETS)
    parser.add_argument("figures", type=Path)
    parser.add_argument("--report", action="store_true", help="print the lines, and leave the judgement to who reads")
    given = parser.parse_args(arguments)
    lines = given.figures.read_text(encoding="utf-8").splitlines() if given.figures.exists() else []
    kept = True
    for document in verdicts((row for row in read_table() if row.set == given.set), gathered(lines)):
        sys.stdout.write(json.dumps(document, ensure_ascii=False) + "\n")
        kept = kept and document["kept"]
    return 0 if kept or given.report else 1


if __name__ == "__main__":
    raise SystemExit(main())
