"""lists by name are counted and compared, never kept

Revision ID: 0011
Revises: 0010
Create Date: 2026-11-21 10:30:00
"""

import sqlalchemy as sa
from alembic import op

import paritrana.database

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "name_list",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("ref", sa.Text(), nullable=False),
        sa.Column("nomination_id", sa.Integer(), nullable=False),
        sa.Column("job", sa.Text(), nullable=True),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("arrived_at", paritrana.database.UtcDateTime(timezone=True), nullable=False),
        sa.Column("received_at", paritrana.database.UtcDateTime(timezone=True), nullable=False),
        sa.Column("received_by", sa.Integer(), nullable=False),
        sa.Column("received_by_name", sa.Text(), nullable=False),
        sa.Column("ended_at", paritrana.database.UtcDateTime(timezone=True), nullable=True),
        sa.Column("problem", paritrana.database.Document(), nullable=True),
        sa.Column("counts", paritrana.database.Document(), nullable=True),
        sa.Column("key_id", sa.Text(), nullable=True),
        sa.Column("marks", sa.LargeBinary(), nullable=True),
        sa.CheckConstraint("state IN ('waiting', 'checked', 'refused')", name=op.f("ck_name_list_state_known")),
        sa.CheckConstraint("(state = 'checked') = (counts IS NOT NULL)", name=op.f("ck_name_list_checked_has_counts")),
        sa.CheckConstraint(
            "(state = 'refused') = (problem IS NOT NULL)", name=op.f("ck_name_list_refused_has_problem")
        ),
        sa.CheckConstraint("(state = 'waiting') = (ended_at IS NULL)", name=op.f("ck_name_list_ended_has_moment")),
        sa.CheckConstraint(
            "marks IS NULL OR (state = 'checked' AND key_id IS NOT NULL)", name=op.f("ck_name_list_marks_have_key")
        ),
        sa.ForeignKeyConstraint(
            ["nomination_id"], ["nomination.id"], name=op.f("fk_name_list_nomination_id_nomination")
        ),
        sa.ForeignKeyConstraint(["received_by"], ["account.id"], name=op.f("fk_name_list_received_by_account")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_name_list")),
        sa.UniqueConstraint("ref", name=op.f("uq_name_list_ref")),
    )
    op.create_index("ix_name_list_nomination_id", "name_list", ["nomination_id"])
    op.create_index("ix_name_list_state", "name_list", ["state"])
    op.create_table(
        "list_overlap",
        sa.Column("list_id", sa.Integer(), nullable=False),
        sa.Column("other_id", sa.Integer(), nullable=False),
        sa.Column("shared", sa.Integer(), nullable=False),
        sa.CheckConstraint("list_id < other_id", name=op.f("ck_list_overlap_each_pair_once")),
        sa.CheckConstraint("shared > 0", name=op.f("ck_list_overlap_shared_positive")),
        sa.ForeignKeyConstraint(["list_id"], ["name_list.id"], name=op.f("fk_list_overlap_list_id_name_list")),
        sa.ForeignKeyConstraint(["other_id"], ["name_list.id"], name=op.f("fk_list_overlap_other_id_name_list")),
        sa.PrimaryKeyConstraint("list_id", "other_id", name=op.f("pk_list_overlap")),
    )
    op.create_index("ix_list_overlap_other_id", "list_overlap", ["other_id"])


def downgrade() -> None:
    op.drop_table("list_overlap")
    op.drop_table("name_list")
