"""Commands that run the product: upgrade the database, serve, and the demonstration that does everything at once."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any
from urllib.error import URLError
from urllib.request import urlopen

import click

from paritrana.config import BadSettings, Settings, load_settings

if TYPE_CHECKING:
    from flask import Flask

MakeApp = Callable[[Settings], "Flask"]
LOOPBACK = ("127.0.0.1", "localhost", "::1")
READY_SECONDS = 120


def settings_or_exit(**overrides: Any) -> Settings:
    """The settings of this installation; a wrong one ends the command with its sentence and exit code 2."""
    try:
        return load_settings(**overrides)
    except BadSettings as error:
        raise SystemExit(_say_error(str(error))) from None


def _say_error(sentence: str, code: int = 2) -> int:
    click.echo(sentence, err=True)
    return code


@click.command("upgrade")
@click.pass_obj
def upgrade(make_app: MakeApp) -> None:
    """Bring the database to the structure of this version."""
    from flask_migrate import upgrade as migrate_up

    with make_app(settings_or_exit()).app_context():
        migrate_up()
    click.echo("The database is up to date.")


@click.command("serve")
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", default=8080, show_default=True, type=click.IntRange(1, 65535))
@click.option("--workers", default=1, show_default=True, type=click.IntRange(1, 64), help="More than one: PostgreSQL.")
@click.pass_obj
def serve(make_app: MakeApp, host: str, port: int, workers: int) -> None:
    """Serve the web pages with gunicorn: one process with eight threads, or several processes."""
    from gunicorn.app.base import BaseApplication

    settings = settings_or_exit()
    if settings.demo:
        _refuse_unsafe_demo(make_app, settings, host)
    if workers > 1 and settings.database_url.startswith("sqlite"):
        raise SystemExit(_say_error("Several workers need PostgreSQL. Set database_url, or use --workers 1."))

    class Server(BaseApplication):  # type: ignore[misc]
        """Gunicorn with the application built inside each worker, so that no connection is shared."""

        def load_config(self) -> None:
            threads = 8 if workers == 1 else 1
            options = {"bind": f"{host}:{port}", "workers": workers, "threads": threads, "accesslog": None,
                       "worker_class": "gthread" if workers == 1 else "sync", "loglevel": "warning",
                       "graceful_timeout": 10}  # fmt: skip
            for key, value in options.items():
                self.cfg.set(key, value)

        def load(self) -> Any:
            return make_app(settings)

    sys.argv = ["paritrana"]  # gunicorn reads the command line on its own
    Server().run()


def _refuse_unsafe_demo(make_app: MakeApp, settings: Settings, host: str) -> None:
    if host not in LOOPBACK:
        raise SystemExit(_say_error("Demonstration mode listens on a loopback address only."))
    from sqlalchemy import select

    from paritrana.cycles.models import Cycle
    from paritrana.database import db, reading

    with make_app(settings).app_context(), reading():
        if db.session.scalar(select(Cycle.id).where(Cycle.kind == "real").limit(1)) is not None:
            raise SystemExit(_say_error("This database holds a real cycle; demonstration mode refuses it."))


@click.command("demo")
@click.option("--port", default=8080, show_default=True, type=click.IntRange(1, 65535))
@click.option("--reset", is_flag=True, help="Remove the demonstration's data and stop.")
def demo(port: int, reset: bool) -> None:
    """Migrate, load published and simulated data, and serve on a loopback address until interrupted."""
    settings = settings_or_exit(demo=True, base_url=f"http://127.0.0.1:{port}")
    if reset:
        _reset(settings)
        return
    with socket.socket() as probe:
        if probe.connect_ex(("127.0.0.1", port)) == 0:
            raise SystemExit(_say_error(f"Port {port} is in use. Choose another: paritrana demo --port {port + 1}"))
    environment = os.environ | {
        "PARITRANA_DEMO": "true",
        "PARITRANA_BASE_URL": settings.base_url,
        "PARITRANA_INSTANCE": str(settings.instance_path),
    }
    for step in (("upgrade",), ("seed", "--demo")):
        done = subprocess.run(_own_command(*step), env=environment, stdout=subprocess.DEVNULL, check=False)  # noqa: S603
        if done.returncode != 0:
            raise SystemExit(done.returncode)
    child = subprocess.Popen(_own_command("serve", "--port", str(port)), env=environment)  # noqa: S603
    try:
        _end_with_parent(child)
        _wait_until_ready(child, settings.base_url)
        _show_cast(settings)
        raise SystemExit(child.wait())
    finally:
        if child.poll() is None:
            child.terminate()
            child.wait(timeout=15)


def _own_command(*arguments: str) -> Sequence[str]:
    return [sys.executable, "-m", "paritrana", *arguments]


def _end_with_parent(child: "subprocess.Popen[bytes]") -> None:
    def end(_number: int, _frame: FrameType | None) -> None:
        child.terminate()
        child.wait(timeout=15)
        raise SystemExit(0)

    signal.signal(signal.SIGINT, end)
    signal.signal(signal.SIGTERM, end)


def _wait_until_ready(child: "subprocess.Popen[bytes]", address: str) -> None:
    until = time.monotonic() + READY_SECONDS
    while time.monotonic() < until:
        if child.poll() is not None:
            raise SystemExit(_say_error("The server ended before it was ready; its reason stands above.", 1))
        try:
            with urlopen(address + "/sign-in", timeout=5):  # noqa: S310 - our own loopback address
                return
        except (URLError, OSError):
            time.sleep(0.1)
    raise SystemExit(_say_error("The server did not answer in time.", 1))


def _show_cast(settings: Settings) -> None:
    click.echo(f"Paritrana is ready at {settings.base_url} (stop with Ctrl+C)")
    cast = json.loads((settings.instance_path / "demo-cast.json").read_text(encoding="utf-8"))
    for one in cast:
        click.echo(f"  {one['role_id']:<28} {one['email']:<34} {one['password']}")
    sys.stdout.flush()


def _reset(settings: Settings) -> None:
    """Remove what the demonstration made. Refuses an instance folder that is not a demonstration's."""
    cast = settings.instance_path / "demo-cast.json"
    database = settings.instance_path / "paritrana.db"
    if not cast.exists() and not database.exists():
        click.echo("There is no demonstration data to remove.")
        return
    if not cast.exists() or not settings.database_url.startswith("sqlite"):
        raise SystemExit(_say_error("This instance folder is not a demonstration's; nothing was removed."))
    for path in (database, Path(f"{database}-wal"), Path(f"{database}-shm"), cast):
        path.unlink(missing_ok=True)
    shutil.rmtree(settings.blob_path, ignore_errors=True)
    click.echo("The demonstration data is removed.")
