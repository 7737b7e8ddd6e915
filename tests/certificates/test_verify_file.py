"""A PDF is checked against the register to its last byte; what was done to any other one is told in a sentence."""

import io
import json
import resource

import pikepdf
import pytest
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.sign import fields
from sqlalchemy import select
from werkzeug.datastructures import FileStorage
from werkzeug.test import encode_multipart

from paritrana.certificates import service
from paritrana.certificates.checking import files
from paritrana.certificates.checking.limits import MOST, Asked
from paritrana.certificates.checking.looking import LIMITS, verdict
from paritrana.certificates.models import CertificatePaper
from paritrana.core.codes import shown
from paritrana.database import db
from paritrana.signing.signed_pdf import check, read_certificate_keys
from paritrana.signing.signers import published_keys
from tests.factories_results import category_of, contest, press, publish
from tests.nominations.pages import SAME_ORIGIN, paper, text_of

OF_US = "Pemerintah Kabupaten Contoh 1"


@pytest.fixture
def here(app, db_session):
    return contest(4)


@pytest.fixture
def issued(here):
    """A published result with its certificates."""
    publish(here)
    made = service.issue(category_of(here), press=press(), actor=here.actor("organiser-1"), at=here.now)
    db.session.commit()
    return made


@pytest.fixture
def pdf(issued):
    """The paper of the first certificate."""
    return content_of(issued[0])


def content_of(certificate):
    return db.session.scalar(select(CertificatePaper.content).where(CertificatePaper.certificate_id == certificate.id))


def upload(client, content, name="piagam.pdf", address="127.0.0.1"):
    boundary, body = encode_multipart({"paper": FileStorage(io.BytesIO(content), filename=name)})
    return client.post(
        "/verify/file", data=body, content_type=f"multipart/form-data; boundary={boundary}", headers=SAME_ORIGIN,
        query_string={"lang": "en"}, environ_overrides={"REMOTE_ADDR": address},
    )  # fmt: skip


def saved(pdf):
    target = io.BytesIO()
    pdf.save(target)
    return target.getvalue()


def later(pdf, change):
    """An incremental update: everything of before stays, `change` comes behind."""
    writer, target = IncrementalPdfFileWriter(io.BytesIO(pdf)), io.BytesIO()
    change(writer)
    writer.write(target)
    return target.getvalue()


def painted(writer):
    stream = generic.StreamObject(stream_data=b"0 0 1 rg 0 0 400 400 re f")
    writer.add_stream_to_page(0, writer.add_object(stream))


def field_added(writer):
    fields.append_signature_field(writer, fields.SigFieldSpec("Lain"))


def swapped(pdf):
    """The same file with another page in the place of the first."""
    with pikepdf.open(io.BytesIO(pdf)) as whole, pikepdf.new() as other:
        other.add_blank_page(page_size=(842, 595))
        whole.pages[0] = other.pages[0]
        return saved(whole)


def flipped(pdf):
    place = pdf.index(b"stream\n") + 40
    return pdf[:place] + bytes([pdf[place] ^ 1]) + pdf[place + 1 :]


def test_the_issued_file_is_told_with_the_state_of_the_register(here, issued, pdf, client):
    answer = upload(client, pdf)
    text = text_of(answer)
    assert answer.status_code == 200
    assert answer.headers["X-Robots-Tag"] == "noindex, nofollow"
    assert "Set-Cookie" not in answer.headers
    for said in ("VALID. Compare", "The file is the one that was issued, to the last byte.", OF_US):
        assert said in text
    issued[0].status, issued[0].status_reason, issued[0].status_at = "revoked", "keliru", here.now
    text = text_of(upload(client, pdf))
    assert "REVOKED 2 March 2026, 11:00 WITA: keliru" in text
    assert "VALID. Compare" not in text


def test_the_downloaded_file_is_the_issued_one_and_says_who_signed(app, issued, pdf, client):
    address = f"/verify/{shown(issued[0].code)}"
    answer = client.get(f"{address}/certificate.pdf")
    assert answer.mimetype == "application/pdf"
    assert answer.get_data() == pdf
    keys = client.get("/certificate-keys.json")
    assert keys.headers["Cache-Control"].startswith("public, max-age=")
    signed = check(pdf, read_certificate_keys(keys.get_data()))
    assert (signed.claim.code, signed.claim.recipient) == (issued[0].code, OF_US)
    text = text_of(client.get(address, query_string={"lang": "en"}))
    assert signed.fingerprint in text
    # The QR code of the paper leads to the same page.
    assert "VALID. Compare" in text_of(client.get(f"/VERIFY/{issued[0].code}/{signed.payload}?lang=en"))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (flipped, "The file was changed after it was signed"),
        (swapped, "The file was changed after it was signed"),
        (lambda pdf: later(pdf, painted), "Pages or texts were added or put in the place of others"),
        (lambda pdf: later(pdf, field_added), "after the file was signed."),
        (lambda pdf: pdf + b"\n%x\n", "Something was added to the file after it was signed."),
        (lambda pdf: pdf[:-300], "The file is cut: its end is missing."),
        (lambda pdf: saved(pikepdf.open(io.BytesIO(pdf))), "The file was changed after it was signed"),
    ],
    ids=["changed byte", "swapped page", "incremental page", "incremental field", "tail", "cut", "saved again"],
)
def test_a_changed_file_is_told_with_what_was_done_and_what_the_register_says(issued, pdf, client, change, said):
    changed = change(pdf)
    assert changed != pdf
    answer = upload(client, changed)
    text = text_of(answer)
    assert answer.status_code == 200
    assert "ALTERED. This document is not as it was issued." in text
    assert said in text
    assert OF_US in text
    assert "VALID. Compare" not in text


def test_a_file_that_only_shows_a_code_of_ours_is_altered(issued, pdf, client):
    """A forger draws the same page and signs nothing; the printed code is read."""
    with pikepdf.open(io.BytesIO(pdf)) as whole:
        for name in ("/AcroForm", "/Metadata", "/Perms"):
            if name in whole.Root:
                del whole.Root[name]
        if "/Annots" in whole.pages[0]:
            del whole.pages[0]["/Annots"]
        bare = saved(whole)
    assert b"/ByteRange" not in bare
    text = text_of(upload(client, bare))
    assert "ALTERED." in text
    assert "no signature of this award" in text
    assert OF_US in text


def test_files_of_nobody_are_unknown_and_hostile_ones_too(issued, pdf, client):
    bomb = b"%PDF-1.7\n1 0 obj<</Length 99999999/Filter[" + b"/FlateDecode" * 5000 + b"]>>stream\n" + b"x" * 5000
    for no, content in enumerate((
        paper(), b"%PDF-1.7\n" + b"(" * 200_000, b"%PDF-1.7\n" + b"<<" * 200_000, bomb, b"%PDF-", pdf[:2000],
        b"%PDF-1.7\n/ByteRange [ 0 9 9 9] /Contents <00>", b"%PDF-1.7\n" + b"[ " * 500_000,
        b"%PDF-1.7\n" + b"\x00" * 999,
    )):  # fmt: skip
        answer = upload(client, content, address=f"198.51.100.{no}")
        text = text_of(answer)
        assert answer.status_code == 200, content[:40]
        assert "UNKNOWN. This file is no certificate of this award." in text, content[:40]


def test_the_file_of_an_unpublished_certificate_is_like_a_foreign_one(here, issued, pdf, client):
    here.category.state = 7
    for content in (pdf, flipped(pdf)):
        text = text_of(upload(client, content))
        assert "UNKNOWN. This file is no certificate of this award." in text
        assert OF_US not in text
        assert shown(issued[0].code) not in text


@pytest.mark.parametrize("content", [b"", b"hello", b"\x89PNG\r\n\x1a\n" + b"0" * 50])
def test_what_is_no_pdf_is_refused_in_a_sentence(app, db_session, client, content):
    answer = upload(client, content)
    assert answer.status_code == 422
    assert "This is no PDF." in text_of(answer)
    empty = client.post("/verify/file", headers=SAME_ORIGIN, query_string={"lang": "en"})
    assert empty.status_code == 422
    assert "Choose the file of a certificate." in text_of(empty)
    assert client.post("/verify/file", data={"x": "1"}, headers={"Sec-Fetch-Site": "cross-site"}).status_code == 403


def test_too_large_a_file_and_too_many_are_refused(app, db_session, client, clock):
    large = upload(client, b"%PDF-1.7\n" + b"0" * (27 * 1024 * 1024))
    assert large.status_code == 413
    for _ in range(MOST[Asked.FILE]):
        assert upload(client, b"no PDF", address="203.0.113.4").status_code == 422
    refused = upload(client, b"no PDF", address="203.0.113.4")
    assert refused.status_code == 429
    assert refused.headers["Retry-After"] == "600"
    assert upload(client, b"no PDF", address="203.0.113.5").status_code == 422
    clock.advance(minutes=11)
    assert upload(client, b"no PDF", address="203.0.113.4").status_code == 422


def test_what_the_process_says_is_not_trusted(app, issued, monkeypatch):
    """A file that took the process over may say anything: only codes and known words are read."""
    keys = published_keys(app.extensions["settings"])
    for said, expected in (
        ({"what": "<script>", "codes": []}, ("unreadable", ())),
        ({"what": "bytes", "codes": "x"}, ("unreadable", ())),
        ({"what": "bytes", "codes": [1, "x", "0" * 16, "0" * 16, *["y"] * 9]}, ("bytes", ("0" * 16,))),
        ([], ("unreadable", ())),
        ("x" * 100_000, ("unreadable", ())),
    ):
        program = f"print({json.dumps(json.dumps(said))})"
        monkeypatch.setattr(files, "PROGRAM", program)
        with open("/dev/null", "rb") as file:
            seen = files.look_at(file, keys)
        assert (seen.what, tuple(seen.codes)) == expected


def test_the_process_is_limited():
    kinds = {kind for kind, _most in LIMITS}
    assert {resource.RLIMIT_AS, resource.RLIMIT_CPU, resource.RLIMIT_FSIZE, resource.RLIMIT_NPROC} <= kinds


def test_without_keys_in_the_list_nothing_is_whole(app, issued, pdf):
    assert verdict(pdf, "{}") == {"what": "unreadable", "codes": [issued[0].code]}
    assert verdict(pdf, json.dumps(published_keys(app.extensions["settings"])))["what"] == "whole"
