"""The step between the password and the session: who has to take it, and whether it was taken right.

Officers need a second factor; a nominee who has one is asked for it too. Between the steps the session names the person
but opens nothing else. What is typed here is counted like a password: guessing costs the same attempts.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

import structlog
from flask import current_app, request

from paritrana.accounts import alerts, attempts, factors, queries, security
from paritrana.accounts.models import Account
from paritrana.accounts.one_time import OneTimeCodes
from paritrana.accounts.passkeys import NewPasskey, Question, Site
from paritrana.accounts.session import USER_KEY, this_session
from paritrana.config import Settings
from paritrana.core.errors import ParitranaError
from paritrana.core.policy import Actor
from paritrana.core.words import N_
from paritrana.database import db
from paritrana.web.access import now

log = structlog.get_logger("security")

CHALLENGE: Final = "challenge"  # of the passkey that the last page asked for
ENROLLING: Final = "enrolling"  # the encrypted secret of an app that is being set up


class WrongCode(ParitranaError):
    """A code that is none of the account's, or was used before."""

    code = "wrong_code"
    status = 422
    message = N_("This code is wrong or was used before. Wait for the next one, then type that.")


class WrongPasskey(ParitranaError):
    """No passkey of the account answered, or not to this page."""

    code = "wrong_passkey"
    status = 422
    message = N_("The passkey was not accepted. Try again, or use another way.")


class WrongPassword(ParitranaError):
    """The password entered again is not the one of the account."""

    code = "wrong_password"
    status = 422
    message = N_("The password is wrong. Try again.")


class Step(StrEnum):
    """What comes after the password."""

    NOTHING = "nothing"
    CHECK = "check"  # a second factor is asked for
    SET_UP = "set_up"  # an officer has none yet


@dataclass(frozen=True, slots=True)
class Setup:
    """What an app needs to take up an account: the address that the picture holds, and the secret to type."""

    address: str
    typed: str


def step_of(account: Account) -> Step:
    """What this person does after the password was right."""
    if not settings().asks_second_factor:
        return Step.NOTHING
    if factors.factors_of(account.id):
        return Step.CHECK
    return Step.SET_UP if queries.is_officer(account.id, account.person_id) else Step.NOTHING


def wait_for(account: Account) -> None:
    """Begin the time between password and second factor, with a new token; nothing of the earlier session is kept."""
    here = this_session()
    holder = security.holder_of(account)
    here.clear()
    security.forget_request()
    here[USER_KEY] = account.fs_uniquifier
    here.wait_for_second_factor(holder, officer=queries.is_officer(account.id, account.person_id), at=now())
    log.info("password_accepted", account=holder.ref, person=holder.person_id, source=request.remote_addr)


def pending_account() -> Account | None:
    """Whose second step this session waits for; None where it waits for none."""
    pending = this_session().pending
    return None if pending is None else db.session.get(Account, pending.account_id)


def settings() -> Settings:
    """The settings of the running application."""
    found: Settings = current_app.extensions["settings"]
    return found


def codes() -> OneTimeCodes:
    """The codes of apps at this moment. Raises `SecondFactorKeyMissing`."""
    return OneTimeCodes(settings().instance_path / "keys", now)


def site() -> Site:
    """What passkeys are bound to."""
    return Site(settings().base_url)


def ask_for_known(account: Account) -> Question | None:
    """A question for the passkeys of an account, kept in the session; None where it has none or none is possible."""
    known = factors.factors_of(account.id, "passkey")
    if not known or not site().possible or not settings().asks_second_factor:
        return None
    return _kept(site().ask_for_known(known))


def ask_for_new(account: Account) -> Question | None:
    """A question for a new passkey, kept in the session; None where no browser could make one."""
    if not site().possible:
        return None
    return _kept(site().ask_for_new(account, factors.factors_of(account.id, "passkey")))


def new_passkey(answer: str) -> NewPasskey | None:
    """The passkey that a browser made for the question of the last page."""
    challenge = _challenge()
    return site().read_new(answer, challenge) if challenge else None


def set_up_app(account: Account) -> Setup:
    """What an app needs; the same until it has shown a code. Raises `SecondFactorKeyMissing`."""
    here, making = this_session(), codes()
    if ENROLLING not in here:
        here[ENROLLING] = making.make_secret()
    return Setup(making.address(here[ENROLLING], account.email), making.typed(here[ENROLLING]))


def read_app(code: str) -> tuple[str, int] | None:
    """The secret that is being set up and the time step of the code, where the app showed the right one."""
    secret = this_session().get(ENROLLING)
    counter = codes().fits(code, secret) if isinstance(secret, str) else None
    return None if counter is None else (str(secret), counter)


def forget_set_up() -> None:
    """The secret is kept by now, or is not wanted any more."""
    this_session().pop(ENROLLING, None)


def check_code(account: Account, typed: str) -> str | None:
    """The kind of what was typed, `app` or `recovery`, where it is right and unused; None otherwise.

    It commits the count of failures, and the use. Raises `TooManyAttempts`, `SecondFactorKeyMissing`.
    """
    noted, ref = security.count_attempt(account.email), account.ref
    at, typed = now(), typed.strip()
    if factors.looks_like_recovery(typed):
        actor = Actor(user_id=account.id, person_id=account.person_id, ref=ref, name=account.name)
        kind = "recovery"
        taken = factors.take_code(account, typed, dummy=security.dummy_hash(), actor=actor, at=at)
    else:
        kind, taken = "app", False
        plain = "".join(typed.split())
        if plain.isascii() and plain.isdecimal():
            making = codes()
            for factor in factors.factors_of(account.id, "app"):
                if making.take(plain, factor):
                    factor.last_used_at = at
                    taken = True
                    break
    return _answered(account, ref, kind, taken, noted)


def check_passkey(account: Account, answer: str, *, verified: bool = False) -> str | None:
    """`passkey` where one of the account answered the question of the last page; None otherwise.

    It commits the count of failures, and the use. Raises `TooManyAttempts`.
    """
    noted, ref, challenge = security.count_attempt(account.email), account.ref, _challenge()
    known = factors.factors_of(account.id, "passkey")
    factor = site().take(answer, challenge, known, verified=verified) if challenge else None
    if factor is not None:
        factor.last_used_at = now()
    return _answered(account, ref, "passkey", factor is not None, noted)


def _answered(account: Account, ref: str, kind: str, taken: bool, noted: int) -> str | None:
    if not taken:
        db.session.rollback()
        log.warning("second_factor_failed", account=ref, kind=kind, source=request.remote_addr)
        return None
    attempts.take_back(noted)
    if kind == "recovery":
        alerts.tell(alerts.RECOVERY_CODE_USED, account)
    db.session.commit()
    log.info("second_factor", account=ref, kind=kind, source=request.remote_addr)
    return kind


def _kept(question: Question) -> Question:
    this_session()[CHALLENGE] = question.challenge
    return question


def _challenge() -> str:
    """The challenge of the last page, taken out: it serves one answer."""
    return str(this_session().pop(CHALLENGE, ""))
