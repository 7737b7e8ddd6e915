"""Reads of the lists by name."""

from collections.abc import Collection, Sequence
from datetime import datetime

from sqlalchemy import func, or_, select, union_all
from sqlalchemy.orm import joinedload

from paritrana.core.errors import NotFound
from paritrana.core.lifecycle import State
from paritrana.cycles.models import Category, Cycle
from paritrana.database import db
from paritrana.jobs.models import Job
from paritrana.nominations.models import Nomination
from paritrana.nominations.namelists.models import ListOverlap, NameList
from paritrana.reference.models import Region

_WHOLE = joinedload(NameList.nomination, innerjoin=True).options(
    joinedload(Nomination.category, innerjoin=True).joinedload(Category.cycle, innerjoin=True),
    joinedload(Nomination.organisation, innerjoin=True),
)


def get_list(ref: str) -> NameList:
    """The list with this reference, its nomination, category, cycle and organisation loaded. Raises `NotFound`."""
    found = db.session.scalar(select(NameList).where(NameList.ref == ref).options(_WHOLE))
    if found is None:
        raise NotFound
    return found


def newest_lists(nomination: Nomination) -> tuple[NameList | None, NameList | None]:
    """The list of a nomination that came last, and the last one that was checked (two statements)."""
    mine = select(NameList).where(NameList.nomination_id == nomination.id).order_by(NameList.id.desc()).limit(1)
    return db.session.scalar(mine), db.session.scalar(mine.where(NameList.state == "checked"))


def checked_list(nomination: Nomination) -> NameList | None:
    """The last list of a nomination that was checked (one statement)."""
    return newest_lists(nomination)[1]


def job_of(one: NameList) -> Job | None:
    """The job that reads a list (one statement)."""
    return None if one.job is None else db.session.scalar(select(Job).where(Job.ref == one.job))


def overlap_of(one: NameList) -> tuple[int, int]:
    """In how many other lists of the cycle numbers of this one stand, and how many numbers those are together.

    A number that stands in two other lists counts twice (one statement).
    """
    shared = union_all(
        select(ListOverlap.shared).where(ListOverlap.list_id == one.id),
        select(ListOverlap.shared).where(ListOverlap.other_id == one.id),
    ).subquery()
    lists, numbers = db.session.execute(select(func.count(), func.coalesce(func.sum(shared.c.shared), 0))).one()
    return int(lists), int(numbers)


def comparable(one: NameList, key_id: str) -> Sequence[int]:
    """The lists of other nominations of the same cycle whose marks were made with the same secret (one statement)."""
    return db.session.scalars(
        select(NameList.id)
        .join(NameList.nomination)
        .join(Nomination.category)
        .where(
            Category.cycle_id == one.nomination.category.cycle_id,
            NameList.nomination_id != one.nomination_id,
            NameList.key_id == key_id,
            NameList.marks.is_not(None),
        )
        .order_by(NameList.id)
    ).all()


def marks_of(list_id: int) -> bytes:
    """The marks of one list; none where they are erased by now (one statement)."""
    return db.session.scalar(select(NameList.marks).where(NameList.id == list_id)) or b""


def earlier_marked(one: NameList) -> Sequence[NameList]:
    """The other lists of the same nomination that still have marks (one statement)."""
    return db.session.scalars(
        select(NameList)
        .where(NameList.nomination_id == one.nomination_id, NameList.id != one.id, NameList.marks.is_not(None))
        .order_by(NameList.id)
    ).all()


def late_lists(before: datetime) -> Sequence[NameList]:
    """The lists that have waited since before `before` (one statement)."""
    return db.session.scalars(
        select(NameList)
        .where(NameList.state == "waiting", NameList.arrived_at < before)
        .options(_WHOLE)
        .order_by(NameList.id)
    ).all()


def outlived() -> Sequence[NameList]:
    """The lists whose marks have served: the category is archived, or the nomination withdrawn (one statement)."""
    return db.session.scalars(
        select(NameList)
        .join(NameList.nomination)
        .join(Nomination.category)
        .where(
            NameList.marks.is_not(None),
            or_(Category.state == int(State.ARCHIVED), Nomination.state == "withdrawn"),
        )
        .options(_WHOLE)
        .order_by(NameList.id)
    ).all()


def archived_cycles() -> Sequence[str]:
    """The codes of the cycles all of whose categories are archived (one statement)."""
    return db.session.scalars(
        select(Cycle.code)
        .join(Cycle.categories)
        .group_by(Cycle.id, Cycle.code)
        .having(func.min(Category.state) == int(State.ARCHIVED))
        .order_by(Cycle.code)
    ).all()


def region_digits() -> frozenset[str]:
    """The codes of all provinces and regencies without their point (one statement)."""
    return frozenset(code.replace(".", "") for code in db.session.scalars(select(Region.code)))


def known_lists(refs: Collection[str]) -> frozenset[str]:
    """Which of these references are of lists that wait (one statement)."""
    return frozenset(
        db.session.scalars(select(NameList.ref).where(NameList.ref.in_(refs), NameList.state == "waiting"))
    )
