"""What a rubric asks for, and what may be stored under it."""

import json
from decimal import Decimal
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paritrana.config import data_folder
from paritrana.core.evidence import KINDS, claims
from paritrana.core.evidence.specs import DECIMALS, NUMBERS
from paritrana.database import canonical
from paritrana.nominations.rows import (
    blockers,
    evidence_rows,
    kind_of_page,
    kinds_asked,
    page_name,
    requirements_of,
)
from paritrana.nominations.service import UnfitEvidence, clean_data
from paritrana.web.formats import plain_decimal


def rubric(name):
    form = json.loads((data_folder("seed") / "rubrics" / f"{name}.json").read_text(encoding="utf-8"))
    form["indicators"] = [SimpleNamespace(**{"evidence_kinds": [], **one}) for one in form["indicators"]]
    return SimpleNamespace(**form, category_kind=form["category"])


def test_the_rows_of_a_regency_follow_its_rubric():
    rows = [(row.indicator.code, row.kind) for row in evidence_rows(rubric("kabkota-default"))]
    assert rows == [
        ("A1", "regulation"), ("A2", "permit_compliance"), ("A3", "development_target"), ("B1", "non_asn_protection"),
        ("B2", "vulnerable_workers"), ("B2", "village_allocation"), ("B2", "csr"), ("B3", "budget"),
        ("B3", "village_allocation"), ("C1", "coverage"), ("C2", "coverage"), ("C3", "coverage"), ("D1", "innovation"),
    ]  # fmt: skip


def test_a_rubric_without_kinds_takes_documents_only():
    rows = [(row.indicator.code, row.kind, row.typed) for row in evidence_rows(rubric("ntb-2024-observed"))]
    assert rows == [(code, f"indicator:{code}", False) for code in ("N1", "N2", "N3", "N4", "N5")]


@pytest.mark.parametrize(
    "name", ["kabkota-default", "provinsi-default", "badan-usaha-default", "umk-default", "desa-default"]
)
def test_every_desk_indicator_of_the_default_rubrics_rests_on_typed_evidence(name):
    assert all(row.typed for row in evidence_rows(rubric(name)))


@pytest.mark.parametrize(
    "name", ["kabkota-default", "provinsi-default", "badan-usaha-default", "umk-default", "desa-default"]
)
def test_every_document_of_every_desk_indicator_is_asked_for_somewhere_and_once_a_page(name):
    one = rubric(name)
    for kind in kinds_asked(one):
        codes = [document["code"] for document in requirements_of(one, kind)]
        assert len(codes) == len(set(codes))
        assert kind_of_page(page_name(kind)) == kind
        assert ":" not in page_name(kind)
    asked = {document["code"] for kind in kinds_asked(one) for document in requirements_of(one, kind)}
    wanted = {doc["code"] for i in one.indicators if i.stage != "interview" for doc in i.evidence_required}
    assert asked == wanted


@pytest.mark.parametrize("name", ["kabkota-default", "badan-usaha-default"])
def test_an_empty_nomination_is_blocked_at_every_row_and_by_the_conditions(name):
    one = rubric(name)
    found = blockers(one, {}, [], {}, election_held=True)
    # What has lines only and shares its indicator with other evidence may stay empty; everything else is asked for.
    optional = {"kabkota-default": {"csr"}, "badan-usaha-default": set()}[name]
    assert {blocker.place for blocker in found} == {"eligibility", *kinds_asked(one)} - optional


def values(field):
    if field.kind in NUMBERS:
        return st.integers(0, 10**12)
    if field.kind == "date":
        return st.dates().map(lambda day: day.isoformat())
    if field.kind in DECIMALS:
        return st.integers(0, 10000).map(lambda hundredths: plain_decimal(Decimal(hundredths) / 100))
    if field.kind == "choice":
        return st.sampled_from([code for code, _words in field.choices])
    return st.text(min_size=1, max_size=30)


def some_of(fields):
    return st.fixed_dictionaries({}, optional={field.key: values(field) for field in fields})


@st.composite
def evidence(draw):
    spec = KINDS[draw(st.sampled_from(sorted(KINDS)))]
    data = {"fields": draw(some_of(spec.fields))}
    if spec.lines is not None:
        keys = draw(st.lists(st.from_regex(r"[a-z0-9]{4,8}", fullmatch=True), max_size=5, unique=True))
        data["lines"] = [{"key": key, **draw(some_of(spec.lines.fields))} for key in keys]
    return spec.kind, data


@given(evidence())
def test_what_has_the_form_of_its_kind_is_stored_as_it_is(item):
    kind, data = item
    assert clean_data(kind, data) == data
    assert clean_data(kind, clean_data(kind, data)) == data
    canonical(data)
    figures = claims(kind, data)
    assert set(data["fields"].values()) >= {v for k, v in figures.items() if v is not None and "lines." not in k}


@given(evidence(), st.sampled_from([-1, 1.5, True, "12", [1], {"a": 1}, 10**15]))
def test_a_number_of_another_form_is_refused(item, wrong):
    kind, data = item
    spec = KINDS[kind]
    key = next((field.key for field in spec.fields if field.kind in NUMBERS), None)
    if key is not None:
        broken = {**data, "fields": {**data["fields"], key: wrong}}
    else:
        name = next(field.key for field in spec.lines.fields if field.kind in NUMBERS)
        broken = {**data, "lines": [{"key": "a1b2", name: wrong}]}
    with pytest.raises(UnfitEvidence):
        clean_data(kind, broken)


@pytest.mark.parametrize("wrong", ["100.01", "-1", "1,5", "01", "1.50", "1.", ".5", "1e2", "٣", "12.345", 5, 1.5, None])
def test_a_percentage_is_kept_as_a_canonical_text_of_two_decimals_from_0_to_100(wrong):
    data = {"fields": {"base.value": wrong}, "lines": []}
    if wrong is None:
        assert clean_data("development_target", data)["fields"] == {}
        return
    with pytest.raises(UnfitEvidence):
        clean_data("development_target", data)


@given(evidence(), st.text(min_size=1))
def test_an_entry_that_the_kind_does_not_have_is_left_out(item, key):
    kind, data = item
    if KINDS[kind].field(key) is None:
        assert clean_data(kind, {**data, "fields": {**data["fields"], key: 1}}) == data


def test_lines_need_keys_of_their_own():
    line = {"key": "a1b2", "people": 1}
    for lines in ([line, line], [{"people": 1}], [{"key": "../x", "people": 1}], [{"key": "x" * 40}]):
        with pytest.raises(UnfitEvidence):
            clean_data("vulnerable_workers", {"fields": {}, "lines": lines})
