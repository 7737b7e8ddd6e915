"""One list, one fresh process that counts it: how it is asked, and what of its answer is believed."""

import json
import os
import signal
import subprocess
import sys
import threading
from array import array
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from typing import IO, Any, BinaryIO, Final

from paritrana.core.errors import ParitranaError
from paritrana.core.filechecks import REFUSALS, FileHeavy, FileLocked, FileUnreadable
from paritrana.core.filetypes import CSV, XLSX, BadFile, FileContentRefused, FileKind
from paritrana.core.identity import Reason
from paritrana.core.words import N_
from paritrana.files.sandbox import look_at
from paritrana.files.signatures import kind_by_content
from paritrana.nominations.namelists.columns import GROUPS, LONGEST, MOST_GROUPS, SMALLEST, group_of
from paritrana.nominations.namelists.program import MARK, MOST_ROWS

SECONDS: Final = 180.0  # by the wall clock; its processor time is limited to 60
LONGEST_ANSWER: Final = 1024 * 1024  # bytes of the counts
PROGRAM: Final = (
    "from paritrana.files.offline import leave_network; leave_network(); "
    "from paritrana.nominations.namelists.program import main; main()"
)
_OLE: Final = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"  # an encrypted workbook, or one of the old kind
_ENCRYPTED: Final = "EncryptedPackage".encode("utf-16-le")
_PEEK: Final = 1024 * 1024


class ListTypeRefused(BadFile):
    """The name does not end like a list that is taken."""

    code = "list_type"
    status = 415
    message = N_("%(name)s: choose an XLSX or CSV")


class ListColumns(BadFile):
    """No row names the column of the numbers."""

    code = "list_columns"
    message = N_("%(name)s has no column NIK. Head the columns as in the template, then choose the file again.")


class ListColumnTwice(BadFile):
    """A column stands twice."""

    code = "list_repeated_column"
    message = N_("%(name)s has a column twice. Keep one of them, then choose the file again.")


class ListFormula(BadFile):
    """A cell holds a formula or an error. Params: `cell`."""

    code = "list_formula"
    message = N_("%(name)s: cell %(cell)s holds a formula or an error. Write values instead, then choose it again.")


class ListEmpty(BadFile):
    """There are heads and no records."""

    code = "list_empty"
    message = N_("%(name)s has no records under its heads. Fill it in, then choose it again.")


class ListLong(BadFile):
    """There are more records than are counted."""

    code = "list_long"
    message = N_("%(name)s has more than 1,500,000 records. Split it by village, and send the largest part.")


class ListLine(BadFile):
    """A line cannot be parted into fields. Params: `cell`, the number of the line."""

    code = "list_line"
    message = N_("%(name)s: line %(cell)s is too long or has too many columns. Save the list anew as CSV.")


class ListLate(ParitranaError):
    """The list was not counted in time; its file is gone. Params: `name`."""

    code = "list_late"
    message = N_("%(name)s was not counted in time, and its file is deleted. Choose it again.")


LIST_REFUSALS: Final[Mapping[str, type[BadFile]]] = {
    one.code: one
    for one in (ListColumns, ListColumnTwice, ListFormula, ListEmpty, ListLong, ListLine, FileContentRefused)
} | dict(REFUSALS)
EVERY_REFUSAL: Final[Mapping[str, type[ParitranaError]]] = {**LIST_REFUSALS, ListLate.code: ListLate}


@dataclass(frozen=True, slots=True)
class Counted:
    """What a list came to.

    `counts`: `{"submitted", "valid", "as_figure": int, "reasons": {reason: int}, "groups": {column: {"named": [[name,
    records, well-formed]], "others": [records, well-formed]}}}`. `marks`: 64-bit numbers in order, none without a key.
    """

    counts: dict[str, Any]
    marks: "array[int]"


class _Unbelievable(Exception):
    """The process answered what no honest one answers."""


def kind_of(name: str) -> FileKind:
    """XLSX or CSV, by the end of a display name. Raises `ListTypeRefused`."""
    end = name.rpartition(".")[2].lower()
    for kind in (XLSX, CSV):
        if end in kind.extensions and "." in name:
            return kind
    raise ListTypeRefused(name=name)


def count_list(
    file: BinaryIO,
    kind: FileKind,
    *,
    name: str,
    regions: frozenset[str],
    own: str,
    on: date,
    key: bytes,
    told: Callable[[int], None],
    seconds: float = SECONDS,
) -> Counted:
    """Count one list; `told` hears how far it is, in bytes of a CSV or rows of a workbook, and may raise.

    `file` has no buffer of its own: the process that counts reads on from the place where it stands.

    Raises a subclass of `BadFile` for what the list is, and `CheckLate` when the machine is too busy to look at it.
    """
    if kind is XLSX:
        _refuse_what_is_no_workbook(file, name)
        look_at(file, XLSX, name=name)
    else:
        _refuse_what_is_no_text(file, name)
    file.seek(0)
    asked = {
        "kind": kind.extensions[0], "regions": sorted(regions), "own": own, "on": on.isoformat(), "key": key.hex(),
    }  # fmt: skip
    try:
        return _Answer(name, kind, told).of(file, asked, seconds)
    except (_Unbelievable, ValueError, KeyError, TypeError):
        raise FileHeavy(name=name) from None


def _refuse_what_is_no_workbook(file: BinaryIO, name: str) -> None:
    file.seek(0)
    peek = file.read(_PEEK)
    if peek.startswith(_OLE) and _ENCRYPTED in peek:
        raise FileLocked(name=name)
    if kind_by_content(file) is not XLSX:
        raise FileContentRefused(name=name, kind=XLSX.word)


def _refuse_what_is_no_text(file: BinaryIO, name: str) -> None:
    if kind_by_content(file) is not None or _starts(file, _OLE) or _starts(file, b"PK\x03\x04"):
        raise FileContentRefused(name=name, kind=CSV.word)


def _starts(file: BinaryIO, sign: bytes) -> bool:
    file.seek(0)
    return file.read(len(sign)) == sign


class _Answer:
    """The answer of one process, line by line."""

    def __init__(self, name: str, kind: FileKind, told: Callable[[int], None]) -> None:
        self.name, self.kind, self.told = name, kind, told

    def of(self, file: BinaryIO, asked: Mapping[str, Any], seconds: float) -> Counted:
        reading, writing = os.pipe()
        with os.fdopen(writing, "wb") as pipe:
            pipe.write(json.dumps(asked).encode())  # a few thousand bytes: they fit into the pipe
        try:
            process = subprocess.Popen(  # noqa: S603 - our own program
                [sys.executable, "-I", "-c", PROGRAM, str(reading)],
                stdin=file, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env={}, cwd="/", pass_fds=(reading,),
                start_new_session=True,
            )  # fmt: skip
        finally:
            os.close(reading)
        with process:
            assert process.stdout is not None  # noqa: S101 - it was asked for
            limit = threading.Timer(seconds, _end, [process.pid])
            limit.start()
            try:
                return self._read(process.stdout)
            finally:
                limit.cancel()
                _end(process.pid)

    def _read(self, stream: IO[bytes]) -> Counted:
        while line := stream.readline(LONGEST_ANSWER):
            word, _blank, rest = line.decode("utf-8", "replace").rstrip("\n").partition(" ")
            match word:
                case "at":
                    self.told(int(rest))
                case "no":
                    raise self._refusal(*rest.partition(" ")[::2])
                case "is":
                    return _believed(json.loads(rest), self._marks(stream))
                case _:
                    break
        raise FileHeavy(name=self.name)  # the process was ended before it could answer

    def _refusal(self, code: str, cell: str) -> BadFile:
        if not (cell.isascii() and (cell.isalnum() or not cell) and len(cell) <= 12):
            raise _Unbelievable
        kind = LIST_REFUSALS.get(code, FileUnreadable)
        params: dict[str, Any] = {"name": self.name}
        if kind in {ListFormula, ListLine}:
            params["cell"] = cell or "1"
        if kind is FileContentRefused:
            params["kind"] = self.kind.word
        return kind(**params)

    def _marks(self, stream: IO[bytes]) -> "array[int]":
        word, _blank, rest = stream.readline(40).decode("ascii", "replace").partition(" ")
        size = int(rest)
        if word != "marks" or not 0 <= size <= MOST_ROWS * MARK or size % MARK:
            raise _Unbelievable
        data = stream.read(size)
        if len(data) != size:
            raise _Unbelievable
        return marks_in(data)


def marks_in(data: bytes) -> "array[int]":
    """Marks as they are stored, 8 bytes each with the highest first, as numbers."""
    found = array("Q")
    found.frombytes(data)
    if sys.byteorder == "little":
        found.byteswap()
    return found


def stored_marks(marks: "array[int]") -> bytes:
    """The same the other way round."""
    copy = array("Q", marks)
    if sys.byteorder == "little":
        copy.byteswap()
    return copy.tobytes()


def shared(mine: frozenset[int] | set[int], theirs: "array[int]") -> int:
    """How many marks two lists have in common."""
    return len(mine.intersection(theirs))


def _end(group: int) -> None:
    with suppress(ProcessLookupError):
        os.killpg(group, signal.SIGKILL)


def _believed(said: Any, marks: "array[int]") -> Counted:
    """The counts, with nothing in them but what they may hold. Raises `_Unbelievable`."""
    submitted, valid = _number(said["submitted"], MOST_ROWS), _number(said["valid"], MOST_ROWS)
    reasons = {str(reason): _number(said["reasons"][str(reason)], MOST_ROWS) for reason in Reason}
    whole = valid + sum(reasons.values()) == submitted and len(marks) in {0, valid}
    groups = {column: _group(column, said["groups"][column]) for column in GROUPS if column in said["groups"]}
    if not whole or any(_sum(group) != [submitted, valid] for group in groups.values()):
        raise _Unbelievable
    as_figure = _number(said["as_figure"], submitted)
    counts = {
        "submitted": submitted, "valid": valid, "as_figure": as_figure, "reasons": reasons, "groups": groups,
    }  # fmt: skip
    return Counted(counts, marks)


def _group(column: str, said: Any) -> dict[str, Any]:
    named = []
    for name, records, valid in said["named"]:
        if not isinstance(name, str) or not name or len(name) > LONGEST:
            raise _Unbelievable
        # A code stands for itself; words of a list must still be words that may be kept.
        if column not in {"segment", "gender"} and group_of(column, name) != name:
            raise _Unbelievable
        named.append([name, _number(records, MOST_ROWS, least=SMALLEST), _number(valid, MOST_ROWS)])
    others = [_number(one, MOST_ROWS) for one in said["others"]]
    if len(named) > MOST_GROUPS or len(others) != 2:
        raise _Unbelievable
    return {"named": named, "others": others}


def _sum(group: Mapping[str, Any]) -> list[int]:
    rows = [*(row[1:] for row in group["named"]), group["others"]]
    return [sum(row[place] for row in rows) for place in (0, 1)]


def _number(value: Any, most: int, *, least: int = 0) -> int:
    if type(value) is not int or not least <= value <= most:
        raise _Unbelievable
    return value
