"""What the service of field visits refuses before anything is written down."""

import pytest

from paritrana.core.errors import NotFound
from paritrana.database import db
from paritrana.files.models import Blob
from paritrana.verification import service
from paritrana.verification.models import FieldVisit, FieldVisitPhoto
from paritrana.verification.service import Photo, Visited
from tests.factories import world
from tests.verification.cases import LATER, declared, sent

KIND = "non_asn_protection"


@pytest.fixture
def here(app, db_session):
    return world(kind="real")


@pytest.fixture
def nomination(here, clock):
    made = sent(here, clock)[0]
    declared(here, made, "verifier-1")
    return made


def photos(here, numbers, owner, media_type="image/png"):
    made = []
    for number in numbers:
        blob = Blob(
            organisation_id=owner, sha256=f"{number:064x}", size=number, media_type=media_type, created_at=here.now
        )
        db.session.add(blob)
        made.append(Photo(blob, f"{number}.png", "Loket"))
    db.session.flush()
    return made


def record(here, nomination, name="verifier-1", seen=KIND, pictures=()):
    said = Visited("Balai desa", (here.now + LATER).date(), "Dinas", {seen: "Daftar ada."}, photos=pictures)
    return service.record_visit(nomination, said, actor=here.actor(name), at=here.now + LATER)


def add(here, visit, pictures, name="verifier-1"):
    return service.add_photos(visit, pictures, actor=here.actor(name), at=here.now + LATER)


def test_a_visit_is_written_by_who_declared_about_items_of_the_rubric(here, nomination):
    with pytest.raises(service.NotDeclared):
        record(here, nomination, "verifier-2")
    for kind in ("compliance", "indicator:Z9"):
        with pytest.raises(NotFound):
            record(here, nomination, seen=kind)
    db.session.rollback()
    assert db.session.query(FieldVisit).count() == 0


def test_photos_are_added_by_who_declared_are_pictures_of_the_candidate_and_at_most_twenty(here, nomination):
    owner, other = nomination.organisation_id, here.organisations["regency-2"].id
    visit = record(here, nomination, pictures=photos(here, range(101, 120), owner))
    db.session.commit()
    with pytest.raises(service.NotDeclared):
        add(here, visit, photos(here, [150], owner), "verifier-2")
    for strange in (photos(here, [151], other), photos(here, [152], owner, "application/pdf")):
        with pytest.raises(ValueError, match="in the folder of the candidate's organisation"):
            add(here, visit, strange)
    with pytest.raises(service.TooManyPhotos) as refused:
        add(here, visit, photos(here, [160, 161], owner))
    assert refused.value.params == {"limit": 20}
    db.session.rollback()
    assert db.session.query(FieldVisitPhoto).count() == 19
    there = visit.photos[0].blob
    assert add(here, visit, [Photo(there, "again.png", "Loket")]) == []
    assert [one.no for one in add(here, visit, photos(here, [160], owner))] == [20]
