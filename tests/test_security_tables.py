"""The tables of docs/security: every requirement is answered, every yes is shown, every promise has its tests."""

import ast
import csv
import hashlib
import json
import re
from collections import Counter
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from tests.test_docs import anchors
from tools.promises import SETS, Row, gathered, main, read_table, verdicts

ROOT = Path(__file__).resolve().parent.parent
TABLE = ROOT / "docs" / "security" / "asvs.csv"
# Of the identifiers of levels 1 and 2 of the standard's release 5.0.0, one a line, sorted as texts.
IDENTIFIERS = "86cf170f2d735bbea6709489730fedbcd1b6a5611b6b13040d534dd93346e2eb"


def answers() -> list[dict[str, str]]:
    with TABLE.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_every_requirement_of_the_standard_is_answered_once() -> None:
    ids = [row["id"] for row in answers()]
    assert len(ids) == len(set(ids)) == 253
    assert hashlib.sha256("\n".join(sorted(ids)).encode()).hexdigest() == IDENTIFIERS
    assert {row["level"] for row in answers()} == {"1", "2"}


def test_every_answer_has_its_reason_and_every_yes_what_shows_it() -> None:
    wrong = [
        row["id"]
        for row in answers()
        if row["answer"] not in {"yes", "no", "n/a"}
        or not row["reason"].endswith(".")
        or bool(row["evidence"]) != (row["answer"] == "yes")
    ]
    assert wrong == []
    assert Counter(row["answer"] for row in answers())["yes"] > 150


@cache
def functions(path: Path) -> frozenset[str]:
    """The names of the tests of a file."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return frozenset(node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef))


def shows_nothing(evidence: str) -> bool:
    """Whether the place that is named is not there."""
    if evidence.startswith("tests/"):
        file, _, name = evidence.partition("::")
        path = ROOT / file
        return not path.is_file() or (bool(name) and name not in functions(path))
    file, _, anchor = evidence.partition("#")
    return not (ROOT / file).is_file() or anchor not in anchors(ROOT / file)


def test_what_shows_a_yes_is_there() -> None:
    assert [row["id"] for row in answers() if row["answer"] == "yes" and shows_nothing(row["evidence"])] == []


def test_a_place_that_is_not_there_is_noticed() -> None:
    assert shows_nothing("tests/test_security_tables.py::test_of_another_name")
    assert shows_nothing("tests/test_nowhere.py")
    assert shows_nothing("docs/security/controls.md#nowhere")
    assert not shows_nothing("tests/test_security_tables.py::test_what_shows_a_yes_is_there")


def test_every_promise_is_measured_by_tests_that_are_there() -> None:
    rows = read_table()
    assert {row.promise for row in rows} == {f"P{number:02d}" for number in range(1, 37)}
    assert {row.set for row in rows} <= set(SETS)
    written = "\n".join(path.read_text(encoding="utf-8") for path in (ROOT / "tests").rglob("*.py"))
    kinds = set(re.findall(r"figures_of\(\s*\"([^\"]+)\"", written))
    assert {row.kind for row in rows} - kinds == set()
    for row in rows:
        row.met_by({})  # a bar that cannot be read raises


ONE = Row("P01", "matrix", "fast", "cells", ">=10000")
NONE = Row("P01", "matrix", "fast", "mismatches", "=0")


def told(**figures: Any) -> str:
    return json.dumps({"kind": "matrix", "promises": ["P01"], **figures})


@pytest.mark.parametrize(
    ("lines", "kept"),
    [
        ([told(cells=10_000, mismatches=0, control=True)], True),
        ([told(cells=6000, mismatches=0), told(cells=4000, mismatches=0)], True),
        ([told(cells=9999, mismatches=0)], False),
        ([told(cells=10_000, mismatches=1)], False),
        ([told(cells=10_000)], False),
        ([told(cells=True, mismatches=0)], False),
        ([told(cells=10_000, mismatches=0, control=False)], False),
        ([told(cells=6000, mismatches=0, control=False), told(cells=4000, mismatches=0, control=True)], False),
        ([], False),
    ],
)
def test_a_promise_is_kept_when_every_figure_reaches_its_bar(lines: list[str], kept: bool) -> None:
    (document,) = verdicts([ONE, NONE], gathered(lines))
    assert document["kept"] is kept
    assert bool(document.get("wrong")) is not kept


def test_a_bar_may_be_another_figure() -> None:
    all_killed = Row("P01", "guard mutants", "fast", "killed", "=mutants")
    assert all_killed.met_by({"killed": 7, "mutants": 7})
    assert not all_killed.met_by({"killed": 6, "mutants": 7})
    assert not all_killed.met_by({"killed": 6})


def test_no_negative_control_is_claimed_without_one() -> None:
    """`control` is what became of the control of that very run, never a word that stands for it."""
    claimed = [
        f"{path.relative_to(ROOT)}:{node.lineno}"
        for path in sorted((ROOT / "tests").rglob("test_*.py"))
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id == "figures_of"
        and any(one.arg == "control" and isinstance(one.value, ast.Constant) for one in node.keywords)
    ]
    assert claimed == []


def test_a_run_in_which_a_kind_did_not_report_is_told_and_fails(tmp_path: Path, capsys: Any) -> None:
    figures = tmp_path / "figures.jsonl"
    assert main(["fast", str(figures), "--report"]) == 0
    assert main(["fast", str(figures)]) == 1
    documents = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert documents
    assert all("did not report" in said for one in documents for said in one["wrong"])


def test_a_bar_of_another_form_is_refused() -> None:
    with pytest.raises(ValueError, match="cannot be read"):
        Row("P01", "matrix", "fast", "cells", "as many").met_by({"cells": 1})
