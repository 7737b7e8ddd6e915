"""Organisers write the templates of their cycle: named fields only, every version kept, pictures without notes."""

import io

import pytest
from PIL import Image
from sqlalchemy import select

from paritrana.audit.models import Event
from paritrana.certificates.editor import queries, service
from paritrana.certificates.models import CertificateImage, CertificateTemplate, CertificateTemplateVersion
from paritrana.certificates.queries import template_for
from paritrana.certificates.templating import document_in_use, read_delivered, store_delivered
from paritrana.config import data_folder
from paritrana.core.certificates import Kind, read_template
from paritrana.core.filetypes import FileTooLarge
from paritrana.database import db
from paritrana.seeding.cast import SEEDING
from tests.certificates.desks import PICTURES, TEMPLATES, add_picture, address, form_at, form_in, picture, post, save
from tests.factories import NOW
from tests.factories_results import contest
from tests.nominations.pages import text_of


@pytest.fixture
def here(app, db_session):
    return contest(2)


@pytest.fixture
def desk(here, door):
    return door("organiser-1")


def versions():
    db.session.expire_all()
    return db.session.scalars(select(CertificateTemplateVersion).order_by(CertificateTemplateVersion.id)).all()


# Versions -------------------------------------------------------------------------------------------------------------


def test_a_cycle_begins_with_the_delivered_template_and_saving_makes_its_own(here, desk):
    page = desk.get(TEMPLATES)
    assert "Bawaan" in text_of(page)
    fields = form_at(desk, address())
    assert fields["version"] == "0"
    assert fields["title_id"] == "{title}"
    answer = save(desk, address(), heading_id="PIAGAM UJI", place="Mataram")
    assert answer.status_code == 303
    (made,) = versions()
    assert (made.no, made.template.cycle_id, made.template.title_id) == (1, here.cycle.id, "")
    assert read_template(made.document).texts["heading"].id == "PIAGAM UJI"
    assert made.maker.name == "Organiser 1"
    event = db.session.scalars(select(Event).where(Event.object_ref == made.template.ref)).one()
    assert event.stream.startswith("contoh-2025/")
    assert made.digest.encode() in event.content.body
    assert "Milik siklus ini" in text_of(desk.get(TEMPLATES))


def test_a_second_saving_is_the_next_version_and_the_first_one_stays_readable(here, desk):
    save(desk, address(), heading_id="PERTAMA")
    save(desk, address(), heading_id="KEDUA")
    assert [one.no for one in versions()] == [1, 2]
    page = text_of(desk.get(address()))
    assert page.index("versi 2") < page.index("versi 1")
    assert "Organiser 1" in page
    assert "PERTAMA" in text_of(desk.get(f"{address()}/versions/1"))
    assert "KEDUA" in text_of(desk.get(f"{address()}/versions/2"))
    assert desk.get(f"{address()}/versions/3").status_code == 404


def test_the_same_texts_once_more_make_no_version(desk):
    save(desk, address(), heading_id="PIAGAM UJI")
    save(desk, address())
    assert len(versions()) == 1


def test_a_title_has_a_template_of_its_own_before_that_of_its_kind(here, desk):
    save(desk, address(title="Terbaik I"), heading_id="PIAGAM TERBAIK")
    save(desk, address(), heading_id="PIAGAM PEMENANG")

    def heading(title_id):
        return read_template(template_for(here.cycle, Kind.WINNER, title_id).document).texts["heading"].id

    assert heading("Terbaik I") == "PIAGAM TERBAIK"
    assert heading("Terbaik II") == "PIAGAM PEMENANG"
    assert desk.get(address(title="Tidak ada")).status_code == 404
    assert desk.get(address(Kind.FINALIST, "Terbaik I")).status_code == 404
    assert desk.get(f"{TEMPLATES}/diploma").status_code == 404


def test_who_saves_on_an_old_page_sees_both_and_then_decides(desk, door):
    save(desk, address(), heading_id="PIAGAM LAMA")
    mine = form_at(desk, address()) | {"heading_id": "PIAGAM SAYA"}
    save(door("organiser-2"), address(), heading_id="PIAGAM LAIN", place="Mataram")
    answer = post(desk, address(), mine)
    assert answer.status_code == 409
    page = text_of(answer)
    for said in ("Organiser 2", "PIAGAM LAIN", "PIAGAM SAYA", "Mataram"):
        assert said in page
    assert "PIAGAM LAMA" not in page
    assert len(versions()) == 2
    assert post(desk, address(), form_in(answer, address())).status_code == 303
    assert read_template(versions()[-1].document).texts["heading"].id == "PIAGAM SAYA"


# What a template may say ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "typed", ["{winner}", "{recipient", "recipient}", "{recipient.name}", "{{title}}", "{ title }"]
)
def test_a_field_that_does_not_exist_is_refused_beside_its_text(desk, typed):
    answer = save(desk, address(), body_id=f"Kategori {typed}")
    assert answer.status_code == 422
    assert 'href="#body_id"' in answer.text
    assert "bukan kolom piagam" in text_of(answer)
    assert "{category}" in text_of(answer)
    assert versions() == []


@pytest.mark.parametrize(
    ("field", "typed", "said"),
    [
        ("heading_id", "", "Isi"),
        ("title_en", "  ", "Isi"),
        ("body_en", "王", "王"),
        ("place", "Mataram\u202e", "U+202E"),
        ("closing_id", "x" * 401, "401"),
        ("office-0-en", "", "jabatan"),
        ("name-0", "e\u0301", "U+0301"),
    ],
)
def test_what_paper_cannot_carry_is_refused_at_its_entry_and_kept_there(desk, field, typed, said):
    answer = save(desk, address(), **{field: typed})
    assert answer.status_code == 422
    assert f'href="#{field}"' in answer.text
    assert said in text_of(answer)
    assert versions() == []


def test_texts_of_several_lines_become_one_and_markup_stays_text(desk):
    save(desk, address(), body_id="Satu\r\n  dua <b>& tiga</b>")
    assert read_template(versions()[0].document).texts["body"].id == "Satu dua <b>& tiga</b>"
    page = desk.get(address()).text
    assert "Satu dua &lt;b&gt;&amp; tiga&lt;/b&gt;" in page
    assert "<b>& tiga" not in page


def test_only_what_stands_on_the_lists_can_be_chosen(desk):
    for field in ("paper", "design", "colours", "languages", "background", "logo-left", "image-0", "name"):
        assert save(desk, address(), **{field: "f" * 64}).status_code == 422, field
    assert save(desk, address(), script="x").status_code == 400
    assert versions() == []


# Pictures -------------------------------------------------------------------------------------------------------------


def test_a_picture_is_drawn_anew_and_can_be_chosen(here, desk):
    assert add_picture(desk).status_code == 303
    image = db.session.scalars(select(CertificateImage)).one()
    assert (image.media_type, image.width, image.height, image.name) == ("image/png", 60, 30, "logo.png")
    assert image.added_by == here.accounts["organiser-1"].id
    answer = desk.get(f"{PICTURES}/{image.sha256}")
    assert (answer.mimetype, answer.data) == ("image/png", image.content)
    assert answer.headers["Content-Security-Policy"] == "sandbox; default-src 'none'"
    assert save(desk, address(), **{"logo-left": image.sha256, "image-0": image.sha256}).status_code == 303
    assert read_template(versions()[0].document).images == {image.sha256}
    event = db.session.scalars(select(Event).where(Event.object_ref == image.sha256)).one()
    assert event.kind == "certificate_image.added"


def test_a_picture_keeps_its_transparency_and_loses_what_was_noted_in_it(desk):
    file, notes = io.BytesIO(), Image.Exif()
    notes[0x010F] = "Kamera seseorang"
    sign = Image.new("RGBA", (80, 40), (0, 0, 0, 0))
    sign.paste((20, 40, 160, 255), (10, 10, 60, 20))
    sign.save(file, "PNG", exif=notes)
    assert b"Kamera" in file.getvalue()
    add_picture(desk, file.getvalue(), "tanda tangan.png")
    content = db.session.scalars(select(CertificateImage)).one().content
    assert b"Kamera" not in content
    assert Image.open(io.BytesIO(content)).convert("RGBA").tobytes() == sign.tobytes()


def test_the_same_picture_twice_is_one(desk):
    add_picture(desk)
    add_picture(desk, name="lagi.png")
    assert len(db.session.scalars(select(CertificateImage)).all()) == 1


@pytest.mark.parametrize(
    ("data", "name", "status", "said"),
    [
        (b"", "logo.png", 422, "kosong"),
        (b"%PDF-1.7", "surat.pdf", 415, "PNG atau JPG"),
        (b"<svg onload='x'/>", "logo.svg", 415, "PNG atau JPG"),
        (b"GIF89a", "logo.png", 415, "logo.png"),
        (picture()[:-12], "logo.png", 422, "logo.png"),
        (picture() + b"<script>", "logo.png", 422, "logo.png"),
        (picture(size=(12_001, 1)), "logo.png", 422, "logo.png"),
        (picture(), "", 422, "Pilih"),
    ],
)
def test_what_is_no_picture_for_paper_is_refused_in_its_own_sentence(desk, data, name, status, said):
    answer = add_picture(desk, data, name)
    assert answer.status_code == status
    assert said in text_of(answer)
    assert db.session.scalars(select(CertificateImage)).all() == []


def test_a_picture_of_more_than_8_megabytes_is_not_even_looked_at(here):
    file = io.BytesIO(b"\x89PNG\r\n\x1a\n" + bytes(service.LARGEST_PICTURE))
    with pytest.raises(FileTooLarge):
        service.add_image(here.cycle, file, "logo.png", actor=here.actor("organiser-1"), at=NOW)


def test_a_cycle_holds_so_many_pictures_and_no_more(here, desk):
    db.session.add_all(
        CertificateImage(cycle_id=here.cycle.id, sha256=f"{no:064x}", media_type="image/png", content=b"x", width=1,
                         height=1, name="x.png", added_at=NOW, added_by=here.accounts["organiser-1"].id)
        for no in range(service.MOST_PICTURES)
    )  # fmt: skip
    db.session.commit()
    answer = add_picture(desk)
    assert answer.status_code == 409
    assert "60 gambar" in text_of(answer)


def test_the_picture_of_another_cycle_is_not_there(here, desk):
    assert desk.get(f"{PICTURES}/{'0' * 64}").status_code == 404


# Who may --------------------------------------------------------------------------------------------------------------


def test_a_chair_sees_what_applies_and_writes_nothing(here, desk, door):
    save(desk, address(), heading_id="PIAGAM UJI")
    chair = door("chair")
    page = chair.get(TEMPLATES)
    assert page.status_code == 200
    assert f'href="{address()}"' not in page.text
    assert chair.get(f"{address()}/versions/1").status_code == 200
    for where in (address(), PICTURES):
        assert chair.get(where).status_code == 403


# What is delivered ----------------------------------------------------------------------------------------------------


def test_the_delivered_templates_are_stored_once_and_a_changed_file_is_the_next_version(here, tmp_path):
    folder = data_folder("seed")
    delivered = read_delivered(folder)
    assert {one.kind for one in delivered} == set(Kind)
    assert store_delivered(delivered, actor=SEEDING, at=NOW) == len(Kind)
    assert store_delivered(delivered, actor=SEEDING, at=NOW) == 0
    db.session.commit()
    (tmp_path / "certificates").mkdir()
    text = (folder / "certificates" / "winner.json").read_text("utf-8")
    (tmp_path / "certificates" / "winner.json").write_text(text.replace("PIAGAM PENGHARGAAN", "PIAGAM BARU"), "utf-8")
    assert store_delivered(read_delivered(tmp_path), actor=SEEDING, at=NOW) == 1
    db.session.commit()
    used = document_in_use(queries.templates_for(here.cycle), Kind.WINNER)
    assert used["texts"]["heading"]["id"] == "PIAGAM BARU"
    owners = db.session.scalars(select(CertificateTemplate)).all()
    assert {one.cycle_id for one in owners} == {None}
    assert len(versions()) == len(Kind) + 1


def test_no_delivered_template_names_a_person():
    for template in read_delivered(data_folder("seed")):
        assert not any(one.name for one in template.signatories)
        assert not template.place
        assert template.languages == ("id", "en")


def test_the_simulated_template_says_so():
    (template,) = read_delivered(data_folder("seed") / "simulated")
    assert "SIMULASI" in template.texts["heading"].id
    assert all("Simulasi" in one.name for one in template.signatories)
