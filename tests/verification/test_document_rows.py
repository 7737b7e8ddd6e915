"""Rows that take documents only, of a rubric that asks for nothing else: judged, asked about, answered, counted."""

from datetime import timedelta

import pytest

from paritrana.core.quantities import Label
from paritrana.database import db
from paritrana.nominations.models import Nomination
from paritrana.verification import queries, service
from paritrana.verification.beside import Leaf, leaf_of
from paritrana.verification.figures import figure_keys, figures_of
from paritrana.verification.models import Finding
from paritrana.verification.quality import quality_of
from paritrana.verification.values import found_figures
from tests.factories import rubric, world
from tests.nominations.pages import fields_of, send, text_of
from tests.verification.cases import LATER, declared, judge_all, sent

ROW = "indicator:N1"


@pytest.fixture
def here(app, db_session):
    here = world(kind="real")
    here.category.rubric_version_id = rubric("ntb-2024-observed").id
    db.session.commit()
    return here


@pytest.fixture
def nomination(here, clock):
    made = sent(here, clock)[0]
    declared(here, made, "verifier-1")
    return made


def test_documents_are_one_figure_without_group_and_claim():
    (figure,) = figures_of(ROW, {}, election_held=False, candidate="")
    assert (figure.key, figure.label, figure.heading, figure.claimed) == (
        "documents", Label("Documents of this row"), None, None,
    )  # fmt: skip
    assert figure_keys(ROW, {}, election_held=False, candidate="") == ["documents"]


def test_a_verdict_on_documents_is_stored_and_gives_no_figure(here, nomination, door):
    client, page = door("verifier-1"), f"/verification/{nomination.ref}/items/indicator-N1"
    fields = fields_of(client, page)
    refused = send(client, page, fields, **{"row-1-verdict": "differs"})
    assert refused.status_code == 422
    assert "Documents of this row: Enter the page and a note" in text_of(refused)
    assert send(client, page, fields, **{"row-1-verdict": "matches"}).status_code == 303
    finding = db.session.query(Finding).one()
    assert (finding.kind, finding.figure, finding.claimed, finding.found) == (ROW, "documents", None, None)
    judge_all(here, nomination)
    assert queries.case_of(nomination).open == 0
    assert found_figures([nomination.id]) == {nomination.id: {}}
    verdicts = quality_of([here.category], [nomination.id], here.now + LATER).verdicts
    assert verdicts == {"": {"matches": queries.case_of(nomination).total}}
    overview = text_of(client.get(f"/verification/{nomination.ref}", query_string={"lang": "en"}))
    assert "This category has no computed indicators." in overview


def test_documents_are_asked_about_and_a_reason_opens_the_row_again(here, nomination, door):
    judge_all(here, nomination)
    at = here.now + LATER
    service.ask_changes(
        nomination, [(ROW, "documents")], "The decree is missing.", at + timedelta(days=3),
        actor=here.actor("verifier-1"), at=at,
    )  # fmt: skip
    nominee, address = door("nominee-1"), f"/nominations/{nomination.ref}/requests/1"
    fields = fields_of(nominee, address)
    assert "Documents of row N1" in text_of(nominee.get(address, query_string={"lang": "en"}))
    assert send(nominee, address, fields).status_code == 422
    assert send(nominee, address, fields, **{"answer-1-reason": "It is attached now."}).status_code == 303
    db.session.expire_all()
    case = queries.case_of(db.session.get(Nomination, nomination.id))
    assert [item.kind for item in case.items if item.open] == [ROW]
    thread = text_of(door("verifier-1").get(f"/verification/{nomination.ref}/requests", query_string={"lang": "en"}))
    assert "Documents of row N1" in thread
    assert "It is attached now." in thread


def test_a_document_that_is_not_there_opens_nothing(nomination):
    assert leaf_of(nomination, 99, 3) == Leaf(99, 3)
