"""Every rule is told in words with the numbers of its rubric, and every value ends the steps that are shown."""

import json
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from paritrana.core.computed import RULES, WORDS, BadParameter, UnknownComputedRule, compute, in_words, label_of
from paritrana.core.computed.work import INPUTS, FigureRef, Step
from paritrana.core.evidence import KINDS
from paritrana.core.quantities import Decimals, Percent, Points, Score
from paritrana.core.rounding import to_step

SEED = Path(__file__).parents[2] / "seed" / "rubrics"
FORMULAS = [
    (f"{path.stem} {indicator['code']}", indicator["formula"])
    for path in sorted(SEED.glob("*-default.json"))
    for indicator in json.loads(path.read_text(encoding="utf-8"))["indicators"]
    if indicator["source"] == "computed"
]
SEGMENTS = {
    "pu": (400, 1_000, 380),
    "bpu": (100, 1_000, 90),
    "jakon": (200, 400, 150),
    "pmi": (0, 0, 0),
}
PLENTY: dict[str, dict[str, Any]] = {
    "coverage": {
        f"{code}.{name}": value
        for code, values in SEGMENTS.items()
        for name, value in zip(("participants", "target", "participants_prev"), values, strict=True)
    }
    | {"residents.participants": 310, "residents.working": 900, "units.at_target": 3},
    "non_asn_protection": {
        f"{group}.{name}": value
        for group in (
            "contract_staff", "contract_teacher", "election_official", "village_official_rt_rw", "village_official",
            "village_council", "rt_rw", "health_cadre", "civil_guard",
        )
        for name, value in (("target", 90), ("covered", 31))
    },
    "vulnerable_workers": {"target.people": 700, "lines.k1.people": 100, "lines.k1.months": 12},
    "csr": {"lines.k1.people": 20, "lines.k1.months": 6},
    "regulation": {"units.with_regulation": 4, "units.total": 9},
    "compliance": {
        "workers.registered": 44, "workers.total": 60, "workers.wage_matched": 41, "workers.digital_account": 17,
        "payments.months_on_time": 11, "payments.arrears_months": 3, "vendors.verified": 5, "vendors.total": 9,
        "vendors.contract_clause": "yes", "awareness.informs_staff": "yes", "awareness.since_hiring": "no",
        "awareness.safety_basics": "yes", "awareness.posts_claim_flow": "no", "awareness.membership_3_years": "yes",
    }
    | {f"programmes.{code}": "yes" for code in ("jkk", "jkm", "jht", "jp")}
    | {"programmes.jkp": "no"},
    "beneficiary_list": {
        "records.valid": 83, "records.submitted": 97, "services.perisai": "yes", "services.outreach": "no",
        "services.registration_help": "yes", "services.claim_help": "yes",
    },
}  # fmt: skip
TARGETS = {"ucj_percent": "32.15"}


def params_of(formula: dict[str, Any]) -> dict[str, Any]:
    return {"inputs": formula["inputs"], **formula["params"]}


def numbers_in(steps: tuple[Step, ...]) -> set[Fraction]:
    return {
        Fraction(value.value)
        for step in steps
        for value in step.params.values()
        if not isinstance(getattr(value, "value", ""), str)
    }


def test_every_rule_has_words_and_no_other():
    assert set(WORDS) == set(RULES)
    assert len(set(WORDS.values())) == len(WORDS)


@pytest.mark.parametrize(("name", "formula"), FORMULAS, ids=[name for name, _formula in FORMULAS])
def test_the_words_of_a_rule_carry_the_numbers_of_its_rubric(name: str, formula: dict[str, Any]):
    steps = in_words(formula["rule"], params_of(formula))
    assert steps[0].message == WORDS[formula["rule"]]
    assert steps[-1].params == {"step": Decimals(Fraction("0.01"))}
    told = numbers_in(steps)
    for key in ("cap", "months", "floor", "points_each", "check_points", "share_points", "score_full", "fixed_people"):
        if key in formula["params"]:
            assert Fraction(formula["params"][key]) in told, f"{name} does not tell its {key}"
    for share, score in formula["params"].get("thresholds", []):
        assert {Fraction(share) * 100, Fraction(score)} <= told


@pytest.mark.parametrize(("name", "formula"), FORMULAS, ids=[name for name, _formula in FORMULAS])
def test_a_value_is_the_end_of_its_steps(name: str, formula: dict[str, Any]):
    found = compute(formula["rule"], params_of(formula), PLENTY, TARGETS)
    assert found.value is not None, found.missing
    assert found.exact is not None
    last = found.steps[-1]
    assert (last.message, last.params) == ("Value: %(value)s", {"value": Score(to_step(found.exact, Fraction("0.01")))})
    scaled = [step for step in found.steps if "result" in step.params]
    for step in scaled:
        share, scale, result = step.params["share"], step.params["scale"], step.params["result"]
        assert isinstance(share, Percent)
        assert isinstance(scale, Decimals)
        assert result == Score(scale.value * share.value / 100)
    if scaled and "limit" not in found.steps[-2].params:
        assert found.exact == getattr(scaled[-1].params.get("cap", scaled[-1].params["result"]), "value", None)


@pytest.mark.parametrize(("name", "formula"), FORMULAS, ids=[name for name, _formula in FORMULAS])
def test_every_figure_that_counted_stands_in_a_step_or_among_the_inputs_with_a_name(name: str, formula: dict[str, Any]):
    found = compute(formula["rule"], params_of(formula), PLENTY, TARGETS)
    for ref, _value in found.inputs:
        label = label_of(ref).value
        assert label
        assert ref.kind == "target" or KINDS[ref.kind].field(ref.key) is not None


def test_a_share_beyond_the_cap_says_that_the_cap_counts():
    params = {"inputs": ["registered_workers", "total_workers"], "cap": 8}
    figures = {"compliance": {"workers.registered": 54, "workers.total": 60}}
    found = compute("ratio_capped", params, figures, {})
    assert (found.value, found.steps[-2].params["cap"], found.steps[-2].params["result"]) == (
        "8.00",
        Score(Fraction(8)),
        Score(Fraction(9)),
    )


def test_a_fall_says_that_it_counts_as_nothing():
    figures = {"coverage": PLENTY["coverage"] | {"pu.participants_prev": 900}}
    params = {"full_score_at_pp": "5", "floor": "0", "cap": "10"}
    found = compute("pp_growth_linear", params, figures, {})
    assert found.value == "0.00"
    assert "counts as 0" in found.steps[-2].message


def test_the_switch_of_a_rule_changes_its_words():
    plain = in_words("ratio_to_target", {"cap": "10"})
    other = in_words("ratio_to_target", {"cap": "10", "switch": "percent_div_10"})
    assert plain[1].message != other[1].message
    assert other[1].params["full"] == Percent(Fraction(100))
    rise = in_words("pp_growth_linear", {"full_score_at_pp": "5", "floor": "0", "cap": "10"})
    assert rise[1].params["full"] == Points(Fraction(5))
    growth = {"full_score_at_percent": "20", "floor": "0", "cap": "10", "switch": "relative_growth"}
    assert in_words("pp_growth_linear", growth)[1].params["full"] == Percent(Fraction(20))


def test_words_are_refused_like_the_rule_itself():
    with pytest.raises(UnknownComputedRule):
        in_words("nobody_knows_it", {})
    with pytest.raises(BadParameter):
        in_words("ratio_to_target", {})


def test_a_figure_is_called_as_in_its_evidence():
    assert label_of(INPUTS["registered_workers"]).value == KINDS["compliance"].field("workers.registered").label  # type: ignore[union-attr]
    assert label_of(FigureRef("target", "ucj_percent")).value
