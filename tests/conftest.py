"""Fixtures every test may ask for. A test that asks for none of them needs neither application nor database.

A test that asks for `app`, `client`, `db_session`, `runner` or `make_app` runs once per engine, on its own copy of a
database that the migrations made.
"""

import contextvars
import gc
import json
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, settings

from tests import remembering

if TYPE_CHECKING:
    from flask import Flask
    from flask.testing import FlaskClient, FlaskCliRunner
    from sqlalchemy.orm import Session, scoped_session

    from paritrana.clock import SetClock
    from tests.engines import DatabaseEngine

ENGINES = ("sqlite", "postgresql")
START = datetime(2026, 3, 2, 3, 0, tzinfo=UTC)
# Measuring which lines run makes a test nearly twice as long, so `make test` measures the tests of the packages that
# must be covered whole, and those few of the pages that use their last lines, on SQLite; the audit's on both engines,
# because its statements differ between them. All are beginnings of names.
MEASURED_ON_BOTH = ("tests/audit/", "tests/operations/test_check.py")
CHECKED = "tests/operations/test_check.py::test_a_tampering_is_named_by_its_rule"
MEASURED = (
    *MEASURED_ON_BOTH, "tests/access/", "tests/core/", "tests/files/", "tests/privacy/",
    "tests/accounts/test_once.py::test_a_repeat_after_a_crash", "tests/faults/test_answers.py",
    "tests/inspection/test_checkpoints.py", "tests/nominations/test_namelists.py::test_a_large_list",
    "tests/nominations/test_originals.py", "tests/nominations/test_sending.py",
    "tests/nominations/test_uploads.py::test_an_upload_that_breaks_off", "tests/operations/test_read_only.py",
    "tests/web/test_templates.py",
)  # fmt: skip
# What asks for whole pages very often, and runs no line that others of its folder do not; and what of it does.
NOT_MEASURED = (
    CHECKED, "tests/access/test_agree.py::test_a_wrong_clause", "tests/access/test_canaries.py",
    "tests/access/test_cells.py", "tests/access/test_doors.py::test_no_", "tests/access/test_doors.py::test_what_",
    "tests/access/test_embargo.py", "tests/access/test_fields.py", "tests/access/test_panel_model.py",
    "tests/access/test_scopes.py", "tests/access/test_timing.py", "tests/access/test_two_worlds.py",
    "tests/access/test_walk.py::test_every_route_answers", "tests/core/test_scorer.py",
    "tests/core/test_wordcount.py::test_the_script",
)  # fmt: skip
BUT_MEASURED = tuple(f"{CHECKED}[{rule}." for rule in ("blob", "preview", "chain", "foreign_key"))
# The files that take longest begin, so that no worker is left alone with one of them at the end.
LONGEST = (
    "tests/access/test_embargo.py", "tests/access/test_walk.py", "tests/access/test_doors.py",
    "tests/operations/test_check.py", "tests/access/test_fields.py", "tests/access/test_agree.py",
    "tests/access/test_two_worlds.py", "tests/access/test_canaries.py", "tests/hostile/", "tests/faults/",
    "tests/operations/test_backup.py", "tests/core/test_scorer.py",
    "tests/journeys/test_whole_year.py", "tests/journeys/test_candidates.py", "tests/journeys/test_demonstration.py",
    "tests/journeys/test_from_rubric_to_bundle.py",
)  # fmt: skip

# A busy machine must not turn a slow example into a failure; `timeout` of pytest ends what really hangs.
settings.register_profile("default", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("fast", settings.get_profile("default"), max_examples=25)
settings.load_profile("default")


PARTS = ("measured", "rest", "slow", "release")
# What looks at pages: by these fixtures, or, where it opens clients of its own, by these files.
PAGE_FIXTURES = {"client", "door"}
PAGES = (
    "tests/access/test_doors.py", "tests/accounts/test_sign_in.py", "tests/cycles/test_rubrics.py", "tests/home/",
    "tests/operations/test_system_pages.py", "tests/results/test_workbench.py", "tests/web/",
)  # fmt: skip
# What `make test` looks at on PostgreSQL whole: where two write at once, or statements differ between the engines.
ENGINES_DIFFER = (
    *MEASURED_ON_BOTH, "tests/access/test_agree.py", "tests/accounts/test_once.py", "tests/faults/",
    "tests/interviews/test_two_at_once.py", "tests/jobs/", "tests/operations/test_backup.py", "tests/promises/",
    "tests/test_database.py", "tests/test_migrations.py",
)  # fmt: skip


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--engines",
        default=",".join(ENGINES),
        help="engines for tests with a database, separated by commas: sqlite, postgresql (default: both)",
    )
    parser.addoption(
        "--part",
        choices=("all", *PARTS),
        default="all",
        help="measured: those whose coverage counts; slow, release: those marked so; rest: the others",
    )


def pytest_configure(config: pytest.Config) -> None:
    unknown = _chosen(config) - set(ENGINES)
    if unknown:
        raise pytest.UsageError(f"--engines knows {' and '.join(ENGINES)}, not {', '.join(sorted(unknown))}.")


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    chosen = _chosen(config)
    part = config.getoption("--part")
    seldom = _seen_seldom(items) if part != "all" else set()
    kept = [item for item in items if _engine_of(item) in {None, *chosen} and part in {"all", _part_of(item, seldom)}]
    if len(kept) < len(items):
        config.hook.pytest_deselected(items=[item for item in items if item not in set(kept)])
        items[:] = kept
    items.sort(key=_length)  # stable: the rest stays in the order it was shuffled to


def _length(item: pytest.Item) -> int:
    return next((place for place, name in enumerate(LONGEST) if item.nodeid.startswith(name)), len(LONGEST))


def pytest_collection_finish(session: pytest.Session) -> None:
    """What is loaded by now stays to the end, so the collector of garbage need not walk it again and again."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)


@pytest.fixture
def figures_of(record_property: Callable[[str, object], None]) -> Callable[..., None]:
    """`figures_of(kind, **figures)` reports what a test measured: one JSON line at the end of the run."""
    return lambda kind, **figures: record_property("figures", json.dumps({"kind": kind, **figures}))


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Print what was measured; with FIGURES in the environment it is added to that file, for tools/promises.py."""
    lines = [
        line
        for report in terminalreporter.getreports("passed")
        for name, line in report.user_properties
        if name == "figures"
    ]
    for line in lines:
        terminalreporter.write_line(line)
    told_elsewhere = hasattr(terminalreporter.config, "workerinput")  # by the process that gathers all workers
    if lines and not told_elsewhere and (path := os.environ.get("FIGURES")):
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        with Path(path).open("a", encoding="utf-8") as file:
            file.writelines(f"{line}\n" for line in lines)


def _chosen(config: pytest.Config) -> set[str]:
    return set(config.getoption("--engines").split(","))


def _part_of(item: pytest.Item, seldom: set[str]) -> str:
    if item.get_closest_marker("release"):
        return "release"
    if item.nodeid in seldom or item.get_closest_marker("slow"):
        return "slow"
    of_one = _engine_of(item) != "postgresql" and item.nodeid.startswith(MEASURED)
    if item.nodeid.startswith(NOT_MEASURED) and not item.nodeid.startswith(BUT_MEASURED):
        return "rest"
    return "measured" if of_one or item.nodeid.startswith(MEASURED_ON_BOTH) else "rest"


def _seen_seldom(items: list[pytest.Item]) -> set[str]:
    """What PostgreSQL is asked in the slow set only: of each folder all tests but two of pages.

    A page asks of both engines what services ask; a service asks both in the same words, but for ENGINES_DIFFER.
    """
    seldom: set[str] = set()
    pages: dict[Path, list[str]] = {}
    for item in items:
        if _engine_of(item) == "postgresql" and not item.get_closest_marker("slow"):
            fixtures = set(getattr(item, "fixturenames", ()))
            if fixtures & PAGE_FIXTURES or item.nodeid.startswith(PAGES):
                pages.setdefault(item.path.parent, []).append(item.nodeid)
            elif not item.nodeid.startswith(ENGINES_DIFFER):
                seldom.add(item.nodeid)
    return seldom.union(*(sorted(names)[1:-1] for names in pages.values()))


def _engine_of(item: pytest.Item) -> str | None:
    callspec = getattr(item, "callspec", None)
    return None if callspec is None else callspec.params.get("engine_name")


class Workshop:
    """What one worker keeps between tests: an engine with its template, and an application, per engine name."""

    def __init__(self, folder: Path) -> None:
        from flask import appcontext_pushed

        appcontext_pushed.connect(see_everything)
        self.folder = folder
        self.engines: dict[str, DatabaseEngine] = {}
        self.apps: dict[str, Flask] = {}

    def engine(self, name: str) -> "DatabaseEngine":
        """The engine `name`, started when it is first asked for."""
        from tests.engines import PostgresServer, SqliteFiles

        if name not in self.engines:
            self.engines[name] = {"sqlite": SqliteFiles, "postgresql": PostgresServer}[name](self._migrate)
        return self.engines[name]

    def app(self, name: str) -> "Flask":
        """The worker's application on the engine `name`, its database and its blobs as after the migrations."""
        from paritrana.interviews.board import Boards

        if name in self.apps:
            release(self.apps[name])
        address = self.engine(name).fresh("shared")
        if name not in self.apps:
            self.apps[name] = self.build(address, self.folder / name)
        blobs = self.apps[name].extensions["settings"].blob_path
        shutil.rmtree(blobs, ignore_errors=True)
        # What was kept of another database is none of this one's past.
        shutil.rmtree(self.apps[name].extensions["settings"].instance_path / "keys" / "checkpoints", ignore_errors=True)
        self.apps[name].extensions["boards"] = Boards()  # a copied day looks like the one that was read before
        remembering.begin(self.apps[name], self.engine(name), "shared")
        return self.apps[name]

    def build(self, address: str, instance: Path, **overrides: Any) -> "Flask":
        """An application on the database at `address`, with `overrides` of its settings."""
        from paritrana.app import create_app
        from paritrana.config import Settings

        instance.mkdir(parents=True, exist_ok=True)
        values: dict[str, Any] = {
            "instance_path": instance,
            "database_url": address,
            "blob_path": instance / "blobs",
            "secret_key": "only for tests, but long enough to be a key",
            "base_url": "http://localhost",
            "testing": True,
            "second_factor": "off",  # but where a test is about it
        }
        app = create_app(Settings(**(values | overrides)))
        app.test_client_class = visitor_class()
        return app

    def stop(self) -> None:
        """Close every connection and remove every database."""
        for app in self.apps.values():
            release(app)
        for engine in self.engines.values():
            engine.stop()

    def _migrate(self, address: str) -> None:
        import flask_migrate

        from paritrana.config import data_folder

        app = self.build(address, self.folder / "migration")
        with app.app_context():
            flask_migrate.upgrade(directory=str(data_folder("migrations")))
        release(app)


def release(app: "Flask") -> None:
    """Close the application's connections."""
    from paritrana.database import db

    with app.app_context():
        db.session.remove()
        db.engine.dispose()


def see_everything(_app: "Flask", **_rest: Any) -> None:
    """Whoever opens a context of the application in a test reads everybody's rows; a request narrows it at the door."""
    from paritrana.scopes import Scope, set_scope

    set_scope(Scope(reason="a test looks at everything"))


def visitor_class() -> "type[FlaskClient]":
    """A test client that shares nothing with the test but what is committed, as a browser would."""
    from flask import has_app_context
    from flask.testing import FlaskClient

    from paritrana.database import db

    class Visitor(FlaskClient):
        """Commits the test's own session, then asks in an empty context: no session, `g` or signed-in person leaks."""

        def open(self, *args: Any, **kwargs: Any) -> Any:
            if has_app_context():
                db.session.commit()
            return contextvars.Context().run(super().open, *args, **kwargs)

    return Visitor


@pytest.fixture(scope="session")
def workshop() -> Iterator[Workshop]:
    """The engines and applications of this worker."""
    from tests.engines import quick_folder

    shop = Workshop(quick_folder("paritrana-workshop-", megabytes=1024))
    yield shop
    shop.stop()
    shutil.rmtree(shop.folder, ignore_errors=True)


@pytest.fixture(params=ENGINES)
def engine_name(request: pytest.FixtureRequest) -> str:
    """The engine a test runs on; a folder of tests may override it with one name."""
    return str(request.param)


@pytest.fixture
def clock() -> "SetClock":
    """The application's clock: it stands at 2 March 2026, 10.00 WIB, until `.set()` or `.advance()` moves it."""
    from paritrana.clock import SetClock

    return SetClock(START)


@pytest.fixture
def app(workshop: Workshop, engine_name: str, clock: "SetClock") -> "Flask":
    """The application on an empty, migrated database and with `clock`.

    It serves many tests, one after the other: a test that wants other settings asks for `make_app`.
    """
    from paritrana.web.journal import Readers

    app = workshop.app(engine_name)
    app.extensions["clock"] = clock
    app.extensions["readers"] = Readers()  # nobody has read anything yet
    return app


@pytest.fixture
def make_app(
    workshop: Workshop, engine_name: str, clock: "SetClock", tmp_path: Path
) -> "Iterator[Callable[..., Flask]]":
    """A function that builds an application of the test's own, on its own database, with settings as keywords."""
    made: list[Flask] = []
    engine = workshop.engine(engine_name)

    def make(**overrides: Any) -> "Flask":
        number = len(made)
        app = workshop.build(engine.fresh(f"own{number}"), tmp_path / f"instance{number}", **overrides)
        app.extensions["clock"] = clock
        made.append(app)
        return app

    yield make
    for number, app in enumerate(made):
        release(app)
        engine.drop(f"own{number}")


@pytest.fixture
def client(app: "Flask") -> "FlaskClient":
    """A browser without cookies. Every request first commits what the test's own session holds."""
    return app.test_client()


@pytest.fixture
def door(app: "Flask") -> "Callable[[str], FlaskClient]":
    """`door(name)` signs a person of the world in, with a browser of their own."""
    from tests.factories import sign_in

    def enter(name: str) -> "FlaskClient":
        client = app.test_client()
        sign_in(client, name)
        return client

    return enter


@pytest.fixture
def runner(app: "Flask") -> "FlaskCliRunner":
    """Runs the application's commands."""
    return app.test_cli_runner()


@pytest.fixture
def db_session(app: "Flask") -> "Iterator[scoped_session[Session]]":
    """The test's own session, inside an application context."""
    from paritrana.database import db

    with app.app_context():
        yield db.session


@pytest.fixture
def statements(app: "Flask") -> "Callable[[], AbstractContextManager[list[str]]]":
    """`with statements() as sent:` gathers the SQL sent to the database meanwhile, COMMIT and ROLLBACK among it."""
    from sqlalchemy import event

    from paritrana.database import db

    @contextmanager
    def gather() -> Iterator[list[str]]:
        sent: list[str] = []
        with app.app_context():
            engine = db.engine
        listeners = {
            "before_cursor_execute": lambda connection, cursor, statement, *rest: sent.append(statement),
            "commit": lambda connection: sent.append("COMMIT"),
            "rollback": lambda connection: sent.append("ROLLBACK"),
        }
        for name, listener in listeners.items():
            event.listen(engine, name, listener)
        try:
            yield sent
        finally:
            for name, listener in listeners.items():
                event.remove(engine, name, listener)

    return gather
