"""The session lives in the database; the cookie holds nothing but a random token, the row nothing but its hash.

A session is read in one statement together with the account that is signed in with it, on a connection of its own
that is closed before the request's transaction opens. It is written when the answer is ready: by then the view has
committed, and whatever it left open is rolled back first, because on SQLite the request's transaction would hold the
one write lock that this writing waits for. An anonymous visitor has no row until something must be remembered, such as
the token of a form; a session that is only read writes its last-seen time at most once a minute.

A full disk must not turn a read, or an act that is committed, into a fault: what only accompanies an answer (the
last-seen time, a message for the next page) is given up then, with a line in the log. What the answer hands out, such
as a new token after a sign-in, is not.
"""

import hashlib
import re
import secrets
from contextvars import copy_context
from datetime import datetime, timedelta
from typing import Any

import structlog
from flask import Flask, Request, Response, make_response, request
from flask import session as flask_session
from flask.sessions import SessionInterface, SessionMixin
from sqlalchemy import and_, delete, insert, or_, select, update
from sqlalchemy.exc import SQLAlchemyError
from werkzeug.datastructures import CallbackDict

from paritrana.accounts.models import SignInSession
from paritrana.accounts.queries import IDLE_OFFICER, IDLE_OTHERS, SESSION_BY_HASH, Holder
from paritrana.config import Settings
from paritrana.database import db, random_ref, reading, set_writing
from paritrana.web.access import UNSAFE, now
from paritrana.web.errors import answer_fault
from paritrana.web.faults import cause_of, fault_of

log = structlog.get_logger("security")

ABSOLUTE_OFFICER, ABSOLUTE_OTHERS = timedelta(hours=8), timedelta(hours=12)
PENDING_FOR = timedelta(minutes=30)  # between the password and the second factor, which may have to be set up first
SEEN_EVERY = timedelta(minutes=1)
FRESH_FOR = timedelta(minutes=10)
STATIC_PATHS = ("/static/", "/bootstrap/static/")
_TOKEN = re.compile(r"[A-Za-z0-9_-]{43}")

USER_KEY = "_user_id"  # Flask-Login's name for the account's `fs_uniquifier`
SECOND_KEY = "second"  # the kind of the second factor that was shown
FRESH_KEY = "fs_paa"  # Flask-Security's name for the moment of the last sign-in, here in whole seconds


class ServerSession(CallbackDict[str, Any], SessionMixin):
    """What is remembered between two requests of one browser: JSON values only, no floats.

    `holder` is who is signed in, `pending` whose password was right while the second factor is still to come. `lost`
    says that the browser brought a token that is no longer good, `fault` that it is not known whether it is: the
    database did not answer.
    """

    def __init__(
        self, data: dict[str, Any] | None = None, *, lost: bool = False, fault: Exception | None = None
    ) -> None:
        def changed(_self: "ServerSession") -> None:
            self.modified = True

        super().__init__(data, changed)
        self.modified = False
        self.lost = lost
        self.fault = fault
        self.row_id: int | None = None
        self.ref = ""
        self.holder: Holder | None = None
        self.pending: Holder | None = None
        self.officer = False
        self.browser = ""
        self.source = ""
        self.began_at: datetime | None = None
        self.last_seen_at: datetime | None = None
        self.expires_at: datetime | None = None
        self.renewed = False
        self.halted: bool | None = None  # whether nothing is stored now; None where the session asked nothing

    @property
    def new(self) -> bool:  # type: ignore[override]
        """Whether no row stands behind this session yet."""
        return self.row_id is None

    def renew(self) -> None:
        """Give the session a new token with this answer; the old one is worth nothing afterwards."""
        self.renewed = True
        self.modified = True

    def begin(self, holder: Holder, *, officer: bool, at: datetime) -> None:
        """Bind the session to a person who just signed in, with a new token and the whole time before it."""
        self.holder, self.pending = holder, None
        self._start(officer, at, ABSOLUTE_OFFICER if officer else ABSOLUTE_OTHERS)

    def wait_for_second_factor(self, holder: Holder, *, officer: bool, at: datetime) -> None:
        """Bind the session to a person whose password was right: with a new token, and good for that step only."""
        self.holder, self.pending = None, holder
        self._start(officer, at, PENDING_FOR)

    def _start(self, officer: bool, at: datetime, length: timedelta) -> None:
        self.officer = officer
        self.ref = random_ref("SS")
        self.began_at = at
        self.expires_at = at + length
        self.renew()

    def end(self) -> None:
        """Forget everything: the row goes and the cookie with it."""
        self.clear()
        self.holder = self.pending = None
        self.modified = True

    def fresh(self, at: datetime) -> bool:
        """Whether the password was entered in the last ten minutes. There is no grace period."""
        entered = self.get(FRESH_KEY)
        return isinstance(entered, int) and 0 <= at.timestamp() - entered <= FRESH_FOR.total_seconds()


class DatabaseSessions(SessionInterface):
    """Flask's session on rows of `sign_in_session`."""

    def __init__(self, settings: Settings) -> None:
        self.secure = settings.secure

    def open_session(self, app: Flask, request: Request) -> ServerSession:
        """The session that the request's token names, if it is still good; otherwise an empty one."""
        token = request.cookies.get(app.config["SESSION_COOKIE_NAME"])
        if not token or request.path.startswith(STATIC_PATHS):
            return ServerSession()
        if not _TOKEN.fullmatch(token):
            return ServerSession(lost=True)
        statement = SESSION_BY_HASH.where(SignInSession.token_hash == hash_token(token))
        try:
            with reading(), db.engine.connect() as connection:
                row = connection.execute(statement).one_or_none()
        except SQLAlchemyError as error:
            return ServerSession(fault=error)
        at = now()
        if row is None or at >= row.expires_at or at - row.last_seen_at > idle_limit(row.officer):
            return ServerSession(lost=True)
        session = ServerSession(row.data)
        if row.account_id is not None:
            # A new password, a closed account or a changed role gave the account a new uniquifier: old sessions end.
            if not row.active or session.get(USER_KEY) != row.fs_uniquifier:
                return ServerSession(lost=True)
            owner = Holder(row.account_id, row.person_id, row.ref, row.name, row.office_region_code)
            if row.pending:
                session.pending = owner
            else:
                session.holder = owner
        session.row_id = row.id
        session.ref = row.session_ref
        session.officer = row.officer
        session.browser, session.source, session.began_at = row.browser, row.source, row.began_at
        session.last_seen_at = row.last_seen_at
        session.expires_at = row.expires_at
        session.halted = row.halted
        return session

    def save_session(self, app: Flask, session: SessionMixin, response: Response) -> None:
        """Store what changed, when the view has committed, and give or take the cookie.

        Where the answer is worth nothing without that, and the disk or the database refuses, the answer becomes the
        one that tells so.
        """
        assert isinstance(session, ServerSession)  # noqa: S101 - there is no other kind here
        if session.fault is not None:
            return
        try:
            self._store(app, session, response)
        except SQLAlchemyError as error:
            if fault_of(error) is None:
                raise
            refused = make_response(answer_fault(error))
            for name in ("Location", "Set-Cookie"):
                response.headers.pop(name, None)
            response.headers.update(refused.headers)
            response.status_code = refused.status_code
            response.set_data(refused.get_data())

    def _store(self, app: Flask, session: ServerSession, response: Response) -> None:
        name = app.config["SESSION_COOKIE_NAME"]
        at = now()
        if not session:
            if session.row_id is not None and session.modified:
                _write(response, _delete_row, session.row_id, needed=True)
            if session.modified and (session.row_id is not None or session.lost):
                response.delete_cookie(name, path="/", secure=self.secure, httponly=True, samesite="Lax")
            return
        if session.modified and (session.row_id is None or session.renewed):
            token = secrets.token_urlsafe(32)
            if not _write(response, _insert_row, session, hash_token(token), at, needed=request.method in UNSAFE):
                return
            response.set_cookie(name, token, path="/", secure=self.secure, httponly=True, samesite="Lax")
        elif session.modified:
            _write(response, _update_row, session.row_id, {"data": dict(session), "last_seen_at": at})
        elif session.last_seen_at is not None and at - session.last_seen_at >= SEEN_EVERY:
            _write(response, _update_row, session.row_id, {"last_seen_at": at})


def init_app(app: Flask, settings: Settings) -> None:
    """Make the database the place of sessions. Over plain http, on loopback only, the cookie cannot be a secure one."""
    app.config["SESSION_COOKIE_NAME"] = "__Host-sid" if settings.secure else "sid"
    app.session_interface = DatabaseSessions(settings)
    app.before_request_funcs.setdefault(None, []).insert(0, refuse_unknown)


def refuse_unknown() -> None:
    """Raise what kept the session from being read: nobody is taken for a stranger because the database is gone."""
    fault = this_session().fault if session_is_open() else None
    if fault is not None:
        raise fault


def this_session() -> ServerSession:
    """The session of the present request."""
    session = flask_session._get_current_object()  # type: ignore[attr-defined]
    assert isinstance(session, ServerSession)  # noqa: S101 - there is no other kind here
    return session


def session_is_open() -> bool:
    """Whether the present request got as far as having a session; one with a broken head did not."""
    return isinstance(flask_session._get_current_object(), ServerSession)  # type: ignore[attr-defined]


def hash_token(token: str) -> str:
    """What the row keeps of a token. It has 256 random bits, so a plain hash cannot be turned back."""
    return hashlib.sha256(token.encode()).hexdigest()


def idle_limit(officer: bool) -> timedelta:
    """How long a session may lie unused."""
    return IDLE_OFFICER if officer else IDLE_OTHERS


def _write(response: Response, change: Any, *arguments: Any, needed: bool = False) -> bool:
    """Run one short writing transaction beside the request's own, which is over by now; gives whether it is stored.

    Raises what kept it from being stored where the answer is worth nothing without it (`needed`).
    """
    if request.method in UNSAFE or not response.is_streamed:  # a download may still read its rows while it is sent
        _release_request_transaction()
    try:
        copy_context().run(_write_now, change, arguments)
    except SQLAlchemyError as error:
        fault = fault_of(error)
        if needed or fault is None:
            raise
        log.error("session_not_stored", endpoint=request.endpoint, fault=fault.value, cause=cause_of(error))
        return False
    return True


def _write_now(change: Any, arguments: tuple[Any, ...]) -> None:
    set_writing(True)  # in this copy of the context only
    with db.engine.begin() as connection:
        change(connection, *arguments)


def _release_request_transaction() -> None:
    """End what the view left open: its rows are committed, and an open transaction may hold the lock waited for."""
    if not db.session.registry.has():
        return
    session = db.session()
    if session.in_transaction():
        if session.new or session.dirty or session.deleted:
            log.error("uncommitted_changes_dropped", endpoint=request.endpoint)
        session.rollback()


def _insert_row(connection: Any, session: ServerSession, token_hash: str, at: datetime) -> None:
    if session.row_id is not None:
        _delete_row(connection, session.row_id)
    unused = and_(SignInSession.account_id.is_(None), SignInSession.last_seen_at < at - IDLE_OTHERS)
    over = select(SignInSession.id).where(or_(SignInSession.expires_at <= at, unused))
    owner = session.holder or session.pending
    # What another sign-in is clearing away at this moment is left to it: two must not wait for each other.
    connection.execute(delete(SignInSession).where(SignInSession.id.in_(over.with_for_update(skip_locked=True))))
    connection.execute(
        insert(SignInSession).values(
            ref=session.ref or random_ref("SS"),
            token_hash=token_hash,
            account_id=None if owner is None else owner.account_id,
            pending=session.pending is not None,
            browser=session.browser,
            source=session.source,
            began_at=session.began_at,
            officer=session.officer,
            data=dict(session),
            created_at=at,
            last_seen_at=at,
            expires_at=session.expires_at or at + ABSOLUTE_OTHERS,
        )
    )


def _update_row(connection: Any, row_id: int, values: dict[str, Any]) -> None:
    connection.execute(update(SignInSession).where(SignInSession.id == row_id).values(**values))


def _delete_row(connection: Any, row_id: int) -> None:
    connection.execute(delete(SignInSession).where(SignInSession.id == row_id))
