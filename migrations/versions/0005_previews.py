"""pictures of the pages of documents

Revision ID: 0005
Revises: 0003
Create Date: 2026-11-21 08:10:00
"""

import sqlalchemy as sa
from alembic import op

import paritrana.database

revision = "0005"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "rendering",
        sa.Column("blob_id", sa.Integer(), nullable=False),
        sa.Column("pages", sa.Integer(), nullable=False),
        sa.Column("shown", sa.Integer(), nullable=False),
        sa.Column("problem", sa.Text(), nullable=False),
        sa.Column("made_at", paritrana.database.UtcDateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "problem IN ('', 'no_pages', 'unreadable', 'locked', 'heavy', 'long')",
            name=op.f("ck_rendering_problem_known"),
        ),
        sa.CheckConstraint(
            "pages >= 0 AND shown >= 0 AND shown <= pages", name=op.f("ck_rendering_shown_within_pages")
        ),
        sa.CheckConstraint("problem <> '' OR shown = pages", name=op.f("ck_rendering_fewer_has_problem")),
        sa.ForeignKeyConstraint(["blob_id"], ["blob.id"], name=op.f("fk_rendering_blob_id_blob")),
        sa.PrimaryKeyConstraint("blob_id", name=op.f("pk_rendering")),
    )
    op.create_table(
        "preview",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("blob_id", sa.Integer(), nullable=False),
        sa.Column("page", sa.Integer(), nullable=False),
        sa.Column("width", sa.Integer(), nullable=False),
        sa.Column("height", sa.Integer(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.CheckConstraint("page >= 1", name=op.f("ck_preview_page_positive")),
        sa.CheckConstraint("width > 0 AND height > 0 AND size > 0", name=op.f("ck_preview_has_a_size")),
        sa.CheckConstraint("length(sha256) = 64", name=op.f("ck_preview_sha256_length")),
        sa.ForeignKeyConstraint(["blob_id"], ["rendering.blob_id"], name=op.f("fk_preview_blob_id_rendering")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_preview")),
        sa.UniqueConstraint("blob_id", "page", name=op.f("uq_preview_blob_id_page")),
    )


def downgrade() -> None:
    op.drop_table("preview")
    op.drop_table("rendering")
