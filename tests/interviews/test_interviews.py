"""The schedule, sessions and attendance, at the door of the people who run the day."""

from datetime import timedelta
from decimal import Decimal

import pytest

from paritrana.audit import service as audit
from paritrana.audit.models import Event
from paritrana.core.lifecycle import State
from paritrana.cycles.models import Category, Proposal
from paritrana.cycles.queries import rubric_of
from paritrana.database import db
from paritrana.interviews import queries, service
from paritrana.interviews.models import Attendance, InterviewSession
from paritrana.interviews.tasks import tasks
from paritrana.nominations.models import Nomination
from paritrana.panels.models import Recusal
from tests.factories import world
from tests.interviews.stages import BY_THE_REGENT, held, planned, shortlisted
from tests.nominations.pages import fields_of, send, text_of
from tests.verification.cases import LATER, declared

SCHEDULE = "/manage/contoh-2025/schedule"


@pytest.fixture
def here(app, db_session):
    return world()


@pytest.fixture
def candidates(here, clock):
    return shortlisted(here, clock)


@pytest.fixture
def slot(here, candidates):
    return planned(here, candidates)[0]


def address(slot, more=""):
    return f"/interviews/{slot.day.code}/slots/{slot.no}{more}"


def stored(model, **which):
    db.session.rollback()
    return db.session.query(model).filter_by(**which).one()


def plan(client, **changes):
    action = f"{SCHEDULE}/kabkota/slots"
    return send(client, action, fields_of(client, SCHEDULE, action), **changes)


def test_an_organiser_plans_a_day_and_a_slot_for_everybody(here, candidates, door):
    client = door("organiser-1")
    action = f"{SCHEDULE}/kabkota/days"
    given = {"on-day": "25", "on-month": "3", "on-year": "2026"}
    assert send(client, action, fields_of(client, SCHEDULE, action), **given).status_code == 303
    assert plan(client, starts="09.00", minutes="20", mode="in_person", room="Aula").status_code == 303
    db.session.rollback()
    sessions = queries.sessions_of(here.category)
    assert [one.no for one in sessions] == [1, 2]
    assert sessions[1].planned_at - sessions[0].planned_at == timedelta(minutes=20)
    assert sessions[0].planned_at.hour == 1  # 09.00 WITA
    assert sessions[0].day.code == "contoh-2025-1"


def test_a_clash_is_named_and_what_was_typed_stays(here, candidates, door):
    planned(here, candidates)
    day = queries.days_of(here.cycle)[0]
    third = service.queries.sessions_of(here.category)[1]
    db.session.delete(third)
    db.session.commit()
    client = door("organiser-1")
    first = queries.sessions_of(here.category)[0]
    local = (first.planned_at + timedelta(hours=8)).strftime("%H.%M")
    answer = plan(client, day=day.code, starts=local, minutes="20", room="aula")
    assert answer.status_code == 409
    assert first.nomination.organisation.name in text_of(answer)
    assert 'value="aula"' in text_of(answer)


@pytest.mark.parametrize(
    ("field", "typed"), [("starts", "25.00"), ("starts", "nine"), ("minutes", "3"), ("minutes", "x"), ("room", "")]
)
def test_a_slot_that_cannot_be_read_is_refused(here, candidates, door, field, typed):
    service.plan_day(here.cycle, here.now.date(), actor=here.actor("organiser-1"), at=here.now)
    db.session.commit()
    assert (
        plan(door("organiser-1"), **{"starts": "09.00", "minutes": "20", "room": "Aula", field: typed}).status_code
        == 422
    )
    db.session.rollback()
    assert queries.sessions_of(here.category) == []


def test_only_the_organiser_plans(here, candidates, door):
    action = f"{SCHEDULE}/kabkota/slots"
    client = door("chair")
    page = fields_of(client, "/home", "/language")
    assert send(client, action, page, idempotency_key="k" * 16).status_code == 403
    client = door("nominee-1")
    assert client.get(SCHEDULE).status_code == 404


def test_a_session_is_opened_recorded_and_closed(here, slot, door):
    client = door("organiser-1")
    page = address(slot)
    assert send(client, page + "/open", fields_of(client, page, page + "/open")).status_code == 303
    refused = send(client, page + "/close", fields_of(client, page, page + "/close"))
    assert refused.status_code == 409
    assert "who presented" in text_of(refused)
    form = fields_of(client, page + "/attendance")
    values = {
        "presenter_rank": "wakil",
        "position": "Wakil Bupati",
        "mode": "online",
        "arrived": "08.55",
        "step": "save",
    }
    assert send(client, page + "/attendance", form, **values).status_code == 303
    assert send(client, page + "/close", fields_of(client, page, page + "/close")).status_code == 303
    closed = stored(InterviewSession, id=slot.id)
    assert closed.state == "closed"
    assert closed.attendance.mode == "online"
    assert stored(Nomination, id=slot.nomination_id).state == "interviewed"
    kinds = [one.kind for one in db.session.query(Event).filter_by(stream=audit.judging(here.cycle.code))]
    assert {"session.opened", "attendance.recorded", "session.closed"} <= set(kinds)


def test_the_rank_of_the_presenter_caps_the_presenter_indicator_alone(here, slot):
    held(here, slot, "wakil")
    caps = queries.caps_for(rubric_of(here.category), [slot.nomination])
    assert {code: cap.value for (_one, code), cap in caps.items()} == {"E1": Decimal(8)}


def test_the_limit_is_shown_before_it_is_saved(here, slot, door):
    client = door("organiser-1")
    page = address(slot, "/attendance")
    values = {
        "presenter_rank": "sekda",
        "position": "Sekda",
        "mode": "in_person",
        "arrived": "08.55",
        "step": "preview",
    }
    shown = text_of(send(client, page, fields_of(client, page), **values))
    assert "marks will count up to 7.00" in shown
    db.session.rollback()
    assert db.session.query(Attendance).count() == 0


def test_a_second_correction_of_the_same_record_is_refused(here, slot, door):
    held(here, slot, close=False)
    client = door("organiser-1")
    page = address(slot, "/attendance")
    values = {"step": "save"}
    form = fields_of(client, page)
    other = fields_of(client, page)
    assert send(client, page, form, **values, position="Bupati Contoh").status_code == 303
    refused = send(client, page, other, **values, position="Wakil Bupati")
    assert refused.status_code == 409
    assert "Wakil Bupati" in text_of(refused)
    assert stored(Attendance, session_id=slot.id).position == "Bupati Contoh"


def test_after_the_interviews_the_chair_must_confirm_a_correction(here, candidates, door):
    sessions = planned(here, candidates)
    for one in sessions:
        held(here, one)
    service.end_interviews(here.category, actor=here.actor("organiser-1"), at=here.now + LATER)
    db.session.commit()
    for name in ("organiser-1", "chair"):
        if name == "chair":
            declared(here, sessions[0].nomination, name)
    client = door("organiser-1")
    page = address(sessions[0], "/attendance")
    form = fields_of(client, page)
    assert send(client, page, form, presenter_rank="wakil", step="save", reason="").status_code == 422
    form = fields_of(client, page)
    assert send(client, page, form, presenter_rank="wakil", step="save", reason="Misread list.").status_code == 303
    assert stored(Attendance, session_id=sessions[0].id).presenter_rank == "bupati_wali_kota"
    proposal = stored(Proposal, act="record_attendance")
    chair = door("chair")
    confirm = f"{address(sessions[0])}/attendance/{proposal.ref}"
    assert [one.message for one in tasks(here.actor("chair"), here.now + LATER)]
    assert (
        send(
            chair, confirm, fields_of(chair, address(sessions[0]), confirm), answer="confirm", digest=proposal.digest
        ).status_code
        == 303
    )
    assert stored(Attendance, session_id=sessions[0].id).presenter_rank == "wakil"


def test_interviews_end_only_when_every_session_is_closed(here, candidates, door):
    sessions = planned(here, candidates)
    held(here, sessions[0])
    client = door("organiser-1")
    action = f"{SCHEDULE}/kabkota/end"
    page = fields_of(client, "/home", "/language")
    refused = send(client, action, page, idempotency_key="k" * 16)
    assert refused.status_code == 409
    assert sessions[1].nomination.organisation.name in text_of(refused)
    held(here, sessions[1])
    assert send(client, action, fields_of(client, SCHEDULE, action)).status_code == 303
    assert stored(Category, id=here.category.id).state == State.SCORING


def test_an_opened_session_is_not_opened_twice(here, slot, door):
    held(here, slot, close=False)
    client = door("organiser-1")
    fields = fields_of(client, address(slot), address(slot, "/close"))
    assert send(client, address(slot, "/open"), fields, version=str(slot.version)).status_code == 409


def test_an_assessor_in_conflict_does_not_learn_of_the_slot(here, slot, door):
    account = here.accounts["assessor-3"]
    db.session.add(
        Recusal(
            account_id=account.id,
            nomination_id=slot.nomination_id,
            category_id=here.category.id,
            kind="declared",
            reason="kin",
            at=here.now,
        )
    )
    db.session.commit()
    assert door("assessor-3").get(address(slot)).status_code == 404
    assert door("assessor-4").get(address(slot)).status_code == 200


def test_how_many_sheets_are_in_is_told_to_the_panel_and_not_to_the_candidate(here, slot, door):
    owner = next(name for name in ("nominee-1", "nominee-2", "nominee-3") if sees(door(name), slot))
    said = {name: "0 of 9" in text_of(sees(door(name), slot)) for name in ("assessor-4", "organiser-1", owner)}
    assert said == {"assessor-4": True, "organiser-1": True, owner: False}


def sees(client, slot):
    """The page of the slot in English, or None where it is not shown."""
    answer = client.get(address(slot), query_string={"lang": "en"})
    return answer if answer.status_code == 200 else None


def test_a_slot_leads_back_to_the_list_a_person_came_from(here, slot, door):
    ways = {"organiser-1": "/manage/contoh-2025/schedule", "chair": "/manage/contoh-2025/schedule"}
    for name, way in {**ways, "assessor-4": "/assessments"}.items():
        client = door(name)
        shown = client.get(address(slot)).get_data(as_text=True)
        crumbs = shown[shown.index("p-crumbs") : shown.index("<main")]
        assert f'href="{way}"' in crumbs
        assert client.get(way).status_code == 200


def test_an_unknown_slot_is_not_there(here, slot, door):
    client = door("organiser-1")
    assert client.get(f"/interviews/{slot.day.code}/slots/99").status_code == 404
    assert client.get("/interviews/nowhere-1/slots/1").status_code == 404


def test_an_unknown_rank_is_refused(here, slot):
    values = {**BY_THE_REGENT, "presenter_rank": "raja", "arrived_at": here.now}
    with pytest.raises(service.UnknownPresenter):
        service.record_attendance(slot, values, expected=0, actor=here.actor("organiser-1"), at=here.now)


def test_who_was_not_shortlisted_gets_no_slot(here, slot):
    nomination = slot.nomination
    day = slot.day
    with pytest.raises(service.AlreadyPlanned):
        service.plan_session(
            nomination, day, here.now, 20, mode="online", room="x", actor=here.actor("organiser-1"), at=here.now
        )
    nomination.state = "not_shortlisted"
    with pytest.raises(service.NotCandidate):
        service.plan_session(
            nomination, day, here.now, 20, mode="online", room="x", actor=here.actor("organiser-1"), at=here.now
        )


def test_tasks_name_what_is_to_be_planned_and_held(here, candidates):
    organiser = here.actor("organiser-1")
    assert [one.message for one in tasks(organiser, here.now + LATER)] == ["Plan the interviews: %(category)s"]
    planned(here, candidates)
    held_next = tasks(organiser, here.now + LATER)
    assert [one.message for one in held_next] == ["Hold the interview of %(name)s"] * 2
