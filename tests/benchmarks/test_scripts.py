"""The benchmarks run on a small world, print whole lines and write their table. No time is ever asserted."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks import table

ROOT = Path(__file__).resolve().parents[2]
SMALL, LARGE = 4, 60
PATIENCE = 280  # seconds for a whole run, also on a machine that does other things
pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]
MEASURES = {name for name, _words in table.SHOWN}


@pytest.fixture(scope="module")
def done(tmp_path_factory):
    """What a run on two small worlds printed, and the document it wrote."""
    document = tmp_path_factory.mktemp("benchmarks") / "figures.md"
    document.write_text(f"before\n{table.BEGIN}\nold\n{table.END}\nafter\n", encoding="utf-8")
    command = [sys.executable, "-W", "error", "-m", "benchmarks", "--engines", "sqlite", "--rounds", "2"]
    sizes = ["--candidates", f"{SMALL},{LARGE}", "--bundle", "10", "--table", str(document)]
    documents = ["--files", "8", "--megabytes", "0.3", "--pages", "3", "--only", "ranking,files,pages"]
    ran = subprocess.run(
        [*command, *sizes, *documents], cwd=ROOT, capture_output=True, text=True, check=False, timeout=PATIENCE
    )
    assert ran.returncode == 0, ran.stderr
    return [json.loads(line) for line in ran.stdout.splitlines()], document.read_text(encoding="utf-8")


def lines_of(done, candidates):
    return {one["measure"]: one for one in done[0] if one.get("candidates") == candidates}


@pytest.mark.parametrize("candidates", [SMALL, LARGE])
def test_every_measure_prints_one_whole_line(done, candidates):
    lines = lines_of(done, candidates)
    assert lines.keys() == MEASURES | {"machine", "fill"}
    for name in MEASURES:
        one = lines[name]
        assert (one["engine"], one["marks"]) == ("sqlite", (candidates * 9 - 1) * 14)
        assert one["rounds"] >= 1
        assert 0 < one["best_ms"] <= one["median_ms"]
        assert one["statements"] >= 1
    runs = [one for one in done[0] if "cpu_ms" in one]
    # and the four of the commands on a bundle
    assert len(done[0]) == 2 * len(lines) + 4 + len(table.FILES) + len(runs)


def test_a_result_run_and_its_page_for_each_role_stand_beside_raw_sql_and_numpy(done):
    runs = {one["measure"]: one for one in done[0] if "cpu_ms" in one}
    floors = {"raw SQL of the run", "numpy of the run"}
    assert len(runs) == 11
    for name, one in runs.items():
        assert one["marks"] == (10 * 9 - 1) * 14
        assert name in floors or (one["x_raw"] > 0 and one["x_numpy"] > 0)
        assert not name.startswith("workbench") or one["statements"] <= 12
    assert "| result run |" in done[1]


def test_files_and_pages_stand_beside_the_plain_work_and_the_memory_of_the_web_process_stays_flat(done):
    lines = {one["measure"]: one for one in done[0]}
    upload, plain = lines["upload"], lines["plain files"]
    assert (upload["files"], upload["clients"]) == (8, 4)
    assert upload["bytes"] == plain["bytes"] > 8 * 200_000
    assert lines["previews"]["pages"] == lines["plain pages"]["pages"] == 3
    for name, _words in table.FILES:
        assert lines[name]["seconds"] > 0
    if upload["before_kb"] is not None:  # only Linux tells
        assert upload["peak_kb"] - upload["before_kb"] < 50 * 1024


def test_an_interview_day_is_lived_without_an_error():
    command = [sys.executable, "-W", "error", "-m", "benchmarks.day", "--seconds", "4", "--viewers", "5"]
    ran = subprocess.run(
        [*command, "--candidates", "2", "--indicators", "7"], cwd=ROOT, capture_output=True, text=True, check=False,
        timeout=PATIENCE,
    )  # fmt: skip
    assert ran.returncode == 0, ran.stderr
    lines = table.read(ran.stdout)
    assert [one["measure"] for one in lines] == [name for name, _words in table.DAY]
    for one in lines:
        assert one["errors"] == 0
        assert one["requests"] > 0
        assert 0 < one["p50_ms"] <= one["p95_ms"] <= one["max_ms"]
    assert {one["measure"]: one["requests"] for one in lines if "took_s" in one} == {"save": 18, "board": 10}
    assert "9 assessors, 5 viewers" in table.day_of({one["measure"]: one for one in lines})


def test_certificates_are_drawn_and_signed_beside_reportlab_alone(tmp_path):
    document = tmp_path / "figures.md"
    document.write_text(
        f"{table.BEGIN}\n\n### Certificates: old\n\n### 9 files\n\nkept\n\n{table.END}\n", encoding="utf-8"
    )
    command = [sys.executable, "-W", "error", "-m", "benchmarks", "--only", "certificates", "--table", str(document)]
    ran = subprocess.run(
        [*command, "--papers", "2", "--many", "3"], cwd=ROOT, capture_output=True, text=True, check=False,
        timeout=PATIENCE,
    )  # fmt: skip
    assert ran.returncode == 0, ran.stderr
    lines = {one["measure"]: one for one in table.read(ran.stdout)}
    assert list(lines) == [*(name for name, _words in table.PAPERS), "one job", "one batch"]
    assert all(lines[name]["paper_ms"] > 0 and lines[name]["ratio"] > 0 for name, _words in table.PAPERS)
    written = document.read_text(encoding="utf-8")
    assert "kept" in written
    assert "old" not in written
    assert "| A certificate, unsigned |" in written


def test_no_page_takes_more_statements_for_more_candidates(done):
    small, large = lines_of(done, SMALL), lines_of(done, LARGE)
    assert {name: large[name]["statements"] for name in MEASURES} == {
        name: small[name]["statements"] for name in MEASURES
    }
    assert large["ranking page"]["statements"] <= 12
    assert large["ranking page, first view"]["statements"] <= 12
    assert large["save one mark"]["statements"] <= 20


def test_the_files_grow_with_the_marks_and_the_page_does_not(done):
    small, large = lines_of(done, SMALL), lines_of(done, LARGE)
    for name in ("all marks, CSV", "all marks, JSON"):
        assert large[name]["bytes"] > 10 * small[name]["bytes"]
    assert large["sheet, page"]["bytes"] == pytest.approx(small["sheet, page"]["bytes"], rel=0.05)


def test_the_table_takes_the_place_of_the_old_one(done):
    _lines, document = done
    assert document.startswith(f"before\n{table.BEGIN}\n")
    assert document.endswith(f"\n{table.END}\nafter\n")
    assert "old" not in document
    assert "An interview day" not in document  # it was not asked for
    for _name, words in table.SHOWN:
        assert document.count(f"| {words} |") >= 2
    for _name, words in table.FILES:
        assert document.count(f"| {words} |") == 1
    assert f"### From {SMALL} to {LARGE} candidates" in document
    rows = [line for line in document.splitlines() if line.startswith("| ")]
    assert not [line for line in rows if "None" in line or "nan" in line]


def test_one_benchmark_alone_leaves_the_tables_of_the_others(done, tmp_path):
    """The day is measured twice after the others; the second time its own table is replaced."""
    document, earlier = tmp_path / "figures.md", done[1]
    document.write_text(earlier, encoding="utf-8")

    def day(seconds):
        figures = {"requests": 3, "p50_ms": 1.5, "p95_ms": 2.5, "max_ms": 3.5, "errors": 0}
        about = {"assessors": 9, "viewers": 5, "seconds": seconds}
        return [{"measure": name, **figures, **about} for name, _words in table.DAY]

    for seconds in (7, 8):
        table.write(day(seconds), document, ["day"])
    now = document.read_text(encoding="utf-8")
    assert (
        now.count("### An interview day of ") == now.count("### An interview day of 8 s: 9 assessors, 5 viewers") == 1
    )
    assert now.index("### The commands") > now.index("### An interview day") > now.index("### 8 files")
    start = now.index("### An interview day")
    assert now[:start] + now[now.index("### ", start + 1) :] == earlier


def test_a_document_without_a_place_for_figures_is_refused(tmp_path):
    document = tmp_path / "other.md"
    document.write_text("no place\n", encoding="utf-8")
    with pytest.raises(ValueError, match="no place for figures"):
        table.write([], document)
    assert document.read_text(encoding="utf-8") == "no place\n"


def test_the_document_of_the_project_has_a_place_for_figures():
    text = (ROOT / "docs" / "benchmarks.md").read_text(encoding="utf-8")
    assert text.count(table.BEGIN) == text.count(table.END) == 1
    assert text.index(table.BEGIN) < text.index(table.END)
