"""People to sign in with, and a browser that sends what a browser sends."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from paritrana.accounts import service
from paritrana.accounts.models import Account
from paritrana.core.policy import Actor
from paritrana.database import db

PASSWORD = "kuda hijau makan sate di pantai"
SYSTEM = Actor(ref="system", name="system")
TOKEN = re.compile(r'name="csrf_token" value="([^"]+)"')


class Browser:
    """A browser on one application: it keeps cookies, says where requests start, and sends the token of the page."""

    def __init__(self, app: Flask, **environ: str) -> None:
        self.client: FlaskClient = app.test_client()
        self.environ = {"HTTP_SEC_FETCH_SITE": "same-origin", **environ}

    def get(self, address: str, **options: Any) -> TestResponse:
        """Open a page."""
        return self.client.get(address, environ_overrides=self.environ, **options)

    def post(self, address: str, fields: dict[str, Any] | None = None, *, page: str, **options: Any) -> TestResponse:
        """Send a form with the token that `page` shows."""
        token = self.token(page)
        data = {"csrf_token": token, **(fields or {})} if token else fields or {}
        return self.client.post(address, data=data, environ_overrides=self.environ, **options)

    def token(self, page: str) -> str:
        """The token of the first form of a page; empty where it has none."""
        found = TOKEN.search(self.get(page).get_data(as_text=True))
        return found[1] if found else ""

    def sign_in(self, email: str, password: str = PASSWORD, **fields: str) -> TestResponse:
        """Sign in through the page."""
        return self.post("/sign-in", {"email": email, "password": password, **fields}, page="/sign-in")

    @property
    def cookie(self) -> str:
        """The token in the session cookie; empty without one."""
        found = self.client.get_cookie("sid", domain="localhost")
        return found.value if found else ""

    @cookie.setter
    def cookie(self, value: str) -> None:
        self.client.set_cookie("sid", value, domain="localhost")

    @property
    def signed_in(self) -> bool:
        """Whether the sign-in page sends this browser on, because somebody is signed in."""
        return self.get("/sign-in").status_code == 303


@pytest.fixture
def visitor(app: Flask) -> Browser:
    """A browser without cookies."""
    return Browser(app)


@pytest.fixture
def make_account(clock: Any) -> Callable[..., Account]:
    """A function that makes an account in an open application context and commits it: e-mail NAME@contoh.test."""

    def make(name: str = "sari", role: str | None = None, *, password: str | None = PASSWORD, **scope: int) -> Account:
        person = service.create_person(staff_number=f"T-{name}", fictitious=True)
        account = service.create_account(
            email=f"{name}@contoh.test",
            name=name.title(),
            password=password,
            person=person,
            actor=SYSTEM,
            at=clock.now(),
        )
        if role is not None:
            service.grant_role(account, role, actor=SYSTEM, at=clock.now(), **scope)
        db.session.commit()
        return account

    return make
