"""The other side of the pages of a verification: what they refuse, and what they say where nothing can be shown."""

import pytest

from paritrana.cycles.models import Proposal
from paritrana.database import db
from paritrana.files.previews.models import Rendering
from paritrana.nominations import service as nominations
from paritrana.nominations.models import Attachment, Nomination
from paritrana.panels.models import Declaration
from paritrana.verification import queries, service, unseen
from paritrana.verification.models import ChangeRequest, GateFinding
from paritrana.verification.service import Entry
from tests.factories import world
from tests.nominations.pages import SAME_ORIGIN, fields_in, fields_of, filled, send, text_of, villages
from tests.verification.cases import ALL, LATER, declared, judge_all, sent


@pytest.fixture
def here(app, db_session):
    return world(kind="real")


def page_of(client, address, **query):
    answer = client.get(address, query_string={"lang": "en", **query})
    assert answer.status_code == 200
    return text_of(answer)


def token(client, nomination, number=1):
    """What every form of a page carries."""
    fields = fields_of(client, f"/verification/{nomination.ref}", "/sign-out")
    return {"csrf_token": fields["csrf_token"], "idempotency_key": f"some-key-{number}", "version": "0"}


def test_an_organiser_declares_nothing_and_nobody_proposes_on_an_unknown_subject(here, clock, door):
    (nomination,) = sent(here, clock)
    declared(here, nomination, "verifier-1")
    organiser, verifier = door("organiser-1"), door("verifier-1")
    address = f"/verification/{nomination.ref}"
    before = db.session.query(Declaration).count()
    refused = send(organiser, f"{address}/declaration", token(organiser, nomination), conflict="no")
    assert (refused.status_code, db.session.query(Declaration).count()) == (404, before)
    said = {"subject": "indicator", "code": "A3", "answer": "applies", "reason": "No plan is due."}
    assert send(verifier, f"{address}/gates", token(verifier, nomination) | said).status_code == 404
    said |= {"subject": "not_applicable", "answer": ""}
    refused = send(verifier, f"{address}/gates", token(verifier, nomination, 2) | said)
    assert refused.status_code == 422
    assert '<option value="A3" selected>' in text_of(refused)
    assert "No plan is due.</textarea>" in text_of(refused)
    assert db.session.query(GateFinding).count() == 0
    asking = f"{address}/requests/new"
    fields = fields_of(verifier, asking) | {"due-day": "30", "due-month": "3", "due-year": "2026"}
    refused = send(verifier, asking, fields, figure="coverage/pu.participants", question="  ")
    assert refused.status_code == 422
    assert 'value="coverage/pu.participants" checked' in text_of(refused)
    assert db.session.query(ChangeRequest).count() == 0


WORDS = {
    "no_pages": (0, 0, "This file has no pages that can be shown here. Open the original."),
    "locked": (0, 0, "the file asks for a password. Ask the nominee for an open copy."),
    "heavy": (900, 12, "Pages shown here: 12. The others take too long to draw."),
    "long": (1900, 200, "Only the first 200 of 1,900 pages are shown here."),
    "": (3, 3, ""),
}


def test_a_document_without_pictures_of_every_page_says_why(here, clock, door):
    (nomination,) = sent(here, clock)
    declared(here, nomination, "verifier-1")
    blob_id = db.session.query(Attachment.blob_id).filter_by(nomination_id=nomination.id, no=1).scalar()
    row = Rendering(blob_id=blob_id, pages=0, shown=0, problem="no_pages", made_at=here.now)
    db.session.add(row)
    client = door("verifier-1")
    for problem, (pages, shown, said) in WORDS.items():
        row.problem, row.pages, row.shown = problem, pages, shown
        page = page_of(client, f"/verification/{nomination.ref}/items/coverage", doc="1")
        assert [words for _pages, _shown, words in WORDS.values() if words and words in page] == (
            [said] if said else []
        )
        assert "The pages are being drawn." not in page


def test_after_saving_a_page_the_next_page_the_next_item_or_the_whole_is_shown(here, clock, door):
    nomination = filled(here)
    item = next(one for one in nomination.evidence if one.kind == "village_allocation")
    nominations.save_evidence(
        nomination, item.kind, villages(13), note="", explanation_reason="", explanation="", completed=True,
        expected=item.version, actor=here.actor("nominee-1"), at=here.now,
    )  # fmt: skip
    nominations.submit(nomination, actor=here.actor("nominee-1"), at=here.now)
    clock.set(here.now + LATER)
    declared(here, nomination, "verifier-1")
    client, address = door("verifier-1"), f"/verification/{nomination.ref}/items/village_allocation"
    first = send(client, address, fields_of(client, address), same="2")
    assert first.location == f"{address}#row-3"
    onward = send(client, address, fields_of(client, address), then="next")
    assert onward.location == f"{address}?page=2"
    last = len(queries.case_of(nomination).item("village_allocation").rows)
    answer = client.get(f"{address}?page=2")
    typed = fields_in(answer, f"{address}?page=2") | {f"row-{last}-verdict": "matches"}
    second = client.post(f"{address}?page=2", data=typed, headers=SAME_ORIGIN)
    assert (second.status_code, second.location) == (303, f"{address}?page=2")
    judge_all(here, nomination)
    done = send(client, address, fields_of(client, address), then="next")
    assert done.location == f"/verification/{nomination.ref}"
    assert "Every figure has a verdict." in page_of(client, f"/verification/{nomination.ref}")


def test_an_item_whose_figures_are_found_keeps_quiet_while_another_claim_waits(here, clock, door):
    nomination = filled(here)
    said = {code: (None, f"We think {code} is fine.", 0) for code in ("B1", "C1")}
    nominations.assess(nomination, said, actor=here.actor("nominee-1"), at=here.now)
    service.set_claims_wait(here.category, True, actor=here.actor("organiser-1"), at=here.now)
    db.session.commit()
    nominee = door("nominee-1")
    assert "We think C1 is fine." in page_of(nominee, f"/nominations/{nomination.ref}/explanation/C1")
    nominations.submit(nomination, actor=here.actor("nominee-1"), at=here.now)
    clock.set(here.now + LATER)
    declared(here, nomination, "verifier-1")
    entries = [
        Entry(row.figure.key, row.figure.claimed, "matches", 1, "1", "", 0)
        for row in queries.case_of(nomination).item("coverage").rows
    ]
    service.record_findings(
        nomination, "coverage", entries, revision_no=1, actor=here.actor("verifier-1"), at=here.now + LATER
    )
    verifier, address = door("verifier-1"), f"/verification/{nomination.ref}"
    assert "We think C1 is fine." in page_of(verifier, f"{address}/explanation/C1")
    assert "We think B1 is fine." not in page_of(verifier, f"{address}/explanation/B1")
    shown = page_of(verifier, f"{address}/items/coverage")
    assert "40,000" in shown
    checks = queries.case_of(nomination).item("coverage").checks
    assert checks
    assert unseen.veiled(queries.case_of(nomination)).item("coverage").checks == []


def test_the_chair_sends_a_shortlist_back_and_a_withdrawn_nomination_is_named_so(here, clock, door):
    first, second = sent(here, clock, ALL[:2])
    first.state = "verified"
    nominations.withdraw(second, "We leave.", actor=here.actor("nominee-2"), at=here.now + LATER)
    proposal = service.propose_shortlist(
        here.category, [first.ref], {}, "By the values.", actor=here.actor("organiser-1"), at=here.now + LATER
    )
    db.session.commit()
    page, chair = f"/manage/{here.cycle.code}/nominations", door("chair")
    row = page_of(chair, page).partition(second.organisation.name)[2].partition("</tr>")[0]
    assert "Withdrawn" in row
    confirm = f"{page}/kabkota/shortlist/{proposal.ref}"
    fields = fields_of(chair, page, confirm)
    fields = {name: value[-1] if isinstance(value, list) else value for name, value in fields.items()}
    back = send(chair, confirm, fields | {"answer": "refuse", "digest": proposal.digest})
    assert back.status_code == 303, text_of(back)
    assert "The proposal was sent back." in page_of(chair, page)
    db.session.expire_all()
    assert db.session.get(Nomination, first.id).state == "verified"
    assert db.session.query(Proposal).one().state == "withdrawn"
