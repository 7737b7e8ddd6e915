"""The template of a list by name: heads and nothing else, every cell of the numbers kept as text."""

import io
from typing import Final

from paritrana.nominations.namelists.columns import BORN, GROUPS, HEADS, NAME, NIK
from paritrana.workbooks import open_workbook

COLUMNS: Final = (NIK, NAME, BORN, *GROUPS)
WIDTH: Final = 22
SHEET: Final = "daftar"


def heads() -> list[str]:
    """The heads of the template, in order."""
    return [HEADS[column][0] for column in COLUMNS]


def csv_template() -> bytes:
    """The template as a text file, as a spreadsheet program set to Indonesia opens it."""
    return ("\ufeff" + ";".join(heads()) + "\r\n").encode()


def workbook_template() -> bytes:
    """The template as a workbook: every column is text, so that no digit of a number is lost."""
    file = io.BytesIO()
    book = open_workbook(file)
    text, head = book.add_format({"num_format": "@"}), book.add_format({"bold": True, "bottom": 1, "num_format": "@"})
    sheet = book.add_worksheet(SHEET)
    sheet.set_column(0, len(COLUMNS) - 1, WIDTH, text)
    for place, word in enumerate(heads()):
        sheet.write_string(0, place, word, head)
    sheet.freeze_panes(1, 0)
    book.close()
    return file.getvalue()
