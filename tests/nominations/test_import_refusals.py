"""Workbooks of nominations whose cells, parts or answers are refused, and what is known before one is filled in."""

import io
import random
import zipfile
from typing import Any

import openpyxl
import pytest
import xlsxwriter

from paritrana.core.filetypes import XLSX
from paritrana.database import db
from paritrana.nominations import queries
from paritrana.nominations.importing.reading import (
    LONGEST_ANSWER,
    HeavyWorkbook,
    NotWorkbook,
    check_archive,
    read_workbook,
)
from paritrana.reference.models import PublishedBudget
from tests.factories import sign_in, world
from tests.nominations.pages import coverage, filled, permits
from tests.nominations.test_import import Book, check, counts, load, problems, template


@pytest.fixture
def here(app, db_session):
    return world()


@pytest.fixture
def organiser(client, here):
    sign_in(client, "organiser-1")
    return client


def letter(book: Book, sheet: str, key: str) -> str:
    return str(openpyxl.utils.get_column_letter(book.place(sheet, key)))


def test_a_text_of_too_many_words_an_amount_with_sen_and_a_crooked_percentage_are_refused(organiser, here):
    book = template(organiser)
    ref = here.organisations["regency-1"].ref
    book.nominate(ref)
    wrong: tuple[tuple[str, str, Any, str], ...] = (
        ("innovation.innovations", "problem", "kata " * 301, "has 301 words"),
        ("vulnerable_workers.groups", "amount", "15.000,50", "The cell holds 15.000,50"),
        ("development_target", "target.value", 52.1234, "with at most 2 decimals"),
        ("innovation.innovations", "before", 12.345, "with at most 2 decimals"),  # nobody means twelve thousand
        ("innovation.innovations", "after", 1.234, "with at most 2 decimals"),
    )
    expected = []
    for no, (sheet, key, value, _said) in enumerate(wrong):
        row = book.row(sheet, ref) if "." not in sheet else 20 + no
        book.fill(sheet, row, {"organisasi": ref, key: value})
        expected.append((sheet, str(row), letter(book, sheet, key)))
    answer = check(organiser, book.data)
    found = {one[:3]: one[3] for one in problems(answer)}
    assert (answer.status_code, sorted(found)) == (422, sorted(expected))
    for place, (_sheet, _key, _value, said) in zip(expected, wrong, strict=True):
        assert said in found[place], found[place]


def test_what_a_draft_says_already_gets_no_new_version_and_who_is_answered_no_none_at_all(organiser, here):
    nomination = filled(here)
    before = {kind: item.version for kind, item in queries.evidence_of(nomination).items()}
    book, ref = template(organiser), nomination.organisation.ref
    book.evidence("coverage", ref, coverage())
    book.fill("permit_compliance", book.row("permit_compliance", ref), {"permit.issued": 401})
    other = here.organisations["regency-2"].ref
    book.fill("nominasi", book.row("nominasi", other), {"ajukan": "Tidak"})
    checked = check(organiser, book.data)
    assert (problems(checked), counts(checked)) == ([], [0, 1, 0, 0])
    assert load(organiser, checked, book.data).status_code == 200
    db.session.expire_all()
    assert [one.ref for one in queries.nominations_of(here.category)] == [nomination.ref]
    items = queries.evidence_of(nomination)
    assert {kind: item.version for kind, item in items.items()} == before | {"permit_compliance": 2}
    assert items["permit_compliance"].data["fields"] == permits()["fields"] | {"permit.issued": 401}
    assert (items["coverage"].completed, items["permit_compliance"].completed) == (True, False)


def test_the_template_tells_the_budget_that_was_published(organiser, here):
    shared = {
        "source_key": "PROJ", "note": None, "area_kind": "regency", "region_code": "99.01", "year": 2025,
        "area_name": "Kabupaten Contoh 1", "beneficiary_group": "fisher", "months": None,
        "status": "budgeted", "funding_source": "apbd_regency",
    }  # fmt: skip
    db.session.add_all([
        PublishedBudget(key="B1", group_as_published="Nelayan", people=1200, people_qualifier="exact",
                        amount_idr=None, amount_qualifier=None, **shared),
        PublishedBudget(key="B2", group_as_published="Petani", people=None, people_qualifier=None,
                        amount_idr=15_000_000, amount_qualifier="exact", **shared),
    ])  # fmt: skip
    db.session.commit()
    book = template(organiser)
    told = book.book["nominasi"].cell(3, book.place("nominasi", "terbit")).value
    assert "Nelayan: 1.200 " in told.replace("\u00a0", " ")
    assert "Petani: Rp15.000.000" in told.replace("\u00a0", "")


def archive(*names: str, size: int = 0) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as made:
        for name in names:
            made.writestr(name, bytes(size))
    return file.getvalue()


def test_an_archive_is_looked_at_before_it_is_unpacked():
    with pytest.raises(HeavyWorkbook):
        check_archive(bytes(XLSX.limit + 1), "isian.xlsx")
    for names in ((), ("[Content_Types].xml",), ("xl/workbook.xml",), ("word/document.xml", "[Content_Types].xml")):
        with pytest.raises(NotWorkbook):
            check_archive(archive(*names), "isian.xlsx")
    check_archive(archive("[Content_Types].xml", "xl/workbook.xml"), "isian.xlsx")


def test_a_small_workbook_that_says_far_too_much_is_heavy():
    """One long text, which the file holds once, stands in more cells than an answer may be long."""
    text, file = "".join(random.Random(7).choices("abcdefghijklmnopqrstuvwxyz", k=32_000)), io.BytesIO()
    with xlsxwriter.Workbook(file) as book:
        sheet = book.add_worksheet()
        for row in range(LONGEST_ANSWER // len(text) + 1):
            sheet.write_string(row, 0, text)
    data = file.getvalue()
    check_archive(data, "isian.xlsx")
    with pytest.raises(HeavyWorkbook):
        read_workbook(data, "isian.xlsx")
