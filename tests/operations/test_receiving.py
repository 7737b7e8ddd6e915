"""A request is whole before a thread takes it up, and the sources take turns."""

import socket
import tempfile
from collections.abc import Iterator
from typing import Any

import pytest
from gunicorn.config import Config

from paritrana.operations.receiving import (
    FIRST_SECONDS,
    HEAD_SECONDS,
    IN_MEMORY,
    LARGEST,
    PACE,
    UNKNOWN_LENGTH,
    Arrival,
    Bounded,
    Caller,
    PatientWorker,
    patient_worker,
)

HEAD = b"POST /x HTTP/1.1\r\nHost: here\r\n"


def arrived(*pieces: bytes, room: int = LARGEST) -> Arrival:
    """A request that came in these pieces."""
    arrival = Arrival(0.0)
    for piece in pieces:
        arrival.take(piece, room)
    return arrival


def read_back(arrival: Arrival, size: int) -> bytes:
    """What a thread reads of it, the other end being gone."""
    ours, theirs = socket.socketpair()
    theirs.close()
    with ours:
        reader = Bounded(ours)
        reader.begin(arrival)
        found = bytes(reader.read(size))
        assert reader.read(1) == b""
        reader.end()
    return found


@pytest.mark.parametrize(
    ("pieces", "whole"),
    [
        ((b"GET / HTTP/1.1\r\n",), False),
        ((b"GET / HTTP/1.1\r\nHost: here\r\n\r", b"\n"), True),
        ((b"\r\n\r\nGET / HTTP/1.1\r\n",), False),
        ((b"GET / HTTP/1.1\n\n",), True),
        ((HEAD + b"Content-Length: 3\r\n\r\nab",), False),
        ((HEAD + b"content-length:3\r\n\r\nab", b"c"), True),
        ((HEAD + b"Content-Length: %d\r\n\r\n" % (LARGEST + 1),), True),
        ((b"x" * (IN_MEMORY + 1),), True),
    ],
)
def test_a_request_is_whole_with_the_last_byte_of_its_body(pieces: tuple[bytes, ...], whole: bool) -> None:
    arrival = arrived(*pieces)
    assert (arrival.whole, arrival.unknown) == (whole, False)
    assert read_back(arrival, arrival.size) == b"".join(pieces)


def test_a_long_body_waits_in_a_file_and_comes_back_as_it_was() -> None:
    body = bytes(range(256)) * 4096
    arrival = arrived(HEAD + b"Content-Length: %d\r\n\r\n" % len(body))
    while not arrival.whole:
        before = arrival.size - (arrival.needed or 0) + len(body)
        arrival.take(body[before : before + arrival.wants()])
    assert arrival.in_file() > len(body) // 2
    assert arrival.size == arrival.needed
    assert read_back(arrival, arrival.size)[-len(body) :] == body


def test_where_files_have_no_room_a_thread_reads_on(monkeypatch: pytest.MonkeyPatch) -> None:
    pieces = (HEAD + b"Content-Length: 900000\r\n\r\n", b"a" * 100_000, b"b" * 60_000, b"c" * 60_000)
    for room in (60_000, 30_000, 0):
        arrival = Arrival(0.0)
        for piece in pieces:
            if not arrival.whole:
                arrival.take(piece, room - arrival.in_file())
        assert (arrival.whole, arrival.unknown) == (True, True)
        assert read_back(arrival, arrival.size) == b"".join(pieces)[: arrival.size]
    monkeypatch.setattr(tempfile, "tempdir", "/nowhere/at/all")
    arrival = arrived(*pieces[:3])
    assert arrival.unknown
    assert read_back(arrival, arrival.size) == b"".join(pieces[:3])


def test_a_body_of_unknown_length_is_left_to_a_thread() -> None:
    assert arrived(HEAD + b"Transfer-Encoding: chunked\r\n\r\n").unknown


def test_who_waits_for_a_word_before_the_body_is_told_to_send() -> None:
    expecting = HEAD + b"Expect: 100-continue\r\nContent-Length: 5\r\n\r\n"
    assert arrived(expecting).expects
    assert not arrived(expecting + b"a").expects
    assert not arrived(HEAD + b"Content-Length: 5\r\n\r\n").expects


def test_a_head_has_seconds_and_a_body_a_pace() -> None:
    assert not arrived(HEAD).late(HEAD_SECONDS)
    assert arrived(HEAD).late(HEAD_SECONDS + 1)
    body = arrived(HEAD + b"Content-Length: 500000\r\n\r\n", b"a" * 50 * PACE)
    assert not body.late(FIRST_SECONDS + 50)
    assert body.late(FIRST_SECONDS + 52)


@pytest.mark.parametrize(
    ("line", "hops", "source"),
    [
        (b"X-Forwarded-For: 192.0.2.1, 198.51.100.2\r\n", 1, "198.51.100.2"),
        (b"x-forwarded-for: 192.0.2.1, 198.51.100.2\r\n", 2, "192.0.2.1"),
        (b"X-Forwarded-For: 2001:db8:1:2:3::4\r\n", 1, "2001:0db8:0001:0002"),
        (b"X-Forwarded-For: 192.0.2.1\r\n", 2, None),
        (b"X-Forwarded-For: 192.0.2.1\r\n", 0, None),
        (b"", 1, None),
    ],
)
def test_behind_a_proxy_the_source_is_whom_it_names(line: bytes, hops: int, source: str | None) -> None:
    assert arrived(HEAD + line + b"\r\n").source(hops) == source


@pytest.fixture
def worker() -> Iterator[PatientWorker]:
    """A worker with eight threads that are never started."""
    config = Config()
    config.set("threads", 8)
    made: Any = patient_worker(0)(0, 0, [], None, 30, config, None)
    yield made
    made.tmp.close()


class Row:
    """Requests that wait, and who is at work on them."""

    def __init__(self, worker: PatientWorker) -> None:
        self.worker = worker
        self.taken: list[str] = []

    def wait(self, row: str, count: int = 1) -> None:
        """Put requests in a row."""
        for _no in range(count):
            ours, theirs = socket.socketpair()
            theirs.close()
            with ours:
                conn = Caller(lambda _sock: None, self.worker.cfg, ours, ("192.0.2.1", 1), ("192.0.2.9", 80))
            conn.row = row
            self.worker.enqueue_req(conn)

    def submit(self, _work: Any, conn: Caller) -> "Row":
        """What the threads would take up."""
        self.taken.append(conn.row)
        return self

    def add_done_callback(self, _call: Any) -> None:
        """Nothing is ever done."""

    def free(self, row: str) -> None:
        """A thread is done with a request of this row."""
        self.worker.at_work[row] -= 1
        if not self.worker.at_work[row]:
            del self.worker.at_work[row]
        self.worker._give_turns()


def test_who_floods_waits_behind_himself_alone(worker: PatientWorker) -> None:
    rows = Row(worker)
    worker.tpool = rows
    rows.wait("flood", 50)
    assert rows.taken == ["flood"] * 7  # nearly all threads, for nobody else is there
    rows.wait("one")
    rows.wait("two")
    assert rows.taken[7:] == ["one"]
    rows.free("flood")
    assert rows.taken[8:] == ["two"]
    rows.free("one")
    assert rows.taken[9:] == []  # six threads are his, half would be
    for _no in range(3):
        rows.free("flood")
    assert rows.taken[9:] == ["flood"]
    rows.wait("three", 2)
    assert rows.taken[10:] == ["three", "three"]
    rows.free("flood")
    assert rows.taken[12:] == ["flood"]


def test_bodies_of_unknown_length_have_a_quarter_of_the_threads(worker: PatientWorker) -> None:
    rows = Row(worker)
    worker.tpool = rows
    rows.wait(UNKNOWN_LENGTH, 9)
    assert rows.taken == [UNKNOWN_LENGTH] * 2
