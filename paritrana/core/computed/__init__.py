"""Computed indicators: named rules that turn found figures into a value on the scale; no assessor types it.

A rule reads found (verified) figures only, exact from first to last; one rounding at the end, half up to the step of
the scale. A mandatory figure that was not found, or was judged unverifiable or outside the period, leaves no value and
is named; a line that was judged so does not count. Weights, caps and benchmarks come from the rubric's data.
Source: the design, section 4; the table of rules in the notes on the seed data; docs/method.md, section 3.
"""

from collections.abc import Callable, Mapping
from fractions import Fraction

from paritrana.core.computed.coverage import lowest_segment_ratio, pp_growth_linear, ratio_to_target
from paritrana.core.computed.lists import checklist, programme_completeness, threshold_ladder, valid_share_plus_checks
from paritrana.core.computed.months import on_time_months, person_months_share, person_months_vs_lower_of
from paritrana.core.computed.shares import percent_div_10, ratio_capped, share_of_units
from paritrana.core.computed.words import WORDS, in_words, label_of
from paritrana.core.computed.work import (
    INPUTS,
    BadParameter,
    Computation,
    FigureRef,
    FoundFigures,
    Step,
    Targets,
    UnknownComputedRule,
    Work,
)
from paritrana.core.quantities import Score, exact
from paritrana.core.rounding import decimal_string, to_step
from paritrana.core.words import N_

__all__ = [
    "INPUTS",
    "RULES",
    "WORDS",
    "BadParameter",
    "Computation",
    "FigureRef",
    "FoundFigures",
    "Step",
    "Targets",
    "UnknownComputedRule",
    "compute",
    "in_words",
    "label_of",
]

RULES: Mapping[str, Callable[[Work], Fraction | None]] = {
    rule.__name__: rule
    for rule in (
        ratio_capped,
        person_months_share,
        ratio_to_target,
        pp_growth_linear,
        lowest_segment_ratio,
        share_of_units,
        percent_div_10,
        person_months_vs_lower_of,
        on_time_months,
        programme_completeness,
        threshold_ladder,
        checklist,
        valid_share_plus_checks,
    )
}


def compute(
    rule: str,
    params: Mapping[str, object],
    figures: FoundFigures,
    targets: Targets,
    *,
    election_held: bool = True,
    scale_max: str | int = 10,
    step: str | int = "0.01",
) -> Computation:
    """Compute one indicator of one candidate.

    `params` are the rule's parameters from the rubric (decimal strings or ints; floats are refused), `switch` chooses
    the rule's other reading. `figures` are the found figures by kind, None for one judged unverifiable or outside the
    period. `targets`: the values of the cycle's target set by metric. `election_held`: without an election the group of
    election officials is left out. The value lies on `step`, half up. Raises `UnknownComputedRule` and `BadParameter`.
    """
    if rule not in RULES:
        raise UnknownComputedRule(rule=rule)
    work = Work(rule, params, figures, targets, exact(scale_max), election_held)
    found = RULES[rule](work)
    missing, inputs = tuple(dict.fromkeys(work.missing)), tuple(work.inputs.items())
    if found is None:
        return Computation(None, None, tuple(work.steps), missing, inputs)
    grain = exact(step)
    value = to_step(found, grain)
    work.explain(N_("Value: %(value)s"), value=Score(value))
    return Computation(decimal_string(value, _decimals(grain)), found, tuple(work.steps), missing, inputs)


def _decimals(step: Fraction) -> int:
    """How many decimals the multiples of a step need: 0.01 needs 2, 0.25 needs 2, 1 needs none."""
    decimals = 0
    while (step * 10**decimals).denominator != 1:
        decimals += 1
    return decimals
