"""From the cells of a workbook to what would be loaded: every row judged, every refusal with its place."""

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final

from flask_babel import gettext as _

from paritrana.core.errors import BadInput, ParitranaError
from paritrana.core.evidence import KINDS, FieldSpec
from paritrana.core.evidence.specs import DECIMALS, NUMBERS
from paritrana.core.policy import Actor
from paritrana.core.wordcount import count_words
from paritrana.core.words import N_
from paritrana.cycles.models import Category
from paritrana.database import canonical
from paritrana.nominations import service
from paritrana.nominations.importing import known
from paritrana.nominations.importing.layout import (
    CHOICES,
    FIRST_ROW,
    HELP,
    MOST_ROWS,
    NOMINATE,
    NOMINATIONS,
    ORGANISATION,
    Sheet,
    letter,
)
from paritrana.nominations.importing.reading import Cell, Table
from paritrana.nominations.importing.template import choice_words
from paritrana.nominations.models import EvidenceItem, Nomination
from paritrana.reference.models import Organisation
from paritrana.web import formats
from paritrana.web.template_filters import in_sentence

FIRST_DAY: Final = date(1945, 8, 17)
LONGEST_TEXT: Final = 200  # characters, as in the forms
MOST_MONTHS: Final = 120
MOST_PERCENT: Final = 100
NOISE: Final = Decimal("0.000000001")  # what a workbook adds to a decimal when it keeps it as a binary number
MOST_TOLD: Final = 20  # hidden rows of one sheet that are named one by one


class FormulaCell(BadInput):
    """A cell computes."""

    code = "formula_cell"
    message = N_("The cell holds a formula. Write its value instead.")


class ErrorCell(BadInput):
    """A cell shows an error of the spreadsheet program. Params: `value`."""

    code = "error_cell"
    message = N_("The cell holds the error %(value)s. Write the value instead.")


class HiddenSheet(BadInput):
    """A sheet that nobody sees."""

    code = "hidden_sheet"
    message = N_("The sheet is hidden. Show it or delete it, check what it holds, and choose the file again.")


class HiddenRow(BadInput):
    """A row that nobody sees."""

    code = "hidden_row"
    message = N_("The row is hidden. Show it or delete it, check what it holds, and choose the file again.")


class HiddenColumn(BadInput):
    """A column that nobody sees."""

    code = "hidden_column"
    message = N_("The column is hidden. Show it, check what it holds, and choose the file again.")


class UnknownSheet(BadInput):
    """A sheet that the template does not have."""

    code = "unknown_sheet"
    message = N_("The template has no sheet of this name. Delete it, or give the sheet its name back.")


class MissingSheet(BadInput):
    """A sheet of the template is not there."""

    code = "missing_sheet"
    message = N_("The sheet is missing. Give it its name back, or fill in a new template.")


class UnknownColumn(BadInput):
    """Row 1 names a column that the template does not have. Params: `name`."""

    code = "unknown_column"
    message = N_("The template has no column %(name)s on this sheet. Delete it, or write its key in row 1 again.")


class RepeatedColumn(BadInput):
    """Row 1 names a column twice. Params: `name`."""

    code = "repeated_column"
    message = N_("The column %(name)s stands twice on this sheet. Delete one of them.")


class MissingColumn(BadInput):
    """The column with the codes of the organisations is not there. Params: `name`."""

    code = "missing_column"
    message = N_("The column %(name)s is missing on this sheet. Write its key in row 1 again.")


class TooManyRows(BadInput):
    """A sheet has more rows than are read. Params: `n`, `limit`."""

    code = "too_many_rows"
    message = N_("The sheet has %(n)s filled rows. At most %(limit)s are read; split the file.")


class UnknownOrganisation(BadInput):
    """No organisation of this code may be nominated here. Params: `value`."""

    code = "unknown_organisation"
    message = N_("No organisation with the code %(value)s can be nominated here. Copy the code from the template.")


class RepeatedRow(BadInput):
    """The same again. Params: `row`."""

    code = "repeated_row"
    message = N_("The row says the same as row %(row)s. Delete one of them.")


class NotNominated(BadInput):
    """Figures for an organisation without a draft. Params: `name`."""

    code = "not_nominated"
    message = N_("%(name)s has no draft yet. Answer yes in the column ajukan of the sheet nominasi.")


class RowBeforeRefused(BadInput):
    """The organisation's row on the first sheet is refused, so its figures have no draft. Params: `name`."""

    code = "row_before_refused"
    message = N_("The row of %(name)s on the sheet nominasi is refused, so its figures cannot be loaded.")


class SentAlready(BadInput):
    """A sent nomination is not changed from outside. Params: `name`."""

    code = "sent_already"
    message = N_("The nomination of %(name)s is already sent or withdrawn, so it is not changed.")


class NotWhole(BadInput):
    """A number that is negative or has decimals. Params: `field`, `value`."""

    code = "not_whole"
    message = N_("Write %(field)s as a whole number that is not negative. The cell holds %(value)s.")


class DayOutside(BadInput):
    """A date that no document can have. Params: `field`, `first`, `last`."""

    code = "day_outside"
    message = N_("The date of %(field)s lies outside %(first)s to %(last)s. Check it.")


class NotInList(BadInput):
    """A word that the list does not have. Params: `field`."""

    code = "not_in_list"
    message = N_("Choose %(field)s from the list")


class AmbiguousCell(BadInput):
    """An amount that reads two ways: nobody can choose one in a list. Params: `value`, `a`, `b` as they are written."""

    code = "ambiguous_cell"
    message = N_("%(value)s can mean %(a)s or %(b)s. Write the amount in the cell without dots and commas.")


class TextTooLong(BadInput):
    """Too many characters. Params: `field`, `length`, `limit`."""

    code = "text_too_long"
    message = N_("%(field)s has %(length)s characters. Shorten it to %(limit)s.")


class WrongCell(BadInput):
    """A cell of another type, such as a date where a number is asked for. Params: `field`, `value`."""

    code = "wrong_cell"
    message = N_("%(value)s is no value for %(field)s. See the sheet petunjuk for what to write.")


@dataclass(frozen=True)
class Problem:
    """A refusal and its place: sheet, row, and the letters of the column, as far as it has them."""

    sheet: str
    row: int | None
    column: str
    refusal: ParitranaError


@dataclass
class Entry:
    """What a workbook says of one organisation: fields and lines by kind, and how many rows say it."""

    organisation: Organisation
    nomination: Nomination | None
    fields: dict[str, dict[str, Any]] = field(default_factory=dict)
    lines: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    changed: bool = False


@dataclass
class Plan:
    """What would be loaded. `whole` problems refuse the file; the others refuse their row alone."""

    entries: list[Entry]
    whole: list[Problem]
    rows: list[Problem]
    refused_rows: int

    @property
    def problems(self) -> list[Problem]:
        """Every refusal in the order of the workbook."""
        return [*self.whole, *self.rows]

    @property
    def new(self) -> list[Entry]:
        """Organisations that would get a draft."""
        return [one for one in self.entries if one.nomination is None]

    @property
    def changed(self) -> list[Entry]:
        """Drafts that would say something else."""
        return [one for one in self.entries if one.nomination is not None and one.changed]

    @property
    def unchanged(self) -> list[Entry]:
        """Drafts that say all of it already."""
        return [one for one in self.entries if one.nomination is not None and not one.changed]


def plan_of(tables: Sequence[Table], sheets: Sequence[Sheet], category: Category, *, at: datetime) -> Plan:
    """Judge every row of a workbook (four statements, whatever the number of rows)."""
    by_name = {one.name: one for one in tables}
    whole = [problem for table in tables for problem in _hidden(table)]
    whole += [Problem(name, None, "", UnknownSheet()) for name in by_name
              if name not in {HELP, CHOICES, *(sheet.name for sheet in sheets)}]  # fmt: skip
    places: dict[str, dict[int, str]] = {}
    for sheet in sheets:
        if sheet.name not in by_name:
            whole.append(Problem(sheet.name, None, "", MissingSheet()))
        else:
            places[sheet.name] = _columns(by_name[sheet.name], sheet, whole)
    if whole:
        return Plan([], whole, [], 0)
    return _Judge(category, at).plan(sheets, by_name, places)


def _hidden(table: Table) -> list[Problem]:
    found = [Problem(table.name, None, "", HiddenSheet())] if table.hidden else []
    found += [Problem(table.name, row, "", HiddenRow()) for row in table.hidden_rows[:MOST_TOLD]]
    found += [Problem(table.name, None, letter(no), HiddenColumn()) for no in table.hidden_columns[:MOST_TOLD]]
    for row, cells in table.rows.items():
        for cell in cells:
            if cell.kind in {"f", "e"}:
                refusal = FormulaCell() if cell.kind == "f" else ErrorCell(value=formats.typed(cell.text))
                found.append(Problem(table.name, row, letter(cell.column), refusal))
    return found


def _columns(table: Table, sheet: Sheet, whole: list[Problem]) -> dict[int, str]:
    """Which key stands over which column of a sheet; what does not fit goes to `whole`."""
    keys = {column.key for column in sheet.columns}
    found: dict[int, str] = {}
    for cell in table.rows.get(1, ()):
        name = cell.text.strip()
        if name not in keys:
            whole.append(Problem(table.name, 1, letter(cell.column), UnknownColumn(name=formats.typed(name))))
        elif name in found.values():
            whole.append(Problem(table.name, 1, letter(cell.column), RepeatedColumn(name=name)))
        else:
            found[cell.column] = name
    if ORGANISATION not in found.values():
        whole.append(Problem(table.name, 1, "", MissingColumn(name=ORGANISATION)))
    filled = sum(row >= FIRST_ROW for row in table.rows)
    if filled > MOST_ROWS:
        whole.append(Problem(table.name, None, "", TooManyRows(n=filled, limit=MOST_ROWS)))
    for row, cells in table.rows.items():
        for cell in cells:
            if row >= FIRST_ROW and cell.column not in found and table.rows.get(1):
                whole.append(Problem(table.name, row, letter(cell.column), UnknownColumn(name=letter(cell.column))))
    return found


class _Judge:
    """Reads the rows of one workbook for one category."""

    def __init__(self, category: Category, at: datetime) -> None:
        self.organisations = {one.ref: one for one in known.organisations_for(category)}
        self.nominations = known.drafts_and_sent(category)
        self.stored = known.evidence_of_all(list(self.nominations.values()))
        self.today = at.date()
        self.entries: dict[str, Entry] = {}
        self.problems: list[Problem] = []
        self.refused: set[tuple[str, int]] = set()
        self.without: set[str] = set()  # organisations whose row on the first sheet is refused

    def plan(
        self, sheets: Sequence[Sheet], tables: Mapping[str, Table], places: Mapping[str, Mapping[int, str]]
    ) -> Plan:
        for sheet in sheets:
            seen: dict[Any, int] = {}
            for row, cells in sorted(tables[sheet.name].rows.items()):
                if row >= FIRST_ROW:
                    self._row(sheet, row, {places[sheet.name][cell.column]: cell for cell in cells}, seen)
        for entry in self.entries.values():
            entry.changed = any(
                dict(merged(entry, kind, self.item(entry, kind))) != dict(_data(self.item(entry, kind)))
                for kind in (*entry.fields, *entry.lines)
            )
        return Plan(list(self.entries.values()), [], self.problems, len(self.refused))

    def item(self, entry: Entry, kind: str) -> EvidenceItem | None:
        return None if entry.nomination is None else self.stored.get((entry.nomination.id, kind))

    def _row(self, sheet: Sheet, row: int, cells: Mapping[str, Cell], seen: dict[Any, int]) -> None:
        specs = {column.key: column.spec for column in sheet.columns if column.spec is not None}
        filled = {key: cell for key, cell in cells.items() if key in specs and cell.text.strip()}
        columns = {key: letter(cell.column) for key, cell in cells.items()}
        if not filled:
            return  # a row of the template that nobody filled in
        code = cells[ORGANISATION].text.strip() if ORGANISATION in cells else ""
        organisation = self.organisations.get(code)
        if organisation is None:
            self._refuse(sheet, row, columns.get(ORGANISATION, "A"), UnknownOrganisation(value=formats.typed(code)))
            return
        values: dict[str, Any] = {}
        good = True
        for key, cell in filled.items():
            try:
                values[key] = self._value(specs[key], cell)
            except ParitranaError as refusal:
                self._refuse(sheet, row, columns[key], refusal)
                good = False
        if good:
            same = (code, canonical(values)) if sheet.lines else code
            if same in seen:
                self._refuse(sheet, row, columns[ORGANISATION], RepeatedRow(row=seen[same]))
                return
            seen[same] = row
        refusal_of_place = self._place_refused(sheet, organisation, values if good else {})
        if refusal_of_place is not None and good:
            self._refuse(sheet, row, columns[ORGANISATION], refusal_of_place)
            return
        if good:
            self._take(sheet, organisation, values)
        elif sheet.name == NOMINATIONS:
            self.without.add(organisation.ref)

    def _place_refused(
        self, sheet: Sheet, organisation: Organisation, values: Mapping[str, Any]
    ) -> ParitranaError | None:
        """Why nothing can be written for an organisation; None where it can."""
        nomination = self.nominations.get(organisation.id)
        if nomination is not None:
            if nomination.state != "draft" and (sheet.name != NOMINATIONS or values.get(NOMINATE) == "yes"):
                return SentAlready(name=organisation.name)
        elif sheet.name != NOMINATIONS and organisation.ref not in self.entries:
            if organisation.ref in self.without:
                return RowBeforeRefused(name=organisation.name)
            return NotNominated(name=organisation.name)
        return None

    def _take(self, sheet: Sheet, organisation: Organisation, values: dict[str, Any]) -> None:
        nomination = self.nominations.get(organisation.id)
        if sheet.name == NOMINATIONS:
            if values.get(NOMINATE) == "yes":
                self.entries.setdefault(organisation.ref, Entry(organisation, nomination))
            return
        entry = self.entries.setdefault(organisation.ref, Entry(organisation, nomination))
        if sheet.lines:
            line = {"key": _line_key(organisation, sheet.kind, values), **values}
            entry.lines.setdefault(sheet.kind, []).append(line)
        else:
            entry.fields.setdefault(sheet.kind, {}).update(values)

    def _refuse(self, sheet: Sheet, row: int, column: str, refusal: ParitranaError) -> None:
        self.problems.append(Problem(sheet.name, row, column, refusal))
        self.refused.add((sheet.name, row))

    def _value(self, spec: FieldSpec, cell: Cell) -> int | str:
        """The stored value of a cell. Raises a refusal that names the field."""
        label, text = in_sentence(_(spec.label)), cell.text.strip()
        if cell.kind == "b" or (cell.kind != "s" and (cell.kind == "d") is not (spec.kind == "date")):
            raise WrongCell(field=label, value=formats.typed(text))
        if spec.kind in NUMBERS:
            return _number(spec, label, text) if cell.kind == "n" else _typed_number(spec, label, text)
        if spec.kind in DECIMALS:
            return _decimals(spec, label, cell)
        if spec.kind == "date":
            return self._day(label, text).isoformat()
        if spec.kind == "choice":
            return _choice(spec, label, text)
        if spec.most_words is not None:
            count = count_words(text)
            if count > spec.most_words:
                raise service.TooManyWords(field=_(spec.label), count=count, limit=spec.most_words)
        longest = LONGEST_TEXT if spec.most_words is None else service.most_signs(spec)
        if len(text) > longest:
            raise TextTooLong(field=_(spec.label), length=len(text), limit=longest)
        return text

    def _day(self, label: str, text: str) -> date:
        parts = re.fullmatch(r"([0-9]{4})-([0-9]{2})-([0-9]{2})", text, re.ASCII)
        other = re.fullmatch(r"([0-9]{1,2})[/.-]([0-9]{1,2})[/.-]([0-9]{4})", text, re.ASCII)
        year, month, day = parts.groups() if parts else reversed(other.groups()) if other else (text, "", "")
        found = formats.parse_day(day, month, year, "id", field=label)
        if not FIRST_DAY <= found <= self.today:
            raise DayOutside(field=label, first=FIRST_DAY, last=self.today)
        return found


def _number(spec: FieldSpec, label: str, digits: str) -> int:
    """A numeric cell, exactly."""
    value = Decimal(digits)
    if value != value.to_integral_value() or value < 0:
        raise NotWhole(field=label, value=formats.typed(formats.number(value, "id")))
    return _typed_number(spec, label, format(value.to_integral_value(), "f"))


def _decimals(spec: FieldSpec, label: str, cell: Cell) -> str:
    """A percentage or another number with decimals in its stored form; a numeric cell is read exactly."""
    text = cell.text.strip()
    if cell.kind == "n":
        exact, near = Decimal(text), formats.rounded(Decimal(text), 2)
        # Spelled out as people here do: the point of a figure must not be read as one between thousands.
        text = formats.number(near if abs(exact - near) < NOISE else exact, "id")
    high = MOST_PERCENT if spec.kind == "percent" else None
    return formats.plain_decimal(formats.parse_decimals(text, "id", field=label, high=high))


def _typed_number(spec: FieldSpec, label: str, text: str) -> int:
    """A number as people type it, read by the parsers of the forms."""
    if re.match(r"[-\u2212]", text):
        raise NotWhole(field=label, value=formats.typed(text))
    match spec.kind:
        case "rupiah":
            try:
                amount = formats.parse_money(text, "id", field=label)
            except formats.AmbiguousMoney as refusal:
                raise AmbiguousCell(**refusal.params) from None
            if amount != amount.to_integral_value():
                raise NotWhole(field=label, value=formats.typed(text))
            return int(amount)
        case "months":
            return formats.parse_months(text, field=label, high=MOST_MONTHS)
        case "year":
            if not re.fullmatch(r"(19|20)[0-9]{2}", text, re.ASCII):
                raise WrongCell(field=label, value=formats.typed(text))
            return int(text)
    return formats.parse_whole(text, field=label)


def _choice(spec: FieldSpec, label: str, text: str) -> str:
    """The code of a word: as the list writes it, in one language alone, or the code itself; capitals do not count."""
    wanted = text.casefold()
    for code, words in choice_words(spec).items():
        if wanted in {code.casefold(), words.casefold(), *(part.casefold() for part in words.split(" / "))}:
            return code
    raise NotInList(field=label)


def _line_key(organisation: Organisation, kind: str, values: Mapping[str, Any]) -> str:
    """A key that the same row always gets, so that loading a file twice adds no line twice."""
    return hashlib.sha256(canonical([organisation.ref, kind, dict(values)])).hexdigest()[:12]


def _data(item: EvidenceItem | None) -> Mapping[str, Any]:
    return item.data if item is not None else {}


def merged(entry: Entry, kind: str, item: EvidenceItem | None) -> dict[str, Any]:
    """What the draft says under a kind afterwards: filled cells in place of its figures, new lines after its own."""
    before = _data(item)
    data: dict[str, Any] = {"fields": {**(before.get("fields") or {}), **entry.fields.get(kind, {})}}
    if KINDS[kind].lines is not None:
        lines = list(before.get("lines") or [])
        there = {line["key"] for line in lines}
        data["lines"] = lines + [line for line in entry.lines.get(kind, []) if line["key"] not in there]
    return data


def load(plan: Plan, category: Category, *, actor: Actor, at: datetime) -> None:
    """Load what a plan holds through the services of this room; the caller commits, so all of it or nothing is stored.

    A row that the nominee had completed is open again where its figures change: only the nominee says it is done.
    Raises like `service.create_nomination` and `service.save_evidence`.
    """
    there = known.evidence_of_all([one.nomination for one in plan.entries if one.nomination is not None])
    for entry in plan.entries:
        nomination = entry.nomination or service.create_nomination(category, entry.organisation, actor=actor, at=at)
        for kind in dict.fromkeys((*entry.fields, *entry.lines)):
            item = there.get((nomination.id, kind))
            data = merged(entry, kind, item)
            if data == dict(_data(item)):
                continue
            service.save_evidence(
                nomination, kind, data, note=item.note if item else "",
                explanation_reason=item.explanation_reason if item else "",
                explanation=item.explanation if item else "", completed=False,
                expected=item.version if item else 0, actor=actor, at=at,
            )  # fmt: skip


def good_rows(plan: Plan) -> Plan:
    """The plan without its refused rows, for whoever chooses to load the others."""
    return replace(plan, rows=[], refused_rows=0)
