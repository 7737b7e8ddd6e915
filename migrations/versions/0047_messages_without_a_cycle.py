"""messages that belong to no cycle, choices about mail, and read-only times

Revision ID: 0047
Revises: 0046
Create Date: 2026-11-22 00:48:00
"""

import sqlalchemy as sa
from alembic import op

from paritrana.database import UtcDateTime

revision = "0047"
down_revision = "0046"
branch_labels = None
depends_on = None

ASIDE = "message_attempt_aside"


def upgrade() -> None:
    op.create_table(
        "halt",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("ref", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.Column("begun_at", UtcDateTime(timezone=True), nullable=False),
        sa.Column("begun_by", sa.Text(), nullable=False),
        sa.Column("standing", sa.Boolean(), nullable=False),
        sa.Column("lifted_at", UtcDateTime(timezone=True), nullable=True),
        sa.Column("lifted_by", sa.Text(), nullable=True),
        sa.CheckConstraint("reason IN ('chain', 'files', 'by_hand')", name=op.f("ck_halt_reason_known")),
        sa.CheckConstraint("(lifted_at IS NULL) = (lifted_by IS NULL)", name=op.f("ck_halt_lifted_whole")),
        sa.CheckConstraint("standing = (lifted_at IS NULL)", name=op.f("ck_halt_standing_until_lifted")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_halt")),
        sa.UniqueConstraint("ref", name=op.f("uq_halt_ref")),
    )
    op.create_index(
        "uq_halt_standing", "halt", ["standing"], unique=True,
        sqlite_where=sa.text("standing"), postgresql_where=sa.text("standing"),
    )  # fmt: skip

    op.create_table(
        "mail_choice",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("way", sa.Text(), nullable=False),
        sa.CheckConstraint("way IN ('at_once', 'daily')", name=op.f("ck_mail_choice_way_known")),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_mail_choice_account_id_account")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_mail_choice")),
        sa.UniqueConstraint("account_id", "kind", name=op.f("uq_mail_choice_account_id_kind")),
    )
    aside = _put_attempts_aside()
    with op.batch_alter_table("message") as table:
        table.alter_column("cycle_id", existing_type=sa.Integer(), nullable=True)
        table.alter_column("account_id", existing_type=sa.Integer(), nullable=True)
        table.add_column(sa.Column("to_name", sa.Text(), nullable=True))
        table.add_column(sa.Column("to_address", sa.Text(), nullable=True))
        table.add_column(sa.Column("daily", sa.Boolean(), nullable=False, server_default=sa.false()))
        table.add_column(sa.Column("wakes", sa.Boolean(), nullable=False, server_default=sa.false()))
        table.add_column(sa.Column("limited", sa.Boolean(), nullable=False, server_default=sa.false()))
        table.add_column(sa.Column("written_at", UtcDateTime(timezone=True), nullable=True))
        table.create_check_constraint(
            op.f("ck_message_one_recipient"), "(account_id IS NULL) = (to_address IS NOT NULL)"
        )
        table.create_check_constraint(op.f("ck_message_address_has_name"), "(to_address IS NULL) = (to_name IS NULL)")
    op.execute("UPDATE message SET written_at = created_at")  # the clocks of real cycles are the machine's
    with op.batch_alter_table("message") as table:
        table.alter_column("written_at", existing_type=UtcDateTime(timezone=True), nullable=False)
        for name in ("daily", "wakes", "limited"):
            table.alter_column(name, existing_type=sa.Boolean(), server_default=None)
    _put_attempts_back(aside)
    op.create_index(
        "uq_message_to_address_cause", "message", ["to_address", "cause"], unique=True,
        sqlite_where=sa.text("account_id IS NULL"), postgresql_where=sa.text("account_id IS NULL"),
    )  # fmt: skip
    op.create_index(
        "ix_message_limited", "message", ["written_at"],
        sqlite_where=sa.text("limited"), postgresql_where=sa.text("limited"),
    )  # fmt: skip


def downgrade() -> None:
    """Messages without a cycle or an account have no place in the structure of before."""
    op.drop_index("ix_message_limited", "message")
    op.drop_index("uq_message_to_address_cause", "message")
    bind = op.get_bind()
    lost = "cycle_id IS NULL OR account_id IS NULL"
    postgresql = bind.dialect.name == "postgresql"
    if postgresql:
        op.execute("ALTER TABLE message_attempt DISABLE TRIGGER USER")
    aside = _put_attempts_aside()
    attempts = "message_attempt" if aside is None else ASIDE
    op.execute(f"DELETE FROM {attempts} WHERE message_id IN (SELECT id FROM message WHERE {lost})")  # noqa: S608 - names and words of this file alone
    op.execute(f"DELETE FROM message WHERE {lost}")  # noqa: S608 - names and words of this file alone
    with op.batch_alter_table("message") as table:
        table.drop_constraint(op.f("ck_message_one_recipient"), type_="check")
        table.drop_constraint(op.f("ck_message_address_has_name"), type_="check")
        for name in ("to_name", "to_address", "daily", "wakes", "limited", "written_at"):
            table.drop_column(name)
        table.alter_column("cycle_id", existing_type=sa.Integer(), nullable=False)
        table.alter_column("account_id", existing_type=sa.Integer(), nullable=False)
    _put_attempts_back(aside)
    if postgresql:
        op.execute("ALTER TABLE message_attempt ENABLE TRIGGER USER")
    op.drop_table("mail_choice")
    op.drop_table("halt")


def _put_attempts_aside() -> list[str] | None:
    """On SQLite a table is changed by writing it anew, which no row may refer to meanwhile; gives how to undo this."""
    bind = op.get_bind()
    if bind.dialect.name != "sqlite":
        return None
    found = sa.text(
        "SELECT sql FROM sqlite_master WHERE tbl_name = 'message_attempt' AND sql IS NOT NULL"
        " ORDER BY CASE type WHEN 'table' THEN 0 WHEN 'index' THEN 1 ELSE 2 END, name"
    )
    statements = list(bind.execute(found).scalars())
    op.execute(f"CREATE TABLE {ASIDE} AS SELECT * FROM message_attempt")  # noqa: S608 - names and words of this file alone
    op.execute("DROP TABLE message_attempt")
    return statements


def _put_attempts_back(statements: list[str] | None) -> None:
    if statements is None:
        return
    table, *others = statements
    op.execute(sa.text(table.replace(":", "\\:")))
    op.execute(f"INSERT INTO message_attempt SELECT * FROM {ASIDE}")  # noqa: S608 - names and words of this file alone
    op.execute(f"DROP TABLE {ASIDE}")
    for statement in others:
        op.execute(sa.text(statement.replace(":", "\\:")))
