"""The register as its organisers see it: rows by filter and order, files that equal the screen, and one story."""

import csv
import io
import re

import pytest
from openpyxl import load_workbook
from sqlalchemy import insert, select, update

from paritrana.certificates import ending, queries, service
from paritrana.certificates.models import Certificate, CertificatePaper
from paritrana.core.certificates import Kind
from paritrana.core.codes import ALPHABET, BODY, make_check, shown
from paritrana.core.lifecycle import State
from paritrana.cycles.models import Category
from paritrana.database import db
from paritrana.outbox.models import Message
from tests.factories_results import category_of, contest, press, publish
from tests.nominations.pages import text_of

REGISTER = "/manage/contoh-2025/certificates/register"


def english(client, address, **query):
    answer = client.get(address, query_string={"lang": "en"} | query)
    assert answer.status_code == 200, text_of(answer)
    return text_of(answer)


def listed(page):
    """The numbers of the rows that a page shows."""
    return [int(one) for one in re.findall(r'<td data-label="No.">(\d+)</td>', page)]


@pytest.fixture
def here(app, db_session):
    made = contest(5)
    publish(made)
    service.issue(
        category_of(made), press=press(), actor=made.actor("organiser-1"), at=made.now, kinds=tuple(Kind)
    )  # fmt: skip
    db.session.commit()
    return made


def first(**where):
    return db.session.scalars(select(Certificate).filter_by(**where).order_by(Certificate.register_no)).first()


def test_the_register_shows_every_certificate_and_narrows_by_kind_state_order_and_name(here, door):
    client = door("organiser-1")
    total = db.session.query(Certificate).count()
    assert total >= 10
    page = english(client, REGISTER)
    assert listed(page) == list(range(1, total + 1))
    winners = english(client, REGISTER, kind="winner")
    assert listed(winners) == [1, 2, 3]
    named = first(register_no=2)
    assert listed(english(client, REGISTER, q=named.recipient[-12:].upper(), kind="winner")) == [2]
    assert listed(english(client, REGISTER, q=shown(named.code).lower())) == [2]
    assert listed(english(client, REGISTER, q="%")) == []
    assert listed(english(client, REGISTER, status="revoked")) == []
    assert listed(english(client, REGISTER, cat="kabkota")) == listed(page)
    assert listed(english(client, REGISTER, cat="elsewhere")) == []
    assert listed(english(client, REGISTER, sort="-no"))[:2] == [total, total - 1]
    assert listed(english(client, REGISTER, sort="nonsense", kind="nonsense")) == listed(page)
    by_name = listed(english(client, REGISTER, sort="recipient"))
    recipients = {one.register_no: one.recipient.lower() for one in db.session.query(Certificate)}
    assert [recipients[no] for no in by_name] == sorted(recipients.values())


def test_a_certificate_is_made_then_signed_then_sent_and_may_end(here, door):
    client, one = door("organiser-1"), first(register_no=1)
    assert listed(english(client, REGISTER, status="signed"))[0] == 1
    db.session.execute(
        update(Message)
        .where(Message.about == one.code)
        .values(state="sent", sent_at=here.now, address="a@contoh.test", attempts=1)
    )
    db.session.commit()
    assert listed(english(client, REGISTER, status="sent")) == [1]
    assert 1 not in listed(english(client, REGISTER, status="signed"))
    detail = english(client, f"{REGISTER}/{shown(one.code)}")
    assert "Message sent" in detail
    assert "Printed (" not in detail
    end(here, one, "revoked")
    assert listed(english(client, REGISTER, status="revoked")) == [1]
    assert listed(english(client, REGISTER, status="sent")) == []
    detail = english(client, f"{REGISTER}/{shown(one.code)}")
    assert "Salah cetak" in detail
    assert "Print again" not in detail


def end(here, one, status, recipient=""):
    proposal = ending.propose_end(
        queries.get_certificate(one.code), status, "Salah cetak", actor=here.actor("organiser-1"), at=here.now,
        recipient=recipient,
    )  # fmt: skip
    ended = ending.confirm_end(
        proposal, proposal.digest, press=press(), actor=here.actor("chair"), at=here.now
    )  # fmt: skip
    db.session.commit()
    return ended


def test_the_story_of_a_replaced_certificate_names_every_version(here, door):
    one = first(register_no=1)
    old, new = end(here, one, "replaced", "Kabupaten Contoh Satu")
    page = english(door("organiser-1"), f"{REGISTER}/{shown(new.code)}")
    assert shown(old.code) in page
    assert "Kabupaten Contoh Satu" in page
    page = english(door("organiser-1"), f"{REGISTER}/{shown(old.code)}")
    assert shown(new.code) in page
    assert here.accounts["chair"].name in page
    assert "Replaced" in page


def test_files_of_the_register_hold_the_rows_of_the_screen_with_their_number_and_digest(here, door):
    db.session.execute(update(Certificate).where(Certificate.register_no == 2).values(recipient="=1+1"))
    db.session.commit()
    client = door("organiser-1")
    query = {"kind": "winner", "sort": "-no", "lang": "en"}
    shown_rows = listed(english(client, REGISTER, kind="winner", sort="-no"))
    answer = client.get(f"{REGISTER}.csv", query_string=query)
    text = answer.get_data().decode("utf-8-sig")
    rows = list(csv.reader(io.StringIO(text), delimiter=";"))
    assert [int(row[0]) for row in rows[1:4]] == shown_rows == [3, 2, 1]
    assert rows[2][4] == "'=1+1"
    assert answer.headers["X-Row-Count"] == "3"
    assert ["Rows", "3"] in rows
    assert rows[-1][1] == answer.headers["X-Rows-Digest"]
    answer = client.get(f"{REGISTER}.xlsx", query_string=query)
    book = load_workbook(io.BytesIO(answer.get_data()))
    sheet = book.worksheets[0]
    assert [row[0].value for row in sheet.iter_rows(min_row=2)] == shown_rows
    cell = sheet.cell(3, 5)
    assert (cell.value, cell.data_type) == ("=1+1", "s")
    assert answer.headers["X-Rows-Digest"] == rows[-1][1]


def test_a_thousand_rows_cost_few_statements(here, door, statements):
    one = first(register_no=1)
    same = {name: getattr(one, name) for name in (
        "cycle_id", "category_id", "title_id", "title_en", "context", "ranking_digest", "issued_at", "issued_by",
        "template_version_id",
    )}  # fmt: skip
    last = db.session.query(Certificate).count()
    bodies = [f"{no:0{BODY}d}" for no in range(1, 1001)]
    assert all(sign in ALPHABET for sign in bodies[-1])
    db.session.execute(
        insert(Certificate),
        [same | {"code": body + make_check(body), "register_no": last + no, "kind": "thanks", "basis": f"B{no}",
                 "recipient": f"Penilai {no:04d}", "award_id": None, "nomination_id": None, "rank": None,
                 "version_no": 1, "status": "valid", "status_reason": "", "version": 1, "payload": ""}
         for no, body in enumerate(bodies, start=1)],
    )  # fmt: skip
    db.session.commit()
    client = door("organiser-1")
    english(client, REGISTER)
    with statements() as sent:
        page = english(client, REGISTER, page="2")
    assert len(listed(page)) == 50
    selects = [one for one in sent if one.lstrip().upper().startswith(("SELECT", "WITH"))]
    assert len(selects) <= 12, selects
    with statements() as sent:
        answer = client.get(f"{REGISTER}.csv")
        assert answer.headers["X-Row-Count"] == str(last + 1000)
    assert len([one for one in sent if one.lstrip().upper().startswith("SELECT")]) <= 12


def test_the_picture_is_that_of_the_stored_paper(here, door):
    one = first(register_no=1)
    answer = door("chair").get(f"{REGISTER}/{shown(one.code)}/paper.png")
    assert (answer.status_code, answer.mimetype) == (200, "image/png")
    assert answer.get_data().startswith(b"\x89PNG")


def test_who_neither_organises_nor_leads_finds_no_register(here, door):
    one = first(register_no=1)
    for name in ("auditor", "assessor-3", "verifier-1"):
        for address in (REGISTER, f"{REGISTER}.csv", f"{REGISTER}/{shown(one.code)}",
                        f"{REGISTER}/{shown(one.code)}/paper.png"):  # fmt: skip
            assert door(name).get(address).status_code in {403, 404}, (name, address)
    organiser = door("organiser-1")
    assert organiser.get(f"{REGISTER}/0000-0000-0000-0000").status_code == 404
    assert organiser.get(f"{REGISTER}/nonsense").status_code == 404


def test_under_embargo_the_register_says_so_and_links_to_no_public_page(here, door):
    db.session.execute(update(Category).values(state=int(State.SEALED), publishes_at=None))
    db.session.commit()
    client, one = door("organiser-1"), first(register_no=1)
    assert "Under embargo" in english(client, REGISTER)
    detail = english(client, f"{REGISTER}/{shown(one.code)}")
    assert "Under embargo" in detail
    assert f'href="/verify/{shown(one.code)}"' not in detail


def test_a_certificate_without_a_paper_counts_as_made(here, door):
    stored = db.session.scalars(select(CertificatePaper.certificate_id)).all()
    assert len(stored) == db.session.query(Certificate).count()
    one = first(register_no=1)
    body = "1".zfill(BODY)
    bare = Certificate(
        code=body + make_check(body), cycle_id=one.cycle_id, category_id=one.category_id, register_no=99,
        kind="thanks", basis="B", recipient="Penilai", title_id="x", title_en="x", context=one.context,
        ranking_digest=one.ranking_digest, issued_at=one.issued_at, issued_by=one.issued_by,
    )  # fmt: skip
    db.session.add(bare)
    db.session.commit()
    client = door("organiser-1")
    assert listed(english(client, REGISTER, status="made")) == [99]
    assert client.get(f"{REGISTER}/{shown(bare.code)}/paper.png").status_code == 404
    assert "not made yet" in english(client, f"{REGISTER}/{shown(bare.code)}")
