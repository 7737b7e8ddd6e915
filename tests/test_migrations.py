"""The migrations: up from nothing, on both engines, to exactly what the models describe."""

from typing import Any

from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from flask import Flask
from sqlalchemy import Engine, create_engine, inspect, text

from paritrana.config import data_folder
from paritrana.database import db


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


def test_the_migrations_form_one_line() -> None:
    config = Config()
    config.set_main_option("script_location", str(data_folder("migrations")))
    config.set_main_option("path_separator", "os")
    script = ScriptDirectory.from_config(config)
    assert len(script.get_heads()) == 1
    assert len(script.get_bases()) == 1
