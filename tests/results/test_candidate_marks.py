"""Marks of a candidate that count less, not at all or not enough; leaves without a mark; values that were set."""

import csv
import io
import re
from decimal import Decimal

import openpyxl
from sqlalchemy import select, update

from paritrana.core.ranking import ABSTAINED
from paritrana.database import db
from paritrana.interviews.models import Attendance, InterviewDay, InterviewSession
from paritrana.results import queries
from paritrana.sheets.late.models import LateDecision, LateMark
from paritrana.sheets.models import Mark, Sheet
from tests.factories_results import category_of, contest, nominations, run
from tests.nominations.pages import text_of
from tests.results.tampered import value_set

RANKING = "/manage/contoh-2025/ranking/kabkota"


def came_alone(here, candidate):
    """Somebody of the second step of the ladder came to the interview; the cap of the interview that follows."""
    day = InterviewDay(code="contoh-2025-1", cycle_id=here.cycle.id, no=1, on=here.now.date())
    db.session.add(day)
    db.session.flush()
    session = InterviewSession(
        ref="I-1", day_id=day.id, no=1, category_id=here.category.id, nomination_id=candidate.id,
        planned_at=here.now, minutes=20, state="closed",
    )  # fmt: skip
    db.session.add(session)
    db.session.flush()
    step = next(one.caps for one in queries.inputs(category_of(here)).rubric.indicators if one.caps)[1]
    db.session.add(
        Attendance(
            session_id=session.id, presenter_rank=step["code"], position="Wakil", mode="in_person",
            arrived_at=here.now, identity_seen=True, mandate_letter=True, recorded_by=here.accounts["organiser-1"].id,
            recorded_by_name="O", recorded_at=here.now,
        )
    )  # fmt: skip
    return Decimal(step["cap"])


def came_late(here, sheet, indicator, value, reason):
    """A mark that came after the lock; with a reason the chair left it out."""
    late = LateMark(
        ref=f"T-0000-{indicator}", sheet_id=sheet.id, indicator=indicator, value=value, reason=None, abstain_note="",
        panel_note="", feedback="", device_at="x", received_at=here.now, received_by=sheet.assessor_id,
    )  # fmt: skip
    db.session.add(late)
    if reason:
        late.decision = LateDecision(
            admitted=False, reason=reason, decided_by=here.accounts["chair"].id, decided_at=here.now
        )
    db.session.flush()


def test_the_page_of_a_candidate_says_which_marks_count_less_and_which_are_too_few(app, db_session, door):
    here = contest(2)
    candidate = nominations(here)[0]
    cap = came_alone(here, candidate)
    first, *others = db.session.scalars(
        select(Sheet).where(Sheet.nomination_id == candidate.id).order_by(Sheet.id)
    ).all()
    came_late(here, first, "A2", Decimal("1.25"), "Datang setelah dikunci.")
    came_late(here, first, "A3", Decimal("2.25"), "")

    def marks(sheets, indicator, **values):
        chosen = Mark.sheet_id.in_([one.id for one in sheets]), Mark.indicator == indicator
        db.session.execute(update(Mark).where(*chosen).values(**values))

    marks([first], "A1", value=None)
    marks(others[:5], "D1", value=None, reason=ABSTAINED, abstain_note="tidak tahu")
    db.session.commit()
    run(here)
    text = text_of(door("organiser-1").get(f"{RANKING}/candidates/99.01", query_string={"lang": "en"}))
    rows = {
        code: [re.sub(r"<[^>]+>", "", one) for one in re.findall(r'<td class="p-num">(.*?)</td>', row)]
        for code, row in re.findall(r'<tr><th scope="row">([A-E]\d) .*?</th>(.*?)</tr>', text, re.S)
    }
    assert rows["E1"][:9] == [f"9.50, counts as {cap:.2f}"] * 9
    assert rows["E1"][9] == f"{cap:.2f}"
    assert rows["A1"][:2] == ["–", "9.50"]
    assert rows["D1"][9] == "too few marks"
    said = " ".join(text.split())
    assert "1.25 came after the lock and was not admitted: Datang setelah dikunci." in said
    assert "2.25 came after the lock; the chair has not decided." in said


def test_a_leaf_without_a_mark_is_an_empty_cell_and_a_set_value_has_its_row(app, db_session, door):
    here = contest(2)
    mark = db.session.scalars(select(Mark).where(Mark.indicator == "A1").order_by(Mark.id)).first()
    mark.value = None
    value_set(here, nominations(here)[1], "B1", "1.25")
    run(here)
    client = door("organiser-1")
    text = client.get(f"{RANKING}/marks-wide.csv", query_string={"lang": "en"}).get_data().decode("utf-8-sig")
    head, first, second, *_rest = csv.reader(io.StringIO(text), delimiter=";")
    assert (first[head.index("A1")], second[head.index("A1")]) == ("", "9,50")
    book = openpyxl.load_workbook(
        io.BytesIO(client.get(f"{RANKING}/marks.xlsx", query_string={"lang": "en"}).get_data())
    )
    _heads, *rows = book["Set values"].iter_rows(values_only=True)
    assert rows == [("99.02", "B1", 1.25, 9, "salah hitung")]
