"""values are set by two people in place of computed ones

Revision ID: 0007
Revises: 0009
Create Date: 2026-11-21 10:20:00
"""

import sqlalchemy as sa
from alembic import op

import paritrana.database

revision = "0007"
down_revision = "0009"
branch_labels = None
depends_on = None

TABLE = "override"


def upgrade() -> None:
    op.create_table(
        TABLE,
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("verification_id", sa.Integer(), nullable=False),
        sa.Column("no", sa.Integer(), nullable=False),
        sa.Column("indicator", sa.Text(), nullable=False),
        sa.Column("computed", sa.Text(), nullable=True),
        sa.Column("value", sa.Text(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("first_by", sa.Integer(), nullable=False),
        sa.Column("first_person_id", sa.Integer(), nullable=True),
        sa.Column("first_name", sa.Text(), nullable=False),
        sa.Column("first_at", paritrana.database.UtcDateTime(timezone=True), nullable=False),
        sa.Column("second_by", sa.Integer(), nullable=True),
        sa.Column("second_person_id", sa.Integer(), nullable=True),
        sa.Column("second_name", sa.Text(), nullable=True),
        sa.Column("second_at", paritrana.database.UtcDateTime(timezone=True), nullable=True),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("request_no", sa.Integer(), nullable=True),
        sa.Column("ended_at", paritrana.database.UtcDateTime(timezone=True), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "state IN ('proposed', 'confirmed', 'refused', 'withdrawn', 'replaced', 'void')",
            name=op.f("ck_override_state_known"),
        ),
        sa.CheckConstraint("reason <> ''", name=op.f("ck_override_reasoned")),
        sa.CheckConstraint(
            "second_person_id IS NULL OR second_person_id <> first_person_id", name=op.f("ck_override_two_people")
        ),
        sa.CheckConstraint(
            "state NOT IN ('confirmed', 'refused', 'replaced') OR second_person_id IS NOT NULL",
            name=op.f("ck_override_second_person"),
        ),
        sa.CheckConstraint("state <> 'refused' OR note <> ''", name=op.f("ck_override_refusal_reasoned")),
        sa.ForeignKeyConstraint(["first_by"], ["account.id"], name=op.f("fk_override_first_by_account")),
        sa.ForeignKeyConstraint(["second_by"], ["account.id"], name=op.f("fk_override_second_by_account")),
        sa.ForeignKeyConstraint(
            ["verification_id"], ["verification.id"], name=op.f("fk_override_verification_id_verification")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_override")),
        sa.UniqueConstraint("verification_id", "no", name=op.f("uq_override_verification_id_no")),
    )
    for state in ("proposed", "confirmed"):
        op.create_index(
            f"uq_override_{state}",
            TABLE,
            ["verification_id", "indicator"],
            unique=True,
            sqlite_where=sa.text(f"state = '{state}'"),
            postgresql_where=sa.text(f"state = '{state}'"),
        )


def downgrade() -> None:
    for state in ("proposed", "confirmed"):
        op.drop_index(
            f"uq_override_{state}",
            table_name=TABLE,
            sqlite_where=sa.text(f"state = '{state}'"),
            postgresql_where=sa.text(f"state = '{state}'"),
        )
    op.drop_table(TABLE)
