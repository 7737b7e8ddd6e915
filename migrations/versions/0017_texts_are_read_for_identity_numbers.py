"""texts of files are read for identity numbers, and only their count is kept

Revision ID: 0017
Revises: 0007
Create Date: 2026-11-21 11:15:00
"""

from alembic import op

revision = "0017"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(
        "ALTER TABLE blob ADD COLUMN identity_numbers INTEGER "
        "CONSTRAINT ck_blob_identity_numbers_not_negative CHECK (identity_numbers >= 0)"
    )


def downgrade() -> None:
    op.execute("ALTER TABLE blob DROP COLUMN identity_numbers")
