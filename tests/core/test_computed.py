"""The computed indicators of the default rubric for regencies and cities."""

import json
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paritrana.core.computed import (
    RULES,
    BadParameter,
    Computation,
    FigureRef,
    UnknownComputedRule,
    compute,
)

GROUPS = ["contract_staff", "contract_teacher", "election_official", "village_official_rt_rw"]
RATIO = {"groups": GROUPS, "skip_group_without_target": True, "cap": 10}
MONTHS = {"months": 12, "benchmark_share": "0.3", "cap": 10}
TO_TARGET = {"cap": 10, "alternative": "percent_div_10"}
GROWTH = {"full_score_at_pp": "5.0", "floor": 0, "cap": 10, "alternative": "relative_growth"}
LOWEST = {"segments": ["pu", "bpu", "jakon"], "cap": 10}
TARGETS = {"ucj_percent": "32.15"}


def groups(**changes: int | None) -> dict[str, dict[str, int | None]]:
    figures: dict[str, int | None] = {}
    for group in GROUPS:
        figures |= {f"{group}.target": 100, f"{group}.covered": 50}
    return {"non_asn_protection": figures | {key.replace("__", "."): value for key, value in changes.items()}}


def segments(**changes: int | None) -> dict[str, dict[str, int | None]]:
    figures: dict[str, int | None] = {}
    for code, now, target, before in (
        ("pu", 400, 1_000, 380),
        ("bpu", 100, 1_000, 90),
        ("jakon", 200, 400, 150),
        ("pmi", 0, 0, 0),
    ):
        figures |= {f"{code}.participants": now, f"{code}.target": target, f"{code}.participants_prev": before}
    return {"coverage": figures | {key.replace("__", "."): value for key, value in changes.items()}}


def lines(*rows: tuple[int | None, int | None], target: int | None = 1_000) -> dict[str, dict[str, int | str | None]]:
    figures: dict[str, int | str | None] = {"target.people": target}
    for place, (people, months) in enumerate(rows):
        figures |= {f"lines.k{place}.people": people, f"lines.k{place}.months": months}
    return {"vulnerable_workers": figures}


def missing(computation: Computation) -> set[str]:
    assert computation.value is None
    assert computation.exact is None
    return {f"{ref.kind} {ref.key}" for ref in computation.missing}


# ratio_capped ---------------------------------------------------------------------------------------------------------


def test_the_groups_count_together():
    found = compute("ratio_capped", RATIO, groups(contract_staff__covered=100), {})
    assert (found.value, found.exact, found.missing) == ("6.25", Fraction(25, 4), ())
    assert (FigureRef("non_asn_protection", "contract_staff.covered"), 100) in found.inputs
    assert found.steps[-1].message == "Value: %(value)s"


def test_more_protected_than_targeted_earns_the_cap_and_no_more():
    assert compute("ratio_capped", RATIO, groups(contract_staff__covered=900), {}).value == "10.00"
    assert compute("ratio_capped", RATIO | {"cap": 8}, groups(contract_staff__covered=900), {}).value == "8.00"


def test_a_group_without_target_is_left_out_with_its_people():
    figures = groups(contract_teacher__target=0, contract_teacher__covered=None, contract_staff__covered=80)
    assert compute("ratio_capped", RATIO, figures, {}).value == "6.00"


def test_a_group_without_target_counts_where_the_rubric_does_not_leave_it_out():
    figures = groups(contract_teacher__target=0)
    assert compute("ratio_capped", {"groups": GROUPS, "cap": 10}, figures, {}).value == "6.67"


def test_a_year_without_election_leaves_the_election_officials_out():
    figures = groups(election_official__target=None, election_official__covered=None)
    assert missing(compute("ratio_capped", RATIO, figures, {})) == {
        "non_asn_protection election_official.target",
        "non_asn_protection election_official.covered",
    }
    assert compute("ratio_capped", RATIO, figures, {}, election_held=False).value == "5.00"


def test_a_group_that_could_not_be_verified_leaves_no_value():
    figures = groups(contract_staff__covered=None)
    assert missing(compute("ratio_capped", RATIO, figures, {})) == {"non_asn_protection contract_staff.covered"}
    assert len(missing(compute("ratio_capped", RATIO, {}, {}))) == 8


def test_no_people_in_any_group_leave_no_value():
    figures = groups(**{f"{group}__target": 0 for group in GROUPS})
    assert missing(compute("ratio_capped", RATIO, figures, {})) == {f"non_asn_protection {g}.target" for g in GROUPS}


@pytest.mark.parametrize("bad", [None, [], "pu", ["contract_staff", "astronaut"]])
def test_groups_that_the_rule_does_not_know_are_refused(bad):
    with pytest.raises(BadParameter):
        compute("ratio_capped", RATIO | {"groups": bad}, groups(), {})


# person_months_share --------------------------------------------------------------------------------------------------


def test_person_months_are_compared_with_the_benchmark_share_of_a_full_year():
    found = compute("person_months_share", MONTHS, lines((100, 12), (50, 6)), {})
    assert (found.value, found.exact) == ("4.17", Fraction(1_500, 12_000) / Fraction(3, 10) * 10)


def test_reaching_the_benchmark_earns_the_full_value():
    assert compute("person_months_share", MONTHS, lines((300, 12)), {}).value == "10.00"
    assert compute("person_months_share", MONTHS, lines((900, 12)), {}).value == "10.00"


def test_a_line_that_could_not_be_verified_does_not_count():
    found = compute("person_months_share", MONTHS, lines((150, 12), (None, 12), (100, None)), {})
    assert (found.value, found.missing) == ("5.00", ())
    assert len(found.inputs) == 3


def test_a_line_whose_decree_was_judged_away_does_not_count():
    figures = lines((150, 12), (150, 12))
    figures["vulnerable_workers"] |= {"lines.k0.decree_date": "2025-03-01", "lines.k1.decree_date": None}
    assert compute("person_months_share", MONTHS, figures, {}).value == "5.00"


def test_no_lines_at_all_earn_zero_and_no_target_leaves_no_value():
    assert compute("person_months_share", MONTHS, lines(), {}).value == "0.00"
    for target in (None, 0):
        found = compute("person_months_share", MONTHS, lines((5, 5), target=target), {})
        assert missing(found) == {"vulnerable_workers target.people"}


@given(st.lists(st.tuples(st.integers(0, 10**6), st.integers(0, 12)), max_size=6), st.integers(1, 10**6))
def test_the_order_of_the_lines_never_matters_and_the_value_stays_on_the_scale(rows, target):
    found = compute("person_months_share", MONTHS, lines(*rows, target=target), {})
    turned = compute("person_months_share", MONTHS, lines(*rows[::-1], target=target), {})
    assert (found.value, found.exact) == (turned.value, turned.exact)
    assert found.value is not None
    assert 0 <= Decimal(found.value) <= 10


# ratio_to_target ------------------------------------------------------------------------------------------------------


def test_coverage_is_compared_with_the_target_of_the_cycle():
    found = compute("ratio_to_target", TO_TARGET, segments(), TARGETS)
    assert found.exact == Fraction(70_000, 2_400) / Fraction("32.15") * 10
    assert found.value == "9.07"
    assert (FigureRef("target", "ucj_percent"), "32.15") in found.inputs


def test_coverage_above_the_target_earns_the_cap():
    assert compute("ratio_to_target", TO_TARGET, segments(), {"ucj_percent": 20}).value == "10.00"


def test_the_switch_reads_the_percentage_itself_and_needs_no_target():
    found = compute("ratio_to_target", TO_TARGET | {"switch": "percent_div_10"}, segments(), {})
    assert found.value == "2.92"


def test_a_segment_without_target_workers_is_left_out():
    figures = segments(pmi__participants=None, bpu__target=0)
    assert compute("ratio_to_target", TO_TARGET, figures, {"ucj_percent": 60}).value == "7.14"


def test_a_missing_target_or_segment_leaves_no_value():
    assert missing(compute("ratio_to_target", TO_TARGET, segments(), {})) == {"target ucj_percent"}
    assert missing(compute("ratio_to_target", TO_TARGET, segments(), {"ucj_percent": 0})) == {"target ucj_percent"}
    assert missing(compute("ratio_to_target", TO_TARGET, segments(pu__target=None), TARGETS)) == {"coverage pu.target"}


def test_no_target_workers_at_all_leave_no_value():
    figures = segments(pu__target=0, bpu__target=0, jakon__target=0)
    assert missing(compute("ratio_to_target", TO_TARGET, figures, TARGETS)) == {
        f"coverage {code}.target" for code in ("pu", "bpu", "jakon", "pmi")
    }


# pp_growth_linear -----------------------------------------------------------------------------------------------------


def test_growth_counts_in_percentage_points_on_the_frozen_denominator():
    found = compute("pp_growth_linear", GROWTH, segments(), {})
    assert found.exact == Fraction(8_000, 2_400) / 5 * 10
    assert found.value == "6.67"


def test_falling_coverage_earns_the_floor_and_five_points_the_cap():
    assert compute("pp_growth_linear", GROWTH, segments(pu__participants_prev=900), {}).value == "0.00"
    assert compute("pp_growth_linear", GROWTH | {"floor": 1}, segments(pu__participants_prev=900), {}).value == "1.00"
    assert compute("pp_growth_linear", GROWTH, segments(pu__participants_prev=0), {}).value == "10.00"


def test_growth_needs_the_year_before():
    figures = segments(jakon__participants_prev=None)
    assert missing(compute("pp_growth_linear", GROWTH, figures, {})) == {"coverage jakon.participants_prev"}


RELATIVE = GROWTH | {"switch": "relative_growth", "full_score_at_percent": 50}


def test_the_switch_counts_relative_growth():
    found = compute("pp_growth_linear", RELATIVE, segments(), {})
    assert found.exact == Fraction(80 * 100, 620) / 50 * 10


def test_relative_growth_from_nothing_has_no_value():
    figures = segments(pu__participants_prev=0, bpu__participants_prev=0, jakon__participants_prev=0)
    assert "coverage pu.participants_prev" in missing(compute("pp_growth_linear", RELATIVE, figures, {}))


# lowest_segment_ratio -------------------------------------------------------------------------------------------------


def test_the_lowest_segment_is_compared_with_the_target():
    found = compute("lowest_segment_ratio", LOWEST, segments(), TARGETS)
    assert found.exact == 10 / Fraction("32.15") * 10
    assert found.value == "3.11"


def test_a_segment_that_has_no_target_workers_is_not_the_lowest():
    assert compute("lowest_segment_ratio", LOWEST, segments(bpu__target=0), TARGETS).value == "10.00"


def test_a_segment_without_participants_earns_zero():
    assert compute("lowest_segment_ratio", LOWEST, segments(bpu__participants=0), TARGETS).value == "0.00"


def test_missing_segments_and_targets_are_named_together():
    found = compute("lowest_segment_ratio", LOWEST, segments(bpu__participants=None), {})
    assert missing(found) == {"coverage bpu.participants", "target ucj_percent"}
    empty = segments(pu__target=0, bpu__target=0, jakon__target=0)
    assert missing(compute("lowest_segment_ratio", LOWEST, empty, TARGETS)) == {
        "coverage pu.target",
        "coverage bpu.target",
        "coverage jakon.target",
    }


# the rubric's data ----------------------------------------------------------------------------------------------------


def test_an_unknown_rule_is_refused():
    with pytest.raises(UnknownComputedRule):
        compute("astrology", {}, {}, {})


@pytest.mark.parametrize(
    ("rule", "params", "figures"),
    [
        ("ratio_to_target", TO_TARGET | {"cap": 10.0}, segments()),
        ("ratio_to_target", {}, segments()),
        ("ratio_to_target", TO_TARGET | {"switch": "percent_div_9"}, segments()),
        ("pp_growth_linear", GROWTH | {"full_score_at_pp": 0}, segments()),
        ("pp_growth_linear", GROWTH | {"switch": "relative_growth"}, segments()),
        ("person_months_share", MONTHS | {"benchmark_share": "-1"}, lines((5, 5))),
    ],
)
def test_parameters_that_are_missing_inexact_or_out_of_place_are_refused(rule, params, figures):
    with pytest.raises(BadParameter):
        compute(rule, params, figures, TARGETS)


def test_a_target_given_as_a_float_is_refused():
    with pytest.raises(BadParameter):
        compute("ratio_to_target", TO_TARGET, segments(), {"ucj_percent": 32.15})  # type: ignore[dict-item]


def test_the_value_lies_on_the_step_of_the_scale():
    found = compute("ratio_capped", RATIO, groups(contract_staff__covered=100), {}, step="0.5", scale_max="100")
    assert found.value == "10.0"
    found = compute("ratio_capped", RATIO | {"cap": 100}, groups(contract_staff__covered=99), {}, step=1, scale_max=100)
    assert found.value == "62"


def test_a_half_goes_up():
    figures = {"non_asn_protection": {"contract_staff.target": 2_000, "contract_staff.covered": 1_001}}
    only = RATIO | {"groups": ["contract_staff"]}
    assert compute("ratio_capped", only, figures, {}).value == "5.01"  # 5.005


def test_the_default_rubric_names_known_rules_only_and_feeds_them():
    path = Path(__file__).parents[2] / "seed" / "rubrics" / "kabkota-default.json"
    rubric = json.loads(path.read_text(encoding="utf-8"), parse_float=str)
    formulas = [indicator["formula"] for indicator in rubric["indicators"] if indicator["source"] == "computed"]
    assert {formula["rule"] for formula in formulas} <= set(RULES)
    figures = segments() | groups() | lines((100, 12))
    values = {f["rule"]: compute(f["rule"], f["params"], figures, TARGETS).value for f in formulas}
    assert values == {
        "ratio_capped": "5.00",
        "person_months_share": "3.33",
        "ratio_to_target": "9.07",
        "pp_growth_linear": "6.67",
        "lowest_segment_ratio": "3.11",
    }


@given(
    st.fixed_dictionaries(
        {
            f"{code}.{name}": st.none() | st.integers(0, 10**7)
            for code in ("pu", "bpu", "jakon", "pmi")
            for name in ("participants", "target", "participants_prev")
        }
    )
)
def test_coverage_rules_stay_on_the_scale_or_name_what_is_missing(figures):
    for rule, params in (
        ("ratio_to_target", TO_TARGET),
        ("pp_growth_linear", GROWTH),
        ("lowest_segment_ratio", LOWEST),
    ):
        found = compute(rule, params, {"coverage": figures}, TARGETS)
        assert (found.value is None) == bool(found.missing)
        if found.value is not None:
            assert 0 <= Decimal(found.value) <= 10
