"""What waits for a person: rooms list tasks, the first page gathers them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from paritrana.core.lifecycle import State
from paritrana.core.policy import Actor, Role
from paritrana.core.words import N_
from paritrana.cycles.models import Category, Cycle
from paritrana.cycles.queries import EXTEND_ACT, FREEZE_ACT, led_by, state_now, waiting_where


@dataclass(frozen=True)
class Task:
    """One row of «What needs you now»: a sentence, where it leads, and until when."""

    message: str  # English message id, such as "Verify %(name)s"
    params: Mapping[str, Any]
    endpoint: str
    values: Mapping[str, Any]
    cycle: Cycle | None  # None: it concerns the installation, not an award
    role: Role  # why it is this person's
    due: datetime | None = None
    waiting_for_others: bool = False
    done_at: datetime | None = None
    hints: tuple[tuple[str, Mapping[str, Any]], ...] = field(default=())


def tasks(actor: Actor, at: datetime) -> Sequence[Task]:
    """Extensions and rubric versions that wait for their second person (at most three statements)."""
    found = _rubrics(actor)
    for category, proposal in led_by(actor, State.OPEN, EXTEND_ACT, by=Category.closes_at):
        if proposal is None or state_now(category, at) is not State.OPEN:
            continue
        chair = category.id in actor.chairs and proposal.proposer_person_id != actor.person_id
        found.append(
            Task(
                message=N_("Confirm the extension of the deadline: %(category)s")
                if chair
                else N_("The extension of the deadline waits for the chair: %(category)s"),
                params={"category": category},
                endpoint="extensions.deadlines",
                values={"cycle": category.cycle.code},
                cycle=category.cycle,
                role=Role.CHAIR if chair else Role.ORGANISER,
                due=category.closes_at,
                waiting_for_others=not chair,
            )
        )
    return found


def _rubrics(actor: Actor) -> list[Task]:
    found = []
    for proposal in waiting_where(actor, FREEZE_ACT):
        category = proposal.category
        chair = category.id in actor.chairs and proposal.proposer_person_id != actor.person_id
        found.append(
            Task(
                message=N_("Look at the rubric and freeze it: %(category)s")
                if chair
                else N_("The freezing of the rubric waits for the chair: %(category)s"),
                params={"category": category},
                endpoint="rubrics.rubrics",
                values={"cycle": category.cycle.code},
                cycle=category.cycle,
                role=Role.CHAIR if chair else Role.ORGANISER,
                waiting_for_others=not chair,
            )
        )
    return found
