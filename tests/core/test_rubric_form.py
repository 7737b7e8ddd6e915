"""The written form of a rubric: strict in, always alike out, summed and compared."""

import json
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import pytest

from paritrana.config import data_folder
from paritrana.core.rubric_form import (
    LARGEST,
    BadRubricForm,
    check,
    core_rubric,
    differences,
    dump,
    lacking,
    parse,
    sums_of,
)
from paritrana.core.rubric_rules import RULE_DATA, BadFormula, check_formula, fresh_formula

FILES = sorted((data_folder("seed") / "rubrics").glob("*.json"))


@pytest.fixture
def form() -> dict[str, Any]:
    """The default rubric of regencies and cities, free to be spoiled."""
    loaded: dict[str, Any] = json.loads((data_folder("seed") / "rubrics" / "kabkota-default.json").read_bytes())
    return loaded


def raw(form: Any) -> bytes:
    return json.dumps(form, ensure_ascii=False).encode()


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_delivered_file_is_read_and_written_back_byte_for_byte(path: Any) -> None:
    form = parse(path.read_bytes())
    check(form)
    assert dump(form) == path.read_bytes()
    assert lacking(form) == []


def test_the_order_of_keys_and_what_says_only_the_usual_change_no_byte(form: dict[str, Any]) -> None:
    turned = dict(reversed(form.items())) | {"counted_round": 2, "named_marks": False}
    turned["indicators"] = [dict(reversed(one.items())) | {"caps": one.get("caps", [])} for one in form["indicators"]]
    assert dump(parse(raw(turned))) == dump(form)
    assert b'"counted_round": 1' in dump(parse(raw({**form, "counted_round": 1})))


def _put(*way: Any) -> Callable[[dict[str, Any]], None]:
    *path, last, value = way

    def spoil(form: dict[str, Any]) -> None:
        part: Any = form
        for step in path:
            part = part[step]
        part[last] = value

    return spoil


@pytest.mark.parametrize(
    ("pointer", "spoil"),
    [
        ("/colour", _put("colour", "red")),
        ("", lambda form: form.pop("title_en")),
        ("/version", _put("version", "1")),
        ("/indicators/0", _put("indicators", 0, "source", "computed")),
        ("/indicators/4/formula/params/months", _put("indicators", 4, "formula", "params", "months", 12)),
        ("/indicators/0/colour", _put("indicators", 0, "colour", "red")),
        ("/indicators/1/code", _put("indicators", 1, "code", "A1")),
        ("/aspects/1/code", _put("aspects", 1, "code", "A")),
        ("/indicators/0/weight", _put("indicators", 0, "weight", "0")),
        ("/indicators/0/weight", _put("indicators", 0, "weight", "1e1")),
        ("/indicators/3/formula/rule", _put("indicators", 3, "formula", "rule", "guess")),
        ("/indicators/3/formula/params/colour", _put("indicators", 3, "formula", "params", "colour", "1")),
        ("/indicators/4/formula/params/months", _put("indicators", 4, "formula", "params", "months", "0")),
        ("/indicators/8/formula/params/segments/0", _put("indicators", 8, "formula", "params", "segments", ["x"])),
        ("/indicators/6/formula/inputs/0", _put("indicators", 6, "evidence_kinds", ["csr"])),
        ("/indicators/7/formula/rule", _put("indicators", 7, "evidence_kinds", ["csr"])),
        ("/indicators/0/evidence_required/1/code",
         _put("indicators", 0, "evidence_required", 1, "code", "regulation_text")),
        ("/indicators/10/caps/0/cap", _put("indicators", 10, "caps", 0, "cap", "11")),
        ("/quorum", _put("quorum", 10)),
        ("/panel_size", _put("panel_size", 100)),
        ("/consolidation_spread", _put("consolidation_spread", "-0.5")),
        ("/aspects/0/code", _put("aspects", 0, "code", "a b")),
        ("/indicators/0/extra_inputs/0", _put("indicators", 0, "extra_inputs", [1])),
        ("/indicators/0/levels", _put("indicators", 0, "levels", 0, "score", "10")),
        ("/indicators/0/evidence_required/0/code", _put("indicators", 0, "evidence_required", 0, "code", "a b")),
        ("/version", _put("version", 0)),
        ("/others_marks", _put("others_marks", "never")),
        ("/counted_round", _put("counted_round", 3)),
        ("/tie_break/0", _put("tie_break", ["indicator:Z9"])),
        ("/title_id", _put("title_id", "ꦥ" * 301)),
        ("/title_id", _put("title_id", "a\x00b")),
        ("/title_en", _put("title_en", "  ")),
        ("/stages", _put("stages", [{"code": f"s{no}", "title_id": "a", "title_en": "a"} for no in range(6)])),
    ],
)  # fmt: skip
def test_what_may_not_be_stored_is_refused_at_its_place(
    form: dict[str, Any], pointer: str, spoil: Callable[[dict[str, Any]], None]
) -> None:
    spoil(form)
    with pytest.raises(BadRubricForm) as refused:
        parse(raw(form))
    assert refused.value.pointer == pointer
    assert refused.value.message % refused.value.params


@pytest.mark.parametrize(
    "content",
    [b"", b"[1", b"[]", b"null", b"\xff", b'{"a": 1, "a": 2}', b'{"a": 1.5}', b'{"a": NaN}', b'{"a": "\\ud800"}',
     b"[" * 5000, b"[" * 20 + b"]" * 20, b'{"version": 99999999999999}', b" " * (LARGEST + 1)],
)  # fmt: skip
def test_a_file_that_is_no_rubric_is_refused_and_nothing_else_happens(content: bytes) -> None:
    with pytest.raises(BadRubricForm):
        parse(content)


def test_a_title_of_300_characters_of_any_script_is_kept(form: dict[str, Any]) -> None:
    form["title_id"], form["title_en"] = "ꦥ" * 300, "漢" * 300
    assert parse(raw(form))["title_id"] == "ꦥ" * 300


def test_a_wrong_sum_may_be_stored_and_keeps_from_freezing(form: dict[str, Any]) -> None:
    form["indicators"][0]["weight"] = "10"
    sums = sums_of(parse(raw(form)))
    assert (sums.weights, sums.missing) == (98, 2)
    (lack,) = lacking(form)
    assert lack.message % lack.params == "Weights add up to 98, should be 100. 2 missing."
    form["indicators"][0]["weight"] = "12.5"
    (lack,) = lacking(form)
    assert lack.message.endswith("too much.")
    assert lack.params["c"] == Fraction(1, 2)
    with pytest.raises(BadRubricForm, match="/indicators"):
        check(form)


def test_every_gap_is_named(form: dict[str, Any]) -> None:
    form["indicators"][0]["levels"].pop()
    form["aspects"].append({"code": "Z", "title_id": "Z", "title_en": "Z"})
    assert [one.pointer for one in lacking(form)] == ["/indicators/0/levels", "/aspects/5"]
    with pytest.raises(BadRubricForm, match="/indicators/0/levels"):
        check(form)
    assert lacking({**form, "indicators": [], "tie_break": []})[0].pointer == "/indicators"
    two = {**form, "panel_aggregate": "trimmed_mean", "panel_size": 2, "quorum": 1}
    assert "/panel_size" in [one.pointer for one in lacking(two)]


def test_the_shares_of_aspects_and_stages_add_up(form: dict[str, Any]) -> None:
    sums = sums_of(form)
    assert sum(sums.aspects.values()) == sum(sums.stages.values()) == sum(sums.cells.values()) == 100
    assert sums.stages["interview"] == sums.aspects["E"] == sums.cells["E", "interview"] == 20
    assert sums.share(sums.aspects["E"]) == 20


def test_two_versions_are_compared_part_by_part(form: dict[str, Any]) -> None:
    other = json.loads(raw(form))
    assert differences(form, other) == ([], [])
    other["quorum"], other["counted_round"] = 6, 1
    other["indicators"][0]["weight"] = "11"
    other["indicators"][1], other["indicators"][2] = other["indicators"][2], other["indicators"][1]
    other["gates"].pop()
    other["stages"].append({"code": "visit", "title_id": "Kunjungan", "title_en": "Visit"})
    whole, parts = differences(form, other)
    assert [(one.name, one.before, one.after) for one in whole] == [("quorum", 5, 6), ("counted_round", 2, 1)]
    assert [(one.group, one.code, one.state) for one in parts] == [
        ("stages", "visit", "added"), ("indicators", "A1", "changed"), ("indicators", "A3", "moved"),
        ("indicators", "A2", "moved"), ("gates", "complete", "removed"),
    ]  # fmt: skip
    assert [(one.name, one.before, one.after) for one in parts[1].changes] == [("weight", "12", "11")]


@pytest.mark.parametrize("rule", RULE_DATA)
def test_an_indicator_begins_with_data_its_rule_can_compute_with(rule: str) -> None:
    check_formula(fresh_formula(rule))


@pytest.mark.parametrize(
    ("rule", "params", "pointer"),
    [
        ("ratio_capped", {"unknown": "1"}, "/params/unknown"),
        ("ratio_capped", {"skip_group_without_target": "yes"}, "/params/skip_group_without_target"),
        ("ratio_capped", {"groups": []}, "/params/groups"),
        ("ratio_capped", {"groups": "outsourced"}, "/params/groups"),
        ("ratio_capped", {"groups": ["nobody"]}, "/params/groups/0"),
        ("ratio_capped", {"cap": 10}, "/params/cap"),
        ("ratio_capped", {"cap": "ten"}, "/params/cap"),
        ("ratio_capped", {"cap": "-1"}, "/params/cap"),
        ("person_months_share", {"months": "0"}, "/params/months"),
        ("person_months_share", {"months": None}, "/params"),
        ("ratio_to_target", {"switch": "another"}, "/params/switch"),
        ("pp_growth_linear", {"switch": "relative_growth"}, "/params"),
        ("on_time_months", {"arrears_cap_from": "3"}, "/params"),
        ("on_time_months", {"arrears_cap_score": "3"}, "/params"),
        ("programme_completeness", {"full_count": None}, "/params"),
        ("LADDER", {"thresholds": []}, "/params/thresholds"),
        ("LADDER", {"thresholds": ["0.5"]}, "/params/thresholds/0"),
        ("LADDER", {"thresholds": [["0.5", "6"], ["0.9"]]}, "/params/thresholds/1"),
        ("LADDER", {"thresholds": [["0.5", "six"]]}, "/params/thresholds/0/1"),
    ],
)
def test_data_that_a_rule_could_not_compute_with_are_refused_at_their_place(
    rule: str, params: dict[str, Any], pointer: str
) -> None:
    if rule == "LADDER":
        rule = next(name for name, data in RULE_DATA.items() if "thresholds" in {one.name for one in data.params})
    formula = fresh_formula(rule)
    for name, value in params.items():
        if value is None:
            del formula["params"][name]
        else:
            formula["params"][name] = value
    with pytest.raises(BadFormula) as refused:
        check_formula(formula)
    assert refused.value.pointer == pointer
    assert refused.value.message % refused.value.params


@pytest.mark.parametrize(
    ("inputs", "pointer"), [(["registered_workers"], "/inputs"), (["registered_workers", "wishes"], "/inputs/1")]
)
def test_figures_that_a_rule_cannot_read_are_refused(inputs: list[str], pointer: str) -> None:
    with pytest.raises(BadFormula) as refused:
        check_formula(fresh_formula("ratio_capped") | {"inputs": inputs})
    assert refused.value.pointer == pointer
    assert refused.value.message % refused.value.params


def test_a_version_in_work_has_everything_of_a_rubric_but_its_sum(form: dict[str, Any]) -> None:
    form["indicators"][0]["weight"] = "10"
    draft = core_rubric(form, draft=True)
    assert draft.weights_sum == 98
    assert draft.total == 100
