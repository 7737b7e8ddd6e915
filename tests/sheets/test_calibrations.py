"""An example before the day: the panel scores it, the chair reads what it shows, and no result ever meets it."""

from decimal import Decimal

import pytest

from paritrana.core.errors import WrongState
from paritrana.core.lifecycle import State
from paritrana.core.scoring import NotOnSheet, OffScale
from paritrana.database import Base, db
from paritrana.nominations.queries import CANDIDATE_STATES, nominations_of
from paritrana.results.queries import inputs, inputs_digest, marks_of
from paritrana.sheets.calibrations import service
from paritrana.sheets.models import Calibration, CalibrationMark
from paritrana.sheets.queries import counts_for, due_pairs, missing_sheets
from paritrana.sheets.tasks import tasks
from tests.factories_results import category_of, contest, nominations, run
from tests.nominations.pages import fields_of, send, text_of

PAGE = "/manage/contoh-2025/calibration/kabkota"


@pytest.fixture
def here(app, db_session):
    return contest(2, state=State.INTERVIEW)


@pytest.fixture
def example(here):
    made = service.open_calibration(
        category_of(here), "Kabupaten Rekaan", "Sebuah contoh.", actor=here.actor("chair"), at=here.now
    )
    db.session.commit()
    return made


def said(here, example, name, **values):
    service.score_example(
        example, {code: Decimal(value) for code, value in values.items()}, actor=here.actor(name), at=here.now
    )
    db.session.commit()


def english(client, address=PAGE):
    return text_of(client.get(address, query_string={"lang": "en"}))


def test_the_chair_opens_an_example_and_the_panel_scores_it(here, door):
    chair = door("chair")
    fields = fields_of(chair, PAGE, PAGE)
    assert send(chair, PAGE, fields, title=" ").status_code == 422
    assert send(chair, PAGE, fields, title="Kabupaten Rekaan", described="Sebuah contoh.").status_code == 303
    db.session.rollback()
    (made,) = db.session.query(Calibration).all()
    client, address = door(), f"/calibrations/{made.ref}"
    assert "Sebuah contoh." in english(client, address)
    fields = fields_of(client, address, address)
    assert send(client, address, fields).status_code == 422
    assert send(client, address, fields, A1="10,5").status_code == 422
    assert send(client, address, fields, A1="7,5", E1="0").status_code == 303
    db.session.rollback()
    marks = {one.indicator: one.value for one in db.session.query(CalibrationMark)}
    assert marks == {"A1": Decimal("7.50"), "E1": Decimal(0)}
    assert "7.50" in english(client, address) or 'value="7.50"' in english(client, address)


def test_what_it_shows_is_for_the_chair_alone_and_waits_for_three(here, example, door):
    chair = door("chair")
    said(here, example, "assessor-3", A1="6", E1="7")
    said(here, example, "assessor-4", A1="8", E1="9")
    assert "Not enough data yet" in english(chair)
    assert "severe" not in english(chair)
    said(here, example, "assessor-5", A1="7", E1="8")
    page = english(chair)
    assert "more severe than the panel" in page
    assert "-1.00" in page or "−1.00" in page
    assert "Agreement of the panel: low agreement" in page
    for name in ("assessor-3", "deputy", "organiser-1", "auditor", "administrator"):
        assert door(name).get(PAGE).status_code in {403, 404}, name
    own = english(door("assessor-3"), f"/calibrations/{example.ref}")
    assert here.accounts["assessor-4"].name not in own


def test_it_is_closed_once_and_then_nothing_changes(here, example, door):
    chair, close = door("chair"), f"/calibrations/{example.ref}/close"
    assert send(chair, close, fields_of(chair, PAGE, close)).status_code == 303
    db.session.rollback()
    with pytest.raises(service.CalibrationClosed):
        said(here, example, "assessor-3", A1="7")
    db.session.rollback()
    with pytest.raises(service.CalibrationClosed):
        service.close_calibration(example, actor=here.actor("chair"), at=here.now)
    db.session.rollback()
    assert "The example is closed" in english(door(), f"/calibrations/{example.ref}")


def test_only_what_the_panel_judges_is_marked_on_the_scale_and_before_the_scoring(here, example):
    with pytest.raises(NotOnSheet):
        said(here, example, "assessor-3", C1="7")
    db.session.rollback()
    with pytest.raises(OffScale):
        said(here, example, "assessor-3", A1="10.01")
    db.session.rollback()
    category_of(here).state = int(State.SCORING)
    db.session.commit()
    with pytest.raises(WrongState):
        said(here, example, "assessor-3", A1="7")
    db.session.rollback()
    with pytest.raises(WrongState):
        service.open_calibration(category_of(here), "x", "", actor=here.actor("chair"), at=here.now)


def test_no_door_of_a_result_meets_it(here):
    def doors():
        category = category_of(here)
        return (
            inputs(category).contest,
            inputs(category).sheets_digest,
            inputs_digest(category),
            list(marks_of(category)),
            [(seat.id, one.id) for seat, one in due_pairs(category)],
            len(missing_sheets(category)),
            [counts_for(one) for one in nominations(here)],
            [one.id for one in nominations_of(category, CANDIDATE_STATES)],
        )

    before = doors()
    example = service.open_calibration(category_of(here), "Rekaan", "", actor=here.actor("chair"), at=here.now)
    for name in ("chair", "assessor-3", "assessor-4"):
        said(here, example, name, A1="1", E1="2")
    assert doors() == before
    category_of(here).state = int(State.PLENARY)
    db.session.commit()
    assert example.title.encode() not in run(here).bundle


def test_its_tables_stand_apart_from_everything_a_result_is_made_of():
    tables = Base.metadata.tables
    own = {"calibration", "calibration_mark"}
    reached = {key.column.table.name for name in own for key in tables[name].foreign_keys}
    assert reached == {"category", "account", "calibration"}
    assert not {name for name, table in tables.items() if name not in own
                for key in table.foreign_keys if key.column.table.name in own}  # fmt: skip


def test_it_waits_for_its_assessors(here, example):
    def waiting(name):
        rows = [one for one in tasks(here.actor(name), here.now) if one.endpoint.startswith("calib")]
        return [one.waiting_for_others for one in rows]

    assert waiting("assessor-3") == [False]
    said(here, example, "assessor-3", A1="7")
    assert waiting("assessor-3") == [True]
    service.close_calibration(example, actor=here.actor("chair"), at=here.now)
    assert waiting("assessor-3") == []
