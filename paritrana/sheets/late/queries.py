"""Reads of late marks and of the versions in which a sheet was submitted."""

from collections.abc import Sequence

from sqlalchemy import Select, func, not_, select
from sqlalchemy.orm import contains_eager, joinedload

from paritrana.core.errors import NotFound
from paritrana.core.lifecycle import State
from paritrana.core.policy import Actor
from paritrana.cycles.models import Category, Cycle
from paritrana.database import db
from paritrana.nominations.models import Nomination
from paritrana.panels.queries import conflict_clause
from paritrana.sheets.late.models import LateMark, SheetSubmission
from paritrana.sheets.models import Sheet
from paritrana.sheets.queries import by_cycle, withdrawn


def get_late_mark(late: str, actor: Actor) -> LateMark:
    """A late mark of a candidate with whom the actor is in no conflict (one statement). Raises `NotFound`.

    A sheet from which its assessor stepped back is sealed with everything that came for it.
    """
    found = db.session.scalars(
        _with_all_around(actor).where(LateMark.ref == late, Sheet.category_id.in_(actor.seats))
    ).one_or_none()
    if found is None:
        raise NotFound
    return found


def late_marks_of(cycle: Cycle, actor: Actor) -> Sequence[LateMark]:
    """The late marks of the categories of a cycle in which the actor is chair, as they came (one statement)."""
    return db.session.scalars(
        _with_all_around(actor)
        .where(Sheet.category_id.in_(actor.chairs), Category.cycle_id == cycle.id)
        .order_by(LateMark.id)
    ).all()


def waiting_for(actor: Actor) -> Sequence[tuple[Cycle, int]]:
    """How many late marks wait for the actor as chair, by cycle (at most two statements).

    Those of the own sheet are for another person.
    """
    if not actor.chairs:
        return []
    return by_cycle(
        select(Category.cycle_id, func.count())
        .select_from(LateMark)
        .join(LateMark.sheet)
        .join(Sheet.nomination)
        .join(Sheet.category)
        .where(
            Sheet.category_id.in_(actor.chairs),
            Category.state.in_([int(State.SCORING), int(State.PLENARY)]),
            Sheet.assessor_id != actor.user_id,
            ~LateMark.decision.has(),
            not_(conflict_clause(actor)),
            not_(withdrawn()),
        )
    )


def late_marks_on(sheet: Sheet) -> Sequence[LateMark]:
    """The late marks of a sheet with what was decided, as they came (one statement)."""
    return db.session.scalars(
        select(LateMark)
        .where(LateMark.sheet_id == sheet.id)
        .options(joinedload(LateMark.decision))
        .order_by(LateMark.id)
    ).all()


def submissions_of(sheet: Sheet) -> Sequence[SheetSubmission]:
    """The versions in which a sheet was submitted, the first one first (one statement)."""
    return db.session.scalars(
        select(SheetSubmission).where(SheetSubmission.sheet_id == sheet.id).order_by(SheetSubmission.version)
    ).all()


def _with_all_around(actor: Actor) -> Select[LateMark]:
    sheet = contains_eager(LateMark.sheet)
    return (
        select(LateMark)
        .join(LateMark.sheet)
        .join(Sheet.nomination)
        .join(Sheet.category)
        .where(not_(conflict_clause(actor)), not_(withdrawn()))
        .options(
            joinedload(LateMark.decision),
            sheet.contains_eager(Sheet.nomination).joinedload(Nomination.organisation, innerjoin=True),
            sheet.contains_eager(Sheet.category).joinedload(Category.cycle, innerjoin=True),
            sheet.joinedload(Sheet.assessor, innerjoin=True),
        )
    )
