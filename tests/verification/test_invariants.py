"""What `paritrana check` finds in the verifications: rows told otherwise, and persons and documents that cannot be."""

from decimal import Decimal

import pytest
from sqlalchemy import text

from paritrana.database import db
from paritrana.files.models import Blob
from paritrana.reference.models import Organisation
from paritrana.verification import service
from paritrana.verification.invariants import CHECKS
from paritrana.verification.models import FieldVisitPhoto, Finding, Override
from paritrana.verification.service import Photo, Visited
from paritrana.verification.values import computed_values
from tests.factories import world
from tests.verification.cases import LATER, all_judged, propose_gates

KIND, COVERED = "non_asn_protection", "contract_staff.covered"


@pytest.fixture
def here(app, db_session):
    return world(kind="real")


@pytest.fixture
def nomination(here, clock):
    return all_judged(here, clock)


def broken():
    """What the checks of this room name now: rule and object."""
    db.session.flush()
    return {(one.rule, one.where) for check in CHECKS for one in check.look()}


def ask(here, nomination):
    at = here.now + LATER
    return service.ask_changes(
        nomination, [(KIND, COVERED)], "Page 4 says 850.", at + LATER, actor=here.actor("verifier-1"), at=at
    )


def test_figures_reopened_by_an_answer_and_requests_that_ended_are_told_as_they_stand(here, nomination):
    at, name = here.now + LATER, f"{KIND}/{COVERED}"
    asked = ask(here, nomination)
    service.answer_request(asked, {name: 850}, {}, "You are right.", expected=1, actor=here.actor("nominee-1"), at=at)
    service.end_request(
        ask(here, nomination), "Page 4 came by post.", expected=1, actor=here.actor("verifier-1"), at=at
    )
    db.session.commit()
    assert db.session.query(Finding).filter_by(figure=COVERED).count() == 0
    assert broken() == set()
    db.session.execute(text("UPDATE change_request SET state = 'open' WHERE no = 2"))
    db.session.execute(text("UPDATE change_request SET question = 'Why?' WHERE no = 1"))
    assert broken() == {("request.event_differs", f"{nomination.ref} {no}") for no in (1, 2)}


def test_a_finding_judges_a_revision_and_names_a_document_of_its_nomination(here, nomination):
    propose_gates(here, nomination)
    assert broken() == set()
    db.session.execute(text("UPDATE finding SET document_no = 999 WHERE figure = :figure"), {"figure": COVERED})
    db.session.execute(text("UPDATE finding SET revision_no = 9 WHERE figure = 'pu.participants'"))
    found, first, second = broken(), f"{nomination.ref} {KIND} {COVERED}", f"{nomination.ref} coverage pu.participants"
    assert {one for one in found if not one[0].endswith("differs")} == {
        ("finding.document", first), ("finding.revision", second),
    }  # fmt: skip
    assert {rule for rule, _where in found} == {"finding.document", "finding.revision", "finding.event_differs"}


def test_two_different_persons_set_a_value(here, nomination):
    at = here.now + LATER
    value = computed_values(nomination.category, nomination.category.rubric, [nomination])[nomination.id, "B1"].value
    service.propose_override(
        nomination, "B1", Decimal("1.25"), "The plan was suspended.", seen=value,
        actor=here.actor("verifier-1"), at=at,
    )  # fmt: skip
    service.confirm_override(nomination, 1, expected=1, actor=here.actor("verifier-2"), at=at)
    db.session.commit()
    assert broken() == set()
    rule = ("override.two_persons", f"{nomination.ref} 1")
    here.accounts["verifier-2"].person = here.accounts["verifier-1"].person
    assert broken() == {rule}
    db.session.rollback()
    one = db.session.query(Override).one()
    one.second_by = None
    assert broken() == {rule}
    db.session.rollback()
    db.session.query(Override).one().second_by = here.accounts["chair"].id
    assert broken() == {rule}


def test_the_categories_that_hide_claims_are_those_that_events_tell_of(here):
    service.set_claims_wait(here.category, True, actor=here.actor("organiser-1"), at=here.now)
    db.session.commit()
    assert broken() == set()
    for settings in ({}, {"claims_wait": ["kabkota", "desa"]}, None):
        here.cycle.settings = settings
        assert broken() == {("claims.set", "contoh-2025")}


def test_the_photos_of_a_visit_lie_in_the_folder_of_the_candidate(here, nomination):
    blob = Blob(
        organisation_id=nomination.organisation_id, sha256="a" * 64, size=1, media_type="image/png", created_at=here.now
    )
    db.session.add(blob)
    on = (here.now + LATER).date()
    service.record_visit(
        nomination, Visited("Balai desa", on, "Dinas", {KIND: "Daftar ada."}, photos=[Photo(blob, "a.png", "Loket")]),
        actor=here.actor("verifier-1"), at=here.now + LATER,
    )  # fmt: skip
    db.session.commit()
    assert broken() == set()
    other = db.session.query(Organisation).filter_by(region_code="99.05").one()
    blob.organisation_id = other.id
    assert broken() == {("visit_photo.tenant", f"{nomination.ref} 1 1")}
    assert db.session.query(FieldVisitPhoto).one().blob.organisation_id == other.id
