"""Reading witnesses."""

from collections.abc import Sequence

from sqlalchemy import select

from paritrana.core.errors import NotFound
from paritrana.cycles.models import Cycle
from paritrana.database import db
from paritrana.inspection.models import Witness


def witnesses_of(cycle: Cycle) -> Sequence[Witness]:
    """The witnesses of a cycle that are told now, in the order they were added."""
    return db.session.scalars(
        select(Witness).where(Witness.cycle_id == cycle.id, Witness.ended_at.is_(None)).order_by(Witness.id)
    ).all()


def get_witness(witness: str) -> Witness:
    """The witness with this public reference. Raises `NotFound`."""
    found = db.session.scalars(select(Witness).where(Witness.ref == witness)).one_or_none()
    if found is None:
        raise NotFound(witness)
    return found
