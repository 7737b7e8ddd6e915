"""Seats from a file: the template with everybody who may be seated, the reading of what comes back, and the seating.

The rows are seated one after the other by the same service as on the page; with one refusal nothing is kept. Every cell
is a text: nothing is computed, and what looks like a number stays as it was written.
"""

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from flask_babel import force_locale
from flask_babel import gettext as _

from paritrana.accounts.models import Account
from paritrana.core.errors import BadInput, ParitranaError, WrongState
from paritrana.core.filetypes import MEBIBYTE
from paritrana.core.policy import Actor
from paritrana.core.quantities import FileSize
from paritrana.core.words import N_
from paritrana.cycles.models import Category
from paritrana.nominations.importing.plan import (
    ErrorCell,
    FormulaCell,
    HiddenColumn,
    HiddenRow,
    MissingColumn,
    RepeatedColumn,
    TooManyRows,
    UnknownColumn,
)
from paritrana.nominations.importing.reading import Table, read_workbook
from paritrana.panels import queries, service
from paritrana.web.exports import Spool, cell, text_of

ACCOUNT, NAME, POSITION, PLACE, BODY, DECREE = "akun", "nama", "jabatan", "kedudukan", "mewakili", "keputusan"
COLUMNS: Final = (ACCOUNT, NAME, POSITION, PLACE, BODY, DECREE)
NEEDED: Final = (ACCOUNT, PLACE, DECREE)
LARGEST: Final = MEBIBYTE
MOST_ROWS: Final = 500
LONGEST: Final = 200  # characters of a cell, as in the forms


class NoFileChosen(BadInput):
    """The form came without a file."""

    code = "no_file"
    message = N_("Choose a file, then press the button again.")


class NoTable(BadInput):
    """The file is neither a workbook nor a readable CSV file. Params: `name`."""

    code = "no_table"
    status = 415
    message = N_("%(name)s is no CSV or XLSX table. Download the template, fill it in and choose it again.")


class LargeTable(BadInput):
    """The file is larger than a list of seats can be. Params: `name`, `limit`."""

    code = "large_table"
    status = 413
    message = N_("%(name)s is too large for a list of seats. The limit is %(limit)s.")


class SeveralSheets(BadInput):
    """A workbook with more than the one sheet of the list."""

    code = "several_sheets"
    message = N_("The workbook has several sheets. Leave only the one with the seats.")


class NobodyNamed(BadInput):
    """No row of the file names a place."""

    code = "nobody_named"
    message = N_("No row has a place. Write one for everybody who is to have a seat.")


class UnknownAccount(BadInput):
    """A code that belongs to nobody who could be seated."""

    code = "unknown_account"
    message = N_("Nobody with this code can be seated here. Take the code from the template.")


class NamedTwice(BadInput):
    """A person stands in two rows. Params: `name`, `n`."""

    code = "named_twice"
    message = N_("%(name)s stands in row %(n)s already. Leave one of the two rows.")


class LongCell(BadInput):
    """A text that is longer than the field of the page takes. Params: `length`, `limit`."""

    code = "long_cell"
    message = N_("The text has %(length)s characters. Shorten it to %(limit)s.")


class OddCharacter(BadInput):
    """A character that nobody sees and no page shows."""

    code = "odd_character"
    message = N_("The cell holds a character that cannot be stored. Type the text again.")


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong and where: the row of the file (None for the whole file), the column, the refusal."""

    row: int | None
    column: str
    refusal: ParitranaError


@dataclass(frozen=True, slots=True)
class Line:
    """One filled row: its number in the file, and its texts by column."""

    no: int
    texts: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Seating:
    """One row that can be seated, with the structural conflicts that its person brings."""

    no: int
    account: Account
    role: str
    body: str
    decree: str
    conflicts: Sequence[queries.Structural] = ()


@dataclass
class Plan:
    """What a file would do, or has done."""

    lines: Sequence[Line] = ()
    seatings: list[Seating] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)


def write_template(category: Category) -> bytes:
    """The list of everybody who may get a seat, as CSV with the columns to fill in (three statements)."""
    there = {seat.account_id for seat in queries.everybody_in(category)}
    people = [*queries.accounts_to_seat(category.cycle), *queries.secretaries_to_seat(category.cycle)]
    spool = Spool()
    spool.write(b"\xef\xbb\xbf")
    rows = ([one.ref, cell(one.name), cell(one.position or ""), "", "", ""] for one in people if one.id not in there)
    spool.write_csv([list(COLUMNS), *rows])
    spool.file.seek(0)
    data = spool.file.read()
    spool.close()
    return data


def read_table(data: bytes, name: str) -> Plan:
    """The filled rows of a file, and what is wrong with its form. Raises `NoTable`, `LargeTable`, or as a workbook."""
    if len(data) > LARGEST:
        raise LargeTable(name=name, limit=FileSize(LARGEST))
    plan = Plan()
    rows = _workbook_rows(data, name, plan) if data[:2] == b"PK" else _csv_rows(data, name)
    if plan.problems:
        return plan
    head = [text.strip().casefold() for text in next(iter(rows.values()), [])]
    for no, key in enumerate(head, start=1):
        if key and key not in COLUMNS:
            plan.problems.append(Problem(1, str(no), UnknownColumn(name=key[:40])))
        elif key and key in head[: no - 1]:
            plan.problems.append(Problem(1, key, RepeatedColumn(name=key)))
    plan.problems += [Problem(1, key, MissingColumn(name=key)) for key in NEEDED if key not in head]
    if not plan.problems:
        filled = [
            Line(no, {key: text.strip() for key, text in zip(head, texts, strict=False) if key})
            for no, texts in list(rows.items())[1:]
        ]
        plan.lines = [one for one in filled if any(one.texts.get(key) for key in (PLACE, BODY, DECREE))]
        if len(plan.lines) > MOST_ROWS:
            plan.problems.append(Problem(None, "", TooManyRows(n=len(plan.lines), limit=MOST_ROWS)))
        elif not plan.lines:
            plan.problems.append(Problem(None, "", NobodyNamed()))
    return plan


def seat_all(lines: Sequence[Line], category: Category, *, actor: Actor, at: datetime) -> Plan:
    """Seat every row; the caller commits where the plan names no problem, and rolls back otherwise.

    Raises `WrongState` and `SecondPersonNeeded` where the panel takes no seats in this way.
    """
    plan = Plan(lines)
    cycle = category.cycle
    people = {one.ref: one for one in (*queries.accounts_to_seat(cycle), *queries.secretaries_to_seat(cycle))}
    people |= {one.account.ref: one.account for one in queries.everybody_in(category)}
    conflicts = queries.conflicts_before_seating([category])
    seen: dict[str, int] = {}
    for line in lines:
        values = {key: line.texts.get(key, "") for key in COLUMNS}
        wrong = list(_wrong_cells(values))
        account, role = people.get(values[ACCOUNT].upper()), _role(values[PLACE])
        if account is None:
            wrong.append((ACCOUNT, UnknownAccount()))
        elif account.ref in seen:
            wrong.append((ACCOUNT, NamedTwice(name=account.name, n=seen[account.ref])))
        if role is None:
            wrong.append((PLACE, service.UnknownPlace()))
        if not values[DECREE]:
            wrong.append((DECREE, service.ReasonMissing()))
        if account is not None:
            seen.setdefault(account.ref, line.no)
        if account is not None and role is not None and not wrong:
            try:
                service.seat(category, account, role, values[BODY], values[DECREE], actor=actor, at=at)
            except (WrongState, service.SecondPersonNeeded):
                raise
            except ParitranaError as refusal:
                wrong.append((PLACE if isinstance(refusal, service.PlaceTaken) else ACCOUNT, refusal))
            brought = [one for one in conflicts if one.account_id == account.id and role != service.SECRETARY]
            plan.seatings.append(Seating(line.no, account, role, values[BODY], values[DECREE], brought))
        plan.problems += [Problem(line.no, column, refusal) for column, refusal in wrong]
    return plan


def _wrong_cells(values: Mapping[str, str]) -> list[tuple[str, ParitranaError]]:
    wrong: list[tuple[str, ParitranaError]] = []
    for column in (PLACE, BODY, DECREE):
        text = values[column]
        if len(text) > LONGEST:
            wrong.append((column, LongCell(length=len(text), limit=LONGEST)))
        elif not text.isprintable():
            wrong.append((column, OddCharacter()))
    return wrong


def _role(text: str) -> str | None:
    """The place that a cell names: its code, or its word in one of the languages."""
    return _places().get(" ".join(text.casefold().split()))


def _places() -> dict[str, str]:
    found = {role: role for role in service.ROLES}
    for language in ("id", "en"):
        with force_locale(language):
            found |= {str(_(word)).casefold(): role for role, word in service.ROLES.items()}
    return found


def _csv_rows(data: bytes, name: str) -> dict[int, list[str]]:
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = data.decode("cp1252", errors="replace")
    if "\x00" in text or "\ufffd" in text:
        raise NoTable(name=name)
    head = text.split("\n", 1)[0]
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=";" if ";" in head else ",", strict=True)
    try:
        return {no: [text_of(one) for one in row] for no, row in enumerate(reader, start=1)}
    except csv.Error:
        raise NoTable(name=name) from None


def _workbook_rows(data: bytes, name: str, plan: Plan) -> dict[int, list[str]]:
    tables = read_workbook(data, name)
    if len(tables) != 1:
        plan.problems.append(Problem(None, "", SeveralSheets()))
        return {}
    table = tables[0]
    plan.problems += [Problem(no, "", HiddenRow()) for no in table.hidden_rows if no in table.rows]
    plan.problems += [Problem(None, str(no), HiddenColumn()) for no in table.hidden_columns]
    return {no: _texts(table, no, plan) for no in sorted(table.rows)}


def _texts(table: Table, no: int, plan: Plan) -> list[str]:
    texts: dict[int, str] = {}
    for one in table.rows[no]:
        if one.kind in {"f", "e"}:
            refusal: Any = FormulaCell() if one.kind == "f" else ErrorCell(value=one.text[:40])
            plan.problems.append(Problem(no, str(one.column), refusal))
        texts[one.column] = text_of(one.text)
    return [texts.get(place, "") for place in range(1, max(texts, default=0) + 1)]
