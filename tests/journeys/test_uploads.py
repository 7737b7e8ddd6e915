"""Files on a bad line: the network goes at half of a file, the page is loaded anew, the same file goes on."""

import hashlib
import re
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest
from playwright.sync_api import Route, expect

from tests import factories
from tests.files.test_hostile import hostile_documents, hostile_workbooks
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


@pytest.mark.parametrize("language", ["id", "en"])
def test_wrong_files_and_figures_are_answered_on_a_telephone_and_nothing_is_lost(
    walker: Walk, address: str, tmp_path: Path, language: str
) -> None:
    nominee = walker("nominee-1", language, width="phone")
    page = nominee.page
    files = {"terkunci.pdf": hostile(hostile_documents(), "file_locked"), "palsu.docx": b"PK",
             "bom.xlsx": hostile(hostile_workbooks(), "workbook_bomb"), "baik.pdf": pages.paper()}  # fmt: skip
    for name, content in files.items():
        (tmp_path / name).write_bytes(content)
    (tmp_path / "lagi.pdf").write_bytes(files["baik.pdf"])
    nominee.go(address)
    nominee.main.locator("input[type=file]").set_input_files([tmp_path / name for name in files])
    rows = nominee.main.locator("[data-upload-list] li")
    said = {"id": ("kata sandi", "pilih PDF", "terlalu banyak data"), "en": ("password", "choose a PDF", "too much")}
    for no, words in enumerate(said[language]):
        expect(rows.nth(no).locator(".p-error")).to_contain_text(words)
    expect(rows.nth(3)).to_contain_text(nominee.word("Stored"))
    nominee.main.locator("input[type=file]").set_input_files(tmp_path / "lagi.pdf")
    expect(rows.nth(4)).to_contain_text(
        nominee.word("%(name)s is already here as document %(no)s, %(old)s. It is kept once.",
                     name="lagi.pdf", no=1, old="baik.pdf")
    )  # fmt: skip
    page.locator("[name=pu-participants]").fill("-15.000")
    page.locator("[name=bpu-participants]").fill("9.000")
    nominee.press("Save").look("upload-refused")
    expect(page.locator("[data-error-summary]")).to_contain_text(
        "Penerima Upah (PU): Tulis peserta aktif per 31 Desember tanpa tanda minus"
        if language == "id"
        else "Wage workers (PU): Write active participants on 31 December without a minus sign"
    )
    expect(page.locator("[name=pu-participants]")).to_have_value("-15.000")
    expect(page.locator("[name=bpu-participants]")).to_have_value("9.000")
    nominee.says("baik.pdf")
    page.locator("[name=pu-participants]").fill("90.000")
    page.locator("[name=pu-target]").fill("80.000")
    expect(page.locator("[data-arithmetic-panel]")).to_contain_text("112,50%" if language == "id" else "112.50%")
    nominee.press("Save").go(address)
    expect(page.locator("[name=pu-participants]")).to_have_value("90.000" if language == "id" else "90,000")


def hostile(made: Iterable[tuple[str, bytes]], code: str) -> bytes:
    """A hostile file of this code."""
    return next(content for found, content in made if found == code)
