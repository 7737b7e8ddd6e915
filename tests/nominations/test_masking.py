"""Identity numbers in the text of a document: counted in a closed process, said to nominee and verifier, forgotten."""

import io

import openpyxl
import pytest
from reportlab.pdfgen.canvas import Canvas
from sqlalchemy import text

from paritrana.core.lifecycle import State
from paritrana.database import Base, db
from paritrana.files.models import Blob
from paritrana.files.previews.queries import waiting
from paritrana.files.previews.service import make_previews_of
from paritrana.files.service import store_upload
from paritrana.files.store import BlobStore
from paritrana.nominations import service
from paritrana.nominations.queries import current_revision
from tests.factories import sign_in, world
from tests.nominations.pages import filled, text_of
from tests.verification.cases import LATER, declared

KIND = "non_asn_protection"
NUMBERS = ("9901014101900001", "9901021507850012", "9902013112990010")
WARNING = "National identity numbers (NIK) that this file seems to hold: {}."


def page_with(*lines: str) -> bytes:
    """A PDF of two pages; the lines stand on the second one."""
    file = io.BytesIO()
    canvas = Canvas(file, invariant=1)
    canvas.drawString(60, 700, "Lampiran")
    canvas.showPage()
    for place, line in enumerate(lines):
        canvas.drawString(60, 700 - 20 * place, line)
    canvas.showPage()
    canvas.save()
    return file.getvalue()


def book_with(*cells: object) -> bytes:
    """A workbook with these cells in the second column of its second sheet."""
    book, file = openpyxl.Workbook(), io.BytesIO()
    sheet = book.create_sheet("Daftar")
    for cell in cells:
        sheet.append(["x", cell])
    book.save(file)
    return file.getvalue()


@pytest.fixture
def here(app, db_session):
    return world(kind="real")


@pytest.fixture
def attach(app, here):
    """Attaches a file to the draft of the first nominee and reads it as the worker does; gives the document."""
    nomination, store = filled(here), BlobStore(app.extensions["settings"].blob_path)

    def run(data: bytes, filename: str, *, read: bool = True):
        blob, name = store_upload(
            io.BytesIO(data), filename=filename, organisation_id=nomination.organisation_id, at=here.now, store=store,
            max_bytes=10**6,
        )  # fmt: skip
        made = service.attach(nomination, KIND, blob, name, actor=here.actor("nominee-1"), at=here.now)
        db.session.commit()
        if read:
            make_previews_of(blob.id, store=store, at=here.now)
        return made

    return run


def read(client, address: str, **query) -> str:
    return text_of(client.get(address, query_string={"lang": "en", **query}))


FILES = {
    "a PDF": (page_with(f"1 {NUMBERS[0]} Desa Contoh", f"2 {NUMBERS[1]}", f"3 {NUMBERS[0]}"), "daftar.pdf", 2),
    "a PDF in groups": (page_with("NIK 990101 410190 0001", "9901.0215.0785.0012"), "daftar.pdf", 2),
    "a PDF without": (page_with("Rp 9901014101900001,00", "NIP 199001012015011001", "08123456789"), "surat.pdf", 0),
    "a workbook of texts": (book_with(*NUMBERS), "daftar.xlsx", 3),
    "a workbook of figures": (book_with(9902013112990010, 9.90201311299002e15, 12), "daftar.xlsx", 2),
    "a workbook without": (book_with("1234", 5600 * 12, "9901014101900000"), "rekap.xlsx", 0),
}  # fmt: skip


@pytest.mark.parametrize("case", FILES)
def test_the_count_of_a_file_stands_on_the_form_and_on_the_page_before_sending(client, attach, case):
    data, filename, count = FILES[case]
    made = attach(data, filename)
    assert db.session.get_one(Blob, made.blob_id, populate_existing=True).identity_numbers == count
    sign_in(client, "nominee-1")
    for page in (f"evidence/{KIND}", "check"):
        shown = read(client, f"/nominations/{made.nomination.ref}/{page}")
        assert (WARNING.format(count) in shown) == (count > 0)
        assert ("seems to hold" in shown) == (count > 0)


def test_nothing_is_said_before_the_file_is_read_and_the_worker_knows_that_it_waits(client, attach):
    made = attach(page_with(NUMBERS[0]), "daftar.pdf", read=False)
    assert made.blob_id in waiting(1000)
    sign_in(client, "nominee-1")
    assert "seems to hold" not in read(client, f"/nominations/{made.nomination.ref}/evidence/{KIND}")


def test_a_file_that_was_drawn_before_its_text_was_read_is_read_too(app, attach, here):
    made = attach(page_with(NUMBERS[0]), "daftar.pdf")
    assert made.blob_id not in waiting(1000)
    made.blob.identity_numbers = None
    db.session.commit()
    assert made.blob_id in waiting(1000)
    make_previews_of(made.blob_id, store=BlobStore(app.extensions["settings"].blob_path), at=here.now)
    assert made.blob_id not in waiting(1000)
    assert db.session.get_one(Blob, made.blob_id, populate_existing=True).identity_numbers == 1


def test_a_verifier_sees_the_same_mark_beside_the_document(client, attach, here, clock):
    made = attach(page_with(*NUMBERS), "daftar.pdf")
    nomination = made.nomination
    service.submit(nomination, actor=here.actor("nominee-1"), at=here.now)
    here.category.state = int(State.VERIFICATION)
    db.session.commit()
    clock.set(here.now + LATER)
    declared(here, nomination, "verifier-1")
    sign_in(client, "verifier-1")
    page = f"/verification/{nomination.ref}/items/{KIND}"
    assert WARNING.format(3) in read(client, page, doc=made.no)
    documents = current_revision(nomination).content["attachments"]
    other = next(one["no"] for one in documents if one["no"] != made.no)
    assert "seems to hold" not in read(client, page, doc=other)


def test_no_number_is_stored_anywhere_beside_the_file(app, attach, caplog):
    attach(page_with(*NUMBERS), "daftar.pdf")
    attach(book_with(*NUMBERS), "daftar.xlsx")
    for table in Base.metadata.sorted_tables:
        for row in db.session.execute(text(f"SELECT * FROM {table.name}")):
            assert not any(number in repr(tuple(row)) for number in NUMBERS), table.name
    assert not any(number in caplog.text for number in NUMBERS)
