"""A filled database of every earlier version comes up to this one with every event, also when it is killed half-way."""

import os
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import flask_migrate
import pytest
from alembic.config import Config
from alembic.script import ScriptDirectory
from flask import Flask
from sqlalchemy import event

from paritrana.audit.queries import first_broken_link
from paritrana.config import data_folder
from paritrana.database import db
from tests.access.stage import Stage
from tests.conftest import Workshop, release

CODE = Path(__file__).resolve().parents[2]
TOLD = {
    "event": "SELECT stream, seq, kind, at_utc, object_ref, commitment, prev, leaf FROM event ORDER BY stream, seq",
    "event_body": "SELECT b.stream, b.seq, b.salt, b.body FROM event_body b ORDER BY b.stream, b.seq",
    "stream_head": "SELECT stream, seq, leaf FROM stream_head ORDER BY stream",
}


def revisions() -> list[str]:
    """Every revision, oldest first."""
    config = Config()
    config.set_main_option("script_location", str(data_folder("migrations")))
    config.set_main_option("path_separator", "os")
    return [one.revision for one in ScriptDirectory.from_config(config).walk_revisions()][::-1]


def told(file: Path) -> dict[str, list[tuple[object, ...]]]:
    """What happened, as the tables of the record say it."""
    with sqlite3.connect(file) as connection:
        found = {name: connection.execute(statement).fetchall() for name, statement in TOLD.items()}
    connection.close()
    return found


def structure(file: Path) -> list[tuple[str, str]]:
    """The tables, indexes and triggers of a database."""
    with sqlite3.connect(file) as connection:
        rows = connection.execute("SELECT type, name FROM sqlite_master WHERE name NOT LIKE 'sqlite_%' ORDER BY 1, 2")
        found = rows.fetchall()
    connection.close()
    return found


def revision_of(file: Path) -> str:
    """The revision of a database."""
    with sqlite3.connect(file) as connection:
        found = str(connection.execute("SELECT version_num FROM alembic_version").fetchone()[0])
    connection.close()
    return found


def _look_away(connection: Any, _record: object) -> None:
    connection.execute("PRAGMA foreign_keys=OFF")


class Yard:
    """A copy of the filled world that goes down to older versions, step by step."""

    def __init__(self, workshop: Workshop, stage: Stage, folder: Path) -> None:
        self.folder, self.file = folder, folder / "paritrana.db"
        target = sqlite3.connect(self.file)
        stage.kept.backup(target)
        target.close()
        self.head = revision_of(self.file)
        self.app: Flask = workshop.build(f"sqlite:///{self.file}", folder)
        self.whole, self.shape = told(self.file), structure(self.file)

    def down(self, revision: str) -> None:
        """Go down to a revision. Only here, to make the old database, its foreign keys look away."""
        with self.app.app_context():
            engine = db.engine
            engine.dispose()
            event.listen(engine, "connect", _look_away)
            try:
                flask_migrate.downgrade(directory=str(data_folder("migrations")), revision=revision)
            finally:
                event.remove(engine, "connect", _look_away)
        release(self.app)

    def up(self) -> None:
        """Come up to this version."""
        with self.app.app_context():
            flask_migrate.upgrade(directory=str(data_folder("migrations")))
        release(self.app)

    def kept(self) -> bool:
        """Whether every event is there as it was, in its chain, under today's structure."""
        with self.app.app_context():
            whole = first_broken_link() is None
        release(self.app)
        return whole and told(self.file) == self.whole and structure(self.file) == self.shape

    def lay_back(self, before: Path) -> None:
        """Take the database of before, without what a killed process left beside it."""
        for end in ("-wal", "-shm"):
            self.file.with_name(self.file.name + end).unlink(missing_ok=True)
        shutil.copyfile(before, self.file)

    def kill_half_way(self, chance: random.Random) -> bool:
        """Upgrade in a process of its own that is killed within it; gives whether it was."""
        environment = {key: value for key, value in os.environ.items() if not key.startswith("PARITRANA_")} | {
            "PARITRANA_INSTANCE": str(self.folder), "PARITRANA_DATABASE_URL": f"sqlite:///{self.file}",
            "PARITRANA_BASE_URL": "http://localhost", "PYTHONPATH": str(CODE),
        }  # fmt: skip
        process = subprocess.Popen(
            [sys.executable, "-m", "paritrana", "upgrade"], cwd=self.folder, env=environment,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True,
        )  # fmt: skip
        journal = self.file.with_name(self.file.name + "-wal")
        until = time.monotonic() + 120
        while process.poll() is None and not journal.exists() and time.monotonic() < until:
            time.sleep(0.002)
        time.sleep(chance.uniform(0, 0.5))  # it has opened the database
        alive = process.poll() is None
        if alive:
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        return alive


@pytest.mark.timeout(1800)
@pytest.mark.parametrize(
    ("steps", "kills"), [((7,), 1), pytest.param((), 3, marks=pytest.mark.slow)], ids=["last", "every"]
)
def test_an_upgrade_from_an_earlier_version_keeps_every_event(
    built: Stage,
    workshop: Workshop,
    tmp_path: Path,
    steps: tuple[int, ...],
    kills: int,
    figures_of: Callable[..., None],
) -> None:
    began, chance = time.monotonic(), random.Random(1)
    yard = Yard(workshop, built, tmp_path)
    names = revisions()
    assert names[-1] == yard.head
    chosen = [names[-1 - step] for step in steps] or names[-2::-1]
    older, lost, killed, half = 0, [], 0, []
    for revision in chosen:
        yard.down(revision)
        if told(yard.file) != yard.whole:
            lost.append(f"down to {revision}")
        before = tmp_path / "before.db"
        shutil.copyfile(yard.file, before)
        for _ in range(kills if revision == chosen[0] else 0):
            yard.lay_back(before)
            killed += yard.kill_half_way(chance)
            if revision_of(yard.file) not in {revision, yard.head} or told(yard.file) != yard.whole:
                half.append(revision)
        yard.up()
        older += 1
        if not yard.kept():
            lost.append(revision)
        yard.lay_back(before)  # and go on from there, further down
    with sqlite3.connect(yard.file) as connection:  # the control: a migration that forgets one event is noticed
        _unguard(connection)
        connection.execute("DELETE FROM event WHERE rowid = (SELECT max(rowid) FROM event)")
    connection.close()
    control = told(yard.file) != yard.whole
    figures_of("upgrade", promises=["P33", "P08"], versions=older, events=len(yard.whole["event"]), lost=len(lost),
               kills=killed, half=len(half), seconds=round(time.monotonic() - began, 1), control=control)  # fmt: skip
    assert lost == []
    assert half == []
    assert control
    assert len(yard.whole["event"]) > 40


def _unguard(connection: sqlite3.Connection) -> None:
    triggers = "SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name = 'event'"
    for (name,) in connection.execute(triggers).fetchall():
        connection.execute(f'DROP TRIGGER "{name}"')
