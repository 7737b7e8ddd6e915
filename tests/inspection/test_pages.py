"""The audit pages: who sees which part of the record, what the filters find, and what leaves as a file."""

import io
import json
import zipfile
from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient

from paritrana.audit import service as audit
from paritrana.audit.checkpoints import Office
from paritrana.core.lifecycle import State
from paritrana.database import db
from paritrana.inspection import verify_audit
from paritrana.nominations.service import submit
from tests.factories import NOW, World, sign_in, world
from tests.factories_results import contest, run
from tests.inspection.history import sign_all
from tests.nominations.pages import filled

Door = Callable[[str], FlaskClient]
HERE = "/audit/contoh-2025"


@pytest.fixture
def office(make_app: Callable[..., Flask]) -> tuple[Flask, Office]:
    """An application with an office of its own: what it keeps outside is no other test's."""
    app = make_app()
    return app, Office.of(app.extensions["settings"])


@pytest.fixture
def door(office: tuple[Flask, Office]) -> Door:
    """`door(name)` signs a person of the world in."""

    def enter(name: str) -> FlaskClient:
        client = office[0].test_client()
        sign_in(client, name)
        return client

    return enter


@pytest.fixture
def here(office: tuple[Flask, Office]) -> Iterator[World]:
    """A category in the plenary with a computed run, and everything signed."""
    with office[0].app_context():
        made = contest(2, state=State.PLENARY)
        run(made)
        sign_all(office[1], NOW)
        yield made


def text(client: FlaskClient, address: str, status: int = 200) -> str:
    answer = client.get(address)
    assert answer.status_code == status, answer.get_data(as_text=True)[:2000]
    return answer.get_data(as_text=True)


def test_an_auditor_reads_both_records(here: World, door: Door) -> None:
    auditor = door("auditor")
    page = text(auditor, f"{HERE}?lang=en")
    assert "whole up to #" in page
    assert "<svg" in page
    page = text(auditor, f"{HERE}/events?lang=en")
    assert "Seat given" in page
    assert "Category added" in page
    assert "Run computed" in page
    page = text(auditor, f"{HERE}/runs?lang=en")
    assert "Computed runs" in page
    assert page.count("p-break") >= 1


def test_an_organiser_reads_the_record_of_nominations_alone(here: World, door: Door) -> None:
    page = text(door("organiser-1"), f"{HERE}/events?lang=en")
    assert "Category added" in page
    assert "Seat given" not in page
    assert door("organiser-1").get(f"{HERE}/runs").status_code == 403


def test_a_chair_sees_that_something_happened_and_not_what(here: World, door: Door) -> None:
    chair = door("chair")
    page = text(chair, f"{HERE}/events?lang=en")
    assert "Seat given" in page
    assert "not shown" in page
    assert "SK 1/2026" not in page
    assert "No event fits" in text(chair, f"{HERE}/events?person=chair&lang=en")
    assert "Category added" not in page


@pytest.mark.parametrize("name", ["nominee-1", "verifier-1", "assessor-3", "administrator"])
def test_others_find_no_audit_trail(here: World, door: Door, name: str) -> None:
    for page in ("", "/events", "/runs", "/exports", "/exports/events.csv", "/exports/bundle.zip"):
        assert door(name).get(HERE + page).status_code == 404


@pytest.mark.parametrize(
    ("asked", "there", "gone"),
    [
        ("kind=seat.given", "J3", "Category added"),
        ("stream=intake", "Category added", "J3"),
        ("object=contoh-2025/kabkota/J3", "Seat given", "J4"),
        ("person=Organiser", "Run computed", "Seat given</th>"),
        ("from=2030-01-01", "No event fits", "kabkota/J3"),
        ("to=2020-01-01", "No event fits", "kabkota/J3"),
        ("from=nonsense&to=also", "Seat given", "No event fits"),
    ],
)
def test_filters_narrow_the_trail_down(here: World, door: Door, asked: str, there: str, gone: str) -> None:
    page = text(door("auditor"), f"{HERE}/events?lang=en&{asked}").partition("<tbody>")[2] or text(
        door("auditor"), f"{HERE}/events?lang=en&{asked}"
    )
    assert there in page
    assert gone not in page


def test_the_story_of_an_object_shows_before_and_after(here: World, door: Door) -> None:
    stream, actor = audit.judging("contoh-2025"), here.actor("assessor-3")
    for value in ("7.25", "8.00"):
        audit.record(
            stream, "mark.saved", actor, at=NOW, object_ref="L-1111-1111", indicator="A1", round=1, value=value,
            reason="Salah ketik." if value == "8.00" else None,
        )  # fmt: skip
    db.session.commit()
    page = text(door("auditor"), f"{HERE}/objects/mark/L-1111-1111?lang=en")
    assert "<del>7.25</del> → <ins>8.00</ins>" in page
    assert "Salah ketik." in page
    assert "Assessor 3" in page
    assert door("auditor").get(f"{HERE}/objects/mark/L-9999-9999").status_code == 404


def test_the_long_table_equals_the_page(here: World, door: Door) -> None:
    auditor = door("auditor")
    answer = auditor.get(f"{HERE}/exports/events.csv")
    rows = answer.get_data().decode("utf-8-sig").splitlines()
    assert len(rows) - 1 == int(answer.headers["X-Row-Count"])
    assert any("seat.given" in row for row in rows)
    assert answer.headers["X-Rows-Digest"]
    assert "Files of the audit trail" in text(auditor, f"{HERE}/exports?lang=en")


def test_an_auditor_says_why_and_gets_a_history_that_checks_itself(here: World, door: Door, tmp_path) -> None:
    auditor = door("auditor")
    assert "Why do you open this?" in text(auditor, f"{HERE}/exports/bundle.zip?lang=en", 422)
    answer = auditor.get(f"{HERE}/exports/bundle.zip?reason=pemeriksaan")
    assert answer.mimetype == "application/zip"
    path = tmp_path / "bundle.zip"
    path.write_bytes(answer.get_data())
    found = verify_audit.read_bundle(str(path))
    assert list(verify_audit.chain_faults(found)) == []
    assert found.manifest["reader"] == "auditor"
    with zipfile.ZipFile(io.BytesIO(answer.get_data())) as archive:
        assert "verify_audit.py" in archive.namelist()


def test_nobody_gets_the_texts_of_a_category_before_it_is_sealed(here: World, door: Door) -> None:
    for name in ("chair", "organiser-1"):
        assert door(name).get(f"{HERE}/exports/kabkota/bundle.zip?reason=x").status_code in {403, 409}


def test_anybody_keeps_the_checkpoints_of_nominations(here: World, office: tuple[Flask, Office], door: Door) -> None:
    public = office[0].test_client()
    page = text(public, f"{HERE}/checkpoints?lang=en")
    assert "Nominations, files and verification" in page
    assert "Panel, marks" not in page
    size = office[1].kept("contoh-2025/intake")[0][-1].split("\n")[1]
    note = text(public, f"{HERE}/checkpoints/intake/{size}.txt")
    assert note in office[1].kept("contoh-2025/intake")[0]
    size = office[1].kept("contoh-2025/judging")[0][-1].split("\n")[1]
    assert public.get(f"{HERE}/checkpoints/judging/{size}.txt").status_code == 404
    assert text(door("chair"), f"{HERE}/checkpoints/judging/{size}.txt") in office[1].kept("contoh-2025/judging")[0]
    assert public.get(f"{HERE}/checkpoints/intake/99999.txt").status_code == 404
    keys = json.loads(text(public, "/checkpoint-keys.json"))
    assert keys["keys"][0]["name"] == "localhost"


def test_the_public_gets_the_history_when_everything_is_published(
    office: tuple[Flask, Office], door: Door, tmp_path
) -> None:
    with office[0].app_context():
        world(state=State.PUBLISHED)
        sign_all(office[1], NOW)
    public = office[0].test_client()
    assert "Panel, marks" in text(public, f"{HERE}/checkpoints?lang=en")
    path = tmp_path / "public.zip"
    path.write_bytes(public.get(f"{HERE}/exports/public.zip").get_data())
    found = verify_audit.read_bundle(str(path))
    assert list(verify_audit.chain_faults(found)) == []
    revealed = {one.kind for events in found.streams.values() for one in events if one.body is not None}
    assert "category.added" in revealed
    assert "seat.given" not in revealed


def test_the_history_stays_closed_while_one_category_is_judged(office: tuple[Flask, Office]) -> None:
    with office[0].app_context():
        made = world(state=State.PUBLISHED, categories=("kabkota", "desa"))
        made.categories["desa"].state = int(State.SCORING)
        db.session.commit()
        sign_all(office[1], NOW)
    public = office[0].test_client()
    assert public.get(f"{HERE}/exports/public.zip").status_code == 404
    assert "Panel, marks" not in text(public, f"{HERE}/checkpoints?lang=en")


def test_the_history_of_a_sealed_category_holds_its_texts_alone(
    office: tuple[Flask, Office], door: Door, tmp_path
) -> None:
    with office[0].app_context():
        world(state=State.SEALED, categories=("kabkota", "desa"))
        sign_all(office[1], NOW)
    for name in ("chair", "organiser-1"):
        path = tmp_path / f"{name}.zip"
        path.write_bytes(door(name).get(f"{HERE}/exports/kabkota/bundle.zip?reason=serah").get_data())
        found = verify_audit.read_bundle(str(path))
        revealed = {one.object_ref for events in found.streams.values() for one in events if one.body is not None}
        assert "contoh-2025/kabkota/J3" in revealed
        assert "contoh-2025/desa/J3" not in revealed
        assert [*verify_audit.chain_faults(found), *verify_audit.table_faults(found)] == []


def test_organisers_say_which_offices_keep_checkpoints(here: World, door: Door) -> None:
    organiser = door("organiser-1")

    def post(way: str, **fields: str) -> int:
        page = text(organiser, f"{HERE}/checkpoints")
        token = page.partition('name="csrf_token" value="')[2].partition('"')[0]
        key = page.rpartition('name="idempotency_key" value="')[2].partition('"')[0]
        return organiser.post(
            HERE + way, data={"csrf_token": token, "idempotency_key": key, **fields},
            headers={"Sec-Fetch-Site": "same-origin"},
        ).status_code  # fmt: skip

    assert post("/witnesses", label="Inspektorat", address="arsip@contoh.test") == 303
    assert post("/witnesses", label="Sekali lagi", address="ARSIP@contoh.test") == 422
    assert post("/witnesses", label="Salah", address="tanpa alamat") == 422
    assert post("/witnesses", label="", address="") == 422
    page = text(organiser, f"{HERE}/checkpoints")
    assert "arsip@contoh.test" in page
    ref = page.partition("/witnesses/")[2].partition("/")[0]
    assert post(f"/witnesses/{ref}/end") == 303
    assert "arsip@contoh.test" not in text(organiser, f"{HERE}/checkpoints")
    assert post("/witnesses/W-0000-0000/end") == 404


def test_a_nominee_proves_that_the_own_submission_stands_in_the_record(
    office: tuple[Flask, Office], door: Door, tmp_path
) -> None:
    with office[0].app_context():
        made = world(state=State.OPEN)
        nomination = filled(made)
        ref = nomination.ref
        submit(nomination, actor=made.actor("nominee-1"), at=NOW)
        db.session.commit()
    nominee = door("nominee-1")
    assert nominee.get(f"/nominations/{ref}/proof.json").status_code == 409
    with office[0].app_context():
        sign_all(office[1], NOW + timedelta(hours=1))
    path = tmp_path / "proof.json"
    path.write_text(text(nominee, f"/nominations/{ref}/proof.json"))
    assert verify_audit.main(["--proof", str(path)]) == 0
    document = json.loads(path.read_text())
    document["event"]["object_ref"] = "N-0000-0000"
    path.write_text(json.dumps(document))
    assert verify_audit.main(["--proof", str(path)]) == 1
    assert door("nominee-2").get(f"/nominations/{ref}/proof.json").status_code == 404


def test_administrators_read_what_happened_to_the_machine(here: World, door: Door) -> None:
    audit.record(audit.SYSTEM, "account.closed", here.actor("administrator"), at=NOW, object_ref="U-1111-1111")
    db.session.commit()
    page = text(door("administrator"), "/system/events?lang=en")
    assert "Account closed" in page
    assert "U-1111-1111" in page
    assert door("auditor").get("/system/events").status_code == 404
