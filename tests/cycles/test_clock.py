"""The clock of a cycle: a real one is the system's, a simulated one waits at each deadline until somebody moves it."""

from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy.exc import IntegrityError

from paritrana.core.lifecycle import State
from paritrana.cycles.queries import cycle_time, state_now
from paritrana.cycles.service import ClockNotMovable, advance_clock, wait_at
from paritrana.database import db
from tests.factories import World, world

SECOND = timedelta(seconds=1)
STEPS = st.lists(
    st.tuples(
        st.sampled_from(["run", "move", "deadline"]),
        st.timedeltas(min_value=timedelta(microseconds=1), max_value=timedelta(days=15)),
    ),
    max_size=12,
)


def move(here: World, to, at) -> None:
    """An organiser moves the clock to `to` while the system's clock says `at`."""
    advance_clock(here.cycle, to, expected=here.cycle.version, actor=here.actor("organiser-1"), at=at)


def deadlines(here: World) -> list:
    return [one for category in here.cycle.categories for one in (category.closes_at, category.grace_ends_at)]


def test_a_simulated_clock_never_goes_back_and_passes_a_deadline_only_when_it_is_moved(app, db_session):
    here = world(categories=("kabkota", "desa"))
    desa = here.categories["desa"]
    desa.closes_at, desa.grace_ends_at = here.now + timedelta(days=23), here.now + timedelta(days=31)
    db_session.commit()

    @settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow], max_examples=40)
    @given(STEPS)
    def play(steps):
        system = shown = here.now
        calendar, requests = set(deadlines(here)), set()  # what nobody has moved the clock past
        for what, span in steps:
            before = shown
            if what == "run":
                system += span
            elif what == "move":
                move(here, shown + span, system)
                calendar = {one for one in calendar if one >= before + span}
                requests.clear()  # the room that set them names them again, which nobody does here
            else:
                wait_at(here.cycle, shown + span)
                requests.add(shown + span)
            shown = cycle_time(here.cycle, system)
            assert shown >= before
            assert all(shown <= one for one in calendar | requests)
            if what == "move":
                assert before + span <= shown < before + span + SECOND
            assert here.cycle.offset_seconds >= 0
            assert here.cycle.held_seconds >= 0
        db.session.rollback()

    play()


@pytest.mark.parametrize("kind", ["real", "historical"])
def test_the_clock_of_any_other_cycle_is_the_systems_and_its_deadlines_pass_by_themselves(app, db_session, kind):
    here = world(kind=kind)
    wait_at(here.cycle, here.now + timedelta(days=1))
    for days in (0, 1, 20, 21, 400):
        at = here.now + timedelta(days=days)
        assert cycle_time(here.cycle, at) == at
    assert state_now(here.category, here.now + timedelta(days=20)) is State.OPEN
    assert state_now(here.category, here.now + timedelta(days=20, seconds=1)) is State.CLOSED
    with pytest.raises(ClockNotMovable):
        move(here, here.now + timedelta(days=30), here.now)


@pytest.mark.parametrize(("column", "value"), [("waits_at", "now"), ("held_seconds", 60), ("offset_seconds", 60)])
def test_the_database_keeps_the_clock_of_a_real_cycle_untouched(app, db_session, column, value):
    here = world(kind="real")
    setattr(here.cycle, column, here.now if value == "now" else value)
    with pytest.raises(IntegrityError):
        db_session.flush()
    db_session.rollback()


def test_a_demonstration_left_running_stays_open_until_its_clock_is_moved(app, db_session):
    here = world()
    months_later = here.now + timedelta(days=100)
    assert cycle_time(here.cycle, months_later) == here.category.closes_at
    assert state_now(here.category, months_later) is State.OPEN
    move(here, here.category.closes_at + SECOND, months_later)
    assert cycle_time(here.cycle, months_later) == here.category.closes_at + SECOND
    assert here.category.stored_state is State.CLOSED
    assert cycle_time(here.cycle, months_later + timedelta(hours=1)) == here.category.closes_at + SECOND + timedelta(
        hours=1
    )
    assert cycle_time(here.cycle, months_later + timedelta(days=1)) == here.category.grace_ends_at


def test_moving_on_keeps_the_deadlines_that_later_rooms_have_set(app, db_session):
    here = world()
    first, second = (here.now + timedelta(days=days) for days in (2, 5))
    wait_at(here.cycle, second)
    wait_at(here.cycle, first)
    assert cycle_time(here.cycle, here.now + timedelta(days=9)) == first
    advance_clock(
        here.cycle, first + SECOND, expected=here.cycle.version, actor=here.actor("organiser-1"),
        at=here.now + timedelta(days=9), deadlines=[first, second],
    )  # fmt: skip
    assert cycle_time(here.cycle, here.now + timedelta(days=30)) == second


def test_past_its_last_deadline_the_clock_runs_on(app, db_session):
    here = world()
    move(here, here.now + timedelta(days=25), here.now)
    assert here.category.stored_state is State.VERIFICATION
    assert here.cycle.waits_at is None
    assert cycle_time(here.cycle, here.now + timedelta(days=10)) == here.now + timedelta(days=35)
