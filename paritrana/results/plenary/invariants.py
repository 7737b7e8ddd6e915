"""What must hold of the plenary: sessions, attendance and decisions are told by their events; two persons decide."""

from collections.abc import Iterator

from sqlalchemy import select
from sqlalchemy.orm import aliased

from paritrana.accounts.models import Account
from paritrana.audit.invariants import in_order, stream, told
from paritrana.core.invariants import Broken, Check, Found, Stored, Told, latest, replay, replayed
from paritrana.cycles.models import Category
from paritrana.panels.models import Seat
from paritrana.results.models import ResultRun
from paritrana.results.plenary import service
from paritrana.results.plenary.models import Decision, Plenary, PlenaryAttendance


def _sessions() -> Iterator[Broken]:
    statement = (
        select(Plenary.ref, Category.slug, Plenary.no, Plenary.minutes_number)
        .join(Category, Category.id == Plenary.category_id)
        .order_by(in_order(Plenary.ref))
    )
    rows = (
        Stored(ref, (), {"category": slug, "no": no, "minutes_number": number})
        for ref, slug, no, number in stream(statement)
    )
    yield from replay(
        "plenary", "session of a plenary", told("plenary.opened", "plenary.closed"), rows, latest()
    )  # fmt: skip


def _attendance() -> Iterator[Broken]:
    statement = (
        select(Plenary.ref, Seat.code, PlenaryAttendance.no, PlenaryAttendance.present)
        .select_from(PlenaryAttendance)
        .join(Plenary, Plenary.id == PlenaryAttendance.plenary_id)
        .join(Seat, Seat.id == PlenaryAttendance.seat_id)
        .order_by(in_order(Plenary.ref))
    )
    rows = (Stored(ref, (seat, no), {"present": present}) for ref, seat, no, present in stream(statement))

    def attended(now: Found, event: Told) -> None:
        for one in event.values["seats"]:
            now[one["seat"], one["no"]] = {"present": one["present"]}

    yield from replay("plenary_attendance", "attendance of a plenary", told("plenary.attended"), rows, attended)


def _decisions() -> Iterator[Broken]:
    second, withdrawn = aliased(Account), aliased(Decision)
    statement = (
        select(Decision, ResultRun.no, Plenary.ref, withdrawn.ref, second.ref, Category.slug)
        .join(ResultRun, ResultRun.id == Decision.run_id)
        .join(Plenary, Plenary.id == Decision.plenary_id)
        .join(Category, Category.id == Decision.category_id)
        .join(second, second.id == Decision.confirmed_by)
        .outerjoin(withdrawn, withdrawn.id == Decision.withdraws_id)
        .order_by(in_order(Decision.ref))
    )
    rows = (
        Stored(one.ref, (), {**service.told(one, run, plenary, gone), "actor": actor, "category": slug})
        for one, run, plenary, gone, actor, slug in stream(statement)
    )
    yield from replay("plenary_decision", "decision of a plenary", told("decision.recorded"), rows, latest())


def _two_persons() -> Iterator[Broken]:
    first, second = aliased(Account), aliased(Account)
    statement = (
        select(Decision.ref)
        .join(first, first.id == Decision.proposed_by)
        .join(second, second.id == Decision.confirmed_by)
        .where(first.person_id == second.person_id)
        .order_by(Decision.id)
    )
    for (ref,) in stream(statement):
        yield Broken("plenary_decision.two_persons", ref, "One person alone recorded this decision.")


CHECKS = (
    Check(replayed("plenary", "session of a plenary"), _sessions),
    Check(replayed("plenary_attendance", "attendance of a plenary"), _attendance),
    Check(replayed("plenary_decision", "decision of a plenary"), _decisions),
    Check({"plenary_decision.two_persons": "Two different persons record a decision of a plenary."}, _two_persons),
)
