"""Tables as files: cells that no spreadsheet program takes for a formula, and files that are whole before they leave.

The CSV form is the one that a spreadsheet program set to Indonesia opens by a double click: UTF-8 with a byte-order
mark, fields parted by `;`, decimals with a comma, lines ended by CR LF. Programs read the JSON form instead.
"""

import base64
import csv
import hashlib
import io
import re
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal
from functools import lru_cache
from typing import IO

from flask import Response

MARK = "'"
_FORMULA = re.compile(r"\s*[=+\-@＝＋－＠\t\r\n|%]")
_NUMBER = re.compile(r"\s*[0-9][0-9\s.,:/eE+%-]*")
_BATCH = 500  # rows that are encoded at once
_PIECE = 64 * 1024  # bytes that are sent at once


@lru_cache(maxsize=8192)
def cell(text: str) -> str:
    """A text as a cell: what could be a formula, a number, a date or a time is led by an apostrophe and stays text.

    A text that begins with an apostrophe gets one more, so that `text_of` always gives the text back.
    """
    return MARK + text if text.startswith(MARK) or _FORMULA.match(text) or _NUMBER.fullmatch(text) else text


def text_of(written: str) -> str:
    """The text of a cell that `cell` wrote."""
    return written[1:] if written.startswith(MARK) else written


def number_cell(value: Decimal | int | None) -> str:
    """A number as a cell, with a decimal comma; empty for nothing."""
    return "" if value is None else format(value, "f" if isinstance(value, Decimal) else "d").replace(".", ",")


class Spool:
    """A file that grows on the disk, not in memory, and knows its length and digest.

    It is whole before its first byte is sent: a slow receiver holds no transaction open, and a fault on the way is an
    error page, not half a file.
    """

    def __init__(self) -> None:
        self.file: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 - closed with the answer
        self.size = 0
        self._digest = hashlib.sha256()

    def write(self, piece: bytes) -> None:
        """Append bytes."""
        self.file.write(piece)
        self._digest.update(piece)
        self.size += len(piece)

    def copy(self, file: IO[bytes]) -> None:
        """Append a whole file, from its beginning."""
        file.seek(0)
        while piece := file.read(_PIECE):
            self.write(piece)

    @property
    def sha256(self) -> str:
        """The digest of what is written so far, in hexadecimal digits."""
        return self._digest.hexdigest()

    def write_csv(self, rows: Iterable[Sequence[str]]) -> int:
        """Append rows of finished cells; tells how many."""
        buffer = io.StringIO()
        writer = csv.writer(buffer, delimiter=";", lineterminator="\r\n")
        count = 0
        for row in rows:
            writer.writerow(row)
            count += 1
            if count % _BATCH == 0:
                self._take(buffer)
        self._take(buffer)
        return count

    def _take(self, buffer: io.StringIO) -> None:
        self.write(buffer.getvalue().encode())
        buffer.seek(0)
        buffer.truncate()

    def answer(self, name: str, mimetype: str, **headers: str) -> Response:
        """The download `name` with its length and its digest (`Repr-Digest`, RFC 9530)."""
        answer = Response(self._pieces(), mimetype=mimetype)
        answer.call_on_close(self.close)
        answer.content_length = self.size
        answer.headers["Content-Disposition"] = f'attachment; filename="{name}"'
        encoded = base64.b64encode(self._digest.digest()).decode()
        answer.headers["Repr-Digest"] = f"sha-256=:{encoded}:"
        for header, value in headers.items():
            answer.headers[header.replace("_", "-")] = value
        return answer

    def _pieces(self) -> Iterator[bytes]:
        self.file.seek(0)
        while piece := self.file.read(_PIECE):
            yield piece

    def close(self) -> None:
        """Throw the file away."""
        self.file.close()

    __del__ = close  # of an answer that nobody fetched
