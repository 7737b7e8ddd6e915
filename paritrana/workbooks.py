"""Workbooks of typed cells: a text stays a text, whatever it begins with, and the same rows give the same bytes."""

from datetime import UTC, datetime
from typing import IO, TYPE_CHECKING, Final

if TYPE_CHECKING:
    from xlsxwriter import Workbook

# The time of making would make two files of the same rows differ; it stands on the page «About» where it matters.
CREATED: Final = datetime(2020, 1, 1, tzinfo=UTC)


def open_workbook(file: IO[bytes], title: str = "", *, by_row: bool = False) -> "Workbook":
    """An empty workbook that is written to `file` when it is closed.

    No text becomes a formula, a link or a number. With `by_row` rows go to the disk as they come, in their order, so
    that the memory does not grow with them.
    """
    import xlsxwriter  # the slow import is for those who write one

    options = {
        "in_memory": not by_row, "constant_memory": by_row,
        "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False,
    }  # fmt: skip
    book = xlsxwriter.Workbook(file, options)
    book.set_properties({"title": title, "created": CREATED})
    return book
