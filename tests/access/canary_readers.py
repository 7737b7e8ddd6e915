"""How the crawl reads: what stands inside answers, pictures, letters, logs and tables, however it is wrapped."""

import base64
import hashlib
import io
import json
import re
import zipfile
from collections.abc import Iterable, Iterator
from email.message import EmailMessage
from pathlib import Path

import pypdfium2
from flask import Flask
from PIL import Image, UnidentifiedImageError
from pypdfium2 import raw
from sqlalchemy import inspect

from paritrana.core.identity import shaped
from paritrana.database import db

PICTURE_BEGINS = (b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n")
EXIF_PARTS = (0x8769, 0x8825, 0xA005)  # what the camera did, where it was, what other programs should know
# 16 digits in a row, or in the groups in which people write them; never a part of a longer word.
NUMBER = re.compile(
    rb"(?<![0-9A-Za-z])\d{16}(?![0-9A-Za-z])|(?<![0-9A-Za-z.-])\d{2,6}(?:[ .-]\d{2,6}){2,4}(?![0-9A-Za-z.-])"
)
TITLE = re.compile(rb"<title>(.*?)</title>", re.DOTALL)
ADDRESS = re.compile(rb"(?:href|src|action|formaction)=\"([^\"]*)\"")

Cell = tuple[str, bytes]  # "table.column", content


# Answers --------------------------------------------------------------------------------------------------------------


def parts(body: bytes) -> Iterator[bytes]:
    """The bytes of an answer and of everything inside it."""
    yield body
    if body.startswith(b"PK\x03\x04"):
        with zipfile.ZipFile(io.BytesIO(body)) as archive:
            for name in archive.namelist():
                yield name.encode()
                yield from parts(archive.read(name))
    elif body.startswith(b"%PDF"):
        yield from _inside_pdf(body)
    elif body.startswith(PICTURE_BEGINS):
        yield from notes_of(body)


def packed(body: bytes) -> bool:
    """Whether something stands inside these bytes that does not stand there in plain text."""
    return body.startswith((b"PK\x03\x04", b"%PDF", *PICTURE_BEGINS))


def _inside_pdf(body: bytes) -> Iterator[bytes]:
    document = pypdfium2.PdfDocument(body)
    try:
        yield repr(document.get_metadata_dict()).encode()
        for page in document:
            text = page.get_textpage()
            yield text.get_text_range().encode()
            text.close()
            for one in page.get_objects(filter=[raw.FPDF_PAGEOBJ_IMAGE]):
                picture = bytes(one.get_data(decode_simple=True))
                if picture.startswith(PICTURE_BEGINS):
                    yield from parts(picture)
            page.close()
    finally:
        document.close()


def notes_of(picture: bytes) -> Iterator[bytes]:
    """What stands in a picture beside its pixels: notes of the camera and of programs, comments, texts."""
    try:
        opened = Image.open(io.BytesIO(picture))
        opened.load()
    except (UnidentifiedImageError, OSError, SyntaxError):
        return
    notes = opened.getexif()
    found: list[object] = [*notes.values(), *opened.info.values()]
    for part in EXIF_PARTS:
        found += notes.get_ifd(part).values()
    for value in found:
        if isinstance(value, bytes):
            yield value
            yield value.decode("utf-16-le", "ignore").encode("utf-8", "ignore")
        else:
            yield str(value).encode("utf-8", "ignore")


def titles(body: bytes) -> list[bytes]:
    """The titles of a page: they stand in tabs, histories and bookmarks."""
    return TITLE.findall(body)


def links(body: bytes) -> list[bytes]:
    """Every address that a page leads or sends to."""
    return ADDRESS.findall(body)


# Letters --------------------------------------------------------------------------------------------------------------


def heads_of(letter: EmailMessage) -> bytes:
    """Every head of a letter but the one with the recipient, decoded."""
    return "\n".join(f"{name}: {value}" for name, value in letter.items() if name.lower() != "to").encode()


def text_of_letter(letter: EmailMessage) -> bytes:
    """The text of every part of a letter."""
    found = [part.get_content() for part in letter.walk() if not part.is_multipart()]
    return "\n".join(one if isinstance(one, str) else repr(one) for one in found).encode()


# Logs -----------------------------------------------------------------------------------------------------------------


class Tail:
    """Reads what files of a folder gained since it was last asked."""

    def __init__(self, folder: Path, pattern: str) -> None:
        self.folder, self.pattern = folder, pattern
        self.read: dict[Path, int] = {}
        self.lines()

    def lines(self) -> list[str]:
        """The lines that came since the last call."""
        found: list[str] = []
        for path in sorted(self.folder.glob(self.pattern)):
            with path.open("rb") as file:
                file.seek(self.read.get(path, 0))
                fresh = file.read()
                self.read[path] = file.tell()
            found += fresh.decode("utf-8", "replace").splitlines()
        return found


# Tables ---------------------------------------------------------------------------------------------------------------


def cells(app: Flask) -> list[Cell]:
    """Every value of every column of every table of the application's database, as in a dump of it."""
    found: list[Cell] = []
    with app.app_context(), db.engine.connect() as connection:
        for table in sorted(inspect(connection).get_table_names()):
            asked = connection.exec_driver_sql(f'SELECT * FROM "{table}"')
            columns = list(asked.keys())
            for row in asked:
                for column, value in zip(columns, row, strict=True):
                    if value is not None:
                        found.append((f"{table}.{column}", _bytes(value)))
    return found


def _bytes(value: object) -> bytes:
    if isinstance(value, dict | list):  # PostgreSQL gives documents unpacked
        return json.dumps(value, ensure_ascii=False).encode()
    return bytes(value) if isinstance(value, bytes | memoryview) else str(value).encode()


def disguises(secret: str, *, hashed: bool) -> tuple[bytes, ...]:
    """A secret as it stands, and in every shape that can be undone: coded, or hashed where few secrets are possible."""
    plain = secret.encode()
    shapes = (
        plain,
        plain.hex().encode(),
        secret.encode("utf-16-le"),
        base64.b64encode(plain).rstrip(b"="),
        plain[::-1],
    )
    if not hashed:
        return shapes
    hashes = [hashlib.new(name, plain).digest() for name in ("sha256", "sha512", "sha1", "md5")]
    return (
        *shapes, *hashes, *(one.hex().encode() for one in hashes),
        *(base64.b64encode(one).rstrip(b"=") for one in hashes),
    )  # fmt: skip


def grouped(number: str) -> tuple[str, ...]:
    """An identity number in the groups in which people write it."""
    cuts = ((6, 12), (4, 8, 12), (2, 4, 6, 12))
    return (
        number,
        *(
            sign.join(number[begin:end] for begin, end in zip((0, *cut), (*cut, 16), strict=True))
            for cut in cuts
            for sign in " .-"
        ),
    )


def at_rest(found: Iterable[Cell], secrets: Iterable[str], *, hashed: bool = True) -> list[tuple[str, str]]:
    """The columns in which one of these secrets stands in any shape, each with the secret.

    Not `hashed`: of secrets that nobody can guess, a hash without a key may stand there.
    """
    shapes = [(secret, disguises(secret, hashed=hashed)) for secret in secrets]
    return sorted(
        {(place, secret) for place, value in found for secret, every in shapes if any(one in value for one in every)}
    )


def numbers_at_rest(found: Iterable[Cell]) -> list[tuple[str, str]]:
    """The columns in which something stands that looks like an identity number, each with what stands there."""
    return sorted(
        {(place, number) for place, value in found for one in NUMBER.findall(value) for number in shaped(one.decode())}
    )
