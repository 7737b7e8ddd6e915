"""All marks of a category as a page and as files, and candidate by candidate: the same rows, the same people."""

import csv
import hashlib
import io
import json
import zipfile
from decimal import Decimal

import openpyxl
import pytest
from sqlalchemy import select, update

from paritrana.cycles.queries import core_rubric, rubric_of
from paritrana.database import db
from paritrana.reference.models import Organisation
from paritrana.results import queries
from paritrana.results.exports.candidate import panel_value
from paritrana.results.exports.rows import by_sheet, judged
from paritrana.sheets.models import Mark, Sheet
from tests.factories import sign_in
from tests.factories_results import category_of, contest, fail_gate, nominations, publish, recuse, run
from tests.nominations.pages import text_of

RANKING = "/manage/contoh-2025/ranking/kabkota"
FILES = ("marks-wide.csv", "marks.xlsx")


def some(candidate, assessor, indicator):
    """Marks that differ, with an abstention among them."""
    if (candidate, assessor, indicator) == (0, 7, "A1"):
        return None
    return Decimal(8) - Decimal(candidate) / 2 + Decimal(assessor % 3) / 4


@pytest.fixture
def here(app, db_session):
    return contest(3, value=some)


def signed_in(app, name):
    client = app.test_client()
    sign_in(client, name)
    return client


def opened(app, name, address, **query):
    return signed_in(app, name).get(f"{RANKING}/{address}", query_string={"lang": "en", **query})


def lines_of(answer):
    text = answer.get_data().decode("utf-8-sig")
    return list(csv.reader(io.StringIO(text), delimiter=";"))


def book_of(answer):
    return openpyxl.load_workbook(io.BytesIO(answer.get_data()))


# --- files -----------------------------------------------------------------------------------------------------------


def test_the_wide_file_has_one_row_for_each_sheet_and_says_how_many_and_of_which_run(app, here):
    made = run(here)
    answer = opened(app, "organiser-1", "marks-wide.csv")
    lines = lines_of(answer)
    codes = judged(rubric_of(category_of(here)))
    assert lines[0][-len(codes) :] == codes
    table = lines[1 : lines.index([])]
    assert len(table) == 3 * 9 == int(answer.headers["X-Row-Count"])
    about = {line[0]: line[1] for line in lines[lines.index([]) + 1 :]}
    assert about["Rows"] == "27"
    assert about["Digest of the run (SHA-256)"] == made.digest == answer.headers["X-Run-Digest"]
    assert about["Digest of the rows (SHA-256)"] == answer.headers["X-Rows-Digest"]
    sheets = list(by_sheet(queries.marks_of(category_of(here))))
    assert [line[6:] for line in table] == [
        [
            "Abstained" if one.marks[code].value is None else str(one.marks[code].value).replace(".", ",")
            for code in codes
        ]
        for one in sheets
    ]
    assert sum(line[6:].count("Abstained") for line in table) == 1


def test_the_workbook_has_the_rows_of_both_tables_as_typed_cells(app, here):
    made = run(here)
    answer = opened(app, "organiser-1", "marks.xlsx")
    book = book_of(answer)
    long, wide, given, about = (list(book[name].iter_rows(values_only=True)) for name in book.sheetnames)
    marks = list(queries.marks_of(category_of(here)))
    assert len(long) - 1 == len(marks) == int(answer.headers["X-Row-Count"])
    assert [row[6] for row in long[1:]] == [None if one.value is None else float(one.value) for one in marks]
    assert {type(row[6]) for row in long[1:]} == {float, int, type(None)}
    assert len(wide) - 1 == len(list(by_sheet(marks))) == 27
    assert len(given) == 1
    told = dict(about[1:])
    assert told["Rows"] == len(marks)
    assert told["Digest of the run (SHA-256)"] == made.digest
    assert told["Digest of the rows (SHA-256)"] == answer.headers["X-Rows-Digest"]


def test_the_digest_of_the_rows_can_be_recomputed_from_the_workbook(app, here):
    run(here)
    answer = opened(app, "organiser-1", "marks.xlsx")
    rows = list(book_of(answer).worksheets[0].iter_rows(values_only=True))[1:]
    marks = list(queries.marks_of(category_of(here)))
    digest = hashlib.sha256()
    for row, mark in zip(rows, marks, strict=True):
        cells = ["" if value is None else value for value in row]
        cells[6] = None if mark.value is None else format(mark.value, "f")
        digest.update(json.dumps(cells, ensure_ascii=False, separators=(",", ":")).encode() + b"\n")
    assert digest.hexdigest() == answer.headers["X-Rows-Digest"]


@pytest.mark.parametrize("name", FILES)
def test_a_name_that_looks_like_a_formula_stays_text(app, here, name):
    hostile = '=HYPERLINK("http://contoh.example","x")'
    db.session.execute(
        update(Organisation).where(Organisation.id == nominations(here)[0].organisation_id).values(name=hostile)
    )
    db.session.commit()
    answer = opened(app, "organiser-1", name)
    if name.endswith(".csv"):
        assert lines_of(answer)[1][1] == "'" + hostile
        return
    assert [row[1].value for row in book_of(answer).worksheets[0].iter_rows(min_row=2, max_row=2)] == [hostile]
    with zipfile.ZipFile(io.BytesIO(answer.get_data())) as parts:
        whole = b"".join(parts.read(one) for one in parts.namelist() if one.endswith(".xml"))
    assert b"<f>" not in whole
    assert b"<hyperlink" not in whole


@pytest.mark.parametrize("name", [*FILES, "marks"])
def test_after_publication_everybody_reads_the_marks_by_code_without_names_and_words(app, here, name):
    publish(here)
    answer = app.test_client().get(f"{RANKING}/{name}", query_string={"lang": "en"})
    assert answer.status_code == 200
    names = {one.assessor_name for one in queries.marks_of(category_of(here))}
    if name.endswith(".xlsx"):
        told = {cell for sheet in book_of(answer) for row in sheet.iter_rows(values_only=True) for cell in row}
        assert not names & told
        assert "tidak tahu" not in told
        return
    text = answer.get_data(as_text=True)
    assert "J1" in text
    assert "tidak tahu" not in text
    assert not any(one in text for one in names)


@pytest.mark.parametrize("name", [*FILES, "marks", "candidates/99.01"])
def test_before_publication_nobody_outside_the_committee_reads_a_mark(app, here, name):
    run(here)
    assert app.test_client().get(f"{RANKING}/{name}").status_code == 303
    assert opened(app, "nominee-1", name).status_code == 404
    assert opened(app, "administrator", name).status_code == 404


@pytest.mark.parametrize("name", [*FILES, "marks", "candidates/99.01"])
def test_an_assessor_in_conflict_finds_no_marks_whether_there_are_any_or_not(app, here, name):
    run(here)
    recuse(here, "assessor-3", nominations(here)[0])
    client = signed_in(app, "assessor-3")
    there = client.get(f"{RANKING}/{name}")
    db.session.execute(update(Mark).values(value=None, reason=None))
    db.session.commit()
    gone = client.get(f"{RANKING}/{name}")
    assert there.status_code == gone.status_code == 404
    assert len(there.get_data()) == len(gone.get_data())  # but for the reference that every refusal draws anew


@pytest.mark.parametrize("name", [*FILES, "marks", "candidates/99.01"])
def test_an_auditor_says_why(app, here, name):
    run(here)
    assert opened(app, "auditor", name).status_code == 422
    assert opened(app, "auditor", name, reason="uji petik").status_code == 200


# --- pages -----------------------------------------------------------------------------------------------------------


def test_the_page_shows_the_rows_of_the_file_ten_candidates_at_a_time(app, db_session, statements):
    here = contest(12, value=some)
    run(here)
    client = signed_in(app, "organiser-1")
    client.get(RANKING)
    with statements() as few:
        first = text_of(client.get(f"{RANKING}/marks", query_string={"lang": "en"}))
    with statements() as second:
        text = text_of(client.get(f"{RANKING}/marks", query_string={"lang": "en", "page": 2}))
    assert first.count('<tr><th scope="row">') == 10 * 9
    assert text.count('<tr><th scope="row">') == 2 * 9
    assert len(few) == len(second) <= 20


def test_the_page_of_a_candidate_has_every_mark_the_panels_value_and_the_steps_of_computed_ones(app, here, statements):
    run(here)
    client = signed_in(app, "organiser-1")
    client.get(RANKING)
    with statements() as seen:
        text = text_of(client.get(f"{RANKING}/candidates/99.02", query_string={"lang": "en"}))
    with statements() as again:
        client.get(f"{RANKING}/candidates/99.01", query_string={"lang": "en"})
    assert len(seen) == len(again) <= 32
    sheets = list(by_sheet(queries.marks_of(category_of(here), [nominations(here)[1].id])))
    assert len(sheets) == 9
    rubric = core_rubric(rubric_of(category_of(here)))
    value = panel_value(rubric, [one.marks["A1"].value for one in sheets], None)
    assert f"{float(value):.2f}" in text
    assert "Every mark of every submitted sheet counts." in text
    assert "Steps with the numbers" in text


def test_the_page_of_a_candidate_says_what_does_not_count_and_why(app, here):
    candidate = nominations(here)[0]
    recuse(here, "assessor-3", candidate)
    fail_gate(here, candidate)
    run(here)
    db.session.execute(
        update(Sheet)
        .where(Sheet.nomination_id == candidate.id, Sheet.assessor_id == here.accounts["assessor-4"].id)
        .values(submitted_at=None, receipt_no=None, digest=None)
    )
    sheet = db.session.scalars(
        select(Sheet).where(Sheet.nomination_id == candidate.id, Sheet.submitted_at.is_not(None)).order_by(Sheet.id)
    ).first()
    db.session.add(Mark(sheet_id=sheet.id, indicator="A2", round=2, value=Decimal("6.5"), saved_at=here.now))
    db.session.execute(
        update(Mark).where(Mark.sheet_id == sheet.id, Mark.indicator == "A3").values(panel_note="angka tahun lalu")
    )
    db.session.commit()
    text = text_of(opened(app, "organiser-1", "candidates/99.01"))
    assert "recused from this candidate" in text
    assert "the sheet is not submitted" in text
    assert "of the first scoring, replaced by the second" in text
    assert "Condition not met" in text
    assert "The run is older than its inputs" in text
    assert "Note for the panel: angka tahun lalu" in text
    assert "Abstained: tidak tahu" in text


def test_the_ranking_leads_to_every_candidate(app, here):
    fail_gate(here, nominations(here)[2])
    run(here)
    text = text_of(signed_in(app, "organiser-1").get(RANKING))
    for code in ("99.01", "99.02", "99.03"):
        assert f'href="{RANKING}/candidates/{code}"' in text


def test_there_is_no_page_of_a_candidate_that_does_not_exist(app, here):
    run(here)
    assert opened(app, "organiser-1", "candidates/99.77").status_code == 404


def test_a_trimmed_mean_leaves_out_one_lowest_and_one_highest_mark(app, here):
    rubric = rubric_of(category_of(here))
    rubric.panel_aggregate = "trimmed_mean"
    db.session.commit()
    run(here)
    text = text_of(opened(app, "organiser-1", "candidates/99.01"))
    assert text.count("(lowest, dropped)") == text.count("(highest, dropped)") == len(judged(rubric))
