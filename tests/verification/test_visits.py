"""Field visits: written down by whoever was there, with photos, never changed, hidden from the nominee."""

import io
import os
import re
from datetime import timedelta

import pytest
from PIL import Image
from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError

from paritrana.audit import service as audit
from paritrana.audit.models import Event
from paritrana.database import db
from paritrana.files.keeping import remove_orphans
from paritrana.files.models import Blob
from paritrana.files.previews.service import make_previews_of
from paritrana.files.store import BlobStore
from paritrana.jobs.kinds import SYSTEM, Run
from paritrana.panels.service import declare
from paritrana.verification import queries, service
from paritrana.verification.models import FieldVisit, FieldVisitPhoto
from tests.factories import world
from tests.files.samples import JPEG, PDF, PNG, picture
from tests.nominations.pages import fields_of, send, text_of
from tests.verification.cases import ALL, LATER, declared, judge_all, propose_gates, sent

SEEN = "seen-non_asn_protection"
# Precomposed, so that what is stored is what was typed.
SCRIPTS = ("Balai Désa ", "Мэрия ", "役場", "دار البلدية ", "ශාලාව ")


@pytest.fixture
def here(app, db_session):
    return world(kind="real")


@pytest.fixture
def nomination(here, clock):
    nomination = sent(here, clock, ALL[:2])[0]
    declared(here, nomination, "verifier-1")
    return nomination


@pytest.fixture
def store(app):
    return BlobStore(app.extensions["settings"].blob_path)


@pytest.fixture
def verifier(door, nomination):
    return door("verifier-1")


def place_of(nomination):
    return f"/verification/{nomination.ref}/visits"


def day(here, days=0):
    """The inputs of the date, so many days after the verifier's today."""
    on = (here.now + LATER + timedelta(days=days)).date()
    return {"on-day": str(on.day), "on-month": str(on.month), "on-year": str(on.year)}


def told(here, **changes):
    return {**day(here), "place": "Balai desa", "offices": "Dinas Tenaga Kerja", SEEN: "Daftar ada.", **changes}


def photo(data=JPEG, name="foto.jpg", media_type="image/jpeg"):
    return io.BytesIO(data), name, media_type


def record(client, nomination, here, **changes):
    address = place_of(nomination)
    return send(client, address, fields_of(client, address), **told(here, **changes))


def drawn(store, here):
    for blob_id in db.session.scalars(select(FieldVisitPhoto.blob_id).distinct()).all():
        make_previews_of(blob_id, store=store, at=here.now)


def status(client, address, **query):
    """With what an address answers; a streamed answer is closed."""
    with client.get(address, query_string=query or None) as answer:
        return answer.status_code


def rows():
    return db.session.scalars(select(FieldVisit).order_by(FieldVisit.no)).all()


def test_a_visit_with_photos_stands_in_the_record_and_beside_the_figures(here, nomination, verifier, store):
    answer = record(verifier, nomination, here, photos=[photo(), photo(PNG, "kantor.png", "image/png")], shows="Loket")
    assert answer.status_code == 303, text_of(answer)
    visit = rows()[0]
    assert (visit.no, visit.place, visit.seen) == (1, "Balai desa", {"non_asn_protection": "Daftar ada."})
    assert [(one.no, one.name, one.shows) for one in visit.photos] == [
        (1, "foto.jpg", "Loket"),
        (2, "kantor.png", "Loket"),
    ]
    assert {one.blob.organisation_id for one in visit.photos} == {nomination.organisation_id}
    kinds = db.session.scalars(
        select(Event.kind)
        .where(Event.stream == audit.intake(here.cycle.code), Event.kind.like("visit.%"))
        .order_by(Event.seq)
    ).all()
    assert kinds == ["visit.recorded", "visit.photo_added", "visit.photo_added"]

    drawn(store, here)
    query = {"lang": "en"}
    record_page = text_of(verifier.get(f"/verification/{nomination.ref}/close", query_string=query))
    for page in (text_of(verifier.get(place_of(nomination), query_string=query)), record_page):
        assert page.count('alt="Photo 1: Loket"') == 1
        assert visit.photos[0].blob.sha256 in page
    item = text_of(verifier.get(f"/verification/{nomination.ref}/items/non_asn_protection", query_string=query))
    assert "Daftar ada." in item
    other = text_of(verifier.get(f"/verification/{nomination.ref}/items/coverage", query_string=query))
    assert "Daftar ada." not in other


def test_a_photo_is_shown_anew_without_what_the_camera_noted(here, nomination, verifier, store):
    held, notes = io.BytesIO(), Image.Exif()
    notes[0x010F] = "Kamera rahasia"
    Image.new("RGB", (40, 30), "navy").save(held, "JPEG", exif=notes)
    assert b"Kamera rahasia" in held.getvalue()
    record(verifier, nomination, here, photos=[photo(held.getvalue())], shows="Loket")
    address = f"{place_of(nomination)}/1/photos/1"
    assert verifier.get(address).status_code == 404  # not drawn yet
    drawn(store, here)
    with verifier.get(address) as answer:
        assert answer.status_code == 200
        assert answer.content_type == "image/jpeg"
        assert b"Kamera rahasia" not in answer.data
        assert Image.open(io.BytesIO(answer.data)).size == (40, 30)
    assert verifier.get(f"{place_of(nomination)}/1/photos/2").status_code == 404


@pytest.mark.parametrize(
    ("days", "said"),
    [(1, "cannot lie in the future"), (-60, "lies before the verification")],
)
def test_a_day_that_cannot_be_is_refused_and_nothing_typed_is_lost(here, nomination, verifier, days, said):
    answer = record(verifier, nomination, here, place="Kantor lama", **day(here, days))
    assert answer.status_code == 422
    page = text_of(answer)
    assert said in page
    assert "Kantor lama" in page
    assert "Daftar ada." in page
    assert rows() == []


@pytest.mark.parametrize("words", SCRIPTS)
def test_a_place_has_three_hundred_characters_of_any_script(here, nomination, verifier, words):
    longest = (words * 300)[:299] + "x"
    assert record(verifier, nomination, here, place=longest).status_code == 303
    assert rows()[0].place == longest
    assert longest in text_of(verifier.get(place_of(nomination)))
    answer = record(verifier, nomination, here, place=longest + "x")
    assert answer.status_code == 422
    assert "has 301 characters" in text_of(answer)
    assert len(rows()) == 1


HOSTILE = {
    "other content": (photo(PDF), 415, "is not JPG"),
    "no picture": (photo(PDF, "surat.pdf", "application/pdf"), 415, "choose a JPG or PNG"),
    "a script": (photo(b"<svg/>", "foto.svg", "image/svg+xml"), 415, "choose a JPG or PNG"),
    "broken": (photo(JPEG[:-40] + b"\xff\xd9"), 422, "damaged"),
    "a tail": (photo(JPEG + b"PK\x03\x04"), 422, "something else beside"),
    "huge": (photo(picture("PNG", (12_001, 1)), "x.png", "image/png"), 422, "too many pixels"),
    "a name that turns": (photo(JPEG, "a\u202egpj.jpg"), 422, "cannot be shown"),
}


@pytest.mark.parametrize("kind", HOSTILE)
def test_a_hostile_photo_is_refused_with_a_sentence_and_the_visit_waits(here, nomination, verifier, kind):
    (data, name, media_type), status, said = HOSTILE[kind]
    again = (io.BytesIO(data.getvalue()), name, media_type)
    answer = record(verifier, nomination, here, photos=[photo(), again], shows="Loket")
    assert answer.status_code == status
    page = text_of(answer)
    assert said in page
    assert "Balai desa" in page
    assert (rows(), db.session.scalar(select(func.count()).select_from(FieldVisitPhoto))) == ([], 0)


def test_what_was_kept_of_a_refused_visit_goes_after_two_days(here, nomination, verifier, store, app):
    answer = record(verifier, nomination, here, photos=[photo(), photo(PDF)], shows="Loket")
    assert answer.status_code == 415
    (kept,) = [path for path in (store.root / "objects").rglob("*") if path.is_file()]
    run = Run("J-TEST-0001", "test", {}, SYSTEM, app.extensions["settings"], app.extensions["clock"].now)
    for hours, left in ((47, True), (49, False)):
        seen = (run.now() - timedelta(hours=hours)).timestamp()
        os.utime(kept, (seen, seen))
        remove_orphans(run, lambda done, total=None: None)
        assert kept.exists() == left


def test_photos_come_with_words_on_what_they_show(here, nomination, verifier):
    answer = record(verifier, nomination, here, photos=[photo()])
    assert answer.status_code == 422
    assert "Write what the photos show" in text_of(answer)
    assert rows() == []


def test_a_visit_says_something_of_an_item(here, nomination, verifier):
    answer = record(verifier, nomination, here, **{SEEN: "  "})
    assert answer.status_code == 422
    assert "at least one item" in text_of(answer)
    answer = record(verifier, nomination, here, **{SEEN: "x" * 2001})
    assert answer.status_code == 422
    assert "2,001 characters" in text_of(answer)
    assert rows() == []


def test_more_photos_come_later_and_the_same_one_once(here, nomination, verifier):
    record(verifier, nomination, here, photos=[photo()], shows="Loket")
    address = f"{place_of(nomination)}/1/photos"
    fields = fields_of(verifier, place_of(nomination), address)
    assert (
        send(verifier, address, fields, photos=[photo(), photo(PNG, "b.png", "image/png")], shows="Arsip").status_code
        == 303
    )
    assert [(one.no, one.shows) for one in rows()[0].photos] == [(1, "Loket"), (2, "Arsip")]
    for changes, said in (
        ({"shows": "Arsip"}, "Choose a photo"),
        ({"photos": [photo()], "shows": ""}, "Write what the photos show"),
        ({"photos": [photo(PDF)], "shows": "Arsip"}, "is not JPG"),
        ({"photos": [photo() for _ in range(21)], "shows": "Arsip"}, "at most 20 photos"),
    ):
        fields = fields_of(verifier, place_of(nomination), address)
        answer = send(verifier, address, fields, **changes)
        assert answer.status_code >= 400
        assert said in text_of(answer)
    assert len(rows()[0].photos) == 2


def test_a_mistake_is_corrected_beside_the_first_words_and_once(here, nomination, verifier):
    record(verifier, nomination, here)
    shown = text_of(verifier.get(place_of(nomination), query_string={"lang": "en", "corrects": "1"}))
    assert 'name="corrects" value="1"' in shown
    assert 'value="Balai desa"' in shown
    assert record(verifier, nomination, here, corrects="1", place="Kantor camat").status_code == 303
    assert [(one.no, one.corrects_no, one.place) for one in rows()] == [(1, None, "Balai desa"), (2, 1, "Kantor camat")]
    again = record(verifier, nomination, here, corrects="1", place="Kantor lurah")
    assert again.status_code == 409
    assert "already corrected by visit 2" in text_of(again)
    assert record(verifier, nomination, here, corrects="9").status_code == 404
    item = text_of(verifier.get(f"/verification/{nomination.ref}/items/non_asn_protection"))
    assert f"{place_of(nomination)}#visit-2" in item
    assert f"{place_of(nomination)}#visit-1" not in item


def test_the_same_visit_sent_again_is_recorded_once(here, nomination, verifier):
    for _ in range(2):
        assert record(verifier, nomination, here, photos=[photo()], shows="Loket").status_code == 303
    assert len(rows()) == 1
    assert db.session.scalar(select(func.count()).select_from(Blob).where(Blob.media_type == "image/jpeg")) == 1


def test_the_rows_of_a_visit_only_grow(here, nomination, verifier):
    record(verifier, nomination, here, photos=[photo()], shows="Loket")
    for change in (
        FieldVisit.__table__.update().values(place="x"),
        FieldVisit.__table__.delete(),
        FieldVisitPhoto.__table__.update().values(shows="x"),
        FieldVisitPhoto.__table__.delete(),
    ):
        with pytest.raises(IntegrityError):
            db.session.execute(change)
        db.session.rollback()


def test_visits_are_for_those_who_judge_and_never_for_the_nominee(here, nomination, verifier, door, store):
    record(verifier, nomination, here, photos=[photo()], shows="Loket")
    drawn(store, here)
    page, shot = place_of(nomination), f"{place_of(nomination)}/1/photos/1"
    for name in ("nominee-1", "nominee-2"):
        client = door(name)
        assert [status(client, one) for one in (page, shot)] == [404, 404]
        own = text_of(client.get(f"/nominations/{nomination.ref}")) if name == "nominee-1" else ""
        assert "/visits" not in own
    organiser = door("organiser-1")
    assert [status(organiser, one) for one in (page, shot)] == [200, 200]
    assert 'id="record"' not in text_of(organiser.get(page))
    auditor = door("auditor")
    assert [status(auditor, one) for one in (page, shot)] == [422, 422]
    assert status(auditor, page, reason="sampling") == 200
    shown = text_of(auditor.get(page, query_string={"reason": "sampling"}))
    found = re.search(r'<img src="([^"]*)"', shown)
    assert status(auditor, found[1].replace("&amp;", "&")) == 200
    undeclared = door("verifier-2")
    assert undeclared.get(page).status_code == 303


def test_a_verifier_in_conflict_sees_nothing_of_a_visit(here, nomination, verifier, door, store):
    record(verifier, nomination, here, photos=[photo()], shows="Loket")
    drawn(store, here)
    other = door("verifier-2")
    assert status(other, f"{place_of(nomination)}/1/photos/1") == 200
    declare(nomination, True, "Saudara kandung bekerja di sana.", actor=here.actor("verifier-2"), at=here.now + LATER)
    db.session.commit()
    for address in (place_of(nomination), f"{place_of(nomination)}/1/photos/1"):
        assert other.get(address).status_code == 404


def test_nothing_is_added_while_a_second_person_looks(here, nomination, verifier):
    judge_all(here, nomination)
    propose_gates(here, nomination)
    found = queries.find_verification(nomination)
    fields = fields_of(verifier, place_of(nomination))
    service.propose_close(nomination, expected=found.version, actor=here.actor("verifier-1"), at=here.now + LATER)
    db.session.commit()
    answer = send(verifier, place_of(nomination), fields, **told(here))
    assert answer.status_code == 409
    assert "proposed or done" in text_of(answer)
    assert rows() == []
    assert 'id="record"' not in text_of(verifier.get(place_of(nomination)))


def test_the_page_takes_as_many_statements_for_many_visits_as_for_one(here, nomination, verifier, statements):
    record(verifier, nomination, here, photos=[photo()], shows="Loket")

    def count():
        with statements() as seen:
            assert verifier.get(place_of(nomination)).status_code == 200
        return len(seen)

    first = count()
    for no in range(2, 5):
        record(verifier, nomination, here, place=f"Desa {no}", photos=[photo(picture("JPEG", (no, no)))], shows="Loket")
    assert count() == first
