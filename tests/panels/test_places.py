"""The secretary and the substitutes of a panel, and what the end of a seat does to the quorum."""

import pytest

from paritrana.accounts import service as accounts
from paritrana.accounts.queries import grants_of_person
from paritrana.core.lifecycle import State
from paritrana.core.policy import Role, roles_in
from paritrana.cycles.models import Proposal
from paritrana.database import db
from paritrana.panels import queries, service
from paritrana.panels.models import Seat
from paritrana.results import queries as results
from paritrana.sheets import queries as sheets
from tests.factories import person, world
from tests.factories_results import contest
from tests.nominations.pages import fields_of, send, text_of
from tests.verification.cases import ALL, sent

PANEL = "/manage/contoh-2025/panel"
SEATS = f"{PANEL}/kabkota/seats"


@pytest.fixture
def here(app, db_session):
    return world()


def seat_of(here, name):
    account_id = here.accounts[name].id
    return db.session.query(Seat).filter_by(category_id=here.category.id, account_id=account_id).one()


def seated(here, name, role):
    """A newcomer in a place."""
    here.accounts[name] = here.accounts.get(name) or person(name)
    found = service.seat(
        here.category, here.accounts[name], role, "", "SK 2", actor=here.actor("organiser-1"), at=here.now
    )
    db.session.commit()
    return found


def test_a_secretary_is_an_organiser_who_neither_marks_nor_is_due(here, door):
    organiser = door("organiser-1")
    page = text_of(organiser.get(PANEL, query_string={"lang": "en"}))
    assert "Name the secretary" in page
    fields = fields_of(organiser, PANEL, SEATS)
    fields = {name: value for name, value in fields.items() if name in {"csrf_token", "idempotency_key", "version"}}
    told = fields | {"role": "secretary", "account": here.accounts["organiser-2"].ref}
    assert send(organiser, SEATS, told).status_code == 422  # no decree
    assert send(organiser, SEATS, told, decree_number="SK 2", idempotency_key="a-second-key").status_code == 303
    seat = seat_of(here, "organiser-2")
    assert (seat.role, seat.decree_number) == ("secretary", "SK 2")
    assert queries.seats_of(seat.account_id) == {}
    assert Role.ASSESSOR not in roles_in(here.actor("organiser-2"), here.cycle.id, here.category.id)
    assert seat not in queries.seats_in(here.category)
    page = text_of(organiser.get(PANEL, query_string={"lang": "en"}))
    assert "Name the secretary" not in page
    assert "Seats that mark: 9. Quorum: 5 marks per indicator." in page
    assert f">{seat.code}</td>" not in page  # no code: it stands for nobody in the bundle


def test_only_an_organiser_is_secretary_and_only_one(here):
    actor = here.actor("organiser-1")
    with pytest.raises(service.NotAnOrganiser):
        service.seat(here.category, person("x"), "secretary", "", "SK", actor=actor, at=here.now)
    seated(here, "organiser-2", "secretary")
    with pytest.raises(service.PlaceTaken):
        service.seat(here.category, here.accounts["organiser-1"], "secretary", "", "SK", actor=actor, at=here.now)
    with pytest.raises(service.UnknownPlace):
        service.seat(here.category, person("y"), "guest", "", "SK", actor=actor, at=here.now)


def test_a_secretary_may_become_an_organiser_again_but_a_substitute_never(here):
    seated(here, "organiser-2", "secretary")
    seated(here, "spare", "substitute")
    give = {"actor": here.actor("administrator"), "at": here.now, "cycle_id": here.cycle.id}
    with pytest.raises(accounts.RolesExclude):
        accounts.grant_role(here.accounts["spare"], "organiser", **give)
    (held,) = grants_of_person(here.accounts["organiser-2"].person_id)
    accounts.end_grant(held, actor=give["actor"], at=here.now)
    assert accounts.grant_role(here.accounts["organiser-2"], "organiser", **give).ended_at is None


def test_a_substitute_does_not_mark_until_called_in(here, door):
    spare = seated(here, "spare", "substitute")
    assert queries.seats_of(spare.account_id) == {}
    assert spare.role == "substitute"
    seated(here, "spare-2", "substitute")
    with pytest.raises(service.AlreadySeated):
        service.seat(
            here.category, here.accounts["spare"], "member", "", "SK", actor=here.actor("organiser-1"), at=here.now
        )
    organiser, leaving = door("organiser-1"), seat_of(here, "assessor-3")
    address = f"{SEATS}/{leaving.code}/end"
    fields = fields_of(organiser, address)
    assert send(organiser, address, fields, substitute=spare.code).status_code == 422  # no reason
    assert send(organiser, address, fields, substitute="J0", reason="ill").status_code == 422
    ended = send(organiser, address, fields, substitute=spare.code, reason="ill", idempotency_key="a-second-key")
    assert ended.status_code == 303
    db.session.expire_all()
    assert seat_of(here, "assessor-3").ended_at is not None
    assert seat_of(here, "spare").role == "member"
    assert list(queries.seats_of(spare.account_id)) == [here.category.id]
    assert queries.seats_of(here.accounts["assessor-3"].id) == {}
    assert len(queries.seats_in(here.category)) == 9


def test_in_the_interviews_the_chair_confirms_who_comes_in(here, door):
    spare = seated(here, "spare", "substitute")
    here.category.state = int(State.INTERVIEW)
    db.session.commit()
    organiser, chair, leaving = door("organiser-1"), door("chair"), seat_of(here, "assessor-4")
    address = f"{SEATS}/{leaving.code}/end"
    fields = fields_of(organiser, address)
    assert send(organiser, address, fields, substitute=spare.code, reason="ill").status_code == 303
    db.session.expire_all()
    assert seat_of(here, "spare").role == "substitute"
    proposal = db.session.query(Proposal).one()
    page = text_of(chair.get(PANEL, query_string={"lang": "en"}))
    assert "Proposed: the seat of Assessor 4 ends, Spare comes in" in page
    confirm = f"{PANEL}/kabkota/proposals/{proposal.ref}"
    fields = {n: v[0] if isinstance(v, list) else v for n, v in fields_of(chair, PANEL, confirm).items()}
    assert send(chair, confirm, fields | {"answer": "confirm"}).status_code == 303
    db.session.expire_all()
    assert seat_of(here, "spare").role == "member"
    assert seat_of(here, "assessor-4").ended_at is not None


def test_who_is_called_in_must_wait_for_it_in_this_panel(here):
    spare = seated(here, "spare", "substitute")
    organiser, leaving = here.actor("organiser-1"), seat_of(here, "assessor-3")
    told = {"actor": organiser, "at": here.now}
    with pytest.raises(service.NotASubstitute):
        service.unseat(leaving, "ill", expected=leaving.version, substitute=seat_of(here, "assessor-4"), **told)
    with pytest.raises(service.NotASubstitute):
        service.unseat(spare, "ill", expected=spare.version, substitute=seated(here, "spare-2", "substitute"), **told)
    here.category.state = int(State.SCORING)
    proposal = service.propose_unseat(leaving, "ill", substitute=spare, **told)
    here.category.state = int(State.VERIFICATION)
    service.unseat(spare, "moved", expected=spare.version, **told)
    with pytest.raises(service.cycles.ProposalVoid):
        service.confirm_change(proposal, proposal.digest, actor=here.actor("chair"), at=here.now)


def test_before_a_seat_ends_its_page_says_what_becomes_of_every_candidate(here, clock, door):
    seated(here, "spare", "substitute")
    here.accounts["spare"].office_region_code = "99.01"
    first, second = sent(here, clock, ALL[:2])
    for name in ("assessor-5", "assessor-6", "assessor-7", "assessor-8"):
        service.recuse(first, "a relative", actor=here.actor(name), at=here.now)
    db.session.commit()
    leaving = seat_of(here, "assessor-3")
    one, other = queries.reach_without(leaving)
    code = seat_of(here, "spare").code
    assert (one.nomination, one.submitted, one.now, one.without, one.instead[code]) == (first, 0, 5, 4, 4)
    assert (other.nomination, other.submitted, other.now, other.without, other.instead[code]) == (second, 0, 9, 8, 9)
    page = text_of(door("organiser-1").get(f"{SEATS}/{leaving.code}/end", query_string={"lang": "en"}))
    assert page.count("below quorum: no rank") == 2
    assert "With Spare instead" in page
    assert "Fewer seats may mark" not in text_of(door("organiser-1").get(PANEL, query_string={"lang": "en"}))
    service.unseat(leaving, "ill", expected=1, actor=here.actor("organiser-1"), at=here.now, confirmed=True)
    db.session.commit()
    page = text_of(door("organiser-1").get(PANEL, query_string={"lang": "en"}))
    assert "Fewer seats may mark Pemerintah Kabupaten Contoh 1 than the quorum asks for." in page


def test_only_places_that_mark_stand_in_a_result(app, db_session):
    here = contest(2, state=State.INTERVIEW)
    organiser = {"actor": here.actor("organiser-1"), "at": here.now, "confirmed": True}
    before, digest = results.inputs(here.category), results.inputs_digest(here.category)
    service.seat(here.category, here.accounts["organiser-2"], "secretary", "", "SK", **organiser)
    spare = service.seat(here.category, person("spare"), "substitute", "", "SK", **organiser)
    after = results.inputs(here.category)
    assert (after.contest, after.sheets_due) == (before.contest, before.sheets_due)
    assert sheets.missing_sheets(here.category) == []
    leaving = seat_of(here, "assessor-3")
    service.unseat(leaving, "ill", expected=leaving.version, substitute=spare, **organiser)
    after = results.inputs(here.category)
    assert set(after.contest.assessors) == {*before.contest.assessors, spare.code}
    assert after.contest.marks == before.contest.marks
    assert {seat for seat, _nomination in sheets.missing_sheets(here.category)} == {spare}
    assert results.inputs_digest(here.category) != digest


def test_a_member_who_comes_back_as_a_substitute_keeps_the_sheets_that_are_in(app, db_session):
    here = contest(1, state=State.INTERVIEW)
    organiser = {"actor": here.actor("organiser-1"), "at": here.now, "confirmed": True}
    before, seat = results.inputs(here.category), seat_of(here, "assessor-3")
    service.unseat(seat, "ill", expected=seat.version, **organiser)
    assert service.seat(here.category, seat.account, "substitute", "", "SK", **organiser) is seat
    assert results.inputs(here.category).contest.marks == before.contest.marks
