"""What the service of findings refuses, whoever calls it: nothing is stored, and the refusal names its row."""

import pytest

from paritrana.audit.models import Event
from paritrana.core.errors import NotFound, StaleVersion, WrongState
from paritrana.core.lifecycle import State
from paritrana.database import db
from paritrana.verification import queries, service
from paritrana.verification.models import Finding, Verification
from paritrana.verification.service import Entry
from tests.factories import world
from tests.nominations.pages import draft
from tests.verification.cases import LATER, declared, judge_all, sent

KIND, COVERED, TARGET = "non_asn_protection", "contract_staff.covered", "contract_staff.target"


@pytest.fixture
def here(app, db_session):
    return world(kind="real")


@pytest.fixture
def nomination(here, clock):
    return sent(here, clock)[0]


def find(here, nomination, *entries, name="verifier-1", revision=1, kind=KIND):
    return service.record_findings(
        nomination, kind, entries, revision_no=revision, actor=here.actor(name), at=here.now + LATER
    )


def same(here, nomination, figure):
    return service.same_as_claim(
        nomination, KIND, figure, expected=0, revision_no=1, actor=here.actor("verifier-1"), at=here.now + LATER
    )


def test_a_finding_is_refused_whole_for_a_stranger_a_wrong_revision_a_wrong_figure_or_a_late_version(here, nomination):
    good = Entry(TARGET, 1000, "matches")
    with pytest.raises(service.NotDeclared):
        find(here, nomination, good)
    declared(here, nomination, "verifier-1")
    with pytest.raises(service.RevisionChanged) as changed:
        find(here, nomination, good, revision=2)
    assert changed.value.params == {"no": 1}
    with pytest.raises(NotFound):
        find(here, nomination, good, Entry("staff.of.nobody", 900, "matches"))
    db.session.rollback()
    with pytest.raises(NotFound):
        find(here, nomination, good, kind="coverage_of_nobody")
    with pytest.raises(NotFound):
        same(here, nomination, "staff.of.nobody")
    with pytest.raises(service.RowsStale) as stale:
        find(here, nomination, good, Entry(COVERED, 900, "matches", expected=3))
    assert (stale.value.figures, stale.value.params["who"]) == ((COVERED,), "Somebody")
    db.session.rollback()
    assert db.session.query(Finding).count() == 0


def test_same_as_claimed_stores_the_claim_of_one_figure(here, nomination):
    declared(here, nomination, "verifier-1")
    made = same(here, nomination, COVERED)
    assert (made.figure, made.found, made.verdict) == (COVERED, "900", "matches")
    assert db.session.query(Finding).count() == 1


def test_a_figure_that_the_nominee_is_asked_about_takes_no_finding(here, nomination):
    declared(here, nomination, "verifier-1")
    at = here.now + LATER
    service.ask_changes(
        nomination, [(KIND, COVERED)], "Page 4 says 850.", at + LATER, actor=here.actor("verifier-1"), at=at
    )
    db.session.commit()
    with pytest.raises(service.RowRefused) as refused:
        find(here, nomination, Entry(TARGET, 1000, "matches"), Entry(COVERED, 900, "matches"))
    assert (refused.value.figure, refused.value.refusal.code) == (COVERED, "waits_for_answer")
    db.session.rollback()
    assert db.session.query(Finding).count() == 0


def test_a_figure_whose_claim_waits_needs_a_found_figure_and_is_never_same_as_claimed(here, clock):
    service.set_claims_wait(here.category, True, actor=here.actor("organiser-1"), at=here.now)
    service.set_claims_wait(here.category, True, actor=here.actor("organiser-1"), at=here.now)
    db.session.commit()
    assert here.cycle.settings["claims_wait"] == ["kabkota"]
    assert db.session.query(Event).filter_by(kind="claims.set").count() == 1
    nomination = sent(here, clock)[0]
    declared(here, nomination, "verifier-1")
    with pytest.raises(service.RowRefused) as refused:
        find(here, nomination, Entry(COVERED, None, "matches", 1, "1", "Seen."))
    assert (refused.value.figure, refused.value.refusal.code) == (COVERED, "found_missing")
    with pytest.raises(NotFound):
        same(here, nomination, COVERED)
    db.session.rollback()
    assert db.session.query(Finding).count() == 0


def test_taking_twice_changes_nothing_and_nothing_is_taken_outside_the_verification(here, nomination):
    at = here.now + LATER
    first = service.take(nomination, actor=here.actor("verifier-1"), at=at).version
    assert service.take(nomination, actor=here.actor("verifier-1"), at=at + LATER).version == first
    db.session.commit()
    assert db.session.query(Event).filter_by(kind="verification.taken").count() == 1
    assert db.session.query(Verification).one().taken_at == at
    here.category.state = int(State.SCORING)
    db.session.commit()
    with pytest.raises(WrongState):
        service.take(nomination, actor=here.actor("verifier-2"), at=at)
    db.session.rollback()
    assert db.session.query(Verification).one().taken_by == here.accounts["verifier-1"].id


def test_a_late_page_of_the_close_names_whoever_wrote_last(here, nomination):
    declared(here, nomination, "verifier-1")
    at = here.now + LATER
    service.take(nomination, actor=here.actor("verifier-1"), at=at)
    db.session.commit()
    with pytest.raises(StaleVersion) as stale:
        service.propose_close(nomination, expected=9, actor=here.actor("verifier-1"), at=at)
    assert stale.value.params == {"who": "Somebody", "time": at}
    judge_all(here, nomination)
    with pytest.raises(StaleVersion) as stale:
        service.propose_close(nomination, expected=9, actor=here.actor("verifier-1"), at=at)
    assert stale.value.params == {"who": "Verifier 1", "time": at}
    assert queries.find_verification(nomination).state == "open"


def test_what_was_never_sent_has_no_case_no_verification_and_no_item(here, nomination):
    mine = draft(here, "nominee-2", "regency-2")
    for ref in (mine.ref, nomination.ref, "N-0000-0000"):
        with pytest.raises(NotFound):
            queries.get_verification(ref)
    for missing in (mine, nomination):
        with pytest.raises(NotFound):
            queries.case_of_revision(missing, 2)
    with pytest.raises(NotFound):
        queries.case_of(mine)
    with pytest.raises(NotFound):
        queries.case_of(nomination).item("indicator:Z9")
    assert queries.case_of_revision(nomination, 1).revision.no == 1
    declared(here, nomination, "verifier-1")
    service.take(nomination, actor=here.actor("verifier-1"), at=here.now + LATER)
    assert queries.get_verification(nomination.ref).nomination_id == nomination.id
