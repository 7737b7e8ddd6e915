"""States of a category and the moves between them."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paritrana.core.errors import WrongState
from paritrana.core.lifecycle import (
    MOVES,
    RESTART,
    STATE_NAMES,
    NotLater,
    State,
    check_move,
    deadlines_to_come,
    effective_state,
    extended,
    moves_due,
)

CLOSES = datetime(2026, 11, 27, 16, 59, 59, tzinfo=UTC)
GRACE = CLOSES + timedelta(hours=6)
TICK = timedelta(microseconds=1)


def state_at(now: datetime, stored: State = State.OPEN) -> State:
    return effective_state(stored, closes_at=CLOSES, grace_ends_at=GRACE, now=now)


def test_the_second_of_the_deadline_is_still_in_time():
    assert state_at(CLOSES) is State.OPEN
    assert state_at(CLOSES + TICK) is State.CLOSED


def test_the_end_of_the_grace_time_is_still_in_time():
    assert state_at(GRACE) is State.CLOSED
    assert state_at(GRACE + TICK) is State.VERIFICATION


def test_the_deadline_is_the_same_moment_in_every_zone():
    wit = timezone(timedelta(hours=9))
    assert state_at(CLOSES.astimezone(wit)) is State.OPEN
    assert state_at((CLOSES + TICK).astimezone(wit)) is State.CLOSED


def test_a_clock_that_passed_both_deadlines_makes_both_moves_dated_at_their_deadlines():
    due = moves_due(State.OPEN, closes_at=CLOSES, grace_ends_at=GRACE, now=GRACE + timedelta(days=30))
    assert due == [(State.CLOSED, CLOSES), (State.VERIFICATION, GRACE)]


def test_a_closed_category_makes_only_the_second_move():
    due = moves_due(State.CLOSED, closes_at=CLOSES, grace_ends_at=GRACE, now=GRACE + TICK)
    assert due == [(State.VERIFICATION, GRACE)]


@pytest.mark.parametrize("stored", [state for state in State if state not in (State.OPEN, State.CLOSED)])
def test_people_move_all_other_states(stored):
    assert state_at(GRACE + timedelta(days=999), stored) is stored
    assert deadlines_to_come(stored, closes_at=CLOSES, grace_ends_at=GRACE) == (
        (CLOSES, GRACE) if stored is State.DRAFT else ()
    )


def test_a_deadline_that_is_not_set_never_passes():
    assert effective_state(State.OPEN, closes_at=None, grace_ends_at=GRACE, now=GRACE + TICK) is State.OPEN
    assert effective_state(State.OPEN, closes_at=CLOSES, grace_ends_at=None, now=GRACE + TICK) is State.CLOSED
    assert effective_state(State.CLOSED, closes_at=None, grace_ends_at=GRACE, now=GRACE + TICK) is State.VERIFICATION


def test_a_grace_time_never_ends_before_the_deadline():
    due = moves_due(State.OPEN, closes_at=CLOSES, grace_ends_at=CLOSES - timedelta(days=1), now=CLOSES + TICK)
    assert due == [(State.CLOSED, CLOSES), (State.VERIFICATION, CLOSES)]


@pytest.mark.parametrize(
    ("stored", "closes_at", "grace_ends_at", "expected"),
    [
        (State.DRAFT, CLOSES, GRACE, (CLOSES, GRACE)),
        (State.OPEN, CLOSES, GRACE, (CLOSES, GRACE)),
        (State.OPEN, CLOSES, None, (CLOSES,)),
        (State.OPEN, None, GRACE, ()),
        (State.OPEN, CLOSES, CLOSES - TICK, (CLOSES, CLOSES)),
        (State.CLOSED, CLOSES, GRACE, (GRACE,)),
        (State.CLOSED, CLOSES, None, ()),
    ],
)
def test_the_deadlines_to_come_are_those_at_which_the_clock_moves_the_category(
    stored, closes_at, grace_ends_at, expected
):
    assert deadlines_to_come(stored, closes_at=closes_at, grace_ends_at=grace_ends_at) == expected


def test_a_time_without_zone_is_refused():
    with pytest.raises(ValueError, match="zone"):
        state_at(CLOSES.replace(tzinfo=None))


def test_moves_lead_one_step_forward_and_nowhere_else():
    allowed = {(state, move.to) for state, move in MOVES.items()}
    assert allowed == {(State(number), State(number + 1)) for number in range(9)}
    for state in State:
        for to in State:
            if (state, to) in allowed:
                check_move(state, to)
            else:
                with pytest.raises(WrongState):
                    check_move(state, to)


def test_only_the_clock_closes_and_starts_the_verification():
    assert [state for state, move in MOVES.items() if move.by == "clock"] == [State.OPEN, State.CLOSED]


def test_a_restart_leads_back_to_the_interviews_only():
    assert set(RESTART.values()) == {State.INTERVIEW}
    assert set(STATE_NAMES) == set(State)


@given(st.integers(-(10**6), 10**6), st.integers(0, 10**6), st.sampled_from(State))
def test_the_clock_never_moves_a_category_backward(first, later, stored):
    now = CLOSES + timedelta(seconds=first)
    assert stored <= state_at(now, stored) <= state_at(now + timedelta(seconds=later), stored)


INSTANT = datetime(2027, 3, 1, 2, 0, tzinfo=UTC)


@pytest.mark.parametrize("stored", list(State))
def test_a_sealed_result_alone_becomes_public_at_its_instant(stored):
    def at(now):
        return effective_state(stored, closes_at=None, grace_ends_at=None, publishes_at=INSTANT, now=now)

    assert at(INSTANT - TICK) is stored
    assert at(INSTANT) is (State.PUBLISHED if stored is State.SEALED else stored)
    assert effective_state(stored, closes_at=None, grace_ends_at=None, now=INSTANT) is stored


def test_an_extension_moves_everything_after_the_deadline_by_the_same_stretch():
    opens = CLOSES - timedelta(days=30)
    calendar = {"opens_at": opens, "closes_at": CLOSES, "grace_ends_at": GRACE, "interviews_until": None}
    moved = extended(calendar, CLOSES + timedelta(days=2))
    assert moved == {
        "opens_at": opens, "closes_at": CLOSES + timedelta(days=2), "grace_ends_at": GRACE + timedelta(days=2),
        "interviews_until": None,
    }  # fmt: skip


@pytest.mark.parametrize("to", [CLOSES, CLOSES - TICK])
def test_a_deadline_never_moves_to_an_earlier_moment_or_to_itself(to):
    with pytest.raises(NotLater):
        extended({"closes_at": CLOSES}, to)


def test_a_category_without_a_deadline_has_none_to_extend():
    with pytest.raises(NotLater):
        extended({"closes_at": None}, CLOSES)
