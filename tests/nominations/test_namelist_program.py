"""What the program that reads a list by name answers about every kind of file, line by line.

It runs alone in a process of its own; here it is asked directly, and for some files its process is asked, too. Every
number is of the province 99, which does not exist.
"""

import csv
import hashlib
import hmac
import io
import json
import os
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterator, Sequence
from datetime import date, datetime
from typing import Any

import openpyxl
import pytest

from paritrana.nominations.namelists.checking import PROGRAM
from paritrana.nominations.namelists.program import HEAD_ROWS, MOST_COLUMNS, MOST_TRACKED, answer

KEY = bytes(range(32))
HEADS = ["NIK", "Nama", "Tanggal lahir", "Pekerjaan", "Desa/kelurahan", "Jenis kelamin"]
SOUND = {"malformed": 0, "elsewhere": 0, "implausible": 0, "twice": 0}


@pytest.fixture(autouse=True)
def _longest_field() -> Iterator[None]:
    """The program narrows the fields of its process; here others read fields, too."""
    before = csv.field_size_limit()
    yield
    csv.field_size_limit(before)


def nik(no: int, *, region: str = "990101", born: str = "170385") -> str:
    """A well-formed number of a person born on 17 March 1985."""
    return f"{region}{born}{no:04d}"


def asked(kind: str = "csv", key: bytes = b"") -> dict[str, Any]:
    """What the program is asked: the list of a village in Kabupaten Contoh 1, of the year 2025."""
    regions = ["99", "9901", "9902"]
    return {"kind": kind, "regions": regions, "own": "9901", "on": "2025-12-31", "key": key.hex()}


def said(data: bytes, kind: str = "csv", *, key: bytes = b"") -> list[bytes]:
    """The whole answer, in lines; the last of a list that is counted holds its marks."""
    target = io.BytesIO()
    answer(asked(kind, key), io.BytesIO(data), target)
    return target.getvalue().split(b"\n", -1)


def refusal(data: bytes, kind: str = "csv") -> str:
    """Why a list is refused: its code, and the cell where there is one."""
    line, end = said(data, kind)
    assert (line[:3], end) == (b"no ", b"")
    return line[3:].decode()


def counted(data: bytes, kind: str = "csv") -> dict[str, Any]:
    """The counts of a list that is counted without a secret, so that no marks follow."""
    line, marks, end = said(data, kind)
    assert (line[:3], marks, end) == (b"is ", b"marks 0", b"")
    found: dict[str, Any] = json.loads(line[3:])
    return found


def process(data: bytes, kind: str = "csv", *, key: bytes = b"") -> list[bytes]:
    """The same answer from a process of its own."""
    reading, writing = os.pipe()
    with os.fdopen(writing, "wb") as pipe:
        pipe.write(json.dumps(asked(kind, key)).encode())
    with tempfile.TemporaryFile() as file:
        file.write(data)
        file.seek(0)
        done = subprocess.run(
            [sys.executable, "-I", "-c", PROGRAM, str(reading)], stdin=file, capture_output=True, pass_fds=[reading],
            env={}, cwd="/", check=True,
        )  # fmt: skip
    os.close(reading)
    return done.stdout.split(b"\n", -1)


def text(rows: Sequence[Sequence[str]], *, sign: str = ";", coding: str = "utf-8") -> bytes:
    return "".join(sign.join(row) + "\r\n" for row in rows).encode(coding)


def book(rows: Sequence[Sequence[Any]], *, iso_dates: bool = False) -> bytes:
    made = openpyxl.Workbook()
    made.iso_dates = iso_dates
    for row in rows:
        made.active.append(row)
    return saved(made)


def saved(made: openpyxl.Workbook) -> bytes:
    file = io.BytesIO()
    made.save(file)
    return file.getvalue()


def hidden(data: bytes) -> bytes:
    """The same workbook with all of its sheets hidden, which no library writes."""
    file = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as before, zipfile.ZipFile(file, "w") as after:
        for name in before.namelist():
            after.writestr(name, before.read(name).replace(b'state="visible"', b'state="hidden"'))
    return file.getvalue()


ROWS = [
    *([nik(no), f"Orang Contoh {no}", "17-03-1985", "Pembuat kué", "Desa Satu", "L"] for no in range(1, 7)),
    ["9901011703", "Pendek", "", "Nelayan", "Desa Satu", "P"],
    [nik(1, region="990201"), "Jauh", "", "Nelayan", "Desa Dua", "P"],
    [nik(20), "Lain", "18-03-1985", "Nelayan", "Desa Dua", "perempuan"],
    [nik(1), "Ganda", "", "Nelayan", "Desa Dua", "?"],
]
COUNTS = {
    "submitted": 10,
    "valid": 6,
    "reasons": {"malformed": 1, "elsewhere": 1, "implausible": 1, "twice": 1},
    "as_figure": 0,
    "groups": {
        "village": {"named": [["Desa Satu", 7, 6]], "others": [3, 0]},
        "occupation": {"named": [["Pembuat kué", 6, 6]], "others": [4, 0]},
        "gender": {"named": [["male", 6, 6]], "others": [4, 0]},
    },
}


def test_a_list_is_answered_alike_in_every_coding_by_every_sign_and_in_a_workbook():
    rows = [["Daftar penerima"], ["", ""], HEADS, *ROWS]
    files = [text(rows, sign=sign, coding=coding) for sign in ";,\t" for coding in ("utf-8", "utf-8-sig", "cp1252")]
    for data in files:
        assert counted(data) == COUNTS, data[:60]
    assert counted(book(rows), "xlsx") == COUNTS


def test_marks_are_keyed_hashes_in_order_of_the_numbers_that_count_and_of_no_others():
    data = text([HEADS, *ROWS])
    found = sorted(hmac.digest(KEY, nik(no).encode(), hashlib.sha256)[:8] for no in range(1, 7))
    line, size, *rest = said(data, key=KEY)
    assert json.loads(line[3:]) == COUNTS
    assert (size, b"\n".join(rest)) == (b"marks 48", b"".join(found))
    assert process(data, key=KEY) == [line, size, *rest]
    only_refused = said(text([["NIK"], ["1"]]), key=KEY)
    assert only_refused[1:] == [b"marks 0", b""]


def test_the_process_answers_what_the_program_answers():
    for data, kind in ((book([HEADS, *ROWS]), "xlsx"), (text([["NIK"], ["=1+1"]]), "csv")):
        assert process(data, kind) == said(data, kind)


def test_each_text_that_cannot_be_counted_is_refused_by_its_code():
    for data, code in (
        (b"", "list_columns"),
        (text([["Nomor", "Nama"], ["1", "x"]]), "list_columns"),
        (text([*[["Nomor"]] * HEAD_ROWS, HEADS, *ROWS]), "list_columns"),
        (text([["NIK", "Nama", "nomor nik"], [nik(1), "x", nik(1)]]), "list_repeated_column"),
        (text([["Desa", "desa", "NIK"], ["x", "x", nik(1)]]), "list_repeated_column"),
        (text([HEADS]), "list_empty"),
        (text([HEADS, ["", "Hanya nama", "", "", "", ""]]), "list_empty"),
        (text([["NIK", "Desa"], [nik(1), "Satu"], ["", "=1+1"]]), "list_formula B3"),
        (text([[*["x"] * 27, "NIK"], [*["x"] * 27, "=1"]]), "list_formula AB2"),
        (text([["NIK"], [nik(1)], ["x" * 70_000]]), "list_line 3"),
        (text([["NIK"], *[[nik(1)]] * 30, ["x" * 70_000]]), "list_line 32"),
        (text([["NIK", "Nama"], [nik(1), "x" * 5000]]), "list_line 2"),
        (text([["NIK"], [nik(1), *["x"] * MOST_COLUMNS]]), "list_line 2"),
        (b"NIK\r\n" + nik(1).encode() + b"\x00\r\n", "file_content"),
        (text([HEADS, *ROWS], coding="utf-16"), "file_content"),
        (b"NIK;Desa\r\n" + nik(1).encode() + b";Desa \x81\r\n", "file_unreadable"),
    ):
        assert refusal(data) == code


def test_a_list_whose_heads_stand_in_the_last_row_that_is_looked_at_is_counted():
    assert counted(text([*[["Nomor"]] * (HEAD_ROWS - 1), HEADS, *ROWS])) == COUNTS


def test_a_formula_where_nothing_is_read_does_not_matter():
    rows = [["NIK", "Nama", "Catatan"], [nik(1), "=A1", "=1+1"]]
    assert counted(text(rows))["valid"] == 1
    assert counted(book(rows), "xlsx")["valid"] == 1


def test_each_workbook_that_cannot_be_counted_is_refused_by_its_code():
    gap = openpyxl.Workbook()
    gap.active.append(["NIK"])
    gap.active["A5"] = "=1+1"
    for data, code in (
        (hidden(book([HEADS, *ROWS])), "list_columns"),
        (saved(openpyxl.Workbook()), "list_columns"),
        (book([["NIK", "nik"], [nik(1), nik(1)]]), "list_repeated_column"),
        (book([HEADS]), "list_empty"),
        (saved(gap), "list_formula A5"),
        (book([["NIK", "Desa"], [nik(1), "#REF!"]]), "list_formula B2"),
        (b"no archive at all", "file_unreadable"),
    ):
        assert refusal(data, "xlsx") == code


def test_a_list_stands_on_the_first_sheet_that_is_not_hidden():
    made = openpyxl.Workbook()
    made.active.append(["NIK"])
    made.active.append(["1"])
    made.active.sheet_state = "hidden"
    for name, count in (("Daftar", 2), ("Lain", 3)):
        sheet = made.create_sheet(name)
        for row in (["NIK"], *([nik(no)] for no in range(1, count + 1))):
            sheet.append(row)
    found = counted(saved(made), "xlsx")
    assert (found["submitted"], found["valid"]) == (2, 2)


class Full(io.BytesIO):
    """A file for which the memory does not suffice."""

    def read(self, size: int | None = -1, /) -> bytes:
        raise MemoryError


def test_a_list_for_which_the_memory_does_not_suffice_is_refused_as_heavy():
    for kind in ("csv", "xlsx"):
        target = io.BytesIO()
        answer(asked(kind), Full(), target)
        assert target.getvalue() == b"no file_heavy\n"


DATES = {
    "17-03-1985": True, "17/3/1985": True, "17.03.1985": True, "1985-03-17": True, "1985/03/17 00:00:00": True,
    "'17-03-1985": True, "": True, "18-03-1985": False, "31-02-1985": False, "17 Maret 1985": False, "1985": False,
    "a-b-c": False, "03-1985": False,
}  # fmt: skip


def test_a_birth_date_is_read_as_people_write_it_and_what_is_none_agrees_with_no_number():
    for written, agrees in DATES.items():
        found = counted(text([["NIK", "Tanggal lahir"], [nik(1), written]]))
        assert (found["valid"], found["reasons"]["implausible"]) == (int(agrees), int(not agrees)), written
    days = (date(1985, 3, 17), datetime.fromisoformat("1985-03-17T08:00"), date(1985, 3, 18), None, 1985)
    rows = [["NIK", "Tanggal lahir"], *([nik(no), day] for no, day in enumerate(days, start=1))]
    for iso_dates in (False, True):
        found = counted(book(rows, iso_dates=iso_dates), "xlsx")
        assert (found["valid"], found["reasons"]) == (3, SOUND | {"implausible": 2})


def test_a_row_that_ends_before_its_date_is_judged_without_it():
    found = counted(text([["Desa", "NIK", "Tanggal lahir"], ["Desa Satu", nik(1)], ["Desa Satu"]]))
    assert (found["submitted"], found["valid"], found["reasons"]) == (2, 1, SOUND | {"malformed": 1})
    found = counted(text([["NIK", "Desa"], [nik(1)]]))
    assert found["groups"]["village"] == {"named": [], "others": [1, 1]}


def test_numbers_that_stand_as_figures_are_counted_apart():
    numbers = [nik(1), "'" + nik(2), f" {nik(3)} ", int(nik(4)), float(nik(5)), 99010117, True]
    found = counted(book([["NIK", "Desa"], *([number, "Desa Satu"] for number in numbers), [None, "x"]]), "xlsx")
    assert (found["submitted"], found["valid"], found["as_figure"]) == (8, 3, 3)
    assert found["reasons"] == SOUND | {"malformed": 5}
    found = counted(text([["NIK"], ["9.901011703850000E+15"], [nik(1)], ["x" * 20]]))
    assert (found["valid"], found["as_figure"], found["reasons"]["malformed"]) == (1, 1, 2)
    for written in ("9,90101E+15", "9.90101E+15", "1E+15", "9,9e+15"):  # as spreadsheet programs write it into a CSV
        found = counted(text([["NIK"], [written], [nik(1)]]))
        assert (found["valid"], found["as_figure"]) == (1, 1)
    assert counted(text([["NIK"], ["EE+15"], [nik(1)]]))["as_figure"] == 0


def test_words_that_could_name_a_person_are_counted_among_the_others():
    words = ["Petani", "petani", " PETANI ", "Pe\u00adtani\u200b", nik(7), "x" * 61, "-", "Petani\u0007"]
    rows = [["NIK", "Pekerjaan", "Segmen"], *([nik(no), word, "BPU"] for no, word in enumerate(words * 5, start=1))]
    groups = counted(text(rows))["groups"]
    assert groups["segment"] == {"named": [["bpu", 40, 40]], "others": [0, 0]}
    assert groups["occupation"]["named"] == [["Petani", 15, 15]]
    assert groups["occupation"]["others"] == [25, 25]


def test_a_long_list_tells_how_far_it_is_and_tells_no_more_words_apart_than_fit():
    """After the last word that is told apart, one more is none of its own, however often it stands there."""
    told_apart = [["1", f"Kerja {no}"] for no in range(MOST_TRACKED)]
    data = text([["NIK", "Pekerjaan"], *told_apart, *[["1", "Terlambat"]] * 6, *[["1", "kerja 7"]] * 4])
    first, line, marks, end = said(data)
    word, place = first.split(b" ")
    assert (word, marks, end) == (b"at", b"marks 0", b"")
    assert len(data) // 2 < int(place) <= len(data)
    found = json.loads(line[3:])
    assert found["submitted"] == MOST_TRACKED + 10
    assert found["groups"]["occupation"] == {"named": [["Kerja 7", 5, 0]], "others": [MOST_TRACKED + 5, 0]}


def test_a_text_of_several_blocks_is_read_in_the_coding_that_all_of_it_fits():
    rows = [[nik(no), "x" * 4000, "Pembuat kué"] for no in range(1, 301)]
    found = counted(text([["NIK", "Nama", "Pekerjaan"], *rows], coding="cp1252"))
    assert (found["valid"], found["groups"]["occupation"]["named"]) == (300, [["Pembuat kué", 300, 300]])
