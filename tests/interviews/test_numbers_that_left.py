"""The numbers of slots that went to another day: kept, checked against what happened, and told anew by a migration."""

from datetime import timedelta

import flask_migrate
import pytest
from sqlalchemy import func, insert, select, update

from paritrana.audit.models import Event, EventBody
from paritrana.config import data_folder
from paritrana.core.chain import SALT_BYTES
from paritrana.database import db
from paritrana.interviews import planning, queries, service
from paritrana.interviews.invariants import CHECKS
from paritrana.interviews.models import InterviewDay
from paritrana.interviews.planning import Place
from tests.factories import world
from tests.interviews.stages import planned, shortlisted
from tests.verification.cases import LATER


@pytest.fixture
def here(app, db_session):
    return world()


def moved_away(here, clock):
    """Two slots; the second goes to another day, comes back with the next number, and goes again."""
    slot = planned(here, shortlisted(here, clock))[1]
    one, act = slot.day, {"actor": here.actor("organiser-1"), "at": here.now + LATER}
    other = service.plan_day(here.cycle, one.on + timedelta(days=1), **act)
    for version, day in enumerate((other, one, other), start=1):
        place = Place(day, slot.planned_at + timedelta(days=1), 20, "in_person", "Aula")
        planning.move(slot, place, "The hall is taken.", expected=version, **act)
    db.session.commit()
    return one, other


def broken():
    return [(found.rule, found.where) for check in CHECKS for found in check.look()]


def test_the_check_knows_which_numbers_left_a_day(here, clock):
    one, other = moved_away(here, clock)
    assert (one.left_no, other.left_no) == (3, 1)
    assert (queries.last_no(one), queries.last_no(other)) == (3, 2)
    assert broken() == []
    for wrong in (0, 2, 4):
        one.left_no = wrong
        db.session.commit()
        assert broken() == [("session.number_left", one.code)]


def test_who_cannot_read_an_event_any_more_takes_a_higher_number_for_right(here, clock):
    one, _other = moved_away(here, clock)
    last = select(func.max(Event.seq)).where(Event.kind == "session.moved").scalar_subquery()
    gone = {"salt": None, "body": None, "erased_at": here.now, "erased_reason": "asked for"}
    db.session.execute(update(EventBody).where(EventBody.stream.like("%/judging"), EventBody.seq == last).values(gone))
    db.session.commit()
    assert broken() == []
    one.left_no = 0
    db.session.commit()
    assert broken() == [("session.number_left", one.code)]


def test_numbers_that_left_before_they_were_kept_are_told_by_the_events(make_app, clock):
    app = make_app()
    with app.app_context():
        days = [one.code for one in moved_away(world(), clock)]
        db.session.execute(update(InterviewDay).values(left_no=0))
        db.session.commit()
        assert broken() == [("session.number_left", code) for code in days]
        unreadable = {"stream": "contoh-2025/judging", "seq": 9_999}
        hashes = {"commitment": b"1" * 32, "prev": b"2" * 32, "leaf": b"3" * 32}
        moved = {"kind": "session.moved", "at_utc": "2026-03-02T03:00:00.000000Z", "object_ref": "S-0000-0000"}
        db.session.execute(insert(Event).values(**unreadable, **moved, **hashes))
        db.session.execute(insert(EventBody).values(**unreadable, salt=b"4" * SALT_BYTES, body=b"no JSON"))
        db.session.commit()
        db.session.remove()
        flask_migrate.downgrade(directory=str(data_folder("migrations")), revision="0049")
        flask_migrate.upgrade(directory=str(data_folder("migrations")))
        assert dict(db.session.execute(select(InterviewDay.code, InterviewDay.left_no)).all()) == dict(
            zip(days, (3, 1), strict=True)
        )
        assert broken() == []
