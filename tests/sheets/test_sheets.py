"""Score sheets at the door of an assessor: one mark at a time, the submission, and who sees nothing of it."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from decimal import Decimal

import pytest
from sqlalchemy import select

from paritrana.audit.models import Event
from paritrana.core.lifecycle import State
from paritrana.core.policy import Role
from paritrana.cycles.models import Category
from paritrana.database import db
from paritrana.interviews import service as interviews
from paritrana.nominations.models import Nomination
from paritrana.panels.models import Recusal
from paritrana.panels.service import recuse
from paritrana.results.queries import inputs
from paritrana.sheets import queries, service
from paritrana.sheets.facts import own_item, own_item_clause
from paritrana.sheets.models import Mark, MarkRevision, MissingSheet, Sheet
from paritrana.sheets.tasks import tasks
from paritrana.verification import service as verification
from tests.factories import world
from tests.interviews.stages import held, planned, shortlisted
from tests.nominations.pages import fields_in, fields_of, send, text_of
from tests.sheets.desks import DESK, marked, opened, put, submitted, token_of
from tests.verification.cases import LATER


@pytest.fixture
def here(app, db_session):
    return world()


@pytest.fixture
def candidates(here, clock):
    return shortlisted(here, clock)


@pytest.fixture
def candidate(here, candidates):
    return candidates[0]


@pytest.fixture
def sheet(here, candidate):
    return opened(here, candidate)


def stored(model, **which):
    db.session.rollback()
    return db.session.query(model).filter_by(**which).all()


def mark(indicator="A1"):
    (found,) = stored(Mark, indicator=indicator)
    return found


# Opening --------------------------------------------------------------------------------------------------------------


def test_a_sheet_opens_after_the_declaration_only(here, candidate, door):
    client = door()
    address = f"/assessments/{candidate.ref}/declaration"
    fields = fields_of(client, f"/assessments/{candidate.ref}/sheet", address)
    assert stored(Sheet) == []
    answer = send(client, address, fields, conflict="no")
    assert answer.status_code == 303
    assert answer.location.endswith("/sheet")
    (sheet,) = stored(Sheet)
    assert (sheet.attempt, sheet.revision_no) == (1, 1)
    assert "Nobody types these values" in text_of(client.get(answer.location, query_string={"lang": "en"}))
    with pytest.raises(service.NotDeclared):
        service.open_sheet(candidate, actor=here.actor("assessor-4"), at=here.now + LATER)


def test_a_declared_conflict_needs_a_reason_and_takes_the_candidate_from_the_list(here, candidate, door):
    client = door()
    address, page = f"/assessments/{candidate.ref}/declaration", f"/assessments/{candidate.ref}/sheet"
    name = candidate.organisation.name
    assert name in text_of(client.get("/assessments"))
    fields = fields_of(client, page, address)
    assert send(client, address, fields, conflict="yes").status_code == 422
    assert stored(Recusal) == []
    answer = send(client, address, fields, conflict="yes", reason="My sister works there.")
    assert answer.location == "/assessments"
    listed = text_of(client.get("/assessments", query_string={"lang": "en"}))
    assert "You have stepped back from this candidate" in listed
    assert name not in listed
    assert client.get(page).status_code == 404


def test_the_own_region_is_a_conflict_that_nobody_declares(here, candidate, sheet, door):
    here.accounts["assessor-3"].office_region_code = candidate.organisation.region_code
    db.session.commit()
    client = door()
    assert candidate.organisation.name not in text_of(client.get("/assessments"))
    assert client.get(f"/assessments/{candidate.ref}/sheet").status_code == 404
    assert put(client, sheet, "A1", "7").status_code == 404


def test_who_steps_back_later_leaves_the_sheet_on_record_and_out_of_the_result(here, candidate, sheet, door):
    marked(here, sheet, codes=("A1",))
    client = door()
    address = f"/assessments/{candidate.ref}/step-back"
    fields = fields_of(client, f"/assessments/{candidate.ref}/sheet", address)
    assert send(client, address, fields).status_code == 422
    assert send(client, address, fields, reason="I learned that I supplied a figure.").status_code == 303
    assert client.get(f"/assessments/{candidate.ref}/sheet").status_code == 404
    (kept,) = stored(Sheet)
    assert kept.withdrawn_at is not None
    assert mark().value == Decimal("7.50")
    reasons = {one.reason for one in inputs(here.category).contest.marks}
    assert reasons == {"recused"}


# One mark -------------------------------------------------------------------------------------------------------------


def test_a_mark_is_stored_as_typed_and_told_back(here, candidate, sheet, door):
    client = door()
    answer = put(client, sheet, "A1", "8,75", panel_note="Clear.", feedback="Good work.")
    assert answer.status_code == 200
    told = answer.json
    assert (told["shown"], told["value"], told["version"]) == ("8.75", "8.75", 1)
    assert told["echo"].startswith("Saved as 8.75 at ")
    assert told["points"].startswith("Your points: 10.50 of 12 scored so far")
    assert told["progress"] == "1 of 7 scored"
    saved = mark()
    assert (saved.value, saved.panel_note, saved.feedback) == (Decimal("8.75"), "Clear.", "Good work.")
    (event,) = stored(Event, kind="mark.saved")
    body = event.content.body
    for part in ("8.75", "Clear.", "Good work.", '"A1"'):
        assert part in body if isinstance(body, str) else part.encode() in body


@pytest.mark.parametrize("typed", ["0", "0,00", "0.0"])
def test_zero_is_a_mark_and_empty_is_none(here, candidate, sheet, door, typed):
    client = door()
    assert put(client, sheet, "A1", typed).json["shown"] == "0.00"
    assert mark().value == 0
    answer = put(client, sheet, "A1", "", version=1, key="another-key-1")
    assert (answer.status_code, answer.json["word"]) == (200, "Not scored")
    emptied = mark()
    assert (emptied.value, emptied.reason) == (None, None)
    assert queries.blanks(queries.fresh(sheet), here.category.rubric, queries.circumstances(candidate))[0].code == "A1"


def test_an_abstention_has_a_reason_and_is_neither_zero_nor_empty(here, candidate, sheet, door):
    client = door()
    answer = put(client, sheet, "A1", "", abstain_note="I advised on this rule.")
    assert answer.json["word"] == "Abstained"
    assert answer.json["points"].startswith("Your points: 0.00 of 0 scored so far")
    said = mark()
    assert (said.value, said.reason, said.abstain_note) == (None, "abstained", "I advised on this rule.")
    refused = put(client, sheet, "A2", "5", abstain_note="Also this.", key="another-key-2")
    assert refused.status_code == 422
    assert "Give a mark or abstain, not both." in refused.json["detail"]


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("8,755", "Write at most 2 decimals"),
        ("10,01", "between 0 and 10"),
        ("-1", "between 0 and 10"),
        ("1e1", "in digits"),
        ("1.000", "at most 2 decimals"),
        ("eight", "in digits"),
    ],
)
def test_a_mark_off_the_scale_is_refused_with_the_reason(here, sheet, door, typed, said):
    answer = put(door(), sheet, "A1", typed)
    assert answer.status_code == 422
    assert said in answer.json["errors"]["value"][0]
    assert stored(Mark) == []


def test_a_body_that_is_no_mark_is_refused(here, sheet, door):
    client = door()
    assert put(client, sheet, "A1", 8).status_code == 422
    assert put(client, sheet, "A1", "8", weight="99").status_code == 422
    assert stored(Mark) == []


def test_the_key_and_the_version_are_needed(here, sheet, door):
    client = door()
    assert put(client, sheet, "A1", "8", key=None).status_code == 428
    assert put(client, sheet, "A1", "8", version=None).status_code == 428
    assert stored(Mark) == []


def test_the_same_request_twice_is_one_revision(here, sheet, door):
    client = door()
    first, second = put(client, sheet, "A1", "8"), put(client, sheet, "A1", "8")
    assert (first.status_code, second.status_code) == (200, 200)
    assert first.json == second.json
    assert len(stored(MarkRevision)) == 1
    assert len(stored(Event, kind="mark.saved")) == 1


def test_a_second_device_sees_both_versions_and_nothing_is_lost(here, sheet, door):
    phone, desk = door(), door()
    put(phone, sheet, "A1", "8.75", key="from-the-phone")
    answer = put(desk, sheet, "A1", "8.50", key="from-the-desk")
    assert answer.status_code == 409
    assert (answer.json["code"], answer.json["mine"]["value"]) == ("stale_version", "8.50")
    assert (answer.json["theirs"]["shown"], answer.json["theirs"]["version"]) == ("8.75", 1)
    assert mark().value == Decimal("8.75")
    assert put(desk, sheet, "A1", "8.50", version=1, key="chosen-at-the-desk").status_code == 200
    assert [one.value for one in stored(MarkRevision)] == [Decimal("8.75"), Decimal("8.50")]


def test_of_saves_at_the_same_time_one_is_stored_and_the_others_learn_of_it(here, sheet, door):
    clients, ref = [door() for _place in range(4)], sheet.ref
    db.session.rollback()

    def save(place):
        return put(clients[place], ref, "A1", f"{place + 1}", key=f"from-device-{place}").status_code

    with ThreadPoolExecutor(4) as pool:
        assert sorted(pool.map(save, range(4))) == [200, 409, 409, 409]
    assert [one.version for one in stored(MarkRevision)] == [1]
    assert len(stored(Event, kind="mark.saved")) == 1


def test_the_same_request_from_several_tries_at_once_is_stored_once(here, sheet, door):
    client, ref = door(), sheet.ref
    headers = {
        "If-Match": '"0"', "Idempotency-Key": "one-key-many-tries", "X-CSRFToken": token_of(client),
        "Sec-Fetch-Site": "same-origin",
    }  # fmt: skip
    db.session.rollback()

    def save(_place):
        answer = client.put(f"/api/v1/sheets/{ref}/marks/A1", json={"value": "8"}, headers=headers)
        return answer.status_code, answer.get_data()

    with ThreadPoolExecutor(4) as pool:
        answers = set(pool.map(save, range(4)))
    assert [status for status, _body in answers] == [200]
    assert len(stored(MarkRevision)) == 1


def test_a_mark_above_the_cap_is_refused_and_one_stored_before_counts_as_the_cap(here, candidates, clock, door):
    session = planned(here, candidates)[0]
    candidate = session.nomination
    sheet, client = opened(here, candidate), door()
    assert put(client, sheet, "E1", "9").json["code"] == "marking_not_open"
    at = here.now + LATER
    interviews.open_session(session, expected=1, actor=here.actor("organiser-1"), at=at)
    db.session.commit()
    assert put(client, sheet, "E1", "9", key="another-key-3").status_code == 200
    values = {
        "presenter_rank": "wakil", "position": "Wakil Bupati", "acting": False, "mode": "in_person", "note": "",
        "identity_seen": True, "mandate_letter": False, "arrived_at": at,
    }  # fmt: skip
    interviews.record_attendance(session, values, expected=0, actor=here.actor("organiser-1"), at=at)
    db.session.commit()
    told = client.get(f"/api/v1/sheets/{sheet.ref}", query_string={"lang": "en"}).json
    assert "It counts as 8.00, because of who presented." in told["marks"]["E1"]["echo"]
    assert told["points"].startswith("Your points: 8.00 of 10 scored so far")
    refused = put(client, sheet, "E1", "8.50", version=1, key="another-key-4")
    assert refused.status_code == 422
    assert refused.json["detail"] == "The mark must be between 0 and 8.00. You wrote 8.50."
    assert mark("E1").value == 9


def test_the_sheet_of_another_assessor_is_not_there(here, sheet, door):
    client = door("assessor-4")
    assert put(client, sheet, "A1", "8").status_code == 404
    assert client.get(f"/api/v1/sheets/{sheet.ref}").status_code == 404
    for other in ("organiser-1", "verifier-1", "nominee-1", "auditor"):
        assert put(door(other), sheet, "A1", "8").status_code == 404
        assert door(other).get("/assessments").status_code == 404
    assert stored(Mark) == []


def test_whoever_is_recused_meets_a_sheet_that_is_not_there(here, candidate, sheet, door):
    recuse(candidate, "Found late.", actor=here.actor("assessor-3"), at=here.now + LATER)
    db.session.commit()
    assert put(door(), sheet, "A1", "8").status_code == 404


def test_computed_and_unknown_indicators_take_no_mark(here, sheet, door):
    client = door()
    assert put(client, sheet, "C1", "8").status_code == 422
    assert put(client, sheet, "Z9", "8", key="another-key-5").status_code == 404


def test_before_and_after_the_marking_a_mark_is_refused(here, sheet, door):
    for state in (State.PLENARY, State.SEALED):
        db.session.get_one(Category, here.category.id).state = int(state)
        db.session.commit()
        answer = put(door(), sheet, "A1", "8")
        assert (answer.status_code, answer.json["code"]) == (409, "wrong_state")
    assert stored(Mark) == []


def test_without_script_the_same_form_saves_and_keeps_what_was_refused(here, candidate, sheet, door):
    client = door()
    page = f"/assessments/{candidate.ref}/sheet"
    address = f"{page}/marks/A1"
    fields = fields_of(client, page, address)
    answer = send(client, address, fields, value="8,755", panel_note="A thought.")
    assert answer.status_code == 422
    assert 'value="8,755"' in text_of(answer)
    assert "A thought." in text_of(answer)
    assert send(client, address, fields, value="8,75", panel_note="A thought.").status_code == 303
    assert mark().value == Decimal("8.75")
    stale = send(client, address, fields | {"idempotency_key": "another-key-6"}, value="6")
    assert stale.status_code == 409
    assert "Keep what is here" in text_of(stale)
    chosen = fields_in(stale, address)
    assert (chosen["version"], chosen["value"]) == ("1", "6")
    assert send(client, address, chosen).status_code == 303
    assert mark().value == 6


def test_the_fields_of_a_page_come_from_the_server(here, candidate, sheet, door):
    marked(here, sheet, codes=("A1",))
    page = fields_of(door(), f"/assessments/{candidate.ref}/sheet", f"/assessments/{candidate.ref}/sheet/marks/A1")
    assert (page["value"], page["version"]) == ("7.50", "1")


def test_the_time_of_the_server_is_never_kept(client):
    answer = client.get("/api/v1/now")
    assert answer.json["now"].endswith("Z")
    assert answer.headers["Cache-Control"] == "no-store"


# Submitting -----------------------------------------------------------------------------------------------------------


@pytest.fixture
def whole(here, candidates):
    session = planned(here, candidates)[0]
    held(here, session)
    return opened(here, session.nomination)


def test_blanks_keep_a_sheet_from_being_submitted(here, whole, door):
    marked(here, whole, codes=DESK)
    client, page = door(), f"/assessments/{whole.nomination.ref}/sheet/check"
    fields = fields_of(client, page)
    assert send(client, page, fields).status_code == 422
    answer = send(client, page, fields, statement="y")
    assert answer.status_code == 409
    assert "2 indicators are not scored." in text_of(answer)
    assert stored(Sheet)[0].submitted_at is None


def test_a_submitted_sheet_is_locked_with_a_receipt(here, whole, door):
    marked(here, whole)
    client, page = door(), f"/assessments/{whole.nomination.ref}/sheet/check"
    answer = send(client, page, fields_of(client, page), statement="y")
    assert answer.location.endswith("/sheet/receipt")
    (sheet,) = stored(Sheet)
    text = text_of(client.get(answer.location, query_string={"lang": "en"}))
    for part in (sheet.receipt_no, sheet.digest, "1 of 9 sheets are in", "5 sheets are needed"):
        assert part in text
    refused = put(client, sheet, "A1", "9", version=1)
    assert (refused.status_code, refused.json["code"]) == (409, "sheet_closed")
    assert "7.50" in text_of(client.get(f"/assessments/{whole.nomination.ref}/sheet", query_string={"lang": "en"}))
    assert queries.counts_for(sheet.nomination) == (1, 9)


# While a change request waits for its answer --------------------------------------------------------------------------


def ask(here, nomination, *figures):
    request = verification.ask_changes(
        nomination, figures, "Which document says so?", here.now + LATER + timedelta(days=3),
        actor=here.actor("verifier-1"), at=here.now + LATER,
    )  # fmt: skip
    db.session.commit()
    return request


def end(here, request):
    verification.end_request(
        request, "No answer came.", expected=request.version, actor=here.actor("verifier-1"), at=here.now + LATER
    )
    db.session.commit()


def test_no_mark_rests_on_evidence_that_a_change_request_asks_about(here, candidate, sheet, door):
    request = ask(here, candidate, ("regulation", "lines.r001.enacted_on"))
    client, page = door(), f"/assessments/{candidate.ref}/sheet"
    refused = put(client, sheet, "A1", "7.50")
    assert (refused.status_code, refused.json["code"]) == (409, "evidence_asked")
    said = "Change request 1 on this evidence is open. Score this indicator once it is answered."
    assert refused.json["detail"] == said
    for address in (page, f"{page}/check"):
        assert text_of(client.get(address, query_string={"lang": "en"})).count(said) == 1
    assert put(client, sheet, "A2", "7.50", key="another-key-1").status_code == 200
    end(here, request)
    assert put(client, sheet, "A1", "7.50", key="another-key-2").status_code == 200
    assert said not in text_of(client.get(page, query_string={"lang": "en"}))


def test_what_was_typed_without_script_stays_when_a_request_came_between(here, candidate, sheet, door):
    client, page = door(), f"/assessments/{candidate.ref}/sheet"
    fields = fields_of(client, page, f"{page}/marks/A1")
    ask(here, candidate, ("regulation", "lines.r001.enacted_on"))
    answer = send(client, f"{page}/marks/A1", fields, value="6,25", panel_note="Seen twice.")
    assert answer.status_code == 409
    assert "Seen twice." in text_of(answer)
    assert 'value="6,25"' in answer.get_data(as_text=True)
    assert stored(Mark) == []


def test_a_sheet_is_not_locked_while_its_evidence_may_change(here, whole, door):
    marked(here, whole)
    request = ask(here, whole.nomination, ("regulation", "lines.r001.enacted_on"))
    client, page = door(), f"/assessments/{whole.nomination.ref}/sheet/check"
    fields = fields_of(client, page)
    answer = send(client, page, fields, statement="y")
    assert answer.status_code == 409
    assert "A change request on the evidence of A1 is open." in text_of(answer)
    end(here, request)
    fields = fields_of(client, page)
    assert send(client, page, fields, statement="y").status_code == 303


def test_the_scoring_does_not_begin_while_a_candidate_is_asked(here, candidates):
    for session in planned(here, candidates):
        held(here, session)
    request = ask(here, candidates[0], ("regulation", "lines.r001.enacted_on"))
    organiser = here.actor("organiser-1")
    with pytest.raises(interviews.RequestsLeft) as refusal:
        interviews.end_interviews(here.category, actor=organiser, at=here.now + LATER)
    assert refusal.value.params == {"names": candidates[0].organisation.name}
    end(here, request)
    interviews.end_interviews(here.category, actor=organiser, at=here.now + LATER)
    assert here.category.state == State.SCORING


def test_the_digest_moves_with_every_word_of_a_sheet(here, whole):
    marked(here, whole)
    before = service.content_of(queries.fresh(whole))
    service.save_mark(
        whole, "A1", Decimal("7.50"), feedback="More.", expected=1, actor=here.actor("assessor-3"), at=here.now + LATER
    )
    assert service.content_of(queries.fresh(whole)) != before


# The end of scoring ---------------------------------------------------------------------------------------------------


@pytest.fixture
def scoring(here, candidates):
    for session in planned(here, candidates):
        held(here, session)
    interviews.end_interviews(here.category, actor=here.actor("organiser-1"), at=here.now + LATER)
    db.session.commit()
    return candidates


CLOSE = "/manage/contoh-2025/scoring/kabkota/close"


def test_the_chair_closes_the_scoring_with_a_reason_for_every_missing_sheet(here, scoring, door):
    submitted(here, scoring[0])
    client = door("chair")
    fields = fields_of(client, "/manage/contoh-2025", CLOSE)
    names = [name for name in fields if name.startswith("reason-")]
    assert len(names) == 17
    part = dict.fromkeys(names[1:], "Was ill that week.")
    refused = send(client, CLOSE, fields, **part)
    assert refused.status_code == 422
    assert "Was ill that week." in text_of(refused)
    assert stored(MissingSheet) == []
    assert send(client, CLOSE, fields, **part, **{names[0]: "Left the panel."}).status_code == 303
    assert len(stored(MissingSheet)) == 17
    assert len(stored(Event, kind="sheet.missing")) == 17
    assert stored(Category)[0].state == State.PLENARY


def test_when_every_sheet_is_in_the_scoring_closes_without_reasons(here, scoring):
    for nomination in scoring:
        for name in ("chair", "deputy", *(f"assessor-{no}" for no in range(3, 10))):
            if not queries.find_sheet(nomination.id, here.accounts[name].id, 1):
                submitted(here, nomination, name)
    assert queries.all_in(here.category)
    assert service.close_scoring(here.category, {}, actor=here.actor("chair"), at=here.now + LATER) == []
    assert here.category.state == State.PLENARY
    assert inputs(here.category).sheets_in == 18


def test_nobody_but_the_chair_closes_the_scoring(here, scoring, door):
    fields = fields_of(door("chair"), "/manage/contoh-2025", CLOSE)
    for name in ("organiser-1", "assessor-3"):
        client = door(name)
        token = fields_of(client, "/home", "/sign-out")["csrf_token"]
        assert send(client, CLOSE, fields | {"csrf_token": token}).status_code in {403, 404, 409}
    assert stored(Category)[0].state == State.SCORING


def test_a_chair_in_conflict_reads_no_name_and_leaves_the_close_to_the_deputy(here, scoring, door):
    mine = scoring[0]
    recuse(mine, "A family tie.", actor=here.actor("chair"), at=here.now + LATER)
    db.session.commit()
    chair, deputy = door("chair"), door("deputy")
    page = text_of(chair.get("/manage/contoh-2025", query_string={"lang": "en"}))
    assert "The deputy closes the scoring." in page
    assert CLOSE not in page
    assert mine.organisation.name not in page
    fields = fields_of(chair, "/home", "/sign-out")
    refused = send(chair, CLOSE, {"csrf_token": fields["csrf_token"], "idempotency_key": "chair-closes-1"})
    assert refused.status_code == 409
    assert mine.organisation.name not in text_of(refused)
    assert stored(Category)[0].state == State.SCORING
    fields = fields_of(deputy, "/manage/contoh-2025", CLOSE)
    names = [name for name in fields if name.startswith("reason-")]
    assert send(deputy, CLOSE, fields, **dict.fromkeys(names, "Was ill that week.")).status_code == 303
    assert stored(Category)[0].state == State.PLENARY


def test_a_recusal_on_any_page_takes_the_sheet_out_like_one_on_the_sheet(here, whole, door):
    marked(here, whole)
    assessor, nomination = here.actor("assessor-3"), whole.nomination
    assert not whole.withdrawn
    assert own_item(assessor, Role.ASSESSOR, whole)
    recuse(nomination, "Found late.", actor=here.actor("chair"), at=here.now + LATER, account_id=assessor.user_id)
    db.session.commit()
    assert whole.withdrawn
    assert not own_item(assessor, Role.ASSESSOR, whole)
    assert db.session.scalars(select(Sheet).where(own_item_clause(assessor, Role.ASSESSOR))).all() == []
    with pytest.raises(service.SheetClosed):
        service.open_sheet(nomination, actor=assessor, at=here.now + LATER)
    assert door().get(f"/assessments/{nomination.ref}/sheet").status_code == 404
    assert queries.counts_for(nomination) == (0, 8)


# What waits -----------------------------------------------------------------------------------------------------------


def test_sheets_wait_for_assessors_and_the_close_for_the_chair(here, scoring):
    at = here.now + LATER + timedelta(days=2)
    messages = [task.message for task in tasks(here.actor("assessor-3"), at)]
    assert messages == ["Score %(name)s", "Score %(name)s"]
    submitted(here, scoring[0])
    done = [task for task in tasks(here.actor("assessor-3"), at) if task.done_at]
    assert [task.endpoint for task in done] == ["sheets.receipt"]
    (close,) = (task for task in tasks(here.actor("chair"), at) if task.endpoint == "home.manage")
    assert close.waiting_for_others


# How many statements --------------------------------------------------------------------------------------------------


def between(sent, model="seat"):
    """The statements after the actor is loaded, up to the first COMMIT."""
    upto = sent[: sent.index("COMMIT")]
    last = max(place for place, text in enumerate(upto) if text.startswith(f"SELECT {model}."))
    return upto[: last + 1], upto[last + 1 :]


@pytest.mark.parametrize("number", [1, 3])
def test_saving_one_mark_takes_few_statements_whatever_the_number_of_candidates(here, clock, door, statements, number):
    shortlisted(here, clock, number)
    sessions = planned(here, [])
    for session in sessions:
        held(here, session)
        opened(here, session.nomination)
    sheet = db.session.query(Sheet).order_by(Sheet.id).first()
    client = door()
    ref = sheet.ref
    assert put(client, ref, "E1", "7", key="the-first-save").status_code == 200
    token = token_of(client)
    headers = {
        "If-Match": '"1"', "Idempotency-Key": "the-counted-save", "X-CSRFToken": token, "Sec-Fetch-Site": "same-origin",
    }  # fmt: skip
    with statements() as sent:
        answer = client.put(f"/api/v1/sheets/{ref}/marks/E1", json={"value": "8"}, headers=headers)
    assert answer.status_code == 200
    actor, rest = between(sent)
    actor = [text for text in actor if not text.startswith(("BEGIN", "COMMIT", "ROLLBACK"))]
    assert len(actor) <= 3, actor
    assert len(rest) <= 13, "\n".join(text.split("\n")[0][:90] for text in rest)


@pytest.mark.parametrize("page", ["/assessments", "/sheet"])
def test_a_page_takes_as_many_statements_for_one_candidate_as_for_three(here, clock, door, statements, page):
    shortlisted(here, clock, 3)
    planned(here, [])
    sheets = [opened(here, one) for one in db.session.query(Nomination).all()]
    address = page if page == "/assessments" else f"/assessments/{sheets[0].nomination.ref}/sheet"
    client = door()
    client.get(address)
    with statements() as three:
        assert client.get(address).status_code == 200
    for sheet in sheets[1:]:
        recuse(sheet.nomination, "Out.", actor=here.actor("assessor-3"), at=here.now + LATER)
    db.session.commit()
    with statements() as one:
        assert client.get(address).status_code == 200
    assert len(one) == len(three)
    assert len(three) <= 40
