"""Loading nominations and figures from a workbook: what the template tells, what is refused and where, what is loaded.

A template is filled here as a person fills it: with a spreadsheet library, by the keys of row 1.
"""

import base64
import csv
import html
import io
import re
import zipfile
from datetime import date
from functools import cached_property
from typing import Any

import openpyxl
import pytest
from sqlalchemy import select

from paritrana.audit.models import Event
from paritrana.core.evidence import KINDS
from paritrana.core.lifecycle import State
from paritrana.cycles.queries import rubric_of
from paritrana.database import db
from paritrana.nominations import queries, service
from paritrana.nominations.importing.layout import sheets_of
from paritrana.nominations.models import Nomination
from paritrana.nominations.rows import kinds_asked
from paritrana.reference.models import PublishedCoverage
from tests.factories import sign_in, world
from tests.nominations.pages import SAME_ORIGIN, TYPED, coverage, draft, fields_in, filled, send, text_of, vulnerable

PAGE = "/manage/contoh-2025/nominations/import/kabkota"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
LINES = "vulnerable_workers.groups"


@pytest.fixture
def here(app, db_session):
    return world()


@pytest.fixture
def organiser(client, here):
    sign_in(client, "organiser-1")
    return client


class Book:
    """A template that is filled by the keys of its columns."""

    def __init__(self, data: bytes) -> None:
        self.book = openpyxl.load_workbook(io.BytesIO(data))

    def place(self, sheet: str, key: str) -> int:
        """The column of a key."""
        return next(cell.column for cell in self.book[sheet][1] if cell.value == key)

    def row(self, sheet: str, ref: str) -> int:
        """The row of an organisation."""
        return next(row[0].row for row in self.book[sheet].iter_rows(min_row=3) if row[0].value == ref)

    def fill(self, sheet: str, row: int, values: dict[str, Any]) -> None:
        """Fill cells of a row."""
        for key, value in values.items():
            self.book[sheet].cell(row, self.place(sheet, key), value)

    def nominate(self, *refs: str) -> None:
        """Answer yes for organisations."""
        for ref in refs:
            self.fill("nominasi", self.row("nominasi", ref), {"ajukan": "Ya"})

    def evidence(self, kind: str, ref: str, data: dict[str, Any]) -> None:
        """Fill the sheets of a kind with stored evidence, dates as dates."""
        if data["fields"]:
            self.fill(kind, self.row(kind, ref), {key: _cell(value) for key, value in data["fields"].items()})
        lines = KINDS[kind].lines
        for line in data.get("lines", ()):
            sheet = f"{kind}.{lines.key if lines else ''}"
            row = self.book[sheet].max_row + 1
            values = {key: _cell(value) for key, value in line.items() if key != "key"}
            self.fill(sheet, row, {"organisasi": ref, **values})

    @cached_property
    def data(self) -> bytes:
        """The file, which is written once: a second writing would carry another time."""
        file = io.BytesIO()
        self.book.save(file)
        return file.getvalue()


def _cell(value: Any) -> Any:
    if isinstance(value, str) and re.fullmatch(r"[0-9]+[.][0-9]+", value):
        return float(value)
    if isinstance(value, str) and re.fullmatch(r"\d{4}-\d\d-\d\d", value):
        return date.fromisoformat(value)
    return value


def template(client: Any) -> Book:
    answer = client.get(f"{PAGE}/template.xlsx")
    assert (answer.status_code, answer.mimetype) == (200, XLSX)
    return Book(answer.get_data())


def check(client: Any, data: bytes, name: str = "isian.xlsx") -> Any:
    fields = fields_in(client.get(PAGE, query_string={"lang": "en"}), PAGE)
    return client.post(
        PAGE, data=fields | {"file": (io.BytesIO(data), name)}, headers=SAME_ORIGIN, query_string={"lang": "en"}
    )


def load(client: Any, checked: Any, data: bytes, **changes: Any) -> Any:
    fields = fields_in(checked, f"{PAGE}/load") | changes
    return client.post(
        f"{PAGE}/load", data=fields | {"file": (io.BytesIO(data), "isian.xlsx")}, headers=SAME_ORIGIN,
        query_string={"lang": "en"},
    )  # fmt: skip


def problems(answer: Any) -> list[tuple[str, str, str, str]]:
    """Sheet, row, column and sentence of every refusal, from the file that the page offers."""
    found = re.search(r'href="data:text/csv;charset=utf-8;base64,([^"]+)"', text_of(answer))
    if found is None:
        return []
    rows = csv.reader(io.StringIO(base64.b64decode(found[1]).decode("utf-8-sig")), delimiter=";")
    return [(sheet, row, column, said) for sheet, row, column, said in list(rows)[1:]]


def counts(answer: Any) -> list[int]:
    """New, changed and unchanged drafts, refused rows."""
    facts = re.findall(r"<dt>(?:New|Changed|Unchanged|Refused)[^<]*</dt><dd>(\d+)</dd>", text_of(answer))
    return [int(one) for one in facts]


def without_keys(data: dict[str, Any]) -> dict[str, Any]:
    """Evidence without the keys of its lines, which are drawn anew."""
    lines = [{key: value for key, value in line.items() if key != "key"} for line in data.get("lines", ())]
    return {"fields": data["fields"], "lines": lines}


def test_the_template_names_who_can_be_nominated_and_explains_every_column_in_both_languages(organiser, here):
    db.session.add(
        PublishedCoverage(
            key="COV1", source_key="PROJ", note=None, area_kind="regency", region_code="99.01",
            area_name="Kabupaten Contoh 1", as_of=date(2025, 12, 31), as_of_precision="day", segment="total",
            segment_as_published="Total", measure="active_participants", participants=52500, denominator=None,
            denominator_kind="none", denominator_definition=None, percent=None, percent_kind="none", qualifier="exact",
        )
    )  # fmt: skip
    db.session.commit()
    book = template(organiser)
    sheets = sheets_of(kinds_asked(rubric_of(here.category)), election_held=False, candidate="regency_city")
    assert book.book.sheetnames == ["petunjuk", *(sheet.name for sheet in sheets), "pilihan"]
    for sheet in sheets:
        assert [cell.value for cell in book.book[sheet.name][1]] == [column.key for column in sheet.columns]
        refs = [row[0].value for row in book.book[sheet.name].iter_rows(min_row=3)]
        assert refs == [here.organisations[f"regency-{no}"].ref for no in range(1, 10)]
    told = book.book["nominasi"].cell(3, book.place("nominasi", "terbit")).value
    assert told == "Total: 52.500 (Contoh)"
    explained = {(row[0].value, row[1].value): row for row in book.book["petunjuk"].iter_rows(min_row=2)}
    assert set(explained) == {(sheet.name, column.key) for sheet in sheets for column in sheet.columns}
    assert explained["coverage", "pu.target"][2].value.count(" / ") >= 1
    assert not any(cell.data_type == "f" for sheet in book.book for row in sheet.iter_rows() for cell in row)
    assert len(book.book[LINES].data_validations.dataValidation) == 3


def test_what_is_filled_in_becomes_the_drafts_of_the_organisations(organiser, here):
    book = template(organiser)
    first, second = here.organisations["regency-1"], here.organisations["regency-2"]
    book.nominate(first.ref, second.ref)
    asked = {kind: TYPED[kind] for kind in kinds_asked(rubric_of(here.category))}
    for kind, made in asked.items():
        book.evidence(kind, first.ref, made())
    checked = check(organiser, book.data)
    assert (checked.status_code, counts(checked), problems(checked)) == (200, [2, 0, 0, 0], [])
    assert db.session.query(Nomination).count() == 0
    loaded = load(organiser, checked, book.data)
    assert (loaded.status_code, counts(loaded)) == (200, [2, 0, 0, 0])
    mine, other = queries.nominations_of(here.category)
    assert [(one.organisation_id, one.state) for one in (mine, other)] == [(first.id, "draft"), (second.id, "draft")]
    stored = queries.evidence_of(mine)
    assert {kind: without_keys(stored[kind].data) for kind in stored} == {
        kind: without_keys(made()) for kind, made in asked.items()
    }
    assert not any(item.completed for item in stored.values())
    assert not queries.evidence_of(other)
    kinds = db.session.scalars(select(Event.kind).where(Event.object_ref == mine.ref).order_by(Event.seq)).all()
    assert kinds == ["nomination.created", *["evidence.saved"] * len(asked)]


def test_the_same_file_again_changes_nothing(organiser, here):
    book = template(organiser)
    ref = here.organisations["regency-1"].ref
    book.nominate(ref)
    book.evidence("vulnerable_workers", ref, vulnerable())
    first = check(organiser, book.data)
    fields = fields_in(first, f"{PAGE}/load")
    answers = [load(organiser, first, book.data, **fields) for _time in range(2)]
    assert [answer.status_code for answer in answers] == [200, 200]
    assert answers[1].headers["Idempotency-Replayed"] == "true"
    again = check(organiser, book.data)
    assert counts(again) == [0, 0, 1, 0]
    assert "There is nothing to load." in text_of(again)
    (nomination,) = queries.nominations_of(here.category)
    assert len(queries.evidence_of(nomination)["vulnerable_workers"].data["lines"]) == 1


def test_a_draft_changes_only_where_a_cell_is_filled(organiser, here):
    nomination = filled(here)
    book = template(organiser)
    ref = nomination.organisation.ref
    book.fill("coverage", book.row("coverage", ref), {"pu.participants": 41000})
    book.evidence("vulnerable_workers", ref, {"fields": {}, "lines": vulnerable(amount=1000)["lines"]})
    checked = check(organiser, book.data)
    assert counts(checked) == [0, 1, 0, 0]
    assert load(organiser, checked, book.data).status_code == 200
    items = queries.evidence_of(nomination)
    assert items["coverage"].data["fields"] == coverage()["fields"] | {"pu.participants": 41000}
    assert [line["amount"] for line in items["vulnerable_workers"].data["lines"]] == [5600 * 3 * 16800, 1000]
    assert (items["coverage"].completed, items["permit_compliance"].completed) == (False, True)


def test_a_sent_nomination_is_refused_with_a_sentence(organiser, here):
    nomination = filled(here)
    service.submit(nomination, actor=here.actor("nominee-1"), at=here.now)
    db.session.commit()
    book = template(organiser)
    row = book.row("coverage", nomination.organisation.ref)
    book.fill("coverage", row, {"pu.participants": 41000})
    answer = check(organiser, book.data)
    ((sheet, at, column, said),) = problems(answer)
    assert (answer.status_code, sheet, at, column) == (
        422,
        "coverage",
        f"'{row}" if not at.isdigit() else str(row),
        "A",
    )
    assert "already sent" in said
    assert "There is nothing to load." in text_of(answer)


# One wrong cell: sheet, key, what is written, and a part of the sentence.
CELLS = [
    ("coverage", "pu.participants", -5, "not negative"),
    ("coverage", "pu.participants", "-5", "not negative"),
    ("coverage", "pu.participants", 12.5, "not negative"),
    ("coverage", "pu.participants", "1.23", "15000 or 15,000"),
    ("coverage", "pu.participants", "5600 orang", "15000 or 15,000"),
    ("coverage", "pu.participants", date(2025, 1, 2), "is no value for"),
    ("coverage", "pu.participants", True, "is no value for"),
    ("coverage", "pu.participants", 10**16, "more than 15 digits"),
    ("coverage", "denominator.year", 25, "is no value for"),
    (LINES, "amount", "15 juta", "in rupiah"),
    (LINES, "amount", "15,000", "without dots and commas"),
    (LINES, "months", 13.5, "not negative"),
    (LINES, "months", 500, "whole months"),
    (LINES, "group", "petani padi", "from the list"),
    (LINES, "decree_date", date(2035, 1, 2), "lies outside"),
    (LINES, "decree_date", "31 Februari", "as day, month and year"),
    (LINES, "decree_number", "x" * 201, "201 characters"),
    ("nominasi", "ajukan", "mungkin", "from the list"),
]  # fmt: skip


def test_a_wrong_cell_is_named_by_sheet_row_and_column(organiser, here):
    book = template(organiser)
    refs = [here.organisations[f"regency-{no}"].ref for no in range(1, 10)]
    book.nominate(*refs[:8])
    expected = []
    for no, (sheet, key, value, said) in enumerate(CELLS):
        row = book.row(sheet, refs[no % 9]) if sheet != LINES else 20 + no
        book.fill(sheet, row, {"organisasi": refs[no % 9], key: value})
        expected.append((sheet, str(row), openpyxl.utils.get_column_letter(book.place(sheet, key)), said))
    answer = check(organiser, book.data)
    found = sorted(problems(answer))
    assert (answer.status_code, [one[:3] for one in found]) == (422, [one[:3] for one in sorted(expected)])
    for one, wanted in zip(found, sorted(expected), strict=True):
        assert wanted[3] in one[3]
        assert one[3] in html.unescape(text_of(answer))
    assert db.session.query(Nomination).count() == 0


def test_a_number_reads_as_in_the_forms_however_it_is_grouped(organiser, here):
    meant = {"1.234": 1234, "12.345.678": 12345678, "1,234": 1234, "1 234": 1234, 1234: 1234, 1235.0: 1235}
    book = template(organiser)
    for no, written in enumerate(meant, start=1):
        ref = here.organisations[f"regency-{no}"].ref
        book.nominate(ref)
        book.fill("coverage", book.row("coverage", ref), {"pu.participants": written})
    checked = check(organiser, book.data)
    assert problems(checked) == []
    load(organiser, checked, book.data)
    stored = [queries.evidence_of(one)["coverage"].data["fields"] for one in queries.nominations_of(here.category)]
    assert stored == [{"pu.participants": value} for value in meant.values()]


def _unknown_code(book: Book, refs: list[str]) -> None:
    book.fill("nominasi", 3, {"organisasi": "O-0000-0000", "ajukan": "ya"})


def _no_draft(book: Book, refs: list[str]) -> None:
    book.fill("coverage", 3, {"pu.participants": 5})


def _same_row(book: Book, refs: list[str]) -> None:
    book.nominate(refs[0])
    book.fill("coverage", 3, {"pu.participants": 5})
    book.fill("coverage", 20, {"organisasi": refs[0], "pu.participants": 6})


def _same_line(book: Book, refs: list[str]) -> None:
    book.nominate(refs[0])
    for row in (15, 16):
        book.fill(LINES, row, {"organisasi": refs[0], "group": "fisher", "people": 5})


def _after_a_refused_row(book: Book, refs: list[str]) -> None:
    book.fill("nominasi", 3, {"ajukan": "entah"})
    book.fill("coverage", 3, {"pu.participants": 5})


@pytest.mark.parametrize(
    ("spoil", "places"),
    [
        (_unknown_code, [("nominasi", "3", "A", "O-0000-0000")]),
        (_no_draft, [("coverage", "3", "A", "has no draft yet")]),
        (_same_row, [("coverage", "20", "A", "the same as row 3")]),
        (_same_line, [(LINES, "16", "A", "the same as row 15")]),
        (_after_a_refused_row, [("nominasi", "3", "D", "from the list"), ("coverage", "3", "A", "is refused, so")]),
    ],
)
def test_a_row_that_fits_nothing_is_refused(organiser, here, spoil, places):
    book = template(organiser)
    spoil(book, [here.organisations[f"regency-{no}"].ref for no in range(1, 10)])
    found = problems(check(organiser, book.data))
    assert [one[:3] for one in found] == [place[:3] for place in places]
    assert all(place[3] in one[3] for one, place in zip(found, places, strict=True))


def _spoil(book: Book) -> set[tuple[str, str, str, str]]:
    """Everything that refuses a whole file, at once; gives where each has to be named, and how."""
    page = book.book["coverage"]
    book.fill("coverage", 4, {"pu.target": "=1+1"})
    book.fill("coverage", 6, {"pu.target": "#REF!"})
    page.row_dimensions[5].hidden = True
    page.column_dimensions["F"].hidden = True
    page.cell(1, 40, "tambahan")
    page.cell(1, 41, "pu.target")
    page.cell(7, 60, 5)
    book.book["permit_compliance"].sheet_state = "hidden"
    for row in range(1, 12):
        book.book["non_asn_protection"].cell(row, 1).value = None
    book.book["village_allocation"].title = "Desa"
    for row in range(3, 10_003):
        book.book[LINES].cell(row, 1, f"O-{row}")
    return {
        ("coverage", "4", "E", "formula"),
        ("coverage", "6", "E", "#REF!"),
        ("coverage", "5", "", "The row is hidden"),
        ("coverage", "", "F", "The column is hidden"),
        ("coverage", "1", "AN", "tambahan"),
        ("coverage", "1", "AO", "stands twice"),
        ("coverage", "7", "BH", "no column BH"),
        ("permit_compliance", "", "", "The sheet is hidden"),
        ("non_asn_protection", "1", "", "organisasi is missing"),
        ("Desa", "", "", "no sheet of this name"),
        ("village_allocation", "", "", "The sheet is missing"),
        (LINES, "", "", "10000 filled rows"),
    }


def test_what_nobody_sees_or_knows_refuses_the_whole_file(organiser, here):
    book = template(organiser)
    book.nominate(here.organisations["regency-9"].ref)
    expected = _spoil(book)
    answer = check(organiser, book.data)
    found = problems(answer)
    assert answer.status_code == 422
    assert sorted(one[:3] for one in found) == sorted(one[:3] for one in expected)
    said = {one[:3]: one[3] for one in found}
    assert all(words in said[sheet, row, column] for sheet, row, column, words in expected)
    assert "refused as a whole" in text_of(answer)
    assert f"{PAGE}/load" not in text_of(answer)


def _packed(**parts: bytes) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in {"[Content_Types].xml": b"<Types/>", "xl/workbook.xml": b"<workbook/>", **parts}.items():
            archive.writestr(name, content)
    return file.getvalue()


def _with_part(name: str, content: bytes = b"x") -> bytes:
    return _packed(**{name: content})


def test_what_is_no_plain_workbook_is_refused_before_it_is_read(organiser, here):
    for data, status, said in (
        (b"%PDF-1.7 not a workbook", 415, "is not an XLSX workbook"),
        (b"", 415, "is not an XLSX workbook"),
        (_packed(), 415, "is not an XLSX workbook"),
        (_with_part("xl/worksheets/sheet1.xml", b" " * 30_000_000), 413, "too large to be read"),
        (_packed(**{f"xl/{no}.xml": b"" for no in range(2001)}), 413, "too large to be read"),
        (_with_part("xl/vbaProject.bin"), 422, "macros"),
        (_with_part("xl/externalLinks/externalLink1.xml"), 422, "macros"),
        (_with_part("xl/embeddings/a.bin"), 422, "macros"),
        (_with_part("xl/styles.xml", b'<!DOCTYPE x [<!ENTITY a "b">]><x/>'), 422, "macros"),
    ):
        answer = check(organiser, data)
        assert (answer.status_code, said in text_of(answer)) == (status, True), (data[:40], said)


def test_no_file_is_asked_for(organiser, here):
    fields = fields_in(organiser.get(PAGE, query_string={"lang": "en"}), PAGE)
    answer = send(organiser, PAGE, fields)
    assert (answer.status_code, "Choose a file" in text_of(answer)) == (422, True)


def _half_good(client: Any, here: Any) -> bytes:
    book = template(client)
    refs = [here.organisations[f"regency-{no}"].ref for no in (1, 2)]
    book.nominate(*refs)
    book.fill("coverage", book.row("coverage", refs[0]), {"pu.participants": 700})
    book.fill("coverage", book.row("coverage", refs[1]), {"pu.participants": -700})
    return book.data


def test_nothing_is_loaded_while_a_row_is_refused(organiser, here):
    data = _half_good(organiser, here)
    checked = check(organiser, data)
    assert (checked.status_code, counts(checked)) == (422, [2, 0, 0, 1])
    answer = load(organiser, checked, data, rows="all")
    assert (answer.status_code, "Nothing is loaded" in text_of(answer)) == (422, True)
    assert db.session.query(Nomination).count() == 0


def test_the_good_rows_are_loaded_by_choice_and_the_answer_names_both(organiser, here):
    data = _half_good(organiser, here)
    checked = check(organiser, data)
    assert "Load the good rows" in text_of(checked)
    answer = load(organiser, checked, data)
    assert (answer.status_code, counts(answer), len(problems(answer))) == (200, [2, 0, 0, 1], 1)
    assert "Pemerintah Kabupaten Contoh 1" in text_of(answer)
    first, second = queries.nominations_of(here.category)
    assert queries.evidence_of(first)["coverage"].data["fields"] == {"pu.participants": 700}
    assert not queries.evidence_of(second)


def test_another_file_than_the_checked_one_is_not_loaded(organiser, here):
    data = _half_good(organiser, here)
    checked = check(organiser, data)
    book = Book(data)
    book.fill("coverage", 4, {"pu.participants": 1})
    answer = load(organiser, checked, book.data)
    assert (answer.status_code, "is not the file that was checked" in text_of(answer)) == (422, True)
    assert db.session.query(Nomination).count() == 0


def test_a_nomination_sent_between_check_and_load_stops_the_load(organiser, here):
    nomination = filled(here)
    book = template(organiser)
    book.fill("coverage", book.row("coverage", nomination.organisation.ref), {"pu.participants": 41000})
    checked = check(organiser, book.data)
    service.submit(nomination, actor=here.actor("nominee-1"), at=here.now)
    db.session.commit()
    answer = load(organiser, checked, book.data)
    assert (answer.status_code, "already sent" in text_of(answer)) == (422, True)
    assert queries.evidence_of(nomination)["coverage"].data == coverage()


def test_only_organisers_of_an_open_category_find_the_pages(app, here):
    for who, status in (("nominee-1", 404), ("verifier-1", 404), ("chair", 403), ("organiser-1", 200)):
        client = app.test_client()
        sign_in(client, who)
        assert [client.get(PAGE + end).status_code for end in ("", "/template.xlsx")] == [status, status], who
    for state in (State.DRAFT, State.VERIFICATION):
        here.category.state = int(state)
        db.session.commit()
        assert client.get(PAGE).status_code == 409


def test_the_preview_says_nothing_of_what_a_draft_holds(organiser, here):
    nomination = draft(here)
    service.save_evidence(
        nomination, "coverage", {"fields": {"pu.participants": 987654}}, note="rahasia", explanation_reason="",
        explanation="", completed=False, expected=0, actor=here.actor("nominee-1"), at=here.now,
    )  # fmt: skip
    db.session.commit()
    book = template(organiser)
    cells = [str(cell.value) for sheet in book.book for row in sheet.iter_rows() for cell in row]
    assert not any("987654" in one or "rahasia" in one for one in cells)


def test_the_statements_do_not_grow_with_the_rows(organiser, here, statements, figures_of):
    sent: list[tuple[int, int]] = []
    for no, count in enumerate((3, 10, 500), start=1):  # the first finds nothing made ready, as after a start
        book = template(organiser)
        ref = here.organisations[f"regency-{no}"].ref
        book.nominate(ref)
        for place in range(count):
            book.fill(
                "village_allocation.villages", 20 + place,
                {"organisasi": ref, "name": f"Desa {place}", "people": 100 + place, "months": 12},
            )  # fmt: skip
        with statements() as checking:
            checked = check(organiser, book.data)
        assert counts(checked) == [1, 0, 0, 0]
        with statements() as loading:
            assert load(organiser, checked, book.data).status_code == 200
        sent.append((len(checking), len(loading)))
        nomination = queries.find_nomination(here.category, here.organisations[f"regency-{no}"])
        assert nomination is not None
        assert len(queries.evidence_of(nomination)["village_allocation"].data["lines"]) == count
    assert sent[1] == sent[2]
    figures_of("import statements", check=sent[2][0], load=sent[2][1])


@pytest.mark.parametrize("candidate", ["regency_city", "province", "enterprise_large_medium", "small_micro", "village"])
def test_every_kind_of_evidence_has_sheets_of_its_own_that_a_spreadsheet_program_takes(candidate):
    sheets = sheets_of(list(KINDS), election_held=True, candidate=candidate)
    asked = {kind for kind, spec in KINDS.items() if spec.lines or spec.asked(election_held=True, candidate=candidate)}
    assert {sheet.kind for sheet in sheets} == {"", *asked}
    assert {sheet.kind for sheet in sheets if sheet.lines} == {kind for kind, spec in KINDS.items() if spec.lines}
    names = [sheet.name.casefold() for sheet in sheets]
    assert len(set(names)) == len(names)
    assert max(map(len, names)) <= 31
    for sheet in sheets:
        keys = [column.key for column in sheet.columns]
        assert len(set(keys)) == len(keys)
