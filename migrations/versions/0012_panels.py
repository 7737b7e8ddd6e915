"""a panel has a secretary and substitutes, who do not mark

Revision ID: 0012
Revises: 0017
Create Date: 2026-11-21 11:20:00
"""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0017"
branch_labels = None
depends_on = None

BEFORE = "role IN ('chair', 'deputy', 'member')"
AFTER = "role IN ('chair', 'deputy', 'member', 'secretary', 'substitute')"
HEAD_BEFORE = "role <> 'member' AND ended_at IS NULL"
HEAD_AFTER = "role NOT IN ('member', 'substitute') AND ended_at IS NULL"


def upgrade() -> None:
    _roles(AFTER, HEAD_AFTER)


def downgrade() -> None:
    op.execute("DELETE FROM seat WHERE role IN ('secretary', 'substitute')")
    _roles(BEFORE, HEAD_BEFORE)


def _roles(known: str, head: str) -> None:
    """Who may hold a seat, and which places only one person holds."""
    op.drop_index("uq_seat_one_head", table_name="seat")
    with op.batch_alter_table("seat") as seat:  # on SQLite the rows are taken over into a table with the new rule
        seat.drop_constraint(op.f("ck_seat_role_known"), type_="check")
        seat.create_check_constraint(op.f("ck_seat_role_known"), known)
    where = sa.text(head)
    op.create_index(
        "uq_seat_one_head", "seat", ["category_id", "role"], unique=True, sqlite_where=where, postgresql_where=where
    )
