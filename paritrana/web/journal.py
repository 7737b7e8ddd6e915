"""What the security log says of requests: one line for each act and each look at somebody's data.

A view that tells something itself (`structlog.get_logger("security").info(…)`) needs no more: who, where from and which
request are filled in here. For every other request that changes something, looks at an object that is not public, or
is refused, one line is written when its answer is ready. So every act has exactly one line, whoever wrote the view.

Reading many objects in a short time raises one alarm, and is slowed from then on; so is asking for what is not there.
"""

import json
import secrets
import threading
from collections import OrderedDict, deque
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final

import structlog
from flask import Flask, Response, current_app, g, has_app_context, has_request_context, request, session

from paritrana.clock import SystemClock
from paritrana.core.errors import ParitranaError
from paritrana.core.policy import POLICY, Act, Role
from paritrana.core.words import N_
from paritrana.securitylog import SecurityLog, moment, plain

# The loggers whose lines go into the security log.
NAMES: Final = frozenset({
    "security", "access", "evidence", "results", "exports", "certificates", "interviews", "verification",
    "paritrana.refusals",
})  # fmt: skip

# What pages ask for every few seconds by themselves.
QUIET: Final = frozenset({Act.SEE_BOARD, Act.OPERATE})
# A heartbeat: it says that somebody has a sheet open, with a request that may change something.
HEARTBEATS: Final = frozenset({Act.SEE_OWN_MARKS})
# The acts that show what one candidate handed in; objects of these are counted for the alarm.
COUNTED: Final = frozenset({
    Act.SEE_DRAFT, Act.SEE_NOMINATION, Act.DOWNLOAD_EVIDENCE, Act.VERIFY, Act.TAKE_VERIFICATION, Act.ENTER_PAPER,
})  # fmt: skip
HIDDEN_VALUES: Final = frozenset({"token", "secret", "filename"})  # parts of addresses that are no references

UNSAFE: Final = frozenset({"POST", "PUT", "PATCH", "DELETE"})
GIVEN: Final = frozenset({200, 206, 304})

log = structlog.get_logger("security")


class TooManyReads(ParitranaError):
    """A person opens documents faster than anybody reads, and has opened very many. Params: `seconds`."""

    code = "too_many_reads"
    status = 429
    message = N_("You opened very many documents within an hour. Wait %(seconds)s seconds, then open the next one.")


# Writing --------------------------------------------------------------------------------------------------------------


class SecurityWriter:
    """Where a finished line goes: into the security log, and to where every other line goes."""

    def __init__(self, also: Any) -> None:
        self._also = also

    def msg(self, message: str) -> None:
        """Write one line."""
        self._also.msg(message)
        if has_app_context():
            store: SecurityLog | None = current_app.extensions.get("security_log")
            if store is not None:
                store.write(message, str(json.loads(message)["time"])[:10])

    debug = info = warning = error = critical = exception = fatal = msg


_Filtering: Any = structlog.make_filtering_bound_logger(20)  # logging.INFO


class Logger(_Filtering):
    """A logger that completes the lines of the security log, and counts them within a request."""

    def _proxy_to_logger(self, method_name: str, event: str | None = None, **fields: Any) -> Any:
        if isinstance(self._logger, SecurityWriter):
            fields = _completed(fields, "done" if method_name in {"debug", "info"} else "refused")
        return super()._proxy_to_logger(method_name, event, **fields)


def _completed(fields: dict[str, Any], result: str) -> dict[str, Any]:
    """The fields every line has, around what the caller says; nothing that could be a secret or a name."""
    said = {name: plain(value) for name, value in fields.items() if name != "exc_info"}
    said["time"] = moment(_now())
    said.setdefault("result", said.get("answer", said.get("status", result)))
    if has_request_context():
        g.told = g.get("told", 0) + 1
        account, person = _who()
        said.setdefault("account", account)
        said.setdefault("person", person)
        declared = _declared()
        said.setdefault("act", None if declared is None else declared.act.value)
        said.setdefault("object", _object() or None)
        said.setdefault("source", request.remote_addr)
        said["request"] = request_id()
    return said


def _now() -> datetime:
    """The moment by the application's own clock, where there is one."""
    if has_app_context() and "clock" in current_app.extensions:
        found: datetime = current_app.extensions["clock"].now()
        return found
    return SystemClock().now()


def request_id() -> str:
    """The number of the present request, drawn by us."""
    found: str = request.environ.setdefault("paritrana.request", secrets.token_hex(8))
    return found


def _who() -> tuple[str | None, int | None]:
    """The account and person at the door as far as they are known by now, without asking the database."""
    actor = g.get("actor") or getattr(session, "holder", None)
    if actor is None:
        return None, None
    return getattr(actor, "ref", None), getattr(actor, "person_id", None)


def logger_of(also: Any) -> Any:
    """What structlog asks for the logger of a name; `also` is where every line goes."""

    def make(*names: Any) -> Any:
        return SecurityWriter(also) if names and names[0] in NAMES else also

    return make


# Bulk reading ---------------------------------------------------------------------------------------------------------


class Seen(StrEnum):
    """What a further object means for its reader."""

    CALM = "calm"
    ALARM = "alarm"  # said once, until the reader has been calm for an hour


class Readers:
    """Who has opened what within the last hour: in memory, bounded, one per process.

    `share` is the number of processes that serve; each raises its alarm at its part of the whole.
    """

    WINDOW: Final = timedelta(hours=1)
    MOST: Final = 150  # objects in the window, over all processes
    MISSES: Final = 60  # addresses without an object
    PACE: Final = timedelta(seconds=3)  # between two further documents, after the alarm
    PEOPLE: Final = 5000

    def __init__(self, share: int = 1) -> None:
        self.share = share
        self._lock = threading.Lock()
        self._seen: OrderedDict[str, OrderedDict[str, datetime]] = OrderedDict()
        self._missed: OrderedDict[str, deque[datetime]] = OrderedDict()
        self._alarmed: set[tuple[str, str]] = set()

    def most(self) -> int:
        """How many objects a person opens before the alarm."""
        return max(1, self.MOST // self.share)

    def wait(self, reader: str, key: str, at: datetime) -> int:
        """The seconds that a reader waits before this object; 0 for an ordinary one, and for what was open already."""
        with self._lock:
            seen = self._of(reader, at)
            if key in seen or len(seen) < self.most():
                return 0
            left = seen[next(reversed(seen))] + self.PACE - at
            return max(0, -(-int(left.total_seconds() * 1000) // 1000))

    def note(self, reader: str, key: str, at: datetime) -> Seen:
        """Count an object that was given out."""
        with self._lock:
            seen = self._of(reader, at)
            if key not in seen:
                seen[key] = at
            return self._alarm(reader, "read", len(seen) >= self.most())

    def miss(self, reader: str, at: datetime) -> Seen:
        """Count an address at which there was nothing for this person."""
        with self._lock:
            missed = self._missed.setdefault(reader, deque(maxlen=self.MISSES))
            self._missed.move_to_end(reader)
            while len(self._missed) > self.PEOPLE:
                self._missed.popitem(last=False)
            missed.append(at)
            full = len(missed) >= max(1, self.MISSES // self.share) and at - missed[0] <= self.WINDOW
            return self._alarm(reader, "miss", full)

    def _of(self, reader: str, at: datetime) -> OrderedDict[str, datetime]:
        seen = self._seen.setdefault(reader, OrderedDict())
        self._seen.move_to_end(reader)
        while len(self._seen) > self.PEOPLE:
            self._seen.popitem(last=False)
        while seen and at - next(iter(seen.values())) > self.WINDOW:
            seen.popitem(last=False)
        return seen

    def _alarm(self, reader: str, what: str, full: bool) -> Seen:
        if not full:
            self._alarmed.discard((reader, what))
            return Seen.CALM
        if (reader, what) in self._alarmed:
            return Seen.CALM
        self._alarmed.add((reader, what))
        return Seen.ALARM


# The requests ---------------------------------------------------------------------------------------------------------


def init_app(app: Flask, store: SecurityLog | None) -> None:
    """Write the lines of requests, and slow down who reads everything. Register it before what writes own lines."""
    app.extensions["security_log"] = store
    app.extensions["readers"] = Readers()
    app.before_request(_slow_down)
    app.after_request(_tell)


def _readers() -> Readers:
    found: Readers = current_app.extensions["readers"]
    return found


def _declared() -> Any:
    view = current_app.view_functions.get(request.endpoint or "")
    return getattr(view, "__allowed__", None)


def _object() -> str:
    """What the address is about: its references, without what could be a secret."""
    values = (request.view_args or {}).items()
    return "/".join(str(plain(str(value))) for name, value in values if name not in HIDDEN_VALUES)


def _key() -> str:
    """The object for the count: a document, not each of its pages; a nomination, not each of its kinds."""
    values = request.view_args or {}
    first = next((str(value) for name, value in values.items() if name not in HIDDEN_VALUES), "")
    number = next((str(values[name]) for name in ("doc", "no", "photo") if name in values), "")
    return f"{first}/{number}"


def _counts(declared: Any) -> bool:
    return declared.act in COUNTED and request.method not in UNSAFE and bool(request.view_args)


def _slow_down() -> None:
    declared = _declared()
    account, person = _who()
    if declared is None or account is None or not _counts(declared):
        return
    seconds = _readers().wait(f"{person or account}", _key(), _now())
    if seconds:
        raise TooManyReads(seconds=seconds)


def _tell(response: Response) -> Response:
    declared = _declared()
    if declared is None:
        return response
    status = response.status_code
    account, person = _who()
    reader = f"{person or account}"
    if not g.get("told"):
        event = _event(declared, status)
        if event is not None:
            log.info(event, act=declared.act.value, object=_object() or None, result=status)
    if account is not None:
        if status == 404 and _readers().miss(reader, _now()) is Seen.ALARM:
            log.warning("guessing_alarm", act=declared.act.value, result="alarm", count=Readers.MISSES)
        if status in GIVEN and _counts(declared) and _readers().note(reader, _key(), _now()) is Seen.ALARM:
            log.warning("bulk_reading", act=declared.act.value, result="alarm", count=_readers().most())
    if status == 429:
        response.headers.setdefault("Retry-After", str(int(Readers.PACE.total_seconds())))
    return response


def _event(declared: Any, status: int) -> str | None:
    """The word for a request that no view told of; None for one that concerns nobody."""
    if request.method in UNSAFE:
        if declared.act is Act.SET_LANGUAGE or (declared.act in HEARTBEATS and status < 400):
            return None
        return "changed" if status < 400 else "refused"
    if Role.PUBLIC in POLICY[declared.act] or declared.act in QUIET:
        return None
    if status >= 400:
        return "not_found" if status == 404 else "refused"
    return "viewed" if request.view_args else None
