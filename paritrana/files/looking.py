"""Looks at one file as security asks; runs alone in a process of its own that is limited before it reads a byte.

    python -I -c "from paritrana.files.looking import main; main()" MEDIA_TYPE < file > answer

The answer is one JSON object: `{"code": ""}` for a file that is taken, else the code of a refusal in `core.filechecks`.
Whoever reads it trusts nothing of it: the file may have taken this process over.
"""

import html
import io
import json
import re
import resource
import stat
import struct
import sys
import zipfile
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final
from xml.parsers import expat

from paritrana.files.limits import limits

MEMORY: Final = 512 * 1024 * 1024  # bytes
CPU: Final = 4  # seconds
LIMITS: Final = limits(memory=MEMORY, cpu=CPU)
MOST_PAGES: Final = 1000
LARGEST_SIDE: Final = 14_400  # points
MOST_PIXELS: Final = 40_000_000
LONGEST_SIDE: Final = 12_000  # pixels
MOST_MEMBERS: Final = 2000
MOST_UNPACKED: Final = 128 * 1024 * 1024  # bytes
MOST_RATIO: Final = 100
SMALL: Final = 64 * 1024  # bytes; a member that unpacks to less is never a bomb
MOST_DEPTH: Final = 60  # of dictionaries in dictionaries

ACTIVE: Final = frozenset({
    "/JavaScript", "/Launch", "/SubmitForm", "/ImportData", "/GoToR", "/GoToE", "/Rendition", "/Movie", "/Sound",
    "/RichMediaExecute", "/GoTo3DView",
})  # fmt: skip
RICH: Final = frozenset({"/RichMedia", "/FileAttachment", "/3D", "/Movie", "/Screen", "/Sound"})
MACROS: Final = re.compile(
    r"vbaproject|vbadata|/activex|/macrosheets/|/dialogsheets/|/ctrlprops/|customui", re.IGNORECASE
)
OUTSIDE: Final = re.compile(r"^xl/(externallinks/|connections\.xml|querytables/|model/)", re.IGNORECASE)
EMBEDDED: Final = re.compile(r"/embeddings/|oleobject", re.IGNORECASE)
# Wherever a formula may stand: cells, conditions, checks of what is typed, names, columns of tables.
FORMULA: Final = re.compile(
    rb"<(?:[^\s<>/:!?]+:)?(?:f|formula[12]?|definedName|calculatedColumnFormula|totalsRowFormula)(?=[\s>])[^>]*>([^<]*)<",
    re.IGNORECASE,
)
TEXT: Final = re.compile(r'"[^"]*"')  # in a formula
REACHING: Final = re.compile(r"WEBSERVICE|FILTERXML|\bRTD\(|\bCALL\(|REGISTER|file:|https?:", re.IGNORECASE)
# A program and its topic (DDE), or a sheet of a numbered or named other workbook; a column of a table names no sheet.
OTHER: Final = re.compile(
    r"\||'[^']*\[\d+\]|\[\d+\][^\[\]()+\-*/^&=<>,;:\"'\s]*!|\.(?:xl[a-z]{1,2}|csv|ods|dbf|txt|mdb)\]", re.IGNORECASE
)
# Ends of the types of parts and of relations to them.
MACRO_TYPES: Final = re.compile(
    r"macroEnabled|vbaProject|vbaData|activeX|/control$|ctrlProp|macrosheet|dialogsheet|extensibility|customUI",
    re.IGNORECASE,
)
OUTSIDE_TYPES: Final = re.compile(
    r"externalLink|/connections$|connections\+xml|queryTable|attachedTemplate|/powerPivotData", re.IGNORECASE
)
EMBEDDED_TYPES: Final = re.compile(r"oleObject|/package$|\.embedd", re.IGNORECASE)
WEB: Final = re.compile(r"\s*(?:https?://|mailto:)", re.IGNORECASE)
# What stands beside elements and text, and text that needs no signs; read from left to right.
ASIDE: Final = re.compile(rb"<!--.*?-->|<\?.*?\?>|<!\[CDATA\[(.*?)\]\]>", re.DOTALL)
CODING: Final = re.compile(rb"<\?xml[^>]*?encoding\s*=\s*[\"']([^\"'>]*)")
BLANK: Final = b"\xef\xbb\xbf \t\r\n"
_DESCRIPTIONS: Final = (12, 16, 20, 24)  # bytes behind a member that tell its size, where its header does not
_END: Final = struct.Struct("<4s4H2LH")
_ENTRY: Final = struct.Struct("<4s6H3L5H2L")
_LOCAL: Final = struct.Struct("<4s5H3L2H")


class Refused(Exception):
    """The file is not taken; the argument is the code."""


def main() -> None:  # pragma: no cover - it would limit the process that measures; tests start it as its own
    """Limit this process, look at standard input, answer on standard output."""
    look = LOOKS[sys.argv[1]]
    for what, most in LIMITS:
        resource.setrlimit(what, (most, most))
    sys.stdout.write(json.dumps({"code": verdict(look, sys.stdin.buffer.read())}))
    sys.stdout.flush()


def verdict(look: Callable[[bytes], None], data: bytes) -> str:
    """What one of `LOOKS` says of some bytes: empty for a file that is taken, else the code of a refusal."""
    try:
        look(data)
    except Refused as refused:
        return str(refused)
    except MemoryError:
        return "file_heavy"
    except Exception:
        return "file_unreadable"
    return ""


def look_at_pdf(data: bytes) -> None:
    """One document from the first byte to the last, open to all, with nothing in it that acts. Raises `Refused`."""
    import pikepdf
    import pypdfium2

    end = data.rfind(b"%%EOF")
    if end < 0:
        raise Refused("file_unreadable")
    if data[end + 5 :].strip(b"\r\n\t \x00"):
        raise Refused("file_trailing")
    try:
        document = pypdfium2.PdfDocument(data)
    except pypdfium2.PdfiumError as fault:
        raise Refused("file_locked" if "password" in str(fault).lower() else "file_unreadable") from None
    if not 0 < len(document) <= MOST_PAGES:
        raise Refused("file_pages" if len(document) else "file_unreadable")
    for no in range(len(document)):
        if max(document.get_page_size(no)) > LARGEST_SIDE:
            raise Refused("file_page_size")
    whole = pikepdf.open(io.BytesIO(data), suppress_warnings=True)
    for one in whole.objects:
        _look_at_object(one, pikepdf, 0)


def _look_at_object(one: Any, pikepdf: Any, depth: int) -> None:
    """A dictionary, an array or a stream, with what stands directly in it; what it refers to is looked at by itself."""
    if depth > MOST_DEPTH:
        raise Refused("file_heavy")
    if isinstance(one, pikepdf.Array):
        for item in one.as_list():
            if not getattr(item, "is_indirect", False) and isinstance(item, pikepdf.Object):
                _look_at_object(item, pikepdf, depth + 1)
        return
    if not isinstance(one, pikepdf.Dictionary | pikepdf.Stream):
        return
    keys = set(one.keys())
    if keys & {"/XFA"}:
        raise Refused("file_active")
    if keys & {"/EmbeddedFiles", "/EF"} or one.get("/Type") == "/EmbeddedFile":
        raise Refused("file_embeds")
    if keys & {"/JS", "/JavaScript"} or str(one.get("/S")) in ACTIVE:
        raise Refused("file_active")
    if str(one.get("/Subtype")) in RICH and ("/Rect" in keys or one.get("/Type") == "/Annot"):
        raise Refused("file_embeds")
    link = one.get("/URI")
    if isinstance(link, pikepdf.String) and not re.match(r"\s*https?://", str(link), re.IGNORECASE):
        raise Refused("file_links")
    for key in keys:
        item = one.get(key)
        if isinstance(item, pikepdf.Object) and not item.is_indirect:
            _look_at_object(item, pikepdf, depth + 1)


def look_at_jpeg(data: bytes) -> None:
    """One picture that decodes and ends where JPEG ends. Raises `Refused`."""
    _look_at_picture(data, "JPEG")
    if _end_of_jpeg(data) != len(data):
        raise Refused("file_trailing")


def look_at_png(data: bytes) -> None:
    """One picture that decodes and ends where PNG ends. Raises `Refused`."""
    kinds = []
    place = 8
    while place + 12 <= len(data):
        length, kind = struct.unpack_from(">I4s", data, place)
        place += 12 + length
        kinds.append(kind)
        if kind == b"IEND":
            break
    if b"acTL" in kinds:
        raise Refused("file_frames")
    _look_at_picture(data, "PNG")
    if kinds[-1:] != [b"IEND"]:
        raise Refused("file_unreadable")
    if place != len(data):
        raise Refused("file_trailing")


def _look_at_picture(data: bytes, kind: str) -> None:
    from PIL import Image

    Image.MAX_IMAGE_PIXELS = None  # the limit is asked below, before a pixel is decoded
    picture = Image.open(io.BytesIO(data), formats=(kind,))
    if picture.width * picture.height > MOST_PIXELS or max(picture.size) > LONGEST_SIDE:
        raise Refused("file_pixels")
    if getattr(picture, "n_frames", 1) != 1:
        raise Refused("file_frames")
    picture.load()


def _end_of_jpeg(data: bytes) -> int:
    """Where the picture ends, or 0."""
    place = 2
    while place + 4 <= len(data) + 2:
        if data[place : place + 1] != b"\xff":
            return 0
        marker = data[place + 1]
        if marker == 0xD9:
            return place + 2
        if marker == 0xFF:  # filling
            place += 1
            continue
        if marker == 0x01 or 0xD0 <= marker <= 0xD7:
            place += 2
            continue
        place += 2 + struct.unpack_from(">H", data, place + 2)[0]
        if marker == 0xDA:  # coded pixels until the next marker that is none of theirs
            found = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]").search(data, place)
            if found is None:
                return 0
            place = found.start()
    return 0


def look_at_workbook(data: bytes) -> None:
    """An archive with an honest directory, of bounded size, with nothing that acts or reaches out. Raises `Refused`."""
    members = _members(data)
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        for member in members:
            name = member.filename
            if MACROS.search(name):
                raise Refused("workbook_macros")
            if OUTSIDE.search(name):
                raise Refused("workbook_outside")
            if EMBEDDED.search(name):
                raise Refused("file_embeds")
            with archive.open(member) as file:
                content = file.read(member.file_size + 1)
            if len(content) != member.file_size:
                raise Refused("workbook_broken")
            # What a part is follows from the list of types, not from the end of its name.
            if name.lower().endswith((".xml", ".rels", ".vml")) or content[:64].lstrip(BLANK).startswith(b"<"):
                _look_at_xml(name, content)


def _members(data: bytes) -> list[zipfile.ZipInfo]:
    """The members by their places, after the directory was compared with what lies at those places."""
    at = data.rfind(b"PK\x05\x06")
    if at < 0 or len(data) - at < _END.size:
        raise Refused("workbook_broken")
    end = _END.unpack_from(data, at)
    if at + _END.size != len(data):  # nothing behind the end, and no remark in it
        raise Refused("file_trailing")
    if end[4] > MOST_MEMBERS or end[3] != end[4]:
        raise Refused("workbook_bomb" if end[4] > MOST_MEMBERS else "workbook_broken")
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        members = sorted(archive.infolist(), key=lambda one: one.header_offset)
        if archive.start_dir + end[5] != at:
            raise Refused("workbook_broken")
        limits = [*(one.header_offset for one in members[1:]), archive.start_dir]
        if _end_of_directory(data, archive.start_dir, len(members)) != at:
            raise Refused("workbook_broken")
    if len({one.filename.lower() for one in members}) != len(members) or len(members) != end[4]:
        raise Refused("workbook_broken")
    if sum(one.file_size for one in members) > MOST_UNPACKED:
        raise Refused("workbook_bomb")
    if members and members[0].header_offset != 0:
        raise Refused("file_trailing")
    for one, limit in zip(members, limits, strict=True):
        if one.file_size > max(SMALL, MOST_RATIO * one.compress_size):
            raise Refused("workbook_bomb")
        if one.flag_bits & 0x41:
            raise Refused("file_locked")
        parts = one.filename.split("/")
        if (
            one.compress_type not in {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}
            or stat.S_ISLNK(one.external_attr >> 16)
            or one.filename.startswith("/")
            or "\\" in one.orig_filename
            or ".." in parts
        ):
            raise Refused("workbook_broken")
        _compare(data, one, limit)

    return members


def _end_of_directory(data: bytes, place: int, members: int) -> int:
    """Where so many entries of the directory end, by the lengths that they themselves tell."""
    for _no in range(members):
        place += _ENTRY.size + sum(_ENTRY.unpack_from(data, place)[10:13])
    return place


def _compare(data: bytes, member: zipfile.ZipInfo, limit: int) -> None:
    """The header at the member's place says what the directory says, and the member ends before the next one."""
    local = _LOCAL.unpack_from(data, member.header_offset)
    start = member.header_offset + _LOCAL.size
    described = bool(member.flag_bits & 0x08)  # sizes stand behind the bytes
    sizes = (local[7], local[8]) in {(member.compress_size, member.file_size), (0, 0) if described else (-1, -1)}
    honest = (
        local[0] == b"PK\x03\x04"
        and local[2] == member.flag_bits
        and local[3] == member.compress_type
        and sizes
        and data[start : start + local[9]]
        in {member.orig_filename.encode(), member.orig_filename.encode("cp437", "replace")}
    )
    gap = limit - start - local[9] - local[10] - member.compress_size
    if not honest or gap < 0:
        raise Refused("workbook_broken")
    if gap and not (described and gap in _DESCRIPTIONS):
        raise Refused("file_trailing")


def _look_at_xml(name: str, content: bytes) -> None:
    coding = CODING.match(content.removeprefix(b"\xef\xbb\xbf"))
    if b"\x00" in content[:64] or (coding is not None and coding[1].lower() not in {b"utf-8", b"us-ascii"}):
        raise Refused("workbook_broken")  # another coding would hide what is looked for here
    if re.search(rb"<!(?:DOCTYPE|ENTITY)", content, re.IGNORECASE):
        raise Refused("workbook_broken")
    if name.lower().endswith((".rels", "[content_types].xml")):
        _look_at_parts(content)
    for formula in _formulas(content):
        if REACHING.search(formula) or OTHER.search(TEXT.sub('""', formula)):
            raise Refused("workbook_outside")


def _look_at_parts(content: bytes) -> None:
    """The list of the parts of a workbook, or what one of them refers to. Raises `Refused`."""

    def start(_element: str, attributes: Mapping[str, str]) -> None:
        said = " ".join((attributes.get("ContentType", ""), attributes.get("Type", "")))
        for kind in said.split(" "):
            if MACRO_TYPES.search(kind):
                raise Refused("workbook_macros")
            if OUTSIDE_TYPES.search(kind):
                raise Refused("workbook_outside")
        if attributes.get("TargetMode", "Internal").strip().lower() != "internal" and not (
            attributes.get("Type", "").lower().endswith("/hyperlink") and WEB.match(attributes.get("Target", ""))
        ):
            raise Refused("workbook_outside")
        if any(EMBEDDED_TYPES.search(kind) for kind in said.split(" ")):
            raise Refused("file_embeds")

    if re.search(rb"macroEnabled|vbaProject", content, re.IGNORECASE):
        raise Refused("workbook_macros")
    parser = expat.ParserCreate()
    parser.StartElementHandler = start
    try:
        parser.Parse(content, True)
    except expat.ExpatError:
        raise Refused("workbook_broken") from None


def _formulas(content: bytes) -> Iterator[str]:
    """The formulas of a part as a program reads them: without remarks, its signs resolved."""
    if b"<!" in content or b"<?" in content[5:]:
        content = ASIDE.sub(lambda found: html.escape((found[1] or b"").decode("utf-8", "replace")).encode(), content)
    for found in FORMULA.finditer(content):
        yield html.unescape(found[1].decode("utf-8", "replace"))


LOOKS: Final[Mapping[str, Any]] = {
    "application/pdf": look_at_pdf,
    "image/jpeg": look_at_jpeg,
    "image/png": look_at_png,
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": look_at_workbook,
}
