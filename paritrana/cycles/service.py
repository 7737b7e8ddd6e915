"""Changes of cycles: set-up, rubric versions, states, the simulated clock and the first half of two-person acts."""

import hashlib
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

from paritrana.audit import service as audit
from paritrana.core.errors import (
    MissingReason,
    ParitranaError,
    RehearsalHasNoResult,
    SamePerson,
    StaleVersion,
    WrongState,
)
from paritrana.core.lifecycle import RESTART, State, deadlines_to_come, extended
from paritrana.core.policy import Actor
from paritrana.core.rubric_form import canonical_form
from paritrana.core.words import N_
from paritrana.cycles import queries
from paritrana.cycles.models import (
    CALENDAR,
    Category,
    CategoryTitle,
    Cycle,
    DeadlineExtension,
    Proposal,
    RubricVersion,
)
from paritrana.cycles.rubrics.document import digest_of, form_of, write
from paritrana.database import canonical, db, random_ref

# States up to this one are told in the intake stream of a cycle, later ones in the judging stream.
LAST_INTAKE_STATE = State.VERIFICATION


class ProposalVoid(ParitranaError):
    """What was proposed has changed since; the proposal no longer stands."""

    code = "proposal_void"
    message = N_("What was proposed has changed since. Look at it again and propose it anew.")


class ProposalWaiting(ParitranaError):
    """The same thing is already proposed and waits for a second person."""

    code = "proposal_waiting"
    message = N_("This is already proposed and waits for another person.")


class RubricFrozen(ParitranaError):
    """A frozen rubric version never changes."""

    code = "rubric_frozen"
    message = N_("This rubric version is frozen. Make a new version instead.")


class ClockNotMovable(ParitranaError):
    """Only the clock of a simulated cycle can be moved, and only forward."""

    code = "clock_not_movable"
    message = N_("Only the clock of a simulated cycle can be moved, and only forward.")


def stream_of(cycle: Cycle, state: State) -> str:
    """The audit stream that tells what happens in `state`."""
    return audit.intake(cycle.code) if state <= LAST_INTAKE_STATE else audit.judging(cycle.code)


def intake_of(category: Category) -> str:
    """The audit stream of a category's nominations, files and verification."""
    return audit.intake(category.cycle.code)


def store_rubric(form: Mapping[str, Any], *, actor: Actor, at: datetime) -> RubricVersion:
    """Store a rubric version in the project's own form (`seed/rubrics/*.json`, numbers as texts); the caller commits.

    Returns the version that is already stored when its digest is the same. Raises `RubricFrozen` when another
    content is stored under the same code and number.
    """
    form = canonical_form(form)
    digest = digest_of(form)
    stored = queries.find_rubric(form["code"], form["version"])
    if stored is not None:
        if stored.digest != digest:
            raise RubricFrozen
        return stored
    rubric = RubricVersion(code=form["code"], version=form["version"])
    write(rubric, form)
    db.session.add(rubric)
    db.session.flush()
    audit.record(rubric_stream(rubric), "rubric.stored", actor, at=at, object_ref=rubric.ref, digest=digest, form=form)
    return rubric


def rubric_stream(rubric: RubricVersion) -> str:
    """The audit stream that tells of a rubric version: of the cycle whose organisers made it, or the system's."""
    return audit.SYSTEM if rubric.cycle is None else audit.intake(rubric.cycle.code)


def freeze_rubric(rubric: RubricVersion, *, actor: Actor, second: Actor, at: datetime) -> None:
    """Freeze a version by organiser and chair; the caller commits. Raises `SamePerson`, `RubricFrozen`."""
    if rubric.frozen_at is not None:
        raise RubricFrozen
    if actor.person_id == second.person_id:
        raise SamePerson
    rubric.frozen_at = at
    rubric.row_version += 1
    audit.record(
        rubric_stream(rubric), "rubric.frozen", actor, at=at, object_ref=rubric.ref, digest=rubric.digest,
        second=second.ref, form=form_of(rubric),
    )  # fmt: skip
    db.session.flush()


def create_cycle(form: Mapping[str, Any], *, actor: Actor, at: datetime) -> Cycle:
    """Make a cycle in draft from the fields of `Cycle`; the caller commits."""
    cycle = Cycle(**form)
    db.session.add(cycle)
    db.session.flush()
    audit.record(audit.intake(cycle.code), "cycle.created", actor, at=at, object_ref=cycle.code, fields=_plain(form))
    return cycle


def add_category(
    cycle: Cycle, form: Mapping[str, Any], titles: Mapping[int, tuple[str, str]], *, actor: Actor, at: datetime
) -> Category:
    """Add a category with its titles by rank (Indonesian, English); the caller commits."""
    category = Category(cycle=cycle, **form)
    category.titles = [CategoryTitle(rank=rank, title_id=own, title_en=en) for rank, (own, en) in titles.items()]
    db.session.add(category)
    for deadline in deadlines_to_come(
        State(form.get("state", 0)), closes_at=category.closes_at, grace_ends_at=category.grace_ends_at
    ):
        wait_at(cycle, deadline)
    db.session.flush()
    audit.record(
        audit.intake(cycle.code),
        "category.added",
        actor,
        at=at,
        object_ref=f"{cycle.code}/{category.slug}",
        titles={str(rank): list(pair) for rank, pair in titles.items()},
        fields=_plain(form),
    )
    return category


def _plain(form: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in form.items() if isinstance(value, str | int | bool | datetime)}


def store_due_moves(category: Category, *, at: datetime) -> None:
    """Store the moves of the clock that are due at cycle time `at`, each with an event dated at its deadline."""
    for state, deadline in queries.moves_of(category, at):
        _move(category, state, _CLOCK, at=deadline, reason=None)


class _ClockActor:
    """The clock, as the author of an event."""

    ref = "system"


_CLOCK = _ClockActor()


def refuse_rehearsal(category: Category) -> None:
    """Refuse what follows the plenary with `RehearsalHasNoResult` for a category of a rehearsal."""
    if category.cycle.rehearsal:
        raise RehearsalHasNoResult


def set_state(
    category: Category, state: State, *, expected: State, actor: Actor, at: datetime, reason: str | None = None
) -> None:
    """Move a category to `state`; the caller has checked the move's own condition, and commits.

    `at` is the cycle's time. Raises `WrongState` when the category is not in `expected` any more,
    `RehearsalHasNoResult` where a rehearsal would go beyond the plenary.
    """
    if state > State.PLENARY:
        refuse_rehearsal(category)
    db.session.refresh(category, with_for_update={"of": Category})
    store_due_moves(category, at=at)
    if category.stored_state is not expected:
        raise WrongState
    _move(category, state, actor, at=at, reason=reason)


def restart(category: Category, *, actor: Actor, at: datetime, reason: str) -> None:
    """Take a category back to the interviews for its next attempt; the caller has two people, and commits.

    `at` is the cycle's time. Raises `WrongState` where no restart leads back.
    """
    db.session.refresh(category, with_for_update={"of": Category})
    store_due_moves(category, at=at)
    if category.stored_state not in RESTART:
        raise WrongState
    category.attempt += 1
    _move(category, RESTART[category.stored_state], actor, at=at, reason=reason)
    audit.record(
        audit.judging(category.cycle.code), "category.restarted", actor, at=at,
        object_ref=f"{category.cycle.code}/{category.slug}", attempt=category.attempt, reason=reason,
    )  # fmt: skip
    db.session.flush()


def wait_at(cycle: Cycle, deadline: datetime) -> None:
    """Let the clock of a simulated cycle wait at `deadline`, unless it waits earlier; the caller commits.

    The rooms that set a deadline call this. The clock of any other cycle never waits.
    """
    if cycle.simulated and (cycle.waits_at is None or deadline < cycle.waits_at):
        cycle.waits_at = deadline


def _wait_after(cycle: Cycle, moment: datetime, others: Iterable[datetime] = ()) -> None:
    """Let the clock, which stands at `moment` now, wait at the first deadline that it has not passed."""
    deadlines = [
        deadline
        for category in cycle.categories
        for deadline in deadlines_to_come(
            category.stored_state, closes_at=category.closes_at, grace_ends_at=category.grace_ends_at
        )
    ]
    cycle.waits_at = min((one for one in (*deadlines, *others) if one >= moment), default=None)


def _move(category: Category, state: State, actor: Actor | _ClockActor, *, at: datetime, reason: str | None) -> None:
    before = category.stored_state
    category.state = int(state)
    category.version += 1
    audit.record(
        stream_of(category.cycle, state),
        "category.moved",
        actor,
        at=at,
        object_ref=f"{category.cycle.code}/{category.slug}",
        before=int(before),
        after=int(state),
        reason=reason,
    )
    if before is State.SCORING:
        void_proposals(category, queries.RESTART_ACT, at=at)  # nor is a category restarted that has left the scoring
    if before is State.VERIFICATION:
        void_proposals(category, queries.FREEZE_ACT, at=at)  # once interviews begin, the rubric stays as it is
    if before is State.OPEN:
        void_proposals(category, queries.EXTEND_ACT, at=at)  # a deadline that has passed is not extended
    cycle = category.cycle
    if cycle.waits_at is not None and at > cycle.waits_at:  # a past that is told after the fact, as seeding tells it
        _wait_after(cycle, at)
    db.session.flush()


def advance_clock(
    cycle: Cycle, to: datetime, *, expected: int, actor: Actor, at: datetime, deadlines: Iterable[datetime] = ()
) -> None:
    """Move the clock of a simulated cycle forward to `to` (cycle time); `at` is the system's time; the caller commits.

    The moves that fall due by it are stored, and the clock waits again at the next deadline: of the calendar, or of
    `deadlines`, which later rooms have set. Raises `ClockNotMovable`, `StaleVersion`.
    """
    audit.lock_stream(audit.intake(cycle.code))
    db.session.refresh(cycle, with_for_update={"of": Cycle})
    if cycle.version != expected:
        raise StaleVersion(who="", time="")
    before = queries.cycle_time(cycle, at)
    if not cycle.simulated or to <= before:
        raise ClockNotMovable
    cycle.offset_seconds += _whole_seconds(to - before)
    _hold(cycle, to, at)
    cycle.version += 1
    audit.record(
        audit.intake(cycle.code),
        "clock.advanced",
        actor,
        at=before,
        object_ref=cycle.code,
        before=before,
        after=to,
        offset=cycle.offset_seconds,
        held=cycle.held_seconds,
    )
    for category in cycle.categories:
        store_due_moves(category, at=to)
    _wait_after(cycle, to, deadlines)
    db.session.flush()


def _hold(cycle: Cycle, moment: datetime, at: datetime) -> None:
    """While the clock waited, the system's ran on: that is held back, so that the cycle's stands at `moment` now."""
    cycle.held_seconds = cycle.offset_seconds - _whole_seconds(moment - at)


def _whole_seconds(span: timedelta) -> int:
    """A span in seconds; a second that has begun counts."""
    return -(-span // timedelta(seconds=1))


def propose(
    act: str,
    category: Category,
    *,
    subject_ref: str = "",
    payload: Mapping[str, Any],
    reason: str | None,
    actor: Actor,
    at: datetime,
    needs_reason: bool = False,
) -> Proposal:
    """Record the first half of a two-person act; the caller commits.

    The digest covers `payload`: the second person confirms exactly that. Raises `MissingReason`, `ProposalWaiting`.
    """
    if needs_reason and not (reason or "").strip():
        raise MissingReason
    if queries.waiting_proposal(category, act, subject_ref) is not None:
        raise ProposalWaiting
    if actor.user_id is None or actor.person_id is None:
        raise WrongState
    proposal = Proposal(
        ref=random_ref("P"),
        act=act,
        category=category,
        subject_ref=subject_ref,
        digest=hashlib.sha256(canonical(payload)).hexdigest(),
        payload=dict(payload),
        reason=(reason or "").strip() or None,
        proposer_id=actor.user_id,
        proposer_person_id=actor.person_id,
        proposer_name=actor.name,
        proposed_at=at,
    )
    db.session.add(proposal)
    db.session.flush()
    audit.record(
        stream_of(category.cycle, category.stored_state),
        f"{act}.proposed",
        actor,
        at=at,
        object_ref=proposal.ref,
        subject=subject_ref,
        digest=proposal.digest,
        reason=proposal.reason,
    )
    return proposal


def confirm(proposal: Proposal, digest: str, *, actor: Actor, at: datetime) -> Mapping[str, Any]:
    """Record the second half and return what was proposed; the caller acts on it and commits.

    Raises `SamePerson`, `ProposalVoid` (another digest, or no longer waiting).
    """
    db.session.refresh(proposal, with_for_update={"of": Proposal})
    if proposal.state != "waiting" or proposal.digest != digest:
        raise ProposalVoid
    if actor.person_id is None or actor.person_id == proposal.proposer_person_id:
        raise SamePerson
    proposal.state = "confirmed"
    proposal.confirmer_id = actor.user_id
    proposal.confirmer_person_id = actor.person_id
    proposal.confirmed_at = at
    audit.record(
        stream_of(proposal.category.cycle, proposal.category.stored_state),
        f"{proposal.act}.confirmed",
        actor,
        at=at,
        object_ref=proposal.ref,
        subject=proposal.subject_ref,
        digest=proposal.digest,
    )
    db.session.flush()
    return proposal.payload


def withdraw_proposal(proposal: Proposal, *, actor: Actor, at: datetime) -> None:
    """Take a waiting proposal back, or refuse it as the second person; the caller commits. Raises `ProposalVoid`."""
    if proposal.state != "waiting":
        raise ProposalVoid
    proposal.state = "withdrawn"
    audit.record(
        stream_of(proposal.category.cycle, proposal.category.stored_state),
        f"{proposal.act}.withdrawn",
        actor,
        at=at,
        object_ref=proposal.ref,
        subject=proposal.subject_ref,
    )
    db.session.flush()


def void_proposals(category: Category, act: str, *, at: datetime) -> None:
    """Void the waiting proposals for `act`, because what they named has moved; the caller commits."""
    for proposal in queries.waiting_for(category, act):
        void_proposal(proposal, at=at)


def void_proposal(proposal: Proposal, *, at: datetime) -> None:
    """Void one waiting proposal, because what it named has moved; the caller commits."""
    category = proposal.category
    proposal.state = "void"
    audit.record(
        stream_of(category.cycle, category.stored_state), f"{proposal.act}.void", _CLOCK, at=at,
        object_ref=proposal.ref,
    )  # fmt: skip
    db.session.flush()


def propose_extension(category: Category, to: datetime, reason: str, *, actor: Actor, at: datetime) -> Proposal:
    """Propose to the chair to move the deadline of an open category to `to`; `at` is the cycle's time.

    The caller commits. Raises `WrongState` unless the category is open, `NotLater`, `MissingReason`, `ProposalWaiting`.
    """
    audit.lock_stream(intake_of(category))
    _check_extendable(category, at)
    payload = _extension(category, to, reason.strip())
    return propose(
        queries.EXTEND_ACT, category, payload=payload, reason=reason, actor=actor, at=at, needs_reason=True
    )  # fmt: skip


def confirm_extension(
    proposal: Proposal, digest: str, *, actor: Actor, at: datetime, deadlines: Iterable[datetime] = ()
) -> DeadlineExtension:
    """Move the deadline as proposed, as the chair; `at` is the system's time; the caller commits.

    The clock of a simulated cycle that waits at the old deadline waits at the next one from now on: of the calendar,
    or of `deadlines`, which later rooms have set. Raises `WrongState` once the deadline has passed, `SamePerson`,
    `ProposalVoid`.
    """
    category, cycle = proposal.category, proposal.category.cycle
    audit.lock_stream(intake_of(category))
    db.session.refresh(cycle, with_for_update={"of": Cycle})
    db.session.refresh(category, with_for_update={"of": Category})
    moment = queries.cycle_time(cycle, at)
    _check_extendable(category, moment)
    if not {"to", "reason"} <= proposal.payload.keys():
        raise ProposalVoid
    to, reason = datetime.fromisoformat(proposal.payload["to"]), str(proposal.payload["reason"])
    if proposal.payload != _extension(category, to, reason):
        raise ProposalVoid
    confirm(proposal, digest, actor=actor, at=moment)
    before, calendar = category.closes_at, extended(calendar_of(category), to)
    if before is None:
        raise WrongState
    for name, date in calendar.items():
        setattr(category, name, date)
    category.version += 1
    no = len(queries.extensions_of([category.id])[category.id]) + 1
    extension = DeadlineExtension(
        category=category, no=no, closes_before=before, closes_after=to, grace_after=calendar["grace_ends_at"] or to,
        reason=reason, proposal_ref=proposal.ref, extended_at=moment,
    )  # fmt: skip
    db.session.add(extension)
    audit.record(
        intake_of(category), "deadline.extended", actor, at=moment, object_ref=f"{cycle.code}/{category.slug}", no=no,
        closes_before=before, closes_after=to, reason=reason, proposal_ref=proposal.ref, calendar=calendar,
    )  # fmt: skip
    if cycle.waits_at is not None:
        _wait_on(cycle, moment, at, deadlines, actor)
    db.session.flush()
    return extension


def calendar_of(category: Category) -> dict[str, datetime | None]:
    """The dates of a category by the name of their field."""
    return {name: getattr(category, name) for name in CALENDAR}


def _check_extendable(category: Category, at: datetime) -> None:
    if queries.state_at(category, at) is not State.OPEN or category.closes_at is None:
        raise WrongState


def _extension(category: Category, to: datetime, reason: str) -> dict[str, Any]:
    """What the second person confirms: the deadline in force, the new calendar, and the reason as it is announced."""
    calendar = extended(calendar_of(category), to)
    return {
        "from": None if category.closes_at is None else category.closes_at.isoformat(),
        "to": to.isoformat(),
        "calendar": {name: None if date is None else date.isoformat() for name, date in calendar.items()},
        "reason": reason,
    }


def _wait_on(cycle: Cycle, moment: datetime, at: datetime, deadlines: Iterable[datetime], actor: Actor) -> None:
    """Let the clock of a simulated cycle, which stands at `moment`, run on to the deadline that comes first now."""
    if cycle.waits_at == moment:  # it has waited: from here it runs on, and does not make up for the wait
        _hold(cycle, moment, at)
        cycle.version += 1
        audit.record(
            audit.intake(cycle.code), "clock.held", actor, at=moment, object_ref=cycle.code,
            offset=cycle.offset_seconds, held=cycle.held_seconds,
        )  # fmt: skip
    _wait_after(cycle, moment, deadlines)
