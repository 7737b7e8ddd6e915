"""The command `paritrana seed`."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import func, select

from paritrana.accounts.cast import FILE
from paritrana.audit.models import Event
from paritrana.cli import main
from paritrana.config import data_folder
from paritrana.cycles.models import Cycle
from paritrana.database import db
from paritrana.reference.models import Region
from tests.factories import world

SEED = data_folder("seed")


@pytest.fixture
def run(app, monkeypatch) -> Callable[..., Result]:
    """A function that runs `paritrana` on the test's database."""
    settings = app.extensions["settings"]
    (settings.instance_path / FILE).unlink(missing_ok=True)
    monkeypatch.setenv("PARITRANA_INSTANCE", str(settings.instance_path))
    monkeypatch.setenv("PARITRANA_DATABASE_URL", settings.database_url)
    monkeypatch.setenv("PARITRANA_SECRET_KEY", settings.secret_key)
    return lambda *words: CliRunner().invoke(main, words)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the seed data that a test may spoil."""
    shutil.copytree(SEED, tmp_path / "seed")
    return tmp_path / "seed"


def test_the_command_says_what_it_did(run, db_session):
    answer = run("seed")
    assert answer.exit_code == 0, answer.output
    assert "Historical cycle ntb-2024: added." in answer.stdout
    assert db_session.scalar(select(func.count()).select_from(Region)) == 552
    db_session.rollback()
    assert "Reference data: 0 rows added or changed." in run("seed").stdout


def test_mistakes_are_told_line_by_line_and_nothing_is_stored(run, folder, db_session):
    regions = folder / "regions.csv"
    lines = regions.read_text(encoding="utf-8").splitlines()
    lines[2] = lines[2].replace("regency", "shire")
    lines[4] = lines[4].replace("Asia/Jakarta", "Mars/Base")
    regions.write_text("\n".join(lines) + "\n", encoding="utf-8")
    answer = run("seed", "--folder", str(folder))
    assert answer.exit_code == 1
    told = answer.stderr.splitlines()
    assert told[0].startswith("regions.csv, line 3: “shire” in “kind” is not in the list: ")
    assert told[1].startswith("regions.csv, line 5: “Mars/Base” in “timezone”")
    assert len(told) == 2
    for model in (Region, Event, Cycle):
        assert db_session.scalar(select(func.count()).select_from(model)) == 0


def test_the_demonstration_belongs_to_demonstration_mode(run):
    answer = run("seed", "--demo")
    assert answer.exit_code == 2
    assert answer.stderr.strip() == "The simulated cycles belong to a demonstration. Run: paritrana demo"


def test_a_mistake_in_the_simulated_cycles_stores_nothing_either(run, folder, db_session, monkeypatch):
    monkeypatch.setenv("PARITRANA_DEMO", "true")
    (folder / "simulated" / "marks.csv").write_text("key\n", encoding="utf-8")
    answer = run("seed", "--demo", "--folder", str(folder))
    assert answer.exit_code == 1
    assert answer.stderr.startswith("simulated/marks.csv, line 1: The column “nomination” is missing.")
    assert db_session.scalar(select(func.count()).select_from(Region)) == 0


def test_simulated_cycles_are_not_added_to_a_real_installation(run, db_session, monkeypatch):
    world(kind="real")
    db.session.commit()
    monkeypatch.setenv("PARITRANA_DEMO", "true")
    answer = run("seed", "--demo")
    assert answer.exit_code == 2
    assert answer.stderr.strip() == "This database holds a real cycle; the simulated cycles are not added to it."
