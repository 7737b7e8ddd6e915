"""Rows and events of cycles that do not fit together are named by their rule; what nobody can tell is passed over."""

from datetime import timedelta

import pytest
from sqlalchemy import select, update

from paritrana.audit import service as audit
from paritrana.audit.models import Event, EventBody
from paritrana.core.lifecycle import State
from paritrana.cycles import invariants, service
from paritrana.cycles.models import Category, Cycle, Proposal, RubricVersion
from paritrana.cycles.rubrics.service import choose
from paritrana.cycles.setup import invariants as setup
from paritrana.cycles.setup.service import FIGURES, IDENTITY
from paritrana.database import db
from tests.factories import NOW, SYSTEM, rubric, world

CODE = "contoh-2025/kabkota"


@pytest.fixture
def here(db_session):
    return world(kind="real")


def found(room=invariants):
    """The broken rules of a room, each with the places where it is broken."""
    db.session.commit()
    broken = {}
    for check in room.CHECKS:
        for one in check.look():
            assert one.rule in check.rules
            broken.setdefault(one.rule, []).append(one.where)
    return broken


def change(model, **values):
    """Rows are changed past the services."""
    db.session.execute(update(model).values(**values))


def told(kind, ref, **values):
    """An event is recorded of which the rows know nothing."""
    audit.record(audit.intake("contoh-2025"), kind, SYSTEM, at=NOW, object_ref=ref, **values)


def test_extensions_lead_to_the_deadline_in_force(here):
    proposal = service.propose_extension(
        here.category, here.category.closes_at + timedelta(days=3), "Banjir", actor=here.actor("organiser-1"), at=NOW
    )
    service.confirm_extension(proposal, proposal.digest, actor=here.actor("chair"), at=NOW)
    assert found() == {}
    change(Category, closes_at=here.category.closes_at + timedelta(minutes=1))
    assert found() == {"extension.chain": [CODE], "deadline.event_differs": [CODE]}


def test_a_category_moves_step_by_step(here):
    told("category.moved", CODE, before=1, after=7)
    change(Category, state=7)
    assert found() == {"category.move": [CODE]}
    told("category.moved", CODE, before=5, after=6)  # a step of the lifecycle, but from where nobody had been
    change(Category, state=6)
    assert found() == {"category.move": [CODE, CODE]}


def test_the_attempt_of_a_category_that_is_not_there_is_nobodys(here):
    told("category.restarted", "contoh-2025/none", attempt=4)
    assert "category.attempt" not in found()
    change(Category, attempt=2)
    assert found()["category.attempt"] == [CODE]


def test_dates_stand_in_their_order_also_without_a_deadline(here):
    change(Category, closes_at=None, grace_ends_at=here.category.opens_at - timedelta(days=1))
    assert found()["category.calendar"] == [CODE]


def test_a_rubric_whose_freezing_was_erased_is_passed_over(here):
    version = db.session.scalars(select(RubricVersion)).one()
    change(RubricVersion, frozen_at=None)
    assert found() == {"rubric.frozen": [version.ref]}
    seq = db.session.scalars(select(Event.seq).where(Event.kind == "rubric.frozen")).one()
    db.session.execute(
        update(EventBody)
        .where(EventBody.stream == audit.SYSTEM, EventBody.seq == seq)
        .values(body=None, salt=None, erased_at=NOW, erased_reason="permintaan")
    )
    assert found() == {}


def test_a_category_is_judged_by_the_rubric_that_was_chosen(here):
    change(Category, state=int(State.DRAFT))
    chosen, other = rubric("ntb-2024-observed"), here.category.rubric_version_id
    db.session.refresh(here.category)
    choose(here.category, chosen, actor=here.actor("organiser-1"), at=NOW)
    assert "category.rubric" not in found()
    change(Category, rubric_version_id=other)
    assert found()["category.rubric"] == [CODE]


def test_a_proposal_keeps_what_was_proposed(here):
    proposal = service.propose(
        "extend_deadline", here.category, payload={"to": "x"}, reason=None, actor=here.actor("organiser-1"), at=NOW
    )
    assert found() == {}
    change(Proposal, payload={"to": "y"})
    assert found() == {"proposal.digest": [proposal.ref]}


def test_nothing_of_a_rehearsal_asks_for_a_result(db_session):
    here = world(state=State.PLENARY)
    fields = {name: getattr(here.cycle, name) for name in (*IDENTITY, *FIGURES)}
    fields |= {"code": "contoh-2025-latihan-1", "rehearses_id": here.cycle.id}
    made = service.create_cycle(fields, actor=SYSTEM, at=NOW)
    category = service.add_category(
        made,
        {"position": 1, "slug": "kabkota", "kind": here.category.kind, "title_id": "K", "title_en": "K", "state": 6,
         "rubric_version_id": here.category.rubric_version_id, "ranks": 1},
        {1: ("Terbaik I", "First")}, actor=SYSTEM, at=NOW,
    )  # fmt: skip
    assert "rehearsal.result" not in found()
    service.propose("seal_results", category, payload={}, reason=None, actor=here.actor("chair"), at=NOW)
    assert found()["rehearsal.result"] == ["contoh-2025-latihan-1/kabkota"]


def test_no_two_categories_take_the_same_competitors(here):
    assert found(setup) == {}
    like = here.category
    service.add_category(
        here.cycle,
        {"position": 9, "slug": "kembar", "kind": like.kind, "title_id": "K", "title_en": "K", "ranks": 1},
        {1: ("Terbaik I", "First")}, actor=SYSTEM, at=NOW,
    )  # fmt: skip
    assert found(setup) == {"category.scope": ["contoh-2025/kembar"]}
    change(Category, zones=["jawa_bali"])
    db.session.execute(update(Category).where(Category.slug == "kembar").values(zones=["sumatera"]))
    assert found(setup) == {}


@pytest.mark.parametrize("wrong", [{"assessment_year": 2024}, {"tier": "province"}, {"kind": "historical"}])
def test_a_province_feeds_a_nation_of_its_kind_and_year(here, wrong):
    fields = {name: getattr(here.cycle, name) for name in (*IDENTITY, *FIGURES)}
    nation = service.create_cycle({**fields, "code": "nasional-2025", "tier": "national"}, actor=SYSTEM, at=NOW)
    here.cycle.feeds_id = nation.id
    assert found(setup) == {}
    db.session.execute(update(Cycle).where(Cycle.id == nation.id).values(**wrong))
    assert found(setup) == {"cycle.feeds": ["contoh-2025"]}
