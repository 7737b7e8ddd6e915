"""A result that was published elsewhere is taken over whole, with its source, and recomputes."""

import json

import pytest
from sqlalchemy import select

from paritrana.audit.models import Event
from paritrana.config import data_folder
from paritrana.core.bundle import BadBundle, compare, parse
from paritrana.core.lifecycle import State
from paritrana.cycles import service as cycles
from paritrana.cycles.queries import get_category
from paritrana.database import db
from paritrana.publication import service
from paritrana.reference.models import Region, Source
from tests.factories import NOW, SYSTEM, rubric

RESULT = "/cycles/ntb-2024/results/kabkota"
BUNDLE = data_folder("seed") / "cycles" / "ntb-2024.bundle.json"


def cycle(kind="historical"):
    db.session.add(
        Region(code="52", name="Provinsi Nusa Tenggara Barat", short_name="NTB", kind="province",
               timezone="Asia/Makassar", award_zone="jawa_bali", tile_row=1, tile_col=1, tile_label="NTB",
               source_key="S01")
    )  # fmt: skip
    db.session.add(Source(key="S01", title="Lembar nilai", publisher="Pemerintah Provinsi", published="2025",
                          url="https://contoh.test/lembar", note=None))  # fmt: skip
    db.session.flush()
    made = cycles.create_cycle(
        {"code": "ntb-2024", "kind": kind, "title_id": "Paritrana Award NTB", "title_en": "Paritrana Award of NTB",
         "assessment_year": 2024, "edition_label": "2025", "tier": "province", "region_code": "52",
         "timezone": "Asia/Makassar", "target_instrument": "rpjmn", "target_year": 2025, "election_held": True,
         "rates_as_of": NOW, "decree": None},
        actor=SYSTEM, at=NOW,
    )  # fmt: skip
    stored = rubric("ntb-2024-observed")
    cycles.add_category(
        made,
        {"position": 1, "slug": "kabkota", "kind": "regency_city", "title_id": "Pemerintah kabupaten/kota",
         "title_en": "Regency and city governments", "state": 9, "rubric_version_id": stored.id, "ranks": 3},
        {}, actor=SYSTEM, at=NOW,
    )  # fmt: skip
    db.session.commit()
    return get_category("ntb-2024", "kabkota")


def take_over(category, raw=None, key="S01"):
    made = service.import_historical(
        category, BUNDLE.read_bytes() if raw is None else raw, key, actor=SYSTEM, at=NOW,
        note=("Hanya satu lembar.", "One sheet only."),
    )  # fmt: skip
    db.session.commit()
    return made


@pytest.fixture
def category(app, db_session):
    return cycle()


def test_the_real_sheet_shows_51_51_and_verifies(category, client):
    made = take_over(category)
    text = client.get(RESULT).get_data(as_text=True)
    assert "51,51" in text
    assert "Kabupaten Lombok Timur" in text
    assert "Lembar nilai" in text
    assert "Hanya satu lembar." in text
    assert "SIMULA" not in text
    raw = client.get(RESULT + ".json").get_data()
    assert raw == made.bundle == BUNDLE.read_bytes()
    assert compare(parse(raw)) == []
    assert "51,51" in client.get("/").get_data(as_text=True)
    assert client.get("/cycles/ntb-2024").status_code == 200
    assert client.get("/cycles/ntb-2024/method").status_code == 200


def test_one_event_carries_the_whole_bundle_and_its_source(category):
    take_over(category)
    body = db.session.scalars(select(Event).where(Event.kind == "result.imported")).one().content
    said = json.loads(body.body)["values"]
    assert said["bundle"].encode() == BUNDLE.read_bytes()
    assert said["source"] == "S01"
    assert get_category("ntb-2024", "kabkota").stored_state is State.ARCHIVED


def test_it_is_taken_over_once(category):
    take_over(category)
    with pytest.raises(service.NotHistorical):
        take_over(category)


def test_a_living_cycle_takes_no_result_from_outside(app, db_session):
    with pytest.raises(service.NotHistorical):
        take_over(cycle(kind="simulated"))


@pytest.mark.parametrize(
    ("change", "refusal"),
    [
        (lambda raw: raw.replace(b'"51.51"', b'"51.52"'), service.BundleDiffers),
        (lambda raw: raw.replace(b'"ntb-2024"', b'"ntb-2023"', 1), service.BundleDiffers),
        (lambda raw: raw.replace(b'"7.75"', b'"77.5"', 1), BadBundle),
        (lambda raw: b"no JSON", BadBundle),
    ],
)
def test_a_bundle_with_a_fault_is_refused_whole(category, change, refusal):
    with pytest.raises(refusal):
        take_over(category, change(BUNDLE.read_bytes()))
    db.session.rollback()
    assert db.session.query(service.Publication).count() == 0


def test_a_source_that_is_not_known_is_refused(category):
    with pytest.raises(service.BundleDiffers):
        take_over(category, key="S99")
