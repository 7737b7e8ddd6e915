"""Typed evidence: what each kind asks for, which figures it claims, and what the checks say about them.

Nothing here raises on a half-filled item, blocks a submission or knows the clock. The checks answer with message ids
and typed values (`paritrana.core.quantities`); the web layer translates and writes them.
"""

from paritrana.core.evidence.checks import ArithmeticLine, Check, CheckContext, Term
from paritrana.core.evidence.choices import REGENCY
from paritrana.core.evidence.kinds import KINDS, arithmetic, followed, run_checks
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
    "filled_figures",
    "followed",
    "line_figure",
    "line_key_of",
    "run_checks",
]


def claims(
    kind: str, data: Stored, *, election_held: bool = True, candidate: str = REGENCY
) -> dict[str, int | str | None]:
    """The figures a verifier judges, figure key to claimed value, in the order of the form.

    A required figure that was left blank is claimed as None, so that its row stands in the verification; an optional
    blank one is left out.
    """
    found = entries(KINDS[kind], data, election_held=election_held, candidate=candidate)
    return {key: value for key, field, value in found if field.counted and (field.required or value is not None)}


def blank_figures(kind: str, data: Stored, *, election_held: bool = True, candidate: str = REGENCY) -> tuple[str, ...]:
    """The keys of the required fields, counted or not, that are not filled in."""
    found = entries(KINDS[kind], data, election_held=election_held, candidate=candidate)
    return tuple(key for key, field, value in found if field.required and value is None)


def filled_figures(kind: str, data: Stored, *, election_held: bool = True, candidate: str = REGENCY) -> tuple[int, int]:
    """How many of the required fields are filled in, and how many there are; every line adds its own."""
    found = entries(KINDS[kind], data, election_held=election_held, candidate=candidate)
    needed = [value for _key, field, value in found if field.required]
    return sum(1 for value in needed if value is not None), len(needed)
