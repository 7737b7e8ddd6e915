"""What must hold among persons: what they were granted, and that two of them acted where two have to."""

from collections.abc import Iterator

from sqlalchemy import and_, or_, select
from sqlalchemy.orm import aliased

from paritrana.accounts import factors, requests, service
from paritrana.accounts.models import Account, Device, RecoverySet, RoleGrant, SecondFactor, StaffRequest
from paritrana.audit.invariants import in_order, stream, told
from paritrana.core.invariants import Broken, Check, Found, Stored, Told, latest, replay, replayed
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


def _second_factors() -> Iterator[Broken]:
    statement = select(SecondFactor).join(SecondFactor.account).order_by(in_order(SecondFactor.ref))
    rows = (Stored(one.ref, (), factors.told_of(one)) for one in db.session.scalars(statement))
    events = told(*(f"second_factor.{step}" for step in ("added", "renamed", "removed")))
    yield from replay("second_factor", "second factor of an account", events, rows, latest())


def _recovery_sets() -> Iterator[Broken]:
    statement = select(RecoverySet).join(RecoverySet.account).order_by(in_order(RecoverySet.ref))
    rows = (Stored(one.ref, (), factors.told_of_set(one)) for one in db.session.scalars(statement))
    events = told(*(f"recovery_set.{step}" for step in ("made", "used", "ended")))
    yield from replay("recovery_set", "set of recovery codes", events, rows, latest())


def _requests() -> Iterator[Broken]:
    statement = select(StaffRequest).order_by(in_order(StaffRequest.ref))
    rows = (Stored(one.ref, (), requests.told_of(one)) for one in db.session.scalars(statement))
    events = told(*(f"staff_request.{step}" for step in ("asked", "confirmed", "declined", "withdrawn")))
    yield from replay("staff_request", "request of two people", events, rows, latest())


def _two_staff() -> Iterator[Broken]:
    """The persons of a request are those of its two accounts, and two where it was carried out."""
    first, second = aliased(Account), aliased(Account)
    statement = (
        select(
            StaffRequest.ref, StaffRequest.state, StaffRequest.asked_person_id, first.person_id.label("first"),
            StaffRequest.decided_person_id, second.person_id.label("second"),
        )
        .select_from(StaffRequest)
        .join(first, first.id == StaffRequest.asked_by_id)
        .join(second, second.id == StaffRequest.decided_by_id, isouter=True)
        .order_by(StaffRequest.id)
    )  # fmt: skip
    for row in stream(statement):
        alone = row.state == "confirmed" and (row.second is None or row.second == row.first)
        if alone or (row.first, row.second) != (row.asked_person_id, row.decided_person_id):
            yield Broken("staff_request.two_persons", row.ref, "The request was not confirmed by a second person.")


def _grants() -> Iterator[Broken]:
    """Roles in force, by account: rights that came past the services have no event."""
    account = aliased(Account)
    statement = (
        select(RoleGrant)
        .join(account, account.id == RoleGrant.account_id)
        .where(RoleGrant.ended_at.is_(None))
        .order_by(in_order(account.ref), RoleGrant.id)
    )
    rows = (
        Stored(one.account.ref, (one.role, one.organisation_id, one.cycle_id), service.told_of_grant(one))
        for one in db.session.scalars(statement)
    )
    yield from replay("grant", "role of an account", told("role.granted", "role.ended"), rows, _in_force)


def _in_force(now: Found, event: Told) -> None:
    part = tuple(event.values.get(name) for name in ("role", "organisation_id", "cycle_id"))
    if event.kind == "role.granted":
        now[part] = dict(event.values)
    else:
        now.pop(part, None)


CHECKS = (
    Check(replayed("grant", "role of an account"), _grants),
    Check(replayed("staff_request", "request of two people"), _requests),
    Check({"staff_request.two_persons": "Two different persons ask for and confirm an act of staff."}, _two_staff),
    Check(replayed("device", "device of an assessor"), _devices),
    Check(replayed("second_factor", "second factor of an account"), _second_factors),
    Check(replayed("recovery_set", "set of recovery codes"), _recovery_sets),
    Check({"role.excluded": "No person holds two roles at once that exclude each other."}, _excluded),
    Check({"proposal.two_persons": "Two different persons propose and confirm an act."}, _two_persons),
)
