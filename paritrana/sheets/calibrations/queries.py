"""Reads of examples that a panel scores before the day."""

from collections.abc import Mapping, Sequence
from decimal import Decimal

from sqlalchemy import select
from sqlalchemy.orm import joinedload

from paritrana.accounts.models import Account
from paritrana.core.errors import NotFound
from paritrana.core.lifecycle import State
from paritrana.core.policy import Actor
from paritrana.core.versions import content_version
from paritrana.cycles.models import Category
from paritrana.database import db
from paritrana.sheets.models import Calibration, CalibrationMark

CALIBRATED_IN = (State.OPEN, State.CLOSED, State.VERIFICATION, State.INTERVIEW)


def get_calibration(example: str) -> Calibration:
    """The example with this reference, its category and cycle loaded (one statement). Raises `NotFound`."""
    found = db.session.scalar(
        select(Calibration)
        .where(Calibration.ref == example)
        .options(joinedload(Calibration.category, innerjoin=True).joinedload(Category.cycle, innerjoin=True))
    )
    if found is None:
        raise NotFound
    return found


def calibrations_of(category: Category) -> Sequence[Calibration]:
    """The examples of a category, newest first (one statement)."""
    return db.session.scalars(
        select(Calibration).where(Calibration.category_id == category.id).order_by(Calibration.id.desc())
    ).all()


def open_for(actor: Actor) -> Sequence[Calibration]:
    """The open examples of the categories in which the actor sits, oldest first (at most one statement)."""
    if not actor.seats:
        return []
    return db.session.scalars(
        select(Calibration)
        .join(Calibration.category)
        .where(
            Calibration.category_id.in_(actor.seats),
            Calibration.closed_at.is_(None),
            Category.state.in_([int(state) for state in CALIBRATED_IN]),
        )
        .options(joinedload(Calibration.category, innerjoin=True).joinedload(Category.cycle, innerjoin=True))
        .order_by(Calibration.id)
    ).all()


def marked_by(actor: Actor, calibrations: Sequence[Calibration]) -> frozenset[int]:
    """Of these examples the ids of those that the actor has marked (at most one statement)."""
    if not calibrations:
        return frozenset()
    mine = select(CalibrationMark.calibration_id).where(
        CalibrationMark.account_id == actor.user_id,
        CalibrationMark.calibration_id.in_([one.id for one in calibrations]),
    )
    return frozenset(db.session.scalars(mine))


def own_marks(calibration: Calibration, actor: Actor) -> Mapping[str, CalibrationMark]:
    """The actor's own marks of an example by indicator (one statement)."""
    found = db.session.scalars(
        select(CalibrationMark).where(
            CalibrationMark.calibration_id == calibration.id, CalibrationMark.account_id == actor.user_id
        )
    )
    return {one.indicator: one for one in found}


def version_of(marks: Mapping[str, CalibrationMark]) -> int:
    """The version of somebody's marks of an example: two tabs must not write over each other."""
    return content_version({indicator: mark.value for indicator, mark in marks.items()})


def marks_of(calibration: Calibration) -> tuple[Mapping[str, Mapping[str, Decimal]], Mapping[str, str]]:
    """Everybody's marks of an example, by account and indicator, and the names of these accounts (one statement)."""
    rows = db.session.execute(
        select(Account.ref, Account.name, CalibrationMark.indicator, CalibrationMark.value)
        .join(Account, Account.id == CalibrationMark.account_id)
        .where(CalibrationMark.calibration_id == calibration.id)
        .order_by(Account.name, Account.ref)
    ).all()
    marks: dict[str, dict[str, Decimal]] = {}
    for ref, _name, indicator, value in rows:
        marks.setdefault(ref, {})[indicator] = value
    return marks, {row[0]: row[1] for row in rows}
