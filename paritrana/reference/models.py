"""Reference data: regions and organisations, and what was published about the award, each figure with its source.

A published figure keeps the key it has in the seed files, so that a second load finds it again.
"""

from datetime import date
from decimal import Decimal
from typing import Any, Final

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, UniqueConstraint, false, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from paritrana.database import Base

REGION_KINDS: Final = ("province", "regency", "city")
TIMEZONES: Final = ("Asia/Jakarta", "Asia/Makassar", "Asia/Jayapura")
AWARD_ZONES: Final = ("sumatera", "jawa_bali", "kalimantan", "sulawesi", "nusra_maluku_papua")
AREA_KINDS: Final = ("national", "region_group", *REGION_KINDS, "village")
# Areas without a code of their own: the nation and groups of provinces.
UNCODED_AREAS: Final = ("national", "region_group")
BUDGET_AREAS: Final = (*REGION_KINDS, "village")
TIERS: Final = ("national", "province")

PROGRAMMES: Final = ("jkk", "jkm", "jht", "jp", "jkp", "jkk_jkm", "jkk_jkm_jht")
WORKER_GROUPS: Final = ("pu", "bpu", "bpu_transport", "bpu_non_transport", "jakon", "pmi")
RISK_CLASSES: Final = ("very_low", "low", "medium", "high", "very_high")
DATE_BASES: Final = ("published", "general_knowledge")
PAYERS: Final = ("employer", "worker", "state", "recomposed_jkk", "recomposed_jkm", "self", "apbn_apbd", "any")
PAYER_CONDITIONS: Final = ("any", "self_paid_only", "paid_by_state_or_regional_budget")
BASES: Final = ("reported_wage", "declared_income", "lowest_income_band", "flat", "project_value", "per_placement")
RATE_KINDS: Final = ("amount_idr_per_month", "percent_of_wage", "percent_of_project_value", "amount_idr_once")
RATE_STATUSES: Final = ("sourced", "contradictory", "general_knowledge")

METRICS: Final = ("ucj_percent", "vulnerable_workers", "vulnerable_workers_per_village")
UNITS: Final = ("percent", "people")
TARGET_KINDS: Final = ("target", "baseline", "actual")
INSTRUMENTS: Final = (
    "rpjpn",
    "rpjmn",
    "rkp",
    "rpjpd",
    "rpjmd",
    "bpjs_monitoring",
    "bpjs_programme",
    "regency_programme",
    "monitoring",
)
TARGET_STATUSES: Final = ("published", "year_inferred")

PRECISIONS: Final = ("day", "month", "year")
SEGMENTS: Final = ("pu", "bpu", "jakon", "pmi", "total")
MEASURES: Final = (
    "active_participants",
    "inactive_participants",
    "registered",
    "coverage",
    "protected_vulnerable",
    "protected_non_asn",
    "workforce",
    "employers",
)
DENOMINATOR_KINDS: Final = ("published", "implied", "none")
PERCENT_KINDS: Final = ("published", "computed", "none")
QUALIFIERS: Final = ("exact", "rounded", "about", "more_than", "almost")

AMOUNT_QUALIFIERS: Final = (*QUALIFIERS, "computed", "interpreted")
BUDGET_STATUSES: Final = ("planned", "budgeted", "realised")
FUNDING_SOURCES: Final = ("apbd_regency", "apbd_province", "apbdes", "dbhcht", "dbh_sawit", "csr", "zakat", "other")

PLAUSIBILITY_RULES: Final = (
    "budget_product",
    "whole_months",
    "sum_of_parts",
    "percent_of",
    "growth_percent",
    "difference_of",
    "coverage_from_segments",
    "weekday",
    "same_value",
    "period_lock",
    "amount_per_person_max",
    "at_least",
)

YEAR_BASES: Final = ("published", "inferred")
RANK_BASES: Final = ("published", "list_order", "not_ranked")
RECIPIENT_KINDS: Final = ("local_gov", "enterprise", "small_micro", "village", "institution")
GROUPING_KINDS: Final = ("none", "zone", "sector", "province")

ORGANISATION_KINDS: Final = ("local_government", "enterprise", "small_micro", "village")
SIZE_CLASSES: Final = ("large", "medium", "small", "micro")


def one_of(column: str, values: tuple[str, ...]) -> CheckConstraint:
    """A constraint that `column` holds one of `values`, or nothing where it may be empty."""
    listed = ", ".join(f"'{value}'" for value in values)
    return CheckConstraint(f"{column} IN ({listed})", name=column)


class Region(Base):
    """A province, regency or city with its Kemendagri code, `35` or `35.03`.

    The tile is a province's place on the tile-grid map, counted from 0 at the top left.
    """

    __tablename__ = "region"
    __table_args__ = (
        one_of("kind", REGION_KINDS),
        one_of("timezone", TIMEZONES),
        one_of("award_zone", AWARD_ZONES),
        CheckConstraint("(kind = 'province') = (parent_code IS NULL)", name="province_has_no_parent"),
        CheckConstraint(
            "(kind = 'province') = (tile_row IS NOT NULL) AND (tile_row IS NULL) = (tile_col IS NULL)"
            " AND (tile_row IS NULL) = (tile_label IS NULL)",
            name="province_has_tile",
        ),
        UniqueConstraint("tile_row", "tile_col"),
    )

    code: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(unique=True)
    short_name: Mapped[str] = mapped_column(unique=True)
    kind: Mapped[str]
    parent_code: Mapped[str | None] = mapped_column(ForeignKey("region.code"), index=True)
    timezone: Mapped[str]
    award_zone: Mapped[str]
    tile_row: Mapped[int | None]
    tile_col: Mapped[int | None]
    tile_label: Mapped[str | None] = mapped_column(unique=True)
    source_key: Mapped[str]

    @property
    def province_code(self) -> str:
        """The code of the province: the region's own where it is one."""
        return self.parent_code or self.code


class Source(Base):
    """Where a published figure was read. `published` is a date, a month or a year as far as known, else empty."""

    __tablename__ = "source"
    __table_args__ = (CheckConstraint("substr(url, 1, 4) = 'http'", name="url"),)

    key: Mapped[str] = mapped_column(primary_key=True)
    title: Mapped[str]
    publisher: Mapped[str]
    published: Mapped[str | None]
    url: Mapped[str | None]
    note: Mapped[str | None]


class Published:
    """What every published figure keeps: its key in the seed files, the keys of its sources (`;` between several)
    and the compiler's remark."""

    id: Mapped[int] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(unique=True)
    source_key: Mapped[str]
    note: Mapped[str | None]


class ContributionRate(Published, Base):
    """What a programme costs a group of workers from one day to another, both included; no end = still valid.

    `value` is in the unit of `rate_kind`; bounds and wage cap are rupiah a month.
    """

    __tablename__ = "contribution_rate"
    __table_args__ = (
        one_of("programme", PROGRAMMES),
        one_of("worker_group", WORKER_GROUPS),
        one_of("risk_class", RISK_CLASSES),
        one_of("date_basis", DATE_BASES),
        one_of("payer", PAYERS),
        one_of("payer_condition", PAYER_CONDITIONS),
        one_of("basis", BASES),
        one_of("rate_kind", RATE_KINDS),
        one_of("status", RATE_STATUSES),
        CheckConstraint("valid_from <= valid_to", name="validity"),
        CheckConstraint("min_idr >= 0 AND max_idr >= 0 AND wage_cap_idr >= 0", name="bounds"),
    )

    programme: Mapped[str]
    worker_group: Mapped[str]
    risk_class: Mapped[str | None]
    valid_from: Mapped[date | None]
    valid_to: Mapped[date | None]
    date_basis: Mapped[str]
    payer: Mapped[str]
    payer_condition: Mapped[str]
    basis: Mapped[str]
    rate_kind: Mapped[str]
    value: Mapped[Decimal]
    min_idr: Mapped[int | None] = mapped_column(BigInteger)
    max_idr: Mapped[int | None] = mapped_column(BigInteger)
    wage_cap_idr: Mapped[int | None] = mapped_column(BigInteger)
    legal_basis: Mapped[str]
    status: Mapped[str]


class TargetFigure(Published, Base):
    """A target, baseline or actual value that a planning or monitoring instrument names for an area and a year."""

    __tablename__ = "target_figure"
    __table_args__ = (
        one_of("area_kind", AREA_KINDS),
        one_of("metric", METRICS),
        one_of("unit", UNITS),
        one_of("kind", TARGET_KINDS),
        one_of("instrument", INSTRUMENTS),
        one_of("status", TARGET_STATUSES),
        CheckConstraint("(area_kind IN ('national', 'region_group')) = (region_code IS NULL)", name="area_has_code"),
        # One instrument says one thing about one area and year; otherwise a look-up would have to choose.
        Index(
            "ix_target_figure_one_target",
            "area_kind",
            "area_name",
            "year",
            "instrument",
            "metric",
            unique=True,
            sqlite_where=text("kind = 'target'"),
            postgresql_where=text("kind = 'target'"),
        ),
    )

    area_kind: Mapped[str]
    region_code: Mapped[str | None] = mapped_column(ForeignKey("region.code"), index=True)
    area_name: Mapped[str]
    year: Mapped[int]
    metric: Mapped[str]
    value: Mapped[Decimal]
    unit: Mapped[str]
    kind: Mapped[str]
    instrument: Mapped[str]
    status: Mapped[str]


class PublishedCoverage(Published, Base):
    """One published figure on participation. `participants` and `denominator` are people, for `employers` firms.

    `protected_vulnerable` and `protected_non_asn` are parts of the active participants and are never added to them.
    """

    __tablename__ = "published_coverage"
    __table_args__ = (
        one_of("area_kind", AREA_KINDS),
        one_of("as_of_precision", PRECISIONS),
        one_of("segment", SEGMENTS),
        one_of("measure", MEASURES),
        one_of("denominator_kind", DENOMINATOR_KINDS),
        one_of("percent_kind", PERCENT_KINDS),
        one_of("qualifier", QUALIFIERS),
        CheckConstraint("(area_kind IN ('national', 'region_group')) = (region_code IS NULL)", name="area_has_code"),
        CheckConstraint("participants IS NOT NULL OR percent IS NOT NULL", name="has_a_figure"),
        CheckConstraint("participants >= 0", name="participants"),
        CheckConstraint("denominator > 0", name="denominator"),
        CheckConstraint("(denominator_kind = 'none') = (denominator IS NULL)", name="denominator_is_explained"),
        CheckConstraint("(percent_kind = 'none') = (percent IS NULL)", name="percent_is_explained"),
    )

    area_kind: Mapped[str]
    region_code: Mapped[str | None] = mapped_column(ForeignKey("region.code"), index=True)
    area_name: Mapped[str]
    as_of: Mapped[date]
    as_of_precision: Mapped[str]
    segment: Mapped[str]
    segment_as_published: Mapped[str | None]
    measure: Mapped[str]
    participants: Mapped[int | None] = mapped_column(BigInteger)
    denominator: Mapped[int | None] = mapped_column(BigInteger)
    denominator_kind: Mapped[str]
    denominator_definition: Mapped[str | None]
    percent: Mapped[Decimal | None]
    percent_kind: Mapped[str]
    qualifier: Mapped[str]


class PublishedBudget(Published, Base):
    """A published contribution subsidy: people, months and rupiah as far as the source gives them."""

    __tablename__ = "published_budget"
    __table_args__ = (
        one_of("area_kind", BUDGET_AREAS),
        one_of("people_qualifier", QUALIFIERS),
        one_of("amount_qualifier", AMOUNT_QUALIFIERS),
        one_of("status", BUDGET_STATUSES),
        one_of("funding_source", FUNDING_SOURCES),
        CheckConstraint("people IS NOT NULL OR amount_idr IS NOT NULL", name="has_a_figure"),
        CheckConstraint("(people IS NULL) = (people_qualifier IS NULL)", name="people_are_qualified"),
        CheckConstraint("(amount_idr IS NULL) = (amount_qualifier IS NULL)", name="amount_is_qualified"),
        CheckConstraint("people >= 0", name="people"),
        CheckConstraint("months BETWEEN 1 AND 12", name="months"),
        CheckConstraint("amount_idr >= 0", name="amount"),
    )

    area_kind: Mapped[str]
    region_code: Mapped[str] = mapped_column(ForeignKey("region.code"), index=True)
    area_name: Mapped[str]
    year: Mapped[int]
    beneficiary_group: Mapped[str]
    group_as_published: Mapped[str]
    people: Mapped[int | None] = mapped_column(BigInteger)
    people_qualifier: Mapped[str | None]
    months: Mapped[int | None]
    amount_idr: Mapped[int | None] = mapped_column(BigInteger)
    amount_qualifier: Mapped[str | None]
    status: Mapped[str]
    funding_source: Mapped[str]


class PublishedCheck(Published, Base):
    """Published numbers that stand beside each other, and the rule by which one of them follows from the others.

    `inputs` are the numbers as decimal texts; `tolerance` is the largest difference that still agrees. Whether they
    agree is computed (`paritrana.core.evidence.plausibility`), never stored.
    """

    __tablename__ = "published_check"
    __table_args__ = (one_of("rule", PLAUSIBILITY_RULES),)

    region_code: Mapped[str | None] = mapped_column(ForeignKey("region.code"), index=True)
    as_of: Mapped[str]  # a date, a month or a year
    rule: Mapped[str]
    inputs: Mapped[dict[str, Any]]
    tolerance: Mapped[Decimal]


class PastWinner(Published, Base):
    """A recipient of an earlier award as printed. `assessment_year` is the year judged, not that of the ceremony."""

    __tablename__ = "past_winner"
    __table_args__ = (
        one_of("assessment_year_basis", YEAR_BASES),
        one_of("tier", TIERS),
        one_of("rank_basis", RANK_BASES),
        one_of("recipient_kind", RECIPIENT_KINDS),
        CheckConstraint("(tier = 'province') = (province_code IS NOT NULL)", name="province_of_tier"),
        CheckConstraint("(rank_basis = 'not_ranked') = (rank IS NULL)", name="rank_is_explained"),
        CheckConstraint("rank BETWEEN 1 AND 3", name="rank"),
        CheckConstraint(
            "recipient_kind <> 'local_gov' OR recipient_region_code IS NOT NULL", name="government_has_code"
        ),
        Index("ix_past_winner_year", "assessment_year", "tier", "province_code"),
    )

    assessment_year: Mapped[int]
    assessment_year_basis: Mapped[str]
    edition_label: Mapped[str | None]
    tier: Mapped[str]
    province_code: Mapped[str | None] = mapped_column(ForeignKey("region.code"))
    category: Mapped[str]
    category_as_published: Mapped[str | None]
    sector_or_zone: Mapped[str | None]
    rank: Mapped[int | None]
    rank_basis: Mapped[str]
    title: Mapped[str | None]
    recipient: Mapped[str]
    recipient_kind: Mapped[str]
    recipient_region_code: Mapped[str | None] = mapped_column(ForeignKey("region.code"), index=True)


class CategoryOfYear(Published, Base):
    """A category that a past award had: its groups, ranks, titles and prizes as far as published."""

    __tablename__ = "category_of_year"
    __table_args__ = (
        one_of("tier", TIERS),
        one_of("grouping_kind", GROUPING_KINDS),
        CheckConstraint("(tier = 'province') = (province_code IS NOT NULL)", name="province_of_tier"),
        CheckConstraint("ranks > 0", name="ranks"),
        Index("ix_category_of_year_year", "assessment_year", "tier", "province_code"),
    )

    assessment_year: Mapped[int]
    tier: Mapped[str]
    province_code: Mapped[str | None] = mapped_column(ForeignKey("region.code"))
    category_code: Mapped[str]
    category_id: Mapped[str]
    category_en: Mapped[str]
    grouping_kind: Mapped[str]
    groups: Mapped[str | None]
    ranks: Mapped[int | None]
    rank_style: Mapped[str]
    titles: Mapped[str | None]
    prizes: Mapped[str | None]


class Organisation(Base):
    """Who can be nominated: a regional government, an employer or a village, in one region.

    `parent` is the organisation it belongs to, such as the regency of a village or the company of a branch.
    A fictitious one exists in simulated cycles only.
    """

    __tablename__ = "organisation"
    __table_args__ = (
        one_of("kind", ORGANISATION_KINDS),
        one_of("size_class", SIZE_CLASSES),
        CheckConstraint("size_class IS NULL OR kind IN ('enterprise', 'small_micro')", name="size_of_employers"),
        CheckConstraint("parent_id <> id", name="not_its_own_parent"),
        CheckConstraint("fictitious OR NOT rehearsal", name="rehearsal_is_fictitious"),
        UniqueConstraint("region_code", "kind", "name"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    ref: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    kind: Mapped[str]
    region_code: Mapped[str] = mapped_column(ForeignKey("region.code"))
    size_class: Mapped[str | None]
    sector: Mapped[str | None]
    parent_id: Mapped[int | None] = mapped_column(ForeignKey("organisation.id"), index=True)
    fictitious: Mapped[bool]
    rehearsal: Mapped[bool] = mapped_column(default=False, server_default=false())  # stands in rehearsals only

    # Lists of organisations show the region beside the name; one join is cheaper than a statement for each row.
    region: Mapped[Region] = relationship(lazy="joined", innerjoin=True)
    parent: Mapped["Organisation | None"] = relationship(remote_side=[id])
