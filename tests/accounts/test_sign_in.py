"""Signing in, out and afresh, guessing passwords, and tricks at the door."""

import json
import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from html import unescape

import pytest
from flask import Flask
from sqlalchemy import func, select
from structlog.testing import capture_logs
from werkzeug.test import TestResponse

from paritrana.accounts import service
from paritrana.accounts.attempts import source_text
from paritrana.accounts.models import Account, SignInFailure, SignInSession
from paritrana.core.policy import Act
from paritrana.database import db
from paritrana.web.access import FreshSignInNeeded, allowed, current_actor
from paritrana.web.fields import know
from tests.accounts.conftest import PASSWORD, SYSTEM, Browser

MakeAccount = Callable[..., Account]
NEW = "empat burung camar minum teh"


@pytest.fixture
def sari(db_session, make_account: MakeAccount) -> Account:
    """A person with a role that needs nothing else."""
    return make_account("sari", "administrator")


def test_the_right_password_leads_to_the_first_page(visitor: Browser, sari: Account):
    answer = visitor.sign_in("sari@contoh.test")
    assert (answer.status_code, answer.location) == (303, "/home")
    assert visitor.signed_in


def test_an_address_may_be_typed_in_capitals_and_a_password_may_not(visitor: Browser, sari: Account):
    assert visitor.sign_in(" SARI@Contoh.test ", PASSWORD.upper()).status_code == 422
    assert visitor.sign_in(" SARI@Contoh.test ").status_code == 303


def test_a_wrong_password_and_an_unknown_address_get_the_same_answer(app: Flask, sari: Account, make_account):
    make_account("tanpa", password=None)
    closed = make_account("tutup")
    service.close_account(closed, actor=SYSTEM, at=closed.created_at)
    db.session.commit()

    def told(email: str, password: str) -> tuple[int, str]:
        answer = Browser(app).sign_in(email, password)
        body = answer.get_data(as_text=True).replace(email, "EMAIL")
        return answer.status_code, re.sub(r'name="csrf_token" value="[^"]+"', "", body)

    answers = {
        told("sari@contoh.test", "salah sekali kata itu"),
        told("nihil@contoh.test", "salah sekali kata itu"),
        told("tanpa@contoh.test", PASSWORD),
        told("tutup@contoh.test", PASSWORD),
    }
    assert len(answers) == 1
    assert answers.pop()[0] == 422


def test_the_page_takes_pasted_passwords_and_password_managers(visitor: Browser):
    page = visitor.get("/sign-in").get_data(as_text=True)
    assert 'autocomplete="username"' in page
    assert 'autocomplete="current-password"' in page
    assert "onpaste" not in page


def test_a_password_of_wrong_length_is_refused_before_it_is_hashed(visitor: Browser, sari: Account):
    answer = visitor.sign_in("sari@contoh.test", "x" * 5000)
    assert answer.status_code == 422
    assert db.session.scalar(select(func.count()).select_from(SignInFailure)) == 0


def test_an_empty_form_is_answered_field_by_field(visitor: Browser, sari: Account):
    answer = visitor.sign_in("", "")
    assert answer.status_code == 422
    assert 'href="#email"' in answer.get_data(as_text=True)


# Session --------------------------------------------------------------------------------------------------------------


def test_a_token_from_before_the_sign_in_is_worth_nothing_after_it(app: Flask, visitor: Browser, sari: Account):
    visitor.get("/sign-in")
    planted = visitor.cookie
    assert planted
    visitor.sign_in("sari@contoh.test")
    assert visitor.cookie != planted
    attacker = Browser(app)
    attacker.cookie = planted
    assert not attacker.signed_in


def test_a_token_chosen_by_somebody_else_is_not_taken_over(visitor: Browser, sari: Account):
    chosen = "A" * 43
    visitor.cookie = chosen
    visitor.sign_in("sari@contoh.test")
    assert visitor.cookie != chosen
    assert visitor.signed_in


def test_after_signing_out_the_old_token_opens_nothing(app: Flask, visitor: Browser, sari: Account):
    visitor.sign_in("sari@contoh.test")
    token = visitor.cookie
    answer = visitor.post("/sign-out", page="/sign-in/again")
    assert (answer.status_code, answer.location) == (303, "/")
    assert not visitor.signed_in
    thief = Browser(app)
    thief.cookie = token
    assert not thief.signed_in
    assert db.session.scalar(select(func.count()).where(SignInSession.account_id == sari.id)) == 0


def test_signing_out_twice_is_no_error(visitor: Browser, sari: Account):
    assert visitor.post("/sign-out", page="/sign-in").status_code == 303


def test_a_new_password_ends_every_session(app: Flask, sari: Account):
    here, there = Browser(app), Browser(app)
    here.sign_in("sari@contoh.test")
    there.sign_in("sari@contoh.test")
    assert here.signed_in
    assert there.signed_in
    service.set_password(sari, NEW, actor=SYSTEM, at=sari.created_at)
    db.session.commit()
    assert not here.signed_in
    assert not there.signed_in
    assert here.sign_in("sari@contoh.test").status_code == 422
    assert here.sign_in("sari@contoh.test", NEW).status_code == 303


def test_a_changed_role_and_a_closed_account_end_every_session(visitor: Browser, sari: Account):
    visitor.sign_in("sari@contoh.test")
    service.end_grant(sari.grants[0], actor=SYSTEM, at=sari.created_at)
    db.session.commit()
    assert not visitor.signed_in
    visitor.sign_in("sari@contoh.test")
    service.grant_role(sari, "administrator", actor=SYSTEM, at=sari.created_at)
    db.session.commit()
    assert not visitor.signed_in
    visitor.sign_in("sari@contoh.test")
    service.close_account(sari, actor=SYSTEM, at=sari.created_at)
    db.session.commit()
    assert not visitor.signed_in


def test_the_cookie_is_kept_from_scripts_and_other_sites(visitor: Browser, sari: Account):
    header = visitor.sign_in("sari@contoh.test").headers.getlist("Set-Cookie")[-1]
    assert header.startswith("sid=")
    for word in ("HttpOnly", "SameSite=Lax", "Path=/"):
        assert word in header
    for word in ("Secure", "Expires", "Max-Age", "Domain"):
        assert word not in header


def test_over_tls_the_cookie_is_bound_to_the_host(make_app, make_account: MakeAccount):
    app = make_app(base_url="https://localhost")
    with app.app_context():
        make_account("sari", "administrator")
        visitor = Browser(app, HTTP_REFERER="https://localhost/sign-in")
        address = "https://localhost/sign-in"
        visitor.client.get(address)
        page = visitor.client.get(address).get_data(as_text=True)
        token = re.search(r'name="csrf_token" value="([^"]+)"', page)
        assert token
        answer = visitor.client.post(
            address,
            data={"csrf_token": token[1], "email": "sari@contoh.test", "password": PASSWORD},
            environ_overrides=visitor.environ,
        )
        assert answer.status_code == 303
        cookie = next(one for one in answer.headers.getlist("Set-Cookie") if one.startswith("__Host-sid="))
        assert "Secure" in cookie
        assert "Path=/" in cookie


def test_answers_with_a_session_are_not_kept_by_caches(visitor: Browser, sari: Account):
    assert "no-store" in visitor.sign_in("sari@contoh.test").headers["Cache-Control"]
    assert "no-store" in visitor.get("/sign-in/again").headers["Cache-Control"]


def test_the_row_keeps_no_token(visitor: Browser, sari: Account):
    visitor.sign_in("sari@contoh.test")
    rows = db.session.execute(select(SignInSession.token_hash, SignInSession.data)).all()
    assert rows
    assert visitor.cookie not in str(rows)


# Other ways in --------------------------------------------------------------------------------------------------------


def test_no_token_in_header_address_or_body_signs_anybody_in(app: Flask, sari: Account):
    with app.test_request_context():
        token = sari.get_auth_token()
    visitor = Browser(app)
    assert token
    for answer in (
        visitor.get("/sign-in/again", headers={"Authentication-Token": token}),
        visitor.get(f"/sign-in/again?auth_token={token}"),
        visitor.client.get("/sign-in/again", json={"auth_token": token}),
    ):
        assert answer.status_code == 303
        assert answer.location.startswith("/sign-in?next=")


def test_only_our_own_routes_sign_in_and_out(app: Flask):
    rules = {rule.endpoint: rule.rule for rule in app.url_map.iter_rules()}
    assert not [endpoint for endpoint in rules if endpoint.startswith("security")]
    assert sorted(rule for endpoint, rule in rules.items() if endpoint.startswith("accounts.")) == [
        "/sign-in",
        "/sign-in",
        "/sign-in/again",
        "/sign-in/again",
        "/sign-in/second-factor",
        "/sign-in/second-factor",
        "/sign-in/second-factor/app",
        "/sign-in/second-factor/passkey",
        "/sign-out",
    ]
    for path in ("/login", "/logout", "/register", "/reset", "/change", "/verify-token", "/tf-setup", "/us-signin"):
        assert app.test_client().get(path).status_code == 404


def test_signing_out_is_no_link(visitor: Browser, sari: Account):
    visitor.sign_in("sari@contoh.test")
    assert visitor.get("/sign-out").status_code == 405
    assert visitor.signed_in


@pytest.mark.parametrize(
    "wish",
    [
        "https://evil.example/",
        "//evil.example/",
        "/\\evil.example",
        "/%5cevil.example",
        "javascript:alert(1)",
        "/\t/evil.example",
        "/sign-out",
        "/not/there",
        "/sign-in?next=//evil.example",
        "http:evil.example",
        "//[",
        "//\uff0f",  # a stroke that becomes a plain one
    ],
)
def test_a_wish_for_another_place_leads_home(visitor: Browser, sari: Account, wish: str):
    assert visitor.sign_in("sari@contoh.test", next=wish).location == "/home"
    assert visitor.get("/sign-in", query_string={"next": wish}).location == "/home"


def test_a_page_for_signed_in_people_leads_through_the_sign_in_page_and_back(visitor: Browser, sari: Account):
    answer = visitor.get("/home?lang=en")
    assert answer.location == "/sign-in?next=%2Fhome%3Flang%3Den"
    page = visitor.get(answer.location).get_data(as_text=True)
    assert 'name="next" value="/home?lang=en"' in page


# Other origins --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "none"},
        {"Sec-Fetch-Site": "cross-site", "Origin": "http://localhost"},
        {"Origin": "null"},
        {"Origin": "http://evil.example"},
        {"Origin": "http://localhost.evil.example"},
        {"Origin": "https://localhost"},
    ],
)
def test_a_form_of_another_site_signs_nobody_in_or_out(app: Flask, sari: Account, headers: dict[str, str]):
    visitor = Browser(app)
    data = {"email": "sari@contoh.test", "password": PASSWORD, "csrf_token": visitor.token("/sign-in")}
    assert visitor.client.post("/sign-in", data=data, headers=headers).status_code == 403
    visitor.sign_in("sari@contoh.test")
    data = {"csrf_token": visitor.token("/sign-in/again")}
    assert visitor.client.post("/sign-out", data=data, headers=headers).status_code == 403
    assert visitor.signed_in


def test_an_older_browser_names_its_origin(app: Flask, sari: Account):
    visitor = Browser(app)
    data = {"email": "sari@contoh.test", "password": PASSWORD, "csrf_token": visitor.token("/sign-in")}
    answer = visitor.client.post("/sign-in", data=data, headers={"Origin": "http://localhost"})
    assert answer.status_code == 303


def test_a_form_without_its_token_is_shown_again_with_a_good_one(app: Flask, sari: Account):
    visitor = Browser(app)
    data = {"email": "sari@contoh.test", "password": PASSWORD, "csrf_token": "wrong"}
    answer = visitor.client.post("/sign-in", data=data, environ_overrides=visitor.environ)
    page = answer.get_data(as_text=True)
    assert answer.status_code == 400
    assert "sari@contoh.test" in page
    assert PASSWORD not in page
    assert not visitor.signed_in
    token = re.search(r'name="csrf_token" value="([^"]+)"', page)
    assert token
    answer = visitor.client.post("/sign-in", data={**data, "csrf_token": token[1]}, environ_overrides=visitor.environ)
    assert answer.status_code == 303


def test_signing_out_needs_the_token(visitor: Browser, sari: Account):
    visitor.sign_in("sari@contoh.test")
    assert visitor.client.post("/sign-out", data={}, environ_overrides=visitor.environ).status_code == 400
    assert visitor.signed_in


# Guessing -------------------------------------------------------------------------------------------------------------


def guess(app: Flask, email: str, source: str) -> TestResponse:
    """One wrong password from a network address."""
    return Browser(app, REMOTE_ADDR=source).sign_in(email, "salah sekali kata itu")


@pytest.mark.parametrize("email", ["sari@contoh.test", "nihil@contoh.test"])
def test_ten_failures_an_hour_close_an_account_to_their_source_only(app: Flask, clock, sari: Account, email: str):
    for _ in range(10):
        assert guess(app, email, "192.0.2.1").status_code == 422
    answer = guess(app, email, "192.0.2.1")
    assert answer.status_code == 429
    assert int(answer.headers["Retry-After"]) == 3600
    assert email in answer.get_data(as_text=True)
    assert Browser(app, REMOTE_ADDR="192.0.2.1").sign_in("sari@contoh.test").status_code == (
        429 if email == "sari@contoh.test" else 303
    )
    assert Browser(app, REMOTE_ADDR="192.0.2.2").sign_in("sari@contoh.test").status_code == 303
    clock.advance(minutes=61)
    assert guess(app, email, "192.0.2.1").status_code == 422


def test_refused_attempts_do_not_lengthen_the_wait(app: Flask, clock, sari: Account):
    for _ in range(10):
        guess(app, "sari@contoh.test", "192.0.2.1")
    clock.advance(minutes=45)
    for _ in range(5):
        assert guess(app, "sari@contoh.test", "192.0.2.1").headers["Retry-After"] == "900"
    clock.advance(minutes=16)
    assert Browser(app, REMOTE_ADDR="192.0.2.1").sign_in("sari@contoh.test").status_code == 303


def test_fifteen_failures_an_hour_close_a_source_for_every_account(app: Flask, sari: Account):
    for number in range(15):
        assert guess(app, f"nihil{number}@contoh.test", "2001:db8:0:1::1").status_code == 422
    assert guess(app, "sari@contoh.test", "2001:db8:0:1:ffff::2").status_code == 429
    assert guess(app, "sari@contoh.test", "2001:db8:0:2::1").status_code == 422


def test_rivals_from_many_places_do_not_lock_the_owner_out(app: Flask, clock, sari: Account):
    owner = Browser(app, REMOTE_ADDR="192.0.2.200")
    owner.sign_in("sari@contoh.test")
    for number in range(100):
        assert guess(app, "sari@contoh.test", f"198.51.100.{number}").status_code == 422
    assert guess(app, "sari@contoh.test", "203.0.113.1").status_code == 429
    stranger = Browser(app, REMOTE_ADDR="203.0.113.2")
    assert stranger.sign_in("sari@contoh.test").status_code == 429
    owner.post("/sign-out", page="/sign-in/again")
    assert owner.sign_in("sari@contoh.test").status_code == 303


def test_a_known_device_has_its_own_limit_and_serves_its_own_account_only(app: Flask, make_account, sari: Account):
    make_account("budi")
    device = Browser(app, REMOTE_ADDR="192.0.2.7")
    device.sign_in("sari@contoh.test")
    device.post("/sign-out", page="/sign-in/again")
    for _ in range(10):
        assert device.sign_in("sari@contoh.test", "salah sekali kata itu").status_code == 422
    assert device.sign_in("sari@contoh.test").status_code == 429
    for number in range(15):
        guess(app, f"nihil{number}@contoh.test", "192.0.2.7")
    assert device.sign_in("budi@contoh.test").status_code == 429


def test_a_success_forgives_the_account_but_not_the_source(app: Flask, sari: Account):
    for _ in range(9):
        guess(app, "sari@contoh.test", "192.0.2.1")
    assert Browser(app, REMOTE_ADDR="192.0.2.1").sign_in("sari@contoh.test").status_code == 303
    for _ in range(6):
        assert guess(app, "sari@contoh.test", "192.0.2.1").status_code == 422
    assert guess(app, "sari@contoh.test", "192.0.2.1").status_code == 429


def test_neither_address_nor_source_is_stored_in_the_clear(app: Flask, sari: Account):
    guess(app, "sari@contoh.test", "192.0.2.1")
    row = db.session.scalars(select(SignInFailure)).one()
    assert "sari" not in row.account_key
    assert not row.source_key.startswith("192")
    assert len(row.account_key) == len(row.source_key) == 64


def test_an_ipv6_source_is_its_network():
    assert source_text("2001:db8::1") == source_text("2001:db8::ffff:2") == "2001:0db8:0000:0000"
    assert source_text("::ffff:192.0.2.1") == "192.0.2.1"
    assert source_text(None) == source_text("nonsense") == "unknown"


def test_the_log_names_no_address_and_no_password(app: Flask, sari: Account):
    with capture_logs() as lines:
        Browser(app).sign_in("sari@contoh.test", "salah sekali kata itu")
        Browser(app).sign_in("sari@contoh.test")
    assert [line["event"] for line in lines] == ["sign_in_failed", "sign_in"]
    assert {line["account"] for line in lines} == {sari.ref}
    text = json.dumps(lines)
    for secret in ("sari@", "Sari", PASSWORD, "salah sekali"):
        assert secret not in text


# Fresh sign-in and forms that wait ------------------------------------------------------------------------------------


def test_entering_the_password_again_gives_a_new_token_and_keeps_the_session(app: Flask, visitor: Browser, sari):
    visitor.sign_in("sari@contoh.test")
    before = visitor.cookie
    wrong = visitor.post("/sign-in/again", {"password": "salah sekali kata itu"}, page="/sign-in/again")
    assert wrong.status_code == 422
    answer = visitor.post("/sign-in/again", {"password": PASSWORD, "next": "/home"}, page="/sign-in/again")
    assert (answer.status_code, answer.location) == (303, "/home")
    assert visitor.cookie != before
    thief = Browser(app)
    thief.cookie = before
    assert not thief.signed_in


def test_guessing_at_the_second_door_is_counted_too(visitor: Browser, sari: Account):
    visitor.sign_in("sari@contoh.test")
    for _ in range(10):
        visitor.post("/sign-in/again", {"password": "salah sekali kata itu"}, page="/sign-in/again")
    assert visitor.post("/sign-in/again", {"password": PASSWORD}, page="/sign-in/again").status_code == 429


@pytest.fixture
def notebook(make_app, make_account: MakeAccount):
    """An application with one form more: it notes what it was sent, by whom, and whether the sign-in was fresh."""
    app = make_app()
    noted: list[tuple[str, bool, list[tuple[str, str]]]] = []

    def note() -> str:
        from flask import request

        know(request.form)
        fields = [(name, value) for name, value in request.form.items(multi=True) if name != "csrf_token"]
        noted.append((current_actor().name, current_actor().fresh, fields))
        return "noted"

    def important() -> str:
        if not current_actor().fresh:
            raise FreshSignInNeeded
        return note()

    app.add_url_rule("/important", "important", allowed(Act.HOME)(important), methods=["GET", "POST", "PUT"])
    app.add_url_rule("/note", "note", allowed(Act.HOME)(note), methods=["POST"])
    app.add_url_rule("/note.json", "note_json", allowed(Act.HOME)(note), methods=["PUT"])
    with app.app_context():
        make_account("sari", "administrator")
        yield app, noted


def hidden_fields(page: str) -> list[tuple[str, str]]:
    """Name and value of the hidden fields of the last form of a page."""
    form = page.rpartition("<form")[2]
    pairs = re.findall(r'<input type="hidden" name="([^"]*)" value="([^"]*)">', form)
    return [(unescape(name), unescape(value)) for name, value in pairs]


def test_a_form_sent_after_the_sign_in_ran_out_comes_back_whole(notebook, clock):
    app, noted = notebook
    visitor = Browser(app)
    visitor.sign_in("sari@contoh.test")
    token = visitor.token("/sign-in/again")
    typed = [(f"field-{number}", f'nilai "{number}" <b>& baris\nkedua é') for number in range(40)]
    clock.advance(hours=13)
    answer = visitor.client.post(
        "/note?part=2", data={"csrf_token": token, **dict(typed)}, environ_overrides=visitor.environ
    )
    page = answer.get_data(as_text=True)
    assert answer.status_code == 401
    carried = dict(hidden_fields(page))
    assert json.loads(carried["kept"])["fields"] == [list(pair) for pair in typed]

    answer = visitor.client.post(
        "/sign-in",
        data={**carried, "email": "sari@contoh.test", "password": "salah sekali kata itu"},
        content_type="multipart/form-data",
        environ_overrides=visitor.environ,
    )
    assert answer.status_code == 422
    carried = dict(hidden_fields(answer.get_data(as_text=True)))
    answer = visitor.client.post(
        "/sign-in",
        data={**carried, "email": "sari@contoh.test", "password": PASSWORD},
        content_type="multipart/form-data",
        environ_overrides=visitor.environ,
    )
    page = answer.get_data(as_text=True)
    assert answer.status_code == 200
    assert 'action="/note?part=2"' in page
    assert not noted
    answer = visitor.client.post("/note?part=2", data=dict(hidden_fields(page)), environ_overrides=visitor.environ)
    assert answer.get_data(as_text=True) == "noted"
    assert [fields for _name, _fresh, fields in noted] == [typed]


def test_a_form_of_a_page_from_before_a_new_sign_in_is_shown_a_way_on(notebook):
    app, noted = notebook
    visitor = Browser(app)
    visitor.sign_in("sari@contoh.test")
    token = visitor.token("/sign-in/again")
    visitor.sign_in("sari@contoh.test")
    visitor.post("/sign-out", page="/sign-in/again")
    visitor.sign_in("sari@contoh.test")
    answer = visitor.client.post(
        "/note", data={"csrf_token": token, "field": "nilai"}, environ_overrides=visitor.environ
    )
    assert answer.status_code == 400
    assert not noted
    again = dict(hidden_fields(answer.get_data(as_text=True)))
    assert visitor.client.post("/note", data=again, environ_overrides=visitor.environ).status_code == 200
    assert noted[0][2] == [("field", "nilai")]


@pytest.mark.parametrize(
    "kept",
    [
        "nonsense",
        "[]",
        '{"path": "https://evil.example/", "fields": []}',
        '{"path": "//evil.example/note", "fields": []}',
        '{"path": "/not/there", "fields": []}',
        '{"path": "/home", "fields": []}',
        '{"path": "/sign-out", "fields": []}',
        '{"path": "/note", "fields": [["a"]]}',
        '{"path": "/note", "fields": [["a", 1]]}',
        '{"path": "/note", "fields": [["csrf_token", "x"]]}',
    ],
)
def test_a_planted_form_is_not_carried(notebook, kept: str):
    app, _noted = notebook
    answer = Browser(app).sign_in("sari@contoh.test", kept=kept)
    assert (answer.status_code, answer.location) == (303, "/home")


def test_a_machine_is_told_in_json(notebook):
    app, noted = notebook
    answer = app.test_client().put(
        "/note.json", json={}, headers={"Sec-Fetch-Site": "same-origin", "Accept": "application/json"}
    )
    assert answer.status_code == 401
    assert answer.json["code"] == "sign_in_needed"
    assert not noted


def test_an_act_that_needs_a_fresh_sign_in_asks_for_the_password_and_goes_on(notebook, clock):
    app, noted = notebook
    visitor = Browser(app)
    visitor.sign_in("sari@contoh.test")
    clock.advance(minutes=11)
    assert visitor.get("/important?a=1").location == "/sign-in/again?next=%2Fimportant%3Fa%3D1"
    token = visitor.token("/sign-in/again")
    headers = {"Accept": "application/json", "X-CSRFToken": token}
    answer = visitor.client.put("/important", headers=headers, environ_overrides=visitor.environ)
    assert (answer.status_code, answer.json["code"]) == (401, "fresh_sign_in_needed")

    answer = visitor.post("/important", {"field": "nilai"}, page="/sign-in/again")
    assert answer.status_code == 401
    carried = dict(hidden_fields(answer.get_data(as_text=True)))
    empty = {**carried, "password": ""}
    assert visitor.client.post("/sign-in/again", data=empty, environ_overrides=visitor.environ).status_code == 422
    filled = {**carried, "password": PASSWORD}
    answer = visitor.client.post("/sign-in/again", data=filled, environ_overrides=visitor.environ)
    assert answer.status_code == 200
    again = dict(hidden_fields(answer.get_data(as_text=True)))
    assert visitor.client.post("/important", data=again, environ_overrides=visitor.environ).status_code == 200
    assert noted == [("Sari", True, [("field", "nilai")])]


def test_a_fresh_sign_in_that_comes_too_late_hands_on_what_waits(notebook, clock):
    app, _noted = notebook
    visitor = Browser(app)
    visitor.sign_in("sari@contoh.test")
    clock.advance(minutes=11)
    answer = visitor.post("/important", {"field": "nilai"}, page="/sign-in/again")
    carried = dict(hidden_fields(answer.get_data(as_text=True)))
    clock.advance(hours=13)
    late = {**carried, "password": PASSWORD}
    answer = visitor.client.post("/sign-in/again", data=late, environ_overrides=visitor.environ)
    page = answer.get_data(as_text=True)
    assert answer.status_code == 401
    assert PASSWORD not in page
    assert dict(hidden_fields(page))["kept"] == carried["kept"]


def test_fresh_lasts_ten_minutes_and_not_a_second_more(notebook, clock):
    app, noted = notebook
    visitor = Browser(app)
    visitor.sign_in("sari@contoh.test")
    for seconds in (600, 1):
        clock.advance(seconds=seconds)
        visitor.post("/note", page="/sign-in/again")
    visitor.post("/sign-in/again", {"password": PASSWORD}, page="/sign-in/again")
    visitor.post("/note", page="/sign-in/again")
    assert [fresh for _name, fresh, _fields in noted] == [True, False, True]


# Demonstration --------------------------------------------------------------------------------------------------------


def test_the_demo_cast_signs_in_with_one_button_and_is_always_fresh(make_app, make_account: MakeAccount, clock):
    app = make_app(demo=True)
    cast = [{"name": "Sari", "role_id": "Nomine", "role_en": "Nominee", "email": "sari@contoh.test",
             "password": PASSWORD}]  # fmt: skip
    (app.extensions["settings"].instance_path / "demo-cast.json").write_text(json.dumps(cast), encoding="utf-8")
    fresh: list[bool] = []

    def note() -> str:
        fresh.append(current_actor().fresh)
        return "noted"

    app.add_url_rule("/note", "note", allowed(Act.HOME)(note))
    with app.app_context():
        make_account("sari", "administrator")
        visitor = Browser(app)
        page = visitor.get("/sign-in").get_data(as_text=True)
        assert all(word in page for word in ("Nomine", "sari@contoh.test", PASSWORD))
        form = next(part for part in page.split("<form") if f'value="{PASSWORD}"' in part)
        data = dict(re.findall(r'<input type="hidden" name="([^"]*)" value="([^"]*)">', form))
        assert visitor.client.post("/sign-in", data=data, environ_overrides=visitor.environ).status_code == 303
        clock.advance(minutes=20)
        visitor.get("/note")
    assert fresh == [True]


def test_outside_a_demonstration_no_password_is_shown(app: Flask, sari: Account):
    path = app.extensions["settings"].instance_path / "demo-cast.json"
    path.write_text(json.dumps([{"name": "Sari", "password": PASSWORD}]), encoding="utf-8")
    try:
        assert PASSWORD not in Browser(app).get("/sign-in").get_data(as_text=True)
    finally:
        path.unlink()


def test_guesses_at_the_same_time_are_counted_like_guesses_one_by_one(app: Flask, sari: Account):
    def one(_number: int) -> int:
        data = {"email": "sari@contoh.test", "password": "salah sekali kata itu", "csrf_token": token}
        finger = Browser(app)
        finger.cookie = cookie
        return finger.client.post("/sign-in", data=data, environ_overrides=finger.environ).status_code

    page = Browser(app)
    token, cookie = page.token("/sign-in"), page.cookie
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(one, range(40)))
    assert set(answers) <= {422, 429}
    assert answers.count(422) <= 10
    assert Browser(app, REMOTE_ADDR="192.0.2.2").sign_in("sari@contoh.test").status_code == 303
