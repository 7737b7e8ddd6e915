"""The plenary where something else moved or nothing happened yet: refusals at the door, the page and the minutes."""

import json
import re
from decimal import Decimal

import pypdfium2
import pytest
from sqlalchemy import func, select, update

from paritrana.cycles.models import Proposal
from paritrana.cycles.queries import rubric_of
from paritrana.database import db
from paritrana.results.plenary.minutes import checkpoint_of
from paritrana.results.plenary.models import ORDER, WITHDRAWAL, WITHHOLD, Decision, PlenaryAttendance
from paritrana.results.plenary.page import shown
from paritrana.results.plenary.service import OrderWithoutEffect
from paritrana.sheets.models import Mark, Sheet
from tests.factories_results import category_of, contest, nominations, recuse, run
from tests.home.conftest import Visitor
from tests.results.plenaries import PAGE, close, decide, in_session, propose


@pytest.fixture
def here(app, db_session):
    return contest(4)


@pytest.fixture
def visit(app):
    """A browser of somebody who is signed in, by name."""
    return lambda name: Visitor(app.test_client(), name)


def words(page):
    """The words of a page without its marks."""
    return " ".join(re.sub(r"<[^>]+>", " ", page).split())


def test_nobody_attends_who_was_not_offered(here, visit):
    run(here)
    in_session(here, 5)
    before = db.session.scalar(select(func.count()).select_from(PlenaryAttendance))
    answer = visit("chair").send(f"{PAGE}/attendance", present=["J1", "J77"])
    assert answer.status_code == 422
    db.session.rollback()
    assert db.session.scalar(select(func.count()).select_from(PlenaryAttendance)) == before


def test_a_decision_waits_on_after_a_wrong_digest_and_is_void_once_a_mark_moved(here, visit):
    run(here)
    in_session(here)
    waiting = propose(here, WITHHOLD, place=3)
    address, deputy = f"{PAGE}/waiting/{waiting.ref}", visit("deputy")

    def state():
        db.session.rollback()
        return db.session.scalars(select(Proposal.state)).one()

    assert deputy.send(address, answer="confirm", digest="0" * 64).status_code == 409
    assert state() == "waiting"
    recuse(here, "assessor-9", nominations(here)[3])
    assert deputy.send(address, answer="confirm", digest=waiting.digest).status_code == 409
    assert state() == "void"
    assert db.session.scalars(select(Decision)).all() == []


def test_a_withdrawn_decision_and_the_session_before_stand_on_page_and_minutes(here, visit):
    run(here)
    in_session(here)
    decide(here, WITHHOLD, place=3)
    close(here)
    in_session(here)
    decide(here, WITHDRAWAL, withdraws=1)
    chair = visit("chair")
    assert "Decision 1 is withdrawn." in words(chair.read(PAGE))
    text = on_paper(chair)
    assert "Session 2" in text
    assert "Follows" in text
    assert text.count("This decision was withdrawn.") == 1
    assert "Decision 1 is withdrawn." in text


def test_an_order_that_the_chain_passes_over_is_not_decided(app, db_session):
    # E1 weighs 10 and B3 weighs 6, so 0.60 more of the one and 1.00 less of the other leave the total as it is.
    third = {"E1": Decimal("8.60"), "B3": Decimal("6.00")}
    here = contest(3, value=lambda no, assessor, code: third.get(code, Decimal(8)) if no == 2 else Decimal(8))
    rubric_of(category_of(here)).tie_break = ["decision", "stage:interview"]
    run(here)
    in_session(here)
    decide(here, ORDER, candidates=("99.02", "99.01"))
    sheets = select(Sheet.id).where(Sheet.nomination_id == nominations(here)[2].id)
    db.session.execute(
        update(Mark).where(Mark.sheet_id.in_(sheets), Mark.indicator == "B3").values(value=Decimal("7.00"))
    )
    # Three share the total now, so a decision about two of them is passed over; the interview parts only the third.
    made = run(here)
    assert [(row["candidate"], row["rank"]) for row in json.loads(made.bundle)["result"]] == [
        ("99.03", 1), ("99.01", 2), ("99.02", 2),
    ]  # fmt: skip
    for order in (("99.02", "99.01"), ("99.01", "99.02")):
        with pytest.raises(OrderWithoutEffect):
            propose(here, ORDER, candidates=order)
        db.session.rollback()
    decide(here, WITHDRAWAL, withdraws=1)
    with pytest.raises(OrderWithoutEffect):
        propose(here, ORDER, candidates=("99.02", "99.01"))
    db.session.rollback()
    assert db.session.scalars(select(Decision.kind).order_by(Decision.no)).all() == [ORDER, WITHDRAWAL]
    assert "waiting" not in db.session.scalars(select(Proposal.state)).all()


def test_minutes_of_which_no_event_tells_carry_no_checkpoint(here, visit):
    assert checkpoint_of(shown(category_of(here))) is None
    chair = visit("chair")
    assert "Checkpoint of the record" not in on_paper(chair)
    run(here)
    assert "Checkpoint of the record" in on_paper(chair)


def on_paper(visitor):
    """The words of the minutes."""
    document = pypdfium2.PdfDocument(visitor.open(f"{PAGE}/minutes.pdf").data)
    return " ".join(" ".join(one.get_textpage().get_text_bounded() for one in document).split())
