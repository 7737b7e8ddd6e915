"""Reads of the set-up: which cycles of an area there are, which national ones are fed, and how far each step is."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import func, select, true
from sqlalchemy.orm import joinedload, selectinload

from paritrana.core.errors import NotFound
from paritrana.core.lifecycle import State
from paritrana.core.policy import Actor
from paritrana.core.words import N_
from paritrana.cycles.models import Category, Cycle
from paritrana.database import db
from paritrana.reference.queries import find_target

# The steps of the set-up in the order of the page.
IDENTITY, CATEGORIES, TITLES, CALENDAR, FIGURES, RUBRICS = (
    "identity", "categories", "titles", "calendar", "figures", "rubrics",
)  # fmt: skip
STEPS: Final[Mapping[str, str]] = {
    IDENTITY: N_("Year, area and name"),
    CATEGORIES: N_("Categories"),
    TITLES: N_("Ranks and titles"),
    CALENDAR: N_("Calendar"),
    FIGURES: N_("Targets and rates"),
    RUBRICS: N_("Rubrics"),
}
# Without these dates a category does not open.
NEEDED: Final = ("opens_at", "closes_at", "grace_ends_at")


@dataclass(frozen=True)
class Gap:
    """Something that a step still lacks: a sentence, and the category it is about, where it is about one."""

    step: str
    message: str
    params: Mapping[str, Any]
    category: Category | None = None


def get_whole_cycle(cycle: str) -> Cycle:
    """The cycle with everything that its set-up shows (five statements). Raises `NotFound`."""
    found = db.session.scalar(
        select(Cycle)
        .where(Cycle.code == cycle)
        .options(
            joinedload(Cycle.feeds),
            selectinload(Cycle.categories).options(
                joinedload(Category.rubric), selectinload(Category.titles), selectinload(Category.honours)
            ),
        )
    )
    if found is None:
        raise NotFound
    return found


def organised_by(actor: Actor) -> Sequence[Cycle]:
    """The cycles that a person organises, without rehearsals, newest first, categories loaded (two statements)."""
    return db.session.scalars(
        select(Cycle)
        .where(Cycle.id.in_(actor.organises), Cycle.rehearses_id.is_(None))
        .options(selectinload(Cycle.categories))
        .order_by(Cycle.assessment_year.desc(), Cycle.code)
    ).all()


def may_set_up(organised: Sequence[Cycle], tier: str, region_code: str) -> bool:
    """Whether somebody who organises these cycles sets up one of this tier and area.

    Who organises the national award sets up every area's; others their own province's.
    """
    return any(one.tier == "national" or (tier == "province" and one.region_code == region_code) for one in organised)


def same_award(kind: str, year: int, tier: str, region_code: str, *, besides: int | None = None) -> Cycle | None:
    """The cycle of this kind that judges this year on this tier in this area, where there is one (one statement)."""
    return db.session.scalar(
        select(Cycle)
        .where(
            Cycle.kind == kind,
            Cycle.assessment_year == year,
            Cycle.tier == tier,
            Cycle.rehearses_id.is_(None),
            true() if tier == "national" else Cycle.region_code == region_code,
            true() if besides is None else Cycle.id != besides,
        )
        .limit(1)
    )


def code_is_taken(code: str) -> bool:
    """Whether a cycle has this code (one statement)."""
    return db.session.scalar(select(func.count()).where(Cycle.code == code)) != 0


def national_cycles(cycle: Cycle) -> Sequence[Cycle]:
    """The national cycles that a provincial one may feed: same kind and year (one statement)."""
    return db.session.scalars(
        select(Cycle)
        .where(
            Cycle.tier == "national",
            Cycle.kind == cycle.kind,
            Cycle.assessment_year == cycle.assessment_year,
            Cycle.rehearses_id.is_(None),
        )
        .order_by(Cycle.code)
    ).all()


def feeding(cycle: Cycle) -> Sequence[Cycle]:
    """The provincial cycles whose winners go on to this one, by code, with categories and titles (three statements)."""
    return db.session.scalars(
        select(Cycle)
        .where(Cycle.feeds_id == cycle.id, Cycle.rehearses_id.is_(None))
        .options(selectinload(Cycle.categories).selectinload(Category.titles))
        .order_by(Cycle.code)
    ).all()


def is_draft(cycle: Cycle) -> bool:
    """Whether nothing of the cycle is open yet."""
    return all(one.stored_state is State.DRAFT for one in cycle.categories)


def gaps_of(cycle: Cycle, at: datetime) -> list[Gap]:
    """What the set-up of a cycle still lacks, in the order of the steps (one statement).

    Only categories in draft are looked at: what is open was complete. `at` is the cycle's time.
    """
    drafts = [one for one in cycle.categories if one.stored_state is State.DRAFT]
    found = [] if cycle.categories else [Gap(CATEGORIES, N_("The cycle has no category yet."), {})]
    for one in drafts:
        ranks = {title.rank for title in one.titles}
        missing = [rank for rank in range(1, one.ranks + 1) if rank not in ranks]
        if missing:
            found.append(Gap(TITLES, N_("Ranks without a title: %(n)s."), {"n": len(missing)}, one))
        if any(getattr(one, name) is None for name in NEEDED):
            message = N_("The calendar lacks the opening, the deadline or the end of the grace time.")
            found.append(Gap(CALENDAR, message, {}, one))
        elif one.closes_at is not None and one.closes_at <= at:
            found.append(Gap(CALENDAR, N_("The deadline has already passed."), {}, one))
        if one.rubric is None:
            found.append(Gap(RUBRICS, N_("No rubric is chosen."), {}, one))
        elif one.rubric.frozen_at is None:
            found.append(Gap(RUBRICS, N_("The rubric is not frozen."), {}, one))
    if drafts and not _has_target(cycle):
        message = N_("There is no target of this instrument for %(year)s.")
        found.append(Gap(FIGURES, message, {"year": str(cycle.target_year)}))
    return sorted(found, key=lambda gap: list(STEPS).index(gap.step))


def _has_target(cycle: Cycle) -> bool:
    region = None if cycle.tier == "national" else cycle.region_code
    return find_target(region, cycle.target_year, cycle.target_instrument) is not None
