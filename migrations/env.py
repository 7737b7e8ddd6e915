"""Alembic environment: runs migrations on the database of the running application, on either engine."""

import logging

import flask_security  # noqa: F401 - column types that a migration may name
from alembic import context
from flask import current_app

logging.getLogger("alembic").setLevel(logging.WARNING)
database = current_app.extensions["migrate"].db


def run() -> None:
    """Migrate inside one transaction: all the way, or not at all."""
    arguments = dict(current_app.extensions["migrate"].configure_args)
    arguments.setdefault("compare_type", True)
    with database.engine.connect() as connection:
        # SQLite changes tables inside a transaction as well, where it was begun by hand, as ours is.
        context.configure(connection=connection, target_metadata=database.metadata, transactional_ddl=True, **arguments)
        with context.begin_transaction():
            context.run_migrations()


if context.is_offline_mode():
    raise SystemExit("Migrations run on a database, not on paper.")
run()
