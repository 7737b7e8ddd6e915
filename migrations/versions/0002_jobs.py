"""jobs and the workers that carry them out

Revision ID: 0002
Revises: 0001
Create Date: 2026-11-21 07:10:00
"""

import sqlalchemy as sa
from alembic import op

import paritrana.database

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "job",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("ref", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("arguments", paritrana.database.Document(), nullable=False),
        sa.Column("slot", sa.Text(), nullable=True),
        sa.Column("asked_by_id", sa.Integer(), nullable=True),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("done", sa.Integer(), nullable=False),
        sa.Column("total", sa.Integer(), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("lease_until", paritrana.database.UtcDateTime(timezone=True), nullable=True),
        sa.Column("leased_by", sa.Text(), nullable=True),
        sa.Column("cancel_asked", sa.Boolean(), nullable=False),
        sa.Column("result", paritrana.database.Document(), nullable=True),
        sa.Column("problem", paritrana.database.Document(), nullable=True),
        sa.Column("created_at", paritrana.database.UtcDateTime(timezone=True), nullable=False),
        sa.Column("queued_at", paritrana.database.UtcDateTime(timezone=True), nullable=False),
        sa.Column("started_at", paritrana.database.UtcDateTime(timezone=True), nullable=True),
        sa.Column("ended_at", paritrana.database.UtcDateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "state IN ('queued', 'running', 'done', 'failed', 'cancelled')", name=op.f("ck_job_state_known")
        ),
        sa.CheckConstraint("(state = 'running') = (leased_by IS NOT NULL)", name=op.f("ck_job_running_is_leased")),
        sa.CheckConstraint("(leased_by IS NULL) = (lease_until IS NULL)", name=op.f("ck_job_lease_whole")),
        sa.CheckConstraint(
            "(state IN ('done', 'failed', 'cancelled')) = (ended_at IS NOT NULL)",
            name=op.f("ck_job_ended_has_moment"),
        ),
        sa.CheckConstraint("(state = 'failed') = (problem IS NOT NULL)", name=op.f("ck_job_failed_has_problem")),
        sa.CheckConstraint("done >= 0 AND total >= 0 AND attempts >= 0", name=op.f("ck_job_counts_positive")),
        sa.ForeignKeyConstraint(["asked_by_id"], ["account.id"], name=op.f("fk_job_asked_by_id_account")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_job")),
        sa.UniqueConstraint("ref", name=op.f("uq_job_ref")),
        sa.UniqueConstraint("slot", name=op.f("uq_job_slot")),
    )
    with op.batch_alter_table("job", schema=None) as batch_op:
        batch_op.create_index("ix_job_state_queued_at", ["state", "queued_at"], unique=False)
        batch_op.create_index("ix_job_kind_ended_at", ["kind", "ended_at"], unique=False)
        batch_op.create_index("ix_job_created_at", ["created_at"], unique=False)

    op.create_table(
        "worker",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("host", sa.Text(), nullable=False),
        sa.Column("threads", sa.Integer(), nullable=False),
        sa.Column("started_at", paritrana.database.UtcDateTime(timezone=True), nullable=False),
        sa.Column("seen_at", paritrana.database.UtcDateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_worker")),
    )


def downgrade() -> None:
    op.drop_table("worker")
    with op.batch_alter_table("job", schema=None) as batch_op:
        batch_op.drop_index("ix_job_created_at")
        batch_op.drop_index("ix_job_kind_ended_at")
        batch_op.drop_index("ix_job_state_queued_at")

    op.drop_table("job")
