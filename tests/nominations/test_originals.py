"""Who gets the bytes that a nominee sent: of a picture only the nominee, of every other file whoever may open it."""

import hashlib
import io

import pytest
from PIL import Image

from paritrana.core.filetypes import PICTURES
from paritrana.core.lifecycle import State
from paritrana.database import db
from paritrana.files.models import Blob
from paritrana.files.previews.service import make_previews_of
from paritrana.files.service import store_upload
from paritrana.files.store import BlobStore
from paritrana.nominations import service
from tests.factories import sign_in, world
from tests.files.test_previews import bomb, photo
from tests.nominations.pages import PDF, filled, text_of, workbook
from tests.verification.cases import LATER, declared

READERS = ("verifier-1", "organiser-1", "chair", "assessor-3", "auditor", "administrator")
BOOK = workbook()
KIND = "non_asn_protection"


@pytest.fixture
def here(app, db_session):
    return world(kind="real")


@pytest.fixture
def store(app):
    return BlobStore(app.extensions["settings"].blob_path)


@pytest.fixture
def sent(here, clock, store):
    """A sent nomination under verification with files of each kind; their numbers, by name."""
    nomination, numbers = filled(here), {}
    files = {"Loket.JPEG": photo(size=(60, 40)), "DPA.pdf": PDF, "Rekap.xlsx": BOOK}
    files["Bom.png"] = bomb(12_000, 12_000)  # taken before such pictures were refused
    for filename, data in files.items():
        blob, name = store_upload(
            io.BytesIO(data), filename=filename, organisation_id=nomination.organisation_id, at=here.now, store=store,
            max_bytes=10**6, ours=True,
        )  # fmt: skip
        numbers[name] = service.attach(nomination, KIND, blob, name, actor=here.actor("nominee-1"), at=here.now).no
    service.submit(nomination, actor=here.actor("nominee-1"), at=here.now)
    here.category.state = int(State.VERIFICATION)
    db.session.commit()
    clock.set(here.now + LATER)
    declared(here, nomination, "verifier-1")
    return nomination, numbers


@pytest.fixture
def fetch(app, sent):
    """Asks for a document as somebody; gives the status, the headers and the bytes."""
    nomination, numbers = sent

    def run(who: str, name: str):
        client = app.test_client()
        sign_in(client, who)
        query = {"reason": "Sengketa", "lang": "en"} if who == "auditor" else {"lang": "en"}
        with client.get(f"/nominations/{nomination.ref}/documents/{numbers[name]}/file", query_string=query) as answer:
            return answer.status_code, answer.headers, answer.data

    return run


def draw(store, here) -> None:
    for blob in db.session.query(Blob).filter(Blob.media_type.in_(PICTURES)).all():
        make_previews_of(blob.id, store=store, at=here.now)


def may_open(fetch) -> list[str]:
    """Who of the readers may open the documents at this stage."""
    return [who for who in READERS if fetch(who, "DPA.pdf")[0] == 200]


def test_the_owner_has_the_picture_byte_for_byte(fetch):
    status, headers, data = fetch("nominee-1", "Loket.JPEG")
    assert (status, data) == (200, photo(size=(60, 40)))
    assert b"Kamera Contoh" in data
    assert headers["Content-Disposition"].endswith("''Loket.JPEG")


def test_everybody_else_has_the_copy_without_what_the_camera_noted(fetch, here, store):
    draw(store, here)
    readers = may_open(fetch)
    assert {"verifier-1", "auditor"} <= set(readers)
    for who in readers:
        status, headers, data = fetch(who, "Loket.JPEG")
        assert status == 200, who
        assert b"Kamera" not in data
        picture = Image.open(io.BytesIO(data))
        assert (picture.format, picture.size, dict(picture.getexif())) == ("JPEG", (40, 60), {})
        assert headers["Content-Disposition"].startswith('attachment; filename="bukti-')
        assert headers["Content-Disposition"].endswith("''Loket.jpg")
        assert headers["Content-Security-Policy"] == "sandbox; default-src 'none'"


def test_who_may_not_open_the_document_has_no_copy_either(fetch, here, store):
    draw(store, here)
    for who in {*READERS, "nominee-2"} - set(may_open(fetch)):
        assert fetch(who, "Loket.JPEG")[0] in {403, 404}, who


def test_until_the_copy_is_made_nobody_else_has_anything(fetch):
    for who in may_open(fetch):
        status, _headers, data = fetch(who, "Loket.JPEG")
        assert status == 503, who
        assert b"being made" in data
        assert b"Kamera" not in data


def test_of_a_picture_that_cannot_be_drawn_nobody_else_has_anything(fetch, here, store):
    draw(store, here)
    assert fetch("nominee-1", "Bom.png")[2] == bomb(12_000, 12_000)
    status, _headers, data = fetch("verifier-1", "Bom.png")
    assert status == 409
    assert b"No copy can be made" in data
    assert b"IHDR" not in data


@pytest.mark.parametrize(("name", "data"), [("DPA.pdf", PDF), ("Rekap.xlsx", BOOK)])
def test_every_other_file_goes_out_byte_for_byte_to_whoever_may_open_it(fetch, name, data):
    for who in ("nominee-1", *may_open(fetch)):
        status, headers, got = fetch(who, name)
        assert status == 200
        assert hashlib.sha256(got).hexdigest() == hashlib.sha256(data).hexdigest()
        assert headers["Content-Disposition"].endswith(f"''{name}")


def test_a_verifier_reads_the_hashes_of_the_original_and_of_the_copy(client, sent, here, store):
    nomination, numbers = sent
    sign_in(client, "verifier-1")
    page, query = f"/verification/{nomination.ref}/items/{KIND}", {"doc": numbers["Loket.JPEG"], "lang": "en"}
    waiting = text_of(client.get(page, query_string=query))
    assert "The picture is being made" in waiting
    assert "Download the copy" not in waiting
    draw(store, here)
    shown = text_of(client.get(page, query_string=query))
    original = hashlib.sha256(photo(size=(60, 40))).hexdigest()
    with client.get(f"/nominations/{nomination.ref}/documents/{numbers['Loket.JPEG']}/file") as answer:
        copy = hashlib.sha256(answer.data).hexdigest()
    assert f"<code>{original}</code>" in shown
    assert f"<code>{copy}</code>" in shown
    assert "Download the copy" in shown
    assert "Open the original" not in shown
    query["doc"] = numbers["DPA.pdf"]
    assert "Open the original" in text_of(client.get(page, query_string=query))
