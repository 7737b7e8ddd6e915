"""What people change about their own account: names, passwords, second factors, and the places where they sit."""

import re
import secrets
from collections.abc import Callable, Iterator
from html import unescape
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select
from werkzeug.test import TestResponse

from paritrana.accounts import agents, factors
from paritrana.accounts.models import Account, SecondFactor
from paritrana.database import db
from tests.accounts.authenticators import App, SecurityKey
from tests.accounts.conftest import PASSWORD, Browser
from tests.accounts.test_second_factor import STEP, codes_on, enter, page_of, passkey, question_on, secret_on, set_up

MakeAccount = Callable[..., Account]
NEW = "empat burung camar minum teh"
FACTORS = "/profile/second-factors"


@pytest.fixture
def guarded(app: Flask) -> Iterator[Flask]:
    """The application as it is outside a demonstration."""
    settings = app.extensions["settings"]
    app.extensions["settings"] = settings.model_copy(update={"second_factor": "officers"})
    yield app
    app.extensions["settings"] = settings


@pytest.fixture
def sari(db_session: Any, make_account: MakeAccount) -> Account:
    """An officer."""
    return make_account("sari", "administrator")


@pytest.fixture
def here(guarded: Flask, clock: Any, sari: Account) -> Browser:
    """A browser in which Sari is signed in with an app."""
    phone, _codes = set_up(guarded, clock)
    return enter(guarded, phone.code(clock.now()))


def send(visitor: Browser, path: str, fields: dict[str, str], page: str = "/profile", **options: Any) -> TestResponse:
    """Send a form of a page with a key of its own."""
    return visitor.post(
        path, {"idempotency_key": secrets.token_urlsafe(16), "version": "", **fields}, page=page, **options
    )


def version_on(visitor: Browser) -> str:
    """The version that the form of the profile was made from."""
    found = re.search(r'name="version" value="(\d+)"', visitor.get("/profile").get_data(as_text=True))
    assert found
    return found[1]


def test_name_position_and_language_are_kept_and_the_browser_speaks_it(app: Flask, sari: Account):
    visitor = Browser(app)
    visitor.sign_in("sari@contoh.test")
    fields = {"name": "Sari Contoh", "position": "Kepala Bidang", "language": "en", "version": version_on(visitor)}
    assert send(visitor, "/profile", fields).status_code == 303
    page = page_of(visitor.get("/profile"))
    assert "Your profile" in page
    assert "Sari Contoh" in page
    other = Browser(app)
    other.sign_in("sari@contoh.test")
    assert "Your profile" in page_of(other.get("/profile"))
    for wrong in ({**fields, "name": " "}, {**fields, "language": "fr"}, {**fields, "name": "x" * 121}):
        assert send(visitor, "/profile", wrong).status_code == 422
    assert send(visitor, "/profile", {**fields, "version": ""}).status_code == 428
    assert (
        send(visitor, "/profile", {**fields, "role": "administrator", "version": version_on(visitor)}).status_code
        == 400
    )


def test_of_two_edits_the_second_sees_both_and_nothing_is_lost(app: Flask, sari: Account):
    one, two = Browser(app), Browser(app)
    for visitor in (one, two):
        visitor.sign_in("sari@contoh.test")
    version = version_on(one)
    fields = {"position": "", "language": "", "version": version}
    assert send(one, "/profile", {**fields, "name": "Sari Satu"}).status_code == 303
    late = send(two, "/profile", {**fields, "name": "Sari Dua"})
    page = page_of(late)
    assert late.status_code == 409
    assert "Sari Satu" in page
    assert 'value="Sari Dua"' in page
    found = re.search(r'name="version" value="(\d+)"', page)
    assert found
    assert send(two, "/profile", {**fields, "name": "Sari Dua", "version": found[1]}).status_code == 303


def test_a_new_password_asks_for_the_old_one_and_ends_every_other_session(app: Flask, clock: Any, sari: Account):
    visitor, other = Browser(app), Browser(app)
    for one in (visitor, other):
        one.sign_in("sari@contoh.test")
    fields = {"password": PASSWORD, "new_password": NEW, "again_password": NEW}
    for wrong in (
        {**fields, "password": "salah sekali kata itu"}, {**fields, "again_password": NEW + "!"},
        {**fields, "new_password": "pendek", "again_password": "pendek"}, {**fields, "new_password": ""},
    ):  # fmt: skip
        answer = send(visitor, "/profile/password", wrong, "/profile/password")
        assert answer.status_code == 422
        assert NEW not in answer.get_data(as_text=True)
    before = visitor.cookie
    assert send(visitor, "/profile/password", fields, "/profile/password").status_code == 303
    assert visitor.cookie != before
    assert visitor.signed_in
    assert not other.signed_in
    thief = Browser(app)
    thief.cookie = before
    assert not thief.signed_in
    assert other.sign_in("sari@contoh.test").status_code == 422
    assert other.sign_in("sari@contoh.test", NEW).status_code == 303


def test_guessing_the_old_password_at_the_form_is_slowed(app: Flask, sari: Account):
    visitor = Browser(app)
    visitor.sign_in("sari@contoh.test")
    fields = {"password": "salah sekali kata itu", "new_password": NEW, "again_password": NEW}
    told = [send(visitor, "/profile/password", fields, "/profile/password") for _ in range(11)]
    assert [answer.status_code for answer in told] == [422] * 10 + [429]
    assert int(told[-1].headers["Retry-After"]) > 0


@pytest.mark.parametrize("path", ["/profile/password", f"{FACTORS}/app", f"{FACTORS}/passkey"])
def test_what_signs_in_is_changed_after_a_fresh_sign_in_only(here: Browser, clock: Any, path: str):
    assert here.get(path).status_code == 200
    clock.advance(minutes=11)
    assert here.get(path).location == f"/sign-in/again?next={path.replace('/', '%2F')}"
    assert send(here, path, {}, "/sign-in/again").status_code == 401
    assert here.get("/profile").status_code == 200


def test_an_app_and_a_passkey_are_added_renamed_and_removed(guarded: Flask, clock: Any, sari: Account, here: Browser):
    phone = App(secret_on(page_of(here.get(f"{FACTORS}/app"))))
    wrong = send(here, f"{FACTORS}/app", {"code": "000000"}, f"{FACTORS}/app")
    assert wrong.status_code == 422
    assert secret_on(page_of(wrong)) == secret_on(page_of(here.get(f"{FACTORS}/app")))
    assert send(here, f"{FACTORS}/app", {"code": ""}, f"{FACTORS}/app").status_code == 422
    added = send(here, f"{FACTORS}/app", {"code": phone.code(clock.now()), "name": "Tablet"}, f"{FACTORS}/app")
    assert (added.status_code, codes_on(page_of(added))) == (303, [])
    key = SecurityKey()
    assert passkey(here, key.make(question_on(here.get(f"{FACTORS}/passkey"))), f"{FACTORS}/passkey") == 303
    assert passkey(here, "no answer", f"{FACTORS}/passkey") == 422
    assert passkey(here, "x" * 30_000, f"{FACTORS}/passkey") == 422
    tablet = db.session.scalars(select(SecondFactor).where(SecondFactor.name == "Tablet")).one()
    path = f"{FACTORS}/{tablet.ref}"
    assert "Tablet" in page_of(here.get(path))
    assert send(here, path, {"name": ""}).status_code == 422
    assert send(here, path, {"name": "Papan tulis"}).status_code == 303
    assert "Papan tulis" in page_of(here.get("/profile"))
    assert send(here, f"{path}/remove", {}).status_code == 303
    assert here.get(path).status_code == 404
    clock.advance(minutes=1)
    assert not enter(guarded, phone.code(clock.now())).signed_in


def test_an_officer_keeps_the_last_second_factor(here: Browser, sari: Account):
    last = db.session.scalars(select(SecondFactor)).one()
    answer = send(here, f"{FACTORS}/{last.ref}/remove", {})
    assert (answer.status_code, "Add another first" in page_of(here.get("/profile"))) == (409, False)
    db.session.rollback()
    assert db.session.scalars(select(SecondFactor.removed_at)).one() is None


def test_no_more_than_ten_second_factors(here: Browser, clock: Any, sari: Account):
    for number in range(factors.MOST - 1):
        db.session.add(SecondFactor(
            ref=f"W-{number}", account_id=sari.id, kind="passkey", name="x", credential_id=str(number), public_key="x",
            fingerprint="x", sign_count=0, added_at=clock.now(),
        ))  # fmt: skip
    db.session.commit()
    phone = App(secret_on(page_of(here.get(f"{FACTORS}/app"))))
    assert send(here, f"{FACTORS}/app", {"code": phone.code(clock.now())}, f"{FACTORS}/app").status_code == 409


def test_nobody_reaches_the_factors_and_sessions_of_others(guarded: Flask, clock: Any, here: Browser, make_account):
    make_account("budi")
    stranger = Browser(guarded)
    stranger.sign_in("budi@contoh.test")
    mine = db.session.scalars(select(SecondFactor.ref)).one()
    sitting = re.search(r"<tr>", page_of(here.get("/profile/sessions")))
    assert sitting
    from paritrana.accounts.models import SignInSession

    refs = db.session.scalars(select(SignInSession.ref).where(SignInSession.pending.is_(False))).all()
    for path in (f"{FACTORS}/{mine}", f"{FACTORS}/W-NONE"):
        assert stranger.get(path).status_code == 404
        assert send(stranger, path, {"name": "x"}).status_code == 404
        assert send(stranger, f"{path}/remove", {}).status_code == 404
    own = [ref for ref in refs if send(stranger, f"/profile/sessions/{ref}/end", {}).status_code != 404]
    assert len(own) == 1
    assert here.signed_in


def test_sessions_are_listed_with_browser_and_place_and_ended_one_by_one(guarded: Flask, clock: Any, here: Browser):
    agent = "Mozilla/5.0 (Android 14; Mobile; rv:130.0) Gecko/130.0 Firefox/130.0"
    clock.advance(minutes=1)
    # The second browser signs in with a code of its own time step.
    key_page = here.get("/profile/sessions").get_data(as_text=True)
    assert key_page.count("<tr>") == 3  # with the head of the table: where the app was set up, and here
    other = Browser(guarded, REMOTE_ADDR="192.0.2.7", HTTP_USER_AGENT=agent)
    codes = codes_on(page_of(send(here, f"{FACTORS}/codes", {})))
    other.sign_in("sari@contoh.test")
    other.post(STEP, {"code": codes[0]}, page=STEP)
    assert other.signed_in
    page = page_of(here.get("/profile/sessions"))
    assert "Firefox, Android" in page
    assert "192.0.2.7" in page
    found = re.search(r'action="(/profile/sessions/[^/"]+/end)"', page)
    assert found
    assert send(here, found[1], {}).status_code == 303
    assert not other.signed_in
    assert here.signed_in
    third = Browser(guarded)
    third.sign_in("sari@contoh.test")
    third.post(STEP, {"code": codes[1]}, page=STEP)
    waiting = Browser(guarded)
    waiting.sign_in("sari@contoh.test")
    assert send(here, "/profile/sessions/others/end", {}).status_code == 303
    assert not third.signed_in
    assert waiting.get(STEP).location == "/sign-in"
    page = page_of(here.get("/profile/sessions"))
    assert page.count("<tr>") == 2
    own = db.session.scalars(select(SecondFactor.account_id)).first()
    assert own is not None


def test_the_present_session_ends_with_the_button_to_sign_out_only(here: Browser, sari: Account):
    from paritrana.accounts.models import SignInSession

    ref = db.session.scalars(select(SignInSession.ref).where(SignInSession.account_id == sari.id)).all()[-1]
    assert send(here, f"/profile/sessions/{ref}/end", {}).status_code == 303
    assert here.signed_in


def test_where_second_factors_are_off_none_is_set_up(app: Flask, sari: Account):
    visitor = Browser(app)
    visitor.sign_in("sari@contoh.test")
    assert "dimatikan" in unescape(page_of(visitor.get("/profile")))
    for path in ("app", "passkey"):
        assert visitor.get(f"{FACTORS}/{path}").status_code == 409
    assert send(visitor, f"{FACTORS}/codes", {}).status_code == 409


@pytest.mark.parametrize(
    ("agent", "words"),
    [
        ("Mozilla/5.0 (X11; Linux x86_64; rv:130.0) Gecko/20100101 Firefox/130.0", "Firefox, Linux"),
        ("Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 Chrome/130.0 Safari/537.36 Edg/130.0", "Edge, Windows"),
        (
            "Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) AppleWebKit/605 Version/17 Safari/604",
            "Safari, iPhone",
        ),
        ("curl/8.0", ""),
        ("<script>" * 500, ""),
    ],
)
def test_a_browser_is_named_in_words(agent: str, words: str):
    assert agents.browser_of(agent) == words
