"""Pages of a nomination asked at the wrong moment, for what does not fit together, or about one that ended."""

from contextlib import closing

import pytest
from pypdfium2 import PdfDocument

from paritrana.database import db
from paritrana.nominations import queries, service
from paritrana.nominations.models import FileDeclaration, Nomination
from paritrana.nominations.service.sending import send as send_as_it_is
from tests.factories import grant, sign_in, world
from tests.nominations.pages import blob_of, draft, fields_of, filled, send, text_of, villages
from tests.nominations.test_copying import earlier
from tests.nominations.test_uploads import Sender


@pytest.fixture
def here(app, db_session):
    return world(categories=("kabkota", "badan-usaha"))


@pytest.fixture
def nominee(client, here):
    sign_in(client, "nominee-1")
    return client


def test_an_organisation_of_another_category_is_refused_at_its_field(nominee, here):
    grant(here.accounts["nominee-1"], "nominee", organisation=here.organisations["employer"])
    db.session.commit()
    fields = fields_of(nominee, "/nominations/new")
    mine = here.organisations["regency-1"].ref
    answer = send(nominee, "/nominations/new", fields, category="contoh-2025/badan-usaha", organisation=mine)
    assert answer.status_code == 422
    assert "This organisation does not belong in this category. Choose another." in text_of(answer)
    assert db.session.query(Nomination).count() == 0


def test_a_copy_that_is_asked_for_after_the_sending_is_refused(nominee, here):
    earlier(here, whole=False)
    nomination = draft(here)
    page = f"/nominations/{nomination.ref}/copy"
    fields = fields_of(nominee, page, page)
    send_as_it_is(nomination, actor=here.actor("nominee-1"), at=here.now)
    db.session.commit()
    answer = send(nominee, page, fields)
    assert (answer.status_code, "already sent" in text_of(answer)) == (409, True)
    assert queries.evidence_of(nomination) == {}


def test_a_withdrawn_nomination_can_be_read_and_says_that_it_is_withdrawn(nominee, here):
    nomination = filled(here)
    service.withdraw(nomination, "tidak jadi", actor=here.actor("nominee-1"), at=here.now)
    db.session.commit()
    shown = text_of(nominee.get(f"/nominations/{nomination.ref}/evidence/coverage", query_string={"lang": "en"}))
    assert "The nomination is withdrawn" in shown
    assert "It can be read, but not changed any more." in shown


def test_a_condition_with_another_answer_is_not_stored(nominee, here):
    nomination = draft(here)
    page = f"/nominations/{nomination.ref}/eligibility"
    codes = [gate["code"] for gate in here.category.rubric.gates]
    answer = send(
        nominee, page, fields_of(nominee, page), **{f"{codes[0]}-answer": "maybe", f"{codes[1]}-answer": "yes"}
    )
    assert answer.status_code == 422
    assert queries.statements_of(nomination) == {}


def test_saving_leads_to_the_next_page_of_rows_until_the_last(nominee, here):
    nomination = draft(here)
    service.save_evidence(
        nomination, "village_allocation", villages(13), note="", explanation_reason="", explanation="",
        completed=False, expected=0, actor=here.actor("nominee-1"), at=here.now,
    )  # fmt: skip
    db.session.commit()
    page = f"/nominations/{nomination.ref}/evidence/village_allocation"
    for at, leads in ((page, f"{page}/2"), (f"{page}/2", f"{page}/2")):
        answer = send(nominee, at, fields_of(nominee, at, at), do="next")
        assert (answer.status_code, answer.location) == (303, leads)
    assert len(queries.evidence_of(nomination)["village_allocation"].data["lines"]) == 13


def words_of(client, address: str) -> str:
    """The text of a page of paper."""
    answer = client.get(address, query_string={"lang": "en"})
    assert answer.status_code == 200, text_of(answer)
    with closing(PdfDocument(answer.data)) as paper:
        return " ".join(str(paper[0].get_textpage().get_text_range()).split())


def test_the_paper_of_a_document_says_when_it_was_announced_and_of_a_real_cycle_nothing_of_a_simulation(nominee, here):
    nomination, actor = draft(here), here.actor("nominee-1")
    announced = service.declare(
        nomination, "coverage", name="1.pdf", sha256=f"{1:064x}", size=1001, requirement="", actor=actor, at=here.now,
        now=here.now, max_bytes=10**6,
    )  # fmt: skip
    assert isinstance(announced, FileDeclaration)
    service.complete(announced, blob_of(nomination, 1, here.now), actor=actor, at=here.now)
    service.attach(nomination, "coverage", blob_of(nomination, 2, here.now), "2.pdf", actor=actor, at=here.now)
    db.session.commit()
    address = f"/nominations/{nomination.ref}/documents"
    first, second = (words_of(nominee, f"{address}/{no}/receipt.pdf") for no in (1, 2))
    assert ("Announced" in first, "Announced" in second) == (True, False)
    assert "SIMULATION" in first
    here.cycle.kind, here.cycle.waits_at = "real", None
    db.session.commit()
    assert "SIMULATION" not in words_of(nominee, f"{address}/1/receipt.pdf")


def test_a_part_of_which_less_arrives_than_was_said_is_told_and_not_kept(nominee, here):
    sender = Sender(nominee, draft(here))
    sender.declare()
    answer = nominee.put(
        sender.address, query_string={"offset": 0}, data=sender.content[:50], headers=sender.headers,
        environ_overrides={"CONTENT_LENGTH": "100", "wsgi.input_terminated": True},
    )  # fmt: skip
    assert sender.code(answer) == "upload_cut"
    assert sender.offset() == 0
