"""What `paritrana seed` brings into an empty installation beside the tables: rubrics and the historical cycle."""

import json
from datetime import UTC, datetime

import pytest
from flask import Flask
from sqlalchemy import func, select

from paritrana.audit.models import Event
from paritrana.audit.queries import first_broken_link
from paritrana.config import data_folder
from paritrana.core.bundle import compare, parse
from paritrana.core.lifecycle import State
from paritrana.cycles.models import Cycle, RubricVersion
from paritrana.cycles.queries import get_category
from paritrana.database import db
from paritrana.publication.models import Publication
from paritrana.reference import models
from paritrana.seeding.cli import load
from paritrana.seeding.cycles import add_historical, read_historical, read_rubrics
from paritrana.seeding.rows import BadSeed

SEED = data_folder("seed")
NOW = datetime(2026, 3, 2, 3, 0, tzinfo=UTC)


@pytest.fixture
def seeded(app: Flask, db_session) -> Flask:
    load(SEED, NOW, app.extensions["settings"], demo=False)
    return app


def count(model: type) -> int:
    return db.session.scalar(select(func.count()).select_from(model)) or 0


def test_everything_that_is_published_is_there(seeded):
    tables = {
        models.Region: 552, models.ContributionRate: 29, models.TargetFigure: 20, models.PublishedCoverage: 140,
        models.PublishedBudget: 49, models.PastWinner: 142, RubricVersion: 6,
    }  # fmt: skip
    assert {model: count(model) for model in tables} == tables


def test_the_rubrics_are_frozen(seeded):
    assert all(rubric.frozen_at is not None for rubric in db.session.scalars(select(RubricVersion)))


def test_the_historical_cycle_is_archived_with_the_published_total(seeded):
    category = get_category("ntb-2024", "kabkota")
    assert (category.cycle.kind, category.stored_state) == ("historical", State.ARCHIVED)
    assert (category.cycle.edition_label, category.cycle.assessment_year) == ("2025", 2024)
    published = db.session.scalars(select(Publication)).one()
    bundle = parse(published.bundle)
    assert compare(bundle) == []
    (row,) = json.loads(published.bundle)["result"]
    assert (row["candidate"], row["total"]) == ("52.03", "51.51")
    assert published.source_key == "S01"


def test_one_event_names_the_source(seeded):
    told = db.session.scalars(select(Event).where(Event.stream.startswith("ntb-2024/"))).all()
    assert sum(b"S01" in event.content.body for event in told) == 1


def test_the_change_of_reference_data_is_an_event(seeded):
    told = select(Event).where(Event.stream == "system", Event.kind == "reference.loaded")
    assert len(db.session.scalars(told).all()) == 1
    assert first_broken_link() is None


def test_a_second_run_changes_nothing(seeded):
    before = {model: count(model) for model in (Event, Cycle, RubricVersion, Publication)}
    load(SEED, NOW, seeded.extensions["settings"], demo=False)
    assert {model: count(model) for model in before} == before


def test_nothing_simulated_comes_without_being_asked_for(seeded):
    assert db.session.scalars(select(Cycle.code)).all() == ["ntb-2024"]


def test_a_rubric_with_a_mistake_is_named(tmp_path):
    (tmp_path / "rubrics").mkdir()
    (tmp_path / "rubrics" / "odd.json").write_text("[", encoding="utf-8")
    with pytest.raises(BadSeed, match=r"rubrics/odd\.json: The file is no JSON"):
        read_rubrics(tmp_path)


def test_a_historical_cycle_without_its_bundle_is_named(tmp_path):
    with pytest.raises(BadSeed, match=r"cycles/ntb-2024\.json: "):
        read_historical(tmp_path)


def test_a_historical_cycle_whose_rubric_is_missing_is_named_and_not_added(db_session):
    described, bundle = read_historical(SEED)
    with pytest.raises(BadSeed, match=r"cycles/ntb-2024\.json: There is no rubric ntb-2024-observed\."):
        add_historical(described, bundle, at=NOW)
    assert count(Cycle) == 0
