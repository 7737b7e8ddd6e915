"""Files on a bad line: the network goes at half of a file, the page is loaded anew, the same file goes on."""

import hashlib
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Route, expect

from tests import factories
from tests.journeys.conftest import Site
from tests.journeys.walker import Walker
from tests.nominations import pages
from tests.nominations.pages import draft

Walk = Callable[..., Walker]
MEBIBYTE = 1024 * 1024


@pytest.fixture
def address(site: Site) -> str:
    """The documents of an empty draft of Kabupaten Contoh 1."""
    with site.app.app_context():
        return f"/nominations/{draft(factories.world()).ref}/evidence/coverage"


def paper(folder: Path, name: str, size: int) -> Path:
    """A PDF of a little more than `size` bytes."""
    file = folder / name
    file.write_bytes(pages.paper(name.encode() + b"0" * size))
    return file


def test_an_upload_cut_at_half_goes_on_after_a_reload_and_several_go_side_by_side(
    walker: Walk, address: str, tmp_path: Path
) -> None:
    nominee = walker("nominee-1")
    page = nominee.page
    page.on("dialog", lambda dialog: dialog.accept())
    slow, small = paper(tmp_path, "pindaian besar.pdf", 20 * MEBIBYTE), paper(tmp_path, "surat.pdf", 1000)
    nominee.go(address)

    def cut(route: Route) -> None:
        offset = int(re.findall(r"offset=(\d+)", route.request.url)[0])
        if offset >= 10 * MEBIBYTE:
            route.abort("connectionreset")
        else:
            route.continue_()

    page.route("**/uploads/*?offset=*", cut)
    nominee.main.locator("input[type=file]").set_input_files([slow, small])
    rows = nominee.main.locator("[data-upload-list] li")
    expect(rows).to_have_count(2)
    expect(rows.nth(1)).to_contain_text(nominee.word("Stored"))
    expect(rows.nth(0)).to_contain_text(re.compile("(terputus pada|stopped at) 49%"))
    nominee.look("upload-cut")

    page.reload()
    page.unroute("**/uploads/*?offset=*")
    nominee.reads("Not all of this file is here. To go on, choose the same file again.")
    expect(nominee.main.locator("[data-part]")).to_contain_text("49%")
    sent: list[str] = []
    page.on("request", lambda request: sent.append(request.url) if request.method == "PUT" else None)
    nominee.main.locator("input[type=file]").set_input_files(slow)
    expect(rows.nth(0)).to_contain_text(nominee.word("Stored"), timeout=30_000)
    assert sent[0].endswith(f"offset={10 * MEBIBYTE}")
    nominee.look("upload-stored")
    with page.expect_navigation():
        rows.nth(0).get_by_role("link").click()
    content = slow.read_bytes()
    nominee.says("pindaian besar.pdf").says(hashlib.sha256(content).hexdigest())
    nominee.go(address)
    with page.expect_download() as download:
        nominee.main.get_by_role("link", name="pindaian besar.pdf", exact=True).click()
    assert download.value.path().read_bytes() == content


def test_a_line_that_comes_back_is_used_at_once_and_saving_waits_for_the_file(
    walker: Walk, address: str, tmp_path: Path
) -> None:
    nominee = walker("nominee-1")
    page = nominee.page
    nominee.go(address)
    page.wait_for_load_state("networkidle")  # what the page itself fetches is not to be cut
    parts: list[int] = []

    def count(route: Route) -> None:
        parts.append(len(parts))
        if len(parts) == 2:
            page.context.set_offline(True)
        route.continue_()

    page.route("**/uploads/*?offset=*", count)
    nominee.main.locator("input[type=file]").set_input_files(paper(tmp_path, "daftar.pdf", 3 * MEBIBYTE))
    row = nominee.main.locator("[data-upload-list] li")
    expect(row).to_contain_text(re.compile("terputus|stopped"))
    page.locator("[name=pu-participants]").fill("40000")
    page.get_by_role("button", name=nominee.word("Save"), exact=True).click()
    nominee.reads("The entries are saved as soon as the files are here.")
    with page.expect_navigation(timeout=30_000):
        page.context.set_offline(False)
    nominee.says("daftar.pdf")
    expect(page.locator("[name=pu-participants]")).to_have_value(re.compile(r"40\.?000"))


def test_a_refused_file_says_why_and_a_cancelled_one_is_gone(walker: Walk, address: str, tmp_path: Path) -> None:
    nominee = walker("nominee-1")
    page = nominee.page
    wrong = tmp_path / "palsu.pdf"
    wrong.write_bytes(b"MZ" * 50)
    empty = tmp_path / "kosong.pdf"
    empty.write_bytes(b"")
    nominee.go(address)
    nominee.main.locator("input[type=file]").set_input_files([wrong, empty])
    rows = nominee.main.locator("[data-upload-list] li")
    expect(rows.nth(0)).to_contain_text("palsu.pdf")
    expect(rows.nth(0).locator(".p-error")).to_contain_text("PDF")
    expect(rows.nth(1).locator(".p-error")).to_contain_text("kosong.pdf")
    page.route("**/uploads/*?offset=*", lambda route: route.abort())
    nominee.main.locator("input[type=file]").set_input_files(paper(tmp_path, "batal.pdf", 1000))
    expect(rows.nth(2)).to_contain_text(re.compile("terputus|stopped"))
    rows.nth(2).get_by_role("button", name=re.compile(nominee.word("Cancel"))).click()
    expect(rows.nth(2)).to_contain_text(nominee.word("Cancelled"))
    page.reload()
    expect(nominee.main.locator("[data-part]")).to_have_count(0)
