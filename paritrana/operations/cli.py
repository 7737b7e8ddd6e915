"""Commands that run the product: upgrade the database, serve, check, and the demonstration that does it all at once."""

import json
import logging
import os
import shutil
import signal
import socket
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any, NoReturn
from urllib.error import URLError
from urllib.request import ProxyHandler, build_opener

import click
import structlog
from flask import Flask
from sqlalchemy.exc import DBAPIError

from paritrana.accounts.cast import FILE, read_cast
from paritrana.clock import SystemClock
from paritrana.config import BadSettings, Settings, load_settings
from paritrana.database import db, reading
from paritrana.operations import backup as copies
from paritrana.operations.invariants import broken_rules
from paritrana.operations.processes import Family, Member
from paritrana.operations.queries import holds_real_cycle, pending_migrations, revision_now
from paritrana.scopes import everybody

MakeApp = Callable[[Settings], Flask]

LONGEST_SENTENCE = 120  # characters of what the server says
_LOG = structlog.get_logger("paritrana.server")
_stamp = structlog.processors.TimeStamper(fmt="iso", utc=True)

LOOPBACK = ("127.0.0.1", "localhost", "::1")
READY_SECONDS = 120
DEMO_LOG = "demo.log"  # in the instance folder: the console says what a user needs

REAL_CYCLE = "This database holds a real cycle; demonstration mode refuses it."


def settings_or_exit(**overrides: Any) -> Settings:
    """The settings of this installation; a wrong one ends the command with its sentence and exit code 2."""
    try:
        return load_settings(**overrides)
    except BadSettings as refusal:
        _refuse(str(refusal))


def _refuse(sentence: str, code: int = 2) -> NoReturn:
    click.echo(sentence, err=True)
    raise SystemExit(code)


@contextmanager
def _inside(app: Flask) -> Iterator[None]:
    """The application's context; every connection is closed behind it."""
    with app.app_context():
        try:
            yield
        finally:
            db.session.remove()
            db.engine.dispose()


@click.command("upgrade")
@click.pass_obj
def upgrade(make_app: MakeApp) -> None:
    """Bring the database to the structure of this version."""
    from flask_migrate import upgrade as migrate_up

    with _inside(make_app(settings_or_exit())):
        migrate_up()
    click.echo("The database is up to date.")


@click.command("check")
@click.option("--files/--no-files", "with_files", default=True, help="Read every stored file whole (the default).")
@click.option("--json", "as_json", is_flag=True, help="One JSON object per broken rule, and nothing else.")
@click.pass_obj
def check(make_app: MakeApp, with_files: bool, as_json: bool) -> None:
    """Check that every invariant holds: settings, structure, events against tables, results, files.

    One line per broken rule: its code, where, and a sentence. Exit 0 in order, 1 something is broken, 2 not readable.
    """
    settings = settings_or_exit()
    count = 0
    with _inside(make_app(settings)), reading():
        try:
            if pending_migrations():
                _refuse("The database is not at the structure of this version. Run: paritrana upgrade", 1)
            for one in broken_rules(settings, at=SystemClock().now(), with_files=with_files):
                count += 1
                plain = f"{one.rule}  {one.where}  {one.sentence}"
                click.echo(json.dumps(asdict(one), ensure_ascii=False) if as_json else plain)
        except DBAPIError as error:
            _refuse(f"The database cannot be read: {str(error).splitlines()[0]}")
    if not as_json:
        click.echo(f"Broken rules: {count}." if count else "Everything that was checked is in order.")
    if count:
        raise SystemExit(1)


@click.command("backup")
@click.option("--to", "folder", type=click.Path(path_type=Path), help="The folder; else the setting backup_path.")
@click.pass_obj
def backup(make_app: MakeApp, folder: Path | None) -> None:
    """Copy the database as it stands now and the files that the folder does not have yet. The keys are not copied.

    Exit 0 whole, 1 where stored files are damaged or the copy failed, 2 where nothing can be read.
    """
    settings = settings_or_exit()
    folder = folder or settings.backup_path
    if folder is None:
        _refuse("Name the folder with --to, or set backup_path.")
    with _inside(make_app(settings)), reading(), everybody("a copy holds everything"):
        try:
            made = copies.back_up(settings, folder, at=SystemClock().now(), revision=revision_now())
        except (copies.BackupFault, OSError) as fault:
            _refuse(f"No copy was made: {fault}", 1)
        except DBAPIError as error:
            _refuse(f"The database cannot be read: {str(error).splitlines()[0]}")
    click.echo(f"{made.folder}: {made.files} files, {made.bytes} bytes.")
    for name in made.damaged:
        click.echo(f"Not in the copy, because it is damaged: {name}", err=True)
    if made.damaged:
        raise SystemExit(1)


@click.command("restore")
@click.argument("folder", type=click.Path(path_type=Path, exists=True, file_okay=False))
@click.option("--snapshot", help="The name of one copy in it, such as 20261122T010000Z; else the newest.")
@click.pass_obj
def restore(make_app: MakeApp, folder: Path, snapshot: str | None) -> None:
    """Put a copy back on an empty place, then check every rule. The keys must be there already.

    Exit 0 restored and in order, 1 refused or something is broken, 2 not readable.
    """
    settings = settings_or_exit()
    found = [one for one in copies.snapshots(folder) if snapshot in (None, one.folder.name)]
    if not found:
        _refuse(f"There is no finished copy in {folder}." if snapshot is None else f"There is no copy {snapshot}.")
    try:
        document = copies.restore(settings, found[0].folder)
    except (copies.BackupFault, OSError) as fault:
        _refuse(f"Nothing can be used of it: {fault}", 1)
    click.echo(f"{found[0].folder.name}: the database and {document['files']['count']} files are in their places.")
    with _inside(make_app(settings)), reading(), everybody("a restored copy is checked whole"):
        if pending_migrations():
            _refuse("Its structure is of an earlier version. Run: paritrana upgrade, then: paritrana check", 1)
        lost = copies.lost_events(document)
        broken = list(broken_rules(settings, at=SystemClock().now()))
    for stream in lost:
        click.echo(f"The record {stream} does not hold what the copy was signed with.")
    for one in broken:
        click.echo(f"{one.rule}  {one.where}  {one.sentence}")
    if lost or broken:
        raise SystemExit(1)
    click.echo(
        "Everything that was checked is in order. What came after the copy is lost: record it with adopt-restore."
    )


@click.command("serve")
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", default=8080, show_default=True, type=click.IntRange(1, 65535))
@click.option("--workers", default=1, show_default=True, type=click.IntRange(1, 64), help="More than one: PostgreSQL.")
@click.option("--no-worker", is_flag=True, help="Carry out no jobs; `paritrana worker` does, here or elsewhere.")
@click.pass_obj
def serve(make_app: MakeApp, host: str, port: int, workers: int, no_worker: bool) -> None:
    """Serve the web pages with gunicorn, one process with eight threads or several processes, and carry out jobs."""
    settings = settings_or_exit()
    if settings.demo:
        if host not in LOOPBACK:
            _refuse("Demonstration mode listens on a loopback address only.")
        if holds_real_cycle(settings.database_url):
            _refuse(REAL_CYCLE)
    if workers > 1 and settings.database_url.startswith("sqlite"):
        _refuse("Several workers need PostgreSQL. Set database_url, or use --workers 1.")
    _refuse_taken_port(host, port, "serve")
    if no_worker:
        _serve_pages(make_app, settings, host=host, port=port, workers=workers)
        return
    family = Family(os.environ, on_hangup=_pass_hangup)
    try:
        server = family.start("serve", "--no-worker", "--host", host, "--port", str(port), "--workers", str(workers))
        raise SystemExit(family.watch(server, family.start("worker")))
    finally:
        family.end()


def _pass_hangup(family: Family) -> None:
    """Pass SIGHUP on to gunicorn, which loads the program anew."""
    family.members[0].process.send_signal(signal.SIGHUP)


def _serve_pages(make_app: MakeApp, settings: Settings, *, host: str, port: int, workers: int) -> None:
    from gunicorn.app.base import BaseApplication
    from gunicorn.glogging import Logger

    from paritrana.operations.receiving import patient_worker

    class Lines(Logger):  # type: ignore[misc]  # gunicorn has no types
        """What gunicorn tells, as lines of our log: its sentence without what a request put into it."""

        def setup(self, cfg: Any) -> None:
            super().setup(cfg)
            self.error_log.handlers = [_OneLine()]

    class Server(BaseApplication):  # type: ignore[misc]  # gunicorn has no types
        """Gunicorn with the application built inside each worker, so that no connection is shared."""

        def load_config(self) -> None:
            options = {
                "bind": f"[{host}]:{port}" if ":" in host else f"{host}:{port}",
                "workers": workers,
                "threads": 8 if workers == 1 else 4,
                "worker_class": patient_worker(settings.proxy_hops),
                "accesslog": None,
                "logger_class": Lines,
                "loglevel": "warning",
                "graceful_timeout": 10,
            }
            for key, value in options.items():
                self.cfg.set(key, value)

        def load(self) -> Flask:
            app = make_app(settings)
            app.extensions["readers"].share = workers  # each process counts for itself
            return app

    sys.argv = ["paritrana"]  # gunicorn reads the command line on its own
    Server().run()


class _OneLine(logging.Handler):
    """Writes what the server says on standard error as one line of JSON, without what a request put into it."""

    def emit(self, record: logging.LogRecord) -> None:
        """Write one line."""
        said = str(record.msg).partition(": ")[0][:LONGEST_SENTENCE]  # behind the colon it quotes the request
        line = {"event": "server", "level": record.levelname.lower(), "said": said, "logger": record.name}
        if record.exc_info:
            line["exception"] = logging.Formatter().formatException(record.exc_info)
        with suppress(OSError, ValueError):
            sys.stderr.write(json.dumps(_stamp(_LOG, "", line)) + "\n")
            sys.stderr.flush()


def _refuse_taken_port(host: str, port: int, command: str) -> None:
    """End with one sentence when nobody could listen there; gunicorn itself would try for seconds and tell a trace."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(found[0], found[1]) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(found[4])
    except PermissionError:
        _refuse(f"Port {port} needs the rights of an administrator. Choose one from 1024 on, such as --port 8080.")
    except OSError as fault:
        if isinstance(fault, socket.gaierror):
            _refuse(f"The address {host} is unknown here.")
        other = port + 1 if port < 65535 else port - 1
        _refuse(f"Port {port} is in use. Choose another: paritrana {command} --port {other}")


@click.command("worker")
@click.option("--threads", default=2, show_default=True, type=click.IntRange(1, 4), help="Jobs carried out at a time.")
@click.pass_obj
def worker(make_app: MakeApp, threads: int) -> None:
    """Carry out jobs until SIGTERM; a job that is not finished then is handed back. Exit 0, 1 or 2."""
    from paritrana.jobs.worker import work

    settings = settings_or_exit()
    app = make_app(settings)
    with _inside(app), reading():
        if pending_migrations():
            _refuse("The database is not at the structure of this version. Run: paritrana upgrade", 1)
    try:
        work(app, threads=threads)
    finally:
        with _inside(app):
            pass


@click.command("demo")
@click.option("--port", default=8080, show_default=True, type=click.IntRange(1, 65535))
@click.option("--reset", is_flag=True, help="Remove the demonstration's data and stop.")
@click.option("--no-worker", is_flag=True, help="Carry out no jobs.")
def demo(port: int, reset: bool, no_worker: bool) -> None:
    """Migrate, load published and simulated data, and serve on a loopback address until interrupted."""
    settings = settings_or_exit(demo=True, base_url=f"http://127.0.0.1:{port}")
    if holds_real_cycle(settings.database_url):
        _refuse(REAL_CYCLE)
    if reset:
        _reset(settings)
        return
    _refuse_taken_port("127.0.0.1", port, "demo")
    environment = os.environ | {
        "PARITRANA_DEMO": "true",
        "PARITRANA_BASE_URL": settings.base_url,
        "PARITRANA_INSTANCE": str(settings.instance_path),
        "PARITRANA_LOG_FILE": str(settings.log_file or settings.instance_path / DEMO_LOG),
    }
    family = Family(environment)
    try:
        for step in (("upgrade",), ("seed", "--demo")):
            if status := family.run(*step):
                raise SystemExit(status)
        server = family.start("serve", "--no-worker", "--port", str(port))
        _wait_until_ready(server, settings.base_url)
        _show_cast(settings)
        # Only now, so that the pages are not waited for longer.
        kept = [] if no_worker else [family.start("worker")]
        raise SystemExit(family.watch(server, *kept))
    finally:
        family.end()


def _wait_until_ready(server: Member, address: str) -> None:
    opener = build_opener(ProxyHandler({}))  # a proxy of the environment does not know this machine's own address
    until = time.monotonic() + READY_SECONDS
    while time.monotonic() < until:
        if server.ended:
            _refuse("The server ended before it was ready; its reason stands above.", 1)
        try:
            with opener.open(f"{address}/sign-in", timeout=5):
                return
        except (URLError, OSError):
            time.sleep(0.1)
    _refuse("The server did not answer in time.", 1)


def _show_cast(settings: Settings) -> None:
    click.echo(f"Paritrana is ready at {settings.base_url} (stop with Ctrl+C)")
    for one in read_cast(settings.instance_path):
        click.echo(f"  {one['role_id']:<28} {one['email']:<28} {one['password']}")
    sys.stdout.flush()


def _reset(settings: Settings) -> None:
    """Remove what the demonstration made. Refuses an instance folder that is not a demonstration's."""
    cast = settings.instance_path / FILE
    database = settings.instance_path / "paritrana.db"
    if not cast.exists() and not database.exists():
        click.echo("There is no demonstration data to remove.")
        return
    if not cast.exists() or settings.database_url != f"sqlite:///{database}":
        _refuse("This instance folder is not a demonstration's; nothing was removed.")
    # The file with the passwords goes last: as long as it is there, a reset that was cut short can be repeated.
    for file in (database, settings.instance_path / "queue.db"):
        for path in (file, Path(f"{file}-wal"), Path(f"{file}-shm")):
            path.unlink(missing_ok=True)
    (settings.instance_path / DEMO_LOG).unlink(missing_ok=True)
    for folder in ("objects", "incoming"):
        shutil.rmtree(settings.blob_path / folder, ignore_errors=True)
    cast.unlink()
    click.echo("The demonstration data is removed.")
