"""What a rubric may say about each named rule of a computed indicator: its parameters and the figures it reads.

The rules themselves stand in `core.computed`; here stands what their data must look like, in the order in which a
rubric's file writes it. Source: docs/method.md, section 3.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from paritrana.core.computed import INPUTS
from paritrana.core.coverage import SEGMENTS
from paritrana.core.errors import ParitranaError
from paritrana.core.evidence.choices import NON_ASN_GROUPS, PROGRAMMES, SEGMENT_NAMES
from paritrana.core.rounding import parse_decimal
from paritrana.core.words import N_


class ParamKind(StrEnum):
    """What the value of a parameter is."""

    NUMBER = "number"  # a decimal text of zero or more
    POSITIVE = "positive"  # a decimal text above zero
    CODES = "codes"  # a list of known codes, at least one
    FLAG = "flag"  # true or false
    WORD = "word"  # one known word
    LADDER = "ladder"  # [[share, value], …]


@dataclass(frozen=True, slots=True)
class Param:
    """One parameter of a rule. `known` are codes with their labels; `default` is what a new indicator begins with."""

    name: str
    kind: ParamKind
    label: str
    default: Any = None
    needed: bool = True
    known: Mapping[str, str] | None = None


@dataclass(frozen=True, slots=True)
class RuleData:
    """What a rubric says about one rule: its parameters, and the names of what it reads.

    `figures` is how many figures it reads by these names, at least and at most; None where the names only tell.
    """

    label: str
    params: tuple[Param, ...]
    inputs: tuple[str, ...]
    figures: tuple[int, int] | None = None


_CAP: Final = Param("cap", ParamKind.NUMBER, N_("Highest value"), "10")
_MONTHS: Final = Param("months", ParamKind.POSITIVE, N_("Months of a whole year"), "12")
_MANY: Final = 20


def _switch(word: str, label: str) -> tuple[Param, Param]:
    known = {word: label}
    return (
        Param("alternative", ParamKind.WORD, N_("Other reading, for information"), None, False, known),
        Param("switch", ParamKind.WORD, N_("Other reading, in force"), None, False, known),
    )


RULE_DATA: Final[Mapping[str, RuleData]] = {
    "ratio_capped": RuleData(
        N_("Part of a whole"),
        (
            Param("groups", ParamKind.CODES, N_("Groups"), None, False, NON_ASN_GROUPS),
            Param("skip_group_without_target", ParamKind.FLAG, N_("Leave out a group without people"), None, False),
            _CAP,
        ),
        ("registered_workers", "total_workers"),
        (2, 2),
    ),
    "person_months_share": RuleData(
        N_("Person-months paid"),
        (
            _MONTHS,
            Param("benchmark_share", ParamKind.POSITIVE, N_("Share that earns the full value"), "0.3"),
            _CAP,
        ),
        ("vulnerable_person_months_paid", "vulnerable_target_people"),
    ),
    "ratio_to_target": RuleData(
        N_("Coverage against the target"),
        (_CAP, *_switch("percent_div_10", N_("The percentage itself"))),
        ("active_participants_total", "target_workers_total", "ucj_target_percent"),
    ),
    "pp_growth_linear": RuleData(
        N_("Rise of the coverage"),
        (
            Param("full_score_at_pp", ParamKind.POSITIVE, N_("Percentage points that earn the full value"), "5"),
            Param("full_score_at_percent", ParamKind.POSITIVE, N_("Growth that earns the full value"), None, False),
            Param("floor", ParamKind.NUMBER, N_("Lowest value"), "0"),
            _CAP,
            *_switch("relative_growth", N_("Relative growth")),
        ),
        ("coverage_percent_prev", "coverage_percent"),
    ),
    "lowest_segment_ratio": RuleData(
        N_("Weakest segment against the target"),
        (
            Param(
                "segments", ParamKind.CODES, N_("Segments"), ["pu", "bpu", "jakon"], True,
                {code: SEGMENT_NAMES[code] for code in SEGMENTS},
            ),
            _CAP,
        ),
        ("segment_coverage_percent", "ucj_target_percent"),
    ),
    "share_of_units": RuleData(N_("Share of the units"), (_CAP,), ("units_with_regulation", "units_total"), (2, 2)),
    "percent_div_10": RuleData(
        N_("Percentage on the scale"), (_CAP,), ("active_participants_total", "working_residents"), (2, 2)
    ),
    "person_months_vs_lower_of": RuleData(
        N_("Person-months against the lower number"),
        (
            _MONTHS,
            Param("fixed_people", ParamKind.POSITIVE, N_("Fixed number of people"), "100"),
            Param("share", ParamKind.POSITIVE, N_("Share of the working residents"), "0.1"),
            _CAP,
        ),
        ("vulnerable_person_months_paid", "working_residents"),
    ),
    "on_time_months": RuleData(
        N_("Months paid on time"),
        (
            _MONTHS,
            Param("arrears_cap_from", ParamKind.NUMBER, N_("Months of arrears from which a limit holds"), None, False),
            Param("arrears_cap_score", ParamKind.NUMBER, N_("Limit with arrears"), None, False),
            _CAP,
        ),
        ("months_on_time",),
    ),
    "programme_completeness": RuleData(
        N_("Programmes joined"),
        (
            Param("required", ParamKind.CODES, N_("Required programmes"), ["jkk", "jkm", "jht"], True, PROGRAMMES),
            Param("full", ParamKind.CODES, N_("Programmes for the full value"), None, False, PROGRAMMES),
            Param("full_count", ParamKind.POSITIVE, N_("Number of programmes for the full value"), "4", False),
            Param("score_required", ParamKind.NUMBER, N_("Value with the required programmes"), "7"),
            Param("score_full", ParamKind.NUMBER, N_("Full value"), "10"),
        ),
        ("programmes_joined",),
    ),
    "threshold_ladder": RuleData(
        N_("Thresholds"),
        (
            Param("thresholds", ParamKind.LADDER, N_("Thresholds"), [["0.5", "6"], ["0.9", "9"], ["1", "10"]]),
            Param("clause_only_score", ParamKind.NUMBER, N_("Value of the clause alone"), "3"),
        ),
        ("vendors_verified", "vendors_total", "has_contract_clause"),
    ),
    "checklist": RuleData(
        N_("Check list"),
        (Param("points_each", ParamKind.POSITIVE, N_("Value of each check"), "2"), _CAP),
        ("informs_staff", "since_hiring", "safety_basics", "posts_claim_flow", "membership_3_years"),
        (1, _MANY),
    ),
    "valid_share_plus_checks": RuleData(
        N_("Valid records and services"),
        (
            Param("share_points", ParamKind.POSITIVE, N_("Value of all records valid"), "6"),
            Param("check_points", ParamKind.POSITIVE, N_("Value of each service"), "1"),
            _CAP,
        ),
        ("nik_valid", "nik_submitted", "has_perisai", "has_outreach", "has_registration_help", "has_claim_help"),
        (2, _MANY),
    ),
}  # fmt: skip

# The evidence that a rule reads without naming its figures one by one.
READS: Final[Mapping[str, str]] = {
    "ratio_to_target": "coverage",
    "pp_growth_linear": "coverage",
    "lowest_segment_ratio": "coverage",
    "programme_completeness": "compliance",
}


class BadFormula(Exception):
    """What is wrong with a formula: `pointer` inside it, `message` (an English id) and `params`."""

    def __init__(self, pointer: str, message: str, **params: object) -> None:
        super().__init__(message)
        self.pointer, self.message, self.params = pointer, message, params


def fresh_formula(rule: str) -> dict[str, Any]:
    """The formula with which an indicator by this rule begins."""
    data = RULE_DATA[rule]
    params = {one.name: one.default for one in data.params if one.default is not None}
    return {"rule": rule, "inputs": list(data.inputs), "params": params}


def in_order(formula: Mapping[str, Any]) -> dict[str, Any]:
    """The same formula, its keys in the order of the rule's data."""
    known = [one.name for one in RULE_DATA[formula["rule"]].params]
    params = formula["params"]
    return {
        "rule": formula["rule"],
        "inputs": list(formula["inputs"]),
        "params": {name: params[name] for name in known if name in params},
    }


def check_formula(formula: Mapping[str, Any]) -> None:
    """Refuse with `BadFormula` whatever the rule could not compute with; the rule itself is known."""
    data, params = RULE_DATA[formula["rule"]], formula["params"]
    known = {one.name: one for one in data.params}
    for name in params:
        if name not in known:
            raise BadFormula(f"/params/{name}", N_("This key is unknown."))
    for param in data.params:
        if param.name in params:
            _check(param, params[param.name], f"/params/{param.name}")
        elif param.needed:
            raise BadFormula("/params", N_("The key “%(key)s” is missing."), key=param.name)
    _check_together(formula)
    if data.figures is not None and "groups" not in params:
        _check_inputs(formula["inputs"], *data.figures)


def _check_together(formula: Mapping[str, Any]) -> None:
    params = formula["params"]
    if formula["rule"] == "programme_completeness" and "full" not in params and "full_count" not in params:
        raise BadFormula("/params", N_("The key “%(key)s” is missing."), key="full_count")
    if ("arrears_cap_from" in params) != ("arrears_cap_score" in params):
        missing = "arrears_cap_score" if "arrears_cap_from" in params else "arrears_cap_from"
        raise BadFormula("/params", N_("The key “%(key)s” is missing."), key=missing)
    if params.get("switch") == "relative_growth" and "full_score_at_percent" not in params:
        raise BadFormula("/params", N_("The key “%(key)s” is missing."), key="full_score_at_percent")


def _check_inputs(inputs: Sequence[str], least: int, most: int) -> None:
    if not least <= len(inputs) <= most:
        raise BadFormula("/inputs", N_("The rule reads %(least)s to %(most)s figures by name."), least=least, most=most)
    for place, name in enumerate(inputs):
        if name not in INPUTS:
            raise BadFormula(
                f"/inputs/{place}", N_("The value is not in the list: %(allowed)s."), allowed=", ".join(INPUTS)
            )


def _check(param: Param, value: Any, at: str) -> None:
    if param.kind is ParamKind.FLAG:
        if not isinstance(value, bool):
            raise BadFormula(at, N_("The value has the wrong type."))
    elif param.kind is ParamKind.WORD:
        _among(value, param.known or {}, at)
    elif param.kind is ParamKind.CODES:
        if not isinstance(value, list) or not value:
            raise BadFormula(at, N_("Choose at least one."))
        for place, code in enumerate(value):
            _among(code, param.known or {}, f"{at}/{place}")
    elif param.kind is ParamKind.LADDER:
        _check_ladder(value, at)
    else:
        _number(value, at, positive=param.kind is ParamKind.POSITIVE)


def _check_ladder(value: Any, at: str) -> None:
    if not isinstance(value, list) or not value:
        raise BadFormula(at, N_("The value has the wrong type."))
    for place, step in enumerate(value):
        if not isinstance(step, list) or len(step) != 2:
            raise BadFormula(f"{at}/{place}", N_("The value has the wrong type."))
        for number, text in enumerate(step):
            _number(text, f"{at}/{place}/{number}", positive=False)


def _among(value: Any, known: Mapping[str, str], at: str) -> None:
    if not isinstance(value, str) or value not in known:
        raise BadFormula(at, N_("The value is not in the list: %(allowed)s."), allowed=", ".join(known))


def _number(value: Any, at: str, *, positive: bool) -> None:
    try:
        number = parse_decimal(value) if isinstance(value, str) else None
    except ParitranaError:
        number = None
    if number is None:
        raise BadFormula(at, N_("A decimal number is written such as 7.75."))
    if number < 0 or (positive and number == 0):
        raise BadFormula(at, N_("The number is too small."))
