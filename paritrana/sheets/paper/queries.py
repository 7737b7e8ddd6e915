"""Reads of the sheets on paper: who fills in one, how far it is, and what waits for the chair."""

import hashlib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Select, func, not_, select, union
from sqlalchemy.orm import contains_eager, joinedload

from paritrana.accounts.models import Account
from paritrana.core.errors import NotFound
from paritrana.core.policy import Actor
from paritrana.cycles.models import Category, Cycle, RubricVersion
from paritrana.database import ALPHABET, db
from paritrana.interviews.models import InterviewDay, InterviewSession
from paritrana.interviews.queries import get_day, sessions_of_day
from paritrana.nominations.models import Nomination
from paritrana.nominations.queries import CANDIDATE_STATES
from paritrana.panels.models import Declaration, Recusal, Waiver
from paritrana.panels.queries import conflict_clause, conflicts_in, seats_in
from paritrana.sheets.models import Sheet
from paritrana.sheets.paper.models import PaperEntry, PaperLeaf
from paritrana.sheets.queries import MARKED_IN, by_cycle, withdrawn

BOTH = 2  # how many people type a paper


@dataclass(frozen=True)
class PaperSheet:
    """The paper of one assessor for one candidate on a day, and how far its way into the system is."""

    ref: str
    slot: InterviewSession
    assessor: Account
    due: bool  # the assessor has a seat and no conflict, and the candidate competes
    declared: bool  # the assessor has said that nothing stands between them
    found: Sheet | None
    entries: Sequence[PaperEntry]
    waiting: int  # leaves without a decision

    @property
    def nomination(self) -> Nomination:
        """The candidate."""
        return self.slot.nomination

    @property
    def category(self) -> Category:
        """The category of the candidate."""
        return self.slot.category

    @property
    def submitted(self) -> bool:
        """Whether the sheet is locked."""
        return self.found is not None and self.found.submitted_at is not None


def paper_ref(nomination: str, account: str, attempt: int) -> str:
    """The reference that is printed on a paper; the same paper always has the same one, such as `W-7QK4-2M9X`.

    It is made from the references of candidate and assessor, so that printing changes nothing.
    """
    digest = hashlib.sha256(f"paper/{nomination}/{account}/{attempt}".encode()).digest()
    signs = "".join(ALPHABET[byte % len(ALPHABET)] for byte in digest[:8])
    return f"W-{signs[:4]}-{signs[4:]}"


def papers_of_day(
    day: InterviewDay, *, categories: Collection[int] | None = None, slot_no: int | None = None
) -> list[PaperSheet]:
    """The papers of a day, of some categories or of one slot alone, by slot and assessor (five statements, and three
    per category). A pair in conflict has none, unless something was entered before the conflict was known.
    """
    slots = [
        one
        for one in sessions_of_day(day)
        if (categories is None or one.category_id in categories) and slot_no in (None, one.no)
    ]
    ids = [one.nomination_id for one in slots]
    sheets = {
        (one.nomination_id, one.attempt, one.assessor_id): one
        for one in db.session.scalars(
            select(Sheet).where(Sheet.nomination_id.in_(ids)).options(joinedload(Sheet.assessor, innerjoin=True))
        )
    }
    entries = _entries_by_sheet([one.id for one in sheets.values()])
    waiting = _waiting_by_sheet([one.id for one in sheets.values()])
    declared = _declared(ids)
    assessors = {one.category_id: _assessors(one.category) for one in slots}
    found = []
    for slot in slots:
        here = assessors[slot.category_id]
        due = [] if slot.nomination.state not in CANDIDATE_STATES else here.without(slot.nomination_id)
        known = {one.id for one in due}
        others = [
            sheet.assessor
            for (nomination_id, attempt, account_id), sheet in sheets.items()
            if (nomination_id, attempt) == (slot.nomination_id, slot.attempt)
            and account_id not in known
            and sheet.id in entries
        ]
        for account in (*due, *others):
            sheet = sheets.get((slot.nomination_id, slot.attempt, account.id))
            sheet_id = 0 if sheet is None else sheet.id
            found.append(
                PaperSheet(
                    ref=paper_ref(slot.nomination.ref, account.ref, slot.attempt),
                    slot=slot,
                    assessor=account,
                    due=account.id in known,
                    declared=(account.id, slot.nomination_id) in declared,
                    found=sheet,
                    entries=entries.get(sheet_id, ()),
                    waiting=waiting.get(sheet_id, 0),
                )
            )
    return found


def get_paper(day: str, sheet: str) -> PaperSheet:
    """The paper of a day with this reference (at most six statements, and three per category). Raises `NotFound`."""
    found = next((one for one in papers_of_day(get_day(day)) if one.ref == sheet), None)
    if found is None:
        raise NotFound
    return found


@dataclass(frozen=True)
class _Assessors:
    seated: Sequence[Account]
    conflicts: frozenset[tuple[int, int]]

    def without(self, nomination_id: int) -> list[Account]:
        return [one for one in self.seated if (one.id, nomination_id) not in self.conflicts]


def _assessors(category: Category) -> _Assessors:
    return _Assessors([one.account for one in seats_in(category)], conflicts_in(category))


def _entries_by_sheet(ids: Collection[int]) -> Mapping[int, Sequence[PaperEntry]]:
    rows = db.session.scalars(
        select(PaperEntry)
        .where(PaperEntry.sheet_id.in_(ids))
        .options(joinedload(PaperEntry.enterer, innerjoin=True))
        .order_by(PaperEntry.sheet_id, PaperEntry.no)
    )
    found: dict[int, list[PaperEntry]] = {}
    for one in rows:
        found.setdefault(one.sheet_id, []).append(one)
    return found


def _waiting_by_sheet(ids: Collection[int]) -> Mapping[int, int]:
    rows = db.session.execute(
        select(PaperLeaf.sheet_id, func.count())
        .where(PaperLeaf.sheet_id.in_(ids), ~PaperLeaf.decision.has())
        .group_by(PaperLeaf.sheet_id)
    )
    return {row[0]: row[1] for row in rows}


def _declared(ids: Collection[int]) -> set[tuple[int, int]]:
    signed = select(Declaration.account_id, Declaration.nomination_id).where(
        Declaration.nomination_id.in_(ids), Declaration.conflict.is_(False)
    )
    waived = (
        select(Recusal.account_id, Recusal.nomination_id)
        .join(Waiver, Waiver.recusal_id == Recusal.id)
        .where(Recusal.nomination_id.in_(ids))
    )
    return {(row[0], row[1]) for row in db.session.execute(union(signed, waived))}


# One sheet, inside of a change ----------------------------------------------------------------------------------------


def entries_on(sheet: Sheet) -> Sequence[PaperEntry]:
    """What was typed from the paper of a sheet, the first entry first (one statement)."""
    return db.session.scalars(select(PaperEntry).where(PaperEntry.sheet_id == sheet.id).order_by(PaperEntry.no)).all()


def leaves_on(sheet: Sheet) -> Sequence[PaperLeaf]:
    """The indicators of a sheet that went to the chair, with what was decided (one statement)."""
    return db.session.scalars(
        select(PaperLeaf)
        .where(PaperLeaf.sheet_id == sheet.id)
        .options(joinedload(PaperLeaf.decision))
        .order_by(PaperLeaf.id)
        .execution_options(populate_existing=True)
    ).all()


# The chair ------------------------------------------------------------------------------------------------------------


def get_leaf(leaf: str, actor: Actor) -> PaperLeaf:
    """A leaf of a candidate with whom the actor is in no conflict (two statements). Raises `NotFound`."""
    found = db.session.scalars(
        _leaves(actor).where(PaperLeaf.ref == leaf, Sheet.category_id.in_(actor.seats))
    ).one_or_none()
    if found is None:
        raise NotFound
    return found


def leaves_of(cycle: Cycle, actor: Actor) -> Sequence[PaperLeaf]:
    """The leaves of the categories of a cycle in which the actor is chair, as they came (two statements)."""
    return db.session.scalars(
        _leaves(actor).where(Sheet.category_id.in_(actor.chairs), Category.cycle_id == cycle.id).order_by(PaperLeaf.id)
    ).all()


def entries_of(leaves: Collection[PaperLeaf]) -> Mapping[int, Sequence[PaperEntry]]:
    """The two entries behind each leaf, by sheet (one statement)."""
    return _entries_by_sheet({one.sheet_id for one in leaves})


def waiting_for(actor: Actor) -> Sequence[tuple[Cycle, int]]:
    """How many leaves wait for the actor as chair, by cycle (at most two statements). The own sheet is for others."""
    if not actor.chairs:
        return []
    own = select(Account.id).where(Account.person_id == actor.person_id)
    return by_cycle(
        select(Category.cycle_id, func.count())
        .select_from(PaperLeaf)
        .join(PaperLeaf.sheet)
        .join(Sheet.nomination)
        .join(Sheet.category)
        .where(
            Sheet.category_id.in_(actor.chairs),
            Category.state.in_([int(state) for state in MARKED_IN]),
            Sheet.submitted_at.is_(None),
            Sheet.assessor_id.not_in(own),
            ~PaperLeaf.decision.has(),
            not_(conflict_clause(actor)),
            not_(withdrawn()),
        )
    )


def _leaves(actor: Actor) -> Select[PaperLeaf]:
    sheet = contains_eager(PaperLeaf.sheet)
    category = sheet.contains_eager(Sheet.category)
    return (
        select(PaperLeaf)
        .join(PaperLeaf.sheet)
        .join(Sheet.nomination)
        .join(Sheet.category)
        .where(not_(conflict_clause(actor)), not_(withdrawn()))
        .options(
            joinedload(PaperLeaf.decision),
            sheet.contains_eager(Sheet.nomination).joinedload(Nomination.organisation, innerjoin=True),
            category.joinedload(Category.cycle, innerjoin=True),
            category.joinedload(Category.rubric).selectinload(RubricVersion.indicators),
            sheet.joinedload(Sheet.assessor, innerjoin=True),
            sheet.selectinload(Sheet.marks),
        )
    )
