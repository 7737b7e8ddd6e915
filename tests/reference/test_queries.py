"""Look-ups in the reference data."""

from collections.abc import Iterator
from datetime import date
from decimal import Decimal

import pytest
from flask import Flask

from paritrana.config import data_folder
from paritrana.core.contributions import find_rate, per_month
from paritrana.core.errors import NotFound
from paritrana.database import db
from paritrana.reference import models, queries
from paritrana.seeding.reference import load_reference


@pytest.fixture(autouse=True)
def reference(app: Flask) -> Iterator[None]:
    with app.app_context():
        load_reference(data_folder("seed"), session=db.session())
        db.session.flush()
        yield
        db.session.rollback()


def test_a_region_is_found_by_its_code() -> None:
    region = queries.get_region("52.03")
    assert (region.name, region.timezone, region.province_code) == ("Kabupaten Lombok Timur", "Asia/Makassar", "52")
    assert queries.get_region("52").province_code == "52"


def test_an_unknown_region_is_not_found() -> None:
    with pytest.raises(NotFound):
        queries.get_region("99.99")
    assert queries.regions_of("99") == []


def test_a_province_has_its_regencies_and_cities_in_order() -> None:
    codes = [region.code for region in queries.regions_of("52")]
    assert codes == ["52.01", "52.02", "52.03", "52.04", "52.05", "52.06", "52.07", "52.08", "52.71", "52.72"]
    assert len(queries.provinces()) == 38


def test_regions_by_code_leaves_out_the_unknown() -> None:
    assert set(queries.regions_by_code(["35", "35.03", "99"])) == {"35", "35.03"}


@pytest.mark.parametrize(
    ("region", "year", "instrument", "expected"),
    [
        ("33.12", 2025, "bpjs_monitoring", "52.69"),  # the regency's own
        ("16.06", 2025, "bpjs_monitoring", "51"),  # its province's
        ("16", 2025, "bpjs_monitoring", "51"),
        ("52.03", 2025, "bpjs_monitoring", "52.15"),  # the nation's
        ("12.08", 2025, "bpjs_monitoring", "52.15"),  # a group of provinces is never looked up
        (None, 2025, "bpjs_monitoring", "52.15"),
        ("33.12", 2025, "rpjmn", "32.15"),  # the other instrument for the same year
        ("35.03", 2025, "rpjmn", "32.15"),
        ("35.03", 2045, "rpjpd", "83.29"),
        ("35.03", 2025, "rpjpd", None),  # a baseline is no target
        ("52.03", 2027, "rpjmn", None),
    ],
)
def test_a_target_is_the_regions_else_its_provinces_else_the_nations(
    region: str | None, year: int, instrument: str, expected: str | None
) -> None:
    assert queries.find_target(region, year, instrument) == (None if expected is None else Decimal(expected))


def test_a_target_may_be_a_number_of_people() -> None:
    assert queries.find_target("51.03", 2024, "bpjs_programme", "vulnerable_workers_per_village") == 100


def test_the_target_sets_of_a_year_are_named() -> None:
    assert queries.target_sets(2025) == ["bpjs_monitoring", "rpjmn"]


@pytest.mark.parametrize(
    ("group", "payer", "on", "rupiah"),
    [
        ("bpu", "apbn_apbd", date(2025, 6, 1), 16800),
        ("bpu_transport", "self", date(2026, 5, 1), 8400),
        ("bpu_transport", "apbn_apbd", date(2026, 5, 1), 16800),
        ("bpu_non_transport", "self", date(2026, 3, 31), 16800),
        ("bpu_non_transport", "self", date(2026, 4, 1), 8400),
        ("bpu_transport", "self", date(2027, 4, 1), 16800),
    ],
)
def test_the_stored_rates_answer_what_a_package_costs(group: str, payer: str, on: date, rupiah: int) -> None:
    rate = find_rate(queries.contribution_rates(), "jkk_jkm", group, on, payer)
    assert per_month(rate) == rupiah


def test_published_coverage_of_a_region_comes_newest_first() -> None:
    rows = queries.published_coverage_of("35.03")
    assert rows[0].source_key
    assert [row.as_of for row in rows] == sorted((row.as_of for row in rows), reverse=True)
    assert {row.key: row.percent for row in rows}["COV002"] == Decimal("43.2")


def test_published_budgets_of_a_region_keep_what_the_source_left_out() -> None:
    rows = {row.key: row for row in queries.published_budgets_of("35.03")}
    assert rows["BUD001"].amount_idr == 365_600_000
    assert rows["BUD002"].people is None


def test_figures_of_villages_are_not_those_of_their_regency() -> None:
    codes = set(db.session.scalars(db.select(models.PublishedBudget.region_code).filter_by(area_kind="village")))
    assert codes
    for code in codes:
        assert all(row.area_kind != "village" for row in queries.published_budgets_of(code))


def test_winners_of_a_province_come_by_category_and_rank() -> None:
    winners = queries.past_winners(2024, "52")
    assert ("Kabupaten Lombok Timur", 1) in [(winner.recipient, winner.rank) for winner in winners]
    assert all(winner.province_code is None for winner in queries.past_winners(2023))
    assert {winner.recipient_region_code for winner in queries.past_winners_of("52.03")} == {"52.03"}


def test_categories_of_a_national_year_are_told() -> None:
    assert queries.categories_of(2017)[0].key == "CAT001"
    assert {category.province_code for category in queries.categories_of(2024, "52")} == {"52"}


def test_sources_are_found_for_texts_with_several_keys() -> None:
    found = queries.sources_of(["S13;S14", "S01"])
    assert set(found) == {"S13", "S14", "S01"}
    assert found["S01"].url is not None
