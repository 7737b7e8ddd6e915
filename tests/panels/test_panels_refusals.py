"""What the services of panels refuse without a decree or a reason, too late or twice, and that nobody's seat moves."""

from datetime import timedelta

import pytest
from sqlalchemy import func, select

from paritrana.audit.models import Event
from paritrana.core.errors import MissingReason, WrongState
from paritrana.core.lifecycle import State
from paritrana.core.policy import Actor, Role
from paritrana.cycles.models import Proposal
from paritrana.cycles.service import ProposalVoid
from paritrana.database import db
from paritrana.nominations.models import Nomination
from paritrana.panels import facts, queries, service
from paritrana.panels.models import Recusal, Seat
from paritrana.verification.models import Verification
from tests.factories import person, world
from tests.factories_results import contest, nominations


def stored():
    """How many rows a refused act must not add, and which seats there are."""
    counts = [db.session.scalar(select(func.count()).select_from(one)) for one in (Event, Proposal, Recusal)]
    seats = db.session.scalars(select(Seat).order_by(Seat.id)).all()
    return counts, [(one.code, one.role, one.version, one.ended_at) for one in seats]


def seat_of(here, name):
    account_id = here.accounts[name].id
    return db.session.query(Seat).filter_by(category_id=here.category.id, account_id=account_id).one()


def test_a_panel_changes_with_a_decree_or_a_reason_in_writing(db_session):
    here = world()
    given = {"actor": here.actor("organiser-1"), "at": here.now}
    newcomer, leaving = person("newcomer"), seat_of(here, "assessor-3")
    before = stored()
    for change in (
        lambda: service.seat(here.category, newcomer, "member", "", " ", **given),
        lambda: service.propose_seat(here.category, newcomer, "member", "", "", **given),
        lambda: service.unseat(leaving, " ", expected=leaving.version, **given),
        lambda: service.propose_unseat(leaving, "", **given),
    ):
        with pytest.raises(service.ReasonMissing):
            change()
    assert stored() == before


def test_a_seat_ends_once(db_session):
    here = world()
    given = {"actor": here.actor("organiser-1"), "at": here.now}
    leaving = seat_of(here, "assessor-3")
    service.unseat(leaving, "ill", expected=leaving.version, **given)
    before = stored()
    with pytest.raises(service.SeatEnded):
        service.unseat(leaving, "moved away", expected=leaving.version, **given)
    assert stored() == before
    assert leaving.ended_reason == "ill"


def test_a_proposed_end_of_a_seat_that_has_ended_or_changed_since_is_void(db_session):
    here = world(state=State.SCORING)
    given = {"actor": here.actor("organiser-1"), "at": here.now}
    ended, changed = seat_of(here, "assessor-3"), seat_of(here, "assessor-4")
    proposals = [service.propose_unseat(one, "ill", **given) for one in (ended, changed)]
    service.unseat(ended, "moved away", expected=ended.version, confirmed=True, **given)
    changed.version += 1
    db.session.commit()
    before = stored()
    for proposal in proposals:
        with pytest.raises(ProposalVoid):
            service.confirm_change(proposal, proposal.digest, actor=here.actor("chair"), at=here.now)
        db.session.rollback()
    assert stored() == before
    assert seat_of(here, "assessor-4").ended_at is None


def test_who_is_out_already_stays_out_for_the_first_reason(db_session):
    here = contest(1, state=State.INTERVIEW)
    (candidate,), actor = nominations(here), here.actor("assessor-3")
    with pytest.raises(MissingReason):
        service.recuse(candidate, " ", actor=actor, at=here.now)
    first = service.recuse(candidate, "a cousin", basis="kin", actor=actor, at=here.now)
    before = stored()
    again = service.recuse(candidate, "a contract", basis="business", actor=actor, at=here.now)
    assert (again, again.reason, again.basis) == (first, "a cousin", "kin")
    assert stored() == before


def test_a_category_opens_out_of_the_draft_and_before_its_deadline(db_session):
    here = world(state=State.DRAFT)
    given = {"actor": here.actor("organiser-1")}
    before = stored()
    with pytest.raises(service.NotReadyToOpen) as refusal:
        service.propose_opening(here.category, at=here.category.closes_at, **given)
    assert [one.message for one in refusal.value.blockers] == ["The deadline has already passed."]
    assert refusal.value.params == {"n": 1}
    here.category.state = int(State.OPEN)
    with pytest.raises(WrongState):
        service.propose_opening(here.category, at=here.category.closes_at - timedelta(days=1), **given)
    assert stored() == before


def test_a_conflict_reaches_whatever_belongs_to_the_candidate(db_session):
    here = contest(2, state=State.INTERVIEW)
    first, second = nominations(here)
    service.recuse(first, "a cousin", basis="kin", actor=here.actor("assessor-3"), at=here.now)
    found = db.session.scalars(select(Verification).order_by(Verification.id)).all()
    assert [one.nomination for one in found] == [first, second]
    for name, free in (("assessor-3", False), ("assessor-4", True)):
        # A verification has no category of its own: that of its candidate is asked, and it is one for both.
        assert [facts.category_unconflicted(here.actor(name), Role.ASSESSOR, one) for one in found] == [free, free]
    assert not facts.category_unconflicted(here.actor("assessor-4"), Role.ASSESSOR, "no candidate's")


def test_nobody_in_particular_is_in_no_conflict_and_no_categories_have_none(db_session):
    here = contest(2, state=State.INTERVIEW)
    nobody = Actor()
    service.recuse(nominations(here)[0], "a cousin", basis="kin", actor=here.actor("assessor-3"), at=here.now)
    for judging in (True, False):
        clause = queries.conflict_clause(nobody, judging=judging)
        assert db.session.scalars(select(Nomination).where(clause)).all() == []
    assert queries.conflicts_before_seating([]) == []
