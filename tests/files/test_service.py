import hashlib
import io
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from threading import Barrier

import pytest
from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError

from paritrana.core.filetypes import (
    MEBIBYTE,
    XLSX,
    FileContentRefused,
    FileEmpty,
    FileNameUnreadable,
    FileTooLarge,
    FileTypeRefused,
    UploadCut,
)
from paritrana.core.quantities import FileSize
from paritrana.database import db
from paritrana.files.models import Blob
from paritrana.files.queries import find_blob
from paritrana.files.service import store_upload
from paritrana.files.store import StoreFault
from tests.files import samples

AT = datetime(2026, 11, 21, 3, 0, tzinfo=UTC)


@pytest.fixture
def upload(organisations, store):
    """Stores an upload of the first regency, or of another organisation."""

    def run(content, filename, *, organisation=organisations[0], max_bytes=25 * MEBIBYTE, **said):
        stream = io.BytesIO(content)
        return store_upload(
            stream, filename=filename, organisation_id=organisation.id, at=AT, store=store, max_bytes=max_bytes, **said
        )

    return run


def nothing_is_kept(store):
    db.session.commit()
    on_disk = [path for path in store.root.rglob("*") if path.is_file()]
    return on_disk == [] and db.session.scalar(select(func.count()).select_from(Blob)) == 0


@pytest.mark.parametrize(("filename", "content"), samples.EACH.items(), ids=samples.EACH)
def test_a_file_of_each_kind_is_kept_with_its_hash(upload, store, organisations, filename, content):
    blob, name = upload(content, f"C:\\berkas\\{filename.upper()}")
    db.session.commit()
    assert name == filename.upper()
    assert (blob.sha256, blob.size) == (hashlib.sha256(content).hexdigest(), len(content))
    assert (blob.organisation_id, blob.created_at) == (organisations[0].id, AT)
    assert blob.media_type.rpartition("/")[2] in {"pdf", "jpeg", "png", XLSX.media_type.rpartition("/")[2]}
    with store.open(blob.organisation_id, blob.sha256) as file:
        assert file.read() == content


def test_the_same_bytes_give_the_same_row_within_one_organisation_only(upload, organisations):
    first, _ = upload(samples.PDF, "one.pdf")
    again, name = upload(samples.PDF, "two.pdf")
    other, _ = upload(samples.PDF, "one.pdf", organisation=organisations[1])
    assert again is first
    assert name == "two.pdf"
    assert other.id != first.id
    assert find_blob(organisations[0].id, first.sha256) is first
    assert find_blob(organisations[1].id, first.sha256) is other
    assert find_blob(organisations[1].id, "0" * 64) is None


def test_the_same_bytes_sent_by_two_at_once_give_one_row(app, organisations, store):
    organisation_id, start = organisations[0].id, Barrier(4)
    db.session.commit()

    def send(number):
        with app.app_context():
            start.wait()
            blob, _ = store_upload(
                io.BytesIO(samples.PDF), filename=f"{number}.pdf", organisation_id=organisation_id, at=AT, store=store,
                max_bytes=MEBIBYTE,
            )  # fmt: skip
            db.session.commit()
            return blob.id

    with ThreadPoolExecutor(4) as pool:
        assert len(set(pool.map(send, range(4)))) == 1


@pytest.mark.parametrize("filename", samples.EACH)
@pytest.mark.parametrize("content", samples.EACH.values(), ids=samples.EACH)
def test_name_and_content_have_to_agree(upload, store, filename, content):
    if samples.EACH[filename] == content:
        upload(content, filename)
        return
    with pytest.raises(FileContentRefused) as refused:
        upload(content, filename)
    assert refused.value.params["name"] == filename
    assert nothing_is_kept(store)


def test_a_program_under_the_name_of_a_document_is_refused_with_advice(upload, store):
    with pytest.raises(FileContentRefused) as refused:
        upload(b"MZ\x90\x00", "SK.pdf")
    assert (refused.value.status, refused.value.message % refused.value.params) == (
        415,
        "The content of SK.pdf is not PDF. Save the document as PDF and choose it again.",
    )
    assert nothing_is_kept(store)


@pytest.mark.parametrize("said", [None, "", "application/octet-stream", "application/pdf", "Application/PDF; x=y"])
def test_what_the_browser_says_of_the_type_may_be_vague(upload, said):
    upload(samples.PDF, "SK.pdf", declared_type=said)


def test_what_the_browser_says_of_the_type_must_not_contradict(upload, store):
    with pytest.raises(FileContentRefused):
        upload(samples.PDF, "SK.pdf", declared_type="image/png")
    assert nothing_is_kept(store)


@pytest.mark.parametrize(
    ("content", "filename", "refusal"),
    [
        (samples.PDF, "SK.docx", FileTypeRefused),
        (samples.PDF, "SK\u202efdp.exe", FileNameUnreadable),
        (b"", "SK.pdf", FileEmpty),
    ],
)
def test_a_refused_file_leaves_nothing(upload, store, content, filename, refusal):
    with pytest.raises(refusal):
        upload(content, filename)
    assert nothing_is_kept(store)


def test_a_short_upload_leaves_nothing(upload, store):
    with pytest.raises(UploadCut) as refused:
        upload(samples.PDF, "SK.pdf", declared_size=len(samples.PDF) * 4)
    assert refused.value.params == {"name": "SK.pdf", "percent": "25%"}
    assert nothing_is_kept(store)


@pytest.mark.parametrize(("filename", "limit"), [("SK.pdf", 25), ("a.jpg", 10), ("a.png", 10), ("a.xlsx", 10)])
def test_each_kind_has_its_own_limit(upload, store, filename, limit):
    content = samples.EACH[{"a.jpg": "foto.jpg", "a.png": "cap.png", "a.xlsx": "rekap.xlsx"}.get(filename, filename)]
    large = content + bytes(limit * MEBIBYTE + 1 - len(content))
    with pytest.raises(FileTooLarge) as refused:
        upload(large, filename)
    assert refused.value.params == {
        "name": filename, "size": FileSize(limit * MEBIBYTE + 1), "limit": FileSize(limit * MEBIBYTE),
    }  # fmt: skip
    assert nothing_is_kept(store)


def test_the_installation_may_set_a_lower_limit(upload, store):
    with pytest.raises(FileTooLarge) as refused:
        upload(samples.PDF, "SK.pdf", max_bytes=len(samples.PDF) - 1)
    assert refused.value.params["limit"] == FileSize(len(samples.PDF) - 1)
    assert nothing_is_kept(store)


def test_a_fault_of_the_store_leaves_no_row(upload, store):
    store.root.mkdir(parents=True)
    (store.root / "objects").write_text("in the way")
    with pytest.raises(StoreFault):
        upload(samples.PDF, "SK.pdf")
    (store.root / "objects").unlink()
    assert nothing_is_kept(store)


@pytest.mark.parametrize("wrong", [{"sha256": "0"}, {"size": 0}, {"media_type": "text/html"}], ids=str)
def test_the_table_refuses_a_row_that_cannot_be(organisations, wrong):
    right = {"sha256": "0" * 64, "size": 1, "media_type": "application/pdf"}
    db.session.add(Blob(organisation_id=organisations[0].id, created_at=AT, **right | wrong))
    with pytest.raises(IntegrityError):
        db.session.flush()
