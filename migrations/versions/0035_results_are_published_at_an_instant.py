"""a result is published at an instant, may be recalled before it, and is corrected by a later version

Revision ID: 0035
Revises: 0032
Create Date: 2026-11-21 17:40:00
"""

import sqlalchemy as sa
from alembic import op

from paritrana.audit.triggers import append_only
from paritrana.database import UtcDateTime

revision = "0035"
down_revision = "0032"
branch_labels = None
depends_on = None

RECALL = "publication_recall"
PUBLISHED_SO_FAR = """
UPDATE category SET publishes_at = (
    SELECT MIN(published_at) FROM publication WHERE publication.category_id = category.id AND source_key IS NULL
)
"""


def upgrade() -> None:
    op.add_column("category", sa.Column("publishes_at", UtcDateTime(timezone=True), nullable=True))
    op.execute(PUBLISHED_SO_FAR)
    op.add_column("publication", sa.Column("replaces_no", sa.Integer(), nullable=True))
    op.add_column("publication", sa.Column("reason", sa.Text(), nullable=True))
    op.create_table(
        RECALL,
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("publication_id", sa.Integer(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("recalled_at", UtcDateTime(timezone=True), nullable=False),
        sa.Column("proposed_by", sa.Integer(), nullable=False),
        sa.Column("confirmed_by", sa.Integer(), nullable=False),
        sa.CheckConstraint("reason <> ''", name=op.f("ck_publication_recall_reasoned")),
        sa.ForeignKeyConstraint(
            ["publication_id"], ["publication.id"], name=op.f("fk_publication_recall_publication_id_publication")
        ),
        sa.ForeignKeyConstraint(
            ["proposed_by"], ["account.id"], name=op.f("fk_publication_recall_proposed_by_account")
        ),
        sa.ForeignKeyConstraint(
            ["confirmed_by"], ["account.id"], name=op.f("fk_publication_recall_confirmed_by_account")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_publication_recall")),
        sa.UniqueConstraint("publication_id", name=op.f("uq_publication_recall_publication_id")),
    )
    for statement in append_only(RECALL)[op.get_context().dialect.name]:
        op.execute(statement)


def downgrade() -> None:
    op.drop_table(RECALL)
    for column in ("reason", "replaces_no"):
        op.drop_column("publication", column)
    op.drop_column("category", "publishes_at")
