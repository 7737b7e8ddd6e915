"""Hostile files are refused, each with its own code, and honest ones are taken; a process of its own looks at them."""

import io
import random
import struct
import subprocess
import sys
import tempfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import replace

import pikepdf
import pytest
from PIL import Image

from paritrana.core.filechecks import REFUSALS, CheckLate
from paritrana.core.filetypes import JPEG, PDF, PNG, XLSX, FileKind
from paritrana.files import looking
from paritrana.files.looking import LOOKS
from paritrana.files.sandbox import look_at
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
    with pytest.warns(UserWarning, match="Duplicate"):
        yield "workbook_broken", workbook(("xl/x.xml", b"1"), ("xl/x.xml", b"2"))
    good = workbook()
    yield "file_trailing", good + b"MZ"
    yield "file_trailing", b"MZ" + good
    yield "workbook_broken", good[:30]
    yield "workbook_broken", good.replace(b"xl/workbook.xml", b"xl/workbooX.xml", 1)
    yield "workbook_macros", typed(b"<Types>application/vnd.ms-excel.sheet.macroEnabled.main+xml</Types>")
    yield "workbook_broken", longer_than_it_is()
    yield "workbook_broken", with_a_second_directory(good)
    # The directory says less than what lies at the place, or calls the member locked.
    stored = workbook(("xl/x.xml", b"x" * 100), deflated=False)
    at = stored.rindex(b"PK\x01\x02")
    yield "workbook_broken", stored[: at + 24] + struct.pack("<L", 10) + stored[at + 28 :]
    yield "file_locked", stored[: at + 8] + struct.pack("<H", 1) + stored[at + 10 :]


def verdict(kind: FileKind, content: bytes) -> str:
    """What the look says in this process."""
    return looking.verdict(LOOKS[kind.media_type], content)


def test_every_hostile_file_is_refused_for_what_it_is(figures_of):
    found = [(PDF, *one) for one in hostile_documents()]
    found += hostile_pictures()
    found += [(XLSX, *one) for one in hostile_workbooks()]
    wrong = [
        (place, kind.word, code, said)
        for place, (kind, code, content) in enumerate(found)
        if (said := verdict(kind, content)) != code and not (said and code in {"file_unreadable", "workbook_broken"})
    ]
    taken = [one for one in wrong if not one[3]]
    figures_of("hostile files", files=len(found), wrongly_accepted=len(taken), control=verdict(PDF, paper()) == "")
    assert len(found) >= 150
    assert wrong == []
    assert {code for _kind, code, _content in found} <= set(REFUSALS)


def test_honest_files_are_taken():
    plain = pikepdf.Dictionary(S=pikepdf.Name.GoTo, D=pikepdf.Array([0, pikepdf.Name.Fit]))
    web = pikepdf.Dictionary(S=pikepdf.Name.URI, URI=pikepdf.String("https://contoh.go.id/a"))
    good = [
        (PDF, paper()), (PDF, paper() + b"\r\n\x00"), (PDF, document()),
        (PDF, document(object_stream_mode=pikepdf.ObjectStreamMode.generate)),
        (PDF, document(lambda pdf: pdf.Root.__setitem__("/OpenAction", plain))),
        (PDF, document(lambda pdf: pdf.Root.__setitem__("/Link", web))),
        (PDF, document(lambda pdf: pdf.docinfo.__setitem__("/Title", "Bantuan /JavaScript /Launch"))),
        (PDF, document(encryption=pikepdf.Encryption(user="", owner="pemilik", R=6))),
        (JPEG, samples.JPEG), (JPEG, samples.picture("JPEG", (3000, 2000))), (PNG, samples.PNG),
        (XLSX, samples.XLSX), (XLSX, sheet(b"SUM(A1:A9)*1,5")), (XLSX, sheet(b"VLOOKUP(A1,Sheet2!A:B,2,0)")),
        (XLSX, relation("hyperlink", "https://contoh.go.id")), (XLSX, workbook(("xl/media/image1.png", samples.PNG))),
    ]  # fmt: skip
    progressive = io.BytesIO()
    Image.effect_noise((300, 200), 50).save(progressive, "JPEG", progressive=True, quality=95)
    good.append((JPEG, progressive.getvalue()))
    assert [verdict(kind, content) for kind, content in good] == [""] * len(good)


@pytest.mark.parametrize(
    ("content", "end"),
    [
        (b"\xff\xd8\xff\xff\xd9", 5),  # filled up before a marker
        (b"\xff\xd8\xff\x01\xff\xd9", 6),  # a marker without length
        (b"\xff\xd8\x00\x00\xff\xd9", 0),  # no marker where one must be
        (b"\xff\xd8\xff\xda\x00\x02pixels", 0),  # pixels without end
        (b"\xff\xd8\xff\xe0\x00\x02", 0),  # nothing behind a segment
    ],
)
def test_a_photo_ends_where_its_markers_say(content, end):
    assert looking._end_of_jpeg(content) == end


def test_a_look_that_takes_all_memory_refuses_the_file():
    def greedy(_data: bytes) -> None:
        raise MemoryError

    assert looking.verdict(greedy, b"") == "file_heavy"


def look(content: bytes, kind: FileKind, seconds: float = 30) -> None:
    """Have a process of its own look at some bytes."""
    with tempfile.TemporaryFile(buffering=0) as file:
        file.write(content)
        look_at(file, kind, name="rekap", seconds=seconds)


@pytest.mark.parametrize(
    ("kind", "good"),
    [(PDF, paper()), (JPEG, samples.JPEG), (PNG, samples.PNG), (XLSX, samples.XLSX)],
    ids=["PDF", "JPG", "PNG", "XLSX"],
)
def test_a_process_of_its_own_says_the_same(kind, good):
    look(good, kind)
    broken = REFUSALS["workbook_broken" if kind is XLSX else "file_unreadable"]
    with pytest.raises(broken) as refused:
        look(good[:40], kind)
    assert refused.value.params["name"] == "rekap"


def test_a_process_that_answers_nothing_has_not_looked():
    with pytest.raises((CheckLate, *set(REFUSALS.values()))):
        look(paper(), replace(PDF, media_type="nothing/known"))


def test_a_file_on_a_busy_machine_may_come_again():
    with pytest.raises(CheckLate):
        look(paper(), PDF, seconds=0.001)


@pytest.mark.parametrize(
    "deed",
    [
        "bytearray(600 * 1024 * 1024)",
        "open('/tmp/paritrana-hostile', 'wb').write(b'x')",
        "[open('/dev/null') for _no in range(20)]",
    ],
)
def test_the_process_may_do_next_to_nothing(deed):
    limits = "[resource.setrlimit(what, (most, most)) for what, most in looking.LIMITS]"
    program = f"import resource; from paritrana.files import looking\\n{limits}\\n{deed}"
    ended = subprocess.run([sys.executable, "-I", "-c", program], capture_output=True, check=False, env={}, cwd="/")
    assert ended.returncode != 0
