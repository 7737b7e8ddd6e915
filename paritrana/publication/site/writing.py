"""Datasets as files: CSV as a spreadsheet program opens it, XLSX with typed cells, JSON with exact texts.

No cell is ever a formula. The same rows give the same bytes, and every answer names its digest and number of rows.
"""

import io
from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any, Final

from flask import Response
from flask_babel import force_locale
from flask_babel import gettext as _

from paritrana.core.filetypes import XLSX
from paritrana.database import canonical
from paritrana.publication.site.datasets import DAY, DECIMAL, WHOLE, YES, Column, Dataset, Value
from paritrana.web.exports import Spool, cell, number_cell
from paritrana.workbooks import open_workbook

CSV, JSON = "text/csv; charset=utf-8", "application/json"
TYPES: Final[Mapping[str, Mapping[str, Any]]] = {
    WHOLE: {"type": ["integer", "null"]},
    DECIMAL: {"type": ["string", "null"], "pattern": r"^-?(0|[1-9][0-9]*)(\.[0-9]+)?$"},
    DAY: {"type": ["string", "null"], "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}$"},
    YES: {"type": "boolean"},
}
DRAFT: Final = "https://json-schema.org/draft/2020-12/schema"

About = Sequence[tuple[str, Value]]


def as_csv(dataset: Dataset, name: str) -> Response:
    """The rows under the names of the columns."""
    rows = dataset.rows()
    spool = Spool()
    spool.write("\ufeff".encode())
    spool.write_csv([[one.name for one in dataset.columns], *([_csv_cell(value) for value in row] for row in rows)])
    return spool.answer(f"{name}.csv", CSV, X_Row_Count=str(len(rows)))


def as_xlsx(dataset: Dataset, name: str, about: About = ()) -> Response:
    """The rows on the first sheet; the second explains the columns, the third says where the file comes from."""
    rows = dataset.rows()
    file = io.BytesIO()
    book = open_workbook(file, name)
    bold = book.add_format({"bold": True, "bottom": 1})
    sheet = book.add_worksheet("data")
    sheet.freeze_panes(1, 0)
    sheet.set_column(0, len(dataset.columns), 16)
    for place, column in enumerate(dataset.columns):
        sheet.write_string(0, place, column.name, bold)
    for line, row in enumerate(rows, start=1):
        for place, value in enumerate(row):
            _write(sheet, line, place, value)
    columns = book.add_worksheet("columns")
    columns.set_column(0, 0, 24)
    columns.set_column(1, 2, 70)
    for line, column in enumerate(dataset.columns):
        columns.write_string(line, 0, column.name, bold)
        columns.write_string(line, 1, _in("id", column.about))
        columns.write_string(line, 2, _in("en", column.about))
    told = book.add_worksheet("about")
    told.set_column(0, 1, 40)
    facts: list[tuple[str, Value]] = [("dataset", dataset.name), ("rows", len(rows)), *about]
    for line, (term, fact) in enumerate(facts):
        told.write_string(line, 0, term, bold)
        _write(told, line, 1, fact)
    book.close()
    spool = Spool()
    spool.write(file.getvalue())
    return spool.answer(f"{name}.xlsx", XLSX.media_type, X_Row_Count=str(len(rows)))


def as_json(dataset: Dataset, name: str, about: Mapping[str, Any], schema: str) -> Response:
    """The rows as objects, with what `about` says of them; `schema` is the address of their description."""
    rows = dataset.rows()
    document = {
        "$schema": schema,
        **about,
        "row_count": len(rows),
        "rows": [
            {column.name: _json_value(value) for column, value in zip(dataset.columns, row, strict=True)}
            for row in rows
        ],
    }
    spool = Spool()
    spool.write(canonical(document))
    return spool.answer(f"{name}.json", JSON, X_Row_Count=str(len(rows)))


def row_schema(columns: Sequence[Column]) -> dict[str, Any]:
    """The JSON Schema of one row."""
    return {
        "type": "object",
        "additionalProperties": False,
        "required": [one.name for one in columns],
        "properties": {
            one.name: {**TYPES.get(one.kind, {"type": ["string", "null"]}), "description": one.about} for one in columns
        },
    }


def _csv_cell(value: Value) -> str:
    if isinstance(value, bool):
        return "1" if value else "0"
    if value is None or isinstance(value, int | Decimal):
        return number_cell(value)
    return value.isoformat() if isinstance(value, date) else cell(value)


def _write(sheet: Any, line: int, place: int, value: Value) -> None:
    if isinstance(value, bool):
        sheet.write_boolean(line, place, value)
    elif isinstance(value, int | Decimal):
        sheet.write_number(line, place, value)
    elif value is not None:
        sheet.write_string(line, place, value.isoformat() if isinstance(value, date) else value)


def _json_value(value: Value) -> str | int | bool | None:
    if isinstance(value, Decimal):
        return format(value, "f")
    return value.isoformat() if isinstance(value, date) else value


def _in(language: str, message: str) -> str:
    with force_locale(language):
        return str(_(message))
