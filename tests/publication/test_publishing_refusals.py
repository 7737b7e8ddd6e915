"""What is neither published, taken back nor corrected: too early, too long, sent back, or no longer what was named."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from paritrana.core.errors import WrongState
from paritrana.cycles.models import Proposal
from paritrana.cycles.service import ProposalVoid, ProposalWaiting
from paritrana.database import db
from paritrana.publication import service
from paritrana.publication.corrections import service as correcting
from paritrana.publication.models import Publication, Recall
from tests.factories_results import category_of, contest, fail_gate, nominations, publish, seal
from tests.nominations.pages import text_of
from tests.publication.test_corrections import CORRECTION, REASON
from tests.publication.test_publishing import INSTANT, MANAGE, ask_for, english, press, scheduled


@pytest.fixture
def here(app, db_session, clock):
    made = contest(3)
    made.cycle.kind = "real"  # its clock is the system's
    db.session.commit()
    return made


def test_without_a_seal_there_is_nothing_to_name_and_without_an_instant_nothing_to_take_back(here, door):
    with pytest.raises(WrongState):
        service.payload_of(category_of(here))
    seal(here)
    with pytest.raises(WrongState):
        correcting.propose_correction(category_of(here), "0" * 64, REASON, actor=here.actor("organiser-1"), at=here.now)
    db.session.rollback()
    page = english(door("organiser-1"), f"{MANAGE}/kabkota/recall")
    assert page.status_code == 409
    assert "No publication waits for its time." in text_of(page)


def test_a_request_that_stands_is_not_voided_and_nominees_object_for_two_months_at_most(here, door):
    sealed, category, organiser = seal(here), category_of(here), here.actor("organiser-1")
    client = door("organiser-1")
    refused = ask_for(client, here.now + INSTANT, objection_days="61")
    assert refused.status_code == 422
    assert "Write at most 60 days" in text_of(refused)
    assert db.session.query(Proposal).filter_by(act="publish_results").count() == 0
    asked = service.propose_publication(
        category, sealed.digest, actor=organiser, at=here.now, publish_at=here.now + INSTANT
    )
    assert not service.void_moved_publication(category, at=here.now)
    db.session.commit()
    with pytest.raises(ProposalWaiting):
        service.propose_publication(category, sealed.digest, actor=organiser, at=here.now)
    db.session.rollback()
    assert asked.state == "waiting"


def test_the_chair_sends_a_recall_back_and_one_that_names_another_version_is_void(here, door):
    scheduled(here)
    organiser, chair = here.actor("organiser-1"), here.actor("chair")
    service.propose_recall(category_of(here), "salah hari", actor=organiser, at=here.now)
    db.session.commit()
    client = door("chair")
    back = press(client, lambda one: "/recall/P-" in one, answer="refuse")
    assert back.status_code == 303
    assert "The request was sent back." in text_of(english(client, MANAGE))
    asked = service.propose_recall(category_of(here), "salah hari", actor=organiser, at=here.now)
    asked.payload = {**asked.payload, "version": 2}
    db.session.commit()
    with pytest.raises(ProposalVoid):
        service.confirm_recall(asked, asked.digest, actor=chair, at=here.now)
    db.session.rollback()
    assert db.session.query(Recall).count() == 0
    states = db.session.scalars(select(Proposal.state).where(Proposal.act == "recall_publication"))
    assert sorted(states) == ["waiting", "withdrawn"]


def test_the_chair_sends_a_correction_back_and_what_is_public_stays(here, door, clock):
    publish(here)
    clock.set(here.now + timedelta(hours=2))
    at = clock.now()
    fail_gate(here, nominations(here)[0])
    organiser = here.actor("organiser-1")
    run = correcting.build_correcting_run(category_of(here), actor=organiser, at=at)
    correcting.propose_correction(category_of(here), run.digest, REASON, actor=organiser, at=at)
    db.session.commit()
    client = door("chair")
    back = press(client, lambda one: one.startswith(f"{CORRECTION}/P-"), answer="refuse")
    assert back.status_code == 303
    assert "The request was sent back." in text_of(english(client, MANAGE))
    assert db.session.scalars(select(Proposal.state).where(Proposal.act == "correct_publication")).one() == "withdrawn"
    assert db.session.query(Publication).count() == 1
