"""rubric versions are built on pages, and their rows say everything their file says

Revision ID: 0031
Revises: 0030
Create Date: 2026-11-21 14:00:00
"""

import hashlib
import json
from typing import Any

import sqlalchemy as sa
from alembic import op

import paritrana.database
from paritrana.config import data_folder

revision = "0031"
down_revision = "0030"
branch_labels = None
depends_on = None


def upgrade() -> None:
    document = paritrana.database.Document()
    # Written out, because a reference that comes with its column needs no new table on SQLite.
    op.execute(
        "ALTER TABLE rubric_version ADD COLUMN cycle_id INTEGER "
        "CONSTRAINT fk_rubric_version_cycle_id_cycle REFERENCES cycle (id)"
    )
    op.add_column("rubric_version", sa.Column("note_id", sa.Text(), nullable=True))
    op.add_column("rubric_version", sa.Column("note_en", sa.Text(), nullable=True))
    op.add_column("rubric_version", sa.Column("changed_by_name", sa.Text(), nullable=True))
    moment = paritrana.database.UtcDateTime(timezone=True)
    op.add_column("rubric_version", sa.Column("changed_at", moment, nullable=True))
    op.add_column("indicator", sa.Column("basis", sa.Text(), server_default="proposal", nullable=False))
    op.add_column("indicator", sa.Column("basis_sources", document, server_default="[]", nullable=False))
    _fill()


def _fill() -> None:
    """What the rows did not hold so far stands in the delivered files, where the digest tells that it is this one."""
    version = sa.table(
        "rubric_version", sa.column("id"), sa.column("digest"), sa.column("note_id"), sa.column("note_en")
    )
    indicator = sa.table(
        "indicator", sa.column("rubric_version_id"), sa.column("code"), sa.column("basis"),
        sa.column("basis_sources", paritrana.database.Document()),
    )  # fmt: skip
    connection = op.get_bind()
    stored = {row.digest: row.id for row in connection.execute(sa.select(version.c.id, version.c.digest))}
    for path in sorted((data_folder("seed") / "rubrics").glob("*.json")):
        form: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        written = json.dumps(form, ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False)
        number = stored.get(hashlib.sha256(written.encode()).hexdigest())
        if number is None:
            continue
        notes = {"note_id": form.get("note_id"), "note_en": form.get("note_en")}
        connection.execute(version.update().where(version.c.id == number).values(**notes))
        for one in form["indicators"]:
            mine = (indicator.c.rubric_version_id == number) & (indicator.c.code == one["code"])
            values = {"basis": one["basis"], "basis_sources": one["basis_sources"]}
            connection.execute(indicator.update().where(mine).values(**values))


def downgrade() -> None:
    op.drop_column("indicator", "basis_sources")
    op.drop_column("indicator", "basis")
    op.drop_column("rubric_version", "changed_at")
    op.drop_column("rubric_version", "changed_by_name")
    op.drop_column("rubric_version", "note_en")
    op.drop_column("rubric_version", "note_id")
    op.drop_column("rubric_version", "cycle_id")
