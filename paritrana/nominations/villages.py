"""What the roll-up of villages reads: the norm, which is data, and the villages that the register knows."""

from collections.abc import Mapping, Sequence
from typing import Final

from sqlalchemy import or_, select

from paritrana.cycles.models import Category, Cycle, Indicator, RubricVersion
from paritrana.database import db
from paritrana.reference.models import Organisation, Region, TargetFigure

METRIC: Final = "vulnerable_workers_per_village"
EVERYWHERE: Final = ""  # the norm where no region has one of its own
NORM_PARAM: Final = "fixed_people"  # of the rule by which a rubric judges a village's vulnerable workers
KIND: Final = "village_allocation"


def village_norms(cycle: Cycle) -> Mapping[str, int]:
    """How many vulnerable workers a village should protect: by code of province or regency, else `EVERYWHERE`.

    The organisers' own norm (`cycle.settings["norm_per_village"]`) holds alone. Otherwise the newest target up to the
    assessment year holds in its area, and elsewhere the number by which the cycle's rubric of villages judges them,
    or the newest frozen rubric of villages where the cycle has none. Empty where nobody set a norm. Two statements,
    none where the organisers set it.
    """
    chosen = (cycle.settings or {}).get("norm_per_village")
    if chosen is not None:
        return {EVERYWHERE: chosen}
    norms = _of_rubrics(cycle)
    rows = db.session.execute(
        select(TargetFigure.region_code, TargetFigure.value)
        .where(
            TargetFigure.kind == "target",
            TargetFigure.metric == METRIC,
            TargetFigure.area_kind.in_(("national", "province", "regency", "city")),
            TargetFigure.year <= cycle.assessment_year,
        )
        .order_by(TargetFigure.year, TargetFigure.key)
    )
    return norms | {code or EVERYWHERE: int(value) for code, value in rows}


def _of_rubrics(cycle: Cycle) -> dict[str, int]:
    """The number in a rubric of villages: the cycle's own where it has one, else the newest."""
    mine = select(Category.rubric_version_id).where(Category.cycle_id == cycle.id)
    rows = db.session.scalars(
        select(Indicator.rule_params)
        .join(RubricVersion, RubricVersion.id == Indicator.rubric_version_id)
        .where(
            RubricVersion.category_kind == "village",
            Indicator.rule.is_not(None),
            or_(RubricVersion.id.in_(mine), RubricVersion.frozen_at.is_not(None)),
        )
        .order_by(RubricVersion.id.in_(mine).desc(), RubricVersion.id.desc(), Indicator.position)
    )
    for params in rows:
        if params and NORM_PARAM in params:
            return {EVERYWHERE: int(params[NORM_PARAM])}
    return {}


def norm_for(norms: Mapping[str, int], region: Region) -> int | None:
    """The norm of a region: its own, its province's, or the one that holds everywhere; None where there is none."""
    found = norms.get(region.code)
    if found is None and region.parent_code is not None:
        found = norms.get(region.parent_code)
    return norms.get(EVERYWHERE) if found is None else found


def villages_in(region: Region, cycle: Cycle) -> Sequence[str]:
    """The names of the villages that the register has in a regency, in order (one statement)."""
    statement = select(Organisation.name).where(
        Organisation.kind == "village",
        Organisation.region_code == region.code,
        Organisation.rehearsal.is_(cycle.rehearsal),
    )
    if not cycle.simulated:
        statement = statement.where(Organisation.fictitious.is_(False))
    return db.session.scalars(statement.order_by(Organisation.name)).all()
