"""A new cycle with everything that several rooms give it: its first organiser, and the lengths of its interviews."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from paritrana.accounts.queries import get_account
from paritrana.accounts.service import grant_role
from paritrana.core.policy import Actor
from paritrana.cycles.models import Cycle
from paritrana.cycles.setup import service
from paritrana.interviews import clock
from paritrana.scopes import everybody


def make_cycle(
    identity: Mapping[str, Any],
    *,
    organised: Sequence[Cycle],
    source: Cycle | None,
    rubric: str,
    actor: Actor,
    at: datetime,
) -> Cycle:
    """Make a cycle that the actor organises, from nothing or with the rules of `source`; the caller commits.

    Raises what `cycles.setup.service.make` raises, and `RolesExclude`.
    """
    made = service.make(identity, organised=organised, source=source, rubric=rubric, actor=actor, at=at)
    grant_role(get_account(actor.ref), "organiser", cycle_id=made.id, new_cycle=True, actor=actor, at=at)
    lengths = {} if source is None else (source.settings or {}).get(clock.SETTING, {})
    with everybody("who makes a cycle has no role in it before it stands"):
        for category in made.categories:
            if category.slug in lengths:
                clock.set_plan(category, lengths[category.slug], actor=actor, at=at)
    return made
