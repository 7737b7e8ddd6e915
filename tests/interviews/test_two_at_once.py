"""One organisation in two categories is never in two interviews at one time, whichever door is used."""

from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select

from paritrana.core.lifecycle import State
from paritrana.cycles.models import Category
from paritrana.database import db
from paritrana.interviews import queries, service
from paritrana.interviews.models import InterviewSession
from tests.factories import sign_in, world
from tests.interviews.stages import planned, shortlisted
from tests.nominations.pages import SAME_ORIGIN, fields_of, send, text_of
from tests.verification.cases import LATER

SCHEDULE = "/manage/contoh-2025/schedule"
ORDER = f"{SCHEDULE}/kabkota/order"


@pytest.fixture
def here(app, db_session):
    return world()


@pytest.fixture
def organiser(app, here):
    client = app.test_client()
    sign_in(client, "organiser-1")
    return client


@pytest.fixture
def twice(here, clock):
    """The first candidate's organisation once more, in a second category; this candidate has no slot."""
    first, _second, again = shortlisted(here, clock, 3)
    columns = {column.name: getattr(here.category, column.name) for column in Category.__table__.columns}
    other = Category(**{name: value for name, value in columns.items() if name not in {"id", "slug", "position"}})
    other.slug, other.position, other.state = "kedua", 99, int(State.INTERVIEW)
    db.session.add(other)
    db.session.flush()
    again.category_id, again.organisation_id = other.id, first.organisation_id
    db.session.commit()
    db.session.expire_all()
    return again


@pytest.fixture
def slots(here, twice):
    """Two slots of the first category, one after the other, of 20 minutes."""
    return planned(here, [])


def places():
    db.session.rollback()
    found = db.session.scalars(select(InterviewSession).order_by(InterviewSession.id))
    return [(one.nomination_id, one.planned_at, one.room) for one in found]


def second_slot(here, twice, at):
    day = queries.days_of(here.cycle)[0]
    session = service.plan_session(
        twice, day, at, 20, mode="in_person", room="Ruang B", actor=here.actor("organiser-1"), at=here.now + LATER
    )
    db.session.commit()
    return session


def local(moment):
    return f"{moment.astimezone(ZoneInfo('Asia/Makassar')):%H.%M}"


def page_of(session, more):
    return f"/interviews/{session.day.code}/slots/{session.no}{more}"


@pytest.mark.parametrize(
    ("language", "said"), [("id", "sudah memiliki slot 1 pada waktu itu"), ("en", "has slot 1 at")]
)
def test_no_slot_is_given_while_the_organisation_presents_elsewhere(here, twice, slots, organiser, language, said):
    before = places()
    address = f"{SCHEDULE}/kedua/slots"
    fields = fields_of(organiser, SCHEDULE, address) | {
        "nomination": twice.ref, "day": slots[0].day.code, "starts": local(slots[0].planned_at + timedelta(minutes=10)),
        "room": "Ruang B", "mode": "in_person", "minutes": "20",
    }  # fmt: skip
    answer = organiser.post(address, data=fields, headers=SAME_ORIGIN, query_string={"lang": language})
    assert (answer.status_code, said in text_of(answer)) == (409, True)
    assert places() == before
    later = fields | {"starts": local(slots[0].planned_at + timedelta(minutes=20)), "idempotency_key": "another-key-1"}
    assert send(organiser, address, later).status_code == 303


def test_no_slot_is_moved_onto_the_other_interview_of_its_organisation(here, twice, slots, organiser):
    other = second_slot(here, twice, slots[1].planned_at)
    before = places()
    page = page_of(other, "/move")
    wished = {"starts": local(slots[0].planned_at), "room": "Ruang C", "reason": "Bupati bertugas"}
    seen = send(organiser, page, fields_of(organiser, page), **wished, step="preview")
    assert "Clashes: 1" in text_of(seen)
    refused = send(organiser, page, fields_of(organiser, page), **wished, step="save")
    assert (refused.status_code, "Nothing is saved: there are clashes" in text_of(refused)) == (409, True)
    assert places() == before


def test_no_order_puts_a_candidate_onto_its_other_interview(here, twice, slots, organiser):
    second_slot(here, twice, slots[1].planned_at)
    before = places()
    fields = fields_of(organiser, ORDER)
    turned = " ".join(reversed(fields["order"].split()))
    refused = send(organiser, ORDER, fields, order=turned, reason="Urutan undian ulang", step="save")
    assert (refused.status_code, "Nothing is saved: there are clashes" in text_of(refused)) == (409, True)
    assert places() == before


def test_two_sessions_of_one_presenter_are_never_open_at_once(here, twice, slots, organiser):
    other = second_slot(here, twice, slots[1].planned_at)
    for session, status in ((slots[0], 303), (other, 409)):
        address = page_of(session, "/open")
        answer = send(organiser, address, fields_of(organiser, page_of(session, ""), address))
        assert answer.status_code == status
    assert "presents in slot 1 at this moment. Close that session first." in text_of(answer)
    db.session.rollback()
    states = db.session.scalars(select(InterviewSession.state).order_by(InterviewSession.id)).all()
    assert sorted(states) == ["open", "planned", "planned"]
