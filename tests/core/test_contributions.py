"""The rate that holds on a day, and people times rate times months."""

import csv
from dataclasses import replace
from datetime import date
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paritrana.core.contributions import (
    NoRate,
    NotMonthly,
    Rate,
    Stretch,
    budget,
    expected_amount,
    find_rate,
    implied_months,
    implied_months_of,
    month_after,
    per_month,
    per_person_month,
    read_rate,
    stretches,
    wage_worker_monthly,
)
from paritrana.core.quantities import NotExact

SEED = Path(__file__).parents[2] / "seed"
MAY_2026 = date(2026, 5, 15)


def a_rate(**changes: object) -> Rate:
    plain = Rate("R1", "jkk_jkm", "bpu", "", None, None, "any", "amount_idr_per_month", Fraction(16_800))
    return replace(plain, **changes)


TABLE = (
    a_rate(),
    a_rate(
        rate_id="SELF",
        worker_group="bpu_transport",
        payer="self",
        value=Fraction(8_400),
        valid_from=date(2026, 1, 1),
        valid_to=date(2027, 3, 31),
    ),
    a_rate(rate_id="STATE", worker_group="bpu_transport", payer="apbn_apbd", valid_from=date(2026, 1, 1)),
    a_rate(
        rate_id="JKK",
        programme="jkk",
        worker_group="pu",
        risk_class="very_low",
        payer="employer",
        rate_kind="percent_of_wage",
        value=Fraction(24, 100),
    ),
    a_rate(
        rate_id="JKM",
        programme="jkm",
        worker_group="pu",
        payer="employer",
        rate_kind="percent_of_wage",
        value=Fraction(3, 10),
    ),
)


def test_a_self_paying_transport_worker_pays_half_in_may_2026():
    assert find_rate(TABLE, "jkk_jkm", "bpu_transport", MAY_2026, "self").value == 8_400


def test_the_same_worker_paid_by_a_regional_budget_costs_the_full_rate():
    assert find_rate(TABLE, "jkk_jkm", "bpu_transport", MAY_2026, "apbn_apbd").rate_id == "STATE"


def test_a_group_without_own_rate_for_the_payer_pays_the_wider_groups_rate():
    assert find_rate(TABLE, "jkk_jkm", "bpu_transport", MAY_2026, "zakat").rate_id == "R1"


def test_the_discount_holds_on_its_last_day_and_not_a_day_longer():
    assert find_rate(TABLE, "jkk_jkm", "bpu_transport", date(2027, 3, 31), "self").value == 8_400
    assert find_rate(TABLE, "jkk_jkm", "bpu_transport", date(2027, 4, 1), "self").value == 16_800


def test_a_rate_before_its_first_day_is_not_found():
    later = (a_rate(valid_from=date(2026, 1, 1)),)
    with pytest.raises(NoRate) as refused:
        find_rate(later, "jkk_jkm", "bpu", date(2025, 12, 31), "any")
    assert refused.value.params["programme"] == "jkk_jkm"


def test_of_equal_rows_the_one_that_came_into_force_last_holds():
    newer = a_rate(rate_id="NEW", valid_from=date(2026, 1, 1), value=Fraction(20_000))
    assert find_rate((newer, a_rate()), "jkk_jkm", "bpu", MAY_2026, "any").rate_id == "NEW"


def test_a_risk_class_finds_only_its_own_row_and_goes_before_a_row_for_all():
    for_all = replace(TABLE[3], rate_id="ALL", risk_class="")
    assert find_rate((for_all, TABLE[3]), "jkk", "pu", MAY_2026, "employer", risk_class="very_low").rate_id == "JKK"
    assert find_rate((for_all, TABLE[3]), "jkk", "pu", MAY_2026, "employer", risk_class="high").rate_id == "ALL"
    with pytest.raises(NoRate):
        find_rate(TABLE, "jkk", "pu", MAY_2026, "employer")


def test_a_wage_worker_costs_the_percents_of_the_wage_half_up():
    assert wage_worker_monthly(TABLE, 2_000_000, MAY_2026) == 10_800
    assert wage_worker_monthly(TABLE, 2_500_093, MAY_2026) == 13_501  # 13,500.5022
    assert wage_worker_monthly(TABLE, 125, MAY_2026, programmes=["jkk"]) == 0  # 0.3


def test_a_percent_stays_within_its_bounds_and_its_wage_cap():
    percent = a_rate(rate_kind="percent_of_wage", value=Fraction(1), min_idr=10_000, max_idr=207_000)
    assert per_month(percent, 500_000) == 10_000
    assert per_month(percent, 2_000_000) == 20_000
    assert per_month(percent, 90_000_000) == 207_000
    assert per_month(a_rate(rate_kind="percent_of_wage", value=Fraction(2), wage_cap_idr=1_000), 5_000) == 20


@pytest.mark.parametrize("kind", ["percent_of_wage", "percent_of_project_value", "amount_idr_once"])
def test_a_rate_that_is_not_paid_per_person_and_month_is_refused(kind):
    with pytest.raises(NotMonthly):
        expected_amount(10, a_rate(rate_kind=kind), 12)


def test_fifteen_thousand_people_for_a_year_cost_three_billion():
    assert expected_amount(15_000, a_rate(), 12) == 3_024_000_000


def test_the_amount_of_trenggalek_pays_for_3_89_months():
    months = implied_months(365_600_000, 5_600, 16_800)
    assert months == Fraction(365_600_000, 94_080_000)
    assert round(months, 2) == Fraction(389, 100)
    assert per_person_month(365_600_000, 5_600, 3) == 21_762


def test_months_are_not_implied_without_people_or_rate():
    for people, rate in ((0, 16_800), (5, 0)):
        with pytest.raises(ValueError, match="people"):
            implied_months(1_000, people, rate)
    with pytest.raises(ValueError, match="rate"):
        implied_months_of(1_000, 5, ())
    for people, months in ((0, 3), (3, 0)):
        with pytest.raises(ValueError, match="needs"):
            per_person_month(1_000, people, months)


@given(people=st.integers(1, 10**7), rate=st.integers(1, 10**6), amount=st.integers(0, 10**15))
def test_implied_months_times_people_times_rate_is_the_amount(people, rate, amount):
    assert implied_months(amount, people, rate) * people * rate == amount


def test_months_are_counted_across_the_end_of_the_year():
    assert month_after(date(2025, 1, 31), 0) == date(2025, 1, 1)
    assert month_after(date(2025, 1, 31), 12) == date(2026, 1, 1)


def test_a_rate_that_changes_inside_the_year_splits_the_months():
    def monthly(on: date) -> int:
        return 16_800 if on < date(2026, 4, 1) else 8_400

    parts = stretches(monthly, date(2026, 1, 1), 12)
    assert parts == (Stretch(date(2026, 1, 1), 3, 16_800), Stretch(date(2026, 4, 1), 9, 8_400))
    assert budget(10, parts) == 10 * (3 * 16_800 + 9 * 8_400)
    assert stretches(monthly, date(2026, 4, 1), 2) == (Stretch(date(2026, 4, 1), 2, 8_400),)
    assert stretches(monthly, date(2026, 1, 1), 0) == ()


def test_implied_months_use_up_each_rate_in_turn():
    parts = (Stretch(date(2026, 1, 1), 3, 100), Stretch(date(2026, 4, 1), 9, 50))
    assert implied_months_of(150, 1, parts) == Fraction(3, 2)
    assert implied_months_of(300, 1, parts) == 3
    assert implied_months_of(325, 1, parts) == Fraction(7, 2)


@given(
    people=st.integers(1, 10**6),
    months=st.integers(1, 24),
    change=st.integers(1, 24),
    first=st.integers(1, 50_000),
    second=st.integers(1, 50_000),
)
def test_the_budget_of_any_table_pays_for_exactly_its_months(people, months, change, first, second):
    parts = stretches(
        lambda on: first if on < month_after(date(2025, 1, 1), change) else second, date(2025, 1, 1), months
    )
    assert sum(part.months for part in parts) == months
    assert implied_months_of(budget(people, parts), people, parts) == months


ROW = {
    "rate_id": "RATE22",
    "programme": "jkk_jkm",
    "worker_group": "bpu_transport",
    "risk_class": "",
    "valid_from": "2026-01-01",
    "valid_to": "",
    "date_basis": "published",
    "payer": "self",
    "payer_condition": "self_paid_only",
    "basis": "lowest_income_band",
    "rate_kind": "amount_idr_per_month",
    "value": "8400",
    "min_idr": "10000",
    "max_idr": "",
    "wage_cap_idr": "",
    "legal_basis": "PP 50/2025",
    "status": "sourced",
    "source_key": "S10",
    "source": "a page",
    "note": "",
}


def test_a_row_of_the_table_becomes_a_rate():
    rate = read_rate(ROW)
    assert (rate.valid_from, rate.valid_to) == (date(2026, 1, 1), None)
    assert (rate.value, rate.min_idr, rate.max_idr, rate.payer_condition) == (8_400, 10_000, None, "self_paid_only")


def test_a_row_with_a_bad_value_is_refused():
    with pytest.raises(NotExact):
        read_rate(ROW | {"value": "8,400"})


def test_every_published_rate_is_read_and_serves_the_two_uses_of_the_forms():
    with (SEED / "contribution_rates.csv").open(encoding="utf-8", newline="") as file:
        rates = [read_rate(row) for row in csv.DictReader(file)]
    assert len(rates) == 29
    assert find_rate(rates, "jkk_jkm", "bpu_transport", MAY_2026, "self").value == 8_400
    assert find_rate(rates, "jkk_jkm", "bpu_transport", MAY_2026, "apbn_apbd").value == 16_800
    assert find_rate(rates, "jkk_jkm", "bpu", date(2025, 1, 1), "apbn_apbd").value == 16_800
    assert find_rate(rates, "jkk_jkm", "pmi", date(2000, 1, 1), "worker").value == 370_000
    assert wage_worker_monthly(rates, 2_000_000, date(2025, 1, 1)) == 10_800
