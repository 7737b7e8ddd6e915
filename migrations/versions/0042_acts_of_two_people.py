"""acts about people, keys and the machine wait for a second person

Revision ID: 0042
Revises: 0041
Create Date: 2026-11-22 00:45:00
"""

import sqlalchemy as sa
from alembic import op

from paritrana.database import Document, UtcDateTime

revision = "0042"
down_revision = "0041"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "staff_request",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("ref", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("subject_ref", sa.Text(), nullable=False),
        sa.Column("cycle_id", sa.Integer(), nullable=True),
        sa.Column("given", Document(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("asked_by_id", sa.Integer(), nullable=False),
        sa.Column("asked_person_id", sa.Integer(), nullable=False),
        sa.Column("asked_at", UtcDateTime(timezone=True), nullable=False),
        sa.Column("expires_at", UtcDateTime(timezone=True), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("decided_by_id", sa.Integer(), nullable=True),
        sa.Column("decided_person_id", sa.Integer(), nullable=True),
        sa.Column("decided_at", UtcDateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "state IN ('waiting', 'confirmed', 'declined', 'withdrawn')", name=op.f("ck_staff_request_state_known")
        ),
        sa.CheckConstraint(
            "state <> 'confirmed' OR decided_person_id <> asked_person_id", name=op.f("ck_staff_request_two_people")
        ),
        sa.CheckConstraint(
            "(state = 'waiting') = (decided_at IS NULL)", name=op.f("ck_staff_request_decided_has_time")
        ),
        sa.CheckConstraint(
            "(decided_at IS NULL) = (decided_person_id IS NULL)", name=op.f("ck_staff_request_decided_has_person")
        ),
        sa.ForeignKeyConstraint(["cycle_id"], ["cycle.id"], name=op.f("fk_staff_request_cycle_id_cycle")),
        sa.ForeignKeyConstraint(["asked_by_id"], ["account.id"], name=op.f("fk_staff_request_asked_by_id_account")),
        sa.ForeignKeyConstraint(["decided_by_id"], ["account.id"], name=op.f("fk_staff_request_decided_by_id_account")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_staff_request")),
        sa.UniqueConstraint("ref", name=op.f("uq_staff_request_ref")),
    )
    with op.batch_alter_table("staff_request") as table:
        table.create_index(op.f("ix_staff_request_state"), ["state"])
        table.create_index(
            "uq_staff_request_waiting", ["kind", "subject_ref"], unique=True,
            sqlite_where=sa.text("state = 'waiting'"), postgresql_where=sa.text("state = 'waiting'"),
        )  # fmt: skip


def downgrade() -> None:
    op.drop_table("staff_request")
