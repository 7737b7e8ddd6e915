"""A submitted sheet opens again when the chair and another assessor agree; every version is kept, and its receipt."""

import json
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest

from paritrana.audit.models import Event
from paritrana.core.lifecycle import State
from paritrana.database import db
from paritrana.outbox.models import Message
from paritrana.panels.service import recuse
from paritrana.results.service import build_run
from paritrana.sheets import service
from paritrana.sheets.invariants import CHECKS
from paritrana.sheets.late.models import SheetSubmission
from paritrana.sheets.models import Sheet
from paritrana.sheets.reopening.models import Reopening
from tests.factories import world
from tests.interviews.stages import held, planned, shortlisted
from tests.nominations.pages import SAME_ORIGIN, fields_of, send, text_of
from tests.sheets.desks import marked, opened, put, submitted, token_of
from tests.verification.cases import LATER

REASON = "I typed 7.5 where I meant another indicator."


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


def to(here, state):
    here.category.state = int(state)
    db.session.commit()


def ask(client, candidate, reason=REASON):
    address = f"/assessments/{candidate.ref}/sheet/reopening"
    return send(client, address, fields_of(client, address, address), reason=reason)


def answer(client, asked, decision="agree", reason=""):
    data = {"csrf_token": token_of(client), "idempotency_key": f"answer-{decision}-{asked.ref}", "decision": decision,
            "reason": reason}  # fmt: skip
    return client.post(
        f"/reopenings/{asked.ref}", data=data, headers={**SAME_ORIGIN, "Accept": "application/json"},
        query_string={"lang": "en"},
    )  # fmt: skip


def whole():
    db.session.rollback()
    return [broken for check in CHECKS for broken in check.look()]


def test_the_chair_and_another_assessor_open_a_sheet_again_and_both_versions_are_kept(here, candidate, door):
    submitted(here, candidate)
    submitted(here, candidate, "assessor-4")
    to(here, State.SCORING)
    owner = door()
    first = stored(Sheet)[0]
    digest, receipt = first.digest, first.receipt_no
    assert ask(owner, candidate).status_code == 303
    (asked,) = stored(Reopening)
    assert answer(owner, asked).json["code"] == "own_sheet"
    chair, other = door("chair"), door("assessor-4")
    assert answer(chair, asked).status_code == 422  # the chair says why
    assert "Answer the request to open a sheet again" in text_of(other.get("/home", query_string={"lang": "en"}))
    assert answer(other, asked).status_code == 303
    assert stored(Sheet)[0].submitted_at is not None
    assert answer(chair, asked, reason="A slip of the hand.").status_code == 303
    (asked,) = stored(Reopening)
    assert (asked.state, asked.after_others) == ("opened", True)
    sheet = stored(Sheet)[0]
    assert (sheet.submitted_at, sheet.digest, sheet.receipt_no) == (None, None, None)
    assert put(owner, sheet, "A1", "8", version=1).status_code == 200
    address = f"/assessments/{candidate.ref}/sheet/check"
    assert send(owner, address, fields_of(owner, address, address), statement="y").status_code == 303
    versions = [one for one in stored(SheetSubmission) if one.sheet_id == sheet.id]
    assert [one.version for one in versions] == [1, 2]
    assert (versions[0].digest, versions[0].receipt_no) == (digest, receipt)
    assert versions[1].digest != digest
    assert whole() == []
    page = text_of(owner.get(f"/assessments/{candidate.ref}/sheet/reopening", query_string={"lang": "en"}))
    assert "Version 2" in page
    assert "Reopened after the marks of others could be read" in page
    assert [one.kind for one in db.session.query(Event).filter(Event.object_ref == asked.ref).order_by(Event.seq)] == [
        "reopening.asked", "reopening.agreed", "reopening.opened",
    ]  # fmt: skip
    told = [one.cause for one in stored(Message) if one.cause.startswith("sheet-reopened:")]
    assert len(told) == 1


def test_the_bundle_names_a_sheet_that_was_opened_after_others_could_be_read(here, candidate, door):
    submitted(here, candidate)
    submitted(here, candidate, "assessor-4")
    to(here, State.SCORING)
    ask(door(), candidate)
    (asked,) = stored(Reopening)
    answer(door("assessor-4"), asked)
    answer(door("chair"), asked, reason="A slip of the hand.")
    to(here, State.PLENARY)
    run = build_run(here.category, actor=here.actor("organiser-1"), at=here.now + LATER)
    assert f"reopened:{candidate.candidate_code}:J3" in json.loads(run.bundle)["provenance"]


def test_a_sheet_that_nobody_else_had_sent_is_opened_without_the_flag(here, candidate, door):
    submitted(here, candidate)
    to(here, State.SCORING)
    ask(door(), candidate)
    (asked,) = stored(Reopening)
    answer(door("deputy"), asked)
    answer(door("chair"), asked, reason="A slip of the hand.")
    assert [(one.state, one.after_others) for one in stored(Reopening)] == [("opened", False)]


def test_the_chair_may_refuse_and_the_sheet_stays_locked(here, candidate, door):
    submitted(here, candidate)
    to(here, State.SCORING)
    ask(door(), candidate)
    (asked,) = stored(Reopening)
    assert answer(door("assessor-4"), asked, "refuse", "No.").status_code == 422
    assert answer(door("chair"), asked, "refuse", "The marks are plausible.").status_code == 303
    assert stored(Reopening)[0].state == "refused"
    assert stored(Sheet)[0].submitted_at is not None
    assert answer(door("assessor-4"), asked).json["code"] == "reopening_ended"
    assert ask(door(), candidate).status_code == 303  # another reason, another request
    assert whole() == []


def test_for_the_sheet_of_the_chair_an_organiser_takes_the_place_of_the_chair(here, candidate, door):
    submitted(here, candidate, "chair")
    to(here, State.SCORING)
    chair = door("chair")
    ask(chair, candidate)
    (asked,) = stored(Reopening)
    assert answer(chair, asked, reason="Mine.").json["code"] == "own_sheet"
    assert answer(door("deputy"), asked).status_code == 303
    assert answer(door("assessor-4"), asked).json["code"] == "not_your_part"
    organiser = door("organiser-1")
    assert answer(organiser, asked, reason="A slip of the hand.").status_code == 303
    assert stored(Reopening)[0].state == "opened"
    submitted_sheet = stored(Sheet)[0]
    assert submitted_sheet.submitted_at is None
    assert whole() == []


def test_an_organiser_who_sent_the_nomination_in_for_an_organisation_still_meets_the_request(here, candidate, door):
    submitted(here, candidate, "chair")
    to(here, State.SCORING)
    ask(door("chair"), candidate)
    (asked,) = stored(Reopening)
    candidate.created_by = here.accounts["organiser-1"].id
    db.session.commit()
    assert door("organiser-1").get(f"/reopenings/{asked.ref}").status_code == 200
    candidate.created_by = here.accounts["deputy"].id
    db.session.commit()
    assert door("deputy").get(f"/reopenings/{asked.ref}").status_code == 404  # who marks is in conflict with it


def test_an_organiser_has_no_part_in_the_sheet_of_another_assessor(here, candidate, door):
    submitted(here, candidate)
    to(here, State.SCORING)
    ask(door(), candidate)
    (asked,) = stored(Reopening)
    assert answer(door("organiser-1"), asked, reason="Yes.").json["code"] == "not_your_part"


def test_only_a_submitted_sheet_in_the_scoring_is_asked_for_once_and_with_a_reason(here, candidate, door):
    opened(here, candidate)
    client = door()
    address = f"/assessments/{candidate.ref}/sheet/reopening"

    def post(reason="Why.", key="asking-key-0001"):
        data = {"csrf_token": token_of(client), "idempotency_key": key, "reason": reason}
        headers = {**SAME_ORIGIN, "Accept": "application/json"}
        return client.post(address, data=data, headers=headers)

    assert post().json["code"] == "wrong_state"
    to(here, State.SCORING)
    assert post().json["code"] == "not_submitted"
    to(here, State.INTERVIEW)
    marked(here, stored(Sheet)[0])
    service.submit_sheet(stored(Sheet)[0], actor=here.actor("assessor-3"), at=here.now + LATER)
    to(here, State.SCORING)
    assert post("").status_code == 422
    assert post().status_code == 303
    assert post("Another.", "asking-key-0002").json["code"] == "reopening_asked"
    to(here, State.PLENARY)
    (asked,) = stored(Reopening)
    assert answer(door("chair"), asked, reason="Yes.").json["code"] == "wrong_state"


def test_who_is_in_conflict_does_not_see_the_request(here, candidate, door):
    submitted(here, candidate)
    to(here, State.SCORING)
    ask(door(), candidate)
    (asked,) = stored(Reopening)
    recuse(candidate, "Kin.", actor=here.actor("assessor-4"), at=here.now + LATER)
    db.session.commit()
    assert answer(door("assessor-4"), asked).status_code == 404
    assert door("assessor-4").get(f"/reopenings/{asked.ref}").status_code == 404
    name = candidate.organisation.name
    chair = text_of(door("chair").get("/manage/contoh-2025/reopenings"))
    assert name in chair


# The receipt ----------------------------------------------------------------------------------------------------------


def test_the_signed_receipt_carries_the_digest_and_is_checked_by_the_command(here, candidate, door, app, tmp_path):
    sheet = submitted(here, candidate)
    client = door()
    answered = client.get(f"/assessments/{candidate.ref}/sheet/receipt.json")
    told = json.loads(answered.data)
    assert (told["receipt"], told["number"], told["sha256"]) == ("sheet", sheet.receipt_no, sheet.digest)
    receipt, keys = tmp_path / "receipt.json", tmp_path / "keys.json"
    receipt.write_bytes(answered.data)
    keys.write_bytes(client.get("/receipt-keys.json").data)
    command = [sys.executable, "-m", "paritrana", "verify-receipt", str(receipt), "--keys", str(keys)]
    assert subprocess.run(command, capture_output=True, check=False).returncode == 0
    receipt.write_bytes(answered.data.replace(sheet.digest[:8].encode(), b"00000000"))
    assert subprocess.run(command, capture_output=True, check=False).returncode == 1
    paper = client.get(f"/assessments/{candidate.ref}/sheet/receipt.pdf")
    assert (paper.status_code, paper.data[:5]) == (200, b"%PDF-")


def test_an_open_sheet_has_no_receipt(here, candidate, door):
    opened(here, candidate)
    for end in ("json", "pdf"):
        assert door().get(f"/assessments/{candidate.ref}/sheet/receipt.{end}").status_code == 404


def test_a_sheet_submitted_from_two_devices_has_one_submission_and_one_receipt(here, candidate, door):
    marked(here, opened(here, candidate))
    address = f"/assessments/{candidate.ref}/sheet/check"
    phones = [door(), door()]
    fields = [fields_of(phone, address, address) for phone in phones]
    with ThreadPoolExecutor(2) as hands:
        answers = list(
            hands.map(lambda pair: send(pair[0], address, pair[1], statement="y"), zip(phones, fields, strict=True))
        )
    assert [(one.status_code, one.location) for one in answers] == [
        (303, f"/assessments/{candidate.ref}/sheet/receipt")
    ] * 2
    (kept,) = stored(SheetSubmission)
    (sheet,) = stored(Sheet)
    assert (sheet.receipt_no, sheet.digest) == (kept.receipt_no, kept.digest)
    shown = {text_of(phone.get(answers[0].location)).count(kept.receipt_no) for phone in phones}
    assert min(shown) >= 1
