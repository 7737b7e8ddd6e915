"""A real server process on its ground, and a visitor who speaks HTTP to it and shares nothing else with it."""

import json
import os
import re
import secrets
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from tests.factories import PASSWORD
from tests.faults.ground import Ground, children_of

HOST = "127.0.0.1"
READY_SECONDS = 60
CODE = Path(__file__).resolve().parents[2]
SERVE = ("-m", "paritrana", "serve", "--no-worker", "--port")
_SQL = """
import json, sqlite3, sys
file, statement, values = json.load(sys.stdin)
connection = sqlite3.connect(file, timeout=30)
with connection:
    rows = connection.execute(statement, values).fetchall()
connection.close()
json.dump([[one.decode() if isinstance(one, bytes) else one for one in row] for row in rows], sys.stdout)
"""
Files = Sequence[tuple[str, str, bytes]]  # field, name, content


def free_port() -> int:
    """A port nobody listens on."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


class Server:
    """`paritrana serve` on a ground; what it writes to standard error is kept line by line."""

    def __init__(
        self, ground: Ground, *, command: Sequence[str] = SERVE, log_to: Path | None = None, **settings: str
    ) -> None:
        self.ground = ground
        self.port = free_port()
        self.command = [sys.executable, *command, str(self.port)]
        self.log_to = log_to
        self.environment = {key: value for key, value in os.environ.items() if not key.startswith("PARITRANA_")} | {
            "PYTHONPATH": str(CODE),
            "PARITRANA_INSTANCE": str(ground.path("instance")),
            "PARITRANA_BLOB_PATH": str(ground.path("blobs")),
            "PARITRANA_BASE_URL": f"http://{HOST}:{self.port}",
            "PARITRANA_SECOND_FACTOR": "off",
            "TMPDIR": str(ground.path("temp")),
            **{f"PARITRANA_{name.upper()}": value for name, value in settings.items()},
        }
        self.lines: list[str] = []
        self.process: subprocess.Popen[str] | None = None

    def start(self) -> "Server":
        """Start it in a group of its own and wait for its first answer."""
        stream: Any = subprocess.PIPE if self.log_to is None else self.log_to.open("ab")
        self.process = self.ground.start(
            self.command, self.environment, cwd="/", stdout=subprocess.DEVNULL, stderr=stream, start_new_session=True
        )
        if self.process.stderr is not None:
            threading.Thread(target=self._read, args=(self.process,), daemon=True).start()
        else:
            stream.close()
        self.wait_until_ready()
        return self

    def wait_until_ready(self) -> None:
        """Wait until static files are served: they need neither database nor room."""
        until = time.monotonic() + READY_SECONDS
        while time.monotonic() < until:
            try:
                if Visitor(self.port).get("/static/favicon.svg").status == 200:
                    return
            except (OSError, HTTPException):
                pass
            assert self.process is not None
            assert self.process.poll() is None, "".join(self.lines)
            time.sleep(0.02)
        raise AssertionError("the server does not answer: " + "".join(self.lines))

    def kill(self) -> None:
        """End every process of it at once, without a word."""
        assert self.process is not None
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        until = time.monotonic() + READY_SECONDS
        while time.monotonic() < until:  # its children are not ours to wait for
            try:
                os.killpg(self.process.pid, 0)
            except ProcessLookupError:
                return
            time.sleep(0.01)

    def kill_worker(self) -> None:
        """End the process that answers; the one that watches over it starts another."""
        assert self.process is not None
        for pid in children_of(self.process.pid):
            os.kill(pid, signal.SIGKILL)

    def stop(self) -> None:
        """Ask it to end."""
        if self.process is not None and self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(timeout=20)
            except subprocess.TimeoutExpired:
                self.kill()

    def rows(self, statement: str, *values: Any) -> list[list[Any]]:
        """Rows of the database, those of a SQLite file asked for where the server is; bytes come as text."""
        if "PARITRANA_DATABASE_URL" in self.environment:
            return _rows_of(self.environment["PARITRANA_DATABASE_URL"], statement, values)
        return json.loads(self._ask_database(statement, values))

    def change(self, statement: str, *values: Any) -> None:
        """Change rows past the application, as time would."""
        self._ask_database(statement, values)

    def _ask_database(self, statement: str, values: Sequence[Any]) -> str:
        file = str(self.ground.path("instance") / "paritrana.db")
        asked = json.dumps([file, statement, values])
        process = self.ground.start(
            [sys.executable, "-I", "-c", _SQL], {}, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd="/"
        )
        said, _ = process.communicate(asked, timeout=60)
        assert process.returncode == 0
        return said

    def logged(self, event: str) -> list[dict[str, Any]]:
        """The log lines of one event."""
        found = [json.loads(line) for line in list(self.lines) if line.startswith("{")]
        return [one for one in found if one.get("event") == event]

    def _read(self, process: "subprocess.Popen[str]") -> None:
        assert process.stderr is not None
        with process.stderr:
            self.lines.extend(process.stderr)


def _rows_of(address: str, statement: str, values: Sequence[Any]) -> list[list[Any]]:
    import psycopg

    with psycopg.connect(address.replace("+psycopg", "")) as connection:
        asked = statement.replace("%", "%%").replace("?", "%s") if values else statement
        rows = connection.execute(asked.encode(), values or None).fetchall()
    return [[one.decode() if isinstance(one, bytes) else one for one in row] for row in rows]


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer of the server."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def text(self) -> str:
        """The body as text."""
        return self.body.decode()

    @property
    def json(self) -> Any:
        """The body as an object."""
        return json.loads(self.body)


@dataclass
class Visitor:
    """A browser without scripts: one cookie, one language, one connection for each request."""

    port: int
    language: str = "en"
    cookies: dict[str, str] = field(default_factory=dict)
    token: str = ""

    def ask(self, method: str, path: str, body: bytes = b"", **headers: str) -> Answer:
        """One request. Raises `OSError` or `HTTPException` when the line breaks."""
        connection = HTTPConnection(HOST, self.port, timeout=60)
        sent = {"Sec-Fetch-Site": "same-origin", "Accept": "text/html"}
        sent |= {name.replace("_", "-"): value for name, value in headers.items()}
        cookies = {**self.cookies, "lang": self.language}
        sent["Cookie"] = "; ".join(f"{name}={value}" for name, value in cookies.items())
        try:
            connection.request(method, path, body or None, sent)
            answer = connection.getresponse()
            content = answer.read()
        finally:
            connection.close()
        for name, value in answer.getheaders():
            if name.lower() == "set-cookie":
                key, _, rest = value.partition("=")
                self.cookies[key] = rest.partition(";")[0]
        return Answer(answer.status, dict(answer.getheaders()), content)

    def get(self, path: str, **headers: str) -> Answer:
        """A page."""
        return self.ask("GET", path, **headers)

    def post(self, path: str, fields: Mapping[str, str], files: Files = ()) -> Answer:
        """A form, with its token and a key of its own."""
        fields = {"csrf_token": self.token, "idempotency_key": secrets.token_hex(8), **fields}
        if not files:
            return self.ask("POST", path, urlencode(fields).encode(), Content_Type="application/x-www-form-urlencoded")
        border = secrets.token_hex(16)
        parts = [
            f'--{border}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'.encode()
            for name, value in fields.items()
        ] + [
            f'--{border}\r\nContent-Disposition: form-data; name="{name}"; filename="{file}"\r\n'
            f"Content-Type: application/pdf\r\n\r\n".encode() + content + b"\r\n"
            for name, file, content in files
        ]  # fmt: skip
        body = b"".join(parts) + f"--{border}--\r\n".encode()
        return self.ask("POST", path, body, Content_Type=f"multipart/form-data; boundary={border}")

    def sign_in(self, name: str) -> "Visitor":
        """Sign a person of the scene in."""
        self.token = self.token_of(self.get("/sign-in"))
        answer = self.post("/sign-in", {"email": f"{name}@contoh.test", "password": PASSWORD})
        assert answer.status == 303, answer.text
        self.token = self.token_of(self.get("/home"))
        return self

    def save(self, sheet: str, indicator: str, value: str, *, version: int, key: str = "", **notes: str) -> Answer:
        """One mark, as the script of the sheet sends it."""
        said = {"value": value, "abstain_note": "", "panel_note": "", "feedback": "", **notes}
        return self.ask(
            "PUT", f"/api/v1/sheets/{sheet}/marks/{indicator}", json.dumps(said).encode(),
            Content_Type="application/json", Accept="application/json", X_CSRFToken=self.token,
            If_Match=f'"{version}"', Idempotency_Key=key or secrets.token_hex(8),
        )  # fmt: skip

    @staticmethod
    def token_of(page: Answer) -> str:
        """The token that the forms of a page carry."""
        found = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', page.text)
        assert found is not None, page.text
        return found[1]
