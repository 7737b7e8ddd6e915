"""Villages roll up into their regency: who is who by name, who reaches the norm, what is missing, what differs."""

from hypothesis import given
from hypothesis import strategies as st

from paritrana.core.quantities import People
from paritrana.core.villages import STANDINGS, Claim, bare, chosen, protected, roll_up

NAMES = st.lists(st.sampled_from(["Desa Satu", "satu", "Kelurahan Dua", "DUA", "Tiga", "Desa", ""]), max_size=9)


def allocation(*rows, count=None):
    lines = [{"key": f"k{no}", "name": name, "people": people} for no, (name, people) in enumerate(rows)]
    return {"fields": {"villages.count": count} if count is not None else {}, "lines": lines}


def test_the_villages_at_below_and_missing_add_up_to_the_stated_number():
    rolled = roll_up(allocation(("Satu", 100), ("Dua", 99), ("Tiga", None), count=10), ["Satu", "Empat"], (), 100)
    assert rolled.listed() == {"reached": 1, "below": 2, "missing": 7}
    assert [one.name for one in chosen(rolled, "missing")] == ["Empat"]
    assert rolled.unnamed == 6


def test_more_rows_than_stated_villages_leave_nobody_missing():
    rolled = roll_up(allocation(("Satu", 100), ("Dua", 100), count=1), (), (), 100)
    assert (rolled.total, rolled.unnamed) == (2, 0)
    assert rolled.listed()["missing"] == 0


def test_a_claim_is_found_by_its_name_and_the_words_before_it_do_not_matter():
    rolled = roll_up(
        allocation(("Desa  Satu", 120), ("dua", 100)), (), [Claim("Kelurahan Dua", 80), Claim("satu", 120)], 100
    )
    assert [(one.name, one.difference, one.differs) for one in rolled.villages] == [
        ("Desa  Satu", 0, False),
        ("dua", 20, True),
    ]
    assert [one.name for one in chosen(rolled, "differs")] == ["dua"]
    assert [one.gap for one in chosen(rolled, "")] == [People(0, signed=True), People(20, signed=True)]


def test_a_name_that_could_mean_two_villages_is_not_guessed():
    rolled = roll_up(allocation(("Satu", 120)), (), [Claim("Desa Satu", 1), Claim("Kelurahan Satu", 2)], 100)
    assert rolled.villages[0].claim is None
    assert len(rolled.villages) == 3
    assert all(one.differs for one in rolled.villages[1:])


def test_the_found_number_counts_before_the_sent_one():
    rolled = roll_up(allocation(("Satu", 120)), (), [Claim("Satu", 120, 90)], 100)
    assert rolled.villages[0].difference == 30
    assert rolled.sent()["reached"] == 1
    assert rolled.found() == {"reached": 0, "below": 1, "missing": 0}


def test_a_village_listed_twice_keeps_both_lines_and_one_claim():
    rolled = roll_up(allocation(("Satu", 50), ("satu", 60)), ["Satu"], [Claim("SATU", 50)], 100)
    assert [one.claim is not None for one in rolled.villages] == [True, False]


def test_without_a_norm_nobody_falls_short():
    assert roll_up(allocation(("Satu", 3)), (), (), None).listed() == {"reached": 1, "below": 0, "missing": 0}


def test_a_village_protects_the_people_of_all_its_lines():
    assert protected({"lines": [{"key": "a", "people": 60}, {"key": "b", "people": 45}, {"key": "c"}]}) == 105
    assert protected({}) == 0


def test_a_name_of_prefixes_only_stays_itself():
    assert bare("Desa") == "desa"
    assert bare("Pemerintah Desa Satu") == "satu"


@given(listed=NAMES, register=NAMES, claims=NAMES, count=st.integers(0, 12))
def test_no_village_is_lost_or_counted_twice(listed, register, claims, count):
    data = allocation(*((name, 100) for name in listed), count=count)
    rolled = roll_up(data, register, [Claim(name, 100) for name in dict.fromkeys(claims)], 100)
    assert [one.line for one in rolled.villages if one.line] == [f"k{no}" for no in range(len(listed))]
    said = [one.claim.name for one in rolled.villages if one.claim]
    assert len(said) == len(set(said))
    for counts in (rolled.listed(), rolled.sent(), rolled.found()):
        assert sum(counts[one] for one in STANDINGS) == rolled.total
        assert min(counts.values()) >= 0
