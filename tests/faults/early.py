"""A server that says «saved» a moment before it saves a mark: nothing is lost until it is killed.
Everything else it answers is the application's own. Run as `python -m tests.faults.early PORT`."""

import io
import json
import queue
import threading
import time
from collections.abc import Iterable
from typing import Any

from flask import Flask

from tests.faults.warm import serve_warm

LATE = 0.02  # seconds between the answer and the work


class Early:
    """Stands before the application, answers for it, and passes marks on one after the other, a little later."""

    def __init__(self, application: Any) -> None:
        self.application = application
        self.waiting: queue.SimpleQueue[dict[str, Any]] = queue.SimpleQueue()
        self.hand: threading.Thread | None = None  # of the process that answers, not of the one that forks it
        self.lock = threading.Lock()

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        """Answer by itself, or pass the request on."""
        if environ["REQUEST_METHOD"] != "PUT" or "/marks/" not in environ["PATH_INFO"]:
            answer: Iterable[bytes] = self.application(environ, start_response)
            return answer
        content = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        with self.lock:
            if self.hand is None:
                self.hand = threading.Thread(target=self._work, daemon=True)
                self.hand.start()
        self.waiting.put({**environ, "wsgi.input": io.BytesIO(content)})
        body = json.dumps({"echo": "Saved"}).encode()
        start_response("200 OK", [("Content-Type", "application/json"), ("Content-Length", str(len(body)))])
        return [body]

    def _work(self) -> None:
        while True:
            environ = self.waiting.get()
            time.sleep(LATE)
            answer = self.application(environ, lambda *_said, **_more: lambda _body: None)
            for _part in answer:
                pass
            if hasattr(answer, "close"):
                answer.close()


def answer_early(app: Flask) -> None:
    """Put the early one before the application."""
    app.wsgi_app = Early(app.wsgi_app)  # type: ignore[method-assign]


if __name__ == "__main__":
    serve_warm(answer_early)
