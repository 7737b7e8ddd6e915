"""News about an account that its owner should hear of: a sign-in on a new device, a change of what signs in.

Whoever can write messages listens; the rooms that can stand above this one, so `app.py` hands the listeners over.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from flask import current_app, request

from paritrana.accounts import agents
from paritrana.accounts.attempts import source_text
from paritrana.accounts.models import Account
from paritrana.web.access import now

NEW_DEVICE: Final = "new_device"
PASSWORD_CHANGED: Final = "password_changed"  # noqa: S105 - the name of what happened
FACTOR_ADDED: Final = "factor_added"
FACTOR_REMOVED: Final = "factor_removed"
RECOVERY_CODES_MADE: Final = "recovery_codes_made"
RECOVERY_CODE_USED: Final = "recovery_code_used"
EXTENSION: Final = "account_listeners"


@dataclass(frozen=True, slots=True)
class News:
    """What happened to an account, from which browser and network address."""

    kind: str
    account: Account
    browser: str
    source: str
    at: datetime


Listener = Callable[[News], None]


def tell(kind: str, account: Account) -> None:
    """Let everybody who listens know, in the present transaction; nobody is told where sign-in is unguarded."""
    if not current_app.extensions["settings"].asks_second_factor:
        return
    browser = agents.browser_of(request.headers.get("User-Agent", ""))
    news = News(kind, account, browser, source_text(request.remote_addr), now())
    listeners: list[Listener] = current_app.extensions.get(EXTENSION, [])
    for listener in listeners:
        listener(news)
