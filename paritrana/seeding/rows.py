"""Reading a table of seed data: a header, rows, and one sentence for each thing that is wrong.

A `Table` names the parser of every column and the rules that hold between them; nothing is stored here.
"""

import csv
import io
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any, ClassVar, Final, NamedTuple

from paritrana.core.errors import BadInput
from paritrana.core.rounding import BadDecimal, parse_decimal
from paritrana.core.words import N_

Row = Mapping[str, Any]
Parser = Callable[[str], Any]

_WHOLE: Final = re.compile(r"0|[1-9][0-9]{0,17}")
_DAY: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_PARTIAL_DAY: Final = re.compile(r"[0-9]{4}(-[0-9]{2}(-[0-9]{2})?)?")
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f]")


@dataclass(frozen=True)
class SeedError:
    """One thing wrong in one file. `line` counts from 1 with the header, 0 stands for the whole file.

    `pointer` is the JSON pointer in a JSON file. `message` is an English message id, `params` fill it.
    """

    file: str
    line: int
    message: str
    params: Mapping[str, object] = field(default_factory=dict)
    pointer: str = ""

    @property
    def reason(self) -> str:
        """What is wrong, in one English sentence."""
        return self.message % self.params

    def __str__(self) -> str:
        place = f", line {self.line}" if self.line else f", {self.pointer}" if self.pointer else ""
        return f"{self.file}{place}: {self.reason}"


class BadSeed(BadInput):
    """Seed files that cannot be loaded; nothing was stored. Params: `count`; `errors` says what is wrong and where."""

    code: ClassVar[str] = "bad_seed"
    message: ClassVar[str] = N_(
        "Nothing was loaded, because the seed files have mistakes (%(count)s). Correct them and load again."
    )

    def __init__(self, errors: Sequence[SeedError]) -> None:
        super().__init__("\n".join(map(str, errors)), count=len(errors))
        self.errors = tuple(errors)


class Unreadable(Exception):
    """A value that its parser refuses; the message is an English message id for the sentence."""

    def __init__(self, message: str, **params: object) -> None:
        super().__init__(message)
        self.message = message
        self.params = params


class Column(NamedTuple):
    """A column of a file: its name there, what reads it, and the name under which the row keeps it."""

    name: str
    parse: Parser
    attribute: str


@dataclass(frozen=True)
class Line:
    """A row that was read: the line it starts on and its values by attribute."""

    number: int
    values: Row


# A rule looks at a whole row and says what is wrong with it, or nothing.
Rule = Callable[[Row], Unreadable | None]


# A fact is what a row states about the world, or None where the row states nothing that may not be repeated.
Fact = Callable[[Row], tuple[object, ...] | None]


@dataclass(frozen=True)
class Reading:
    """The good rows of a file, and every key that stands in it, also those of bad rows.

    `keys` is None where the file could not be read as a table at all.
    """

    lines: Sequence[Line]
    keys: frozenset[str] | None

    def names(self, key: str) -> bool:
        """Whether the file may have a row with that key; a file that could not be read may have any."""
        return self.keys is None or key in self.keys


@dataclass(frozen=True)
class Table:
    """What a file holds: columns, the attribute that is its key, rules for a row, and what may not be said twice."""

    file: str
    columns: tuple[Column, ...]
    key: str
    rules: tuple[Rule, ...] = ()
    facts: tuple[Fact, ...] = ()

    def read(self, folder: Path, errors: list[SeedError]) -> Reading:
        """The good rows of the file in `folder`; everything wrong is added to `errors`."""
        records = list(self._records(folder / self.file, errors))
        if not records or not self._header_fits(records[0][1], errors):
            return Reading((), None)
        header = records[0][1]
        lines: list[Line] = []
        keys: dict[str, int] = {}
        facts: dict[object, int] = {}
        place = header.index(next(column.name for column in self.columns if column.attribute == self.key))
        for number, cells in records[1:]:
            key = cells[place] if place < len(cells) else ""
            values = self._values(number, header, cells, errors)
            if key in keys:
                self._note(errors, number, DUPLICATE_KEY, value=key, first=keys[key])
                continue
            if key:
                keys[key] = number
            if values is None:
                continue
            stated = [(kind, fact) for kind, of in enumerate(self.facts) if (fact := of(values)) is not None]
            if first := next((facts[fact] for fact in stated if fact in facts), None):
                self._note(errors, number, DUPLICATE_FACT, first=first)
                continue
            facts.update(dict.fromkeys(stated, number))
            lines.append(Line(number, values))
        return Reading(lines, frozenset(keys))

    def _records(self, path: Path, errors: list[SeedError]) -> Iterable[tuple[int, list[str]]]:
        try:
            content = path.read_bytes()
        except FileNotFoundError:
            return self._note(errors, 0, N_("The file is missing."))
        except OSError:
            return self._note(errors, 0, N_("The file cannot be opened."))
        try:
            text = content.decode("utf-8")
        except UnicodeDecodeError as error:
            line = content.count(b"\n", 0, error.start) + 1
            return self._note(errors, line, N_("The text is not UTF-8. Save the file as UTF-8."))
        if text.startswith("\ufeff"):
            return self._note(errors, 1, N_("The file starts with a byte-order mark. Save it as UTF-8 without one."))
        return self._split(text, errors)

    def _split(self, text: str, errors: list[SeedError]) -> list[tuple[int, list[str]]]:
        reader = csv.reader(io.StringIO(text, newline=""), strict=True)
        records: list[tuple[int, list[str]]] = []
        start = 1
        try:
            for cells in reader:
                records.append((start, cells))
                start = reader.line_num + 1
        except csv.Error:
            self._note(errors, start, N_("The row is no CSV. Check its commas and quotation marks."))
            return []
        if not records:
            self._note(errors, 0, N_("The file is empty."))
        return records

    def _header_fits(self, header: list[str], errors: list[SeedError]) -> bool:
        expected = [column.name for column in self.columns]
        before = len(errors)
        for place, name in enumerate(header):
            if name not in expected:
                self._note(errors, 1, N_("The column “%(column)s” is unknown."), column=name)
            elif name in header[:place]:
                self._note(errors, 1, N_("The column “%(column)s” is there twice."), column=name)
        for name in expected:
            if name not in header:
                self._note(errors, 1, N_("The column “%(column)s” is missing."), column=name)
        return len(errors) == before

    def _values(
        self, number: int, header: list[str], cells: list[str], errors: list[SeedError]
    ) -> dict[str, Any] | None:
        if len(cells) != len(header):
            self._note(errors, number, WRONG_LENGTH, found=len(cells), needed=len(header))
            return None
        before = len(errors)
        by_name = dict(zip(header, cells, strict=True))
        values: dict[str, Any] = {}
        for column in self.columns:
            try:
                values[column.attribute] = column.parse(by_name[column.name])
            except Unreadable as refusal:
                self._note(errors, number, refusal.message, column=column.name, **refusal.params)
        if len(errors) == before:
            for rule in self.rules:
                if refused := rule(values):
                    self._note(errors, number, refused.message, **refused.params)
        return values if len(errors) == before else None

    def _note(self, errors: list[SeedError], line: int, message: str, **params: object) -> tuple[()]:
        errors.append(SeedError(self.file, line, message, params))
        return ()


DUPLICATE_KEY: Final = N_("The key %(value)s already stands in line %(first)s.")
DUPLICATE_FACT: Final = N_("Line %(first)s already says this.")
WRONG_LENGTH: Final = N_("The row has %(found)s fields instead of %(needed)s.")
EMPTY: Final = N_("The column “%(column)s” may not be empty.")


def column(name: str, parse: Parser, attribute: str | None = None) -> Column:
    """A column that the row keeps under its own name, or under `attribute`."""
    return Column(name, parse, attribute or name)


def words(value: str) -> str:
    """A text that is there."""
    if not value:
        raise Unreadable(EMPTY)
    if _CONTROL.search(value) or value != value.strip():
        raise Unreadable(N_("The text in “%(column)s” has control characters, or blanks at its ends."))
    return value


def optional(parse: Parser) -> Parser:
    """The same, where the cell may be empty; then the value is None."""

    def parsed(value: str) -> Any:
        return parse(value) if value else None

    return parsed


def choice(*allowed: str) -> Parser:
    """One of these codes."""

    def parsed(value: str) -> str:
        if value not in allowed:
            raise Unreadable(
                N_("“%(value)s” in “%(column)s” is not in the list: %(allowed)s."),
                value=value,
                allowed=", ".join(allowed),
            )
        return value

    return parsed


def matching(pattern: str, message: str) -> Parser:
    """A text of this form; `message` is the sentence for another one."""
    form = re.compile(pattern)

    def parsed(value: str) -> str:
        if not form.fullmatch(value):
            raise Unreadable(message, value=value)
        return value

    return parsed


def whole(low: int, high: int) -> Parser:
    """A whole number from `low` to `high`, written in digits only."""

    def parsed(value: str) -> int:
        if not _WHOLE.fullmatch(value):
            raise Unreadable(N_("“%(value)s” in “%(column)s” is no whole number in digits."), value=value)
        number = int(value)
        if not low <= number <= high:
            raise Unreadable(
                N_("“%(value)s” in “%(column)s” lies outside %(low)s to %(high)s."), value=value, low=low, high=high
            )
        return number

    return parsed


def decimal(low: str, high: str) -> Parser:
    """An exact decimal with a point, from `low` to `high`."""
    bottom, top = Decimal(low), Decimal(high)

    def parsed(value: str) -> Decimal:
        try:
            number = parse_decimal(value)
        except BadDecimal:
            raise Unreadable(
                N_("“%(value)s” in “%(column)s” is no number with a decimal point."), value=value
            ) from None
        if not bottom <= number <= top:
            raise Unreadable(
                N_("“%(value)s” in “%(column)s” lies outside %(low)s to %(high)s."), value=value, low=low, high=high
            )
        return number

    return parsed


def day(value: str) -> date:
    """A date written as 2025-12-31."""
    try:
        if _DAY.fullmatch(value):
            return date.fromisoformat(value)
    except ValueError:
        pass
    raise Unreadable(N_("“%(value)s” in “%(column)s” is no date such as 2025-12-31."), value=value)


def partial_day(value: str) -> str:
    """A date, a month or a year, kept as it is written: 2025-12-31, 2025-12 or 2025."""
    try:
        if _PARTIAL_DAY.fullmatch(value):
            date.fromisoformat(f"{value}-01-01"[:10])
            return value
    except ValueError:
        pass
    raise Unreadable(N_("“%(value)s” in “%(column)s” is no date, month or year such as 2025-12."), value=value)
