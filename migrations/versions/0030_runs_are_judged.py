"""the diagnostics of a run are kept beside it, and warnings are acknowledged before a seal

Revision ID: 0030
Revises: 0026
Create Date: 2026-11-21 14:10:00
"""

import sqlalchemy as sa
from alembic import op

from paritrana.audit.triggers import append_only
from paritrana.database import UtcDateTime

revision = "0030"
down_revision = "0026"
branch_labels = None
depends_on = None

DIAGNOSTICS, ACKNOWLEDGEMENT = "run_diagnostics", "acknowledgement"


def upgrade() -> None:
    op.create_table(
        DIAGNOSTICS,
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("run_id", sa.Integer(), nullable=False),
        sa.Column("version", sa.Text(), nullable=False),
        sa.Column("said", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["run_id"], ["result_run.id"], name=op.f("fk_run_diagnostics_run_id_result_run")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_run_diagnostics")),
        sa.UniqueConstraint("run_id", name=op.f("uq_run_diagnostics_run_id")),
    )
    op.create_table(
        ACKNOWLEDGEMENT,
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("run_id", sa.Integer(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("found", sa.Integer(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("by", sa.Integer(), nullable=False),
        sa.Column("by_name", sa.Text(), nullable=False),
        sa.Column("at", UtcDateTime(timezone=True), nullable=False),
        sa.CheckConstraint("reason <> ''", name=op.f("ck_acknowledgement_reasoned")),
        sa.CheckConstraint("found >= 1", name=op.f("ck_acknowledgement_found_something")),
        sa.ForeignKeyConstraint(["run_id"], ["result_run.id"], name=op.f("fk_acknowledgement_run_id_result_run")),
        sa.ForeignKeyConstraint(["by"], ["account.id"], name=op.f("fk_acknowledgement_by_account")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_acknowledgement")),
        sa.UniqueConstraint("run_id", "code", "found", name=op.f("uq_acknowledgement_run_id_code_found")),
    )
    for table in (DIAGNOSTICS, ACKNOWLEDGEMENT):
        for statement in append_only(table)[op.get_context().dialect.name]:
            op.execute(statement)


def downgrade() -> None:
    op.drop_table(ACKNOWLEDGEMENT)
    op.drop_table(DIAGNOSTICS)
