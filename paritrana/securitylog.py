"""The security log: one JSON line per event, in a file per day that only its owner reads, and copied off the machine.

    {"time": "2026-03-02T03:00:00.000000Z", "event": "viewed", "account": "U-…", "person": 4, "act": "see_nomination",
     "object": "N-…", "result": 200, "source": "192.0.2.7", "request": "5f3c…"}

The day in the name of a file is that of the line's own time, so a line is found without reading every file, and what
has been kept long enough goes file by file. A line is written with one call and never rewritten. Numbers as long as a
national identity number and e-mail addresses are taken out of every value, whoever wrote them in.

The copy goes to a syslog server over TCP (RFC 6587, one line each) or into a second folder. A thread sends it, so that
nobody waits for it; what waits while the server is away is bounded, and what was lost is told in the log itself.
"""

import json
import os
import queue
import re
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, Final

NAME: Final = re.compile(r"security-(\d{4}-\d{2}-\d{2})\.jsonl")
LONGEST: Final = 200  # characters of one value
WAITING: Final = 10_000  # lines that wait for the copy at most
RETRY_SECONDS: Final = 2.0
_NUMBER: Final = re.compile(r"(?<![0-9A-Za-z])\d{16}(?![0-9A-Za-z])")
_ADDRESS: Final = re.compile(r"[^\s@/]+@[^\s@/]+\.[^\s@/]+")


def plain(value: Any) -> Any:
    """A value as it may stand in the log: short, without an identity number and without an e-mail address."""
    if isinstance(value, str):
        return _ADDRESS.sub("…", _NUMBER.sub("…", value[:LONGEST]))
    if isinstance(value, dict):
        return {str(plain(str(name))): plain(one) for name, one in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [plain(one) for one in value]
    return value if value is None or isinstance(value, bool | int | float) else plain(str(value))


class SecurityLog:
    """Writes the lines of one installation. `copy_to` is empty, `syslog://HOST:PORT`, or a folder."""

    def __init__(self, folder: Path, copy_to: str = "") -> None:
        self.folder = folder
        self._copy = Copy(copy_to) if copy_to else None

    def write(self, line: str, day: str) -> None:
        """Store one line in the file of its day. Where the disk is full the line is lost here, and no request is."""
        with suppress(OSError):
            append(self.folder, line, day)
        if self._copy is not None:
            self._copy.send(line, day)

    def close(self, seconds: float = 1.0) -> None:
        """Let what waits for the copy go out, for so long at most."""
        if self._copy is not None:
            self._copy.close(seconds)


def append(folder: Path, line: str, day: str) -> None:
    """Add a line to the file of a day, with one call of the system. Raises `OSError`."""
    path = folder / f"security-{day}.jsonl"
    try:
        handle = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    except FileNotFoundError:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    try:
        os.write(handle, f"{line}\n".encode())
    finally:
        os.close(handle)


class Copy:
    """The second place of every line. One thread per process sends, begun with the first line."""

    def __init__(self, target: str, *, waiting: int = WAITING) -> None:
        self.target = target
        self.lost = 0
        self._waiting: queue.Queue[tuple[str, str]] = queue.Queue(waiting)
        self._ends = threading.Event()
        self._thread: threading.Thread | None = None
        self._owner = 0
        self._lock = threading.Lock()
        self._link: socket.socket | None = None

    def send(self, line: str, day: str) -> None:
        """Have a line copied; where too many wait, it is counted as lost."""
        try:
            self._waiting.put_nowait((line, day))
        except queue.Full:
            self.lost += 1
        with self._lock:
            if self._thread is None or self._owner != os.getpid():  # a process that was forked has no thread yet
                self._owner = os.getpid()
                self._thread = threading.Thread(target=self._run, name="security log", daemon=True)
                self._thread.start()

    @property
    def waiting(self) -> int:
        """How many lines are not copied yet."""
        return self._waiting.unfinished_tasks

    def close(self, seconds: float) -> None:
        """Wait until everything is sent, for so long at most, then end the thread."""
        until = time.monotonic() + seconds
        while self.waiting and time.monotonic() < until:
            time.sleep(0.01)
        self._ends.set()
        if self._thread is not None and self._owner == os.getpid():
            self._thread.join(seconds)

    def _run(self) -> None:
        while not self._ends.is_set():
            try:
                line, day = self._waiting.get(timeout=0.2)
            except queue.Empty:
                continue
            while not self._ends.is_set():
                try:
                    self._deliver(line, day)
                    break
                except OSError:
                    self._hang_up()
                    self._ends.wait(RETRY_SECONDS)
            self._waiting.task_done()
            if self.lost and self._waiting.empty():
                lost, self.lost = self.lost, 0
                self.send(json.dumps({"event": "log_lines_not_copied", "count": lost}), day)
        self._hang_up()

    def _deliver(self, line: str, day: str) -> None:
        if not self.target.startswith("syslog://"):
            append(Path(self.target), line, day)
            return
        if self._link is None:
            host, _, port = self.target.removeprefix("syslog://").rpartition(":")
            self._link = socket.create_connection((host.strip("[]"), int(port)), timeout=5)
        # Facility 13 (log audit), severity 6 (informational); RFC 5424 header without what the line itself says.
        self._link.sendall(f"<110>1 - - paritrana - security - {line}\n".encode())

    def _hang_up(self) -> None:
        if self._link is not None:
            with suppress(OSError):
                self._link.close()
            self._link = None


# Reading --------------------------------------------------------------------------------------------------------------


def days(folder: Path) -> list[tuple[date, Path]]:
    """The files of a log with their days, oldest first."""
    if not folder.is_dir():
        return []
    named = ((NAME.fullmatch(path.name), path) for path in folder.iterdir())
    return sorted((date.fromisoformat(match[1]), path) for match, path in named if match is not None)


def read(folder: Path, since: datetime, until: datetime) -> Iterator[dict[str, Any]]:
    """The lines from `since` to `until`, both included, in the order of the file of each day.

    A line that is no JSON object, cut off by a full disk, is passed over.
    """
    first, last = moment(since), moment(until)
    for day, path in days(folder):
        if not since.date() - timedelta(days=1) <= day <= until.date() + timedelta(days=1):
            continue
        with path.open(encoding="utf-8", errors="replace") as file:
            for text in file:
                try:
                    line = json.loads(text)
                except ValueError:
                    continue
                if isinstance(line, dict) and first <= str(line.get("time", "")) <= last:
                    yield line


def moment(at: datetime) -> str:
    """A moment as the lines write it, so that their order as texts is their order in time."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
