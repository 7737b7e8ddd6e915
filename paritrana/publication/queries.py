"""Reads of what is published, and of what waits to be."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, Subquery, func, select
from sqlalchemy.orm import joinedload

from paritrana.core.lifecycle import State
from paritrana.cycles.models import Category, Proposal
from paritrana.cycles.queries import core_rubric, public_now, rubric_of, state_now
from paritrana.database import db
from paritrana.panels.models import JUDGING, Seat
from paritrana.publication.models import Publication, Recall
from paritrana.publication.snapshot import snapshot
from paritrana.results.models import ResultRun, Seal
from paritrana.results.plenary.queries import told_to_the_public
from paritrana.results.queries import awards_of, get_proposal_of
from paritrana.results.table import Json
from paritrana.scopes import everybody

PUBLISH_ACT = "publish_results"
RECALL_ACT = "recall_publication"
CORRECT_ACT = "correct_publication"


def publication_in_force(category: Category, at: datetime) -> Publication | None:
    """What the public sees of a category's result at the system's moment `at`, where it is public (one statement).

    The one place that says so, together with the two below: every public page, list, file and answer reads its
    version here, so that all of them change with the same instant.
    """
    return newest_version(category) if state_now(category, at) >= State.PUBLISHED else None


def newest_version(category: Category) -> Publication | None:
    """The newest version of a category's result, whether its time has come or not (one statement)."""
    return db.session.scalar(
        select(Publication)
        .where(Publication.category_id == category.id)
        .order_by(Publication.version_no.desc())
        .limit(1)
    )


def publications_in_force(categories: Iterable[Category], at: datetime) -> Mapping[int, Publication]:
    """What the public sees at `at` of those of `categories` whose result is public, by category (one statement)."""
    public = [one.id for one in categories if state_now(one, at) >= State.PUBLISHED]
    newest = _newest_no(public)
    found = db.session.scalars(select(Publication).join(newest, _is_newest(newest)))
    return {one.category_id: one for one in found}


def latest_published(limit: int, at: datetime) -> Sequence[Publication]:
    """What is in force at `at` of the categories published last, newest first, category and cycle loaded.

    Two statements.
    """
    newest = _newest_no()
    return db.session.scalars(
        select(Publication)
        .join(newest, _is_newest(newest))
        .join(Publication.category)
        .where(public_now(at))
        .options(joinedload(Publication.category, innerjoin=True).joinedload(Category.cycle, innerjoin=True))
        .order_by(Publication.published_at.desc(), Publication.id.desc())
        .limit(limit)
    ).all()


def versions_of(category: Category, at: datetime) -> Sequence[Publication]:
    """The versions of a category's result that were or are public at `at`, newest first (one statement)."""
    if state_now(category, at) < State.PUBLISHED:
        return []
    return db.session.scalars(
        select(Publication)
        .join(Recall, Recall.publication_id == Publication.id, isouter=True)
        .where(Publication.category_id == category.id, Recall.id.is_(None))
        .order_by(Publication.version_no.desc())
    ).all()


def scheduled(category: Category, at: datetime) -> Publication | None:
    """The confirmed publication of a category whose instant lies ahead of `at` (at most one statement)."""
    return None if state_now(category, at) is not State.SEALED else scheduled_in(category)


def scheduled_in(category: Category) -> Publication | None:
    """The confirmed publication of a sealed category that was not recalled (at most one statement)."""
    if category.stored_state is not State.SEALED or category.publishes_at is None:
        return None
    return db.session.scalar(
        select(Publication)
        .join(Recall, Recall.publication_id == Publication.id, isouter=True)
        .where(Publication.category_id == category.id, Recall.id.is_(None))
    )


def last_version_no(category: Category) -> int:
    """The number of the newest version, a recalled one counted, 0 without one (one statement)."""
    return (
        db.session.scalar(select(func.max(Publication.version_no)).where(Publication.category_id == category.id)) or 0
    )


def _newest_no(category_ids: Collection[int] | None = None) -> Subquery:
    statement = select(Publication.category_id, func.max(Publication.version_no).label("no"))
    if category_ids is not None:
        statement = statement.where(Publication.category_id.in_(category_ids))
    return statement.group_by(Publication.category_id).subquery()


def _is_newest(newest: Subquery) -> ColumnElement[bool]:
    return (Publication.category_id == newest.c.category_id) & (Publication.version_no == newest.c.no)


def panel_by_constituency(category_ids: Collection[int]) -> Mapping[int, Sequence[tuple[str, int]]]:
    """How many seats each constituency has in these categories, without names (one statement)."""
    with everybody("how a panel is put together is public; only counts are read"):
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
    titles = {one.nomination.candidate_code: (one.title_id, one.title_en) for one in awards_of(category)}
    return table_of_run(category, seal.run, titles, seal.sealed_at)


def table_of_run(
    category: Category, run: ResultRun, titles: Mapping[str, tuple[str, str]], sealed_at: datetime
) -> Json:
    """The snapshot of a run with the titles of its holders by candidate (a fixed number of statements)."""
    version = rubric_of(category)
    return snapshot(
        category,
        run.bundle,
        version,
        core_rubric(version),
        titles=titles,
        panel=panel_by_constituency([category.id])[category.id],
        facts={
            "decree": category.cycle.decree,
            "run": run.no,
            "sheets_in": run.sheets_in,
            "sheets_due": run.sheets_due,
            "sealed_at": sealed_at.isoformat(),
            "decisions": told_to_the_public(category),
        },
    )


def latest_corrections(limit: int) -> Sequence[Publication]:
    """The newest corrections of published results with category and cycle, newest first (one statement)."""
    return db.session.scalars(
        select(Publication)
        .where(Publication.replaces_no.is_not(None))
        .options(joinedload(Publication.category, innerjoin=True).joinedload(Category.cycle, innerjoin=True))
        .order_by(Publication.published_at.desc(), Publication.id.desc())
        .limit(limit)
    ).all()


def get_correct_proposal(cycle: str, cat: str, proposal: str) -> Proposal:
    """A proposal to correct a published result. Raises `NotFound`."""
    return get_proposal_of(CORRECT_ACT, cycle, cat, proposal)


def get_recall_proposal(cycle: str, cat: str, proposal: str) -> Proposal:
    """A proposal to take a publication back before its instant. Raises `NotFound`."""
    return get_proposal_of(RECALL_ACT, cycle, cat, proposal)


def get_publish_proposal(cycle: str, cat: str, proposal: str) -> Proposal:
    """A proposal to publish the result of a category. Raises `NotFound`."""
    return get_proposal_of(PUBLISH_ACT, cycle, cat, proposal)
