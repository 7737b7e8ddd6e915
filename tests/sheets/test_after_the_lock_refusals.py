"""What the services refuse about late marks, sheets to be opened again, and a scoring that begins afresh."""

from decimal import Decimal

import pytest

from paritrana.core.errors import MissingReason, WrongState
from paritrana.core.lifecycle import State
from paritrana.cycles.models import Proposal
from paritrana.database import db
from paritrana.panels.service import recuse
from paritrana.sheets import service
from paritrana.sheets.late import service as late
from paritrana.sheets.late.models import LateDecision, LateMark
from paritrana.sheets.late.service import OwnSheet
from paritrana.sheets.models import Mark, Sheet
from paritrana.sheets.reopening import service as reopening
from paritrana.sheets.reopening.models import Reopening
from paritrana.sheets.restarts import service as restarts
from tests.factories_results import category_of, contest
from tests.nominations.pages import SAME_ORIGIN
from tests.sheets.desks import token_of


@pytest.fixture
def here(app, db_session):
    return contest(1, state=State.SCORING)


def sheet_of(here, name="assessor-3"):
    return db.session.query(Sheet).filter_by(assessor_id=here.accounts[name].id).one()


def deliver(here, name="assessor-3", value="8.25", **said):
    texts = {"abstain_note": "", "panel_note": "", "feedback": "", "device_at": "10:00", **said}
    return late.deliver(sheet_of(here, name), "A1", Decimal(value), **texts, actor=here.actor(name), at=here.now)


def step_back(here, name="assessor-3"):
    recuse(sheet_of(here, name).nomination, "Kin.", actor=here.actor(name), at=here.now)
    db.session.commit()


def to(here, state):
    category_of(here).state = int(state)
    db.session.commit()


# Late marks -----------------------------------------------------------------------------------------------------------


def test_a_late_mark_is_no_abstention_as_well_and_none_of_a_sheet_that_was_left(here):
    with pytest.raises(service.MarkAndAbstention):
        deliver(here, abstain_note="I advised on this rule.")
    step_back(here)
    with pytest.raises(service.SheetClosed):
        deliver(here)
    assert db.session.query(LateMark).count() == 0


def test_a_late_mark_is_decided_with_a_reason_by_another_person_while_the_sheet_may_count(here):
    mine, theirs, left = deliver(here, "chair"), deliver(here), deliver(here, "assessor-4")
    db.session.commit()
    chair = here.actor("chair")

    def decide(one, reason="The line was down."):
        late.decide(one, True, reason, actor=chair, at=here.now)

    with pytest.raises(MissingReason):
        decide(theirs, " ")
    with pytest.raises(OwnSheet):
        decide(mine)
    step_back(here, "assessor-4")
    with pytest.raises(service.SheetClosed):
        decide(left)
    to(here, State.SEALED)
    with pytest.raises(service.SheetClosed):
        decide(theirs)
    to(here, State.SCORING)
    db.session.rollback()
    assert db.session.query(LateDecision).count() == 0
    decide(theirs)
    assert db.session.query(Mark).filter_by(value=Decimal("8.25")).one().sheet_id == theirs.sheet_id


def test_a_late_mark_is_decided_at_the_address_of_its_own_cycle(here, door):
    one = deliver(here)
    chair = door("chair")
    data = {"csrf_token": token_of(chair), "idempotency_key": "decide-late-01", "decision": "admit", "reason": "Yes."}
    for cycle, status in (("lain-2025", 404), ("contoh-2025", 303)):
        answer = chair.post(f"/manage/{cycle}/late-marks/{one.ref}", data=data, headers=SAME_ORIGIN)
        assert answer.status_code == status, cycle
        db.session.rollback()
        assert db.session.query(LateDecision).count() == (status == 303)


# Opened again ---------------------------------------------------------------------------------------------------------


def test_a_sheet_is_asked_for_with_a_reason_in_the_scoring_by_who_still_scores(here):
    assessor = here.actor("assessor-3")

    def ask(reason="I mistyped."):
        return reopening.ask(sheet_of(here), reason, actor=assessor, at=here.now)

    with pytest.raises(MissingReason):
        ask(" ")
    to(here, State.PLENARY)
    with pytest.raises(WrongState):
        ask()
    to(here, State.SCORING)
    step_back(here)
    with pytest.raises(WrongState):
        ask()
    assert db.session.query(Reopening).count() == 0


def test_the_chair_agrees_once_refuses_with_a_reason_and_neither_after_the_scoring(here):
    chair = here.actor("chair")
    asked = reopening.ask(sheet_of(here), "I mistyped.", actor=here.actor("assessor-3"), at=here.now)
    with pytest.raises(MissingReason):
        reopening.refuse(asked, " ", actor=chair, at=here.now)
    to(here, State.PLENARY)
    for act in (reopening.agree, reopening.refuse):
        with pytest.raises(WrongState):
            act(asked, "A slip.", actor=chair, at=here.now)
    to(here, State.SCORING)
    assert not reopening.agree(asked, "A slip.", actor=chair, at=here.now)
    for act in (reopening.agree, reopening.refuse):
        with pytest.raises(reopening.NotYourPart):
            act(asked, "Once more.", actor=chair, at=here.now)
    assert (asked.state, asked.led_reason, asked.seconded_by) == ("asked", "A slip.", None)
    assert sheet_of(here).submitted_at is not None


# Begun afresh ---------------------------------------------------------------------------------------------------------


def test_a_proposal_that_no_longer_names_every_sheet_gives_way_to_another_one(here):
    chair = here.actor("chair")
    assert not restarts.void_moved_restart(category_of(here), at=here.now)
    first = restarts.propose_restart(category_of(here), "The weights are wrong.", actor=chair, at=here.now)
    assert not restarts.void_moved_restart(category_of(here), at=here.now)
    assert first.state == "waiting"
    old = sheet_of(here)
    more = Sheet(ref="L-new", category_id=old.category_id, nomination_id=old.nomination_id, revision_no=1,
                 assessor_id=here.accounts["organiser-2"].id, opened_at=here.now)  # fmt: skip
    db.session.add(more)
    db.session.commit()
    second = restarts.propose_restart(category_of(here), "Still wrong.", actor=chair, at=here.now)
    db.session.commit()
    assert [one.state for one in db.session.query(Proposal).order_by(Proposal.id)] == ["void", "waiting"]
    assert len(second.payload["sheets"]) == len(first.payload["sheets"]) + 1
