"""Invitations, links for a new password or address, and what comes of them. Every step is an event of `system`."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import func, select

from paritrana.accounts import queries as accounts
from paritrana.accounts import service
from paritrana.accounts.models import Account, RoleGrant
from paritrana.accounts.passwords import Profile
from paritrana.accounts.service import OF_CYCLE, AccountClosed, NameMissing, RoleScope, RoleUntil
from paritrana.audit import service as audit
from paritrana.core.errors import BadInput, ParitranaError
from paritrana.core.policy import Actor
from paritrana.core.words import N_
from paritrana.database import db, random_ref
from paritrana.people import mailing
from paritrana.people.models import AccountLink, Invitation, ResetWish

INVITED_FOR: Final = timedelta(days=7)
LINK_FOR: Final = timedelta(minutes=30)
LONGEST_EMAIL: Final = 254

SYSTEM: Final = Actor(ref="system", name="system")


class LinkOver(ParitranaError):
    """The link was used, replaced or taken back, its time is over, or it never was one."""

    code = "link_over"
    status = 410
    message = N_("This link is no longer good: it was used, replaced, or its time is over. Ask for a new one.")


class InvitationOver(ParitranaError):
    """The invitation no longer waits."""

    code = "invitation_over"
    message = N_("This invitation no longer waits.")


class TooManyLetters(ParitranaError):
    """The address got as many messages of this kind as it gets in an hour."""

    code = "too_many_letters"
    status = 429
    message = N_("This address got several of these messages within the last hour. Wait an hour, then try again.")


class StaffNumberMissing(BadInput):
    """An officer without a staff number: two accounts of one person could not be told apart from two people."""

    code = "staff_number_missing"
    message = N_("Write the staff number: it keeps one person with two accounts from counting as two.")


@dataclass(frozen=True, slots=True)
class Wish:
    """Whom to invite to what. `replaces` is a role that ends at once, because its holder left the office."""

    email: str
    role: str
    name: str = ""
    organisation_id: int | None = None
    cycle_id: int | None = None
    staff_number: str = ""
    position: str = ""
    until: datetime | None = None
    decree: str = ""
    stands_in_for: Account | None = None
    replaces: RoleGrant | None = None


# Invitations ----------------------------------------------------------------------------------------------------------


def check_wish(wish: Wish, at: datetime) -> None:
    """Refuse a wish that could not become an invitation.

    Raises `EmailForm`, `RoleScope`, `RoleUntil`, `StaffNumberMissing`, `TooManyLetters`.
    """
    email = service.checked_email(wish.email)
    if (wish.role == "nominee") != (wish.organisation_id is not None) or wish.role not in service.GRANTED:
        raise RoleScope(wish.role)
    if (wish.role in OF_CYCLE) != (wish.cycle_id is not None):
        raise RoleScope(wish.role)
    if wish.until is not None and wish.until <= at:
        raise RoleUntil
    if wish.stands_in_for is not None and (wish.until is None or not wish.decree.strip()):
        raise RoleUntil
    if wish.role != "nominee" and not wish.staff_number.strip():
        raise StaffNumberMissing
    lately = select(func.count()).where(Invitation.email == email, Invitation.invited_at > at - timedelta(hours=1))
    if (db.session.scalar(lately) or 0) >= mailing.PER_HOUR:
        raise TooManyLetters


def invite(wish: Wish, *, actor: Actor, at: datetime, ref: str | None = None) -> Invitation:
    """Invite an address to a role, once, for seven days; an older invitation to the same ends. The caller commits.

    The answer is the same whether or not somebody with this address has an account. Raises what `check_wish` raises.
    """
    audit.lock_stream(audit.SYSTEM)
    check_wish(wish, at)
    email = service.checked_email(wish.email)
    for older in _open_like(email, wish):
        _end_invitation(older, "withdrawn", actor, at)
    if wish.replaces is not None:
        service.end_grant(wish.replaces, actor=actor, at=at)
    invitation = Invitation(
        ref=ref or random_ref("I"), email=email, name=wish.name.strip(), role=wish.role,
        organisation_id=wish.organisation_id, cycle_id=wish.cycle_id, staff_number=wish.staff_number.strip() or None,
        position=wish.position.strip(), until=wish.until, decree=wish.decree.strip(), stands_in_for=wish.stands_in_for,
        invited_by=actor.ref, invited_at=at, expires_at=at + INVITED_FOR, state="open",
    )  # fmt: skip
    db.session.add(invitation)
    db.session.flush()
    audit.record(
        audit.SYSTEM, "invitation.sent", actor, at=at, object_ref=invitation.ref, **told_of_invitation(invitation)
    )
    if not mailing.send_invitation(invitation, by=actor.name, at=at):
        raise TooManyLetters
    return invitation


def withdraw_invitation(invitation: Invitation, *, actor: Actor, at: datetime) -> None:
    """Take an invitation back: its link is worth nothing from now on. The caller commits. Raises `InvitationOver`."""
    _lock_invitation(invitation)
    _end_invitation(invitation, "withdrawn", actor, at)


def accept_as_new(invitation: Invitation, name: str, password: str, *, profile: Profile, at: datetime) -> Account:
    """First sign-in: a person, an account and its role come of an invitation; the caller commits.

    An officer with a staff number that is known becomes that person. Raises `InvitationOver`, `EmailTaken`,
    `NameMissing`, what `check_password` raises, `RolesExclude`, `RoleUntil`.
    """
    _lock_invitation(invitation, at)
    if not name.strip():
        raise NameMissing
    known = accounts.find_person(invitation.staff_number) if invitation.staff_number else None
    person = known or service.create_person(staff_number=invitation.staff_number)
    account = service.create_account(
        email=invitation.email, name=name, password=password, person=person, position=invitation.position,
        profile=profile, actor=Actor(ref=invitation.ref, name="invitation"), at=at,
    )  # fmt: skip
    _accept(invitation, account, at)
    return account


def accept_as_known(invitation: Invitation, account: Account, *, at: datetime) -> None:
    """Whoever is signed in takes one more role; the caller commits.

    Raises `InvitationOver` for another's invitation too, `RolesExclude`, `RoleHeld`, `RoleUntil`.
    """
    _lock_invitation(invitation, at)
    if account.email != invitation.email or not account.active:
        raise InvitationOver
    _accept(invitation, account, at)


def _accept(invitation: Invitation, account: Account, at: datetime) -> None:
    me = Actor(ref=account.ref, name=account.name)
    service.grant_role(
        account, invitation.role, organisation_id=invitation.organisation_id, cycle_id=invitation.cycle_id,
        until=invitation.until, decree=invitation.decree, stands_in_for=invitation.stands_in_for, actor=me, at=at,
    )  # fmt: skip
    invitation.account = account
    _end_invitation(invitation, "used", me, at)


def _lock_invitation(invitation: Invitation, at: datetime | None = None) -> None:
    audit.lock_stream(audit.SYSTEM)
    db.session.refresh(invitation)
    if invitation.state != "open" or (at is not None and invitation.expires_at <= at):
        raise InvitationOver


def _end_invitation(invitation: Invitation, state: str, actor: Actor, at: datetime) -> None:
    invitation.state, invitation.ended_at = state, at
    db.session.flush()
    audit.record(
        audit.SYSTEM, f"invitation.{state}", actor, at=at, object_ref=invitation.ref, **told_of_invitation(invitation)
    )


def _open_like(email: str, wish: Wish) -> list[Invitation]:
    like = select(Invitation).where(
        Invitation.email == email,
        Invitation.role == wish.role,
        Invitation.organisation_id.is_not_distinct_from(wish.organisation_id),
        Invitation.cycle_id.is_not_distinct_from(wish.cycle_id),
        Invitation.state == "open",
    )
    return list(db.session.scalars(like))


def told_of_invitation(invitation: Invitation) -> dict[str, Any]:
    """What an event says of an invitation as it stands now."""
    return {
        "email": invitation.email,
        "name": invitation.name,
        "role": invitation.role,
        "organisation_id": invitation.organisation_id,
        "cycle_id": invitation.cycle_id,
        "staff_number": invitation.staff_number,
        "position": invitation.position,
        "until": invitation.until,
        "decree": invitation.decree,
        "stands_in_for": None if invitation.stands_in_for is None else invitation.stands_in_for.ref,
        "expires_at": invitation.expires_at,
        "state": invitation.state,
        "account": None if invitation.account is None else invitation.account.ref,
    }


# New passwords and addresses ------------------------------------------------------------------------------------------


def wish_reset(email: str, *, at: datetime) -> None:
    """Note an address whose owner may have forgotten the password; whether it is known is looked up by the worker."""
    db.session.add(ResetWish(email=accounts.normal_email(email)[:LONGEST_EMAIL], at=at))
    db.session.flush()


def answer_wish(wish: ResetWish, *, at: datetime) -> str:
    """Send what the owner of an address may have, and forget the wish; gives what came of it. The caller commits.

    Officers get no link by themselves: an administrator starts it and a second officer confirms.
    """
    audit.lock_stream(audit.SYSTEM)
    account = accounts.find_account(wish.email)
    db.session.delete(wish)
    if account is None or not account.active:
        return "unknown"
    if is_officer(account, at):
        mailing.send_to_administrator(account, at=at)
        return "officer"
    try:
        with db.session.begin_nested():
            open_link(account, "password", account.email, actor=SYSTEM, at=at)
    except TooManyLetters:
        return "too_many"
    return "sent"


def is_officer(account: Account, at: datetime) -> bool:
    """Whether a person holds any role but that of a nominee, by a grant or by a seat."""
    granted = any(grant.role != "nominee" for grant in accounts.grants_of(account.id, at))
    return granted or bool(accounts.cycles_seated_in(account.person_id))


def open_link(account: Account, kind: str, email: str, *, actor: Actor, at: datetime) -> AccountLink:
    """Send a link of thirty minutes to `email`; an older one of its kind ends. The caller commits.

    Raises `EmailForm`, `AccountClosed`, `TooManyLetters`.
    """
    email = service.checked_email(email)
    audit.lock_stream(audit.SYSTEM)
    if not account.active:
        raise AccountClosed
    lately = select(func.count()).where(
        AccountLink.account_id == account.id, AccountLink.asked_at > at - timedelta(hours=1)
    )
    if (db.session.scalar(lately) or 0) >= mailing.PER_HOUR:
        raise TooManyLetters
    _end_links(account, actor, at, kind)
    link = AccountLink(
        ref=random_ref("W"), kind=kind, account=account, email=email, asked_by=actor.ref, asked_at=at,
        expires_at=at + LINK_FOR, state="open",
    )  # fmt: skip
    db.session.add(link)
    db.session.flush()
    audit.record(audit.SYSTEM, "link.sent", actor, at=at, object_ref=link.ref, **told_of_link(link))
    if not mailing.send_link(link, at=at):
        raise TooManyLetters
    return link


def use_password_link(link: AccountLink, password: str, *, profile: Profile, at: datetime) -> Account:
    """Set the password that the owner of a link typed; every session and every other link end. The caller commits.

    Second factors stay as they are. Raises `LinkOver`, what `set_password` raises.
    """
    account = _lock_link(link, at)
    me = Actor(ref=account.ref, name=account.name)
    service.set_password(account, password, actor=me, at=at, profile=profile)
    _end_link(link, "used", me, at)
    _end_links(account, me, at)
    mailing.send_password_changed(account, link.ref, at=at)
    return account


def use_email_link(link: AccountLink, *, at: datetime) -> Account:
    """Sign in with the address that the link was sent to from now on; the caller commits.

    Raises `LinkOver`, `EmailTaken`.
    """
    account = _lock_link(link, at)
    me = Actor(ref=account.ref, name=account.name)
    before = account.email
    service.change_email(account, link.email, actor=me, at=at)
    _end_link(link, "used", me, at)
    _end_links(account, me, at)
    mailing.send_email_changed(account, before, link.ref, at=at)
    return account


def _lock_link(link: AccountLink, at: datetime) -> Account:
    audit.lock_stream(audit.SYSTEM)
    db.session.refresh(link)
    db.session.refresh(link.account)
    if link.state != "open" or link.expires_at <= at or not link.account.active:
        raise LinkOver
    return link.account


def _end_links(account: Account, actor: Actor, at: datetime, kind: str | None = None) -> None:
    links = select(AccountLink).where(AccountLink.account_id == account.id, AccountLink.state == "open")
    for link in db.session.scalars(links if kind is None else links.where(AccountLink.kind == kind)).all():
        _end_link(link, "withdrawn", actor, at)


def _end_link(link: AccountLink, state: str, actor: Actor, at: datetime) -> None:
    link.state, link.ended_at = state, at
    db.session.flush()
    audit.record(audit.SYSTEM, f"link.{state}", actor, at=at, object_ref=link.ref, **told_of_link(link))


def told_of_link(link: AccountLink) -> dict[str, Any]:
    """What an event says of a link as it stands now."""
    return {
        "of": link.kind,
        "account": link.account.ref,
        "email": link.email,
        "expires_at": link.expires_at,
        "state": link.state,
    }
