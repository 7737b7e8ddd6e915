"""What the verification wants of a person: figures to judge, a second person, gates to decide, requests to answer."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import and_, exists, func, or_, select
from sqlalchemy.orm import joinedload

from paritrana.core.lifecycle import State
from paritrana.core.policy import Actor, Role
from paritrana.core.words import N_
from paritrana.cycles.models import Category
from paritrana.cycles.queries import cycle_time, state_now
from paritrana.cycles.tasks import Task
from paritrana.database import db
from paritrana.nominations.models import Nomination
from paritrana.panels.facts import unconflicted_clause
from paritrana.panels.queries import waiting_for_chair
from paritrana.verification import queries
from paritrana.verification.models import ChangeRequest, GateFinding, Override, Verification

_WHOLE = (
    joinedload(Nomination.category, innerjoin=True).joinedload(Category.cycle, innerjoin=True),
    joinedload(Nomination.organisation, innerjoin=True),
)
WORKING = (State.VERIFICATION, State.INTERVIEW)


def tasks(actor: Actor, at: datetime) -> Sequence[Task]:
    """The rows of this room at the system's moment `at` (a fixed number of statements)."""
    return [
        *_to_verify(actor, at),
        *_to_confirm(actor, at),
        *_to_decide(actor, at),
        *_to_shortlist(actor, at),
        *_to_answer(actor, at),
    ]


def _to_verify(actor: Actor, at: datetime) -> list[Task]:
    if not actor.verifies:
        return []
    rows = db.session.execute(
        select(Nomination, Verification)
        .join(Nomination.category)
        .outerjoin(Verification, Verification.nomination_id == Nomination.id)
        .where(
            Category.cycle_id.in_(actor.verifies),
            unconflicted_clause(actor, Role.VERIFIER),
            or_(
                Nomination.state.in_(queries.IN_VERIFICATION),
                and_(Nomination.state.in_(queries.AFTER_SHORTLIST), Verification.state != "closed"),
            ),
        )
        .options(*_WHOLE)
        .order_by(Category.verification_until, Nomination.id)
    ).all()
    found: list[Task] = []
    free: dict[int, list[Nomination]] = {}
    for nomination, verification in rows:
        if state_now(nomination.category, at) not in WORKING:
            continue
        if verification is None or verification.taken_by is None:  # type: ignore[redundant-expr]
            free.setdefault(nomination.category.id, []).append(nomination)
            continue
        row = _row(actor, nomination, verification)
        if row is not None:
            found.append(row)
    for waiting in free.values():
        category = waiting[0].category
        found.append(
            Task(
                message=N_("Take the next of %(n)s waiting nominations: %(category)s"),
                params={"n": len(waiting), "category": category},
                endpoint="verification.queue",
                values={},
                cycle=category.cycle,
                role=Role.VERIFIER,
                due=category.verification_until,
            )
        )
    return found


def _row(actor: Actor, nomination: Nomination, verification: Verification) -> Task | None:
    params = {"name": nomination.organisation.name}
    due, cycle = nomination.category.verification_until, nomination.category.cycle
    if verification.state == "proposed":
        if verification.proposed_person_id == actor.person_id:
            message, waits = N_("The close of the verification waits for a second person: %(name)s"), True
        else:
            message, waits = N_("Close or return the verification: %(name)s"), False
        endpoint = "verification.close"
    elif verification.taken_by != actor.user_id:
        return None
    elif nomination.state == "returned":
        message, waits = N_("The nominee answers a change request: %(name)s"), True
        endpoint = "verification.overview"
    else:
        message = (
            N_("The answer to your request is there: %(name)s")
            if nomination.state == "resubmitted"
            else N_("The second person returned the verification: %(name)s")
            if verification.return_note
            else N_("Verify: %(name)s")
        )
        waits, endpoint = False, "verification.overview"
    return Task(
        message=message,
        params=params,
        endpoint=endpoint,
        values={"ref": nomination.ref},
        cycle=cycle,
        role=Role.VERIFIER,
        due=due,
        waiting_for_others=waits,
    )


def _to_confirm(actor: Actor, at: datetime) -> list[Task]:
    """Values that somebody else proposes to set in place of computed ones."""
    if not actor.verifies:
        return []
    nominations = db.session.scalars(
        select(Nomination)
        .join(Nomination.category)
        .where(
            Category.cycle_id.in_(actor.verifies),
            unconflicted_clause(actor, Role.VERIFIER),
            Nomination.state.not_in(("draft", "withdrawn")),
            exists().where(
                Verification.nomination_id == Nomination.id,
                Override.verification_id == Verification.id,
                Override.state == "proposed",
                Override.first_person_id != actor.person_id,
            ),
        )
        .options(*_WHOLE)
        .order_by(Nomination.id)
    ).all()
    return [
        Task(
            message=N_("Confirm or refuse a set value: %(name)s"),
            params={"name": nomination.organisation.name},
            endpoint="verification.overrides",
            values={"ref": nomination.ref},
            cycle=nomination.category.cycle,
            role=Role.VERIFIER,
            due=nomination.category.verification_until,
        )
        for nomination in nominations
        if state_now(nomination.category, at) in WORKING
    ]


def _to_decide(actor: Actor, at: datetime) -> list[Task]:
    if not actor.chairs:
        return []
    open_gates = (
        select(Nomination.id, func.count(GateFinding.id))
        .join(Verification, Verification.nomination_id == Nomination.id)
        .join(GateFinding, GateFinding.verification_id == Verification.id)
        .where(
            Nomination.category_id.in_(actor.chairs),
            Nomination.state.not_in(("draft", "withdrawn")),
            GateFinding.decided.is_(None),
            unconflicted_clause(actor, Role.CHAIR),
        )
        .group_by(Nomination.id)
        .order_by(Nomination.id)
    )
    counts: dict[int, int] = dict(db.session.execute(open_gates).all())
    nominations = db.session.scalars(
        select(Nomination).where(Nomination.id.in_(counts)).options(*_WHOLE).order_by(Nomination.id)
    ).all()
    found = [
        Task(
            message=N_("Decide on %(n)s conditions: %(name)s"),
            params={"n": counts[nomination.id], "name": nomination.organisation.name},
            endpoint="verification.close",
            values={"ref": nomination.ref},
            cycle=nomination.category.cycle,
            role=Role.CHAIR,
            due=nomination.category.verification_until,
        )
        for nomination in nominations
        if state_now(nomination.category, at) in {*WORKING, State.SCORING}
    ]
    for proposal in waiting_for_chair(actor.chairs, (queries.SHORTLIST,)):
        if proposal.proposer_person_id != actor.person_id:
            found.append(_shortlist_task(proposal.category, N_("Confirm the shortlist: %(category)s"), Role.CHAIR))
    return found


def _to_shortlist(actor: Actor, at: datetime) -> list[Task]:
    """A category whose nominations are all verified and that waits for its shortlist."""
    if not actor.organises:
        return []
    categories = db.session.scalars(
        select(Category)
        .where(Category.cycle_id.in_(actor.organises), Category.state <= int(State.VERIFICATION))
        .options(joinedload(Category.cycle, innerjoin=True))
        .order_by(Category.cycle_id, Category.position)
    ).all()
    in_work = [one for one in categories if state_now(one, at) is State.VERIFICATION]
    if not in_work:
        return []
    ids = [one.id for one in in_work]
    counts = db.session.execute(
        select(Nomination.category_id, Nomination.state, func.count())
        .where(Nomination.category_id.in_(ids))
        .group_by(Nomination.category_id, Nomination.state)
    ).all()
    busy = {category_id for category_id, state, _n in counts if state in queries.IN_VERIFICATION}
    ready = {category_id for category_id, state, _n in counts if state == "verified"} - busy
    proposed = {one.category_id for one in waiting_for_chair(ids, (queries.SHORTLIST,))}
    return [
        _shortlist_task(one, N_("Propose the shortlist: %(category)s"), Role.ORGANISER)
        for one in in_work
        if one.id in ready - proposed
    ]


def _shortlist_task(category: Category, message: str, role: Role) -> Task:
    return Task(
        message=message,
        params={"category": category},
        endpoint="verification.shortlist",
        values={"cycle": category.cycle.code},
        cycle=category.cycle,
        role=role,
        due=category.verification_until,
    )


def _to_answer(actor: Actor, at: datetime) -> list[Task]:
    if not actor.organisations:
        return []
    requests = db.session.scalars(
        select(ChangeRequest)
        .join(ChangeRequest.verification)
        .join(Verification.nomination)
        .where(Nomination.organisation_id.in_(actor.organisations), ChangeRequest.state == "open")
        .options(joinedload(ChangeRequest.verification).joinedload(Verification.nomination).options(*_WHOLE))
        .order_by(ChangeRequest.due_at, ChangeRequest.id)
    ).all()
    return [
        Task(
            message=N_("Answer change request %(no)s: %(name)s"),
            params={"no": request.no, "name": request.nomination.organisation.name},
            endpoint="verification.answer",
            values={"ref": request.nomination.ref, "no": request.no},
            cycle=request.nomination.category.cycle,
            role=Role.NOMINEE,
            due=request.due_at,
        )
        for request in requests
        if cycle_time(request.nomination.category.cycle, at) <= request.due_at
    ]
