"""The reference files of `seed/` and their loader."""

import csv
import json
import shutil
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import event, func, select, update
from sqlalchemy.orm import Session

from paritrana.config import data_folder
from paritrana.core.contributions import read_rate
from paritrana.database import db
from paritrana.reference import models, queries
from paritrana.seeding.reference import LoadReport, load_reference, read_reference, read_scoresheet
from paritrana.seeding.rows import BadSeed

SEED = data_folder("seed")
COUNTS = {
    "sources.csv": 135,
    "regions.csv": 552,
    "contribution_rates.csv": 29,
    "targets.csv": 20,
    "coverage_published.csv": 140,
    "budgets_published.csv": 49,
    "plausibility_cases.csv": 53,
    "winners.csv": 142,
    "categories_by_year.csv": 73,
}


@pytest.fixture
def session(app: Flask) -> Iterator[Session]:
    with app.app_context():
        yield db.session()
        db.session.rollback()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the seed tables that a test may spoil."""
    for file in SEED.glob("*.csv"):
        shutil.copy(file, tmp_path)
    return tmp_path


def change(folder: Path, file: str, key: str, column: str, value: str) -> int:
    """Write `value` into one cell; returns the line the row stands on."""
    path = folder / file
    with path.open(encoding="utf-8", newline="") as opened:
        rows = list(csv.reader(opened))
    place = next(number for number, row in enumerate(rows) if key in row[:3])
    rows[place][rows[0].index(column)] = value
    with path.open("w", encoding="utf-8", newline="") as opened:
        csv.writer(opened, lineterminator="\n").writerows(rows)
    return place + 1


def changed_lines(change: Callable[[list[str]], list[str]], folder: Path, file: str) -> None:
    path = folder / file
    path.write_text("\n".join(change(path.read_text(encoding="utf-8").splitlines())) + "\n", encoding="utf-8")


def sentences(folder: Path) -> list[str]:
    with pytest.raises(BadSeed) as refused:
        read_reference(folder)
    return [str(error) for error in refused.value.errors]


def count(session: Session, model: type) -> int:
    return session.scalar(select(func.count()).select_from(model)) or 0


def test_every_file_arrives_whole(session: Session) -> None:
    report = load_reference(SEED, session=session)
    assert {file: stored.added for file, stored in report.files.items()} == COUNTS
    assert count(session, models.Region) == 552
    by_kind = select(models.Region.kind, func.count()).group_by(models.Region.kind)
    kinds = {row[0]: row[1] for row in session.execute(by_kind)}
    assert kinds == {"province": 38, "regency": 416, "city": 98}
    assert count(session, models.PastWinner) == 142


def test_a_second_load_changes_nothing(session: Session) -> None:
    load_reference(SEED, session=session)
    session.commit()
    again = load_reference(SEED, session=session)
    assert again.changes == 0
    assert {file: stored.same for file, stored in again.files.items()} == COUNTS


def test_a_load_repairs_the_row_that_differs_and_leaves_other_rows_alone(session: Session) -> None:
    load_reference(SEED, session=session)
    session.execute(
        update(models.PublishedCoverage).where(models.PublishedCoverage.key == "COV001").values(percent=Decimal("9.9"))
    )
    session.add(models.Source(key="OWN1", title="Own", publisher="Own", published=None, url=None, note=None))
    session.commit()
    again = load_reference(SEED, session=session)
    assert again.files["coverage_published.csv"].changed == 1
    assert again.changes == 1
    row = session.scalars(select(models.PublishedCoverage).where(models.PublishedCoverage.key == "COV001")).one()
    assert row.percent == Decimal("26.04")
    assert session.get(models.Source, "OWN1") is not None


def test_the_number_of_statements_does_not_grow_with_the_rows(session: Session) -> None:
    statements: list[str] = []
    engine = db.engine
    listener = lambda _c, _u, statement, *_: statements.append(statement)  # noqa: E731
    event.listen(engine, "before_cursor_execute", listener)
    try:
        load_reference(SEED, session=session)
        load_reference(SEED, session=session)
    finally:
        event.remove(engine, "before_cursor_execute", listener)
    assert len([text for text in statements if text.startswith("SELECT")]) == 2 * len(COUNTS)
    assert len(statements) < 60  # inserts go out in batches


def test_nothing_is_stored_when_one_row_of_the_last_file_is_bad(session: Session, folder: Path) -> None:
    change(folder, "categories_by_year.csv", "CAT001", "ranks", "many")
    with pytest.raises(BadSeed):
        load_reference(folder, session=session)
    assert count(session, models.Region) == 0
    assert count(session, models.Source) == 0


def test_a_row_that_clashes_with_a_stored_one_is_refused_without_a_trace(session: Session, folder: Path) -> None:
    load_reference(SEED, session=session)
    session.commit()
    change(folder, "targets.csv", "TGT002", "target_id", "TGT099")
    change(folder, "sources.csv", "S01", "note", "changed")
    with pytest.raises(BadSeed) as refused:
        load_reference(folder, session=session)
    assert str(refused.value.errors[0]).startswith("targets.csv: A row says the same as a row")
    assert session.get_one(models.Source, "S01").note is None
    assert count(session, models.TargetFigure) == 20


@pytest.mark.parametrize(
    ("file", "key", "column", "value", "reason"),
    [
        ("regions.csv", "35.03", "kind", "town", "“town” in “kind” is not in the list: province, regency, city."),
        ("regions.csv", "35.03", "tile_row", "1", "Only a province has a tile."),
        ("regions.csv", "35", "tile_label", "", "A province needs a tile: row, column and label."),
        ("regions.csv", "35.04", "name", "Kabupaten Trenggalek", "Line 246 already says this."),
        ("coverage_published.csv", "COV002", "row_id", "COV001", "The key COV001 already stands in line 2."),
        (
            "coverage_published.csv",
            "COV001",
            "as_of",
            "2024-02-30",
            "“2024-02-30” in “as_of” is no date such as 2025-12-31.",
        ),
        ("coverage_published.csv", "COV001", "as_of", "2024", "“2024” in “as_of” is no date such as 2025-12-31."),
        (
            "coverage_published.csv",
            "COV001",
            "participants",
            "70.470",
            "“70.470” in “participants” is no whole number in digits.",
        ),
        (
            "coverage_published.csv",
            "COV001",
            "percent",
            "26,04",
            "“26,04” in “percent” is no number with a decimal point.",
        ),
        ("coverage_published.csv", "COV001", "percent", "126.04", "“126.04” in “percent” lies outside 0 to 100."),
        ("coverage_published.csv", "COV001", "percent", "", "The percent and its kind do not fit together."),
        ("coverage_published.csv", "COV001", "region_code", "35.99", "There is no region with the code 35.99."),
        (
            "coverage_published.csv",
            "COV001",
            "region_code",
            "35.04",
            "The code 35.04 belongs to Kabupaten Tulungagung, not to this row.",
        ),
        (
            "coverage_published.csv",
            "COV001",
            "region_code",
            "",
            "A nation or group of provinces has no region code, every other area has one.",
        ),
        ("coverage_published.csv", "COV001", "source_key", "S01;S999", "There is no source with the key S999."),
        ("coverage_published.csv", "COV001", "region_name", "", "The column “region_name” may not be empty."),
        (
            "coverage_published.csv",
            "COV001",
            "note",
            "two\nlines",
            "The text in “note” has control characters, or blanks at its ends.",
        ),
        ("budgets_published.csv", "BUD001", "people", "", "The people and how exact they are do not fit together."),
        ("budgets_published.csv", "BUD001", "months", "13", "“13” in “months” lies outside 1 to 12."),
        ("contribution_rates.csv", "RATE09", "valid_to", "2024-02-01", "The rate ends before it starts."),
        ("contribution_rates.csv", "RATE09", "value", "0", "A rate is above zero, and a percent is at most 100."),
        ("contribution_rates.csv", "RATE09", "legal_basis", "", "The column “legal_basis” may not be empty."),
        ("targets.csv", "TGT005", "instrument", "rpjmn", "Line 3 already says this."),
        ("targets.csv", "TGT002", "value", "132.15", "A percent lies between 0 and 100."),
        ("winners.csv", "WIN001", "rank", "1", "The rank and its basis do not fit together."),
        ("winners.csv", "WIN001", "recipient_kind", "local_gov", "A regional government needs its region code."),
        (
            "categories_by_year.csv",
            "CAT001",
            "tier",
            "province",
            "A provincial award names its province, the national one names none.",
        ),
        (
            "plausibility_cases.csv",
            "PPU-2025",
            "expected_verdict",
            "inconsistent",
            "The verdict of the row is not the one that its rule gives.",
        ),
        ("plausibility_cases.csv", "PPU-2025", "inputs_json", "[1]", "“inputs_json” is no JSON object."),
        ("plausibility_cases.csv", "PPU-2025", "inputs_json", "{", "“inputs_json” is no JSON object."),
        (
            "plausibility_cases.csv",
            "PPU-2025",
            "inputs_json",
            "{}",
            "The inputs do not fit the plausibility rule budget_product.",
        ),
        ("sources.csv", "S01", "url", "javascript:alert(1)", None),
        ("sources.csv", "S01", "published", "2025-13", None),
        ("glossary.csv", "anugerah", "id_term", "penghargaan", "The key penghargaan already stands in line 2."),
        ("scoresheet_lombok_timur_ay2024.csv", "N1", "score", "7,75", None),
    ],
)
def test_a_bad_value_is_named_with_file_line_and_reason(
    folder: Path, file: str, key: str, column: str, value: str, reason: str | None
) -> None:
    line = change(folder, file, key, column, value)
    (found,) = sentences(folder)
    assert found.startswith(f"{file}, line {line}: ")
    assert reason is None or found == f"{file}, line {line}: {reason}"


def test_an_unknown_a_missing_and_a_double_column_are_named(folder: Path) -> None:
    changed_lines(lambda lines: [lines[0].replace("note", "remark"), *lines[1:]], folder, "winners.csv")
    changed_lines(lambda lines: [lines[0].replace("recipient,", "title,"), *lines[1:]], folder, "targets.csv")
    changed_lines(lambda lines: [lines[0].replace("metric", "year"), *lines[1:]], folder, "targets.csv")
    assert sentences(folder) == [
        "targets.csv, line 1: The column “year” is there twice.",
        "targets.csv, line 1: The column “metric” is missing.",
        "winners.csv, line 1: The column “remark” is unknown.",
        "winners.csv, line 1: The column “note” is missing.",
    ]


def test_a_short_row_an_empty_line_and_an_open_quotation_mark_are_named(folder: Path) -> None:
    changed_lines(lambda lines: [*lines, "S900,title"], folder, "sources.csv")
    changed_lines(lambda lines: [*lines[:2], "", *lines[2:]], folder, "targets.csv")
    changed_lines(lambda lines: [*lines, 'WIN900,"open'], folder, "winners.csv")
    assert sentences(folder) == [
        "sources.csv, line 137: The row has 2 fields instead of 6.",
        "targets.csv, line 3: The row has 0 fields instead of 14.",
        "winners.csv, line 144: The row is no CSV. Check its commas and quotation marks.",
    ]


def test_the_wrong_encoding_is_named_with_its_line(folder: Path) -> None:
    path = folder / "winners.csv"
    lines = path.read_bytes().split(b"\n")
    lines[4] += b"\xe9"
    path.write_bytes(b"\n".join(lines))
    marked = folder / "targets.csv"
    marked.write_bytes(b"\xef\xbb\xbf" + marked.read_bytes())
    assert sentences(folder) == [
        "targets.csv, line 1: The file starts with a byte-order mark. Save it as UTF-8 without one.",
        "winners.csv, line 5: The text is not UTF-8. Save the file as UTF-8.",
    ]


def test_a_missing_and_an_empty_file_are_named(folder: Path) -> None:
    (folder / "winners.csv").unlink()
    (folder / "glossary.csv").write_text("", encoding="utf-8")
    assert sentences(folder) == ["winners.csv: The file is missing.", "glossary.csv: The file is empty."]


def test_rows_that_refer_to_a_file_that_cannot_be_read_are_not_blamed(folder: Path) -> None:
    (folder / "regions.csv").unlink()
    assert sentences(folder) == ["regions.csv: The file is missing."]


def test_rows_that_refer_to_a_bad_row_are_not_blamed(folder: Path) -> None:
    line = change(folder, "sources.csv", "S01", "url", "no address")
    (found,) = sentences(folder)
    assert found.startswith(f"sources.csv, line {line}: ")


def test_the_mistakes_of_all_files_are_told_at_once_and_counted(folder: Path) -> None:
    change(folder, "regions.csv", "35.03", "timezone", "Asia/Tokyo")
    change(folder, "regions.csv", "35.04", "award_zone", "java")
    change(folder, "winners.csv", "WIN001", "rank_basis", "guessed")
    with pytest.raises(BadSeed) as refused:
        read_reference(folder)
    assert [error.file for error in refused.value.errors] == ["regions.csv", "regions.csv", "winners.csv"]
    assert refused.value.params == {"count": 3}


def test_the_rates_of_the_file_and_of_the_database_are_the_same(session: Session) -> None:
    load_reference(SEED, session=session)
    with (SEED / "contribution_rates.csv").open(encoding="utf-8", newline="") as opened:
        rows = [{**row, "source": ""} for row in csv.DictReader(opened)]
    assert list(queries.contribution_rates()) == [read_rate(row) for row in rows]


def test_the_scoresheet_adds_up_to_its_total() -> None:
    *parts, total = read_scoresheet(SEED)
    assert len(parts) == 7
    assert sum(part["score"] for part in parts) == total["score"] == Decimal("51.51")


def test_the_historical_cycle_and_its_bundle_carry_the_marks_of_the_scoresheet() -> None:
    cycle = json.loads((SEED / "cycles" / "ntb-2024.json").read_text(encoding="utf-8"))
    bundle = json.loads((SEED / cycle["bundle"]).read_text(encoding="utf-8"))
    scores = {
        row["indicator_code"]: str(row["score"]) for row in read_scoresheet(SEED) if row["row_kind"] == "indicator"
    }
    assert bundle["marks"] == cycle["marks"]
    assert {mark["indicator"]: mark["value"] for mark in cycle["marks"]} == scores
    assert bundle["cycle"] == {
        name: cycle[name] for name in ("code", "assessment_year", "edition_label", "tier", "region")
    }
    assert [row["total"] for row in bundle["result"]] == ["51.51"]


def test_the_report_counts_what_changed() -> None:
    assert LoadReport({}).changes == 0


def test_codes_places_and_numbers_that_do_not_belong_together_are_named(folder: Path) -> None:
    province = "A province has a code of two digits and no parent."
    regency = "The code of a regency or city is that of its province, a point and two digits."
    changes = [
        ("regions.csv", "35", "parent_code", "36", province),
        ("regions.csv", "35.03", "parent_code", "36", regency),
        ("regions.csv", "35.04", "parent_code", "", regency),
        ("targets.csv", "TGT006", "value", "30000000.5", "A number of people is a whole number."),
        ("winners.csv", "WIN051", "province_code", "35",
         "The recipient lies outside the province that gave the award."),
    ]  # fmt: skip
    lines = [change(folder, file, key, column, value) for file, key, column, value, _reason in changes]
    expected = [
        f"{file}, line {line}: {reason}"
        for (file, _key, _column, _value, reason), line in zip(changes, lines, strict=True)
    ]
    assert sorted(sentences(folder)) == sorted(expected)


def test_a_date_in_words_and_a_bad_scoresheet_are_named(folder: Path) -> None:
    line = change(folder, "sources.csv", "S01", "published", "last year")
    assert sentences(folder) == [
        f"sources.csv, line {line}: “last year” in “published” is no date, month or year such as 2025-12."
    ]
    line = change(folder, "scoresheet_lombok_timur_ay2024.csv", "N1", "score", "7,75")
    with pytest.raises(BadSeed) as refused:
        read_scoresheet(folder)
    (found,) = refused.value.errors
    assert (found.file, found.line) == ("scoresheet_lombok_timur_ay2024.csv", line)
