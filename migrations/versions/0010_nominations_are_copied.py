"""nominations are copied from an earlier cycle

Revision ID: 0010
Revises: 0008
Create Date: 2026-11-21 10:30:00
"""

from alembic import op

revision = "0010"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    document = "JSONB" if op.get_bind().dialect.name == "postgresql" else "JSON"
    op.execute(
        "ALTER TABLE nomination ADD COLUMN copied_from_id INTEGER "
        "CONSTRAINT fk_nomination_copied_from_id_nomination REFERENCES nomination (id) "
        "CONSTRAINT ck_nomination_not_its_own_copy CHECK (copied_from_id <> id)"
    )
    op.execute(f"ALTER TABLE evidence_item ADD COLUMN copied {document}")
    op.execute("ALTER TABLE attachment ADD COLUMN reused_year INTEGER")


def downgrade() -> None:
    op.execute("ALTER TABLE attachment DROP COLUMN reused_year")
    op.execute("ALTER TABLE evidence_item DROP COLUMN copied")
    op.execute("ALTER TABLE nomination DROP COLUMN copied_from_id")
