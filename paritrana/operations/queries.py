"""What the commands ask of a database before they touch it, and what the pages of the system show."""

from collections.abc import Sequence
from pathlib import Path

from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Row, create_engine, func, inspect, select, text
from sqlalchemy.engine import make_url

from paritrana.accounts.models import Account
from paritrana.config import data_folder
from paritrana.database import db
from paritrana.jobs.models import Job
from paritrana.outbox.models import Message
from paritrana.scopes import everybody


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


def revision_now() -> str:
    """The structure of the application's database, by the name of its last migration."""
    return MigrationContext.configure(db.session.connection()).get_current_revision() or ""


def messages_by_state() -> dict[str, int]:
    """How many messages are in which state, in all cycles and in none (one statement)."""
    with everybody("the number of messages in each state, for the figures of the machine"):
        rows = db.session.execute(select(Message.state, func.count()).group_by(Message.state)).all()
    return {row[0]: row[1] for row in rows}


def job_rows(state: str | None, *, offset: int, limit: int) -> Sequence[Row[Job, str | None]]:
    """Jobs with the name of who asked for them, newest first (one statement)."""
    wanted = select(Job, Account.name).outerjoin(Account, Account.id == Job.asked_by_id)
    if state is not None:
        wanted = wanted.where(Job.state == state)
    ordered = wanted.order_by(Job.created_at.desc(), Job.id.desc())
    return db.session.execute(ordered.offset(offset).limit(limit)).all()
