"""A server that ends itself, as kill -9 would, at one step of what its requests write.

A step is a statement that changes something, the commit, the moment after it, and the answer. Which one is written in
the file that `STEP_FILE` names; without it the server lives. Everything else it answers is the application's own. Run
as `python -m tests.faults.dying PORT`.
"""

import os
import signal
import sys
from collections.abc import Iterable
from contextvars import ContextVar
from pathlib import Path
from typing import Any

from flask import Flask
from sqlalchemy import event

from paritrana.cli import make_app
from paritrana.config import load_settings
from paritrana.database import db
from paritrana.operations.cli import serve
from tests.faults.warm import Neighbour

STEP_FILE = "STEP_FILE"  # the environment variable
WRITES = ("INSERT", "UPDATE", "DELETE")
_left: ContextVar[list[int] | None] = ContextVar("left", default=None)  # steps to go in this request


def step() -> None:
    """One step is about to be taken; the last one never is."""
    left = _left.get()
    if left is None:
        return
    left[0] -= 1
    if left[0] == 0:
        os.kill(os.getpid(), signal.SIGKILL)


class Dying:
    """Stands before the application and counts the steps of the requests that publish something."""

    def __init__(self, application: Any, file: Path) -> None:
        self.application, self.file = application, file

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        """Answer with the application, unless the time has come."""
        if environ["REQUEST_METHOD"] != "POST" or "/publication/" not in environ["PATH_INFO"] or not self.file.exists():
            answer: Iterable[bytes] = self.application(environ, start_response)
            return answer
        token = _left.set([int(self.file.read_text())])
        try:
            answer = self.application(environ, start_response)
            step()
            return answer
        finally:
            _left.reset(token)


def _statement(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
    if statement.lstrip().upper().startswith(WRITES):
        step()


def _committed(_connection: Any) -> None:
    step()


def die(app: Flask) -> None:
    """Count the steps of the application's database, and put the dying one before it."""
    with app.app_context():
        event.listen(db.engine, "before_cursor_execute", _statement)
        event.listen(db.engine, "commit", _committed)
        event.listen(db.session, "after_commit", lambda _session: step())
    app.wsgi_app = Dying(app.wsgi_app, Path(os.environ[STEP_FILE]))  # type: ignore[method-assign]


def main() -> None:
    """Serve one warm application from every process."""
    app = make_app(load_settings())
    assert Neighbour(app, app.response_class).get("/").status_code == 200
    with app.app_context():
        db.engine.dispose()  # no process shares a connection with another
    die(app)
    serve.main(args=["--no-worker", "--port", sys.argv[1]], obj=lambda _settings: app)


if __name__ == "__main__":
    main()
