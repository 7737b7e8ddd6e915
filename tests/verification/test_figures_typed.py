"""Dates, money and months as they are typed on a page of findings and in the answer to a request."""

from datetime import timedelta

import pytest

from paritrana.database import db
from paritrana.nominations.models import Nomination
from paritrana.verification import queries, service
from paritrana.verification.figures import difference, quantity_of
from paritrana.verification.models import ChangeRequest, Finding
from paritrana.verification.queries import case_of
from tests.factories import world
from tests.nominations.pages import fields_of, send, text_of
from tests.verification.cases import LATER, declared, sent

KIND, LINE = "vulnerable_workers", "lines.a1b2"


@pytest.fixture
def here(app, db_session):
    return world(kind="real")


@pytest.fixture
def nomination(here, clock):
    made = sent(here, clock)[0]
    declared(here, made, "verifier-1")
    return made


def rows(nomination, kind=KIND):
    """The number of every figure of an item on its page."""
    return {row.figure.key: no for no, row in enumerate(case_of(nomination).item(kind).rows, start=1)}


def found(figure):
    db.session.expire_all()
    return db.session.query(Finding).filter_by(figure=figure).one().found


def test_money_that_reads_two_ways_or_has_sen_is_refused_and_both_readings_are_offered(nomination, door):
    client, page = door("verifier-1"), f"/verification/{nomination.ref}/items/{KIND}"
    no = rows(nomination)[f"{LINE}.amount"]
    rest = {f"row-{no}-verdict": "differs", f"row-{no}-page": "2", f"row-{no}-note": "Page two."}
    fields = fields_of(client, page)
    refused = send(client, page, fields, **rest, **{f"row-{no}-found": "1.234"})
    assert refused.status_code == 422
    said = text_of(refused)
    assert "1.234 can mean Rp1,234 or Rp1.23. Choose one." in said
    assert said.count(f'<button class="btn btn-secondary" name="row-{no}-found"') == 2
    sen = send(client, page, fields, **rest, **{f"row-{no}-found": "1,234.50"})
    assert sen.status_code == 422
    assert "without sen" in text_of(sen)
    assert db.session.query(Finding).count() == 0
    # The button with a reading stands after the input: the last one counts.
    chosen = send(client, page, fields, **rest, **{f"row-{no}-found": ["1.234", "1,234"]})
    assert chosen.status_code == 303
    assert found(f"{LINE}.amount") == "1234"


def test_months_are_typed_and_a_stored_finding_is_not_emptied(nomination, door):
    client, page = door("verifier-1"), f"/verification/{nomination.ref}/items/{KIND}"
    numbers = rows(nomination)
    no = numbers[f"{LINE}.months"]
    rest = {f"row-{no}-verdict": "differs", f"row-{no}-page": "2", f"row-{no}-note": "Page two."}
    refused = send(client, page, fields_of(client, page), **rest, **{f"row-{no}-found": "121"})
    assert refused.status_code == 422
    assert db.session.query(Finding).count() == 0
    assert send(client, page, fields_of(client, page), **rest, **{f"row-{no}-found": "12"}).status_code == 303
    assert found(f"{LINE}.months") == "12"
    blank = {f"row-{no}-{name}": "" for name in ("found", "verdict", "page", "note")}
    emptied = send(client, page, fields_of(client, page), **blank)
    assert emptied.status_code == 422
    assert "A finding cannot be emptied. Choose a verdict." in text_of(emptied)
    assert found(f"{LINE}.months") == "12"


def test_a_date_is_typed_in_three_parts_on_both_sides(here, nomination, door):
    kind, figure = "permit_compliance", "sop_in_force_since"
    client, page = door("verifier-1"), f"/verification/{nomination.ref}/items/{kind}"
    no = rows(nomination, kind)[figure]
    rest = {f"row-{no}-verdict": "differs", f"row-{no}-page": "2", f"row-{no}-note": "Page two."}

    def parts(day, month, year, name=f"row-{no}-found"):
        return {f"{name}-day": day, f"{name}-month": month, f"{name}-year": year}

    missing = send(client, page, fields_of(client, page), **rest)
    assert "Enter the figure you found." in text_of(missing)
    wrong = send(client, page, fields_of(client, page), **rest, **parts("31", "2", "2024"))
    assert (missing.status_code, wrong.status_code, db.session.query(Finding).count()) == (422, 422, 0)
    assert send(client, page, fields_of(client, page), **rest, **parts("3", "6", "2024")).status_code == 303
    assert found(figure) == "2024-06-03"

    at = here.now + LATER
    service.ask_changes(
        nomination, [(kind, figure), (KIND, f"{LINE}.amount"), (KIND, "target.people")], "Which of them?",
        at + timedelta(days=3), actor=here.actor("verifier-1"), at=at,
    )  # fmt: skip
    nominee, address = door("nominee-1"), f"/nominations/{nomination.ref}/requests/1"
    numbers = {one["figure"]: no for no, one in enumerate(db.session.query(ChangeRequest).one().items, start=1)}
    date, amount, people = (f"answer-{numbers[key]}" for key in (figure, f"{LINE}.amount", "target.people"))
    fields = fields_of(nominee, address)
    unclear = send(nominee, address, fields, **{f"{amount}-value": "1.234"}, **parts("4", "6", "2024", f"{date}-value"))
    assert unclear.status_code == 422
    assert text_of(unclear).count(f'<button class="btn btn-secondary" name="{amount}-value"') == 2
    half = send(nominee, address, fields, **{f"{people}-reason": "As decreed.", f"{amount}-reason": "As paid."})
    assert half.status_code == 422
    said = text_of(half)
    assert said.count("Enter the new figure, or say why your figure is right.") == 2  # in the summary and at the date
    assert f'href="#{date}-value"' in said
    assert db.session.query(ChangeRequest).one().state == "open"
    whole = send(
        nominee, address, fields, **{f"{people}-reason": "As decreed.", f"{amount}-value": "94,080,000"},
        **parts("4", "6", "2024", f"{date}-value"),
    )  # fmt: skip
    assert whole.status_code == 303
    db.session.expire_all()
    items = {one.kind: one for one in queries.case_of(db.session.get(Nomination, nomination.id)).items}
    claimed = {row.figure.key: row.figure.claimed for one in items.values() for row in one.rows}
    assert (claimed[figure], claimed[f"{LINE}.amount"], claimed["target.people"]) == ("2024-06-04", 94080000, 20000)


def test_figures_of_two_kinds_have_no_difference(nomination):
    field = next(row.figure.field for row in case_of(nomination).item("coverage").rows)
    assert difference(field, "33.6", 30) is None
    assert difference(field, 33, "30") is None
    assert difference(field, 33, 30) == quantity_of(field, -3, signed=True)
