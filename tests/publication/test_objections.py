"""The window for objections: filed with reason and evidence, answered with a reason; what is granted is corrected."""

import json
from datetime import timedelta

import pytest
from sqlalchemy import select

from paritrana.audit.models import Event
from paritrana.core.errors import MissingReason, SamePerson, WrongState
from paritrana.cycles.models import Proposal
from paritrana.database import db
from paritrana.operations.invariants import broken_rules
from paritrana.publication import queries as publication
from paritrana.publication import service as publishing
from paritrana.publication.corrections import service as corrections
from paritrana.publication.objections import queries, service
from paritrana.publication.objections.models import Objection
from paritrana.publication.objections.service import Answer
from paritrana.verification.models import Finding, GateFinding
from tests.factories import grant
from tests.factories_results import category_of, contest, fail_gate, lose_figure, nominations, publish, seal
from tests.nominations.pages import fields_in, pdf, send, text_of

MANAGE = "/manage/contoh-2025/objections"
REASON = "Surat keputusan terlampir membuktikan syarat ini."
WHY = "Surat keputusan itu sah dan berlaku pada masa penilaian."


@pytest.fixture
def here(app, db_session, clock):
    made = contest(4)
    made.cycle.kind = "real"
    first = nominations(made)[0]
    fail_gate(made, first)
    lose_figure(made, first)
    publish(made)
    clock.set(made.now + timedelta(hours=2))
    return made


def english(client, address):
    return client.get(address, query_string={"lang": "en"})


def candidate(here):
    return nominations(here)[0]


def gate_target(here):
    return next(one for one in queries.targets_of(candidate(here)) if one.subject == "gate")


def figure_target(here):
    return next(one for one in queries.targets_of(candidate(here)) if one.subject == "finding")


def filed(here, target=None, at=None):
    """An objection of the nominee."""
    made = service.file_objection(
        candidate(here), target or gate_target(here), REASON, [], actor=here.actor("nominee-1"),
        at=at or here.now + timedelta(hours=2),
    )  # fmt: skip
    db.session.commit()
    return made


def test_a_nominee_objects_and_the_chair_grants_it(here, door, client):
    nominee, chair, ref = door("nominee-1"), door("chair"), candidate(here).ref
    address = f"/nominations/{ref}/objections"
    page = english(nominee, address)
    assert "Time for objections: until" in text_of(page)
    fields = fields_in(page, address) | {"target": gate_target(here).key, "reason": REASON, "files": [pdf("SK.pdf")]}
    assert send(nominee, address, fields).status_code == 303
    objection = db.session.scalars(select(Objection)).one()
    assert (objection.state, objection.stood, objection.reason) == ("open", "fail", REASON)
    assert [one.name for one in objection.files] == ["SK.pdf"]
    assert "SK.pdf" in text_of(english(nominee, address))
    with nominee.get(f"{address}/{objection.ref}/files/1") as served:
        assert served.status_code == 200

    assert objection.ref in text_of(english(chair, MANAGE))
    place = f"{MANAGE}/{objection.ref}"
    page = english(chair, place)
    assert REASON in text_of(page)
    with chair.get(f"{place}/files/1") as served:
        assert served.status_code == 200
    assert send(chair, place, fields_in(page, place) | {"state": "granted", "reason": WHY}).status_code == 303
    db.session.expire_all()
    assert db.session.scalars(select(GateFinding.decided)).one() == "pass"
    assert (objection.state, objection.becomes, objection.answer) == ("granted", "pass", WHY)
    assert WHY in text_of(english(nominee, address))
    # What is public has not changed by it; a correction changes it, and both versions are kept.
    assert len(publication.versions_of(category_of(here), here.now + timedelta(hours=2))) == 1
    at = here.now + timedelta(hours=3)
    run = corrections.build_correcting_run(category_of(here), actor=here.actor("organiser-1"), at=at)
    asked = corrections.propose_correction(
        category_of(here), run.digest, "Keberatan dikabulkan.", actor=here.actor("organiser-1"), at=at
    )
    corrections.confirm_correction(asked, asked.digest, actor=here.actor("chair"), at=at)
    db.session.commit()
    versions = publication.versions_of(category_of(here), at)
    assert [one.version_no for one in versions] == [2, 1]
    assert versions[0].objections_until == versions[1].objections_until


def test_a_granted_finding_takes_the_figure_that_is_answered(here, door):
    target = figure_target(here)
    objection = filed(here, target)
    chair, place = door("chair"), f"{MANAGE}/{objection.ref}"
    fields = fields_in(english(chair, place), place) | {"state": "granted", "reason": WHY}
    refused = send(chair, place, fields)
    assert refused.status_code == 422
    assert "Write the figure that holds from now on" in text_of(refused)
    assert send(chair, place, fields, becomes="dua belas").status_code == 422
    assert db.session.scalars(select(Objection.state)).one() == "open"
    assert send(chair, place, fields, becomes="1234").status_code == 303
    finding = db.session.scalars(
        select(Finding).where(Finding.figure == target.code, Finding.kind == target.kind, Finding.note == WHY)
    ).one()
    assert (finding.found, finding.verdict) == ("1234", "differs")


def test_an_organiser_proposes_the_answer_and_the_chair_confirms_it(here, door):
    objection = filed(here)
    organiser, chair, place = door("organiser-1"), door("chair"), f"{MANAGE}/{objection.ref}"
    fields = fields_in(english(organiser, place), place) | {"state": "refused", "reason": WHY}
    assert send(organiser, place, fields).status_code == 303
    assert db.session.scalars(select(Objection.state)).one() == "open"
    asked = db.session.scalars(select(Proposal).where(Proposal.act == "answer_objection")).one()
    assert "Confirm the answer" not in text_of(english(organiser, place))
    page = english(chair, place)
    action = f"{place}/{asked.ref}"
    assert send(chair, action, fields_in(page, action), answer="confirm").status_code == 303
    db.session.expire_all()
    assert (objection.state, objection.answer, objection.becomes) == ("refused", WHY, None)
    assert db.session.scalars(select(GateFinding.decided)).one() == "fail"


def test_the_proposer_does_not_confirm_the_own_answer(here, door):
    grant(here.accounts["chair"], "organiser", cycle=here.cycle)
    objection, at = filed(here), here.now + timedelta(hours=2)
    asked = service.propose_answer(objection, Answer("refused", WHY), actor=here.actor("organiser-1"), at=at)
    db.session.commit()
    with pytest.raises(SamePerson):
        service.confirm_answer(asked, asked.digest, actor=here.actor("organiser-1"), at=at)
    db.session.rollback()
    assert db.session.scalars(select(Objection.state)).one() == "open"


def test_the_last_second_is_in_time_and_the_next_is_refused_with_a_sentence(here, door, clock):
    until = publication.newest_version(category_of(here)).objections_until
    filed(here, gate_target(here), at=until)
    clock.set(until + timedelta(seconds=1))
    nominee, address = door("nominee-1"), f"/nominations/{candidate(here).ref}/objections"
    page = english(nominee, address)
    assert "The time for objections is over" in text_of(page)
    token = fields_in(page, "/sign-out")["csrf_token"]
    body = {"csrf_token": token, "idempotency_key": "one-too-late", "target": figure_target(here).key, "reason": REASON}
    answer = send(nominee, address, body)
    assert answer.status_code == 409
    assert "The time for objections ended on" in text_of(answer)
    assert db.session.query(Objection).count() == 1
    assert db.session.query(Event).filter(Event.kind == "objection.filed").count() == 1


def test_the_organiser_sets_how_long_nominees_may_object(app, db_session, clock):
    here = contest(2)
    here.cycle.kind = "real"
    fail_gate(here, nominations(here)[0])
    sealed = seal(here)
    asked = publishing.propose_publication(
        category_of(here), sealed.digest, actor=here.actor("organiser-1"), at=here.now, objection_days=0
    )
    made = publishing.confirm_publication(asked, asked.digest, actor=here.actor("chair"), at=here.now)
    db.session.commit()
    assert made.objections_until == made.published_at
    with pytest.raises(service.WindowClosed):
        filed(here, at=here.now + timedelta(seconds=1))


def test_the_same_finding_is_objected_to_once_at_a_time(here):
    objection, at = filed(here), here.now + timedelta(hours=2)
    with pytest.raises(service.AlreadyObjected):
        filed(here)
    db.session.rollback()
    service.answer_objection(objection, Answer("refused", WHY), actor=here.actor("chair"), at=at)
    db.session.commit()
    with pytest.raises(service.AlreadyAnswered):
        service.answer_objection(objection, Answer("granted", WHY), actor=here.actor("chair"), at=at)
    db.session.rollback()
    filed(here)
    assert db.session.query(Objection).count() == 2


def test_nothing_is_filed_or_answered_without_a_reason(here):
    with pytest.raises(MissingReason):
        service.file_objection(
            candidate(here), gate_target(here), " ", [], actor=here.actor("nominee-1"), at=here.now + timedelta(hours=2)
        )
    objection = filed(here)
    with pytest.raises(MissingReason):
        service.answer_objection(objection, Answer("refused", ""), actor=here.actor("chair"), at=here.now)
    db.session.rollback()
    assert db.session.scalars(select(Objection.state)).one() == "open"


def test_before_the_publication_nobody_objects(app, db_session, door):
    here = contest(2)
    fail_gate(here, nominations(here)[0])
    seal(here)
    with pytest.raises(WrongState):
        filed(here)
    assert english(door("nominee-1"), f"/nominations/{candidate(here).ref}/objections").status_code == 409


def test_others_neither_see_nor_answer(here, door):
    objection = filed(here)
    address = f"/nominations/{candidate(here).ref}/objections"
    for name in ("nominee-2", "verifier-1", "assessor-3", "administrator"):
        assert english(door(name), address).status_code == 404
        assert english(door(name), f"{MANAGE}/{objection.ref}").status_code == 404
        assert english(door(name), MANAGE).status_code == 404


def test_nothing_of_an_objection_breaks_a_rule(here, app):
    objection = filed(here)
    service.answer_objection(
        objection, Answer("granted", WHY), actor=here.actor("chair"), at=here.now + timedelta(hours=2)
    )
    db.session.commit()
    about = {"look", "objection", "objection_file", "publication", "result", "proposal", "chain"}
    found = broken_rules(app.extensions["settings"], at=here.now)
    assert [one for one in found if one.rule.split(".")[0] in about] == []
    body = db.session.scalars(select(Event).where(Event.kind == "objection.answered")).one().content
    assert json.loads(body.body)["values"]["becomes"] == "pass"


def test_lists_of_objections_take_the_same_number_of_statements(here, door, statements):
    chair = door("chair")
    filed(here)
    english(chair, MANAGE)

    def reads():
        with statements() as sent:
            assert english(chair, MANAGE).status_code == 200
        return len([one for one in sent if one.startswith("SELECT")])

    one = reads()
    filed(here, figure_target(here))
    assert reads() == one <= 14
