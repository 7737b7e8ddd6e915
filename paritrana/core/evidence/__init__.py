"""Typed evidence: what each kind asks for, which figures it claims, and what the checks say about them.

Nothing here raises on a half-filled item, blocks a submission or knows the clock. The checks answer with message ids
and typed values (`paritrana.core.quantities`); the web layer translates and writes them.
"""

from collections.abc import Callable, Mapping

from paritrana.core.evidence import (
    coverage,
    non_asn_protection,
    permit_compliance,
    village_allocation,
    vulnerable_workers,
)
from paritrana.core.evidence.checks import ArithmeticLine, Check, CheckContext, Term
from paritrana.core.evidence.kinds import KINDS
from paritrana.core.evidence.specs import (
    FieldKind,
    FieldSpec,
    KindSpec,
    LineSpec,
    Stored,
    line_figure,
    line_key_of,
)
from paritrana.core.evidence.stored import entries

__all__ = [
    "KINDS",
    "ArithmeticLine",
    "Check",
    "CheckContext",
    "FieldKind",
    "FieldSpec",
    "KindSpec",
    "LineSpec",
    "Stored",
    "Term",
    "arithmetic",
    "blank_figures",
    "claims",
    "line_figure",
    "line_key_of",
    "run_checks",
]

_CHECKS: Mapping[str, Callable[[Stored, CheckContext], list[Check]]] = {
    "coverage": coverage.checks,
    "non_asn_protection": non_asn_protection.checks,
    "vulnerable_workers": vulnerable_workers.checks,
    "permit_compliance": permit_compliance.checks,
    "village_allocation": village_allocation.checks,
}

_ARITHMETIC: Mapping[str, Callable[[Stored, CheckContext], list[ArithmeticLine]]] = {
    "coverage": coverage.arithmetic,
    "non_asn_protection": non_asn_protection.arithmetic,
    "vulnerable_workers": vulnerable_workers.arithmetic,
    "permit_compliance": permit_compliance.arithmetic,
    "village_allocation": village_allocation.arithmetic,
}


def run_checks(kind: str, data: Stored, context: CheckContext) -> list[Check]:
    """What the checks of a kind say about a stored item, in the order of the form. Raises KeyError for no such kind."""
    return _CHECKS[kind](data, context)


def arithmetic(kind: str, data: Stored, context: CheckContext) -> list[ArithmeticLine]:
    """The sums of a stored item as people write them, for the arithmetic panel."""
    return _ARITHMETIC[kind](data, context)


def claims(kind: str, data: Stored, *, election_held: bool = True) -> dict[str, int | str | None]:
    """The figures a verifier judges, figure key to claimed value, in the order of the form.

    A required figure that was left blank is claimed as None, so that its row stands in the verification; an optional
    blank one is left out.
    """
    found = entries(KINDS[kind], data, election_held=election_held)
    return {key: value for key, field, value in found if field.counted and (field.required or value is not None)}


def blank_figures(kind: str, data: Stored, *, election_held: bool = True) -> tuple[str, ...]:
    """The keys of the required fields, counted or not, that are not filled in."""
    found = entries(KINDS[kind], data, election_held=election_held)
    return tuple(key for key, field, value in found if field.required and value is None)
