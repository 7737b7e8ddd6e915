"""Fixtures of the web layer's own tests: its small application and a client of it."""

from collections.abc import Iterator

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.web.sample import make_web_app


@pytest.fixture
def web_app() -> Flask:
    return make_web_app()


@pytest.fixture
def web(web_app: Flask) -> Iterator[FlaskClient]:
    with web_app.test_client() as client:
        yield client
