"""What the kinds of evidence ask for, and which figures an item claims."""

import random
from datetime import date
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paritrana.core.contributions import Rate
from paritrana.core.evidence import (
    KINDS,
    CheckContext,
    arithmetic,
    blank_figures,
    claims,
    line_figure,
    line_key_of,
    run_checks,
)
from paritrana.core.evidence.choices import ENTERPRISE, PROVINCE, REGENCY, SMALL, VILLAGE, VILLAGE_GROUPS
from paritrana.core.evidence.stored import day, number, numbers, share
from paritrana.core.quantities import Quantity

BPU = Rate("R", "jkk_jkm", "bpu", "", None, None, "any", "amount_idr_per_month", Fraction(16_800))
CONTEXT = CheckContext(date(2025, 1, 1), date(2025, 12, 31), True, (BPU,), village_count_of_region=152)


def test_the_twelve_kinds_of_the_design_are_known():
    assert list(KINDS) == [
        "coverage",
        "non_asn_protection",
        "vulnerable_workers",
        "budget",
        "village_allocation",
        "permit_compliance",
        "regulation",
        "csr",
        "development_target",
        "innovation",
        "compliance",
        "beneficiary_list",
    ]


CANDIDATES = (REGENCY, PROVINCE, VILLAGE, ENTERPRISE, SMALL)


def test_a_candidate_is_asked_its_own_fields_only():
    def asked(kind: str, candidate: str) -> set[str]:
        return {field.key for field in KINDS[kind].asked(election_held=True, candidate=candidate)}

    assert {"units.at_target", "pu.target"} <= asked("coverage", PROVINCE)
    assert asked("coverage", VILLAGE) == {
        "residents.working",
        "residents.participants",
        "residents.source",
        "residents.year",
    }
    assert "village_official_rt_rw.covered" not in asked("non_asn_protection", PROVINCE)
    assert {key.split(".")[0] for key in asked("non_asn_protection", VILLAGE)} == set(VILLAGE_GROUPS)
    assert "awareness.informs_staff" in asked("compliance", SMALL) - asked("compliance", ENTERPRISE)
    assert "vendors.total" in asked("compliance", ENTERPRISE) - asked("compliance", SMALL)
    assert claims("coverage", {}, candidate=VILLAGE) == {"residents.working": None, "residents.participants": None}
    assert blank_figures("coverage", {}, candidate=VILLAGE) == (
        "residents.working",
        "residents.participants",
        "residents.source",
        "residents.year",
    )


def test_a_number_with_decimals_is_read_exactly_and_anything_else_is_not_filled_in():
    assert share({"value": "52.15"}, "value") == Fraction(5215, 100)
    for bad in (None, 52.15, "52,15", "-1", "x", "1e3"):
        assert share({"value": bad}, "value") is None
    data = {"fields": {"target.value": "52.15", "base.value": "x"}}
    found = claims("development_target", data)
    assert (found["target.value"], found["base.value"]) == ("52.15", None)


@pytest.mark.parametrize("kind", KINDS)
def test_keys_are_unique_and_every_field_says_what_it_asks(kind):
    spec = KINDS[kind]
    for fields in (spec.fields, spec.lines.fields if spec.lines else ()):
        keys = [field.key for field in fields]
        assert len(keys) == len(set(keys))
        assert all(field.label for field in fields)
        assert all(bool(field.choices) == (field.kind == "choice") for field in fields)
        assert all(not field.default or field.default in dict(field.choices) for field in fields)
    assert spec.title
    assert spec.purpose


def test_no_single_field_is_mistaken_for_a_line():
    assert not [field.key for spec in KINDS.values() for field in spec.fields if line_key_of(field.key)]


def test_a_figure_key_finds_its_field_also_inside_a_line():
    spec = KINDS["vulnerable_workers"]
    figure = line_figure("a1b2", "people")
    assert figure == "lines.a1b2.people"
    assert line_key_of(figure) == "a1b2"
    people, target = spec.field(figure), spec.field("target.people")
    assert people is not None
    assert target is not None
    assert (people.kind, target.kind) == ("people", "people")
    assert spec.field("lines.a1b2.shoe_size") is None
    assert spec.field("nothing") is None
    assert KINDS["coverage"].field(figure) is None


def test_election_officials_are_asked_only_where_an_election_was_held():
    spec = KINDS["non_asn_protection"]
    asked, without = spec.asked(election_held=True), spec.asked(election_held=False)
    assert {field.key for field in asked} - {field.key for field in without} == {
        f"election_official.{name}"
        for name in ("target", "covered", "months", "worker_group", "average_wage", "budget")
    }


def test_the_claims_are_the_figures_a_verifier_judges_in_the_order_of_the_form():
    data = {
        "fields": {"target.people": 40_000, "target.source": "Bappeda", "target.year": 2024},
        "lines": [{"key": "a1", "group": "fisher", "people": 5_600, "months": 3, "decree_date": "2025-03-01"}],
    }
    assert list(claims("vulnerable_workers", data).items()) == [
        ("target.people", 40_000),
        ("lines.a1.people", 5_600),
        ("lines.a1.months", 3),
        ("lines.a1.amount", None),
        ("lines.a1.decree_date", "2025-03-01"),
    ]


def test_a_required_figure_left_blank_is_claimed_as_nothing_and_an_optional_one_is_left_out():
    found = claims("non_asn_protection", {"fields": {}}, election_held=False)
    assert found["contract_staff.covered"] is None
    assert "contract_staff.average_wage" not in found
    assert not [key for key in found if key.startswith("election_official")]
    given_wage = claims("non_asn_protection", {"fields": {"contract_staff.average_wage": 2_500_000}})
    assert given_wage["contract_staff.average_wage"] == 2_500_000


def test_the_blank_figures_are_the_required_fields_that_are_not_filled_in():
    data = {"fields": {"villages.count": 152, "villages.source": "  ", "villages.year": 2025}, "lines": [{"key": "v"}]}
    assert blank_figures("village_allocation", data) == (
        "villages.source",
        "lines.v.name",
        "lines.v.people",
        "lines.v.amount",
        "lines.v.months",
    )


@pytest.mark.parametrize("value", [None, True, -1, "15", 1.5])
def test_what_is_no_whole_number_counts_as_not_filled_in(value):
    assert number({"people": value}, "people") is None
    assert numbers({"people": value, "months": 1}, "people", "months") is None


def test_what_is_no_date_counts_as_not_filled_in():
    assert day({"since": "2025-02-30"}, "since") is None
    assert day({"since": 20250201}, "since") is None
    assert day({"since": "2025-02-01"}, "since") == date(2025, 2, 1)


WORDS = [
    "yes",
    "no",
    "enacted",
    "draft",
    "32.15",
    "pu",
    "bpu",
    "csr",
    "2025-06-30",
    "2026-01-01",
    "2025-02-30",
    "Suka Maju",
    "",
]
anything = (
    st.none()
    | st.booleans()
    | st.integers(-5, 200)
    | st.integers(0, 10**13)
    | st.sampled_from([0.5, "yes", "no", "enacted", "draft", "32.15", "40", *WORDS])
)


def items(kind: str) -> st.SearchStrategy[tuple[str, object]]:
    """Stored items as a draft may leave them: any field filled with anything, or not there."""
    spec = KINDS[kind]
    keys = [field.key for field in spec.fields] or ["nothing"]
    fields = st.dictionaries(st.sampled_from(keys), anything, max_size=12)
    names = [field.key for field in spec.lines.fields] if spec.lines else ["people"]
    line = st.dictionaries(st.sampled_from(["key", *names]), anything, max_size=8)
    lines = st.lists(line | line.map(lambda filled: filled | {"key": "a1"}) | anything, max_size=3)
    return st.tuples(st.just(kind), st.fixed_dictionaries({"fields": fields | anything, "lines": lines | anything}))


@given(st.one_of([items(kind) for kind in KINDS]), st.booleans(), st.sampled_from(CANDIDATES))
def test_checks_never_raise_and_speak_of_known_figures_with_typed_values(drawn, election_held, candidate):
    kind, item = drawn
    others = {"vulnerable_workers": item}
    context = CheckContext(
        date(2025, 1, 1), date(2025, 12, 31), election_held, (BPU,), candidate, others, {2025: "32.15", 200: "1"}
    )
    spec = KINDS[kind]
    for check in run_checks(kind, item, context):
        assert check.severity in ("ok", "ask", "info")
        assert all(isinstance(value, Quantity) for value in check.params.values())
        assert all(f"%({name})s" in check.message for name in check.params)
        assert check.message % check.params
        assert all(spec.field(figure) for figure in check.figures)
        assert check.ref.startswith(check.code)
    for line in arithmetic(kind, item, context):
        assert line.terms[0].sign == ""
        assert all(term.sign for term in line.terms[1:])
        assert all(spec.field(figure) for figure in line.figures)
    assert claims(kind, item, election_held=election_held, candidate=candidate) is not None
    assert blank_figures(kind, item, election_held=election_held, candidate=candidate) is not None


@given(st.lists(st.tuples(st.integers(0, 9_999), st.integers(0, 14), st.integers(0, 10**9)), max_size=6), st.randoms())
def test_the_order_of_the_lines_changes_nothing_that_the_checks_say(rows, chance: random.Random):
    lines = [
        {"key": f"k{place}", "name": f"Desa {place}", "people": people, "months": months, "amount": amount}
        for place, (people, months, amount) in enumerate(rows)
    ]
    mixed = chance.sample(lines, len(lines))
    for kind, fields in (
        ("village_allocation", {"villages.count": 3}),
        ("vulnerable_workers", {"target.people": 9_000}),
    ):

        def said(of: list[dict[str, object]], kind: str = kind, fields: dict[str, int] = fields) -> set[str]:
            found = run_checks(kind, {"fields": fields, "lines": of}, CONTEXT)
            return {f"{c.ref} {c.severity} {sorted(c.params.items())} {sorted(c.figures)}" for c in found}

        assert said(lines) == said(mixed)


@given(st.text(max_size=5))
def test_an_item_of_no_form_at_all_is_an_empty_one(words):
    for kind in KINDS:
        assert run_checks(kind, {"fields": words, "lines": words}, CONTEXT) == run_checks(kind, {}, CONTEXT)
