"""No request is answered with a fault, shows the inside, or gets computed; every line of the log can be read back."""

import io
import json
import os
import re
import sqlite3
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import pytest
from flask import Response
from flask.testing import FlaskClient
from sqlalchemy.exc import DBAPIError, OperationalError

from paritrana.app import set_up_logs
from paritrana.clock import SetClock
from tests.access.routes import ROUTES
from tests.access.stage import PEOPLE, Stage
from tests.conftest import START, Workshop, release
from tests.hostile.calls import FILE_OF_A_SHELL, FORGED, steps, wrong_with

SEED = 20261122
# What proposals of these acts always say, of nothing in particular.
PAYLOADS = {
    "waive": '{"account": "U-0000-0000", "nomination": "N-0000-0000", "no": 1}',
    "revoke_certificate": '{"status": "revoked", "recipient": "", "digest": ""}',
}
OFTEN, ALL = 2_000, 100_000
ROLES = {role for who in PEOPLE for role in who.roles | who.elsewhere}
MOST_TO_BE_FOUND = 600
# With the share of requests to doors that opened before: they cost most.
COUNTS = [
    pytest.param(OFTEN, 0.15, marks=pytest.mark.timeout(900)),
    pytest.param(ALL, 0.5, marks=[pytest.mark.slow, pytest.mark.timeout(7200)]),
]


@pytest.fixture
def log(tmp_path: Path) -> Iterator[Path]:
    """The log goes into a file of the test's own."""
    file = tmp_path / "log"
    yield file
    set_up_logs()


@pytest.fixture
def stage(workshop: Workshop, tmp_path: Path, log: Path) -> Iterator[Stage]:
    """A world of the test's own."""
    engine = workshop.engine("sqlite")
    app = workshop.build(engine.fresh("hostile"), tmp_path / "instance")
    clock = SetClock(START)
    app.extensions["clock"] = clock
    app.config["PROPAGATE_EXCEPTIONS"] = False  # an error is answered as it is to people
    made = Stage(app, clock)
    for act, payload in PAYLOADS.items():
        made.watch.execute("UPDATE proposal SET payload = ? WHERE act = ?", (payload, act))
    made.watch.backup(made.kept)
    set_up_logs(log)
    yield made
    release(app)
    engine.drop("hostile")


def unreadable(log: Path) -> list[str]:
    """The lines of a log that are no object with an event, or one whose event somebody typed."""
    found = []
    for line in log.read_text(encoding="utf-8", errors="surrogateescape").split("\n")[:-1]:
        try:
            said = json.loads(line)
        except ValueError:
            found.append(line)
            continue
        if not isinstance(said, dict) or said.get("event") in {None, FORGED}:
            found.append(line)
    return found


def causes(log: Path) -> list[str]:
    """The places in which something broke, with what it was."""
    said = (json.loads(line) for line in log.read_text(encoding="utf-8").splitlines() if '"event": "fault"' in line)
    return [f"{one.get('endpoint')}: {str(one.get('exception', one.get('cause')))[-1000:]}" for one in said]


@pytest.mark.parametrize(("calls", "deep"), COUNTS)
def test_no_generated_request_is_answered_with_a_fault(
    stage: Stage, log: Path, calls: int, deep: float, figures_of: Callable[..., None]
) -> None:
    begun = time.perf_counter()
    wrong: list[str] = []
    told: Counter[int] = Counter()
    routes = set()
    for call, answer in steps(stage, calls, seed=SEED, deep=deep):
        told[answer.status_code] += 1
        routes.add(call.route)
        if said := wrong_with(answer):
            wrong.append(f"{said}: {call}")
    lines = unreadable(log)
    figures_of(
        "schema fuzz", promises=["P25", "P34"], calls=calls, routes=len(routes), roles=len(ROLES), faults=len(wrong),
        log_lines=log.read_text().count("\n"), unparsable_lines=len(lines), seed=SEED,
        seconds=round(time.perf_counter() - begun, 1), control=the_same_finds_a_fragile_server(stage),
    )  # fmt: skip
    assert wrong == [], "\n\n".join(causes(log))
    assert lines == []
    assert not os.path.exists(FILE_OF_A_SHELL)
    assert len(routes) > 0.95 * len(ROUTES)
    assert told[200] + told[303] > calls // 10


class Fragile:
    """Stands before the application and reads the number of a page without care, as a careless view would."""

    def __init__(self, application: Any) -> None:
        self.application = application

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Any:
        """Answer by itself what cannot be read, and pass everything else on."""
        for name, value in parse_qsl(environ["QUERY_STRING"], keep_blank_values=True, errors="replace"):
            if name == "page" and not value.isdecimal():
                start_response("500 Internal Server Error", [("Content-Length", "0")])
                return [b""]
        return self.application(environ, start_response)


def the_same_finds_a_fragile_server(stage: Stage) -> bool:
    """The control: a server with one careless place is found by the same requests."""
    whole = stage.app.wsgi_app
    stage.app.wsgi_app = Fragile(whole)  # type: ignore[method-assign]
    try:
        found = any(wrong_with(answer) for _call, answer in steps(stage, MOST_TO_BE_FOUND, seed=SEED))
    finally:
        stage.app.wsgi_app = whole  # type: ignore[method-assign]
    return found


def test_the_words_of_an_error_are_noticed_and_the_names_of_libraries_are_not(stage: Stage) -> None:
    cause = sqlite3.OperationalError("no such table: mark")
    for error in (OperationalError("SELECT 1", {}, cause), DBAPIError("SELECT 1", {}, cause)):
        for told in (str(error), repr(error), f"{type(error).__module__}.{type(error).__name__}"):
            assert wrong_with(Response(told, mimetype="text/html")), told
    door = stage.doors["administrator", False]
    page = door.client.get("/system/settings", headers={"Cookie": door.cookie, "Accept": "text/html"})
    assert page.status_code == 200
    assert b">sqlalchemy<" in page.data
    assert wrong_with(page) == ""


def test_a_line_of_log_that_was_typed_by_somebody_is_noticed(tmp_path: Path) -> None:
    log = tmp_path / "log"
    typed = f'a\n{{"event": "{FORGED}"}}'
    log.write_text(json.dumps({"event": "sign_in", "name": typed}) + "\n")
    assert unreadable(log) == []
    log.write_text(f'{{"event": "sign_in", "name": "{typed}"}}\n')
    assert len(unreadable(log)) == 2


@pytest.mark.parametrize("engine_name", ["sqlite"], indirect=True)
def test_a_file_or_json_that_takes_the_name_of_a_field_is_no_text_of_a_form(
    client: FlaskClient, engine_name: str
) -> None:
    headers = {"Sec-Fetch-Site": "same-origin"}
    token = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', client.get("/sign-in").get_data(as_text=True))
    assert token is not None
    fields = {"csrf_token": token[1], "password": "x" * 20}
    sent = client.post("/sign-in", data=fields | {"email": (io.BytesIO(b"a@contoh.test"), "email")}, headers=headers)
    assert sent.status_code in {400, 422}
    for said in ({"email": 5, "password": []}, ["email"], "email", None):
        told = client.post("/sign-in", json=said, headers=headers | {"X-CSRFToken": token[1]})
        assert told.status_code in {400, 422}, said
