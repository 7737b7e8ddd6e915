"""The same key twice does it once, whether one after the other, at the same time, or after a fault."""

import io
import sqlite3
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask, abort, jsonify, redirect, request
from sqlalchemy import func, select
from sqlalchemy.exc import OperationalError
from werkzeug.test import TestResponse

from paritrana.accounts import service
from paritrana.accounts.models import Account, Person, SentOnce
from paritrana.accounts.once import once
from paritrana.app import set_up_logs
from paritrana.core.errors import WrongState
from paritrana.core.policy import Act
from paritrana.database import db
from paritrana.web.access import allowed
from paritrana.web.fields import know
from tests.accounts.conftest import Browser
from tests.accounts.failing import failing

KEY = "k" * 22


@pytest.fixture
def office(make_app, make_account: Callable[..., Account]):
    """An application that registers a person per form, in several ways."""
    app = make_app()

    def register(kind: str) -> Any:
        know([*request.form, *request.files])
        if kind == "anew":
            db.session.rollback()  # as an act that is tried again under a stricter isolation
        service.create_person()
        if kind == "refused":
            raise WrongState
        if kind == "bad":
            return "bad", 422
        if kind == "fault":
            abort(500)
        db.session.commit()
        if kind == "committed-bad":
            return "bad", 409
        if kind == "json":
            return jsonify(number=count()), 201
        if kind == "large":
            return "x" * 300_000
        return redirect(f"/people/{count()}", 303)

    app.add_url_rule("/register/<kind>", "register", allowed(Act.HOME)(once(register)), methods=["POST", "PUT"])
    app.add_url_rule("/alone/<kind>", "alone", once(register), methods=["POST"])  # no door asked for a first answer
    with app.app_context():
        make_account("sari", "administrator")
        make_account("budi", "administrator")
        yield app


@pytest.fixture
def clerk(office: Flask) -> Browser:
    """A signed-in browser."""
    visitor = Browser(office)
    visitor.sign_in("sari@contoh.test")
    return visitor


def count() -> int:
    """How many people are registered besides those who sign in."""
    db.session.rollback()
    return (db.session.scalar(select(func.count()).select_from(Person)) or 0) - 2


def kept() -> int:
    """How many keys are remembered."""
    return db.session.scalar(select(func.count()).select_from(SentOnce)) or 0


def send(clerk: Browser, kind: str = "form", key: str = KEY, **fields: Any) -> TestResponse:
    """Send the form of `kind`."""
    fields = {"idempotency_key": key, **fields} if key else fields
    return clerk.post(f"/register/{kind}", fields, page="/sign-in/again")


def test_a_repeat_gets_the_first_answer(clerk: Browser):
    first, second = send(clerk, name="a"), send(clerk, name="a")
    assert (first.status_code, first.location) == (second.status_code, second.location) == (303, "/people/1")
    assert "Idempotency-Replayed" not in first.headers
    assert second.headers["Idempotency-Replayed"] == "true"
    assert count() == 1


def test_another_key_is_another_act(clerk: Browser):
    send(clerk)
    assert send(clerk, key="another-key-of-mine").location == "/people/2"


def test_the_same_key_with_another_body_or_address_is_refused(clerk: Browser):
    send(clerk, name="a")
    for answer in (send(clerk, name="b"), send(clerk, name="a", more="c"), send(clerk, "json", name="a")):
        assert answer.status_code == 422
    assert count() == 1


@pytest.mark.parametrize("key", ["", "short", "with blanks in it", "k" * 101])
def test_a_change_without_a_usable_key_is_refused(clerk: Browser, key: str):
    assert send(clerk, key=key).status_code == 428
    assert count() == 0


def test_keys_belong_to_an_account(office: Flask, clerk: Browser):
    other = Browser(office)
    other.sign_in("budi@contoh.test")
    assert send(clerk).location == "/people/1"
    assert send(other).location == "/people/2"


def test_a_repeat_after_signing_in_again_is_still_a_repeat(office: Flask, clerk: Browser):
    send(clerk)
    again = Browser(office)
    again.sign_in("sari@contoh.test")
    assert send(again).headers["Idempotency-Replayed"] == "true"


def test_a_machine_sends_the_key_in_a_header(clerk: Browser):
    def put(body: Any) -> TestResponse:
        headers = {"Idempotency-Key": KEY, "X-CSRFToken": clerk.token("/sign-in/again")}
        return clerk.client.put("/register/json", json=body, headers=headers, environ_overrides=clerk.environ)

    first, second = put({"mark": "8,75"}), put({"mark": "8,75"})
    assert (first.status_code, first.json) == (second.status_code, second.json) == (201, {"number": 1})
    assert second.mimetype == "application/json"
    assert put({"mark": "9"}).status_code == 422
    assert count() == 1


@pytest.mark.parametrize(("kind", "status"), [("refused", 409), ("bad", 422), ("fault", 500)])
def test_what_was_refused_can_be_corrected_and_sent_with_the_same_key(clerk: Browser, kind: str, status: int):
    assert send(clerk, kind).status_code == status
    assert (count(), kept()) == (0, 0)
    assert send(clerk, name="corrected").status_code == 303


def test_a_refusal_that_committed_something_keeps_no_key_either(clerk: Browser):
    assert send(clerk, "committed-bad").status_code == 409
    assert (count(), kept()) == (1, 0)


def test_a_repeat_of_a_very_large_answer_is_told_that_it_arrived(clerk: Browser):
    assert send(clerk, "large").status_code == 200
    assert send(clerk, "large").status_code == 409
    assert count() == 1


def test_a_view_that_begins_its_transaction_anew_is_done_once_all_the_same(clerk: Browser):
    assert [send(clerk, "anew").location for _ in range(2)] == ["/people/1"] * 2
    assert count() == 1


def test_files_count_by_name_and_size(clerk: Browser):
    def upload(name: str, content: bytes) -> TestResponse:
        return send(clerk, file=(io.BytesIO(content), name))

    assert upload("a.pdf", b"12345").status_code == 303
    assert upload("a.pdf", b"12345").headers["Idempotency-Replayed"] == "true"
    assert upload("b.pdf", b"12345").status_code == 422
    assert upload("a.pdf", b"123456").status_code == 422
    assert count() == 1


def test_a_repeat_after_a_crash_before_the_answer_was_kept_is_told_that_it_arrived(clerk: Browser, monkeypatch):
    send(clerk)
    db.session.execute(SentOnce.__table__.update().values(status=0))  # as the process that died left it
    db.session.commit()
    monkeypatch.setattr("paritrana.accounts.once.PATIENCE", 0.1)
    assert send(clerk).status_code == 409
    assert count() == 1


def test_an_answer_that_cannot_be_kept_is_given_all_the_same(clerk: Browser, capsys):
    set_up_logs()
    capsys.readouterr()
    with failing("UPDATE sent_once"):
        assert send(clerk, name="a").location == "/people/1"
    assert '"event": "answer_not_kept"' in capsys.readouterr().err
    assert count() == 1
    assert db.session.scalars(select(SentOnce.status)).all() == [0]  # a repeat is told that it has arrived
    with failing("UPDATE sent_once", sqlite3.SQLITE_ERROR), pytest.raises(OperationalError):
        send(clerk, key="another-key-of-mine")
    assert count() == 2


def test_a_repeat_is_known_by_its_size_where_bytes_are_streamed_and_also_where_no_door_looked_for_it(clerk: Browser):
    headers = {"Idempotency-Key": KEY, "X-CSRFToken": clerk.token("/sign-in/again")}

    def put(body: bytes) -> TestResponse:
        return clerk.client.put(
            "/register/json", data=body, content_type="application/octet-stream", headers=headers,
            environ_overrides=clerk.environ,
        )  # fmt: skip

    assert [put(body).status_code for body in (b"1234", b"5678", b"12345")] == [201, 201, 422]
    assert count() == 1
    fields = {"csrf_token": headers["X-CSRFToken"], "idempotency_key": "another-key-of-mine", "name": "a"}
    first, second = (clerk.client.post("/alone/form", data=fields, environ_overrides=clerk.environ) for _ in range(2))
    assert (first.location, second.location) == ("/people/2", "/people/2")
    assert second.headers["Idempotency-Replayed"] == "true"


def test_keys_are_forgotten_after_thirty_days(clerk: Browser, clock):
    send(clerk)
    clock.advance(days=31)
    clerk.sign_in("sari@contoh.test")
    send(clerk, key="another-key-of-mine")
    oldest = db.session.scalars(select(SentOnce.at).order_by(SentOnce.at)).all()
    assert len(oldest) == 1
    assert clock.now() - oldest[0] < timedelta(minutes=1)


def test_fifty_at_the_same_time_do_it_once(office: Flask, clerk: Browser):
    token, cookie = clerk.token("/sign-in/again"), clerk.cookie

    def press(_number: int) -> tuple[int, str | None]:
        finger = Browser(office)
        finger.cookie = cookie
        data = {"csrf_token": token, "idempotency_key": KEY, "name": "a"}
        answer = finger.client.post("/register/form", data=data, environ_overrides=finger.environ)
        return answer.status_code, answer.location

    with ThreadPoolExecutor(8) as pool:
        answers = set(pool.map(press, range(50)))
    assert answers == {(303, "/people/1")}
    assert count() == 1
