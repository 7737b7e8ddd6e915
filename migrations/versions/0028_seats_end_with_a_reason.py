"""a seat that ended says why

Revision ID: 0028
Revises: 0020
Create Date: 2026-11-21 13:40:00
"""

import sqlalchemy as sa
from alembic import op

revision = "0028"
down_revision = "0020"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # The reason of a seat that ended before stands in its event alone.
    op.add_column("seat", sa.Column("ended_reason", sa.Text(), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table("seat") as seat:
        seat.drop_column("ended_reason")
