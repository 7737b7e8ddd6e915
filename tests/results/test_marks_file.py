"""All marks of a category as files: the same rows as a run counts, whoever may have them, safe in a spreadsheet."""

import base64
import csv
import hashlib
import io
import json
from decimal import Decimal

import pytest

from paritrana.core.lifecycle import State
from paritrana.database import db
from paritrana.results import queries
from paritrana.sheets.models import Mark, Sheet
from tests.factories import world
from tests.factories_results import category_of, contest, nominations, publish, recuse, run, seal

PAGE = "/manage/contoh-2025/ranking/kabkota"


@pytest.fixture
def here(app, db_session):
    return contest(4, value=lambda no, assessor, code: None if (no, assessor) == (1, 2) else Decimal("9.50") - no)


def fetch(client, form, **query):
    return client.get(f"{PAGE}/marks.{form}", query_string={"lang": "en", **query})


def table(answer):
    """Head, rows and the lines below the table of a CSV file."""
    text = answer.get_data().decode("utf-8-sig")
    lines = list(csv.reader(io.StringIO(text, newline=""), delimiter=";"))
    gap = lines.index([])
    return lines[0], lines[1:gap], dict(lines[gap + 1 :])


def counted(marks):
    """The rows that count in the form of the marks of a bundle."""
    return sorted(
        (one["candidate"], one["indicator"], one["assessor"], one["value"], one["reason"])
        for one in marks
        if one["counts"]
    )


def in_bundle(stored):
    marks = json.loads(stored.bundle)["marks"]
    return sorted(
        (one["candidate"], one["indicator"], one["assessor"], one["value"], one.get("reason")) for one in marks
    )


def test_the_rows_are_the_marks_of_the_run(here, door):
    stored = run(here)
    answer = fetch(door("organiser-1"), "json")
    assert (answer.status_code, answer.mimetype) == (200, "application/json")
    data = answer.json
    assert data["run"] == {"no": stored.no, "digest": stored.digest}
    assert data["row_count"] == len(data["rows"]) == 4 * 9 * 7
    assert counted(data["rows"]) == in_bundle(stored)
    assert {one["reason"] for one in data["rows"] if one["value"] is None} == {"abstained"}


def test_whoever_is_recused_stands_without_values_as_in_the_run(here, door):
    recuse(here, "assessor-3", nominations(here)[0])
    withdrawn = db.session.query(Sheet).filter_by(nomination_id=nominations(here)[2].id).order_by(Sheet.id).first()
    withdrawn.withdrawn_at = here.now
    db.session.commit()
    stored = run(here)
    rows = fetch(door("organiser-1"), "json").json["rows"]
    assert counted(rows) == in_bundle(stored)
    out = [one for one in rows if one["reason"] == "recused"]
    assert len(out) == 2 * 7
    assert {one["value"] for one in out} == {None}


def test_sheets_that_are_not_submitted_and_unmarked_leaves_are_left_out(here, door):
    sheet = db.session.query(Sheet).order_by(Sheet.id).first()
    sheet.submitted_at = sheet.digest = sheet.receipt_no = None
    last = db.session.query(Mark).order_by(Mark.id.desc()).first()
    last.value = None
    db.session.commit()
    stored = run(here)
    data = fetch(door("organiser-1"), "json").json
    assert data["row_count"] == 4 * 9 * 7 - 7 - 1
    assert counted(data["rows"]) == in_bundle(stored)


def test_a_later_round_takes_the_place_of_an_earlier_one(here, door):
    first = db.session.query(Mark).order_by(Mark.id).first()
    db.session.add(Mark(sheet_id=first.sheet_id, indicator=first.indicator, round=2, value=Decimal("3.25"),
                        reason=None, saved_at=here.now))  # fmt: skip
    db.session.commit()
    stored = run(here)
    rows = fetch(door("organiser-1"), "json").json["rows"]
    assert counted(rows) == in_bundle(stored)
    one, other = (row for row in rows if row["sheet"] == first.sheet.ref and row["indicator"] == first.indicator)
    assert [(row["round"], row["value"], row["counts"]) for row in (one, other)] == [
        (1, "9.50", False), (2, "3.25", True),
    ]  # fmt: skip


def test_rows_stand_by_candidate_assessor_indicator_and_round(here, door):
    data = fetch(door("organiser-1"), "json").json
    assert data["order"] == ["candidate", "assessor", "indicator", "round"]
    places = {one.code: one.position for one in category_of(here).rubric.indicators}
    keys = [(one["candidate"], one["assessor"], places[one["indicator"]], one["round"]) for one in data["rows"]]
    assert keys == sorted(keys)


def test_both_files_say_the_same(here, door):
    stored = run(here)
    client = door("organiser-1")
    rows, answer = fetch(client, "json").json["rows"], fetch(client, "csv")
    head, lines, below = table(answer)
    assert answer.mimetype == "text/csv"
    assert answer.get_data().startswith(b"\xef\xbb\xbf")
    assert head == ["Candidate", "Name", "Assessor", "Name of the assessor", "Indicator", "Round", "Mark", "Reason",
                    "Note", "Counts", "Sheet", "Submitted", "Version"]  # fmt: skip
    assert [
        ("'" + one["candidate"], one["candidate_name"], one["assessor"], one["assessor_name"], one["indicator"],
         str(one["round"]), (one["value"] or "").replace(".", ","), {"abstained": "Abstained", None: ""}[one["reason"]],
         one["note"], "Yes", one["sheet"], one["submitted_at"], str(one["version"]))
        for one in rows
    ] == [tuple(line) for line in lines]  # fmt: skip
    assert below["Rows"] == str(len(rows))
    assert (below["Run"], below["Digest of the run (SHA-256)"]) == (str(stored.no), stored.digest)
    above, _gap, _rest = answer.get_data().partition(b"\r\n\r\n")
    assert below["Digest of the lines above (SHA-256)"] == hashlib.sha256(above + b"\r\n").hexdigest()


def test_a_file_tells_its_rows_run_and_digest_in_its_headers(here, door):
    stored = run(here)
    client = door("organiser-1")
    for form in ("csv", "json"):
        answer = fetch(client, form)
        digest = base64.b64encode(hashlib.sha256(answer.get_data()).digest()).decode()
        assert answer.headers["Repr-Digest"] == f"sha-256=:{digest}:"
        assert answer.headers["X-Row-Count"] == str(4 * 9 * 7)
        assert (answer.headers["X-Run"], answer.headers["X-Run-Digest"]) == ("1", stored.digest)
        assert int(answer.headers["Content-Length"]) == len(answer.get_data())
        assert answer.headers["Content-Disposition"] == f'attachment; filename="contoh-2025-kabkota-marks.{form}"'
        assert "no-store" in answer.headers["Cache-Control"]


def test_the_digest_in_the_json_file_is_that_of_its_rows(here, door):
    raw = fetch(door("organiser-1"), "json").get_data()
    rows = raw.split(b'\n"rows":[\n')[1].split(b"\n],\n")[0]
    assert json.loads(raw)["rows_sha256"] == hashlib.sha256(rows).hexdigest()


def test_before_the_first_run_the_file_names_none(here, door):
    client = door("organiser-1")
    answer = fetch(client, "json")
    assert answer.json["run"] is None
    assert "X-Run" not in answer.headers
    assert table(fetch(client, "csv"))[2]["Run"] == ""


def test_a_category_without_sheets_gives_an_empty_table(app, db_session, door):
    here = world(state=State.PLENARY)
    client = door("organiser-1")
    assert fetch(client, "json").json["rows"] == []
    head, lines, below = table(fetch(client, "csv"))
    assert (len(head), lines, below["Rows"]) == (13, [], "0")
    assert list(queries.marks_of(category_of(here))) == []


def test_a_sealed_category_names_its_sealed_run(here, door):
    sealed = seal(here)
    assert fetch(door("organiser-1"), "json").json["run"]["digest"] == sealed.digest


def test_what_people_wrote_is_no_formula(here, door):
    nominations(here)[0].organisation.name = '=HYPERLINK("//contoh.test";"x")'
    mark = db.session.query(Mark).filter_by(reason="abstained").first()
    mark.abstain_note = "+1 tidak tahu"
    db.session.commit()
    client = door("organiser-1")
    _head, lines, _below = table(fetch(client, "csv"))
    cells = {cell for line in lines for cell in line}
    assert '\'=HYPERLINK("//contoh.test";"x")' in cells
    assert "'+1 tidak tahu" in cells
    assert not [one for one in cells if one.startswith(("=", "+", "-", "@"))]
    assert '=HYPERLINK("//contoh.test";"x")' in {one["candidate_name"] for one in fetch(client, "json").json["rows"]}


@pytest.mark.parametrize(
    ("name", "status"),
    [("nominee-1", 404), ("verifier-1", 404), ("administrator", 404), ("assessor-3", 200), ("chair", 200),
     ("organiser-2", 200), ("auditor", 422)],
)  # fmt: skip
@pytest.mark.parametrize("form", ["csv", "json"])
def test_who_gets_the_marks(here, door, name, status, form):
    assert fetch(door(name), form).status_code == status


@pytest.mark.parametrize(("name", "status"), [("organiser-1", 409), ("assessor-3", 404)])
def test_nobody_but_the_chair_gets_them_while_scoring_goes_on(app, db_session, door, name, status):
    contest(2, state=State.SCORING)
    assert fetch(door(name), "csv").status_code == status
    assert fetch(door("chair"), "csv").status_code == 200


def test_whoever_is_in_conflict_in_the_category_gets_none(here, door):
    recuse(here, "assessor-3", nominations(here)[3])
    assert fetch(door("assessor-3"), "json").status_code == 404


def test_the_public_signs_in_before_publication_and_reads_codes_after(here, client):
    assert fetch(client, "csv").status_code in {302, 303, 401, 404}
    publish(here)
    rows = fetch(client, "json").json["rows"]
    assert len(rows) == 4 * 9 * 7
    assert {one["assessor_name"] for one in rows} == {None}
    assert {one["note"] for one in rows} == {None}
    text = fetch(client, "csv").get_data(as_text=True)
    assert "Assessor 3" not in text
    assert "tidak tahu" not in text


def test_an_auditor_says_why_and_the_log_keeps_every_file(here, door, capfd):
    client = door("auditor")
    assert "Your reason is kept" in fetch(client, "csv").get_data(as_text=True)
    capfd.readouterr()
    answer = fetch(client, "csv", reason="review of the panel")
    assert answer.status_code == 200
    lines = [json.loads(one) for one in capfd.readouterr().err.splitlines() if '"exported"' in one]
    assert [(one["act"], one["form"], one["rows"], one["reason"]) for one in lines] == [
        ("see_others_marks", "csv", 4 * 9 * 7, "review of the panel")
    ]
    assert lines[0]["digest"] == hashlib.sha256(answer.get_data()).hexdigest()


def test_the_ranking_page_leads_to_the_files_of_whoever_may_have_them(here, door):
    run(here)
    text = door("organiser-1").get(PAGE).get_data(as_text=True)
    assert f'href="{PAGE}/marks.csv"' in text
    assert f'href="{PAGE}/marks.json"' in text
    kept = door("auditor").get(PAGE, query_string={"reason": "review"}).get_data(as_text=True)
    assert f'href="{PAGE}/marks.csv?reason=review"' in kept


@pytest.mark.parametrize("count", [5, 60])
def test_a_file_takes_the_same_statements_whatever_the_number_of_marks(app, db_session, statements, door, count):
    contest(count)
    client = door("chair")
    for form in ("csv", "json"):
        with statements() as sent:
            assert fetch(client, form).status_code == 200
        selects = [one for one in sent if one.lstrip("( ").upper().startswith(("SELECT", "DECLARE"))]
        assert len(selects) == 13, "\n".join(selects)
