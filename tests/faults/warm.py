"""The product's own server with its application built, and used once, before the first process that answers is forked,
so that the successor of a process that was killed works within moments. Run as `python -m tests.faults.warm PORT`."""

import sys
from collections.abc import Callable
from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from paritrana.cli import make_app
from paritrana.config import load_settings
from paritrana.database import db
from paritrana.operations.cli import serve
from paritrana.sheets.models import Sheet
from tests.factories import sign_in
from tests.faults.scene import ASSESSOR
from tests.sheets.desks import DESK, put

NO_VERSION = 1_000_000  # what expects this version of a mark is refused


class Neighbour(FlaskClient):
    """Asks by the application's own address."""

    def open(self, *args: Any, **more: Any) -> Any:
        """One request."""
        return super().open(*args, base_url=self.application.extensions["settings"].base_url, **more)


def serve_warm(change: Callable[[Flask], None] | None = None) -> None:
    """Serve one application from every process; `change` may put something before it."""
    settings = load_settings()
    app = make_app(settings)
    client = Neighbour(app, app.response_class)
    with app.app_context():
        ref = db.session.scalar(select(Sheet.ref).where(Sheet.assessor.has(email=f"{ASSESSOR}@contoh.test")))
    sign_in(client, ASSESSOR)
    assert put(client, str(ref), DESK[0], "5", version=NO_VERSION).status_code == 409
    with app.app_context():
        db.engine.dispose()  # no process shares a connection with another
    if change is not None:
        change(app)
    serve.main(args=["--no-worker", "--port", sys.argv[1]], obj=lambda _settings: app)


if __name__ == "__main__":
    serve_warm()
