"""The end of a second scoring: by the chair for one candidate, or with the end of the scoring for all that are open."""

from datetime import datetime
from typing import Any

from paritrana.audit import service as audit
from paritrana.core.errors import MissingReason, WrongState
from paritrana.core.policy import Actor
from paritrana.core.words import N_
from paritrana.cycles.models import Category
from paritrana.database import db
from paritrana.sheets.consolidations import queries
from paritrana.sheets.models import Consolidation


class ConsolidationsUnfinished(MissingReason):
    """Second scorings are open when the scoring is closed, and nothing says why. Params: `n`."""

    code = "consolidations_unfinished"
    message = N_("Second scorings that are still open: %(n)s. Close them first, or write why they end as they are.")


def told(consolidation: Any) -> dict[str, Any]:
    """What an event says of a second scoring as it stands now."""
    return {
        "attempt": consolidation.attempt,
        "indicators": consolidation.indicators,
        "opened_at": consolidation.opened_at,
        "opened_reason": consolidation.opened_reason,
        "closed_at": consolidation.closed_at,
        "closed_reason": consolidation.closed_reason,
    }


def record(consolidation: Consolidation, kind: str, actor: Actor, at: datetime) -> None:
    """Tell what became of a second scoring, in the stream of its cycle's judging."""
    audit.record(
        audit.judging(consolidation.category.cycle.code), kind, actor, at=at, object_ref=consolidation.ref,
        nomination=consolidation.nomination.ref, **told(consolidation),
    )  # fmt: skip


def close_consolidation(consolidation: Consolidation, reason: str, *, actor: Actor, at: datetime) -> None:
    """End a second scoring; the marks of both rounds stand. The caller commits.

    Raises `MissingReason`, and `WrongState` when it is closed already.
    """
    if not reason.strip():
        raise MissingReason
    audit.lock_stream(audit.judging(consolidation.category.cycle.code))
    db.session.refresh(consolidation)
    if consolidation.closed_at is not None:
        raise WrongState
    consolidation.closed_at = at
    consolidation.closed_by = actor.account_id
    consolidation.closed_reason = reason.strip()
    record(consolidation, "consolidation.closed", actor, at)
    db.session.flush()


def close_unfinished(category: Category, reason: str, *, actor: Actor, at: datetime) -> None:
    """End every open second scoring of a category with the reason the chair gives; the caller commits.

    Raises `ConsolidationsUnfinished` where there are any and the reason is empty.
    """
    still_open = queries.unfinished(category)
    if still_open and not reason.strip():
        raise ConsolidationsUnfinished(n=len(still_open))
    for one in still_open:
        close_consolidation(one, reason, actor=actor, at=at)
