"""A server that says «saved» without saving, for looking whether a loss would be seen: every third mark, every second
document. Everything else it answers is the application's own. Run as `python -m tests.faults.lying PORT`."""

import itertools
import json
import sys
from collections.abc import Iterable
from typing import Any

from flask import Flask

from paritrana.cli import make_app
from paritrana.config import Settings
from paritrana.operations.cli import serve


class Liar:
    """Stands before the application and keeps some requests from it."""

    def __init__(self, application: Any) -> None:
        self.application = application
        self.marks, self.documents = itertools.count(1), itertools.count(1)

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        """Answer by itself, or pass the request on."""
        method, path = environ["REQUEST_METHOD"], environ["PATH_INFO"]
        if method == "PUT" and "/marks/" in path and next(self.marks) % 3 == 0:
            return self._say(environ, start_response, "200 OK", json.dumps({"echo": "Saved"}).encode())
        if method == "POST" and path.endswith("/documents") and next(self.documents) % 2 == 0:
            return self._say(environ, start_response, "303 See Other", b"")
        answer: Iterable[bytes] = self.application(environ, start_response)
        return answer

    def _say(self, environ: dict[str, Any], start_response: Any, status: str, body: bytes) -> Iterable[bytes]:
        environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        start_response(status, [("Content-Type", "application/json"), ("Content-Length", str(len(body)))])
        return [body]


def lying_app(settings: Settings) -> Flask:
    """The application behind the liar."""
    app = make_app(settings)
    app.wsgi_app = Liar(app.wsgi_app)  # type: ignore[method-assign]
    return app


if __name__ == "__main__":
    serve.main(args=["--no-worker", "--port", sys.argv[1]], obj=lying_app)
