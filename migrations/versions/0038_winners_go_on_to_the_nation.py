"""a nomination of the national award names the winner of the province that it comes from, once

Revision ID: 0038
Revises: 0037
Create Date: 2026-11-21 17:40:00
"""

from alembic import op

revision = "0038"
down_revision = "0037"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # Written out, because a reference that comes with its column needs no new table on SQLite.
    op.execute(
        "ALTER TABLE nomination ADD COLUMN fed_from_id INTEGER "
        "CONSTRAINT fk_nomination_fed_from_id_nomination REFERENCES nomination (id) "
        "CONSTRAINT ck_nomination_not_fed_by_itself CHECK (fed_from_id <> id)"
    )
    op.create_index("uq_nomination_fed_from_id", "nomination", ["fed_from_id"], unique=True)


def downgrade() -> None:
    op.drop_index("uq_nomination_fed_from_id", table_name="nomination")
    op.drop_column("nomination", "fed_from_id")
