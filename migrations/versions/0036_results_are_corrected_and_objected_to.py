"""a published result is corrected by a later run, and nominees object to what was found

Revision ID: 0036
Revises: 0038
Create Date: 2026-11-21 18:10:00
"""

import sqlalchemy as sa
from alembic import op

from paritrana.audit.triggers import append_only
from paritrana.database import UtcDateTime

revision = "0036"
down_revision = "0038"
branch_labels = None
depends_on = None

CORRECTION, OBJECTION, FILE = "correction", "objection", "objection_file"


def upgrade() -> None:
    op.create_table(
        CORRECTION,
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("category_id", sa.Integer(), nullable=False),
        sa.Column("no", sa.Integer(), nullable=False),
        sa.Column("run_id", sa.Integer(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("corrected_at", UtcDateTime(timezone=True), nullable=False),
        sa.Column("proposed_by", sa.Integer(), nullable=False),
        sa.Column("confirmed_by", sa.Integer(), nullable=False),
        sa.CheckConstraint("no >= 1", name=op.f("ck_correction_no_positive")),
        sa.CheckConstraint("reason <> ''", name=op.f("ck_correction_reasoned")),
        sa.ForeignKeyConstraint(["category_id"], ["category.id"], name=op.f("fk_correction_category_id_category")),
        sa.ForeignKeyConstraint(["run_id"], ["result_run.id"], name=op.f("fk_correction_run_id_result_run")),
        sa.ForeignKeyConstraint(["proposed_by"], ["account.id"], name=op.f("fk_correction_proposed_by_account")),
        sa.ForeignKeyConstraint(["confirmed_by"], ["account.id"], name=op.f("fk_correction_confirmed_by_account")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_correction")),
        sa.UniqueConstraint("run_id", name=op.f("uq_correction_run_id")),
        sa.UniqueConstraint("category_id", "no", name=op.f("uq_correction_category_id_no")),
    )
    op.create_table(
        OBJECTION,
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("ref", sa.Text(), nullable=False),
        sa.Column("nomination_id", sa.Integer(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("stood", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("filed_by", sa.Integer(), nullable=False),
        sa.Column("filed_by_name", sa.Text(), nullable=False),
        sa.Column("filed_at", UtcDateTime(timezone=True), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("answer", sa.Text(), nullable=False),
        sa.Column("becomes", sa.Text(), nullable=True),
        sa.Column("answered_by", sa.Integer(), nullable=True),
        sa.Column("answered_by_name", sa.Text(), nullable=False),
        sa.Column("answered_at", UtcDateTime(timezone=True), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint("subject IN ('finding', 'gate')", name=op.f("ck_objection_subject_known")),
        sa.CheckConstraint("state IN ('open', 'granted', 'refused')", name=op.f("ck_objection_state_known")),
        sa.CheckConstraint("reason <> ''", name=op.f("ck_objection_reasoned")),
        sa.CheckConstraint(
            "(state = 'open') = (answered_at IS NULL) AND (state = 'open') = (answer = '')",
            name=op.f("ck_objection_answered_with_reason"),
        ),
        sa.CheckConstraint("(state = 'granted') = (becomes IS NOT NULL)", name=op.f("ck_objection_granted_changes")),
        sa.ForeignKeyConstraint(
            ["nomination_id"], ["nomination.id"], name=op.f("fk_objection_nomination_id_nomination")
        ),
        sa.ForeignKeyConstraint(["filed_by"], ["account.id"], name=op.f("fk_objection_filed_by_account")),
        sa.ForeignKeyConstraint(["answered_by"], ["account.id"], name=op.f("fk_objection_answered_by_account")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_objection")),
        sa.UniqueConstraint("ref", name=op.f("uq_objection_ref")),
    )
    op.create_index(op.f("ix_objection_nomination_id"), OBJECTION, ["nomination_id"])
    op.create_table(
        FILE,
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("objection_id", sa.Integer(), nullable=False),
        sa.Column("no", sa.Integer(), nullable=False),
        sa.Column("blob_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.CheckConstraint("no >= 1", name=op.f("ck_objection_file_no_positive")),
        sa.ForeignKeyConstraint(
            ["objection_id"], ["objection.id"], name=op.f("fk_objection_file_objection_id_objection")
        ),
        sa.ForeignKeyConstraint(["blob_id"], ["blob.id"], name=op.f("fk_objection_file_blob_id_blob")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_objection_file")),
        sa.UniqueConstraint("objection_id", "no", name=op.f("uq_objection_file_objection_id_no")),
        sa.UniqueConstraint("objection_id", "blob_id", name=op.f("uq_objection_file_objection_id_blob_id")),
    )
    op.add_column("award", sa.Column("ended_at", UtcDateTime(timezone=True), nullable=True))
    op.add_column("publication", sa.Column("objections_until", UtcDateTime(timezone=True), nullable=True))
    for table in (CORRECTION, FILE):
        for statement in append_only(table)[op.get_context().dialect.name]:
            op.execute(statement)


def downgrade() -> None:
    op.drop_column("publication", "objections_until")
    op.drop_column("award", "ended_at")
    for table in (FILE, OBJECTION, CORRECTION):
        op.drop_table(table)
