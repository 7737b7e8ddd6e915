"""files are announced before their bytes

Revision ID: 0004
Revises: 0006
Create Date: 2026-11-21 08:15:00
"""

import sqlalchemy as sa
from alembic import op

from paritrana.database import UtcDateTime

revision = "0004"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "file_declaration",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("ref", sa.Text(), nullable=False),
        sa.Column("nomination_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("requirement", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("declared_at", UtcDateTime(timezone=True), nullable=False),
        sa.Column("expires_at", UtcDateTime(timezone=True), nullable=False),
        sa.Column("declared_by", sa.Integer(), nullable=False),
        sa.Column("declared_by_name", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("attachment_no", sa.Integer(), nullable=True),
        sa.CheckConstraint("state IN ('open', 'done', 'ended')", name=op.f("ck_file_declaration_state_known")),
        sa.CheckConstraint("size > 0", name=op.f("ck_file_declaration_size_positive")),
        sa.CheckConstraint("length(sha256) = 64", name=op.f("ck_file_declaration_sha256_length")),
        sa.CheckConstraint(
            "(state = 'done') = (attachment_no IS NOT NULL)", name=op.f("ck_file_declaration_done_has_document")
        ),
        sa.ForeignKeyConstraint(
            ["nomination_id"], ["nomination.id"], name=op.f("fk_file_declaration_nomination_id_nomination")
        ),
        sa.ForeignKeyConstraint(["declared_by"], ["account.id"], name=op.f("fk_file_declaration_declared_by_account")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_file_declaration")),
        sa.UniqueConstraint("ref", name=op.f("uq_file_declaration_ref")),
    )
    op.create_index("ix_file_declaration_nomination_id", "file_declaration", ["nomination_id"])
    op.create_index(
        "uq_file_declaration_open",
        "file_declaration",
        ["nomination_id", "kind", "requirement", "sha256"],
        unique=True,
        sqlite_where=sa.text("state = 'open'"),
        postgresql_where=sa.text("state = 'open'"),
    )
    op.add_column("attachment", sa.Column("declared_at", UtcDateTime(timezone=True), nullable=True))


def downgrade() -> None:
    op.execute("ALTER TABLE attachment DROP COLUMN declared_at")
    op.drop_table("file_declaration")
