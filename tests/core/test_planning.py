"""The order of interviews, the layout of slots, and the clashes between them."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paritrana.core.planning import Clash, Needs, NotEnoughTime, Slot, Window, clashes, draw_order, lay_out

NINE = datetime(2026, 11, 28, 1, 0, tzinfo=UTC)
HALF_HOUR, FIVE = timedelta(minutes=30), timedelta(minutes=5)

refs = st.lists(st.text("ABCDEF0123456789", min_size=1, max_size=6), unique=True, max_size=30)


def window(room: str, hours: float, day: str = "d1", begins: datetime = NINE) -> Window:
    return Window(day, room, begins, begins + timedelta(hours=hours))


def test_a_published_seed_draws_an_order_that_anybody_can_draw_again():
    # for one in N1 N2 N3 N4; do printf '2026-11-28:%s' $one | sha256sum; done, sorted
    assert draw_order(["N1", "N2", "N3", "N4"], "2026-11-28") == ["N4", "N2", "N1", "N3"]


@given(refs, st.text(max_size=20), st.randoms())
def test_the_order_depends_on_the_seed_and_the_set_alone(some, seed, chance):
    mixed = list(some)
    chance.shuffle(mixed)
    assert draw_order(mixed, seed) == draw_order(some, seed)
    assert sorted(draw_order(some, seed)) == sorted(some)


def test_rooms_fill_side_by_side_with_a_buffer_between_two_slots():
    slots = lay_out(["A", "B", "C"], [window("Rinjani", 2), window("Tambora", 2)], HALF_HOUR, FIVE)
    assert [(slot.ref, slot.room, slot.begins - NINE) for slot in slots] == [
        ("A", "Rinjani", timedelta(0)),
        ("B", "Tambora", timedelta(0)),
        ("C", "Rinjani", HALF_HOUR + FIVE),
    ]


def test_candidates_that_find_no_place_are_counted():
    with pytest.raises(NotEnoughTime) as refused:
        lay_out(["A", "B", "C"], [window("Rinjani", 1)], HALF_HOUR, FIVE)
    assert refused.value.params == {"n": 2}


@given(refs, st.integers(1, 4), st.integers(1, 3), st.integers(5, 60), st.integers(0, 15))
def test_what_is_laid_out_holds_everybody_once_in_order_and_clashes_nowhere(some, rooms, days, minutes, pause):
    length, buffer = timedelta(minutes=minutes), timedelta(minutes=pause)
    windows = [
        window(f"R{room}", 6, f"d{day}", NINE + timedelta(days=day)) for day in range(days) for room in range(rooms)
    ]
    fitting = rooms * days * ((timedelta(hours=6) + buffer) // (length + buffer))
    if len(some) > fitting:
        with pytest.raises(NotEnoughTime) as refused:
            lay_out(some, windows, length, buffer)
        assert refused.value.params == {"n": len(some) - fitting}
        return
    slots = lay_out(some, windows, length, buffer)
    assert [slot.ref for slot in slots] == some
    assert [slot.begins for slot in slots] == sorted(slot.begins for slot in slots)
    assert not clashes(slots, buffer)


def test_slots_that_share_a_room_an_assessor_or_a_presenter_at_one_time_clash():
    panel = frozenset({"J1", "J2"})
    first = Slot("S1", "d1", "Rinjani", NINE, HALF_HOUR, panel, frozenset({"org-1"}))
    second = Slot("S2", "d1", "rinjani", NINE + FIVE, HALF_HOUR, frozenset({"J2"}), frozenset({"org-1"}))
    assert clashes([second, first]) == [
        Clash("room", "S1", "S2", ("Rinjani",)),
        Clash("panel", "S1", "S2", ("J2",)),
        Clash("presenter", "S1", "S2", ("org-1",)),
    ]


def test_the_buffer_is_for_rooms_and_panels_and_not_for_presenters():
    first = Slot("S1", "d1", "Rinjani", NINE, HALF_HOUR, frozenset({"J1"}), frozenset({"org"}))
    second = Slot("S2", "d1", "Rinjani", NINE + HALF_HOUR, HALF_HOUR, frozenset({"J1"}), frozenset({"org"}))
    assert not clashes([first, second])
    assert [clash.kind for clash in clashes([first, second], FIVE)] == ["room", "panel"]


def test_slots_without_a_room_share_none():
    one = Slot("S1", "d1", "", NINE, HALF_HOUR)
    assert not clashes([one, Slot("S2", "d1", "", NINE, HALF_HOUR)])


def test_a_panel_is_in_one_room_at_a_time_and_a_presenter_in_one_interview():
    one, other = frozenset({"J1", "J2"}), frozenset({"J3"})
    needs = {"A": Needs(one), "B": Needs(one), "C": Needs(other, frozenset({"org"})), "D": Needs(other)}
    taken = [Slot("X", "d1", "Tambora", NINE, HALF_HOUR, frozenset(), frozenset({"org"}))]
    rooms = [window("Rinjani", 3), window("Tambora", 3)]
    slots = lay_out(["A", "B", "C", "D"], rooms, HALF_HOUR, FIVE, needs=needs, taken=taken)
    assert not clashes([*slots, *taken], FIVE)
    assert [(slot.ref, slot.room, slot.begins - NINE) for slot in slots] == [
        ("A", "Rinjani", timedelta(0)),
        ("B", "Rinjani", HALF_HOUR + FIVE),
        ("C", "Tambora", HALF_HOUR + FIVE),
        ("D", "Rinjani", 2 * (HALF_HOUR + FIVE)),
    ]


people = st.frozensets(st.sampled_from("abcd"), max_size=2)


@given(refs, st.dictionaries(st.integers(0, 30), st.tuples(people, people)), st.integers(1, 3), st.integers(0, 15))
def test_nobody_is_planned_twice_at_a_time_whoever_is_needed(some, needed, rooms, pause):
    needs = {some[no]: Needs(*who) for no, who in needed.items() if no < len(some)}
    windows = [window(f"R{room}", 24 * 30) for room in range(rooms)]
    buffer = timedelta(minutes=pause)
    taken = [Slot("taken", "d1", "R0", NINE + HALF_HOUR, HALF_HOUR, frozenset("ab"), frozenset("c"))]
    slots = lay_out(some, windows, HALF_HOUR, buffer, needs=needs, taken=taken)
    assert [slot.ref for slot in slots] == some
    assert not clashes([*slots, *taken], buffer)
