"""Changes of panels: seats, declarations and recusals, and the opening of a category (0 → 1)."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select

from paritrana.accounts.models import Account
from paritrana.audit import service as audit
from paritrana.core.errors import BadInput, MissingReason, ParitranaError, StaleVersion, WrongState
from paritrana.core.lifecycle import State
from paritrana.core.policy import Actor
from paritrana.core.words import N_
from paritrana.cycles import service as cycles
from paritrana.cycles.models import Category, Proposal
from paritrana.cycles.queries import state_at
from paritrana.database import db
from paritrana.nominations.models import Nomination
from paritrana.panels import queries
from paritrana.panels.models import JUDGING, Declaration, Recusal, Seat, Waiver

ROLES: Mapping[str, str] = {
    "chair": N_("Chair"),
    "deputy": N_("Deputy chair"),
    "member": N_("Member"),
    "secretary": N_("Secretary"),
    "substitute": N_("Substitute"),
}
# Places that several people may hold at once.
SHARED = frozenset({"member", "substitute"})
SECRETARY, SUBSTITUTE = "secretary", "substitute"

# What kind of tie a declared conflict is, and what the structure itself shows.
DECLARED = "declared"
BASES: Mapping[str, str] = {
    "kin": N_("Family"),
    "business": N_("Business or money"),
    "statement": N_("A public statement for or against"),
    "other": N_("Something else"),
}
LAST_WAIVED = State.INTERVIEW

# Up to this state an organiser seats alone; later the chair confirms, and after scoring nobody is seated any more.
LAST_ALONE = State.VERIFICATION
LAST_SEATED = State.SCORING


class ReasonMissing(MissingReason):
    """A panel changes only with a decree or a reason in writing."""

    message = N_("Write the number of the decree or the reason.")


class PlaceTaken(ParitranaError):
    """Another person already is chair, deputy or secretary."""

    code = "place_taken"
    message = N_("This place is already taken. End the seat of the person who holds it first.")


class AlreadySeated(ParitranaError):
    """The person already sits in this panel."""

    code = "already_seated"
    message = N_("%(name)s already sits in this panel.")


class SeatExcluded(ParitranaError):
    """The person holds a role in this cycle that excludes a seat."""

    code = "seat_excluded"
    message = N_("%(name)s holds a role in this cycle that excludes a seat. Choose another person.")


class SeatEnded(ParitranaError):
    """The seat has ended already."""

    code = "seat_ended"
    message = N_("This seat has already ended.")


class UnknownPlace(BadInput):
    """A seat for a role that panels do not have."""

    code = "unknown_place"
    message = N_("Choose chair, deputy chair, member, secretary or substitute.")


class NotAnOrganiser(ParitranaError):
    """Only an organiser of the cycle is the secretary of a panel."""

    code = "not_an_organiser"
    message = N_("%(name)s does not organise this cycle. Its secretary is one of its organisers.")


class NotASubstitute(ParitranaError):
    """Somebody is called in who is no substitute of this panel, or for a place that nobody fills in for."""

    code = "not_a_substitute"
    message = N_("Choose a substitute of this panel. A substitute comes in for somebody who marks.")


class UnknownBasis(BadInput):
    """A conflict of a type that there is none of."""

    code = "unknown_basis"
    message = N_("Choose what kind of tie it is.")


class NotWaivable(ParitranaError):
    """Only a declared conflict is waived, and only once."""

    code = "not_waivable"
    message = N_("Only a declared conflict that stands can be waived. What follows from office or work cannot.")


class OwnConflict(ParitranaError):
    """Nobody has a say about the own conflict."""

    code = "own_conflict"
    message = N_("This is your own conflict. Other people decide about it.")


class SecondPersonNeeded(ParitranaError):
    """From the interviews on, a panel changes only with the chair's word."""

    code = "second_person_needed"
    message = N_("From the interviews on the chair must confirm this. Propose it instead.")


class NotReadyToOpen(ParitranaError):
    """Something still keeps a category from opening. `blockers` name it. Params: `n`."""

    code = "not_ready_to_open"
    message = N_("The category cannot be opened yet. Things that block it: %(n)s.")

    def __init__(self, found: "list[Blocker]") -> None:
        super().__init__(n=len(found))
        self.blockers = tuple(found)


@dataclass(frozen=True)
class Blocker:
    """Why a category cannot be opened yet: a sentence."""

    message: str
    params: Mapping[str, Any]


def seat(
    category: Category,
    account: Account,
    role: str,
    constituency: str,
    decree_number: str,
    *,
    actor: Actor,
    at: datetime,
    confirmed: bool = False,
) -> Seat:
    """Give an account a place in the panel; the caller commits.

    The code that stands for the person in the open bundle is drawn at random. Raises `UnknownPlace`, `ReasonMissing`,
    `WrongState`, `SecondPersonNeeded` (states 4 and 5 without `confirmed`), `PlaceTaken`, `AlreadySeated`,
    `SeatExcluded`.
    """
    _check_shape(role, decree_number)
    audit.lock_stream(_stream(category))
    _check_state(category, at, confirmed)
    _check_place(category, account, role)
    there = queries.find_seat(category, account)
    if there is None:
        there = Seat(category=category, account=account, code=_draw_code(category), version=0)
        db.session.add(there)
    there.role, there.constituency = role, constituency.strip()
    there.decree_number = decree_number.strip()
    there.seated_at, there.ended_at, there.ended_reason = at, None, None
    there.version += 1
    audit.record(
        _stream(category), "seat.given", actor, at=at, object_ref=_seat_ref(there), account=account.ref, **told(there)
    )
    db.session.flush()
    return there


def unseat(
    seat_: Seat,
    reason: str,
    *,
    expected: int,
    actor: Actor,
    at: datetime,
    confirmed: bool = False,
    substitute: Seat | None = None,
) -> None:
    """End a seat, and call a substitute in with the same act; the caller commits.

    Sheets that the person submitted count; one that is open is closed with the seat, stays on record and does not
    count. The substitute becomes a member with sheets of their own. Raises `ReasonMissing`, `StaleVersion`,
    `SeatEnded`, `WrongState`, `SecondPersonNeeded`, `NotASubstitute`.
    """
    if not reason.strip():
        raise ReasonMissing
    category = seat_.category
    audit.lock_stream(_stream(category))
    _check_state(category, at, confirmed)
    if substitute is not None:
        db.session.refresh(substitute, ["role", "ended_at", "version"])
        _check_substitute(substitute, seat_)
    db.session.refresh(seat_, ["ended_at", "version"])
    if seat_.ended_at is not None:
        raise SeatEnded
    if seat_.version != expected:
        raise StaleVersion(who=N_("Somebody"), time=at)
    seat_.ended_at, seat_.ended_reason = at, reason.strip()
    seat_.version += 1
    audit.record(
        _stream(category), "seat.ended", actor, at=at, object_ref=_seat_ref(seat_), account=seat_.account.ref,
        reason=reason.strip(), closed=queries.open_sheets_of(seat_), **told(seat_),
    )  # fmt: skip
    if substitute is not None:
        substitute.role, substitute.seated_at = "member", at
        substitute.version += 1
        audit.record(
            _stream(category), "seat.given", actor, at=at, object_ref=_seat_ref(substitute),
            account=substitute.account.ref, instead_of=seat_.code, reason=reason.strip(), **told(substitute),
        )  # fmt: skip
    db.session.flush()


def _check_substitute(substitute: Seat, leaving: Seat) -> None:
    waits = substitute.role == SUBSTITUTE and substitute.ended_at is None
    if not waits or substitute.category_id != leaving.category_id or leaving.role not in JUDGING:
        raise NotASubstitute


def told(seat_: Any) -> dict[str, Any]:
    """What an event says of a seat as it stands now, beside the account that holds it."""
    return {
        "place": seat_.role,
        "constituency": seat_.constituency,
        "decree": seat_.decree_number,
        "seated_at": seat_.seated_at,
        "ended_at": seat_.ended_at,
        "ended_reason": seat_.ended_reason,
        "version": seat_.version,
    }


def propose_seat(
    category: Category,
    account: Account,
    role: str,
    constituency: str,
    decree_number: str,
    *,
    actor: Actor,
    at: datetime,
) -> Proposal:
    """Propose a new place in the panel to the chair (states 4 and 5); the caller commits.

    Raises like `seat`, and `ProposalWaiting` where something about the same person waits already.
    """
    _check_shape(role, decree_number)
    audit.lock_stream(_stream(category))
    _check_state(category, at, confirmed=True)
    _check_place(category, account, role)
    payload = {
        "change": "seat",
        "account": account.ref,
        "name": account.name,
        "role": role,
        "constituency": constituency.strip(),
        "decree": decree_number.strip(),
    }
    return cycles.propose(
        queries.SEAT_ACT, category, subject_ref=account.ref, payload=payload, reason=decree_number, actor=actor,
        at=at, needs_reason=True,
    )  # fmt: skip


def propose_unseat(seat_: Seat, reason: str, *, actor: Actor, at: datetime, substitute: Seat | None = None) -> Proposal:
    """Propose to the chair the end of a seat, and who comes in (states 4 and 5); the caller commits.

    Raises like `unseat`.
    """
    if not reason.strip():
        raise ReasonMissing
    audit.lock_stream(_stream(seat_.category))
    _check_state(seat_.category, at, confirmed=True)
    if substitute is not None:
        _check_substitute(substitute, seat_)
    payload: dict[str, Any] = {
        "change": "end",
        "account": seat_.account.ref,
        "name": seat_.account.name,
        "role": seat_.role,
        "code": seat_.code,
        "version": seat_.version,
    }
    if substitute is not None:
        payload |= {"substitute": substitute.account.ref, "substitute_name": substitute.account.name}
    return cycles.propose(
        queries.SEAT_ACT, seat_.category, subject_ref=seat_.account.ref, payload=payload, reason=reason, actor=actor,
        at=at, needs_reason=True,
    )  # fmt: skip


def confirm_change(proposal: Proposal, digest: str, *, actor: Actor, at: datetime) -> None:
    """Confirm a proposed seat, or the end of one, as the chair; the caller commits.

    Raises `SamePerson`, `ProposalVoid`, and whatever the change itself refuses.
    """
    category = proposal.category
    audit.lock_stream(_stream(category))
    change = cycles.confirm(proposal, digest, actor=actor, at=at)
    account = db.session.scalars(select(Account).where(Account.ref == change["account"])).one()
    if change["change"] == "seat":
        seat(
            category, account, change["role"], change["constituency"], change["decree"], actor=actor, at=at,
            confirmed=True,
        )  # fmt: skip
        return
    there = queries.find_seat(category, account)
    if there is None or there.ended_at is not None or there.version != change["version"]:
        raise cycles.ProposalVoid
    instead = None
    if "substitute" in change:
        called = db.session.scalars(select(Account).where(Account.ref == change["substitute"])).one()
        instead = queries.find_seat(category, called)
        if instead is None or instead.ended_at is not None:
            raise cycles.ProposalVoid
    unseat(
        there, proposal.reason or "", expected=there.version, actor=actor, at=at, confirmed=True, substitute=instead
    )  # fmt: skip


def declare(
    nomination: Nomination, conflict: bool, reason: str, *, basis: str = "other", actor: Actor, at: datetime
) -> Declaration:
    """Say before the first look at a candidate whether something stands between; the caller commits.

    A conflict recuses at once, also when it is found after a declaration without one, which then stands beside the
    recusal; a conflict is never taken back here. Raises `MissingReason` for a conflict without a reason, `WrongState`
    for who was in conflict before.
    """
    if conflict and not reason.strip():
        raise MissingReason
    audit.lock_stream(_stream(nomination.category))
    account_id = actor.account_id
    there = queries.find_declaration(account_id, nomination.id)
    if not conflict and queries.find_recusal(account_id, nomination.id) is not None:
        raise WrongState
    if there is None:
        there = Declaration(account_id=account_id, nomination_id=nomination.id, conflict=conflict, at=at)
        db.session.add(there)
        audit.record(
            _stream(nomination.category), "declaration.signed", actor, at=at, object_ref=nomination.ref,
            conflict=conflict,
        )  # fmt: skip
    if conflict:
        recuse(nomination, reason, basis=basis, actor=actor, at=at)
    db.session.flush()
    return there


def recuse(
    nomination: Nomination,
    reason: str,
    *,
    basis: str = "other",
    actor: Actor,
    at: datetime,
    account_id: int | None = None,
) -> Recusal:
    """Step back from a candidate, or as the chair take another officer out of it; the caller commits.

    `basis` is the kind of tie. What the chair records of somebody whom the structure keeps away already is of the
    structure's kind. It only grows: who is out already stays out for the first reason. Raises `MissingReason`,
    `UnknownBasis`.
    """
    if not reason.strip():
        raise MissingReason
    if basis not in BASES:
        raise UnknownBasis(basis)
    audit.lock_stream(_stream(nomination.category))
    who = account_id if account_id is not None else actor.account_id
    there = queries.find_recusal(who, nomination.id)
    if there is not None:
        return there
    account = db.session.get_one(Account, who)
    kind = DECLARED if account_id is None else queries.structural_kind(account, nomination) or DECLARED
    there = Recusal(
        account_id=who,
        nomination_id=nomination.id,
        category_id=nomination.category_id,
        no=queries.recusals_so_far(who, nomination.id) + 1,
        kind=kind,
        basis=basis if kind == DECLARED else "",
        reason=reason.strip(),
        at=at,
        recorded_by=actor.account_id if account_id is not None else None,
    )
    db.session.add(there)
    audit.record(
        _stream(nomination.category), "officer.recused", actor, at=at, object_ref=nomination.ref, account=account.ref,
        no=there.no, conflict=there.kind, basis=there.basis, reason=there.reason,
    )  # fmt: skip
    db.session.flush()
    return there


def propose_waiver(recusal: Recusal, reason: str, *, actor: Actor, at: datetime) -> Proposal:
    """As the chair, propose to let an officer judge in spite of a declared conflict; the caller commits.

    The reason is public. Raises `MissingReason`, `NotWaivable`, `OwnConflict`, `WrongState` from scoring on,
    `ProposalWaiting`.
    """
    category = recusal.nomination.category
    audit.lock_stream(_stream(category))
    _check_waivable(recusal, actor, at)
    return cycles.propose(
        queries.WAIVE_ACT, category, subject_ref=_recusal_ref(recusal), payload=_waived(recusal, reason),
        reason=reason, actor=actor, at=at, needs_reason=True,
    )  # fmt: skip


def confirm_waiver(proposal: Proposal, digest: str, *, actor: Actor, at: datetime) -> Waiver:
    """Waive a recusal as proposed, as an organiser; the caller commits.

    The officer may open the candidate again, and a sheet begun before. Raises `SamePerson`, `ProposalVoid`, and what
    `propose_waiver` raises.
    """
    audit.lock_stream(_stream(proposal.category))
    recusal = queries.find_recusal_by(proposal.category, proposal.payload)
    if recusal is None or recusal.waiver is not None:
        raise cycles.ProposalVoid
    _check_waivable(recusal, actor, at)
    change = cycles.confirm(proposal, digest, actor=actor, at=at)
    waiver = Waiver(recusal=recusal, reason=str(change["reason"]), proposal_ref=proposal.ref, at=at)
    db.session.add(waiver)
    audit.record(
        _stream(proposal.category), "recusal.waived", actor, at=at, object_ref=recusal.nomination.ref,
        account=recusal.account.ref, no=recusal.no, reason=waiver.reason, proposal=proposal.ref,
    )  # fmt: skip
    db.session.flush()
    return waiver


def _check_waivable(recusal: Recusal, actor: Actor, at: datetime) -> None:
    if recusal.kind != DECLARED or recusal.waiver is not None:
        raise NotWaivable
    if actor.person_id == recusal.account.person_id:
        raise OwnConflict
    if state_at(recusal.nomination.category, at) > LAST_WAIVED:
        raise WrongState


def _waived(recusal: Recusal, reason: str) -> dict[str, Any]:
    return {
        "account": recusal.account.ref,
        "name": recusal.account.name,
        "nomination": recusal.nomination.ref,
        "candidate": recusal.nomination.organisation.name,
        "no": recusal.no,
        "reason": reason.strip(),
    }


def _recusal_ref(recusal: Recusal) -> str:
    return f"{recusal.nomination.ref}/{recusal.account.ref}"


def opening_blockers(category: Category) -> list[Blocker]:
    """What keeps a category in draft from opening, in the order of the page (two statements)."""
    head, rubric = queries.head(category), category.rubric
    found = []
    if head.chair is None:
        found.append(Blocker(N_("The panel has no chair."), {}))
    if head.deputy is None:
        found.append(Blocker(N_("The panel has no deputy chair."), {}))
    if rubric is None or rubric.frozen_at is None:
        found.append(Blocker(N_("The rubric is not frozen."), {}))
    calendar = (category.opens_at, category.closes_at, category.grace_ends_at)
    if any(moment is None for moment in calendar):
        found.append(Blocker(N_("The calendar lacks the opening, the deadline or the end of the grace time."), {}))
    return found


def propose_opening(category: Category, *, actor: Actor, at: datetime) -> Proposal:
    """Propose to the chair to open a category; the caller commits.

    Raises `WrongState`, `NotReadyToOpen`, `ProposalWaiting`.
    """
    _check_openable(category, at)
    return cycles.propose(queries.OPEN_ACT, category, payload=_opening(category), reason=None, actor=actor, at=at)


def confirm_opening(proposal: Proposal, digest: str, *, actor: Actor, at: datetime) -> None:
    """Open the category as its chair; the caller commits.

    Raises `WrongState`, `NotReadyToOpen`, `SamePerson`, `ProposalVoid` when panel, rubric or calendar changed since.
    """
    category = proposal.category
    _check_openable(category, at)
    if proposal.payload != _opening(category):
        raise cycles.ProposalVoid
    cycles.confirm(proposal, digest, actor=actor, at=at)
    cycles.set_state(category, State.OPEN, expected=State.DRAFT, actor=actor, at=at)


def _opening(category: Category) -> dict[str, Any]:
    """What opening fixes: the rubric, the calendar and who leads the panel."""
    head = queries.head(category)
    return {
        "rubric": category.rubric.digest if category.rubric is not None else "",
        "opens_at": _moment(category.opens_at),
        "closes_at": _moment(category.closes_at),
        "grace_ends_at": _moment(category.grace_ends_at),
        "chair": head.chair.account.ref if head.chair is not None else "",
        "deputy": head.deputy.account.ref if head.deputy is not None else "",
    }


def _moment(value: datetime | None) -> str:
    return "" if value is None else value.isoformat()


def _check_openable(category: Category, at: datetime) -> None:
    audit.lock_stream(audit.intake(category.cycle.code))
    if category.stored_state is not State.DRAFT:
        raise WrongState
    found = opening_blockers(category)
    if category.closes_at is not None and category.closes_at <= at:
        found.append(Blocker(N_("The deadline has already passed."), {}))
    if found:
        raise NotReadyToOpen(found)


def _check_shape(role: str, decree_number: str) -> None:
    if role not in ROLES:
        raise UnknownPlace(role)
    if not decree_number.strip():
        raise ReasonMissing


def _check_state(category: Category, at: datetime, confirmed: bool) -> None:
    state = state_at(category, at)
    if state > LAST_SEATED:
        raise WrongState
    if state > LAST_ALONE and not confirmed:
        raise SecondPersonNeeded


def _check_place(category: Category, account: Account, role: str) -> None:
    seats = queries.everybody_in(category)
    if any(one.account.person_id == account.person_id for one in seats):
        raise AlreadySeated(name=account.name)
    if role not in SHARED and any(one.role == role for one in seats):
        raise PlaceTaken
    if role == SECRETARY:
        if account not in queries.secretaries_to_seat(category.cycle):
            raise NotAnOrganiser(name=account.name)
    elif account not in queries.accounts_to_seat(category.cycle):
        raise SeatExcluded(name=account.name)


def _draw_code(category: Category) -> str:
    """A free code, drawn so that the order of the codes says nothing about the persons."""
    used = queries.codes_in(category)
    size = max(category.rubric.panel_size if category.rubric is not None else 0, len(used) + 1)
    return secrets.choice([code for code in (f"J{no}" for no in range(1, size + 1)) if code not in used])


def _seat_ref(seat_: Seat) -> str:
    return f"{seat_.category.cycle.code}/{seat_.category.slug}/{seat_.code}"


def _stream(category: Category) -> str:
    return audit.judging(category.cycle.code)
