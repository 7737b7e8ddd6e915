import io
import os
from datetime import UTC, datetime
from urllib.parse import unquote

import pytest
from werkzeug.exceptions import RequestedRangeNotSatisfiable

from paritrana.core.filetypes import MEBIBYTE
from paritrana.database import db
from paritrana.files.service import store_upload
from paritrana.files.store import DamagedFile
from paritrana.files.web import blob_store, send_blob
from tests.files import samples

AT = datetime(2026, 11, 21, 3, 0, tzinfo=UTC)
CONTENT = samples.PDF + bytes(range(256)) * 1000


@pytest.fixture
def blob(organisations, store):
    made, _ = store_upload(
        io.BytesIO(CONTENT), filename="SK.pdf", organisation_id=organisations[0].id, at=AT, store=store,
        max_bytes=MEBIBYTE, ours=True,
    )  # fmt: skip
    db.session.commit()
    return made


@pytest.fixture
def ask(app, blob):
    """Asks for the blob with headers of the request; gives status, headers and the bytes that go over the line."""

    def run(method="GET", display_name="SK.pdf", plain_name="bukti-7.pdf", **headers):
        headers = {name.replace("_", "-"): value for name, value in headers.items()}
        with app.test_request_context(method=method, headers=headers) as context:
            response = send_blob(blob, display_name=display_name, plain_name=plain_name)
            with response:
                chunks, status, sent = response.get_wsgi_response(context.request.environ)
                return status, dict(sent), b"".join(chunks)

    return run


def test_a_download_is_the_same_bytes_and_never_opens_in_the_page(ask):
    status, headers, content = ask()
    assert (status, content) == ("200 OK", CONTENT)
    assert headers["Content-Type"] == "application/pdf"
    assert headers["Content-Length"] == str(len(CONTENT))
    assert headers["Content-Disposition"] == "attachment; filename=\"bukti-7.pdf\"; filename*=UTF-8''SK.pdf"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Content-Security-Policy"] == "sandbox; default-src 'none'"
    assert headers["Cross-Origin-Resource-Policy"] == "same-origin"
    assert headers["Cache-Control"] == "no-store, private"
    assert "ETag" not in headers
    assert "Last-Modified" not in headers


@pytest.mark.parametrize("name", ['a"b;c.pdf', "Keputusan – 2025 (é).pdf", "صورة.jpg", "100%.pdf", "a'b*c.pdf"])
def test_any_name_arrives_as_it_is_shown(ask, name):
    disposition = ask(display_name=name)[1]["Content-Disposition"]
    beginning, _, encoded = disposition.partition("filename*=UTF-8''")
    assert beginning == 'attachment; filename="bukti-7.pdf"; '
    assert encoded.isascii()
    assert not set(encoded) & set(" \"';,*()\r\n")
    assert unquote(encoded) == name


@pytest.mark.parametrize("name", ["", 'a"b.pdf', "a\r\nX: y.pdf", "é.pdf", "../a.pdf", ".pdf", "a.pdf\n"])
def test_a_plain_name_is_plain(ask, name):
    with pytest.raises(ValueError, match="plain name"):
        ask(plain_name=name)


def test_a_head_request_tells_the_size_and_sends_nothing(ask):
    status, headers, content = ask("HEAD")
    assert (status, headers["Content-Length"], content) == ("200 OK", str(len(CONTENT)), b"")


@pytest.mark.parametrize(
    ("asked", "told", "part"),
    [
        ("bytes=0-0", f"bytes 0-0/{len(CONTENT)}", CONTENT[:1]),
        ("bytes=70000-139999", f"bytes 70000-139999/{len(CONTENT)}", CONTENT[70_000:140_000]),
        ("bytes=-5", f"bytes {len(CONTENT) - 5}-{len(CONTENT) - 1}/{len(CONTENT)}", CONTENT[-5:]),
    ],
)
def test_a_part_can_be_asked_for(ask, asked, told, part):
    status, headers, content = ask(Range=asked)
    assert (status, headers["Content-Range"], content) == ("206 PARTIAL CONTENT", told, part)
    assert headers["Content-Length"] == str(len(part))
    assert headers["Content-Security-Policy"] == "sandbox; default-src 'none'"


def test_a_part_outside_the_file_is_refused(ask):
    with pytest.raises(RequestedRangeNotSatisfiable):
        ask(Range=f"bytes={len(CONTENT)}-")


@pytest.mark.parametrize(
    "condition", [{"If_None_Match": "*"}, {"If_Modified_Since": "Sat, 21 Nov 2099 03:00:00 GMT"}], ids=str
)
def test_a_condition_never_stands_in_for_the_file(ask, condition):
    assert ask(**condition)[0] == "200 OK"


def test_a_damaged_file_is_not_served_in_part_or_whole(ask, blob, store):
    path = store.root / "objects" / str(blob.organisation_id) / blob.sha256[:2] / blob.sha256
    path.write_bytes(CONTENT[:-1] + b"?")
    for headers in ({}, {"Range": "bytes=0-0"}):
        with pytest.raises(DamagedFile):
            ask(**headers)


def test_every_answer_closes_the_file(ask):
    ask()
    before = len(os.listdir("/proc/self/fd"))
    for headers in ({}, {"Range": "bytes=1-2"}, {"method": "HEAD"}):
        ask(**headers)
    with pytest.raises(RequestedRangeNotSatisfiable):
        ask(Range=f"bytes={len(CONTENT)}-")
    assert len(os.listdir("/proc/self/fd")) == before


def test_the_store_of_the_application_is_the_folder_of_its_settings(app):
    with app.app_context():
        assert blob_store().root == app.extensions["settings"].blob_path
