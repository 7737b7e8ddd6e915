"""second factors, passkeys, recovery codes, and where a session was begun

Revision ID: 0043
Revises: 0042
Create Date: 2026-11-22 00:46:00
"""

import sqlalchemy as sa
from alembic import op

from paritrana.database import Document, UtcDateTime

revision = "0043"
down_revision = "0042"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("account") as table:
        table.add_column(sa.Column("language", sa.Text(), nullable=True))
        table.add_column(sa.Column("last_sign_in_at", UtcDateTime(timezone=True), nullable=True))
    # Sessions of the earlier version passed no second factor: everybody signs in again.
    op.execute(sa.text("DELETE FROM sign_in_session"))
    with op.batch_alter_table("sign_in_session") as table:
        table.add_column(sa.Column("ref", sa.Text(), nullable=False))
        table.add_column(sa.Column("pending", sa.Boolean(), server_default=sa.false(), nullable=False))
        table.add_column(sa.Column("browser", sa.Text(), server_default="", nullable=False))
        table.add_column(sa.Column("source", sa.Text(), server_default="", nullable=False))
        table.add_column(sa.Column("began_at", UtcDateTime(timezone=True), nullable=True))
        table.create_unique_constraint(op.f("uq_sign_in_session_ref"), ["ref"])
    op.create_table(
        "second_factor",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("ref", sa.Text(), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("secret", sa.Text(), nullable=True),
        sa.Column("fingerprint", sa.Text(), nullable=False),
        sa.Column("last_counter", sa.Integer(), nullable=True),
        sa.Column("credential_id", sa.Text(), nullable=True),
        sa.Column("public_key", sa.Text(), nullable=True),
        sa.Column("sign_count", sa.BigInteger(), nullable=False),
        sa.Column("last_challenge", sa.Text(), nullable=True),
        sa.Column("added_at", UtcDateTime(timezone=True), nullable=False),
        sa.Column("last_used_at", UtcDateTime(timezone=True), nullable=True),
        sa.Column("removed_at", UtcDateTime(timezone=True), nullable=True),
        sa.CheckConstraint("kind IN ('app', 'passkey')", name=op.f("ck_second_factor_kind_known")),
        sa.CheckConstraint(
            "kind <> 'app' OR (secret IS NULL) = (removed_at IS NOT NULL)", name=op.f("ck_second_factor_secret_wiped")
        ),
        sa.CheckConstraint(
            "(kind = 'passkey') = (credential_id IS NOT NULL)", name=op.f("ck_second_factor_passkey_has_credential")
        ),
        sa.CheckConstraint(
            "(kind = 'passkey') = (public_key IS NOT NULL)", name=op.f("ck_second_factor_passkey_has_key")
        ),
        sa.CheckConstraint(
            "removed_at IS NULL OR removed_at >= added_at", name=op.f("ck_second_factor_removed_afterwards")
        ),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_second_factor_account_id_account")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_second_factor")),
        sa.UniqueConstraint("ref", name=op.f("uq_second_factor_ref")),
        sa.UniqueConstraint("credential_id", name=op.f("uq_second_factor_credential_id")),
    )
    with op.batch_alter_table("second_factor") as table:
        table.create_index(op.f("ix_second_factor_account_id"), ["account_id"])
    op.create_table(
        "recovery_set",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("ref", sa.Text(), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("hashes", Document(), nullable=False),
        sa.Column("used", Document(), nullable=False),
        sa.Column("made_at", UtcDateTime(timezone=True), nullable=False),
        sa.Column("ended_at", UtcDateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_recovery_set_account_id_account")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_recovery_set")),
        sa.UniqueConstraint("ref", name=op.f("uq_recovery_set_ref")),
    )
    with op.batch_alter_table("recovery_set") as table:
        table.create_index(op.f("ix_recovery_set_account_id"), ["account_id"])


def downgrade() -> None:
    op.drop_table("recovery_set")
    op.drop_table("second_factor")
    op.execute(sa.text("DELETE FROM sign_in_session"))
    with op.batch_alter_table("sign_in_session") as table:
        table.drop_constraint(op.f("uq_sign_in_session_ref"), type_="unique")
        for name in ("began_at", "source", "browser", "pending", "ref"):
            table.drop_column(name)
    for name in ("last_sign_in_at", "language"):
        op.drop_column("account", name)  # in place: nobody's references would lead to a copy of the table
