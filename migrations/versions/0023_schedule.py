"""slots are confirmed, moved and taken out, orders are drawn, calendars have an address

Revision ID: 0023
Revises: 0018
Create Date: 2026-11-21 11:40:00
"""

import sqlalchemy as sa
from alembic import op

import paritrana.database
from paritrana.audit.triggers import append_only

revision = "0023"
down_revision = "0018"
branch_labels = None
depends_on = None


def moment(name: str, *, nullable: bool = False) -> sa.Column:
    return sa.Column(name, paritrana.database.UtcDateTime(timezone=True), nullable=nullable)


def text(name: str) -> sa.Column:
    return sa.Column(name, sa.Text(), nullable=False)


def whole(name: str) -> sa.Column:
    return sa.Column(name, sa.Integer(), nullable=False)


def upgrade() -> None:
    op.add_column("interview_session", moment("confirm_by", nullable=True))
    op.add_column("interview_session", moment("moved_at", nullable=True))
    op.add_column("interview_session", sa.Column("moved_reason", sa.Text(), server_default="", nullable=False))
    op.create_table(
        "slot_answer",
        whole("id"),
        whole("session_id"),
        text("answer"),
        text("note"),
        moment("answered_at"),
        whole("answered_by"),
        text("answered_by_name"),
        text("kept_reason"),
        sa.CheckConstraint("answer IN ('confirmed', 'move_asked')", name=op.f("ck_slot_answer_answer_known")),
        sa.CheckConstraint("answer <> 'move_asked' OR note <> ''", name=op.f("ck_slot_answer_wish_reasoned")),
        sa.CheckConstraint(
            "kept_reason = '' OR answer = 'move_asked'", name=op.f("ck_slot_answer_only_wishes_are_declined")
        ),
        sa.ForeignKeyConstraint(["answered_by"], ["account.id"], name=op.f("fk_slot_answer_answered_by_account")),
        sa.ForeignKeyConstraint(
            ["session_id"], ["interview_session.id"], name=op.f("fk_slot_answer_session_id_interview_session")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_slot_answer")),
        sa.UniqueConstraint("session_id", name=op.f("uq_slot_answer_session_id")),
    )
    op.create_table(
        "plan_drawn",
        whole("id"),
        text("ref"),
        whole("category_id"),
        whole("attempt"),
        text("how"),
        text("seed"),
        sa.Column("order", paritrana.database.Document(), nullable=False),
        moment("at"),
        sa.CheckConstraint("how IN ('drawn', 'by_hand')", name=op.f("ck_plan_drawn_how_known")),
        sa.CheckConstraint("(how = 'drawn') = (seed <> '')", name=op.f("ck_plan_drawn_drawn_has_seed")),
        sa.ForeignKeyConstraint(["category_id"], ["category.id"], name=op.f("fk_plan_drawn_category_id_category")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_plan_drawn")),
        sa.UniqueConstraint("ref", name=op.f("uq_plan_drawn_ref")),
    )
    op.create_index("ix_plan_drawn_category_id", "plan_drawn", ["category_id"])
    op.create_table(
        "removed_slot",
        whole("id"),
        text("ref"),
        whole("day_id"),
        whole("no"),
        whole("category_id"),
        whole("nomination_id"),
        whole("attempt"),
        moment("planned_at"),
        whole("minutes"),
        whole("version"),
        text("reason"),
        moment("removed_at"),
        sa.ForeignKeyConstraint(["category_id"], ["category.id"], name=op.f("fk_removed_slot_category_id_category")),
        sa.ForeignKeyConstraint(["day_id"], ["interview_day.id"], name=op.f("fk_removed_slot_day_id_interview_day")),
        sa.ForeignKeyConstraint(
            ["nomination_id"], ["nomination.id"], name=op.f("fk_removed_slot_nomination_id_nomination")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_removed_slot")),
        sa.UniqueConstraint("ref", name=op.f("uq_removed_slot_ref")),
    )
    op.create_index("ix_removed_slot_category_id", "removed_slot", ["category_id"])
    op.create_index("ix_removed_slot_nomination_id", "removed_slot", ["nomination_id"])
    op.create_table(
        "calendar_feed",
        whole("id"),
        whole("account_id"),
        text("token_hash"),
        moment("made_at"),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_calendar_feed_account_id_account")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_calendar_feed")),
        sa.UniqueConstraint("account_id", name=op.f("uq_calendar_feed_account_id")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_calendar_feed_token_hash")),
    )
    for table in ("plan_drawn", "removed_slot"):
        for statement in append_only(table)[op.get_bind().dialect.name]:
            op.execute(statement)


def downgrade() -> None:
    for table in ("calendar_feed", "removed_slot", "plan_drawn", "slot_answer"):
        op.drop_table(table)
    for column in ("moved_reason", "moved_at", "confirm_by"):
        op.drop_column("interview_session", column)
