"""The plan of interviews at the door: laid out, moved, put in order, answered, taken out, and in calendars."""

from datetime import date, timedelta
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

import pytest
from icalendar import Calendar
from sqlalchemy import select

from paritrana.core.lifecycle import State
from paritrana.core.planning import clashes, draw_order
from paritrana.cycles.models import Category
from paritrana.database import db, random_ref
from paritrana.interviews import planning, queries, service
from paritrana.interviews.models import CalendarFeed, InterviewSession, PlanDrawn, RemovedSlot, SlotAnswer
from paritrana.interviews.planning import Wanted
from paritrana.nominations.models import Nomination
from paritrana.outbox.models import Message
from paritrana.panels.models import Recusal
from paritrana.reference.models import Organisation
from tests.factories import world
from tests.interviews.stages import held, planned, shortlisted
from tests.nominations.pages import SAME_ORIGIN, fields_in, fields_of, send, text_of
from tests.verification.cases import LATER

SCHEDULE = "/manage/contoh-2025/schedule"
PLAN, ORDER = f"{SCHEDULE}/kabkota/plan", f"{SCHEDULE}/kabkota/order"


@pytest.fixture
def here(app, db_session):
    return world()


@pytest.fixture
def candidates(here, clock):
    return shortlisted(here, clock, 3)


@pytest.fixture
def slots(here, candidates):
    return planned(here, candidates)


@pytest.fixture
def days(here, candidates):
    at = here.now + LATER
    found = [
        service.plan_day(here.cycle, (at + timedelta(days=no)).date(), actor=here.actor("organiser-1"), at=at)
        for no in (1, 2)
    ]
    db.session.commit()
    return found


def address(slot, more=""):
    return f"/interviews/{slot.day.code}/slots/{slot.no}{more}"


def all_slots():
    db.session.rollback()
    return db.session.scalars(select(InterviewSession).order_by(InterviewSession.planned_at)).all()


def messages(**which):
    db.session.rollback()
    return db.session.query(Message).filter_by(**which).order_by(Message.id).all()


def typed(there, **changes):
    return {
        "days": [day.code for day in there], "rooms": "Aula\nRuang Rinjani", "begins": "09.00", "ends": "12.00",
        "minutes": "20", "buffer": "5", "mode": "in_person", "how": "drawn", "seed": "IHSG 7.123,45",
        "confirm_by-day": "", "confirm_by-month": "", "confirm_by-year": "",
    } | changes  # fmt: skip


# Laying out -----------------------------------------------------------------------------------------------------------


def test_slots_are_seen_before_they_are_made_and_invitations_wait(here, days, door):
    organiser = door("organiser-1")
    seen = send(organiser, PLAN, fields_of(organiser, PLAN), **typed(days), step="preview")
    assert seen.status_code == 200
    assert "Slots that would be made (3)" in text_of(seen)
    assert all_slots() == []
    assert send(organiser, PLAN, fields_in(seen, PLAN), step="save").status_code == 303
    made = all_slots()
    order = draw_order([one.nomination.ref for one in made], "IHSG 7.123,45")
    assert [one.nomination.ref for one in made] == order
    # One panel hears one candidate at a time, so the second room stays empty.
    assert {one.room for one in made} == {"Aula"}
    zone = ZoneInfo("Asia/Makassar")
    assert [f"{one.planned_at.astimezone(zone):%H.%M}" for one in made] == ["09.00", "09.25", "09.50"]
    kept = db.session.scalars(select(PlanDrawn)).one()
    assert (kept.how, kept.seed, kept.order) == ("drawn", "IHSG 7.123,45", order)
    assert {one.state for one in messages(kind="slot_set")} == {"held"}
    again = send(organiser, PLAN, fields_of(organiser, PLAN), **typed(days), step="preview")
    assert again.status_code == 409
    assert "Every candidate has a slot already" in text_of(again)


def test_the_candidate_reads_the_seed_and_the_order_it_draws(here, days, door):
    organiser = door("organiser-1")
    send(organiser, PLAN, fields_of(organiser, PLAN), **typed(days), step="save")
    slot = next(one for one in all_slots() if one.nomination.organisation.name.endswith(" 1"))
    page = text_of(door("nominee-1").get(address(slot)))
    assert "IHSG 7.123,45" in page
    for one in all_slots():
        assert one.nomination.ref in page


def test_by_hand_the_code_of_the_candidate_decides(here, days, door):
    organiser = door("organiser-1")
    send(organiser, PLAN, fields_of(organiser, PLAN), **typed(days, how="by_hand", seed=""), step="save")
    codes = [one.nomination.candidate_code for one in all_slots()]
    assert codes == sorted(codes)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"ends": "08.00"}, "must end after it begins"),
        ({"ends": "09.40"}, None),
        ({"minutes": "4"}, "5 to 240 minutes"),
        ({"buffer": "121"}, "0 to 120 minutes"),
        ({"rooms": " \n "}, "Enter"),
        ({"rooms": "\n".join(map(str, range(21)))}, "At most 20 rooms"),
        ({"seed": " "}, "seed"),
        ({"how": "loudest"}, "from the list"),
        ({"days": []}, "Choose an answer"),
        ({"days": ["other-1"]}, "cannot be read"),
        ({"begins": "25.00"}, "hours and minutes"),
        ({"mode": "by phone"}, "from the list"),
    ],
)
def test_what_cannot_be_planned_is_said_and_nothing_is_stored(here, days, door, changes, said):
    organiser = door("organiser-1")
    fields = fields_of(organiser, PLAN)
    if said is None:  # two days hold two of three candidates
        refused = send(organiser, PLAN, fields, **typed(days, **changes), step="save")
        assert refused.status_code == 409
        assert "no place for 1 candidates" in text_of(refused)
    else:
        refused = send(organiser, PLAN, fields, **typed(days, **changes), step="save")
        assert refused.status_code == 422
        assert said in text_of(refused)
    assert all_slots() == []
    assert messages(kind="slot_set") == []


def test_only_organisers_plan(here, days, slots, door):
    slot = slots[0]
    for who, status in (("chair", 403), ("assessor-3", 404), ("nominee-1", 404), ("administrator", 404)):
        client = door(who)
        for page in (PLAN, ORDER, address(slot, "/move")):
            assert client.get(page).status_code == status, (who, page)


# Moving ---------------------------------------------------------------------------------------------------------------


def test_a_move_shows_its_clashes_before_it_is_saved(here, slots, door):
    organiser = door("organiser-1")
    first, second, _third = slots
    page = address(second, "/move")
    local = first.planned_at.astimezone(ZoneInfo("Asia/Makassar"))
    wished = {"starts": f"{local:%H.%M}", "room": "aula"}
    seen = send(organiser, page, fields_of(organiser, page), **wished, step="preview")
    text = text_of(seen)
    assert "Clashes: 2" in text
    assert "room: aula" in text.lower()
    assert "Assessors: " in text
    assert "Assessor 3" in text
    refused = send(organiser, page, fields_of(organiser, page), **wished, reason="Bupati", step="save")
    assert refused.status_code == 409
    assert first.nomination.organisation.name in text_of(refused)
    assert [one.moved_at for one in all_slots()] == [None] * 3


def test_a_moved_slot_says_so_and_those_concerned_are_told(here, slots, door):
    organiser = door("organiser-1")
    messages_before = messages(kind="slot_set")
    assert {one.state for one in messages_before} == {"held"}
    slot = slots[0]
    for one in messages_before:
        one.state = "sent"
        one.sent_at, one.address = here.now, "a@contoh.test"
    db.session.add(
        Recusal(account_id=here.accounts["assessor-4"].id, nomination_id=slot.nomination_id, kind="declared",
                category_id=slot.category_id, at=here.now)
    )  # fmt: skip
    db.session.commit()
    page = address(slot, "/move")
    wished = {"starts": "20.00", "room": "Ruang B", "reason": "Bupati bertugas"}
    assert "No clash" in text_of(send(organiser, page, fields_of(organiser, page), **wished, step="preview"))
    refused = send(organiser, page, fields_of(organiser, page), **wished | {"reason": ""}, step="save")
    assert refused.status_code == 422
    assert send(organiser, page, fields_of(organiser, page), **wished, step="save").status_code == 303
    moved = db.session.get_one(InterviewSession, slot.id)
    assert (moved.room, moved.moved_reason, moved.version) == ("Ruang B", "Bupati bertugas", 2)
    shown = text_of(organiser.get(SCHEDULE, query_string={"lang": "en"}))
    assert "Moved" in shown
    nominees = {here.accounts["nominee-1"].id, here.accounts["nominee-2"].id, here.accounts["nominee-3"].id}
    assert {one.account_id for one in messages(kind="slot_moved")} <= nominees
    assert len(messages(kind="slot_moved")) == 1
    told = {one.account_id for one in messages(kind="slot_moved_panel")}
    assert here.accounts["assessor-3"].id in told
    assert here.accounts["assessor-4"].id not in told
    assert len(told) == 8
    stale = send(organiser, page, fields_of(organiser, page), **wished, version="1", step="save")
    assert stale.status_code == 409


def test_a_move_before_the_release_renews_the_invitation_alone(here, slots, door):
    organiser = door("organiser-1")
    page = address(slots[0], "/move")
    wished = {"starts": "20.00", "reason": "Bupati bertugas"}
    assert send(organiser, page, fields_of(organiser, page), **wished, step="save").status_code == 303
    states = [one.state for one in messages(about=slots[0].nomination.ref)]
    assert sorted(states) == ["cancelled", "held"]
    assert messages(kind="slot_moved") == []


def test_a_slot_that_began_is_not_moved(here, slots, door):
    organiser = door("organiser-1")
    page = address(slots[0], "/move")
    fields = fields_of(organiser, page)
    held(here, slots[0], close=False)
    refused = send(organiser, page, fields, starts="20.00", reason="x", step="save", version=str(slots[0].version))
    assert refused.status_code == 409
    assert "opened before" in text_of(refused)


def test_an_order_is_changed_by_buttons_and_saved_with_a_reason(here, slots, door):
    organiser = door("organiser-1")
    before = [one.nomination.ref for one in all_slots()]
    times = [one.planned_at for one in all_slots()]
    fields = fields_of(organiser, ORDER)
    last = slots[-1].ref
    shown = send(organiser, ORDER, fields, step=f"up {last}")
    assert [one.nomination.ref for one in all_slots()] == before
    shown = send(organiser, ORDER, fields_in(shown, ORDER), step=f"up {last}")
    fields = fields_in(shown, ORDER)
    assert fields["order"].split()[0] == last
    assert send(organiser, ORDER, fields, reason="", step="save").status_code == 422
    assert send(organiser, ORDER, fields, reason="Urutan undian ulang", step="save").status_code == 303
    assert [one.nomination.ref for one in all_slots()] == [before[2], before[0], before[1]]
    assert [one.planned_at for one in all_slots()] == times
    fields = fields_of(organiser, ORDER)
    assert send(organiser, ORDER, fields, reason="x", step="up nothing").status_code == 200


def test_an_order_of_other_slots_is_refused(here, slots, door):
    organiser = door("organiser-1")
    fields = fields_of(organiser, ORDER)
    before = [one.nomination.ref for one in all_slots()]
    for order in ("", slots[0].ref, f"{fields['order']} {slots[0].ref}"):
        assert send(organiser, ORDER, fields, order=order, reason="x", step="save").status_code == 409
    assert [one.nomination.ref for one in all_slots()] == before


def test_a_removed_slot_keeps_its_number_to_itself(here, slots, door):
    organiser = door("organiser-1")
    slot = slots[-1]
    page, where = address(slot, "/move"), address(slot, "/remove")
    ref, no, name, there = slot.ref, slot.no, slot.nomination.ref, address(slot)
    assert send(organiser, where, fields_of(organiser, page, where), removal_reason="").status_code == 422
    assert send(organiser, where, fields_of(organiser, page, where), removal_reason="Mundur").status_code == 303
    assert ref not in {one.ref for one in all_slots()}
    assert db.session.scalars(select(RemovedSlot.reason).where(RemovedSlot.ref == ref)).one() == "Mundur"
    assert {one.state for one in messages(about=name, kind="slot_set")} == {"cancelled"}
    assert organiser.get(there).status_code == 404
    fields = fields_of(organiser, SCHEDULE, f"{SCHEDULE}/kabkota/slots")
    assert send(organiser, f"{SCHEDULE}/kabkota/slots", fields, nomination="all", starts="20.00", room="B",
                minutes="20").status_code == 303  # fmt: skip
    assert [one.no for one in all_slots()][-1] == no + 1


# Answers --------------------------------------------------------------------------------------------------------------


def of_nominee(slots, name="Pemerintah Kabupaten Contoh 1"):
    return next(one for one in slots if one.nomination.organisation.name == name)


def test_a_candidate_confirms_or_asks_for_another_time(here, slots, door):
    slot = of_nominee(slots)
    nominee, page, where = door("nominee-1"), address(slot), address(slot, "/answer")
    send(nominee, where, fields_of(nominee, page, where), answer="move_asked", note="")
    assert db.session.scalar(select(SlotAnswer)) is None
    send(nominee, where, fields_of(nominee, page, where), answer="move_asked", note="Sidang DPRD, mohon siang")
    organiser, keep = door("organiser-1"), address(slot, "/keep")
    assert "Sidang DPRD, mohon siang" in text_of(organiser.get(page, query_string={"lang": "en"}))
    send(organiser, keep, fields_of(organiser, page, keep), kept_reason="Hari penuh")
    assert "Hari penuh" in text_of(nominee.get(page, query_string={"lang": "en"}))
    assert len(messages(kind="slot_kept")) == 1
    send(nominee, where, fields_of(nominee, page, where), answer="confirmed")
    db.session.rollback()
    given = db.session.scalars(select(SlotAnswer)).one()
    assert (given.answer, given.note, given.kept_reason) == ("confirmed", "", "")
    move = address(slot, "/move")
    send(organiser, move, fields_of(organiser, move), starts="20.00", reason="Aula dipakai", step="save")
    db.session.rollback()
    assert db.session.scalar(select(SlotAnswer)) is None  # to a moved slot the candidate answers anew


def test_the_answer_ends_with_its_deadline_and_is_for_the_own_slot(here, slots, door, clock):
    slot, other = of_nominee(slots), of_nominee(slots, "Pemerintah Kabupaten Contoh 2")
    nominee, where = door("nominee-1"), address(slot, "/answer")
    fields = fields_of(nominee, address(slot), where)
    assert nominee.post(address(other, "/answer"), data=fields | {"answer": "confirmed"},
                        headers=SAME_ORIGIN).status_code == 404  # fmt: skip
    db.session.get_one(InterviewSession, slot.id).confirm_by = here.now - timedelta(days=1)
    db.session.commit()
    send(nominee, where, fields, answer="confirmed")
    db.session.rollback()
    assert db.session.scalar(select(SlotAnswer)) is None
    assert where not in text_of(nominee.get(address(slot)))


def test_a_time_is_kept_only_where_another_was_asked_for(here, slots, door):
    slot = slots[0]
    organiser = door("organiser-1")
    fields = fields_of(organiser, address(slot, "/move"))
    data = {"csrf_token": fields["csrf_token"], "version": "1", "idempotency_key": random_ref("K", 5)}
    organiser.post(address(slot, "/keep"), data=data | {"kept_reason": "x"}, headers=SAME_ORIGIN)
    assert messages(kind="slot_kept") == []


# Calendars ------------------------------------------------------------------------------------------------------------


def events(answer):
    assert answer.status_code == 200
    assert answer.content_type == "text/calendar; charset=utf-8"
    calendar = Calendar.from_ical(answer.get_data())
    assert {str(one["TZID"]) for one in calendar.walk("VTIMEZONE")} <= {"Asia/Makassar"}
    return {str(one["UID"]): one for one in calendar.walk("VEVENT")}


def feed_of(door, who):
    client = door(who)
    made = send(client, "/home/calendar", fields_of(client, "/home/calendar"))
    found = [word for word in text_of(made).replace("<", " ").replace(">", " ").split() if word.endswith(".ics")]
    return client, urlsplit(found[0]).path


def test_the_file_of_a_slot_has_zone_place_and_alarms(here, slots, door):
    slot = slots[0]
    (event,) = events(door("assessor-3").get(address(slot, "/calendar.ics"))).values()
    assert event["UID"] == f"{slot.ref}@localhost"
    assert str(event["LOCATION"]) == "Aula"
    assert event["DTSTART"].params["TZID"] == "Asia/Makassar"
    assert event["DTSTART"].dt == slot.planned_at
    assert event["DTEND"].dt - event["DTSTART"].dt == timedelta(minutes=20)
    assert [alarm["TRIGGER"].dt for alarm in event.walk("VALARM")] == [timedelta(days=-1), timedelta(minutes=-30)]


@pytest.mark.parametrize("zone", ["Asia/Jakarta", "Asia/Makassar", "Asia/Jayapura"])
def test_every_zone_of_the_country_comes_with_its_definition(here, slots, door, zone):
    here.cycle.timezone = zone
    db.session.commit()
    raw = door("assessor-3").get(address(slots[0], "/calendar.ics")).get_data(as_text=True)
    assert f"BEGIN:VTIMEZONE\r\nTZID:{zone}" in raw
    assert f"DTSTART;TZID={zone}:" in raw


def test_the_feed_follows_moves_and_removals(app, here, slots, door):
    _client, path = feed_of(door, "assessor-3")
    public = app.test_client()
    first = events(public.get(path))
    assert len(first) == 3
    organiser, slot, gone = door("organiser-1"), slots[0], slots[-1]
    uid, cancelled = f"{slot.ref}@localhost", f"{gone.ref}@localhost"
    page = address(slot, "/move")
    send(organiser, page, fields_of(organiser, page), starts="20.00", reason="x", step="save")
    page, where = address(gone, "/move"), address(gone, "/remove")
    send(organiser, where, fields_of(organiser, page, where), removal_reason="Mundur")
    then = events(public.get(path))
    assert set(then) == set(first)
    assert then[uid]["SEQUENCE"] > first[uid]["SEQUENCE"]
    assert then[uid]["DTSTART"].dt != first[uid]["DTSTART"].dt
    assert str(then[cancelled]["STATUS"]) == "CANCELLED"
    assert then[cancelled]["SEQUENCE"] > first[cancelled]["SEQUENCE"]
    assert "LOCATION" not in then[cancelled]
    assert not then[cancelled].walk("VALARM")


def test_a_candidate_that_withdrew_stands_as_cancelled(app, here, slots, door):
    _client, path = feed_of(door, "assessor-3")
    db.session.get_one(Nomination, slots[0].nomination_id).state = "withdrawn"
    db.session.commit()
    found = events(app.test_client().get(path))
    assert str(found[f"{slots[0].ref}@localhost"]["STATUS"]) == "CANCELLED"


def test_the_feed_of_a_recused_assessor_holds_nothing_of_the_candidate(app, here, slots, door):
    slot = slots[0]
    _client, path = feed_of(door, "assessor-3")
    db.session.add(
        Recusal(account_id=here.accounts["assessor-3"].id, nomination_id=slot.nomination_id, kind="declared",
                category_id=slot.category_id, at=here.now)
    )  # fmt: skip
    db.session.commit()
    before = app.test_client().get(path).get_data()
    # Two worlds that differ in that candidate alone look the same.
    db.session.get_one(Organisation, slot.nomination.organisation_id).name = "Nama Lain"
    other = db.session.get_one(InterviewSession, slot.id)
    other.planned_at, other.room, other.version = other.planned_at + timedelta(hours=5), "Rahasia", 9
    db.session.commit()
    after = app.test_client().get(path).get_data()
    assert before == after
    assert slot.ref.encode() not in after
    assert door("assessor-3").get(address(slot, "/calendar.ics")).status_code == 404


def test_each_person_reads_the_own_interviews_under_an_address_that_ends(app, here, slots, door):
    counts = {}
    for who in ("nominee-1", "organiser-1", "administrator"):
        _client, path = feed_of(door, who)
        counts[who] = len(events(app.test_client().get(path)))
    assert counts == {"nominee-1": 1, "organiser-1": 3, "administrator": 0}
    client, path = feed_of(door, "assessor-3")
    newer = urlsplit(path)
    fields = fields_of(client, "/home/calendar")
    assert path not in text_of(client.get("/home/calendar"))  # shown once
    send(client, "/home/calendar", fields)
    assert app.test_client().get(newer.path).status_code == 404
    send(client, "/home/calendar/end", fields_of(client, "/home/calendar", "/home/calendar/end"))
    db.session.rollback()
    mine = select(CalendarFeed).where(CalendarFeed.account_id == here.accounts["assessor-3"].id)
    assert db.session.scalar(mine) is None
    assert app.test_client().get("/calendar/nobody.ics").status_code == 404


# Many candidates ------------------------------------------------------------------------------------------------------


def crowd(here, number):
    """So many shortlisted candidates beside those that are there."""
    rows = [
        Organisation(ref=random_ref("O", 3), name=f"Kabupaten {number} {no}", kind="local_government",
                     region_code="99.09", fictitious=True)
        for no in range(number)
    ]  # fmt: skip
    db.session.add_all(rows)
    db.session.flush()
    db.session.add_all(
        Nomination(ref=random_ref("N", 3), category_id=here.category.id, organisation_id=one.id,
                   candidate_code=f"99.{number}.{no}", state="shortlisted", created_at=here.now,
                   created_by=here.accounts["nominee-1"].id, revision_no=1)
        for no, one in enumerate(rows)
    )  # fmt: skip
    db.session.commit()


@pytest.mark.timeout(300)
def test_pages_take_as_many_statements_for_500_slots_as_for_10(app, here, candidates, statements, door):
    organiser = door("organiser-1")
    _assessor, path = feed_of(door, "assessor-3")
    public = app.test_client()
    at, counted = here.now + LATER, {}
    for number, first in ((7, 1), (490, 2)):
        crowd_before = db.session.query(Nomination).count()
        crowd(here, number)
        assert db.session.query(Nomination).count() == crowd_before + number
        day = [
            service.plan_day(here.cycle, date(2026, 5, 1) + timedelta(days=100 * first + no),
                             actor=here.actor("organiser-1"), at=at)
            for no in range(30)
        ]  # fmt: skip
        hours = planning.time(8, 0), planning.time(17, 0)
        wanted = Wanted(day, ["Aula"], *hours, 20, 5, "in_person", "benih", None)
        category = db.session.get_one(Category, here.category.id)
        planning.save_plan(category, wanted, actor=here.actor("organiser-1"), at=at)
        db.session.commit()
        there = queries.sessions_of(category)
        assert not clashes(planning.slots_of(here.cycle), timedelta(minutes=5))
        one = address(there[0])
        db.session.commit()
        for visitor, page in (
            (organiser, SCHEDULE), (organiser, ORDER), (organiser, f"{one}/move"), (organiser, one), (public, path),
        ):  # fmt: skip
            visitor.get(page)
            with statements() as sent:
                assert visitor.get(page).status_code == 200
            counted.setdefault(page.replace(one, "slot"), []).append(len(sent))
    assert here.category.state == int(State.INTERVIEW)
    for page, (few, many) in counted.items():
        assert many <= few, (page, counted)
