"""The interview day at the door: the clock of a slot, the board, who is connected, and candidates who do not come."""

import re
from datetime import timedelta
from decimal import Decimal

import pypdfium2
import pytest
from sqlalchemy import delete, insert

from paritrana.accounts.models import Account
from paritrana.audit.models import Event
from paritrana.core.lifecycle import State
from paritrana.core.timing import TimerAct
from paritrana.cycles.models import Proposal
from paritrana.cycles.queries import rubric_of
from paritrana.database import db
from paritrana.interviews import board, no_show, queries, service
from paritrana.interviews import clock as clocks
from paritrana.interviews.models import Attendance, Dropout, InterviewSession, Presence, TimerEntry
from paritrana.nominations.models import Nomination
from paritrana.panels import service as panels
from paritrana.panels.models import Recusal, Seat
from paritrana.reference.models import Organisation
from paritrana.sheets import queries as sheets
from paritrana.sheets import service as sheet_service
from paritrana.sheets.reopening import service as reopening
from tests.factories import world
from tests.interviews.stages import BY_THE_REGENT, begun, planned, shortlisted
from tests.nominations.pages import SAME_ORIGIN, fields_of, send, text_of
from tests.sheets.desks import marked, opened, put, submitted, token_of

EN = {"lang": "en"}


@pytest.fixture
def here(app, db_session):
    return world()


@pytest.fixture
def slots(here, clock):
    """Two slots of twenty minutes; the clock stands at the beginning of the first."""
    return begun(here, clock)


def address(slot, more=""):
    return f"/interviews/{slot.day.code}/slots/{slot.no}{more}"


def opened_at_the_door(client, slot):
    page = address(slot)
    assert send(client, page + "/open", fields_of(client, page, page + "/open")).status_code == 303


def press(client, slot, act, *, version=None, **more):
    """Press a button of the clock as the page shows it."""
    page, action = address(slot), address(slot, "/clock")
    fields = {name: value[0] if isinstance(value, list) else value for name, value in read(client, page, action)}
    if version is not None:
        fields["version"] = str(version)
    return send(client, action, fields, act=act, **{"reason": None, **more})


def read(client, page, action):
    return fields_of(client, page, action).items()


def record(client, slot, **values):
    page = address(slot, "/attendance")
    given = {
        "presenter_rank": "wakil", "position": "Wakil Bupati", "mode": "in_person", "arrived": "11.00", "step": "save",
    }  # fmt: skip
    return send(client, page, fields_of(client, page), **{**given, **values})


def seen(client, slot, tag=None, *, html=False):
    headers = {"Accept": "text/html" if html else "application/json"}
    if tag is not None:
        headers["If-None-Match"] = tag
    return client.get(f"/api/v1/interviews/{slot.day.code}/board", headers=headers, query_string=EN)


def asked(client, path, earlier=None):
    """The board at an address, where the test itself reads nothing."""
    headers = {} if earlier is None else {"If-None-Match": earlier.headers["ETag"]}
    return client.get(path, headers={"Accept": "application/json", **headers}, query_string=EN)


def of(answer, no):
    return next(one for one in answer.get_json()["slots"] if one.get("no") == no)


# The clock ------------------------------------------------------------------------------------------------------------


def test_the_clock_runs_by_buttons_and_shows_the_same_to_everybody(here, slots, door, clock):
    client, other = door("organiser-1"), door("assessor-4")
    opened_at_the_door(client, slots[0])
    assert press(client, slots[0], "start").status_code == 303
    clock.advance(minutes=5)
    assert "02:00" in text_of(client.get(address(slots[0]), query_string=EN))
    assert press(client, slots[0], "pause", reason="Proyektor mati").status_code == 303
    clock.advance(minutes=3)
    assert press(client, slots[0], "resume").status_code == 303
    assert press(client, slots[0], "extend").status_code == 303
    shown = [of(seen(who, slots[0]), slots[0].no)["clock"] for who in (client, other)]
    assert shown[0] == shown[1]
    assert (shown[0]["phase"], shown[0]["remaining_seconds"]) == ("presentation", 7 * 60)
    assert press(client, slots[0], "next").status_code == 303
    clock.advance(minutes=14)
    page = text_of(other.get(f"/interviews/{slots[0].day.code}", query_string=EN))
    assert "+01:00" in page
    assert "over time" in page
    assert press(client, slots[0], "end").status_code == 303
    db.session.rollback()
    rows = db.session.query(TimerEntry).order_by(TimerEntry.no).all()
    assert [one.act for one in rows] == ["start", "pause", "resume", "extend", "next", "end"]
    assert (rows[1].reason, rows[3].extra_seconds) == ("Proyektor mati", 300)
    assert db.session.query(Event).filter_by(kind="clock.moved").count() == 6


def test_what_the_clock_cannot_do_is_refused_with_its_reason(here, slots, door):
    client = door("organiser-1")
    slot = slots[0]
    opened_at_the_door(client, slot)
    assert "has moved on" in text_of(press(client, slot, "resume"))
    assert press(client, slot, "leap").status_code == 422
    assert press(client, slot, "start").status_code == 303
    stale = press(client, slot, "next", version=0)  # pressed on a page that was shown before the start
    assert stale.status_code == 409
    assert "has moved on" in text_of(stale)
    unsaid = press(client, slot, "pause", reason=" ")
    assert unsaid.status_code == 422
    assert db.session.query(TimerEntry).count() == 1
    other = address(slots[1], "/clock")
    fields = fields_of(client, "/home", "/language")
    kept_shut = send(client, other, fields, act="start", version="0", idempotency_key="k" * 16)
    assert kept_shut.status_code == 409
    assert "Open the session first" in text_of(kept_shut)


def test_what_was_done_to_a_clock_is_never_changed(here, slots):
    service.open_session(slots[0], expected=1, actor=here.actor("organiser-1"), at=here.now)
    clocks.work(slots[0], TimerAct.START, expected=0, actor=here.actor("organiser-1"), at=here.now)
    db.session.commit()
    with pytest.raises(Exception, match="only grows"):
        db.session.execute(delete(TimerEntry))
    db.session.rollback()


def test_the_lengths_are_data_of_the_category_and_stand_while_a_clock_runs(here, slots, door):
    client = door("organiser-1")
    page = "/manage/contoh-2025/schedule/kabkota/clock"
    assert send(client, page, fields_of(client, page), presentation="0").status_code == 422
    assert send(client, page, fields_of(client, page), presentation="10", waiting="20").status_code == 303
    db.session.rollback()
    category = db.session.merge(here.category)
    db.session.refresh(category.cycle)
    plan = clocks.plan_of(category)
    assert [one.length for one in plan.phases] == [timedelta(minutes=10), timedelta(minutes=13)]
    assert plan.waiting == timedelta(minutes=20)
    opened_at_the_door(client, slots[0])
    press(client, slots[0], "start")
    refused = send(client, page, fields_of(client, page), presentation="5")
    assert refused.status_code == 409
    assert f"slot {slots[0].no} runs" in text_of(refused)
    assert door("chair").get(page).status_code == 403


def test_closing_a_session_ends_its_clock(here, slots, door):
    client = door("organiser-1")
    opened_at_the_door(client, slots[0])
    press(client, slots[0], "start")
    assert record(client, slots[0]).status_code == 303
    page = address(slots[0])
    assert send(client, page + "/close", fields_of(client, page, page + "/close")).status_code == 303
    db.session.rollback()
    assert [one.act for one in db.session.query(TimerEntry).order_by(TimerEntry.no)] == ["start", "end"]


def test_a_presenter_is_not_in_two_open_sessions(app, db_session, clock, door):
    here = world(categories=("kabkota", "umk"))
    slots = planned(here, shortlisted(here, clock))
    clock.set(slots[0].planned_at)
    other = here.categories["umk"]
    nomination = slots[1].nomination
    slots[1].category_id = nomination.category_id = other.id
    nomination.organisation_id = slots[0].nomination.organisation_id
    other.state = here.category.state
    db.session.commit()
    client = door("organiser-1")
    opened_at_the_door(client, slots[0])
    page = address(slots[1])
    refused = send(client, page + "/open", fields_of(client, page, page + "/open"))
    assert refused.status_code == 409
    assert f"presents in slot {slots[0].no} at this moment" in text_of(refused)
    assert db.session.get(InterviewSession, slots[1].id, populate_existing=True).state == "planned"


# Who presented --------------------------------------------------------------------------------------------------------


def test_the_limit_is_shown_before_it_is_saved_and_lateness_in_minutes_after(here, slots, door):
    client = door("organiser-1")
    opened_at_the_door(client, slots[0])
    looked = record(client, slots[0], step="preview")
    assert "marks will count up to 8.00" in text_of(looked)
    assert db.session.query(Attendance).count() == 0
    assert record(client, slots[0], arrived="11.09", mode="online", camera_seen="y").status_code == 303
    page = text_of(client.get(address(slots[0]), query_string=EN))
    assert "late 9 minutes" in page
    assert "Online: the camera was on" in page
    assert of(seen(client, slots[0]), slots[0].no)["late_minutes"] == 9


def test_one_person_alone_does_not_say_that_nobody_came(here, slots, door):
    client = door("organiser-1")
    page = address(slots[0], "/attendance")
    assert 'value="absent"' not in text_of(client.get(page))
    assert record(client, slots[0], presenter_rank="absent").status_code == 422
    values = {**BY_THE_REGENT, "presenter_rank": "absent", "arrived_at": here.now}
    with pytest.raises(service.AbsentAlone):
        service.record_attendance(slots[0], values, expected=0, actor=here.actor("organiser-1"), at=here.now)


def test_a_rubric_with_two_ladders_asks_for_both_ranks_and_each_limits_its_own(here, slots, door):
    rubric = rubric_of(here.category)
    first = next(one for one in rubric.indicators if one.caps)
    second = next(one for one in reversed(rubric.indicators) if one.source == "panel" and not one.caps)
    ladder = [
        {"code": "direktur", "cap": "10.00", "id": "Direktur", "en": "Director"},
        {"code": "staf", "cap": "3.00", "id": "Staf", "en": "Staff"},
    ]
    second.caps = ladder
    db.session.commit()
    client = door("organiser-1")
    assert record(client, slots[0]).status_code == 422
    both = {f"rank-{second.code}": "staf"}
    shown = text_of(record(client, slots[0], step="preview", **both))
    assert "count up to 8.00" in shown
    assert "count up to 3.00" in shown
    assert record(client, slots[0], **both).status_code == 303
    assert send(
        client, address(slots[0], "/attendance"), fields_of(client, address(slots[0], "/attendance")), step="save"
    ).status_code in (303, 422)
    db.session.rollback()
    caps = queries.caps_for(rubric_of(here.category), [slots[0].nomination])
    assert {code: cap.value for (_id, code), cap in caps.items()} == {
        first.code: Decimal(8), second.code: Decimal("3.00"),
    }  # fmt: skip
    where = sheets.circumstances(slots[0].nomination)
    assert where.caps(rubric_of(here.category))[second.code] == Decimal("3.00")
    wrong = {**BY_THE_REGENT, "arrived_at": here.now, "other_ranks": {second.code: "wakil"}}
    with pytest.raises(service.UnknownPresenter):
        service.record_attendance(slots[0], wrong, expected=1, actor=here.actor("organiser-1"), at=here.now)


def test_a_dropout_is_noted_and_its_time_given_back(here, slots, door):
    slots[0].mode = "online"
    db.session.commit()
    client = door("organiser-1")
    opened_at_the_door(client, slots[0])
    press(client, slots[0], "start")
    page, action = address(slots[0]), address(slots[0], "/dropouts")
    fields = fields_of(client, page, action)
    assert send(client, action, fields, gone="11.08", back="11.05", given="2").status_code == 422
    assert send(client, action, fields, gone="11.05", back="11.08", given="90").status_code == 422
    fields = fields_of(client, page, action)
    assert send(client, action, fields, gone="11.05", back="11.08", given="3").status_code == 303
    again = send(client, action, fields, gone="11.05", back="11.08", given="3")
    assert again.status_code == 303  # the same press, answered once more
    db.session.rollback()
    assert db.session.query(Dropout).one().given_minutes == 3
    assert of(seen(client, slots[0]), slots[0].no)["clock"]["remaining_seconds"] == 10 * 60
    assert "11:05 to 11:08, 3 minutes given back" in text_of(client.get(page, query_string=EN))


# Nobody came ----------------------------------------------------------------------------------------------------------


def propose(client, slot, reason="Telepon tidak diangkat."):
    page, action = address(slot), address(slot, "/no-show")
    return send(client, action, fields_of(client, page, action), reason=reason)


def confirm(client, slot):
    db.session.rollback()
    proposal = db.session.query(Proposal).filter_by(act="confirm_no_show", state="waiting").one()
    page, action = address(slot), address(slot, f"/no-show/{proposal.ref}")
    fields = {"digest": proposal.digest, "answer": "confirm", "idempotency_key": "k" * 20, "version": "1"}
    fields["csrf_token"] = re.search(
        r'name="csrf_token"[^>]*value="([^"]+)"', text_of(client.get(page, query_string=EN))
    )[1]
    return send(client, action, fields)


def test_nobody_came_is_proposed_after_the_waiting_time_and_confirmed_by_the_chair(here, slots, door, clock):
    slot, organiser, chair = slots[0], door("organiser-1"), door("chair")
    with pytest.raises(no_show.StillWaiting):
        no_show.propose_no_show(
            slot, "x", expected=1, actor=here.actor("organiser-1"), at=slot.planned_at + timedelta(minutes=14)
        )
    assert "Until" in text_of(organiser.get(address(slot), query_string=EN))
    clock.advance(minutes=15)
    assert propose(organiser, slot, " ").status_code == 422
    assert propose(organiser, slot).status_code == 303
    assert of(seen(chair, slot), slot.no)["status"] == "no_show_proposed"
    with pytest.raises(AssertionError):  # the proposer has no such button, and the answer says why
        assert confirm(organiser, slot).status_code == 303
    assert confirm(chair, slot).status_code == 303
    closed = db.session.get(InterviewSession, slot.id, populate_existing=True)
    assert (closed.state, closed.attendance.no_show) == ("closed", True)
    assert of(seen(chair, slot), slot.no)["status"] == "no_show"
    rubric = rubric_of(here.category)
    caps = queries.caps_for(rubric, [closed.nomination])
    heard = {one.code for one in rubric.indicators if one.stage == "interview" and one.source == "panel"}
    assert {code: cap.value for (_id, code), cap in caps.items()} == dict.fromkeys(heard, Decimal(0))
    assert len(heard) > 1
    assert closed.nomination.state == "interviewed"


def test_after_nobody_came_the_panel_still_sends_its_sheets_and_marks_above_zero_are_refused(here, slots, door, clock):
    slot = slots[0]
    sheet = opened(here, slot.nomination)
    nobody(here, slot)
    assessor = door("assessor-3")
    code = next(one.code for one in rubric_of(here.category).indicators if one.stage == "interview")
    assert put(assessor, sheet, code, "7,00").status_code == 422
    assert put(assessor, sheet, code, "0", key="another-key-of-it").status_code == 200
    with pytest.raises(service.NoShowStands):
        service.record_attendance(
            slot, {**BY_THE_REGENT, "arrived_at": here.now}, expected=1, actor=here.actor("organiser-1"), at=here.now
        )


def nobody(here, slot):
    """Two people say that nobody came."""
    at = slot.planned_at + timedelta(minutes=20)
    proposal = no_show.propose_no_show(
        slot, "Tidak ada kabar.", expected=slot.version, actor=here.actor("organiser-1"), at=at
    )
    no_show.confirm_no_show(proposal, proposal.digest, actor=here.actor("chair"), at=at)
    db.session.commit()


def test_where_somebody_came_nobody_can_have_stayed_away(here, slots):
    at = slots[0].planned_at + timedelta(minutes=20)
    organiser, chair = here.actor("organiser-1"), here.actor("chair")
    proposal = no_show.propose_no_show(slots[0], "Kosong.", expected=1, actor=organiser, at=at)
    service.record_attendance(slots[0], {**BY_THE_REGENT, "arrived_at": at}, expected=0, actor=organiser, at=at)
    with pytest.raises(no_show.SomebodyCame):
        no_show.confirm_no_show(proposal, proposal.digest, actor=chair, at=at)
    db.session.rollback()
    service.open_session(slots[1], expected=1, actor=organiser, at=at)
    with pytest.raises(service.SessionMoved):
        no_show.propose_no_show(slots[1], "Kosong.", expected=1, actor=organiser, at=at + timedelta(hours=1))


# The board ------------------------------------------------------------------------------------------------------------


def test_the_board_names_states_and_never_a_mark(here, slots, door):
    marked(here, opened(here, slots[0].nomination), codes=("A1",))
    organiser = door("organiser-1")
    people = of(seen(organiser, slots[0]), slots[0].no)["sheets"]["people"]
    states = {one["name"]: one["state"] for one in people}
    assert (len(people), states["Assessor 3"], states["Assessor 4"]) == (9, "begun", "none")
    page = text_of(organiser.get(f"/interviews/{slots[0].day.code}", query_string=EN))
    assert "begun" in page
    for text in (page, text_of(seen(organiser, slots[0])), text_of(seen(organiser, slots[0], html=True))):
        assert "7.50" not in text
        assert "7,50" not in text


def test_every_state_of_a_sheet_reaches_the_board(here, slots, door):
    organiser = door("organiser-1")
    service.open_session(slots[0], expected=1, actor=here.actor("organiser-1"), at=here.now)
    db.session.commit()
    sheet = marked(here, opened(here, slots[0].nomination))

    def state():
        people = of(seen(organiser, slots[0]), slots[0].no)["sheets"]["people"]
        return next(one["state"] for one in people if one["name"] == "Assessor 3")

    assert state() == "complete"
    sheet_service.submit_sheet(sheet, actor=here.actor("assessor-3"), at=here.now)
    assert state() == "locked"
    other = opened(here, slots[1].nomination, "assessor-4")
    service.open_session(slots[1], expected=1, actor=here.actor("organiser-1"), at=here.now)
    for one in sheets.judged(rubric_of(here.category)):
        sheet_service.save_mark(
            other, one.code, None, abstain_note="Tidak hadir.", expected=0, actor=here.actor("assessor-4"), at=here.now
        )
    sheet_service.submit_sheet(other, actor=here.actor("assessor-4"), at=here.now)
    db.session.commit()
    people = of(seen(organiser, slots[1]), slots[1].no)["sheets"]["people"]
    assert next(one["state"] for one in people if one["name"] == "Assessor 4") == "abstained"
    assert of(seen(organiser, slots[1]), slots[1].no)["sheets"]["locked"] == 1


def test_an_unchanged_board_answers_304_in_four_statements_and_a_changed_one_does_not(
    here, slots, door, clock, statements
):
    client = door("assessor-4")
    first = seen(client, slots[0])
    assert first.status_code == 200
    path = f"/api/v1/interviews/{slots[0].day.code}/board"
    with statements() as sent:
        assert asked(client, path, first).status_code == 304
    assert len([one for one in sent if one.startswith("SELECT")]) <= 4
    other = door("organiser-1")
    assert seen(other, slots[0], first.headers["ETag"]).status_code == 200  # a tag is of one person
    opened_at_the_door(other, slots[0])
    second = seen(client, slots[0], first.headers["ETag"])
    assert second.status_code == 200
    clock.advance(minutes=1)  # what is said of lateness changes with the minute
    assert seen(client, slots[0], second.headers["ETag"]).status_code == 200


@pytest.mark.parametrize("number", [10, 100])
def test_a_board_takes_the_same_statements_for_ten_slots_and_for_a_hundred(
    here, slots, door, statements, number, clock
):
    many(here, slots[0], number)
    client = door("assessor-4")
    path = f"/api/v1/interviews/{slots[0].day.code}/board"
    with statements() as sent:
        answer = asked(client, path)
    assert len(answer.get_json()["slots"]) == number + 2
    # three of the session and the person, one of the day and its tag, and the reading: see `board.state_of`
    assert len([one for one in sent if one.startswith("SELECT")]) <= 20
    with statements() as sent:
        assert asked(client, path, answer).status_code == 304
    assert len([one for one in sent if one.startswith("SELECT")]) <= 4


def many(here, slot, number):
    """So many more slots on the day, each of a candidate of its own."""
    kept, firm = (
        {one.name: getattr(row, one.name) for one in type(row).__table__.columns if one.name != "id"}
        for row in (slot.nomination, slot.nomination.organisation)
    )
    for no in range(number):
        firm |= {"ref": f"O-{no:04d}-TEST", "name": f"Pemerintah Contoh {no}", "region_code": "99"}
        organisation = db.session.execute(insert(Organisation).values(**firm).returning(Organisation.id)).scalar_one()
        given = {
            **kept, "ref": f"N-{no:04d}-TEST", "candidate_code": f"X{no}", "organisation_id": organisation,
        }  # fmt: skip
        nomination = db.session.execute(insert(Nomination).values(**given).returning(Nomination.id)).scalar_one()
        db.session.execute(
            insert(InterviewSession).values(
                ref=f"S-{no:04d}-TEST", day_id=slot.day_id, no=100 + no, category_id=slot.category_id,
                nomination_id=nomination, attempt=1, planned_at=slot.planned_at + timedelta(minutes=no), minutes=20,
                mode="in_person", room=f"R{no}", state="planned", version=1,
            )
        )  # fmt: skip
    db.session.commit()


def test_who_is_in_conflict_sees_a_time_and_nothing_else(here, slots, door):
    slot = slots[0]
    name = slot.nomination.organisation.name
    before = seen(door("assessor-5"), slot)
    assert name in text_of(before)
    db.session.add(
        Recusal(
            account_id=here.accounts["assessor-5"].id, nomination_id=slot.nomination_id, kind="declared",
            category_id=here.category.id, reason="kin", at=here.now,
        )
    )  # fmt: skip
    db.session.commit()
    client = door("assessor-5")
    after = seen(client, slot, before.headers["ETag"])
    assert after.status_code == 200
    hidden = [one for one in after.get_json()["slots"] if one.get("hidden")]
    assert [set(one) for one in hidden] == [{"planned_at", "hidden"}]
    page = text_of(client.get(f"/interviews/{slot.day.code}", query_string=EN))
    assert "You do not score this slot" in page
    for text in (page, text_of(after), text_of(seen(client, slot, html=True))):
        assert name not in text
    assert name in text_of(seen(door("organiser-1"), slot))
    # Whatever happens in the hidden slot, what the person is shown stays the same.
    marked(here, opened(here, slot.nomination, "assessor-6"), "assessor-6", codes=("A1",))
    assert seen(client, slot).get_json()["slots"] == after.get_json()["slots"]


def test_a_waiver_and_a_new_holder_of_a_seat_change_the_tag_of_everybody(here, slots, door):
    out = panels.recuse(slots[0].nomination, "kin", basis="kin", actor=here.actor("assessor-5"), at=here.now)
    db.session.commit()
    client, organiser = door("assessor-5"), door("organiser-1")
    before, known = seen(client, slots[0]), seen(organiser, slots[0])
    assert [one for one in before.get_json()["slots"] if one.get("hidden")]
    proposal = panels.propose_waiver(out, "far removed", actor=here.actor("chair"), at=here.now)
    panels.confirm_waiver(proposal, proposal.digest, actor=here.actor("organiser-1"), at=here.now)
    db.session.commit()
    after = seen(client, slots[0], before.headers["ETag"])
    assert after.status_code == 200
    assert slots[0].nomination.organisation.name in text_of(after)
    assert not [one for one in after.get_json()["slots"] if one.get("hidden")]
    now_known = seen(organiser, slots[0], known.headers["ETag"])
    assert now_known.status_code == 200
    people = of(now_known, slots[0].no)["sheets"]["people"]
    assert next(one["state"] for one in people if one["name"] == "Assessor 5") == "none"
    assert seen(organiser, slots[0], now_known.headers["ETag"]).status_code == 304
    # A seat that gets another holder leaves the number of seats as it was.
    seat = db.session.query(Seat).join(Account, Account.id == Seat.account_id).filter_by(name="Assessor 9").one()
    seat.ended_at, seat.version = here.now, seat.version + 1
    db.session.add(
        Seat(
            category_id=here.category.id, account_id=here.accounts["verifier-1"].id, role="member", code="J99",
            decree_number="2", seated_at=here.now,
        )
    )  # fmt: skip
    db.session.commit()
    replaced = seen(organiser, slots[0], now_known.headers["ETag"])
    assert replaced.status_code == 200
    assert "Assessor 9" not in text_of(replaced)


def test_the_board_is_not_there_for_those_who_do_not_run_or_score_the_day(here, slots, door):
    address_ = f"/interviews/{slots[0].day.code}"
    for name in ("nominee-1", "verifier-1", "administrator"):
        client = door(name)
        for path in (address_, f"/api/v1{address_}/board", f"{address_}/minutes.pdf"):
            assert client.get(path).status_code == 404
    assert door("auditor").get(address_).status_code == 200
    assert door("organiser-1").get("/interviews/nowhere-9").status_code == 404


def test_the_list_of_an_assessor_and_the_page_of_a_slot_lead_to_the_board_while_it_may_be_seen(here, slots, door):
    client, board_ = door("assessor-4"), f'href="/interviews/{slots[0].day.code}"'
    assert text_of(client.get("/assessments")).count(board_) == 1
    assert board_ in text_of(client.get(address(slots[0])))
    assert board_ not in text_of(door("nominee-1").get(address(slots[0])))
    here.category.state = 7
    db.session.commit()
    assert client.get(f"/interviews/{slots[0].day.code}").status_code in (403, 404, 409)
    assert board_ not in text_of(client.get("/assessments"))


# Presence -------------------------------------------------------------------------------------------------------------


def alive(client, sheet, waiting=0, **more):
    return client.post(
        "/api/v1/presence", json={"sheet": sheet, "waiting": waiting, **more},
        headers={**SAME_ORIGIN, "X-CSRFToken": token_of(client)},
    )  # fmt: skip


def test_a_device_that_says_it_is_there_is_shown_until_it_has_been_silent(here, slots, door, clock):
    sheet = opened(here, slots[0].nomination)
    assessor, organiser = door("assessor-3"), door("organiser-1")

    def chip():
        people = of(seen(organiser, slots[0]), slots[0].no)["sheets"]["people"]
        return next(one for one in people if one["name"] == "Assessor 3")

    assert chip()["connected"] is False
    tag = seen(organiser, slots[0]).headers["ETag"]
    assert alive(assessor, sheet.ref).status_code == 204
    assert chip()["connected"] is True
    assert seen(organiser, slots[0], tag).status_code == 200
    tag = seen(organiser, slots[0]).headers["ETag"]
    clock.advance(seconds=15)
    assert alive(assessor, sheet.ref).status_code == 204
    assert seen(organiser, slots[0], tag).status_code == 304  # a sign of life alone changes nothing
    assert alive(assessor, sheet.ref, 3).status_code == 204
    assert (chip()["state"], chip()["waiting"]) == ("offline", 3)
    assert alive(assessor, sheet.ref, 0).status_code == 204
    tag = seen(organiser, slots[0]).headers["ETag"]
    clock.advance(seconds=46)
    assert seen(organiser, slots[0], tag).status_code == 200
    assert chip()["connected"] is False


@pytest.mark.parametrize(
    "body", [None, [], {"sheet": "L-1"}, {"sheet": 1, "waiting": 0}, {"sheet": "L-1", "waiting": -1},
             {"sheet": "L-1", "waiting": True}, {"sheet": "L-1", "waiting": 1, "mark": 9}],
)  # fmt: skip
def test_a_sign_of_life_that_cannot_be_read_is_refused(here, slots, door, body):
    client = door("assessor-3")
    answer = client.post("/api/v1/presence", json=body, headers={**SAME_ORIGIN, "X-CSRFToken": token_of(client)})
    assert answer.status_code == 422
    assert db.session.query(Presence).count() == 0


def test_a_sign_of_life_of_a_sheet_that_is_not_ones_own_is_not_there(here, slots, door):
    sheet = opened(here, slots[0].nomination)
    assert alive(door("assessor-4"), sheet.ref).status_code == 404
    assert alive(door("organiser-1"), sheet.ref).status_code in (403, 404)
    assert db.session.query(Presence).count() == 0


# The screen of the hall -----------------------------------------------------------------------------------------------


def code_of(client, slot):
    page = f"/interviews/{slot.day.code}"
    action = f"{page}/display-code"
    assert send(client, action, fields_of(client, page, action)).status_code == 303
    return re.search(r'class="p-code">([^<]+)<', text_of(client.get(page)))[1]


def test_the_screen_opens_with_the_code_of_the_day_and_shows_candidate_phase_and_clock(here, slots, door, app, clock):
    organiser, hall = door("organiser-1"), app.test_client()
    screen = f"/interviews/{slots[0].day.code}/screen"
    code = code_of(organiser, slots[0])
    opened_at_the_door(organiser, slots[0])
    press(organiser, slots[0], "start")
    name = slots[0].nomination.organisation.name
    assert name not in text_of(hall.get(screen))
    assert hall.get(screen + "/now").status_code == 409
    assert send(hall, screen, fields_of(hall, screen), code=code.lower()).status_code == 303
    shown = hall.get(screen, query_string=EN)
    assert name in text_of(shown)
    assert "Presentation" in text_of(shown)
    assert "07:00" in text_of(shown)
    part = hall.get(screen + "/now", query_string=EN)
    assert (
        hall.get(screen + "/now", headers={"If-None-Match": part.headers["ETag"]}, query_string=EN).status_code == 304
    )
    assert "Assessor" not in text_of(shown) + text_of(part)
    code_of(organiser, slots[0])  # a new code
    assert name not in text_of(hall.get(screen))
    assert hall.get(screen + "/now").status_code == 409


def test_a_code_opens_its_own_day_on_that_day_alone(here, slots, door, app, clock):
    organiser, hall = door("organiser-1"), app.test_client()
    code = code_of(organiser, slots[0])
    screen = f"/interviews/{slots[0].day.code}/screen"
    clock.advance(days=1)
    assert send(hall, screen, fields_of(hall, screen), code=code).status_code == 422
    clock.advance(days=-1)
    assert send(hall, screen, fields_of(hall, screen), code=code).status_code == 303
    assert hall.get(screen + "/now").status_code == 200
    clock.advance(days=1)
    assert hall.get(screen + "/now").status_code == 409
    assert hall.get("/interviews/nowhere-1/screen").status_code == 200  # asks as for any day


def test_guessing_a_code_is_slowed_down(here, slots, door, app):
    organiser, hall = door("organiser-1"), app.test_client()
    code = code_of(organiser, slots[0])
    screen = f"/interviews/{slots[0].day.code}/screen"
    fields = fields_of(hall, screen)
    answers = [
        send(hall, screen, fields, code=f"WR0NG{no:03d}", idempotency_key=f"{no:020d}").status_code for no in range(12)
    ]
    assert answers[0] == 422
    assert answers[-1] == 429
    assert send(hall, screen, fields, code=code, idempotency_key="9" * 20).status_code == 429
    assert send(hall, screen, fields, code="short", idempotency_key="8" * 20).status_code == 422


# The minutes ----------------------------------------------------------------------------------------------------------


def test_the_minutes_say_what_happened_with_times_and_reasons(here, slots, door, clock):
    organiser = door("organiser-1")
    opened_at_the_door(organiser, slots[0])
    press(organiser, slots[0], "start")
    press(organiser, slots[0], "pause", reason="Listrik padam")
    record(organiser, slots[0], arrived="11.06")
    db.session.add(
        Recusal(
            account_id=here.accounts["assessor-5"].id, nomination_id=slots[0].nomination_id, kind="declared",
            category_id=here.category.id, reason="kin", at=here.now,
        )
    )  # fmt: skip
    nobody(here, slots[1])
    answer = organiser.get(f"/interviews/{slots[0].day.code}/minutes.pdf", query_string=EN)
    assert answer.mimetype == "application/pdf"
    told = words_of(answer)
    for text in (
        slots[0].nomination.organisation.name, "late 6 minutes", "Listrik padam", "a member of the panel (declared)",
        slots[1].nomination.organisation.name, "Nobody came: confirmed. Reason: Tidak ada kabar.", "0 of 8",
    ):  # fmt: skip
        assert text in told
    assert "Assessor" not in told
    assert door("assessor-4").get(f"/interviews/{slots[0].day.code}/minutes.pdf").status_code == 404


def test_the_minutes_name_late_recusals_waivers_moves_and_sheets_opened_again_without_marks(here, slots, door, clock):
    slot, organiser, chair = slots[0], here.actor("organiser-1"), here.actor("chair")
    service.open_session(slot, expected=1, actor=organiser, at=here.now)
    service.record_attendance(slot, {**BY_THE_REGENT, "arrived_at": here.now}, expected=0, actor=organiser, at=here.now)
    db.session.commit()
    _first, again, _third = (submitted(here, slot.nomination, f"assessor-{no}") for no in (3, 4, 5))
    out = panels.recuse(slot.nomination, "kin", basis="kin", actor=here.actor("assessor-7"), at=here.now)
    proposal = panels.propose_waiver(out, "far removed", actor=chair, at=here.now)
    panels.confirm_waiver(proposal, proposal.digest, actor=organiser, at=here.now)
    here.category.state = State.SCORING
    db.session.commit()
    wish = reopening.ask(again, "I was mistaken.", actor=here.actor("assessor-4"), at=here.now)
    reopening.agree(wish, "Agreed.", actor=chair, at=here.now)
    assert reopening.agree(wish, "", actor=here.actor("assessor-6"), at=here.now)
    panels.recuse(
        slot.nomination, "kin of the regent", basis="kin", actor=chair, at=here.now,
        account_id=here.accounts["assessor-3"].id,
    )  # fmt: skip
    db.session.add(
        Recusal(
            account_id=here.accounts["assessor-8"].id, nomination_id=slot.nomination_id, kind="nominee",
            category_id=here.category.id, reason="", at=here.now,
        )
    )  # fmt: skip
    slots[1].moved_at, slots[1].moved_reason = here.now, "Kapal terlambat."
    db.session.commit()
    told = words_of(door("organiser-1").get(f"/interviews/{slot.day.code}/minutes.pdf", query_string=EN))
    for text in (
        "a member of the panel (declared), found late by the chair,", "The sheet is sealed: kept on record",
        "scores in spite of a conflict (declared), from", "Reason: far removed",
        "a member of the panel (own nomination)",
        "Sheet opened again", "after the marks of others could be read", "Moved", "Reason: Kapal terlambat.",
    ):  # fmt: skip
        assert text in told
    assert told.count("sealed") == 1
    for text in ("7.50", "Assessor", "kin of the regent", "I was mistaken"):
        assert text not in told


def words_of(answer):
    """The text of a PDF, in one line."""
    document = pypdfium2.PdfDocument(answer.get_data())
    told = " ".join(" ".join(page.get_textpage().get_text_range() for page in document).split())
    document.close()
    return told


def test_a_day_without_slots_has_a_board_and_minutes(here, slots, door):
    day = service.plan_day(
        here.cycle, here.now.date() + timedelta(days=99), actor=here.actor("organiser-1"), at=here.now
    )
    db.session.commit()
    client = door("organiser-1")
    assert "No slot is planned" in text_of(client.get(f"/interviews/{day.code}", query_string=EN))
    assert client.get(f"/interviews/{day.code}/minutes.pdf").status_code == 200
    assert board.current([], here.now) == []
