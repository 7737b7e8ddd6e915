"""Two people revoke or replace a certificate at the door; the page that everybody sees tells it at once."""

import pytest
from sqlalchemy import select

from paritrana.certificates import service
from paritrana.certificates.models import Certificate, CertificatePaper
from paritrana.core.codes import shown
from paritrana.cycles.models import Proposal
from paritrana.database import db
from paritrana.nominations.models import Nomination
from paritrana.reference.models import Organisation
from tests.factories_results import category_of, contest, press, publish
from tests.nominations.pages import Forms, send, text_of

REGISTER = "/manage/contoh-2025/certificates/register"


@pytest.fixture
def here(app, db_session):
    made = contest(3)
    publish(made)
    service.issue(category_of(made), press=press(), actor=made.actor("organiser-1"), at=made.now)
    db.session.commit()
    return made


def certificate(no=1):
    db.session.rollback()
    return db.session.scalars(select(Certificate).where(Certificate.register_no == no)).one()


def page_of(no=1):
    return f"{REGISTER}/{shown(certificate(no).code)}"


def english(client, address):
    return client.get(address, query_string={"lang": "en"})


def ask(client, page, **said):
    address = f"{page}/end"
    fields = dict(Forms(text_of(english(client, address))).forms[address])
    return send(client, address, fields, **said)


def answer(client, page, wish):
    proposal = db.session.scalars(select(Proposal.ref).where(Proposal.state == "waiting")).one()
    address = f"{page}/end/{proposal}"
    fields = dict(Forms(text_of(english(client, page))).forms[address])
    if wish == "refuse":
        fields.pop("digest", None)
    return send(client, address, fields | {"answer": wish})


def checked(client, code):
    return text_of(english(client, f"/verify/{shown(code)}"))


def test_a_certificate_is_revoked_by_two_people_and_its_page_says_so_at_once(here, door, client):
    organiser, page, code = door("organiser-1"), page_of(), certificate().code
    assert ask(organiser, page, status="revoked", reason="Salah orang").status_code == 303
    assert "VALID" in checked(client, code)
    mine = text_of(english(organiser, page))
    assert "Revocation is requested" in mine
    assert "Confirm and revoke" not in mine
    assert answer(door("chair"), page, "confirm").status_code == 303
    assert certificate().status == "revoked"
    text = checked(client, code)
    assert "REVOKED" in text
    assert "Salah orang" in text
    assert text_of(english(organiser, f"{page}")).count("Salah orang") >= 2
    assert english(organiser, f"{page}/end").status_code == 409


def test_a_name_is_corrected_by_a_new_certificate_and_both_pages_name_each_other(here, door, client):
    organiser, page, old = door("organiser-1"), page_of(), certificate()
    name, code, recipient = "Kabupaten Contoh Sejati", old.code, old.recipient
    paper = db.session.scalars(select(CertificatePaper.sha256).where(CertificatePaper.certificate_id == old.id)).one()
    assert ask(organiser, page, status="replaced", recipient=name, reason="Salah eja").status_code == 303
    chair = door("chair")
    seen = text_of(english(chair, page))
    assert "Name so far" in seen
    assert recipient in seen
    assert name in seen
    assert answer(chair, page, "confirm").status_code == 303
    old, new = certificate(), db.session.scalars(select(Certificate).where(Certificate.version_no == 2)).one()
    assert (old.status, new.status, new.recipient, new.register_no) == ("replaced", "valid", name, 4)
    kept = db.session.scalars(select(CertificatePaper.sha256).where(CertificatePaper.certificate_id == old.id)).one()
    assert kept == paper
    assert "REPLACED" in checked(client, code)
    text = checked(client, new.code)
    assert "VALID" in text
    assert name in text
    again = text_of(english(organiser, page))
    assert shown(new.code) in again


def test_a_name_that_paper_cannot_carry_is_refused_at_its_field(here, door):
    organiser, page = door("organiser-1"), page_of()
    for name, said in (("Kabupaten 王", "王"), ("Kabupaten  Contoh", "U+0020"), ("x " * 149 + "x", "does not fit")):
        refused = ask(organiser, page, status="replaced", recipient=name, reason="Salah eja")
        if refused.status_code == 303:
            pytest.fail(f"{name!r} was taken")
        assert refused.status_code == 422
        text = text_of(refused)
        assert said in text
        assert 'id="recipient-error"' in text
    assert db.session.query(Proposal).filter_by(state="waiting").count() == 0


def test_the_same_again_a_missing_reason_and_a_second_request_are_refused(here, door):
    organiser, page = door("organiser-1"), page_of()
    recipient = certificate().recipient
    same = ask(organiser, page, status="replaced", recipient=recipient, reason="Cetak lagi")
    assert same.status_code == 422
    assert "exactly the same" in text_of(same)
    assert ask(organiser, page, status="revoked", reason=" ").status_code == 422
    assert ask(organiser, page, reason="Salah").status_code == 422
    assert ask(organiser, page, status="valid", reason="Salah").status_code == 422
    assert ask(organiser, page, status="revoked", reason="Salah orang").status_code == 303
    assert ask(organiser, page, status="revoked", reason="Salah orang").status_code == 409
    assert ask(organiser, page_of(2), status="revoked", reason="Salah orang").status_code == 303


def test_the_chair_sends_back_and_the_organiser_takes_back(here, door):
    organiser, page = door("organiser-1"), page_of()
    ask(organiser, page, status="revoked", reason="Salah orang")
    assert answer(door("chair"), page, "refuse").status_code == 303
    assert certificate().status == "valid"
    ask(organiser, page, status="revoked", reason="Salah orang")
    proposal = db.session.scalars(select(Proposal.ref).where(Proposal.state == "waiting")).one()
    address = f"{page}/end/{proposal}/withdraw"
    assert send(organiser, address, dict(Forms(text_of(english(organiser, page))).forms[address])).status_code == 303
    assert certificate().status == "valid"
    assert db.session.query(Proposal).filter_by(state="waiting").count() == 0
    assert "Request ended without effect" in text_of(english(organiser, page))


def test_nobody_confirms_alone_and_another_code_or_digest_is_no_way_in(here, door):
    organiser, page = door("organiser-1"), page_of()
    ask(organiser, page, status="revoked", reason="Salah orang")
    proposal = db.session.scalars(select(Proposal)).all()[-1]
    ref, digest = proposal.ref, proposal.digest
    chair = door("chair")
    fields = dict(Forms(text_of(english(chair, page))).forms[f"{page}/end/{ref}"])
    token = dict(Forms(text_of(english(organiser, page))).forms[f"{page}/end/{ref}/withdraw"])
    for client, address, said, due in (
        (organiser, f"{page}/end/{ref}", token | {"digest": digest, "answer": "confirm"}, {403}),
        (chair, f"{page_of(2)}/end/{ref}", fields, {404}),
        (chair, f"{page}/end/P-0000-0000", fields, {404}),
        (chair, f"{page}/end/{ref}", fields | {"digest": "0" * 64, "answer": "confirm"}, {409, 422}),
    ):
        assert send(client, address, said).status_code in due, address
    assert certificate().status == "valid"
    assert english(door("assessor-3"), f"{page}/end").status_code in {403, 404}


def test_a_request_whose_facts_have_moved_is_void(here, door):
    organiser, page = door("organiser-1"), page_of()
    basis = certificate().basis
    organisation = db.session.scalars(
        select(Organisation).join(Nomination, Nomination.organisation_id == Organisation.id)
        .where(Nomination.ref == basis)
    ).one()  # fmt: skip
    organisation.name = "Kabupaten Contoh Baru"
    db.session.commit()
    assert "Kabupaten Contoh Baru" in text_of(english(organiser, f"{page}/end"))
    ask(organiser, page, status="replaced", recipient="Kabupaten Contoh Lain", reason="Salah eja")
    chair = door("chair")
    proposal = db.session.scalars(select(Proposal.ref).where(Proposal.state == "waiting")).one()
    fields = dict(Forms(text_of(english(chair, page))).forms[f"{page}/end/{proposal}"])
    category_of(here).cycle.decree = "Keputusan Nomor 99"
    db.session.commit()
    assert "no longer stands" in text_of(english(chair, page))
    refused = send(chair, f"{page}/end/{proposal}", fields | {"answer": "confirm"})
    assert refused.status_code == 409
    assert certificate().status == "valid"
