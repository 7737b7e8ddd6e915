"""What a form brings and nobody asks for: such a request changes nothing and is answered with 400.

A view says which fields it knows by reading them, itself or through a `Form`, which reads all of its own. Before the
first commit of a view, and before an answer that is no refusal, every field and file that came must have been read.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

from flask import Response, current_app, g, has_request_context, request, session
from flask.typing import ResponseReturnValue
from sqlalchemy import event
from sqlalchemy.orm import Session
from werkzeug.datastructures import ImmutableMultiDict, MultiDict

from paritrana.core.errors import ParitranaError
from paritrana.core.words import N_
from paritrana.database import db

# Every form of ours may carry these, whether or not its address has a use for them.
FRAME: Final = frozenset({"csrf_token", "version", "idempotency_key"})
LONGEST_NAME: Final = 60  # characters of a name that a sentence repeats


class UnknownField(ParitranaError):
    """A request brought a field that its address does not know. Params: `field`."""

    code = "unknown_field"
    status = 400
    message = N_("The field “%(field)s” that was sent is not known here. Load the page again and repeat the step.")


class Sent(ImmutableMultiDict[str, Any]):
    """The fields or files of a request; it remembers which of them were asked for by name."""

    def __init__(self, values: MultiDict[str, Any]) -> None:
        super().__init__(values)
        self.asked: set[str] = set(FRAME)

    def __getitem__(self, key: str) -> Any:
        self.asked.add(key)
        return super().__getitem__(key)

    def __contains__(self, key: object) -> bool:
        self.asked.add(str(key))
        return super().__contains__(key)

    def getlist(self, key: str, type: Any = None) -> list[Any]:
        """All values of a name."""
        self.asked.add(key)
        return super().getlist(key, type)

    @property
    def unknown(self) -> list[str]:
        """The names that nobody asked for, in the order in which they came."""
        return [name for name in self if name not in self.asked]


def know(names: Iterable[str]) -> None:
    """Say that fields or files are known here although this request may have no use for them."""
    found = set(names)
    for sent in (request.form, request.files):
        if isinstance(sent, Sent):
            sent.asked |= found


def refuse_unknown() -> None:
    """Raises `UnknownField` for the first field or file of the request that nobody asked for."""
    for sent in (request.form, request.files):
        if isinstance(sent, Sent) and sent.unknown:
            raise UnknownField(field=sent.unknown[0][:LONGEST_NAME])


def answer_of(view: Callable[..., ResponseReturnValue], values: Mapping[str, Any]) -> Response:
    """What a view that may change something answers. Raises `UnknownField` before it commits or says that all is well.

    A refusal of the view's own stands: it changes nothing either, and it knows what was typed.
    """
    g.fields_watched = True
    try:
        answer = current_app.make_response(current_app.ensure_sync(view)(**values))
    finally:
        g.fields_watched = False
    if answer.status_code < 400:
        try:
            refuse_unknown()
        except UnknownField:
            session.pop("_flashes", None)  # what was to be said after the act
            raise
    return answer


@event.listens_for(db.session, "before_commit")
def _no_commit_with_unknown_fields(_session: Session) -> None:
    if has_request_context() and g.get("fields_watched"):
        refuse_unknown()
