"""Organisations."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from flask import Flask
from sqlalchemy.exc import IntegrityError

from paritrana.audit.models import Event
from paritrana.config import data_folder
from paritrana.core.errors import NotFound
from paritrana.core.policy import Actor
from paritrana.database import db
from paritrana.reference import queries, service
from paritrana.reference.models import Organisation
from paritrana.seeding.reference import load_reference

BY: dict[str, Any] = {"actor": Actor(ref="system"), "at": datetime(2026, 3, 2, 3, 0, tzinfo=UTC)}


@pytest.fixture(autouse=True)
def reference(app: Flask) -> Iterator[None]:
    with app.app_context():
        load_reference(data_folder("seed"), session=db.session())
        db.session.flush()
        yield
        db.session.rollback()


def test_an_organisation_gets_a_random_reference_and_is_found_by_it() -> None:
    made = service.register_organisation(
        "PT Uji Coba", "enterprise", "52.71", size_class="large", fictitious=True, **BY
    )
    db.session.expire_all()
    found = queries.get_organisation(made.ref)
    assert (found.name, found.region.name, found.size_class) == ("PT Uji Coba", "Kota Mataram", "large")
    assert found.ref.startswith("O-")
    with pytest.raises(NotFound):
        queries.get_organisation("O-0000-0000")


def test_each_new_organisation_is_recorded_once() -> None:
    made = service.register_local_governments(["52.01", "52.03"], **BY)
    service.register_local_governments(["52.03"], **BY)
    village = service.register_organisation("Desa Uji", "village", "52.01", **BY)
    told = db.session.scalars(db.select(Event.object_ref).where(Event.kind == "organisation.registered")).all()
    assert sorted(told) == sorted([made["52.01"].ref, made["52.03"].ref, village.ref])


def test_a_second_organisation_of_that_name_is_refused() -> None:
    service.register_organisation("Desa Uji", "village", "52.01", **BY)
    with pytest.raises(service.OrganisationExists):
        service.register_organisation("Desa Uji", "village", "52.01", **BY)
    assert service.register_organisation("Desa Uji", "village", "52.02", **BY).region_code == "52.02"


def test_an_organisation_needs_a_region_that_exists() -> None:
    with pytest.raises(service.UnknownRegion):
        service.register_organisation("PT Uji Coba", "enterprise", "99.99", **BY)
    with pytest.raises(service.UnknownRegion):
        service.register_local_governments(["52.01", "99.99"], **BY)


def test_regional_governments_are_registered_once_and_know_their_province() -> None:
    province = service.register_local_governments(["52"], **BY)["52"]
    first = service.register_local_governments(["52.01", "52.03"], **BY)
    again = service.register_local_governments(["52.03", "52.71"], **BY)
    assert again["52.03"] is first["52.03"]
    assert {found.name for found in queries.organisations_of(["52.01", "52.03", "52.71"], "local_government")} == {
        "Kabupaten Lombok Barat",
        "Kabupaten Lombok Timur",
        "Kota Mataram",
    }
    assert first["52.03"].parent is province


def test_a_village_may_belong_to_its_regency() -> None:
    regency = service.register_local_governments(["52.03"], **BY)["52.03"]
    village = service.register_organisation("Desa Uji", "village", "52.03", parent=regency, fictitious=True, **BY)
    assert village.parent_id == regency.id
    assert queries.organisations_of(["52.03"]) == [village, regency]
    assert queries.find_organisation("52.03", "village", "Desa Uji") is village


@pytest.mark.parametrize(
    "wrong", [{"kind": "club"}, {"size_class": "huge"}, {"kind": "village", "size_class": "micro"}]
)
def test_the_database_refuses_what_no_organisation_can_be(wrong: dict[str, str]) -> None:
    values = {"ref": "O-1", "name": "X", "kind": "enterprise", "region_code": "52", "fictitious": False, **wrong}
    with pytest.raises(IntegrityError):
        db.session.execute(db.insert(Organisation).values(**values))
