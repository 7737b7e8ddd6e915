"""How far sheets are, for the board of an interview day: states only. No mark leaves this module."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import cast

from sqlalchemy import and_, case, func, or_, select

from paritrana.core.policy import Actor
from paritrana.cycles.models import Category, Indicator
from paritrana.database import db
from paritrana.interviews.models import InterviewDay, InterviewSession
from paritrana.nominations.models import Nomination
from paritrana.sheets.imported.models import QueueCopyEntry
from paritrana.sheets.models import Mark, Sheet
from paritrana.sheets.queries import withdrawn
from paritrana.sheets.reopening.models import Reopening
from paritrana.verification.values import not_applicable


def standing(said: int, abstained: int, to_say: int, *, submitted: bool) -> str:
    """The state of a sheet: none, begun, complete, locked or abstained (locked, and nothing but abstentions)."""
    if submitted:
        return "abstained" if said and said == abstained else "locked"
    if not said:
        return "none"
    return "complete" if said >= to_say else "begun"


def standings(nominations: Sequence[Nomination]) -> Mapping[tuple[int, int], str]:
    """The states of the sheets of candidates in their present attempt, by assessor and candidate (three statements)."""
    ids = [one.id for one in nominations]
    if not ids:
        return {}
    excused = not_applicable(ids)
    judged: dict[int, set[str]] = {}
    for category_id, code in db.session.execute(
        select(Category.id, Indicator.code)
        .join(Indicator, Indicator.rubric_version_id == Category.rubric_version_id)
        .where(Category.id.in_({one.category_id for one in nominations}), Indicator.source == "panel")
    ):
        judged.setdefault(category_id, set()).add(code)
    to_say = {one.id: len(judged.get(one.category_id, set()) - set(excused.get(one.id, {}))) for one in nominations}
    said = or_(Mark.value.is_not(None), Mark.reason.is_not(None))
    abstained = and_(Mark.value.is_(None), Mark.reason.is_not(None))
    rows = db.session.execute(
        select(
            Sheet.assessor_id,
            Sheet.nomination_id,
            Sheet.submitted_at.is_not(None),
            func.count(case((said, Mark.indicator)).distinct()),
            func.count(case((abstained, Mark.indicator)).distinct()),
        )
        .join(Category, and_(Category.id == Sheet.category_id, Category.attempt == Sheet.attempt))
        .outerjoin(Mark, Mark.sheet_id == Sheet.id)
        .where(Sheet.nomination_id.in_(ids), ~withdrawn())
        .group_by(Sheet.id, Sheet.assessor_id, Sheet.nomination_id, Sheet.submitted_at)
    )
    return {
        (assessor, nomination): standing(count, out, to_say[nomination], submitted=submitted)
        for assessor, nomination, submitted, count, out in rows
    }


@dataclass(frozen=True)
class Told:
    """What the minutes of a day say of sheets beside how many are locked."""

    sealed: frozenset[tuple[int, int]]  # assessor and candidate: kept on record, out of the result
    opened_again: Mapping[int, Sequence[tuple[datetime, bool]]]  # by candidate: when, and whether after others' marks
    from_paper: Mapping[int, int]  # by candidate: how many locked sheets have marks that were entered from paper
    from_files: Mapping[int, int]  # and how many have marks from the copy of a device


def told_in_minutes(nominations: Sequence[int]) -> Told:
    """The sheets of these candidates that were sealed, opened again or came another way than by the network.

    In the present attempt of each candidate (four statements).
    """
    present = and_(Category.id == Sheet.category_id, Category.attempt == Sheet.attempt)
    sealed = db.session.execute(
        select(Sheet.assessor_id, Sheet.nomination_id)
        .join(Category, present)
        .where(Sheet.nomination_id.in_(nominations), withdrawn())
    )
    opened_again: dict[int, list[tuple[datetime, bool]]] = {}
    for nomination_id, at, after_others in db.session.execute(
        select(Sheet.nomination_id, Reopening.ended_at, Reopening.after_others)
        .join(Sheet, Sheet.id == Reopening.sheet_id)
        .join(Category, present)
        .where(Sheet.nomination_id.in_(nominations), Reopening.state == "opened")
        .order_by(Reopening.id)
    ):
        opened_again.setdefault(nomination_id, []).append(
            (cast(datetime, at), after_others)
        )  # what was opened has an end
    locked = (
        select(Sheet.nomination_id, func.count(Sheet.id.distinct()))
        .join(Category, present)
        .where(Sheet.nomination_id.in_(nominations), Sheet.submitted_at.is_not(None), ~withdrawn())
        .group_by(Sheet.nomination_id)
    )
    paper = locked.join(Mark, and_(Mark.sheet_id == Sheet.id, Mark.source == "paper"))
    files = locked.join(QueueCopyEntry, and_(QueueCopyEntry.sheet_id == Sheet.id, QueueCopyEntry.outcome == "taken"))
    return Told(
        frozenset((assessor, nomination) for assessor, nomination in sealed),
        opened_again,
        dict(db.session.execute(paper).all()),
        dict(db.session.execute(files).all()),
    )


def day_of_own_sheet(ref: str, actor: Actor) -> InterviewDay | None:
    """The day on which the candidate of an own sheet is heard, where it is heard (one statement)."""
    found: InterviewDay | None = db.session.scalar(
        select(InterviewDay)
        .join(InterviewSession, InterviewSession.day_id == InterviewDay.id)
        .join(
            Sheet,
            and_(Sheet.nomination_id == InterviewSession.nomination_id, Sheet.attempt == InterviewSession.attempt),
        )
        .where(Sheet.ref == ref, Sheet.assessor_id == actor.user_id, ~withdrawn())
    )
    return found
