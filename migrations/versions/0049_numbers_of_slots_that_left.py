"""the highest number of a slot that went to another day

A slot's number is part of its address, which is never given to another slot of the same day; the number of one that
moved away was forgotten.

Revision ID: 0049
Revises: 0048
Create Date: 2026-11-22 16:40:00
"""

import sqlalchemy as sa
from alembic import op

revision = "0049"
down_revision = "0048"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("interview_day", sa.Column("left_no", sa.Integer(), nullable=False, server_default="0"))


def downgrade() -> None:
    op.drop_column("interview_day", "left_no")
