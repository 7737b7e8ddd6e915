"""Sending at the door: what blocks, the receipt, pressing twice, taking back, and every step afterwards."""

import hashlib
import itertools
from datetime import timedelta

import pytest

from paritrana.audit import service as audit
from paritrana.audit.models import Event
from paritrana.core.errors import WrongState
from paritrana.core.lifecycle import State
from paritrana.database import canonical, db
from paritrana.nominations import queries, service
from paritrana.nominations.models import STATES, NominationRevision
from paritrana.nominations.tasks import tasks
from tests.factories import sign_in, world
from tests.nominations.pages import alike, draft, fields_of, filled, send, text_of


@pytest.fixture
def here(app, db_session):
    return world()


@pytest.fixture
def nominee(client, here):
    sign_in(client, "nominee-1")
    return client


def kinds(here):
    stream = audit.intake(here.cycle.code)
    return [event.kind for event in db.session.query(Event).filter_by(stream=stream).order_by(Event.seq)]


def submit_fields(client, nomination):
    page = f"/nominations/{nomination.ref}"
    return fields_of(client, f"{page}/check", f"{page}/submit") | {"statement": "1"}


def test_a_draft_with_gaps_is_not_sent_and_says_what_is_missing(nominee, here):
    nomination = draft(here)
    page = text_of(nominee.get(f"/nominations/{nomination.ref}/check", query_string={"lang": "en"}))
    assert "Conditions without a statement: 2" in page
    assert "required entries are missing" in page
    assert "A1: no document is attached yet" in page
    assert "C1, C2, C3: no document is attached yet" in page
    assert "Send nomination" not in page
    with pytest.raises(service.NotComplete) as refusal:
        service.submit(nomination, actor=here.actor("nominee-1"), at=here.now)
    assert {one.place for one in refusal.value.blockers} >= {"eligibility", "coverage", "regulation"}
    assert queries.get_nomination(nomination.ref).state == "draft"


def test_sending_makes_one_revision_with_a_receipt(nominee, here):
    nomination = filled(here)
    address = f"/nominations/{nomination.ref}/submit"
    fields = submit_fields(nominee, nomination)
    first, second = send(nominee, address, fields), send(nominee, address, fields)
    assert (first.status_code, second.status_code) == (303, 303)
    assert first.location == second.location == f"/nominations/{nomination.ref}/receipt"
    db.session.expire_all()
    revision = db.session.query(NominationRevision).one()
    assert revision.digest == hashlib.sha256(canonical(revision.content)).hexdigest()
    assert set(revision.content) == {"evidence", "gates", "attachments"}
    page = text_of(nominee.get(first.location, query_string={"lang": "en"}))
    assert revision.receipt_no in page
    assert revision.digest in page
    tasks_page = text_of(nominee.get(f"/nominations/{nomination.ref}", query_string={"lang": "en"}))
    assert "Nomination not sent yet" not in tasks_page
    assert revision.receipt_no in tasks_page
    assert kinds(here).count("nomination.submitted") == 1


def test_without_the_statement_nothing_is_sent(nominee, here):
    nomination = filled(here)
    answer = send(nominee, f"/nominations/{nomination.ref}/submit", submit_fields(nominee, nomination), statement=None)
    assert answer.status_code == 422
    assert "Tick the statement" in text_of(answer)
    assert queries.get_nomination(nomination.ref).state == "draft"


def test_sending_asks_for_a_fresh_sign_in(nominee, here, clock):
    nomination = filled(here)
    fields = submit_fields(nominee, nomination)
    clock.advance(minutes=11)
    answer = send(nominee, f"/nominations/{nomination.ref}/submit", fields)
    assert answer.status_code == 401 or "/sign-in/again" in (answer.location or "")
    assert queries.get_nomination(nomination.ref).state == "draft"


def test_a_sent_nomination_is_read_only_until_it_is_taken_back(nominee, here):
    nomination = filled(here)
    page = f"/nominations/{nomination.ref}"
    form = fields_of(nominee, f"{page}/evidence/coverage")
    send(nominee, f"{page}/submit", submit_fields(nominee, nomination))
    refused = send(nominee, f"{page}/evidence/coverage", form, note="noch etwas")
    assert refused.status_code == 409
    assert "noch etwas" in text_of(refused)
    back = send(nominee, f"{page}/take-back", fields_of(nominee, page, f"{page}/take-back"))
    assert back.status_code == 303
    db.session.expire_all()
    assert queries.get_nomination(nomination.ref).state == "draft"
    assert db.session.query(NominationRevision).count() == 1
    assert send(nominee, f"{page}/evidence/coverage", form, note="noch etwas").status_code == 303
    send(nominee, f"{page}/submit", submit_fields(nominee, nomination))
    assert [one.no for one in db.session.query(NominationRevision).order_by(NominationRevision.no)] == [1, 2]
    assert [kind for kind in kinds(here) if kind.startswith("nomination.")] == [
        "nomination.created", "nomination.submitted", "nomination.taken_back", "nomination.submitted",
    ]  # fmt: skip


def test_another_tenant_cannot_send_it(nominee, here):
    foreign = filled(here, "nominee-2", "regency-2")
    mine = filled(here)
    fields = submit_fields(nominee, mine)
    for address in ("submit", "take-back", "documents", "evidence/coverage", "eligibility"):
        answer = send(nominee, f"/nominations/{foreign.ref}/{address}", fields)
        nobody = send(nominee, f"/nominations/N-0000-0000/{address}", fields)
        assert (answer.status_code, nobody.status_code) == (404, 404)
        assert alike(answer, foreign.ref) == alike(nobody, foreign.ref)
    assert queries.get_nomination(foreign.ref).state == "draft"


def test_after_the_deadline_nothing_is_sent_or_taken_back(here):
    actor, late = here.actor("nominee-1"), here.category.closes_at.replace(microsecond=1)
    nomination = filled(here)
    with pytest.raises(service.EntryClosed):
        service.submit(nomination, actor=actor, at=late)
    db.session.rollback()
    service.submit(nomination, actor=actor, at=here.category.closes_at)
    with pytest.raises(service.EntryClosed):
        service.take_back(nomination, actor=actor, at=late)
    db.session.rollback()


def test_a_take_back_that_comes_late_says_when_entry_closed_and_that_the_nomination_stays_sent(
    client, db_session, clock
):
    here, nominee = world(kind="real"), client
    sign_in(nominee, "nominee-1")
    nomination = filled(here)
    page = f"/nominations/{nomination.ref}"
    send(nominee, f"{page}/submit", submit_fields(nominee, nomination))
    form = fields_of(nominee, page, f"{page}/take-back")
    clock.set(here.category.closes_at + timedelta(seconds=1))
    sign_in(nominee, "nominee-1")
    refused = send(nominee, f"{page}/take-back", form | fields_of(nominee, page, "/sign-out"))
    assert refused.status_code == 409
    assert "The nomination stays sent and cannot be taken back." in text_of(refused)
    db.session.expire_all()
    assert queries.get_nomination(nomination.ref).state == "submitted"


def test_an_amendment_makes_the_next_revision_and_leaves_the_first_alone(here):
    actor = here.actor("nominee-1")
    nomination = filled(here)
    first = service.submit(nomination, actor=actor, at=here.now)
    before = dict(first.content["evidence"]["vulnerable_workers"]["data"]["lines"][0])
    db.session.commit()
    here.category.state = int(State.VERIFICATION)
    service.set_nomination_state(
        nomination, "returned", expected={"submitted"}, reason="x", actor=here.actor("verifier-1"), at=here.now
    )
    second = service.amend(
        nomination, {"vulnerable_workers": {"lines.a1b2.months": 4}}, "Angka SP2D", actor=actor, at=here.now
    )
    db.session.commit()
    assert nomination.state == "resubmitted"
    assert (second.no, nomination.revision_no) == (2, 2)
    assert second.content["evidence"]["vulnerable_workers"]["data"]["lines"][0]["months"] == 4
    stored = queries.get_revision(nomination.id, 1)
    assert stored.content["evidence"]["vulnerable_workers"]["data"]["lines"][0] == before


def test_an_amendment_names_only_figures_that_exist(here):
    actor = here.actor("nominee-1")
    nomination = filled(here)
    service.submit(nomination, actor=actor, at=here.now)
    here.category.state = int(State.VERIFICATION)
    with pytest.raises(WrongState):
        service.amend(nomination, {}, "", actor=actor, at=here.now)
    service.set_nomination_state(
        nomination, "returned", expected={"submitted"}, reason="x", actor=here.actor("verifier-1"), at=here.now
    )
    for changes in ({"vulnerable_workers": {"lines.zzzz.months": 4}}, {"coverage": {"nothing": 1}}):
        with pytest.raises(service.UnfitEvidence):
            service.amend(nomination, changes, "", actor=actor, at=here.now)
    with pytest.raises(service.UnknownKind):
        service.amend(nomination, {"indicator:A1": {"x": 1}}, "", actor=actor, at=here.now)
    assert (nomination.state, nomination.revision_no) == ("returned", 1)


def test_a_shortlisted_nomination_stays_shortlisted_when_it_is_amended(here):
    actor = here.actor("nominee-1")
    nomination = filled(here)
    service.submit(nomination, actor=actor, at=here.now)
    here.category.state = int(State.INTERVIEW)
    for before, after in itertools.pairwise(("submitted", "verified", "shortlisted")):
        service.set_nomination_state(nomination, after, expected={before}, reason=None, actor=actor, at=here.now)
    service.amend(nomination, {"coverage": {"pmi.participants": 501}}, "", actor=actor, at=here.now)
    assert (nomination.state, nomination.revision_no) == ("shortlisted", 2)


def test_a_step_that_does_not_exist_is_refused(here):
    actor = here.actor("nominee-1")
    nomination = filled(here)
    for state in STATES:
        if state in service.STEPS["draft"]:
            continue
        with pytest.raises(WrongState):
            service.set_nomination_state(nomination, state, expected={"draft"}, reason=None, actor=actor, at=here.now)
    with pytest.raises(WrongState):
        service.set_nomination_state(
            nomination, "submitted", expected={"verified"}, reason=None, actor=actor, at=here.now
        )


def test_withdrawing_ends_it(here):
    actor = here.actor("nominee-1")
    nomination = filled(here)
    service.submit(nomination, actor=actor, at=here.now)
    service.withdraw(nomination, "tidak jadi", actor=actor, at=here.now)
    assert (nomination.state, nomination.state_reason) == ("withdrawn", "tidak jadi")
    with pytest.raises(service.NominationSent):
        service.submit(nomination, actor=actor, at=here.now)


def test_the_first_page_is_told_what_is_not_sent_and_what_is_not_opened(here):
    actor = here.actor("nominee-1")
    (new,) = tasks(actor, here.now)
    assert (new.endpoint, new.due) == ("nominations.new_nomination", here.category.closes_at)
    nomination = draft(here)
    (unsent,) = tasks(actor, here.now)
    assert (unsent.endpoint, unsent.values) == ("nominations.task_list", {"ref": nomination.ref})
    service.submit(filled(here, "nominee-2", "regency-2"), actor=here.actor("nominee-2"), at=here.now)
    assert tasks(here.actor("nominee-2"), here.now) == []
    assert tasks(here.actor("organiser-1"), here.now) == []


def test_an_organisation_that_does_not_fit_is_refused(here):
    with pytest.raises(service.NotFitting):
        service.create_nomination(
            here.category, here.organisations["employer"], actor=here.actor("employer"), at=here.now
        )
    draft(here)
    with pytest.raises(service.AlreadyNominated):
        draft(here)
    db.session.rollback()


def test_open_requests_stand_on_top_of_the_task_list(nominee, here, app, monkeypatch):
    nomination = filled(here)
    service.submit(nomination, actor=here.actor("nominee-1"), at=here.now)
    here.category.state = int(State.VERIFICATION)
    service.set_nomination_state(
        nomination, "returned", expected={"submitted"}, reason="x", actor=here.actor("verifier-1"), at=here.now
    )
    db.session.commit()
    due = here.now + timedelta(days=3)
    monkeypatch.setitem(app.extensions, "nomination_requests", lambda nomination: [{"no": 4, "due_at": due}])
    page = text_of(nominee.get(f"/nominations/{nomination.ref}", query_string={"lang": "en"}))
    assert "Changes requested" in page
    assert "Only the requested entries can be changed" in page
    assert f'href="/nominations/{nomination.ref}/requests/4"' in page
    assert "Changes due by 5 Mar 2026" in page
    assert page.index("Answer change request 4") < page.index("Before you start")
