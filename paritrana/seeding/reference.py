"""The reference files of `seed/`: what each column holds, and their way into the database.

All files are read before anything is stored, so a mistake in one of them leaves the database as it was.
"""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from paritrana.core.errors import ParitranaError
from paritrana.core.evidence.plausibility import judge
from paritrana.core.words import N_
from paritrana.database import Base
from paritrana.reference import models as m
from paritrana.reference import service
from paritrana.reference.service import Stored
from paritrana.seeding.rows import (
    BadSeed,
    Column,
    Line,
    Reading,
    Row,
    Rule,
    SeedError,
    Table,
    Unreadable,
    choice,
    column,
    day,
    decimal,
    matching,
    optional,
    partial_day,
    whole,
    words,
)

MOST_PEOPLE: Final = 10**9
MOST_RUPIAH: Final = 10**15

code = matching(
    r"[a-z][a-z0-9_]*", N_("“%(value)s” in “%(column)s” is no code of small letters, digits and underscores.")
)
region_code = matching(
    r"[0-9]{2}(\.[0-9]{2})?", N_("“%(value)s” in “%(column)s” is no region code such as 35 or 35.03.")
)
key = matching(
    r"[A-Za-z0-9._-]{1,64}", N_("“%(value)s” in “%(column)s” is no key of letters, digits, point and hyphen.")
)
keys = matching(
    r"[A-Za-z0-9._-]+(;[A-Za-z0-9._-]+)*", N_("“%(value)s” in “%(column)s” is no list of keys divided by semicolons.")
)
address = matching(r"https?://[^\s\"<>]+", N_("“%(value)s” in “%(column)s” is no address that starts with https://."))
year = whole(1990, 2100)
people = whole(0, MOST_PEOPLE)
rupiah = whole(0, MOST_RUPIAH)


def columns_of_figure(key_column: str, *own: Column) -> tuple[Column, ...]:
    """The columns of a file of published figures: its key first, its own ones, then source and remark.

    The readable `source` beside the key is for people who open the file; the table keeps the key.
    """
    return (
        column(key_column, key, "key"),
        *own,
        column("source_key", keys),
        column("source", words),
        column("note", optional(words)),
    )


def area(*kinds: str) -> tuple[Column, ...]:
    """The three columns that say which area a figure is about."""
    return (
        column("area_kind", choice(*kinds)),
        column("region_code", optional(region_code)),
        column("region_name", words, "area_name"),
    )


def area_has_code(row: Row) -> Unreadable | None:
    """The nation and groups of provinces have no code, every other area has one."""
    if (row["area_kind"] in m.UNCODED_AREAS) == (row["region_code"] is None):
        return None
    return Unreadable(N_("A nation or group of provinces has no region code, every other area has one."))


def together(first: str, second: str, message: str) -> Rule:
    """A rule that two attributes are both there or both empty."""
    return lambda row: None if (row[first] is None) == (row[second] is None) else Unreadable(message)


def told(value: str, kind: str, nothing: str, message: str) -> Rule:
    """A rule that `value` is empty exactly where `kind` is the word for nothing."""
    return lambda row: None if (row[value] is None) == (row[kind] == nothing) else Unreadable(message)


def one_given(first: str, second: str, message: str) -> Rule:
    """A rule that at least one of two attributes is there."""
    return lambda row: Unreadable(message) if row[first] is None and row[second] is None else None


def province_of_tier(row: Row) -> Unreadable | None:
    """A provincial award names its province, the national one names none."""
    if (row["tier"] == "province") == (row["province_code"] is not None):
        return None
    return Unreadable(N_("A provincial award names its province, the national one names none."))


def region_fits_kind(row: Row) -> Unreadable | None:
    """A province has two digits, a tile and no parent; a regency or city starts with the code of its province."""
    tile = (row["tile_row"], row["tile_col"], row["tile_label"])
    if row["kind"] == "province":
        if len(row["code"]) != 2 or row["parent_code"] is not None:
            return Unreadable(N_("A province has a code of two digits and no parent."))
        return Unreadable(N_("A province needs a tile: row, column and label.")) if None in tile else None
    if row["parent_code"] is None or row["code"][:2] != row["parent_code"] or len(row["code"]) != 5:
        return Unreadable(N_("The code of a regency or city is that of its province, a point and two digits."))
    return Unreadable(N_("Only a province has a tile.")) if tile != (None, None, None) else None


def validity_in_order(row: Row) -> Unreadable | None:
    """A rate does not end before it starts."""
    start, end = row["valid_from"], row["valid_to"]
    return Unreadable(N_("The rate ends before it starts.")) if start and end and end < start else None


def recipient_fits(row: Row) -> Unreadable | None:
    """A regional government has a code, and a provincial award goes to a recipient in the province."""
    where = row["recipient_region_code"]
    if row["recipient_kind"] == "local_gov" and where is None:
        return Unreadable(N_("A regional government needs its region code."))
    if where and row["province_code"] and where[:2] != row["province_code"]:
        return Unreadable(N_("The recipient lies outside the province that gave the award."))
    return None


def value_fits_unit(row: Row) -> Unreadable | None:
    """A target is either a percent from 0 to 100 or a whole number of people."""
    value = row["value"]
    if row["unit"] == "percent" and value > 100:
        return Unreadable(N_("A percent lies between 0 and 100."))
    if row["unit"] == "people" and value != value.to_integral_value():
        return Unreadable(N_("A number of people is a whole number."))
    return None


def rate_fits_kind(row: Row) -> Unreadable | None:
    """A percent rate lies between 0 and 100, a rate above zero."""
    if row["value"] <= 0 or (row["rate_kind"].startswith("percent") and row["value"] > 100):
        return Unreadable(N_("A rate is above zero, and a percent is at most 100."))
    return None


def numbers(value: str) -> dict[str, Any]:
    """The inputs of a check as a JSON object; decimals stay the texts they are."""
    try:
        found = json.loads(value, parse_float=str)
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise Unreadable(N_("“%(column)s” is no JSON object."))
    return found


def tolerance(value: str) -> Decimal:
    """The largest difference that agrees; empty for rules that know none."""
    read: Decimal = decimal("0", "1000000000000")(value or "0")
    return read


def verdict_holds(row: Row) -> Unreadable | None:
    """The verdict that the file states is the one that the rule gives."""
    try:
        verdict = judge(row["rule"], row["inputs"], row["tolerance"])
    except ParitranaError as refusal:
        return Unreadable(refusal.message, **refusal.params)
    if verdict.consistent == (row["expected_verdict"] == "consistent"):
        return None
    return Unreadable(N_("The verdict of the row is not the one that its rule gives."))


def tile_place(row: Row) -> tuple[object, ...] | None:
    """Where a province stands on the tile-grid map."""
    return None if row["tile_row"] is None else (row["tile_row"], row["tile_col"])


def tile_label(row: Row) -> tuple[object, ...] | None:
    """The letters on a province's tile."""
    return None if row["tile_label"] is None else (row["tile_label"],)


def states(*attributes: str) -> Callable[[Row], tuple[object, ...]]:
    """What a row says about the world, as the values of these attributes."""
    return lambda row: tuple(row[name] for name in attributes)


def one_target(row: Row) -> tuple[object, ...] | None:
    """An instrument names one target for an area and year; actual values may be reported again and again."""
    if row["kind"] != "target":
        return None
    return tuple(row[name] for name in ("area_kind", "area_name", "year", "instrument", "metric"))


SOURCES: Final = Table(
    "sources.csv",
    (
        column("source_key", key, "key"),
        column("title", words),
        column("publisher", words),
        column("published", optional(partial_day)),
        column("url", optional(address)),
        column("note", optional(words)),
    ),
    key="key",
)

REGIONS: Final = Table(
    "regions.csv",
    (
        column("code", region_code),
        column("name", words),
        column("short_name", words),
        column("kind", choice(*m.REGION_KINDS)),
        column("parent_code", optional(region_code)),
        column("timezone", choice(*m.TIMEZONES)),
        column("award_zone", choice(*m.AWARD_ZONES)),
        column("tile_row", optional(whole(0, 6))),
        column("tile_col", optional(whole(0, 14))),
        column(
            "tile_label", optional(matching(r"[A-Z]{2}", N_("“%(value)s” in “%(column)s” is no two capital letters.")))
        ),
        column("source_key", keys),
    ),
    key="code",
    rules=(region_fits_kind,),
    facts=(states("name"), states("short_name"), tile_place, tile_label),
)

RATES: Final = Table(
    "contribution_rates.csv",
    columns_of_figure(
        "rate_id",
        column("programme", choice(*m.PROGRAMMES)),
        column("worker_group", choice(*m.WORKER_GROUPS)),
        column("risk_class", optional(choice(*m.RISK_CLASSES))),
        column("valid_from", optional(day)),
        column("valid_to", optional(day)),
        column("date_basis", choice(*m.DATE_BASES)),
        column("payer", choice(*m.PAYERS)),
        column("payer_condition", choice(*m.PAYER_CONDITIONS)),
        column("basis", choice(*m.BASES)),
        column("rate_kind", choice(*m.RATE_KINDS)),
        column("value", decimal("0", "1000000000")),
        column("min_idr", optional(rupiah)),
        column("max_idr", optional(rupiah)),
        column("wage_cap_idr", optional(rupiah)),
        column("legal_basis", words),
        column("status", choice(*m.RATE_STATUSES)),
    ),
    key="key",
    rules=(validity_in_order, rate_fits_kind),
    facts=(states("programme", "worker_group", "risk_class", "valid_from", "payer"),),
)

TARGETS: Final = Table(
    "targets.csv",
    columns_of_figure(
        "target_id",
        *area(*m.AREA_KINDS),
        column("year", year),
        column("metric", choice(*m.METRICS)),
        column("value", decimal("0", "1000000000")),
        column("unit", choice(*m.UNITS)),
        column("kind", choice(*m.TARGET_KINDS)),
        column("instrument", choice(*m.INSTRUMENTS)),
        column("status", choice(*m.TARGET_STATUSES)),
    ),
    key="key",
    rules=(area_has_code, value_fits_unit),
    facts=(one_target,),
)

COVERAGE: Final = Table(
    "coverage_published.csv",
    columns_of_figure(
        "row_id",
        *area(*m.AREA_KINDS),
        column("as_of", day),
        column("as_of_precision", choice(*m.PRECISIONS)),
        column("segment", choice(*m.SEGMENTS)),
        column("segment_as_published", optional(words)),
        column("measure", choice(*m.MEASURES)),
        column("participants", optional(people)),
        column("denominator", optional(whole(1, MOST_PEOPLE))),
        column("denominator_kind", choice(*m.DENOMINATOR_KINDS)),
        column("denominator_definition", optional(words)),
        column("percent", optional(decimal("0", "100"))),
        column("percent_kind", choice(*m.PERCENT_KINDS)),
        column("qualifier", choice(*m.QUALIFIERS)),
    ),
    key="key",
    rules=(
        area_has_code,
        one_given("participants", "percent", N_("The row has neither a number nor a percent.")),
        told("denominator", "denominator_kind", "none", N_("The denominator and its kind do not fit together.")),
        told("percent", "percent_kind", "none", N_("The percent and its kind do not fit together.")),
    ),
    facts=(states("region_code", "area_name", "as_of", "segment", "segment_as_published", "measure", "source_key"),),
)

BUDGETS: Final = Table(
    "budgets_published.csv",
    columns_of_figure(
        "row_id",
        *area(*m.BUDGET_AREAS),
        column("year", year),
        column("beneficiary_group", code),
        column("group_as_published", words),
        column("people", optional(people)),
        column("people_qualifier", optional(choice(*m.QUALIFIERS))),
        column("months", optional(whole(1, 12))),
        column("amount_idr", optional(rupiah)),
        column("amount_qualifier", optional(choice(*m.AMOUNT_QUALIFIERS))),
        column("status", choice(*m.BUDGET_STATUSES)),
        column("funding_source", choice(*m.FUNDING_SOURCES)),
    ),
    key="key",
    rules=(
        area_has_code,
        one_given("people", "amount_idr", N_("The row has neither people nor an amount.")),
        together("people", "people_qualifier", N_("The people and how exact they are do not fit together.")),
        together("amount_idr", "amount_qualifier", N_("The amount and how exact it is do not fit together.")),
    ),
    facts=(states("region_code", "area_name", "year", "group_as_published", "source_key"),),
)

WINNERS: Final = Table(
    "winners.csv",
    columns_of_figure(
        "winner_id",
        column("assessment_year", year),
        column("assessment_year_basis", choice(*m.YEAR_BASES)),
        column("edition_label", optional(words)),
        column("tier", choice(*m.TIERS)),
        column("province_code", optional(region_code)),
        column("category", code),
        column("category_as_published", optional(words)),
        column("sector_or_zone", optional(words)),
        column("rank", optional(whole(1, 3))),
        column("rank_basis", choice(*m.RANK_BASES)),
        column("title", optional(words)),
        column("recipient", words),
        column("recipient_kind", choice(*m.RECIPIENT_KINDS)),
        column("recipient_region_code", optional(region_code)),
    ),
    key="key",
    rules=(
        province_of_tier,
        told("rank", "rank_basis", "not_ranked", N_("The rank and its basis do not fit together.")),
        recipient_fits,
    ),
    facts=(states("assessment_year", "tier", "province_code", "category", "rank", "title", "recipient"),),
)

CATEGORIES: Final = Table(
    "categories_by_year.csv",
    columns_of_figure(
        "row_id",
        column("assessment_year", year),
        column("tier", choice(*m.TIERS)),
        column("province_code", optional(region_code)),
        column("category_code", code),
        column("category_id", words),
        column("category_en", words),
        column("grouping_kind", choice(*m.GROUPING_KINDS)),
        column("groups", optional(words)),
        column("ranks", optional(whole(1, 100))),
        column("rank_style", words),
        column("titles", optional(words)),
        column("prizes", optional(words)),
    ),
    key="key",
    rules=(province_of_tier,),
    facts=(states("assessment_year", "tier", "province_code", "category_code", "category_id"),),
)

CHECKS: Final = Table(
    "plausibility_cases.csv",
    columns_of_figure(
        "case_id",
        column("subject", words),
        column("region_code", optional(region_code)),
        column("as_of", partial_day),
        column("rule", choice(*m.PLAUSIBILITY_RULES)),
        column("inputs_json", numbers, "inputs"),
        column("published_value", words),
        column("expected_value", words),
        column("unit", words),
        column("difference", words),
        column("tolerance", tolerance),
        column("expected_verdict", choice("consistent", "inconsistent")),
    ),
    key="key",
    rules=(verdict_holds,),
)

GLOSSARY: Final = Table(
    "glossary.csv",
    (column("id_term", words), column("en_term", words), column("code_name", code), column("source_key", keys)),
    key="id_term",
)

SCORESHEET: Final = Table(
    "scoresheet_lombok_timur_ay2024.csv",
    (
        column("row_kind", choice("indicator", "total")),
        column("no", optional(whole(1, 100))),
        column("indicator_code", key),
        column("indicator_id", words),
        column("indicator_en", words),
        column("score", decimal("0", "100")),
        column("scale_max", decimal("0", "100")),
        column("underlying_value", optional(decimal("0", "1000000000"))),
        column("underlying_unit", optional(words)),
        column("underlying_note", optional(words)),
        column("source_key", keys),
        column("source", words),
    ),
    key="indicator_code",
)

# What is stored, in an order in which every row finds what it refers to. A file without a table is looked at only.
STORED: Final[Sequence[tuple[Table, type[Base]]]] = (
    (SOURCES, m.Source),
    (REGIONS, m.Region),
    (RATES, m.ContributionRate),
    (TARGETS, m.TargetFigure),
    (COVERAGE, m.PublishedCoverage),
    (BUDGETS, m.PublishedBudget),
    (CHECKS, m.PublishedCheck),
    (WINNERS, m.PastWinner),
    (CATEGORIES, m.CategoryOfYear),
)
LOOKED_AT: Final = (GLOSSARY, SCORESHEET)

CLASH: Final = N_("A row says the same as a row that is stored under another key.")
REGION_ATTRIBUTES: Final = ("region_code", "province_code", "recipient_region_code", "parent_code")


@dataclass(frozen=True)
class LoadReport:
    """What a load did, by file name."""

    files: Mapping[str, Stored]

    @property
    def changes(self) -> int:
        """How many rows were added or changed in all files together."""
        return sum(stored.changes for stored in self.files.values())


def load_reference(folder: Path, *, session: Session) -> LoadReport:
    """Bring the reference files of `folder` into the database; the caller commits.

    A row is known by its key: new ones are added, different ones changed, rows that no file names are left alone, so a
    second load changes nothing. Raises `BadSeed` with everything that is wrong in all files; then nothing was stored.
    """
    lines = read_reference(folder)
    stored: dict[str, Stored] = {}
    with session.begin_nested():
        for table, model in STORED:
            names = {attribute.key for attribute in model.__mapper__.column_attrs}
            rows = [{name: value for name, value in line.values.items() if name in names} for line in lines[table.file]]
            try:
                stored[table.file] = service.store_rows(model, table.key, rows, session=session)
            except IntegrityError:
                raise BadSeed([SeedError(table.file, 0, CLASH)]) from None
    return LoadReport(stored)


def read_reference(folder: Path) -> Mapping[str, Sequence[Line]]:
    """The rows of all reference files by file name, checked alone and against each other. Raises `BadSeed`."""
    errors: list[SeedError] = []
    tables = [*(table for table, _ in STORED), *LOOKED_AT]
    readings = {table.file: table.read(folder, errors) for table in tables}
    for file, reading in readings.items():
        for line in reading.lines:
            errors.extend(_unknown_regions(file, line, readings[REGIONS.file]))
            errors.extend(_unknown_sources(file, line, readings[SOURCES.file]))
    errors.extend(_misnamed_areas(readings))
    if errors:
        order = {table.file: place for place, table in enumerate(tables)}
        raise BadSeed(sorted(errors, key=lambda error: (order[error.file], error.line)))
    return {file: reading.lines for file, reading in readings.items()}


def read_scoresheet(folder: Path) -> Sequence[Row]:
    """The rows of the one published scoresheet, its total last. Raises `BadSeed`."""
    errors: list[SeedError] = []
    reading = SCORESHEET.read(folder, errors)
    if errors:
        raise BadSeed(errors)
    return [line.values for line in reading.lines]


def _unknown_regions(file: str, line: Line, regions: Reading) -> Iterator[SeedError]:
    for name in REGION_ATTRIBUTES:
        found = line.values.get(name)
        if found is not None and not regions.names(found):
            yield SeedError(file, line.number, N_("There is no region with the code %(region)s."), {"region": found})


def _unknown_sources(file: str, line: Line, sources: Reading) -> Iterator[SeedError]:
    for found in line.values["source_key"].split(";") if "source_key" in line.values else ():
        if not sources.names(found):
            yield SeedError(file, line.number, N_("There is no source with the key %(source)s."), {"source": found})


def _misnamed_areas(readings: Mapping[str, Reading]) -> Iterator[SeedError]:
    """A code and a name that stand in one row must belong together; a village stands under its regency's code.

    Rows that name no area have nothing to compare.
    """
    regions = {line.values["code"]: line.values for line in readings[REGIONS.file].lines}
    for file, reading in readings.items():
        for line in reading.lines:
            region = regions.get(line.values.get("region_code"))
            if region is None or line.values.get("area_kind", "village") == "village":
                continue
            if (region["kind"], region["name"]) != (line.values["area_kind"], line.values["area_name"]):
                named = {"region": region["code"], "name": region["name"]}
                yield SeedError(
                    file, line.number, N_("The code %(region)s belongs to %(name)s, not to this row."), named
                )
