"""The one step backward: chair and organiser score a category afresh, and every sheet stays on record."""

from decimal import Decimal

import pytest

from paritrana.audit.models import Event
from paritrana.core.errors import SamePerson, WrongState
from paritrana.core.lifecycle import State
from paritrana.cycles.models import Category, Proposal
from paritrana.cycles.service import ProposalVoid, ProposalWaiting
from paritrana.database import db
from paritrana.panels.service import declare, recuse
from paritrana.results.queries import inputs
from paritrana.sheets.models import Mark, Sheet
from paritrana.sheets.restarts import service
from paritrana.sheets.service import open_sheet
from tests.factories import world
from tests.factories_results import category_of, contest, nominations
from tests.nominations.pages import fields_in, fields_of, send, text_of

PAGE = "/manage/contoh-2025/scoring/kabkota/restart"


@pytest.fixture
def here(app, db_session):
    return contest(2, state=State.SCORING)


@pytest.fixture
def proposal(here):
    made = service.propose_restart(category_of(here), "Bobot keliru.", actor=here.actor("chair"), at=here.now)
    db.session.commit()
    return made


def english(client):
    return text_of(client.get(PAGE, query_string={"lang": "en"}))


def test_chair_and_organiser_take_the_category_back_and_every_sheet_stays(here, door):
    sheets, marks = db.session.query(Sheet).count(), db.session.query(Mark).count()
    client = door("chair")
    fields = fields_of(client, PAGE, PAGE)
    assert f"Sheets that would no longer count: {sheets}" in english(client)
    assert send(client, PAGE, fields, reason=" ").status_code == 422
    assert send(client, PAGE, fields, reason="Bobot keliru.").status_code == 303
    (waiting,) = db.session.query(Proposal).filter_by(act="restart_category").all()
    assert len(waiting.payload["sheets"]) == sheets
    organiser = door("organiser-1")
    assert "Bobot keliru." in english(organiser)
    confirm = f"{PAGE}/{waiting.ref}"
    fields = fields_in(organiser.get(PAGE), confirm)
    assert send(organiser, confirm, fields, answer="confirm", digest=waiting.digest).status_code == 303
    db.session.rollback()
    category = category_of(here)
    assert (category.stored_state, category.attempt) == (State.INTERVIEW, 2)
    assert (db.session.query(Sheet).count(), db.session.query(Mark).count()) == (sheets, marks)
    assert inputs(category).contest.marks == ()
    kinds = [one.kind for one in db.session.query(Event).filter(Event.kind.like("category.%")).order_by(Event.seq)]
    assert kinds[-2:] == ["category.moved", "category.restarted"]


def test_a_new_sheet_begins_in_the_next_attempt_beside_the_old_one(here, proposal):
    candidate, name = nominations(here)[0], "assessor-3"
    service.confirm_restart(proposal, proposal.digest, actor=here.actor("organiser-1"), at=here.now)
    db.session.commit()
    declare(candidate, False, "", actor=here.actor(name), at=here.now)
    made = open_sheet(candidate, actor=here.actor(name), at=here.now)
    db.session.commit()
    assert made.attempt == 2
    mine = db.session.query(Sheet).filter_by(nomination_id=candidate.id, assessor_id=here.accounts[name].id)
    assert [one.attempt for one in mine.order_by(Sheet.attempt)] == [1, 2]
    old = mine.filter_by(attempt=1).one()
    assert {mark.value for mark in old.marks} == {Decimal("9.50")}


def test_only_the_chair_proposes_and_only_another_person_confirms(here, proposal, door):
    with pytest.raises(SamePerson):
        service.confirm_restart(proposal, proposal.digest, actor=here.actor("chair"), at=here.now)
    db.session.rollback()
    for name, address in (("organiser-1", PAGE), ("assessor-3", PAGE), ("chair", f"{PAGE}/{proposal.ref}")):
        client = door(name)
        token = fields_of(client, "/home", "/sign-out")["csrf_token"]
        sent = {"csrf_token": token, "idempotency_key": f"{name}-tries", "reason": "x", "answer": "confirm",
                "digest": proposal.digest}  # fmt: skip
        assert send(client, address, sent).status_code in {403, 404}, name
    db.session.rollback()
    assert category_of(here).attempt == 1


def test_a_sheet_that_was_opened_since_voids_the_proposal(here, proposal, door):
    extra = db.session.query(Sheet).first()
    db.session.add(
        Sheet(ref="S-new", category_id=extra.category_id, nomination_id=extra.nomination_id, revision_no=1,
              assessor_id=here.accounts["organiser-2"].id, opened_at=here.now)
    )  # fmt: skip
    db.session.commit()
    organiser, confirm = door("organiser-1"), f"{PAGE}/{proposal.ref}"
    assert "a sheet was opened since" in english(organiser)
    fields = fields_in(organiser.get(PAGE), confirm)
    assert send(organiser, confirm, fields, answer="confirm", digest=proposal.digest).status_code == 409
    db.session.rollback()
    assert db.session.get(Proposal, proposal.id).state == "void"
    with pytest.raises(ProposalVoid):
        service.confirm_restart(proposal, proposal.digest, actor=here.actor("organiser-1"), at=here.now)
    db.session.rollback()
    service.propose_restart(category_of(here), "Sekali lagi.", actor=here.actor("chair"), at=here.now)
    with pytest.raises(ProposalWaiting):
        service.propose_restart(category_of(here), "Lagi.", actor=here.actor("chair"), at=here.now)


def test_the_proposal_goes_back_or_is_taken_back(here, proposal, door):
    organiser, confirm = door("organiser-1"), f"{PAGE}/{proposal.ref}"
    fields = fields_in(organiser.get(PAGE), confirm)
    assert send(organiser, confirm, fields, answer="refuse").status_code == 303
    db.session.rollback()
    assert db.session.get(Proposal, proposal.id).state == "withdrawn"
    second = service.propose_restart(category_of(here), "x", actor=here.actor("chair"), at=here.now)
    db.session.commit()
    chair, back = door("chair"), f"{PAGE}/{second.ref}/withdraw"
    assert send(chair, back, fields_of(chair, PAGE, back)).status_code == 303
    db.session.rollback()
    assert category_of(here).attempt == 1


def test_outside_interviews_and_scoring_nothing_is_scored_afresh(here, proposal, door):
    category = category_of(here)
    category.state = int(State.PLENARY)
    db.session.commit()
    with pytest.raises(WrongState):
        service.propose_restart(category_of(here), "x", actor=here.actor("chair"), at=here.now)
    db.session.rollback()
    with pytest.raises(WrongState):
        service.confirm_restart(proposal, proposal.digest, actor=here.actor("organiser-1"), at=here.now)
    db.session.rollback()
    assert db.session.get(Category, category.id).attempt == 1


def test_a_category_without_sheets_has_nothing_to_score_afresh(app, db_session):
    here = world(state=State.SCORING)
    with pytest.raises(service.NothingScored):
        service.propose_restart(category_of(here), "x", actor=here.actor("chair"), at=here.now)


def test_the_list_hides_the_candidates_of_a_conflict(here, door):
    mine = nominations(here)[0]
    recuse(mine, "Kerabat.", actor=here.actor("chair"), at=here.now)
    db.session.commit()
    assert mine.organisation.name not in english(door("chair"))
    assert mine.organisation.name in english(door("organiser-1"))
