"""What the services and pages of an interview day refuse, and what its minutes say of what is rarer."""

from datetime import timedelta

import pypdfium2
import pytest

from paritrana.core.errors import NotFound, StaleVersion
from paritrana.core.lifecycle import State
from paritrana.core.timing import TimerAct
from paritrana.cycles.models import Proposal
from paritrana.cycles.queries import get_cycle, rubric_of
from paritrana.database import db
from paritrana.home.rehearsing import make_rehearsal, throw_away
from paritrana.interviews import clock as clocks
from paritrana.interviews import no_show, service
from paritrana.interviews.drawing import MinutesPaper, Section, draw
from paritrana.interviews.models import Attendance, Dropout, InterviewDay, InterviewSession
from paritrana.panels.service import recuse
from tests.factories import SYSTEM, world
from tests.interviews.stages import BY_THE_REGENT, begun, held
from tests.interviews.test_day import address, words_of
from tests.nominations.pages import fields_of, send, text_of
from tests.sheets.desks import token_of
from tests.verification.cases import declared

EN = {"lang": "en"}


@pytest.fixture
def here(app, db_session):
    return world()


@pytest.fixture
def slots(here, clock):
    """Two slots of twenty minutes; the clock stands at the beginning of the first."""
    return begun(here, clock)


def act(here, slot, name="organiser-1"):
    return {"actor": here.actor(name), "at": slot.planned_at}


def came(slot, **changes):
    return {**BY_THE_REGENT, "arrived_at": slot.planned_at, **changes}


def answer(client, slot, way, proposal, said):
    """Answer a proposal at the address of a slot."""
    data = {"csrf_token": token_of(client), "idempotency_key": f"{said}-{slot.no}-{proposal.ref}", "answer": said,
            "digest": proposal.digest}  # fmt: skip
    return send(client, address(slot, f"/{way}/{proposal.ref}"), data)


# The services ---------------------------------------------------------------------------------------------------------


def test_a_session_is_opened_and_closed_from_its_own_state_and_version(here, slots):
    slot = slots[0]
    with pytest.raises(service.SessionMoved):
        service.open_session(slot, expected=2, **act(here, slot))
    with pytest.raises(service.SessionNotOpen):
        service.close_session(slot, expected=1, **act(here, slot))
    db.session.rollback()
    assert (slot.state, slot.version) == ("planned", 1)


def test_attendance_is_recorded_by_a_person_who_saw_what_was_there(here, slots):
    slot = slots[0]
    with pytest.raises(StaleVersion):
        service.record_attendance(slot, came(slot), expected=1, **act(here, slot))
    with pytest.raises(NotFound):
        service.record_attendance(slot, came(slot), expected=0, actor=SYSTEM, at=slot.planned_at)
    db.session.rollback()
    assert db.session.query(Attendance).count() == 0


def test_a_candidate_that_withdrew_in_the_session_does_not_count_as_interviewed(here, slots):
    held(here, slots[0], close=False)
    slots[0].nomination.state = "withdrawn"
    db.session.commit()
    service.close_session(slots[0], expected=slots[0].version, **act(here, slots[0]))
    held(here, slots[1])
    db.session.commit()
    assert [(one.state, one.nomination.state) for one in slots] == [("closed", "withdrawn"), ("closed", "interviewed")]


def test_a_dropout_is_noted_once_on_the_page_that_showed_the_others(here, slots):
    slot = slots[0]
    gone, back = slot.planned_at, slot.planned_at + timedelta(minutes=3)
    no_show.note_dropout(slot, gone, back, 0, expected=0, **act(here, slot))
    for expected in (0, 2):
        with pytest.raises(service.SessionMoved):
            no_show.note_dropout(slot, gone, back, 0, expected=expected, **act(here, slot))
    assert [one.no for one in db.session.query(Dropout)] == [1]


def test_the_lengths_change_again_once_every_clock_has_ended(here, slots):
    organiser = act(here, slots[0])
    service.open_session(slots[0], expected=1, **organiser)
    clocks.work(slots[0], TimerAct.START, expected=0, **organiser)
    lengths = {"presentation": 10, "questions": 10, "waiting": 20}
    with pytest.raises(clocks.ClockRunning):
        clocks.set_plan(here.category, lengths, **organiser)
    clocks.work(slots[0], TimerAct.END, expected=1, **organiser)
    clocks.set_plan(here.category, lengths, **organiser)
    assert clocks.minutes_of(here.category) == lengths


# The pages ------------------------------------------------------------------------------------------------------------


def test_a_length_that_is_no_number_is_refused(here, slots, door):
    client, page = door("organiser-1"), "/manage/contoh-2025/schedule/kabkota/clock"
    before = clocks.minutes_of(here.category)
    for typed in ("", "ten"):
        assert send(client, page, fields_of(client, page), presentation=typed).status_code == 422
    db.session.rollback()
    assert clocks.minutes_of(here.category) == before


def test_a_no_show_is_answered_at_its_own_slot_and_sent_back_leaves_the_slot_as_it_was(here, slots, door):
    late = {"actor": here.actor("organiser-1"), "at": slots[1].planned_at + timedelta(minutes=20)}
    proposal = no_show.propose_no_show(slots[1], "Nobody answers.", expected=1, **late)
    db.session.commit()
    shown = slots[1].day.board_version
    chair = door("chair")
    assert answer(chair, slots[0], "no-show", proposal, "confirm").status_code == 404
    assert answer(chair, slots[1], "no-show", proposal, "refuse").status_code == 303
    db.session.rollback()
    assert db.session.get_one(Proposal, proposal.id).state == "withdrawn"
    assert [one.state for one in db.session.query(InterviewSession)] == ["planned", "planned"]
    assert db.session.query(Attendance).count() == 0
    assert db.session.query(InterviewDay).one().board_version == shown + 1


def test_a_correction_of_the_attendance_is_confirmed_at_its_own_slot(here, slots, door):
    for slot in slots:
        held(here, slot)
    here.category.state = int(State.SCORING)
    db.session.commit()
    proposal = service.propose_attendance(
        slots[1], came(slots[1], presenter_rank="wakil"), "Misread.", expected=1, **act(here, slots[1])
    )
    for slot in slots:
        declared(here, slot.nomination, "chair")
    chair = door("chair")
    assert answer(chair, slots[0], "attendance", proposal, "confirm").status_code == 404
    ranks = [one.presenter_rank for one in db.session.query(Attendance)]
    assert answer(chair, slots[1], "attendance", proposal, "confirm").status_code == 303
    db.session.rollback()
    assert ranks == ["bupati_wali_kota"] * 2
    assert sorted(one.presenter_rank for one in db.session.query(Attendance)) == ["bupati_wali_kota", "wakil"]


def test_a_rubric_without_a_ladder_asks_for_no_rank(here, slots, door):
    for one in rubric_of(here.category).indicators:
        one.caps = []
    db.session.commit()
    client, page = door("organiser-1"), address(slots[0], "/attendance")
    fields = fields_of(client, page)
    assert "presenter_rank" not in text_of(client.get(page))
    given = {"position": "Bupati", "mode": "in_person", "arrived": "11.00", "step": "save"}
    assert send(client, page, fields, **given).status_code == 303
    db.session.rollback()
    (seen,) = db.session.query(Attendance)
    assert (seen.presenter_rank, seen.position) == ("", "Bupati")


def test_the_code_of_a_rehearsed_day_opens_nothing_once_the_rehearsal_is_thrown_away(here, app):
    organiser = {"actor": here.actor("organiser-1"), "at": here.now}
    rehearsal = make_rehearsal(get_cycle(here.cycle.code), here.now.date(), 1, **organiser)
    day = db.session.query(InterviewDay).filter_by(cycle_id=rehearsal.id).one()
    day.display_code = code = "ABCD2345"
    db.session.commit()
    screen, halls = f"/interviews/{day.code}/screen", [app.test_client(), app.test_client()]

    def opened(hall):
        return send(hall, screen, fields_of(hall, screen), code=code).status_code, hall.get(f"{screen}/now").status_code

    assert opened(halls[0]) == (303, 200)
    throw_away(rehearsal, **organiser)
    db.session.commit()
    assert opened(halls[1]) == (422, 409)
    assert halls[0].get(f"{screen}/now").status_code == 409


# The minutes ----------------------------------------------------------------------------------------------------------


def test_the_minutes_name_dropouts_the_camera_and_what_waits_for_the_chair(here, slots, door):
    first, second = slots
    first.mode = "online"
    held(here, first)
    first.attendance.camera_seen = True
    db.session.commit()
    no_show.note_dropout(
        first, first.planned_at, first.planned_at + timedelta(minutes=3), 0, expected=0, **act(here, first)
    )
    late = {"actor": here.actor("organiser-1"), "at": second.planned_at + timedelta(minutes=20)}
    no_show.propose_no_show(second, "Nobody answers.", expected=1, **late)
    db.session.commit()
    address_ = f"/interviews/{first.day.code}/minutes.pdf"
    told = words_of(door("organiser-1").get(address_, query_string=EN))
    for text in (
        "Online: the camera was on Yes", "11:00 to 11:03, 0 minutes given back",
        "Nobody came: proposed, not confirmed. Reason: Nobody answers.",
    ):  # fmt: skip
        assert text in told
    assert "You do not score this slot" not in told
    recuse(second.nomination, "Kin.", actor=here.actor("chair"), at=second.planned_at)
    db.session.commit()
    told = words_of(door("chair").get(address_, query_string=EN))
    assert "You do not score this slot" in told
    assert first.nomination.organisation.name in told
    for text in (second.nomination.organisation.name, "Nobody answers."):
        assert text not in told


def minutes(rows, band=""):
    """The text of each page of minutes with so many long sentences."""
    said = " ".join(["Words"] * 400)
    paper = MinutesPaper(
        title="Minutes", heading="Award", sections=[Section("Slot 1", [("", said)] * rows)], signatures=["Chair"],
        foot="Printed.", page="Page {}", operator="O", language="en", band=band,
    )  # fmt: skip
    document = pypdfium2.PdfDocument(draw(paper))
    return [page.get_textpage().get_text_range() for page in document]


def test_a_long_sentence_goes_on_overleaf_and_the_band_stands_on_every_page_of_a_rehearsal_alone():
    pages = minutes(3)
    assert len(pages) > 1
    assert "".join(pages).count("Words") == 1200
    assert [f"Page {no}" in text for no, text in enumerate(pages, start=1)] == [True] * len(pages)
    assert ["Chair" in text for text in pages] == [False] * (len(pages) - 1) + [True]
    assert "REHEARSAL" not in "".join(pages)
    assert all("REHEARSAL" in text for text in minutes(3, "REHEARSAL"))
