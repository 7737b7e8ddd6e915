"""Acts about people, keys and the machine that two persons do: one asks, another confirms, and only then it happens.

A room defines its acts and `app.py` registers them:

    GRANT = StaffAct("grant_officer", N_("Role of an officer"), Act.GRANT_OFFICER, carry_out)
    request = requests.ask(GRANT, account.ref, {"role": "verifier"}, reason=..., cycle=cycle, actor=actor, at=at)
    requests.confirm(GRANT, request, actor=second, at=at)   # runs `carry_out(request, second, at)`

Whoever asks needs the act itself, whoever confirms its second part; the views declare both. Persons are compared, not
accounts. Every step is an event of the stream `system` that carries the whole request as it then stands.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import select

from paritrana.accounts.models import StaffRequest
from paritrana.audit import service as audit
from paritrana.core.errors import MissingReason, NotFound, ParitranaError, SamePerson, WrongState
from paritrana.core.policy import Act, Actor
from paritrana.core.words import N_
from paritrana.cycles.models import Cycle
from paritrana.database import db, random_ref
from paritrana.scopes import everybody

WAITS: Final = timedelta(days=7)

CarryOut = Callable[[StaffRequest, Actor, datetime], None]


class RequestWaiting(ParitranaError):
    """The same was asked for before, and nobody has decided on it."""

    code = "request_waiting"
    message = N_("This was asked for already and waits for a second person.")


class RequestMoved(ParitranaError):
    """The request was decided on, taken back, or has waited too long."""

    code = "request_moved"
    message = N_("This request no longer waits. Look at it again.")


@dataclass(frozen=True)
class StaffAct:
    """One kind of act of two persons. `carry_out` does it in the transaction of the confirmation."""

    name: str
    title: str
    act: Act
    carry_out: CarryOut


class StaffActs:
    """The acts of one application, handed over by its rooms; in `app.extensions["staff_acts"]`."""

    def __init__(self, *acts: StaffAct) -> None:
        self._acts = {act.name: act for act in acts}
        if len(self._acts) != len(acts):
            raise ValueError("two acts of two persons have one name")

    def get(self, name: str) -> StaffAct:
        """The act of this name. Raises `NotFound` where another version of the program knew it."""
        if name not in self._acts:
            raise NotFound(name)
        return self._acts[name]

    def __iter__(self) -> Iterator[StaffAct]:
        return iter(self._acts.values())


def ask(
    act: StaffAct,
    subject_ref: str,
    given: Mapping[str, Any],
    *,
    reason: str,
    actor: Actor,
    at: datetime,
    cycle: Cycle | None = None,
) -> StaffRequest:
    """Record the first half; the caller commits. `given` holds texts, whole numbers and lists of these.

    Raises `MissingReason`, `RequestWaiting`, `WrongState` for an actor who is no person.
    """
    if not reason.strip():
        raise MissingReason
    if actor.user_id is None or actor.person_id is None:
        raise WrongState
    audit.lock_stream(audit.SYSTEM)
    waiting = _waiting(act.name, subject_ref)
    if waiting is not None:
        if waiting.expires_at > at:
            raise RequestWaiting
        _decide(waiting, "withdrawn", actor, at)
    request = StaffRequest(
        ref=random_ref("R"),
        kind=act.name,
        subject_ref=subject_ref,
        cycle_id=None if cycle is None else cycle.id,
        given=dict(given),
        reason=reason.strip(),
        asked_by_id=actor.user_id,
        asked_person_id=actor.person_id,
        asked_at=at,
        expires_at=at + WAITS,
        state="waiting",
    )
    db.session.add(request)
    db.session.flush()
    audit.record(audit.SYSTEM, "staff_request.asked", actor, at=at, object_ref=request.ref, **told_of(request))
    return request


def confirm(act: StaffAct, request: StaffRequest, *, actor: Actor, at: datetime) -> None:
    """Record the second half and carry the act out; the caller commits. Raises `RequestMoved`, `SamePerson`."""
    _lock(request, at)
    if request.kind != act.name:
        raise NotFound(request.ref)
    if actor.person_id is None or actor.person_id == request.asked_person_id:
        raise SamePerson
    _decide(request, "confirmed", actor, at)
    with everybody("an act that two people have agreed on works for the whole house"):
        act.carry_out(request, actor, at)
    db.session.flush()


def decline(request: StaffRequest, *, actor: Actor, at: datetime) -> None:
    """Refuse a request as a second person, or take the own one back; the caller commits. Raises `RequestMoved`."""
    _lock(request, at)
    if actor.person_id is None:
        raise WrongState
    _decide(request, "withdrawn" if actor.person_id == request.asked_person_id else "declined", actor, at)


def get_request(request: str) -> StaffRequest:
    """The request with this public reference. Raises `NotFound`."""
    found = db.session.scalars(select(StaffRequest).where(StaffRequest.ref == request)).one_or_none()
    if found is None:
        raise NotFound(request)
    return found


def told_of(request: StaffRequest) -> dict[str, Any]:
    """What an event says of a request as it stands now."""
    return {
        "of": request.kind,
        "subject": request.subject_ref,
        "cycle": request.cycle_id,
        "given": request.given,
        "reason": request.reason,
        "asked_person": request.asked_person_id,
        "asked_at": request.asked_at,
        "expires_at": request.expires_at,
        "state": request.state,
        "decided_person": request.decided_person_id,
        "decided_at": request.decided_at,
    }


def _waiting(kind: str, subject_ref: str) -> StaffRequest | None:
    wanted = select(StaffRequest).where(
        StaffRequest.kind == kind, StaffRequest.subject_ref == subject_ref, StaffRequest.state == "waiting"
    )
    return db.session.scalars(wanted).one_or_none()


def _lock(request: StaffRequest, at: datetime) -> None:
    audit.lock_stream(audit.SYSTEM)
    db.session.refresh(request)
    if request.state != "waiting" or request.expires_at <= at:
        raise RequestMoved


def _decide(request: StaffRequest, state: str, actor: Actor, at: datetime) -> None:
    request.state = state
    request.decided_by_id, request.decided_person_id, request.decided_at = actor.user_id, actor.person_id, at
    db.session.flush()
    audit.record(audit.SYSTEM, f"staff_request.{state}", actor, at=at, object_ref=request.ref, **told_of(request))
