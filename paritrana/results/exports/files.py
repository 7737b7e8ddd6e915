"""The marks of a category as files for the committee: one line for each sheet, or a workbook with both tables."""

import hashlib
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal
from typing import Any

from flask_babel import gettext as _

from paritrana.core.ranking import ABSTAINED, RECUSED
from paritrana.cycles.models import Category
from paritrana.database import canonical
from paritrana.results.exports.rows import SheetRow, by_sheet
from paritrana.results.models import ResultRun
from paritrana.results.queries import MarkRow, SetValue
from paritrana.web import formats
from paritrana.web.exports import Spool, cell, number_cell
from paritrana.workbooks import open_workbook

_PIECE = 64 * 1024

Cell = str | int | Decimal | None


class Digested:
    """Rows as they pass by, counted, with a SHA-256 over their cells: one line of canonical JSON for each row."""

    def __init__(self) -> None:
        self.count = 0
        self._digest = hashlib.sha256()

    def add(self, cells: Sequence[Cell]) -> None:
        """Take one row in."""
        said = [format(one, "f") if isinstance(one, Decimal) else one for one in cells]
        self._digest.update(canonical(said) + b"\n")
        self.count += 1

    @property
    def sha256(self) -> str:
        """The digest of the rows so far, in hexadecimal digits."""
        return self._digest.hexdigest()


def long_heads() -> list[str]:
    """The columns of the long table."""
    return [
        _("Candidate"), _("Name"), _("Assessor"), _("Name of the assessor"), _("Indicator"), _("Round"), _("Mark"),
        _("Reason"), _("Note"), _("Counts"), _("Sheet"), _("Submitted"), _("Version"),
    ]  # fmt: skip


def wide_heads(codes: Sequence[str]) -> list[str]:
    """The columns of the wide table: one for each judged indicator."""
    return [
        _("Candidate"), _("Name"), _("Assessor"), _("Name of the assessor"), _("Sheet"), _("Submitted"), *codes,
    ]  # fmt: skip


def long_cells(row: MarkRow, *, names: bool) -> list[Cell]:
    """One mark as a line of the long table; without `names` people stand by their codes and their words stay out."""
    return [
        row.candidate, row.candidate_name, row.assessor, row.assessor_name if names else "", row.indicator, row.round,
        row.value, "" if row.reason is None else _reason(row.reason), row.note if names else "",
        _("Yes") if row.counts else _("No"), row.sheet, _moment(row.submitted_at), row.version,
    ]  # fmt: skip


def wide_cells(row: SheetRow, codes: Sequence[str], *, names: bool) -> list[Cell]:
    """One sheet as a line of the wide table: a number, or the word for why there is none; empty without a mark."""
    return [
        row.candidate, row.candidate_name, row.assessor, row.assessor_name if names else "", row.sheet,
        _moment(row.submitted_at), *(_mark(row.marks.get(code)) for code in codes),
    ]  # fmt: skip


def _mark(row: MarkRow | None) -> Cell:
    if row is None:
        return None
    return row.value if row.reason is None else _reason(row.reason)


def _reason(reason: str) -> str:
    return str({ABSTAINED: _("Abstained"), RECUSED: _("Recused")}[reason])


def _moment(moment: Any) -> str:
    return "" if moment is None else formats.iso(moment)


def wide_csv(
    spool: Spool, run: ResultRun | None, rows: Iterable[MarkRow], codes: Sequence[str], *, names: bool
) -> Digested:
    """Write the wide table for a spreadsheet program; tells rows and digest.

    Below the table, after an empty line, stand the number of rows, the run and the digest of the rows.
    """
    told = Digested()

    def lines() -> Iterator[list[str]]:
        for one in by_sheet(rows):
            cells = wide_cells(one, codes, names=names)
            told.add(cells)
            yield [cell(value) if isinstance(value, str) else number_cell(value) for value in cells]

    spool.write(b"\xef\xbb\xbf")
    spool.write_csv([[cell(one) for one in wide_heads(codes)]])
    spool.write_csv(lines())
    spool.write_csv([[], *([str(value) for value in pair] for pair in _about(run, told))])
    return told


def workbook(
    spool: Spool,
    category: Category,
    run: ResultRun | None,
    rows: Iterable[MarkRow],
    codes: Sequence[str],
    *,
    names: bool,
    set_values: Iterable[SetValue] = (),
) -> Digested:
    """Write both tables as a workbook of typed cells without formulas or links; tells rows and digest of the long one.

    Rows go to the disk as they come, so that the memory does not grow with them.
    """
    with tempfile.TemporaryFile() as file:
        book = open_workbook(file, by_row=True)
        long, wide = (
            Page(book, _("One row per mark"), long_heads()),
            Page(book, _("One row per sheet"), wide_heads(codes)),
        )

        def passing() -> Iterator[MarkRow]:
            for row in rows:
                long.add(long_cells(row, names=names))
                yield row

        for one in by_sheet(passing()):
            wide.add(wide_cells(one, codes, names=names))
        given = Page(
            book, _("Set values"), [_("Candidate"), _("Indicator"), _("set, not computed"), _("Computed"), _("Reason")]
        )
        for value in set_values:
            given.add([value.candidate, value.indicator, value.value, value.computed, value.reason])
        about = Page(book, _("About"), [_("What"), _("Value")])
        about.add([_("Cycle"), category.cycle.code])
        about.add([_("Category"), category.slug])
        for pair in (*_about(run, long.told), [_("Digest of the rows, one per sheet (SHA-256)"), wide.told.sha256]):
            about.add(pair)
        book.close()
        file.seek(0)
        while piece := file.read(_PIECE):
            spool.write(piece)
    return long.told


def _about(run: ResultRun | None, rows: Digested) -> list[list[Cell]]:
    """What stands beside a table: how many rows, of which run, and the digest over the cells."""
    return [
        [_("Rows"), rows.count],
        [_("Run"), "" if run is None else run.no],
        [_("Digest of the run (SHA-256)"), "" if run is None else run.digest],
        [_("Digest of the rows (SHA-256)"), rows.sha256],
    ]


class Page:
    """One sheet of a workbook under way, whose rows come in their order."""

    def __init__(self, book: Any, title: str, heads: Sequence[str]) -> None:
        self.told = Digested()
        self._sheet = book.add_worksheet(title[:31])
        self._sheet.set_column(0, max(len(heads) - 1, 1), 18)
        self._sheet.freeze_panes(1, 0)
        bold = book.add_format({"bold": True})
        for column, head in enumerate(heads):
            self._sheet.write_string(0, column, head, bold)

    def add(self, cells: Sequence[Cell]) -> None:
        """Write the next row: numbers as numbers, everything else as text."""
        self.told.add(cells)
        for column, value in enumerate(cells):
            if isinstance(value, str):
                self._sheet.write_string(self.told.count, column, value)
            elif value is not None:
                self._sheet.write_number(self.told.count, column, value)
