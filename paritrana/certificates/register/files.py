"""The register as a file: the rows that the screen shows, in the same order, with what there is no room for."""

import tempfile
from collections.abc import Iterable, Iterator

from flask_babel import gettext as _

from paritrana.certificates.register.queries import Entry
from paritrana.certificates.register.words import STATE_WORDS
from paritrana.core.certificates import KIND_NAMES
from paritrana.core.codes import shown
from paritrana.results.exports.files import Cell, Digested, Page
from paritrana.web import formats
from paritrana.web.exports import Spool, cell, number_cell
from paritrana.web.template_filters import own
from paritrana.workbooks import open_workbook


def heads() -> list[str]:
    """The columns of the register."""
    return [
        _("Number in the register"), _("Code"), _("Kind"), _("Category"), _("Recipient"), _("Title"), _("Rank"),
        _("State"), _("Reason"), _("Ended on"), _("Issued"), _("Issued by"), _("Version"), _("Times printed"),
        _("Order"), _("Digest of the signed file (SHA-256)"),
    ]  # fmt: skip


def cells(one: Entry) -> list[Cell]:
    """One row of the register."""
    return [
        one.register_no, shown(one.code), _(KIND_NAMES[one.kind]), own(one.context["category"]), one.recipient,
        own(one, "title"), one.rank, _(STATE_WORDS[one.state]), one.reason,
        "" if one.ended_at is None else formats.iso(one.ended_at), formats.iso(one.issued_at), one.issuer,
        one.version_no, one.prints, one.batch, one.sha256,
    ]  # fmt: skip


def write_csv(spool: Spool, rows: Iterable[Entry]) -> Digested:
    """Write the rows for a spreadsheet program; tells how many, and their digest, which stand below them as well."""
    told = Digested()

    def lines() -> Iterator[list[str]]:
        for one in rows:
            row = cells(one)
            told.add(row)
            yield [cell(value) if isinstance(value, str) else number_cell(value) for value in row]

    spool.write(b"\xef\xbb\xbf")
    spool.write_csv([[cell(one) for one in heads()]])
    spool.write_csv(lines())
    spool.write_csv([[], *([str(value) for value in pair] for pair in about(told))])
    return told


def write_workbook(spool: Spool, cycle: str, rows: Iterable[Entry]) -> Digested:
    """Write the rows as a workbook of typed cells; tells how many, and their digest."""
    with tempfile.TemporaryFile() as file:
        book = open_workbook(file, _("Register of certificates"), by_row=True)
        page = Page(book, _("Register"), heads())
        for one in rows:
            page.add(cells(one))
        last = Page(book, _("About"), [_("What"), _("Value")])
        for pair in ([_("Cycle"), cycle], *about(page.told)):
            last.add(pair)
        book.close()
        spool.copy(file)
    return page.told


def about(told: Digested) -> list[list[Cell]]:
    """What stands beside a table: how many rows, and the digest over their cells."""
    return [[_("Rows"), told.count], [_("Digest of the rows (SHA-256)"), told.sha256]]
