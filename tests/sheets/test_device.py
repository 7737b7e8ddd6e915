"""What a device gets to work without a network: the worker, the manifest, and copies of its own pages alone."""

import gzip
import json
import re
from pathlib import Path

import pytest

from paritrana.sheets.device import COPY, SCRIPTS
from tests.factories import world
from tests.interviews.stages import shortlisted
from tests.nominations.pages import text_of
from tests.sheets.desks import opened

STATIC = Path(__file__).resolve().parents[2] / "paritrana" / "static"


@pytest.fixture
def here(app, db_session):
    return world()


@pytest.fixture
def candidate(here, clock):
    found = shortlisted(here, clock, 1)[0]
    opened(here, found)
    return found


def test_the_worker_names_every_file_of_its_version(client):
    answer = client.get("/sw.js")
    assert answer.mimetype == "text/javascript"
    assert answer.headers["Cache-Control"] == "no-cache"
    release = json.loads(re.match(r"const RELEASE = (\{.*\});\n", answer.get_data(as_text=True))[1])
    assert {address.rpartition("/")[2].partition("?")[0] for address in release["assets"]} >= set(SCRIPTS)
    for address in release["assets"]:
        assert "?v=" in address
        found = client.get(address)
        assert found.status_code == 200
        found.close()


def test_scripts_of_the_sheet_and_the_worker_stay_within_their_weight():
    weight = sum(len(gzip.compress((STATIC / name).read_bytes(), 9)) for name in (*SCRIPTS, "sw.js"))
    assert weight <= 40_000


def test_the_manifest_can_be_installed(client):
    told = json.loads(client.get("/manifest.webmanifest").data)
    assert (told["start_url"], told["display"]) == ("/assessments", "standalone")
    icon = client.get(told["icons"][0]["src"])
    assert icon.mimetype == "image/svg+xml"
    icon.close()


def test_the_answer_without_a_network_is_for_nobody_in_particular(client, candidate, door):
    page = client.get("/offline").data
    assert door().get("/offline").data == page
    assert "Tidak tersambung" in page.decode()
    assert "No connection" in page.decode()


def test_a_page_becomes_a_copy_only_where_it_is_marked_for_its_person(here, candidate, door):
    client, me = door(), here.accounts["assessor-3"].ref
    sheet = f"/assessments/{candidate.ref}/sheet"
    for address in ("/assessments", "/assessments/offline", f"{sheet}/merge", f"{sheet}?copy=device"):
        answer = client.get(address)
        assert (answer.status_code, answer.headers[COPY]) == (200, me), address
    for address in (sheet, f"{sheet}/check", "/home", f"{sheet}/receipt"):
        assert COPY not in client.get(address).headers, address


def test_the_copy_of_a_sheet_holds_counts_and_no_documents(here, candidate, door):
    client = door()
    address = f"/assessments/{candidate.ref}/sheet"
    whole, copy = client.get(address), client.get(f"{address}?copy=device")
    assert re.search(r"/documents/\d+/file", whole.get_data(as_text=True))
    assert not re.search(r"/documents/\d+/file", copy.get_data(as_text=True))
    said = "Ini salinan di perangkat Anda"
    assert said in text_of(copy)
    assert said not in text_of(whole)


def test_who_has_no_sheet_has_nothing_to_merge(candidate, door):
    assert door("assessor-4").get(f"/assessments/{candidate.ref}/sheet/merge").status_code == 404
