"""The messages about accounts: invitations and links, and what an owner should hear of.

A message never holds a token: the path with it is made in the moment of sending, if the link is still good then.
"""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import Final, TypeGuard, TypeVar

from sqlalchemy import select

from paritrana.accounts.models import Account
from paritrana.config import Settings
from paritrana.core.words import N_
from paritrana.database import db
from paritrana.outbox.kinds import Address, Notice
from paritrana.outbox.service import post
from paritrana.outbox.texts import translated
from paritrana.people import tokens
from paritrana.people.models import AccountLink, Invitation
from paritrana.people.words import ROLE_WORDS

WHY_INVITED: Final = N_("You get this message because somebody invited this address. If you expect nothing, ignore it.")
WHY_ACCOUNT: Final = N_(
    "You get this message because it concerns your account. If it was not you, tell the secretariat."
)
WHOLE: Final = N_("the whole installation")
Linked = TypeVar("Linked", Invitation, AccountLink)
PER_HOUR: Final = 5  # invitations to one address, links for one account

INVITED = Notice(
    "invited",
    N_("Invitation"),
    N_("Your invitation"),
    (
        N_("%(by)s invites you to Paritrana as %(role)s: %(scope)s."),
        N_("The link is good until %(until)s and works once. It asks for your name and a password of your own."),
    ),
    WHY_INVITED, fixed=True, wakes=True, per_hour=PER_HOUR,
)  # fmt: skip
PASSWORD_LINK = Notice(
    "password_link",
    N_("Link for a new password"),
    N_("New password"),
    (
        N_("Somebody asked for a new password for this address."),
        N_("The link is good until %(until)s and works once. Without it nothing changes."),
    ),
    WHY_ACCOUNT, fixed=True, wakes=True, per_hour=PER_HOUR,
)  # fmt: skip
ASK_ADMINISTRATOR = Notice(
    "password_by_officers",
    N_("New password for an officer"),
    N_("New password"),
    (
        N_("Somebody asked for a new password for this address. Officers get no link from that page alone."),
        N_("Ask your administrator: a second officer confirms it, and then the link comes here."),
    ),
    WHY_ACCOUNT, fixed=True, wakes=True, per_hour=PER_HOUR,
)  # fmt: skip
PASSWORD_SET = Notice(
    "password_set",
    N_("Password was set"),
    N_("Your password was set"),
    (N_("The password of your account was set on %(at)s. Every session has ended."),),
    WHY_ACCOUNT, fixed=True, wakes=True,
)  # fmt: skip
EMAIL_LINK = Notice(
    "email_link",
    N_("Link for a new e-mail address"),
    N_("Confirm your new address"),
    (
        N_("Somebody wants to sign in to Paritrana with this address from now on."),
        N_("The link is good until %(until)s and works once. Without it nothing changes."),
    ),
    WHY_INVITED, fixed=True, wakes=True, per_hour=PER_HOUR,
)  # fmt: skip
EMAIL_WISHED = Notice(
    "email_wished",
    N_("Another e-mail address was asked for"),
    N_("Another address was asked for"),
    (N_("On %(at)s somebody who was signed in asked to use another address for your account."),),
    WHY_ACCOUNT, fixed=True, wakes=True,
)  # fmt: skip
EMAIL_CHANGED = Notice(
    "email_changed",
    N_("E-mail address was changed"),
    N_("Your address was changed"),
    (N_("The address of your account was changed on %(at)s. Every session has ended."),),
    WHY_ACCOUNT, fixed=True, wakes=True,
)  # fmt: skip
ROLE_GRANTED = Notice(
    "role_granted",
    N_("A new role"),
    N_("You have a new role"),
    (N_("Your account has a role more: %(role)s."),),
    WHY_ACCOUNT, fixed=True, wakes=True,
)  # fmt: skip
ROLE_ENDED = Notice(
    "role_ended",
    N_("End of a role"),
    N_("One of your roles has ended"),
    (N_("Your account no longer has this role: %(role)s."),),
    WHY_ACCOUNT, fixed=True, wakes=True,
)  # fmt: skip


def notices(settings: Settings, now: Callable[[], datetime]) -> tuple[Notice, ...]:
    """The kinds of messages with the links of this installation."""

    def good(found: Linked | None) -> TypeGuard[Linked]:
        return found is not None and found.state == "open" and found.expires_at > now()

    def invited(about: str) -> str | None:
        found = db.session.scalars(select(Invitation).where(Invitation.ref == about)).one_or_none()
        if not good(found):
            return None
        return f"/invitations/{tokens.token_of_invitation(settings.secret_key, found)}"

    def linked(place: str) -> Callable[[str], str | None]:
        def link(about: str) -> str | None:
            found = db.session.scalars(select(AccountLink).where(AccountLink.ref == about)).one_or_none()
            if not good(found):
                return None
            return f"{place}/{tokens.token_of_link(settings.secret_key, found)}"

        return link

    return (
        replace(INVITED, link=invited),
        replace(PASSWORD_LINK, link=linked("/password/new")),
        replace(EMAIL_LINK, link=linked("/email/confirm")),
        ASK_ADMINISTRATOR, PASSWORD_SET, EMAIL_WISHED, EMAIL_CHANGED, ROLE_GRANTED, ROLE_ENDED,
    )  # fmt: skip


def send_invitation(invitation: Invitation, *, by: str, at: datetime) -> bool:
    """Invite; False where the address got too many messages within the hour."""
    scope = _both(WHOLE)
    if invitation.organisation is not None:
        scope = dict.fromkeys(("id", "en"), invitation.organisation.name)
    if invitation.cycle is not None:
        scope = {"id": invitation.cycle.title_id, "en": invitation.cycle.title_en}
    return post(
        INVITED, Address(invitation.name, invitation.email), f"invited:{invitation.ref}",
        {"by": by, "role": _both(ROLE_WORDS[invitation.role]), "scope": scope, "until": invitation.expires_at},
        path="/invitations", about=invitation.ref, at=at,
    )  # fmt: skip


def send_link(link: AccountLink, *, at: datetime) -> bool:
    """Send a link to where it belongs; False where the address got too many messages within the hour."""
    params = {"until": link.expires_at}
    if link.kind == "password":
        return post(
            PASSWORD_LINK, link.account, f"link:{link.ref}", params, path="/password/new", about=link.ref, at=at
        )
    post(EMAIL_WISHED, link.account, f"link-old:{link.ref}", {"at": at}, path="/profile", at=at)
    to = Address(link.account.name, link.email)
    return post(EMAIL_LINK, to, f"link:{link.ref}", params, path="/email/confirm", about=link.ref, at=at)


def send_to_administrator(account: Account, *, at: datetime) -> bool:
    """Tell an officer who forgot the password whom to ask; at most a few times an hour."""
    return post(ASK_ADMINISTRATOR, account, f"ask:{at.isoformat()}", {}, path="/sign-in", at=at)


def send_password_changed(account: Account, cause: str, *, at: datetime) -> None:
    """Tell the owner that the password was set."""
    post(PASSWORD_SET, account, f"set:{cause}", {"at": at}, path="/sign-in", at=at)


def send_email_changed(account: Account, before: str, cause: str, *, at: datetime) -> None:
    """Tell both the old and the new address."""
    post(EMAIL_CHANGED, Address(account.name, before), f"changed-old:{cause}", {"at": at}, path="/sign-in", at=at)
    post(EMAIL_CHANGED, account, f"changed:{cause}", {"at": at}, path="/sign-in", at=at)


def send_role_changed(account: Account, role: str, cause: str, *, granted: bool, at: datetime) -> None:
    """Tell the owner that a role came or ended."""
    notice = ROLE_GRANTED if granted else ROLE_ENDED
    params = {"role": _both(ROLE_WORDS[role])}
    post(notice, account, f"{notice.name}:{cause}", params, path="/home", at=at)


def _both(word: str) -> dict[str, str]:
    return {language: translated(word, language) for language in ("id", "en")}
