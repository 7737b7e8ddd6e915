"""Reads of copies of queues, of what waits in them for its assessor, and of versions that were set aside."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence

from sqlalchemy import ColumnElement, Select, exists, func, select
from sqlalchemy.orm import aliased, contains_eager, joinedload

from paritrana.accounts.models import Account, Device
from paritrana.core.policy import Actor
from paritrana.cycles.models import Category, Cycle, RubricVersion
from paritrana.database import db
from paritrana.nominations.models import Nomination
from paritrana.panels.queries import conflict_clause
from paritrana.sheets.imported.models import MarkSetAside, QueueCopy, QueueCopyEntry
from paritrana.sheets.models import Mark, MarkRevision, Sheet
from paritrana.sheets.queries import MARKED_IN, marks_of, own_clause
from paritrana.sheets.service import said_of, says


def find_copy(cycle: Cycle, digest: str) -> QueueCopy | None:
    """The copy with these bytes, where it came in this cycle before (one statement)."""
    return db.session.scalars(
        select(QueueCopy).where(QueueCopy.cycle_id == cycle.id, QueueCopy.digest == digest)
    ).one_or_none()


def copies_of(cycle: Cycle, account_id: int | None = None) -> Sequence[tuple[QueueCopy, Mapping[str, int]]]:
    """The copies that came in a cycle, the last one first, each with how its marks ended (two statements).

    With `account_id` only those of this person.
    """
    statement = (
        select(QueueCopy)
        .join(QueueCopy.device)
        .where(QueueCopy.cycle_id == cycle.id)
        .options(
            contains_eager(QueueCopy.device).joinedload(Device.account, innerjoin=True),
            joinedload(QueueCopy.receiver, innerjoin=True),
        )
        .order_by(QueueCopy.id.desc())
    )
    if account_id is not None:
        statement = statement.where(Device.account_id == account_id)
    copies = db.session.scalars(statement).all()
    last = _last_rows([one.id for one in copies])
    rows = db.session.execute(
        select(QueueCopyEntry.copy_id, QueueCopyEntry.outcome, func.count())
        .where(QueueCopyEntry.id.in_(last))
        .group_by(QueueCopyEntry.copy_id, QueueCopyEntry.outcome)
    )
    found: dict[int, dict[str, int]] = {one.id: {} for one in copies}
    for copy_id, outcome, count in rows:
        found[copy_id][outcome] = count
    return [(one, found[one.id]) for one in copies]


def _last_rows(copies: Collection[int]) -> Select[int]:
    return (
        select(func.max(QueueCopyEntry.id))
        .where(QueueCopyEntry.copy_id.in_(copies))
        .group_by(QueueCopyEntry.copy_id, QueueCopyEntry.sheet_id, QueueCopyEntry.indicator)
    )


def settled_of(copy: QueueCopy) -> Mapping[tuple[str, str], QueueCopyEntry]:
    """How the marks of a copy ended, by sheet and indicator (one statement)."""
    rows = db.session.execute(
        select(Sheet.ref, QueueCopyEntry)
        .join(QueueCopyEntry.sheet)
        .where(QueueCopyEntry.id.in_(_last_rows([copy.id])))
        .order_by(QueueCopyEntry.id)
    )
    return {(ref, entry.indicator): entry for ref, entry in rows}


def sheets_called(refs: Collection[str]) -> Mapping[str, Sheet]:
    """The sheets with these references, with all that decides about their marks (one statement)."""
    nomination, category = joinedload(Sheet.nomination, innerjoin=True), joinedload(Sheet.category, innerjoin=True)
    found = (
        db.session.scalars(
            select(Sheet)
            .where(Sheet.ref.in_(refs))
            .options(
                nomination.joinedload(Nomination.organisation, innerjoin=True),
                category.joinedload(Category.cycle, innerjoin=True),
                category.joinedload(Category.rubric).joinedload(RubricVersion.indicators),
                joinedload(Sheet.marks),
                joinedload(Sheet.assessor, innerjoin=True),
            )
            .order_by(Sheet.id)
        )
        .unique()
        .all()
    )
    return {one.ref: one for one in found}


def concerned(sheets: Collection[Sheet], actor: Actor) -> set[int]:
    """The candidates among those of these sheets with whom the actor is in conflict (at most one statement)."""
    ids = {one.nomination_id for one in sheets}
    if not ids:
        return set()
    return set(db.session.scalars(select(Nomination.id).where(Nomination.id.in_(ids), conflict_clause(actor))))


def held_on(sheet: Sheet) -> Sequence[QueueCopyEntry]:
    """The marks of copies that met a newer version on the sheet, resolved or not, as they came (one statement)."""
    return db.session.scalars(
        select(QueueCopyEntry)
        .where(QueueCopyEntry.sheet_id == sheet.id, QueueCopyEntry.outcome == "held")
        .order_by(QueueCopyEntry.id)
    ).all()


def waiting_on(sheet: Sheet) -> Sequence[QueueCopyEntry]:
    """Those of them that wait for the choice of the assessor (two statements)."""
    settled = set(
        db.session.scalars(
            select(MarkSetAside.entry_id).where(MarkSetAside.sheet_id == sheet.id, MarkSetAside.entry_id.is_not(None))
        )
    )
    return [one for one in held_on(sheet) if one.id not in settled and _differs(one, sheet)]


def waiting_for(actor: Actor) -> Sequence[tuple[Sheet, int]]:
    """The actor's own open sheets on which marks of copies wait, and how many on each (at most two statements)."""
    if not actor.seats:
        return []
    sheet = contains_eager(QueueCopyEntry.sheet)
    held = db.session.scalars(
        select(QueueCopyEntry)
        .join(QueueCopyEntry.sheet)
        .join(Sheet.nomination)
        .join(Sheet.category)
        .where(
            own_clause(actor),
            Sheet.submitted_at.is_(None),
            Category.state.in_([int(state) for state in MARKED_IN]),
            QueueCopyEntry.outcome == "held",
            ~exists().where(MarkSetAside.entry_id == QueueCopyEntry.id),
        )
        .options(
            sheet.selectinload(Sheet.marks),
            sheet.contains_eager(Sheet.nomination).joinedload(Nomination.organisation, innerjoin=True),
            sheet.contains_eager(Sheet.category).joinedload(Category.cycle, innerjoin=True),
        )
        .order_by(QueueCopyEntry.sheet_id)
    )
    return list(Counter(one.sheet for one in held if _differs(one, one.sheet)).items())


def _differs(entry: QueueCopyEntry, sheet: Sheet) -> bool:
    """Whether the sheet does not say already what the copy says."""
    mark = marks_of(sheet).get(entry.indicator)
    return mark is None or not says(mark, said_in(entry))


def said_in(entry: QueueCopyEntry) -> dict[str, object]:
    """What an entry of a copy would make of its mark."""
    return said_of(entry.value, entry.abstain_note, entry.panel_note, entry.feedback)


def get_waiting(sheet: Sheet, ref: str) -> QueueCopyEntry | None:
    """One of the marks that wait on the sheet (two statements)."""
    return next((one for one in waiting_on(sheet) if one.ref == ref), None)


Weighed = tuple[MarkSetAside, MarkRevision | None, Account]


def set_aside_on(sheets: Collection[int]) -> Sequence[Weighed]:
    """What was set aside on these sheets, beside the version of the server it was weighed against and its assessor.

    As it came (one statement).
    """
    return _set_aside(MarkSetAside.sheet_id.in_(sheets))


def set_aside_of(nomination: Nomination) -> Sequence[Weighed]:
    """The same for all sheets of a candidate in the present attempt (one statement)."""
    return _set_aside(Sheet.nomination_id == nomination.id, Sheet.attempt == nomination.category.attempt)


def _set_aside(*conditions: ColumnElement[bool]) -> Sequence[Weighed]:
    mark, revision, account = aliased(Mark), aliased(MarkRevision), aliased(Account)
    rows = db.session.execute(
        select(MarkSetAside, revision, account)
        .join(Sheet, Sheet.id == MarkSetAside.sheet_id)
        .join(account, account.id == Sheet.assessor_id)
        .outerjoin(
            mark,
            (mark.sheet_id == MarkSetAside.sheet_id) & (mark.indicator == MarkSetAside.indicator) & (mark.round == 1),
        )
        .outerjoin(revision, (revision.mark_id == mark.id) & (revision.version == MarkSetAside.against))
        .where(*conditions)
        .order_by(MarkSetAside.id)
    )
    return [(row[0], row[1], row[2]) for row in rows]
