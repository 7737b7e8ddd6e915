"""Reads of what is published, and of what waits to be."""

from collections.abc import Collection, Mapping, Sequence

from sqlalchemy import func, select
from sqlalchemy.orm import joinedload

from paritrana.core.lifecycle import State
from paritrana.cycles.models import Category, Proposal
from paritrana.cycles.queries import core_rubric, rubric_of
from paritrana.database import db
from paritrana.panels.models import JUDGING, Seat
from paritrana.publication.models import Publication
from paritrana.publication.snapshot import snapshot
from paritrana.results.models import Seal
from paritrana.results.queries import awards_of, get_proposal_of
from paritrana.results.table import Json

PUBLISH_ACT = "publish_results"


def published(category: Category) -> Publication | None:
    """The newest published version of a category's result, where there is one (one statement)."""
    if category.stored_state < State.PUBLISHED:
        return None
    return db.session.scalar(
        select(Publication)
        .where(Publication.category_id == category.id)
        .order_by(Publication.version_no.desc())
        .limit(1)
    )


def published_in(category_ids: Collection[int]) -> Mapping[int, Publication]:
    """The newest published versions of these categories (one statement)."""
    newest = (
        select(Publication.category_id, func.max(Publication.version_no).label("no"))
        .where(Publication.category_id.in_(category_ids))
        .group_by(Publication.category_id)
        .subquery()
    )
    found = db.session.scalars(
        select(Publication).join(
            newest, (Publication.category_id == newest.c.category_id) & (Publication.version_no == newest.c.no)
        )
    )
    return {one.category_id: one for one in found}


def latest_published(limit: int) -> Sequence[Publication]:
    """The newest versions of the categories published last, newest first, category and cycle loaded (one statement)."""
    newest = (
        select(Publication.category_id, func.max(Publication.version_no).label("no"))
        .group_by(Publication.category_id)
        .subquery()
    )
    return db.session.scalars(
        select(Publication)
        .join(newest, (Publication.category_id == newest.c.category_id) & (Publication.version_no == newest.c.no))
        .join(Publication.category)
        .where(Category.state >= int(State.PUBLISHED))
        .options(joinedload(Publication.category, innerjoin=True).joinedload(Category.cycle, innerjoin=True))
        .order_by(Publication.published_at.desc(), Publication.id.desc())
        .limit(limit)
    ).all()


def panel_by_constituency(category_ids: Collection[int]) -> Mapping[int, Sequence[tuple[str, int]]]:
    """How many seats each constituency has in these categories, without names (one statement)."""
    rows = db.session.execute(
        select(Seat.category_id, Seat.constituency, func.count())
        .where(Seat.category_id.in_(category_ids), Seat.ended_at.is_(None), Seat.role.in_(JUDGING))
        .group_by(Seat.category_id, Seat.constituency)
        .order_by(Seat.category_id, Seat.constituency)
    ).all()
    found: dict[int, list[tuple[str, int]]] = {one: [] for one in category_ids}
    for category_id, constituency, seats in rows:
        found[category_id].append((constituency, seats))
    return found


def table_of(category: Category, seal: Seal) -> Json:
    """The snapshot of a sealed result as it will be published (a fixed number of statements)."""
    version = rubric_of(category)
    titles = {one.nomination.candidate_code: (one.title_id, one.title_en) for one in awards_of(category)}
    return snapshot(
        category,
        seal.run.bundle,
        version,
        core_rubric(version),
        titles=titles,
        panel=panel_by_constituency([category.id])[category.id],
        facts={
            "decree": category.cycle.decree,
            "run": seal.run.no,
            "sheets_in": seal.run.sheets_in,
            "sheets_due": seal.run.sheets_due,
            "sealed_at": seal.sealed_at.isoformat(),
        },
    )


def get_publish_proposal(cycle: str, cat: str, proposal: str) -> Proposal:
    """A proposal to publish the result of a category. Raises `NotFound`."""
    return get_proposal_of(PUBLISH_ACT, cycle, cat, proposal)
