"""The states of a nomination and the steps between them."""

from collections.abc import Collection, Mapping
from datetime import datetime

from paritrana.audit import service as audit
from paritrana.core.errors import WrongState
from paritrana.core.lifecycle import State
from paritrana.core.policy import Actor
from paritrana.cycles.queries import state_at
from paritrana.cycles.service import intake_of
from paritrana.database import db
from paritrana.nominations.models import Nomination
from paritrana.nominations.service.writing import lock

# The steps of a nomination after it was sent; the room that takes one checks its own condition.
STEPS: Mapping[str, frozenset[str]] = {
    "draft": frozenset({"submitted", "withdrawn"}),
    "submitted": frozenset({"draft", "returned", "verified", "withdrawn"}),
    "returned": frozenset({"resubmitted", "withdrawn"}),
    "resubmitted": frozenset({"returned", "verified", "withdrawn"}),
    "verified": frozenset({"returned", "shortlisted", "not_shortlisted", "withdrawn"}),
    "shortlisted": frozenset({"interviewed", "no_show", "withdrawn"}),
    "interviewed": frozenset({"withdrawn"}),
    "no_show": frozenset({"interviewed", "withdrawn"}),
    "not_shortlisted": frozenset({"withdrawn"}),
    "withdrawn": frozenset(),
}


def set_nomination_state(
    nomination: Nomination,
    state: str,
    *,
    expected: Collection[str],
    reason: str | None,
    actor: Actor,
    at: datetime,
) -> None:
    """Move a nomination to `state`; the room that calls has checked its own condition, and the caller commits.

    Raises `WrongState` when it is in none of the `expected` states any more, or the step does not exist.
    """
    lock(nomination, at)
    before = nomination.state
    if before not in expected or state not in STEPS[before]:
        raise WrongState
    nomination.state = state
    nomination.state_reason = (reason or "").strip() or None
    nomination.version += 1
    audit.record(
        intake_of(nomination.category), "nomination.moved", actor, at=at, object_ref=nomination.ref,
        before=before, after=state, reason=nomination.state_reason,
    )  # fmt: skip
    db.session.flush()


def withdraw(nomination: Nomination, reason: str, *, actor: Actor, at: datetime) -> None:
    """Leave the competition for good, before the seal; the caller commits. Raises `WrongState`."""
    if not State.OPEN <= state_at(nomination.category, at) <= State.PLENARY:
        raise WrongState
    expected = {state for state, steps in STEPS.items() if "withdrawn" in steps}
    set_nomination_state(nomination, "withdrawn", expected=expected, reason=reason, actor=actor, at=at)
