"""A seat that ends in the middle of the scoring: what was submitted counts, what was open does not, nothing is lost."""

from datetime import timedelta
from decimal import Decimal

import pytest

from paritrana.audit.models import Event
from paritrana.core.lifecycle import State
from paritrana.database import db
from paritrana.nominations import service as nominations
from paritrana.panels import queries as panels
from paritrana.panels import service as seats
from paritrana.panels.models import Seat
from paritrana.panels.service import declare
from paritrana.results.queries import inputs
from paritrana.sheets import queries, service
from paritrana.sheets.consolidations import service as consolidations
from paritrana.sheets.invariants import CHECKS
from paritrana.sheets.late import service as late
from paritrana.sheets.late.models import LateMark
from paritrana.sheets.models import Consolidation, Mark, MarkRevision, Sheet
from paritrana.sheets.reopening import service as reopening
from tests.factories import person, sign_in, world
from tests.interviews.stages import held, planned, shortlisted
from tests.nominations.pages import fields_of, text_of
from tests.sheets.desks import marked, opened, put, submitted
from tests.sheets.queues import Queue
from tests.verification.cases import LATER

REASON = "Moved to another office."


@pytest.fixture
def here(app, db_session):
    return world()


@pytest.fixture
def candidates(here, clock):
    made = shortlisted(here, clock)
    for session in planned(here, made):
        held(here, session)
    here.category.state = int(State.SCORING)
    db.session.commit()
    return made


@pytest.fixture
def door(app):
    def enter(name="assessor-3"):
        client = app.test_client()
        sign_in(client, name)
        return client

    return enter


def at(here):
    return here.now + LATER + timedelta(hours=2)


def seat_of(here, name="assessor-3"):
    return db.session.query(Seat).filter_by(account_id=here.accounts[name].id).one()


def ended(here, name="assessor-3", substitute=None):
    seat = seat_of(here, name)
    seats.unseat(
        seat, REASON, expected=seat.version, actor=here.actor("organiser-1"), at=at(here), confirmed=True,
        substitute=substitute,
    )  # fmt: skip
    db.session.commit()
    return seat


def seated(here, name, role="member"):
    here.accounts[name] = here.accounts.get(name) or person(name)
    seat = seats.seat(
        here.category, here.accounts[name], role, "", "SK 3", actor=here.actor("organiser-1"), at=at(here),
        confirmed=True,
    )  # fmt: skip
    db.session.commit()
    return seat


def counting(here):
    """Who stands with how many values in the ranking."""
    db.session.rollback()
    found = [one.assessor for one in inputs(here.category).contest.marks if one.value is not None]
    return {code: found.count(code) for code in set(found)}


def whole():
    db.session.rollback()
    return [broken for check in CHECKS for broken in check.look()]


def test_what_was_submitted_counts_and_what_was_open_is_closed_on_record(here, candidates, door):
    first, second = candidates
    submitted(here, first)
    open_one = marked(here, opened(here, second))
    seat = seat_of(here)
    organiser = door("organiser-1")
    page = f"/manage/contoh-2025/panel/kabkota/seats/{seat.code}/end"
    assert "Sheets of this seat that are open now: 1." in text_of(organiser.get(page, query_string={"lang": "en"}))
    ended(here)
    assert counting(here) == {seat.code: 7}
    (event,) = db.session.query(Event).filter_by(kind="seat.ended")
    said = event.content.document["values"]
    assert said["closed"] == [open_one.ref]
    assert said["reason"] == said["ended_reason"] == REASON
    assert db.session.query(Mark).filter_by(sheet_id=open_one.id).count() == 7  # on record
    given = inputs(here.category)
    assert (given.sheets_in, given.sheets_due) == (1, 17)
    panel = text_of(organiser.get("/manage/contoh-2025/panel", query_string={"lang": "en"}))
    assert "Seats that ended (1)" in panel
    assert REASON in panel
    (told,) = panels.panels_of([here.category])[0].ended
    assert (told.submitted, told.closed) == (1, 1)
    assert whole() == []


def test_the_check_finds_a_mark_that_came_after_the_seat(here, candidates):
    sheet = marked(here, opened(here, candidates[0]), codes=("A1",))
    ended(here)
    assert whole() == []
    db.session.query(Mark).update({"saved_at": at(here) + timedelta(seconds=1)})
    rules = {(broken.rule, broken.where) for check in CHECKS for broken in check.look()}
    assert ("sheet.after_seat", f"{sheet.ref} A1") in rules


def test_a_request_that_waited_for_the_end_of_the_seat_changes_nothing(here, candidates):
    """It passed the door while the seat stood; the service asks again when its turn has come."""
    sheet, sent = marked(here, opened(here, candidates[0]), codes=("A1",)), submitted(here, candidates[1])
    actor = here.actor("assessor-3")
    ended(here)
    save = {"expected": 1, "actor": actor, "at": at(here)}
    with pytest.raises(queries.SeatOver):
        service.save_mark(sheet, "A1", Decimal("9"), **save)
    with pytest.raises(queries.SeatOver):
        service.submit_sheet(sheet, actor=actor, at=at(here))
    with pytest.raises(queries.SeatOver):
        service.open_sheet(candidates[0], actor=actor, at=at(here))
    said = {"abstain_note": "", "panel_note": "", "feedback": "", "device_at": ""}
    with pytest.raises(queries.SeatOver):
        late.deliver(sent, "A1", Decimal("9"), **said, actor=actor, at=at(here))
    db.session.rollback()
    assert db.session.query(MarkRevision).count() == 8
    assert db.session.query(LateMark).count() == 0


def test_a_request_that_waited_for_a_recusal_or_a_withdrawal_changes_nothing(here, candidates):
    sheet, other = (marked(here, opened(here, one)) for one in candidates)
    actor = here.actor("assessor-3")
    seats.recuse(candidates[0], "A relative.", actor=actor, at=at(here))
    nominations.withdraw(candidates[1], "Other plans.", actor=here.actor("nominee-2"), at=at(here))
    db.session.commit()
    with pytest.raises(service.SheetClosed):
        service.save_mark(sheet, "A1", Decimal("9"), expected=1, actor=actor, at=at(here))
    with pytest.raises(service.SheetClosed):
        service.submit_sheet(sheet, actor=actor, at=at(here))
    with pytest.raises(service.CandidateWithdrawn):
        service.submit_sheet(other, actor=actor, at=at(here))
    db.session.rollback()
    assert db.session.query(MarkRevision).count() == 14
    assert db.session.query(Sheet).filter(Sheet.submitted_at.is_not(None)).count() == 0


def test_a_substitute_marks_on_a_sheet_of_its_own(here, candidates, door):
    spare = seated(here, "spare", "substitute")
    marked(here, opened(here, candidates[0]))
    leaving = ended(here, substitute=spare)
    assert put(door("spare"), db.session.query(Sheet).one().ref, "A1", "9", version=1).status_code == 404
    declare(candidates[0], False, "", actor=here.actor("spare"), at=at(here))
    own = service.open_sheet(candidates[0], actor=here.actor("spare"), at=at(here))
    marked(here, own, "spare")
    service.submit_sheet(own, actor=here.actor("spare"), at=at(here))
    db.session.commit()
    assert counting(here) == {spare.code: 7}
    assert leaving.code != spare.code
    assert {seat.code for seat, _nomination in queries.missing_sheets(here.category)} >= {spare.code}
    assert leaving.code not in {seat.code for seat, _nomination in queries.missing_sheets(here.category)}
    assert whole() == []


def test_the_device_keeps_what_was_not_taken_and_sends_it_once_the_seat_is_given_back(here, candidates, door):
    sheet, client = opened(here, candidates[0]), door()
    ref = sheet.ref
    with Queue() as queue:
        queue.start("seat")
        told = client.get(f"/api/v1/sheets/{ref}").json["marks"]["A1"]
        queue.do("opened", device=0, sheet=ref, code="A1", told=told)
        typed = {"value": "9,25", "abstain_note": "", "panel_note": "Clear.", "feedback": ""}
        queue.do("says", device=0, code="A1", text=typed, at="2026-03-02T10:00:00")

        def send(key):
            attempt = queue.do("begin", device=0, code="A1")
            answer = put(client, ref, "A1", **attempt["body"], version=attempt["base"], key=key)
            return answer, queue.do(
                "answered", device=0, code="A1", attempt=attempt, status=answer.status_code, answer=answer.json
            )

        ended(here)
        answer, record = send("a-key-before")
        assert (answer.status_code, answer.json["code"]) == (409, "seat_over")
        assert answer.json["detail"].startswith("Your seat in this panel has ended.")
        assert (record["state"], record["shown"], record["unsent"]) == ("refused", typed, True)
        seated(here, "assessor-3")
        queue.do("retried", device=0, code="A1")
        answer, record = send("a-key-after")
        assert (answer.status_code, record["state"], record["unsent"]) == (200, "stored", False)
    db.session.rollback()
    (mark,) = db.session.query(Mark)
    assert (mark.value, mark.version) == (Decimal("9.25"), 1)
    assert whole() == []


def test_the_page_without_script_says_that_the_seat_is_over_and_strangers_learn_nothing(here, candidates, door):
    opened(here, candidates[0])
    client, stranger = door(), door("assessor-4")
    address = f"/assessments/{candidates[0].ref}/sheet"
    ended(here)
    ended(here, "assessor-4")
    for language, said in (("id", "Kursi Anda dalam tim penilai ini"), ("en", "Your seat in this panel has ended")):
        answer = client.get(address, query_string={"lang": language})
        assert (answer.status_code, said in text_of(answer)) == (409, True)
    assert stranger.get(address).status_code == 404  # who began no sheet
    seats.recuse(candidates[0], "A relative.", actor=here.actor("assessor-3"), at=at(here))
    db.session.commit()
    assert client.get(address).status_code == 404


def test_a_sheet_is_not_opened_again_for_somebody_who_left(here, candidates, door):
    sheet = submitted(here, candidates[0])
    asked = reopening.ask(sheet, "I mistyped.", actor=here.actor("assessor-3"), at=at(here))
    db.session.commit()
    before = counting(here)
    ended(here)
    for name, reason in (("chair", "Agreed."), ("assessor-4", "")):
        with pytest.raises(reopening.AskerLeft):
            reopening.agree(asked, reason, actor=here.actor(name), at=at(here))
        db.session.rollback()
    assert counting(here) == before
    reopening.refuse(asked, "They left.", actor=here.actor("chair"), at=at(here))


def test_no_late_mark_makes_a_sheet_count_that_was_open_when_the_seat_ended(here, candidates, door):
    sheet = submitted(here, candidates[0])
    said = {"abstain_note": "", "panel_note": "", "feedback": "", "device_at": ""}
    kept = late.deliver(sheet, "A1", Decimal("9"), **said, actor=here.actor("assessor-3"), at=at(here))
    asked = reopening.ask(sheet, "I mistyped.", actor=here.actor("assessor-3"), at=at(here))
    reopening.agree(asked, "Agreed.", actor=here.actor("chair"), at=at(here))
    assert reopening.agree(asked, "", actor=here.actor("assessor-4"), at=at(here))
    db.session.commit()
    ended(here)
    assert counting(here) == {}
    here.category.state = int(State.PLENARY)
    db.session.commit()
    page = "/manage/contoh-2025/late-marks"
    address, chair = f"{page}/{kept.ref}", door("chair")
    fields = fields_of(chair, page, address)
    answer = chair.post(address, data=fields | {"decision": "admit", "reason": "The line was down."},
                        headers={"Sec-Fetch-Site": "same-origin"}, query_string={"lang": "en"})  # fmt: skip
    assert (answer.status_code, "was open when its assessor" in text_of(answer)) == (409, True)
    assert counting(here) == {}
    assert whole() == []


def test_a_second_scoring_waits_for_nobody_who_left(here, candidates):
    for name, value in (("assessor-3", "1"), ("assessor-4", "9")):
        sheet = opened(here, candidates[0], name)
        marked(here, sheet, name)
        service.save_mark(sheet, "A1", Decimal(value), expected=1, actor=here.actor(name), at=at(here))
        service.submit_sheet(sheet, actor=here.actor(name), at=at(here))
    for name in ("chair", "deputy", "assessor-5", "assessor-6", "assessor-7", "assessor-8", "assessor-9"):
        submitted(here, candidates[0], name)
    again = consolidations.open_consolidation(candidates[0], "Discussed.", actor=here.actor("chair"), at=at(here))
    db.session.commit()
    ended(here)
    for keep in (True, False):
        with pytest.raises(queries.SeatOver):
            consolidations.score_again(
                again, "A1", Decimal("8"), "Convinced.", keep=keep, expected=0, actor=here.actor("assessor-3"),
                at=at(here),
            )  # fmt: skip
        db.session.rollback()
    assert counting(here)[seat_of(here).code] == 7
    assert db.session.query(Mark).filter_by(round=2).count() == 0
    assert db.session.query(Consolidation).count() == 1


def test_marks_that_a_conflict_kept_out_stay_out_after_the_seat(here, candidates):
    submitted(here, candidates[0])
    here.accounts["assessor-3"].office_region_code = candidates[0].organisation.region_code
    db.session.commit()
    assert counting(here) == {}
    ended(here)
    assert counting(here) == {}
    panel = panels.panels_of([here.category])[0]
    assert here.accounts["assessor-3"].id not in {one.account_id for one in panel.structural}
