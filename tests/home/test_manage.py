"""The overview of a cycle: where it stands, what blocks it, and the clock of a simulated one."""

import re
from datetime import timedelta

import pytest
from sqlalchemy import select

from paritrana.audit import service as audit
from paritrana.audit.models import Event
from paritrana.core.lifecycle import State
from paritrana.cycles.models import Cycle
from paritrana.cycles.service import wait_at
from paritrana.database import db
from paritrana.interviews.models import InterviewDay, InterviewSession
from paritrana.panels.models import Seat
from paritrana.verification.models import ChangeRequest, Verification
from tests.factories import world
from tests.home.builders import nominate
from tests.home.test_home import words

PAGE = "/manage/contoh-2025"
CLOCK = f"{PAGE}/clock"


def version_of(page: str) -> str:
    """The version that the form of the clock carries."""
    found = re.search(r'name="version" value="(\d+)"', page)
    assert found is not None
    return found[1]


@pytest.fixture
def organiser(visit, db_session):
    """A world of which the page shows one category, and its organiser."""
    world()
    return visit("organiser-1")


@pytest.mark.parametrize("state", list(State))
@pytest.mark.parametrize("name", ["organiser-1", "chair"])
def test_the_page_opens_at_every_stage_and_names_it(visit, db_session, state, name):
    made = world(state=State.OPEN)
    made.category.state = int(state)
    page = words(visit(name).read(PAGE))
    steps = [
        "Open for nominations",
        "Closed",
        "Verification",
        "Interviews",
        "Scoring",
        "Plenary",
        "Sealed",
        "Published",
    ]
    if state in (State.DRAFT, State.ARCHIVED):
        assert ("Next step: open for nominations." if state is State.DRAFT else "No step follows.") in page
    else:
        assert steps[state - 1] in page
        assert "Next step: " in page


@pytest.mark.parametrize("state", list(State))
def test_every_link_of_the_page_leads_somewhere(visit, db_session, state):
    made = world(state=State.OPEN)
    made.category.state = int(state)
    visitor = visit("organiser-1")
    main = visitor.read(PAGE).split("<main", 1)[1].split("</main>", 1)[0]
    for address in set(re.findall(r'<a href="(/[^"#]+)', main)):
        assert visitor.open(address).status_code in (200, 409), address


@pytest.mark.parametrize("name", ["nominee-1", "verifier-1", "assessor-3", "auditor", "administrator"])
def test_for_others_it_answers_like_a_cycle_that_is_not_there(visit, db_session, name):
    world()
    visitor = visit(name)
    there, nowhere = visitor.open(PAGE), visitor.open("/manage/nowhere-2025")
    assert there.status_code == nowhere.status_code == 404
    strip = lambda answer, address: re.sub(  # noqa: E731
        rf'name="csrf_token" value="[^"]*"|"{address}"|"{address}\?[^"]*"', "", answer.get_data(as_text=True)
    )
    assert strip(there, PAGE) == strip(nowhere, "/manage/nowhere-2025")


def test_a_chair_of_one_category_sees_that_category_only(visit, db_session):
    made = world(categories=("kabkota", "desa"))
    seat = db.session.scalar(
        select(Seat).where(Seat.category_id == made.categories["desa"].id, Seat.role == "chair")
    )  # fmt: skip
    seat.ended_at = made.now
    page = visit("chair").read(PAGE)
    assert 'id="kabkota"' in page
    assert 'id="desa"' not in page


def test_a_draft_names_each_thing_that_blocks_its_opening(visit, db_session):
    made = world(state=State.DRAFT)
    made.category.rubric.frozen_at = None
    for seat in db.session.scalars(select(Seat).where(Seat.role == "chair")):
        seat.ended_at = made.now
    page = words(visit("organiser-1").read(PAGE))
    assert "The panel has no chair." in page
    assert "The rubric is not frozen." in page
    assert "Propose to open the category" not in page


def test_two_people_open_a_category_from_this_page(visit, db_session):
    made = world(state=State.DRAFT)
    organiser, chair = visit("organiser-1"), visit("chair")
    assert "Open the category" not in words(chair.read(PAGE))
    assert "Propose to open the category" in words(organiser.read(PAGE))
    assert organiser.send(f"{PAGE}/panel/kabkota/open").status_code == 303
    page = organiser.read(PAGE)
    assert "Waiting for another person Opening of the category Proposed by Organiser 1" in words(page)
    assert "Open the category" not in words(page)
    page = chair.read(PAGE)
    action = re.search(rf'action="({PAGE}/panel/kabkota/open/[^"]+)"', page)
    digest = re.search(r'name="digest" value="([0-9a-f]{64})"', page)
    assert chair.send(action[1], digest=digest[1], answer="confirm").status_code == 303
    db.session.expire_all()
    assert made.category.stored_state is State.OPEN


def test_unfinished_verifications_are_counted(visit, db_session):
    made = world(state=State.VERIFICATION)
    for number, state in enumerate(("submitted", "resubmitted", "returned", "verified", "withdrawn", "draft"), start=1):
        nominate(made, number, state)
    page = words(visit("organiser-1").read(PAGE))
    assert "Nominations that are neither verified nor withdrawn: 3" in page
    assert "Of these, waiting for the nominee's answer: 1" in page
    assert "Drafts 1 Sent 3 Verified 1 On the shortlist 0" in page


def test_without_unfinished_verifications_the_shortlist_is_what_is_missing(visit, db_session):
    made = world(state=State.VERIFICATION)
    visitor = visit("organiser-1")
    assert "There is no verified nomination to shortlist." in words(visitor.read(PAGE))
    nominate(made, 1, "verified")
    assert "The shortlist is not proposed yet." in words(visitor.read(PAGE))


def test_candidates_without_a_slot_are_counted(visit, db_session):
    made = world(state=State.INTERVIEW)
    for number in (1, 2):
        nominate(made, number, "shortlisted")
    assert "Candidates without an interview slot: 2" in words(visit("organiser-1").read(PAGE))


def test_when_every_session_is_closed_the_organiser_ends_the_interviews(visit, db_session):
    made = world(state=State.INTERVIEW)
    nomination = nominate(made, 1, "interviewed")
    day = InterviewDay(code="contoh-2025-1", cycle_id=made.cycle.id, no=1, on=made.now.date())
    session = InterviewSession(
        ref="S-0000-0001", day=day, no=1, category_id=made.category.id, nomination_id=nomination.id,
        planned_at=made.now, minutes=30, state="open", opened_at=made.now,
    )  # fmt: skip
    db.session.add(session)
    visitor = visit("organiser-1")
    page = words(visitor.read(PAGE))
    assert "Interview sessions not closed yet: 1" in page
    assert "End the interviews" not in page
    session.state, session.closed_at = "closed", made.now
    asked = ChangeRequest(
        no=1, question="?", items=[], due_at=made.now, asked_at=made.now, asked_by=made.accounts["verifier-1"].id,
        asked_by_name="V", state="open",
    )  # fmt: skip
    db.session.add(Verification(nomination_id=nomination.id, revision_no=1, requests=[asked]))
    page = words(visitor.read(PAGE))
    assert "Candidates whom a change request still asks: 1" in page
    assert "End the interviews" not in page
    asked.state = "answered"
    assert "End the interviews" in words(visitor.read(PAGE))
    assert "End the interviews" not in words(visit("chair").read(PAGE))
    assert visitor.send(f"{PAGE}/schedule/kabkota/end").status_code == 303
    db.session.expire_all()
    assert made.category.stored_state is State.SCORING


def test_the_clock_passes_the_next_deadline_by_one_second(organiser):
    page = organiser.read(PAGE)
    to = re.search(r'name="to" value="([^"]+)"', page)
    assert to[1] == "2026-03-22T03:00:01Z"
    answer = organiser.send(CLOCK, version=version_of(page), to=to[1])
    assert (answer.status_code, answer.location) == (303, PAGE)
    page = words(organiser.read(PAGE))
    assert "The clock of the cycle stands at Sunday, 22 March 2026, 11:00 WITA." in page
    assert "Closed" in page
    event = db.session.scalar(select(Event).where(Event.kind == "clock.advanced"))
    assert event is not None


def test_the_move_and_the_stages_it_brings_are_told_in_the_chain(organiser):
    page = organiser.read(PAGE)
    to = re.findall(r'<option value="([^"]+)">', page.split('name="to"', 2)[-1])[3]
    organiser.send(CLOCK, version=version_of(page), to=to)
    kinds = list(
        db.session.scalars(select(Event.kind).where(Event.stream == audit.intake("contoh-2025")).order_by(Event.seq))
    )
    assert kinds[-3:] == ["clock.advanced", "category.moved", "category.moved"]


def test_the_clock_moves_to_a_time_that_is_typed_in_the_zone_of_the_cycle(organiser):
    fields = {"on-day": "5", "on-month": "3", "on-year": "2026", "time": "08.30"}
    assert organiser.send(CLOCK, version=version_of(organiser.read(PAGE)), **fields).status_code == 303
    assert "The clock of the cycle stands at Thursday, 5 March 2026, 08:30 WITA." in words(organiser.read(PAGE))


@pytest.mark.parametrize(
    ("fields", "sentence", "status"),
    [
        ({"to": ""}, "Choose a date", 422),
        ({"to": "2026-03-09T00:00:00Z"}, "Choose date ahead from the list", 422),
        ({}, "Enter date", 422),
        ({"on-day": "31", "on-month": "2", "on-year": "2026", "time": "10.00"}, "Write date as day, month", 422),
        ({"on-day": "5", "on-month": "3", "on-year": "2026", "time": "25.00"}, "Write the time as hours", 422),
        ({"on-day": "5", "on-month": "3", "on-year": "2099", "time": "10.00"}, "no more than 5 years ahead", 422),
        ({"on-day": "1", "on-month": "3", "on-year": "2026", "time": "10.00"}, "only forward", 409),
    ],
)  # fmt: skip
def test_a_wrong_time_is_refused_in_a_sentence_and_moves_nothing(organiser, fields, sentence, status):
    answer = organiser.send(CLOCK, version=version_of(organiser.read(PAGE)), **fields)
    assert answer.status_code == status
    page = answer.get_data(as_text=True)
    assert sentence in words(page)
    assert "There is a problem" in words(page)
    for name, value in fields.items():
        if value and name != "to":
            assert f'value="{value}"' in page
    assert db.session.scalar(select(Cycle.offset_seconds)) == 0


def test_a_stale_page_does_not_move_the_clock_and_keeps_what_was_typed(organiser, db_session):
    version = version_of(organiser.read(PAGE))
    cycle = db_session.scalar(select(Cycle))
    cycle.offset_seconds, cycle.version = 3600, cycle.version + 1
    db_session.commit()
    fields = {"on-day": "5", "on-month": "3", "on-year": "2026", "time": "08.30"}
    answer = organiser.send(CLOCK, version=version, **fields)
    page = answer.get_data(as_text=True)
    assert answer.status_code == 409
    assert "The clock was moved meanwhile and stands at Monday, 2 March 2026, 12:00 WITA now." in words(page)
    assert 'value="08.30"' in page
    db_session.expire_all()
    assert cycle.offset_seconds == 3600
    assert organiser.send(CLOCK, version=version_of(page), **fields).status_code == 303


@pytest.mark.parametrize(("name", "status"), [("chair", 403), ("verifier-1", 404), ("auditor", 404)])
def test_only_an_organiser_moves_the_clock(visit, db_session, name, status):
    world()
    visitor = visit(name)
    assert visitor.send(CLOCK, version=1, to="2026-03-22T03:00:01Z").status_code == status
    assert db.session.scalar(select(Cycle.offset_seconds)) == 0


def test_a_real_cycle_has_no_such_form_and_refuses_the_act(visit, db_session):
    world(kind="real")
    visitor = visit("organiser-1")
    page = visitor.read(PAGE)
    assert CLOCK not in page
    assert "SIMULATION" not in page
    assert visitor.send(CLOCK, version=1, to="2026-03-22T03:00:01Z").status_code == 403
    assert db.session.scalar(select(Cycle.offset_seconds)) == 0


def test_the_page_costs_the_same_statements_however_many_nominations(visit, db_session, statements):
    made = world(state=State.VERIFICATION)
    nominate(made, 1, "submitted")
    visitor = visit("organiser-1")
    visitor.read(PAGE)
    with statements() as few:
        visitor.read(PAGE)
    for number in range(2, 9):
        nominate(made, number, "submitted")
    db.session.commit()
    with statements() as many:
        visitor.read(PAGE)
    assert len(many) == len(few)


def test_the_whole_way_through_the_calendar_can_be_walked_by_the_list(organiser):
    for _step in range(20):
        page = organiser.read(PAGE)
        options = re.findall(r'<option value="(2[^"]+)">', page)
        if not options:
            break
        assert organiser.send(CLOCK, version=version_of(page), to=options[0]).status_code == 303
    assert "None: from here on people move the stages." in words(organiser.read(PAGE))
    assert db.session.scalar(select(Cycle.offset_seconds)) == int(timedelta(days=50).total_seconds())


def test_a_clock_left_alone_waits_at_the_deadline_and_says_so(visit, db_session, clock):
    made = world()
    nomination = nominate(made, 1)
    db_session.commit()
    clock.set(made.now + timedelta(days=60))
    nominee, organiser = visit("nominee-1"), visit("organiser-1")
    draft = f"/nominations/{nomination.ref}/eligibility"
    assert "Entry is closed" not in nominee.read(draft)
    page = organiser.read(PAGE)
    assert "It waits at a deadline until an organiser moves it." in words(page)
    assert "The clock waits at this deadline." in words(page)
    to = re.search(r'name="to" value="([^"]+)"', page)
    assert organiser.send(CLOCK, version=version_of(page), to=to[1]).status_code == 303
    assert "Entry is closed" in nominee.read(draft)
    page = words(organiser.read(PAGE))
    assert "The clock of the cycle stands at Sunday, 22 March 2026, 11:00 WITA." in page
    assert "waits at" not in page


def test_the_clock_waits_for_the_answer_to_a_change_request_too(visit, db_session, clock):
    made = world(state=State.VERIFICATION)
    due = made.now + timedelta(days=3)
    wait_at(made.cycle, due)
    db_session.commit()
    clock.set(due + timedelta(days=9))
    organiser = visit("organiser-1")
    page = organiser.read(PAGE)
    assert "Due date of a change request" in words(page)
    to = re.search(r'name="to" value="([^"]+)"', page)
    assert to[1] == "2026-03-05T03:00:01Z"
    assert organiser.send(CLOCK, version=version_of(page), to=to[1]).status_code == 303
    assert "None: from here on people move the stages." in words(organiser.read(PAGE))
