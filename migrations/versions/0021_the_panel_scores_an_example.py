"""the panel scores an example before the day, which no result can meet

Revision ID: 0021
Revises: 0023
Create Date: 2026-11-21 11:55:00
"""

import sqlalchemy as sa
from alembic import op

from paritrana.database import ExactDecimal, UtcDateTime

revision = "0021"
down_revision = "0023"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "calibration",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("ref", sa.Text(), nullable=False),
        sa.Column("category_id", sa.Integer(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("described", sa.Text(), nullable=False),
        sa.Column("opened_at", UtcDateTime(timezone=True), nullable=False),
        sa.Column("opened_by", sa.Integer(), nullable=False),
        sa.Column("closed_at", UtcDateTime(timezone=True), nullable=True),
        sa.Column("closed_by", sa.Integer(), nullable=True),
        sa.CheckConstraint("title <> ''", name=op.f("ck_calibration_named")),
        sa.CheckConstraint("(closed_at IS NULL) = (closed_by IS NULL)", name=op.f("ck_calibration_closed_by_somebody")),
        sa.ForeignKeyConstraint(["category_id"], ["category.id"], name=op.f("fk_calibration_category_id_category")),
        sa.ForeignKeyConstraint(["opened_by"], ["account.id"], name=op.f("fk_calibration_opened_by_account")),
        sa.ForeignKeyConstraint(["closed_by"], ["account.id"], name=op.f("fk_calibration_closed_by_account")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_calibration")),
        sa.UniqueConstraint("ref", name=op.f("uq_calibration_ref")),
    )
    op.create_index(op.f("ix_calibration_category_id"), "calibration", ["category_id"])
    op.create_table(
        "calibration_mark",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("calibration_id", sa.Integer(), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("indicator", sa.Text(), nullable=False),
        sa.Column("value", ExactDecimal(), nullable=False),
        sa.Column("saved_at", UtcDateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["calibration_id"], ["calibration.id"], name=op.f("fk_calibration_mark_calibration_id_calibration")
        ),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_calibration_mark_account_id_account")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_calibration_mark")),
        sa.UniqueConstraint(
            "calibration_id",
            "account_id",
            "indicator",
            name=op.f("uq_calibration_mark_calibration_id_account_id_indicator"),
        ),
    )


def downgrade() -> None:
    op.drop_table("calibration_mark")
    op.drop_table("calibration")
