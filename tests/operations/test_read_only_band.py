"""While nothing is stored, the pages say so at the top: to everybody, and nowhere where it would outlast that time."""

from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import text

from paritrana.audit import halt
from paritrana.database import db
from paritrana.publication.static_site.writer import export
from tests.factories import world
from tests.factories_results import contest, publish
from tests.home.conftest import visit  # noqa: F401 - the fixture

BAND = "Read only: nothing can be saved at the moment, reading goes on."
PUBLIC = ("/", "/cycles", "/winners", "/verify", "/sign-in", "/data", "/no-such-page")
PEOPLE = {
    "nominee-1": ("/home", "/nominations"),
    "assessor-3": ("/home", "/assessments", "/profile"),
    "chair": ("/home",),
    "verifier-1": ("/home", "/verification"),
    "organiser-1": ("/home", "/manage/contoh-2025", "/no-such-page"),
    "auditor": ("/home", "/audit/contoh-2025"),
    "administrator": ("/home", "/system", "/system/read-only"),
}


def page(client, address: str) -> str:
    """The text of a page in English, whatever its status."""
    text_of: str = client.get(address, query_string={"lang": "en"}).get_data(as_text=True)
    assert "</footer>" in text_of, address
    return text_of


@pytest.fixture
def here(app, db_session):
    return world()


def stop(here) -> halt.Halt:
    begun = halt.halt(halt.BY_HAND, at=here.now)
    db.session.commit()
    return begun


def test_everybody_reads_on_every_page_that_nothing_is_stored_until_that_is_over(app, client, here, visit):  # noqa: F811 - the fixture
    people = {name: visit(name) for name in PEOPLE}

    def without() -> list[str]:
        found = [address for address in PUBLIC if page(client, address).count(BAND) != 1]
        for name, addresses in PEOPLE.items():
            found += [
                f"{name} {address}" for address in addresses if page(people[name].client, address).count(BAND) != 1
            ]
        return found

    total = len(PUBLIC) + sum(map(len, PEOPLE.values()))
    assert len(without()) == total
    begun = stop(here)
    assert without() == []
    halt.lift(begun, actor=here.actor("auditor"), at=here.now)
    db.session.commit()
    assert len(without()) == total


def test_a_refused_change_says_it_too(client, here, visit):  # noqa: F811 - the fixture
    stop(here)
    answer = visit("organiser-1").send("/manage/contoh-2025/deadlines/kabkota")
    assert (answer.status_code, answer.get_data(as_text=True).count(BAND)) == (503, 1)
    answer = client.post("/verify?lang=en", headers={"Sec-Fetch-Site": "cross-site"})
    assert (answer.status_code, answer.get_data(as_text=True).count(BAND)) == (403, 1)  # of somebody without a session


def test_a_page_of_somebody_signed_in_asks_nothing_more_for_it(app, here, visit, statements):  # noqa: F811 - the fixture
    organiser = visit("organiser-1")
    for _time in (1, 2):
        with statements() as sent:
            organiser.read("/home")
    assert [one for one in sent if "halt" in one and "sign_in_session" not in one] == []
    assert sum("FROM halt" in one for one in sent) == 1


def test_what_answers_without_a_page_asks_nothing(client, here, statements):
    with statements() as sent:
        assert client.get("/healthz").status_code == 200
    assert [one for one in sent if "halt" in one] == []


def test_what_a_device_keeps_does_not_say_it(here, visit):  # noqa: F811 - the fixture
    assessor = visit("assessor-3")
    stop(here)
    assert BAND in page(assessor.client, "/assessments")
    copy = assessor.client.get("/assessments", query_string={"lang": "en", "copy": "device"}).get_data(as_text=True)
    assert BAND not in copy


def test_a_folder_of_the_public_pages_does_not_say_it(app: Flask, client, db_session, tmp_path: Path):
    publish(contest(4))
    db.session.commit()
    export(app, tmp_path / "before")
    halt.halt(halt.BY_HAND, at=app.extensions["clock"].now())
    db.session.commit()
    assert BAND in page(client, "/cycles")
    export(app, tmp_path / "copy")
    pages = sorted((tmp_path / "copy").rglob("*.html"))
    assert len(pages) > 10
    assert [one.name for one in pages if "p-band--locked" in one.read_text(encoding="utf-8")] == []
    for one in pages:
        assert one.read_bytes() == (tmp_path / "before" / one.relative_to(tmp_path / "copy")).read_bytes()


@pytest.mark.parametrize("engine_name", ["sqlite"], indirect=True)
def test_a_page_that_needs_no_database_is_shown_without_one(app, client, db_session):
    db.session.execute(text("ALTER TABLE halt RENAME TO elsewhere"))
    db.session.commit()
    try:
        answer = client.get("/verify", query_string={"lang": "en"})
        assert (answer.status_code, BAND in answer.get_data(as_text=True)) == (200, False)
    finally:
        db.session.execute(text("ALTER TABLE elsewhere RENAME TO halt"))
        db.session.commit()
