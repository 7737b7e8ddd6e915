"""A stranger with a certificate: types the code, scans the square of dots, brings the file, and has only a copy."""

import functools
import re
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from http.server import ThreadingHTTPServer
from pathlib import Path

import pytest
from flask import Flask
from PIL import Image
from playwright.sync_api import Browser, Page, expect
from sqlalchemy import select

from paritrana.certificates import service
from paritrana.certificates.models import Certificate, CertificatePaper
from paritrana.core.codes import shown
from paritrana.database import db
from paritrana.publication.static_site.writer import export
from tests.factories_results import category_of, contest, press, publish
from tests.journeys.conftest import Site
from tests.journeys.walker import Walker
from tests.publication.test_static_site import Quiet

Walk = Callable[..., Walker]
# The part of a browser that reads squares of dots, for browsers of tests that lack it: it "finds" what the test says.
READER = """
window.BarcodeDetector = class {
  static async getSupportedFormats() { return ["qr_code"]; }
  async detect() { return window.inThePicture ? [{ rawValue: window.inThePicture }] : []; }
};
"""


class Served(Quiet):
    """A web server that shows 404.html for what is not there, as operators are told to set theirs up."""

    def send_error(self, code, message=None, explain=None):
        """The page of the folder."""
        content = Path(self.directory, "404.html").read_bytes()
        self.send_response(code)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)


@pytest.fixture
def site(make_app: Callable[..., Flask]) -> Iterator[Site]:
    """The application; the contest of these tests is made in its tables, so not every rule of the house holds."""
    site = Site(make_app)
    yield site
    site.stop()


@pytest.fixture
def papers(site: Site, tmp_path: Path) -> dict[str, tuple[str, str, Path]]:
    """Three certificates: code, signed text and file by their state."""
    # A thread of its own: the one of the browser already runs an event loop, and signing starts one.
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(_issue, site.app, tmp_path).result()


def _issue(app: Flask, folder: Path) -> dict[str, tuple[str, str, Path]]:
    found = {}
    with app.app_context():
        here = contest(3)
        publish(here)
        made = service.issue(category_of(here), press=press(), actor=here.actor("organiser-1"), at=here.now)
        for one, status in zip(made, ("valid", "replaced", "revoked"), strict=True):
            if status != "valid":
                one.status, one.status_reason, one.status_at = status, "Nama penerima keliru", here.now
            file = folder / f"{status}.pdf"
            stored = db.session.scalars(select(CertificatePaper).filter_by(certificate_id=one.id)).one()
            file.write_bytes(stored.content)
            found[status] = (shown(one.code), one.payload, file)
        db.session.commit()
        _replace(made[1])
        db.session.remove()
    return found


def _replace(old: Certificate) -> None:
    names = ("cycle_id", "category_id", "kind", "basis", "award_id", "nomination_id", "rank", "recipient", "title_id",
             "title_en", "context", "ranking_digest", "issued_at", "issued_by")  # fmt: skip
    values = {name: getattr(old, name) for name in names}
    db.session.add(Certificate(code="0" * 16, register_no=4, version_no=2, **values))
    db.session.commit()


def test_every_verdict_is_plain_on_every_width_and_a_code_is_typed(
    site: Site, walker: Walk, papers: dict[str, tuple[str, str, Path]], tmp_path: Path
) -> None:
    reader = walker()
    reader.go("/verify").look("check-form")
    code, payload, file = papers["valid"]
    reader.fill("Code on the certificate", f" {code.lower()} ").press("Verify")
    assert reader.page.url.endswith(f"/verify/{code}")
    reader.reads("VALID. Compare the details below with your document.").look("check-valid")
    for status in ("replaced", "revoked"):
        reader.go(f"/verify/{papers[status][0]}").says("Nama penerima keliru").look(f"check-{status}")
    reader.go("/verify/0000-0000-0000-0001", status=404)
    reader.reads("UNKNOWN. Check the letters and digits on the certificate.").look("check-unknown")
    reader.go(f"/VERIFY/{code.replace('-', '')}/{papers['revoked'][1]}").look("check-altered-square")
    reader.reads("ALTERED. This document is not as it was issued.")
    changed = tmp_path / "berubah.pdf"
    changed.write_bytes(file.read_bytes() + b"\n%x\n")
    reader.go("/verify").page.locator("#paper").set_input_files(changed)
    reader.press("Check the file").reads("Something was added to the file after it was signed.").look("check-altered")
    reader.go("/verify").page.locator("#paper").set_input_files(file)
    reader.press("Check the file").reads("The file is the one that was issued, to the last byte.")
    assert payload in walker().go(f"/VERIFY/{code}/{payload}").page.url


def test_a_code_is_typed_without_a_script(walker: Walk, papers: dict[str, tuple[str, str, Path]]) -> None:
    reader = walker(language="en", java_script_enabled=False, width="phone").go("/verify")
    expect(reader.page.locator("[data-scan]")).to_be_hidden()
    reader.fill("Code on the certificate", papers["valid"][0]).press("Verify")
    reader.reads("VALID. Compare the details below with your document.")
    expect(reader.page.locator("[data-share]")).to_be_hidden()


def test_a_square_of_dots_is_read_from_a_photo_and_only_of_this_site(
    site: Site, walker: Walk, papers: dict[str, tuple[str, str, Path]], tmp_path: Path
) -> None:
    code, payload, _file = papers["valid"]
    photo = tmp_path / "foto.png"
    Image.new("L", (60, 60), 255).save(photo)
    reader = walker(language="en")
    page: Page = reader.page
    page.context.add_init_script(READER)
    reader.go("/verify")
    section = page.locator("[data-scan]")
    expect(section).to_be_visible()
    said = section.get_by_role("status")
    for text, words in (
        ("", "No square of dots was found in the picture."),
        ("https://example.org/", "This square of dots is not the one of a certificate."),
        (f"https://palsu.test/VERIFY/{code}/{payload}", "This square of dots leads to palsu.test, not to this site."),
    ):
        page.evaluate("text => { window.inThePicture = text }", text)
        page.locator("#photo").set_input_files([])
        page.locator("#photo").set_input_files(photo)
        expect(said).to_contain_text(words)
    reader.look("check-scan")
    page.evaluate("text => { window.inThePicture = text }", f"{site.url.upper()}/VERIFY/{code}/{payload}")
    page.locator("#photo").set_input_files([])
    page.locator("#photo").set_input_files(photo)
    reader.reads("VALID. Compare the details below with your document.")


def test_a_square_of_dots_is_scanned_with_the_camera_that_may_be_used(
    site: Site, walker: Walk, papers: dict[str, tuple[str, str, Path]]
) -> None:
    code, payload, _file = papers["revoked"]
    reader = walker(language="en", width="phone")
    page: Page = reader.page
    page.context.add_init_script(READER)
    scan = page.get_by_role("button", name="Scan with the camera")
    reader.go("/verify")
    scan.click()
    expect(page.locator("[data-scan-said]")).to_have_text(
        "The camera cannot be used. Type the code, or choose a photo."
    )
    page.context.grant_permissions(["camera"])
    scan.click()
    expect(page.locator("[data-scan-said]")).to_have_text("Hold the square of dots in the middle of the picture.")
    expect(page.locator("video")).to_be_visible()
    reader.look("check-camera")
    page.get_by_role("button", name="Stop the camera").click()
    expect(page.locator("video")).to_be_hidden()
    scan.click()
    page.evaluate("text => { window.inThePicture = text }", f"{site.url}/VERIFY/{code.replace('-', '')}/{payload}")
    reader.says(re.compile("REVOKED .* Nama penerima keliru"))


def test_a_browser_that_cannot_read_squares_is_not_offered_it(walker: Walk) -> None:
    reader = walker()
    reader.page.context.add_init_script("delete window.BarcodeDetector")
    reader.go("/verify")
    expect(reader.page.locator("[data-scan]")).to_be_hidden()


def test_the_copy_answers_for_codes_and_squares_without_the_application(
    site: Site, browser: Browser, papers: dict[str, tuple[str, str, Path]], tmp_path: Path,
    accessible: Callable[[Page], list[str]],
) -> None:  # fmt: skip
    with site.app.app_context():
        export(site.app, tmp_path / "copy")
        db.session.remove()
    server = ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Served, directory=str(tmp_path / "copy")))
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    address = f"http://127.0.0.1:{server.server_port}"
    context = browser.new_context(viewport={"width": 390, "height": 900})
    try:
        page, code = context.new_page(), papers["valid"][0]
        page.goto(f"{address}/index.html")
        page.get_by_role("link", name="Verifikasi piagam").click()
        assert accessible(page) == []
        field, heading = page.get_by_label("Kode pada piagam"), page.get_by_role("heading", level=1)
        field.fill(code[:-1] + ("A" if code[-1] != "A" else "B"))
        field.press("Enter")
        expect(page.get_by_role("alert")).to_have_text("Ini bukan kode piagam. Periksa huruf dan angkanya.")
        field.fill(code.lower().replace("-", " "))
        field.press("Enter")
        expect(heading).to_contain_text("BERLAKU.")
        assert accessible(page) == []
        paper = page.get_by_role("link", name="Unduh piagam (PDF)")
        content = context.request.get(f"{address}/verify/{code}/{paper.get_attribute('href')}").body()
        assert content == papers["valid"][2].read_bytes()
        # The address in the square of dots of the paper, at the host of the copy.
        revoked, payload, _file = papers["revoked"]
        page.goto(f"{address}/VERIFY/{revoked.replace('-', '')}/{payload}")
        expect(heading).to_contain_text("DICABUT")
        page.goto(f"{address}/verify/0000-0000-0000-0001/")
        expect(heading).to_contain_text("TIDAK DIKENAL.")
        expect(page.locator(".p-bar")).not_to_have_css("background-color", "rgba(0, 0, 0, 0)")
        assert accessible(page) == []
    finally:
        context.close()
        server.shutdown()
        server.server_close()
        thread.join()
