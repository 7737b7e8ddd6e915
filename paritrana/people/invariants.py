"""What must hold of invitations and links: every one is told by its events, and an accepted one gave its role."""

from collections.abc import Iterator

from sqlalchemy import and_, select

from paritrana.accounts.models import RoleGrant
from paritrana.audit.invariants import in_order, stream, told
from paritrana.core.invariants import Broken, Check, Stored, latest, replay, replayed
from paritrana.database import db
from paritrana.people import service
from paritrana.people.models import AccountLink, Invitation


def _invitations() -> Iterator[Broken]:
    statement = select(Invitation).order_by(in_order(Invitation.ref))
    rows = (Stored(one.ref, (), service.told_of_invitation(one)) for one in db.session.scalars(statement))
    events = told(*(f"invitation.{step}" for step in ("sent", "used", "withdrawn")))
    yield from replay("invitation", "invitation", events, rows, latest())


def _links() -> Iterator[Broken]:
    statement = select(AccountLink).order_by(in_order(AccountLink.ref))
    rows = (Stored(one.ref, (), service.told_of_link(one)) for one in db.session.scalars(statement))
    events = told(*(f"link.{step}" for step in ("sent", "used", "withdrawn")))
    yield from replay("account_link", "link of an account", events, rows, latest())


def _used() -> Iterator[Broken]:
    """Whoever accepted got the role that was offered, and no other organisation or cycle."""
    same = and_(
        RoleGrant.account_id == Invitation.account_id,
        RoleGrant.role == Invitation.role,
        RoleGrant.organisation_id.is_not_distinct_from(Invitation.organisation_id),
        RoleGrant.cycle_id.is_not_distinct_from(Invitation.cycle_id),
    )
    statement = (
        select(Invitation.ref)
        .outerjoin(RoleGrant, same)
        .where(Invitation.state == "used", RoleGrant.id.is_(None))
        .order_by(Invitation.id)
    )
    for (ref,) in stream(statement):
        yield Broken("invitation.role", ref, "The invitation was accepted, and its role was not given.")


CHECKS = (
    Check(replayed("invitation", "invitation"), _invitations),
    Check(replayed("account_link", "link of an account"), _links),
    Check({"invitation.role": "Every accepted invitation gave its role to who accepted it."}, _used),
)
