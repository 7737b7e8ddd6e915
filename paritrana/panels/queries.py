"""Reads of seats, declarations and conflicts.

A conflict keeps an officer away from one candidate: a recusal that stands in the table and was not waived, or the
structure itself (`structure.py`), which acts whether or not it is written down, and is never waived.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Select,
    and_,
    bindparam,
    column,
    exists,
    func,
    literal,
    not_,
    or_,
    select,
    table,
    union,
    union_all,
)
from sqlalchemy.orm import aliased, contains_eager, joinedload

from paritrana.accounts.models import Account, RoleGrant
from paritrana.core.errors import NotFound
from paritrana.core.policy import Actor
from paritrana.core.policy import Seat as PolicySeat
from paritrana.cycles.models import Category, Cycle, Proposal
from paritrana.cycles.queries import OPEN_ACT as OPENING
from paritrana.cycles.queries import closed_cycles
from paritrana.database import db
from paritrana.nominations.models import Nomination
from paritrana.panels import structure
from paritrana.panels.models import JUDGING, Declaration, Recusal, Seat, Waiver, not_waived
from paritrana.reference.models import Organisation
from paritrana.scopes import everybody

# Nominations in these states compete with nobody, so nobody is in conflict with them.
NOT_COMPETING = ("draft", "withdrawn")

SEAT_ACT = "seat_panel"
OPEN_ACT = OPENING
WAIVE_ACT = "waive"
ACTS = (SEAT_ACT, OPEN_ACT)

# Roles that exclude a seat in the same cycle; nominees and administrators exclude one everywhere.
EXCLUDED_IN_CYCLE = ("organiser", "auditor", "verifier")
EXCLUDED_EVERYWHERE = ("nominee", "administrator")

# The few columns of the sheets that tell what a panel loses with a seat; the table belongs to the sheets room.
_sheet = table(
    "sheet", column("assessor_id"), column("nomination_id"), column("category_id"), column("attempt"),
    column("submitted_at"), column("withdrawn_at"), column("ref"),
)  # fmt: skip


@dataclass(frozen=True)
class Head:
    """Chair and deputy of a category, None where the place is empty."""

    chair: Seat | None
    deputy: Seat | None


@dataclass(frozen=True)
class Ended:
    """A seat that ended, with how many sheets of it count, and how many were closed open and do not."""

    seat: Seat
    submitted: int
    closed: int


@dataclass(frozen=True)
class PanelOf:
    """The panel of one category as its page shows it; pairs are an account and a nomination."""

    category: Category
    seats: Sequence[Seat] = ()  # that mark
    others: Sequence[Seat] = ()  # the secretary and substitutes
    ended: Sequence["Ended"] = ()
    candidates: Sequence[Nomination] = ()
    conflicts: frozenset[tuple[int, int]] = frozenset()
    declared: frozenset[tuple[int, int]] = frozenset()
    recusals: Sequence[Recusal] = ()  # also those that were waived
    structural: Sequence["Structural"] = ()
    before_seating: Sequence["Structural"] = ()
    assigned: frozenset[tuple[int, int]] = frozenset()  # a sheet was opened
    done: frozenset[tuple[int, int]] = frozenset()  # and submitted
    proposals: Sequence[Proposal] = field(default_factory=tuple)

    @property
    def head(self) -> Head:
        """Chair and deputy."""
        return _head(self.seats)

    @property
    def needed(self) -> int:
        """How many marks an indicator needs; 0 where the category has no rubric yet."""
        return 0 if self.category.rubric is None else self.category.rubric.needed

    @property
    def short(self) -> Sequence[Nomination]:
        """The candidates whom fewer seats may mark than the quorum asks for."""
        return [
            one
            for one in self.candidates
            if sum((seat.account_id, one.id) not in self.conflicts for seat in self.seats) < self.needed
        ]


def seats_of(account_id: int) -> Mapping[int, PolicySeat]:
    """The seats in force of an account by category (one statement); a secretary or substitute does not mark.

    A deputy is `acting` while the chair of the category is in conflict with one of its candidates (one more statement).
    """
    roles = dict(db.session.execute(_SEATS_OF, {"account_id": account_id}).all())
    led = [category_id for category_id, role in roles.items() if role == "deputy"]
    acting = frozenset(db.session.scalars(_CHAIR_FAILS, {"category_ids": led})) if led else frozenset()
    return {category_id: PolicySeat(category_id, role, category_id in acting) for category_id, role in roles.items()}


def _seats_of() -> Select[int, str]:
    closed = select(Category.id).where(Category.cycle_id.in_(closed_cycles()))
    return select(Seat.category_id, Seat.role).where(
        Seat.account_id == bindparam("account_id"), Seat.ended_at.is_(None), Seat.role.in_(JUDGING),
        Seat.category_id.not_in(closed),
    )  # fmt: skip


def _chair_fails() -> Select[int]:
    """Those of some categories whose chair is in conflict with a candidate."""
    recused = exists().where(
        Recusal.account_id == Seat.account_id, Recusal.category_id == Seat.category_id, not_waived()
    )
    structural = structure.ways(
        Account.person_id,
        judging=True,
        narrowed=lambda one: and_(one.category_id == Seat.category_id, one.state.not_in(NOT_COMPETING)),
    )
    return (
        select(Seat.category_id)
        .join(Account, Account.id == Seat.account_id)
        .where(
            Seat.category_id.in_(bindparam("category_ids", expanding=True)),
            Seat.role == "chair",
            Seat.ended_at.is_(None),
            or_(recused.correlate(Seat), *structural),
        )
    )


# Every request of a signed-in person asks the first, and every request of a deputy the second: put together once.
_SEATS_OF, _CHAIR_FAILS = _seats_of(), _chair_fails()


def seats_in(category: Category) -> Sequence[Seat]:
    """The seats in force that mark, with their accounts: chair, deputy, then members by code (one statement)."""
    return [seat for seat in everybody_in(category) if seat.role in JUDGING]


def everybody_in(category: Category) -> Sequence[Seat]:
    """Every seat in force, at the end the secretary and the substitutes, who do not mark (one statement)."""
    return _ordered(db.session.scalars(_seats().where(Seat.category_id == category.id)).all())


@dataclass(frozen=True)
class Reach:
    """How many sheets of a candidate there are, and can be: with the panel as it is, without a seat, and with each
    substitute in its place (by code of the substitute's seat).
    """

    nomination: Nomination
    submitted: int
    now: int
    without: int
    instead: Mapping[str, int]
    needed: int


def reach_without(seat: Seat) -> Sequence[Reach]:
    """What becomes of every candidate when a seat ends, by name (five statements).

    Sheets that are submitted stay and count, also those of the seat itself.
    """
    category = seat.category
    panel = panels_of([category])[0]
    submitted = select(_sheet.c.assessor_id, _sheet.c.nomination_id).where(
        _sheet.c.category_id == category.id,
        _sheet.c.attempt == category.attempt,
        _sheet.c.submitted_at.is_not(None),
        _sheet.c.withdrawn_at.is_(None),
    )
    with everybody("how many sheets of a category stay when a seat ends; whose they are is not shown"):
        sent = {(one.assessor_id, one.nomination_id) for one in db.session.execute(submitted)}
    found = []
    for nomination in panel.candidates:
        there = {who for who, which in sent if which == nomination.id and (who, which) not in panel.conflicts}
        able = {one.account_id for one in panel.seats if (one.account_id, nomination.id) not in panel.conflicts}
        left = there | (able - {seat.account_id})
        instead = {
            one.code: len(
                left | ({one.account_id} if (one.account_id, nomination.id) not in panel.conflicts else set())
            )
            for one in panel.others
            if one.role == "substitute"
        }
        found.append(Reach(nomination, len(there), len(there | able), len(left), instead, panel.needed))
    return found


def _ended_seats(category_ids: Sequence[int]) -> list[Ended]:
    """The seats of these categories that ended and were not given again, newest first (one statement)."""
    sheets = and_(
        _sheet.c.assessor_id == Seat.account_id,
        _sheet.c.category_id == Seat.category_id,
        _sheet.c.attempt == Category.attempt,
        _sheet.c.withdrawn_at.is_(None),
    )
    rows = db.session.execute(
        select(Seat, func.count(_sheet.c.submitted_at), func.count(_sheet.c.ref))
        .join(Category, Category.id == Seat.category_id)
        .join(Seat.account)
        .outerjoin(_sheet, sheets)
        .where(Seat.category_id.in_(category_ids), Seat.ended_at.is_not(None))
        .options(contains_eager(Seat.account))
        .group_by(Seat.id, Account.id)
        .order_by(Seat.ended_at.desc(), Seat.id)
    ).all()
    return [Ended(seat, submitted, opened - submitted) for seat, submitted, opened in rows]


def open_sheets_of(seat: Seat) -> list[str]:
    """The references of the sheets that the holder of a seat has begun and not submitted (one statement)."""
    begun = (
        select(_sheet.c.ref)
        .where(
            _sheet.c.assessor_id == seat.account_id,
            _sheet.c.category_id == seat.category_id,
            _sheet.c.attempt == seat.category.attempt,
            _sheet.c.submitted_at.is_(None),
            _sheet.c.withdrawn_at.is_(None),
        )
        .order_by(_sheet.c.ref)
    )
    with everybody("which sheets of a seat are open when it ends; what they say is not read"):
        return [one.ref for one in db.session.execute(begun)]


def _seats() -> Select[Seat]:
    return select(Seat).where(Seat.ended_at.is_(None)).options(joinedload(Seat.account, innerjoin=True))


def _ordered(seats: Iterable[Seat]) -> list[Seat]:
    places = {"chair": 0, "deputy": 1, "member": 2, "secretary": 3}
    return sorted(seats, key=lambda seat: (places.get(seat.role, 4), len(seat.code), seat.code))


def _head(seats: Iterable[Seat]) -> Head:
    by_role = {seat.role: seat for seat in seats}
    return Head(by_role.get("chair"), by_role.get("deputy"))


def head(category: Category) -> Head:
    """Chair and deputy of a category (one statement)."""
    return _head(seats_in(category))


def get_seat(cycle: str, cat: str, code: str) -> Seat:
    """The seat in force with a code such as `J3`, its category and cycle loaded. Raises `NotFound`."""
    found = db.session.scalar(
        select(Seat)
        .join(Seat.category)
        .join(Category.cycle)
        .where(Cycle.code == cycle, Category.slug == cat, Seat.code == code, Seat.ended_at.is_(None))
        .options(
            joinedload(Seat.account, innerjoin=True),
            joinedload(Seat.category, innerjoin=True).joinedload(Category.cycle, innerjoin=True),
        )
    )
    if found is None:
        raise NotFound
    return found


def find_seat(category: Category, account: Account) -> Seat | None:
    """The seat of an account in a category, also one that has ended."""
    return db.session.scalar(select(Seat).where(Seat.category_id == category.id, Seat.account_id == account.id))


def codes_in(category: Category) -> frozenset[str]:
    """Every code that was ever drawn in a category."""
    return frozenset(db.session.scalars(select(Seat.code).where(Seat.category_id == category.id)))


def get_proposal(cycle: str, cat: str, proposal: str) -> Proposal:
    """A proposal about the panel of a category or its opening. Raises `NotFound`."""
    found = db.session.scalar(
        select(Proposal)
        .join(Proposal.category)
        .join(Category.cycle)
        .where(
            Cycle.code == cycle, Category.slug == cat, Proposal.ref == proposal, Proposal.act.in_((*ACTS, WAIVE_ACT))
        )
        .options(joinedload(Proposal.category, innerjoin=True).joinedload(Category.cycle, innerjoin=True))
    )
    if found is None:
        raise NotFound
    return found


def conflicts_in(category: Category) -> frozenset[tuple[int, int]]:
    """Every (account, nomination) of a category that must not meet: recusals and structure (two statements).

    Structural conflicts are those of the accounts that have or had a seat: what did not count while somebody sat does
    not begin to count when the seat ends.
    """
    return _conflicts([category.id])


def hidden_from_verifiers(category: Category, states: Collection[str]) -> int:
    """How many nominations of a category in `states` are kept from a verifier of its cycle (one statement)."""
    away = [
        exists().where(Recusal.account_id == Account.id, Recusal.nomination_id == Nomination.id, not_waived()),
        *structure.ways(Account.person_id, judging=False, narrowed=lambda one: one.id == Nomination.id),
    ]
    return db.session.execute(
        select(func.count(Nomination.id.distinct()))
        .join(RoleGrant, and_(RoleGrant.role == "verifier", RoleGrant.cycle_id == category.cycle_id))
        .join(Account, Account.id == RoleGrant.account_id)
        .where(
            Nomination.category_id == category.id,
            Nomination.state.in_(states),
            RoleGrant.ended_at.is_(None),
            or_(*away),
        )
    ).scalar_one()


def _conflicts(category_ids: Sequence[int]) -> frozenset[tuple[int, int]]:
    recused = db.session.execute(
        select(Recusal.account_id, Recusal.nomination_id).where(Recusal.category_id.in_(category_ids), not_waived())
    ).all()
    return frozenset((one.account_id, one.nomination_id) for one in recused) | frozenset(
        (one.account_id, one.nomination_id) for one in _structural(category_ids)
    )


@dataclass(frozen=True)
class Structural:
    """A conflict that nobody declared: the account, the candidate, the kind and what shows it."""

    account_id: int
    nomination_id: int
    kind: str
    source: str


def _structural(category_ids: Sequence[int]) -> list[Structural]:
    """The structural conflicts of everybody who has or had a seat in these categories (one statement)."""
    seated = select(Seat.account_id, Account.person_id).join(Account, Account.id == Seat.account_id)
    seated = seated.where(Seat.category_id.in_(category_ids))
    return _structural_of(category_ids, seated)


def _structural_of(category_ids: Sequence[int], accounts: Select[int, int]) -> list[Structural]:
    """The same of `accounts`, a select of account and person."""
    people = accounts.distinct().subquery()
    found = union_all(*structure.found_in(category_ids, select(people.c.person_id))).subquery()
    rows = db.session.execute(
        select(people.c[0], found.c.nomination_id, found.c.kind, found.c.source)
        .join(found, found.c.person_id == people.c.person_id)
        .distinct()
    )
    order = list(structure.KINDS)
    return [Structural(*row) for row in sorted(rows, key=lambda row: (row[1], row[0], order.index(row[2]), row[3]))]


def conflicts_before_seating(categories: Sequence[Category]) -> Sequence[Structural]:
    """The structural conflicts of those who may still be seated in these categories of one cycle (one statement)."""
    if not categories:
        return []
    free = _to_seat(categories[0].cycle_id).with_only_columns(Account.id, Account.person_id)
    return _structural_of([one.id for one in categories], free)


def hidden_from(actor: Actor, cycle: Cycle) -> frozenset[int]:
    """The nominations of a cycle that its pages keep from a panel member in conflict (at most one statement).

    An organiser of the cycle needs them all.
    """
    if cycle.id in actor.organises:
        return frozenset()
    mine = select(Nomination.id).join(Nomination.category).where(Category.cycle_id == cycle.id, conflict_clause(actor))
    return frozenset(db.session.scalars(mine))


def is_conflicted(actor: Actor, nomination: Nomination, *, judging: bool = True) -> bool:
    """Whether an officer must not meet a candidate (one statement); a verifier asks without `judging`."""
    ways = [
        exists().where(
            Recusal.account_id == actor.user_id, Recusal.nomination_id == nomination.id, not_waived()
        ),
        *structure.ways(actor.person_id, judging=judging, narrowed=lambda one: one.id == nomination.id),
    ]  # fmt: skip
    with everybody("whether a person is in conflict follows from whatever is stored about it, and only that is told"):
        return bool(db.session.scalar(select(or_(*ways))))


def structural_kind(account: Account, nomination: Nomination) -> str | None:
    """Which kind of structure alone keeps a member of the panel away from a candidate, else None (one statement)."""
    accounts = select(Account.id, Account.person_id).where(Account.id == account.id)
    found = _structural_of([nomination.category_id], accounts)
    return next((one.kind for one in found if one.nomination_id == nomination.id), None)


def conflict_clause(actor: Actor, *, judging: bool = True, of_one: bool = False) -> ColumnElement[bool]:
    """`is_conflicted` for lists of nominations, whatever else the statement joins.

    A statement that finds its nomination by a key asks for `of_one`: it does not list all candidates of a person first.
    """
    ways: list[ColumnElement[bool]] = [
        exists().where(Recusal.account_id == actor.user_id, Recusal.nomination_id == Nomination.id, not_waived())
    ]
    if actor.person_id is None:
        return or_(*ways)
    if of_one:
        return or_(
            *ways, *structure.ways(actor.person_id, judging=judging, narrowed=lambda one: one.id == Nomination.id)
        )
    return or_(*ways, *(Nomination.id.in_(one) for one in structure.candidates_of(actor.person_id, judging=judging)))


def conflicted_in(actor: Actor, category: Category, *, judging: bool = True) -> bool:
    """Whether an officer is in conflict with any candidate of a category (one statement)."""
    competing = categories_in_conflict(actor, judging=judging).where(Nomination.category_id == category.id)
    return bool(db.session.scalar(select(competing.exists())))


def categories_in_conflict(actor: Actor, *, judging: bool = True) -> Select[int]:
    """The ids of the categories in which an officer is in conflict with a candidate, to stand inside a statement."""
    competing = and_(Nomination.state.not_in(NOT_COMPETING), conflict_clause(actor, judging=judging))
    return select(Nomination.category_id).where(competing).correlate(None)


def has_declared(account_id: int, nomination_id: int) -> bool:
    """Whether nothing stands between an officer and a candidate, by declaration or by a waiver, and nothing since."""
    return bool(db.session.scalar(select(literal(nomination_id).in_(declared_by(account_id)))))


def declared_by(account_id: int | None) -> Select[int]:
    """The ids of the nominations that an officer may open: declared without a conflict, or a conflict was waived.

    No recusal may stand. It is a select to stand inside a statement.
    """
    signed = select(Declaration.nomination_id).where(
        Declaration.account_id == account_id, Declaration.conflict.is_(False)
    )
    waived = (
        select(Recusal.nomination_id)
        .join(Waiver, Waiver.recusal_id == Recusal.id)
        .where(Recusal.account_id == account_id)
    )
    standing = select(Recusal.nomination_id).where(Recusal.account_id == account_id, not_waived())
    known = union(signed, waived).subquery()
    return select(known.c.nomination_id).where(known.c.nomination_id.not_in(standing)).correlate(None)


def find_declaration(account_id: int, nomination_id: int) -> Declaration | None:
    """What an officer declared about a candidate, where there is a declaration."""
    return db.session.scalar(
        select(Declaration).where(Declaration.account_id == account_id, Declaration.nomination_id == nomination_id)
    )


def find_recusal(account_id: int, nomination_id: int) -> Recusal | None:
    """The recusal of an officer from a candidate that stands, where there is one."""
    return db.session.scalar(
        select(Recusal).where(Recusal.account_id == account_id, Recusal.nomination_id == nomination_id, not_waived())
    )


def recusals_so_far(account_id: int, nomination_id: int) -> int:
    """How many recusals an officer has from a candidate, also waived ones (one statement)."""
    mine = select(func.count()).select_from(Recusal)
    return db.session.scalar(mine.where(Recusal.account_id == account_id, Recusal.nomination_id == nomination_id)) or 0


def find_recusal_by(category: Category, change: Mapping[str, Any]) -> Recusal | None:
    """The recusal that a proposal to waive names, its people and its candidate loaded (one statement)."""
    return db.session.scalar(
        select(Recusal)
        .join(Recusal.account)
        .join(Recusal.nomination)
        .where(
            Recusal.category_id == category.id,
            Account.ref == change["account"],
            Nomination.ref == change["nomination"],
            Recusal.no == change["no"],
        )
        .options(contains_eager(Recusal.account), contains_eager(Recusal.nomination), joinedload(Recusal.waiver))
    )


def get_recusal(cycle: str, cat: str, candidate: str, account: str, actor: Actor) -> Recusal:
    """The recusal of an officer that stands, for who is in no conflict with the candidate. Raises `NotFound`."""
    nomination = get_candidate(cycle, cat, candidate, actor)
    found = db.session.scalar(
        select(Recusal)
        .join(Recusal.account)
        .where(Account.ref == account, Recusal.nomination_id == nomination.id, not_waived())
        .options(contains_eager(Recusal.account), joinedload(Recusal.waiver))
    )
    if found is None:
        raise NotFound
    return found


def accounts_to_seat(cycle: Cycle) -> Sequence[Account]:
    """Active accounts whose person holds no role that excludes a seat in this cycle, by name (one statement)."""
    return db.session.scalars(_to_seat(cycle.id).order_by(func.lower(Account.name), Account.id)).all()


def _to_seat(cycle_id: int) -> Select[Account]:
    holder = aliased(Account)
    excluded = (
        select(holder.person_id)
        .join(RoleGrant, RoleGrant.account_id == holder.id)
        .where(
            RoleGrant.ended_at.is_(None),
            or_(
                RoleGrant.role.in_(EXCLUDED_EVERYWHERE),
                and_(RoleGrant.role.in_(EXCLUDED_IN_CYCLE), RoleGrant.cycle_id == cycle_id),
            ),
        )
    )
    return select(Account).where(Account.active.is_(True), Account.person_id.not_in(excluded))


def secretaries_to_seat(cycle: Cycle) -> Sequence[Account]:
    """The active accounts of the organisers of a cycle, by name (one statement)."""
    organises = exists().where(
        RoleGrant.account_id == Account.id,
        RoleGrant.role == "organiser",
        RoleGrant.cycle_id == cycle.id,
        RoleGrant.ended_at.is_(None),
    )
    return db.session.scalars(
        select(Account).where(Account.active.is_(True), organises).order_by(func.lower(Account.name), Account.id)
    ).all()


def panels_of(categories: Sequence[Category]) -> Sequence[PanelOf]:
    """The panels of these categories of one cycle with candidates, conflicts and sheets (nine statements)."""
    ids = [category.id for category in categories]
    seats = db.session.scalars(_seats().where(Seat.category_id.in_(ids))).all()
    candidates = db.session.scalars(
        select(Nomination)
        .join(Nomination.organisation)
        .where(Nomination.category_id.in_(ids), Nomination.state.not_in(NOT_COMPETING))
        .options(joinedload(Nomination.organisation, innerjoin=True))
        .order_by(Organisation.name, Nomination.id)
    ).all()
    signed = db.session.execute(
        select(Declaration.account_id, Declaration.nomination_id)
        .join(Nomination, Nomination.id == Declaration.nomination_id)
        .where(Nomination.category_id.in_(ids), Declaration.conflict.is_(False))
    )
    declared = frozenset((one.account_id, one.nomination_id) for one in signed)
    recusals = recusals_in(ids)
    structural, before = _structural(ids), conflicts_before_seating(categories)
    conflicts = {(one.account_id, one.nomination_id) for one in recusals if one.waiver is None}
    conflicts |= {(one.account_id, one.nomination_id) for one in structural}
    sheets = db.session.execute(
        select(_sheet.c.assessor_id, _sheet.c.nomination_id, _sheet.c.submitted_at.is_not(None))
        .join(Category, and_(Category.id == _sheet.c.category_id, Category.attempt == _sheet.c.attempt))
        .where(Category.id.in_(ids), _sheet.c.withdrawn_at.is_(None))
    ).all()
    proposals = db.session.scalars(
        select(Proposal)
        .where(Proposal.category_id.in_(ids), Proposal.act.in_((*ACTS, WAIVE_ACT)), Proposal.state == "waiting")
        .order_by(Proposal.proposed_at, Proposal.id)
    ).all()
    mine = {one.id: {candidate.id for candidate in candidates if candidate.category_id == one.id} for one in categories}
    sitting = {one.id: {seat.account_id for seat in seats if seat.category_id == one.id} for one in categories}
    gone = _ended_seats(ids)
    return [
        PanelOf(
            category,
            seats=_ordered(seat for seat in seats if seat.category_id == category.id and seat.role in JUDGING),
            others=_ordered(seat for seat in seats if seat.category_id == category.id and seat.role not in JUDGING),
            candidates=[one for one in candidates if one.category_id == category.id],
            conflicts=frozenset(conflicts),
            declared=declared,
            recusals=[one for one in recusals if one.category_id == category.id],
            ended=[one for one in gone if one.seat.category_id == category.id],
            structural=[
                one
                for one in structural
                if one.nomination_id in mine[category.id] and one.account_id in sitting[category.id]
            ],
            before_seating=[one for one in before if one.nomination_id in mine[category.id]],
            assigned=frozenset((who, which) for who, which, _sent in sheets),
            done=frozenset((who, which) for who, which, sent in sheets if sent),
            proposals=[one for one in proposals if one.category_id == category.id],
        )
        for category in categories
    ]


def recusals_in(category_ids: Collection[int]) -> Sequence[Recusal]:
    """Every recusal of these categories with its people, its candidate and its waiver, oldest first (one statement).

    The minutes of a day name those of its hours: who, from which candidate, why and by whom; never what was marked.
    """
    return db.session.scalars(
        select(Recusal)
        .where(Recusal.category_id.in_(category_ids))
        .options(
            joinedload(Recusal.account, innerjoin=True),
            joinedload(Recusal.recorder),
            joinedload(Recusal.waiver),
            joinedload(Recusal.nomination, innerjoin=True).joinedload(Nomination.organisation, innerjoin=True),
        )
        .order_by(Recusal.at, Recusal.id)
    ).all()


def get_candidate(cycle: str, cat: str, candidate: str, actor: Actor) -> Nomination:
    """A candidate of a category by its code; for a member of the panel in conflict it is not there.

    An organiser of the cycle needs them all. Raises `NotFound`.
    """
    found = db.session.scalar(
        select(Nomination)
        .join(Nomination.category)
        .join(Category.cycle)
        .where(
            Cycle.code == cycle,
            Category.slug == cat,
            Nomination.candidate_code == candidate,
            Nomination.state.not_in(NOT_COMPETING),
            or_(Category.cycle_id.in_(actor.organises), not_(conflict_clause(actor, of_one=True))),
        )
        .options(
            joinedload(Nomination.organisation, innerjoin=True),
            joinedload(Nomination.category, innerjoin=True).joinedload(Category.cycle, innerjoin=True),
        )
    )
    if found is None:
        raise NotFound
    return found


def ever_seated(category: Category) -> Sequence[Seat]:
    """Everybody who marks, marked or may come in to mark, also seats that ended, by name (one statement)."""
    return db.session.scalars(
        select(Seat)
        .join(Seat.account)
        .where(Seat.category_id == category.id, Seat.role.in_((*JUDGING, "substitute")))
        .options(contains_eager(Seat.account))
        .order_by(func.lower(Account.name), Seat.id)
    ).all()


def waivers_waiting(cycle_ids: Collection[int]) -> Sequence[Proposal]:
    """Proposals to waive a conflict in these cycles, oldest first (one statement)."""
    return db.session.scalars(
        select(Proposal)
        .join(Proposal.category)
        .where(Category.cycle_id.in_(cycle_ids), Proposal.act == WAIVE_ACT, Proposal.state == "waiting")
        .options(contains_eager(Proposal.category).joinedload(Category.cycle, innerjoin=True))
        .order_by(Proposal.proposed_at, Proposal.id)
    ).all()


def waiting_for_chair(category_ids: Collection[int], acts: Sequence[str] = ACTS) -> Sequence[Proposal]:
    """Proposals of these categories that wait for the second person, oldest first (one statement)."""
    return db.session.scalars(
        select(Proposal)
        .where(Proposal.category_id.in_(category_ids), Proposal.act.in_(acts), Proposal.state == "waiting")
        .options(joinedload(Proposal.category, innerjoin=True).joinedload(Category.cycle, innerjoin=True))
        .order_by(Proposal.proposed_at, Proposal.id)
    ).all()
