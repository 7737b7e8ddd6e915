"""Documents at the door: what is taken, what is refused, who may fetch them, and what the receipt says."""

import hashlib
import io
import re
from contextlib import closing
from datetime import datetime, timedelta

import pytest
from pypdfium2 import PdfDocument
from structlog.testing import capture_logs

from paritrana.core.lifecycle import State
from paritrana.database import canonical, db
from paritrana.nominations import queries, service
from paritrana.signing import NotSigned, read_document, read_keys, verify
from tests.factories import sign_in, world
from tests.files.samples import PNG
from tests.files.test_hostile import hostile_documents, hostile_workbooks
from tests.nominations.pages import (
    PDF,
    SAME_ORIGIN,
    alike,
    blob_of,
    draft,
    fields_of,
    filled,
    pdf,
    send,
    text_of,
    workbook,
)


@pytest.fixture
def here(app, db_session):
    return world()


@pytest.fixture
def nominee(client, here):
    sign_in(client, "nominee-1")
    return client


def upload(client, nomination, *files, kind="coverage", requirement="coverage_extract", **changes):
    page = f"/nominations/{nomination.ref}/evidence/{kind}"
    fields = fields_of(client, page) if not changes.get("plain") else {}
    fields = {name: fields[name] for name in ("csrf_token", "idempotency_key") if name in fields}
    data = fields | {"kind": kind, "requirement": requirement, "files": list(files)}
    return client.post(
        f"/nominations/{nomination.ref}/documents", data=data, headers=SAME_ORIGIN, query_string={"lang": "en"}
    )


def test_a_document_arrives_whole_and_has_a_receipt(nominee, here):
    nomination = draft(here)
    answer = upload(nominee, nomination, pdf("Rekap «UCJ» 2025.pdf"))
    assert answer.status_code == 303, text_of(answer)
    (attachment,) = queries.attachments_of(nomination)
    digest = hashlib.sha256(PDF).hexdigest()
    assert (attachment.no, attachment.kind, attachment.requirement) == (1, "coverage", "coverage_extract")
    assert (attachment.blob.sha256, attachment.blob.size) == (digest, len(PDF))
    receipt = text_of(nominee.get(f"/nominations/{nomination.ref}/documents/1/receipt"))
    assert digest in receipt
    assert "Rekap «UCJ» 2025.pdf" in receipt
    file = nominee.get(f"/nominations/{nomination.ref}/documents/1/file")
    assert file.data == PDF
    assert file.headers["Content-Disposition"].startswith('attachment; filename="bukti-1.pdf"')
    assert file.headers["Cache-Control"] == "no-store, private"
    file.close()


def test_a_file_chosen_on_the_form_is_stored_together_with_the_figures(nominee, here):
    nomination = draft(here)
    place = f"/nominations/{nomination.ref}/evidence/coverage"
    answer = send(
        nominee, place, fields_of(nominee, place), **{"pu-participants": "40000", "files": [pdf()]},
        requirement="coverage_extract",
    )  # fmt: skip
    assert answer.status_code == 303
    assert queries.evidence_of(nomination)["coverage"].data["fields"] == {"pu.participants": 40000}
    assert len(queries.attachments_of(nomination)) == 1


def test_a_bad_file_leaves_the_figures_saved_and_a_bad_figure_leaves_the_file_stored(nominee, here):
    nomination = draft(here)
    place = f"/nominations/{nomination.ref}/evidence/coverage"
    bad = (io.BytesIO(b""), "kosong.pdf", "application/pdf")
    answer = send(nominee, place, fields_of(nominee, place), **{"pu-participants": "40000", "files": [bad]})
    assert answer.status_code == 422
    assert "kosong.pdf" in text_of(answer)
    assert queries.evidence_of(nomination)["coverage"].data["fields"] == {"pu.participants": 40000}
    answer = send(nominee, place, fields_of(nominee, place), **{"pu-participants": "4,0", "files": [pdf()]})
    assert answer.status_code == 422
    assert "DPA 2025.pdf" in text_of(answer)
    assert len(queries.attachments_of(nomination)) == 1


@pytest.mark.parametrize(
    ("content", "name", "media_type", "status"),
    [
        (b"", "kosong.pdf", "application/pdf", 422),
        (b"MZ not a document", "surat.pdf", "application/pdf", 415),
        (PDF, "surat.docx", "application/octet-stream", 415),
        (PDF, "surat.png", "image/png", 415),
        (b"PK\x03\x04 no workbook", "daftar.xlsx", "application/octet-stream", 415),
        (PDF, "nama\u202efdp.pdf", "application/pdf", 422),
        (PDF, "n" * 300 + ".pdf", "application/pdf", 422),
    ],
)
def test_a_bad_file_is_refused_in_a_sentence_and_nothing_is_kept(nominee, here, app, content, name, media_type, status):
    nomination = draft(here)
    answer = upload(nominee, nomination, (io.BytesIO(content), name, media_type))
    assert answer.status_code == status, text_of(answer)
    assert "There is a problem" in text_of(answer)
    assert queries.attachments_of(nomination) == []
    kept = [path for path in app.extensions["settings"].blob_path.rglob("*") if path.is_file()]
    assert kept == []


def test_no_file_at_all_is_said(nominee, here):
    answer = upload(nominee, draft(here))
    assert answer.status_code == 422
    assert "Choose a file" in text_of(answer)


def test_a_workbook_and_a_picture_are_taken(nominee, here):
    nomination = draft(here)
    answer = upload(
        nominee, nomination, (io.BytesIO(workbook()), "rekap.xlsx", ""), (io.BytesIO(PNG), "foto.png", "image/png")
    )
    assert answer.status_code == 303, text_of(answer)
    assert [one.name for one in queries.attachments_of(nomination)] == ["rekap.xlsx", "foto.png"]


def test_the_same_bytes_in_the_same_place_are_attached_once(nominee, here):
    nomination = draft(here)
    for _again in range(2):
        assert upload(nominee, nomination, pdf()).status_code == 303
    assert len(queries.attachments_of(nomination)) == 1
    assert upload(nominee, nomination, pdf(), requirement="coverage_extract_prev").status_code == 303
    assert len(queries.attachments_of(nomination)) == 2


def test_a_removed_document_leaves_the_draft_and_its_number_is_not_used_again(nominee, here):
    nomination = draft(here)
    upload(nominee, nomination, pdf())
    page = f"/nominations/{nomination.ref}/evidence/coverage"
    action = f"/nominations/{nomination.ref}/documents/1/remove"
    assert send(nominee, action, fields_of(nominee, page, action)).status_code == 303
    assert queries.attachments_of(nomination) == []
    upload(nominee, nomination, pdf(tail=b"2"))
    assert [one.no for one in queries.attachments_of(nomination)] == [2]


def test_others_see_a_document_only_once_it_is_sent(client, here, app):
    nomination = filled(here)
    here.category.state = int(State.VERIFICATION)
    db.session.commit()
    address = f"/nominations/{nomination.ref}/documents/1/file"
    verifier, rival, public = app.test_client(), app.test_client(), app.test_client()
    sign_in(verifier, "verifier-1")
    sign_in(rival, "nominee-2")
    unsent, nobody = verifier.get(address), verifier.get("/nominations/N-0000-0000/documents/1/file")
    assert (unsent.status_code, nobody.status_code) == (404, 404)
    assert alike(unsent, nomination.ref) == alike(nobody, nomination.ref)
    here.category.state = int(State.OPEN)
    service.submit(nomination, actor=here.actor("nominee-1"), at=here.now)
    here.category.state = int(State.VERIFICATION)
    db.session.commit()
    # The row was made without bytes: the store says so, and nothing is served in its place.
    assert verifier.get(address).status_code == 503
    assert rival.get(address).status_code == 404
    assert public.get(address).status_code in {302, 303, 401}


def test_an_officer_puts_nothing_among_a_nominees_documents(client, here, app):
    nomination = filled(here)
    service.submit(nomination, actor=here.actor("nominee-1"), at=here.now)
    here.category.state = int(State.VERIFICATION)
    service.set_nomination_state(
        nomination, "returned", expected={"submitted"}, reason="x", actor=here.actor("verifier-1"), at=here.now
    )
    db.session.commit()
    for name in ("verifier-1", "organiser-1"):
        officer = app.test_client()
        sign_in(officer, name)
        token = re.search(r'name="csrf_token" value="([^"]+)"', text_of(officer.get("/nominations/none")))
        assert token is not None
        answer = officer.post(
            f"/nominations/{nomination.ref}/documents",
            data={"csrf_token": token[1], "idempotency_key": f"key-of-{name}", "kind": "coverage", "files": [pdf()]},
            headers=SAME_ORIGIN,
        )
        assert answer.status_code == 403
    assert len(queries.attachments_of(nomination)) == 10


def test_an_upload_after_the_deadline_is_refused(nominee, here):
    nomination = draft(here)
    page = fields_of(nominee, f"/nominations/{nomination.ref}/evidence/coverage")
    here.category.closes_at = here.now - timedelta(seconds=1)
    db.session.commit()
    data = {name: page[name] for name in ("csrf_token", "idempotency_key")} | {"kind": "coverage", "files": [pdf()]}
    answer = nominee.post(f"/nominations/{nomination.ref}/documents", data=data, headers=SAME_ORIGIN)
    assert answer.status_code == 409
    assert queries.attachments_of(nomination) == []


def test_the_limits_of_a_nomination_hold(here):
    nomination = draft(here)
    actor = here.actor("nominee-1")
    for number in range(1, service.MAX_FILES + 1):
        service.attach(
            nomination, "coverage", blob_of(nomination, number, here.now), f"{number}.pdf", actor=actor, at=here.now
        )
    more = blob_of(nomination, 1000, here.now)
    with pytest.raises(service.TooManyFiles):
        service.attach(nomination, "coverage", more, "lagi.pdf", actor=actor, at=here.now)
    for attachment in queries.attachments_of(nomination)[:5]:
        service.remove_attachment(attachment, actor=actor, at=here.now)
    more.size = service.MAX_BYTES
    db.session.flush()
    with pytest.raises(service.TooManyBytes):
        service.attach(nomination, "coverage", more, "besar.pdf", actor=actor, at=here.now)
    with pytest.raises(service.UnknownKind):
        service.attach(nomination, "compliance", more, "x.pdf", actor=actor, at=here.now)


def test_every_view_of_a_document_is_logged_without_names(nominee, here):
    nomination = draft(here)
    upload(nominee, nomination, pdf("rahasia.pdf"))
    with capture_logs() as logged, nominee.get(f"/nominations/{nomination.ref}/documents/1/file") as answer:
        assert answer.status_code == 200
    (view,) = [line for line in logged if line["event"] == "evidence_viewed"]
    assert view["object"] == f"{nomination.ref}/1"
    assert view["account"] == here.actor("nominee-1").ref
    assert "rahasia" not in str(logged)


@pytest.mark.parametrize("language", ["id", pytest.param("en", marks=pytest.mark.slow)])
@pytest.mark.parametrize(
    ("name", "make", "words"),
    [
        ("terkunci.pdf", lambda: hostile("file_locked"), {"id": "memakai kata sandi", "en": "password-protected"}),
        ("skrip.pdf", lambda: hostile("file_active"), {"id": "memuat skrip", "en": "holds scripts"}),
        ("bom.xlsx", lambda: hostile("workbook_bomb"), {"id": "terlalu banyak data", "en": "too much data"}),
    ],
)
def test_a_hostile_file_is_refused_in_both_languages_and_nothing_is_kept(
    nominee, here, app, name, make, words, language
):
    nomination = draft(here)
    page = f"/nominations/{nomination.ref}/evidence/coverage"
    fields = fields_of(nominee, page)
    data = {one: fields[one] for one in ("csrf_token", "idempotency_key")} | {"kind": "coverage", "requirement": ""}
    answer = nominee.post(
        f"/nominations/{nomination.ref}/documents", data=data | {"files": [(io.BytesIO(make()), name, "")]},
        headers=SAME_ORIGIN, query_string={"lang": language},
    )  # fmt: skip
    assert answer.status_code == 422
    assert f"{name} " in text_of(answer)
    assert words[language] in text_of(answer)
    assert queries.attachments_of(nomination) == []
    blobs = app.extensions["settings"].blob_path
    assert [path for path in blobs.rglob("*") if path.is_file()] == []


def hostile(code: str) -> bytes:
    """A hostile file of this code."""
    return next(content for found, content in (*hostile_documents(), *hostile_workbooks()) if found == code)


def signed_by(client, answer):
    """What a signed receipt says, checked with the keys that the installation publishes."""
    assert answer.status_code == 200, text_of(answer)
    return verify(read_document(answer.data), read_keys(client.get("/receipt-keys.json").data))


def test_the_signed_receipt_names_the_bytes_that_came_and_nobody(nominee, here):
    nomination = draft(here)
    upload(nominee, nomination, pdf("rahasia.pdf"))
    answer = nominee.get(f"/nominations/{nomination.ref}/documents/1/receipt.json")
    said = signed_by(nominee, answer)
    assert "attachment" in answer.headers["Content-Disposition"]
    assert set(said) == {"receipt", "nomination", "sequence", "sha256", "size", "received_at", "server_time", "key"}
    assert (said["nomination"], said["sequence"], said["size"]) == (nomination.ref, 1, len(PDF))
    assert said["sha256"] == hashlib.sha256(PDF).hexdigest()
    assert datetime.fromisoformat(said["received_at"]) == here.now
    changed = answer.data.replace(b'"sequence":1', b'"sequence":2')
    with pytest.raises(NotSigned):
        verify(read_document(changed), read_keys(nominee.get("/receipt-keys.json").data))


def test_every_sending_has_a_signed_receipt(nominee, here):
    nomination = filled(here)
    assert nominee.get(f"/nominations/{nomination.ref}/receipt.json").status_code == 404
    assert nominee.get(f"/nominations/{nomination.ref}/receipt.pdf").status_code == 404
    revision = service.submit(nomination, actor=here.actor("nominee-1"), at=here.now)
    said = signed_by(nominee, nominee.get(f"/nominations/{nomination.ref}/receipt.json"))
    assert (said["number"], said["sha256"], said["sequence"]) == (revision.receipt_no, revision.digest, 1)
    assert said["size"] == len(canonical(revision.content))
    paper = nominee.get(f"/nominations/{nomination.ref}/receipt.pdf")
    assert (paper.status_code, paper.mimetype) == (200, "application/pdf")


@pytest.mark.parametrize("name", ["Rekap <b>2025 & lampiran.pdf", "王" * 196 + ".pdf", "W" * 196 + ".pdf"])
def test_the_paper_of_a_receipt_holds_every_fact_and_a_code_that_fits(nominee, here, name):
    nomination = draft(here)
    upload(nominee, nomination, pdf(name))
    address = f"/nominations/{nomination.ref}/documents/1/receipt.pdf"
    for language, words in (("id", "Tanda terima dokumen"), ("en", "Receipt of a document")):
        answer = nominee.get(address, query_string={"lang": language})
        assert answer.status_code == 200, text_of(answer)
        with closing(PdfDocument(answer.data)) as document:
            assert len(document) == 1
            text = document[0].get_textpage().get_text_range()
        assert words in text
        assert hashlib.sha256(PDF).hexdigest() in "".join(text.split())
        assert "verify-receipt" in text
        shown = "".join(sign if sign.isascii() else "?" for sign in name)
        assert "".join(shown.split()) in "".join(text.split())


def test_without_its_key_nothing_leaves_unsigned(make_app):
    app = make_app()
    with app.app_context():
        here = world()
        nomination = draft(here)
        client = app.test_client()
        sign_in(client, "nominee-1")
        upload(client, nomination, pdf())
        (app.extensions["settings"].instance_path / "keys" / "receipt.key").unlink()
        for end in ("json", "pdf"):
            answer = client.get(f"/nominations/{nomination.ref}/documents/1/receipt.{end}")
            assert answer.status_code == 503
        assert client.get("/receipt-keys.json").status_code == 503
        assert client.get(f"/nominations/{nomination.ref}/documents/1/receipt").status_code == 200
