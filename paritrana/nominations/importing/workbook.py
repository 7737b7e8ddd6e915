"""Reads the cells of a workbook; runs alone in a process of its own that is limited before it reads the first byte.

    python -I -c "from paritrana.nominations.importing.workbook import main; main()" < workbook > cells

The answer is one JSON object: `{"sheets": [{name, hidden, hidden_rows, hidden_columns, rows: [[row, [[column, type,
text], …]], …]}]}` or `{"problem": word}`. Types: `s` text, `n` digits, `d` date (ISO), `b` other values, `f`
formula, `e` error. Numbers leave as digits, so that nobody computes with a float.
"""

import io
import json
import resource
import sys
import zipfile
from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal
from typing import Any, BinaryIO, Final

from paritrana.files.limits import limits

MEMORY: Final = 512 * 1024 * 1024  # bytes
CPU: Final = 20  # seconds
LIMITS: Final = limits(memory=MEMORY, cpu=CPU, files=32)
_TYPES: Final = {"n": "n", "s": "s", "inlineStr": "s", "str": "s", "d": "d", "b": "b", "f": "f", "e": "e"}


def main(
    source: BinaryIO = sys.stdin.buffer,
    target: BinaryIO = sys.stdout.buffer,
    limit: Callable[[int, tuple[int, int]], None] = resource.setrlimit,
) -> None:
    """Limit this process, then read what comes in."""
    for what, most in LIMITS:
        limit(what, (most, most))
    try:
        said = read(source.read())
    except MemoryError:
        said = {"problem": "heavy"}
    except Exception:  # the file made the library fail; which way does not matter to anybody
        said = {"problem": "unreadable"}
    target.write(json.dumps(said).encode())
    target.flush()


def read(data: bytes) -> dict[str, Any]:
    """The literal cells of a workbook and what is hidden in it."""
    import openpyxl

    if declares_a_document_type(data):
        return {"problem": "unsafe"}
    book = openpyxl.load_workbook(io.BytesIO(data), data_only=False, keep_links=False)
    return {"sheets": [_sheet(one) for one in book.worksheets]}


def declares_a_document_type(data: bytes) -> bool:
    """Whether a part carries a DTD, with which a few bytes could be made to grow without end."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        for name in archive.namelist():
            if name.endswith((".xml", ".rels")):
                text = archive.read(name)
                if b"<!DOCTYPE" in text or b"<!ENTITY" in text or text[:2] in {b"\xff\xfe", b"\xfe\xff"}:
                    return True
    return False


def _sheet(sheet: Any) -> dict[str, Any]:
    rows: dict[int, list[list[Any]]] = {}
    for (row, column), cell in sorted(sheet._cells.items()):
        if cell.value is None or cell.value == "":
            continue
        rows.setdefault(row, []).append([column, *_cell(cell)])
    return {
        "name": sheet.title,
        "hidden": sheet.sheet_state != "visible",
        "hidden_rows": sorted(no for no, row in sheet.row_dimensions.items() if row.hidden),
        "hidden_columns": sorted(row.min for row in sheet.column_dimensions.values() if row.hidden),
        "rows": [[row, cells] for row, cells in rows.items()],
    }


def _cell(cell: Any) -> tuple[str, str]:
    value, kind = cell.value, _TYPES.get(cell.data_type, "f")
    if isinstance(value, datetime):
        return "d", value.date().isoformat() if value.time().isoformat() == "00:00:00" else value.isoformat()
    if isinstance(value, date):
        return "d", value.isoformat()
    if isinstance(value, int | float) and not isinstance(value, bool):
        return "n", format(Decimal(repr(value)), "f")
    return ("b" if kind in {"n", "d"} else kind), str(value)  # a time of day or a stretch of time is no figure
