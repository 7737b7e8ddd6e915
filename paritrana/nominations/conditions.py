"""The conditions of a rubric beside the figures of a nomination. Nothing here touches the database."""

from collections.abc import Mapping
from typing import Any

from paritrana.core.evidence.checks import Check
from paritrana.core.gates import COMPLETENESS, against
from paritrana.cycles.models import RubricVersion


def required_programmes(rubric: RubricVersion) -> tuple[str, ...]:
    """The programmes that the rubric asks every candidate to join, by code; none where it does not judge them."""
    for indicator in rubric.indicators:
        if indicator.rule == COMPLETENESS and indicator.rule_params:
            return tuple(indicator.rule_params.get("required", ()))
    return ()


def contradicted(rubric: RubricVersion, data: Mapping[str, Any]) -> Mapping[str, Check]:
    """What the saved figures of `compliance` say against a condition, by its code."""
    required = required_programmes(rubric)
    found = {gate["code"]: against(gate["code"], data, required) for gate in rubric.gates}
    return {code: check for code, check in found.items() if check is not None}
