"""The wheel holds what the product needs and nothing else, and a wheel that does not is noticed."""

import re
import shutil
import tomllib
import zipfile
from collections.abc import Callable
from email.parser import Parser
from pathlib import Path

import pytest

from tests.packaging.contents import ROOT, altered, build_wheel, copy_to, due, missing_from, uninvited_in


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tracked files of the checkout, and nothing else."""
    return copy_to(tmp_path_factory.mktemp("tracked"))


@pytest.fixture(scope="module")
def wheel(tree: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel of the tracked files."""
    return build_wheel(tree, tmp_path_factory.mktemp("wheel"))


# One file of each kind, by its path in the wheel.
KINDS = {
    "module": r"paritrana/core/\w+\.py",
    "template of the house": r"paritrana/templates/.+\.html",
    "template of a room": r"paritrana/\w+/templates/.+\.html",
    "static file": r"paritrana/static/.+\.css",
    "catalogue": r"paritrana/translations/id/LC_MESSAGES/messages\.mo",
    "environment of migrations": r"paritrana/_migrations/env\.py",
    "migration": r"paritrana/_migrations/versions/0001.*\.py",
    "seed file": r"paritrana/_seed/regions\.csv",
    "rubric": r"paritrana/_seed/rubrics/.+\.json",
    "simulated cycle": r"paritrana/_seed/simulated/.+\.csv",
    "method": r"paritrana/_docs/method\.md",
    "list of passwords": r"paritrana/accounts/common_passwords\.txt",
    "marker of types": r"paritrana/py\.typed",
}


def files_in(folder: Path) -> set[Path]:
    return {path for path in folder.rglob("*") if path.is_file()}


@pytest.fixture(params=KINDS.values(), ids=KINDS.keys())
def one_path(request: pytest.FixtureRequest, tree: Path) -> str:
    return next(path for path in sorted(due(tree)) if re.fullmatch(request.param, path))


def test_the_wheel_holds_every_tracked_file_that_runs(wheel: Path, tree: Path) -> None:
    assert missing_from(wheel, tree) == []


def test_building_leaves_nothing_in_the_tree(wheel: Path, tree: Path, tmp_path: Path) -> None:
    before = files_in(tree)
    assert build_wheel(tree, tmp_path).read_bytes() == wheel.read_bytes()
    assert files_in(tree) == before


def test_the_wheel_holds_nothing_else(wheel: Path, tree: Path) -> None:
    assert uninvited_in(wheel, tree) == []


def test_a_file_left_out_is_named(wheel: Path, tree: Path, one_path: str, tmp_path: Path) -> None:
    wrong = altered(wheel, tmp_path / wheel.name, lambda path, held: None if path == one_path else held)
    assert missing_from(wrong, tree) == [one_path]


def test_a_file_with_other_contents_is_named(wheel: Path, tree: Path, one_path: str, tmp_path: Path) -> None:
    # Half of a catalogue is no catalogue; a file that is empty in the checkout gets a line.
    wrong = altered(
        wheel, tmp_path / wheel.name, lambda path, held: held[: len(held) // 2] or b"#" if path == one_path else held
    )
    assert missing_from(wrong, tree) == [one_path]


def test_a_catalogue_of_another_day_is_named(wheel: Path, tree: Path, tmp_path: Path) -> None:
    def older(path: str, held: bytes) -> bytes:
        return held.replace(b"Hasil", b"Hasil"[::-1]) if path.endswith(".mo") else held

    assert missing_from(altered(wheel, tmp_path / wheel.name, older), tree) == [
        "paritrana/translations/id/LC_MESSAGES/messages.mo"
    ]


def test_a_file_too_many_is_named(wheel: Path, tree: Path, tmp_path: Path) -> None:
    wrong = altered(wheel, tmp_path / wheel.name, lambda path, held: held)
    with zipfile.ZipFile(wrong, "a") as archive:
        archive.writestr("tests/test_house.py", "")
        archive.writestr("paritrana/__pycache__/app.cpython-311.pyc", "")
    assert uninvited_in(wrong, tree) == ["paritrana/__pycache__/app.cpython-311.pyc", "tests/test_house.py"]


HOOK = '[tool.hatch.build.targets.wheel.hooks.custom]\npath = "hatch_build.py"'

# File, what stands in it, what somebody makes of it, and the files that are lost by it.
SLIPS: dict[str, tuple[str, str, str, Callable[[str], bool]]] = {
    "templates excluded": ("pyproject.toml", '"*.po"', '"*.po", "templates"', lambda path: "/templates/" in path),
    "catalogues not compiled": ("hatch_build.py", "*.po", "*.pot", lambda path: path.endswith(".mo")),
    "migrations not mapped": (
        "hatch_build.py",
        '"migrations": "paritrana/_migrations", ',
        "",
        lambda path: "/_migrations/" in path,
    ),
    "seed mapped elsewhere": ("hatch_build.py", "paritrana/_seed", "seed", lambda path: "/_seed/" in path),
    "no step of the build": (
        "pyproject.toml",
        HOOK,
        "",
        lambda path: re.search(r"/_(migrations|seed|docs)/|\.mo$", path) is not None,
    ),
}


@pytest.mark.parametrize(
    "slip",
    [
        pytest.param(slip, id=name, marks=() if number < 2 else pytest.mark.slow)
        for number, (name, slip) in enumerate(SLIPS.items())
    ],
)
def test_a_slip_in_the_build_is_noticed(
    slip: tuple[str, str, str, Callable[[str], bool]], tree: Path, tmp_path: Path
) -> None:
    file, right, wrong, lost = slip
    changed = Path(shutil.copytree(tree, tmp_path / "tree"))
    written = (tree / file).read_text(encoding="utf-8")
    assert right in written
    (changed / file).write_text(written.replace(right, wrong), encoding="utf-8")
    expected = sorted(path for path in due(tree) if lost(path))
    assert expected
    assert missing_from(build_wheel(changed, tmp_path / "dist"), tree) == expected


def test_what_lies_about_in_a_checkout_stays_outside(wheel: Path, tree: Path, tmp_path: Path) -> None:
    littered = Path(shutil.copytree(tree, tmp_path / "tree"))
    for leftover in (
        "instance/paritrana.db",
        "instance/keys/secret.key",
        "build/lib/paritrana/templates/old.html",
        "paritrana/core/old.pyc",
        "paritrana/__pycache__/app.cpython-311.pyc",
        "paritrana/translations/id/LC_MESSAGES/messages.mo",
        "migrations/versions/__pycache__/0009_tried.cpython-311.pyc",
        "dist/paritrana-0.0.1-py3-none-any.whl",
    ):
        (littered / leftover).parent.mkdir(parents=True, exist_ok=True)
        (littered / leftover).write_bytes(b"old")
    assert build_wheel(littered, tmp_path / "made").read_bytes() == wheel.read_bytes()


def test_a_wheel_out_of_the_source_archive_is_the_same_byte_by_byte(wheel: Path, tree: Path, tmp_path: Path) -> None:
    place = shutil.copytree(tree, tmp_path / "another" / "place", copy_function=shutil.copyfile)  # of another moment
    again = build_wheel(Path(place), tmp_path / "dist", by_sdist=True)
    assert again.name == wheel.name
    assert again.read_bytes() == wheel.read_bytes()


def test_the_wheel_asks_for_what_the_project_asks_for(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        (path,) = (path for path in archive.namelist() if path.endswith(".dist-info/METADATA"))
        told = Parser().parsestr(archive.read(path).decode())
        (scripts,) = (path for path in archive.namelist() if path.endswith(".dist-info/entry_points.txt"))
        assert "paritrana = paritrana.cli:main" in archive.read(scripts).decode()
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert told["Requires-Python"] == project["requires-python"]
    assert {_plain(one) for one in told.get_all("Requires-Dist", [])} == {
        _plain(one) for one in project["dependencies"]
    }


def _plain(requirement: str) -> tuple[str, frozenset[str]]:
    """Name with extras, and the bounds in whatever order."""
    name, bounds = re.fullmatch(r"([\w.\[\],-]+)\s*(.*)", requirement).groups()  # type: ignore[union-attr]
    return name, frozenset(bounds.replace(" ", "").split(","))
