"""What waits for a second person on the panel page: sent back, taken back, and answered at its own address alone."""

import pytest

from paritrana.core.lifecycle import State
from paritrana.cycles import service as cycles
from paritrana.cycles.models import Proposal
from paritrana.database import db
from paritrana.panels import queries, service
from paritrana.panels.models import Seat, Waiver
from tests.factories import person, world
from tests.factories_results import contest, nominations
from tests.home.conftest import Visitor
from tests.nominations.pages import fields_of, send, text_of

PANEL = "/manage/contoh-2025/panel"
CATEGORY = f"{PANEL}/kabkota"


@pytest.fixture
def visit(app):
    """A browser of somebody who is signed in, by name."""
    known = {}

    def as_(name):
        known[name] = known.get(name) or Visitor(app.test_client(), name)
        return known[name]

    return as_


def states():
    """The state of each proposal."""
    db.session.rollback()
    return {one.ref: one.state for one in db.session.query(Proposal)}


def test_the_chair_sends_a_change_of_the_panel_back_and_an_organiser_takes_one_back(app, db_session, visit):
    here = world(state=State.INTERVIEW)
    given = {"actor": here.actor("organiser-1"), "at": here.now}
    first, second = (
        service.propose_seat(here.category, person(name), "member", "", "SK 9", **given).ref
        for name in ("baru", "lama")
    )
    db.session.commit()
    chair, organiser = visit("chair"), visit("organiser-1")
    answer = chair.send(f"{CATEGORY}/proposals/{first}", answer="refuse")
    assert (answer.status_code, answer.location) == (303, f"{PANEL}#kabkota")
    assert "The proposal was sent back." in chair.read(PANEL)
    assert states() == {first: "withdrawn", second: "waiting"}
    assert organiser.send(f"{CATEGORY}/proposals/{second}/withdraw").status_code == 303
    assert "The proposal was taken back." in organiser.read(PANEL)
    assert states() == {first: "withdrawn", second: "withdrawn"}
    assert organiser.send(f"{CATEGORY}/proposals/{second}/withdraw").status_code == 409
    assert db.session.query(Seat).count() == 9


def test_an_organiser_sends_a_waiver_back_and_nobody_waives_what_was_not_declared(app, db_session, visit):
    here = contest(2, state=State.INTERVIEW)
    first, second = nominations(here)
    recusal = service.recuse(first, "a cousin", basis="kin", actor=here.actor("assessor-3"), at=here.now)
    proposal = service.propose_waiver(recusal, "far removed", actor=here.actor("chair"), at=here.now).ref
    db.session.commit()
    ref = here.accounts["assessor-3"].ref
    none = visit("chair").send(f"{CATEGORY}/recusals/{second.candidate_code}/{ref}/waive", reason="far removed")
    assert none.status_code == 404
    organiser = visit("organiser-1")
    assert organiser.send(f"{CATEGORY}/waivers/{proposal}", answer="refuse").status_code == 303
    assert "The proposal was sent back." in organiser.read(PANEL)
    assert states() == {proposal: "withdrawn"}
    assert queries.find_recusal(here.accounts["assessor-3"].id, first.id) is not None
    assert db.session.query(Waiver).count() == 0


def test_a_proposal_is_answered_at_the_address_of_its_act_alone(app, db_session, visit):
    here = world(state=State.INTERVIEW)
    organiser = here.actor("organiser-1")

    def proposed(act):
        made = cycles.propose(
            act, here.category, subject_ref=act, payload={}, reason=None, actor=organiser, at=here.now
        )
        return made.ref

    seat, waiver, opening = (proposed(act) for act in (queries.SEAT_ACT, queries.WAIVE_ACT, queries.OPEN_ACT))
    db.session.commit()
    for name, address in (
        ("chair", f"{CATEGORY}/proposals/{waiver}"),
        ("organiser-1", f"{CATEGORY}/proposals/{opening}/withdraw"),
        ("organiser-2", f"{CATEGORY}/waivers/{seat}"),
    ):
        assert visit(name).send(address, answer="refuse").status_code == 404, address
    here.category.state = int(State.DRAFT)
    db.session.commit()
    assert visit("chair").send(f"{CATEGORY}/open/{seat}", answer="refuse").status_code == 404
    assert set(states().values()) == {"waiting"}


def test_the_seat_of_the_secretary_ends_and_nobody_comes_in_for_it(app, db_session, door):
    here = world()
    given = {"actor": here.actor("organiser-1"), "at": here.now}
    seat = service.seat(here.category, here.accounts["organiser-2"], "secretary", "", "SK 2", **given)
    spare = service.seat(here.category, person("spare"), "substitute", "", "SK 2", **given)
    db.session.commit()
    organiser, address = door("organiser-1"), f"{CATEGORY}/seats/{seat.code}/end"
    assert ">Spare<" not in text_of(organiser.get(address, query_string={"lang": "en"}))
    fields = fields_of(organiser, address)
    refused = send(organiser, address, fields, substitute=spare.code, reason="moved away")
    assert refused.status_code == 422
    assert send(organiser, address, fields, reason="moved away", idempotency_key="a-second-key").status_code == 303
    db.session.expire_all()
    assert (seat.ended_reason, spare.role) == ("moved away", "substitute")
