"""Conditions, change requests, the close by two people, and the shortlist, at the door."""

from datetime import timedelta

import pytest

from paritrana.audit import service as audit
from paritrana.audit.models import Event
from paritrana.core.errors import SamePerson
from paritrana.core.lifecycle import State
from paritrana.core.policy import Role
from paritrana.cycles.models import Category, Proposal
from paritrana.cycles.service import advance_clock
from paritrana.database import db
from paritrana.nominations.models import Nomination, NominationRevision
from paritrana.panels.service import declare
from paritrana.verification import queries, service
from paritrana.verification.models import ChangeRequest, Finding, GateFinding, Verification
from paritrana.verification.tasks import tasks
from paritrana.verification.values import computed_values, gates_decided, not_applicable
from tests.factories import world
from tests.nominations.pages import fields_in, fields_of, send, text_of
from tests.verification.cases import ALL, LATER, decide_gates, declared, judge_all, propose_gates, sent, verify


@pytest.fixture
def here(app, db_session):
    return world(kind="real")


@pytest.fixture
def nomination(here, clock):
    return sent(here, clock)[0]


def kinds(here):
    stream = audit.intake(here.cycle.code)
    return [event.kind for event in db.session.query(Event).filter_by(stream=stream).order_by(Event.seq)]


def page_of(client, address):
    return text_of(client.get(address, query_string={"lang": "en"}))


def ready(here, nomination):
    declared(here, nomination, "verifier-1", "verifier-2", "chair")
    judge_all(here, nomination)
    propose_gates(here, nomination)


def test_two_verifiers_and_the_chair_close_a_verification(here, nomination, door):
    ready(here, nomination)
    address = f"/verification/{nomination.ref}/close"
    first, second, chair = door("verifier-1"), door("verifier-2"), door("chair")
    assert send(first, address, fields_of(first, address)).status_code == 303

    page = page_of(second, address)
    assert "The chair has not decided on a condition yet" in page
    assert f'action="{address}/confirm"' not in page
    forced = send(second, f"{address}/confirm", fields_of(second, address, f"{address}/return"))
    assert forced.status_code == 409
    assert "cannot be closed yet" in text_of(forced)

    decisions = f"/verification/{nomination.ref}/decisions"
    assert "Propose to close" not in page_of(chair, address)
    for gate in ("complete", "period"):
        fields = fields_of(chair, address, decisions)
        fields = {name: value[0] if isinstance(value, list) else value for name, value in fields.items()}
        finding = db.session.query(GateFinding).filter_by(gate=gate).one()
        fields |= {"subject": "gate", "code": gate, "version": str(finding.version), "answer": "pass"}
        refused = send(chair, decisions, fields)
        assert refused.status_code == 422
        assert send(chair, decisions, fields, reason="As proposed.").status_code == 303

    assert send(second, f"{address}/confirm", fields_of(second, address, f"{address}/confirm")).status_code == 303
    db.session.expire_all()
    assert db.session.get(Nomination, nomination.id).state == "verified"
    done = db.session.query(Verification).one()
    assert (done.state, done.proposed_person_id != done.closed_person_id) == ("closed", True)
    assert "Closed" in page_of(first, address)
    assert {"verification.close_proposed", "gate.decided", "verification.closed", "finding.recorded"} <= set(
        kinds(here)
    )


def test_the_first_person_cannot_close(here, nomination, door):
    ready(here, nomination)
    decide_gates(here, nomination)
    address = f"/verification/{nomination.ref}/close"
    first = door("verifier-1")
    fields = fields_of(first, address)
    assert send(first, address, fields).status_code == 303
    assert "The requester cannot approve. Ask another person." in page_of(first, address)
    found = queries.find_verification(nomination)
    again = fields_of(first, f"/verification/{nomination.ref}", "/sign-out") | {"idempotency_key": "another-key"}
    assert send(first, f"{address}/confirm", again | {"version": str(found.version)}).status_code == 403
    with pytest.raises(SamePerson):
        service.close(nomination, expected=found.version, actor=here.actor("verifier-1"), at=here.now + LATER)


def test_another_account_of_the_same_person_cannot_close_either(here, nomination):
    ready(here, nomination)
    decide_gates(here, nomination)
    here.accounts["verifier-2"].person = here.accounts["verifier-1"].person
    db.session.commit()
    at = here.now + LATER
    found = queries.find_verification(nomination)
    service.propose_close(nomination, expected=found.version, actor=here.actor("verifier-1"), at=at)
    with pytest.raises(SamePerson):
        service.close(nomination, expected=found.version, actor=here.actor("verifier-2"), at=at)


def test_open_figures_block_the_close(here, nomination, door):
    declared(here, nomination, "verifier-1")
    first = door("verifier-1")
    address = f"/verification/{nomination.ref}/close"
    page = page_of(first, address)
    assert "figures without a verdict." in page
    assert "You can propose to close when every figure has a verdict" in page
    token = fields_of(first, f"/verification/{nomination.ref}", "/sign-out")["csrf_token"]
    fields = {"csrf_token": token, "version": "0", "idempotency_key": "some-key-1"}
    assert send(first, address, fields).status_code == 409


def test_the_second_person_returns_it_with_a_note(here, nomination, door):
    ready(here, nomination)
    found = queries.find_verification(nomination)
    service.propose_close(nomination, expected=found.version, actor=here.actor("verifier-1"), at=here.now + LATER)
    db.session.commit()
    second, address = door("verifier-2"), f"/verification/{nomination.ref}/close"
    fields = fields_of(second, address, f"{address}/return")
    assert send(second, f"{address}/return", fields).status_code == 422
    assert send(second, f"{address}/return", fields, note="Look at row B1 again.").status_code == 303
    assert "Look at row B1 again." in page_of(door("verifier-1"), f"/verification/{nomination.ref}")
    stale = send(second, f"{address}/return", fields | {"idempotency_key": "other-key-1"}, note="Once more.")
    assert stale.status_code == 409
    assert "Once more." in text_of(stale) or "not proposed" in text_of(stale)


def test_only_the_chair_decides_and_a_chair_in_conflict_gives_way_to_the_deputy(here, nomination, door):
    ready(here, nomination)
    here.accounts["chair"].office_region_code = nomination.organisation.region_code
    declared(here, nomination, "deputy")
    address = f"/verification/{nomination.ref}/close"
    assert door("chair").get(address).status_code == 404
    page = page_of(door("deputy"), address)
    assert f'action="/verification/{nomination.ref}/decisions"' in page
    verifier = door("verifier-1")
    assert "/decisions" not in page_of(verifier, address)
    fields = fields_of(verifier, f"/verification/{nomination.ref}", f"/verification/{nomination.ref}/gates")
    assert send(verifier, f"/verification/{nomination.ref}/decisions", fields).status_code == 403


def ask_about(here, nomination, door, figure="non_asn_protection/contract_staff.covered", question=None, **due):
    verifier = door("verifier-1")
    address = f"/verification/{nomination.ref}/requests/new"
    day = {"due-day": "30", "due-month": "3", "due-year": "2026"} | due
    fields = fields_of(verifier, address) | {"figure": figure, "question": question or "Page 4 says 850."} | day
    return send(verifier, address, fields)


def test_a_change_request_goes_to_the_nominee_and_comes_back_as_a_revision(here, nomination, door):
    declared(here, nomination, "verifier-1")
    judge_all(here, nomination)
    assert ask_about(here, nomination, door).status_code == 303
    db.session.expire_all()
    assert db.session.get(Nomination, nomination.id).state == "returned"
    locked = f"/verification/{nomination.ref}/items/non_asn_protection"
    assert "Waits for the answer to a change request" in page_of(door("verifier-1"), locked)

    nominee, address = door("nominee-1"), f"/nominations/{nomination.ref}/requests/1"
    assert "Page 4 says 850." in page_of(nominee, address)
    fields = fields_of(nominee, address)
    empty = send(nominee, address, fields)
    assert empty.status_code == 422
    assert "Enter the new figure, or say why your figure is right." in text_of(empty)
    wrong = send(nominee, address, fields, **{"answer-1-value": "8,5", "answer-1-reason": "kept text"})
    assert wrong.status_code == 422
    assert "kept text" in text_of(wrong)
    assert send(nominee, address, fields, **{"answer-1-value": "850"}, note="You are right.").status_code == 303

    db.session.expire_all()
    assert db.session.get(Nomination, nomination.id).state == "resubmitted"
    assert [one.no for one in db.session.query(NominationRevision).order_by(NominationRevision.no)] == [1, 2]
    open_rows = [
        row.figure.key
        for item in queries.case_of(db.session.get(Nomination, nomination.id)).items
        for row in item.rows
        if row.finding is None
    ]
    assert open_rows == ["contract_staff.covered"]
    assert "finding.reopened" in kinds(here)
    assert "Answered" in page_of(nominee, address)
    again = send(nominee, address, fields | {"idempotency_key": "other-key-2"}, **{"answer-1-value": "840"})
    assert again.status_code == 403


def test_a_reason_alone_keeps_figure_and_finding(here, nomination, door):
    declared(here, nomination, "verifier-1")
    judge_all(here, nomination)
    ask_about(here, nomination, door)
    nominee, address = door("nominee-1"), f"/nominations/{nomination.ref}/requests/1"
    answer = send(nominee, address, fields_of(nominee, address), **{"answer-1-reason": "Annex 2 counts them."})
    assert answer.status_code == 303
    db.session.expire_all()
    assert queries.case_of(db.session.get(Nomination, nomination.id)).open == 0
    assert "Annex 2 counts them." in page_of(door("verifier-1"), f"/verification/{nomination.ref}")


def test_a_request_needs_figures_a_question_and_a_day_ahead(here, nomination, door):
    declared(here, nomination, "verifier-1")
    assert ask_about(here, nomination, door, figure=None).status_code == 422
    late = ask_about(here, nomination, door, **{"due-day": "3"})
    assert late.status_code == 422
    assert "The due date must lie in the future." in text_of(late)
    assert "Page 4 says 850." in text_of(late)
    assert db.session.query(ChangeRequest).count() == 0
    assert ask_about(here, nomination, door).status_code == 303
    address = f"/verification/{nomination.ref}/requests/new"
    fields = fields_of(door("verifier-1"), address)
    assert "figure" not in fields
    again = ask_about(here, nomination, door)
    assert again.status_code == 409
    assert "Change request 1 on one of these figures is open." in text_of(again)


COVERED, TARGET = "non_asn_protection/contract_staff.covered", "non_asn_protection/contract_staff.target"


def test_every_figure_has_its_own_due_date_and_the_nomination_waits_for_the_last_answer(here, nomination, door, clock):
    declared(here, nomination, "verifier-1")
    judge_all(here, nomination)
    assert ask_about(here, nomination, door, **{"due-day": "24"}).status_code == 303
    assert ask_about(here, nomination, door, TARGET, question="Which month is this?").status_code == 303
    nominee, first, second = door("nominee-1"), *(f"/nominations/{nomination.ref}/requests/{no}" for no in (1, 2))
    fields = fields_of(nominee, second)
    assert send(nominee, second, fields, **{"answer-1-reason": "It is December."}).status_code == 303
    assert state_of(nomination) == "returned"
    case = queries.case_of(db.session.get(Nomination, nomination.id))
    assert [row.figure.name for item in case.items for row in item.rows if row.asked] == [COVERED]
    assert [one.params for one in service.close_blockers(case, decided=False) if "no" in one.params] == [{"no": 1}]

    (due,) = queries.due_dates(here.cycle)
    clock.set(due + timedelta(seconds=1))
    nominee = door("nominee-1")
    late = page_of(nominee, first)
    assert "Page 4 says 850." in late
    assert "The due date has passed" in late
    assert "Send the answer" not in late
    verifier, overview = door("verifier-1"), f"/verification/{nomination.ref}"
    fields = fields_of(verifier, overview, f"{overview}/requests/1/end")
    assert send(verifier, f"{overview}/requests/1/end", fields, reason="No answer came.").status_code == 303
    assert state_of(nomination) == "resubmitted"


def test_a_figure_is_asked_about_again_and_its_thread_keeps_every_round(here, nomination, door):
    declared(here, nomination, "verifier-1")
    judge_all(here, nomination)
    ask_about(here, nomination, door)
    nominee, first, second = door("nominee-1"), *(f"/nominations/{nomination.ref}/requests/{no}" for no in (1, 2))
    send(nominee, first, fields_of(nominee, first), **{"answer-1-reason": "Annex 2 counts them."}, note="See there.")
    verifier, page = door("verifier-1"), f"/verification/{nomination.ref}/requests"
    thread = page_of(verifier, page)
    again = f"{page}/new?figure={COVERED}"
    assert again in verifier.get(page).get_data(as_text=True)
    form = verifier.get(again).get_data(as_text=True)
    assert f'value="{COVERED}" checked' in form
    assert form.count(" checked") == 1
    for said in ("Page 4 says 850.", "Annex 2 counts them.", "See there.", "Verifier 1", "Nominee 1"):
        assert said in thread
    assert ask_about(here, nomination, door, question="Annex 2 is missing.").status_code == 303
    asked = page_of(nominee, second)
    assert asked.index("Annex 2 is missing.") < asked.index("1 earlier question") < asked.index("Annex 2 counts them.")
    assert "Verifier 1" not in asked
    assert send(nominee, second, fields_of(nominee, second), **{"answer-1-value": "850"}).status_code == 303
    thread = page_of(verifier, page)
    rounds = [thread.index(said) for said in ("Annex 2 counts them.", "Annex 2 is missing.", "New figure")]
    assert rounds == sorted(rounds)
    assert state_of(nomination) == "resubmitted"


def state_of(nomination):
    db.session.expire_all()
    return db.session.get(Nomination, nomination.id).state


def test_the_clock_of_a_simulated_cycle_waits_until_the_request_is_answered_or_moved_past(app, db_session, door, clock):
    here = world()
    nomination = sent(here, clock)[0]
    advance_clock(
        here.cycle, here.now + LATER, expected=here.cycle.version, actor=here.actor("organiser-1"), at=clock.now()
    )
    declared(here, nomination, "verifier-1")
    assert ask_about(here, nomination, door).status_code == 303
    db.session.expire_all()
    (due,) = queries.due_dates(here.cycle)
    assert here.cycle.waits_at == due
    clock.set(due + timedelta(days=20))
    nominee, address = door("nominee-1"), f"/nominations/{nomination.ref}/requests/1"
    assert "The due date has passed" not in page_of(nominee, address)
    answer = send(nominee, address, fields_of(nominee, address), **{"answer-1-reason": "Annex 2 counts them."})
    assert answer.status_code == 303


def test_a_late_answer_is_refused_and_the_verifier_goes_on(here, nomination, door, clock):
    declared(here, nomination, "verifier-1")
    ask_about(here, nomination, door)
    nominee, address = door("nominee-1"), f"/nominations/{nomination.ref}/requests/1"
    fields = fields_of(nominee, address)
    clock.set(here.now + LATER + timedelta(days=20))
    nominee, verifier = door("nominee-1"), door("verifier-1")
    assert "The due date has passed" in page_of(nominee, address)
    fields["csrf_token"] = fields_of(nominee, address, "/sign-out")["csrf_token"]
    late = send(nominee, address, fields, **{"answer-1-value": "850"})
    assert late.status_code == 409
    assert "Ask the organiser of the cycle." in text_of(late)

    overview = f"/verification/{nomination.ref}"
    fields = fields_of(verifier, overview, f"{overview}/requests/1/end")
    assert send(verifier, f"{overview}/requests/1/end", fields).status_code == 422
    assert send(verifier, f"{overview}/requests/1/end", fields, reason="No answer came.").status_code == 303
    db.session.expire_all()
    assert db.session.get(Nomination, nomination.id).state == "resubmitted"


def test_a_request_after_the_shortlist_opens_its_figures_only(here, nomination, door):
    verify(here, nomination)
    shortlisted(here, [nomination])
    assert db.session.get(Nomination, nomination.id).state == "shortlisted"
    assert ask_about(here, nomination, door).status_code == 303
    db.session.expire_all()
    assert db.session.get(Nomination, nomination.id).state == "shortlisted"
    nominee, address = door("nominee-1"), f"/nominations/{nomination.ref}/requests/1"
    assert send(nominee, address, fields_of(nominee, address), **{"answer-1-value": "850"}).status_code == 303
    db.session.expire_all()
    again = db.session.get(Nomination, nomination.id)
    assert (again.state, queries.case_of(again).open) == ("shortlisted", 1)
    values = computed_values(again.category, again.category.rubric, [again])
    assert values[again.id, "B1"].value is None
    assert values[again.id, "C1"].value == "10.00"


def shortlisted(here, chosen, left_out=()):
    at = here.now + LATER
    proposal = service.propose_shortlist(
        here.category, [one.ref for one in chosen], {one.ref: "Too little." for one in left_out}, "By the values.",
        actor=here.actor("organiser-1"), at=at,
    )  # fmt: skip
    service.confirm_shortlist(proposal, proposal.digest, actor=here.actor("chair"), at=at)
    db.session.commit()


def test_only_the_organiser_reads_how_many_nominations_a_conflict_hides(here, nomination, door):
    page, said = "/manage/contoh-2025/nominations", "hidden from a verifier by conflict of interest"
    organiser = door("organiser-1")
    assert said not in page_of(organiser, page)
    declare(nomination, True, "My brother works there.", actor=here.actor("verifier-2"), at=here.now + LATER)
    db.session.commit()
    assert f"{said}: 1" in page_of(organiser, page)
    assert said not in page_of(door("chair"), page)
    assert said not in page_of(door("verifier-1"), "/verification")


def test_the_shortlist_needs_organiser_and_chair(here, clock, door):
    made = sent(here, clock, ALL[:2])
    organiser, chair = door("organiser-1"), door("chair")
    page, address = f"/manage/{here.cycle.code}/nominations", f"/manage/{here.cycle.code}/nominations/kabkota/shortlist"
    verify(here, made[0])
    waiting = page_of(organiser, page)
    assert "Still in verification: 1." in waiting
    assert f'action="{address}"' not in waiting
    assert "not calculated yet" in waiting
    assert "9.00" in waiting
    verify(here, made[1])

    fields = fields_of(organiser, page, address)
    first, second = (f"choice-{one.ref}" for one in made)
    incomplete = send(organiser, address, fields, **{first: "yes"}, reason="By the values.")
    assert incomplete.status_code == 422
    assert "By the values." in text_of(incomplete)
    no_reason = send(organiser, address, fields, **{first: "yes", second: "no"}, reason="By the values.")
    assert no_reason.status_code == 422
    assert f"Write why {made[1].organisation.name} is not on the shortlist." in text_of(no_reason)
    nobody = {first: "no", second: "no", f"reason-{made[0].ref}": "a", f"reason-{made[1].ref}": "b"}
    assert send(organiser, address, fields, **nobody, reason="x").status_code == 422
    choice = {first: "yes", second: "no", f"reason-{made[1].ref}": "The money of 2024."}
    assert send(organiser, address, fields, **choice, reason="By the values.").status_code == 303
    assert [one.state for one in db.session.query(Nomination).order_by(Nomination.id)] == ["verified", "verified"]

    proposal = db.session.query(Proposal).one()
    confirm = f"{address}/{proposal.ref}"
    assert confirm not in page_of(organiser, page).replace(f"{confirm}/withdraw", "")
    own = fields_of(organiser, page, f"{confirm}/withdraw") | {"digest": proposal.digest}
    assert send(organiser, confirm, own).status_code == 403
    fields = fields_of(chair, page, confirm)
    fields = {name: value[-1] if isinstance(value, list) else value for name, value in fields.items()}
    wrong = send(chair, confirm, fields | {"answer": "confirm", "digest": "0" * 64, "idempotency_key": "some-key-9"})
    assert wrong.status_code == 409
    assert send(chair, confirm, fields | {"answer": "confirm", "digest": proposal.digest}).status_code == 303
    db.session.expire_all()
    states = {one.ref: one.state for one in db.session.query(Nomination)}
    assert states == {made[0].ref: "shortlisted", made[1].ref: "not_shortlisted"}
    assert db.session.get(Category, here.category.id).stored_state is State.INTERVIEW
    assert "The money of 2024." in page_of(organiser, page)


def test_a_nomination_in_verification_keeps_the_category_where_it_is(here, clock):
    made = sent(here, clock, ALL[:2])
    verify(here, made[0])
    with pytest.raises(service.NotAllVerified) as refusal:
        shortlisted(here, made[:1])
    assert refusal.value.params == {"n": 1, "names": made[1].organisation.name}


def test_a_failed_condition_and_an_indicator_that_does_not_apply_are_told_to_the_ranking(here, nomination):
    declared(here, nomination, "verifier-1", "chair")
    propose_gates(here, nomination)
    service.propose_gate(
        nomination, "not_applicable", "A3", "not_applicable", "No plan is due.", expected=0,
        actor=here.actor("verifier-1"), at=here.now + LATER,
    )  # fmt: skip
    ids = [nomination.id]
    assert gates_decided(ids) == {nomination.id: ()}
    for code, decided in (("period", "fail"), ("complete", "pass")):
        service.decide_gate(
            nomination, "gate", code, decided, "Decided.", expected=1, actor=here.actor("chair"), at=here.now + LATER
        )
    service.decide_gate(
        nomination, "not_applicable", "A3", "not_applicable", "No plan is due this year.", expected=1,
        actor=here.actor("chair"), at=here.now + LATER,
    )  # fmt: skip
    assert gates_decided(ids) == {nomination.id: ("period",)}
    assert not_applicable(ids) == {nomination.id: {"A3": "No plan is due this year."}}


def test_everybody_sees_what_waits_for_them(here, nomination, door):
    at = here.now + LATER

    def waiting(name):
        return {(task.role, task.endpoint) for task in tasks(here.actor(name), at)}

    assert waiting("verifier-1") == {(Role.VERIFIER, "verification.queue")}
    ready(here, nomination)
    assert waiting("verifier-1") == {(Role.VERIFIER, "verification.overview")}
    assert waiting("chair") == {(Role.CHAIR, "verification.close")}
    found = queries.find_verification(nomination)
    service.propose_close(nomination, expected=found.version, actor=here.actor("verifier-1"), at=at)
    assert waiting("verifier-2") == {(Role.VERIFIER, "verification.close")}
    decide_gates(here, nomination)
    assert waiting("chair") == set()
    service.close(nomination, expected=found.version, actor=here.actor("verifier-2"), at=at)
    assert waiting("organiser-1") == {(Role.ORGANISER, "verification.shortlist")}
    db.session.commit()
    ask_about(here, nomination, door)
    assert waiting("nominee-1") == {(Role.NOMINEE, "verification.answer")}


def test_the_shortlist_page_asks_as_often_whatever_the_number_of_nominations(here, clock, door, statements):
    page, counts = f"/manage/{here.cycle.code}/nominations", []
    for more in (ALL[:1], ALL[1:]):
        clock.set(here.now)
        for nomination in sent(here, clock, more):
            declared(here, nomination, "verifier-1")
            judge_all(here, nomination)
        organiser = door("organiser-1")
        organiser.get(page)
        with statements() as asked:
            assert organiser.get(page).status_code == 200
        counts.append(len(asked))
    assert counts[0] == counts[1]
    assert db.session.query(Finding).count() > 100


def test_a_form_that_was_refused_comes_back_with_its_text(here, nomination, door):
    declared(here, nomination, "verifier-1")
    verifier, overview = door("verifier-1"), f"/verification/{nomination.ref}"
    address = f"{overview}/gates"
    token = fields_of(verifier, overview, "/sign-out")["csrf_token"]
    fields = {"csrf_token": token, "idempotency_key": "some-key-5", "version": "0", "subject": "gate", "code": "period"}
    refused = send(verifier, address, fields, reason="The decree is of 2024.")
    assert refused.status_code == 422
    assert "The decree is of 2024." in text_of(refused)
    assert send(verifier, address, fields, reason="The decree is of 2024.", answer="fail").status_code == 303
    stale = send(verifier, address, fields | {"idempotency_key": "some-key-6"}, reason="Again.", answer="pass")
    assert stale.status_code == 409
    assert "Again." in fields_in(stale, address)["reason"]
