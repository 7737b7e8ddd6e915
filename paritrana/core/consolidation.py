"""Which indicators a panel looks at once more: those whose marks lie too far apart.

Source: docs/method.md, section 2; the limit is the rubric's `consolidation_spread`.
"""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal

FIRST, SECOND = 1, 2


@dataclass(frozen=True, slots=True)
class Spread:
    """The lowest and the highest mark of one indicator of one candidate, in the units of the scale."""

    indicator: str
    low: Decimal
    high: Decimal

    @property
    def width(self) -> Decimal:
        """How far the marks lie apart."""
        return self.high - self.low


def spread(indicator: str, values: Iterable[Decimal]) -> Spread | None:
    """The spread of the marks of one indicator; None without a mark. A single mark has a width of zero."""
    found = list(values)
    return Spread(indicator, min(found), max(found)) if found else None


def too_wide(values: Mapping[str, Iterable[Decimal]], limit: Decimal) -> list[Spread]:
    """The indicators whose highest mark lies more than `limit` above the lowest, in the order of `values`.

    A spread that equals the limit is not listed. Abstentions are no values: the caller leaves them out.
    """
    spreads = (spread(indicator, marks) for indicator, marks in values.items())
    return [one for one in spreads if one is not None and one.width > limit]


def others_shown(policy: str, *, scoring: bool, all_in: bool) -> bool:
    """Whether a rubric shows an assessor, whose own sheet is in, the marks of the others.

    `policy`: `own_in` as soon as the own sheet is in, `all_in` once all are, `plenary` only after the scoring. It only
    narrows what the matrix of rights allows.
    """
    return not scoring or policy == "own_in" or (policy == "all_in" and all_in)


def letters(refs: Iterable[str], seed: str) -> dict[str, str]:
    """A letter for each assessor that tells nothing of the order of the seats: A, B, … Z, AA, AB, …

    The order is that of SHA-256 over `seed` and the reference, so that it is the same on every page about `seed`.
    """
    drawn = sorted(set(refs), key=lambda ref: hashlib.sha256(f"{seed} {ref}".encode()).digest())
    return {ref: _letter(place) for place, ref in enumerate(drawn)}


def _letter(place: int) -> str:
    rest, last = divmod(place, 26)
    return (_letter(rest - 1) if rest else "") + chr(ord("A") + last)
