"""What the public pages ask for: cycles that show, the results of a region, past winners, the newest coverage."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import aliased

from paritrana.core.lifecycle import State
from paritrana.cycles.models import Category, Cycle
from paritrana.cycles.queries import cycles, state_now
from paritrana.database import db
from paritrana.nominations.models import Nomination
from paritrana.publication.models import Publication
from paritrana.publication.queries import publications_in_force
from paritrana.reference.models import Organisation, PastWinner, PublishedCoverage, Region


@dataclass(frozen=True)
class PublicCycle:
    """A cycle as the public sees it: its categories that are no draft, and which of them have a result."""

    cycle: Cycle
    categories: Sequence[tuple[Category, State]]

    @property
    def published(self) -> list[Category]:
        """The categories whose result is public."""
        return [category for category, state in self.categories if state >= State.PUBLISHED]

    @property
    def under_way(self) -> bool:
        """Whether a result is still to come."""
        return len(self.published) < len(self.categories)


@dataclass(frozen=True)
class Outcome:
    """What one published result says of a candidate of a region."""

    category: Category
    publication: Publication
    row: Mapping[str, Any]


def public_cycles(at: datetime) -> list[PublicCycle]:
    """Every cycle with a category that is no draft, newest assessment year first (two statements)."""
    found = []
    for cycle in cycles():
        categories = [(one, state) for one in cycle.categories if (state := state_now(one, at)) > State.DRAFT]
        if categories:
            found.append(PublicCycle(cycle, categories))
    return found


def all_in_force(at: datetime) -> list[Publication]:
    """Every publication in force, by cycle and category, category and cycle loaded (three statements)."""
    shown = [category for one in public_cycles(at) for category in one.published]
    found = publications_in_force(shown, at)
    return [found[one.id] for one in shown if one.id in found]


def regions_of_candidates(category: Category, candidates: Collection[str]) -> Mapping[str, Region]:
    """The region that each of these candidates lies in (at most two statements).

    A code that belongs to no nomination, as in a result that was taken over, is that of the region itself.
    """
    rows = db.session.execute(
        select(Nomination.candidate_code, Organisation.region_code)
        .join(Organisation, Organisation.id == Nomination.organisation_id)
        .where(Nomination.category_id == category.id, Nomination.candidate_code.in_(candidates))
    ).all()
    places = {code: code for code in candidates}
    for candidate, region in rows:
        places[candidate] = region
    found = db.session.scalars(select(Region).where(Region.code.in_(set(places.values()))))
    regions = {one.code: one for one in found}
    return {candidate: regions[code] for candidate, code in places.items() if code in regions}


def results_of(region_code: str, at: datetime) -> list[Outcome]:
    """What published results say of a regional government, the newest year first (five statements at most)."""
    shown = [category for one in public_cycles(at) for category in one.published]
    rows = db.session.execute(
        select(Nomination.category_id, Nomination.candidate_code)
        .join(Organisation, Organisation.id == Nomination.organisation_id)
        .where(
            Nomination.category_id.in_([one.id for one in shown]),
            Organisation.region_code == region_code,
            Organisation.kind == "local_government",
        )
    ).all()
    candidates: dict[int, str] = dict(rows)
    taken_over = [one for one in shown if one.cycle.kind == "historical"]
    wanted = [one for one in shown if one.id in candidates or one in taken_over]
    publications = publications_in_force(wanted, at)
    found = []
    for category in wanted:
        publication = publications.get(category.id)
        code = candidates.get(category.id, region_code)
        row = publication and next((one for one in publication.table["rows"] if one["candidate"] == code), None)
        if publication and row:
            found.append(Outcome(category, publication, row))
    return found


@dataclass(frozen=True)
class Winner:
    """A past winner, with the region that received and the province that gave, where they are known."""

    row: PastWinner
    region: Region | None
    giver: Region | None

    @property
    def province(self) -> str | None:
        """The province that the award belongs to: the recipient's, else the one that gave it."""
        if self.region is not None:
            return self.region.province_code
        return None if self.giver is None else self.giver.code


def winners() -> list[Winner]:
    """Every past winner, the newest year first, then national before provincial, by category and rank (one
    statement)."""
    region, giver = aliased(Region), aliased(Region)
    rows = db.session.execute(
        select(PastWinner, region, giver)
        .join(region, region.code == PastWinner.recipient_region_code, isouter=True)
        .join(giver, giver.code == PastWinner.province_code, isouter=True)
        .order_by(
            PastWinner.assessment_year.desc(), PastWinner.tier, PastWinner.province_code, PastWinner.category,
            PastWinner.rank.is_(None), PastWinner.rank, PastWinner.key,
        )
    ).all()  # fmt: skip
    return [Winner(*row) for row in rows]


def newest_coverage(region_codes: Collection[str] | None = None) -> Mapping[str, PublishedCoverage]:
    """The newest published coverage of all workers, by region; of provinces where no codes are given (one
    statement)."""
    statement = select(PublishedCoverage).where(
        PublishedCoverage.segment == "total",
        PublishedCoverage.measure.in_(("active_participants", "coverage")),
        PublishedCoverage.percent.is_not(None),
    )
    if region_codes is None:
        statement = statement.where(PublishedCoverage.area_kind == "province")
    else:
        statement = statement.where(
            PublishedCoverage.region_code.in_(region_codes), PublishedCoverage.area_kind != "village"
        )
    rows = db.session.scalars(statement.order_by(PublishedCoverage.as_of, PublishedCoverage.key.desc()))
    return {one.region_code: one for one in rows if one.region_code is not None}


def regions() -> Sequence[Region]:
    """All regions by code (one statement)."""
    return db.session.scalars(select(Region).order_by(Region.code)).all()
