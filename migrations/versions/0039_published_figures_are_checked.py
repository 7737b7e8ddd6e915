"""published figures that can be held against each other

Revision ID: 0039
Revises: 0035
Create Date: 2026-11-21 17:40:00
"""

import sqlalchemy as sa
from alembic import op

from paritrana.database import Document, ExactDecimal

revision = "0039"
down_revision = "0035"
branch_labels = None
depends_on = None

RULES = (
    "budget_product", "whole_months", "sum_of_parts", "percent_of", "growth_percent", "difference_of",
    "coverage_from_segments", "weekday", "same_value", "period_lock", "amount_per_person_max", "at_least",
)  # fmt: skip


def upgrade() -> None:
    op.create_table(
        "published_check",
        sa.Column("region_code", sa.Text(), nullable=True),
        sa.Column("as_of", sa.Text(), nullable=False),
        sa.Column("rule", sa.Text(), nullable=False),
        sa.Column("inputs", Document(), nullable=False),
        sa.Column("tolerance", ExactDecimal(), nullable=False),
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("source_key", sa.Text(), nullable=False),
        sa.Column("note", sa.Text(), nullable=True),
        sa.CheckConstraint(f"rule IN ({', '.join(repr(one) for one in RULES)})", name=op.f("ck_published_check_rule")),
        sa.ForeignKeyConstraint(["region_code"], ["region.code"], name=op.f("fk_published_check_region_code_region")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_published_check")),
        sa.UniqueConstraint("key", name=op.f("uq_published_check_key")),
    )
    with op.batch_alter_table("published_check") as table:
        table.create_index(op.f("ix_published_check_region_code"), ["region_code"])


def downgrade() -> None:
    op.drop_table("published_check")
