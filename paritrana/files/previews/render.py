"""Draws the pages of one file and counts the identity numbers in its text, alone in a process of its own.

The process is limited before it reads the first byte:

    python -I -c "from paritrana.files.previews.render import main; main()" KIND PAGES < document > frames

The answer is a line `numbers N` for a file with text and a line `pages N` for one with pages, then for each page a line
`page NO WIDTH HEIGHT SIZE` and so many bytes of JPEG, then a line `end PROBLEM`. Whoever reads it trusts nothing of it:
the document may have taken this process over.
"""

import io
import re
import resource
import sys
import zipfile
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from typing import Any, BinaryIO, Final

from PIL import Image, ImageOps

from paritrana.core.identity import shaped
from paritrana.files.limits import limits

MEMORY: Final = 768 * 1024 * 1024  # bytes
CPU: Final = 60  # seconds
MOST_PIXELS: Final = 40_000_000  # of a picture that is drawn anew
WIDTH, HEIGHT = 1400, 7000  # pixels, at most
QUALITY: Final = 80
ENLARGED: Final = 4  # at most; a stamp is not blown up to a whole page

MOST_NUMBERS: Final = 999_999
LARGEST_MEMBER: Final = 128 * 1024 * 1024  # bytes of a workbook's unpacked part
TEXTS: Final = re.compile(r"xl/(?:sharedstrings|worksheets/[^/]+|comments[^/]*|drawings/[^/]+)\.xml", re.IGNORECASE)
TEXT: Final = re.compile(rb"<(?:\w+:)?(v|t|f)(?:\s[^>]*)?>([^<]*)<")
ROUNDED: Final = re.compile(r"\d(?:\.\d{1,15})?E\+?15", re.IGNORECASE)

# What the process may use: nothing is written, nothing is started.
LIMITS: Final = limits(memory=MEMORY, cpu=CPU, files=32)


def main(
    arguments: Sequence[str] = tuple(sys.argv[1:]),
    source: BinaryIO = sys.stdin.buffer,
    target: BinaryIO = sys.stdout.buffer,
    limit: Callable[[int, tuple[int, int]], None] = resource.setrlimit,
) -> None:
    """Limit this process, then read what comes in. `arguments`: `pdf`, `image` or `workbook`; most pages."""
    for what, most in LIMITS:
        limit(what, (most, most))
    data = source.read()
    try:
        match arguments[0]:
            case "pdf":
                problem = draw_document(data, target, most_pages=int(arguments[1]))
            case "workbook":
                problem = read_workbook(data, target)
            case _:
                problem = draw_picture(data, target)
    except MemoryError:
        problem = "heavy"
    target.write(f"end {problem}\n".encode())
    target.flush()


def draw_document(data: bytes, target: BinaryIO, *, most_pages: int) -> str:
    """Draw the first pages of a PDF; gives the problem, `-` for none."""
    import pypdfium2

    try:
        document = pypdfium2.PdfDocument(data)
    except pypdfium2.PdfiumError as fault:
        return "locked" if "password" in str(fault).lower() else "unreadable"
    count = len(document)
    _tell_numbers(_texts_of(document), target)
    document.init_forms()  # or what was typed into a form would not be seen
    target.write(f"pages {count}\n".encode())
    for no in range(min(count, most_pages)):
        try:
            page = document[no]
            wide, high = page.get_size()
            scale = min(WIDTH / max(wide, 1), HEIGHT / max(high, 1), ENLARGED)
            picture = page.render(scale=scale).to_pil()
        except pypdfium2.PdfiumError:
            picture = Image.new("RGB", (WIDTH, WIDTH), "white")  # the other pages may well be whole
        _send(no + 1, picture, target)
    return "long" if count > most_pages else "-"


def read_workbook(data: bytes, target: BinaryIO) -> str:
    """Count what a workbook holds, cell by cell; it has no pages to draw."""
    _tell_numbers(_cells_of(data), target)
    return "no_pages"


def _tell_numbers(texts: Iterator[str], target: BinaryIO) -> None:
    """Tell how many different identity numbers some texts seem to hold; the numbers themselves stay here and end here.

    A file that breaks off counts as far as it can be read.
    """
    found: set[str] = set()
    for text in texts:
        found.update(shaped(text))
    target.write(f"numbers {min(len(found), MOST_NUMBERS)}\n".encode())
    target.flush()


def _texts_of(document: Any) -> Iterator[str]:
    """The text of each page that can be read."""
    import pypdfium2

    for no in range(len(document)):
        with suppress(pypdfium2.PdfiumError):
            yield document[no].get_textpage().get_text_bounded()


def _cells_of(data: bytes) -> Iterator[str]:
    """What stands in the cells, notes and drawings of a workbook, each by itself."""
    broken = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, OSError, RuntimeError, ValueError)
    with suppress(*broken), zipfile.ZipFile(io.BytesIO(data)) as archive:
        for member in archive.infolist():
            if not TEXTS.fullmatch(member.filename):
                continue
            with archive.open(member) as file:
                content = file.read(LARGEST_MEMBER)
            for found in TEXT.finditer(content):
                text = found[2].decode("utf-8", "replace")
                # A number of 16 digits that was typed as a figure stands there as a power of ten.
                yield f"{float(text):.0f}" if found[1] == b"v" and ROUNDED.fullmatch(text) else text


def draw_picture(data: bytes, target: BinaryIO) -> str:
    """Draw a photo or a scan anew, upright and without what the camera noted; gives the problem, `-` for none."""
    try:
        picture = Image.open(io.BytesIO(data), formats=("JPEG", "PNG"))
        if picture.width * picture.height > MOST_PIXELS:
            return "heavy"
        picture.draft("RGB", (WIDTH, HEIGHT))  # a JPEG is decoded no larger than it is shown
        upright = ImageOps.exif_transpose(picture)
        upright.load()
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError):
        return "unreadable"
    target.write(b"pages 1\n")
    upright.thumbnail((WIDTH, HEIGHT))
    _send(1, upright, target)
    return "-"


def _send(no: int, picture: Image.Image, target: BinaryIO) -> None:
    if picture.mode in {"RGBA", "LA", "PA", "P"}:  # what is transparent lies on white paper
        over = picture.convert("RGBA")
        picture = Image.new("RGB", over.size, "white")
        picture.paste(over, mask=over.getchannel("A"))
    file = io.BytesIO()
    Image.frombytes("RGB", picture.size, picture.convert("RGB").tobytes()).save(file, "JPEG", quality=QUALITY)
    data = file.getvalue()
    target.write(f"page {no} {picture.width} {picture.height} {len(data)}\n".encode())
    target.write(data)
    target.flush()
