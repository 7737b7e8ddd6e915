"""The data quality page: what it counts, who reads it, its picture and its workbook."""

import io
import re
from datetime import timedelta
from xml.etree import ElementTree

import openpyxl
import pytest
from sqlalchemy import select

from paritrana.database import db
from paritrana.nominations.models import Nomination
from paritrana.panels.service import declare
from paritrana.reference.models import Organisation
from paritrana.verification import queries, service
from paritrana.verification.service import Entry
from paritrana.web.charts import stacked_bars
from tests.factories import sign_in, world
from tests.home.test_home import words
from tests.verification.cases import ALL, LATER, declared, judge_all, sent, verify
from tests.verification.test_queue import many

PAGE = "/manage/contoh-2025/quality"
SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture
def here(db_session):
    return world(kind="real")


@pytest.fixture
def judged(here, clock):
    """Closed as claimed; in work with a figure found smaller; three nobody works on, two of them with an open sum."""
    first, second, _third = sent(here, clock, ALL)
    verify(here, first)
    declared(here, second, "verifier-1")
    at = here.now + LATER
    service.take(second, actor=here.actor("verifier-1"), at=at)
    judge_all(here, second)
    item = queries.case_of(second).item("coverage")
    row = next(one for one in item.rows if one.figure.key == "pu.participants")
    service.record_findings(
        second, "coverage", [Entry(row.figure.key, 30000, "differs", 1, "1", "Counted.", row.finding.version)],
        revision_no=second.revision_no, actor=here.actor("verifier-1"), at=at,
    )  # fmt: skip
    db.session.commit()
    many(here, 2)
    return here


def test_the_page_counts_verdicts_checks_and_waits(visit, judged):
    page = visit("organiser-1").read(PAGE)
    said = words(page)
    figures = sum(len(item.rows) for item in queries.case_of(queries.get_sent_nomination(_ref("regency-1"))).items)
    assert f"{2 * figures - 1} of {2 * figures} judged figures match their claim." in said
    assert "Sent 5 Verified and closed 1 of 5" in said
    assert "Pemerintah Kabupaten Contoh 2" in said
    assert "40,000 30,000 -10,000 25.00%" in said.replace("−", "-")
    assert said.count("Pemerintah Contoh 000") == 2
    assert "+29.54%" in said
    # Five wait or have waited: two were taken at once, three wait since the grace time ended 18 hours ago.
    assert re.search(r"a verifier took it 5 18 hours 18 hours", said)
    assert "<style" not in page
    assert ' style="' not in page


def _ref(name):
    number = name.rpartition("-")[2]
    return db.session.scalars(
        select(Nomination.ref)
        .join(Organisation, Organisation.id == Nomination.organisation_id)
        .where(Organisation.region_code == f"99.0{number}")
    ).first()


def test_the_picture_and_the_table_have_the_same_numbers(visit, judged):
    page = visit("organiser-1").read(PAGE)
    picture = ElementTree.fromstring(re.search(r"<svg xmlns.*?</svg>", page, re.DOTALL)[0])  # noqa: S314 - our own
    assert picture.get("role") == "img"
    assert "judged figures match their claim" in picture.find(f"{SVG}title").text
    shown = [text.text.split(" · ") for text in picture.iter(f"{SVG}text") if " · " in (text.text or "")]
    table = page.split("<h2>Verdicts</h2>")[1].split("</table>")[0]
    rows = [re.findall(r'<td class="p-num"[^>]*>([^<]*)</td>', row) for row in table.split("<tr>")[2:]]
    assert shown == rows != []


def test_the_workbook_equals_the_page_and_holds_no_formula(visit, judged):
    organiser = visit("organiser-1")
    page = words(organiser.read(PAGE))
    answer = organiser.open(f"{PAGE}.xlsx")
    assert answer.status_code == 200
    book = openpyxl.load_workbook(io.BytesIO(answer.data))
    about = {row[0]: row[1] for row in book["About"].iter_rows(min_row=2, values_only=True)}
    assert about["SHA-256"] == answer.headers["X-Rows-Digest"]
    assert f"as in the workbook: {about['SHA-256']}" in page
    rows = sum(sheet.max_row - 1 for sheet in book if sheet.title != "About")
    assert (about["Rows"], int(answer.headers["X-Row-Count"])) == (rows, rows)
    assert "Repr-Digest" in answer.headers
    cells = [cell for sheet in book for row in sheet.iter_rows() for cell in row]
    assert {cell.data_type for cell in cells if cell.value is not None} == {"s", "n"}
    shares = dict(book["Share verified"].iter_rows(min_row=2, values_only=True))
    assert shares == {"Sent": 5, "Closed": 1}


def test_an_auditor_and_a_chair_in_conflict_read_counts_without_the_figures(visit, judged):
    for name, hidden in (("auditor", True), ("chair", False)):
        said = words(visit(name).read(PAGE))
        assert "judged figures match their claim." in said
        assert ("40,000 30,000" not in said) is hidden, name
        assert ("Pemerintah" not in said) is hidden, name
    declare(
        queries.get_sent_nomination(_ref("regency-2")), True, "Kin.", actor=judged.actor("chair"),
        at=judged.now + LATER,
    )  # fmt: skip
    db.session.commit()
    said = words(visit("chair").read(PAGE))
    assert "judged figures match their claim." in said
    assert "40,000 30,000" not in said
    assert "Kabupaten Contoh 2" not in said
    assert "40,000 30,000" in words(visit("deputy").read(PAGE))


@pytest.mark.parametrize("name", ["nominee-1", "verifier-1", "assessor-3", "administrator"])
def test_nobody_else_learns_of_it(visit, here, name):
    assert visit(name).open(PAGE).status_code == 404


def test_an_empty_cycle_says_so(visit, here):
    said = words(visit("organiser-1").read(PAGE))
    assert "No figure has a verdict yet." in said
    assert "There is nothing to count yet." in said


def test_the_page_costs_as_many_statements_for_a_thousand_as_for_ten(here, clock, app, statements):
    clock.set(here.now + LATER)
    client = app.test_client()
    sign_in(client, "organiser-1")
    client.get(PAGE)
    counts = []
    for more in (10, 990):
        many(here, more)
        with statements() as sent_now:
            assert client.get(PAGE).status_code == 200
        counts.append(len(sent_now))
    assert counts[0] == counts[1]


def test_a_chart_is_the_same_for_the_same_numbers_and_escapes_its_words():
    rows = [("<b>", [(3, "3"), (1, "1")]), ("A name that is much too long for its place", [(0, "0"), (9, "9")])]
    first, second = (stacked_bars("x", "1 & 2", "d", ["Yes", "No"], rows) for _ in range(2))
    assert first == second
    picture = ElementTree.fromstring(first)  # noqa: S314 - our own
    bars = [float(one.get("width")) for one in picture.iter(f"{SVG}rect") if one.get("height") == "26"]
    assert bars[0] / bars[1] == pytest.approx(3, rel=0.01)
    assert bars[2] / bars[0] == pytest.approx(3, rel=0.01)
    assert picture.find(f"{SVG}title").text == "1 & 2"
    assert {pattern.get("id") for pattern in picture.iter(f"{SVG}pattern")} == {"x-0", "x-1"}
    assert stacked_bars("x", "t", "d", ["Yes"], []) != ""


def test_a_wait_counts_from_the_end_of_the_grace_time(here, clock, visit):
    sent(here, clock, ALL[:1])
    clock.set(here.category.grace_ends_at + timedelta(hours=5))
    said = words(visit("organiser-1").read(PAGE))
    assert "a verifier took it 1 5 hours 5 hours" in said
