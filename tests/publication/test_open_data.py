"""The files of open data say what the pages say, by their schemas, and hold no formula."""

import base64
import csv
import hashlib
import io
import json
from decimal import Decimal
from xml.etree import ElementTree as ET

import jsonschema
import openpyxl
import pytest
from sqlalchemy import update

from paritrana.core.bundle import compare, parse
from paritrana.database import db
from paritrana.publication.site.datasets import DATASETS
from paritrana.publication.site.schemas import NAMES
from paritrana.reference.models import Organisation
from tests.factories_results import contest, fail_gate, nominations, publish
from tests.nominations.pages import text_of
from tests.publication.real import real  # noqa: F401 - a fixture

RESULT = "/cycles/contoh-2025/results/kabkota"
TABLE = "/api/v1/results/contoh-2025/kabkota"
ATOM = "{http://www.w3.org/2005/Atom}"


@pytest.fixture
def here(app, db_session):
    return contest(4)


def csv_rows(answer):
    text = answer.get_data().decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(text), delimiter=";"))


def sheet_rows(answer, name="data"):
    book = openpyxl.load_workbook(io.BytesIO(answer.get_data()))
    head, *rows = book[name].iter_rows()
    return [{key.value: cell.value for key, cell in zip(head, row, strict=True)} for row in rows], book


def schema_of(client, name):
    found = json.loads(client.get(f"/data/schemas/{name}.json").get_data())
    jsonschema.Draft202012Validator.check_schema(found)
    return jsonschema.Draft202012Validator(found)


def number(text):
    return Decimal(text.replace(",", "."))


# A result -----------------------------------------------------------------------------------------------------------


def test_csv_workbook_json_and_page_have_the_same_rows(here, client):
    made = publish(here)
    comma = csv_rows(client.get(RESULT + ".csv"))
    sheet, _book = sheet_rows(client.get(RESULT + ".xlsx"))
    machine = json.loads(client.get(TABLE).get_data())
    assert machine["row_count"] == len(machine["rows"]) == len(comma) == len(sheet) == len(made.table["rows"])
    page = text_of(client.get(RESULT, query_string={"lang": "en"}))
    for row, one, cells, said in zip(made.table["rows"], comma, sheet, machine["rows"], strict=True):
        # Apart from its rows a spreadsheet program must not take a code for a number.
        assert said["candidate"] == one["candidate"].removeprefix("'") == cells["candidate"] == row["candidate"]
        assert said["rank"] == int(one["rank"]) == cells["rank"] == row["rank"]
        assert Decimal(said["total"]) == number(one["total"]) == Decimal(str(cells["total"])) == Decimal(row["total"])
        assert f'<strong class="p-total">{said["total"]}</strong>' in page
        for code, points in row["points"].items():
            assert said[f"points_{code}"] == points
            assert number(one[f"points_{code}"]) == Decimal(str(cells[f"points_{code}"])) == Decimal(points)
        assert list(said) == sorted(one)  # the file is canonical, so its keys are sorted


def test_the_table_and_the_bundle_follow_their_schemas(here, client):
    fail_gate(here, nominations(here)[3])
    made = publish(here)
    bundle = json.loads(client.get(RESULT + ".json").get_data())
    schema_of(client, "paritrana-ranking-1").validate(bundle)
    machine = json.loads(client.get(TABLE).get_data())
    table = schema_of(client, "paritrana-table-1")
    table.validate(machine)
    assert machine["simulated"] is True
    assert machine["publication"]["bundle_sha256"] == made.digest
    assert machine["$schema"].endswith("/data/schemas/paritrana-table-1.json")
    # The control: what the schema does not know, and what is no text, is refused.
    with pytest.raises(jsonschema.ValidationError):
        table.validate(machine | {"more": 1})
    with pytest.raises(jsonschema.ValidationError):
        table.validate(machine | {"rows": [machine["rows"][0] | {"total": 1.5}]})
    assert compare(parse(client.get(RESULT + ".json").get_data())) == []


def test_a_bundle_that_the_program_refuses_is_refused_by_its_schema(here, client):
    publish(here)
    whole = json.loads(client.get(RESULT + ".json").get_data())
    schema = schema_of(client, "paritrana-ranking-1")
    for change in (
        {"format": "paritrana-ranking/2"}, {"more": 1}, {"marks": None}, {"candidates": [{"code": "a b", "name": "A"}]},
        {"rubric": whole["rubric"] | {"total": 100}},
    ):  # fmt: skip
        with pytest.raises(jsonschema.ValidationError):
            schema.validate(whole | change)


def test_every_file_names_its_rows_and_its_digest_and_is_the_same_again(here, client):
    publish(here)
    for address in (RESULT + ".csv", RESULT + ".xlsx", TABLE):
        answer, again = client.get(address), client.get(address)
        assert answer.headers["X-Row-Count"] == "4"
        digest = base64.b64encode(hashlib.sha256(answer.get_data()).digest()).decode()
        assert answer.headers["Repr-Digest"] == f"sha-256=:{digest}:"
        assert answer.get_data() == again.get_data()
        assert 'filename="contoh-2025-kabkota.' in answer.headers["Content-Disposition"]
        english = client.get(address, query_string={"lang": "en"})
        assert english.get_data() == answer.get_data()


def test_the_workbook_explains_its_columns_and_names_the_bundle(here, client):
    made = publish(here)
    _rows, book = sheet_rows(client.get(RESULT + ".xlsx"))
    about = {row[0].value: row[1].value for row in book["about"].iter_rows()}
    assert about["bundle_sha256"] == made.digest
    assert about["rows"] == 4
    assert about["simulated"] is True
    columns = {row[0].value: (row[1].value, row[2].value) for row in book["columns"].iter_rows()}
    assert columns["total"] == ("Jumlah poin", "Points in total")


def test_a_name_that_looks_like_a_formula_stays_a_text(here, client):
    evil = '=HYPERLINK("http://contoh.test";"x")'
    db.session.execute(update(Organisation).where(Organisation.region_code == "99.01").values(name=evil))
    db.session.commit()
    publish(here)
    raw = client.get(RESULT + ".csv").get_data().decode("utf-8-sig")
    assert "'=HYPERLINK" in raw
    book = openpyxl.load_workbook(io.BytesIO(client.get(RESULT + ".xlsx").get_data()))
    kinds = {cell.data_type for row in book["data"].iter_rows() for cell in row}
    assert "f" not in kinds
    assert evil in {cell.value for row in book["data"].iter_rows() for cell in row}


# Published figures --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", list(DATASETS))
def test_a_dataset_is_the_same_in_every_form_and_follows_its_schema(real, name):  # noqa: F811
    client = real.test_client()
    comma, machine = csv_rows(client.get(f"/data/{name}.csv")), json.loads(client.get(f"/data/{name}.json").get_data())
    sheet, _book = sheet_rows(client.get(f"/data/{name}.xlsx"))
    schema_of(client, name).validate(machine)
    assert machine["row_count"] == len(machine["rows"]) == len(comma) == len(sheet) > 0
    text = [column.name for column in DATASETS[name].columns if column.kind == "text"]
    for one, cells, said in zip(comma, sheet, machine["rows"], strict=True):
        for column in text:
            assert said[column] == cells[column] == (one[column].removeprefix("'") or None)
    assert client.get(f"/data/{name}.csv").headers["X-Row-Count"] == str(len(comma))


def test_the_page_lists_every_dataset_with_its_rows_and_every_schema(real):  # noqa: F811
    client = real.test_client()
    text = client.get("/data", query_string={"lang": "en"}).get_data(as_text=True)
    for name in DATASETS:
        assert f'href="/data/{name}.csv"' in text
    assert ">142<" in text
    for name in NAMES:
        assert f'href="/data/schemas/{name}.json"' in text
        assert client.get(f"/data/schemas/{name}.json").mimetype == "application/schema+json"
    assert "Cahya DSN" in client.get("/data/regions-licence.txt").get_data(as_text=True)
    for address in ("/data/nothing.csv", "/data/nothing.json", "/data/nothing.xlsx", "/data/schemas/nothing.json"):
        assert client.get(address).status_code == 404


# The feed -----------------------------------------------------------------------------------------------------------


def test_the_feed_is_atom_and_has_an_entry_for_every_publication(here, client):
    empty = ET.fromstring(client.get("/data/publications.atom").get_data())  # noqa: S314 - our own
    assert empty.findall(f"{ATOM}entry") == []
    made = publish(here)
    answer = client.get("/data/publications.atom")
    assert answer.mimetype == "application/atom+xml"
    feed = ET.fromstring(answer.get_data())  # noqa: S314 - our own
    assert feed.tag == f"{ATOM}feed"
    for part in ("id", "title", "updated"):
        assert feed.findtext(f"{ATOM}{part}")
    assert feed.find(f"{ATOM}author/{ATOM}name") is not None
    (entry,) = feed.findall(f"{ATOM}entry")
    assert entry.findtext(f"{ATOM}id") == "tag:localhost,2026:contoh-2025/kabkota/1"
    assert entry.findtext(f"{ATOM}title").startswith("SIMULASI: ")
    assert made.digest in entry.findtext(f"{ATOM}summary")
    assert entry.findtext(f"{ATOM}updated") == feed.findtext(f"{ATOM}updated")
    address = entry.find(f"{ATOM}link").get("href")
    assert address == f"http://localhost{RESULT}"
    assert client.get(address.removeprefix("http://localhost")).status_code == 200
