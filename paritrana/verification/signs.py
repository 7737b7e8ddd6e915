"""What the figures of a nomination say of its conditions, beside what the nominee states."""

from collections.abc import Mapping
from typing import Any

from paritrana.core.evidence.checks import Check
from paritrana.core.gates import KIND
from paritrana.nominations.conditions import contradicted
from paritrana.verification.figures import WITHOUT_VALUE
from paritrana.verification.queries import Case


def signs_of(case: Case) -> Mapping[str, Check]:
    """What speaks against a condition, by its code: of verified figures where there are, else of claimed ones."""
    item = next((one for one in case.items if one.kind == KIND), None)
    if item is None:
        return {}
    fields: dict[str, Any] = {}
    for row in item.rows:
        if row.unseen:
            continue  # what it says of a condition would tell of the claim
        if row.finding is None:
            fields[row.figure.key] = row.figure.claimed
        elif row.finding.verdict not in WITHOUT_VALUE:
            fields[row.figure.key] = row.found
    return contradicted(case.rubric, {"fields": fields})
