"""copies of queues that devices signed are kept, with what became of their marks and the versions set aside

Revision ID: 0026
Revises: 0025
Create Date: 2026-11-21 13:50:00
"""

import sqlalchemy as sa
from alembic import op

import paritrana.database
from paritrana.audit.triggers import append_only

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None

COPY, ENTRY, ASIDE = "queue_copy", "queue_copy_entry", "mark_set_aside"


def upgrade() -> None:
    moment, number = paritrana.database.UtcDateTime(timezone=True), paritrana.database.ExactDecimal()
    op.create_table(
        COPY,
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("ref", sa.Text(), nullable=False),
        sa.Column("cycle_id", sa.Integer(), nullable=False),
        sa.Column("device_id", sa.Integer(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.Column("made_at", sa.Text(), nullable=False),
        sa.Column("received_at", moment, nullable=False),
        sa.Column("received_by", sa.Integer(), nullable=False),
        sa.CheckConstraint("size >= 1", name=op.f("ck_queue_copy_size_positive")),
        sa.ForeignKeyConstraint(["cycle_id"], ["cycle.id"], name=op.f("fk_queue_copy_cycle_id_cycle")),
        sa.ForeignKeyConstraint(["device_id"], ["device.id"], name=op.f("fk_queue_copy_device_id_device")),
        sa.ForeignKeyConstraint(["received_by"], ["account.id"], name=op.f("fk_queue_copy_received_by_account")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_queue_copy")),
        sa.UniqueConstraint("ref", name=op.f("uq_queue_copy_ref")),
        sa.UniqueConstraint("cycle_id", "digest", name=op.f("uq_queue_copy_cycle_id_digest")),
    )
    op.create_table(
        ENTRY,
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("ref", sa.Text(), nullable=False),
        sa.Column("copy_id", sa.Integer(), nullable=False),
        sa.Column("sheet_id", sa.Integer(), nullable=False),
        sa.Column("indicator", sa.Text(), nullable=False),
        sa.Column("base", sa.Integer(), nullable=False),
        sa.Column("device_at", sa.Text(), nullable=False),
        sa.Column("typed", sa.Text(), nullable=False),
        sa.Column("value", number, nullable=True),
        sa.Column("abstain_note", sa.Text(), nullable=False),
        sa.Column("panel_note", sa.Text(), nullable=False),
        sa.Column("feedback", sa.Text(), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("settled_at", moment, nullable=False),
        sa.Column("settled_by", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "outcome IN ('taken', 'same', 'held', 'late', 'refused')", name=op.f("ck_queue_copy_entry_outcome_known")
        ),
        sa.CheckConstraint("(outcome = 'refused') = (why <> '')", name=op.f("ck_queue_copy_entry_refusal_reasoned")),
        sa.CheckConstraint("base >= 0", name=op.f("ck_queue_copy_entry_base_counted")),
        sa.ForeignKeyConstraint(["copy_id"], ["queue_copy.id"], name=op.f("fk_queue_copy_entry_copy_id_queue_copy")),
        sa.ForeignKeyConstraint(["settled_by"], ["account.id"], name=op.f("fk_queue_copy_entry_settled_by_account")),
        sa.ForeignKeyConstraint(["sheet_id"], ["sheet.id"], name=op.f("fk_queue_copy_entry_sheet_id_sheet")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_queue_copy_entry")),
        sa.UniqueConstraint("ref", name=op.f("uq_queue_copy_entry_ref")),
    )
    op.create_index(op.f("ix_queue_copy_entry_copy_id"), ENTRY, ["copy_id"])
    op.create_index(op.f("ix_queue_copy_entry_sheet_id"), ENTRY, ["sheet_id"])
    op.create_table(
        ASIDE,
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("ref", sa.Text(), nullable=False),
        sa.Column("sheet_id", sa.Integer(), nullable=False),
        sa.Column("indicator", sa.Text(), nullable=False),
        sa.Column("value", number, nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("abstain_note", sa.Text(), nullable=False),
        sa.Column("panel_note", sa.Text(), nullable=False),
        sa.Column("feedback", sa.Text(), nullable=False),
        sa.Column("base", sa.Integer(), nullable=False),
        sa.Column("against", sa.Integer(), nullable=False),
        sa.Column("chosen", sa.Text(), nullable=False),
        sa.Column("device_at", sa.Text(), nullable=False),
        sa.Column("received_at", moment, nullable=False),
        sa.Column("received_by", sa.Integer(), nullable=False),
        sa.Column("entry_id", sa.Integer(), nullable=True),
        sa.CheckConstraint("chosen IN ('mine', 'theirs')", name=op.f("ck_mark_set_aside_chosen_known")),
        sa.CheckConstraint("base >= 0 AND against >= 0", name=op.f("ck_mark_set_aside_versions_counted")),
        sa.CheckConstraint("value IS NULL OR reason IS NULL", name=op.f("ck_mark_set_aside_value_or_reason")),
        sa.ForeignKeyConstraint(
            ["entry_id"], ["queue_copy_entry.id"], name=op.f("fk_mark_set_aside_entry_id_queue_copy_entry")
        ),
        sa.ForeignKeyConstraint(["received_by"], ["account.id"], name=op.f("fk_mark_set_aside_received_by_account")),
        sa.ForeignKeyConstraint(["sheet_id"], ["sheet.id"], name=op.f("fk_mark_set_aside_sheet_id_sheet")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_mark_set_aside")),
        sa.UniqueConstraint("ref", name=op.f("uq_mark_set_aside_ref")),
        sa.UniqueConstraint("entry_id", name=op.f("uq_mark_set_aside_entry_id")),
    )
    op.create_index(op.f("ix_mark_set_aside_sheet_id"), ASIDE, ["sheet_id"])
    for table in (COPY, ENTRY, ASIDE):
        for statement in append_only(table)[op.get_bind().dialect.name]:
            op.execute(statement)


def downgrade() -> None:
    for table in (ASIDE, ENTRY, COPY):
        op.drop_table(table)
