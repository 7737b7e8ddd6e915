"""a finding keeps what was found before the claim was shown

Revision ID: 0024
Revises: 0021
Create Date: 2026-11-21 11:50:00
"""

import sqlalchemy as sa
from alembic import op

revision = "0024"
down_revision = "0021"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("finding", sa.Column("unseen", sa.Text(), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table("finding") as finding:
        finding.drop_column("unseen")
