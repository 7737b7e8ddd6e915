"""Answers, percentages and other numbers with decimals on the pages of a verifier, and in the answer to a request."""

from fractions import Fraction

import pytest

from paritrana.core.evidence import KINDS
from paritrana.core.quantities import Count, Decimals, Label, Percent, Points, Text
from paritrana.database import db
from paritrana.verification import queries
from paritrana.verification.figures import difference, quantity_of
from paritrana.verification.models import Finding
from paritrana.web.template_filters import quantity
from tests.factories import sign_in, world
from tests.nominations.pages import fields_of, send, text_of
from tests.verification.cases import declared, sent


@pytest.fixture
def here(db_session):
    return world(kind="real")


@pytest.fixture
def nomination(here, clock):
    return sent(here, clock)[0]


@pytest.fixture
def verifier(client, here, nomination):
    declared(here, nomination, "verifier-1")
    sign_in(client, "verifier-1")
    return client


def row_of(nomination, kind, figure):
    item = queries.case_of(nomination).item(kind)
    return next(no for no, row in enumerate(item.rows, start=1) if row.figure.key == figure)


def judge(client, nomination, kind, figure, found, verdict, **more):
    place, no = f"/verification/{nomination.ref}/items/{kind}", row_of(nomination, kind, figure)
    typed = {f"row-{no}-found": found, f"row-{no}-verdict": verdict} | {
        f"row-{no}-{name}": value for name, value in more.items()
    }
    return send(client, place, fields_of(client, place), **typed, then="stay")


def finding(kind, figure):
    db.session.expire_all()
    return db.session.query(Finding).filter_by(kind=kind, figure=figure).one()


def test_a_percentage_is_typed_in_either_writing_and_differs_by_points(verifier, nomination):
    answer = judge(
        verifier, nomination, "development_target", "target.value", "50,5", "differs", page="112", note="Hal. 112."
    )
    assert answer.status_code == 303
    assert finding("development_target", "target.value").found == "50.5"
    page = text_of(verifier.get(answer.location, query_string={"lang": "id"}))
    assert "-1,65 poin persentase" in page
    assert "52,15%" in page


def test_a_percentage_above_one_hundred_is_refused_where_it_stands(verifier, nomination):
    answer = judge(
        verifier, nomination, "development_target", "target.value", "152,15", "differs", page="1", note="Salah."
    )
    assert answer.status_code == 422
    assert "from 0 to 100" in text_of(answer)
    assert db.session.query(Finding).count() == 0


def test_a_number_with_decimals_differs_with_its_sign(verifier, nomination):
    figure = "lines.i001.after"
    answer = judge(verifier, nomination, "innovation", figure, "1.400", "partly", page="2", note="Dibulatkan.")
    assert answer.status_code == 422, "in English this reads two ways"
    answer = judge(verifier, nomination, "innovation", figure, "1,400", "partly", page="2", note="Dibulatkan.")
    assert finding("innovation", figure).found == "1400"
    assert "-50.5" in text_of(verifier.get(answer.location, query_string={"lang": "en"}))


def test_an_answer_is_chosen_and_has_no_difference_in_size(verifier, nomination):
    figure = "lines.r001.budget_clause"
    page = text_of(verifier.get(f"/verification/{nomination.ref}/items/regulation", query_string={"lang": "en"}))
    assert f'<select class="form-select" id="row-{row_of(nomination, "regulation", figure)}-found"' in page
    answer = judge(verifier, nomination, "regulation", figure, "yes", "differs", page="7", note="Pasal 14.")
    assert answer.status_code == 303
    assert finding("regulation", figure).found == "yes"
    refused = judge(
        verifier, nomination, "regulation", "lines.r001.named_groups", "maybe", "differs", page="1", note="x"
    )
    assert refused.status_code == 422
    assert "Enter the figure you found." in text_of(refused)


@pytest.mark.parametrize(
    ("kind", "figure", "value"),
    [("development_target", "base.value", "33.6"), ("innovation", "lines.i001.before", "120"),
     ("regulation", "lines.r001.general_obligation", "yes"), ("development_target", "target.year", "2029")],
)  # fmt: skip
def test_same_as_claimed_fills_every_kind_of_figure(verifier, nomination, kind, figure, value):
    place, no = f"/verification/{nomination.ref}/items/{kind}", row_of(nomination, kind, figure)
    assert send(verifier, place, fields_of(verifier, place), same=str(no)).status_code in {200, 303}
    answer = judge(verifier, nomination, kind, figure, None, "matches")
    assert answer.status_code == 303
    assert finding(kind, figure).found == value


@pytest.mark.parametrize(
    ("kind", "figure", "asked_for", "typed", "stored"),
    [("regulation", "lines.r001.budget_clause", "New answer", "yes", "yes"),
     ("development_target", "target.value", "New figure", "51,2", "51.2")],
)  # fmt: skip
def test_a_change_request_is_answered_with_an_answer_or_a_percentage(
    verifier, app, here, nomination, kind, figure, asked_for, typed, stored
):
    place = f"/verification/{nomination.ref}/requests/new"
    fields = fields_of(verifier, place)
    due = {"due-day": "1", "due-month": "4", "due-year": "2026"}
    send(verifier, place, fields, figure=f"{kind}/{figure}", question="Mohon periksa.", **due)
    nominee = app.test_client()
    sign_in(nominee, "nominee-1")
    answering = f"/nominations/{nomination.ref}/requests/1"
    assert asked_for in text_of(nominee.get(answering, query_string={"lang": "en"}))
    sent_answer = send(nominee, answering, fields_of(nominee, answering), **{"answer-1-value": typed})
    assert sent_answer.status_code == 303, text_of(sent_answer)
    db.session.expire_all()
    item = queries.case_of(nomination).item(kind)
    assert next(row.figure.claimed for row in item.rows if row.figure.key == figure) == stored


def test_every_figure_is_shown_with_its_unit_and_compared_where_it_has_a_size():
    plan, rule, new = KINDS["development_target"], KINDS["regulation"], KINDS["innovation"]
    percent, year, answer = plan.field("base.value"), plan.field("base.year"), rule.field("lines.a.budget_clause")
    plain, title = new.field("lines.a.after"), new.field("lines.a.title")
    assert quantity_of(percent, "33.6") == Percent(Fraction(168, 5))
    assert quantity_of(answer, "yes") == Label("Yes")
    assert quantity_of(title, "Perahu") == Text("Perahu")
    assert isinstance(quantity_of(plain, "12.5"), Decimals)
    assert isinstance(difference(percent, "30", "33.6"), Points)
    assert difference(plain, "30", "33.6") == Decimals(quantity_of(plain, "3.6").value, signed=True)
    assert difference(answer, "yes", "no") is None
    assert difference(year, 2024, 2025) == Count(1, signed=True)
    assert quantity(difference(plain, "30", "33.6")) in {"+3.6", "+3,6"}
