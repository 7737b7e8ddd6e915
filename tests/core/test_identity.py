"""Identity numbers are judged by their form alone; every number here is of the province 99, which does not exist."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paritrana.core.identity import Reason, count, judge, shaped

REGIONS = {"99", "9901", "9902", "98", "9801"}
ON = date(2025, 12, 31)


def said(nik: str, own: str = "99", born: date | None = None) -> Reason | None:
    return judge(nik, regions=REGIONS, own=own, on=ON, born=born)


def test_a_well_formed_number_of_a_man_and_of_a_woman():
    assert said("9901011702850001") is None
    assert said("9901015702850001") is None


@pytest.mark.parametrize(
    "nik",
    [
        "",
        "990101170285000",
        "99010117028500011",
        "99010117028500O1",
        "٩٩٠١٠١١٧٠٢٨٥٠٠٠١",
        "9901011702850000",
        "9701011702850001",
        "9999011702850001",
    ],
)
def test_what_is_no_number_of_a_known_region_is_malformed(nik):
    assert said(nik) is Reason.MALFORMED


def test_a_number_of_another_region_is_named_so():
    assert said("9801011702850001") is Reason.ELSEWHERE
    assert said("9902011702850001", own="9901") is Reason.ELSEWHERE
    assert said("9801011702850001", own="") is None


@pytest.mark.parametrize(
    "nik",
    [
        "9901013202850001",  # 32 February
        "9901010013850001",  # day 0, month 13
        "9901013102850001",  # 31 February
        "9901010101080001",  # 17 years
        "9901013112600001",  # 65 years on the day
    ],
)
def test_a_date_that_is_none_and_an_age_outside_18_to_64_are_implausible(nik):
    assert said(nik) is Reason.IMPLAUSIBLE


def test_the_bounds_of_the_age_are_inside():
    assert said("9901013112070001") is None  # 18 on the day
    assert said("9901010101610001") is None  # 64


def test_a_year_in_the_future_means_the_century_before():
    assert said("9901010101800001") is None
    assert said("9901010101260001") is Reason.IMPLAUSIBLE  # 1926
    assert judge("9901012902000001", regions=REGIONS, own="", on=date(1999, 1, 1)) is Reason.IMPLAUSIBLE


def test_a_birth_date_beside_the_number_must_agree():
    assert said("9901011702850001", born=date(1985, 2, 17)) is None
    assert said("9901011702850001", born=date(1985, 2, 18)) is Reason.IMPLAUSIBLE


def test_a_list_comes_to_counts_and_the_same_number_counts_once_also_across_lists():
    seen: set[str] = set()
    rows = [
        ("9901011702850001", None),
        ("9901011702850001", None),
        ("9801011702850001", None),
        ("12", None),
        ("9901013202850001", None),
    ]
    found = count(rows, regions=REGIONS, own="99", on=ON, seen=seen)
    assert (found.submitted, found.valid) == (5, 1)
    assert dict(found.reasons) == {
        Reason.MALFORMED: 1,
        Reason.ELSEWHERE: 1,
        Reason.IMPLAUSIBLE: 1,
        Reason.TWICE: 1,
    }
    again = count(rows[:1], regions=REGIONS, own="99", on=ON, seen=seen)
    assert (again.valid, dict(again.reasons)[Reason.TWICE]) == (0, 1)


@given(st.dates(date(1961, 1, 2), date(2007, 12, 31)), st.booleans(), st.integers(1, 9999))
def test_every_number_made_by_the_rule_is_well_formed(born, woman, serial):
    nik = f"990101{born.day + 40 * woman:02d}{born:%m%y}{serial:04d}"
    assert said(nik, born=born) is None


@given(st.text(max_size=20))
def test_no_text_makes_the_judge_raise(nik):
    assert said(nik) in {None, *Reason}


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("9901011702850001", 1),
        ("1 9901011702850001 Desa Contoh", 1),
        ("NIK:9901015702850001, lahir 17-02-1985", 1),
        ("9901011702850001\n9901015702850001", 2),
        ("990101 170285 0001", 1),
        ("99.01.01.170285.0001", 1),
        ("9901-0117-0285-0001", 1),
        ("9901 0117-0285 0001", 0),  # groups are written alike
        ("1234 9901 0117 0285 0001", 0),  # five groups are something else
        ("99010117028500011", 0),
        ("0.9901011702850001", 0),
        ("9901011702850001,50", 0),
        ("9901011702850000", 0),  # no serial
        ("9901013202850001", 0),  # no day
        ("9901017202850001", 0),
        ("9901011713850001", 0),  # no month
        ("9900011702850001", 0),  # no regency
        ("0901011702850001", 0),
        ("２９０１０１１７０２８５０００１", 0),
        ("", 0),
    ],
)
def test_what_looks_like_a_number_in_a_running_text(text, found):
    numbers = list(shaped(text))
    assert len(numbers) == found
    assert all(len(number) == 16 and number.isascii() and number.isdigit() for number in numbers)


@given(st.text(alphabet="0123456789 .-,\n", max_size=80))
def test_every_number_that_is_found_stands_in_the_text(text):
    plain = "".join(filter(str.isdigit, text))
    assert all(number in plain for number in shaped(text))


@given(st.dates(date(1950, 1, 1), ON), st.booleans(), st.integers(1, 9999))
def test_every_well_formed_number_of_an_adult_looks_like_one(born, woman, serial):
    nik = f"990101{born.day + 40 * woman:02d}{born:%m%y}{serial:04d}"
    assert list(shaped(f"Nama {nik}")) == [nik]
