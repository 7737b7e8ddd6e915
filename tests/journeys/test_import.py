"""A province loads nominations from a workbook: the template, what is refused and where, and the good rows."""

from collections.abc import Callable
from pathlib import Path

import pytest
from openpyxl.utils import get_column_letter
from playwright.sync_api import expect

from tests import factories
from tests.journeys.conftest import Site
from tests.journeys.walker import Walker
from tests.nominations.pages import coverage
from tests.nominations.test_import import LINES, Book

Walk = Callable[..., Walker]


@pytest.fixture
def refs(site: Site) -> list[str]:
    """The organisations of the regencies, in order."""
    with site.app.app_context():
        here = factories.world()
        return [here.organisations[f"regency-{no}"].ref for no in range(1, 4)]


def test_an_organiser_downloads_the_template_fills_it_and_loads_the_good_rows(
    walker: Walk, refs: list[str], tmp_path: Path
) -> None:
    organiser = walker("organiser-1")
    organiser.go("/manage/contoh-2025/nominations").follow("Load nominations from a file").look("import-start")
    template = organiser.download("Download the template (XLSX)")
    assert template.suggested_filename == "nominasi-contoh-2025-kabkota.xlsx"
    first, second, _third = refs
    book = Book(template.path().read_bytes())
    book.nominate(first, second)
    book.evidence("coverage", first, coverage())
    book.fill("coverage", book.row("coverage", second), {"pu.participants": -700})
    book.fill(LINES, 20, {"organisasi": first, "group": "fisher", "people": "5.600", "months": 3, "amount": "1,234"})
    filled = tmp_path / "isian.xlsx"
    filled.write_bytes(book.data)
    choose(organiser, "Filled template", filled)
    organiser.press("Check the file").look("import-refused")
    table = organiser.main.get_by_role("table").locator("tbody tr")
    expect(table).to_have_count(2)
    refused = ((LINES, 20, "amount"), ("coverage", book.row("coverage", second), "pu.participants"))
    for row, (sheet, line, key) in enumerate(refused):
        column = get_column_letter(book.place(sheet, key))
        expect(table.nth(row).locator("th, td")).to_contain_text([sheet, str(line), column, ""])
    rival = walker("nominee-2", width="phone").go("/nominations")
    rival.reads("Nominate %(name)s: %(category)s")
    choose(organiser, "Choose the same file again", filled)
    organiser.press("Load the good rows").reads("%(name)s is loaded", name=filled.name).look("import-loaded")
    organiser.says("Pemerintah Kabupaten Contoh 1").says("Pemerintah Kabupaten Contoh 2")

    nominee = walker("nominee-1", width="phone").go("/nominations").look("nominations-loaded")
    nominee.main.get_by_role("link", name="Pemerintah Kabupaten Contoh 1").first.click()
    address = nominee.path
    nominee.go(f"{address}/evidence/coverage")
    expect(nominee.page.locator("[name=pu-participants]")).to_have_value("40.000")
    nominee.go(f"{address}/evidence/vulnerable_workers")
    expect(nominee.page.locator("[name$=-amount]")).to_have_value("")
    rival.go("/nominations").main.get_by_role("link", name="Pemerintah Kabupaten Contoh 2").first.click()
    rival.go(f"{rival.path}/evidence/coverage")
    expect(rival.page.locator("[name=pu-participants]")).to_have_value("")


def choose(organiser: Walker, label: str, file: Path) -> None:
    """Choose a file of this machine."""
    organiser.field(label).set_input_files(file)
