"""a rehearsal is a copy of a cycle that has no result and is never public

Revision ID: 0027
Revises: 0028
Create Date: 2026-11-21 13:40:00
"""

from alembic import op

from paritrana.cycles.rehearsals import FUNCTIONS, RESULTS, for_good, without_late_states, without_rehearsals
from paritrana.database import UtcDateTime

revision = "0027"
down_revision = "0028"
branch_labels = None
depends_on = None

SIMULATED = "rehearses_id IS NULL OR kind = 'simulated'"
CLOSED = "closed_at IS NULL OR rehearses_id IS NOT NULL"
FICTITIOUS = "fictitious OR NOT rehearsal"


def upgrade() -> None:
    # Written out, because a check that comes with its column needs no new table on SQLite.
    dialect = op.get_bind().dialect
    moment = UtcDateTime(timezone=True).compile(dialect)
    op.execute(
        "ALTER TABLE cycle ADD COLUMN rehearses_id INTEGER "
        "CONSTRAINT fk_cycle_rehearses_id_cycle REFERENCES cycle (id) "
        f"CONSTRAINT ck_cycle_rehearsal_is_simulated CHECK ({SIMULATED})"
    )
    op.execute(
        f"ALTER TABLE cycle ADD COLUMN closed_at {moment} CONSTRAINT ck_cycle_only_rehearsals_are_closed CHECK ({CLOSED})"
    )
    no = "0" if dialect.name == "sqlite" else "false"
    op.execute(
        f"ALTER TABLE organisation ADD COLUMN rehearsal BOOLEAN DEFAULT {no} NOT NULL "
        f"CONSTRAINT ck_organisation_rehearsal_is_fictitious CHECK ({FICTITIOUS})"
    )
    for each in (*map(without_rehearsals, RESULTS), without_late_states(), for_good()):
        for statement in each[dialect.name]:
            op.execute(statement)


def downgrade() -> None:
    postgresql = op.get_bind().dialect.name == "postgresql"
    for table in (*RESULTS, "category"):
        for change in ("insert", "update"):
            op.execute(f"DROP TRIGGER {table}_no_rehearsal_{change}" + (f" ON {table}" if postgresql else ""))
    op.execute("DROP TRIGGER cycle_rehearsal_for_good" + (" ON cycle" if postgresql else ""))
    if postgresql:
        for name in FUNCTIONS:
            op.execute(f"DROP FUNCTION {name}()")
    op.execute("ALTER TABLE organisation DROP COLUMN rehearsal")
    op.execute("ALTER TABLE cycle DROP COLUMN closed_at")
    op.execute("ALTER TABLE cycle DROP COLUMN rehearses_id")
