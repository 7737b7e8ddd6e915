"""Reads of people: accounts with their roles, members of organisations, officers of cycles, invitations."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import ColumnElement, Select, exists, func, or_, select
from sqlalchemy.orm import aliased, joinedload, lazyload

from paritrana.accounts import queries as accounts
from paritrana.accounts.models import Account, RoleGrant, StaffRequest
from paritrana.core.errors import NotFound
from paritrana.cycles.models import Cycle
from paritrana.cycles.queries import closed_cycles
from paritrana.database import db
from paritrana.people.models import Invitation
from paritrana.reference.models import Organisation, Region
from paritrana.reference.queries import get_organisation

LISTED: Final = timedelta(days=90)  # how long ended invitations and decided requests stay on the lists
MOST: Final = 50


@dataclass(frozen=True, slots=True)
class Held:
    """A role of an account in words' reach: where it holds, until when, and for whom somebody stands in."""

    no: int  # the place among all roles that the account ever had, from 1
    grant: RoleGrant
    organisation: Organisation | None
    cycle: Cycle | None


def held_by(account_ids: Collection[int], *, ended: bool = False) -> Mapping[int, list[Held]]:
    """The roles in force of these accounts, with `ended` all they ever had, in the order they were given."""
    no = func.row_number().over(partition_by=RoleGrant.account_id, order_by=RoleGrant.id).label("no")
    numbered = select(RoleGrant.id, no).where(RoleGrant.account_id.in_(account_ids)).subquery()
    wanted = (
        select(RoleGrant, numbered.c.no, Organisation, Cycle)
        .join(numbered, numbered.c.id == RoleGrant.id)
        .outerjoin(Organisation, Organisation.id == RoleGrant.organisation_id)
        .outerjoin(Cycle, Cycle.id == RoleGrant.cycle_id)
        .options(joinedload(RoleGrant.stands_in_for), lazyload(Organisation.region))  # a join would drop officers
        .order_by(RoleGrant.id)
    )
    if not ended:
        wanted = wanted.where(RoleGrant.ended_at.is_(None))
    found: dict[int, list[Held]] = {account_id: [] for account_id in account_ids}
    for grant, place, organisation, cycle in db.session.execute(wanted):
        found[grant.account_id].append(Held(place, grant, organisation, cycle))
    return found


def get_grant(account: Account, no: int) -> RoleGrant:
    """The role with this number of an account. Raises `NotFound`."""
    wanted = select(RoleGrant).where(RoleGrant.account_id == account.id).order_by(RoleGrant.id)
    found = db.session.scalars(wanted.offset(no - 1).limit(1)).one_or_none() if no > 0 else None
    if found is None:
        raise NotFound(str(no))
    return found


def find_accounts(text: str, role: str) -> tuple[Sequence[Account], int]:
    """At most fifty accounts whose name or address contains `text` and that hold `role`, by name, and how many."""
    wanted = select(Account)
    if text:
        wanted = wanted.where(
            or_(
                func.lower(Account.name).contains(text.lower(), autoescape=True),
                Account.email.contains(text.lower(), autoescape=True),
                Account.ref == text.upper(),
            )
        )
    if role == "closed":
        wanted = wanted.where(Account.active.is_(False))
    elif role:
        has = exists().where(RoleGrant.account_id == Account.id, RoleGrant.role == role, RoleGrant.ended_at.is_(None))
        wanted = wanted.where(has)
    total = db.session.scalar(select(func.count()).select_from(wanted.subquery())) or 0
    return db.session.scalars(wanted.order_by(Account.name, Account.id).limit(MOST)).all(), total


def members_of(organisation_id: int) -> Sequence[RoleGrant]:
    """The memberships in force of an organisation, with their accounts, oldest first."""
    wanted = select(RoleGrant).where(
        RoleGrant.organisation_id == organisation_id, RoleGrant.role == "nominee", RoleGrant.ended_at.is_(None)
    )
    return db.session.scalars(
        wanted.options(joinedload(RoleGrant.account, innerjoin=True), joinedload(RoleGrant.stands_in_for)).order_by(
            RoleGrant.id
        )
    ).all()


def officers_of(cycle_id: int) -> Sequence[RoleGrant]:
    """The roles in force of a cycle's officers, with their accounts, by role and name."""
    wanted = select(RoleGrant).join(RoleGrant.account)
    return db.session.scalars(
        wanted.where(RoleGrant.cycle_id == cycle_id, RoleGrant.ended_at.is_(None))
        .options(joinedload(RoleGrant.account, innerjoin=True), joinedload(RoleGrant.stands_in_for))
        .order_by(RoleGrant.role, Account.name, RoleGrant.id)
    ).all()


def officers() -> Sequence[Account]:
    """Everybody who holds an officer's role now, by name: whom another officer can stand in for."""
    holds = exists().where(
        RoleGrant.account_id == Account.id, RoleGrant.role != "nominee", RoleGrant.ended_at.is_(None)
    )
    return db.session.scalars(select(Account).where(holds).order_by(Account.name, Account.id)).all()


def invitations(at: datetime, *where: object) -> Sequence[Invitation]:
    """The invitations that wait, and those that ended lately, newest first."""
    lately = or_(Invitation.state == "open", Invitation.ended_at > at - LISTED)
    wanted = select(Invitation).where(lately, *where)  # type: ignore[arg-type]
    return db.session.scalars(
        wanted.options(joinedload(Invitation.organisation), joinedload(Invitation.cycle))
        .order_by(Invitation.invited_at.desc(), Invitation.id.desc())
        .limit(200)
    ).all()


def get_invitation(invitation: str) -> Invitation:
    """The invitation with this public reference. Raises `NotFound`."""
    found = db.session.scalars(select(Invitation).where(Invitation.ref == invitation)).one_or_none()
    if found is None:
        raise NotFound(invitation)
    return found


def account_named(account: str) -> Account:
    """The account with this public reference, for an address. Raises `NotFound`."""
    return accounts.get_account(account)


def organisation_named(organisation: str) -> Organisation:
    """The organisation with this public reference, for an address. Raises `NotFound`."""
    return get_organisation(organisation)


def open_cycles() -> Sequence[Cycle]:
    """The cycles that can get officers, newest first: neither historical nor a rehearsal that was thrown away."""
    wanted = select(Cycle).where(Cycle.kind != "historical", Cycle.id.not_in(closed_cycles()))
    return db.session.scalars(wanted.order_by(Cycle.id.desc())).all()


def requests_seen(at: datetime, *where: object) -> Sequence[StaffRequest]:
    """The requests that wait for a second person, and those decided lately, those that wait first."""
    asking = aliased(Account)
    lately = or_(StaffRequest.state == "waiting", StaffRequest.decided_at > at - LISTED)
    wanted = select(StaffRequest).join(asking, asking.id == StaffRequest.asked_by_id).where(lately, *where)  # type: ignore[arg-type]
    return db.session.scalars(
        wanted.options(joinedload(StaffRequest.asked_by, innerjoin=True), joinedload(StaffRequest.decided_by))
        .order_by(StaffRequest.state != "waiting", StaffRequest.asked_at.desc(), StaffRequest.id.desc())
        .limit(200)
    ).all()


def organisations(text: str, kind: str) -> tuple[Sequence[tuple[Organisation, int]], int]:
    """At most fifty organisations whose name contains `text`, of one kind where given, each with its members."""
    members = (
        select(RoleGrant.organisation_id, func.count().label("members"))
        .where(RoleGrant.ended_at.is_(None), RoleGrant.organisation_id.is_not(None))
        .group_by(RoleGrant.organisation_id)
        .subquery()
    )
    wanted = select(Organisation, func.coalesce(members.c.members, 0)).outerjoin(
        members, members.c.organisation_id == Organisation.id
    )
    where: list[ColumnElement[bool]] = [Organisation.rehearsal.is_(False)]
    if text:
        where.append(func.lower(Organisation.name).contains(text.lower(), autoescape=True))
    if kind:
        where.append(Organisation.kind == kind)
    total = db.session.scalar(select(func.count()).select_from(Organisation).where(*where)) or 0
    rows = db.session.execute(
        wanted.where(*where).order_by(members.c.members.is_(None), Organisation.name, Organisation.id).limit(MOST)
    )
    return [(organisation, count) for organisation, count in rows], total


def in_reach_of(cycle: Cycle) -> Select[Organisation]:
    """The organisations that can take part in a cycle: of its province, everywhere in a national one."""
    wanted = select(Organisation).where(
        Organisation.rehearsal.is_(False), Organisation.fictitious.is_(cycle.kind == "simulated")
    )
    if cycle.tier == "national":
        return wanted
    regions = select(Region.code).where(or_(Region.code == cycle.region_code, Region.parent_code == cycle.region_code))
    return wanted.where(Organisation.region_code.in_(regions))


def is_in_reach(cycle: Cycle, organisation_id: int) -> bool:
    """Whether an organisation can take part in a cycle."""
    return db.session.scalar(select(in_reach_of(cycle).where(Organisation.id == organisation_id).exists())) is True


def find_in_reach(cycle: Cycle, text: str) -> Sequence[Organisation]:
    """The organisations of a cycle that `text` names: one by its reference or whole name, else up to ten by a part."""
    reach = in_reach_of(cycle)
    whole = db.session.scalars(
        reach.where(or_(Organisation.ref == text.upper(), func.lower(Organisation.name) == text.lower())).limit(2)
    ).all()
    if len(whole) == 1:
        return whole
    part = reach.where(func.lower(Organisation.name).contains(text.lower(), autoescape=True))
    return db.session.scalars(part.order_by(Organisation.name).limit(10)).all()


def memberships_in(cycle: Cycle) -> Sequence[RoleGrant]:
    """The memberships in force of the organisations of a cycle, with their accounts, by organisation and name."""
    reach = in_reach_of(cycle).subquery()
    wanted = (
        select(RoleGrant)
        .join(RoleGrant.account)
        .join(reach, reach.c.id == RoleGrant.organisation_id)
        .where(RoleGrant.ended_at.is_(None))
        .options(joinedload(RoleGrant.account, innerjoin=True), joinedload(RoleGrant.stands_in_for))
        .order_by(reach.c.name, Account.name, RoleGrant.id)
        .limit(500)
    )
    return db.session.scalars(wanted).all()


def organisations_by_id(ids: Collection[int | None]) -> Mapping[int, Organisation]:
    """Organisations by their number (one statement)."""
    return {one.id: one for one in db.session.scalars(select(Organisation).where(Organisation.id.in_(ids)))}
