"""a device tells whether its owner signed out on it

Revision ID: 0032
Revises: 0031
Create Date: 2026-11-21 15:00:00
"""

import sqlalchemy as sa
from alembic import op

revision = "0032"
down_revision = "0031"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("device", sa.Column("signed_out", sa.Boolean(), server_default=sa.false(), nullable=False))


def downgrade() -> None:
    with op.batch_alter_table("device") as device:
        device.drop_column("signed_out")
