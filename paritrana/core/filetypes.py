"""Which files are taken, how large each may be, and which names a file may carry.

A file is judged by its content; its name has to agree. A name is words for people only: it never becomes a path.
"""

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from paritrana.core.errors import BadInput
from paritrana.core.quantities import FileSize
from paritrana.core.words import N_

MEBIBYTE: Final = 1024 * 1024
LONGEST_NAME: Final = 200  # characters
# Signs that turn the direction of writing round, so that "gpj.exe" can be made to look like "exe.jpg".
DIRECTION: Final = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
# Unicode's categories of control characters, halves of pairs, and line and paragraph ends.
UNPRINTABLE: Final = frozenset({"Cc", "Cs", "Zl", "Zp"})


@dataclass(frozen=True, slots=True)
class FileKind:
    """A kind of file: its word for people, its media type, the ends of its names and its limit in bytes."""

    word: str
    media_type: str
    extensions: tuple[str, ...]
    limit: int


PDF: Final = FileKind("PDF", "application/pdf", ("pdf",), 25 * MEBIBYTE)
JPEG: Final = FileKind("JPG", "image/jpeg", ("jpg", "jpeg"), 10 * MEBIBYTE)
PNG: Final = FileKind("PNG", "image/png", ("png",), 10 * MEBIBYTE)
XLSX: Final = FileKind(
    "XLSX", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", ("xlsx",), 10 * MEBIBYTE
)
CSV: Final = FileKind("CSV", "text/csv", ("csv",), 200 * MEBIBYTE)  # for lists only, never evidence
KINDS: Final = (PDF, JPEG, PNG, XLSX)
PICTURES: Final = frozenset({JPEG.media_type, PNG.media_type})
BY_EXTENSION: Final[Mapping[str, FileKind]] = {end: kind for kind in KINDS for end in kind.extensions}
BY_MEDIA_TYPE: Final[Mapping[str, FileKind]] = {kind.media_type: kind for kind in KINDS}


class BadFile(BadInput):
    """A file that is not taken. Params: `name`, the name as it may be shown."""

    code = "bad_file"
    message = N_("%(name)s cannot be read. Choose another file.")


class FileNameMissing(BadFile):
    """No file was chosen, or it came without a name."""

    code = "file_name_missing"
    message = N_("Choose a file.")


class FileNameLong(BadFile):
    """The name has more characters than a page can show. Params: `limit`."""

    code = "file_name_long"
    message = N_("The name of the file is longer than %(limit)s characters. Shorten it and choose the file again.")


class FileNameUnreadable(BadFile):
    """The name holds control characters or signs that turn the direction of writing."""

    code = "file_name_unreadable"
    message = N_("The name %(name)s holds characters that cannot be shown. Rename the file and choose it again.")


class FileTypeRefused(BadFile):
    """The name does not end like a kind of file that is taken."""

    code = "file_type"
    status = 415
    message = N_("%(name)s: choose a PDF, JPG, PNG or XLSX")


class FileContentRefused(FileTypeRefused):
    """The content is not of the kind that the name or the browser says. Params: `kind`."""

    code = "file_content"
    message = N_("The content of %(name)s is not %(kind)s. Save the document as %(kind)s and choose it again.")


class FileEmpty(BadFile):
    """The file has no bytes."""

    code = "file_empty"
    message = N_("%(name)s is empty. Open it to check, then choose it again.")


class FileTooLarge(BadFile):
    """The file is over the limit of its kind. Params: `size`, `limit`."""

    code = "file_size"
    status = 413
    message = N_("%(name)s is %(size)s. The limit is %(limit)s. Reduce the scan or split the file.")

    def __init__(self, detail: str = "", /, *, name: str, size: int, limit: int) -> None:
        super().__init__(detail, name=name, size=FileSize(size), limit=FileSize(limit))


class UploadCut(BadFile):
    """Fewer bytes came than were announced. Params: `percent`, text such as `62%`."""

    code = "upload_cut"
    status = 400
    message = N_("Upload of %(name)s stopped at %(percent)s. Continue from there.")


def display_name(filename: str | None) -> str:
    """The name of a file as pages show it: composed characters (NFC), without folders and outer blanks.

    Raises `FileNameMissing`, `FileNameLong` or `FileNameUnreadable`.
    """
    name = unicodedata.normalize("NFC", filename or "").replace("\\", "/").rpartition("/")[2].strip(" ")
    if not name:
        raise FileNameMissing()
    if len(name) > LONGEST_NAME:
        raise FileNameLong(limit=LONGEST_NAME)
    if any(_unshowable(character) for character in name):
        shown = "".join("\N{REPLACEMENT CHARACTER}" if _unshowable(character) else character for character in name)
        raise FileNameUnreadable(name=shown)
    return name


def _unshowable(character: str) -> bool:
    return character in DIRECTION or unicodedata.category(character) in UNPRINTABLE


def kind_by_name(name: str) -> FileKind:
    """The kind that the end of a display name announces, in capital or small letters; raises `FileTypeRefused`."""
    _, point, end = name.rpartition(".")
    kind = BY_EXTENSION.get(end.lower()) if point and end.isascii() else None
    if kind is None:
        raise FileTypeRefused(name=name)
    return kind
