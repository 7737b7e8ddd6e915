"""Reads of objections, and of what can be objected to."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Select, or_, select
from sqlalchemy.orm import joinedload, selectinload

from paritrana.core.errors import NotFound
from paritrana.core.policy import Actor
from paritrana.cycles.models import Category, Cycle, Proposal
from paritrana.cycles.queries import cycle_time
from paritrana.database import db
from paritrana.nominations.models import Nomination
from paritrana.publication.objections.models import FINDING, GATE, OPEN, Objection, ObjectionFile
from paritrana.publication.queries import publication_in_force
from paritrana.verification.models import GateFinding
from paritrana.verification.queries import Judged, case_of

ANSWER_ACT = "answer_objection"


@dataclass(frozen=True)
class Target:
    """One finding or one condition of a nomination that stands against its claim or against it."""

    subject: str
    kind: str
    code: str
    stood: str
    judged: Judged | None = None
    gate: GateFinding | None = None

    @property
    def key(self) -> str:
        """How a form names it."""
        return f"{self.subject}/{self.kind}/{self.code}"


def targets_of(nomination: Nomination) -> Sequence[Target]:
    """What a nominee can object to: figures that were not found as claimed, and conditions that count as missed."""
    case = case_of(nomination)
    figures = [
        Target(FINDING, item.kind, row.figure.key, row.finding.found or row.finding.verdict, judged=row)
        for item in case.items
        for row in item.rows
        if row.finding is not None and row.figure.field is not None and row.finding.verdict != "matches"
    ]
    gates = [
        Target(GATE, "", gate.gate, gate.decided, gate=gate)
        for gate in case.gates.values()
        if gate.subject == "gate" and gate.decided == "fail"
    ]
    return [*gates, *figures]


def window_of(category: Category, at: datetime) -> datetime | None:
    """Until when nominees may object to the result that is public at the system's moment `at` (one statement)."""
    publication = publication_in_force(category, at)
    return None if publication is None else publication.objections_until


def window_open(category: Category, at: datetime) -> bool:
    """Whether the window for objections is open at the system's moment `at`; its last second is in time."""
    until = window_of(category, at)
    return until is not None and cycle_time(category.cycle, at) <= until


def objections_of(nomination: Nomination) -> Sequence[Objection]:
    """The objections of a nomination, newest first, with their files."""
    return db.session.scalars(
        _whole().where(Objection.nomination_id == nomination.id).order_by(Objection.id.desc())
    ).all()


def objections_in(category_ids: Collection[int]) -> Sequence[Objection]:
    """The objections in these categories, those that wait first, then the newest."""
    return db.session.scalars(
        _whole()
        .join(Nomination, Nomination.id == Objection.nomination_id)
        .where(Nomination.category_id.in_(category_ids))
        .order_by(Objection.state != OPEN, Objection.id.desc())
    ).all()


def waiting_for(actor: Actor) -> Sequence[Objection]:
    """The objections that wait where the actor chairs or organises, oldest first (at most two statements)."""
    chaired = actor.chairs
    if not chaired and not actor.organises:
        return []
    return db.session.scalars(
        _whole()
        .join(Nomination, Nomination.id == Objection.nomination_id)
        .join(Category, Category.id == Nomination.category_id)
        .where(
            Objection.state == OPEN,
            or_(Category.id.in_(chaired), Category.cycle_id.in_(actor.organises)),
        )
        .order_by(Objection.id)
    ).all()


def get_objection(cycle: str, objection: str) -> Objection:
    """An objection of a cycle by its reference, with category, organisation and files. Raises `NotFound`."""
    found = db.session.scalar(
        _whole()
        .join(Nomination, Nomination.id == Objection.nomination_id)
        .join(Category, Category.id == Nomination.category_id)
        .join(Cycle, Cycle.id == Category.cycle_id)
        .where(Cycle.code == cycle, Objection.ref == objection)
    )
    if found is None:
        raise NotFound
    return found


def get_own_objection(ref: str, objection: str) -> Objection:
    """An objection of the nomination `ref`. Raises `NotFound`."""
    found = db.session.scalar(
        _whole()
        .join(Nomination, Nomination.id == Objection.nomination_id)
        .where(Nomination.ref == ref, Objection.ref == objection)
    )
    if found is None:
        raise NotFound
    return found


def file_of(objection: Objection, no: int) -> ObjectionFile:
    """One file of an objection by its number. Raises `NotFound`."""
    found = next((one for one in objection.files if one.no == no), None)
    if found is None:
        raise NotFound
    return found


def waiting_answer(objection: Objection) -> Proposal | None:
    """The answer of an organiser that waits for the chair, where there is one (one statement)."""
    return db.session.scalar(
        select(Proposal).where(
            Proposal.act == ANSWER_ACT, Proposal.subject_ref == objection.ref, Proposal.state == "waiting"
        )
    )


def get_answer_proposal(cycle: str, objection: str, proposal: str) -> Proposal:
    """An answer to an objection that an organiser proposed. Raises `NotFound`."""
    found = db.session.scalar(
        select(Proposal)
        .join(Proposal.category)
        .join(Category.cycle)
        .where(
            Cycle.code == cycle,
            Proposal.ref == proposal,
            Proposal.act == ANSWER_ACT,
            Proposal.subject_ref == objection,
        )
        .options(joinedload(Proposal.category, innerjoin=True).joinedload(Category.cycle, innerjoin=True))
    )
    if found is None:
        raise NotFound
    return found


def _whole() -> Select[Objection]:
    nomination = joinedload(Objection.nomination, innerjoin=True)
    return select(Objection).options(
        nomination.joinedload(Nomination.category, innerjoin=True).joinedload(Category.cycle, innerjoin=True),
        nomination.joinedload(Nomination.organisation, innerjoin=True),
        selectinload(Objection.files).joinedload(ObjectionFile.blob, innerjoin=True),
    )
