"""Signing in in two steps: apps, passkeys, recovery codes, and what a thief of one of them cannot do."""

import json
import re
import shutil
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from html import unescape
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select
from werkzeug.test import TestResponse

from paritrana.accounts import alerts, factors, service
from paritrana.accounts.models import Account, RecoverySet, SecondFactor, SignInSession
from paritrana.audit.models import Event
from paritrana.core.policy import Actor
from paritrana.database import db
from paritrana.signing import make_key
from tests.accounts.authenticators import App, SecurityKey
from tests.accounts.conftest import PASSWORD, SYSTEM, Browser

MakeAccount = Callable[..., Account]
STEP = "/sign-in/second-factor"
SARI = "sari@contoh.test"


@pytest.fixture
def guarded(app: Flask) -> Iterator[Flask]:
    """The application as it is outside a demonstration: officers need a second factor."""
    settings = app.extensions["settings"]
    app.extensions["settings"] = settings.model_copy(update={"second_factor": "officers"})
    yield app
    app.extensions["settings"] = settings


@pytest.fixture
def sari(guarded: Flask, db_session: Any, make_account: MakeAccount) -> Account:
    """An officer without a second factor."""
    return make_account("sari", "administrator")


@pytest.fixture
def news(guarded: Flask) -> Iterator[list[tuple[str, str]]]:
    """What the owners of accounts would hear of, as (kind, browser)."""
    heard: list[tuple[str, str]] = []
    before = guarded.extensions.get(alerts.EXTENSION, [])
    guarded.extensions[alerts.EXTENSION] = [lambda one: heard.append((one.kind, one.browser))]
    yield heard
    guarded.extensions[alerts.EXTENSION] = before


def page_of(answer: TestResponse) -> str:
    """A page as its reader sees it."""
    return unescape(answer.get_data(as_text=True))


def secret_on(page: str) -> str:
    """The secret that a page shows for an app."""
    found = re.search(r'class="p-secret">([^<]+)<', page)
    assert found, page
    return found[1]


def question_on(answer: TestResponse) -> dict[str, Any]:
    """What a page asks a passkey."""
    found = re.search(r'data-options="([^"]+)"', answer.get_data(as_text=True))
    assert found
    options: dict[str, Any] = json.loads(unescape(found[1]))
    return options


def codes_on(page: str) -> list[str]:
    """The recovery codes that a page shows."""
    return re.findall(r"<li><code>([^<]+)</code>", page)


def set_up(app: Flask, clock: Any, email: str = SARI) -> tuple[App, list[str]]:
    """Sign an officer in for the first time; gives the app on the phone and the recovery codes."""
    visitor = Browser(app)
    visitor.sign_in(email)
    phone = App(secret_on(page_of(visitor.get(STEP))))
    answer = visitor.post(f"{STEP}/app", {"code": phone.code(clock.now()), "name": "Telepon"}, page=STEP)
    assert answer.status_code == 200
    clock.advance(minutes=1)
    return phone, codes_on(page_of(answer))


def with_key(app: Flask, clock: Any, email: str = SARI, **options: Any) -> SecurityKey:
    """Sign an officer in for the first time with a security key."""
    visitor, key = Browser(app), SecurityKey(**options)
    visitor.sign_in(email)
    made = key.make(question_on(visitor.get(STEP)))
    assert visitor.post(f"{STEP}/passkey", {"credential": made}, page="/sign-in").status_code == 200
    clock.advance(minutes=1)
    return key


def enter(app: Flask, code: str, email: str = SARI, **environ: str) -> Browser:
    """A browser of its own in which somebody types password and code."""
    visitor = Browser(app, **environ)
    visitor.sign_in(email)
    visitor.post(STEP, {"code": code}, page=STEP)
    return visitor


# Setting up -----------------------------------------------------------------------------------------------------------


def test_an_officer_sets_a_second_factor_up_before_anything_else_opens(guarded: Flask, clock: Any, sari: Account):
    visitor = Browser(guarded)
    answer = visitor.sign_in(SARI, next="/profile/sessions")
    assert (answer.status_code, answer.location) == (303, f"{STEP}?next=%2Fprofile%2Fsessions")
    for address in ("/home", "/profile", "/profile/second-factors/app", "/system"):
        assert visitor.get(address).location.startswith("/sign-in?next=")
    assert visitor.post("/profile/second-factors/codes", page=STEP).status_code == 401
    page = page_of(visitor.get(answer.location))
    phone = App(secret_on(page))
    fields = {"code": phone.code(clock.now()), "name": "", "next": "/profile/sessions"}
    assert visitor.post(f"{STEP}/app", {**fields, "code": "000000"}, page=STEP).status_code == 422
    shown = visitor.post(f"{STEP}/app", fields, page=STEP)
    codes = codes_on(page_of(shown))
    assert len(set(codes)) == 10
    assert 'href="/profile/sessions"' in shown.get_data(as_text=True)
    assert "no-store" in shown.headers["Cache-Control"]
    assert visitor.get("/home").status_code == 200
    stored = str(db.session.scalars(select(RecoverySet)).one().hashes) + str(db.session.execute(
        select(SecondFactor.secret, SecondFactor.fingerprint)).all())  # fmt: skip
    for secret in (*codes, *(code.replace("-", "")[4:] for code in codes), secret_on(page).replace(" ", "")):
        assert secret not in stored
    told = db.session.scalars(select(Event.kind).where(Event.kind.like("%r%_set.%") | Event.kind.like("second%"))).all()
    assert set(told) == {"second_factor.added", "recovery_set.made"}


def test_a_form_waits_for_both_steps(guarded: Flask, clock: Any, sari: Account):
    kept = json.dumps({"path": "/profile", "fields": [["name", "Sari Baru"]]})
    visitor = Browser(guarded)
    page = visitor.sign_in(SARI, kept=kept)
    assert page.status_code == 200
    phone = App(secret_on(page_of(page)))
    shown = visitor.post(f"{STEP}/app", {"code": phone.code(clock.now()), "kept": kept}, page="/sign-in")
    assert 'name="name" value="Sari Baru"' in shown.get_data(as_text=True)
    clock.advance(minutes=1)
    again = Browser(guarded)
    assert 'name="code"' in again.sign_in(SARI, kept=kept).get_data(as_text=True)
    onward = again.post(STEP, {"code": phone.code(clock.now()), "kept": kept}, page=STEP)
    assert 'name="name" value="Sari Baru"' in onward.get_data(as_text=True)


def test_the_step_leads_back_where_nobody_stands_between_password_and_factor(guarded: Flask, clock: Any, sari: Account):
    visitor = Browser(guarded)
    assert visitor.get(f"{STEP}?next=/profile").location == "/sign-in?next=%2Fprofile"
    for path in (STEP, f"{STEP}/app", f"{STEP}/passkey"):
        assert visitor.post(path, {"code": "123456"}, page="/sign-in").location == "/sign-in"
    phone, _codes = set_up(guarded, clock)
    here = enter(guarded, phone.code(clock.now()))
    assert here.get(STEP).location == "/home"
    assert here.post(STEP, {"code": "123456"}, page="/sign-in/again").location == "/home"


def test_without_a_role_a_second_factor_is_offered_and_then_asked_for(
    guarded: Flask, clock: Any, db_session, make_account, news
):
    make_account("budi")
    visitor = Browser(guarded)
    assert visitor.sign_in("budi@contoh.test").location == "/home"
    phone = App(secret_on(page_of(visitor.get("/profile/second-factors/app"))))
    before = visitor.cookie
    form = {"code": phone.code(clock.now())}
    shown = visitor.post("/profile/second-factors/app", form, page="/profile/second-factors/app")
    assert len(codes_on(page_of(shown))) == 10
    assert visitor.cookie != before
    clock.advance(minutes=1)
    assert Browser(guarded).sign_in("budi@contoh.test").location == STEP
    assert enter(guarded, phone.code(clock.now()), "budi@contoh.test").signed_in
    factor = db.session.scalars(select(SecondFactor)).one()
    assert (
        visitor.post(f"/profile/second-factors/{factor.ref}/remove", idempotent(), page="/profile").status_code == 303
    )
    assert Browser(guarded).sign_in("budi@contoh.test").location == "/home"
    assert [kind for kind, _browser in news] == ["factor_added", "new_device", "factor_removed", "new_device"]


def idempotent() -> dict[str, str]:
    """The key that every press of a button carries."""
    import secrets

    return {"idempotency_key": secrets.token_urlsafe(16), "version": ""}


def test_who_becomes_an_officer_signs_in_again_with_a_second_factor(
    guarded: Flask, clock: Any, db_session, make_account
):
    account = make_account("budi")
    visitor = Browser(guarded)
    visitor.sign_in("budi@contoh.test")
    # As where a right comes without an end of the sessions: the door itself looks.
    uniquifier = account.fs_uniquifier
    service.grant_role(account, "administrator", actor=SYSTEM, at=clock.now())
    account.fs_uniquifier = uniquifier
    db.session.commit()
    assert visitor.get("/home").location.startswith("/sign-in")
    assert not visitor.signed_in
    assert visitor.sign_in("budi@contoh.test").location == STEP


# Codes ----------------------------------------------------------------------------------------------------------------


def test_a_code_works_once_also_when_it_is_sent_twice_at_the_same_time(guarded: Flask, clock: Any, sari: Account):
    phone, _codes = set_up(guarded, clock)
    code = phone.code(clock.now())
    pages = [Browser(guarded, REMOTE_ADDR=f"192.0.2.{no}") for no in range(6)]
    for visitor in pages:
        visitor.sign_in(SARI)
    with ThreadPoolExecutor(6) as pool:
        sent = list(pool.map(lambda one: one.post(STEP, {"code": code}, page=STEP).status_code, pages))
    assert sorted(sent) == [303, *[422] * 5]
    assert sum(one.signed_in for one in pages) == 1
    clock.advance(seconds=30)
    assert enter(guarded, phone.code(clock.now())).signed_in


def test_a_code_of_the_step_before_or_after_is_taken_and_no_other(guarded: Flask, clock: Any, sari: Account):
    from datetime import timedelta

    phone, _codes = set_up(guarded, clock)
    clock.advance(minutes=10)
    for seconds, taken in ((-90, False), (90, False), (-30, True), (30, True)):
        visitor = enter(guarded, phone.code(clock.now() + timedelta(seconds=seconds)))
        assert visitor.signed_in is taken
    for nonsense in ("", "12345", "1234567", "abcdef", "１２３４５６", "0x1F4A"):
        assert not enter(guarded, nonsense, REMOTE_ADDR="192.0.2.9").signed_in


def test_a_recovery_code_signs_in_once(guarded: Flask, clock: Any, sari: Account, news):
    _phone, codes = set_up(guarded, clock)
    typed = codes[3].lower().replace("-", " ")
    visitor = enter(guarded, typed)
    assert visitor.signed_in
    assert "9" in page_of(visitor.get("/profile"))
    assert not enter(guarded, codes[3]).signed_in
    assert not enter(guarded, codes[4][:-1] + ("0" if codes[4][-1] != "0" else "1")).signed_in
    clock.advance(minutes=1)
    made = codes_on(page_of(visitor.post("/profile/second-factors/codes", page="/profile")))
    assert len(made) == 10
    assert not enter(guarded, codes[5], REMOTE_ADDR="192.0.2.5").signed_in
    assert enter(guarded, made[0], REMOTE_ADDR="192.0.2.5").signed_in
    assert "recovery_code_used" in {kind for kind, _browser in news}
    assert "recovery_codes_made" in {kind for kind, _browser in news}


def test_one_recovery_code_sent_twice_at_the_same_time_is_taken_once(guarded: Flask, clock: Any, sari: Account):
    _phone, codes = set_up(guarded, clock)
    pages = [Browser(guarded, REMOTE_ADDR=f"192.0.2.{no}") for no in range(4)]
    for visitor in pages:
        visitor.sign_in(SARI)
    with ThreadPoolExecutor(4) as pool:
        sent = list(pool.map(lambda one: one.post(STEP, {"code": codes[0]}, page=STEP).status_code, pages))
    assert sorted(sent) == [303, 422, 422, 422]


def test_an_exchanged_secret_opens_nothing(guarded: Flask, clock: Any, sari: Account):
    """Whoever can write the database gives two people each other's secret; neither code is good then."""
    phone, _codes = set_up(guarded, clock)
    row = db.session.scalars(select(SecondFactor)).one()
    from paritrana.accounts.steps import codes

    with guarded.test_request_context():
        row.secret = codes().make_secret()
        thief = App(codes().typed(row.secret))
    db.session.commit()
    assert not enter(guarded, thief.code(clock.now())).signed_in
    assert not enter(guarded, phone.code(clock.now())).signed_in


def test_the_key_of_the_secrets_may_be_exchanged_while_the_old_one_lies_beside(
    guarded: Flask, clock: Any, sari: Account
):
    folder = guarded.extensions["settings"].instance_path / "keys"
    old = folder / "totp.key"
    phone, _codes = set_up(guarded, clock)
    before = db.session.scalars(select(SecondFactor.secret)).one()
    kept = old.read_bytes()
    try:
        shutil.move(old, folder / "totp-2025.key")
        visitor = Browser(guarded)
        visitor.sign_in(SARI)
        assert visitor.post(STEP, {"code": phone.code(clock.now())}, page=STEP).status_code == 503
        make_key(folder, "totp")
        assert enter(guarded, phone.code(clock.now())).signed_in
        db.session.rollback()
        assert db.session.scalars(select(SecondFactor.secret)).one() != before
        (folder / "totp-2025.key").unlink()
        clock.advance(minutes=1)
        assert enter(guarded, phone.code(clock.now())).signed_in
    finally:
        old.write_bytes(kept)


# Passkeys -------------------------------------------------------------------------------------------------------------


def test_a_passkey_signs_in_and_shows_again_who_it_is(guarded: Flask, clock: Any, sari: Account):
    key = with_key(guarded, clock, counts=True)
    visitor = Browser(guarded)
    visitor.sign_in(SARI)
    before = visitor.cookie
    assert passkey(visitor, key.use(question_on(visitor.get(STEP)))) == 303
    assert visitor.signed_in
    assert visitor.cookie != before
    clock.advance(minutes=11)
    assert visitor.get("/profile/password").location.startswith("/sign-in/again")
    for verified, status in ((False, 422), (True, 303)):
        answer = key.use(question_on(visitor.get("/sign-in/again")), verified=verified)
        assert passkey(visitor, answer, "/sign-in/again") == status
    assert visitor.get("/profile/password").status_code == 200


def passkey(visitor: Browser, answer: str, path: str = STEP) -> int:
    """Send the answer of a passkey with the token of the session, without asking the page anew."""
    token = visitor.client.get("/sign-in", headers={"Accept": "application/json"}).get_json()["csrf_token"]
    data = {"csrf_token": token, "credential": answer}
    return visitor.client.post(path, data=data, environ_overrides=visitor.environ).status_code


@pytest.mark.parametrize("counts", [False, True])
def test_the_answer_of_a_passkey_is_worth_nothing_a_second_time_or_elsewhere(
    guarded: Flask, clock: Any, sari: Account, counts: bool, figures_of
):
    key = with_key(guarded, clock, counts=counts)
    visitor = Browser(guarded)
    visitor.sign_in(SARI)
    answer = key.use(question_on(visitor.get(STEP)))
    assert passkey(visitor, answer) == 303
    thief = Browser(guarded, REMOTE_ADDR="192.0.2.66")
    thief.sign_in(SARI)
    foreign = SecurityKey()
    foreign.id = key.id  # says that it is Sari's
    phishing = {"origin": "http://localhost.evil.example"}
    forgeries = (
        lambda question: answer,
        lambda question: key.use(question, challenge="AAAA"),
        lambda question: key.use(question, **phishing),
        lambda question: key.use(question, type="webauthn.create"),
        foreign.use,
        *(lambda question, text=text: text for text in ("[]", "null", "not json", '{"id": 3}', "x" * 21_000)),
    )
    statuses = [passkey(thief, forge(question_on(thief.get(STEP)))) for forge in forgeries]
    assert statuses == [422] * len(forgeries)
    assert not thief.signed_in
    figures_of(
        "session, login", promises=["P20", "P21"], of="answers of passkeys", attacks=len(forgeries), accepted=0,
        control=visitor.signed_in,
    )  # fmt: skip


def test_the_answer_of_another_site_makes_no_passkey(guarded: Flask, clock: Any, sari: Account):
    visitor, key = Browser(guarded), SecurityKey()
    visitor.sign_in(SARI)
    for changes in ({"origin": "https://localhost"}, {"challenge": "AAAA"}, {"type": "webauthn.get"}):
        assert passkey(visitor, key.make(question_on(visitor.get(STEP)), **changes), f"{STEP}/passkey") == 422
    made = key.make(question_on(visitor.get(STEP)))
    assert passkey(visitor, made, f"{STEP}/passkey") == 200
    assert passkey(visitor, made, "/profile/second-factors/passkey") == 422
    twin = key.make(question_on(visitor.get("/profile/second-factors/passkey")))
    assert passkey(visitor, twin, "/profile/second-factors/passkey") == 409


# Guessing and fixation ------------------------------------------------------------------------------------------------


def test_no_token_of_an_earlier_step_opens_anything(guarded: Flask, clock: Any, sari: Account, figures_of):
    phone, _codes = set_up(guarded, clock)
    visitor = Browser(guarded)
    visitor.get("/sign-in")
    tokens = [visitor.cookie]
    visitor.sign_in(SARI)
    tokens.append(visitor.cookie)
    visitor.post(STEP, {"code": phone.code(clock.now())}, page=STEP)
    tokens.append(visitor.cookie)
    visitor.post("/sign-in/again", {"password": PASSWORD}, page="/sign-in/again")
    tokens.append(visitor.cookie)
    assert len(set(tokens)) == 4

    def opens(token: str) -> bool:
        thief = Browser(guarded)
        thief.cookie = token
        return thief.get("/home").status_code == 200

    attacks = [opens(token) for token in tokens[:-1]]
    assert not any(attacks)
    control = opens(tokens[-1])
    assert control
    figures_of(
        "session, login", promises=["P20"], of="tokens of earlier steps", attacks=len(attacks), accepted=sum(attacks),
        control=control,
    )  # fmt: skip


def test_guessing_codes_with_the_right_password_ends_after_ten(guarded: Flask, clock: Any, sari: Account, figures_of):
    phone, codes = set_up(guarded, clock)
    owner = enter(guarded, phone.code(clock.now()), REMOTE_ADDR="192.0.2.200")
    thief, answers = Browser(guarded, REMOTE_ADDR="198.51.100.1"), []
    for number in range(14):
        told = thief.sign_in(SARI)  # a right password forgives nothing before the second factor
        if told.status_code == 429:
            answers.append(429)
            continue
        answers.append(thief.post(STEP, {"code": f"{number:06}"}, page=STEP).status_code)
    assert answers[:10] == [422] * 10
    assert set(answers[10:]) == {429}
    assert not thief.signed_in
    owner.post("/sign-out", page="/sign-in/again")
    clock.advance(minutes=1)
    owner.sign_in(SARI)
    kept_out = owner.post(STEP, {"code": phone.code(clock.now())}, page=STEP).status_code != 303
    assert not kept_out
    # Control: from a source that has not guessed, one of the ten recovery codes is taken.
    control = enter(guarded, codes[0], REMOTE_ADDR="198.51.100.2").signed_in
    assert control
    figures_of(
        "session, login", promises=["P21"], of="guessed codes", attacks=len(answers), accepted=0,
        owner_locked_out=int(kept_out), control=control,
    )  # fmt: skip


def test_used_codes_and_answers_are_counted(guarded: Flask, clock: Any, sari: Account, figures_of):
    phone, codes = set_up(guarded, clock)
    code = phone.code(clock.now())
    first = [enter(guarded, code).signed_in, enter(guarded, codes[0]).signed_in]
    again = [enter(guarded, one, REMOTE_ADDR=f"192.0.2.{no}").signed_in for no in range(4) for one in (code, codes[0])]
    assert first == [True, True]
    assert not any(again)
    figures_of(
        "session, login", promises=["P21"], of="codes used before", attacks=len(again), accepted=sum(again),
        control=all(first),
    )  # fmt: skip


def test_a_new_password_ends_the_time_between_the_steps(guarded: Flask, clock: Any, sari: Account):
    phone, _codes = set_up(guarded, clock)
    thief = Browser(guarded)
    thief.sign_in(SARI)
    service.set_password(sari, "empat burung camar minum teh", actor=SYSTEM, at=clock.now())
    db.session.commit()
    assert thief.post(STEP, {"code": phone.code(clock.now())}, page="/sign-in").location == "/sign-in"
    assert not thief.signed_in


def test_the_second_step_waits_half_an_hour(guarded: Flask, clock: Any, sari: Account):
    phone, _codes = set_up(guarded, clock)
    visitor = Browser(guarded)
    visitor.sign_in(SARI)
    clock.advance(minutes=31)
    assert visitor.post(STEP, {"code": phone.code(clock.now())}, page="/sign-in").location == "/sign-in"


def test_a_script_is_told_that_a_second_factor_is_needed(guarded: Flask, clock: Any, sari: Account):
    phone, _codes = set_up(guarded, clock)
    visitor = Browser(guarded)
    json_ = {"Accept": "application/json"}
    told = visitor.post("/sign-in", {"email": SARI, "password": PASSWORD}, page="/sign-in", headers=json_).get_json()
    assert (told["signed_in"], told["second_factor"]) == (False, True)

    def send(code: str) -> TestResponse:
        token = visitor.get("/sign-in", headers=json_).get_json()["csrf_token"]
        data = {"csrf_token": token, "code": code}
        return visitor.client.post(STEP, data=data, headers=json_, environ_overrides=visitor.environ)

    refused = send("000000")
    assert (refused.status_code, bool(refused.get_json()["detail"])) == (422, True)
    told = send(phone.code(clock.now())).get_json()
    assert (told["signed_in"], told["second_factor"], told["account"]) == (True, False, sari.ref)


# Lost factors ---------------------------------------------------------------------------------------------------------


def test_cleared_factors_end_sessions_and_are_set_up_anew(guarded: Flask, clock: Any, sari: Account):
    phone, codes = set_up(guarded, clock)
    visitor = enter(guarded, phone.code(clock.now()))
    assert factors.clear(sari, actor=Actor(ref="console", name="console"), at=clock.now()) == 1
    db.session.commit()
    assert not visitor.signed_in
    assert db.session.scalars(select(SecondFactor.secret)).all() == [None]
    assert visitor.sign_in(SARI).location == STEP
    page = page_of(visitor.get(STEP))
    assert secret_on(page)
    assert not codes_on(page)
    assert visitor.post(STEP, {"code": codes[0]}, page=STEP).location == "/sign-in"


def test_a_sign_in_on_a_new_device_is_told_and_one_on_a_known_device_is_not(
    guarded: Flask, clock: Any, sari: Account, news
):
    phone, _codes = set_up(guarded, clock)
    assert news == [("factor_added", "")]
    agent = (
        "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0 Safari/537.36"
    )
    visitor = enter(guarded, phone.code(clock.now()), HTTP_USER_AGENT=agent)
    assert news[1:] == [("new_device", "Chrome, Windows")]
    visitor.post("/sign-out", page="/sign-in/again")
    clock.advance(minutes=1)
    visitor.sign_in(SARI)
    visitor.post(STEP, {"code": phone.code(clock.now())}, page=STEP)
    assert visitor.signed_in
    assert len(news) == 2
    row = db.session.scalars(select(SignInSession).where(SignInSession.account_id == sari.id)).all()[-1]
    assert (row.browser, row.source, row.pending) == ("Chrome, Windows", "127.0.0.1", False)
