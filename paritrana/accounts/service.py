"""Changes of people, accounts and what they were granted. Every one is an event of the stream `system`."""

import re
from datetime import datetime, timedelta
from typing import Any

from flask_security import hash_password
from sqlalchemy import delete

from paritrana.accounts import queries
from paritrana.accounts.models import Account, Device, Person, RoleGrant, SentOnce, SignInSession
from paritrana.accounts.passwords import Profile, check_password, refuse_same
from paritrana.audit import service as audit
from paritrana.core.errors import BadInput, ParitranaError
from paritrana.core.policy import Actor
from paritrana.core.words import N_
from paritrana.database import db, random_ref, rows_changed
from paritrana.signing import NotSigned, read_device_key

GRANTED = frozenset({"nominee", "verifier", "organiser", "auditor", "administrator"})
OF_CYCLE = frozenset({"verifier", "organiser", "auditor"})
_EMAIL = re.compile(r"[^@\s,;<>\"()]{1,64}@[^@\s,;<>\"()]{1,185}\.[^@\s,;<>\"().]{2,}")

ANSWERS_KEPT = timedelta(days=30)  # as long as `once` keeps those of an account that goes on sending


class EmailForm(BadInput):
    """An e-mail address cannot be read."""

    code = "email_form"
    message = N_("Write the e-mail address like name@office.go.id.")


class EmailTaken(ParitranaError):
    """Another account has this e-mail address."""

    code = "email_taken"
    message = N_("There is already an account with this e-mail address.")


class NameMissing(BadInput):
    """An account without a name."""

    code = "name_missing"
    message = N_("Write the name of the person.")


class RolesExclude(ParitranaError):
    """A person holds a role that does not go together with the one to be granted."""

    code = "roles_exclude"
    message = N_("This person has a role that excludes this one. End that role first, or ask another person.")


class RoleScope(BadInput):
    """A role was granted without its cycle or organisation, or with one that it does not have."""

    code = "role_scope"
    message = N_("Name the organisation of a nominee, or the cycle of an officer.")


class GrantEnded(ParitranaError):
    """The grant was ended before."""

    code = "grant_ended"
    message = N_("This role has already ended.")


class RoleHeld(ParitranaError):
    """The account has this very role already."""

    code = "role_held"
    message = N_("This person has this role already.")


class RoleUntil(BadInput):
    """A role for some time ends in the past, or somebody stands in for another without an end or a decree."""

    code = "role_until"
    message = N_("Whoever stands in for another needs the number of the decree and a last day in the future.")


class AccountOpen(ParitranaError):
    """The account is in use: there is nothing to open."""

    code = "account_open"
    message = N_("This account is not closed.")


class AccountClosed(ParitranaError):
    """The account is closed: nobody acts through it, and nothing is given to it."""

    code = "account_closed"
    message = N_("This account is closed.")


class NoDeviceKey(BadInput):
    """What came is no public key of the kind that devices have."""

    code = "no_device_key"
    message = N_("This device did not send a key that can be read. Prepare it again.")


class DeviceKeyTaken(ParitranaError):
    """The key is another person's, or its device was signed out."""

    code = "device_key_taken"
    message = N_("The key of this device is no longer good. Prepare the device again.")


def forget_expired(*, at: datetime) -> tuple[int, int]:
    """Remove sessions past their end and answers kept too long; gives how many of each; the caller commits."""
    sessions = rows_changed(delete(SignInSession).where(SignInSession.expires_at < at))
    return sessions, rows_changed(delete(SentOnce).where(SentOnce.at < at - ANSWERS_KEPT))


def create_person(*, staff_number: str | None = None, fictitious: bool = False) -> Person:
    """A human being, whom later accounts are bound to; the caller commits."""
    person = Person(staff_number=staff_number, fictitious=fictitious)
    db.session.add(person)
    db.session.flush()
    return person


def create_account(
    *,
    email: str,
    name: str,
    password: str | None,
    person: Person,
    actor: Actor,
    at: datetime,
    position: str = "",
    office_region_code: str | None = None,
    profile: Profile = "nist",
) -> Account:
    """A way for a person to sign in; without a password it cannot be used yet. The caller commits.

    Raises `EmailForm`, `EmailTaken`, `NameMissing`, `PasswordLength`, `PasswordCommon`, `PasswordClasses`.
    """
    email, name = checked_email(email), name.strip()
    if not name:
        raise NameMissing
    audit.lock_stream(audit.SYSTEM)
    if queries.find_account(email) is not None:
        raise EmailTaken(email)
    account = Account(
        ref=random_ref("U"),
        person=person,
        email=email,
        name=name,
        position=position,
        office_region_code=office_region_code,
        password=None if password is None else _hashed(password, email, name, profile),
        password_set_at=None if password is None else at,
        active=True,
        fs_uniquifier=random_ref("F", 8),
        created_at=at,
    )
    db.session.add(account)
    db.session.flush()
    audit.record(
        audit.SYSTEM, "account.created", actor, at=at, object_ref=account.ref, name=name, fictitious=person.fictitious
    )
    return account


def checked_email(text: str) -> str:
    """An e-mail address as it is stored. Raises `EmailForm`."""
    email = queries.normal_email(text)
    if not _EMAIL.fullmatch(email):
        raise EmailForm(email)
    return email


def set_password(account: Account, password: str, *, actor: Actor, at: datetime, profile: Profile = "nist") -> None:
    """Set a new password and end every session of the account; the caller commits.

    Raises `PasswordLength`, `PasswordCommon`, `PasswordClasses`, `PasswordSame` where the profile asks for another one.
    """
    refuse_same(password, account.password, profile)
    account.password = _hashed(password, account.email, account.name, profile)
    account.password_set_at = at
    account.version += 1
    end_sessions(account)
    revoke_devices(account, actor=actor, at=at)
    audit.record(audit.SYSTEM, "account.password_set", actor, at=at, object_ref=account.ref)
    db.session.flush()


def register_device(
    account: Account, public_key: str, *, browser_key: str | None, actor: Actor, at: datetime
) -> Device:
    """Note the key of a device that its owner prepares; the same key again is the same device. The caller commits.

    Raises `NoDeviceKey`, `DeviceKeyTaken`.
    """
    try:
        written = read_device_key(public_key)
    except NotSigned as fault:
        raise NoDeviceKey from fault
    audit.lock_stream(audit.SYSTEM)
    known = queries.find_device(written)
    if known is not None:
        if known.account_id != account.id or known.revoked_at is not None:
            raise DeviceKeyTaken
        return known
    device = Device(ref=random_ref("G"), account=account, public_key=written, browser_key=browser_key, registered_at=at)
    db.session.add(device)
    db.session.flush()
    audit.record(audit.SYSTEM, "device.registered", actor, at=at, object_ref=device.ref, **told_of_device(device))
    return device


def revoke_devices(account: Account, *, actor: Actor, at: datetime, browser_key: str | None = None) -> int:
    """End the devices of an account, with `browser_key` those of the browser signing out; gives how many.

    The caller commits. A copy that a device signed before its owner signed out on it stays good: the key was wiped
    with the sign-out, so that nothing can be signed afterwards.
    """
    found = queries.devices_in_use(account.id, browser_key)
    for device in found:
        device.revoked_at, device.signed_out = at, browser_key is not None
        audit.record(audit.SYSTEM, "device.revoked", actor, at=at, object_ref=device.ref, **told_of_device(device))
    return len(found)


def told_of_device(device: Any) -> dict[str, Any]:
    """What an event says of a device as it stands now."""
    return {
        "account": device.account.ref,
        "public_key": device.public_key,
        "registered_at": device.registered_at,
        "revoked_at": device.revoked_at,
        "signed_out": device.signed_out or None,
    }


def end_sessions(account: Account) -> None:
    """End every session of an account at once, wherever it is signed in; the caller commits."""
    account.fs_uniquifier = random_ref("F", 8)


def sign_out_everywhere(account: Account, *, actor: Actor, at: datetime) -> None:
    """End every session of an account on behalf of its owner; the caller commits."""
    audit.lock_stream(audit.SYSTEM)
    end_sessions(account)
    audit.record(audit.SYSTEM, "account.signed_out", actor, at=at, object_ref=account.ref)


def close_account(account: Account, *, actor: Actor, at: datetime, reason: str = "") -> None:
    """End an account: nobody signs in with it any more; the caller commits."""
    account.active = False
    account.version += 1
    end_sessions(account)
    revoke_devices(account, actor=actor, at=at)
    audit.record(audit.SYSTEM, "account.closed", actor, at=at, object_ref=account.ref, reason=reason or None)
    db.session.flush()


def open_account(account: Account, *, actor: Actor, at: datetime) -> None:
    """Let an account be used again, with the roles it still has; the caller commits. Raises `AccountOpen`."""
    audit.lock_stream(audit.SYSTEM)
    db.session.refresh(account)
    if account.active:
        raise AccountOpen
    account.active = True
    account.version += 1
    audit.record(audit.SYSTEM, "account.opened", actor, at=at, object_ref=account.ref)
    db.session.flush()


def change_email(account: Account, email: str, *, actor: Actor, at: datetime) -> None:
    """Sign in with another address from now on; every session ends. The caller commits.

    Raises `EmailForm`, `EmailTaken`.
    """
    email = checked_email(email)
    audit.lock_stream(audit.SYSTEM)
    if queries.find_account(email) is not None:
        raise EmailTaken(email)
    account.email = email
    account.version += 1
    end_sessions(account)
    audit.record(audit.SYSTEM, "account.email_changed", actor, at=at, object_ref=account.ref)
    db.session.flush()


def grant_role(
    account: Account,
    role: str,
    *,
    organisation_id: int | None = None,
    cycle_id: int | None = None,
    new_cycle: bool = False,
    until: datetime | None = None,
    decree: str = "",
    stands_in_for: Account | None = None,
    actor: Actor,
    at: datetime,
) -> RoleGrant:
    """Give an account a role: nominee of an organisation, officer of a cycle, or administrator; the caller commits.

    Organiser, auditor and administrator exclude each other and every other role in the same cycle; a nominee is never
    an officer. Roles are compared over all accounts of the person. The account's sessions end, so that no page made
    under the old rights stays open; in a `new_cycle` no page was made yet, and they go on. `until` is when the role
    ends by itself; whoever `stands_in_for` another needs it, and the decree. Raises `RoleScope`, `RoleUntil`,
    `RolesExclude`, `RoleHeld`, `AccountClosed`.
    """
    if role not in GRANTED or (role == "nominee") != (organisation_id is not None):
        raise RoleScope(role)
    if (role in OF_CYCLE) != (cycle_id is not None):
        raise RoleScope(role)
    if (until is not None and until <= at) or (stands_in_for is not None and (until is None or not decree.strip())):
        raise RoleUntil
    audit.lock_stream(audit.SYSTEM)  # two grants to one person at the same time must see each other
    if not account.active:
        raise AccountClosed
    _refuse_excluded(account, role, cycle_id)
    if any(
        (one.account_id, one.role, one.organisation_id, one.cycle_id) == (account.id, role, organisation_id, cycle_id)
        for one in queries.grants_of_person(account.person_id)
    ):
        raise RoleHeld
    grant = RoleGrant(
        account_id=account.id, role=role, organisation_id=organisation_id, cycle_id=cycle_id, granted_at=at,
        until=until, decree=decree.strip(), stands_in_for=stands_in_for,
    )  # fmt: skip
    db.session.add(grant)
    if not new_cycle:
        end_sessions(account)
    db.session.flush()
    audit.record(audit.SYSTEM, "role.granted", actor, at=at, object_ref=account.ref, **told_of_grant(grant))
    return grant


def told_of_grant(grant: RoleGrant) -> dict[str, Any]:
    """What an event says of a role as it was given."""
    return {
        "role": grant.role,
        **_scope(grant),
        "until": grant.until,
        "decree": grant.decree or None,
        "stands_in_for": None if grant.stands_in_for is None else grant.stands_in_for.ref,
    }


def end_due_grants(*, actor: Actor, at: datetime) -> list[RoleGrant]:
    """End the roles whose time is over; the caller commits. Nobody could use them since that moment anyhow."""
    audit.lock_stream(audit.SYSTEM)
    due = queries.grants_due(at)
    for grant in due:
        end_grant(grant, actor=actor, at=at)
    return due


def end_grant(grant: RoleGrant, *, actor: Actor, at: datetime) -> None:
    """Take a role back and end the account's sessions; the caller commits. Raises `GrantEnded`."""
    if grant.ended_at is not None:
        raise GrantEnded
    grant.ended_at = at
    end_sessions(grant.account)
    audit.record(
        audit.SYSTEM, "role.ended", actor, at=at, object_ref=grant.account.ref, role=grant.role, **_scope(grant)
    )
    db.session.flush()


def _refuse_excluded(account: Account, role: str, cycle_id: int | None) -> None:
    """Raise `RolesExclude` where a role or seat of the person contradicts the new one (`docs/security`, roles)."""
    held = queries.grants_of_person(account.person_id)
    seated = queries.cycles_seated_in(account.person_id)
    officers = [grant for grant in held if grant.role != "nominee"]
    if role == "nominee":
        if officers or seated:
            raise RolesExclude(role)
        return
    if len(officers) < len(held):
        raise RolesExclude(role)
    if role == "administrator":
        if any(grant.role != "administrator" for grant in officers) or seated:
            raise RolesExclude(role)
        return
    alone = {"organiser", "auditor"}
    for grant in officers:
        same_cycle = grant.cycle_id == cycle_id and grant.role != role and (role in alone or grant.role in alone)
        if grant.role == "administrator" or same_cycle:
            raise RolesExclude(role)
    if role in alone and cycle_id in seated:
        raise RolesExclude(role)


def _scope(grant: RoleGrant) -> dict[str, int]:
    scope = {"organisation_id": grant.organisation_id, "cycle_id": grant.cycle_id}
    return {name: value for name, value in scope.items() if value is not None}


def _hashed(password: str, email: str, name: str, profile: Profile) -> str:
    check_password(password, (email, name), profile)
    hashed: str = hash_password(password)
    return hashed
