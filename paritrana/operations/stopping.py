"""The act of two people that ends a read-only time."""

from datetime import datetime
from typing import Final

from sqlalchemy import select

from paritrana.accounts.models import StaffRequest
from paritrana.accounts.requests import StaffAct
from paritrana.audit import halt
from paritrana.core.errors import NotFound
from paritrana.core.policy import Act, Actor
from paritrana.core.words import N_
from paritrana.database import db


def _carry_out(request: StaffRequest, actor: Actor, at: datetime) -> None:
    found = db.session.scalars(select(halt.Halt).where(halt.Halt.ref == request.subject_ref)).one()
    halt.lift(found, actor=actor, at=at)


LIFT: Final = StaffAct("lift_halt", N_("Allow changes again"), Act.SET_READ_ONLY, _carry_out)


def waiting_lift() -> StaffRequest | None:
    """The request to allow changes again that waits for its second person (one statement)."""
    return db.session.scalars(
        select(StaffRequest)
        .join(halt.Halt, halt.Halt.ref == StaffRequest.subject_ref)
        .where(StaffRequest.kind == LIFT.name, StaffRequest.state == "waiting", halt.Halt.standing)
    ).one_or_none()


def get_lift(lift: str) -> StaffRequest:
    """A request to allow changes again. Raises `NotFound`."""
    found = db.session.scalars(
        select(StaffRequest).where(StaffRequest.kind == LIFT.name, StaffRequest.ref == lift)
    ).one_or_none()
    if found is None:
        raise NotFound(lift)
    return found
