"""A certificate ends by two people with a reason, or follows a correction; the old one says so at once and for ever."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from paritrana.certificates import ending, queries, service, templating
from paritrana.certificates.models import Certificate, CertificatePaper
from paritrana.certificates.tasks import tasks
from paritrana.core.certificates import Kind
from paritrana.core.codes import shown
from paritrana.core.errors import MissingReason, SamePerson, WrongState
from paritrana.cycles.models import Proposal
from paritrana.cycles.service import ProposalVoid, ProposalWaiting
from paritrana.database import db
from paritrana.operations.invariants import broken_rules
from paritrana.paper import NotPrintable
from paritrana.publication.corrections import service as correcting
from tests.factories_results import category_of, contest, fail_gate, nominations, press, publish

REASON = "Nama salah eja."


@pytest.fixture
def here(app, db_session):
    made = contest(5)
    publish(made)
    made.at = made.now + timedelta(hours=2)
    service.issue(
        category_of(made), press=press(), actor=made.actor("organiser-1"), at=made.at,
        kinds=(Kind.WINNER, Kind.FINALIST, Kind.THANKS),
    )  # fmt: skip
    db.session.commit()
    return made


def first():
    return db.session.scalars(select(Certificate).order_by(Certificate.register_no)).first()


def ask(here, status, recipient="", reason=REASON):
    asked = ending.propose_end(
        first(), status, reason, actor=here.actor("organiser-1"), at=here.at, recipient=recipient
    )  # fmt: skip
    db.session.commit()
    return asked


def agree(here, asked, who="chair"):
    made = ending.confirm_end(asked, asked.digest, press=press(), actor=here.actor(who), at=here.at)
    db.session.commit()
    return made


def test_two_people_revoke_and_the_old_one_says_so_at_once(here, client, app):
    asked = ask(here, "revoked")
    assert first().status == "valid"
    assert [one.message for one in tasks(here.actor("chair"), here.at)] == [
        "Confirm the end of certificate %(code)s: %(category)s"
    ]
    ended, successor = agree(here, asked)
    assert (ended.status, ended.status_reason, ended.status_at, successor) == ("revoked", REASON, here.at, None)
    text = client.get(f"/verify/{shown(ended.code)}?lang=en").get_data(as_text=True)
    assert "REVOKED" in text
    assert REASON in text
    with pytest.raises(ending.NotValid):
        ask(here, "revoked")
    db.session.rollback()
    assert ended.award_id not in {one.award_id for one in service.missing_in(category_of(here), [Kind.WINNER])}


def test_a_replacement_carries_the_corrected_name_and_the_next_number(here, client):
    before = db.session.query(Certificate).count()
    ended, made = agree(here, ask(here, "replaced", "Pemerintah Kabupaten Contoh Satu"))
    assert ended.status == "replaced"
    assert (made.recipient, made.version_no, made.register_no) == (
        "Pemerintah Kabupaten Contoh Satu", 2, before + 1,
    )  # fmt: skip
    assert (made.award_id, made.rank, made.title_id) == (ended.award_id, ended.rank, ended.title_id)
    assert made.code != ended.code
    assert queries.find_successor(ended).code == made.code
    assert db.session.query(CertificatePaper).count() == before + 1
    text = client.get(f"/verify/{shown(ended.code)}?lang=en").get_data(as_text=True)
    assert "REPLACED" in text


def test_a_replacement_takes_the_newest_template_and_decree(here):
    with pytest.raises(ending.SameCertificate):
        ask(here, "replaced")
    db.session.rollback()
    here.cycle.decree = "SK Contoh 2/2026"
    db.session.commit()
    delivered = queries.template_for(here.cycle, Kind.WINNER)
    own = templating.store_template(
        here.cycle, Kind.WINNER, "", {**delivered.document, "design": "laurel"}, actor=here.actor("organiser-1"),
        at=here.at,
    )  # fmt: skip
    db.session.commit()
    ended, made = agree(here, ask(here, "replaced"))
    assert (made.context["decree"], made.template_version_id) == ("SK Contoh 2/2026", own.id)
    assert (ended.context["decree"], ended.template_version_id) == ("SK Contoh 1/2026", delivered.id)


def test_nobody_ends_a_certificate_alone_or_without_a_reason(here):
    with pytest.raises(MissingReason):
        ask(here, "revoked", reason="  ")
    db.session.rollback()
    with pytest.raises(NotPrintable):
        ask(here, "replaced", "Pemerintah 王")
    db.session.rollback()
    asked = ask(here, "revoked")
    with pytest.raises(SamePerson):
        agree(here, asked, "organiser-1")
    db.session.rollback()
    with pytest.raises(ProposalWaiting):
        ask(here, "revoked")
    db.session.rollback()
    assert first().status == "valid"
    here.category.state = 6
    db.session.commit()
    with pytest.raises(WrongState):
        agree(here, asked)


def test_what_has_changed_since_is_not_confirmed(here):
    asked = ask(here, "replaced", "Pemerintah Kabupaten Contoh Satu")
    here.cycle.decree = "SK Contoh 3/2026"
    db.session.commit()
    assert not ending.end_stands(asked)
    with pytest.raises(ProposalVoid):
        agree(here, asked)
    db.session.rollback()
    assert first().status == "valid"
    assert db.session.scalars(select(Proposal.state).where(Proposal.ref == asked.ref)).one() == "waiting"


def test_a_request_that_moved_makes_room_and_others_go_on_waiting(here):
    moved = ask(here, "replaced", "Pemerintah Kabupaten Contoh Satu")
    second = db.session.scalars(select(Certificate).order_by(Certificate.register_no)).all()[1]
    other = ending.propose_end(second, "revoked", REASON, actor=here.actor("organiser-1"), at=here.at)
    here.cycle.decree = "SK Contoh 3/2026"
    db.session.commit()
    again = ask(here, "replaced", "Pemerintah Kabupaten Contoh Satu")
    assert [moved.state, other.state, again.state] == ["void", "waiting", "waiting"]
    ended, made = agree(here, again)
    assert (ended.status, made.context["decree"]) == ("replaced", "SK Contoh 3/2026")


def test_a_correction_ends_papers_of_finalists_too_and_the_new_ones_follow(here, app):
    fail_gate(here, nominations(here)[0])
    category, organiser = category_of(here), here.actor("organiser-1")
    run = correcting.build_correcting_run(category, actor=organiser, at=here.at)
    asked = correcting.propose_correction(category, run.digest, "Syarat gugur.", actor=organiser, at=here.at)
    correcting.confirm_correction(asked, asked.digest, actor=here.actor("chair"), at=here.at)
    db.session.commit()
    by_place = {(one.kind, one.nomination.candidate_code): one.status for one in db.session.query(Certificate)
                if one.nomination}  # fmt: skip
    assert by_place == {
        ("winner", "99.01"): "revoked", ("winner", "99.02"): "replaced", ("winner", "99.03"): "replaced",
        ("finalist", "99.04"): "revoked", ("finalist", "99.05"): "valid",
    }  # fmt: skip
    assert {one.status for one in db.session.query(Certificate).where(Certificate.kind == "thanks")} == {"valid"}
    again = service.issue(
        category, press=press(), actor=organiser, at=here.at, kinds=(Kind.WINNER, Kind.FINALIST, Kind.PARTICIPANT)
    )
    db.session.commit()
    assert [(one.kind, one.nomination.candidate_code, one.version_no) for one in again] == [
        ("winner", "99.02", 2), ("winner", "99.03", 2), ("winner", "99.04", 1), ("participant", "99.01", 1),
    ]  # fmt: skip
    about = ("certificate", "look", "chain", "proposal")
    found = broken_rules(app.extensions["settings"], at=here.at)
    assert [one for one in found if one.rule.startswith(about)] == []


def test_nothing_breaks_a_rule_after_certificates_ended(here, app):
    agree(here, ask(here, "replaced", "Pemerintah Kabupaten Contoh Satu"))
    found = broken_rules(app.extensions["settings"], at=here.at)
    assert [one for one in found if one.rule.startswith(("certificate", "look", "chain"))] == []
