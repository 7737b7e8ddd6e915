"""Seats from a file: all of them or none, every refusal with its row and column, conflicts before anybody sits."""

import csv
import io
import re

import pytest
import xlsxwriter
from werkzeug.datastructures import FileStorage
from werkzeug.test import encode_multipart

from paritrana.core.lifecycle import State
from paritrana.database import db
from paritrana.panels.models import Seat
from tests.factories import person, world
from tests.nominations.pages import SAME_ORIGIN, fields_in, fields_of, send, text_of
from tests.verification.cases import ALL, sent

PAGE = "/manage/contoh-2025/panel/kabkota/import"
LOAD = f"{PAGE}/load"
HEAD = ["akun", "nama", "jabatan", "kedudukan", "mewakili", "keputusan"]


@pytest.fixture
def here(app, db_session):
    return world()


@pytest.fixture
def people(here):
    here.accounts |= {name: person(name) for name in ("baru-1", "baru-2", "baru-3")}
    db.session.commit()
    return [here.accounts[name] for name in ("baru-1", "baru-2", "baru-3")]


def table(*rows, head=HEAD, sign=";"):
    file = io.StringIO()
    csv.writer(file, delimiter=sign).writerows([head, *rows])
    return file.getvalue().encode()


def row(account, place="anggota", body="", decree="SK 9/2026"):
    return [getattr(account, "ref", account), "", "", place, body, decree]


def workbook(*rows, formula=None):
    file = io.BytesIO()
    book = xlsxwriter.Workbook(file, {"in_memory": True})
    page = book.add_worksheet("kursi")
    for no, one in enumerate([HEAD, *rows]):
        for place, text in enumerate(one):
            (page.write_number if isinstance(text, int) else page.write_string)(no, place, text)
    if formula:
        page.write_formula(formula, "=1+1")
    book.close()
    return file.getvalue()


def check(client, data, name="kursi.csv"):
    # Encoded here, because the test client leaves the temporary file of a large body open.
    fields = {"csrf_token": fields_of(client, PAGE, PAGE)["csrf_token"], "file": FileStorage(io.BytesIO(data), name)}
    boundary, body = encode_multipart(fields)
    return client.post(
        PAGE, data=body, headers=SAME_ORIGIN, query_string={"lang": "en"},
        content_type=f"multipart/form-data; boundary={boundary}",
    )  # fmt: skip


def seats():
    db.session.rollback()
    return {one.account_id: one for one in db.session.query(Seat).filter(Seat.ended_at.is_(None))}


def refused(answer):
    """The rows of the table of problems: row, column, sentence."""
    text = text_of(answer)
    found = re.findall(
        r'data-label="Row">([^<]*)</td><td data-label="Column">([^<]*)</td><td class="p-said"[^>]*>([^<]*)</td>', text
    )
    return [(no, column, said) for no, column, said in found]


def test_the_template_names_who_can_be_seated_and_comes_back_filled(here, people, door):
    client = door("organiser-1")
    assert 'href="/manage/contoh-2025/panel/kabkota/import"' in text_of(client.get("/manage/contoh-2025/panel"))
    answer = client.get(f"{PAGE}/template.csv")
    assert answer.headers["Content-Type"].startswith("text/csv")
    rows = list(csv.reader(io.StringIO(answer.get_data().decode("utf-8-sig")), delimiter=";"))
    assert rows[0] == HEAD
    listed = {one[0]: one for one in rows[1:]}
    assert {one.ref for one in people} <= set(listed)
    assert here.accounts["assessor-3"].ref not in listed  # sits already
    assert here.accounts["nominee-1"].ref not in listed
    for place, one in zip(("Anggota", "substitute", "member"), people, strict=True):
        listed[one.ref][3:] = [place, "Serikat pekerja", "SK 9/2026"]
    checked = check(client, table(*listed.values()))
    assert checked.status_code == 200
    assert "Who would be seated (3)" in text_of(checked)
    assert not {one.id for one in people} & set(seats())
    assert send(client, LOAD, fields_in(checked, LOAD)).status_code == 303
    given = seats()
    assert [given[one.id].role for one in people] == ["member", "substitute", "member"]
    assert {given[one.id].decree_number for one in people} == {"SK 9/2026"}
    assert {given[one.id].constituency for one in people} == {"Serikat pekerja"}


def test_one_bad_row_keeps_everybody_out_and_every_row_is_told(here, people, door):
    first, second, third = people
    before = seats().keys()
    answer = check(
        door("organiser-1"),
        table(
            row(first),
            row(first),
            row("U-0000-0000"),
            row(second, place="tamu"),
            row(second, decree=" "),
            row(here.accounts["assessor-3"]),
            row(here.accounts["nominee-1"]),
            row(here.accounts["organiser-2"]),
            row(third, place="ketua"),
            row(second, body="x" * 201),
            row(second, body="a\tb"),
            ["", "", "", "", "", ""],
        ),
    )
    assert answer.status_code == 422
    told = refused(answer)
    assert [(no, column) for no, column, _said in told] == [
        ("3", "akun"), ("4", "akun"), ("5", "kedudukan"), ("6", "akun"), ("6", "keputusan"), ("7", "akun"),
        ("8", "akun"), ("9", "akun"), ("10", "kedudukan"), ("11", "mewakili"), ("11", "akun"), ("12", "mewakili"),
        ("12", "akun"),
    ]  # fmt: skip
    said = {no: text for no, _column, text in told}
    assert said["3"] == f"{first.name} stands in row 2 already. Leave one of the two rows."
    assert "Nobody with this code can be seated here." in said["4"]
    assert "Choose chair, deputy chair, member, secretary or substitute." in said["5"]
    assert "Assessor 3 already sits in this panel." in said["7"]
    assert "holds a role in this cycle that excludes a seat" in said["9"]
    assert "This place is already taken." in said["10"]
    assert "The text has 201 characters. Shorten it to 200." in {text for _no, _column, text in told}
    assert "Nobody has been seated" in text_of(answer)
    assert seats().keys() == before
    assert LOAD not in text_of(answer)


@pytest.mark.parametrize(
    ("data", "status", "said"),
    [
        (b"", 422, "The column akun is missing on this sheet."),
        (table(head=["akun", "kedudukan"]), 422, "The column keputusan is missing on this sheet."),
        (table(head=[*HEAD, "nilai"]), 422, "The template has no column nilai on this sheet."),
        (table(head=[*HEAD, "akun"]), 422, "The column akun stands twice on this sheet."),
        (table(row("U-1", place="", decree="")), 422, "No row has a place."),
        (table(*[row(f"U-{no}") for no in range(501)]), 422, "At most 500 are read"),
        (b"\x00\x01", 415, "is no CSV or XLSX table"),
        (b"\x89PNG\r\n\x1a\n\xff\xfe\x00", 415, "is no CSV or XLSX table"),
        (b"PK\x03\x04 no workbook", 415, "is not an XLSX workbook"),
        (b"akun;kedudukan;keputusan\n" + b"x" * (1024 * 1024), 413, "too large for a list of seats"),
        (b'akun;kedudukan;keputusan\n"never closed', 415, "is no CSV or XLSX table"),
    ],
)
def test_a_file_of_another_form_is_refused_as_a_whole(here, door, data, status, said):
    before = seats().keys()
    answer = check(door("organiser-1"), data)
    assert (answer.status_code, said in text_of(answer)) == (status, True), text_of(answer)[-3000:]
    assert seats().keys() == before


def test_no_file_is_said(here, door):
    client = door("organiser-1")
    fields = fields_of(client, PAGE, PAGE)
    answer = send(client, PAGE, {"csrf_token": fields["csrf_token"]})
    assert (answer.status_code, "Choose a file, then press the button again." in text_of(answer)) == (422, True)


def test_numbers_and_formulas_are_texts(here, people, door):
    client = door("organiser-1")
    first, second, third = people
    checked = check(
        client, table(row(first, decree="'=1+1"), row(second, decree="007"), row(third, decree="9,5"), sign=";")
    )
    assert send(client, LOAD, fields_in(checked, LOAD)).status_code == 303
    given = seats()
    assert [given[one.id].decree_number for one in people] == ["=1+1", "007", "9,5"]


def test_a_workbook_is_read_like_a_list_and_its_formulas_are_refused(here, people, door):
    client = door("organiser-1")
    bad = check(client, workbook(row(people[0]), formula="F2"), "kursi.xlsx")
    assert refused(bad) == [("2", "6", "The cell holds a formula. Write its value instead.")]
    checked = check(client, workbook(row(people[0], decree=2026)), "kursi.xlsx")
    assert send(client, LOAD, fields_in(checked, LOAD)).status_code == 303
    assert seats()[people[0].id].decree_number == "2026"


def test_conflicts_are_shown_before_anybody_is_seated(here, people, clock, door):
    (candidate,) = sent(here, clock, ALL[:1])
    people[0].office_region_code = candidate.organisation.region_code
    db.session.commit()
    page = text_of(check(door("organiser-1"), table(row(people[0]), row(people[1]))))
    assert candidate.organisation.name in page
    assert page.count("none found") == 1


def test_who_was_seated_in_between_keeps_the_whole_file_out(here, people, door):
    client, other = door("organiser-1"), door("organiser-2")
    data = table(row(people[0]), row(people[1]))
    late = fields_in(check(client, data), LOAD)
    checked = check(other, table(row(people[0])))
    assert send(other, LOAD, fields_in(checked, LOAD)).status_code == 303
    answer = send(client, LOAD, late)
    assert answer.status_code == 422
    assert refused(answer) == [("2", "akun", f"{people[0].name} already sits in this panel.")]
    assert people[1].id not in seats()


def test_the_same_list_sent_twice_seats_once(here, people, door):
    client = door("organiser-1")
    fields = fields_in(check(client, table(row(people[0]))), LOAD)
    assert [send(client, LOAD, fields).status_code for _turn in range(2)] == [303, 303]
    assert len([one for one in seats() if one == people[0].id]) == 1


@pytest.mark.parametrize("lines", ["", "[]", "no JSON", "[[1]]", '[["x", {}]]', "{}", "[[1, []]]"])
def test_a_list_that_was_never_checked_is_refused(here, door, lines):
    client = door("organiser-1")
    before = seats().keys()
    fields = {"csrf_token": fields_of(client, PAGE, PAGE)["csrf_token"], "idempotency_key": "a-key-of-this-test"}
    assert send(client, LOAD, fields, lines=lines).status_code == 422
    assert seats().keys() == before


def test_from_the_interviews_on_seats_are_proposed_one_by_one(here, people, door):
    client = door("organiser-1")
    fields = fields_in(check(client, table(row(people[0]))), LOAD)
    here.category.state = int(State.INTERVIEW)
    db.session.commit()
    page = text_of(client.get(PAGE, query_string={"lang": "en"}))
    assert "Propose each seat on the panel page." in page
    assert "Check the file" not in page
    answer = send(client, LOAD, fields)
    assert (answer.status_code, "the chair must confirm" in text_of(answer)) == (409, True)
    assert people[0].id not in seats()


def test_others_find_no_such_page(here, door):
    for name, status in (("chair", 403), ("assessor-3", 404), ("nominee-1", 404), ("auditor", 404)):
        client = door(name)
        for page in (PAGE, f"{PAGE}/template.csv"):
            assert client.get(page).status_code == status, (name, page)


def test_a_workbook_of_several_sheets_is_refused_as_a_whole(here, people, door):
    file = io.BytesIO()
    book = xlsxwriter.Workbook(file, {"in_memory": True})
    for name in ("kursi", "catatan"):
        book.add_worksheet(name).write_row(0, 0, HEAD)
    book.close()
    answer = check(door("organiser-1"), file.getvalue(), "kursi.xlsx")
    assert answer.status_code == 422
    assert refused(answer) == [("–", "–", "The workbook has several sheets. Leave only the one with the seats.")]
    assert LOAD not in text_of(answer)
