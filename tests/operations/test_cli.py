"""The commands of the operator, called in this process."""

import socket
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from paritrana.accounts.cast import FILE
from paritrana.cli import main
from paritrana.database import db
from paritrana.operations.queries import holds_real_cycle
from tests.factories import world

LOOPBACK = "127.0.0.1"


@pytest.fixture
def run(app, monkeypatch) -> Callable[..., Result]:
    """A function that runs `paritrana` on the test's database."""
    settings = app.extensions["settings"]
    monkeypatch.setenv("PARITRANA_INSTANCE", str(settings.instance_path))
    monkeypatch.setenv("PARITRANA_DATABASE_URL", settings.database_url)
    monkeypatch.setenv("PARITRANA_SECRET_KEY", settings.secret_key)
    return lambda *words: CliRunner().invoke(main, words)


@pytest.fixture
def alone(tmp_path: Path, monkeypatch) -> Callable[..., Result]:
    """A function that runs `paritrana` on an instance folder of its own."""
    monkeypatch.setenv("PARITRANA_INSTANCE", str(tmp_path))
    return lambda *words: CliRunner().invoke(main, words)


@pytest.fixture
def taken() -> Iterator[int]:
    """A port that somebody else listens on."""
    with socket.socket() as listener:
        listener.bind((LOOPBACK, 0))
        listener.listen()
        yield listener.getsockname()[1]


@pytest.fixture
def real(db_session) -> None:
    """A real cycle in the test's database."""
    world(kind="real")
    db.session.commit()


def test_a_real_cycle_is_noticed_from_outside(app, db_session):
    address = app.extensions["settings"].database_url
    assert not holds_real_cycle(address)
    world(kind="real")
    db.session.commit()
    assert holds_real_cycle(address)


def test_asking_about_a_database_that_is_not_there_makes_none(tmp_path):
    assert not holds_real_cycle(f"sqlite:///{tmp_path / 'nothing.db'}")
    assert list(tmp_path.iterdir()) == []


def test_a_database_of_something_else_has_no_real_cycle(tmp_path):
    path = tmp_path / "other.db"
    with closing(sqlite3.connect(path)) as other:
        other.execute("CREATE TABLE thing (id INTEGER)")
    assert not holds_real_cycle(f"sqlite:///{path}")


def test_the_demonstration_refuses_a_database_with_a_real_cycle(run, real):
    for words in (("demo",), ("demo", "--reset")):
        answer = run(*words)
        assert answer.exit_code == 2
        assert answer.stderr.strip() == "This database holds a real cycle; demonstration mode refuses it."


def test_serving_in_demonstration_mode_refuses_a_real_cycle(run, real, monkeypatch):
    monkeypatch.setenv("PARITRANA_DEMO", "true")
    answer = run("serve")
    assert (answer.exit_code, answer.stderr.count("\n")) == (2, 1)
    assert "real cycle" in answer.stderr


def test_demonstration_mode_listens_on_a_loopback_address_only(alone, monkeypatch):
    monkeypatch.setenv("PARITRANA_DEMO", "true")
    answer = alone("serve", "--host", "0.0.0.0")  # noqa: S104 - it is refused
    assert answer.exit_code == 2
    assert answer.stderr.strip() == "Demonstration mode listens on a loopback address only."


def test_a_port_in_use_is_told_with_another_one(alone, taken, tmp_path):
    for command in ("serve", "demo"):
        answer = alone(command, "--port", str(taken))
        assert answer.exit_code == 2
        assert answer.stderr.strip() == (
            f"Port {taken} is in use. Choose another: paritrana {command} --port {taken + 1}"
        )
    assert not (tmp_path / "paritrana.db").exists()


def test_an_address_that_nobody_knows_is_told(alone):
    answer = alone("serve", "--host", "nowhere.invalid")
    assert answer.exit_code == 2
    assert answer.stderr.strip() == "The address nowhere.invalid is unknown here."


def test_several_workers_need_postgresql(alone):
    answer = alone("serve", "--workers", "2")
    assert answer.exit_code == 2
    assert answer.stderr.strip() == "Several workers need PostgreSQL. Set database_url, or use --workers 1."


def test_a_wrong_setting_stops_every_command_with_one_sentence(alone, monkeypatch):
    monkeypatch.setenv("PARITRANA_COLOUR", "red")
    for command in ("serve", "demo", "check", "upgrade", "seed"):
        answer = alone(command)
        assert answer.exit_code == 2
        assert answer.stderr == "The setting PARITRANA_COLOUR is unknown. Check its spelling or remove it.\n"


def test_check_finds_a_fresh_database_in_order(run):
    answer = run("check")
    assert (answer.exit_code, answer.stdout) == (0, "Everything that was checked is in order.\n")


def test_check_asks_for_the_upgrade(alone):
    answer = alone("check")
    assert answer.exit_code == 1
    assert answer.stderr.splitlines()[-1].endswith("Run: paritrana upgrade")


def test_upgrade_makes_the_database(alone, tmp_path):
    assert alone("upgrade").exit_code == 0
    assert (tmp_path / "paritrana.db").is_file()
    assert alone("check").exit_code == 0


def test_reset_removes_the_demonstration_and_nothing_else(alone, tmp_path):
    alone("upgrade")
    (tmp_path / FILE).write_text("[]", encoding="utf-8")
    (tmp_path / "settings.toml").write_text("", encoding="utf-8")
    (tmp_path / "blobs" / "objects" / "1").mkdir(parents=True)
    answer = alone("demo", "--reset")
    assert (answer.exit_code, answer.stdout) == (0, "The demonstration data is removed.\n")
    assert not (tmp_path / "paritrana.db").exists()
    assert not (tmp_path / FILE).exists()
    assert not (tmp_path / "blobs" / "objects").exists()
    assert (tmp_path / "settings.toml").exists()
    assert alone("demo", "--reset").stdout == "There is no demonstration data to remove.\n"


def test_reset_refuses_what_is_no_demonstration(alone, tmp_path):
    alone("upgrade")
    answer = alone("demo", "--reset")
    assert answer.exit_code == 2
    assert answer.stderr.splitlines()[-1] == "This instance folder is not a demonstration's; nothing was removed."
    assert (tmp_path / "paritrana.db").exists()
