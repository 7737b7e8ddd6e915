"""The house: locks, commands, files. Import rules, types and format are checked by `make lint`."""

import os
import re
import subprocess
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
LOCKS = ["build", "runtime", "dev"]


def text(path: str) -> str:
    return (ROOT / path).read_text(encoding="utf-8")


def project_files() -> list[str]:
    """The files of the project: what git tracks, and what it would track if it were added."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    return [name for name in listed.stdout.split("\0") if name and (ROOT / name).is_file()]


@pytest.fixture(scope="module")
def files() -> list[str]:
    if not (ROOT / ".git").exists():
        # An unpacked archive holds the tracked files and nothing but what the tools laid beside them.
        made = {
            ".venv",
            ".build",
            "instance",
            "__pycache__",
            ".pytest_cache",
            ".mypy_cache",
            ".ruff_cache",
            ".hypothesis",
        }
        found = (path for path in ROOT.rglob("*") if path.is_file() and path.suffix not in {".mo", ".pyc"})
        return [str(path.relative_to(ROOT)) for path in found if not made & set(path.relative_to(ROOT).parts)]
    return project_files()


def names(requirements: str) -> set[str]:
    """The packages a requirements file names, in the one spelling that compares."""
    found = re.findall(r"^([A-Za-z0-9][A-Za-z0-9._-]*)", requirements, re.MULTILINE)
    return {re.sub(r"[-_.]+", "-", name).lower() for name in found}


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_names_no_address(lock: str) -> None:
    assert not re.search(r"://|index-url|find-links|trusted-host", text(f"requirements/{lock}.txt"))


@pytest.mark.parametrize("lock", LOCKS)
def test_every_line_of_a_lock_is_one_version_with_its_hashes(lock: str) -> None:
    entries = re.split(r"\n(?=\S)", text(f"requirements/{lock}.txt").strip())
    assert entries
    for entry in entries:
        assert re.match(r"[a-z0-9-]+(\[[a-z,]+\])?==[^ ;]+( ; [^\\]+)? \\\n    --hash=sha256:[0-9a-f]{64}", entry), (
            entry
        )


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_holds_what_its_source_asks_for(lock: str) -> None:
    assert names(text(f"requirements/{lock}.in")) <= names(text(f"requirements/{lock}.txt"))


def test_the_two_locks_agree_on_every_shared_version() -> None:
    pinned = [dict(re.findall(r"^([a-z0-9-]+)==([^ ;]+)", text(f"requirements/{lock}.txt"), re.M)) for lock in LOCKS]
    for first in pinned:
        for second in pinned:
            assert {name: first[name] for name in first.keys() & second} == {
                name: second[name] for name in first.keys() & second
            }


def test_the_dependencies_of_the_package_are_the_source_of_the_runtime_lock() -> None:
    declared = tomllib.loads(text("pyproject.toml"))["project"]["dependencies"]
    assert names("\n".join(declared)) == names(text("requirements/runtime.in"))


def make_targets() -> set[str]:
    phony = re.search(r"^\.PHONY: (.*)$", text("Makefile"), re.MULTILINE)
    assert phony
    return set(phony[1].split())


def test_make_help_lists_every_command() -> None:
    shown = subprocess.run(
        ["make", "--no-print-directory", "help"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout
    assert set(re.findall(r"^make ([a-z-]+) ", shown, re.MULTILINE)) == make_targets() - {"system-packages"}


@pytest.mark.parametrize("page", ["README.md", "CONTRIBUTING.md"])
def test_a_page_names_only_commands_that_exist(page: str) -> None:
    assert set(re.findall(r"\bmake ([a-z]+(?:-[a-z]+)*)\b`?", "\n".join(code_of(text(page))))) <= make_targets()


def code_of(page: str) -> list[str]:
    """What a Markdown page shows as code: blocks and words between backticks."""
    blocks = re.findall(r"^```.*?\n(.*?)^```", page, re.DOTALL | re.MULTILINE)
    return blocks + re.findall(r"`([^`\n]+)`", re.sub(r"^```.*?^```", "", page, flags=re.DOTALL | re.MULTILINE))


def test_the_whole_check_is_make_test() -> None:
    assert os.access(ROOT / ".ci/run", os.X_OK)
    assert "make test" in text(".ci/run")


def test_a_missing_program_is_named_in_one_sentence_with_the_way_to_get_it(tmp_path: Path) -> None:
    for tool in ("sh", "id", "ls"):
        (tmp_path / tool).symlink_to(f"/bin/{tool}" if Path(f"/bin/{tool}").exists() else f"/usr/bin/{tool}")
    answer = subprocess.run(
        [ROOT / "tools/system-packages", "--check", "python"],
        env={"PATH": str(tmp_path), "PYTHON": "python-that-nobody-has"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert answer.returncode == 1
    assert answer.stderr.count("\n") == 1
    assert "Python 3.11" in answer.stderr
    assert "apt-get install python3 python3-venv" in answer.stderr


def test_no_file_is_large(files: list[str]) -> None:
    # A catalogue holds every sentence of the application and grows with it.
    small = [name for name in files if not name.endswith("/LC_MESSAGES/messages.po")]
    assert [name for name in small if (ROOT / name).stat().st_size > 500_000] == []


def test_nothing_made_or_minified_is_kept(files: list[str]) -> None:
    made = re.compile(r"\.min\.(js|css)$|\.(mo|pyc|pyo|so|whl|db|sqlite3?|pem|key)$|(^|/)(node_modules|__pycache__)/")
    assert [name for name in files if made.search(name)] == []


def test_no_module_is_a_drawer_for_odds_and_ends(files: list[str]) -> None:
    drawers = re.compile(r"(^|/)(utils?|helpers?|common|misc)(\.py$|/)")
    assert [name for name in files if name.startswith("paritrana/") and drawers.search(name)] == []


def test_the_package_itself_is_empty_so_that_the_core_loads_alone() -> None:
    assert text("paritrana/__init__.py").strip() == ""


def test_no_page_carries_a_script_or_a_style_inside(files: list[str]) -> None:
    inside = re.compile(r"<script(?![^>]*\bsrc=)|<style\b|\sstyle=|\son[a-z]+=\"|javascript:", re.IGNORECASE)
    pages = [name for name in files if name.startswith("paritrana/") and name.endswith((".html", ".svg"))]
    assert [(name, found[0]) for name in pages if (found := inside.search(text(name)))] == []


def test_no_page_asks_another_host(files: list[str]) -> None:
    loads = re.compile(r"""(?:src|srcset|action|<link[^>]*href)=["'](?:https?:)?//|url\(["']?(?:https?:)?//|@import""")
    shown = [
        name for name in files if name.startswith("paritrana/") and name.endswith((".html", ".css", ".js", ".svg"))
    ]
    assert [(name, found[0]) for name in shown if (found := loads.search(text(name)))] == []
