"""What the owner of an account hears of: sign-ins on new devices, and every change of what signs in."""

from collections.abc import Mapping
from datetime import datetime
from typing import Final

from paritrana.accounts import alerts as news
from paritrana.accounts.models import Account
from paritrana.core.words import N_
from paritrana.outbox.kinds import Notice
from paritrana.outbox.service import post
from paritrana.people import mailing
from paritrana.people.mailing import PER_HOUR, WHY_ACCOUNT

WHERE: Final = N_("When: %(at)s. Browser: %(browser)s. Place in the network: %(source)s.")
OTHERWISE: Final = N_("Was it you? Then there is nothing to do. If not, end your sessions and change your password.")


def _notice(name: str, title: str, subject: str, said: str) -> Notice:
    return Notice(
        name, title, subject, (said, WHERE, OTHERWISE), WHY_ACCOUNT, fixed=True, wakes=True, per_hour=PER_HOUR
    )


NEW_DEVICE: Final = _notice(
    "new_device", N_("Sign-in on a new device"), N_("Sign-in on a new device"),
    N_("Somebody signed in to your account on a device on which you had not signed in before."),
)  # fmt: skip
FACTOR_ADDED: Final = _notice(
    "factor_added", N_("New second factor"), N_("New second factor"),
    N_("Your account has a second factor more."),
)  # fmt: skip
FACTOR_REMOVED: Final = _notice(
    "factor_removed", N_("Second factor removed"), N_("Second factor removed"),
    N_("A second factor of your account was removed."),
)  # fmt: skip
CODES_MADE: Final = _notice(
    "recovery_codes_made", N_("New recovery codes"), N_("New recovery codes"),
    N_("New recovery codes were made for your account; the earlier ones are worth nothing."),
)  # fmt: skip
CODE_USED: Final = _notice(
    "recovery_code_used", N_("Recovery code used"), N_("Recovery code used"),
    N_("Somebody signed in to your account with a recovery code."),
)  # fmt: skip
FACTORS_CLEARED: Final = Notice(
    "factors_cleared",
    N_("Second factors removed by officers"),
    N_("Your second factors were removed"),
    (
        N_("Two officers removed the second factors and recovery codes of your account on %(at)s, as was asked for."),
        N_("At your next sign-in you set a new one up. If you did not ask for this, tell the secretariat at once."),
    ),
    WHY_ACCOUNT, fixed=True, wakes=True,
)  # fmt: skip

_OF: Final[Mapping[str, Notice]] = {
    news.NEW_DEVICE: NEW_DEVICE,
    news.FACTOR_ADDED: FACTOR_ADDED,
    news.FACTOR_REMOVED: FACTOR_REMOVED,
    news.RECOVERY_CODES_MADE: CODES_MADE,
    news.RECOVERY_CODE_USED: CODE_USED,
}
NOTICES: Final = (*_OF.values(), FACTORS_CLEARED)


def tell_owner(told: news.News) -> None:
    """Write to the owner; the caller commits."""
    cause = f"{told.kind}:{told.at.isoformat()}"
    if told.kind == news.PASSWORD_CHANGED:
        mailing.send_password_changed(told.account, cause, at=told.at)
        return
    params = {"at": told.at, "browser": told.browser or "–", "source": told.source}
    post(_OF[told.kind], told.account, cause, params, path="/profile/sessions", at=told.at)


def send_factors_cleared(account: Account, cause: str, *, at: datetime) -> None:
    """Tell the owner that two officers took the second factors away; the caller commits."""
    post(FACTORS_CLEARED, account, f"cleared:{cause}", {"at": at}, path="/sign-in", at=at)
