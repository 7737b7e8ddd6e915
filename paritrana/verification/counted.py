"""The values that count: what the rules compute from verified figures, or what two people set in its place."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import contains_eager

from paritrana.core.computed import Computation
from paritrana.core.errors import NotFound
from paritrana.cycles.models import Category, Indicator, RubricVersion
from paritrana.database import db
from paritrana.nominations.models import Nomination
from paritrana.verification.models import Override, Verification
from paritrana.verification.values import computed_values


@dataclass(frozen=True)
class Counted:
    """What an indicator of a candidate counts with: its computation, and the override where one is in force."""

    computation: Computation
    override: Override | None = None

    @property
    def value(self) -> str | None:
        """The value on the scale; None where there is none."""
        return self.computation.value if self.override is None else self.override.value


def counted_values(
    category: Category, rubric: RubricVersion, nominations: Sequence[Nomination]
) -> Mapping[tuple[int, str], Counted]:
    """What every computed indicator of these nominations counts with (a fixed number of statements)."""
    values = computed_values(category, rubric, nominations)
    if not values:
        return {}
    in_force = overrides_in_force([one.id for one in nominations])
    return {key: Counted(computation, in_force.get(key)) for key, computation in values.items()}


def overrides_in_force(nomination_ids: Collection[int]) -> Mapping[tuple[int, str], Override]:
    """The overrides that count, by nomination and indicator (one statement)."""
    return _by_indicator(Override.state == "confirmed", Override.value.is_not(None), ids=nomination_ids)


def overrides_waiting(nomination_ids: Collection[int]) -> Mapping[tuple[int, str], Override]:
    """The overrides that wait for a second person, by nomination and indicator (one statement)."""
    return _by_indicator(Override.state == "proposed", ids=nomination_ids)


def _by_indicator(*conditions: ColumnElement[bool], ids: Collection[int]) -> Mapping[tuple[int, str], Override]:
    found = db.session.scalars(
        select(Override)
        .join(Override.verification)
        .where(Verification.nomination_id.in_(ids), *conditions)
        .options(contains_eager(Override.verification))
        .order_by(Override.id)
    )
    return {(one.verification.nomination_id, one.indicator): one for one in found}


def overrides_of(nomination: Nomination) -> Sequence[Override]:
    """Every override of a nomination, first to last (one statement)."""
    return db.session.scalars(
        select(Override)
        .join(Override.verification)
        .where(Verification.nomination_id == nomination.id)
        .order_by(Override.no)
        .execution_options(populate_existing=True)
    ).all()


def get_override(nomination: Nomination, no: int) -> Override:
    """Override number `no` of a nomination. Raises `NotFound`."""
    found = next((one for one in overrides_of(nomination) if one.no == no), None)
    if found is None:
        raise NotFound
    return found


def computed_indicator(rubric: RubricVersion, code: str) -> Indicator:
    """The computed indicator with this code. Raises `NotFound`, also for one that the panel marks."""
    found = next((one for one in rubric.indicators if one.code == code and one.source == "computed"), None)
    if found is None:
        raise NotFound
    return found


def set_values(nomination: Nomination) -> Mapping[str, dict[str, Any]]:
    """What is set for a nomination in place of computed values, by indicator, as `told` tells it (one statement)."""
    return {code: told(override) for (_id, code), override in overrides_in_force([nomination.id]).items()}


def told(override: Override) -> dict[str, Any]:
    """What is told of an override outside the verification: both values, the reason, and the roles of both persons."""
    return {
        "computed": override.computed,
        "set": override.value,
        "reason": override.reason,
        "first": "verifier",
        "second": "verifier",
    }
