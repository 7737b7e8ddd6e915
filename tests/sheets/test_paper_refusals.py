"""What the services of paper refuse, what the chair's page shows of an abstention, and how a long paper is laid out."""

from decimal import Decimal

import pypdfium2
import pytest

from paritrana.core.errors import MissingReason, WrongState
from paritrana.core.lifecycle import State
from paritrana.database import db
from paritrana.nominations.models import Nomination
from paritrana.panels.service import declare, recuse
from paritrana.sheets import queries
from paritrana.sheets import service as sheets
from paritrana.sheets.late.service import OwnSheet
from paritrana.sheets.models import Mark, Sheet
from paritrana.sheets.paper import service
from paritrana.sheets.paper.drawing import Bundle, Row, SheetPaper, Words, draw
from paritrana.sheets.paper.models import PaperDecision, PaperEntry, PaperLeaf
from paritrana.sheets.paper.queries import papers_of_day
from paritrana.sheets.paper.service import Reading
from tests.factories import world
from tests.interviews.stages import held, planned, shortlisted
from tests.nominations.pages import SAME_ORIGIN, text_of
from tests.sheets.desks import excuse, token_of
from tests.verification.cases import LATER


@pytest.fixture
def here(app, db_session):
    return world()


@pytest.fixture
def slot(here, clock):
    first, *_others = planned(here, shortlisted(here, clock))
    held(here, first)
    return first


@pytest.fixture
def candidate(here, slot):
    for name in ("assessor-3", "chair"):
        declare(slot.nomination, False, "", actor=here.actor(name), at=here.now + LATER)
    db.session.commit()
    return slot.nomination


def enter(here, slot, who, name="assessor-3", expected=0, **figures):
    """Type a paper as `who`; a text is the reason of an abstention."""
    paper = next(one for one in papers_of_day(slot.day) if one.slot is slot and one.assessor is here.accounts[name])
    readings = {
        code: Reading(abstain_note=said) if isinstance(said, str) else Reading(Decimal(said))
        for code, said in figures.items()
    }
    outcome = service.enter(
        paper, readings, signed=False, scan=None, expected=expected, actor=here.actor(who), at=here.now + LATER
    )
    db.session.commit()
    return outcome


def twice(here, slot, first, second, name="assessor-3"):
    """Two people type a paper; gives what went to the chair."""
    enter(here, slot, "organiser-1", name, **first)
    enter(here, slot, "organiser-2", name, 1, **second)
    return db.session.query(PaperLeaf).order_by(PaperLeaf.id.desc()).first()


def decide(here, leaf, chosen="first", reason="It is a 7.", *, expected=0):
    return service.decide(leaf, chosen, reason, expected=expected, actor=here.actor("chair"), at=here.now + LATER)


def to(here, state):
    here.category.state = int(state)
    db.session.commit()


def stored():
    db.session.rollback()
    return db.session.query(PaperDecision).count(), db.session.query(Mark).count()


# The services ---------------------------------------------------------------------------------------------------------


def test_nothing_is_decided_without_a_reason_a_reading_or_a_mark_that_could_stay(here, slot, candidate):
    leaf = twice(here, slot, {"A1": 7}, {"A1": 1})
    own = twice(here, slot, {"A1": 7}, {"A1": 1}, "chair")
    for chosen, reason, refusal in (
        ("first", " ", MissingReason), ("both", "x", service.NoSuchReading), ("kept", "x", service.NoSuchReading),
    ):  # fmt: skip
        with pytest.raises(refusal):
            decide(here, leaf, chosen, reason)
    with pytest.raises(OwnSheet):
        decide(here, own)
    assert stored() == (0, 0)


def test_nothing_is_decided_of_a_candidate_that_left_or_after_the_scoring(here, slot, candidate):
    leaf = twice(here, slot, {"A1": 7}, {"A1": 1})
    to(here, State.PLENARY)
    with pytest.raises(WrongState):
        decide(here, leaf)
    to(here, State.INTERVIEW)
    db.session.get_one(Nomination, candidate.id).state = "withdrawn"
    db.session.commit()
    with pytest.raises(sheets.CandidateWithdrawn):
        decide(here, leaf)
    db.session.get_one(Nomination, candidate.id).state = "interviewed"
    recuse(candidate, "Kin.", actor=here.actor("assessor-3"), at=here.now + LATER)
    db.session.commit()
    with pytest.raises(sheets.SheetClosed):
        decide(here, leaf)
    assert stored() == (0, 0)


def test_a_mark_that_moved_is_not_kept_unseen_and_nothing_is_decided_twice(here, slot, candidate):
    assessor, at = here.actor("assessor-3"), here.now + LATER
    sheet = sheets.open_sheet(candidate, actor=assessor, at=at)
    sheets.save_mark(sheet, "A1", Decimal(3), expected=0, actor=assessor, at=at)
    leaf = twice(here, slot, {"A1": 7}, {"A1": 7})
    assert leaf.cause == "device"
    sheets.save_mark(sheet, "A1", Decimal(4), expected=1, actor=assessor, at=at)
    db.session.commit()
    with pytest.raises(sheets.MarkMoved) as refusal:
        decide(here, leaf, "kept", expected=1)
    assert (refusal.value.mark.value, refusal.value.mark.version) == (4, 2)
    assert stored() == (0, 1)
    decide(here, leaf, "kept", expected=2)
    db.session.commit()
    with pytest.raises(service.LeafDecided):
        decide(here, leaf, "first", expected=2)
    assert stored() == (1, 1)
    assert queries.mark_of(queries.get_sheet(sheet.ref), "A1").value == 4


def test_no_paper_is_entered_once_the_scoring_is_over(here, slot, candidate):
    to(here, State.PLENARY)
    with pytest.raises(WrongState):
        enter(here, slot, "organiser-1", A1=7)
    db.session.rollback()
    assert db.session.query(PaperEntry).count() == db.session.query(Sheet).count() == 0


def test_two_readings_of_what_does_not_apply_by_then_are_neither_taken_nor_asked_about(here, slot, candidate):
    enter(here, slot, "organiser-1", A1=7, A2=8)
    excuse(here, candidate)
    outcome = enter(here, slot, "organiser-2", expected=1, A2=8)
    assert (outcome.applied, outcome.waiting) == (1, 0)
    assert db.session.query(PaperLeaf).count() == 0
    assert [one.indicator for one in db.session.query(Mark)] == ["A2"]


# The pages ------------------------------------------------------------------------------------------------------------


def test_the_chair_reads_the_reason_of_an_abstention_and_decides_at_the_address_of_the_cycle(
    here, slot, candidate, door
):
    leaf = twice(here, slot, {"A1": "Kin of the head."}, {"A1": 7})
    chair = door("chair")
    page = text_of(chair.get("/manage/contoh-2025/paper", query_string={"lang": "en"}))
    assert "Abstained: Kin of the head." in page
    data = {"csrf_token": token_of(chair), "idempotency_key": "decide-paper-01", "chosen": "first", "reason": "Read.",
            "version": "0"}  # fmt: skip
    assert chair.get(f"/manage/lain-2025/paper/{leaf.ref}/scans/1").status_code == 404
    for cycle, status in (("lain-2025", 404), ("contoh-2025", 303)):
        answer = chair.post(f"/manage/{cycle}/paper/{leaf.ref}", data=data, headers=SAME_ORIGIN)
        assert answer.status_code == status, cycle
    db.session.rollback()
    assert [(one.reason, one.abstain_note) for one in db.session.query(Mark)] == [("abstained", "Kin of the head.")]


def test_of_a_candidate_that_withdrew_nothing_is_printed(here, slot, candidate, door):
    client, address = door("organiser-1"), f"/interviews/{slot.day.code}/slots/{slot.no}/paper.pdf"
    assert client.get(address).mimetype == "application/pdf"
    db.session.get_one(Nomination, candidate.id).state = "withdrawn"
    db.session.commit()
    assert client.get(address).status_code == 404


# On paper -------------------------------------------------------------------------------------------------------------


def papers_with(number, *, band="", excused=""):
    """The text of each page of a paper with so many indicators."""
    rows = [
        Row(f"A{no}", f"Indicator {no}", "0.00-10.00", "Short words.", excused if no == 1 else "")
        for no in range(1, number + 1)
    ]
    paper = SheetPaper(
        title="Sheet", heading="Award", facts=[("Candidate", "Contoh")], how=["Write."], rows=rows, signer="Assessor 3",
        ref="W-1111-1111", foot=["Foot."], address="http://localhost/x", band=band,
    )  # fmt: skip
    words = Words("TB", "Reason of TB", "Note", "Signature of the assessor", "Place", "Page {} of {}")
    content = draw(Bundle("T", "S", "O", "en", words, [paper]))
    document = pypdfium2.PdfDocument(content)
    return [page.get_textpage().get_text_range() for page in document]


def test_the_signature_stands_once_below_the_last_indicator_or_on_a_page_of_its_own():
    own_page = 0
    for number in range(1, 14):
        pages = papers_with(number)
        signed = ["Signature of the assessor" in text for text in pages]
        assert signed == [False] * (len(pages) - 1) + [True]
        assert sum(text.count("Reason of TB") for text in pages) == number
        assert all(f"Page {no} of {len(pages)}" in text for no, text in enumerate(pages, start=1))
        own_page += "Reason of TB" not in pages[-1]
    assert own_page > 0


def test_an_excused_indicator_has_its_reason_and_nothing_to_write_in_and_the_band_stands_on_every_page():
    pages = papers_with(12, band="REHEARSAL", excused="Not applicable: no such office")
    whole = "".join(pages)
    assert len(pages) > 1
    assert whole.count("Not applicable: no such office") == 1
    assert whole.count("Reason of TB") == 11
    assert whole.count("Short words.") == 11
    assert all("REHEARSAL" in text for text in pages)
    assert "REHEARSAL" not in "".join(papers_with(2))
