"""What comes after the lock: kept with both times, uncounted until the chair admits it, never lost and never twice."""

from datetime import timedelta
from decimal import Decimal

import pytest

from paritrana.audit.models import Event
from paritrana.core.lifecycle import State
from paritrana.database import db
from paritrana.interviews.queries import session_of
from paritrana.nominations import service as nominations
from paritrana.panels.service import recuse
from paritrana.results.queries import inputs
from paritrana.sheets import service
from paritrana.sheets.invariants import CHECKS
from paritrana.sheets.late.models import LateDecision, LateMark, SheetSubmission
from paritrana.sheets.models import Mark, Sheet
from tests.factories import world
from tests.interviews.stages import held, planned, shortlisted
from tests.nominations.pages import SAME_ORIGIN, fields_of, send, text_of
from tests.sheets.desks import DESK, INTERVIEW, marked, opened, put, submitted, token_of
from tests.verification.cases import LATER


@pytest.fixture
def here(app, db_session):
    return world()


@pytest.fixture
def candidate(here, clock):
    made = shortlisted(here, clock)
    held(here, planned(here, made)[0])
    return made[0]


def stored(model):
    db.session.rollback()
    return db.session.query(model).order_by(model.id).all()


def deliver(client, sheet, indicator="A1", value="8,25", *, key="late-key-0001", **more):
    headers = {**SAME_ORIGIN, "X-CSRFToken": token_of(client), "Idempotency-Key": key}
    body = {"value": value, "device_at": "2026-03-02T14:03:00+08:00", **more}
    return client.post(
        f"/api/v1/sheets/{sheet.ref}/late-marks/{indicator}", json=body, headers=headers, query_string={"lang": "en"}
    )


def to_scoring(here):
    here.category.state = int(State.SCORING)
    db.session.commit()


def decide(client, late, decision="admit", reason="The line in the hall was down."):
    page = "/manage/contoh-2025/late-marks"
    address = f"{page}/{late.ref}"
    return send(client, address, fields_of(client, page, address), decision=decision, reason=reason)


def whole():
    """The rules of the room that are broken."""
    db.session.rollback()
    return [broken for check in CHECKS for broken in check.look()]


def test_a_mark_after_the_lock_is_kept_with_both_times_and_does_not_count(here, candidate, door):
    sheet = submitted(here, candidate)
    client = door()
    refused = put(client, sheet, "A1", "8,25", version=1)
    assert (refused.status_code, refused.json["code"]) == (409, "sheet_closed")
    before = inputs(here.category).contest.marks
    answer = deliver(client, sheet)
    assert answer.status_code == 201
    assert answer.json["device_at"] == "2026-03-02T14:03:00+08:00"
    assert "It counts only if the chair admits it." in answer.json["message"]
    (late,) = stored(LateMark)
    assert (late.value, late.received_at > sheet.submitted_at - timedelta(days=2)) == (Decimal("8.25"), True)
    assert inputs(here.category).contest.marks == before
    assert len(stored(SheetSubmission)) == 1
    assert whole() == []


def test_a_repeat_with_the_same_or_another_key_is_kept_once(here, candidate, door):
    sheet = submitted(here, candidate)
    client = door()
    first = deliver(client, sheet)
    again = deliver(client, sheet)
    assert (again.status_code, again.json, again.headers["Idempotency-Replayed"]) == (201, first.json, "true")
    other = deliver(client, sheet, key="late-key-0002")
    assert other.json["late"] == first.json["late"]
    assert len(stored(LateMark)) == 1
    assert deliver(client, sheet, value="9").status_code == 422  # the same key with another body
    assert len(stored(LateMark)) == 1


def test_what_the_sheet_says_already_is_not_late(here, candidate, door):
    sheet = submitted(here, candidate)
    answer = deliver(door(), sheet, value="7,50")
    assert (answer.status_code, answer.json["late"]) == (200, None)
    assert stored(LateMark) == []


def test_a_mark_saved_before_the_lock_whose_answer_was_lost_gets_its_first_answer(here, candidate, door):
    client = door()
    sheet = opened(here, candidate)
    first = put(client, sheet, "A1", "7,50", key="queue-key-0001")
    marked(here, sheet)
    service.submit_sheet(sheet, actor=here.actor("assessor-3"), at=here.now + LATER)
    db.session.commit()
    again = put(client, sheet, "A1", "7,50", key="queue-key-0001")
    assert (again.status_code, again.json) == (200, first.json)


def test_an_open_sheet_takes_no_late_mark(here, candidate, door):
    sheet = opened(here, candidate)
    answer = deliver(door(), sheet)
    assert (answer.status_code, answer.json["code"]) == (409, "sheet_open")
    assert stored(LateMark) == []


@pytest.mark.parametrize("said", ["two days ago", "2026-02-28T03:00:00Z", "2026-03-04T03:00:00Z", "", "x" * 500])
def test_the_clock_of_the_device_is_shown_and_decides_nothing(here, candidate, door, said):
    sheet = submitted(here, candidate)
    answer = deliver(door(), sheet, device_at=said)
    assert answer.status_code == 201
    (late,) = stored(LateMark)
    assert late.device_at == said[:40]
    assert abs(late.received_at - (here.now + LATER)) < timedelta(days=1)


def test_a_clock_two_days_off_changes_nothing_while_the_sheet_is_open(here, candidate, door, clock):
    sheet = opened(here, candidate)
    client = door()
    answer = put(client, sheet, "A1", "7")
    assert answer.status_code == 200
    # The device has no say in the time of a saved mark: its body has no field for it.
    assert put(client, sheet, "A2", "7", device_at="2026-03-04T03:00:00Z", key="another-key-9").status_code == 422


def test_a_queue_replayed_after_the_scoring_is_kept_mark_by_mark(here, candidate, door):
    sheet = marked(here, opened(here, candidate), codes=("A1",))
    here.category.state = int(State.PLENARY)
    db.session.commit()
    client = door()
    assert put(client, sheet, "A2", "7,50").status_code == 409
    for no, code in enumerate(("A2", "A3", "B3")):
        assert deliver(client, sheet, code, "7,50", key=f"late-key-100{no}").status_code == 201
    assert [one.indicator for one in stored(LateMark)] == ["A2", "A3", "B3"]
    here.category.state = int(State.PUBLISHED)
    db.session.commit()
    assert deliver(client, sheet, "D1", "7,50", key="late-key-2000").status_code == 409


@pytest.mark.parametrize(
    ("typed", "status"), [("8,755", 422), ("11", 422), ("-1", 422), ("eight", 422), ("9,55 ", 201), ("", 201)]
)
def test_a_late_mark_is_read_like_any_other(here, candidate, door, typed, status):
    sheet = submitted(here, candidate)
    assert deliver(door(), sheet, value=typed).status_code == status
    assert len(stored(LateMark)) == (status == 201)


def test_what_is_no_late_mark_is_refused(here, candidate, door):
    sheet = submitted(here, candidate)
    client = door()
    assert deliver(client, sheet, weight="9").status_code == 422
    assert deliver(client, sheet, device_at=7, key="late-key-0003").status_code == 422
    assert deliver(client, sheet, "Z9", key="late-key-0004").status_code == 404
    assert deliver(client, sheet, "C1", key="late-key-0005").status_code in {404, 422}
    assert stored(LateMark) == []


def test_nothing_is_taken_for_a_recused_or_withdrawn_candidate_or_from_somebody_else(here, candidate, door):
    sheet = submitted(here, candidate)
    assert deliver(door("assessor-4"), sheet).status_code == 404
    recuse(candidate, "Kin.", actor=here.actor("assessor-3"), at=here.now + LATER)
    db.session.commit()
    answer = deliver(door(), sheet)
    assert (answer.status_code, answer.json["code"]) == (404, "not_found")
    assert put(door(), sheet, "A1", "7", version=1).status_code == 404
    assert stored(LateMark) == []


def test_a_withdrawn_candidate_takes_no_mark_and_what_was_saved_stays(here, candidate, door):
    sheet = marked(here, opened(here, candidate), codes=("A1",))
    nominations.withdraw(candidate, "Other plans.", actor=here.actor("nominee-1"), at=here.now + LATER)
    db.session.commit()
    client = door()
    for answer in (put(client, sheet, "A2", "7"), deliver(client, sheet, "A2", "7")):
        assert (answer.status_code, answer.json["code"]) == (409, "candidate_withdrawn")
    assert [one.indicator for one in stored(Mark)] == ["A1"]
    assert stored(LateMark) == []


# The chair ------------------------------------------------------------------------------------------------------------


def test_the_chair_admits_and_the_mark_counts_as_the_next_version(here, candidate, door):
    sheet = submitted(here, candidate)
    digest, receipt = sheet.digest, sheet.receipt_no
    to_scoring(here)
    deliver(door(), sheet)
    chair = door("chair")
    page = text_of(chair.get("/manage/contoh-2025/late-marks", query_string={"lang": "en"}))
    assert candidate.organisation.name in page
    assert "2026-03-02T14:03:00+08:00" in page
    assert "8.25" not in page
    (late,) = stored(LateMark)
    assert decide(chair, late, reason="").status_code == 422
    assert stored(LateDecision) == []
    assert decide(chair, late).status_code == 303
    (mark,) = [one for one in stored(Mark) if one.indicator == "A1"]
    assert (mark.value, mark.version) == (Decimal("8.25"), 2)
    first, second = stored(SheetSubmission)
    assert (first.digest, first.receipt_no, first.kind) == (digest, receipt, "submitted")
    assert (second.kind, second.content["marks"][0]["value"]) == ("admitted", "8.25")
    (sheet,) = stored(Sheet)
    assert (sheet.digest, sheet.receipt_no) == (second.digest, second.receipt_no)
    assert Decimal("8.25") in {one.value for one in inputs(here.category).contest.marks}
    assert whole() == []
    assert decide_again(chair, late).status_code == 409
    told = text_of(door().get(f"/assessments/{candidate.ref}/sheet", query_string={"lang": "en"}))
    assert "Admitted by the chair" in told


def decide_again(client, late):
    headers = {**SAME_ORIGIN}
    data = {"csrf_token": token_of(client), "idempotency_key": "decide-again-01", "decision": "leave", "reason": "No."}
    return client.post(f"/manage/contoh-2025/late-marks/{late.ref}", data=data, headers=headers)


def test_what_the_chair_leaves_stays_on_record_and_uncounted(here, candidate, door):
    sheet = submitted(here, candidate)
    to_scoring(here)
    deliver(door(), sheet)
    (late,) = stored(LateMark)
    assert decide(door("chair"), late, "leave", "It came two days later.").status_code == 303
    (decision,) = stored(LateDecision)
    assert (decision.admitted, decision.reason) == (False, "It came two days later.")
    assert {one.value for one in stored(Mark)} == {Decimal("7.50")}
    assert len(stored(SheetSubmission)) == 1
    assert [one.kind for one in db.session.query(Event).filter(Event.object_ref == late.ref).order_by(Event.seq)] == [
        "mark.received_late", "mark.late_decided",
    ]  # fmt: skip
    assert whole() == []


def test_nobody_decides_about_the_own_sheet_before_scoring_or_in_conflict(here, candidate, door):
    own, other = submitted(here, candidate, "chair"), submitted(here, candidate)
    chair = door("chair")
    deliver(chair, own)
    deliver(door(), other)
    mine, theirs = stored(LateMark)
    assert decide_again(chair, theirs).status_code == 409  # interviews are not over
    to_scoring(here)
    assert decide_again(chair, mine).status_code == 403
    assert decide_again(door("assessor-4"), theirs).status_code == 403
    assert decide_again(door("organiser-1"), theirs).status_code == 404
    recuse(candidate, "Kin.", actor=here.actor("chair"), at=here.now + LATER)
    db.session.commit()
    assert decide_again(chair, theirs).status_code == 404
    assert candidate.organisation.name not in text_of(chair.get("/manage/contoh-2025/late-marks"))
    deputy = door("deputy")
    assert candidate.organisation.name in text_of(deputy.get("/manage/contoh-2025/late-marks"))
    assert decide(deputy, theirs).status_code == 303


def test_a_mark_above_a_cap_is_kept_and_not_admitted(here, candidate, door):
    sheet = submitted(here, candidate)
    session_of(candidate).attendance.presenter_rank = "sekda"
    to_scoring(here)
    deliver(door(), sheet, "E1", "9")
    (late,) = stored(LateMark)
    assert decide(door("chair"), late).status_code == 422
    assert stored(LateDecision) == []


def test_a_sheet_that_was_never_submitted_counts_once_nothing_on_it_is_blank(here, candidate, door):
    codes = DESK + INTERVIEW
    sheet = marked(here, opened(here, candidate), codes=codes[:-2])
    here.category.state = int(State.PLENARY)
    db.session.commit()
    client, chair = door(), door("chair")
    for no, code in enumerate(codes[-2:]):
        deliver(client, sheet, code, "6", key=f"late-key-300{no}")
    first, second = stored(LateMark)
    assert decide(chair, first).status_code == 303
    assert stored(Sheet)[0].submitted_at is None
    assert decide(chair, second).status_code == 303
    (now,) = stored(Sheet)
    assert now.submitted_at is not None
    assert [one.kind for one in stored(SheetSubmission)] == ["admitted"]
    assert whole() == []
