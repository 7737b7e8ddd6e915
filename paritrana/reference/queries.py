"""Reads of the reference data."""

from collections.abc import Collection, Mapping, Sequence
from decimal import Decimal
from fractions import Fraction

from sqlalchemy import and_, case, or_, select

from paritrana.core.contributions import Rate
from paritrana.core.errors import NotFound
from paritrana.database import db
from paritrana.reference.models import (
    CategoryOfYear,
    ContributionRate,
    Organisation,
    PastWinner,
    PublishedBudget,
    PublishedCheck,
    PublishedCoverage,
    Region,
    Source,
    TargetFigure,
)


def get_region(code: str) -> Region:
    """The region with a Kemendagri code. Raises `NotFound`."""
    region = db.session.get(Region, code)
    if region is None:
        raise NotFound
    return region


def provinces() -> Sequence[Region]:
    """All provinces by code."""
    return db.session.scalars(select(Region).where(Region.kind == "province").order_by(Region.code)).all()


def regions_of(province_code: str) -> Sequence[Region]:
    """The regencies and cities of a province by code; none where it does not exist."""
    return db.session.scalars(select(Region).where(Region.parent_code == province_code).order_by(Region.code)).all()


def regions_by_code(codes: Collection[str]) -> Mapping[str, Region]:
    """The regions with these codes; an unknown code is left out (one statement)."""
    found = db.session.scalars(select(Region).where(Region.code.in_(codes)))
    return {region.code: region for region in found}


def contribution_rates() -> tuple[Rate, ...]:
    """The whole table of contribution rates in the form the core computes with, by key."""
    rows = db.session.scalars(select(ContributionRate).order_by(ContributionRate.key))
    return tuple(_rate(row) for row in rows)


def _rate(row: ContributionRate) -> Rate:
    return Rate(
        rate_id=row.key,
        programme=row.programme,
        worker_group=row.worker_group,
        risk_class=row.risk_class or "",
        valid_from=row.valid_from,
        valid_to=row.valid_to,
        payer=row.payer,
        rate_kind=row.rate_kind,
        value=Fraction(row.value),
        min_idr=row.min_idr,
        max_idr=row.max_idr,
        wage_cap_idr=row.wage_cap_idr,
        date_basis=row.date_basis,
        payer_condition=row.payer_condition,
        basis=row.basis,
        legal_basis=row.legal_basis,
        status=row.status,
        source_key=row.source_key,
        note=row.note or "",
    )


def find_target(region_code: str | None, year: int, instrument: str, metric: str = "ucj_percent") -> Decimal | None:
    """The target an instrument names for a year: of the region, else of its province, else of the nation.

    `region_code` is None for the nation. Percent or people, after the metric; None where nothing is published.
    Groups of provinces have no part in the look-up.
    """
    province = select(Region.parent_code).where(Region.code == region_code).scalar_subquery()
    own = and_(TargetFigure.area_kind != "village", TargetFigure.region_code == region_code)
    of_province = and_(TargetFigure.area_kind == "province", TargetFigure.region_code == province)
    national = TargetFigure.area_kind == "national"
    return db.session.scalar(
        select(TargetFigure.value)
        .where(
            TargetFigure.kind == "target",
            TargetFigure.year == year,
            TargetFigure.instrument == instrument,
            TargetFigure.metric == metric,
            or_(own, of_province, national),
        )
        .order_by(case((own, 0), (of_province, 1), else_=2))
        .limit(1)
    )


def find_targets(
    region_codes: Collection[str], year: int, instrument: str, metric: str = "ucj_percent"
) -> Mapping[str, Decimal]:
    """`find_target` for many regions at once, by region; a region without any target is left out (two statements)."""
    parents: dict[str, str | None] = dict(
        db.session.execute(select(Region.code, Region.parent_code).where(Region.code.in_(region_codes))).all()
    )
    rows = db.session.execute(
        select(TargetFigure.area_kind, TargetFigure.region_code, TargetFigure.value)
        .where(
            TargetFigure.kind == "target",
            TargetFigure.year == year,
            TargetFigure.instrument == instrument,
            TargetFigure.metric == metric,
        )
        .order_by(TargetFigure.key)
    ).all()
    own = {code: value for kind, code, value in rows if kind != "village" and code is not None}
    of_province = {code: value for kind, code, value in rows if kind == "province" and code is not None}
    national = next((value for kind, _code, value in rows if kind == "national"), None)
    found = {}
    for code in region_codes:
        value = own.get(code, of_province.get(parents.get(code) or "", national))
        if value is not None:
            found[code] = value
    return found


def national_targets(instrument: str, metric: str = "ucj_percent") -> Mapping[int, Decimal]:
    """The national targets of an instrument by year (one statement)."""
    rows = db.session.execute(
        select(TargetFigure.year, TargetFigure.value)
        .where(
            TargetFigure.kind == "target",
            TargetFigure.area_kind == "national",
            TargetFigure.instrument == instrument,
            TargetFigure.metric == metric,
        )
        .order_by(TargetFigure.year)
    ).all()
    return {year: value for year, value in rows}  # noqa: C416 - rows of the database are no pairs to the type checker


def target_sets(year: int, metric: str = "ucj_percent") -> Sequence[str]:
    """The instruments that name a national target for a year: what a cycle can choose from."""
    return db.session.scalars(
        select(TargetFigure.instrument)
        .where(
            TargetFigure.kind == "target",
            TargetFigure.area_kind == "national",
            TargetFigure.year == year,
            TargetFigure.metric == metric,
        )
        .order_by(TargetFigure.instrument)
    ).all()


def published_coverage_of(region_code: str) -> Sequence[PublishedCoverage]:
    """Published participation of a region itself, without its villages, the newest first."""
    return db.session.scalars(
        select(PublishedCoverage)
        .where(PublishedCoverage.region_code == region_code, PublishedCoverage.area_kind != "village")
        .order_by(PublishedCoverage.as_of.desc(), PublishedCoverage.key)
    ).all()


def published_budgets_of(region_code: str) -> Sequence[PublishedBudget]:
    """Published subsidies of a region itself, without its villages, the newest first."""
    return db.session.scalars(
        select(PublishedBudget)
        .where(PublishedBudget.region_code == region_code, PublishedBudget.area_kind != "village")
        .order_by(PublishedBudget.year.desc(), PublishedBudget.key)
    ).all()


def target_figures_of(region_code: str) -> Sequence[TargetFigure]:
    """Targets, baselines and actual values published for a region itself, without its villages, the newest first."""
    return db.session.scalars(
        select(TargetFigure)
        .where(TargetFigure.region_code == region_code, TargetFigure.area_kind != "village")
        .order_by(TargetFigure.year.desc(), TargetFigure.key)
    ).all()


def past_winners(assessment_year: int, province_code: str | None = None) -> Sequence[PastWinner]:
    """The winners of an assessment year in a province, or of the national award, by category and rank."""
    return db.session.scalars(
        select(PastWinner)
        .where(
            PastWinner.assessment_year == assessment_year, PastWinner.province_code.is_not_distinct_from(province_code)
        )
        .order_by(PastWinner.category, PastWinner.rank.is_(None), PastWinner.rank, PastWinner.key)
    ).all()


def past_winners_of(region_code: str) -> Sequence[PastWinner]:
    """What a regional government won before, the newest first."""
    return db.session.scalars(
        select(PastWinner)
        .where(PastWinner.recipient_region_code == region_code, PastWinner.recipient_kind == "local_gov")
        .order_by(PastWinner.assessment_year.desc(), PastWinner.key)
    ).all()


def published_checks_of(region_code: str) -> Sequence[PublishedCheck]:
    """The published numbers of a region that can be held against each other, by key (one statement)."""
    return db.session.scalars(
        select(PublishedCheck).where(PublishedCheck.region_code == region_code).order_by(PublishedCheck.key)
    ).all()


def categories_of(assessment_year: int, province_code: str | None = None) -> Sequence[CategoryOfYear]:
    """The categories a past award had in a province, or the national one, in the order of the seed file."""
    return db.session.scalars(
        select(CategoryOfYear)
        .where(
            CategoryOfYear.assessment_year == assessment_year,
            CategoryOfYear.province_code.is_not_distinct_from(province_code),
        )
        .order_by(CategoryOfYear.key)
    ).all()


def sources_of(keys: Collection[str]) -> Mapping[str, Source]:
    """The sources that the `source_key` texts name, several in one text divided by `;` (one statement)."""
    single = {part for key in keys for part in key.split(";")}
    return {source.key: source for source in db.session.scalars(select(Source).where(Source.key.in_(single)))}


def get_organisation(ref: str) -> Organisation:
    """The organisation with a public reference. Raises `NotFound`."""
    organisation = db.session.scalar(select(Organisation).where(Organisation.ref == ref))
    if organisation is None:
        raise NotFound
    return organisation


def find_organisation(region_code: str, kind: str, name: str) -> Organisation | None:
    """The organisation of that kind and name in a region, or None."""
    return db.session.scalar(
        select(Organisation).where(
            Organisation.region_code == region_code, Organisation.kind == kind, Organisation.name == name
        )
    )


def organisations_of(region_codes: Collection[str], kind: str | None = None) -> Sequence[Organisation]:
    """The organisations in these regions, of one kind where given, by region and name (one statement).

    The invented candidates of rehearsals are not among them.
    """
    statement = select(Organisation).where(
        Organisation.region_code.in_(region_codes), Organisation.rehearsal.is_(False)
    )
    if kind is not None:
        statement = statement.where(Organisation.kind == kind)
    return db.session.scalars(statement.order_by(Organisation.region_code, Organisation.name)).all()
