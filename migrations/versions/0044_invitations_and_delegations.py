"""invitations, roles that end by themselves, and new passwords

Revision ID: 0044
Revises: 0043
Create Date: 2026-11-22 00:46:00
"""

import sqlalchemy as sa
from alembic import op

from paritrana.database import UtcDateTime

revision = "0044"
down_revision = "0043"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "invitation",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("ref", sa.Text(), nullable=False),
        sa.Column("email", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("organisation_id", sa.Integer(), nullable=True),
        sa.Column("cycle_id", sa.Integer(), nullable=True),
        sa.Column("staff_number", sa.Text(), nullable=True),
        sa.Column("position", sa.Text(), nullable=False),
        sa.Column("until", UtcDateTime(timezone=True), nullable=True),
        sa.Column("decree", sa.Text(), nullable=False),
        sa.Column("stands_in_for_id", sa.Integer(), nullable=True),
        sa.Column("invited_by", sa.Text(), nullable=False),
        sa.Column("invited_at", UtcDateTime(timezone=True), nullable=False),
        sa.Column("expires_at", UtcDateTime(timezone=True), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("ended_at", UtcDateTime(timezone=True), nullable=True),
        sa.Column("account_id", sa.Integer(), nullable=True),
        sa.CheckConstraint(
            "role IN ('nominee', 'verifier', 'organiser', 'auditor', 'administrator')",
            name=op.f("ck_invitation_role_known"),
        ),
        sa.CheckConstraint(
            "(role = 'nominee') = (organisation_id IS NOT NULL)", name=op.f("ck_invitation_nominee_of_organisation")
        ),
        sa.CheckConstraint(
            "(role IN ('verifier', 'organiser', 'auditor')) = (cycle_id IS NOT NULL)",
            name=op.f("ck_invitation_officer_of_cycle"),
        ),
        sa.CheckConstraint("state IN ('open', 'used', 'withdrawn')", name=op.f("ck_invitation_state_known")),
        sa.CheckConstraint("(state = 'open') = (ended_at IS NULL)", name=op.f("ck_invitation_ended_has_moment")),
        sa.CheckConstraint("(state = 'used') = (account_id IS NOT NULL)", name=op.f("ck_invitation_used_has_account")),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisation.id"], name=op.f("fk_invitation_organisation_id_organisation")
        ),
        sa.ForeignKeyConstraint(["cycle_id"], ["cycle.id"], name=op.f("fk_invitation_cycle_id_cycle")),
        sa.ForeignKeyConstraint(
            ["stands_in_for_id"], ["account.id"], name=op.f("fk_invitation_stands_in_for_id_account")
        ),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_invitation_account_id_account")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_invitation")),
        sa.UniqueConstraint("ref", name=op.f("uq_invitation_ref")),
    )
    op.create_index("ix_invitation_email", "invitation", ["email"])
    op.create_index("ix_invitation_organisation_id", "invitation", ["organisation_id"])
    op.create_index("ix_invitation_cycle_id", "invitation", ["cycle_id"])
    op.create_table(
        "account_link",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("ref", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("email", sa.Text(), nullable=False),
        sa.Column("asked_by", sa.Text(), nullable=False),
        sa.Column("asked_at", UtcDateTime(timezone=True), nullable=False),
        sa.Column("expires_at", UtcDateTime(timezone=True), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("ended_at", UtcDateTime(timezone=True), nullable=True),
        sa.CheckConstraint("kind IN ('password', 'email')", name=op.f("ck_account_link_kind_known")),
        sa.CheckConstraint("state IN ('open', 'used', 'withdrawn')", name=op.f("ck_account_link_state_known")),
        sa.CheckConstraint("(state = 'open') = (ended_at IS NULL)", name=op.f("ck_account_link_ended_has_moment")),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_account_link_account_id_account")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_account_link")),
        sa.UniqueConstraint("ref", name=op.f("uq_account_link_ref")),
    )
    op.create_index("ix_account_link_account_id", "account_link", ["account_id", "asked_at"])
    op.create_table(
        "reset_wish",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("email", sa.Text(), nullable=False),
        sa.Column("at", UtcDateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reset_wish")),
    )
    with op.batch_alter_table("account") as table:
        table.add_column(sa.Column("password_set_at", UtcDateTime(timezone=True), nullable=True))
    with op.batch_alter_table("role_grant") as table:
        table.add_column(sa.Column("until", UtcDateTime(timezone=True), nullable=True))
        table.add_column(sa.Column("decree", sa.Text(), nullable=False, server_default=""))
        table.add_column(sa.Column("stands_in_for_id", sa.Integer(), nullable=True))
        table.create_foreign_key(
            op.f("fk_role_grant_stands_in_for_id_account"), "account", ["stands_in_for_id"], ["id"]
        )
        table.create_check_constraint(op.f("ck_role_grant_until_afterwards"), "until IS NULL OR until > granted_at")
        table.create_check_constraint(
            op.f("ck_role_grant_stand_in_ends"), "stands_in_for_id IS NULL OR until IS NOT NULL"
        )


def downgrade() -> None:
    with op.batch_alter_table("role_grant") as table:
        table.drop_constraint(op.f("ck_role_grant_stand_in_ends"), type_="check")
        table.drop_constraint(op.f("ck_role_grant_until_afterwards"), type_="check")
        table.drop_constraint(op.f("fk_role_grant_stands_in_for_id_account"), type_="foreignkey")
        table.drop_column("stands_in_for_id")
        table.drop_column("decree")
        table.drop_column("until")
    op.drop_column("account", "password_set_at")  # in place: nobody's references would lead to a copy of the table
    op.drop_table("reset_wish")
    op.drop_table("account_link")
    op.drop_table("invitation")
