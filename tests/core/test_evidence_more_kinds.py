"""What the checks of the budget, the rules, the donors, the plan, the innovation, the employer and the list say."""

from dataclasses import replace
from datetime import date
from fractions import Fraction

import pytest

from paritrana.core.contributions import Rate
from paritrana.core.evidence import ArithmeticLine, Check, CheckContext, arithmetic, run_checks
from paritrana.core.evidence.choices import ENTERPRISE, PROVINCE, VILLAGE
from paritrana.core.quantities import Amount, Count, Decimals, Label, People, Percent, Points, Text

BPU = Rate("R", "jkk_jkm", "bpu", "", None, None, "any", "amount_idr_per_month", Fraction(16_800))
CONTEXT = CheckContext(date(2025, 1, 1), date(2025, 12, 31), True, (BPU,))


def said(kind: str, data: object, context: CheckContext = CONTEXT) -> dict[str, Check]:
    return {check.ref: check for check in run_checks(kind, data, context)}  # type: ignore[arg-type]


def asked(kind: str, data: object, context: CheckContext = CONTEXT) -> set[str]:
    return {ref for ref, check in said(kind, data, context).items() if check.severity == "ask"}


def summed(kind: str, data: object, context: CheckContext = CONTEXT) -> list[ArithmeticLine]:
    return arithmetic(kind, data, context)  # type: ignore[arg-type]


KINDS = ("budget", "regulation", "csr", "development_target", "innovation", "compliance", "beneficiary_list")


@pytest.mark.parametrize("kind", KINDS)
def test_an_empty_item_says_and_sums_nothing(kind):
    assert said(kind, {}) == {}
    assert summed(kind, {}) == []


# budget ---------------------------------------------------------------------------------------------------------------


def budget_item(**changes: int) -> dict[str, object]:
    fields = {
        "total.ceiling": 300,
        "total.realisation": 250,
        "total.realisation_prev": 200,
        "sources.apbd_regency": 200,
        "sources.dbhcht": 50,
    }
    lines = [
        {"key": "a", "name": "Iuran", "ceiling": 200, "realisation": 180},
        {"key": "b", "ceiling": 100, "realisation": 70},
    ]
    return {"fields": fields | {key.replace("__", "."): value for key, value in changes.items()}, "lines": lines}


def test_a_budget_that_adds_up_asks_nothing():
    found = said("budget", budget_item())
    assert asked("budget", budget_item()) == set()
    assert found["ceiling:lines.a.realisation"].about == Text("Iuran")
    assert found["ceiling:lines.b.realisation"].params["percent"] == Percent(Fraction(70))
    assert found["continuity:total.realisation_prev"].params["percent"] == Percent(Fraction(25), signed=True)


def test_more_realised_than_the_ceiling_asks_for_the_line_and_for_the_total():
    item = budget_item(total__realisation=301)
    item["lines"] = [{"key": "a", "ceiling": 1, "realisation": 2}]
    assert asked("budget", item) >= {"ceiling:lines.a.realisation", "ceiling:total.realisation"}


def test_lines_and_sources_that_are_not_the_total_ask_with_their_difference():
    found = said("budget", budget_item(total__ceiling=310, sources__dbhcht=40))
    assert found["total:total.ceiling"].params["diff"] == Amount(10, signed=True)
    assert found["sources:sources.apbd_regency"].params["diff"] == Amount(10, signed=True)


def test_a_line_without_figure_leaves_the_sum_of_the_lines_unsaid():
    item = budget_item()
    item["lines"] = [{"key": "a", "ceiling": 200}, {"key": "b", "ceiling": None}]
    assert "total:total.ceiling" not in said("budget", item)
    assert "total:total.realisation" not in said("budget", item)
    assert "sources:sources.apbd_regency" not in said("budget", {"fields": {"total.realisation": 5}})


def test_a_jump_from_the_year_before_asks_and_a_first_year_is_told():
    assert "continuity:total.realisation_prev" in asked("budget", budget_item(total__realisation_prev=100))
    assert "continuity:total.realisation_prev" in asked("budget", budget_item(total__realisation=0))
    first = said("budget", budget_item(total__realisation_prev=0))["continuity:total.realisation_prev"]
    assert (first.severity, first.params) == ("info", {"new": Amount(250)})
    nothing = budget_item(total__realisation_prev=0, total__realisation=0, total__ceiling=0)
    assert "continuity:total.realisation_prev" not in said("budget", nothing)
    assert said("budget", nothing)["ceiling:total.realisation"].severity == "info"


def test_the_sums_of_a_budget_are_written():
    ceiling, realised, sources, share = summed("budget", budget_item())
    assert ceiling.computed == Amount(300) == ceiling.stated
    assert (realised.computed, realised.difference) == (Amount(250), Amount(0, signed=True))
    assert [term.sign for term in sources.terms] == ["", "+"]
    assert share.computed == Percent(Fraction(25_000, 300))
    (alone,) = summed("budget", {"lines": [{"key": "a", "ceiling": 7}]})
    assert (alone.stated, alone.difference) == (None, None)
    assert summed("budget", {"fields": {"total.realisation": 5, "total.ceiling": 0}}) == []


# regulation -----------------------------------------------------------------------------------------------------------


def rule(key: str = "a", **changes: object) -> dict[str, object]:
    return {
        "key": key,
        "type": "perda",
        "number": "7/2024",
        "title": "Pelindungan pekerja",
        "state": "enacted",
        "enacted_on": "2024-08-01",
        "general_obligation": "yes",
        "named_groups": "no",
        "budget_clause": "yes",
    } | changes


def test_an_enacted_rule_asks_nothing_and_tells_its_content():
    found = said("regulation", {"lines": [rule()]})
    assert {check.severity for check in found.values()} == {"ok", "info"}
    assert found["content:lines.a.general_obligation"].params == {"n": Count(2), "total": Count(3)}


@pytest.mark.parametrize("state", ["draft", "propemperda"])
def test_a_draft_is_no_result(state):
    assert asked("regulation", {"lines": [rule(state=state)]}) == {"draft:lines.a.state"}


def test_a_rule_enacted_after_the_period_or_without_date_asks():
    assert asked("regulation", {"lines": [rule(enacted_on="2026-01-01")]}) == {"in_force:lines.a.enacted_on"}
    assert asked("regulation", {"lines": [rule(enacted_on=None)]}) == {"date:lines.a.enacted_on"}
    assert (
        said("regulation", {"lines": [rule(enacted_on="2025-12-31")]})["in_force:lines.a.enacted_on"].severity == "ok"
    )


def test_the_same_rule_twice_asks_whatever_the_blanks_and_capitals():
    lines = [
        rule(),
        rule("b", number="7 / 2024 "),
        rule("c", type="circular"),
        rule("d", number=""),
        rule("e", number=""),
    ]
    assert asked("regulation", {"lines": lines}) == {"twice:lines.b.number"}


def test_a_rule_that_answers_not_all_questions_has_no_content_to_tell():
    assert "content:lines.a.general_obligation" not in said("regulation", {"lines": [rule(budget_clause="")]})
    assert said("regulation", {"lines": [rule(title="")]})["in_force:lines.a.enacted_on"].about == Text("7/2024")


def test_a_province_counts_its_units_and_nobody_else_does():
    item = {"fields": {"units.total": 38, "units.with_regulation": 19}}
    province = replace(CONTEXT, candidate=PROVINCE)
    assert said("regulation", item, province)["units:units.with_regulation"].params["percent"] == Percent(Fraction(50))
    assert summed("regulation", item, province)[0].computed == Percent(Fraction(50))
    assert said("regulation", item) == {}
    assert summed("regulation", item) == []
    more = {"fields": {"units.total": 38, "units.with_regulation": 39}}
    assert asked("regulation", more, province) == {"units:units.with_regulation"}


# csr ------------------------------------------------------------------------------------------------------------------


def test_a_donor_is_checked_like_every_payer_and_told_together():
    item = {"lines": [{"key": "a", "donor": "PT Contoh", "people": 100, "months": 12, "amount": 20_160_000}]}
    found = said("csr", item)
    assert found["product:lines.a.amount"].severity == "ok"
    assert found["together"].params == {"months": Count(1_200), "amount": Amount(20_160_000)}
    assert summed("csr", item)[0].computed == Amount(20_160_000)
    assert summed("csr", {"lines": [{"key": "a", "people": 5}]}) == []


def test_what_also_stands_among_the_vulnerable_workers_asks():
    item = {"lines": [{"key": "a", "donor": "PT Contoh", "people": 100, "months": 12}, {"key": "b", "people": 100}]}
    same = {"key": "x", "people": 100, "months": 12, "funding_source": "csr"}
    for others, expected in (
        ([same], {"counted_twice:lines.a.people"}),
        ([same | {"funding_source": "apbdes"}], set()),
        ([same | {"months": 11}], set()),
    ):
        context = replace(CONTEXT, others={"vulnerable_workers": {"lines": others}})
        assert asked("csr", item, context) == expected


# development_target ---------------------------------------------------------------------------------------------------


def plan(**changes: object) -> dict[str, object]:
    fields = {"base.year": 2024, "base.value": "30.5", "target.year": 2029, "target.value": "45"}
    years = [{"key": "a", "year": 2026, "value": "34"}, {"key": "b", "year": 2027, "value": "34"}]
    return {"fields": fields | {key.replace("__", "."): value for key, value in changes.items()}, "lines": years}


def test_a_path_that_never_falls_asks_nothing():
    found = said("development_target", plan())
    assert {check.severity for check in found.values()} == {"ok"}
    assert summed("development_target", plan())[0].computed == Points(Fraction(145, 10))


def test_a_fall_of_the_path_asks_at_the_year_where_it_falls():
    assert asked("development_target", plan(target__value="33")) == {"path:target.value"}
    item = plan()
    item["lines"] = [{"key": "a", "year": 2026, "value": "30"}, {"key": "b", "year": None, "value": "1"}]
    assert asked("development_target", item) == {"path:lines.a.value"}


def test_a_target_year_before_the_base_asks():
    assert asked("development_target", plan(target__year=2024)) >= {"years:base.year"}


def test_the_national_target_of_the_same_year_is_compared():
    context = replace(CONTEXT, targets={2029: "43.92"})
    assert said("development_target", plan(), context)["national:target.value"].severity == "ok"
    assert asked("development_target", plan(target__value="43.91"), context) == {"national:target.value"}
    assert said("development_target", plan(target__year=2030), context).get("national:target.value") is None


# innovation -----------------------------------------------------------------------------------------------------------


def test_an_innovation_tells_how_long_it_runs_and_what_it_changed():
    line = {"key": "a", "title": "Satu desa", "started_on": "2024-07-01", "before": "10", "after": "12.5"}
    found = said("innovation", {"lines": [line | {"replications": 3}]})
    assert found["running:lines.a.started_on"].params["months"] == Count(18)
    assert found["effect:lines.a.before"].severity == "ok"
    assert found["spread:lines.a.replications"].params == {"n": Count(3)}
    assert summed("innovation", {"lines": [line]})[0].computed == Decimals(Fraction(5, 2), signed=True)


@pytest.mark.parametrize(
    ("started", "months"), [("2025-12-31", 0), ("2025-12-01", 1), ("2025-01-01", 12), ("2024-12-31", 12)]
)
def test_the_running_time_counts_to_the_end_of_the_period(started, months):
    found = said("innovation", {"lines": [{"key": "a", "started_on": started}]})
    assert found["running:lines.a.started_on"].params["months"] == Count(months)


def test_a_start_after_the_period_and_an_effect_without_numbers_ask():
    line = {"key": "a", "title": "Baru", "started_on": "2026-01-01"}
    assert asked("innovation", {"lines": [line]}) == {"running:lines.a.started_on", "effect:lines.a.before"}
    assert asked("innovation", {"lines": [{"key": "a", "title": "Baru", "before": "3", "after": "3"}]})
    assert said("innovation", {"lines": [{"key": "a", "title": ""}]}) == {}
    assert summed("innovation", {"lines": [{"key": "a", "before": "3"}]}) == []


# compliance -----------------------------------------------------------------------------------------------------------


def employer(**changes: object) -> dict[str, object]:
    fields = {
        "workers.total": 200,
        "workers.registered": 200,
        "workers.wage_matched": 200,
        "workers.digital_account": 150,
        "payments.months_on_time": 12,
        "payments.arrears_months": 0,
        "vendors.total": 10,
        "vendors.verified": 9,
        "sanction": "no",
    }
    return {"fields": fields | {key.replace("__", "."): value for key, value in changes.items()}}


FIRM = replace(CONTEXT, candidate=ENTERPRISE)


def test_an_employer_in_order_asks_nothing():
    assert asked("compliance", employer(), FIRM) == set()
    assert [line.computed for line in summed("compliance", employer(), FIRM)] == [
        Percent(Fraction(100)),
        Percent(Fraction(100)),
        Percent(Fraction(75)),
        Percent(Fraction(90)),
    ]


def test_registration_in_part_is_said_with_the_number_of_workers():
    found = said("compliance", employer(workers__registered=190, workers__wage_matched=180), FIRM)
    assert found["partial:workers.registered"].params == {"n": People(20)}
    alone = said("compliance", employer(workers__wage_matched=None, workers__registered=199), FIRM)
    assert alone["partial:workers.registered"].params == {"n": People(1)}


@pytest.mark.parametrize("part", ["registered", "wage_matched", "digital_account"])
def test_more_of_anything_than_workers_asks(part):
    assert f"{part}:workers.{part}" in asked("compliance", employer(**{f"workers__{part}": 201}), FIRM)


def test_payments_arrears_vendors_and_a_sanction_are_looked_at():
    assert asked("compliance", employer(payments__months_on_time=13), FIRM) == {"months:payments.months_on_time"}
    assert asked("compliance", employer(payments__arrears_months=1), FIRM) == {"arrears:payments.arrears_months"}
    fits = employer(payments__arrears_months=2, payments__months_on_time=10)
    assert said("compliance", fits, FIRM)["arrears:payments.arrears_months"].severity == "info"
    assert asked("compliance", employer(vendors__verified=11), FIRM) == {"vendors:vendors.verified"}
    assert asked("compliance", employer(sanction="yes"), FIRM) == {"sanction:sanction"}


# beneficiary_list -----------------------------------------------------------------------------------------------------


def test_well_formed_records_are_a_share_of_the_submitted():
    item = {"fields": {"records.submitted": 200, "records.valid": 190, "records.twice": 10}}
    assert asked("beneficiary_list", item) == set()
    assert summed("beneficiary_list", item)[0].computed == Percent(Fraction(95))
    assert summed("beneficiary_list", item)[0].label == Label("Records of the list")


def test_more_well_formed_than_submitted_and_unexplained_records_ask():
    assert asked("beneficiary_list", {"fields": {"records.submitted": 5, "records.valid": 6}}) == {
        "valid:records.valid"
    }
    item = {"fields": {"records.submitted": 200, "records.valid": 190, "records.twice": 4}}
    found = said("beneficiary_list", item)["reasons:records.submitted"]
    assert (found.severity, found.params) == ("ask", {"n": Count(10), "named": Count(4)})


# what stands beside other evidence ------------------------------------------------------------------------------------


def test_more_months_funded_than_a_year_has_ask():
    assert "months:total.months_funded" in asked("budget", {"fields": {"total.months_funded": 13}})
    assert asked("budget", {"fields": {"total.months_funded": 12}}) == set()


def test_an_employer_reads_its_donations_beside_its_own_workers():
    item = {"lines": [{"key": "a", "donor": "PT Contoh", "people": 40, "months": 12}]}
    firm = replace(CONTEXT, candidate=ENTERPRISE, others={"compliance": {"fields": {"workers.total": 400}}})
    assert said("csr", item, firm)["own_workers"].params == {"percent": Percent(Fraction(10)), "people": People(400)}
    for others in ({}, {"compliance": {"fields": {"workers.total": 0}}}):
        assert "own_workers" not in said("csr", item, replace(firm, others=others))
    assert "own_workers" not in said("csr", {"lines": [{"key": "a"}]}, firm)


def test_units_at_target_are_counted_against_the_units_of_the_province():
    province = replace(CONTEXT, candidate=PROVINCE, others={"regulation": {"fields": {"units.total": 10}}})
    found = said("coverage", {"fields": {"units.at_target": 6}}, province)["units:units.at_target"]
    assert (found.severity, found.params["percent"]) == ("ok", Percent(Fraction(60)))
    assert asked("coverage", {"fields": {"units.at_target": 11}}, province) == {"units:units.at_target"}
    assert said("coverage", {"fields": {"units.at_target": 6}}, replace(province, others={})) == {}
    assert said("coverage", {"fields": {"units.at_target": 6}}, replace(province, candidate=VILLAGE)) == {}


def test_a_village_covers_no_more_residents_than_work():
    village = replace(CONTEXT, candidate=VILLAGE)
    item = {"fields": {"residents.working": 1500, "residents.participants": 630, "residents.year": 2025}}
    assert asked("coverage", item, village) == set()
    assert summed("coverage", item, village)[0].computed == Percent(Fraction(42))
    more = {"fields": {"residents.working": 100, "residents.participants": 101, "residents.year": 2026}}
    assert len(asked("coverage", more, village)) == 2
    assert said("coverage", {"fields": {"residents.year": 2025}}, village) == {}
    assert said("coverage", more) == {}


def test_groups_of_vulnerable_workers_are_added_up_beside_the_printed_total():
    lines = [{"key": "a", "people": 3000}, {"key": "b", "people": 837}]
    assert asked("vulnerable_workers", {"fields": {"total.people": 3837}, "lines": lines}) == set()
    found = said("vulnerable_workers", {"fields": {"total.people": 3800}, "lines": lines})["total:total.people"]
    assert (found.severity, found.params["diff"]) == ("ask", People(-37, signed=True))
    waiting = {"fields": {"total.people": 3800}, "lines": [*lines, {"key": "c"}]}
    assert "total:total.people" not in said("vulnerable_workers", waiting)
