"""What proposals and decisions on conditions refuse, and what an accepted objection may change of them."""

import pytest

from paritrana.audit.models import Event
from paritrana.core.errors import BadInput, MissingReason, NotFound, SamePerson, StaleVersion
from paritrana.core.policy import Role
from paritrana.database import db
from paritrana.verification import facts, service
from paritrana.verification.models import Finding, GateFinding
from paritrana.verification.service import objected
from tests.factories import world
from tests.verification.cases import LATER, declared, judge_all, propose_gates, sent, verify

KIND, COVERED = "non_asn_protection", "contract_staff.covered"


@pytest.fixture
def here(app, db_session):
    return world(kind="real")


@pytest.fixture
def nomination(here, clock):
    return sent(here, clock)[0]


def propose(here, nomination, answer="pass", reason="As the decree says.", **changes):
    said = {"subject": "gate", "code": "period", "expected": 0, "name": "verifier-1"} | changes
    return service.propose_gate(
        nomination, said["subject"], said["code"], answer, reason, expected=said["expected"],
        actor=here.actor(said["name"]), at=here.now + LATER,
    )  # fmt: skip


def decide(here, nomination, answer="pass", reason="I agree.", **changes):
    said = {"subject": "gate", "code": "period", "expected": 1, "name": "chair"} | changes
    return service.decide_gate(
        nomination, said["subject"], said["code"], answer, reason, expected=said["expected"],
        actor=here.actor(said["name"]), at=here.now + LATER,
    )  # fmt: skip


def test_a_proposal_needs_a_reason_an_answer_a_declaration_and_a_condition_of_the_rubric(here, nomination):
    with pytest.raises(MissingReason):
        propose(here, nomination, reason="  ")
    for subject, answer in (("gate", "applies"), ("not_applicable", "pass"), ("indicator", "pass")):
        with pytest.raises(BadInput):
            propose(here, nomination, answer, subject=subject)
    with pytest.raises(service.NotDeclared):
        propose(here, nomination)
    declared(here, nomination, "verifier-1")
    for subject, answer in (("gate", "pass"), ("not_applicable", "applies")):
        with pytest.raises(NotFound):
            propose(here, nomination, answer, subject=subject, code="Z9")
    with pytest.raises(StaleVersion) as stale:
        propose(here, nomination, expected=1)
    assert stale.value.params["who"] == "Somebody"
    db.session.rollback()
    assert db.session.query(GateFinding).count() == 0


def test_a_decision_needs_a_reason_an_answer_a_declaration_a_proposal_and_another_person(here, nomination):
    declared(here, nomination, "verifier-1")
    with pytest.raises(MissingReason):
        decide(here, nomination, reason="\n")
    with pytest.raises(BadInput):
        decide(here, nomination, "perhaps")
    with pytest.raises(service.NotDeclared):
        decide(here, nomination)
    declared(here, nomination, "chair")
    with pytest.raises(service.GateNotProposed):
        decide(here, nomination)  # nobody has begun
    propose(here, nomination)
    with pytest.raises(service.GateNotProposed):
        decide(here, nomination, code="complete")
    with pytest.raises(StaleVersion) as stale:
        decide(here, nomination, expected=7)
    assert stale.value.params["who"] == "Verifier 1"
    with pytest.raises(SamePerson):
        decide(here, nomination, name="verifier-1")
    assert db.session.query(GateFinding).one().decided is None


def test_a_new_proposal_takes_back_what_the_chair_decided(here, nomination):
    declared(here, nomination, "verifier-1", "chair")
    propose(here, nomination)
    decide(here, nomination)
    with pytest.raises(StaleVersion) as stale:
        propose(here, nomination, "fail", expected=1)
    assert stale.value.params["who"] == "Chair"
    propose(here, nomination, "fail", "The decree is of 2024.", expected=2)
    db.session.commit()
    one = db.session.query(GateFinding).one()
    assert (one.proposed, one.decided, one.decided_by, one.version) == ("fail", None, None, 3)


def test_what_was_decided_stands_once_the_verification_is_closed(here, nomination):
    verify(here, nomination)
    before = {one.gate: one.version for one in db.session.query(GateFinding)}
    with pytest.raises(service.VerificationLocked):
        decide(here, nomination, "fail", expected=before["period"])
    db.session.rollback()
    assert {one.gate: one.version for one in db.session.query(GateFinding)} == before


def test_an_objection_changes_only_what_was_found_and_decided_before(here, nomination):
    actor, at = here.actor("organiser-1"), here.now + LATER

    def other_figure(figure=COVERED, found=850):
        return objected.change_finding(nomination, KIND, figure, found, "Page 4 says 850.", actor=actor, at=at)

    def other_gate(code="period", decided="fail"):
        return objected.change_gate(nomination, code, decided, "The decree is of 2024.", actor=actor, at=at)

    for change in (other_figure, other_gate):
        with pytest.raises(NotFound):
            change()  # nobody has begun
    declared(here, nomination, "verifier-1", "chair")
    service.take(nomination, actor=here.actor("verifier-1"), at=at)
    with pytest.raises(NotFound):
        other_figure()
    judge_all(here, nomination)
    with pytest.raises(NotFound):
        other_figure("staff.of.nobody")
    with pytest.raises(NotFound):
        other_gate()
    propose_gates(here, nomination)
    with pytest.raises(NotFound):
        other_gate()  # proposed, not decided
    decide(here, nomination)
    with pytest.raises(BadInput):
        other_gate(decided="applies")
    recorded = db.session.query(Event).filter_by(kind="finding.recorded").count()
    assert other_gate().decided == "fail"
    made = other_figure()
    assert (made.found, made.verdict, made.note, made.version) == ("850", "differs", "Page 4 says 850.", 2)
    assert db.session.query(Event).filter_by(kind="finding.recorded").count() == recorded + 1
    assert db.session.query(Finding).filter_by(figure=COVERED).one().found == "850"


def test_nobody_stands_first_or_answers_where_there_is_no_nomination(here):
    actor = here.actor("verifier-1")
    for subject in (None, here.category, here.cycle):
        assert facts.open_request(actor, Role.NOMINEE, subject) is False
        assert facts.not_first_person(actor, Role.VERIFIER, subject) is False
