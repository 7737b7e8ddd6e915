"""what a query needs to be kept inside its tenant

Every statement about a table of tenants gets a condition on the column that says whose a row is; these had no index.

Revision ID: 0048
Revises: 0047
Create Date: 2026-11-22 00:48:00
"""

from alembic import op

revision = "0048"
down_revision = "0047"
branch_labels = None
depends_on = None

COLUMNS = (
    ("award", "nomination_id"),
    ("calibration_mark", "account_id"),
    ("certificate_batch_item", "category_id"),
    ("declaration", "nomination_id"),
    ("interview_session", "category_id"),
    ("proposal", "category_id"),
    ("reopening", "sheet_id"),
)


def upgrade() -> None:
    for table, column in COLUMNS:
        op.create_index(f"ix_{table}_{column}", table, [column])


def downgrade() -> None:
    for table, column in COLUMNS:
        op.drop_index(f"ix_{table}_{column}", table)
