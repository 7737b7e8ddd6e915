"""Second factors: entries without end, and a site at which no passkey is possible."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from paritrana.accounts.models import Account, SecondFactor
from paritrana.database import db
from tests.accounts.authenticators import App
from tests.accounts.conftest import Browser
from tests.accounts.test_second_factor import SARI, STEP, page_of, secret_on


@pytest.fixture
def guarded(app: Flask) -> Iterator[Flask]:
    """The application as it is outside a demonstration: officers need a second factor."""
    settings = app.extensions["settings"]
    app.extensions["settings"] = settings.model_copy(update={"second_factor": "officers"})
    yield app
    app.extensions["settings"] = settings


@pytest.fixture
def sari(guarded: Flask, db_session: Any, make_account: Callable[..., Account]) -> Account:
    """An officer without a second factor."""
    return make_account("sari", "administrator")


def test_a_code_or_a_name_that_is_too_long_is_refused_before_it_is_looked_at(guarded: Flask, clock: Any, sari: Account):
    visitor = Browser(guarded)
    visitor.sign_in(SARI)
    phone = App(secret_on(page_of(visitor.get(STEP))))
    long_name = {"code": phone.code(clock.now()), "name": "x" * 61}
    for path, fields in ((f"{STEP}/app", long_name), (f"{STEP}/passkey", {"credential": "x" * 20_001})):
        assert visitor.post(path, fields, page=STEP).status_code == 422
        assert db.session.scalars(select(SecondFactor)).all() == []
    assert visitor.post(f"{STEP}/app", long_name | {"name": "Telepon"}, page=STEP).status_code == 200
    clock.advance(minutes=1)
    again = Browser(guarded)
    again.sign_in(SARI)
    for fields in ({"code": "1" * 41}, {"credential": "x" * 20_001}):
        assert again.post(STEP, fields, page=STEP).status_code == 422
    assert not again.signed_in


def test_at_a_bare_network_address_no_passkey_is_offered(guarded: Flask, sari: Account):
    named = Browser(guarded)
    named.sign_in(SARI)
    assert 'data-options="' in named.get(STEP).get_data(as_text=True)
    settings = guarded.extensions["settings"]
    guarded.extensions["settings"] = settings.model_copy(update={"base_url": "http://127.0.0.1"})
    visitor = Browser(guarded)
    visitor.sign_in(SARI)
    page = visitor.get(STEP).get_data(as_text=True)
    assert secret_on(page)
    assert 'data-options="' not in page
