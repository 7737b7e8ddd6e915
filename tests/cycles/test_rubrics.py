"""The rubric builder at the door: built, saved with a wrong sum, tried, compared, and frozen by two people."""

import io
import json
import re
from typing import Any

import pytest
from sqlalchemy import func, select

from paritrana.audit import service as audit
from paritrana.audit.models import Event
from paritrana.config import data_folder
from paritrana.core.lifecycle import State
from paritrana.cycles.models import Proposal, RubricVersion
from paritrana.cycles.queries import find_rubric, rubric_of
from paritrana.cycles.rubrics.document import form_of
from paritrana.database import db
from tests.factories import World, grant, person, rubric, world
from tests.factories_results import contest
from tests.home.test_home import words

HOME = "/manage/contoh-2025/rubrics"
MINE = f"{HOME}/contoh-1/1"
OBSERVED = f"{HOME}/ntb-2024-observed/1"
SEED = data_folder("seed") / "rubrics"
REASON = "Bobot wawancara diperbaiki."


@pytest.fixture
def here(db_session) -> World:
    """A category in draft, the delivered rubrics of regencies stored."""
    made = world(state=State.DRAFT)
    rubric("ntb-2024-observed")
    db.session.commit()
    return made


@pytest.fixture
def organiser(visit, here):
    """An organiser who has copied the default rubric into version 1 of contoh-1."""
    someone = visit("organiser-1")
    assert someone.send(HOME, source="kabkota-default/1", code="contoh-1").status_code == 303
    return someone


def mine() -> RubricVersion:
    db.session.expire_all()
    found = find_rubric("contoh-1", 1)
    assert found is not None
    return found


def weights(**changed: str) -> dict[str, str]:
    """Every weight of the page, some of them typed over."""
    typed = {f"weight-{one.code}": str(one.weight) for one in mine().indicators}
    return typed | {f"weight-{code}": text for code, text in changed.items()} | {"version": str(mine().row_version)}


def settings(**changed: str) -> dict[str, str]:
    stored = mine()
    same = {
        "title_id": stored.title_id, "title_en": stored.title_en, "category": stored.category_kind,
        "status": stored.status, "total": "100", "scale_min": "0", "scale_max": "10", "scale_step": "0.01",
        "panel_size": "9", "quorum": "5", "panel_aggregate": "mean", "consolidation_spread": "2,5",
        "counted_round": "2", "others_marks": "all_in", "named_marks": "no", "version": str(stored.row_version),
    }  # fmt: skip
    return same | changed


def freeze(someone: Any, address: str = MINE, digest: str | None = None, reason: str = "") -> Any:
    digest = mine().digest if digest is None else digest
    return someone.send(f"{address}/freeze/kabkota", digest=digest, reason=reason)


def waiting() -> Proposal:
    return db.session.scalars(select(Proposal).where(Proposal.act == "freeze_rubric").order_by(Proposal.id)).all()[-1]


def confirm(someone: Any, address: str = MINE, digest: str | None = None) -> Any:
    proposal = waiting()
    return someone.send(f"{address}/freeze/kabkota/{proposal.ref}", digest=digest or proposal.digest, answer="confirm")


def events(kind: str) -> int:
    return db.session.scalar(select(func.count()).select_from(Event).where(Event.kind == kind)) or 0


# Building ------------------------------------------------------------------------------------------------------------


def test_a_copy_says_what_its_source_says_and_belongs_to_the_cycle(organiser, here):
    copied = json.loads((SEED / "kabkota-default.json").read_bytes()) | {"code": "contoh-1"}
    assert form_of(mine()) == copied
    assert mine().cycle_id == here.cycle.id
    assert mine().frozen_at is None
    page = words(organiser.read(HOME))
    assert "contoh-1, version 1" in page
    assert "In work" in page


def test_the_five_defaults_and_the_observed_one_are_ready_to_choose(visit, here):
    for path in SEED.glob("*.json"):
        rubric(path.stem)
    db.session.commit()
    page = visit("organiser-1").read(HOME)
    assert all(f'value="{path.stem}/1"' in page for path in SEED.glob("*.json"))


def test_a_wrong_sum_is_saved_named_and_not_frozen(organiser, here):
    assert organiser.send(MINE, **weights(A1="10")).status_code == 303
    page = words(organiser.read(MINE))
    assert "Weights add up to 98.00, should be 100.00. 2.00 missing." in page
    refused = freeze(organiser)
    assert refused.status_code == 409
    assert "The rubric cannot be frozen yet." in refused.get_data(as_text=True)
    assert organiser.send(MINE, **weights(A1="12,5")).status_code == 303
    assert "Weights add up to 100.50, should be 100.00. 0.50 too much." in words(organiser.read(MINE))
    assert db.session.scalar(select(func.count()).select_from(Proposal)) == 0


def test_the_sum_comes_from_the_server_while_somebody_types(organiser, here):
    said = organiser.send(f"{MINE}/sum", **weights(A1="10", A2="x")).get_data(as_text=True)
    assert "Weights add up to 98.00, should be 100.00. 2.00 missing." in said
    assert "A2" in said
    assert mine().indicator("A1").weight == 12


def test_the_effective_column_is_the_points_of_the_core(organiser, here):
    page = organiser.read(MINE)
    assert re.search(r'data-label="Effective">12\.00</td><td class="p-num" data-label="Share">12\.00%', page)
    assert '<svg xmlns="http://www.w3.org/2000/svg"' in page
    assert "The heaviest aspect is B Pro" in page


def test_indicators_move_within_their_aspect_and_keep_what_was_typed(organiser, here):
    assert organiser.send(MINE, do="down:A1", **weights(A1="10")).status_code == 303
    assert [one.code for one in mine().indicators][:3] == ["A2", "A1", "A3"]
    assert mine().indicator("A1").weight == 10
    organiser.send(MINE, do="up:A2", **weights())
    assert [one.code for one in mine().indicators][:3] == ["A2", "A1", "A3"]


def test_an_indicator_is_made_changed_and_taken_out(organiser, here):
    new = {
        "code": "F1", "title_id": "ꦥ" * 300, "title_en": "漢" * 300, "description_id": "", "description_en": "",
        "aspect": "E", "stage": "interview", "weight": "5", "source": "panel", "rule": "", "rule_shown": "",
        "levels-score-0": "10", "levels-id-0": "Baik", "levels-en-0": "Good",
        "levels-score-1": "0", "levels-id-1": "Buruk", "levels-en-1": "Bad",
    }  # fmt: skip
    version = str(mine().row_version)
    assert organiser.send(f"{MINE}/indicators", version=version, **new).status_code == 303
    made = mine().indicator("F1")
    assert made.title_id == "ꦥ" * 300
    assert [level["score"] for level in made.levels] == ["0", "10"]
    twice = organiser.send(f"{MINE}/indicators", version=str(mine().row_version), **new)
    assert twice.status_code == 422
    assert "This code is given twice." in twice.get_data(as_text=True)
    computed = new | {"source": "computed", "rule": "share_of_units"}
    answer = organiser.send(f"{MINE}/indicators/F1", version=str(mine().row_version), **computed)
    assert answer.status_code == 303
    assert answer.location.endswith("/indicators/F1")
    assert (mine().indicator("F1").rule, mine().indicator("F1").evidence_kinds) == ("share_of_units", ["regulation"])
    assert "Highest value" in organiser.read(f"{MINE}/indicators/F1")
    gone = new | {"do": "remove", "version": str(mine().row_version)}
    assert organiser.send(f"{MINE}/indicators/F1", **gone).status_code == 303
    assert mine().indicator("F1") is None


def test_an_unknown_rule_is_refused_in_both_languages(organiser, here):
    typed = {"code": "F1", "title_id": "a", "title_en": "a", "aspect": "E", "stage": "desk", "weight": "5",
             "source": "computed", "rule": "guess", "version": str(mine().row_version)}  # fmt: skip
    refused = organiser.send(f"{MINE}/indicators", **typed)
    assert refused.status_code == 422
    assert "from the list" in refused.get_data(as_text=True)
    assert mine().indicator("F1") is None


def test_a_renamed_aspect_takes_its_indicators_and_ties_along(organiser, here):
    rows: dict[str, str] = {"version": str(mine().row_version)}
    for place, one in enumerate(mine().aspects):
        rows |= {f"{name}-{place}": one[name] for name in ("code", "title_id", "title_en")}
    assert organiser.send(f"{MINE}/parts/aspects", **rows, **{}).status_code == 303
    rows["code-0"], rows["version"] = "R", str(mine().row_version)
    assert organiser.send(f"{MINE}/parts/aspects", **rows).status_code == 303
    assert {one.aspect for one in mine().indicators} == {"R", "B", "C", "D", "E"}
    rows |= {"do": "down:0", "version": str(mine().row_version)}
    assert organiser.send(f"{MINE}/parts/aspects", **rows).status_code == 303
    assert [one["code"] for one in mine().aspects] == ["B", "R", "C", "D", "E"]
    rows = {"do": "remove:0", "version": str(mine().row_version), "code-0": "B", "title_id-0": "B", "title_en-0": "B"}
    refused = organiser.send(f"{MINE}/parts/aspects", **rows)
    assert refused.status_code == 422  # its indicators would stand in no aspect


def test_the_chain_of_tie_breaks_is_chosen_and_ordered_by_buttons(organiser, here):
    def send(**fields: str) -> int:
        return organiser.send(f"{MINE}/ties", version=str(mine().row_version), **fields).status_code

    before = list(mine().tie_break)
    assert send(element="aspect:D") == 303
    assert send(do=f"up:{len(before)}", element="") == 303
    assert mine().tie_break == [*before[:-1], "aspect:D", before[-1]]
    assert send(do="remove:0", element="") == 303
    assert mine().tie_break == [*before[1:-1], "aspect:D", before[-1]]
    assert send(element="aspect:Q") == 422


def test_the_settings_are_told_in_sentences(organiser, here):
    changed = settings(
        quorum="4", counted_round="1", others_marks="plenary", named_marks="yes", panel_aggregate="trimmed_mean"
    )
    assert organiser.send(f"{MINE}/settings", **changed).status_code == 303
    page = words(organiser.read(MINE))
    assert "An indicator counts with at least 4 marks." in page
    assert "mean without one lowest and one highest mark." in page
    assert "A missing mark and an abstention are never zero" in page
    assert "Assessors see the marks of the others only in the plenary: by name." in page
    refused = organiser.send(f"{MINE}/settings", **settings(quorum="10"))
    assert refused.status_code == 422
    assert "The quorum is no larger than the panel." in refused.get_data(as_text=True)


def test_of_two_tabs_the_second_sees_both_versions(organiser, visit, here):
    old = weights(A1="11", A2="6")
    assert organiser.send(MINE, **weights(A1="10")).status_code == 303
    answer = visit("organiser-2").send(MINE, **old)
    page = words(answer.get_data(as_text=True))
    assert answer.status_code == 409
    assert "Organiser 1 changed this at" in page
    assert "Indicators: A1 Weight 10 11" in page
    assert 'value="11"' in answer.get_data(as_text=True)
    assert mine().indicator("A1").weight == 10


def test_a_second_press_of_the_same_form_changes_nothing_more(organiser, here):
    form = weights(A1="10")
    assert organiser.send(MINE, **form).status_code == 303
    stored = events("rubric.stored")
    assert organiser.send(MINE, **form).status_code == 303
    assert events("rubric.stored") == stored


def test_every_saved_version_is_told_whole(organiser, here):
    organiser.send(MINE, **weights(A1="10"))
    told = select(Event).where(Event.kind == "rubric.stored", Event.object_ref == mine().ref)
    event = db.session.scalars(told.order_by(Event.seq)).all()[-1]
    values = json.loads(event.content.body)["values"]
    assert event.stream == audit.intake("contoh-2025")
    assert values == {"digest": mine().digest, "form": form_of(mine())}


# Trying it out -------------------------------------------------------------------------------------------------------


def test_the_observed_sheet_gives_51_51(visit, here):
    marks = ("7.75", "5,16", "1.09", "9.00", "9.45", "10.00", "9.06")
    typed = {f"value-N{no}": mark for no, mark in enumerate(marks, start=1)}
    someone = visit("organiser-1")
    page = someone.client.get(f"{OBSERVED}/try", query_string=typed | {"lang": "en"}).get_data(as_text=True)
    assert "Total 51.51 of 70.00" in page
    page = someone.client.get(f"{OBSERVED}/try", query_string=typed | {"lang": "id"}).get_data(as_text=True)
    assert "Jumlah 51,51 dari 70,00" in page
    refused = someone.client.get(f"{OBSERVED}/try", query_string=typed | {"value-N1": "11", "lang": "en"})
    assert refused.status_code == 422
    assert "Write a value on the scale: 0 to 10 in steps of 0.01." in refused.get_data(as_text=True)


def test_a_trial_run_draws_the_same_ranking_from_the_same_seed_and_stores_nothing(organiser, here):
    asked = {"source": "random", "seed": "4", "candidates": "5", "lang": "en"}
    before = events("rubric.stored")

    def table(**changed: str) -> str:
        page = organiser.client.get(f"{MINE}/trial", query_string=asked | changed).get_data(as_text=True)
        assert "Trial run, not a result" in page
        return page[page.index("<tbody>") : page.index("</tbody>")]

    assert table() == table()
    assert table() != table(seed="5")
    assert events("rubric.stored") == before
    wrong = organiser.client.get(f"{MINE}/trial", query_string=asked | {"candidates": "51"})
    assert wrong.status_code == 422


def test_a_trial_run_ranks_what_was_published_where_the_indicators_are_the_same(visit, here):
    from datetime import timedelta

    from paritrana.reference.models import Source
    from paritrana.seeding import cycles as seeding

    described, bundle = seeding.read_historical(data_folder("seed"))
    db.session.add(Source(key=described["source_key"], title="Contoh", publisher="Contoh", published="2025"))
    db.session.add_all([_region("52", "Nusa Tenggara Barat", None), _region("52.03", "Kabupaten Lombok Timur", "52")])
    seeding.add_historical(described, bundle, at=here.now - timedelta(days=1))
    db.session.commit()
    someone = visit("organiser-1")
    asked = {"source": "ntb-2024/kabkota", "seed": "1", "candidates": "5", "lang": "en"}
    page = someone.client.get(f"{OBSERVED}/trial", query_string=asked).get_data(as_text=True)
    assert "51.51" in page
    assert "Trial run, not a result" in page
    other = someone.client.get(f"{HOME}/kabkota-default/1/trial", query_string={"lang": "en"}).get_data(as_text=True)
    assert "its indicators are others" in other


def _region(code: str, name: str, parent: str | None) -> Any:
    from paritrana.reference.models import Region

    return Region(
        code=code, name=name, short_name=name, kind="regency" if parent else "province", parent_code=parent,
        timezone="Asia/Makassar", award_zone="nusra_maluku_papua", source_key="PROJ",
        **({} if parent else {"tile_row": 1, "tile_col": 1, "tile_label": code}),
    )  # fmt: skip


# Files and comparison ------------------------------------------------------------------------------------------------


def import_file(someone: Any, content: bytes, **fields: str) -> Any:
    return someone.send(f"{HOME}/import", file=(io.BytesIO(content), "rubrik.json"), **fields)


def test_a_file_goes_out_and_comes_in_byte_for_byte(visit, here):
    someone = visit("organiser-1")
    out = someone.open(f"{HOME}/kabkota-default/1/rubric.json").data
    assert out == (SEED / "kabkota-default.json").read_bytes()
    changed = out.replace(b'"code": "kabkota-default"', b'"code": "contoh-1"').replace(b'"version": 1', b'"version": 3')
    assert import_file(someone, changed).status_code == 303
    assert someone.open(f"{HOME}/contoh-1/3/rubric.json").data == changed
    again = import_file(someone, changed)
    assert again.status_code == 409
    assert "Version 3 of contoh-1 is there already." in again.get_data(as_text=True)
    assert import_file(someone, changed, code="contoh-2").status_code == 303
    assert find_rubric("contoh-2", 1) is not None


@pytest.mark.parametrize(
    ("spoil", "sentence"),
    [
        (lambda form: form | {"colour": "red"}, "/colour: This key is unknown."),
        (lambda form: form | {"quorum": 10}, "/quorum: The quorum is no larger than the panel."),
        (lambda form: form | {"title_id": "ꦥ" * 301}, "/title_id: The text has more than 300 characters."),
        (lambda form: form | {"code": "kabkota-default"}, "The code kabkota-default belongs to another rubric."),
    ],
)
def test_a_file_with_anything_wrong_is_refused_whole(visit, here, spoil, sentence):
    someone, form = visit("organiser-1"), json.loads((SEED / "kabkota-default.json").read_bytes())
    before = db.session.scalar(select(func.count()).select_from(RubricVersion))
    answer = import_file(someone, json.dumps(spoil(form | {"code": "contoh-9"})).encode())
    assert answer.status_code in {409, 422}
    assert sentence in answer.get_data(as_text=True)
    assert db.session.scalar(select(func.count()).select_from(RubricVersion)) == before


def test_two_versions_stand_side_by_side(organiser, here):
    organiser.send(MINE, **weights(A1="10"))
    page = organiser.client.get(
        f"{HOME}/contoh-1/compare", query_string={"a": "kabkota-default/1", "b": "1", "lang": "en"}
    )
    said = words(page.get_data(as_text=True))
    assert "Indicators: A1 Weight 12 10" in said
    assert "98.00 / 100.00" in said
    assert organiser.client.get(f"{HOME}/contoh-1/compare", query_string={"a": "1", "b": "99"}).status_code == 404


# Freezing ------------------------------------------------------------------------------------------------------------


def test_two_people_freeze_and_the_category_is_judged_by_it(organiser, visit, here):
    assert freeze(organiser).status_code == 303
    chair = visit("chair")
    assert "Freeze this version" in words(chair.read(MINE))
    assert confirm(chair).status_code == 303
    assert mine().frozen_at is not None
    assert rubric_of(here.category).ref == "contoh-1/1"
    assert (events("rubric.frozen"), events("category.rubric_chosen")) == (3, 1)
    refused = organiser.send(MINE, **weights(A1="10"))
    assert refused.status_code == 409
    assert "This rubric version is frozen. Make a new version instead." in refused.get_data(as_text=True)
    assert mine().indicator("A1").weight == 12


def test_neither_the_proposer_nor_another_account_of_the_same_person_confirms(organiser, visit, here):
    freeze(organiser)
    assert confirm(organiser).status_code == 403
    twin = person("kembaran")
    twin.person_id = here.accounts["organiser-1"].person_id
    from paritrana.panels.models import Seat

    seat = db.session.scalars(select(Seat).where(Seat.role == "chair")).one()
    seat.account_id = twin.id
    db.session.commit()
    refused = confirm(visit("kembaran"))
    assert refused.status_code == 409
    assert "The requester cannot approve. Ask another person." in refused.get_data(as_text=True)
    assert mine().frozen_at is None


def test_a_moved_version_voids_its_proposal(organiser, visit, here):
    freeze(organiser)
    old = waiting().digest
    organiser.send(f"{MINE}/settings", **settings(quorum="4"))
    db.session.expire_all()
    assert waiting().state == "void"
    assert confirm(visit("chair"), digest=old).status_code == 409
    assert freeze(organiser, digest="0" * 64).status_code == 409
    assert freeze(organiser).status_code == 303
    assert confirm(visit("chair"), digest=old).status_code == 409
    assert mine().frozen_at is None


def test_a_proposal_is_taken_back_or_sent_back(organiser, visit, here):
    freeze(organiser)
    assert freeze(organiser).status_code == 409  # it waits already
    assert organiser.send(f"{MINE}/freeze/kabkota/{waiting().ref}/withdraw").status_code == 303
    freeze(organiser)
    answer = visit("chair").send(f"{MINE}/freeze/kabkota/{waiting().ref}", answer="refuse")
    assert answer.status_code == 303
    db.session.expire_all()
    assert waiting().state == "withdrawn"


def test_an_old_sign_in_proposes_nothing(organiser, here, clock):
    clock.advance(minutes=11)
    assert freeze(organiser).status_code in {302, 303, 401}
    assert db.session.scalar(select(func.count()).select_from(Proposal)) == 0


def test_a_draft_chooses_any_version_of_its_kind(organiser, here):
    assert organiser.send(f"{HOME}/choose/kabkota", rubric="ntb-2024-observed/1").status_code == 303
    db.session.expire_all()
    assert rubric_of(here.category).code == "ntb-2024-observed"
    rubric("desa-default")
    db.session.commit()
    refused = organiser.send(f"{HOME}/choose/kabkota", rubric="desa-default/1")
    assert refused.status_code == 409
    assert "This rubric is made for another kind of category." in refused.get_data(as_text=True)


def test_an_open_category_changes_only_with_a_reason_and_two_people(organiser, visit, here):
    here.category.state = int(State.OPEN)
    db.session.commit()
    assert organiser.send(f"{HOME}/choose/kabkota", rubric="ntb-2024-observed/1").status_code == 409
    assert freeze(organiser).status_code == 422
    assert freeze(organiser, reason=REASON).status_code == 303
    assert confirm(visit("chair")).status_code == 303
    db.session.expire_all()
    assert rubric_of(here.category).ref == "contoh-1/1"


def test_once_interviews_began_the_rubric_stays(organiser, visit, here):
    freeze(organiser)
    here.category.state = int(State.INTERVIEW)
    db.session.commit()
    assert freeze(organiser, reason=REASON).status_code == 409
    assert confirm(visit("chair")).status_code == 409
    assert organiser.send(MINE, **weights(A1="10")).status_code == 409
    assert mine().frozen_at is None


def test_a_rubric_under_marks_is_not_replaced_and_leads_to_the_restart(db_session, visit, clock):
    here = contest(2)
    category = here.category
    someone = visit("organiser-1")
    category.state = int(State.VERIFICATION)
    db.session.commit()
    someone.send(HOME, source="kabkota-default/1", code="contoh-1")
    refused = freeze(someone, reason=REASON)
    assert refused.status_code == 409
    assert "Marks were given by the rubric of this category." in refused.get_data(as_text=True)
    category.state = int(State.SCORING)
    db.session.commit()
    assert "/scoring/kabkota/restart" in someone.read(f"{HOME}/kabkota-default/1")


# Who sees and who may ------------------------------------------------------------------------------------------------


def test_versions_of_another_cycle_are_not_there_and_their_codes_are_taken(organiser, visit, here):
    from paritrana.cycles.models import Cycle

    columns = {
        one.name: getattr(here.cycle, one.name) for one in Cycle.__table__.columns if one.name not in {"id", "code"}
    }
    other = Cycle(**columns, code="lain-2025")
    db.session.add(other)
    db.session.flush()
    grant(person("organiser-other"), "organiser", cycle=other)
    db.session.commit()
    stranger = visit("organiser-other")
    there = "/manage/lain-2025/rubrics"
    assert "contoh-1" not in stranger.read(there)
    assert stranger.open(f"{there}/contoh-1/1").status_code == 404
    assert stranger.open(MINE).status_code == 404
    assert stranger.open(f"{there}/kabkota-default/1").status_code == 200
    taken = stranger.send(there, source="kabkota-default/1", code="contoh-1")
    assert taken.status_code == 409
    assert organiser.open(there).status_code == 404


def test_a_chair_reads_and_does_not_write(organiser, visit, here):
    chair = visit("chair")
    assert "Save the weights" not in chair.read(MINE)
    assert chair.send(MINE, **weights(A1="10")).status_code == 403
    assert chair.open(f"{MINE}/settings").status_code == 403
    assert visit("assessor-3").open(MINE).status_code == 404


def test_list_and_page_ask_a_fixed_number_of_statements(organiser, here, statements):
    def counted(address: str) -> int:
        organiser.read(address)
        with statements() as sent:
            organiser.read(address)
        return len([one for one in sent if one.startswith("SELECT")])

    few = counted(HOME), counted(MINE)
    for no in range(2, 7):
        organiser.send(HOME, source="kabkota-default/1", code=f"contoh-{no}")
    assert (counted(HOME), counted(MINE)) == few
    assert max(few) <= 12
