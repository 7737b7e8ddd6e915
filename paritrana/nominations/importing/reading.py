"""A workbook as it came in: the look at its archive, the process that reads it, and what that process is believed."""

import io
import json
import os
import signal
import subprocess
import sys
import tempfile
import zipfile
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final

from paritrana.core.errors import BadInput
from paritrana.core.filetypes import MEBIBYTE, XLSX
from paritrana.core.quantities import FileSize
from paritrana.core.words import N_

SECONDS: Final = 30  # by the clock on the wall
MOST_MEMBERS: Final = 2000
MOST_UNPACKED: Final = 128 * MEBIBYTE
MOST_RATIO: Final = 100
LONGEST_ANSWER: Final = 32 * MEBIBYTE
# What a table has no need of: programs, links to other files, connections, and files inside the file.
REFUSED_PARTS: Final = ("vbaproject", "macrosheets/", "externallinks/", "connections.xml", "embeddings/", "activex/")


class NotWorkbook(BadInput):
    """The file is no workbook. Params: `name`."""

    code = "not_workbook"
    status = 415
    message = N_("%(name)s is not an XLSX workbook. Download the template, fill it in and choose it again.")


class UnsafeWorkbook(BadInput):
    """The workbook carries more than tables. Params: `name`."""

    code = "unsafe_workbook"
    message = N_("%(name)s holds macros, links or embedded objects. Copy the values into a new template.")


class HeavyWorkbook(BadInput):
    """The workbook is larger than can be read. Params: `name`, `limit`."""

    code = "heavy_workbook"
    status = 413
    message = N_("%(name)s is too large to be read. The limit is %(limit)s, unpacked. Split it into several files.")


@dataclass(frozen=True, slots=True)
class Cell:
    """A filled cell: column from 1, type as in `workbook`, and its text."""

    column: int
    kind: str
    text: str


@dataclass(frozen=True, slots=True)
class Table:
    """A sheet as it came in: filled cells by row, and what is hidden."""

    name: str
    hidden: bool
    hidden_rows: tuple[int, ...]
    hidden_columns: tuple[int, ...]
    rows: dict[int, tuple[Cell, ...]]


def read_workbook(data: bytes, name: str) -> list[Table]:
    """The tables of a workbook. Raises `NotWorkbook`, `UnsafeWorkbook` or `HeavyWorkbook`."""
    check_archive(data, name)
    answer = _asked(data)
    try:
        said: dict[str, Any] = json.loads(answer) if len(answer) <= LONGEST_ANSWER else {"problem": "heavy"}
    except ValueError:  # the process was ended before it could answer
        said = {"problem": "heavy"}
    match said.get("problem"):
        case None:
            return [_table(one) for one in said["sheets"]]
        case "unsafe":
            raise UnsafeWorkbook(name=name)
        case "unreadable":
            raise NotWorkbook(name=name)
    raise _heavy(name)


def check_archive(data: bytes, name: str) -> None:
    """The look at the directory of the archive, before anything is unpacked. Raises like `read_workbook`."""
    if len(data) > XLSX.limit:
        raise _heavy(name)
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            members = archive.infolist()
    except (zipfile.BadZipFile, ValueError, NotImplementedError):
        raise NotWorkbook(name=name) from None
    names = [member.filename for member in members]
    if not {"[Content_Types].xml", "xl/workbook.xml"} <= set(names) or len(set(names)) != len(names):
        raise NotWorkbook(name=name)
    unpacked = sum(member.file_size for member in members)
    if len(members) > MOST_MEMBERS or unpacked > min(MOST_UNPACKED, MOST_RATIO * len(data)):
        raise _heavy(name)
    for member in members:
        encrypted, odd = member.flag_bits & 1, member.compress_type not in {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}
        if encrypted or odd or any(part in member.filename.lower() for part in REFUSED_PARTS):
            raise UnsafeWorkbook(name=name)


def _heavy(name: str) -> HeavyWorkbook:
    return HeavyWorkbook(name=name, limit=FileSize(MOST_UNPACKED))


def _asked(data: bytes) -> bytes:
    """What the process answers; nothing, where it had to be ended."""
    code = "from paritrana.nominations.importing.workbook import main; main()"
    with tempfile.TemporaryFile() as file:
        file.write(data)
        file.seek(0)
        with subprocess.Popen(  # noqa: S603 - our own program
            [sys.executable, "-I", "-c", code], stdin=file, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env={},
            cwd="/", close_fds=True, start_new_session=True,
        ) as process:  # fmt: skip
            try:
                return process.communicate(timeout=SECONDS)[0]
            except subprocess.TimeoutExpired:
                return b""
            finally:
                with suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)


def _table(said: dict[str, Any]) -> Table:
    return Table(
        name=str(said["name"]),
        hidden=bool(said["hidden"]),
        hidden_rows=tuple(int(no) for no in said["hidden_rows"]),
        hidden_columns=tuple(int(no) for no in said["hidden_columns"]),
        rows={
            int(row): tuple(Cell(int(column), str(kind), str(text)) for column, kind, text in cells)
            for row, cells in said["rows"]
        },
    )
