"""How far a category of a cycle is: what blocks its present stage, who takes the next step, and the dates ahead."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from paritrana.core.lifecycle import MOVES, STATE_NAMES, Move, State
from paritrana.core.words import N_
from paritrana.cycles.models import Category, Cycle, Proposal
from paritrana.cycles.queries import EXTEND_ACT, FREEZE_ACT, RESTART_ACT, cycle_time, state_now, waiting_proposals
from paritrana.home import queries
from paritrana.home.queries import NEXT_STAGE, Counts
from paritrana.interviews.service import ATTENDANCE_ACT
from paritrana.panels.queries import OPEN_ACT, SEAT_ACT, WAIVE_ACT
from paritrana.panels.service import opening_blockers
from paritrana.publication.queries import PUBLISH_ACT
from paritrana.results.queries import SEAL_ACT
from paritrana.sheets.queries import missing_sheets
from paritrana.verification.queries import AFTER_SHORTLIST, IN_VERIFICATION, SHORTLIST

MOVED_BY: Mapping[str, str] = {"clock": N_("The clock"), "organiser": N_("Organiser"), "chair": N_("Chair")}

# The acts that wait for a second person, as rows of this page name them.
PROPOSED: Mapping[str, str] = {
    OPEN_ACT: N_("Opening of the category"),
    EXTEND_ACT: N_("Extension of the deadline"),
    FREEZE_ACT: N_("Freezing of a rubric"),
    SEAT_ACT: N_("Change of the panel"),
    WAIVE_ACT: N_("Waiver of a declared conflict"),
    SHORTLIST: N_("Shortlist"),
    ATTENDANCE_ACT: N_("Change of a recorded presenter"),
    RESTART_ACT: N_("Restart of the scoring"),
    SEAL_ACT: N_("Seal of the result"),
    PUBLISH_ACT: N_("Publication"),
}

OTHER_PROPOSAL = N_("Proposal")

DATES: Mapping[str, str] = {
    "opens_at": N_("Opening for nominations"),
    "closes_at": N_("Deadline of nominations"),
    "grace_ends_at": N_("End of the grace time for declared files"),
    "verification_until": N_("Planned end of the verification"),
    "interviews_until": N_("Planned end of the interviews"),
    "scoring_until": N_("Planned end of scoring"),
    "plenary_until": N_("Planned end of the plenary"),
    "publication_planned": N_("Planned publication"),
}

# A deadline at which the clock waits although no calendar names it: a verifier has set it.
REQUEST_DUE = "due_at"
NAMES: Mapping[str, str] = {**DATES, REQUEST_DUE: N_("Due date of a change request")}

# The second of a deadline itself is still in time, so its stage ends one second later.
DEADLINES = ("closes_at", "grace_ends_at", REQUEST_DUE)


@dataclass(frozen=True)
class Blocker:
    """What keeps a category in its stage: a sentence."""

    message: str
    params: Mapping[str, Any]


@dataclass(frozen=True)
class Standing:
    """One category as its organisers see it."""

    category: Category
    state: State
    now: datetime  # on the cycle's clock
    counts: Counts
    blockers: Sequence[Blocker]
    proposals: Sequence[Proposal]

    @property
    def move(self) -> Move | None:
        """The next step forward, where there is one."""
        return MOVES.get(self.state)

    @property
    def deadline(self) -> datetime | None:
        """When the present stage ends, by the clock or as planned."""
        _stage, name = NEXT_STAGE.get(self.state, (None, ""))
        found: datetime | None = getattr(self.category, name) if name else None
        return found

    @property
    def opening(self) -> Proposal | None:
        """The proposal to open the category, where one waits."""
        return next((one for one in self.proposals if one.act == OPEN_ACT), None)

    @property
    def calendar(self) -> list[tuple[str, datetime | None, str]]:
        """Every stage with its beginning and whether it is past, now or next."""
        begins: dict[State, datetime | None] = {
            stage: getattr(self.category, name) for stage, name in NEXT_STAGE.values()
        }
        return [
            (STATE_NAMES[stage], begins.get(stage), _place(stage, self.state))
            for stage in State
            if stage in begins or stage is self.state
        ]


def _place(stage: State, state: State) -> str:
    return "past" if stage < state else "now" if stage is state else "next"


@dataclass(frozen=True)
class UpcomingDate:
    """A date of one or more categories that lies ahead on a cycle's clock; `at` is the first moment after it."""

    at: datetime
    shown: datetime
    name: str  # message id
    categories: Sequence[Category]


def standings(categories: Sequence[Category], at: datetime) -> list[Standing]:
    """How far these categories are at the system's moment `at`."""
    counts = queries.counts_of(categories)
    proposals = waiting_proposals([category.id for category in categories])
    found = []
    for category in categories:
        state = state_now(category, at)
        waiting = [one for one in proposals if one.category_id == category.id]
        blockers = _blockers(category, state, counts[category.id], {one.act for one in waiting})
        found.append(Standing(category, state, cycle_time(category.cycle, at), counts[category.id], blockers, waiting))
    return found


def _blockers(category: Category, state: State, counts: Counts, proposed: set[str]) -> list[Blocker]:
    match state:
        case State.DRAFT:
            return [Blocker(one.message, one.params) for one in opening_blockers(category)]
        case State.VERIFICATION:
            return _of_verification(counts, proposed)
        case State.INTERVIEW:
            return _of_interviews(counts)
        case State.SCORING:
            return _counted((N_("Sheets not submitted yet: %(n)s"), len(missing_sheets(category))))
        case State.PLENARY if SEAL_ACT not in proposed:
            return [Blocker(N_("The seal of the result is not proposed yet."), {})]
        case State.SEALED if PUBLISH_ACT not in proposed:
            return [Blocker(N_("The publication is not proposed yet."), {})]
    return []


def _of_verification(counts: Counts, proposed: set[str]) -> list[Blocker]:
    open_ones = _counted(
        (N_("Nominations that are neither verified nor withdrawn: %(n)s"), counts.nominated(*IN_VERIFICATION)),
        (N_("Of these, waiting for the nominee's answer: %(n)s"), counts.nominated("returned")),
        (N_("Of these, waiting for a second verifier: %(n)s"), counts.to_close),
    )
    if open_ones or SHORTLIST in proposed:
        return open_ones
    if not counts.nominated("verified"):
        return [Blocker(N_("There is no verified nomination to shortlist."), {})]
    return [Blocker(N_("The shortlist is not proposed yet."), {})]


def _of_interviews(counts: Counts) -> list[Blocker]:
    planned = sum(counts.sessions.values())
    return _counted(
        (N_("Candidates without an interview slot: %(n)s"), counts.nominated(*AFTER_SHORTLIST) - planned),
        (N_("Interview sessions not held yet: %(n)s"), counts.sessions.get("planned", 0)),
        (N_("Interview sessions not closed yet: %(n)s"), counts.sessions.get("open", 0)),
        (N_("Candidates whom a change request still asks: %(n)s"), counts.asked),
    )


def _counted(*rows: tuple[str, int]) -> list[Blocker]:
    return [Blocker(message, {"n": count}) for message, count in rows if count > 0]


def dates_ahead(cycle: Cycle, at: datetime) -> list[UpcomingDate]:
    """The dates of a cycle that lie ahead on its clock, soonest first, equal ones together.

    A date without categories is one at which the cycle's clock waits for another reason.
    """
    now = cycle_time(cycle, at)
    found: dict[tuple[datetime, str], list[Category]] = {}
    for category in cycle.categories:
        for name in DATES:
            date: datetime | None = getattr(category, name)
            if date is not None and _after(date, name) > now:
                found.setdefault((date, name), []).append(category)
    if cycle.waits_at is not None and cycle.waits_at not in {date for date, _name in found}:
        found[cycle.waits_at, REQUEST_DUE] = []
    order = list(NAMES)
    return [
        UpcomingDate(_after(date, name), date, NAMES[name], categories)
        for (date, name), categories in sorted(found.items(), key=lambda one: (one[0][0], order.index(one[0][1])))
    ]


def _after(date: datetime, name: str) -> datetime:
    return date + timedelta(seconds=1) if name in DEADLINES else date
