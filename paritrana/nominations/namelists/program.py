"""Reads a list by name and counts it; runs alone in a process of its own that is limited before it reads a byte.

    python -I -c "from paritrana.nominations.namelists.program import main; main()" FD < list > answer

The pipe FD holds one JSON object: `kind` ("csv" or "xlsx"), `regions`, `own`, `on` as `core.identity` asks for them,
and `key`, a secret in hexadecimal digits, or empty. The answer is lines, each a word and what belongs to it:

    at N            how far it is, in bytes or rows
    no CODE CELL    the list is refused; the end
    is JSON         the counts
    marks N         how many bytes of marks follow: for each well-formed number 8 bytes of its keyed hash

No number and no name leaves this process. Whoever reads the answer trusts nothing of it.
"""

import codecs
import csv
import hashlib
import hmac
import io
import json
import os
import re
import resource
import sys
from array import array
from collections.abc import Callable, Iterator, Sequence
from datetime import date, datetime
from itertools import chain, islice
from typing import Any, BinaryIO, Final

from paritrana.core.identity import Reason, judged
from paritrana.files.limits import limits
from paritrana.nominations.namelists.columns import BORN, GROUPS, MOST_GROUPS, NIK, SMALLEST, group_of, places_of

LIMITS: Final = limits(memory=512 * 1024 * 1024, cpu=60)  # bytes, seconds
MOST_ROWS: Final = 1_500_000
LONGEST_LINE: Final = 64 * 1024  # characters of one line of the file
LONGEST_FIELD: Final = 4096
MOST_COLUMNS: Final = 64
MOST_TRACKED: Final = 20_000  # different words of one column that are told apart while counting
TELL_EVERY: Final = 20_000  # rows
BLOCK: Final = 1024 * 1024
MARK: Final = 8  # bytes of a mark
EXACT_DIGITS: Final = 15  # a spreadsheet program keeps no more digits of a number
HEAD_ROWS: Final = 20  # the heads stand in one of the first filled rows
UNREADABLE_DATE: Final = date.min  # agrees with the birth date inside no number
FIRST_SHEET: Final = "visible"
# A long number as spreadsheet programs write it.
_FIGURE: Final = re.compile(r"[0-9]+([.,][0-9]+)?E\+[0-9]{1,3}", re.ASCII | re.IGNORECASE)

Row = tuple[int, Sequence[Any]]  # its number in the file, from 1, and its cells


class Refused(Exception):
    """The list is not counted: a code, and the cell it is about where there is one."""

    def __init__(self, code: str, cell: str = "") -> None:
        super().__init__(code)
        self.code, self.cell = code, cell


def main() -> None:  # pragma: no cover - it would limit the process that measures; tests start it as its own
    """Limit this process, read the list from standard input, answer on standard output."""
    with os.fdopen(int(sys.argv[1]), "rb") as pipe:
        asked = json.load(pipe)
    for what, most in LIMITS:
        resource.setrlimit(what, (most, most))
    answer(asked, sys.stdin.buffer, sys.stdout.buffer)


def answer(asked: dict[str, Any], source: BinaryIO, target: BinaryIO) -> None:
    """Write the whole answer about one list."""

    def tell(line: str) -> None:
        target.write(line.encode() + b"\n")
        target.flush()

    try:
        counts, marks = counted(asked, source, lambda at: tell(f"at {at}"))
    except Refused as refused:
        tell(f"no {refused.code} {refused.cell}".rstrip())
    except MemoryError:
        tell("no file_heavy")
    except Exception:  # the file made a library fail; which way does not matter to anybody
        tell("no file_unreadable")
    else:
        tell("is " + json.dumps(counts))
        tell(f"marks {len(marks)}")
        target.write(marks)
        target.flush()


def counted(asked: dict[str, Any], source: BinaryIO, at: Callable[[int], None]) -> tuple[dict[str, Any], bytes]:
    """The counts of a list and the sorted marks of its well-formed numbers. Raises `Refused`."""
    rows = _rows_of_csv(source) if asked["kind"] == "csv" else _rows_of_workbook(source)
    place = source.tell if asked["kind"] == "csv" else None
    records = _Records(rows, lambda row: at(place() if place is not None else row))
    seen: set[str] = set()
    groups = {column: _Groups(column) for column in GROUPS if column in records.places}
    submitted, reasons = 0, dict.fromkeys(Reason, 0)
    on = date.fromisoformat(asked["on"])
    for reason in judged(records, regions=frozenset(asked["regions"]), own=asked["own"], on=on, seen=seen):
        submitted += 1
        if reason is not None:
            reasons[reason] += 1
        for column, found in groups.items():
            found.add(records.cell(column), valid=reason is None)
    if not submitted:
        raise Refused("list_empty")
    counts = {
        "submitted": submitted,
        "valid": len(seen),
        "reasons": {str(reason): reasons[reason] for reason in Reason},
        "as_figure": records.as_figure,
        "groups": {column: found.named() for column, found in groups.items()},
    }
    return counts, _marks(seen, bytes.fromhex(asked["key"]))


def _marks(numbers: set[str], key: bytes) -> bytes:
    """The keyed hashes of numbers, in order; nothing without a key."""
    if not key:
        return b""
    found = array("Q")
    while numbers:
        digest = hmac.digest(key, numbers.pop().encode("ascii"), hashlib.sha256)
        found.append(int.from_bytes(digest[:MARK], "big"))
    ordered = array("Q", sorted(found))
    if sys.byteorder == "little":
        ordered.byteswap()
    return ordered.tobytes()


class _Groups:
    """How many records, and well-formed ones, stand under each word of one column."""

    def __init__(self, column: str) -> None:
        self.column = column
        self.known: dict[str, str] = {}  # what stands in a cell, to the group it counts for
        self.counts: dict[str, list[int]] = {}  # group, without case, to [records, well-formed]
        self.shown: dict[str, str] = {}
        self.rest = [0, 0]

    def add(self, text: str, *, valid: bool) -> None:
        group = self.known.get(text)
        if group is None:
            shown = group_of(self.column, text)
            group = shown.casefold()
            if group and group not in self.counts and len(self.counts) >= MOST_TRACKED:
                group = ""
            if len(self.known) < MOST_TRACKED:
                self.known[text] = group
            self.shown.setdefault(group, shown)
        kept = self.counts.setdefault(group, [0, 0]) if group else self.rest
        kept[0] += 1
        kept[1] += valid

    def named(self) -> dict[str, Any]:
        """The largest groups by name, and what all others come to together."""
        ordered = sorted(self.counts.items(), key=lambda one: (-one[1][0], one[0]))
        large = [(group, counts) for group, counts in ordered if counts[0] >= SMALLEST][:MOST_GROUPS]
        others = [counts for _group, counts in ordered[len(large) :]] + [self.rest]
        return {
            "named": [[self.shown[group], *counts] for group, counts in large],
            "others": [sum(one[0] for one in others), sum(one[1] for one in others)],
        }


class _Records:
    """The records of a list as (number, birth date); `cell` is asked about the one that was given last."""

    def __init__(self, rows: Iterator[Row], tell: Callable[[int], None]) -> None:
        self.rows, self.tell = rows, tell
        self.as_figure = 0  # numbers that stand as figures, whose last digits a spreadsheet program changes
        self.places = self._heads()
        self.used = sorted(self.places[column] for column in self.places if column != "name")
        self.now: Sequence[Any] = ()

    def _heads(self) -> dict[str, int]:
        for filled, (_no, cells) in enumerate(self.rows, start=1):
            heads = ["" if one is None else str(one) for one in cells]
            places, twice = places_of(heads)
            if twice is not None and NIK in places:
                raise Refused("list_repeated_column")
            if NIK in places:
                return places
            if filled >= HEAD_ROWS:
                break
        raise Refused("list_columns")

    def cell(self, column: str) -> str:
        """The text of a column of the present record."""
        place = self.places[column]
        value = self.now[place] if place < len(self.now) else None
        return "" if value is None else str(value)

    def __iter__(self) -> Iterator[tuple[str, date | None]]:
        read = 0
        number, born = self.places[NIK], self.places.get(BORN)
        for no, cells in self.rows:
            width = len(cells)
            if not any(place < width and cells[place] not in (None, "") for place in self.used):
                continue
            read += 1
            if read > MOST_ROWS:
                raise Refused("list_long")
            if read % TELL_EVERY == 0:
                self.tell(no)
            for place in self.used:
                value = cells[place] if place < width else None
                if value is FORMULA or (isinstance(value, str) and value.startswith("=")):
                    raise Refused("list_formula", f"{_letter(place + 1)}{no}")
            self.now = cells
            text = self._number(cells[number] if number < width else None)
            yield text, None if born is None else _birth_date(cells[born] if born < width else None)

    def _number(self, value: Any) -> str:
        if isinstance(value, bool) or value is None:
            return ""
        if isinstance(value, int | float):
            self.as_figure += 1
            return str(int(value)) if abs(value) < 10**EXACT_DIGITS else ""
        text = str(value).strip().removeprefix("'").strip()
        if _FIGURE.fullmatch(text):
            self.as_figure += 1
        return text


class _Formula:
    """Stands for a cell that holds a formula or an error."""


FORMULA: Final = _Formula()


def _birth_date(value: Any) -> date | None:
    """A birth date beside a number; None where none stands there."""
    if value is None or isinstance(value, _Formula):
        return None
    if isinstance(value, datetime):
        return value.date()
    if isinstance(value, date):
        return value
    text = str(value).strip().removeprefix("'").strip()
    if not text:
        return None
    parts = text.replace("/", "-").replace(".", "-").partition(" ")[0].split("-")
    if len(parts) != 3 or not all(part.isascii() and part.isdigit() for part in parts):
        return UNREADABLE_DATE
    first, second, third = (int(part) for part in parts)
    year, month, day = (first, second, third) if len(parts[0]) == 4 else (third, second, first)
    try:
        return date(year, month, day)
    except ValueError:
        return UNREADABLE_DATE


def _letter(column: int) -> str:
    """The letters of a column, counted from 1."""
    letters = ""
    while column:
        column, rest = divmod(column - 1, 26)
        letters = chr(ord("A") + rest) + letters
    return letters


# Text files -----------------------------------------------------------------------------------------------------------


def _rows_of_csv(source: BinaryIO) -> Iterator[Row]:
    """The rows of a text file in UTF-8 or Windows-1252, its fields parted by `;`, `,` or tabs."""
    text = io.TextIOWrapper(source, encoding=_coding(source), newline="")
    csv.field_size_limit(LONGEST_FIELD)
    lines = _lines(text)
    first = list(islice(lines, HEAD_ROWS))
    reader = csv.reader(chain(first, lines), delimiter=_delimiter(first))
    while True:
        try:
            cells = next(reader, None)
        except csv.Error:
            raise Refused("list_line", str(reader.line_num)) from None
        if cells is None:
            return
        if len(cells) > MOST_COLUMNS:
            raise Refused("list_line", str(reader.line_num))
        yield reader.line_num, cells


def _lines(text: io.TextIOWrapper) -> Iterator[str]:
    no = 0
    try:
        while line := text.readline(LONGEST_LINE):
            no += 1
            if len(line) >= LONGEST_LINE:
                raise Refused("list_line", str(no))
            yield line
    except UnicodeDecodeError:
        raise Refused("file_unreadable") from None


def _delimiter(lines: Sequence[str]) -> str:
    """The sign that parts the most known columns in one of the first lines."""

    def known(sign: str) -> int:
        return max((len(places_of(line.strip().split(sign))[0]) for line in lines), default=0)

    return max(";,\t", key=known)


def _coding(source: BinaryIO) -> str:
    """UTF-8 where every byte fits, else Windows-1252. Raises `Refused` for what is no text."""
    decoder = codecs.getincrementaldecoder("utf-8")("strict")
    coding = "utf-8-sig"
    while block := source.read(BLOCK):
        if b"\x00" in block:
            raise Refused("file_content")
        if coding == "utf-8-sig":
            try:
                decoder.decode(block)
            except UnicodeDecodeError:
                coding = "cp1252"
    source.seek(0)
    return coding


# Workbooks ------------------------------------------------------------------------------------------------------------


def _rows_of_workbook(source: BinaryIO) -> Iterator[Row]:
    """The rows of the first sheet that is not hidden, one at a time."""
    import openpyxl

    book = openpyxl.load_workbook(io.BytesIO(source.read()), read_only=True, data_only=False, keep_links=False)
    sheet = next((one for one in book.worksheets if one.sheet_state == FIRST_SHEET), None)
    if sheet is None:
        raise Refused("list_columns")
    sheet.reset_dimensions()
    for no, cells in enumerate(sheet.iter_rows(max_col=MOST_COLUMNS), start=1):
        values = [FORMULA if one.data_type in {"f", "e"} else one.value for one in cells]
        if any(value is not None and value != "" for value in values):
            yield no, values
