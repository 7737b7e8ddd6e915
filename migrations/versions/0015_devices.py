"""browsers that were prepared to work without a network

Revision ID: 0015
Revises: 0013
Create Date: 2026-11-21 11:05:00
"""

import sqlalchemy as sa
from alembic import op

import paritrana.database

revision = "0015"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "device",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("ref", sa.Text(), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("public_key", sa.Text(), nullable=False),
        sa.Column("browser_key", sa.Text(), nullable=True),
        sa.Column("registered_at", paritrana.database.UtcDateTime(timezone=True), nullable=False),
        sa.Column("revoked_at", paritrana.database.UtcDateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "revoked_at IS NULL OR revoked_at >= registered_at", name=op.f("ck_device_revoked_afterwards")
        ),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_device_account_id_account")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_device")),
        sa.UniqueConstraint("public_key", name=op.f("uq_device_public_key")),
        sa.UniqueConstraint("ref", name=op.f("uq_device_ref")),
    )
    op.create_index(op.f("ix_device_account_id"), "device", ["account_id"])


def downgrade() -> None:
    op.drop_table("device")
