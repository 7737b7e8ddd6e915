"""Reads of rubric versions: what the organisers of a cycle see, where a version is used, what waits for the chair."""

from collections.abc import Collection, Mapping, Sequence

from sqlalchemy import ColumnElement, func, or_, select
from sqlalchemy.orm import joinedload, selectinload

from paritrana.core.errors import NotFound
from paritrana.core.lifecycle import State
from paritrana.cycles.models import Category, Cycle, Proposal, RubricVersion
from paritrana.cycles.queries import FREEZE_ACT
from paritrana.database import db


def _seen_from(cycle: Cycle) -> ColumnElement[bool]:
    """A version is seen from a cycle that made it or judges by it; what was delivered or published, from all."""
    used = select(Category.rubric_version_id).where(
        Category.rubric_version_id.is_not(None),
        or_(Category.cycle_id == cycle.id, Category.state >= int(State.PUBLISHED)),
    )
    return or_(RubricVersion.cycle_id.is_(None), RubricVersion.cycle_id == cycle.id, RubricVersion.id.in_(used))


def versions_for(cycle: Cycle) -> Sequence[RubricVersion]:
    """The versions that are seen from a cycle, its own first, newest version of each code first (one statement)."""
    return db.session.scalars(
        select(RubricVersion)
        .where(_seen_from(cycle))
        .order_by(RubricVersion.cycle_id.is_(None), RubricVersion.code, RubricVersion.version.desc())
    ).all()


def get_version(cycle: Cycle, rubric: str, version: int) -> RubricVersion:
    """A version that is seen from a cycle, with its indicators (two statements). Raises `NotFound`."""
    found = db.session.scalar(
        select(RubricVersion)
        .where(_seen_from(cycle), RubricVersion.code == rubric, RubricVersion.version == version)
        .options(selectinload(RubricVersion.indicators), joinedload(RubricVersion.cycle))
    )
    if found is None:
        raise NotFound
    return found


def uses_of(versions: Collection[RubricVersion], cycle: Cycle) -> Mapping[int, Sequence[Category]]:
    """The categories of this cycle, and the published ones of others, by the version they use (one statement)."""
    found: dict[int, list[Category]] = {one.id: [] for one in versions}
    rows = db.session.scalars(
        select(Category)
        .where(
            Category.rubric_version_id.in_(found),
            or_(Category.cycle_id == cycle.id, Category.state >= int(State.PUBLISHED)),
        )
        .options(joinedload(Category.cycle, innerjoin=True))
        .order_by(Category.cycle_id, Category.position)
    )
    for row in rows:
        found[row.rubric_version_id or 0].append(row)
    return found


def owners_of(code: str) -> set[int | None]:
    """The cycles whose organisers made versions with this code; None for the delivered ones (one statement)."""
    return set(db.session.scalars(select(RubricVersion.cycle_id).where(RubricVersion.code == code).distinct()))


def newest(code: str) -> int:
    """The highest number of a version with this code, 0 without one (one statement)."""
    return db.session.scalar(select(func.max(RubricVersion.version)).where(RubricVersion.code == code)) or 0


def waiting_for(ref: str) -> Sequence[Proposal]:
    """The proposals to freeze this version that wait for a chair (one statement)."""
    return db.session.scalars(
        select(Proposal)
        .where(Proposal.act == FREEZE_ACT, Proposal.subject_ref == ref, Proposal.state == "waiting")
        .options(joinedload(Proposal.category, innerjoin=True).joinedload(Category.cycle, innerjoin=True))
        .order_by(Proposal.id)
    ).all()


def get_freeze_proposal(cycle: str, cat: str, proposal: str) -> Proposal:
    """A proposal to freeze a version for a category. Raises `NotFound`."""
    found = db.session.scalar(
        select(Proposal)
        .join(Proposal.category)
        .join(Category.cycle)
        .where(Cycle.code == cycle, Category.slug == cat, Proposal.ref == proposal, Proposal.act == FREEZE_ACT)
        .options(joinedload(Proposal.category, innerjoin=True).joinedload(Category.cycle, innerjoin=True))
    )
    if found is None:
        raise NotFound
    return found


def published_like(kind: str) -> Sequence[Category]:
    """The categories of this kind whose result is published, newest year first, cycle loaded (one statement)."""
    return db.session.scalars(
        select(Category)
        .join(Category.cycle)
        .where(Category.kind == kind, Category.state >= int(State.PUBLISHED))
        .options(joinedload(Category.cycle, innerjoin=True))
        .order_by(Cycle.assessment_year.desc(), Cycle.code, Category.position)
    ).all()
