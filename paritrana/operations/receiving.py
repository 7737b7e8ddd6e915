"""How requests come in: whole before a thread takes them up, and in turns by where they come from.

A slow line, or somebody who sends a byte now and then, holds a connection and no thread: the loop that accepts
connections reads every request to its end first. Long bodies wait in a file that has no name. Requests that are whole
wait in one row for each source; the sources take turns, and where others wait no source has more than half of the
threads. So nobody who floods is refused, he only waits for himself.

Behind a proxy (`proxy_hops`) the source is the address that the proxy names, otherwise the other end of the connection.
"""

import errno
import re
import resource
import time
from collections import Counter, OrderedDict, deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from selectors import EVENT_READ
from socket import SHUT_WR, SO_SNDBUF, SOL_SOCKET, socket
from tempfile import TemporaryFile
from typing import IO, Any, Final

from gunicorn.http.unreader import SocketUnreader
from gunicorn.workers.gthread import TConn, ThreadWorker

from paritrana.accounts.attempts import source_text

IN_MEMORY: Final = 64 * 1024  # bytes of one request; also the longest head
BLOCK: Final = 64 * 1024
LARGEST: Final = 256 * 1024 * 1024  # a longer body is not waited for; the application refuses it by its length
IN_FILES: Final = 2 * 1024 * 1024 * 1024  # bytes of all requests together that wait in files
HEAD_SECONDS: Final = 20.0  # for a head to be whole
FIRST_SECONDS: Final = 30.0  # before the pace of a body is looked at
PACE: Final = 1024  # bytes a second on the average; a slow line sends thirty times as much
PER_SOURCE: Final = 128  # connections of one source that send or wait at a time
LATE_SECONDS: Final = 10.0  # for what a thread still finds missing in a request that looked whole
GOODBYE_SECONDS: Final = 2.0  # for the other end to hang up after the last answer
OPEN_SECONDS: Final = 300.0  # for a body of unknown length, which a thread has to read itself
OPEN_FILES: Final = 8192
SENT_AHEAD: Final = 512 * 1024  # bytes of an answer that the kernel keeps for a slow line: a page, not a document
UNKNOWN_LENGTH: Final = "unknown length"  # the row in which such requests wait

_END_OF_HEAD: Final = re.compile(rb"\r?\n\r?\n")
_LENGTH: Final = re.compile(rb"\ncontent-length:[ \t]*([0-9]{1,15})[ \t]*\r?\n", re.IGNORECASE)
_CHUNKED: Final = re.compile(rb"\ntransfer-encoding[ \t]*:", re.IGNORECASE)
_EXPECTS: Final = re.compile(rb"\nexpect:[ \t]*100-continue[ \t]*\r?\n", re.IGNORECASE)
_FORWARDED: Final = re.compile(rb"\nx-forwarded-for:([^\r\n]*)", re.IGNORECASE)


@dataclass
class Arrival:
    """A request on its way in: what is here of it, and how much it takes.

    `whole` says that a thread may take it up, `unknown` that the thread has to read on itself.
    """

    began: float
    head: bytearray = field(default_factory=bytearray)  # the beginning, with the head
    rest: IO[bytes] | None = None  # what follows
    tail: bytes = b""  # what comes behind, where there is no more room in a file
    size: int = 0  # bytes that are here
    needed: int | None = None  # bytes of head and body, once the head is here
    whole: bool = False
    unknown: bool = False
    expects: bool = False  # the other end waits for a word before it sends the body
    looked: int = 0  # where to look next for the end of the head
    begun: bool = False  # something else than an empty line has come

    def wants(self) -> int:
        """How many bytes to read next; none of the next request where the length is known."""
        return BLOCK if self.needed is None else max(1, min(BLOCK, self.needed - self.size))

    def take(self, data: bytes, room: int = IN_FILES) -> None:
        """Add some bytes; at most `room` of all may go into a file."""
        self.size += len(data)
        if self.rest is None and len(self.head) + len(data) <= IN_MEMORY + BLOCK:
            self.head += data
        else:
            self._write(data, room)
        if self.needed is None:
            self._read_head()
        if self.needed is not None and self.size >= self.needed:
            self.whole = True

    def late(self, at: float) -> bool:
        """Whether it comes slower than any line: its head is not whole in time, or its body has no pace."""
        elapsed = at - self.began
        if self.needed is None:
            return elapsed > HEAD_SECONDS
        return elapsed > FIRST_SECONDS and self.size < (elapsed - FIRST_SECONDS) * PACE

    def source(self, hops: int) -> str | None:
        """The address that the proxies name, None where they do not."""
        found = _FORWARDED.findall(bytes(self.head))
        named = b",".join(found).split(b",")
        return source_text(named[-hops].decode("latin-1").strip()) if found and 0 < hops <= len(named) else None

    def close(self) -> None:
        """Let go of what is here."""
        if self.rest is not None:
            self.rest.close()

    def in_file(self) -> int:
        """How many bytes of it wait in a file."""
        return 0 if self.rest is None else self.size - len(self.head) - len(self.tail)

    def _write(self, data: bytes, room: int) -> None:
        written = 0
        with suppress(OSError):
            if self.rest is None:
                self.rest = TemporaryFile(buffering=0)  # noqa: SIM115 - it is closed with the request
            written = self.rest.write(data[: max(0, room)])
        if written < len(data):  # a thread has to read on by itself
            self.tail = data[written:]
            self.whole = self.unknown = True

    def _read_head(self) -> None:
        while self.looked < len(self.head) and self.begun is False:
            self.begun = self.head[self.looked] not in b"\r\n"  # the parser skips empty lines before a request
            self.looked += not self.begun
        end = _END_OF_HEAD.search(self.head, self.looked)
        if end is None:
            if self.begun:  # what was looked at once is not looked at again, but for what may be a part of the end
                self.looked = max(self.looked, len(self.head) - 3)
            self.whole = self.whole or len(self.head) > IN_MEMORY  # longer than any head that is answered
            return
        head = bytes(self.head[: end.end()])
        length = _LENGTH.search(head)
        self.needed = end.end() + (int(length[1]) if length else 0)
        self.expects = self.size == end.end() < self.needed and _EXPECTS.search(head) is not None
        if _CHUNKED.search(head):
            self.whole = self.unknown = True
        elif self.needed > LARGEST:
            self.whole = True


class Bounded(SocketUnreader):  # type: ignore[misc]  # gunicorn has no types
    """Reads what has arrived, then the connection for a limited time; after it the request just ends."""

    def __init__(self, sock: socket) -> None:
        super().__init__(sock)
        self.rest: IO[bytes] | None = None
        self.tail = b""
        self.until = 0.0

    def begin(self, arrival: Arrival) -> None:
        """Read this request next."""
        self.unread(bytes(arrival.head))
        if arrival.rest is not None:
            arrival.rest.seek(0)
        self.rest, self.tail = arrival.rest, arrival.tail
        self.until = time.monotonic() + (OPEN_SECONDS if arrival.unknown else LATE_SECONDS)

    def chunk(self, size_hint: int | None = None) -> bytes:
        """Some bytes, none at the end."""
        if self.rest is not None:
            if data := self.rest.read(max(self.mxchunk, min(size_hint or 0, self.max_body_chunk))):
                return data
            self.end()
        if self.tail:
            data, self.tail = self.tail, b""
            return data
        left = self.until - time.monotonic()
        if left <= 0:
            return b""
        try:
            self.sock.settimeout(left)
            return bytes(super().chunk(size_hint))
        except TimeoutError:
            return b""
        finally:
            with suppress(OSError):
                self.sock.settimeout(None)

    def end(self) -> None:
        """Let go of what has been read."""
        if self.rest is not None:
            self.rest.close()
            self.rest = None


class Caller(TConn):  # type: ignore[misc]  # gunicorn has no types
    """A connection, where it comes from, and in whose row it waits."""

    def __init__(self, linger: Callable[[socket], None], *values: Any) -> None:
        super().__init__(*values)
        self.linger = linger
        self.peer = source_text(self.client[0] if isinstance(self.client, tuple) else None)
        self.row = self.peer

    def begin(self, arrival: Arrival, row: str) -> None:
        """Have a thread answer this request."""
        self.row = row
        self.init()
        if not isinstance(self.parser.unreader, Bounded):
            self.parser.unreader = Bounded(self.sock)
        self.parser.unreader.begin(arrival)

    def end(self) -> None:
        """Let go of the request that was answered."""
        if self.parser is not None and isinstance(self.parser.unreader, Bounded):
            self.parser.unreader.end()

    def close(self, graceful: bool = False) -> None:
        """Hang up; gracefully is left to the loop, which waits for nobody."""
        if graceful:
            self.linger(self.sock)
        else:
            super().close()


class PatientWorker(ThreadWorker):  # type: ignore[misc]  # gunicorn has no types
    """A process with threads whose requests are whole when a thread takes them up."""

    hops = 0  # proxies that are believed

    def __init__(self, *values: Any, **more: Any) -> None:
        super().__init__(*values, **more)
        self.arriving: dict[Caller, Arrival] = {}
        self.sending: Counter[str] = Counter()  # connections that send, by source
        self.in_files = 0
        self.waiting: OrderedDict[str, deque[Caller]] = OrderedDict()
        self.at_work: Counter[str] = Counter()  # threads, by row
        self.leaving: dict[socket, float] = {}  # until when

    def init_process(self) -> None:
        """Allow more open files where the account may have them, for each connection is one."""
        now, most = resource.getrlimit(resource.RLIMIT_NOFILE)
        wanted = OPEN_FILES if most == resource.RLIM_INFINITY else min(OPEN_FILES, most)
        if now != resource.RLIM_INFINITY and now < wanted:
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, most))
        super().init_process()

    # Coming in --------------------------------------------------------------------------------------------------------

    def accept(self, listener: Any) -> None:
        """Take a connection; one that its source has too many of is closed."""
        try:
            sock, address = listener.accept()
            sock.setsockopt(SOL_SOCKET, SO_SNDBUF, SENT_AHEAD)
        except OSError as error:
            if error.errno in (errno.EMFILE, errno.ENFILE):
                self._make_room()
            return
        self.nr_conns += 1
        self._receive(Caller(self._linger, self.cfg, sock, address, listener.getsockname()))

    def on_client_socket_readable(self, conn: Caller, client: Any) -> None:
        """A further request comes on a connection that was kept."""
        self.poller.unregister(client)
        self.keepalived_conns.remove(conn)
        self._receive(conn)

    def murder_pending(self) -> None:
        """Close what comes too slowly, and when the process ends what has not begun."""
        at = time.monotonic()
        for conn, arrival in list(self.arriving.items()):
            if arrival.late(at) or not (self.alive or arrival.size):
                self._drop(conn)
        for sock, until in list(self.leaving.items()):
            if at > until:
                self._forget(sock)
        if self.nr_conns >= self.worker_connections:
            self._make_room()

    def _make_room(self) -> None:
        """Close the connection that sends the least."""
        at = time.monotonic()
        paces = {conn: one.size / (at - one.began) for conn, one in self.arriving.items() if at - one.began > 1}
        if paces:
            self._drop(min(paces, key=paces.__getitem__))

    def _receive(self, conn: Caller) -> None:
        # A proxy sends for everybody, and has limits of its own.
        if not self.hops and self.sending[conn.peer] + len(self.waiting.get(conn.peer, ())) >= PER_SOURCE:
            self.nr_conns -= 1
            conn.close()
            return
        conn.sock.setblocking(False)
        self.arriving[conn] = Arrival(time.monotonic())
        self.sending[conn.peer] += 1
        self.poller.register(conn.sock, EVENT_READ, partial(self._on_arriving, conn))

    def _on_arriving(self, conn: Caller, client: Any) -> None:
        arrival = self.arriving[conn]
        try:
            data = client.recv(arrival.wants())
        except BlockingIOError:
            return
        except OSError:
            self._drop(conn)
            return
        if data:
            before = arrival.in_file()
            arrival.take(data, IN_FILES - self.in_files)
            self.in_files += arrival.in_file() - before
            self._encourage(arrival, client)
        elif not arrival.size:
            self._drop(conn)
            return
        if arrival.whole or not data:  # of what broke off the parser says what it is
            self._leave(conn)
            row = UNKNOWN_LENGTH if arrival.unknown else (arrival.source(self.hops) or conn.peer)
            conn.begin(arrival, row)
            self.enqueue_req(conn)

    def _drop(self, conn: Caller) -> None:
        self._leave(conn).close()
        self.nr_conns -= 1
        conn.close()

    def _leave(self, conn: Caller) -> Arrival:
        self.poller.unregister(conn.sock)
        arrival = self.arriving.pop(conn)
        self.in_files -= arrival.in_file()
        self.sending[conn.peer] -= 1
        if not self.sending[conn.peer]:
            del self.sending[conn.peer]
        return arrival

    def _encourage(self, arrival: Arrival, client: Any) -> None:
        if arrival.expects:
            arrival.expects = False
            with suppress(OSError):
                client.send(b"HTTP/1.1 100 Continue\r\n\r\n")

    # Going ------------------------------------------------------------------------------------------------------------

    def _linger(self, sock: socket) -> None:
        """Say that nothing follows, and hang up when the other end does: what it still sends cuts no answer."""
        with suppress(OSError):
            sock.setblocking(False)
            sock.shutdown(SHUT_WR)
            self.poller.register(sock, EVENT_READ, self._on_leaving)
            self.leaving[sock] = time.monotonic() + GOODBYE_SECONDS
            return
        sock.close()

    def _on_leaving(self, sock: Any) -> None:
        try:
            said = sock.recv(BLOCK)
        except BlockingIOError:
            return
        except OSError:
            said = b""
        if not said:
            self._forget(sock)

    def _forget(self, sock: socket) -> None:
        self.poller.unregister(sock)
        del self.leaving[sock]
        sock.close()

    # Turns ------------------------------------------------------------------------------------------------------------

    def enqueue_req(self, conn: Caller) -> None:
        """Put a request at the end of its source's row."""
        self.waiting.setdefault(conn.row, deque()).append(conn)
        self._give_turns()

    def finish_request(self, conn: Caller, fs: Any) -> None:
        """A thread is free again."""
        conn.end()
        self.at_work[conn.row] -= 1
        if not self.at_work[conn.row]:
            del self.at_work[conn.row]
        super().finish_request(conn, fs)
        self._give_turns()

    def _give_turns(self) -> None:
        while self.at_work.total() < self.cfg.threads:
            row = next((one for one in self.waiting if self.at_work[one] < self._most(one)), None)
            if row is None:
                return
            conn = self.waiting[row].popleft()
            if self.waiting[row]:
                self.waiting.move_to_end(row)
            else:
                del self.waiting[row]
            self.at_work[row] += 1
            super().enqueue_req(conn)

    def _most(self, row: str) -> int:
        """How many threads a row may have: nearly all where nobody else is there."""
        threads = int(self.cfg.threads)
        if row == UNKNOWN_LENGTH:
            return max(1, threads // 4)
        alone = all(one == row for one in (*self.waiting, *self.at_work))
        return max(1, threads - 1 if alone else threads // 2)


def patient_worker(hops: int) -> type[PatientWorker]:
    """The worker for a place behind so many proxies."""
    return type("Worker", (PatientWorker,), {"hops": hops})
