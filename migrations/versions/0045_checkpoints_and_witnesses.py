"""checkpoints of the record, and who keeps them

Revision ID: 0045
Revises: 0044
Create Date: 2026-11-22 00:47:00
"""

import sqlalchemy as sa
from alembic import op

from paritrana.audit.triggers import append_only
from paritrana.database import UtcDateTime

revision = "0045"
down_revision = "0044"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "checkpoint",
        sa.Column("stream", sa.Text(), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("root", sa.LargeBinary(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("at", UtcDateTime(timezone=True), nullable=False),
        sa.Column("key_id", sa.Text(), nullable=False),
        sa.CheckConstraint("size > 0", name=op.f("ck_checkpoint_size_positive")),
        sa.CheckConstraint("length(root) = 32", name=op.f("ck_checkpoint_root_length")),
        sa.PrimaryKeyConstraint("stream", "size", name=op.f("pk_checkpoint")),
    )
    for statement in append_only("checkpoint")[op.get_bind().dialect.name]:
        op.execute(statement)
    op.create_table(
        "witness",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("ref", sa.Text(), nullable=False),
        sa.Column("cycle_id", sa.Integer(), nullable=False),
        sa.Column("label", sa.Text(), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("added_at", UtcDateTime(timezone=True), nullable=False),
        sa.Column("ended_at", UtcDateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["cycle_id"], ["cycle.id"], name=op.f("fk_witness_cycle_id_cycle")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_witness")),
        sa.UniqueConstraint("ref", name=op.f("uq_witness_ref")),
    )
    with op.batch_alter_table("witness") as table:
        table.create_index(op.f("ix_witness_cycle_id"), ["cycle_id"])


def downgrade() -> None:
    op.drop_table("witness")
    op.drop_table("checkpoint")
