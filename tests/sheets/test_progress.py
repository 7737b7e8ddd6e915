"""Load and progress of assessors in counts, the reminder after a confirmed number, and what the day asks for."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from paritrana.core.lifecycle import State
from paritrana.cycles.models import Category
from paritrana.database import db
from paritrana.jobs.kinds import SYSTEM, Run
from paritrana.outbox.models import Message
from paritrana.panels.models import Recusal
from paritrana.sheets.reminding import write_reminders
from tests.factories import world
from tests.interviews.stages import held, planned, shortlisted
from tests.nominations.pages import fields_of, send, text_of
from tests.verification.cases import LATER

PAGE = "/manage/contoh-2025/progress"
REMIND = f"{PAGE}/kabkota/remind"


@pytest.fixture
def here(app, db_session):
    return world()


@pytest.fixture
def slots(here, clock):
    return planned(here, shortlisted(here, clock))


def recuse(here, who, nomination):
    db.session.add(
        Recusal(account_id=here.accounts[who].id, nomination_id=nomination.id, kind="declared",
                category_id=nomination.category_id, at=here.now)
    )  # fmt: skip
    db.session.commit()


def written(kind):
    db.session.rollback()
    return db.session.query(Message).filter_by(kind=kind).all()


def in_scoring(here, slots):
    for slot in slots:
        held(here, slot)
    db.session.get_one(Category, here.category.id).state = int(State.SCORING)
    db.session.commit()


def run(app, at):
    clock = app.extensions["clock"]
    clock.set(at)
    said = write_reminders(
        Run("J-1", "write_reminders", {}, SYSTEM, app.extensions["settings"], clock.now), lambda done, total=None: None
    )
    return said.params["count"]


def test_the_page_counts_and_shows_no_mark(here, slots, door):
    held(here, slots[0])
    page = text_of(door("organiser-1").get(PAGE, query_string={"lang": "en"}))
    assert "Load and progress (9 assessors)" in page
    assert page.count("Sheets due: 1") == 9
    assert "Send to 9 recipients" in page


def test_a_chair_who_stepped_back_counts_nothing_of_the_candidate(here, slots, door):
    held(here, slots[0])
    recuse(here, "chair", slots[0].nomination)
    page = text_of(door("chair").get(PAGE, query_string={"lang": "en"}))
    assert "Sheets due" not in page
    assert "Send to" not in page


def test_reminders_leave_when_their_number_is_confirmed(here, slots, door):
    held(here, slots[0])
    recuse(here, "assessor-4", slots[0].nomination)
    organiser = door("organiser-1")
    fields = fields_of(organiser, PAGE, REMIND)
    assert send(organiser, REMIND, fields, count="9").status_code == 422
    assert send(organiser, REMIND, fields_of(organiser, PAGE, REMIND), count="").status_code == 422
    assert written("sheets_due") == []
    assert send(organiser, REMIND, fields_of(organiser, PAGE, REMIND), count="8").status_code == 303
    found = written("sheets_due")
    assert len(found) == 8
    assert here.accounts["assessor-4"].id not in {one.account_id for one in found}
    assert {one.state for one in found} == {"queued"}
    assert not any(slots[0].nomination.organisation.name in one.text_id + one.text_en for one in found)


def test_nobody_is_reminded_where_nothing_is_due_or_by_others(here, slots, door):
    organiser = door("organiser-1")
    assert REMIND not in text_of(organiser.get(PAGE))
    held(here, slots[0])
    fields = fields_of(organiser, PAGE, REMIND)
    for who, status in (("chair", 403), ("assessor-3", 404), ("nominee-1", 404)):
        client = door(who)
        own = fields_of(client, "/home/calendar")
        assert send(client, REMIND, own, count="9").status_code == status
    for one in ("chair", "auditor"):
        assert door(one).get(PAGE).status_code == 200
    assert door("assessor-3").get(PAGE).status_code == 404
    slots[0].state = "planned"
    db.session.commit()
    assert send(organiser, REMIND, fields, count="9").status_code == 409


def test_the_job_reminds_each_late_assessor_once_a_day_at_the_end_of_the_scoring(app, here, slots):
    in_scoring(here, slots)
    until = here.category.scoring_until
    morning = until.replace(hour=2, minute=0)  # 10.00 WITA
    assert run(app, morning - timedelta(days=3)) == 0
    assert run(app, until.replace(hour=18)) == 0  # at night nobody is reminded
    for _again in range(2):
        run(app, morning)
    assert len(written("sheets_due")) == 9
    run(app, morning + timedelta(days=1))
    assert len(written("sheets_due")) == 18


def test_the_job_asks_for_the_device_the_day_before(app, here, slots):
    recuse(here, "assessor-4", slots[0].nomination)
    recuse(here, "assessor-4", slots[1].nomination)
    eve = here.now + LATER
    for _again in range(2):
        run(app, eve.replace(hour=3))
    found = written("prepare_offline")
    assert len(found) == 8
    assert here.accounts["assessor-4"].id not in {one.account_id for one in found}
    assert {one.path for one in found} == {"/assessments/offline"}


def test_the_page_takes_as_many_statements_for_500_candidates_as_for_10(app, here, slots, door, statements):
    from tests.interviews.test_planning import crowd

    organiser = door("organiser-1")
    counted = []
    for number in (8, 490):
        crowd(here, number)
        organiser.get(PAGE)
        with statements() as sent:
            assert organiser.get(PAGE).status_code == 200
        counted.append(len(sent))
    assert counted[1] <= counted[0]
    assert db.session.scalar(select(Category.state)) == int(State.INTERVIEW)
