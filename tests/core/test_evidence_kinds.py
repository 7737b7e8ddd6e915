"""What the checks of each kind say about whole items."""

from dataclasses import replace
from datetime import date
from fractions import Fraction

import pytest

from paritrana.core.contributions import Rate
from paritrana.core.evidence import ArithmeticLine, Check, CheckContext, arithmetic, run_checks
from paritrana.core.evidence.village_allocation import villages_at_norm
from paritrana.core.quantities import Amount, Count, Label, Months, People, Percent, Points, Text

BPU = Rate("R", "jkk_jkm", "bpu", "", None, None, "any", "amount_idr_per_month", Fraction(16_800))
WITH_JHT = replace(BPU, rate_id="J", programme="jkk_jkm_jht", value=Fraction(36_800))
JKK = Rate("K", "jkk", "pu", "very_low", None, None, "employer", "percent_of_wage", Fraction(24, 100))
JKM = Rate("M", "jkm", "pu", "", None, None, "employer", "percent_of_wage", Fraction(3, 10))
CONTEXT = CheckContext(date(2025, 1, 1), date(2025, 12, 31), True, (BPU, WITH_JHT, JKK, JKM))


def said(kind: str, data: object, context: CheckContext = CONTEXT) -> dict[str, Check]:
    return {check.ref: check for check in run_checks(kind, data, context)}  # type: ignore[arg-type]


def asked(kind: str, data: object, context: CheckContext = CONTEXT) -> set[str]:
    return {ref for ref, check in said(kind, data, context).items() if check.severity == "ask"}


def summed(kind: str, data: object, context: CheckContext = CONTEXT) -> list[ArithmeticLine]:
    return arithmetic(kind, data, context)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "kind", ["coverage", "non_asn_protection", "vulnerable_workers", "permit_compliance", "village_allocation"]
)
def test_an_empty_item_says_and_sums_nothing(kind):
    assert said(kind, {}) == {}
    assert summed(kind, {}) == []


# coverage -------------------------------------------------------------------------------------------------------------


def coverage_fields(**changes: int) -> dict[str, object]:
    fields: dict[str, object] = {"denominator.source": "BPS", "denominator.year": 2024}
    for code, now, target, before in (
        ("pu", 40_000, 80_000, 38_000),
        ("bpu", 15_000, 100_000, 12_000),
        ("jakon", 5_000, 10_000, 4_500),
        ("pmi", 0, 0, 0),
        ("total", 60_000, 190_000, 54_500),
    ):
        fields |= {
            f"{code}.participants": now,
            f"{code}.target": target,
            f"{code}.participants_prev": before,
            f"{code}.target_prev": target,
        }
    return {"fields": fields | {key.replace("__", "."): value for key, value in changes.items()}}


def test_a_consistent_coverage_item_asks_nothing_and_tells_percent_and_growth():
    found = said("coverage", coverage_fields())
    assert asked("coverage", coverage_fields()) == set()
    assert found["over_target:pu.participants"].params["percent"] == Percent(Fraction(50))
    assert found["over_target:pmi.participants"].severity == "info"
    assert found["total:total.participants"].params == {"total": People(60_000)}
    growth = found["growth:pu.participants"]
    assert growth.params["points"] == Points(Fraction(550_000, 190_000))
    assert growth.params["percent"] == Percent(Fraction(550_000, 54_500), signed=True)


def test_a_total_that_is_not_the_sum_of_its_parts_asks():
    assert asked("coverage", coverage_fields(total__target=190_001)) >= {"total:total.target"}


def test_more_participants_than_target_workers_ask():
    assert "over_target:jakon.participants" in asked("coverage", coverage_fields(jakon__participants=10_001))


def test_a_moved_denominator_asks_and_holds_the_growth_back():
    found = said("coverage", coverage_fields(bpu__target_prev=90_000))
    assert found["denominator:bpu.target"].severity == "ask"
    assert not [ref for ref in found if ref.startswith("growth")]


def test_a_jump_in_a_segment_asks():
    assert "jump:bpu.participants" in asked("coverage", coverage_fields(bpu__participants_prev=9_000))


def test_the_denominators_source_is_not_younger_than_the_year():
    assert asked("coverage", coverage_fields(denominator__year=2026)) == {"source_year:denominator.year"}


def test_no_target_workers_at_all_give_no_growth():
    targets = {f"{code}__{name}": 0 for code in ("pu", "bpu", "jakon") for name in ("target", "target_prev")}
    assert not [ref for ref in said("coverage", coverage_fields(**targets)) if ref.startswith("growth")]


def test_coverage_is_written_as_shares_and_as_sums():
    lines = summed("coverage", coverage_fields(total__participants=60_100))
    shares = {line.label: line.computed for line in lines if isinstance(line.computed, Percent)}
    assert shares[Label("Wage workers (PU)")] == Percent(Fraction(50))
    assert Label("Migrant workers (PMI)") not in shares
    total = next(line for line in lines if line.computed == People(60_000))
    assert [term.sign for term in total.terms] == ["", "+", "+", "+"]
    assert (total.stated, total.difference) == (People(60_100), People(100, signed=True))


def test_sums_are_written_before_the_printed_total_is_typed():
    fields = coverage_fields()["fields"]
    assert isinstance(fields, dict)
    without = {key: value for key, value in fields.items() if key != "total.target"}
    line = next(line for line in summed("coverage", {"fields": without}) if line.computed == People(190_000))
    assert (line.stated, line.difference) == (None, None)


# non_asn_protection ---------------------------------------------------------------------------------------------------


def test_each_group_is_multiplied_by_the_rate_of_its_worker_group():
    fields = {
        "contract_staff.target": 1_500,
        "contract_staff.covered": 1_424,
        "contract_staff.months": 12,
        "contract_staff.worker_group": "pu",
        "contract_staff.average_wage": 2_000_000,
        "contract_staff.budget": 1_424 * 10_800 * 12,
        "village_official_rt_rw.target": 2_000,
        "village_official_rt_rw.covered": 2_500,
        "village_official_rt_rw.months": 12,
        "village_official_rt_rw.worker_group": "bpu",
        "village_official_rt_rw.budget": 2_500 * 16_800 * 10,
    }
    found = said("non_asn_protection", {"fields": fields})
    assert found["product:contract_staff.budget"].params["rate"] == Amount(10_800)
    assert found["over_target:contract_staff.covered"].severity == "ok"
    assert found["product:village_official_rt_rw.budget"].params["months"] == Months(Fraction(10))
    assert asked("non_asn_protection", {"fields": fields}) == {
        "product:village_official_rt_rw.budget",
        "over_target:village_official_rt_rw.covered",
    }
    lines = summed("non_asn_protection", {"fields": fields})
    assert [line.computed for line in lines] == [Amount(1_424 * 10_800 * 12), Amount(2_500 * 16_800 * 12)]


def test_wage_workers_wait_for_their_wage_and_everybody_for_a_worker_group():
    fields: dict[str, object] = {
        "contract_staff.covered": 10,
        "contract_staff.months": 13,
        "contract_staff.budget": 5_000,
    }
    for choice in ("pu", ""):
        data = {"fields": fields | {"contract_staff.worker_group": choice}}
        assert asked("non_asn_protection", data) == {"months:contract_staff.months"}


def test_a_budget_without_a_known_rate_is_not_judged():
    fields = {
        "contract_teacher.covered": 10,
        "contract_teacher.months": 12,
        "contract_teacher.worker_group": "bpu",
        "contract_teacher.budget": 5_000,
    }
    assert said("non_asn_protection", {"fields": fields}, replace(CONTEXT, rates=())) == {}


def test_a_year_without_election_says_so_and_asks_nothing_about_that_group():
    fields = {"election_official.target": 10, "election_official.covered": 20}
    assert asked("non_asn_protection", {"fields": fields}) == {"over_target:election_official.covered"}
    found = said("non_asn_protection", {"fields": fields}, replace(CONTEXT, election_held=False))
    assert list(found) == ["election"]
    assert found["election"].about == Label("Election officials")


# vulnerable_workers ---------------------------------------------------------------------------------------------------


def a_group(**changes: object) -> dict[str, object]:
    plain: dict[str, object] = {
        "key": "a1",
        "group": "tobacco_farmer",
        "people": 5_600,
        "months": 3,
        "amount": 282_240_000,
        "funding_source": "apbd_regency",
        "decree_number": "188/12",
        "decree_date": "2025-03-01",
    }
    return plain | changes


def vulnerable(*lines: dict[str, object], **fields: object) -> dict[str, object]:
    target = {"target.people": 40_000, "target.source": "DTSEN", "target.year": 2024}
    return {"fields": target | {key.replace("__", "."): value for key, value in fields.items()}, "lines": list(lines)}


def test_a_line_that_fits_asks_nothing_and_counts_its_person_months():
    found = said("vulnerable_workers", vulnerable(a_group()))
    assert asked("vulnerable_workers", vulnerable(a_group())) == set()
    assert found["product:lines.a1.amount"].about == Label("Tobacco farmers and workers")
    paid = found["person_months:target.people"]
    assert paid.params == {"months": Count(16_800), "percent": Percent(Fraction(1_680_000, 480_000))}


def test_the_line_of_trenggalek_asks_and_shows_its_months():
    data = vulnerable(a_group(amount=365_600_000))
    assert asked("vulnerable_workers", data) == {"product:lines.a1.amount"}
    assert summed("vulnerable_workers", data)[0].per_person_month == Amount(21_762)


def test_a_line_with_the_package_with_old_age_is_counted_at_its_rate():
    data = vulnerable(a_group(package="jkk_jkm_jht", amount=5_600 * 36_800 * 3))
    assert asked("vulnerable_workers", data) == set()


def test_the_payer_follows_from_the_source_of_the_money():
    state = replace(BPU, rate_id="S", payer="apbn_apbd", value=Fraction(20_000))
    context = replace(CONTEXT, rates=(BPU, state))
    lines = [a_group(key="a"), a_group(key="b", funding_source="zakat"), a_group(key="c", funding_source=None)]
    rates = [line.rate for line in summed("vulnerable_workers", vulnerable(*lines), context)]
    assert rates == [Amount(20_000), Amount(16_800), Amount(20_000)]


def test_without_months_the_amount_is_judged_by_whole_months():
    broken = vulnerable(a_group(people=22_586, months=None, amount=963_180_000))
    assert asked("vulnerable_workers", broken) == {"whole_months:lines.a1.amount"}
    assert summed("vulnerable_workers", broken) == []
    assert said("vulnerable_workers", broken, replace(CONTEXT, rates=())).keys() == {
        "period:lines.a1.decree_date",
        "over_target:target.people",
    }


def test_a_decree_outside_the_period_and_a_later_source_ask():
    data = vulnerable(a_group(decree_date="2026-01-02"), target__year=2026)
    assert asked("vulnerable_workers", data) == {"period:lines.a1.decree_date", "source_year:target.year"}


def test_more_people_than_the_target_ask_and_a_line_without_people_holds_that_back():
    many = vulnerable(a_group(), target__people=5_000)
    assert asked("vulnerable_workers", many) == {"over_target:target.people"}
    unfinished = vulnerable(a_group(), a_group(key="b2", people=None, decree_date=None), target__people=5_000)
    assert asked("vulnerable_workers", unfinished) == set()


def test_a_wrong_unit_asks():
    assert "unit:lines.a1.amount" in asked("vulnerable_workers", vulnerable(a_group(amount=282_240_000_000)))


def test_a_line_at_no_known_rate_is_neither_judged_nor_summed():
    context = replace(CONTEXT, rates=())
    assert asked("vulnerable_workers", vulnerable(a_group(amount=1)), context) == set()
    assert summed("vulnerable_workers", vulnerable(a_group()), context) == []


def test_a_line_without_a_group_is_named_by_the_general_word():
    found = said("vulnerable_workers", vulnerable(a_group(group=None)))
    assert found["product:lines.a1.amount"].about == Label("Group of workers")


# permit_compliance ----------------------------------------------------------------------------------------------------


def permits(**changes: object) -> dict[str, object]:
    fields: dict[str, object] = {
        "permit.issued": 1_000,
        "permit.checked": 800,
        "permit.refused": 20,
        "permit.followed_up": 15,
        "counting_from": "2025-03-01",
        "sop_in_force_since": "2024-11-01",
    }
    return {"fields": fields | {key.replace("__", "."): value for key, value in changes.items()}}


def test_a_consistent_count_asks_nothing_and_tells_the_share():
    assert asked("permit_compliance", permits()) == set()
    found = said("permit_compliance", permits())
    assert found["checked:permit.checked"].params["percent"] == Percent(Fraction(80))
    assert found["procedure:sop_in_force_since"].severity == "ok"
    lines = summed("permit_compliance", permits(tender__issued=0, tender__checked=0))
    assert [line.computed for line in lines] == [Percent(Fraction(80))]


def test_counts_that_exceed_what_they_are_part_of_ask():
    data = permits(permit__checked=1_001, permit__refused=1_002, permit__followed_up=1_003)
    assert asked("permit_compliance", data) == {
        "checked:permit.checked",
        "refused:permit.refused",
        "followed_up:permit.followed_up",
    }


def test_a_count_that_starts_before_the_procedure_or_the_period_asks():
    assert asked("permit_compliance", permits(sop_in_force_since="2025-06-01")) == {"procedure:sop_in_force_since"}
    assert asked("permit_compliance", permits(counting_from="2024-12-01")) == {"period:counting_from"}


def test_without_a_procedure_only_the_counting_date_is_judged():
    found = said("permit_compliance", permits(sop_in_force_since=None))
    assert "procedure:sop_in_force_since" not in found
    assert "period:counting_from" in found


# village_allocation ---------------------------------------------------------------------------------------------------


def a_village(key: str, name: str, people: int = 100, months: int = 12) -> dict[str, object]:
    return {"key": key, "name": name, "people": people, "months": months, "amount": people * months * 16_800}


def villages(*lines: dict[str, object], count: int | None = 4, year: int = 2025) -> dict[str, object]:
    return {"fields": {"villages.count": count, "villages.source": "DPMD", "villages.year": year}, "lines": list(lines)}


def test_villages_are_counted_against_the_norm_and_the_number_of_villages():
    data = villages(a_village("a", "Suka Maju"), a_village("b", "Karang Asih", people=99))
    found = said("village_allocation", data, replace(CONTEXT, village_count_of_region=4, norm_per_village=100))
    assert {ref for ref, check in found.items() if check.severity == "ask"} == set()
    assert found["listed:villages.count"].params == {"n": Count(2), "total": Count(4), "missing": Count(2)}
    assert found["norm:villages.count"].params["percent"] == Percent(Fraction(25))
    assert found["norm:villages.count"].params["norm"] == People(100)
    assert found["villages:villages.count"].severity == "ok"
    assert found["product:lines.a.amount"].about == Text("Suka Maju")
    assert summed("village_allocation", data)[1].computed == Amount(99 * 12 * 16_800)
    assert "norm:villages.count" not in said("village_allocation", data)  # nothing is said where nobody set a norm


def test_more_villages_than_the_region_has_and_more_rows_than_villages_ask():
    data = villages(a_village("a", "Satu"), a_village("b", "Dua"), count=1, year=2026)
    assert asked("village_allocation", data, replace(CONTEXT, village_count_of_region=0)) == {
        "villages:villages.count",
        "listed:villages.count",
        "source_year:villages.year",
    }


def test_a_complete_list_is_said_to_be_complete():
    found = said("village_allocation", villages(a_village("a", "Satu"), count=1))
    assert (found["listed:villages.count"].severity, "villages:villages.count" in found) == ("ok", False)


def test_a_village_listed_twice_asks_whatever_its_capitals():
    data = villages(a_village("a", "Suka  Maju"), a_village("b", "SUKA MAJU"), a_village("c", ""), a_village("d", ""))
    assert asked("village_allocation", data) == {"twice:lines.b.name"}


def test_a_row_of_a_village_is_judged_like_a_group_of_workers():
    row = a_village("a", "Satu") | {"amount": 5}
    assert asked("village_allocation", villages(row)) == {"product:lines.a.amount"}
    assert summed("village_allocation", villages(row | {"months": None})) == []


def test_no_villages_have_no_share_at_the_norm():
    assert villages_at_norm([None, 100], 0, 100) is None
    assert asked("village_allocation", villages(count=None)) == set()
