"""What can be downloaded as a table: its columns, each explained, and its rows as the pages show them.

The names of the columns are codes, the same in every language and version; decimals are exact.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, Final

from sqlalchemy import select

from paritrana.core.errors import NotFound
from paritrana.core.evidence.plausibility import judge
from paritrana.core.words import N_
from paritrana.database import db
from paritrana.publication.models import Publication
from paritrana.reference.models import (
    PastWinner,
    PublishedBudget,
    PublishedCheck,
    PublishedCoverage,
    Region,
    Source,
    TargetFigure,
)

Value = str | int | Decimal | date | bool | None
TEXT, WHOLE, DECIMAL, DAY, YES = "text", "whole", "decimal", "date", "boolean"


@dataclass(frozen=True)
class Column:
    """One column: its name, what kind of value it holds, and what that is (an English message id)."""

    name: str
    kind: str
    about: str


@dataclass(frozen=True)
class Dataset:
    """A table that can be downloaded; `rows` reads it (one statement)."""

    name: str
    title: str
    columns: Sequence[Column]
    rows: Callable[[], list[list[Value]]]


_KEY = Column("key", TEXT, N_("Key of the row; it stays the same"))
_SOURCE = Column("source_key", TEXT, N_("Key of the source, several divided by semicolons"))
_AREA = (
    Column("area_kind", TEXT, N_("national, region_group, province, regency, city or village")),
    Column("region_code", TEXT, N_("Code of the region by the Ministry of Home Affairs")),
    Column("area_name", TEXT, N_("Name of the area")),
)


def _of(model: Any, columns: Sequence[Column], key: str = "key") -> Callable[[], list[list[Value]]]:
    """The rows of a table by its key, one value for each column."""

    def rows() -> list[list[Value]]:
        found = db.session.scalars(select(model).order_by(getattr(model, key)))
        return [[getattr(one, column.name) for column in columns] for one in found]

    return rows


def _checks() -> list[list[Value]]:
    found = db.session.scalars(select(PublishedCheck).order_by(PublishedCheck.key)).all()
    return [
        [one.key, one.region_code, one.as_of, one.rule, judge(one.rule, one.inputs, one.tolerance).consistent,
         one.source_key]
        for one in found
    ]  # fmt: skip


WINNERS: Final = (
    _KEY,
    Column("assessment_year", WHOLE, N_("Year that was judged")),
    Column("assessment_year_basis", TEXT, N_("published, or inferred from the label or the ceremony")),
    Column("edition_label", TEXT, N_("Year or label that the source prints")),
    Column("tier", TEXT, N_("national or province")),
    Column("province_code", TEXT, N_("Province that gave the award")),
    Column("category", TEXT, N_("Code of the category")),
    Column("sector_or_zone", TEXT, N_("Sector or zone, where the award was given in one")),
    Column("rank", WHOLE, N_("Rank from 1 to 3")),
    Column("rank_basis", TEXT, N_("published, list_order (the order of a list) or not_ranked")),
    Column("title", TEXT, N_("Special title")),
    Column("recipient", TEXT, N_("Recipient as printed")),
    Column("recipient_kind", TEXT, N_("local_gov, enterprise, small_micro, village or institution")),
    Column("recipient_region_code", TEXT, N_("Region of the recipient")),
    _SOURCE,
)
COVERAGE: Final = (
    _KEY,
    *_AREA,
    Column("as_of", DAY, N_("Day that the figure speaks of")),
    Column("as_of_precision", TEXT, N_("day, month or year")),
    Column("segment", TEXT, N_("pu (wage), bpu (non-wage), jakon (construction), pmi (migrant) or total")),
    Column("measure", TEXT, N_("What is counted; only active_participants and coverage are coverage")),
    Column("participants", WHOLE, N_("People; for employers firms")),
    Column("denominator", WHOLE, N_("Workers that the percent is taken of")),
    Column("denominator_kind", TEXT, N_("published, implied by count and percent, or none")),
    Column("percent", DECIMAL, N_("Percent from 0 to 100")),
    Column("percent_kind", TEXT, N_("published, computed here, or none")),
    Column("qualifier", TEXT, N_("exact, rounded, about, more_than or almost")),
    _SOURCE,
)
BUDGETS: Final = (
    _KEY,
    *_AREA,
    Column("year", WHOLE, N_("Budget year")),
    Column("beneficiary_group", TEXT, N_("Code of the group of workers")),
    Column("people", WHOLE, N_("Recipients")),
    Column("people_qualifier", TEXT, N_("How exact the number of recipients is")),
    Column("months", WHOLE, N_("Months that are paid")),
    Column("amount_idr", WHOLE, N_("Rupiah")),
    Column("amount_qualifier", TEXT, N_("How exact the amount is")),
    Column("status", TEXT, N_("planned, budgeted or realised")),
    Column("funding_source", TEXT, N_("Code of the funds")),
    _SOURCE,
)
TARGETS: Final = (
    _KEY,
    *_AREA,
    Column("year", WHOLE, N_("Year of the target")),
    Column("metric", TEXT, N_("What is aimed at")),
    Column("value", DECIMAL, N_("Value in the unit")),
    Column("unit", TEXT, N_("percent or people")),
    Column("kind", TEXT, N_("target, baseline or actual")),
    Column("instrument", TEXT, N_("Plan or programme that names it")),
    _SOURCE,
)
CHECKS: Final = (
    _KEY,
    Column("region_code", TEXT, N_("Code of the region by the Ministry of Home Affairs")),
    Column("as_of", TEXT, N_("Day, month or year that the figures speak of")),
    Column("rule", TEXT, N_("Rule by which one figure follows from the others")),
    Column("consistent", YES, N_("Whether the published figures fit the rule")),
    _SOURCE,
)
REGIONS: Final = (
    Column("code", TEXT, N_("Code of the region by the Ministry of Home Affairs")),
    Column("name", TEXT, N_("Official name")),
    Column("short_name", TEXT, N_("Name in lists")),
    Column("kind", TEXT, N_("province, regency or city")),
    Column("parent_code", TEXT, N_("Province of a regency or city")),
    Column("timezone", TEXT, N_("Time zone")),
    Column("award_zone", TEXT, N_("Zone of the national award")),
)
SOURCES: Final = (
    Column("key", TEXT, N_("Key that the other tables name")),
    Column("title", TEXT, N_("Headline, or what the source is")),
    Column("publisher", TEXT, N_("Site or office that published it")),
    Column("published", TEXT, N_("Day, month or year of publication")),
    Column("url", TEXT, N_("Address")),
)
DATASETS: Final[Mapping[str, Dataset]] = {
    one.name: one
    for one in (
        Dataset("winners", N_("Winners since 2017"), WINNERS, _of(PastWinner, WINNERS)),
        Dataset("coverage", N_("Published coverage"), COVERAGE, _of(PublishedCoverage, COVERAGE)),
        Dataset("budgets", N_("Published contribution subsidies"), BUDGETS, _of(PublishedBudget, BUDGETS)),
        Dataset("targets", N_("Published targets"), TARGETS, _of(TargetFigure, TARGETS)),
        Dataset("checks", N_("Published figures held against each other"), CHECKS, _checks),
        Dataset("regions", N_("Regions"), REGIONS, _of(Region, REGIONS, "code")),
        Dataset("sources", N_("Sources"), SOURCES, _of(Source, SOURCES)),
    )
}


def get_dataset(name: str) -> Dataset:
    """The dataset with this name. Raises `NotFound`."""
    if name not in DATASETS:
        raise NotFound
    return DATASETS[name]


def result_table(publication: Publication) -> Dataset:
    """The public table of a result as a dataset: the very rows of the page, read from the snapshot."""
    table = publication.table
    rubric = table["rubric"]
    parts = [
        *(("stage", one["code"], N_("Points of a stage")) for one in rubric["stages"]),
        *(("aspect", one["code"], N_("Points of an aspect")) for one in rubric["aspects"]),
        *(("points", one["code"], N_("Points of an indicator, empty where it is not applicable"))
          for one in rubric["indicators"]),
    ]  # fmt: skip
    groups = {"stage": "stages", "aspect": "aspects", "points": "points"}
    columns = (
        Column("rank", WHOLE, N_("Rank, empty in a result that was taken over without one"))
        if publication.source_key is None
        else Column("rank", WHOLE, N_("Place among the rows that the source shows")),
        Column("tied", YES, N_("Whether the rank is shared")),
        Column("tie_broken_by", TEXT, N_("Rule that parted equal totals")),
        Column("candidate", TEXT, N_("Code of the candidate")),
        Column("name", TEXT, N_("Name of the candidate")),
        Column("total", DECIMAL, N_("Points in total")),
        *(Column(f"{kind}_{code}", DECIMAL, about) for kind, code, about in parts),
        Column("title_id", TEXT, N_("Title in Indonesian")),
        Column("title_en", TEXT, N_("Title in English")),
    )

    def rows() -> list[list[Value]]:
        return [
            [
                row["rank"], row["tied"], row["broken_by"], row["candidate"], row["name"], Decimal(row["total"]),
                *(_decimal(row[groups[kind]].get(code)) for kind, code, _about in parts),
                row["title_id"], row["title_en"],
            ]
            for row in table["rows"]
        ]  # fmt: skip

    return Dataset("result", N_("Published result"), columns, rows)


def _decimal(text: str | None) -> Decimal | None:
    return None if text is None else Decimal(text)
