"""Cycles that have just begun, deadlines that cannot be moved, and pages of those who do several things at once."""

import re
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select

from paritrana.core.lifecycle import State
from paritrana.cycles.models import CategoryTitle, Cycle, Proposal
from paritrana.cycles.queries import get_cycle
from paritrana.database import db
from paritrana.home.rehearsing import make_rehearsal
from paritrana.home.views import Menu
from paritrana.interviews import clock
from paritrana.nominations.models import Nomination
from tests.factories import World, grant, person, world
from tests.home.test_extensions import FORM, typed
from tests.home.test_home import words
from tests.home.test_setup import CATEGORY, beside, nothing_written, refused, versions

SETUP = "/setup/contoh-2025"


@pytest.fixture
def engine_name() -> str:
    """Pages ask of both engines what services ask: one engine is enough here."""
    return "sqlite"


def another(here: World, code: str, **changes: Any) -> Cycle:
    """A cycle like the world's, without categories."""
    columns = {
        one.name: getattr(here.cycle, one.name) for one in Cycle.__table__.columns if one.name not in {"id", "code"}
    }
    made = Cycle(**columns | changes, code=code)
    db.session.add(made)
    db.session.commit()
    return made


def test_a_cycle_that_has_just_begun_has_rubrics_for_its_own_organisers_and_nothing_to_manage(visit, db_session):
    here = world()
    grant(person("organiser-own"), "organiser", cycle=another(here, "kosong-2025"))
    own, other = visit("organiser-own"), visit("organiser-1")
    for page, status in (("", 404), ("/deadlines", 404), ("/rubrics", 200)):
        assert own.open(f"/manage/kosong-2025{page}").status_code == status, page
        assert other.open(f"/manage/kosong-2025{page}").status_code == 404, page
        assert other.open(f"/manage/contoh-2025{page}").status_code == 200, page


def test_a_deadline_is_proposed_once_at_a_time_and_only_where_there_is_one(visit, db_session):
    here = world(kind="real")
    organiser = visit("organiser-1")
    later = here.category.closes_at + timedelta(days=3)
    assert organiser.send(FORM, "/sign-in/again", **typed(later)).status_code == 303
    again = organiser.send(FORM, "/sign-in/again", **typed(later + timedelta(days=1)))
    assert again.status_code == 409
    assert "<title>Error: " in again.get_data(as_text=True)
    assert db.session.scalar(select(func.count()).select_from(Proposal)) == 1
    here.category.closes_at = here.category.grace_ends_at = None
    db.session.commit()
    assert organiser.open(FORM).status_code == 409


def test_an_auditor_of_two_cycles_chooses_among_their_figures(visit, db_session):
    here = world()
    second = another(here, "lain-2025")
    category = here.category
    columns = {
        one.name: getattr(category, one.name)
        for one in type(category).__table__.columns
        if one.name not in {"id", "cycle_id"}
    }
    db.session.add(type(category)(**columns, cycle_id=second.id))
    grant(here.accounts["auditor"], "auditor", cycle=second)
    page = visit("auditor").read("/home")
    assert 'href="/home#quality"' in page
    for code in ("contoh-2025", "lain-2025"):
        assert f'href="/manage/{code}/quality"' in page
    assert "/audit/contoh-2025" not in page.split("<main", 1)[0]


def test_a_date_of_some_categories_names_them(visit, db_session):
    here = world(categories=("kabkota", "desa"))
    here.categories["desa"].closes_at += timedelta(days=1)
    here.categories["desa"].grace_ends_at += timedelta(days=1)
    page = words(visit("organiser-1").read("/manage/contoh-2025"))
    assert "(Category kabkota)" in page
    assert "(Category desa)" in page


def test_outside_a_request_there_is_no_menu(app: Flask):
    with app.app_context():
        assert list(Menu()) == []


# The set-up ----------------------------------------------------------------------------------------------------------


def test_the_set_up_refuses_what_it_cannot_read_and_categories_that_are_not_there(visit, db_session):
    here = world(state=State.DRAFT, categories=("kabkota", "badan-usaha"))
    organiser = visit("organiser-1")
    firms = f"{SETUP}/categories/badan-usaha"
    sectors = "\n".join(f"Sektor {no}" for no in range(21))
    fields = CATEGORY | {"slug": "badan-usaha", "kind": "enterprise_large_medium", "sectors": sectors}
    with nothing_written():
        page = refused(
            organiser.send(firms, "/sign-in/again", **fields, **versions(here.categories["badan-usaha"])), 422
        )
        assert "Write no more than 20 sectors." in beside(page, "sectors")
        identity = f"{SETUP}/identity"
        refused(organiser.send(identity, "/sign-in/again", assessment_year="x", **versions(here.cycle)), 422)
        for step in ("categories", "titles", "calendar"):
            assert organiser.open(f"{SETUP}/{step}/nothing").status_code == 404
            assert organiser.send(f"{SETUP}/{step}/nothing", "/sign-in/again").status_code == 404


def test_a_rank_without_a_title_has_an_empty_row(visit, db_session):
    here = world(state=State.DRAFT)
    last = db.session.scalars(select(CategoryTitle).where(CategoryTitle.category_id == here.category.id)).all()[-1]
    assert (last.rank, last.title_id) == (3, "Terbaik III")
    here.category.ranks = 4
    page = visit("organiser-1").read(f"{SETUP}/titles/kabkota")
    assert re.search(r'name="rank_id-2"[^>]*value="Terbaik III"', page)
    assert re.search(r'name="rank_id-3"[^>]*value=""', page)


def test_whoever_organises_a_rehearsal_only_begins_with_an_empty_form(visit, db_session):
    here = world()
    rehearsal = another(here, "contoh-2025-latihan-1", rehearses_id=here.cycle.id)
    grant(person("organiser-own"), "organiser", cycle=rehearsal)
    page = visit("organiser-own").read("/setup")
    assert 'name="assessment_year"' in page
    assert 'value="2026"' not in page
    assert 'value="2026"' in visit("organiser-1").read("/setup")


# Rehearsals ----------------------------------------------------------------------------------------------------------


def rehearsed(here: World) -> Cycle:
    """A rehearsal with two candidates in each category, on the next day."""
    made = make_rehearsal(
        get_cycle(here.cycle.code), (here.now + timedelta(days=1)).date(), 2, actor=here.actor("organiser-1"),
        at=here.now,
    )  # fmt: skip
    db.session.commit()
    return made


def regions_in(made: Cycle) -> list[tuple[str, str]]:
    """Kind of category and region of the invented candidates."""
    rows = db.session.scalars(select(Nomination).join(Nomination.category).where(Nomination.category_id.in_(
        [one.id for one in made.categories]
    )).order_by(Nomination.id))  # fmt: skip
    return [(one.category.kind, one.organisation.region_code) for one in rows]


def test_a_rehearsal_has_the_lengths_of_its_cycle_and_candidates_where_they_belong(db_session):
    here = world(categories=("kabkota", "provinsi"))
    minutes = {"presentation": 5, "questions": 9, "waiting": 11}
    clock.set_plan(here.category, minutes, actor=here.actor("organiser-1"), at=here.now)
    db.session.commit()
    made = rehearsed(here)
    assert regions_in(made) == [
        ("regency_city", "99.01"), ("regency_city", "99.02"), ("province", "99"), ("province", "99"),
    ]  # fmt: skip
    kabkota, provinsi = sorted(made.categories, key=lambda one: one.position)
    assert clock.minutes_of(kabkota) == minutes
    assert clock.minutes_of(provinsi) == clock.DEFAULT


def test_candidates_of_a_national_rehearsal_lie_in_the_first_province(db_session):
    here = world(categories=("kabkota", "provinsi"))
    here.cycle.tier, here.cycle.region_code = "national", "99.01"  # an area without regencies of its own
    db.session.commit()
    assert [region for _kind, region in regions_in(rehearsed(here))] == ["99.01", "99.02", "99", "99"]
