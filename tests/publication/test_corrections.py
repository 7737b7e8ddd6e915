"""After the publication: a new version names what it replaces, and why; both stay readable, and titles move with it."""

import json
from datetime import timedelta

import pytest
from sqlalchemy import select

from paritrana.audit.models import Event
from paritrana.certificates import service as certificates
from paritrana.certificates.models import Certificate
from paritrana.core.bundle import compare, parse
from paritrana.core.errors import MissingReason, SamePerson, WrongState
from paritrana.cycles.models import Proposal
from paritrana.cycles.service import ProposalVoid
from paritrana.database import db
from paritrana.operations.invariants import broken_rules
from paritrana.publication import queries
from paritrana.publication.corrections import service
from paritrana.publication.models import Publication
from paritrana.results.models import Award
from tests.factories_results import category_of, contest, fail_gate, lose_figure, nominations, press, publish, seal
from tests.nominations.pages import Forms, fields_in, send, text_of

HOURS = timedelta(hours=2)  # after the publication
OFFICE = "/manage/contoh-2025/publication"
CORRECTION = f"{OFFICE}/kabkota/correction"
RESULT = "/cycles/contoh-2025/results/kabkota"
REASON = "Syarat kandidat pertama diputus ulang atas keberatan."


@pytest.fixture
def here(app, db_session):
    made = contest(4)
    publish(made)
    return made


def english(client, address):
    return client.get(address, query_string={"lang": "en"})


def corrected(here):
    """The first candidate turns out to miss a condition, and two people correct the result."""
    fail_gate(here, nominations(here)[0])
    run = service.build_correcting_run(category_of(here), actor=here.actor("organiser-1"), at=here.now)
    asked = service.propose_correction(
        category_of(here), run.digest, REASON, actor=here.actor("organiser-1"), at=here.now
    )
    made = service.confirm_correction(asked, asked.digest, actor=here.actor("chair"), at=here.now)
    db.session.commit()
    return made


def test_two_people_correct_a_published_result(here, door, client):
    fail_gate(here, nominations(here)[0])
    organiser, chair = door("organiser-1"), door("chair")
    assert CORRECTION in text_of(english(organiser, OFFICE))
    page = english(organiser, CORRECTION)
    assert "Request the correction" not in text_of(page)
    assert send(organiser, f"{CORRECTION}/run", fields_in(page, f"{CORRECTION}/run")).status_code == 303
    page = english(organiser, CORRECTION)
    assert "Pemerintah Kabupaten Contoh 1" in text_of(page)
    fields = fields_in(page, CORRECTION)
    refused = send(organiser, CORRECTION, fields)
    assert refused.status_code == 422
    assert "Enter reason" in text_of(refused)
    assert send(organiser, CORRECTION, fields, reason=REASON).status_code == 303
    assert "Confirm the correction" not in text_of(english(organiser, OFFICE))
    page = english(chair, OFFICE)
    assert REASON in text_of(page)
    action = next(one for one in Forms(text_of(page)).forms if "/correction/P-" in one)
    assert send(chair, action, dict(reversed(Forms(text_of(page)).forms[action]))).status_code == 303
    text = text_of(english(client, RESULT))
    assert "This version replaces version 1" in text
    assert REASON in text
    assert [one.version_no for one in queries.versions_of(category_of(here), here.now)] == [2, 1]


def test_both_versions_stay_readable_and_recompute(here, client):
    first = client.get(RESULT + ".json").get_data()
    made = corrected(here)
    assert client.get(RESULT + ".json").get_data() == made.bundle != first
    assert client.get(f"{RESULT}/versions/1/bundle.json").get_data() == first
    for no in (1, 2):
        assert compare(parse(client.get(f"{RESULT}/versions/{no}/bundle.json").get_data())) == []
    old = text_of(english(client, f"{RESULT}/versions/1"))
    assert "Replaced by version 2" in old
    assert REASON in old
    assert "Pemerintah Kabupaten Contoh 1" in old
    assert "in force" in text_of(english(client, f"{RESULT}/versions/2"))
    history = text_of(english(client, f"{RESULT}/versions"))
    assert history.index("Version 2") < history.index("Version 1")
    assert client.get(f"{RESULT}/versions/3").status_code == 404


def test_a_correction_stands_among_the_notices(here, client):
    corrected(here)
    text = text_of(english(client, "/notices"))
    assert REASON in text
    assert f"{RESULT}/versions" in text


def test_titles_and_certificates_move_with_the_correction(here):
    issued = certificates.issue(category_of(here), press=press(), actor=here.actor("organiser-1"), at=here.now)
    db.session.commit()
    first = nominations(here)[0]
    corrected(here)
    status = {one.award.nomination_id: one.status for one in db.session.scalars(select(Certificate))}
    holders = {one.nomination_id: one.rank for one in db.session.scalars(select(Award).where(Award.ended_at.is_(None)))}
    assert status[first.id] == "revoked"
    assert first.id not in holders
    assert set(status.values()) == {"revoked", "replaced"}
    assert all(one.status_reason == REASON for one in db.session.scalars(select(Certificate)))
    again = certificates.issue(category_of(here), press=press(), actor=here.actor("organiser-1"), at=here.now)
    db.session.commit()
    assert len(again) == len(holders)
    assert {one.ranking_digest for one in again} != {one.ranking_digest for one in issued}
    assert [one.version_no for one in again if one.award_id in {old.award_id for old in issued}] == [2, 2]


def test_nothing_of_a_correction_breaks_a_rule(here, app):
    certificates.issue(category_of(here), press=press(), actor=here.actor("organiser-1"), at=here.now + HOURS)
    corrected(here)
    certificates.issue(category_of(here), press=press(), actor=here.actor("organiser-1"), at=here.now + HOURS)
    db.session.commit()
    about = {"look", "publication", "correction", "certificate", "award", "seal", "run", "proposal", "chain"}
    found = broken_rules(app.extensions["settings"], at=here.now)
    assert [one for one in found if one.rule.split(".")[0] in about] == []


def test_the_new_version_appears_only_with_the_confirmation(here, client):
    before = client.get(RESULT + ".json").get_data()
    fail_gate(here, nominations(here)[0])
    run = service.build_correcting_run(category_of(here), actor=here.actor("organiser-1"), at=here.now)
    service.propose_correction(category_of(here), run.digest, REASON, actor=here.actor("organiser-1"), at=here.now)
    db.session.commit()
    assert client.get(RESULT + ".json").get_data() == before
    assert client.get(f"{RESULT}/versions/2").status_code == 404


def test_one_person_corrects_nothing(here):
    fail_gate(here, nominations(here)[0])
    category, organiser = category_of(here), here.actor("organiser-1")
    run = service.build_correcting_run(category, actor=organiser, at=here.now)
    with pytest.raises(MissingReason):
        service.propose_correction(category, run.digest, " ", actor=organiser, at=here.now)
    asked = service.propose_correction(category, run.digest, REASON, actor=organiser, at=here.now)
    with pytest.raises(SamePerson):
        service.confirm_correction(asked, asked.digest, actor=organiser, at=here.now)
    with pytest.raises(ProposalVoid):
        service.confirm_correction(asked, "0" * 64, actor=here.actor("chair"), at=here.now)
    db.session.rollback()
    assert db.session.query(Publication).count() == 1


def test_what_moved_meanwhile_is_not_published(here, door):
    first, second = nominations(here)[:2]
    fail_gate(here, first)
    category, organiser = category_of(here), here.actor("organiser-1")
    run = service.build_correcting_run(category, actor=organiser, at=here.now)
    asked = service.propose_correction(category, run.digest, REASON, actor=organiser, at=here.now)
    db.session.commit()
    lose_figure(here, second)
    chair = door("chair")
    token = fields_in(english(chair, OFFICE), "/sign-out")["csrf_token"]
    body = {"csrf_token": token, "idempotency_key": "moved-meanwhile", "digest": asked.digest, "answer": "confirm"}
    answer = send(chair, f"{CORRECTION}/{asked.ref}", body)
    assert answer.status_code == 409
    assert "has changed since" in text_of(answer)
    assert db.session.scalars(select(Proposal.state).where(Proposal.act == "correct_publication")).one() == "void"
    assert db.session.query(Publication).count() == 1
    with pytest.raises(service.RunOutdated):
        service.propose_correction(category_of(here), run.digest, REASON, actor=organiser, at=here.now)


def test_there_is_nothing_to_correct_without_a_newer_run(here, door):
    published = queries.publication_in_force(category_of(here), here.now)
    with pytest.raises(service.NothingToCorrect):
        service.propose_correction(
            category_of(here), published.digest, REASON, actor=here.actor("organiser-1"), at=here.now
        )
    db.session.rollback()
    assert db.session.query(Event).filter(Event.kind == "correct_publication.proposed").count() == 0


def test_before_the_publication_there_is_no_correction(app, db_session):
    here = contest(2)
    seal(here)
    with pytest.raises(WrongState):
        service.build_correcting_run(category_of(here), actor=here.actor("organiser-1"), at=here.now)


def test_a_correction_can_be_corrected(here, client):
    corrected(here)
    lose_figure(here, nominations(here)[1])
    run = service.build_correcting_run(category_of(here), actor=here.actor("organiser-1"), at=here.now)
    asked = service.propose_correction(
        category_of(here), run.digest, "Angka kedua tidak terbukti.", actor=here.actor("organiser-1"), at=here.now
    )
    made = service.confirm_correction(asked, asked.digest, actor=here.actor("chair"), at=here.now)
    db.session.commit()
    assert (made.version_no, made.replaces_no) == (3, 2)
    assert "Replaced by version 3" in text_of(english(client, f"{RESULT}/versions/2"))


def test_the_pages_of_versions_take_few_statements(here, client, statements):
    corrected(here)
    for address in (f"{RESULT}/versions", f"{RESULT}/versions/1"):
        client.get(address)
        with statements() as sent:
            assert client.get(address).status_code == 200
        assert len([one for one in sent if one.startswith("SELECT")]) <= 3


def test_the_event_tells_what_was_replaced(here):
    made = corrected(here)
    body = db.session.scalars(select(Event).where(Event.kind == "result.corrected")).one().content
    said = json.loads(body.body)["values"]
    assert (said["version"], said["replaces"], said["reason"]) == (2, 1, REASON)
    assert said["digest"] == made.digest
