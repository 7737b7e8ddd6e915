"""A person at a browser: opens pages in English and sends forms with the page's own token."""

import re
import secrets
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from tests.factories import sign_in


class Visitor:
    """Somebody of the world, signed in."""

    def __init__(self, client: FlaskClient, name: str) -> None:
        self.client = client
        sign_in(client, name)

    def open(self, address: str) -> TestResponse:
        """The answer to a GET, in English."""
        return self.client.get(address, query_string={"lang": "en"})

    def read(self, address: str) -> str:
        """The text of a page that opens."""
        answer = self.open(address)
        assert answer.status_code == 200, answer.get_data(as_text=True)
        return answer.get_data(as_text=True)

    def send(self, address: str, page: str = "/home", **fields: Any) -> TestResponse:
        """A POST with the token that `page` shows and a key of its own."""
        token = re.search(r'name="csrf_token" value="([^"]+)"', self.read(page))
        assert token is not None
        data = {"csrf_token": token[1], "idempotency_key": secrets.token_urlsafe(16), **fields}
        return self.client.post(
            address, data=data, headers={"Sec-Fetch-Site": "same-origin"}, query_string={"lang": "en"}
        )


@pytest.fixture
def visit(app: Flask) -> Callable[[str], Visitor]:
    """A function that signs a person of the world in, each in a browser of their own."""
    return lambda name: Visitor(app.test_client(), name)
