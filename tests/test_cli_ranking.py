"""`paritrana rank` and `verify-ranking`, run as a stranger runs them: as processes, without settings or a database."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from benchmarks.ranking import large_bundle
from paritrana.cli import LAZY

BUNDLES = Path(__file__).parent / "core" / "bundles"
NTB, EVERYTHING = BUNDLES / "ntb-2024.json", BUNDLES / "one-of-everything.json"
PARITRANA = [sys.executable, "-m", "paritrana"]
ROOT = Path(__file__).parent.parent


def run(*arguments: object, given: bytes = b"", **environment: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [*PARITRANA, *map(str, arguments)],
        input=given,
        capture_output=True,
        env={**os.environ, **environment},
        cwd=ROOT,
        check=False,
    )


@pytest.fixture
def wrong(tmp_path: Path) -> Path:
    """The example with one wrong total."""
    data = json.loads(EVERYTHING.read_bytes())
    data["result"][0]["total"] = "76.01"
    path = tmp_path / "wrong.json"
    path.write_text(json.dumps(data))
    return path


def test_rank_prints_the_result_array() -> None:
    answer = run("rank", EVERYTHING)
    assert (answer.returncode, answer.stderr) == (0, b"")
    assert json.loads(answer.stdout) == json.loads(EVERYTHING.read_bytes())["result"]


@pytest.mark.parametrize("path", [NTB, EVERYTHING], ids=lambda path: path.stem)
def test_a_true_result_is_confirmed(path: Path) -> None:
    answer = run("verify-ranking", path)
    assert (answer.returncode, answer.stdout, answer.stderr) == (0, b"The computation gives the same result.\n", b"")


def test_a_hyphen_reads_standard_input() -> None:
    assert run("verify-ranking", "-", given=NTB.read_bytes()).returncode == 0
    assert b"51.51" in run("rank", "-", given=NTB.read_bytes()).stdout


def test_a_difference_is_printed_and_gives_exit_code_1(wrong: Path) -> None:
    answer = run("verify-ranking", wrong)
    assert (answer.returncode, answer.stderr) == (1, b"")
    assert answer.stdout == b'"52.04", total: the bundle says "76.01", the computation gives "76.00".\n'
    assert run("rank", wrong).returncode == 0


def test_only_the_first_differences_are_printed() -> None:
    data = large_bundle(candidates=30, assessors=1, indicators=1)
    answer = run("verify-ranking", "-", given=json.dumps(data).encode())
    lines = answer.stdout.decode().splitlines()
    assert answer.returncode == 1
    assert lines[0].endswith("is missing from the result.")
    assert (len(lines), lines[-1]) == (21, "There are 10 more differences.")


@pytest.mark.parametrize("command", ["rank", "verify-ranking"])
@pytest.mark.parametrize(
    ("given", "line"),
    [
        (b"", b"(whole file): The file is not JSON: Expecting value, line 1.\n"),
        (b"[" * 100_000, b"(whole file): The file is not JSON of any use: it nests too deeply.\n"),
        (b"{}", b'(whole file): The key "format" is missing.\n'),
        (
            '{"kunci\né": 1}'.encode().replace(b"\n", b"\\n"),
            "/kunci\\né: The format knows no such key here.\n".encode(),
        ),
    ],
    ids=["empty", "deep", "bare", "unknown"],
)
def test_a_bad_bundle_is_one_line_on_standard_error(command: str, given: bytes, line: bytes) -> None:
    answer = run(command, "-", given=given, LC_ALL="C", PYTHONIOENCODING="ascii")
    assert (answer.returncode, answer.stdout, answer.stderr) == (2, b"", line)


@pytest.mark.parametrize("path", ["no-such-file.json", "."])
def test_a_file_that_cannot_be_read_is_a_bad_bundle(path: str) -> None:
    answer = run("rank", path)
    assert (answer.returncode, answer.stdout) == (2, b"")
    assert answer.stderr.startswith(b"(whole file): The file cannot be read: ")
    assert answer.stderr.count(b"\n") == 1


def test_the_answer_is_utf_8_whatever_the_locale(tmp_path: Path) -> None:
    data = json.loads(EVERYTHING.read_bytes())
    data["result"][0]["state"] = "peringkat–satu"
    path = tmp_path / "wrong.json"
    path.write_text(json.dumps(data))
    for locale in ("ascii", "utf-16", "latin-1"):
        answer = run("verify-ranking", path, PYTHONIOENCODING=locale)
        assert "peringkat–satu" in answer.stdout.decode()


def test_a_reader_that_leaves_early_hurts_nobody(wrong: Path) -> None:
    for command, status in (("rank", 0), ("verify-ranking", 1)):
        reading, writing = os.pipe()
        os.close(reading)
        with os.fdopen(writing, "wb") as closed:
            answer = subprocess.run(
                [*PARITRANA, command, str(wrong)], stdout=closed, stderr=subprocess.PIPE, cwd=ROOT, check=False
            )
        assert (answer.returncode, answer.stderr) == (status, b"")


def shell(line: str) -> subprocess.CompletedProcess[bytes]:
    """Run a line of the shell in which `$paritrana` is the command."""
    environment = {**os.environ, "python": sys.executable, "bundle": str(NTB)}
    return subprocess.run(["/bin/sh", "-c", line], capture_output=True, env=environment, cwd=ROOT, check=False)


def test_closed_and_full_streams_give_no_traceback() -> None:
    assert shell('"$python" -m paritrana rank "$bundle" >&-').returncode == 0
    closed = shell('"$python" -m paritrana rank - <&-')
    assert (closed.returncode, closed.stdout) == (2, b"")
    assert closed.stderr == b"(whole file): The file cannot be read: Standard input is closed.\n"
    full = shell('"$python" -m paritrana rank "$bundle" >/dev/full')
    assert (full.returncode, full.stderr) == (2, b"The answer cannot be written: No space left on device.\n")
    assert shell('"$python" -m paritrana rank no-such-file 2>/dev/full').returncode == 2
    assert shell('"$python" -m paritrana rank no-such-file 2>&-').returncode == 2


def test_the_ranking_commands_load_neither_flask_nor_a_database() -> None:
    code = (
        f"import sys\nfrom paritrana.cli import main\nmain(['verify-ranking', {str(NTB)!r}], standalone_mode=False)\n"
    )
    probe = f"import atexit, sys; atexit.register(lambda: print(*sys.modules, file=sys.stderr)); exec({code!r})"
    answer = subprocess.run([sys.executable, "-c", probe], capture_output=True, cwd=ROOT, check=True)
    loaded = set(answer.stderr.decode().split())
    assert "paritrana.core.bundle" in loaded
    assert not loaded & {"flask", "sqlalchemy", "numpy", "paritrana.app", "paritrana.config", "paritrana.database"}


def test_the_help_names_every_command_without_loading_it() -> None:
    text = run("--help").stdout.decode()
    for name in ("rank", "verify-ranking", *LAZY):
        assert f"\n  {name} " in text
    assert run("rank", "--help").returncode == 0
    assert run("no-such-command").returncode == 2


def test_a_large_bundle_takes_less_than_two_seconds(tmp_path: Path) -> None:
    path = tmp_path / "large.json"
    data = large_bundle(candidates=1000, assessors=9, indicators=14)
    path.write_text(json.dumps(data))
    start = time.perf_counter()
    ranked = run("rank", path)
    first = time.perf_counter() - start
    data["result"] = json.loads(ranked.stdout)
    path.write_text(json.dumps(data))
    start = time.perf_counter()
    verified = run("verify-ranking", path)
    second = time.perf_counter() - start
    assert (ranked.returncode, verified.returncode) == (0, 0)
    assert max(first, second) < 2
