"""Sign-in: Flask-Security hashes passwords and signs people in; its routes and its other ways in do not exist here.

The pages are views of our own, so that every route declares its act and answers in our words. `blueprint`, tokens in
requests, "remember me", recovery, registration and the second factors' pages of the library stay off.
"""

import functools
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import structlog
from flask import Flask, current_app, g, has_request_context, request
from flask_security import Security, SQLAlchemyUserDatastore, hash_password
from flask_security.utils import login_user, logout_user, verify_and_update_password, verify_password
from flask_sqlalchemy import SQLAlchemy
from itsdangerous import BadSignature, URLSafeSerializer
from sqlalchemy.exc import SQLAlchemyError

from paritrana.accounts import agents, alerts, attempts, keeping, origin, queries, session
from paritrana.accounts.attempts import Source, TooManyAttempts
from paritrana.accounts.models import Account, SecurityRole
from paritrana.accounts.passwords import LONGEST, SHORTEST, is_over
from paritrana.accounts.queries import Holder, SeatsOf
from paritrana.accounts.session import FRESH_KEY, SECOND_KEY, USER_KEY, session_is_open, this_session
from paritrana.audit import halt
from paritrana.config import Settings
from paritrana.core.policy import ANYBODY, Actor
from paritrana.database import db, reading
from paritrana.web.access import now
from paritrana.web.standalone import standalone

log = structlog.get_logger("security")

PASSWORD_DUE = "password_due"  # noqa: S105 - a mark in the session of who has to set another password
DEVICE_AGE = 180 * 24 * 3600  # seconds
# Costs of Argon2id after the recommendation of OWASP (46 MiB); a test run does not gain by waiting.
COSTS = {"time_cost": 2, "memory_cost": 47104, "parallelism": 1}
COSTS_OF_TESTS = {"time_cost": 1, "memory_cost": 64, "parallelism": 1}


def init_app(app: Flask, database: SQLAlchemy) -> None:
    """Set up sessions and Flask-Security. Needs the settings, the clock and `origin` to be set up before."""
    settings: Settings = app.extensions["settings"]
    costs = COSTS_OF_TESTS if settings.testing else COSTS
    app.config.update(
        SECURITY_PASSWORD_HASH="argon2",  # noqa: S106 - the name of the function
        SECURITY_PASSWORD_SCHEMES=["argon2"],
        SECURITY_PASSWORD_SINGLE_HASH=True,
        SECURITY_PASSWORD_HASH_PASSLIB_OPTIONS={"argon2__type": "ID"} | {f"argon2__{k}": v for k, v in costs.items()},
        SECURITY_PASSWORD_NORMALIZE_FORM=None,
        SECURITY_PASSWORD_LENGTH_MIN=SHORTEST,
        SECURITY_RETURN_GENERIC_RESPONSES=True,
        SECURITY_DEFAULT_REMEMBER_ME=False,
        SECURITY_API_ENABLED_METHODS=["session"],
        SECURITY_LOGIN_URL="/sign-in",
        SECURITY_LOGOUT_URL="/sign-out",
        SECURITY_LOGOUT_METHODS=["POST"],
        SECURITY_VERIFY_URL="/sign-in/again",
        SECURITY_FRESHNESS=session.FRESH_FOR,
        SECURITY_FRESHNESS_GRACE_PERIOD=session.FRESH_FOR * 0,
        SECURITY_REGISTERABLE=False,
        SECURITY_RECOVERABLE=False,
        SECURITY_CHANGEABLE=False,
        SECURITY_CONFIRMABLE=False,
        SECURITY_TRACKABLE=False,
        SECURITY_TWO_FACTOR=False,
        SECURITY_UNIFIED_SIGNIN=False,
        SECURITY_WEBAUTHN=False,
        SECURITY_PASSWORDLESS=False,
        SECURITY_CLI_USERS_NAME=None,
        SECURITY_CLI_ROLES_NAME=None,
        SESSION_PROTECTION=None,
    )
    session.init_app(app, settings)
    security = Security()
    security.init_app(app, SQLAlchemyUserDatastore(database, Account, SecurityRole), register_blueprint=False)
    _close_other_ways(app, security)
    hooks = app.before_request_funcs[None]
    hooks.insert(hooks.index(origin.refuse_foreign) + 1, keeping.refuse_signed_out)
    # The switch stands on public pages, which have no session and so no token; the look at the origin guards it.
    app.extensions["csrf"].exempt("paritrana.web.language.set_language")
    app.context_processor(frame)


def _close_other_ways(app: Flask, security: Security) -> None:
    """Take out what would sign in from a request without our session, or read the account behind our back."""
    security.login_manager.request_loader(lambda _request: None)
    security.login_manager.user_loader(lambda _user_id: None)
    security.principal.identity_loaders.clear()
    app.template_context_processors[None] = [
        one for one in app.template_context_processors[None] if getattr(one, "__module__", "") != "flask_login.utils"
    ]


@dataclass(frozen=True, slots=True)
class Visitor:
    """Who looks at a page, as the frame of the page needs it."""

    is_authenticated: bool


def frame() -> dict[str, Any]:
    """What the frame of every page shows: who is signed in, and what is out of the ordinary here."""
    settings: Settings = current_app.extensions["settings"]
    holder = this_session().holder if has_request_context() and session_is_open() else None
    return {
        "demo": settings.demo,
        "rehearsal": g.get("rehearsal", False),
        "read_only": read_only,
        "operator_name": settings.operator_name,
        "support_contact": settings.support_contact,
        "current_user": Visitor(holder is not None),
        "person_name": "" if holder is None else holder.name,
    }


def read_only() -> bool:
    """Whether a page says that nothing is stored at the moment.

    The statement of a session has asked already; for visitors without one this asks (one statement). What is kept for
    later, in a folder or on a device, does not say it.
    """
    if not has_request_context() or standalone() or request.args.get("copy") == "device":
        return False
    known = this_session().halted if session_is_open() else None
    if known is not None:
        return known
    try:
        with reading():
            return halt.halted() is not None
    except SQLAlchemyError:  # a page that needs no database is shown without one
        db.session.rollback()
        return False


def actor_at_the_door(seats_of: SeatsOf) -> Callable[[], Actor]:
    """What tells the person behind the present request, for `web/access`; `seats_of` comes from the panels room."""

    def actor() -> Actor:
        here = this_session()
        if here.holder is None:
            return ANYBODY
        fresh = current_app.extensions["settings"].demo or here.fresh(now())
        found = queries.load_actor(here.holder.account_id, fresh=fresh, seats_of=seats_of, holder=here.holder, at=now())
        if found is None:
            return ANYBODY
        asked = current_app.extensions["settings"].asks_second_factor
        if asked and is_officer(found) and SECOND_KEY not in here:
            here.end()  # became an officer after signing in with a password alone
            return ANYBODY
        return found

    return actor


def is_officer(actor: Actor) -> bool:
    """Whether somebody holds any right but a nominee's."""
    return actor.administrator or any((actor.verifies, actor.organises, actor.audits, actor.seats))


def count_attempt(email: str) -> int:
    """Note an attempt at an account before anything is looked at; committed at once. Gives its id to take it back.

    Raises `TooManyAttempts`.
    """
    at = now()
    source = source_of(email)
    noted = attempts.note(source, at).id
    db.session.commit()
    try:
        attempts.refuse_too_many(source, at)
    except TooManyAttempts as refusal:
        attempts.take_back(noted)
        db.session.commit()
        log.warning("sign_in_refused", reason=refusal.code, source=request.remote_addr)
        raise
    return noted


def authenticate(email: str, password: str) -> Account | None:
    """The active account with this e-mail address and password, or None; it commits the count of failures.

    An address without an account costs the same work. Failures before a right password count on until the session
    begins: whoever knows the password only must not guess at the second factor without end. Raises `TooManyAttempts`
    without looking at the password.
    """
    noted = count_attempt(email)
    row = queries.find_password(email)
    db.session.rollback()  # hashing takes long: no lock is held meanwhile
    known = row is not None and row.password is not None and row.active
    right = len(password) <= LONGEST and verify_password(password, row.password if known and row else dummy_hash())
    if not (right and known and row):
        log.warning("sign_in_failed", account=row and row.ref, source=request.remote_addr)
        return None
    account = db.session.get_one(Account, row.id)
    if account.password != row.password or not account.active:
        return None  # changed while the hash was computed
    verify_again_if_outdated(account, password)
    attempts.take_back(noted)
    db.session.commit()
    return account


def verify_again_if_outdated(account: Account, password: str) -> None:
    """Hash a right password anew where it was stored with other costs than today's."""
    context = current_app.extensions["security"].pwd_context
    if context.needs_update(account.password):
        verify_and_update_password(password, account)


def holder_of(account: Account) -> Holder:
    """What a session knows of an account."""
    return Holder(account.id, account.person_id, account.ref, account.name, account.office_region_code)


def forget_request() -> None:
    """What the present request knows of the person before is not true any more."""
    g.pop("csrf_token", None)
    g.pop("actor", None)


def begin_session(account: Account, second: str = "") -> None:
    """Sign `account` in, committed: nothing of the earlier session is kept, and the token is a new one.

    `second` is the kind of the second factor that was shown. A sign-in on a device that is not known is told.
    """
    at = now()
    if account.last_sign_in_at is not None and not source_of(account.email).known:
        alerts.tell(alerts.NEW_DEVICE, account)
    account.last_sign_in_at = at
    attempts.forgive(key_of_account(account.email), at)
    db.session.commit()
    start_session(account, second)
    log.info("sign_in", account=account.ref, person=account.person_id, source=request.remote_addr)


def start_session(account: Account, second: str) -> None:
    """Give this browser a new session of `account`, which was just shown its own; `second` as in `begin_session`."""
    at = now()
    holder, officer = holder_of(account), queries.is_officer(account.id, account.person_id)
    here = this_session()
    here.clear()
    forget_request()
    login_user(account, remember=False, authn_via=["password"])
    for name in set(here) - {USER_KEY}:
        del here[name]
    here[FRESH_KEY] = int(at.timestamp())
    settings: Settings = current_app.extensions["settings"]
    if is_over(account.password_set_at, days=settings.password_days, profile=settings.password_profile, at=at):
        here[PASSWORD_DUE] = 1
    if second:
        here[SECOND_KEY] = second
    here.browser = agents.browser_of(request.headers.get("User-Agent", ""))
    here.source = attempts.source_text(request.remote_addr)
    here.begin(holder, officer=officer, at=at)


def freshen_session(email: str) -> None:
    """Note that it was shown again who this is, committed.

    The token is a new one, the time before the session ends is not.
    """
    attempts.forgive(key_of_account(email), now())
    db.session.commit()
    here = this_session()
    here[FRESH_KEY] = int(now().timestamp())
    here.renew()
    g.pop("actor", None)
    log.info("sign_in_again", account=here.holder and here.holder.ref, source=request.remote_addr)


def end_session() -> None:
    """Sign out: the row goes, so that the token is worth nothing even to who kept a copy."""
    here = this_session()
    log.info("sign_out", account=here.holder and here.holder.ref, source=request.remote_addr)
    logout_user()
    here.end()
    forget_request()


def unlock(email: str) -> None:
    """Lift the lock of an account after it got a new password; the caller commits."""
    attempts.forgive(key_of_account(email), now())


def source_of(email: str) -> Source:
    """Where the present attempt comes from. A device on which this account signed in before is a source of its own."""
    key = key_of_account(email)
    device = _known_device()
    if device is not None and secrets.compare_digest(device[0], key):
        return Source(key, attempts.keyed(_secret(), "device", device[1]), known=True)
    address = attempts.source_text(request.remote_addr)
    return Source(key, attempts.keyed(_secret(), "source", address), known=False)


def device_cookie(email: str) -> tuple[str, str]:
    """Name and value of the cookie that lets this browser sign in although rivals guess at the account."""
    device = _known_device()
    key = key_of_account(email)
    number = device[1] if device and device[0] == key else secrets.token_urlsafe(16)
    return _device_name(), _devices().dumps([key, number])


def browser_key() -> str | None:
    """What names the browser of the present request without telling which it is; None before its first sign-in."""
    device = _known_device()
    return None if device is None else attempts.keyed(_secret(), "browser", device[1])


def _known_device() -> tuple[str, str] | None:
    value = request.cookies.get(_device_name(), "")
    try:
        found = _devices().loads(value)
    except BadSignature:
        return None
    match found:
        case [str(key), str(number)]:
            return key, number
    return None


def _device_name() -> str:
    return "__Host-device" if current_app.extensions["settings"].secure else "device"


def _devices() -> URLSafeSerializer:
    return URLSafeSerializer(_secret(), salt="known-device")


def key_of_account(email: str) -> str:
    """What names an account among the failures to sign in."""
    return attempts.keyed(_secret(), "account", queries.normal_email(email))


def _secret() -> str:
    secret: str = current_app.extensions["settings"].secret_key
    return secret


def dummy_hash() -> str:
    """A hash no password fits, made once with today's costs."""
    return _dummy_hash_of(current_app.extensions["security"].pwd_context)


@functools.cache
def _dummy_hash_of(_context: object) -> str:
    hashed: str = hash_password(secrets.token_urlsafe(32))
    return hashed
