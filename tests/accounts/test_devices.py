"""Prepared devices: their keys, what ends them, and signing in without leaving the page."""

import base64
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from flask import Flask

from paritrana.accounts import service
from paritrana.accounts.models import Device
from paritrana.audit.models import Event
from paritrana.database import db
from paritrana.signing import device_signed
from tests.accounts.conftest import PASSWORD, SYSTEM, Browser
from tests.factories import PASSWORD as WORLD
from tests.factories import world

JSON = {"Accept": "application/json"}


def written(key: Any) -> str:
    """A public key as a browser hands it over."""
    return base64.b64encode(key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).decode()


def new_key() -> str:
    return written(ec.generate_private_key(ec.SECP256R1()))


def signature_of(key: ec.EllipticCurvePrivateKey, content: bytes) -> str:
    """As the browser's own cryptography writes it: r and s, 32 bytes each."""
    r, s = decode_dss_signature(key.sign(content, ec.ECDSA(SHA256())))
    return base64.b64encode(r.to_bytes(32, "big") + s.to_bytes(32, "big")).decode()


@pytest.fixture
def here(app: Flask, db_session: Any) -> Any:
    return world()


def signed_in(app: Flask, name: str) -> Browser:
    browser = Browser(app)
    assert browser.sign_in(f"{name}@contoh.test", WORLD).status_code == 303
    return browser


def register(browser: Browser, key: Any) -> Any:
    return browser.client.post(
        "/api/v1/devices", json={"public_key": key}, environ_overrides=browser.environ,
        headers={"X-CSRFToken": browser.token("/home")}, query_string={"lang": "en"},
    )  # fmt: skip


def devices() -> list[Device]:
    db.session.rollback()
    return db.session.query(Device).order_by(Device.id).all()


def test_a_device_is_registered_once_and_ends_with_the_sign_out_of_its_browser(app: Flask, here: Any) -> None:
    browser, elsewhere, key = signed_in(app, "assessor-3"), signed_in(app, "assessor-3"), new_key()
    first = register(browser, key)
    assert (first.status_code, first.json["account"]) == (201, here.accounts["assessor-3"].ref)
    assert register(browser, key).json == first.json
    assert register(elsewhere, new_key()).status_code == 201
    answer = browser.post("/sign-out", page="/home")
    assert (answer.status_code, answer.headers["Clear-Site-Data"]) == (303, '"storage"')
    ended, other = devices()
    assert ended.revoked_at is not None
    assert other.revoked_at is None
    assert [one.kind for one in db.session.query(Event).filter(Event.object_ref == ended.ref).order_by(Event.seq)] == [
        "device.registered", "device.revoked",
    ]  # fmt: skip
    again = register(signed_in(app, "assessor-3"), key)
    assert (again.status_code, again.json["code"]) == (409, "device_key_taken")


def test_the_key_of_somebody_else_is_refused(app: Flask, here: Any) -> None:
    key = new_key()
    assert register(signed_in(app, "assessor-3"), key).status_code == 201
    assert register(signed_in(app, "assessor-4"), key).status_code == 409
    assert len(devices()) == 1


@pytest.mark.parametrize("key", ["", "AAAA", "not base64", 7, None, "another kind", "another curve"])
def test_what_is_no_key_of_a_device_is_refused(app: Flask, here: Any, key: Any) -> None:
    others = {
        "another kind": ed25519.Ed25519PrivateKey.generate(),
        "another curve": ec.generate_private_key(ec.SECP384R1()),
    }
    answer = register(signed_in(app, "assessor-3"), written(others[key]) if key in others else key)
    assert (answer.status_code, answer.json["code"]) == (422, "no_device_key")
    assert devices() == []


def test_only_who_scores_prepares_a_device(app: Flask, here: Any) -> None:
    assert register(signed_in(app, "organiser-1"), new_key()).status_code == 404
    stranger = Browser(app).client.post("/api/v1/devices", json={}, headers={"Sec-Fetch-Site": "same-origin"})
    assert (stranger.status_code, stranger.mimetype) == (401, "application/problem+json")


def test_a_new_password_and_a_closed_account_end_every_device(app: Flask, here: Any) -> None:
    for name in ("assessor-3", "assessor-4"):
        register(signed_in(app, name), new_key())
    service.set_password(here.accounts["assessor-3"], PASSWORD, actor=SYSTEM, at=app.extensions["clock"].now())
    service.close_account(here.accounts["assessor-4"], actor=SYSTEM, at=app.extensions["clock"].now())
    db.session.commit()
    assert [one.revoked_at is None for one in devices()] == [False, False]


def test_a_signature_holds_for_its_content_and_its_key_alone() -> None:
    key, other = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    signature = signature_of(key, b"content")
    assert device_signed(written(key), b"content", signature)
    assert not device_signed(written(key), b"Content", signature)
    assert not device_signed(written(other), b"content", signature)
    assert not device_signed(written(key), b"content", signature[:-4] + "AAA=")
    assert not device_signed(written(key), b"content", "")


# Signing in without leaving the page ----------------------------------------------------------------------------------


def ask(browser: Browser, method: str, path: str, **more: Any) -> Any:
    return browser.client.open(path, method=method, environ_overrides=browser.environ, headers=JSON, **more)


def test_a_script_signs_in_again_in_place_and_goes_on_with_the_new_token(app: Flask, here: Any, clock: Any) -> None:
    browser = signed_in(app, "assessor-3")
    token = browser.token("/home")
    clock.advance(minutes=31)
    expired = browser.client.put(
        "/api/v1/sheets/L-0000-0000/marks/A1", json={"value": "7"}, environ_overrides=browser.environ,
        headers={"X-CSRFToken": token, "If-Match": '"0"', "Idempotency-Key": "k" * 16},
    )  # fmt: skip
    assert (expired.status_code, expired.mimetype) == (401, "application/problem+json")
    assert expired.json["code"] == "sign_in_needed"
    assert ask(browser, "GET", "/api/v1/assessments/pack").status_code == 401
    asked = ask(browser, "GET", "/sign-in").json
    assert (asked["signed_in"], asked["account"]) == (False, None)
    fields = {"csrf_token": asked["csrf_token"], "email": "assessor-3@contoh.test", "password": WORLD}
    wrong = ask(browser, "POST", "/sign-in", data={**fields, "password": "another pass phrase"})
    assert (wrong.status_code, wrong.mimetype) == (422, "application/problem+json")
    assert wrong.json["detail"]
    answer = ask(browser, "POST", "/sign-in", data=fields)
    told = answer.json
    assert (answer.status_code, told["signed_in"], told["account"]) == (200, True, here.accounts["assessor-3"].ref)
    assert told["csrf_token"] != token
    sent = browser.client.post(
        "/api/v1/devices", json={"public_key": new_key()}, environ_overrides=browser.environ,
        headers={"X-CSRFToken": told["csrf_token"]},
    )  # fmt: skip
    assert sent.status_code == 201
    again = ask(browser, "GET", "/sign-in").json
    # A token carries the second it was written in, so two of them may differ.
    assert {**again, "csrf_token": None} == {**told, "csrf_token": None}


def test_a_script_with_an_old_token_or_too_many_attempts_is_told_so(app: Flask, here: Any) -> None:
    browser = Browser(app)
    fields = {"csrf_token": "old", "email": "assessor-3@contoh.test", "password": "another pass phrase"}
    old = ask(browser, "POST", "/sign-in", data=fields)
    assert (old.status_code, old.mimetype) == (400, "application/problem+json")
    fields["csrf_token"] = ask(browser, "GET", "/sign-in").json["csrf_token"]
    answers = [ask(browser, "POST", "/sign-in", data=fields) for _ in range(11)]
    assert [one.status_code for one in answers[:10]] == [422] * 10
    assert (answers[10].status_code, answers[10].json["code"]) == (429, "too_many_attempts")
    assert int(answers[10].headers["Retry-After"]) > 0


def test_a_script_enters_the_password_again(app: Flask, here: Any) -> None:
    browser = signed_in(app, "assessor-3")
    fields = {"csrf_token": browser.token("/home"), "password": "another pass phrase"}
    assert ask(browser, "POST", "/sign-in/again", data=fields).status_code == 422
    assert ask(browser, "POST", "/sign-in/again", data={**fields, "password": WORLD}).json["signed_in"]


def test_a_sign_out_after_the_end_of_the_session_wipes_the_browser_too(app: Flask, here: Any, clock: Any) -> None:
    browser = signed_in(app, "assessor-3")
    clock.advance(minutes=31)
    answer = browser.client.post("/sign-out", environ_overrides=browser.environ)
    assert (answer.status_code, answer.headers["Clear-Site-Data"]) == (303, '"storage"')
