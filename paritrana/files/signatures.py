"""The first look at the content of a file: does it begin, and a workbook also end, like its kind? Nothing is parsed."""

import os
import struct
from typing import BinaryIO, Final

from paritrana.core.filetypes import JPEG, PDF, PNG, XLSX, FileKind

_BEGINNINGS: Final = ((PDF, b"%PDF-"), (JPEG, b"\xff\xd8\xff"), (PNG, b"\x89PNG\r\n\x1a\n"), (XLSX, b"PK\x03\x04"))
_MOST_MEMBERS: Final = 2000
_LARGEST_DIRECTORY: Final = 512 * 1024  # bytes; 2,000 members need less than half
_END_RECORD: Final = struct.Struct("<4s4H2LH")
_MEMBER: Final = struct.Struct("<4s6H3L5H2L")
_LONGEST_COMMENT: Final = 65_535


def kind_by_content(file: BinaryIO) -> FileKind | None:
    """The kind whose signature the file carries, or None; `file` can be positioned and is left anywhere."""
    file.seek(0)
    beginning = file.read(8)
    for kind, signature in _BEGINNINGS:
        if beginning.startswith(signature):
            return kind if kind is not XLSX or _is_workbook(_member_names(file)) else None
    return None


def _is_workbook(names: list[bytes]) -> bool:
    return b"[Content_Types].xml" in names and any(name.startswith(b"xl/") for name in names)


def _member_names(file: BinaryIO) -> list[bytes]:
    """The names in the directory of a ZIP archive; none when the directory is not the plain one of a workbook."""
    size = file.seek(0, os.SEEK_END)
    file.seek(max(0, size - _END_RECORD.size - _LONGEST_COMMENT))
    tail = file.read(_END_RECORD.size + _LONGEST_COMMENT)
    at = tail.rfind(b"PK\x05\x06")
    if at < 0 or len(tail) - at < _END_RECORD.size:
        return []
    record = _END_RECORD.unpack_from(tail, at)
    members, length, start = record[4], record[5], record[6]
    if members > _MOST_MEMBERS or length > _LARGEST_DIRECTORY:
        return []
    file.seek(start)
    directory = file.read(length)
    names, at = [], 0
    for _ in range(members):
        if len(directory) - at < _MEMBER.size or directory[at : at + 4] != b"PK\x01\x02":
            return []
        name, extra, comment = _MEMBER.unpack_from(directory, at)[10:13]
        names.append(directory[at + _MEMBER.size : at + _MEMBER.size + name])
        at += _MEMBER.size + name + extra + comment
    return names
