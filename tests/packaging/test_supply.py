"""What the application is made of is pinned by hash, none of it is known to be bad, and a list of it can be made."""

import json
import re
import subprocess
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from paritrana.clock import SystemClock
from tests.packaging.contents import ROOT
from tools import supply

PROJECT = {"name": "paritrana", "version": "1.2.3", "license": "MIT", "dependencies": ["flask>=3.1.3", "numpy>=2"]}


@pytest.fixture(scope="module")
def pins() -> list[supply.Pin]:
    return supply.pins()


def day_of_this_state() -> date:
    """When this state was committed; of an unpacked archive the day on which its locks were written to disk."""
    if (ROOT / ".git").exists():
        said = subprocess.run(
            ["git", "log", "-1", "--format=%ct"], cwd=ROOT, capture_output=True, text=True, check=True
        ).stdout
        return datetime.fromtimestamp(int(said), UTC).date()
    return datetime.fromtimestamp((ROOT / supply.LOCKED_ON).stat().st_mtime, UTC).date()


def test_every_pin_carries_its_hashes_and_none_is_known_to_be_bad(
    pins: list[supply.Pin], figures_of: Callable[..., None]
) -> None:
    bad = supply.read_bad((ROOT / supply.BAD).read_text(encoding="utf-8"))
    found = supply.faults(pins, bad)
    planted = [supply.Pin("reportlab", "4.0.4", "", ("sha256:" + "0" * 64,), "runtime"), replace(pins[0], hashes=())]
    control = len(supply.faults(planted, bad)) == 2
    days = supply.age((ROOT / supply.LOCKED_ON).read_text(encoding="utf-8"), day_of_this_state())
    figures_of("log, erase, supply", promises=["P29"], pins=len(pins), hashes=sum(len(one.hashes) for one in pins),
               vulns_high=len(found), days=days, control=control)  # fmt: skip
    assert found == []
    assert control
    assert len(pins) > 80
    assert 0 <= days <= supply.OLDEST


def test_what_is_known_to_be_bad_is_said_with_a_reason(pins: list[supply.Pin]) -> None:
    bad = supply.read_bad((ROOT / supply.BAD).read_text(encoding="utf-8"))
    assert {one.name for one in bad} <= {one.name for one in pins}  # a row about nothing we use would never be read
    assert all(one.why for one in bad)
    assert all(one.meets(supply.Pin(one.name, "0", "", (), "")) for one in bad)


@pytest.mark.parametrize(
    "line",
    ["flask>=3.1", "flask", "flask==3.*", "flask @ https://rival.example/f.whl", "-e .", "git+https://rival.example/x"],
)
def test_a_line_that_names_no_single_release_is_refused(line: str) -> None:
    with pytest.raises(ValueError, match="runtime"):
        list(supply.read_lock(line, "runtime"))


def test_the_locks_name_no_place_to_fetch_from() -> None:
    for name in (*supply.LOCKS.values(), "requirements/dev.txt"):
        text = (ROOT / name).read_text(encoding="utf-8")
        assert not re.search(r"https?://|--(extra-)?index-url|--find-links|--trusted-host|git\+|@ ", text), name
    assert "--require-hashes" in (ROOT / "Makefile").read_text(encoding="utf-8")


def test_the_list_names_every_release_with_its_hashes_and_who_asks_for_it(pins: list[supply.Pin]) -> None:
    made = supply.document(pins, PROJECT)
    assert (made["bomFormat"], made["specVersion"], made["version"]) == ("CycloneDX", "1.6", 1)
    assert re.fullmatch(r"urn:uuid:[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", made["serialNumber"])
    refs = [one["bom-ref"] for one in made["components"]]
    assert sorted(set(refs)) == refs
    assert set(refs) == {pin.purl for pin in pins}
    hashes = {one.removeprefix("sha256:") for pin in pins for one in pin.hashes}
    listed = {
        one["hashes"][0]["content"] for part in made["components"] for one in part["externalReferences"]
    }  # fmt: skip
    assert listed == hashes
    graph = {one["ref"]: one["dependsOn"] for one in made["dependencies"]}
    assert set(graph) == {made["metadata"]["component"]["bom-ref"], *refs}
    assert {ref for asked in graph.values() for ref in asked} <= set(refs)
    flask = next(ref for ref in refs if ref.startswith("pkg:pypi/flask@"))
    assert flask in graph["pkg:pypi/paritrana@1.2.3"]
    assert any(ref.startswith("pkg:pypi/werkzeug@") for ref in graph[flask])
    assert sum("licenses" in one for one in made["components"]) > len(refs) // 3


def test_the_same_locks_give_the_same_bytes_and_another_pin_others(pins: list[supply.Pin]) -> None:
    first = supply.written(supply.document(pins, PROJECT))
    assert first == supply.written(supply.document(reversed(pins), PROJECT))
    other = supply.document([replace(pins[0], version="0.0.1"), *pins[1:]], PROJECT)
    assert other["serialNumber"] != json.loads(first)["serialNumber"]


def test_the_commands_write_the_list_and_judge_the_pins(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    target = tmp_path / "new" / "list.json"
    assert supply.main(["sbom", str(target)]) == 0
    assert json.loads(target.read_text(encoding="utf-8"))["metadata"]["component"]["name"] == "paritrana"
    assert supply.main(["sbom"]) == 0
    assert json.loads(capsys.readouterr().out) == json.loads(target.read_text(encoding="utf-8"))
    (tmp_path / "requirements").mkdir()
    for name in (*supply.LOCKS.values(), supply.BAD, supply.LOCKED_ON):
        (tmp_path / name).write_text((ROOT / name).read_text(encoding="utf-8"), encoding="utf-8")
    monkeypatch.setattr(supply, "ROOT", tmp_path)  # a copy whose locks may be spoilt
    (tmp_path / supply.LOCKED_ON).write_text(SystemClock().now().date().isoformat(), encoding="utf-8")
    assert supply.main(["check"]) == 0
    (tmp_path / supply.LOCKED_ON).write_text("2020-01-01\n", encoding="utf-8")
    with (tmp_path / supply.LOCKS["build"]).open("a", encoding="utf-8") as lock:
        lock.write("gunicorn==19.0\n")
    capsys.readouterr()
    assert supply.main(["check"]) == 1
    said = capsys.readouterr().out
    assert "gunicorn 19.0 (build) has no SHA-256" in said
    assert "gunicorn 19.0 (build) is known to be bad" in said
    assert "resolve them anew" in said
