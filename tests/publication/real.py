"""The published data of the project in a database of their own, read by many tests and changed by none."""

import html
import re
from collections.abc import Iterator

import pytest
from flask import Flask

from paritrana.clock import SetClock
from paritrana.config import data_folder
from paritrana.database import db
from paritrana.seeding.cli import load
from tests.conftest import START, Workshop, release


@pytest.fixture(scope="module")
def real(workshop: Workshop, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Flask]:
    """Regions, winners and published figures, and the one historical cycle; no cycle of ours."""
    engine = workshop.engine("sqlite")
    app = workshop.build(engine.fresh("real"), tmp_path_factory.mktemp("real"))
    app.extensions["clock"] = SetClock(START)
    with app.app_context():
        load(data_folder("seed"), START, app.extensions["settings"], demo=False)
        db.session.remove()
    yield app
    release(app)
    engine.drop("real")


def read(app: Flask, address: str, language: str = "id") -> str:
    """A public page as text."""
    answer = app.test_client().get(address, query_string={"lang": language} if "?" not in address else None)
    assert answer.status_code == 200, address
    return html.unescape(answer.get_data(as_text=True))


def plain(text: str) -> str:
    """The words of a page without its tags."""
    return " ".join(re.sub(r"<[^>]+>", " ", text).split())


def without_pictures(text: str) -> str:
    """A page without its pictures and icons."""
    return re.sub(r"<svg.*?</svg>", " ", text, flags=re.S)


__all__ = ["plain", "read", "real", "without_pictures"]
