"""The computed rules of employers, small businesses, villages and provinces."""

import json
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paritrana.core.computed import RULES, BadParameter, Computation, FigureRef, compute
from paritrana.core.computed.work import INPUTS

SEED = Path(__file__).parents[2] / "seed" / "rubrics"
FORMULAS = [
    indicator["formula"]
    for name in ("provinsi", "badan-usaha", "umk", "desa")
    for indicator in json.loads((SEED / f"{name}-default.json").read_text(encoding="utf-8"))["indicators"]
    if indicator["source"] == "computed"
]
PROGRAMMES = ("jkk", "jkm", "jht", "jp", "jkp")
FIRM = {"required": ["jkk", "jkm", "jht", "jp"], "full": list(PROGRAMMES), "score_required": 7, "score_full": 10}
SMALL = {"required": ["jkk", "jkm", "jht"], "full_count": 4, "score_required": 7, "score_full": 10}
LADDER = {"thresholds": [["0.5", 6], ["0.9", 9], ["1.0", 10]], "clause_only_score": 3}
CHECKS = {
    "inputs": ["informs_staff", "since_hiring", "safety_basics", "posts_claim_flow", "membership_3_years"],
    "points_each": 2,
    "cap": 10,
}
RECORDS = {
    "inputs": ["nik_valid", "nik_submitted", "has_perisai", "has_outreach", "has_registration_help", "has_claim_help"],
    "share_points": 6,
    "check_points": 1,
    "cap": 10,
}


def figures(kind: str, **values: object) -> dict[str, dict[str, object]]:
    return {kind: {key.replace("__", "."): value for key, value in values.items()}}


def value(rule: str, params: dict[str, object], found: dict[str, dict[str, object]]) -> str | None:
    return compute(rule, params, found, {}).value  # type: ignore[arg-type]


def missing(computation: Computation) -> set[str]:
    assert computation.value is None
    return {f"{ref.kind} {ref.key}" for ref in computation.missing}


# parts of a whole -----------------------------------------------------------------------------------------------------


def test_registered_workers_of_all_workers():
    params = {"inputs": ["registered_workers", "total_workers"], "cap": 10}
    found = figures("compliance", workers__registered=45, workers__total=60)
    assert value("ratio_capped", params, found) == "7.50"
    assert value("ratio_capped", params, figures("compliance", workers__registered=70, workers__total=60)) == "10.00"


def test_a_whole_of_nothing_leaves_no_value():
    params = {"inputs": ["registered_workers", "total_workers"], "cap": 10}
    found = figures("compliance", workers__registered=0, workers__total=0)
    assert missing(compute("ratio_capped", params, found, {})) == {"compliance workers.total"}
    assert missing(compute("ratio_capped", params, {}, {})) == {
        "compliance workers.total",
        "compliance workers.registered",
    }


def test_the_five_groups_of_a_village_count_together():
    groups = ["village_official", "village_council", "rt_rw", "health_cadre", "civil_guard"]
    rows = {f"{group}.{name}": number for group in groups for name, number in (("target", 10), ("covered", 4))}
    params = {"groups": groups, "skip_group_without_target": True, "cap": 10}
    assert value("ratio_capped", params, {"non_asn_protection": rows}) == "4.00"


def test_units_of_a_province():
    found = figures("regulation", units__with_regulation=19, units__total=38)
    params = {"inputs": ["units_with_regulation", "units_total"], "cap": 10}
    assert value("share_of_units", params, found) == "5.00"


def test_the_percentage_of_residents_on_the_scale():
    params = {"inputs": ["active_participants_total", "working_residents"], "cap": 10}
    found = figures("coverage", residents__participants=333, residents__working=1_000)
    assert value("percent_div_10", params, found) == "3.33"
    assert missing(compute("percent_div_10", params, {}, {}))


@pytest.mark.parametrize("bad", [None, [], ["registered_workers"], ["registered_workers", "moon"], "x"])
def test_inputs_that_the_rule_does_not_know_are_refused(bad):
    with pytest.raises(BadParameter):
        compute("share_of_units", {"inputs": bad, "cap": 10}, {}, {})


# months ---------------------------------------------------------------------------------------------------------------


def test_a_donor_is_compared_with_its_own_workforce():
    params = {"inputs": ["donated_person_months", "total_workers"], "months": 12, "benchmark_share": "0.1", "cap": 10}
    rows = {"lines.a.people": 50, "lines.a.months": 6, "lines.b.people": None, "lines.b.months": 6}
    found = {"csr": rows, "compliance": {"workers.total": 500}}
    assert value("person_months_share", params, found) == "5.00"
    assert missing(compute("person_months_share", params, {"csr": rows}, {})) == {"compliance workers.total"}


LOWER = {"months": 12, "fixed_people": 100, "share": "0.1", "cap": 10}


@pytest.mark.parametrize(("residents", "expected"), [(500, "10.00"), (600, "8.33"), (1_000, "5.00"), (9_000, "5.00")])
def test_a_village_is_compared_with_the_lower_of_a_number_and_a_share(residents, expected):
    found = {
        "vulnerable_workers": {"lines.a.people": 50, "lines.a.months": 12},
        "coverage": {"residents.working": residents},
    }
    assert value("person_months_vs_lower_of", LOWER, found) == expected


def test_a_village_without_known_residents_has_no_value():
    for residents in (0, None):
        found = {"coverage": {"residents.working": residents}}
        assert missing(compute("person_months_vs_lower_of", LOWER, found, {})) == {"coverage residents.working"}


def paid(on_time: int | None, arrears: int | None) -> dict[str, dict[str, object]]:
    return figures("compliance", payments__months_on_time=on_time, payments__arrears_months=arrears)


def test_months_on_time_and_the_cap_of_arrears():
    params = {"months": 12, "arrears_cap_from": 2, "arrears_cap_score": 4, "cap": 10}
    assert value("on_time_months", params, paid(6, 0)) == "5.00"
    assert value("on_time_months", params, paid(12, 1)) == "10.00"
    assert value("on_time_months", params, paid(10, 2)) == "4.00"
    assert value("on_time_months", params, paid(3, 9)) == "2.50"
    assert missing(compute("on_time_months", params, paid(10, None), {})) == {"compliance payments.arrears_months"}


def test_without_a_cap_arrears_are_not_asked():
    assert value("on_time_months", {"months": 12, "cap": 10}, paid(12, None)) == "10.00"
    assert missing(compute("on_time_months", {"months": 12, "cap": 10}, paid(None, None), {}))


# lists ----------------------------------------------------------------------------------------------------------------


def joined(*codes: str) -> dict[str, dict[str, object]]:
    return {"compliance": {f"programmes.{code}": "yes" if code in codes else "no" for code in PROGRAMMES}}


@pytest.mark.parametrize(
    ("params", "codes", "expected"),
    [
        (FIRM, PROGRAMMES, "10.00"),
        (FIRM, PROGRAMMES[:4], "7.00"),
        (FIRM, ("jkk", "jkm", "jht", "jkp"), "0.00"),
        (SMALL, PROGRAMMES[:3], "7.00"),
        (SMALL, PROGRAMMES[:4], "10.00"),
        (SMALL, ("jkk", "jkm"), "0.00"),
    ],
)
def test_programmes_earn_what_the_rubric_says(params, codes, expected):
    assert value("programme_completeness", params, joined(*codes)) == expected


def test_an_unanswered_programme_leaves_no_value():
    found = joined(*PROGRAMMES)
    found["compliance"]["programmes.jp"] = None
    assert missing(compute("programme_completeness", FIRM, found, {})) == {"compliance programmes.jp"}


def test_programmes_without_a_full_value_are_refused():
    with pytest.raises(BadParameter):
        compute("programme_completeness", {k: v for k, v in FIRM.items() if k != "full"}, joined(), {})


def vendors(verified: int | None, total: int | None, clause: str | None) -> dict[str, dict[str, object]]:
    return figures("compliance", vendors__verified=verified, vendors__total=total, vendors__contract_clause=clause)


@pytest.mark.parametrize(
    ("verified", "clause", "expected"),
    [(0, "no", "0.00"), (49, "yes", "3.00"), (50, "no", "6.00"), (90, "no", "9.00"), (100, "yes", "10.00")],
)
def test_the_highest_threshold_reached_counts(verified, clause, expected):
    assert value("threshold_ladder", LADDER, vendors(verified, 100, clause)) == expected


def test_a_firm_without_vendors_or_answer_has_no_value():
    assert missing(compute("threshold_ladder", LADDER, vendors(0, 0, "yes"), {})) == {"compliance vendors.total"}
    assert missing(compute("threshold_ladder", LADDER, vendors(5, 9, None), {})) == {
        "compliance vendors.contract_clause"
    }
    assert missing(compute("threshold_ladder", LADDER, vendors(None, 9, "no"), {}))


@pytest.mark.parametrize("bad", [None, [["0.5"]], [[0.5, 6]], "x"])
def test_thresholds_that_cannot_be_read_are_refused(bad):
    with pytest.raises(BadParameter):
        compute("threshold_ladder", {"thresholds": bad}, vendors(1, 2, "no"), {})


def test_every_check_met_earns_its_points():
    answers = {f"awareness.{name}": "yes" for name in CHECKS["inputs"]}  # type: ignore[attr-defined]
    assert value("checklist", CHECKS, {"compliance": answers}) == "10.00"
    assert value("checklist", CHECKS, {"compliance": answers | {"awareness.since_hiring": "no"}}) == "8.00"
    found = compute("checklist", CHECKS, {"compliance": answers | {"awareness.since_hiring": "perhaps"}}, {})
    assert missing(found) == {"compliance awareness.since_hiring"}


def records(valid: int | None, submitted: int | None, services: str = "yes") -> dict[str, dict[str, object]]:
    names = ("perisai", "outreach", "registration_help", "claim_help")
    row: dict[str, object] = {f"services.{name}": services for name in names}
    return {"beneficiary_list": row | {"records.valid": valid, "records.submitted": submitted}}


def test_records_and_services_add_up():
    assert value("valid_share_plus_checks", RECORDS, records(50, 100)) == "7.00"
    assert value("valid_share_plus_checks", RECORDS, records(100, 100, "no")) == "6.00"
    assert value("valid_share_plus_checks", RECORDS, records(0, 0)) == "4.00"
    assert missing(compute("valid_share_plus_checks", RECORDS, records(None, 100), {}))


# the rubrics' data ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["kabkota", "provinsi", "badan-usaha", "umk", "desa"])
def test_every_computed_indicator_of_a_default_rubric_names_a_rule_and_inputs_that_are_known(name):
    rubric = json.loads((SEED / f"{name}-default.json").read_text(encoding="utf-8"))
    computed = [indicator for indicator in rubric["indicators"] if indicator["source"] == "computed"]
    assert computed
    for indicator in computed:
        formula = indicator["formula"]
        found = compute(formula["rule"], formula["params"] | {"inputs": formula["inputs"]}, {}, {})
        assert found.value is None or formula["rule"] in RULES
        assert all(FigureRef(*ref) for ref in found.missing)


def test_every_input_leads_to_a_figure_that_a_form_asks_for():
    from paritrana.core.evidence import KINDS

    for name, ref in INPUTS.items():
        field = KINDS[ref.kind].field(ref.key)
        assert field is not None, name
        assert field.counted, name


@given(
    st.dictionaries(
        st.sampled_from(sorted({ref.key for ref in INPUTS.values()})),
        st.none() | st.integers(0, 10**6) | st.sampled_from(["yes", "no", ""]),
    )
)
def test_the_rules_stay_on_the_scale_or_name_what_is_missing(drawn):
    found = dict.fromkeys({ref.kind for ref in INPUTS.values()}, drawn)
    for formula in FORMULAS:
        params = formula["params"] | {"inputs": formula["inputs"]}
        answer = compute(formula["rule"], params, found, {"ucj_percent": "30"})
        assert (answer.value is None) == bool(answer.missing)
        assert answer.value is None or 0 <= Decimal(answer.value) <= 10
        assert answer.exact is None or answer.exact >= Fraction(0)
