"""What setting a value refuses at the service: no reason, another moment of the cycle, a computed value that moved."""

from decimal import Decimal

import pytest

from paritrana.core.errors import MissingReason, WrongState
from paritrana.core.lifecycle import State
from paritrana.database import db
from paritrana.reference.models import TargetFigure
from paritrana.verification import service
from paritrana.verification.models import Override
from paritrana.verification.values import computed_values
from tests.factories import world
from tests.nominations.pages import fields_of, send, text_of
from tests.verification.cases import LATER, all_judged


@pytest.fixture
def here(app, db_session):
    return world(kind="real")


@pytest.fixture
def nomination(here, clock):
    return all_judged(here, clock)


def computed(nomination, code="C1"):
    return computed_values(nomination.category, nomination.category.rubric, [nomination])[nomination.id, code].value


def propose(here, nomination, reason="The target was lowered in December."):
    return service.propose_override(
        nomination, "C1", Decimal("6.00"), reason, seen=computed(nomination), actor=here.actor("verifier-1"),
        at=here.now + LATER,
    )  # fmt: skip


def second(here, act, *words):
    return act(*words, expected=1, actor=here.actor("verifier-2"), at=here.now + LATER)


def test_a_value_whose_computed_one_moved_meanwhile_is_not_confirmed(here, nomination):
    with pytest.raises(MissingReason):
        propose(here, nomination, " ")
    assert db.session.query(Override).count() == 0
    propose(here, nomination)
    before = computed(nomination)
    target = db.session.query(TargetFigure).one()
    target.value = Decimal("99.99")
    db.session.commit()
    assert computed(nomination) != before
    with pytest.raises(service.ComputedMoved):
        second(here, service.confirm_override, nomination, 1)
    target.value = Decimal("32.15")
    db.session.commit()
    here.category.state = int(State.SCORING)
    db.session.commit()
    for act in (service.confirm_override, service.withdraw_override):
        with pytest.raises(WrongState):
            second(here, act, nomination, 1)
    with pytest.raises(WrongState):
        propose(here, nomination)
    db.session.rollback()
    assert (db.session.query(Override).one().state, computed(nomination)) == ("proposed", before)
    here.category.state = int(State.VERIFICATION)
    assert second(here, service.confirm_override, nomination, 1).state == "confirmed"


def test_the_words_of_a_refusal_that_are_too_long_come_back_with_the_page(here, nomination, door):
    propose(here, nomination)
    db.session.commit()
    client, page = door("verifier-2"), f"/verification/{nomination.ref}/overrides"
    fields = fields_of(client, page, f"{page}/1")
    fields = {name: value[0] if isinstance(value, list) else value for name, value in fields.items()}
    refused = send(client, f"{page}/1", fields, answer="refuse", note="x" * 2001)
    assert refused.status_code == 422
    assert "Shorten it to 2,000." in text_of(refused)
    assert "x" * 2001 in text_of(refused)
    assert db.session.query(Override).one().state == "proposed"
