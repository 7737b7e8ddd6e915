"""How many sheets each assessor owes, told in counts only, and the reminders of what is due."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from sqlalchemy import exists, select
from sqlalchemy.orm import joinedload

from paritrana.audit import service as audit
from paritrana.core.errors import ParitranaError
from paritrana.core.lifecycle import State
from paritrana.core.policy import Actor
from paritrana.core.words import N_
from paritrana.cycles.models import Category, Cycle
from paritrana.cycles.queries import cycle_time, get_category
from paritrana.database import db
from paritrana.interviews.models import InterviewSession
from paritrana.interviews.notices import tell_prepare
from paritrana.interviews.queries import sessions_of
from paritrana.jobs.kinds import Kind, Progress, Run, Said, every
from paritrana.outbox.service import CountDiffers
from paritrana.panels.models import Seat
from paritrana.panels.queries import conflicts_in, seats_in
from paritrana.sheets.models import Sheet
from paritrana.sheets.notices import tell_due
from paritrana.sheets.queries import due_pairs, missing_sheets

LATE: Final = timedelta(days=1)  # before the planned end of the scoring
HOURS: Final = range(7, 20)  # local hours in which reminders are written


class NobodyLate(ParitranaError):
    """No assessor owes a sheet."""

    code = "nobody_late"
    message = N_("No assessor owes a sheet now.")


@dataclass(frozen=True)
class Load:
    """One assessor in a category: candidates to hear, and sheets that are begun, in, and due by now."""

    seat: Seat
    candidates: int
    begun: int
    submitted: int
    late: int


def loads_of(category: Category, viewer: Actor) -> list[Load]:
    """The load of every assessor of a category, as a viewer may count it (eleven statements).

    A viewer who stepped back from a candidate counts nothing of it.
    """
    hidden = {nomination for account, nomination in conflicts_in(category) if account == viewer.user_id}
    pairs = [pair for pair in due_pairs(category) if pair[1].id not in hidden]
    rows = db.session.execute(
        select(Sheet.assessor_id, Sheet.nomination_id, Sheet.submitted_at).where(
            Sheet.category_id == category.id, Sheet.attempt == category.attempt, Sheet.withdrawn_at.is_(None)
        )
    ).all()
    sheets = {(row.assessor_id, row.nomination_id): row.submitted_at is not None for row in rows}
    late = Counter(seat.account_id for seat, nomination in _late(category) if nomination not in hidden)
    candidates: Counter[int] = Counter()
    begun: Counter[int] = Counter()
    submitted: Counter[int] = Counter()
    for seat, nomination in pairs:
        one, there = seat.account_id, sheets.get((seat.account_id, nomination.id))
        candidates[one] += 1
        begun[one] += there is not None
        submitted[one] += bool(there)
    return [
        Load(seat, candidates[one], begun[one], submitted[one], late[one])
        for seat in seats_in(category)
        for one in (seat.account_id,)
    ]


def _late(category: Category) -> list[tuple[Seat, int]]:
    """The sheets that are due by now: of closed interviews, and every missing one in the scoring."""
    if category.stored_state is State.SCORING:
        heard = None
    elif category.stored_state is State.INTERVIEW:
        heard = {one.nomination_id for one in sessions_of(category) if one.state == "closed"}
    else:
        return []
    return [
        (seat, nomination.id)
        for seat, nomination in missing_sheets(category)
        if heard is None or nomination.id in heard
    ]


def late_counts(category: Category) -> Mapping[int, int]:
    """How many sheets are due by now, by account; assessors who owe none are left out."""
    return Counter(seat.account_id for seat, _nomination in _late(category))


def remind(category: Category, count: int, *, actor: Actor, at: datetime) -> int:
    """Remind everybody who owes a sheet; the caller commits.

    `count` is the number of recipients that the organiser confirms. Raises `NobodyLate`, `CountDiffers`.
    """
    cycle = category.cycle
    audit.lock_stream(audit.judging(cycle.code))
    late = late_counts(category)
    if not late:
        raise NobodyLate
    if len(late) != count:
        raise CountDiffers(n=len(late))
    for account_id, number in late.items():
        tell_due(category, account_id, number, cause=at.isoformat(), at=at)
    audit.record(
        audit.judging(cycle.code), "assessors.reminded", actor, at=at, object_ref=f"{cycle.code}/{category.slug}",
        count=count,
    )  # fmt: skip
    return count


# The job --------------------------------------------------------------------------------------------------------------


def write_reminders(run: Run, progress: Progress) -> Said:
    """Write what the day asks for: late sheets of a scoring that ends, and the device before a day of interviews.

    Each reminder is written once, whoever runs this how often.
    """
    written = 0
    ids = [(one.cycle.code, one.slug) for one in _categories()]
    db.session.rollback()
    for done, (cycle, slug) in enumerate(ids):
        progress(done, len(ids))
        category = get_category(cycle, slug)
        written += _remind_of(category, cycle_time(category.cycle, run.now()))
        db.session.commit()
    return Said(N_("Assessors reminded: %(count)s."), {"count": written})


def _remind_of(category: Category, at: datetime) -> int:
    local = at.astimezone(ZoneInfo(category.cycle.timezone))
    if local.hour not in HOURS:
        return 0
    written = 0
    if category.stored_state is State.SCORING and category.scoring_until and category.scoring_until - LATE <= at:
        for account_id, number in late_counts(category).items():
            tell_due(category, account_id, number, cause=local.date().isoformat(), at=at)
            written += 1
    if category.stored_state is State.INTERVIEW:
        tomorrow = [one for one in sessions_of(category) if one.day.on - local.date() == timedelta(days=1)]
        written += _prepare(category, tomorrow, at)
    return written


def _prepare(category: Category, sessions: Sequence[InterviewSession], at: datetime) -> int:
    """Tell those who hear somebody tomorrow; whoever stepped back from all of these candidates is told nothing."""
    if not sessions:
        return 0
    conflicts = conflicts_in(category)
    written = 0
    for seat in seats_in(category):
        if any((seat.account_id, one.nomination_id) not in conflicts for one in sessions):
            tell_prepare(category, sessions[0].day, seat.account_id, at=at)
            written += 1
    return written


def _categories() -> Sequence[Category]:
    return db.session.scalars(
        select(Category)
        .join(Category.cycle)
        .where(
            Category.state.in_((int(State.INTERVIEW), int(State.SCORING))),
            Cycle.kind != "historical",
            Cycle.closed_at.is_(None),
        )
        .options(joinedload(Category.cycle, innerjoin=True))
        .order_by(Category.id)
    ).all()


def _wanted(at: datetime) -> bool:
    in_hand = Category.state.in_((int(State.INTERVIEW), int(State.SCORING)))
    return bool(db.session.scalar(select(exists().where(in_hand))))


WRITE_REMINDERS: Final = Kind(
    "write_reminders", N_("Write reminders to assessors"), write_reminders, slot=every(60), wanted=_wanted
)
