"""Setting up a second factor: what both the first sign-in of an officer and the profile do.

With the first one come ten recovery codes, which are shown once.
"""

from dataclasses import dataclass

import segno
import structlog
from flask import request

from paritrana.accounts import alerts, factors, steps
from paritrana.accounts.models import Account
from paritrana.core.errors import ParitranaError
from paritrana.core.policy import Actor
from paritrana.core.words import N_
from paritrana.database import db
from paritrana.web.access import now

log = structlog.get_logger("security")


class CodeOfAnother(ParitranaError):
    """The app showed a code that is not of the secret on the page."""

    code = "code_of_another"
    status = 422
    message = N_("This code does not belong to the picture. Scan it again and type the code that the app shows now.")


class NoPasskey(ParitranaError):
    """The browser made no passkey, or not for this page."""

    code = "no_passkey"
    status = 422
    message = N_("No passkey was made. Try again, or set up an app instead.")


@dataclass(frozen=True, slots=True)
class ShownApp:
    """The secret of an app as a page shows it."""

    picture: str  # a data URI
    typed: str


def shown_app(account: Account) -> ShownApp:
    """What an app scans, or its owner types. Raises `SecondFactorKeyMissing`."""
    made = steps.set_up_app(account)
    picture = segno.make(made.address, micro=False, error="m").svg_data_uri(border=4, scale=5, light="white")
    return ShownApp(picture, made.typed)


def add_app(account: Account, code: str, name: str) -> list[str]:
    """Keep the app that shows this code, committed; gives the recovery codes that come with a first factor.

    Raises `CodeOfAnother`, `FactorName`, `TooManyFactors`, `SecondFactorKeyMissing`.
    """
    read = steps.read_app("".join(code.split()))
    if read is None:
        raise CodeOfAnother
    first = not factors.factors_of(account.id)
    factors.add_app(account, *read, name, codes=steps.codes(), actor=as_actor(account), at=now())
    return _added(account, first, "app")


def add_passkey(account: Account, answer: str, name: str) -> list[str]:
    """Keep the passkey that the browser just made, committed; as `add_app`.

    Raises `NoPasskey`, `FactorName`, `TooManyFactors`, `FactorTaken`.
    """
    made = steps.new_passkey(answer)
    if made is None:
        raise NoPasskey
    first = not factors.factors_of(account.id)
    factors.add_passkey(account, made, name, actor=as_actor(account), at=now())
    return _added(account, first, "passkey")


def new_codes(account: Account) -> list[str]:
    """Ten new recovery codes, committed; the earlier ones end."""
    made = factors.make_codes(account, actor=as_actor(account), at=now())
    alerts.tell(alerts.RECOVERY_CODES_MADE, account)
    db.session.commit()
    log.info("recovery_codes_made", account=account.ref, source=request.remote_addr)
    return made


def as_actor(account: Account) -> Actor:
    """The person who acts on the own account, before or after the sign-in is whole."""
    return Actor(user_id=account.id, person_id=account.person_id, ref=account.ref, name=account.name)


def _added(account: Account, first: bool, kind: str) -> list[str]:
    made = factors.make_codes(account, actor=as_actor(account), at=now()) if first else []
    alerts.tell(alerts.FACTOR_ADDED, account)
    db.session.commit()
    steps.forget_set_up()
    log.info("second_factor_added", account=account.ref, kind=kind, source=request.remote_addr)
    return made
