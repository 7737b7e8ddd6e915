"""field visits and their photos

Revision ID: 0008
Revises: 0004
Create Date: 2026-11-21 10:20:00
"""

import sqlalchemy as sa
from alembic import op

import paritrana.database
from paritrana.audit.triggers import append_only

revision = "0008"
down_revision = "0004"
branch_labels = None
depends_on = None

VISIT, PHOTO = "field_visit", "field_visit_photo"


def upgrade() -> None:
    op.create_table(
        VISIT,
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("verification_id", sa.Integer(), nullable=False),
        sa.Column("no", sa.Integer(), nullable=False),
        sa.Column("corrects_no", sa.Integer(), nullable=True),
        sa.Column("place", sa.Text(), nullable=False),
        sa.Column("visited_on", sa.Date(), nullable=False),
        sa.Column("offices", sa.Text(), nullable=False),
        sa.Column("seen", paritrana.database.Document(), nullable=False),
        sa.Column("recorded_by", sa.Integer(), nullable=False),
        sa.Column("recorded_by_name", sa.Text(), nullable=False),
        sa.Column("recorded_at", paritrana.database.UtcDateTime(timezone=True), nullable=False),
        sa.CheckConstraint("no >= 1", name=op.f("ck_field_visit_no_positive")),
        sa.CheckConstraint("corrects_no IS NULL OR corrects_no < no", name=op.f("ck_field_visit_corrects_earlier")),
        sa.CheckConstraint("place <> '' AND offices <> ''", name=op.f("ck_field_visit_says_where_and_whom")),
        sa.ForeignKeyConstraint(["recorded_by"], ["account.id"], name=op.f("fk_field_visit_recorded_by_account")),
        sa.ForeignKeyConstraint(
            ["verification_id"], ["verification.id"], name=op.f("fk_field_visit_verification_id_verification")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_field_visit")),
        sa.UniqueConstraint("verification_id", "corrects_no", name=op.f("uq_field_visit_verification_id_corrects_no")),
        sa.UniqueConstraint("verification_id", "no", name=op.f("uq_field_visit_verification_id_no")),
    )
    op.create_table(
        PHOTO,
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("visit_id", sa.Integer(), nullable=False),
        sa.Column("no", sa.Integer(), nullable=False),
        sa.Column("blob_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("shows", sa.Text(), nullable=False),
        sa.Column("added_by", sa.Integer(), nullable=False),
        sa.Column("added_by_name", sa.Text(), nullable=False),
        sa.Column("added_at", paritrana.database.UtcDateTime(timezone=True), nullable=False),
        sa.CheckConstraint("no >= 1", name=op.f("ck_field_visit_photo_no_positive")),
        sa.CheckConstraint("shows <> ''", name=op.f("ck_field_visit_photo_says_what_it_shows")),
        sa.ForeignKeyConstraint(["added_by"], ["account.id"], name=op.f("fk_field_visit_photo_added_by_account")),
        sa.ForeignKeyConstraint(["blob_id"], ["blob.id"], name=op.f("fk_field_visit_photo_blob_id_blob")),
        sa.ForeignKeyConstraint(
            ["visit_id"], ["field_visit.id"], name=op.f("fk_field_visit_photo_visit_id_field_visit")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_field_visit_photo")),
        sa.UniqueConstraint("visit_id", "blob_id", name=op.f("uq_field_visit_photo_visit_id_blob_id")),
        sa.UniqueConstraint("visit_id", "no", name=op.f("uq_field_visit_photo_visit_id_no")),
    )
    for table in (VISIT, PHOTO):
        for statement in append_only(table)[op.get_bind().dialect.name]:
            op.execute(statement)


def downgrade() -> None:
    op.drop_table(PHOTO)
    op.drop_table(VISIT)
