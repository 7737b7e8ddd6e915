"""What the close, the change requests and the shortlist refuse at the service, and that nothing moves then."""

from datetime import timedelta

import pytest

from paritrana.audit.models import Event
from paritrana.core.errors import MissingReason, NotFound, StaleVersion, WrongState
from paritrana.core.lifecycle import State
from paritrana.cycles.service import ProposalVoid
from paritrana.database import db
from paritrana.nominations import service as nominations
from paritrana.nominations.models import Nomination, NominationRevision
from paritrana.verification import queries, service
from paritrana.verification.models import ChangeRequest, Verification
from tests.factories import world
from tests.verification.cases import ALL, LATER, declared, judge_all, propose_gates, sent, verify

KIND, COVERED = "non_asn_protection", "contract_staff.covered"


@pytest.fixture
def here(app, db_session):
    return world(kind="real")


@pytest.fixture
def nomination(here, clock):
    return sent(here, clock)[0]


def close(here, nomination, name="verifier-2", expected=None):
    found = queries.find_verification(nomination)
    version = found.version if expected is None else expected
    return service.close(nomination, expected=version, actor=here.actor(name), at=here.now + LATER)


def return_close(here, nomination, note="Look again.", *, expected):
    service.return_close(nomination, note, expected=expected, actor=here.actor("verifier-2"), at=here.now + LATER)


def propose_close(here, nomination, name="verifier-1"):
    found = queries.find_verification(nomination)
    return service.propose_close(
        nomination, expected=found.version if found else 0, actor=here.actor(name), at=here.now + LATER
    )


def ask(here, nomination, question="Page 4 says 850.", name="verifier-1"):
    at = here.now + LATER
    return service.ask_changes(
        nomination, [(KIND, COVERED)], question, at + timedelta(days=3), actor=here.actor(name), at=at
    )


def answer(here, request, expected=1, **values):
    return service.answer_request(
        request, values, {f"{KIND}/{COVERED}": "Annex 2 counts them."}, "", expected=expected,
        actor=here.actor("nominee-1"), at=here.now + LATER,
    )  # fmt: skip


def end(here, request, reason="No answer came.", expected=1):
    service.end_request(request, reason, expected=expected, actor=here.actor("verifier-1"), at=here.now + LATER)


def state_of(nomination):
    db.session.expire_all()
    return db.session.get(Nomination, nomination.id).state


def test_the_close_waits_for_declarations_the_chair_the_answer_and_the_version_that_was_seen(here, nomination):
    at = here.now + LATER
    with pytest.raises(service.NotDeclared):
        propose_close(here, nomination)
    declared(here, nomination, "verifier-1", "chair")
    judge_all(here, nomination)
    propose_gates(here, nomination)
    service.propose_gate(
        nomination, "not_applicable", "A3", "not_applicable", "No plan is due.", expected=0,
        actor=here.actor("verifier-1"), at=at,
    )  # fmt: skip
    request = ask(here, nomination)
    with pytest.raises(WrongState):
        propose_close(here, nomination)  # the nominee has it
    end(here, request)
    proposed = propose_close(here, nomination).version
    db.session.commit()
    with pytest.raises(MissingReason):
        return_close(here, nomination, " ", expected=proposed)
    for late in (close, return_close):
        with pytest.raises(StaleVersion) as stale:
            late(here, nomination, expected=proposed - 1)
        assert stale.value.params["who"] == "Verifier 1"
    with pytest.raises(service.NotDeclared):
        close(here, nomination)
    declared(here, nomination, "verifier-2")
    for gate in ("period", "complete"):
        service.decide_gate(nomination, "gate", gate, "pass", "I agree.", expected=1, actor=here.actor("chair"), at=at)
    with pytest.raises(service.NotReadyToClose) as blocked:
        close(here, nomination)
    assert [(one.message, one.params) for one in blocked.value.blockers] == [
        ("The chair has not decided yet whether indicator %(code)s applies.", {"code": "A3"})
    ]
    assert db.session.query(Verification).one().state == "proposed"
    assert state_of(nomination) == "resubmitted"


def test_a_verification_opened_again_after_the_shortlist_closes_and_the_nomination_stays_on_it(here, nomination):
    verify(here, nomination)
    shortlist(here, [nomination])
    answer(here, ask(here, nomination))
    found = db.session.query(Verification).one()
    assert (found.state, found.closed_by) == ("open", None)
    propose_close(here, nomination)
    close(here, nomination)
    db.session.commit()
    assert state_of(nomination) == "shortlisted"
    assert db.session.query(Verification).one().state == "closed"
    moves = db.session.query(Event).filter_by(kind="nomination.moved").order_by(Event.seq)
    assert [one.content.document["values"]["after"] for one in moves][-2:] == ["verified", "shortlisted"]


def test_a_request_is_asked_by_who_declared_and_answered_and_ended_once(here, nomination):
    with pytest.raises(MissingReason):
        ask(here, nomination, question="\n ")
    with pytest.raises(service.NotDeclared):
        ask(here, nomination)
    db.session.rollback()
    assert (db.session.query(ChangeRequest).count(), state_of(nomination)) == (0, "submitted")
    declared(here, nomination, "verifier-1")
    request = ask(here, nomination)
    db.session.commit()
    with pytest.raises(StaleVersion):
        answer(here, request, expected=2)
    with pytest.raises(StaleVersion):
        end(here, request, expected=2)
    with pytest.raises(MissingReason):
        end(here, request, reason="  ")
    assert (request.state, state_of(nomination)) == ("open", "returned")
    answer(here, request)
    db.session.commit()
    with pytest.raises(WrongState):
        answer(here, request, expected=2)
    with pytest.raises(WrongState):
        end(here, request, expected=2)
    db.session.rollback()
    assert db.session.query(NominationRevision).count() == 2
    assert not db.session.query(ChangeRequest).one().ended


def shortlist(here, chosen, left_out=()):
    proposal = propose_shortlist(here, [one.ref for one in chosen], left_out)
    confirm_shortlist(here, proposal)
    db.session.commit()


def propose_shortlist(here, refs, left_out=()):
    return service.propose_shortlist(
        here.category, refs, {one.ref: "Too little." for one in left_out}, "By the values.",
        actor=here.actor("organiser-1"), at=here.now + LATER,
    )  # fmt: skip


def confirm_shortlist(here, proposal):
    service.confirm_shortlist(proposal, proposal.digest, actor=here.actor("chair"), at=here.now + LATER)


def test_a_shortlist_names_verified_nominations_and_falls_when_one_of_them_leaves(here, clock):
    first, second = sent(here, clock, ALL[:2])
    first.state = second.state = "verified"
    with pytest.raises(NotFound):
        propose_shortlist(here, [first.ref, "N-0000-0000"], [second])
    proposal = propose_shortlist(here, [first.ref], [second])
    nominations.withdraw(second, "We leave.", actor=here.actor("nominee-2"), at=here.now + LATER)
    db.session.commit()
    with pytest.raises(ProposalVoid):
        confirm_shortlist(here, proposal)
    db.session.rollback()
    assert [state_of(one) for one in (first, second)] == ["verified", "withdrawn"]
    here.category.state = int(State.INTERVIEW)
    db.session.commit()
    for act in (lambda: confirm_shortlist(here, proposal), lambda: propose_shortlist(here, [first.ref])):
        with pytest.raises(WrongState):
            act()
    assert state_of(first) == "verified"
