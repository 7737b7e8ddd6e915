"""The open bundle: what is written is read back, and whatever the format does not name is refused at its place."""

import copy
import json
import string
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from paritrana.core.bundle import BadBundle, build, compare, dump, dump_rows, parse, result_rows
from paritrana.core.ranking import (
    Candidate,
    Cap,
    Computed,
    Contest,
    Decision,
    Mark,
    NotApplicable,
    rank,
)
from paritrana.core.rubric import Aspect, Gate, Source
from tests.core.contests import TEN, contest, contests, panel_rubric, sheets


def everything() -> dict[str, Any]:
    """A bundle with a row in each list: A and B are tied and separated by a decision, C, D and E have no rank."""
    rubric = panel_rubric(
        [10, 20, 30], scale=TEN, gates=(Gate("period", "Dalam periode"),), tie_break=("decision",), quorum=1
    )
    third = replace(rubric.indicators[2], source=Source.COMPUTED, aspect="B")
    rubric = replace(
        rubric, indicators=(*rubric.indicators[:2], third), aspects=(Aspect("A", "Regulasi"), Aspect("B", "Cakupan"))
    )
    names = [("A", ()), ("B", ()), ("C", ("period",)), ("D", ()), ("E", ())]
    judged = contest(
        rubric,
        (*sheets("A", (1, 2), (3, None)), *sheets("B", (1, 2), (3, 2)), *sheets("E", (None, 1))),
        candidates=tuple(Candidate(code, f"Kabupaten {code}", gates) for code, gates in names),
        computed=tuple(Computed(code, "I3", Decimal("5.50")) for code in "ABE"),
        caps=(Cap("A", "I1", Decimal(9), "dihadiri Wakil Bupati"), Cap("A", "I2", Decimal(9), "dihadiri Sekda")),
        not_applicable=(NotApplicable("D", "I1", "tidak ada pemilu"), NotApplicable("D", "I3", "tidak ada data")),
        decisions=(Decision(("B", "A"), "pleno 6 lawan 3"), Decision(("A", "C"), "tidak berlaku")),
    )
    return build(judged, rank(judged), {"published_at": "2026-11-02T09:00:00+08:00", "run": "ab" * 32})


EVERYTHING = everything()
LINES = dump(EVERYTHING)


def changed(change: Callable[[dict[str, Any]], object]) -> bytes:
    data = copy.deepcopy(EVERYTHING)
    change(data)
    return json.dumps(data).encode()


def refusal_of(raw: bytes) -> BadBundle:
    with pytest.raises(BadBundle) as refusal:
        parse(raw)
    shown = str(refusal.value)
    assert shown.isprintable()
    assert shown.endswith(".")
    return refusal.value


def at(*path: str | int) -> Callable[[Any], Any]:
    def find(data: Any) -> Any:
        for part in path:
            data = data[part]
        return data

    return find


# --- writing and reading back ----------------------------------------------------------------------------------------


@given(contests(), st.none() | st.dictionaries(st.text(string.printable), st.text(string.printable)))
def test_a_round_trip_through_the_bundle_is_the_identity(judged: Contest, provenance: dict[str, str] | None) -> None:
    result = rank(judged)
    raw = dump(build(judged, result, provenance))
    bundle = parse(raw)
    assert bundle.contest == judged.in_order()
    assert bundle.result == result_rows(result)
    assert bundle.provenance == provenance
    assert dump(build(bundle.contest, rank(bundle.contest), bundle.provenance)) == raw
    assert compare(bundle) == []


def test_trailing_zeros_survive_the_round_trip() -> None:
    judged = contest(panel_rubric([100], scale=TEN), (Mark("A", "I1", "J1", Decimal("7.50")),))
    value = parse(dump(build(judged, rank(judged)))).contest.marks[0].value
    assert str(value) == "7.50"


def test_a_bundle_is_written_with_one_row_on_a_line_in_utf_8() -> None:
    judged = contest(
        panel_rubric([100]), sheets("A", (80,)), candidates=(Candidate("A", "Kabupaten Muna – ‘Wuna’ 🏅"),)
    )
    lines = dump(build(judged, rank(judged))).decode().splitlines()
    assert '    {"code": "A", "name": "Kabupaten Muna – ‘Wuna’ 🏅", "failed_gates": []}' in lines
    assert '  "caps": [],' in lines
    assert lines[-1] == "}"
    assert parse(dump(build(judged, rank(judged)))).contest == judged


def test_result_rows_are_written_one_on_a_line() -> None:
    assert dump_rows([]) == b"[]\n"
    assert json.loads(dump_rows(EVERYTHING["result"])) == EVERYTHING["result"]
    assert len(dump_rows(EVERYTHING["result"]).splitlines()) == 7


@pytest.mark.parametrize("name", ["ntb-2024", "one-of-everything"])
def test_the_example_bundles_verify(name: str) -> None:
    bundle = parse(Path(__file__).parent.joinpath("bundles", f"{name}.json").read_bytes())
    assert compare(bundle) == []


def test_the_lists_that_may_be_empty_may_be_left_out() -> None:
    names = ("caps", "not_applicable", "decisions", "computed", "result", "provenance")

    def strip(data: dict[str, Any]) -> None:
        for name in names:
            del data[name]
        for one in data["rubric"]["indicators"]:
            one["source"] = "panel"
        del data["rubric"]["gates"]
        data["candidates"][2]["failed_gates"] = []

    bundle = parse(changed(strip))
    assert (bundle.contest.caps, bundle.contest.computed, bundle.result, bundle.provenance) == ((), (), [], None)
    assert compare(bundle)[0] == '"A" is missing from the result.'


# --- form ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b" ",
        b"\xff",
        b"\xef\xbb\xbf" + LINES,
        LINES.decode().encode("utf-16"),
        LINES.decode().encode("utf-16-le"),
        LINES + b"x",
        LINES + LINES,
        LINES[:-3],
        b'{"name": "\xed\xa0\x80"}',
        b'{"name": "a\nb"}',
        b"[" * 100_000,
        b'{"a":' * 100_000,
        b"[" * 100_000 + b"]" * 100_000,
        b"[" * 40 + b"]" * 40,
        b'{"x": ' + b"[" * 200 + b"]" * 200 + b"}",
        b"[]",
        b"null",
        b"1",
        b'"text"',
        b"NaN",
        b"[Infinity]",
        b"{'format': 1}",
        b"// no comment\n{}",
        b'{"a": 01}',
        b"1" * 5000,
        b"{}",
    ],
)
def test_a_file_that_is_no_json_object_is_refused_whole(raw: bytes) -> None:
    refusal = refusal_of(raw)
    assert refusal.pointer == ""
    assert str(refusal).startswith("(whole file): ")


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity"])
def test_numbers_that_json_does_not_have_are_refused(number: str) -> None:
    raw = LINES.replace(b'"assessment_year": 2026', f'"assessment_year": {number}'.encode())
    assert refusal_of(raw).pointer == ""


@pytest.mark.parametrize(
    ("before", "after", "pointer"),
    [
        ('{"format": "', '{"format": "", "format": "', "/format"),
        ('{"code": "A", "name"', '{"code": "A", "name": "x", "name"', "/candidates/0/name"),
        ('"min": "0"', '"min": "0", "m/x~": [], "m/x~": {}', "/rubric/scale/m~1x~0"),
        ('{"run"', '{"run": {"x": "", "x": ""}, "run"', "/provenance/run"),
        ('{"kind": "gate"', '{"kind": "gate", "kind": "gate"', "/result/4/reasons/0/kind"),
    ],
)
def test_a_doubled_key_is_refused_at_the_key(before: str, after: str, pointer: str) -> None:
    text = json.dumps(EVERYTHING)
    text = text.replace('{"published_at": "2026-11-02T09:00:00+08:00", ', "{")
    assert before in text
    assert refusal_of(text.replace(before, after, 1).encode()).pointer == pointer


def test_half_a_character_is_refused_at_its_place_and_a_pair_is_one_character() -> None:
    text = json.dumps(EVERYTHING)
    name = text.replace("Kabupaten B", "Kabupaten \\uD83C", 1)
    assert refusal_of(name.encode()).pointer == "/candidates/1/name"
    key = refusal_of(text.replace('"run"', '"run\\udfc5"', 1).encode())
    assert str(key).startswith("/provenance/run\\udfc5: ")
    assert refusal_of(b'["\\ud800", "\\ud800"]').pointer == "/0"
    pair = text.replace("Kabupaten B", "Kabupaten \\ud83c\\udfc5", 1)
    assert parse(pair.encode()).contest.candidates[1].name == "Kabupaten 🏅"


def test_the_first_fault_of_the_form_counts() -> None:
    faults = b'{"a": ["\\ud800"], "b": {"c": 1, "c": 1}, "d\\ud800": {"c": 1, "c": 1}}'
    assert refusal_of(faults).pointer == "/a/0"


def test_a_pointer_stays_on_one_line() -> None:
    assert str(refusal_of(b'{"a\\n\\u2028b": 1}')).startswith("/a\\n\\u2028b: ")


# --- keys ------------------------------------------------------------------------------------------------------------

OBJECTS = [
    (),
    ("cycle",),
    ("category",),
    ("rubric",),
    ("rubric", "scale"),
    ("rubric", "stages", 0),
    ("rubric", "aspects", 1),
    ("rubric", "indicators", 2),
    ("rubric", "gates", 0),
    ("candidates", 3),
    ("marks", 0),
    ("marks", 3),
    ("computed", 1),
    ("caps", 0),
    ("not_applicable", 1),
    ("decisions", 0),
    ("result", 0),
    ("result", 2, "reasons", 0),
    ("result", 3, "reasons", 0),
    ("result", 4, "reasons", 0),
]
LEFT_OUT = {"caps", "not_applicable", "decisions", "computed", "result", "provenance", "gates"}


def pointer_of(path: tuple[str | int, ...]) -> str:
    return "".join(f"/{part}" for part in path)


def test_every_list_has_the_rows_that_the_next_tests_change() -> None:
    assert EVERYTHING["marks"][0]["value"] == "1"
    assert EVERYTHING["marks"][3]["reason"] == "abstained"
    kinds = [row["reasons"][0]["kind"] for row in EVERYTHING["result"][2:]]
    assert kinds == ["below_quorum", "missing_computed", "gate"] or kinds == [
        "below_quorum",
        "aspect_not_applicable",
        "gate",
    ]


@pytest.mark.parametrize("path", OBJECTS)
def test_an_unknown_key_is_refused_at_the_key(path: tuple[str | int, ...]) -> None:
    raw = changed(lambda data: at(*path)(data).update({"x/~y": None}))
    assert refusal_of(raw).pointer == f"{pointer_of(path)}/x~1~0y"


@pytest.mark.parametrize("path", OBJECTS)
def test_every_missing_key_is_refused_at_its_object(path: tuple[str | int, ...]) -> None:
    for key in at(*path)(EVERYTHING):
        if key in LEFT_OUT:
            continue
        refusal = refusal_of(changed(lambda data, key=key: at(*path)(data).pop(key)))
        assert refusal.pointer == pointer_of(path)


NULLABLE = {
    (("marks", 3), "value"),
    *((("result", 0), key) for key in ("rank", "tie_broken_by", "total", "total_exact")),
}


@pytest.mark.parametrize("path", OBJECTS)
@pytest.mark.parametrize("wrong", [None, 1.0, True, [], {}, ["A"], 7, "text", 10**40], ids=str)
def test_a_value_of_another_type_is_refused_at_its_place(path: tuple[str | int, ...], wrong: Any) -> None:
    for key, right in at(*path)(EVERYTHING).items():
        types = (int,) if type(right) is int else (type(right),)
        if type(wrong) in types or (wrong is None and (path, key) in NULLABLE):
            continue
        if wrong == "text" and (path, key) in NULLABLE:
            continue
        if wrong is None and (path, key) == (("marks", 0), "value"):
            continue  # This mark then lacks a reason.
        refusal = refusal_of(changed(lambda data, key=key: at(*path)(data).update({key: wrong})))
        assert refusal.pointer == f"{pointer_of(path)}/{key}"


@pytest.mark.parametrize("path", ["assessors", "candidates", "marks", "computed", "caps", "decisions", "result"])
@pytest.mark.parametrize("wrong", [None, 1, True, [], 0.5], ids=str)
def test_a_row_of_another_type_is_refused_at_its_place(path: str, wrong: Any) -> None:
    raw = changed(lambda data: data[path].insert(1, wrong))
    assert refusal_of(raw).pointer == f"/{path}/1"


def setter(*path: str | int) -> Callable[[Any], Callable[[dict[str, Any]], None]]:
    return lambda value: lambda data: at(*path[:-1])(data).__setitem__(path[-1], value)


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("format",), "paritrana-ranking/2"),
        (("method",), "hitung-2"),
        (("cycle", "code"), "a b"),
        (("cycle", "assessment_year"), 0),
        (("cycle", "assessment_year"), -2026),
        (("cycle", "assessment_year"), "2026"),
        (("category", "code"), ""),
        (("rubric", "code"), "é"),
        (("rubric", "version"), 1.0),
        (("rubric", "version"), True),
        (("rubric", "version"), 10**32),
        (("rubric", "quorum"), 0),
        (("rubric", "quantum"), "0.1"),
        (("rubric", "panel_aggregate"), "median"),
        (("rubric", "total"), "60.0000000000000000000000000000000"),
        (("rubric", "total"), "+60"),
        (("rubric", "scale", "step"), "3"),
        (("rubric", "scale", "min"), "-0"),
        (("rubric", "scale", "max"), "1e1"),
        (("rubric", "stages", 0, "code"), "x" * 65),
        (("rubric", "indicators", 0, "source"), "juror"),
        (("rubric", "indicators", 0, "weight"), "0"),
        (("rubric", "indicators", 0, "stage"), "oral"),
        (("rubric", "tie_break", 0), "source:panel"),
        (("rubric", "tie_break", 0), 1),
        (("assessors", 1), "J1"),
        (("candidates", 1, "code"), "A"),
        (("candidates", 1, "name"), "\u00a0"),
        (("candidates", 2, "failed_gates", 0), "gone"),
        (("marks", 0, "candidate"), "Z"),
        (("marks", 0, "indicator"), "I3"),
        (("marks", 0, "assessor"), "J9"),
        (("marks", 0, "value"), "10.01"),
        (("marks", 0, "value"), "1.001"),
        (("marks", 0, "value"), "1,5"),
        (("marks", 0, "value"), 1),
        (("marks", 3, "reason"), "ill"),
        (("computed", 0, "indicator"), "I1"),
        (("computed", 0, "value"), "-0.01"),
        (("caps", 0, "indicator"), "I3"),
        (("caps", 0, "reason"), " "),
        (("not_applicable", 0, "reason"), ""),
        (("decisions", 0, "order", 1), "Z"),
        (("decisions", 0, "order", 1), None),
        (("decisions", 0, "order"), ["A"]),
        (("decisions", 0, "reason"), ""),
        (("provenance", "run"), None),
        (("provenance", "run"), {}),
        (("provenance",), []),
        (("provenance",), None),
        (("caps",), None),
        (("result",), None),
        (("result", 0, "rank"), True),
        (("result", 0, "rank"), 1.0),
        (("result", 0, "tied"), 0),
        (("result", 0, "total"), 52.5),
        (("result", 0, "points", "I1"), 2),
        (("result", 0, "reasons"), {}),
        (("result", 2, "reasons", 0), "below_quorum"),
        (("result", 2, "reasons", 0, "found"), "0"),
        (("result", 2, "reasons", 0, "needed"), True),
        (("result", 2, "reasons", 0, "kind"), 1),
    ],
)
def test_a_wrong_value_is_refused_at_its_place(path: tuple[str | int, ...], value: Any) -> None:
    assert refusal_of(changed(setter(*path)(value))).pointer == pointer_of(path)


def test_weights_that_miss_the_total_are_refused_at_the_indicators() -> None:
    assert refusal_of(changed(setter("rubric", "total")("60.01"))).pointer == "/rubric/indicators"


def test_a_mark_has_a_reason_exactly_when_it_has_no_value() -> None:
    surplus = refusal_of(changed(lambda data: data["marks"][0].update(reason="abstained")))
    assert surplus.pointer == "/marks/0/reason"
    missing = refusal_of(changed(lambda data: data["marks"][0].update(value=None)))
    assert missing.pointer == "/marks/0"


@pytest.mark.parametrize("name", ["marks", "computed", "caps", "not_applicable"])
def test_a_second_row_for_the_same_cell_is_refused(name: str) -> None:
    raw = changed(lambda data: data[name].append(data[name][0]))
    assert refusal_of(raw).pointer == f"/{name}/{len(EVERYTHING[name])}"


def test_values_that_do_not_count_are_checked_all_the_same() -> None:
    raw = changed(lambda data: data["marks"].append({**data["marks"][0], "candidate": "C", "value": "11"}))
    assert refusal_of(raw).pointer == f"/marks/{len(EVERYTHING['marks'])}/value"


def assert_read_or_refused(raw: bytes) -> None:
    try:
        said = [*compare(parse(raw)), "whole"]
    except BadBundle as refusal:
        said = [str(refusal)]
    assert all(line.isprintable() for line in said)


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.sampled_from(["0", "A", "I1", "J1"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)


@given(st.data(), JSON_VALUES)
def test_no_value_anywhere_gives_anything_but_a_bundle_or_a_refusal(data: st.DataObject, value: Any) -> None:
    bundle = copy.deepcopy(EVERYTHING)
    place: Any = bundle
    while True:
        key = data.draw(st.sampled_from(list(place) if isinstance(place, dict) else list(range(len(place)))))
        if not (isinstance(place[key], dict | list) and place[key]) or data.draw(st.integers(0, 3)) == 0:
            break
        place = place[key]
    place[key] = value
    assert_read_or_refused(json.dumps(bundle).encode())


@given(st.integers(0, len(LINES)), st.binary(max_size=3), st.integers(0, 3))
@example(0, b"\xef\xbb\xbf", 0)
def test_no_bytes_give_anything_but_a_bundle_or_a_refusal(place: int, bytes_: bytes, dropped: int) -> None:
    assert_read_or_refused(LINES[:place] + bytes_ + LINES[place + dropped :])


# --- comparing -------------------------------------------------------------------------------------------------------


def differences(change: Callable[[dict[str, Any]], object]) -> list[str]:
    return compare(parse(changed(change)))


@pytest.mark.parametrize(
    ("path", "value", "sentence"),
    [
        ((0, "rank"), 2, '"B", rank: the bundle says 2, the computation gives 1.'),
        ((0, "rank"), None, '"B", rank: the bundle says null, the computation gives 1.'),
        ((0, "tied"), True, '"B", tied: the bundle says true, the computation gives false.'),
        ((0, "total"), "22.5", '"B", total: the bundle says "22.5", the computation gives "22.50".'),
        ((0, "points", "I1"), "4/2", '"B", points of "I1": the bundle says "4/2", the computation gives "2/1".'),
        ((0, "points", "I9"), "1/1", '"B", points of "I9": the bundle says "1/1", the computation gives nothing.'),
        ((4, "state"), "out", '"C", state: the bundle says "out", the computation gives "ineligible".'),
        (
            (4, "reasons", 0, "gate"),
            "x\n" * 60,
            '"C", reasons: the bundle says [{"kind": "gate", "gate": "'
            + "x\\n" * 17
            + 'x…, the computation gives [{"kind": "gate", "gate": "period"}].',
        ),
        ((0, "candidate"), "Z", '"Z" stands in the result and is no candidate.'),
        ((0, "candidate"), "A", '"A" stands in the result more than once.'),
    ],
)
def test_a_difference_is_said_in_plain_words(path: tuple[str | int, ...], value: Any, sentence: str) -> None:
    found = differences(setter("result", *path)(value))
    assert sentence in found
    assert all(line.isprintable() for line in found)


def test_missing_points_and_missing_rows_are_differences() -> None:
    assert differences(lambda data: data["result"][0]["points"].pop("I1")) == [
        '"B", points of "I1": the bundle says nothing, the computation gives "2/1".'
    ]
    assert differences(lambda data: data["result"].pop()) == ['"C" is missing from the result.']
    assert len(differences(lambda data: data.pop("result"))) == 5


def test_rows_in_another_order_are_a_difference() -> None:
    assert differences(lambda data: data["result"].reverse()) == [
        'Row 1 of the result is "C", and by the computation "B".',
        'Row 2 of the result is "D", and by the computation "A".',
        'Row 4 of the result is "A", and by the computation "D".',
        'Row 5 of the result is "B", and by the computation "C".',
    ]


def test_a_repeated_row_is_a_difference_even_when_it_is_true() -> None:
    assert differences(lambda data: data["result"].append(data["result"][0])) == [
        '"B" stands in the result more than once.'
    ]


def test_a_reason_of_an_unknown_kind_is_a_difference_and_its_unknown_keys_are_not_read() -> None:
    assert len(differences(setter("result", 4, "reasons", 0)({"kind": "late", "gate": "period"}))) == 1
    assert refusal_of(changed(setter("result", 4, "reasons", 0)({"kind": "late", "by": "1"}))).pointer == (
        "/result/4/reasons/0/by"
    )


def test_a_whole_number_of_any_length_in_the_result_is_a_difference() -> None:
    raw = LINES.replace(b'"rank": 1', b'"rank": 1' + b"0" * 6000)
    assert "rank: the bundle says 1000" in compare(parse(raw))[0]
