"""Bytes that no browser sends come to the running server: no answer is a fault, no line of its log is broken."""

import json
import random
import shutil
import socket
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.faults.ground import SizeLimit
from tests.faults.scene import Scene
from tests.faults.server import HOST, Server, Visitor

SEED = 20261122
HOSTLINE = b"Host: 127.0.0.1\r\n"
LINES = (
    b"GET / HTTP/1.1", b"GET  /  HTTP/1.1", b"GET / HTTP/9.9", b"GET /", b"", b"\x00\x01\x02",
    b"\x16\x03\x01\x02\x00\x01\x00", b"get / http/1.1",
    b"GET /%00 HTTP/1.1", b"GET /\xff\xfe HTTP/1.1", b"GET /%ff%fe%ed%a0%80 HTTP/1.1",
    b"GET http://elsewhere.test/ HTTP/1.1", b"GET * HTTP/1.1",
    b"OPTIONS * HTTP/1.1", b"CONNECT elsewhere.test:443 HTTP/1.1", b"TRACE / HTTP/1.1", b"PRI * HTTP/2.0",
    b"GET //elsewhere.test HTTP/1.1",
    b"GET /../../etc/passwd HTTP/1.1", b"GET /static/%2e%2e/app.py HTTP/1.1", b"GET /" + b"a" * 9000 + b" HTTP/1.1",
    b"X" * 5000,
    b"POST /sign-in HTTP/1.1", b"PUT /api/v1/sheets/x/marks/A1 HTTP/1.1", b"GET /?" + b"a=1&" * 3000 + b" HTTP/1.1",
    b"GET /\r\nX-Injected: yes HTTP/1.1",
    b"GET /home HTTP/1.0", b"HEAD /healthz HTTP/1.1", b"DELETE / HTTP/1.1", b"GET /?\r HTTP/1.1", b"GET / HTTP/1.1\x00",
)  # fmt: skip
HEADERS = (
    b"", b"Host: elsewhere.test\r\n", b"Host: a\r\nHost: b\r\n", b"Host:\r\n", b": x\r\n", b"A B: c\r\n",
    b"X: \x00\r\n", b"X: a\r\n b\r\n", b"X" * 9000 + b": 1\r\n",
    b"X: 1\r\n" * 300, b"Content-Length: -1\r\n", b"Content-Length: 5\r\nContent-Length: 6\r\n",
    b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n",
    b"Transfer-Encoding: chunked, identity\r\n", b"Transfer-Encoding: \x0bchunked\r\n",
    b"Content-Length: 99999999999999999999\r\n", b"Content-Length: +5\r\n",
    b"Expect: 100-continue\r\n", b"Connection: upgrade\r\nUpgrade: websocket\r\n",
    b"Cookie: sid=\xff\xfe; lang=\x01\r\n", b"Range: bytes=0-\r\n",
    b"Content-Type: multipart/form-data; boundary=\r\nContent-Length: 5\r\n",
    b"Content-Type: application/json\r\nContent-Length: 5\r\n",
    b'User-Agent: x"}\\n{"event":"forged_by_input"}\r\n', b"X-Forwarded-For: a, b\r\nForwarded: for=\"[::\"\r\n",
    b"Accept-Language: \xff;q=\r\n",
    b"If-Match: \xff\r\n", b"Origin: http://127.0.0.1\r\nContent-Length: 3\r\n", b"\r\n", b"X:\r\n\r\n\r\n",
)  # fmt: skip
BODIES = (
    b"",
    b"a=1",
    b"5\r\nhello\r\n0\r\n\r\n",
    b"zz\r\n",
    b"0\r\n\r\nGET /home HTTP/1.1\r\nHost: x\r\n\r\n",
    b"\xff" * 40,
    b"-1\r\n\r\n",
    b"[" * 500,
)


def exchange(port: int, sent: bytes) -> bytes:
    """What the server says to some bytes, until it is silent for a moment or hangs up."""
    with socket.create_connection((HOST, port), timeout=10) as line:
        line.settimeout(10)
        said = b""
        try:
            line.sendall(sent)
            line.shutdown(socket.SHUT_WR)
            while len(said) < 1_000_000 and (piece := line.recv(65_536)):
                said += piece
        except (ConnectionError, TimeoutError):
            pass
    return said


def statuses(said: bytes) -> list[int]:
    """The status of every answer that begins in some bytes."""
    lines = (one for one in said.split(b"\r\n") if one.startswith((b"HTTP/1.1 ", b"HTTP/1.0 ")))
    return [int(one[9:12]) for one in lines if one[9:12].isdigit()]


@pytest.fixture
def served(prepared: tuple[Path, Scene], tmp_path: Path) -> Iterator[tuple[Server, Path]]:
    """The scene served, its log in a file."""
    ground, log = SizeLimit(), tmp_path / "log"
    shutil.copyfile(prepared[0], ground.seen("instance") / "paritrana.db")
    server = Server(ground, command=("-m", "tests.faults.warm"), log_to=log)
    yield server.start(), log
    server.stop()
    ground.close()


@pytest.mark.parametrize("requests", [300, pytest.param(5_000, marks=[pytest.mark.slow, pytest.mark.timeout(3600)])])
def test_bytes_that_are_no_request_are_answered_without_a_fault(
    served: tuple[Server, Path], requests: int, figures_of: Callable[..., None]
) -> None:
    server, log = served
    begun, chance = time.perf_counter(), random.Random(SEED)
    wrong, told = [], 0
    for _no in range(requests):
        head = chance.choice(LINES) + b"\r\n" + (HOSTLINE if chance.random() < 0.7 else b"") + chance.choice(HEADERS)
        sent = head + b"\r\n" + chance.choice(BODIES)
        if chance.random() < 0.1:
            sent = sent[: chance.randrange(len(sent) + 1)]
        if chance.random() < 0.1:
            sent = chance.randbytes(chance.randrange(1, 300)) + sent
        said = exchange(server.port, sent)
        told += bool(said)
        if any(status >= 500 and status not in {501, 505} for status in statuses(said)) or b"Traceback" in said:
            wrong.append((sent[:200], said[:200]))
    assert Visitor(server.port).get("/healthz").status == 200
    lines = [line for line in log.read_text(encoding="utf-8", errors="replace").splitlines() if not _readable(line)]
    figures_of(
        "schema fuzz", promises=["P25", "P34"], door="raw sockets", calls=requests, answered=told, faults=len(wrong),
        unparsable_lines=len(lines), seed=SEED, seconds=round(time.perf_counter() - begun, 1),
        control=statuses(b"HTTP/1.1 500 Internal Server Error\r\n") == [500] and not _readable("a\\n{"),
    )  # fmt: skip
    assert wrong == []
    assert lines == []
    assert told > requests // 3


def _readable(line: str) -> bool:
    try:
        said = json.loads(line)
    except ValueError:
        return False
    return isinstance(said, dict) and said.get("event") not in {None, "forged_by_input"}
