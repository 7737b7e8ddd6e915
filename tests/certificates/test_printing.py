"""Papers leave for printing as they were signed: one, many as an archive, or all in one file with crop marks."""

import hashlib
import io
import shutil
import subprocess
import zipfile

import pikepdf
import pypdfium2
import pytest
from flask import current_app
from sqlalchemy import select, update

from paritrana.certificates import service
from paritrana.certificates.models import Certificate, CertificatePaper, CertificatePrint
from paritrana.certificates.register.archive import file_name
from paritrana.certificates.register.queries import Sheet
from paritrana.core.certificates import Kind
from paritrana.core.codes import shown
from paritrana.core.lifecycle import State
from paritrana.cycles.models import Category
from paritrana.database import db
from paritrana.paper import MM
from paritrana.signing.signed_pdf import check, read_certificate_keys
from paritrana.signing.signers import published_keys
from tests.factories_results import category_of, contest, press, publish
from tests.nominations.pages import Forms, send, text_of

REGISTER = "/manage/contoh-2025/certificates/register"
KINDS = (Kind.WINNER, Kind.FINALIST, Kind.MINUTES)


@pytest.fixture
def here(app, db_session):
    made = contest(4)
    publish(made)
    service.issue(category_of(made), press=press(), actor=made.actor("organiser-1"), at=made.now, kinds=KINDS)
    db.session.commit()
    return made


def form_of(client, action, page=REGISTER):
    fields = {}
    for name, value in Forms(text_of(client.get(page))).forms[action]:
        fields.setdefault(name, value)
    return fields


def printed(client, how, **more):
    return send(client, f"{REGISTER}/print", form_of(client, f"{REGISTER}/print"), how=how, **more)


def stored():
    """Number in the register to the signed bytes."""
    rows = db.session.execute(
        select(Certificate.register_no, CertificatePaper.content)
        .join(CertificatePaper, CertificatePaper.certificate_id == Certificate.id)
        .order_by(Certificate.register_no)
    )
    return dict(rows.all())


def counts():
    db.session.rollback()
    rows = db.session.execute(
        select(Certificate.register_no, CertificatePrint.no, CertificatePrint.how)
        .join(CertificatePrint.certificate)
        .order_by(Certificate.register_no, CertificatePrint.no)
    )
    return [tuple(row) for row in rows]


def test_a_reprint_is_the_same_file_and_counts_once_for_each_key(here, door):
    client = door("organiser-1")
    one = db.session.scalars(select(Certificate).where(Certificate.register_no == 2)).one()
    page, content = f"{REGISTER}/{shown(one.code)}", stored()[2]
    fields = form_of(client, f"{page}/print", page)
    answer = send(client, f"{page}/print", fields)
    assert (answer.status_code, answer.mimetype) == (200, "application/pdf")
    assert answer.get_data() == content
    again = send(client, f"{page}/print", fields)
    assert again.status_code == 409
    assert counts() == [(2, 1, "file")]
    assert send(client, f"{page}/print", form_of(client, f"{page}/print", page)).get_data() == content
    assert counts() == [(2, 1, "file"), (2, 2, "file")]
    assert "Printed (2)" in text_of(client.get(page, query_string={"lang": "en"}))


def test_the_archive_holds_the_signed_files_in_the_order_of_the_register_and_is_the_same_each_time(here, door):
    client, signed = door("organiser-1"), stored()
    answer = printed(client, "zip")
    content = answer.get_data()
    assert answer.mimetype == "application/zip"
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert archive.testzip() is None
        names = archive.namelist()
        assert [int(name[:3]) for name in names] == sorted(signed)
        assert [archive.read(name) for name in names] == list(signed.values())
        assert {one.compress_type for one in archive.infolist()} == {zipfile.ZIP_STORED}
        keys = read_certificate_keys(_keys())
        for name in names:
            assert shown(check(archive.read(name), keys).claim.code) in name
    assert printed(client, "zip").get_data() == content
    assert counts() == [(no, time, "zip") for no in sorted(signed) for time in (1, 2)]


def _keys():
    import json

    return json.dumps(published_keys(current_app.extensions["settings"])).encode()


def test_a_choice_and_a_filter_narrow_what_is_printed_and_what_ended_stays_out(here, door):
    client = door("organiser-1")
    answer = send(
        client, f"{REGISTER}/print", form_of(client, f"{REGISTER}/print", f"{REGISTER}?kind=winner"), how="zip"
    )  # fmt: skip
    assert numbers(answer) == [1, 2, 3]
    codes = {one.register_no: one.code for one in db.session.query(Certificate)}
    assert numbers(printed(client, "zip", code=[codes[4], codes[2]])) == [2, 4]
    db.session.execute(
        update(Certificate).where(Certificate.register_no == 2)
        .values(status="revoked", status_reason="x", status_at=here.now)
    )  # fmt: skip
    db.session.commit()
    assert numbers(printed(client, "zip", code=[codes[4], codes[2]])) == [4]
    before = counts()
    answer = printed(client, "zip", code=[codes[2]])
    assert answer.status_code == 422
    assert "Nothing to print" in text_of(answer)
    page = f"{REGISTER}/{shown(codes[2])}"
    fields = form_of(client, f"{REGISTER}/print")
    assert send(client, f"{page}/print", {name: fields[name] for name in ("csrf_token", "idempotency_key")}
                ).status_code == 422  # fmt: skip
    assert printed(client, "fax").status_code == 422
    assert printed(client, "zip", wish="more").status_code == 400
    assert counts() == before


def numbers(answer):
    with zipfile.ZipFile(io.BytesIO(answer.get_data())) as archive:
        return [int(name[:3]) for name in archive.namelist()]


def test_the_file_for_the_printer_has_marks_and_bleed_around_each_page_and_shares_its_fonts(here, door, tmp_path):
    client, signed = door("organiser-1"), stored()
    answer = printed(client, "merged")
    content = answer.get_data()
    assert answer.mimetype == "application/pdf"
    path = tmp_path / "print.pdf"
    path.write_bytes(content)
    qpdf = shutil.which("qpdf")
    assert qpdf is not None
    told = subprocess.run([qpdf, "--check", str(path)], capture_output=True, text=True, check=False)
    assert told.returncode == 0, told.stdout + told.stderr
    pages = [len(pypdfium2.PdfDocument(one)) for one in signed.values()]
    texts = []
    with pikepdf.open(path) as file, pypdfium2.PdfDocument(content) as read:
        assert len(file.pages) == sum(pages)
        assert "/AcroForm" not in file.Root
        for no, page in enumerate(file.pages):
            left, low, right, high = (float(one) for one in page.trimbox)
            assert sorted(round((edge) / MM) for edge in (right - left, high - low)) == [210, 297]
            bleed = [float(one) for one in page.obj.BleedBox]
            assert [round((one - other) / MM, 2) for one, other in zip((left, low, right, high), bleed, strict=True)] \
                == [3, 3, -3, -3]  # fmt: skip
            texts.append(read[no].get_textpage().get_text_range())
        fonts = {
            str(one.get("/BaseFont"))
            for one in file.objects
            if isinstance(one, pikepdf.Dictionary) and one.get("/Type") == "/Font" and "/DescendantFonts" in one
        }
        told = [one for one in file.objects if isinstance(one, pikepdf.Dictionary) and "/DescendantFonts" in one]
        assert len(told) <= 2 * len(fonts) + 12
    names = {one.register_no: one for one in db.session.query(Certificate)}
    assert all("For printing, without a signature" in one for one in texts)
    assert names[1].recipient in texts[0]
    assert shown(names[1].code) in texts[0].splitlines()[-1]
    assert len(content) < sum(map(len, signed.values()))
    assert printed(client, "merged").get_data() == content
    assert counts()[:2] == [(1, 1, "merged"), (1, 2, "merged")]


def test_the_marks_stand_outside_of_what_is_cut(here, door):
    content = printed(door("organiser-1"), "merged", kind="winner").get_data()
    picture = pypdfium2.PdfDocument(content)[0].render(scale=2).to_pil().convert("L")
    edge, mark = 10 * MM * 2, 4.5 * MM * 2
    assert picture.getpixel((int(mark), round(edge))) < 120 or picture.getpixel((int(mark), round(edge) - 1)) < 120
    assert picture.getpixel((int(mark), round(edge) + 20)) > 240


def test_before_the_publication_the_organiser_prints_and_the_chair_does_not(here, door):
    db.session.execute(update(Category).values(state=int(State.SEALED), publishes_at=None))
    db.session.commit()
    assert numbers(printed(door("organiser-1"), "zip", kind="winner")) == [1, 2, 3]
    chair = door("chair")
    assert f"{REGISTER}/print" not in Forms(text_of(chair.get(REGISTER))).forms
    fields = form_of(door("organiser-2"), f"{REGISTER}/print")
    token = form_of(chair, "/sign-out", "/home")
    answer = send(chair, f"{REGISTER}/print", fields | {"csrf_token": token["csrf_token"]}, how="zip")
    assert answer.status_code == 403


@pytest.mark.parametrize(
    ("recipient", "name"),
    [
        ("Kabupaten Contoh", "007-kabupaten-contoh-"),
        ("CON", "007-con-"),
        ("../../etc/passwd\\x:y*?", "007-etc-passwd-x-y-"),
        ("Kabupatén & <Çontoh>", "007-kabupaten-contoh-"),
        ("王", "007-piagam-"),
        ("a" * 300, "007-" + "a" * 60 + "-"),
    ],
)
def test_file_names_are_letters_digits_and_dashes_alone(recipient, name):
    code = "7QK42M9XH3TC8WPA"
    assert file_name(Sheet(1, 1, 7, code, recipient)) == f"{name}{shown(code)}.pdf"


def test_what_leaves_says_its_length_and_digest(here, door):
    answer = printed(door("organiser-1"), "zip", kind="winner")
    content = answer.get_data()
    assert answer.content_length == len(content)
    import base64

    digest = base64.b64encode(hashlib.sha256(content).digest()).decode()
    assert answer.headers["Repr-Digest"] == f"sha-256=:{digest}:"
