"""Making the pictures of a file: the process that draws, what it is believed, and the rows.

What the process answers is read like any upload: numbers within bounds, pages in order, a limit for every picture. Its
time is limited, and when it ends early the pages that came whole are kept.
"""

import io
import os
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from typing import IO, Any, BinaryIO, Final

from sqlalchemy import insert, select, update

from paritrana.core.errors import ParitranaError
from paritrana.core.filetypes import JPEG, PDF, PNG, XLSX
from paritrana.core.words import N_
from paritrana.database import db, insert_unless_there
from paritrana.files.models import Blob
from paritrana.files.previews.models import PROBLEMS, Preview, Rendering
from paritrana.files.previews.queries import is_asked_for, waiting
from paritrana.files.store import BlobStore, DamagedFile
from paritrana.jobs.kinds import SYSTEM, Kind, Progress, Run, Said, every
from paritrana.jobs.queue import Queue
from paritrana.jobs.service import enqueue

TEXTS: Final = frozenset({PDF.media_type, XLSX.media_type})  # in which identity numbers are counted
DRAWN: Final = {PDF.media_type: "pdf", JPEG.media_type: "image", PNG.media_type: "image", XLSX.media_type: "workbook"}
SECONDS: Final = 180  # by the clock on the wall, for a whole document
LARGEST: Final = 8 * 1024 * 1024  # bytes of one picture
WIDEST: Final = 10_000  # pixels
PROGRAM: Final = (
    "from paritrana.files.offline import leave_network; leave_network(); "
    "from paritrana.files.previews.render import main; main()"
)
MOST_PAGES: Final = 200
PAGE: Final = 100  # files looked for at once
_LINE: Final = 80  # bytes
_NUMBERS: Final = re.compile(rb"numbers (0|[1-9][0-9]{0,5})\n")
_COUNT: Final = re.compile(rb"pages ([1-9][0-9]{0,5})\n")
_PICTURE: Final = re.compile(rb"page ([1-9][0-9]{0,3}) ([1-9][0-9]{0,4}) ([1-9][0-9]{0,4}) ([1-9][0-9]{0,7})\n")
_END: Final = re.compile(rb"end ([a-z_]+|-)\n")
_BEGINS: Final = b"\xff\xd8\xff"


@dataclass(frozen=True, slots=True)
class Picture:
    """A page as it came out of the process."""

    page: int
    width: int
    height: int
    data: bytes


@dataclass
class Drawing:
    """What came out of the process so far; read `pictures` to its end first."""

    file: BinaryIO
    how: str
    seconds: float = SECONDS
    pages: int = 0
    problem: str = "heavy"  # until the process says otherwise
    numbers: int = 0  # that look like national identity numbers
    shown: int = field(default=0, init=False)

    def pictures(self) -> Iterator[Picture]:
        """The pages as they are drawn, one in memory at a time."""
        with subprocess.Popen(  # noqa: S603 - our own program and a word of ours
            [sys.executable, "-I", "-c", PROGRAM, self.how, str(MOST_PAGES)],
            stdin=self.file, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env={}, cwd="/", close_fds=True,
            start_new_session=True,
        ) as process:  # fmt: skip
            assert process.stdout is not None  # noqa: S101 - it was asked for
            limit = threading.Timer(self.seconds, _end, [process.pid])
            limit.start()
            try:
                yield from self._read(process.stdout)
            finally:
                limit.cancel()
                _end(process.pid)

    def _read(self, stream: IO[bytes]) -> Iterator[Picture]:
        first = stream.readline(_LINE)
        if said := _NUMBERS.fullmatch(first):
            self.numbers = int(said[1])
            first = stream.readline(_LINE)
        counted = _COUNT.fullmatch(first)
        if counted is None:
            self._ended(first)
            return
        self.pages = int(counted[1])
        while found := _PICTURE.fullmatch(line := stream.readline(_LINE)):
            page, width, height, size = (int(part) for part in found.groups())
            fits = page == self.shown + 1 <= min(self.pages, MOST_PAGES) and max(width, height) <= WIDEST
            data = stream.read(size) if fits and size <= LARGEST else b""
            if len(data) != size or not data.startswith(_BEGINS):
                return
            self.shown = page
            yield Picture(page, width, height, data)
        self._ended(line)

    def _ended(self, line: bytes) -> None:
        found = _END.fullmatch(line)
        said = "" if found is None or found[1] == b"-" else found[1].decode()
        if found is not None and said in PROBLEMS and (said or self.shown == self.pages > 0):
            self.problem = said


def _end(group: int) -> None:
    with suppress(ProcessLookupError):
        os.killpg(group, signal.SIGKILL)


def make_previews_of(blob_id: int, *, store: BlobStore, at: datetime, seconds: float = SECONDS) -> Rendering | None:
    """Draw a file, keep its pictures, and how many identity numbers its text seems to hold; commits.

    None where the file's bytes are damaged: they may be restored. Made twice, it leaves the same rows. Raises
    `StoreFault` when the pictures cannot be kept; no row is left then.
    """
    organisation_id, sha256, media_type = db.session.execute(
        select(Blob.organisation_id, Blob.sha256, Blob.media_type).where(Blob.id == blob_id)
    ).one()
    db.session.rollback()  # nothing is locked while a process draws
    rows: list[dict[str, Any]] = []
    try:
        file = store.open(organisation_id, sha256)
    except DamagedFile:
        return None
    with file:
        drawing = Drawing(file, DRAWN[media_type], seconds)
        for picture in drawing.pictures():
            kept = store.receive(io.BytesIO(picture.data), limit=LARGEST, organisation_id=organisation_id)
            store.keep(kept)
            rows.append(
                {"blob_id": blob_id, "page": picture.page, "width": picture.width, "height": picture.height,
                 "sha256": kept.sha256, "size": kept.size}
            )  # fmt: skip
    if media_type == XLSX.media_type:
        drawing.problem = "no_pages"  # also where counting took too long
    pages, problem = drawing.pages, drawing.problem
    first: Any = insert_unless_there(
        Rendering, blob_id=blob_id, pages=pages, shown=len(rows), problem=problem, made_at=at
    )
    made = db.session.execute(first.returning(Rendering.blob_id)).all()
    if made and rows:  # where two workers drew the same file, the first one's rows stand
        db.session.execute(insert(Preview), rows)
    if media_type in TEXTS:
        db.session.execute(update(Blob).where(Blob.id == blob_id).values(identity_numbers=drawing.numbers))
    db.session.commit()
    return db.session.get(Rendering, blob_id)


# The job --------------------------------------------------------------------------------------------------------------


class PreviewsDamaged(ParitranaError):
    """Files whose bytes are damaged have no pictures. Params: `count`."""

    code = "previews_damaged"
    message = N_("%(count)s files are damaged, so their pages cannot be drawn. Restore them from a backup.")


def make_previews(run: Run, progress: Progress) -> Said:
    """Draw every file that has no pictures yet. Raises `PreviewsDamaged` at the end, when the others are done."""
    store = BlobStore(run.settings.blob_path)
    done = damaged = last = 0
    while found := waiting(PAGE, after=last):
        db.session.rollback()
        for blob_id in found:
            progress(done)
            damaged += make_previews_of(blob_id, store=store, at=run.now()) is None
            db.session.rollback()
            done, last = done + 1, blob_id
    db.session.rollback()
    if damaged:
        raise PreviewsDamaged(count=damaged)
    return Said(N_("Documents whose pages are drawn: %(count)s."), {"count": done})


MAKE_PREVIEWS: Final = Kind(
    "make_previews", N_("Draw the pages of documents"), make_previews, by_hand=True, slot=every(10),
    wanted=lambda at: bool(waiting(1)),
)  # fmt: skip


def ask_for_previews(queue: Queue, *, at: datetime) -> None:
    """Have a worker draw what waits, in the system's name; the caller commits. One job that waits is enough."""
    if not is_asked_for(MAKE_PREVIEWS.name):
        enqueue(queue, MAKE_PREVIEWS, actor=SYSTEM, at=at)
