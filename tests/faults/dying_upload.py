"""A nominee whose uploads are killed, as kill -9 would: at each of their steps in turn, then at random moments.

A step is the moment before and after each call with which the store changes the disk, the middle of the bytes of a
write, a statement that changes something, a commit, and the moment after it. The application is built once; every
upload is a process of its own, which asks the application as a browser would: by a form (`form`), announced and in
parts (`parts`), or by a form with bytes that are kept already (`again`). After every death what the tables say is
compared with the bytes; some of the uploads are sent again then. In the end the jobs that tidy up run, two days later.

Run as `python -m tests.faults.dying_upload DRAFT KIND STORE WAYS KILLS SEED`, where STORE is `own`, or one of `WRONG`,
which must be seen to be wrong. Says what it saw as one JSON object.
"""

import hashlib
import io
import json
import os
import random
import re
import secrets
import shutil
import signal
import sys
import time
import traceback
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any, BinaryIO, TypeVar

from flask import Flask
from sqlalchemy import event, text

from paritrana.cli import make_app
from paritrana.clock import SystemClock
from paritrana.config import load_settings
from paritrana.database import db, reading, set_writing
from paritrana.files.keeping import remove_orphans
from paritrana.files.store import Disk
from paritrana.jobs.kinds import SYSTEM, Run
from paritrana.operations.kinds import tidy
from paritrana.scopes import everybody
from tests.factories import sign_in
from tests.faults.scene import NOMINEE
from tests.faults.warm import Neighbour
from tests.nominations.pages import SAME_ORIGIN, paper

WRITES = ("INSERT", "UPDATE", "DELETE")
PART = 60_000  # bytes of an announced file that are sent at once
SWEPT = 75_000  # random bytes of the files that die at each step in turn; twice as many in the file
LARGEST = 100_000  # and of the others at most
KNOWN = 20  # documents that come again and again
LEFT = 30  # announcements that are never finished: a nomination may have a hundred
LATER = timedelta(hours=49)
# The documents of the scene itself have no bytes; their hashes are small numbers.
ROWS = "SELECT organisation_id, sha256, size FROM blob WHERE sha256 NOT LIKE '00000000000000000000%'"
ACKNOWLEDGED, REFUSED, FAILED = 0, 3, 4  # exit codes of an upload

Given = TypeVar("Given")


def die() -> None:
    """End this process at once."""
    os.kill(os.getpid(), signal.SIGKILL)


class Steps:
    """Counts the steps of an upload; the last one is its death. Without `last` it lives."""

    def __init__(self, last: int | None, chance: random.Random) -> None:
        self.left, self.chance = last, chance

    def is_last(self) -> bool:
        """Count one step."""
        if self.left is None:
            return False
        self.left -= 1
        return self.left == 0

    def take(self) -> None:
        """Count one step, and die where it is the last."""
        if self.is_last():
            die()


class DyingDisk(Disk):
    """The product's own disk with a step before and after each change."""

    def __init__(self, steps: Steps) -> None:
        self.steps = steps

    def make_folder(self, path: Path) -> None:
        """A folder between two steps."""
        self._between(super().make_folder, path)

    def create(self, path: Path) -> BinaryIO:
        """A file between two steps."""
        return self._between(super().create, path)

    def extend(self, path: Path) -> BinaryIO:
        """A file between two steps."""
        return self._between(super().extend, path)

    def write(self, file: BinaryIO, data: memoryview) -> int:
        """Bytes, or a random part of them and the end."""
        if self.steps.is_last():
            super().write(file, data[: self.steps.chance.randrange(len(data) + 1)])
            die()
        return super().write(file, data)

    def sync(self, file: BinaryIO) -> None:
        """The bytes on the disk between two steps."""
        self._between(super().sync, file)

    def sync_folder(self, folder: Path) -> None:
        """The names on the disk between two steps."""
        self._between(super().sync_folder, folder)

    def move(self, path: Path, target: Path) -> None:
        """A new place between two steps."""
        self._between(super().move, path, target)

    def remove(self, path: Path) -> None:
        """A file less between two steps."""
        self._between(super().remove, path)

    def settled(self) -> None:
        """What is done once a row is committed: nothing, because the bytes are there."""

    def _between(self, act: Callable[..., Given], *what: Any) -> Given:
        self.steps.take()
        given = act(*what)
        self.steps.take()
        return given


class LateDisk(DyingDisk):
    """Wrong: puts a file in its place when the row that names it is committed, not before."""

    def __init__(self, steps: Steps) -> None:
        super().__init__(steps)
        self.waiting: list[tuple[Path, Path]] = []

    def move(self, path: Path, target: Path) -> None:
        """Later."""
        self.waiting.append((path, target))

    def remove(self, path: Path) -> None:
        """What waits must stay."""
        if path not in [one for one, _target in self.waiting]:
            super().remove(path)

    def settled(self) -> None:
        """Put what waits in its place."""
        while self.waiting:
            super().move(*self.waiting.pop())


class InPlaceDisk(DyingDisk):
    """Wrong: writes over what stands in the place, where the own disk gives the whole file another name."""

    def move(self, path: Path, target: Path) -> None:
        """Copy the bytes."""
        with path.open("rb") as source, target.open("wb", buffering=0) as place:
            place.write(source.read(PART))
            self.steps.take()
            shutil.copyfileobj(source, place)
        super().remove(path)


WRONG = {"late": LateDisk, "in place": InPlaceDisk}
STORES = {"own": DyingDisk, **WRONG}


@dataclass(frozen=True)
class Upload:
    """One document and the way it is sent."""

    way: str
    content: bytes
    sha256: str

    @classmethod
    def drawn(cls, way: str, chance: random.Random, size: int) -> "Upload":
        """A document that nobody sent before."""
        content = paper(chance.randbytes(size).hex().encode())
        return cls(way, content, hashlib.sha256(content).hexdigest())


@dataclass
class Seen:
    """What was seen over all deaths."""

    killed: int = 0
    uploads: int = 0
    acknowledged: int = 0
    finished: int = 0  # sent again after a death, and whole then
    failed: int = 0  # answered by neither a yes nor a death
    lost: int = 0  # acknowledged, and no row names it
    dangling: int = 0  # rows whose bytes were missing or others
    wrong_bytes: int = 0  # files in their place that are not what their name says
    leftovers: int = 0  # files that no row names, before the jobs that tidy up ran
    left: int = 0  # and after
    steps: dict[str, int] = field(default_factory=dict)


class Nominee:
    """Who uploads, in a process for each upload."""

    def __init__(self, app: Flask, draft: str, kind: str, store: type[DyingDisk], seed: int) -> None:
        self.app, self.base, self.kind, self.store = app, f"/nominations/{draft}", kind, store
        self.chance = random.Random(seed)
        self.root: Path = app.extensions["settings"].blob_path
        self.client = Neighbour(app, app.response_class)
        sign_in(self.client, NOMINEE)
        page = self.client.get(f"{self.base}/evidence/{kind}").get_data(as_text=True)
        found = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', page)
        assert found is not None, page
        self.token = found[1]
        self.seen = Seen()
        self.rows: dict[str, tuple[int, int]] = {}
        self.told: set[str] = set()  # hashes of what was acknowledged
        self.known: list[Upload] = []  # some of that, to be sent again
        self.dangling: set[str] = set()
        self.wrong: set[str] = set()
        self.unfinished = 0

    # One upload

    def attempt(self, upload: Upload, *, last: int | None = None, seconds: float | None = None) -> bool:
        """Send a document from a process that dies at step `last` or after so many seconds; whether it lived."""
        with self.app.app_context():
            db.engine.dispose()  # no process shares a connection with another
        steps = Steps(last, self.chance)
        child = os.fork()
        if child == 0:
            self._be_killed(upload, steps)
        if seconds is not None:
            time.sleep(seconds)
            os.kill(child, signal.SIGKILL)
        code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        self.seen.uploads += 1
        self.seen.killed += code == -signal.SIGKILL
        if code == ACKNOWLEDGED:
            self.told.add(upload.sha256)
            self.known = [*self.known, upload][:KNOWN]
        elif code != -signal.SIGKILL:
            self.seen.failed += 1
        self.judge()
        return code != -signal.SIGKILL

    def _be_killed(self, upload: Upload, steps: Steps) -> None:
        code = FAILED
        try:
            disk = self.app.extensions["disk"] = self.store(steps)
            self._count_statements(steps, disk)
            code = ACKNOWLEDGED if self._send(upload) else REFUSED
        except BaseException:
            traceback.print_exc()
        finally:
            os._exit(code)

    def _count_statements(self, steps: Steps, disk: DyingDisk) -> None:
        def statement(_connection: Any, _cursor: Any, words: str, *_rest: Any) -> None:
            if words.lstrip().upper().startswith(WRITES):
                steps.take()

        def committed(_session: Any) -> None:
            steps.take()
            disk.settled()

        with self.app.app_context():
            event.listen(db.engine, "before_cursor_execute", statement)
            event.listen(db.engine, "commit", lambda _connection: steps.take())
            event.listen(db.session, "after_commit", committed)

    def _send(self, upload: Upload) -> bool:
        if upload.way == "parts":
            return self._send_parts(upload)
        fields = {"csrf_token": self.token, "idempotency_key": secrets.token_hex(8), "kind": self.kind}
        answer = self.client.post(
            f"{self.base}/documents",
            data={**fields, "files": (io.BytesIO(upload.content), f"{upload.sha256[:8]}.pdf", "application/pdf")},
            headers=SAME_ORIGIN,
        )
        return bool(answer.status_code == 303)

    def _send_parts(self, upload: Upload) -> bool:
        headers = {**SAME_ORIGIN, "X-CSRFToken": self.token, "Accept": "application/json"}
        said = {"name": f"{upload.sha256[:8]}.pdf", "size": len(upload.content), "sha256": upload.sha256,
                "kind": self.kind, "requirement": ""}  # fmt: skip
        answer = self.client.post(f"{self.base}/uploads", json=said, headers=headers)
        told: dict[str, Any] = answer.get_json()
        if answer.status_code == 201 and told["state"] == "stored":
            return True
        address = told["upload"]
        while answer.status_code < 300 and told["offset"] < len(upload.content):
            data = upload.content[told["offset"] : told["offset"] + PART]
            answer = self.client.put(address, query_string={"offset": told["offset"]}, data=data, headers=headers)
            told = answer.get_json()
        return bool(self.client.post(f"{address}/complete", headers=headers).status_code == 201)

    # What stands afterwards

    def judge(self) -> None:
        """Compare what the tables say with the bytes, past the application."""
        with self.app.app_context(), reading(), db.engine.connect() as connection:
            found = connection.execute(text(ROWS)).all()
        self.rows = {row.sha256: (row.organisation_id, row.size) for row in found}
        kept = dict(self.kept())
        for sha256, (organisation, size) in self.rows.items():
            if kept.get(self.place(organisation, sha256)) != (sha256, size):
                self.dangling.add(sha256)
        self.wrong |= {path.name for path, (sha256, _size) in kept.items() if sha256 != path.name}

    def kept(self) -> Iterator[tuple[Path, tuple[str, int]]]:
        """Every file in its place with the hash and the number of its bytes."""
        for path in (self.root / "objects").rglob("*"):
            if path.is_file():
                content = path.read_bytes()
                yield path, (hashlib.sha256(content).hexdigest(), len(content))

    def place(self, organisation: int, sha256: str) -> Path:
        """Where the bytes of a row must stand."""
        return self.root / "objects" / str(organisation) / sha256[:2] / sha256

    def unnamed(self) -> set[Path]:
        """The files in the whole store that no row names."""
        named = {self.place(organisation, sha256) for sha256, (organisation, _size) in self.rows.items()}
        return {path for path in self.root.rglob("*") if path.is_file()} - named

    # All of them

    def sweep(self, way: str) -> None:
        """Die at the first step, at the second, and so on, until an upload lives."""
        last, lived = 0, False
        while not lived:
            last += 1
            upload = self.drawn(way, SWEPT)
            lived = self.attempt(upload, last=last)
            if not lived:
                self.again(upload, last)
        self.seen.steps[way] = last - 1

    def at_random(self, ways: list[str], kills: int) -> None:
        """Die at random moments, until there were so many deaths in all."""
        while self.seen.killed < kills and self.seen.uploads < 6 * kills:
            upload = self.drawn(self.chance.choice(ways), self.chance.randrange(500, LARGEST))
            begun = time.perf_counter()
            self.attempt(upload)
            whole = time.perf_counter() - begun
            # Several die in the time that one takes here and now.
            for turn in range(8):
                upload = self.drawn(upload.way, self.chance.randrange(500, LARGEST))
                if not self.attempt(upload, seconds=self.chance.uniform(0, whole)):
                    self.again(upload, turn)

    def drawn(self, way: str, size: int) -> Upload:
        """The next document of a way."""
        if way != "again":
            return Upload.drawn(way, self.chance, size)
        known = self.chance.choice(self.known)
        return Upload(way, known.content, known.sha256)

    def again(self, upload: Upload, turn: int) -> None:
        """Send every third document that was cut once more; of those in parts more, because few may be on their way."""
        if upload.way == "again":
            return
        if turn % 3 == 0 or (upload.way == "parts" and self.unfinished >= LEFT):
            self.seen.finished += self.attempt(upload) and upload.sha256 in self.told
        else:
            self.unfinished += upload.way == "parts"

    def tidy_up(self) -> None:
        """What the jobs of two days later leave."""
        settings = self.app.extensions["settings"]
        run = Run("J-TEST-0001", "tidy", {}, SYSTEM, settings, lambda: SystemClock().now() + LATER)
        self.seen.leftovers = len(self.unnamed())
        with self.app.app_context(), everybody("the jobs of the machine look at everything"):
            set_writing(True)
            remove_orphans(run, lambda _done, _total=None: None)
            tidy(run, lambda _done, _total=None: None)
            db.session.remove()
        self.judge()
        self.seen.left = len(self.unnamed())

    def told_of(self) -> dict[str, Any]:
        """What was seen."""
        self.seen.acknowledged = len(self.told)
        self.seen.lost = len(self.told - self.rows.keys())
        self.seen.dangling, self.seen.wrong_bytes = len(self.dangling), len(self.wrong)
        return asdict(self.seen)


def main() -> None:
    """Upload and die."""
    draft, kind, store, ways, kills, seed = sys.argv[1:]
    nominee = Nominee(make_app(load_settings()), draft, kind, STORES[store], int(seed))
    nominee.attempt(Upload.drawn("form", nominee.chance, SWEPT))  # there is one whose bytes may come again
    for way in ways.split(","):
        nominee.sweep(way)
    nominee.at_random(ways.split(","), int(kills))
    nominee.tidy_up()
    print(json.dumps(nominee.told_of()))  # noqa: T201 - the test reads it


if __name__ == "__main__":
    main()
