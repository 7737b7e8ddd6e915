"""certificates are templates, papers and batches; names are spelt; every kind stands in the register

Revision ID: 0040
Revises: 0036
Create Date: 2026-11-21 21:20:00
"""

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from alembic import op

from paritrana.audit.triggers import append_only
from paritrana.cycles.rehearsals import without_rehearsals
from paritrana.database import Document, UtcDateTime

revision = "0040"
down_revision = "0036"
branch_labels = None
depends_on = None

KINDS = "kind IN ('winner', 'finalist', 'participant', 'thanks', 'minutes')"
ONLY_GROW = (
    "certificate_template_version", "certificate_image", "name_confirmation", "certificate_paper", "certificate_print",
)  # fmt: skip
CHECKS = {
    "kind_known": KINDS,
    "winner_has_award": "(kind = 'winner') = (award_id IS NOT NULL)",
    "winner_has_rank": "(kind = 'winner') = (rank IS NOT NULL)",
    "candidate_named": "(kind IN ('winner', 'finalist', 'participant')) = (nomination_id IS NOT NULL)",
    "ended_has_time": "(status = 'valid') = (status_at IS NULL)",
}


def upgrade() -> None:
    """Make the tables, and give every certificate of before the facts that stood in other rows."""
    _make_tables()
    with op.batch_alter_table("certificate") as certificate:
        certificate.add_column(sa.Column("kind", sa.Text(), nullable=False, server_default="winner"))
        certificate.add_column(sa.Column("basis", sa.Text(), nullable=True))
        certificate.add_column(sa.Column("nomination_id", sa.Integer(), nullable=True))
        certificate.add_column(sa.Column("context", Document(), nullable=True))
        certificate.add_column(sa.Column("template_version_id", sa.Integer(), nullable=True))
        certificate.add_column(sa.Column("batch_id", sa.Integer(), nullable=True))
        certificate.add_column(sa.Column("payload", sa.Text(), nullable=False, server_default=""))
        certificate.alter_column("award_id", existing_type=sa.Integer(), nullable=True)
        certificate.alter_column("rank", existing_type=sa.Integer(), nullable=True)
    _fill_in()
    with op.batch_alter_table("certificate") as certificate:
        certificate.alter_column("kind", existing_type=sa.Text(), server_default=None)
        certificate.alter_column("payload", existing_type=sa.Text(), server_default=None)
        certificate.alter_column("basis", existing_type=sa.Text(), nullable=False)
        certificate.alter_column("context", existing_type=Document(), nullable=False)
        certificate.create_unique_constraint(
            op.f("uq_certificate_category_id_kind_basis_version_no"), ["category_id", "kind", "basis", "version_no"]
        )
        certificate.create_foreign_key(
            op.f("fk_certificate_batch_id_certificate_batch"), "certificate_batch", ["batch_id"], ["id"]
        )
        certificate.create_foreign_key(
            op.f("fk_certificate_nomination_id_nomination"), "nomination", ["nomination_id"], ["id"]
        )
        certificate.create_foreign_key(
            op.f("fk_certificate_template_version_id_certificate_template_version"),
            "certificate_template_version", ["template_version_id"], ["id"],
        )  # fmt: skip
        for name, said in CHECKS.items():
            certificate.create_check_constraint(op.f(f"ck_certificate_{name}"), said)
    op.create_index(op.f("ix_certificate_nomination_id"), "certificate", ["nomination_id"])
    _make_tables_of_papers()
    _guard_again()
    for table in ONLY_GROW:
        for statement in append_only(table)[op.get_context().dialect.name]:
            op.execute(statement)
    for statement in without_rehearsals("certificate_batch_item")[op.get_context().dialect.name]:
        op.execute(statement)


def downgrade() -> None:
    """Take the tables away. What is no winner's had no place in the register of before."""
    for table in ("certificate_batch_item", "certificate_print", "certificate_paper"):
        op.drop_table(table)
    op.drop_index(op.f("ix_certificate_nomination_id"), table_name="certificate")
    op.execute("DELETE FROM certificate WHERE kind <> 'winner'")
    with op.batch_alter_table("certificate") as certificate:
        for name in CHECKS:
            certificate.drop_constraint(op.f(f"ck_certificate_{name}"), type_="check")
        for column, table in (
            ("batch_id", "certificate_batch"), ("nomination_id", "nomination"),
            ("template_version_id", "certificate_template_version"),
        ):  # fmt: skip
            certificate.drop_constraint(op.f(f"fk_certificate_{column}_{table}"), type_="foreignkey")
        certificate.drop_constraint(op.f("uq_certificate_category_id_kind_basis_version_no"), type_="unique")
        for column in ("kind", "basis", "nomination_id", "context", "template_version_id", "batch_id", "payload"):
            certificate.drop_column(column)
        certificate.alter_column("award_id", existing_type=sa.Integer(), nullable=False)
        certificate.alter_column("rank", existing_type=sa.Integer(), nullable=False)
    _guard_again()
    for table in (
        "printed_name", "name_confirmation", "certificate_batch", "certificate_template_version",
        "certificate_template", "certificate_image",
    ):  # fmt: skip
        op.drop_table(table)


def _guard_again() -> None:
    """Rehearsals stay out, as before: SQLite made the table anew, without its triggers."""
    if op.get_bind().dialect.name == "sqlite":
        for statement in without_rehearsals("certificate")["sqlite"]:
            op.execute(statement)


def _fill_in() -> None:
    """The facts around each award, from the rows that they stood in, and who holds it."""
    bind = op.get_bind()
    certificate = sa.table(
        "certificate", sa.column("id", sa.Integer), sa.column("award_id", sa.Integer), sa.column("basis", sa.Text),
        sa.column("nomination_id", sa.Integer), sa.column("category_id", sa.Integer),
        sa.column("cycle_id", sa.Integer), sa.column("context", Document), sa.column("issued_at", UtcDateTime),
    )  # fmt: skip
    award = sa.table("award", sa.column("id", sa.Integer), sa.column("nomination_id", sa.Integer))
    nomination = sa.table("nomination", sa.column("id", sa.Integer), sa.column("ref", sa.Text))
    category = sa.table("category", sa.column("id"), sa.column("title_id"), sa.column("title_en"))
    cycle = sa.table(
        "cycle", *(sa.column(name) for name in ("id", "title_id", "title_en", "assessment_year", "edition_label",
                                                "decree", "timezone", "kind")),
    )  # fmt: skip
    rows = bind.execute(
        sa.select(
            certificate.c.id, certificate.c.issued_at, nomination.c.id.label("nomination_id"), nomination.c.ref,
            category.c.title_id.label("category_id"), category.c.title_en.label("category_en"),
            cycle.c.title_id, cycle.c.title_en, cycle.c.assessment_year, cycle.c.edition_label, cycle.c.decree,
            cycle.c.timezone, cycle.c.kind,
        )
        .join_from(certificate, award, award.c.id == certificate.c.award_id)
        .join(nomination, nomination.c.id == award.c.nomination_id)
        .join(category, category.c.id == certificate.c.category_id)
        .join(cycle, cycle.c.id == certificate.c.cycle_id)
    ).all()  # fmt: skip
    for row in rows:
        changed = certificate.update().where(certificate.c.id == row.id)
        bind.execute(
            changed.values(basis=row.ref, nomination_id=row.nomination_id, context=_context(row, row.issued_at))
        )


def _context(row: Any, issued_at: datetime) -> dict[str, Any]:
    return {
        "category": {"id": row.category_id, "en": row.category_en},
        "cycle": {"id": row.title_id, "en": row.title_en},
        "year": row.assessment_year,
        "edition": row.edition_label,
        "decree": row.decree or "",
        "issued_on": issued_at.astimezone(ZoneInfo(row.timezone)).date().isoformat(),
        "simulated": row.kind == "simulated",
    }


def _make_tables() -> None:
    op.create_table(
        "certificate_image",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("cycle_id", sa.Integer(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("media_type", sa.Text(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.Column("width", sa.Integer(), nullable=False),
        sa.Column("height", sa.Integer(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("added_at", UtcDateTime(timezone=True), nullable=False),
        sa.Column("added_by", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "media_type IN ('image/png', 'image/jpeg')", name=op.f("ck_certificate_image_media_type_known")
        ),
        sa.CheckConstraint("width >= 1 AND height >= 1", name=op.f("ck_certificate_image_size_positive")),
        sa.ForeignKeyConstraint(["added_by"], ["account.id"], name=op.f("fk_certificate_image_added_by_account")),
        sa.ForeignKeyConstraint(["cycle_id"], ["cycle.id"], name=op.f("fk_certificate_image_cycle_id_cycle")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_certificate_image")),
        sa.UniqueConstraint("cycle_id", "sha256", name=op.f("uq_certificate_image_cycle_id_sha256")),
    )
    op.create_table(
        "certificate_template",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("ref", sa.Text(), nullable=False),
        sa.Column("cycle_id", sa.Integer(), nullable=True),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("title_id", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint(KINDS, name=op.f("ck_certificate_template_kind_known")),
        sa.ForeignKeyConstraint(["cycle_id"], ["cycle.id"], name=op.f("fk_certificate_template_cycle_id_cycle")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_certificate_template")),
        sa.UniqueConstraint(
            "cycle_id", "kind", "title_id", name=op.f("uq_certificate_template_cycle_id_kind_title_id")
        ),
        sa.UniqueConstraint("ref", name=op.f("uq_certificate_template_ref")),
    )
    op.create_index(
        "uq_certificate_template_delivered",
        "certificate_template",
        ["kind", "title_id"],
        unique=True,
        sqlite_where=sa.text("cycle_id IS NULL"),
        postgresql_where=sa.text("cycle_id IS NULL"),
    )
    op.create_table(
        "certificate_template_version",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("template_id", sa.Integer(), nullable=False),
        sa.Column("no", sa.Integer(), nullable=False),
        sa.Column("document", Document(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("made_at", UtcDateTime(timezone=True), nullable=False),
        sa.Column("made_by", sa.Integer(), nullable=True),
        sa.CheckConstraint("no >= 1", name=op.f("ck_certificate_template_version_no_positive")),
        sa.ForeignKeyConstraint(
            ["made_by"], ["account.id"], name=op.f("fk_certificate_template_version_made_by_account")
        ),
        sa.ForeignKeyConstraint(
            ["template_id"], ["certificate_template.id"], name="fk_certificate_template_version_template"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_certificate_template_version")),
        sa.UniqueConstraint("template_id", "no", name=op.f("uq_certificate_template_version_template_id_no")),
    )
    op.create_table(
        "certificate_batch",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("ref", sa.Text(), nullable=False),
        sa.Column("cycle_id", sa.Integer(), nullable=False),
        sa.Column("kinds", Document(), nullable=False),
        sa.Column("categories", Document(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("proposal_id", sa.Integer(), nullable=True),
        sa.Column("asked_by", sa.Integer(), nullable=False),
        sa.Column("asked_at", UtcDateTime(timezone=True), nullable=False),
        sa.Column("job_ref", sa.Text(), nullable=False),
        sa.Column("ended_at", UtcDateTime(timezone=True), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["asked_by"], ["account.id"], name=op.f("fk_certificate_batch_asked_by_account")),
        sa.ForeignKeyConstraint(["cycle_id"], ["cycle.id"], name=op.f("fk_certificate_batch_cycle_id_cycle")),
        sa.ForeignKeyConstraint(
            ["proposal_id"], ["proposal.id"], name=op.f("fk_certificate_batch_proposal_id_proposal")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_certificate_batch")),
        sa.UniqueConstraint("ref", name=op.f("uq_certificate_batch_ref")),
    )
    op.create_index(op.f("ix_certificate_batch_cycle_id"), "certificate_batch", ["cycle_id"], unique=False)
    op.create_table(
        "name_confirmation",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("nomination_id", sa.Integer(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("said_at", UtcDateTime(timezone=True), nullable=False),
        sa.Column("said_by", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["nomination_id"], ["nomination.id"], name=op.f("fk_name_confirmation_nomination_id_nomination")
        ),
        sa.ForeignKeyConstraint(["said_by"], ["account.id"], name=op.f("fk_name_confirmation_said_by_account")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_name_confirmation")),
    )
    op.create_index(op.f("ix_name_confirmation_nomination_id"), "name_confirmation", ["nomination_id"], unique=False)
    op.create_table(
        "printed_name",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("nomination_id", sa.Integer(), nullable=False),
        sa.Column("no", sa.Integer(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("said_at", UtcDateTime(timezone=True), nullable=False),
        sa.Column("said_by", sa.Integer(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("answered_at", UtcDateTime(timezone=True), nullable=True),
        sa.Column("answered_by", sa.Integer(), nullable=True),
        sa.Column("answer", sa.Text(), nullable=False),
        sa.CheckConstraint(
            "(state IN ('accepted', 'declined')) = (answered_at IS NOT NULL)",
            name=op.f("ck_printed_name_answered_has_time"),
        ),
        sa.CheckConstraint(
            "state IN ('asked', 'accepted', 'declined', 'withdrawn')", name=op.f("ck_printed_name_state_known")
        ),
        sa.CheckConstraint("text <> ''", name=op.f("ck_printed_name_text_there")),
        sa.CheckConstraint(
            "(answered_at IS NULL) = (answered_by IS NULL)", name=op.f("ck_printed_name_answered_by_somebody")
        ),
        sa.CheckConstraint("no >= 1", name=op.f("ck_printed_name_no_positive")),
        sa.ForeignKeyConstraint(["answered_by"], ["account.id"], name=op.f("fk_printed_name_answered_by_account")),
        sa.ForeignKeyConstraint(
            ["nomination_id"], ["nomination.id"], name=op.f("fk_printed_name_nomination_id_nomination")
        ),
        sa.ForeignKeyConstraint(["said_by"], ["account.id"], name=op.f("fk_printed_name_said_by_account")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_printed_name")),
        sa.UniqueConstraint("nomination_id", "no", name=op.f("uq_printed_name_nomination_id_no")),
    )
    op.create_index(
        "uq_printed_name_asked",
        "printed_name",
        ["nomination_id"],
        unique=True,
        sqlite_where=sa.text("state = 'asked'"),
        postgresql_where=sa.text("state = 'asked'"),
    )


def _make_tables_of_papers() -> None:
    op.create_table(
        "certificate_batch_item",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("batch_id", sa.Integer(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("category_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("basis", sa.Text(), nullable=False),
        sa.Column("certificate_id", sa.Integer(), nullable=True),
        sa.Column("problem", Document(), nullable=True),
        sa.CheckConstraint(KINDS, name=op.f("ck_certificate_batch_item_kind_known")),
        sa.CheckConstraint("position >= 1", name=op.f("ck_certificate_batch_item_position_positive")),
        sa.ForeignKeyConstraint(
            ["batch_id"], ["certificate_batch.id"], name=op.f("fk_certificate_batch_item_batch_id_certificate_batch")
        ),
        sa.ForeignKeyConstraint(
            ["category_id"], ["category.id"], name=op.f("fk_certificate_batch_item_category_id_category")
        ),
        sa.ForeignKeyConstraint(
            ["certificate_id"], ["certificate.id"], name=op.f("fk_certificate_batch_item_certificate_id_certificate")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_certificate_batch_item")),
        sa.UniqueConstraint(
            "batch_id",
            "category_id",
            "kind",
            "basis",
            name=op.f("uq_certificate_batch_item_batch_id_category_id_kind_basis"),
        ),
        sa.UniqueConstraint("batch_id", "position", name=op.f("uq_certificate_batch_item_batch_id_position")),
        sa.UniqueConstraint("certificate_id", name=op.f("uq_certificate_batch_item_certificate_id")),
    )
    op.create_table(
        "certificate_paper",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("certificate_id", sa.Integer(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.Column("fingerprint", sa.Text(), nullable=False),
        sa.Column("signed_at", UtcDateTime(timezone=True), nullable=False),
        sa.CheckConstraint("size >= 1", name=op.f("ck_certificate_paper_size_positive")),
        sa.ForeignKeyConstraint(
            ["certificate_id"], ["certificate.id"], name=op.f("fk_certificate_paper_certificate_id_certificate")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_certificate_paper")),
        sa.UniqueConstraint("certificate_id", name=op.f("uq_certificate_paper_certificate_id")),
        sa.UniqueConstraint("sha256", name=op.f("uq_certificate_paper_sha256")),
    )
    op.create_table(
        "certificate_print",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("certificate_id", sa.Integer(), nullable=False),
        sa.Column("no", sa.Integer(), nullable=False),
        sa.Column("how", sa.Text(), nullable=False),
        sa.Column("printed_at", UtcDateTime(timezone=True), nullable=False),
        sa.Column("printed_by", sa.Integer(), nullable=False),
        sa.CheckConstraint("how IN ('file', 'zip', 'merged')", name=op.f("ck_certificate_print_how_known")),
        sa.CheckConstraint("no >= 1", name=op.f("ck_certificate_print_no_positive")),
        sa.ForeignKeyConstraint(
            ["certificate_id"], ["certificate.id"], name=op.f("fk_certificate_print_certificate_id_certificate")
        ),
        sa.ForeignKeyConstraint(["printed_by"], ["account.id"], name=op.f("fk_certificate_print_printed_by_account")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_certificate_print")),
        sa.UniqueConstraint("certificate_id", "no", name=op.f("uq_certificate_print_certificate_id_no")),
    )
