"""Whoever kept one checkpoint finds every tampering with the history, also by somebody who may write everything."""

import random
import shutil
import sqlite3
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import ModuleType

import flask_migrate
import pytest
from flask import Flask
from sqlalchemy import select

from paritrana.audit import service as audit
from paritrana.audit.checkpoints import Office
from paritrana.audit.models import EventBody
from paritrana.clock import SetClock
from paritrana.config import data_folder
from paritrana.core.policy import Actor
from paritrana.cycles.queries import get_cycle
from paritrana.database import db
from paritrana.inspection import bundle, restoring, verify_audit
from tests.conftest import Workshop, release
from tests.inspection import history, tampering

NOW = datetime(2026, 3, 2, 3, 0, tzinfo=UTC)
SEED = 20260302
SOMEBODY = Actor(user_id=1, person_id=1, ref="U-0000-0001")
ANOTHER = Actor(user_id=2, person_id=2, ref="U-0000-0002")


class Place:
    """An application over a database file that is put back as it was before each tampering."""

    def __init__(self, app: Flask, original: Path, kept: Path) -> None:
        self.app, self.original, self.kept = app, original, kept
        settings = app.extensions["settings"]
        self.database = settings.instance_path / "paritrana.db"
        self.office = Office.of(settings)
        self.folder = settings.instance_path

    def restore(self, copy: Path | None = None) -> None:
        """The database as it was, or as a copy of it was; what was kept outside stays with a copy."""
        release(self.app)
        for suffix in ("-wal", "-shm"):
            Path(f"{self.database}{suffix}").unlink(missing_ok=True)
        shutil.copyfile(copy or self.original, self.database)
        if copy is None:
            shutil.rmtree(self.office.folders[0], ignore_errors=True)
            shutil.copytree(self.kept, self.office.folders[0])

    def copy(self, name: str) -> Path:
        """A copy of the database as it is now."""
        release(self.app)
        path = self.folder / name
        shutil.copyfile(self.database, path)
        return path

    def tamper(self, change: tampering.Tampering, chance: random.Random) -> None:
        """Change the file past every guard."""
        release(self.app)
        with closing(sqlite3.connect(self.database, isolation_level=None)) as connection:
            connection.row_factory = sqlite3.Row
            connection.execute("PRAGMA ignore_check_constraints = ON")
            connection.execute("PRAGMA foreign_keys = OFF")
            for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
                connection.execute(f"DROP TRIGGER {name}")
            connection.execute("BEGIN")
            change(connection, chance)
            connection.execute("COMMIT")

    def migrate(self) -> None:
        """The newest form of the database, reached once more from an earlier one."""
        with self.app.app_context():
            folder = str(data_folder("migrations"))
            flask_migrate.downgrade(directory=folder, revision="0045")
            flask_migrate.upgrade(directory=folder)

    def verify(self, notes: list[str], *words: str, program: ModuleType = verify_audit) -> int:
        """What the program for strangers says of the exported history, to somebody who kept these notes."""
        path = self.folder / "bundle.zip"
        with self.app.app_context(), path.open("wb") as file:
            bundle.write(file, get_cycle(history.CYCLE), bundle.AUDITOR, self.office, at=NOW)
        given = []
        for number, note in enumerate(notes):
            kept = self.folder / f"note-{number}.txt"
            kept.write_text(note, encoding="utf-8")
            given += ["--checkpoint", str(kept)]
        code: int = program.main([str(path), *given, *words])
        return code


@pytest.fixture(scope="module")
def place(workshop: Workshop, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """A played history with its checkpoints, which strangers kept."""
    folder = tmp_path_factory.mktemp("history")
    shutil.copyfile(workshop.engine("sqlite").fresh("history").removeprefix("sqlite:///"), folder / "paritrana.db")
    workshop.engine("sqlite").drop("history")
    app = workshop.build(f"sqlite:///{folder / 'paritrana.db'}", folder, demo=True)
    app.extensions["clock"] = SetClock(NOW)
    with app.app_context():
        history.play(app.extensions["settings"], NOW)
        history.sign_all(Office.of(app.extensions["settings"]), NOW)
    release(app)
    shutil.copyfile(folder / "paritrana.db", folder / "original.db")
    shutil.copytree(folder / "keys" / "checkpoints", folder / "kept")
    yield Place(app, folder / "original.db", folder / "kept")
    release(app)


@pytest.fixture
def there(place: Place) -> Place:
    """The history as it was played."""
    place.restore()
    return place


def witnessed(place: Place) -> list[str]:
    """The last note of each stream of the cycle."""
    return [place.office.kept(stream)[0][-1] for stream in history.STREAMS]


def count(fast: int, slow: int) -> list[object]:
    """The same test with a small count in every run and the whole one in the slow set."""
    return [pytest.param(fast, id="few"), pytest.param(slow, id="all", marks=pytest.mark.slow)]


@pytest.mark.parametrize("times", count(3, 25))
def test_every_tampering_is_found(
    there: Place, times: int, figures_of: Callable[..., None], capsys: pytest.CaptureFixture[str]
) -> None:
    began = time.monotonic()
    notes = witnessed(there)
    unseen = []
    for kind, change in tampering.KINDS.items():
        for number in range(times):
            there.restore()
            there.tamper(change, random.Random(f"{SEED} {kind} {number}"))
            if there.verify(notes) != 1:
                unseen.append((kind, number))
    assert unseen == []
    control = _unseen_without_the_salt(there, notes)
    assert control
    capsys.readouterr()
    figures_of(
        "tamper", promises=["P06", "P07", "P32", "P33"], tampered=len(tampering.KINDS) * times,
        kinds=len(tampering.KINDS), detected=len(tampering.KINDS) * times - len(unseen), seed=SEED,
        seconds=round(time.monotonic() - began, 1), control=control,
    )  # fmt: skip


def _unseen_without_the_salt(place: Place, notes: list[str]) -> bool:
    """Whether the program without its look at commitments misses an edit of a salt: so that look found it before."""
    looks = "if commitment_of(event.salt, event.body) != event.commit:"
    text = Path(str(verify_audit.__file__)).read_text(encoding="utf-8")
    assert text.count(looks) == 1
    blind = ModuleType("verify_audit_without_a_look")
    sys.modules[blind.__name__] = blind
    exec(compile(text.replace(looks, "if False:"), "blind", "exec"), blind.__dict__)  # noqa: S102 - our own program
    place.restore()
    place.tamper(tampering.salt, random.Random(SEED))
    return place.verify(notes, program=blind) == 0 and place.verify(notes) == 1


@pytest.mark.parametrize("times", count(2, 25))
@pytest.mark.parametrize("life", ["goes on", "is restored"])
def test_no_clean_history_raises_an_alarm(
    there: Place, life: str, times: int, figures_of: Callable[..., None], capsys: pytest.CaptureFixture[str]
) -> None:
    began = time.monotonic()
    alarms = []
    for number in range(times):
        chance = random.Random(f"{SEED} {life} {number}")
        there.restore()
        notes = [*witnessed(there), *(LIVES[life](there, chance))]
        if number == 0:
            there.migrate()
        if there.verify(notes) != 0:
            alarms.append(number)
    assert alarms == []
    capsys.readouterr()
    # The same restore that nobody adopted is an alarm.
    there.restore()
    copy = there.copy("before.db")
    notes = live(there, random.Random(SEED))
    there.restore(copy)
    control = there.verify(notes) == 1
    assert control
    figures_of(
        "tamper", promises=["P06", "P32", "P33"], clean=times, life=life, false_alarms=len(alarms), seed=SEED,
        seconds=round(time.monotonic() - began, 1), control=control,
    )  # fmt: skip


def live(place: Place, chance: random.Random, begin: datetime = NOW) -> list[str]:
    """Things happen in the cycle, some texts are erased, checkpoints are signed; gives the notes."""
    notes = []
    with place.app.app_context():
        for step in range(chance.randrange(1, 4)):
            at = begin + timedelta(hours=2 + 2 * step)
            for _ in range(chance.randrange(1, 6)):
                stream = chance.choice(history.STREAMS)
                audit.record(
                    stream, "thing.happened", SOMEBODY, at=at, object_ref="X-0000-0001", no=chance.random() < 0.5
                )
            if chance.random() < 0.5:
                old = db.session.scalars(select(EventBody).where(EventBody.body.is_not(None)).limit(1)).one()
                old.salt = old.body = None
                old.erased_at, old.erased_reason = at, "retention"
            db.session.commit()
            notes += history.sign_all(place.office, at)
    return [note for note in notes if note.startswith(f"{place.office.host}/{history.CYCLE}/")]


def restored(place: Place, chance: random.Random) -> list[str]:
    """A copy is put back while more had been signed; two people adopt it, and life goes on."""
    before = live(place, chance)
    copy = place.copy("copy.db")
    lost = live(place, chance, NOW + timedelta(days=1))
    place.restore(copy)
    at = NOW + timedelta(days=2)
    with place.app.app_context():
        restoring.adopt(place.office, first=SOMEBODY.ref, second=ANOTHER, reason="Cakram rusak.", request="R-1", at=at)
        db.session.commit()
    return [*before, *lost, *live(place, chance, NOW + timedelta(days=3))]


LIVES: dict[str, Callable[[Place, random.Random], list[str]]] = {"goes on": live, "is restored": restored}


def test_what_was_lost_stays_named_for_good(there: Place, capsys: pytest.CaptureFixture[str]) -> None:
    notes = restored(there, random.Random(1))
    capsys.readouterr()
    assert there.verify(notes) == 0
    assert "Two people adopted a restore: events " in capsys.readouterr().out
    assert there.verify(notes, "--strict") == 1


def test_a_program_of_its_own_says_the_same(there: Place) -> None:
    """The program in the bundle runs alone, without this application."""
    notes = witnessed(there)
    assert there.verify(notes) == 0
    with zipfile.ZipFile(there.folder / "bundle.zip") as archive:
        archive.extractall(there.folder / "unpacked")
    for source in ("bundle.zip", "unpacked"):
        run = subprocess.run(
            [sys.executable, "-I", "unpacked/verify_audit.py", source, "--checkpoint", "note-0.txt"],
            cwd=there.folder, capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip
        assert (run.returncode, run.stderr) == (0, "")
        assert f"{history.STREAMS[1]}: " in run.stdout
