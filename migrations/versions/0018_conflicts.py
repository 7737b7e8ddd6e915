"""a conflict has a type, may be found late, and may be waived

Revision ID: 0018
Revises: 0014
Create Date: 2026-11-21 11:40:00
"""

import sqlalchemy as sa
from alembic import op

import paritrana.database
from paritrana.audit.triggers import append_only

revision = "0018"
down_revision = "0014"
branch_labels = None
depends_on = None

BEFORE = "kind IN ('region', 'employer', 'supplier', 'declared')"
AFTER = "kind IN ('region', 'employer', 'nominee', 'supplier', 'declared')"


def upgrade() -> None:
    with op.batch_alter_table("recusal") as recusal:
        recusal.add_column(sa.Column("no", sa.Integer(), nullable=False, server_default="1"))
        recusal.add_column(sa.Column("basis", sa.Text(), nullable=False, server_default=""))
        recusal.add_column(sa.Column("recorded_by", sa.Integer(), nullable=True))
        recusal.create_foreign_key(op.f("fk_recusal_recorded_by_account"), "account", ["recorded_by"], ["id"])
        recusal.drop_constraint(op.f("uq_recusal_account_id_nomination_id"), type_="unique")
        recusal.create_unique_constraint(
            op.f("uq_recusal_account_id_nomination_id_no"), ["account_id", "nomination_id", "no"]
        )
        recusal.drop_constraint(op.f("ck_recusal_kind_known"), type_="check")
        recusal.create_check_constraint(op.f("ck_recusal_kind_known"), AFTER)
        recusal.create_check_constraint(op.f("ck_recusal_no_positive"), "no >= 1")
        recusal.create_check_constraint(
            op.f("ck_recusal_basis_known"), "basis IN ('', 'kin', 'business', 'statement', 'other')"
        )
        recusal.create_check_constraint(op.f("ck_recusal_basis_of_declared"), "kind = 'declared' OR basis = ''")
    with op.batch_alter_table("recusal") as recusal:  # every row states them from now on
        recusal.alter_column("no", server_default=None)
        recusal.alter_column("basis", server_default=None)
    _guard_again()
    op.create_index("ix_account_person_id", "account", ["person_id"])
    op.create_table(
        "waiver",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("recusal_id", sa.Integer(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("proposal_ref", sa.Text(), nullable=False),
        sa.Column("at", paritrana.database.UtcDateTime(timezone=True), nullable=False),
        sa.CheckConstraint("reason <> ''", name=op.f("ck_waiver_reasoned")),
        sa.ForeignKeyConstraint(["recusal_id"], ["recusal.id"], name=op.f("fk_waiver_recusal_id_recusal")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_waiver")),
        sa.UniqueConstraint("proposal_ref", name=op.f("uq_waiver_proposal_ref")),
        sa.UniqueConstraint("recusal_id", name=op.f("uq_waiver_recusal_id")),
    )
    for statement in append_only("waiver")[op.get_bind().dialect.name]:
        op.execute(statement)


def downgrade() -> None:
    op.drop_table("waiver")
    op.drop_index("ix_account_person_id", table_name="account")
    with op.batch_alter_table("recusal") as recusal:
        for name in ("kind_known", "no_positive", "basis_known", "basis_of_declared"):
            recusal.drop_constraint(op.f(f"ck_recusal_{name}"), type_="check")
        recusal.create_check_constraint(op.f("ck_recusal_kind_known"), BEFORE)
        recusal.drop_constraint(op.f("uq_recusal_account_id_nomination_id_no"), type_="unique")
        recusal.create_unique_constraint(op.f("uq_recusal_account_id_nomination_id"), ["account_id", "nomination_id"])
        recusal.drop_constraint(op.f("fk_recusal_recorded_by_account"), type_="foreignkey")
        recusal.drop_column("recorded_by")
        recusal.drop_column("basis")
        recusal.drop_column("no")
    _guard_again()


def _guard_again() -> None:
    """The table only grows, as before: SQLite made it anew, without its triggers."""
    if op.get_bind().dialect.name == "sqlite":
        for statement in append_only("recusal")["sqlite"]:
            op.execute(statement)
