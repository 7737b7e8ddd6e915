"""The checks that the kinds share, one by one."""

from datetime import date
from fractions import Fraction

import pytest

from paritrana.core.evidence.checks import (
    MOST_MONTHS,
    Check,
    Product,
    Term,
    amount_in_whole_months,
    amount_matches,
    amount_per_person,
    count_within,
    coverage_growth,
    date_in_period,
    denominator_frozen,
    months_within_year,
    named,
    participants_jump,
    parts_equal_total,
    product_line,
    product_of,
    protected_within_target,
    source_year_known,
    typed,
)
from paritrana.core.quantities import (
    Amount,
    Count,
    Day,
    Label,
    Months,
    People,
    Percent,
    Points,
    Quantity,
    Text,
    Year,
)

JANUARY, DECEMBER = date(2025, 1, 1), date(2025, 12, 31)
GROUP = Label("Fishers")
F = ("amount", "people")


def flat(_on: date) -> int:
    return 16_800


def changing(on: date) -> int:
    return 16_800 if on < date(2025, 4, 1) else 8_400


def product(people: int, months: int, stated: int | None, monthly=flat) -> Product:
    found = product_of(people, months, stated, monthly, JANUARY)
    assert found is not None
    return found


def test_a_budget_that_fits_is_said_to_match_with_all_its_numbers():
    check = amount_matches(product(15_000, 12, 3_024_000_000), F, GROUP)
    assert check == Check(
        "product",
        "ok",
        "Matches: %(people)s × %(rate)s × %(months)s = %(amount)s",
        {
            "people": People(15_000),
            "rate": Amount(16_800),
            "months": Months(Fraction(12)),
            "amount": Amount(3_024_000_000),
        },
        F,
        GROUP,
    )


def test_a_budget_that_does_not_fit_shows_difference_percent_and_implied_months():
    check = amount_matches(product(5_600, 3, 365_600_000), F, GROUP)
    assert check is not None
    assert check.severity == "ask"
    assert (
        check.message
        == "Difference %(diff)s (%(percent)s). Equals %(months)s months. Explain it or correct the figure."
    )
    assert check.params["diff"] == Amount(83_360_000, signed=True)
    assert check.params["percent"] == Percent(Fraction(100 * 83_360_000, 282_240_000), signed=True)
    assert check.params["months"] == Months(Fraction(365_600_000, 94_080_000))
    assert check.ref == "product:amount"


def test_a_budget_over_a_change_of_rates_matches_without_naming_one_rate():
    stated = 10 * (3 * 16_800 + 9 * 8_400)
    check = amount_matches(product(10, 12, stated, changing), F, GROUP)
    assert check is not None
    assert check.severity == "ok"
    assert "rate" not in check.params


def test_an_amount_that_is_not_stated_is_not_judged():
    assert amount_matches(product(10, 12, None), F, GROUP) is None


@pytest.mark.parametrize(("people", "months", "monthly"), [(0, 12, flat), (10, 0, flat), (10, 12, lambda _on: 0)])
def test_an_amount_without_people_months_or_rate_asks(people, months, monthly):
    check = amount_matches(product(people, months, 5_000, monthly), F, GROUP)
    assert check is not None
    assert check.severity == "ask"
    assert check.params == {"amount": Amount(5_000)}


def test_nothing_paid_for_nobody_matches():
    check = amount_matches(product(0, 12, 0), F, GROUP)
    assert check is not None
    assert check.severity == "ok"


def test_a_product_waits_for_people_and_months_and_refuses_to_multiply_out_nonsense():
    assert product_of(None, 3, 5, flat, JANUARY) is None
    assert product_of(5, None, 5, flat, JANUARY) is None
    assert product_of(5, MOST_MONTHS + 1, 5, flat, JANUARY) is None


def test_the_written_sum_of_a_product_shows_what_people_write():
    line = product_line(GROUP, product(5_600, 3, 365_600_000), F)
    assert line.terms == (
        Term("", People(5_600)),
        Term("×", Months(Fraction(3))),
        Term("×", Amount(16_800)),
    )
    assert (line.people, line.months, line.rate) == (People(5_600), Months(Fraction(3)), Amount(16_800))
    assert (line.computed, line.stated) == (Amount(282_240_000), Amount(365_600_000))
    assert line.difference == Amount(83_360_000, signed=True)
    assert line.relative == Percent(Fraction(100 * 83_360_000, 282_240_000), signed=True)
    assert line.implied_months == Months(Fraction(365_600_000, 94_080_000))
    assert line.per_person_month == Amount(21_762)


def test_the_written_sum_names_each_rate_where_it_changes():
    line = product_line(GROUP, product(10, 12, None, changing), F)
    assert [(term.sign, term.quantity) for term in line.terms] == [
        ("", People(10)),
        ("×", Months(Fraction(3))),
        ("×", Amount(16_800)),
        ("+", People(10)),
        ("×", Months(Fraction(9))),
        ("×", Amount(8_400)),
    ]
    assert line.rate is None
    assert (line.stated, line.difference, line.relative, line.implied_months) == (None, None, None, None)


def test_the_written_sum_of_nobody_has_no_amount_per_person():
    line = product_line(GROUP, product(0, 0, 7), F)
    assert line.per_person_month is None
    assert line.terms[0] == Term("", People(0))


def test_an_amount_without_months_is_judged_by_its_whole_months():
    tolerance = Fraction(2, 100)
    whole = amount_in_whole_months(5_000 * 16_800 * 12, 5_000, 16_800, tolerance, F, GROUP)
    broken = amount_in_whole_months(963_180_000, 22_586, 16_800, tolerance, F, GROUP)
    assert whole is not None
    assert broken is not None
    assert (whole.severity, whole.params) == ("info", {"months": Months(Fraction(12))})
    assert (broken.severity, broken.params) == ("ask", {"months": Months(Fraction(963_180_000, 22_586 * 16_800))})
    assert amount_in_whole_months(5, 0, 16_800, tolerance, F, GROUP) is None


def test_more_than_twelve_months_ask():
    assert months_within_year(12, F, GROUP) is None
    check = months_within_year(13, F, GROUP)
    assert check is not None
    assert (check.severity, check.params) == ("ask", {"months": Months(Fraction(13))})


def test_a_wrong_unit_shows_in_the_amount_per_person():
    assert amount_per_person(441_600, 1, 441_600, F, GROUP) is None
    assert amount_per_person(5, 0, 441_600, F, GROUP) is None
    check = amount_per_person(7_699_476_000_000_000, 117_000, 441_600, F, GROUP)
    assert check is not None
    assert check.severity == "ask"
    assert check.params["each"] == Amount(65_807_487_179)


def test_more_protected_than_targeted_asks_to_check_both():
    check = protected_within_target(120, 100, F, GROUP)
    assert check.severity == "ask"
    assert check.message == "Protected (%(a)s) is more than the target (%(b)s). Check both."
    assert check.params == {"a": People(120), "b": People(100)}


def test_protected_people_are_shown_as_a_percent_of_the_target():
    assert protected_within_target(100, 100, F, GROUP).params["percent"] == Percent(Fraction(100))
    assert protected_within_target(0, 0, F, GROUP).severity == "info"


def test_parts_that_miss_the_total_show_the_difference():
    assert parts_equal_total([15_000, 5_614], 20_614, F, GROUP).severity == "ok"
    check = parts_equal_total([1, 2], 2, F, GROUP)
    assert (check.severity, check.params["diff"]) == ("ask", People(-1, signed=True))


def test_a_moved_denominator_stops_the_growth():
    assert denominator_frozen(5, 5, F, GROUP).severity == "ok"
    check = denominator_frozen(466_368, 406_800, F, GROUP)
    assert (check.severity, check.params) == (
        "ask", {"old": People(406_800), "new": People(466_368), "diff": People(59_568, signed=True)},
    )  # fmt: skip


@pytest.mark.parametrize(("old", "new", "asks"), [(100, 150, False), (100, 151, True), (100, 49, True), (0, 0, False)])
def test_a_jump_of_more_than_half_asks_up_and_down(old, new, asks):
    assert (participants_jump(old, new, Fraction(1, 2), F, GROUP) is not None) is asks


def test_a_jump_from_nothing_has_no_percent():
    check = participants_jump(0, 5, Fraction(1, 2), F, GROUP)
    assert check is not None
    assert check.params == {"old": People(0), "new": People(5)}


def test_growth_is_told_in_points_and_relative():
    check = coverage_growth(Fraction(3), Fraction(10), F, GROUP)
    assert check.params == {"points": Points(Fraction(3)), "percent": Percent(Fraction(10), signed=True)}
    assert coverage_growth(Fraction(3), None, F, GROUP).params == {"points": Points(Fraction(3))}


@pytest.mark.parametrize("day", [JANUARY, DECEMBER])
def test_the_first_and_the_last_day_lie_in_the_period(day):
    assert date_in_period(day, JANUARY, DECEMBER, F, GROUP).severity == "ok"


@pytest.mark.parametrize("day", [date(2024, 12, 31), date(2026, 1, 1)])
def test_a_date_outside_the_period_does_not_count(day):
    check = date_in_period(day, JANUARY, DECEMBER, F, GROUP)
    assert check.severity == "ask"
    assert check.message == "%(date)s is outside 1 January–31 December %(year)s. It does not count for that year."
    assert check.params == {"date": Day(day), "year": Year(2025)}


def test_a_source_younger_than_the_assessment_year_asks():
    assert source_year_known(2025, DECEMBER, F, GROUP) is None
    check = source_year_known(2026, DECEMBER, F, GROUP)
    assert check is not None
    assert check.severity == "ask"


def test_a_count_is_not_more_than_what_it_is_part_of():
    def count(part: int, of: int) -> Check:
        return count_within(part, of, F, GROUP, code="checked", over="%(a)s > %(b)s", within="%(a)s of %(b)s")

    assert (count(3, 2).severity, count(3, 2).message) == ("ask", "%(a)s > %(b)s")
    assert count(1, 2).params == {"a": Count(1), "b": Count(2), "percent": Percent(Fraction(50))}
    assert count(0, 0).severity == "info"


def test_a_check_without_figures_is_known_by_its_code():
    assert Check("election", "info", "There was no election.").ref == "election"


def test_a_label_is_translated_and_a_typed_name_is_not():
    words: dict[str, str] = {"fisher": "Fishers"}
    named_one: Quantity = named("fisher", words, "Group")
    assert (named_one, named("", words, "Group")) == (Label("Fishers"), Label("Group"))
    assert (typed("Desa Maju", "Village"), typed("", "Village")) == (Text("Desa Maju"), Label("Village"))
