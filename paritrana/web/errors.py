"""From a refusal or a fault to one page, or to one JSON object for machines. Nothing of the inside is shown."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import structlog
from flask import Flask, current_app, jsonify, make_response, render_template, request
from flask.globals import request_ctx
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from sqlalchemy.exc import SQLAlchemyError
from werkzeug.exceptions import HTTPException, InternalServerError

from paritrana.core.errors import ParitranaError
from paritrana.core.words import N_
from paritrana.database import db, reading
from paritrana.web.access import UNSAFE
from paritrana.web.faults import Fault, cause_of, fault_of
from paritrana.web.refusals import note_refusal
from paritrana.web.template_filters import sentence

log = structlog.get_logger("paritrana.errors")


@dataclass(frozen=True)
class Words:
    """What a person is told about a status: what happened, whether the data are safe, what to do (message ids)."""

    code: str
    title: str
    happened: str
    data: str = ""
    advice: str = ""


NOTHING_STORED = N_("Nothing was stored or changed.")
BACK = N_("Go back with your browser; your entries are still there.")

WORDS = {
    400: Words(
        "bad_request",
        N_("The page sent something that cannot be read"),
        N_("The form was open too long, or the request was not made by this page."),
        NOTHING_STORED,
        N_("Go back, load the page again, and repeat the last step."),
    ),
    401: Words(
        "not_signed_in",
        N_("Sign in first"),
        N_("This page is for people who are signed in."),
        "",
        N_("Sign in, then open the page again."),
    ),
    403: Words(
        "not_allowed",
        N_("You cannot do this"),
        N_("Your role, or the present stage, does not include this act."),
        NOTHING_STORED,
        N_("Ask the organiser of the cycle if you think that this is wrong."),
    ),
    404: Words(
        "not_found",
        N_("There is no page at this address"),
        N_("The address may be incomplete, or the page is not for everyone."),
        "",
        N_("Check the address, or start again from the first page."),
    ),
    405: Words(
        "wrong_method",
        N_("This address does not take such a request"),
        N_("The page exists, but not for what was sent to it."),
        NOTHING_STORED,
        N_("Start again from the first page."),
    ),
    409: Words(
        "refused",
        N_("This is not possible now"),
        N_("The state of things has changed, or does not allow this yet."),
        NOTHING_STORED,
        BACK,
    ),
    413: Words(
        "too_large",
        N_("What was sent is too large"),
        N_("The files or entries together are larger than the limit."),
        NOTHING_STORED,
        N_("Reduce the scan or split the file, then send it again."),
    ),
    415: Words(
        "wrong_type",
        N_("This kind of content is not accepted"),
        N_("The request came in a form that this address does not read."),
        NOTHING_STORED,
        BACK,
    ),
    422: Words(
        "bad_input",
        N_("There is a problem"),
        N_("Some entries have to be corrected."),
        NOTHING_STORED,
        BACK,
    ),
    428: Words(
        "version_missing",
        N_("The page has to be loaded again"),
        N_("What was sent does not say which version it changes."),
        NOTHING_STORED,
        N_("Go back, load the page again, and repeat the last step."),
    ),
    429: Words(
        "too_many",
        N_("Too many attempts"),
        N_("There were too many attempts in a short time."),
        NOTHING_STORED,
        N_("Wait a few minutes, then try again."),
    ),
    500: Words(
        "server_fault",
        N_("The service has a fault"),
        N_("Something failed on our side, not on yours."),
        N_("What you saved before is safe. The last step was not stored."),
        N_("Go back and try again. If it fails again, tell us the reference below."),
    ),
    503: Words(
        "unavailable",
        N_("The service is not available at the moment"),
        N_("A part of the service does not answer."),
        N_("What you saved before is safe. The last step was not stored."),
        N_("Try again in a few minutes."),
    ),
    507: Words(
        "no_space",
        N_("There is no space to store this now"),
        N_("The store is full."),
        N_("The last step was not stored. What you saved before is safe."),
        N_("Try again later."),
    ),
}

SAFE_BEFORE = N_("What you saved before is safe.")

# What a fault of the disk or the database says beyond the words of its status.
FAULTS = {
    Fault.NO_SPACE: WORDS[507],
    Fault.READ_ONLY: Words(
        "read_only",
        N_("Nothing can be stored at the moment"),
        N_("The store can only be read at the moment."),
        WORDS[503].data,
        WORDS[503].advice,
    ),
    Fault.BUSY: Words(
        "busy",
        WORDS[503].title,
        N_("Too many people are saving at this moment."),
        WORDS[503].data,
        N_("Try again in a few seconds."),
    ),
    Fault.UNAVAILABLE: WORDS[503],
}


@dataclass(frozen=True, slots=True)
class Entries:
    """What a form brought that could not be stored: its fields, to be shown and sent again from the answer itself."""

    path: str
    fields: tuple[tuple[str, str], ...]
    files: tuple[str, ...]  # names of the file fields; a browser lets no page fill them in

    @property
    def typed(self) -> Sequence[str]:
        """The texts a person typed or chose, without what the page added."""
        return [value for name, value in self.fields if name not in _OF_THE_PAGE and value.strip()]


_OF_THE_PAGE = frozenset({"csrf_token", "idempotency_key", "version", "next", "kind", "do"})
_FORMS = frozenset({"application/x-www-form-urlencoded", "multipart/form-data"})
LARGEST_FORM = 400_000  # characters; below what one form may hold


def init_app(app: Flask) -> None:
    """Register the handlers for refusals, for faults of disk and database, and for everything HTTP."""
    app.register_error_handler(ParitranaError, answer_refusal)
    app.register_error_handler(HTTPException, answer_http)
    app.register_error_handler(SQLAlchemyError, answer_fault)
    app.register_error_handler(OSError, answer_fault)


def answer_refusal(error: ParitranaError) -> ResponseReturnValue:
    """A refusal of the rules: its own sentence, its own status and code.

    What may not be known and what does not exist answer alike, to the byte, so a 404 never has words of its own.
    """
    words = words_for(error.status)
    note_refusal(error)
    if error.status == 404:
        return answer(404, words.code, _(words.title), _(words.happened), _text(words.data), _text(words.advice))
    if error.status < 500:
        return answer(error.status, error.code, _(words.title), sentence(error), _text(words.data), _text(words.advice))
    reference = new_reference()
    log.error("fault", reference=reference, status=error.status, endpoint=request.endpoint, cause=error.code)
    _let_go()
    said = Words(error.code, words.title, sentence(error), words.data, words.advice)
    return _answer_fault(error.status, said, reference, Fault.UNAVAILABLE.retry_after)


def answer_fault(error: Exception) -> ResponseReturnValue:
    """A fault of the disk or of the database: one sentence, what was typed, and when to try again; one line of log.

    Whatever else an exception of these kinds means is a fault of ours and goes on to the page for those.
    """
    fault = fault_of(error)
    if fault is None:
        raise error
    reference = new_reference()
    log.error(
        "fault", reference=reference, status=fault.status, endpoint=request.endpoint, cause=cause_of(error),
        fault=fault.value,
    )  # fmt: skip
    _let_go()
    return _answer_fault(
        fault.status, FAULTS[fault], reference, fault.retry_after, bare=fault is Fault.UNAVAILABLE
    )  # fmt: skip


def _answer_fault(
    status: int, words: Words, reference: str, retry_after: int, *, bare: bool = False
) -> ResponseReturnValue:
    title, happened, advice = _(words.title), str(_(words.happened)), _text(words.advice)
    if request.method in UNSAFE:
        answered = answer(
            status, words.code, title, happened, _text(words.data), advice, reference=reference, entries=_entries(),
            bare=bare,
        )  # fmt: skip
    else:
        answered = answer(status, words.code, title, happened, _(SAFE_BEFORE), advice, reference=reference, bare=bare)
    response = make_response(answered)
    response.headers["Retry-After"] = str(retry_after)
    return response


def _let_go() -> None:
    """End the transaction that failed; the page that tells of it may read, and must not wait for the right to write."""
    if db.session.registry.has():
        try:
            db.session.rollback()
        except SQLAlchemyError:  # the line to the database broke: there is nothing left to be ended
            db.session.remove()


def _entries() -> Entries | None:
    """The form of this request; None where there is none, or one that no page may repeat: foreign, or with a password.

    Its token is the one that came, so that the answer gives a stranger's form no right it did not have.
    """
    own = request.headers.get("Sec-Fetch-Site") or request.headers.get("Origin")
    if request.method != "POST" or request.mimetype not in _FORMS or own not in {"same-origin", request.host_url[:-1]}:
        return None
    try:
        fields = tuple(request.form.items(multi=True))
        files = tuple(dict.fromkeys(request.files))
    except Exception:  # the form itself did not arrive whole
        return None
    if any("password" in name for name, _value in fields) or sum(len(n) + len(v) for n, v in fields) > LARGEST_FORM:
        return None
    query = request.query_string.decode("ascii", "replace")
    return Entries(request.path + (f"?{query}" if query else ""), fields, files)


def answer_http(error: HTTPException) -> ResponseReturnValue:
    """An HTTP error of the framework; a fault is logged under the reference that the page shows."""
    if error.response is not None or error.code is None:
        return error
    words = words_for(error.code)
    reference = None
    if error.code >= 500:
        cause = getattr(error, "original_exception", None) if isinstance(error, InternalServerError) else None
        if cause is not None and fault_of(cause) is not None:
            return answer_fault(cause)
        reference = new_reference()
        log.error("fault", reference=reference, status=error.code, endpoint=request.endpoint, exc_info=cause or error)
    response = make_response(
        answer(
            error.code,
            words.code,
            _(words.title),
            _(words.happened),
            _text(words.data),
            _text(words.advice),
            reference=reference,
        )
    )
    for name, value in error.get_headers():
        if name in ("Allow", "Retry-After", "WWW-Authenticate"):
            response.headers[name] = value
    return response


def words_for(status: int) -> Words:
    """The words of a status, or of the nearest one that has words."""
    if status in WORDS:
        return WORDS[status]
    return WORDS[500] if status >= 500 else WORDS[400]


def new_reference() -> str:
    """A random reference that a person can read out on the telephone."""
    letters = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
    digits = "".join(secrets.choice(letters) for _place in range(8))
    return f"{digits[:4]}-{digits[4:]}"


def wants_json() -> bool:
    """Whether a machine asks: a path of the API, or a request that accepts JSON and no page."""
    if request.path.startswith("/api/"):
        return True
    accepted = request.accept_mimetypes
    return bool(accepted) and "application/json" in accepted.values() and not accepted.accept_html


def answer(
    status: int,
    code: str,
    title: str,
    happened: str,
    data: str,
    advice: str,
    *,
    reference: str | None = None,
    entries: Entries | None = None,
    bare: bool = False,
) -> ResponseReturnValue:
    """The page or the JSON object; if the page itself cannot be made (`bare`: a dead database), one without menus."""
    if wants_json():
        body: dict[str, Any] = {"status": status, "code": code, "title": title, "detail": happened}
        if reference:
            body["reference"] = reference
        response = jsonify(body)
        response.mimetype = "application/problem+json"
        return response, status
    context = {
        "status_code": status,
        "title": title,
        "happened": happened,
        "data": data,
        "advice": advice,
        "reference": reference,
        "entries": entries,
    }
    if bare or request_ctx.url_adapter is None:  # for a foreign host name no address of this site can be built
        return bare_page(context), status
    if status < 500:
        return render_template("errors/page.html", **context), status
    try:
        with reading():
            return render_template("errors/page.html", **context), status
    except Exception:  # the fault may lie in what the frame of the page asks for, and a fault must not hide the first
        log.exception("fault_in_error_page", reference=reference)
        return bare_page(context), status


def bare_page(context: dict[str, Any]) -> str:
    """The error page without anything that asks the database or the session."""
    return current_app.jinja_env.get_template("errors/bare.html").render(context)


def _text(message: str) -> str:
    return _(message) if message else ""
