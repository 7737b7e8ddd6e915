"""What two people do about officers: an administrator and an organiser or auditor, never one alone.

`given` of a request is what is carried out, exactly as the second person reads it.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from sqlalchemy import select

from paritrana.accounts import factors, requests, service
from paritrana.accounts import queries as accounts
from paritrana.accounts.models import Account, RoleGrant, StaffRequest
from paritrana.accounts.requests import StaffAct
from paritrana.accounts.service import GrantEnded, RoleScope
from paritrana.core.errors import SamePerson
from paritrana.core.policy import Act, Actor
from paritrana.core.words import N_
from paritrana.cycles.models import Cycle
from paritrana.database import db, random_ref
from paritrana.people import alerts, mailing
from paritrana.people.service import Wish, check_wish, invite, open_link


def _invite(request: StaffRequest, actor: Actor, at: datetime) -> None:
    invite(wish_of(request.given), actor=actor, at=at, ref=request.subject_ref)


def _grant(request: StaffRequest, actor: Actor, at: datetime) -> None:
    account = _not_own(request, actor)
    wish = wish_of(request.given)
    service.grant_role(
        account, wish.role, cycle_id=wish.cycle_id, until=wish.until, decree=wish.decree,
        stands_in_for=wish.stands_in_for, actor=actor, at=at,
    )  # fmt: skip
    mailing.send_role_changed(account, wish.role, request.ref, granted=True, at=at)


def _end(request: StaffRequest, actor: Actor, at: datetime) -> None:
    account = _not_own(request, actor)
    grant = grant_named(account, request.given)
    service.end_grant(grant, actor=actor, at=at)
    mailing.send_role_changed(account, grant.role, request.ref, granted=False, at=at)


def _reset(request: StaffRequest, actor: Actor, at: datetime) -> None:
    account = _not_own(request, actor)
    open_link(account, "password", account.email, actor=actor, at=at)


def _reopen(request: StaffRequest, actor: Actor, at: datetime) -> None:
    service.open_account(_not_own(request, actor), actor=actor, at=at)


def _clear_factors(request: StaffRequest, actor: Actor, at: datetime) -> None:
    account = _not_own(request, actor)
    factors.clear(account, actor=actor, at=at)
    alerts.send_factors_cleared(account, request.ref, at=at)


INVITE_OFFICER: Final = StaffAct("invite_officer", N_("Invitation of an officer"), Act.MANAGE_OFFICERS, _invite)
PROPOSE_OFFICER: Final = StaffAct("propose_officer", N_("Officer of a cycle"), Act.PROPOSE_OFFICER, _invite)
GRANT_OFFICER: Final = StaffAct("grant_officer", N_("Role of an officer"), Act.MANAGE_OFFICERS, _grant)
END_OFFICER: Final = StaffAct("end_officer", N_("End of an officer's role"), Act.MANAGE_OFFICERS, _end)
RESET_PASSWORD: Final = StaffAct("reset_password", N_("New password for an account"), Act.MANAGE_OFFICERS, _reset)
CLEAR_FACTORS: Final = StaffAct(
    "clear_factors", N_("Removal of the second factors of an account"), Act.MANAGE_OFFICERS, _clear_factors
)
REOPEN_ACCOUNT: Final = StaffAct("reopen_account", N_("Opening of a closed account"), Act.MANAGE_OFFICERS, _reopen)

STAFF_ACTS: Final = (
    INVITE_OFFICER, PROPOSE_OFFICER, GRANT_OFFICER, END_OFFICER, RESET_PASSWORD, CLEAR_FACTORS, REOPEN_ACCOUNT,
)  # fmt: skip


# Asking ---------------------------------------------------------------------------------------------------------------


def ask_invitation(
    act: StaffAct, wish: Wish, cycle: Cycle | None, *, reason: str, actor: Actor, at: datetime
) -> StaffRequest:
    """Ask for the invitation of an officer; the caller commits. Raises what `check_wish` and `ask` raise."""
    check_wish(wish, at)
    return requests.ask(act, random_ref("I"), given_of(wish), reason=reason, cycle=cycle, actor=actor, at=at)


def ask_role(account: Account, wish: Wish, cycle: Cycle | None, *, reason: str, actor: Actor, at: datetime) -> None:
    """Ask for a role for an account that exists; the caller commits. Raises `RoleScope` for a nominee's role."""
    if wish.role == "nominee":
        raise RoleScope(wish.role)
    requests.ask(GRANT_OFFICER, account.ref, given_of(wish), reason=reason, cycle=cycle, actor=actor, at=at)


def ask_end(account: Account, grant: RoleGrant, *, reason: str, actor: Actor, at: datetime) -> None:
    """Ask for the end of an officer's role; the caller commits. Raises `GrantEnded`."""
    if grant.ended_at is not None:
        raise GrantEnded
    cycle = None if grant.cycle_id is None else db.session.get(Cycle, grant.cycle_id)
    given = {"role": grant.role, "cycle_id": grant.cycle_id}
    requests.ask(END_OFFICER, account.ref, _plain(given), reason=reason, cycle=cycle, actor=actor, at=at)


# What was asked for ---------------------------------------------------------------------------------------------------


def given_of(wish: Wish) -> dict[str, Any]:
    """A wish as a request keeps it."""
    stands_in_for = None if wish.stands_in_for is None else wish.stands_in_for.ref
    return _plain(
        {
            "email": wish.email, "role": wish.role, "name": wish.name, "cycle_id": wish.cycle_id,
            "staff_number": wish.staff_number, "position": wish.position,
            "until": None if wish.until is None else wish.until.isoformat(), "decree": wish.decree,
            "stands_in_for": stands_in_for,
        }
    )  # fmt: skip


def wish_of(given: Mapping[str, Any]) -> Wish:
    """The wish that a request keeps."""
    until, other = given.get("until"), given.get("stands_in_for")
    return Wish(
        email=given.get("email", ""), role=given["role"], name=given.get("name", ""), cycle_id=given.get("cycle_id"),
        staff_number=given.get("staff_number", ""), position=given.get("position", ""),
        until=None if until is None else datetime.fromisoformat(until), decree=given.get("decree", ""),
        stands_in_for=None if other is None else accounts.get_account(other),
    )  # fmt: skip


def grant_named(account: Account, given: Mapping[str, Any]) -> RoleGrant:
    """The role in force that a request names. Raises `GrantEnded`."""
    wanted = select(RoleGrant).where(
        RoleGrant.account_id == account.id,
        RoleGrant.role == given["role"],
        RoleGrant.cycle_id.is_not_distinct_from(given.get("cycle_id")),
        RoleGrant.ended_at.is_(None),
    )
    found = db.session.scalars(wanted.order_by(RoleGrant.id)).first()
    if found is None:
        raise GrantEnded
    return found


def _not_own(request: StaffRequest, actor: Actor) -> Account:
    """The account that a request is about. Raises `SamePerson` where the second person would decide on itself."""
    account = accounts.get_account(request.subject_ref)
    if account.person_id == actor.person_id:
        raise SamePerson
    return account


def _plain(values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value not in (None, "")}
