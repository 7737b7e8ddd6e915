"""What those who run a cycle read of second scorings: which are open and who is due, and nothing of a mark."""

from decimal import Decimal

import pytest
from sqlalchemy import text

from paritrana.core.lifecycle import State
from paritrana.database import db
from paritrana.interviews.service import plan_day
from paritrana.sheets.consolidations.closing import close_consolidation
from paritrana.sheets.consolidations.service import open_consolidation, score_again
from tests.factories import sign_in
from tests.factories_results import contest, nominations, recuse

PAGE = "/manage/contoh-2025/consolidations"


def far_apart(candidate, assessor, indicator):
    """The marks of E1 lie too far apart, of every candidate."""
    return Decimal("9.75") if (assessor, indicator) == (4, "E1") else Decimal("7.00")


@pytest.fixture
def here(app, db_session):
    return contest(2, value=far_apart, state=State.SCORING)


@pytest.fixture
def opened(here):
    made = open_consolidation(nominations(here)[0], "Perbedaan besar.", actor=here.actor("chair"), at=here.now)
    db.session.commit()
    return made


def read(app, name):
    client = app.test_client()
    sign_in(client, name)
    answer = client.get(PAGE, query_string={"lang": "en"})
    return answer.status_code, answer.get_data(as_text=True)


def test_an_organiser_reads_who_is_due_and_nothing_of_a_mark(app, here, opened):
    status, page = read(app, "organiser-1")
    assert status == 200
    assert "Pemerintah Kabupaten Contoh 1" in page
    assert "0 of 9" in page
    assert "Assessor 3" in page
    for one in opened.indicators:
        assert one["code"] not in body(page)
        score_again(opened, one["code"], Decimal("7.00"), "Setelah dibahas.", keep=False, expected=0,
                    actor=here.actor("assessor-3"), at=here.now)  # fmt: skip
    db.session.commit()
    page = read(app, "organiser-1")[1]
    assert "1 of 9" in page
    assert "Assessor 3" not in page
    close_consolidation(opened, "Selesai.", actor=here.actor("chair"), at=here.now)
    db.session.commit()
    page = read(app, "organiser-1")[1]
    assert "Assessor 4" not in page
    assert "Closed" in page


def test_the_overview_and_the_board_lead_there(app, here):
    day = plan_day(here.cycle, here.now.date(), actor=here.actor("organiser-1"), at=here.now)
    db.session.commit()
    client = app.test_client()
    sign_in(client, "organiser-1")
    for address in ("/manage/contoh-2025", f"/interviews/{day.code}"):
        assert f'href="{PAGE}"' in client.get(address).get_data(as_text=True), address


def test_a_page_with_other_marks_is_the_same(app, here, opened):
    """Two worlds that differ in the marks alone: organiser and auditor read the same."""
    before = {name: body(read(app, name)[1]) for name in ("organiser-1", "auditor", "chair")}
    db.session.execute(text("UPDATE mark SET value = '1.00' WHERE value IS NOT NULL"))
    db.session.commit()
    assert {name: body(read(app, name)[1]) for name in before} == before


def body(page):
    return page.split('<main id="content"')[1].split("</main>")[0]


def test_who_is_in_conflict_or_has_no_part_reads_nothing_of_it(app, here, opened):
    recuse(here, "chair", nominations(here)[0])
    assert "Pemerintah Kabupaten Contoh 1" not in read(app, "chair")[1]
    assert [read(app, name)[0] for name in ("assessor-3", "verifier-1", "nominee-1", "administrator")] == [404] * 4


def test_a_second_one_takes_no_further_statement(app, here, opened, statements):
    client = app.test_client()
    sign_in(client, "organiser-1")
    client.get(PAGE)
    with statements() as one:
        client.get(PAGE)
    open_consolidation(nominations(here)[1], "Perbedaan besar.", actor=here.actor("chair"), at=here.now)
    db.session.commit()
    with statements() as two:
        client.get(PAGE)
    assert len(two) == len(one)
