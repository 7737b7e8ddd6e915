"""Reads for the pages of marks: which candidates a page shows, and what was said of one beside its marks."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import NamedTuple

from sqlalchemy import ColumnElement, func, or_, select
from sqlalchemy.orm import joinedload

from paritrana.core.errors import NotFound
from paritrana.cycles.models import Category
from paritrana.database import db
from paritrana.nominations.models import Nomination
from paritrana.nominations.queries import CANDIDATE_STATES
from paritrana.panels.models import Seat
from paritrana.results.queries import by_code
from paritrana.sheets.late.models import LateDecision, LateMark
from paritrana.sheets.models import Mark, Sheet


def count_candidates(category: Category) -> int:
    """How many candidates a category has (one statement)."""
    return (
        db.session.scalar(
            select(func.count())
            .select_from(Nomination)
            .where(Nomination.category_id == category.id, Nomination.state.in_(CANDIDATE_STATES))
        )
        or 0
    )


def candidates_page(category: Category, start: int, size: int) -> Sequence[int]:
    """The ids of the candidates of one page, by code (one statement)."""
    return db.session.scalars(
        select(Nomination.id)
        .where(Nomination.category_id == category.id, Nomination.state.in_(CANDIDATE_STATES))
        .order_by(by_code(Nomination.candidate_code))
        .offset(start)
        .limit(size)
    ).all()


def get_candidate(category: Category, code: str) -> Nomination:
    """The candidate of a category with this code, its organisation loaded (one statement). Raises `NotFound`."""
    found = db.session.scalar(
        select(Nomination)
        .where(
            Nomination.category_id == category.id,
            Nomination.candidate_code == code,
            Nomination.state.in_(CANDIDATE_STATES),
        )
        .options(
            joinedload(Nomination.organisation, innerjoin=True),
            joinedload(Nomination.category, innerjoin=True).joinedload(Category.cycle, innerjoin=True),
        )
    )
    if found is None:
        raise NotFound
    return found


class Remark(NamedTuple):
    """What an assessor wrote beside a mark: for the panel, and for the candidate."""

    assessor: str
    sheet: str
    indicator: str
    round: int
    for_panel: str
    for_candidate: str


def remarks_on(nomination: Nomination) -> Sequence[Remark]:
    """The remarks on the submitted sheets of a candidate, by assessor and indicator (one statement)."""
    rows = db.session.execute(
        select(Seat.code, Sheet.ref, Mark.indicator, Mark.round, Mark.panel_note, Mark.feedback)
        .select_from(Mark)
        .join(Sheet, Sheet.id == Mark.sheet_id)
        .join(Seat, (Seat.account_id == Sheet.assessor_id) & (Seat.category_id == Sheet.category_id))
        .where(*_of(nomination), Sheet.submitted_at.is_not(None), or_(Mark.panel_note != "", Mark.feedback != ""))
        .order_by(by_code(Seat.code), by_code(Mark.indicator), Mark.round)
    ).all()
    return [Remark(*row) for row in rows]


def open_sheets(nomination: Nomination) -> Sequence[str]:
    """The codes of the assessors whose sheet of a candidate is not submitted, so that nothing on it counts.

    One statement.
    """
    return db.session.scalars(
        select(Seat.code)
        .join(Sheet, (Seat.account_id == Sheet.assessor_id) & (Seat.category_id == Sheet.category_id))
        .where(*_of(nomination), Sheet.submitted_at.is_(None))
        .order_by(by_code(Seat.code))
    ).all()


class Late(NamedTuple):
    """A mark that came after the lock and does not count; `reason` is what the chair said, empty before a decision."""

    assessor: str
    indicator: str
    value: Decimal | None
    received_at: datetime
    reason: str


def late_marks(nomination: Nomination) -> Sequence[Late]:
    """The late marks of a candidate that the chair did not admit (one statement)."""
    rows = db.session.execute(
        select(
            Seat.code, LateMark.indicator, LateMark.value, LateMark.received_at,
            func.coalesce(LateDecision.reason, ""),
        )
        .select_from(LateMark)
        .join(Sheet, Sheet.id == LateMark.sheet_id)
        .join(Seat, (Seat.account_id == Sheet.assessor_id) & (Seat.category_id == Sheet.category_id))
        .outerjoin(LateDecision, LateDecision.late_id == LateMark.id)
        .where(*_of(nomination), or_(LateDecision.id.is_(None), LateDecision.admitted.is_(False)))
        .order_by(by_code(Seat.code), LateMark.id)
    ).all()  # fmt: skip
    return [Late(*row) for row in rows]


def _of(nomination: Nomination) -> tuple[ColumnElement[bool], ...]:
    """The sheets of the present attempt whose assessors did not step back."""
    return (
        Sheet.nomination_id == nomination.id,
        Sheet.attempt == nomination.category.attempt,
        Sheet.withdrawn_at.is_(None),
    )
