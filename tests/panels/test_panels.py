"""Seats, conflicts and the opening of a category: at the door and through the services."""

import pytest

from paritrana.accounts.models import Account
from paritrana.audit import service as audit
from paritrana.audit.models import Event
from paritrana.core.errors import MissingReason
from paritrana.core.lifecycle import State
from paritrana.core.policy import Role
from paritrana.cycles.models import Category, Proposal
from paritrana.database import db
from paritrana.panels import facts, queries, service
from paritrana.panels.models import Recusal, Seat
from paritrana.panels.tasks import tasks
from tests.factories import person, world
from tests.nominations.pages import fields_of, filled, send, text_of


@pytest.fixture
def here(app, db_session):
    return world()


def page_of(client, address):
    return text_of(client.get(address, query_string={"lang": "en"}))


def set_state(here, state):
    here.category.state = int(state)
    db.session.commit()


def newcomer(name="newcomer"):
    account = person(name)
    db.session.commit()
    return account


def judging(here):
    """What persons did in the judging stream; the seats of the world are given by nobody."""
    stream = audit.judging(here.cycle.code)
    told = db.session.query(Event).filter_by(stream=stream).order_by(Event.seq)
    return [event.kind for event in told if event.content.document["actor"] != "system"]


PANEL = "/manage/contoh-2025/panel"
SEATS = f"{PANEL}/kabkota/seats"


def test_an_organiser_seats_alone_with_a_decree(here, door):
    account, organiser = newcomer(), door("organiser-1")
    fields = fields_of(organiser, PANEL, SEATS) | {"account": account.ref, "role": "member"}
    refused = send(organiser, SEATS, fields, constituency="University of Contoh")
    assert refused.status_code == 422
    assert "Enter number of the decree, or reason" in text_of(refused)
    assert "University of Contoh" in text_of(refused)
    assert send(organiser, SEATS, fields, decree_number="SK 9/2026").status_code == 303
    seat = db.session.query(Seat).filter_by(account_id=account.id).one()
    assert (seat.role, seat.decree_number, seat.ended_at) == ("member", "SK 9/2026", None)
    assert seat.code not in {f"J{no}" for no in range(1, 10)}
    assert judging(here) == ["seat.given"]


@pytest.mark.parametrize("role", ["member", "secretary"])
def test_nobody_is_no_person_of_a_seat(here, door, role):
    organiser = door("organiser-1")
    fields = fields_of(organiser, PANEL, SEATS) | {"account": "None", "role": role, "decree_number": "SK 9/2026"}
    assert send(organiser, SEATS, fields).status_code == 422
    assert judging(here) == []


def test_codes_of_a_whole_panel_are_drawn_and_not_counted(here):
    db.session.query(Seat).delete()
    orders = set()
    for turn in range(6):
        for no in range(9):
            account = person(f"juror-{turn}-{no}", password=False)
            service.seat(here.category, account, "member", "", "SK", actor=here.actor("organiser-1"), at=here.now)
        seats = db.session.query(Seat).order_by(Seat.id).all()
        assert {seat.code for seat in seats} == {f"J{no}" for no in range(1, 10)}
        orders.add(tuple(seat.code for seat in seats))
        db.session.query(Seat).delete()
    assert len(orders) > 1


def test_roles_that_exclude_a_seat_are_not_on_offer_and_refused(here, door):
    organiser = door("organiser-1")
    page = page_of(organiser, PANEL).split("Name the secretary")[0]
    for name in ("organiser-2", "auditor", "administrator", "nominee-1", "verifier-1"):
        account = here.accounts[name]
        assert f'value="{account.ref}"' not in page
        with pytest.raises(service.SeatExcluded):
            service.seat(here.category, account, "member", "", "SK", actor=here.actor("organiser-1"), at=here.now)
    second = Account(
        ref="U-0000-0000", person=here.accounts["organiser-2"].person, email="x@contoh.test", name="Second Account",
        fs_uniquifier="F-1", created_at=here.now,
    )  # fmt: skip
    db.session.add(second)
    with pytest.raises(service.SeatExcluded):
        service.seat(here.category, second, "member", "", "SK", actor=here.actor("organiser-1"), at=here.now)


def test_one_chair_and_one_seat_per_person(here):
    with pytest.raises(service.PlaceTaken):
        service.seat(here.category, person("x"), "chair", "", "SK", actor=here.actor("organiser-1"), at=here.now)
    with pytest.raises(service.AlreadySeated):
        service.seat(
            here.category, here.accounts["chair"], "member", "", "SK", actor=here.actor("organiser-1"), at=here.now
        )


def test_a_seat_that_ended_gives_no_rights_and_may_be_given_again(here, door):
    organiser = door("organiser-1")
    seat = db.session.query(Seat).filter_by(account_id=here.accounts["assessor-3"].id).one()
    address = f"{SEATS}/{seat.code}/end"
    fields = fields_of(organiser, address)
    assert send(organiser, address, fields).status_code == 422
    stale = send(organiser, address, fields, version="99", reason="moved away")
    assert stale.status_code == 409
    assert "moved away" in text_of(stale)
    assert send(organiser, address, fields, reason="moved away").status_code == 303
    assert queries.seats_of(here.accounts["assessor-3"].id) == {}
    again = service.seat(
        here.category, here.accounts["assessor-3"], "member", "", "SK 2", actor=here.actor("organiser-1"), at=here.now
    )
    assert again.code == seat.code
    assert judging(here) == ["seat.ended", "seat.given"]


def test_from_the_interviews_on_the_chair_confirms(here, door):
    set_state(here, State.INTERVIEW)
    account, organiser, chair = newcomer(), door("organiser-1"), door("chair")
    fields = fields_of(organiser, PANEL, SEATS) | {"account": account.ref, "role": "member", "decree_number": "SK 9"}
    assert send(organiser, SEATS, fields).status_code == 303
    assert db.session.query(Seat).filter_by(account_id=account.id).count() == 0
    proposal = db.session.query(Proposal).one()
    confirm = f"{PANEL}/kabkota/proposals/{proposal.ref}"
    assert [task.role for task in tasks(here.actor("chair"), here.now)] == [Role.CHAIR]
    assert send(organiser, confirm, fields_of(organiser, PANEL, f"{confirm}/withdraw")).status_code == 403
    answer = {"answer": "confirm", "digest": proposal.digest}
    fields = {n: v[0] if isinstance(v, list) else v for n, v in fields_of(chair, PANEL, confirm).items()}
    assert send(chair, confirm, fields | answer | {"digest": "0"}).status_code == 409
    assert send(chair, confirm, fields | answer).status_code == 303
    assert db.session.query(Seat).filter_by(account_id=account.id).one().decree_number == "SK 9"
    with pytest.raises(service.SecondPersonNeeded):
        service.seat(here.category, person("y"), "member", "", "SK", actor=here.actor("organiser-1"), at=here.now)


def test_the_end_of_a_seat_goes_the_same_way(here, door):
    set_state(here, State.SCORING)
    organiser, chair = door("organiser-1"), door("chair")
    seat = db.session.query(Seat).filter_by(account_id=here.accounts["assessor-4"].id).one()
    address = f"{SEATS}/{seat.code}/end"
    assert send(organiser, address, fields_of(organiser, address), reason="ill").status_code == 303
    db.session.expire_all()
    assert db.session.get(Seat, seat.id).ended_at is None
    confirm = f"{PANEL}/kabkota/proposals/{db.session.query(Proposal).one().ref}"
    fields = {n: v[0] if isinstance(v, list) else v for n, v in fields_of(chair, PANEL, confirm).items()}
    assert send(chair, confirm, fields | {"answer": "confirm"}).status_code == 303
    db.session.expire_all()
    assert db.session.get(Seat, seat.id).ended_at is not None


def test_after_scoring_nobody_is_seated(here, door):
    set_state(here, State.PLENARY)
    organiser = door("organiser-1")
    assert f'action="{SEATS}"' not in page_of(organiser, PANEL)
    with pytest.raises(service.WrongState):
        service.propose_seat(
            here.category, person("z"), "member", "", "SK", actor=here.actor("organiser-1"), at=here.now
        )


def test_strangers_and_members_do_not_manage_the_panel(here, door):
    for name in ("nominee-1", "verifier-1", "assessor-3", "auditor", "administrator"):
        assert door(name).get(PANEL).status_code == 404
    assert door("chair").get(PANEL).status_code == 200


def sent(here, name="nominee-1", organisation="regency-1"):
    from paritrana.nominations.service import submit

    nomination = filled(here, name, organisation)
    submit(nomination, actor=here.actor(name), at=here.now)
    db.session.commit()
    return nomination


def test_the_deputy_acts_while_the_chair_is_in_conflict(here):
    deputy = here.accounts["deputy"].id
    assert not queries.seats_of(deputy)[here.category.id].acting
    here.accounts["chair"].office_region_code = "99.01"
    db.session.flush()
    assert not queries.seats_of(deputy)[here.category.id].acting  # nobody of that region competes yet
    nomination = sent(here)
    assert queries.seats_of(deputy)[here.category.id].acting
    here.accounts["chair"].office_region_code = None
    db.session.flush()
    assert not queries.seats_of(deputy)[here.category.id].acting
    service.recuse(nomination, "a relative", actor=here.actor("chair"), at=here.now)
    assert queries.seats_of(deputy)[here.category.id].acting
    assert not queries.seats_of(here.accounts["chair"].id)[here.category.id].acting


def test_conflicts_are_recusals_and_structure(here):
    first, second = sent(here), sent(here, "nominee-2", "regency-2")
    here.accounts["assessor-3"].office_region_code = "99.02"
    service.recuse(first, "a relative", actor=here.actor("assessor-4"), at=here.now)
    db.session.flush()
    three, four = here.accounts["assessor-3"].id, here.accounts["assessor-4"].id
    assert queries.conflicts_in(here.category) == {(three, second.id), (four, first.id)}
    for name, nomination, conflicted in (
        ("assessor-3", first, False), ("assessor-3", second, True),
        ("assessor-4", first, True), ("assessor-4", second, False),
    ):  # fmt: skip
        actor = here.actor(name)
        assert queries.is_conflicted(actor, nomination) is conflicted
        assert facts.unconflicted(actor, Role.ASSESSOR, nomination) is not conflicted
    assert not facts.category_unconflicted(here.actor("assessor-3"), Role.ASSESSOR, here.category)
    assert facts.category_unconflicted(here.actor("assessor-5"), Role.ASSESSOR, here.category)


def test_the_matrix_marks_conflicts_in_words(here, door):
    nomination = sent(here)
    service.recuse(nomination, "a relative", actor=here.actor("assessor-4"), at=here.now)
    service.declare(nomination, False, "", actor=here.actor("assessor-5"), at=here.now)
    db.session.commit()
    page = page_of(door("organiser-1"), PANEL)
    assert page.count(">in conflict<") == 1
    assert page.count(">declared no conflict<") == 1
    assert page.count(">not declared yet<") == 7


def test_a_declaration_of_conflict_needs_a_reason_and_is_not_taken_back(here):
    nomination, actor = sent(here), here.actor("assessor-3")
    with pytest.raises(MissingReason):
        service.declare(nomination, True, " ", actor=actor, at=here.now)
    service.declare(nomination, False, "", actor=actor, at=here.now)
    assert queries.has_declared(actor.user_id, nomination.id)
    service.declare(nomination, True, "found out late", actor=actor, at=here.now)
    assert not queries.has_declared(actor.user_id, nomination.id)
    assert db.session.query(Recusal).one().reason == "found out late"
    with pytest.raises(service.WrongState):
        service.declare(nomination, False, "", actor=actor, at=here.now)
    assert judging(here) == ["declaration.signed", "officer.recused"]


def test_a_category_opens_by_two_people_and_only_when_ready(here, door):
    set_state(here, State.DRAFT)
    organiser, chair, address = door("organiser-1"), door("chair"), f"{PANEL}/kabkota/open"
    deputy = db.session.query(Seat).filter_by(role="deputy").one()
    deputy.role, here.category.closes_at, here.category.grace_ends_at = "member", None, None
    db.session.commit()
    assert [one.message for one in service.opening_blockers(here.category)] == [
        "The panel has no deputy chair.",
        "The calendar lacks the opening, the deadline or the end of the grace time.",
    ]
    assert [task.endpoint for task in tasks(here.actor("organiser-1"), here.now)] == ["panels.panel"]
    fields = {name: value for name, value in fields_of(organiser, PANEL, SEATS).items() if name == "csrf_token"}
    assert send(organiser, address, fields | {"idempotency_key": "some-key-1"}).status_code == 409

    deputy.role = "deputy"
    here.category.closes_at = here.category.grace_ends_at = here.category.verification_until
    db.session.commit()
    assert send(organiser, address, fields | {"idempotency_key": "some-key-2"}).status_code == 303
    proposal = db.session.query(Proposal).one()
    token = {"csrf_token": fields_of(chair, PANEL, "/sign-out")["csrf_token"], "digest": proposal.digest}
    confirm = f"{address}/{proposal.ref}"
    own = send(organiser, confirm, fields | {"idempotency_key": "some-key-3", "digest": proposal.digest})
    assert own.status_code == 403
    moved = here.category.closes_at
    here.category.closes_at = here.category.opens_at.replace(year=2027)
    here.category.grace_ends_at = here.category.closes_at
    assert send(chair, confirm, token | {"idempotency_key": "some-key-4"}).status_code == 409
    here.category.closes_at = here.category.grace_ends_at = moved
    assert send(chair, confirm, token | {"idempotency_key": "some-key-5"}).status_code == 303
    db.session.expire_all()
    assert db.session.get(Category, here.category.id).stored_state is State.OPEN


def test_the_panel_page_asks_as_often_whatever_the_number_of_candidates(here, door, statements):
    organiser, counts = door("organiser-1"), []
    for name, organisation in (("nominee-1", "regency-1"), ("nominee-2", "regency-2")):
        sent(here, name, organisation)
        organiser.get(PANEL)
        with statements() as asked:
            assert organiser.get(PANEL).status_code == 200
        counts.append(len(asked))
    assert counts[0] == counts[1]
