"""The rubric builder at the door: what it refuses, what an untouched form stores, and what a comparison says."""

import io
from typing import Any

import pytest
from sqlalchemy import func, select

from paritrana.core.lifecycle import State
from paritrana.cycles.models import Proposal, RubricVersion
from paritrana.cycles.queries import find_rubric, rubric_of
from paritrana.cycles.rubrics.document import form_of
from paritrana.database import db
from tests.accounts.failing import meanwhile
from tests.cycles.test_rubrics import HOME, MINE, mine, settings, weights
from tests.factories import World, rubric, world
from tests.home.conftest import Visitor
from tests.home.test_home import words
from tests.nominations.pages import fields_of, send

EMPTY = {"source": "", "code": "kosong-1", "category": "regency_city", "title_id": "Kosong", "title_en": "Empty"}


@pytest.fixture
def engine_name() -> str:
    """Pages ask of both engines what services ask: one engine is enough here."""
    return "sqlite"


@pytest.fixture
def here(db_session: Any) -> World:
    """A category in draft."""
    return world(state=State.DRAFT)


@pytest.fixture
def organiser(visit: Any, here: World) -> Visitor:
    """An organiser who has copied the default rubric into version 1 of contoh-1."""
    someone: Visitor = visit("organiser-1")
    assert post(someone, HOME, source="kabkota-default/1", code="contoh-1").status_code == 303
    return someone


def post(someone: Visitor, address: str, **fields: Any) -> Any:
    """A POST with the token of a small page."""
    return someone.send(address, "/sign-in/again", **fields)


def now() -> dict[str, str]:
    """The version that a form would be made from now."""
    return {"version": str(mine().row_version)}


def parts(group: str, **changed: str) -> dict[str, str]:
    """The rows of a group as its page sends them."""
    rows = now()
    for place, one in enumerate(getattr(mine(), group)):
        rows |= {f"{name}-{place}": one[name] for name in ("code", "title_id", "title_en")}
    return rows | changed


def told(answer: Any, status: int) -> str:
    """The words of an answer of this status."""
    assert answer.status_code == status, answer.get_data(as_text=True)
    return words(answer.get_data(as_text=True))


def test_entries_that_cannot_be_read_are_refused_and_nothing_is_stored(organiser: Visitor) -> None:
    before = form_of(mine())
    indicator = {"code": "F1", "title_id": "a", "title_en": "a", "aspect": "E", "stage": "desk", "weight": "5",
                 "source": "panel", "rule": "", "rule_shown": ""}  # fmt: skip
    for address, fields in (
        (MINE, weights(A1="x")),
        (f"{MINE}/settings", settings(total="x")),
        (f"{MINE}/parts/aspects", parts("aspects", **{"title_id-0": "x" * 301})),
        (f"{MINE}/indicators", now() | indicator | {"weight": ""}),
        (f"{MINE}/freeze/kabkota", {"reason": "x" * 2001, "digest": mine().digest}),
        (f"{HOME}/import", {"code": "x" * 65}),
        (f"{HOME}/import", {"code": "", "file": (io.BytesIO(b""), "")}),
    ):
        assert post(organiser, address, **fields).status_code == 422, address
    said = told(post(organiser, f"{MINE}/indicators", **now(), **indicator | {"source": "computed"}), 422)
    assert "Choose the rule that computes it" in said
    for group in ("colours", "indicators"):
        assert organiser.open(f"{MINE}/parts/{group}").status_code == 404
        assert post(organiser, f"{MINE}/parts/{group}", **now()).status_code == 404
    assert post(organiser, f"{MINE}/indicators/Z9", **now(), **indicator).status_code == 404
    assert form_of(mine()) == before
    assert db.session.scalar(select(func.count()).select_from(Proposal)) == 0
    assert db.session.scalar(select(func.count()).where(RubricVersion.cycle_id.is_not(None))) == 1


def test_buttons_that_lead_nowhere_change_no_order_and_a_new_code_neither(organiser: Visitor) -> None:
    before = form_of(mine())
    last = len(before["aspects"]) - 1
    for address, fields, do in (
        (MINE, weights, "up:Z9"), (MINE, weights, "up:A1"), (f"{MINE}/ties", now, "remove:99"),
        (f"{MINE}/ties", now, "up:x"), (f"{MINE}/parts/aspects", lambda: parts("aspects"), "up:0"),
        (f"{MINE}/parts/aspects", lambda: parts("aspects"), f"down:{last}"),
    ):  # fmt: skip
        assert post(organiser, address, **fields(), do=do).status_code == 303, (address, do)
        assert form_of(mine()) == before
    assert post(organiser, f"{MINE}/ties", **now(), element="indicator:A1").status_code == 303
    chain = list(mine().tie_break)
    address = f"{MINE}/indicators/A1"
    fields = fields_of(organiser.client, address)
    assert send(organiser.client, address, fields, code="Q1").status_code == 303
    assert mine().tie_break == ["indicator:Q1" if one == "indicator:A1" else one for one in chain]
    assert mine().indicator("A1") is None
    assert mine().indicator("Q1") is not None


def test_an_indicator_that_is_saved_untouched_says_what_it_said(visit: Any, here: World) -> None:
    someone = visit("organiser-1")
    seen: set[str] = set()
    for no, name in enumerate(("kabkota-default", "badan-usaha-default", "desa-default", "provinsi-default"), start=1):
        rubric(name)
        db.session.commit()
        assert post(someone, HOME, source=f"{name}/1", code=f"salinan-{no}").status_code == 303
        stored = find_rubric(f"salinan-{no}", 1)
        assert stored is not None
        before = form_of(stored)
        for one in before["indicators"]:
            rule = one.get("formula", {}).get("rule", "")
            if rule in seen:
                continue
            seen.add(rule)
            address = f"{HOME}/salinan-{no}/1/indicators/{one['code']}"
            assert send(someone.client, address, fields_of(someone.client, address)).status_code == 303, address
        db.session.expire_all()
        assert form_of(stored) == before
    assert len(seen) >= 10


def test_the_parameters_of_a_rule_are_typed_and_a_wrong_one_is_named_at_its_field(organiser: Visitor) -> None:
    new = {"code": "F1", "title_id": "a", "title_en": "a", "aspect": "E", "stage": "desk", "weight": "5",
           "source": "computed", "rule_shown": ""}  # fmt: skip
    address = f"{MINE}/indicators/F1"

    def made(rule: str) -> dict[str, Any]:
        if mine().indicator("F1") is not None:
            assert post(organiser, address, **now(), **new, rule=rule, do="remove").status_code == 303
        assert post(organiser, f"{MINE}/indicators", **now(), **new, rule=rule).status_code == 303
        return fields_of(organiser.client, address)

    def params() -> Any:
        return {one["code"]: one for one in form_of(mine())["indicators"]}["F1"]["formula"]["params"]

    fields = made("threshold_ladder")
    assert fields["param-thresholds"].split() == ["0.5", "6", "0.9", "9", "1", "10"]
    steps = "0,4 5\n\n1 10"
    assert send(organiser.client, address, fields, **{"param-thresholds": steps}).status_code == 303
    assert params()["thresholds"] == [["0.4", "5"], ["1", "10"]]
    fields |= now()
    said = told(send(organiser.client, address, fields, **{"param-thresholds": "x 10"}), 422)
    assert "A decimal number is written such as 7.75." in said
    assert params()["thresholds"] == [["0.4", "5"], ["1", "10"]]
    fields = made("ratio_capped")
    groups = {"param-groups": ["rt_rw", "health_cadre"], "param-skip_group_without_target": "yes"}
    figures = "covered_by_group\ntarget_by_group"
    page = send(organiser.client, address, fields, inputs="covered_by_group")
    assert page.status_code == 422
    assert 'id="inputs-error"' in page.get_data(as_text=True)
    assert send(organiser.client, address, fields, **groups, inputs=figures).status_code == 303
    assert params() == {"groups": ["rt_rw", "health_cadre"], "skip_group_without_target": True, "cap": "10"}
    again = fields_of(organiser.client, address)
    assert again["param-skip_group_without_target"] == "yes"
    assert send(organiser.client, address, again, **{"param-skip_group_without_target": None}).status_code == 303
    assert params() == {"groups": ["rt_rw", "health_cadre"], "cap": "10"}


def test_an_empty_rubric_ranks_nothing_and_a_trial_needs_a_seed_and_a_try_only_what_is_typed(
    organiser: Visitor,
) -> None:
    assert post(organiser, HOME, **EMPTY).status_code == 303
    there = f"{HOME}/kosong-1/1"
    page = organiser.read(there)
    assert "Weights add up to 0.00, should be 100.00. 100.00 missing." in words(page)
    assert "The heaviest aspect" not in page
    asked = {"source": "random", "seed": "4", "candidates": "5", "lang": "en"}
    answer = organiser.client.get(f"{there}/trial", query_string=asked)
    assert "There is no indicator yet." in told(answer, 422)
    for seed in ("", "1000000000"):
        answer = organiser.client.get(f"{MINE}/trial", query_string=asked | {"seed": seed})
        assert "Write a whole number of at most nine digits." in told(answer, 422)
    typed = {f"value-{one.code}": "" for one in mine().indicators} | {"value-A1": "5", "lang": "en"}
    assert "Total" in told(organiser.client.get(f"{MINE}/try", query_string=typed), 200)


def test_two_versions_are_compared_in_words(organiser: Visitor) -> None:
    fields = fields_of(organiser.client, f"{MINE}/settings")
    changed = {"scale_step": "0,5", "status": "decided", "others_marks": "plenary", "named_marks": "yes"}
    assert send(organiser.client, f"{MINE}/settings", fields, **changed).status_code == 303
    address = f"{MINE}/indicators/A1"
    assert send(organiser.client, address, fields_of(organiser.client, address), do="remove").status_code == 303
    assert post(organiser, f"{MINE}/parts/aspects", **parts("aspects"), do="down:0").status_code == 303
    computed = next(one for one in form_of(mine())["indicators"] if one["source"] == "computed")
    address = f"{MINE}/indicators/{computed['code']}"
    assert (
        send(organiser.client, address, fields_of(organiser.client, address), **{"param-cap": "9"}).status_code == 303
    )
    said = told(
        organiser.client.get(
            f"{HOME}/contoh-1/compare", query_string={"a": "kabkota-default/1", "b": "1", "lang": "en"}
        ),
        200,
    )
    for sentence in (
        "Scale 0 to 10 in steps of 0.01 0 to 10 in steps of 0.5",
        "Decided by the committee",
        "only in the plenary",
        "By letter (J1, J2, …) By name",
        "In another place",
        "Highest value: 9",
    ):
        assert sentence in said, sentence


def test_a_draft_that_chooses_what_is_not_offered_keeps_its_rubric(organiser: Visitor, here: World) -> None:
    before = rubric_of(here.category).ref
    answer = post(organiser, f"{HOME}/choose/kabkota", rubric="nothing/1")
    assert answer.status_code == 303
    assert "Choose a rubric version." in organiser.read(HOME)
    db.session.expire_all()
    assert rubric_of(here.category).ref == before
    rubric("desa-default")
    db.session.commit()
    page = organiser.read(f"{HOME}/desa-default/1")
    assert "/freeze/kabkota" not in page
    assert "/freeze/kabkota" in organiser.read(MINE)


def test_a_version_that_was_frozen_while_somebody_typed_says_so_and_keeps_what_was_typed(organiser: Visitor) -> None:
    typed = weights(A1="10")
    frozen = "UPDATE rubric_version SET frozen_at = '2026-03-02 03:00:00.000000' WHERE code = 'contoh-1'"
    with meanwhile(frozen):
        answer = post(organiser, MINE, **typed)
    assert answer.status_code == 409
    assert "This rubric version is frozen. Make a new version instead." in answer.get_data(as_text=True)
    assert 'value="10"' in answer.get_data(as_text=True)
    assert mine().indicator("A1").weight == 12
