"""deadlines are extended, in public

Revision ID: 0006
Revises: 0005
Create Date: 2026-11-21 08:20:00
"""

import sqlalchemy as sa
from alembic import op

import paritrana.database
from paritrana.audit.triggers import append_only

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

TABLE = "deadline_extension"


def upgrade() -> None:
    op.create_table(
        TABLE,
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("category_id", sa.Integer(), nullable=False),
        sa.Column("no", sa.Integer(), nullable=False),
        sa.Column("closes_before", paritrana.database.UtcDateTime(timezone=True), nullable=False),
        sa.Column("closes_after", paritrana.database.UtcDateTime(timezone=True), nullable=False),
        sa.Column("grace_after", paritrana.database.UtcDateTime(timezone=True), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("proposal_ref", sa.Text(), nullable=False),
        sa.Column("extended_at", paritrana.database.UtcDateTime(timezone=True), nullable=False),
        sa.CheckConstraint("no >= 1", name=op.f("ck_deadline_extension_no_positive")),
        sa.CheckConstraint("closes_before < closes_after", name=op.f("ck_deadline_extension_never_shorter")),
        sa.CheckConstraint("closes_after <= grace_after", name=op.f("ck_deadline_extension_grace_after_closing")),
        sa.CheckConstraint("extended_at <= closes_before", name=op.f("ck_deadline_extension_never_after_the_deadline")),
        sa.CheckConstraint("reason <> ''", name=op.f("ck_deadline_extension_reasoned")),
        sa.ForeignKeyConstraint(
            ["category_id"], ["category.id"], name=op.f("fk_deadline_extension_category_id_category")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_deadline_extension")),
        sa.UniqueConstraint("category_id", "no", name=op.f("uq_deadline_extension_category_id_no")),
        sa.UniqueConstraint("proposal_ref", name=op.f("uq_deadline_extension_proposal_ref")),
    )
    for statement in append_only(TABLE)[op.get_bind().dialect.name]:
        op.execute(statement)


def downgrade() -> None:
    op.drop_table(TABLE)
