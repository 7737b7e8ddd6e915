"""What must hold of panels: seats, declarations and recusals, and who may sit at all."""

from collections.abc import Iterator
from typing import Any

from sqlalchemy import and_, or_, select
from sqlalchemy.orm import aliased

from paritrana.accounts.models import Account, RoleGrant
from paritrana.audit.invariants import in_order, stream, told
from paritrana.core.invariants import Broken, Check, Found, Stored, Told, latest, replay, replayed
from paritrana.cycles.models import Category, Cycle
from paritrana.nominations.models import Nomination
from paritrana.panels import service
from paritrana.panels.models import Declaration, Recusal, Seat

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
        Seat.version,
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
        Stored(row.ref, (row.account,), {"conflict": row.kind, "reason": row.reason})
        for row in stream(_about_candidates(Recusal, Recusal.kind, Recusal.reason))
    )
    yield from replay("recusal", "recusal", told("officer.recused"), rows, latest("account"))


CHECKS = (
    Check(replayed("seat", "seat"), _seats),
    Check({"seat.excluded": "Nobody sits in a panel who holds a role that excludes a seat."}, _excluded),
    Check(replayed("declaration", "declaration"), _declarations),
    Check(replayed("recusal", "recusal"), _recusals),
)
