"""messages wait in an outbox and leave at most once

Revision ID: 0013
Revises: 0012
Create Date: 2026-11-21 11:20:00
"""

import sqlalchemy as sa
from alembic import op

import paritrana.database
from paritrana.audit.triggers import append_only

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "message",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("ref", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("cycle_id", sa.Integer(), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("cause", sa.Text(), nullable=False),
        sa.Column("about", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("text_id", sa.Text(), nullable=False),
        sa.Column("text_en", sa.Text(), nullable=False),
        sa.Column("path", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("due_at", paritrana.database.UtcDateTime(timezone=True), nullable=True),
        sa.Column("address", sa.Text(), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("problem", sa.Text(), nullable=False),
        sa.Column("leased_by", sa.Text(), nullable=True),
        sa.Column("lease_until", paritrana.database.UtcDateTime(timezone=True), nullable=True),
        sa.Column("created_at", paritrana.database.UtcDateTime(timezone=True), nullable=False),
        sa.Column("sent_at", paritrana.database.UtcDateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "state IN ('held', 'queued', 'sending', 'sent', 'failed', 'cancelled')", name=op.f("ck_message_state_known")
        ),
        sa.CheckConstraint("(state = 'sending') = (leased_by IS NOT NULL)", name=op.f("ck_message_sending_is_leased")),
        sa.CheckConstraint("(leased_by IS NULL) = (lease_until IS NULL)", name=op.f("ck_message_lease_whole")),
        sa.CheckConstraint("(state = 'sent') = (sent_at IS NOT NULL)", name=op.f("ck_message_sent_has_moment")),
        sa.CheckConstraint("state <> 'sent' OR address IS NOT NULL", name=op.f("ck_message_sent_has_address")),
        sa.CheckConstraint("attempts >= 0", name=op.f("ck_message_attempts_counted")),
        sa.CheckConstraint("path LIKE '/%'", name=op.f("ck_message_path_of_this_site")),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_message_account_id_account")),
        sa.ForeignKeyConstraint(["cycle_id"], ["cycle.id"], name=op.f("fk_message_cycle_id_cycle")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_message")),
        sa.UniqueConstraint("account_id", "cause", name=op.f("uq_message_account_id_cause")),
        sa.UniqueConstraint("ref", name=op.f("uq_message_ref")),
    )
    op.create_index("ix_message_about", "message", ["about"])
    op.create_index("ix_message_cycle_id_state", "message", ["cycle_id", "state"])
    op.create_index("ix_message_state_due_at", "message", ["state", "due_at"])
    op.create_table(
        "message_attempt",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("message_id", sa.Integer(), nullable=False),
        sa.Column("no", sa.Integer(), nullable=False),
        sa.Column("at", paritrana.database.UtcDateTime(timezone=True), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("answer", sa.Text(), nullable=False),
        sa.CheckConstraint(
            "outcome IN ('accepted', 'later', 'refused', 'unknown')", name=op.f("ck_message_attempt_outcome_known")
        ),
        sa.ForeignKeyConstraint(["message_id"], ["message.id"], name=op.f("fk_message_attempt_message_id_message")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_message_attempt")),
        sa.UniqueConstraint("message_id", "no", name=op.f("uq_message_attempt_message_id_no")),
    )
    op.create_index(
        "uq_message_attempt_accepted",
        "message_attempt",
        ["message_id"],
        unique=True,
        sqlite_where=sa.text("outcome = 'accepted'"),
        postgresql_where=sa.text("outcome = 'accepted'"),
    )
    for statement in append_only("message_attempt")[op.get_bind().dialect.name]:
        op.execute(statement)


def downgrade() -> None:
    op.drop_table("message_attempt")
    op.drop_table("message")
