"""The migrations: up from nothing to exactly what the models describe, and down again, on both engines."""

from collections.abc import Callable
from typing import Any

import flask_migrate
import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from flask import Flask
from sqlalchemy import Engine, Inspector, create_engine, inspect, text

from paritrana.config import data_folder
from paritrana.database import db
from tests import factories
from tests.conftest import ENGINES


def test_the_migrations_build_what_the_models_describe(app: Flask) -> None:
    with app.app_context(), db.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, db.metadata) == []


def test_every_check_of_a_model_stands_in_the_database(app: Flask) -> None:
    with app.app_context():
        found = inspect(db.engine)
        for table in db.metadata.sorted_tables:
            wanted = {_text(check.name) for check in table.constraints if check.__visit_name__ == "check_constraint"}
            stored = {check["name"] for check in found.get_check_constraints(table.name)}
            assert wanted <= stored, table.name


def _text(name: Any) -> str:
    return str(name)


def test_the_same_tables_only_grow_in_the_models_and_after_the_migrations(app: Flask) -> None:
    described = create_engine("sqlite://")
    db.metadata.create_all(described)
    with app.app_context():
        assert guarded(db.engine) == guarded(described) != set()
    described.dispose()


def guarded(engine: Engine) -> set[tuple[str, str]]:
    """Which tables have a trigger against which change."""
    if engine.dialect.name == "sqlite":
        statement = "SELECT tbl_name, name FROM sqlite_master WHERE type = 'trigger'"
    else:
        statement = "SELECT tgrelid::regclass::text, tgname FROM pg_trigger WHERE NOT tgisinternal"
    with engine.connect() as connection:
        found = {(table, name.removeprefix(f"{table}_")) for table, name in connection.execute(text(statement))}
    return {(table, change) for table, change in found if "truncate" not in change}  # SQLite has no TRUNCATE


def script() -> ScriptDirectory:
    config = Config()
    config.set_main_option("script_location", str(data_folder("migrations")))
    config.set_main_option("path_separator", "os")
    return ScriptDirectory.from_config(config)


def test_the_migrations_form_one_line() -> None:
    assert len(script().get_heads()) == 1
    assert len(script().get_bases()) == 1


@pytest.fixture
def own(make_app: Callable[..., Flask]) -> Flask:
    """An application whose database a test may take apart."""
    return make_app()


def up(app: Flask, revision: str = "head") -> None:
    """Migrate up to `revision`."""
    with app.app_context():
        flask_migrate.upgrade(directory=str(data_folder("migrations")), revision=revision)


def down(app: Flask, revision: str = "base", *words: str) -> None:
    """Migrate down to `revision`; `words` are arguments for the migrations."""
    with app.app_context():
        flask_migrate.downgrade(directory=str(data_folder("migrations")), revision=revision, x_arg=list(words) or None)


def test_going_down_to_nothing_leaves_nothing_and_up_again_is_the_same(own: Flask) -> None:
    before = structure(own)
    down(own)
    assert structure(own) == {"table alembic_version": before["table alembic_version"]}
    up(own)
    assert structure(own) == before


@pytest.mark.parametrize(
    ("engine_name", "last"),
    [("sqlite", 5), *(pytest.param(name, None, marks=pytest.mark.slow) for name in ENGINES)],
    indirect=["engine_name"],
)
def test_each_revision_goes_down_and_up_again_with_its_triggers(own: Flask, last: int | None) -> None:
    """`make test` looks at the last ones, which are the new ones; the slow set at all, on both engines."""
    revisions = [one.revision for one in script().walk_revisions()][::-1]
    looked_at = revisions[-last:] if last else revisions
    down(own, revisions[-last - 1] if last else "base")
    before = structure(own)
    for revision in looked_at:
        up(own, revision)
        after = structure(own)
        down(own, "-1")
        assert triggers_of(structure(own)) == triggers_of(before), revision
        assert structure(own) == before, revision
        up(own, revision)
        assert triggers_of(structure(own)) == triggers_of(after), revision
        assert structure(own) == after, revision
        before = after


def test_events_are_not_thrown_away_unless_that_is_said(own: Flask, caplog: pytest.LogCaptureFixture) -> None:
    with own.app_context():
        factories.world()
    before = structure(own)
    with pytest.raises(SystemExit) as refused:
        down(own)
    assert refused.value.code == 1
    assert "This would throw away what happened" in caplog.text
    assert structure(own) == before
    down(own, "base", "discard=events")
    assert structure(own).keys() == {"table alembic_version"}


def structure(app: Flask) -> dict[str, Any]:
    """Everything of ours in the database by kind and name, with what it says."""
    with app.app_context():
        engine = db.engine
        found = inspect(engine)
        tables = described(found)
        with engine.connect() as connection:
            others = dict(connection.execute(text(OTHERS[engine.dialect.name])).all())
        engine.dispose()
    return tables | others


def described(found: Inspector) -> dict[str, Any]:
    """The columns, keys, checks and indexes of every table, read for all at once; their order does not count."""
    parts: dict[str, list[Any]] = {name: [] for name in found.get_table_names()}
    for (_, table), columns in found.get_multi_columns().items():
        parts[table] += [{**column, "type": str(column["type"])} for column in columns]
    for (_, table), key in found.get_multi_pk_constraint().items():
        parts[table].append(key)
    several = (found.get_multi_foreign_keys, found.get_multi_unique_constraints, found.get_multi_check_constraints)
    for read in several:
        for (_, table), said in read().items():
            parts[table] += said
    for (_, table), indexes in found.get_multi_indexes().items():
        parts[table] += [{**index, "dialect_options": _words(index.get("dialect_options", {}))} for index in indexes]
    return {f"table {name}": sorted(str(sorted(part.items())) for part in said) for name, said in parts.items()}


def _words(options: dict[str, Any]) -> dict[str, str]:
    return {name: str(said) for name, said in options.items()}


def triggers_of(found: dict[str, Any]) -> dict[str, Any]:
    """The triggers among what `structure` found."""
    return {name: said for name, said in found.items() if name.startswith("trigger ")}


# What else a database can hold: triggers with their text, views, and on PostgreSQL functions, types and sequences.
OTHERS = {
    "sqlite": "SELECT type || ' ' || name, sql FROM sqlite_master WHERE type NOT IN ('table', 'index')",
    "postgresql": """
        SELECT 'trigger ' || tgname, pg_get_triggerdef(oid) || tgenabled::text FROM pg_trigger WHERE NOT tgisinternal
        UNION ALL SELECT 'function ' || proname, prosrc FROM pg_proc
            WHERE pronamespace = 'public'::regnamespace
        UNION ALL SELECT 'type ' || typname, typtype::text FROM pg_type
            WHERE typnamespace = 'public'::regnamespace AND typtype IN ('e', 'd')
        UNION ALL SELECT 'relation ' || relname, relkind::text FROM pg_class
            WHERE relnamespace = 'public'::regnamespace AND relkind NOT IN ('r', 'i')
    """,
}
