"""What second scorings and examples before the day refuse at the service, and what their pages leave out."""

from decimal import Decimal
from fractions import Fraction

import pytest

from paritrana.audit.models import Event
from paritrana.core.errors import MissingReason, NotFound, WrongState
from paritrana.core.lifecycle import State
from paritrana.core.quantities import Score
from paritrana.cycles.models import RubricVersion
from paritrana.database import db
from paritrana.sheets.calibrations import service as examples
from paritrana.sheets.consolidations import queries, service
from paritrana.sheets.consolidations.closing import close_consolidation
from paritrana.sheets.models import Calibration, CalibrationMark, Consolidation, Mark, MarkRevision, Sheet
from paritrana.sheets.service import AboveCap
from tests.factories_results import category_of, contest, nominations
from tests.interviews.stages import held, planned
from tests.nominations.pages import text_of
from tests.sheets.desks import excuse


def far_apart(candidate, assessor, indicator):
    """The marks of E1 lie too far apart."""
    return Decimal("9.75") if (assessor, indicator) == (4, "E1") else Decimal("7.00")


@pytest.fixture
def here(app, db_session):
    return contest(1, value=far_apart, state=State.SCORING)


@pytest.fixture
def candidate(here):
    return nominations(here)[0]


@pytest.fixture
def opened(here, candidate):
    made = service.open_consolidation(candidate, "Bicara tentang E1.", actor=here.actor("chair"), at=here.now)
    db.session.commit()
    return made


def again(here, consolidation, name, value=None, reason="", *, expected=0):
    return service.score_again(
        consolidation, "E1", None if value is None else Decimal(value), reason, keep=value is None, expected=expected,
        actor=here.actor(name), at=here.now,
    )  # fmt: skip


def mark_of(here, name):
    """The first mark of E1 on the sheet of an assessor."""
    account = here.accounts[name].id
    return db.session.query(Mark).join(Mark.sheet).filter(Sheet.assessor_id == account, Mark.indicator == "E1").one()


# Second scorings ------------------------------------------------------------------------------------------------------


def test_a_second_scoring_opens_and_closes_with_a_reason_alone(here, candidate):
    chair = here.actor("chair")
    with pytest.raises(MissingReason):
        service.open_consolidation(candidate, " ", actor=chair, at=here.now)
    assert db.session.query(Consolidation).count() == 0
    made = service.open_consolidation(candidate, "Discussed.", actor=chair, at=here.now)
    with pytest.raises(MissingReason):
        close_consolidation(made, " ", actor=chair, at=here.now)
    assert made.closed_at is None
    kinds = db.session.query(Event.kind).filter_by(object_ref=made.ref).all()
    assert [one.kind for one in kinds] == ["consolidation.opened"]


def test_a_second_mark_needs_a_sheet_a_first_mark_and_its_reason(here, opened):
    with pytest.raises(NotFound):
        again(here, opened, "organiser-1")
    with pytest.raises(MissingReason):
        again(here, opened, "assessor-3", "8", " ")
    db.session.delete(mark_of(here, "assessor-3"))
    db.session.commit()
    with pytest.raises(NotFound):
        again(here, opened, "assessor-3")
    category_of(here).state = int(State.PLENARY)
    db.session.commit()
    with pytest.raises(WrongState):
        again(here, opened, "assessor-4")
    db.session.rollback()
    assert db.session.query(Mark).filter_by(round=2).count() == 0


def test_the_same_second_mark_again_is_not_stored_again(here, opened):
    first = again(here, opened, "assessor-3", "8.00", "Now I see.")
    same = again(here, opened, "assessor-3", "8.00", " Now I see. ", expected=1)
    assert (same.id, same.version) == (first.id, 1)
    assert db.session.query(MarkRevision).filter_by(mark_id=first.id).count() == 1
    assert db.session.query(Event).filter_by(kind="mark.saved").count() == 1


def test_a_second_mark_stays_below_what_the_presenter_allows(here, opened):
    held(here, planned(here, [])[0], "wakil")
    with pytest.raises(AboveCap) as refusal:
        again(here, opened, "assessor-3", "8.50", "Now I see.")
    assert refusal.value.params == {"max": Score(Fraction(8)), "value": Score(Fraction(17, 2))}
    assert again(here, opened, "assessor-3", "8.00", "Now I see.").value == 8


def test_an_assessor_of_the_candidates_own_region_has_no_voice_in_it(here, candidate):
    here.accounts["assessor-3"].office_region_code = candidate.organisation.region_code
    db.session.commit()
    found = queries.voices(candidate, category_of(here).rubric)
    heard = {one.assessor.name for one in found["E1"]}
    assert len(heard) == 8
    assert here.accounts["assessor-3"].name not in heard


def test_an_indicator_that_does_not_apply_is_not_among_the_marks_of_the_others(here, candidate, door):
    db.session.query(RubricVersion).update({"others_marks": "all_in"})
    db.session.commit()
    client, address = door(), f"/assessments/{candidate.ref}/marks"
    before = text_of(client.get(address))
    excuse(here, candidate, "E2")
    after = client.get(address)
    assert after.status_code == 200
    assert ("strip-E1" in before, "strip-E2" in before) == (True, True)
    assert ("strip-E1" in text_of(after), "strip-E2" in text_of(after)) == (True, False)


def test_a_second_scoring_that_is_not_there_has_no_page(here, door):
    assert door().get("/consolidations/K-0000-0000").status_code == 404
    with pytest.raises(NotFound):
        queries.get_consolidated("K-0000-0000", here.actor("assessor-3"))
    with pytest.raises(NotFound):
        queries.get_consolidation("K-0000-0000")


# Examples -------------------------------------------------------------------------------------------------------------


def test_an_example_needs_a_title_and_keeps_what_is_said_again(here):
    category, assessor = category_of(here), here.actor("assessor-3")
    category.state = int(State.INTERVIEW)
    db.session.commit()
    with pytest.raises(MissingReason):
        examples.open_calibration(category, " ", "Described.", actor=here.actor("chair"), at=here.now)
    assert db.session.query(Calibration).count() == 0
    example = examples.open_calibration(category, "Rekaan", "", actor=here.actor("chair"), at=here.now)
    said = {"A1": Decimal("7.00"), "E1": Decimal("8.00")}
    assert len(examples.score_example(example, said, actor=assessor, at=here.now)) == 2
    changed = examples.score_example(example, {**said, "E1": Decimal("6.00")}, actor=assessor, at=here.now)
    assert [one.indicator for one in changed] == ["E1"]
    assert db.session.query(Event).filter_by(kind="calibration.marked").count() == 3
    assert {one.indicator: one.value for one in db.session.query(CalibrationMark)} == {**said, "E1": Decimal("6.00")}
