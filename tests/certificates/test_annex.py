"""The annex of the decree: signed once everything in it is public, marked before, on as many pages as it needs."""

import io
import shutil
import subprocess

import pypdfium2
import pytest
from openpyxl import load_workbook
from sqlalchemy import select, update

from paritrana.certificates import service
from paritrana.certificates.models import Certificate
from paritrana.certificates.register.annex import Annex, Titled, draw_annex
from paritrana.core.codes import shown
from paritrana.database import db
from paritrana.paper import NotPrintable
from paritrana.results.models import Award
from tests.factories_results import category_of, contest, press, publish, seal
from tests.nominations.pages import text_of

ANNEX = "/manage/contoh-2025/certificates/annex"


@pytest.fixture
def here(app, db_session):
    return contest(3)


def words(content):
    with pypdfium2.PdfDocument(content) as read:
        return [page.get_textpage().get_text_range() for page in read]


def signatures(path):
    told = subprocess.run(
        [str(shutil.which("pdfsig")), "-nocert", str(path)], capture_output=True, text=True, check=False
    )  # fmt: skip
    return told.stdout


def issue(here):
    service.issue(category_of(here), press=press(), actor=here.actor("organiser-1"), at=here.now)
    db.session.commit()


def test_the_annex_of_a_public_result_is_signed_and_names_numbers_and_codes(here, door, tmp_path):
    here.cycle.decree = "Keputusan Gubernur Contoh Nomor 12 Tahun 2026"
    publish(here)
    issue(here)
    answer = door("organiser-1").get(f"{ANNEX}.pdf")
    assert (answer.status_code, answer.mimetype) == (200, "application/pdf")
    path = tmp_path / "annex.pdf"
    path.write_bytes(answer.get_data())
    checked = subprocess.run(
        [str(shutil.which("qpdf")), "--check", str(path)], capture_output=True, text=True, check=False
    )  # fmt: skip
    assert checked.returncode == 0, checked.stdout + checked.stderr
    told = signatures(path)
    assert "Signature is Valid" in told
    assert "Total document signed" in told
    text = "\n".join(words(path.read_bytes()))
    assert "Keputusan Gubernur Contoh Nomor 12 Tahun 2026" in text
    assert "BELUM DIUMUMKAN" not in text
    for one in db.session.query(Certificate):
        assert one.recipient in text
        assert shown(one.code) in text


def test_the_annex_of_a_sealed_result_is_marked_and_unsigned_and_for_organisers_alone(here, door, tmp_path):
    seal(here)
    answer = door("organiser-1").get(f"{ANNEX}.pdf")
    assert answer.status_code == 200
    path = tmp_path / "annex.pdf"
    path.write_bytes(answer.get_data())
    assert "BELUM DIUMUMKAN" in words(path.read_bytes())[0]
    assert "is not signed" in signatures(path) or "does not contain any signatures" in signatures(path)
    assert door("organiser-1").get(f"{ANNEX}.pdf").get_data() == path.read_bytes()
    refused = door("chair").get(f"{ANNEX}.pdf", query_string={"lang": "en"})
    assert refused.status_code == 422
    assert "nobody holds a title" in text_of(refused)
    for name in ("auditor", "assessor-3", "verifier-1"):
        assert door(name).get(f"{ANNEX}.pdf").status_code in {403, 404}


def test_before_the_seal_there_is_no_annex(here, door):
    for end in ("pdf", "xlsx"):
        answer = door("organiser-1").get(f"{ANNEX}.{end}", query_string={"lang": "en"})
        assert answer.status_code == 422
        assert "nobody holds a title" in text_of(answer)


def test_the_workbook_has_typed_cells_and_says_what_is_announced(here, door):
    publish(here)
    issue(here)
    db.session.execute(update(Certificate).where(Certificate.register_no == 1).values(recipient="=1+1"))
    db.session.commit()
    answer = door("organiser-1").get(f"{ANNEX}.xlsx", query_string={"lang": "en"})
    sheet = load_workbook(io.BytesIO(answer.get_data())).worksheets[0]
    rows = [[cell.value for cell in row] for row in sheet.iter_rows(min_row=2)]
    awards = db.session.scalars(select(Award).order_by(Award.rank)).all()
    assert [row[0] for row in rows] == [1, 2, 3]
    assert [row[2] for row in rows] == [one.title_id for one in awards]
    assert (sheet.cell(2, 2).value, sheet.cell(2, 2).data_type) == ("=1+1", "s")
    assert {row[7] for row in rows} == {"Announced"}
    assert answer.headers["X-Row-Count"] == "3"


def test_a_long_annex_repeats_the_head_of_its_table_and_numbers_its_pages(here, app):
    category = category_of(here)
    rows = [
        Titled(category, no, "", f"Pemerintah Kabupaten Contoh {no:03d}", "Terbaik", "Best", no)
        for no in range(1, 121)
    ]  # fmt: skip
    with app.test_request_context():
        content = draw_annex(Annex(here.cycle, rows, []), "Panitia Contoh")
        pages = words(content)
        assert draw_annex(Annex(here.cycle, rows, []), "Panitia Contoh") == content
        bad = Titled(category, 1, "", "Kabupaten 王", "Terbaik", "Best", 1)
        with pytest.raises(NotPrintable):
            draw_annex(Annex(here.cycle, [bad], []), "Panitia Contoh")
    assert len(pages) >= 3
    for no, page in enumerate(pages, start=1):
        assert f"Halaman {no}" in page
        assert "Penerima" in page
    whole = "\n".join(pages)
    assert all(one.recipient in whole for one in rows)
