"""A server that says «saved» without saving, for looking whether a loss would be seen: every second document.
Everything else it answers is the application's own. Run as `python -m tests.faults.lying PORT`."""

import itertools
from collections.abc import Iterable
from typing import Any

from flask import Flask

from tests.faults.warm import serve_warm


class Liar:
    """Stands before the application and keeps some requests from it."""

    def __init__(self, application: Any) -> None:
        self.application = application
        self.documents = itertools.count(1)

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        """Answer by itself, or pass the request on."""
        if (
            environ["REQUEST_METHOD"] == "POST"
            and environ["PATH_INFO"].endswith("/documents")
            and next(self.documents) % 2 == 0
        ):
            environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
            start_response("303 See Other", [("Content-Length", "0")])
            return [b""]
        answer: Iterable[bytes] = self.application(environ, start_response)
        return answer


def lie(app: Flask) -> None:
    """Put the liar before the application."""
    app.wsgi_app = Liar(app.wsgi_app)  # type: ignore[method-assign]


if __name__ == "__main__":
    serve_warm(lie)
