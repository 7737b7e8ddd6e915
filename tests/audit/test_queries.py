"""Whoever may write to the database past the application, triggers and all, is found out."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest
from click.testing import CliRunner
from sqlalchemy import create_engine, text

from paritrana.audit import service as audit
from paritrana.audit.queries import first_broken_link
from paritrana.cli import main
from paritrana.database import db

AT = datetime(2026, 11, 21, 3, 0, tzinfo=UTC)


@dataclass(frozen=True)
class System:
    ref: str = "system"


@pytest.fixture
def history(app):
    """Three streams: five events, five events, and one with an event."""
    with app.app_context():
        for number in range(5):
            for stream in ("c/intake", "c/judging"):
                at = AT + timedelta(seconds=number)
                audit.record(stream, "mark.saved", System(), at=at, object_ref=f"S-{number}", value=str(number))
        audit.record("system", "role.granted", System(), at=AT, object_ref="A-1")
        db.session.commit()
    return app


def tamper(app, *statements):
    """Run statements as the owner of the database, with triggers and references switched off."""
    engine = create_engine(app.extensions["settings"].database_url)
    with engine.begin() as connection:
        if engine.dialect.name == "postgresql":
            connection.execute(text("SET session_replication_role = replica"))
        else:
            for table in ("event", "event_body"):
                for act in ("update", "delete"):
                    connection.execute(text(f"DROP TRIGGER {table}_append_only_{act}"))
        for statement in statements:
            assert connection.execute(text(statement), {"hash": b"\x07" * 32, "text": b"{}"}).rowcount > 0
    engine.dispose()


HERE = "WHERE stream = 'c/judging' AND seq ="
CHANGES = {
    "the kind": ([f"UPDATE event SET kind = 'mark.moved' {HERE} 3"], ("c/judging", 3)),
    "the moment": ([f"UPDATE event SET at_utc = '2026-11-21T03:00:02.000001Z' {HERE} 3"], ("c/judging", 3)),
    "the object": ([f"UPDATE event SET object_ref = 'S-9' {HERE} 3"], ("c/judging", 3)),
    "the commitment": ([f"UPDATE event SET commitment = :hash {HERE} 3"], ("c/judging", 3)),
    "the leaf before": ([f"UPDATE event SET prev = :hash {HERE} 3"], ("c/judging", 3)),
    "the leaf": ([f"UPDATE event SET leaf = :hash {HERE} 3"], ("c/judging", 3)),
    "the last leaf": ([f"UPDATE event SET leaf = :hash {HERE} 5"], ("c/judging", 5)),
    "the number": ([f"UPDATE event SET seq = 6 {HERE} 5"], ("c/judging", 6)),
    "the stream": ([f"UPDATE event SET stream = 'c/other' {HERE} 5"], ("c/judging", 4)),
    "the salt": ([f"UPDATE event_body SET salt = :hash {HERE} 2"], ("c/judging", 2)),
    "the body": ([f"UPDATE event_body SET body = :text {HERE} 2"], ("c/judging", 2)),
    "the body's place": (
        [
            f"UPDATE event_body SET seq = 9 {HERE} 2",
            f"UPDATE event_body SET seq = 2 {HERE} 3",
            f"UPDATE event_body SET seq = 3 {HERE} 9",
        ],
        ("c/judging", 2),
    ),
    "a body that is gone": ([f"DELETE FROM event_body {HERE} 4"], ("c/judging", 4)),
    "the first event that is gone": ([f"DELETE FROM event {HERE} 1"], ("c/judging", 2)),
    "an event that is gone": ([f"DELETE FROM event {HERE} 3"], ("c/judging", 4)),
    "the last event that is gone": ([f"DELETE FROM event {HERE} 5"], ("c/judging", 4)),
    "all events of a stream": (["DELETE FROM event WHERE stream = 'system'"], ("system", 0)),
    "a stream without a trace of its end": (["DELETE FROM stream_head WHERE stream = 'system'"], ("system", 1)),
    "the number in the head": (["UPDATE stream_head SET seq = 2 WHERE stream = 'system'"], ("system", 1)),
    "the leaf in the head": (["UPDATE stream_head SET leaf = :hash WHERE stream = 'system'"], ("system", 1)),
    "two events in each other's place": (
        [
            f"UPDATE event SET seq = 9 {HERE} 2",
            f"UPDATE event SET seq = 2 {HERE} 3",
            f"UPDATE event SET seq = 3 {HERE} 9",
        ],
        ("c/judging", 2),
    ),
    "an event more": (
        [f"INSERT INTO event SELECT stream, 6, kind, at_utc, object_ref, commitment, leaf, :hash FROM event {HERE} 5"],
        ("c/judging", 6),
    ),
    "an earlier end": (
        [
            f"DELETE FROM event_body {HERE} 5",
            f"DELETE FROM event {HERE} 5",
            "UPDATE stream_head SET seq = 4 WHERE stream = 'c/judging'",
        ],
        ("c/judging", 4),
    ),
}


def test_an_untouched_history_is_whole(history):
    with history.app_context():
        assert first_broken_link() is None


@pytest.mark.parametrize(("statements", "place"), CHANGES.values(), ids=CHANGES)
def test_a_change_past_the_application_is_found_and_named(history, statements, place):
    tamper(history, *statements)
    with history.app_context():
        broken = first_broken_link()
    assert (broken.stream, broken.seq) == place


@pytest.mark.parametrize("engine_name", ["sqlite"])
@pytest.mark.parametrize("column", ["commitment", "prev", "leaf", "kind"])
def test_a_value_of_another_type_is_found(history, column):
    value = "'" + "x" * 32 + "'" if column != "kind" else "x'00'"
    tamper(history, f"UPDATE event SET {column} = {value} {HERE} 3")
    with history.app_context():
        assert first_broken_link().seq == 3


def test_a_long_history_is_read_in_batches(app):
    with app.app_context():
        for _ in range(2100):
            audit.record("system", "role.granted", System(), at=AT, object_ref="A-1")
        db.session.commit()
        db.session.expunge_all()
        assert first_broken_link() is None


def command(app, **settings):
    given = app.extensions["settings"]
    values = {"INSTANCE": given.instance_path, "DATABASE_URL": given.database_url, "SECRET_KEY": given.secret_key}
    return CliRunner().invoke(
        main, ["verify-audit"], env={f"PARITRANA_{name}": str(value) for name, value in (values | settings).items()}
    )


def test_the_command_says_that_the_chain_is_whole(history):
    result = command(history)
    assert (result.exit_code, result.stdout) == (0, "The chain is whole.\n")


def test_the_command_names_the_first_break(history):
    tamper(history, *CHANGES["the body"][0])
    result = command(history)
    assert result.exit_code == 1
    assert result.stdout == "c/judging 2: The body of the event was changed: it does not fit the commitment.\n"


def test_the_command_says_when_the_database_cannot_be_read(history):
    given = history.extensions["settings"].database_url
    elsewhere = given.replace(".db", "-missing").replace("/shared", "/missing")
    result = command(history, DATABASE_URL=elsewhere)
    assert (result.exit_code, result.stdout) == (2, "")
    assert "The database cannot be read: " in result.stderr


def test_the_command_says_when_a_setting_is_wrong(history):
    result = command(history, DATABASE_URL="mysql://elsewhere")
    assert (result.exit_code, result.stdout) == (2, "")
    assert "The setting database_url cannot be used" in result.stderr
