"""Conflicts: found in what is stored, declared with a type, found late by the chair, and waived by two people."""

from datetime import timedelta

import pytest

from paritrana.core.lifecycle import State
from paritrana.core.policy import Role
from paritrana.cycles import service as cycles
from paritrana.cycles.models import Proposal
from paritrana.database import db
from paritrana.panels import facts, queries, service
from paritrana.panels.models import Recusal, Waiver
from paritrana.panels.tasks import tasks
from paritrana.results import queries as results
from paritrana.results import service as runs
from paritrana.sheets import queries as sheets
from paritrana.sheets import service as sheet_service
from paritrana.sheets.models import Sheet
from paritrana.verification.models import Verification
from tests.factories import NOW, grant, person, world
from tests.factories_results import contest, nominations
from tests.nominations.pages import fields_of, send, text_of
from tests.verification.cases import sent

PANEL = "/manage/contoh-2025/panel"


@pytest.fixture
def here(app, db_session):
    return world()


def conflicted(here, name, nomination, role=Role.ASSESSOR):
    """What both faces of the guard say; they must agree."""
    actor = here.actor(name)
    alone = not facts.unconflicted(actor, role, nomination)
    free = db.session.query(type(nomination)).filter(facts.unconflicted_clause(actor, role)).all()
    assert (nomination not in free) is alone
    return alone


def page_of(client, address=PANEL):
    return text_of(client.get(address, query_string={"lang": "en"}))


# Structure ------------------------------------------------------------------------------------------------------------


def test_who_worked_there_in_the_last_three_years_is_in_conflict(here, clock):
    nomination = sent(here, clock)[0]
    opened = here.category.opens_at
    for name, where, ended, found in (
        ("assessor-3", "regency-1", opened - timedelta(days=3 * 365 - 5), True),
        ("assessor-4", "regency-1", opened - timedelta(days=3 * 366 + 5), False),
        ("assessor-5", "regency-2", opened - timedelta(days=5), False),
    ):
        grant(here.accounts[name], "nominee", organisation=here.organisations[where])
        here.accounts[name].grants[-1].ended_at = ended
        db.session.flush()
        assert conflicted(here, name, nomination) is found, name
    account = here.accounts["assessor-3"].id
    assert queries.conflicts_in(here.category) == {(account, nomination.id)}
    assert queries.structural_kind(here.accounts["assessor-3"], nomination) == "employer"


def test_parent_and_part_of_the_own_organisation_count_as_the_same(here, clock):
    nomination = sent(here, clock)[0]
    for name, ours, theirs in (("assessor-3", "regency-3", "regency-1"), ("assessor-4", "regency-1", "regency-4")):
        here.organisations[ours].parent_id = here.organisations[theirs].id
        other = ours if theirs == "regency-1" else theirs
        grant(here.accounts[name], "nominee", organisation=here.organisations[other])
        db.session.flush()
        assert conflicted(here, name, nomination), name
    assert not conflicted(here, "assessor-5", nomination)


def test_another_account_of_the_same_person_counts(here, clock):
    nomination = sent(here, clock)[0]
    other = person("second-account")
    other.person = here.accounts["assessor-3"].person
    grant(other, "nominee", organisation=here.organisations["regency-1"])
    db.session.flush()
    assert conflicted(here, "assessor-3", nomination)


def test_who_wrote_the_nomination_is_in_conflict(here, clock):
    nomination = sent(here, clock)[0]
    nomination.created_by = here.accounts["assessor-3"].id
    db.session.flush()
    assert conflicted(here, "assessor-3", nomination)
    assert queries.structural_kind(here.accounts["assessor-3"], nomination) == "nominee"


def test_who_verified_a_figure_does_not_mark_but_may_go_on_verifying(here, clock):
    nomination = sent(here, clock)[0]
    officer = here.accounts["verifier-1"]
    db.session.add(
        Verification(
            nomination_id=nomination.id, revision_no=1, state="proposed", proposed_at=NOW, proposed_by=officer.id,
            proposed_person_id=officer.person_id,
        )
    )  # fmt: skip
    db.session.flush()
    assert conflicted(here, "verifier-1", nomination)
    assert not conflicted(here, "verifier-1", nomination, Role.VERIFIER)
    assert not conflicted(here, "verifier-2", nomination)


def test_conflicts_are_named_with_their_source_before_anybody_is_seated(here, clock, door):
    sent(here, clock)
    newcomer = person("newcomer", office_region="99.01")
    here.accounts["assessor-3"].office_region_code = "99.01"
    db.session.commit()
    page = page_of(door("organiser-1"))
    assert "Newcomer – Pemerintah Kabupaten Contoh 1: The office of the person lies in the candidate" in page
    assert page.count("Found by the application; it acts already.") == 1
    assert {one.account_id for one in queries.conflicts_before_seating([here.category])} >= {newcomer.id}


def test_the_guards_ask_one_statement(here, clock, statements):
    nomination = sent(here, clock)[0]
    actor, _read = here.actor("assessor-3"), (nomination.id, here.category.id)
    for ask in (
        lambda: queries.seats_of(actor.user_id),
        lambda: queries.is_conflicted(actor, nomination),
        lambda: queries.conflicted_in(actor, here.category),
    ):
        with statements() as asked:
            ask()
        assert len(asked) == 1
    deputy = here.actor("deputy")
    with statements() as asked:
        queries.seats_of(deputy.user_id)
    assert len(asked) == 2  # only a deputy asks about the chair, of all categories at once


# Declared, and found late ---------------------------------------------------------------------------------------------


def test_a_declared_conflict_has_a_type(here, clock):
    nomination, actor = sent(here, clock)[0], here.actor("assessor-3")
    with pytest.raises(service.UnknownBasis):
        service.recuse(nomination, "a cousin", basis="friend", actor=actor, at=here.now)
    service.declare(nomination, True, "a cousin", basis="kin", actor=actor, at=here.now)
    told = db.session.query(Recusal).one()
    assert (told.kind, told.basis, told.no, told.recorded_by) == ("declared", "kin", 1, None)


def judged(state=State.PLENARY):
    """Two candidates whose sheets are in."""
    here = contest(2, state=state)
    return here, *nominations(here)[:2]


def test_the_chair_takes_somebody_out_late_and_the_sheet_with_it(app, db_session, door):
    here, first, second = judged()
    run = runs.build_run(here.category, actor=here.actor("chair"), at=here.now)
    db.session.commit()
    chair, address = door("chair"), f"{PANEL}/kabkota/recusals/{first.candidate_code}"
    fields = fields_of(chair, address)
    assert send(chair, address, fields).status_code == 422
    assert send(chair, address, fields, account="U-0000-0000", reason="x").status_code == 422
    told = {"account": here.accounts["assessor-3"].ref, "basis": "business", "reason": "a contract"}
    assert send(chair, address, fields, **told, idempotency_key="a-second-key").status_code == 303
    recusal = db.session.query(Recusal).one()
    assert (recusal.kind, recusal.basis, recusal.recorded_by) == ("declared", "business", here.accounts["chair"].id)
    sheet = db.session.query(Sheet).filter_by(assessor_id=recusal.account_id, nomination_id=first.id).one()
    assert sheet.withdrawn_at is not None
    assert sheet.marks  # on record
    assert results.inputs_digest(here.category) != run.inputs_digest
    after = results.inputs(here.category)
    assert (after.sheets_in, after.sheets_due) == (run.sheets_in - 1, run.sheets_due - 1)
    code = queries.find_seat(here.category, here.accounts["assessor-3"]).code
    reasons = {m.reason for m in after.contest.marks if m.assessor == code and m.candidate == first.candidate_code}
    assert reasons == {"recused"}
    assert not conflicted(here, "assessor-3", second)
    page = page_of(chair)
    assert "a contract" in page
    assert "a contract" not in page_of(door("organiser-1"))
    assert "Business or money" in page_of(door("organiser-1"))


def test_a_chair_in_conflict_neither_sees_nor_decides_about_the_candidate(app, db_session, door):
    here, first, second = judged(State.INTERVIEW)
    service.recuse(first, "a relative", actor=here.actor("chair"), at=here.now)
    db.session.commit()
    chair = door("chair")
    assert chair.get(f"{PANEL}/kabkota/recusals/{first.candidate_code}").status_code == 404
    assert chair.get(f"{PANEL}/kabkota/recusals/{second.candidate_code}").status_code == 200
    assert first.organisation.name not in page_of(chair)
    deputy = door("deputy")
    assert deputy.get(f"{PANEL}/kabkota/recusals/{first.candidate_code}").status_code == 200
    for name, status in (("organiser-1", 403), ("assessor-3", 404), ("auditor", 404), ("verifier-1", 404)):
        assert door(name).get(f"{PANEL}/kabkota/recusals/{second.candidate_code}").status_code == status, name


def test_what_the_structure_shows_is_confirmed_as_what_it_is(app, db_session):
    here, first, _second = judged()
    here.accounts["assessor-3"].office_region_code = "99.01"
    db.session.flush()
    who = here.accounts["assessor-3"].id
    told = service.recuse(
        first, "the register says so", basis="kin", actor=here.actor("chair"), at=here.now, account_id=who
    )
    assert (told.kind, told.basis) == ("region", "")
    with pytest.raises(service.NotWaivable):
        service.propose_waiver(told, "well known", actor=here.actor("chair"), at=here.now)


# Waiver ---------------------------------------------------------------------------------------------------------------


def recused(here, nomination, name="assessor-3"):
    """A declared conflict."""
    return service.recuse(nomination, "a cousin", basis="kin", actor=here.actor(name), at=here.now)


def test_chair_and_organiser_waive_a_declared_conflict_with_a_public_reason(app, db_session, door):
    here, first, _second = judged(State.INTERVIEW)
    assessor = here.actor("assessor-3")
    service.declare(first, True, "a cousin", basis="kin", actor=assessor, at=here.now)
    sheet_service.withdraw_sheet(first, actor=assessor, at=here.now)
    db.session.commit()
    assert door("assessor-3").get(f"/assessments/{first.ref}/sheet").status_code == 404
    chair, organiser = door("chair"), door("organiser-1")
    ref = here.accounts["assessor-3"].ref
    address = f"{PANEL}/kabkota/recusals/{first.candidate_code}/{ref}/waive"
    fields = fields_of(chair, PANEL, address)
    assert send(chair, address, fields).status_code == 422
    assert send(chair, address, fields, reason="far removed", idempotency_key="a-second-key").status_code == 303
    proposal = db.session.query(Proposal).one()
    assert [one.role for one in tasks(here.actor("organiser-1"), here.now)] == [Role.ORGANISER]
    answer = f"{PANEL}/kabkota/waivers/{proposal.ref}"
    assert conflicted(here, "assessor-3", first)
    token = fields_of(organiser, PANEL, answer)
    token = {name: value[0] if isinstance(value, list) else value for name, value in token.items()}
    assert send(organiser, answer, token | {"answer": "confirm", "digest": "0"}).status_code == 409
    assert send(organiser, answer, token | {"answer": "confirm", "digest": proposal.digest}).status_code == 303
    assert db.session.query(Waiver).one().reason == "far removed"
    assert not conflicted(here, "assessor-3", first)
    assert queries.has_declared(assessor.user_id, first.id)
    assert "far removed" in page_of(organiser)
    sheet = sheet_service.open_sheet(first, actor=assessor, at=here.now)
    assert sheet.withdrawn_at is None
    assert first.id in {desk.nomination.id for desk in sheets.my_desks(assessor)}
    again = service.recuse(first, "a new contract", basis="business", actor=assessor, at=here.now)
    assert again.no == 2
    assert conflicted(here, "assessor-3", first)


def test_nobody_waives_the_own_conflict_nor_alone_nor_from_scoring_on(app, db_session):
    here, first, second = judged(State.INTERVIEW)
    with pytest.raises(service.OwnConflict):
        service.propose_waiver(recused(here, second, "chair"), "x", actor=here.actor("chair"), at=here.now)
    mine = recused(here, first)
    proposal = service.propose_waiver(mine, "far removed", actor=here.actor("chair"), at=here.now)
    for actor, refusal in (("chair", cycles.SamePerson), ("assessor-3", service.OwnConflict)):
        with pytest.raises(refusal):
            service.confirm_waiver(proposal, proposal.digest, actor=here.actor(actor), at=here.now)
    here.category.state = int(State.SCORING)
    with pytest.raises(service.WrongState):
        service.confirm_waiver(proposal, proposal.digest, actor=here.actor("organiser-1"), at=here.now)
    here.category.state = int(State.INTERVIEW)
    service.confirm_waiver(proposal, proposal.digest, actor=here.actor("organiser-1"), at=here.now)
    with pytest.raises(cycles.ProposalVoid):
        service.confirm_waiver(proposal, proposal.digest, actor=here.actor("organiser-2"), at=here.now)
