"""What the program that reads the cells of a workbook answers about every kind of cell and file.

It runs alone in a process of its own; here it is asked directly, and for some files its process is asked, too.
"""

import io
import json
import resource
import subprocess
import sys
import zipfile
from datetime import date, datetime, time, timedelta
from typing import Any

import openpyxl
from openpyxl.styles import Font

from paritrana.nominations.importing.workbook import CPU, LIMITS, MEMORY, main

CODE = "from paritrana.nominations.importing.workbook import main; main()"


def said(source: io.BytesIO | bytes) -> dict[str, Any]:
    """The answer of the program, which limits nothing here."""
    target = io.BytesIO()
    main(source if isinstance(source, io.BytesIO) else io.BytesIO(source), target, lambda _what, _most: None)
    found: dict[str, Any] = json.loads(target.getvalue())
    return found


def process(data: bytes) -> dict[str, Any]:
    """The same answer from a process of its own."""
    done = subprocess.run(
        [sys.executable, "-I", "-c", CODE], input=data, capture_output=True, env={}, cwd="/", check=True
    )
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def saved(made: openpyxl.Workbook) -> bytes:
    file = io.BytesIO()
    made.save(file)
    return file.getvalue()


def with_part(name: str, content: bytes) -> bytes:
    """A sound workbook with one part more."""
    file = io.BytesIO(saved(openpyxl.Workbook()))
    with zipfile.ZipFile(file, "a") as archive:
        archive.writestr(name, content)
    return file.getvalue()


# What stands in a cell, and the type and text that it leaves with.
CELLS: tuple[tuple[Any, str, str], ...] = (
    ("Desa Contoh", "s", "Desa Contoh"),
    ("'0815", "s", "'0815"),
    (1234, "n", "1234"),
    (-5, "n", "-5"),
    (12.5, "n", "12.5"),
    (0.1, "n", "0.1"),
    (1e16, "n", "10000000000000000"),
    (1e-7, "n", "0.0000001"),
    (True, "b", "True"),
    (False, "b", "False"),
    (datetime.fromisoformat("2025-01-02"), "d", "2025-01-02"),
    (datetime.fromisoformat("2025-01-02T08:30"), "d", "2025-01-02T08:30:00"),
    (date(2025, 1, 2), "d", "2025-01-02"),
    (time(8, 30), "b", "08:30:00"),
    (timedelta(hours=30), "b", "1 day, 6:00:00"),
    ("=1+1", "f", "=1+1"),
    ("#REF!", "e", "#REF!"),
)


def every_cell(*, iso_dates: bool = False) -> bytes:
    made = openpyxl.Workbook()
    made.iso_dates = iso_dates
    for row, (value, _kind, _text) in enumerate(CELLS, start=1):
        made.active.cell(row, 2, value)
    return saved(made)


def test_every_cell_leaves_with_its_type_and_without_a_float():
    data = every_cell()
    (sheet,) = said(data)["sheets"]
    assert sheet["rows"] == [[row, [[2, kind, text]]] for row, (_value, kind, text) in enumerate(CELLS, start=1)]
    assert process(data) == {"sheets": [sheet]}


def test_dates_that_are_written_as_text_leave_as_the_same_dates():
    (sheet,) = said(every_cell(iso_dates=True))["sheets"]
    found = {row: cells[0][1:] for row, cells in sheet["rows"]}
    for row, (value, kind, text) in enumerate(CELLS, start=1):
        if isinstance(value, date):
            assert found[row] == [kind, text]


def test_what_is_hidden_and_where_cells_stand_is_told():
    made = openpyxl.Workbook()
    first = made.active
    first.title = "nominasi"
    first["C2"], first["A2"], first["B7"] = "c", "a", 7
    first["D4"].font = Font(bold=True)  # a cell without a value
    first["E4"] = ""
    first.row_dimensions[5].hidden = True
    first.row_dimensions[3].hidden = True
    first.column_dimensions["F"].hidden = True
    made.create_sheet("rahasia").sheet_state = "hidden"
    made.create_sheet("lebih rahasia").sheet_state = "veryHidden"
    shown, *others = said(saved(made))["sheets"]
    assert shown == {
        "name": "nominasi",
        "hidden": False,
        "hidden_rows": [3, 5],
        "hidden_columns": [6],
        "rows": [[2, [[1, "s", "a"], [3, "s", "c"]]], [7, [[2, "n", "7"]]]],
    }
    assert [(one["name"], one["hidden"], one["rows"]) for one in others] == [
        ("rahasia", True, []), ("lebih rahasia", True, []),
    ]  # fmt: skip


def test_a_part_that_declares_a_document_type_makes_the_workbook_unsafe():
    for name, content in (
        ("xl/extra.xml", b'<!DOCTYPE x [<!ENTITY a "b">]><x/>'),
        ("xl/_rels/extra.rels", b"<!ENTITY a>"),
        ("xl/extra.xml", '<?xml version="1.0" encoding="utf-16"?><x/>'.encode("utf-16")),
        ("xl/extra.xml", b"\xfe\xff" + "<x/>".encode("utf-16-be")),
    ):
        assert said(with_part(name, content)) == {"problem": "unsafe"}, name
    # Only what is read as markup is looked at.
    assert [one["name"] for one in said(with_part("xl/media/extra.png", b"<!DOCTYPE"))["sheets"]] == ["Sheet"]


class Full(io.BytesIO):
    """A file for which the memory does not suffice."""

    def read(self, size: int | None = -1, /) -> bytes:
        raise MemoryError


def test_what_cannot_be_read_is_told_in_one_word():
    half = every_cell()[:-200]
    empty = io.BytesIO()
    with zipfile.ZipFile(empty, "w") as archive:
        archive.writestr("xl/workbook.xml", "<workbook/>")
    for data in (b"", b"%PDF-1.7", half, empty.getvalue()):
        assert said(data) == {"problem": "unreadable"}
    assert said(Full()) == {"problem": "heavy"}


def test_the_process_is_limited_before_it_reads():
    order: list[Any] = []

    class Read(io.BytesIO):
        def read(self, size: int | None = -1, /) -> bytes:
            order.append("read")
            return super().read(size)

    main(Read(), io.BytesIO(), lambda what, most: order.append((what, most)))
    assert order == [*((what, (most, most)) for what, most in LIMITS), "read"]
    assert {(resource.RLIMIT_AS, MEMORY), (resource.RLIMIT_CPU, CPU)} <= set(LIMITS)
