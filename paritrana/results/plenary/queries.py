"""Reads of the plenary of a category: sessions, who is there, decisions and what waits for a second person."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select, String, cast, exists, func, literal, not_, select
from sqlalchemy.orm import aliased, contains_eager, joinedload

from paritrana.audit import service as audit
from paritrana.audit.models import Event
from paritrana.core.chain import merkle_root
from paritrana.core.lifecycle import State
from paritrana.core.policy import Actor
from paritrana.core.ranking import Decision as CoreDecision
from paritrana.cycles.models import Category, Proposal
from paritrana.database import db
from paritrana.panels.models import Seat
from paritrana.panels.queries import categories_in_conflict, conflicts_in, seats_in
from paritrana.results.models import ResultRun
from paritrana.results.plenary.models import ORDER, WITHDRAWAL, Decision, Plenary, PlenaryAttendance

DECIDE_ACT = "record_decision"
DECIDED = "decision"  # the kind of the traces of orders within ties


@dataclass(frozen=True)
class Member:
    """A seat that marks: whether its holder is there, or out because of a conflict with a candidate."""

    seat: Seat
    present: bool
    recused: bool


@dataclass(frozen=True)
class Attendance:
    """Who of the panel is in a session. Whoever is in conflict with a candidate of the category is never counted."""

    members: Sequence[Member]
    quorum: int

    @property
    def present(self) -> int:
        """How many persons are there who may decide."""
        return len({one.seat.account.person_id for one in self.members if one.present})

    @property
    def enough(self) -> bool:
        """Whether the plenary may decide."""
        return self.present >= self.quorum

    def includes(self, actor: Actor) -> bool:
        """Whether a person is recorded as present."""
        return any(one.present and one.seat.account_id == actor.user_id for one in self.members)


@dataclass(frozen=True)
class Checkpoint:
    """How far a stream of the chain reached, and the root of the tree over its leaves up to there."""

    stream: str
    size: int
    root: bytes
    at_utc: str


def sessions_of(category: Category) -> Sequence[Plenary]:
    """The sessions of a category, the first one first (one statement)."""
    return db.session.scalars(select(Plenary).where(Plenary.category_id == category.id).order_by(Plenary.no)).all()


def open_session(category: Category) -> Plenary | None:
    """The session that goes on, where there is one (one statement)."""
    return db.session.scalar(select(Plenary).where(Plenary.category_id == category.id, Plenary.closed_at.is_(None)))


def attendance_rows(plenary: Plenary) -> Sequence[PlenaryAttendance]:
    """Everything recorded about who is there, in its order (one statement)."""
    return db.session.scalars(_attendance([plenary.id])).all()


def attendance_of(plenary: Plenary, quorum: int) -> Attendance:
    """Who is, or was, in a session (at most four statements)."""
    return attendance_in(plenary.category, [plenary], quorum)[plenary.no]


def attendance_in(category: Category, sessions: Sequence[Plenary], quorum: int) -> dict[int, Attendance]:
    """Who is, or was, in these sessions of a category, by their numbers (at most four statements).

    In a session that goes on every seat in force is named; of one that is over, what was recorded last.
    """
    last: dict[int, dict[int, PlenaryAttendance]] = {one.id: {} for one in sessions}
    for row in db.session.scalars(_attendance(last)) if sessions else ():
        last[row.plenary_id][row.seat_id] = row
    return {
        one.no: _invited(category, quorum, last[one.id])
        if one.closed_at is None
        else Attendance([Member(row.seat, row.present, False) for row in last[one.id].values()], quorum)
        for one in sessions
    }


def invited(category: Category, quorum: int) -> Attendance:
    """Everybody who could be in a session that has not begun (three statements)."""
    return _invited(category, quorum, {})


def _invited(category: Category, quorum: int, recorded: Mapping[int, PlenaryAttendance]) -> Attendance:
    out = conflicted(category)
    return Attendance(
        [
            Member(
                seat,
                present=seat.id in recorded and recorded[seat.id].present and seat.account_id not in out,
                recused=seat.account_id in out,
            )
            for seat in seats_in(category)
        ],
        quorum,
    )


def _attendance(plenary_ids: Iterable[int]) -> Select[PlenaryAttendance]:
    return (
        select(PlenaryAttendance)
        .join(PlenaryAttendance.seat)
        .where(PlenaryAttendance.plenary_id.in_(plenary_ids))
        .options(contains_eager(PlenaryAttendance.seat).joinedload(Seat.account, innerjoin=True))
        .order_by(PlenaryAttendance.id)
    )


def conflicted(category: Category) -> frozenset[int]:
    """The accounts that must not meet at least one candidate of a category (two statements)."""
    return frozenset(account for account, _nomination in conflicts_in(category))


def decisions_of(category: Category) -> Sequence[Decision]:
    """Every decision of a category with its session and its run, as they were made (one statement)."""
    return db.session.scalars(
        select(Decision)
        .where(Decision.category_id == category.id)
        .options(
            joinedload(Decision.plenary, innerjoin=True),
            joinedload(Decision.run, innerjoin=True).defer(ResultRun.bundle),
        )
        .order_by(Decision.no)
    ).all()


def in_force(decisions: Iterable[Decision]) -> list[Decision]:
    """Those that nobody took back, without the withdrawals themselves."""
    every = list(decisions)
    gone = {one.withdraws_id for one in every}
    return [one for one in every if one.kind != WITHDRAWAL and one.id not in gone]


def decisions_in_force(category: Category) -> list[Decision]:
    """The decisions of a category that hold (one statement)."""
    return in_force(decisions_of(category))


def told_to_the_public(category: Category) -> list[dict[str, Any]]:
    """What is published of the decisions of a category that hold: texts and whole numbers, without names of people."""
    names = (
        "no", "kind", "candidates", "title_id", "title_en", "reason", "votes_for", "votes_against", "votes_abstained",
        "quorum",
    )  # fmt: skip
    return [{name: getattr(one, name) for name in names} for one in decisions_in_force(category)]


def _orders(category: Category) -> Any:
    later = aliased(Decision)
    return (
        Decision.category_id == category.id,
        Decision.kind == ORDER,
        not_(exists().where(later.withdraws_id == Decision.id)),
    )


def orders_of(category: Category, candidates: Collection[str]) -> tuple[CoreDecision, ...]:
    """The orders within ties that hold, as a bundle tells them (one statement).

    One that names somebody who is not among `candidates` any more orders a set that cannot be tied: it stays out.
    """
    rows = db.session.execute(select(Decision.candidates, Decision.reason).where(*_orders(category))).all()
    return tuple(CoreDecision(tuple(order), reason) for order, reason in rows if set(order) <= set(candidates))


def order_traces(category: Category) -> Select[str, int, str]:
    """Kind, number and text of every order that holds: what tells that the inputs of a ranking have moved."""
    return select(literal(DECIDED), Decision.id, cast(Decision.ref, String)).where(*_orders(category))


def waiting_decisions(category: Category) -> Sequence[Proposal]:
    """The proposed decisions of a category that wait for a second person, oldest first (one statement)."""
    return db.session.scalars(
        select(Proposal)
        .where(Proposal.category_id == category.id, Proposal.act == DECIDE_ACT, Proposal.state == "waiting")
        .order_by(Proposal.proposed_at, Proposal.id)
    ).all()


def waiting_for_second(actor: Actor) -> Sequence[Proposal]:
    """The decisions that wait for the actor: in panels where it sits, without a conflict in the category.

    At most one statement.
    """
    if not actor.seats:
        return []
    return db.session.scalars(
        select(Proposal)
        .join(Proposal.category)
        .where(
            Proposal.category_id.in_(actor.seats),
            Proposal.act == DECIDE_ACT,
            Proposal.state == "waiting",
            Proposal.proposer_person_id != actor.person_id,
            Category.state == int(State.PLENARY),
            Category.id.not_in(categories_in_conflict(actor)),
        )
        .options(contains_eager(Proposal.category).joinedload(Category.cycle, innerjoin=True))
        .order_by(Proposal.proposed_at, Proposal.id)
    ).all()


def last_session_no(category: Category) -> int:
    """The number of the newest session; 0 before the first (one statement)."""
    return db.session.scalar(select(func.max(Plenary.no)).where(Plenary.category_id == category.id)) or 0


def last_decision_no(category: Category) -> int:
    """The number of the newest decision; 0 before the first (one statement)."""
    return db.session.scalar(select(func.max(Decision.no)).where(Decision.category_id == category.id)) or 0


def checkpoint_at(category: Category, refs: Collection[str]) -> Checkpoint | None:
    """The chain of the cycle's judging up to the last event about one of these objects (two statements).

    It stays the same whatever happens elsewhere afterwards; None where no event tells of them.
    """
    stream = audit.judging(category.cycle.code)
    last = db.session.execute(
        select(Event.seq, Event.at_utc)
        .where(Event.stream == stream, Event.object_ref.in_(refs))
        .order_by(Event.seq.desc())
        .limit(1)
    ).one_or_none()
    if last is None:
        return None
    leaves = db.session.scalars(
        select(Event.leaf).where(Event.stream == stream, Event.seq <= last.seq).order_by(Event.seq)
    )
    return Checkpoint(stream, last.seq, merkle_root(leaves), last.at_utc)
