"""The desks of certificates where something is missing: nobody to get a paper, no file, no reason, no decision."""

import hashlib
import io
import random
import re

import pypdfium2
import pytest
from flask import current_app
from PIL import Image
from sqlalchemy import select

from paritrana.certificates import service as issuing
from paritrana.certificates.drawing import Drawer
from paritrana.certificates.drawing.drawer import RESERVED, UNDER
from paritrana.certificates.editor import queries, service
from paritrana.certificates.models import CertificateImage, CertificatePrint, PrintedName
from paritrana.certificates.press import KEPT, Press
from paritrana.certificates.register.annex import Annex, Titled, draw_annex
from paritrana.certificates.register.queries import Asked, Sheet, printable
from paritrana.certificates.register.service import MOST, TooManyToPrint, count_prints
from paritrana.certificates.targets import targets_of
from paritrana.certificates.templating import document_in_use, store_template
from paritrana.core.certificates import Kind, Words
from paritrana.core.errors import MissingReason, StaleVersion
from paritrana.database import db
from tests.certificates.desks import PICTURES, address, form_at, form_in, picture, post, shown
from tests.certificates.papers import PICTURES as PAPER_PICTURES
from tests.certificates.papers import TEXTS, facts, proof, template
from tests.certificates.test_annex import words
from tests.certificates.test_batches import carry_out, order
from tests.certificates.test_register import REGISTER, listed
from tests.certificates.test_register import english as page_of
from tests.factories import world
from tests.factories_results import category_of, contest, nominations, press, publish
from tests.nominations.pages import text_of

RIGHT = "Pemerintah Kabupaten Contoh Satu"


# Templates and pictures -----------------------------------------------------------------------------------------------


def test_a_template_is_shown_for_nobody_where_nobody_takes_part_yet(app, db_session, door):
    world()
    page = door("organiser-1").get(address())
    assert page.status_code == 200
    assert len(shown(page.text)) == 1
    assert "Nama penerima" in text_of(page)


def test_pictures_come_by_their_digests_and_a_form_without_a_file_brings_none(app, db_session, door):
    here = contest(1)
    desk = door("organiser-1")
    refused = post(desk, PICTURES, form_at(desk, PICTURES))
    assert refused.status_code == 422
    assert db.session.scalars(select(CertificateImage)).all() == []
    content = picture()
    sha256 = hashlib.sha256(content).hexdigest()
    db.session.add(
        CertificateImage(cycle_id=here.cycle.id, sha256=sha256, media_type="image/png", content=content, width=60,
                         height=30, name="logo.png", added_at=here.now, added_by=here.accounts["organiser-1"].id)
    )  # fmt: skip
    db.session.commit()
    assert queries.contents(here.cycle, {sha256, "0" * 64}) == {sha256: content}
    assert queries.contents(here.cycle, ()) == {}


def test_the_press_keeps_the_drawers_of_a_few_templates_alone(app, db_session):
    here = contest(1)
    organiser, own = here.actor("organiser-1"), Press(current_app.extensions["settings"], lambda category: b"")
    document = document_in_use(queries.templates_for(here.cycle), Kind.WINNER)
    versions = [
        store_template(
            here.cycle,
            Kind.WINNER,
            "",
            {**document, "design": "modern", "place": f"K{no}"},
            actor=organiser,
            at=here.now,
        )
        for no in range(KEPT + 1)
    ]
    first, last = own.drawer(here.cycle, versions[0]), None
    for version in versions[1:]:
        last = own.drawer(here.cycle, version)
    assert own.drawer(here.cycle, versions[-1]) is last
    assert own.drawer(here.cycle, versions[0]) is not first


# Names ----------------------------------------------------------------------------------------------------------------


def test_a_name_that_was_decided_meanwhile_is_read_again_and_no_spelling_is_asked_for_without_a_reason(
    app, db_session, door
):
    here = contest(1)
    nomination, nominee = nominations(here)[0], here.actor("nominee-1")
    before = nomination.organisation.name
    with pytest.raises(MissingReason):
        service.ask_spelling(nomination, RIGHT, " ", actor=nominee, at=here.now)
    asked = service.ask_spelling(nomination, RIGHT, "Perda 1/2001", actor=nominee, at=here.now)
    db.session.commit()
    organiser, where = door("organiser-1"), f"/manage/contoh-2025/certificates/spellings/{nomination.ref}"
    fields = form_in(organiser.get("/manage/contoh-2025/certificates/check"), where)
    refused = post(organiser, where, fields, do="perhaps")
    assert refused.status_code == 422
    assert [one.state for one in db.session.scalars(select(PrintedName))] == ["asked"]
    service.answer_spelling(
        asked, accepted=True, answer="", text=RIGHT, actor=here.actor("organiser-1"), at=here.now
    )  # fmt: skip
    db.session.commit()
    with pytest.raises(StaleVersion) as refusal:
        service.confirm_name(nomination, before, actor=nominee, at=here.now)
    assert refusal.value.params == {"who": "Nominee 1", "time": here.now}


# The register ---------------------------------------------------------------------------------------------------------


def test_the_register_is_narrowed_to_one_order_and_one_file_takes_so_many_papers(app, db_session, door):
    here = contest(2)
    publish(here)
    first, _second = targets_of(category_of(here), [Kind.WINNER])
    organiser = here.actor("organiser-1")
    issuing.issue([first], press=press(), actor=organiser, at=here.now, category=category_of(here))
    db.session.commit()
    batch, _job = carry_out(app, order(here, [Kind.WINNER]))
    client, ref = door("organiser-1"), batch.ref
    assert listed(page_of(client, REGISTER)) == [1, 2]
    assert listed(page_of(client, REGISTER, batch=ref)) == [2]
    assert [one.register_no for one in printable([here.category.id], Asked(batch=ref))] == [2]
    sheets = [Sheet(1, here.category.id, no, "0" * 16, "Contoh") for no in range(MOST + 1)]
    with pytest.raises(TooManyToPrint) as refused:
        count_prints(here.cycle, sheets, "zip", actor=here.actor("organiser-1"), at=here.now)
    assert refused.value.params == {"count": 2001, "most": 2000}
    assert db.session.query(CertificatePrint).count() == 0


def test_the_annex_leaves_out_a_category_in_which_nobody_holds_a_title(app, db_session):
    here = world(categories=("kabkota", "provinsi"))
    rows = [Titled(here.category, 1, "", "Pemerintah Kabupaten Contoh 1", "Terbaik I", "First", 1)]
    with app.test_request_context():
        (page,) = words(draw_annex(Annex(here.cycle, rows, []), "Panitia Contoh"))
    assert "Kategori kabkota" in page
    assert "Kategori provinsi" not in page


# On paper -------------------------------------------------------------------------------------------------------------


def test_a_background_of_many_colours_is_packed_as_a_photograph():
    noise = Image.frombytes("RGB", (300, 200), random.Random(1).randbytes(300 * 200 * 3))
    few, many = io.BytesIO(), io.BytesIO()
    Image.new("RGB", (300, 200), "navy").save(few, "PNG")
    noise.save(many, "PNG")
    about = facts()
    found = [
        Drawer(template(background="a" * 64), {"a" * 64: one.getvalue()}).draw(about, proof(about))
        for one in (few, many)
    ]
    assert [b"/DCTDecode" in one for one in found] == [False, True]


def test_a_wide_title_that_would_meet_the_code_stands_above_it():
    texts = {**TEXTS, "title": Words("Gelar " * 9, "Title " * 9), "body": Words("", "")}
    drawer, about = Drawer(template(texts=texts, languages=("id",)), PAPER_PICTURES), facts()
    with pypdfium2.PdfDocument(drawer.draw(about, proof(about))) as read:
        page = read[0].get_textpage()
        said = page.get_text_range()
        boxes = [page.get_charbox(found.start()) for found in re.finditer("Gelar", said)]
    assert len(boxes) >= 9
    top_of_code = drawer.plan.bottom + RESERVED + UNDER
    assert all(bottom > top_of_code for _left, bottom, _right, _top in boxes)
