"""the sheets that were filled in on paper are entered twice

Revision ID: 0025
Revises: 0027
Create Date: 2026-11-21 13:45:00
"""

import sqlalchemy as sa
from alembic import op

import paritrana.database
from paritrana.audit.triggers import append_only

revision = "0025"
down_revision = "0027"
branch_labels = None
depends_on = None

ENTRY, LEAF, DECISION = "paper_entry", "paper_leaf", "paper_decision"
SOURCED = ("mark", "mark_revision", "sheet_submission")


def upgrade() -> None:
    moment = paritrana.database.UtcDateTime(timezone=True)
    for table in SOURCED:
        op.add_column(table, sa.Column("source", sa.Text(), nullable=True))
    op.create_table(
        ENTRY,
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("sheet_id", sa.Integer(), nullable=False),
        sa.Column("no", sa.Integer(), nullable=False),
        sa.Column("leaves", paritrana.database.Document(), nullable=False),
        sa.Column("signed", sa.Boolean(), nullable=False),
        sa.Column("blob_id", sa.Integer(), nullable=True),
        sa.Column("scan_name", sa.Text(), nullable=False),
        sa.Column("entered_by", sa.Integer(), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("entered_at", moment, nullable=False),
        sa.CheckConstraint("no IN (1, 2)", name=op.f("ck_paper_entry_no_known")),
        sa.CheckConstraint("(blob_id IS NULL) = (scan_name = '')", name=op.f("ck_paper_entry_scan_named")),
        sa.ForeignKeyConstraint(["sheet_id"], ["sheet.id"], name=op.f("fk_paper_entry_sheet_id_sheet")),
        sa.ForeignKeyConstraint(["blob_id"], ["blob.id"], name=op.f("fk_paper_entry_blob_id_blob")),
        sa.ForeignKeyConstraint(["entered_by"], ["account.id"], name=op.f("fk_paper_entry_entered_by_account")),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_paper_entry_person_id_person")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_paper_entry")),
        sa.UniqueConstraint("sheet_id", "no", name=op.f("uq_paper_entry_sheet_id_no")),
        sa.UniqueConstraint("sheet_id", "person_id", name=op.f("uq_paper_entry_sheet_id_person_id")),
    )
    op.create_table(
        LEAF,
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("ref", sa.Text(), nullable=False),
        sa.Column("sheet_id", sa.Integer(), nullable=False),
        sa.Column("indicator", sa.Text(), nullable=False),
        sa.Column("cause", sa.Text(), nullable=False),
        sa.Column("at", moment, nullable=False),
        sa.CheckConstraint("cause IN ('entries', 'device')", name=op.f("ck_paper_leaf_cause_known")),
        sa.ForeignKeyConstraint(["sheet_id"], ["sheet.id"], name=op.f("fk_paper_leaf_sheet_id_sheet")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_paper_leaf")),
        sa.UniqueConstraint("ref", name=op.f("uq_paper_leaf_ref")),
        sa.UniqueConstraint("sheet_id", "indicator", name=op.f("uq_paper_leaf_sheet_id_indicator")),
    )
    op.create_table(
        DECISION,
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("leaf_id", sa.Integer(), nullable=False),
        sa.Column("chosen", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("decided_by", sa.Integer(), nullable=False),
        sa.Column("decided_at", moment, nullable=False),
        sa.CheckConstraint("chosen IN ('first', 'second', 'kept')", name=op.f("ck_paper_decision_chosen_known")),
        sa.CheckConstraint("reason <> ''", name=op.f("ck_paper_decision_reasoned")),
        sa.ForeignKeyConstraint(["decided_by"], ["account.id"], name=op.f("fk_paper_decision_decided_by_account")),
        sa.ForeignKeyConstraint(["leaf_id"], ["paper_leaf.id"], name=op.f("fk_paper_decision_leaf_id_paper_leaf")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_paper_decision")),
        sa.UniqueConstraint("leaf_id", name=op.f("uq_paper_decision_leaf_id")),
    )
    for table in (ENTRY, LEAF, DECISION):
        for statement in append_only(table)[op.get_bind().dialect.name]:
            op.execute(statement)


def downgrade() -> None:
    for table in (DECISION, LEAF, ENTRY):
        op.drop_table(table)
    for table in SOURCED:
        op.drop_column(table, "source")
