"""Reads of accounts, grants, sessions and what was sent once."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Row, and_, column, func, or_, select, table
from sqlalchemy.orm import aliased

from paritrana.accounts.models import Account, Device, Person, RoleGrant, SentOnce, SignInFailure, SignInSession
from paritrana.audit.halt import Halt
from paritrana.core.errors import NotFound
from paritrana.core.policy import Actor, Seat
from paritrana.cycles.models import Category
from paritrana.cycles.queries import closed_cycles
from paritrana.database import db

IDLE_OFFICER, IDLE_OTHERS = timedelta(minutes=30), timedelta(minutes=60)  # how long a session may lie unused

# Tells the seats in force of an account by category. The panels room, which owns them, lies above this one.
SeatsOf = Callable[[int], Mapping[int, Seat]]

# The few columns of the seats that a grant must not contradict; the table itself belongs to the panels room.
_seat = table("seat", column("account_id"), column("category_id"), column("role"), column("ended_at"))

# One session with the account that is signed in with it, and whether nothing is stored now, in one statement.
SESSION_BY_HASH = select(
    SignInSession.id,
    SignInSession.ref.label("session_ref"),
    SignInSession.pending,
    SignInSession.browser,
    SignInSession.source,
    SignInSession.began_at,
    SignInSession.officer,
    SignInSession.data,
    SignInSession.last_seen_at,
    SignInSession.expires_at,
    SignInSession.account_id,
    Account.person_id,
    Account.ref,
    Account.name,
    Account.office_region_code,
    Account.fs_uniquifier,
    Account.active,
    select(Halt.id).where(Halt.standing).exists().label("halted"),
).outerjoin(Account, Account.id == SignInSession.account_id)


@dataclass(frozen=True, slots=True)
class Holder:
    """Who is signed in with a session: what the session's own statement read of the account."""

    account_id: int
    person_id: int
    ref: str
    name: str
    office_region: str | None


def normal_email(text: str) -> str:
    """An e-mail address as it is stored and compared: without spaces around it, in small letters."""
    return text.strip().lower()


def find_account(email: str) -> Account | None:
    """The account with this e-mail address, however it is capitalised."""
    return db.session.scalars(select(Account).where(Account.email == normal_email(email))).one_or_none()


def find_device(public_key: str) -> Device | None:
    """The device with this key, whoever it belongs to and whether it is still in use."""
    return db.session.scalars(select(Device).where(Device.public_key == public_key)).one_or_none()


def devices_in_use(account_id: int, browser_key: str | None = None) -> Sequence[Device]:
    """The devices of an account that are not signed out, with `browser_key` those of one browser, oldest first."""
    mine = select(Device).where(Device.account_id == account_id, Device.revoked_at.is_(None))
    if browser_key is not None:
        mine = mine.where(Device.browser_key == browser_key)
    return db.session.scalars(mine.order_by(Device.id)).all()


def find_password(email: str) -> Row[int, str, str | None, bool] | None:
    """Id, reference, password hash and whether it is active of the account with this e-mail, as plain values."""
    wanted = select(Account.id, Account.ref, Account.password, Account.active).where(
        Account.email == normal_email(email)
    )
    return db.session.execute(wanted).one_or_none()


def get_account(ref: str) -> Account:
    """The account with this public reference. Raises `NotFound`."""
    found = db.session.scalars(select(Account).where(Account.ref == ref)).one_or_none()
    if found is None:
        raise NotFound(ref)
    return found


def find_person(staff_number: str) -> Person | None:
    """The person with this staff number."""
    return db.session.scalars(select(Person).where(Person.staff_number == staff_number)).one_or_none()


def grants_of(account_id: int, at: datetime | None = None) -> Sequence[Row[str, int | None, int | None]]:
    """Role, organisation and cycle of every grant in force of an account, in the order they were given.

    A grant in a rehearsal that was thrown away is worth nothing, and at the moment `at` one whose time is over.
    """
    mine = select(RoleGrant.role, RoleGrant.organisation_id, RoleGrant.cycle_id)
    open_ = or_(RoleGrant.cycle_id.is_(None), RoleGrant.cycle_id.not_in(closed_cycles()))
    if at is not None:
        mine = mine.where(or_(RoleGrant.until.is_(None), RoleGrant.until > at))
    return db.session.execute(
        mine.where(RoleGrant.account_id == account_id, RoleGrant.ended_at.is_(None), open_).order_by(RoleGrant.id)
    ).all()


def grants_of_person(person_id: int) -> Sequence[RoleGrant]:
    """Every grant in force of a person, whatever account it was given to, in the order they were given."""
    account = aliased(Account)
    mine = select(RoleGrant).join(account, account.id == RoleGrant.account_id)
    return db.session.scalars(
        mine.where(account.person_id == person_id, RoleGrant.ended_at.is_(None)).order_by(RoleGrant.id)
    ).all()


def grants_due(at: datetime) -> list[RoleGrant]:
    """The roles that nobody ended yet although their time is over, in the order they were given."""
    over = select(RoleGrant).where(RoleGrant.ended_at.is_(None), RoleGrant.until <= at)
    return list(db.session.scalars(over.order_by(RoleGrant.id)))


def cycles_seated_in(person_id: int) -> frozenset[int]:
    """The cycles in which a person holds a seat of a panel now; a secretary is an organiser and counts as one."""
    seated = (
        select(Category.cycle_id)
        .join(_seat, _seat.c.category_id == Category.id)
        .join(Account, Account.id == _seat.c.account_id)
        .where(Account.person_id == person_id, _seat.c.ended_at.is_(None), _seat.c.role != "secretary")
    )
    return frozenset(db.session.scalars(seated))


def is_officer(account_id: int, person_id: int) -> bool:
    """Whether an account holds any role but a nominee's, or its person a seat."""
    return any(grant.role != "nominee" for grant in grants_of(account_id)) or bool(cycles_seated_in(person_id))


def sessions_of(account_id: int, at: datetime) -> Sequence[SignInSession]:
    """The sessions in which an account is signed in now, the one seen last first."""
    idle = or_(
        and_(SignInSession.officer.is_(True), SignInSession.last_seen_at >= at - IDLE_OFFICER),
        and_(SignInSession.officer.is_(False), SignInSession.last_seen_at >= at - IDLE_OTHERS),
    )
    mine = select(SignInSession).where(
        SignInSession.account_id == account_id,
        SignInSession.pending.is_(False),
        SignInSession.expires_at > at,
        idle,
    )
    return db.session.scalars(mine.order_by(SignInSession.last_seen_at.desc(), SignInSession.id.desc())).all()


def find_holder(account_id: int) -> Holder | None:
    """The active account with this id, as a session would know it."""
    row = db.session.execute(
        select(Account.id, Account.person_id, Account.ref, Account.name, Account.office_region_code).where(
            Account.id == account_id, Account.active.is_(True)
        )
    ).one_or_none()
    return None if row is None else Holder(row.id, row.person_id, row.ref, row.name, row.office_region_code)


def load_actor(
    account_id: int,
    *,
    fresh: bool,
    seats_of: SeatsOf | None = None,
    holder: Holder | None = None,
    at: datetime | None = None,
) -> Actor | None:
    """A person with every right in force now; None for an account that is closed or not there.

    Two statements where the session already brought `holder`, three otherwise. `fresh` says whether the sign-in is
    of the last ten minutes. With `at`, roles end at their very second, not when the worker notes it.
    """
    holder = holder or find_holder(account_id)
    if holder is None:
        return None
    grants = grants_of(account_id, at)

    def cycles(role: str) -> frozenset[int]:
        return frozenset(grant.cycle_id for grant in grants if grant.role == role and grant.cycle_id is not None)

    return Actor(
        user_id=holder.account_id,
        person_id=holder.person_id,
        ref=holder.ref,
        name=holder.name,
        office_region=holder.office_region,
        organisations=frozenset(grant.organisation_id for grant in grants if grant.organisation_id is not None),
        verifies=cycles("verifier"),
        organises=cycles("organiser"),
        audits=cycles("auditor"),
        administrator=any(grant.role == "administrator" for grant in grants),
        seats={} if seats_of is None else seats_of(account_id),
        fresh=fresh,
    )


def failures_in_a_row(account_key: str) -> int:
    """How many failed sign-ins to an account came since its last success."""
    return _count(SignInFailure.account_key == account_key, SignInFailure.forgiven.is_(False))


def failures_of_source(source_key: str, since: datetime) -> int:
    """How many failed sign-ins came from a source since a moment, over all accounts."""
    return _count(SignInFailure.source_key == source_key, SignInFailure.at > since)


def failures_of_pair(account_key: str, source_key: str, since: datetime) -> list[datetime]:
    """The moments of failed sign-ins to an account from a source since a moment and its last success, oldest first."""
    moments = select(SignInFailure.at).where(
        SignInFailure.account_key == account_key,
        SignInFailure.source_key == source_key,
        SignInFailure.forgiven.is_(False),
        SignInFailure.at > since,
    )
    return list(db.session.scalars(moments.order_by(SignInFailure.at)))


def first_failure_of_source(source_key: str, since: datetime) -> datetime | None:
    """The oldest failed sign-in from a source since a moment."""
    moments = select(SignInFailure.at).where(SignInFailure.source_key == source_key, SignInFailure.at > since)
    return db.session.scalar(moments.order_by(SignInFailure.at).limit(1))


def _count(*where: object) -> int:
    return db.session.scalar(select(func.count()).select_from(SignInFailure).where(*where)) or 0  # type: ignore[arg-type]


def find_sent(account_id: int, key: str) -> SentOnce | None:
    """What an account already sent with this idempotency key."""
    return db.session.scalars(
        select(SentOnce).where(SentOnce.account_id == account_id, SentOnce.key == key)
    ).one_or_none()
