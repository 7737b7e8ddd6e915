"""Both database engines for tests: a file for SQLite, a throw-away server for PostgreSQL.

Every test gets a copy of a template that the real migrations built once: copying costs a few milliseconds on SQLite
and a few tens on PostgreSQL, and a copy is right whatever triggers a table has.
"""

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

Migrate = Callable[[str], None]


class DatabaseEngine(Protocol):
    """Hands out databases that are empty but for what the migrations put into them."""

    def fresh(self, name: str) -> str:
        """The address of the database `name`, made anew; nothing may be connected to an earlier one of that name."""
        ...

    def copy(self, source: str, target: str) -> None:
        """Make `target` a copy of `source`; nothing may be connected to either."""
        ...

    def drop(self, name: str) -> None:
        """Remove the database `name` where it exists."""
        ...

    def stop(self) -> None:
        """Remove everything this engine made."""
        ...


def quick_folder(prefix: str, *, megabytes: int) -> Path:
    """A new folder, in memory where the machine keeps files in memory and has room: a busy disk is ten times slower."""
    memory = Path("/dev/shm")
    roomy = memory.is_dir() and os.access(memory, os.W_OK) and shutil.disk_usage(memory).free > megabytes * 1024 * 1024
    return Path(tempfile.mkdtemp(prefix=prefix, dir=memory if roomy else None))


class SqliteFiles:
    """SQLite databases as files."""

    def __init__(self, migrate: Migrate) -> None:
        self.folder = quick_folder("paritrana-sqlite-", megabytes=256)
        try:
            migrate(self._address("template"))
        except BaseException:
            self.stop()
            raise

    def fresh(self, name: str) -> str:
        """The address of a fresh copy of the template."""
        self.copy("template", name)
        return self._address(name)

    def copy(self, source: str, target: str) -> None:
        """Copy the file, which is whole as long as nobody is connected."""
        self.drop(target)
        shutil.copyfile(self._path(source), self._path(target))

    def drop(self, name: str) -> None:
        """Remove the file and what SQLite laid beside it."""
        for suffix in ("", "-wal", "-shm", "-journal"):
            self._path(name + suffix).unlink(missing_ok=True)

    def stop(self) -> None:
        """Remove the folder."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def _path(self, name: str) -> Path:
        return self.folder / name

    def _address(self, name: str) -> str:
        return f"sqlite:///{self._path(name)}"


class PostgresServer:
    """A PostgreSQL server of its own on a Unix socket, without a network address and without care for power cuts."""

    def __init__(self, migrate: Migrate) -> None:
        self.programs = find_postgres()
        self.folder = quick_folder("paritrana-pg-", megabytes=1024)
        self.user: dict[str, int] = {}
        if os.geteuid() == 0:  # the server refuses to run as root
            account = _unprivileged_account()
            os.chown(self.folder, account.pw_uid, account.pw_gid)
            self.user = {"user": account.pw_uid, "group": account.pw_gid}
        self._run("initdb", "-D", "data", "-U", "app", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync")
        options = {
            "listen_addresses": "''",
            "unix_socket_directories": f"'{self.folder}'",
            "fsync": "off",
            "full_page_writes": "off",
            "synchronous_commit": "off",
            "wal_level": "minimal",
            "max_wal_senders": "0",
            "autovacuum": "off",
            "shared_buffers": "32MB",
            "max_wal_size": "64MB",
        }
        written = "".join(f"{name} = {value}\n" for name, value in options.items())
        with (self.folder / "data" / "postgresql.conf").open("a", encoding="utf-8") as settings:
            settings.write(written)
        self._run("pg_ctl", "-D", "data", "-w", "-l", str(self.folder / "server.log"), "start")
        try:
            # Copying the files takes a third of the time of writing the copy to the log, where there is a choice.
            self.strategy = "STRATEGY FILE_COPY" if self._version() >= 150000 else ""
            self._execute('CREATE DATABASE "template"')
            migrate(self._address("template"))
        except BaseException:
            self.stop()
            raise

    def fresh(self, name: str) -> str:
        """The address of a fresh copy of the template database."""
        self.copy("template", name)
        return self._address(name)

    def copy(self, source: str, target: str) -> None:
        """Drop `target`, whoever is connected, and make it anew from `source`."""
        self._execute(
            f'DROP DATABASE IF EXISTS "{target}" WITH (FORCE)',
            f'CREATE DATABASE "{target}" TEMPLATE "{source}" {self.strategy}',
        )

    def drop(self, name: str) -> None:
        """Drop the database, whoever is still connected."""
        self._execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')

    def stop(self) -> None:
        """Stop the server at once and remove its files."""
        self._run("pg_ctl", "-D", "data", "-m", "immediate", "-w", "stop")
        shutil.rmtree(self.folder, ignore_errors=True)

    def _address(self, name: str) -> str:
        return f"postgresql+psycopg://app@/{name}?host={self.folder}"

    def _version(self) -> int:
        import psycopg

        with psycopg.connect(host=str(self.folder), user="app", dbname="postgres") as connection:
            return connection.info.server_version

    def _execute(self, *statements: str) -> None:
        import psycopg

        with psycopg.connect(host=str(self.folder), user="app", dbname="postgres", autocommit=True) as connection:
            for statement in statements:
                connection.execute(statement.encode())

    def _run(self, program: str, *arguments: str) -> None:
        done = subprocess.run(
            [self.programs / program, *arguments],
            cwd=self.folder,
            env={"PATH": os.environ.get("PATH", ""), "LC_ALL": "C", "TZ": "UTC"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,  # a pipe would stay open in the server and keep this call waiting
            stderr=subprocess.STDOUT,
            check=False,
            **self.user,
        )
        if done.returncode:
            raise RuntimeError(f"PostgreSQL's {program} failed with exit code {done.returncode} in {self.folder}.")


def find_postgres() -> Path:
    """The folder of PostgreSQL's programs, the newest version of Debian's first. Raises RuntimeError when missing."""
    versions = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: float(path.parts[-3]))
    if versions:
        return versions[-1].parent
    found = shutil.which("initdb")
    if found is None:
        raise RuntimeError(
            "PostgreSQL is missing: run `tools/system-packages postgresql`, or test with `--engines sqlite`."
        )
    return Path(found).resolve().parent


def _unprivileged_account() -> pwd.struct_passwd:
    for name in ("postgres", "nobody"):
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    raise RuntimeError("Running as root needs an account `postgres` or `nobody` for the PostgreSQL server.")
