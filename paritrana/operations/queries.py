"""What the commands ask of a database before they touch it."""

from pathlib import Path

from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine, inspect, text
from sqlalchemy.engine import make_url

from paritrana.config import data_folder
from paritrana.database import db


def holds_real_cycle(database_url: str) -> bool:
    """Whether the database at that address has a cycle of kind real; one that is empty or not there has none.

    It asks on a connection of its own and needs no application, so that nothing is migrated or made by asking.
    """
    url = make_url(database_url)
    if url.drivername.startswith("sqlite") and not (url.database and Path(url.database).is_file()):
        return False
    engine = create_engine(url)
    try:
        with engine.connect() as connection:
            if not inspect(connection).has_table("cycle"):
                return False
            return connection.execute(text("SELECT 1 FROM cycle WHERE kind = 'real' LIMIT 1")).first() is not None
    finally:
        engine.dispose()


def pending_migrations() -> bool:
    """Whether the application's database lacks a migration of this version."""
    head = ScriptDirectory(str(data_folder("migrations"))).get_current_head()
    return MigrationContext.configure(db.session.connection()).get_current_revision() != head
