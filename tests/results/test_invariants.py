"""Rows of results that no service wrote are named by their rule: runs, seals, titles, set values and decisions."""

import pytest
from sqlalchemy import delete, select, update

from paritrana.accounts.models import Account
from paritrana.database import db
from paritrana.results import invariants
from paritrana.results.models import Award, ResultRun, Seal
from paritrana.results.plenary.models import WITHHOLD
from paritrana.verification.models import Override
from tests.factories_results import contest, nominations, run, seal
from tests.results import plenaries
from tests.results.tampered import another_run, value_set

CODE = "contoh-2025/kabkota"


@pytest.fixture
def here(app, db_session):
    return contest(3)


def found():
    """The broken rules of the room, each with the places where it is broken."""
    db.session.commit()
    broken = {}
    for check in invariants.CHECKS:
        for one in check.look():
            assert one.rule in check.rules
            broken.setdefault(one.rule, []).append(one.where)
    return broken


def test_a_run_whose_result_does_not_follow_from_its_inputs_is_named(here):
    run(here)
    assert found() == {}
    made = db.session.scalars(select(ResultRun)).one()
    ref = another_run(made, lambda bundle: bundle["result"][0].update(rank=2), digest="0" * 64).ref
    broken = found()
    assert (broken["run.digest"], broken["run.result"]) == ([ref], [ref])


def test_titles_without_a_seal_are_named(here):
    run(here)
    db.session.add(
        Award(category_id=here.category.id, nomination_id=nominations(here)[0].id, rank=1, tied=False,
              title_id="Terbaik I", title_en="First")
    )  # fmt: skip
    assert found() == {"award.event_differs": [CODE]}


def test_a_seal_of_one_person_with_another_digest_in_the_plenary_is_named_three_times(here):
    made, chair = run(here), here.accounts["chair"].id
    ref = made.ref
    db.session.add(
        Seal(category_id=here.category.id, run_id=made.id, digest="0" * 64, sealed_at=here.now, sealed_by=chair,
             second_by=chair)
    )  # fmt: skip
    broken = found()
    assert (broken["seal.two_persons"], broken["seal.digest"]) == ([ref], [ref])
    assert broken["seal.state"] == [CODE]


def test_a_value_that_was_set_behind_the_seal_is_named(here):
    ref = seal(here).run.ref
    value_set(here, nominations(here)[0], "B1", "1.25")
    assert found()["result.set_values"] == [ref]
    db.session.execute(delete(Override))
    assert found() == {}


def test_a_decision_of_two_accounts_of_one_person_is_named(here):
    run(here)
    plenaries.in_session(here)
    ref, chair = plenaries.decide(here, WITHHOLD, place=3).ref, here.accounts["chair"].person_id
    assert found() == {}
    db.session.execute(update(Account).where(Account.email == "deputy@contoh.test").values(person_id=chair))
    assert found()["plenary_decision.two_persons"] == [ref]
