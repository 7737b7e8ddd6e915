"""A session and a database that fails: what accompanies an answer is given up, what the answer hands out is not."""

import json
import sqlite3
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from flask import Flask, Response
from sqlalchemy import func, select
from sqlalchemy.exc import OperationalError

from paritrana.accounts import queries
from paritrana.accounts.models import Account, SignInSession
from paritrana.app import set_up_logs
from paritrana.core.policy import Act
from paritrana.database import db
from paritrana.web.access import allowed
from tests.accounts.conftest import PASSWORD, Browser
from tests.accounts.failing import failing

ADDRESS = "sari@contoh.test"


@pytest.fixture
def engine_name() -> str:
    """What is done about a fault is the same on both engines."""
    return "sqlite"


@pytest.fixture
def sari(db_session: Any, make_account: Callable[..., Account]) -> Account:
    """Somebody who is no officer."""
    set_up_logs()
    return make_account("sari")


@pytest.fixture
def here(app: Flask, sari: Account) -> Browser:
    """A browser in which she is signed in, whose page is written already."""
    made = Browser(app)
    assert made.sign_in(ADDRESS).status_code == 303
    assert made.get("/home").status_code == 200
    return made


def logged(capsys: Any) -> list[dict[str, Any]]:
    """The lines of the log, but for those about what somebody looked at."""
    lines = [json.loads(line) for line in capsys.readouterr().err.splitlines() if line.startswith("{")]
    return [line for line in lines if line["event"] != "viewed"]


def test_a_page_is_shown_although_it_cannot_be_noted_when_it_was(here: Browser, clock: Any, capsys: Any):
    clock.advance(minutes=2)
    logged(capsys)
    with failing("UPDATE sign_in_session"):
        assert here.get("/home").status_code == 200
    (line,) = logged(capsys)
    assert (line["event"], line["fault"], line["cause"]) == ("session_not_stored", "no_space", "SQLITE_OF_THIS_TEST")
    with failing("UPDATE sign_in_session", sqlite3.SQLITE_ERROR), pytest.raises(OperationalError):
        here.get("/home")


def test_nobody_is_signed_in_where_the_session_cannot_be_stored(app: Flask, sari: Account, capsys: Any):
    visitor = Browser(app)
    with failing("INSERT INTO sign_in_session"):
        page = visitor.get("/sign-in")
        assert (page.status_code, page.headers.get("Set-Cookie")) == (200, None)
    typed = {"csrf_token": visitor.token("/sign-in"), "email": ADDRESS, "password": PASSWORD}

    def send() -> Response:
        return visitor.client.post("/sign-in?lang=en", data=typed, environ_overrides=visitor.environ)

    with failing("INSERT INTO sign_in_session"):
        refused = send()
    assert (refused.status_code, refused.headers["Retry-After"]) == (507, "30")
    assert "Location" not in refused.headers
    assert "There is no space to store this now" in refused.get_data(as_text=True)
    assert PASSWORD not in refused.get_data(as_text=True)
    assert not visitor.signed_in
    with failing("INSERT INTO sign_in_session", sqlite3.SQLITE_ERROR), pytest.raises(OperationalError):
        send()
    assert send().status_code == 303
    capsys.readouterr()


def test_nobody_is_taken_for_a_stranger_because_the_database_does_not_answer(here: Browser, capsys: Any):
    with failing("SELECT sign_in_session", sqlite3.SQLITE_IOERR_READ):
        answer = here.get("/home")
        assert answer.status_code == 503
        assert "Set-Cookie" not in answer.headers
    assert here.get("/home").status_code == 200
    capsys.readouterr()


@pytest.fixture
def careless(make_app: Callable[..., Flask], make_account: Callable[..., Account]) -> Iterator[Flask]:
    """An application with a view that commits nothing of what it made, and one that sends its answer bit by bit."""
    app = make_app()
    set_up_logs()

    def forgetful() -> str:
        db.session.add(Account(ref="U-LOST", person_id=1, email="lost@contoh.test", name="Lost", fs_uniquifier="lost"))
        return "forgotten"

    def bit_by_bit() -> Response:
        return Response((name for name in db.session.scalars(select(Account.name))), mimetype="text/plain")

    app.add_url_rule("/forgetful", "forgetful", allowed(Act.HOME)(forgetful), methods=["POST"])
    app.add_url_rule("/bits", "bits", allowed(Act.HOME)(bit_by_bit))
    with app.app_context():
        make_account("sari")
        yield app


def test_what_a_view_forgot_to_commit_is_dropped_and_an_answer_that_is_being_read_keeps_its_rows(
    careless: Flask, clock: Any, capsys: Any
):
    visitor = Browser(careless)
    visitor.sign_in(ADDRESS)
    token = visitor.token("/sign-in/again")
    clock.advance(minutes=2)  # the session is noted with the next answer
    logged(capsys)
    answer = visitor.client.post("/forgetful", data={"csrf_token": token}, environ_overrides=visitor.environ)
    assert answer.get_data(as_text=True) == "forgotten"
    assert "uncommitted_changes_dropped" in [line["event"] for line in logged(capsys)]
    assert queries.find_account("lost@contoh.test") is None
    clock.advance(minutes=2)
    answer = visitor.get("/bits")
    assert (answer.status_code, answer.get_data(as_text=True)) == (200, "Sari")
    db.session.rollback()
    assert db.session.scalar(select(func.max(SignInSession.last_seen_at))) == clock.now()
