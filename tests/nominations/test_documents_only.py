"""A rubric without conditions whose indicators rest on documents and a note alone, as the sheet of 2024 was."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from paritrana.cycles.models import Category
from paritrana.cycles.queries import get_cycle
from paritrana.database import db
from paritrana.home.rehearsing import make_rehearsal
from paritrana.nominations import queries, service
from paritrana.nominations.importing.layout import sheets_of
from paritrana.nominations.models import Nomination
from paritrana.nominations.rows import kinds_asked
from tests.factories import rubric, sign_in, world
from tests.nominations.pages import draft, fields_of, send, text_of

KINDS = [f"indicator:N{no}" for no in range(1, 6)]


@pytest.fixture
def here(app, db_session):
    here = world()
    here.category.rubric_version_id = rubric("ntb-2024-observed").id
    db.session.commit()
    db.session.expire_all()
    return here


@pytest.fixture
def nominee(client, here):
    sign_in(client, "nominee-1")
    return client


def test_a_note_is_saved_where_no_figures_are_asked_for(nominee, here):
    nomination = draft(here)
    page = f"/nominations/{nomination.ref}/evidence/indicator-N1"
    shown = text_of(nominee.get(page, query_string={"lang": "en"}))
    assert "N1" in text_of(nominee.get(f"/nominations/{nomination.ref}"))
    assert "Participation coverage" in shown
    assert "Participation extract" in shown
    assert nominee.get(f"{page}/2").status_code == 404  # there are no lines, and so no second page of them
    fields = fields_of(nominee, page)
    answer = send(nominee, f"{page}/arithmetic", fields, note="Rekap menyusul")
    assert answer.status_code == 200
    assert queries.evidence_of(nomination) == {}
    answer = send(nominee, page, fields, note="Rekap menyusul", completed="yes")
    assert answer.status_code == 303, text_of(answer)
    (item,) = queries.evidence_of(nomination).values()
    assert (item.kind, item.data, item.note, item.completed) == (KINDS[0], {}, "Rekap menyusul", True)
    answer = send(nominee, page, fields, note="Lain")  # the first page again: it is stale
    assert (answer.status_code, "Rekap menyusul" in text_of(answer)) == (409, True)


def test_the_last_look_names_the_indicators_and_there_are_no_conditions(nominee, here):
    nomination = draft(here)
    check = text_of(nominee.get(f"/nominations/{nomination.ref}/check", query_string={"lang": "en"}))
    assert "N1 Participation coverage" in check
    assert nominee.get(f"/nominations/{nomination.ref}/eligibility").status_code == 404
    assert {one.place for one in service.what_blocks(nomination)} == set(KINDS)


def test_a_workbook_has_no_sheet_for_what_takes_no_figures(here):
    assert list(kinds_asked(here.category.rubric)) == KINDS
    assert [sheet.name for sheet in sheets_of(KINDS, election_held=False, candidate="regency_city")] == ["nominasi"]


def test_invented_candidates_have_a_note_under_every_indicator(here):
    made = make_rehearsal(
        get_cycle(here.cycle.code), (here.now + timedelta(days=1)).date(), 2, actor=here.actor("organiser-1"),
        at=here.now,
    )  # fmt: skip
    category = db.session.scalars(select(Category).where(Category.cycle_id == made.id)).one()
    invented = db.session.scalars(select(Nomination).where(Nomination.category_id == category.id)).all()
    assert [one.state for one in invented] == ["shortlisted"] * 2
    for one in invented:
        items = queries.evidence_of(one)
        assert sorted(items) == KINDS
        assert all(item.data == {} and item.note.startswith("Isian karangan") for item in items.values())
