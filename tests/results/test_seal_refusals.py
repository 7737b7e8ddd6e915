"""What the services of runs and seals refuse, and that a refusal leaves seal, proposal and warning as they were."""

import gc

import pytest
from sqlalchemy import func, select

from paritrana.audit.models import Event
from paritrana.core.errors import MissingReason, WrongState
from paritrana.cycles.models import Proposal
from paritrana.cycles.service import ProposalVoid
from paritrana.database import db
from paritrana.results import service
from paritrana.results.models import ResultRun, Seal
from paritrana.results.workbench.models import Acknowledgement
from paritrana.results.workbench.queries import warnings_of
from paritrana.results.workbench.service import NoSuchWarning, acknowledge
from tests.factories_results import category_of, contest, nominations, recuse, run
from tests.home.conftest import Visitor

PAGE = "/manage/contoh-2025/ranking/kabkota"


@pytest.fixture
def here(app, db_session):
    return contest(3)


def stored():
    """How many rows there are that a refused act must not add."""
    db.session.rollback()
    return [
        db.session.scalar(select(func.count()).select_from(one))
        for one in (Event, Proposal, ResultRun, Seal, Acknowledgement)
    ]


def propose(here, made):
    return service.propose_seal(category_of(here), made.digest, actor=here.actor("chair"), at=here.now)


def test_a_warning_is_acknowledged_once_with_a_reason_in_the_plenary_as_it_stands(here):
    recuse(here, "assessor-3", nominations(here)[0])
    made, given = run(here), {"actor": here.actor("chair"), "at": here.now}
    (warning,) = warnings_of(category_of(here), made)
    assert (warning.code, warning.found) == ("uneven", 1)
    before = stored()
    for error, code, found, reason in (
        (MissingReason, "uneven", 1, " "),
        (NoSuchWarning, "uneven", 2, "dibahas"),
        (NoSuchWarning, "findings", 1, "dibahas"),
    ):
        with pytest.raises(error):
            acknowledge(made, code, found, reason, **given)
        assert stored() == before
    acknowledge(made, "uneven", 1, "dibahas", **given)
    db.session.commit()
    before = stored()
    with pytest.raises(NoSuchWarning):
        acknowledge(made, "uneven", 1, "dibahas", **given)
    category_of(here).state = 5
    db.session.commit()
    with pytest.raises(WrongState):
        acknowledge(made, "uneven", 1, "dibahas", **given)
    assert stored() == before


def test_before_the_first_run_no_warning_can_be_acknowledged(here, app):
    before = stored()
    answer = Visitor(app.test_client(), "chair").send(
        f"{PAGE}/warnings", digest="", code="uneven", found="1", reason="dibahas"
    )
    assert answer.status_code == 409
    assert "There is no run yet. Calculate a run first." in answer.get_data(as_text=True)
    assert stored() == before


def test_a_waiting_proposal_that_names_another_run_gives_way_to_one_that_stands(here):
    made = run(here)
    old = propose(here, made)
    old.payload = {**old.payload, "digest": "0" * 64}
    db.session.commit()
    new = propose(here, made)
    db.session.commit()
    assert (old.state, new.state, new.payload["digest"]) == ("void", "waiting", made.digest)


def test_a_seal_is_confirmed_with_the_decisions_that_were_proposed_or_not_at_all(here):
    proposal = propose(here, run(here))
    proposal.payload = {**proposal.payload, "decisions": ["Z-0000-0000"]}
    db.session.commit()
    before = stored()
    with pytest.raises(ProposalVoid):
        service.confirm_seal(proposal, proposal.digest, actor=here.actor("organiser-1"), at=here.now)
    assert stored() == before
    assert category_of(here).state == 6


def test_a_wrong_digest_seals_nothing_and_leaves_the_proposal_waiting(here, app):
    proposal = propose(here, run(here))
    db.session.commit()
    before = stored()
    answer = Visitor(app.test_client(), "organiser-1").send(
        f"{PAGE}/seal/{proposal.ref}", answer="confirm", digest="0" * 64
    )
    assert answer.status_code == 409
    assert stored() == before
    assert db.session.scalars(select(Proposal.state)).one() == "waiting"
    assert service.void_moved_seal(category_of(here), at=here.now) is False


def test_where_nobody_searches_for_garbage_a_run_does_not_begin_to(here):
    assert gc.isenabled()
    gc.disable()
    try:
        made = run(here)
        assert not gc.isenabled()
    finally:
        gc.enable()
    assert run(here).no == made.no + 1
    assert gc.isenabled()
