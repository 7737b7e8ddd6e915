"""Reads of the requests to open a sheet again."""

from collections.abc import Sequence

from sqlalchemy import Select, and_, not_, or_, select
from sqlalchemy.orm import contains_eager, joinedload

from paritrana.core.errors import NotFound
from paritrana.core.lifecycle import State
from paritrana.core.policy import Actor
from paritrana.cycles.models import Category, Cycle
from paritrana.database import db
from paritrana.nominations.models import Nomination
from paritrana.panels.models import Seat
from paritrana.panels.queries import conflict_clause
from paritrana.sheets.models import Sheet
from paritrana.sheets.queries import withdrawn
from paritrana.sheets.reopening.models import Reopening


def get_reopening(reopening: str, actor: Actor) -> Reopening:
    """A request that the actor may meet (one statement). Raises `NotFound`.

    It is in a cycle that the actor organises, or about a candidate of the own panel without a conflict.
    """
    found = db.session.scalars(_for(actor).where(Reopening.ref == reopening)).one_or_none()
    if found is None:
        raise NotFound
    return found


def reopenings_of(cycle: Cycle, actor: Actor) -> Sequence[Reopening]:
    """The requests of a cycle that the actor may meet, as they came (one statement)."""
    return db.session.scalars(_for(actor).where(Category.cycle_id == cycle.id).order_by(Reopening.id)).all()


def waiting_reopenings(actor: Actor) -> Sequence[Reopening]:
    """The requests of others that wait in the scoring, and that the actor may meet (one statement)."""
    return db.session.scalars(
        _for(actor)
        .where(Reopening.state == "asked", Reopening.asked_by != actor.user_id, Category.state == int(State.SCORING))
        .order_by(Reopening.id)
    ).all()


def reopenings_on(sheet: Sheet) -> Sequence[Reopening]:
    """The requests about one sheet, as they came (one statement)."""
    return db.session.scalars(select(Reopening).where(Reopening.sheet_id == sheet.id).order_by(Reopening.id)).all()


def heads(category_id: int) -> set[int]:
    """The accounts that hold the seat of the chair of a category (one statement)."""
    seats = select(Seat.account_id).where(
        Seat.category_id == category_id, Seat.role == "chair", Seat.ended_at.is_(None)
    )
    return set(db.session.scalars(seats))


def others_in(sheet: Sheet) -> bool:
    """Whether another sheet of the candidate is submitted, which the owner of this one may read (one statement)."""
    other = select(Sheet.id).where(
        Sheet.nomination_id == sheet.nomination_id,
        Sheet.attempt == sheet.attempt,
        Sheet.id != sheet.id,
        Sheet.submitted_at.is_not(None),
    )
    return db.session.scalar(other.limit(1)) is not None


def reopened_after_others(category: Category) -> Sequence[tuple[str, str]]:
    """Candidate code and seat code of every sheet of the present attempt that was opened again after the marks of
    others could be read (one statement).
    """
    rows = db.session.execute(
        select(Nomination.candidate_code, Seat.code)
        .select_from(Reopening)
        .join(Sheet, Sheet.id == Reopening.sheet_id)
        .join(Nomination, Nomination.id == Sheet.nomination_id)
        .join(Seat, (Seat.account_id == Sheet.assessor_id) & (Seat.category_id == Sheet.category_id))
        .where(
            Sheet.category_id == category.id, Sheet.attempt == category.attempt, Reopening.state == "opened",
            Reopening.after_others.is_(True),
        )
        .distinct()
        .order_by(Nomination.candidate_code, Seat.code)
    ).all()  # fmt: skip
    return [(row.candidate_code, row.code) for row in rows]


def _for(actor: Actor) -> Select[Reopening]:
    sheet = contains_eager(Reopening.sheet)
    return (
        select(Reopening)
        .join(Reopening.sheet)
        .join(Sheet.nomination)
        .join(Sheet.category)
        .where(
            # An organiser marks nobody and may have sent a nomination in for an organisation: no conflict is asked.
            or_(
                Category.cycle_id.in_(actor.organises),
                and_(Sheet.category_id.in_(actor.seats), not_(conflict_clause(actor))),
            ),
            not_(withdrawn()),
        )
        .options(
            joinedload(Reopening.asker, innerjoin=True),
            joinedload(Reopening.leader),
            joinedload(Reopening.seconder),
            sheet.contains_eager(Sheet.nomination).joinedload(Nomination.organisation, innerjoin=True),
            sheet.contains_eager(Sheet.category).joinedload(Category.cycle, innerjoin=True),
        )
    )
