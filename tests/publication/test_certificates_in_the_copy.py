"""A copy of the public pages answers about certificates that were issued until then, and lists none."""

import hashlib
import json
import re

import pytest
from sqlalchemy import select

from paritrana.certificates import service
from paritrana.certificates.models import Certificate
from paritrana.core.codes import shown
from paritrana.database import db
from paritrana.publication.static_site.links import page_file
from paritrana.publication.static_site.writer import PageMissing, SiteMoved, export
from tests.factories_results import category_of, contest, press, publish
from tests.publication.test_static_site import files_of

CODE = re.compile(r"[0-9A-HJKMNP-TV-Z]{4}(?:-[0-9A-HJKMNP-TV-Z]{4}){3}")


@pytest.fixture
def here(app, db_session):
    return contest(3)


@pytest.fixture
def issued(here):
    """Three certificates: in force, revoked and in force."""
    publish(here)
    made = service.issue(category_of(here), press=press(), actor=here.actor("organiser-1"), at=here.now)
    made[1].status, made[1].status_reason, made[1].status_at = "revoked", "nama keliru", here.now
    db.session.commit()
    return made


def page(folder, certificate, language="id"):
    return (folder / page_file(f"/verify/{shown(certificate.code)}", language)).read_text(encoding="utf-8")


def test_each_certificate_has_its_page_with_its_state_in_both_languages(app, issued, tmp_path):
    export(app, tmp_path / "site")
    for certificate in issued:
        for language, valid, revoked in (("id", "BERLAKU.", "DICABUT "), ("en", "VALID.", "REVOKED ")):
            text = page(tmp_path / "site", certificate, language)
            assert certificate.recipient in text
            assert (valid in text, revoked in text) == (certificate is not issued[1], certificate is issued[1])
            assert 'content="noindex, nofollow"' in text
    assert "nama keliru" in page(tmp_path / "site", issued[1])
    assert "1 Maret 2026" not in page(tmp_path / "site", issued[0])
    assert "2 Maret 2026" in page(tmp_path / "site", issued[0])
    assert json.loads((tmp_path / "site" / "certificate-keys.json").read_bytes())["format"]


def test_nothing_lists_the_codes_and_the_manifest_names_the_files_all_the_same(app, here, issued, tmp_path):
    # What the table of a result links are its titles in force; whatever else was issued stands nowhere.
    export(app, tmp_path / "site")
    files = files_of(tmp_path / "site")
    revoked = shown(issued[1].code)
    naming = {name for name, content in files.items() if revoked.encode() in content}
    assert naming == {f"{start}verify/{revoked}/index.html" for start in ("", "en/")}
    assert not CODE.search(files["site.json"].decode())
    manifest = json.loads(files["site.json"])["files"]
    named = {one["path"] for one in manifest if "path" in one}
    digests = {one["path_sha256"]: one["sha256"] for one in manifest if "path_sha256" in one}
    hidden = set(files) - named - {"site.json"}
    assert {name.split("/")[-2] for name in hidden} == {shown(one.code) for one in issued}
    assert {hashlib.sha256(name.encode()).hexdigest(): hashlib.sha256(files[name]).hexdigest() for name in hidden} == (
        digests
    )


def test_what_is_not_public_is_not_in_the_copy(app, here, issued, tmp_path):
    here.category.state = 7
    db.session.commit()
    export(app, tmp_path / "site")
    assert [one.name for one in (tmp_path / "site" / "verify").iterdir()] == ["index.html"]
    text = (tmp_path / "site" / "verify" / "index.html").read_text(encoding="utf-8")
    assert "Salinan ini mengenal" not in text


def test_an_unknown_code_finds_a_page_that_says_so_and_until_when(app, issued, tmp_path):
    export(app, tmp_path / "site")
    text = (tmp_path / "site" / "404.html").read_text(encoding="utf-8")
    assert "TIDAK DIKENAL." in text
    assert "2 Maret 2026" in text
    assert not CODE.search(re.sub("7QK4-2M9X-H3TC-8WPA", "", text))
    # A server shows it at any address, so its links begin at the host.
    assert re.findall(r'(?<=[\s<])(?:href|src)="(?!/|#|http)', text) == []
    assert 'src="/static/codes.js"' in text
    form = (tmp_path / "site" / "verify" / "index.html").read_text(encoding="utf-8")
    assert "…/verify/7QK4-2M9X-H3TC-8WPA/" in form


def test_a_certificate_that_ends_meanwhile_is_not_half_in_the_copy(app, here, issued, tmp_path):
    waiting = [True]

    def disturb():
        if waiting:
            waiting.pop()
            with db.engine.begin() as connection:
                connection.execute(
                    db.update(Certificate)
                    .where(Certificate.code == issued[0].code)
                    .values(status="revoked", status_reason="x", status_at=here.now, version=9)
                )

    db.session.commit()
    codes = db.session.scalars(select(Certificate.code)).all()
    db.session.rollback()
    assert len(codes) == 3
    app.before_request_funcs.setdefault(None, []).append(disturb)
    try:
        with pytest.raises((SiteMoved, PageMissing)):  # its file may already be gone when it is asked for
            export(app, tmp_path / "site")
    finally:
        app.before_request_funcs[None].remove(disturb)
    assert not (tmp_path / "site").exists()


def test_another_day_gives_the_same_bytes(app, issued, clock, tmp_path):
    export(app, tmp_path / "one")
    clock.advance(days=4, hours=7)
    export(app, tmp_path / "two")
    assert files_of(tmp_path / "one") == files_of(tmp_path / "two")
