"""how long things are kept, and what was destroyed

Revision ID: 0046
Revises: 0045
Create Date: 2026-11-22 00:47:00
"""

import sqlalchemy as sa
from alembic import op

from paritrana.audit.triggers import append_only
from paritrana.database import Document, UtcDateTime

revision = "0046"
down_revision = "0045"
branch_labels = None
depends_on = None

# An address that a message was tried at goes once, and nothing else of the row changes.
ADDRESS_GONE = (
    "NEW.id = OLD.id AND NEW.message_id = OLD.message_id AND NEW.no = OLD.no AND NEW.outcome = OLD.outcome "
    "AND OLD.address <> '' AND NEW.address = '' AND NEW.answer = ''"
)


def upgrade() -> None:
    op.create_table(
        "retention_rule",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("days", sa.Integer(), nullable=False),
        sa.Column("basis", sa.Text(), nullable=False),
        sa.Column("set_at", UtcDateTime(timezone=True), nullable=False),
        sa.Column("request_ref", sa.Text(), nullable=False),
        sa.CheckConstraint("version >= 1", name=op.f("ck_retention_rule_version_positive")),
        sa.CheckConstraint("days >= 1", name=op.f("ck_retention_rule_days_positive")),
        sa.CheckConstraint("basis <> ''", name=op.f("ck_retention_rule_has_basis")),
        sa.ForeignKeyConstraint(
            ["request_ref"], ["staff_request.ref"], name=op.f("fk_retention_rule_request_ref_staff_request")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_retention_rule")),
        sa.UniqueConstraint("kind", "version", name=op.f("uq_retention_rule_kind_version")),
        sa.UniqueConstraint("request_ref", name=op.f("uq_retention_rule_request_ref")),
    )
    op.create_table(
        "destruction",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("ref", sa.Text(), nullable=False),
        sa.Column("request_ref", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("rule_version", sa.Integer(), nullable=False),
        sa.Column("days", sa.Integer(), nullable=False),
        sa.Column("basis", sa.Text(), nullable=False),
        sa.Column("destroyed_at", UtcDateTime(timezone=True), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("bytes", sa.BigInteger(), nullable=False),
        sa.Column("items", Document(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.CheckConstraint("count >= 1", name=op.f("ck_destruction_count_positive")),
        sa.CheckConstraint("bytes >= 0", name=op.f("ck_destruction_bytes_not_negative")),
        sa.CheckConstraint("length(digest) = 64", name=op.f("ck_destruction_digest_length")),
        sa.ForeignKeyConstraint(
            ["request_ref"], ["staff_request.ref"], name=op.f("fk_destruction_request_ref_staff_request")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_destruction")),
        sa.UniqueConstraint("ref", name=op.f("uq_destruction_ref")),
        sa.UniqueConstraint("request_ref", "kind", name=op.f("uq_destruction_request_ref_kind")),
    )
    op.create_table(
        "erasure",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("ref", sa.Text(), nullable=False),
        sa.Column("request_ref", sa.Text(), nullable=False),
        sa.Column("account_ref", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("erased_at", UtcDateTime(timezone=True), nullable=False),
        sa.Column("erased", Document(), nullable=False),
        sa.Column("kept", Document(), nullable=False),
        sa.CheckConstraint("reason <> ''", name=op.f("ck_erasure_has_reason")),
        sa.ForeignKeyConstraint(
            ["request_ref"], ["staff_request.ref"], name=op.f("fk_erasure_request_ref_staff_request")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_erasure")),
        sa.UniqueConstraint("ref", name=op.f("uq_erasure_ref")),
        sa.UniqueConstraint("request_ref", name=op.f("uq_erasure_request_ref")),
    )
    op.add_column("blob", sa.Column("destroyed_at", UtcDateTime(timezone=True), nullable=True))
    op.add_column("person", sa.Column("identity_hash", sa.Text(), nullable=True))
    op.add_column("person", sa.Column("identity_key", sa.Text(), nullable=True))
    op.create_index("uq_person_identity", "person", ["identity_key", "identity_hash"], unique=True)
    dialect = op.get_bind().dialect.name
    for table in ("destruction", "erasure"):
        for statement in append_only(table)[dialect]:
            op.execute(statement)
    _guard_attempts(dialect, ADDRESS_GONE)


def downgrade() -> None:
    _guard_attempts(op.get_bind().dialect.name, None)
    op.drop_index("uq_person_identity", "person")
    op.drop_column("person", "identity_key")
    op.drop_column("person", "identity_hash")
    op.drop_column("blob", "destroyed_at")
    op.drop_table("erasure")
    op.drop_table("destruction")
    op.drop_table("retention_rule")


def _guard_attempts(dialect: str, unless: str | None) -> None:
    """The trigger on changes of attempts, with another condition."""
    name = "message_attempt_append_only_update"
    op.execute(f"DROP TRIGGER {name}" + (" ON message_attempt" if dialect == "postgresql" else ""))
    for statement in append_only("message_attempt", unless=unless)[dialect]:
        if statement.startswith(f"CREATE TRIGGER {name} "):
            op.execute(statement)
