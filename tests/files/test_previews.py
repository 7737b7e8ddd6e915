"""Pictures of pages: drawn in a limited process, kept like files, handed out to whoever may open the document."""

import io
import os
import resource
import struct
import subprocess
import sys
import zipfile
import zlib

import pytest
from PIL import Image
from reportlab.pdfgen.canvas import Canvas

from paritrana.core.errors import NotFound
from paritrana.database import db
from paritrana.files.models import Blob
from paritrana.files.previews import render
from paritrana.files.previews.invariants import CHECKS
from paritrana.files.previews.models import Preview, Rendering
from paritrana.files.previews.queries import get_preview, waiting
from paritrana.files.previews.service import (
    MAKE_PREVIEWS,
    Drawing,
    PreviewsDamaged,
    ask_for_previews,
    make_previews,
    make_previews_of,
)
from paritrana.files.service import store_upload
from paritrana.jobs.kinds import SYSTEM, Run
from paritrana.jobs.models import Job
from paritrana.nominations.models import Attachment
from tests.conftest import START
from tests.factories import sign_in, world
from tests.nominations.pages import filled, workbook

BROKEN = b"%PDF-1.7\n1 0 obj<<>>endobj\ntrailer<<>>\n%%EOF\n"


def document(pages: int = 2, *, lock: str | None = None, side: tuple[float, float] = (595, 842)) -> bytes:
    """A PDF whose pages say their numbers."""
    file = io.BytesIO()
    canvas = Canvas(file, pagesize=side, invariant=1, encrypt=lock)
    for no in range(1, pages + 1):
        canvas.drawString(60, side[1] - 60, f"Halaman {no}")
        canvas.showPage()
    canvas.save()
    return file.getvalue()


def photo(kind: str = "JPEG", *, size: tuple[int, int] = (3000, 2000), mode: str = "RGB") -> bytes:
    """A picture that lies on its side and carries notes of its camera."""
    file = io.BytesIO()
    notes = Image.Exif()
    notes[0x0112] = 6  # turn to the right
    notes[0x010F] = "Kamera Contoh"
    Image.new(mode, size).save(file, kind, exif=notes)
    return file.getvalue()


def bomb(width: int, height: int) -> bytes:
    """A PNG that says it is larger than it may be."""
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    chunk = b"IHDR" + head
    body = b"\x89PNG\r\n\x1a\n" + struct.pack(">I", len(head)) + chunk + struct.pack(">I", zlib.crc32(chunk))
    data = b"IDAT" + zlib.compress(b"\x00" * 100)
    return body + struct.pack(">I", len(data) - 4) + data + struct.pack(">I", zlib.crc32(data))


@pytest.fixture
def keep(store, organisations):
    """Keep a file for the first organisation; gives the id of its row."""

    def kept(data: bytes, name: str = "bukti.pdf") -> int:
        blob, _name = store_upload(
            io.BytesIO(data), filename=name, organisation_id=organisations[0].id, at=START, store=store,
            max_bytes=30_000_000, ours=True,  # also what is refused at the door today and was kept before
        )  # fmt: skip
        db.session.commit()
        return blob.id

    return kept


def told(rendering: Rendering) -> tuple[int, int, str]:
    return rendering.pages, rendering.shown, rendering.problem


def drawn(data: bytes, how: str = "pdf", *, most: int = 200) -> tuple[list[tuple[int, Image.Image]], str]:
    """What the programme answers to a document, read without doubt: the pictures by page, and its last word."""
    out = io.BytesIO()
    limits = []
    render.main((how, str(most)), io.BytesIO(data), out, lambda *limit: limits.append(limit))
    assert dict(limits)[resource.RLIMIT_AS] == (render.MEMORY, render.MEMORY)
    out.seek(0)
    pictures = []
    while True:
        word, *numbers = out.readline().split()
        if word == b"end":
            return pictures, numbers[0].decode()
        if word == b"page":
            picture = Image.open(io.BytesIO(out.read(int(numbers[3]))))
            assert picture.size == (int(numbers[1]), int(numbers[2]))
            pictures.append((int(numbers[0]), picture))


def test_every_page_becomes_a_picture_of_a_readable_width(keep, store):
    blob_id = keep(document(3))
    rendering = make_previews_of(blob_id, store=store, at=START)
    assert told(rendering) == (3, 3, "")
    for page in (1, 2, 3):
        preview = get_preview(blob_id, page)
        with store.open(rendering_organisation(blob_id), preview.sha256) as file:
            picture = Image.open(file)
            assert picture.format == "JPEG"
            assert picture.size == (preview.width, preview.height)
        assert preview.width == render.WIDTH
    with pytest.raises(NotFound):
        get_preview(blob_id, 4)
    assert list(CHECKS[0].look()) == []


def rendering_organisation(blob_id: int) -> int:
    return db.session.get_one(Blob, blob_id).organisation_id


def test_a_photo_is_drawn_anew_upright_and_without_the_notes_of_its_camera(keep, store):
    blob_id = keep(photo(), "foto.jpg")
    assert told(make_previews_of(blob_id, store=store, at=START)) == (1, 1, "")
    preview = get_preview(blob_id, 1)
    assert preview.height > preview.width  # it lay on its side
    with store.open(rendering_organisation(blob_id), preview.sha256) as file:
        data = file.read()
    assert b"Kamera" not in data
    assert not Image.open(io.BytesIO(data)).getexif()


@pytest.mark.parametrize(
    ("data", "name", "expected"),
    [
        (workbook(), "daftar.xlsx", (0, 0, "no_pages")),
        (BROKEN, "rusak.pdf", (0, 0, "unreadable")),
        (document(lock="rahasia"), "terkunci.pdf", (0, 0, "locked")),
        (bomb(300, 300), "rusak.png", (0, 0, "unreadable")),
        (bomb(12_000, 12_000), "bom.png", (0, 0, "heavy")),
    ],
)  # fmt: skip
def test_a_file_that_cannot_be_drawn_says_why(keep, store, data, name, expected):
    assert told(make_previews_of(keep(data, name), store=store, at=START)) == expected
    assert db.session.query(Preview).count() == 0


def test_what_takes_too_long_is_ended_and_what_came_before_stays(keep, store):
    blob_id = keep(document(200))
    rendering = make_previews_of(blob_id, store=store, at=START, seconds=1)
    assert rendering.problem == "heavy"
    assert rendering.shown < 200
    assert list(CHECKS[0].look()) == []


def test_a_page_that_wants_more_memory_than_allowed_ends_the_process_and_not_ours(tmp_path):
    """The limit is real: the same process, asked for a gigabyte, does not get it."""
    greedy = (
        "import io, paritrana.files.previews.render as r\n"
        "r.draw_document = lambda data, target, most_pages: bytearray(1 << 30) and '-'\n"
        "r.main(('pdf', '1'))"
    )
    answer = subprocess.run([sys.executable, "-I", "-c", greedy], stdin=subprocess.DEVNULL, capture_output=True)
    assert answer.stdout == b"end heavy\n"


def test_the_programme_draws_the_first_pages_and_says_that_there_are_more():
    pictures, said = drawn(document(4), most=2)
    assert [no for no, _picture in pictures] == [1, 2]
    assert said == "long"


def test_the_programme_draws_what_is_typed_and_leaves_nothing_black():
    pictures, said = drawn(document(1))
    assert said == "-"
    assert pictures[0][1].getpixel((5, 5)) == (255, 255, 255)
    assert pictures[0][1].convert("L").getextrema()[0] < 100  # the words


def test_a_transparent_picture_lies_on_white_paper():
    pictures, said = drawn(photo("PNG", size=(30, 20), mode="RGBA"), "image")
    assert said == "-"
    assert pictures[0][1].getpixel((5, 5)) == (255, 255, 255)


def test_a_stamp_is_not_blown_up_to_a_whole_page():
    pictures, _said = drawn(document(1, side=(100, 100)))
    assert pictures[0][1].size == (400, 400)


@pytest.mark.parametrize(
    ("data", "how", "said"),
    [(BROKEN, "pdf", "unreadable"), (document(lock="x"), "pdf", "locked"), (b"x", "image", "unreadable"),
     (bomb(9_000, 9_000), "image", "heavy")],
)  # fmt: skip
def test_the_programme_says_what_stands_in_the_way(data, how, said):
    assert drawn(data, how) == ([], said)


def bare(kids: str, count: int) -> bytes:
    """A PDF whose tree of pages is written by hand."""
    return (
        "%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n"
        f"2 0 obj<</Type/Pages/Kids[{kids}]/Count {count}>>endobj\n"
        "3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 200 200]>>endobj\n"
        "trailer<</Root 1 0 R>>\n%%EOF\n"
    ).encode()


def workbook_with(**members: str) -> bytes:
    """An archive with the shape of a workbook."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name, content in members.items():
            archive.writestr(name.replace("__", "/") + ".xml", content)
    return file.getvalue()


def numbers_in(data: bytes) -> str:
    """How many identity numbers the programme counts in a workbook, and its last word."""
    out = io.BytesIO()
    render.main(("workbook", "0"), io.BytesIO(data), out, lambda *limit: None)
    return out.getvalue().decode()


def test_the_programme_counts_identity_numbers_in_texts_and_in_figures_of_a_workbook():
    cells = "<c><v>9.901014101900002E15</v></c><c><v>12.5</v></c>"
    texts = "<si><t>NIK 9901014101901012</t></si><si><t>9901014101901012</t></si>"
    data = workbook_with(xl__worksheets__sheet1=cells, xl__sharedStrings=texts, docProps__core="9901014101900004")
    assert numbers_in(data) == "numbers 2\nend no_pages\n"


@pytest.mark.parametrize("data", [b"", b"PK\x03\x04broken", workbook_with()])
def test_a_workbook_that_cannot_be_read_counts_as_far_as_it_can(data):
    assert numbers_in(data) == "numbers 0\nend no_pages\n"


def test_a_page_that_is_not_there_stays_white_and_the_others_are_drawn():
    pictures, said = drawn(bare("3 0 R 9 0 R", 2))
    assert [no for no, _picture in pictures] == [1, 2]
    assert pictures[1][1].getextrema() == ((255, 255),) * 3
    assert said == "-"


def test_a_document_without_a_page_cannot_be_drawn():
    assert drawn(bare("", 0)) == ([], "unreadable")


class Scarce(io.BytesIO):
    """An answer for which there is no memory at its first page."""

    def write(self, data: bytes) -> int:
        if data.startswith(b"page "):
            raise MemoryError
        return super().write(data)


def test_where_memory_ends_the_last_word_says_so():
    out = Scarce()
    render.main(("pdf", "200"), io.BytesIO(document(1)), out, lambda *limit: None)
    assert out.getvalue() == b"numbers 0\npages 1\nend heavy\n"


JPEG = b"\xff\xd8\xff" + b"x" * 7


@pytest.mark.parametrize(
    ("answer", "pages", "shown", "problem"),
    [
        (b"pages 1\npage 1 10 10 10\n" + JPEG + b"end -\n", 1, 1, ""),
        (b"pages 2\npage 1 10 10 10\n" + JPEG + b"end long\n", 2, 1, "long"),
        (b"pages 2\npage 1 10 10 10\n" + JPEG + b"end -\n", 2, 1, "heavy"),  # it says it is done and is not
        (b"pages 1\npage 2 10 10 10\n" + JPEG, 1, 0, "heavy"),  # out of order
        (b"pages 1\npage 1 10 10 10\n" + b"<script>xx", 1, 0, "heavy"),  # no picture
        (b"pages 1\npage 1 10 10 99999999\n" + JPEG, 1, 0, "heavy"),  # larger than a picture may be
        (b"pages 1\npage 1 99999 10 10\n" + JPEG, 1, 0, "heavy"),
        (b"pages 1\npage 1 10 10 10\n" + JPEG[:5], 1, 0, "heavy"),  # broken off
        (b"pages 1\npage 1 10 10 10\n" + JPEG + b"page 2 10 10 10\n" + JPEG, 1, 1, "heavy"),  # one too many
        (b"end nonsense\n", 0, 0, "heavy"),
        (b"end -\n", 0, 0, "heavy"),
        (b"end locked\n", 0, 0, "locked"),
        (b"x" * 1000, 0, 0, "heavy"),
        (b"", 0, 0, "heavy"),
        (b"numbers 3\npages 1\npage 1 10 10 10\n" + JPEG + b"end -\n", 1, 1, ""),
        (b"numbers 9901014101900001\npages 1\n", 0, 0, "heavy"),  # no count is that large
        (b"numbers 1\nnumbers 2\npages 1\n", 0, 0, "heavy"),
    ],
)  # fmt: skip
def test_nothing_is_believed_of_a_process_that_a_document_took_over(answer, pages, shown, problem):
    drawing = Drawing(io.BytesIO(), "pdf")
    pictures = list(drawing._read(io.BytesIO(answer)))
    assert (drawing.pages, len(pictures), drawing.problem) == (pages, shown, problem)


def test_two_workers_leave_the_rows_of_one(keep, store):
    blob_id = keep(document(2))
    make_previews_of(blob_id, store=store, at=START)
    make_previews_of(blob_id, store=store, at=START)
    assert db.session.query(Preview).count() == 2


class Steps(list):
    """A progress that keeps what it was told."""

    def __call__(self, done: int, total: int | None = None) -> None:
        self.append((done, total))


@pytest.fixture
def run(app):
    """One attempt at the job."""
    return Run("J-TEST-0001", MAKE_PREVIEWS.name, {}, SYSTEM, app.extensions["settings"], app.extensions["clock"].now)


def test_the_job_draws_what_waits_and_nothing_twice(keep, run):
    assert not MAKE_PREVIEWS.wanted(START)
    keep(document(1))
    keep(workbook(), "daftar.xlsx")
    assert MAKE_PREVIEWS.wanted(START)
    steps = Steps()
    assert make_previews(run, steps).params == {"count": 2}
    assert [done for done, _total in steps] == [0, 1]
    assert make_previews(run, Steps()).params == {"count": 0}
    assert not waiting(1)


def test_a_damaged_file_keeps_no_other_from_being_drawn(keep, run, store):
    damaged = db.session.get_one(Blob, keep(document(1)))
    address = store.root / "objects" / str(damaged.organisation_id) / damaged.sha256[:2] / damaged.sha256
    whole = address.read_bytes()
    address.write_bytes(b"something else")
    good = keep(document(2))
    with pytest.raises(PreviewsDamaged) as refusal:
        make_previews(run, Steps())
    assert refusal.value.params == {"count": 1}
    assert db.session.get(Rendering, good) is not None
    address.write_bytes(whole)
    assert make_previews(run, Steps()).params == {"count": 1}


def test_one_job_that_waits_is_enough(app, db_session):
    queue = app.extensions["queue"]
    for _again in range(3):
        ask_for_previews(queue, at=START)
        db.session.commit()
    found = db.session.query(Job).one()
    assert (found.kind, found.asked_by_id) == (MAKE_PREVIEWS.name, None)


# At the door ----------------------------------------------------------------------------------------------------------


@pytest.fixture
def attachment(app, db_session, store):
    """A document of a draft whose pages are drawn."""
    here = world(kind="real")
    nomination = filled(here)
    blob, name = store_upload(
        io.BytesIO(document(2)), filename="DPA.pdf", organisation_id=nomination.organisation_id, at=START, store=store,
        max_bytes=10**6,
    )  # fmt: skip
    added = Attachment(
        nomination=nomination, no=90, kind="coverage", blob=blob, name=name, uploaded_at=START,
        uploaded_by=here.accounts["nominee-1"].id, uploaded_by_name="Nominee 1",
    )  # fmt: skip
    db.session.add(added)
    db.session.commit()
    make_previews_of(blob.id, store=store, at=START)
    return added


def address(attachment: Attachment, page: int = 1) -> str:
    return f"/nominations/{attachment.nomination.ref}/documents/{attachment.no}/pages/{page}"


def test_a_page_is_a_picture_that_nothing_keeps_and_nothing_runs_in(client, attachment):
    sign_in(client, "nominee-1")
    with client.get(address(attachment)) as answer:
        assert answer.status_code == 200
        assert answer.mimetype == "image/jpeg"
        assert answer.headers["Cache-Control"] == "no-store, private"
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Content-Security-Policy"] == "sandbox; default-src 'none'"
        assert answer.headers["Cross-Origin-Resource-Policy"] == "same-origin"
        assert Image.open(io.BytesIO(answer.data)).width == render.WIDTH
    assert client.get(address(attachment, 3)).status_code == 404


def test_a_page_has_the_door_of_its_document(app, client, attachment):
    for name in ("nominee-2", "verifier-1", "organiser-1", "auditor", "administrator"):
        other = app.test_client()
        sign_in(other, name)
        whole = other.get(f"/nominations/{attachment.nomination.ref}/documents/{attachment.no}/file").status_code
        assert other.get(address(attachment)).status_code == whole in {403, 404, 409}, name
    assert app.test_client().get(address(attachment)).status_code == 303


def test_a_damaged_picture_is_not_shown(client, attachment, store):
    sign_in(client, "nominee-1")
    kept = get_preview(attachment.blob_id, 1)
    path = store.root / "objects" / str(attachment.organisation_id) / kept.sha256[:2] / kept.sha256
    path.write_bytes(b"something else")
    assert client.get(address(attachment)).status_code == 503


def test_the_web_process_draws_nothing(app):
    """Neither library that reads documents is loaded by the application."""
    programme = (
        "import sys; from paritrana.app import create_app; "
        "print(sorted(name for name in ('pypdfium2', 'PIL') if name in sys.modules))"
    )
    answer = subprocess.run([sys.executable, "-c", programme], capture_output=True, text=True, env=dict(os.environ))
    assert answer.stdout == "[]\n", answer.stderr
