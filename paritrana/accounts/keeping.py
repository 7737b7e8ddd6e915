"""Nothing typed is lost: a form sent after the sign-in ran out is carried through the sign-in page, then sent again."""

import json
from dataclasses import dataclass

from flask import current_app, request
from werkzeug.exceptions import HTTPException, RequestEntityTooLarge
from werkzeug.routing import RequestRedirect

from paritrana.accounts.session import this_session
from paritrana.core.policy import POLICY, Role
from paritrana.web.access import UNSAFE, SignInNeeded

LIMIT = 400_000  # bytes of the carried form, below what one form field may hold
# Never carried: the token belongs to the session that ended, and nothing that signs in is
# kept anywhere.
LEFT_BEHIND = frozenset({"csrf_token", "password", "new_password", "again_password", "code", "credential"})


@dataclass(frozen=True, slots=True)
class Kept:
    """A form that waits: where it was sent to, and its fields in their order."""

    path: str
    fields: tuple[tuple[str, str], ...]


def refuse_signed_out() -> None:
    """Raise `SignInNeeded` for a change by nobody, before the missing token of the lost session is complained about."""
    if request.method not in UNSAFE or this_session().holder is not None:
        return
    view = current_app.view_functions.get(request.endpoint or "")
    declared = getattr(view, "__allowed__", None)
    if declared is not None and Role.PUBLIC not in POLICY[declared.act]:
        raise SignInNeeded


def keep() -> str:
    """The form of the present request as one text for a hidden field; empty where there is none or it is too long.

    Files are not carried: a browser does not let a page fill in a file field.
    """
    if request.method != "POST" or request.mimetype not in {
        "application/x-www-form-urlencoded", "multipart/form-data",
    }:  # fmt: skip
        return ""
    try:
        sent = request.form
    except RequestEntityTooLarge:
        return ""
    fields = [(name, value) for name, value in sent.items(multi=True) if name not in LEFT_BEHIND]
    path = request.path + (f"?{request.query_string.decode('ascii', 'replace')}" if request.query_string else "")
    text = json.dumps({"path": path, "fields": fields}, ensure_ascii=False)
    return text if len(text.encode("utf-8", "replace")) <= LIMIT else ""


def read_kept(text: str) -> Kept | None:
    """The form that a hidden field carries; None unless it goes to a path of this site that takes a POST."""
    try:
        found = json.loads(text) if text else None
    except ValueError:
        return None
    match found:
        case {"path": str(path), "fields": list(pairs)} if _takes_post(path):
            fields = [(pair[0], pair[1]) for pair in pairs if _is_field(pair)]
            return Kept(path, tuple(fields)) if len(fields) == len(pairs) else None
    return None


def _is_field(pair: object) -> bool:
    match pair:
        case [str(name), str()]:
            return name not in LEFT_BEHIND
    return False


def _takes_post(path: str) -> bool:
    if not path.startswith("/") or path.startswith("//") or "\\" in path or not path.isprintable():
        return False
    adapter = current_app.create_url_adapter(request)
    assert adapter is not None  # noqa: S101 - there always is one within a request
    try:
        endpoint, _values = adapter.match(path.partition("?")[0], method="POST")
    except (HTTPException, RequestRedirect):
        return False
    return not endpoint.startswith("accounts.")
