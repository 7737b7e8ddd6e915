"""The twelve months of an employer's contributions as they are read beside the other figures."""

from collections.abc import Mapping
from typing import Any

from paritrana.core.evidence import KINDS, payments
from paritrana.core.evidence.stored import day, fields_of, text
from paritrana.core.quantities import Day, Label, Quantity

_WORDS = dict(payments.STATES)


def months_of(kind: str, data: Mapping[str, Any]) -> list[tuple[Quantity, Quantity | None, Quantity | None]]:
    """Month, payment and its day, None where nothing is said; empty for another kind and where no month speaks."""
    fields = fields_of(data)
    if KINDS.get(kind) is None or KINDS[kind].field(payments.ON_TIME) is None:
        return []
    if payments.totals(fields).blank == len(payments.KEYS):
        return []
    found: list[tuple[Quantity, Quantity | None, Quantity | None]] = []
    for (label, _of_day), (state, on) in zip(payments.LABELS, payments.KEYS, strict=True):
        said, paid_on = text(fields, state), day(fields, on)
        found.append((Label(label), Label(_WORDS[said]) if said in _WORDS else None, Day(paid_on) if paid_on else None))
    return found
