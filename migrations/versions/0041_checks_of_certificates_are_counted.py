"""questions about certificates are counted by where they come from

Revision ID: 0041
Revises: 0040
Create Date: 2026-11-21 21:30:00
"""

import sqlalchemy as sa
from alembic import op

from paritrana.database import UtcDateTime

revision = "0041"
down_revision = "0040"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "verify_attempt",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("source_key", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("began_at", UtcDateTime(timezone=True), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.CheckConstraint("kind IN ('look', 'guess', 'file')", name=op.f("ck_verify_attempt_kind_known")),
        sa.CheckConstraint("count >= 1", name=op.f("ck_verify_attempt_count_positive")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_verify_attempt")),
        sa.UniqueConstraint("source_key", "kind", name=op.f("uq_verify_attempt_source_key_kind")),
    )
    with op.batch_alter_table("verify_attempt") as table:
        table.create_index(op.f("ix_verify_attempt_began_at"), ["began_at"])


def downgrade() -> None:
    op.drop_table("verify_attempt")
