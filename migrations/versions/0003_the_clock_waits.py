"""the clock of a simulated cycle waits at its deadlines

Revision ID: 0003
Revises: 0002
Create Date: 2026-11-21 07:20:00
"""

from datetime import timedelta

import sqlalchemy as sa
from alembic import op

from paritrana.database import UtcDateTime

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

HELD = "held_seconds >= 0 AND (kind = 'simulated' OR held_seconds = 0)"
WAITS = "kind = 'simulated' OR waits_at IS NULL"
DRAFT, OPEN, CLOSED = 0, 1, 2

cycle = sa.table(
    "cycle",
    sa.column("id", sa.Integer),
    sa.column("kind", sa.Text),
    sa.column("offset_seconds", sa.BigInteger),
    sa.column("held_seconds", sa.BigInteger),
    sa.column("waits_at", UtcDateTime),
)
category = sa.table(
    "category",
    sa.column("cycle_id", sa.Integer),
    sa.column("state", sa.Integer),
    sa.column("closes_at", UtcDateTime),
    sa.column("grace_ends_at", UtcDateTime),
)


def upgrade() -> None:
    # Written out, because a check that comes with its column needs no new table on SQLite, and nothing refers to a gap.
    moment = UtcDateTime(timezone=True).compile(op.get_bind().dialect)
    op.execute(
        "ALTER TABLE cycle ADD COLUMN held_seconds BIGINT DEFAULT '0' NOT NULL "
        f"CONSTRAINT ck_cycle_only_simulated_is_held CHECK ({HELD})"
    )
    op.execute(
        f"ALTER TABLE cycle ADD COLUMN waits_at {moment} CONSTRAINT ck_cycle_only_simulated_waits CHECK ({WAITS})"
    )
    _let_simulated_clocks_wait()


def _let_simulated_clocks_wait() -> None:
    """Every simulated clock waits at the first deadline that lies ahead of where it stands now."""
    bind = op.get_bind()
    now = bind.scalar(sa.select(sa.func.current_timestamp(type_=UtcDateTime())))
    for one in bind.execute(sa.select(cycle.c.id, cycle.c.offset_seconds).where(cycle.c.kind == "simulated")).all():
        stands = now + timedelta(seconds=one.offset_seconds)
        waiting = category.c.state.in_([DRAFT, OPEN, CLOSED])
        rows = bind.execute(
            sa.select(category.c.closes_at, category.c.grace_ends_at).where(category.c.cycle_id == one.id, waiting)
        )
        ahead = [deadline for row in rows for deadline in row if deadline is not None and deadline >= stands]
        if ahead:
            bind.execute(sa.update(cycle).where(cycle.c.id == one.id).values(waits_at=min(ahead)))


def downgrade() -> None:
    net = cycle.c.offset_seconds - cycle.c.held_seconds
    op.execute(sa.update(cycle).values(offset_seconds=sa.case((net < 0, 0), else_=net)))
    op.execute("ALTER TABLE cycle DROP COLUMN waits_at")
    op.execute("ALTER TABLE cycle DROP COLUMN held_seconds")
