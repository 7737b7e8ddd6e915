"""The board of an interview day: what is on, who is there, who has scored. States only, never a mark.

`state_of` reads a day in a fixed number of statements, whatever the number of slots; what a person may not see is
taken out afterwards, by what the database says of that person at that moment. The reading is kept in the process
under the version of the board, so that a hundred people who look at once cost one reading.
"""

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Final

from sqlalchemy import func, select
from sqlalchemy.orm import joinedload

from paritrana.core import timing
from paritrana.core.errors import NotFound
from paritrana.core.policy import Actor
from paritrana.core.timing import Phase, Reading
from paritrana.core.words import N_
from paritrana.cycles.models import Cycle, Proposal
from paritrana.cycles.queries import cycle_time, rubric_of
from paritrana.database import db
from paritrana.interviews import clock, queries
from paritrana.interviews.models import InterviewDay, InterviewSession, Presence
from paritrana.interviews.no_show import NO_SHOW_ACT
from paritrana.nominations.models import Nomination
from paritrana.panels.models import Recusal, Seat, Waiver
from paritrana.panels.queries import conflict_clause, conflicts_in, seats_in
from paritrana.scopes import everybody

CONNECTED_FOR: Final = timedelta(seconds=45)  # three signs of life may fail before a device counts as away

# What a sheet may be, in the words of the board.
SHEET_WORDS: Final[Mapping[str, str]] = {
    "none": N_("not begun"),
    "begun": N_("begun"),
    "complete": N_("complete"),
    "locked": N_("locked"),
    "abstained": N_("abstained"),
    "offline": N_("offline"),
    "conflict": N_("conflict"),
}
SHEET_SHAPES: Final[Mapping[str, str]] = {
    "none": "open", "begun": "doing", "complete": "done", "locked": "locked", "abstained": "neutral",
    "offline": "attention", "conflict": "neutral",
}  # fmt: skip
# What a slot may be, with its shape. `late` and `offline` name a number beside the word.
STATUS_WORDS: Final[Mapping[str, str]] = {
    "scheduled": N_("scheduled"),
    "moved": N_("moved"),
    "late": N_("late %(n)s minutes"),
    "present": N_("present"),
    "presentation": N_("presentation"),
    "questions": N_("questions"),
    "done": N_("done"),
    "no_show": N_("did not come"),
    "no_show_proposed": N_("did not come: the chair must confirm it"),
}
STATUS_SHAPES: Final[Mapping[str, str]] = {
    "scheduled": "open", "moved": "attention", "late": "attention", "present": "doing", "presentation": "doing",
    "questions": "doing", "done": "done", "no_show": "problem", "no_show_proposed": "attention",
}  # fmt: skip

SheetStates = Callable[[Sequence[Nomination]], Mapping[tuple[int, int], str]]


@dataclass(frozen=True)
class Chip:
    """The sheet of one member of the panel: its state, and whether the person's device is connected."""

    account_id: int
    name: str
    state: str
    waiting: int = 0  # entries on the device that the server does not have
    connected: bool = False


@dataclass(frozen=True)
class Slot:
    """A slot as the board knows it."""

    ref: str
    no: int
    category_id: int
    category: Mapping[str, str]  # title by language
    nomination_id: int
    candidate: str
    room: str
    mode: str
    state: str
    moved: bool
    version: int
    planned_at: datetime
    minutes: int
    waits_until: datetime
    opened_at: datetime | None
    closed_at: datetime | None
    phases: tuple[Phase, ...]
    reading: Reading
    ends_at: datetime | None  # when the phase that runs is over; None while the clock stands still
    acts_done: int
    acts: tuple[str, ...]
    first_act_at: datetime | None
    last_act_at: datetime | None
    paused_for: str  # the reason of a pause that lasts
    arrived_at: datetime | None
    no_show: bool
    no_show_proposed: bool
    attended: Mapping[str, Any] | None
    rank: Mapping[str, str] | None  # the presenter's rank by language
    caps: tuple[tuple[str, Decimal], ...]  # indicator and the highest mark that counts
    chips: tuple[Chip, ...]

    @property
    def phase(self) -> str | None:
        """The code of the phase that is on."""
        return None if self.reading.phase is None else self.phases[self.reading.phase].code

    @property
    def late_minutes(self) -> int:
        """How late the candidate came, in whole minutes begun."""
        return 0 if self.arrived_at is None else late_minutes(self.planned_at, self.arrived_at)

    def status(self, now: datetime) -> tuple[str, int]:
        """What the slot is at a moment of the cycle's time, and the minutes that belong to `late`."""
        if self.no_show:
            return "no_show", 0
        if self.state == "closed":
            return "done", 0
        if self.no_show_proposed:
            return "no_show_proposed", 0
        if self.phase is not None:
            return self.phase, 0
        if self.attended is not None:
            return "present", 0
        late = late_minutes(self.planned_at, now)
        if late > 0:
            return "late", late
        return ("moved" if self.moved else "scheduled"), 0

    @property
    def counted(self) -> tuple[int, int]:
        """How many sheets are locked, and how many are due."""
        due = [one for one in self.chips if one.state != "conflict"]
        return sum(one.state in ("locked", "abstained") for one in due), len(due)

    @property
    def begun(self) -> bool:
        """Whether the session is open now."""
        return self.state == "open"


@dataclass(frozen=True)
class SeenDay:
    """A day with what decides whether its board has changed: its version, who is connected, who sits, who is out.

    A waiver lets somebody in again who was out, so the waivers are counted beside the recusals.
    """

    day: InterviewDay
    version: int
    connected: int
    seats: int
    recusals: int
    waivers: int

    @property
    def cycle(self) -> Cycle:
        """The cycle of the day, whose categories say who may see it."""
        return self.day.cycle

    @property
    def tag(self) -> tuple[int, ...]:
        """The five numbers."""
        return self.version, self.connected, self.seats, self.recusals, self.waivers


@dataclass
class Kept:
    """One reading of a day, and what was written of it, by who may see what of it."""

    key: tuple[int, ...]
    slots: Sequence[Slot]
    written: dict[tuple[Any, ...], str] = field(default_factory=dict)


@dataclass
class Boards:
    """The last reading of each day, in this process. One per application."""

    kept: dict[int, Kept] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)


def look(code: str, at: datetime) -> SeenDay:
    """The day with this code, its cycle and categories loaded, and its tag (one statement). Raises `NotFound`.

    `at` is of the system's clock. What it asks for is everything that is asked when nothing has changed.
    """
    heard = select(InterviewSession.category_id).where(InterviewSession.day_id == InterviewDay.id)
    numbers_of = (
        (Presence, func.count(), (Presence.day_id == InterviewDay.id, Presence.seen_at > at - CONNECTED_FOR)),
        # A substitute who takes a seat leaves the number of seats as it was, but not their versions.
        (Seat, func.coalesce(func.sum(Seat.version + 1), 0), (Seat.category_id.in_(heard),)),
        (Recusal, func.count(), (Recusal.category_id.in_(heard),)),
        (Waiver, func.count(), (Waiver.recusal_id == Recusal.id, Recusal.category_id.in_(heard))),
    )
    counts = [
        select(number).select_from(table).where(*conditions).scalar_subquery()
        for table, number, conditions in numbers_of
    ]
    with everybody("the numbers of a day tell only whether it has changed, alike for everybody who looks"):
        row = (
            db.session.execute(
                select(InterviewDay, *counts)
                .where(InterviewDay.code == code)
                .options(joinedload(InterviewDay.cycle).joinedload(Cycle.categories))
            )
            .unique()
            .one_or_none()
        )
    if row is None:
        raise NotFound
    day, *numbers = row
    return SeenDay(day, day.board_version, *numbers)


def kept_state_of(seen: SeenDay, at: datetime, boards: Boards, sheets: SheetStates) -> Kept:
    """`state_of`, read at most once per tag and minute, however many look at once. It is the day as nobody sees it.

    `hidden_on` says what a person may not see of it.
    """
    key = (*seen.tag, minute_of(at))
    with boards.lock:
        known = boards.kept.get(seen.day.id)
        if known is None or known.key != key:
            with everybody("a day is read once for all whom the door lets see it; what one may not see is hidden"):
                known = boards.kept[seen.day.id] = Kept(key, state_of(seen.day, at, sheets))
        return known


def minute_of(at: datetime) -> int:
    """The minute a board is of: what it says of lateness changes with it."""
    return int(at.timestamp() // 60)


def state_of(day: InterviewDay, at: datetime, sheets: SheetStates) -> Sequence[Slot]:
    """Every slot of a day, by time: seven statements and five per category, however many slots there are.

    `at` is of the system's clock; `sheets` tells how far the sheets of candidates are, by assessor and candidate.
    """
    now = cycle_time(day.cycle, at)
    sessions = queries.sessions_of_day(day)
    categories = {one.category_id: one.category for one in sessions}
    entries = clock.entries_of_day(day)
    states = sheets([one.nomination for one in sessions])
    present = {row.account_id: row for row in db.session.scalars(select(Presence).where(Presence.day_id == day.id))}
    proposed = set(
        db.session.scalars(
            select(Proposal.subject_ref).where(
                Proposal.act == NO_SHOW_ACT, Proposal.state == "waiting", Proposal.category_id.in_(categories)
            )
        )
    )
    seats = {one: seats_in(category) for one, category in categories.items()}
    conflicts = {pair for category in categories.values() for pair in conflicts_in(category)}
    rubrics = {one: rubric_of(category) for one, category in categories.items()}
    plans = {one: clock.plan_of(category) for one, category in categories.items()}

    def chip(seat: Any, session: InterviewSession) -> Chip:
        seen = present.get(seat.account_id)
        connected = seen is not None and seen.seen_at > at - CONNECTED_FOR
        if (seat.account_id, session.nomination_id) in conflicts:
            return Chip(seat.account_id, seat.account.name, "conflict")
        state = states.get((seat.account_id, session.nomination_id), "none")
        waiting = 0 if seen is None else seen.waiting
        if waiting and state not in ("locked", "abstained"):
            state = "offline"
        return Chip(seat.account_id, seat.account.name, state, waiting, connected)

    def slot(session: InterviewSession) -> Slot:
        plan, rubric = plans[session.category_id], rubrics[session.category_id]
        done = entries.get(session.id, [])
        events = clock.events(done)
        moment = max([now, *(one.at for one in done)])
        reading = timing.read(plan.phases, events, moment)
        seen = session.attendance
        caps = {} if seen is None else {
            one.code: queries.cap_on(one, seen.presenter_rank, seen.other_ranks, no_show=seen.no_show)
            for one in rubric.indicators
        }  # fmt: skip
        first = queries.asked_of(rubric)[0]
        steps = {} if first is None else {step["code"]: step for step in first.steps}
        return Slot(
            ref=session.ref,
            no=session.no,
            category_id=session.category_id,
            category={"id": session.category.title_id, "en": session.category.title_en},
            nomination_id=session.nomination_id,
            candidate=session.nomination.organisation.name,
            room=session.room,
            mode=session.mode,
            state=session.state,
            moved=session.moved_at is not None,
            version=session.version,
            planned_at=session.planned_at,
            minutes=session.minutes,
            waits_until=session.planned_at + plan.waiting,
            opened_at=session.opened_at,
            closed_at=session.closed_at,
            phases=plan.phases,
            reading=reading,
            ends_at=moment + reading.remaining if reading.running else None,
            acts_done=len(done),
            acts=tuple(one.value for one in timing.acts_possible(plan.phases, events)),
            first_act_at=done[0].at if done else None,
            last_act_at=done[-1].at if done else None,
            paused_for=_paused_for(done, reading),
            arrived_at=None if seen is None or seen.no_show else seen.arrived_at,
            no_show=seen is not None and seen.no_show,
            no_show_proposed=session.ref in proposed,
            attended=None if seen is None else queries.told(seen),
            rank=None if seen is None else steps.get(seen.presenter_rank),
            caps=tuple((code, cap.value) for code, cap in caps.items() if cap is not None),
            chips=tuple(chip(seat, session) for seat in seats[session.category_id]),
        )

    return [slot(session) for session in sessions]


def _paused_for(done: Sequence[Any], reading: Reading) -> str:
    if reading.running or reading.phase is None:
        return ""
    return next((one.reason for one in reversed(done) if one.act == "pause"), "")


def late_minutes(planned_at: datetime, at: datetime) -> int:
    """How late a moment is, in whole minutes begun; 0 where it is not."""
    return max(0, -(-int((at - planned_at).total_seconds()) // 60))


def shown_clock(left: timedelta, point: str = ".") -> str:
    """The time left on a clock as minutes and seconds, with a plus where it is over: 06.12, +01.30."""
    seconds = int(abs(left.total_seconds()))
    return f"{'+' if left < timedelta(0) else ''}{seconds // 60:02d}{point}{seconds % 60:02d}"


def hidden_on(day: InterviewDay, actor: Actor) -> frozenset[int]:
    """The candidates of a day that a member of a panel must not meet, by nomination (one statement)."""
    return frozenset(
        db.session.scalars(
            select(Nomination.id)
            .join(InterviewSession, InterviewSession.nomination_id == Nomination.id)
            .where(
                InterviewSession.day_id == day.id,
                Nomination.category_id.in_(actor.seats),
                conflict_clause(actor),
            )
        )
    )


def current(slots: Sequence[Slot], now: datetime) -> Sequence[Slot]:
    """What is on now: the open sessions, or else the next one that is not over."""
    going = [one for one in slots if one.state == "open"]
    return going or [one for one in slots if one.state == "planned"][:1]


# Who is connected -----------------------------------------------------------------------------------------------------


def note_presence(day: InterviewDay, account_id: int, waiting: int, at: datetime) -> None:
    """Note that the device of an assessor was heard of, with so many entries that wait on it; the caller commits.

    `at` is of the system's clock. The board changes where somebody comes back, or where what waits changes.
    """
    row = db.session.get(Presence, (account_id, day.id))
    if row is None:
        db.session.add(Presence(account_id=account_id, day_id=day.id, seen_at=at, waiting=waiting))
        clock.touch_board(day)
        return
    if row.seen_at <= at - CONNECTED_FOR or row.waiting != waiting:
        clock.touch_board(day)
    row.seen_at, row.waiting = max(row.seen_at, at), waiting
