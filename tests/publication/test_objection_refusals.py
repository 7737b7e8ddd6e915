"""Objections that are not taken, and answers that cannot stand: no window, too many files, no figure, moved since."""

from datetime import timedelta

import pytest
from sqlalchemy import select, update

from paritrana.core.errors import BadInput, NotFound
from paritrana.core.lifecycle import State
from paritrana.cycles.models import Proposal
from paritrana.cycles.service import ProposalVoid
from paritrana.database import db
from paritrana.publication.objections import service
from paritrana.publication.objections.models import Objection
from paritrana.publication.objections.service import Answer
from paritrana.verification.models import Finding, Verification
from tests.factories_results import category_of, contest, fail_gate, nominations
from tests.nominations.pages import fields_in, pdf, send, text_of
from tests.publication.test_objections import MANAGE, REASON, WHY, candidate, english, figure_target, filed, gate_target
from tests.publication.test_objections import here as here


def find_otherwise(here, figure, found):
    """One figure of the first candidate was not found as claimed."""
    mine = select(Verification.id).where(Verification.nomination_id == candidate(here).id)
    changed = update(Finding).where(Finding.verification_id.in_(mine), Finding.figure.endswith(figure))
    assert db.session.execute(changed.values(verdict="differs", found=found, note="lain")).rowcount == 1
    db.session.commit()


def test_what_is_not_whole_is_not_filed(here, door):
    at = here.now + timedelta(hours=2)
    nominee, address = door("nominee-1"), f"/nominations/{candidate(here).ref}/objections"
    fields = fields_in(english(nominee, address), address)
    refused = send(nominee, address, fields | {"target": gate_target(here).key, "reason": ""})
    assert refused.status_code == 422
    fields = fields_in(refused, address) | {"target": gate_target(here).key, "reason": REASON}
    many = send(nominee, address, fields, files=[pdf(f"{no}.pdf") for no in range(6)])
    assert many.status_code == 422
    assert "Choose at most 5 files." in text_of(many)
    with pytest.raises(service.TooManyFiles):
        service.file_objection(
            candidate(here), gate_target(here), REASON, [(None, "x.pdf")] * 6, actor=here.actor("nominee-1"), at=at
        )
    db.session.rollback()
    with pytest.raises(NotFound):
        service.find_target(candidate(here), "gate//Z9")
    assert db.session.query(Objection).count() == 0
    assert nominee.get(f"{address}/K-0000-0000/files/1").status_code == 404
    assert send(nominee, address, fields_in(many, address) | {"reason": REASON}).status_code == 303  # without a file
    objection = db.session.scalars(select(Objection)).one()
    assert objection.files == []
    assert nominee.get(f"{address}/{objection.ref}/files/1").status_code == 404


def test_where_nothing_was_published_there_is_no_window(app, db_session):
    here = contest(2)
    fail_gate(here, nominations(here)[0])
    category_of(here).state = int(State.PUBLISHED)
    db.session.commit()
    with pytest.raises(service.NoWindow):
        filed(here)
    db.session.rollback()
    assert db.session.query(Objection).count() == 0


def test_an_answer_that_cannot_stand_is_not_given(here, door):
    at, chair = here.now + timedelta(hours=2), here.actor("chair")
    objection = filed(here, figure_target(here))
    for answer, refusal in (
        (Answer("perhaps", WHY), BadInput), (Answer("granted", WHY), service.BecomesMissing),
    ):  # fmt: skip
        with pytest.raises(refusal):
            service.answer_objection(objection, answer, actor=chair, at=at)
        db.session.rollback()
    asked = service.propose_answer(objection, Answer("refused", WHY), actor=here.actor("organiser-1"), at=at)
    db.session.commit()
    objection.version += 1  # somebody touched it since
    db.session.commit()
    with pytest.raises(ProposalVoid):
        service.confirm_answer(asked, asked.digest, actor=chair, at=at)
    db.session.rollback()
    assert db.session.scalars(select(Objection.state)).one() == "open"
    client, place = door("chair"), f"{MANAGE}/{objection.ref}"
    action = f"{place}/{asked.ref}"
    fields = fields_in(english(client, place), action)
    assert send(client, f"{place}/P-0000-0000", fields, answer="refuse").status_code == 404
    assert english(client, f"{MANAGE}/K-0000-0000").status_code == 404
    assert send(client, action, fields, answer="refuse").status_code == 303
    assert "The proposal was sent back." in text_of(english(client, place))
    db.session.expire_all()
    assert db.session.scalars(select(Proposal.state).where(Proposal.act == "answer_objection")).one() == "withdrawn"
    service.answer_objection(objection, Answer("refused", WHY), actor=chair, at=at)
    with pytest.raises(service.AlreadyAnswered):
        service.check_answer(objection, Answer("refused", WHY))


def test_a_day_that_was_found_otherwise_is_told_and_answered_as_a_day(here, door):
    find_otherwise(here, "decree_date", "2025-03-09")
    nominee, address = door("nominee-1"), f"/nominations/{candidate(here).ref}/objections"
    page = text_of(english(nominee, address))
    assert "9 March 2025" in page
    target = next(
        one for one in service.queries.targets_of(candidate(here)) if one.code.endswith("decree_date")
    )  # fmt: skip
    objection = filed(here, target)
    chair, place = door("chair"), f"{MANAGE}/{objection.ref}"
    fields = fields_in(english(chair, place), place) | {"state": "granted", "reason": WHY}
    assert send(chair, place, fields, becomes="31/2/2025").status_code == 422
    assert send(chair, place, fields, becomes="2/3/2025").status_code == 303
    db.session.expire_all()
    assert (objection.state, objection.becomes) == ("granted", "2025-03-02")
