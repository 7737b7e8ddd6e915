"""The clock of a slot: what it shows follows from what was done and from nothing else."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paritrana.core.timing import Phase, TimerAct, TimerEvent, TimerRefused, acts_possible, check, read

BEGIN = datetime(2026, 11, 28, 2, 0, tzinfo=UTC)
PHASES = (Phase("presentation", timedelta(minutes=7)), Phase("questions", timedelta(minutes=13)))


def after(minutes: float) -> datetime:
    return BEGIN + timedelta(minutes=minutes)


def event(act: TimerAct, minutes: float, extra: float = 0) -> TimerEvent:
    return TimerEvent(act, after(minutes), timedelta(minutes=extra))


def test_before_the_start_nothing_runs_and_only_the_start_is_possible():
    reading = read(PHASES, [], BEGIN)
    assert (reading.phase, reading.running, reading.ended, reading.used) == (None, False, False, ())
    assert acts_possible(PHASES, []) == (TimerAct.START,)


def test_a_running_phase_counts_down_and_then_into_overrun():
    events = [event(TimerAct.START, 0)]
    assert read(PHASES, events, after(5)).remaining == timedelta(minutes=2)
    late = read(PHASES, events, after(9))
    assert late.overrun
    assert late.remaining == -timedelta(minutes=2)


def test_a_pause_stops_the_clock_and_five_minutes_more_are_granted_to_the_phase_alone():
    events = [
        event(TimerAct.START, 0), event(TimerAct.PAUSE, 3), event(TimerAct.EXTEND, 4, extra=5),
        event(TimerAct.RESUME, 10),
    ]  # fmt: skip
    assert read(PHASES, events[:2], after(60)).remaining == timedelta(minutes=4)
    assert read(PHASES, events, after(11)).remaining == timedelta(minutes=8)
    asked = [*events, event(TimerAct.NEXT, 12)]
    assert read(PHASES, asked, after(12)).remaining == timedelta(minutes=13)
    assert read(PHASES, asked, after(13)).used == (timedelta(minutes=5), timedelta(minutes=1))


def test_after_the_end_nothing_is_possible():
    events = [event(TimerAct.START, 0), event(TimerAct.END, 2)]
    reading = read(PHASES, events, after(9))
    assert reading.ended
    assert not reading.running
    assert reading.phase is None
    assert not reading.overrun
    assert reading.used == (timedelta(minutes=2),)
    assert acts_possible(PHASES, events) == ()


def test_an_event_that_lies_ahead_has_not_happened():
    assert read(PHASES, [event(TimerAct.START, 5)], after(4)).phase is None


@pytest.mark.parametrize(
    ("done", "act"),
    [
        ([], TimerAct.PAUSE),
        ([], TimerAct.END),
        ([TimerAct.START], TimerAct.START),
        ([TimerAct.START], TimerAct.RESUME),
        ([TimerAct.START, TimerAct.PAUSE], TimerAct.PAUSE),
        ([TimerAct.START, TimerAct.NEXT], TimerAct.NEXT),
        ([TimerAct.START, TimerAct.END], TimerAct.START),
    ],
)
def test_what_the_clock_cannot_do_is_refused(done, act):
    events = [event(one, minute) for minute, one in enumerate(done)]
    with pytest.raises(TimerRefused):
        check(PHASES, events, act)


@given(st.data())
def test_time_is_neither_lost_nor_counted_twice(data):
    events: list[TimerEvent] = []
    minute = 0.0
    for _ in range(data.draw(st.integers(0, 12))):
        possible = acts_possible(PHASES, events)
        if not possible:
            break
        act = data.draw(st.sampled_from(possible))
        minute += data.draw(st.integers(0, 9))
        check(PHASES, events, act)
        events.append(event(act, minute, extra=5 if act is TimerAct.EXTEND else 0))
    now = after(minute + data.draw(st.integers(0, 9)))
    reading = read(PHASES, events, now)
    standing, since = timedelta(0), None
    for one in events:
        if one.act is TimerAct.PAUSE:
            since = one.at
        elif since is not None and one.act is not TimerAct.EXTEND:
            standing, since = standing + (one.at - since), None
    last = events[-1].at if reading.ended else now
    if since is not None and not reading.ended:
        standing += now - since
    first = events[0].at if events else now
    assert sum(reading.used, timedelta(0)) == (last - first) - standing
