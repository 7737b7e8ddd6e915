"""Changes of examples: the chair opens and closes one, and each assessor scores it."""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from paritrana.audit import service as audit
from paritrana.core.errors import BadInput, MissingReason, ParitranaError, StaleVersion, WrongState
from paritrana.core.policy import Actor
from paritrana.core.rubric import Scale
from paritrana.core.scoring import NotOnSheet, steps_above
from paritrana.core.words import N_
from paritrana.cycles.models import Category
from paritrana.cycles.queries import rubric_of
from paritrana.database import db, random_ref
from paritrana.sheets.calibrations import queries
from paritrana.sheets.models import Calibration, CalibrationMark
from paritrana.sheets.queries import judged


class CalibrationClosed(ParitranaError):
    """The chair closed the example."""

    code = "calibration_closed"
    message = N_("The example is closed. Its marks do not change any more.")


class NothingMarked(BadInput):
    """No indicator of the example has a mark."""

    code = "nothing_marked"
    message = N_("Write at least one mark.")


def told(calibration: Any) -> dict[str, Any]:
    """What an event says of an example as it stands now."""
    return {
        "title": calibration.title,
        "described": calibration.described,
        "opened_at": calibration.opened_at,
        "closed_at": calibration.closed_at,
    }


def _stream(category: Category) -> str:
    return audit.judging(category.cycle.code)


def _lock(category: Category) -> None:
    audit.lock_stream(_stream(category))
    db.session.refresh(category)
    if category.stored_state not in queries.CALIBRATED_IN:
        raise WrongState


def open_calibration(category: Category, title: str, described: str, *, actor: Actor, at: datetime) -> Calibration:
    """Open an example for the panel; the caller commits. Raises `MissingReason` without a title, `WrongState`."""
    if not title.strip():
        raise MissingReason
    _lock(category)
    made = Calibration(
        ref=random_ref("B"), category=category, title=title.strip(), described=described.strip(), opened_at=at,
        opened_by=actor.account_id,
    )  # fmt: skip
    db.session.add(made)
    db.session.flush()
    audit.record(_stream(category), "calibration.opened", actor, at=at, object_ref=made.ref, **told(made))
    return made


def close_calibration(calibration: Calibration, *, actor: Actor, at: datetime) -> None:
    """Close an example; its marks stay. The caller commits. Raises `CalibrationClosed`, `WrongState`."""
    _lock(calibration.category)
    db.session.refresh(calibration)
    if calibration.closed_at is not None:
        raise CalibrationClosed
    calibration.closed_at, calibration.closed_by = at, actor.account_id
    audit.record(
        _stream(calibration.category), "calibration.closed", actor, at=at, object_ref=calibration.ref,
        **told(calibration),
    )  # fmt: skip
    db.session.flush()


def score_example(
    calibration: Calibration, values: Mapping[str, Decimal], *, actor: Actor, at: datetime, expected: int | None = None
) -> list[CalibrationMark]:
    """Save what an assessor says about an example, by indicator; the caller commits.

    `expected` is the version of the marks that were shown; without one nothing is compared. Raises
    `CalibrationClosed`, `WrongState`, `NothingMarked`, `NotOnSheet`, `OffScale`, `StaleVersion`.
    """
    category = calibration.category
    _lock(category)
    db.session.refresh(calibration)
    if calibration.closed_at is not None:
        raise CalibrationClosed
    if not values:
        raise NothingMarked
    rubric = rubric_of(category)
    codes = {one.code for one in judged(rubric)}
    known = queries.own_marks(calibration, actor)
    if expected is not None and expected != queries.version_of(known):
        raise StaleVersion(who=actor.name, time=max(one.saved_at for one in known.values()))
    saved = []
    for indicator, value in values.items():
        if indicator not in codes:
            raise NotOnSheet(indicator=indicator)
        steps_above(value, Scale(rubric.scale_min, rubric.scale_max, rubric.scale_step))
        mark = known.get(indicator)
        if mark is None:
            mark = CalibrationMark(calibration_id=calibration.id, account_id=actor.account_id, indicator=indicator)
            db.session.add(mark)
        elif mark.value == value:
            continue
        mark.value, mark.saved_at = value, at
        audit.record(
            _stream(category), "calibration.marked", actor, at=at, object_ref=calibration.ref, account=actor.ref,
            indicator=indicator, value=value,
        )  # fmt: skip
        saved.append(mark)
    db.session.flush()
    return saved
