"""marks are given again where the panel lies far apart, and the rubric says which round counts

Revision ID: 0016
Revises: 0022
Create Date: 2026-11-21 11:25:00
"""

import sqlalchemy as sa
from alembic import op

from paritrana.database import Document, UtcDateTime

revision = "0016"
down_revision = "0022"
branch_labels = None
depends_on = None

# Written out, because a check that comes with its column needs no new table on SQLite.
COLUMNS = {
    "counted_round": "INTEGER DEFAULT 2 NOT NULL "
    "CONSTRAINT ck_rubric_version_counted_round_known CHECK (counted_round IN (1, 2))",
    "others_marks": "TEXT DEFAULT 'all_in' NOT NULL "
    "CONSTRAINT ck_rubric_version_others_marks_known CHECK (others_marks IN ('own_in', 'all_in', 'plenary'))",
    "named_marks": "BOOLEAN DEFAULT {no} NOT NULL",
}


def upgrade() -> None:
    no = "false" if op.get_bind().dialect.name == "postgresql" else "0"
    for name, said in COLUMNS.items():
        op.execute(f"ALTER TABLE rubric_version ADD COLUMN {name} {said.format(no=no)}")
    op.create_table(
        "consolidation",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("ref", sa.Text(), nullable=False),
        sa.Column("category_id", sa.Integer(), nullable=False),
        sa.Column("nomination_id", sa.Integer(), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("indicators", Document(), nullable=False),
        sa.Column("opened_at", UtcDateTime(timezone=True), nullable=False),
        sa.Column("opened_by", sa.Integer(), nullable=False),
        sa.Column("opened_reason", sa.Text(), nullable=False),
        sa.Column("closed_at", UtcDateTime(timezone=True), nullable=True),
        sa.Column("closed_by", sa.Integer(), nullable=True),
        sa.Column("closed_reason", sa.Text(), nullable=True),
        sa.CheckConstraint("attempt >= 1", name=op.f("ck_consolidation_attempt_positive")),
        sa.CheckConstraint("opened_reason <> ''", name=op.f("ck_consolidation_opened_with_reason")),
        sa.CheckConstraint(
            "(closed_at IS NULL) = (closed_by IS NULL)", name=op.f("ck_consolidation_closed_by_somebody")
        ),
        sa.CheckConstraint(
            "(closed_at IS NULL) = (closed_reason IS NULL)", name=op.f("ck_consolidation_closed_with_reason")
        ),
        sa.CheckConstraint(
            "closed_reason IS NULL OR closed_reason <> ''", name=op.f("ck_consolidation_closing_reason_said")
        ),
        sa.ForeignKeyConstraint(["category_id"], ["category.id"], name=op.f("fk_consolidation_category_id_category")),
        sa.ForeignKeyConstraint(
            ["nomination_id"], ["nomination.id"], name=op.f("fk_consolidation_nomination_id_nomination")
        ),
        sa.ForeignKeyConstraint(["opened_by"], ["account.id"], name=op.f("fk_consolidation_opened_by_account")),
        sa.ForeignKeyConstraint(["closed_by"], ["account.id"], name=op.f("fk_consolidation_closed_by_account")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_consolidation")),
        sa.UniqueConstraint("ref", name=op.f("uq_consolidation_ref")),
        sa.UniqueConstraint("nomination_id", "attempt", name=op.f("uq_consolidation_nomination_id_attempt")),
    )
    op.create_index(op.f("ix_consolidation_category_id"), "consolidation", ["category_id"])


def downgrade() -> None:
    op.drop_table("consolidation")
    for name in reversed(COLUMNS):
        op.execute(f"ALTER TABLE rubric_version DROP COLUMN {name}")
