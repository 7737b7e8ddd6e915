"""Who may: the one door between a request and a view.

Every view declares its act with `allowed`; a rule of the address map without a declaration stops the start. The facts
that guards ask for belong to the rooms, which hand them over in `app.py`, so that no room imports upwards.
"""

import functools
import inspect
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeVar

import structlog
from flask import Flask, current_app, g, has_request_context, request
from sqlalchemy import ColumnElement, Select, and_, event, false, or_, select, true
from sqlalchemy.orm import Session

from paritrana.core.errors import NotFound, ParitranaError, RehearsalHasNoResult, WrongState
from paritrana.core.lifecycle import State
from paritrana.core.policy import (
    ANYBODY,
    BROUGHT,
    POLICY,
    WHILE_HALTED,
    WITH_ACCOUNT,
    WITH_ACCOUNT_AFRESH,
    Act,
    Actor,
    Answer,
    Decision,
    Guard,
    Part,
    Role,
    decide,
    roles_in,
)
from paritrana.core.words import N_
from paritrana.database import db, set_writing
from paritrana.scopes import Scope, everybody, scope_now, set_scope
from paritrana.web.fields import answer_of

log = structlog.get_logger("access")
Model = TypeVar("Model")

# The HTTP methods that may change something.
UNSAFE = frozenset({"POST", "PUT", "PATCH", "DELETE"})

# Guards whose fact is one and the same in every role but the verifier's, who does not judge.
_OF_WHO_JUDGES = frozenset({Guard.UNCONFLICTED, Guard.CATEGORY_UNCONFLICTED})

# Guards that no row decides: what a form brings, the age of the sign-in, and what follows from the role itself.
_NOT_OF_A_ROW = BROUGHT | {Guard.FRESH, Guard.SEATED, Guard.OWN_CYCLE}


class SignInNeeded(ParitranaError):
    """Nobody is signed in, or the sign-in has expired."""

    code = "sign_in_needed"
    status = 401
    message = N_("Your sign-in has expired. Sign in again; your entries are kept.")


class FreshSignInNeeded(ParitranaError):
    """The act asks for a sign-in of the last ten minutes."""

    code = "fresh_sign_in_needed"
    status = 401
    message = N_("Confirm that it is you: enter your password again.")


class NotAllowed(ParitranaError):
    """The object may be seen, but this act on it is for others."""

    code = "not_allowed"
    status = 403
    message = N_("Your role does not include this. Ask the organiser of the cycle.")


class Halted(ParitranaError):
    """Nothing is stored at the moment, because a fault of the records is looked into."""

    code = "read_only"
    status = 503
    message = N_("Nothing can be stored at the moment: everything can be read, and changes wait for two people.")


class UndeclaredRoute(RuntimeError):
    """A route says nothing about who may open it."""


class NoClause(RuntimeError):
    """A list asks for a guard that no room can tell of its rows: without this refusal it would hold everywhere."""


@dataclass(frozen=True)
class Declared:
    """What a view says about who may open it."""

    act: Act
    part: Part
    loaders: Mapping[str, Callable[..., Any]]


@dataclass(frozen=True)
class CategoryPlace:
    """A category as the policy sees it: its cycle and its state at this moment."""

    id: int
    cycle_id: int
    state: State


GuardFact = Callable[[Actor, Role, Any], bool]
GuardClause = Callable[[Actor, Role], ColumnElement[bool]]


@dataclass
class Access:
    """What the rooms handed over. One per application, in `app.extensions["access"]`."""

    actor: Callable[[], Actor] = lambda: ANYBODY
    first_answer: Callable[[], Any] = lambda: None
    places: Callable[[Any, datetime], Iterable[CategoryPlace]] = lambda subject, at: ()
    all_places: Callable[[datetime], Iterable[CategoryPlace]] = lambda at: ()
    rehearses: Callable[[Any], bool] = lambda subject: False
    halted: Callable[[], object] = lambda: None  # the read-only time that stands, if one does
    facts: dict[Guard, GuardFact] = field(default_factory=dict)
    clauses: dict[tuple[Guard, type], GuardClause] = field(default_factory=dict)


def access() -> Access:
    """The registry of the running application."""
    found: Access = current_app.extensions["access"]
    return found


def now() -> datetime:
    """The moment by the application's clock (not the clock of a cycle); one and the same while a page is made.

    So no page is half before and half after an instant that passes meanwhile.
    """
    if not has_request_context() or request.method in UNSAFE:
        return _clock_now()
    moment: datetime = request.environ.setdefault("paritrana.moment", _clock_now())
    return moment


def _clock_now() -> datetime:
    moment: datetime = current_app.extensions["clock"].now()
    return moment


def current_actor() -> Actor:
    """The person at the door, with the rights in force now; read once per request."""
    if "actor" not in g:
        with everybody("whose rows may be read follows from who it is that asks"):
            g.actor = access().actor()
    actor: Actor = g.actor
    return actor


def scope_of(actor: Actor) -> Scope:
    """Whose rows `actor` may read, whatever a query asks for: those of the own organisations and of the own offices."""
    return Scope(
        account=actor.user_id,
        organisations=actor.organisations,
        cycles=actor.verifies | actor.organises | actor.audits,
        categories=frozenset(seat.category_id for seat in actor.seats.values()),
    )


def ask(act: Act, subject: Any = None, *, part: Part = Part.FIRST, actor: Actor | None = None) -> Decision:
    """The policy's answer for `act` on `subject` by the present (or the given) actor. Pages use it to show a way on."""
    actor = actor or current_actor()
    registry = access()
    known: dict[Any, tuple[bool, Any, Actor]] = g.get("known_facts", {})

    def facts(role: Role, guard: Guard) -> bool:
        if guard is Guard.FRESH:
            return actor.fresh
        judging = guard in _OF_WHO_JUDGES and role is not Role.VERIFIER
        key = id(actor), None if judging else role, guard, id(subject)
        if key not in known:
            fact = registry.facts.get(guard)
            met = subject is None or (fact is not None and fact(actor, role, subject))
            known[key] = met, subject, actor  # what the key names stays alive with it
        return known[key][0]

    places = () if subject is None else tuple(registry.places(subject, now()))
    if not places:
        return decide(actor, act, facts, part=part)
    answers = [
        decide(actor, act, facts, state=place.state, cycle_id=place.cycle_id, category_id=place.id, part=part)
        for place in places
    ]
    return min(answers, key=lambda answer: _ORDER.index(answer.answer))


_ORDER = [
    Answer.ALLOW, Answer.NOT_FRESH, Answer.WRONG_STATE, Answer.FORBIDDEN, Answer.SIGN_IN, Answer.HIDDEN,
]  # fmt: skip


def may(act: Act, subject: Any = None, *, part: Part = Part.FIRST) -> bool:
    """Whether the present actor may do `act`, or may do it after a fresh sign-in: shown as a button then."""
    return ask(act, subject, part=part).answer in {Answer.ALLOW, Answer.NOT_FRESH}


def require(act: Act, subject: Any = None, *, part: Part = Part.FIRST) -> Decision:
    """The policy's yes, or the refusal that the person may know. Raises a `ParitranaError`."""
    decision = ask(act, subject, part=part)
    if decision.allowed:
        return decision
    log.info("denied", act=act.value, account=current_actor().ref, answer=decision.answer.value)
    if decision.answer is Answer.SIGN_IN:
        raise SignInNeeded
    if decision.answer is Answer.NOT_FRESH:
        raise FreshSignInNeeded
    if decision.answer is Answer.WRONG_STATE:
        raise WrongState
    if decision.answer is Answer.FORBIDDEN:
        raise RehearsalHasNoResult if Guard.PUBLISHABLE in decision.failed else NotAllowed
    raise NotFound


def allowed(act: Act, *, part: Part = Part.FIRST, **loaders: Callable[..., Any]) -> Callable[[Any], Any]:
    """Declare who may open a view, and load what it is about.

    Each loader is called with the address variables named like its parameters, and with the actor where it has a
    parameter `actor`; what it returns takes the place of those variables in the view's arguments, under the loader's
    name. The first loaded object is the subject of the question. A loader raises `NotFound` for what is not there.
    """

    def declare(view: Any) -> Any:
        @functools.wraps(view)
        def guarded(**values: Any) -> Any:
            if request.method not in UNSAFE:
                g.known_facts = {}  # nothing changes while a page is made, so each fact is looked up once
            set_scope(scope_of(current_actor()))
            if loaders and not current_actor().signed_in and act in _NEVER_PUBLIC:
                raise SignInNeeded
            if getattr(view, "__once__", False) and (answer := access().first_answer()) is not None:
                return answer
            loaded = {name: _load(loader, values) for name, loader in loaders.items()}
            subject = next(iter(loaded.values()), None)
            require(act, subject, part=part)
            if request.method in UNSAFE and act not in WHILE_HALTED and access().halted() is not None:
                raise Halted
            g.rehearsal = access().rehearses(subject)  # every page of a rehearsal says so
            used = {name for loader in loaders.values() for name in inspect.signature(loader).parameters}
            rest = {name: value for name, value in values.items() if name not in used}
            if request.method in UNSAFE and not getattr(view, "__once__", False):  # `once` looks at the fields itself
                return answer_of(view, {**rest, **loaded})
            return current_app.ensure_sync(view)(**rest, **loaded)

        guarded.__allowed__ = Declared(act, part, loaders)  # type: ignore[attr-defined]
        return guarded

    return declare


_NEVER_PUBLIC = frozenset(act for act, row in POLICY.items() if Role.PUBLIC not in row)


def _load(loader: Callable[..., Any], values: Mapping[str, Any]) -> Any:
    wanted = {
        name: current_actor() if name == "actor" else values[name]
        for name in inspect.signature(loader).parameters
        if name == "actor" or name in values
    }
    return loader(**wanted)


def declare_endpoint(app: Flask, endpoint: str, act: Act) -> None:
    """Give a library's route, such as the static files, its declaration."""
    app.view_functions[endpoint] = allowed(act)(app.view_functions[endpoint])


def visible(actor: Actor, act: Act, model: type[Model], *, part: Part = Part.FIRST) -> Select[Model]:
    """The rows of `model` on which `actor` may do `act`, as a select to be narrowed further.

    The rows are those that `ask` allows one by one: both read the same grants. `model` has a `category_id`.
    Raises `NoClause` where a guard of the act says nothing about rows of `model`.
    """
    registry = access()
    unknown = {
        guard.value
        for grants in POLICY[act].values()
        for grant in grants
        for guard in grant.guards - _NOT_OF_A_ROW
        if (guard, model) not in registry.clauses
    }
    if unknown:
        raise NoClause(f"{act.value} of {model.__name__} asks for {', '.join(sorted(unknown))}")
    if actor.signed_in and act in WITH_ACCOUNT:
        return select(model)
    if actor.signed_in and act in WITH_ACCOUNT_AFRESH:
        return select(model).where(true() if actor.fresh else false())
    ways: list[ColumnElement[bool]] = []
    places = list(registry.all_places(now()))
    for role, grants in POLICY[act].items():
        for grant in grants:
            if grant.part is not part or (Guard.FRESH in grant.guards and not actor.fresh):
                continue
            ids = [
                place.id
                for place in places
                if role in roles_in(actor, place.cycle_id, place.id)
                and (grant.states is None or place.state in grant.states)
            ]
            if not ids:
                continue
            clauses = [registry.clauses[guard, model](actor, role) for guard in sorted(grant.guards - _NOT_OF_A_ROW)]
            ways.append(and_(model.category_id.in_(ids), *clauses))  # type: ignore[attr-defined]
    return select(model).where(or_(false(), *ways))


class CommitInGet(RuntimeError):
    """A view tried to change something on a safe request."""


def init_app(app: Flask) -> None:
    """Prepare the registry, the transaction mode per request and the guard against changes on safe requests."""
    app.extensions["access"] = Access()

    @app.before_request
    def _choose_transaction() -> None:
        set_writing(request.method in UNSAFE)
        g.scope_before = scope_now()
        set_scope(None)  # nobody's rows are read before the door knows who asks

    @app.teardown_request
    def _leave_scope(_fault: BaseException | None) -> None:
        if "scope_before" in g:
            set_scope(g.scope_before)


@event.listens_for(db.session, "before_commit")
def _no_commit_on_safe_requests(session: Session) -> None:
    if has_request_context() and request.method not in UNSAFE:
        log.error("commit_in_get", endpoint=request.endpoint)
        raise CommitInGet(request.endpoint)


def check_declarations(app: Flask) -> None:
    """Stop the start when a rule of the address map has no act. Raises `UndeclaredRoute` naming every such rule."""
    undeclared = sorted(
        f"{rule.rule} ({rule.endpoint})"
        for rule in app.url_map.iter_rules()
        if not hasattr(app.view_functions[rule.endpoint], "__allowed__")
    )
    if undeclared:
        raise UndeclaredRoute("no act is declared for: " + ", ".join(undeclared))
