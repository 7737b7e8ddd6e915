"""Changes beside a run: its diagnostics are kept, and the chair acknowledges what warns before the seal."""

import json
from datetime import datetime

from paritrana.audit import service as audit
from paritrana.core.errors import MissingReason, ParitranaError, WrongState
from paritrana.core.lifecycle import State
from paritrana.core.policy import Actor
from paritrana.core.ranking import Contest, Result
from paritrana.core.words import N_
from paritrana.cycles.models import Category, RubricVersion
from paritrana.database import db
from paritrana.results.models import ResultRun
from paritrana.results.workbench import queries
from paritrana.results.workbench.models import Acknowledgement, RunDiagnostics


class WarningsOpen(ParitranaError):
    """A seal was proposed although nobody acknowledged what warns."""

    code = "warnings_open"
    message = N_("Acknowledge every warning above the ranking with a reason first, then propose the seal.")


class NoSuchWarning(ParitranaError):
    """The warning on the page is not the one that stands now."""

    code = "no_such_warning"
    message = N_("This warning has changed. Load the page again and look at what it says now.")


def keep_diagnostics(run: ResultRun, contest: Contest, result: Result, rubric: RubricVersion) -> RunDiagnostics:
    """Compute the diagnostics of a new run from what its bundle holds and store them; the caller commits."""
    from paritrana.core.diagnostics import VERSION, diagnose  # with numpy, which only those who look at figures load

    found = diagnose(
        contest,
        run.digest,
        spread_limit=rubric.consolidation_spread,
        presets=queries.presets(rubric, run.category.cycle_id),
        result=result,
    )
    said = json.dumps(found.as_dict(), separators=(",", ":"), allow_nan=False)
    kept = RunDiagnostics(run=run, version=VERSION, said=said)
    db.session.add(kept)
    db.session.flush()
    return kept


def refuse_unacknowledged(category: Category, run: ResultRun) -> None:
    """Raises `WarningsOpen` while a warning about a run is not acknowledged."""
    if any(one.acknowledged is None for one in queries.warnings_of(category, run)):
        raise WarningsOpen


def acknowledge(run: ResultRun, code: str, found: int, reason: str, *, actor: Actor, at: datetime) -> Acknowledgement:
    """The chair says why a warning does not stand in the way of the seal; the caller commits.

    `found` is how many things the warning was about on the page. Raises `WrongState` outside the plenary,
    `MissingReason`, and `NoSuchWarning` when the warning says something else by now or was acknowledged before.
    """
    category = run.category
    audit.lock_stream(audit.judging(category.cycle.code))
    db.session.refresh(category, with_for_update={"of": Category})
    if category.stored_state is not State.PLENARY:
        raise WrongState
    if not reason.strip():
        raise MissingReason
    standing = {one.code: one for one in queries.warnings_of(category, run)}
    if code not in standing or standing[code].found != found or standing[code].acknowledged is not None:
        raise NoSuchWarning
    made = Acknowledgement(
        run=run, code=code, found=found, reason=reason.strip(), by=actor.account_id, by_name=actor.name, at=at
    )
    db.session.add(made)
    db.session.flush()
    audit.record(
        audit.judging(category.cycle.code), "warning.acknowledged", actor, at=at, object_ref=run.ref, **told(made)
    )
    return made


def told(made: Acknowledgement) -> dict[str, object]:
    """What an event says of an acknowledgement."""
    return {"code": made.code, "found": made.found, "reason": made.reason}
