"""One file, one fresh process that may nearly nothing: it looks at the file and says whether it is taken.

A picture that goes onto a document of ours is drawn anew in such a process, and only the new one is kept.
"""

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from tempfile import TemporaryFile
from typing import Any, BinaryIO, Final

import structlog

from paritrana.core.filechecks import REFUSALS, CheckLate, FileHeavy
from paritrana.core.filetypes import FileKind

log = structlog.get_logger("security")

SECONDS: Final = 15.0  # by the wall clock; a file that works that long is stopped by its processor time long before
LARGEST_ANSWER: Final = 64 * 1024  # bytes
PROGRAM: Final = (
    "from paritrana.files.offline import leave_network; leave_network(); "
    "from paritrana.files.looking import main; main()"
)
REPAINT: Final = (
    "from paritrana.files.offline import leave_network; leave_network(); "
    "from paritrana.files.repainting import main; main()"
)
LARGEST_PICTURE: Final = 5 * 1024 * 1024  # bytes that the process may answer with a picture
_BEGINNINGS: Final = {"image/png": b"\x89PNG\r\n\x1a\n", "image/jpeg": b"\xff\xd8\xff"}

MOST_WAITING: Final = 2  # announced files; the next one is to come again, so that pages have threads left


class Turns:
    """Places for processes that look; who finds none waits."""

    def __init__(self, places: int) -> None:
        self._free = threading.BoundedSemaphore(places)
        self._lock = threading.Lock()
        self._waiting = 0

    @property
    def waiting(self) -> int:
        """How many wait at this moment."""
        return self._waiting

    @contextmanager
    def take(self) -> Iterator[None]:
        """Hold a place."""
        self._count(1)
        try:
            self._free.acquire()
        finally:
            self._count(-1)
        try:
            yield
        finally:
            self._free.release()

    def _count(self, more: int) -> None:
        with self._lock:
            self._waiting += more


_turns = Turns(max(1, (os.cpu_count() or 2) // 2))


@dataclass(frozen=True, slots=True)
class Repainted:
    """A picture that was drawn anew; `width` and `height` in pixels."""

    media_type: str
    width: int
    height: int
    data: bytes


def look_at(file: BinaryIO, kind: FileKind, *, name: str, seconds: float = SECONDS, announced: bool = False) -> None:
    """Return when the file may be kept. `name` is for the sentences.

    Raises a subclass of `BadFile` of `core.filechecks` for what the file is, and `CheckLate` when the machine is too
    busy to say it in time, or where others wait before a file that was announced and can be looked at later.
    """
    if announced and _turns.waiting >= MOST_WAITING:
        raise CheckLate(name=name)
    answer, ended = said_of(file, PROGRAM, kind.media_type, seconds=seconds)
    _refuse(answer, ended, name)


def repaint(data: bytes, kind: FileKind, *, name: str, side: int, seconds: float = SECONDS) -> Repainted:
    """The picture drawn anew, neither side longer than `side` pixels. `kind` is JPEG or PNG, `name` for the sentences.

    Raises what `look_at` raises, and `FileHeavy` for a picture that stays too large.
    """
    with TemporaryFile() as file:  # a process reads its standard input from a file that has a number
        file.write(data)
        file.flush()
        answer, ended = _ask(file, REPAINT, (kind.media_type, str(side)), seconds, LARGEST_PICTURE)
    _refuse(_object((answer or b"").partition(b"\n")[0]), ended, name)
    return read_repainted(answer or b"", side, name=name)


def read_repainted(answer: bytes, side: int, *, name: str) -> Repainted:
    """The picture that a process says it drew. Raises `FileHeavy` for what is none of at most `side` pixels."""
    head, _end, data = answer.partition(b"\n")
    said = _object(head) or {}
    kind, width, height = said.get("media_type"), said.get("width"), said.get("height")
    if not (isinstance(width, int) and isinstance(height, int) and 0 < width <= side and 0 < height <= side):
        raise FileHeavy(name=name)
    if not isinstance(kind, str) or kind not in _BEGINNINGS or not data.startswith(_BEGINNINGS[kind]):
        raise FileHeavy(name=name)
    return Repainted(kind, width, height, data)


def _refuse(answer: Mapping[str, Any] | None, ended: int | None, name: str) -> None:
    """Return for an empty code. Raises what the code says, and without one `CheckLate` or `FileHeavy`."""
    said = None if answer is None else answer.get("code")
    if not isinstance(said, str):
        log.warning("file_check_ended", reason="late" if ended is None else f"ended {ended}")
        raise CheckLate(name=name) if ended is None else FileHeavy(name=name)
    if said:
        raise REFUSALS.get(said, FileHeavy)(name=name)


def said_of(
    file: BinaryIO, program: str, *words: str, seconds: float = SECONDS
) -> tuple[Mapping[str, Any] | None, int | None]:
    """The JSON object that a program of ours says about a file on its standard input; it limits itself first.

    None with how the process ended where it says nothing that can be read, and None twice when the time was over.
    """
    answer, status = _ask(file, program, words, seconds, LARGEST_ANSWER)
    return _object(answer or b""), status


def _object(answer: bytes) -> Mapping[str, Any] | None:
    """The JSON object that some bytes are, or None."""
    try:
        said = json.loads(answer)
    except (ValueError, RecursionError):
        return None
    return said if isinstance(said, dict) else None


def _ask(
    file: BinaryIO, program: str, words: Sequence[str], seconds: float, largest: int
) -> tuple[bytes | None, int | None]:
    """What a program writes, at most `largest` bytes, and how it ended; None where it is more, None twice when late."""
    file.seek(0)
    with (
        _turns.take(),
        subprocess.Popen(  # noqa: S603 - our own program and words of ours
            [sys.executable, "-I", "-c", program, *words],
            stdin=file, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env={}, cwd="/", close_fds=True,
            start_new_session=True,
        ) as process,
    ):  # fmt: skip
        over = threading.Event()

        def end() -> None:
            over.set()
            _kill(process.pid)

        timer = threading.Timer(seconds, end)
        timer.start()
        try:
            assert process.stdout is not None  # noqa: S101 - it is a pipe
            answer = process.stdout.read(largest + 1)
        finally:
            timer.cancel()
            _kill(process.pid)
        status = process.wait()
    if over.is_set():
        return None, None
    return (answer if len(answer) <= largest else None), status


def _kill(group: int) -> None:
    """End the process and all that it may have started."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(group, signal.SIGKILL)
