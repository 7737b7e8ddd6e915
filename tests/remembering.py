"""Stages that many tests build on are built once for a worker: later tests get a copy of the database they led to.

    @remembered
    def shortlisted(here: World, clock: SetClock, number: int = 2) -> list[Nomination]: …

The first call builds the stage and keeps a copy of the database and of the stored files. A later call with the same
arguments, on a database that saw the same stages and nothing else, puts the copy in place and gives the same rows.
Whatever cannot be told apart for certain is simply built again: arguments that cannot be written down, a database that
a test changed itself, rows that wait in the session.
"""

import functools
import io
import pickle
import re
import shutil
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar

from flask import Flask, current_app
from sqlalchemy import event, inspect
from sqlalchemy.orm.exc import DetachedInstanceError

from paritrana.clock import SetClock
from paritrana.config import Settings
from paritrana.database import Base, db
from tests.engines import quick_folder

Build = TypeVar("Build", bound=Callable[..., Any])
PLACE = "tests.place"
KEPT = {"sqlite": 300, "postgresql": 24}  # copies of databases a worker keeps; the one not used for longest goes
_CHANGE = re.compile(r"\s*(INSERT|UPDATE|DELETE|REPLACE|MERGE|WITH|CREATE|DROP|ALTER|TRUNCATE|PRAGMA\s+writable)", re.I)


class NotWritable(Exception):
    """Something cannot be written down, so that nothing is remembered."""


@dataclass
class Copy:
    """A database as a stage left it, with what the stage returned."""

    name: str
    folder: Path
    result: bytes
    rows: list[tuple[type[Base], Any]]
    clocks: list[datetime]


@dataclass
class Place:
    """The database of one application, and the stages it has seen; `trail` is None once something else changed it."""

    engine: Any
    name: str
    trail: tuple[bytes, ...] | None = ()
    depth: int = 0
    listening: bool = False
    copies: OrderedDict[tuple[bytes, ...], Copy] = field(default_factory=OrderedDict)


def begin(app: Flask, engine: Any, name: str) -> None:
    """Note that the database of `app` is a fresh copy of the template."""
    place = app.extensions.get(PLACE)
    if place is None or place.engine is not engine:
        place = app.extensions[PLACE] = Place(engine, name, copies=engine.__dict__.setdefault("copies", OrderedDict()))
    place.name, place.trail, place.depth = name, (), 0
    if not place.listening:
        with app.app_context():
            event.listen(db.engine, "before_cursor_execute", functools.partial(_note, place))
        place.listening = True


def _note(place: Place, _connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
    if place.depth == 0 and _CHANGE.match(statement):
        place.trail = None


def remembered(build: Build) -> Build:
    """Have a stage built once and copied from then on."""

    @functools.wraps(build)
    def stage(*args: Any, **kwargs: Any) -> Any:
        place = current_app.extensions.get(PLACE)
        session = db.session()
        if place is None or place.trail is None or session.new or session.dirty or session.deleted:
            return build(*args, **kwargs)
        try:
            written, clocks, _rows = _written((build.__module__, build.__qualname__, args, kwargs))
        except NotWritable:
            return _built(place, None, build, args, kwargs, [])
        trail = (*place.trail, written)
        copy = place.copies.get(trail)
        if copy is None:
            return _built(place, trail, build, args, kwargs, clocks)
        place.copies.move_to_end(trail)
        return _restored(place, trail, copy, clocks)

    return stage  # type: ignore[return-value]


def _built(
    place: Place, trail: tuple[bytes, ...] | None, build: Callable[..., Any], args: Any, kwargs: Any,
    clocks: list[SetClock],
) -> Any:  # fmt: skip
    place.depth += 1
    try:
        result = build(*args, **kwargs)
    except BaseException:
        trail = None
        raise
    finally:
        place.depth -= 1
        place.trail = trail
    if trail is not None and (place.depth == 0 or _dialect() == "sqlite"):
        db.session.commit()
        _keep(place, trail, result, clocks)
    elif trail is None:
        place.trail = None
    return result


def _keep(place: Place, trail: tuple[bytes, ...], result: Any, clocks: list[SetClock]) -> None:
    try:
        written, _clocks, rows = _written(result)
    except NotWritable:
        return
    while len(place.copies) >= KEPT[_dialect()]:
        _trail, old = place.copies.popitem(last=False)
        place.engine.drop(old.name)
        shutil.rmtree(old.folder, ignore_errors=True)
    number = place.engine.__dict__["copied"] = place.engine.__dict__.get("copied", 0) + 1
    name, folder = f"copy{number}", quick_folder("paritrana-stage-", megabytes=256)
    db.session.commit()
    _disconnect()
    place.engine.copy(place.name, name)
    for one in _folders():
        _copy_folder(one, folder / one.name)
    place.copies[trail] = Copy(name, folder, written, rows, [clock.now() for clock in clocks])


def _restored(place: Place, trail: tuple[bytes, ...], copy: Copy, clocks: list[SetClock]) -> Any:
    db.session.rollback()
    _disconnect()
    place.engine.copy(copy.name, place.name)
    for one in _folders():
        _copy_folder(copy.folder / one.name, one)
    db.session.expire_all()
    for clock, moment in zip(clocks, copy.clocks, strict=True):
        clock.set(moment)
    place.trail = trail
    by_class: dict[type[Base], list[Any]] = {}
    for model, key in copy.rows:
        by_class.setdefault(model, []).append(key)
    held = []  # keeps the rows in the session while the result is read
    for model, keys in by_class.items():
        column = inspect(model).primary_key
        if len(column) == 1:
            held.append(db.session.query(model).where(column[0].in_([key[0] for key in keys])).all())
    return _Reader(io.BytesIO(copy.result), clocks).load()


def _disconnect() -> None:
    """End every connection; the session takes a new one when it is asked next."""
    db.session.rollback()
    db.engine.dispose()


def _folders() -> tuple[Path, Path]:
    """What belongs to the database and stands beside it: the stored files, and the last checkpoints."""
    settings: Settings = current_app.extensions["settings"]
    return settings.blob_path, settings.instance_path / "keys" / "checkpoints"


def _copy_folder(source: Path, target: Path) -> None:
    shutil.rmtree(target, ignore_errors=True)
    if source.is_dir():
        shutil.copytree(source, target)


def _dialect() -> str:
    return db.engine.dialect.name


class _Writer(pickle.Pickler):
    """Writes rows by their class and key, clocks by their order of appearance and their moment."""

    def __init__(self, file: Any) -> None:
        super().__init__(file)
        self.clocks: list[SetClock] = []
        self.rows: dict[tuple[type[Base], Any], None] = {}

    def persistent_id(self, item: Any) -> Any:
        if isinstance(item, SetClock):
            if item not in self.clocks:
                self.clocks.append(item)
            return "clock", self.clocks.index(item), item.now().isoformat()
        if isinstance(item, Base):
            key = inspect(item).identity
            if key is None:
                raise NotWritable
            self.rows[type(item), tuple(key)] = None
            return "row", type(item), tuple(key)
        if isinstance(item, Flask):
            return ("app",)
        return None


class _Reader(pickle.Unpickler):
    def __init__(self, file: Any, clocks: list[SetClock]) -> None:
        super().__init__(file)
        self.clocks = clocks

    def persistent_load(self, told: Any) -> Any:
        match told:
            case ("clock", number, _moment):
                return self.clocks[number]
            case ("row", model, key):
                return db.session.get_one(model, key)
            case _:
                return current_app._get_current_object()  # type: ignore[attr-defined]


def _written(value: Any) -> tuple[bytes, list[SetClock], list[tuple[type[Base], Any]]]:
    file = io.BytesIO()
    writer = _Writer(file)
    try:
        writer.dump(value)
    except (pickle.PicklingError, TypeError, AttributeError, DetachedInstanceError) as cause:
        raise NotWritable from cause
    return file.getvalue(), writer.clocks, list(writer.rows)
