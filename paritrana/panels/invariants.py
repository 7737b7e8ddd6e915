"""What must hold of panels: seats, declarations and recusals, and who may sit at all."""

from collections.abc import Iterator
from typing import Any

from sqlalchemy import and_, or_, select
from sqlalchemy.orm import aliased

from paritrana.accounts.models import Account, RoleGrant
from paritrana.audit.invariants import in_order, stream, told
from paritrana.core.invariants import Broken, Check, Found, Stored, Told, latest, replay, replayed
from paritrana.cycles.models import Category, Cycle, Proposal
from paritrana.nominations.models import Nomination
from paritrana.panels import service
from paritrana.panels.models import Declaration, Recusal, Seat, Waiver

_SEAT = (Cycle.code + "/" + Category.slug + "/" + Seat.code).label("ref")


def _seats_in_order(*columns: Any) -> Any:
    return (
        select(_SEAT, *columns)
        .select_from(Seat)
        .join(Category, Category.id == Seat.category_id)
        .join(Cycle, Cycle.id == Category.cycle_id)
        .join(Account, Account.id == Seat.account_id)
    )


def _seats() -> Iterator[Broken]:
    statement = _seats_in_order(
        Account.ref.label("account"), Seat.role, Seat.constituency, Seat.decree_number, Seat.seated_at, Seat.ended_at,
        Seat.ended_reason, Seat.version,
    ).order_by(in_order(_SEAT))  # fmt: skip
    rows = (Stored(row.ref, (), {"account": row.account, **service.told(row)}) for row in stream(statement))
    yield from replay("seat", "seat", told("seat.given", "seat.ended"), rows, latest())


def _excluded() -> Iterator[Broken]:
    holder = aliased(Account)
    statement = (
        _seats_in_order(RoleGrant.role)
        .join(holder, holder.person_id == Account.person_id)
        .join(RoleGrant, RoleGrant.account_id == holder.id)
        .where(
            Seat.ended_at.is_(None),
            Seat.role != "secretary",  # who is an organiser
            RoleGrant.ended_at.is_(None),
            or_(
                RoleGrant.role.in_(("nominee", "administrator")),
                and_(RoleGrant.role.in_(("organiser", "auditor")), RoleGrant.cycle_id == Category.cycle_id),
            ),
        )
        .order_by(Seat.id, RoleGrant.id)
    )
    for ref, role in stream(statement):
        yield Broken("seat.excluded", ref, f"The person in this seat is {role}, which excludes a seat.")


def _about_candidates(model: Any, *columns: Any) -> Any:
    return (
        select(Nomination.ref.label("ref"), Account.ref.label("account"), *columns)
        .select_from(model)
        .join(Nomination, Nomination.id == model.nomination_id)
        .join(Account, Account.id == model.account_id)
        .order_by(in_order(Nomination.ref))
    )


def _declarations() -> Iterator[Broken]:
    rows = (
        Stored(row.ref, row.account, {"conflict": row.conflict})
        for row in stream(_about_candidates(Declaration, Declaration.conflict))
    )
    yield from replay("declaration", "declaration", told("declaration.signed"), rows, _declared)


def _declared(now: Found, event: Told) -> None:
    now[event.actor] = dict(event.values)


def _recusals() -> Iterator[Broken]:
    rows = (
        Stored(row.ref, (row.account, row.no), {"conflict": row.kind, "basis": row.basis, "reason": row.reason})
        for row in stream(_about_candidates(Recusal, Recusal.no, Recusal.kind, Recusal.basis, Recusal.reason))
    )
    yield from replay("recusal", "recusal", told("officer.recused"), rows, latest("account", "no"))


def _waivers() -> Iterator[Broken]:
    statement = _about_candidates(Recusal, Recusal.no, Waiver.reason, Waiver.proposal_ref).join(
        Waiver, Waiver.recusal_id == Recusal.id
    )
    rows = (
        Stored(row.ref, (row.account, row.no), {"reason": row.reason, "proposal": row.proposal_ref})
        for row in stream(statement)
    )
    yield from replay("waiver", "waiver", told("recusal.waived"), rows, latest("account", "no"))


def _waived_by_two() -> Iterator[Broken]:
    """Who proposed and who confirmed a waiver are two persons, and neither is the one it is for."""
    concerned = aliased(Account)
    statement = (
        select(Nomination.ref, Proposal.proposer_person_id, Proposal.confirmer_person_id, concerned.person_id,
               Recusal.kind, Proposal.state)
        .select_from(Waiver)
        .join(Recusal, Recusal.id == Waiver.recusal_id)
        .join(Nomination, Nomination.id == Recusal.nomination_id)
        .join(concerned, concerned.id == Recusal.account_id)
        .outerjoin(Proposal, Proposal.ref == Waiver.proposal_ref)
        .order_by(Waiver.id)
    )  # fmt: skip
    for ref, proposer, confirmer, person, kind, state in stream(statement):
        apart = len({proposer, confirmer, person}) == 3
        if not apart or kind != "declared" or state != "confirmed":
            yield Broken("waiver.two_persons", ref, "A conflict was not waived by two other persons.")


CHECKS = (
    Check(replayed("seat", "seat"), _seats),
    Check({"seat.excluded": "Nobody sits in a panel who holds a role that excludes a seat."}, _excluded),
    Check(replayed("declaration", "declaration"), _declarations),
    Check(replayed("recusal", "recusal"), _recusals),
    Check(replayed("waiver", "waiver"), _waivers),
    Check({"waiver.two_persons": "Two persons waive a declared conflict, neither of them its own."}, _waived_by_two),
)
