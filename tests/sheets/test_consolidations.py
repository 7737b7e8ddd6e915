"""A second scoring at the door: the chair opens and closes it, each assessor keeps or changes, both rounds stand."""

import json
from decimal import Decimal

import pytest

from paritrana.audit.models import Event
from paritrana.core.errors import WrongState
from paritrana.core.lifecycle import State
from paritrana.core.scoring import NotOnSheet
from paritrana.cycles.models import RubricVersion
from paritrana.database import db
from paritrana.panels.models import Seat
from paritrana.panels.service import recuse
from paritrana.results.queries import inputs, inputs_digest, marks_of
from paritrana.sheets import queries as sheets
from paritrana.sheets.consolidations import service
from paritrana.sheets.consolidations.closing import ConsolidationsUnfinished, close_consolidation
from paritrana.sheets.models import Consolidation, Mark, Sheet
from paritrana.sheets.service import ChairConcerned, close_scoring
from paritrana.sheets.tasks import tasks
from tests.factories_results import category_of, contest, nominations
from tests.nominations.pages import fields_in, fields_of, send, text_of


def far_apart(candidate, assessor, indicator):
    """Of candidate 0 the marks of E1 lie exactly 2,51 apart, those of E2 exactly at the limit of 2,50."""
    if candidate == 0 and indicator == "E1" and assessor == 4:
        return Decimal("9.51")
    if candidate == 0 and indicator == "E2" and assessor == 4:
        return Decimal("9.50")
    return Decimal("7.00")


@pytest.fixture
def here(app, db_session):
    return contest(2, value=far_apart, state=State.SCORING)


@pytest.fixture
def candidate(here):
    return nominations(here)[0]


@pytest.fixture
def opened(here, candidate):
    made = service.open_consolidation(candidate, "Bicara tentang E1.", actor=here.actor("chair"), at=here.now)
    db.session.commit()
    return made


def again(here, consolidation, name, value=None, reason="", *, indicator="E1", expected=0):
    mark = service.score_again(
        consolidation, indicator, None if value is None else Decimal(value), reason, keep=value is None,
        expected=expected, actor=here.actor(name), at=here.now,
    )  # fmt: skip
    db.session.commit()
    return mark


def seconds():
    db.session.rollback()
    return db.session.query(Mark).filter_by(round=2).order_by(Mark.id).all()


def english(client, address):
    return text_of(client.get(address, query_string={"lang": "en"}))


# The chair ------------------------------------------------------------------------------------------------------------


def test_the_chair_opens_it_with_the_reason_of_the_discussion_for_what_exceeds_the_limit(here, candidate, door):
    client = door("chair")
    address = f"/assessments/{candidate.ref}/consolidation"
    page = english(client, "/consolidations")
    assert "E1: marks from 7.00 to 9.51, spread 2.51" in page
    assert "E2:" not in page
    assert nominations(here)[1].organisation.name not in page
    fields = fields_of(client, "/consolidations", address)
    assert send(client, address, fields, reason=" ").status_code == 422
    assert db.session.query(Consolidation).count() == 0
    answer = send(client, address, fields, reason="Bicara tentang E1.")
    assert answer.status_code == 303
    (made,) = db.session.query(Consolidation).all()
    assert answer.location == f"/consolidations/{made.ref}"
    assert made.indicators == [{"code": "E1", "low": "7.00", "high": "9.51"}]
    assert [one.kind for one in db.session.query(Event).filter_by(object_ref=made.ref)] == ["consolidation.opened"]
    shown = english(client, answer.location)
    assert "Bicara tentang E1." in shown
    assert "Spread before 2.51, after 2.51; limit 2.50." in shown


def test_nobody_but_the_chair_opens_or_closes_it(here, candidate, opened, door):
    for name in ("assessor-3", "deputy", "organiser-1"):
        client = door(name)
        fields = {"csrf_token": fields_of(client, "/home", "/sign-out")["csrf_token"], "reason": "x"}
        for address in (f"/assessments/{candidate.ref}/consolidation", f"/consolidations/{opened.ref}/close"):
            assert send(client, address, fields | {"idempotency_key": address}).status_code in {403, 404}, name
    assert "Close the second scoring" not in english(door(), f"/consolidations/{opened.ref}")
    db.session.rollback()
    assert opened.closed_at is None


def test_it_opens_only_when_every_sheet_of_the_candidate_is_in_once_and_where_there_is_something(here, candidate):
    chair = here.actor("chair")
    with pytest.raises(service.NothingToConsolidate):
        service.open_consolidation(nominations(here)[1], "x", actor=chair, at=here.now)
    sheet = db.session.query(Sheet).filter_by(nomination_id=candidate.id).first()
    kept = sheet.submitted_at, sheet.digest
    sheet.submitted_at = sheet.digest = None
    db.session.commit()
    with pytest.raises(service.SheetsNotIn):
        service.open_consolidation(candidate, "x", actor=chair, at=here.now)
    sheet.submitted_at, sheet.digest = kept
    db.session.commit()
    service.open_consolidation(candidate, "x", actor=chair, at=here.now)
    db.session.commit()
    with pytest.raises(service.AlreadyOpened):
        service.open_consolidation(candidate, "x", actor=chair, at=here.now)
    category_of(here).state = int(State.PLENARY)
    db.session.commit()
    with pytest.raises(WrongState):
        service.open_consolidation(nominations(here)[1], "x", actor=chair, at=here.now)


def test_it_closes_with_a_reason_and_both_rounds_stand(here, opened, door):
    again(here, opened, "assessor-3", "7.50", "Sekarang saya paham.")
    client, address = door("chair"), f"/consolidations/{opened.ref}"
    fields = fields_of(client, address, f"{address}/close")
    assert "Not everybody has answered." in english(client, address)
    assert send(client, f"{address}/close", fields).status_code == 422
    assert send(client, f"{address}/close", fields, reason="Sepakat.").status_code == 303
    page = english(client, address)
    assert "The second scoring is closed" in page
    assert "Sepakat." in page
    assert "7.50" in page
    db.session.rollback()
    with pytest.raises(service.ConsolidationClosed):
        again(here, opened, "assessor-4")
    db.session.rollback()
    with pytest.raises(WrongState):
        close_consolidation(opened, "x", actor=here.actor("chair"), at=here.now)


# The assessors --------------------------------------------------------------------------------------------------------


def test_an_assessor_keeps_or_changes_the_own_mark_and_nobody_has_to_agree(here, opened, door):
    client, page = door(), f"/consolidations/{opened.ref}"
    address = f"{page}/marks/E1"
    fields = fields_of(client, page, address)
    assert send(client, address, fields, choice="change", value="8,25", reason="").status_code == 422
    assert send(client, address, fields, choice="change", reason="x").status_code == 422
    assert send(client, address, fields, choice="change", value="10,5", reason="x").status_code == 422
    assert send(client, address, fields).status_code == 422
    assert seconds() == []
    assert (
        send(client, address, fields, choice="change", value="8,25", reason="Sekarang saya paham.").status_code == 303
    )
    (mark,) = seconds()
    assert (mark.value, mark.panel_note, mark.version) == (Decimal("8.25"), "Sekarang saya paham.", 1)
    fields = fields_of(client, page, address)
    assert send(client, address, fields, choice="keep").status_code == 303
    (mark,) = seconds()
    assert (mark.value, mark.version) == (Decimal("7.00"), 2)
    own = sheets.find_sheet(opened.nomination_id, here.accounts["assessor-3"].id, 1)
    assert sheets.marks_of(own)["E1"].value == Decimal("7.00")
    assert sheets.marks_of(own)["E1"].version == 1


def test_a_page_that_is_behind_changes_nothing(here, opened, door):
    client, page = door(), f"/consolidations/{opened.ref}"
    fields = fields_of(client, page, f"{page}/marks/E1")
    again(here, opened, "assessor-3", "8.00", "x")
    answer = send(client, f"{page}/marks/E1", fields, choice="keep")
    assert answer.status_code == 409
    assert seconds()[0].value == Decimal("8.00")


def test_only_what_is_listed_is_scored_again_and_only_by_who_has_a_sheet(here, opened, candidate):
    with pytest.raises(NotOnSheet):
        again(here, opened, "assessor-3", indicator="A1")
    db.session.rollback()
    recuse(candidate, "Kerabat.", actor=here.actor("assessor-3"), at=here.now)
    db.session.commit()
    with pytest.raises(service.SheetClosed):
        again(here, opened, "assessor-3")


def test_who_is_in_conflict_meets_nothing_of_it(here, opened, candidate, door):
    again(here, opened, "assessor-4", "9.00", "Kata assessor-4.")
    recuse(candidate, "Kerabat.", actor=here.actor("assessor-3"), at=here.now)
    db.session.commit()
    client = door()
    for address in (f"/consolidations/{opened.ref}", f"/assessments/{candidate.ref}/marks"):
        assert client.get(address).status_code == 404
    assert candidate.organisation.name not in text_of(client.get("/consolidations"))
    assert not [one for one in tasks(here.actor("assessor-3"), here.now) if one.endpoint.startswith("consol")]
    others = english(door("assessor-4"), f"/consolidations/{opened.ref}")
    assert "1 of 8" in others


def test_the_marks_stand_by_letters_unless_the_rubric_names_people(here, opened, door):
    name = here.accounts["assessor-5"].name
    address = f"/consolidations/{opened.ref}"
    assert name not in english(door(), address)
    db.session.query(RubricVersion).update({"named_marks": True})
    db.session.commit()
    assert name in english(door(), address)


# What counts ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("counted", "value"), [(2, "8.00"), (1, "7.00")])
def test_the_rubric_says_which_round_counts_and_the_file_shows_both(here, opened, counted, value):
    db.session.query(RubricVersion).update({"counted_round": counted})
    db.session.commit()
    before = inputs_digest(category_of(here))
    again(here, opened, "assessor-3", "8.00", "x")
    assert inputs_digest(category_of(here)) != before
    category = category_of(here)
    code = db.session.query(Seat).filter_by(account_id=here.accounts["assessor-3"].id).one().code
    (mine,) = (
        one for one in inputs(category).contest.marks if one[:3] == (opened.nomination.candidate_code, "E1", code)
    )
    assert mine.value == Decimal(value)
    rows = [
        one for one in marks_of(category)
        if (one.candidate, one.indicator, one.assessor) == (opened.nomination.candidate_code, "E1", code)
    ]  # fmt: skip
    assert [(one.round, one.value, one.counts) for one in rows] == [
        (1, Decimal("7.00"), counted == 1), (2, Decimal("8.00"), counted == 2),
    ]  # fmt: skip
    assert inputs(category).scored_again.keys() == {f"consolidation:{opened.nomination.candidate_code}:E1"}
    both = json.loads(inputs(category).scored_again[f"consolidation:{opened.nomination.candidate_code}:E1"])
    assert (both["counted_round"], both["first"][code], both["second"]) == (counted, "7.00", {code: "8.00"})
    assert len(both["first"]) == 9
    counting = [one[:3] for one in marks_of(category) if one.counts]
    assert len(counting) == len(set(counting)) == len(inputs(category).contest.marks)


# The end of the scoring -----------------------------------------------------------------------------------------------


def test_the_scoring_closes_over_an_open_one_only_with_a_reason(here, opened, door):
    address = "/manage/contoh-2025/scoring/kabkota/close"
    client = door("chair")
    fields = fields_of(client, "/manage/contoh-2025", address)
    refused = send(client, address, fields, unfinished="")
    assert refused.status_code == 422
    assert "second scoring is still open" in text_of(refused)
    with pytest.raises(ConsolidationsUnfinished):
        close_scoring(category_of(here), {}, actor=here.actor("chair"), at=here.now)
    db.session.rollback()
    assert send(client, address, fields_in(refused, address), unfinished="Waktu habis.").status_code == 303
    db.session.rollback()
    assert category_of(here).state == State.PLENARY
    assert opened.closed_reason == "Waktu habis."


def test_a_chair_in_conflict_with_an_open_one_leaves_the_close_to_the_deputy(here, opened, candidate, door):
    recuse(candidate, "Kerabat.", actor=here.actor("chair"), at=here.now)
    db.session.commit()
    with pytest.raises(ChairConcerned):
        close_scoring(category_of(here), {}, unfinished="x", actor=here.actor("chair"), at=here.now)
    db.session.rollback()
    assert candidate.organisation.name not in english(door("chair"), "/manage/contoh-2025")
    close_scoring(category_of(here), {}, unfinished="x", actor=here.actor("deputy"), at=here.now)
    assert category_of(here).state == State.PLENARY


# The marks of the others ----------------------------------------------------------------------------------------------


def test_an_assessor_sees_the_marks_of_the_others_when_the_rubric_says_so(here, candidate, door):
    client, address = door(), f"/assessments/{candidate.ref}/marks"
    own = sheets.find_sheet(candidate.id, here.accounts["assessor-3"].id, 1)
    other = sheets.find_sheet(candidate.id, here.accounts["assessor-4"].id, 1)
    kept = other.submitted_at, other.digest

    def after(policy, *, state=State.SCORING, mine=True, all_in=True):
        for sheet, there in ((own, mine), (other, all_in)):
            sheet.submitted_at, sheet.digest = kept if there else (None, None)
        db.session.query(RubricVersion).update({"others_marks": policy})
        category_of(here).state = int(state)
        db.session.commit()
        return client.get(address).status_code

    assert after("all_in") == 200
    assert after("all_in", all_in=False) == 409
    assert after("own_in", all_in=False) == 200
    assert after("own_in", mine=False) == 409
    assert after("plenary") == 409
    assert after("plenary", state=State.PLENARY) == 200
    assert after("own_in", state=State.INTERVIEW) == 409


def test_a_second_scoring_waits_for_its_assessors(here, opened):
    def waiting(name):
        rows = [one for one in tasks(here.actor(name), here.now) if one.endpoint.startswith("consol")]
        return [one.waiting_for_others for one in rows]

    assert waiting("assessor-3") == [False]
    again(here, opened, "assessor-3")
    assert waiting("assessor-3") == [True]
    close_consolidation(opened, "x", actor=here.actor("chair"), at=here.now)
    assert waiting("assessor-3") == []


def test_the_pages_take_as_many_statements_for_one_mark_as_for_many(here, opened, door, statements):
    client, address = door("chair"), f"/consolidations/{opened.ref}"
    client.get(address)
    with statements() as few:
        assert client.get(address).status_code == 200
    for name in ("chair", "deputy", *(f"assessor-{no}" for no in range(3, 10))):
        again(here, opened, name)
    with statements() as many:
        assert client.get(address).status_code == 200
    assert len(many) == len(few)
    assert len(few) <= 30
