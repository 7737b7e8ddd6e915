"""Whether the verifiers of a category see a claim before or after they found the figure: the organisers choose."""

from datetime import datetime

from paritrana.audit import service as audit
from paritrana.core.errors import WrongState
from paritrana.core.lifecycle import State
from paritrana.core.policy import Actor
from paritrana.cycles.models import Category
from paritrana.cycles.queries import state_at
from paritrana.cycles.service import intake_of
from paritrana.database import db
from paritrana.verification.queries import CLAIMS_WAIT, claims_wait


def set_claims_wait(category: Category, hidden: bool, *, actor: Actor, at: datetime) -> None:
    """Hide the claims of a category from its verifiers until they are found, or show them at once; the caller commits.

    Once the verification has begun, somebody may have seen a claim. Raises `WrongState` from then on.
    """
    cycle = category.cycle
    audit.lock_stream(intake_of(category))
    db.session.refresh(cycle, ["settings"])
    db.session.refresh(category, ["state"])
    if state_at(category, at) >= State.VERIFICATION:
        raise WrongState
    if claims_wait(category) is hidden:
        return
    chosen = set((cycle.settings or {}).get(CLAIMS_WAIT, ())) ^ {category.slug}
    cycle.settings = {**(cycle.settings or {}), CLAIMS_WAIT: sorted(chosen)}
    audit.record(
        intake_of(category), "claims.set", actor, at=at, object_ref=cycle.code, category=category.slug, hidden=hidden
    )
    db.session.flush()
