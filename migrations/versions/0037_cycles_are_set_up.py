"""categories say whom they take and what they award beside the ranks; a provincial cycle feeds a national one

Revision ID: 0037
Revises: 0033
Create Date: 2026-11-21 17:40:00
"""

import sqlalchemy as sa
from alembic import op

from paritrana.database import Document

revision = "0037"
down_revision = "0033"
branch_labels = None
depends_on = None

WHOM = ("zones", "sectors", "size_classes")


def upgrade() -> None:
    # Written out, because a reference that comes with its column needs no new table on SQLite.
    op.execute(
        "ALTER TABLE cycle ADD COLUMN feeds_id INTEGER "
        "CONSTRAINT fk_cycle_feeds_id_cycle REFERENCES cycle (id) "
        "CONSTRAINT ck_cycle_only_provinces_feed CHECK (feeds_id IS NULL OR tier = 'province')"
    )
    for name in WHOM:
        op.add_column("category", sa.Column(name, Document(), server_default="[]", nullable=False))
    op.create_table(
        "category_honour",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("category_id", sa.Integer(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("title_id", sa.Text(), nullable=False),
        sa.Column("title_en", sa.Text(), nullable=False),
        sa.CheckConstraint("kind IN ('title', 'mention', 'appreciation')", name=op.f("ck_category_honour_kind_known")),
        sa.CheckConstraint("position >= 1", name=op.f("ck_category_honour_position_positive")),
        sa.ForeignKeyConstraint(["category_id"], ["category.id"], name=op.f("fk_category_honour_category_id_category")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_category_honour")),
        sa.UniqueConstraint("category_id", "position", name=op.f("uq_category_honour_category_id_position")),
    )


def downgrade() -> None:
    op.drop_table("category_honour")
    for name in reversed(WHOM):
        op.drop_column("category", name)
    op.drop_column("cycle", "feeds_id")
