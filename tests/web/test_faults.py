"""Faults of the disk and of the database: which one it is, its page, and what of a form the page may repeat."""

import errno
import json
import sqlite3
from typing import Any

import psycopg
import pytest
from flask import Flask, make_response, request
from flask.testing import FlaskClient
from sqlalchemy import exc
from werkzeug.exceptions import NotFound

from paritrana.app import set_up_logs
from paritrana.web.faults import Fault, cause_of, fault_of
from tests.web.sample import make_web_app

OURS = {"Sec-Fetch-Site": "same-origin"}


def of_driver(error: Exception) -> exc.DBAPIError:
    """What SQLAlchemy makes of an error of a driver."""
    return exc.DBAPIError("SELECT 1", {}, error)


def of_sqlite(code: int) -> exc.DBAPIError:
    error = sqlite3.OperationalError("x")
    error.sqlite_errorcode, error.sqlite_errorname = code, "SQLITE_OF_THIS_TEST"
    return of_driver(error)


FULL = OSError(errno.ENOSPC, "No space left on device")


def test_every_kind_of_fault_is_told_from_the_others_and_has_a_cause_of_one_word() -> None:
    cases: list[tuple[Exception, Fault | None, str]] = [
        (exc.TimeoutError("QueuePool limit"), Fault.BUSY, "TimeoutError"),
        (FULL, Fault.NO_SPACE, "ENOSPC"),
        (OSError(errno.EROFS, "Read-only file system"), Fault.READ_ONLY, "EROFS"),
        (OSError(errno.ENOENT, "No usable temporary directory found in [...]"), Fault.NO_SPACE, "ENOENT"),
        (OSError(errno.ENOENT, "No such file"), None, "ENOENT"),
        (OSError("without a number"), None, "OSError"),
        (of_sqlite(sqlite3.SQLITE_FULL), Fault.NO_SPACE, "SQLITE_OF_THIS_TEST"),
        (of_sqlite(sqlite3.SQLITE_IOERR_READ), Fault.UNAVAILABLE, "SQLITE_OF_THIS_TEST"),
        (of_driver(psycopg.errors.DiskFull("x")), Fault.NO_SPACE, "53100"),
        (of_driver(psycopg.errors.TooManyConnections("x")), Fault.BUSY, "53300"),
        (of_driver(psycopg.errors.UniqueViolation("x")), None, "23505"),
        (of_driver(psycopg.OperationalError("the server closed the connection")), Fault.UNAVAILABLE,
         "OperationalError"),
        (of_driver(psycopg.ProgrammingError("x")), None, "ProgrammingError"),
        (RuntimeError("ours"), None, "RuntimeError"),
    ]  # fmt: skip
    assert [(fault_of(error), cause_of(error)) for error, _fault, _cause in cases] == [
        (fault, cause) for _error, fault, cause in cases
    ]


@pytest.fixture
def broken() -> Flask:
    """A small application: `/act` ends in the fault put there, `/late` when its answer is ready."""
    set_up_logs()
    app = make_web_app()
    app.extensions["fault"] = FULL

    @app.route("/act", methods=["GET", "POST"])
    def act() -> str:
        request.form.get("note")
        raise app.extensions["fault"]

    @app.get("/late")
    def late() -> str:
        return "done"

    @app.get("/ready")
    def ready() -> str:
        raise NotFound(response=make_response("as it is", 418))

    @app.after_request
    def keep(response: Any) -> Any:
        if request.path == "/late" and response.status_code == 200:
            raise FULL
        return response

    return app


@pytest.fixture
def visitor(broken: Flask) -> FlaskClient:
    """A browser on that application."""
    return broken.test_client()


def test_a_full_disk_answers_with_a_page_of_its_own_and_one_line_of_log(visitor: FlaskClient, capsys: Any) -> None:
    answer = visitor.post("/act?lang=en", data={"note": "my words"}, headers=OURS)
    assert (answer.status_code, answer.headers["Retry-After"]) == (507, "30")
    page = answer.get_data(as_text=True)
    assert "There is no space to store this now" in page
    assert "<li>my words</li>" in page
    (line,) = [json.loads(one) for one in capsys.readouterr().err.splitlines()]
    assert (line["event"], line["cause"], line["fault"]) == ("fault", "ENOSPC", "no_space")
    assert line["reference"] in page
    read = visitor.get("/act?lang=en").get_data(as_text=True)
    assert "What you saved before is safe." in read
    capsys.readouterr()


@pytest.mark.parametrize(
    "data", [{"email": "typed", "password": "typed"}, {"note": "typed" * 100_000}], ids=["password", "too long"]
)
def test_a_password_and_a_form_of_great_length_are_not_repeated(
    visitor: FlaskClient, data: dict[str, str], capsys: Any
) -> None:
    page = visitor.post("/act", data=data, headers=OURS).get_data(as_text=True)
    assert "Sekarang tidak ada ruang" in page
    assert "typed" not in page
    capsys.readouterr()


def test_a_disk_that_is_full_when_the_answer_is_ready_is_told_in_the_same_words(
    visitor: FlaskClient, capsys: Any
) -> None:
    answer = visitor.get("/late?lang=en")
    assert answer.status_code == 507
    assert "There is no space to store this now" in answer.get_data(as_text=True)
    capsys.readouterr()


def test_an_answer_that_is_ready_is_given_as_it_is(visitor: FlaskClient) -> None:
    answer = visitor.get("/ready")
    assert (answer.status_code, answer.data) == (418, b"as it is")


def test_a_fault_of_ours_is_no_fault_of_the_machine(broken: Flask, capsys: Any) -> None:
    broken.extensions["fault"] = OSError(errno.ENOENT, "/srv/secret")
    answer = broken.test_client().get("/act?lang=en")
    assert answer.status_code == 500
    page = answer.get_data(as_text=True)
    assert "The service has a fault" in page
    assert "/srv/secret" not in page
    capsys.readouterr()
