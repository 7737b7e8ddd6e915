"""One file, one fresh process that may nearly nothing: it looks at the file and says whether it is taken."""

import json
import os
import signal
import subprocess
import sys
import threading
from contextlib import suppress
from typing import BinaryIO, Final

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

_turns = threading.BoundedSemaphore(max(1, (os.cpu_count() or 2) // 2))


def look_at(file: BinaryIO, kind: FileKind, *, name: str, seconds: float = SECONDS) -> None:
    """Return when the file may be kept. `name` is for the sentences.

    Raises a subclass of `BadFile` of `core.filechecks` for what the file is, and `CheckLate` when the machine is too
    busy to say it in time.
    """
    file.seek(0)
    with _turns:
        said, ended = _ask(file, kind, seconds)
    if said is None:
        log.warning("file_check_ended", reason="late" if ended is None else f"ended {ended}")
        raise CheckLate(name=name) if ended is None else FileHeavy(name=name)
    if said:
        raise REFUSALS.get(said, FileHeavy)(name=name)


def _ask(file: BinaryIO, kind: FileKind, seconds: float) -> tuple[str | None, int | None]:
    """The code that the process says, or None with how it ended; that is None, too, when the time was over."""
    with subprocess.Popen(  # noqa: S603 - our own program and a word of ours
        [sys.executable, "-I", "-c", PROGRAM, kind.media_type],
        stdin=file, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env={}, cwd="/", close_fds=True,
        start_new_session=True,
    ) as process:  # fmt: skip
        over = threading.Event()

        def end() -> None:
            over.set()
            _kill(process.pid)

        timer = threading.Timer(seconds, end)
        timer.start()
        try:
            assert process.stdout is not None  # noqa: S101 - it is a pipe
            answer = process.stdout.read(LARGEST_ANSWER + 1)
        finally:
            timer.cancel()
            _kill(process.pid)
        status = process.wait()
    if over.is_set():
        return None, None
    try:
        said = json.loads(answer)["code"] if len(answer) <= LARGEST_ANSWER else None
    except (ValueError, KeyError, TypeError):
        said = None
    return (said, status) if isinstance(said, str) else (None, status)


def _kill(group: int) -> None:
    """End the process and all that it may have started."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(group, signal.SIGKILL)
