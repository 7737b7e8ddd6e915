"""`paritrana check`: a house in which everything happened is whole, and whatever is tampered with is named."""

import json
import os
import re
import shutil
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from flask import Flask
from sqlalchemy import text

from paritrana.cli import main
from paritrana.clock import SetClock
from paritrana.config import Settings
from paritrana.core.invariants import Broken
from paritrana.database import db
from paritrana.operations.invariants import RULES, broken_rules
from tests.conftest import Workshop, release
from tests.factories import world
from tests.operations import house
from tests.operations.tampering import TAMPERINGS, House

NOW = datetime(2026, 3, 2, 3, 0, tzinfo=UTC)


@pytest.fixture(scope="module")
def whole(workshop: Workshop, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, Path]]:
    """A database and a folder of files in which everything happened; no test changes them."""
    engine = workshop.engine("sqlite")
    app = workshop.build(engine.fresh("whole"), tmp_path_factory.mktemp("whole"), demo=True)
    app.extensions["clock"] = SetClock(NOW)
    settings = app.extensions["settings"]
    with app.app_context():
        house.build(settings, NOW)
    release(app)  # the last connection that closes writes everything into the one file
    yield Path(settings.database_url.removeprefix("sqlite:///")), settings.blob_path
    engine.drop("whole")


@pytest.fixture(scope="module")
def inspected(workshop: Workshop, tmp_path_factory: pytest.TempPathFactory) -> Flask:
    """An application in demonstration mode over a copy of the whole house, the same for every tampering."""
    folder = tmp_path_factory.mktemp("inspected")
    return workshop.build(f"sqlite:///{folder / 'paritrana.db'}", folder, demo=True)


@pytest.fixture
def copy(whole: tuple[Path, Path], inspected: Flask) -> Iterator[House]:
    """The copy, made anew."""
    settings = inspected.extensions["settings"]
    there = House(settings.instance_path / "paritrana.db", settings.blob_path)
    shutil.copyfile(whole[0], there.database)
    shutil.copytree(whole[1], there.blobs)
    yield there
    release(inspected)
    keys = there.database.parent / "keys"
    if (keys / "pades.away").exists():
        (keys / "pades.away").rename(keys / "pades.key")
    for path in (there.blobs, there.blobs.with_name("elsewhere")):
        shutil.rmtree(path, ignore_errors=True) if path.is_dir() else path.unlink(missing_ok=True)
    for suffix in ("", "-wal", "-shm"):
        Path(f"{there.database}{suffix}").unlink(missing_ok=True)


def found_in(app: Flask) -> list[Broken]:
    with app.app_context():
        return list(broken_rules(app.extensions["settings"], at=NOW))


def test_every_rule_has_its_tampering() -> None:
    assert set(TAMPERINGS) == set(RULES)


def test_a_house_in_which_everything_happened_is_whole(copy: House, inspected: Flask) -> None:
    with inspected.app_context():
        empty = [
            table.name
            for table in db.metadata.sorted_tables
            if db.session.execute(table.select().limit(1)).first() is None
        ]
    assert set(empty) <= NOT_TOLD
    assert found_in(inspected) == []


# Tables without a rule of their own may be empty in the house.
NOT_TOLD = {
    "account_role", "security_role", "sign_in_failure", "sign_in_session", "sent_once", "job", "worker", "job_worker",
    "calendar_feed", "verify_attempt", "reset_wish", "presence", "certificate_print", "mail_choice",
}  # fmt: skip


def test_the_operators_guide_names_every_rule_and_no_other() -> None:
    guide = (Path(__file__).parents[2] / "docs" / "operators.md").read_text(encoding="utf-8")
    section = guide.partition("### The rules of `paritrana check`")[2].partition("\n## ")[0]
    assert set(re.findall(r"`([a-z_]+\.[a-z_]+)`", section)) == set(RULES)
    told_alone = {rule: meaning for rule, meaning in RULES.items() if f"| `{rule}` |" in section}
    assert told_alone
    for rule, meaning in told_alone.items():
        assert f"| `{rule}` | {meaning} |" in section


# One tampering in three in `make test`, and those that run lines which no other test runs; all in the slow set.
OFTEN = {"blob.held", "preview.pages", "chain.broken", "foreign_key.broken", *sorted(TAMPERINGS)[::3]}


@pytest.mark.parametrize(
    "rule", [pytest.param(rule, marks=() if rule in OFTEN else pytest.mark.slow) for rule in sorted(TAMPERINGS)]
)
def test_a_tampering_is_named_by_its_rule(rule: str, copy: House, inspected: Flask) -> None:
    TAMPERINGS[rule](copy)
    with inspected.app_context():
        settings = inspected.extensions["settings"]
        # Whatever this rule's look stumbles over is told as `look.failed`, which has no look of its own.
        only = None if rule == "look.failed" else {rule}
        found = {one.rule: one for one in broken_rules(settings, at=NOW, only=only)}
    assert rule in found
    assert found[rule].where
    assert found[rule].sentence.endswith((".", ")"))


def test_files_are_passed_over_where_nobody_asks_for_them(copy: House, inspected: Flask) -> None:
    copy.file().unlink()
    with inspected.app_context():
        settings = inspected.extensions["settings"]
        assert list(broken_rules(settings, at=NOW, with_files=False)) == []


def test_a_new_file_without_a_row_is_spared_for_two_days(copy: House, inspected: Flask) -> None:
    path = copy.file().with_name("f" * 64)
    path.write_bytes(b"on its way")
    with inspected.app_context():
        settings = inspected.extensions["settings"]
        written = datetime.fromtimestamp(path.stat().st_mtime, UTC)
        assert list(broken_rules(settings, at=written + timedelta(hours=47))) == []
        assert [one.rule for one in broken_rules(settings, at=written + timedelta(hours=49))] == ["blob.orphan"]


def test_what_is_left_of_an_upload_is_named_when_it_is_old(copy: House, inspected: Flask) -> None:
    path = copy.blobs / "incoming" / "0123"
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(b"half")
    os.utime(path, (0, 0))
    assert [(one.rule, one.where) for one in found_in(inspected)] == [("blob.orphan", "incoming/0123")]


def test_an_erased_body_raises_no_false_alarm(copy: House, inspected: Flask) -> None:
    copy.run(
        "UPDATE event_body SET body = NULL, salt = NULL, erased_at = '2026-03-01 00:00:00', erased_reason = 'x' "
        "WHERE (stream, seq) IN (SELECT stream, seq FROM event WHERE kind IN ('mark.saved', 'category.moved',"
        " 'nomination.moved', 'clock.advanced', 'results.sealed'))"
    )
    assert found_in(inspected) == []


def test_progress_is_told_and_ends_the_reading(copy: House, inspected: Flask) -> None:
    told: list[tuple[int, int]] = []

    def until_third(done: int, total: int) -> None:
        told.append((done, total))
        if done == 3:
            raise KeyboardInterrupt

    with inspected.app_context():
        settings = inspected.extensions["settings"]
        with pytest.raises(KeyboardInterrupt):
            list(broken_rules(settings, at=NOW, progress=until_third))
        assert [done for done, _total in told] == [0, 1, 2, 3]
        told.clear()
        list(broken_rules(settings, at=NOW, progress=lambda done, total: told.append((done, total))))
    assert told[-1] == (len(told) - 1, len(told) - 1)


def test_nothing_is_changed_by_looking(copy: House, inspected: Flask) -> None:
    with inspected.app_context():
        before = db.session.execute(text("PRAGMA data_version")).scalar()
        db.session.rollback()
        list(broken_rules(inspected.extensions["settings"], at=NOW))
        assert db.session.execute(text("PRAGMA data_version")).scalar() == before


# The command ----------------------------------------------------------------------------------------------------------


@pytest.fixture
def run(copy: House, inspected: Flask, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    """A function that runs `paritrana check` on the copy."""
    settings: Settings = inspected.extensions["settings"]
    monkeypatch.setenv("PARITRANA_INSTANCE", str(settings.instance_path))
    monkeypatch.setenv("PARITRANA_BLOB_PATH", str(settings.blob_path))
    monkeypatch.setenv("PARITRANA_SECRET_KEY", settings.secret_key)
    return lambda *words: CliRunner().invoke(main, ["check", *words])


def test_the_command_says_that_all_is_well(run: Callable[..., Result]) -> None:
    answer = run()
    assert (answer.exit_code, answer.stdout) == (0, "Everything that was checked is in order.\n")
    answer = run("--json")
    assert (answer.exit_code, answer.stdout) == (0, "")


def test_the_command_names_each_broken_rule_in_one_line(run: Callable[..., Result], copy: House) -> None:
    TAMPERINGS["award.event_differs"](copy)
    answer = run("--no-files")
    assert answer.exit_code == 1
    lines = answer.stdout.splitlines()
    assert lines[0] == "award.event_differs  simulasi-kaltim/kabkota  The titles are not the ones that were sealed."
    assert lines[-1] == f"Broken rules: {len(lines) - 1}."


def test_the_command_writes_json_lines(run: Callable[..., Result], copy: House) -> None:
    copy.file().unlink()
    answer = run("--json")
    assert answer.exit_code == 1
    (line,) = [json.loads(line) for line in answer.stdout.splitlines()]
    assert (line["rule"], set(line)) == ("blob.missing", {"rule", "where", "sentence"})


def test_a_database_that_is_none_is_not_readable(run: Callable[..., Result], copy: House) -> None:
    copy.database.write_bytes(b"no database at all, but long enough to be looked into" * 100)
    answer = run()
    assert answer.exit_code == 2
    assert answer.stderr.splitlines()[-1].startswith("The database cannot be read: ")


# Both engines ---------------------------------------------------------------------------------------------------------


def test_what_was_tampered_with_is_named_on_both_engines(app: Flask) -> None:
    with app.app_context():
        world()
        assert found_in(app) == []
        postgresql = db.engine.dialect.name == "postgresql"
        for statement in (
            "UPDATE seat SET constituency = 'x' WHERE code = 'J3'",
            "ALTER TABLE event DISABLE TRIGGER event_append_only_update"
            if postgresql
            else "DROP TRIGGER event_append_only_update",
        ):
            db.session.execute(text(statement))
        db.session.commit()
        found = [(one.rule, one.where) for one in found_in(app)]
    assert found == [("trigger.missing", "event_append_only_update"), ("seat.event_differs", "contoh-2025/kabkota/J3")]
