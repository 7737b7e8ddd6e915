"""sessions of the plenary, who was there, and what two people recorded as decided

Revision ID: 0033
Revises: 0039
Create Date: 2026-11-21 17:45:00
"""

import sqlalchemy as sa
from alembic import op

from paritrana.audit.triggers import append_only
from paritrana.database import Document, UtcDateTime

revision = "0033"
down_revision = "0039"
branch_labels = None
depends_on = None

PLENARY, ATTENDANCE, DECISION = "plenary", "plenary_attendance", "decision"


def upgrade() -> None:
    op.create_table(
        PLENARY,
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("ref", sa.Text(), nullable=False),
        sa.Column("category_id", sa.Integer(), nullable=False),
        sa.Column("no", sa.Integer(), nullable=False),
        sa.Column("opened_at", UtcDateTime(timezone=True), nullable=False),
        sa.Column("opened_by", sa.Integer(), nullable=False),
        sa.Column("opened_by_name", sa.Text(), nullable=False),
        sa.Column("closed_at", UtcDateTime(timezone=True), nullable=True),
        sa.Column("closed_by", sa.Integer(), nullable=True),
        sa.Column("minutes_number", sa.Text(), nullable=True),
        sa.CheckConstraint("no >= 1", name=op.f("ck_plenary_no_positive")),
        sa.CheckConstraint(
            "(closed_at IS NULL) = (closed_by IS NULL) AND (closed_at IS NULL) = (minutes_number IS NULL)",
            name=op.f("ck_plenary_closed_with_minutes"),
        ),
        sa.ForeignKeyConstraint(["category_id"], ["category.id"], name=op.f("fk_plenary_category_id_category")),
        sa.ForeignKeyConstraint(["opened_by"], ["account.id"], name=op.f("fk_plenary_opened_by_account")),
        sa.ForeignKeyConstraint(["closed_by"], ["account.id"], name=op.f("fk_plenary_closed_by_account")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_plenary")),
        sa.UniqueConstraint("ref", name=op.f("uq_plenary_ref")),
        sa.UniqueConstraint("category_id", "no", name=op.f("uq_plenary_category_id_no")),
    )
    op.create_index(
        "uq_plenary_one_open", PLENARY, ["category_id"], unique=True,
        sqlite_where=sa.text("closed_at IS NULL"), postgresql_where=sa.text("closed_at IS NULL"),
    )  # fmt: skip
    op.create_table(
        ATTENDANCE,
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("plenary_id", sa.Integer(), nullable=False),
        sa.Column("seat_id", sa.Integer(), nullable=False),
        sa.Column("no", sa.Integer(), nullable=False),
        sa.Column("present", sa.Boolean(), nullable=False),
        sa.Column("at", UtcDateTime(timezone=True), nullable=False),
        sa.CheckConstraint("no >= 1", name=op.f("ck_plenary_attendance_no_positive")),
        sa.ForeignKeyConstraint(["plenary_id"], ["plenary.id"], name=op.f("fk_plenary_attendance_plenary_id_plenary")),
        sa.ForeignKeyConstraint(["seat_id"], ["seat.id"], name=op.f("fk_plenary_attendance_seat_id_seat")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_plenary_attendance")),
        sa.UniqueConstraint("plenary_id", "seat_id", "no", name=op.f("uq_plenary_attendance_plenary_id_seat_id_no")),
    )
    op.create_table(
        DECISION,
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("ref", sa.Text(), nullable=False),
        sa.Column("category_id", sa.Integer(), nullable=False),
        sa.Column("plenary_id", sa.Integer(), nullable=False),
        sa.Column("run_id", sa.Integer(), nullable=False),
        sa.Column("no", sa.Integer(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("withdraws_id", sa.Integer(), nullable=True),
        sa.Column("place", sa.Integer(), nullable=True),
        sa.Column("candidates", Document(), nullable=False),
        sa.Column("title_id", sa.Text(), nullable=False),
        sa.Column("title_en", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("votes_for", sa.Integer(), nullable=False),
        sa.Column("votes_against", sa.Integer(), nullable=False),
        sa.Column("votes_abstained", sa.Integer(), nullable=False),
        sa.Column("present", sa.Integer(), nullable=False),
        sa.Column("quorum", sa.Integer(), nullable=False),
        sa.Column("basis", sa.Text(), nullable=False),
        sa.Column("proposal_ref", sa.Text(), nullable=False),
        sa.Column("proposed_by", sa.Integer(), nullable=False),
        sa.Column("proposed_by_name", sa.Text(), nullable=False),
        sa.Column("confirmed_by", sa.Integer(), nullable=False),
        sa.Column("confirmed_by_name", sa.Text(), nullable=False),
        sa.Column("decided_at", UtcDateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "kind IN ('order', 'title', 'other_winner', 'withhold', 'withdrawal')",
            name=op.f("ck_decision_kind_known"),
        ),
        sa.CheckConstraint("no >= 1", name=op.f("ck_decision_no_positive")),
        sa.CheckConstraint("reason <> ''", name=op.f("ck_decision_reasoned")),
        sa.CheckConstraint("proposed_by <> confirmed_by", name=op.f("ck_decision_two_people")),
        sa.CheckConstraint("present >= quorum AND votes_for > votes_against", name=op.f("ck_decision_carried")),
        sa.CheckConstraint(
            "votes_against >= 0 AND votes_abstained >= 0 AND votes_for + votes_against + votes_abstained = present",
            name=op.f("ck_decision_votes_of_those_present"),
        ),
        sa.CheckConstraint(
            "(kind = 'withdrawal') = (withdraws_id IS NOT NULL)", name=op.f("ck_decision_withdrawal_of_one")
        ),
        sa.CheckConstraint(
            "(kind IN ('other_winner', 'withhold')) = (place IS NOT NULL)", name=op.f("ck_decision_place_of_a_title")
        ),
        sa.CheckConstraint(
            "(kind IN ('title', 'other_winner', 'withhold')) = (title_id <> '')",
            name=op.f("ck_decision_title_in_words"),
        ),
        sa.ForeignKeyConstraint(["category_id"], ["category.id"], name=op.f("fk_decision_category_id_category")),
        sa.ForeignKeyConstraint(["plenary_id"], ["plenary.id"], name=op.f("fk_decision_plenary_id_plenary")),
        sa.ForeignKeyConstraint(["run_id"], ["result_run.id"], name=op.f("fk_decision_run_id_result_run")),
        sa.ForeignKeyConstraint(["withdraws_id"], ["decision.id"], name=op.f("fk_decision_withdraws_id_decision")),
        sa.ForeignKeyConstraint(["proposed_by"], ["account.id"], name=op.f("fk_decision_proposed_by_account")),
        sa.ForeignKeyConstraint(["confirmed_by"], ["account.id"], name=op.f("fk_decision_confirmed_by_account")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_decision")),
        sa.UniqueConstraint("ref", name=op.f("uq_decision_ref")),
        sa.UniqueConstraint("proposal_ref", name=op.f("uq_decision_proposal_ref")),
        sa.UniqueConstraint("withdraws_id", name=op.f("uq_decision_withdraws_id")),
        sa.UniqueConstraint("category_id", "no", name=op.f("uq_decision_category_id_no")),
    )
    for table in (ATTENDANCE, DECISION):
        for statement in append_only(table)[op.get_context().dialect.name]:
            op.execute(statement)


def downgrade() -> None:
    op.drop_table(DECISION)
    op.drop_table(ATTENDANCE)
    op.drop_table(PLENARY)
