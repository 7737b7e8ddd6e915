"""What a score sheet refuses at the service and at its pages, and what those read who have no part in a panel."""

from datetime import timedelta
from decimal import Decimal

import pytest

from paritrana.audit.models import Event
from paritrana.core.errors import NotFound, WrongState
from paritrana.core.lifecycle import State
from paritrana.core.policy import Role
from paritrana.core.scoring import NotOnSheet
from paritrana.database import db
from paritrana.nominations.models import Nomination
from paritrana.panels.models import Recusal, Seat
from paritrana.panels.service import declare
from paritrana.sheets import facts, queries, service
from paritrana.sheets.calibrations.queries import open_for
from paritrana.sheets.consolidations.queries import mine
from paritrana.sheets.imported.queries import waiting_for
from paritrana.sheets.models import Mark, MarkRevision, Sheet
from tests.factories import SYSTEM, world
from tests.factories_results import contest, nominations
from tests.interviews.stages import planned, shortlisted
from tests.nominations.pages import fields_of, send, text_of
from tests.sheets.desks import excuse, marked, opened, put
from tests.sheets.test_progress import run
from tests.verification.cases import LATER


@pytest.fixture
def here(app, db_session):
    return world()


@pytest.fixture
def candidate(here, clock):
    return shortlisted(here, clock)[0]


@pytest.fixture
def sheet(here, candidate):
    return opened(here, candidate)


def english(client, address):
    return text_of(client.get(address, query_string={"lang": "en"}))


# The service ----------------------------------------------------------------------------------------------------------


def test_a_sheet_is_opened_in_its_stage_alone_by_a_person_for_a_candidate(here, candidate):
    def open_it(actor):
        return service.open_sheet(candidate, actor=actor, at=here.now + LATER)

    assessor = here.actor("assessor-3")
    declare(candidate, False, "", actor=assessor, at=here.now + LATER)
    with pytest.raises(NotFound):
        open_it(SYSTEM)
    here.category.state = int(State.PLENARY)
    with pytest.raises(WrongState):
        open_it(assessor)
    here.category.state = int(State.SCORING)
    candidate.state = "not_shortlisted"
    with pytest.raises(WrongState):
        open_it(assessor)
    assert db.session.query(Sheet).count() == 0


def test_after_the_marking_the_service_itself_takes_no_mark_and_no_submission(here, sheet):
    marked(here, sheet, codes=("A1",))
    here.category.state = int(State.PLENARY)
    db.session.commit()
    assessor = here.actor("assessor-3")
    with pytest.raises(WrongState):
        service.save_mark(sheet, "A1", Decimal("9"), expected=1, actor=assessor, at=here.now + LATER)
    with pytest.raises(WrongState):
        service.submit_sheet(sheet, actor=assessor, at=here.now + LATER)
    db.session.rollback()
    assert db.session.query(MarkRevision).count() == 1
    assert queries.get_sheet(sheet.ref).submitted_at is None


def test_the_service_takes_no_mark_with_an_abstention_and_none_for_what_does_not_apply(here, candidate, sheet):
    assessor, known = here.actor("assessor-3"), {"expected": 0, "at": here.now + LATER}
    with pytest.raises(service.MarkAndAbstention):
        service.save_mark(sheet, "A1", Decimal("9"), abstain_note="I helped.", actor=assessor, **known)
    excuse(here, candidate)
    where = queries.circumstances(candidate)
    assert where.excused == {"A1": "No such office there."}
    with pytest.raises(service.IndicatorExcused) as refusal:
        service.save_mark(sheet, "A1", Decimal("9"), actor=assessor, **known)
    assert refusal.value.params == {"reason": "No such office there."}
    with pytest.raises(service.IndicatorExcused):
        service.check_admitted(sheet, "A1", Decimal("9"), None, where)
    with pytest.raises(NotOnSheet):
        service.check_admitted(sheet, "Z9", Decimal("9"), None, where)
    db.session.rollback()
    assert db.session.query(Mark).count() == 0
    assert "A1" not in {one.code for one in queries.blanks(sheet, here.category.rubric, where)}


def test_whoever_has_no_sheet_or_stepped_back_before_withdraws_nothing(here, candidate, sheet):
    def withdraw(name):
        service.withdraw_sheet(candidate, actor=here.actor(name), at=here.now + LATER)
        db.session.flush()
        return db.session.query(Event).filter_by(kind="sheet.withdrawn").count(), sheet.version

    assert withdraw("assessor-4") == (0, 1)
    assert withdraw("assessor-3") == (1, 2)
    assert withdraw("assessor-3") == (1, 2)


def test_a_sheet_is_not_read_by_a_rubric_that_its_category_does_not_have(here, sheet):
    here.category.state, here.category.rubric_version_id = int(State.DRAFT), None
    db.session.commit()
    with pytest.raises(NotFound):
        service.rubric_on(queries.get_sheet(sheet.ref))


def test_of_a_candidate_that_is_gone_nothing_is_known(app, db_session):
    where = queries.circumstances(Nomination())
    assert (where.interview_open, where.excused, where.requests) == (False, {}, {})


def test_who_has_no_seat_reads_nothing_of_a_panel_without_asking_the_database(here, sheet, statements):
    organiser = here.actor("organiser-1")
    with statements() as sent:
        found = [read(organiser) for read in (queries.my_desks, mine, open_for, waiting_for)]
    assert found == [[], [], [], []]
    assert sent == []


def test_whether_every_sheet_is_in_is_asked_of_whatever_belongs_to_a_candidate(app, db_session):
    here = contest(1, state=State.SCORING)
    (candidate,) = nominations(here)
    out = Recusal(account_id=here.accounts["organiser-1"].id, nomination=candidate, kind="declared", at=here.now,
                  category_id=here.category.id)  # fmt: skip
    chair = here.actor("chair")
    assert facts.all_sheets_in(chair, Role.CHAIR, out)
    first = db.session.query(Sheet).order_by(Sheet.id).first()
    first.submitted_at = first.digest = None
    db.session.flush()
    assert not facts.all_sheets_in(chair, Role.CHAIR, out)
    assert not facts.all_sheets_in(chair, Role.CHAIR, object())


# The pages ------------------------------------------------------------------------------------------------------------


def test_a_declaration_without_an_answer_and_a_step_back_without_a_sheet_show_the_declaration_again(
    here, candidate, door
):
    client, page = door(), f"/assessments/{candidate.ref}"
    declaration = f"{page}/declaration"
    fields = fields_of(client, f"{page}/sheet", declaration)
    refused = send(client, declaration, fields)
    assert refused.status_code == 422
    assert "Choose an answer" in text_of(refused)
    left = send(client, f"{page}/step-back", fields, reason="")
    assert left.status_code == 422
    assert "Is there a conflict of interest?" in text_of(left)
    db.session.rollback()
    assert db.session.query(Sheet).count() == db.session.query(Recusal).count() == 0
    assert client.get(f"{page}/sheet/check").status_code == 404
    assert client.get(f"{page}/sheet/reopening").status_code == 404


def test_after_the_marking_nobody_is_asked_for_a_declaration_any_more(here, candidate, door):
    here.category.state = int(State.PLENARY)
    db.session.commit()
    assert door().get(f"/assessments/{candidate.ref}/sheet").status_code == 404


def test_without_script_an_abstention_needs_its_reason_and_a_missing_field_is_an_empty_mark(
    here, candidate, sheet, door
):
    marked(here, sheet, codes=("A1",))
    client, page = door(), f"/assessments/{candidate.ref}/sheet"
    fields = fields_of(client, page, f"{page}/marks/A1")
    refused = send(client, f"{page}/marks/A1", fields, value="", abstain="1", abstain_note="")
    assert refused.status_code == 422
    assert "Write the reason." in text_of(refused)
    db.session.rollback()
    assert db.session.query(Mark).one().value == Decimal("7.50")
    assert send(client, f"{page}/marks/A1", fields, value=None).status_code == 303
    db.session.rollback()
    assert db.session.query(Mark).one().value is None


def test_the_check_asks_for_a_note_on_the_highest_mark_until_there_is_one(here, candidate, sheet, door):
    client, page = door(), f"/assessments/{candidate.ref}/sheet/check"
    warning = "The lowest or highest mark without a note."
    assert put(client, sheet, "A1", "10").status_code == 200
    assert warning in english(client, page)
    assert put(client, sheet, "A1", "10", version=1, key="another-key-1", feedback="Far ahead.").status_code == 200
    assert warning not in english(client, page)


def test_whoever_leads_one_category_alone_reads_the_progress_of_that_one(app, db_session, door):
    here = world(categories=("kabkota", "umk"), state=State.SCORING)
    other = here.categories["umk"]
    seat = db.session.query(Seat).filter_by(account_id=here.accounts["chair"].id, category_id=other.id).one()
    seat.ended_at = here.now
    db.session.commit()
    page = "/manage/contoh-2025/progress"
    shown = {name: english(door(name), page) for name in ("chair", "organiser-1")}
    assert {name: other.title_en in text for name, text in shown.items()} == {"chair": False, "organiser-1": True}
    assert here.category.title_en in shown["chair"]


def test_nobody_is_told_to_prepare_where_no_interview_is_held_on_the_morrow(app, here, clock):
    (day,) = {slot.day.on for slot in planned(here, shortlisted(here, clock))}
    morning = (here.now + LATER).replace(hour=3)
    assert day == (morning + timedelta(days=1)).date()
    assert run(app, morning + timedelta(days=1)) == 0
    assert run(app, morning) == 9
