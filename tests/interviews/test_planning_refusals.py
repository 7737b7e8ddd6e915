"""What the services and pages of the schedule refuse, and what they show to whoever leads one category alone."""

from datetime import timedelta

import pytest

from paritrana.core.errors import MissingReason
from paritrana.core.lifecycle import State
from paritrana.database import db
from paritrana.interviews import planning, queries, service
from paritrana.interviews.models import InterviewDay, InterviewSession, RemovedSlot, SlotAnswer
from paritrana.interviews.planning import Place
from paritrana.panels.models import Seat
from tests.factories import world
from tests.interviews.stages import BY_THE_REGENT, planned, shortlisted
from tests.interviews.test_planning import feed_of
from tests.nominations.pages import fields_in, fields_of, send, text_of
from tests.verification.cases import LATER

SCHEDULE = "/manage/contoh-2025/schedule"
ORDER = f"{SCHEDULE}/kabkota/order"


@pytest.fixture
def here(app, db_session):
    return world()


@pytest.fixture
def slots(here, clock):
    return planned(here, shortlisted(here, clock))


def address(slot, more=""):
    return f"/interviews/{slot.day.code}/slots/{slot.no}{more}"


def act(here, name="organiser-1"):
    return {"actor": here.actor(name), "at": here.now + LATER}


# The service ----------------------------------------------------------------------------------------------------------


def test_a_slot_moves_to_a_day_where_its_new_number_is_one_of_the_day_it_leaves(here, slots, door):
    other = service.plan_day(here.cycle, slots[0].day.on + timedelta(days=1), **act(here))
    db.session.commit()
    first, second = slots
    assert (first.no, second.no) == (1, 2)
    client = door("organiser-1")
    page = address(second, "/move")
    answer = send(client, page, fields_of(client, page), day=other.code, starts="10.00", reason="x", step="save")
    assert answer.status_code == 303, text_of(answer)
    db.session.rollback()
    assert [(first.day.code, first.no), (second.day.code, second.no)] == [(first.day.code, 1), (other.code, 1)]
    assert first.day.code != other.code
    assert queries.last_no(first.day) == 2  # where the slot was, no other one is found
    assert queries.last_no(second.day) == 1


def test_neither_order_nor_time_nor_slot_changes_or_stays_without_a_reason(here, slots):
    refs = [one.ref for one in slots]
    with pytest.raises(MissingReason):
        planning.reorder(here.category, refs[::-1], " ", **act(here))
    nominee = next(
        name for name in ("nominee-1", "nominee-2") if here.accounts[name].id == slots[0].nomination.created_by
    )
    given = planning.answer_slot(slots[0], "move_asked", "Another time, please.", expected=1, **act(here, nominee))
    with pytest.raises(MissingReason):
        planning.keep_slot(slots[0], " ", expected=1, **act(here))
    with pytest.raises(MissingReason):
        planning.remove(slots[0], " ", expected=1, **act(here))
    db.session.commit()
    assert (given.answer, given.kept_reason) == ("move_asked", "")
    assert [one.ref for one in queries.sessions_of(here.category)] == refs
    assert db.session.query(RemovedSlot).count() == 0
    assert db.session.query(SlotAnswer).count() == 1


def test_a_slot_whose_candidate_has_come_is_not_taken_out(here, slots):
    service.record_attendance(slots[0], {**BY_THE_REGENT, "arrived_at": here.now + LATER}, expected=0, **act(here))
    db.session.commit()
    with pytest.raises(service.SessionNotPlanned):
        planning.remove(slots[0], "Withdrawn.", expected=slots[0].version, **act(here))
    db.session.rollback()
    assert len(queries.sessions_of(here.category)) == 2
    assert db.session.query(RemovedSlot).count() == 0


def test_a_slot_that_moves_to_another_day_and_back_has_the_next_number_of_each(here, slots):
    slot, day = slots[0], slots[0].day
    other = service.plan_day(here.cycle, day.on + timedelta(days=1), **act(here))
    numbers = []
    for version, there in enumerate((other, day), start=1):
        where = Place(there, slot.planned_at + timedelta(days=1), 20, "online", "https://contoh.test/rapat")
        planning.move(slot, where, "The hall is taken.", expected=version, **act(here))
        numbers.append((slot.day.no, slot.no))
    db.session.commit()
    assert numbers == [(2, 1), (1, 3)]
    assert (slot.room, slot.version, slot.moved_reason) == ("https://contoh.test/rapat", 3, "The hall is taken.")


# The pages ------------------------------------------------------------------------------------------------------------


def test_the_ends_of_an_order_stay_where_they_are(here, slots, door):
    organiser, before = door("organiser-1"), [one.ref for one in slots]
    shown = organiser.get(ORDER)
    for step in (f"up {before[0]}", f"down {before[1]}", f"aside {before[0]}"):
        shown = send(organiser, ORDER, fields_in(shown, ORDER), step=step)
        assert fields_in(shown, ORDER)["order"].split() == before, step
    shown = send(organiser, ORDER, fields_in(shown, ORDER), step=f"down {before[0]}")
    assert fields_in(shown, ORDER)["order"].split() == before[::-1]


def test_a_move_that_cannot_be_read_is_refused_with_what_was_typed(here, slots, door):
    organiser, page = door("organiser-1"), address(slots[0], "/move")
    fields = fields_of(organiser, page)
    for changes, said in (
        ({"starts": ""}, "Enter"), ({"starts": "25.00"}, "hours and minutes"), ({"minutes": "4"}, "5 to 240 minutes"),
        ({"room": ""}, "Enter"),
    ):  # fmt: skip
        refused = send(organiser, page, fields, **{"starts": "20.00", "reason": "Taken.", "step": "save", **changes})
        assert (refused.status_code, said in text_of(refused)) == (422, True), changes
        assert 'value="Taken."' in text_of(refused)
    db.session.rollback()
    assert [one.version for one in db.session.query(InterviewSession)] == [1, 1]


def test_an_answer_without_a_choice_and_a_day_without_a_date_store_nothing(here, slots, door):
    slot = next(one for one in slots if one.nomination.created_by == here.accounts["nominee-1"].id)
    nominee, where = door("nominee-1"), address(slot, "/answer")
    fields = {name: value for name, value in fields_of(nominee, address(slot), where).items() if name != "answer"}
    assert send(nominee, where, fields).status_code == 303
    assert "Choose an answer" in text_of(nominee.get(address(slot), query_string={"lang": "en"}))
    organiser, days = door("organiser-1"), f"{SCHEDULE}/kabkota/days"
    for given in ({}, {"on-day": "31", "on-month": "2", "on-year": "2026"}):
        refused = send(organiser, days, fields_of(organiser, SCHEDULE, days), **given)
        assert refused.status_code == 422
    db.session.rollback()
    assert db.session.query(SlotAnswer).count() == 0
    assert db.session.query(InterviewDay).count() == 1


def test_whoever_leads_one_category_alone_reads_the_schedule_of_that_one(app, db_session, door):
    here = world(categories=("kabkota", "umk"), state=State.INTERVIEW)
    other = here.categories["umk"]
    seat = db.session.query(Seat).filter_by(account_id=here.accounts["chair"].id, category_id=other.id).one()
    seat.ended_at = here.now
    db.session.commit()
    shown = {name: text_of(door(name).get(SCHEDULE, query_string={"lang": "en"})) for name in ("chair", "organiser-1")}
    assert {name: other.title_en in text for name, text in shown.items()} == {"chair": False, "organiser-1": True}
    assert here.category.title_en in shown["chair"]


def test_the_feed_of_somebody_who_has_left_is_not_there(app, here, slots, door):
    _client, path = feed_of(door, "assessor-3")
    assert app.test_client().get(path).status_code == 200
    here.accounts["assessor-3"].active = False
    db.session.commit()
    assert app.test_client().get(path).status_code == 404
