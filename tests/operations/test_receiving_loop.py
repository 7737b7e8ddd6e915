"""The loop that receives: who comes too slowly, too often or not at all is let go, and nobody else."""

import resource
import selectors
import socket
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from gunicorn.config import Config

from paritrana.operations.receiving import (
    GOODBYE_SECONDS,
    HEAD_SECONDS,
    PER_SOURCE,
    Caller,
    patient_worker,
)

GET = b"GET / HTTP/1.1\r\nHost: here\r\n\r\n"


class Loop:
    """A worker that listens on a port of its own, whose loop is turned by hand; requests are taken, never answered."""

    def __init__(self) -> None:
        config = Config()
        config.set("threads", 4)
        self.worker: Any = patient_worker(0)(0, 0, [], None, 30, config, None)
        self.worker.poller = selectors.DefaultSelector()
        self.worker.tpool = self
        self.worker.alive = True
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.taken: list[Caller] = []
        self.clients: list[socket.socket] = []

    def submit(self, _work: Any, conn: Caller) -> "Loop":
        """What a thread would take up."""
        self.taken.append(conn)
        return self

    def add_done_callback(self, _call: Any) -> None:
        """Nothing is ever done."""

    def call(self, said: bytes = b"") -> socket.socket:
        """Somebody calls and says something."""
        client = socket.create_connection(self.listener.getsockname())
        self.clients.append(client)
        self.worker.accept(self.listener)
        if said:
            client.sendall(said)
            self.turn()
        return client

    def turn(self, seconds: float = 1) -> None:
        """Look once at what has come."""
        for key, _events in self.worker.poller.select(seconds):
            key.data(key.fileobj)

    def age(self, seconds: float) -> None:
        """Everything that is coming in has been coming for longer."""
        for arrival in self.worker.arriving.values():
            arrival.began -= seconds

    def close(self) -> None:
        """Let go of everything."""
        for client in self.clients:
            client.close()
        for conn in (*self.worker.arriving, *self.taken):
            conn.sock.close()
        for sock in self.worker.leaving:
            sock.close()
        self.listener.close()
        self.worker.poller.close()
        self.worker.tmp.close()


@pytest.fixture
def loop() -> Iterator[Loop]:
    """A loop that nothing has come to."""
    made = Loop()
    yield made
    made.close()


def hung_up(client: socket.socket) -> bool:
    """Whether the other end has hung up without a word."""
    client.settimeout(2)
    try:
        return client.recv(1) == b""
    except ConnectionResetError:
        return True


def until(true: Callable[[], bool], loop: Loop) -> None:
    """Turn the loop until something is so."""
    limit = time.monotonic() + 10
    while not true():
        assert time.monotonic() < limit, "it did not come true in time"
        loop.turn(0.05)


def test_a_request_in_two_pieces_is_taken_with_the_second(loop: Loop) -> None:
    client = loop.call(GET[:20])
    assert loop.taken == []
    assert len(loop.worker.arriving) == 1
    client.sendall(GET[20:])
    until(lambda: len(loop.taken) == 1, loop)
    assert not loop.worker.arriving
    assert not loop.worker.sending


def test_who_hangs_up_without_a_word_is_forgotten_and_who_breaks_off_goes_to_the_parser(loop: Loop) -> None:
    loop.call().close()
    until(lambda: not loop.worker.arriving, loop)
    assert (loop.worker.nr_conns, loop.taken) == (0, [])
    loop.call(GET[:20]).close()
    until(lambda: len(loop.taken) == 1, loop)
    assert not loop.worker.arriving


def test_who_waits_for_a_word_is_told_to_go_on(loop: Loop) -> None:
    client = loop.call(b"POST / HTTP/1.1\r\nHost: here\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n")
    client.settimeout(5)
    assert client.recv(100).startswith(b"HTTP/1.1 100 ")
    client.sendall(b"abc")
    until(lambda: len(loop.taken) == 1, loop)


def test_a_head_that_never_ends_is_let_go_and_one_in_time_is_not(loop: Loop) -> None:
    slow = loop.call(GET[:20])
    loop.age(HEAD_SECONDS + 1)
    fresh = loop.call(GET[:20])
    loop.worker.murder_pending()
    assert hung_up(slow)
    assert len(loop.worker.arriving) == 1
    fresh.sendall(GET[20:])
    until(lambda: len(loop.taken) == 1, loop)


def test_when_the_process_ends_only_what_has_begun_is_waited_for(loop: Loop) -> None:
    silent, begun = loop.call(), loop.call(GET[:20])
    loop.worker.alive = False
    loop.worker.murder_pending()
    assert hung_up(silent)
    begun.sendall(GET[20:])
    until(lambda: len(loop.taken) == 1, loop)


def test_where_there_is_no_room_who_sends_the_least_is_let_go(loop: Loop) -> None:
    loop.worker.worker_connections = 2
    busy, idle = loop.call(GET[:24]), loop.call(GET[:2])
    loop.worker.murder_pending()  # both have only just begun
    assert len(loop.worker.arriving) == 2
    loop.age(2)
    loop.worker.murder_pending()
    assert hung_up(idle)
    busy.sendall(GET[24:])
    until(lambda: len(loop.taken) == 1, loop)


def test_where_no_file_can_be_opened_the_loop_makes_room_and_goes_on(loop: Loop) -> None:
    idle = loop.call(GET[:2])
    loop.age(2)
    late = socket.create_connection(loop.listener.getsockname())
    loop.clients.append(late)
    now, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (3, most))
    try:
        loop.worker.accept(loop.listener)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (now, most))
    assert hung_up(idle)
    loop.worker.accept(loop.listener)
    late.sendall(GET)
    until(lambda: len(loop.taken) == 1, loop)


def test_a_call_that_is_gone_before_it_is_taken_changes_nothing(loop: Loop) -> None:
    loop.listener.setblocking(False)
    loop.worker.accept(loop.listener)
    assert (loop.worker.nr_conns, len(loop.worker.arriving)) == (0, 0)


def test_one_source_has_so_many_connections_and_no_more(loop: Loop) -> None:
    loop.worker.sending["127.0.0.1"] = PER_SOURCE - 1
    last = loop.call()
    assert hung_up(loop.call())
    assert (loop.worker.nr_conns, len(loop.worker.arriving)) == (1, 1)
    last.sendall(GET)
    until(lambda: len(loop.taken) == 1, loop)
    assert loop.worker.sending["127.0.0.1"] == PER_SOURCE - 1


def test_after_the_last_answer_the_other_end_hangs_up_or_is_hung_up_on(loop: Loop) -> None:
    for patient in (True, False):
        client = loop.call(GET)
        conn = loop.taken.pop()
        conn.close(graceful=True)
        assert hung_up(client)
        client.sendall(b"more than was asked")
        loop.turn()
        assert list(loop.worker.leaving) == [conn.sock]
        if patient:
            loop.worker.murder_pending()
            assert list(loop.worker.leaving) == [conn.sock]
            client.close()
            until(lambda: not loop.worker.leaving, loop)
        else:
            loop.worker.leaving[conn.sock] -= GOODBYE_SECONDS + 1
            loop.worker.murder_pending()
            assert not loop.worker.leaving


def test_a_connection_that_is_gone_is_not_lingered_on_and_one_that_was_kept_is_read_again(loop: Loop) -> None:
    client = loop.call(GET)
    conn = loop.taken.pop()
    loop.worker.keepalived_conns.append(conn)
    loop.worker.poller.register(conn.sock, selectors.EVENT_READ)
    conn.end()
    loop.worker.on_client_socket_readable(conn, conn.sock)
    client.sendall(GET)
    until(lambda: loop.taken == [conn], loop)
    loop.taken.clear()
    conn.sock.close()
    conn.close(graceful=True)
    assert not loop.worker.leaving
