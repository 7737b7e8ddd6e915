"""The states of a category of a cycle, and the moves between them.

Forward only; the one step backward, `restart_category`, is its own act and stands apart in `RESTART`. Moves by the
clock are derived from the stored state, the calendar and the cycle's time: pages and policy use `effective_state`, and
the next writing act stores the moves that are due, dated at their deadlines. Source: the design, section 3; the matrix
of states in `docs/security/matrix.md`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum

from paritrana.core.errors import BadInput, WrongState
from paritrana.core.words import N_


class NotLater(BadInput):
    """An extension that would leave a deadline where it is, or shorten it. Params: `time` (the deadline in force)."""

    code = "not_later"
    message = N_("The new deadline must be later than the one in force: %(time)s.")


class State(IntEnum):
    """What a category of a cycle is doing now."""

    DRAFT = 0
    OPEN = 1
    CLOSED = 2
    VERIFICATION = 3
    INTERVIEW = 4
    SCORING = 5
    PLENARY = 6
    SEALED = 7
    PUBLISHED = 8
    ARCHIVED = 9


STATE_NAMES: Mapping[State, str] = {
    State.DRAFT: N_("Draft"),
    State.OPEN: N_("Open for nominations"),
    State.CLOSED: N_("Closed"),
    State.VERIFICATION: N_("Verification"),
    State.INTERVIEW: N_("Interviews"),
    State.SCORING: N_("Scoring"),
    State.PLENARY: N_("Plenary"),
    State.SEALED: N_("Sealed"),
    State.PUBLISHED: N_("Published"),
    State.ARCHIVED: N_("Archived"),
}


@dataclass(frozen=True)
class Move:
    """A step forward: where it leads, who takes it, and on what condition."""

    to: State
    by: str  # clock, organiser or chair; a second person is a matter of the policy
    condition: str


MOVES: Mapping[State, Move] = {
    State.DRAFT: Move(State.OPEN, "organiser", N_("Organiser and chair open the category.")),
    State.OPEN: Move(State.CLOSED, "clock", N_("The deadline passes.")),
    State.CLOSED: Move(State.VERIFICATION, "clock", N_("The grace time for declared files ends.")),
    State.VERIFICATION: Move(State.INTERVIEW, "organiser", N_("The shortlist is recorded.")),
    State.INTERVIEW: Move(State.SCORING, "organiser", N_("The last interview session is closed.")),
    State.SCORING: Move(State.PLENARY, "chair", N_("Each sheet is in, or its absence has a reason.")),
    State.PLENARY: Move(State.SEALED, "chair", N_("Chair and organiser seal the result.")),
    State.SEALED: Move(State.PUBLISHED, "chair", N_("Another person confirms the publication.")),
    State.PUBLISHED: Move(State.ARCHIVED, "organiser", N_("Objections are closed.")),
}

# The restart of a category after the first mark: from these states back to the interviews.
RESTART: Mapping[State, State] = {State.INTERVIEW: State.INTERVIEW, State.SCORING: State.INTERVIEW}


def check_move(state: State, to: State) -> None:
    """Refuse with `WrongState` every step that is not the one step forward."""
    if state not in MOVES or MOVES[state].to is not to:
        raise WrongState(f"{state.name} does not lead to {to.name}")


def moves_due(
    stored: State,
    *,
    closes_at: datetime | None,
    grace_ends_at: datetime | None,
    now: datetime,
    publishes_at: datetime | None = None,
) -> list[tuple[State, datetime]]:
    """The moves by the clock that are due, each with the deadline it is dated at, in order.

    The second of a deadline itself is still in time. A deadline that is not set never passes; a grace time that ends
    before the deadline ends with it. A sealed result that two people set down for `publishes_at` is public from that
    instant on. Raises ValueError for a time without zone.
    """
    for moment in (closes_at, grace_ends_at, publishes_at, now):
        if moment is not None and moment.utcoffset() is None:
            raise ValueError("deadlines are compared in times with a zone only")
    due: list[tuple[State, datetime]] = []
    state = stored
    if state is State.OPEN and closes_at is not None and now > closes_at:
        state = State.CLOSED
        due.append((state, closes_at))
    end = _end_of_grace(closes_at, grace_ends_at)
    if state is State.CLOSED and end is not None and now > end:
        due.append((State.VERIFICATION, end))
    if state is State.SEALED and publishes_at is not None and now >= publishes_at:
        due.append((State.PUBLISHED, publishes_at))
    return due


def effective_state(
    stored: State,
    *,
    closes_at: datetime | None,
    grace_ends_at: datetime | None,
    now: datetime,
    publishes_at: datetime | None = None,
) -> State:
    """The state that holds now: the stored one, carried past the deadlines that are over. See `moves_due`."""
    due = moves_due(stored, closes_at=closes_at, grace_ends_at=grace_ends_at, publishes_at=publishes_at, now=now)
    return due[-1][0] if due else stored


def extended(calendar: Mapping[str, datetime | None], to: datetime) -> dict[str, datetime | None]:
    """The calendar of a category whose deadline `closes_at` moves to the later moment `to`.

    Everything after the deadline moves by the same stretch, so that the grace time keeps its length and the planned
    stages their order. Raises `NotLater`.
    """
    closes_at = calendar["closes_at"]
    if closes_at is None or to <= closes_at:
        raise NotLater(time=closes_at)
    stretch = to - closes_at
    return {
        name: moment if moment is None or name == "opens_at" else moment + stretch for name, moment in calendar.items()
    }


def deadlines_to_come(
    stored: State, *, closes_at: datetime | None, grace_ends_at: datetime | None
) -> tuple[datetime, ...]:
    """The deadlines at which the clock moves a category on from its stored state, in order; a draft's count as well."""
    if stored > State.CLOSED or (stored < State.CLOSED and closes_at is None):
        return ()
    end = _end_of_grace(closes_at, grace_ends_at)
    return tuple(moment for moment in (closes_at if stored < State.CLOSED else None, end) if moment is not None)


def _end_of_grace(closes_at: datetime | None, grace_ends_at: datetime | None) -> datetime | None:
    if closes_at is None or grace_ends_at is None:
        return grace_ends_at
    return max(closes_at, grace_ends_at)
