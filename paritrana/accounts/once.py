"""Pressing twice does it once: a repeat with the same key gets the first answer, the same key with another body none.

A view commits for itself, so its answer is not known before its commit. The key is therefore written first, as a row
without an answer in the view's own transaction: act and key are committed together or not at all, and the unique
constraint makes a twin that arrives at the same time wait for it. The answer is filled in by a second, small
transaction. Whoever repeats within that moment waits for it shortly; should the process have died in between, the
repeat is told that the act has arrived.

A refusal (4xx) and a fault leave no row behind: the same form can be corrected and sent with the same key.
"""

import functools
import hashlib
import re
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import structlog
from flask import Response, g, request
from flask.typing import ResponseReturnValue
from sqlalchemy import delete, select, update
from sqlalchemy.exc import IntegrityError, SQLAlchemyError

from paritrana.accounts import queries
from paritrana.accounts.models import SentOnce
from paritrana.core.errors import ParitranaError
from paritrana.core.words import N_
from paritrana.database import canonical, db, reading, rows_changed
from paritrana.web.access import current_actor, now
from paritrana.web.faults import cause_of, fault_of
from paritrana.web.fields import answer_of

log = structlog.get_logger("access")

HEADER, FIELD = "Idempotency-Key", "idempotency_key"
REPLAYED = "Idempotency-Replayed"
KEPT = timedelta(days=30)
LARGEST_ANSWER = 256 * 1024  # bytes; a repeat of a larger answer is told that the act has arrived
PATIENCE, STEP = 3.0, 0.05  # seconds that a repeat waits for the answer of its twin
_KEY = re.compile(r"[A-Za-z0-9_-]{8,100}")
_KEPT_HEADERS = ("Location", "Content-Type", "ETag")
_FORMS = frozenset({"application/x-www-form-urlencoded", "multipart/form-data"})
_NOT_SAID = frozenset({"csrf_token", FIELD})  # change from page to page without saying anything else


class KeyMissing(ParitranaError):
    """A change came without the key that tells a repeat from a new one."""

    code = "key_missing"
    status = 428
    message = N_("The page has to be loaded again before it can be sent. Go back, load it, and repeat the step.")


class KeyReused(ParitranaError):
    """The key was used before for something else."""

    code = "key_reused"
    status = 422
    message = N_("This page was sent before with other entries. Load it again, then send the change.")


class AlreadyReceived(ParitranaError):
    """The act has arrived, but its answer was not kept."""

    code = "already_received"
    status = 409
    message = N_("This was already received. Open the page again to see what is stored.")


def once(view: Callable[..., ResponseReturnValue]) -> Callable[..., ResponseReturnValue]:
    """Make a view that changes something safe to repeat. It stands below `@allowed`, and the view commits.

    The key comes in the header `Idempotency-Key` or the field `idempotency_key`, once per account. Raises `KeyMissing`,
    `KeyReused`, `AlreadyReceived`.
    """

    @functools.wraps(view)
    def only_once(**values: Any) -> ResponseReturnValue:
        key = _key()
        account_id = current_actor().user_id
        assert account_id is not None  # noqa: S101 - the acts of such views are never public
        digest = request_digest()
        at = now()
        if "first_answer_sought" not in g and queries.find_sent(account_id, key) is not None:
            return _repeat(account_id, key, digest)
        db.session.add(_row(account_id, key, digest, at))
        try:
            db.session.flush()
        except IntegrityError:  # the twin was quicker and has committed
            db.session.rollback()
            return _repeat(account_id, key, digest)
        try:
            answer = answer_of(view, values)
        except BaseException:
            db.session.rollback()
            raise
        db.session.rollback()  # ends what was only read after the view's commit
        try:
            if answer.status_code < 400:
                _fill_in(account_id, key, digest, answer, at)
            else:
                _forget(account_id, key)
        except SQLAlchemyError as error:
            # What the view committed is stored: a disk that is full from here on must not make it look refused.
            fault = fault_of(error)
            if fault is None:
                raise
            db.session.rollback()
            log.error("answer_not_kept", endpoint=request.endpoint, fault=fault.value, cause=cause_of(error))
        return answer

    only_once.__once__ = True  # type: ignore[attr-defined]
    return only_once


def first_answer() -> Response | None:
    """The answer this very request was given before, for the door: a repeat must not be measured by today's state.

    None where the request is new or carries no usable key.
    """
    account_id = current_actor().user_id
    key = request.headers.get(HEADER) or (request.form.get(FIELD, "") if request.mimetype in _FORMS else "")
    if account_id is None or not _KEY.fullmatch(key):
        return None
    if queries.find_sent(account_id, key) is None:
        g.first_answer_sought = True
        return None
    return _repeat(account_id, key, request_digest())


def request_digest() -> str:
    """SHA-256 over what a request says: method, address and fields; of a file its name, size and place among them."""
    said: dict[str, Any] = {
        "method": request.method,
        "path": request.path,
        "query": request.query_string.decode("latin-1"),
    }
    if request.mimetype in _FORMS:
        said["fields"] = [[name, value] for name, value in request.form.items(multi=True) if name not in _NOT_SAID]
        said["files"] = [
            [name, file.filename or "", _size(file.stream)] for name, file in request.files.items(multi=True)
        ]
    elif request.mimetype == "application/json":
        said["body"] = hashlib.sha256(request.get_data(cache=True)).hexdigest()
    else:
        said["size"] = request.content_length or 0  # the bytes are streamed to the store, which hashes them
    return hashlib.sha256(canonical(said)).hexdigest()


def _key() -> str:
    key = request.headers.get(HEADER) or ""
    if not key and request.mimetype in _FORMS:
        key = request.form.get(FIELD, "")
    if not _KEY.fullmatch(key):
        raise KeyMissing
    return key


def _size(stream: Any) -> int:
    place = stream.tell()
    end: int = stream.seek(0, 2)
    stream.seek(place)
    return end


def _row(account_id: int, key: str, digest: str, at: datetime) -> SentOnce:
    return SentOnce(account_id=account_id, key=key, request_digest=digest, status=0, headers={}, body=b"", at=at)


def _repeat(account_id: int, key: str, digest: str) -> Response:
    """The first answer, as soon as it is there."""
    deadline = time.monotonic() + PATIENCE
    while True:
        db.session.rollback()  # lets the twin write, and shows what it has written
        with reading():
            row = queries.find_sent(account_id, key)
            if row is None or row.request_digest != digest:
                raise KeyReused if row is not None else AlreadyReceived
            if row.status:
                if row.status == AlreadyReceived.status:
                    raise AlreadyReceived
                answer = Response(row.body, row.status, dict(row.headers))
                answer.headers[REPLAYED] = "true"
                db.session.rollback()
                return answer
        if time.monotonic() > deadline:
            db.session.rollback()
            raise AlreadyReceived
        time.sleep(STEP)


def _fill_in(account_id: int, key: str, digest: str, answer: Response, at: datetime) -> None:
    """Keep the answer. A view that began its transaction anew lost the row of the key, which is then written here."""
    status, headers, body = AlreadyReceived.status, {}, b""
    if not (answer.is_streamed or answer.direct_passthrough) and len(answer.get_data()) <= LARGEST_ANSWER:
        status, body = answer.status_code, answer.get_data()
        headers = {name: answer.headers[name] for name in _KEPT_HEADERS if name in answer.headers}
    mine = SentOnce.account_id == account_id
    filling = update(SentOnce).where(mine, SentOnce.key == key).values(status=status, headers=headers, body=body)
    if rows_changed(filling) == 0:
        row = _row(account_id, key, digest, at)
        row.status, row.headers, row.body = status, dict[str, Any](headers), body
        db.session.add(row)
    old = select(SentOnce.id).where(mine, SentOnce.at < at - KEPT).with_for_update(skip_locked=True)
    db.session.execute(delete(SentOnce).where(SentOnce.id.in_(old)))
    db.session.commit()


def _forget(account_id: int, key: str) -> None:
    """Take out the row of a refused act where the view has committed it all the same."""
    db.session.execute(delete(SentOnce).where(SentOnce.account_id == account_id, SentOnce.key == key))
    db.session.commit()
