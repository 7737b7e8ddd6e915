"""what was submitted is kept version by version, and what comes after the lock is kept uncounted

Revision ID: 0019
Revises: 0016
Create Date: 2026-11-21 11:30:00
"""

import sqlalchemy as sa
from alembic import op

import paritrana.database
from paritrana.audit.triggers import append_only

revision = "0019"
down_revision = "0016"
branch_labels = None
depends_on = None

SUBMISSION, LATE, DECISION = "sheet_submission", "late_mark", "late_decision"


def upgrade() -> None:
    op.create_table(
        SUBMISSION,
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("sheet_id", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("receipt_no", sa.Text(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("content", paritrana.database.Document(), nullable=False),
        sa.Column("submitted_at", paritrana.database.UtcDateTime(timezone=True), nullable=False),
        sa.Column("submitted_by", sa.Integer(), nullable=False),
        sa.CheckConstraint("version >= 1", name=op.f("ck_sheet_submission_version_positive")),
        sa.CheckConstraint("kind IN ('submitted', 'admitted')", name=op.f("ck_sheet_submission_kind_known")),
        sa.ForeignKeyConstraint(["sheet_id"], ["sheet.id"], name=op.f("fk_sheet_submission_sheet_id_sheet")),
        sa.ForeignKeyConstraint(
            ["submitted_by"], ["account.id"], name=op.f("fk_sheet_submission_submitted_by_account")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sheet_submission")),
        sa.UniqueConstraint("receipt_no", name=op.f("uq_sheet_submission_receipt_no")),
        sa.UniqueConstraint("sheet_id", "version", name=op.f("uq_sheet_submission_sheet_id_version")),
    )
    op.create_table(
        LATE,
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("ref", sa.Text(), nullable=False),
        sa.Column("sheet_id", sa.Integer(), nullable=False),
        sa.Column("indicator", sa.Text(), nullable=False),
        sa.Column("value", paritrana.database.ExactDecimal(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("abstain_note", sa.Text(), nullable=False),
        sa.Column("panel_note", sa.Text(), nullable=False),
        sa.Column("feedback", sa.Text(), nullable=False),
        sa.Column("device_at", sa.Text(), nullable=False),
        sa.Column("received_at", paritrana.database.UtcDateTime(timezone=True), nullable=False),
        sa.Column("received_by", sa.Integer(), nullable=False),
        sa.CheckConstraint("value IS NULL OR reason IS NULL", name=op.f("ck_late_mark_value_or_reason")),
        sa.CheckConstraint("reason IS NULL OR reason = 'abstained'", name=op.f("ck_late_mark_reason_known")),
        sa.CheckConstraint("reason IS NULL OR abstain_note <> ''", name=op.f("ck_late_mark_abstention_reasoned")),
        sa.ForeignKeyConstraint(["received_by"], ["account.id"], name=op.f("fk_late_mark_received_by_account")),
        sa.ForeignKeyConstraint(["sheet_id"], ["sheet.id"], name=op.f("fk_late_mark_sheet_id_sheet")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_late_mark")),
        sa.UniqueConstraint("ref", name=op.f("uq_late_mark_ref")),
    )
    op.create_index(op.f("ix_late_mark_sheet_id"), LATE, ["sheet_id"])
    op.create_table(
        DECISION,
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("late_id", sa.Integer(), nullable=False),
        sa.Column("admitted", sa.Boolean(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("decided_by", sa.Integer(), nullable=False),
        sa.Column("decided_at", paritrana.database.UtcDateTime(timezone=True), nullable=False),
        sa.CheckConstraint("reason <> ''", name=op.f("ck_late_decision_reasoned")),
        sa.ForeignKeyConstraint(["decided_by"], ["account.id"], name=op.f("fk_late_decision_decided_by_account")),
        sa.ForeignKeyConstraint(["late_id"], ["late_mark.id"], name=op.f("fk_late_decision_late_id_late_mark")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_late_decision")),
        sa.UniqueConstraint("late_id", name=op.f("uq_late_decision_late_id")),
    )
    _keep_what_was_submitted()
    for table in (SUBMISSION, LATE, DECISION):
        for statement in append_only(table)[op.get_bind().dialect.name]:
            op.execute(statement)


def _keep_what_was_submitted() -> None:
    """The first version of every sheet that is submitted, with the content that its digest covers."""
    here = op.get_bind()
    moment = paritrana.database.UtcDateTime(timezone=True)
    sheet = sa.table(
        "sheet", sa.column("id"), sa.column("ref"), sa.column("nomination_id"), sa.column("attempt"),
        sa.column("revision_no"), sa.column("submitted_at", moment), sa.column("receipt_no"), sa.column("digest"),
        sa.column("assessor_id"),
    )  # fmt: skip
    nomination = sa.table("nomination", sa.column("id"), sa.column("ref"))
    names = ("indicator", "value", "reason", "abstain_note", "panel_note", "feedback", "version")
    mark = sa.table("mark", sa.column("sheet_id"), sa.column("round"), *(sa.column(name) for name in names))
    kept = sa.table(
        SUBMISSION, sa.column("sheet_id"), sa.column("version"), sa.column("kind"), sa.column("receipt_no"),
        sa.column("digest"), sa.column("content", paritrana.database.Document()),
        sa.column("submitted_at", moment), sa.column("submitted_by"),
    )  # fmt: skip
    submitted = (
        sa.select(sheet, nomination.c.ref.label("nomination"))
        .join(nomination, nomination.c.id == sheet.c.nomination_id)
        .where(sheet.c.submitted_at.is_not(None))
    )
    for row in here.execute(submitted).all():
        marks = here.execute(
            sa.select(*(mark.c[name] for name in names))
            .where(mark.c.sheet_id == row.id, mark.c.round == 1)
            .order_by(mark.c.indicator)
        ).all()
        content = {
            "sheet": row.ref, "nomination": row.nomination, "attempt": row.attempt, "revision": row.revision_no,
            "marks": sorted((dict(one._mapping) for one in marks), key=lambda one: str(one["indicator"])),
        }  # fmt: skip
        here.execute(
            sa.insert(kept).values(
                sheet_id=row.id, version=1, kind="submitted", receipt_no=row.receipt_no, digest=row.digest,
                content=content, submitted_at=row.submitted_at, submitted_by=row.assessor_id,
            )
        )  # fmt: skip


def downgrade() -> None:
    op.drop_table(DECISION)
    op.drop_table(LATE)
    op.drop_table(SUBMISSION)
