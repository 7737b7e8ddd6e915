"""The twelve kinds of typed evidence: each stands with its fields, checks and sums in a module of its own.

Source: the design, section 4.
"""

from collections.abc import Callable, Mapping

from paritrana.core.evidence import (
    beneficiary_list,
    budget,
    compliance,
    coverage,
    csr,
    development_target,
    innovation,
    non_asn_protection,
    permit_compliance,
    regulation,
    village_allocation,
    vulnerable_workers,
)
from paritrana.core.evidence.checks import ArithmeticLine, Check, CheckContext
from paritrana.core.evidence.specs import KindSpec, Stored

_MODULES = (
    coverage,
    non_asn_protection,
    vulnerable_workers,
    budget,
    village_allocation,
    permit_compliance,
    regulation,
    csr,
    development_target,
    innovation,
    compliance,
    beneficiary_list,
)

KINDS: Mapping[str, KindSpec] = {module.SPEC.kind: module.SPEC for module in _MODULES}
_CHECKS: Mapping[str, Callable[[Stored, CheckContext], list[Check]]] = {
    module.SPEC.kind: module.checks for module in _MODULES
}
_ARITHMETIC: Mapping[str, Callable[[Stored, CheckContext], list[ArithmeticLine]]] = {
    module.SPEC.kind: module.arithmetic for module in _MODULES
}


def followed(kind: str, data: Stored) -> dict[str, int]:
    """The single figures of an item that were left empty and follow from its other entries, by figure key."""
    return compliance.followed(data) if kind == compliance.SPEC.kind else {}


def run_checks(kind: str, data: Stored, context: CheckContext) -> list[Check]:
    """What the checks of a kind say about a stored item, in the order of the form. Raises KeyError for no such kind."""
    return _CHECKS[kind](data, context)


def arithmetic(kind: str, data: Stored, context: CheckContext) -> list[ArithmeticLine]:
    """The sums of a stored item as people write them, for the arithmetic panel."""
    return _ARITHMETIC[kind](data, context)
