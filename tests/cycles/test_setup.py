"""What a copy of a cycle takes along: rules of that year, moved to the new one, and nothing that was decided."""

from datetime import UTC, datetime

import pytest

from paritrana.cycles.models import CALENDAR, Cycle
from paritrana.cycles.setup import service
from paritrana.cycles.setup.service import DatesOutOfOrder, check_order, make, moved_calendar
from paritrana.database import db
from paritrana.home.setup.making import make_cycle
from paritrana.interviews import clock
from paritrana.verification.queries import CLAIMS_WAIT
from tests.factories import World, world


def copied(here: World, **changes: object) -> Cycle:
    source = here.cycle
    identity = {name: getattr(source, name) for name in service.IDENTITY} | {"assessment_year": 2026} | changes
    made = make(identity, organised=[source], source=source, actor=here.actor("organiser-1"), at=here.now)
    db.session.flush()
    return made


def test_norms_are_copied_and_decisions_about_nominations_are_not(db_session):
    here = world()
    norms = {"norm_per_village": "100", "village_counts": {"99.01": 12}, "jump_share": "0.3"}
    here.cycle.settings = {**norms, CLAIMS_WAIT: ["kabkota"]}
    assert copied(here).settings == norms


def test_lengths_of_interviews_are_copied(db_session):
    here = world()
    lengths = {"presentation": 10, "questions": 20, "waiting": 5}
    clock.set_plan(here.category, lengths, actor=here.actor("organiser-1"), at=here.now)
    identity = {name: getattr(here.cycle, name) for name in service.IDENTITY} | {"assessment_year": 2026}
    made = make_cycle(
        identity, organised=[here.cycle], source=here.cycle, rubric=service.SAME, actor=here.actor("organiser-1"),
        at=here.now,
    )  # fmt: skip
    assert made.settings[clock.SETTING]["kabkota"] == lengths


def dated(here: World, **dates: datetime) -> None:
    """The category of the world with these dates alone."""
    for name in CALENDAR:
        setattr(here.category, name, dates.get(name))
    db.session.flush()


def test_the_calendar_keeps_local_times_and_the_29th_of_february_becomes_the_28th(db_session):
    here = world()
    dated(here, opens_at=datetime(2028, 2, 28, 16, 30, tzinfo=UTC))  # 29 February, 00.30 in Makassar
    made = copied(here, timezone="Asia/Jakarta")
    moved = moved_calendar(here.category, made)
    assert moved["opens_at"] == datetime(2029, 2, 27, 17, 30, tzinfo=UTC)  # 28 February, 00.30 in Jakarta


def test_dates_around_the_29th_of_february_stay_in_order(db_session):
    here = world()
    opens, closes = datetime(2028, 2, 28, 5, tzinfo=UTC), datetime(2028, 2, 29, 1, tzinfo=UTC)
    dated(here, opens_at=opens, closes_at=closes)
    copy = copied(here).categories[0]
    assert copy.opens_at == datetime(2029, 2, 28, 5, tzinfo=UTC)
    assert copy.closes_at == datetime(2029, 3, 1, 1, tzinfo=UTC)


def test_a_second_copy_of_a_year_is_refused(db_session):
    here = world()
    copied(here)
    with pytest.raises(service.SameAwardThere):
        copied(here)


def test_a_code_that_is_taken_gets_a_number(db_session):
    here = world()
    here.cycle.code = "contoh-2026"
    db.session.flush()
    assert copied(here).code == "contoh-2026-2"


def test_dates_may_coincide_but_for_opening_and_deadline(db_session):
    moment = datetime(2027, 1, 1, tzinfo=UTC)
    same = dict.fromkeys(CALENDAR, moment)
    with pytest.raises(DatesOutOfOrder) as refusal:
        check_order(same)
    assert refusal.value.name == "closes_at"
    check_order({**same, "opens_at": None})
