"""What must hold among persons: what they were granted, and that two of them acted where two have to."""

from collections.abc import Iterator

from sqlalchemy import and_, or_, select
from sqlalchemy.orm import aliased

from paritrana.accounts import service
from paritrana.accounts.models import Account, Device, RoleGrant
from paritrana.audit.invariants import in_order, stream, told
from paritrana.core.invariants import Broken, Check, Stored, latest, replay, replayed
from paritrana.cycles.models import Proposal
from paritrana.database import db


def _excluded() -> Iterator[Broken]:
    one, other, mine, theirs = aliased(RoleGrant), aliased(RoleGrant), aliased(Account), aliased(Account)
    alone = ("organiser", "auditor")
    pairs = (
        select(mine.ref, one.role, other.role.label("besides"))
        .select_from(one)
        .join(mine, mine.id == one.account_id)
        .join(theirs, theirs.person_id == mine.person_id)
        .join(other, and_(other.account_id == theirs.id, other.ended_at.is_(None), other.role != one.role))
        .where(
            one.ended_at.is_(None),
            or_(
                one.role.in_(("nominee", "administrator")),
                and_(one.role.in_(alone), other.cycle_id == one.cycle_id),
            ),
        )
        .order_by(mine.ref, one.role, other.role)
    )
    for ref, role, besides in stream(pairs):
        yield Broken("role.excluded", ref, f"The person is {role} and {besides} at once, which exclude each other.")


def _two_persons() -> Iterator[Broken]:
    """The persons of a proposal are those of its two accounts, and two."""
    proposer, confirmer = aliased(Account), aliased(Account)
    statement = (
        select(
            Proposal.ref, Proposal.state, Proposal.proposer_person_id, proposer.person_id.label("first"),
            Proposal.confirmer_person_id, confirmer.person_id.label("second"),
        )
        .select_from(Proposal)
        .join(proposer, proposer.id == Proposal.proposer_id)
        .join(confirmer, confirmer.id == Proposal.confirmer_id, isouter=True)
        .order_by(Proposal.id)
    )  # fmt: skip
    for row in stream(statement):
        alone = row.state == "confirmed" and (row.second is None or row.second == row.first)
        if alone or (row.first, row.second) != (row.proposer_person_id, row.confirmer_person_id):
            yield Broken("proposal.two_persons", row.ref, "The proposal was not confirmed by a second person.")


def _devices() -> Iterator[Broken]:
    statement = select(Device).join(Device.account).order_by(in_order(Device.ref))
    rows = (Stored(one.ref, (), service.told_of_device(one)) for one in db.session.scalars(statement))
    events = told("device.registered", "device.revoked")
    yield from replay("device", "device of an assessor", events, rows, latest())


CHECKS = (
    Check(replayed("device", "device of an assessor"), _devices),
    Check({"role.excluded": "No person holds two roles at once that exclude each other."}, _excluded),
    Check({"proposal.two_persons": "Two different persons propose and confirm an act."}, _two_persons),
)
