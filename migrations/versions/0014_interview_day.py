"""the day of the interviews: clocks, drop-outs, presence, the version of the board

Revision ID: 0014
Revises: 0019
Create Date: 2026-11-21 11:10:00
"""

import sqlalchemy as sa
from alembic import op

import paritrana.database
from paritrana.audit.triggers import append_only

revision = "0014"
down_revision = "0019"
branch_labels = None
depends_on = None

CLOCK, DROPOUT, PRESENCE = "timer_event", "dropout", "presence"
ATTENDANCE = ("no_show", "camera_seen")


def _moment(name: str) -> sa.Column:
    return sa.Column(name, paritrana.database.UtcDateTime(timezone=True), nullable=False)


def upgrade() -> None:
    op.add_column("interview_day", sa.Column("board_version", sa.Integer(), server_default="0", nullable=False))
    op.add_column("interview_day", sa.Column("display_code", sa.Text(), nullable=True))
    op.add_column(
        "attendance", sa.Column("other_ranks", paritrana.database.Document(), server_default="{}", nullable=False)
    )
    for name in ATTENDANCE:
        op.add_column("attendance", sa.Column(name, sa.Boolean(), server_default=sa.false(), nullable=False))
    op.create_table(
        CLOCK,
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("session_id", sa.Integer(), nullable=False),
        sa.Column("no", sa.Integer(), nullable=False),
        sa.Column("act", sa.Text(), nullable=False),
        _moment("at"),
        sa.Column("extra_seconds", sa.Integer(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("by_name", sa.Text(), nullable=False),
        sa.CheckConstraint(
            "act IN ('start', 'pause', 'resume', 'next', 'extend', 'end')", name=op.f("ck_timer_event_act_known")
        ),
        sa.CheckConstraint("act <> 'pause' OR reason <> ''", name=op.f("ck_timer_event_pause_reasoned")),
        sa.CheckConstraint("(act = 'extend') = (extra_seconds > 0)", name=op.f("ck_timer_event_extension_has_length")),
        sa.ForeignKeyConstraint(
            ["session_id"], ["interview_session.id"], name=op.f("fk_timer_event_session_id_interview_session")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_timer_event")),
        sa.UniqueConstraint("session_id", "no", name=op.f("uq_timer_event_session_id_no")),
    )
    op.create_table(
        DROPOUT,
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("session_id", sa.Integer(), nullable=False),
        sa.Column("no", sa.Integer(), nullable=False),
        _moment("gone_at"),
        _moment("back_at"),
        sa.Column("given_minutes", sa.Integer(), nullable=False),
        sa.Column("by_name", sa.Text(), nullable=False),
        _moment("noted_at"),
        sa.CheckConstraint("gone_at < back_at", name=op.f("ck_dropout_ends_after_it_began")),
        sa.CheckConstraint("given_minutes BETWEEN 0 AND 60", name=op.f("ck_dropout_given_plausible")),
        sa.ForeignKeyConstraint(
            ["session_id"], ["interview_session.id"], name=op.f("fk_dropout_session_id_interview_session")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_dropout")),
        sa.UniqueConstraint("session_id", "no", name=op.f("uq_dropout_session_id_no")),
    )
    op.create_table(
        PRESENCE,
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("day_id", sa.Integer(), nullable=False),
        _moment("seen_at"),
        sa.Column("waiting", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_presence_account_id_account")),
        sa.ForeignKeyConstraint(["day_id"], ["interview_day.id"], name=op.f("fk_presence_day_id_interview_day")),
        sa.PrimaryKeyConstraint("account_id", "day_id", name=op.f("pk_presence")),
    )
    for table in (CLOCK, DROPOUT):
        for statement in append_only(table)[op.get_bind().dialect.name]:
            op.execute(statement)


def downgrade() -> None:
    for table in (PRESENCE, DROPOUT, CLOCK):
        op.drop_table(table)
    for name in (*ATTENDANCE, "other_ranks"):
        op.drop_column("attendance", name)
    for name in ("display_code", "board_version"):
        op.drop_column("interview_day", name)
