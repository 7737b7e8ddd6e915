"""What the set-up asks of later rooms: who leads the panels."""

from collections.abc import Mapping, Sequence

from sqlalchemy import select

from paritrana.core.words import N_
from paritrana.cycles.models import Category
from paritrana.database import db
from paritrana.panels.models import Seat

LEADING: Mapping[str, str] = {"chair": N_("The panel has no chair."), "deputy": N_("The panel has no deputy chair.")}


def panel_gaps(categories: Sequence[Category]) -> Mapping[int, Sequence[str]]:
    """What the panels of these categories lack before they open, as message ids (one statement)."""
    rows = db.session.execute(
        select(Seat.category_id, Seat.role).where(
            Seat.category_id.in_([one.id for one in categories]), Seat.role.in_(LEADING), Seat.ended_at.is_(None)
        )
    ).all()
    seated = {(category_id, role) for category_id, role in rows}
    return {
        one.id: [message for role, message in LEADING.items() if (one.id, role) not in seated] for one in categories
    }
