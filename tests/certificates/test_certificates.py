"""A certificate is issued once, numbered without a gap, printed the same for ever, and verified by anybody."""

import threading
from datetime import date

import pypdfium2
import pytest
from sqlalchemy import select

from paritrana.audit.models import Event
from paritrana.certificates import queries, service
from paritrana.certificates.drawing import Face, draw
from paritrana.certificates.models import Certificate, Register
from paritrana.certificates.tasks import tasks
from paritrana.core.codes import parse, shown
from paritrana.core.errors import WrongState
from paritrana.cycles.queries import get_category
from paritrana.database import db
from paritrana.paper import NotPrintable, TooLong
from paritrana.results.queries import awards_of, get_award
from tests.factories_results import category_of, contest, publish, seal
from tests.nominations.pages import Forms, fields_in, send, text_of

LIST = "/manage/contoh-2025/certificates"


@pytest.fixture
def here(app, db_session):
    return contest(4)


def english(client, address):
    return client.get(address, query_string={"lang": "en"})


def issue_all(here):
    made = service.issue(category_of(here), actor=here.actor("organiser-1"), at=here.now)
    db.session.commit()
    return made


def face(recipient="Pemerintah Kabupaten Contoh 1", **changes):
    values = {
        "recipient": recipient, "title": "Terbaik I", "category": "Pemerintah kabupaten/kota",
        "cycle": "Paritrana Award Contoh", "assessment_year": 2025, "edition": "2026", "decree": "SK 1/2026",
        "issued_on": date(2026, 3, 2), "code": "7QK42M9XH3TC8WPA",
        "address": "http://localhost/verify/7QK4-2M9X-H3TC-8WPA", "operator": "Panitia", "simulated": False,
    }  # fmt: skip
    return Face(**(values | changes))


def words_of(raw):
    pdf = pypdfium2.PdfDocument(raw)
    text = pdf[0].get_textpage().get_text_range()
    pdf.close()
    return " ".join(text.split())


# The paper -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name",
    [
        "Pemerintah Kabupaten Contoh 1",
        "Pemerintah Kabupaten Kepulauan Siau Tagulandang Biaro",
        "PT Ma'mur & <b>Sentosa</b> Jaya",
        "CV “Rasa” D’Amour (Persero) Tbk.",
        "Desa Söré Bó",
        "%(name)s {name} \\n &amp;",
    ],
)
def test_the_name_on_paper_is_the_name(name):
    assert name in words_of(draw(face(name)))


def test_the_paper_says_every_fact_and_its_code():
    text = words_of(draw(face()))
    for said in ("PIAGAM PENGHARGAAN", "Terbaik I", "Kategori Pemerintah kabupaten/kota", "Paritrana Award Contoh",
                 "tahun penilaian 2025, edisi 2026", "SK 1/2026", "2 Maret 2026", "7QK4-2M9X-H3TC-8WPA",
                 "localhost/verify", "Ketua Panel"):  # fmt: skip
        assert said in text
    assert "SIMULASI" not in text
    assert "SIMULASI" in words_of(draw(face(simulated=True)))


def test_the_same_facts_give_the_same_bytes():
    assert draw(face()) == draw(face())
    assert draw(face()) != draw(face("Pemerintah Kabupaten Contoh 2"))


def test_a_name_that_paper_cannot_carry_is_refused_by_name():
    with pytest.raises(TooLong):
        draw(face("Kabupaten " * 30))
    with pytest.raises(TooLong):
        draw(face("K" * 300))
    with pytest.raises(NotPrintable):
        draw(face("PT 王"))


def test_the_square_of_dots_is_wider_than_25_millimetres_and_every_font_is_embedded():
    raw = draw(face())
    assert raw.count(b"/FontFile2") >= 4
    assert b"/Helvetica" not in raw
    pdf = pypdfium2.PdfDocument(raw)
    image = pdf[0].render(scale=2).to_pil().convert("L")
    pdf.close()
    scale = image.width / 297
    row = [image.getpixel((x, round(image.height - 40 * scale))) for x in range(round(24 * scale), round(64 * scale))]
    dark = [place for place, value in enumerate(row) if value < 60]
    assert (dark[-1] - dark[0]) / scale >= 25


# Issuing -------------------------------------------------------------------------------------------------------------


def test_an_organiser_issues_all_at_once(here, door):
    publish(here)
    client = door("organiser-1")
    page = english(client, LIST)
    assert "Issue all missing certificates (3)" in text_of(page)
    fields = {}
    for name, value in Forms(text_of(page)).forms[f"{LIST}/kabkota"]:
        fields.setdefault(name, value)
    assert send(client, f"{LIST}/kabkota", fields).status_code == 303
    made = db.session.scalars(select(Certificate).order_by(Certificate.register_no)).all()
    assert [(one.register_no, one.rank, one.title_id) for one in made] == [
        (1, 1, "Terbaik I"), (2, 2, "Terbaik II"), (3, 3, "Terbaik III"),
    ]  # fmt: skip
    assert all(parse(one.code) == one.code for one in made)
    assert len({one.code for one in made}) == 3
    text = text_of(english(client, LIST))
    assert all(shown(one.code) in text for one in made)
    assert "Issue all missing" not in text
    assert db.session.query(Event).filter_by(kind="certificate.issued").count() == 3


def test_one_certificate_can_be_issued_alone_and_not_twice(here, door):
    publish(here)
    client = door("organiser-1")
    address = f"{LIST}/kabkota/99.02"
    fields = fields_in(english(client, LIST), address)
    assert send(client, address, fields).status_code == 303
    assert [one.recipient for one in db.session.query(Certificate)] == ["Pemerintah Kabupaten Contoh 2"]
    again = send(client, address, fields | {"idempotency_key": "another-press-of-it"})
    assert again.status_code == 409
    assert "already issued" in text_of(again)
    issue_all(here)
    assert [one.register_no for one in db.session.query(Certificate).order_by(Certificate.id)] == [1, 2, 3]
    with pytest.raises(service.NothingToIssue):
        issue_all(here)
    with pytest.raises(service.AlreadyIssued):
        service.issue(get_award("contoh-2025", "kabkota", "99.02"), actor=here.actor("organiser-1"), at=here.now)


def test_a_name_that_cannot_be_printed_stops_all_and_takes_no_number(here, door):
    here.organisations["regency-2"].name = "Pemerintah Kabupaten 王"
    publish(here)
    client = door("organiser-1")
    fields = {}
    for name, value in Forms(text_of(english(client, LIST))).forms[f"{LIST}/kabkota"]:
        fields.setdefault(name, value)
    answer = send(client, f"{LIST}/kabkota", fields)
    assert answer.status_code == 422
    assert "王" in text_of(answer)
    assert db.session.query(Certificate).count() == 0
    here.organisations["regency-2"].name = "Pemerintah Kabupaten Contoh 2"
    assert [one.register_no for one in issue_all(here)] == [1, 2, 3]


def test_before_the_publication_nobody_issues(here, door):
    with pytest.raises(WrongState):
        issue_all(here)
    db.session.rollback()
    seal(here)
    client = door("organiser-1")
    page = english(client, LIST)
    assert "Certificates can be issued when the result is published." in text_of(page)
    assert f"{LIST}/kabkota" not in Forms(text_of(page)).forms
    token = fields_in(page, "/sign-out")["csrf_token"]
    answer = send(client, f"{LIST}/kabkota", {"csrf_token": token, "idempotency_key": "before-it-is-out"})
    assert answer.status_code == 409
    assert db.session.query(Certificate).count() == 0


@pytest.mark.parametrize(
    ("name", "status"), [("chair", 403), ("nominee-1", 404), ("auditor", 404), ("assessor-3", 404)]
)
def test_only_an_organiser_issues(here, door, name, status):
    publish(here)
    client = door(name)
    token = fields_in(english(client, "/"), "/sign-out")["csrf_token"]
    answer = send(client, f"{LIST}/kabkota", {"csrf_token": token, "idempotency_key": "not-my-business"})
    assert answer.status_code == status


def test_register_numbers_have_no_gap_when_two_issue_at_once(app, db_session, engine_name, here):
    publish(here)
    codes = [award.nomination.candidate_code for award in awards_of(category_of(here))]
    actor = here.actor("organiser-1")
    db.session.commit()
    start, faults = threading.Barrier(len(codes)), []

    def issue(code):
        with app.app_context():
            try:
                award = get_award("contoh-2025", "kabkota", code)
                db.session.rollback()
                start.wait(timeout=30)
                service.issue(get_award("contoh-2025", "kabkota", code), actor=actor, at=here.now)
                db.session.commit()
                del award
            except Exception as fault:
                db.session.rollback()
                faults.append(fault)
            finally:
                db.session.remove()

    threads = [threading.Thread(target=issue, args=(code,)) for code in codes]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert faults == []
    assert sorted(db.session.scalars(select(Certificate.register_no))) == [1, 2, 3]
    assert db.session.scalars(select(Register.next_no)).one() == 4


# Verifying -----------------------------------------------------------------------------------------------------------


def test_anybody_verifies_a_valid_certificate(here, client):
    made = publish(here)
    certificate = issue_all(here)[0]
    address = f"/verify/{shown(certificate.code)}"
    answer = english(client, address)
    text = text_of(answer)
    assert answer.status_code == 200
    assert answer.headers["X-Robots-Tag"] == "noindex, nofollow"
    assert '<meta name="robots" content="noindex, nofollow">' in text
    for said in ("VALID. Compare the details below", "Pemerintah Kabupaten Contoh 1", "First", "Category kabkota",
                 "2025, edition 2026", "SK Contoh 1/2026", made.digest, f"http://localhost{address}",
                 "SIMULATION"):  # fmt: skip
        assert said in text
    paper = client.get(f"{address}/certificate.pdf")
    assert paper.mimetype == "application/pdf"
    assert "Pemerintah Kabupaten Contoh 1" in words_of(paper.get_data())
    assert "SIMULASI" in words_of(paper.get_data())
    assert paper.get_data() == client.get(f"{address}/certificate.pdf").get_data()


def test_a_code_is_found_however_it_is_typed(here, client):
    publish(here)
    code = issue_all(here)[0].code
    for typed in (code, code.lower(), shown(code).lower(), f" {shown(code)} "):
        answer = client.get("/verify", query_string={"code": typed})
        assert answer.status_code == 303
        assert answer.headers["Location"].endswith(f"/verify/{shown(code)}")
    assert client.get(f"/verify/{code.lower()}").headers["Location"].endswith(f"/verify/{shown(code)}")


def test_an_unknown_code_and_one_under_embargo_answer_alike(here, client):
    publish(here)
    code = issue_all(here)[0].code
    other = shown("0" * 16)
    unknown = client.get(f"/verify/{other}")
    here.category.state = 7
    db.session.commit()
    hidden = client.get(f"/verify/{shown(code)}")
    assert (unknown.status_code, hidden.status_code) == (404, 404)
    assert text_of(unknown).replace(other, "") == text_of(hidden).replace(shown(code), "")
    assert client.get(f"/verify/{shown(code)}/certificate.pdf").status_code == 404


@pytest.mark.parametrize("text", ["x", "7QK4-2M9X-H3TC-8WPB", "<script>", "0" * 40, "../../etc", "é" * 16])
def test_what_is_no_code_is_unknown(app, db_session, client, text):
    answer = client.get("/verify", query_string={"code": text, "lang": "en"})
    assert answer.status_code == 404
    assert "UNKNOWN. Check the letters and digits on the certificate." in text_of(answer)
    assert 'value="' + text not in text_of(answer)


def test_the_form_stands_alone(app, db_session, client):
    answer = english(client, "/verify")
    assert answer.status_code == 200
    assert answer.headers["X-Robots-Tag"] == "noindex, nofollow"
    assert client.get("/verify?code=").status_code == 200


@pytest.mark.parametrize(("status", "word"), [("revoked", "REVOKED"), ("replaced", "REPLACED")])
def test_a_certificate_out_of_force_says_so_and_is_not_printed(here, client, status, word):
    publish(here)
    old = issue_all(here)[0]
    old.status, old.status_reason, old.status_at = status, "nama salah", here.now
    if status == "replaced":
        db.session.add(
            Certificate(
                code="0" * 16, cycle_id=old.cycle_id, category_id=old.category_id, register_no=99,
                award_id=old.award_id, version_no=2, recipient=old.recipient, title_id="T", title_en="T", rank=1,
                ranking_digest=old.ranking_digest, issued_at=here.now, issued_by=old.issued_by,
            )
        )  # fmt: skip
    db.session.commit()
    answer = english(client, f"/verify/{shown(old.code)}")
    assert answer.status_code == 200
    assert f"{word} 2 March 2026" in text_of(answer)
    assert "nama salah" in text_of(answer)
    assert ("0000-0000-0000-0000" in text_of(answer)) == (status == "replaced")
    assert client.get(f"/verify/{shown(old.code)}/certificate.pdf").status_code == 404


def test_the_public_table_links_its_certificates(here, client):
    publish(here)
    made = issue_all(here)
    text = text_of(english(client, "/cycles/contoh-2025/results/kabkota"))
    assert all(f'href="/verify/{shown(one.code)}"' in text for one in made)


def test_certificates_are_read_by_code_and_category(here):
    publish(here)
    made = issue_all(here)
    category = get_category("contoh-2025", "kabkota")
    assert [one.id for one in queries.certificates_of(category)] == [one.id for one in made]
    assert queries.get_certificate(shown(made[0].code)).id == made[0].id
    assert queries.codes_by_candidate(category)["99.01"] == made[0].code


def test_the_organiser_is_told_what_is_left_to_issue(here):
    assert list(tasks(here.actor("organiser-1"), here.now)) == []
    publish(here)
    assert [one.message for one in tasks(here.actor("organiser-1"), here.now)] == [
        "Issue the certificates: %(category)s"
    ]
    assert list(tasks(here.actor("chair"), here.now)) == []
    issue_all(here)
    assert list(tasks(here.actor("organiser-1"), here.now)) == []
