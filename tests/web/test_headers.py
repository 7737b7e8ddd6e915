"""Every answer carries the security headers; static files are cached for good, answers with a session never."""

import re
from pathlib import Path

import pytest
from flask import url_for

from paritrana.web import headers

ADDRESSES = [
    ("GET", "/", 200),
    ("GET", "/moved", 302),
    ("GET", "/nowhere", 404),
    ("GET", "/hidden", 404),
    ("DELETE", "/form", 405),
    ("POST", "/form", 422),
    ("GET", "/refused", 409),
    ("GET", "/status/503", 503),
    ("GET", "/fault", 500),
    ("GET", "/api/v1/fault", 500),
    ("GET", "/static/paritrana.css", 200),
    ("GET", "/static/nothing.css", 404),
]


@pytest.mark.parametrize(("method", "address", "status"), ADDRESSES)
def test_every_answer_carries_every_header(web, method, address, status):
    answer = web.open(address, method=method)
    assert answer.status_code == status
    policy = answer.headers["Content-Security-Policy"]
    assert policy == (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
        "connect-src 'self'; manifest-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'; "
        "object-src 'none'; require-trusted-types-for 'script'; trusted-types paritrana"
    )
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Referrer-Policy"] == "same-origin"
    assert answer.headers["Cross-Origin-Opener-Policy"] == "same-origin"
    assert answer.headers["Cross-Origin-Resource-Policy"] == "same-origin"
    assert answer.headers["Permissions-Policy"] == "camera=(), microphone=(), geolocation=()"
    assert "Strict-Transport-Security" not in answer.headers
    assert "X-Powered-By" not in answer.headers
    for name in ("Content-Security-Policy", "Cache-Control", "X-Content-Type-Options"):
        assert len(answer.headers.getlist(name)) == 1
    answer.close()


def test_transport_security_is_asked_for_over_tls_only(web):
    secure = web.get("/", base_url="https://paritrana.example")
    assert secure.headers["Strict-Transport-Security"] == "max-age=63072000; includeSubDomains"


def test_only_the_certificate_check_may_use_the_camera(web):
    assert web.get("/verify").headers["Permissions-Policy"].startswith("camera=(self)")
    assert web.get("/verify/x").headers["Permissions-Policy"].startswith("camera=()")


def test_answers_with_a_session_are_never_stored(web):
    started = web.get("/signed")
    assert "Set-Cookie" in started.headers
    assert started.headers["Cache-Control"] == "no-store, private"
    for address in ("/", "/moved", "/nowhere", "/fault"):
        assert web.get(address).headers["Cache-Control"] == "no-store, private"


def test_public_answers_are_asked_for_again_and_depend_on_the_language_cookie(web):
    answer = web.get("/")
    assert answer.headers["Cache-Control"] == "no-cache"
    assert "Cookie" in answer.headers["Vary"]
    assert "Set-Cookie" not in answer.headers


def test_static_files_are_cached_for_good_under_the_digest_of_their_content(web):
    page = web.get("/").get_data(as_text=True)
    addresses = re.findall(r'(?:href|src)="(/(?:static|bootstrap/static)/[^"]+)"', page)
    assert len(addresses) >= 5
    for address in addresses:
        address = address.split("#")[0]
        assert re.search(r"\?v=[0-9a-f]{12}$", address)
        answer = web.get(address)
        assert answer.status_code == 200
        assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"
        answer.close()


def test_a_static_file_without_its_version_is_not_cached_for_good(web):
    plain = web.get("/static/app.js")
    assert plain.headers["Cache-Control"] == "no-cache"
    plain.close()
    assert web.get("/static/gone.js?v=0123456789ab").headers["Cache-Control"] == "no-cache"


def test_the_version_follows_the_content(web_app, tmp_path):
    web_app.static_folder = str(tmp_path)
    name = Path(tmp_path) / "a.css"
    with web_app.app_context():
        name.write_text("one")
        first = headers.version_of("static", "a.css")
        name.write_text("another")
        assert headers.version_of("static", "a.css") != first
        assert headers.version_of("static", "../conftest.py/none") is None


def test_the_address_of_a_file_that_is_not_there_has_no_version(web_app):
    with web_app.test_request_context("/"):
        assert "?v=" in url_for("static", filename="paritrana.css")
        assert "?v=" not in url_for("static", filename="absent.css")
        assert headers.version_of("nobody.static", "paritrana.css") is None
