"""A certificate is issued once, numbered without a gap, printed the same for ever, and verified by anybody."""

import threading

import pytest
from sqlalchemy import select

from paritrana.audit.models import Event
from paritrana.certificates import queries, service
from paritrana.certificates.models import Certificate, Register
from paritrana.certificates.tasks import tasks
from paritrana.core.codes import parse, shown
from paritrana.core.errors import WrongState
from paritrana.cycles.queries import get_category
from paritrana.database import db
from paritrana.results.queries import awards_of, get_award
from tests.factories_results import category_of, contest, press, publish, seal
from tests.nominations.pages import Forms, fields_in, send, text_of

LIST = "/manage/contoh-2025/certificates"


@pytest.fixture
def here(app, db_session):
    return contest(4)


def english(client, address):
    return client.get(address, query_string={"lang": "en"})


def issue_all(here):
    made = service.issue(category_of(here), press=press(), actor=here.actor("organiser-1"), at=here.now)
    db.session.commit()
    return made


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
        service.issue(
            get_award("contoh-2025", "kabkota", "99.02"), press=press(), actor=here.actor("organiser-1"), at=here.now
        )


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
                service.issue(get_award("contoh-2025", "kabkota", code), press=press(), actor=actor, at=here.now)
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


# Reading ------------------------------------------------------------------------------------------------------------


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
