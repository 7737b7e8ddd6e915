"""The rubric files of `seed/rubrics/`."""

import csv
import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from paritrana.config import data_folder
from paritrana.core.rubric_form import core_rubric
from paritrana.seeding.rows import BadSeed
from paritrana.seeding.rubrics import read_rubric

SEED = data_folder("seed")
TOTALS = {
    "badan-usaha-default": "100",
    "desa-default": "100",
    "kabkota-default": "100",
    "ntb-2024-observed": "70",
    "provinsi-default": "100",
    "umk-default": "100",
}


@pytest.fixture
def content() -> dict[str, Any]:
    """The default rubric of regencies and cities, free to be spoiled."""
    loaded: dict[str, Any] = json.loads((SEED / "rubrics" / "kabkota-default.json").read_text(encoding="utf-8"))
    return loaded


def refusal(tmp_path: Path, content: Any) -> str:
    path = tmp_path / "spoiled.json"
    path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
    with pytest.raises(BadSeed) as refused:
        read_rubric(path)
    (error,) = refused.value.errors
    return str(error).removeprefix(f"{tmp_path.name}/spoiled.json")


@pytest.mark.parametrize(("code", "total"), TOTALS.items())
def test_each_rubric_is_whole(code: str, total: str) -> None:
    content = read_rubric(SEED / "rubrics" / f"{code}.json")
    rubric = core_rubric(content)
    assert content["code"] == rubric.code == code
    assert rubric.total == Decimal(total)
    assert rubric.version == 1


def test_the_files_are_all_the_rubrics_there_are() -> None:
    assert sorted(path.stem for path in (SEED / "rubrics").glob("*.json")) == sorted(TOTALS)


def test_every_named_source_exists() -> None:
    with (SEED / "sources.csv").open(encoding="utf-8", newline="") as opened:
        known = {row["source_key"] for row in csv.DictReader(opened)}
    for code in TOTALS:
        content = read_rubric(SEED / "rubrics" / f"{code}.json")
        named = {source for part in (*content["indicators"], *content["gates"]) for source in part["basis_sources"]}
        assert named <= known


def test_the_rubric_of_regencies_says_what_evidence_belongs_to_each_indicator(content: dict[str, Any]) -> None:
    kinds = {indicator["code"]: indicator["evidence_kinds"] for indicator in content["indicators"]}
    assert kinds["B2"] == ["vulnerable_workers", "village_allocation", "csr"]
    assert kinds["C1"] == kinds["C2"] == kinds["C3"] == ["coverage"]
    assert kinds["E1"] == []


def test_titles_come_in_the_language_asked_for(content: dict[str, Any]) -> None:
    assert core_rubric(content).by_code["C1"].title == "Cakupan (UCJ) terhadap target"
    assert core_rubric(content, "en").by_code["C1"].title == "Coverage (UCJ) against target"


def test_weights_that_do_not_add_up_are_named(tmp_path: Path, content: dict[str, Any]) -> None:
    content["indicators"][0]["weight"] = "11"
    assert refusal(tmp_path, content) == ", /indicators: The weights do not add up to the total of 100."


def test_a_weight_written_as_a_number_is_named(tmp_path: Path, content: dict[str, Any]) -> None:
    content["indicators"][0]["weight"] = 12
    assert refusal(tmp_path, content) == ", /indicators/0/weight: The value has the wrong type."


@pytest.mark.parametrize("number", [0.3, 3])
def test_a_parameter_written_as_a_number_is_named(tmp_path: Path, content: dict[str, Any], number: float) -> None:
    content["indicators"][4]["formula"]["params"]["benchmark_share"] = number
    assert refusal(tmp_path, content).endswith(f": {number} must be written as a text, so that it stays exact.")


def test_an_anchor_off_the_scale_is_named(tmp_path: Path, content: dict[str, Any]) -> None:
    content["indicators"][1]["levels"][-1]["score"] = "11"
    assert refusal(tmp_path, content) == ", /indicators/1/levels/4/score: The value lies outside the scale."


def test_anchors_that_do_not_reach_the_end_of_the_scale_are_named(tmp_path: Path, content: dict[str, Any]) -> None:
    content["indicators"][1]["levels"].pop()
    assert refusal(tmp_path, content).startswith(", /indicators/1/levels: The anchors rise")


def test_an_unknown_a_missing_an_empty_and_a_double_key_are_named(tmp_path: Path, content: dict[str, Any]) -> None:
    assert refusal(tmp_path, {**content, "colour": "red"}) == ", /colour: This key is unknown."
    assert refusal(tmp_path, {**content, "title_en": ""}) == ", /title_en: The text is empty."
    assert refusal(tmp_path, {name: content[name] for name in content if name != "quorum"}).endswith(
        "“quorum” is missing."
    )
    assert refusal(tmp_path, '{"code": "a", "code": "b"}').endswith("The key “code” is there twice.")


def test_a_computed_indicator_needs_its_formula(tmp_path: Path, content: dict[str, Any]) -> None:
    del content["indicators"][3]["formula"]
    assert refusal(tmp_path, content).startswith(", /indicators/3: A computed indicator")


def test_unknown_evidence_and_a_tie_break_of_nothing_are_named(tmp_path: Path, content: dict[str, Any]) -> None:
    content["tie_break"] = ["indicator:Z9"]
    assert refusal(tmp_path, content).startswith(", /tie_break/0: ")
    content["indicators"][0]["evidence_kinds"] = ["rumour"]
    assert refusal(tmp_path, content).startswith(", /indicators/0/evidence_kinds/0: The value is not in the list")


@pytest.mark.parametrize("text", ["", "[1", "[]", "null"])
def test_a_file_that_is_no_rubric_is_refused(tmp_path: Path, text: str) -> None:
    assert refusal(tmp_path, text)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(BadSeed, match=r"nothing\.json: The file cannot be opened"):
        read_rubric(tmp_path / "nothing.json")
