"""What the project asks for in `pyproject.toml` and what was tested, in `requirements/runtime.in`, are one list."""

import re
import tomllib

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.packaging.contents import ROOT


def _listed(lines: list[str]) -> dict[str, Requirement]:
    """By name; of a package that is pinned once for each Python, the oldest one, which stands first."""
    found = [Requirement(line) for line in lines if line.strip() and not line.startswith(("#", "-"))]
    return {canonicalize_name(one.name): one for one in reversed(found)}


@pytest.fixture
def asked() -> dict[str, Requirement]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    return _listed(project["project"]["dependencies"])


@pytest.fixture
def tested() -> dict[str, Requirement]:
    return _listed((ROOT / "requirements" / "runtime.in").read_text(encoding="utf-8").splitlines())


@pytest.fixture
def locked() -> dict[str, set[str]]:
    """Every version of the run-time lock; a package may have one for each Python."""
    found: dict[str, set[str]] = {}
    for name, version in re.findall(
        r"^([a-z0-9-]+)==([^ ;]+)", (ROOT / "requirements" / "runtime.txt").read_text(encoding="utf-8"), re.MULTILINE
    ):
        found.setdefault(name, set()).add(version)
    return found


def test_both_lists_name_the_same_packages_with_the_same_extras(asked, tested) -> None:
    assert {name: one.extras for name, one in asked.items()} == {name: one.extras for name, one in tested.items()}


def test_every_tested_version_lies_within_the_bounds(asked, locked) -> None:
    assert asked
    for name, one in asked.items():
        assert locked[name], name
        for version in locked[name]:
            assert one.specifier.contains(version), f"{name} {version}"


def test_every_bound_begins_where_the_tests_began(asked, tested) -> None:
    """Older releases are run by nobody here, so none is promised: a bound names the release that was tested."""
    for name, one in asked.items():
        pins = [bound.version for bound in tested[name].specifier if bound.operator == "=="]
        lowest = [bound.version for bound in one.specifier if bound.operator == ">="]
        assert len(lowest) == len(pins), name
        for low, pin in zip(lowest, pins, strict=True):
            assert (pin + ".").startswith(low + "."), f"{name}: {low} against {pin}"


def test_what_builds_the_project_is_locked(locked) -> None:
    system = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["build-system"]
    lock = (ROOT / "requirements" / "build.txt").read_text(encoding="utf-8")
    pins = dict(re.findall(r"^([a-z0-9-]+)==([^ ;]+)", lock, re.MULTILINE))
    for requirement in map(Requirement, system["requires"]):
        assert requirement.specifier.contains(pins[canonicalize_name(requirement.name)]), requirement.name
