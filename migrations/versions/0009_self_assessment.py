"""nominees may say what they think an indicator is worth

Revision ID: 0009
Revises: 0011
Create Date: 2026-11-21 10:30:00
"""

import sqlalchemy as sa
from alembic import op

import paritrana.database

revision = "0009"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "self_assessment",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("nomination_id", sa.Integer(), nullable=False),
        sa.Column("indicator", sa.Text(), nullable=False),
        sa.Column("value", paritrana.database.ExactDecimal(), nullable=True),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("assessed_at", paritrana.database.UtcDateTime(timezone=True), nullable=False),
        sa.Column("assessed_by_name", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["nomination_id"], ["nomination.id"], name=op.f("fk_self_assessment_nomination_id_nomination")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_self_assessment")),
        sa.UniqueConstraint("nomination_id", "indicator", name=op.f("uq_self_assessment_nomination_id_indicator")),
    )


def downgrade() -> None:
    op.drop_table("self_assessment")
