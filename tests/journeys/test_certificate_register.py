"""An organiser looks through the register, takes papers for printing, and has a name corrected by two people."""

import zipfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from flask import Flask

from paritrana.certificates import service
from paritrana.core.certificates import Kind
from paritrana.database import db
from tests.factories_results import category_of, contest, press, publish
from tests.journeys.conftest import Site
from tests.journeys.walker import Walker

Walk = Callable[..., Walker]
REGISTER = "/manage/contoh-2025/certificates/register"


@pytest.fixture
def site(make_app: Callable[..., Flask]) -> Iterator[Site]:
    """The application; the contest of these tests is made in its tables, so not every rule of the house holds."""
    site = Site(make_app)
    with ThreadPoolExecutor(1) as thread:  # the one of the browser runs an event loop, and signing starts one
        thread.submit(_issue, site.app).result()
    yield site
    site.stop()


def _issue(app: Flask) -> None:
    with app.app_context():
        here = contest(5)
        publish(here)
        service.issue(
            category_of(here), press=press(), actor=here.actor("organiser-1"), at=here.now, kinds=tuple(Kind)
        )  # fmt: skip
        db.session.commit()
        db.session.remove()


def test_a_register_is_looked_through_printed_from_and_a_name_in_it_corrected(site: Site, walker: Walk) -> None:
    organiser = walker("organiser-1").go("/manage/contoh-2025/certificates").follow("Register of certificates")
    organiser.look("register")
    organiser.choose("Kind", "winner").press("Show").look("register-winners")
    boxes = organiser.page.locator("input[name=code]")
    boxes.nth(0).check()
    boxes.nth(2).check()
    with organiser.page.expect_download() as download:
        organiser.page.get_by_role("button", name=organiser.word("ZIP of the signed files")).click()
    with zipfile.ZipFile(download.value.path()) as archive:
        assert [name[:3] for name in archive.namelist()] == ["001", "003"]
    organiser.go(REGISTER)
    organiser.page.locator("tbody a").first.click()
    organiser.reads("History").look("register-certificate")
    address = organiser.path
    with organiser.page.expect_download() as download:
        organiser.page.get_by_role("button", name=organiser.word("Print again")).click()
    assert download.value.suggested_filename.endswith(".pdf")
    organiser.follow("Replace or revoke").look("register-end")
    organiser.press("Request the confirmation of the chair").look("register-end-refused")
    organiser.tick("Replace it by a new one with the corrected name")
    organiser.fill("Name on the new certificate", "Kabupaten Contoh Sejati")
    organiser.fill("Reason, for everybody who checks it", "Salah eja").press("Request the confirmation of the chair")
    organiser.reads("Replacement is requested").look("register-asked")
    chair = walker("chair")
    chair.page.locator(f"a[href='{address}']").first.click()
    chair.look("register-asked-chair").press("Confirm and replace")
    chair.reads("Replaced. The new certificate is issued; the old code says so from now on.")
    chair.look("register-replaced")
    walker("organiser-1", "en").go(REGISTER).look("register")
