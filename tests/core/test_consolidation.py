"""The spread of marks: what is listed for a second scoring, by which letters people stand, and who sees whose marks."""

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from paritrana.core.consolidation import letters, others_shown, spread, too_wide

VALUES = st.lists(st.decimals(0, 10, places=2), max_size=12)


def test_a_spread_that_equals_the_limit_is_not_listed():
    marks = {"A1": [Decimal("5.00"), Decimal("7.50")], "E1": [Decimal("5.00"), Decimal("6.25"), Decimal("7.51")]}
    (wide,) = too_wide(marks, Decimal("2.5"))
    assert (wide.indicator, wide.low, wide.high, wide.width) == (
        "E1",
        Decimal("5.00"),
        Decimal("7.51"),
        Decimal("2.51"),
    )


def test_without_marks_there_is_no_spread_and_one_mark_has_none():
    assert spread("A1", []) is None
    assert too_wide({"A1": []}, Decimal(0)) == []
    assert too_wide({"A1": [Decimal(3)]}, Decimal(0)) == []


@given(st.dictionaries(st.sampled_from("ABCDE"), VALUES), st.decimals(0, 10, places=2), st.randoms())
def test_what_is_listed_is_what_some_pair_of_marks_exceeds_in_any_order(marks, limit, random):
    far = [code for code, values in marks.items() if any(one - other > limit for one in values for other in values)]
    shuffled = {code: random.sample(values, len(values)) for code, values in marks.items()}
    assert [one.indicator for one in too_wide(shuffled, limit)] == far


@given(st.sets(st.text(min_size=1, max_size=8), max_size=60), st.text(max_size=8))
def test_everybody_has_a_letter_of_the_own_that_the_order_of_naming_does_not_move(refs, seed):
    found = letters(sorted(refs), seed)
    assert found == letters(sorted(refs, reverse=True), seed)
    assert set(found) == refs
    assert len(set(found.values())) == len(refs)
    assert all(letter.isascii() and letter.isupper() for letter in found.values())


def test_the_letters_of_two_candidates_do_not_betray_the_same_person():
    refs = [f"U-{no}" for no in range(9)]
    assert letters(refs, "N-1") != letters(refs, "N-2")
    assert sorted(letters(refs, "N-1").values()) == list("ABCDEFGHI")
    assert sorted(letters([str(no) for no in range(27)], "N").values(), key=lambda one: (len(one), one))[-1] == "AA"


def test_a_rubric_only_narrows_who_sees_the_marks_of_the_others():
    for policy, before, after in (("own_in", True, True), ("all_in", False, True), ("plenary", False, False)):
        assert others_shown(policy, scoring=True, all_in=False) is before
        assert others_shown(policy, scoring=True, all_in=True) is after
        assert others_shown(policy, scoring=False, all_in=False)
