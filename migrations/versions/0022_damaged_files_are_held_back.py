"""damaged files are held back

Revision ID: 0022
Revises: 0015
Create Date: 2026-11-21 11:25:00
"""

import sqlalchemy as sa
from alembic import op

import paritrana.database

revision = "0022"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("blob", sa.Column("damaged_at", paritrana.database.UtcDateTime(timezone=True), nullable=True))


def downgrade() -> None:
    op.execute("ALTER TABLE blob DROP COLUMN damaged_at")
