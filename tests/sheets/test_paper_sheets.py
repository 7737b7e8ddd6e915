"""Score sheets on paper: printed, entered by two people who do not see each other's figures, decided by the chair."""

import io
import re
from decimal import Decimal

import pypdfium2
import pytest
import segno

from paritrana.accounts.models import Account
from paritrana.audit.models import Event
from paritrana.core.lifecycle import State
from paritrana.database import db, random_ref
from paritrana.interviews.queries import session_of
from paritrana.nominations.models import Nomination
from paritrana.panels.service import declare, recuse, unseat
from paritrana.paper import MM, QUIET
from paritrana.sheets import queries, service
from paritrana.sheets.invariants import CHECKS
from paritrana.sheets.late.models import SheetSubmission
from paritrana.sheets.models import Mark, MarkRevision, Sheet
from paritrana.sheets.paper.drawing import MARGIN, QR_SIDE
from paritrana.sheets.paper.models import PaperDecision, PaperEntry, PaperLeaf
from paritrana.sheets.paper.queries import paper_ref
from tests.factories import NOW, grant, hashed_password, world
from tests.interviews.stages import held, planned, shortlisted
from tests.nominations.pages import SAME_ORIGIN, fields_of, paper, text_of
from tests.sheets.desks import DESK, INTERVIEW, marked, opened, put, submitted, token_of
from tests.verification.cases import LATER

DAY = "/interviews/contoh-2025-1/paper"
CODES = DESK + INTERVIEW
FIGURES = dict(zip(CODES, ("7,5", "8.25", "9", "0", "6,75", "5", "10"), strict=True))


@pytest.fixture
def here(app, db_session):
    return world()


@pytest.fixture
def candidates(here, clock):
    made = shortlisted(here, clock)
    for session in planned(here, made):
        held(here, session)
    return made


@pytest.fixture
def candidate(here, candidates):
    declare(candidates[0], False, "", actor=here.actor("assessor-3"), at=here.now + LATER)
    db.session.commit()
    return candidates[0]


@pytest.fixture
def door(door):
    return lambda name="organiser-1": door(name)


def stored(model):
    db.session.rollback()
    return db.session.query(model).order_by(model.id).all()


def address_of(here, candidate, name="assessor-3"):
    return f"{DAY}/{paper_ref(candidate.ref, here.accounts[name].ref, 1)}"


def enter(client, address, figures=FIGURES, *, signed="yes", scan=None, version=None, **more):
    """Type a paper as its form is; «TB: reason» is an abstention."""
    fields = dict(fields_of(client, address, address))
    for code, text in figures.items():
        value, _colon, reason = text.partition(": ")
        fields |= {f"value_{code}": value, f"note_{code}": reason}
    fields |= {"signed": signed, **more}
    if version is not None:
        fields["version"] = version
    if scan is not None:
        fields["scan"] = (io.BytesIO(scan[1]), scan[0])
    return client.post(
        address, data=fields, headers=SAME_ORIGIN, query_string={"lang": "en"}, content_type="multipart/form-data"
    )


def decide(client, leaf, chosen="first", reason="The digit on the paper is a 7.", version=None):
    page = "/manage/contoh-2025/paper"
    data = {"csrf_token": token_of(client), "idempotency_key": f"decide-{chosen}-{leaf.ref}", "chosen": chosen,
            "reason": reason, "version": version if version is not None else version_of(leaf)}  # fmt: skip
    return client.post(f"{page}/{leaf.ref}", data=data, headers=SAME_ORIGIN, query_string={"lang": "en"})


def version_of(leaf):
    db.session.rollback()
    mark = db.session.query(Mark).filter_by(sheet_id=leaf.sheet_id, indicator=leaf.indicator).one_or_none()
    return mark.version if mark is not None else 0


def said():
    return {one.indicator: one.value for one in stored(Mark)}


def whole():
    """The rules of the room that are broken."""
    db.session.rollback()
    return [broken for check in CHECKS for broken in check.look()]


def text_in(content):
    document = pypdfium2.PdfDocument(content)
    return [page.get_textpage().get_text_range() for page in document]


def test_two_equal_entries_with_signature_and_scan_become_the_submitted_sheet(here, candidate, door):
    address = address_of(here, candidate)
    first = enter(door("organiser-1"), address, scan=("lembar.pdf", paper()))
    assert first.status_code == 303
    assert said() == {}
    second = door("organiser-2")
    answer = enter(second, address)
    assert answer.status_code == 303
    page = text_of(second.get(answer.location, query_string={"lang": "en"}))
    assert "Both entries are in. Marks applied: 7. The paper is signed and scanned" in page
    assert said() == {code: Decimal(text.replace(",", ".")) for code, text in FIGURES.items()}
    (sheet,) = stored(Sheet)
    assert (sheet.assessor_id, sheet.submitted_at is not None) == (here.accounts["assessor-3"].id, True)
    assert {one.source for one in stored(MarkRevision)} == {"paper"}
    assert [(one.source, one.submitted_by) for one in stored(SheetSubmission)] == [
        ("paper", here.accounts["organiser-2"].id)
    ]
    assert whole() == []
    assessor = door("assessor-3")
    receipt = assessor.get(f"/assessments/{candidate.ref}/sheet/receipt", query_string={"lang": "en"})
    assert "on paper, signed and entered by two people" in text_of(receipt)
    signed = assessor.get(f"/assessments/{candidate.ref}/sheet/receipt.json")
    assert signed.get_json()["source"] == "paper"
    session = session_of(candidate)
    minutes = second.get(f"/interviews/{session.day.code}/minutes.pdf", query_string={"lang": "en"})
    assert re.search(r"Entered from paper\s+1 sheet\b", " ".join(text_in(minutes.data)))


def test_every_step_is_an_event_with_the_whole_entry(here, candidate, door):
    address = address_of(here, candidate)
    enter(door("organiser-1"), address, {"A1": "7,5", "A2": "TB: Kerabat"}, signed="no")
    enter(door("organiser-2"), address, {"A1": "7", "A2": "TB: kerabat."}, signed="no")
    decide(door("chair"), stored(PaperLeaf)[0])
    kinds = [one.kind for one in db.session.query(Event).order_by(Event.stream, Event.seq)]
    for kind in ("paper.entered", "paper.leaf_waits", "paper.leaf_decided", "mark.saved", "sheet.opened"):
        assert kind in kinds, kind
    assert kinds.count("paper.entered") == 2
    assert stored(PaperEntry)[0].leaves == [
        {"indicator": "A1", "value": "7.5"}, {"indicator": "A2", "abstain_note": "Kerabat"},
    ]  # fmt: skip
    assert whole() == []


@pytest.mark.parametrize(("signed", "scan"), [("no", ("lembar.pdf", paper())), ("yes", None)])
def test_without_a_signature_or_a_scan_the_assessor_submits(here, candidate, door, signed, scan):
    address = address_of(here, candidate)
    enter(door("organiser-1"), address, signed=signed, scan=scan)
    enter(door("organiser-2"), address, signed="yes")
    (sheet,) = stored(Sheet)
    assert (len(stored(Mark)), sheet.submitted_at) == (7, None)
    page = f"/assessments/{candidate.ref}/sheet/check"
    assessor = door("assessor-3")
    assert "from your paper, as two people read it" in text_of(
        assessor.get(f"/assessments/{candidate.ref}/sheet", query_string={"lang": "en"})
    )
    answer = assessor.post(page, data={**dict(fields_of(assessor, page, page)), "statement": "y"}, headers=SAME_ORIGIN)
    assert answer.status_code == 303
    assert [one.source for one in stored(SheetSubmission)] == [None]
    assert whole() == []


def test_what_is_left_empty_is_not_scored_and_stays_for_the_assessor(here, candidate, door):
    address = address_of(here, candidate)
    figures = {"A1": "0", "A2": ""}
    enter(door("organiser-1"), address, figures, scan=("lembar.pdf", paper()))
    enter(door("organiser-2"), address, figures)
    assert said() == {"A1": 0}
    assert stored(Sheet)[0].submitted_at is None


def test_a_mismatch_goes_to_the_chair_who_sees_both_and_the_scan(here, candidate, door):
    address = address_of(here, candidate)
    enter(door("organiser-1"), address, scan=("lembar.pdf", paper(b"scan")))
    enter(door("organiser-2"), address, {**FIGURES, "A1": "1,5"})
    assert "A1" not in said()
    assert stored(Sheet)[0].submitted_at is None
    (leaf,) = stored(PaperLeaf)
    assert (leaf.indicator, leaf.cause) == ("A1", "entries")
    chair = door("chair")
    page = text_of(chair.get("/manage/contoh-2025/paper", query_string={"lang": "en"}))
    for part in ("7.50", "1.50", "Organiser 1", "Organiser 2", "lembar.pdf", candidate.organisation.name):
        assert part in page, part
    assert "Decide about figures from paper: 1" in text_of(chair.get("/home", query_string={"lang": "en"}))
    with chair.get(f"/manage/contoh-2025/paper/{leaf.ref}/scans/1") as scan:
        assert (scan.status_code, scan.data) == (200, paper(b"scan"))
    assert chair.get(f"/manage/contoh-2025/paper/{leaf.ref}/scans/2").status_code == 404
    assert decide(chair, leaf, reason="").status_code == 422
    assert decide(chair, leaf, chosen="kept").status_code == 422  # there is no mark that could stay
    assert decide(chair, leaf).status_code == 303
    assert said()["A1"] == Decimal("7.5")
    assert stored(Sheet)[0].submitted_at is not None
    assert stored(PaperDecision)[0].reason == "The digit on the paper is a 7."
    assert decide(chair, leaf, chosen="second").status_code in {404, 409}
    assert said()["A1"] == Decimal("7.5")
    assert whole() == []


def test_a_reading_of_nothing_that_the_chair_chooses_leaves_the_indicator_to_the_assessor(here, candidate, door):
    address = address_of(here, candidate)
    enter(door("organiser-1"), address, {"A1": "7"})
    enter(door("organiser-2"), address, {})
    assert decide(door("chair"), stored(PaperLeaf)[0], chosen="second").status_code == 303
    assert said() == {}
    assert whole() == []


def test_a_mark_from_the_device_is_not_overwritten_and_the_chair_decides(here, candidate, door):
    sheet = opened(here, candidate)
    put(door("assessor-3"), sheet, "A1", "3,00")
    put(door("assessor-3"), sheet, "A2", "8,25", key="a-second-key")
    address = address_of(here, candidate)
    enter(door("organiser-1"), address, scan=("lembar.pdf", paper()))
    enter(door("organiser-2"), address)
    assert said()["A1"] == 3
    (leaf,) = stored(PaperLeaf)
    assert (leaf.indicator, leaf.cause) == ("A1", "device")
    assert {one.indicator: one.source for one in stored(Mark)}["A2"] is None  # the same on both: nothing to write
    put(door("assessor-3"), sheet, "A1", "4,00", version=1, key="a-third-key")
    chair = door("chair")
    moved = decide(chair, leaf, version=1)
    assert moved.status_code == 409
    assert said()["A1"] == 4
    assert decide(chair, leaf, chosen="kept", version=2).status_code == 303
    assert said()["A1"] == 4
    assert stored(Sheet)[0].submitted_at is None  # the signature is not under this figure
    assert whole() == []


def test_the_chair_may_take_the_paper_instead_of_the_device(here, candidate, door):
    sheet = opened(here, candidate)
    put(door("assessor-3"), sheet, "A1", "3,00")
    address = address_of(here, candidate)
    enter(door("organiser-1"), address, scan=("lembar.pdf", paper()))
    enter(door("organiser-2"), address)
    assert decide(door("chair"), stored(PaperLeaf)[0]).status_code == 303
    mark = next(one for one in stored(Mark) if one.indicator == "A1")
    assert (mark.value, mark.version, mark.source) == (Decimal("7.5"), 2, "paper")
    assert stored(Sheet)[0].submitted_at is not None
    assert whole() == []


def test_the_second_person_sees_no_figure_of_the_first(here, candidate, door):
    address = address_of(here, candidate)
    figures = {"A1": "3,14", "A2": "TB: Zebra-Quagga"}
    second = door("organiser-2")
    before = text_of(second.get(address, query_string={"lang": "en"}))
    enter(door("organiser-1"), address, figures, scan=("lembar.pdf", paper()))
    for page in (address, DAY):
        seen = text_of(second.get(page, query_string={"lang": "en"}))
        assert not re.search(r"3[.,]14|Zebra", seen), page
    seen = text_of(second.get(address, query_string={"lang": "en"}))
    inputs = re.compile(r'<input[^>]*name="(?:value|note)_[^>]*>|<input[^>]*name="signed"[^>]*>')
    assert inputs.findall(seen) == inputs.findall(before)
    refused = text_of(enter(second, address, {"A1": "99"}))
    assert not re.search(r"3[.,]14|Zebra", refused)
    enter(second, address, {"A1": "5", "A2": ""})
    assert not re.search(r"3[.,]14|Zebra", text_of(second.get(address, query_string={"lang": "en"})))


def test_the_same_person_enters_once_whatever_account_is_used(here, candidate, door):
    address = address_of(here, candidate)
    client = door("organiser-1")
    key = {"idempotency_key": "the-paper-of-the-morning"}
    assert enter(client, address, **key).status_code == 303
    page = text_of(client.get(address, query_string={"lang": "en"}))
    assert "Another person enters it again." in page
    assert 'name="value_A1"' not in page
    again = {"csrf_token": token_of(client), "version": "1", "idempotency_key": "another-key-0001", "signed": "yes"}
    answer = client.post(address, data=again, headers=SAME_ORIGIN, query_string={"lang": "en"})
    assert answer.status_code == 409
    assert "You entered this paper the first time." in text_of(answer)
    twin = Account(
        ref=random_ref("U"), person_id=here.accounts["organiser-1"].person_id, email="twin@contoh.test", name="Twin",
        position="", password=hashed_password(), fs_uniquifier=random_ref("F", 8), created_at=NOW,
    )  # fmt: skip
    db.session.add(twin)
    db.session.flush()
    grant(twin, "organiser", cycle=here.cycle)
    db.session.commit()
    other = door("twin")
    again |= {"csrf_token": token_of(other), "idempotency_key": "another-key-0002"}
    answer = other.post(address, data=again, headers=SAME_ORIGIN, query_string={"lang": "en"})
    assert answer.status_code == 409
    assert len(stored(PaperEntry)) == 1
    assert said() == {}


def test_two_who_enter_at_once_are_first_and_second(here, candidate, door):
    address = address_of(here, candidate)
    late = door("organiser-2")
    fields = dict(fields_of(late, address, address))
    enter(door("organiser-1"), address)
    typed = {f"value_{code}": value for code, value in FIGURES.items()} | {"signed": "no"}
    answer = late.post(address, data={**fields, **typed}, headers=SAME_ORIGIN, query_string={"lang": "en"})
    assert answer.status_code == 409
    page = text_of(answer)
    assert "it is the second entry" in page
    assert 'value="8.25"' in page  # what was typed stays in the form
    assert enter(late, address).status_code == 303
    assert len(stored(Mark)) == 7


def test_a_third_entry_and_a_repeat_change_nothing(here, candidate, door):
    address = address_of(here, candidate)
    client = door("organiser-1")
    fields = dict(fields_of(client, address, address)) | {"signed": "no", "value_A1": "7"}
    for _press in range(2):
        assert client.post(address, data=fields, headers=SAME_ORIGIN).status_code == 303
    assert len(stored(PaperEntry)) == 1
    enter(door("organiser-2"), address, {"A1": "7"})
    third = client.post(address, data={**fields, "idempotency_key": "a-new-key-000", "version": "2"},
                        headers=SAME_ORIGIN, query_string={"lang": "en"})  # fmt: skip
    assert third.status_code == 409
    assert "Two people have entered this paper already." in text_of(third)
    assert (len(stored(PaperEntry)), said()) == (2, {"A1": 7})


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ("10,5", "between 0"), ("-1", ""), ("7,123", ""), ("sembilan", ""), ("TB", "Write the reason"),
        ("7: Kerabat", "A reason belongs to TB"),
    ],
)  # fmt: skip
def test_what_no_paper_can_say_is_refused_and_kept_in_the_form(here, candidate, door, typed, words):
    answer = enter(door(), address_of(here, candidate), {"A1": typed})
    assert answer.status_code == 422
    page = text_of(answer)
    assert "There is a problem" in page
    assert words in page
    assert f'value="{typed.partition(": ")[0]}"' in page
    assert stored(PaperEntry) == stored(Sheet) == []


def test_a_figure_between_the_steps_is_refused(here, candidate, door):
    here.category.rubric.scale_step = here.category.rubric.scale_step * 25
    db.session.commit()
    answer = enter(door(), address_of(here, candidate), {"A1": "7,13"})
    assert answer.status_code == 422
    assert stored(PaperEntry) == []


def test_a_figure_above_what_the_presenter_allows_is_refused(here, clock, door):
    made = shortlisted(here, clock)
    held(here, planned(here, made)[0], "wakil")
    declare(made[0], False, "", actor=here.actor("assessor-3"), at=here.now + LATER)
    db.session.commit()
    answer = enter(door(), address_of(here, made[0]), {**FIGURES, "E1": "9"})
    assert answer.status_code == 422
    assert "between 0 and 8" in text_of(answer)
    assert stored(PaperEntry) == []


def test_an_interview_indicator_waits_for_the_session(here, clock, door):
    made = shortlisted(here, clock)
    planned(here, made)
    declare(made[0], False, "", actor=here.actor("assessor-3"), at=here.now + LATER)
    db.session.commit()
    answer = enter(door(), address_of(here, made[0]))
    assert answer.status_code == 422
    assert "once the interview of this candidate has begun" in text_of(answer)
    assert stored(PaperEntry) == stored(Sheet) == []


def refused(client, address, version="0"):
    fields = {"csrf_token": token_of(client), "version": version, "idempotency_key": random_ref("K", 4),
              "signed": "no", "value_A1": "7"}  # fmt: skip
    return client.post(address, data=fields, headers=SAME_ORIGIN, query_string={"lang": "en"})


def test_an_assessor_who_steps_back_between_the_entries_has_no_second_one(here, candidate, door):
    address = address_of(here, candidate)
    enter(door("organiser-1"), address)
    recuse(candidate, "Kerabat.", actor=here.actor("assessor-3"), at=here.now + LATER)
    service.withdraw_sheet(candidate, actor=here.actor("assessor-3"), at=here.now + LATER)
    db.session.commit()
    answer = refused(door("organiser-2"), address, "1")
    assert answer.status_code == 409
    assert "does not score this candidate any more" in text_of(answer)
    indonesian = door("organiser-2").get(address, query_string={"lang": "id"})
    assert "tidak lagi menilai kandidat ini" in text_of(indonesian)
    assert (len(stored(PaperEntry)), said()) == (1, {})
    assert whole() == []


def test_an_assessor_without_a_seat_by_now_has_no_second_entry_and_no_decision(here, candidates, candidate, door):
    address = address_of(here, candidate)
    enter(door("organiser-1"), address)
    declare(candidates[1], False, "", actor=here.actor("assessor-3"), at=here.now + LATER)
    db.session.commit()
    enter(door("organiser-1"), address_of(here, candidates[1]), {"A1": "7"})
    enter(door("organiser-2"), address_of(here, candidates[1]), {"A1": "8"})
    seat = next(one for one in queries.seats_in(here.category) if one.account_id == here.accounts["assessor-3"].id)
    unseat(seat, "Sakit.", expected=seat.version, actor=here.actor("organiser-1"), at=here.now + LATER, confirmed=True)
    db.session.commit()
    assert refused(door("organiser-2"), address, "1").status_code == 409
    answer = decide(door("chair"), stored(PaperLeaf)[0])
    assert answer.status_code == 409
    assert "does not score this candidate any more" in text_of(answer)
    assert (len(stored(PaperEntry)), said()) == (3, {})
    assert whole() == []


def test_a_withdrawn_candidate_a_locked_sheet_and_a_missing_declaration_are_said(here, candidates, candidate, door):
    organiser = door("organiser-1")
    undeclared = refused(organiser, address_of(here, candidate, "assessor-5"))
    assert undeclared.status_code == 409
    assert "has not yet declared" in text_of(undeclared)
    submitted(here, candidates[1], "assessor-5")
    locked = refused(organiser, address_of(here, candidates[1], "assessor-5"))
    assert locked.status_code == 409
    assert "submitted and locked" in text_of(locked)
    enter(organiser, address_of(here, candidate))
    db.session.get_one(Nomination, candidate.id).state = "withdrawn"
    db.session.commit()
    gone = refused(door("organiser-2"), address_of(here, candidate), "1")
    assert gone.status_code == 409
    assert "This candidate has withdrawn." in text_of(gone)
    assert len(stored(PaperEntry)) == 1


def test_after_the_scoring_nothing_is_entered_or_decided_and_the_entries_stay(here, candidate, door):
    address = address_of(here, candidate)
    enter(door("organiser-1"), address)
    enter(door("organiser-2"), address, {**FIGURES, "A1": "1"})
    here.category.state = int(State.PLENARY)
    db.session.commit()
    assert refused(door("organiser-2"), address).status_code == 409
    (leaf,) = stored(PaperLeaf)
    assert decide(door("chair"), leaf).status_code == 409
    assert len(stored(PaperEntry)) == 2
    assert stored(PaperDecision) == []


def test_who_may_not_gets_neither_page_nor_paper_nor_scan(here, candidate, door):
    address = address_of(here, candidate)
    enter(door("organiser-1"), address, scan=("lembar.png", PNG))
    with door("organiser-2").get(f"{address}/scans/1") as scan:
        assert scan.data == PNG
    for name in ("assessor-3", "assessor-4", "nominee-1", "verifier-1", "auditor"):
        client = door(name)
        for page in (DAY, f"{DAY}.pdf", address, f"{address}/sheet.pdf", f"{address}/scans/1"):
            assert client.get(page).status_code in {403, 404}, (name, page)


def test_a_chair_in_conflict_meets_nothing_and_the_own_sheet_is_for_nobody_else(here, candidate, door):
    address = address_of(here, candidate)
    enter(door("organiser-1"), address, {"A1": "7"})
    enter(door("organiser-2"), address, {"A1": "8"})
    declare(candidate, False, "", actor=here.actor("chair"), at=here.now + LATER)
    db.session.commit()
    own = address_of(here, candidate, "chair")
    enter(door("organiser-1"), own, {"A1": "7"})
    enter(door("organiser-2"), own, {"A1": "8"})
    leaf, of_chair = stored(PaperLeaf)
    chair = door("chair")
    page = text_of(chair.get("/manage/contoh-2025/paper", query_string={"lang": "en"}))
    assert "This is your own sheet" in page
    assert decide(chair, of_chair).status_code == 403
    recuse(candidate, "Kerabat.", actor=here.actor("chair"), at=here.now + LATER)
    db.session.commit()
    assert candidate.organisation.name not in text_of(chair.get("/manage/contoh-2025/paper"))
    assert decide(chair, leaf).status_code == 404
    deputy = door("deputy")
    assert decide(deputy, leaf).status_code == 303  # chair while the chair is in conflict
    assert whole() == []


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [("lembar.docx", b"PK", "choose a PDF, JPG or PNG"), ("lembar.pdf", b"not a pdf", ""), ("lembar.pdf", b"", "")],
)
def test_a_scan_that_is_none_is_refused_and_the_figures_stay(here, candidate, door, name, content, words):
    answer = enter(door(), address_of(here, candidate), scan=(name, content))
    assert answer.status_code >= 400
    page = text_of(answer)
    assert words in page
    assert 'value="8.25"' in page
    assert stored(PaperEntry) == []


def test_the_prints_name_everybody_who_scores_and_nobody_in_conflict(here, candidates, candidate, door):
    recuse(candidate, "Kerabat.", actor=here.actor("assessor-4"), at=here.now + LATER)
    marked(here, opened(here, candidates[1], "assessor-5"), "assessor-5")
    client = door()
    answer = client.get(f"{DAY}.pdf", query_string={"lang": "en"})
    assert (answer.status_code, answer.mimetype) == (200, "application/pdf")
    assert answer.data == client.get(f"{DAY}.pdf", query_string={"lang": "en"}).data
    papers = text_in(answer.data)
    for place, one in enumerate(candidates):
        for name in ("chair", "deputy", *(f"assessor-{no}" for no in range(3, 10))):
            ref = paper_ref(one.ref, here.accounts[name].ref, 1)
            mine = [text for text in papers if ref in text]
            if (place, name) == (0, "assessor-4"):
                assert mine == []
                assert client.get(f"{DAY}/{ref}/sheet.pdf").status_code == 404
                continue
            assert one.organisation.name in mine[0]
            assert here.accounts[name].name in mine[0]
            assert all(f"{code}  " in " ".join(mine) or f"{code} " in " ".join(mine) for code in CODES)
            assert here.category.rubric.digest[:12] in mine[0]
    assert not any("7.50 " in text and "Saved" in text for text in papers)
    slot = text_in(client.get("/interviews/contoh-2025-1/slots/1/paper.pdf").data)
    assert {text for text in slot if candidates[1].ref in text} == set()
    single = text_in(client.get(f"{address_of(here, candidate)}/sheet.pdf").data)
    assert paper_ref(candidate.ref, here.accounts["assessor-3"].ref, 1) in single[0]


def test_saved_marks_are_not_printed(here, candidates, door):
    client = door()
    before = client.get(f"{DAY}.pdf").data
    marked(here, opened(here, candidates[0]))
    assert client.get(f"{DAY}.pdf").data == before


def test_the_code_of_a_paper_leads_to_its_page(app, here, candidate, door):
    content = door().get(f"{address_of(here, candidate)}/sheet.pdf").data
    page = pypdfium2.PdfDocument(content)[0]
    scale = 6
    picture = page.render(scale=scale, grayscale=True).to_numpy()
    address = app.extensions["settings"].base_url + address_of(here, candidate)
    matrix = [bytes(row) for row in segno.make(address, error="m", micro=False).matrix]
    unit = QR_SIDE / (len(matrix) + 2 * QUIET)
    left, top = page.get_width() - MARGIN - QR_SIDE, page.get_height() - (MARGIN - 4 * MM) - QR_SIDE

    def dark(row, column):
        y, x = ((start + (place + QUIET + 0.5) * unit) * scale for start, place in ((top, row), (left, column)))
        return picture[int(y), int(x)].item() < 128

    assert [[dark(row, column) for column in range(len(matrix))] for row in range(len(matrix))] == [
        [bool(module) for module in row] for row in matrix
    ]


def test_the_list_takes_the_same_statements_however_much_is_entered(here, candidates, candidate, door, statements):
    client = door()
    client.get(DAY)
    with statements() as few:
        assert client.get(DAY).status_code == 200
    enter(client, address_of(here, candidate), {"A1": "7"})
    enter(door("organiser-2"), address_of(here, candidate), {"A1": "8"})
    submitted(here, candidates[1], "assessor-5")
    client.get(DAY)
    with statements() as many:
        page = text_of(client.get(DAY, query_string={"lang": "en"}))
    assert len(many) == len(few) <= 24
    for part in ("The chair decides: 1", "Sheet submitted", "No declaration yet"):
        assert part in page, part


PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010806000000" "1f15c4890000000d49444154789c6360606060000000050001"
    "a5f645400000000049454e44ae426082"
)  # fmt: skip
