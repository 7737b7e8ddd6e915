"""What the services of cycles refuse: rubrics, states, proposals and extensions, and that nothing is left of it."""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import func, select

from paritrana.audit.models import Event
from paritrana.core.errors import NotFound, SamePerson, WrongState
from paritrana.core.lifecycle import State
from paritrana.core.policy import Actor
from paritrana.cycles import queries, service
from paritrana.cycles.models import Category, DeadlineExtension, Proposal, RubricVersion
from paritrana.cycles.rubrics.document import form_of
from paritrana.database import db
from tests.factories import NOW, SYSTEM, freeze, rubric, world

LATER = timedelta(days=3)


def stored():
    """How many rows there are that a refused act must not add."""
    db.session.rollback()
    return [db.session.scalar(select(func.count()).select_from(one)) for one in (Event, Proposal, RubricVersion)]


def test_a_stored_rubric_version_keeps_its_content(db_session):
    form = form_of(rubric())
    db.session.commit()
    before = stored()
    with pytest.raises(service.RubricFrozen):
        service.store_rubric({**form, "quorum": 4}, actor=SYSTEM, at=NOW)
    assert stored() == before
    again = service.store_rubric(form, actor=SYSTEM, at=NOW)
    assert (again.ref, again.quorum) == ("kabkota-default/1", 5)
    assert stored() == before


def test_a_version_is_frozen_once_and_by_two_people(db_session):
    mine = service.store_rubric({**form_of(rubric()), "code": "contoh-1"}, actor=SYSTEM, at=NOW)
    db.session.commit()
    before = stored()
    first = Actor(ref="U-1", person_id=7)
    with pytest.raises(SamePerson):
        service.freeze_rubric(mine, actor=first, second=replace(first, ref="U-2"), at=NOW)
    assert (stored(), mine.frozen_at) == (before, None)
    freeze(mine)
    db.session.commit()
    before = stored()
    with pytest.raises(service.RubricFrozen):
        freeze(mine)
    assert (stored(), mine.frozen_at) == (before, NOW)


def test_a_category_moves_only_out_of_the_state_that_was_seen(db_session):
    here = world(state=State.SCORING)
    before = stored()
    with pytest.raises(WrongState):
        service.set_state(
            here.category, State.SCORING, expected=State.INTERVIEW, actor=here.actor("chair"), at=here.now
        )
    assert stored() == before
    assert here.category.stored_state is State.SCORING


def test_a_proposal_has_a_person_and_is_answered_once(db_session):
    here = world()
    at, closes = here.now, here.category.closes_at
    before = stored()
    with pytest.raises(WrongState):
        service.propose("extend_deadline", here.category, payload={}, reason=None, actor=SYSTEM, at=at)
    assert stored() == before
    organiser = here.actor("organiser-1")
    proposal = service.propose_extension(here.category, closes + LATER, "Banjir", actor=organiser, at=at)
    service.withdraw_proposal(proposal, actor=organiser, at=at)
    db.session.commit()
    before = stored()
    with pytest.raises(service.ProposalVoid):
        service.withdraw_proposal(proposal, actor=organiser, at=at)
    with pytest.raises(service.ProposalVoid):
        service.confirm_extension(proposal, proposal.digest, actor=here.actor("chair"), at=at)
    assert stored() == before
    assert here.category.closes_at == closes


def test_an_extension_is_confirmed_as_it_was_proposed_or_not_at_all(db_session):
    here = world(kind="real")
    at, chair, closes = here.now, here.actor("chair"), here.category.closes_at
    other = service.propose("open_category", here.category, payload={}, reason=None, actor=here.actor("organiser-1"),
                            at=at)  # fmt: skip
    moved = service.propose_extension(here.category, closes + LATER, "Banjir", actor=here.actor("organiser-1"), at=at)
    here.category.verification_until += timedelta(days=1)  # the calendar is another one since
    db.session.commit()
    before = stored()
    for proposal in (other, moved):
        with pytest.raises(service.ProposalVoid):
            service.confirm_extension(proposal, proposal.digest, actor=chair, at=at)
        assert stored() == before
    assert here.category.closes_at == closes
    assert db.session.scalars(select(DeadlineExtension)).all() == []


def test_a_category_without_a_rubric_and_a_proposal_that_nobody_made_are_not_found(db_session):
    here = world()
    with pytest.raises(NotFound):
        queries.rubric_of(Category(cycle=None, slug="x", rubric_version_id=None))
    with pytest.raises(NotFound):
        queries.get_proposal("P-0000-0000")
    assert queries.rubric_of(here.category).ref == "kabkota-default/1"
