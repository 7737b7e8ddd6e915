"""submitted sheets are opened again when the chair and another assessor agree

Revision ID: 0020
Revises: 0024
Create Date: 2026-11-21 11:50:00
"""

import sqlalchemy as sa
from alembic import op

import paritrana.database

revision = "0020"
down_revision = "0024"
branch_labels = None
depends_on = None


def upgrade() -> None:
    moment = paritrana.database.UtcDateTime(timezone=True)
    op.create_table(
        "reopening",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("ref", sa.Text(), nullable=False),
        sa.Column("sheet_id", sa.Integer(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("asked_by", sa.Integer(), nullable=False),
        sa.Column("asked_at", moment, nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("led_by", sa.Integer(), nullable=True),
        sa.Column("led_reason", sa.Text(), nullable=True),
        sa.Column("seconded_by", sa.Integer(), nullable=True),
        sa.Column("after_others", sa.Boolean(), nullable=False),
        sa.Column("ended_at", moment, nullable=True),
        sa.CheckConstraint("reason <> ''", name=op.f("ck_reopening_reasoned")),
        sa.CheckConstraint("state IN ('asked', 'opened', 'refused')", name=op.f("ck_reopening_state_known")),
        sa.CheckConstraint("(led_by IS NULL) = (led_reason IS NULL)", name=op.f("ck_reopening_led_with_reason")),
        sa.CheckConstraint(
            "state <> 'opened' OR (led_by IS NOT NULL AND seconded_by IS NOT NULL AND led_by <> seconded_by"
            " AND led_by <> asked_by AND seconded_by <> asked_by)",
            name=op.f("ck_reopening_three_people"),
        ),
        sa.CheckConstraint("(state = 'asked') = (ended_at IS NULL)", name=op.f("ck_reopening_ended")),
        sa.ForeignKeyConstraint(["asked_by"], ["account.id"], name=op.f("fk_reopening_asked_by_account")),
        sa.ForeignKeyConstraint(["led_by"], ["account.id"], name=op.f("fk_reopening_led_by_account")),
        sa.ForeignKeyConstraint(["seconded_by"], ["account.id"], name=op.f("fk_reopening_seconded_by_account")),
        sa.ForeignKeyConstraint(["sheet_id"], ["sheet.id"], name=op.f("fk_reopening_sheet_id_sheet")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reopening")),
        sa.UniqueConstraint("ref", name=op.f("uq_reopening_ref")),
    )
    op.create_index(
        "uq_reopening_one_asked", "reopening", ["sheet_id"], unique=True,
        sqlite_where=sa.text("state = 'asked'"), postgresql_where=sa.text("state = 'asked'"),
    )  # fmt: skip


def downgrade() -> None:
    op.drop_table("reopening")
