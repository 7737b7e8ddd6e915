"""the numbers of slots that went to another day before 0049 counted them, as the events tell them

Revision ID: 0050
Revises: 0049
Create Date: 2026-11-22 19:30:00
"""

import json

import sqlalchemy as sa
from alembic import op

revision = "0050"
down_revision = "0049"
branch_labels = None
depends_on = None

EVENT = sa.table("event", sa.column("stream"), sa.column("seq"), sa.column("kind"), sa.column("object_ref"))
BODY = sa.table("event_body", sa.column("stream"), sa.column("seq"), sa.column("body"))
DAY = sa.table("interview_day", sa.column("code"), sa.column("left_no"))


def upgrade() -> None:
    connection, left = op.get_bind(), {}
    told = (
        sa.select(EVENT.c.object_ref, BODY.c.body)
        .join(BODY, sa.and_(BODY.c.stream == EVENT.c.stream, BODY.c.seq == EVENT.c.seq))
        .where(EVENT.c.kind.in_(("session.planned", "session.moved")), BODY.c.body.is_not(None))
        .order_by(EVENT.c.object_ref, EVENT.c.stream, EVENT.c.seq)
    )
    slot, place = "", ("", 0)
    for ref, body in connection.execute(told):
        try:
            values = json.loads(body)["values"]
            day, no = str(values["day"]), int(values["no"])
        except (ValueError, TypeError, KeyError):  # tampered with: `paritrana check` tells that, the upgrade goes on
            slot = ""
            continue
        before, place = place if ref == slot else ("", 0), (day, no)
        if before[0] not in ("", day):
            left[before[0]] = max(left.get(before[0], 0), before[1])
        slot = ref
    for code, highest in left.items():
        rises = sa.update(DAY).where(DAY.c.code == code, DAY.c.left_no < highest)
        connection.execute(rises.values(left_no=highest))


def downgrade() -> None:
    """The numbers stay: they are the days' own."""
