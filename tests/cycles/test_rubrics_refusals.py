"""What the services of rubrics refuse behind the pages, and what a second press leaves as it is."""

import pytest
from sqlalchemy import func, select

from paritrana.audit.models import Event
from paritrana.core.errors import WrongState
from paritrana.core.lifecycle import State
from paritrana.cycles.models import Proposal
from paritrana.cycles.queries import rubric_of
from paritrana.cycles.rubrics import service
from paritrana.cycles.rubrics.document import form_of
from paritrana.cycles.service import RubricFrozen
from paritrana.database import db
from tests.factories import rubric, world


@pytest.fixture
def here(db_session):
    """A category in draft that is judged by the default rubric; another delivered one of its kind is stored."""
    made = world(state=State.DRAFT)
    rubric("ntb-2024-observed")
    db.session.commit()
    return made


def events(kind=None):
    """How many events there are, all or of one kind."""
    statement = select(func.count()).select_from(Event)
    return db.session.scalar(statement if kind is None else statement.where(Event.kind == kind))


def freezing(here, version, reason="", **changes):
    """An organiser proposes to freeze a version for the category."""
    given = {"marked": False, "actor": here.actor("organiser-1"), "at": here.now} | changes
    return service.propose_freezing(here.category, version, version.digest, reason, **given)


def test_what_two_people_froze_is_not_written_again(here):
    version, before = rubric_of(here.category), events()
    form = {**form_of(version), "quorum": 4}
    with pytest.raises(RubricFrozen):
        service.save(version, form, expected=version.row_version, actor=here.actor("organiser-1"), at=here.now)
    db.session.rollback()
    assert (version.quorum, events()) == (5, before)


def test_a_draft_is_judged_by_one_version_and_choosing_it_again_changes_nothing(here):
    actor = here.actor("organiser-1")
    with pytest.raises(service.ChosenAlready):
        service.choose(here.category, rubric_of(here.category), actor=actor, at=here.now)
    mine = service.make(here.cycle, {**form_of(rubric()), "code": "contoh-1"}, actor=actor, at=here.now)
    for _press in (1, 2):
        service.choose(here.category, mine, actor=actor, at=here.now)
    assert rubric_of(here.category).ref == "contoh-1/1"
    assert events("category.rubric_chosen") == 1


def test_a_frozen_version_is_chosen_in_draft_and_not_frozen_again(here):
    before = events()
    with pytest.raises(RubricFrozen):
        freezing(here, rubric("ntb-2024-observed"))
    here.category.state = int(State.INTERVIEW)
    with pytest.raises(WrongState):
        freezing(here, rubric("ntb-2024-observed"), "Bobot wawancara diperbaiki.")
    assert (events(), db.session.scalars(select(Proposal)).all()) == (before, [])


def test_a_version_that_is_frozen_already_takes_its_place_and_is_not_frozen_twice(here):
    here.category.state = int(State.OPEN)
    version, frozen = rubric("ntb-2024-observed"), events("rubric.frozen")
    at = version.frozen_at
    proposal = freezing(here, version, "Bobot wawancara diperbaiki.")
    service.confirm_freezing(proposal, version, proposal.digest, marked=False, actor=here.actor("chair"), at=here.now)
    assert rubric_of(here.category).ref == "ntb-2024-observed/1"
    assert (version.frozen_at, events("rubric.frozen"), events("category.rubric_chosen")) == (at, frozen, 1)
